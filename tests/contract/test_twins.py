"""The two engines agree to the last tick and bit on every network."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from setups.district import case, pilot, tiny
from setups.networks import altered, columns, networks, random_network
from setups.shipped_networks import NAMES, plan_of
from setups.twins import assert_same, assert_twins

from sim.engine import compiled
from sim.engine.events import Kind
from sim.engine.network import Steps
from sim.engine.network_building import NARROW, make_network
from sim.engine.record import Outcome
from sim.queueing import sample


def widened(network):
    """Return the network with all columns of the steps as int64."""
    wide = {name: getattr(network.steps, name).astype(np.int64) for name in NARROW}
    for column in wide.values():
        column.flags.writeable = False
    return replace(network, steps=Steps(**wide))


@settings(max_examples=500, deadline=None)
@given(networks())
def test_engines_agree_on_small_networks(drawn):
    assert_twins(*drawn)


def test_engines_agree_on_many_seeds():
    for seed in range(1500):
        assert_twins(*random_network(seed))


@pytest.mark.long
def test_engines_agree_on_very_many_seeds():
    for seed in range(1500, 60_000):
        assert_twins(*random_network(seed))


@pytest.mark.parametrize("seed", range(12))
def test_engines_agree_where_servers_fill_several_words(seed):
    assert_twins(*random_network(seed, n_requests=400, n_servers=150, n_stations=5))


@pytest.mark.parametrize("seed", range(40))
def test_engines_agree_on_networks_too_wide_for_narrow_columns(seed):
    network, horizon = random_network(seed)
    assert network.steps.work.dtype == np.int32
    wide = widened(network)
    narrow, other = compiled.run(network, horizon), compiled.run(wide, horizon)
    assert other[0].done.dtype == np.int64
    for a, b in zip(narrow, other, strict=True):
        for field in fields(a):
            np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name))
    assert_twins(wide, horizon)


@pytest.mark.parametrize("seed", range(40))
def test_engines_agree_on_instants_of_many_years(seed):
    network, horizon = random_network(seed)
    far = 2**55
    late = altered(network, "requests", begin=network.requests.begin + far)
    late = altered(late, "servers", open=late.servers.open + far, close=late.servers.close + far)
    late = altered(late, "calendars", open=late.calendars.open + far, close=late.calendars.close + far)
    for table in (late.requests, late.servers, late.calendars):
        for field in fields(table):
            getattr(table, field.name).flags.writeable = False
    assert_twins(late, horizon + far)


def stretched(network, horizon, k):
    """Return the network with every time k times as long, so that days of the agenda hold several instants."""
    times = {
        "requests": ("begin",), "servers": ("open", "close", "changeover"), "calendars": ("open", "close"),
        "steps": ("work", "lag", "patience"),
    }  # fmt: skip
    made = columns(network)
    for table, names in times.items():
        for name in names:
            column = made[table][name].astype(np.int64)
            made[table][name] = np.where(column >= 0, column * k, column)
    return make_network(**made, allow_unserved=True), horizon * k


@pytest.mark.parametrize("k", [97, 1_000_003])
def test_engines_agree_where_a_day_of_the_agenda_holds_several_instants(k):
    for seed in range(600):
        network, horizon = stretched(*random_network(seed, n_requests=30), k)
        assert_twins(network, horizon)
    assert compiled.Run.from_network(network, horizon).shift > 0


@pytest.mark.parametrize("seed", range(40))
def test_engines_agree_on_more_priorities_than_have_lists_of_their_own(seed):
    network, horizon = random_network(seed)
    priority = network.steps.priority * 30
    yields_to = np.minimum(network.steps.yields_to * 30, priority)
    priority.flags.writeable = yields_to.flags.writeable = False
    assert_twins(altered(network, "steps", priority=priority, yields_to=yields_to), horizon)


@pytest.mark.parametrize("name", ["four_level", "three_level", "three_level_all_down"])
def test_engines_agree_on_the_shipped_pilots(name):
    for overrides in ((), ("roles.order=split",), ("service.desk=rota",), ("roles.cover=colleague",)):
        made = case(tiny(name, *overrides))
        assert_twins(made.network, made.horizon)


@pytest.mark.long
@pytest.mark.parametrize("name", ["four_level", "three_level", "three_level_all_down"])
def test_engines_agree_on_the_whole_of_yuehu(name):
    made = case(pilot(name))
    assert_twins(made.network, made.horizon)


@pytest.mark.parametrize("seed", range(60))
def test_a_run_in_pieces_is_the_run(seed):
    network, horizon = random_network(seed)
    pieces = compiled.Run.from_network(network, horizon)
    for until in range(0, horizon, 7):
        pieces.advance(until)
    pieces.advance(horizon)
    assert_same(pieces.record(), compiled.run(network, horizon))


@pytest.mark.parametrize("seed", range(60))
def test_buffers_grow_without_a_trace(seed):
    network, horizon = random_network(seed, n_requests=200)
    run = compiled.Run.from_network(network, horizon)
    run.log = compiled.Log(*(column[:1].copy() for column in run.log))
    events = {name: getattr(run.agenda, name)[:1].copy() for name in compiled.Agenda._fields[:5]}
    run.agenda = run.agenda._replace(**events)
    run.advance(horizon)
    assert_same(run.record(), compiled.run(network, horizon))


def test_a_run_changes_nothing_and_repeats():
    network, horizon = random_network(5)
    assert_same(compiled.run(network, horizon), compiled.run(network, horizon))


@pytest.mark.parametrize("horizon", [-1, 2**62, 50.5, float("nan")])
def test_a_horizon_that_is_no_whole_number_of_ticks_is_refused(horizon):
    network, _ = random_network(0)
    with pytest.raises(ValueError, match=rf"horizon must be a whole number from 0 to 2\^62, got {horizon}"):
        compiled.run(network, horizon)


def test_networks_without_steps_or_time_run():
    nothing = make_network(stations={}, duties={}, servers={}, requests={}, steps={})
    assert_twins(nothing, 10)
    assert_twins(random_network(0)[0], 0)


def test_constants_that_the_kernel_copies_are_those_of_the_contract():
    assert [Kind(i).name for i in range(5)] == ["END", "CLOSING", "OPENING", "LEAVING", "ARRIVAL"]
    for kind in Kind:
        assert getattr(compiled, kind.name) == kind
    for outcome in Outcome:
        assert getattr(compiled, outcome.name) == outcome


@pytest.mark.parametrize("name", NAMES)
def test_engines_agree_on_every_shipped_network(name):
    network, _, horizon = sample.sample(plan_of(name), 1, 0)
    assert_twins(network, horizon)
