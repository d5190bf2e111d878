"""Effects of two changes and of both together, from four designs that cross them."""

import numpy as np
import polars as pl
import pytest
from setups.district import pilot as shipped

from sim.config.report import Crossed, JudgedMeasure
from sim.study.comparison.crossed import crossed_effects, crossed_table

WAIT = JudgedMeasure(measure="counter_wait_mean", label="wait", mid="counter_wait", touched="touched_in_person")
CROSSED = Crossed(base="a", first="b", second="c", both="d", first_change="fewer levels", second_change="contacts")
NOISE = np.array([30.0, 32.0, 28.0, 31.0])
SMALL = np.array([0.0, 0.1, -0.1, 0.0])


def rows(pilot, values, touched=0.0):
    def of(measure, unit, found):
        n = len(values)
        return pl.DataFrame(
            {
                "pilot": [pilot] * n, "replication": list(range(n)), "measure": [measure] * n, "group": ["all"] * n,
                "unit": [unit] * n, "value": found, "n": [10] * n,
            }
        )  # fmt: skip

    parts = [of("counter_wait_mean", "minutes", list(values))]
    parts += [of(name, "share", [share] * len(values)) for name, share in (("touched_in_person", touched),
                                                                          ("still_open", 0.0))]  # fmt: skip
    return pl.concat(parts)


def effects(first, second, both, touched=0.0, judged=(WAIT,)):
    values = {"a": NOISE, "b": NOISE + first, "c": NOISE + second, "d": NOISE + both}
    measures = pl.concat([rows(name, of, touched if name == "d" else 0.0) for name, of in values.items()])
    return crossed_effects(measures, CROSSED, shipped("four_level").run, {name: {} for name in values}, judged).spoken()


def test_each_change_alone_and_what_both_together_give_beyond_the_sum():
    found = effects(-10 + SMALL, -4 - SMALL, -12 + SMALL)
    assert found["effect"].to_list() == ["first", "second", "interaction"]
    assert found["estimate"].to_list() == pytest.approx([-10, -4, 2])  # -12 is 2 short of -10 and -4
    assert found["n"].to_list() == [4, 4, 4]
    assert (found["low"] < found["estimate"]).all()
    assert (found["high"] > found["estimate"]).all()
    assert (found["high"] - found["low"]).max() < 2  # on the same residents: their noise of 4 minutes falls out


def test_changes_that_do_not_meet_have_no_interaction():
    found = effects(-10 + SMALL, -4 - SMALL, -14)
    assert found["estimate"][2] == pytest.approx(0)
    assert np.isnan(found["low"][2])  # of a difference that never varies nothing is known
    assert found["why"][2] == "the same in all 4 replications"


def test_intervals_are_wider_where_more_must_hold_together():
    alone = effects(-10 + SMALL, -4 - SMALL, -12 + SMALL)
    two = effects(-10 + SMALL, -4 - SMALL, -12 + SMALL, judged=(WAIT, WAIT.model_copy(update={"label": "again"})))
    assert ((two["high"] - two["low"])[:3] > alone["high"] - alone["low"]).all()


def test_a_measure_that_one_of_the_four_cannot_have_is_withheld_in_all_three_effects():
    found = effects(-10 + SMALL, -4 - SMALL, -12 + SMALL, touched=0.5)
    assert found["estimate"].is_nan().all()
    assert found["why"].to_list() == ["50% of its requests under d go to an overloaded post"] * 3
    assert crossed_table(found, CROSSED, 0.95).rows == (("wait (minutes)", "–", "–", "–"),)


def test_a_measure_without_a_smallest_difference_has_no_effects():
    shown = WAIT.model_copy(update={"mid": None})
    assert effects(-10 + SMALL, -4 - SMALL, -12 + SMALL, judged=(WAIT, shown)).height == 3


def test_the_table_names_the_changes_and_shows_each_effect_with_its_interval():
    table = crossed_table(effects(-10 + SMALL, -4 - SMALL, -12 + SMALL), CROSSED, 0.95)
    assert [column.heading for column in table.columns] == ["measure", "fewer levels", "contacts", "beyond their sum"]
    ((measure, first, second, beyond),) = table.rows
    assert measure == "wait (minutes)"
    # Half-width: t(3 degrees, three at once) = 4.857 times 0.0816 / sqrt(4) = 0.20.
    assert (first, second) == ("-10.00 [-10.20, -9.80]", "-4.00 [-4.20, -3.80]")
    assert beyond.startswith("+2.0")
    (note,) = table.notes
    assert "Differences from a on the same residents: fewer levels alone (b), contacts alone (c), and what both" in note
