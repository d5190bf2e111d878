from dataclasses import fields, replace

import numpy as np
import pytest
from setups.district import tiny

from sim.engine import network
from sim.engine.audit import kernels
from sim.engine.audit.quick import balance
from sim.engine.network_building import make_network
from sim.engine.record import InvariantError, Outcome, Spells, Visits
from sim.engine.reference import engine
from sim.study import replication


@pytest.fixture(scope="module")
def record():
    case = replication.prepare(tiny(), 0).complete()
    return case, *engine.run(case.network, case.horizon)


def test_a_run_balances(record):
    case, visits, spells = record
    balance(case.network, visits, spells, case.horizon)
    assert (visits.outcome == Outcome.SERVED).sum() > 1000


def changed(rows, column, at, value):
    values = getattr(rows, column).copy()
    values[at] = value
    return replace(rows, **{column: values})


def first(condition):
    return int(np.flatnonzero(condition)[0])


MUTATIONS = {
    "a served step that never came": lambda c, v, s: (changed(v, "outcome", served(v), Outcome.ABSENT), s),
    "a served step without an end": lambda c, v, s: (changed(v, "end", served(v), -1), s),
    "a start without service": lambda c, v, s: (changed(v, "start", first(v.outcome == Outcome.ABANDONED), 5), s),
    "less work than required": lambda c, v, s: (changed(v, "done", served(v), 0), s),
    "two spells at once": lambda c, v, s: (v, changed(s, "start", first(s.end > 0), 0)),
    "ticks that the roster lacks": lambda c, v, s: (v, changed(s, "ticks", first(s.end > 0), int(s.ticks.max()) + 1)),
    "more changeover than ticks": lambda c, v, s: (
        v,
        changed(s, "changeover", first(s.end > 0), int(s.ticks.max()) + 1),
    ),
}


def served(visits):
    return first((visits.outcome == Outcome.SERVED) & (visits.done > 0))


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS.keys())
def test_a_changed_record_does_not_balance(record, mutation):
    case, visits, spells = record
    with pytest.raises(InvariantError):
        balance(case.network, *mutation(case, visits, spells), case.horizon)


NARROW = {"server": "int16", "done": "int32", "interruptions": "int16", "outcome": "int8", "step": "int32"}
NARROW |= {"ticks": "int32", "changeover": "int32", "station": "int16", "work": "int32", "past_closing": "int8"}


def narrowed(rows):
    """Return a table whose columns are as narrow as they may be, and read-only."""
    columns = {f.name: getattr(rows, f.name).copy() for f in fields(rows)}
    columns = {name: column.astype(NARROW.get(name, column.dtype)) for name, column in columns.items()}
    for column in columns.values():
        column.flags.writeable = False
    return replace(rows, **columns)


def test_columns_of_any_width_are_read_by_one_program(record):
    case, visits, spells = record
    slim = replace(case.network, steps=narrowed(case.network.steps), servers=narrowed(case.network.servers))
    balance(slim, narrowed(visits), narrowed(spells), case.horizon)
    wrong = narrowed(changed(visits, "done", served(visits), 0))
    with pytest.raises(InvariantError, match=f"work: step {served(visits)} has done more or less"):
        balance(slim, wrong, narrowed(spells), case.horizon)
    balance(case.network, visits, spells, case.horizon)
    assert len(kernels.check_steps.signatures) == len(kernels.find_overlaps.signatures) == 1


def test_the_compiled_books_know_the_same_codes():
    assert kernels.NONE == network.NONE
    assert (kernels.OPEN, kernels.SERVED, kernels.REFUSED) == (Outcome.OPEN, Outcome.SERVED, Outcome.REFUSED)


def one_server(start, length):
    """Return a server that is always there, with steps of one spell each that are served at once."""
    start, length = np.array(start), np.array(length)
    n, none = len(start), 0 * start
    made = make_network(
        stations={"hall": [-1]},
        duties={"first": [0, 1], "station": [0]},
        servers={"first": [0, 1], "open": [0], "close": [10 * n]},
        requests={"first": range(n + 1), "begin": start},
        steps={"station": none, "work": length},
    )
    end = start + length
    visits = Visits(start, start, end, none, length, none, none + Outcome.SERVED)
    return made, visits, Spells(np.arange(n), none, start, end, length, none), 10 * n


def test_spells_may_be_recorded_in_any_order_of_time_but_not_overlap():
    start = np.random.default_rng(1).permutation(3000) * 10
    balance(*one_server(start, 0 * start + 10))
    balance(*one_server([*start, 0], [*(0 * start + 10), 0]))  # a spell of no length comes first at its instant
    for late in (29_985, 5):
        with pytest.raises(InvariantError, match="rosters: server 0 has two spells at once"):
            balance(*one_server([*start, late], [*(0 * start + 10), 1]))


def test_spells_of_no_step_or_server_are_told_before_the_books_are_read(record):
    case, visits, spells = record
    with pytest.raises(InvariantError, match="rosters: spell 1 is of no step, or out of the order of steps"):
        balance(case.network, visits, changed(spells, "step", 0, spells.step[-1]), case.horizon)
    with pytest.raises(InvariantError, match="rosters: server 99 starts a spell off duty"):
        balance(case.network, visits, changed(spells, "server", 3, 99), case.horizon)
