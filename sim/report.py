"""Tables and sentences for people: the terminal's tables, the text of summary.md and the conclusion.

Names and labels come from configs, so they are data: nothing in them is read as markup.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import polars as pl

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table as RichTable

Align = Literal["left", "right"]

MARKS = {
    "better": "▲",
    "worse": "▼",
    "no material difference": "=",
    "undecided": "?",
    "withheld": "–",
}
"""The verdicts, in the order in which they are told, and the mark that stands for each."""

_NARROWEST_HEADING = 10
_NARROWEST_WORDS = 14


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and the side on which its cells stand."""

    heading: str
    align: Align = "left"


@dataclass(frozen=True)
class Table:
    """A table to be read: the same cells in a terminal and in Markdown.

    Parameters
    ----------
    title
        One line above the table.
    columns
        Headings, left to right. Cells of a right-aligned column are numbers and never wrap.
    rows
        Cells as text, one a column.
    notes
        Sentences below the table.

    Raises
    ------
    ValueError
        If a row has not one cell a column.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n_columns = len(self.columns)
        for i, row in enumerate(self.rows):
            if len(row) != n_columns:
                raise ValueError(f"rows[{i}] must have {n_columns} cells, one a column, got {len(row)}")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table in as many pieces as the width needs; each repeats the first column."""
        pieces = self._pieces(options.max_width)
        for i, piece in enumerate(pieces):
            last = i == len(pieces) - 1
            yield piece.to_rich() if last else replace(piece, notes=()).to_rich()

    def to_rich(self) -> RichTable:
        """Return the table for a Rich console in one piece; it wraps words, never numbers."""
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text

        rich_table = RichTable(
            title=Text(literal(self.title), style="bold"),
            title_justify="left",
            caption=Text("\n".join(map(literal, self.notes)), style="dim") if self.notes else None,
            caption_justify="left",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
        )
        for i, column in enumerate(self.columns):
            numeric = column.align == "right"
            heading = "\n".join(self._heading(i)) if numeric else literal(column.heading)
            rich_table.add_column(Text(heading), justify=column.align, no_wrap=numeric, overflow="fold")
        for row in self.rows:
            rich_table.add_row(*(Text(literal(cell)) for cell in row))
        return rich_table

    def _heading(self, i: int) -> list[str]:
        """Return the lines of the heading of a column of numbers, about as wide as its cells."""
        width = max((len(row[i]) for row in self.rows), default=0)
        return _wrapped_name(literal(self.columns[i].heading), max(width, _NARROWEST_HEADING))

    def _pieces(self, width: int) -> list[Table]:
        """Return the table cut into tables that fit the width, if its numbers are too wide for one."""
        groups: list[list[int]] = [[]]
        room = width - _NARROWEST_WORDS
        for i, column in enumerate(self.columns[1:], start=1):
            cells = [len(row[i]) for row in self.rows]
            numeric = column.align == "right"
            needed = max([*cells, *map(len, self._heading(i))]) if numeric else _NARROWEST_HEADING
            room -= needed + 3
            if room < 0 and groups[-1]:
                groups.append([])
                room = width - _NARROWEST_WORDS - needed - 3
            groups[-1].append(i)
        pieces = []
        for group in groups:
            kept = [0, *group] if self.columns else []
            columns = tuple(self.columns[i] for i in kept)
            rows = tuple(tuple(row[i] for i in kept) for row in self.rows)
            pieces.append(replace(self, columns=columns, rows=rows))
        return pieces

    def to_markdown(self) -> str:
        """Return the table in Markdown (GitHub's dialect), its notes below it, without a final newline."""
        rule = ["---:" if column.align == "right" else "---" for column in self.columns]
        headings = [escape_markdown(column.heading) for column in self.columns]
        body = [[escape_markdown(cell) for cell in row] for row in self.rows]
        lines = [f"**{escape_markdown(self.title)}**", ""]
        lines += ["| " + " | ".join(cells) + " |" for cells in [headings, rule, *body]]
        for note in self.notes:
            lines += ["", escape_markdown(note)]
        return "\n".join(lines)


def literal(text: str) -> str:
    """Return the text on one line, with control and direction characters as spaces."""
    return "".join(c if c.isprintable() else " " for c in text)


