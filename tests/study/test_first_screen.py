import itertools
import math
import re
from dataclasses import replace

import polars as pl
import pytest
from setups.district import ALL_PILOTS, tiny

from sim import config
from sim.config.compose import CONFIGS
from sim.config.reading import read_plain
from sim.config.report import Report
from sim.report.lines import WIDTH
from sim.report.screen import HEIGHT, lines
from sim.statistics.verdicts import Verdict
from sim.study.comparison import first_screen
from sim.study.design import prepared

WHERE = ("More: wangge show compare; results/compare/summary.md and 12 charts beside it.",)
VERDICTS = (Verdict.BETTER, Verdict.WORSE, Verdict.NO_MATERIAL_DIFFERENCE, Verdict.UNDECIDED, Verdict.WITHHELD)


@pytest.fixture(scope="module")
def designs():
    """Return a design for each shipped name; most are one of two, as composing them all would take long."""
    old, new = prepared(tiny("four_level")), prepared(tiny("three_level"))
    bases = {name: old if name.startswith("four_level") else new for name in ALL_PILOTS}
    called = {name: {"name": name, "title": title_of(name)} for name in ALL_PILOTS}
    return {name: replace(one, pilot=one.pilot.model_copy(update=called[name])) for name, one in bases.items()}


def title_of(name):
    """Return the title of a shipped design."""
    return read_plain(CONFIGS / "pilot" / f"{name}.yaml")["title"]


def differences(report, names, verdict_of, n=24):
    """Return a table of differences: verdict_of says the verdict of a pilot on its i-th measure."""
    rows = [
        {
            "measure": one.measure, "group": one.group, "label": one.label, "unit": "share", "baseline": names[0],
            "pilot": name, "baseline_mean": 0.97123, "pilot_mean": 0.98765, "mid": 0.1, "n": n,
            "verdict": str(verdict_of(name, i)), "why": "so", "needed_least": 60,
            "low": -0.2, "high": 0.2, "open_bound": 0.0,
            "cause": "overloaded requests" if verdict_of(name, i) is Verdict.WITHHELD else None,
        }
        for name in names[1:]
        for i, one in enumerate(report.compared)
    ]  # fmt: skip
    return pl.DataFrame(rows)


@pytest.mark.parametrize("n", [2, 4, 7, 15])
def test_a_comparison_of_any_number_of_designs_fits_one_screen(designs, n):
    some = dict(itertools.islice(designs.items(), n))
    names = list(some)
    report = some[names[0]].pilot.report
    table = differences(report, names, lambda name, i: VERDICTS[(i + names.index(name)) % 5])
    shown = lines(first_screen.screen(some, {}, table, [], WHERE))
    text = "\n".join(shown)
    assert len(shown) <= HEIGHT
    assert max(map(len, shown)) <= WIDTH
    assert shown[0] == f"Yuehu, {n} designs on the same residents: 24 replications of 1 week each."
    for name in names:  # a row each, its title whole
        (row,) = (line for line in shown if re.match(rf"{re.escape(title_of(name))} +\d", line))
        assert len(re.findall(r"9[78]\.\d", row)) >= 6
    said = " ".join(text.split())
    assert ("is better than four levels (today)" if n < 5 else "Better than four levels (today) on more") in said
    assert n > 7 or f"Names to type: {', '.join(names)}." in said  # where there is room
    assert "▲ better, ▼ worse, = no material difference, ? undecided" in text
    assert "cannot keep up" in text
    assert all(line in text for line in WHERE)
    table_and_answer = said.partition("Names to type")[0]
    assert not [name for name in names if re.search(rf"\b{name}\b", table_and_answer)]


def test_designs_of_one_title_are_called_by_their_names(designs):
    some = {name: designs[name] for name in ALL_PILOTS[:2]}
    title = some["four_level"].pilot.title
    alike = {name: replace(one, pilot=one.pilot.model_copy(update={"title": title})) for name, one in some.items()}
    table = differences(some["four_level"].pilot.report, list(some), lambda *_: Verdict.BETTER)
    shown = str(first_screen.screen(alike, {}, table, [], WHERE))
    assert "\nthree_level is better than four_level on " in shown
    assert "Names to type" not in shown


