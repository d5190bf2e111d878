from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from setups.district import tiny

from sim.district import overload
from sim.district.stages import Kind, Presence
from sim.draws.clock import DAY, HOUR, MINUTE, WEEK
from sim.engine.record import Outcome
from sim.engine.reference import engine
from sim.measures import kernels
from sim.measures import tables as results
from sim.measures.flows import ENDS, PLACES, flows
from sim.measures.queues import DESKS, N_SLOTS, SLOT, groups, queues
from sim.measures.tally import tally, window
from sim.statistics.descriptive import gini
from sim.study import province, replication

# The tables of persons, flows and queues, held to small cases by hand and to the record in plain Python.


@pytest.fixture(scope="module", params=["four_level", "three_level"])
def seen(request):
    pilot = tiny(request.param, "run.drain_weeks=2")
    case = replication.prepare(pilot, 0).complete()
    visits, spells = engine.run(case.network, case.horizon)
    start, end = window(pilot)
    told = tally(case, visits, spells, overloaded=np.zeros(len(case.organisation.stations), dtype=bool))
    tables = results.tables(case.organisation, case.office, case.demand, told, overload.pools(case.organisation))
    return SimpleNamespace(
        pilot=pilot, case=case, visits=visits, spells=spells, start=start, end=end, told=told, tables=tables
    )


def test_the_hours_of_persons_are_those_of_their_post(seen):
    persons = seen.tables["persons"]
    assert len(persons) == len(seen.case.organisation.people) == persons["identity"].n_unique()
    kinds = seen.tables["workload"]["kind"].unique().to_list()
    means = persons.group_by("post").agg(pl.col(kinds).mean()).unpivot(index="post", variable_name="kind")
    both = seen.tables["workload"].join(means, on=["post", "kind"], how="full", coalesce=True)
    assert both["value"].to_numpy() == pytest.approx(both["hours"].to_numpy(), rel=1e-5)


def test_persons_have_the_utilisation_overtime_and_gini_of_the_measures(seen):
    measures = seen.tables["measures"]
    for (post,), rows in seen.tables["persons"].group_by("post"):
        told = {r["measure"]: r["value"] for r in measures.filter(group=f"post:{post}").iter_rows(named=True)}
        assert gini(rows["utilisation"].to_numpy().astype(float)) == pytest.approx(told["workload_gini"], abs=1e-6)
        assert rows["overtime"].mean() == pytest.approx(told["overtime"], rel=1e-5, abs=1e-9)
        weights = (rows["on_duty"] - rows["meetings"] - rows["work from above, away"]).to_numpy()
        assert np.average(rows["utilisation"], weights=weights) == pytest.approx(told["utilisation"], rel=1e-5)


def moves_of(*steps, archetype=0, end=5):
    """Count the moves of one request; a step is (level, outcome) and any of trip, presence, awaits, hand_over."""
    names = kernels.Whereabouts._fields
    rows = [
        {"level": level, "outcome": outcome, "arrival": 0, "awaits": -1} | more
        for level, outcome, more in (s if len(s) == 3 else (*s, {}) for s in steps)
    ]
    way = kernels.Whereabouts(*(np.array([row.get(name, 0) for row in rows], dtype=np.int64) for name in names))
    found = np.zeros((1, len(PLACES), len(PLACES) + len(ENDS)), dtype=np.int64)
    first = np.array([0, len(rows)])
    kernels.add_moves(first, np.array([archetype]), np.array([end]), way, found)
    table = flows(["a"], found)
    return {(row["origin"], row["to"]): row["n"] for row in table.iter_rows(named=True)}


SERVED, GAVE_UP, OPEN, ABSENT = int(Outcome.SERVED), int(Outcome.ABANDONED), int(Outcome.OPEN), int(Outcome.ABSENT)


def test_a_file_goes_up_and_comes_back():
    # community -> street -> district -> outside -> community, which tells the resident
    found = moves_of((0, SERVED), (1, SERVED), (2, SERVED), (2, SERVED), (-1, SERVED), (0, SERVED))
    assert found == {
        ("resident", "community"): 1,
        ("community", "street"): 1,
        ("street", "district"): 1,
        ("district", "outside"): 1,
        ("outside", "community"): 1,
        ("community", "finished"): 1,
    }


def test_who_gives_up_and_comes_again_has_the_request_in_between_and_may_leave_in_the_end():
    in_person = {"presence": 1, "trip": 1}
    found = moves_of((0, GAVE_UP, in_person), (0, GAVE_UP, in_person), end=6)
    assert found == {
        ("resident", "community"): 2,
        ("community", "resident"): 1,
        ("community", "left unserved"): 1,
    }
    on_the_phone = {"presence": 2}
    assert moves_of((0, GAVE_UP, on_the_phone), (0, SERVED, on_the_phone))["resident", "community"] == 2
    assert moves_of((0, SERVED, in_person), (0, SERVED, {"presence": 1}))["resident", "community"] == 1


