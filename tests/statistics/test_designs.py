import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import qmc

from sim.statistics import designs
from sim.statistics.designs import DesignError, Factor, Knob, Level, Setting, Settings, identity
from sim.statistics.sobol import sobol_settings

SIZES = st.lists(st.integers(1, 4), min_size=1, max_size=3)


def factor(name, *values, base=None):
    return Factor(name, tuple(Level(str(v), v, (Knob(name, v),)) for v in values), base=base)


def interval(name, low, high, *, whole=False):
    return Factor(name, intervals=((Knob(name, low), high, whole),))


def of_sizes(sizes):
    return [factor(f"f{i}", *range(n)) for i, n in enumerate(sizes)]


def values(settings):
    return [tuple(knob.value for knob in setting.knobs) for setting in settings]


@given(SIZES)
def test_a_grid_is_the_product_and_its_last_factor_moves_quickest(sizes):
    assert values(designs.grid(of_sizes(sizes))) == list(product(*(range(n) for n in sizes)))


@given(SIZES, st.sampled_from([None, 8]))
def test_the_size_of_a_design_is_told_before_it_is_made(sizes, n):
    factors = of_sizes(sizes)
    assert designs.size("grid", factors, None) == math.prod(sizes) == len(designs.grid(factors))
    assert designs.size("one_at_a_time", factors, None) == len(designs.one_at_a_time(factors))
    assert designs.size("indices", factors, 8) == len(sobol_settings(8, len(factors), 1))
    assert designs.size("lhs", factors, 8) == len(designs.latin_hypercube(len(factors), 8, 1))


def test_a_zip_takes_levels_together():
    settings = designs.zipped([factor("a", 1, 2, 3), factor("b", 30, 20, 10)])
    assert values(settings) == [(1, 30), (2, 20), (3, 10)]
    assert settings[1].label == "a=2, b=20"


def test_a_zip_of_unequal_lengths_is_refused():
    with pytest.raises(
        DesignError, match=r"^factors must have equally many levels in a zip design, got a has 2, b has 3$"
    ):
        designs.zipped([factor("a", 1, 2), factor("b", 1, 2, 3)])


@pytest.mark.parametrize("make", [designs.grid, designs.zipped, designs.one_at_a_time])
def test_an_interval_has_no_levels_to_take_one_by_one(make):
    with pytest.raises(DesignError, match=r"^factors\.b must be a list or a range in a .* design, got an interval"):
        make([factor("a", 1, 2), interval("b", 0, 1)])


def test_one_at_a_time_is_the_base_and_each_level_alone_but_for_the_one_that_the_base_has():
    settings = designs.one_at_a_time([factor("a", 1, 2, 3, base="2"), factor("b", 5, 6)])
    assert values(settings) == [(), (1,), (3,), (5,), (6,)]
    assert settings[0].label == ""


@given(st.integers(1, 4), st.integers(1, 40), st.integers(0, 99))
def test_a_latin_hypercube_has_one_row_in_each_stratum_of_each_factor(d, n, seed):
    sample = designs.latin_hypercube(d, n, seed)
    assert sample.shape == (n, d)
    strata = np.sort(np.floor(sample * n).astype(int), axis=0)
    assert (strata == np.arange(n)[:, None]).all()
    assert (designs.latin_hypercube(d, n, seed) == sample).all()


@given(st.integers(1, 4), st.integers(0, 6), st.integers(0, 99))
def test_a_sobol_sequence_is_the_same_for_the_same_seed_and_fills_each_factor_evenly(d, power, seed):
    n = 2**power
    sample = designs.sobol_sequence(d, n, seed)
    assert (designs.sobol_sequence(d, n, seed) == sample).all()
    assert (np.sort(np.floor(sample * n).astype(int), axis=0) == np.arange(n)[:, None]).all()


def test_samples_of_other_seeds_are_other_ones():
    for make in (designs.latin_hypercube, designs.sobol_sequence):
        assert (make(3, 16, 1) != make(3, 16, 2)).any()


