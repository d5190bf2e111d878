import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from setups.district import ALL_PILOTS, composed
from setups.evidence import ROWS
from setups.studies import composer, plan, study

from sim import config
from sim.config import takes_integers
from sim.config.compose import Line
from sim.config.composition import Composition
from sim.errors import ConfigError
from sim.study.points import evidence_factors
from sim.study.points.composer import Composer, put, value_at
from sim.study.points.shares import SHARE_GROUPS, rescaled

KINDS = "burden.kinds."
BALANCED = "three_level"


def made(*names, pilots=(BALANCED,), config_dir=None):
    return evidence_factors.factors(names, {name: composed(name) for name in pilots}, config_dir)


def rows(folder, *found):
    (folder / "evidence.yaml").write_text(yaml.safe_dump(list(found)) if found else "", encoding="utf-8")
    return folder


@pytest.fixture
def ranged_kinds(tmp_path):
    """Return a folder of one's own whose evidence gives two of the three shares of the kinds of work a range."""
    return rows(
        tmp_path,
        {"path": f"{KINDS}long_term.share", "low": 0.5, "base": 0.67, "high": 0.7},
        {"path": f"{KINDS}periodic.share", "low": 0.1, "base": 0.17, "high": 0.25},
    )


def shares(pilot):
    return {kind: one["share"] for kind, one in pilot.burden.kinds.model_dump().items()}


def test_a_row_becomes_low_base_and_high():
    (factor,), said = made("grid.households")
    assert [(level.label, level.number) for level in factor.levels] == [("200", 200), ("250", 250), ("300", 300)]
    ((low, high, whole),) = factor.intervals
    assert (factor.base, low.value, high, whole, said) == ("250", 200, 300, True, [])


def test_an_end_that_is_the_base_is_no_level_of_its_own():
    (factor,), _ = made("roles.managers_per_grid")
    assert [level.label for level in factor.levels] == ["0.44", "1"]


@pytest.mark.parametrize("name", ALL_PILOTS)
def test_every_factor_of_the_evidence_gives_designs_that_can_be(name):
    found, _ = made("all", pilots=[name])
    mine = Composer(study(pilots=[name]), Line(()), {(name,): (composed(name), Composition(Line(())))})
    assert len(found) > 60
    for factor in found:
        levels = [*factor.levels, factor.at(0.0), factor.at(0.37), factor.at(1 - 1e-12)]
        loaded = [config.load(mine.mapping(name, level.knobs)).model_dump(mode="json") for level in levels]
        at_base = loaded[[level.label for level in factor.levels].index(factor.base)]
        assert at_base == config.load(composed(name)).model_dump(mode="json")
        assert any(one != at_base for one in loaded)


def test_all_is_every_row_with_a_range_that_moves_a_result():
    found, said = made("all", pilots=["four_level", BALANCED])
    ranged = {
        row["path"] for row in ROWS
        if isinstance(row["low"], int | float) and row["low"] != row["high"]
        and not row["path"].startswith(("mid.", "run.", "cost."))
        and {"four_level", BALANCED} & set(row.get("pilots", ["four_level"]))
    }  # fmt: skip
    left = set(said[0].partition(": ")[2].rstrip(".").split(", ")) if said else set()
    assert {factor.knobs[0].key for factor in found} | left == ranged
    assert len({factor.name for factor in found}) == len(found)


def test_rows_of_some_pilots_move_those_alone():
    found, _ = made("all", pilots=["four_level", BALANCED])
    some = [factor for factor in found if factor.knobs[0].pilots]
    assert some
    for factor in some:
        (only,) = {knob.pilots for knob in factor.knobs}
        assert len(only) == 1
        (other,) = {"four_level", BALANCED} - set(only)
        assert composer().mapping(other, factor.levels[0].knobs) == composer().plain(other)


def test_a_row_of_another_value_than_the_pilots_have_is_left_out_and_named():
    mine = plan(
        base={"grid.households": 300}, evidence=["grid.households", "burden.away_share"], design="one_at_a_time"
    )
    assert list(mine.factors) == ["burden.away_share"]
    assert mine.notes == ("1 row of the evidence is of other values than these pilots have: grid.households.",)


