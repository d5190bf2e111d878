"""The map of a place: communities, grids and offices of each pilot, coloured by a measure on one scale.

Residents' measures are kept by today's community under every design, duties by the grid of the design and utilisation
by its community; the borders drawn are always those of the pilot itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PathCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from sim.arrays import Floats
from sim.charts.page import EDGE, Key, Page, short_name, write
from sim.charts.style import GREY, styled
from sim.district import outlines
from sim.errors import ConfigError, near
from sim.measures.dictionary import DEFINITIONS, DUTIES
from sim.report.tables import number, scale_of

if TYPE_CHECKING:
    from sim.arrays import Ints
    from sim.district.organisation import Organisation
    from sim.district.place import Place
Area = Literal["community", "unit", "grid"]

_WORDS = {
    "counter_wait_mean": "Mean wait at a counter",
    "counter_wait_p50": "Median wait at a counter",
    "counter_wait_p90": "Wait at a counter, nine in ten within",
    "found": "Issues found",
    "found_by_staff": "Issues found by staff, unreported",
    "issue_time_restricted_mean": "Mean time from an issue's rise to its end, restricted",
    "detection_lag_p50": "Median time until an issue is noticed",
    "hand_overs": "Hand-overs of a file",
    "left_unserved": "Requests that left unserved",
    "on_time": "Requests within their limit",
    "one_visit": "Requests done in one visit",
    "patrols_done": "Patrols done of those due",
    "resident_time": "A resident's own time",
    "trips": "Trips to an office",
    "turnaround_restricted_mean": "Mean turnaround, restricted",
    "turnaround_p50": "Median turnaround",
    "turnaround_p90": "Turnaround, nine in ten within",
    "utilisation": "Time that community staff are busy",
    "visits_done": "Home visits done of those due",
}
_AREAS: dict[Area, tuple[str, str]] = {
    "grid": ("grid", "grids"),
    "unit": ("community", "communities"),
    "community": ("today's community", "today's communities"),
}
_OFFICES = {
    "community": ("o", 11.0, "community office (numbered)"),
    "street": ("s", 14.0, "street office"),
    "district": ("D", 12.0, "district desks"),
}
_POINT: dict[str, Any] = {"marker": "^", "ls": "none", "ms": 5.5, "mfc": "#141414", "mec": "white", "mew": 0.6}
_BORDER: dict[str, Any] = {"color": "#141414", "lw": 1.5}
_THIN: dict[str, Any] = {"color": "#555555", "lw": 0.35}
_WITHHELD: dict[str, Any] = {"facecolor": "white", "edgecolor": "#888888", "hatch": "////"}
_MOST_NUMBERED = 60
"""Of more communities than these the offices have no numbers: they would lie upon each other."""


@dataclass(frozen=True)
class Layer:
    """The values that colour a map: a measure by area of each pilot, as means over the replications.

    Attributes
    ----------
    measure, unit
        Names as in the table of measures.
    by
        The areas: `community` of today, or `unit` (a community) or `grid` of the design.
    values : dict of pilot -> ndarray of float, shape (areas,)
        NaN where some replication has no number, and where nothing follows from the mean.
    why : dict of pilot -> str
        Why areas that have a mean are left without a number: the reason of the first, and how many there are.
    unserved : dict of pilot -> str
        Of residents' measures: how many left or are open still, of whom some measures say nothing.
    replications : int
        The number of them.
    """

    measure: str
    unit: str
    by: Area
    values: Mapping[str, Floats]
    why: Mapping[str, str]
    unserved: Mapping[str, str]
    replications: int


def layer(
    measures: pl.DataFrame,
    organisations: Mapping[str, Organisation],
    measure: str,
    why: Callable[[str, str], str] = lambda pilot, group: "",  # noqa: ARG005 - nothing is withheld
) -> Layer:
    """Return the layer of a measure, by area of each pilot, from the long table of measures.

    Parameters
    ----------
    measures
        pilot, replication, measure, group, unit, value.
    organisations
        By pilot as in the table, the baseline first.
    measure
        One that is kept by community or grid.
    why
        Why nothing follows from the mean of a group under a pilot, or an empty text.

    Raises
    ------
    ConfigError
        The measure must be kept by place for every pilot.
    """
    placed = measures.filter(pl.col("group").str.contains(r"^(grid|unit|community):\d+$"))
    known = placed["measure"].unique(maintain_order=True).to_list()
    if not known:
        raise ConfigError(
            f"map must be a measure that these results keep by community or grid, got {measure}: they keep none so "
            "(replications have places of their own unless district.place=fixed, or there are several districts)"
        )
    if measure not in known:
        hint = near(measure, known)
        raise ConfigError(
            f"map must be a measure that these results keep by community or grid{hint}, one of {', '.join(known)}, "
            f"got {measure}"
        )
    rows = placed.filter(pl.col("measure") == measure)
    kinds = rows["group"].str.extract(r"^(\w+):").to_list()
    by = next(area for area in _AREAS if area in kinds)
    rows = rows.filter(pl.col("group").str.starts_with(f"{by}:"))
    values, whys = {}, {}
    for pilot, organisation in organisations.items():
        mine = rows.filter(pl.col("pilot") == pilot)
        if mine.is_empty():
            raise ConfigError(f"map must be a measure of every pilot, got {measure}, which {pilot} has not")
        reasons = {group: why(pilot, group) for group in mine["group"].unique(maintain_order=True).to_list()}
        withheld = [group for group, reason in reasons.items() if reason]
        kept = mine.with_columns(
            value=pl.when(pl.col("group").is_in(withheld)).then(math.nan).otherwise(pl.col("value"))
        )
        values[pilot] = _area_means(kept, int(_areas(organisation.place, by).max()) + 1)
        with_mean = set(mine.filter(pl.col("value").is_finite())["group"])
        doubtful = [group for group in withheld if group in with_mean]
        more = f" and {len(doubtful) - 1} more" if len(doubtful) > 1 else ""
        whys[pilot] = f"no colour for {doubtful[0]}{more}: {reasons[doubtful[0]]}" if doubtful else ""
    unserved = {pilot: _unserved(measures, pilot) for pilot in organisations if by == "community"}
    return Layer(measure, str(rows["unit"][0]), by, values, whys, unserved, rows["replication"].n_unique())


def _unserved(measures: pl.DataFrame, pilot: str) -> str:
    """Return in words which share of a pilot's requests left unserved or is still open, where that is known."""
    overall = measures.filter(pl.col("pilot") == pilot, pl.col("group") == "all")
    phrases = []
    for measure, words in (("left_unserved", "left unserved"), ("still_open", "still open")):
        share = overall.filter(pl.col("measure") == measure)["value"]
        if len(share):
            phrases.append(f"{100 * float(share.to_numpy().mean()):.0f}% {words}")
    return f"of all requests {', '.join(phrases)}" if phrases else ""


