import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from setups.commands import refused
from setups.studies import plan, study

from experiments.commands import multirun
from experiments.commands.sweep import ordered
from sim.config.compose import Line, parse
from sim.config.report import Response
from sim.config.swept import split
from sim.errors import ConfigError
from sim.statistics.sobol import sobol_settings
from sim.study.points import factors
from sim.study.points.plan import FIXED, planned

HOUSES = "grid.households"


def levels(given_, name=HOUSES, config_dir=None):
    return [[knob.value for knob in level.knobs] for level in factors.parsed(name, given_, config_dir).levels]


def told(match, call, *arguments, **keys):
    with pytest.raises(ConfigError, match=match) as caught:
        call(*arguments, **keys)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1200


# ------------------------------------------------------------------------------------------ factors


@pytest.mark.parametrize(
    ("sweep", "values"),
    [
        ([1, 2.5, None, True, "x"], [1, 2.5, None, True, "x"]),
        ("range(100,501,200)", [100, 300, 500]),
        ("range(3)", [0, 1, 2]),
        ("range(0,1,0.25)", [0.0, 0.25, 0.5, 0.75]),
        ("float(range(2))", [0.0, 1.0]),
        ("1,2.5,1e3", [1, 2.5, 1000.0]),
        ("a,b", ["a", "b"]),
        ("choice(a)", ["a"]),
        ("sort(3,1,2)", [1, 2, 3]),
        ("null,10", [None, 10]),
        ("true,false", [True, False]),
        ("'a,b','it\\'s'", ["a,b", "it's"]),
        ("['a',b],[c]", [["a", "b"], ["c"]]),
        ("{a:'x'},{a:2}", [{"a": "x"}, {"a": 2}]),
    ],
)
def test_a_sweep_of_hydras_grammar_is_a_list_of_levels(sweep, values):
    found = [value for (value,) in levels(sweep)]
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


@given(st.integers(-50, 50), st.integers(1, 60), st.integers(1, 9))
@settings(max_examples=30)
def test_a_range_is_pythons(start, length, step):
    assert levels(f"range({start},{start + length},{step})") == [[v] for v in range(start, start + length, step)]


def test_a_glob_takes_the_files_of_a_group_and_of_ones_own_folder(tmp_path):
    (tmp_path / "roles").mkdir()
    (tmp_path / "roles/shared.yaml").write_text("defaults: [ab]\n")
    assert levels("glob(*)", "roles") == [["ab"], ["dedicated"], ["generalist"], ["lines"]]
    assert levels("glob(*,exclude=[l*,a*])", "roles", tmp_path) == [["dedicated"], ["generalist"], ["shared"]]
    told(r"^study\.factors\.grid\.households must be a group of configs where glob is asked for, got grid\.households$",
         levels, "glob(*)")  # fmt: skip
    told(r"^study\.factors\.roles must have at least one level, got glob\(z\*\)$", levels, "glob(z*)", "roles")


@pytest.mark.parametrize(
    ("sweep", "ends", "whole"),
    [
        ("interval(0,1)", (0, 1), "burden.away_share"),
        ("interval(1,0)", (1, 0), "burden.away_share"),
        ("interval(200,300)", (200, 300), HOUSES),
        ("int(interval(2,6))", (2, 6), "structure.communities"),
    ],
)
def test_an_interval_knows_its_ends_and_whether_its_knob_takes_whole_numbers(sweep, ends, whole):
    ((low, high, integers),) = factors.parsed(whole, sweep, None).intervals
    assert (low.value, high, integers) == (*ends, whole != "burden.away_share")


def test_keys_move_together_and_are_called_by_the_first():
    factor = factors.parsed("down", {"staffing.down": [0, 0.5], "staffing.up": "1,0.5"}, None)
    assert [(level.label, level.number) for level in factor.levels] == [("0", 0.0), ("0.5", 0.5)]
    assert [[(knob.key, knob.value) for knob in level.knobs] for level in factor.levels] == [
        [("staffing.down", 0), ("staffing.up", 1)],
        [("staffing.down", 0.5), ("staffing.up", 0.5)],
    ]


