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
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from sim.bench.tools import REFERENCE, TOOLS
from sim.bench.words import title_of
from sim.errors import ExecutorError
from sim.imports import HOME
from sim.language import gettext

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
"""The columns of a round's timings: seconds of the full process and of its parts; null where there is no such part."""


@dataclass(frozen=True)
class Workload:
    """What is measured.

    Attributes
    ----------
    name
        Its key.
    kind
        `queue`: any tool can do it. `district`: a district's replication, which only engines of ours can do. `scale`:
        one of many sizes of a district, by the quickest engine alone.
    label
        Returns a few words, for tables, in the language that is spoken.
    title
        Returns its words in full.
    job
        What every tool gets.
    """

    name: str
    kind: Literal["queue", "district", "scale"]
    label: Callable[[], str]
    title: Callable[[], str]
    job: Mapping[str, Any]


def run_job(job: Mapping[str, Any], scratch: Path) -> dict[str, Any]:
    """Return what a fresh process measured, with the wall and CPU seconds of all of it.

    Parameters
    ----------
    job : mapping
        As `sim.bench.child` takes it.
    scratch : Path
        A temporary folder, also for the compiled kernels: only the first process there has to compile.

    Raises
    ------
    ExecutorError
        If the process failed; with the last line that it left.
    """
    paths = [scratch / name for name in ("job", "stdout", "stderr")]
    paths[0].write_text(json.dumps(job))
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(scratch / "kernels"), "PYTHONSAFEPATH": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(HOME.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    with paths[0].open() as given, paths[1].open("w") as out, paths[2].open("w") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "sim.bench.child"], stdin=given, stdout=out, stderr=errors, env=environment
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
        lines = paths[2].read_text().strip().splitlines()
        raise ExecutorError(
            f"the measurement of {job['name']} in {job['tool']} must end well, got status {process.returncode}: "
            f"{lines[-1] if lines else 'it printed nothing'}"
        )
    measured: dict[str, Any] = json.loads(paths[1].read_text())
    return measured | {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime}


def measure(workload: Workload, tool: str, scratch: Path) -> dict[str, Any]:
    """Return the measurement of a workload in a tool; a compiled kernel is timed warm, in a process of its own."""
    job = {**workload.job, "name": workload.name, "tool": tool, "warm": False, "waits": str(scratch / f"{tool}.npy")}
    measured = run_job(job, scratch)
    if TOOLS[tool].compiles and workload.kind != "scale":
        warm = run_job({**job, "warm": True}, scratch)
        measured |= {key: warm[key] for key in ("kernel_wall", "kernel_cpu")}
    return measured


def round_of(
    workload: Workload, tools: Sequence[str], number: int, scratch: Path, say: Callable[[str], None]
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
    scratch : Path
        A temporary folder.
    say : callable
        Takes a line about each measurement.

    Raises
    ------
    ExecutorError
        If a process failed, or if the tools did not count the same number of events.
    """
    measured: dict[str, dict[str, Any]] = {}
    for tool in tools if number % 2 == 0 else reversed(tools):
        measured[tool] = one = measure(workload, tool, scratch)
        said = gettext(
            "{workload} round {number}, {tool}: {seconds:.2f} s, kernel {kernel:.3f} s, {events:,} events",
            workload=workload.name, number=number + 1, tool=title_of(tool), seconds=one["wall"],
            kernel=one["kernel_wall"], events=one["events"],
        )  # fmt: skip
        say(said)
    counted = {tool: measured[tool]["events"] for tool in tools}
    if len(set(counted.values())) > 1:
        counts = ", ".join(f"{tool} {n:,}" for tool, n in counted.items())
        raise ExecutorError(f"{workload.name}: the number of events must be the same in every tool, got {counts}")
    rows = [{key: measured[tool].get(key) for key in TIMINGS} | {"tool": tool} for tool in tools]
    tables = {"timings": pl.DataFrame(rows, schema=TIMINGS)}
    if workload.kind == "queue":
        tables["figures"] = _figures(measured, tools, scratch)
    return tables


def _figures(measured: Mapping[str, Mapping[str, Any]], tools: Sequence[str], scratch: Path) -> pl.DataFrame:
    """Return the means of every tool, and how many of its waits differ from those of the first."""
    first = np.load(scratch / f"{tools[0]}.npy")
    rows = []
    for tool in tools:
        waits = np.load(scratch / f"{tool}.npy")
        differing = int((waits != first).sum())
        rows += [
            {"tool": tool, **figure, "waits": first.size, "differing": differing}
            for figure in measured[tool]["figures"]
        ]
    return pl.DataFrame(rows)


def cold_start(workload: Workload, tool: str, scratch: Path) -> float:
    """Return the wall seconds of a process that has to compile; the compiled kernel stays for the others."""
    job = {**workload.job, "name": workload.name, "tool": tool, "warm": False, "waits": str(scratch / "cold.npy")}
    return float(run_job(job, scratch)["wall"])


def rounds_due(workload: Workload, tool: str, repeats: int, long_repeats: int) -> int:
    """Return the number of rounds of a tool: few where one takes minutes."""
    is_long = workload.kind == "scale" or (workload.kind == "district" and tool == REFERENCE)
    return min(repeats, long_repeats) if is_long else repeats


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a temporary folder for jobs, waits and compiled kernels."""
    return tempfile.TemporaryDirectory(prefix="wangge-bench-")
