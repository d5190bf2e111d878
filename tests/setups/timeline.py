"""A small language for worked timelines: whole-number networks, played on every engine and checked.

Steps are told apart by their row; `next` and `leave` count within the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import pytest

from sim.engine import compiled
from sim.engine.audit.invariants import check
from sim.engine.network_building import make_network
from sim.engine.record import Outcome
from sim.engine.reference import engine as reference

# A new engine joins here.
ENGINES = {"reference": reference.run, "compiled": compiled.run}

every_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)

LONG = 1000


def line(station, rank=0, pace=1000):
    return station, rank, pace


def duty(*lines, longest=0):
    """Return a duty; a line given as a plain number is that station at rank 0 and pace 1000."""
    return [x if isinstance(x, tuple) else line(x) for x in lines], longest


def server(*intervals, changeover=0):
    """Return a server with intervals (open, close[, duty[, hand_back]]); without any, one long interval."""
    return [(*x, *(0, 0)[len(x) - 2 :]) for x in intervals or [(0, LONG)]], changeover


def step(work=0, station=0, **columns):
    return {"work": work, "station": station, **columns}


def yielding(work, station=0, **columns):
    """Return a step of priority 2 that priorities 0 and 1 interrupt."""
    return step(work, station, **{"priority": 2, "yields_to": 2, **columns})


def delay(**columns):
    return step(0, -1, **columns)


def awaiting(signal, **columns):
    return step(0, -1, awaits=signal, **columns)


def request(begin, *steps):
    return begin, steps


def _firsts(rows):
    return [0, *accumulate(len(x) for x in rows)]


def _columns(rows, names):
    """Return the columns of rows given as tuples."""
    rows = list(rows)
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def _steps(requests):
    """Return the columns that any step sets, next and leave as rows of the network."""
    rows = []
    for _, steps in requests:
        first = len(rows)
        rows += [{k: v + first if k in ("next", "leave") and v >= 0 else v for k, v in one.items()} for one in steps]
    absent = dict.fromkeys(
        ("lag_clock", "gate", "patience", "patience_clock", "shuts", "emits", "awaits", "next", "leave"), -1
    )
    names = {name for row in rows for name in row}
    return {name: [row.get(name, absent.get(name, int(name == "count"))) for row in rows] for name in names}


def town(requests, *, servers=None, stations=1, sites=None, halls=None, rooms=(), duties=None, calendars=()):
    """Return the network of these rows: by default one server, always there, for all the stations."""
    servers = servers or [server()]
    n = len(sites or halls or range(stations))
    duties = duties or [duty(*range(n))]
    intervals = [one for rows, _ in servers for one in rows]
    return make_network(
        stations={"hall": halls or [-1] * n, "site": sites or [-1] * n},
        halls={"room": list(rooms)},
        duties={
            "first": _firsts([lines for lines, _ in duties]),
            "longest": [longest for _, longest in duties],
            **_columns([x for lines, _ in duties for x in lines], ("station", "rank", "pace")),
        },
        servers={
            "first": _firsts([rows for rows, _ in servers]),
            "changeover": [changeover for _, changeover in servers],
            **_columns(intervals, ("open", "close", "duty", "hand_back")),
        },
        calendars={
            "first": _firsts(calendars),
            **_columns([x for calendar in calendars for x in calendar], ("open", "close")),
        },
        requests={"first": _firsts([x for _, x in requests]), "begin": [x for x, _ in requests]},
        steps=_steps(requests),
        allow_unserved=True,
    )


VISIT = ("arrival", "start", "end", "server", "done", "interruptions")
SPELL = ("step", "server", "start", "end", "ticks", "changeover")


@dataclass(frozen=True)
class Seen:
    """What an engine made of a network, as plain rows."""

    visits: list[tuple]
    spells: list[tuple]

    def column(self, name):
        return [row[VISIT.index(name)] for row in self.visits]

    @property
    def arrivals(self):
        return self.column("arrival")

    @property
    def starts(self):
        return self.column("start")

    @property
    def ends(self):
        return self.column("end")

    @property
    def servers(self):
        return self.column("server")

    @property
    def outcomes(self):
        return [row[-1] for row in self.visits]

    @property
    def stretches(self):
        """Return (step, server, start, end) of every spell."""
        return [row[:4] for row in self.spells]


def _rows(record, names):
    return list(zip(*(getattr(record, name).tolist() for name in names), strict=True))


def play(engine, network, until=LONG):
    """Return what the engine makes of the network, whose record must keep every invariant."""
    visits, spells = engine(network, until)
    check(network, visits, spells, until)
    outcomes = [Outcome(x).name.lower() for x in visits.outcome.tolist()]
    rows = [(*row, name) for row, name in zip(_rows(visits, VISIT), outcomes, strict=True)]
    return Seen(rows, _rows(spells, SPELL))
