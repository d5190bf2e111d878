"""What the analysis says of systems whose truth is known: how often intervals cover it and verdicts get it wrong.

The systems are queues of known theory run on the compiled engine, hundreds of offices side by side in one network, so
that each repetition is a whole small study. Counts over repetitions are binomial: unless a test says otherwise, they
must lie within bounds that a right program leaves once in ten thousand, were the seeds free; they are fixed.
"""

import math

import numpy as np
import polars as pl
import pytest
from scipy import integrate, stats
from setups.district import pilot as shipped

from sim.config.report import JudgedMeasure
from sim.engine import compiled
from sim.engine.network_building import make_network
from sim.statistics import theory
from sim.statistics.descriptive import quantile_interval_ranks
from sim.statistics.intervals import mean_interval, paired_difference, simultaneous
from sim.statistics.mser5 import mser5, warm_up
from sim.statistics.verdicts import Verdict, verdict
from sim.study.comparison.differences import compare

HOUR = 10**6  # ticks: fine enough that rounding is no part of the answer
FALSE_ALARM = 1e-4
OFFICES = 60


# A study: so many replications, each of 20 days of a clerk at load 0.9 who begins with nobody there and sees 15.
STUDIES, REPLICATIONS, DAYS, CUSTOMERS, RATE = 400, 10, 20, 15, 0.9
FACTORS = (1.0, 0.9, 0.8, 0.95, 1.1)  # of the work, under designs 0 to 4; design 5 is design 0 on other random numbers
SAME = 5


def assert_binomial(hits, trials, p):
    """Assert that a count is one that a probability gives, but for one in ten thousand on both sides together."""
    low, high = stats.binom(trials, p).ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2])
    assert low <= hits <= high, f"{hits} of {trials}, {low:g} to {high:g} expected"


def assert_at_most(hits, trials, p):
    """Assert that a count is none that only a larger probability gives, but for one in ten thousand."""
    assert hits <= stats.binom(trials, p).ppf(1 - FALSE_ALARM), f"{hits} of {trials} for at most {p:g}"


def waits(gaps, works, servers=1):
    """Return the waits in queues that begin empty, from gaps and works (shape (queues, customers), hours).

    All queues stand in one network: `OFFICES` stations, each with servers of its own, have one queue after another,
    the next long after the last one is gone.
    """
    n_queues, n = gaps.shape
    arrivals = np.rint(np.cumsum(gaps, axis=1) * HOUR).astype(np.int64)
    work = np.rint(works * HOUR).astype(np.int64)
    span = int((arrivals[:, -1] + work.sum(axis=1)).max()) + 1
    office, turn = np.arange(n_queues) % OFFICES, np.arange(n_queues) // OFFICES
    end = (int(turn.max()) + 1) * span
    n_servers = OFFICES * servers
    network = make_network(
        stations={"hall": np.full(OFFICES, -1)},
        duties={
            "first": np.arange(OFFICES + 1),
            "longest": np.zeros(OFFICES, dtype=int),
            "station": np.arange(OFFICES),
            "rank": np.zeros(OFFICES, dtype=int),
            "pace": np.full(OFFICES, 1000),
        },
        servers={
            "first": np.arange(n_servers + 1),
            "changeover": np.zeros(n_servers, dtype=int),
            "open": np.zeros(n_servers, dtype=int),
            "close": np.full(n_servers, end + 1),
            "duty": np.repeat(np.arange(OFFICES), servers),
            "hand_back": np.zeros(n_servers, dtype=int),
        },
        requests={"first": np.arange(n_queues * n + 1), "begin": (arrivals + span * turn[:, None]).ravel()},
        steps={"station": np.repeat(office, n), "work": work.ravel()},
    )
    visits, _ = compiled.run(network, end)
    assert (visits.end >= 0).all()
    return (visits.start - visits.arrival).reshape(n_queues, n) / HOUR


def draws(seed, n_queues, n, rate):
    """Return the gaps and the works of mean 1 of so many queues."""
    rng = np.random.default_rng(seed)
    return rng.exponential(1 / rate, (n_queues, n)), rng.exponential(1, (n_queues, n))


@pytest.fixture(scope="module")
def studies():
    """Return the mean wait of every replication of every study under each design (shape (designs, studies, n))."""
    size = (STUDIES * REPLICATIONS * DAYS, CUSTOMERS, RATE)
    gaps, works = draws(1, *size)
    designs = [waits(gaps, factor * works) for factor in FACTORS] + [waits(*draws(2, *size))]
    return np.array([w.reshape(STUDIES, REPLICATIONS, -1).mean(axis=2) for w in designs])


