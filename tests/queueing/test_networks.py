import numpy as np
import pytest
import yaml
from setups.small_network import changed

from sim.draws.clock import DAY, HOUR, MINUTE, WEEK
from sim.engine import compiled
from sim.engine.reference import engine as reference
from sim.measures.queueing import queueing_measures
from sim.queueing import sample


def plan(text, **paths):
    return sample.load(changed(**paths) if text is None else yaml.safe_load(text))


def run(a_plan, seed=1, replication=0, engine=reference):
    network, labels, horizon = sample.sample(a_plan, seed, replication)
    visits, spells = engine.run(network, horizon)
    start, end = a_plan.window
    return (
        network,
        visits,
        queueing_measures(network, labels, visits, spells, start=start, end=end, horizon=horizon),
    )


def value(measures, measure, group):
    return {(m, g): v for m, g, _, v, _ in measures.iter_rows()}[measure, group]


def test_the_same_seed_and_replication_give_the_same_network():
    first, second = sample.sample(plan(None), 3, 4)[0], sample.sample(plan(None), 3, 4)[0]
    assert np.array_equal(first.steps.work, second.steps.work)
    other = sample.sample(plan(None), 3, 5)[0]
    assert not np.array_equal(first.requests.begin[:20], other.requests.begin[:20])


def test_more_staff_and_another_class_leave_a_request_its_draws():
    base = sample.sample(plan(None), 1, 0)[0]
    other = {
        "arrivals": {"rate": 2},
        "route": [{"station": "back", "service": {"law": "uniform", "low": 1, "high": 2}}],
    }
    more, labels, _ = sample.sample(plan(None, servers__clerk__number=9, classes__other=other), 1, 0)
    mine = np.repeat(labels.request_class == 0, np.diff(more.requests.first))
    assert np.array_equal(more.requests.begin[labels.request_class == 0], base.requests.begin)
    assert np.array_equal(more.steps.work[mine], base.steps.work)


def test_a_law_of_another_activity_moves_no_other_draws():
    base = sample.sample(plan(None), 1, 0)[0].steps.work
    patient = plan(None, classes__customer__route__0__patience={"law": "exponential", "mean": 3})
    assert np.array_equal(sample.sample(patient, 1, 0)[0].steps.work, base)


def test_rework_leaves_the_first_round_its_draws():
    base = sample.sample(plan(None), 1, 0)[0]
    again = sample.sample(plan(None, classes__customer__route__1__next={"desk": 0.5, "end": 0.5}), 1, 0)[0]
    first = again.requests.first[:-1]
    assert np.array_equal(again.steps.work[first], base.steps.work[0::2])
    assert np.array_equal(again.steps.work[first + 1], base.steps.work[1::2])
    rounds = np.diff(again.requests.first) / 2
    assert abs(rounds.mean() - 2) < 4 * np.sqrt(2 / len(rounds))


def test_requests_stand_in_the_order_of_arrival_and_of_their_class():
    other = {"arrivals": {"times": [0, 1]}, "route": [{"station": "desk", "service": 1}]}
    tied = plan(None, classes__other=other,
                classes__customer__arrivals={"times": [0, 0, 2]})  # fmt: skip
    network, labels, horizon = sample.sample(tied, 0, 0)
    assert network.requests.begin.tolist() == [0, 0, 0, HOUR, 2 * HOUR]
    assert labels.request_class.tolist() == [0, 0, 1, 1, 0]
    assert horizon == 100 * HOUR
    assert (labels.class_names, labels.pool_names) == (("customer", "other"), ("clerk", "officer"))
    assert labels.server_pool.tolist() == [0, 0, 1]


