"""The chart of a benchmark: speeds of all tools on a logarithmic scale, with labels beside the marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from sim.bench.tools import COMPILED, SIMPY
from sim.bench.words import title_of
from sim.charts.page import EDGE, Key, Page, width_of
from sim.charts.style import COLOURS, styled
from sim.language import gettext
from sim.report.tables import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW = 0.42
"""Height of a tool's row (inches)."""
_KERNEL: dict[str, Any] = {"color": COLOURS[1], "marker": "o", "ms": 8, "mec": "white", "mew": 0.6, "ls": "none"}
_END_TO_END: dict[str, Any] = {"color": COLOURS[0], "marker": "D", "ms": 7, "mec": "white", "mew": 0.6, "ls": "none"}


@styled
def speed_chart(speeds: pl.DataFrame, titles: Mapping[str, str], footer: str = "") -> Figure:
    """Return the steps a second of every tool, end to end and in the kernel, a panel a workload.

    Parameters
    ----------
    speeds : polars.DataFrame
        From `sim.bench.speeds.speeds`.
    titles : mapping
        The panels: keys of workloads, in order, and their headings.
    footer : str
        Where the numbers come from.

    Returns
    -------
    Figure
        One logarithmic scale for all panels: as far to the right is as many times faster.
    """
    panels = [_rows(speeds, workload) for workload in titles]
    ends = [v for panel in panels for _, *pair in panel for v in pair]
    left = EDGE + max(width_of(title_of(tool), 9) for panel in panels for tool, *_ in panel) + 0.2
    legend = [
        Key(gettext("end to end: the full process, with start-up and sampling"), _END_TO_END, line=True),
        Key(gettext("kernel: the simulation alone"), _KERNEL, line=True),
    ]
    heights = [_ROW * len(panel) + 0.5 for panel in panels]
    subtitle = gettext("Ratios are medians of CPU time, paired within rounds that alternate the order of the tools.")
    title = headline(speeds, titles)
    page = Page.around(10.0, sum(heights) + 0.45, title=title, subtitle=subtitle, legend=legend, footer=footer)
    down = 0.0
    for (workload, words), panel, height in zip(titles.items(), panels, heights, strict=True):
        axes = page.axes(left, down + 0.35, page.width - left - EDGE - 0.75, height - 0.5)
        axes.set_xlim(min(ends) / 2.2, max(ends) * 2.2)
        _panel(axes, panel, last=workload == list(titles)[-1])
        axes.text(0, 1.06, words, transform=axes.transAxes, fontsize=9.5, weight="bold", va="bottom")
        down += height
    return page.figure


def _rows(speeds: pl.DataFrame, workload: str) -> list[tuple[str, float, float]]:
    """Return the tools of a panel, fastest kernel first, with steps a second end to end and in the kernel."""
    by_tool: dict[str, dict[str, float]] = {}
    for row in speeds.filter(speeds["workload"] == workload).to_dicts():
        by_tool.setdefault(row["tool"], {})[row["phase"]] = row["steps_a_second"]
    rows = [(tool, speed["end_to_end"], speed["kernel"]) for tool, speed in by_tool.items()]
    return sorted(rows, key=lambda row: -row[2])


def _panel(axes: Axes, panel: Sequence[tuple[str, float, float]], *, last: bool) -> None:
    """Draw one workload: a row a tool, its two speeds joined by a line."""
    axes.set_xscale("log")
    axes.set_ylim(len(panel) - 0.45, -0.55)
    for i, (_, end_to_end, kernel) in enumerate(panel):
        axes.plot([end_to_end, kernel], [i, i], color="#bbbbbb", lw=2.2, zorder=1, solid_capstyle="butt")
        axes.plot([kernel], [i], zorder=3, **_KERNEL)
        axes.plot([end_to_end], [i], zorder=4, **_END_TO_END)
        _label(axes, i, end_to_end, kernel)
    axes.set_yticks(range(len(panel)), [title_of(tool) for tool, *_ in panel])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(LogLocator(numticks=12))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="x", which="major", color="#e4e4e4", lw=0.7)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    if last:
        axes.set_xlabel(gettext("Steps a second (logarithmic scale)"))
    else:
        axes.set_xticklabels([])


def _label(axes: Axes, row: int, end_to_end: float, kernel: float) -> None:
    """Write both speeds beside their marks: the smaller on the left, the larger on the right."""
    for value, colour in ((end_to_end, COLOURS[0]), (kernel, COLOURS[1])):
        right = value == max(end_to_end, kernel)
        axes.annotate(
            short(value), (value, row), xytext=(8 if right else -8, 0), textcoords="offset points", fontsize=8.5,
            color=colour, ha="left" if right else "right", va="center", clip_on=False,
        )  # fmt: skip


def short(value: float) -> str:
    """Return a number in two or three digits: 950, 12 k, 3.4 M."""
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if value >= size * 0.9995:
            scaled = value / size
            return number(scaled, 1 if scaled < 9.95 and scaled != round(scaled) else 0) + letter
    return number(value, 0)


def headline(speeds: pl.DataFrame, workloads: Iterable[str]) -> str:
    """Return how much faster our fastest engine is than SimPy in these workloads, where both were measured."""
    ours = speeds.filter((speeds["tool"] == COMPILED) & speeds["workload"].is_in(list(workloads)))
    kernel = ours.filter(ours["phase"] == "kernel")[f"times_{SIMPY}"].drop_nulls().to_list()
    end_to_end = ours.filter(ours["phase"] == "end_to_end")[f"times_{SIMPY}"].drop_nulls().to_list()
    if not kernel:
        return gettext("Steps a second of the tools that are installed here")
    if max(end_to_end, default=1.0) < 1:
        return gettext(
            "The compiled engine is {times} times as fast as SimPy, and {slower} times slower end to end, by its "
            "start-up",
            times=_span(kernel),
            slower=_span(sorted(1 / ratio for ratio in end_to_end)),
        )
    return gettext(
        "The compiled engine is {times} times as fast as SimPy, and {whole} times end to end",
        times=_span(kernel),
        whole=_span(end_to_end),
    )


def _span(values: Sequence[float]) -> str:
    """Return a ratio, or the range of several, in two digits."""
    low, high = (number(v, 1 if v < 10 else 0) for v in (min(values), max(values)))
    return low if low == high else gettext("{low} to {high}", low=low, high=high)
