"""Bad inputs made from schemas: whatever a stranger could write in place of a value or a key of a config."""

import functools
import math

from setups.schemas import just_beyond, leaves, with_value


def nested(levels):
    """Return a list in a list in a list."""
    return functools.reduce(lambda inside, _: [inside], range(levels), 1)


WRONG = (
    None, True, False, "", "text", [], [1, [2]], {}, {"a": {"b": 1}}, [None] * 1000, nested(40), nested(300),
    nested(100_000), math.nan, math.inf, -math.inf, -1, 0, 1, 1e300, -1e300, 1e-300, 5e-324, 10**30, -(10**30), 2**62,
    2**63, 10**500, 10**5000, [1, -(10**5000)],
    "9" * 5000, "a" * 100_000, "n" * 300, "../../x", "${oc.env:HOME}", "nan",
    "\x1b[2J\x07", "a\u202eb", "a\nb", "\ud800", b"x", {1: 2}, {"": 1}, {"n" * 300: 1}, {("a", 1): 2}, {10**5000: 1},
    object(),
)  # fmt: skip
"""In place of any value."""

WRONG_KEYS = ("", "n" * 300, "a.b", "\x1b[2J", "\u202ex", "\ud800", "__class__", "${x}")
"""Beside the keys of any mapping."""


SCALARS = (
    "", "''", "' '", "null", "NULL", "Null", "~", "true", "True", "TRUE", "false", "False", "on", "no", "0", "-0", "+1",
    "1_0", "007", "0x1F", "0o17", "0b101", "1:30", "1.", ".5", "1.5", "-1.5", "1e3", "1E3", "1e+3", "-1e-3", "1_0.0_1",
    "1e400", "nan", "NaN", ".nan", "inf", "Inf", "-inf", "+inf", ".inf", "2001-01-01", "2001-99-99",
    "2001-01-01T00:00:00Z", "1" * 400, "1" * 5000,
    "a=b", "'", "(", "a b", "=", "<<", "[]", "[1]", "[quick]", "[null]", "{}", "{a:1}", "{a:{b:c}}",
)  # fmt: skip
"""Whatever is a value in the grammar of YAML, or in that of Hydra, and no name of a file."""

GROUPS = ("run", "structure", "grid", "staffing", "procedures", "district", "demand")
"""Of which a design has one file each."""

NO_DEFAULTS = (
    "5", "null", "true", "1e3", "text", "{}", "{a: b}", "[5]", "[1e3]", "[null]", "[true]", "['']", "[' ']", "[[]]",
    "[[four_level]]", "[{}]", "[{a: {b: c}}]", "[{a: b, c: d}]", "[{1: base}]", "[{'': base}]", "[{/: base}]",
    "[{override /grid: 1e3}]", "[{override /grid: 5}]", "[{override /grid: true}]", "[{override /grid: {a: b}}]",
    "[{override /grid: [base, 5]}]", "[{override /grid: ['']}]", "[{override /grid: ''}]", "[{replace /grid: base}]",
    "[four_level, 5]", "[four_level, {override: {}}]", "[four_level, .inf]", "[four_level, {override /grid: .nan}]",
)  # fmt: skip
"""In place of a list of defaults, in YAML."""

NO_DATA = (
    "!!timestamp 2001-99-99", "!!timestamp 2001-01-01", "!!binary aGVsbG8=", "!!set {a, b}", "!!omap [a: 1]",
    "!!pairs [a: 1]", "!!int abc", "!!int ''", "!!float ''", "!!bool maybe", "!!seq {a: 1}", "!!map [1]", "!!str [1]",
    "!!python/name:os.system", "!foo 3", "0x_", "=", "<<",
)  # fmt: skip
"""What YAML allows and is no plain data."""

NO_KEYS = ("null: 1", "~: 1", "? \n: 1", "[1, 2]: 1", "{a: 1}: 2", "!!binary aGVsbG8=: 1", "!!set {a}: 1")
"""What YAML allows as a key and is no text."""

