"""Measures of one's own: where their functions may stand, what their digests cover, and what they may return."""

import codecs
import collections
import functools
import gzip
import heapq
import importlib
import inspect
import linecache
import operator
import statistics
import string
import subprocess
import sys
import textwrap
import typing
from bisect import bisect_left
from collections import Counter
from fractions import Fraction
from genericpath import getsize
from itertools import accumulate
from linecache import getline
from operator import attrgetter

import numpy as np
import polars as pl
import pytest
from setups import own_measures
from setups.district import tiny
from setups.own_measures import longest_wait, steps_by_outcome, waits
from setups.studies import BASE

import sim
from sim.district.engines import Compiled, Reference
from sim.errors import ConfigError
from sim.executor import Dask, Local, Serial
from sim.store.store import Store
from sim.study import replications
from sim.study.function_source import HIDING_ATTRIBUTES, MODULES
from sim.study.own_measures import packed

LIMIT = 30
TEXT = "{0.__globals__[LIMIT]}"
ROWS = ["measure", "group", "unit", "value", "n"]


def late(record):
    return np.mean([wait > LIMIT for wait in waits(record)])


def own(tables, *names):
    return tables["measures"].filter(pl.col("measure").is_in(names)).select(ROWS)


def kept(folder, measures, on=None, replications_=2):
    """Return the rows of one's own measures over two designs, as an executor leaves them in a folder, and the steps."""
    pilots = [
        one.model_copy(update={"run": one.run.model_copy(update={"replications": replications_})})
        for one in (tiny("four_level", "conduct=ledgers_first"), tiny("three_level", "conduct=ledgers_first"))
    ]
    mine = packed(measures)
    keys = replications.keys(pilots, mine)
    store = Store.open(folder, replications.identity(pilots, mine), {}, keys=keys)
    speed = replications.run(
        store, pilots, engine=Compiled(), on=on or Serial(), on_done=lambda task, facts: None, own=mine
    )
    names = [measure.name for measure in measures]
    table = store.table("measures", [pilot.name for pilot in pilots])
    return table.filter(pl.col("measure").is_in(names)), speed.steps


MEASURES = (
    sim.OwnMeasure("longest_wait", longest_wait, unit="minutes"),
    sim.OwnMeasure("steps", steps_by_outcome, unit="steps"),
    sim.OwnMeasure("late", late, unit="share"),
    sim.OwnMeasure("requests", lambda record: len(record.case.ids), unit="requests"),
)


def test_a_number_is_a_value_for_all_and_a_mapping_one_for_each_group():
    tables, _ = sim.simulate(tiny(), measures=MEASURES)
    rows = own(tables, "longest_wait", "steps", "requests")
    assert rows.filter(measure="longest_wait").row(0)[1:3] == ("all", "minutes")
    assert set(rows.filter(measure="steps")["group"]) >= {"outcome:1", "outcome:2"}
    assert rows.filter(measure="requests")["value"].item() > 1000
    without, _ = sim.simulate(tiny())
    assert (
        tables["measures"]
        .filter(~pl.col("measure").is_in([m.name for m in MEASURES]))
        .equals(without["measures"], null_equal=True)
    )


def test_measures_may_come_one_by_one(tmp_path):
    """A generator is a list: the same rows, under the same digests."""
    given = MEASURES[2:]
    rows = [own(sim.simulate(tiny(), measures=some)[0], "late", "requests") for some in (given, iter(given))]
    assert rows[1].equals(rows[0])
    assert len(rows[0]) == 2
    short = tiny().model_copy(update={"run": tiny().run.model_copy(update={"replications": 1})})
    first = sim.compare(short, folder=tmp_path / "mine", measures=list(given), executor="serial")
    again = sim.compare(short, folder=tmp_path / "mine", measures=iter(given), executor="serial")
    assert again.measures.equals(first.measures, null_equal=True)
    assert set(again.measures["measure"]) >= {"late", "requests"}


