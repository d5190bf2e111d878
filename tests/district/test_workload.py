from collections import defaultdict
from functools import cache

import numpy as np
import pytest
from setups.district import PILOTS, case, organised, pilot, place_of, tiny

from sim.config import LEVELS
from sim.district import demand, overload, place, workload
from sim.district.demand import Channel
from sim.district.stages import Kind
from sim.draws.clock import HOUR

PRESENT = 249 * 7.5 * 0.8  # hours a year of one head: working days x hours x (1 - absence)


@cache
def works(name, *overrides):
    return tuple(workload.expected(pilot(name, *overrides), place_of(name, *overrides)))


def hours(name, *overrides, **wanted):
    """Return the hours a year of the work with these fields."""
    return sum(w.hours for w in works(name, *overrides) if all(getattr(w, k) == v for k, v in wanted.items()))


def load(name, level, *, duties=False):
    """Return hours due over hours present of a level, with or without patrols and home visits."""
    due = sum(w.hours for w in works(name) if w.level == level and (duties or not w.lapses))
    return due / (workload.heads(pilot(name))[level] * workload.present_hours(pilot(name)))


# --------------------------------------------------------------------------------- hours, heads and arithmetic


def test_a_head_is_present_four_days_in_five():
    assert workload.working_days_a_year(pilot()) == 249
    assert workload.present_hours(pilot()) == pytest.approx(PRESENT) == pytest.approx(1494)


@pytest.mark.parametrize(
    ("name", "community", "street", "district"),
    [("four_level", 118, 120, 60), ("three_level", 238, 0, 60), ("three_level_all_down", 178, 0, 120)],
)
def test_heads_by_level_and_298_in_every_pilot(name, community, street, district):
    assert workload.heads(pilot(name)) == {"community": community, "street": street, "district": district}
    assert sum(workload.heads(pilot(name)).values()) == 298


def test_work_from_above_is_six_tenths_of_todays_community_time():
    assert hours("four_level", what=workload.ABOVE) == pytest.approx(0.6 * 118 * PRESENT)


def test_merging_31_reporting_units_into_10_saves_a_quarter_of_the_work_from_above():
    # 0.37 x 10 / 31 + 0.63 = 0.749.
    factor = hours("three_level", what=workload.ABOVE) / hours("four_level", what=workload.ABOVE)
    assert factor == pytest.approx(0.37 * 10 / 31 + 0.63)
    assert abs(factor - 0.75) < 0.001


def test_a_community_reports_a_fixed_part_and_a_part_for_its_people():
    total = 0.6 * 118 * PRESENT
    by_unit = workload.task_hours(pilot("four_level"), place_of("four_level"))
    sizes = place_of("four_level").community_households
    assert by_unit[3] == pytest.approx(total * (0.37 / 31 + 0.63 * sizes[3] / 46_429))
    assert by_unit.argmax() == sizes.argmax()


def test_work_that_is_abolished_is_gone_by_its_share_and_only_from_above():
    less = "burden.abolished_share=0.2"
    assert hours("four_level", less, what=workload.ABOVE) == pytest.approx(
        0.8 * hours("four_level", what=workload.ABOVE)
    )
    assert hours("four_level", less, kind=Kind.OWN) == pytest.approx(hours("four_level", kind=Kind.OWN))


def test_meetings_by_hand():
    # 31 secretaries with 5 and 87 others with 1 a week of an hour, who are there four times in five.
    assert hours("four_level", what=workload.MEETINGS) == pytest.approx((31 * 5 + 87) * 52 * 0.8)
    assert hours("three_level", what=workload.MEETINGS) == pytest.approx((10 * 5 + 228) * 52 * 0.8)


def test_patrols_and_home_visits_by_hand():
    special = int(place_of("four_level").special.sum())
    visits = (46_429 - special) * 2 + special * 12
    assert hours("four_level", what=workload.HOME_VISITS) == pytest.approx(visits * 18 / 60)  # 15 there, 3 to walk
    assert hours("four_level", what=workload.PATROLS) == 186 * 249


def test_the_same_patrols_are_due_in_every_pilot():
    assert {hours(name, what=workload.PATROLS) for name in PILOTS} == {186 * 249}


def test_half_the_duties_are_asked_for():
    half = "grid.duty_share=0.5"
    for what in (workload.PATROLS, workload.HOME_VISITS):
        assert hours("three_level", half, what=what) == pytest.approx(0.5 * hours("three_level", what=what))


