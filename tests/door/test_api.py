"""The public door: its names are documented, its docstrings are whole, the documentation runs, and it is quiet."""

import inspect
import re
import subprocess
import sys
import textwrap
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import polars as pl
import pytest
from setups.district import tiny

import sim
from sim import errors
from sim.district import engines
from sim.district.demand import Demand
from sim.district.stages import Kind, Presence
from sim.district.step_table import StepLabels
from sim.engine.record import Outcome
from sim.journeys.sentences import ROW
from sim.statistics.verdicts import Verdict
from sim.study.comparison import differences, equity
from sim.study.comparison.comparison import KEPT
from sim.study.replication import prepare

PAGE = (Path(__file__).parents[2] / "docs/api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SECTIONS = dict(re.findall(r"^### `sim\.(\w+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
FUNCTIONS = sorted(name for name in sim.__all__ if inspect.isfunction(getattr(sim, name)))
HEAVY = ("polars", "numba", "matplotlib", "hydra", "omegaconf", "pydantic", "numpy", "scipy", "rich", "distributed")


def ran(folder, text, **options):
    """Return what a script says in a folder where nothing of ours lies."""
    (folder / "script.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, timeout=600, check=False, **options
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def signature(name):
    """Return how a function is called, without annotations."""
    parts = inspect.signature(getattr(sim, name)).parameters.values()
    bare = [part.replace(annotation=inspect.Parameter.empty) for part in parts]
    return f"sim.{name}{inspect.Signature(bare)}".replace("'", '"')


def test_what_is_public_is_what_is_documented():
    assert list(SECTIONS) != sorted(SECTIONS)  # in an order to be read
    assert sorted(SECTIONS) == sorted(sim.__all__)
    assert sorted(sim.__all__) == sim.__all__ == dir(sim)
    assert set(sim._HOMES) == set(sim.__all__) - {"__version__"}


def test_every_error_that_the_page_names_can_be_had_and_every_one_that_there_is_is_named():
    named_there = set(re.findall(r"`(?:sim\.)?(\w+Error)`", PAGE)) - {"ValueError"}
    ours = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, errors.WanggeError)}
    assert named_there == ours
    for name in named_there:
        assert getattr(sim, name) is getattr(errors, name)
        assert name in sim.__all__


@pytest.mark.parametrize("name", [*FUNCTIONS, "OwnMeasure"])
def test_the_page_shows_how_a_function_is_called(name):
    assert re.search(r"```text\n(.*?)\n```", SECTIONS[name])[1] == signature(name)


@pytest.mark.parametrize("name", sim.__all__)
def test_the_page_has_an_example_of_every_name(name):
    if name in ("WanggeError", "ExecutorError"):  # shown where a folder is refused; raised by nothing that is quick
        return
    assert "```python\n" in SECTIONS[name]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_page_speaks_of_every_argument(name):
    words = set(re.findall(r"`(\w+)`", SECTIONS[name]))
    if name == "make_network":  # whose first arguments are the tables of the contract
        words |= {"halls", "duties", "servers", "calendars", "requests"}
    assert set(inspect.signature(getattr(sim, name)).parameters) <= words


def listed(name):
    """Return what the page lists of a result: what begins an item of its list, before the colon."""
    heads = re.findall(r"^- (`.*?`):", SECTIONS[name].partition("\nReturns")[2] or SECTIONS[name], re.MULTILINE)
    return [one.partition("(")[0] for head in heads for one in re.findall(r"`(.*?)`", head)]


RESULTS = {
    "Comparison": "found", "Sweep": "grids", "Preview": "before", "Journeys": "journeys", "NetworkRun": "measured",
    "Pilot": "reform", "QueueNetwork": "fewer",
}  # fmt: skip
"""What the examples of the page call a result of each type."""


def attributes(name):
    """Return what the page names of a result: what it lists, and what stands in its text behind the result's name."""
    dotted = re.findall(rf"`(?:{RESULTS[name]}\.)?(\w+(?:\.\w+)*)`", SECTIONS[name])
    own = set(listed(name))
    written = re.findall(rf"\b{RESULTS[name]}\.(\w+(?:\.\w+)*)", PAGE)
    return sorted(own | {one for one in dotted if "." in one and one.partition(".")[0] in own} | set(written))


def test_the_page_lists_what_each_result_has():
    assert min(len(listed(name)) for name in RESULTS if name not in {"Pilot", "QueueNetwork", "Preview"}) >= 4
    assert listed("simulate") == ["tables", "facts"]


