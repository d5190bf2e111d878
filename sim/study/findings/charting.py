"""The charts of a study, drawn from the tables and texts in its folder: nothing is simulated."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.config.study_schema import Promise
from sim.config.words import words_of_option
from sim.errors import StoreError
from sim.language import ENGLISH, both, gettext, ngettext, run_together, separated, spoken
from sim.language.worded import with_cells
from sim.statistics.effects import omissions
from sim.store import files
from sim.store.store import AGAIN
from sim.study.budget.promises import bound
from sim.study.findings.naming import Words
from sim.study.folder.drawing import ALL, Drawings, Wanted, speaking_on_charts
from sim.study.folder.drawing import draw as draw_charts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from matplotlib.figure import Figure
    from rich.console import Console

    from sim.config.study_schema import Study
    from sim.store.store import Store

NOTES = "study.json"
DRAWN = ("main_effects", "curve", "heat", "tornado", "indices", "ranking", "pareto", "panels", "warm_up")
"""Tables from which charts are drawn, where a study has them."""

SHOWN = ("summary", "controls")
"""Tables that are shown beside charts."""

DIRECTED = ("main_effects", "curve", "tornado", "pareto", "panels")
"""Charts whose subtitle says which direction is better; on others a scale does."""

_MOST_LETTERS = 32
"""Of the words of a factor in the label of a point, which has little room."""

LEVELS = ("level", "series", "panel", "x_level", "y_level", "swing_from", "swing_to", "base_from", "base_to")
"""The columns of the values of factors, where they are texts."""

PARTS = ("design", "pilot", "against", "response")
"""The columns that distinguish the charts of one kind."""


@dataclass(frozen=True)
class Chart:
    """A chart of a study.

    Attributes
    ----------
    name
        Of its file.
    kind
        The table from which it is drawn.
    response
        What it is of, as a text; empty where it is of none.
    draw
        Draws it.
    """

    name: str
    kind: str
    response: str
    draw: Callable[[], Figure]


def draw(store: Store, wanted: Wanted = ALL, console: Console | None = None) -> list[str]:
    """Draw the wanted charts of a study as `drawing.draw` does; return those that are there.

    Raises
    ------
    StoreError
        The folder must hold the texts and every table that its study made, undamaged.
    """
    sources = [NOTES, *(f"{name}.parquet" for name in notes_of(store)["tables"])]
    return draw_charts(store, drawings(store), sources, wanted, console)


def drawings(store: Store) -> Drawings:
    """Return every chart of a study by its name, each to be drawn when it is called.

    Raises
    ------
    StoreError
        As for `draw`.
    """
    return {chart.name: chart.draw for chart in charts_of(store)}


def charts_of(store: Store) -> list[Chart]:
    """Return every chart of a study.

    Raises
    ------
    StoreError
        As for `draw`.
    """
    with speaking_on_charts():
        return _charts(store)


def _charts(store: Store) -> list[Chart]:
    """Return every chart of a study, in the language that is spoken."""
    notes = notes_of(store)
    words = Words.read(notes)
    tables = {name: _called(table_of(store, name, notes), words) for name in notes["tables"]}
    notes["designs"] = [
        {
            **design,
            "factors": [words.factor(name) for name in design["factors"]],
            "named": [words.factors.get(name, name) for name in design["factors"]],
        }
        for design in notes["designs"]
    ]
    made: dict[str, Chart] = {}
    for chart in _figures(tables, notes):
        # names without a Latin letter may turn out alike
        name = f"{chart.name}_{len(made)}" if chart.name in made else chart.name
        made[name] = replace(chart, name=name)
    return list(made.values())


def table_of(store: Store, name: str, notes: Mapping[str, Any]) -> pl.DataFrame:
    """Return a table of a study with its words in the language of some notes.

    Raises
    ------
    StoreError
        The table must be undamaged, and the notes must be of it.
    """
    try:
        return with_cells(store.final_table(name), notes["cells"].get(name, {}))
    except (LookupError, ValueError, TypeError, AttributeError, pl.exceptions.PolarsError):
        raise _damaged(store) from None


def notes_of(store: Store) -> dict[str, Any]:
    """Return the texts of a study's charts, those that it has in several languages in the one that is spoken.

    Raises
    ------
    StoreError
        The study must have finished.
    """
    try:
        notes = files.read_json(store.folder / NOTES)
        texts = notes.pop("texts")
        notes |= {"cells": {}, **texts.get(spoken().name, texts[ENGLISH])}
        intact = isinstance(notes["tables"], list) and isinstance(notes["footer"], str)
        Words.read(notes)
    except FileNotFoundError:
        raise StoreError(
            f"{store.folder} must hold {NOTES}, which a study writes when it has finished: it did not. {AGAIN}"
        ) from None
    except files.NotRegularError as error:
        raise StoreError(f"{error.filename} {error.strerror}. Nothing was changed. {AGAIN}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        intact = False
    if not intact:
        raise _damaged(store)
    return dict(notes)


def _damaged(store: Store) -> StoreError:
    """Return that the texts of a study are damaged."""
    return StoreError(f"{NOTES} in {store.folder} must be what a study wrote there, and is damaged. {AGAIN}")


def _called(table: pl.DataFrame, words: Words) -> pl.DataFrame:
    """Return a table with its factors in words: on axes also with their paths, so that a reader can set them."""
    columns = [pl.col(name).replace(words.factors) for name in ("factor",) if name in table.columns]
    texts = [name for name in LEVELS if table.schema.get(name) == pl.String]
    known = {one for name in texts for one in table[name].drop_nulls().unique()}
    columns.append(pl.col(texts).replace({one: words_of_option(one) for one in known}))
    longer = {name: words.factor(name) for name in words.factors}
    columns += [pl.col(name).replace(longer) for name in ("x_factor", "y_factor") if name in table.columns]
    if "label" in table.columns:
        labels = [_in_words(label, words.factors) for label in table["label"]]
        table = table.with_columns(pl.Series("label", labels, dtype=pl.String))
    return table.with_columns(columns)


def _in_words(label: str, factors: Mapping[str, str]) -> str:
    """Return the label of a point with its factors in words, but for those whose words are long."""
    short = {name: words for name, words in factors.items() if len(words) <= _MOST_LETTERS}
    return re.sub(r"[\w.]+(?==)", lambda found: short.get(found[0], found[0]), label)


def _figures(tables: Mapping[str, pl.DataFrame], notes: Mapping[str, Any]) -> Iterator[Chart]:
    """Yield every chart, by the tables that there are."""
    for name, chart in (("main_effects", _main_effects), ("curve", _curve), ("heat", _heat), ("tornado", _tornado),
                        ("indices", _indices), ("ranking", _ranking), ("pareto", _pareto),
                        ("panels", _panels)):  # fmt: skip
        if name in tables:
            keys = [key for key in PARTS if key in tables[name].columns]
            for part in tables[name].partition_by(keys, maintain_order=True):
                if "mean" in part.columns and not part["mean"].is_finite().any():
                    continue  # the summary says that it is withheld everywhere
                if name == "ranking" and part["verdict"].is_null().all():
                    continue  # and so it does where nothing is ranked
                response = str(part["response"][0])
                yield Chart(_name(name, part, tables[name]), name, response, partial(chart, part, notes))
    if "warm_up" in tables:
        yield Chart("warm_up", "warm_up", "", partial(_warm_up, tables["warm_up"], notes))


def _name(kind: str, part: pl.DataFrame, table: pl.DataFrame) -> str:
    """Return the name of a chart's file: its kind and response, and what else distinguishes it."""
    parts = [kind, str(part["response"][0])]
    if "pilot" in table.columns and table["pilot"].n_unique() > 1:
        parts.append(f"{part['pilot'][0]} minus {part['against'][0]}" if part["against"][0] else part["pilot"][0])
    if "design" in table.columns and table["design"].n_unique() > 1:
        parts.append(f"design{part['design'][0]}")
    return _file(parts)


