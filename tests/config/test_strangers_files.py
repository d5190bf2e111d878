import os
import re
import shutil
import socket
import time
from functools import partial

import pytest
from omegaconf import OmegaConf
from setups.commands import wangge
from setups.district import CONFIGS
from setups.feeding import NO_DATA, NO_DEFAULTS, NO_KEYS

from sim.config import load
from sim.config.compose import Line, compose, parse
from sim.config.composition import Composition
from sim.config.reading import MOST_BYTES, MOST_VALUES, read_bytes, read_plain, read_text
from sim.errors import ConfigError
from sim.study.backend import backend_of
from sim.study.comparison.face_validity import targets_of
from sim.study.points.evidence_factors import rows
from sim.validation.cases import load_folder

HEAD = "# @package _global_\n"
FOUR = "defaults:\n  - four_level\n"
TITLED = "name: mine\ntitle: mine\n"
BOMB = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9) if i else 'x'}]\n" for i in range(12))
DOUBLING = "".join(f"a{i}: ${{a{i - 1}}}${{a{i - 1}}}\n" for i in range(1, 14))


@pytest.fixture
def own(tmp_path):
    """Return a folder of the user's own with a sound pilot, `mine`."""
    (tmp_path / "own/pilot").mkdir(parents=True)
    (tmp_path / "own/pilot/mine.yaml").write_text(HEAD + FOUR + TITLED)
    return tmp_path / "own"


def composed(own, *overrides):
    return compose("main", parse(["--config-dir", str(own), *overrides]), "pilot=mine")


def told(own, *overrides):
    began = time.process_time()
    with pytest.raises(ConfigError) as caught:
        composed(own, *overrides)
    assert time.process_time() - began < 5
    assert "\n" not in str(caught.value)
    return str(caught.value)


def place(path, kind):
    """Put what is no file of a folder in a file's place; return what it must be told as."""
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        here = os.open(path.parent, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(f"/proc/self/fd/{here}/{path.name}")
        os.close(here)
    else:
        path.symlink_to(
            {"zero": "/dev/zero", "outside": CONFIGS / "evidence.yaml", "circle": path, "nothing": "gone"}[kind]
        )


KINDS = {
    "pipe": "must be a regular file, got a pipe",
    "socket": "must be a file that can be read, got one that cannot",
    "zero": "must lie in its folder, got a link that leads out of it",
    "outside": "must lie in its folder, got a link that leads out of it",
    "circle": "must be a file that can be read, got one that cannot",
    "nothing": "the file must exist",
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_of_the_folder_is_refused_where_it_is_asked_for_and_unopened_elsewhere(own, kind):
    for name in ("pilot/other.yaml", "study/other.yaml", "nogroup/other.yaml", "network/other.yaml"):
        place(own / name, kind)
    assert composed(own)["name"] == "mine"
    place(own / "staffing/mine.yaml", kind)
    assert KINDS[kind] in told(own, "staffing=mine")
    place(own / "pilot/mine.yaml", kind)
    assert KINDS[kind] in told(own)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("read", [rows, partial(targets_of, "Yuehu")], ids=["evidence", "face"])
def test_evidence_and_figures_of_a_folder_are_read_no_other_way(own, kind, read):
    for name in ("evidence.yaml", "face.yaml"):
        place(own / name, kind)
    with pytest.raises(ConfigError, match=KINDS[kind]):
        read(own)


@pytest.mark.parametrize("group", ["nogroup", "staffing", "network"])
def test_an_alias_bomb_is_refused_in_any_group(own, group):
    (own / group).mkdir(exist_ok=True)
    (own / group / "bomb.yaml").write_text(BOMB)
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + f"  - /{group}@x: bomb\n" + TITLED)
    assert f"{group}/bomb.yaml must have at most 20,000 values and 2,000,000 letters, aliases counted in full" in told(
        own
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (BOMB, "mine.yaml must have at most 100,000 values"),
        ("a: &a " + "x" * 100_000 + "\nb: [" + "*a, " * 50 + "]\n", "mine.yaml must have at most 100,000 values"),
        ("a: &a [*a]\n", r"mine.yaml must have no alias to what it stands in, got \*a"),
        (
            "[" * 60 + "]" * 60,
            "mine.yaml must have at most 100,000 values and 2,000,000 letters, aliases counted in full, and 50 levels",
        ),
        ("#" * (MOST_BYTES + 1), "mine.yaml must be at most 2,000,000 bytes, got 2,000,001"),
        (
            "x:\n  a: " + "9" * 5000,
            r"mine.yaml, line 2: x.a must be a number of at most 308 digits, or .*, got 9{60}\.\.\.",
        ),
        (
            "a: [1, 5" + "9:5" * 400 + "]",
            r"mine.yaml, line 1: a.1 must be a number of .*, or a text between quotes, got 59:",
        ),
        ("a: !!timestamp 2011-02-30", "mine.yaml, line 1: a must be plain data .*, got !!timestamp 2011-02-30"),
        ("a: 1\nb: 2\na: 3", "mine.yaml must be YAML: .*found duplicate key a"),
        ("a: *b\n", "mine.yaml must be YAML: found undefined alias"),
        ("a: \x07\n", "mine.yaml must be YAML: .*control characters are not allowed"),
    ],
)
def test_what_would_not_end_or_is_no_data_is_refused_by_the_name_of_the_file(tmp_path, text, rule):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ConfigError, match=rule):
        read_plain(tmp_path / "mine.yaml")


