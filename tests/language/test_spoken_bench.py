"""A benchmark speaks the language that is spoken; names of tools, keys of workloads and tables of numbers stay."""

import polars as pl
import pytest
from setups.commands import wangge
from setups.district import TINY
from setups.figures import assert_legible
from setups.figures import words as of_figure
from setups.pseudo import pseudo, uncatalogued

from sim import config
from sim.bench import machine, measurement, speeds, summary, tools, words, workloads
from sim.bench import plan as bench
from sim.charts import fonts
from sim.config.compose import Line, compose
from sim.language import speaking
from sim.study.folder import drawing

NAMES = ("SimPy", "Ciw", "salabim", "wangge", "simpy", "ciw", "numba", "CPU", "Linux", "CPython", "Processor")
MACHINE = {"cpu": "Processor", "cores": 2, "system": "Linux", "python": "CPython 3", "simpy": "4", "numba": "0"}
LINE = ("bench", "requests=1000", "tools=[simpy,reference]", "name=mine", "workloads=[p2]")
OF_COMMAND = (*NAMES, "mine", "results", "summary.md", "speeds.csv", "charts", "svg", "CSV", "MB", "wangge show",
              "figures", "speeds", "timings", "p2_means", "CPU")  # fmt: skip


@pytest.fixture(scope="module")
def plan():
    """Return all workloads that ship in all tools, of which one is left out."""
    shipped = config.checked(bench.Bench, compose("bench", Line(())))
    small = {"yuehu": (*TINY,)}
    asked = shipped.model_copy(update={"districts": small, "scale": dict.fromkeys(shipped.scale, (*TINY,))})
    made = bench.planned(asked)
    return bench.Plan(asked, made.tools, {"salabim": ("salabim", "greenlet"), "ciw": ("ciw",)}, made.workloads)


def rows(plan, *, slow_start):
    """Return made-up timings of every workload and tool over two rounds."""
    every = []
    for w in plan.workloads:
        engines = ("reference", "compiled") if w.kind != "queue" else tuple(tools.TOOLS)
        for tool in engines if w.kind != "scale" else engines[-1:]:
            seconds = {"compiled": 9.0 if slow_start else 1.0}.get(tool, 3.0)
            every += [
                {"pilot": w.name, "replication": n, "tool": tool, "wall": seconds, "cpu": seconds, "kernel_wall": 0.5,
                 "kernel_cpu": seconds / 20, "replication_wall": 0.6 if w.kind == "district" else None,
                 "steps": 1000, "events": 2000, "bytes_a_step": 100.0, "peak_memory_mb": 99.0}
                for n in range(1 if (w.kind, tool) == ("district", "reference") else 2)
            ]  # fmt: skip
    return pl.DataFrame(every, schema={"pilot": pl.String, "replication": pl.Int64, **measurement.TIMINGS})


def figures():
    """Return made-up means of the queueing workloads in two tools."""
    same = {"replication": 0, "mean": 2.0, "standard_error": 0.1, "waits": 1000, "differing": 4}
    return pl.DataFrame(
        [{"pilot": workload, "tool": tool, "name": name, "expected": value, **same}
         for workload, expected in workloads.EXPECTED.items() for tool in ("simpy", "compiled")
         for name, value in expected.items()]
    )  # fmt: skip


def all_said(plan, *, slow_start=False):
    """Return all that a benchmark has to say, and its chart."""
    timings = rows(plan, slow_start=slow_start)
    medians = speeds.speeds(timings)
    tables = summary.tables(plan, timings, medians, figures()).values()
    screen = summary.screen(plan, medians, MACHINE, "mine")
    figure = summary.chart(plan, medians, MACHINE)
    return "\n".join([*(table.to_text() for table in tables), str(screen), of_figure(figure)]), figure


@pytest.mark.parametrize("language", ["zh", pseudo()])
@pytest.mark.parametrize("slow_start", [False, True])
def test_no_word_of_a_benchmark_is_uncatalogued(plan, language, slow_start):
    with speaking(language):
        text, _ = all_said(plan, slow_start=slow_start)
    assert text.count("\n") > 80
    assert uncatalogued(text, *OF_COMMAND, "greenlet") == []


def test_a_message_of_a_benchmark_that_is_not_in_the_catalogue_is_noticed(plan):
    with speaking(pseudo("sojourn", "kernel")):
        assert uncatalogued(all_said(plan)[0], *OF_COMMAND, "greenlet") == ["kernel", "sojourn"]


@pytest.mark.skipif(fonts.chinese() is None, reason="no font of this machine has Chinese letters")
def test_its_chart_in_chinese_is_legible(plan):
    with speaking("zh"):
        text, figure = all_said(plan)
        assert_legible(figure)
    assert "编译引擎的速度是SimPy的3.0倍，全程为3.0倍" in text.replace("\n", "")
    assert "月湖区：四级管理（现状），" in text


def test_what_is_compared_has_words_but_for_names():
    assert {name for expected in workloads.EXPECTED.values() for name in expected} == set(words.FIGURES)
    assert {tool.title for tool in tools.TOOLS.values() if not tool.title.isalpha()} == set(words.TOOL_TITLES)
    assert set(speeds.PHASES) == set(words.PHASES)


def test_the_command_speaks_as_asked_and_keeps_both_languages(tmp_path, monkeypatch):
    drawn = []
    with monkeypatch.context() as patch, speaking(pseudo()):
        patch.setattr(drawing, "keep", lambda _, __, chart: drawn.append(of_figure(chart())))
        first = wangge(tmp_path, *LINE, "repeats=1")
    assert (first.returncode, first.stderr) == (0, "")
    results = tmp_path / "results/mine"
    facts = " ".join(map(str, machine.facts().values())).split()

    def left(*texts):
        return [word for word in uncatalogued("\n".join(texts), *OF_COMMAND) if word not in " ".join(facts)]

    assert left(first.stdout, *drawn, (results / "summary.md").read_text("utf-8")) == []
    before = (results / "timings.csv").read_bytes()
    with speaking("zh"):
        again = wangge(tmp_path, *LINE, "repeats=1")
        shown = [wangge(tmp_path, "show", "mine", *page).stdout for page in ((), ("p2",), ("p2_means",))]
    assert left(again.stdout, *shown, (results / "summary.md").read_text("utf-8")) == []
    assert "每个工具2,000个事件（到达和结束）" in shown[1]
    svg = (results / "charts/speeds.svg").read_text("utf-8")
    assert ("内核：仅仿真本身" in svg) == (fonts.chinese() is not None)
    assert (results / "timings.csv").read_bytes() == before
    english = wangge(tmp_path, "show", "mine", "lang=en").stdout
    assert english.startswith("The same workloads, timed in fresh processes on this machine: P2.\n")
