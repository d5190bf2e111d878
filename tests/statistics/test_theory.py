"""Closed forms against published and independently recomputed values."""

import math

import numpy as np
import pytest

from sim.statistics import theory

# Values have eight digits. Recomputed from closed forms, from Markov chains or with 60 digits; where a
# system is published, the publication is named beside it.
EIGHT = {"rel": 1e-7}


def near(value):
    return pytest.approx(value, **EIGHT)


@pytest.mark.parametrize(
    ("station", "p_wait", "waiting", "p90", "p95"),
    [
        ((5, 8, 1), 0.625, 0.20833333, 0.61086049, 0.84190955),  # Ciw's manual, simulation practice
        ((1.6, 1, 2), 0.71111111, 1.7777778, 4.9041463, 6.6370142),
        ((2.0, 1, 3), 0.44444444, 0.44444444, 1.4916549, 2.1848021),
        ((7.2, 1, 8), 0.70153299, 0.87691624, 2.4351222, 3.3015562),
        ((13.6, 1, 16), 0.43322119, 0.18050883, 0.61086594, 0.89967726),
    ],
)
def test_many_servers(station, p_wait, waiting, p90, p95):
    rate, service_rate, c = station
    queue = theory.mmc(rate, service_rate, c)
    assert queue.p_wait == near(p_wait)
    assert queue.waiting_time == near(waiting)
    assert queue.sojourn_time == near(waiting + 1 / service_rate)
    assert queue.n_present == near(rate * (waiting + 1 / service_rate))
    assert queue.n_waiting == near(rate * waiting)
    assert queue.utilisation == near(rate / (c * service_rate))
    assert theory.mmc_waiting_quantile(rate, service_rate, c, 0.90) == near(p90)
    assert theory.mmc_waiting_quantile(rate, service_rate, c, 0.95) == near(p95)


def test_a_waiting_quantile_lies_on_the_exponential_tail_and_is_zero_while_so_many_do_not_wait():
    for p in (0.6, 0.9, 0.99):
        t = theory.mmc_waiting_quantile(2.0, 1, 3, p)
        assert 4 / 9 * math.exp(-t) == pytest.approx(1 - p)  # 4 in 9 wait, and 3 - 2 an hour go
    assert theory.mmc_waiting_quantile(2.0, 1, 3, 0.5) == 0


def test_pharmacy_of_rossetti():
    # Rossetti, KSL book, section 4.5: 30 replications gave 2.9961, 6.0001 and 0.5136
    queue = theory.mmc(1 / 6, 1 / 3)
    assert (queue.waiting_time, queue.sojourn_time) == (near(3.0), near(6.0))
    assert theory.mmc_sojourn_survival(1 / 6, 1 / 3, 1, 4) == near(0.51341712)


@pytest.mark.parametrize(("rate", "c"), [(1.6, 2), (2.0, 3), (1.0, 2)])  # the last: two equal rates
def test_the_survival_of_the_sojourn_integrates_to_its_mean(rate, c):
    from scipy.integrate import quad

    mean, _ = quad(lambda t: theory.mmc_sojourn_survival(rate, 1.0, c, t), 0, math.inf)
    assert mean == pytest.approx(theory.mmc(rate, 1.0, c).sojourn_time, rel=1e-7)


def test_loss_and_delay_formulas_agree_with_their_sums():
    a, c = 3.7, 6
    terms = [a**k / math.factorial(k) for k in range(c + 1)]
    assert theory.erlang_b(c, a) == pytest.approx(terms[-1] / sum(terms))
    last = terms[-1] * c / (c - a)
    assert theory.erlang_c(c, a) == pytest.approx(last / (sum(terms[:-1]) + last))
    assert theory.erlang_b(2, 50.0) == pytest.approx(1250 / 1301)


def test_limited_room():
    queue = theory.mmck(2.5, 1, 3, 10)
    assert queue.p_lost == near(0.039040087)
    assert queue.waiting_time == near(0.69056994)
    assert queue.utilisation == near(0.80079993)


def test_call_centre_of_wallace_and_whitt():
    # Wallace and Whitt (2005), M&SOM 7(4): every agent has all six skills
    queue = theory.mmck(6 * 1.4, 0.1, 90, 120)
    assert queue.p_lost == near(0.0036430761)
    assert queue.waiting_time == near(0.45002276)
    assert queue.p_wait == near(0.37970555)
    assert queue.waiting_time_if_delayed == near(1.1851888)
    assert queue.utilisation == near(0.92993313)