def test_a_number_is_read_as_hydra_reads_it(tmp_path):
    text = "[1e3, -2E-1, 1.5e3, 1.e3, .5, .5e3, -1.5e-3, 1.0e-7, 12, 1e, e3, 1e3x, '1e3', .inf]"
    (tmp_path / "mine.yaml").write_text(text)
    assert read_plain(tmp_path / "mine.yaml") == OmegaConf.to_container(OmegaConf.create(text))


def test_as_much_as_is_allowed_is_read(tmp_path):
    (tmp_path / "mine.yaml").write_text("[" + "1, " * (MOST_VALUES - 9) + "1]")
    assert len(read_text(tmp_path / "mine.yaml")) < MOST_BYTES
    assert len(read_bytes(tmp_path / "mine.yaml")) < MOST_BYTES


@pytest.mark.parametrize(
    "text",
    ["${now:%Y}", "${oc.env:HOME}", "${python_version:}", "${hydra:runtime.cwd}", "${oc.create:[1]}", "${run.seed:x}",
     "a ${b", "${${run}.seed}"],
)  # fmt: skip
def test_a_config_reads_no_clock_no_environment_and_no_program(own, text):
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + f"name: mine\ntitle: '{text}'\n")
    assert told(own).startswith("pilot/mine.yaml must have no ${...} but paths of other keys")


@pytest.mark.parametrize("typed", ["title=${now:%Y}", "title=${oc.env:HOME}", "title=${python_version:}"])
def test_neither_does_what_is_typed(own, typed):
    assert "title must have no ${...} but paths of other keys" in told(own, typed)


def test_a_path_of_another_key_is_read(own):
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + "name: mine\ntitle: 'of ${district.name} ${run.seed}'\n")
    assert composed(own)["title"] == "of Yuehu 1"


def test_interpolations_do_not_multiply(own):
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + TITLED + "a0: ha\n" + DOUBLING)
    assert "must refer to a plain value that refers to no other" in told(own)
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + TITLED + "a0: ha\n" + DOUBLING * 2)
    assert "must have at most 30 interpolations" in told(own)
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + TITLED + "a0: ${district}\n")
    assert "a0 must refer to a plain value" in told(own)
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + TITLED + f"a0: {'x' * 1_000_000}\na1: {'${a0}' * 3}\n")
    assert "a1 must be a short text" in told(own)