def test_few_designs_have_a_sentence_each_and_many_are_counted(designs):
    names = list(ALL_PILOTS)
    report = designs[names[0]].pilot.report
    verdict = {names[1]: Verdict.BETTER, names[2]: Verdict.WORSE, names[3]: Verdict.NO_MATERIAL_DIFFERENCE}

    def told(of, verdict_of):
        return first_screen.verdicts(differences(report, of, verdict_of), of)

    n = len(report.compared)
    few = told(names[:4], lambda name, i: verdict[name])
    assert (
        few[0] == f"{names[1]} is better than four_level on {n} of {n} measures and worse on none that could be judged."
    )
    assert few[1].startswith(
        f"{names[2]} is worse than four_level on {n} of {n} measures (turnaround at a counter, mean"
    )
    assert few[1].endswith(f"; turnaround by phone, mean up to 60 days and {n - 3} more) and better on none.")
    assert few[2] == (
        f"Nothing shows {names[3]} to be better or worse than four_level: {n} of {n} measures are without a material "
        "difference."
    )
    mixed = told(names[:2], lambda _, i: Verdict.WORSE if i == 0 else Verdict.BETTER)
    assert mixed == [
        f"{names[1]} is better than four_level on {n - 1} of {n} measures and worse on 1 (turnaround at a counter, "
        "mean up to 60 days)."
    ]
    many = told(names, lambda name, i: verdict.get(name, Verdict.UNDECIDED))
    assert many == [
        f"Better than four_level on more measures than worse: {names[1]} ({n} to 0).",
        f"Worse on more measures than better: {names[2]} ({n} to 0).",
        f"Neither on any measure: {'; '.join(names[3:6])} and {len(names) - 6} more.",
    ]


def test_what_it_hangs_on_says_what_is_withheld_why_and_what_would_settle(designs):
    some = {name: designs[name] for name in ALL_PILOTS[:2]}
    report = some["four_level"].pilot.report
    table = differences(report, list(some), lambda _, i: VERDICTS[4] if i < 3 else VERDICTS[3])
    assert first_screen.withheld(table) == [
        "3 verdicts are withheld (–), because too many requests go to overloaded posts, or too many of the staff are "
        "overloaded."
    ]
    left = len(report.compared) - 3
    assert first_screen.undecided(table) == [
        f"{left} verdicts are undecided (?): to settle all takes at least 60 replications."
    ]
    screen = first_screen.screen(some, {}, table, ["A warning."], WHERE)
    assert screen.answer[0] == "A warning."
    assert screen.hangs[-1] == "Many inputs are assumptions: configs/evidence.yaml."


def test_differences_that_grow_with_the_run_are_counted(designs):
    names = list(ALL_PILOTS[:2])
    table = differences(designs[names[0]].pilot.report, names, lambda *_: Verdict.WORSE)
    assert first_screen.growing(table) == []
    grown = table.head(2).with_columns(cause=pl.lit("overloaded requests"))
    assert first_screen.growing(grown) == [
        "2 differences grow with the run, as posts fall behind: their sizes are those of these weeks."
    ]


def test_one_replication_concludes_nothing(designs):
    names = list(ALL_PILOTS[:2])
    table = differences(designs[names[0]].pilot.report, names, lambda *_: Verdict.WITHHELD, n=1)
    assert first_screen.verdicts(table, names) == [
        "One replication gives no interval, so nothing is concluded against four_level."
    ]


def test_what_is_not_owed_has_no_number(designs):
    names = list(ALL_PILOTS[:2])
    report = designs[names[0]].pilot.report
    table = differences(report, names, lambda *_: Verdict.BETTER).with_columns(
        pilot_mean=pl.when(pl.col("measure") == "visits_done").then(math.nan).otherwise("pilot_mean")
    )
    glance = first_screen.at_a_glance(table, names, report)
    column = [one.heading for one in glance.columns].index("visits %")
    assert [row[column].strip() for row in glance.rows] == ["97.1", "○"]


def test_a_report_without_a_list_of_its_own_shows_the_first_measures_that_are_judged(designs):
    plain = designs["four_level"].pilot.report.model_dump(mode="json")
    del plain["first_screen"]
    report = config.checked(Report, plain)
    assert [one.response for one in report.glances] == [one.response for one in report.compared[:6]]
    plain["first_screen"] = [{"measure": "walk", "heading": "walk"}]
    with pytest.raises(ValueError, match="first_screen must name measures that are compared, got walk"):
        config.checked(Report, plain)
