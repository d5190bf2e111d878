"""The moves of requests between residents, levels and the outside world, and where they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.engine.audit.attendance import fixed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.arrays import AnyInts
    from sim.district.assemble import Case
    from sim.engine.record import Visits
    from sim.measures.requests import Requests

PLACES = ("community", "street", "district", "resident", "outside")
ENDS = ("finished", "left unserved", "still open")

BLOCK = 1 << 14  # requests that are read at once


def moves(case: Case, visits: Visits, requests: Requests, measured: AnyInts) -> AnyInts:
    """Return how often requests moved, by archetype, place before and place after (shape (archetypes, 5, 8)).

    Every request begins with the resident. A resident who has to come again, with papers or for the result, has it in
    between. It is outside while no office has it, and ends at one of `ENDS`.

    Parameters
    ----------
    case, visits
        A replication, or a part of one, and its record.
    requests : Requests
        What became of each of its residents' requests.
    measured : ndarray of int
        The rows of those that are counted.
    """
    from sim.measures import kernels  # late: Numba takes a third of a second to load

    archetype = np.full(case.n_residents, -1, dtype=np.int64)
    archetype[measured] = case.demand.archetype[requests.ids[measured]]
    ends = len(PLACES) + np.where(requests.finished, 0, np.where(requests.left, 1, 2))
    n_archetypes = len(case.organisation.pilot.procedures.archetypes)
    n_moves = np.zeros((n_archetypes, len(PLACES), len(PLACES) + len(ENDS)), dtype=np.int64)
    columns = vars(case.network.steps) | vars(case.labels) | vars(visits)
    first = fixed(case.network.requests.first)
    for a in range(0, case.n_residents, BLOCK):
        b = min(a + BLOCK, case.n_residents)
        names = kernels.Whereabouts._fields
        steps = kernels.Whereabouts(*(fixed(columns[name][first[a] : first[b]]) for name in names))
        kernels.add_moves(first[a : b + 1], fixed(archetype[a:b]), fixed(ends[a:b]), steps, n_moves)
    return n_moves


def flows(archetypes: Sequence[str], counted: AnyInts) -> pl.DataFrame:
    """Return the moves as a table.

    Parameters
    ----------
    archetypes : sequence of str
        Their names, in the order of the counts.
    counted : ndarray of int, shape (archetypes, 5, 8)
        From `moves`.

    Returns
    -------
    polars.DataFrame
        One row for each archetype, `origin` and `to` with any moves: `n`, their number, and `per_request`, their mean
        over the measured requests of the archetype.
    """
    which, origin, to = np.nonzero(counted)
    n = counted[which, origin, to]
    requests = counted[:, :, len(PLACES) :].sum(axis=(1, 2))  # each ends once
    names = (*PLACES, *ENDS)
    return pl.DataFrame(
        {
            "archetype": [archetypes[i] for i in which.tolist()],
            "origin": [names[i] for i in origin.tolist()],
            "to": [names[i] for i in to.tolist()],
            "n": n.astype(np.int32),
            "per_request": (n / requests[which]).astype(np.float32),
        },
        schema_overrides={"archetype": pl.String, "origin": pl.String, "to": pl.String},
    )