def test_the_base_is_one_point_and_others_are_the_ends():
    mine = plan(evidence=["burden.away_share", "grid.households"], design="one_at_a_time")
    assert [point.label for point in mine.points][1:] == [
        "burden.away_share=0.1", "burden.away_share=0.6", "grid.households=200", "grid.households=300"
    ]  # fmt: skip
    assert [type(point.pilot.grid.households) for point in mine.points] == [int] * 5


def test_a_baseline_may_be_another_value_of_the_evidence_and_others_make_room(ranged_kinds):
    name = f"{KINDS}periodic.share"
    mine = plan(evidence=[name], design="grid", baseline={name: 0.3}, config_dir=ranged_kinds)
    assert mine.baseline == 3
    assert sum(shares(mine.points[3].pilot).values()) == pytest.approx(1)
    assert shares(mine.points[3].pilot)["periodic"] == 0.3


def test_other_shares_of_a_whole_make_room_as_they_stand_to_each_other(ranged_kinds):
    mine = plan(evidence=[f"{KINDS}long_term.share"], design="one_at_a_time", config_dir=ranged_kinds)
    assert [shares(point.pilot) for point in mine.points[1:]] == [
        pytest.approx({"long_term": share, "periodic": rest * 17 / 33, "ad_hoc": rest * 16 / 33})
        for share, rest in ((0.5, 0.5), (0.7, 0.3))
    ]


def test_two_shares_of_one_whole_move_in_one_setting(ranged_kinds):
    two = ("long_term", "periodic")
    mine = plan(evidence=[f"{KINDS}{kind}.share" for kind in two], design="grid", config_dir=ranged_kinds)
    assert len(mine.points) == 9
    for point in mine.points:
        knobs = {knob.key: knob.value for knob in mine.settings.all[point.setting].knobs}
        wanted = {kind: knobs[f"{KINDS}{kind}.share"] for kind in two}
        found = shares(point.pilot)
        assert found == pytest.approx({**wanted, "ad_hoc": 1 - sum(wanted.values())})


def test_a_sample_of_all_the_evidence_has_designs_that_can_be(ranged_kinds):
    pilots = ["four_level", BALANCED]
    mine = plan(pilots=pilots, evidence="all", design={"kind": "lhs", "n": 16}, config_dir=ranged_kinds)
    assert [point.why for point in mine.points if not point.pilot] == []
    assert len({shares(point.pilot)["ad_hoc"] for point in mine.points}) == len(mine.points) / 2


def test_sent_down_makes_room_for_sent_up_where_no_street_is_left():
    mine = composer()
    (factor,), _ = made("staffing.street_sent_down_share")
    for one in (level.knobs[0] for level in factor.levels):
        staffing = mine.mapping(BALANCED, [one])["staffing"]
        assert staffing["street_sent_up_share"] == pytest.approx(1 - one.value)
    assert value_at(composed("four_level"), "staffing.street_sent_down_share") == 0


@given(
    st.dictionaries(st.sampled_from("abcde"), st.floats(0.01, 1), min_size=2),
    st.dictionaries(st.sampled_from("abcde"), st.floats(0, 1), min_size=1),
)
def test_a_whole_stays_one(weights, moved):
    before = {key: weight / sum(weights.values()) for key, weight in weights.items()}
    moved = {key: share for key, share in moved.items() if key in before}
    if not moved or (not any(moved.values()) and set(moved) == set(before)):
        return
    after = rescaled(before, moved)
    assert set(after) == set(before)
    assert sum(after.values()) == pytest.approx(1)
    assert min(after.values()) >= 0
    others = [key for key in before if key not in moved]
    if others and sum(moved.values()) <= 1:
        assert {key: after[key] for key in moved} == moved
        first = after[others[0]] / before[others[0]]
        assert [after[key] / before[key] for key in others] == pytest.approx([first] * len(others))


def test_a_share_that_somebody_gave_is_not_cut_to_scale():
    assert rescaled({"a": 0.5, "b": 0.5}, {"a": 0.8, "b": 0.8}, ["a"]) == pytest.approx({"a": 0.8, "b": 0.2})
    assert rescaled({"a": 1.0, "b": 0.0, "c": 0.0}, {"a": 0.4}) == pytest.approx({"a": 0.4, "b": 0.3, "c": 0.3})