def test_either_engine_gives_the_same_values():
    by_engine = [own(sim.simulate(tiny(), measures=MEASURES, engine=kind)[0], "late", "steps") for kind in
                 ("compiled", "reference", Compiled().model_dump(), Reference().model_dump())]  # fmt: skip
    assert all(rows.equals(by_engine[0], null_equal=True) for rows in by_engine)


@pytest.mark.parametrize("on", [Local(workers=2), pytest.param(Dask(workers=2), marks=pytest.mark.long)], ids=str)
def test_executors_give_the_same_values(tmp_path, on):
    here, _ = kept(tmp_path / "here/study", MEASURES)
    there, _ = kept(tmp_path / "there/study", MEASURES, on)
    assert there.equals(here, null_equal=True)
    assert set(here["measure"]) == {measure.name for measure in MEASURES}


def test_an_unchanged_function_is_read_from_the_archive_and_a_changed_one_is_run_again(tmp_path, monkeypatch):
    def mine():
        return (sim.OwnMeasure("late", late, unit="share"),)

    first, steps = kept(tmp_path / "one", mine(), replications_=1)
    Store.open_existing(tmp_path / "one").write_table("measures", first)
    assert steps > 0
    again, steps = kept(tmp_path / "two", mine(), replications_=1)
    assert steps == 0
    assert again.equals(first, null_equal=True)
    monkeypatch.setitem(globals(), "LIMIT", 0)
    changed, steps = kept(tmp_path / "three", mine(), replications_=1)
    assert steps > 0
    assert (changed["value"] > first["value"]).all()
    with pytest.raises(sim.StoreError, match=r"holds another comparison: your measure late has changed since \("):
        kept(tmp_path / "one", mine(), replications_=1)


HELPERS = """
    def helper(x, by=2):
        return x * by
"""
MINE = """
    import numpy as np
    from helpers import helper
    from math import floor

    LIMIT = 3
    PAIR = (1, "a")
    OTHER = 4

    def linear(x):
        return x

    def square(x):
        return x * x

    weight = linear
    linear.offset = 1

    def unused():
        return 7

    def value(record):
        weighted = weight(3) + linear(2) + square(2) + linear.offset
        return sum(helper(x) for x in range(LIMIT)) + PAIR[0] + floor(np.float64(0.5)) + weighted

    value.share = 0.5
"""


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Return a function that writes two modules, one text in place of another, and returns the one that measures."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a file that is rewritten at once looks as old as its code

    def load(old="", new=""):
        for name, text in (("helpers", HELPERS), ("mine", MINE)):
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(text).replace(old or "\0", new))
            monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()
        return importlib.import_module("mine")

    return load


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("+ PAIR[0]", "+ 2 * PAIR[0]"),
        ("x * by", "x + by"),
        ("by=2", "by=3"),
        ("LIMIT = 3", "LIMIT = 5"),
        ('(1, "a")', '(1, "b")'),
        ("import floor", "import ceil as floor"),
        ("weight = linear", "weight = square"),
        ("linear.offset = 1", "linear.offset = 2"),
        ("value.share = 0.5", "value.share = 0.25"),
    ],
)
def test_a_digest_covers_all_that_a_function_uses(loaded, old, new):
    before = sim.OwnMeasure("mine", loaded().value).digest()
    changed = loaded(old, new)
    assert changed.value(None) > 0
    assert sim.OwnMeasure("mine", changed.value).digest() != before


def test_a_digest_does_not_depend_on_what_else_stands_in_the_file(loaded):
    before = sim.OwnMeasure("mine", loaded().value).digest()
    for old, new in (("return 7", "return 8"), ("OTHER = 4", "OTHER = 5\n\n")):
        assert sim.OwnMeasure("mine", loaded(old, new).value).digest() == before
    assert sim.OwnMeasure("other", loaded().value).digest() != before
    assert sim.OwnMeasure("mine", loaded().value, unit="x").digest() != before