def test_a_certificate_is_posted_to_the_community_and_collected():
    collect = {"presence": 1, "trip": 1}
    found = moves_of((0, SERVED), (1, SERVED), (-1, SERVED, {"hand_over": 1}), (0, SERVED, collect))
    assert found["street", "community"] == found["community", "resident"] == 1
    assert found["resident", "community"] == 2
    assert ("street", "outside") not in found


def test_an_issue_is_found_by_a_patrol_or_reported():
    seen_by_patrol = (-1, SERVED, {"awaits": 3})
    assert moves_of(seen_by_patrol, (1, SERVED))["resident", "community"] == 1
    reported = (-1, GAVE_UP, {"awaits": 3})
    found = moves_of(reported, (0, SERVED, {"presence": 2}), (1, OPEN), end=7)
    assert found == {("resident", "community"): 1, ("community", "street"): 1, ("street", "still open"): 1}
    assert moves_of((0, SERVED), (1, SERVED, {"arrival": -1}), end=7) == {
        ("resident", "community"): 1,
        ("community", "still open"): 1,
    }


def test_every_measured_request_starts_with_the_resident_and_ends_once(seen):
    told, flow = seen.told.requests, seen.tables["flows"]
    measured = (told.contact >= seen.start) & (told.contact < seen.end)
    ends = {end: flow.filter(to=end)["n"].sum() for end in ENDS}
    assert ends["finished"] == np.count_nonzero(measured & (told.result >= 0)) > 0
    assert ends["left unserved"] == np.count_nonzero(measured & (told.result < 0) & told.left)
    assert sum(ends.values()) == measured.sum()
    # What comes to a place leaves it; every request comes from the resident once more than it goes back.
    for place in PLACES:
        more = flow.filter(origin=place)["n"].sum() - flow.filter(to=place)["n"].sum()
        assert more == (measured.sum() if place == "resident" else 0), place
    for (archetype,), rows in flow.group_by("archetype"):
        n = rows.filter(pl.col("to").is_in(ENDS))["n"].sum()
        assert rows["per_request"].to_numpy() == pytest.approx(rows["n"].to_numpy() / n, rel=1e-6), archetype
    assert flow.filter(pl.col("origin") == pl.col("to")).is_empty()
    if "street" not in seen.pilot.structure.levels:
        assert "street" not in {*flow["origin"], *flow["to"]}


def test_flows_count_the_moves_of_the_record(seen):
    case, visits, labels = seen.case, seen.visits, seen.case.labels
    up = 0
    measured = set(
        seen.told.requests.ids[
            (seen.told.requests.contact >= seen.start) & (seen.told.requests.contact < seen.end)
        ].tolist()
    )
    for request in range(case.n_residents):
        first = case.network.requests.first
        if int(case.ids[request]) not in measured:
            continue
        steps = [i for i in range(first[request], first[request + 1]) if visits.arrival[i] >= 0]
        # what a patrol or a visit has seen is at the community
        seen_by_staff = [case.network.steps.awaits[i] >= 0 and visits.outcome[i] == Outcome.SERVED for i in steps]
        levels = [0 if seen else labels.level[i] for i, seen in zip(steps, seen_by_staff, strict=True)]
        up += sum(labels.level[b] == 2 and levels[k] in (0, 1) and not labels.trip[b] for k, b in enumerate(steps[1:]))
    arrows = seen.tables["flows"].filter(pl.col("to") == "district", pl.col("origin").is_in(["community", "street"]))
    assert arrows["n"].sum() == up > 0


def integrated(*intervals, start, end, horizon):
    counts = np.zeros((1, 1 + N_SLOTS), dtype=np.int64)
    rests = np.zeros((1, N_SLOTS), dtype=np.int64)
    for sign, begin, until in intervals:
        one = kernels.Intervals(*(np.array([x], dtype=np.int64) for x in (0, begin, until)))
        kernels.add_intervals(one, start, end, horizon, sign, WEEK, SLOT, counts, rests)
    over = np.array([counts[0, 2 + k :].sum() for k in range(N_SLOTS)])
    return SLOT * (counts[0, 0] + over) + rests[0]


