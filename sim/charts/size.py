"""The size at which a chart is used: the whole figure, letters and lines with it, is brought to it."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Annotation, Text

from sim.report.formats import SIZES, Size

_ROOM: dict[Size, tuple[float, float]] = {"slide": (13.333, 7.5), "page": (6.9, 9.7), "column": (3.5, 9.7)}
"""Inches across and down: a slide of 16 by 9, A4 within its margins (upright or on its side), a journal's column."""
_LEAST = 0.7
"""Letters are made no smaller than this share of theirs; a column is left for the page where it would need that."""


def sized(figure: Figure, size: Size) -> Figure:
    """Return a figure brought to a size: as wide as there is room, or as high.

    What is in inches is a share of the figure already; what is in points is scaled with it.

    A chart that is too wide for the letters of a column to be read has the width of the page.

    Raises
    ------
    ValueError
        The size must be one of the three.
    """
    if size not in SIZES:
        raise ValueError(f"size must be {', '.join(SIZES[:-1])} or {SIZES[-1]}, got {size}")
    width, height = figure.get_size_inches()
    across, down = _ROOM[size]
    share = min(across / width, down / height)
    if size == "page":
        share = max(share, min(down / width, across / height))  # lying on its side
    if size == "column" and share < _LEAST:
        return sized(figure, "page")
    figure.set_size_inches(width * share, height * share)
    for artist in figure.findobj():
        _scale(artist, share)
    return figure


def _scale(artist: Artist, share: float) -> None:
    """Scale what an artist has in points: what it has in inches is a share of the figure already."""
    if isinstance(artist, Text):
        artist.set_fontsize(float(artist.get_fontsize()) * share)
        if isinstance(artist, Annotation) and artist.anncoords == "offset points":
            across, down = artist.xyann
            artist.xyann = (across * share, down * share)
    elif isinstance(artist, Line2D):
        artist.set_linewidth(artist.get_linewidth() * share)
        artist.set_markersize(artist.get_markersize() * share)
        artist.set_markeredgewidth(artist.get_markeredgewidth() * share)
    elif isinstance(artist, Patch):
        artist.set_linewidth(artist.get_linewidth() * share)
    elif isinstance(artist, Collection):
        artist.set_linewidth((np.atleast_1d(artist.get_linewidth()) * share).tolist())
    elif isinstance(artist, Axes):
        for axis in (artist.xaxis, artist.yaxis):
            axis.labelpad *= share
            for ticks in ("major", "minor"):
                look = axis.get_tick_params(which=ticks)
                pad, length = (look.get(name, 3.5) * share for name in ("pad", "length"))
                axis.set_tick_params(which=ticks, pad=pad, length=length)