def test_a_sobol_sequence_is_more_even_than_chance():
    chance = np.random.default_rng(1).random((64, 2))
    assert qmc.discrepancy(designs.sobol_sequence(2, 64, 1)) < qmc.discrepancy(chance) / 3


@given(st.integers(1, 9), st.floats(0, 1, exclude_max=True))
def test_levels_take_equal_parts(n, u):
    assert factor("a", *range(n)).at(u).number == math.floor(u * n)


@given(st.integers(-5, 5), st.integers(-5, 5), st.integers(1, 6))
def test_whole_numbers_of_an_interval_take_equal_parts(low, high, m):
    whole = list(range(low, high + 1) if low <= high else range(low, high - 1, -1))
    found = [interval("a", low, high, whole=True).at((i + 0.5) / (m * len(whole))) for i in range(m * len(whole))]
    assert [level.knobs[0].value for level in found] == [v for v in whole for _ in range(m)]
    assert all(type(level.knobs[0].value) is int and level.label == str(level.knobs[0].value) for level in found)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1, exclude_max=True))
def test_an_interval_goes_from_one_end_to_the_other(low, high, u):
    value = interval("a", low, high).at(u).knobs[0].value
    assert min(low, high) - 1e-9 <= value <= max(low, high) + 1e-9
    assert value == pytest.approx(low + u * (high - low))


def test_a_large_whole_number_is_called_by_all_its_digits():
    level = interval("people", 1_000_000, 2_000_000, whole=True).at(0.5)
    assert (level.label, level.number) == ("1500000", 1_500_000.0)


def test_a_range_with_levels_is_sampled_over_all_of_it_and_crossed_by_its_levels():
    both = Factor("a", factor("a", 1, 2, 9).levels, interval("a", 1.0, 9.0).intervals, base="2")
    assert [both.at(u).number for u in (0.0, 0.25, 0.5)] == [1.0, 3.0, 5.0]
    assert values(designs.grid([both])) == [(1,), (2,), (9,)]


def test_intervals_of_one_factor_move_together():
    both = Factor("down", intervals=((Knob("down", 0.0), 1.0, False), (Knob("up", 1.0), 0.0, False)))
    assert [knob.value for knob in both.at(0.25).knobs] == [0.25, 0.75]
    assert both.at(0.25).label == "0.25"


def test_a_sampled_setting_has_a_level_of_each_factor():
    sample = np.array([[0.0, 0.99], [0.5, 0.0]])
    assert values(designs.sampled([factor("a", 1, 2), interval("b", 0.0, 100.0)], sample)) == [(1, 99.0), (2, 0.0)]


def test_designs_that_are_joined_share_equal_settings():
    settings = Settings()
    a, b = factor("a", 1, 2), factor("b", 5, 6)
    settings.join("grid", [a, b], designs.grid([a, b]))
    settings.join("one_at_a_time", [a], designs.one_at_a_time([a]))
    settings.join("grid", [b, a], designs.grid([b, a]))
    assert [block.rows for block in settings.blocks] == [(0, 1, 2, 3), (4, 5, 6), (0, 2, 1, 3)]
    assert len(settings.all) == 7


def test_what_is_equal_is_so_however_it_is_written():
    assert identity([Knob("a", 1), Knob("b", [0.0])]) == identity([Knob("b", [0]), Knob("a", 1.0)])
    assert identity([Knob("a", {"x": 1, "y": 2})]) == identity([Knob("a", {"y": 2, "x": 1.0})])
    different = [1, True, "1", None, [1], {"1": 1}, 1.5, math.inf]
    assert len({identity([Knob("a", value)]) for value in different}) == len(different)
    assert identity([Knob("a", 1, ("x",))]) != identity([Knob("a", 1)])


def test_a_setting_without_a_factor_is_called_by_its_level():
    level = Level("half of them", None, (Knob("a", 1), Knob("b", 2)))
    setting = Setting({"": level})
    assert (setting.label, [knob.key for knob in setting.knobs]) == ("half of them", ["a", "b"])
