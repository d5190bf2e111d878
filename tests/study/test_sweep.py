"""`wangge sweep` as a user types it, with studies in a folder of the user's own."""

import os
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from setups.commands import wangge
from setups.contents import contents as all_contents
from setups.district import pilot
from setups.killing import ended, killed_with, started
from setups.studies import BASE, DRAINED, OWN, study, table, write

import experiments.commands.sweep
import sim.study.replications
import sim.study.sweep
from sim.measures.dictionary import PRICED
from sim.store.archive import Archive
from sim.store.store import Store
from sim.study.findings import charting
from sim.study.folder.drawing import Wanted
from sim.study.replication import simulate

SWEEP = ("sweep", "study=mine", *OWN, "executor=serial")


def contents(folder):
    """Return every final file of a study, but not those that say when and by whom it was made."""
    return {
        name: data for name, data in all_contents(folder).items() if name not in ("manifest.json", "up_to_date.json")
    }


def kept(folder):
    return {name: data for name, data in all_contents(folder).items() if name.endswith(".zip")}


def test_a_study_leaves_tables_whose_numbers_are_those_of_its_replications(sweep, tmp_path):
    write(tmp_path, baseline={"grid.households": 200}, responses=["counter_wait_mean", "visits_done"])
    told = sweep()
    assert "2 settings (grid): 2 points, 2 replications each" in told
    assert "Simulated now: 4 replications" in told
    measures = table("measures")
    assert measures.columns == ["study", "point", "replication", "measure", "group", "unit", "value", "n"]
    assert table("design").columns == [
        "point", "setting", "pilot", "label", "grid.households", "replications", "status", "heads", "cannot_keep_up",
        "why", "key",
    ]  # fmt: skip
    assert {"counter_wait_mean", "counter_wait_mean_low", "counter_wait_mean_high"} <= set(table("summary").columns)
    effects = table("effects").filter(pl.col("response") == "visits_done")
    assert (effects["baseline"][0], effects["point"][0], effects["n"][0]) == ("p0000", "p0001", 2)
    knobs = (*DRAINED, "grid.households=300")
    alone = simulate(pilot("four_level", *knobs), 1)[0]["measures"]
    mine = measures.filter(pl.col("point") == "p0001", pl.col("replication") == 1)
    mine = mine.filter(~pl.col("measure").is_in(PRICED))
    same = mine.join(alone, on=["measure", "group"], suffix="_alone", how="left")
    assert same["value"].equals(same["value_alone"], null_equal=True)
    assert len(same) > 100
    for path in Path("results/mine").glob("*.parquet"):
        again = pl.read_csv(path.with_suffix(".csv"), schema_overrides=pl.read_parquet(path).schema)
        assert_frame_equal(pl.read_parquet(path), again, check_exact=False, rel_tol=1e-12)


def test_what_is_kept_is_never_run_again(sweep, tmp_path):
    write(tmp_path)
    sweep()
    before, replications = contents(tmp_path / "results/mine"), kept(tmp_path / "results")
    assert "Nothing was simulated: every replication was kept already" in sweep()
    assert contents(tmp_path / "results/mine") == before
    write(tmp_path, "other", design=[{"kind": "points", "points": {"small": {"grid.households": 200}}}])
    assert "Nothing was simulated: every replication was kept already" in sweep("study=other")
    assert kept(tmp_path / "results") == replications
    assert "Simulated now: 4 replications" in sweep("study.precision.replications=4")
    assert table("design")["replications"].to_list() == [4, 4]
    assert kept(tmp_path / "results").items() > replications.items()
    assert [path.name for path in Path("results").iterdir() if path.name[0] != "."] == ["mine", "other"]


def test_the_order_of_knobs_is_no_other_study(sweep, tmp_path):
    write(tmp_path)
    sweep("run.seed=3", "grid.patrol_hours=1")
    (folder,) = Path("results").glob("mine-*")
    assert "Nothing was simulated" in sweep("grid.patrol_hours=1", "run.seed=3")
    assert list(Path("results").glob("mine-*")) == [folder]


