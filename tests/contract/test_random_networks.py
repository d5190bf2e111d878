"""The reference engine on random networks: every invariant holds, and every feature is reached."""

from collections import Counter
from dataclasses import fields
from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from setups.networks import columns, networks, random_network

from sim.draws.clock import Calendar
from sim.engine import events
from sim.engine.audit.invariants import check
from sim.engine.audit.quick import balance
from sim.engine.events import Kind
from sim.engine.network import owners
from sim.engine.network_building import make_network
from sim.engine.record import Outcome
from sim.engine.reference.engine import run
from sim.engine.reference.waiting import OpenTime

SEEDS = range(400)


@settings(max_examples=300, deadline=None)
@given(networks())
def test_a_run_keeps_every_invariant(drawn):
    network, horizon = drawn
    visits, spells = run(network, horizon)
    check(network, visits, spells, horizon)
    balance(network, visits, spells, horizon)


@settings(max_examples=50, deadline=None)
@given(networks())
def test_a_run_changes_nothing_and_repeats(drawn):
    network, horizon = drawn
    before = {t: {name: c.copy() for name, c in table.items()} for t, table in columns(network).items()}
    once, twice = run(network, horizon), run(network, horizon)
    for table, rows in columns(network).items():
        for name, column in rows.items():
            np.testing.assert_array_equal(column, before[table][name])
    for a, b in zip(once, twice, strict=True):
        for field in fields(a):
            np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name))


@settings(max_examples=50, deadline=None)
@given(networks())
def test_an_earlier_horizon_cuts_the_record_and_changes_nothing_before(drawn):
    network, horizon = drawn
    cut = horizon // 2
    visits, spells = run(network, horizon)
    early, early_spells = run(network, cut)
    for name in ("arrival", "start", "end"):
        whole = getattr(visits, name)
        np.testing.assert_array_equal(getattr(early, name), np.where(whole < cut, whole, -1))
    began = spells.start < cut
    np.testing.assert_array_equal(early_spells.start, spells.start[began])
    np.testing.assert_array_equal(early_spells.server, spells.server[began])
    ended = spells.end[began]
    np.testing.assert_array_equal(early_spells.end, np.where(ended < cut, ended, -1))


def happened(network, visits, spells, horizon):
    """Return the (instant, kind, id) of events that the record and the rosters tell."""
    rosters, whose = network.servers, owners(network.servers.first)
    handed = rosters.hand_back == 1
    request = owners(network.requests.first)
    served = (visits.outcome[spells.step] == Outcome.SERVED) & (spells.end == visits.end[spells.step])
    found = [
        (spells.end[served], Kind.END, spells.server[served]),
        (rosters.close[handed], Kind.CLOSING, whose[handed]),  # a plain closing sets nothing off
        (rosters.open, Kind.OPENING, whose),
    ]
    for outcome, instants, kind in (
        (visits.outcome == Outcome.ABANDONED, visits.end, Kind.LEAVING),
        (visits.arrival >= 0, visits.arrival, Kind.ARRIVAL),
    ):
        found.append((instants[outcome], kind, request[outcome]))
    return [(t, kind, i) for at, kind, ids in found for t, i in zip(at.tolist(), ids, strict=True) if t < horizon]


