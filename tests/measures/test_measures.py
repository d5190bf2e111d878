from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from setups.district import organised, tiny

from sim.config import LEVELS
from sim.district.stages import Kind, Presence
from sim.draws.clock import DAY, HOUR, MINUTE, WEEK
from sim.engine.audit.invariants import check
from sim.engine.record import Outcome
from sim.engine.reference import engine
from sim.measures import requests, residents, staff
from sim.measures.dictionary import DEFINITIONS, DUTIES, PRICED
from sim.measures.tally import window
from sim.study import replication

# Every measure below is worked out a second time, request by request and spell by spell, in plain Python.


SOME_LEAVE = ("demand.patience_walk_in_minutes_mean=3", "demand.tries=1")


@pytest.fixture(scope="module", params=["four_level", "three_level"])
def seen(request):
    patrols = f"grid.patrol_duty_share={int(request.param != 'four_level')}"
    issues = ("demand.latent_per_resident_year=0.6", "grid.see_share=0.05")  # nobody finds some of them
    pilot = tiny(request.param, "run.drain_weeks=3", "run.turnaround_cap_working_days=5", patrols, *issues, *SOME_LEAVE)
    case = replication.prepare(pilot, 0).complete()
    visits, spells = engine.run(case.network, case.horizon)
    start, end = window(pilot)
    none = np.zeros(len(case.organisation.stations), dtype=bool)
    told = requests.requests(case, visits, none)
    rows = residents.resident_rows(case.organisation, case.office, case.demand, told, start, end)
    time = staff.time_spent(case, spells, start, end)
    staff_rows = staff.staff_rows(case.organisation, time, staff.duties(case, visits, start, end), start, end)
    paper_rows = staff.paper_rows(staff.paper(case, visits, start, end))
    tables = (rows, staff_rows, paper_rows)
    value = {(m, g): v for r in tables for m, g, v in zip(r.measure, r.group, r.value, strict=True)}
    n = dict(zip(zip(rows.measure, rows.group, strict=True), rows.n, strict=True))
    return SimpleNamespace(
        n=n, case=case, visits=visits, spells=spells, start=start, end=end, requests=told, value=value, time=time
    )


def steps_of(seen, request):
    first = seen.case.network.requests.first
    return [i for i in range(first[request], first[request + 1]) if seen.visits.arrival[i] >= 0]


def measured_visitors(seen):
    """Requests that came in person or by phone in the measured window, with the steps they came to."""
    for request in np.flatnonzero(seen.case.demand.channel != 2):
        steps = steps_of(seen, request)
        if steps and seen.start <= seen.visits.arrival[steps[0]] < seen.end:
            yield request, steps


def office_ticks(seen, a, b):
    hours = seen.case.office.hours
    return sum(max(0, min(b, y) - max(a, x)) for x, y in zip(hours.open, hours.close, strict=True))


def test_the_record_of_a_district_holds_every_invariant(seen):
    check(seen.case.network, seen.visits, seen.spells, seen.case.horizon)


def test_turnaround_runs_from_first_contact_to_result_in_office_time(seen):
    days = []
    for request, steps in measured_visitors(seen):
        last = steps[-1]
        finished = seen.visits.outcome[last] == Outcome.SERVED and seen.case.network.steps.next[last] < 0
        if finished:
            days.append(office_ticks(seen, seen.visits.arrival[steps[0]], seen.visits.end[last]) / (7.5 * HOUR))
        assert (seen.requests.result[request] >= 0) == finished
    came = seen.case.demand.channel != 2
    contact, result = seen.requests.contact[came], seen.requests.result[came]
    mine = (contact >= seen.start) & (contact < seen.end) & (result >= 0)
    told = seen.case.office.hours.between(contact[mine], result[mine]) / (7.5 * HOUR)
    assert sorted(told) == pytest.approx(sorted(days))
    assert len(days) > 30


def measured_requests(seen):
    """All requests whose first contact lies in the measured window, with that contact, the result or None, and whether
    they left."""
    for request in range(len(seen.case.demand)):
        if not (steps := steps_of(seen, request)):
            continue
        waits = [i for i in steps if seen.case.network.steps.awaits[i] >= 0]
        contact = seen.visits.end[waits[-1]] if waits else seen.visits.arrival[steps[0]]
        last = steps[-1]
        served = seen.visits.outcome[last] == Outcome.SERVED and seen.case.network.steps.next[last] < 0
        left = seen.visits.outcome[last] in (Outcome.ABANDONED, Outcome.REFUSED)
        if seen.start <= contact < seen.end:
            yield request, contact, seen.visits.end[last] if served else None, left


