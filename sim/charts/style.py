"""The look of all charts: fonts, colours, markers, lines and hatches.

Pilots differ by luminance, marker and line style, kinds of work by luminance and hatch, so that a grey copy can
be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from matplotlib import style

from sim.charts.fonts import families

P = ParamSpec("P")
T = TypeVar("T")

COLOURS = ("#141414", "#1f78b4", "#e89a20", "#7a1a4b", "#3c9e6a", "#4d4db0", "#9ccbe8", "#3d2200", "#efe048")
_MARKERS = "osD^vPX<p"
_LINES: tuple[Any, ...] = (
    "-",
    "--",
    "-.",
    ":",
    (0, (6, 1, 1, 1, 1, 1)),
    (0, (8, 3)),
    (0, (2, 1)),
    (0, (1, 3)),
    (0, (5, 2, 2, 2)),
)
KIND_COLOURS = (
    "#16324f",
    "#7fb0d6",
    "#3f6f8f",
    "#f3d27a",
    "#8c4a1f",
    "#d8d8d8",
    "#5b5b5b",
    "#c9e3c1",
    "#2f6b45",
    "#c2548f",
    "#e8743b",
    "#6b4fa0",
    "#1fa3a3",
)
"""A colour for each kind of work: no two kinds of a chart share one."""
_HATCHES = ("////", "....", "xxxx", "\\\\\\\\", "++++", "oo")
_PLAIN = 4  # kinds before the first that has one
GREY = "#555555"
PALE = "#e9e9e9"


def _rc() -> dict[str, Any]:
    """Return the settings of all charts; they override those of the user's own matplotlibrc."""
    return {
        "font.family": families(),
        "font.size": 9,
        "text.parse_math": False,
        "text.hinting": "none",  # letters of a chart are as wide in a PNG as in an SVG, and are drawn sooner
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "axes.labelcolor": "#222222",
        "axes.labelsize": 9,
        "xtick.color": GREY,
        "ytick.color": GREY,
        "xtick.labelcolor": "#222222",
        "ytick.labelcolor": "#222222",
        "hatch.linewidth": 0.7,
        "svg.fonttype": "none",
        "pdf.fonttype": 42,  # fonts are embedded whole, as journals ask
        "svg.hashsalt": "wangge",
        "svg.id": "wangge",
    }


def styled(chart: Callable[P, T]) -> Callable[P, T]:
    """Return the function wrapped so that it runs with our settings of Matplotlib and restores the others."""

    @wraps(chart)
    def within(*args: P.args, **kwargs: P.kwargs) -> T:
        with style.context(["default", _rc()]):
            return chart(*args, **kwargs)

    return within


def pilot_style(i: int) -> tuple[str, str, Any]:
    """Return colour, marker and line style of a pilot; the baseline is the first."""
    return COLOURS[i % len(COLOURS)], _MARKERS[i % len(_MARKERS)], _LINES[i % len(_LINES)]


def band_opacity(pilots: Sequence[str]) -> float:
    """Return the opacity of bands: low for many pilots, since the bands overlap."""
    return 0.2 if len(pilots) <= 4 else 0.08


def kind_style(i: int) -> dict[str, Any]:
    """Return colour and hatch of a kind of work; no two of the first thirteen share a colour."""
    n = len(KIND_COLOURS)
    colour = KIND_COLOURS[i % n]
    # Colours that come again have hatches, and others than they had.
    hatch = dict(enumerate(_HATCHES, _PLAIN)).get(i, "") if i < n else _HATCHES[(i - n + i // n) % len(_HATCHES)]
    # A pale hatch shows on dark colours only, and the other way round.
    dark = int(colour[3:5], 16) < 0x80
    return {
        "facecolor": colour,
        "edgecolor": "white",
        "hatch": hatch,
        "hatchcolor": "#ffffff" if dark else "#666666",
    }
