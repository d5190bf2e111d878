"""The table of persons: how busy each member of staff was, and with what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.draws.clock import HOUR
from sim.measures.staff import ticks_by_kind

if TYPE_CHECKING:
    from sim.district.organisation import Organisation
    from sim.measures.staff import Time


def persons(organisation: Organisation, time: Time, weeks: float) -> pl.DataFrame:
    """Return one row a member of staff.

    Parameters
    ----------
    organisation : Organisation
        Whose staff they are.
    time : Time
        How they spent the measured window.
    weeks : float
        The length of the window.

    Returns
    -------
    polars.DataFrame
        `identity` (the same person under every design), `post`, `level`, `unit` (of the level, from 0), `utilisation`
        (busy over on-duty time, 0 for persons who were never on duty), `overtime` (hours a week), and a column for each
        kind of work as in `workload`, in hours a week.
    """
    people = organisation.people
    hours = {name: ticks / (HOUR * weeks) for name, ticks in ticks_by_kind(organisation, time).items()}
    load = {"utilisation": time.busy / np.maximum(1, time.on_duty), "overtime": time.overtime / (HOUR * weeks)}
    return pl.DataFrame(
        {
            "identity": np.array([p.identity for p in people], dtype=np.int32),
            "post": [p.post for p in people],
            "level": [p.level for p in people],
            "unit": np.array([p.unit for p in people], dtype=np.int32),
            **{name: values.astype(np.float32) for name, values in (load | hours).items()},
        }
    )