def test_a_worker_needs_no_file_of_ones_own(loaded, tmp_path):
    data = packed([sim.OwnMeasure("mine", loaded().value)]).data
    done = subprocess.run(
        [sys.executable, "-c", "import pickle, sys; print(pickle.load(sys.stdin.buffer)[0].values(None))"],
        cwd=tmp_path.parent, input=data, capture_output=True, timeout=300, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [b"{'all':", b"17.0}"]


@pytest.mark.parametrize(
    ("file", "old", "new"), [("mine", "+ PAIR[0]", "+ 9 * PAIR[0]"), ("helpers", "x *", "9 * x *")]
)
def test_a_file_that_has_changed_since_it_was_loaded_is_no_source(loaded, tmp_path, file, old, new):
    module = loaded()
    sim.OwnMeasure("mine", module.value)
    path = tmp_path / f"{file}.py"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ConfigError, match=rf"^measure mine must be loaded again, as its source has .*: {file}\.py$"):
        sim.OwnMeasure("mine", module.value)


def test_lambdas_are_told_apart_by_their_own_text():
    one = sim.OwnMeasure("mine", lambda record: 1.0)
    two = sim.OwnMeasure(
        "mine",
        lambda record: (
            2.0
        ),
    )  # fmt: skip
    three = sim.OwnMeasure(
        "mine",
        lambda record: (
            3.0
        ),
    )  # fmt: skip
    assert len({one.digest(), two.digest(), three.digest()}) == 3
    pair = (lambda record: 1.0), (lambda record: 2.0)
    with pytest.raises(ConfigError, match=r"^measure mine must be the only lambda on its line, got 2$"):
        sim.OwnMeasure("mine", pair[0])


TABLE = [1, 2, 3]
FRAME = pl.DataFrame({"x": [1]})


def uses_table(record):
    return sum(TABLE)


def uses_frame(record):
    return FRAME["x"].sum()


def uses_foreign_class(record):
    return Method().value(record)


def uses_foreign_module(record):
    return own_measures.longest_wait(record)


def imports_foreign_module(record):
    from setups import own_measures as inner

    return inner.longest_wait(record)


def with_list(record, values=[1, 2]):  # noqa: B006
    return sum(values)


def around():
    threshold = 3

    def inside(record):
        return threshold

    return inside


def executed():
    space = {}
    exec("def mine(record):\n    return 1.0", space)
    return space["mine"]


class Method:
    def value(self, record):
        return 1.0


class Tagged(float):
    """A number that carries more than its text says."""


TAGGED = Tagged(3)
PAIRED = (1, Tagged(3))
read = open
load = importlib.import_module
look = getattr
COUNTER = 1


def uses_tagged(record):
    return TAGGED


def uses_paired(record):
    return PAIRED[1]


def with_tagged(record, value=TAGGED):
    return value


def uses_globals(record):
    return globals()["LIMIT"]


def uses_eval(record):
    return eval("LIMIT")


def uses_exec(record):
    exec("LIMIT")
    return 1.0


def uses_open(record):
    with open("a.txt") as file:  # noqa: PTH123
        return float(file.read())


def uses_open_by_another_name(record):
    return float(read("a.txt").read())


def uses_import(record):
    return __import__("setups").LIMIT


def uses_importlib(record):
    return importlib.import_module("setups").LIMIT


def uses_import_by_another_name(record):
    return load("setups").LIMIT


def uses_sys(record):
    return sys.modules[__name__].LIMIT


def uses_codecs(record):
    return float(codecs.open("a.txt").read())


def uses_gzip(record):
    return float(gzip.open("a.gz").read())


def uses_linecache(record):
    return float(linecache.getline("a.txt", 1))


def uses_a_reader_of_lines(record):
    return float(getline("a.txt", 1))


def imports_glob(record):
    from glob import glob

    return len(glob("*"))  # noqa: PTH207


def uses_the_size_of_a_file(record):
    return getsize("a.txt")


def imports_paths(record):
    import os.path

    return os.path.getsize("a.txt")  # noqa: PTH202


def uses_getattr(record):
    return getattr(late, "__globals__")["LIMIT"]  # noqa: B009


def uses_getattr_by_another_name(record):
    return look(late, "__globals__")["LIMIT"]


