"""What goes wrong around a command ends in a sentence, whatever is typed and wherever it prints."""

import os
import signal
import subprocess
import sys
from functools import partial

import pytest
from setups.commands import typed, wangge

from sim.config import Pilot
from sim.config.checking import checked
from sim.errors import ConfigError, one_line
from sim.store import files
from sim.store.archive import Archive

import polars as pl  # isort: skip

LONG = "a" * 300


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("compare", "executor=[]"), "executor must be one of dask, local, serial, got []"),
        (("compare", "engine=3"), "engine must be one of compiled, reference, got 3"),
        (("run", "network=[]"), "network must be one of "),
        (("compare", "grid=null"), "grid must be one of base, got null"),
        (("compare", f"{LONG}=3"), "is not a known key, got 3"),
        (("plot", LONG), "plot must be given a name under results/"),
        (("compare", "--config-dir", LONG), "--config-dir must be a folder that exists"),
        (("plot", "\x1b[31m\u202e"), "\\x1b[31m\\u202e"),
        (("compare", "grid.households=1,2"), "grid.households must be given one value (a list stands between brackets"),
        (("compare", "run=quick,year"), "run must be given one value"),
        (("explain", "pilot=range(1,3)"), "pilot must be given one value"),
        (("knobs", "trials=["), "trials must be given a value whose brackets and quotes are in pairs"),
        (
            ("run", "grid.households=${x}"),
            "grid.households must have no ${...} but paths of other keys (${run.seed}), ",
        ),
        (("run", "pilot="), "pilot must be one of flatten_only, "),
        (("\x1b[31m\u202ez",), "got \\x1b[31m\\u202ez"),
        (
            ("run", "-m", "title=a\u202eb,c"),
            "wangge: study.factors.title must have no control characters, no marks of direction",
        ),
        (("run", "pilot=[]"), "wangge: pilot must be one of flatten_only, "),
        (("run", "pilot={}"), "wangge: pilot must be one of flatten_only, "),
        (("run", "pilot=null"), "wangge: pilot must be one of flatten_only, "),
        (("run", "run=1e3"), "wangge: run must be one of quick, year, got 1e3"),
        (("run", "executor=1e3"), "wangge: executor must be one of dask, local, serial, got 1e3"),
        (("run", "network=nan"), "wangge: network must be one of ciw_overtime, "),
        (("sweep", "study=1e3"), "wangge: study must be one of ab_order, "),
        (("explain", "explain=1e3"), "wangge: explain must be one of four_level, got 1e3"),
        (("staff", "pilot=1e3"), "wangge: pilot must be one of flatten_only, "),
        (("compare", "x/y=3"), "wangge: x/y is not a known key, got 3"),
        (("compare", "pilots={a:b}"), "wangge: pilots must be a list, as [four_level,four_level_better], got {a:b}"),
        (("validate", "cases={a:b}"), "wangge: cases must be a list, as [a,b], got {a:b}"),
        (("run", "grid.visits={a:1}"), "wangge: grid.visits must be a mapping with keys of ordinary_per_year, "),
        (("show", ""), "or the path of a results folder, got nothing"),
        (("",), "got nothing"),
        (("run", "run.replications=1e400"), "got inf (as which every number beyond 1.8e+308 is read)"),
        (("run", "pilot=1"), "wangge: pilot must be one of flatten_only, "),
        (("run", "-m", "pilot=1,null"), "wangge: pilot must be one of flatten_only, "),
        (("run", f"title={'1' * 5000}"), "wangge: title must be a number of at most 308 digits, or a text between quo"),
        (("explain", f"replications={'1' * 5000}"), "wangge: replications must be a number of at most 308 digits"),
        (("run", "hydra.run.dir=/tmp"), "hydra.run.dir must be left out, as it changes nothing here, got /tmp"),
        *(
            (
                (*command.split(), word),
                f"wangge: {word[1:].partition('=')[0]} must be set, and not taken away with ~ (a",
            )
            for command, word in (
                ("run", "~run=1e3"),
                ("run", "~grid=[1]"),
                ("run", "~pilot=null"),
                ("run -m", "~grid=1,2"),
                ("run", "~grid"),
                ("compare", "~grid.households"),
                ("compare", "~run.seed=0"),
                ("staff", "~pilot=null"),
                ("validate", "~cases=[x]"),
                ("run network=mmc", "~network.horizon=1"),
                ("sweep study=grid_size", "~x=1"),
            )
        ),
        *(
            (("run", word), f"{key} must be set without + (which only adds what is not there), got {word}\n")
            for word, key in (
                ("+grid.households=1e3", "grid.households"),
                ("+grid.households=300", "grid.households"),
                ("+grid=base", "grid"),
                ("+run=quick", "run"),
                ("++grid=base", "grid"),
                ("+pilot=four_level", "pilot"),
            )
        ),
        (
            ("run", "report.measures=[range(1,3)]"),
            "report.measures must have no sweep inside a list or a mapping, got [",
        ),
        (("run", "report={a:[interval(0,1)]}"), "report must be one of base, got {a:[interval(0,1)]}"),
        (("validate", "cases=[glob(*)]"), "wangge: cases must have no sweep inside a list or a mapping, got [glob(*)]"),
        (("run", "-m", "grid.households=range(200,300,50),400"), "grid.households must have no sweep inside a list of"),
        (("run", "grid.see_share=1e-9"), "grid.see_share must be at least 1e-06, got 1e-09"),
        (
            ("run", "staffing.catch_up_hours_per_week=1e-300"),
            "catch_up_hours_per_week must be 0 or at least 0.01, got 1e-",
        ),
        (("run", "demand.day_factor_cv=1e-300"), "demand.day_factor_cv must be 0 or at least 0.001, got 1e-300"),
        (
            ("run", "burden.meetings.others_per_week=100"),
            "burden.meetings must leave all staff of a community time for",
        ),
    ],
)
def test_what_no_file_can_be_called_is_told_in_a_sentence(tmp_path, words, rule):
    done = wangge(tmp_path, *words)
    assert done.returncode == 2
    assert rule in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr[:-1].isprintable()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a disk that is always full")  # noqa: PTH110