WORDS = (
    "=", "a", "a=b=c", "grid.households=[", "grid.households='", "~grid", "~grid.households", "+x=1",
    "++grid.households=null", "+grid.households=3", "pilot=", "--config-dir", "--cfg", "-m", "\x1b[31m=3", "n" * 300,
    "n" * 300 + "=1", "\u7f51\u683c=1", "grid.households=${x}", "grid.households=${oc.env:HOME}",
    "grid.households=1,2", "grid.households=choice(1,2)", "grid.households=range(1,3)",
    "grid.households=range(1,1000000000)", "grid.households=range(0,1,1e-12)",
    "grid.households=shuffle(range(1,1000000000))", "grid.households=range(nan,5)", "grid={a:1}", "@",
    "grid@x=base", "grid@grid.visits=base", "hydra.run.dir=/tmp/x", "hydra/launcher=x", "hydra.mode=MULTIRUN",
    "hydra.verbose=true", "pilots=[[a]]", "pilots={a:b}", "pilots=null", "pilots=[]",
    "pilots=[four_level,four_level]", "pilots=3", "name=", "name=../x", "name=[a]", "name=null", "name=" + "x" * 300,
    "name='a\nb'", "name=a/b", "name=.", "name='\u202ex'", "seed=-1", "seed=1e9", "seed=nan", "seed=null",
    "workers=0", "workers=-1", "workers=1e9", "workers=null", "workers=[1]", "executor=null", "executor=[]",
    "executor={}", "executor=x", "executor.kind=x", "executor.workers=a", "engine=null", "engine.kind=3",
    "engine.block_weeks=0", "engine.memory_mb=nan", "engine.memory_mb=inf", "run.replications=1e400",
    "run.replications=-inf", "run.replications=0x10", "run.replications=1_0", "run=null", "run=[quick]",
    "run=quick,year", "mid=3", "report=null", "report.measures=[]", "grid.visits=3", "district.name={}",
    "title=[1,2]", "title=null", "study=x", "study=null", "study.factors=3", "study.responses=[]", "network=x",
    "network=null", "network.horizon=-1", "network.horizon=1e99", "network.classes={}", "cases=3", "cases=[x]",
    "cases=[]", "most_load=0", "most_load=1.5", "most_load=nan", "most_load=null", "most_load=[1]", "most_load=",
    "today=x", "today=", "today=null", "today=[a]", "today=../x", "staffing=x", "form=x", "request=-1", "request=x",
    "request=1e30", "request=null", "retry=3", "workloads=[x]",
    "repeats=0", "pilot=[a,b]", "pilot=three_level,four_level", "pilot=null", "pilot={a: b}", "--dry-run",
    "--config-dir=/", "--config-dir=/dev/null", "--config-dir=/proc", "map=x", "yes=1", "unused=", "results", "..",
    "/", "\x00", "a\x00b=1", "grid.households='\ud800'", "'=1", '"=1', 'grid.households="a', "(=1", "a(b)=3", "a=b(",
    "a=b)", "a=[1,{", "a={b:c:d}", "a= ", "  =a", "a=\\", "a=\\'", "$", "${a}=1", "a.${b}=1", "grid..households=1",
    ".grid=1", "grid.=1", "grid.0=1", "procedures.archetypes.T1.activities.0.minutes=-1",
    "procedures.archetypes.T1.activities[0].minutes=1", "district.calendar.holidays=[2025-01-01]",
    "district.calendar.holidays=['x']", "district.calendar.hours=[{open: '09:00'}]",
    "structure=nan", "grid=1_0", "executor=1e3", "network=nan", "study=1e3", "pilot=inf", "explain=1e3",
    "grid.households=range(200,300,50),400", "grid.households=interval(1,2),3", "pilot=choice(a,b),c",
    "grid.households=[range(1,3)],2", "pilots=[choice(a,b)]", "report.measures=[range(1,3)]",
    "district.calendar.holidays=[interval(0,1)]", "title={a:choice(b,c)}", "mid={turnaround:[glob(*)]}",
    "~run=1e3", "~grid=[1]", "~pilot=null", "~grid=1,2", "~grid={a:b}", "~", "~=", "~x", "~x=1", "~~grid=base",
    "~run.seed=0", "~grid=range(1,3)", "~grid=[range(1,3)]", "~executor=local", "~hydra/launcher=x", "~grid@x=base",
    "+~grid=base", "~+grid=base", "+grid=base", "+run=quick", "++grid=base", "+grid.households=1e3",
    "+grid=[range(1,3)]", "+pilot=x",
)  # fmt: skip
"""After any command."""


