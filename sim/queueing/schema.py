"""The schema of a queueing network written as YAML: every part of the engine contract, with short forms.

Short forms are spelt out before the schema looks at them: a number is a deterministic law, a list is
"in turn", a name stands for what it names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sim.config.bounds import NoSpread
from sim.config.checking import made_by
from sim.draws.clock import DAY, HOUR, MINUTE, SECOND, WEEK
from sim.draws.laws import AnyLaw, Frozen, Law, NonNegative, Positive
from sim.errors import RuleError
from sim.queueing.errors import shown
from sim.queueing.hours import LONGEST, Alternating, Hours, HoursOf, Interval, Name

UNITS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}
END = "end"
MOST_ROUNDS = 1000
SWING_STEPS = 480  # 3 minutes of a day; the delays of a swing in steps differ by their square

MOST_SERVERS = 20_000
"""Of a pool: their rosters are laid out one by one."""

WholeNumber = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]
Pace = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0.001, le=100)]
Flag = Annotated[bool, Field(strict=True)]


class InTurn(Frozen):
    """Values in turn: the n-th request of the class has the n-th, and after the last come the first again."""

    law: Literal["in_turn"] = "in_turn"
    values: Annotated[tuple[NonNegative, ...], Field(min_length=1)]


def _amount(given: Any) -> Any:
    """Spell out a number as a deterministic law and a list as values in turn."""
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        return {"law": "deterministic", "value": given}
    return {"law": "in_turn", "values": given} if isinstance(given, list | tuple) else given


Amount = Annotated[
    Annotated[AnyLaw | InTurn, Field(discriminator="law")],
    BeforeValidator(_amount),
]


class Station(Frozen):
    """Where requests wait: its own room or a hall that it shares, and the site it is served at."""

    room: WholeNumber | None = None
    hall: Name | None = None
    site: Name | None = None

    @model_validator(mode="after")
    def _one_room(self) -> Self:
        if self.room is not None and self.hall is not None:
            raise RuleError("be left out where there is a hall", f"{self.room}", at="room")
        return self


class Hall(Frozen):
    """A waiting room shared by stations: when `room` requests wait in it, arrivals are refused."""

    room: WholeNumber


class Line(Frozen):
    """A station in a duty: the least rank goes first; work takes `pace` times its nominal time."""

    rank: WholeNumber = 0
    pace: Pace = 1.0


def _lines(given: Any) -> Any:
    """Spell out a list of stations (equal ranks: the oldest first) as lines."""
    if not isinstance(given, list | tuple):
        return given
    for name in given:
        if not isinstance(name, str):
            raise RuleError("be a list of names of stations", f"{shown(name)} in it")
    return {name: {} for name in given}


class Duty(Frozen):
    """What a server serves while on it."""

    lines: Annotated[dict[Name, Line], BeforeValidator(_lines)]
    longest: Flag = False


class Serves(Frozen):
    """A duty by name, or its stations given in place."""

    duty: Name | None = None
    lines: dict[Name, Line] = Field(default_factory=dict)


def _serves(given: Any) -> Any:
    """Spell out a duty's name, a list of stations or a mapping of lines."""
    if isinstance(given, str):
        return {"duty": given}
    return {"lines": _lines(given)} if isinstance(given, list | tuple | Mapping) else given


ServesOf = Annotated[Serves, BeforeValidator(_serves)]


class Shift(Frozen):
    """A part of a roster: hours, the duty in them, and whether work in progress is handed back at a close."""

    hours: HoursOf
    duty: ServesOf | None = None
    hand_back: Flag = False


class Roster(Frozen):
    """A roster by name, or its shifts given in place."""

    name: Name | None = None
    shifts: tuple[Shift, ...] = ()


def _roster(given: Any) -> Any:
    """Spell out a roster's name or a list of shifts."""
    if isinstance(given, str):
        return {"name": given}
    return {"shifts": given} if isinstance(given, list | tuple) else given


class Pool(Frozen):
    """Servers that are alike; always on duty unless hours or a roster say otherwise."""

    number: Annotated[int, Field(strict=True, ge=0, le=MOST_SERVERS)] = 1
    serves: ServesOf | None = None
    longest: Flag = False
    hours: HoursOf | None = None
    hand_back: Flag = False
    roster: Annotated[Roster, BeforeValidator(_roster)] | None = None
    changeover: NonNegative = 0.0

    @model_validator(mode="after")
    def _one_roster(self) -> Self:
        if self.roster is not None:
            for name in ("hours", "hand_back"):
                if getattr(self, name):
                    raise RuleError("be in the shifts where there is a roster", "one beside it", at=name)
        elif self.serves is None:
            raise RuleError("be given", "nothing", at="serves")
        return self