def test_limited_room_at_its_ends():
    assert theory.mmck(9.0, 1.0, 4, 4).p_lost == pytest.approx(theory.erlang_b(4, 9.0))
    assert math.isnan(theory.mmck(9.0, 1.0, 4, 4).waiting_time_if_delayed)
    assert theory.mmck(2.0, 1.0, 3, 400).waiting_time == pytest.approx(theory.mmc(2.0, 1.0, 3).waiting_time)
    assert theory.mmck(2000.0, 1.0, 1, 900).p_lost == pytest.approx(1 - 1 / 2000)


@pytest.mark.parametrize(
    ("rate", "mean", "scv", "waiting"),
    [(0.8, 1, 0, 2.0), (0.8, 1, 0.5, 3.0), (0.8, 1, 0.25, 2.5), (3, 17 / 90, None, 0.28333333)],
)
def test_one_server_of_any_law(rate, mean, scv, waiting):
    if scv is None:  # Ciw's manual, tutorial IV: babies 1/h of 15 min and children 2/h of 10 min
        mean = (1 / 4 + 2 / 6) / 3
        scv = (2 / 16 + 2 * 2 / 36) / 3 / mean**2 - 1
    assert theory.mg1(rate, mean, scv).waiting_time == near(waiting)


def test_constant_service_times():
    assert theory.mdc(0.8, 1, 1).waiting_time == near(2.0)
    assert theory.mdc(0.8, 1, 1).p_wait == near(0.8)
    assert theory.mdc_waiting_quantile(0.8, 1, 1, 0.90) == near(5.0115115)
    assert theory.mdc_waiting_quantile(0.8, 1, 1, 0.95) == near(6.620325)
    assert theory.mdc_waiting_quantile(0.8, 1, 1, 0.15) == 0
    queue = theory.mdc(2.7, 1, 3)
    assert queue.p_wait == near(0.80768069)
    assert queue.waiting_time == near(1.377912)
    assert theory.mdc_waiting_quantile(2.7, 1, 3, 0.90) == near(3.463645)
    assert theory.mdc_waiting_quantile(2.7, 1, 3, 0.95) == near(4.5790345)


@pytest.mark.parametrize("intensity", [0.02, 0.3, 0.7, 0.97])
def test_constant_service_times_of_one_server_agree_with_pollaczek_and_khinchine(intensity):
    assert theory.mdc(intensity / 7, 7.0, 1).waiting_time == pytest.approx(
        theory.mg1(intensity / 7, 7.0, 0).waiting_time, rel=1e-9
    )


def test_non_preemptive_priorities():
    assert theory.mmc_priority_waits([1.2, 1.2], 1, 3) == near([0.35955056, 1.7977528])
    assert theory.mg1_priority_waits([0.2, 0.3], [1, 2], [0, 1]) == near([1.625, 8.125])


def test_preemptive_resume_priorities():
    assert theory.mg1_preemptive_sojourns([0.3, 0.3], [1, 1.5], [1, 1]) == near([1.4285714, 7.7142857])
    assert theory.mmc_preemptive_sojourns([0.6, 0.9], 1, 2) == near([1.0989011, 3.0769231])


def test_priorities_only_change_the_order():
    rates = np.array([0.5, 0.9, 0.4])
    waits = theory.mmc_priority_waits(rates, 1.0, 2)
    assert rates @ waits / rates.sum() == pytest.approx(theory.mmc(1.8, 1.0, 2).waiting_time)
    single = theory.mmc_priority_waits(rates / 2, 1.0, 1)
    assert single == pytest.approx(theory.mg1_priority_waits(rates / 2, [1, 1, 1], [1, 1, 1]))
    assert theory.mmc_preemptive_sojourns(rates / 2, 1.0, 1) == pytest.approx(
        theory.mg1_preemptive_sojourns(rates / 2, [1, 1, 1], [1, 1, 1])
    )


def test_exponential_patience():
    queue = theory.erlang_a(10, 1, 10, 0.5)
    assert queue.p_abandon == near(0.10391321)
    assert queue.waiting_time == near(0.20782642)
    assert queue.p_wait == near(0.61965523)
    assert queue.utilisation == near(0.89608679)


@pytest.mark.parametrize(
    ("rate", "c", "impatience"), [(10, 10, 0.5), (3, 2, 2.0), (0.4, 1, 0.01), (30, 20, 0.02), (5, 8, 40.0)]
)
def test_two_ways_to_exponential_patience_agree(rate, c, impatience):
    queue = theory.erlang_a(rate, 1, c, impatience)
    other = theory.mmc_patience(rate, 1, c, 1 / impatience, 1)
    for field in ("p_abandon", "p_wait", "waiting_time", "waiting_time_served", "utilisation"):
        assert getattr(queue, field) == pytest.approx(getattr(other, field), rel=1e-8), field