def _area_means(rows: pl.DataFrame, n_areas: int) -> Floats:
    """Return the mean of each area over the replications (shape (areas,)); NaN if a replication has no value."""
    value = pl.col("value").fill_null(math.nan).mean()
    area = pl.col("group").str.extract(r":(\d+)$").cast(pl.Int64) - 1
    by_area = rows.group_by(area.alias("area")).agg(value)
    means = np.full(n_areas, np.nan)
    means[by_area["area"].to_numpy()] = by_area["value"].to_numpy()
    return means


def _areas(place: Place, by: Area) -> Ints:
    """Return the area of each household."""
    return {"community": place.today, "unit": place.community, "grid": place.grid}[by]


@styled
def map_figure(organisations: Mapping[str, Organisation], shown: Layer, footer: str = "") -> Figure:
    """Return the maps of some pilots side by side, coloured by one measure on one scale.

    Parameters
    ----------
    organisations
        By pilot as in the layer, the baseline first; the pilots are called by their titles where these differ.
    shown
        From `layer`.
    footer
        Where the numbers come from.

    Returns
    -------
    Figure
        Thick borders part the pilot's communities, thin ones its grids. An area without a number is hatched.
    """
    titles = {name: organisation.pilot.title for name, organisation in organisations.items()}
    if len(set(titles.values())) < len(titles):
        titles = {name: name for name in titles}
    factor, unit, _ = scale_of(shown.unit)
    values = {name: shown.values[name] * factor for name in organisations}
    remarks = {
        name: [text for text in (shown.unserved.get(name, ""), shown.why.get(name, "")) if text] for name in values
    }
    above = 0.5 + 0.19 * max(map(len, remarks.values()))
    n_columns = 2 if len(values) in (2, 4) else min(len(values), 3)
    n_rows = math.ceil(len(values) / n_columns)
    width = {1: 6.4, 2: 11.0, 3: 14.5}[n_columns]
    pitch = (width - 2 * EDGE + 0.3) / n_columns
    size = min(pitch - 0.3, 5.6)
    high = above + size + 0.45
    page = Page.around(
        width,
        n_rows * high + 0.6,
        title=_title(shown, values, unit, titles),
        subtitle=_subtitle(next(iter(organisations.values())).place, shown),
        legend=_legend(organisations.values(), values.values()),
        footer=footer,
    )
    ticks, colours = _ticks(values.values()), _colours()
    scale = Normalize(ticks[0], ticks[-1])
    for i, (name, organisation) in enumerate(organisations.items()):
        row, column = divmod(i, n_columns)
        left, down = EDGE + column * pitch, row * high
        summary = _spread(organisation.place, values[name], unit)
        _heading(page, left, down, (titles[name], summary, *remarks[name]))
        axes = page.axes(left, down + above, size, size)
        _panel(axes, organisation, values[name], shown.by, (scale, colours))
    if np.isfinite(np.concatenate(list(values.values()))).any():
        words = f"{_words(shown.measure)} ({unit})" if unit else _words(shown.measure)
        words += "; dark is more" + (f"; the scale starts at {ticks[0]:,g}" if ticks[0] else "")
        _colour_bar(page, n_rows * high, ScalarMappable(scale, colours), (words, ticks))
    return page.figure


