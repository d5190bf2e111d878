from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest
from setups.district import case as case_of
from setups.district import tiny

from sim.district.stages import Presence
from sim.engine.audit import attendance
from sim.engine.record import Outcome
from sim.engine.reference import engine
from sim.measures import kernels, staff


@pytest.fixture(scope="module")
def record():
    case = case_of(tiny())
    return case, *engine.run(case.network, case.horizon)


def test_the_passes_know_the_same_codes():
    assert (kernels.SERVED, kernels.ABANDONED, kernels.REFUSED) == (Outcome.SERVED, Outcome.ABANDONED, Outcome.REFUSED)
    assert [outcome for outcome in Outcome if outcome >= kernels.ABANDONED] == [Outcome.ABANDONED, Outcome.REFUSED]
    assert kernels.IN_PERSON == Presence.IN_PERSON


def test_work_that_waits_is_told_at_any_instants_in_any_order(record):
    case, visits, _ = record
    instants = np.random.default_rng(3).integers(0, case.horizon, 40)
    found = staff.backlog(case, visits, instants)
    for i, instant in enumerate(instants):
        assert staff.backlog(case, visits, np.array([instant]))[:, 0].tolist() == found[:, i].tolist()
    assert found.min() == 0
    assert found.max() > 0


def wide(table):
    columns = {f.name: getattr(table, f.name) for f in fields(table)}
    return replace(
        table, **{name: c.astype(np.int64) for name, c in columns.items() if isinstance(c, np.ndarray) and c.size}
    )


def test_columns_of_any_width_are_read_by_one_program(record):
    case, visits, spells = record
    slow = replace(case, network=replace(case.network, steps=wide(case.network.steps)), labels=wide(case.labels))
    at = case.office.day_closes()
    expected = staff.backlog(case, visits, at)
    assert (staff.backlog(slow, wide(visits), at) == expected).all()
    one, other = (staff.time_spent(*x, 0, case.horizon) for x in ((case, spells), (slow, wide(spells))))
    assert all((getattr(one, f.name) == getattr(other, f.name)).all() for f in fields(one))
    assert len(kernels.add_waiting.signatures) == 1


def test_time_on_duty_is_that_of_the_roster_on_and_off_duty(record):
    network = record[0].network
    servers, rng = network.servers, np.random.default_rng(5)
    server = rng.integers(0, len(servers.changeover), 300)
    start = rng.integers(0, record[0].horizon, 300)
    end = start + rng.integers(0, 40, 300) * 3_600_000
    found = attendance.on_duty(attendance.staff_of(network), server, start, end)
    for s, a, b, ticks in zip(server, start, end, found, strict=True):
        rows = range(servers.first[s], servers.first[s + 1])
        assert ticks == sum(max(0, min(b, servers.close[i]) - max(a, servers.open[i])) for i in rows)
    assert all(n > 0 for n in np.diff(servers.first))


def test_whoever_has_no_roster_is_never_on_duty(record):
    network = record[0].network
    first = np.array([0, 0, *network.servers.first[1:]])
    nobody = replace(network, servers=replace(network.servers, first=first))
    staff_of = attendance.staff_of(nobody)
    for a, b in pairwise([0, 10**9, 2 * 10**9]):
        assert attendance.on_duty(staff_of, np.array([0]), np.array([a]), np.array([b])) == 0
