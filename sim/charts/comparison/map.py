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
from sim.charts.page import EDGE, Key, Page, short_name, wrapped, write
from sim.charts.style import GREY, styled
from sim.config.words import words_of, words_of_group
from sim.district import outlines
from sim.errors import ConfigError, choices, near
from sim.language import N_, gettext, listed, ngettext, phrase, run_together, separated
from sim.measures.dictionary import DEFINITIONS, DUTIES
from sim.report.lines import literal
from sim.report.tables import number, scale_of, with_its_unit, with_unit

if TYPE_CHECKING:
    from sim.arrays import Ints
    from sim.district.organisation import Organisation
    from sim.district.place import Place
Area = Literal["community", "unit", "grid"]

_WORDS = {
    "counter_wait_mean": N_("Mean wait at a counter"),
    "counter_wait_p50": N_("Median wait at a counter"),
    "counter_wait_p90": N_("Wait at a counter, nine in ten within"),
    "found": N_("Issues found"),
    "found_by_staff": N_("Issues found by staff, unreported"),
    "issue_time_restricted_mean": N_("Mean time from an issue's rise to its end, restricted"),
    "detection_lag_p50": N_("Median time until an issue is noticed"),
    "hand_overs": N_("Hand-overs of a file"),
    "left_unserved": N_("Requests that left unserved"),
    "on_time": N_("Requests within their limit"),
    "one_visit": N_("Requests done in one visit"),
    "patrols_done": N_("Patrols done of those due"),
    "resident_time": N_("A resident's own time"),
    "trips": N_("Trips to an office"),
    "turnaround_restricted_mean": N_("Mean turnaround, restricted"),
    "turnaround_p50": N_("Median turnaround"),
    "turnaround_p90": N_("Turnaround, nine in ten within"),
    "utilisation": N_("Time that community staff are busy"),
    "visits_done": N_("Home visits done of those due"),
}
_AREAS: dict[Area, tuple[str, str]] = {
    "grid": (N_("Coloured by grid"), N_("{measure}, across grids: {each}")),
    "unit": (N_("Coloured by community"), N_("{measure}, across communities: {each}")),
    "community": (N_("Coloured by today's community"), N_("{measure}, across today's communities: {each}")),
}
_OFFICES = {
    "community": ("o", 11.0, N_("community office (numbered)")),
    "street": ("s", 14.0, N_("street office")),
    "district": ("D", 12.0, N_("district desks")),
}
_POINT: dict[str, Any] = {"marker": "^", "ls": "none", "ms": 5.5, "mfc": "#141414", "mec": "white", "mew": 0.6}
_BORDER: dict[str, Any] = {"color": "#141414", "lw": 1.8}
_THIN: dict[str, Any] = {"color": "#666666", "lw": 0.4}
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
            f"map must be a measure that these results keep by community or grid{hint}, one of "
            f"{choices(known, measure)}, got {measure}"
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
        whys[pilot] = _no_colour(doubtful, reasons[doubtful[0]]) if doubtful else ""
    unserved = {pilot: _unserved(measures, pilot) for pilot in organisations if by == "community"}
    return Layer(measure, str(rows["unit"][0]), by, values, whys, unserved, rows["replication"].n_unique())


def _no_colour(groups: Sequence[str], reason: str) -> str:
    """Return which areas have no colour though they have a mean, and why the first has none."""
    words = {"area": words_of_group(groups[0]), "why": reason}
    if len(groups) == 1:
        return gettext("no colour for {area}: {why}", **words)
    return ngettext(
        "no colour for {area} and {n} more: {why}", "no colour for {area} and {n} more: {why}", len(groups) - 1, **words
    )


