"""Mistakes at the door: each is one paragraph with path, rule and value, and leaves nothing behind."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf
from setups.district import ALL_PILOTS, CONFIGS, tiny
from setups.studies import BASE

import sim
from sim import arguments as checks

STUDY = {
    "title": "Size", "pilots": ["four_level"], "base": BASE, "factors": {"grid.households": [200]}, "design": "grid",
    "responses": ["trips"],
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(call, *arguments, error=sim.ConfigError, **keys):
    """Return the message of a mistake."""
    with pytest.raises(sim.WanggeError) as caught:
        call(*arguments, **keys)
    assert isinstance(caught.value, error)
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 1200
    for foreign in ("hydra", "pydantic", "omegaconf", "search path", "multirun"):
        assert foreign not in text.lower()
    return text


PILOTS = f"pilot must be one of {', '.join(sorted(ALL_PILOTS))}"


@pytest.mark.parametrize(
    ("arguments", "keys", "said"),
    [
        (("four_levle",), {}, f"{PILOTS} (did you mean four_level or four_level_lines or four_level_better?), got "
         "'four_levle'"),
        (("",), {}, f"{PILOTS}, got ''"),
        (("four_level,merge_only",), {}, f"{PILOTS} (did you mean four_level_"),
        (("../pilot/four_level",), {}, f"{PILOTS} (did you mean four_level"),
        (("four_level",), {"run": "fast"}, "run must be one of quick, year, got 'fast'"),
        (("four_level", {"run": "quick"}), {}, "knobs must leave out run, which sim.pilot takes beside them, got"),
        (("four_level", {"pilot": "merge_only"}), {}, "knobs must leave out pilot, which sim.pilot takes beside them"),
        (("four_level", {"grid.housholds": 3}), {}, "grid.housholds is not a known key (did you mean grid.households"),
        (("four_level", {"grid.households": 3}), {}, "grid.households must be at least 10, got 3"),
        (("four_level", {"grid.households": "many"}), {}, 'grid.households must be a whole number, got "many"'),
        (("four_level", {"grid.households": None}), {}, "grid.households must be a whole number, got null"),
        (("four_level", {"grid.patrol_hours": np.nan}), {}, "grid.patrol_hours must be a finite number, got NaN"),
        (("four_level", {"grid.patrol_hours": {1, 2}}), {}, "grid.patrol_hours must be a number, a text, or a list"),
        (("four_level", {"roles": "abc"}), {}, "roles must be one of ab, dedicated, generalist, lines"),
        (("four_level", {"+grid.x": 1}), {}, "knobs must be named by their paths, as grid.households, got '+grid.x'"),
        (("four_level", {"a=1,b": 1}), {}, "knobs must be named by their paths, as grid.households, got 'a=1,b'"),
        (("four_level", {3: 1}), {}, "knobs must be named by their paths, as grid.households, got 3"),
        (("four_level",), {"called": "my town"}, "called must be a letter and at most 39 more letters"),
        (("four_level",), {"called": ""}, "called must be a letter and at most 39 more letters"),
        (("four_level",), {"config_dir": "nowhere"}, "config_dir must be a folder that exists, got nowhere"),
    ],
)  # fmt: skip
def test_a_pilot_that_there_is_not_is_told(arguments, keys, said):
    assert told(sim.pilot, *arguments, **keys).startswith(said)


def test_a_knob_takes_what_numpy_and_python_give():
    one = sim.pilot("four_level", {
        "grid.households": np.int64(300), "staffing.absence.share": np.float32(0.25), "roles": "ab",
        "demand.phone_weekday": (1, 1, 1, 1, 1, 0.5, 0), "demand.counter_weekday": np.ones(7),
        "title": "it's a \"town\", $x^2$ [of] {ours}",
    }, called="other")  # fmt: skip
    assert (one.grid.households, one.staffing.absence.share, one.roles.scheme) == (300, 0.25, "ab")
    assert one.demand.phone_weekday == (1, 1, 1, 1, 1, 0.5, 0)
    assert one.demand.counter_weekday == (1,) * 7
    assert (one.name, one.title) == ("other", 'it\'s a "town", $x^2$ [of] {ours} (other)')


A, B = tiny("four_level"), tiny("three_level")


@pytest.mark.parametrize(
    ("pilots", "keys", "said"),
    [
        ([], {}, "pilots must be at least one, got none"),
        ([A, B, A], {}, "pilots must have names of their own (sim.pilot(..., called=...)), got four_level twice"),
        (["four_level"], {}, "pilots must be designs that sim.pilot returns, got 'four_level'"),
        ([A, tiny("three_level", "run.seed=3")], {}, "run.seed must be the same under all pilots, so that they meet "
         "the same residents and are read alike, got 1 under four_level and 3 under three_level"),
        ([A, tiny("three_level", "run.drain_weeks=2")], {}, "run.drain_weeks must be the same under all pilots"),
        ([A, tiny("three_level", "run.replications=3")], {}, "run.replications must be the same under all pilots"),
        ([A, tiny("three_level", "district.population=7000")], {}, "district.population must be the same under all "
         "pilots, so that they meet the same residents, got 6000 under four_level and 7000 under three_level"),
        ([A, tiny("three_level", "mid.trips=0.5")], {}, "mid.trips must be the same under all pilots, so that they are "
         f"judged alike, got {A.mid.trips} under four_level and 0.5 under three_level"),
        ([A, tiny("three_level", "report.controls=false")], {}, "report.controls must be the same under all pilots, so "
         "that they are shown alike, got true under four_level and false under three_level"),
        ([A], {"replications": 0}, "replications must be at least 1, got 0"),
        ([A], {"replications": 2.5}, "replications must be a whole number, got 2.5"),
        ([A], {"replications": 10**9}, "replications must be at most 100000, got 1000000000"),
        ([A], {"workers": 10**9}, "executor.workers must be at most 10000, got 1000000000"),
        ([A], {"engine": "x"}, "engine.kind must be one of compiled, reference, got x"),
        ([A], {"engine": {"kind": "compiled", "block_weks": 3}}, "engine.block_weks is not a known key"),
        ([A], {"executor": "x"}, "executor.kind must be one of serial, local, dask, got x"),
        ([A], {"executor": {"kind": "dask", "address": "x"}}, "executor.address must be tcp://HOST:PORT"),
        ([A], {"workers": 0}, "workers must be at least 1, got 0"),
        ([A], {"workers": "two"}, "workers must be a whole number, got 'two'"),
        ([A], {"workers": 2, "executor": "serial"}, "workers must be left out where executor=serial, got 2"),
    ],
)  # fmt: skip
def test_a_comparison_that_cannot_be_is_told_and_leaves_nothing(folder, pilots, keys, said):
    assert told(sim.compare, pilots, folder="results/mine", **keys).startswith(said)
    assert not list(folder.iterdir())


def test_a_folder_that_holds_something_else_is_told_and_left_alone(folder):
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine")
    text = told(sim.compare, [A], folder="mine", executor="serial", error=sim.StoreError)
    assert "is not empty but holds no results (there is 'notes.txt' and no manifest.json)" in text
    text = told(sim.sweep, STUDY, folder="mine/notes.txt", executor="serial", error=sim.StoreError)
    assert "notes.txt cannot be used" in text
    assert Path("mine/notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("study", "keys", "said"),
    [
        ("grid_sizes", {}, "study must be one of ab_order, burden, cheapest, global, grid_size, screening"),
        ({"title": "x"}, {}, "study.pilots must be given, got nothing"),
        ({**STUDY, "responses": ["waits"]}, {}, "study.responses must name measures, or measure|group"),
        ({**STUDY, "base": {"grid.households": np.int64(3)}}, {}, "study.base.grid.households must be plain data"),
        ({**STUDY, "design": "gird"}, {}, "study.design must be one of 'grid', 'zip', 'lhs', 'sobol', 'indices', "
         "'one_at_a_time' or 'points' (did you mean grid?), got \"gird\""),
        ({**STUDY, "design": {"kind": "lhs"}}, {}, "study.design.n must be given for lhs"),
        ({**STUDY, "design": ["grid", "lsh"]}, {}, "study.design.1 must be one of 'grid', 'zip', 'lhs'"),
        ({**STUDY, "design": {}}, {}, "study.design.kind must be given, got nothing"),
        ({**STUDY, "design": 3}, {}, "study.design must be a mapping, got 3"),
        ({**STUDY, "design": None}, {}, "study.design must be a list, got null"),
        ({**STUDY, "evidence": [3]}, {}, "study.evidence.0 must be a text, got 3"),
        ({**STUDY, "evidence": ""}, {}, 'study.evidence must be a text of at least 1 characters, got ""'),
        (STUDY, {"config_dir": "nowhere"}, "config_dir must be a folder that exists, got nowhere"),
        (STUDY, {"knobs": {"grid.x": 1}}, "grid.x is not a known key (did you mean grid"),
        (STUDY, {"knobs": {"run.replications": 3}}, "run.replications must be left out, as the study says how many"),
        (STUDY, {"knobs": {"pilot": "merge_only"}}, "pilot must be left out, as the study names its pilots"),
        (STUDY, {"engine": "x"}, "engine.kind must be one of compiled, reference, got x"),
    ],
)  # fmt: skip
def test_a_study_that_cannot_be_is_told(folder, study, keys, said):
    assert told(sim.sweep, study, folder="results/mine", **{"executor": "serial", **keys}).startswith(said)
    assert not (folder / "results/mine").exists()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"only": ["turnarund"]}, "only must name charts of load, turnaround, "),
        ({"only": ["load", 3]}, "only must be a list of texts, got 3 in it"),
        ({"only": ["load"], "charts": False}, "only must be left out where charts=false, got load"),
        ({"formats": ["gif"]}, "formats must be one or more of png, svg, pdf, each once, got gif"),
        ({"formats": []}, "formats must be one or more of png, svg, pdf, each once, got none"),
        ({"size": "poster"}, "size must be one of slide, page, column, got poster"),
        ({"size": ""}, "size must be one of slide, page, column, got ''"),
        ({"config_dir": "nowhere"}, "config_dir must be a folder that exists, got nowhere"),
    ],
)
def test_charts_that_there_are_not_are_told(keys, said, folder):
    assert told(sim.compare, A, folder="results/mine", executor="serial", **keys).startswith(said)
    if "turnarund" not in keys.get("only", ()):
        assert told(sim.sweep, STUDY, folder="results/mine", executor="serial", **keys).startswith(said)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"request": -1}, "request must be at least 0, got -1"),
        ({"request": 10**6}, "request must be from 0 to "),
        ({"request": 1.5}, "request must be a whole number, got 1.5"),
        ({"request": "fastest"}, "request must be a number or slowest, got fastest"),
        ({"request": 3, "archetype": "T1"}, "archetype and channel must be left out where request is a num"),
        ({"archetype": "T99"}, "archetype must be one of T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13 (did"),
        ({"channel": "post"}, "channel must be one of counter, phone, latent, got post"),
        ({"replication": -1}, "replication must be at least 0, got -1"),
        ({"replication": 10**5}, "replication must be at most 99999, got 100000"),
        ({"request": 10**5000}, "request must be at most 1e+12, got a number of more than 308 digits"),
        ({"pilots": [A, B, tiny("merge_only")]}, "pilots must be one or two, got 3"),
        ({"pilots": [A, tiny("three_level", "run.measured_weeks=2")]}, "run.measured_weeks must be the same under all"),
    ],
)  # fmt: skip
def test_a_request_that_there_is_not_is_told(keys, said):
    assert told(sim.journey, **{"pilots": A, **keys}).startswith(said)


def test_a_request_may_be_numbered_by_numpy():
    assert sim.journey(A, np.int64(5)).each[0].request == 5
    assert str(sim.journey(A, np.int64(5))) == str(sim.journey(A, 5))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1\n", "mine.yaml must be a mapping, got list"),
        ("hello\n", "mine.yaml must be a mapping, got str"),
        ("", "mine.yaml must be a mapping, got NoneType"),
        ("a: [1\n", "mine.yaml must be YAML: while parsing a flow sequence at line 1, column 4 "),
        (b"\xff\xfea", "mine.yaml must be text in UTF-8: "),
        ("horizon: 5\n", "network.classes must be given, got nothing"),
    ],
)
def test_a_file_that_is_no_network_is_told(text, said):
    Path("mine.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert told(sim.network, "mine.yaml").startswith(said)
    assert told(sim.network, Path("mine.yaml")).startswith(said)


def test_a_network_that_there_is_not_is_told():
    assert told(sim.network, "mmcc").endswith("(did you mean mmc or mm1?), got 'mmcc'")
    for path in ("/etc/passwd", Path("mine/mmc.txt")):
        assert told(sim.network, path) == (
            "network must be the name of a file of configs/network/, as mmc, or a path that ends in .yaml or .yml, got "
            f"'{path}'"
        )
    assert told(sim.network, "nowhere.yaml") == "the file must exist, got nowhere.yaml"
    assert told(sim.network, {"horizon": -3, "classes": {}}).startswith(
        "network.horizon must be at least 1e-09, got -3"
    )


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"replications": 0}, "replications must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"replications": 10**9}, "replications must be at most 100000, got 1000000000"),
        ({"replications": True}, "replications must be a whole number, got True"),
        ({"seed": 10**5000}, "seed must be at most 9.22337e+18, got a number of more than 308 digits"),
        ({"seed": -(10**5000)}, "seed must be at least 0, got a number of more than 308 digits"),
        ({"confidence": 1}, "confidence must be at most 0.999999, got 1"),
        ({"confidence": float("nan")}, "confidence must be a finite number, got NaN"),
        ({"engine": "x"}, "engine.kind must be one of compiled, reference, got x"),
    ],
)
def test_a_measurement_that_cannot_be_is_told(keys, said):
    assert told(sim.measure, sim.network("mmc"), **keys) == said


def test_an_engine_is_told_of_a_horizon_or_a_replication_that_cannot_be():
    network = sim.make_network(stations={}, duties={}, servers={}, requests={}, steps={})
    assert told(sim.run, network, -5) == "horizon must be at least 0, got -5"
    assert told(sim.run, network, 2**62).startswith("horizon must be below 2^62, got 4611")
    assert told(sim.run, network, 1.5) == "horizon must be a whole number, got 1.5"
    assert told(sim.run, network, 5, engine="x") == "engine.kind must be one of compiled, reference, got x"
    assert told(sim.simulate, A, -1) == "replication must be at least 0, got -1"
    assert told(sim.simulate, A, 10**5) == "replication must be at most 99999, got 100000"
    assert told(sim.simulate, A, 10**30).startswith("replication must be at most 99999, got 1000")
    assert (
        told(sim.run, network, 10**5000) == "horizon must be below 2^62, got a value of int with more digits than "
        "can be shown"
    )
    assert told(sim.simulate, A, engine="x") == "engine.kind must be one of compiled, reference, got x"


def test_the_engine_says_which_call_takes_a_queueing_network():
    assert told(sim.run, sim.network("mmc"), 4).startswith(
        "network must be what sim.make_network returns (sim.measure runs what sim.network returns), got "
    )


def test_a_program_that_uses_hydra_itself_finds_it_as_it_left_it():
    with initialize_config_dir(str(CONFIGS / "run"), version_base="1.3"):
        sim.pilot("four_level")
        assert compose("quick")["measured_weeks"] == 5
    assert not GlobalHydra.instance().is_initialized()
    assert OmegaConf.create({"home": "${oc.env:HOME,none}"})["home"] != "${oc.env:HOME,none}"
    assert "interpolation" in told_interpolation()


COPIES = {
    "grid must be a mapping, got null": {"grid": None},
    'grid must be a mapping, got "<object object at': {"grid": object()},
    "grid.households must be at least 10, got 3": {"grid": A.grid.model_copy(update={"households": 3})},
    "name must be a letter and at most 39 more": {"name": "a b"},
}


@pytest.mark.parametrize(("said", "changed"), COPIES.items(), ids=COPIES)
def test_a_copy_of_a_design_with_values_that_nobody_checked_is_refused(tmp_path, said, changed):
    wrong = A.model_copy(update=changed)
    assert said in told(sim.simulate, wrong)
    assert said in told(sim.compare, [wrong], folder=tmp_path / "found")
    assert said in told(sim.journey, wrong)
    assert not (tmp_path / "found").exists()


def test_a_copy_of_a_design_whose_group_is_plain_data_is_that_design():
    plain = A.model_copy(update={"grid": A.grid.model_dump()})
    assert checks.design("pilot", plain) == checks.design("pilot", A) == A


def test_a_design_or_network_that_nothing_was_given_to_is_refused():
    assert told(sim.simulate, sim.Pilot.model_construct()).startswith("name must be given, got nothing; title must be")
    assert told(sim.measure, sim.QueueNetwork.model_construct()).startswith("network.horizon must be given, got noth")
    assert told(sim.Pilot) == (
        'Pilot must be made by sim.pilot, as sim.pilot(name, {"grid.households": 300}), got Pilot()'
    )
    assert told(sim.Pilot, "four_level").endswith("got Pilot('four_level')")
    assert told(sim.Pilot, name="mine", grid=3).endswith("got Pilot(name, grid)")
    assert told(sim.QueueNetwork, horizon=3) == (
        'QueueNetwork must be made by sim.network, as sim.network("mmc"), got QueueNetwork(horizon)'
    )


def test_a_copy_of_a_network_with_values_that_nobody_checked_is_refused():
    queue = sim.network("mmc")
    for changed, said in (
        ({"stations": None}, "network.stations must be a mapping, got nothing"),
        ({"stations": {}}, "network.servers.clerk.serves must be the name of a station, got desk"),
        ({"horizon": -1.0}, "network.horizon must be at least 1e-09, got -1"),
        ({"classes": {"customer": 3}}, "network.classes.customer must be a mapping, got 3"),
    ):
        assert said in told(sim.measure, queue.model_copy(update=changed))


def told_interpolation():
    """Return what is said of a config that asks for a variable of this machine."""
    with pytest.raises(sim.ConfigError) as caught:
        sim.pilot("four_level", {"title": "${oc.env:HOME}"})
    return str(caught.value)


def value(record):
    """Return a number of a record."""
    return float(len(record.requests))


CONTRACT = {table: {} for table in ("stations", "duties", "servers", "requests", "steps")}
TABLES = (*CONTRACT, "halls", "calendars")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("given", [3, "x", [1], (), 0])
def test_a_table_of_a_network_that_is_no_mapping_is_told(table, given):
    said = told(sim.make_network, **{**CONTRACT, table: given}, error=sim.NetworkError)
    assert said == f"{table} must be a mapping of columns to whole numbers, got {given!r}"


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([[1], [1, 2]], "stations.site must be a list of whole numbers, got [[1], [1, 2]]"),
        (3, "stations.site must be one-dimensional, got 0 dimensions"),
        ("x", "stations.site must be one-dimensional, got 0 dimensions"),
        (["x"], "stations.site must be whole numbers of at most 64 bits, got <U1"),
        ([None], "stations.site must be whole numbers of at most 64 bits, got object"),
        ([2**70], "stations.site must be whole numbers of at most 64 bits, got object"),
        ([1.5], "stations.site must be whole numbers of at most 64 bits, got float64"),
    ],
)
def test_a_column_of_a_network_that_is_no_list_of_whole_numbers_is_told(column, said):
    assert told(sim.make_network, **{**CONTRACT, "stations": {"site": column}}, error=sim.NetworkError) == said
    assert told(sim.make_network, **CONTRACT, allow_unserved="no", error=sim.NetworkError) == (
        "allow_unserved must be true or false, got 'no'"
    )


RUNS, DRAWS = [sim.compare, sim.sweep, sim.preview, sim.measure], [sim.compare, sim.sweep]
FLAGS = {"progress": RUNS, "retry": [sim.sweep], "charts": DRAWS}
LISTS = {"only": DRAWS, "formats": DRAWS}
WHOLE = {"replications": [sim.compare, sim.measure], "workers": RUNS,
         "seed": [sim.measure], "replication": [sim.simulate, sim.journey], "request": [sim.journey],
         "horizon": [sim.run]}  # fmt: skip
TEXTS = {
    "size": DRAWS,
    "called": [sim.pilot],
    "title": [sim.pilot],
    "archetype": [sim.journey],
    "channel": [sim.journey],
}
KINDS = {"engine": [*RUNS, sim.simulate, sim.journey, sim.run], "executor": RUNS}
LANGUAGES = {"lang": [sim.compare, sim.journey, sim.measure, sim.preview, sim.sweep]}
RULES = {
    "must be true or false": (FLAGS, ("yes", 1, None)),
    "must be a whole number": (WHOLE, (True, "2", 1.5)),
    "must be a text": (TEXTS, (3, True)),
    "must be a list of texts": (LISTS, ("turnaround", 3, None)),
    "must be a text or a mapping": (KINDS, (3, None, ["local"])),
    "must be one of en, zh": (LANGUAGES, (3, True, ["zh"])),
}
OF_A_KIND = [(call, name, value, rule) for rule, (calls, values) in RULES.items() for name, by in calls.items()
             for call in by for value in values if (name, value) != ("request", "2")]  # fmt: skip


@pytest.mark.parametrize(("call", "name", "value", "rule"), OF_A_KIND)
def test_every_argument_is_told_of_its_type_before_a_folder_is_looked_at(call, name, value, rule, folder):
    needed = {
        sim.compare: ([A],), sim.sweep: (STUDY,), sim.preview: (STUDY,),
        sim.simulate: (A,), sim.journey: (A,), sim.pilot: ("four_level",),
        sim.measure: (sim.network("mmc"),), sim.run: (sim.make_network(**CONTRACT),),
    }[call]  # fmt: skip
    more = {"folder": "mine"} if call in (sim.compare, sim.sweep, sim.preview) else {}
    more |= {"horizon": 3} if call is sim.run else {}
    Path("mine").write_text("a file")
    assert told(call, *needed, **{**more, name: value}) == f"{name} {rule}, got {value!r}"


def test_every_argument_of_every_function_has_a_test_of_its_type():
    mappings_and_designs = {
        "name", "knobs", "run", "config_dir", "pilots", "pilot", "study", "folder", "measures", "source", "network",
        "confidence", "allow_unserved", *TABLES,
    }  # fmt: skip
    for name in sim.__all__:
        if inspect.isfunction(function := getattr(sim, name)):
            for argument in set(inspect.signature(function).parameters) - mappings_and_designs:
                assert any(function in by.get(argument, ()) for by, _ in RULES.values()), (name, argument)


EMPTY = "{} must not be empty (the current directory is '.'), got ''"
WRONG = [
    (lambda: sim.simulate("four_level"), "pilot must be a design that sim.pilot returns, got 'four_level'"),
    (lambda: sim.simulate(tiny(), measures=[3]), "measures must be a list of sim.OwnMeasure, got 3"),
    (lambda: sim.simulate(tiny(), measures="x"), "measures must be a list of sim.OwnMeasure, got 'x'"),
    (
        lambda: sim.simulate(tiny(), measures=sim.OwnMeasure("mine", value)),
        "measures must be a list of sim.OwnMeasure, got mine alone",
    ),
    (lambda: sim.simulate(tiny(), measures=3), "measures must be a list of sim.OwnMeasure, got 3"),
    (lambda: sim.simulate(tiny(), measures=iter([3])), "measures must be a list of sim.OwnMeasure, got 3"),
    (lambda: sim.pilot("four_level", ["a"]), "knobs must be a mapping of paths to values, got ['a']"),
    (lambda: sim.pilot("four_level", 3), "knobs must be a mapping of paths to values, got 3"),
    (lambda: sim.OwnMeasure("mine", value, mid=True), "mid of measure mine must be a number above 0, got True"),
    (
        lambda: sim.measure(sim.network("mmc"), confidence=True),
        "confidence must be a number, got True",
    ),
    (lambda: sim.pilot(["a"]), f"{PILOTS}, got ['a']"),
    (lambda: sim.pilot("four_level", run=3), "run must be one of quick, year, got 3"),
    (lambda: sim.pilot("four_level", config_dir=3), "config_dir must be a text or a path, got 3"),
    (lambda: sim.pilot("four_level", config_dir=""), EMPTY.format("config_dir")),
    (lambda: sim.pilot("four_level", title=[]), "title must be a text, got []"),
    (lambda: sim.pilot("four_level", title=""), "title must not be empty, got ''"),
    (lambda: sim.pilot("four_level", called=[]), "called must be a text, got []"),
    (
        lambda: sim.pilot("four_level", {"grid.households": 10**5000}),
        "grid.households must be a number of at most 308 digits, or a text between quotes, got one of 5,001",
    ),
    (
        lambda: sim.pilot("four_level", {"title": [10**5000]}),
        "title must be a number of at most 308 digits, or a text between quotes, got one of 5,001",
    ),
    (
        lambda: sim.pilot("four_level", {10**5000: 1}),
        "knobs must be named by their paths, as grid.households, got a value of int with more digits than can be shown",
    ),
    (
        lambda: sim.compare([10**5000], folder="f"),
        "pilots must be designs that sim.pilot returns, got a value of int with more digits than can be shown",
    ),
    (
        lambda: sim.compare(tiny(), folder="a\0b"),
        r"folder must be a path without a null character, got 'a\x00b'",
    ),
    (lambda: sim.network("a\0b.yaml"), r"network must be a path without a null character, got 'a\x00b.yaml'"),
    (
        lambda: sim.pilot("four_level", config_dir="a\0b"),
        r"config_dir must be a path without a null character, got 'a\x00b'",
    ),
    (lambda: sim.compare(tiny(), folder=""), EMPTY.format("folder")),
    (lambda: sim.sweep(STUDY, folder=""), EMPTY.format("folder")),
    (lambda: sim.network(""), EMPTY.format("network")),
    (lambda: sim.compare("four_level", folder="f"), "pilots must be designs that sim.pilot returns, got 'four_level'"),
    (lambda: sim.compare(None, folder="f"), "pilots must be designs that sim.pilot returns, got None"),
    (lambda: sim.compare(tiny(), folder=3), "folder must be a text or a path, got 3"),
    (lambda: sim.compare(tiny(), folder="f", measures=[3]), "measures must be a list of sim.OwnMeasure, got 3"),
    (lambda: sim.sweep(STUDY, folder=None), "folder must be a text or a path, got None"),
    (lambda: sim.sweep(STUDY, folder="f", knobs="a"), "knobs must be a mapping of paths to values, got 'a'"),
    (lambda: sim.journey("four_level"), "pilots must be designs that sim.pilot returns, got 'four_level'"),
    (lambda: sim.journey(tiny(), archetype=3), "archetype must be a text, got 3"),
    (lambda: sim.network(3), "network must be a text, a path or a mapping, got 3"),
    (lambda: sim.measure("mmc"), "network must be what sim.network returns, got 'mmc'"),
    (
        lambda: sim.measure(sim.network("mmc"), confidence="a"),
        "confidence must be a number, got 'a'",
    ),
    (lambda: sim.run("mmc", 4), "network must be what sim.make_network returns, got 'mmc'"),
    (lambda: sim.OwnMeasure("mine", 3), "measure mine must be a function (def or lambda), got int"),
    (lambda: sim.OwnMeasure("mine", value, unit=3), "unit of measure mine must be a text, got 3"),
    (lambda: sim.OwnMeasure("mine", value, touched=3), "touched of measure mine must be a text, got 3"),
    (
        lambda: sim.OwnMeasure("mine", value, higher_is_better="no"),
        "higher_is_better of measure mine must be true or false, got 'no'",
    ),
]


@pytest.mark.parametrize(("call", "said"), WRONG)
def test_an_argument_of_another_type_is_told_with_its_value(call, said, folder):
    assert told(call) == said
    assert list(folder.iterdir()) == []
