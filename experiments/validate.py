"""`wangge validate`: the engines and measures held to queueing theory and to published models, on this machine."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from sim import MODEL_VERSION, config
from sim.config import Section
from sim.config.compose import CONFIGS, HOW, compose, parse
from sim.errors import ConfigError, near
from sim.study.backend import how
from sim.validation.cases import Case, Form, Register

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import polars as pl
    from rich.console import Console

    from sim.config.compose import Line
    from sim.executor import Settings
    from sim.report.tables import Table
    from sim.store.store import Store
    from sim.study.replications import Speed
    from sim.validation.outcomes import Outcome

REGISTER = "validation_ids.yaml"
SHIPPED_SEED = 1
FACE_REPLICATIONS: Mapping[Form, int] = {"quick": 2, "full": 10}

HELP = """\
wangge validate [form=quick|full] [cases=[NAME,...]] [name=FOLDER] [executor=serial|local|dask] [workers=N] [seed=N]

Holds the program to what is known: closed forms of queueing theory, published simulation models, and traces worked
by hand. Every case is a queueing network in configs/validation/ with the values that it must give and their sources.
Random ones must come within 4 standard errors (in the quick form a few more: it has few replications), traces must be
the same, and both engines must give the same record.
If anything differs, it is said in a paragraph and the exit status is 1. Measured figures from elsewhere stand below,
beside those of the shipped district, each within or outside its range.

  form=full                     enough replications for standard errors below 1 % of each value: takes long
  cases=[mm1_ciw,n_model]       some cases only
  name=mine                     results/mine; by default results/validate-quick or validate-full (a part: and a hash)
  seed=2                        other random numbers
  --config-dir DIR              also cases of your own, in DIR/validation/
  --cfg job                     print the resolved config and stop

