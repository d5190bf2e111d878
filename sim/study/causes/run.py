"""An effect explained by its causes: every mixture run, and tables, page and chart kept in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sim.errors import StoreError
from sim.language import ENGLISH, phrase, speaking
from sim.measures.dictionary import DEFINITIONS
from sim.report.pages import Page, Printed
from sim.report.screen import Screen, where
from sim.statistics.verdicts import Cause
from sim.study.budget.designs import run_designs
from sim.study.causes import writing
from sim.study.causes.contributions import explained
from sim.study.causes.definition import designs, lengthened, name_of
from sim.study.causes.writing import Weeks
from sim.study.comparison import redraw
from sim.study.folder import drawing, printed
from sim.study.points.screening import screen_all
from sim.study.withholding import OVERLOAD, Rule, horizon_of, judged_as, on_one_place
from sim.version import MODEL_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure
    from rich.console import Console

    from sim.arrays import Floats
    from sim.config.compose import Line
    from sim.config.report import Report, Response
    from sim.store.store import Store
    from sim.study.backend import Backend
    from sim.study.budget.runs import Runs
    from sim.study.causes.contributions import Explained
    from sim.study.causes.definition import Causes, Sets
    from sim.study.withholding import Withheld


LONGER = ", longer"
"""What the name of a mixture ends with where it is run over more weeks."""


@dataclass(frozen=True)
class _Span:
    """Every mixture over one span of weeks, and the rule that says what follows from its values.

    Where `growing`, values that grow with the span because staff cannot keep up are taken as those of its weeks, and
    what is still open at their end is told beside the contributions.
    """

    names: Mapping[frozenset[int], str]
    report: Report
    rule: Rule
    growing: bool

    def values(self, response: Response, at_work: frozenset[int]) -> Floats:
        """Return a response of a mixture (shape (replications,)); all NaN where nothing follows from it."""
        judged = judged_as(self.report, response)
        known, withheld = self.rule.counted(judged, self.names[at_work]), self._why(response, at_work)
        taken = withheld is None or (self.growing and withheld.cause in (*OVERLOAD, Cause.STILL_OPEN))
        return known if taken else np.full(len(known), np.nan)

    def open_bound(self, response: Response) -> float:
        """Return by how much what is still open can move the mean of a response, in the mixture where that is most."""
        return self.rule.open_bound(judged_as(self.report, response), *self.names.values())

    def overloaded(self, responses: Iterable[Response]) -> int:
        """Return in how many mixtures staff cannot keep up, so that one of the responses depends on the span."""
        return sum(any(self._grows(response, one) for response in responses) for one in self.names)

    def _grows(self, response: Response, at_work: frozenset[int]) -> bool:
        """Return whether staff of a mixture cannot keep up with what a response depends on."""
        withheld = self._why(response, at_work)
        return withheld is not None and withheld.cause in OVERLOAD

    def _why(self, response: Response, at_work: frozenset[int]) -> Withheld | None:
        """Return why nothing would follow from a response of a mixture in a comparison."""
        return self.rule.why(judged_as(self.report, response), self.names[at_work])


@dataclass(frozen=True)
class Explanation:
    """A finished explanation.

    Attributes
    ----------
    store
        The results folder.
    sentences
        What it says, one a response.
    chart
        Draws its chart, in the language that is spoken then.
    """

    store: Store
    sentences: tuple[str, ...]
    chart: Callable[[], Figure]


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
    from sim.charts import contributions

    sets = designs(causes, line)
    names = {at_work: name_of(causes, at_work) for at_work in sets}
    pilots = {names[at_work]: pilot for at_work, pilot in sets.items()}
    over = causes.longer
    longer = {} if over is None else {f"{name}{LONGER}": lengthened(one, over.times) for name, one in pilots.items()}
    wanted = dict.fromkeys(pilots, causes.replications) | dict.fromkeys(longer, over.replications if over else 0)
    identity = {
        "model_version": MODEL_VERSION, "knobs": sorted(line.overrides),
        "causes": causes.model_dump(mode="json", exclude={"replications", "longer", "responses", "title"}),
    }  # fmt: skip
    facts = {"command": list(command), "replications": causes.replications}
    store, runs = run_designs(
        pilots | longer, wanted, causes.responses, folder, identity, backend, console, facts=facts
    )
    for name, why in runs.failures.items():
        raise StoreError(f"Every mixture must run, but {name} did not: {why}. Correct the cause and run it again.")

    screened = screen_all(store.archive, runs.pilots, runs.keys, backend)
    staff = {name: one.overloaded_share for name, one in screened.items()}

    def span(end: str) -> _Span:
        base = runs.pilots[f"{whole}{end}"]
        rule = Rule(runs.values, base.run, staff, runs.observations, base.mid, horizon_of(base), on_one_place(base))
        return _Span({one: f"{name}{end}" for one, name in names.items()}, base.report, rule, growing=bool(longer))

    whole = names[frozenset(range(len(causes.causes)))]
    base, short = pilots[whole], span("")
    results = explained(
        short.values, causes.responses, len(causes.causes), base.run.confidence,
        span(LONGER).values if longer else None, short.open_bound,
    )  # fmt: skip
    weeks = Weeks(base.run.warm_up_weeks, base.run.measured_weeks, over, short.overloaded(causes.responses))
    found = _Found(causes, results, weeks, base.report)
    with speaking(ENGLISH):
        store.write_table("contributions", found.table())
    store.write_table("mixtures", mixtures(causes, sets, runs))
    sure = base.run.confidence
    store.write_text("explained.md", writing.page(causes, results, found.words, found.sentences, weeks, sure))

    def chart() -> Figure:
        seen = writing.seen(causes, results, found.words)
        as_run = base.model_copy(update={"run": base.run.model_copy(update={"replications": causes.replications})})
        return contributions(found.table(), seen, writing.how(sure), redraw.footer([as_run]))

    drawing.keep(store, "explained", chart)
    printed.keep(store, lambda: found.printed(store.folder.name))
    store.finish({"simulated": runs.simulated, "steps": runs.steps})
    return Explanation(store, found.sentences, chart)


@dataclass(frozen=True)
class _Found:
    """What each cause was found to contribute, to be said in any language."""

    causes: Causes
    results: Sequence[Explained]
    weeks: Weeks
    report: Report

    @property
    def words(self) -> dict[Response, str]:
        """Return the responses in words."""
        return {response: self.report.words(response) for response in self.causes.responses}

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return a sentence a response."""
        words = self.words
        return tuple(writing.sentence(self.causes, one, words[one.response], self.weeks) for one in self.results)

    def table(self) -> pl.DataFrame:
        """Return a row a response and cause."""
        return table(self.causes, self.results, self.words)

    def printed(self, name: str) -> Printed:
        """Return what is to be said in a folder of this name."""
        title = phrase(self.causes.title)
        screen = Screen(title, self.sentences, where=where(name, "explained.md", 1))
        return Printed(screen, (Page("contributions", title, paragraphs=self.sentences),))


def table(causes: Causes, results: Sequence[Explained], words: dict[Response, str]) -> pl.DataFrame:
    """Return a row a response and cause: the contribution with its interval, and the effects of the cause alone."""
    rows: list[dict[str, Any]] = [
        {
            "measure": one.response.measure, "group": one.response.group, "response": words[one.response],
            "unit": unit_of(one.response), "without": one.without, "with_all": one.with_all, "cause": name,
            "label": phrase(cause.label), "estimate": share.estimate, "low": share.low, "high": share.high,
            "n": share.n, "family_size": share.family_size, "confirmed": one.confirmed[i],
            "first": one.first[i], "last": one.last[i],
            "longer": float(one.longer[i].mean()) if one.longer.size else None, "open_bound": one.open_bound,
        }
        for one in results
        for i, ((name, cause), share) in enumerate(zip(causes.causes.items(), one.shares, strict=True))
    ]  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"longer": pl.Float64})


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
