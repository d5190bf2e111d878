import datetime as dt
import math
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from scipy import stats
from setups.district import PILOTS, mapping, pilot, place_of, tiny

from sim.district import demand, place
from sim.district.demand import Channel
from sim.draws.clock import DAY, HOUR, WEEK

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
    digests = {demand.draw(tiny(name), place.build_place(tiny(name)), 3).digest() for name in PILOTS}
    assert len(digests) == 1
    mixture = tiny("three_level", "roles.order=b_first", "grid.households=400", "service.desk=own")
    assert demand.draw(mixture, place.build_place(mixture), 3).digest() in digests


def test_another_replication_or_another_seed_is_another_demand():
    where = place.build_place(tiny())
    assert demand.draw(tiny(), where, 0).digest() == demand.draw(tiny(), where, 0).digest()
    assert demand.draw(tiny(), where, 0).digest() != demand.draw(tiny(), where, 1).digest()
    seed_0 = tiny("four_level", "run.seed=0")
    assert demand.draw(tiny(), where, 0).digest() != demand.draw(seed_0, where, 0).digest()


def test_requests_in_a_year_are_rates_times_residents():
    assert demand.yearly(pilot(), Channel.COUNTER) == 52_000  # 0.40 x 130,000
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


def people(drawn, channel, *, until=None):
    """Return the requests of a channel, up to an instant, with all that makes them the same: a set of tuples."""
    rows = (drawn.channel == channel) & (drawn.instant < (until or WEEKS * WEEK))
    luck = (drawn.uniforms("comes"), drawn.uniforms("patience/0"))
    columns = (drawn.instant, drawn.household, drawn.archetype, drawn.line, *luck)
    return set(zip(*(column[rows].tolist() for column in columns), strict=True))


@pytest.mark.parametrize("rate", [0.2, 0.38, 0.5, 0.9])
def test_the_same_residents_come_at_another_rate_but_for_those_who_are_added_or_stay_away(rate):
    ours = people(drawn()[0], Channel.COUNTER)
    theirs = people(
        demand.draw(city(f"demand.counter_per_resident_year={rate}"), place_of("four_level"), 0), Channel.COUNTER
    )
    assert ours < theirs if rate > 0.4 else theirs < ours
    assert len(theirs) / len(ours) == pytest.approx(rate / 0.4, abs=0.02)


