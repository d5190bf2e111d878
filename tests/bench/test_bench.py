import json

import numpy as np
import polars as pl
import pytest
from setups.commands import wangge
from setups.district import TINY

from sim import config
from sim.bench import chart, machine, measurement, speeds, tools, with_engine, workloads
from sim.bench import plan as bench
from sim.charts import render
from sim.config.compose import Line, compose
from sim.errors import ConfigError, ExecutorError

REQUESTS = 2_000
QUEUES = ("p1", "p2")
INSTALLED = [name for name in tools.TOOLS if not tools.missing(name)]


def record(tool, workload, requests=REQUESTS):
    if tools.missing(tool):
        pytest.skip(f"{tool} lacks {tools.missing(tool)}")
    program = tools.program(tool, workloads.draw(workload, requests, 1))
    program.run()
    return program.record()


@pytest.fixture(scope="module")
def reference():
    return {workload: record("reference", workload) for workload in QUEUES}


@pytest.mark.parametrize("workload", QUEUES)
@pytest.mark.parametrize("tool", [name for name in tools.TOOLS if name != "reference"])
def test_every_tool_counts_the_same_events_and_returns_the_same_instants(reference, tool, workload):
    mine, other = record(tool, workload), reference[workload]
    assert mine.events == other.events == REQUESTS * {"p1": 4, "p2": 2}[workload]
    # No two events of these short inputs that matter to each other share a tick, so no rule for ties is asked.
    for column in ("arrival", "start", "end"):
        np.testing.assert_array_equal(getattr(mine, column), getattr(other, column))


@pytest.mark.parametrize("workload", QUEUES)
def test_means_are_within_four_standard_errors_of_what_is_expected(workload):
    inputs = workloads.draw(workload, 40_000, 1)
    program = tools.program("simpy", inputs)
    program.run()
    for figure in workloads.figures(inputs, program.record()):
        assert abs(figure.mean - figure.expected) < 4 * figure.standard_error, figure


def test_the_expected_waits_of_p1_are_those_of_erlang():
    from sim.statistics.theory import mmc

    queues = [mmc(1.0, 1 / (workloads.UTILISATION * servers), servers) for servers in workloads.TANDEM]
    *waits, sojourn = workloads.EXPECTED["p1"].values()
    assert waits == pytest.approx([queue.waiting_time for queue in queues], abs=5e-4)
    assert sojourn == pytest.approx(sum(queue.sojourn_time for queue in queues), abs=5e-3)


def test_the_inputs_have_the_stated_rates_shares_and_service_times():
    inputs = workloads.draw("p2", 50_000, 3)
    minutes = inputs.work[:, 0] / workloads.TICKS_A_MINUTE
    rate = len(minutes) / (inputs.arrival[-1] / workloads.TICKS_A_MINUTE)
    a = inputs.station[:, 0] < workloads.SPECIALISMS
    se = 1 / np.sqrt(len(minutes))
    assert rate == pytest.approx(1.92, rel=4 * se)
    assert minutes.mean() == pytest.approx(10, rel=4 * se)
    assert a.mean() == pytest.approx(0.55, abs=4 * 0.5 * se)
    assert set(inputs.station[:, 0]) == set(range(24))


def test_bytes_a_step_count_every_array_of_network_and_record():
    inputs = workloads.draw("p2", REQUESTS, 1)
    network, horizon = with_engine.network_of(inputs)
    visits, spells = with_engine.engine("reference")(network, horizon)
    columns = [*vars(visits).values(), *vars(spells).values()]
    assert len(columns) == 13
    assert with_engine.nbytes(visits, spells) == REQUESTS * sum(column.itemsize for column in columns)
    program = tools.program("reference", inputs)
    program.run()
    assert program.nbytes() == with_engine.nbytes(network, visits, spells)


def timings(**seconds):
    rows = [
        {"pilot": "p1", "replication": i, "tool": tool, "wall": wall, "cpu": cpu, "kernel_wall": wall / 2,
         "kernel_cpu": cpu / 2, "steps": 1000, "events": 1500, "bytes_a_step": None, "peak_memory_mb": 50.0}
        for tool, pairs in seconds.items()
        for i, (wall, cpu) in enumerate(pairs)
    ]  # fmt: skip
    keys = {"pilot": pl.String, "replication": pl.Int64}
    return pl.DataFrame(rows, schema={**keys, **measurement.TIMINGS})


def test_ratios_are_taken_in_pairs_of_cpu_time_with_median_and_range():
    # The machine was twice as slow in the second round: the pairs do not notice.
    frame = speeds.speeds(timings(simpy=[(8, 8), (20, 16), (9, 9)], compiled=[(2, 2), (4, 4), (2, 3)]))
    row = frame.filter((pl.col("tool") == "compiled") & (pl.col("phase") == "end_to_end")).to_dicts()[0]
    assert (row["times_simpy"], row["times_simpy_low"], row["times_simpy_high"]) == (4, 3, 4)
    assert (row["pairs_simpy"], row["times_reference"], row["pairs_reference"]) == (3, None, 0)
    assert (row["wall"], row["steps_a_second"], row["events_a_second"]) == (2, 500, 750)


def test_a_tool_without_a_pair_in_a_round_has_no_ratio_there():
    frame = speeds.speeds(timings(simpy=[(8, 8)], compiled=[(2, 2), (1, 1)]))
    row = frame.filter((pl.col("tool") == "compiled") & (pl.col("phase") == "kernel")).to_dicts()[0]
    assert (row["times_simpy"], row["pairs_simpy"], row["rounds"]) == (4, 1, 2)