def _unserved(measures: pl.DataFrame, pilot: str) -> str:
    """Return in words which share of a pilot's requests left unserved or is still open, where that is known."""
    overall = measures.filter(pl.col("pilot") == pilot, pl.col("group") == "all")
    phrases = []
    for measure, words in (
        ("left_unserved", N_("{share:.0%} left unserved")),
        ("still_open", N_("{share:.0%} still open")),
    ):
        share = overall.filter(pl.col("measure") == measure)["value"]
        if len(share):
            phrases.append(gettext(words, share=float(share.to_numpy().mean())))
    return gettext("of all requests {shares}", shares=listed(phrases)) if phrases else ""


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
    n_columns = 2 if len(values) in (2, 4) else min(len(values), 3)
    n_rows = math.ceil(len(values) / n_columns)
    width = {1: 6.4, 2: 11.0, 3: 14.5}[n_columns]
    pitch = (width - 2 * EDGE + 0.3) / n_columns
    size = min(pitch - 0.3, 5.6)
    remarks = {
        name: [line for of in (shown.unserved, shown.why) for line in wrapped(of.get(name, ""), size, 9)]
        for name in values
    }
    above = 0.5 + 0.19 * max(map(len, remarks.values()))
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
        words = [with_unit(_words(shown.measure), unit), gettext("dark is more")]
        words += [gettext("the scale starts at {least:,g}", least=ticks[0])] if ticks[0] else []
        _colour_bar(page, n_rows * high, ScalarMappable(scale, colours), (separated(words), ticks))
    return page.figure


def _title(shown: Layer, values: Mapping[str, Floats], unit: str, titles: Mapping[str, str]) -> str:
    """Return the title: the range of the measure under each pilot."""
    phrases: list[str] = []
    for name, value in values.items():
        known = value[np.isfinite(value)]
        pilot = short_name(titles[name])
        if len(known):
            each = _with_unit(_range(known), "" if phrases and unit != "%" else unit)
            phrases.append(gettext("{range} under {pilot}", range=each, pilot=pilot))
        elif shown.measure in DUTIES:
            phrases.append(gettext("not owed under {pilot}", pilot=pilot))
        else:
            phrases.append(gettext("withheld everywhere under {pilot}", pilot=pilot))
    return gettext(_AREAS[shown.by][1], measure=_words(shown.measure), each=listed(phrases))


def _range(values: Floats) -> str:
    """Return the range of some values in words."""
    low, high = float(values.min()), float(values.max())
    digits = _digits(high)
    if number(low, digits) == number(high, digits):
        return number(low, digits)
    return gettext("{low} to {high}", low=number(low, digits), high=number(high, digits))


def _digits(size: float) -> int:
    """Return how many decimals a number of this size is shown with."""
    return 0 if size >= 19.5 else 1 if size >= 0.95 else 2


def _words(measure: str) -> str:
    """Return the name of a measure in words."""
    words = words_of(measure)
    return gettext(_WORDS[measure]) if measure in _WORDS else f"{words[:1].upper()}{words[1:]}"


def _with_unit(text: str, unit: str) -> str:
    """Return a number with its unit, if it has one."""
    return f"{text}%" if unit == "%" else with_its_unit(text, unit)


def _subtitle(place: Place, shown: Layer) -> str:
    """Return the subtitle: what the colours and the square stand for."""
    definition = phrase(DEFINITIONS[shown.measure][1]) if shown.measure in DEFINITIONS else shown.measure
    n = shown.replications
    average = gettext("mean of {n} replications", n=n) if n > 1 else gettext("one replication")
    return run_together([
        gettext(
            "{coloured}; {definition} ({average}).",
            coloured=gettext(_AREAS[shown.by][0]), definition=definition, average=average,
        ),
        gettext(
            "The square is the model's place, {area:.3g} km² with households spread evenly, and no map of real "
            "streets: each grid is drawn around the middle of its households, so that borders are near theirs.",
            area=_side(place) ** 2,
        ),
    ])  # fmt: skip


