"""What the door gives back: verdicts and measures, charts, and what a prompt and a notebook show of them."""

import base64
import contextlib
import copy
import io
import pickle
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest
from IPython.core.formatters import DisplayFormatter
from rich.console import Console
from setups.district import tiny
from setups.figures import NASTY
from setups.own_measures import nothing, steps_by_outcome, waits
from setups.studies import BASE

import sim
from sim.district import place
from sim.journeys.follow import Journeys
from sim.measures.dictionary import DEFINITIONS, ONLY_WHERE_OBSERVED
from sim.report import notebook
from sim.store.archive import Archive
from sim.store.layout import ARCHIVE
from sim.store.store import Store
from sim.study import network_run, replications
from sim.study.backend import backend
from sim.study.comparison.comparison import Comparison
from sim.study.findings.charting import Chart, in_brief
from sim.study.network_run import NetworkRun
from sim.study.own_district.new_district import new_district
from sim.study.own_measures import packed
from sim.study.sweep import Sweep

TAGS = {"table", "caption", "thead", "tbody", "tr", "th", "td", "p", "small", "img"}


class Seen(HTMLParser):
    """What a browser would see: the texts, the tags and the pictures of a piece of HTML."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.pictures = [], "", []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        assert {name for name, _ in attributes} <= {"style", "src", "alt"}
        if tag == "img":
            kind, _, data = dict(attributes)["src"].partition(";base64,")
            assert kind == "data:image/svg+xml"
            self.pictures.append(base64.b64decode(data).decode())

    def handle_data(self, data):
        self.text += f"{data}\n"


def seen(result):
    """Return what a notebook shows of a result, which must be text, tables and pictures and nothing else."""
    found = Seen(result._repr_html_())
    assert set(found.tags) <= TAGS
    for picture in found.pictures:
        assert picture.count("<script") == picture.count("<b>") == 0
    assert repr(result) == str(result)
    return found


def late(record):
    return np.mean(waits(record) > 30)


MEASURES = (
    sim.OwnMeasure("late", late, unit="share", label=NASTY[0], mid=0.05, touched=None),
    sim.OwnMeasure("steps", steps_by_outcome, unit="steps"),
    sim.OwnMeasure("nothing", nothing, mid=1, touched=None),
    sim.OwnMeasure("served", lambda record: (record.visits.outcome == 2).sum(), mid=10, higher_is_better=True),
)


def named(one, title):
    """Return a design with another title, whose comparison draws no maps: they take long."""
    plain = {"title": title, "report": one.report.model_copy(update={"maps": ()})}
    return one.model_copy(update=plain)


@pytest.fixture(scope="module")
def designs():
    busy = "demand.counter_per_resident_year=20"  # residents pile up, and not paper alone
    return [named(tiny("four_level", busy), NASTY[0]), named(tiny("three_level", busy), NASTY[1])]


@pytest.fixture(scope="module")
def found(designs, tmp_path_factory):
    """Return a comparison with measures of one's own; one replication was kept without two measures before."""
    folder = tmp_path_factory.mktemp("results")
    own = packed(MEASURES)
    tables, facts = sim.simulate(designs[0], measures=MEASURES)
    tables["measures"] = tables["measures"].filter(~pl.col("measure").is_in(["trips", "walk"]))
    Archive.open(folder / ARCHIVE).keep(replications.key(designs[0], own), 0, tables, facts)
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(said):
        comparison = sim.compare(designs, folder=folder / "mine", replications=2, measures=MEASURES, executor="serial")
    assert said.getvalue() == ""
    assert list(folder.rglob("earlier-*.zip"))
    assert comparison.notes == ("1 kept replication lacks what this version measures (trips, walk): it is run again.",)
    for one in comparison.designs.values():
        assert one.pilot is one.organisation.pilot
    return comparison


