import numpy as np
import pytest
from setups.district import case, mapping, office, organised, pilot, tiny

from sim.config import load
from sim.district import workload
from sim.district.rosters import rosters
from sim.district.stages import Desk, Kind
from sim.draws.clock import DAY, HOUR
from sim.engine.audit.invariants import check
from sim.engine.record import Outcome
from sim.engine.reference import engine
from sim.errors import ConfigError
from sim.study.design import check_paired
from sim.study.replications import key, matters

HOURS = "mechanisms.self_government.community_hours_per_week"
EVENING = "mechanisms.self_government.evening_hours_per_week"


def sittings(a_case):
    """Return the steps of self-government."""
    return np.flatnonzero(a_case.labels.kind == Kind.SELF_GOVERNMENT)


def test_no_mechanism_is_on_by_default_and_every_one_with_base():
    off, on = pilot().mechanisms, pilot("four_level", "mechanisms=base").mechanisms
    assert [name for name, one in off if one.on] == []
    assert [name for name, one in on if not one.on] == []


def test_a_mechanism_that_is_off_is_no_part_of_a_key_and_one_that_is_on_is():
    plain = mapping("four_level")
    older = {name: part for name, part in plain.items() if name != "mechanisms"}  # as an earlier program kept it
    assert matters(plain) == matters(older)
    assert key(pilot("four_level", "mechanisms=base")) != key(pilot("four_level"))
    assert matters(mapping("four_level", "mechanisms=base"))["mechanisms"].keys() == {
        "self_government", "turnover", "premises"
    }  # fmt: skip


def test_a_measure_of_a_mechanism_is_judged_only_where_that_is_on():
    names = {mechanisms: {one.measure for one in pilot("four_level", f"mechanisms={mechanisms}").report.measures}
             for mechanisms in ("off", "base")}  # fmt: skip
    assert names["base"] - names["off"] == {
        "self_government_done", "vacant", "newcomers", "exits", "turned_away", "meets_standard", "residents_m2"
    }  # fmt: skip
    plain = mapping("four_level")
    plain["report"]["measures"][0]["mechanism"] = "self_goverment"
    with pytest.raises(ConfigError, match=r"measures.0.mechanism must be a key of mechanisms.*self_government"):
        load(plain)


def test_designs_with_and_without_the_facts_of_today_are_not_compared():
    both = [pilot("four_level"), pilot("three_level", "mechanisms=base")]
    with pytest.raises(ConfigError, match=r"mechanisms\.self_government\.\w+ must be the same under all pilots"):
        check_paired(both)


@pytest.mark.parametrize("name", ["four_level", "three_level"])
def test_self_government_is_due_in_the_same_hours_under_every_design(name):
    by_hand = (31 * 6 + 130_000 / 2.8 / 1000 * 2) * 52
    assert workload.self_government_hours(pilot(name, "mechanisms=base")) == pytest.approx(by_hand, rel=1e-4)


@pytest.mark.parametrize("name", ["four_level", "three_level"])
def test_sittings_are_planned_in_the_hours_due_and_lapse_with_their_week(name):
    one = case(tiny(name, "mechanisms=base", "run.measured_weeks=20"))
    steps, weeks = sittings(one), one.office.weeks
    due = workload.self_government_hours(one.organisation.pilot) / 52 * weeks
    assert len(steps) == pytest.approx(due, abs=2 * one.organisation.n_units("community") + due / weeks)
    assert set(one.network.steps.work[steps].tolist()) == {HOUR}
    visits, spells = engine.run(one.network, one.horizon)
    check(one.network, visits, spells, one.horizon)
    week = 7 * DAY
    held = steps[visits.outcome[steps] == Outcome.SERVED]
    assert len(held)
    assert (visits.arrival[held] // week == visits.start[held] // week).all()


def test_all_other_work_goes_before_self_government():
    for conduct in ("base", "due_first", "ledgers_first"):
        one = case(tiny("four_level", "mechanisms=base", f"conduct={conduct}"))
        mine, steps = sittings(one), one.network.steps
        others = np.setdiff1d(np.flatnonzero(steps.station >= 0), mine)
        assert steps.priority[others].max() < steps.priority[mine].min(), conduct


def test_more_hours_of_self_government_take_nothing_from_the_visits_but_by_minutes():
    done = []
    for hours in (0, 12):
        one = case(tiny("four_level", f"{HOURS}={hours}", "run.measured_weeks=8"))
        visits, _ = engine.run(one.network, one.horizon)
        home = np.flatnonzero(one.labels.kind == Kind.HOME)
        done.append(np.mean(visits.outcome[home] == Outcome.SERVED))
    assert done[1] == pytest.approx(done[0], abs=0.02)


@pytest.mark.parametrize("catch_up", [0, 2, 20])
def test_a_secretary_sits_with_residents_on_wednesday_evenings_after_what_is_due(catch_up):
    a_pilot = tiny("four_level", "mechanisms=base", f"staffing.catch_up_hours_per_week={catch_up}",
                   "run.measured_weeks=6")  # fmt: skip
    organisation, time = organised(a_pilot), office(a_pilot)
    roster = rosters.build_rosters(organisation, time, 0)
    closes = dict(zip(time.working_days.tolist(), time.day_closes().tolist(), strict=True))
    first = roster.duties["first"]
    evenings = 0
    for m, person in enumerate(organisation.people):
        rows = range(roster.servers["first"][m], roster.servers["first"][m + 1])
        spans = [[int(roster.servers[c][i]) for c in ("open", "close", "duty")] for i in rows]
        assert all(one[1] <= after[0] for one, after in zip(spans, spans[1:], strict=False))
        for opened, closed, duty in spans:
            stations = roster.duties["station"][first[duty] : first[duty + 1]].tolist()
            if opened < closes[opened // DAY] or [organisation.stations[s].desk for s in stations] != [Desk.ASSEMBLY]:
                continue
            evenings += 1
            assert person.secretary
            assert opened // DAY % 7 == 2
            assert closed - opened == HOUR
            assert opened == closes[opened // DAY] + (4 * HOUR if catch_up == 20 else 0)
    present = sum(
        roster.there[m, time.working_days % 7 == 2].sum() for m, p in enumerate(organisation.people) if p.secretary
    )
    assert evenings == present > 0


def test_nobody_stays_in_the_evening_without_hours_that_are_due():
    servers = [case(tiny("four_level", "staffing.catch_up_hours_per_week=0", f"{EVENING}={hours}")).network.servers
               for hours in (0, 2)]  # fmt: skip
    for column in ("open", "close", "duty", "hand_back"):
        assert np.array_equal(*(getattr(one, column) for one in servers)), column