def _legend(organisations: Any, values: Any) -> list[Key]:
    """Return the keys of borders, of the offices that occur, and of withheld values."""
    keys = [Key(gettext("community of the pilot"), _BORDER, line=True), Key(gettext("grid"), _THIN, line=True)]
    levels = {level for organisation in organisations for level in organisation.pilot.structure.levels}
    for level, (marker, _, words) in _OFFICES.items():
        if level in levels:
            look = {"marker": marker, "ls": "none", "ms": 9, "mfc": "white", "mec": "#141414", "mew": 1.2}
            keys.append(Key(gettext(words), look, line=True))
    if any(organisation.pilot.service.points > 1 for organisation in organisations):
        keys.append(Key(gettext("service point"), _POINT, line=True))
    if any(not np.isfinite(value).all() for value in values):
        keys.append(Key(gettext("withheld, not owed, or nothing to measure"), _WITHHELD))
    return keys


def _spread(place: Place, values: Floats, unit: str) -> str:
    """Return the units of a pilot and the median of the areas."""
    n = {"communities": len(place.community_households), "grids": len(place.grid_households)}
    phrases = [gettext("{communities} communities, {grids} grids", **n)]
    known = values[np.isfinite(values)]
    if len(known):
        median = float(np.median(known))
        words = _with_unit(number(median, _digits(median)), unit)
        phrases.append(gettext("median of areas {median}", median=words))
    return separated(phrases)


def _heading(page: Page, left: float, down: float, lines: Sequence[str]) -> None:
    """Write a pilot's name and the lines about it above its map."""
    top = page.height - page.top - down
    write(page.figure, left, top - 0.04, short_name(lines[0], 40), size=10.5, weight="bold", va="top")
    for i, line in enumerate(lines[1:]):
        write(page.figure, left, top - 0.25 - 0.19 * i, literal(line), size=9, color="#333333", va="top")


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
    side = _side(place)
    cells = outlines.cells(place, side)
    areas = _filled(cells, _areas(place, by))
    known = np.isfinite(values)
    for properties, which in (
        ({"facecolor": colours(scale(values[known])), "edgecolor": "face", "lw": 0.2}, known),
        (_WITHHELD | {"lw": 0.0}, ~known),
    ):
        paths = [path for path, wanted in zip(areas, which, strict=True) if wanted]
        axes.add_collection(PathCollection(paths, transform=axes.transData, **properties), autolim=False)
    for name, unit, border, z in (("grid", place.grid, _THIN, 2), ("community", place.community, _BORDER, 3)):
        lines = PathCollection(
            _bordered(cells, unit),
            facecolor="none",
            edgecolor=border["color"],
            lw=border["lw"],
            capstyle="round",
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


def _filled(cells: outlines.Cells, unit: Ints) -> list[Path]:
    """Return the cells of each unit as a path in kilometres."""
    polygons: list[list[Floats]] = [[] for _ in range(int(unit.max()) + 1)]
    for household, corners in zip(cells.household.tolist(), cells.corners, strict=True):
        polygons[int(unit[household])].append(np.concatenate([corners, corners[:1]]))
    return [_path(of, closed=True) for of in polygons]


def _bordered(cells: outlines.Cells, unit: Ints) -> list[Path]:
    """Return the borders of each unit with others as a path in kilometres."""
    lines: list[list[Floats]] = [[] for _ in range(int(unit.max()) + 1)]
    for (one, other), line in zip(unit[cells.between].tolist(), cells.borders, strict=True):
        if one != other:
            lines[one].append(line)
            lines[other].append(line)
    return [_path(of, closed=False) for of in lines]


def _path(lines: Sequence[Floats], *, closed: bool) -> Path:
    """Return a path along each of some lines."""
    if not lines:
        return Path(np.zeros((0, 2)))
    codes = [[Path.MOVETO, *[Path.LINETO] * (len(line) - 1)] for line in lines]
    for of in codes if closed else []:
        of[-1] = Path.CLOSEPOLY
    return Path(np.concatenate(lines), np.concatenate(codes))


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
    words = gettext("{length:g} km", length=length)
    if length < 0.1:
        words = gettext("{length:g} m", length=1000 * length)
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