def known(factor):
    """Return the exact mean wait of a replication under a design."""
    return float(theory.mmc_transient_waits(RATE, 1 / factor, 1, CUSTOMERS).mean())


# --------------------------------------------------------------------------------------------- intervals


@pytest.mark.parametrize("n", [4, REPLICATIONS])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_t_intervals_cover_the_known_mean_wait_of_an_office_that_begins_empty(studies, confidence, n):
    truth = known(1.0)
    assert abs(studies[0].mean() - truth) < 4 * studies[0].std() / math.sqrt(studies[0].size)
    intervals = [mean_interval(values, confidence) for values in studies[0, :, :n]]
    assert_at_most(sum(i.low > truth or i.high < truth for i in intervals), STUDIES, 1 - confidence)


@pytest.mark.parametrize("design", range(1, 1 + SAME))
def test_paired_intervals_cover_the_known_difference_of_two_designs(studies, design):
    truth = known((*FACTORS, 1.0)[design]) - known(1.0)
    found = [paired_difference(one, other) for one, other in zip(studies[0], studies[design], strict=True)]
    assert_binomial(sum(d.low <= truth <= d.high for d in found), STUDIES, 0.95)
    if design < SAME:  # on common random numbers
        assert np.mean([d.variance_ratio for d in found]) < 0.2
    else:
        assert np.mean([d.variance_ratio for d in found]) == pytest.approx(1, abs=0.05)


def test_p_values_of_equal_designs_are_uniform(studies):
    found = [paired_difference(one, other) for one, other in zip(studies[0], studies[SAME], strict=True)]
    p = [2 * stats.t.sf(abs(d.estimate) * math.sqrt(d.n) / d.sd, d.freedom) for d in found]
    assert stats.kstest(p, "uniform").pvalue > FALSE_ALARM


def families(studies):
    """Return the simultaneous differences of all designs from the first one, study by study."""
    return [simultaneous([(values[0], other) for other in values[1:]]) for values in studies.transpose(1, 0, 2)]


def test_simultaneous_intervals_hold_together_at_least_as_often_as_they_say(studies):
    truth = [known(factor) - known(1.0) for factor in (*FACTORS[1:], 1.0)]
    hits = sum(all(d.low <= t <= d.high for d, t in zip(f, truth, strict=True)) for f in families(studies))
    assert_at_most(STUDIES - hits, STUDIES, 0.05)
    assert hits < STUDIES  # they can miss


def stationary_waits(seed, n, load):
    """Return one wait of a stationary M/M/1 queue with work of mean 1, in each of so many queues.

    Those whom an arrival finds are geometric and their work is exponential (Poisson arrivals see time averages), so
    that no warm-up is needed: they come at once and the arrival right after them.
    """
    rng = np.random.default_rng(seed)
    there = rng.geometric(1 - load, n) - 1
    most = int(there.max())
    works = np.where(np.arange(most) < there[:, None], rng.exponential(1, (n, most)), 0)
    gaps = np.zeros((n, most + 1))
    return waits(gaps, np.append(works, np.ones((n, 1)), axis=1))[:, -1]


@pytest.mark.parametrize(("n", "p", "confidence"), [(60, 0.9, 0.9), (100, 0.9, 0.95), (40, 0.7, 0.95)])
def test_quantile_intervals_cover_the_known_quantile_of_a_wait(n, p, confidence):
    trials, load = 1500, 0.5
    values = np.sort(stationary_waits(3, n * trials, load).reshape(trials, n), axis=1)
    low, high, coverage = quantile_interval_ranks(n, p, confidence)
    truth = theory.mmc_waiting_quantile(load, 1, 1, p)
    assert truth > 0  # beyond the half who do not wait, the law is continuous
    hits = np.count_nonzero((values[:, low - 1] <= truth) & (truth <= values[:, high - 1]))
    assert coverage >= confidence
    assert_binomial(hits, trials, coverage)


def test_waits_vary_from_one_to_the_next_and_on_the_whole_as_daley_says():
    # oa_daley_0.5: variance 3 and n x variance of the mean of n waits 29 (Daley 1968). Each queue begins stationary.
    n_queues, n, load = 2000, 400, 0.5
    rng = np.random.default_rng(4)
    there = rng.geometric(1 - load, n_queues) - 1
    most = int(there.max())
    before = np.where(np.arange(most) < there[:, None], rng.exponential(1, (n_queues, most)), 0)
    gaps, works = draws(5, n_queues, n, load)
    gaps[:, 0] = 0  # a Poisson arrival sees what time averages do
    found = waits(np.hstack([np.zeros((n_queues, most)), gaps]), np.hstack([before, works]))[:, most:]
    one, many = theory.mm1_waiting_variance(load, 1)
    assert (one, many) == (pytest.approx(3), pytest.approx(29))
    squares = (found[:, [0, -1]] - 1) ** 2  # the mean wait is 1; the first and the last are independent
    assert np.all(np.abs(squares.mean(axis=0) - one) < 4 * squares.std(axis=0) / math.sqrt(n_queues))
    means = n * (found.mean(axis=1) - 1) ** 2
    assert abs(means.mean() - many) < 4 * means.std() / math.sqrt(n_queues)
    assert means.mean() > 5 * one  # and so no interval can be made of the waits of one run as if independent
    naive = [mean_interval(values) for values in found]
    assert sum(i.low <= 1 <= i.high for i in naive) < 0.6 * n_queues