CHANNELS = {"channel:counter": (0,), "channel:phone": (1,), "channel:latent": (2,), "all": (0, 1, 2)}


@pytest.mark.parametrize("group", CHANNELS)
def test_who_left_and_who_is_still_open_count_in_turnaround_as_longest_and_the_cap_in_its_mean(seen, group):
    mine = [r for r in measured_requests(seen) if seen.case.demand.channel[r[0]] in CHANNELS[group]]
    days = [np.inf if end is None else office_ticks(seen, a, end) / (7.5 * HOUR) for _, a, end, _ in mine]
    assert seen.value["turnaround_restricted_mean", group] == pytest.approx(np.minimum(days, 5).mean())
    for name, p in (("turnaround_p50", 0.5), ("turnaround_p90", 0.9)):
        expected = sorted(days)[int(np.ceil(p * len(days) - 1e-9)) - 1]
        found = seen.value[name, group]
        assert found == pytest.approx(expected) or (np.isnan(found) and np.isinf(expected))
    served = [d for d, (_, _, _, left) in zip(days, mine, strict=True) if not left]
    expected = sorted(served)[int(np.ceil(len(served) / 2)) - 1]
    assert seen.value["turnaround_p50_served", group] == pytest.approx(expected)
    if np.isfinite(served).all():
        assert seen.value["turnaround_mean_served", group] == pytest.approx(np.mean(served))
    assert seen.value["left_unserved", group] == pytest.approx(np.mean([left for *_, left in mine]))


def test_somebody_left_and_somebody_is_still_open_in_what_is_worked_out_here(seen):
    found = list(measured_requests(seen))
    assert any(left for *_, left in found)
    assert any(end is None and not left for *_, end, left in found)


@pytest.mark.parametrize("group", CHANNELS)
def test_who_left_is_late_and_a_procedure_without_limit_counts_in_neither(seen, group):
    limits = [a.limit for a in seen.case.organisation.pilot.procedures.archetypes.values()]
    kept = []
    for request, _, _, left in measured_requests(seen):
        if seen.case.demand.channel[request] in CHANNELS[group] and limits[seen.case.demand.archetype[request]]:
            kept.append(not left and not seen.requests.late[request])
    assert seen.value["on_time", group] == pytest.approx(np.mean(kept))


def test_groups_of_places_count_what_residents_bring_and_no_latent_issues(seen):
    n_brought = sum(seen.case.demand.channel[request] != 2 for request, *_ in measured_requests(seen))
    for family in ("route:", "community:", "special_care:", "distance:"):
        groups = [g for m, g in seen.n if m == "left_unserved" and g.startswith(family)]
        assert sum(seen.n["left_unserved", g] for g in groups) == n_brought


def test_an_issue_that_nobody_found_counts_from_its_rise_and_in_no_measure_of_requests(seen):
    demand, network = seen.case.demand, seen.case.network
    days, by_staff, n_found = [], 0, 0
    for request in np.flatnonzero(demand.channel == 2):
        if not seen.start <= demand.instant[request] < seen.end:
            continue
        steps = steps_of(seen, request)
        waits = [i for i in steps if network.steps.awaits[i] >= 0]
        last = steps[-1]
        found = seen.visits.end[waits[-1]] >= 0
        n_found += found
        by_staff += seen.visits.outcome[waits[-1]] == Outcome.SERVED
        ended = found and seen.visits.outcome[last] == Outcome.SERVED and network.steps.next[last] < 0
        ticks = office_ticks(seen, demand.instant[request], seen.visits.end[last])
        days.append(ticks / (7.5 * HOUR) if ended else np.inf)
        if not found:
            assert not seen.requests.left[request]
            assert seen.requests.contact[request] == -1
    assert 0 < n_found < len(days)
    assert seen.value["found", "all"] == seen.value["found", "channel:latent"] == n_found / len(days)
    assert seen.value["found_by_staff", "all"] == by_staff / len(days)
    assert seen.value["issue_time_restricted_mean", "all"] == pytest.approx(np.minimum(days, 5).mean())
    middle = sorted(days)[int(np.ceil(len(days) / 2)) - 1]
    assert seen.value["issue_time_p50", "all"] == pytest.approx(middle if np.isfinite(middle) else np.nan, nan_ok=True)


def test_desks_before_the_right_one_are_the_looks_of_wrong_desks(seen):
    wrong = seen.case.labels.activities.index("wrong desk")
    looks = [
        sum(
            seen.case.labels.activity[i] == wrong and seen.visits.outcome[i] == Outcome.SERVED
            for i in steps_of(seen, request)
        )
        for request, *_ in measured_requests(seen)
    ]
    assert max(looks) == 1
    assert seen.value["wrong_desks", "all"] == pytest.approx(np.mean(looks))