def test_engines_and_executors_change_no_byte(sweep, tmp_path):
    write(tmp_path, factors={"grid.households": [300]})
    sweep()
    folders = [contents(tmp_path / "results/mine")]
    for how in (("workers=2",), ("executor=serial", "engine=reference")):
        shutil.rmtree("results")
        assert "Simulated now: 2 replications" in sweep(*how, serial=False)
        folders.append(contents(tmp_path / "results/mine"))
    assert folders[0] == folders[1] == folders[2]


def test_another_knob_or_another_model_is_run_anew(sweep, tmp_path, monkeypatch):
    write(tmp_path, factors={"grid.households": [300]}, precision={"replications": 1})
    sweep()
    before = set(table("design")["key"])
    assert "Simulated now: 1 replication" in sweep("run.seed=2", "name=other")
    assert not before & set(table("design", "other")["key"])
    for module in (sim.study.replications, sim.study.sweep):
        monkeypatch.setattr(module, "MODEL_VERSION", "another")
    told = sweep(status=2)
    assert "holds another study" in told
    assert "model_version is" in told
    sweep("name=later")
    assert not before & set(table("design", "later")["key"])
    assert len(kept(tmp_path / "results")) == 3


SHAPES = {
    "curve": ({}, {"curve", "ranking"}),
    "heat": (
        {"factors": {"grid.households": [200, 300], "roles": ["lines", "ab"]}},
        {"main_effects", "curve", "heat", "ranking"},
    ),
    "three": (
        {
            "factors": {"grid.households": [200, 300], "roles": ["lines", "ab"], "grid.visits.minutes": [20, 30]},
        },
        {"main_effects", "curve", "heat", "panels", "ranking"},
    ),
    "zip": (
        {
            "factors": {"grid.households": [200, 300], "grid.visits.minutes": [20, 30]},
            "design": "zip",
            "promises": {"counter_wait_mean": {"at_most": 30}},
        },
        {"curve", "ranking"},
    ),
    "tornado": (
        {
            "pilots": ["four_level", "three_level"],
            "base": {**BASE, "structure.communities": 4},
            "factors": {"grid.households": [200, 300], "grid.visits.minutes": [20, 30]},
            "design": "one_at_a_time",
        },
        {"tornado"},
    ),
    "indices": (
        {
            "factors": {"grid.households": "interval(200,300)", "staffing.absence.share": "interval(0,0.2)"},
            "design": {"kind": "indices", "n": 4},
        },
        {"indices"},
    ),
    "lhs": (
        {
            "pilots": ["four_level", "three_level"],
            "base": {**BASE, "structure.communities": 4},
            "factors": {"grid.households": "interval(200,300)", "staffing.absence.share": "interval(0,0.3)"},
            "design": {"kind": "lhs", "n": 2},
        },
        {"main_effects"},
    ),
    "points": (
        {
            "title": "<b>Bold</b> & [red]red[/red]",
            "design": {
                "kind": "points",
                "points": {"<i>small</i>": {"grid.households": 200}, "[red]big[/red] | $x$": {"grid.households": 300}},
            },
        },
        {"ranking"},
    ),
    "joined": (
        {
            "design": [
                {"kind": "grid", "factors": ["grid.households"]},
                {"kind": "grid", "factors": ["grid.visits.minutes"]},
            ],
            "factors": {"grid.households": [200, 300], "grid.visits.minutes": [20, 30]},
        },
        {"curve", "ranking"},
    ),
    "alone": ({"factors": {"grid.households": [200]}, "precision": {"replications": 1}}, {"curve"}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_study_leaves_its_charts_and_draws_them_again(sweep, tmp_path, shape):
    changes, tables = SHAPES[shape]
    write(tmp_path, **changes)
    told = sweep()
    folder = tmp_path / "results/mine"
    before = contents(folder)
    assert {name.partition(".")[0] for name in before} >= tables | {"design", "measures", "summary"}
    charts = [name for name in before if name.startswith("charts/")]
    assert {name for name in charting.DRAWN if any(chart.startswith(f"charts/{name}_") for chart in charts)} == tables
    written = study(**{"responses": ["counter_wait_mean"]} | changes)
    charting.check(Wanted(only=tuple(Path(name).stem for name in charts)), written)  # each may be asked for
    shutil.rmtree(folder / "charts", ignore_errors=True)
    charting.draw(Store.open_existing(folder))
    assert contents(folder) == before
    for name, data in before.items():
        if name.endswith((".svg", "summary.md")):
            assert not re.search(rb"<[bi]>", data), name
    for word in (" 1 settings", " 1 points", " 1 replications", " 1 weeks", "nan", "0 charts"):
        assert word not in told + before["summary.md"].decode()


def test_multirun_of_pilots_is_a_study_of_every_combination(sweep, tmp_path):
    knobs = [*(k for k in DRAINED if "built_up" not in k), "structure.communities=4", "grid.households=200,300"]
    line = ("-m", "pilot=four_level,three_level", *knobs, "run.replications=2")
    shown = sweep(*line, "--cfg", "job", word="run")
    assert "pilots: - four_level - three_level" in shown
    assert not Path("results").exists()
    told = sweep(*line, word="run")
    titles = "four levels (today), three levels (reform)"
    assert f"2 settings (grid) under 2 pilots ({titles}): 4 points, 2 replications each" in " ".join(told.split())
    (folder,) = Path("results").glob("multirun-*")
    assert table("design", folder.name)["status"].to_list() == ["run"] * 4
    assert "Nothing was simulated" in sweep(*line, "engine=compiled", word="run")
    assert list(Path("results").glob("multirun-*")) == [folder]
    assert "grid.households must be swept over by a list or a range" in sweep(
        "-m", "grid.households=interval(1,2)", word="run", status=2
    )


def test_multirun_of_a_network_runs_every_combination_in_a_folder_of_its_own(sweep):
    line = ("-m", "network=mmc", "network.servers.clerk.number=3,4", "replications=2")
    told = sweep(*line, word="run")
    assert told.index("network.servers.clerk.number=3 ") < told.index("network.servers.clerk.number=4 ")
    assert "1.6180" in told
    assert "0.2691" in told
    assert len(list(Path("results").iterdir())) == 2
    sweep(*line, "name=mine", word="run")
    assert {"mine-1", "mine-2"} < {path.name for path in Path("results").iterdir()}


def test_damaged_replications_are_told_and_run_again(sweep, tmp_path):
    write(tmp_path)
    sweep()
    before, replications = contents(tmp_path / "results/mine"), kept(tmp_path / "results")
    cut, flipped, *_ = sorted((tmp_path / "results/.replications").rglob("*.zip"))
    cut.write_bytes(cut.read_bytes()[:-999])
    data = flipped.read_bytes()
    flipped.write_bytes(data[:99] + bytes([data[99] ^ 1]) + data[100:])
    told = sweep()
    assert told.count("is damaged") == told.count("It is run again.") == 2
    assert "Simulated now: 2 replications" in told
    assert contents(tmp_path / "results/mine") == before
    assert kept(tmp_path / "results").keys() > replications.keys()


def test_a_folder_whose_tables_are_damaged_or_gone_is_made_whole_by_the_same_command(sweep, tmp_path):
    write(tmp_path)
    sweep()
    folder = tmp_path / "results/mine"
    before = contents(folder)
    (folder / "measures.parquet").unlink()
    (folder / "study.json").write_text("{")
    (folder / "summary.csv").write_text("broken")
    shutil.rmtree(folder / "charts")
    sweep()
    assert contents(folder) == before
    shutil.rmtree(folder)
    assert "Nothing was simulated" in sweep()
    assert contents(folder) == before


def test_a_point_that_fails_is_recorded_and_tried_again_only_when_asked(sweep, tmp_path):
    write(tmp_path)
    sweep()
    whole, keys = contents(tmp_path / "results/mine"), table("design")["key"].to_list()
    archive = Archive.open(Path("results/.replications"))
    (archive.folder / keys[1][:2] / keys[1] / "0001.zip").unlink()
    archive.fail(keys[1], 1, "ValueError: <b>too</b> many")
    for _ in range(2):
        told = sweep()
        assert "Nothing was simulated" in told
        assert (
            "Failed, and left out: 1 of 2 points, as grid.households=300 (p0001): replication 1 failed: "
            "ValueError: <b>too</b> many. The others are complete; retry=true tries again." in told
        )
    design, summary = table("design"), table("summary")
    assert design["status"].to_list() == ["run", "failed"]
    assert design["why"][1] == "replication 1 failed: ValueError: <b>too</b> many"
    assert summary["counter_wait_mean"].is_nan().to_list() == [False, True]
    assert "<b>" not in Path("results/mine/summary.md").read_text()
    assert "Simulated now: 1 replication" in sweep("retry=true")
    assert contents(tmp_path / "results/mine") == whole


def test_a_study_of_which_every_point_failed_is_told(sweep, tmp_path):
    write(tmp_path, factors={"grid.households": [300]}, precision={"replications": 1})
    sweep("--dry-run")
    archive = Archive.open(Path("results/.replications"))
    (key,) = archive.keys()
    shutil.rmtree(archive.folder / key[:2] / key)
    archive.fail(key, 0, "ValueError: too many")
    assert "Every point of the study failed, as p0000, whose replication 0 failed: ValueError: too" in sweep(status=2)
    assert table("measures").columns[-2:] == ["value", "n"]
    assert "Failed, and left out: 1 of 1 point" in Path("results/mine/summary.md").read_text(encoding="utf-8")


def test_points_that_cannot_be_are_told_and_the_rest_is_run(sweep, tmp_path):
    write(tmp_path, factors={"staffing.community_heads": [14, 0, -1]})
    told = sweep()
    assert "Infeasible, and left out: 2 of 3 points" in told
    design = table("design")
    assert design["status"].to_list() == ["run", "impossible", "impossible"]
    assert "staffing" in design["why"][1]
    assert "at least 0, got -1" in design["why"][2]
    write(tmp_path, "none", factors={"staffing.community_heads": [0]})
    assert "study must have at least one feasible point; its only one was rejected: staffing.community_heads" in sweep(
        "study=none", status=2
    )
    assert not Path("results/none").exists()


def test_a_design_that_cannot_be_staffed_is_told_before_its_folder_is_begun(sweep, tmp_path):
    crowded = {"factors": {"grid.households": [50]}, "base": {**BASE, "roles": "dedicated"}}
    write(tmp_path, **crowded)
    told = sweep(status=2)
    assert "study must have at least one feasible point; its only one was rejected: roles.managers_per_grid" in told
    assert not Path("results/mine").exists()


def test_a_sweep_that_is_killed_goes_on_to_the_same_tables(sweep, tmp_path, tmp_path_factory):
    write(tmp_path)
    sweep()
    elsewhere = tmp_path_factory.mktemp("killed")
    write(elsewhere)
    moments = [("**/0001.zip", 1), ("results/mine/*.csv", 2)]
    stopped = [killed_with(started(wangge, elsewhere, *SWEEP), elsewhere, *moment) for moment in moments]
    assert True in stopped
    done = wangge(elsewhere, *SWEEP)
    assert done.returncode == 0, done.stderr
    assert contents(elsewhere / "results/mine") == contents(tmp_path / "results/mine")
    assert not list((elsewhere / "results").rglob(".tmp-*"))


def test_two_sweeps_at_once_end_well(sweep, tmp_path, tmp_path_factory):
    write(tmp_path)
    sweep()
    elsewhere = tmp_path_factory.mktemp("two")
    write(elsewhere)
    both = [started(wangge, elsewhere, *SWEEP, f"name={n}") for n in "ab"]
    assert [ended(one) for one in both] == [0, 0]
    assert kept(elsewhere / "results").keys() == kept(tmp_path / "results").keys()
    for name in ("summary.parquet", "curve.parquet", "charts/curve_counter_wait_mean.svg"):
        mine = (tmp_path / "results/mine" / name).read_bytes()
        assert all((elsewhere / "results" / n / name).read_bytes() == mine for n in "ab")


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("study=mined",), "(did you mean mine?), got mined"),
        (("study.responses=[turnaround_restricted_mea]",), "(did you mean turnaround_restricted_mean"),
        (("study.promises={counter_wait:{at_most:3}}",), "counter_wait_mean?), got counter_wait"),
        (("study.pilots=[four_leve]",), "(did you mean four_level"),
        (("pilot=three_level",), "pilot must be left out, as the study names its pilots"),
        (("run.replications=3",), "as the study says how many: study.precision.replications=3"),
        (("grid.householdz=3",), "grid.householdz is not a known key (did you mean grid.households"),
        (("study.precision.replication=3",), "(did you mean replications?), got 3"),
        (("study.design=gird",), "study.design must be one of"),
        (("name=../x",), "name must be a plain name"),
        (("--dry",), "arguments must be key=value or a flag of --help (did you mean --dry-run?), got --dry"),
    ],
)
def test_a_mistake_is_one_paragraph_and_begins_no_folder(sweep, tmp_path, arguments, rule):
    write(tmp_path)
    assert rule in sweep(*arguments, status=2)
    assert [path.name for path in Path().glob("results/*")] in ([], [".replications"])