def test_levels_are_called_differently_where_they_are_different():
    two = factors.parsed("x", {"a": [1, 1], "b": [2, 3]}, None)
    assert [level.label for level in two.levels] == ["1 / 2", "1 / 3"]
    near = factors.parsed("x", [0.1, 0.1000001, 0.1 + 0.2], None)
    assert [level.label for level in near.levels] == ["0.1", "0.1000001", "0.3"]
    long = factors.parsed("x", [[0] * 40, [0] * 41], None)
    assert [level.label[:5] for level in long.levels] == ["1: [0", "2: [0"]


def test_labels_name_levels_that_set_several_keys():
    factor = factors.parsed("design", {"today": {}, "large": {HOUSES: 400, "roles": "ab"}}, None)
    assert [(level.label, len(level.knobs)) for level in factor.levels] == [("today", 0), ("large", 2)]


@pytest.mark.parametrize(
    ("given_", "match"),
    [
        ([], r"^study\.factors\.grid\.households must have at least one level, got an empty list$"),
        ({}, r"^study\.factors\.grid\.households must have at least one level, got an empty mapping$"),
        (250, r"must be a list, or a sweep as range\(100,501,100\), interval\(0,1\) or glob\(\*\), got 250$"),
        (None, r"must be a list, or a sweep .*, got null$"),
        (True, r"must be a list, or a sweep .*, got true$"),
        ("250", r"must be a list, or a sweep .*, got 250$"),
        ("", r"must be a list, or a sweep .*, got nothing$"),
        ("[1,2]", r"must be a list, or a sweep .*, got \[1,2\]$"),
        ("range(5,1)", r"must have at least one level, got range\(5,1\)$"),
        ("range(0,5,0)", r"must have a step other than 0, got range\(0,5,0\)$"),
        ("range(0,1,0.0)", r"must have a step other than 0, got range\(0,1,0\.0\)$"),
        ("range(0,1000000000)", r"must have at most 10,000 levels, got more: range\(0,1000000000\)$"),
        ("range(0,1,0.0000000001)", r"must have at most 10,000 levels, got more"),
        (list(range(10_001)), r"must have at most 10,000 levels, got more"),
        ("shuffle(range(3))", r"must have a fixed order \(no shuffle\), got shuffle\(range\(3\)\)$"),
        ("tag(log,interval(1,9))", r"must have no tag \(designs ignore tags\), got tag\(log,interval\(1,9\)\)$"),
        ("interval(3,3)", r"must go from one number to another, got interval\(3,3\)$"),
        ("interval(1,nan)", r"must go from one number to another, got interval\(1,nan\)$"),
        ("interval(-inf,inf)", r"must go from one number to another, got interval\(-inf,inf\)$"),
        ("interval(1.5,9)", r"must go from one whole number to another, because grid\.households takes no other, got"),
        ("1,2)", r"must be a sweep in Hydra's grammar, got 1,2\)$"),
        ("1,", r"must be a sweep in Hydra's grammar, got 1,$"),
        ("[" * 5000 + "]" * 5000 + ",1", r"must be less deeply nested, got \[\[\["),
        ([1, 2, 1], r"^study\.factors\.grid\.households must have different levels, got 1, 2, 1$"),
        ([1, 1.0], r"must have different levels, got 1, 1$"),
        ("a,a", r"must have different levels, got a, a$"),
        ([1] * 99, r"must have different levels, got 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 and 89 more$"),
        ({"a": {"x": 1}, "b": {"x": 1}}, r"must have levels that differ, but these are the same: a and b$"),
        ({"x": [1, 2], "y": [1]}, r"must have the same number of values for each of its keys, got x has 2, y has 1$"),
        ({"x": [1, 2], "y": "interval(0,1)"}, r"for each of its keys, got x has 2, y has an interval$"),
        ({"x": [1, 2], "y": 1}, r"^study\.factors\.grid\.households\.y must be a list, or a sweep .*, got 1$"),
        ({"x": [1, 2], "y": []}, r"^study\.factors\.grid\.households\.y must have at least one level"),
        ({"today": {"x": 1}, "y": [1]}, r"^study\.factors\.grid\.households\.today must be a list"),
    ],
)  # fmt: skip
def test_a_factor_without_levels_is_told_quickly(given_, match):
    start = time.process_time()
    told(match, factors.parsed, HOUSES, given_, None)
    assert time.process_time() - start < 5