def test_under_another_profile_each_hour_keeps_as_many_of_its_residents_as_it_can():
    hours = list(city().demand.counter_hour)
    hours[9], hours[15] = hours[15], 1.3 * hours[9]
    other = city(f"demand.counter_hour={hours}", "demand.counter_weekday=[1, 1, 1, 1, 1, 0.051, 0.03]")
    ours, theirs = (people(d, Channel.COUNTER) for d in (drawn()[0], demand.draw(other, place_of("four_level"), 0)))
    counts = [np.bincount([row[0] // HOUR for row in rows], minlength=WEEKS * WEEK // HOUR) for rows in (ours, theirs)]
    assert not np.array_equal(*counts)
    assert len(ours & theirs) == np.minimum(*counts).sum()


@pytest.mark.parametrize("channel", Channel)
def test_a_longer_demand_begins_as_a_shorter_one(channel):
    whole = demand.draw(pilot("four_level"), place_of("four_level"), 0)
    assert people(whole, channel, until=WEEKS * WEEK) == people(drawn()[0], channel)


def test_other_day_factors_leave_the_residents_who_come_under_both():
    ours = people(drawn()[0], Channel.PHONE)
    plain = people(demand.draw(city("demand.day_factor_cv=0"), place_of("four_level"), 0), Channel.PHONE)
    assert len(ours & plain) > 0.8 * len(ours)


def test_choose_by_hand():
    # Edges at 0.2, 0.2 and 1: nobody has the middle one.
    u = np.array([0.0, 0.19, 0.2, 0.999])
    assert demand.choose(u, [1.0, 0.0, 4.0]).tolist() == [0, 0, 2, 2]


# ----------------------------------------------------------------------- the year of the shipped demand, exactly


def exact_days(channel):
    """Return each day's share of the year's requests of a channel, from the shipped numbers alone, as fractions."""
    plain = mapping("four_level")
    calendar, asked = plain["district"]["calendar"], plain["demand"]
    weights = {
        Channel.COUNTER: asked["counter_weekday"],
        Channel.PHONE: asked["phone_weekday"],
        Channel.LATENT: [1] * 7,
    }[channel]
    weights = [Fraction(str(w)) for w in weights]
    monday = dt.date.fromisoformat(calendar["first_monday"])
    festival = dt.date.fromisoformat(calendar["festival_start"])
    days = []
    for i in range(364):
        date = monday + dt.timedelta(days=i)
        weight = weights[date.weekday()]
        if channel is Channel.COUNTER:
            if date.isoformat() in calendar["holidays"]:
                weight = Fraction(0)
            elif date.isoformat() in calendar["working_weekends"]:
                weight = sum(weights[:5]) / 5
            elif date.weekday() > 4:
                weight = Fraction(0)
        if channel is not Channel.LATENT and 0 <= (date - festival).days < 7 * calendar["festival_weeks"]:
            weight *= Fraction(str(asked["festival_factor"]))
        days.append(weight)
    return [day / sum(days) for day in days]


def exact_hours(channel):
    """Return each hour's share of a day's requests of a channel, as fractions."""
    asked = mapping("four_level")["demand"]
    name = channel.name.lower() + "_hour"
    hours = [Fraction(str(w)) for w in asked.get(name, [1] * 24)]
    return [hour / sum(hours) for hour in hours]


@pytest.mark.parametrize("channel", Channel)
def test_every_hour_of_the_year_has_exactly_its_share(channel):
    # From the dates: weekdays, holidays, weekends worked in exchange, the festival; within a rounding of floats.
    profile = demand.hourly_profile(pilot(), channel)
    days, hours = exact_days(channel), exact_hours(channel)
    exact = np.array([[float(day * hour) for hour in hours] for day in days])
    np.testing.assert_allclose(profile, exact, rtol=1e-14, atol=0)


@pytest.mark.parametrize(("channel", "rate"), [("counter", "0.4"), ("phone", "0.08"), ("latent", "0.15")])
def test_the_expected_requests_of_a_year_are_the_configured_rates_to_the_last_digit(channel, rate):
    of = Channel[channel.upper()]
    assert str(mapping()["demand"][f"{channel}_per_resident_year"]) == rate
    yearly = Fraction(rate) * 130_000
    assert demand.yearly(pilot(), of) == float(yearly)
    profile = demand.hourly_profile(pilot(), of) * demand.yearly(pilot(), of)
    assert math.fsum(profile.ravel()) == pytest.approx(float(yearly), rel=1e-15, abs=0)
    assert sum(exact_days(of)) == sum(exact_hours(of)) == 1


def test_weekdays_of_the_year_in_whole_numbers():
    # 52 of each, less 7 holidays on Mondays, 3 on Tuesdays, 2 on other days; 3 of each in the festival count half.
    # Of the weekend days worked, which ask for a mean weekday, a Saturday and a Sunday are in the festival.
    by_hand = {
        "1.05": 45 - 1.5, "1.08": 49 - 1.5, "1.07": 50 - 1.5, "0.97": 50 - 1.5, "0.83": 50 - 1.5,
    }  # fmt: skip
    expected = [Fraction(weight) * Fraction(n) for weight, n in by_hand.items()] + [Fraction(2.5), Fraction(1.5)]
    shares = exact_days(Channel.COUNTER)
    unit = shares[8] / Fraction("1.08")  # Tuesday 11 January
    weeks = np.array(shares, dtype=object).reshape(52, 7).sum(axis=0) / unit
    assert weeks.tolist() == expected
    profile = demand.hourly_profile(pilot(), Channel.COUNTER).sum(axis=1)
    assert np.count_nonzero(profile == 0) == 364 - 249  # the closed days
    assert profile.reshape(52, 7).sum(axis=0) == pytest.approx([float(w * unit) for w in weeks], rel=1e-14)


def test_the_second_year_is_as_the_first():
    two = pilot("four_level", "run.warm_up_weeks=1", "run.measured_weeks=103", "run.drain_weeks=0")
    where = place_of("four_level")
    d = demand.draw(two, where, 0)
    for channel in Channel:
        days = np.bincount(d.instant[d.channel == channel] // DAY, minlength=728).reshape(2, 364)
        mean = demand.hourly_profile(two, channel).sum(axis=1) * demand.yearly(two, channel)
        if channel is Channel.COUNTER:
            assert np.array_equal(days == 0, np.stack([mean == 0] * 2))
        error = np.sqrt((mean + (0.25 * mean) ** 2).sum())
        assert np.all(np.abs(days.sum(axis=1) - mean.sum()) < 4 * error)


@pytest.mark.parametrize("channel", Channel)
def test_counts_of_a_day_follow_the_negative_binomial_law_of_their_own_mean(channel):
    # A Poisson count with a gamma factor of CV 0.25. A false alarm in 10,000 for each channel.
    mean = expected_by_hour(channel).sum(axis=1)
    open_days = mean > 0
    law = stats.nbinom(16, 16 / (16 + mean[open_days]))
    assert law.var() == pytest.approx(mean[open_days] + (0.25 * mean[open_days]) ** 2)
    rng, transformed = np.random.default_rng(0), []
    for d in drawn():
        counts = np.bincount(d.instant[d.channel == channel] // DAY, minlength=7 * WEEKS)[open_days]
        transformed.append(law.cdf(counts - 1) + rng.random(len(counts)) * law.pmf(counts))
    assert stats.kstest(np.concatenate(transformed), "uniform").pvalue > 1e-4


@pytest.mark.parametrize("channel", Channel)
def test_instants_within_an_hour_are_uniform(channel):
    within = np.concatenate([d.instant[d.channel == channel] % HOUR for d in drawn()[:3]]) / HOUR
    assert stats.kstest(within, "uniform").pvalue > 1e-4


def test_days_and_channels_have_factors_of_their_own():
    z = {}
    for channel in (Channel.COUNTER, Channel.PHONE):
        mean = expected_by_hour(channel).sum(axis=1)
        counts = np.array([np.bincount(d.instant[d.channel == channel] // DAY, minlength=7 * WEEKS) for d in drawn()])
        z[channel] = (counts - mean) / np.sqrt(mean + (0.25 * mean) ** 2).clip(min=1e-9)
    both = expected_by_hour(Channel.COUNTER).sum(axis=1) > 0
    together = (z[Channel.COUNTER] * z[Channel.PHONE])[:, both]
    assert abs(together.mean()) < 4 * together.std() / np.sqrt(together.size)
    days = z[Channel.PHONE][:, 1:] * z[Channel.PHONE][:, :-1]
    assert abs(days.mean()) < 4 * days.std() / np.sqrt(days.size)
