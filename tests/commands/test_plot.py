import json
import os
import re
import shutil

import polars as pl
import pytest
from setups import studies
from setups.commands import TINY, refused, wangge
from setups.contents import contents
from setups.district import tiny as tiny_pilot

from sim import config
from sim.errors import StoreError
from sim.store.store import Store
from sim.study import redraw, replication, replications
from sim.study.comparison import redraw as kept
from sim.study.comparison.comparison import KEPT
from sim.study.design import prepared_all


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plot")
    command = ("compare", "pilots=[three_level,three_level_all_down]", "structure.communities=2", *TINY)
    done = wangge(folder, *command, "name=two")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def charts(made):
    """Return the names of the charts of the run."""
    return set(kept.names_of(prepared_all(kept.pilots_of(Store.open_existing(made / "results/two")))))


@pytest.fixture
def results(made, tmp_path):
    shutil.copytree(made / "results", tmp_path / "results")
    return tmp_path / "results" / "two"


def test_compare_and_plot_give_the_same_bytes_by_name_and_by_path(made, tmp_path, charts):
    before = contents(made / "results/two")
    drawn = {f"charts/{name}.svg" for name in charts}
    assert drawn == {name for name in before if name.startswith("charts")}
    moved = tmp_path / "elsewhere"
    shutil.copytree(made / "results/two", moved)
    shutil.rmtree(moved / "charts")  # they are drawn from the final tables: the replications are not moved with them
    done = wangge(tmp_path, "plot", str(moved))
    assert done.returncode == 0, done.stderr
    assert all(name in " ".join(done.stdout.split()) for name in charts)
    assert contents(moved) == before
    assert wangge(made, "plot", "two").returncode == 0
    assert contents(made / "results/two") == before
    assert wangge(made, "plot", "results/two", "map=patrols_done").returncode == 0
    assert contents(made / "results/two") == before


def test_charts_are_drawn_of_a_size_and_in_formats(results, charts):
    done = wangge(results.parents[1], "plot", "two", "size=column", "formats=[pdf,png]")
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith("(PDF and PNG)")
    page = (results / "charts/slide.pdf").read_bytes()
    (box,) = re.findall(rb"/MediaBox \[([\d. ]+)\]", page)
    assert float(box.split()[2]) == pytest.approx(3.5 * 72)
    drawn = {path.stem for path in (results / "charts").glob("*.pdf")}
    assert drawn == charts


def test_pilots_are_kept_whole_and_are_read_back(made):
    pilots = kept.pilots_of(Store.open_existing(made / "results/two"))
    assert [p.name for p in pilots] == ["three_level", "three_level_all_down"]
    assert pilots[0].title == "three levels (reform)"
    assert pilots[0].run.replications == 2
    a_pilot = tiny_pilot("four_level")
    assert config.load(a_pilot.model_dump(mode="json")) == a_pilot
    assert replications.identity([a_pilot])["pilots"] == [replications.matters(a_pilot.model_dump(mode="json"))]


def test_every_table_of_a_replication_is_kept_and_every_chart_has_its_table():
    tables, _ = replication.simulate(tiny_pilot(), 0)
    assert set(tables) == set(KEPT) >= set(kept.NEEDED)
    for name, columns in kept.NEEDED.items():
        assert set(columns) <= set(tables[name].columns)


def test_any_measure_that_is_kept_by_place_can_be_mapped_and_no_other_chart_is_touched(results):
    before = contents(results)
    done = wangge(results.parents[1], "plot", "two", "map=trips")
    assert done.returncode == 0, done.stderr
    assert ": map_trips (SVG)" in done.stdout
    after = contents(results)
    svg = after.pop("charts/map_trips.svg").decode()
    assert b"map_trips" in after.pop("drawn.json")
    del before["drawn.json"]
    assert after == before
    assert "Trips to an office, across today's communities" in svg
    assert "configs/evidence.yaml" in svg


