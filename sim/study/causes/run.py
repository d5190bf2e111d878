"""An effect explained by its causes: every mixture run, and tables, page and chart kept in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sim.errors import StoreError
from sim.measures.dictionary import DEFINITIONS
from sim.study.budget.designs import run_designs
from sim.study.causes import writing
from sim.study.causes.contributions import explained
from sim.study.causes.definition import designs, name_of
from sim.study.comparison import redraw
from sim.study.points.screening import screen_all
from sim.study.withholding import Rule, horizon_of, judged_as
from sim.version import MODEL_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from sim.arrays import Floats
    from sim.config.compose import Line
    from sim.config.report import Response
    from sim.store.store import Store
    from sim.study.backend import Backend
    from sim.study.budget.runs import Runs
    from sim.study.causes.contributions import Explained
    from sim.study.causes.definition import Causes, Sets


@dataclass(frozen=True)
class Explanation:
    """A finished explanation: its folder, and what it says, a sentence a response."""

    store: Store
    sentences: tuple[str, ...]


def explain(
    causes: Causes, line: Line, folder: Path, backend: Backend, console: Console, command: Sequence[str] = ()
) -> Explanation:
    """Run what is missing of every mixture of causes, and keep what each cause contributes in a folder.

    Parameters
    ----------
    causes
        As they were read.
    line
        Knobs of all mixtures alike.
    folder
        The results folder; the archive lies beside it. A stopped run continues.
    backend
        The engine and the executor.
    console
        Where progress is printed.
    command
        As it is noted in the manifest.

    Raises
    ------
    StoreError
        No replication may fail: a contribution needs every mixture.
    """
    from sim.charts import contributions, render

    sets = designs(causes, line)
    names = {at_work: name_of(causes, at_work) for at_work in sets}
    pilots = {names[at_work]: pilot for at_work, pilot in sets.items()}
    identity = {
        "model_version": MODEL_VERSION, "knobs": sorted(line.overrides),
        "causes": causes.model_dump(mode="json", exclude={"replications", "responses", "title"}),
    }  # fmt: skip
    facts = {"command": list(command), "replications": causes.replications}
    store, runs = run_designs(
        pilots, causes.replications, causes.responses, folder, identity, backend, console, facts=facts
    )
    for name, why in runs.failures.items():
        raise StoreError(f"Every mixture must run, but {name} did not: {why}. Correct the cause and run it again.")

    base = pilots[names[frozenset(range(len(causes.causes)))]]
    screened = screen_all(store.archive, pilots, runs.keys, backend)
    staff = {name: one.overloaded_share for name, one in screened.items()}
    rule = Rule(runs.values, base.run, staff, runs.observations, base.mid, horizon_of(base))

    def values(response: Response, at_work: frozenset[int]) -> Floats:
        judged = judged_as(base.report, response)
        known, withheld = rule.counted(judged, names[at_work])[: causes.replications], rule.why(judged, names[at_work])
        return known if withheld is None else np.full(len(known), np.nan)

    results = explained(values, causes.responses, len(causes.causes), base.run.confidence)
    words = {response: base.report.words(response) for response in causes.responses}
    shares = table(causes, results, words)
    store.write_table("contributions", shares)
    store.write_table("mixtures", mixtures(causes, sets, runs))
    sentences = tuple(writing.sentence(causes, one, words[one.response]) for one in results)
    store.write_text("explained.md", writing.page(causes, results, words, sentences))
    title = writing.seen(causes, results, words)
    for kind in redraw.FORMATS:
        figure = contributions(shares, title, writing.HOW, redraw.footer([base]))
        store.write_bytes(f"charts/explained.{kind}", render(figure, kind))
    store.finish({"simulated": runs.simulated, "steps": runs.steps})
    return Explanation(store, sentences)


def table(causes: Causes, results: Sequence[Explained], words: dict[Response, str]) -> pl.DataFrame:
    """Return a row a response and cause: the contribution with its interval, and the effects of the cause alone."""
    rows: list[dict[str, Any]] = [
        {
            "measure": one.response.measure, "group": one.response.group, "response": words[one.response],
            "unit": unit_of(one.response), "without": one.without, "with_all": one.with_all, "cause": name,
            "label": cause.label, "estimate": share.estimate, "low": share.low, "high": share.high, "n": share.n,
            "family_size": share.family_size, "confirmed": one.confirmed[i], "first": one.first[i], "last": one.last[i],
        }
        for one in results
        for i, ((name, cause), share) in enumerate(zip(causes.causes.items(), one.shares, strict=True))
    ]  # fmt: skip
    return pl.DataFrame(rows)


def mixtures(causes: Causes, sets: Sets, runs: Runs) -> pl.DataFrame:
    """Return a row a mixture and response: which causes are at work, and the mean over the replications."""
    rows = [
        {
            "mixture": name_of(causes, at_work), "n_causes": len(at_work), "measure": response.measure,
            "group": response.group, "mean": float(runs.values(name_of(causes, at_work), response).mean()),
        }
        for at_work in sets
        for response in causes.responses
    ]  # fmt: skip
    return pl.DataFrame(rows)


def unit_of(response: Response) -> str:
    """Return the unit of a response, empty for a measure that the dictionary does not know."""
    return DEFINITIONS.get(response.measure, ("", ""))[0]