def _file(parts: Sequence[str]) -> str:
    """Return the name of a file by its parts."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", "_".join(parts))[:100].strip("_")


def check(wanted: Wanted, study: Study) -> None:
    """Raise `ConfigError` where a word names no chart that a study may have, in full or by its first words.

    Which pilots and designs distinguish its charts, at the ends of their names, is known once it was run.
    """
    names = [_file((kind, str(response))) for kind in DRAWN for response in study.asked]
    longer = [word for word in wanted.only if any(word.startswith(f"{name}_") for name in names)]
    wanted.check([*DRAWN, *names, *longer])


def in_brief(charts: Sequence[Chart], responses: Sequence[str]) -> list[Chart]:
    """Return, of the charts of a study, one of each kind: that of the first response that has one."""
    shown = []
    for kind in DRAWN:
        mine = [one for one in charts if one.kind == kind]
        in_turn = (one for response in responses for one in mine if one.response == response)
        shown += [next(in_turn, mine[0])] if mine else []
    return shown


def _with_words(part: pl.DataFrame, notes: Mapping[str, Any]) -> pl.DataFrame:
    """Return a table of one response with the response in words."""
    return part.with_columns(pl.lit(_words(part, notes)).alias("response"))


def _words(part: pl.DataFrame, notes: Mapping[str, Any]) -> str:
    """Return the one response of a table in words."""
    pilots = (str(part["pilot"][0]), str(part["against"][0])) if "against" in part.columns else ()
    return Words.read(notes).response(str(part["response"][0]), *pilots)


def _is_difference(part: pl.DataFrame) -> bool:
    """Return whether a table of one response is of a difference between pilots."""
    return "against" in part.columns and bool(part["against"][0])


def _promised(part: pl.DataFrame, notes: Mapping[str, Any]) -> Promise | None:
    """Return the promise on the response of a table, unless the table is of differences or of no response."""
    if "response" not in part.columns or _is_difference(part):
        return None
    promise = notes["promises"].get(str(part["response"][0]))
    return None if promise is None else Promise(**promise)


def _bound(part: pl.DataFrame, notes: Mapping[str, Any]) -> str:
    """Return the bound of the promise on the response of a table in words; empty where there is none."""
    promise = _promised(part, notes)
    return "" if promise is None else bound(promise, str(part["unit"][0]))


def _promise(part: pl.DataFrame, notes: Mapping[str, Any]) -> tuple[str, float, Any] | None:
    """Return the words, the bound and the side of the promise on the response of a table, where there is one."""
    promise = _promised(part, notes)
    if promise is None:
        return None
    side = "at_least" if promise.at_most is None else "at_most"
    return gettext("promise: {bound}", bound=_bound(part, notes)), promise.bound, side


def _more_is_better(part: pl.DataFrame, notes: Mapping[str, Any]) -> bool | None:
    """Return whether more of the response of a table is better; None: it has no direction, or none is kept."""
    better = notes.get("more_is_better", {}).get(str(part["response"][0]))
    return None if better is None else bool(better)


def _opening(part: pl.DataFrame, notes: Mapping[str, Any], kind: str, what: str, subtitle: str) -> dict[str, Any]:
    """Return title, subtitle and footer of a chart: the title says what was found, or what is seen if that is not sure.

    The study is named by the one or the other.
    """
    from sim.study.findings.titles import About, titles

    design = notes["designs"][int(part["design"][0])] if "design" in part.columns else {}
    response = _words(part, notes) if "response" in part.columns else ""
    about = About(response, design.get("named", ()), _bound(part, notes), notes["warm_up_weeks"])
    found, study = titles(kind, part, about), notes["title"]
    better = _more_is_better(part, notes) if kind in DIRECTED else None
    sentences = [
        gettext("{study}.", study=study) if found else "",
        subtitle,
        "" if better is None else gettext("More is better.") if better else gettext("Less is better."),
    ]
    neutral = gettext("{study}: {what}", study=study, what=what)
    return {"title": [*found, neutral], "subtitle": run_together(sentences), "footer": notes["footer"]}


def _has_intervals(part: pl.DataFrame) -> bool:
    """Return whether a mean of a table has an interval."""
    return bool((part["low"].is_finite() & part["high"].is_finite()).any())


def _intervals(part: pl.DataFrame, notes: Mapping[str, Any]) -> str:
    """Return what the intervals of a table are, or that it has none."""
    return str(notes["interval"]) if _has_intervals(part) else gettext("without intervals")


def _mean(part: pl.DataFrame, notes: Mapping[str, Any]) -> str:
    """Return what is drawn at each level: a mean and its interval, or the mean alone where no interval is known."""
    if not _has_intervals(part):
        return gettext("{mean}, without intervals", mean=gettext("Mean"))
    return gettext("Mean and {intervals}", intervals=notes["interval"])


def _main_effects(part: pl.DataFrame, notes: Mapping[str, Any]) -> Figure:
    """Return the main effects of one response."""
    from sim.charts import main_effects

    if notes["designs"][int(part["design"][0])]["kind"] == "grid":
        mean = gettext("Mean over the levels of the other factors, {intervals}.", intervals=_intervals(part, notes))
        subtitle = run_together([mean, *omissions(part)])
    else:
        subtitle = gettext(
            "Mean over the settings of each part of a factor's range; {intervals}, over settings and replications.",
            intervals=_intervals(part, notes),
        )
    opening = _opening(part, notes, "main_effects", _words(part, notes), subtitle)
    return main_effects(_with_words(part, notes), **opening)


def _averaged(what: str, others: Sequence[str], part: pl.DataFrame) -> str:
    """Return what is seen with the further factors over which its mean is taken, and what is left out of it."""
    if not others:
        return what
    rows, out = part.filter(pl.col("why") == "").select(pl.col("rows", "left_out").max()).row(0)
    averaged = gettext("{what}, averaged over {factors}", what=what, factors=both(others))
    if not out:
        return averaged
    return gettext(
        "{what} ({n} of {all} combinations left out, which lack a value at some level)",
        what=averaged, n=out, all=rows + out,
    )  # fmt: skip


def _curve(part: pl.DataFrame, notes: Mapping[str, Any]) -> Figure:
    """Return a response along one factor."""
    from sim.charts import curve

    design = notes["designs"][int(part["design"][0])]
    factor, others = design["factors"][:1], design["factors"][1:]
    subtitle = [_mean(part, notes)]
    if design["kind"] == "zip" and others:
        which = both(others)
        subtitle.append(ngettext("{factors} moves with it", "{factors} move with it", len(others), factors=which))
    elif others:
        lines = gettext("a line for each level of {factor}", factor=others[0])
        subtitle.append(_averaged(lines, others[1:], part))
    return curve(
        _with_words(part, notes), factor=factor[0], promise=_promise(part, notes),
        **_opening(part, notes, "curve", _words(part, notes), gettext("{what}.", what=separated(subtitle))),
    )  # fmt: skip


def _panels(part: pl.DataFrame, notes: Mapping[str, Any]) -> Figure:
    """Return a response along one factor, in a panel for each level of a third."""
    from sim.charts import panels

    factor, series, third, *others = notes["designs"][int(part["design"][0])]["factors"]
    subtitle = [
        _mean(part, notes),
        gettext("a line for each level of {factor}", factor=series),
        _averaged(gettext("a panel for each level of {factor}", factor=third), others, part),
    ]
    return panels(
        _with_words(part, notes), factor=factor, promise=_promise(part, notes),
        **_opening(part, notes, "panels", _words(part, notes), gettext("{what}.", what=separated(subtitle))),
    )  # fmt: skip


def _heat(part: pl.DataFrame, notes: Mapping[str, Any]) -> Figure:
    """Return a response over two factors."""
    from sim.charts import heat_map

    others = notes["designs"][int(part["design"][0])]["factors"][2:]
    mean = _averaged(gettext("Mean of each cell"), others, part)
    if _has_intervals(part):
        subtitle = gettext(
            "{mean}; below it, small: half-width of its {confidence:.0%} interval.",
            mean=mean, confidence=notes["confidence"],
        )  # fmt: skip
    else:
        subtitle = gettext("{what}.", what=gettext("{mean}, without intervals", mean=mean))
    promise = _promise(part, notes) if "keeps" in part.columns else None
    return heat_map(
        _with_words(part, notes), promise=promise, around_zero=_is_difference(part),
        more_is_better=_more_is_better(part, notes),
        **_opening(part, notes, "heat", _words(part, notes), subtitle),
    )  # fmt: skip


def _tornado(part: pl.DataFrame, notes: Mapping[str, Any]) -> Figure:
    """Return how far each factor moves a response, or a pilot's difference in it."""
    from sim.charts import tornado

    base = part["base"][0], part["base_from"][0], part["base_to"][0]
    subtitle = gettext(
        "Each factor at the two ends of its range, or at levels that move it further, all others at their base; "
        "{intervals}.",
        intervals=notes["interval"],
    )
    label, unit = _words(part, notes), str(part["unit"][0])
    return tornado(
        part, base, effect_label=label, unit=unit, most=30, difference=_is_difference(part),
        mid=notes["mids"].get(str(part["response"][0])),
        **_opening(part, notes, "tornado", gettext("what moves {response}", response=label), subtitle),
    )  # fmt: skip