def test_a_full_disk_behind_the_output_is_told():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "experiments.main", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == (
        "wangge: the output must be taken by what it is written to, which says: No space left on device\n"
    )


def test_a_terminal_of_ascii_and_closed_streams_are_borne():
    start = [sys.executable, "-m", "experiments.main"]
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*start, "status", "网格"], env=ascii_only, capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.isascii()
    closed = subprocess.run(["sh", "-c", '"$@" >&- 2>&-', "sh", *start, "--help"], check=False)
    assert closed.returncode == 0


def test_a_message_is_one_line_that_moves_no_cursor():
    assert one_line("a\nb\x1b[2J\u202ec网") == "a b\\x1b[2J\\u202ec网"
    assert str(ConfigError("a\nb\x07")) == "a b\\x07"


def test_texts_of_a_config_have_no_escape_sequences_and_their_lines_are_joined():
    for title in ("a\u202eb", "a\ud800b"):
        with pytest.raises(
            ConfigError, match=r"^title must have no control characters, no marks of direction and no ha"
        ):
            checked(Pilot, {"title": title})
    with pytest.raises(ConfigError) as caught:
        checked(Pilot, {"title": "a\nb"})
    assert "control" not in str(caught.value)


def test_a_csv_has_no_escape_sequence_and_no_line_break_in_a_cell():
    text = files.csv(pl.DataFrame({"a": ["x\x1b[2J\ny\u202ez", "=1"]})).decode("utf-8-sig")
    assert text == "a\nx [2J y z\n'=1\n"


def test_an_archive_that_is_a_link_elsewhere_is_refused_and_nothing_of_others_is_removed(tmp_path):
    (tmp_path / "elsewhere/ab/abcd").mkdir(parents=True)
    (tmp_path / "elsewhere/ab/abcd/0000.zip").write_bytes(b"x")
    (tmp_path / "results").mkdir()
    (tmp_path / "results/.replications").symlink_to(tmp_path / "elsewhere")
    archive = Archive(tmp_path / "results/.replications")
    for act in (lambda: Archive.open(archive.folder), lambda: archive.remove(archive.paths("abcd"))):
        with pytest.raises(Exception, match="must lie inside the folder of results, got a symbolic link"):
            act()
    own = Archive.open(tmp_path / "own")
    (tmp_path / "own/ab/abcd").mkdir(parents=True)
    (tmp_path / "own/ab/abcd/letters.txt").write_text("mine")
    with pytest.raises(Exception, match="must be a file that the archive has written"):
        own.remove([tmp_path / "own/ab/abcd/letters.txt"])
    assert (tmp_path / "own/ab/abcd/letters.txt").exists()


