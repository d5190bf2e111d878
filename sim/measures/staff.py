"""What the staff's time goes to: from the record of one replication to the measures of staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.analysis import gini
from sim.clock import HOUR, WEEK, Calendar
from sim.itineraries import KIND_NAMES, Kind
from sim.measures.table import Rows
from sim.visits import Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.assemble import Case
    from sim.visits import Spells, Visits

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

TRAVEL, MEETINGS, IDLE, ON_DUTY = "travel", "meetings", "idle", "on_duty"
LEVELS = ("community", "street", "district")


class Time:
    """How each member of staff spent a window, in ticks (arrays of shape (people,)).

    `kinds` holds the ticks of each kind of work, in and out of hours; `busy` those on duty; `overtime` those
    past closing; `on_duty` the roster; `meetings` the meetings attended.
    """

    def __init__(self, case: Case, spells: Spells, start: int, end: int) -> None:
        servers = case.network.servers
        n = len(servers.changeover)
        self.kinds = np.zeros((n, len(Kind)), dtype=np.int64)
        self.busy, self.overtime, self.on_duty, self.travel, self.meetings = (
            np.zeros(n, dtype=np.int64) for _ in range(5)
        )
        began = spells.start
        ended = np.where(spells.end >= 0, spells.end, case.horizon)
        inside = (began < end) & (ended > start)
        order = np.flatnonzero(inside)
        order = order[np.argsort(spells.server[order], kind="stable")]
        cuts = np.searchsorted(spells.server[order], np.arange(n + 1))
        past = case.network.steps.past_closing[spells.step] == 1
        kind = case.labels.kind[spells.step]
        for i in range(n):
            a, b = servers.first[i], servers.first[i + 1]
            roster = Calendar(servers.open[a:b], servers.close[a:b])
            self.on_duty[i] = roster.between(start, end)
            rows = order[cuts[i] : cuts[i + 1]]
            low, high = np.maximum(began[rows], start), np.minimum(ended[rows], end)
            on = roster.between(low, high)
            spent = np.where(past[rows], high - low, on)
            travelled = np.minimum(np.where(began[rows] >= start, spells.changeover[rows], 0), spent)
            self.busy[i] = on.sum()
            self.overtime[i] = (spent - on).sum()
            self.travel[i] = travelled.sum()
            self.kinds[i] = np.bincount(kind[rows], spent - travelled, minlength=len(Kind))
        who, opened, closed = case.meetings.T
        np.add.at(self.meetings, who, np.clip(np.minimum(closed, end) - np.maximum(opened, start), 0, None))


def staff_rows(case: Case, visits: Visits, time: Time, start: int, end: int) -> Rows:
    """Return the measures of staff over the measured window, by post and by level.

    Groups: `post:<post>`, `level:<level>`, and for hours a week `post:<post>|kind:<kind of work>`.
    """
    rows = Rows()
    people = case.organisation.people
    weeks = (end - start) / WEEK
    posts = {p.post: np.array([q.post == p.post for q in people]) for p in people}
    levels = {level: np.array([q.level == level for q in people]) for level in LEVELS}
    groups = {f"post:{name}": who for name, who in posts.items()}
    groups |= {f"level:{level}": who for level, who in levels.items() if who.any()}
    for group, who in groups.items():
        n = int(who.sum())
        load = time.busy[who] / np.maximum(1, time.on_duty[who])
        rows.add("utilisation", group, "share", time.busy[who].sum() / max(1, time.on_duty[who].sum()), n)
        rows.add("overtime", group, "hours a week", time.overtime[who].sum() / HOUR / weeks / n, n)
        rows.add("workload_gini", group, "index", gini(load), n)
        for name, hours in hours_by_kind(time, who, weeks).items():
            rows.add("hours", f"{group}|kind:{name}", "hours a week", hours, n)
        spent = time.kinds[who].sum()
        if spent and group == "level:community":
            rows.add("task_share", group, "share", time.kinds[who, Kind.TASKS].sum() / spent, n)
    for name, kind in (("patrols_done", Kind.PATROL), ("visits_done", Kind.HOME)):
        done, due = _duties(case, visits, kind, start, end)
        rows.add(name, "all", "share", done / due if due else float("nan"), due)
    return rows


def hours_by_kind(time: Time, who: NDArray[np.bool_], weeks: float) -> dict[str, float]:
    """Return the hours a week and head of some people, by kind of work; idle time and the roster with them."""
    scale = 1 / HOUR / weeks / max(1, int(who.sum()))
    hours = {KIND_NAMES[k]: float(time.kinds[who, k].sum() * scale) for k in Kind if k is not Kind.OUTSIDE}
    return hours | {
        TRAVEL: float(time.travel[who].sum() * scale),
        MEETINGS: float(time.meetings[who].sum() * scale),
        IDLE: float((time.on_duty[who] - time.busy[who]).sum() * scale),
        ON_DUTY: float((time.on_duty[who] + time.meetings[who]).sum() * scale),
    }


def _duties(case: Case, visits: Visits, kind: Kind, start: int, end: int) -> tuple[int, int]:
    """Return how many patrols or visits due in a window were done (all of their legs), and how many were due."""
    requests = case.network.requests
    first = requests.first[:-1]
    due = (case.labels.kind[first] == kind) & (requests.begin >= start) & (requests.begin < end)
    due[: case.n_residents] = False
    last = requests.first[1:][due] - 1
    return int((visits.outcome[last] == Outcome.SERVED).sum()), int(due.sum())


def backlog(case: Case, visits: Visits, instants: Ints) -> dict[str, Floats]:
    """Return the work that waits at each instant, by level (hours; shape of `instants`).

    Patrols and home visits are left out: what is not begun in its window lapses and never piles up.
    """
    steps, labels = case.network.steps, case.labels
    first = case.network.requests.first
    duty = np.isin(labels.kind, (Kind.PATROL, Kind.HOME))
    waits = (visits.arrival >= 0) & (steps.station >= 0) & ~duty
    until = np.where(visits.start >= 0, visits.start, np.where(visits.end >= 0, visits.end, case.horizon))
    stations = case.organisation.stations
    level_of = np.array([LEVELS.index(s.level) for s in stations])
    level = np.where(steps.station >= 0, level_of[steps.station], -1)
    assert len(level) == first[-1]
    found: dict[str, Floats] = {}
    for code, name in enumerate(LEVELS):
        rows = waits & (level == code)
        work = steps.work[rows]
        found[name] = (_up_to(visits.arrival[rows], work, instants) - _up_to(until[rows], work, instants)) / HOUR
    return found


def _up_to(times: Ints, weights: Ints, instants: Ints) -> Floats:
    """Return the sum of the weights of the times before each instant."""
    order = np.argsort(times, kind="stable")
    total = np.concatenate([[0], np.cumsum(weights[order])])
    return np.asarray(total[np.searchsorted(times[order], instants, side="left")], dtype=np.float64)
