import re
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from setups.commands import TINY, refused, wangge
from setups.district import pilot as shipped
from setups.screens import first_screen

from sim import charts, config
from sim.config.compose import CONFIGS, Line, compose
from sim.config.reading import read_plain
from sim.errors import ConfigError
from sim.measures.dictionary import CONTROL
from sim.statistics.intervals import Interval, mean_interval
from sim.study.design import Design
from sim.study.headlines import run as command
from sim.study.headlines import together
from sim.study.headlines.definitions import Effect, Headlines, by_replication, sentences, value_text, verdict
from sim.study.headlines.readings import Point, Readings
from sim.study.withholding import Rule


def plain(**changes):
    return {
        "title": "Bees", "points": {"a": ["pilot=four_level"], "b": ["pilot=three_level"]}, "panels": ["trips"],
        "measure": "trips", "compared": ["a", "b"], "kind": "difference", "holds": {"side": "above", "bound": 0},
        "assumptions": ["grid.households"], "when_it_holds": "Up from $first to $second: $effect.",
        "when_it_fails": "Not up: $effect.", **changes,
    }  # fmt: skip


def one(**changes):
    return config.checked(Headlines, {"headlines": {"bees": plain(**changes)}}).headlines["bees"]


def test_a_panel_may_show_a_group_and_says_which():
    of_counters = one(panels=["trips", "on_time"], groups={"on_time": "channel:counter"})
    assert str(of_counters.response("on_time")) == "on_time|channel:counter"
    points = command.points_of(one(assumptions=[], panels=["trips", "on_time"], groups=of_counters.groups), Line(()))
    readings = Readings(of_counters, points, rule=None)
    assert readings.words("on_time") == "within the limit, counter"
    assert readings.words("trips") == "trips of a resident"
    with pytest.raises(ConfigError, match="groups must be of measures that panels show, got left_unserved"):
        one(groups={"left_unserved": "channel:phone"})


def test_the_document_says_which_confidence_its_intervals_have():
    points = {"bees": command.points_of(one(assumptions=[]), Line(("run.confidence=0.9",)))}
    line = Line(("run.confidence=0.9",))
    opening = together._opening(line, together._pilot(points).run.confidence)
    assert "Made by `wangge headlines` with `run.confidence=0.9`" in opening
    assert "; 90 % intervals, each on its own." in opening


def test_effects_are_paired_by_replication():
    first, second = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0])
    assert by_replication(one(), first, second).tolist() == [1, 2, 3]
    assert by_replication(one(kind="ratio"), first, second).tolist() == [2, 2, 2]
    assert by_replication(one(kind="value"), first, second).tolist() == [2, 4, 6]


def readings(values, n=24, **changes):
    """Return what a headline of two points reads from values by point and response."""
    pilot = shipped("four_level")
    points = [Point(f"p{i}", "", None, label, Design(pilot, None), "") for i, label in enumerate("ab")]

    def value(point, response):
        return values.get((point, str(response)), np.full(1, np.nan))

    rule = Rule(value, pilot.run, {"p1": {"community": 1.0}}, lambda point, response: np.full(n, 9.0))
    return Readings(one(assumptions=[], panels=["trips", "walk"], **changes), points, rule)


def luck(n):
    rng = np.random.default_rng(5)
    came, away = rng.normal(0, 0.01, (2, n))
    values = {("p0", "trips"): 2 + 20 * came + 0.02 * rng.normal(size=n), ("p0", "walk"): np.full(n, 9.0)}
    values |= {("p1", "trips"): 3 + 40 * came + 0.02 * rng.normal(size=n), ("p1", "walk"): np.full(n, 12.0)}
    for point in ("p0", "p1"):
        values |= {(point, f"{CONTROL}|arrivals:counter"): came, (point, f"{CONTROL}|absence:community"): away}
    return values


def test_means_and_the_effect_are_adjusted_alike_from_twenty_replications_on():
    raw, few = luck(24), luck(10)
    known, plain = readings(raw), readings(few, 10)
    (base,), (a, b) = known.effects(), known.means("trips")
    assert (base.first, base.second) == (a, b)
    assert base.effect.estimate == pytest.approx(b.estimate - a.estimate)
    assert base.effect.estimate == pytest.approx(1, abs=0.05)
    gap = mean_interval(raw["p1", "trips"] - raw["p0", "trips"])
    assert base.effect.half_width < 0.4 * gap.half_width
    assert known.adjusted == "trips of a resident for absence of community staff, arrivals (counter)"
    assert plain.adjusted == ""
    assert plain.effects()[0].effect.estimate == pytest.approx(
        (luck(10)["p1", "trips"] - luck(10)["p0", "trips"]).mean()
    )


