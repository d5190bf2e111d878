"""The rooms of the communities: the area of each office, and the counters and chairs for which it has room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.district.place import build_place

if TYPE_CHECKING:
    from sim.arrays import Floats, Ints
    from sim.config import Pilot
    from sim.config.mechanisms import Premises
    from sim.district.place import Place

LEAST_CHAIRS = 2  # so many wait in the door of a garage
_ROUNDING = 1e-9  # what a sum of areas may lack of a whole counter or chair


@dataclass(frozen=True)
class Rooms:
    """The rooms of a design's offices, one for each service point of each community.

    Attributes
    ----------
    area : ndarray of float, shape (points,)
        Square metres of each.
    added : ndarray of float, shape (points,)
        Those of them that a lever adds.
    counters, chairs : ndarray of int, shape (points,), or None
        How many residents may be served at once, and how many may wait, if that is limited.
    """

    area: Floats
    added: Floats
    counters: Ints | None
    chairs: Ints | None


def rooms(pilot: Pilot, place: Place) -> Rooms | None:
    """Return the rooms of a design on its place, if they are looked at.

    Each household brings its share of the rooms of its community of today, and of what is taken over from the streets:
    so merging pools rooms, and service points that are kept share them.
    """
    premises, lever = pilot.mechanisms.premises, pilot.levers.premises
    if not premises.on:
        return None
    households = np.bincount(place.point)
    of_today = todays_areas(premises, place.room_scores) / np.bincount(place.today)
    kept = np.bincount(place.point, of_today[place.today])
    streets = 0.0 if "street" in pilot.structure.levels else pilot.district.streets * premises.street_m2
    taken = lever.street_rooms_share * streets * households / place.n_households
    lacking = np.maximum(premises.standard_m2 - kept - taken, 0.0)
    added = taken + lever.gap_closed_share * lacking
    area = kept + added
    office = premises.office_share * area
    return Rooms(
        area=area,
        added=added,
        counters=_whole(office, premises.m2_per_counter, 1),
        chairs=_whole(area - office, premises.m2_per_chair, LEAST_CHAIRS),
    )


def added_m2(pilot: Pilot) -> float:
    """Return the square metres that the levers of a design add, on its base place."""
    if not pilot.levers.premises.on or (on_base := rooms(pilot, build_place(pilot))) is None:
        return 0.0
    return float(on_base.added.sum())


def todays_areas(premises: Premises, scores: Floats) -> Floats:
    """Return the square metres of each of today's offices (shape (communities,)).

    The smallest, in the order of the scores, are the offices that are known by name; the others are lognormal, none
    above the standard, and scaled so that all together have the mean that is known.

    Parameters
    ----------
    premises
        What is known of them.
    scores : ndarray of float, shape (communities,)
        Standard normal draws.
    """
    named = np.sort(premises.smallest_m2)
    order = np.argsort(scores, kind="stable")
    others = order[len(named) :]
    area = np.empty(len(scores))
    area[order[: len(named)]] = named
    spread = np.sqrt(np.log1p(premises.m2_cv**2))
    total = premises.mean_m2 * len(scores) - named.sum()
    area[others] = _filled(np.exp(spread * scores[others]), total, premises.standard_m2)
    return area


def _filled(weights: Floats, total: float, most: float) -> Floats:
    """Return amounts in proportion to the weights that add up to the total, but for those that `most` cuts off."""
    result = np.zeros(len(weights))
    while True:
        free = result < most
        result[free] = weights[free] * (total - most * np.count_nonzero(~free)) / weights[free].sum()
        if not (above := result > most).any():
            return result
        result[above] = most


def _whole(area: Floats, each: float, least: int) -> Ints | None:
    """Return how many have room in an area, at least so many; None where none needs room."""
    if each == 0:
        return None
    return np.maximum(np.floor(area / each + _ROUNDING).astype(np.int64), least)
