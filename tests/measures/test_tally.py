from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest
from setups.district import tiny

from sim.district import engines, overload
from sim.engine.network import owners
from sim.engine.reference import engine
from sim.measures import tables as results
from sim.measures.tally import merged, tally
from sim.study import replication

# Parts are made by hand here: some requests of a finished run, each with its whole record.


@pytest.fixture(scope="module", params=["four_level", "three_level"])
def run(request):
    case = replication.prepare(tiny(request.param), 0).complete()
    visits, spells = engine.run(case.network, case.horizon)
    overloaded = np.arange(len(case.organisation.stations)) % 3 == 0
    return SimpleNamespace(case=case, visits=visits, spells=spells, overloaded=overloaded)


def some(table, rows, **changed):
    """Return some rows of a table of columns, with these columns instead."""
    columns = {f.name: getattr(table, f.name) for f in fields(table)}
    taken = {name: column[rows] for name, column in columns.items() if isinstance(column, np.ndarray)}
    return replace(table, **taken | changed)


def part_of(run, chosen):
    """Return the tally of the chosen requests alone, from their part of the case and of the record."""
    case, first = run.case, run.case.network.requests.first
    mine = chosen[owners(first)]
    moved = np.cumsum(mine) - 1
    steps = case.network.steps
    to = {
        name: np.where(getattr(steps, name) >= 0, moved[getattr(steps, name)], -1)[mine] for name in ("next", "leave")
    }
    requests = replace(
        case.network.requests,
        first=np.append(0, np.cumsum(np.diff(first)[chosen])),
        begin=case.network.requests.begin[chosen],
    )
    part = replace(
        case,
        network=replace(case.network, steps=some(steps, mine, **to), requests=requests),
        labels=some(case.labels, mine),
        ids=case.ids[chosen],
        n_residents=int(chosen[: case.n_residents].sum()),
    )
    kept = mine[run.spells.step]
    spells = some(run.spells, kept, step=moved[run.spells.step[kept]])
    return tally(part, some(run.visits, mine), spells, overloaded=run.overloaded)


def whole(run):
    return tally(run.case, run.visits, run.spells, overloaded=run.overloaded)


def assert_same(a, b):
    """Hold two tallies, or two tables of one, to the same columns of the same types."""
    for field in fields(a):
        x, y = getattr(a, field.name), getattr(b, field.name)
        if isinstance(x, np.ndarray):
            assert x.dtype == y.dtype, field.name
            np.testing.assert_array_equal(x, y, err_msg=field.name)
        else:
            assert_same(x, y)


def tables(run, told):
    return results.tables(
        run.case.organisation, run.case.office, run.case.demand, told, overload.pools(run.case.organisation)
    )


@pytest.mark.parametrize("n_parts", [1, 2, 7])
def test_parts_tell_what_the_whole_tells(run, n_parts):
    which = np.random.default_rng(n_parts).integers(0, n_parts, len(run.case.ids))
    together = merged([part_of(run, which == i) for i in reversed(range(n_parts))])
    assert_same(together, whole(run))
    expected = tables(run, whole(run))
    for name, table in tables(run, together).items():
        assert table.equals(expected[name], null_equal=True), name
    assert expected["measures"].filter(measure="touched", group="all")["value"].item() > 0


def test_parts_without_residents_or_without_anything_are_parts_too(run):
    resident = np.arange(len(run.case.ids)) < run.case.n_residents
    parts = [part_of(run, chosen) for chosen in (~resident, resident, resident & ~resident)]
    assert len(parts[0].requests.ids) == parts[2].time.busy.sum() == 0
    assert_same(merged(parts), whole(run))


def test_a_tally_is_small(run):
    requests = whole(run).requests
    size = sum(getattr(requests, field.name).nbytes for field in fields(requests))
    assert 20 * len(requests.ids) < size < 60 * len(requests.ids)


def test_a_tally_keeps_what_is_measured_and_what_arose(run):
    told, case = whole(run), run.case
    start, end = 7 * 86_400_000, 14 * 86_400_000
    begin, latent = case.demand.instant[told.requests.ids], case.demand.channel[told.requests.ids] == 2
    measured = (told.requests.contact >= start) & (told.requests.contact < end)
    assert (measured | (latent & (begin >= start) & (begin < end))).all()
    assert 0 < measured.sum() < len(measured) < case.n_residents


def test_tallies_that_share_a_request_or_are_none_are_refused(run):
    told = whole(run)
    with pytest.raises(ValueError, match=f"no request in common, got request {told.requests.ids[0]} twice"):
        merged([told, told])
    with pytest.raises(ValueError, match="tallies must be at least one, got none"):
        merged([])


@pytest.mark.parametrize("weeks", [1, 2])
def test_a_replication_in_blocks_gives_the_tables_of_one_in_one_piece(run, weeks):
    pilot = run.case.organisation.pilot
    whole, _ = replication.simulate(pilot, 0)
    blocks, _ = replication.simulate(pilot, 0, engines.Compiled(block_weeks=weeks))
    for name, table in blocks.items():
        assert table.equals(whole[name], null_equal=True), name