def _indices(part: pl.DataFrame, notes: Mapping[str, Any]) -> Figure:
    """Return the Sobol indices of a response."""
    from sim.charts import indices

    subtitle = gettext(
        "Share of the variance over the factors' ranges that each makes alone (first-order) and with others (total); "
        "{n} base points, bootstrap {intervals}.",
        n=part["n"][0], intervals=notes["interval"],
    )  # fmt: skip
    label = _words(part, notes)
    return indices(
        part,
        response_label=label,
        **_opening(part, notes, "indices", gettext("what {response} depends on", response=label), subtitle),
    )


def _ranking(part: pl.DataFrame, notes: Mapping[str, Any]) -> Figure:
    """Return the points against the best of the others."""
    from sim.charts import ranking

    label = _words(part, notes)
    subtitle = gettext(
        "Mean less the best mean of the others, with intervals that hold all at once ({confidence:.0%}); an interval "
        "that ends at 0 shows that a design is the best, or that it is not.",
        confidence=notes["confidence"],
    )
    return ranking(
        part, response_label=label, unit=str(part["unit"][0]), more_is_better=_more_is_better(part, notes),
        **_opening(part, notes, "ranking", label, subtitle),
    )  # fmt: skip


def _pareto(part: pl.DataFrame, notes: Mapping[str, Any]) -> Figure:
    """Return heads against a response."""
    from sim.charts import pareto

    label = _words(part, notes)
    subtitle = gettext(
        "Where the steps turn, no design has fewer heads and a better mean; {intervals}.",
        intervals=_intervals(part, notes),
    )
    return pareto(
        part, cost_label=gettext("heads of all levels"), response_label=label,
        unit=str(part["unit"][0]), promise=_promise(part, notes),
        **_opening(part, notes, "pareto", gettext("{response} and heads", response=label), subtitle),
    )  # fmt: skip


def _warm_up(part: pl.DataFrame, notes: Mapping[str, Any]) -> Figure:
    """Return the pilot run from which the warm-up was chosen."""
    from sim.charts import warm_up

    chosen = dict(part.select("series", "chosen").unique().iter_rows())
    subtitle = gettext("Means of a pilot run of the base; all points leave out {n} weeks.", n=notes["warm_up_weeks"])
    return warm_up(
        part.select("series", "week", "mean"), chosen, response_label=gettext("backlog"), unit="hours",
        **_opening(part, notes, "warm_up", gettext("warm-up"), subtitle),
    )  # fmt: skip