def _title(shown: Layer, values: Mapping[str, Floats], unit: str, titles: Mapping[str, str]) -> str:
    """Return the title: the range of the measure under each pilot."""
    phrases = []
    for name, value in values.items():
        known = value[np.isfinite(value)]
        under = f"under {short_name(titles[name])}"
        if not len(known):
            phrases.append(f"{'not owed' if shown.measure in DUTIES else 'withheld everywhere'} {under}")
            continue
        unit_words = "" if phrases and unit != "%" else f"{_space(unit)}{unit}"
        phrases.append(f"{_range(known)}{unit_words} {under}")
    return f"{_words(shown.measure)}, across {_AREAS[shown.by][1]}: " + ", ".join(phrases)


def _range(values: Floats) -> str:
    """Return the range of some values in words."""
    low, high = float(values.min()), float(values.max())
    digits = _digits(high)
    if number(low, digits) == number(high, digits):
        return number(low, digits)
    return f"{number(low, digits)} to {number(high, digits)}"


def _digits(size: float) -> int:
    """Return how many decimals a number of this size is shown with."""
    return 0 if size >= 19.5 else 1 if size >= 0.95 else 2


def _words(measure: str) -> str:
    """Return the name of a measure in words."""
    return _WORDS.get(measure, measure.replace("_", " ").capitalize())


def _space(unit: str) -> str:
    return "" if unit == "%" else " "


def _subtitle(place: Place, shown: Layer) -> str:
    """Return the subtitle: what the colours and the square stand for."""
    definition = DEFINITIONS[shown.measure][1] if shown.measure in DEFINITIONS else shown.measure
    n = shown.replications
    average_words = f"mean of {n} replications" if n > 1 else "one replication"
    return (
        f"Coloured by {_AREAS[shown.by][0]}; {definition} ({average_words}). The square is the model's place, "
        f"{_side(place) ** 2:.3g} km² with households spread evenly, and no map of real streets: borders follow the "
        "curve along which they are laid out."
    )


def _legend(organisations: Any, values: Any) -> list[Key]:
    """Return the keys of borders, of the offices that occur, and of withheld values."""
    keys = [Key("community of the pilot", _BORDER, line=True), Key("grid", _THIN, line=True)]
    levels = {level for organisation in organisations for level in organisation.pilot.structure.levels}
    for level, (marker, _, words) in _OFFICES.items():
        if level in levels:
            look = {"marker": marker, "ls": "none", "ms": 9, "mfc": "white", "mec": "#141414", "mew": 1.2}
            keys.append(Key(words, look, line=True))
    if any(organisation.pilot.service.points > 1 for organisation in organisations):
        keys.append(Key("service point", _POINT, line=True))
    if any(not np.isfinite(value).all() for value in values):
        keys.append(Key("withheld, not owed, or nothing to measure", _WITHHELD))
    return keys


def _spread(place: Place, values: Floats, unit: str) -> str:
    """Return the units of a pilot and the median of the areas."""
    phrases = [f"{len(place.community_households)} communities, {len(place.grid_households)} grids"]
    known = values[np.isfinite(values)]
    if len(known):
        median = float(np.median(known))
        phrases.append(f"median of areas {number(median, _digits(median))}{_space(unit)}{unit}")
    return "; ".join(phrases)


def _heading(page: Page, left: float, down: float, lines: Sequence[str]) -> None:
    """Write a pilot's name and the lines about it above its map."""
    top = page.height - page.top - down
    write(page.figure, left, top - 0.04, short_name(lines[0], 40), size=10.5, weight="bold", va="top")
    for i, line in enumerate(lines[1:]):
        write(page.figure, left, top - 0.25 - 0.19 * i, short_name(line, 90), size=9, color="#333333", va="top")


def _side(place: Place) -> float:
    """Return the side of the square on which households lie (km)."""
    order = 1
    while 4**order < place.n_households:
        order += 1
    lowest = float(place.xy.min())
    return float(2 * lowest * 2**order)


