from functools import cache

import numpy as np
import pytest
from district import PILOTS, pilot, place_of, tiny

from sim import demand, place
from sim.clock import DAY, HOUR, WEEK
from sim.demand import Channel

REPLICATIONS = 24
WEEKS = 12


@cache
def city(*overrides):
    """Return the shipped district over twelve weeks, through the festival and its working weekends."""
    return pilot("four_level", "run.warm_up_weeks=1", "run.measured_weeks=11", "run.drain_weeks=0", *overrides)


@cache
def drawn():
    """Return the demand of some replications of the shipped district."""
    return tuple(demand.draw(city(), place_of("four_level"), r) for r in range(REPLICATIONS))


def assert_within_four_errors(samples, expected):
    """Assert that each column of samples, one row a replication, has the expected mean."""
    samples, expected = np.asarray(samples, dtype=float), np.asarray(expected, dtype=float)
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    assert np.all(np.abs(samples.mean(axis=0) - expected) <= 4 * error), (samples.mean(axis=0), expected, error)


def expected_by_hour(channel):
    """Return the expected requests of each hour of the twelve weeks (shape (84, 24))."""
    return demand.hourly_profile(city(), channel)[: 7 * WEEKS] * demand.yearly(city(), channel)


def test_the_demand_is_the_same_under_every_design():
    digests = {demand.draw(tiny(name), place.of(tiny(name)), 3).digest() for name in PILOTS}
    assert len(digests) == 1
    mixture = tiny("three_level", "roles.order=b_first", "grid.households=400", "service.desk=own")
    assert demand.draw(mixture, place.of(mixture), 3).digest() in digests


def test_another_replication_or_another_seed_is_another_demand():
    where = place.of(tiny())
    assert demand.draw(tiny(), where, 0).digest() == demand.draw(tiny(), where, 0).digest()
    assert demand.draw(tiny(), where, 0).digest() != demand.draw(tiny(), where, 1).digest()
    seed_0 = tiny("four_level", "run.seed=0")
    assert demand.draw(tiny(), where, 0).digest() != demand.draw(seed_0, where, 0).digest()


def test_requests_in_a_year_are_rates_times_residents():
    assert demand.yearly(pilot(), Channel.COUNTER) == 78_000  # 0.60 x 130,000
    assert demand.yearly(pilot(), Channel.PHONE) == 10_400
    assert demand.yearly(pilot(), Channel.LATENT) == 19_500


def test_counts_by_channel_are_as_expected():
    counts = [[np.sum(d.channel == c) for c in Channel] for d in drawn()]
    assert_within_four_errors(counts, [expected_by_hour(c).sum() for c in Channel])