def test_a_measure_with_a_mid_is_judged_and_one_without_is_only_kept(found):
    rows = found.verdicts.filter(pl.col("measure").is_in([one.name for one in MEASURES]))
    assert rows["measure"].to_list() == ["late", "nothing", "served"]
    assert rows["label"].to_list() == [NASTY[0], "nothing", "served"]
    assert rows["mid"].to_list() == [0.05, 1, 10]
    assert rows["higher_is_better"].to_list() == [False, False, True]
    assert rows["verdict"][0] in ("better", "worse", "no material difference", "undecided")
    assert (rows["verdict"][1], rows["why"][1]) == ("withheld", "no observation under four_level and three_level")
    assert rows["verdict"][2] == "withheld"
    assert "go to an overloaded post" in rows["why"][2]  # as for any other measure, unless overload does not reach it
    steps = found.measures.filter(pl.col("measure") == "steps")
    assert set(steps["group"]) >= {"outcome:1", "outcome:2"}
    assert steps["value"].is_finite().all()


def test_the_values_of_a_comparison_are_those_of_its_replications(found, designs):
    alone, _ = sim.simulate(designs[1], 1, measures=MEASURES)
    mine = found.measures.filter(pilot="three_level", replication=1).drop("pilot", "replication")
    assert mine.equals(alone["measures"], null_equal=True)


FACE = """
district: {district}
targets:
  - {{label: wait, measure: counter_wait_mean, group: all, unit: minutes, low: 1, high: 2, seen: "1.5", source: a hall,
     pilot: today, why: ""}}
"""
A_WEEK = dict.fromkeys(("run.warm_up_weeks", "run.measured_weeks", "run.drain_weeks"), 1)


def test_a_folder_of_ones_own_and_the_choice_of_charts_are_heeded_as_by_the_command(designs, tmp_path):
    mine = tmp_path / "mine"
    assert new_district("mine", tmp_path) == mine
    evidence = (mine / "evidence.yaml").read_text("utf-8")
    (mine / "evidence.yaml").write_text(evidence.replace("base: 20000", "base: 21000"), "utf-8")
    both = [sim.pilot(name, A_WEEK, config_dir=mine) for name in ("today", "merged")]
    (mine / "face.yaml").write_text(FACE.format(district=both[0].district.name), "utf-8")
    options = {"executor": "serial", "replications": 1, "config_dir": mine}
    found = sim.compare(both, folder=tmp_path / "a", charts=False, **options)
    wrong = (
        "evidence.yaml must have the values of the configs beside it: its base of district.population is 21000, but "
    )
    assert any(note.startswith(wrong) for note in found.opening.notes)
    (face,) = (page for page in found.printed.pages if page.name == "face")
    assert "of 1 within their range" in " ".join(str(face.tables[0]).split())
    assert not (tmp_path / "a/charts").exists()
    found = sim.compare(both[0], folder=tmp_path / "b", only=["load"], formats=["png"], size="column", **options)
    assert [path.name for path in (tmp_path / "b/charts").iterdir()] == ["load.png"]
    assert "load" in found.charts


def test_no_measure_is_missing_of_a_replication_that_an_earlier_program_kept(found):
    pairs = found.measures.select("pilot", "replication", "measure").unique()
    for name in {*DEFINITIONS, *(one.name for one in MEASURES)} - ONLY_WHERE_OBSERVED:
        assert len(pairs.filter(measure=name)) == 4, name
    shown = found.verdicts.filter(pl.col("measure") == "trips")
    assert shown["baseline_mean"].is_finite().all()


def test_a_comparison_builds_each_place_once(found, designs, monkeypatch):
    built, within = [], place._within
    monkeypatch.setattr(
        place, "_within", lambda borders, *rest, **options: built.append(borders) or within(borders, *rest, **options)
    )
    sim.compare(designs, folder=found.folder, replications=2, measures=MEASURES, executor="serial", progress=False)
    assert len(built) == len(set(built)) > 0


def test_a_chart_is_drawn_by_its_name_and_another_name_is_told(found):
    assert found.charts[:2] == ("slide", "differences")
    assert found.chart("differences").get_size_inches().min() > 1
    with pytest.raises(
        sim.ConfigError, match=r"^chart must be one of slide, differences, .* \(did you mean differences\?\), go"
    ):
        found.chart("difference")


