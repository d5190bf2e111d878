"""Who is in post: exits, vacancies and newcomers of the posts of community workers, drawn by identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.district import workload
from sim.draws.streams import stream

if TYPE_CHECKING:
    from sim.arrays import Bools, Ints
    from sim.district.office_hours import OfficeTime
    from sim.district.organisation import Organisation

BEFORE_YEARS = 5
"""So long before the first day everybody is in post and used to the work: long enough that it no longer shows."""

STEP = 20
"""Paces are rounded to so many per mille, so that a newcomer has a dozen of them and not one a day."""


@dataclass(frozen=True)
class Careers:
    """What turnover does to each post on each working day (arrays of shape (people, working days)).

    Attributes
    ----------
    community : ndarray of bool, shape (people,)
        The posts of community workers, which are the ones that fall vacant.
    filled, first_year, exits : ndarray of bool
        Whether somebody is in post; whether it is for less than a year; whether somebody leaves.
    pace : ndarray of int
        Per mille of the usual time that the same work takes.
    """

    community: Bools
    filled: Bools
    first_year: Bools
    exits: Bools
    pace: Ints


def careers(organisation: Organisation, office: OfficeTime, replication: int) -> Careers | None:
    """Return what turnover does in one replication, or None where nobody leaves.

    The times in post of an identity are drawn one after the other, in units of their mean: with fewer exits all are
    longer in proportion, and a longer horizon begins as a shorter one.
    """
    pilot, n_days = organisation.pilot, len(office.working_days)
    turnover, a_year = pilot.mechanisms.turnover, workload.working_days_a_year(pilot)
    exits_a_year = workload.exits_per_year(pilot)
    if not turnover.on:
        return None
    community = np.array([person.identity < workload.community_posts(pilot) for person in organisation.people])
    shape = len(community), n_days
    filled, pace = np.ones(shape, dtype=bool), np.full(shape, 1000, dtype=np.int64)
    first_year, exits = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    days = np.arange(n_days)
    for m in np.flatnonzero(community & (exits_a_year > 0)).tolist():
        purpose = f"staff/{organisation.people[m].identity}/in post"
        rng = stream(pilot.run.seed, replication, purpose, organisation.place.district)
        leaves = -BEFORE_YEARS * a_year + rng.exponential() * a_year / exits_a_year
        while leaves < n_days:
            comes = leaves + turnover.vacancy_working_days
            filled[m] &= (days < leaves) | (days >= comes)
            exits[m] |= days == np.ceil(leaves)
            leaves = comes + rng.exponential() * a_year / exits_a_year
            tenure = days - comes
            in_post = (tenure >= 0) & (days < leaves)
            first_year[m] |= in_post & (tenure < a_year)
            used_to = np.exp(-tenure[in_post] / (turnover.newcomer_months * a_year / 12))
            slower = 1000 * (turnover.newcomer_pace - 1) * used_to
            pace[m, in_post] = 1000 + STEP * np.rint(slower / STEP).astype(np.int64)
    return Careers(community, filled, first_year, exits, pace)
