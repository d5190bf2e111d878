"""The charts of a comparison, drawn from the tables in its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from sim import config
from sim.config.compose import assumptions
from sim.config.report import Response
from sim.errors import ConfigError, StoreError
from sim.language import gettext, phrase, run_together
from sim.measures.dictionary import RESIDENTS
from sim.store import files, manifest
from sim.store.store import AGAIN
from sim.study import load_tables, replications, scope
from sim.study.comparison import cost, maps
from sim.study.comparison.differences import rule_of
from sim.study.comparison.pairs import every_pair
from sim.study.design import prepared_all
from sim.study.folder.drawing import ALL, Drawings, Wanted, speaking_on_charts
from sim.study.folder.drawing import draw as draw_charts
from sim.study.folder.look import USUAL, Look
from sim.study.withholding import judged_as
from sim.version import MODEL_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from sim.config import Pilot
    from sim.store.store import Store
    from sim.study.design import Design

PILOTS = "pilots.json"

PANELS = 6
"""Of the measures at a glance as many have a panel in the plain chart."""


TEXT, NUMBER, TRUTH = "texts", "numbers", "true or false"
"""Of what kind the values of a column are."""

IS_OF = {
    TEXT: lambda kind: kind == pl.String,
    NUMBER: lambda kind: kind.is_numeric(),
    TRUTH: lambda kind: kind == pl.Boolean,
}

EACH = {"pilot": TEXT, "replication": NUMBER}

NEEDED = {
    "measures": {"measure": TEXT, "group": TEXT, "unit": TEXT, "value": NUMBER},
    "turnaround": {"days": NUMBER, "share": NUMBER},
    "workload": {"post": TEXT, "kind": TEXT, "hours": NUMBER},
    "backlog": {"week": NUMBER, "post": TEXT, "hours": NUMBER},
    "persons": {"post": TEXT, "utilisation": NUMBER},
    "flows": {"archetype": TEXT, "origin": TEXT, "to": TEXT, "n": NUMBER},
    "queues": {"level": TEXT, "desk": TEXT, "weekday": NUMBER, "half_hour": NUMBER, "number": NUMBER},
}
"""The tables of every replication that charts are drawn from, with the kinds of their columns beside pilot and
replication."""


JUDGED = {
    "equity": {
        **dict.fromkeys(("pilot", "measure", "family", "statistic", "unit", "cause"), TEXT),
        **dict.fromkeys(("estimate", "low", "high"), NUMBER),
    },
    "comparison": {
        **dict.fromkeys(("measure", "group", "label", "unit", "baseline", "pilot", "verdict", "cause"), TEXT),
        **dict.fromkeys(("baseline_mean", "pilot_mean", "difference", "low", "high", "mid", "n"), NUMBER),
        "higher_is_better": TRUTH,
    },
}
"""The tables made of those that charts are drawn from, with their columns; of one design there is no comparison."""


DRAWN = ("load", "turnaround", "waits", "workload", "persons", "backlog", "flows", "queues", "equity")
"""The charts of every comparison in their order; those of several designs alone come before them, maps behind."""


EDITED = "and has not: it is damaged or was edited. No chart was changed"

EARLIER = "Results of an earlier version cannot be completed; run them under another name."


def draw(store: Store, measure: str | None = None, look: Look = USUAL, console: Console | None = None) -> list[str]:
    """Draw every chart of a finished comparison, or only the map of a measure, and keep and name them all.

    Raises
    ------
    StoreError
        The folder must hold pilots and every table that a chart needs, undamaged and of the same replications.
    ConfigError
        The measure must be kept by community or grid.
    """
    pilots = pilots_of(store)
    tables = tables_of(store, pilots)
    store.check_written(list(tables))
    designs = prepared_all(pilots)
    if measure is None:
        made = drawings(designs, tables, narrow=look.narrow)
    else:
        rule = rule_of(designs, tables["measures"])
        made = maps.drawing(designs, tables["measures"], rule, measure, footer(pilots))
    keep(store, made, len(pilots), Wanted(again=True, look=look), console)
    return list(made)


def keep(
    store: Store, made: Drawings, n_pilots: int, wanted: Wanted = ALL, console: Console | None = None
) -> list[str]:
    """Draw the wanted charts of a comparison as `drawing.draw` does; return those that are there."""
    sources = [PILOTS, *(f"{name}.parquet" for name in _names(n_pilots))]
    return draw_charts(store, made, sources, wanted, console)


def keep_pilots(store: Store, pilots: Sequence[Pilot]) -> None:
    """Keep the complete designs with the tables, so that charts can be drawn from the folder alone."""
    store.write_bytes(PILOTS, files.readable({"pilots": [pilot.model_dump(mode="json") for pilot in pilots]}))


def pilots_of(store: Store) -> list[Pilot]:
    """Return the designs of a study, as they were run.

    Raises
    ------
    StoreError
        The folder must hold pilots: those of its manifest, as this version reads them.
    """
    held = store.identity.get("pilots")
    if "network" in store.identity:
        raise StoreError(
            f"{store.folder} must hold pilots of a district to be drawn, but holds a queueing network, which has no "
            "charts: its measures are in summary.md and measures.csv."
        )
    if not isinstance(held, list):
        raise StoreError(
            f"{store.folder} must hold pilots of a district to be drawn, and holds none: wangge bench, explain and "
            "validate draw their own charts."
        )
    kept = store.identity.get("model_version", MODEL_VERSION)
    if kept != MODEL_VERSION:
        raise StoreError(
            f"{store.folder} must be of model {MODEL_VERSION}, which this version of wangge has, but is of model "
            f"{_shown(kept)}. No chart was changed. {EARLIER}"
        )
    _nothing_missing(store, len(held))
    try:
        plain = files.read_json(store.folder / PILOTS)["pilots"]
        pilots = [config.load(one) for one in plain]
        same = [replications.matters(one) for one in plain] == held
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, ConfigError):
        same = False
    if not same:
        raise StoreError(
            f"{PILOTS} in {store.folder} must be what was run there, but is damaged, was edited, or comes from another "
            f"version of wangge with other keys. No chart was changed. {AGAIN} {EARLIER}"
        )
    return pilots


def _shown(kept: object) -> str:
    """Return a value of a manifest as JSON without escape sequences, cut short."""
    return f"{manifest.canonical(kept):.60}"


def _nothing_missing(store: Store, n_pilots: int) -> None:
    """Raise where a file is missing that the charts are drawn from, or something else stands in its place."""
    wanted = [PILOTS, *(f"{name}.parquet" for name in _names(n_pilots))]
    missing = [name for name in wanted if not files.is_taken(store.folder / name)]
    if missing:
        raise StoreError(
            f"{store.folder} must hold what its charts are drawn from, but has no {', '.join(missing)}: its run did "
            "not finish, an earlier version made it, or it is a copy without its tables, as results/ of a clone is. "
            f"No chart was changed. {AGAIN} {EARLIER}"
        )
    with files.as_store_error(store.folder):
        for name in wanted:
            files.check_regular(store.folder / name)


def _names(n_pilots: int) -> list[str]:
    """Return the tables that the charts of a number of pilots need."""
    return [*NEEDED, *(name for name in JUDGED if n_pilots > 1 or name != "comparison")]


def tables_of(store: Store, pilots: Sequence[Pilot]) -> dict[str, pl.DataFrame]:
    """Return the final tables from which the charts of a folder are drawn.

    Raises
    ------
    StoreError
        Each must be undamaged, have its columns of their kinds, the groups of residents, and be of all replications of
        all pilots.
    """
    n = pilots[0].run.replications
    tables = {name: store.final_table(name) for name in _names(len(pilots))}
    needed = {name: {**EACH, **columns} for name, columns in NEEDED.items()} | JUDGED
    for name, table in tables.items():
        if lacking := [column for column in needed[name] if column not in table.columns]:
            raise StoreError(
                f"{name}.parquet in {store.folder} must have the columns {', '.join(lacking)}: an earlier version "
                f"made it. No chart was changed. {AGAIN} {EARLIER}"
            )
        for column, kind in needed[name].items():
            if not IS_OF[kind](table.schema[column]):
                raise StoreError(
                    f"{name}.parquet in {store.folder} must have {kind} in its column {column}, {EDITED}. {AGAIN}"
                )
    if missing := sorted(set(RESIDENTS) - set(tables["measures"]["group"])):
        raise StoreError(
            f"measures.parquet in {store.folder} must have the group {missing[0]} in its column group, {EDITED}. "
            f"{AGAIN} {EARLIER}"
        )
    for name in NEEDED:
        rows = len(tables[name].select("pilot", "replication").unique())
        if rows != n * len(pilots):
            raise StoreError(
                f"{name}.parquet in {store.folder} must be of {n} replications of each of {len(pilots)} pilots, got "
                f"{rows} in all: its last run did not finish. No chart was changed. {AGAIN} {EARLIER}"
            )
    return tables


def footer(pilots: Sequence[Pilot]) -> str:
    """Return the line under every chart."""
    with speaking_on_charts():
        return _footer(pilots[0])


def _footer(pilot: Pilot) -> str:
    """Return the line under every chart, by the first pilot."""
    run = pilot.run
    what = gettext(
        "{district}; {replications} replications, {places}, seed {seed}, {measured} weeks measured after {warm_up} "
        "weeks of warm-up.",
        district=phrase(pilot.district.name), replications=run.replications, places=scope.places(pilot),
        seed=run.seed, measured=run.measured_weeks, warm_up=run.warm_up_weeks,
    )  # fmt: skip
    return run_together([what, assumptions(pilot.district.name)])


def _every_pair(designs: Mapping[str, Design], measures: pl.DataFrame, titles: Mapping[str, str]) -> pl.DataFrame:
    """Return the table of all pairs, with titles."""
    return every_pair(designs, measures).with_columns(pl.col("pilot", "baseline").replace(dict(titles)))


def _before(pilots: Sequence[Pilot]) -> str:
    """Return the line under the chart of what is known before anything is simulated."""
    district = pilots[0].district
    name = phrase(district.name)
    what = (
        gettext("{district}; the base place (district.place_seed); nothing is simulated.", district=name)
        if district.place == "drawn"
        else gettext("{district}; nothing is simulated.", district=name)
    )
    return run_together([what, assumptions(district.name)])


def drawings(
    designs: Mapping[str, Design], tables: Mapping[str, pl.DataFrame], *, narrow: bool = False
) -> Drawings:  # fmt: skip
    """Return every chart of a comparison by its name, with the titles of designs and procedures.

    Parameters
    ----------
    designs
        By name, the baseline first.
    tables
        The tables of `NEEDED` and `JUDGED`; `pairs`, where they are made already.
    narrow
        Whether charts that can be are drawn for a column.
    """
    from sim import charts

    pilots = [design.pilot for design in designs.values()]
    below, run = footer(pilots), pilots[0].run
    plain, titled = tables["measures"], dict(tables)
    archetypes = _titles({name: a.title for name, a in pilots[0].procedures.archetypes.items()})
    titled["flows"] = titled["flows"].with_columns(pl.col("archetype").replace(archetypes))
    titles = _titles({pilot.name: pilot.title for pilot in pilots})
    for name, table in titled.items():
        columns = [column for column in ("pilot", "baseline") if column in table.columns]
        titled[name] = table.with_columns(pl.col(columns).replace(titles))
    tables = titled  # charts show titles, and maps look names up
    measured = run.warm_up_weeks, run.warm_up_weeks + run.measured_weeks
    made: Drawings = {}
    rule = rule_of(designs, plain)

    def unjudged(measure: str) -> frozenset[str]:
        judged = judged_as(pilots[0].report, Response(measure))
        return frozenset(titles.get(p.name, p.name) for p in pilots if rule.why(judged, p.name))

    if len(pilots) > 1:
        shown = [(one.measure, one.group) for one in pilots[0].report.glances[:PANELS]]
        weighed = pilots[0].report.glances[0].response
        made["slide"] = lambda: charts.slide(tables["comparison"], shown, below, narrow=narrow)
        made["plane"] = lambda: charts.plane(
            tables["comparison"].filter(pl.col("measure") == weighed.measure, pl.col("group") == weighed.group),
            cost.differences(designs, plain, run.confidence).with_columns(pl.col("pilot").replace(titles)),
            below, run.confidence,
        )  # fmt: skip
        made["differences"] = lambda: charts.forest(tables["comparison"], below, run.confidence)
    if len(pilots) > 2:
        pairs = tables.get("pairs")  # a folder of charts is drawn again without them
        made["pairs"] = lambda: charts.pairs(
            _every_pair(designs, plain, titles) if pairs is None else pairs, below, run.confidence
        )
    load = load_tables.loads(designs).with_columns(pl.col("pilot").replace(titles))
    each: Drawings = {
        "load": lambda: charts.load(load, _before(pilots)),
        "turnaround": lambda: charts.turnaround_distribution(tables["turnaround"], below, unjudged("turnaround_p50")),
        "waits": lambda: charts.waits(tables["measures"], below, unjudged("counter_wait_p90")),
        "workload": lambda: charts.workload(tables["workload"], below),
        "persons": lambda: charts.persons(tables["persons"], below),
        "backlog": lambda: charts.backlog(tables["backlog"], below, measured=measured),
        "flows": lambda: charts.flows(tables["flows"], below),
        "queues": lambda: charts.queues(tables["queues"], below),
        "equity": lambda: charts.equity(tables["measures"], tables["equity"], below),
    }
    made |= {name: each.pop(name) for name in DRAWN}
    assert not each, f"DRAWN must name every chart that is drawn, and lacks {', '.join(each)}"
    return made | maps.drawings(designs, plain, rule, below)


def names_of(designs: Mapping[str, Design]) -> list[str]:
    """Return the names of the charts of a comparison, before there are any tables."""
    several = (["slide", "plane", "differences"] if len(designs) > 1 else []) + (["pairs"] if len(designs) > 2 else [])
    return [*several, *DRAWN, *maps.names_of(designs)]


def _titles(titles: dict[str, Any]) -> dict[str, Any]:
    """Return the titles by name, or nothing where two are alike."""
    return titles if len(set(titles.values())) == len(titles) else {}
