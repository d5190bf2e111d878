"""Tables of a study are adjusted for draws of known mean, alike at all points, and hold what they say."""

import io
from functools import cache

import numpy as np
import pytest
from rich.console import Console
from scipy import stats
from setups.known_truth import Drawn, screened
from setups.laws_of_luck import LAWS, SPREAD
from setups.studies import plan as planned

from sim.config.report import Response
from sim.measures.dictionary import CONTROL
from sim.statistics.best import against_best
from sim.statistics.controls import among_first, paying
from sim.statistics.intervals import mean_interval
from sim.statistics.precision import Rule as Limits
from sim.statistics.precision import Target, run_until
from sim.study.budget.adjusting import adjustments
from sim.study.budget.outcome import Outcome
from sim.study.budget.promises import promised
from sim.study.budget.withholding import rule_of
from sim.study.findings import tables
from sim.study.findings.naming import words_of
from sim.study.findings.write import adjusted_notes, controls_table, responses

SLACK, FALSE_ALARM = 0.02, 1e-4
WAIT = Response("counter_wait_mean")
N = 40


@cache
def four_points(*overrides):
    """Return the plan of three settings beside a baseline."""
    return planned(
        *overrides, factors={"grid.households": [200, 250, 300, 350]}, responses=["counter_wait_mean", "trips"],
        baseline={"grid.households": 350},
    )  # fmt: skip


class Told(Drawn):
    """Runs of which every value is given, by point and response; all others are 0."""

    def values(self, name, response, n=None):
        known = self.laws.get((name, str(response)), np.zeros(N))
        return known[: self.count(name) if n is None else n]


def told(plan, values, n=N):
    """Return the runs of a plan's points with these values."""
    runs = Told(None, plan.pilots, dict.fromkeys(plan.pilots, "key"), None, (), Console(file=io.StringIO()))
    runs.laws = values
    runs.ensure(dict.fromkeys(plan.pilots, n))
    return runs


def luck(plan, rng, n=N):
    """Return values of points whose waits hang on who is in and who comes, and whose trips on nothing that is kept."""
    away, came = rng.normal(0.002, 0.01, (2, n))
    values = {}
    for i, name in enumerate(plan.pilots):
        own = away + 0.002 * rng.normal(size=n)  # the staff of each point are a little others
        values |= {
            (name, f"{CONTROL}|absence:community"): own, (name, f"{CONTROL}|arrivals:counter"): came,
            (name, str(WAIT)): 20 + 5 * i + (300 + 40 * i) * away + 200 * came + 0.3 * rng.normal(size=n),
            (name, "trips"): rng.normal(1, 0.1, n),
        }  # fmt: skip
    return values


def all_of(plan, runs):
    """Return the tables of a study, and what it is adjusted for."""
    staff = screened(plan)
    rule, known = rule_of(plan, runs, staff), promised(plan, runs, staff)
    made = adjustments(plan, runs, rule)
    nothing = Outcome(None, (), ())
    found = tables.findings(plan, runs, rule, known, staff, nothing, made).tables
    found |= {
        "summary": tables.summary_table(plan, runs, rule, known, plan.confidence, made),
        "effects": tables.effects_table(plan, runs, rule, plan.first.mid, plan.first.run, made),
    }
    return made, {name: table.spoken() for name, table in found.items()}


@pytest.fixture(scope="module")
def found():
    plan = four_points()
    return all_of(plan, told(plan, luck(plan, np.random.default_rng(1))))


def width(row, low="low", high="high"):
    return row[high] - row[low]