# ---------------------------------------------------------------------------------------- the schema


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"titel": "x"}, r"^study\.titel is not a known key \(did you mean title\?\), got \"x\"$"),
        ({"precision": {"replication": 3}}, r"precision\.replication is not a known key \(did you mean replications\?"),
        ({"title": ""}, r"^study\.title must be a text of at least 1 characters"),
        ({"pilots": []}, r"^study\.pilots must be of a length of at least 1, got \[\]"),
        ({"pilots": "three_level"}, r"^study\.pilots must be a list, got \"three_level\"$"),
        ({"pilots": ["a", "a"]}, r"^study\.pilots must be different ones, got a, a$"),
        ({"responses": []}, r"^study\.responses must be of a length of at least 1, got \[\]"),
        ({"design": None}, r"^study\.design must be a list, got null$"),
        ({"design": "gird"}, r"^study\.design must be one of 'grid', 'zip', .*, got \"gird\"$"),
        ({"design": {"kind": "lhs"}}, r"^study\.design\.n must be given for lhs$"),
        ({"design": "sobol"}, r"^study\.design\.n must be given for sobol$"),
        ({"design": {"kind": "sobol", "n": 12}}, r"^study\.design\.n must be a power of two for sobol, got 12$"),
        ({"design": {"kind": "indices", "n": 3}}, r"^study\.design\.n must be a power of two for indices, got 3$"),
        ({"design": {"kind": "lhs", "n": 0}}, r"^study\.design\.n must be at least 1, got 0$"),
        ({"design": {"kind": "grid", "n": 4}}, r"^study\.design\.n must be left out for grid, got 4$"),
        ({"design": {"kind": "grid", "factors": ["a", "a"]}}, r"^study\.design\.factors must be different ones"),
        ({"design": {"kind": "grid", "factors": []}}, r"^study\.design\.factors must be of a length of at least 1"),
        ({"design": "points"}, r"^study\.design\.points must be given for kind points, and for no other$"),
        ({"design": {"kind": "grid", "points": {"x": {}}}}, r"points must be given for kind points, and for no other$"),
        ({"design": {"kind": "points", "points": {"x": 3}}}, r"^study\.design\.points\.x must be a mapping, got 3$"),
        ({"precision": {"replications": -1}}, r"^study\.precision\.replications must be at least 1, got -1$"),
        ({"precision": {"until": {"x": {"half_width": -1}}}}, r"until\.x\.half_width must be at least 1e-09, got -1$"),
        ({"precision": {"until": {"x": {}}}}, r"x must have exactly one of half_width, share and difference$"),
        ({"precision": {"until": {"x": {"share": 0.1}}, "replications": 1}}, r"replications must be at least 2"),
        ({"precision": {"until": {"x": {"share": 0.1}}, "most": 3}}, r"most must be at least replications \(10\), got"),
        ({"precision": {"until": {"x": {"difference": 1}}}}, r"must not name a difference unless there is a bas"),
        ({"promises": {"x": {"at_most": 1, "at_least": 0}}}, r"^study\.promises\.x must have either at_most or at_lea"),
        ({"promises": {"x": {}}}, r"^study\.promises\.x must have either at_most or at_least$"),
        ({"promises": {"x": {"at_most": 1, "tolerance": 0}}}, r"tolerance must be at least 1e-09, got 0$"),
        ({"choose": {}}, r"^study\.choose must name best, or cheapest: true$"),
        ({"choose": {"cheapest": True}}, r"^study\.choose\.cheapest must have promises to keep, got none$"),
        ({"choose": {"best": {"response": "x"}}}, r"^study\.choose\.best\.zone must be given, got nothing$"),
        ({"choose": {"best": {"response": "x", "zone": 1}, "most": 5}}, r"choose\.most must be at least first \(10\),"),
        ({"warm_up": {"weeks": 3}}, r"^study\.warm_up\.weeks must be at least 20, got 3$"),
        ({"pilots": ["a", "b"], "baseline": {}}, r"^study\.baseline must be left out with several pilots"),
    ],
)  # fmt: skip
def test_a_study_that_breaks_a_rule_is_told_which(keys, match):
    told(match, study, **keys)


