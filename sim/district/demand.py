"""The requests that residents bring, drawn once per replication and independent of any design."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from sim.district.office_hours import DAYS_A_YEAR, year_of_working_days
from sim.draws.arrivals import day_factors, numbered_arrivals
from sim.draws.clock import HOUR
from sim.draws.streams import keyed_uniforms, stream
from sim.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.arrays import AnyInts, Floats
    from sim.config import Pilot
    from sim.district.place import Place


class Channel(IntEnum):
    """How a request begins."""

    COUNTER = 0
    PHONE = 1
    LATENT = 2


@dataclass(frozen=True)
class Demand:
    """The requests of residents, or some of them, one row each; the same under every design of the district.

    Rows are sorted by channel, and by instant within a channel.

    Attributes
    ----------
    channel, archetype : ndarray of int, shape (n,)
        `Channel` and index of the archetype in the procedures' order.
    instant : ndarray of int, shape (n,)
        Tick at which the resident wants to come or to phone, or at which the issue arises.
    household : ndarray of int, shape (n,)
        The household that brings the request, or where the issue lies.
    line : ndarray of int, shape (n,)
        The line that a request belongs to, as an index of the procedures' lines.
    key : ndarray of int, shape (n,)
        What the draws of a request are made by: the hour in which it begins and its number among those of its channel
        in that hour. It is the same under other rates, profiles and horizons, if the request comes at all.
    runs : tuple of range
        The numbers of these requests among all of the replication: one run for each channel.
    """

    channel: AnyInts
    archetype: AnyInts
    instant: AnyInts
    household: AnyInts
    line: AnyInts
    key: AnyInts
    runs: tuple[range, ...]
    seed: int
    replication: int
    district: int = 0

    def __len__(self) -> int:
        """Return the number of requests."""
        return len(self.instant)

    @property
    def ids(self) -> AnyInts:
        """Return the number of each request among all of the replication, rising (shape (n,))."""
        return np.concatenate([np.arange(run.start, run.stop, dtype=np.int32) for run in self.runs])

    def uniforms(self, purpose: str) -> Floats:
        """Return one uniform per request for a purpose, such as an activity and attempt (shape (n,)).

        A request has the same uniforms under every design and at every rate, whichever other requests are among these.
        So it has the same difficulty, mishaps and patience everywhere.
        """
        drawn = [
            _uniforms(self.seed, self.replication, channel, purpose, keys, self.district)
            for channel, keys in zip(Channel, self._by_run(self.key), strict=True)
            if len(keys)
        ]
        return drawn[0] if len(drawn) == 1 else np.concatenate([np.zeros(0), *drawn])

    def part(self, start: int, end: int) -> Demand:
        """Return the requests whose instant is in [start, end)."""
        return self._take([np.searchsorted(at, (start, end)).tolist() for at in self._by_run(self.instant)])

    def in_channel(self, channel: Channel) -> Demand:
        """Return the requests of one channel."""
        return self._take([(0, len(run) if i == channel else 0) for i, run in enumerate(self.runs)])

    def _by_run(self, column: AnyInts) -> list[AnyInts]:
        """Return a column, cut into the runs."""
        return np.split(column, np.cumsum([len(run) for run in self.runs])[:-1])

    def _take(self, stretches: Sequence[Sequence[int]]) -> Demand:
        """Return the requests at [first, last) of each run."""

        def taken(column: AnyInts) -> AnyInts:
            return np.concatenate([run[a:b] for run, (a, b) in zip(self._by_run(column), stretches, strict=True)])

        return replace(
            self,
            channel=taken(self.channel),
            archetype=taken(self.archetype),
            instant=taken(self.instant),
            household=taken(self.household),
            line=taken(self.line),
            key=taken(self.key),
            runs=tuple(run[a:b] for run, (a, b) in zip(self.runs, stretches, strict=True)),
        )

    def digest(self) -> str:
        """Return a hash of all requests: equal under two designs if and only if their demand is equal."""
        parts = (self.channel, self.archetype, self.instant, self.household, self.line)
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def draw(pilot: Pilot, place: Place, replication: int) -> Demand:
    """Return the requests of one replication over the whole horizon."""
    seed, district = pilot.run.seed, place.district
    archetypes = list(pilot.procedures.archetypes.values())
    shares = {
        Channel.COUNTER: [a.counter_share for a in archetypes],
        Channel.PHONE: [a.phone_share for a in archetypes],
        Channel.LATENT: [a.latent_share for a in archetypes],
    }
    channels, instants, kinds, households, lines, keys = [], [], [], [], [], []
    for channel in Channel:
        at, key = _instants(pilot, channel, replication, district)

        def draws(what: str, channel: Channel = channel, key: AnyInts = key) -> Floats:
            return _uniforms(seed, replication, channel, what, key, district)

        weights = np.ones(place.n_households)
        if channel is not Channel.LATENT:
            weights[place.special] = pilot.demand.special_care_factor
        instants.append(at)
        keys.append(key)
        channels.append(np.full(len(at), channel, dtype=np.int8))
        kinds.append(choose(draws("archetype"), shares[channel]))
        households.append(choose(draws("household"), weights))
        lines.append(_lines(pilot, kinds[-1], draws("line")))
    ends = np.cumsum([len(at) for at in instants]).tolist()
    return Demand(
        channel=np.concatenate(channels),
        archetype=np.concatenate(kinds),
        instant=np.concatenate(instants),
        household=np.concatenate(households),
        line=np.concatenate(lines),
        key=np.concatenate(keys),
        runs=tuple(map(range, [0, *ends], ends)),
        seed=seed,
        replication=replication,
        district=district,
    )


def _uniforms(seed: int, replication: int, channel: Channel, what: str, keys: AnyInts, district: int) -> Floats:
    """Return what is drawn for the requests of a channel, or for its hours, by their keys."""
    return keyed_uniforms(seed, replication, f"demand/{channel.name.lower()}/{what}", keys, district)


def choose(u: Floats, weights: Sequence[float] | Floats) -> AnyInts:
    """Return, for each uniform, an index drawn in proportion to the weights (shape of `u`, of the narrowest type)."""
    edges = np.cumsum(weights)
    chosen = np.searchsorted(edges / edges[-1], u, side="right").clip(max=len(edges) - 1)
    return chosen.astype(np.min_scalar_type(-len(edges)))


def yearly(pilot: Pilot, channel: Channel) -> float:
    """Return the expected requests of a channel in a simulated year."""
    demand = pilot.demand
    rate = {
        Channel.COUNTER: demand.counter_per_resident_year,
        Channel.PHONE: demand.phone_per_resident_year,
        Channel.LATENT: demand.latent_per_resident_year,
    }[channel]
    return rate * pilot.district.population


def line_weights(pilot: Pilot) -> Floats:
    """Return how often each line is asked for, by the archetypes that belong to a line (shape (lines,))."""
    names = list(pilot.procedures.lines)
    weights = np.zeros(len(names))
    for archetype in pilot.procedures.archetypes.values():
        if archetype.line is not None:
            weights[names.index(archetype.line)] += archetype.counter_share
    return weights if weights.sum() > 0 else np.ones(len(names))


def _lines(pilot: Pilot, archetype: AnyInts, u: Floats) -> AnyInts:
    """Return the line of each request: that of its archetype; for archetypes without one it is drawn."""
    names = list(pilot.procedures.lines)
    drawn = choose(u, line_weights(pilot))
    own = [names.index(a.line) if a.line else -1 for a in pilot.procedures.archetypes.values()]
    of_archetype = np.array(own, dtype=drawn.dtype)[archetype]
    return np.where(of_archetype < 0, drawn, of_archetype)


def _instants(pilot: Pilot, channel: Channel, replication: int, district: int) -> tuple[AnyInts, AnyInts]:
    """Return the sorted ticks at which a channel's requests begin (Poisson, with a factor a day), and their keys."""
    days, seed = 7 * pilot.run.weeks, pilot.run.seed
    profile = hourly_profile(pilot, channel) * yearly(pilot, channel)
    rng = stream(seed, replication, f"demand/{channel.name.lower()}/day factor", district)
    factors = day_factors(rng, days, pilot.demand.day_factor_cv)
    expected = np.tile(profile, (-(-days // DAYS_A_YEAR), 1))[:days] * factors[:, None]
    hours = np.arange(expected.size)
    hour, number = numbered_arrivals(_uniforms(seed, replication, channel, "count", hours, district), expected.ravel())
    key = (hour << 32) + number
    at = hour * HOUR + (_uniforms(seed, replication, channel, "instant", key, district) * HOUR).astype(np.int64)
    order = np.argsort(at, kind="stable")
    return at[order], key[order]


def hourly_profile(pilot: Pilot, channel: Channel) -> Floats:
    """Return the share of a year's requests in each hour of each day (shape (364, 24), sums to 1)."""
    demand, calendar = pilot.demand, pilot.district.calendar
    weekday, hour = {
        Channel.COUNTER: (demand.counter_weekday, demand.counter_hour),
        Channel.PHONE: (demand.phone_weekday, demand.phone_hour),
        Channel.LATENT: ((1.0,) * 7, (1.0,) * 24),
    }[channel]
    day = np.arange(DAYS_A_YEAR)
    weights = np.array(weekday)[day % 7]
    if channel is Channel.COUNTER:
        working = year_of_working_days(calendar)
        weights = np.where(working, np.where(day % 7 < 5, weights, np.mean(weekday[:5])), 0.0)
    if channel is not Channel.LATENT:
        start = (calendar.festival_start - calendar.first_monday).days % DAYS_A_YEAR
        festival = (day - start) % DAYS_A_YEAR < 7 * calendar.festival_weeks
        weights = np.where(festival, weights * demand.festival_factor, weights)
    profile = weights[:, None] * np.array(hour)[None, :]
    if profile.sum() <= 0:
        raise ConfigError(
            f"demand.{channel.name.lower()}_weekday must have a weight above 0 on some working day, got {list(weekday)}"
        )
    return np.asarray(profile / profile.sum())
