"""A panel of bars that need no scale, because each has its number beside it."""

from __future__ import annotations

from matplotlib.axes import Axes

from sim.charts.style import PALE


def without_scale(axes: Axes, n_bars: int, reach: float) -> None:
    """Leave of a panel its bars and the line at 0 from which they start; the first bar is on top, `reach` the end."""
    axes.set_xlim(0, reach)
    axes.set_ylim(n_bars - 0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["bottom", "left"]].set_visible(False)
    axes.axvline(0, color=PALE, lw=1.5)
