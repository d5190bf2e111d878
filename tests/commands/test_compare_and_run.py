import contextlib
import importlib
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
import yaml
from rich.console import Console
from setups.commands import TINY, refused, typed, wangge
from setups.documents import ROOT
from setups.killing import killed_with, started
from setups.screens import first_screen

from experiments import main
from sim.config.compose import Line
from sim.engine.kernel_folder import KERNELS
from sim.study.backend import backend_of

THREE = "structure.communities=2"


def test_help_names_every_command(tmp_path):
    told = typed(tmp_path, "--help")
    assert told.returncode == 0
    for command in ("compare", "run", "bench", "new", "status", "clean"):
        assert f"  {command}" in told.stdout
        assert wangge(tmp_path, command, "--help").stdout.startswith(f"wangge {command} ")


def test_help_counts_no_designs_that_a_config_lists(tmp_path):
    told = wangge(tmp_path, "compare", "--help").stdout
    assert re.search(r"by default those of\s+configs/compare\.yaml", told)
    assert not re.search(r"default: (two|three|four|five|six)\b", told)


def test_the_tables_of_work_heads_and_load_come_before_the_measures(tiny):
    out = tiny[1]
    places = [out.index(t) for t in ("Work, thousand hours", "Heads by level", "Load before anything", "turnaround")]
    assert places == sorted(places)


def test_a_run_ends_with_its_speed_and_peak_memory(tiny):
    assert re.search(r"[\d,]+ steps in [\d,]+ s: [\d,]+ steps a second in all, peak memory [\d,]+ MB", tiny[1])


def test_results_hold_manifest_tables_charts_and_summary(tiny):
    results = tiny[0] / "results" / "one"
    manifest = json.loads((results / "manifest.json").read_text())
    assert "four_level" in json.dumps(manifest)
    assert str(tiny[0]) not in json.dumps(manifest)
    for name in ("measures", "turnaround", "workload", "backlog", "persons", "flows", "queues", "equity"):
        assert len(pl.read_parquet(results / f"{name}.parquet")) == len(pl.read_csv(results / f"{name}.csv")) > 0
    for name in ("turnaround", "workload", "backlog", "persons", "flows", "queues", "equity"):
        assert b"<svg" in (results / "charts" / f"{name}.svg").read_bytes()
    summary = (results / "summary.md").read_text()
    assert "Load before anything" in summary
    assert "**How evenly today's communities fare**" in summary
    assert "How evenly residents fare" in tiny[1]
    assert pl.read_parquet(results / "equity_differences.parquet").is_empty()  # one pilot has nothing to differ from


@pytest.fixture(scope="module")
def again(tiny):
    """Return the tables before the same command was given again on another executor, those after it, and its words."""
    results = tiny[0] / "results/one"
    before = {path.name: path.read_bytes() for path in results.glob("*.parquet")}
    done = wangge(tiny[0], "compare", "pilots=[four_level]", "name=one", "executor=serial", *TINY[:-1])
    assert done.returncode == 0, done.stderr
    return before, {path.name: path.read_bytes() for path in results.glob("*.parquet")}, done.stdout


def test_the_same_command_again_simulates_nothing_and_gives_the_same_tables(again):
    before, after, told = again
    assert "Nothing was simulated" in told
    assert after == before


def test_the_executor_is_shown_and_is_no_part_of_a_study(again, tmp_path):
    shown = wangge(tmp_path, "compare", "--cfg", "job", "workers=3").stdout
    assert "executor:\n  kind: local\n  workers: 3\n" in shown
    assert "Nothing was simulated" in again[2]