def test_keys_that_the_study_file_leaves_out_may_be_set(sweep, tmp_path):
    write(tmp_path)
    told = sweep("study.promises={counter_wait_mean:{at_most:30}}", "+study.precision.most=7", "--cfg", "job")
    assert "at_most: 30.0" in told
    assert "most: 7" in told


def test_a_corrected_response_goes_on_under_the_same_name(sweep, tmp_path):
    write(tmp_path, responses=["turnaround"])
    assert "got turnaround" in sweep(status=2)
    write(tmp_path)
    assert "Simulated now: 4 replications" in sweep()


def test_a_folder_of_another_study_stays_as_it_is(sweep, tmp_path):
    write(tmp_path)
    sweep()
    before = contents(tmp_path / "results/mine")
    write(tmp_path, factors={"grid.households": [300]})
    told = sweep(status=2)
    assert "results/mine holds another study" in told
    assert re.search(r"study.factors.grid.households.0 is 200 there, 300 here", told)
    assert contents(tmp_path / "results/mine") == before


def test_results_that_are_a_file_or_cannot_be_written_are_told(sweep, tmp_path):
    write(tmp_path)
    Path("results").write_text("mine")
    assert "cannot be used" in sweep(status=2)
    assert Path("results").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_results_that_are_read_only_are_told(sweep, tmp_path):
    write(tmp_path)
    Path("results").mkdir(mode=0o500)
    assert "cannot be used: Permission denied" in sweep(status=2)