def test_an_interval_is_cut_into_half_hours_of_the_week_by_hand():
    start = 2 * WEEK
    at = start + 9 * HOUR + 50 * MINUTE  # Monday, 09:50 to 10:40
    ticks = integrated((1, at, at + 50 * MINUTE), start=start, end=start + WEEK, horizon=9 * WEEK)
    assert {k: int(ticks[k]) // MINUTE for k in np.flatnonzero(ticks)} == {19: 10, 20: 30, 21: 10}
    # Before the window nothing counts, after it neither, and who never leaves waits until the end.
    ticks = integrated((1, start - HOUR, -1), start=start, end=start + 2 * WEEK, horizon=9 * WEEK)
    assert (ticks == 2 * SLOT).all()
    # Served from 10:00 to 10:15: it waits before and after.
    served = (-1, at + 10 * MINUTE, at + 25 * MINUTE)
    ticks = integrated((1, at, at + 50 * MINUTE), served, start=start, end=start + WEEK, horizon=9 * WEEK)
    assert {k: int(ticks[k]) // MINUTE for k in np.flatnonzero(ticks)} == {19: 10, 20: 15, 21: 10}
    assert not integrated((1, -1, -1), start=start, end=start + WEEK, horizon=9 * WEEK).any()


@pytest.mark.parametrize("seed", range(5))
def test_intervals_over_weeks_are_cut_as_one_would_slot_by_slot(seed):
    draw = np.random.default_rng(seed)
    start, end = WEEK, 4 * WEEK
    a, b = np.sort(draw.integers(0, 5 * WEEK, 2)).tolist()
    expected = np.zeros(N_SLOTS, dtype=np.int64)
    for slot in range(5 * N_SLOTS):
        low, high = slot * SLOT, (slot + 1) * SLOT
        expected[slot % N_SLOTS] += max(0, min(b, high, end) - max(a, low, start))
    assert (integrated((1, a, b), start=start, end=end, horizon=5 * WEEK) == expected).all()


def test_the_number_waiting_is_the_time_between_arrival_and_leaving_that_is_no_service(seen):
    case, visits, spells = seen.case, seen.visits, seen.spells
    expected = dict.fromkeys(((level, desk) for level in ("community", "district") for desk in (DESKS[0], DESKS[2])), 0)
    served = np.zeros(len(visits.arrival), dtype=np.int64)
    for step, a, b in zip(spells.step.tolist(), spells.start.tolist(), spells.end.tolist(), strict=True):
        served[step] += max(0, min(b if b >= 0 else case.horizon, seen.end) - max(a, seen.start))
    for i in np.flatnonzero((visits.arrival >= 0) & (case.network.steps.station >= 0)).tolist():
        level = case.organisation.stations[case.network.steps.station[i]].level
        if case.labels.presence[i] == Presence.IN_PERSON:
            key = level, DESKS[0]
        elif case.labels.kind[i] in (Kind.FRONT, Kind.FILES, Kind.RELAY) and not case.labels.presence[i]:
            key = level, DESKS[2]
        else:
            continue
        until = visits.end[i] if visits.end[i] >= 0 else case.horizon
        if key in expected:
            expected[key] += max(0, min(until, seen.end) - max(visits.arrival[i], seen.start)) - served[i]
    weeks = (seen.end - seen.start) // WEEK
    for (level, desk), ticks in expected.items():
        rows = seen.tables["queues"].filter(level=level, desk=desk)
        assert len(rows) == N_SLOTS
        assert rows["number"].sum() * SLOT * weeks == pytest.approx(ticks, rel=1e-5)
    assert expected["community", DESKS[0]] > 0


def test_nobody_waits_in_person_at_night_or_on_sundays(seen):
    table = seen.tables["queues"].filter(desk="residents in person")
    assert table.filter(pl.col("half_hour") < 12)["number"].sum() == 0
    assert table.filter(weekday=7)["number"].sum() == 0
    assert table["number"].min() >= 0
    assert seen.tables["queues"]["number"].min() >= 0


def test_every_kind_of_work_that_does_not_lapse_waits_somewhere(seen):
    labels = SimpleNamespace(kind=np.array(list(Kind)), presence=np.zeros(len(Kind), dtype=np.int8))
    steps = SimpleNamespace(station=np.zeros(len(Kind), dtype=np.int16))
    case = SimpleNamespace(labels=labels, network=SimpleNamespace(steps=steps), organisation=seen.case.organisation)
    nowhere = {kind for kind, group in zip(Kind, groups(case), strict=True) if group < 0}
    assert nowhere == {Kind.PATROL, Kind.HOME, Kind.OUTSIDE, Kind.SELF_GOVERNMENT}


def test_half_hours_of_a_table_stand_for_the_week_from_monday():
    ticks = np.zeros((3, len(DESKS), N_SLOTS), dtype=np.int64)
    ticks[0, 2, (3 * DAY + 14 * HOUR) // SLOT] = 6 * SLOT  # Thursdays at 14:00, in two weeks
    table = queues(ticks, {"community", "district"}, 2)
    assert table.filter(pl.col("number") > 0).rows() == [("community", "files", 4, 28, 3.0)]
    assert table["level"].unique(maintain_order=True).to_list() == ["community", "district"]


def test_a_province_sums_flows_and_queues_and_has_the_persons_of_its_first_district():
    pilot = tiny("four_level", "district.copies=2")
    tables, _ = replication.simulate(pilot, 0)
    parts = []
    for number in range(2):
        plan = replication.prepare(pilot, 0, number)
        parts.append(replication.measure(plan, replication.Compiled(), replication.Cost()))
    assert province.together(parts)["flows"].equals(tables["flows"])
    assert tables["flows"]["n"].sum() == sum(part["flows"]["n"].sum() for part in parts)
    ends = tables["flows"].filter(pl.col("to").is_in(ENDS))
    assert ends.group_by("archetype").agg(pl.col("per_request").sum())["per_request"].to_numpy() == pytest.approx(1)
    assert tables["persons"].equals(parts[0]["persons"])
    whole = tables["queues"]["number"].sum()
    assert whole == pytest.approx(sum(part["queues"]["number"].sum() for part in parts), rel=1e-5)