def escape_markdown(text: str) -> str:
    """Return Markdown that shows the text as it is, on one line, also within a cell of a table."""
    text = re.sub(r"([\\`*\[\]|~$#!])", r"\\\1", literal(text))
    # An underscore within a word is no emphasis, and names are full of them.
    text = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def decimals(scale: float, size: float = 0.0) -> int:
    """Return the decimals that show two significant digits of a half-width, but at most four of the number.

    Parameters
    ----------
    scale
        The half-width, in the unit of the number. 0 and NaN say nothing: three digits of the number.
    size
        The largest number to be shown with these decimals; NaN and 0 set no limit.
    """
    has_size = math.isfinite(size) and size != 0
    most = 3 - math.floor(math.log10(abs(size))) if has_size else 4
    if not math.isfinite(scale) or scale == 0:
        wanted = most - 1 if has_size else 2
    else:
        wanted = 1 - math.floor(math.log10(abs(scale)))
    return min(max(min(wanted, most), 0), 4)


def number(value: float | None, places: int, *, signed: bool = False) -> str:
    """Return a number as text with so many decimals; a dash for None and NaN; never a negative zero."""
    if value is None or not math.isfinite(value):
        return "–"
    rounded = round(value, places) or 0.0
    return f"{rounded:+,.{places}f}" if signed and rounded else f"{rounded:,.{places}f}"


@dataclass(frozen=True)
class Difference:
    """One row of a comparison as words: the two means, the difference with its interval, and units."""

    label: str
    unit: str
    baseline: str
    pilot: str
    difference: str
    interval: str
    verdict: str


def difference(row: Mapping[str, object]) -> Difference:
    """Return one row of the comparison as words; shares are told in per cent and their differences in points.

    A withheld row keeps its means but shows no difference, which would depend on the length of the run,
    unless a single replication is the reason: then the difference stands without an interval.
    """
    factor, unit, _ = scale_of(str(row["unit"]))
    before, after, gap, low, high = (
        _float(row[name]) * factor for name in ("baseline_mean", "pilot_mean", "difference", "low", "high")
    )
    half_width = (high - low) / 2
    # Without an interval (one replication), digits follow the smallest difference that matters.
    numbers = [abs(x) for x in (before, after, gap) if math.isfinite(x)]
    scale = half_width if half_width > 0 else _float(row["mid"]) * factor
    places = decimals(scale, max(numbers, default=math.nan))
    verdict = str(row["verdict"])
    told = verdict != "withheld" or _float(row["n"]) < 2
    has_interval = told and math.isfinite(low) and math.isfinite(high)
    return Difference(
        label=str(row["label"]),
        unit=unit,
        baseline=number(before, places),
        pilot=number(after, places),
        difference=number(gap, places, signed=True) if told else "–",
        interval=f"[{number(low, places, signed=True)}, {number(high, places, signed=True)}]" if has_interval else "",
        verdict=verdict,
    )


def scale_of(unit: str) -> tuple[float, str, str]:
    """Return the factor for showing a unit, its word, and the word for differences in it."""
    return (100.0, "%", "points") if unit == "share" else (1.0, unit, unit)


def rows_table(
    title: str,
    rows: pl.DataFrame | Sequence[Mapping[str, object]],
    notes: Iterable[str] = (),
    places: int = 2,
) -> Table:
    """Return a table of a frame or of rows by name: numbers to the right, with so many decimals.

    Parameters
    ----------
    title, notes
        As in `Table`.
    rows
        Columns keep the order of the frame, or of the first row. None and NaN become a dash.
    places
        Decimals of floats; whole numbers have none.
    """
    records = rows.to_dicts() if isinstance(rows, pl.DataFrame) else list(rows)
    names = rows.columns if isinstance(rows, pl.DataFrame) else list(records[0]) if records else []
    columns = tuple(Column(name, _side(record[name] for record in records)) for name in names)
    cells = tuple(tuple(_cell(record[name], places) for name in names) for record in records)
    return Table(title, columns, cells, tuple(notes))