@pytest.mark.parametrize(
    "entry",
    ["../../secret", "/../../secret", "//etc/secret", "/staffing: ../../secret", "override /staffing: ../../secret",
     "/staffing@a..b: base", "${pilot}", "/staffing: [base, ../../secret]"],
)  # fmt: skip
def test_no_yaml_outside_the_folders_is_read(own, tmp_path, entry):
    (tmp_path / "secret.yaml").write_text("secret: 1\n")
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + f"  - {entry}\n" + TITLED)
    assert told(own).startswith("pilot/mine.yaml: defaults must name files of configs, got")


@pytest.mark.parametrize("typed", ["staffing=../../secret", "+staffing/../../x=y", "pilot@x=//etc/x"])
def test_no_study_reads_one_by_an_override_either(own, typed):
    assert "must be the name of a file of configs" in told(own, typed)


def test_settings_of_hydra_are_refused(own):
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + TITLED + "hydra: {run: {dir: elsewhere}}\n")
    assert told(own).startswith("pilot/mine.yaml: hydra must be left out, as it changes nothing here, got")
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + "  - override /hydra/launcher: basic\n" + TITLED)
    assert told(own).startswith("pilot/mine.yaml: defaults must name files of configs, got")


def test_defaults_do_not_multiply(own):
    (own / "deep").mkdir()
    for i in range(30):
        text = "defaults:\n" + "".join(f"  - /deep/d{i + 1}@{k}\n" for k in "ab") if i < 29 else "x: 1\n"
        (own / f"deep/d{i}.yaml").write_text(text)
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + "  - /deep/d0\n" + TITLED)
    assert "defaults must include at most 200 files, got more" in told(own)


def listed(n):
    return f"x: [{'1, ' * (n - 9)}1]\n"


def places(n, group="zz", chosen="a"):
    return "".join(f"  - /{group}@z{i}: {chosen}\n" for i in range(n))


BUDGET = "defaults must include at most 20,000 values and 2,000,000 letters, those of a file as often as it is included"
CIRCLE = "defaults:\n  - /pilot@q: mine\n" + listed(900)

PRODUCTS = {
    "one large file": (places(1), {"a": listed(99_900)}, "zz/a.yaml must have at most 20,000 values"),
    "a large file in many places": (places(150), {"a": listed(19_000)}, f"zz/a.yaml: {BUDGET}"),
    "a small file in many places": (places(150), {"a": listed(1000)}, f"zz/a.yaml: {BUDGET}"),
    "a long text in many places": (places(150), {"a": "x: " + "x" * 100_000}, f"zz/a.yaml: {BUDGET}"),
    "a shipped file in many places": (places(190, "procedures", "yuehu"), {}, f"pilot/mine.yaml: {BUDGET}"),
    "large files": (places(1) + places(1, "yy", "b"), {"a": listed(15_000), "b": listed(15_000)}, BUDGET),
    "a large file by overrides": (
        places(90) + places(90, "zz", "b").replace("- /", "- override /"), {"a": "x: 1", "b": listed(1000)}, BUDGET,
    ),
    "a file by other names": (
        "".join(f"  - /zz/{'./' * (i % 9)}a@z{i}\n" for i in range(90)), {"a": listed(1000)}, BUDGET,
    ),
    "a circle": (places(90), {"a": CIRCLE}, BUDGET),
    "many overrides": ("  - override /staffing: three_level\n" * 3000, {}, "defaults must include at most 200 files"),
}  # fmt: skip


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_design_has_one_budget_for_all_its_files_each_as_often_as_it_is_included(own, product):
    entries, files, expected = PRODUCTS[product]
    for group in ("zz", "yy"):
        (own / group).mkdir()
        for name, text in files.items():
            (own / group / f"{name}.yaml").write_text(text)
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + entries + TITLED)
    began = time.process_time()
    assert expected in told(own)
    assert time.process_time() - began < 10  # at most 2 s alone; without the budget it takes minutes