def test_a_response_is_adjusted_for_the_same_draws_in_all_tables_which_add_up(found):
    made, known = found
    assert set(made) == {WAIT}
    assert made[WAIT].controls.names == ("absence:community", "arrivals:counter")
    means = dict(known["summary"].select("point", str(WAIT)).iter_rows())
    waits = known["effects"].filter(response=str(WAIT))
    for row in waits.iter_rows(named=True):
        assert row["controls"] == "absence of community staff, arrivals (counter)"
        assert row["mean"] == pytest.approx(means[row["point"]])
        assert row["baseline_mean"] == pytest.approx(means[row["baseline"]])
        assert row["difference"] == pytest.approx(means[row["point"]] - means[row["baseline"]])
    assert set(known["effects"].filter(response="trips")["controls"]) == {""}
    curve = known["curve"].filter(response=str(WAIT))
    assert curve["mean"].to_list() == pytest.approx(list(means.values()))
    ranks = dict(known["ranking"].filter(response=str(WAIT)).select("point", "mean").iter_rows())
    assert ranks == pytest.approx(means)
    for i, name in enumerate(means):
        assert means[name] == pytest.approx(20 + 5 * i, abs=1)


def test_intervals_are_shorter_and_nothing_is_adjusted_where_a_report_says_so(found):
    plain = four_points("report.controls=false")
    made, simulated = all_of(plain, told(plain, luck(plain, np.random.default_rng(1))))
    assert made == {}
    for name, low, high in (
        ("summary", f"{WAIT}_low", f"{WAIT}_high"), ("curve", "low", "high"), ("effects", "low", "high"),
    ):  # fmt: skip
        one, other = (each[name].row(0, named=True) for each in (found[1], simulated))
        assert width(one, low, high) < 0.7 * width(other, low, high), name
    means = simulated["summary"][str(WAIT)].to_numpy()
    raw = luck(plain, np.random.default_rng(1))
    assert means == pytest.approx([raw[name, str(WAIT)].mean() for name in plain.pilots])


@pytest.mark.parametrize("n", [19, 20])
def test_fewer_than_twenty_replications_of_any_point_adjust_nothing(n):
    plan = four_points()
    runs = told(plan, luck(plan, np.random.default_rng(2)))
    runs.counts_["p0002"] = n
    made = adjustments(plan, runs, rule_of(plan, runs, screened(plan)))
    assert (WAIT in made) == (n == 20)


def test_the_table_of_responses_says_for_what_and_what_it_gains(found):
    made, known = found
    table = controls_table(made).spoken()
    (row,) = table.iter_rows(named=True)
    assert (row["response"], row["n"]) == (str(WAIT), N)
    assert row["means"] < 0.2
    assert row["differences"] < 1
    plan = four_points()
    shown = responses({WAIT: "minutes"}, known["summary"], words_of(plan), controls=table)
    (note,) = [one for one in shown.notes if "known mean" in one]
    assert f"wait at a counter, mean for {row['controls']}: {row['means']:.2f} (means) and" in note
    assert adjusted_notes(None, words_of(plan)) == []


def test_a_ranking_with_controls_is_of_the_adjusted_means_and_differences():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(30, 2))
    y = x @ rng.normal(size=(2, 2)) + rng.normal(size=(30, 2)) + (0, 1)
    found = against_best(y, controls=x)
    gap = mean_interval(y[:, 0] - y[:, 1], controls=x)
    assert found.estimate[0] == pytest.approx(gap.estimate)
    assert found.low[0] == pytest.approx(gap.estimate - gap.half_width)
    plain = against_best(y)
    assert found.low[0] > plain.low[0]


# coverage


def drawn(plan, rng, law, relation, n):
    """Return the values of points of mean 1 to 4 that hang on two draws of known mean, linearly, otherwise or not."""
    x = rng.normal(size=(2, n))
    values = {}
    for i, name in enumerate(plan.pilots):
        y = LAWS[law](rng, n) + i
        if relation == "linear":
            y = y + SPREAD[law] * (x[0] + 0.5 * i * x[1])
        elif relation == "bent":
            y = y + SPREAD[law] * (np.exp(0.7 * x[0]) - np.exp(0.245)) + 0.3 * i * (x[1] ** 2 - 1)
        values |= {
            (name, f"{CONTROL}|absence:community"): 0.01 * x[0], (name, f"{CONTROL}|arrivals:counter"): 0.01 * x[1],
            (name, str(WAIT)): y,
        }  # fmt: skip
    return values


