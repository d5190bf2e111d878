"""A validation, from the choice of cases to what differs: run, judged, and kept in a folder."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from sim import config
from sim.config.compose import CONFIGS, Line, compose
from sim.errors import ConfigError, near
from sim.executor import chosen as executor_of
from sim.language import gettext
from sim.report.console import Progress, at_work, quiet
from sim.report.pages import Printed, page
from sim.store.archive import Archive
from sim.store.store import Store
from sim.study.folder import drawing
from sim.study.folder.printed import keep as keep_printed
from sim.study.replications import Speed
from sim.study.sharing import ELSEWHERE, run_shared
from sim.validation.blocks import Block, blocks, keep, perform
from sim.validation.cases import load_folder, load_register
from sim.validation.checks import CHECKS
from sim.validation.outcomes import NOT_COVERED, Outcome, chance, judged, scored, table
from sim.validation.sentences import FORMS, failed, first_screen, notes, outcome_table
from sim.version import MODEL_VERSION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from sim.executor import Settings
    from sim.language.worded import Worded
    from sim.report.tables import Table
    from sim.validation.cases import Case, Form, Register

REGISTER = "validation_ids.yaml"
FACE_REPLICATIONS: Mapping[Form, int] = {"quick": 2, "full": 10}


@dataclass(frozen=True)
class Chosen:
    """The cases and checks of a validation by name, and what is not covered."""

    cases: Mapping[str, Case]
    checks: tuple[str, ...]
    register: Register

    @property
    def names(self) -> list[str]:
        """Return the names of all, in the order of the register, then by name."""
        order = list(self.register.ids)
        names = [*self.cases, *self.checks]
        return sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name))


@dataclass(frozen=True)
class Validation:
    """A finished validation.

    Attributes
    ----------
    store
        The results folder.
    outcomes
        Every value beside its estimate, one a row.
    printed
        The first screen, and the tables: the outcomes, and figures measured elsewhere beside the shipped district's.
    failures
        What differs, in a paragraph; empty where nothing does.
    speed
        The cost of the replications that were run now.
    """

    store: Store
    outcomes: pl.DataFrame
    printed: Printed
    failures: str
    speed: Speed


def chosen(names: Sequence[str] = (), config_dir: Path | None = None) -> Chosen:
    """Return the cases and checks of these names, or all, checked.

    Raises
    ------
    ConfigError
        For an unknown name, or a mistake in a case.
    """
    cases = load_folder(CONFIGS / "validation")
    if config_dir:
        mine = load_folder(config_dir / "validation")
        for name in mine.keys() & cases.keys():
            raise ConfigError(f"validation/{name}.yaml must have a name of its own, got that of a shipped case")
        cases |= mine
    known = [*cases, *CHECKS]
    for name in names:
        if name not in known:
            raise ConfigError(f"cases must be names of configs/validation/{near(name, known)}, got {name}")
    wanted = set(names or known)
    return Chosen(
        {name: case for name, case in cases.items() if name in wanted},
        tuple(name for name in CHECKS if name in wanted),
        load_register(CONFIGS / REGISTER),
    )


def identity(what: Chosen, form: Form, seed: int) -> dict[str, Any]:
    """Return all that the outcomes of a validation depend on."""
    return {
        "model_version": MODEL_VERSION,
        "form": form,
        "seed": seed,
        "cases": {name: case.model_dump(mode="json") for name, case in what.cases.items()},
        "checks": list(what.checks),
    }


def validate(
    what: Chosen,
    folder: Path,
    on: Settings | str,
    *,
    form: Form = "quick",
    seed: int = 1,
    with_face: bool = True,
    console: Console | None = None,
    command: Sequence[str] = (),
) -> Validation:
    """Run what is missing of a validation, judge it, and keep tables, chart and summary in its folder.

    Parameters
    ----------
    what
        The cases and checks, as `chosen` returns them.
    folder
        The results folder. A stopped validation continues.
    on
        Where replications are run: `serial`, `local` or `dask`, or the settings of an executor.
    form
        `quick`, or `full` for standard errors below 1 % of each value.
    seed
        Of the random numbers.
    with_face
        Whether everything is covered: values that nothing covers are listed, and the shipped district is compared
        with figures measured elsewhere.
    console
        Where progress is printed; without one nothing is printed.
    command
        As it is noted in the manifest.

    Raises
    ------
    ConfigError
        The executor must be one of those.
    StoreError
        The folder must be empty or hold this very validation, and be writable.
    """
    console, executor = console or quiet(), executor_of(on)
    store = Store.open(folder, identity(what, form, seed), {"command": list(command)})
    for damage in store.repair():
        console.print(f"- {damage}", markup=False)
    speed = _simulate(what, form, seed, store, executor, console)
    outcomes = _outcomes(what, form, store, whole=with_face)
    face = None
    if with_face:
        with at_work(console, gettext("Comparing the shipped district with figures measured elsewhere ...")):
            face = _face(form, store)
    printed, failures = _written(what, form, seed, store, outcomes, face)
    store.finish({"steps": speed.steps})
    return Validation(store, outcomes, printed, failures, speed)


def _simulate(what: Chosen, form: Form, seed: int, store: Store, on: Settings, console: Console) -> Speed:
    """Run and keep the blocks that are missing, print progress, and return the cost."""
    tasks = [Block(store.folder, name, None, form, seed, 0, 0, 1) for name in what.checks]
    tasks += [block for case in what.cases.values() for block in blocks(store.folder, case, form, seed)]
    tasks = [task for task in tasks if not store.finished(task.name, task.number)]
    done: list[Mapping[str, Any]] = []
    began = time.perf_counter()
    if tasks:
        with Progress.start(console, gettext("blocks of replications"), len(tasks)) as bar:

            def on_done(task: Block, facts: Mapping[str, Any]) -> None:
                bar.advance(str(task), elsewhere=ELSEWHERE in facts)
                done.append(facts)

            run_shared(
                perform, tasks, on,
                archive=Archive.open(store.archive.folder), keep=keep, on_done=on_done,
                address=lambda task: (store.key(task.name), task.number),
                on_elsewhere=on_done, announce=bar.announce,
            )  # fmt: skip
    seconds = time.perf_counter() - began if tasks else 0.0
    return Speed(sum(f["steps"] for f in done), seconds, max((f["peak_memory_mb"] for f in done), default=0))


def _outcomes(what: Chosen, form: Form, store: Store, *, whole: bool) -> pl.DataFrame:
    """Return every value beside its estimate."""
    parts = []
    for name in what.names:
        if name in what.checks:
            parts.append(store.table("outcomes", [name]).drop("pilot", "replication"))
            continue
        case = what.cases[name]
        estimates = store.table("estimates", [name]).sort("number")
        judgements: list[Outcome] = [
            judged(case, e, estimates.filter(estimates["id"] == e.id)["value"].to_numpy(), precise=form == "full")
            for e in case.expects
        ]
        parts.append(table(judgements))
    if whole:
        rows = pl.concat(parts)
        covered = {f"{case}.{quantity}" for case, quantity in zip(rows["case"], rows["quantity"], strict=True)}
        parts.append(table(_not_covered(what.register, covered)))
    return pl.concat(parts)


def _not_covered(register: Register, covered: Collection[str]) -> Iterator[Outcome]:
    """Yield a row for every value of the register that no case or check covers, with the reason."""
    nan = float("nan")
    for value in register.all_ids:
        if value not in covered:
            case = next(name for name in register.ids if value.startswith(f"{name}."))
            reason = register.not_covered.get(case) or register.not_covered.get(value, "nothing holds it yet")
            quantity = value.removeprefix(f"{case}.")
            yield Outcome(case, "", quantity, nan, nan, nan, nan, nan, nan, 0, NOT_COVERED, reason, "")


def _face(form: Form, store: Store) -> Worded:
    """Return figures measured elsewhere beside those of the shipped district, each within its range or outside."""
    from sim.study.comparison import face_validity

    targets = face_validity.shipped_targets()
    pilots = [
        config.load(compose("main", Line(()), f"pilot={name}")) for name in dict.fromkeys(t.pilot for t in targets)
    ]
    face = face_validity.validity(pilots, targets, FACE_REPLICATIONS[form])
    store.write_table("face", face.in_english().drop("overloaded"))
    return face


def _written(
    what: Chosen, form: Form, seed: int, store: Store, outcomes: pl.DataFrame, face: Worded | None
) -> tuple[Printed, str]:
    """Write table, chart and summary; return what is to be said, and what differs."""
    from sim.study.comparison import face_tables
    from sim.validation.chart import z_chart

    faults = {
        fact["pilot"]: fact["record_fault"] for fact in store.facts(what.names) if fact.get("record_fault") is not None
    }
    spread = chance(outcomes)

    def tables() -> list[Table]:
        title = gettext("Validation, {form} form", form=gettext(FORMS[form]))
        summary = outcome_table(outcomes, title, notes(outcomes, spread, seed))
        return [summary, *([] if face is None else [face_tables.table(face.spoken())])]

    def said() -> Printed:
        screen = first_screen(outcomes, form, seed, failures, store.folder.name)
        return Printed(
            screen, tuple(page(name, one) for name, one in zip(("outcomes", "face"), tables(), strict=False))
        )

    failures = failed(outcomes, faults)
    store.write_table("outcomes", outcomes)
    text = "\n\n".join(table.to_markdown() for table in tables())
    store.write_text("summary.md", f"{text}\n" + (f"\n{failures}\n" if failures else ""))
    if len(scored(outcomes)):
        footer = f"wangge validate form={form} seed={seed}"
        drawing.keep(store, "z_scores", lambda: z_chart(outcomes, spread, footer=footer))
    return keep_printed(store, said), failures