def test_a_design_may_include_as_much_as_a_person_would_write(own):
    (own / "zz").mkdir()
    (own / "zz/a.yaml").write_text(listed(1000))
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + places(15) + TITLED)
    assert composed(own)["z14"]["x"] == [1] * 992


def test_no_override_makes_a_file_larger_that_is_included_in_many_places(own):
    (own / "zz").mkdir()
    (own / "zz/a.yaml").write_text("x: 1\n")
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + places(3) + TITLED)
    assert told(own, "zz@z0=b") == "zz@z0 must be a group without a place (@), which only files may give, got b"


def test_files_that_are_read_together_have_the_budget_of_one(own):
    (own / "validation").mkdir()
    for i in range(6):
        (own / f"validation/c{i}.yaml").write_text(listed(20_000))
        (own / f"pilot/p{i}.yaml").write_text(listed(20_000))
    rule = "must have at most 100,000 values and 2,000,000 letters in all its files, as they are read together, got m"
    with pytest.raises(ConfigError, match=f"^validation/ {rule}"):
        load_folder(own / "validation")
    shutil.copy(CONFIGS / "face.yaml", own / "face.yaml")
    with pytest.raises(ConfigError, match=f"^pilot/ {rule}"):
        targets_of("Yuehu", own)


@pytest.mark.parametrize("key", ["address: tcp://127.0.0.1:1", "scheduler_file: /dev/zero"])
@pytest.mark.parametrize("how", ["executor", "above", "engine"])
def test_no_file_of_a_folder_says_which_scheduler_is_joined_but_the_user_may(tmp_path, key, how):
    name, _, value = key.partition(": ")
    (tmp_path / "executor").mkdir()
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine/x.yaml").write_text("kind: reference\n")
    (tmp_path / "executor/x.yaml").write_text(f"kind: dask\n{key}\n")
    words = ("executor=x",)
    if how == "above":
        (tmp_path / "executor/y.yaml").write_text("defaults: [x]\nretries: 1\n")
        words = ("executor=y",)
    elif how == "engine":
        (tmp_path / "engine/x.yaml").write_text(
            f"# @package _global_\nengine: {{kind: reference}}\nexecutor: {{{key}}}\n"
        )
        (tmp_path / "executor/x.yaml").write_text("kind: dask\n")
        words = ("executor=x", "engine=x")
    with pytest.raises(ConfigError) as caught:
        backend_of(Line(words, tmp_path))
    assert str(caught.value).startswith(
        f"executor.{name} must be typed on the command line, as no file of --config-dir"
    )
    assert str(caught.value).endswith(f"got {value} from a file")
    mine = {"address": "tcp://127.0.0.1:2", "scheduler_file": "mine.json"}[name]
    assert getattr(backend_of(Line((*words, f"executor.{name}={mine}"), tmp_path)).executor, name) == mine


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("title: 59" + ":59" * 3000, r"pilot/mine.yaml, line 5: title must be a number of .*, or a text between quot"),
        ("title: " + "1" * 5000, r"pilot/mine.yaml, line 5: title must be a number of .*, got 1{60}\.\.\."),
        (
            "title: 0x" + "f" * 2000,
            r"pilot/mine.yaml, line 5: title must be a number in plain decimals, or .* 0xf{58}$",
        ),
        ("run: {seed: 0x" + "f" * 2000 + "}", r"pilot/mine.yaml, line 5: run.seed must be a number in plain decimals"),
        (
            "title: a\ntitle: b",
            r"pilot/mine.yaml must be YAML: .* at line 2, column 1 found duplicate key title at lin",
        ),
    ],
)
def test_a_number_without_an_end_is_told_by_its_field_and_a_place_by_file_and_line(own, text, rule):
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + ("" if "\n" in text else "name: mine\n") + f"{text}\n")
    line = parse(["--config-dir", str(own)])
    with pytest.raises(ConfigError, match=rule) as caught:
        load(compose("main", line, "pilot=mine"), Composition(line, ("pilot=mine",)).file_of)
    assert "<" not in str(caught.value)
    assert "sys.set" not in str(caught.value)


