"""Runs in blocks of time give the record of one run of the whole."""

from dataclasses import fields, replace

import numpy as np
import pytest
from setups.district import office, tiny
from setups.networks import columns, random_network
from setups.timeline import awaiting as waits
from setups.timeline import delay, duty, request, server, town

from sim.district import assemble, blocks, demand, organisation, place
from sim.draws.clock import WEEK
from sim.engine import compiled, network_building, resume, subset
from sim.engine.network import Steps, owners
from sim.engine.network_building import NARROW, make_network


def part_of(network, requests):
    return subset.chosen(network, requests, subset.rows_of(network.requests.first, requests))


def run_in_blocks(network, horizon, edges):
    """Yield (requests, visits, spells) of a network run block by block; requests are those of the whole."""
    begin = network.requests.begin
    run, here, ids, done = None, None, None, None
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        new = np.flatnonzero((begin >= start) & (begin < end))
        if run is None:
            ids, here = new, part_of(network, new)
            run = compiled.Run.from_network(here, horizon)
        else:
            keep = np.flatnonzero(~done)
            old_rows = subset.rows_of(here.requests.first, keep)
            both = np.concatenate([ids[keep], new])
            order = np.argsort(both)
            after = part_of(network, both[order])
            place_of = np.empty(len(both), dtype=int)
            place_of[order] = np.arange(len(both))
            moved = np.full(len(run.marks), -1)
            moved[old_rows] = subset.rows_of(after.requests.first, place_of[: len(keep)])
            run, here, ids = resume.resumed(run, after, moved), after, both[order]
        run.advance(end)
        if end == edges[-1]:
            yield (ids, *run.record())
        else:
            done = resume.over(run)
            gone = np.flatnonzero(done)
            rows = subset.rows_of(here.requests.first, gone)
            yield (ids[gone], *resume.record(run, part_of(here, gone).steps, rows, run.spells_by_step()))


def assembled(network, pieces):
    """Return the visits and the spells of pieces as rows of the whole network."""
    n = len(network.steps.work)
    visits, spells, seen = {}, [], np.zeros(n, dtype=int)
    for ids, visit, spell in pieces:
        rows = subset.rows_of(network.requests.first, ids)
        seen[rows] += 1
        for field in fields(visit):
            visits.setdefault(field.name, np.full(n, -99))[rows] = getattr(visit, field.name)
        spells.append(np.stack([rows[spell.step], *(getattr(spell, f.name) for f in fields(spell)[1:])]))
    assert (seen == 1).all()
    spells = np.concatenate(spells, axis=1)
    return visits, spells[:, np.argsort(spells[0], kind="stable")]


def assert_blocks_give_the_whole(network, horizon, seed):
    """Check the record of a run in some blocks."""
    visits, spells = compiled.run(network, horizon)
    rng = np.random.default_rng(seed)
    edges = [0, *sorted({int(x) for x in rng.integers(1, horizon, 4)}), horizon]
    if network.requests.begin.max() >= horizon:  # parts begin before the horizon
        edges[-1] = horizon
        network = part_of(network, np.flatnonzero(network.requests.begin < horizon))
        visits, spells = compiled.run(network, horizon)
    got_visits, got_spells = assembled(network, run_in_blocks(network, horizon, edges))
    for field in fields(visits):
        np.testing.assert_array_equal(got_visits[field.name], getattr(visits, field.name), err_msg=field.name)
    np.testing.assert_array_equal(got_spells, np.stack([getattr(spells, f.name) for f in fields(spells)]))


@pytest.mark.parametrize("seed", range(150))
def test_blocks_give_the_record_of_the_whole(seed):
    assert_blocks_give_the_whole(*random_network(seed, n_requests=30, n_servers=5), seed)


@pytest.mark.parametrize("seed", range(20))
def test_blocks_may_have_any_priorities(seed):
    network, horizon = random_network(seed, n_requests=30, n_servers=5)
    made, steps = columns(network), network.steps
    within = np.random.default_rng(seed).integers(0, 10, len(steps.work))
    made["steps"] |= {"priority": steps.priority * 10 + within, "yields_to": steps.yields_to * 10}
    assert_blocks_give_the_whole(make_network(**made, allow_unserved=True), horizon, seed)