def uses_attrgetter(record):
    return attrgetter("__globals__")(late)["LIMIT"]


def uses_attrgetter_of_its_module(record):
    return operator.attrgetter("__globals__")(late)["LIMIT"]


def imports_methodcaller(record):
    from operator import methodcaller

    return methodcaller("__getattribute__", "__globals__")(late)["LIMIT"]


def uses_modules_of_a_module(record):
    return statistics.sys.modules[__name__].LIMIT


def uses_modules_by_another_name(record):
    held = collections
    return held._sys.modules[__name__].LIMIT


def uses_format(record):
    return len(TEXT.format(late))


def uses_a_formatter(record):
    return len(string.Formatter().format("{0.__globals__}", late))


def uses_type_hints(record):
    return len(typing.get_type_hints(late))


def imports_sys(record):
    from sys import modules

    return modules[__name__].LIMIT


def uses_its_globals(record):
    return late.__globals__["LIMIT"]


def changes_a_global(record):
    global COUNTER  # noqa: PLW0603
    COUNTER += 1
    return COUNTER


def imports_relatively(record):
    from .helpers import helper

    return helper(1)


def with_attribute(record):
    return sum(with_attribute.values)


with_attribute.values = [1, 2]


LONG = 10**5000
DEEP = functools.reduce(lambda inside, _: (inside,), range(100_000), 1)


def uses_a_long_number(record):
    return LONG % 7


def with_a_long_number(record, most=10**5000):
    return most % 7


def with_a_long_attribute(record):
    return with_a_long_attribute.most % 7


with_a_long_attribute.most = (1, 10**5000)


def with_deep_tuples(record, inside=DEEP):
    return len(inside)


def homeless(record):
    return 1.0


homeless.__module__ = None


def uses_homeless(record):
    return homeless(record)


def foreign_executed():
    space = {}
    exec("def mine(record):\n    return 1.0", space)
    return space["mine"]


executed_helper = foreign_executed()


def uses_executed(record):
    return executed_helper(record)


