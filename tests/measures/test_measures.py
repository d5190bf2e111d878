from types import SimpleNamespace

import numpy as np
import pytest
from setups.district import organised, tiny

from sim.district.stages import Kind, Presence
from sim.draws.clock import HOUR, MINUTE
from sim.engine.audit.invariants import check
from sim.engine.record import Outcome
from sim.engine.reference import engine
from sim.measures import requests, residents, staff
from sim.measures.dictionary import DEFINITIONS
from sim.measures.tally import window
from sim.study import replication

# Every measure below is worked out a second time, request by request and spell by spell, in plain Python.


@pytest.fixture(scope="module", params=["four_level", "three_level"])
def seen(request):
    pilot = tiny(request.param, "run.drain_weeks=3")
    case = replication.prepare(pilot, 0).complete()
    visits, spells = engine.run(case.network, case.horizon)
    start, end = window(pilot)
    none = np.zeros(len(case.organisation.stations), dtype=bool)
    told = requests.requests(case, visits, none)
    rows = residents.resident_rows(case.organisation, case.office, case.demand, told, start, end)
    time = staff.time_spent(case, spells, start, end)
    staff_rows = staff.staff_rows(case.organisation, time, staff.duties(case, visits, start, end), start, end)
    value = {(m, g): v for r in (rows, staff_rows) for m, g, v in zip(r.measure, r.group, r.value, strict=True)}
    return SimpleNamespace(
        case=case, visits=visits, spells=spells, start=start, end=end, requests=told, value=value, time=time
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
        intervals = range(servers.first[person], servers.first[person + 1])
        for spell in mine:
            a = max(spells.start[spell], seen.start)
            b = min(spells.end[spell] if spells.end[spell] >= 0 else seen.case.horizon, seen.end)
            on = sum(max(0, min(b, servers.close[i]) - max(a, servers.open[i])) for i in intervals)
            busy += on
            if seen.case.network.steps.past_closing[spells.step[spell]]:
                over += max(0, b - a) - on
        assert seen.time.busy[person] == busy
        assert seen.time.overtime[person] == over


def test_hours_by_kind_idle_and_meetings_add_up_to_the_time_on_duty(seen):
    total = seen.time.kinds.sum(axis=1) + seen.time.travel
    assert (total == seen.time.busy + seen.time.overtime).all()
    hours = staff.hours_by_kind(seen.time, np.arange(len(seen.time.busy)), 1.0)
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
    assert due == len(seen.case.organisation.place.grid_community) * 5
    assert seen.value["patrols_done", "all"] == pytest.approx(done / due)


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
        assert shares == [d / n for d, n in zip(done, due, strict=True)]
        assert seen.value[name, "all"] == pytest.approx(sum(done) / sum(due))
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
    assert dict(zip(staff.LEVELS, found, strict=True)) == pytest.approx(waiting)


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
        assert len(left) > 5
        assert seen.value["left_unserved", group] == pytest.approx(np.mean(left))


def test_every_measure_is_in_the_dictionary_with_its_unit():
    tables, _ = replication.simulate(tiny(), 0)
    emitted = set(tables["measures"].select("measure", "unit").iter_rows())
    assert emitted == {(name, unit) for name, (unit, _) in DEFINITIONS.items()}
