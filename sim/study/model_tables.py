"""The tables of a document of the model, from configs: parameters with their evidence, procedures, designs, runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sim import config
from sim.config.compose import Line, compose
from sim.config.meaning import meaning_of
from sim.config.reading import read_plain
from sim.district import workload
from sim.report.tables import Column, Table
from sim.study.comparison import face_validity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

HEADS = ("path", "meaning", "unit", "low", "base", "high", "confidence", "source")


def filled(text: str, known: Mapping[str, str]) -> str:
    """Return a document whose marked parts are as they should be.

    Parameters
    ----------
    text : str
        With lines `<!-- table: NAME -->` and `<!-- end of table -->`; what lies between them is replaced.
    known : mapping
        Every part of the document, by name.

    Raises
    ------
    ValueError
        Every part of the document must have a known name and an end, and every known one a place.
    """
    pieces = re.split(r"<!-- table: (.*?) -->\n", text)
    if missing := sorted(set(known) - set(pieces[1::2])):
        raise ValueError(f"the document must have a place for table {missing[0]}, got none")
    written = [pieces[0]]
    for name, rest in zip(pieces[1::2], pieces[2::2], strict=True):
        if name not in known:
            raise ValueError(f"a table of the document must be one of {', '.join(known)}, got {name}")
        _, end, after = rest.partition("<!-- end of table -->\n")
        if not end:
            raise ValueError(f"table {name} must have an end, got none")
        written.append(f"<!-- table: {name} -->\n\n{known[name]}\n\n{end}{after}")
    return "".join(written)


def tables(configs: Path, procedures: str) -> dict[str, str]:
    """Return every table of the document of the model in Markdown, by name; parameters go by the group of their path.

    Parameters
    ----------
    configs : Path
        The folder of configs.
    procedures : str
        Which file of its group `procedures`.
    """
    rows, meaning = read_plain(configs / "evidence.yaml"), read_plain(configs / "meaning.yaml")
    cases = read_plain(configs / "procedures" / f"{procedures}.yaml")
    groups = dict.fromkeys(row["path"].split(".")[0] for row in rows)
    by_group = {group: _parameters(rows, meaning, cases, group) for group in groups}
    by_group["activities"] = _activities(cases)
    by_group["lines"] = _markdown(("line", "items"), [(n, items) for n, items in cases["lines"].items()])
    by_group["pilots"] = _pilots(configs)
    by_group["runs"] = _runs(configs)
    by_group["targets"] = _targets(configs)
    return by_group


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table in Markdown, without a title."""
    cells = tuple(tuple(shown(cell) for cell in row) for row in rows)
    return Table("", tuple(Column(head) for head in heads), cells).to_markdown()


def shown(value: object) -> str:
    """Return a value of a config as a cell."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(part)}" for key, part in value.items())
    if isinstance(value, list):
        return " ".join(shown(part) for part in value)
    return f"{value:,}" if isinstance(value, int) and value >= 10_000 else str(value)


def _parameters(
    rows: Sequence[Mapping[str, Any]], meaning: Mapping[str, str], procedures: Mapping[str, Any], group: str
) -> str:
    """Return the parameters of a group."""
    cells = []
    for row in rows:
        path = row["path"]
        if path.split(".")[0] == group:
            words = meaning_of(path, meaning, procedures)
            name = f"{path} ({', '.join(row['pilots'])})" if "pilots" in row else path
            values = (row["low"], row["base"], row["high"])
            cells.append((name, words, row["unit"], *values, row["confidence"], row["source"]))
    return _markdown(HEADS, cells)


def _activities(procedures: Mapping[str, Any]) -> str:
    """Return every activity of every archetype in order, with what the law of today says of it."""

    def rows() -> Iterator[tuple[object, ...]]:
        for name, archetype in procedures["archetypes"].items():
            limits = [_limit(archetype.get(key)) for key in ("limit", "limit_above")]
            kind = f"{name} {archetype['title']}"
            whole = (
                archetype["line"] or "any",
                archetype.get("papers", False),
                archetype.get("result", "at_once"),
                *limits,
            )
            for i, activity in enumerate(archetype["activities"]):
                time = f"{activity['working_days']} wd" if "working_days" in activity else f"{activity['minutes']} min"
                yield (
                    *((kind, *whole) if i == 0 else ("",) * (1 + len(whole))),
                    activity["name"], activity["where"], activity.get("level", "community"),
                    activity.get("group", "public_service"), time, activity.get("share", 1),
                    activity.get("review", False), activity.get("batch", "none"),
                )  # fmt: skip

    heads = (
        "archetype", "line", "papers", "result", "limit", "limit_above", "activity", "where", "level", "group", "time",
        "share", "review", "batch",
    )  # fmt: skip
    return _markdown(heads, list(rows()))


def _limit(limit: Mapping[str, Any] | None) -> str | None:
    """Return a limit in words; None where there is none."""
    return f"{limit['amount']} {limit['clock'].replace('_', ' ')}" if limit else None


def _pilots(configs: Path) -> str:
    """Return the shipped designs: the files that each is a mixture of, and where they differ."""
    rows = []
    for path in sorted((configs / "pilot").glob("*.yaml")):
        pilot = config.load(compose("main", Line(()), f"pilot={path.stem}"))
        heads = workload.heads(pilot)
        street = ", ".join(
            f"{group}: {pilot.structure.level_of('street', group)}" for group in pilot.structure.performs["street"]
        )
        rows.append(
            (
                pilot.name, pilot.title, ", ".join(pilot.structure.levels), pilot.n_communities,
                " / ".join(str(n) for n in heads.values()), pilot.roles.scheme, pilot.service.windows,
                pilot.service.desk, street,
            )
        )  # fmt: skip
    heads_of_table = (
        "pilot", "title", "levels", "communities", "heads: community / street / district", "roles", "windows", "desk",
        "who performs the street's work",
    )  # fmt: skip
    return _markdown(heads_of_table, rows)


def _runs(configs: Path) -> str:
    """Return the shipped lengths of runs."""
    rows = []
    for path in sorted((configs / "run").glob("*.yaml")):
        run = config.load(compose("main", Line((f"run={path.stem}",)))).run
        rows.append(
            (
                path.stem, run.warm_up_weeks, run.measured_weeks, run.drain_weeks, run.replications, run.seed,
                run.confidence,
            )
        )  # fmt: skip
    heads = ("run", "warm-up, weeks", "measured, weeks", "drain, weeks", "replications", "seed", "confidence")
    return _markdown(heads, rows)


def _targets(configs: Path) -> str:
    """Return the figures measured elsewhere that the model is compared with."""
    chosen = face_validity.targets(read_plain(configs / "face.yaml"))
    heads = ("target", "measure", "pilot", "unit", "range", "seen elsewhere", "source", "where the model is outside")
    rows = []
    for one in chosen:
        measure = f"{one.measure}, {one.group}" + (f" less {one.less}" if one.less else "")
        rows.append((one.label, measure, one.pilot, one.unit, one.range, one.seen, one.source, one.why or None))
    return _markdown(heads, rows)