def _panel(axes: Axes, organisation: Organisation, values: Floats, by: Area, look: tuple[Normalize, Colormap]) -> None:
    """Draw one pilot's map: areas, borders, offices and the scale of lengths."""
    place, (scale, colours) = organisation.place, look
    household = outlines.cells(place.n_households)
    cell, side = _side(place) / len(household), _side(place)
    areas = _paths(_areas(place, by)[household], cell)
    known = np.isfinite(values)
    for properties, which in (
        ({"facecolor": colours(scale(values[known])), "edgecolor": "face", "lw": 0.2}, known),
        (_WITHHELD | {"lw": 0.0}, ~known),
    ):
        paths = [path for path, wanted in zip(areas, which, strict=True) if wanted]
        axes.add_collection(PathCollection(paths, transform=axes.transData, **properties), autolim=False)
    borders = (("grid", place.grid, _THIN, 2), ("community", place.community, _BORDER, 3))
    for name, unit, border, z in borders:
        lines = PathCollection(
            _paths(unit[household], cell),
            facecolor="none",
            edgecolor=border["color"],
            lw=border["lw"],
            joinstyle="miter",
            label=name,
            zorder=z,
            transform=axes.transData,
        )
        axes.add_collection(lines, autolim=False)
    _offices(axes, organisation)
    axes.set_xlim(0, side)
    axes.set_ylim(0, side)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=True, color="#141414", lw=1.5)
    _length(axes, side)


def _paths(unit: Ints, cell: float) -> list[Path]:
    """Return the outline of each unit as a path in kilometres."""
    paths = []
    for loops in outlines.outlines(unit):
        vertices = [np.concatenate([loop, loop[:1]]) * cell for loop in loops]
        codes = [[Path.MOVETO, *[Path.LINETO] * (len(loop) - 1), Path.CLOSEPOLY] for loop in loops]
        if loops:
            paths.append(Path(np.concatenate(vertices), np.concatenate(codes)))
        else:
            paths.append(Path(np.zeros((0, 2))))
    return paths


def _offices(axes: Axes, organisation: Organisation) -> None:
    """Draw the office of every unit of each level at its centroid, the highest level lowest."""
    place, levels = organisation.place, organisation.pilot.structure.levels
    units = {
        "district": np.zeros_like(place.street),
        "street": place.street,
        "community": place.community,
    }
    for z, (level, unit) in enumerate(units.items(), start=5):
        if level not in levels:
            continue
        marker, size, _ = _OFFICES[level]
        at = outlines.centroids(place, unit)
        numbered = level == "community" and len(at) <= _MOST_NUMBERED
        size = size if numbered or level != "community" else 4.0
        axes.plot(*at.T, marker, ms=size, mfc="white", mec="#141414", mew=1.1, zorder=z, label=level, clip_on=False)
        for i, (x, y) in enumerate(at.tolist() if numbered else [], start=1):
            axes.text(x, y, str(i), fontsize=6.5, ha="center", va="center_baseline", zorder=z)
    if organisation.pilot.service.points > 1:
        axes.plot(*outlines.centroids(place, place.point).T, zorder=4, label="service point", **_POINT)


def _length(axes: Axes, side: float) -> None:
    """Draw a round length in kilometres under the south-west corner."""
    power = 10.0 ** math.floor(math.log10(side / 4))
    length = max(step * power for step in (1, 2, 5) if step * power <= side / 4)
    y = -0.035 * side
    axes.plot([0, length], [y, y], "|-", color="#222222", lw=1.4, ms=6, clip_on=False)
    words = f"{length:g} km" if length >= 0.1 else f"{1000 * length:g} m"
    axes.text(length + 0.02 * side, y, words, fontsize=8.5, va="center", ha="left")


def _ticks(values: Any) -> Floats:
    """Return the ticks of the scale: round numbers from below the least to above the greatest value of all pilots."""
    together = np.concatenate(list(values))
    known = together[np.isfinite(together)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    if high - low < 1e-9:
        high = low + (abs(low) or 1.0) * 0.1
    return np.asarray(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high), dtype=np.float64)


def _colours() -> Colormap:
    """Return colours from light to dark, which stay in order for the colour-blind and in a grey copy."""
    whole = colormaps["YlGnBu"]
    return LinearSegmentedColormap.from_list("wangge", whole(np.linspace(0.04, 0.8, 64)))


def _colour_bar(page: Page, down: float, colours: ScalarMappable, label_and_ticks: tuple[str, Floats]) -> None:
    """Draw the scale of colours under the maps."""
    words, ticks = label_and_ticks
    width = 4.6
    axes = page.axes((page.width - width) / 2, down + 0.02, width, 0.16)
    bar = page.figure.colorbar(colours, cax=axes, orientation="horizontal", ticks=ticks)
    bar.formatter = StrMethodFormatter("{x:,g}")
    bar.update_ticks()
    axes.spines[:].set(edgecolor=GREY, linewidth=0.5)
    bar.set_label(words)