def test_a_map_of_what_is_not_kept_by_place_is_one_paragraph_and_nothing_is_touched(results):
    before = contents(results)
    told = refused(results.parents[1], "plot", "two", "map=tripps")
    assert "map must be a measure that these results keep by community or grid (did you mean trips" in told
    assert "patrols_done" in told
    assert told.endswith("got tripps\n")
    told = refused(results.parents[1], "plot", "two", "map=trips", "map=found")
    assert told == "wangge: map must be given at most once, got trips found\n"
    assert contents(results) == before


def test_the_districts_of_a_province_have_no_one_map_but_an_organisation(tmp_path):
    assert wangge(tmp_path, "run", "pilot=four_level", "name=many", "district.copies=2", *TINY).returncode == 0
    drawn = {path.stem for path in (tmp_path / "results/many/charts").iterdir()}
    assert "organisation_four_level" in drawn
    assert not any(name.startswith("map_") for name in drawn)
    assert "One of 2 districts like it." in (tmp_path / "results/many/charts/organisation_four_level.svg").read_text()
    told = refused(tmp_path, "plot", "many", "map=trips")
    assert "got trips: they keep none so (replications have places of their own unless" in told


def test_one_pilot_needs_no_differences(tiny, tmp_path):
    shutil.copytree(tiny[0] / "results/one", tmp_path / "results/one")
    before = contents(tmp_path / "results/one")
    assert "charts/differences.svg" not in before
    assert wangge(tmp_path, "plot", "one").returncode == 0
    assert contents(tmp_path / "results/one") == before


@pytest.mark.parametrize("missing", ["pilots.json", "persons.parquet", "comparison.parquet"])
def test_what_is_missing_is_named_and_nothing_is_touched(results, missing):
    (results / missing).unlink()
    before = contents(results)
    told = refused(results.parents[1], "plot", "two")
    assert f"must hold what its charts are drawn from, but has no {missing}: its run did not finish, " in told
    assert "Run the command that made it again" in told
    assert contents(results) == before


def test_all_that_is_missing_is_named_at_once(results):
    for name in ("flows", "queues"):
        (results / f"{name}.parquet").unlink()
    with pytest.raises(StoreError, match=r"has no flows\.parquet, queues\.parquet: "):
        redraw.draw(Store.open_existing(results))


def test_tables_of_other_replications_columns_or_bytes_are_refused(results):
    store = Store.open_existing(results)
    tables = {name: pl.read_parquet(results / f"{name}.parquet") for name in ("equity", "comparison", "queues")}
    queues = tables["queues"]
    before = contents(results / "charts")
    for name, table, told in (
        (
            "queues", queues.filter(replication=0),
            r"must be of 2 replications of each of 2 pilots, got 2 in all: its last run did",
        ),
        ("queues", queues.drop("number"), "must have the columns number: an earlier version made it"),
        ("equity", tables["equity"].drop("cause"), "must have the columns cause: an earlier version made it"),
        ("comparison", tables["comparison"].drop("cause"), "must have the columns cause: an earlier version made it"),
    ):  # fmt: skip
        store.write_table(name, table)
        with pytest.raises(StoreError, match=rf"{name}\.parquet .* {told}"):
            redraw.draw(store)
        store.write_table(name, tables[name])
    store.write_bytes("queues.parquet", b"PAR1")
    with pytest.raises(StoreError, match=r"queues\.parquet .* is damaged or was not written by wangge"):
        redraw.draw(store)
    assert contents(results / "charts") == before


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("measures", pl.lit("nonsense").alias("group"), "must have the group all in its column group, and has not"),
        ("measures", pl.lit(3).alias("group"), "must have texts in its column group, and has not: it is damaged"),
        ("measures", pl.lit("many").alias("value"), "must have numbers in its column value, and has not"),
        ("queues", pl.lit("x").alias("number"), "must have numbers in its column number, and has not"),
        ("comparison", pl.lit("yes").alias("higher_is_better"), "must have true or false in its column higher_is_be"),
        ("equity", pl.lit(1.5).alias("cause"), "must have texts in its column cause, and has not"),
    ],
)
def test_a_table_with_other_values_is_told_by_file_and_column(results, name, change, told):
    store = Store.open_existing(results)
    store.write_table(name, pl.read_parquet(results / f"{name}.parquet").with_columns(change))
    with pytest.raises(StoreError) as caught:
        redraw.draw(store)
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"{name}.parquet in ")