def test_a_notebook_shows_a_chart_that_is_drawn_by_its_name(found, designs):
    for chart in (found.chart("turnaround"), sim.journey(designs, request=5).chart()):
        shown, _ = DisplayFormatter().format(chart)
        assert shown["image/png"].startswith(b"\x89PNG")


def test_what_was_known_before_a_simulation_is_shown_as_tables_and_notes(found):
    text = str(found.opening)
    assert text.index("Work, thousand hours a year") < text.index("Heads by level") < text.index("Load before anything")
    assert f"- {found.opening.notes[0]}" in text.splitlines()
    shown = seen(found.opening)
    assert shown.tags.count("table") == 3
    assert found.opening.notes[0] in shown.text


def test_a_table_that_is_read_shows_itself_as_text_and_as_html(found):
    assert repr(found.means) == str(found.means) == found.means.to_text()
    assert "<table>" in found.means._repr_html_()


def test_a_design_alone_has_a_table_of_verdicts_with_every_column_and_no_row(found, designs, tmp_path):
    alone = sim.compare(designs[0], folder=tmp_path / "one", replications=1, executor="serial", progress=False)
    assert alone.verdicts.filter(measure="trips").is_empty()
    assert alone.verdicts.schema == found.verdicts.schema


def test_a_notebook_shows_a_comparison_and_no_markup_of_a_title_gets_through(found):
    shown = seen(found)
    assert "Means by pilot, with verdicts against four_level" in shown.text
    assert NASTY[0] in shown.text
    assert len(shown.pictures) == 3
    for picture, words in zip(shown.pictures, ("working days", "Differences", "communit"), strict=True):
        assert "<svg" in picture
        assert words.lower() in picture.lower()
    assert "&lt;script&gt;" in shown.pictures[1]
    assert str(found).startswith("Means by pilot, with verdicts against four_level")


def test_charts_that_would_make_a_notebook_too_large_are_left_out(monkeypatch):
    small, large = b"<svg>small</svg>", b"<svg>%s</svg>" % (b"large" * 1000)
    monkeypatch.setattr(notebook, "MOST_BYTES", 3000)
    assert Seen(notebook.as_html([], (), [large, small, small])).pictures == [small.decode()] * 2


def test_of_each_kind_of_chart_a_study_shows_that_of_its_first_response():
    kept = [
        Chart(f"{kind}_{response}".strip("_"), kind, response, str)
        for kind, response in (
            ("curve", "p50_served"), ("curve", "p50"), ("heat", "p50"), ("main_effects", "trips"), ("warm_up", "")
        )
    ]  # fmt: skip
    assert [one.name for one in in_brief(kept, ["p50", "p50_served"])] == [
        "main_effects_trips", "curve_p50", "heat_p50", "warm_up",
    ]  # fmt: skip
    assert in_brief([], ["trips"]) == []


def test_a_notebook_shows_journeys_and_no_markup_of_a_title_gets_through(designs):
    journeys = sim.journey(designs, request=5)
    shown = seen(journeys)
    assert f"{NASTY[0]}: request 5" in shown.text
    assert NASTY[1] in shown.text
    assert len(shown.pictures) == 1
    assert list(journeys.rows["pilot"].unique(maintain_order=True)) == ["four_level", "three_level"]


def test_a_notebook_shows_a_study_and_no_markup_of_a_label_gets_through(tmp_path):
    study = {
        "title": NASTY[0], "pilots": ["four_level"], "base": BASE, "responses": ["trips"],
        "design": {"kind": "points", "points": {"<i>small</i>": {"grid.households": 200}, "|b|": {"run.seed": 2}}},
        "precision": {"replications": 1},
    }  # fmt: skip
    first = sim.sweep(study, folder=tmp_path / "results/mine", executor="serial")
    written = (first.folder / "summary.csv").stat().st_mtime_ns
    again = sim.sweep(study, folder=tmp_path / "results/mine", executor="serial")
    assert (again.folder / "summary.csv").stat().st_mtime_ns == written
    assert first._repr_html_() == again._repr_html_()
    shown = seen(again)
    assert "<i>small</i>" in shown.text
    assert "trips of a resident (per request)" in shown.text
    assert len(shown.pictures) == len(again.charts)