# ---------------------------------------------------------------------------------------------- verdicts


def chances(true, mid, sd, n, confidence=0.95, family=1):
    """Return the exact chance of each verdict for normal differences (higher is better)."""
    t, root = stats.t.ppf(1 - (1 - confidence) / 2 / family, n - 1), math.sqrt(n)
    better = stats.nct.sf(t, n - 1, (true - mid) / sd * root)
    worse = stats.nct.sf(t, n - 1, (-true - mid) / sd * root)

    def equal(s):  # given the sample's standard deviation in units of sd
        slack = mid - t * s * sd / root
        inside = np.diff(stats.norm.cdf(np.array([-slack, slack]), true, sd / root))[0]
        return inside * stats.chi.pdf(s * math.sqrt(n - 1), n - 1) * math.sqrt(n - 1)

    same = integrate.quad(equal, 0, mid * root / (t * sd), limit=200)[0]
    return {
        Verdict.BETTER: better,
        Verdict.WORSE: worse,
        Verdict.NO_MATERIAL_DIFFERENCE: same,
        Verdict.UNDECIDED: 1 - better - worse - same,
    }


@pytest.mark.parametrize("n", [5, 20])
@pytest.mark.parametrize("true", [0.0, 0.5, 1.0, -1.5, 2.5])
def test_verdicts_come_little_less_often_than_the_normal_law_would_have_it(true, n):
    # The smallest difference that matters is 1, the standard deviation of a replication's difference 1.2.
    trials, rng = 1500, np.random.default_rng([6, n, int(100 + 10 * true)])
    counts = dict.fromkeys(Verdict, 0)
    for _ in range(trials):
        common = rng.normal(size=n)
        d = paired_difference(common, common + true + 1.2 * rng.normal(size=n))
        counts[verdict(d.low, d.high, 1.0, True)] += 1
    expected = chances(true, 1.0, 1.2, n)
    for said, p in expected.items():  # intervals are a little longer than the law needs, or not given
        if said is not Verdict.UNDECIDED:
            assert_at_most(counts[said], trials, p)
            if n == 20:
                assert counts[said] >= 0.7 * p * trials - 4 * math.sqrt(p * trials)
    wrong = {
        Verdict.BETTER: true < 1, Verdict.WORSE: true > -1, Verdict.NO_MATERIAL_DIFFERENCE: abs(true) > 1,
    }  # fmt: skip
    for said, is_wrong in wrong.items():
        if is_wrong:
            assert expected[said] <= 0.025
    if n == 20 and true in (-1.5, 2.5):
        assert expected[Verdict.BETTER] + expected[Verdict.WORSE] > (0.3 if true == -1.5 else 0.99)
    if abs(true) > 1:
        assert counts[Verdict.WORSE if true > 0 else Verdict.BETTER] == 0


def test_equal_offices_are_rarely_called_different_and_unequal_ones_never_the_wrong_way(studies):
    # A difference of a twentieth of the mean wait matters: less than what 10 replications can see between equal
    # designs on random numbers of their own, and less than what the other designs differ by on common ones.
    mid = known(1.0) / 20
    truth = [known(factor) - known(1.0) for factor in (*FACTORS[1:], 1.0)]
    assert all(abs(t) > mid for t in truth[:-1])
    counts = [dict.fromkeys(Verdict, 0) for _ in truth]
    any_wrong = 0
    for family in families(studies):
        said = [verdict(d.low, d.high, mid, higher_is_better=False) for d in family]
        for count, v in zip(counts, said, strict=True):
            count[v] += 1
        right = [Verdict.BETTER if t < -mid else Verdict.WORSE if t > mid else None for t in truth]
        none = (Verdict.UNDECIDED, Verdict.WITHHELD)
        decided = [v for v in zip(said, right, strict=True) if v[0] not in none]
        any_wrong += any(v is not r and not (r is None and v is Verdict.NO_MATERIAL_DIFFERENCE) for v, r in decided)
    assert_at_most(any_wrong, STUDIES, 0.05)  # of a table of five verdicts, all at once
    for t, count in zip(truth[:-1], counts[:-1], strict=True):
        assert count[Verdict.WORSE if t < 0 else Verdict.BETTER] == 0
    assert min(max(count.values()) for count in counts[:-1]) > 0.85 * STUDIES
    assert counts[-1][Verdict.UNDECIDED] > 0.9 * STUDIES