def test_a_panel_shows_no_mean_from_which_nothing_follows_and_no_sentence_names_one():
    values = luck(24) | {("p1", "touched"): np.full(24, 0.2)}
    known = readings(values)
    assert [np.isfinite(one.estimate) for one in known.means("trips")] == [True, False]
    assert [one.estimate for one in known.means("walk")] == [9, 12]
    assert known.effects()[0].why.startswith("withheld: 20% of its requests under b go to an overloaded post")
    units = {"trips": "per request", "walk": "minutes"}
    said = command._known(known, units)
    assert [said[name] for name in ("trips_2", "walk_1", "walk_2")] == ["– (withheld)", "9.00 minutes", "12.00 minutes"]
    assert said["trips_1"].endswith(" per request")
    assert command._shown(known, units)["mean"].is_nan().to_list() == [False, True, False, False]


@pytest.mark.parametrize(
    ("side", "low", "high", "said"),
    [
        ("above", 0.1, 2, "holds"), ("above", -1, 2, "undecided"), ("above", -2, -1, "does not hold"),
        ("above", -2, 0, "does not hold"), ("below", -2, -0.1, "holds"), ("below", 0.1, 2, "does not hold"),
        ("below", -1, 1, "undecided"), ("above", np.nan, np.nan, "withheld"),
    ],
)  # fmt: skip
def test_a_headline_holds_only_where_the_whole_interval_lies_beyond_its_bound(side, low, high, said):
    assert verdict(one(holds={"side": side, "bound": 0}), Interval((low + high) / 2, low, high, 5)) == said


def test_two_sentences_say_what_was_found_and_how_it_moves():
    interval = Interval(1.0, 0.5, 1.5, 5)
    base = Effect("", None, Interval(1, 1, 1, 5), Interval(2, 2, 2, 5), interval)
    low = Effect("grid.households", 200, None, None, None, "infeasible: too few heads")
    high = Effect("grid.households", 300, interval, interval, Interval(-1.0, -2, -0.5, 5))
    first, second = sentences(one(), base, [low, high], {"trips": "per request"}, {})
    assert first == "Up from 1.00 per request to 2.00 per request: +1.00 per request (+0.50 to +1.50)."
    assert second == (
        "Over the ranges of its assumptions it is: grid.households: nothing at 200 (infeasible: too few heads) "
        "and -1.00 per request at 300 (does not hold)."
    )


def test_a_headline_that_fails_is_told_in_other_words():
    base = Effect("", None, Interval(2, 2, 2, 5), Interval(1, 1, 1, 5), Interval(-1, -1, -1, 5))
    assert sentences(one(assumptions=[]), base, [], {"trips": "per request"}, {})[0] == "Not up: -1.00 per request."


def test_where_the_replications_do_not_decide_neither_wording_is_used():
    base = Effect("", None, Interval(1, 1, 1, 5), Interval(1, 1, 1, 5), Interval(0.05, -1, 1.1, 5))
    first, _ = sentences(one(assumptions=[]), base, [], {"trips": "per request"}, {})
    assert first.startswith("The replications do not decide: 1.00 per request and 1.00 per request")