def beyond(kind, limits):
    """Return numbers at, just beyond and far beyond both bounds of a number."""
    values = []
    for (bound, allowed), way in zip(limits, (-1, 1), strict=True):
        if not math.isfinite(bound):
            continue
        far = (way * 10**9, way * 10**30) if kind is int else (way * 1e300, way * 1.7e308)
        values += [bound, just_beyond(kind, bound, way), *(one for one in far if (one - bound) * way > 0)]
        if not allowed:
            values.append(just_beyond(kind, bound, -way))
    return values


def bad_inputs(plain, schema):
    """Return a config with one bad input each: its place, what stands there, and the whole."""
    bounds = {place: values for place, *values in leaves(plain, schema)}
    for place in places(plain):
        for value in (*WRONG, *(beyond(*bounds[place]) if place in bounds else ())):
            yield place, value, lambda place=place, value=value: with_value(plain, place, value)
        if isinstance(place[-1], str):
            for key in WRONG_KEYS:
                yield place[:-1], key, lambda at=(*place[:-1], key): with_value(plain, at, 1)


def places(node, at=()):
    """Yield the place of every value; of a list those of two members are enough."""
    if at:
        yield at
    if isinstance(node, dict):
        for key, inside in node.items():
            yield from places(inside, (*at, key))
    elif isinstance(node, list):
        for i, inside in enumerate(node[:2]):
            yield from places(inside, (*at, i))


def product_of_legal_sizes(drawn):
    """Return the files of a folder, by their paths, of which each is as large as it may be, but not all together."""
    files, n_values, n_letters = {}, drawn.choice((10, 300, 3000, 19_000)), drawn.choice((1, 10, 1000, 90_000))
    names = [f"f{i}" for i in range(drawn.choice((1, 2, 5, 30)))]
    for i, name in enumerate(names):
        defaults = [f"/zz/{name}"] if drawn.random() < 0.02 else []
        if i + 1 < len(names) and drawn.random() < 0.5:
            defaults += [f"/zz/{names[i + 1]}@p{k}" for k in range(drawn.choice((1, 2, 5)))]
        head = f"defaults: {defaults}\n" if defaults else ""
        files[f"zz/{name}.yaml"] = f"{head}x: [{'1, ' * n_values}1]\ny: {'y' * n_letters}\n"
    places = range(drawn.choice((1, 10, 90, 150, 250)))
    chosen = [(f"/zz@z{i}", drawn.choice(names)) for i in places]
    again = [(f"override /zz@z{i}", drawn.choice(names)) for i in places if drawn.random() < 0.3]
    defaults = ["four_level", *({group: name} for group, name in (*chosen, *again))]
    head = f"# @package _global_\ndefaults: {defaults}\n"
    files["pilot/mine.yaml"] = f"{head}name: mine\ntitle: mine\n"
    return files


def shown_well(text):
    """Return whether a message is one short paragraph that says what must be, in the program's own words."""
    ruled = " must" in text or " is not a known key" in text or " is now " in text
    foreign = "must satisfy" in text or "Error" in text or "pydantic" in text
    return bool(text) and text.isprintable() and len(text) < 2500 and ruled and not foreign