REFUSED = {
    "a variable around it": (around(), "must use no variable of a function around it (give it as a default), got thre"),
    "code without a file": (executed(), "must be a function whose source can be read, got mine: "),
    "a built-in function": (len, "must be a function (def or lambda), got builtin_function_or_method"),
    "a method": (Method().value, "must be a function (def or lambda), got method"),
    "a class": (Method, "must be a function (def or lambda), got type"),
    "a list": (uses_table, "must use no data but numbers, texts and tuples of these, got TABLE, which is of type list"),
    "a frame": (
        uses_frame,
        "must use no data but numbers, texts and tuples of these, got FRAME, which",
    ),
    "a list as a default": (with_list, "must have numbers, texts or tuples of these as defaults, got [1, 2]"),
    "a class of one's own": (uses_foreign_class, "as anything else could change unseen, got Method"),
    "a module of one's own": (uses_foreign_module, "as anything else could change unseen, got own_measures"),
    "a number of a type of one's own": (uses_tagged, "tuples of these, got TAGGED, which is of type Tagged"),
    "one inside a tuple": (uses_paired, "tuples of these, got PAIRED, which is of type tuple"),
    "one as a default": (with_tagged, "must have numbers, texts or tuples of these as defaults, got 3.0"),
    "globals()": (uses_globals, "look up no name while it runs, as what it gets could change unseen, got globals"),
    "eval": (uses_eval, "could change unseen, got eval"),
    "exec": (uses_exec, "could change unseen, got exec"),
    "a file": (uses_open, "must read no file and look up no name while it runs, as what it gets could change unse"),
    "a file by another name": (uses_open_by_another_name, "could change unseen, got read"),
    "__import__": (uses_import, "could change unseen, got __import__"),
    "importlib": (uses_importlib, "could change unseen, got importlib"),
    "import_module": (uses_import_by_another_name, "could change unseen, got load"),
    "sys.modules": (uses_sys, "could change unseen, got sys"),
    "sys.modules of a module": (uses_modules_of_a_module, "could change unseen, got sys"),
    "sys.modules of a module by another name": (uses_modules_by_another_name, "could change unseen, got _sys"),
    "a text that looks names up": (uses_format, 'unseen (an f-string does the same: f"{x:.1f}"), got format'),
    "a formatter": (uses_a_formatter, "could change unseen"),
    "type hints": (uses_type_hints, "could change unseen, got get_type_hints"),
    "sys.modules, imported inside": (imports_sys, "could change unseen, got sys"),
    "codecs": (
        uses_codecs,
        "must use of Python's modules only bisect, cmath, collections, dataclasses, datetime, ",
    ),
    "gzip": (uses_gzip, "string, typing, as what others find could change unseen, got gzip"),
    "linecache": (uses_linecache, "could change unseen, got linecache"),
    "a function of linecache": (uses_a_reader_of_lines, "could change unseen, got getline"),
    "glob, imported inside": (imports_glob, "could change unseen, got glob"),
    "the size of a file": (uses_the_size_of_a_file, "could change unseen, got getsize"),
    "os.path, imported inside": (imports_paths, "could change unseen, got os.path"),
    "getattr": (uses_getattr, "must read no file and look up no name while it runs, as what it gets could change unse"),
    "getattr by another name": (uses_getattr_by_another_name, "could change unseen, got look"),
    "attrgetter": (
        uses_attrgetter,
        "no name while it runs, as what it gets could change unseen, got attrgetter",
    ),
    "attrgetter of its module": (uses_attrgetter_of_its_module, "could change unseen, got attrgetter"),
    "methodcaller, imported inside": (imports_methodcaller, "could change unseen, got methodcaller"),
    "__globals__": (uses_its_globals, "could change unseen, got __globals__"),
    "a global that it changes": (changes_a_global, "must change no global variable, got COUNTER"),
    "a relative import": (imports_relatively, "as anything else could change unseen, got .helpers"),
    "an attribute that is a list": (with_attribute, "as attributes of its functions, got values of with_attribute"),
    "a number that is too long": (
        uses_a_long_number,
        "must use no number and no tuple that is longer or deeper than Python writes (4,300 digits), got LONG",
    ),
    "one as a default that is": (with_a_long_number, "deeper than Python writes (4,300 digits), got a default"),
    "one in an attribute that is": (with_a_long_attribute, "deeper than Python writes (4,300 digits), got most"),
    "tuples in tuples": (with_deep_tuples, "deeper than Python writes (4,300 digits), got a default"),
    "a helper without a module": (uses_homeless, "must use functions that have a module, got homeless, which has none"),
    "a helper without a file": (uses_executed, "must be a function whose source can be read, got mine: "),
    "an import inside": (imports_foreign_module, "as anything else could change unseen, got setups"),
}


def test_no_module_that_only_computes_leads_to_one_that_finds_names():
    reached, seen = [importlib.import_module(name) for name in MODULES], set()
    for one in reached:
        for name, value in vars(one).items():
            if inspect.ismodule(value) and name not in HIDING_ATTRIBUTES and value.__name__ not in seen:
                seen.add(value.__name__)
                reached.append(value)
    assert seen.isdisjoint({"sys", "os", "builtins", "inspect", "importlib", "io", "linecache", "gc", "pathlib"})


def computes(record):
    from math import sqrt

    totals = functools.reduce(operator.add, accumulate(heapq.nsmallest(2, Counter([4, 4, 9]))))
    return sqrt(totals) + bisect_left((1, 2), 2) + statistics.mean([1, 2]) + float(Fraction(1, 2))


def test_modules_of_python_that_only_compute_may_be_used():
    assert sim.OwnMeasure("mine", computes).values(None) == {"all": 17**0.5 + 3}
    assert set(MODULES) <= sys.stdlib_module_names


