"""The replications of a study: kept ones are read, missing ones are run, failures are noted."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.config.report import Response
from sim.errors import ConfigError
from sim.language import N_, gettext
from sim.measures import cost
from sim.measures.dictionary import CONTROL, DEFINITIONS, OPEN_BOUND, PRICED, lacking
from sim.report.console import Progress
from sim.store import files
from sim.store.archive import Damaged, NotKept
from sim.study import replications
from sim.study.own_measures import NOTHING, Packed
from sim.study.sharing import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl
    from rich.console import Console

    from sim.arrays import Floats
    from sim.store.archive import Archive
    from sim.study.backend import Backend

TABLE = "measures"


@dataclass
class Runs:
    """What is known so far about the points of a study; the live state of a sweep.

    Attributes
    ----------
    archive
        Where replications are kept, for all studies.
    pilots
        The feasible designs, by the names of their points.
    keys
        The key of every feasible point, by its name.
    backend
        The engine and the executor.
    groups
        Which groups of measures the study's tables hold, by the word before the colon.
    console
        Where progress is printed.
    retry
        Whether replications that failed before are retried.
    own
        Measures of one's own.
    notes
        What was told of kept replications that were damaged or lacked a measure.
    """

    archive: Archive
    pilots: Mapping[str, Any]
    keys: Mapping[str, str]
    backend: Backend
    groups: Sequence[str]
    console: Console
    retry: bool = False
    own: Packed = NOTHING
    steps: int = 0
    seconds: float = 0.0
    simulated: int = 0
    notes: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    _lacked: dict[str, int] = field(default_factory=dict)
    _failed_at: dict[str, int] = field(default_factory=dict)
    _tables: dict[tuple[str, int], pl.DataFrame] = field(default_factory=dict)
    _held: files.Held = field(default_factory=files.Held)
    _numbers: dict[tuple[str, int], dict[Response, float]] = field(default_factory=dict)
    _counts: dict[tuple[str, int], dict[Response, int]] = field(default_factory=dict)
    _use: dict[tuple[str, int], cost.Use] = field(default_factory=dict)

    def ensure(self, wanted: Mapping[str, int], label: str = N_("replications")) -> None:
        """Make sure that each point has this many replications, running the r-th of all points before the next.

        A replication that fails stops its point only.
        """
        missing: dict[tuple[str, int], replications.Task] = {}
        for number in range(max(wanted.values(), default=0)):
            for name, least in wanted.items():
                which = self.keys[name], number
                if number >= least or which in missing or which in self._tables or name in self.failures:
                    continue
                if self._read(*which):
                    continue
                error = self.archive.failure(*which)
                if error is not None and not self.retry:
                    self._failed(*which, error)
                else:
                    missing[which] = replications.Task(
                        self.archive, which[0], self.pilots[name], number, self.backend.engine, self.own
                    )
        self._tell_lacking()
        self._run(list(missing.values()), label)

    def others(self, pilots: Mapping[str, Any]) -> Runs:
        """Return runs of other designs in the same archive, of which nothing is known yet."""
        keys = {name: replications.key(pilot, self.own) for name, pilot in pilots.items()}
        return Runs(self.archive, pilots, keys, self.backend, self.groups, self.console, self.retry, self.own)

    def count_in(self, others: Runs) -> None:
        """Count what other designs cost, and tell what was told of them, with one's own."""
        self.steps += others.steps
        self.seconds += others.seconds
        self.simulated += others.simulated
        self.notes += others.notes

    def read_kept(self, n: int) -> None:
        """Read what is kept of the first n replications of every point, and tell how many are to be run again."""
        for key in dict.fromkeys(self.keys.values()):
            for number in self.archive.replications(key):
                if number < n and (key, number) not in self._tables:
                    self._read(key, number)
        self._tell_lacking()

    def unusable(self, n: int) -> set[tuple[str, int]]:
        """Return which kept ones of the first n replications of all points would be run again, by key and number.

        Nothing is set aside: it is told why, and all stays where it is.
        """
        lost: set[tuple[str, int]] = set()
        for key in dict.fromkeys(self.keys.values()):
            for number in self.archive.replications(key):
                if number < n and self._usable(key, number, leave=True) is None:
                    lost.add((key, number))
        self._tell_lacking()
        return lost

    def count(self, name: str) -> int:
        """Return how many replications a point has, counted from the first without a gap; 0 for an infeasible point."""
        number = 0
        while name in self.keys and (self.keys[name], number) in self._tables:
            number += 1
        return number

    def counts(self) -> dict[str, int]:
        """Return how many replications every point has."""
        return {name: self.count(name) for name in self.keys}

    @property
    def complete(self) -> list[str]:
        """Return the points that have been run without a failed replication: what is said is said of them."""
        return [name for name in self.keys if self.count(name) and name not in self.failures]

    def values(self, name: str, response: Response, n: int | None = None) -> Floats:
        """Return a response over the replications of a point (shape (replications,)); NaN where it is withheld."""
        number = self.count(name) if n is None else n
        if response.measure in PRICED:
            return np.array([self._priced(name, r, response)[0] for r in range(number)], dtype=np.float64)
        numbers = [self._numbers[self.keys[name], r].get(response, np.nan) for r in range(number)]
        return np.array(numbers, dtype=np.float64)

    def observations(self, name: str, response: Response) -> Floats:
        """Return the number of observations behind a response in each replication of a point (0: none, or not kept)."""
        if response.measure in PRICED:
            return np.array([self._priced(name, r, response)[1] for r in range(self.count(name))], dtype=np.float64)
        counts = [self._counts[self.keys[name], r].get(response, 0) for r in range(self.count(name))]
        return np.array(counts, dtype=np.float64)

    def unit(self, response: Response) -> str:
        """Return the unit of a response, empty while no point is known."""
        import polars as pl

        first = next((name for name in self.keys if self.count(name)), None)
        if first is None:
            return ""
        if response.measure in PRICED:
            return DEFINITIONS[response.measure][0]
        units = self.table(first, 0).filter(pl.col("measure") == response.measure, pl.col("group") == response.group)[
            "unit"
        ]
        return str(units[0]) if len(units) else ""

    def table(self, name: str, replication: int) -> pl.DataFrame:
        """Return the measures of a replication of a point, of the study's groups, with what it costs."""
        import polars as pl

        kept = self._tables[self.keys[name], replication]
        if cost.GROUP not in self.groups:
            return kept
        priced = cost.measured(self.pilots[name], self._use[self.keys[name], replication])
        rows = [(measure, cost.GROUP, DEFINITIONS[measure][0], value, n) for measure, (value, n) in priced.items()]
        columns = ("measure", "group", "unit", "value", "n")
        return pl.concat([kept, pl.DataFrame(rows, {c: kept.schema[c] for c in columns}, orient="row")], how="diagonal")

    def _priced(self, name: str, replication: int, response: Response) -> tuple[float, int]:
        """Return a measure of cost of a replication of a point, by its own prices, which are in no key; and its n."""
        if response.group != cost.GROUP:
            return np.nan, 0
        return cost.measured(self.pilots[name], self._use[self.keys[name], replication])[response.measure]

    def _usable(self, key: str, replication: int, *, leave: bool = False) -> pl.DataFrame | None:
        """Return the measures of a kept replication, or None where it is to be run again, which is told.

        One that is damaged or lacks a measure is set aside; with `leave` it stays where it is.
        """
        try:
            _, table = self.archive.contents(key, replication, TABLE, leave=leave)
        except Damaged as damage:
            self._note(f"{damage}. It is run again.")
            return None
        except NotKept:  # another process set it aside meanwhile
            return None
        names = lacking(() if table is None else table.select("measure", "group").iter_rows())
        if not names:
            return table
        if not leave:
            self.archive.set_aside_earlier(key, replication)
        what = ", ".join(names)
        self._lacked[what] = self._lacked.get(what, 0) + 1
        return None

    def _read(self, key: str, replication: int) -> bool:
        """Return whether a replication is kept, and read it; one that cannot be used is missing."""
        import polars as pl

        if not self.archive.finished(key, replication):
            return False
        table = self._usable(key, replication)
        if table is None:
            return False
        asked = pl.col("group").str.extract("^([^:|]*)").is_in(self.groups)
        mine = self._held.add(table.filter(asked), f"replication {replication} of {key}")
        self._tables[key, replication] = mine
        # what means are adjusted for, and what is open can move, whatever is shown
        known = table.filter(asked | pl.col("measure").is_in([CONTROL, OPEN_BOUND]))
        self._numbers[key, replication] = {
            Response(measure, group): value
            for measure, group, value in known.select("measure", "group", "value").iter_rows()
        }
        read = table.filter(pl.col("measure").is_in(cost.READ)).select("measure", "group", "value", "n")
        self._use[key, replication] = cost.use_of(read.iter_rows())
        self._counts[key, replication] = {
            Response(measure, group): n for measure, group, n in mine.select("measure", "group", "n").iter_rows()
        }
        return True

    def _tell_lacking(self) -> None:
        """Tell what was put aside since it lacks a measure."""
        for what, n in self._lacked.items():
            self._note(replications.lacked(n, what))
        self._lacked.clear()

    def _note(self, sentence: str) -> None:
        """Tell something of what was kept, now and with the results: a console may be quiet."""
        self.notes.append(sentence)
        self.console.print(f"- {sentence}", markup=False)

    def _failed(self, key: str, replication: int, error: str) -> None:
        """Note for every point of a key that it failed; of several replications, the first is reported."""
        for name, its_key in self.keys.items():
            if its_key == key and replication <= self._failed_at.get(name, replication):
                self._failed_at[name] = replication
                self.failures[name] = f"replication {replication} failed: {error}"

    def _run(self, tasks: list[replications.Task], label: str) -> None:
        """Run replications, behind a progress bar."""
        if not tasks:
            return
        began = time.perf_counter()
        self.backend.announce_compiling(self.console)
        with Progress.start(self.console, gettext(label), len(tasks)) as bar:

            def on_done(task: replications.Task, facts: Mapping[str, Any]) -> None:
                if error := facts.get("error"):
                    self._failed(task.key, task.replication, str(error))
                else:
                    self.steps += int(facts["steps"])
                    self.simulated += ELSEWHERE not in facts
                    if not self._read(task.key, task.replication) and self._lacked:
                        raise ConfigError(_computed_by_nothing(self._lacked))
                bar.advance(task.words, elsewhere=ELSEWHERE in facts)

            replications.run_tasks(tasks, on=self.backend.executor, on_done=on_done, go_on=True, announce=bar.announce)
        self.seconds += time.perf_counter() - began


def _computed_by_nothing(lacked: Iterable[str]) -> str:
    """Return what is wrong where a replication that was just run lacks measures: it is told to who adds one."""
    return (
        "DEFINITIONS (or GROUPS) of sim/measures/dictionary.py must have only what every replication computes, got "
        f"{', '.join(lacked)}"
    )