def test_paid_hours_go_to_residents_to_service_and_to_administration(seen):
    time = seen.time
    kinds = dict(zip(Kind, time.kinds.sum(axis=0).tolist(), strict=True))
    apart = int(time.meetings.sum() + time.away.sum())
    residents_ = sum(kinds[k] for k in (Kind.FRONT, Kind.FIELD, Kind.DOOR, Kind.HOME))
    assert seen.value["with_residents", "all"] == pytest.approx(residents_ / (int(time.on_duty.sum()) + apart))
    administration = sum(kinds[k] for k in (Kind.TASKS, Kind.OWN, Kind.RELAY)) + apart
    service = residents_ + kinds[Kind.FILES] + kinds[Kind.PATROL]
    assert seen.value["service_over_administration", "all"] == pytest.approx(service / administration)


def test_visits_to_targets_are_the_visits_done_in_proportion_to_those_due(seen):
    place, visits = seen.case.organisation.place, seen.case.organisation.pilot.grid.visits
    duties = np.zeros((2, 2, len(place.grid_community)), dtype=np.int32)
    duties[1, 0] = np.arange(len(place.grid_community))
    duties[1, 1] = 100
    expected = 0.0
    for grid in range(len(place.grid_community)):
        special = place.special[place.grid == grid]
        targets, others = special.sum() * visits.special_per_year, (~special).sum() * visits.ordinary_per_year
        expected += grid * targets / (targets + others)
    rows = staff.staff_rows(seen.case.organisation, seen.time, duties, 0, 26 * WEEK)
    found = dict(zip(zip(rows.measure, rows.group, strict=True), rows.value, strict=True))
    assert found["target_visits", "all"] == pytest.approx(expected / place.special.sum() / 6)
    duties[:] = 0
    rows = staff.staff_rows(seen.case.organisation, seen.time, duties, 0, 26 * WEEK)
    found = dict(zip(zip(rows.measure, rows.group, strict=True), rows.value, strict=True))
    assert all(np.isnan(found[name, "all"]) for name in DUTIES - {"paper_on_time"})
    none_due = staff.paper_rows(np.zeros((3, 2), dtype=np.int64))
    assert np.isnan(none_due.value).all()


def test_waits_at_a_counter_are_minutes_of_opening_time_before_service_or_giving_up(seen):
    waits = []
    for _, steps in measured_visitors(seen):
        for i in steps:
            if seen.case.labels.presence[i] == Presence.IN_PERSON:
                until = seen.visits.start[i] if seen.visits.start[i] >= 0 else seen.visits.end[i]
                waits.append(office_ticks(seen, seen.visits.arrival[i], until) / MINUTE)
    assert seen.value["counter_wait_mean", "all"] == pytest.approx(np.mean(waits))
    assert seen.value["counter_wait_0_10", "all"] == pytest.approx(np.mean(np.array(waits) < 10))


def test_trips_own_time_and_who_left_are_counted_request_by_request(seen):
    labels, visits = seen.case.labels, seen.visits
    trips, own, left = [], [], []
    for request, steps in measured_visitors(seen):
        trips.append(sum(labels.trip[i] for i in steps))
        present = [i for i in steps if labels.presence[i] == Presence.IN_PERSON]
        minutes = sum((visits.end[i] - visits.arrival[i]) / MINUTE for i in present)
        own.append(minutes + sum(labels.walk[i] for i in steps if labels.trip[i]) / MINUTE)
        left.append(visits.outcome[steps[-1]] == Outcome.ABANDONED)
        assert seen.requests.left[request] == left[-1]
    assert seen.value["trips", "all"] == pytest.approx(np.mean(trips))
    assert seen.value["resident_time", "all"] == pytest.approx(np.mean(own))


def test_every_trip_walks_there_and_back(seen):
    trips = np.flatnonzero((seen.case.labels.trip == 1) & (seen.visits.arrival >= 0))
    assert (seen.case.labels.walk[trips] > 0).all()


