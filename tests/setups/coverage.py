"""How often what is printed of a law fails: intervals, runs until precise, and searches; this file prints the table.

`.venv/bin/python tests/setups/coverage.py` prints the table of docs/proof.md, which a test holds to it.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

sys.path.insert(0, str(Path(__file__).parents[1]))

from setups.laws_of_luck import LAWS, SPREAD

from sim.statistics import skewness
from sim.statistics.best import select_best
from sim.statistics.precision import Rule, Target, run_until

ZONES, SEARCHES = (0.05, 0.1, 0.13, 0.2), 250
PRINTED, NUMBERS, AIMS = 2000, (6, 10, 24, 40), (0.5, 0.3)


def ends(samples, confidence=0.95):
    """Return the ends of families of intervals (shape (trials, members, n)); NaN: none is printed."""
    n, members = samples.shape[-1], samples.shape[-2]
    mean, sd = samples.mean(axis=-1), samples.std(axis=-1, ddof=1)
    skews = skewness.skewness(samples)
    factors = skewness.widenings(skews, n)
    factors[skewness.too_wide(skews, n) | (sd == 0)] = np.nan
    half = -stdtrit(n - 1, (1 - confidence) / 2 / members) * sd / n**0.5
    return mean - half * factors[..., 0], mean + half * factors[..., 1]


def failures(law, n, members, trials):
    """Return in how many of some trials intervals are printed, and in how many of these one of them fails."""
    samples = LAWS[law](np.random.default_rng([n, members]), (trials, members, n))
    low, high = ends(samples)
    return int(np.isfinite(low).any(axis=-1).sum()), int(((low > 1) | (high < 1)).any(axis=-1).sum())


def stopped(law, aim, trials):
    """Run until the half-width of a mean is met; return how often it was, and how often it then fails."""
    rng, met, failed = np.random.default_rng(5), 0, 0
    for _ in range(trials):
        x = LAWS[law](rng, 3000)
        targets = {"x": Target(aim * SPREAD[law])}
        (row,) = run_until(
            lambda numbers, x=x: [{"x": x[: numbers[0]]}], [None], targets, Rule(first=10, most=3000)
        ).reached  # fmt: skip
        if row.met and row.half_width > 0:
            met += 1
            failed += abs(row.mean - 1) > row.half_width
    return met, failed


def served(values):
    """Serve replications of designs, each from where it stands."""
    seen = np.zeros(values.shape[1], dtype=int)

    def draw(designs, n):
        found = np.stack([values[seen[i] : seen[i] + n, i] for i in designs], axis=1)
        seen[designs] += n
        return found

    return draw


def searched(law, designs, zone, trials):
    """Search for the best of designs, which varies little, among rivals of a law that are worse by just the zone.

    Return how often the best was guaranteed, and how often it was then another one.
    """
    rng, failed, printed, sd = np.random.default_rng(3), 0, 0, SPREAD[law]
    for _ in range(trials):
        values = LAWS[law](rng, (400, designs)) - 1
        values[:, -1] = 0.1 * sd * rng.normal(size=400) - zone * sd
        found = select_best(served(values), designs, zone=zone * sd, first=10, most=400, block=5)
        printed += not found.caveat
        failed += not found.caveat and found.best != designs - 1
    return printed, failed


def rare_values():
    """Return in a sentence how often the best of two is guaranteed, and is not, where its rival is of two points."""
    found = [searched("two points", 2, zone, SEARCHES) for zone in ZONES]
    zones = ", ".join(f"{zone:g}" for zone in ZONES)
    each = ", ".join(f"{failed} of {printed}" for printed, failed in found)
    return (
        f"In {SEARCHES} searches with a zone of {zones} standard deviations the best of two is guaranteed wrongly "
        f"{each} times."
    )


def table():
    """Return the table, in Markdown: what fails of what is printed singly, with 95 %, in per cent (printed of all)."""
    heads = [f"{n} replications" for n in NUMBERS]
    lines = ["| law | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for law in LAWS:
        cells = []
        for n in NUMBERS:
            printed, failed = failures(law, n, 1, 5 * PRINTED)
            cells.append(f"{100 * failed / printed:.1f} ({100 * printed / 5 / PRINTED:.0f})" if printed else "–")
        lines.append(f"| {law} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(), rare_values(), sep="\n\n")  # noqa: T201
