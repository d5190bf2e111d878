"""Checks of a YAML network that a schema cannot make: all names are known and every route ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.errors import ConfigError, near
from sim.queueing.schema import END, Duty, Fork, InTurn, Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sim.queueing.hours import Hours
    from sim.queueing.schema import Pool, QueueNetwork, RequestClass, Serves, Shift, Step


def check(plan: QueueNetwork, root: str) -> None:
    """Raise unless every name is known, every station is served and every route comes to an end.

    Raises
    ------
    ConfigError
        With the path, the rule and the value, and the nearest names to an unknown one.
    """
    problems = [
        *_halls_and_sites(plan),
        *_duties(plan),
        *_hours(plan),
        *_classes(plan),
        *_signals(plan),
    ] or [*_unserved(plan)]
    if problems:
        more = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise ConfigError("; ".join(f"{root}.{problem}" for problem in problems[:3]) + more)


def step_names(route: Iterable[Step]) -> list[str]:
    """Return the names of the steps of a route: their own, or their station's (numbered if it returns)."""
    names: list[str] = []
    for step in route:
        base = step.name or step.station or step.awaits or "delay"
        name, n = base, 1
        while step.name is None and name in names:
            n += 1
            name = f"{base}_{n}"
        names.append(name)
    return names


def can_leave(plan: QueueNetwork, step: Step) -> bool:
    """Return whether a request may leave a step unserved: by patience, at a closing, or because a hall is full."""
    if step.patience is not None or step.shuts is not None:
        return True
    if step.station is None:
        return False
    station = plan.stations[step.station]
    return station.room is not None or station.hall is not None


def shifts_of(plan: QueueNetwork, pool: Pool) -> tuple[Shift, ...] | None:
    """Return the shifts of a pool's roster, or None if it has none."""
    if pool.roster is None:
        return None
    return plan.rosters[pool.roster.name] if pool.roster.name is not None else pool.roster.shifts


def _known(path: str, name: str | None, known: Iterable[str], noun: str) -> Iterator[str]:
    """Yield a problem if an unknown name is given."""
    names = list(known)
    if name is not None and name not in names:
        listed = f" of {', '.join(names)}" if 0 < len(names) <= 8 else ""
        yield f"{path} must be the name of a {noun}{near(name, names) or listed}, got {name}"


def _halls_and_sites(plan: QueueNetwork) -> Iterator[str]:
    """Yield unknown halls and sites."""
    for name, station in plan.stations.items():
        yield from _known(f"stations.{name}.hall", station.hall, plan.halls, "hall")
        yield from _known(f"stations.{name}.site", station.site, plan.sites, "site")


def _serves(plan: QueueNetwork, path: str, serves: Serves | None) -> Iterator[str]:
    """Yield unknown duties and stations of what is served."""
    if serves is None:
        return
    yield from _known(path, serves.duty, [*plan.duties, *plan.stations], "duty or station")
    for station in serves.lines:
        yield from _known(path, station, plan.stations, "station")


def _duties(plan: QueueNetwork) -> Iterator[str]:
    """Yield unknown names in duties, pools and rosters, and shifts without a duty."""
    for name, duty in plan.duties.items():
        for station in duty.lines:
            yield from _known(f"duties.{name}.lines", station, plan.stations, "station")
    for name, shifts in plan.rosters.items():
        for i, shift in enumerate(shifts):
            yield from _serves(plan, f"rosters.{name}.{i}.duty", shift.duty)
    for name, pool in plan.servers.items():
        yield from _pool(plan, f"servers.{name}", pool)


def _pool(plan: QueueNetwork, path: str, pool: Pool) -> Iterator[str]:
    """Yield unknown names in a pool, and shifts of its roster without a duty."""
    yield from _serves(plan, f"{path}.serves", pool.serves)
    if pool.longest and pool.serves is not None and pool.serves.duty in plan.duties:
        yield f"{path}.longest must be in the duty where one is named, got true"
    if pool.roster is None:
        return
    unknown = list(_known(f"{path}.roster", pool.roster.name, plan.rosters, "roster"))
    yield from unknown
    for i, shift in enumerate(() if unknown else shifts_of(plan, pool) or ()):
        yield from _serves(plan, f"{path}.roster.{i}.duty", shift.duty)
        if shift.duty is None and pool.serves is None:
            yield f"{path}.serves must be given where shift {i} of its roster has no duty, got nothing"


def _hours(plan: QueueNetwork) -> Iterator[str]:
    """Yield hours that name an unknown calendar, and calendars that name another calendar."""
    for name, hours in plan.calendars.items():
        if hours.calendar is not None:
            yield f"calendars.{name} must be hours of its own, got the calendar {hours.calendar}"
    for path, hours in _all_hours(plan):
        yield from _known(path, hours.calendar, plan.calendars, "calendar")


def _all_hours(plan: QueueNetwork) -> Iterator[tuple[str, Hours]]:
    """Yield all hours outside the calendars, with their paths."""
    for name, shifts in plan.rosters.items():
        yield from ((f"rosters.{name}.{i}.hours", shift.hours) for i, shift in enumerate(shifts))
    for name, pool in plan.servers.items():
        if pool.hours is not None:
            yield f"servers.{name}.hours", pool.hours
        if pool.roster is not None:
            for i, shift in enumerate(pool.roster.shifts):
                yield f"servers.{name}.roster.{i}.hours", shift.hours
    yield from _hours_of_classes(plan)


