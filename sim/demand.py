"""The requests that residents bring, drawn once per replication and independent of any design."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from sim.arrivals import arrival_times, day_factors
from sim.clock import DAY, HOUR
from sim.config import ConfigError
from sim.office import DAYS_A_YEAR, year_of_working_days
from sim.streams import stream, uniforms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sim.config import Pilot
    from sim.place import Place

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


class Channel(IntEnum):
    """How a request begins."""

    COUNTER = 0
    PHONE = 1
    LATENT = 2


@dataclass(frozen=True)
class Demand:
    """Residents' requests, one row each; the same under every design of the district.

    Attributes
    ----------
    channel, archetype : ndarray of int, shape (n,)
        `Channel` and index of the archetype in the procedures' order.
    instant : ndarray of int, shape (n,)
        Tick at which the resident wants to come or to phone, or at which the issue arises.
    household : ndarray of int, shape (n,)
        Whose request it is, or where the issue lies.
    line : ndarray of int, shape (n,)
        The line that a request belongs to, as an index of the procedures' lines.
    """

    channel: Ints
    archetype: Ints
    instant: Ints
    household: Ints
    line: Ints
    seed: int
    replication: int

    def __len__(self) -> int:
        """Return the number of requests."""
        return len(self.instant)

    def uniforms(self, purpose: str) -> Floats:
        """Return one uniform per request for a purpose, such as an activity and attempt (shape (n,)).

        So a request has the same difficulty, luck and patience under every design.
        """
        return uniforms(self.seed, self.replication, f"demand/{purpose}", len(self))

    def digest(self) -> str:
        """Return a hash of all requests: equal under two designs exactly when the demand is."""
        parts = (self.channel, self.archetype, self.instant, self.household, self.line)
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def draw(pilot: Pilot, place: Place, replication: int) -> Demand:
    """Return the requests of one replication over the whole horizon."""
    seed = pilot.run.seed
    archetypes = list(pilot.procedures.archetypes.values())
    shares = {
        Channel.COUNTER: [a.counter_share for a in archetypes],
        Channel.PHONE: [a.phone_share for a in archetypes],
        Channel.LATENT: [a.latent_share for a in archetypes],
    }
    channels, instants, kinds, households = [], [], [], []
    for channel in Channel:
        name = channel.name.lower()

        def draws(what: str, n: int, name: str = name) -> Floats:
            return uniforms(seed, replication, f"demand/{name}/{what}", n)

        at = _instants(pilot, channel, replication)
        weights = np.ones(place.n_households)
        if channel is not Channel.LATENT:
            weights[place.special] = pilot.demand.special_care_factor
        instants.append(at)
        channels.append(np.full(len(at), channel, dtype=np.int64))
        kinds.append(choose(draws("archetype", len(at)), shares[channel]))
        households.append(choose(draws("household", len(at)), weights))
    archetype = np.concatenate(kinds)
    return Demand(
        channel=np.concatenate(channels),
        archetype=archetype,
        instant=np.concatenate(instants),
        household=np.concatenate(households),
        line=_lines(pilot, archetype, replication),
        seed=seed,
        replication=replication,
    )


def choose(u: Floats, weights: Sequence[float] | Floats) -> Ints:
    """Return, for each uniform, an index drawn in proportion to the weights (shape of `u`)."""
    edges = np.cumsum(weights)
    return np.searchsorted(edges / edges[-1], u, side="right").clip(max=len(edges) - 1)


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
    """Return how often each line is asked for, by the archetypes that belong to one (shape (lines,))."""
    names = list(pilot.procedures.lines)
    weights = np.zeros(len(names))
    for archetype in pilot.procedures.archetypes.values():
        if archetype.line is not None:
            weights[names.index(archetype.line)] += archetype.counter_share
    return weights if weights.sum() > 0 else np.ones(len(names))


def _lines(pilot: Pilot, archetype: Ints, replication: int) -> Ints:
    """Return the line of each request; consultations are about any line."""
    names = list(pilot.procedures.lines)
    own = np.array([names.index(a.line) if a.line else -1 for a in pilot.procedures.archetypes.values()])[archetype]
    drawn = choose(uniforms(pilot.run.seed, replication, "demand/line", len(archetype)), line_weights(pilot))
    return np.where(own < 0, drawn, own)


def _instants(pilot: Pilot, channel: Channel, replication: int) -> Ints:
    """Return the sorted ticks at which a channel's requests begin (Poisson, with a factor a day)."""
    days = 7 * pilot.run.weeks
    name = channel.name.lower()
    profile = hourly_profile(pilot, channel) * yearly(pilot, channel)
    expected = np.tile(profile, (-(-days // DAYS_A_YEAR), 1))[:days].ravel()
    factors = day_factors(
        stream(pilot.run.seed, replication, f"demand/{name}/day factor"), days, pilot.demand.day_factor_cv
    )
    edges = np.arange(days * (DAY // HOUR) + 1, dtype=np.int64) * HOUR
    return arrival_times(stream(pilot.run.seed, replication, f"demand/{name}/instant"), edges, expected, factors)


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
