from collections import defaultdict
from functools import cache

import numpy as np
import pytest
from setups.district import ALL_PILOTS, PILOTS, case, organised, pilot, place_of, tiny

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
    [
        ("four_level", 118, 120, 60),
        ("three_level", 118 + 51, 0, 60 + 69),
        ("three_level_all_down", 238, 0, 60),
        ("flatten_only", 118, 0, 180),
        ("sink_only", 178, 60, 60),
    ],
)
def test_heads_by_level_and_298_in_every_pilot(name, community, street, district):
    assert workload.heads(pilot(name)) == {"community": community, "street": street, "district": district}
    assert sum(workload.heads(pilot(name)).values()) == 298


def test_heads_sent_down_from_the_district_are_missed_there():
    # 0.25 of 60 are 15; the street's stay as they are.
    down = pilot("four_level", "staffing.district_sent_down_share=0.25")
    assert workload.heads(down) == {"community": 133, "street": 120, "district": 45}
    # 17 of 69 + 60: only the district's own are asked, and the street's share is of its 120.
    both = pilot("three_level", "staffing.district_sent_down_share=0.25")
    assert workload.heads(both) == {"community": 169 + 15, "street": 0, "district": 129 - 15}


def test_work_from_above_was_six_tenths_of_todays_community_time():
    assert hours("four_level", what=workload.ABOVE) == 105_775
    assert pytest.approx(0.6 * 118 * PRESENT, rel=1e-5) == 105_775


HEADS = (
    ("staffing.community_heads=100",), ("staffing.community_heads=150",), ("staffing.street_heads=90",),
    ("staffing.street_heads=150",), ("staffing.district_heads=45",), ("staffing.district_heads=75",),
    ("staffing.absence.share=0.1",),
)  # fmt: skip


@pytest.mark.parametrize("overrides", HEADS)
@pytest.mark.parametrize("name", ["four_level", "three_level"])
def test_hours_of_work_do_not_change_with_heads(name, overrides):
    # but those of meetings, to which heads go
    few, base = ({w.what: w.hours for w in works(name, *o) if w.what != workload.MEETINGS} for o in (overrides, ()))
    assert few == base
    lines = [
        workload.line_hours(pilot(name, *o), list(works(name, *o)), level)
        for o in (overrides, ())
        for level in pilot(name).structure.levels
    ]
    half = len(lines) // 2
    assert lines[:half] == lines[half:]


def test_merging_31_reporting_units_into_10_saves_a_quarter_of_the_work_from_above():
    # 0.37 x 10 / 31 + 0.63 = 0.749.
    factor = hours("three_level", what=workload.ABOVE) / hours("four_level", what=workload.ABOVE)
    assert factor == pytest.approx(0.37 * 10 / 31 + 0.63)
    assert abs(factor - 0.75) < 0.001


def test_a_community_reports_a_fixed_part_and_a_part_for_its_people():
    total = 105_775
    by_unit = workload.task_hours(pilot("four_level"), place_of("four_level"))
    sizes = place_of("four_level").community_households
    assert by_unit[3] == pytest.approx(total * (0.37 / 31 + 0.63 * sizes[3] / 46_429))
    assert by_unit.argmax() == sizes.argmax()


def test_work_that_is_abolished_is_gone_by_its_share_from_above_and_of_the_offices_own_but_no_meeting_is():
    less = "burden.abolished_share=0.2"
    for what in (workload.ABOVE, workload.DISTRICT_WORK, *workload.STREET_WORK.values()):
        assert hours("four_level", less, what=what) == pytest.approx(0.8 * hours("four_level", what=what))
    for what in (workload.MEETINGS, workload.HOME_VISITS, *workload.RESIDENTS.values()):
        assert hours("four_level", less, what=what) == pytest.approx(hours("four_level", what=what))


def test_meetings_by_hand():
    # 31 secretaries with 5 and 87 others with 1 a week of an hour, who are there four times in five.
    assert hours("four_level", what=workload.MEETINGS) == pytest.approx((31 * 5 + 87) * 52 * 0.8)
    assert hours("three_level", what=workload.MEETINGS) == pytest.approx((10 * 5 + 159) * 52 * 0.8)


