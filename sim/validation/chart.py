"""The chart of a validation: all z-scores in order, against what chance would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.charts.page import EDGE, Key, Page
from sim.charts.style import COLOURS, styled
from sim.language import gettext, run_together
from sim.validation.outcomes import DIFFERS, MOST_ERRORS, normal_scores, scored

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.validation.outcomes import Chance

_POINT: dict[str, Any] = {"color": COLOURS[1], "marker": "o", "ms": 5, "mec": "white", "mew": 0.5, "ls": "none"}
_FAR: dict[str, Any] = {"color": COLOURS[3], "marker": "D", "ms": 7, "mec": "white", "mew": 0.6, "ls": "none"}
_SIZE = 6.4
_SHOWN = 6.0


@styled
def z_chart(outcomes: pl.DataFrame, spread: Chance | None, footer: str = "") -> Figure:
    """Return the z-scores in order against the quantiles of the normal law, with the bounds of agreement.

    Parameters
    ----------
    outcomes : polars.DataFrame
        As from `sim.validation.outcomes.table`; at least one row with a z-score.
    spread : Chance or None
        How the scores are spread, for the subtitle.
    footer : str
        Where the numbers come from.

    Returns
    -------
    Figure
        Scores further out than 6 are drawn at the edge; values that differ are named.
    """
    from scipy.stats import norm

    rows = scored(outcomes).with_columns(score=normal_scores(scored(outcomes))).sort("score")
    n = len(rows)
    far = rows["verdict"].to_numpy() == DIFFERS
    score = np.clip(rows["score"].to_numpy(), -_SHOWN, _SHOWN)
    expected = norm.ppf((np.arange(n) + 0.5) / n)
    title = gettext("{agree} of {n} random values agree with what is known", agree=int((~far).sum()), n=n)
    legend = [
        Key(gettext("a value"), _POINT, line=True),
        Key(gettext("differs"), _FAR, line=True),
        Key(gettext("what chance gives"), {"color": COLOURS[0], "lw": 1.2, "ls": "-"}, line=True),
    ]
    subtitle = gettext(
        "Values of one case share their draws, so that the line is met less closely than by independent ones."
    )
    if spread is not None:
        test = gettext(
            "One value a case ({n}): Kolmogorov-Smirnov p = {p_value:.2f}.", n=spread.n, p_value=spread.p_value
        )
        subtitle = run_together([test, subtitle])
    page = Page.around(9.0, _SIZE, title=title, subtitle=subtitle, legend=legend, footer=footer)
    axes = page.axes(EDGE + 0.6, 0.1, page.width - 2 * EDGE - 0.7, _SIZE - 0.6)
    _frame(axes)
    axes.plot(expected[~far], score[~far], zorder=3, **_POINT)
    axes.plot(expected[far], score[far], zorder=4, **_FAR)
    for i in np.flatnonzero(far):
        name = f"{rows['case'][int(i)]}.{rows['quantity'][int(i)]}"
        axes.annotate(
            name, (expected[i], score[i]), xytext=(8, -8), textcoords="offset points", fontsize=8, va="center"
        )
    return page.figure


def _frame(axes: Axes) -> None:
    """Draw the bounds of agreement and the line of chance."""
    axes.axhspan(-MOST_ERRORS, MOST_ERRORS, color="#eef3f7", zorder=0)
    for bound in (-MOST_ERRORS, MOST_ERRORS):
        axes.axhline(bound, color="#555555", lw=0.9, ls="--", zorder=1)
        axes.text(-3.45, bound, f" {bound:+.0f}", fontsize=8, va="bottom" if bound > 0 else "top", color="#555555")
    axes.plot([-3.5, 3.5], [-3.5, 3.5], color=COLOURS[0], lw=1.2, zorder=2)
    axes.set_xlim(-3.5, 3.5)
    axes.set_ylim(-_SHOWN - 0.3, _SHOWN + 0.3)
    axes.set_xlabel(gettext("Quantile of the standard normal law"))
    axes.set_ylabel(gettext("Normal score of z: estimate less value, in standard errors"))
