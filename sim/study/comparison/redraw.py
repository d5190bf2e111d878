"""The charts of a comparison's folder, drawn from what is stored there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from matplotlib.figure import Figure

    from sim.config import Pilot
    from sim.store.store import Store


PILOTS = "pilots.json"


NEEDED = {
    "measures": ("measure", "group", "unit", "value"),
    "turnaround": ("days", "share"),
    "workload": ("post", "kind", "hours"),
    "backlog": ("week", "post", "hours"),
    "persons": ("post", "utilisation"),
    "flows": ("archetype", "origin", "to", "n"),
    "queues": ("level", "desk", "weekday", "half_hour", "number"),
}
"""The tables of every replication that charts are drawn from, with their columns beside pilot and replication."""


AGAIN = (
    "Give the command that made it once more: it goes on from what is kept. Results of an earlier wangge cannot be "
    "completed; run them under another name."
)


def draw(store: Store, measure: str | None = None) -> list[str]:
    """Draw every chart of a finished comparison, or only the map of a measure, and keep and name them all.

    Raises
    ------
    StoreError
        The folder must hold pilots and every table that a chart needs, whole and of the same replications.
    ConfigError
        The measure must be kept by community or grid.
    """
    from sim import charts
    from sim.study.comparison import maps

    pilots = pilots_of(store)
    tables = tables_of(store, pilots)
    if measure is None:
        drawn = figures(pilots, tables)
    else:
        drawn = maps.map_of(pilots, tables["measures"], measure, footer(pilots))
    files = {
        f"charts/{name}.{kind}": charts.render(figure, kind)
        for name, figure in drawn.items()
        for kind in ("png", "svg")
    }
    for name, data in files.items():
        store.write_bytes(name, data)
    return list(drawn)


def keep_pilots(store: Store, pilots: Sequence[Pilot]) -> None:
    """Keep the whole designs with the tables, so that charts can be drawn from the folder alone."""
    from sim.store import files

    store.write_bytes(PILOTS, files.readable({"pilots": [pilot.model_dump(mode="json") for pilot in pilots]}))


def pilots_of(store: Store) -> list[Pilot]:
    """Return the designs of a study, as they were run.

    Raises
    ------
    StoreError
        The folder must hold pilots: those that its manifest tells of, as this version reads them.
    """
    from sim import config
    from sim.study import replications

    held = store.identity.get("pilots")
    if "network" in store.identity:
        raise StoreError(
            f"{store.folder} must hold pilots of a district to be drawn, but holds a queueing network, which has no "
            "charts: its measures are in summary.md and measures.csv."
        )
    if not isinstance(held, list):
        raise StoreError(
            f"{store.folder} must hold pilots of a district to be drawn, and holds none: wangge bench and wangge "
            "validate draw their own charts, and nobody else does."
        )
    _nothing_missing(store, len(held))
    try:
        plain = json.loads((store.folder / PILOTS).read_bytes())["pilots"]
        pilots = [config.load(one) for one in plain]
        same = [replications.matters(one) for one in plain] == held
    except (ValueError, KeyError, TypeError, AttributeError, ConfigError):
        same = False
    if not same:
        raise StoreError(
            f"{PILOTS} in {store.folder} must be what was run there, but is damaged, was edited, or comes from another "
            f"version of wangge. No chart was touched. {AGAIN}"
        )
    return pilots


def _nothing_missing(store: Store, n_pilots: int) -> None:
    """Raise where a file is missing that the charts are drawn from."""
    wanted = [PILOTS, *(f"{name}.parquet" for name in _names(n_pilots))]
    missing = [name for name in wanted if not (store.folder / name).is_file()]
    if missing:
        raise StoreError(
            f"{store.folder} must hold what its charts are drawn from, but has no {', '.join(missing)}: its run did "
            f"not finish, or an earlier wangge made it. No chart was touched. {AGAIN}"
        )


def _names(n_pilots: int) -> list[str]:
    """Return the tables that the charts of so many pilots need."""
    return [*NEEDED, "equity", *(["comparison"] if n_pilots > 1 else [])]


def tables_of(store: Store, pilots: Sequence[Pilot]) -> dict[str, pl.DataFrame]:
    """Return the final tables from which the charts of a folder are drawn.

    Raises
    ------
    StoreError
        Each must be whole, have its columns, and be of all replications of all pilots.
    """
    n = pilots[0].run.replications
    found = {name: store.final_table(name) for name in _names(len(pilots))}
    for name, columns in NEEDED.items():
        table = found[name]
        lacking = [column for column in ("pilot", "replication", *columns) if column not in table.columns]
        if lacking:
            raise StoreError(
                f"{name}.parquet in {store.folder} must have the columns {', '.join(lacking)}: an earlier wangge made "
                f"it. No chart was touched. {AGAIN}"
            )
        rows = len(table.select("pilot", "replication").unique())
        if rows != n * len(pilots):
            raise StoreError(
                f"{name}.parquet in {store.folder} must be of {n} replications of each of {len(pilots)} pilots, got "
                f"{rows} in all: its last run did not finish. No chart was touched. {AGAIN}"
            )
    return found


def footer(pilots: Sequence[Pilot]) -> str:
    """Return the line under every chart."""
    pilot = pilots[0]
    return (
        f"{pilot.district.name}; {pilot.run.replications} replications, seed {pilot.run.seed}, "
        f"{pilot.run.measured_weeks} weeks measured after {pilot.run.warm_up_weeks} weeks of warm-up. "
        "Many inputs are assumptions: configs/evidence.yaml."
    )


def figures(pilots: Sequence[Pilot], found: Mapping[str, pl.DataFrame]) -> dict[str, Figure]:
    """Return every chart of a study, with designs and procedures called by their titles."""
    import polars as pl

    from sim import charts
    from sim.study.comparison import maps

    below, run = footer(pilots), pilots[0].run
    tables = dict(found)
    archetypes = _titles({name: a.title for name, a in pilots[0].procedures.archetypes.items()})
    tables["flows"] = tables["flows"].with_columns(pl.col("archetype").replace(archetypes))
    titles = _titles({pilot.name: pilot.title for pilot in pilots})
    for name, table in tables.items():
        columns = [column for column in ("pilot", "baseline") if column in table.columns]
        tables[name] = table.with_columns(pl.col(columns).replace(titles))
    measured = run.warm_up_weeks, run.warm_up_weeks + run.measured_weeks
    drawn: dict[str, Figure] = {
        "turnaround": charts.turnaround_distribution(tables["turnaround"], below),
        "workload": charts.workload(tables["workload"], below),
        "persons": charts.persons(tables["persons"], below),
        "backlog": charts.backlog(tables["backlog"], below, measured=measured),
        "flows": charts.flows(tables["flows"], below),
        "queues": charts.queues(tables["queues"], below),
        "equity": charts.equity(tables["measures"], tables["equity"], below),
    }
    if len(pilots) > 1:
        drawn["differences"] = charts.forest(tables["comparison"], below, run.confidence)
    return drawn | maps.figures(pilots, found["measures"], below)


def _titles(titles: dict[str, Any]) -> dict[str, Any]:
    """Return the titles by name, or nothing where two are alike."""
    return titles if len(set(titles.values())) == len(titles) else {}