def test_patience_without_end_is_no_abandonment_and_overload_a_fluid():
    patient = theory.erlang_a(2.0, 1.0, 3, 1e-9)
    assert patient.waiting_time == pytest.approx(theory.mmc(2.0, 1.0, 3).waiting_time, rel=1e-6)
    overloaded = theory.erlang_a(20, 1, 10, 0.001)
    assert overloaded.p_abandon == pytest.approx(0.5)
    assert overloaded.waiting_time_served == pytest.approx(math.log(2) / 0.001, rel=1e-3)


def test_constant_patience():
    queue = theory.mmc_patience(10, 1, 10, 1, 0)
    assert queue.p_abandon == near(0.06821182)
    assert queue.waiting_time == near(0.40927092)
    assert queue.waiting_time_served == near(0.36602643)
    assert queue.p_wait == near(0.75033003)


def test_constant_patience_under_overload_is_a_fluid():
    queue = theory.mmc_patience(20, 1, 10, 100, 0)
    assert queue.p_abandon == pytest.approx(0.5)
    assert queue.waiting_time == pytest.approx(100, rel=0.01)


def test_patience_of_two_phases():
    queue = theory.mmc_patience(5, 1, 5, 1, 0.5)
    assert queue.p_abandon == near(0.15458727)
    assert queue.waiting_time == near(0.24000214)
    assert queue.waiting_time_served == near(0.20444509)


@pytest.mark.parametrize("scv", [1e-2, 1e-4, 1e-8])
def test_patience_that_hardly_varies_is_nearly_constant(scv):
    nearly, constant = theory.mmc_patience(10, 1, 10, 1, scv), theory.mmc_patience(10, 1, 10, 1, 0)
    # a gamma law of little variance is its mean and half its variance times a curvature
    assert nearly.waiting_time == pytest.approx(constant.waiting_time, rel=6 * scv)
    assert nearly.p_abandon == pytest.approx(constant.p_abandon, rel=6 * scv)


@pytest.mark.parametrize("scv", [4, 9])
def test_patience_that_varies_much_meets_an_adaptive_quadrature(scv):
    from scipy.integrate import quad
    from scipy.special import gammaincc

    def lasts(x):
        return gammaincc(1 / scv, x / scv)

    def density(x):
        return math.exp(5 * quad(lasts, 0, x, epsabs=1e-12)[0] - 5 * x)

    waits = sum(quad(density, a, b)[0] for a, b in ((0, 0.1), (0.1, 1), (1, 4), (4, 30)))
    lost = sum(quad(lambda x: density(x) * (1 - lasts(x)), a, b)[0] for a, b in ((0, 0.1), (0.1, 1), (1, 4), (4, 30)))
    queue = theory.mmc_patience(5, 1, 5, 1, scv)
    idle = 1 / theory.erlang_b(4, 5) / 5  # the mean time with a server idle, beside the time that all are busy
    assert queue.p_abandon == pytest.approx(lost / (idle + waits), rel=1e-5)


def test_patience_at_one_server():
    # leaving at once is the loss system: the patient ones' share is 1/(1 + a)
    queue = theory.mmc_patience(2.0, 1, 1, 1e-6, 1)
    assert queue.p_abandon == pytest.approx(2 / 3, rel=1e-4)


def test_transient_of_the_bank():
    # Ciw's example of a bank, started empty
    waits = theory.mmc_transient_waits(0.2, 0.1, 3, 50)
    assert waits[[9, 24, 49]] == near([2.379372, 3.8452996, 4.3267901])
    assert waits.mean() == near(3.299723)
    assert (waits[:3] == 0).all()


def test_transient_ends_in_the_steady_state():
    waits = theory.mmc_transient_waits(1.0, 1.0, 2, 300)
    assert waits[-1] == pytest.approx(theory.mmc(1.0, 1.0, 2).waiting_time, rel=1e-6)
    # second customer of a single server: it waits for what is left if it comes first
    assert theory.mmc_transient_waits(2.0, 1.0, 1, 2)[1] == pytest.approx(2 / 3)


def test_variance_of_a_mean_of_waits():
    assert theory.mm1_waiting_variance(0.5, 1) == (near(3.0), near(29.0))


def test_tandem_of_rossetti():
    # Rossetti, KSL book, example 4.6: 30 replications gave 8.101, 3.042 and 18.132
    network = theory.jackson([1 / 6, 0], [[0, 1], [0, 0]], [1 / 4, 1 / 3], [1, 1])
    assert network.waiting_times == near([8.0, 3.0])
    assert network.sojourn_time == near(18.0)
    assert network.n_present == near(3.0)