def test_the_streets_own_work_by_hand():
    street = 0.65 * 120 * PRESENT
    for group, share in (("economic", 0.3), ("enforcement", 0.25), ("justice", 0.1), ("party", 0.15), ("relay", 0.2)):
        what = workload.STREET_WORK[group]
        assert hours("four_level", what=what, level="street") == pytest.approx(street * share)
    assert hours("four_level", what=workload.DISTRICT_WORK) == pytest.approx(0.8 * 60 * PRESENT)


def test_where_the_streets_own_work_goes():
    went = {
        group: {w.level: w.hours for w in works("three_level") if w.what == what}
        for group, what in workload.STREET_WORK.items()
    }
    assert {group: set(levels) for group, levels in went.items()} == {
        "economic": {"district"}, "enforcement": {"district"}, "justice": {"district"}, "party": {"community"},
        "relay": {"community", "district"},
    }  # fmt: skip
    relay = 0.65 * 120 * PRESENT * 0.2
    assert went["relay"] == pytest.approx({"community": 0.3 * relay, "district": 0.7 * relay})


# --------------------------------------------------------------------------------------------- conservation


def by_what(name):
    found = defaultdict(float)
    for w in works(name):
        found[w.what] += w.hours
    return found


@pytest.mark.parametrize("name", PILOTS[1:])
def test_a_reform_deletes_no_work(name):
    old, new = by_what("four_level"), by_what(name)
    for what in (*workload.STREET_WORK.values(), workload.DISTRICT_WORK, workload.HOME_VISITS):
        assert new[what] == pytest.approx(old[what]), what
    saved = 0.37 * 0.6 * 118 * PRESENT * 21 / 31  # the fixed part of 21 reporting units
    assert new[workload.ABOVE] == pytest.approx(old[workload.ABOVE] - saved)


def test_residents_work_differs_by_the_relays_that_fall_away_and_by_nothing_else():
    # Without latent issues, whose way hangs on the patrols.
    old, new = (
        sum(hours(name, "demand.latent_per_resident_year=0", what=what) for what in set(workload.RESIDENTS.values()))
        for name in ("four_level", "three_level")
    )
    # The street passes on, in 5 minutes, what comes back from the district. A file goes up past it only where the
    # street has nothing to review: half of the fifth of T11 that goes to the district. Counter shares sum to 0.91.
    back = 0.13 + 0.05 + 0.25 * 0.07 + 0.04 + 0.015 + 0.01 + 0.005  # T3, T5, T6, T7, T8, T9, T10
    justice = 78_000 * 0.03 / 0.91 + 10_400 * 0.15  # T11 at the counter and on the phone
    relays = 78_000 * back / 0.91 + justice * (0.2 + 0.5 * 0.2)
    assert old - new == pytest.approx(relays * 5 / 60)


def test_a_review_is_done_once_more_with_the_share_of_rework():
    # Without latent issues all that the district does for residents under four levels is review.
    def reviews(share):
        overrides = ("demand.latent_per_resident_year=0", f"demand.rework_share={share}")
        return hours("four_level", *overrides, kind=Kind.FILES, level="district")

    assert reviews(0.06) == pytest.approx(1.06 * reviews(0))
    assert reviews(1) == pytest.approx(2 * reviews(0))


def test_three_levels_with_half_of_the_street_up_have_the_same_work_as_with_all_down_but_meetings():
    down, half = by_what("three_level"), by_what("three_level_all_down")
    assert down.keys() == half.keys()
    for what in down.keys() - {workload.MEETINGS}:
        assert half[what] == pytest.approx(down[what])
    assert half[workload.MEETINGS] < down[workload.MEETINGS]  # fewer heads go to meetings


# ------------------------------------------------------------------------------------- the load table


@pytest.mark.parametrize(
    ("name", "level", "duties", "expected", "within"),
    [
        ("four_level", "community", False, 0.82, 0.05),
        ("four_level", "community", True, 1.35, 0.06),
        ("four_level", "street", False, 0.73, 0.05),
        ("four_level", "district", False, 0.85, 0.03),
        ("three_level", "community", True, 0.66, 0.04),
        # The arithmetic beside the evidence leaves out the relay hours that go up: 0.7 x 0.13 x 120 / 60 = 0.182.
        ("three_level", "district", False, 1.78 + 0.182, 0.05),
        ("three_level", "community", True, 0.88, 0.04),
        ("three_level", "district", False, 0.89 + 0.091, 0.04),
    ],
)
def test_loads_are_near_the_arithmetic_of_the_evidence(name, level, duties, expected, within):
    assert abs(load(name, level, duties=duties) - expected) < within


