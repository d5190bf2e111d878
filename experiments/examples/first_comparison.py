"""A first comparison: today's four levels against three, on the same residents with the same cases.

You learn how two shipped designs are named, run and compared, where tables and charts are, and how to read verdicts as
data. A run of five weeks, six times: to look around, not to believe. For more leave `run="quick"` out.

    python experiments/examples/first_comparison.py
"""

import polars as pl

import sim


def main() -> None:
    """Compare two designs and print what the comparison says."""
    today = sim.pilot("four_level", run="quick")
    reform = sim.pilot("three_level", run="quick")

    # The baseline comes first. The same call continues after a stop, and a second one runs nothing again.
    found = sim.compare([today, reform], folder="results/first_comparison")
    print(found)

    # A verdict says more than a difference: is it larger than the smallest one that matters, and beyond chance?
    settled = found.verdicts.filter(pl.col("verdict").is_in(["better", "worse"]))
    for row in settled.iter_rows(named=True):
        print(f"{row['label']}: {row['verdict']}, by {row['low']:.3g} to {row['high']:.3g} ({row['unit']})")

    # Charts lie in the folder as SVG; as figures of Matplotlib they can be saved as anything else.
    found.chart("differences").savefig("results/first_comparison.pdf")
    print(f"All tables and charts, and summary.md: {found.folder}")


if __name__ == "__main__":  # replications run in processes that import this file
    main()