@pytest.mark.parametrize("name", ["trace", "statistics"])
def test_a_module_of_ones_own_may_have_the_name_of_one_of_python(tmp_path, monkeypatch, name):
    """Its functions are one's own: the digest covers them."""
    digests = []
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "mine.py").write_text(f"from {name} import helper\n\ndef value(record):\n    return helper()\n")
    for number in (1, 22):
        (tmp_path / f"{name}.py").write_text(f"def helper():\n    return {number}\n")
        for module in (name, "mine"):
            monkeypatch.delitem(sys.modules, module, raising=False)
        importlib.invalidate_caches()
        digests.append(sim.OwnMeasure("mine", importlib.import_module("mine").value).digest())
    assert len(set(digests)) == 2


@pytest.mark.parametrize("what", REFUSED)
def test_a_function_that_could_change_unseen_is_refused(what):
    function, said = REFUSED[what]
    with pytest.raises(ConfigError) as told:
        sim.OwnMeasure("mine", function)
    assert str(told.value).startswith("measure mine ")
    assert said in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "trips"}, "name must be none that a measure of wangge has, got trips"),
        ({"name": "my measure"}, "name must be a letter and then letters, digits and underscores"),
        ({"name": "_x"}, "at most 40 in all, got '_x'"),
        ({"name": "x" * 41}, "at most 40 in all, got 'xxx"),
        ({"name": 3}, "at most 40 in all, got 3"),
        ({"name": 10**5000}, "at most 40 in all, got a value of int"),
        ({"unit": "a\ud800"}, "unit of measure mine must be one line with no control characters"),
        ({"label": "\udfff"}, "and no halves of characters, got '\\udfff'"),
        ({"label": "late\nor not"}, "label of measure mine must be one line with no control characters, no marks of"),
        ({"label": "\x1b[31mred"}, "got '\\x1b[31mred'"),
        ({"label": "\u202eetal"}, "got '\\u202eetal'"),
        ({"unit": "minutes\u2066"}, "unit of measure mine must be one line with no control characters, no marks of"),
        ({"mid": 0}, "mid of measure mine must be a number above 0, got 0"),
        ({"mid": float("nan")}, "mid of measure mine must be a number above 0, got nan"),
        ({"mid": float("inf")}, "mid of measure mine must be a number above 0, got inf"),
        ({"mid": "5"}, "mid of measure mine must be a number above 0, got '5'"),
        (
            {"touched": "tuched"},
            "touched of measure mine must be staff or a measure of wangge (did you mean touched or touched_in_person?)"
            ", got 'tuched'",
        ),
        ({"touched": "qqq"}, "touched of measure mine must be staff or a measure of wangge, got 'qqq'"),
    ],
)
def test_what_is_said_of_a_measure_is_checked(changes, said):
    with pytest.raises(ConfigError, match=r"^(name|unit|label|mid|touched) ") as told:
        sim.OwnMeasure(**{"name": "mine", "function": longest_wait, **changes})
    assert said in str(told.value)


def test_measures_must_have_names_of_their_own():
    with pytest.raises(ConfigError, match=r"^measures must have names of their own, got late twice$"):
        sim.simulate(tiny(), measures=[sim.OwnMeasure("late", late), sim.OwnMeasure("late", longest_wait)])


@pytest.mark.parametrize(
    "value", [0, 1.5, True, np.int8(3), np.float32(0.5), np.bool_(True), Fraction(1, 3), float("nan")], ids=repr
)
def test_numbers_of_every_kind_are_values(value):
    found = sim.OwnMeasure("mine", lambda given: given).values(value)
    assert list(found) == ["all"]
    assert found["all"] == float(value) or np.isnan(found["all"])
    assert type(found["all"]) is float


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "got None for 'all'"),
        ("3", "got '3' for 'all'"),
        (float("inf"), "got inf for 'all'"),
        (10**400, "got 1000"),
        (np.zeros(3), "got array([0., 0., 0.]) for 'all'"),
        (1j, "got 1j for 'all'"),
        ({"all": -np.inf}, "got -inf for 'all'"),
        ({"level:street": [1]}, "got [1] for 'level:street'"),
        ({3: 1.0}, "got 1.0 for 3"),
        ({"": 1.0}, "got 1.0 for ''"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(value, said):
    with pytest.raises(ConfigError, match=r"^measure mine must return a number") as told:
        sim.OwnMeasure("mine", lambda given: given).values(value)
    assert said in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("group", "hint"),
    [
        ("bad group!", ""),
        ("All", " (did you mean all?)"),
        ("level-district", " (did you mean level:district or level:street?)"),
        ("level:", " (did you mean level:street or level:district or level:community?)"),
        ("level:a|b", ""),
    ],
)
def test_a_group_is_named_as_those_of_other_measures_are(group, hint):
    with pytest.raises(ConfigError) as told:
        sim.OwnMeasure("mine", lambda given: given).values({group: 1.0})
    said = str(told.value)
    assert said.startswith("groups of measure mine must be all, or a kind and a name as level:district")
    assert said.endswith(f", got {group!r}")
    assert hint in said


