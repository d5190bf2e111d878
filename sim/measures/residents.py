"""The measures of residents, from what became of their requests.

A request is measured when its first contact lies in the measured window. All of them count in turnaround: who left
unserved and who is still open at the horizon as longest, or as the cap in a mean, unless the measure's name says
`served`. An issue that nobody found has no first contact: it counts in `found` and in the time from its rise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from sim.config import LEVELS
from sim.district.demand import Channel
from sim.district.organisation import heads_class
from sim.draws.clock import HOUR, MINUTE, WEEK
from sim.measures.dictionary import OPEN_BOUND
from sim.measures.long_table import Rows
from sim.statistics.descriptive import mean_with_open, quantile_with_open, restricted_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sim.arrays import AnyInts, Bools
    from sim.config import Archetype
    from sim.district.demand import Demand
    from sim.district.office_hours import OfficeTime
    from sim.district.organisation import Organisation
    from sim.measures.requests import Requests

DAYS_GRID = np.concatenate([np.arange(0, 2, 0.05), np.arange(2, 10, 0.25), np.arange(10, 80.5, 0.5)])

BROUGHT = ("route", "community", "special_care", "distance", "heads")
"""Families of groups that count the requests that residents bring, without latent issues."""

T = TypeVar("T", "_Measured", "_Waits", "_Issues")


@dataclass(frozen=True)
class _Measured:
    """Measured requests, one row each; `turnaround` and `dispatch` in office ticks, where finished and sent."""

    finished: Bools
    turnaround: AnyInts
    left: Bools
    limited: Bools
    late: Bools
    came: Bools
    counter: Bools
    trips: AnyInts
    own_time: AnyInts
    hand_overs: AnyInts
    wrong_desks: AnyInts
    sent: Bools
    dispatch: AnyInts
    touched: Bools
    touched_in_person: Bools
    n_waits: AnyInts
    turned_away: AnyInts
    more_trips: AnyInts
    more_own_time: AnyInts
    more_hand_overs: AnyInts
    more_wrong_desks: AnyInts
    more_waits: AnyInts
    more_waited: AnyInts


@dataclass(frozen=True)
class _Waits:
    """Waits in person, one row each, in office ticks; -1: still waiting."""

    ticks: AnyInts


@dataclass(frozen=True)
class _Issues:
    """Latent issues that arose in the window, one row each.

    `lag` and `time` are office ticks until it was known and until its end; -1: not yet. `age` are those until the end
    of the run. `seen`: by staff, unreported.
    """

    lag: AnyInts
    time: AnyInts
    age: AnyInts
    seen: Bools


def measured_rows(requests: Requests, start: int, end: int) -> AnyInts:
    """Return the rows of the requests whose first contact lies in [start, end)."""
    return np.flatnonzero((requests.contact >= start) & (requests.contact < end))


def arisen_rows(requests: Requests, demand: Demand, start: int, end: int) -> AnyInts:
    """Return the rows of the latent issues that arose in [start, end)."""
    rows = np.flatnonzero(demand.channel[requests.ids] == Channel.LATENT)
    arose = demand.instant[requests.ids[rows]]
    return rows[(arose >= start) & (arose < end)]


def resident_rows(
    organisation: Organisation, office: OfficeTime, demand: Demand, requests: Requests, start: int, end: int
) -> Rows:
    """Return the measures of residents in [start, end), overall and by group.

    Groups: `all`, `archetype:`, `channel:`, `route:` (how far today's law sends a procedure), `special_care:` yes or
    no, `distance:` near, middle or far (the distance to the community's office of today), `heads:` few, middle or
    many (heads a household in the community of today), `community:` (of today; not on a place that is drawn for the
    replication, as another one has other communities). From `route:` on they count the requests that residents bring,
    at the counter or by phone: designs find different latent issues, and special-care households have no more of them
    than others, so the mix would differ.

    Parameters
    ----------
    organisation, office, demand
        Of the replication.
    requests : Requests
        All of the replication, or at least the measured ones and the issues that arose in the window.
    start, end : int
        The measured window in ticks.
    """
    rows = Rows()
    in_window = requests.take(measured_rows(requests, start, end))
    arisen = requests.take(arisen_rows(requests, demand, start, end))
    measured = _measured(organisation, office, demand, in_window)
    waits = _Waits(in_window.waits)
    issues = _issues(office, demand, arisen)
    cap = float(organisation.pilot.run.turnaround_cap_working_days)
    for groups, code in _families(organisation, demand):
        of_measured, n = code[in_window.ids], len(groups)
        brought = groups[0].partition(":")[0] in BROUGHT
        own = measured.came if brought else np.ones(len(in_window.ids), dtype=bool)
        parts = (
            _by_group(_some(measured, own), of_measured[own], n),
            _by_group(waits, np.repeat(of_measured, in_window.n_waits), n),
            _by_group(issues, code[arisen.ids], n),
        )
        for group, group_measured, group_waits, group_issues in zip(groups, *parts, strict=True):
            _turnaround_rows(rows, office, group, group_measured, cap)
            _request_rows(rows, office, group, group_measured)
            _wait_rows(rows, group, group_waits)
            _issue_rows(rows, office, group, group_issues, cap)
            _open_rows(rows, office, group, group_measured, group_waits)
            _open_issue_rows(rows, office, group, group_issues, cap)
            if organisation.rooms is not None and organisation.rooms.chairs is not None:
                _turned_away_rows(rows, group, group_measured)
    return rows


def _measured(organisation: Organisation, office: OfficeTime, demand: Demand, requests: Requests) -> _Measured:
    """Return the columns of measured requests that the measures are computed from."""
    channel, archetype = demand.channel[requests.ids], demand.archetype[requests.ids]
    limits = np.array([a.limit is not None for a in _archetypes(organisation)])
    before = office.hours.elapsed(requests.contact)
    return _Measured(
        finished=requests.finished,
        turnaround=office.hours.elapsed(requests.result) - before,
        left=requests.left,
        limited=limits[archetype],
        late=requests.late | requests.left,
        came=channel != Channel.LATENT,
        counter=channel == Channel.COUNTER,
        trips=requests.trips,
        own_time=requests.own_time,
        hand_overs=requests.hand_overs,
        wrong_desks=requests.wrong_desks,
        sent=requests.dispatched >= 0,
        dispatch=office.hours.elapsed(requests.dispatched) - before,
        touched=requests.touched,
        touched_in_person=requests.touched_in_person,
        n_waits=requests.n_waits,
        turned_away=requests.turned_away,
        more_trips=requests.more_trips,
        more_own_time=requests.more_own_time,
        more_hand_overs=requests.more_hand_overs,
        more_wrong_desks=requests.more_wrong_desks,
        more_waits=requests.more_waits,
        more_waited=requests.more_waited,
    )


def _issues(office: OfficeTime, demand: Demand, arisen: Requests) -> _Issues:
    """Return the columns of latent issues that the measures are computed from."""
    before = office.hours.elapsed(demand.instant[arisen.ids])

    def since(instant: AnyInts) -> AnyInts:
        return np.where(instant >= 0, office.hours.elapsed(instant) - before, -1)

    end = office.weeks * WEEK
    age = office.hours.elapsed(np.full(len(arisen.ids), end)) - before
    return _Issues(since(arisen.contact), since(arisen.result), age, arisen.seen)


def _some(rows: T, which: Bools) -> T:
    """Return some of the rows, in their order."""
    return rows if which.all() else type(rows)(*(getattr(rows, field.name)[which] for field in fields(rows)))


def _by_group(rows: T, code: AnyInts, n_groups: int) -> Iterator[T]:
    """Yield the rows of each group, in their order."""
    if n_groups == 1:
        yield rows
        return
    short = code.astype(np.int16) if n_groups <= np.iinfo(np.int16).max else code  # which NumPy sorts by digits
    order = np.argsort(short, kind="stable")
    columns = [getattr(rows, field.name)[order] for field in fields(rows)]
    ends: list[int] = np.cumsum(np.bincount(code, minlength=n_groups)).tolist()
    for a, b in pairwise([0, *ends]):
        yield type(rows)(*(column[a:b] for column in columns))


def families(organisation: Organisation) -> list[list[str]]:
    """Return families of groups of residents: each resident is in one group of every family."""
    place = organisation.place
    names = [
        ["all"],
        [f"archetype:{name}" for name in organisation.pilot.procedures.archetypes],
        [f"channel:{channel.name.lower()}" for channel in Channel],
        [f"route:{level}" for level in LEVELS],
        ["special_care:yes", "special_care:no"],
        [f"distance:{how_far}" for how_far in ("near", "middle", "far")],
        [f"heads:{how_many}" for how_many in ("few", "middle", "many")],
    ]
    communities = [f"community:{unit + 1:02d}" for unit in range(int(place.today.max()) + 1)]
    return names if place.drawn else [*names, communities]


def _families(organisation: Organisation, demand: Demand) -> Iterator[tuple[list[str], AnyInts]]:
    """Yield families of groups, with the group of each request of the demand."""
    place, household = organisation.place, demand.household
    levels = np.array([LEVELS.index(route(one)) for one in _archetypes(organisation)], dtype=np.int8)
    everybody, archetypes, channels, routes, care, distance, heads, *communities = families(organisation)
    yield everybody, np.zeros(len(demand), dtype=np.int8)
    yield archetypes, demand.archetype
    yield channels, demand.channel
    yield routes, levels[demand.archetype]
    yield care, (~place.special[household]).astype(np.int8)
    yield distance, place.distance_class[household]
    yield heads, heads_class(organisation.pilot, place)[household]
    for names in communities:
        yield names, place.today[household]


def _turnaround_rows(rows: Rows, office: OfficeTime, group: str, requests: _Measured, cap: float) -> None:
    """Add the measures of turnaround, of all requests and of those served, and of who has no result."""
    n, unit = len(requests.left), "working days"
    days = requests.turnaround[requests.finished] / office.day_ticks
    n_left = _count(requests.left)
    still_open = n - len(days) - n_left
    rows.add("turnaround_restricted_mean", group, unit, restricted_mean(days, n - len(days), cap), n)
    rows.add("turnaround_mean_served", group, unit, mean_with_open(days, still_open), n - n_left)
    for percent in (50, 90):
        of_all = quantile_with_open(days, n - len(days), percent / 100)
        rows.add(f"turnaround_p{percent}", group, unit, of_all, n)
        of_served = quantile_with_open(days, still_open, percent / 100)
        rows.add(f"turnaround_p{percent}_served", group, unit, of_served, n - n_left)
    rows.add("still_open", group, "share", _share(still_open, n), n)
    rows.add("left_unserved", group, "share", _share(n_left, n), n)


def _request_rows(rows: Rows, office: OfficeTime, group: str, requests: _Measured) -> None:
    """Add the other measures that count requests."""
    n, finished = len(requests.left), requests.finished
    n_limited = _count(requests.limited)
    rows.add("on_time", group, "share", _share(_count(requests.limited & ~requests.late), n_limited), n_limited)
    n_came = _count(requests.came)
    rows.add("trips", group, "per request", _mean(requests.trips[requests.came]), n_came)
    own_time = requests.own_time[requests.came].astype(np.float64)
    rows.add("resident_time", group, "minutes", _mean(own_time / MINUTE), n_came)
    n_counter = _count(requests.counter)
    once = requests.counter & finished & (requests.trips <= 1)
    rows.add("one_visit", group, "share", _share(_count(once), n_counter), n_counter)
    hand_overs = requests.hand_overs[finished]
    rows.add("hand_overs", group, "per request", _mean(hand_overs), len(hand_overs))
    if len(hand_overs) > 2 and np.ptp(hand_overs) > 0:
        slope = _slope(hand_overs.astype(np.int64), requests.turnaround[finished]) / office.day_ticks
        rows.add("days_per_hand_over", group, "working days", slope, len(hand_overs))
    rows.add("wrong_desks", group, "per request", _mean(requests.wrong_desks), n)
    hours = requests.dispatch[requests.sent] / HOUR
    rows.add("dispatch_p50", group, "office hours", quantile_with_open(hours, 0, 0.5), len(hours))
    rows.add("touched", group, "share", _share(_count(requests.touched), n), n)
    in_person = _share(_count(requests.counter & requests.touched_in_person), n)
    rows.add("touched_in_person", group, "share", in_person, n)


def _wait_rows(rows: Rows, group: str, waits: _Waits) -> None:
    """Add the measures of waiting at a counter."""
    minutes = waits.ticks[waits.ticks >= 0].astype(np.float64) / MINUTE
    n = len(waits.ticks)
    waiting = n - len(minutes)
    rows.add("counter_wait_mean", group, "minutes", mean_with_open(minutes, waiting), n)
    rows.add("counter_wait_p50", group, "minutes", quantile_with_open(minutes, waiting, 0.5), n)
    rows.add("counter_wait_p90", group, "minutes", quantile_with_open(minutes, waiting, 0.9), n)
    for low, high in ((0, 10), (10, 30), (30, 60), (60, np.inf)):
        within = _count((minutes >= low) & (minutes < high))
        name = f"counter_wait_{low}_{high:g}" if np.isfinite(high) else f"counter_wait_{low}_up"
        rows.add(name, group, "share", _share(within, n), n)


def _turned_away_rows(rows: Rows, group: str, requests: _Measured) -> None:
    """Add who is turned away by a full waiting room, and by how much what is still open can move it."""
    turned = int(requests.turned_away.sum())
    n = turned + int(requests.n_waits.sum())
    rows.add("turned_away", group, "share", _share(turned, n), n)
    more = int(requests.more_waits.sum())
    _add_bound(rows, "turned_away", group, _over(more, n + more), more)


def _issue_rows(rows: Rows, office: OfficeTime, group: str, issues: _Issues, cap: float) -> None:
    """Add the measures of latent issues, from their rise on; who finds one, and when."""
    lag, time = (ticks[ticks >= 0] / office.day_ticks for ticks in (issues.lag, issues.time))
    n, unit = len(issues.lag), "working days"
    rows.add("issue_time_restricted_mean", group, unit, restricted_mean(time, n - len(time), cap), n)
    rows.add("issue_time_p50", group, unit, quantile_with_open(time, n - len(time), 0.5), n)
    rows.add("detection_lag_p50", group, unit, quantile_with_open(lag, n - len(lag), 0.5), n)
    rows.add("found", group, "share", _share(len(lag), n), n)
    rows.add("found_by_staff", group, "share", _share(_count(issues.seen), n), n)


def _open_rows(rows: Rows, office: OfficeTime, group: str, requests: _Measured, waits: _Waits) -> None:
    """Add by how much what is still open can move the measures that count requests and waits, where it can."""
    n, finished = len(requests.left), requests.finished
    came = requests.came
    n_came, n_finished = _count(came), _count(finished)
    u = _mean(requests.hand_overs[finished])
    open_ = ~finished & ~requests.left
    so_far = requests.hand_overs[open_].astype(np.float64)
    further = np.maximum(np.abs(so_far + requests.more_hand_overs[open_] - u), np.abs(so_far - u))
    bounds = {
        "trips": _over(requests.more_trips[came].sum(), n_came),
        "resident_time": _over(requests.more_own_time[came].sum(dtype=np.int64) / MINUTE, n_came),
        "hand_overs": _over(further.sum(), n_finished),
        "wrong_desks": _over(requests.more_wrong_desks.sum(), n),
        **_moved_waits(office, requests, waits),
    }
    for measure, bound in bounds.items():
        _add_bound(rows, measure, group, bound, _count(open_))


def _moved_waits(office: OfficeTime, requests: _Measured, waits: _Waits) -> dict[str, float]:
    """Return by how much waits that have not ended, or not begun, can move the measures of waiting at a counter."""
    minutes = waits.ticks[waits.ticks >= 0].astype(np.float64) / MINUTE
    n, longest = len(minutes), office.longest_day / MINUTE
    waiting = len(waits.ticks) - n
    more = waiting + int(requests.more_waits.sum())
    if not more or not n:
        return {}
    mean = float(minutes.mean())
    moved = {
        "counter_wait_mean": (
            requests.more_waited.sum(dtype=np.int64) / MINUTE + waiting * longest + more * mean
        ) / (n + more)
    }  # fmt: skip
    for percent in (50, 90):
        here = quantile_with_open(minutes, waiting, percent / 100)
        least = quantile_with_open(np.concatenate([minutes, np.zeros(more)]), 0, percent / 100)
        most = quantile_with_open(minutes, more, percent / 100)
        most = longest if np.isnan(most) else most
        moved[f"counter_wait_p{percent}"] = max(here - least, most - here)
    return moved


def _open_issue_rows(rows: Rows, office: OfficeTime, group: str, issues: _Issues, cap: float) -> None:
    """Add by how much latent issues that have not ended can move the mean time until they do."""
    age = issues.age[issues.time < 0] / office.day_ticks
    bound = _over(np.maximum(0.0, cap - age).sum(), len(issues.time))
    _add_bound(rows, "issue_time_restricted_mean", group, bound, len(age))


def _add_bound(rows: Rows, measure: str, group: str, bound: float, n: int) -> None:
    """Add by how much what is open can move a measure: where it can, and overall in any case."""
    if bound > 0 or group == "all":
        rows.add(OPEN_BOUND, f"{measure}|{group}", "its own", bound, n)


def _over(part: float, whole: int) -> float:
    """Return a sum over a number; 0 of none."""
    return float(part) / whole if whole else 0.0


def _archetypes(organisation: Organisation) -> list[Archetype]:
    """Return the archetypes in their order."""
    return list(organisation.pilot.procedures.archetypes.values())


def route(archetype: Archetype) -> str:
    """Return how far today's law sends most requests of a procedure: the level of its last likely activity."""
    likely = [LEVELS.index(a.level) for a in archetype.activities if a.share >= 0.5 and a.where != "outside"]
    return LEVELS[max(likely)]


def turnaround_distribution(office: OfficeTime, requests: Requests, start: int, end: int) -> dict[str, list[float]]:
    """Return the share of all measured requests finished within each number of working days of a fixed grid.

    Those still open and those that left unserved count as never finished.
    """
    rows = measured_rows(requests, start, end)
    finished = rows[requests.result[rows] >= 0]
    days = np.sort(office.hours.between(requests.contact[finished], requests.result[finished])) / office.day_ticks
    share = np.searchsorted(days, DAYS_GRID, side="right") / max(1, len(rows))
    return {"days": DAYS_GRID.tolist(), "share": share.tolist()}


def _slope(x: AnyInts, y: AnyInts) -> float:
    """Return the slope of the least-squares line of y on x, exact but for its last rounding."""
    n, sum_x, sum_y = len(x), int(x.sum()), int(y.sum())
    return (n * int(np.dot(x, y)) - sum_x * sum_y) / (n * int(np.dot(x, x)) - sum_x**2)


def _count(rows: Bools) -> int:
    return int(np.count_nonzero(rows))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _mean(values: NDArray[np.float64] | AnyInts) -> float:
    return float(values.mean()) if len(values) else float("nan")