def test_patrols_and_home_visits_by_hand():
    special = int(place_of("four_level").special.sum())
    visits = (46_429 - special) * 2 + special * 12
    assert hours("four_level", what=workload.HOME_VISITS) == pytest.approx(visits * 18 / 60)  # 15 there, 3 to walk
    assert hours("four_level_patrols", what=workload.PATROLS) == 186 * 249


def test_the_daily_patrol_is_due_where_the_reform_is_and_nowhere_else():
    owed = {name: hours(name, what=workload.PATROLS) for name in ALL_PILOTS}
    assert set(owed.values()) == {0, 186 * 249}
    assert {name for name, due in owed.items() if due} == {
        "four_level_patrols", *(name for name in ALL_PILOTS if name.startswith("three_level")),
    }  # fmt: skip


def test_home_visits_by_the_rule_are_due_in_every_pilot():
    assert len({hours(name, what=workload.HOME_VISITS) for name in ALL_PILOTS}) == 1


def test_half_the_duties_are_asked_for():
    for half, what in (
        ("grid.patrol_duty_share=0.5", workload.PATROLS), ("grid.visits.duty_share=0.5", workload.HOME_VISITS),
    ):  # fmt: skip
        for each in (workload.PATROLS, workload.HOME_VISITS):
            share = 0.5 if each == what else 1
            assert hours("three_level", half, what=each) == pytest.approx(share * hours("three_level", what=each))


def test_the_streets_and_the_districts_own_work_by_hand():
    street = {"economic": 34_960, "enforcement": 29_133, "justice": 11_653, "party": 17_480, "relay": 23_306}
    for group, yearly in street.items():
        assert hours("four_level", what=workload.STREET_WORK[group], level="street") == yearly
    # They were these shares of the time of today's staff.
    assert sum(street.values()) == pytest.approx(0.65 * 120 * PRESENT, rel=1e-4)
    assert hours("four_level", what=workload.DISTRICT_WORK) == 28_685 + 2 * 14_342 + 2 * 7_171
    assert hours("four_level", what=workload.DISTRICT_WORK) == pytest.approx(0.8 * 60 * PRESENT, rel=1e-4)


def test_where_the_streets_own_work_goes():
    went = {
        group: {w.level: w.hours for w in works("three_level") if w.what == what}
        for group, what in workload.STREET_WORK.items()
    }
    assert {group: set(levels) for group, levels in went.items()} == {
        "economic": {"district"}, "enforcement": {"district"}, "justice": {"district"}, "party": {"community"},
        "relay": {"community", "district"},
    }  # fmt: skip
    relay = 23_306
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
    saved = 0.37 * 105_775 * 21 / 31  # the fixed part of 21 reporting units
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
    justice = 52_000 * 0.03 / 0.91 + 10_400 * 0.15  # T11 at the counter and on the phone
    # Of that tenth a review of the district goes back past the street to the community, and comes again past it.
    relays = 52_000 * back / 0.91 + justice * (0.2 + 0.5 * 0.2 + 0.5 * 0.2 * 0.06 * 2)
    assert old - new == pytest.approx(relays * 5 / 60)


def test_a_review_is_done_once_more_with_the_share_of_rework():
    # Without latent issues all that the district does for residents under four levels is review.
    def reviews(share):
        overrides = ("demand.latent_per_resident_year=0", f"demand.rework_share={share}")
        return hours("four_level", *overrides, kind=Kind.FILES, level="district")

    # T10 alone goes back to a desk of the district: 0.5 % of the visits, of shares that sum to 0.91.
    put_right = 52_000 * 0.005 / 0.91 * 22.5 / 60
    assert reviews(0.06) == pytest.approx(1.06 * reviews(0) + 0.06 * put_right)
    assert reviews(1) == pytest.approx(2 * reviews(0) + put_right)


