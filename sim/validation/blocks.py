"""The tasks of a validation: blocks of replications of a case, whose estimates are kept as they finish."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.district import engines
from sim.language import gettext
from sim.memory import peak_memory_mb
from sim.store.store import Store
from sim.study.network_run import simulate
from sim.study.replications import ReplicationResult
from sim.validation.cases import Case, Form
from sim.validation.checks import CHECKS
from sim.validation.estimators import QUANTITIES
from sim.validation.outcomes import table
from sim.validation.run import record_fault, seed_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sim.study.network_run import Run

MOST_BLOCKS = {"quick": 4, "full": 32}
SCHEMA = {"number": pl.Int64, "id": pl.String, "value": pl.Float64}


@dataclass(frozen=True)
class Block:
    """Some replications of a case, or a complete check (then without a case), to be kept in a folder."""

    folder: Path
    name: str
    case: Case | None
    form: Form
    seed: int
    number: int
    first: int
    last: int

    def __str__(self) -> str:
        """Return the name of the task in messages."""
        if self.case is None:
            return self.name
        return gettext("replications {first} to {last} of {case}", first=self.first, last=self.last - 1, case=self.name)


def blocks(folder: Path, case: Case, form: Form, seed: int) -> Iterator[Block]:
    """Yield the blocks of a case."""
    n: int = getattr(case.replications, form)
    size = -(-n // MOST_BLOCKS[form])
    for number, first in enumerate(range(0, n, size)):
        yield Block(folder, case.name, case, form, seed, number, first, min(first + size, n))


def perform(block: Block) -> ReplicationResult:
    """Run a block on the compiled engine; the first one of a case is compared with the reference engine too."""
    if block.case is None:
        outcomes = CHECKS[block.name].outcomes(block.form, seed_of(block.seed, block.name))
        return ReplicationResult({"outcomes": table(outcomes)}, {"steps": 0, "peak_memory_mb": round(peak_memory_mb())})
    case, seed = block.case, seed_of(block.seed, block.name)
    rows: list[tuple[int, str, float]] = []
    steps = 0
    facts: dict[str, Any] = {}
    for replication in range(block.first, block.last):
        run = simulate(case.plan, seed, replication, engines.Compiled())
        rows += estimates(case, run, replication)
        steps += int((run.visits.arrival >= 0).sum())
        if replication == 0:
            facts["record_fault"] = record_fault(run.network, run.horizon)
    tables = {"estimates": pl.DataFrame(rows, schema=SCHEMA, orient="row")}
    return ReplicationResult(tables, facts | {"steps": steps, "peak_memory_mb": round(peak_memory_mb())})


def estimates(case: Case, run: Run, replication: int) -> Iterator[tuple[int, str, float]]:
    """Yield the estimate of each expected value of a case from one replication."""
    for expected in case.expects:
        yield replication, expected.id, float(QUANTITIES[expected.quantity](run, **expected.parameters))


def keep(block: Block, result: ReplicationResult) -> Mapping[str, Any]:
    """Keep the result of a block, and return its facts."""
    Store.open_existing(block.folder).keep(block.name, block.number, result.tables, result.facts)
    return result.facts