class Sinusoid(Frozen):
    """A rate that follows a sine about its mean, at its mean and rising at time 0."""

    mean: Positive
    amplitude: NonNegative
    period: Positive

    @model_validator(mode="after")
    def _never_negative(self) -> Self:
        if self.amplitude > self.mean:
            raise RuleError(f"be at most the mean ({self.mean:g})", f"{self.amplitude:g}", at="amplitude")
        return self

    @property
    def profile(self) -> tuple[tuple[float, float], ...]:
        """Return the rate as short steps, each with exactly its share of the arrivals."""
        width = 2 * math.pi / SWING_STEPS
        heights = [math.cos(k * width) - math.cos((k + 1) * width) for k in range(SWING_STEPS)]
        return tuple((self.period / SWING_STEPS, self.mean + self.amplitude * h / width) for h in heights)


class Arrivals(Frozen):
    """Arrivals of a class: by a renewal law, a Poisson rate, profile or sine, or at given times; also in batches."""

    renewal: Law | None = None
    rate: NonNegative | None = None
    profile: Annotated[tuple[tuple[Positive, NonNegative], ...], Field(min_length=1)] | None = None
    sinusoid: Sinusoid | None = None
    times: tuple[NonNegative, ...] | None = None
    day_factor_cv: NoSpread = 0.0
    hours: HoursOf | None = None
    batch: Amount | None = None
    number: WholeNumber | None = None

    @model_validator(mode="before")
    @classmethod
    def _law_beside(cls, given: Any) -> Any:
        """Gather a law whose name and parameters are given beside the other keys."""
        if not isinstance(given, Mapping) or "law" not in given:
            return given
        own = {key: value for key, value in given.items() if key in cls.model_fields}
        return {**own, "renewal": {key: value for key, value in given.items() if key not in own}}

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = ("renewal", "rate", "profile", "sinusoid", "times")
        given = ["law" if kind == "renewal" else kind for kind in kinds if getattr(self, kind) is not None]
        if len(given) != 1:
            known, got = ", ".join(["law", *kinds[1:]]), " and ".join(given) or "none"
            raise RuleError(f"have exactly one of {known}", got)
        if self.day_factor_cv and given[0] in ("law", "times"):
            raise RuleError("be left out without a rate", f"{self.day_factor_cv:g}", at="day_factor_cv")
        if self.renewal is not None and self.renewal.mean <= 0:
            raise RuleError("have a mean above 0", f"{self.renewal.mean:g}", at="law")
        if self.times is not None:
            if self.hours is not None:
                raise RuleError("be left out where times are given", "some", at="hours")
            for a, b in zip(self.times, self.times[1:], strict=False):
                if b < a:
                    raise RuleError("not fall", f"{b:g} after {a:g}", at="times")
        return self


class Fork(Frozen):
    """Where a request goes: one of the steps by its share, or the steps in turn."""

    shares: dict[Name, NonNegative] = Field(default_factory=dict)
    in_turn: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _sums(self) -> Self:
        if not self.in_turn and abs(sum(self.shares.values()) - 1) > 1e-9:
            raise RuleError("sum to 1", f"{sum(self.shares.values()):g}")
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        """Return the names of the steps that a request may go to."""
        return self.in_turn or tuple(name for name, share in self.shares.items() if share > 0)


def _fork(given: Any) -> Any:
    """Spell out one step's name, shares, or a list of steps in turn."""
    if isinstance(given, str):
        return {"shares": {given: 1.0}}
    if isinstance(given, list | tuple):
        return {"in_turn": given}
    return {"shares": given} if isinstance(given, Mapping) else given


ForkOf = Annotated[Fork, BeforeValidator(_fork)]