def summary_table(measures: pl.DataFrame, comparison: pl.DataFrame, pilots: Sequence[str]) -> Table:
    """Return the means of every pilot side by side, marked with the verdicts against the baseline.

    Parameters
    ----------
    measures
        pilot, replication, measure, group, unit, value (NaN or null where withheld).
    comparison
        Its rows (measure, group, label, unit) are the rows of the table. If it is empty, the rows are
        the measures of group "all", each mean with the half-width of its own 95 % t interval.
    pilots
        The columns, in this order.
    """
    means = _means(measures)
    alone = comparison.is_empty()
    verdicts = {(r["measure"], r["group"], r["pilot"]): r["verdict"] for r in comparison.to_dicts()}
    rows = []
    for measure, group, label, unit in _measure_rows(measures, comparison):
        factor, unit_word, _ = scale_of(unit)
        found = [means.get((measure, group, pilot), (math.nan, math.nan)) for pilot in pilots]
        widths = [half * factor for _, half in found if half > 0]
        sizes = [abs(mean) * factor for mean, _ in found if math.isfinite(mean)]
        places = decimals(max(widths, default=math.nan), max(sizes, default=math.nan))
        cells = []
        for pilot, (mean, half_width) in zip(pilots, found, strict=True):
            tail = MARKS.get(verdicts.get((measure, group, pilot), ""), " ")
            if alone:
                tail = f"± {number(half_width * factor, places)}"
            cells.append(f"{number(mean * factor, places)} {tail}")
        rows.append((_with_unit(label, unit_word), *cells))
    columns = (Column("Measure"), *(Column(pilot, "right") for pilot in pilots))
    if alone:
        note = "±: half-width of the 95 % interval of each mean by itself."
        return Table("Means over the replications", columns, tuple(rows), (note,))
    baseline = str(comparison["baseline"][0])
    note = f"Against {baseline}: " + ", ".join(f"{mark} {word}" for word, mark in MARKS.items()) + "."
    return Table(f"Means by pilot, with verdicts against {baseline}", columns, tuple(rows), (note,))


def comparison_table(comparison: pl.DataFrame, pilot: str, confidence: float = 0.95) -> Table:
    """Return one pilot against the baseline: means, the difference with its interval, the verdict.

    Parameters
    ----------
    comparison
        The whole comparison, since its intervals hold jointly over all its rows.
    pilot
        The pilot to show; the baseline is the one that the comparison names.
    confidence
        Of the intervals, jointly.

    Raises
    ------
    ValueError
        If the comparison has no row of this pilot.
    """
    records = comparison.filter(pl.col("pilot") == pilot).to_dicts()
    if not records:
        raise ValueError(f"pilot must be one of the comparison, got {pilot}")
    baseline = str(records[0]["baseline"])
    rows = []
    for record in records:
        told = difference(record)
        needed = record["replications_needed"]
        more = f", needs {needed}" if needed and told.verdict == "undecided" else ""
        gap = f"{told.difference} {told.interval}".strip()
        rows.append((_with_unit(told.label, told.unit), told.baseline, told.pilot, gap, told.verdict + more))
    columns = (
        Column("Measure"),
        Column(baseline, "right"),
        Column(pilot, "right"),
        Column(f"Difference [{_percent(confidence)} interval]", "right"),
        Column("Verdict"),
    )
    return Table(f"{pilot} against {baseline}", columns, tuple(rows), _notes(records, comparison.height, confidence))


def _percent(share: float) -> str:
    """Return a share in per cent, without needless decimals."""
    return f"{100 * share:g} %"


def _notes(records: Sequence[Mapping[str, object]], n_rows: int, confidence: float) -> tuple[str, ...]:
    """Return the footnotes of a comparison."""
    counts = sorted({int(_float(r["n"])) for r in records})
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    notes = [
        f"The intervals of all {n_rows} differences compared hold jointly with {_percent(confidence)} "
        f"confidence; {n} replications, the same requests under every pilot."
    ]
    if counts[-1] < 2:
        notes = ["One replication gives no interval, so all verdicts are withheld."]
    alike: dict[str, list[str]] = {}
    for record in records:
        factor, _, word = scale_of(str(record["unit"]))
        mid = f"{_float(record['mid']) * factor:g} {word}".strip()
        alike.setdefault(mid, []).append(str(record["label"]))
    mids = ", ".join(f"{mid} ({'; '.join(dict.fromkeys(labels))})" for mid, labels in alike.items())
    notes.append(f"The smallest difference that matters (MID): {mids}.")
    if any(r["verdict"] == "undecided" and r["replications_needed"] for r in records):
        notes.append("Needs: so many replications in all would about settle the verdict.")
    if any(r["unit"] == "share" for r in records):
        notes.append("Shares are in per cent, their differences in percentage points.")
    if counts[-1] > 1 and any(r["verdict"] == "withheld" for r in records):
        notes.append(
            "Withheld: the measure depends on an overloaded post, or too many requests are still open; "
            "its value depends on the length of the run."
        )
    return tuple(notes)