def test_busy_time_is_the_time_of_spells_on_duty(seen):
    servers, spells = seen.case.network.servers, seen.spells
    for person in range(0, len(servers.changeover), 5):
        busy = over = 0
        mine = np.flatnonzero(spells.server == person)
        day = seen.case.office.hours.contains(servers.open)  # not the evenings
        of_person = range(servers.first[person], servers.first[person + 1])
        for spell in mine:
            a = max(spells.start[spell], seen.start)
            b = min(spells.end[spell] if spells.end[spell] >= 0 else seen.case.horizon, seen.end)
            inside = {i: max(0, min(b, servers.close[i]) - max(a, servers.open[i])) for i in of_person}
            on = sum(ticks for i, ticks in inside.items() if day[i])
            busy += on
            # past closing: all the time of what is finished once begun, and the evenings of what is put down
            past_closing = seen.case.network.steps.past_closing[spells.step[spell]]
            over += (max(0, b - a) if past_closing else sum(inside.values())) - on
        assert seen.time.busy[person] == busy
        assert seen.time.overtime[person] == over


def test_hours_by_kind_idle_and_meetings_add_up_to_the_time_on_duty(seen):
    total = seen.time.kinds.sum(axis=1) + seen.time.travel
    assert (total == seen.time.busy + seen.time.overtime).all()
    hours = staff.hours_by_kind(seen.case.organisation, seen.time, np.arange(len(seen.time.busy)), 1.0)
    work = sum(v for k, v in hours.items() if k not in ("idle", "on_duty"))
    overtime = seen.time.overtime.sum() / HOUR / len(seen.time.overtime)
    assert work + hours["idle"] == pytest.approx(hours["on_duty"] + overtime)


def test_patrols_done_are_those_whose_last_leg_was_served(seen):
    network = seen.case.network
    due = done = 0
    for request in range(seen.case.n_residents, len(network.requests.begin)):
        first = network.requests.first[request]
        inside = seen.start <= network.requests.begin[request] < seen.end
        if inside and seen.case.labels.kind[first] == Kind.PATROL:
            due += 1
            done += seen.visits.outcome[network.requests.first[request + 1] - 1] == Outcome.SERVED
    pilot = seen.case.organisation.pilot
    assert due == len(seen.case.organisation.place.grid_community) * 5 * pilot.grid.patrol_duty_share
    assert seen.value["patrols_done", "all"] == pytest.approx(done / due if due else np.nan, nan_ok=True)


