"""A sweep with a figure for a paper: how many patrols and home visits are done, by the size of a grid.

You learn how a study is written as plain data, how its table is read, and how to draw from it what no chart of ours
shows: a PDF at the width of a journal's column, with letters that a publisher can edit.

    python experiments/examples/grid_size_figure.py
"""

from pathlib import Path

import matplotlib as mpl
import polars as pl
from matplotlib.figure import Figure

import sim

COLUMN_MM = 90  # one column of most journals
MM_PER_INCH = 25.4

STUDY = {
    "title": "Duties by the size of a grid",
    "pilots": ["three_level"],
    "base": {"run": "quick"},
    "factors": {"grid.households": [150, 300, 450]},
    "design": "grid",
    "responses": ["patrols_done", "visits_done"],
    "precision": {"replications": 3},  # docs/studies.md has every key; `until` runs as many as an interval takes
}
SERIES = {"patrols_done": ("patrols", "o"), "visits_done": ("home visits", "s")}


def figure(summary: pl.DataFrame) -> Figure:
    """Return the share of duties done by the size of a grid, with the interval of each mean."""
    drawn = Figure(figsize=(COLUMN_MM / MM_PER_INCH, 65 / MM_PER_INCH), layout="constrained")
    axes = drawn.add_subplot()
    households = summary["grid.households"].cast(pl.Int64).to_numpy()  # levels are texts: they may be groups too
    for response, (name, marker) in SERIES.items():
        mean, low, high = (100 * summary[f"{response}{end}"].to_numpy() for end in ("", "_low", "_high"))
        axes.errorbar(
            households, mean, [mean - low, high - mean], label=name, marker=marker, markersize=4, capsize=2, linewidth=1
        )
    axes.set(xlabel="households per grid", ylabel="done (%)", ylim=(0, 100), xticks=households)
    axes.legend(frameon=False)
    return drawn


def main() -> None:
    """Run the study, say what it found, and draw the figure."""
    found = sim.sweep(STUDY, folder="results/grid_size_figure")
    print(found)
    with mpl.rc_context({"font.size": 8, "pdf.fonttype": 42}):  # 42: letters stay letters
        path = Path("results/grid_size_figure.pdf")
        figure(found.read("summary")).savefig(path)
    print(f"Figure: {path.resolve()}")


if __name__ == "__main__":  # replications run in processes that import this file
    main()
