"""What a study leaves where designs share points, verdicts are withheld, or something else is asked than before."""

import json
from pathlib import Path

import pytest
from setups.district import tiny
from setups.studies import BASE, table, write
from setups.studies import plan as planned

from sim.config.report import Response
from sim.errors import ConfigError
from sim.study.budget.runs import Runs
from sim.study.comparison import differences
from sim.study.design import prepared_all
from sim.study.withholding import horizon_of


def test_designs_that_share_a_point_each_find_its_levels(sweep, tmp_path):
    shared = {"kind": "points", "points": {"small": {"grid.households": 200}}}
    write(tmp_path, design=[shared, {"kind": "grid"}])
    sweep()
    assert table("curve").filter(response="counter_wait_mean")["level"].to_list() == ["200", "300"]
    assert len(table("design")) == 2


def test_a_verdict_of_a_study_is_the_one_of_a_comparison(sweep, tmp_path):
    response = "turnaround_p90|route:district"
    write(
        tmp_path,
        baseline={"grid.households": 200},
        responses=["turnaround_p90", response, "utilisation|level:district"],
    )
    sweep()
    pilots = [tiny("four_level", f"grid.households={n}") for n in (200, 300)]
    pilots = [p.model_copy(update={"name": name}) for p, name in zip(pilots, ("p0000", "p0001"), strict=True)]
    long = table("measures").rename({"point": "pilot"})
    shown = [
        pilots[0].report.judged(Response.parse(r)) for r in ("turnaround_p90", response, "utilisation|level:district")
    ]
    staff = {name: one.overloaded_share for name, one in prepared_all(pilots).items()}
    ends = horizon_of(pilots[0])
    compared = differences.compare(long, ["p0000", "p0001"], pilots[0].mid, pilots[0].run, staff, shown, ends).spoken()
    effects = table("effects")
    assert effects["why"].to_list() == compared["why"].to_list()
    assert (effects["verdict"] == "withheld").to_list() == (compared["why"] != "").to_list()
    assert effects["verdict"].to_list().count("withheld") > 0


def test_what_an_earlier_run_left_is_removed_when_it_is_asked_for_no_more(sweep, tmp_path):
    write(tmp_path, choose={"best": {"response": "visits_done", "zone": 0.5}, "first": 2, "most": 3})
    sweep()
    folder = Path("results/mine")
    (folder / "notes.txt").write_text("mine")
    assert (folder / "choice.csv").exists()
    write(tmp_path, responses=["visits_done"])
    sweep()
    assert not (folder / "choice.csv").exists()
    assert not list((folder / "charts").glob("*counter_wait*"))
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_smallest_difference_that_is_another_gives_other_verdicts(sweep, tmp_path):
    write(tmp_path, baseline={"grid.households": 200})
    sweep("name=mine")
    before = table("effects")["mid"].to_list()
    (tmp_path / "mine" / "mid").mkdir()
    (tmp_path / "mine" / "mid" / "own.yaml").write_text("defaults:\n  - base\n  - _self_\ncounter_wait: 7.5\n")
    write(tmp_path, baseline={"grid.households": 200}, base={**BASE, "mid": "own"})
    sweep("name=other")
    assert table("effects", "other")["mid"].to_list() == [7.5, *before[1:]]
    (tmp_path / "mine" / "mid" / "own.yaml").write_text("defaults:\n  - base\n  - _self_\ncounter_wait: 3.5\n")
    assert "Nothing was simulated" in sweep("name=other")
    assert table("effects", "other")["mid"].to_list() == [3.5, *before[1:]]


def test_what_failed_is_tried_again_after_its_note_is_cleaned(sweep, tmp_path):
    from sim.store.archive import Archive

    write(tmp_path)
    sweep("study.precision.replications=1")
    key = table("design")["key"][1]
    archive = Archive(tmp_path / "results/.replications")
    archive.fail(key, 1, "it broke")
    assert "replication 1 failed: it broke" in sweep()
    archive.clear_failure(key, 1)
    told = sweep()
    assert "Failed, and left out" not in told
    assert table("design")["replications"].to_list() == [2, 2]


def test_a_promise_on_what_is_no_response_is_judged(sweep, tmp_path):
    write(tmp_path, responses=["visits_done"], promises={"walk": {"at_most": 1000}})
    assert "2 of 2 points keep the promise" in sweep()
    assert table("summary")["keeps_promises"].to_list() == [True, True]


def test_what_refuses_overload_is_not_run(sweep, tmp_path):
    write(tmp_path, factors={"run.warm_up_weeks": [1, 2]}, base={**BASE, "run.overload": "refuse"})
    assert "run.overload is refuse" in sweep(status=2)
    assert not list((tmp_path / "results").glob("mine*"))


def test_a_pilot_run_that_fails_is_told(sweep, tmp_path):
    from sim.store.archive import Archive
    from sim.study import replications

    weeks = ("run.warm_up_weeks=1", "run.measured_weeks=19", "run.drain_weeks=0")
    key = replications.key(tiny("four_level", *weeks))
    Archive.open(tmp_path / "results/.replications").fail(key, 0, "it broke")
    write(tmp_path, warm_up={"weeks": 20, "replications": 2, "least": 2})
    assert "study.warm_up must have a base that runs, got four_level, whose replication 0 failed" in sweep(status=2)


