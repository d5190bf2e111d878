"""Random valid networks of small whole-number times, so that everything happens and ties are common."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from sim.engine.network_building import make_network

TABLES = ("stations", "halls", "duties", "servers", "calendars", "requests", "steps")
LAST = 60  # the tick before which everything begins


def columns(network):
    """Return the arguments that make a network again."""
    return {
        table: {field.name: getattr(getattr(network, table), field.name) for field in fields(row)}
        for table in TABLES
        for row in [getattr(network, table)]
    }


def altered(network, table, **changes):
    """Return the network with some columns of a table changed, unchecked."""
    return replace(network, **{table: replace(getattr(network, table), **changes)})


def random_network(seed, n_requests=12, n_servers=4, n_stations=3):
    """Return a checked network and a horizon."""
    rng = np.random.default_rng(seed)
    made = {
        "stations": {
            "hall": rng.choice([-1, 0, 0, 1], n_stations),
            "site": rng.choice([-1, 0, 1, 2], n_stations),
        },
        "halls": {"room": rng.integers(0, 4, 2)},
        "duties": _duties(rng, n_stations),
        "calendars": _calendars(rng),
        "requests": {"begin": rng.integers(0, rng.choice([10, 25, LAST]), n_requests)},
    }
    n_steps = rng.integers(1, 5, n_requests)
    made["requests"]["first"] = np.concatenate([[0], np.cumsum(n_steps)])
    made["servers"] = _servers(rng, n_servers, made["duties"], made["stations"]["site"])
    made["steps"] = _steps(rng, made["requests"]["first"], n_stations)
    return make_network(**made, allow_unserved=True), int(rng.integers(LAST // 2, 2 * LAST))


def _duties(rng, n_stations):
    n_duties = int(rng.integers(1, 5))
    lines = [rng.permutation(n_stations)[: rng.choice([0, 1, n_stations, n_stations])] for _ in range(n_duties)]
    n_lines = sum(map(len, lines))
    return {
        "first": np.concatenate([[0], np.cumsum([len(x) for x in lines])]),
        "longest": rng.integers(0, 2, n_duties),
        "station": np.concatenate(lines).astype(int),
        "rank": rng.integers(0, 3, n_lines),
        "pace": rng.choice([1000, 1000, 500, 700, 1150, 2000, 3333], n_lines),
    }


def _intervals(rng, n, p_touch):
    """Return n sorted, disjoint intervals, of which some touch."""
    gaps = np.where(rng.random(n) < p_touch, 0, rng.integers(1, 8, n))
    gaps[0] = rng.integers(0, 8)
    lengths = rng.integers(1, 12, n)
    close = np.cumsum(gaps + lengths)
    return close - lengths, close


def _servers(rng, n_servers, duties, site):
    counts = rng.integers(1, 7, n_servers)
    first = np.concatenate([[0], np.cumsum(counts)])
    rows = [_intervals(rng, n, 0.4) for n in counts]
    opens, closes = (np.concatenate(column) for column in zip(*rows, strict=True))
    changeover = rng.integers(0, 5, n_servers)
    duty = rng.integers(0, len(duties["longest"]), len(opens))
    hand_back = (rng.random(len(opens)) < 0.4).astype(int)
    # No interval in which a spell would be handed back before its changeover ends, time and again.
    whose = np.repeat(np.arange(n_servers), counts)
    before = np.concatenate([[-1], closes[:-1]])
    before[first[:-1]] = -1
    far = [bool((site[duties["station"][a:b]] > 0).any()) for a, b in _spans(duties["first"])]
    trap = (closes - opens <= changeover[whose]) & (opens != before) & np.array(far)[duty]
    return {
        "first": first,
        "changeover": changeover,
        "open": opens,
        "close": closes,
        "duty": duty,
        "hand_back": hand_back * ~trap,
    }


def _spans(first):
    return pairwise(first)


def _calendars(rng):
    counts = rng.integers(0, 6, 4)
    rows = [_intervals(rng, n, 0.2) if n else (np.zeros(0, int),) * 2 for n in counts]
    opens, closes = (np.concatenate(column) for column in zip(*rows, strict=True))
    instants = np.zeros(len(opens), dtype=bool)
    instants[: counts[0]] = True  # the first calendar is one of instants
    return {
        "first": np.concatenate([[0], np.cumsum(counts)]),
        "open": opens,
        "close": np.where(instants, opens + 1, closes),
    }


def _some(rng, p, values):
    """Return each value with a probability, else -1."""
    return np.where(rng.random(len(values)) < p, values, -1)


def _steps(rng, first, n_stations):
    n = int(first[-1])
    whose = np.repeat(np.arange(len(first) - 1), np.diff(first))
    last = first[1:][whose]
    here = np.arange(n)
    kind = rng.choice(["station", "delay", "awaiting"], n, p=[0.75, 0.1, 0.15])
    station = np.where(kind == "station", rng.integers(0, n_stations, n), -1)
    priority = rng.integers(0, 4, n)
    later = here + rng.integers(1, 3, n)
    leave = here + rng.integers(1, 3, n)
    return {
        "station": station,
        "work": np.where(station >= 0, rng.choice([0, 1, 2, 3, 4, 6, 9], n), 0),
        "priority": priority,
        "yields_to": np.where(rng.random(n) < 0.6, priority, rng.integers(0, priority + 1)),
        "past_closing": (rng.random(n) < 0.2).astype(int),
        "lag": np.where(rng.random(n) < 0.3, rng.integers(0, 6, n), 0),
        "lag_clock": _some(rng, 0.3, rng.integers(1, 4, n)),
        "gate": _some(rng, 0.15, rng.integers(0, 4, n)),
        "patience": _some(rng, 0.3, rng.integers(0, 12, n)),
        "patience_clock": _some(rng, 0.3, rng.integers(0, 4, n)),
        "shuts": _some(rng, 0.2, rng.integers(0, 4, n)),
        "emits": np.where(kind == "awaiting", -1, _some(rng, 0.5, rng.integers(0, 2, n))),
        "awaits": np.where(kind == "awaiting", rng.integers(0, 2, n), -1),
        "count": rng.integers(1, 4, n),
        "next": np.where(later < last, later, -1),
        "leave": np.where((leave < last) & (rng.random(n) < 0.7), leave, -1),
    }


def networks():
    """Return a strategy of networks with horizons; failures shrink to few requests, servers and stations."""
    return st.builds(
        random_network,
        st.integers(0, 2**32 - 1),
        n_requests=st.integers(1, 14),
        n_servers=st.integers(1, 5),
        n_stations=st.integers(1, 4),
    )
