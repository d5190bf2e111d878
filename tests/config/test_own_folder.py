import shutil

import pytest
from setups.commands import refused
from setups.district import CONFIGS

import sim
from sim.config.compose import check_option, compose, default_option, options, parse
from sim.config.composition import Composition
from sim.errors import ConfigError

GLOBAL = "# @package _global_\n"
FOUR = "defaults:\n  - four_level\n"


def folder(root, **pilots):
    """Return a folder of pilots, each given by its text; its own name and title are added."""
    (root / "pilot").mkdir(parents=True, exist_ok=True)
    for name, text in pilots.items():
        (root / "pilot" / f"{name}.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def named(name, text):
    return f"{text}name: {name}\ntitle: {name}\n"


def told(root, name, *overrides):
    with pytest.raises(ConfigError) as caught:
        compose("main", parse(["--config-dir", str(root), *overrides]), f"pilot={name}")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_default_of_a_group_is_what_hydra_composes():
    assert default_option("pilot") == compose("main", parse([]))["name"]


@pytest.mark.parametrize(
    "path", ["two words", "网格", "a,b[c]", "it's", "\\'", "end\\", "k=v", "${oc.env:HOME}", 'a"b', "20%20", "#h?"]
)
def test_a_folder_is_found_whatever_its_path_is_called(tmp_path, path):
    root = folder(tmp_path / path, mine=named("mine", GLOBAL + FOUR))
    assert compose("main", parse([f"--config-dir={root}"]), "pilot=mine")["name"] == "mine"


def test_a_relative_folder_is_found_from_where_the_command_is_given(tmp_path, monkeypatch):
    folder(tmp_path / "mine", mine=named("mine", GLOBAL + FOUR))
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    assert compose("main", parse(["--config-dir", "../mine"]), "pilot=mine")["name"] == "mine"


def test_a_folder_without_configs_is_refused_as_is_one_level_too_deep(tmp_path):
    root = folder(tmp_path / "mine", mine=named("mine", GLOBAL + FOUR))
    for wrong in (tmp_path, root / "pilot"):
        with pytest.raises(ConfigError, match=r"must hold a folder like those of configs/ with a YAML file in it"):
            parse(["--config-dir", str(wrong)])
    with pytest.raises(ConfigError, match="must be a folder that exists, got nothing"):
        parse(["--config-dir"])


def test_a_file_called_as_a_shipped_one_is_refused_unless_it_is_its_copy(tmp_path):
    root = folder(tmp_path / "mine")
    shutil.copy(CONFIGS / "pilot/three_level.yaml", root / "pilot")
    (root / "evidence.yaml").write_text("[]\n")
    assert parse(["--config-dir", str(root)]).config_dir == root
    with (root / "pilot/three_level.yaml").open("a") as file:
        file.write("grid: {households: 300}\n")
    with pytest.raises(ConfigError) as caught:
        parse(["--config-dir", str(root)])
    assert str(caught.value) == (
        "--config-dir must not contain a file with the name of a shipped one (Hydra would read the shipped one), "
        "got pilot/three_level.yaml"
    )


def test_a_wrong_choice_is_told_with_the_options_of_both_folders(tmp_path):
    root = folder(tmp_path / "mine", one=named("one", GLOBAL + FOUR))
    (root / "district").mkdir()
    (root / "district/lanterns.yaml").write_text("defaults:\n  - yuehu\n")
    for option in ("four_level", "one", "three_level"):
        assert f" {option}, " in told(root, "ones")
    assert told(root, "ones").endswith(" (did you mean one?), got ones")
    assert told(root, "one", "district=lantern") == (
        "district must be one of lanterns, yuehu (did you mean lanterns?), got lantern"
    )
    assert "(did you mean grid.households" in told(root, "one", "district=lanterns", "grid.housholds=3")


def test_of_many_options_the_nearest_are_told_and_how_many_more_there_are(tmp_path):
    shipped, long = options("pilot", CONFIGS), "a" * 100
    root = folder(tmp_path, **{f"mine_{i}": "" for i in range(998)}, four_levels="", **{long: ""})
    message = told(root, "four_levle")
    assert message.startswith("pilot must be one of four_level, four_levels, ")
    more = f"{len(shipped) + 992:,}"
    assert f" and {more} more (did you mean four_level or four_levels or " in message
    assert len(message) < 500
    with pytest.raises(ConfigError, match=rf"one of {'a' * 57}\.\.\., .* and {more} more, got nothing"):
        check_option("pilot", "", root)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("run.replications=${run.weeks}", "run.replications must have no ${...} but paths of other keys (${run.seed}), "
         "which are there, got ${run.weeks}"),
        ("run.replications=${oc.env:HOME}", "run.replications must have no ${...} but paths of other keys "
         "(${run.seed}), which are there, got ${oc.env:HOME}"),
        ("run.replications=???", "run.replications must be given, got ???"),
    ],
)  # fmt: skip
def test_a_value_that_is_none_is_told_by_its_path(tmp_path, override, expected):
    assert told(folder(tmp_path, mine=named("mine", GLOBAL + FOUR)), "mine", override) == expected