def test_a_design_may_be_a_word_a_mapping_or_several_and_evidence_a_word():
    for given_ in ("grid", {"kind": "grid"}, ["grid"], [{"kind": "grid"}]):
        assert [one.kind for one in study(design=given_).design] == ["grid"]
    assert [one.kind for one in study(design=["grid", {"kind": "lhs", "n": 3}]).design] == ["grid", "lhs"]
    assert study(evidence="all").evidence == ("all",)


def test_a_promise_is_kept_up_to_its_bound():
    most, least = (study(promises={"x": bound}).promises[Response("x")] for bound in ({"at_most": 3}, {"at_least": 3}))
    assert [most.kept(v) for v in (2, 3, 4, float("nan"))] == [True, True, False, False]
    assert [least.kept(v) for v in (2, 3, 4, float("nan"))] == [False, True, True, False]


# -------------------------------------------------------------------------------------------- the plan


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({}, r"^study\.factors must name at least one factor for a grid design, got none$"),
        ({"factors": {"grid.housholds": [1]}}, r"^grid\.housholds is not a known key \(did you mean grid\.households"),
        ({"base": {"executor.address": "tcp://a:1"}, "factors": {HOUSES: [200]}},
         r"^executor\.address must be left out of a study, whose base and factors set designs .*, got tcp://a:1$"),
        ({"factors": {"executor": ["dask", "local"]}}, r"^executor must be left out of a study, .*, got dask$"),
        ({"factors": {"roles": ["abb"]}}, r"^roles must be one of ab, dedicated, .* \(did you mean ab\?\), got abb$"),
        ({"factors": {HOUSES: "interval(200,300)"}}, r"^study\.factors\.grid\.households must be a list or a range in"),
        ({"factors": {HOUSES: [200], "burden.away_share": [0.5, 0.6]}, "design": "zip"},
         r"^study\.factors must have equally many levels in a zip design, got grid\.households has 1, burden\.away_sh"),
        ({"factors": {HOUSES: [200]}, "design": {"kind": "grid", "factors": ["grid.house"]}},
         r"^study\.design\.factors must name factors of the study \(did you mean grid\.households\?\), got grid\.hous"),
        ({"factors": {HOUSES: [200]}, "baseline": {"grid.house": 200}},
         r"^study\.baseline must name factors of the study \(did you mean grid\.households\?\), got grid\.house$"),
        ({"factors": {"roles": ["ab", "lines"]}, "baseline": {"roles": "line"}},
         r"^study\.baseline\.roles must be one of ab, lines \(did you mean lines\?\), got line$"),
        ({"factors": {HOUSES: [200]}, "baseline": {HOUSES: 3}},
         r"^study\.baseline must be a feasible design: grid\.households must be at least 10, "),
        ({"factors": {"d": {HOUSES: "interval(200,300)", "grid.leg_minutes": "interval(10,20)"}}, "baseline": {"d": 1},
          "design": {"kind": "lhs", "n": 2}}, r"^study\.baseline\.d must be left out, because the factor has no"),
        ({"factors": {HOUSES: [3, 4]}}, r"^study must have at least one feasible point; all 2 were rejected: grid"),
        ({"factors": {HOUSES: "range(10,2000)", "grid.leg_minutes": "range(1,1000)"}},
         r"^study must have at most 100,000 points, got 1,988,010$"),
        ({"factors": {HOUSES: [200]}, "design": {"kind": "lhs", "n": 10**12}}, r"at most 100,000 points, got 1,000,00"),
        ({"factors": {HOUSES: [200], "size": {HOUSES: [1], "roles": ["ab"]}}},
         r"^study\.factors must move each key once in a design, got grid\.households in grid\.households and size$"),
        ({"design": {"kind": "points", "points": {"a": {HOUSES: 1}, "b": {HOUSES: 1.0}}}},
         r"^study\.design\.points must have levels that differ, but these are the same: a and b$"),
        ({"evidence": ["grid.house"], "factors": {"roles": ["ab"]}}, r"^study\.evidence must name paths of evidence\."),
        ({"evidence": [HOUSES], "factors": {HOUSES: [200]}},
         r"^study\.factors must leave out what study\.evidence names, got grid\.households in both$"),
        ({"pilots": ["four_levels"], "factors": {"roles": ["ab"]}}, r"^pilot must be one of .* \(did you mean four_le"),
    ],
)  # fmt: skip
def test_a_study_that_cannot_be_planned_is_told_why(keys, match):
    told(match, plan, **keys)


