"""One measurement in a process of its own: a job comes in as JSON, the measurement goes out as JSON.

Only the run is timed as kernel. The clocks of the full process are read by the parent.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.memory import peak_memory_mb

if TYPE_CHECKING:
    from collections.abc import Callable

WARM_RUNS = 3
"""Timed runs of a compiled kernel after its warm-up run; the median counts."""


def main() -> None:
    """Do the job on standard input."""
    job = json.load(sys.stdin)
    measured = (_district if job["kind"] == "district" else _workload)(job)
    measured["peak_memory_mb"] = peak_memory_mb()
    json.dump(measured, sys.stdout)


def timed(run: Callable[[], Any], *, warm: bool) -> dict[str, float]:
    """Return wall and CPU seconds of a run; warm: the median of a few after one that does not count."""
    runs = WARM_RUNS if warm else 1
    if warm:
        run()
    wall, cpu = [], []
    for _ in range(runs):
        began, busy = time.perf_counter(), time.process_time()
        run()
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - busy)
    return {"kernel_wall": statistics.median(wall), "kernel_cpu": statistics.median(cpu)}


def _workload(job: dict[str, Any]) -> dict[str, Any]:
    """Run a queueing workload in a tool."""
    from sim.bench import tools, workloads

    began = time.perf_counter()
    inputs = workloads.draw(job["workload"], job["requests"], job["seed"])
    drawn = time.perf_counter()
    program = tools.program(job["tool"], inputs)
    built = time.perf_counter()
    measured: dict[str, Any] = {"sampling_wall": drawn - began, "building_wall": built - drawn}
    measured |= timed(program.run, warm=job["warm"])
    record = program.record()
    steps = int((record.end >= 0).sum())
    measured |= {"steps": steps, "events": record.events}
    measured["figures"] = [asdict(figure) for figure in workloads.figures(inputs, record)]
    np.save(job["waits"], record.wait)
    if program.nbytes is not None:
        measured["bytes_a_step"] = program.nbytes() / steps
    return measured


def _district(job: dict[str, Any]) -> dict[str, Any]:
    """Run a replication of a district on an engine: from sampling to measures, or the kernel alone."""
    from sim import config
    from sim.bench.with_engine import engine, nbytes
    from sim.district import engines
    from sim.study import replication

    pilot = config.load(job["config"])
    if not job["warm"]:
        began, cost = time.perf_counter(), replication.Cost()
        for number in range(pilot.district.copies):
            settings = engines.chosen({"kind": job["tool"]})
            plan = replication.prepare(pilot, 0, number, replication.block_weeks(settings))
            replication.measure(plan, settings, cost)
        return {
            "replication_wall": time.perf_counter() - began, "kernel_wall": cost.seconds_engine,
            "kernel_cpu": cost.cpu_engine, "steps": cost.steps, "events": cost.events,
            "bytes_a_step": cost.nbytes / cost.steps,
        }  # fmt: skip
    run = engine(job["tool"])
    began = time.perf_counter()
    plan = replication.prepare(pilot, 0)
    case = plan.complete()
    measured: dict[str, Any] = {"building_wall": time.perf_counter() - began}
    done: list[Any] = []

    def keep() -> None:
        done[:] = [run(case.network, case.horizon)]

    measured |= timed(keep, warm=job["warm"])
    visits, spells = done[-1]
    measured["steps"] = int((visits.arrival >= 0).sum())
    measured["events"] = measured["steps"] + int((visits.end >= 0).sum())
    measured["bytes_a_step"] = nbytes(case.network, case.labels, visits, spells) / measured["steps"]
    return measured


if __name__ == "__main__":
    main()