def test_cafe_of_ciw():
    # Ciw's manual, tutorial II
    routing = [[0, 0.3, 0.7], [0, 0, 1], [0, 0, 0]]
    network = theory.jackson([0.3, 0.2, 0], routing, [1, 0.4, 0.5], [1, 2, 2])
    assert network.waiting_times == near([0.42857143, 0.37821551, 0.66666667])
    assert network.sojourn_time == near(5.1931745)


def test_rework():
    network = theory.jackson([1, 0], [[0, 1], [0.2, 0]], [0.9, 1.6], [2, 1])
    assert network.waiting_times == near([1.0349396, 2.2321429])
    assert network.visits == near([1.25, 1.25])
    assert network.arrival_rates == near([1.25, 1.25])
    assert network.sojourn_time == near(6.2539919)


def test_next_epoch():
    wait = theory.epoch_wait(8)
    assert (wait.mean, wait.variance) == (near(4.0), near(5.3333333))


def test_attribution_of_a_gain_starts_and_ends_at_known_waits():
    # base and full bundle of a three-lever reform: one server more, service faster, arrivals fewer
    assert theory.mmc(2.7, 1.0, 3).waiting_time == near(2.7235367)
    assert theory.mmc(2.7 * 0.9, 1 / 0.9, 4).waiting_time == near(0.11076781)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.mmc(2, 1, 2), "traffic intensity must be below 1, got 1"),
        (lambda: theory.mmc(0, 1, 2), "arrival_rate must be above 0, got 0"),
        (lambda: theory.mmc(1, -1, 2), "service_rate must be above 0, got -1"),
        (lambda: theory.mmc(1, 1, 0), "servers must be at least 1, got 0"),
        (lambda: theory.erlang_b(1, math.nan), "offered_load must be above 0, got nan"),
        (lambda: theory.mmc_waiting_quantile(1, 2, 1, 1.0), "p must be at least 0 and below 1, got 1.0"),
        (lambda: theory.mmc_sojourn_survival(1, 2, 1, -1.0), "t must be at least 0, got -1.0"),
        (lambda: theory.mmc(1, 2, 1.5), "servers must be a whole number, got 1.5"),
        (lambda: theory.mmc_transient_waits(1, 2, 1, 0), "n must be at least 1, got 0"),
        (lambda: theory.mmck(1, 2, 3, 2), "capacity must be at least the 3 servers, got 2"),
        (lambda: theory.mg1(1, 1.2, 1), "traffic intensity must be below 1, got 1.2"),
        (lambda: theory.mg1(1, 0.2, -1), "scv must be at least 0, got -1"),
        (lambda: theory.mg1(1, 0, 1), "mean must be above 0, got 0"),
        (lambda: theory.mdc(1, 0.9999, 1), "traffic intensity must be further below 1 for this method"),
        (lambda: theory.mmc_priority_waits([1, 1], 1, 2), "traffic intensity must be below 1, got 1"),
        (lambda: theory.mmc_priority_waits([1, 0], 1, 2), "arrival_rates must be above 0, got 0"),
        (
            lambda: theory.mg1_priority_waits([0.5, 0.5], [1, 2], [1, 1]),
            "traffic intensity must be below 1, got 1.5",
        ),
        (
            lambda: theory.mg1_priority_waits([0.5], [1, 2], [1, 1]),
            "arrival_rates, means and scvs must be of one shape",
        ),
        (lambda: theory.erlang_a(1, 1, 1, 0), "patience_rate must be above 0, got 0"),
        (lambda: theory.mmc_patience(2, 1, 1, 1e16, 1), "mean must be shorter, or the traffic intensity below 1"),
        (lambda: theory.mmc_patience(2, 1, 1, 0, 1), "mean must be above 0, got 0"),
        (lambda: theory.mmc_patience(2, 1, 1, 1, -1), "scv must be at least 0, got -1"),
        (lambda: theory.jackson([0], [[0]], [1], [1]), "external_rates must be at least 0 and some above it"),
        (lambda: theory.jackson([1], [[0, 1]], [1], [1]), "routing must be square"),
        (lambda: theory.jackson([1], [[1]], [1], [1]), "routing must let everybody leave"),
        (lambda: theory.jackson([1], [[0]], [2], [1, 1]), "external_rates, service_rates and servers must be of one"),
        (lambda: theory.epoch_wait(0), "period must be above 0, got 0"),
    ],
)
def test_errors_name_field_rule_and_value(call, message):
    with pytest.raises(ValueError, match=message):
        call()