def test_a_study_draws_a_chart_by_its_name_and_tells_of_another_name_of_chart_or_table(tmp_path):
    study = {
        "title": "t", "pilots": ["four_level"], "base": BASE, "responses": ["walk"],
        "factors": {"grid.households": [200, 300]}, "design": "grid", "precision": {"replications": 2},
    }  # fmt: skip
    found = sim.sweep(study, folder=tmp_path / "mine", executor="serial", progress=False)
    assert found.charts == ("curve_walk",)
    assert (found.folder / "charts/curve_walk.svg").exists()
    assert found.chart("curve_walk")._repr_png_().startswith(b"\x89PNG")
    assert len(seen(found).pictures) == 1
    for name in ("surface", 3):
        with pytest.raises(sim.ConfigError, match=rf"^chart must be one of curve_walk, got {name!r}$"):
            found.chart(name)
    for name, hint in (("sumary", r" \(did you mean summary\?\)"), ("tornado", ""), ("../x", ""), (3, "")):
        with pytest.raises(sim.ConfigError, match=rf"^table must be one of .*summary.*{hint}, got {name!r}$"):
            found.read(name)


def test_a_design_shows_itself_in_three_lines_and_no_markup_of_a_title_gets_through():
    design = named(tiny("three_level", "run=quick"), NASTY[0])
    lines = repr(design).splitlines()
    assert lines[0] == f"three_level: {NASTY[0]}"
    run, heads = design.run, design.staffing
    assert lines[1] == (
        f"levels: community, district; communities: {design.n_communities}; heads: "
        f"{heads.community_heads + heads.street_heads + heads.district_heads}; run: "
        f"{run.warm_up_weeks} + {run.measured_weeks} + {run.drain_weeks} weeks, {run.replications} replications"
    )
    assert lines[2] == "One knob: .grid.households; a group: .grid; all of them: .model_dump()"
    assert NASTY[0] in seen(design).text


def test_a_network_shows_itself_in_three_lines():
    plan = sim.network("mmc")
    assert repr(plan) == str(plan)
    assert repr(plan).splitlines()[0] == "stations: desk; servers: clerk; classes: customer"
    assert len(repr(plan).splitlines()) == 3


def change(design):
    design.name = "x"


def change_a_knob(design):
    design.grid.households = 300


def take_out(design):
    del design.title


@pytest.mark.parametrize(("changing", "said"), [
    (change, "name must stay as it is, as Pilot is frozen (another design is made by its knobs, as sim.pilot("),
    (change_a_knob, "households must stay as it is, as Grid is frozen (another design is made by its knobs"),
    (take_out, "title must stay there, as Pilot is frozen"),
])  # fmt: skip
def test_a_design_cannot_be_changed_and_says_how_another_is_made(changing, said):
    with pytest.raises(sim.ConfigError) as told:
        changing(tiny())
    assert str(told.value).startswith(said)
    assert "pydantic" not in str(told.value)


def bare():
    return sim.make_network(stations={}, duties={}, servers={}, requests={}, steps={})


SEALED = {
    "a network of a file": lambda: (sim.network("mmc"), "horizon"),
    "its station": lambda: (sim.network("mmc").stations["desk"], "room"),
    "its law": lambda: (sim.network("mmc").classes["customer"].route[0].service, "mean"),
    "what it lacks": lambda: (sim.network("mmc"), "nothing"),
    "a network of arrays": lambda: (bare(), "steps"),
    "its steps": lambda: (bare().steps, "work"),
    "a record": lambda: (sim.run(bare(), 4, engine="reference")[0], "end"),
    "its spells": lambda: (sim.run(bare(), 4, engine="reference")[1], "end"),
    "a measure": lambda: (sim.OwnMeasure("mine", nothing), "mid"),
    "a comparison": lambda: (object.__new__(Comparison), "notes"),
    "a study": lambda: (object.__new__(Sweep), "notes"),
    "measures of a network": lambda: (object.__new__(NetworkRun), "notes"),
    "journeys": lambda: (object.__new__(Journeys), "each"),
}


