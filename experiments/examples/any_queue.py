"""Any queue: three clerks or four at one desk, beside theory; and the engine itself, tick by tick.

You learn how a network of queues is written as plain data, how it is measured, and what the engine contract looks like
underneath. Nothing is kept on disk but the table that this writes.

    python experiments/examples/any_queue.py
"""

import copy
from pathlib import Path
from typing import Any

import sim

DESK: dict[str, Any] = {
    "time_unit": "minute",
    "horizon": 1300, "warm_up": 200, "drain": 100,
    "stations": {"desk": {}},
    "servers": {"clerk": {"number": 3, "serves": ["desk"]}},
    "classes": {
        "customer": {
            "arrivals": {"law": "exponential", "mean": 0.625},
            "route": [{"station": "desk", "service": {"law": "exponential", "mean": 1.5}}],
        }
    },
}  # fmt: skip


def main() -> None:
    """Measure a desk with three clerks and with four, then run three requests by hand."""
    four = copy.deepcopy(DESK)
    four["servers"]["clerk"]["number"] = 4
    for desk in (DESK, four):  # the same customers come to both
        found = sim.measure(sim.network(desk), replications=10)
        print(found)
    folder = Path("results")
    folder.mkdir(exist_ok=True)
    found.measures.write_csv(folder / "any_queue.csv")

    # Below every network lie whole numbers: one clerk, three requests of 5 ticks each, of which two come at once.
    network = sim.make_network(
        stations={"site": [-1]},
        duties={"first": [0, 1], "longest": [0], "station": [0], "rank": [0]},
        servers={"first": [0, 1], "changeover": [0], "open": [0], "close": [100], "duty": [0]},
        requests={"first": [0, 1, 2, 3], "begin": [0, 0, 20]},
        steps={"station": [0, 0, 0], "work": [5, 5, 5]},
    )
    visits, spells = sim.run(network, horizon=50)
    print("waited (ticks):", (visits.start - visits.arrival).tolist(), "worked:", spells.ticks.tolist())


if __name__ == "__main__":
    main()