JUDGED = [
    JudgedMeasure(measure=f"measure_{i}", label=f"measure {i}", mid="counter_wait", touched=None) for i in range(5)
]


@pytest.mark.parametrize("true", [0.0, 2.0])
def test_a_table_of_a_comparison_holds_a_false_verdict_no_oftener_than_it_says(true):
    # Five independent measures, each worse by the smallest difference that matters: 2 minutes, or not at all.
    run, mid = shipped("four_level").run, shipped("four_level").mid
    assert (mid.counter_wait, run.confidence) == (2, 0.95)
    trials, n, rng, tables, sd = 250, 6, np.random.default_rng(7), 0, 20.0
    for _ in range(trials):
        base = rng.normal(100, 5, (5, n))
        other = base + true + rng.normal(0, sd, (5, n))
        frame = pl.DataFrame(
            {
                "pilot": np.repeat(["a", "b"], 5 * n),
                "replication": np.tile(np.arange(n), 10),
                "measure": np.tile(np.repeat([s.measure for s in JUDGED], n), 2),
                "group": "all", "unit": "minutes",
                "value": np.concatenate([base.ravel(), other.ravel()]), "n": 1,
            }
        )  # fmt: skip
        table = compare(frame, ["a", "b"], mid, run, {}, JUDGED).spoken()
        tables += table["verdict"].is_in([Verdict.BETTER, Verdict.WORSE]).any()
    alone = chances(-true, 2.0, sd, n, family=5)
    p = 1 - (1 - alone[Verdict.BETTER] - alone[Verdict.WORSE]) ** 5
    assert p < 0.05
    assert_binomial(tables, trials, p)


# ------------------------------------------------------------------------------------------------ warm-up


def mser5_by_definition(series):
    """Return the truncation and the statistic of MSER-5 in so many words."""
    batches = [sum(series[i : i + 5]) / 5 for i in range(0, len(series) - 4, 5)]
    best = None
    for d in range(len(batches)):
        if not d < len(batches) / 2:
            break
        rest = batches[d:]
        mean = sum(rest) / len(rest)
        statistic = sum((z - mean) ** 2 for z in rest) / len(rest) ** 2
        if best is None or statistic < best[1] * (1 - 1e-12):
            best = (5 * d, statistic)
    return best


def test_mser5_is_its_definition_on_series_of_every_kind():
    rng = np.random.default_rng(8)
    truncations = set()
    for i in range(300):
        n = int(rng.integers(5, 200))
        decay = rng.choice([0.0, 3.0, 30.0]) * np.exp(-np.arange(n) / rng.uniform(1, 60))
        noise = np.cumsum(rng.normal(size=n)) if i % 3 == 0 else rng.normal(size=n)
        series = decay + noise
        truncation, statistic = mser5(series)
        expected = mser5_by_definition(series.tolist())
        assert truncation == expected[0]
        assert statistic == pytest.approx(expected[1], rel=1e-9)
        truncations.add(truncation)
    assert len(truncations) > 10


def test_mser5_knows_no_unit_and_no_origin():
    rng = np.random.default_rng(9)
    for _ in range(50):
        series = 5 * np.exp(-np.arange(150) / 20) + rng.normal(size=150)
        truncation, statistic = mser5(series)
        other, scaled = mser5(1000 - 60 * series)
        assert other == truncation
        assert scaled == pytest.approx(3600 * statistic, rel=1e-9)


def test_the_warm_up_takes_most_of_the_bias_of_offices_that_begin_empty():
    # M/M/1 at load 0.7: the first waits are too short, by how much is known exactly (Kelton and Law 1985).
    n_studies, n_replications, n, load = 20, 100, 400, 0.7
    truth = theory.mmc(load, 1).waiting_time
    bias = theory.mmc_transient_waits(load, 1, 1, n) - truth
    found = waits(*draws(10, n_studies * n_replications, n, load)).reshape(n_studies, n_replications, n)
    deleted = [warm_up(study) for study in found]
    left = np.array([bias[d:].mean() for d in deleted])
    assert left.mean() > 0.4 * bias.mean()
    assert np.all(left > bias.mean())
    kept = np.array([study[:, d:].mean() for study, d in zip(found, deleted, strict=True)])
    assert abs(kept.mean() - truth - left.mean()) < 4 * kept.std(ddof=1) / math.sqrt(n_studies)
