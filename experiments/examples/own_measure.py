"""An own measure: how many residents wait over half an hour at a counter, in the morning and in the afternoon.

You learn what a function sees of a replication (docs/api.md has every column), how its values become part of a
comparison with a verdict, and that they are archived under a digest of its source: run this twice, and nothing is
simulated; change a number in it and choose another folder, and all is.

    python experiments/examples/own_measure.py
"""

from typing import Any

import numpy as np
import polars as pl

import sim

MINUTE = 60_000  # ticks are milliseconds since Monday 00:00 of week 0
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
IN_PERSON = 1

TOWN = {
    "district.population": 20_000, "district.communities": 6, "district.streets": 2, "district.built_up_km2": 4,
    "staffing.community_heads": 18, "staffing.street_heads": 18, "staffing.district_heads": 12,
    "district.work": {  # hours a year, which do not follow the population
        "from_above_hours": 15_100,
        "street_hours": {"economic": 4900, "enforcement": 4100, "justice": 1600, "party": 2500, "relay": 3300},
        "district_hours": {
            "public_service": 5400, "economic": 2700, "enforcement": 2700, "justice": 1300, "party": 1300,
        },
    },
}  # fmt: skip


def long_waits(record: sim.Record, minutes: int = 30) -> dict[str, float]:
    """Return the share of waits over so many minutes: overall, and by when the wait began."""
    run = record.case.organisation.pilot.run
    begins, visits = record.visits.arrival, record.visits
    measured = (begins >= run.warm_up_weeks * WEEK) & (begins < (run.warm_up_weeks + run.measured_weeks) * WEEK)
    rows = measured & (record.case.labels.presence == IN_PERSON) & (visits.start >= 0)  # who gives up has no start
    is_long = visits.start[rows] - begins[rows] > minutes * MINUTE
    is_morning = begins[rows] % DAY < 12 * HOUR
    return {
        "all": share(is_long),
        "half_day:morning": share(is_long[is_morning]),
        "half_day:afternoon": share(is_long[~is_morning]),
    }


def share(flags: Any) -> float:
    """Return the share of flags that are set, NaN without any: there is nothing to measure."""
    return float(np.mean(flags)) if len(flags) else float("nan")


def main() -> None:
    """Compare two ways of keeping the desk, by the measure among others."""
    own = sim.OwnMeasure("long_waits", long_waits, unit="share", label="waits over half an hour", mid=0.05)
    desk = sim.pilot("four_level", TOWN, run="quick", called="own_desks", title="everybody at their own desk")
    rota = sim.pilot("four_level", {**TOWN, "service.desk": "rota"}, run="quick", called="rota", title="a desk by rota")
    found = sim.compare([desk, rota], folder="results/own_measure", replications=4, measures=[own])
    print(found.verdicts.filter(measure="long_waits").select("label", "difference", "low", "high", "verdict"))
    by_half_day = found.measures.filter(measure="long_waits").group_by("pilot", "group", maintain_order=True)
    print(by_half_day.agg(pl.col("value").mean()))


if __name__ == "__main__":  # replications run in processes that import this file
    main()