def test_the_same_designs_under_another_name_are_not_simulated_again(tiny):
    folder = tiny[0]
    done = wangge(folder, "run", "pilot=four_level", "name=other", *TINY)
    assert done.returncode == 0, done.stderr
    assert "Nothing was simulated" in done.stdout
    one, other = (folder / f"results/{name}/measures.parquet" for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


def test_another_study_does_not_overwrite_a_folder(tiny):
    told = refused(tiny[0], "compare", "pilots=[four_level]", "name=one", *TINY, "run.seed=9")
    assert "results/one" in told.replace("\\", "/") or "one" in told
    assert "seed" in told


@pytest.mark.parametrize(
    "command",
    [
        ("run", "network=mmc", "name=one", "replications=4"),
        pytest.param(
            ("compare", "pilots=[three_level,three_level_all_down]", "name=one", THREE, *TINY[:-1]),
            marks=pytest.mark.long,
        ),
    ],
    ids=["a network", "a comparison"],
)
def test_the_number_of_processes_changes_no_number(tmp_path, command):
    found = []
    for workers in (1, 2):
        folder = tmp_path / f"{workers}"  # each with replications of its own
        folder.mkdir()
        done = wangge(folder, *command, f"workers={workers}")
        assert done.returncode == 0, done.stderr
        found.append({path.name: path.read_bytes() for path in (folder / "results/one").glob("*.parquet")})
    assert found[0]
    assert found[0] == found[1]


def test_a_killed_run_goes_on_and_ends_with_the_same_tables(tiny, tmp_path):
    command = ("compare", "pilots=[four_level]", "name=one", *TINY)
    assert killed_with(started(wangge, tmp_path, *command), tmp_path, "results/.replications/*/*/*.zip")
    done = wangge(tmp_path, *command)
    assert done.returncode == 0, done.stderr
    assert "replications were kept already" in done.stdout
    for table in ("measures", "backlog", "turnaround", "workload"):
        name = f"results/one/{table}.parquet"
        assert (tmp_path / name).read_bytes() == (tiny[0] / name).read_bytes()


MISTAKES = [
    (
        ("compere",),
        f"the command must be one of {', '.join(main.COMMANDS)} (did you mean compare?), got compere",
    ),
    (("compare", "grid.housholds=300"), "grid.housholds is not a known key (did you mean grid.households"),
    (("compare", "grid.households=many"), 'grid.households must be a whole number, got "many"'),
    (("compare", "demand.rework_share=1.5"), "demand.rework_share must be at most 1, got 1.5"),
    (("compare", "staffing.street_heads=-3"), "staffing.street_heads must be at least 0, got -3"),
    (("compare", "staffing.community_heads=400"), "staffing.community_heads must be between 62 and 155"),
    (
        ("compare", "structure=three_level", "pilots=[four_level]"),
        "must sum to 1 where the structure has no street",
    ),
    (
        ("run", "structure=three_level"),
        "(all who leave the street must go somewhere: set both, choose a staffing that does, or let wangge staff share "
        "them out), got 0 under four_level_structure_three_level",
    ),
    (("compare", "roles.order=bfirst"), "'longest' or 'split' (did you mean b_first or a_first?), got \"bfirst\""),
    (("compare", "pilots=[four_level"), "pilots must be given a value whose brackets and quotes are in pairs"),
    (("compare", "=3"), "arguments must be key=value or a flag of --help, got =3"),
    (
        ("compare", "pilot=three_level"),
        "pilots must be given as a list here, the baseline first (pilots=[four_level,three_level]); only",
    ),
    (("compare", "pilot=four_level"), "the baseline first (pilots=[four_level]); only wangge run takes one pilot=, "),
    (("compare", "pi lot=3"), "overrides must be path=value, got pi lot=3"),
    (("compare", "--dry-run"), "--dry-run must be left out here, because only wangge sweep has it"),
    (
        ("compare", "district.calendar.hours=[{open: '12:00', close: '09:00'}]"),
        "district.calendar.hours.0.close must be later than open, got 12:00 to 09:00",
    ),
    (
        ("compare", "structure.performs.street.justice=province"),
        "structure.performs.street.justice must be one of 'community', 'street' or 'district', got \"province\"",
    ),
    (("compare", "district.communities=50000"), "district.communities must be at most the number of households"),
    (
        ("compare", "pilots=[four_level,five_level]"),
        "(did you mean four_level or three_level or four_level_lines?), got five_level",
    ),
    (("compare", "pilots=[four_level,four_level]"), "pilots must be different ones"),
    (("compare", "pilots=[]"), "pilots must"),
    (("compare", "name=../outside"), "name"),
    (("compare", "--config-dir", "nowhere"), "--config-dir must be a folder that exists, got nowhere"),
    (("version",), " (did you mean --version?), got version"),
    (("--versio",), " (did you mean --version?), got --versio"),
    (("--hlep",), " (did you mean --help?), got --hlep"),
    (
        ("compare", "--versio"),
        "arguments must be key=value or a flag of --help (did you mean --version?), got --versio",
    ),
    (("compare", "--frobnicate"), "arguments must be key=value or a flag of --help, got --frobnicate"),
    (("compare", "run.overload=refuse"), "run.overload is refuse and every post must be able to keep up"),
    (("compare", "workers=0"), "executor.workers must be at least 1, got 0"),
    (("compare", "executor=serial", "workers=2"), "workers must be left out where executor=serial, got 2"),
    (("compare", "executor=dusk"), "executor must be one of dask, local, serial (did you mean dask?), got dusk"),
    (
        ("run", "executor=dask", "executor.address=here"),
        "executor.address must be tcp://HOST:PORT or tls://HOST:PORT",
    ),
    (
        ("compare", "executor=dask", "executor.adress=a"),
        "executor.adress is not a known key (did you mean executor.add",
    ),
    (("run", "network=mm"), "network must be one of"),
    (("run", "network=mmc", "network.servers.clerk.number=0"), "network.stations.desk must be served by somebody"),
    (("run", "network.horizon=3"), "network must be given (network=mmc)"),
    (("run", "network=mmc", "pilot=three_level"), "pilot must be left out where a network is run, got both"),
]


@pytest.mark.parametrize("arguments", [("--version",), ("-V",), ("compare", "--version"), ("run", "x=3", "-V")])
def test_the_version_is_told_before_a_command_or_after_it(capsys, monkeypatch, arguments):
    monkeypatch.setattr(sys, "argv", ["wangge", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"{main.version()}\n"


@pytest.mark.parametrize(("arguments", "text"), MISTAKES, ids=[text for _, text in MISTAKES])
def test_a_mistake_is_one_paragraph_with_path_rule_and_value(tmp_path, arguments, text):
    assert text in refused(tmp_path, *arguments)
    assert not (tmp_path / "results").exists()


def test_a_mistake_in_a_file_of_ones_own_names_the_file(tmp_path):
    wangge(tmp_path, "new", "mine")
    own = ("compare", "--config-dir", "mine", "pilots=[today,merged]")
    with (tmp_path / "mine/staffing/mine_merged.yaml").open("a") as file:
        file.write("stret_heads: 3\n")
    assert "staffing/mine_merged.yaml: staffing.stret_heads is not a known key (did you mean" in refused(tmp_path, *own)
    assert "wangge: staffing.street_heads must be" in refused(tmp_path, *own, "staffing.street_heads=-1")


def test_a_textbook_queue_stands_beside_its_theory(tmp_path):
    done = wangge(tmp_path, "run", "network=mmc", "replications=4", "workers=1")
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if line.split()[:1] == ["waiting_time"])
    assert row.split()[-1] == "1.6180"
    assert (tmp_path / "results/run-mmc/measures.parquet").is_file()
    screen = first_screen(done.stdout, "Queueing network mmc: 4 replications, seed 1")
    assert "Theory: the steady state of M/M/c (Erlang 1917)." in screen
    means = wangge(tmp_path, "show", "run-mmc", "means").stdout
    assert re.search(r"waiting_time +all +minute .* 1\.6180", means)


def test_a_pilot_of_ones_own_is_found_and_can_run_no_code(tmp_path):
    pilots = tmp_path / "mine" / "pilot"
    pilots.mkdir(parents=True)
    own = "# @package _global_\ndefaults:\n  - four_level\nname: mine\ntitle: '<b>mine</b>'\ngrid: {households: 300}\n"
    (pilots / "mine.yaml").write_text(f"{own}hydra:\n  callbacks:\n    x: {{_target_: os.mkdir, path: broken}}\n")
    words = ("compare", "--config-dir", "mine", "pilots=[four_level,mine]", "name=own", *TINY)
    assert "pilot/mine.yaml: hydra must be left out" in refused(tmp_path, *words)
    (pilots / "mine.yaml").write_text(own)
    done = wangge(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert "<b>" not in (tmp_path / "results/own/summary.md").read_text()
    assert not (tmp_path / "broken").exists()


def test_flags_that_ask_for_no_run_begin_none(tmp_path):
    told = refused(tmp_path, "run", "--resolve")
    assert "--resolve must come with --cfg job, which shows a config, got --resolve alone" in told
    for flag in ("-m", "--multirun"):
        told = refused(tmp_path, "run", flag, "grid.households=200")
        assert f"{flag} must come with a key of several values, as grid.households=200,300, got none" in told
    assert not (tmp_path / "results").exists()


def test_every_pilot_resolves_to_data(tmp_path):
    done = wangge(tmp_path, "compare", "--cfg", "job", "--resolve")
    assert done.returncode == 0
    for name in ("four_level", "three_level", "three_level_all_down"):
        assert f"{name}:" in done.stdout
    assert not (tmp_path / "results").exists()


def test_all_is_every_design_that_ships_with_todays_as_the_baseline(tmp_path):
    done = wangge(tmp_path, "compare", "pilots=all", "--cfg", "job")
    assert done.returncode == 0, done.stderr
    names = yaml.safe_load(done.stdout)["pilots"]
    assert next(iter(names)) == "four_level"
    assert set(names) == {file.stem for file in (ROOT / "configs/pilot").glob("*.yaml")}
    assert re.search(r"^compare-full:.*\n\t.* pilots=all$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def test_a_copied_pilot_that_kept_its_name_is_refused_before_anything_runs(tmp_path):
    pilots = tmp_path / "mine" / "pilot"
    pilots.mkdir(parents=True)
    (pilots / "copy.yaml").write_text(
        "# @package _global_\ndefaults:\n  - three_level\nname: three_level\ntitle: copy\n"
    )
    told = refused(tmp_path, "compare", "--config-dir", "mine", "pilots=[four_level,copy]")
    assert "pilot/copy.yaml: name must be copy, the name of the file, got three_level" in told


def test_a_queue_without_a_steady_state_is_named_and_a_run_ends_with_its_cost(tmp_path):
    done = wangge(tmp_path, "run", "network=mmc", "network.servers.clerk.number=2", "replications=2", "workers=1")
    assert "pool:clerk was busy all the time" in done.stdout
    assert "steps a second" in done.stdout
    assert "theory" not in done.stdout


@pytest.mark.parametrize("words", [("--help",), ("compare", "--help"), ("compare", "--cfg", "job"), ("status",)])
@pytest.mark.parametrize("buffered", [True, False])
def test_a_command_whose_reader_has_left_ends_without_a_word(tmp_path, words, buffered):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, *([] if buffered else ["-u"]), "-m", "experiments.main", *words],
        cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_pipe_that_breaks_elsewhere_is_not_taken_for_a_reader_that_has_left(monkeypatch):
    def broken(arguments):
        raise BrokenPipeError("a worker's")

    monkeypatch.setattr("experiments.commands.status.main", broken)
    read, write = os.pipe()
    with os.fdopen(read), os.fdopen(write, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        with pytest.raises(BrokenPipeError, match="a worker's"):
            main.run("status", [])
        monkeypatch.undo()


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--config-dir", "my configs", "pilot=mine", "workers=1", "district.name='A B'", *TINY),
        ("compare", "pilots=[four_level]", "--config-dir=my configs", *TINY),
        ("run", "network=mmc", "replications=2", "workers=1"),
        ("trace", "pilots=[four_level]", "archetype=T1", *TINY),
    ],
)
def test_status_shows_the_command_as_it_was_typed_and_it_runs_again(tmp_path, words):
    pilots = tmp_path / "my configs" / "pilot"
    pilots.mkdir(parents=True)
    (pilots / "mine.yaml").write_text("# @package _global_\ndefaults:\n  - four_level\nname: mine\n")
    assert wangge(tmp_path, *words).returncode == 0
    (name,) = (path.name for path in (tmp_path / "results").glob("[!.]*"))
    shown = wangge(tmp_path, "status", name).stdout.splitlines()[0]
    assert shlex.split(shown) == ["wangge", *words]
    again = wangge(tmp_path, *shlex.split(shown)[1:])
    assert again.returncode == 0, again.stderr
    assert [path.name for path in (tmp_path / "results").glob("[!.]*")] == [name]


def at_work(sent):
    os.kill(os.getpid(), sent)
    time.sleep(60)


def where_python_tells_it_as_another_mistake(sent):
    class Named:
        def __set_name__(self, owner, name):
            at_work(sent)

    class Owner:
        named = Named()


def where_a_library_turns_it_into_another_mistake(sent):
    try:
        at_work(sent)
    except KeyboardInterrupt:
        raise ValueError("no wheel can be turned") from OSError("nor a screw")


def where_a_library_goes_on_without_what_it_would_load(sent):
    text = f"import os\nos.kill({os.getpid()}, {int(sent)})\nfor _ in range(99): pass\n"
    Path("loaded_slowly.py").write_text(text)
    with contextlib.suppress(BaseException):
        importlib.import_module("loaded_slowly")
    assert "loaded_slowly" in sys.modules
    time.sleep(60)


PLACES = (
    at_work, where_python_tells_it_as_another_mistake, where_a_library_turns_it_into_another_mistake,
    where_a_library_goes_on_without_what_it_would_load,
)  # fmt: skip


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
@pytest.mark.parametrize("place", PLACES)
def test_what_ends_a_command_stops_it_as_ctrl_c_does_wherever_it_comes(
    tmp_path, monkeypatch, capsys, place, sent, status
):
    from experiments.commands import clean

    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "loaded_slowly", raising=False)
    monkeypatch.setattr(clean, "main", lambda _: place(sent))
    by_default = signal.default_int_handler if sent == signal.SIGINT else signal.SIG_DFL
    before = signal.signal(sent, by_default)  # a job in the background ignores Ctrl-C, one under nohup a hang-up
    try:
        with pytest.raises(SystemExit) as ended:
            main.run("clean", [])
        assert signal.getsignal(sent) == by_default
    finally:
        signal.signal(sent, before)
    assert ended.value.code == status
    assert capsys.readouterr().err == "wangge: stopped\n"  # it keeps no work that could be gone on with


def test_a_command_under_nohup_goes_on_when_its_terminal_is_closed(monkeypatch):
    from experiments.commands import clean

    monkeypatch.setattr(clean, "main", lambda _: os.kill(os.getpid(), signal.SIGHUP))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert main.run("clean", []) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_engine_that_is_not_compiled_yet_is_told_of(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    told = Console(file=io.StringIO(), width=200)
    backend_of(Line(())).announce_compiling(told)
    assert told.file.getvalue() == (
        "The engine is compiled first, once on this machine: in some twenty seconds to a minute.\n"
    )
    index = tmp_path / KERNELS / "engine/compiled._advance-579.py311.nbi"
    index.parent.mkdir(parents=True)
    index.touch()
    backend_of(Line(())).announce_compiling(told)
    assert told.file.getvalue().count("compiled") == 1


@pytest.mark.parametrize("command", ["compare", "sweep", "trace", "validate"])
def test_a_command_speaks_before_it_loads_its_libraries(tmp_path, command):
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "experiments.main", command, "no.such.key=1"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        first = process.stdout.readline()
        spoke = time.monotonic() - began
        process.communicate()
        ended = time.monotonic() - began
    assert first == f"{main.BEGINNINGS[command]}\n"
    assert spoke < 0.5 * ended
    assert process.returncode == 2


def test_what_is_read_as_it_is_begins_with_nothing_else(tmp_path):
    shown = wangge(tmp_path, "compare", "--cfg", "job", "pilots=[four_level]").stdout
    assert shown.startswith("details: false\n")
    assert wangge(tmp_path, "validate", "--help").stdout.startswith("wangge validate ")


@pytest.mark.parametrize(("command", "key"), [("headlines", "headlines"), ("explain", "causes"), ("knobs", "also")])
def test_a_config_that_is_only_to_be_shown_runs_nothing(tmp_path, command, key):
    done = wangge(tmp_path, command, "--cfg", "job", "run.seed=7")
    assert (done.returncode, done.stderr) == (0, "")
    shown = yaml.safe_load(done.stdout[done.stdout.index("name:") :])
    assert key in shown
    assert shown["knobs"] == ["run.seed=7"]
    assert not (tmp_path / "results").exists()


HEAVY = ("dask", "matplotlib", "numba", "pandas", "scipy.stats")
"""Libraries that only a run, its executor or its charts need."""


UNNEEDED = {
    "compare --help": (*HEAVY, "hydra", "numpy", "polars", "scipy"),
    "compare --cfg job": HEAVY,
    "run --cfg job": HEAVY,
    "run network=mmc --cfg job": (*HEAVY, "scipy"),
    "sweep study=grid_size --cfg job": HEAVY,
    "validate --help": (*HEAVY, "hydra", "polars", "scipy"),
    "status": (*HEAVY, "hydra", "scipy"),
}
"""What a command that runs nothing must not load."""


@pytest.mark.parametrize("command", UNNEEDED)
def test_what_runs_nothing_loads_nothing_that_only_a_run_needs(tmp_path, command):
    code = (
        "import sys; from experiments.main import run; run(sys.argv[1], sys.argv[2:]); "
        f"print('loaded', *(one for one in {UNNEEDED[command]} if one in sys.modules))"
    )
    start = [sys.executable, "-c", code, *command.split()]
    done = subprocess.run(start, capture_output=True, text=True, check=True, timeout=120, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "loaded"