@pytest.mark.parametrize("error", [ValueError("measures must have groups"), KeyError("all"), TypeError("not 'str'")])
def test_what_drawing_raises_is_told_without_a_word_of_python(results, monkeypatch, error):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr(kept, "drawings", fails)
    with pytest.raises(StoreError, match=r"and cannot be drawn: they are damaged or were edited\. No chart") as caught:
        redraw.draw(Store.open_existing(results))
    assert "Error" not in str(caught.value)
    assert str(error.args[0]) not in str(caught.value)


def edited(plain):
    plain["pilots"][0]["grid"]["households"] += 1
    return plain


@pytest.mark.parametrize("change", [edited, lambda plain: {"pilots": 3}, lambda plain: {}, lambda plain: []])
def test_pilots_that_are_not_those_of_the_manifest_are_refused(results, change):
    plain = change(json.loads((results / "pilots.json").read_text()))
    (results / "pilots.json").write_text(json.dumps(plain))
    with pytest.raises(StoreError, match=r"pilots\.json in .* must be what was run there, but is damaged, was edited"):
        redraw.draw(Store.open_existing(results))


def test_results_of_another_model_say_of_which(results, monkeypatch):
    monkeypatch.setattr("sim.study.comparison.redraw.MODEL_VERSION", "4711")
    with pytest.raises(StoreError, match=r"must be of model 4711, which this version .*, but is of model .\d+."):
        redraw.draw(Store.open_existing(results))


@pytest.mark.parametrize(
    ("made_by", "shown"),
    [
        ("\x1b[2J", 'but is of model "\\u001b[2J". No chart'),
        (3, "identity.model_version must be a text of at most 40 letters, got 3"),
        ("9" * 5000, f"identity.model_version must be a text of at most 40 letters, got '{'9' * 56}..."),
    ],
    ids=["an escape sequence", "a number", "a long text"],
)
def test_a_version_of_a_model_that_there_is_not_is_shown_as_text_and_cut_short(tmp_path, made_by, shown):
    with pytest.raises(StoreError) as told:
        redraw.draw(Store.open(tmp_path / "mine", {"pilots": [], "model_version": made_by}, {}))
    assert shown in str(told.value)


def test_a_title_is_only_text_in_every_chart(results):
    plain = json.loads((results / "pilots.json").read_text())
    plain["pilots"][0]["title"] = "<script>alert(1)</script> $x^2$"  # a title is no part of a study
    (results / "pilots.json").write_text(json.dumps(plain))
    redraw.draw(Store.open_existing(results))
    for chart in ("workload", "map_patrols_done", "organisation_three_level"):
        svg = (results / f"charts/{chart}.svg").read_text()
        assert "<script" not in svg
        assert "&lt;script&gt;alert(1)&lt;/script&gt; $x^2$" in svg