def test_hours_by_line_are_all_hours_that_pile_up():
    for name in PILOTS:
        for level in pilot(name).structure.levels:
            due = sum(w.hours for w in works(name) if w.level == level and not w.lapses and w.what != workload.MEETINGS)
            by_line = workload.line_hours(pilot(name), list(works(name)), level)
            assert sum(by_line.values()) == pytest.approx(due)
            assert len(by_line) == (17 if level == "community" else 5)


def test_the_chance_of_seeing_an_issue_falls_with_the_size_of_the_grid():
    assert workload.see_chance(pilot(), 250) == pytest.approx(0.3)
    assert workload.see_chance(pilot(), 500) == pytest.approx(1 - 0.7**0.5)
    assert workload.see_chance(pilot("four_level", "grid.patrol_hours=2"), 500) == pytest.approx(0.3)


def test_todays_organisation_of_a_merged_district_is_the_four_level_one():
    then = workload.today(pilot("three_level"))
    assert workload.heads(then) == workload.heads(pilot("four_level"))
    total = sum(w.hours for w in workload.expected(then, place.build_place(then)))
    assert total == pytest.approx(sum(w.hours for w in works("four_level")))


# ------------------------------------------------------------------- arithmetic and simulation agree


@pytest.mark.parametrize("name", ["four_level", "three_level"])
def test_expected_hours_of_residents_are_the_mean_of_what_is_drawn(name):
    # Without latent issues (whose way hangs on the patrols) and repeated tries, every step laid out is done.
    a_pilot = tiny(name, "demand.latent_per_resident_year=0", "demand.return_share=0", "run.measured_weeks=2")
    where = place.build_place(a_pilot)
    # The horizon's part of a year's requests, as yearly rates.
    counter, phone = (
        demand.hourly_profile(a_pilot, c)[: 7 * a_pilot.run.weeks].sum() for c in (Channel.COUNTER, Channel.PHONE)
    )
    scaled = tiny(
        name,
        "demand.latent_per_resident_year=0",
        f"demand.counter_per_resident_year={0.60 * counter}",
        f"demand.phone_per_resident_year={0.08 * phone}",
    )
    expected = defaultdict(float)
    for w in workload.expected(scaled, where):
        if w.what in workload.RESIDENTS.values():
            expected[w.level, w.kind is Kind.FIELD] += w.hours
    drawn = []
    for replication in range(12):
        c = case(a_pilot, replication)
        last = c.network.requests.first[c.n_residents]
        work, kind, level = (x[:last] for x in (c.network.steps.work, c.labels.kind, c.labels.level))
        cells = [(level == i) & ((kind == Kind.FIELD) == field) for i in range(3) for field in (False, True)]
        drawn.append([work[cell].sum() / HOUR for cell in cells])
    drawn = np.array(drawn)
    wanted = np.array([expected[level, field] for level in LEVELS for field in (False, True)])
    error = drawn.std(axis=0, ddof=1) / np.sqrt(len(drawn))
    assert np.all(np.abs(drawn.mean(axis=0) - wanted) <= 4 * error), (drawn.mean(axis=0), wanted, error)


def test_the_pools_of_the_guard_carry_the_hours_of_the_workload():
    for name in PILOTS:
        organisation = organised(pilot(name))
        pools = overload.pools(organisation)
        for level in pilot(name).structure.levels:
            ours = [p for p in pools if p.level == level]
            due = sum(
                w.hours
                for w in works(name)
                if w.level == level and not w.lapses and w.kind is not Kind.FRONT and w.what != workload.MEETINGS
            )
            assert sum(p.hours for p in ours) == pytest.approx(due)
            assert sum(p.heads for p in ours) == workload.heads(pilot(name))[level]
            meetings = hours(name, what=workload.MEETINGS) if level == "community" else 0
            assert sum(p.present for p in ours) == pytest.approx(
                workload.heads(pilot(name))[level] * PRESENT - meetings
            )


def test_the_district_of_the_proposal_is_named_as_overloaded_and_todays_is_not():
    def overloaded(name):
        return {p.level for p in overload.pools(organised(pilot(name))) if p.overloaded and p.level != "community"}

    assert overloaded("four_level") == set()
    assert overloaded("three_level") == {"district"}