def hold(law, relation, n, trials):
    """Hold the means of a study, each on its own, and its differences jointly, to their confidence; count adjusted."""
    plan = four_points()
    rng, rule_out, failed, adjusted = np.random.default_rng(4), 0, 0, 0
    for _ in range(trials):
        runs = told(plan, drawn(plan, rng, law, relation, n), n)
        rule = rule_of(plan, runs, screened(plan))
        made = adjustments(plan, runs, rule)
        adjusted += WAIT in made
        summary = tables.summary_table(plan, runs, rule, promised(plan, runs, screened(plan)), 0.95, made)
        first = summary.table.row(0, named=True)
        rule_out += first[f"{WAIT}_low"] > 1 or first[f"{WAIT}_high"] < 1
        effects = tables.effects_table(plan, runs, rule, plan.first.mid, plan.first.run, made)
        waits = effects.table.filter(response=str(WAIT))
        failed += any(
            low > true or high < true for low, high, true in zip(waits["low"], waits["high"], (-3, -2, -1), strict=True)
        )
    most = stats.binom(trials, 0.05 + SLACK).ppf(1 - FALSE_ALARM)
    assert rule_out <= most, f"{law}, {relation}: {rule_out} of {trials} means"
    assert failed <= most, f"{law}, {relation}: {failed} of {trials} families of differences"
    return adjusted


@pytest.mark.parametrize(("law", "relation"), [("normal", "linear"), ("exponential", "bent")])
def test_the_intervals_of_a_study_with_controls_hold(law, relation):
    assert hold(law, relation, 24, 60) > 30


# where one value in fifty is far out, most samples of 20 show none, with controls or without
@pytest.mark.long
@pytest.mark.parametrize("law", [law for law in LAWS if law != "two points"])
@pytest.mark.parametrize("relation", ["useless", "linear", "bent"])
def test_the_intervals_of_a_study_with_controls_hold_on_every_law(law, relation):
    for n in (20, 40):
        hold(law, relation, n, 150)


def stop(law, relation, aim, trials):
    """Run means until they are precise, adjusted at each look, hold them to that, and return how long it took."""
    rng, failed, taken = np.random.default_rng(5), 0, []
    for _ in range(trials):
        x = rng.normal(size=(1200, 2))
        y = LAWS[law](rng, 1200)
        if relation == "linear":
            y = y + SPREAD[law] * x.sum(axis=1) / 2**0.5
        spread = SPREAD[law] * (2**0.5 if relation == "linear" else 1)
        seen = {}

        def draw(numbers, y=y, seen=seen):
            seen["n"] = numbers[0]
            return [{"y": y[: numbers[0]]}]

        def controls(x=x, y=y, seen=seen):
            here = among_first(x, seen["n"])
            q = 0 if here is None else paying(here, 0.95, [y[: seen["n"]]])
            return {"y": x[:, :q]} if q else {}

        last = run_until(draw, [None], {"y": Target(aim * spread)}, Limits(first=10, most=1200), controls)
        (row,) = last.reached
        failed += row.met and row.half_width > 0 and abs(row.mean - 1) > row.half_width
        taken.append(row.n)
    assert failed <= stats.binom(trials, 0.05 + SLACK).ppf(1 - FALSE_ALARM), f"{law}, {relation}: {failed}"
    return np.mean(taken)


def test_a_mean_that_was_run_until_precise_with_controls_holds_and_takes_fewer_replications():
    assert stop("normal", "linear", 0.3, 40) < 0.85 * stop("normal", "useless", 0.3, 40)


@pytest.mark.long
@pytest.mark.parametrize("law", [law for law in LAWS if law != "two points"])
@pytest.mark.parametrize("relation", ["useless", "linear"])
def test_a_mean_that_was_run_until_precise_with_controls_holds_on_every_law(law, relation):
    for aim in (0.5, 0.3):
        stop(law, relation, aim, 200)