def conclusion(comparison: pl.DataFrame, overloaded: Mapping[str, Sequence[str]], baseline: str) -> str:
    """Return what the verdicts say, in plain sentences: nothing is concluded that is not a verdict.

    Parameters
    ----------
    comparison
        One row a measure and pilot. Where there are rows of group "all", only those are told.
    overloaded
        By pilot (the baseline too), the station groups that cannot keep up.
    baseline
        The pilot that all are compared with.

    Returns
    -------
    str
        One paragraph a pilot, in the order of the comparison.
    """
    overall = comparison.filter(pl.col("group") == "all")
    told = comparison if overall.is_empty() else overall
    pilots = told["pilot"].unique(maintain_order=True).to_list()
    if not pilots:
        return f"Nothing was compared with {baseline}."
    parts = (told.filter(pl.col("pilot") == pilot) for pilot in pilots)
    paragraphs = (_paragraph(rows, overloaded, baseline, p) for rows, p in zip(parts, pilots, strict=True))
    return "\n\n".join(paragraphs)


def _paragraph(rows: pl.DataFrame, overloaded: Mapping[str, Sequence[str]], baseline: str, pilot: str) -> str:
    """Return the sentences on one pilot."""
    labels = {verdict: rows.filter(pl.col("verdict") == verdict)["label"].to_list() for verdict in MARKS}
    sentences = [_headline(labels, baseline, pilot)]
    same, withheld = labels["no material difference"], labels["withheld"]
    if 0 < len(same) < rows.height:
        sentences.append(f"It makes no material difference on {_counted(same)}.")
    if labels["undecided"]:
        sentences.append(_undecided_sentence(rows.filter(pl.col("verdict") == "undecided")))
    causes = _causes(overloaded, (pilot, baseline))
    if _float(rows["n"].max()) < 2:
        nothing = f"One replication gives no interval, so nothing is concluded about {pilot} against {baseline}"
        return f"{nothing}; {causes}." if causes else f"{nothing}."
    if withheld:
        verdicts = "The verdict on 1 is" if len(withheld) == 1 else f"The verdicts on {len(withheld)} are"
        cause = causes or "too many requests were still open at the end"
        sentences.append(f"{verdicts} withheld ({'; '.join(withheld)}), because {cause}.")
    elif causes:
        sentences.append(f"Note that {causes}.")
    return " ".join(sentences)


def _headline(labels: Mapping[str, list[str]], baseline: str, pilot: str) -> str:
    """Return the first sentence: better, worse, both or neither."""
    better, worse, same = labels["better"], labels["worse"], labels["no material difference"]
    n_rows = sum(map(len, labels.values()))
    judged = len(better) + len(worse) + len(same)
    none = "none" if judged == n_rows else "none of those that could be judged"
    of_all = f"of {n_rows} measures"
    if better and worse:
        return (
            f"{pilot} is a mixed result: better than {baseline} on {_counted(better, of_all)}, "
            f"but worse on {_counted(worse)}."
        )
    for labels_one, word, other in ((better, "better", "worse"), (worse, "worse", "better")):
        if len(labels_one) == n_rows:
            return f"{pilot} is {word} than {baseline} on every measure ({'; '.join(labels_one)})."
        if labels_one:
            return f"{pilot} is {word} than {baseline} on {_counted(labels_one, of_all)} and {other} on {none}."
    if len(same) == n_rows:
        return f"{pilot} makes no difference that matters against {baseline}, on any of {n_rows} measures."
    if len(labels["undecided"]) == n_rows:
        return f"This study cannot tell {pilot} from {baseline}: none of {n_rows} measures is decided."
    return f"No measure shows {pilot} to be better or worse than {baseline}."