def test_of_replications_that_failed_the_first_is_told_whichever_ended_first():
    runs = Runs(None, {}, {"p0000": "key"}, None, (), None)
    runs._failed("key", 2, "late")
    runs._failed("key", 0, "early")
    runs._failed("key", 1, "between")
    assert runs.failures == {"p0000": "replication 0 failed: early"}


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ({"base": {"pilot": "four_level"}}, "study.base must be a knob of a design"),
        ({"base": {"hydra.searchpath": ["pkg://this"]}}, "study.base must be a knob of a design"),
        ({"base": {"run.replications": 3}}, "study.base must be a knob of a design"),
        ({"factors": {"mid.turnaround": [1, 2]}}, "study.factors.mid.turnaround must be a knob of a design"),
        ({"factors": {"both": {"run.confidence": [0.9, 0.95]}}}, "study.factors.both must be a knob of a design"),
        ({"factors": {"title": ["a", "b"]}}, "study.factors.title must be a knob of a design"),
        (
            {"design": {"kind": "points", "points": {"x": {"name": "y"}}}},
            "study.design.points.x must be a knob of a design",
        ),
        ({"responses": ["trips", "trips"]}, "responses must be different ones"),
        (
            {"factors": {"trips": {"a": {"grid.households": 200}}}, "responses": ["trips"]},
            "study.factors must not have the name of a column of the tables",
        ),
    ],
)
def test_a_study_sets_and_moves_designs_only(keys, where):
    with pytest.raises(ConfigError, match=where):
        planned(**{"factors": {"grid.households": [200, 300]}, **keys})


def test_a_note_of_how_a_folder_stands_that_is_damaged_is_no_answer(sweep, tmp_path):
    write(tmp_path)
    sweep()
    note = Path("results/mine/up_to_date.json")
    for text in ("", "[]", json.dumps({"request": 1}), note.read_text().replace('"sentences"', '"sentenses"')):
        note.write_text(text)
        assert "Nothing was simulated" in sweep()
        assert json.loads(note.read_text())["sentences"]


def test_a_folder_that_an_earlier_version_wrote_is_made_again(sweep, tmp_path):
    write(tmp_path)
    sweep()
    note = Path("results/mine/up_to_date.json")
    plain = json.loads(note.read_text())
    (note.parent / "old.csv").write_text("a\n")
    plain = {"told" if key == "sentences" else key: value for key, value in plain.items()}
    earlier = note.with_name("standing.json")
    earlier.write_text(json.dumps({**plain, "files": {**plain["files"], "old.csv": "0"}}))
    note.unlink()
    assert "Nothing was simulated" in sweep()
    assert note.is_file()
    assert not earlier.exists()
    assert not (note.parent / "old.csv").exists()  # as one that this version would have left


def test_points_that_are_equal_share_their_rank(sweep, tmp_path):
    # households of a grid do not matter to the walk to the office: two pairs of equal points
    write(
        tmp_path,
        factors={"grid.households": [200, 300], "district.built_up_km2": [1, 4]},
        responses=["counter_wait_mean"],
        choose={"best": {"response": "walk", "smaller_is_better": True, "zone": 0.1}, "first": 2, "most": 3},
    )
    told = sweep()
    ranks = dict(table("ranking").filter(response="walk").select("point", "verdict").iter_rows())
    assert ranks == {"p0000": "best", "p0002": "best", "p0001": "not best", "p0003": "not best"}
    assert "The search for the least walk chose grid.households=200" in told


def test_which_way_is_better_is_that_of_the_measure_or_has_to_be_said(sweep, tmp_path):
    write(tmp_path, choose={"best": {"response": "visits_done", "zone": 0.001}, "first": 2, "most": 2})
    assert "The search for the greatest home visits done chose " in sweep()
    write(tmp_path, "other", choose={"best": {"response": "dispatch_p50", "zone": 0.001}})
    assert "study.choose.best.smaller_is_better must be given (true or false)" in sweep("study=other", status=2)
    assert not (tmp_path / "results/other").exists()


def test_a_tornado_of_a_measure_has_no_effect_to_speak_of(sweep, tmp_path):
    write(tmp_path, design="one_at_a_time")
    told = sweep()
    assert "its sign" not in told.lower()
    svg = (tmp_path / "results/mine/charts/tornado_counter_wait_mean.svg").read_text(encoding="utf-8")
    assert "no effect" not in svg
    assert "too small to matter" not in svg


def test_files_of_a_study_that_are_not_as_they_were_left_are_told_and_made_again(sweep, tmp_path):
    write(tmp_path)
    sweep()
    summary = Path("results/mine/summary.csv")
    before = summary.read_bytes()
    summary.write_bytes(before[:20])
    Path("results/mine/charts/curve_counter_wait_mean.svg").unlink()
    told = sweep()
    assert "summary.csv has changed since it was written" in told
    assert "charts/curve_counter_wait_mean.svg has changed since it was written" in told
    assert summary.read_bytes() == before
    assert Path("results/mine/charts/curve_counter_wait_mean.svg").exists()


def test_charts_say_where_overload_leaves_no_verdict(sweep, tmp_path):
    base = {**BASE, "demand.counter_per_resident_year": 20}  # residents pile up too, and not paper alone
    write(tmp_path, base=base, responses=["on_time"], baseline={"grid.households": 200})
    sweep()
    assert table("effects")["verdict"].to_list() == ["withheld"]
    words = json.loads(Path("results/mine/study.json").read_text(encoding="utf-8"))
    assert (
        "At 1 point or their baseline too many requests of a measure go to staff who cannot"
        in words["texts"]["en"]["footer"]
    )


def test_charts_call_factors_by_words_and_tables_by_their_paths(sweep, tmp_path):
    write(tmp_path)
    sweep()
    svg = Path("results/mine/charts/curve_counter_wait_mean.svg").read_text(encoding="utf-8")
    assert "households of a grid (grid.households)" in svg
    assert "grid.households" in table("design").columns