def test_what_a_review_sends_back_is_put_right_one_step_before():
    # T4 alone, always reviewed at the street: what comes back is heard again at the community (6 minutes), unless the
    # field check came between (40 minutes, in one of five).
    only = tuple(
        f"procedures.archetypes.{key}.counter_share={int(key == 'T4')}"
        for key, archetype in pilot().procedures.archetypes.items()
        if archetype.counter_share
    )
    quiet = tuple(
        f"demand.{knob}=0"
        for knob in ("latent_per_resident_year", "phone_per_resident_year", "misrouted_share", "incomplete_share")
    )

    def of(share, **wanted):
        return hours("four_level", *only, *quiet, f"demand.rework_share={share}", **wanted)

    n = 52_000
    for kind, level, extra in (
        (Kind.FILES, "community", 0.8 * 6 + 0.2 * 40), (Kind.FILES, "street", 5), (Kind.FIELD, "community", 0),
    ):  # fmt: skip
        more = of(0.06, kind=kind, level=level) - of(0, kind=kind, level=level)
        assert more == pytest.approx(0.06 * n * extra / 60), (kind, level)


def test_three_levels_with_some_of_the_street_up_have_the_same_work_as_with_all_down_but_meetings():
    down, half = by_what("three_level_all_down"), by_what("three_level")
    assert down.keys() == half.keys()
    for what in down.keys() - {workload.MEETINGS}:
        assert half[what] == pytest.approx(down[what])
    assert half[workload.MEETINGS] < down[workload.MEETINGS]  # fewer heads go to meetings


# ------------------------------------------------------------------------------------- the load table