def _undecided_sentence(undecided: pl.DataFrame) -> str:
    """Return what is undecided, and how many replications would settle it."""
    few = f"{int(_float(undecided['n'].max()))} replications are"
    verb = "is" if undecided.height == 1 else "are"
    labels = "; ".join(undecided["label"].to_list())
    needed = undecided["replications_needed"].drop_nulls()
    settled = ", and it cannot be foreseen how many would do"
    if not needed.is_empty():
        which = "what can be settled" if len(needed) < undecided.height else "all of it"
        settled = f"; about {int(_float(needed.max()))} would settle {which if undecided.height > 1 else 'it'}"
    return f"{undecided.height} {verb} undecided ({labels}): {few} too few{settled}."


def _causes(overloaded: Mapping[str, Sequence[str]], pilots: Iterable[str]) -> str:
    """Return which posts are overloaded under these pilots; empty if none is."""
    causes = []
    for name in pilots:
        posts = list(overloaded.get(name, ()))
        if posts:
            listed = ", ".join(posts[:-1]) + " and " + posts[-1] if len(posts) > 1 else posts[0]
            causes.append(f"{listed} {'is' if len(posts) == 1 else 'are'} overloaded under {name}")
    return " and ".join(causes)


def _counted(labels: Sequence[str], of_all: str = "") -> str:
    """Return how many labels there are, and which."""
    return f"{' '.join(filter(None, [str(len(labels)), of_all]))} ({'; '.join(labels)})"


def _means(measures: pl.DataFrame) -> dict[tuple[str, str, str], tuple[float, float]]:
    """Return mean and half-width over replications by measure, group and pilot; NaN if any value is NaN."""
    from scipy.special import stdtrit

    value = pl.col("value").fill_null(math.nan)
    grouped = measures.group_by("measure", "group", "pilot").agg(mean=value.mean(), sd=value.std(), n=pl.len())
    means = {}
    for r in grouped.to_dicts():
        sd = _float(r["sd"])
        half_width = float(stdtrit(r["n"] - 1, 0.975)) * sd / math.sqrt(r["n"]) if r["n"] > 1 else math.nan
        means[r["measure"], r["group"], r["pilot"]] = (_float(r["mean"]), half_width)
    return means


def _measure_rows(measures: pl.DataFrame, comparison: pl.DataFrame) -> list[tuple[str, str, str, str]]:
    """Return measure, group, label and unit of the rows of a summary, in order."""
    if comparison.is_empty():
        overall = measures.filter(pl.col("group") == "all").select("measure", "unit").unique(maintain_order=True)
        return [(measure, "all", measure.replace("_", " "), unit) for measure, unit in overall.iter_rows()]
    names = ("measure", "group", "label", "unit")
    return list(comparison.select(names).unique(maintain_order=True).iter_rows())


def _with_unit(label: str, unit: str) -> str:
    """Return the label with its unit, if it has one."""
    return f"{label} ({unit})" if unit else label


def _side(values: Iterable[object]) -> Align:
    """Return the side of a column: right if every value that is there is a number."""
    there = [v for v in values if v is not None]
    numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in there)
    return "right" if there and numeric else "left"


def _cell(value: object, places: int) -> str:
    """Return a value as the text of a cell."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return number(value, places) if isinstance(value, float) else str(value)


def _wrapped_name(name: str, width: int) -> list[str]:
    """Return the name in lines of at most the width, broken after underscores and spaces where possible."""
    lines = [""]
    for piece in re.findall(r"[^_\s-]*[_\s-]|[^_\s-]+", name):
        for start in range(0, len(piece), width):
            part = piece[start : start + width]
            if lines[-1] and len(lines[-1]) + len(part.rstrip()) > width:
                lines.append("")
            lines[-1] += part
    return [line.rstrip() for line in lines]


def _float(value: object) -> float:
    """Return a cell as a float: NaN for a null."""
    return math.nan if value is None else float(value)  # type: ignore[arg-type]