def test_a_run_in_blocks_needs_no_stations():
    # One emits at 1, 4, 7, ...; each of the others awaits the third emission from its arrival on.
    requests = [request(i, delay(emits=0) if i % 3 == 1 else waits(0, count=3, next=1), delay()) for i in range(40)]
    network = town(requests, stations=0, servers=[server()], duties=[duty()])
    visits, _ = compiled.run(network, 40)
    got, _ = assembled(network, run_in_blocks(network, 40, [0, 5, 6, 17, 30, 40]))
    for field in fields(visits):
        np.testing.assert_array_equal(got[field.name], getattr(visits, field.name), err_msg=field.name)
    assert visits.end[:2].tolist() == [7, 7]


def test_emissions_are_counted_anew_in_every_block():
    # However many blocks there are, the number of an emission that is awaited stays within what a narrow column holds.
    requests = [request(i, delay(emits=0)) for i in range(30)] + [request(28, waits(0, count=9))]
    network = town(requests, servers=[server()])
    run = compiled.Run.from_network(network, 60)
    run.advance(29)
    assert (run.waiting.emitted.tolist(), run.marks["left"][30]) == ([29], 38)
    again = resume.resumed(run, part_of(network, np.array([29, 30])), np.array([*[-1] * 29, 0, 1]))
    assert (again.waiting.emitted.tolist(), again.marks["left"][1]) == ([0], 9)


def test_a_network_is_narrow_only_if_its_columns_hold_the_number_of_any_emission():
    kind = np.int32
    most = np.iinfo(kind).max - np.iinfo(NARROW["count"]).max
    network = random_network(0)[0]
    for n, narrow in ((most, True), (most + 1, False)):
        # Steps that take no memory: all of them are the one entry.
        steps = Steps(**{name: np.broadcast_to(np.zeros(1, NARROW[name]), n) for name in vars(network.steps)})
        assert network_building._is_narrow(replace(network, steps=steps)) == narrow


def plan_of(a_pilot, replication=0):
    where = place.build_place(a_pilot)
    drawn = demand.draw(a_pilot, where, replication)
    return assemble.plan(organisation.build_organisation(a_pilot, where), office(a_pilot), drawn, replication)


@pytest.mark.parametrize("name", ["four_level", "three_level", "three_level_all_down"])
@pytest.mark.parametrize("cuts", [(1,), (1, 2), (2,)])
def test_a_district_in_blocks_is_the_district(name, cuts):
    plan = plan_of(tiny(name))
    whole = plan.part(0, plan.horizon)
    visits, spells = compiled.run(whole.network, plan.horizon)
    pieces = []
    for part in blocks.records(plan, [0, *(week * WEEK for week in cuts), plan.horizon]):
        case = part.case
        first, rows = whole.network.requests.first, subset.rows_of(whole.network.requests.first, case.ids)
        np.testing.assert_array_equal(case.network.requests.begin, whole.network.requests.begin[case.ids])
        for column in ("work", "station", "patience", "lag"):
            np.testing.assert_array_equal(
                getattr(case.network.steps, column), getattr(whole.network.steps, column)[rows]
            )
        for column in ("kind", "walk", "result", "activity"):
            np.testing.assert_array_equal(getattr(case.labels, column), getattr(whole.labels, column)[rows])
        going = case.network.steps.next >= 0
        shift = (first[case.ids] - case.network.requests.first[:-1])[owners(case.network.requests.first)]
        np.testing.assert_array_equal((case.network.steps.next + shift)[going], whole.network.steps.next[rows][going])
        pieces.append((case.ids, part.visits, part.spells))
    got_visits, got_spells = assembled(whole.network, pieces)
    for field in fields(visits):
        np.testing.assert_array_equal(got_visits[field.name], getattr(visits, field.name), err_msg=field.name)
    np.testing.assert_array_equal(got_spells, np.stack([getattr(spells, f.name) for f in fields(spells)]))
    assert len(pieces) == blocks.PORTIONS * (len(cuts) + 1)
    assert all(len(ids) for ids, _, _ in pieces)