def test_signals_that_end_a_command_are_those_of_a_terminal_that_closes_too():
    from experiments.main import ENDING

    assert set(ENDING) == {signal.SIGTERM, signal.SIGHUP}


@pytest.mark.parametrize(
    ("sent", "loaded", "words"),
    [
        ("SIGINT", "select", ("--help",)),
        ("SIGTERM", "select", ("--help",)),
        ("SIGINT", "select", ("run", "--cfg", "job")),
        ("SIGINT", "sim.errors", ("run", "--cfg", "job")),
        ("SIGTERM", "sim.errors", ("run", "network=mmc")),
        ("SIGHUP", "pydantic", ("run", "network=mmc")),
        ("SIGINT", "hydra", ("run", "--cfg", "job")),
        ("SIGTERM", "sim.config.schema", ("run", "--cfg", "job")),
    ],
)
def test_a_signal_while_the_program_is_loaded_ends_it_in_a_sentence(tmp_path, sent, loaded, words):
    start = [sys.executable, "-X", "importtime", "-m", "experiments.start", *words]
    # a job in the background does not hear it; there are no threads here
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    heard = partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    number = getattr(signal, sent)
    with subprocess.Popen(start, cwd=tmp_path, **pipes, preexec_fn=heard) as process:  # noqa: PLW1509
        for line in process.stderr:
            if line.rpartition("|")[2].strip() == loaded:
                process.send_signal(number)
                break
        said = [line for line in process.stderr if not line.startswith("import time:")]
    kept = "; finished work is kept, and the same command continues from there"
    assert said == [f"wangge: stopped{kept if words[0] == 'run' else ''}\n"]
    assert process.returncode == 128 + number


def test_what_handles_the_first_signals_imports_nothing_that_takes_time():
    code = (
        "import os, signal, sys; before = set(sys.modules); import experiments.start; print(*set(sys.modules) - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = {"experiments", "experiments.start", "experiments.stopping"}
    assert ours <= set(done.stdout.split()) <= ours | {"__future__"}  # which an installed program has loaded before


@pytest.mark.skipif(sys.platform == "win32", reason="no limits there")
@pytest.mark.parametrize("megabytes", [60, 120, 300, 1100, 2499])
def test_a_small_address_space_is_told_in_a_sentence(tmp_path, megabytes):
    import resource

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 10**6,) * 2)

    done = typed(tmp_path, "run", "--cfg", "job", preexec_fn=limit)
    assert done.stderr == (
        f"wangge: the memory that a process may take must be at least 2,500 MB (ulimit -v), got {megabytes:,} MB\n"
    )
    assert done.returncode == 2


@pytest.mark.parametrize(
    "error", [MemoryError(), ImportError("x.so: failed to map segment"), OSError("shared object file")]
)
def test_memory_that_ends_later_is_told_in_a_sentence_too(tmp_path, monkeypatch, error):
    def fails(_):
        raise error

    monkeypatch.setattr("experiments.commands.status.main", fails)
    done = wangge(tmp_path, "status")
    assert done.returncode == 2
    assert done.stderr.startswith("wangge: the memory that a process may take must be enough for what was asked")


def test_the_program_is_loaded_where_a_system_knows_no_closed_terminal():
    code = "import signal; del signal.SIGHUP; from experiments import main; print(*main.ENDING)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() in (["Signals.SIGTERM"], ["15"])  # as a version of Python prints it
    assert done.stderr == ""


@pytest.mark.parametrize(
    "words",
    [
        ("compare", "pilots=[x]"), ("run", "grid=x"), ("run", "network=mmc", "network.horizon=-1"),
        ("trace", "pilots=[x]"),
        ("sweep", "study=grid_size", "grid.x=1"), ("headlines", "only=[x]"), ("explain", "causes=x"),
        ("knobs", "only=[x]"), ("validate", "cases=[x]"), ("bench", "workloads=[x]"),
    ],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused_before_anything_else_is_read(tmp_path, words):
    done = wangge(tmp_path, *words, "name=../x")
    assert done.returncode == 2
    assert done.stderr.startswith("wangge: name must be a plain name (not empty, none of / ")
    assert done.stderr.endswith("got '../x'\n")
    assert "Preparing" not in done.stdout


def test_what_is_shown_of_a_line_moves_no_cursor(tmp_path):
    done = wangge(tmp_path, "headlines", "only=[walk]", "--cfg", "job", "title='a\u202eb'")
    assert "title='a b'" in done.stdout
    assert done.returncode == 0
    assert done.stdout.replace("\n", "").isprintable()
