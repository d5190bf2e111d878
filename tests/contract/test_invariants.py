"""Each invariant notices the record that breaks it: a false entry, or the true record of other rules."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from setups.networks import altered, random_network

from sim.engine.audit.invariants import INVARIANTS, check
from sim.engine.audit.quick import balance
from sim.engine.network_building import make_network
from sim.engine.record import InvariantError, Outcome
from sim.engine.reference.engine import run

SEEDS = range(150)


def pick(flags, rng):
    """Return a row for which the flag holds, or none."""
    rows = np.flatnonzero(flags)
    return rng.choice(rows) if len(rows) else None


def entered(table, column, row, value):
    """Return the table with one entry changed."""
    changed = getattr(table, column).copy()
    changed[row] = value
    return replace(table, **{column: changed})


def of_visit(column, where, value):
    """Return a mutation: a false entry in a visit for which `where(network, visits)` holds."""

    def mutate(network, horizon, rng):
        visits, spells = run(network, horizon)
        row = pick(where(network, visits), rng)
        if row is not None:
            visits = entered(visits, column, row, value(visits, row))
        return network, visits, spells, horizon

    return mutate


def of_spell(column, where, value):
    """Return a mutation: a false entry in a spell for which `where(network, spells)` holds."""

    def mutate(network, horizon, rng):
        visits, spells = run(network, horizon)
        row = pick(where(network, spells), rng)
        if row is not None:
            spells = entered(spells, column, row, value(spells, row))
        return network, visits, spells, horizon

    return mutate


def of_rules(change):
    """Return a mutation: the record of a network with one thing changed."""

    def mutate(network, horizon, rng):
        return network, *run(change(network, rng), horizon), horizon

    return mutate


def steps(**columns):
    """Return a mutation: the record of a network whose steps have these columns instead."""

    def change(network, rng):
        return altered(network, "steps", **{name: value(network.steps, rng) for name, value in columns.items()})

    return of_rules(change)


def went_on(network, visits, *, at_once):
    """Return the steps that were served and whose request then went to another, at once or later."""
    to = network.steps.next
    same = visits.end == visits.arrival[to]
    return (visits.outcome == Outcome.SERVED) & (to >= 0) & (visits.arrival[to] >= 0) & (same == at_once)


def other_stations_added(network, rng):
    """Return the network with one more station, that no step needs, in every other duty."""
    duties, n = network.duties, len(network.stations.hall)
    extra = np.arange(len(duties.longest)) % 2
    at = np.repeat(duties.first[1:], extra)
    stations = replace(
        network.stations, hall=np.append(network.stations.hall, -1), site=np.append(network.stations.site, -1)
    )
    first = duties.first + np.concatenate([[0], np.cumsum(extra)])
    columns = {"station": n, "rank": 0, "pace": 1000}
    lines = {name: np.insert(getattr(duties, name), at, value) for name, value in columns.items()}
    return replace(network, stations=stations, duties=replace(duties, first=first, **lines))


def a_line_dropped(network, rng):
    """Return the network without one line of a duty."""
    duties = network.duties
    row = rng.integers(len(duties.station)) if len(duties.station) else 0
    lines = {name: np.delete(getattr(duties, name), [row][: len(duties.station)]) for name in LINE}
    return replace(network, duties=replace(duties, first=duties.first - (duties.first > row), **lines))


LINE = ("station", "rank", "pace")


def with_another_server(network, horizon, rng):
    """Give a spell to the server of another spell of that time."""
    visits, spells = run(network, horizon)
    end = np.where(spells.end < 0, horizon, spells.end)
    overlaps = (spells.start[:, None] < end) & (spells.start < end[:, None])
    overlaps &= spells.server[:, None] != spells.server
    pair = pick(overlaps.ravel(), rng)
    if pair is not None:
        row, other = divmod(pair, len(end))
        spells = entered(spells, "server", row, spells.server[other])
        if row + 1 == len(end) or spells.step[row + 1] != spells.step[row]:
            visits = entered(visits, "server", spells.step[row], spells.server[other])
    return network, visits, spells, horizon


def last_come_first_served(network, horizon, rng):
    """Run the requests in an order against their ranks, where nothing is interrupted or refused."""
    none = np.zeros_like(network.steps.priority)
    plain = altered(altered(network, "steps", yields_to=none), "stations", hall=0 * network.stations.hall - 1)
    ranked = altered(plain, "steps", priority=none)
    return plain, *run(ranked, horizon), horizon


def one_station(requests, close=(100,)):
    """Return two servers with one station; requests of one step: begin, work, priority, yields_to."""
    columns = np.array(requests).T
    opens = [100 * i for i in range(len(close))]
    return make_network(
        stations={"hall": [-1]},
        duties={"first": [0, 1], "station": [0]},
        servers={"first": [0, len(close), 2 * len(close)], "open": [*opens, *opens], "close": [*close, *close]},
        requests={"first": range(len(requests) + 1), "begin": columns[0]},
        steps={"work": columns[1], "station": 0 * columns[0], "priority": columns[2], "yields_to": columns[3]},
    )


def the_more_urgent_interrupted(network, horizon, rng):
    """Interrupt the spell of priority 2, where one of priority 3 was there."""
    network = one_station([(0, 50, 2, 2), (1, 50, 3, 2), (10, 5, 0, 0)])
    other = altered(network, "steps", priority=np.array([3, 2, 0]))
    return network, *run(other, 90), 90


def gone_on_after_its_last_tick(network, horizon, rng):
    """Suspend a step overnight that was done at the close."""
    network = one_station([(0, 50, 2, 2)], close=(50, 150))
    more = altered(network, "steps", work=np.array([51]))
    return network, *run(more, 70), 70


# The name of an invariant -> a mutation of a correct record that breaks it before any other.
MUTATIONS = {
    "shapes": of_spell("server", lambda n, s: s.server >= 0, lambda s, row: -1),
    "started steps stay": of_visit("outcome", lambda n, v: v.start >= 0, lambda v, row: Outcome.ABANDONED),
    "outcomes": of_visit("end", lambda n, v: v.outcome == Outcome.OPEN, lambda v, row: v.arrival[row]),
    "one place at a time": of_visit("end", lambda n, v: went_on(n, v, at_once=True), lambda v, row: v.end[row] + 1),
    "Little's law": of_visit("end", lambda n, v: went_on(n, v, at_once=False), lambda v, row: v.end[row] + 1),
    "spells and visits": of_visit("interruptions", lambda n, v: v.start >= 0, lambda v, row: v.interruptions[row] + 1),
    "one spell at a time": with_another_server,
    "spells start on duty": of_rules(lambda n, rng: altered(n, "servers", close=n.servers.close + 1)),
    "off duty only past closing": steps(past_closing=lambda s, rng: np.ones_like(s.work)),
    "ticks": steps(past_closing=lambda s, rng: np.zeros_like(s.work)),
    "changeovers": of_rules(lambda n, rng: altered(n, "servers", changeover=n.servers.changeover + 1)),
    "work": steps(work=lambda s, rng: s.work + (s.station >= 0)),
    "hand-back": of_rules(lambda n, rng: altered(n, "servers", hand_back=0 * n.servers.hand_back)),
    "interruptions": of_rules(lambda n, rng: altered(n, "servers", hand_back=0 * n.servers.hand_back + 1)),
    "routes": steps(lag=lambda s, rng: s.lag + 1),
    "leaving": steps(patience=lambda s, rng: np.where(s.patience >= 0, s.patience + 1, -1)),
    "signals": steps(count=lambda s, rng: s.count + 1),
    "refusals": of_rules(lambda n, rng: altered(n, "halls", room=n.halls.room + 1)),
    "no idling beside work": of_rules(a_line_dropped),
    "no waiting beside a spell that yields": steps(yields_to=lambda s, rng: 0 * s.yields_to),
    "no overtaking": last_come_first_served,
    "taking": of_rules(lambda n, rng: altered(n, "duties", rank=2 - n.duties.rank)),
    "placing": of_rules(other_stations_added),
    "interrupting": the_more_urgent_interrupted,
    "ends": gone_on_after_its_last_tick,
}


def test_every_invariant_has_a_mutation():
    assert set(MUTATIONS) == set(INVARIANTS)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_broken_record_is_told_by_its_invariant(name):
    told = Counter()
    for seed in SEEDS:
        network, horizon = random_network(seed)
        record = MUTATIONS[name](network, horizon, np.random.default_rng(seed))
        try:
            check(*record)
        except InvariantError as error:
            told[str(error).split(":")[0]] += 1
        if told[name] == 3:
            return
    pytest.fail(f"told as {dict(told)}")


@pytest.mark.parametrize(
    ("mutation", "book"),
    [
        (of_visit("done", lambda n, v: v.done > 0, lambda v, row: v.done[row] - 1), "work"),
        (of_visit("outcome", lambda n, v: v.end >= 0, lambda v, row: Outcome.OPEN), "conservation"),
        (of_visit("interruptions", lambda n, v: v.start >= 0, lambda v, row: 7), "conservation"),
        (of_visit("end", lambda n, v: (v.start >= 0) & (v.end >= 0), lambda v, row: v.end[row] + 1), "Little's law"),
        (of_spell("ticks", lambda n, s: s.ticks > 0, lambda s, row: s.ticks[row] - 1), "rosters"),
        (of_spell("start", lambda n, s: s.start > 0, lambda s, row: s.start[row] - 1), "rosters"),
        (MUTATIONS["work"], "work"),
        (with_another_server, "rosters"),
    ],
)
def test_books_that_do_not_balance_are_told(mutation, book):
    told = Counter()
    for seed in SEEDS[:40]:
        network, horizon = random_network(seed)
        try:
            balance(*mutation(network, horizon, np.random.default_rng(seed)))
        except InvariantError as error:
            told[str(error).split(":")[0]] += 1
    assert told.most_common(1)[0][0] == book, told


def test_the_first_place_is_told():
    network = one_station([(0, 50, 2, 2), (1, 50, 3, 2), (10, 5, 0, 0)])
    visits, spells = run(network, 90)
    check(network, visits, spells, 90)
    with pytest.raises(InvariantError, match="one spell at a time: server 0 has two spells at once at 1"):
        check(network, replace(visits, server=0 * visits.server), replace(spells, server=0 * spells.server), 90)
    with pytest.raises(InvariantError, match=r"interrupting: step 2 interrupts server 0 and not 1 at 10"):
        check(*the_more_urgent_interrupted(None, None, None))