def test_folders_of_other_kinds_have_no_charts_to_draw(tmp_path):
    assert wangge(tmp_path, "run", "network=mmc", "replications=2", "workers=1").returncode == 0
    told = refused(tmp_path, "plot", "run-mmc")
    assert "holds a queueing network, which has no charts: its measures are in summary.md" in told
    Store.open(tmp_path / "results/other", {"cases": {}}, {})
    told = refused(tmp_path, "plot", "other")
    assert "holds none: wangge bench, explain and validate draw their own charts" in told


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "plot must be given the name or path of one results folder (wangge plot compare), got nothing"),
        (("a", "b"), "plot must be given the name or path of one results folder (wangge plot compare), got a b"),
        (("name=a",), "one results folder (wangge plot compare), got name=a"),
        (("nowhere",), "plot must be given a name under results/ or the path of a results folder, got nowhere"),
        (("a", "size=poster"), "size must be one of slide, page, column, got poster"),
        (("a", "size="), "size must be one of slide, page, column, got nothing"),
        (("a", "size=page", "size=slide"), "size must be given at most once, got page and slide"),
        (("a", "formats=[pdff]"), "png, svg, pdf, each once (did you mean pdf?), got pdff"),
        (("a", "formats="), "formats must be one or more of png, svg, pdf, each once, got none"),
        (("a", "formats=png,png"), "formats must be one or more of png, svg, pdf, each once, got png, png"),
        (("empty",), "empty must be the results folder of a study, but has no manifest.json"),
    ],
)
def test_a_mistake_is_one_paragraph(tmp_path, arguments, text):
    (tmp_path / "empty").mkdir()
    assert text in refused(tmp_path, "plot", *arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_help_says_what_plot_draws_from(tmp_path):
    assert re.search(r"^  plot +redraw every chart", wangge(tmp_path, "--help").stdout, re.MULTILINE)
    assert "nothing is simulated" in wangge(tmp_path, "plot", "--help").stdout


def test_replications_that_an_earlier_program_kept_with_fewer_tables_are_run_again(results):
    store = Store.open_existing(results)
    key = store.key("three_level")
    tables, facts = store.archive.read_all(key, 1)
    del tables["persons"]
    store.archive.set_aside(key, 1, "is outdated")
    store.archive.keep(key, 1, tables, facts)
    before = contents(results)
    command = ("compare", "pilots=[three_level,three_level_all_down]", "structure.communities=2", *TINY, "name=two")
    done = wangge(results.parents[1], *command)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "1 kept replication lacks what this version measures (table persons): it is run again." in said
    assert "3 of 4 replications were kept already." in said
    after = contents(results)
    assert {name: data for name, data in after.items() if name.endswith(".parquet")} == {
        name: data for name, data in before.items() if name.endswith(".parquet")
    }


def test_a_table_that_was_edited_is_told_and_not_drawn(results):
    before = contents(results / "charts")
    queues = pl.read_parquet(results / "queues.parquet")
    queues.with_columns(pl.col("number") * 2).write_parquet(results / "queues.parquet")
    told = refused(results.parents[1], "plot", "two")
    assert "queues.parquet in " in told
    assert "must be what the last run that finished wrote there, but is damaged, was edited, or is of a run" in told
    assert contents(results / "charts") == before


def test_results_of_an_earlier_version_that_noted_no_digests_are_drawn(results):
    content = json.loads((results / "manifest.json").read_text())
    for run in content["runs"].values():
        del run["tables"]
    (results / "manifest.json").write_text(json.dumps(content))
    assert wangge(results.parents[1], "plot", "two").returncode == 0


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studied")
    studies.write(folder, factors={"grid.households": [200, 300]})
    done = wangge(folder, "sweep", *studies.OWN, "study=mine", "workers=1", "name=small")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("how", ["edited", "unfinished"])
def test_a_study_whose_tables_are_not_those_of_one_finished_run_is_told_and_not_drawn(studied, tmp_path, how):
    shutil.copytree(studied / "results", tmp_path / "results")
    folder = tmp_path / "results/small"
    before = contents(folder / "charts")
    if how == "edited":
        name = json.loads((folder / "study.json").read_text())["tables"][0]
        pl.read_parquet(folder / f"{name}.parquet").reverse().write_parquet(folder / f"{name}.parquet")
        rule = f"{name}.parquet in {folder} must be what the last run that finished wrote there"
    else:
        Store.open(folder, Store.open_existing(folder).identity, {"command": []}, keys=Store.open_existing(folder).keys)
        rule = f"{folder} must hold a finished study, but its last run did not finish"
        assert "unfinished" in wangge(tmp_path, "status").stdout
    told = refused(tmp_path, "plot", "small")
    assert rule in told
    assert contents(folder / "charts") == before


IN_PLACE = {
    "pipe": os.mkfifo, "folder": lambda path: path.mkdir(), "link": lambda path: path.symlink_to("nothing"),
}  # fmt: skip


@pytest.mark.parametrize("kind", IN_PLACE)
def test_what_stands_in_the_place_of_a_file_that_charts_are_drawn_from_is_told_as_what_it_is(made, tmp_path, kind):
    shutil.copytree(made / "results/two", tmp_path / "results/two")
    for name in ("pilots.json", "measures.parquet"):
        path = tmp_path / "results/two" / name
        data = path.read_bytes()
        path.unlink()
        IN_PLACE[kind](path)
        assert f"results/two/{name} must be a regular file, got a {kind}. Nothing was" in refused(
            tmp_path, "plot", "two"
        )
        path.rmdir() if kind == "folder" else path.unlink()
        path.write_bytes(data)


def compared(folder, *more):
    """Return what a command says that compares the two designs in this folder, whose replications are kept."""
    command = ("compare", "pilots=[three_level,three_level_all_down]", "structure.communities=2", *TINY, "name=two")
    done = wangge(folder, *command, *more)
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())