def test_a_dry_run_tells_points_time_and_guard_and_writes_no_results_folder(sweep, tmp_path):
    write(tmp_path, precision={"replications": 3})
    told = sweep("--dry-run")
    assert "p0001 grid.households=300 34 street 1: economic (1.11) and 4 more" in told
    assert "At 2 of 2 points some posts cannot keep up" in told
    assert re.search(
        r"4 replications would be run, 2 kept already: about \d+ seconds with 1 process, because one took \d", told
    )
    assert "Nothing else was run and no results folder was written." in told
    assert [path.name for path in Path("results").iterdir()] == [".replications"]
    sweep()
    assert "0 replications would be run, 6 kept already." in sweep("--dry-run")


def test_a_dry_run_refuses_a_response_that_there_is_none_of_as_a_run_does(sweep, tmp_path, capsys):
    write(tmp_path, precision={"replications": 2})
    wrong = {
        "tripz": "must name measures, or measure|group (did you mean trips?), got tripz",
        "trips|heads:fewer": "must name a group of trips, of all, archetype:T1,",
    }
    for words in (("--dry-run",), ("--cfg", "job"), ()):
        for response, rule in wrong.items():
            with pytest.raises(SystemExit):
                sweep(f"study.responses=['{response}']", *words)
            told = " ".join(capsys.readouterr().err.split())
            assert f"study.responses {rule}" in told
            assert not Path("results").exists()  # nothing is run to know it


def test_the_resolved_study_is_shown_and_help_names_those_that_ship(sweep, tmp_path, capsys):
    write(tmp_path)
    told = sweep("--cfg", "job", "study.precision.replications=7")
    assert "name: mine study: title: Size of a grid" in told
    assert "replications: 7" in told
    assert "executor: kind: serial" in told
    assert not Path("results").exists()
    shipped = {path.stem for path in (Path(experiments.commands.sweep.CONFIGS) / "study").glob("*.yaml")}
    assert shipped <= set(re.findall(r"\w+", sweep("--help")))
    assert len(shipped) >= 6