def test_headlines_are_of_the_shipped_evidence_and_open_no_other(own):
    place(own / "evidence.yaml", "zero")
    done = wangge(own, "headlines", "only=[walk]", "--config-dir", str(own), "--cfg", "job")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("defaults", NO_DEFAULTS)
def test_defaults_of_another_kind_are_told_by_file_and_value(own, defaults):
    (own / "pilot/mine.yaml").write_text(HEAD + f"defaults: {defaults}\n" + TITLED)
    said = told(own, "grid.households=300")
    assert said.startswith("pilot/mine.yaml: defaults must be a list of names of files (- mine)")
    assert re.search(r", got \S", said)
    assert "households" not in said


@pytest.mark.parametrize(
    ("defaults", "rule"),
    [
        (
            "[four_level, _self_, _self_]",
            "pilot/mine.yaml: defaults must have _self_ at most once, got 2",
        ),
        (
            "[four_level, {override /nix: base}]",
            "pilot/mine.yaml: defaults must override only what the design has, got override nix",
        ),
        ("[four_level, {override: base}]", "pilot/mine.yaml: defaults must name files of configs, got pilot/override/"),
        ("[four_level, /]", "pilot/mine.yaml must be such that a config can be composed: Could not load ''.$"),
    ],
)
def test_what_hydra_says_of_defaults_is_told_by_their_file_and_of_nothing_that_was_typed(own, defaults, rule):
    (own / "pilot/mine.yaml").write_text(HEAD + f"defaults: {defaults}\n" + TITLED)
    assert re.match(rule, told(own, "grid.households=300"))


@pytest.mark.parametrize("value", NO_DATA)
def test_what_is_no_plain_data_is_told_by_file_line_and_key(own, value):
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + TITLED + f"grid:\n  households: {value}\n")
    assert told(own).startswith("pilot/mine.yaml, line 7: grid.households must be plain data (a number, a text, ")
    with pytest.raises(ConfigError, match=r"^mine.yaml, line 7: grid.households must be plain data"):
        read_plain(own / "pilot/mine.yaml")


@pytest.mark.parametrize("key", NO_KEYS)
def test_a_key_that_is_no_text_is_told_by_file_and_line(own, key):
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + TITLED + f"grid: {{{key}}}\n")
    assert re.match(r"pilot/mine.yaml, line \d: a key of grid must be (a text|plain data .*), got \S", told(own))


@pytest.mark.parametrize("date", ["2001-99-99", "2001-01-01", "2001-01-01 99:99:99"])
def test_a_date_is_a_text_that_is_told_by_its_file_and_key(own, date):
    (own / "pilot/mine.yaml").write_text(HEAD + FOUR + TITLED + f"grid: {{households: {date}}}\n")
    assert read_plain(own / "pilot/mine.yaml")["grid"] == {"households": date}
    line = parse(["--config-dir", str(own)])
    with pytest.raises(ConfigError) as caught:
        load(compose("main", line, "pilot=mine"), Composition(line, ("pilot=mine",)).file_of)
    assert str(caught.value) == f'pilot/mine.yaml: grid.households must be a whole number, got "{date}"'


def test_a_value_may_say_of_itself_what_it_is(own):
    text = "a: !!int '250'\nb: !!float 3\nc: !!str 5\nd: !!seq [1]\ne: &e !!map {x: 3}\nf: {<<: *e}\ng: !!bool yes\n"
    (own / "pilot/mine.yaml").write_text(text)
    assert read_plain(own / "pilot/mine.yaml") == {
        "a": 250, "b": 3.0, "c": "5", "d": [1], "e": {"x": 3}, "f": {"x": 3}, "g": True,
    }  # fmt: skip