def test_wholes_are_knobs_that_sum_to_one():
    for whole in SHARE_GROUPS[1:]:
        assert sum(value_at(composed(BALANCED), key) for key in whole) == pytest.approx(1)
    assert math.isclose(sum(value_at(composed(BALANCED), key) for key in SHARE_GROUPS[0]), 1)


def test_the_rows_of_ones_own_district_stand_before_those_that_ship(tmp_path):
    own = rows(tmp_path, {"path": "grid.households", "low": 100, "base": 250, "high": 900, "pilots": None})
    (factor,), _ = made("grid.households", config_dir=own)
    assert [level.label for level in factor.levels] == ["100", "250", "900"]
    assert len(evidence_factors.rows(own)) == len(ROWS)
    assert len(evidence_factors.rows(rows(tmp_path))) == len(ROWS)  # an empty file


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a: [", r"^evidence\.yaml must be YAML: while parsing"),
        ("a: 1", r"^evidence\.yaml must be a list of rows, each with a path, and pilots .*, got \{\"a\": 1\}$"),
        ("- 3", r"each with a path, .*, got 3$"),
        ("- {low: 1}", r"each with a path, .*, got \{\"low\": 1\}$"),
        ("- {path: 3}", r"each with a path, .*, got \{\"path\": 3\}$"),
        ("- {path: a, pilots: four_level}", r"pilots as a list where it names some, got \{\"path\": "),
        ("- !!python/object/apply:os.system ['id']", r"^evidence\.yaml, line 1: 0 must be plain data"),
    ],
)  # fmt: skip
def test_evidence_of_ones_own_that_is_none_is_refused(tmp_path, text, match):
    (tmp_path / "evidence.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=match) as caught:
        made("all", config_dir=tmp_path)
    assert "\n" not in str(caught.value)


def test_rows_without_numbers_or_of_what_is_no_number_are_no_factors(tmp_path):
    own = rows(
        tmp_path,
        {"path": "grid.households", "low": "few", "base": 250, "high": 900},
        {"path": "roles", "low": 1, "base": 2, "high": 3},
        {"path": "grid.nothing", "low": 1, "base": 2, "high": 3},
        {"path": "burden.away_share", "low": float("nan"), "base": 0.3, "high": 0.6},
        {"path": "grid.leg_minutes"},
    )
    with pytest.raises(ConfigError, match=r"paths of evidence\.yaml that have a range.*, got grid\.households$"):
        made("grid.households", config_dir=own)
    found, said = made("roles", "grid.nothing", config_dir=own)
    assert (found, said) == (
        [], ["2 rows of the evidence are of other values than these pilots have: roles, grid.nothing."],
    )  # fmt: skip


@pytest.mark.parametrize("path", ["grid.house", "service.windows", "mid.share"])
def test_a_path_without_a_range_is_told_with_what_is_near(path):
    with pytest.raises(ConfigError, match=r"^study\.evidence must name paths of evidence\.yaml that have a range"):
        made(path)


def leaves(node, path=()):
    if isinstance(node, dict):
        for key, inside in node.items():
            yield from leaves(inside, (*path, key))
    elif isinstance(node, list) and all(isinstance(one, dict) and "name" in one for one in node):
        for one in node:
            yield from leaves(one, (*path, one["name"]))
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield ".".join(path)


def test_whole_numbers_are_those_that_the_schema_takes_no_half_of():
    found = [path for path in leaves(composed(BALANCED)) if ".holds_for." not in path]  # what knobs are compared with
    assert len(found) > 150
    wrong = []
    for path in found:
        half = math.floor(value_at(composed(BALANCED), path)) + 0.5
        told = ""
        try:
            config.load(put(composed(BALANCED), path, half))
        except ConfigError as error:
            told = str(error)
        if ("must be a whole number" in told) != takes_integers(path):
            wrong.append((path, told))
    assert wrong == []
    assert takes_integers("structure.communities")