def test_every_group_of_a_built_in_measure_could_be_one_of_ones_own():
    measures = sim.simulate(tiny())[0]["measures"]
    groups = measures.filter(pl.col("measure") != "open_bound")["group"].unique().to_list()  # those are measures
    assert len(groups) > 100
    mine = sim.OwnMeasure("mine", lambda given: given)
    assert set(mine.values(dict.fromkeys(groups, 1.0))) == set(groups)


def divides(record):
    return 1 / 0


def ones(record):
    return 1.0


def leaves(record):
    raise SystemExit(3)


def stops(record):
    raise KeyboardInterrupt


def test_a_measure_that_would_end_the_program_fails_as_any_other(tmp_path):
    mine = sim.OwnMeasure("mine", leaves)
    said = "measure mine must return a value, got line .* of test_own_measures.py: SystemExit: 3$"
    with pytest.raises(ConfigError, match=said):
        sim.simulate(tiny(), measures=[mine])
    with pytest.raises(KeyboardInterrupt):
        sim.simulate(tiny(), measures=[sim.OwnMeasure("mine", stops)])


def test_a_measure_that_fails_is_named_and_its_cause_is_kept():
    with pytest.raises(ConfigError) as told:
        sim.simulate(tiny(), measures=[sim.OwnMeasure("mine", divides)])
    line = divides.__code__.co_firstlineno + 1
    assert str(told.value) == (
        f"measure mine must return a value, got line {line} of test_own_measures.py: ZeroDivisionError: division by "
        "zero"
    )
    assert isinstance(told.value.__cause__, ZeroDivisionError)


def test_a_folder_in_which_a_measure_failed_takes_the_corrected_one_and_no_other_once_it_holds_results(tmp_path):
    design = tiny().model_copy(update={"report": tiny().report.model_copy(update={"maps": ()})})

    def compared(function):
        measures = [sim.OwnMeasure("mine", function)]
        return sim.compare(
            design, folder=tmp_path / "results/mine", replications=1, measures=measures, executor="serial"
        )

    with pytest.raises(ConfigError, match=r"^measure mine must return a value"):
        compared(divides)
    assert compared(ones).measures.filter(measure="mine")["value"].to_list() == [1.0]
    with pytest.raises(sim.StoreError, match=r"your measure mine has changed since \(.*\)\. Nothing was changed"):
        compared(divides)


def writes_to_visits(record):
    record.visits.start[:] = 0
    return 1.0


def writes_to_labels(record):
    np.add(record.case.labels.walk, 1, out=record.case.labels.walk)
    return 1.0


def writes_to_the_place(record):
    record.case.organisation.place.xy[0, 0] = 3
    return 1.0


def writes_to_the_stations(record):
    next(iter(record.case.organisation.at.values())).fill(0)
    return 1.0


def sets_a_column(record):
    record.visits.start = record.visits.end
    return 1.0