def test_charts_whose_tables_did_not_change_are_not_drawn_again_but_what_is_missing_or_edited(results, charts):
    before = contents(results)
    folder = results.parents[1]
    times = {path: path.stat().st_mtime_ns for path in (results / "charts").iterdir()}
    assert f"No chart is drawn again: {len(charts)} charts of these very tables are there." in compared(folder)
    assert {path: path.stat().st_mtime_ns for path in (results / "charts").iterdir()} == times
    (results / "charts/flows.svg").unlink()
    (results / "charts/queues.svg").write_text("edited")
    assert f"Drawing 2 charts ...; {len(charts) - 2} of these very tables are there" in compared(folder)
    after = contents(results)
    assert {name: data for name, data in after.items() if name != "manifest.json"} == {
        name: data for name, data in before.items() if name != "manifest.json"
    }


def test_a_comparison_keeps_its_charts_in_the_formats_and_at_the_size_that_are_asked_for(results):
    folder = results.parents[1]
    shutil.rmtree(results / "charts")
    compared(folder, "only=[flows]", "formats=[svg,png]", "size=column")
    assert {path.name for path in (results / "charts").iterdir()} == {"flows.svg", "flows.png"}
    assert (results / "charts/flows.png").read_bytes().startswith(b"\x89PNG")
    told = refused(folder, "compare", "formats=[gif]")
    assert told.startswith("wangge: formats.0 must be one of 'png', 'svg' or 'pdf', got")


@pytest.mark.parametrize("words", [("run", "pilot=four_level"), ("sweep", "study=ab_order")])
def test_every_command_that_draws_takes_formats_and_a_size(tmp_path, words):
    done = wangge(tmp_path, *words, "formats=[pdf]", "size=slide", "--cfg", "job")
    assert done.returncode == 0, done.stderr


def test_only_the_charts_that_are_named_are_drawn_and_none_is_left_of_other_tables(results):
    folder = results.parents[1]
    shutil.rmtree(results / "charts")
    assert "No chart is drawn (charts=false)." in compared(folder, "charts=false")
    assert not list(results.glob("charts/*"))
    assert "Drawing 3 charts ..." in compared(folder, "only=[flows,organisation]")
    three = {"flows", "organisation_three_level", "organisation_three_level_all_down"}
    assert {path.stem for path in (results / "charts").iterdir()} == three
    drawn = json.loads((results / "drawn.json").read_text())
    drawn["from"] = "other tables"
    (results / "drawn.json").write_text(json.dumps(drawn))
    assert "No chart is drawn (charts=false)." in compared(folder, "charts=false")
    assert not list(results.glob("charts/*"))
    assert json.loads((results / "drawn.json").read_text())["charts"] == {}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ("only=[flow]",),
            "only must name charts of slide, plane, differences, load, ",
        ),
        (("only=[flows]", "charts=false"), "only must be left out where charts=false, got flows"),
        (("charts=some",), "charts must be true or false"),
    ],
)
def test_charts_that_are_not_there_are_refused_before_anything_is_run(tmp_path, arguments, text):
    assert text in refused(tmp_path, "compare", "pilots=[four_level,four_level_better]", *TINY, *arguments)
    assert not list(tmp_path.iterdir())


def test_the_names_of_charts_are_known_before_there_are_tables(made):
    store = Store.open_existing(made / "results/two")
    designs = prepared_all(kept.pilots_of(store))
    assert kept.names_of(designs) == list(kept.drawings(designs, kept.tables_of(store, kept.pilots_of(store))))
