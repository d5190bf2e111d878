"""All knobs turned: their designs run, judged, and kept as a table in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sim import config
from sim.config.compose import CONFIGS
from sim.config.reading import read_yaml
from sim.language import gettext, ngettext
from sim.measures.dictionary import DEFINITIONS
from sim.report.pages import Printed, page
from sim.report.screen import Screen, where
from sim.statistics.reasons import Several
from sim.study.budget.designs import run_designs
from sim.study.folder import printed
from sim.study.knobs import writing
from sim.study.knobs.outcomes import BASE, DidNotRun, Outcome, outcome
from sim.study.knobs.trials import Settings
from sim.study.points.screening import screen_all
from sim.study.withholding import Rule, horizon_of, judged_as, on_one_place
from sim.version import MODEL_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from sim.arrays import Floats
    from sim.config import Pilot
    from sim.config.report import Response
    from sim.store.store import Store
    from sim.study.backend import Backend
    from sim.study.budget.runs import Runs
    from sim.study.knobs.trials import Trial
    from sim.study.points.screening import Screened


@dataclass(frozen=True)
class Knobs:
    """Knobs that were turned.

    Attributes
    ----------
    outcomes
        Of every row, in the order of the evidence.
    store
        The results folder.
    """

    outcomes: tuple[Outcome, ...]
    store: Store

    @property
    def failures(self) -> dict[str, str]:
        """Return what is wrong, by the names of the rows, in the language that is spoken."""
        return {one.trial.row.spoken_name: one.failure for one in self.outcomes if one.failure}

    @property
    def sentence(self) -> str:
        """Return how many knobs were turned and what came of it, in a sentence."""
        turned = [one for one in self.outcomes if not one.why]
        moved = sum(bool(one.moved) for one in turned)
        return gettext(
            "{knobs} turned, of which {moved} move a measure and {still} none; {untried} not tried; {failures}.",
            knobs=ngettext("{n:,} knob", "{n:,} knobs", len(turned)), moved=moved, still=len(turned) - moved,
            untried=len(self.outcomes) - len(turned),
            failures=ngettext("{n:,} failure", "{n:,} failures", len(self.failures)),
        )  # fmt: skip

    @property
    def printed(self) -> Printed:
        """Return what is to be said, in the language that is spoken."""
        failures = tuple(gettext("{name}: {failure}.", name=name, failure=why) for name, why in self.failures.items())
        pages = tuple(page(name, one) for name, one in writing.tables(self.outcomes).items())
        return Printed(Screen(self.sentence, failures, where=where(self.store.folder.name, "knobs.md")), pages)


def shipped_settings() -> Settings:
    """Return the settings of `configs/knobs.yaml`."""
    return config.checked(Settings, read_yaml(CONFIGS / "knobs.yaml"))


def turn(
    tried: Sequence[Trial],
    settings: Settings,
    folder: Path,
    backend: Backend,
    console: Console,
    knobs: Sequence[str] = (),
    command: Sequence[str] = (),
) -> Knobs:
    """Run what is missing of the designs of knobs, judge them, and keep table and texts in a folder.

    Parameters
    ----------
    tried
        The rows with their designs.
    settings
        Replications and further measures.
    folder
        The results folder; the archive lies beside it. A stopped run continues.
    backend
        The engine and the executor.
    console
        Where progress is printed.
    knobs
        What the command line sets for all designs alike: another line, another folder.
    command
        As it is noted in the manifest.
    """
    responses = list(dict.fromkeys([*measures(tried), *settings.also]))
    designs = {name: pilot for i, trial in enumerate(tried) for name, pilot in _designs(i, trial).items()}
    named = {response for trial in tried for response in trial.row.moves or ()}
    identity = {"model_version": MODEL_VERSION, "knobs": sorted(knobs)}
    facts = {"command": list(command), "replications": settings.replications}
    store, runs = run_designs(
        designs,
        dict.fromkeys(designs, settings.replications),
        [*responses, *named],
        folder,
        identity,
        backend,
        console,
        facts=facts,
    )
    screened = screen_all(store.archive, designs, runs.keys, backend)
    outcomes = tuple(outcome_of(i, trial, responses, runs, screened) for i, trial in enumerate(tried))
    store.write_table("knobs", table(outcomes))
    store.write_text("knobs.md", writing.page(outcomes, settings))
    store.write_text("moves.yaml", writing.patch(outcomes))
    done = Knobs(outcomes, store)
    printed.keep(store, lambda: done.printed)
    store.finish({"simulated": runs.simulated, "steps": runs.steps})
    return done


def measures(tried: Sequence[Trial]) -> list[Response]:
    """Return the measures that a report shows or that studies can ask for, each once."""
    reports = [trial.base.report for trial in tried if trial.base is not None]
    return [one.response for one in reports[0].measures if one.measure in DEFINITIONS] if reports else []


def _designs(number: int, trial: Trial) -> dict[str, Pilot]:
    """Return the designs of a row by the names of their runs."""
    designs = {BASE: trial.base, **trial.ends} if trial.base is not None else {}
    return {f"k{number}_{end}": pilot for end, pilot in designs.items() if pilot is not None}


def outcome_of(
    number: int, trial: Trial, responses: Sequence[Response], runs: Runs, screened: Mapping[str, Screened]
) -> Outcome:
    """Return the outcome of a row from its replications; measures from which nothing follows have no values."""
    names = {end: f"k{number}_{end}" for end in (BASE, *trial.ends)}
    failed = [DidNotRun(end, runs.failures[name]) for end, name in names.items() if name in runs.failures]
    why = Several(tuple(failed)) if failed else None

    base = trial.base
    if base is None:
        return outcome(trial, responses, runs.values, 0.95, why)  # nothing was run
    staff = {name: screened[name].overloaded_share for name in names.values() if name in screened}
    rule = Rule(runs.values, base.run, staff, runs.observations, base.mid, horizon_of(base), on_one_place(base))

    def values(end: str, response: Response) -> Floats:
        judged = judged_as(base.report, response)
        known = rule.counted(judged, names[end])
        return known if rule.why(judged, names[end]) is None else np.full(len(known), np.nan)

    return outcome(trial, responses, values, base.run.confidence, why)


def table(outcomes: Sequence[Outcome]) -> pl.DataFrame:
    """Return one row a knob, measure and end: the base's mean, the difference from it with its interval, and more."""
    rows: list[dict[str, Any]] = [
        {
            "row": one.trial.row.name, "where": one.trial.where, "measure": change.response.measure,
            "group": change.response.group, "unit": writing.unit_of(change), "direction": change.direction, "end": end,
            "value": str(one.trial.row.ends[end]), "base": change.base, "estimate": difference.estimate,
            "low": difference.low, "high": difference.high, "n": difference.n, "family_size": difference.family_size,
            "moved": difference.low > 0 or difference.high < 0,
        }
        for one in outcomes
        for change in one.changes
        for end, difference in change.ends.items()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=COLUMNS)


COLUMNS = {
    "row": pl.String, "where": pl.String, "measure": pl.String, "group": pl.String, "unit": pl.String,
    "direction": pl.String, "end": pl.String, "value": pl.String, "base": pl.Float64, "estimate": pl.Float64,
    "low": pl.Float64, "high": pl.Float64, "n": pl.Int64, "family_size": pl.Int64, "moved": pl.Boolean,
}  # fmt: skip