def test_the_chart_is_the_same_bytes_for_the_same_speeds():
    frame = speeds.speeds(timings(simpy=[(8, 8)], ciw=[(30, 30)], compiled=[(0.02, 0.02)]))
    images = [render(chart.speed_chart(frame, {"p1": "P1"}, "A machine."), "svg") for _ in range(2)]
    assert images[0] == images[1]
    assert b"SimPy" in images[0]
    assert b"400 times" in images[0]


@pytest.mark.parametrize(("value", "told"), [(950, "950"), (12_400, "12 k"), (1_000_000, "1 M"), (3_440_000, "3.4 M")])
def test_speeds_are_told_in_two_or_three_digits(value, told):
    assert chart.short(value) == told


def settings(**changes):
    return bench.Bench(**{
        "workloads": ("p1",), "tools": tuple(tools.TOOLS), "requests": 5000, "repeats": 1, "long_repeats": 1, "seed": 1,
        "name": None, "districts": {"yuehu": ()}, "scale": {}, **changes,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"workloads": ("p3",)}, r"workloads must be of p1, p2, yuehu, scale \(did you mean p2 or p1\?\), got p3"),
        ({"tools": ("simpi",)}, r"tools must be of simpy, .* \(did you mean simpy .*\), got simpi"),
        ({"tools": ()}, "tools must have at least one that is installed .no tool is named"),
        ({"requests": 999}, "requests must be at least 1,000, got 999: on short inputs .* four times too fast"),
        (
            {"workloads": ("yuehu",), "tools": ("simpy",)},
            "workloads yuehu must have reference or compiled .* got simpy",
        ),
    ],
)
def test_what_cannot_be_measured_is_named(changes, text):
    with pytest.raises(ConfigError, match=text):
        bench.planned(settings(**changes))


def test_tools_that_are_not_installed_are_left_out_unless_none_is_left():
    lacking = {name: [] for name in tools.TOOLS} | {"ciw": ["ciw"], "salabim": ["greenlet"]}
    assert tools.chosen(["ciw", "simpy", "reference"], lacking) == ["simpy", "reference"]
    told = r"at least one that is installed \(ciw lacks ciw; salabim lacks greenlet\): pip install .\[bench\]"
    with pytest.raises(ConfigError, match=told):
        tools.chosen(["ciw", "salabim"], lacking)


def test_the_shipped_settings_are_complete():
    plan = bench.planned(config.checked(bench.Bench, compose("bench", Line(()))))
    assert [w.name for w in plan.workloads][:3] == ["p1", "p2", "yuehu"]
    assert plan.workloads[2].job["config"]["run"]["measured_weeks"] == 52
    assert plan.settings.requests == 200_000


def test_facts_about_the_machine_name_neither_host_nor_folder(monkeypatch):
    import getpass
    import platform
    from pathlib import Path

    told = json.dumps(machine.facts())
    assert platform.node() not in told or not platform.node()
    assert str(Path.home()) not in told
    assert getpass.getuser() not in told
    assert "cores" in told


def test_a_process_that_fails_is_one_paragraph(tmp_path):
    with pytest.raises(ExecutorError, match="measurement of p9 in simpy must end well, got status 1: KeyError: 'p9'"):
        measurement.run_job({"kind": "queue", "workload": "p9", "requests": 1000, "seed": 1, "tool": "simpy",
                             "name": "p9", "warm": False, "waits": str(tmp_path / "w.npy")}, tmp_path)  # fmt: skip


@pytest.mark.parametrize("workloads", [("p2",), pytest.param(("p2", "yuehu"), marks=pytest.mark.long)])
def test_the_command_measures_keeps_and_goes_on(tmp_path, workloads):
    district = f"districts.yuehu={[*TINY]}".replace(" ", "")
    common = ("requests=1000", "tools=[simpy,reference]", "name=mine", f"workloads=[{','.join(workloads)}]", district)
    done = wangge(tmp_path, "bench", *common, "repeats=1")
    assert done.returncode == 0, done.stderr
    assert "2,000 events" in done.stdout
    results = tmp_path / "results" / "mine"
    found = pl.read_csv(results / "speeds.csv")
    measured = {("p2", "simpy"), ("p2", "reference"), ("yuehu", "reference")}
    assert set(zip(found["workload"], found["tool"], strict=True)) == {m for m in measured if m[0] in workloads}
    assert found.filter(found["tool"] == "reference")["bytes_a_step"].min() > 0
    if "yuehu" in workloads:
        assert set(found.filter(found["workload"] == "yuehu")["phase"]) == {"end_to_end", "replication", "kernel"}
    assert (results / "charts" / "speeds.svg").read_bytes().startswith(b"<?xml")
    assert str(tmp_path) not in (results / "manifest.json").read_text()
    assert "0 of 1,000" in (results / "summary.md").read_text()
    again = wangge(tmp_path, "bench", *common, "repeats=2")
    assert again.returncode == 0, again.stderr
    assert "round 1" not in again.stdout  # kept
    assert "p2 round 2" in again.stdout
    assert "yuehu" not in "".join(line for line in again.stdout.splitlines() if "round 2," in line)  # one takes minutes


def test_a_mistake_is_one_paragraph_and_status_2(tmp_path):
    done = wangge(tmp_path, "bench", "requests=10")
    assert done.returncode == 2
    assert done.stderr.startswith("wangge: requests must be at least 1,000, got 10")
    assert done.stderr.count("\n") == 1