@pytest.mark.parametrize(
    "function", [writes_to_visits, writes_to_labels, writes_to_the_place, writes_to_the_stations, sets_a_column]
)
def test_a_measure_that_writes_to_the_record_is_told_and_none_is_falsified(function):
    with pytest.raises(ConfigError) as told:
        sim.simulate(tiny(), measures=[sim.OwnMeasure("writes", function)])
    assert str(told.value).startswith(
        "measure writes must leave the record as it is, which others are given too (change a copy of an array), got "
        f"line {function.__code__.co_firstlineno + 1} of test_own_measures.py: "
    )


def takes_out_stations(record):
    record.case.organisation.at.clear()
    return 1.0


def counts_stations(record):
    return len(record.case.organisation.at)


def test_what_a_measure_does_to_a_mapping_of_its_record_no_other_sees():
    measures = [sim.OwnMeasure("first", takes_out_stations), sim.OwnMeasure("second", counts_stations)]
    tables, _ = sim.simulate(tiny(), measures=measures)
    assert tables["measures"].filter(measure="second")["value"].item() > 0


def test_a_judged_measure_must_have_a_value_for_all():
    with pytest.raises(ConfigError, match=r"^measure mine must return a number for all, as it has a mid, got none$"):
        sim.OwnMeasure("mine", lambda given: given, mid=1).values({"level:street": 1.0})
    assert sim.OwnMeasure("mine", lambda given: given).values({"level:street": 1}) == {"level:street": 1.0}
    assert sim.OwnMeasure("mine", lambda given: given).values({}) == {}


STUDY = {
    "title": "Own",
    "pilots": ["four_level"],
    "base": BASE,
    "factors": {"grid.households": [200]},
    "design": "grid",
    "responses": ["late", "late|hall:none"],
    "precision": {"replications": 2},
}
SCRIPT = f"""
import sim

LIMIT = 30

def late(record):
    rows = (record.case.labels.presence == 1) & (record.visits.start >= 0)
    waits = (record.visits.start[rows] - record.visits.arrival[rows]) / 60_000
    return {{"all": (waits > LIMIT).mean(), "hall:none": len(waits)}}

if __name__ == "__main__":
    measures = [sim.OwnMeasure("late", late, unit="share")]
    found = sim.sweep({STUDY!r}, folder="results/own", measures=measures, workers=2)
    print(found.read("measures").filter(measure="late")["value"].len(), found.cost)
"""


def test_a_script_measures_on_several_processes_what_it_defines_itself(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4 Simulated now: 2 replications")


def by_hall(record):
    found = waits(record)
    return {"all": np.mean(found > LIMIT), "hall:none": len(found)}


def test_a_study_asks_for_a_measure_of_ones_own_like_for_any_other(tmp_path):
    def swept(label="", mid=None):
        measures = [sim.OwnMeasure("late", by_hall, unit="share", label=label, mid=mid)]
        return sim.sweep(STUDY, folder=tmp_path / "results/own", measures=measures, executor="serial")

    first = swept()
    assert first.cost.startswith("Simulated now: 2 replications")
    assert [column.heading for column in first.table.columns[2:]] == ["late (%)", "late, hall none (%)"]
    written = (first.folder / "summary.csv").stat().st_mtime_ns
    again = swept(label="waits over 30 minutes", mid=0.05)
    assert again.cost == "Nothing was simulated: every replication was kept already."
    assert (first.folder / "summary.csv").stat().st_mtime_ns > written
    assert again.table.columns[2].heading == "waits over 30 minutes (%)"
    assert again.read("summary").equals(first.read("summary"), null_equal=True)
    written = (first.folder / "summary.csv").stat().st_mtime_ns
    swept(label="waits over 30 minutes", mid=0.05)
    assert (first.folder / "summary.csv").stat().st_mtime_ns == written
    changed = [sim.OwnMeasure("late", by_hall, unit="minutes")]
    with pytest.raises(sim.StoreError, match=r"another study: your measure late has changed since \([^;]*\)\. No"):
        sim.sweep(STUDY, folder=tmp_path / "results/own", measures=changed, executor="serial")


def test_a_study_that_asks_for_a_measure_that_nobody_has_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"^study\.responses must .*late"):
        sim.sweep(STUDY, folder=tmp_path / "results/own", executor="serial")