def _hours_of_classes(plan: QueueNetwork) -> Iterator[tuple[str, Hours]]:
    """Yield all hours in the classes, with their paths."""
    for name, kind in plan.classes.items():
        if kind.arrivals.hours is not None:
            yield f"classes.{name}.arrivals.hours", kind.arrivals.hours
        for i, step in enumerate(kind.route):
            for column in ("lag_clock", "gate", "patience_clock", "shuts"):
                hours = getattr(step, column)
                if hours is not None:
                    yield f"classes.{name}.route.{i}.{column}", hours


def _classes(plan: QueueNetwork) -> Iterator[str]:
    """Yield the problems of routes."""
    for name, kind in plan.classes.items():
        path, names = f"classes.{name}", step_names(kind.route)
        problems = list(_route(plan, path, kind, names))
        yield from problems or _endless(plan, path, kind, names)


def _route(plan: QueueNetwork, path: str, kind: RequestClass, names: list[str]) -> Iterator[str]:
    """Yield unknown or repeated names, priorities out of order, and exits that no request can take."""
    for i, step in enumerate(kind.route):
        here = f"{path}.route.{i}"
        if names[i] == END or names[i] in names[:i]:
            yield f"{here}.name must differ from the other steps' and from end, got {names[i]}"
        yield from _known(f"{here}.station", step.station, plan.stations, "station")
        priority = kind.priority if step.priority is None else step.priority
        yields_to = kind.yields_to if step.yields_to is None else step.yields_to
        if yields_to > priority:
            yield f"{here}.yields_to must be at most its priority ({priority}), got {yields_to}"
        for lead in ("next", "leave"):
            fork: Fork | None = getattr(step, lead)
            for target in fork.targets if fork is not None else ():
                yield from _known(f"{here}.{lead}", target, [*names, END], "step")
        known = step.station is None or step.station in plan.stations
        if step.leave is not None and known and not can_leave(plan, step):
            yield f"{here}.leave must be left out without patience, shuts or a room, got one"
        yield from _lists(here, kind, step)


def _lists(path: str, kind: RequestClass, step: Step) -> Iterator[str]:
    """Yield lists of values that do not fit the listed arrivals."""
    times = kind.arrivals.times
    if times is None or kind.arrivals.batch is not None:
        return
    for column in ("service", "lag", "patience", "count"):
        amount = getattr(step, column)
        if isinstance(amount, InTurn) and len(amount.values) != len(times):
            yield f"{path}.{column} must be as many as the times ({len(times)}), got {len(amount.values)}"


def _endless(plan: QueueNetwork, path: str, kind: RequestClass, names: list[str]) -> Iterator[str]:
    """Yield a problem if a request may go round a route forever, unless its rounds are bounded."""
    if kind.rounds is not None:
        return
    forks = [exits(plan, kind.route, i) for i in range(len(names))]
    ends = {END}
    grows = True
    while grows:  # a step may end if each of its exits leads to some step that may end; in turn, if all of them do
        more = {
            name
            for name, both in zip(names, forks, strict=True)
            if all((all if fork.in_turn else any)(t in ends for t in fork.targets) for fork in both)
        }
        grows = not more <= ends
        ends |= more
    seen, to_see = set(), [names[0]]
    while to_see:
        name = to_see.pop()
        if name in seen or name == END:
            continue
        seen.add(name)
        to_see += [target for fork in forks[names.index(name)] for target in fork.targets]
    for i, name in enumerate(names):
        if name in seen and name not in ends:
            rule = "must come to an end with some probability (or the class have rounds)"
            yield f"{path}.route.{i} {rule}, got {name}"
            return


def exits(plan: QueueNetwork, route: tuple[Step, ...], i: int) -> list[Fork]:
    """Return where a request goes after a step, and, if it can leave it, where it then goes."""
    names = [*step_names(route), END]
    step = route[i]
    forks = [step.next or Fork(shares={names[i + 1]: 1.0})]
    if can_leave(plan, step):
        forks.append(step.leave or Fork(shares={END: 1.0}))
    return forks


def _signals(plan: QueueNetwork) -> Iterator[str]:
    """Yield signals that are awaited and never emitted."""
    emitted = sorted({step.emits for kind in plan.classes.values() for step in kind.route if step.emits})
    for name, kind in plan.classes.items():
        for i, step in enumerate(kind.route):
            if step.awaits is not None and step.awaits not in emitted:
                hint = near(step.awaits, emitted)
                path = f"classes.{name}.route.{i}.awaits"
                yield f"{path} must be a signal that a step emits{hint}, got {step.awaits}"


def _unserved(plan: QueueNetwork) -> Iterator[str]:
    """Yield stations that a route needs and that no server serves."""
    served: set[str] = set()
    for pool in plan.servers.values():
        if pool.number:
            shifts = shifts_of(plan, pool)
            duties = [pool.serves] if shifts is None else [shift.duty or pool.serves for shift in shifts]
            served.update(station for serves in duties if serves for station in duty_of(plan, serves).lines)
    needed = {step.station: None for kind in plan.classes.values() for step in kind.route if step.station}
    for station in needed:
        if station not in served:
            yield f"stations.{station} must be served by somebody in servers, got nobody"


def duty_of(plan: QueueNetwork, serves: Serves, *, longest: bool = False) -> Duty:
    """Return what is served: a named duty, the station of that name, or lines on the spot (`longest` is their own)."""
    if serves.duty is None:
        return Duty(lines=serves.lines, longest=longest)
    return plan.duties.get(serves.duty) or Duty(lines={serves.duty: Line()}, longest=longest)
