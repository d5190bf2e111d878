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


@pytest.mark.parametrize(
    ("name", "mutation"),
    [
        (
            "conservation",
            lambda c, v, s: (changed(v, "outcome", first(v.outcome == Outcome.SERVED), Outcome.ABSENT), s),
        ),
        ("conservation", lambda c, v, s: (changed(v, "end", first(v.outcome == Outcome.SERVED), -1), s)),
        ("conservation", lambda c, v, s: (changed(v, "start", first(v.outcome == Outcome.ABANDONED), 5), s)),
        ("work", lambda c, v, s: (changed(v, "done", first((v.outcome == Outcome.SERVED) & (v.done > 0)), 0), s)),
        ("one spell at a time", lambda c, v, s: (v, changed(s, "start", first(s.end > 0), 0))),
        ("on duty", lambda c, v, s: (v, changed(s, "ticks", first(s.end > 0), int(s.ticks.max()) + 1))),
        ("changeover", lambda c, v, s: (v, changed(s, "changeover", first(s.end > 0), int(s.ticks.max()) + 1))),
    ],
)
def test_a_changed_record_does_not_balance(record, name, mutation):
    case, visits, spells = record
    with pytest.raises(InvariantError, match=name):
        balance(case.network, *mutation(case, visits, spells), case.horizon)