def test_a_wrong_choice_in_a_file_is_told_with_the_file(tmp_path):
    root = folder(
        tmp_path,
        one=named("one", f"{GLOBAL}{FOUR}  - override /district: nowhere\n"),
        two=named("two", f"{GLOBAL}{FOUR}  - three_levels\n"),
        three=named("three", f"{GLOBAL}{FOUR}  - override /distict: yuehu\n"),
    )
    assert told(root, "one").endswith("district must be one of yuehu, got nowhere")
    assert told(root, "two").startswith("pilot/two.yaml: pilot must be one of ")
    assert told(root, "three") == (
        "pilot/three.yaml: defaults must override only what the design has, got override distict"
    )


ONCE = "defaults must choose each group once (again by override, in another place by group@place), got"
A_LIST = (
    "defaults must be a list of names of files (- mine) and of groups with one of theirs (- override /grid: base), got"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "defaults:\n  - override /staffing: three_level\n  - /grid@q: base\n",
            "pilot/one.yaml: defaults must have overrides after all else, got override staffing : three_level before "
            "grid@q: base",
        ),
        ("defaults:\n" + "  - /grid@q: base\n" * 2, f"pilot/one.yaml: {ONCE} grid@q twice"),
        ("defaults:\n  - /grid: base\n", f"pilot/one.yaml: {ONCE} grid twice"),
        (f"{FOUR}  - optional /grid: nope\n", f"pilot/one.yaml: {ONCE} grid twice"),
        (f"{FOUR}  - /pilot: three_level\n", f"pilot/one.yaml: {ONCE} pilot twice"),
        (f"{FOUR}  - override /grid: nope\n", "pilot/one.yaml: grid must be one of base, got nope"),
        (f"{FOUR}  - override /grid: 2001-01-01\n", "pilot/one.yaml: grid must be one of base, got 2001-01-01"),
        (f"{FOUR}  - override /grid: [base, nope]\n", "pilot/one.yaml: grid must be one of base, got nope"),
        (
            f"{FOUR}grid: {{<<: 5}}\n",
            "pilot/one.yaml, line 4: grid.<< must be a mapping or a list of mappings (*name), ",
        ),
        (f"{FOUR}x: &x 5\ngrid: {{<<: *x}}\n", "pilot/one.yaml, line 5: grid.<< must be a mapping or a list of mapp"),
        (f"{FOUR}grid: {{<<: [{{a: 1}}, 5]}}\n", "pilot/one.yaml, line 4: grid.<< must be a mapping or a list of mapp"),
        ("defaults:\n" + "  - _self_\n" * 2, "pilot/one.yaml: defaults must have _self_ at most once, got 2"),
        ("defaults: 3\n", f"pilot/one.yaml: {A_LIST} 3"),
        ("defaults: [3]\n", f"pilot/one.yaml: {A_LIST} 3"),
        ("defaults: [{a: b, c: d}]\n", f"pilot/one.yaml: {A_LIST} {{'a': 'b', 'c': 'd'}}"),
        ("defaults: [{a: [{b: c}]}]\n", f"pilot/one.yaml: {A_LIST} {{'a': [{{'b': 'c'}}]}}"),
        (FOUR + "grid: [3]\n", "pilot/one.yaml must be such that a config can be composed: "),
    ],
)
def test_what_is_wrong_with_defaults_is_told_with_the_file_and_the_value(tmp_path, text, expected):
    assert told(folder(tmp_path, one=named("one", GLOBAL + text)), "one").startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (named("mine", FOUR), "pilot/mine.yaml must begin with the line # @package _global_, got one without it"),
        ("- 1\n- 2\n", "pilot/mine.yaml must be a mapping of keys to values, got [1, 2]"),
        ("5\n", "pilot/mine.yaml must be a mapping of keys to values, got 5"),
        ("four_level\n", "pilot/mine.yaml must be a mapping of keys to values, got 'four_level'"),
        ("- a list\n", "pilot/mine.yaml must be a mapping of keys to values, got ['a list']"),
        (
            GLOBAL + "defaults:\n  - mine\n",
            "the defaults of a config file must not include the file itself, got a circle",
        ),
        (GLOBAL.encode() + b"title: \xff\n", "pilot/mine.yaml must be text in UTF-8: "),
        (GLOBAL + "title: [x\n", "pilot/mine.yaml must be YAML: "),
        (GLOBAL + FOUR + "title: ${oc.env:HOME}\n", "pilot/mine.yaml must have no ${...} but paths"),
        (GLOBAL + FOUR + "title: !!python/name:os.getcwd\n", "pilot/mine.yaml, line 4: title must be plain data "),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_one_paragraph(tmp_path, text, expected):
    assert told(folder(tmp_path, mine=text), "mine").startswith(expected)


