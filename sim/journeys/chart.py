"""The chart of a journey: lanes for the levels, time to the right, one design above the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from sim.charts.page import EDGE, Key, Page, short_name, width_of, wrapped, write
from sim.charts.style import styled
from sim.district.demand import Channel
from sim.district.stages import Lag
from sim.draws.clock import HOUR, MINUTE
from sim.journeys import words
from sim.journeys.sentences import hand_overs, trips, words_of
from sim.language import N_, gettext, phrase, separated
from sim.report.lines import literal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.journeys import Journey, Step

_LANE = 0.46
"""Height of a lane (inches)."""
_LINE = 0.165
"""Height of a line of the steps' names (inches)."""
_THIN = 0.0035
"""Least width of work, as a share of the axis; other bars that are shorter are not drawn."""
_WORK: dict[str, Any] = {"facecolor": "#16324f", "edgecolor": "#16324f"}
_WAIT: dict[str, Any] = {"facecolor": "#f6d9b8", "edgecolor": "#b5651d", "hatch": "////", "hatchcolor": "#b5651d"}
_ASIDE: dict[str, Any] = {"facecolor": "#9ccbe8", "edgecolor": "#1f78b4"}
_AWAY: dict[str, Any] = {"facecolor": "#ececec", "edgecolor": "#8a8a8a"}
_ARROW: dict[str, Any] = {"color": "#7a1a4b", "lw": 1.3}
_RESULT = "#3c9e6a"
_PLAIN = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8}
_SINCE = {
    Channel.COUNTER: N_("since the resident came"),
    Channel.PHONE: N_("since the resident phoned"),
    Channel.LATENT: N_("since the issue arose"),
}
_LANES = {"resident": N_("resident"), "outside": N_("outside, notices")}


@dataclass(frozen=True)
class _Bar:
    """A bar in a lane: where it is and its look."""

    lane: str
    start: float
    end: float
    look: dict[str, Any]
    solid: bool = False


@styled
def journey_figure(journeys: Sequence[Journey], footer: str = "") -> Figure:
    """Return the journeys of one request as swim lanes on one time axis.

    Parameters
    ----------
    journeys
        Of the same request, one or two.
    footer
        Where the numbers come from.

    Returns
    -------
    Figure
        Time is office time since the resident came or phoned, or the issue arose: nights, weekends and holidays have no
        width. Work is solid, waiting hatched; arrows are hand-overs; numbers are the steps, named below the lanes.
    """
    width = 12.5
    left = EDGE + 1.25
    plot_width = width - left - EDGE - 0.1
    scale, unit = _scale(journeys)
    x_of = [_axis(journey, scale) for journey in journeys]
    most = max(x(_last(journey)) for journey, x in zip(journeys, x_of, strict=True))
    named = [_named(journey, width - 2 * EDGE) for journey in journeys]
    bars = [bar for journey, x in zip(journeys, x_of, strict=True) for bar in _bars(journey, x)]
    lanes = [_used(journey, _bars(journey, x)) for journey, x in zip(journeys, x_of, strict=True)]
    heights = [0.34 + bool(some) * (len(some) * _LANE + 0.85) + len(lines) * _LINE
               for some, lines in zip(lanes, named, strict=True)]  # fmt: skip
    title, subtitle = _words(journeys)
    page = Page.around(
        width,
        sum(heights),
        title=title,
        subtitle=subtitle,
        legend=_legend([bar for bar in bars if bar.solid or bar.end - bar.start >= _THIN * most], journeys),
        footer=footer,
    )
    down = 0.0
    for journey, x, some, lines, height in zip(journeys, x_of, lanes, named, heights, strict=True):
        write(
            page.figure, EDGE, page.height - page.top - down - 0.2,
            gettext("{pilot}: {what}", pilot=short_name(journey.organisation.pilot.title, 60), what=_result(journey)),
            size=10, weight="bold", va="bottom",
        )  # fmt: skip
        if some:
            axes = page.axes(left, down + 0.34, plot_width, len(some) * _LANE)
            _lanes(axes, journey, x, some, most)
            _dates(axes, journey, scale)
            axes.set_xlabel(unit, labelpad=2)
        below = down + 0.34 + len(some) * _LANE + 0.6
        for i, line in enumerate(lines):
            write(page.figure, EDGE, page.height - page.top - below - (i + 1) * _LINE, line, size=8, color="#333333")
        down += height
    return page.figure


def _used(journey: Journey, bars: Sequence[_Bar]) -> list[str]:
    """Return the lanes of a journey from the resident to outside: those in which it has a step or a bar."""
    used = {bar.lane for bar in bars} | {words.lane(step) for step in journey.steps}
    return [lane for lane in ("resident", *journey.organisation.pilot.structure.levels, "outside") if lane in used]


