"""The means of a design that is compared with none: adjusted and withheld as those of a comparison are."""

import numpy as np
import polars as pl
import pytest
from setups.district import pilot

from sim.measures.dictionary import CONTROL
from sim.report.comparison import summary_table
from sim.study.comparison import alone, first_screen
from sim.study.design import prepared

N = 24
NOTHING = pl.DataFrame()


def rows(measure, values, group="all", unit="minutes", n=9):
    return pl.DataFrame(
        {"pilot": "four_level", "replication": range(N), "measure": measure, "group": group, "unit": unit}
        | {"value": np.broadcast_to(values, N), "n": [n] * N}
    )


@pytest.fixture(scope="module")
def design():
    return prepared(pilot("four_level"))


def measures(*more):
    """Return the measures of a design whose waits hang on who comes, and whose trips on nothing."""
    rng = np.random.default_rng(1)
    came, away = rng.normal(0.003, 0.01, (2, N))
    return pl.concat(
        [
            rows("counter_wait_mean", 20 + 300 * came + 0.5 * rng.normal(size=N)),
            rows("trips", rng.normal(1.5, 0.1, N), unit="per request"),
            rows(CONTROL, came, "arrivals:counter", "share"),
            rows(CONTROL, away, "absence:community", "share"),
            *more,
        ]
    )


def shown(design, table):
    """Return the table of means and the one of the first screen."""
    known = alone.means(design, table)
    words = {"counter_wait_mean": "wait", "trips": "trips"}
    means = summary_table(table, NOTHING, ["four_level"], words=lambda m: words.get(m, m), alone=known)
    return means, first_screen.alone(known, design.pilot), known


def test_a_mean_is_adjusted_from_twenty_replications_on_and_the_note_says_for_what(design):
    means, _, known = shown(design, measures())
    wait, trips = known["counter_wait_mean", "all"], known["trips", "all"]
    assert wait.interval.estimate == pytest.approx(20, abs=0.3)
    assert wait.interval.half_width < 0.5
    assert trips.controls is None
    assert f"Adjusted for draws of known mean: wait for {wait.controls()}." in means.notes
    few, _, unadjusted = shown(design, measures().filter(pl.col("replication") < 19))
    assert unadjusted["counter_wait_mean", "all"].controls is None
    assert not any("known mean" in note for note in few.notes)


def test_a_mean_from_which_nothing_follows_is_marked_with_the_reason(design):
    means, screen, _ = shown(design, measures(rows("touched_in_person", 0.2, unit="share")))
    wait, trips = (next(row for row in means.rows if row[0].startswith(label)) for label in ("wait", "trips"))
    assert wait[1].endswith("*")
    assert not trips[1].endswith("*")
    notes = " ".join(means.notes)
    assert "*: nothing follows from it." in notes
    assert "Withheld: wait (20% of its requests under four_level go to an overloaded post)." in notes
    assert screen.notes == ()  # waits are not among the measures at a glance
    _, screen, _ = shown(design, measures(rows("touched", 0.2, unit="share")))
    assert any(row[1].endswith("*") for row in screen.rows)
    assert screen.notes == ("*: nothing follows from it; the table of means says why.",)


def test_one_replication_that_does_not_reach_a_quantile_takes_no_mean_away(design):
    values = np.full(N, 9.0)
    values[3] = np.nan
    more = [rows("turnaround_p90", values, unit="working days"), rows("still_open", 0.01, unit="share")]
    means, _, known = shown(design, measures(*more))
    assert known["turnaround_p90", "all"].interval.estimate == pytest.approx((9 * 23 + 60) / 24)
    row = next(row for row in means.rows if row[0].startswith("turnaround_p90"))
    assert row[1].startswith("11.1")