def test_where_results_are_withheld_nothing_is_said():
    nan = Interval(np.nan, np.nan, np.nan, 5)
    first, _ = sentences(one(), Effect("", None, nan, nan, nan), [], {"trips": "per request"}, {})
    assert first == "Nothing can be said: too many requests left or were still open at the end."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"compared": ["a", "c"]}, "compared must be two of the points a, b, got c"),
        ({"measure": "walk"}, "panels must show the measure walk, got trips"),
        ({"kind": "sum"}, "kind must be one of 'difference', 'ratio' or 'value'"),
    ],
)
def test_a_headline_that_cannot_be_is_refused(change, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        one(**change)


@pytest.mark.long
def test_shipped_headlines_compose_at_every_point_and_end():
    for name, headline in command.shipped().items():
        points = command.points_of(headline, command.Line(()))
        refusals = {(p.path, p.value) for p in points if p.design is None}
        # One manager for each grid of 200 households: more managers than the desks can spare.
        assert refusals <= {("grid.households", 200), ("district.household_size", 2.5)}, name
        assert len({p.id for p in points}) == len(points)


def test_the_points_and_assumptions_of_shipped_headlines_are_known():
    paths = {row["path"] for row in read_plain(CONFIGS / "evidence.yaml") if row["low"] is not None}
    for name, headline in command.shipped().items():
        assert set(headline.assumptions) <= paths, name
        for knobs in headline.points.values():
            assert config.load(compose("main", command.Line(knobs[1:]), knobs[0])).title


def test_the_chart_names_every_point_and_end():
    points = pl.DataFrame(
        {"point": ["a", "b"], "measure": ["trips"] * 2, "label": ["trips"] * 2, "unit": ["per request"] * 2,
         "mean": [1.0, 2.0], "low": [0.9, 1.9], "high": [1.1, 2.1]}
    )  # fmt: skip
    moves = pl.DataFrame(
        {"label": ["base", "grid = 200"], "unit": [""] * 2, "mean": [1.0, np.nan], "low": [0.9, np.nan],
         "high": [1.1, np.nan], "bound": [0.0] * 2, "words": ["trips, b minus a"] * 2}
    )  # fmt: skip
    figure = charts.headline(points, moves, "Bees: holds", "Up.")
    texts = {t.get_text() for axes in figure.axes for t in (*axes.get_yticklabels(), *axes.texts)}
    assert {"a", "b", "base", "grid = 200", "withheld"} <= texts
    assert charts.render(figure, "svg") == charts.render(charts.headline(points, moves, "Bees: holds", "Up."), "svg")


def test_the_command_makes_a_document_and_goes_on_from_what_is_kept(tmp_path):
    arguments = ("headlines", "only=[oversized]", "name=h", *TINY)
    first, again = (wangge(tmp_path, *arguments) for _ in range(2))
    assert first.returncode == again.returncode == 0, first.stderr
    text = (tmp_path / "results/h/headlines.md").read_text()
    assert re.search(r"Verdict: (holds|does not hold|undecided|withheld)\\?\. ", text)
    assert "](charts/oversized.svg)" in text
    assert (tmp_path / "results/h/charts/oversized.svg").is_file()
    screen = first_screen(again.stdout, "1 headline of the evidence for Yuehu: 2 replications of 1 week at each point.")
    assert re.search(r"^Oversized .* (holds|does not hold|undecided|withheld)$", screen, re.MULTILINE)
    assert "Verdict: " not in again.stdout
    assert "Verdict: " in wangge(tmp_path, "show", "h", "oversized").stdout
    assert "34 of 34 replications were kept already" in again.stdout


def test_headlines_can_be_run_from_python_with_nothing_printed(tmp_path):
    """From a process of its own, in which no command is loaded."""
    program = f"""
import sys
from pathlib import Path
from sim.config.compose import Line
from sim.study.backend import backend_of
from sim.study.headlines.run import shipped
from sim.study.headlines.together import run_all

line = Line({(*TINY[:-1], "run.replications=1")!r})
first = {{"oversized": shipped()["oversized"].model_copy(update={{"assumptions": ()}})}}
done = run_all(first, line, Path("mine"), backend_of(Line(("workers=1",))))
assert done.each["oversized"].verdict and done.store.folder == Path("mine").absolute()
assert not any(name.split(".")[0] == "experiments" for name in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "## 1. " in (tmp_path / "mine/headlines.md").read_text(encoding="utf-8")
    assert (tmp_path / "mine/charts/oversized.svg").is_file()
    with pytest.raises(ConfigError, match="pilot must be left out"):
        together.run_all({}, Line(("pilot=four_level",)), tmp_path / "no", None)


def test_an_unknown_headline_is_told_with_the_nearest(tmp_path):
    assert "did you mean walk?" in refused(tmp_path, "headlines", "only=[walkk]")


def test_a_headline_keeps_its_own_pilots(tmp_path):
    assert "pilot must be left out" in refused(tmp_path, "headlines", "pilot=four_level")
    assert "only" in refused(tmp_path, "headlines", "only=[]")
    assert "bogus is not a known key" in refused(tmp_path, "headlines", "only=[walk]", "bogus=1")
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("ends", "unit", "said"),
    [
        ((0.9928, 0.9931, 0.9933), "share", "99.31 % (99.28 to 99.33)"),
        ((0.99309, 0.9931, 0.99311), "share", "99.310 % (99.309 to 99.311)"),
        ((0.0, 0.00002, 0.00004), "percentage points", "0.002 percentage points (0.000 to 0.004)"),
        ((0.5, 0.6, 0.7), "share", "60.0 % (50.0 to 70.0)"),
        ((1.0, 1.0 + 1e-8, 1.0 + 2e-8), "minutes", "1.00 minutes"),  # no digits that are shown tell them apart
    ],
)
def test_an_interval_is_shown_in_digits_that_tell_its_ends_apart(ends, unit, said):
    low, mean, high = ends
    assert value_text(Interval(mean, low, high, 10), unit) == said