def _scale(journeys: Sequence[Journey]) -> tuple[float, str]:
    """Return the ticks in a unit of the axis and its name."""
    since = gettext(_SINCE[journeys[0].channel])
    day = journeys[0].day_ticks
    longest = max(_axis(journey, 1)(_last(journey)) for journey in journeys)
    if longest < 2 * HOUR:
        return MINUTE, gettext("minutes {since}", since=since)
    if longest < day:
        return HOUR, gettext("office hours {since}", since=since)
    return day, gettext("working days {since}", since=since)


def _axis(journey: Journey, scale: float) -> Callable[[int], float]:
    """Return where an instant lies on the axis."""
    hours = journey.hours
    before = int(hours.elapsed(journey.begin))
    return lambda tick: (int(hours.elapsed(tick)) - before) / scale


def _last(journey: Journey) -> int:
    """Return the end of what is drawn: that of the last step, or the horizon if the journey goes on."""
    if journey.totals.result < 0 and not journey.totals.left:
        return journey.horizon
    return max((step.end for step in journey.steps), default=journey.begin)


def _dates(axes: Axes, journey: Journey, scale: float) -> None:
    """Label each tick of the axis with its date, or on an axis of hours with its clock time."""
    low, high = axes.get_xlim()
    ticks = [float(at) for at in MaxNLocator(10, steps=[1, 2, 5, 10]).tick_values(low, high) if 0 <= at <= high]
    before = int(journey.hours.elapsed(journey.begin))
    labels = []
    for at in ticks:
        tick = int(journey.hours.at(before + round(at * scale)))
        when = words.instant(journey, tick) if tick < journey.horizon else None
        labels.append(f"{at:g}\n{_date(when, hours=scale <= HOUR)}")
    axes.set_xticks(ticks, labels)


def _date(when: dt.datetime | None, *, hours: bool) -> str:
    """Return a date, or the clock time, below a tick; nothing past the horizon."""
    if when is None:
        return ""
    return f"{when:%H:%M}" if hours else words.day_of_month(when)


def _lanes(axes: Axes, journey: Journey, x: Callable[[int], float], lanes: list[str], most: float) -> None:
    """Draw the lanes of a journey."""
    thin = _THIN * most
    for bar in _bars(journey, x):
        y = lanes.index(bar.lane)
        length = bar.end - bar.start
        if not bar.solid and length < thin:
            continue
        length = max(length, thin)  # so that a few minutes of work among weeks can be seen
        axes.add_patch(
            Rectangle((bar.end - length, y - 0.26), length, 0.52, lw=0.6, zorder=3 if bar.solid else 2, **bar.look)
        )
    lane, at = None, 0.0
    for step in journey.steps:
        here, came = lanes.index(words.lane(step)), x(step.arrival)
        if lane is not None and step.stage.hand_over and lane != here:
            gate = step.gate_ticks / max(step.lag_ticks, 1)
            came -= gate * (came - at)
            arrow = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, **_ARROW}
            axes.annotate("", (came, here), (at, lane), arrowprops=arrow, zorder=4)
        lane, at = here, x(step.end) if step.end >= 0 else came
    for y, lane_name in enumerate(lanes):
        for x_of_label, text in _labels(journey, x, lane_name, most):
            axes.text(x_of_label, y - 0.3, text, size=8, ha="left", va="bottom", zorder=5, bbox=_PLAIN)
    if journey.totals.result >= 0:
        axes.axvline(x(journey.totals.result), color=_RESULT, lw=1.4, zorder=1)
    axes.set_xlim(-0.01 * most, most * 1.04 or 1)
    axes.set_ylim(len(lanes) - 0.5, -0.75)
    axes.set_yticks(range(len(lanes)), [phrase(_LANES.get(lane_name, lane_name)) for lane_name in lanes])
    axes.tick_params(axis="y", length=0, labelsize=9)
    for y in range(1, len(lanes)):
        axes.axhline(y - 0.5, color="#dddddd", lw=0.6, zorder=0)


def _bars(journey: Journey, x: Callable[[int], float]) -> list[_Bar]:
    """Return the bars of all steps."""
    bars: list[_Bar] = []
    for step in journey.steps:
        lane, came = words.lane(step), x(step.arrival)
        bars += _before(step, x)
        until = step.start if step.start >= 0 else step.end if step.end >= 0 else journey.horizon
        if step.station is not None or step.stage.awaits_patrol:
            bars.append(_Bar(lane, came, x(until), _WAIT))
        at_it = [(x(a), x(b)) for spell in step.spells for a, b in spell.stretches]
        if at_it and at_it[-1][1] - at_it[0][0] > sum(b - a for a, b in at_it) + 1e-9:
            bars.append(_Bar(lane, at_it[0][0], at_it[-1][1], _ASIDE))
        bars += [_Bar(lane, a, b, _WORK, solid=True) for a, b in at_it]
    if journey.pending is not None and journey.steps and not journey.totals.left:
        bars.append(
            _Bar("resident" if journey.pending.trip else "outside", x(journey.steps[-1].end), x(journey.horizon), _AWAY)
        )
    return bars