def features(network, visits, spells):
    """Return how often each feature of the contract shows in a record."""
    steps, servers, duties = network.steps, network.servers, network.duties
    arrived, served = visits.arrival >= 0, visits.outcome == Outcome.SERVED
    stopped = spells.end >= 0
    step, whose = spells.step, spells.server
    last = np.append(step[1:] != step[:-1], True)[: len(step)]
    interrupted = stopped & ~(last & served[step])
    elapsed = spells.end - spells.start
    late = steps.past_closing[step] == 1
    closes = {(s, t) for s, t in zip(owners(servers.first).tolist(), servers.close.tolist(), strict=True)}
    starts = set(zip(whose.tolist(), spells.start.tolist(), strict=True))
    ends = list(zip(whose.tolist(), spells.end.tolist(), strict=True))
    taken_over = interrupted & np.array([x in starts for x in ends], dtype=bool)
    at_close = interrupted & np.array([x in closes for x in ends], dtype=bool)
    duty_paces = duties.pace != 1000
    waited = (visits.start > visits.arrival) & arrived
    awaiting = (steps.awaits >= 0) & arrived
    walked = spells.changeover > 0
    leaves = steps.leave >= 0
    counts = {
        **{f"outcome {o.name.lower()}": visits.outcome == o for o in Outcome},
        "interrupted by another": taken_over,
        "handed back": at_close & ~taken_over,
        "interrupted more than once": visits.interruptions > 1,
        "suspended": stopped & ~late & (spells.ticks < elapsed),
        "ended at a close": stopped & ~interrupted & np.array([x in closes for x in ends], dtype=bool),
        "took no time": stopped & (elapsed == 0),
        "interrupted at once": interrupted & (elapsed == 0),
        "changeover": walked,
        "interrupted in its changeover": interrupted & walked & (spells.ticks == spells.changeover),
        "in progress at the horizon": ~stopped,
        "several servers": (np.bincount(step, minlength=len(served)) > 1) & served,
        "awaiting served": awaiting & served,
        "awaiting abandoned": awaiting & (visits.outcome == Outcome.ABANDONED),
        "awaiting the second emission or a later one": awaiting & served & (steps.count > 1),
        "delay": arrived & (steps.station < 0) & (steps.awaits < 0),
        "emission by a delay": served & (steps.emits >= 0) & (steps.station < 0),
        "lag in plain time": arrived & (steps.lag > 0) & (steps.lag_clock < 0),
        "lag in working time": arrived & (steps.lag > 0) & (steps.lag_clock >= 0),
        "gate": arrived & (steps.gate >= 0),
        "lag and gate": arrived & (steps.gate >= 0) & (steps.lag > 0),
        "waited": waited,
        "patience in working time": (visits.outcome == Outcome.ABANDONED) & (steps.patience_clock >= 0),
        "sent away": (visits.outcome == Outcome.ABANDONED) & (steps.shuts >= 0) & (steps.patience < 0),
        "went on after leaving": (visits.outcome == Outcome.ABANDONED) & leaves,
        "went on after refusal": (visits.outcome == Outcome.REFUSED) & leaves,
        "another pace": np.isin(steps.station[step], duties.station[duty_paces]),
        "longest": duties.longest == 1,
    }
    return Counter({name: int(np.count_nonzero(flags)) for name, flags in counts.items()})


def test_random_networks_reach_every_feature():
    seen: Counter[str] = Counter()
    names = set()
    for seed in SEEDS:
        network, horizon = random_network(seed)
        found = features(network, *run(network, horizon))
        names |= set(found)
        seen += found
    assert {name: seen[name] for name in names if seen[name] < 10} == {}


def test_random_networks_reach_ties_of_every_pair_of_kinds():
    seen = Counter()
    for seed in SEEDS:
        network, horizon = random_network(seed)
        at = {}
        for instant, kind, id_ in happened(network, *run(network, horizon), horizon):
            at.setdefault(instant, []).append((kind, id_))
        for events_ in at.values():
            kinds = [kind for kind, _ in sorted(set(events_))]
            seen.update(
                set(combinations_with_replacement(Kind, 2))
                & {(a, b) for i, a in enumerate(kinds) for b in kinds[i + 1 :]}
            )
    assert {pair: seen[pair] for pair in combinations_with_replacement(Kind, 2) if seen[pair] < 10} == {}


def test_kinds_are_in_the_order_of_the_contract():
    assert [kind.name for kind in sorted(events.Kind)] == ["END", "CLOSING", "OPENING", "LEAVING", "ARRIVAL"]


@pytest.mark.parametrize("horizon", [-1, 2**62, 50.5, float("nan")])
def test_a_horizon_that_is_no_whole_number_of_ticks_is_refused(horizon):
    network, _ = random_network(0)
    with pytest.raises(ValueError, match=rf"horizon must be a whole number from 0 to 2\^62, got {horizon}"):
        run(network, horizon)


def test_nothing_happens_before_tick_0():
    network, _ = random_network(0)
    visits, spells = run(network, 0)
    check(network, visits, spells, 0)
    assert (visits.outcome == Outcome.ABSENT).all()
    assert len(spells.step) == 0


def test_a_network_without_steps_runs():
    network = make_network(stations={}, duties={}, servers={}, requests={}, steps={})
    visits, spells = run(network, 10)
    check(network, visits, spells, 10)
    balance(network, visits, spells, 10)
    assert len(visits.arrival) == len(spells.step) == 0


def test_one_instant_at_a_time_agrees_with_the_clock():
    for seed in range(20):
        calendars = random_network(seed)[0].calendars
        times = OpenTime(calendars)
        for c, (a, b) in enumerate(zip(calendars.first[:-1], calendars.first[1:], strict=True)):
            calendar = Calendar(calendars.open[a:b], calendars.close[a:b])
            for instant in range(40):
                for amount in (0, 1, 7):
                    assert times.after(instant, amount, c) == calendar.after(instant, amount)