def test_ways_lead_to_the_rows_of_the_same_request():
    forked = plan("""
horizon: 1000
stations: {a: {room: 1}, b: {}, c: {}}
servers: {all: {serves: [a, b, c]}}
classes:
  x:
    arrivals: {rate: 1}
    route:
      - {station: a, service: 1, next: {b: 0.3, c: 0.3, end: 0.4}, leave: {a: 0.5, c: 0.5}}
      - {station: b, service: 1, next: {a: 0.5, end: 0.5}}
      - {station: c, service: 1}
""")
    network = sample.sample(forked, 2, 0)[0]
    steps, first = network.steps, network.requests.first
    # make_network has checked that ways lead forwards; here, that they lead to the right station
    a = np.flatnonzero(steps.station == 0)
    onward = steps.next[a]
    shares = [np.mean(onward == -1), *(np.mean(steps.station[onward[onward >= 0]] == s) for s in (1, 2))]
    assert shares[0] == pytest.approx(0.4, abs=0.05)
    assert set(steps.station[steps.next[(steps.station == 1) & (steps.next >= 0)]]) == {0}
    assert set(steps.station[steps.leave[a]]) == {0, 2}
    reached = np.unique(np.concatenate([steps.next, steps.leave, first[:-1]]))
    assert np.array_equal(reached[reached >= 0], np.arange(len(steps.work)))


def test_bounded_rounds_end_the_way_at_the_last():
    for_ever = plan(None, classes__customer__route__1__next="desk", classes__customer__rounds=3)
    network = sample.sample(for_ever, 1, 0)[0]
    assert set(np.diff(network.requests.first)) == {6}
    assert np.all(network.steps.next[network.requests.first[1:] - 1] == -1)


def test_values_in_turn_and_steps_in_turn_follow_the_order_of_arrival():
    turns = plan(
        None,
        classes__customer__route__0__service=[1, 2, 3],
        classes__customer__route__0__next=["back", "end"],
    )
    network = sample.sample(turns, 1, 0)[0]
    first = network.requests.first[:-1]
    assert (network.steps.work[first][:4] / HOUR).tolist() == [1, 2, 3, 1]
    assert np.diff(network.requests.first)[:4].tolist() == [2, 1, 2, 1]


def test_every_column_of_the_contract_can_be_written():
    full = plan(
        """
time_unit: minute
horizon: 10080
sites: [office, grid]
halls: {lobby: {room: 4}}
stations: {desk: {hall: lobby, site: office}, street: {site: grid}, post: {}}
duties:
  mornings: {lines: {desk: {rank: 0}, street: {rank: 1, pace: 1.15}}, longest: true}
calendars:
  office_hours: {weekly: {mon-fri: [09:00-12:00, 14:00-17:30]}}
  closing: {weekly: {mon-fri: ["12:00", "17:30"]}}
rosters:
  split:
    - {hours: {weekly: {mon-fri: [09:00-12:00]}}, duty: mornings}
    - {hours: {weekly: {mon-fri: [14:00-17:30]}}, duty: {street: {rank: 0}}, hand_back: true}
servers:
  grid_manager: {number: 2, roster: split, changeover: 10}
  carrier: {serves: post, hours: office_hours}
classes:
  resident:
    priority: 2
    yields_to: 1
    arrivals: {rate: 0.01, hours: office_hours, day_factor_cv: 0.25}
    route:
      - {station: desk, service: 5, patience: 30, patience_clock: office_hours, shuts: closing,
         leave: home, next: sent}
      - {name: home, lag: 60, next: sent}
      - {name: sent, station: post, service: 1, lag: 2, lag_clock: office_hours,
         gate: {instants: [60], every: 1440}, past_closing: true, priority: 3, yields_to: 0}
  issue:
    arrivals: {times: [0]}
    route: [{awaits: seen, count: 2}, {station: street, service: 20, emits: seen}]
"""
    )
    network, labels, _ = sample.sample(full, 1, 0)
    steps = network.steps
    assert network.stations.hall.tolist() == [0, -1, -1]
    assert network.stations.site.tolist() == [0, 1, -1]
    assert network.halls.room.tolist() == [4]
    assert network.duties.longest.tolist() == [1, 0, 0]
    assert network.duties.pace.tolist() == [1000, 1150, 1000, 1000]
    assert network.duties.rank.tolist() == [0, 1, 0, 0]
    assert network.servers.changeover.tolist() == [600_000, 600_000, 0]
    assert network.servers.hand_back[:4].tolist() == [0, 1, 0, 1]
    assert network.servers.duty[:2].tolist() == [0, 1]
    assert (network.servers.open[:2] / HOUR).tolist() == [9, 14]
    assert (network.servers.close[:2] / HOUR).tolist() == [12, 17.5]
    resident = network.requests.first[np.flatnonzero(labels.request_class == 0)[0]]
    issue = network.requests.first[np.flatnonzero(labels.request_class == 1)[0]]
    row = {
        name: int(getattr(steps, name)[resident])
        for name in ("patience", "patience_clock", "shuts", "work", "priority", "yields_to")
    }
    assert row == {
        "patience": 30 * MINUTE,
        "patience_clock": 0,
        "shuts": 1,
        "work": 5 * MINUTE,
        "priority": 2,
        "yields_to": 1,
    }
    assert (steps.next[resident], steps.leave[resident]) == (resident + 2, resident + 1)
    sent = resident + 2
    assert (steps.lag[sent], steps.lag_clock[sent], steps.past_closing[sent]) == (2 * MINUTE, 0, 1)
    gate = steps.gate[sent]
    assert network.calendars.open[network.calendars.first[gate]] == HOUR
    assert (steps.awaits[issue], steps.count[issue], steps.emits[issue + 1]) == (0, 2, 0)
    assert steps.station[issue] == -1