@pytest.mark.parametrize("name", FIXED)
def test_no_factor_is_called_as_a_column_of_the_tables(name):
    told(rf"^study\.factors must not have the name of a column of the tables \(point, .*\), got {name}$", plan,
         factors={name: {HOUSES: [200, 300]}})  # fmt: skip


def test_a_knob_that_a_factor_moves_is_left_out_of_the_command_line():
    told(r"^grid\.households must be left out of the command line, because study\.factors\.grid\.households moves it",
         plan, "grid.households=300", factors={HOUSES: [200]})  # fmt: skip
    told(r"^roles must be left out of the command line", plan, "roles=ab", factors={"who": {"roles": ["ab", "lines"]}})
    below = plan("roles.order=oldest", factors={"roles": ["ab", "lines"]})
    assert [(p.pilot.roles.scheme, p.pilot.roles.order) for p in below.points] == [
        ("ab", "oldest"),
        ("lines", "oldest"),
    ]


def test_several_designs_are_joined_over_some_of_the_factors():
    mine = plan(
        factors={HOUSES: [200, 250, 300], "roles": ["ab", "lines"]},
        design=[
            "one_at_a_time", {"kind": "grid", "factors": [HOUSES]},
            {"kind": "points", "points": {"x": {"roles": "lines"}}},
        ],
    )  # fmt: skip
    assert mine.factors[HOUSES].base == "250"
    assert mine.factors["roles"].base == "ab"
    assert [setting.label for setting in mine.settings.all] == [
        "", "grid.households=200", "grid.households=300", "roles=lines, x", "grid.households=250",
    ]  # fmt: skip
    assert [(block.kind, block.rows) for block in mine.settings.blocks] == [
        ("one_at_a_time", (0, 1, 2, 3)), ("grid", (1, 4, 2)), ("points", (3,)),
    ]  # fmt: skip


def test_a_level_that_only_some_pilots_have_already_is_not_the_base():
    mine = plan(pilots=["four_level", "three_level"], factors={"roles": ["ab", "lines"]}, design="one_at_a_time")
    assert mine.factors["roles"].base is None
    assert len(mine.settings.all) == 3


