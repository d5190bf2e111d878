"""The warm-up that a pilot run tells, and when it tells none."""

import math

import numpy as np
import pytest

from sim.statistics.warm_up import warm_up


def doubts(found):
    """Return what is doubtful of a warm-up, in sentences."""
    return " ".join(say() for say in found.unsure)


def series(weeks, seed, *, rise=0.0, fill=0.0):
    """Return weeks x 6 replications about 100 that fill up over ten weeks and rise for ever."""
    t = np.arange(weeks)[:, None]
    noise = np.random.default_rng(seed).normal(0, 2, (weeks, 6))
    return 100 - fill * np.exp(-t / 3) + rise * t + noise


def test_the_longest_choice_of_all_series_is_taken():
    found = warm_up({"old": series(60, 1), "new": series(60, 2, fill=90)}, 2)
    weeks = dict(found.chosen.select("series", "weeks").rows())
    assert weeks["old"] < weeks["new"] == found.weeks
    assert 5 <= weeks["new"] <= 20
    assert found.chosen["judged"].to_list() == [True, True]
    assert doubts(found) == ""
    assert found.table.columns == ["series", "week", "mean"]
    assert found.table["week"].to_list() == [*range(60), *range(60)]
    assert found.table["mean"][0] == pytest.approx(series(60, 1)[0].mean())


def test_the_minimum_holds():
    assert warm_up({"old": series(60, 1)}, 12).weeks == 12


def test_a_backlog_that_grows_for_ever_is_said_to_be_overloaded():
    found = warm_up({"old": series(60, 1), "new": series(60, 2, rise=3.0)}, unit="hours")
    assert found.chosen["judged"].to_list() == [True, False]
    assert doubts(found).startswith("new still grows by 3.0 hours a week (")
    assert "no warm-up will do" in doubts(found)
    assert found.weeks == found.chosen["weeks"][0]  # what never settles says nothing of a warm-up
    row = found.chosen.row(1, named=True)
    assert row["growth_low"] < 3 < row["growth_high"]


@pytest.mark.parametrize("weeks", [1, 4, 10])
def test_a_run_too_short_for_a_choice_is_said_to_be(weeks):
    found = warm_up({"old": np.full((weeks, 3), 7.0)})
    assert found.weeks == 0
    assert doubts(found) == f"A run of {weeks} week{'s' * (weeks > 1)} is too short to judge the warm-up of old."


def test_a_choice_at_the_end_of_the_search_is_doubted():
    falling = np.repeat(np.linspace(50, 0, 30)[:, None] ** 2, 3, axis=1)
    found = warm_up({"old": falling})
    assert found.weeks == 10
    assert doubts(found) == "A run of 30 weeks is too short to judge the warm-up of old."


def test_a_week_without_observation_is_skipped():
    values = series(60, 2, fill=90)
    values[::7] = np.nan
    found = warm_up({"old": values})
    assert doubts(found) == ""
    assert math.isnan(found.table["mean"][7])
    values[1, 0] = np.nan
    assert warm_up({"old": values}).table["mean"][1] == pytest.approx(values[1, 1:].mean())


def test_what_is_no_series_is_refused():
    with pytest.raises(ValueError, match="backlogs must be of at least one series, got none"):
        warm_up({})
    with pytest.raises(ValueError, match=r"backlogs of a must be two-dimensional, got shape \(5,\)"):
        warm_up({"a": np.zeros(5)})