def test_weekly_hours_repeat_up_to_the_horizon():
    network = sample.sample(plan(None, servers__clerk__hours="open", horizon=24 * 15), 1, 0)[0]
    opens = network.servers.open[: network.servers.first[1]]
    assert len(opens) == 22  # mornings and afternoons of two weeks and a Monday
    assert opens[10] == WEEK + 9 * HOUR
    assert np.all(opens % DAY // HOUR % 5 == 4)


def test_random_hours_are_drawn_for_each_server_and_keep_their_shares():
    law = {"open": {"law": "exponential", "mean": 20}, "shut": {"law": "exponential", "mean": 4}}
    broken = plan(None, servers__clerk__hours={"alternating": law}, horizon=40_000)
    servers = sample.sample(broken, 1, 0)[0].servers
    parts = [slice(servers.first[s], servers.first[s + 1]) for s in (0, 1)]
    assert not np.array_equal(servers.open[parts[0]][:5], servers.open[parts[1]][:5])
    for part in parts:
        lengths = (servers.close[part] - servers.open[part]) / HOUR
        gaps = (servers.open[part][1:] - servers.close[part][:-1]) / HOUR
        assert abs(lengths.mean() - 20) < 4 * 20 / np.sqrt(len(lengths))
        assert abs(gaps.mean() - 4) < 4 * 4 / np.sqrt(len(gaps))
        assert servers.open[part][0] == 0


def test_arrivals_keep_to_their_hours_and_rates():
    hours = {"intervals": [[0, 8]], "every": 24}
    for given in ({"rate": 5}, {"law": "exponential", "mean": 0.2}):
        begin = sample.sample(plan(None, classes__customer__arrivals={**given, "hours": hours}, horizon=2400), 1, 0)[
            0
        ].requests.begin
        assert np.all(begin % DAY < 8 * HOUR)
        assert abs(len(begin) - 4000) < 4 * np.sqrt(4000)


def test_a_profile_repeats_and_batches_and_numbers_bound_it():
    profile = plan(None, classes__customer__arrivals={"profile": [[1, 0], [2, 100]], "day_factor_cv": 0.1}, horizon=30)
    begin = sample.sample(profile, 1, 0)[0].requests.begin
    assert begin.min() >= HOUR
    assert np.all(begin % (3 * HOUR) >= HOUR)
    assert len(begin) == pytest.approx(2000, rel=0.5)
    batches = plan(None, classes__customer__arrivals={"times": [1, 2], "batch": 3, "number": 5})
    assert (sample.sample(batches, 1, 0)[0].requests.begin / HOUR).tolist() == [1, 1, 1, 2, 2]


def test_a_sinusoid_swings_about_its_mean():
    swing = {"mean": 60, "amplitude": 60, "period": 24}
    begin = sample.sample(plan(None, classes__customer__arrivals={"sinusoid": swing}, horizon=2400), 1, 0)[
        0
    ].requests.begin
    counts = np.bincount(begin % DAY // (6 * HOUR), minlength=4)
    quarter = 6 * 100 * 60
    swung = 12 * 2 / np.pi * 100 * 60 / 2  # the mean of |sin| is 2 / pi
    expected = np.array([quarter + swung, quarter + swung, quarter - swung, quarter - swung])
    assert np.all(np.abs(counts - expected) < 4 * np.sqrt(expected))
    sixth = begin % DAY // (4 * HOUR)  # sin grows from 0 to 1 in a quarter: most come about the sixth hour
    assert np.bincount(sixth).argmax() == 1
    assert abs(len(begin) - 144_000) < 4 * np.sqrt(144_000)


CASES = {
    "batches": (
        """
time_unit: hour
horizon: 3100
warm_up: 100
drain: 50
stations: {desk: {}}
servers: {clerk: {serves: [desk]}}
classes:
  x:
    arrivals: {rate: 0.2, batch: {law: geometric, mean: 3}}
    route: [{station: desk, service: {law: exponential, mean: 1}}]
""", "waiting_time", "class:x", 6.5),
    "breakdowns": (
        """
time_unit: hour
horizon: 3100
warm_up: 100
drain: 50
stations: {desk: {}}
servers:
  clerk:
    serves: [desk]
    hours: {alternating: {open: {law: exponential, mean: 20}, shut: {law: exponential, mean: 4}}}
classes:
  x:
    arrivals: {rate: 0.5}
    route: [{station: desk, service: {law: exponential, mean: 1}}]
""", "sojourn_time", "class:x", 4.6666667),
    # a vacation is work of no priority that never ends: the server takes the next whenever nobody waits
    "vacations": (
        """
time_unit: hour
horizon: 3100
warm_up: 100
drain: 50
stations: {desk: {}}
servers: {clerk: {serves: [desk]}}
classes:
  x:
    arrivals: {rate: 0.7}
    route: [{station: desk, service: {law: exponential, mean: 1}}]
  vacation:
    priority: 1
    arrivals: {times: [0], batch: 1000}
    route: [{station: desk, service: {law: exponential, mean: 2}}]
""", "waiting_time", "class:x", 4.3333333),
    "back to the tail": (
        """
time_unit: hour
horizon: 2100
warm_up: 100
drain: 50
stations: {desk: {}}
servers: {clerk: {serves: [desk]}}
classes:
  x:
    arrivals: {rate: 0.5}
    route: [{station: desk, service: 1, next: {desk: 0.3, end: 0.7}}]
""", "sojourn_time", "class:x", 3.75),
    "there and back": (
        """
time_unit: hour
horizon: 2100
warm_up: 100
drain: 100
stations: {one: {}, two: {}}
servers: {a: {serves: [one]}, b: {serves: [two]}}
classes:
  long:
    arrivals: {rate: 0.3}
    route:
      - {station: one, service: {law: exponential, mean: 1}}
      - {station: two, service: {law: exponential, mean: 1}}
      - {station: one, service: {law: exponential, mean: 1}}
  short:
    arrivals: {rate: 0.4}
    route: [{station: two, service: {law: exponential, mean: 1}}]
""", "sojourn_time", "class:long", 8.3333333),
    "W-model": (
        """
time_unit: hour
horizon: 1600
warm_up: 100
drain: 50
stations: {one: {}, two: {}}
servers: {first: {serves: [one]}, second: {serves: [two]}, both: {serves: {one: {rank: 0}, two: {rank: 1}}}}
classes:
  one:
    arrivals: {rate: 0.8}
    route: [{station: one, service: {law: exponential, mean: 1}}]
  two:
    arrivals: {rate: 0.7}
    route: [{station: two, service: {law: exponential, mean: 1.25}}]
""", "utilisation", "pool:both", 0.57421643),
    "slower outside one's own": (
        """
time_unit: hour
horizon: 1600
warm_up: 100
drain: 50
stations: {simple: {}, complex: {}}
servers:
  b: {number: 2, serves: {simple: {pace: 0.7}}}
  a: {serves: {complex: {rank: 0}, simple: {rank: 1}}}
classes:
  simple:
    arrivals: {rate: 1.5}
    route: [{station: simple, service: {law: exponential, mean: 1.4285714}}]
  complex:
    arrivals: {rate: 0.4}
    route: [{station: complex, service: {law: exponential, mean: 1.25}}]
""", "utilisation", "pool:a", 0.76182476),
    "deterministic patience": (
        """
time_unit: hour
horizon: 260
warm_up: 50
drain: 10
stations: {desk: {}}
servers: {clerk: {number: 10, serves: [desk]}}
classes:
  x:
    arrivals: {rate: 10}
    route: [{station: desk, service: {law: exponential, mean: 1}, patience: 1}]
""", "waiting_time_served", "class:x", 0.36602643),
    "five at a time": (
        """
time_unit: hour
horizon: 2100
warm_up: 100
drain: 100
classes:
  x:
    arrivals: {rate: 0.5}
    route: # the fifth sets the four before it free
      - {name: come, next: [stay, stay, stay, stay, go]}
      - {name: stay, awaits: full, next: end}
      - {name: go, emits: full}
""", "sojourn_time", "class:x", 4.0),
    "to the next epoch": (
        """
time_unit: hour
horizon: 2100
warm_up: 100
drain: 100
calendars: {epochs: {instants: [0], every: 8}}
classes:
  x:
    arrivals: {rate: 0.5}
    route: [{name: come}, {name: sent, gate: epochs}]
""", "sojourn_time", "class:x", 4.0),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_other_mechanisms_meet_theory(name):
    text, measure, group, expected = CASES[name]
    a_plan = plan(text)
    found = np.array([value(run(a_plan, replication=r, engine=compiled)[2], measure, group) for r in range(12)])
    assert value(run(a_plan)[2], measure, group) == found[0]
    error = found.std(ddof=1) / np.sqrt(len(found))
    assert error < 0.15 * expected
    assert abs(found.mean() - expected) < 4 * error


@pytest.mark.parametrize("n", [300, pytest.param(3000, marks=pytest.mark.long)])
def test_the_first_customers_of_an_empty_station_wait_as_theory_says(n):
    # M/M/3 started empty: 10th and 25th customer, Kolmogorov equations of the embedded chain
    a_plan = plan("""
time_unit: minute
horizon: 1000
stations: {desk: {}}
servers: {clerk: {number: 3, serves: [desk]}}
classes:
  x:
    arrivals: {rate: 0.2, number: 25}
    route: [{station: desk, service: {law: exponential, mean: 10}}]
""")
    waits = []
    for r in range(n):
        network, _, horizon = sample.sample(a_plan, 1, r)
        visits, _ = compiled.run(network, horizon)
        waits.append((visits.start - visits.arrival)[[9, 24]] / MINUTE)
    error = np.std(waits, axis=0, ddof=1) / np.sqrt(len(waits))
    assert np.all(np.abs(np.mean(waits, axis=0) - [2.379372, 3.8452996]) < 4 * error)