def test_a_baseline_is_one_of_the_settings_or_one_more():
    given_ = {HOUSES: [200, 300], "roles": ["ab", "lines"]}
    inside = plan(factors=given_, baseline={"roles": "lines", HOUSES: 200})
    assert (inside.baseline, len(inside.points)) == (1, 4)
    assert [b.name for _, b in inside.pairs()] == ["p0000", "p0002", "p0003"]
    outside = plan(factors={"size": {HOUSES: [200, 300]}}, baseline={"size": 250})
    assert (outside.baseline, outside.points[2].pilot.grid.households, outside.points[2].label) == (2, 250, "size=250")


def test_indices_are_in_the_order_that_the_estimator_wants():
    mine = plan(
        factors={HOUSES: "interval(200,299)", "burden.away_share": "interval(0.4,0.8)"},
        design={"kind": "indices", "n": 4, "seed": 7},
    )
    (block,) = mine.settings.blocks
    found = [[knob.value for knob in mine.settings.all[row].knobs] for row in block.rows]
    sample = sobol_settings(4, 2, 7)
    assert np.array(found)[:, 0].tolist() == (200 + np.floor(100 * sample[:, 0])).tolist()
    assert np.array(found)[:, 1] == pytest.approx(0.4 + 0.4 * sample[:, 1])
    assert (block.n, block.factors) == (4, (HOUSES, "burden.away_share"))
    assert all(point.pilot for point in mine.points)


@pytest.mark.parametrize("kind", ["lhs", "sobol"])
def test_a_sample_is_the_same_for_the_same_seed(kind):
    given_ = {HOUSES: "interval(200,300)", "roles.order": ["a_first", "b_first", "oldest", "split"]}
    plans = [plan(design={"kind": kind, "n": 8, "seed": seed}, factors=given_) for seed in (1, 1, 2)]
    labels = [[setting.label for setting in mine.settings.all] for mine in plans]
    assert labels[0] == labels[1] != labels[2]
    orders = [point.pilot.roles.order for point in plans[0].points]
    assert sorted(orders) == sorted(2 * given_["roles.order"])


# ------------------------------------------------------------------------------------------- the files

BEGIN = "title: t\npilots: [four_level]\nresponses: [turnaround_restricted_mean]\ndesign: grid\n"
FACTORS = "factors: {grid.households: [200, 300]}\n"
BOMB = "factors:\n  a: &a [" + "x, " * 9 + "x]\n" + "".join(
    f"  {b}: &{b} [{', '.join(9 * [f'*{a}'])}]\n" for a, b in pairwise("abcdefghij")
)  # fmt: skip

WRONG = {
    "no YAML": ("a: [\n", r"^study/mine\.yaml must be YAML: while parsing"),
    "two keys": (BEGIN + FACTORS + FACTORS, r"^study/mine\.yaml must be YAML: .*found duplicate key factors"),
    "a list": ("- a\n- b\n", r"^study/mine\.yaml must be a mapping of keys to values, got \['a', 'b'\]$"),
    "a text": ("nothing\n", r"^study/mine\.yaml must be a mapping of keys to values, got 'nothing'$"),
    "empty": ("", r"^study\.title must be given, got nothing"),
    "no text": (b"\xff\xfe\x00", r"^study/mine\.yaml must be text in UTF-8: "),
    "another package": ("# @package _global_\n" + BEGIN + FACTORS, r"^study must be given, got nothing; title is not "),
    "code by Hydra": (BEGIN + FACTORS + "_target_: os.system\n", r"^study\._target_ is not a known key, got \"os\.sys"),
    "code by YAML": (BEGIN + "x: !!python/name:os.system\n", r"^study/mine\.yaml, line \d+: x must be plain data"),
    "the machine's variables": (BEGIN + FACTORS + "question: ${oc.env:HOME}\n", r"^study/mine\.yaml must have no \$"),
    "an interpolation of nothing": (BEGIN + FACTORS + "question: ${nothing}\n", r"^study\.question must have no \$\{"),
    "an alias of an alias": (BEGIN + BOMB, r"^study/mine\.yaml must have at most 20,000 values and 2,000,000 lette"),
    "an alias of itself": (BEGIN + "factors: &a {x: *a}\n", r"^study/mine\.yaml must have no alias to what it"),
    "deep": (BEGIN + f"factors: {{x: {'[' * 3000}{']' * 3000}}}\n", r"^study/mine\.yaml must have at most .* 50 level"),
    "large": (BEGIN + "#" * 2_000_001, r"^study/mine\.yaml must be at most 2,000,000 bytes, got 2,000,084$"),
    "unknown defaults": ("defaults: [nothing]\n" + BEGIN, r"^study/mine\.yaml: study must be one of .*, got nothing$"),
}  # fmt: skip