@pytest.mark.parametrize(
    ("name", "level", "duties", "expected", "within"),
    [
        ("four_level", "community", False, 0.82, 0.05),
        ("four_level", "community", True, 0.82 + 0.21, 0.05),  # home visits: 37,600 of 176,300 hours present
        ("four_level_patrols", "community", True, 0.82 + 0.21 + 0.26, 0.05),  # and 186 x 249 hours of patrols
        ("four_level", "street", False, 0.73, 0.05),
        ("four_level", "district", False, 0.85, 0.03),
        ("three_level_all_down", "community", False, 0.40, 0.03),
        ("three_level_all_down", "community", True, 0.40 + 0.47 * 118 / 238, 0.04),
        # The arithmetic beside the evidence leaves out the relay hours that go up: 0.7 x 0.13 x 120 / 60 = 0.182.
        ("three_level_all_down", "district", False, 1.78 + 0.182, 0.05),
        ("flatten_only", "community", False, 0.80, 0.05),
        ("flatten_only", "district", False, 0.59 + 0.061, 0.04),
        # the same hours for 169 and 129 heads
        ("three_level", "community", False, 0.40 * 238 / 169, 0.03),
        ("three_level", "community", True, 0.40 * 238 / 169 + 0.47 * 118 / 169, 0.04),
        ("three_level", "district", False, (1.78 + 0.182) * 60 / 129, 0.03),
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


@pytest.mark.parametrize("rework", [0.06, 0.5])
@pytest.mark.parametrize("name", ["four_level", "three_level", "four_level_better"])
def test_expected_hours_of_residents_are_the_mean_of_what_is_drawn(name, rework):
    # Without latent issues (whose way hangs on the patrols) and repeated tries, every step laid out is done.
    again = f"demand.rework_share={rework}"
    a_pilot = tiny(name, "demand.latent_per_resident_year=0", "demand.return_share=0", "run.measured_weeks=2", again)
    where = place.build_place(a_pilot)
    # The horizon's part of a year's requests, as yearly rates.
    counter, phone = (
        demand.hourly_profile(a_pilot, c)[: 7 * a_pilot.run.weeks].sum() for c in (Channel.COUNTER, Channel.PHONE)
    )
    scaled = tiny(
        name,
        again,
        "demand.latent_per_resident_year=0",
        f"demand.counter_per_resident_year={a_pilot.demand.counter_per_resident_year * counter}",
        f"demand.phone_per_resident_year={a_pilot.demand.phone_per_resident_year * phone}",
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


@pytest.mark.parametrize("name", PILOTS)
def test_the_pools_of_the_guard_carry_the_hours_of_the_workload(name):
    pools = overload.pools(organised(pilot(name)))
    for level in pilot(name).structure.levels:
        ours = [p for p in pools if p.level == level]
        due = sum(w.hours for w in works(name) if w.level == level and not w.lapses and w.what != workload.MEETINGS)
        # What residents bring to a counter raises the teams with most time to spare, and is counted once.
        assert sum(p.hours for p in ours) == pytest.approx(due)
        heads = workload.heads(pilot(name))[level]
        assert sum(p.heads for p in ours) == heads
        meetings = hours(name, what=workload.MEETINGS) if level == "community" else 0
        evenings = 2 * 249 / 5 * 0.8  # hours after closing of one head
        assert sum(p.present for p in ours) == pytest.approx(heads * (PRESENT + evenings) - meetings)


def test_the_district_of_the_reports_arithmetic_is_named_as_overloaded_and_todays_is_not():
    def overloaded(name):
        return {p.level for p in overload.pools(organised(pilot(name))) if p.overloaded and p.level != "community"}

    assert overloaded("four_level") == set()
    assert overloaded("three_level") == set()
    assert overloaded("three_level_all_down") == {"district"}


# --------------------------------------------------------------------------------------- the guard, by hand


def test_what_anybody_can_do_goes_to_the_teams_with_most_time_to_spare():
    # 10 of 100 and 60 of 100 hours, and 30 that anybody can do: the first takes them all, and is at 0.4.
    assert overload._evened(np.array([10.0, 60]), np.array([100.0, 100]), 30) == pytest.approx(0.4)
    # 90: the first takes 50 up to 0.6, and then both 20 each.
    assert overload._evened(np.array([10.0, 60]), np.array([100.0, 100]), 90) == pytest.approx(0.8)
    # Nobody takes any of nothing, and who is never there takes none.
    assert overload._evened(np.array([10.0, 60]), np.array([100.0, 100]), 0) == pytest.approx(0.1)
    assert overload._evened(np.array([10.0, 0]), np.array([100.0, 0]), 30) == pytest.approx(0.4)


def test_time_at_a_desk_kept_by_rota_is_not_there_for_paper():
    def highest(*overrides):
        return max(
            p.load for p in overload.pools(organised(pilot("three_level", *overrides))) if p.level == "community"
        )

    own, one, three = highest(), highest("service.desk=rota", "service.seats=1"), highest("service.desk=rota")
    assert own <= one < three  # nobody has a lower load by sitting at a desk


def test_hours_after_closing_are_capacity_of_the_guard():
    without, more = (
        overload.pools(organised(pilot("four_level", f"staffing.catch_up_hours_per_week={h}"))) for h in (0, 5)
    )
    assert sum(p.hours for p in more) == pytest.approx(sum(p.hours for p in without))
    for a, b in zip(without, more, strict=True):
        assert b.load < a.load
        assert b.present == pytest.approx(a.present + a.heads * 5 * 249 / 5 * 0.8)


def test_hours_by_shared_posts_fall_as_heads_rise_at_each_level():
    for level in ("community", "street", "district"):
        few, many = (
            [
                p
                for p in overload.pools(organised(pilot("four_level", f"staffing.{level}_heads={n}")))
                if p.level == level
            ]
            for n in {"community": (93, 150), "street": (90, 150), "district": (45, 75)}[level]
        )
        mean = [sum(p.hours for p in pools) / sum(p.present for p in pools) for pools in (few, many)]
        assert mean[0] > mean[1]
        assert sum(p.hours for p in few) == pytest.approx(sum(p.hours for p in many))


def test_levers_of_work_are_off_today_and_on_where_they_are_set():
    for path in workload.WORK_LEVERS:
        section, key = path.split(".")
        on = pilot("three_level", f"{path}=0.4")
        assert getattr(getattr(on, section), key) == 0.4
        assert getattr(getattr(workload.today(on), section), key) == 0
        assert workload.without([path], on) == pilot("three_level", f"{path}=0")
