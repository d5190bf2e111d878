"""What residents meet with: from the record of one replication to the measures of residents.

A request is measured when its first contact lies in the measured window; a latent issue's first contact is
the moment at which a patrol sees it or a resident reports it. Requests that left are counted in
`left_unserved` and in nothing that needs a result; those still open at the horizon count as longest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.analysis import gini, mean_with_open, quantile_with_open
from sim.clock import DAY, HOUR, MINUTE
from sim.demand import Channel
from sim.itineraries import Presence
from sim.measures.table import Rows
from sim.visits import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sim.assemble import Case
    from sim.config import Archetype
    from sim.visits import Visits

    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

DAYS_GRID = np.concatenate([np.arange(0, 2, 0.05), np.arange(2, 10, 0.25), np.arange(10, 80.5, 0.5)])


@dataclass(frozen=True)
class Requests:
    """Every resident's request under one design, one row each (shape (n,)).

    `contact` and `result` are ticks, -1 where they did not happen before the horizon; `late` is whether the
    limit of its archetype passed before the result, on that limit's own clock; `dispatched` is the tick at which
    it arrived at the last unit that it was handed to (-1: it never left the first).
    """

    contact: Ints
    result: Ints
    left: Bools
    late: Bools
    trips: Ints
    own_time: Ints
    hand_overs: Ints
    dispatched: Ints
    touched: Bools
    touched_in_person: Bools

    @property
    def finished(self) -> Bools:
        """Return which have their result."""
        return self.result >= 0


def requests(case: Case, visits: Visits, overloaded: Bools) -> Requests:
    """Return what became of each resident's request.

    Parameters
    ----------
    case, visits
        The replication and its record.
    overloaded : ndarray of bool, shape (stations,)
        Stations whose staff cannot keep up; requests that came to one are marked as touched.
    """
    first = case.network.requests.first[: case.n_residents + 1]
    n = int(first[-1])
    start = first[:-1]
    steps, labels = case.network.steps, case.labels
    arrival, end, outcome = visits.arrival[:n], visits.end[:n], visits.outcome[:n]
    came = arrival >= 0
    served = outcome == Outcome.SERVED
    in_person = came & (labels.presence[:n] == Presence.IN_PERSON)

    def total(values: Ints | Bools) -> Ints:
        return np.add.reduceat(values.astype(np.int64), start) if len(start) else np.zeros(0, dtype=np.int64)

    latent = case.demand.channel == Channel.LATENT
    contact = np.where(latent, end[start], arrival[start])
    again = np.flatnonzero(came & (steps.awaits[:n] >= 0))
    owner = np.searchsorted(first, again, side="right") - 1
    second = again != start[owner]  # its report did not get through: known when a patrol sees it
    contact[owner[second]] = end[again[second]]
    result = np.maximum.reduceat(np.where(served & (labels.result[:n] == 1), end, -1), start)
    gone = np.isin(outcome, (Outcome.ABANDONED, Outcome.REFUSED)) & (steps.leave[:n] < 0)
    until = np.where(end >= 0, end, case.horizon)
    present = np.where(in_person, until - arrival, 0) + np.where(came & (labels.trip[:n] == 1), labels.walk[:n], 0)
    at_overloaded = came & np.where(steps.station[:n] >= 0, overloaded[steps.station[:n]], False)
    return Requests(
        contact=contact,
        result=result,
        left=total(gone) > 0,
        late=_late(case, visits, contact, result, n),
        trips=total(came & (labels.trip[:n] == 1)),
        own_time=total(present),
        hand_overs=total(came & (labels.hand_over[:n] == 1)),
        dispatched=np.maximum.reduceat(np.where(came & (labels.hand_over[:n] == 1), arrival, -1), start),
        touched=total(at_overloaded) > 0,
        touched_in_person=total(at_overloaded & in_person) > 0,
    )


def _late(case: Case, visits: Visits, contact: Ints, result: Ints, n: int) -> Bools:
    """Return which requests passed the limit of their archetype, less the time they waited for papers."""
    steps, labels = case.network.steps, case.labels
    before = np.full(n, -1, dtype=np.int64)  # when the step before ended
    goes_on = (visits.outcome[:n] == Outcome.SERVED) & (steps.next[:n] >= 0)
    before[steps.next[:n][goes_on]] = visits.end[:n][goes_on]
    stops = (labels.stops_clock[:n] == 1) & (before >= 0)
    resumed = np.where(visits.arrival[:n] >= 0, visits.arrival[:n], case.horizon)
    owner = np.repeat(np.arange(case.n_residents), np.diff(case.network.requests.first[: case.n_residents + 1]))
    until = np.where(result >= 0, result, case.horizon)
    late = np.zeros(case.n_residents, dtype=bool)
    for index, archetype in enumerate(case.organisation.pilot.procedures.archetypes.values()):
        if archetype.limit is None:
            continue
        office = archetype.limit.clock == "working_days"
        unit = {"working_days": case.office.day_ticks, "calendar_days": DAY, "hours": HOUR}[archetype.limit.clock]

        def passed(a: Ints, b: Ints, office: bool = office) -> Ints:
            return case.office.hours.between(a, b) if office else b - a

        mine = (case.demand.archetype == index) & (contact >= 0)
        paused = np.zeros(case.n_residents, dtype=np.int64)
        rows = stops & mine[owner]
        np.add.at(paused, owner[rows], passed(before[rows], resumed[rows]))
        late[mine] = passed(contact[mine], until[mine]) - paused[mine] > archetype.limit.amount * unit
    return late


def resident_rows(case: Case, visits: Visits, reqs: Requests, start: int, end: int) -> Rows:
    """Return the measures of residents in [start, end), overall and by group.

    Groups: `all`, `archetype:`, `channel:`, `route:` (how far today's law sends a procedure), `community:` (of today),
    `special_care:` yes or no.
    """
    rows = Rows()
    measured = (reqs.contact >= start) & (reqs.contact < end)
    begin = case.network.requests.begin[: case.n_residents]
    arisen = (begin >= start) & (begin < end) & (case.demand.channel == Channel.LATENT)
    waits = _counter_waits(case, visits)
    for group, member in _groups(case):
        _request_rows(rows, case, reqs, group, measured & member)
        _wait_rows(rows, waits, group, (measured & member)[waits[0]])
        detected = arisen & member & (reqs.contact >= 0)
        lag = case.office.hours.between(begin[detected], reqs.contact[detected]) / case.office.day_ticks
        missing = int((arisen & member).sum()) - len(lag)
        rows.add(
            "detection_lag_p50",
            group,
            "working days",
            quantile_with_open(lag, missing, 0.5),
            len(lag) + missing,
        )
        rows.add("found", group, "share", _share(len(lag), len(lag) + missing), len(lag) + missing)
    _between_communities(rows)
    return rows


def _between_communities(rows: Rows) -> None:
    """Add how unequal today's communities fare: the worst over their mean, and the Gini index."""
    for measure in ("turnaround_p50", "counter_wait_mean", "resident_time", "left_unserved"):
        values = np.array(
            [
                v
                for m, g, v in zip(rows.measure, rows.group, rows.value, strict=True)
                if m == measure and g.startswith("community:") and not np.isnan(v)
            ]
        )
        even = not len(values) or values.sum() == 0
        ratio = float("nan") if even else float(values.max() / values.mean())
        rows.add(f"{measure}_worst_ratio", "all", "ratio", ratio, len(values))
        rows.add(f"{measure}_gini", "all", "index", float("nan") if even else gini(values), len(values))


def _request_rows(rows: Rows, case: Case, reqs: Requests, group: str, measured: Bools) -> None:
    """Add the measures that count requests."""
    n = int(measured.sum())
    finished = measured & reqs.finished
    days = case.office.hours.between(reqs.contact[finished], reqs.result[finished]) / case.office.day_ticks
    still_open = int((measured & ~reqs.finished & ~reqs.left).sum())
    whole = len(days) + still_open
    rows.add("turnaround_mean", group, "working days", mean_with_open(days, still_open), whole)
    rows.add("turnaround_p50", group, "working days", quantile_with_open(days, still_open, 0.5), whole)
    rows.add("turnaround_p90", group, "working days", quantile_with_open(days, still_open, 0.9), whole)
    rows.add("still_open", group, "share", _share(still_open, n), n)
    rows.add("left_unserved", group, "share", _share(int((measured & reqs.left).sum()), n), n)
    limited = measured & ~reqs.left & np.array([a.limit is not None for a in _archetypes(case)])[case.demand.archetype]
    rows.add(
        "on_time",
        group,
        "share",
        _share(int((limited & ~reqs.late).sum()), int(limited.sum())),
        int(limited.sum()),
    )
    came = measured & (case.demand.channel != Channel.LATENT)
    rows.add("trips", group, "per request", _mean(reqs.trips[came]), int(came.sum()))
    rows.add("resident_time", group, "minutes", _mean(reqs.own_time[came] / MINUTE), int(came.sum()))
    counter = measured & (case.demand.channel == Channel.COUNTER)
    once = counter & reqs.finished & (reqs.trips == 1)
    rows.add("one_visit", group, "share", _share(int(once.sum()), int(counter.sum())), int(counter.sum()))
    rows.add("hand_overs", group, "per request", _mean(reqs.hand_overs[finished]), int(finished.sum()))
    if len(days) > 2 and np.ptp(reqs.hand_overs[finished]) > 0:
        slope = float(np.polyfit(reqs.hand_overs[finished], days, 1)[0])
        rows.add("days_per_hand_over", group, "working days", slope, len(days))
    sent = measured & (reqs.dispatched >= 0)
    hours = case.office.hours.between(reqs.contact[sent], reqs.dispatched[sent]) / HOUR
    rows.add("dispatch_p50", group, "office hours", quantile_with_open(hours, 0, 0.5), len(hours))
    rows.add("touched", group, "share", _share(int((measured & reqs.touched).sum()), n), n)
    rows.add("touched_in_person", group, "share", _share(int((counter & reqs.touched_in_person).sum()), n), n)


def _counter_waits(case: Case, visits: Visits) -> tuple[Ints, NDArray[np.float64], Bools]:
    """Return (request, minutes waited in opening time, whether still waiting) of every wait in person."""
    first = case.network.requests.first[: case.n_residents + 1]
    n = int(first[-1])
    rows = np.flatnonzero((visits.arrival[:n] >= 0) & (case.labels.presence[:n] == Presence.IN_PERSON))
    owner = np.searchsorted(first, rows, side="right") - 1
    stop = np.where(visits.start[rows] >= 0, visits.start[rows], visits.end[rows])
    waiting = stop < 0
    stop = np.where(waiting, case.horizon, stop)
    return owner, case.office.hours.between(visits.arrival[rows], stop) / MINUTE, waiting


def _wait_rows(rows: Rows, waits: tuple[Ints, NDArray[np.float64], Bools], group: str, measured: Bools) -> None:
    """Add the measures of waiting at a counter."""
    minutes = waits[1][measured & ~waits[2]]
    waiting = int((measured & waits[2]).sum())
    rows.add("counter_wait_mean", group, "minutes", mean_with_open(minutes, waiting), len(minutes) + waiting)
    rows.add(
        "counter_wait_p50",
        group,
        "minutes",
        quantile_with_open(minutes, waiting, 0.5),
        len(minutes) + waiting,
    )
    rows.add(
        "counter_wait_p90",
        group,
        "minutes",
        quantile_with_open(minutes, waiting, 0.9),
        len(minutes) + waiting,
    )
    for low, high in ((0, 10), (10, 30), (30, 60), (60, np.inf)):
        within = int(((minutes >= low) & (minutes < high)).sum())
        name = f"counter_wait_{low}_{high:g}" if np.isfinite(high) else f"counter_wait_{low}_up"
        rows.add(name, group, "share", _share(within, len(minutes) + waiting), len(minutes) + waiting)


def _archetypes(case: Case) -> list[Archetype]:
    """Return the archetypes in their order."""
    return list(case.organisation.pilot.procedures.archetypes.values())


def route(archetype: Archetype) -> str:
    """Return how far today's law sends most requests of a procedure: the level of its last likely activity."""
    order = ("community", "street", "district")
    likely = [order.index(a.level) for a in archetype.activities if a.share >= 0.5 and a.where != "outside"]
    return order[max(likely)]


def _groups(case: Case) -> Iterator[tuple[str, Bools]]:
    """Yield every group of requests with its members."""
    demand, place = case.demand, case.organisation.place
    yield "all", np.ones(len(demand), dtype=bool)
    names = list(case.organisation.pilot.procedures.archetypes)
    for i, name in enumerate(names):
        yield f"archetype:{name}", demand.archetype == i
    for channel in Channel:
        yield f"channel:{channel.name.lower()}", demand.channel == channel
    routes = np.array([route(a) for a in _archetypes(case)])
    for level in ("community", "street", "district"):
        yield f"route:{level}", (routes == level)[demand.archetype]
    special = place.special[demand.household]
    yield "special_care:yes", special
    yield "special_care:no", ~special
    today = place.today[demand.household]
    for unit in range(int(place.today.max()) + 1):
        yield f"community:{unit + 1:02d}", today == unit


def turnaround_distribution(case: Case, reqs: Requests, start: int, end: int) -> dict[str, list[float]]:
    """Return the share of all measured requests finished within so many working days, on a fixed grid.

    Those still open and those that left unserved are never finished.
    """
    measured = (reqs.contact >= start) & (reqs.contact < end)
    finished = measured & reqs.finished
    days = np.sort(case.office.hours.between(reqs.contact[finished], reqs.result[finished]) / case.office.day_ticks)
    share = np.searchsorted(days, DAYS_GRID, side="right") / max(1, int(measured.sum()))
    return {"days": DAYS_GRID.tolist(), "share": share.tolist()}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _mean(values: NDArray[np.float64] | Ints) -> float:
    return float(values.mean()) if len(values) else float("nan")