def test_paper_is_done_by_its_date_or_not_and_counts_where_its_date_lies(seen):
    network, case = seen.case.network, seen.case
    days, closes = case.office.working_days, case.office.day_closes()
    done, due = Counter(), Counter()
    for request in range(case.n_residents, len(network.requests.begin)):
        steps = range(network.requests.first[request], network.requests.first[request + 1])
        if case.labels.kind[steps[0]] not in (Kind.TASKS, Kind.OWN):
            assert case.labels.due_days[steps[0]] == -1
            continue
        after = [closes[i] for i, day in enumerate(days) if day >= network.requests.begin[request] // DAY]
        date = after[case.labels.due_days[steps[0]]] if case.labels.due_days[steps[0]] < len(after) else None
        if date is None or not seen.start <= date < seen.end:
            continue
        level = case.organisation.stations[network.steps.station[steps[0]]].level
        due[level] += 1
        came = [i for i in steps if seen.visits.arrival[i] >= 0]
        done[level] += seen.visits.outcome[came[-1]] == Outcome.SERVED and seen.visits.end[came[-1]] <= date
    assert sum(done.values()) > 0
    assert set(case.labels.due_days.tolist()) == {-1, 2, 5}
    for level in ("community", "street", "district"):
        share = done[level] / due[level] if due[level] else np.nan
        assert seen.value["paper_on_time", f"level:{level}"] == pytest.approx(share, nan_ok=True)
    assert seen.value["paper_on_time", "all"] == pytest.approx(sum(done.values()) / sum(due.values()))
    late = replace(seen.visits, end=np.where(seen.visits.end >= 0, seen.visits.end + 10 * WEEK, -1))
    assert staff.paper(case, late, seen.start, seen.end)[:, 0].sum() == 0


def test_the_duties_of_a_grid_are_those_of_its_own_stations_and_add_up_to_all(seen):
    network, design = seen.case.network, seen.case.organisation
    grids = len(design.place.grid_community)
    for kind, name in staff.DUTIES.items():
        due, done = [0] * grids, [0] * grids
        for request in range(seen.case.n_residents, len(network.requests.begin)):
            first = network.requests.first[request]
            inside = seen.start <= network.requests.begin[request] < seen.end
            if inside and seen.case.labels.kind[first] == kind:
                grid = design.stations[network.steps.station[first]].grid
                due[grid] += 1
                done[grid] += seen.visits.outcome[network.requests.first[request + 1] - 1] == Outcome.SERVED
        shares = [seen.value[name, f"grid:{grid + 1:03d}"] for grid in range(grids)]
        assert shares == pytest.approx([d / n if n else np.nan for d, n in zip(done, due, strict=True)], nan_ok=True)
        assert seen.value[name, "all"] == pytest.approx(sum(done) / sum(due) if sum(due) else np.nan, nan_ok=True)
        assert (name, f"grid:{grids + 1:03d}") not in seen.value


def test_a_community_of_the_design_is_as_busy_as_its_staff(seen):
    design, time = seen.case.organisation, seen.time
    busy = on_duty = 0
    for unit in range(design.n_units("community")):
        who = design.members("community", unit)
        assert seen.value["utilisation", f"unit:{unit + 1:02d}"] == time.busy[who].sum() / time.on_duty[who].sum()
        busy, on_duty = busy + time.busy[who].sum(), on_duty + time.on_duty[who].sum()
    assert seen.value["utilisation", "level:community"] == pytest.approx(busy / on_duty)


def test_backlog_is_the_work_that_has_come_and_not_begun(seen):
    at = seen.start + 30 * HOUR
    waiting = dict.fromkeys(("community", "street", "district"), 0)
    steps, visits = seen.case.network.steps, seen.visits
    for i in np.flatnonzero((visits.arrival >= 0) & (visits.arrival < at) & (steps.station >= 0)):
        began = visits.start[i] if visits.start[i] >= 0 else visits.end[i]
        duty = seen.case.labels.kind[i] in (Kind.PATROL, Kind.HOME)
        if not duty and (began < 0 or began >= at):
            waiting[seen.case.organisation.stations[steps.station[i]].level] += steps.work[i] / HOUR
    found = staff.backlog(seen.case, visits, np.array([at, seen.start]))[:, 0] / HOUR
    assert dict(zip(LEVELS, found, strict=True)) == pytest.approx(waiting)


def test_a_third_of_the_households_lives_near_the_office_of_today_and_each_request_has_its_distance(seen):
    place = seen.case.organisation.place
    away, how_far = place.distance(place.today), place.distance_class
    assert away[how_far == 0].max() < away[how_far == 1].min() <= away[how_far == 1].max() < away[how_far == 2].min()
    assert np.bincount(how_far) == pytest.approx(np.full(3, place.n_households / 3), rel=0.05)
    assert (how_far == organised(tiny("three_level")).place.distance_class).all()
    trips = {"near": [], "middle": [], "far": []}
    for request, steps in measured_visitors(seen):
        mine = trips[list(trips)[how_far[seen.case.demand.household[request]]]]
        mine.append(sum(seen.case.labels.trip[i] for i in steps))
    for name, found in trips.items():
        assert seen.value["trips", f"distance:{name}"] == pytest.approx(np.mean(found))


def test_households_of_special_care_are_compared_on_what_residents_bring_and_not_on_latent_issues(seen):
    special = seen.case.organisation.place.special[seen.case.demand.household]
    for group, which in (("special_care:yes", special), ("special_care:no", ~special)):
        left = [seen.requests.left[request] for request, _ in measured_visitors(seen) if which[request]]
        assert len(left) >= 3
        assert seen.value["left_unserved", group] == pytest.approx(np.mean(left))


def test_every_measure_is_in_the_dictionary_with_its_unit():
    tables, _ = replication.simulate(tiny("four_level", "mechanisms=base"), 0)
    emitted = set(tables["measures"].select("measure", "unit").iter_rows())
    assert emitted == {(name, unit) for name, (unit, _) in DEFINITIONS.items() if name not in PRICED}


def test_self_government_is_the_share_of_the_sittings_due_in_the_window_that_were_held():
    owed = "mechanisms.self_government.community_hours_per_week=60"
    pilot = tiny("four_level", owed, "run.measured_weeks=2", "grid.patrol_duty_share=1")
    case = replication.prepare(pilot, 0).complete()
    visits, _ = engine.run(case.network, case.horizon)
    start, end = window(pilot)
    due = held = 0
    for request in range(case.n_residents, len(case.network.requests.begin)):
        step = case.network.requests.first[request]
        if case.labels.kind[step] == Kind.SELF_GOVERNMENT and start <= case.network.requests.begin[request] < end:
            due += 1
            held += visits.outcome[step] == Outcome.SERVED
    assert staff.self_government(case, visits, start, end).tolist() == [held, due]
    assert 0 < held < due
    rows = staff.self_government_rows(np.array([held, due]))
    assert (rows.measure, rows.value, rows.n) == (["self_government_done"], [held / due], [due])
    assert staff.self_government_rows(np.array([0, 0])).measure == []
