"""An own district from a table of communities: what the model takes from a register, and what it does not.

You learn how a table becomes knobs of a design. The model takes from it how many communities there are, how many
residents and heads they have in all, how unequal the communities are, and the fewest and most heads of one. It does not
take which community has how many: sizes are drawn with the same spread, and heads follow residents
(`staffing.follow_population` says how closely). Nor does it know where a community lies: the town is a square.

    python experiments/examples/own_district.py
"""

from pathlib import Path
from typing import Any

import polars as pl

import sim

TABLE = """\
community,residents,heads
Harbour,4200,5
Mill,3900,4
Old Town,3600,4
Station,3100,4
Gardens,2900,3
Hill,2300,3
"""


def knobs_of(table: pl.DataFrame) -> dict[str, Any]:
    """Return the knobs of a district that a table of its communities decides, and what else a small town needs."""
    residents, heads = table["residents"].to_numpy(), table["heads"].to_numpy()
    return {
        # from the table
        "district.population": int(residents.sum()),
        "district.communities": len(table),
        "district.community_size_cv": round(residents.std() / residents.mean(), 3),
        "staffing.community_heads": int(heads.sum()),
        "staffing.community_heads_min": int(heads.min()),
        "staffing.community_heads_max": int(heads.max()),
        # from elsewhere: the organisation chart and a map; invented here
        "district.name": "Sixways (invented)",
        "district.streets": 2,
        "district.built_up_km2": 4,
        "staffing.street_heads": 18,
        "staffing.district_heads": 12,
        # from a week's diaries, times the year: hours of work from above, and of the own work of street and district.
        # They do not follow the population: without them this town would have the work of the shipped district.
        "district.work": {
            "from_above_hours": 19_300,
            "street_hours": {"economic": 4900, "enforcement": 4100, "justice": 1600, "party": 2500, "relay": 3300},
            "district_hours": {
                "public_service": 5400,
                "economic": 2700,
                "enforcement": 2700,
                "justice": 1300,
                "party": 1300,
            },
        },
        # All else, from opening hours to what residents ask for, is as in the shipped district (docs/own_district.md).
    }


def main() -> None:
    """Compare the town as it is with one of two big communities."""
    path = Path("results/own_district.csv")
    path.parent.mkdir(exist_ok=True)
    path.write_text(TABLE, encoding="utf-8")  # yours is there already

    knobs = knobs_of(pl.read_csv(path))
    today = sim.pilot("four_level", knobs, run="quick", called="today", title="six communities")
    merged = sim.pilot(
        "three_level", {**knobs, "structure.communities": 2}, run="quick", called="merged",
        title="two big communities",
    )  # fmt: skip
    found = sim.compare([today, merged], folder="results/own_district")
    print(found.opening)  # first the arithmetic: work, heads and load, before anything is simulated
    print(found)


if __name__ == "__main__":  # replications run in processes that import this file
    main()