The same command goes on where it was stopped.
"""


class Validate(Section):
    """The settings of the command."""

    form: Form
    cases: tuple[str, ...]
    seed: Annotated[int, Field(ge=0)]
    name: Annotated[str, Field(min_length=1, max_length=60)] | None


@dataclass(frozen=True)
class Chosen:
    """What is validated: cases by name, checks by name, and what is not covered."""

    cases: Mapping[str, Case]
    checks: tuple[str, ...]
    register: Register

    @property
    def names(self) -> list[str]:
        """Return the names of all, in the order of the register, then by name."""
        order = list(self.register.ids)
        names = [*self.cases, *self.checks]
        return sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name))


def main(arguments: list[str]) -> None:
    """Run the command.

    Raises
    ------
    SystemExit
        With status 1 if anything differs.
    """
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    line = parse(arguments)
    where, rest = line.take(*HOW)
    settings = config.checked(Validate, compose("validate", rest))
    means = how(where)
    if line.show:
        from omegaconf import OmegaConf

        shown = {**settings.model_dump(mode="json"), "executor": means.executor.model_dump()}
        print(OmegaConf.to_yaml(OmegaConf.create(shown)))  # noqa: T201
        return
    failures = _validate(settings, chosen(settings.cases, line), means.executor, arguments)
    if failures:
        print(f"wangge: {failures}", file=sys.stderr)  # noqa: T201
        sys.exit(1)


def chosen(names: Sequence[str], line: Line) -> Chosen:
    """Return the cases and checks of these names, or all, checked.

    Raises
    ------
    ConfigError
        For an unknown name, or a mistake in a case.
    """
    from sim.validation.cases import load_folder, load_register
    from sim.validation.checks import CHECKS

    cases = load_folder(CONFIGS / "validation")
    if line.config_dir:
        mine = load_folder(line.config_dir / "validation")
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


def _validate(settings: Validate, what: Chosen, on: Settings, arguments: Sequence[str]) -> str:
    """Run what is missing, tell what came out, and return what differs in a paragraph (empty: nothing)."""
    from sim.report.console import terminal
    from sim.store.files import plain_name
    from sim.store.store import Store
    from sim.study.comparison.write import cost

    identity = {
        "model_version": MODEL_VERSION,
        "form": settings.form,
        "seed": settings.seed,
        "cases": {name: case.model_dump(mode="json") for name, case in what.cases.items()},
        "checks": list(what.checks),
    }
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    plain = not settings.cases and settings.seed == SHIPPED_SEED
    usual = f"validate-{settings.form}" + ("" if plain else f"-{digest[:8]}")
    name = plain_name("name", settings.name or usual)
    console = terminal()
    store = Store.open(Path("results") / name, identity, {"command": ["wangge", "validate", *arguments]})
    for damage in store.repair():
        console.print(f"- {damage}", markup=False)
    speed = _simulate(settings, what, store, on, console)
    outcomes = _outcomes(settings, what, store)
    failures = _told(settings, what, store, outcomes, console, () if settings.cases else (_face(settings, store),))
    console.print(f"- {cost(speed)}", markup=False)
    store.finish({"steps": speed.steps})
    console.print(f"Kept in results/{name}/ (summary.md, outcomes.csv, charts/z_scores.png)", markup=False)
    return failures


def _simulate(settings: Validate, what: Chosen, store: Store, on: Settings, console: Console) -> Speed:
    """Run and keep the blocks that are missing behind a progress bar, and return what they cost."""
    from rich.progress import Progress

    from sim.executor import run_tasks
    from sim.study.replications import Speed
    from sim.validation.blocks import Block, blocks, keep, perform

    form, seed = settings.form, settings.seed
    tasks = [Block(store.folder, name, None, form, seed, 0, 0, 1) for name in what.checks]
    tasks += [block for case in what.cases.values() for block in blocks(store.folder, case, form, seed)]
    tasks = [task for task in tasks if not store.finished(task.name, task.number)]
    done: list[Mapping[str, Any]] = []
    began = time.perf_counter()
    if tasks:
        with Progress(console=console, disable=not console.is_terminal) as bar:
            job = bar.add_task("replications", total=sum(task.last - task.first for task in tasks))

            def on_done(task: Block, facts: Mapping[str, Any]) -> None:
                bar.advance(job, task.last - task.first)
                done.append(facts)

            run_tasks(perform, tasks, on, keep=keep, on_done=on_done)
    seconds = time.perf_counter() - began if tasks else 0.0
    return Speed(sum(f["steps"] for f in done), seconds, max((f["peak_memory_mb"] for f in done), default=0))


def _outcomes(settings: Validate, what: Chosen, store: Store) -> pl.DataFrame:
    """Return every value beside its estimate."""
    import polars as pl

    from sim.validation.outcomes import judged, table

    parts = []
    for name in what.names:
        if name in what.checks:
            parts.append(store.table("outcomes", [name]).drop("pilot", "replication"))
            continue
        case = what.cases[name]
        found = store.table("estimates", [name]).sort("number")
        judgements: list[Outcome] = [
            judged(case, e, found.filter(found["id"] == e.id)["value"].to_numpy(), precise=settings.form == "full")
            for e in case.expects
        ]
        parts.append(table(judgements))
    if not settings.cases:
        told = pl.concat(parts)
        covered = {f"{case}.{quantity}" for case, quantity in zip(told["case"], told["quantity"], strict=True)}
        parts.append(table(_not_covered(what.register, covered)))
    return pl.concat(parts)


def _not_covered(register: Register, covered: Collection[str]) -> Iterator[Outcome]:
    """Yield a row for every value of the register that no case or check covers, with the reason."""
    from sim.validation.outcomes import NOT_COVERED, Outcome

    nan = float("nan")
    for value in register.all_ids:
        if value not in covered:
            case = next(name for name in register.ids if value.startswith(f"{name}."))
            reason = register.not_covered.get(case) or register.not_covered.get(value, "nothing holds it yet")
            quantity = value.removeprefix(f"{case}.")
            yield Outcome(case, "", quantity, nan, nan, nan, nan, nan, nan, 0, NOT_COVERED, reason, "")


def _face(settings: Validate, store: Store) -> Table:
    """Return figures measured elsewhere beside those of the shipped district, each within its range or outside."""
    from sim.config.compose import Line, compose
    from sim.study.comparison import face_validity
    from sim.study.comparison.write import face_targets

    targets = face_targets()
    pilots = [
        config.load(compose("main", Line(()), f"pilot={name}")) for name in dict.fromkeys(t.pilot for t in targets)
    ]
    found = face_validity.validity(pilots, targets, FACE_REPLICATIONS[settings.form])
    store.write_table("face", found)
    return face_validity.table(found)


def _told(
    settings: Validate, what: Chosen, store: Store, outcomes: pl.DataFrame, console: Console, more: Sequence[Table]
) -> str:
    """Write and print table, chart and summary, and return what differs."""
    from sim.charts import render
    from sim.validation.chart import z_chart
    from sim.validation.outcomes import chance, scored
    from sim.validation.sentences import failed, notes, outcome_table

    apart = {
        fact["pilot"]: fact["engines_differ_in"]
        for fact in store.facts(what.names)
        if fact.get("engines_differ_in") is not None
    }
    spread = chance(outcomes)
    told = outcome_table(outcomes, f"Validation, {settings.form} form", notes(outcomes, spread, settings.seed))
    failures = failed(outcomes, apart)
    store.write_table("outcomes", outcomes)
    text = "\n\n".join(table.to_markdown() for table in (told, *more))
    store.write_text("summary.md", f"{text}\n" + (f"\n{failures}\n" if failures else ""))
    if len(scored(outcomes)):
        figure = z_chart(outcomes, spread, footer=f"wangge validate form={settings.form} seed={settings.seed}")
        for kind in ("png", "svg"):
            store.write_bytes(f"charts/z_scores.{kind}", render(figure, kind))
    for table in (told, *more):
        console.print(table)
    return failures


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("validate", sys.argv[1:]))