@pytest.mark.parametrize("channel", Channel)
def test_counts_by_weekday_are_as_expected(channel):
    counts = [np.bincount(d.instant[d.channel == channel] % WEEK // DAY, minlength=7) for d in drawn()]
    assert_within_four_errors(counts, expected_by_hour(channel).reshape(WEEKS, 7, 24).sum(axis=(0, 2)))


@pytest.mark.parametrize("channel", Channel)
def test_counts_by_hour_are_as_expected(channel):
    counts = [np.bincount(d.instant[d.channel == channel] % DAY // HOUR, minlength=24) for d in drawn()]
    assert_within_four_errors(counts, expected_by_hour(channel).sum(axis=0))


def test_the_profile_of_a_year_sums_to_one_and_follows_the_calendar():
    counter = demand.hourly_profile(city(), Channel.COUNTER)
    assert counter.shape == (364, 24)
    assert counter.sum() == pytest.approx(1, abs=1e-12)
    day = counter.sum(axis=1)
    assert day[0] == 0  # Monday 3 January 2011 is a holiday
    assert day[12] == day[13] == 0  # a weekend
    assert day[278] > 0  # Saturday 8 October is worked
    assert day[8] / day[9] == pytest.approx(1.08 / 1.07)  # an ordinary Tuesday and Wednesday
    assert day[278] / day[8] == pytest.approx(1 / 1.08)  # an exchanged day asks for a mean weekday
    assert day[22] / day[8] == pytest.approx(0.5)  # a Tuesday of the festival's four weeks
    hours = counter[8] / counter[8].sum()
    assert hours[10] / hours[9] == pytest.approx(0.1437 / 0.1269)
    assert counter[:, :7].sum() == 0


def test_phones_ring_on_day_0_and_at_weekends_and_issues_arise_at_any_hour_alike():
    phone = demand.hourly_profile(city(), Channel.PHONE)
    assert phone[0].sum() > 0
    assert phone[12].sum() / phone[8].sum() == pytest.approx(0.051 / 0.188)
    assert np.ptp(demand.hourly_profile(city(), Channel.LATENT)) == 0


def test_nobody_comes_to_the_counter_on_a_day_without_office():
    shut = demand.hourly_profile(city(), Channel.COUNTER)[: 7 * WEEKS].sum(axis=1) == 0
    for d in drawn():
        days = d.instant[d.channel == Channel.COUNTER] // DAY
        assert not shut[days].any()


def test_counts_of_a_day_are_over_dispersed_as_a_gamma_factor_makes_them():
    # Given its mean m, a day's count has variance m + (cv m)^2.
    for channel in (Channel.COUNTER, Channel.PHONE):
        mean = expected_by_hour(channel).sum(axis=1)
        open_days = mean > 0
        ratios = []
        for d in drawn():
            count = np.bincount(d.instant[d.channel == channel] // DAY, minlength=7 * WEEKS)
            squares = (count - mean)[open_days] ** 2 / (mean + (0.25 * mean) ** 2)[open_days]
            ratios.append([squares.mean()])
        assert_within_four_errors(ratios, [1.0])


def test_without_a_day_factor_counts_are_poisson():
    plain = city("demand.day_factor_cv=0")
    mean = expected_by_hour(Channel.COUNTER).sum(axis=1)
    ratios = []
    for r in range(8):
        d = demand.draw(plain, place_of("four_level"), r)
        count = np.bincount(d.instant[d.channel == Channel.COUNTER] // DAY, minlength=7 * WEEKS)
        ratios.append([((count - mean)[mean > 0] ** 2 / mean[mean > 0]).mean()])
    assert_within_four_errors(ratios, [1.0])


def test_special_care_households_ask_half_as_much_again_but_have_no_more_faults_at_the_door():
    special = place_of("four_level").special
    share = special.mean()
    counts = [[special[d.household[d.channel == c]].mean() for c in Channel] for d in drawn()]
    more = 1.5 * share / (1.5 * share + 1 - share)  # 0.07 becomes about 0.10
    assert_within_four_errors(counts, [more, more, share])


def test_archetypes_come_in_their_shares_of_their_channel():
    archetypes = list(city().procedures.archetypes.values())
    for channel, share in (
        (Channel.COUNTER, "counter_share"),
        (Channel.PHONE, "phone_share"),
        (Channel.LATENT, "latent_share"),
    ):
        shares = np.array([getattr(a, share) for a in archetypes])
        counts = [
            np.bincount(d.archetype[d.channel == channel], minlength=len(archetypes)) / np.sum(d.channel == channel)
            for d in drawn()
        ]
        assert_within_four_errors(counts, shares / shares.sum())


def test_a_request_belongs_to_its_line_and_a_consultation_to_any_that_is_asked_for():
    lines = list(city().procedures.lines)
    archetypes = list(city().procedures.archetypes)
    d = drawn()[0]
    assert set(d.line[d.archetype == archetypes.index("T3")]) == {lines.index("labour")}
    assert set(d.line[d.archetype == archetypes.index("T13")]) == {lines.index("urban_management")}
    # T3, T4 and T5 are 0.26 of the 0.61 counter shares that belong to a line.
    labour = [[np.mean(d.line[d.archetype == 0] == lines.index("labour"))] for d in drawn()]
    assert_within_four_errors(labour, [0.26 / 0.61])


def test_requests_are_sorted_within_a_channel_and_lie_in_the_horizon():
    d = drawn()[0]
    assert len(d) == len(d.household)
    for channel in Channel:
        assert np.all(np.diff(d.instant[d.channel == channel]) >= 0)
    assert d.instant.min() >= 0
    assert d.instant.max() < WEEKS * WEEK


def test_a_request_keeps_its_luck_whatever_else_is_drawn():
    d = drawn()[0]
    luck = d.uniforms("front/0")
    d.uniforms("another purpose")
    assert np.array_equal(d.uniforms("front/0"), luck)
    assert abs(np.corrcoef(luck, d.uniforms("front/1"))[0, 1]) < 4 / np.sqrt(len(d))
    assert abs(luck.mean() - 0.5) < 4 / np.sqrt(12 * len(d))


def test_more_phone_calls_move_no_visit_to_a_counter():
    d, where = drawn()[0], place_of("four_level")
    louder = demand.draw(city("demand.phone_per_resident_year=0.16"), where, 0)
    for field in ("instant", "archetype", "household"):
        ours, theirs = (getattr(x, field)[x.channel == Channel.COUNTER] for x in (d, louder))
        assert np.array_equal(ours, theirs)


def test_choose_by_hand():
    # Edges at 0.2, 0.2 and 1: nobody has the middle one.
    u = np.array([0.0, 0.19, 0.2, 0.999])
    assert demand.choose(u, [1.0, 0.0, 4.0]).tolist() == [0, 0, 2, 2]
