from dataclasses import replace

import numpy as np
import pytest
from district import tiny

from sim import replication
from sim.engine import reference
from sim.visits import InvariantError, Outcome, balance


@pytest.fixture(scope="module")
def record():
    case = replication.prepare(tiny(), 0)
    return case, *reference.run(case.network, case.horizon)


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