def own(folder, text):
    (folder / "study").mkdir(exist_ok=True)
    (folder / "study/mine.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return ["study=mine", "--config-dir", str(folder)]


@pytest.mark.parametrize("kind", WRONG)
def test_a_file_that_is_no_study_is_told_of_quickly(tmp_path, kind):
    text, match = WRONG[kind]
    start = time.process_time()
    told(match, lambda: ordered(parse(own(tmp_path, text))))
    assert time.process_time() - start < 5


def test_a_mistake_is_one_line_and_exit_status_2(tmp_path):
    text = BEGIN + "factors: {grid.households: 'range(0,1000000000)'}\n"
    assert "must have at most 10,000 levels, got more" in refused(tmp_path, "sweep", *own(tmp_path, text))
    assert not (tmp_path / "results").exists()


def test_an_unknown_study_is_told_with_those_that_there_are(tmp_path):
    told(r"^study must be one of ab_order, .*, mine, .* \(did you mean grid_size\?\), got grid_siz$",
         lambda: ordered(parse(["study=grid_siz", *own(tmp_path, BEGIN)[1:]])))  # fmt: skip
    told(r"^study must be given, one of ab_order, ", ordered, Line(()))
    told(r"^pilots must be left out, as the study names its pilots", ordered, Line(("study=burden", "pilots=[a]")))


def test_a_study_of_ones_own_is_found_and_may_build_on_another_and_change_by_the_command_line(tmp_path):
    mine = ordered(parse(own(tmp_path, BEGIN + FACTORS))).study
    assert (mine.title, mine.factors) == ("t", {HOUSES: [200, 300]})
    on = own(tmp_path, "defaults: [burden, _self_]\ntitle: ours\n")
    built = ordered(parse([*on, "study.precision.replications=3", "+study.factors.roles=[ab]"])).study
    shipped = ordered(Line(("study=burden",))).study
    assert (built.title, built.precision.replications) == ("ours", 3)
    assert built.factors == {**shipped.factors, "roles": ["ab"]}


def test_a_study_speaks_of_its_own_keys(tmp_path):
    mine = ordered(parse(own(tmp_path, BEGIN + FACTORS + "question: about ${study.title}\n"))).study
    assert mine.question == "about t"


def test_a_text_that_looks_like_an_interpolation_stays_a_text(tmp_path):
    home = "\\${oc.env:HOME}"
    text = f"title: '{home}'\npilots: [four_level]\nresponses: [x]\n"
    text += f"design: {{kind: points, points: {{a: {{district.name: '{home}', grid.households: 300}}}}}}\n"
    order = ordered(parse(own(tmp_path, text)))
    mine = planned(order.study, order.line)
    assert mine.study.title == "${oc.env:HOME}"
    assert [knob.value for knob in mine.settings.all[0].knobs] == ["${oc.env:HOME}", 300]


def test_a_sweep_of_the_command_line_may_make_a_key():
    line = parse(["+grid.more=1,2", "roles=ab,lines", "grid.households=300"])
    order = multirun._order(line, *split(line))
    assert order.study.factors == {"+grid.more": "1,2", "roles": "ab,lines"}
    assert order.line.overrides == ("grid.households=300",)
