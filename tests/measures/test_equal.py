"""Designs at the heads or the money of another, by hand."""

import pytest
from setups.district import pilot

from experiments.commands.compare import main
from sim.district import workload
from sim.errors import ConfigError
from sim.measures.equal import at_equal


def test_at_equal_money_what_the_offices_save_buys_community_heads():
    today, reform = pilot("four_level"), pilot("three_level")
    saved = 21 * 40_000 * 0.75  # the running of 21 offices, but for what grows with residents
    more = int(saved // (14_400 * 1.3))
    made = at_equal(reform, today, "money")
    assert more == 33
    assert made.staffing.community_heads == 118 + more
    assert made.name == "three_level_equal_money"
    assert workload.heads(made)["district"] == workload.heads(reform)["district"]


def test_a_design_that_costs_more_gets_fewer_heads():
    dear = pilot("three_level", "staffing.community_heads=155")
    assert at_equal(dear, pilot("four_level"), "money").staffing.community_heads == 118 + 33
    assert at_equal(dear, pilot("four_level"), "heads").staffing.community_heads == 118


def test_who_has_the_heads_already_is_left_as_it_is():
    reform = pilot("three_level")
    assert at_equal(reform, pilot("four_level"), "heads") is reform


def test_what_no_community_can_have_is_refused():
    with pytest.raises(ConfigError, match=r"^equal=money must be possible with 62 to 155 heads .*got \d+ for three"):
        at_equal(*(pilot(name, "cost.community_pay=1000") for name in ("three_level", "four_level")), "money")


@pytest.mark.parametrize("pay", [0, "1.0e-320"])
def test_money_buys_no_heads_that_cost_nothing(pay):
    four, three = (pilot(name, f"cost.community_pay={pay}") for name in ("four_level", "three_level"))
    with pytest.raises(ConfigError, match=r"^cost.community_pay must be at least 1 with its add-on .*got"):
        at_equal(three, four, "money")


def test_the_command_names_what_is_rescaled(capsys):
    main(["pilots=[four_level,three_level]", "equal=money", "run=quick", "--cfg", "job"])
    shown = capsys.readouterr().out
    assert "three_level_equal_money" in shown
    assert "community_heads: 151" in shown
