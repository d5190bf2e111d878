"""Rounds of measurements: every tool once a round, each in a fresh process, in alternating order.

Ratios are taken within a round, so that a machine that grows busy slows both sides of a ratio.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sim.bench.tools import REFERENCE, TOOLS
from sim.errors import ExecutorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TIMINGS = {
    "tool": pl.String,
    "wall": pl.Float64,
    "cpu": pl.Float64,
    "kernel_wall": pl.Float64,
    "kernel_cpu": pl.Float64,
    "sampling_wall": pl.Float64,
    "building_wall": pl.Float64,
    "measuring_wall": pl.Float64,
    "replication_wall": pl.Float64,
    "steps": pl.Int64,
    "events": pl.Int64,
    "bytes_a_step": pl.Float64,
    "peak_memory_mb": pl.Float64,
}
"""The columns of a round's timings: seconds of the whole process and of its parts; null where there is no such part."""


@dataclass(frozen=True)
class Workload:
    """What is measured: its key, how people call it, and the job that every tool gets."""

    name: str
    title: str
    job: Mapping[str, Any]

    @property
    def is_district(self) -> bool:
        """Return whether it is a district's replication, which only engines of ours can do."""
        return bool(self.job["kind"] == "district")


def run_job(job: Mapping[str, Any], room: Path) -> dict[str, Any]:
    """Return what a fresh process measured, with the wall and CPU seconds of all of it.

    Parameters
    ----------
    job : mapping
        As `sim.bench.child` takes it.
    room : Path
        A temporary folder, also of the compiled kernels: only the first process there has to compile.

    Raises
    ------
    ExecutorError
        If the process failed; with the last line that it left.
    """
    places = [room / name for name in ("job", "told", "said")]
    places[0].write_text(json.dumps(job))
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(room / "kernels")}
    with places[0].open() as given, places[1].open("w") as told, places[2].open("w") as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "sim.bench.child"], stdin=given, stdout=told, stderr=said, env=environment
        )
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.send_signal(signal.SIGKILL)
            process.wait()
            raise
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        lines = places[2].read_text().strip().splitlines()
        raise ExecutorError(
            f"the measurement of {job['name']} in {job['tool']} must end well, got status {process.returncode}: "
            f"{lines[-1] if lines else 'it said nothing'}"
        )
    measured: dict[str, Any] = json.loads(places[1].read_text())
    return measured | {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime}


def measure(workload: Workload, tool: str, room: Path) -> dict[str, Any]:
    """Return the measurement of a workload in a tool; a compiled kernel is timed warm, in a process of its own."""
    job = {**workload.job, "name": workload.name, "tool": tool, "warm": False, "waits": str(room / f"{tool}.npy")}
    told = run_job(job, room)
    if TOOLS[tool].compiles and not workload.name.startswith("scale-"):
        warm = run_job({**job, "warm": True}, room)
        told |= {key: warm[key] for key in ("kernel_wall", "kernel_cpu")}
    return told


def round_of(
    workload: Workload, tools: Sequence[str], number: int, room: Path, say: Callable[[str], None]
) -> dict[str, pl.DataFrame]:
    """Return the tables of one round: `timings`, and for queueing workloads `figures`.

    Parameters
    ----------
    workload : Workload
        What is measured.
    tools : sequence of str
        In which tools; odd rounds take them in reverse.
    number : int
        Of the round, from 0.
    room : Path
        A temporary folder.
    say : callable
        Takes a line about each measurement.

    Raises
    ------
    ExecutorError
        If a process failed, or if the tools did not count the same number of events.
    """
    found: dict[str, dict[str, Any]] = {}
    for tool in tools if number % 2 == 0 else reversed(tools):
        found[tool] = measure(workload, tool, room)
        told = found[tool]
        say(f"{workload.name} round {number + 1}, {TOOLS[tool].title}: {told['wall']:.2f} s, "
            f"kernel {told['kernel_wall']:.3f} s, {told['events']:,} events")  # fmt: skip
    counted = {tool: found[tool]["events"] for tool in tools}
    if len(set(counted.values())) > 1:
        told_counts = ", ".join(f"{tool} {n:,}" for tool, n in counted.items())
        raise ExecutorError(f"{workload.name}: events must be as many in every tool, got {told_counts}")
    rows = [{key: found[tool].get(key) for key in TIMINGS} | {"tool": tool} for tool in tools]
    tables = {"timings": pl.DataFrame(rows, schema=TIMINGS)}
    if not workload.is_district:
        tables["figures"] = _figures(found, tools, room)
    return tables


def _figures(found: Mapping[str, Mapping[str, Any]], tools: Sequence[str], room: Path) -> pl.DataFrame:
    """Return the means of every tool, and how many of its waits differ from those of the first."""
    first = np.load(room / f"{tools[0]}.npy")
    rows = []
    for tool in tools:
        waits = np.load(room / f"{tool}.npy")
        differing = int((waits != first).sum())
        rows += [
            {"tool": tool, **figure, "waits": first.size, "differing": differing} for figure in found[tool]["figures"]
        ]
    return pl.DataFrame(rows)


def cold_start(workload: Workload, tool: str, room: Path) -> float:
    """Return the wall seconds of a process that has to compile, and leave the compiled kernel for the others."""
    job = {**workload.job, "name": workload.name, "tool": tool, "warm": False, "waits": str(room / "cold.npy")}
    return float(run_job(job, room)["wall"])


def rounds_due(workload: Workload, tool: str, repeats: int, long_repeats: int) -> int:
    """Return how many rounds a tool takes part in: few where one takes minutes."""
    scale = workload.name.startswith("scale-")
    return min(repeats, long_repeats) if scale or (workload.is_district and tool == REFERENCE) else repeats


def temporary_room() -> tempfile.TemporaryDirectory[str]:
    """Return a temporary folder for jobs, waits and compiled kernels."""
    return tempfile.TemporaryDirectory(prefix="wangge-bench-")