def _before(step: Step, x: Callable[[int], float]) -> list[_Bar]:
    """Return the bars of the time before a step arrived: with the resident, outside, or at a gate."""
    stage, since, came = step.stage, x(step.since), x(step.arrival)
    if stage.lag in (Lag.NEXT_DAY, Lag.PAPERS):
        return [_Bar("resident", since, came, _AWAY)]
    if stage.lag is Lag.WORKING_DAYS and not stage.hand_over:
        return [_Bar("outside", since, came, _AWAY)]
    if step.gate_ticks:
        share = step.gate_ticks / max(step.lag_ticks, 1)
        return [_Bar(words.lane(step), came - share * (came - since), came, _WAIT)]
    return []


def _labels(journey: Journey, x: Callable[[int], float], lane: str, most: float) -> list[tuple[float, str]]:
    """Return the numbers of a lane's steps and where they stand; steps that are close together share a label."""
    labels: list[tuple[float, list[int]]] = []
    for step in journey.steps:
        if words.lane(step) != lane:
            continue
        begun = step.start if step.start >= 0 else step.arrival
        at = x(step.since if lane == "outside" and not step.stage.hand_over else begun)
        if labels and at - labels[-1][0] < (0.012 + 0.009 * len(_numbers(labels[-1][1]))) * most:
            labels[-1][1].append(step.number)
        else:
            labels.append((at, [step.number]))
    return [(at, _numbers(numbers)) for at, numbers in labels]


def _numbers(numbers: Sequence[int]) -> str:
    """Return numbers as a text, with ranges."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)


def _named(journey: Journey, max_width: float) -> list[str]:
    """Return the lines that name the steps; only a name longer than a line is broken."""
    lines = [""]
    for numbers, name in _names(journey):
        entry = literal(f"{_numbers(numbers)}: {name}")
        joined = f"{lines[-1]}  ·  {entry}" if lines[-1] else entry
        if width_of(joined, 8) <= max_width:
            lines[-1] = joined
        else:
            lines += wrapped(entry, max_width, 8)
    return [line for line in lines if line]


def _names(journey: Journey) -> list[tuple[list[int], str]]:
    """Return the names of the steps with their numbers; the legs of one activity share a name."""
    names: list[tuple[list[int], str]] = []
    for step in journey.steps:
        if step.leg > 1:
            names[-1][0].append(step.number)
            continue
        names.append(([step.number], words.activity(journey, step)))
    return names


def _legend(bars: Sequence[_Bar], journeys: Sequence[Journey]) -> list[Key]:
    """Return the keys of what is drawn."""
    kinds = [
        (N_("work"), _WORK),
        (N_("begun, laid aside"), _ASIDE),
        (N_("waits in a queue, for a batch or to be known"), _WAIT),
        (N_("with the resident, or a notice runs"), _AWAY),
    ]
    keys = [Key(gettext(label), look) for label, look in kinds if any(bar.look is look for bar in bars)]
    if any(journey.totals.hand_overs for journey in journeys):
        keys.append(Key(gettext("hand-over"), {"color": _ARROW["color"], "lw": 1.3, "marker": ">", "ms": 6}, line=True))
    if any(journey.totals.result >= 0 for journey in journeys):
        keys.append(Key(gettext("result"), {"color": _RESULT, "lw": 1.4}, line=True))
    return keys


def _result(journey: Journey) -> str:
    """Return the totals in a few words."""
    totals = journey.totals
    return gettext(
        "{days}; {trips}, {hand_overs}, {minutes:.0f} minutes of the resident's own time",
        days=_days(journey), trips=trips(totals.trips), hand_overs=hand_overs(totals.hand_overs),
        minutes=totals.own_time / MINUTE,
    )  # fmt: skip


def _days(journey: Journey) -> str:
    """Return the turnaround in words, or how the request stands without a result."""
    totals = journey.totals
    if totals.turnaround is not None:
        return words.office_time(journey, totals.turnaround)
    if totals.left:
        return gettext("left unserved")
    if totals.so_far is None:
        return gettext("never known")
    return gettext("not done after {length}", length=words.office_time(journey, totals.so_far))


def _words(journeys: Sequence[Journey]) -> tuple[str, str]:
    """Return title and subtitle."""
    parts = [
        gettext("{days} under {pilot}", days=_days(journey), pilot=short_name(journey.organisation.pilot.title, 60))
        for journey in journeys
    ]
    first = journeys[0]
    title = gettext("Request {request}: {endings}", request=first.request, endings=separated(parts))
    subtitle = gettext(
        "{request}, from {moment}; nights, weekends and holidays have no width.",
        request=words_of(first), moment=words.moment(first, first.begin),
    )  # fmt: skip
    return title, literal(subtitle)