@pytest.mark.parametrize("name", [*FUNCTIONS, "OwnMeasure", "Network", "Visits", "Spells"])
def test_the_hints_of_what_is_public_can_be_read_and_what_is_returned_is_public_too(name):
    what = getattr(sim, name)
    hints = get_type_hints(what.__init__ if inspect.isclass(what) else what)
    assert set(hints) >= set(inspect.signature(what).parameters)
    if inspect.isfunction(what):
        returned = hints["return"]
        for one in get_args(returned) if get_origin(returned) is tuple else (returned,):
            assert getattr(sim, getattr(one, "__name__", ""), None) is one or not one.__module__.startswith("sim")


def test_the_page_tells_what_a_record_has():
    plan = prepare(tiny(), 0)
    (record,) = engines.records(plan, engines.in_one_block(engines.Compiled(), plan.office.weeks))
    pilot = record.case.organisation.pilot
    known = {"record": record, "labels": record.case.labels, "pilot": pilot, "district": pilot.district, "s": 0, "k": 0}
    section = SECTIONS["Record"]
    rows = re.findall(r"^\| `(record\.[\w.]+)` \|(.*)$", section, re.MULTILINE)
    paths = [f"{path}.{part}" for path, row in rows for part in re.findall(r"`([a-z]\w*(?:(?:\[\w\])?\.\w+)*)`", row)]
    paths += [one for one in re.findall(r"`(\w+(?:\.\w+)+)`", section) if one.partition(".")[0] in known]
    assert len(paths) > 25
    for path in paths:
        eval(path, known)