@pytest.mark.parametrize("what", SEALED)
def test_nothing_that_is_frozen_can_be_changed_and_it_says_what_to_do_instead(what):
    one, name = SEALED[what]()
    before, kind = dict(vars(one)), type(one).__name__
    with pytest.raises(sim.ConfigError) as told:
        setattr(one, name, 3)
    assert re.fullmatch(rf"{name} must stay as it is, as {kind} is frozen \(.*\), got 3", str(told.value))
    with pytest.raises(sim.ConfigError) as told:
        delattr(one, name)
    assert re.fullmatch(rf"{name} must stay there, as {kind} is frozen \(.*\), got del", str(told.value))
    assert vars(one) == before


def test_a_changed_copy_of_a_network_is_made_as_ever():
    plan, network = sim.network("mmc"), bare()
    assert plan.model_copy(update={"replications": 3}).replications == 3
    assert pickle.loads(pickle.dumps(plan)) == copy.deepcopy(plan) == plan
    assert replace(network, steps=network.steps).steps is network.steps
    for engine in ("compiled", "reference"):
        visits, _ = sim.run(replace(network, steps=network.steps), 4, engine=engine)
        assert visits.end.tolist() == sim.run(network, 4, engine=engine)[0].end.tolist()


def test_a_copy_of_a_network_with_tables_that_are_none_is_refused_before_an_engine_reads_it():
    network = sim.make_network(
        stations={"site": [-1]},
        duties={"first": [0, 1], "longest": [0], "station": [0], "rank": [0]},
        servers={"first": [0, 1], "changeover": [0], "open": [0], "close": [100], "duty": [0]},
        requests={"first": [0, 1], "begin": [2]},
        steps={"station": [0], "work": [5]},
    )
    assert sim.run(replace(network, steps=network.steps), 50)[0].end.tolist() == [7]
    far = replace(network.steps, station=np.full_like(network.steps.station, 99))
    for changed, said in (
        ({"steps": None}, "steps must be a mapping of columns to whole numbers, got None"),
        ({"steps": far}, "steps.station must be"),
        ({"requests": replace(network.requests, begin=None)}, "requests.begin must"),
    ):
        with pytest.raises(sim.NetworkError, match=f"^{said}"):
            sim.run(replace(network, **changed), 4)


def test_what_was_found_can_be_pickled_and_says_the_same(found):
    again = pickle.loads(pickle.dumps(found))
    assert str(again) == str(found)
    assert again.verdicts.equals(found.verdicts)
    assert again.opening._repr_html_() == found.opening._repr_html_()
    assert again.charts == found.charts


@pytest.mark.parametrize("keeps", [True, False])
def test_only_what_is_kept_is_said_to_be(tmp_path, keeps):
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    store = Store.open(tmp_path / "mine", {"network": {}}, {}) if keeps else None
    plan = sim.network("mmc").model_copy(update={"replications": 1})
    network_run.run(plan, "mmc", backend({"kind": "compiled"}, {"kind": "serial"}), store=store, console=console)
    verb = "kept" if keeps else "ran"
    assert f"1 of 1: {verb} replication 0 of mmc" in console.file.getvalue()


def test_a_notebook_shows_a_network_with_what_must_be_known_of_it():
    plan = sim.network({
        "time_unit": "minute", "horizon": 400, "warm_up": 100, "replications": 2, "stations": {"desk": {}},
        "servers": {"clerk": {"serves": ["desk"]}},
        "classes": {"customer": {
            "arrivals": {"law": "exponential", "mean": 1.0},
            "route": [{"station": "desk", "service": {"law": "exponential", "mean": 3.0}}],
        }},
    })  # fmt: skip
    run = sim.measure(plan)
    shown = seen(run)
    assert "pool:clerk was busy all the time" in shown.text
    assert "waiting_time" in shown.text
    assert shown.pictures == []
