"""The page of a chart: title, legend and footer around a body; texts that fit their space; and the file."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from PIL import Image

from sim.arrays import Floats
from sim.charts.fonts import independent_of_the_machine
from sim.charts.style import GREY, pilot_style, styled
from sim.language import phrase
from sim.report.formats import FORMATS, Format
from sim.report.lines import literal, with_gaps

EDGE = 0.3
"""Margin of every chart (inches)."""
_NOTE = 0.165
"""Height of a line of a note under the body (inches)."""
_KEY = 0.72
"""Room of a key in a legend beside its word, with the gap to the next (inches)."""
_TITLE = 13.0
"""Size of a title (points)."""
_COMPRESSION = 3
"""Of a PNG: half the time of Pillow's 6, for as many bytes."""
MOST_LETTERS = 2_000
"""Of a text of a chart: twice the longest of ours."""


Title = str | Sequence[str]
"""A title, or several that say the same, the longest first: the first that takes two lines at most is written."""


class Chart(Figure):
    """A figure that a notebook shows where it is the last line of a cell."""

    def _repr_png_(self) -> bytes:
        """Return it as a picture."""
        return render(self)


@styled
def render(figure: Figure, format: Format = "png", dpi: int = 150) -> bytes:  # noqa: A002
    """Return a figure as the bytes of a file; the same figure gives the same bytes.

    Parameters
    ----------
    figure
        From a function of this module.
    format
        "png", "svg" (its text stays text) or "pdf" (its fonts are embedded).
    dpi
        Of a PNG, at least 150.

    Raises
    ------
    ValueError
        The format must be one of the three; dpi must be at least 150.

    Warns
    -----
    UserWarning
        If the fonts of this machine lack characters of the chart; an SVG may still show them elsewhere.
    """
    if format not in FORMATS:
        raise ValueError(f"format must be png, svg or pdf, got {format}")
    if dpi < 150:
        raise ValueError(f"dpi must be at least 150, got {dpi}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = _png(figure, dpi) if format == "png" else _vector(figure, format)
    missing = [w for w in caught if "missing from font" in str(w.message)]
    for other in caught:
        if other not in missing:
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    if missing:
        warnings.warn("the fonts of this machine lack characters of this chart's names", stacklevel=3)
    return data


def _vector(figure: Figure, format: Format) -> bytes:  # noqa: A002
    """Return a figure as an SVG or a PDF without the time at which it was drawn."""
    file = io.BytesIO()
    left_out = {"svg": ("Date", "Creator"), "pdf": ("CreationDate", "Creator", "Producer")}[format]
    figure.savefig(file, format=format, metadata=dict.fromkeys(left_out))
    data = file.getvalue()
    return independent_of_the_machine(data.decode()).encode() if format == "svg" else data


def _png(figure: Figure, dpi: int) -> bytes:
    """Return a figure as a PNG without transparency, which nothing of a chart needs and which takes time."""
    raw, file = io.BytesIO(), io.BytesIO()
    figure.savefig(raw, format="rgba", dpi=dpi)
    width, height = (int(inches * dpi) for inches in figure.get_size_inches())
    picture = Image.frombytes("RGBA", (width, height), raw.getvalue()).convert("RGB")
    picture.save(file, format="png", compress_level=_COMPRESSION, dpi=(dpi, dpi))
    return file.getvalue()


@dataclass(frozen=True)
class Key:
    """One key of a legend: a word, and the look of a line or a patch."""

    label: str
    look: Mapping[str, Any]
    line: bool = False


@dataclass(frozen=True)
class Page:
    """A figure with title, legend and footer in place; the body starts `top` inches below its upper edge."""

    figure: Figure
    width: float
    height: float
    top: float

    @classmethod
    def around(
        cls,
        width: float,
        body: float,
        *,
        title: Title,
        subtitle: str,
        legend: Sequence[Key],
        footer: str,
        notes: Sequence[str] = (),
    ) -> Page:
        """Return a page around a body of this height (inches); notes are placed under the body, each on new lines."""
        text_width = width - 2 * EDGE
        written = literal(title if isinstance(title, str) else _shortened(title, width))
        blocks = [(written, _TITLE, True, "#000000"), (subtitle, 9.5, False, "#333333")]
        blocks_of_lines = [
            (wrapped(text, text_width, size, bold=bold), size, bold, colour) for text, size, bold, colour in blocks
        ]
        n_columns, legend_rows = _legend_shape(legend, text_width)
        # On a screen small letters stand on whole dots, which makes some lines wider than they are in print.
        small_width = 0.97 * text_width
        foot = wrapped(literal(footer), small_width, 7.5) if footer else []
        note_lines = [line for note in notes for line in wrapped(literal(note), small_width, 8.5)]
        top = EDGE + sum(len(lines) * size * 1.35 / 72 + 0.06 for lines, size, *_ in blocks_of_lines if lines)
        legend_top = top
        top += legend_rows * 0.21 + 0.2
        height = top + body + len(note_lines) * _NOTE + 0.1 + len(foot) * 0.14 + EDGE * 0.7
        figure = Chart(figsize=(width, height), facecolor="white")
        FigureCanvasAgg(figure)
        y = EDGE
        for lines, size, bold, colour in blocks_of_lines:
            for line in lines:
                weight = "bold" if bold else "normal"
                write(figure, EDGE, height - y, line, size=size, weight=weight, color=colour, va="top")
                y += size * 1.35 / 72
            y += 0.06 if lines else 0
        _draw_legend(figure, legend, n_columns, legend_top, text_width)
        for i, line in enumerate(note_lines):
            write(figure, EDGE, height - top - body - i * _NOTE, line, size=8.5, color="#333333", va="top")
        for i, line in enumerate(reversed(foot)):
            write(figure, EDGE, EDGE * 0.6 + i * 0.14, line, size=7.5, color=GREY, va="bottom")
        return cls(figure, width, height, top)

    def axes(self, left: float, down: float, width: float, height: float) -> Axes:
        """Return axes at this position of the body (inches from the left edge and from the body's top)."""
        bottom = self.height - self.top - down - height
        box = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(box)

    def box(self, left: float, bottom: float, width: float, height: float, **look: Any) -> None:
        """Draw a box (inches from the page's lower left corner)."""
        at, size = (left / self.width, bottom / self.height), (width / self.width, height / self.height)
        self.figure.add_artist(Rectangle(at, *size, transform=self.figure.transFigure, **look))

    def write(self, left: float, down: float, text: str, **look: Any) -> None:
        """Write a line of text at this position of the body (inches from the left edge and from the body's top)."""
        write(self.figure, left, self.height - self.top - down, text, **look)


def write(figure: Figure, x: float, y: float, text: str, **look: Any) -> None:
    """Write a line of text at a position in inches."""
    width, height = figure.get_size_inches()
    figure.text(x / width, y / height, text, **look)


def _legend_shape(legend: Sequence[Key], max_width: float) -> tuple[int, int]:
    """Return the numbers of columns and rows of a legend that fits a width (inches)."""
    if not legend:
        return 1, 0
    if sum(width_of(key.label, 9) + _KEY for key in legend) <= max_width:
        return len(legend), 1
    widest = max(width_of(key.label, 9) for key in legend) + _KEY
    n_columns = max(int(max_width / widest), 1)
    return n_columns, math.ceil(len(legend) / n_columns)


def _draw_legend(figure: Figure, legend: Sequence[Key], n_columns: int, top: float, max_width: float) -> None:
    """Draw the keys row by row, so that they are read in their order."""
    # Matplotlib's own legend drops labels that begin with an underscore, as a pilot's name may.
    grid = len(legend) > n_columns
    widest = max((width_of(key.label, 9) for key in legend), default=0.0) + _KEY
    x = EDGE
    for i, key in enumerate(legend):
        row, column = divmod(i, n_columns)
        x = EDGE + column * min(widest, max_width / n_columns) if grid else x
        y = float(figure.get_figheight()) - top - 0.16 - row * 0.21
        wide, high = figure.get_size_inches()
        at = figure.transFigure
        if key.line:
            xs = [(x + across) / wide for across in (0.0, 0.17, 0.34)]
            figure.add_artist(Line2D(xs, [y / high] * 3, markevery=[1], transform=at, **key.look))
        else:
            box = Rectangle((x / wide, (y - 0.06) / high), 0.34 / wide, 0.12 / high, transform=at, lw=0.5, **key.look)
            figure.add_artist(box)
        write(figure, x + 0.42, y, key.label, size=9, va="center_baseline")
        x += width_of(key.label, 9) + _KEY


def pilot_key(i: int, label: str, **look: Any) -> Key:
    """Return the key of a pilot: its line and marker, changed by `look`."""
    colour, marker, line = pilot_style(i)
    whole = {"color": colour, "marker": marker, "ls": line, "lw": 1.8, "ms": 7, "mec": "white", "mew": 0.6}
    return Key(short_name(label, 90), whole | look, line=True)


def distinct(table: pl.DataFrame, column: str) -> list[str]:
    """Return the distinct names of a column, in the order in which they first occur."""
    return [str(name) for name in table[column].unique(maintain_order=True)]


def short_name(text: str, longest: int = 36) -> str:
    """Return a name in the language that is spoken, on one line; of a long name the middle is left out."""
    plain = literal(phrase(str(text))).strip()
    if len(plain) <= longest:
        return plain
    return plain[: longest // 2] + "…" + plain[-(longest // 2 - 1) :]


def cut_to(text: str, max_width: float, size: float) -> str:
    """Return a name on one line that fits a width (inches); of a wider one the middle is left out."""
    plain = short_name(text, len(text) + 400)
    lengths = range(len(plain), 2, -1)
    return next(
        (one for n in lengths if width_of(one := short_name(plain, n), size) <= max_width), short_name(plain, 3)
    )


def or_zero(value: float | None) -> float:
    """Return the value, or 0 if there is none."""
    return 0.0 if value is None or not math.isfinite(value) else float(value)


def over_replications(table: pl.DataFrame, x: str, y: str) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the points of a grid, and at each the mean, lowest and highest value over the replications."""
    value = pl.col(y)
    grid = table.group_by(x).agg(mean=value.mean(), low=value.min(), high=value.max()).sort(x)
    columns = [grid[name].to_numpy().astype(np.float64) for name in (x, "mean", "low", "high")]
    return columns[0], columns[1], columns[2], columns[3]


def wrapped(text: str, max_width: float, size: float, *, bold: bool = False) -> list[str]:
    """Return the text in lines that fit a width (inches), broken between words or Chinese letters if possible.

    Of a text that is longer than any of ours the end is left out: each of its letters is measured.
    """
    lines: list[str] = []
    for gap, piece in with_gaps(text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…"):
        if lines and width_of(f"{lines[-1]}{gap}{piece}", size, bold=bold) <= max_width:
            lines[-1] += f"{gap}{piece}"
            continue
        lines.append("")
        for character in piece:
            if lines[-1] and width_of(lines[-1] + character, size, bold=bold) > max_width:
                lines.append("")
            lines[-1] += character
    return lines


def that_fits(titles: Iterable[str], page_width: float, most: int = 2) -> str:
    """Return the first of some titles that takes so many lines at most on a page of this width; else the last."""
    title = ""
    for title in titles:
        if len(wrapped(literal(title), page_width - 2 * EDGE, _TITLE, bold=True)) <= most:
            break
    return title


def _shortened(titles: Sequence[str], page_width: float) -> str:
    """Return the first of some titles that takes two lines at most on a page of this width, or the last made to."""
    last = literal(titles[-1])
    cuts = (short_name(last, longest) for longest in range(len(last), 2, -1))
    return that_fits([*titles[:-1], *cuts], page_width)


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a line of text (inches): the sum of its characters', which is measured once for each."""
    return sum(_advance(character, bold) for character in text) * size


@cache
def _advance(character: str, bold: bool) -> float:
    """Return how far a character moves the pen, in inches a point of its size."""
    size = 100.0
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    with warnings.catch_warnings():
        # A character that no font has is reported once, when the chart is rendered.
        warnings.simplefilter("ignore", UserWarning)
        renderer: Any = RendererAgg(1, 1, 72)  # type: ignore[no-untyped-call]
        # Between two others, as a blank at an end has no width.
        with_it, without = (renderer.get_text_width_height_descent(t, font, False)[0] for t in (f"n{character}n", "nn"))
    return float(with_it - without) / 72 / size