class Step(Frozen):
    """One step of a route; by default `next` is the step below, and a request that leaves is gone."""

    name: Name | None = None
    station: Name | None = None
    service: Amount | None = None
    priority: WholeNumber | None = None
    yields_to: WholeNumber | None = None
    past_closing: Flag = False
    lag: Amount | None = None
    lag_clock: HoursOf | None = None
    gate: HoursOf | None = None
    patience: Amount | None = None
    patience_clock: HoursOf | None = None
    shuts: HoursOf | None = None
    emits: Name | None = None
    awaits: Name | None = None
    count: Amount | None = None
    next: ForkOf | None = None
    leave: ForkOf | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.station is None) != (self.service is None):
            lone, missing = ("service", "station") if self.station is None else ("station", "service")
            raise RuleError(f"be given where there is a {lone}", "nothing", at=missing)
        if self.awaits is not None and (self.station is not None or self.emits is not None):
            raise RuleError("be left out of a step with a station or a signal", f"{self.awaits}", at="awaits")
        for part, whole in (("lag_clock", "lag"), ("patience_clock", "patience"), ("count", "awaits")):
            if getattr(self, part) is not None and getattr(self, whole) is None:
                raise RuleError(f"be left out without {whole}", "one", at=part)
        waits = self.station is not None or self.awaits is not None
        for name in ("patience", "shuts"):
            if getattr(self, name) is not None and not waits:
                raise RuleError("be left out of a step that never waits", "one", at=name)
        return self


class RequestClass(Frozen):
    """Requests of one class: their arrivals and their route."""

    arrivals: Arrivals
    route: Annotated[tuple[Step, ...], Field(min_length=1)]
    priority: WholeNumber = 0
    yields_to: WholeNumber = 0
    rounds: Annotated[int, Field(strict=True, ge=1, le=MOST_ROUNDS)] | None = None


@made_by('sim.network, as sim.network("mmc")')
class QueueNetwork(Frozen):
    """A queueing network, its horizon and how often to run it; times in `time_unit`."""

    time_unit: Literal["second", "minute", "hour", "day", "week"] = "minute"
    horizon: Positive
    warm_up: NonNegative = 0.0
    drain: NonNegative = 0.0
    replications: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 20
    sites: tuple[Name, ...] = ()
    stations: dict[Name, Station] = Field(default_factory=dict)
    halls: dict[Name, Hall] = Field(default_factory=dict)
    duties: dict[Name, Duty] = Field(default_factory=dict)
    calendars: dict[Name, Hours] = Field(default_factory=dict)
    rosters: dict[Name, tuple[Shift, ...]] = Field(default_factory=dict)
    servers: dict[Name, Pool] = Field(default_factory=dict)
    classes: Annotated[dict[Name, RequestClass], Field(min_length=1)]

    @model_validator(mode="after")
    def _within_a_millennium(self) -> Self:
        if self.ticks(self.horizon) >= LONGEST:
            raise RuleError(f"be below {self.shown(LONGEST)}", f"{self.horizon:g}", at="horizon")
        return self

    @model_validator(mode="after")
    def _something_measured(self) -> Self:
        if self.warm_up + self.drain >= self.horizon:
            span = f"warm_up and drain ({self.warm_up + self.drain:g})"
            raise RuleError(f"be above {span}", f"{self.horizon:g}", at="horizon")
        return self

    def __repr__(self) -> str:
        """Return what the network is in three lines."""
        span = f"{self.warm_up:g} of {self.horizon:g} {self.time_unit}s warm up"
        return (
            f"stations: {', '.join(self.stations) or 'none'}; servers: {', '.join(self.servers) or 'none'}; classes: "
            f"{', '.join(self.classes)}\nrun: {span}, {self.replications} replications\nAll of it: .model_dump()"
        )

    __str__ = __repr__

    @property
    def unit(self) -> int:
        """Return the ticks of the time unit."""
        return UNITS[self.time_unit]

    def ticks(self, amount: float) -> int:
        """Return an amount of the time unit in ticks."""
        return round(amount * self.unit)

    def shown(self, ticks: int) -> str:
        """Return a time as it is shown in a message."""
        return f"{ticks / self.unit:,.0f} {self.time_unit}s (a thousand years)"

    @property
    def window(self) -> tuple[int, int]:
        """Return the measured window [start, end) in ticks."""
        return self.ticks(self.warm_up), self.ticks(self.horizon - self.drain)


MODELS = (
    QueueNetwork, RequestClass, Step, Fork, Arrivals, Pool, Roster, Shift, Serves, Duty, Line, Hall, Station, Hours,
    Alternating, Interval, InTurn, Sinusoid,
)  # fmt: skip


def known_keys() -> list[str]:
    """Return every key of the schema, to suggest the nearest to an unknown one."""
    hidden = {"renewal", "shares", "in_turn", "values"}
    return sorted({name for model in MODELS for name in model.model_fields} - hidden)