def test_links_within_the_page_lead_somewhere():
    headings = [re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^#+ (.*)$", PAGE, re.M)]
    anchors = {f"{one}-{headings[:i].count(one)}" if one in headings[:i] else one for i, one in enumerate(headings)}
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= anchors


def sections_of(docstring):
    """Return the sections of a numpydoc docstring by their titles."""
    parts = re.split(r"^(\w+)\n-+$\n", inspect.cleandoc(docstring), flags=re.MULTILINE)
    return parts[0], dict(zip(parts[1::2], parts[2::2], strict=True))


def named(section):
    """Return what a section names: the lines that are not indented, before the colon."""
    heads = [line.partition(":")[0] for line in section.splitlines() if line and not line.startswith(" ")]
    return [name.strip() for head in heads for name in head.split(",")]


@pytest.mark.parametrize("name", [*FUNCTIONS, "OwnMeasure"])
def test_a_docstring_names_every_argument_what_is_returned_and_what_is_raised(name):
    what = getattr(sim, name)
    summary, sections = sections_of(what.__doc__)
    assert re.fullmatch(r"[A-Z][^\n]*\.", summary.split("\n\n")[0].replace("\n", " "))
    assert named(sections["Parameters"]) == list(inspect.signature(what).parameters)
    raised = named(sections["Raises"])
    assert raised
    for error in raised:
        assert issubclass(getattr(sim, error), sim.WanggeError)
    if name != "OwnMeasure":
        annotation = inspect.signature(what).return_annotation
        returned = named(sections["Returns"])
        assert all(one in annotation for one in returned) or annotation.startswith("tuple[")
        assert len(returned) == (2 if annotation.startswith("tuple[") else 1)
    for text in sections.values():
        assert re.search(r"^    \S", text, re.MULTILINE)  # what each is, not its name alone


@pytest.mark.parametrize("name", [name for name in sim.__all__ if name != "__version__"])
def test_every_public_name_says_what_it_is(name):
    assert inspect.getdoc(getattr(sim, name))


def columns_told(heading):
    """Return the first column of the table below a heading or line of the page."""
    table = re.search(rf"{re.escape(heading)}.*?\n\n(\|.*?)\n\n", PAGE, re.DOTALL)[1]
    return [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]


def test_the_page_tells_every_column_of_a_record():
    assert columns_told("### `sim.Visits`") == [
        "arrival", "start", "end", "server", "done", "interruptions", "outcome"
    ] == [field.name for field in fields(sim.Visits)]  # fmt: skip
    assert columns_told("### `sim.Spells`") == [field.name for field in fields(sim.Spells)]
    labels = [field.name for field in fields(StepLabels) if field.name != "activities"]
    assert columns_told("`record.case.labels`, one entry a step:") == labels
    assert set(columns_told("`record.case.demand`, one entry a request")) == {
        "channel", "archetype", "instant", "household", "line"
    } < {field.name for field in fields(Demand)}  # fmt: skip


def columns_in(heading):
    """Return the first column of the table below a line of the page, whatever letters names have, in order."""
    table = re.search(rf"^{re.escape(heading)}.*?\n\n(\|.*?)\n\n", PAGE, re.DOTALL | re.MULTILINE)[1]
    return [name for row in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_the_page_tells_every_column_of_every_table_of_a_comparison():
    simulated, _ = sim.simulate(tiny(), 0)
    columns = {name: ["pilot", "replication", *table.columns] for name, table in simulated.items()}
    assert set(columns) == set(KEPT)
    columns |= {
        "comparison": [*differences.TABLE],
        "equity": [*equity.TABLE],
        "equity_differences": [*equity.DIFFERENCES],
    }
    yuehu = Path(__file__).parents[2] / "results/yuehu"
    columns["effects"] = pl.read_csv(yuehu / "effects.csv").columns
    assert pl.read_csv(yuehu / "comparison.csv").columns == columns["comparison"]
    for name, those in columns.items():
        assert columns_in(f"`{name}`") == those
    assert "`pairs`, with three designs or more, has the same columns" in PAGE
    assert f"[{len(columns['comparison'])} columns](#the-tables-of-a-comparison)" in PAGE
    assert all(f"`{one}`" in PAGE for one in Verdict)


def test_the_page_tells_every_column_of_a_journey():
    assert columns_in("The columns of `rows`:") == [*ROW]


def test_the_page_tells_the_codes_of_a_record():
    assert [kind.name for kind in Kind] == [
        "FRONT", "FILES", "FIELD", "RELAY", "PATROL", "HOME", "TASKS", "OWN", "OUTSIDE", "DOOR", "SELF_GOVERNMENT"
    ]  # fmt: skip
    assert [(one.name, one.value) for one in Presence] == [
        ("ABSENT", 0), ("IN_PERSON", 1), ("ON_THE_PHONE", 2), ("AT_HOME", 3)
    ]  # fmt: skip
    told = re.search(r"`outcome` \| (.*) \|", PAGE)[1]
    assert [name for name, _ in re.findall(r"\d (\w+)( \([^)]*\))?", told)] == [one.name.lower() for one in Outcome]


def test_importing_the_door_loads_nothing_heavy_and_says_nothing(tmp_path):
    said = ran(
        tmp_path,
        f"import sys, sim\ndir(sim)\nassert 'compare' in dir(sim)\nprint([m for m in {HEAVY!r} if m in sys.modules])",
    )
    assert said == "[]\n"


def test_a_name_that_is_not_public_is_no_attribute():
    with pytest.raises(AttributeError, match=r"^module 'sim' has no attribute 'comparison'$"):
        sim.comparison  # noqa: B018


QUIET = """
import sys
echo = print
print = str  # the page prints results: nothing else may be
"""
AFTERWARDS = """
from operator import attrgetter
for name, attributes in NAMED.items():
    for attribute in attributes:
        attrgetter(attribute)(globals()[name])
echo(sorted({name.partition(".")[0] for name in sys.modules} & {"experiments", "configs"}))
"""


def test_every_example_of_the_page_runs_prints_nothing_and_gives_what_the_page_names(tmp_path):
    assert len(BLOCKS) > 15
    named_there = f"NAMED = { {RESULTS[name]: attributes(name) for name in RESULTS} }\n"
    assert ran(tmp_path, QUIET + "\n".join(BLOCKS) + named_there + AFTERWARDS) == "[]\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["differences.pdf", "results", "script.py"]
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == [
        ".replications",
        "checked",
        "grids",
        "mine",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is POSIX's")
def test_a_terminal_is_shown_how_far_it_is_unless_it_is_told_not_to_be(tmp_path):
    import os
    import pty

    script = textwrap.dedent("""
        import sys, sim
        progress = sys.argv[1] == "yes"
        run = sim.measure(sim.network("mmc"), replications=4, progress=progress)
    """)
    (tmp_path / "script.py").write_text(script)
    said = []
    for progress in ("yes", "no"):
        ours, theirs = pty.openpty()
        done = subprocess.run(
            [sys.executable, "script.py", progress], cwd=tmp_path, stdout=theirs, stderr=theirs, stdin=theirs,
            timeout=300, check=False, env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        )  # fmt: skip
        os.close(theirs)
        parts = []
        while True:
            try:
                parts.append(os.read(ours, 65536))
            except OSError:  # the other end is closed and all is read
                break
            if not parts[-1]:
                break
        os.close(ours)
        assert done.returncode == 0, b"".join(parts)
        said.append(b"".join(parts).decode())
    assert "4/4" in said[0]
    assert said[1] == ""


def test_functions_behind_other_commands_are_there_and_work_without_commands():
    section = " ".join(PAGE.partition("\n## Other commands\n")[2].partition("\n## ")[0].split())
    named = re.findall(r"`(sim\.[\w.]+)\.(\w+)` \(`(\w+)`\)", section)
    assert {command for *_, command in named} == {"staff", "validate", "status", "show", "new"}
    loaded = "; ".join(f"import {module}; assert callable({module}.{name})" for module, name, _ in named)
    checked = f"import sys; {loaded}; assert 'experiments' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", checked], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