def test_what_names_code_is_refused_and_runs_nothing(tmp_path):
    evil = GLOBAL + FOUR + "grid: {_target_: os.mkdir, path: broken}\n"
    folder(tmp_path / "mine", evil=named("evil", evil))
    text = refused(tmp_path, "compare", "--config-dir", "mine", "pilots=[evil]")
    assert 'grid._target_ is not a known key, got "os.mkdir"' in text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine"]


@pytest.fixture
def two_staffings(tmp_path):
    """Return where a folder of one's own has two files of staffing with the same keys, of which a pilot names one."""
    root = folder(
        tmp_path / "mine",
        one=named("one", f"{GLOBAL}{FOUR}  - override /staffing: second\ngrid: {{households: 240}}\n"),
        two=named("two", f"{GLOBAL}defaults:\n  - one\nstaffing: {{district_heads: 50}}\n"),
    )
    (root / "staffing").mkdir()
    for name in ("first", "second"):
        (root / f"staffing/{name}.yaml").write_text(
            "defaults:\n  - four_level\n  - _self_\nstreet_heads: 110\ndistrict_heads: 55\nabsence: {share: 0.3}\n"
        )
    return tmp_path


@pytest.mark.parametrize(
    ("path", "pilot", "words", "file"),
    [
        ("staffing.street_heads", "one", (), "staffing/second.yaml"),
        ("staffing.absence.share", "two", (), "staffing/second.yaml"),
        ("staffing.absence.single_days_share", "one", (), ""),
        ("staffing.community_heads", "one", (), ""),
        ("staffing.district_heads", "one", (), "staffing/second.yaml"),
        ("staffing.district_heads", "two", (), "pilot/two.yaml"),
        ("grid.households", "two", (), "pilot/one.yaml"),
        ("grid.households", "two", ("grid.households=3",), ""),
        ("staffing.street_heads", "two", ("staffing={street_heads:3}",), ""),
        ("staffing.absence.share", "two", ("staffing={street_heads:3}",), "staffing/second.yaml"),
        ("staffing.street_heads", "two", ("staffing=first",), "staffing/first.yaml"),
        ("staffing.street_heads", "two", ("staffing=four_level",), ""),
        ("title", "two", (), "pilot/two.yaml"),
    ],
)
def test_a_value_is_of_the_file_that_gave_it(two_staffings, path, pilot, words, file):
    line = parse(["--config-dir", str(two_staffings / "mine"), *words])
    assert Composition(line, (f"pilot={pilot}",)).file_of(path) == file


WRONG = "staffing/second.yaml: staffing.stret_heads is not a known key (did you mean street_heads"


@pytest.mark.parametrize(
    "words",
    [
        ("compare", "pilots=[one]"),
        ("run", "pilot=one"),
        ("trace", "pilots=[one]"),
        ("staff", "pilot=one"),
        ("sweep", "study=grid_size", "study.pilots=[one]"),
        ("headlines", "staffing=second"),
        ("explain", "staffing=second"),
    ],
)
def test_every_command_names_the_file_of_a_wrong_key(two_staffings, words):
    with (two_staffings / "mine/staffing/second.yaml").open("a") as file:
        file.write("stret_heads: 3\n")
    (two_staffings / "mine/staffing/first.yaml").write_text("stret_heads: 3\n")
    assert WRONG in refused(two_staffings, words[0], "--config-dir", "mine", *words[1:])


def test_the_door_names_the_file_of_a_wrong_key_and_none_for_a_knob(two_staffings):
    with (two_staffings / "mine/staffing/second.yaml").open("a") as file:
        file.write("stret_heads: 3\n")
    mine = two_staffings / "mine"
    with pytest.raises(ConfigError, match=r"^staffing/second\.yaml: staffing\.stret_heads is not a known key"):
        sim.pilot("one", config_dir=mine)
    with pytest.raises(ConfigError, match=r"^grid\.households must be at least 10, got 1"):
        sim.pilot("one", {"grid.households": 1, "staffing": "four_level"}, config_dir=mine)
