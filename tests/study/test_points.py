import json
from functools import cache

import pytest
from setups.studies import composer, plan

from sim import config
from sim.config.compose import Line, compose
from sim.errors import ConfigError
from sim.statistics.designs import Knob
from sim.study.points.composer import put, value_at
from sim.study.replications import keys

PILOT = "three_level"

# Every kind of override: in Hydra's grammar, and as knobs of a study.
ALIKE = {
    "a whole number": (["grid.households=300"], {"grid.households": 300}),
    "a number": (["burden.away_share=0.45"], {"burden.away_share": 0.45}),
    "a tiny number": (["service.agency_minutes=1e-07"], {"service.agency_minutes": 1e-07}),
    "nested": (["grid.visits.minutes=20"], {"grid.visits.minutes": 20}),
    "null": (["structure.communities=null"], {"structure.communities": None}),
    "true": (["+procedures.archetypes.T1.papers=true"], {"+procedures.archetypes.T1.papers": True}),
    "false": (["procedures.archetypes.T2.papers=false"], {"procedures.archetypes.T2.papers": False}),
    "a text": (["title='it\\'s, [so] = \"said\"'"], {"title": "it's, [so] = \"said\""}),
    "a text like a number": (["title='3'"], {"title": "3"}),
    "a list": (["demand.counter_weekday=[1,2,3,4,5,0,0]"], {"demand.counter_weekday": [1, 2, 3, 4, 5, 0, 0]}),
    "a mapping that is merged": (
        ["burden.kinds={long_term: {due_working_days: 4}, ad_hoc: {due_working_days: 1}}"],
        {"burden.kinds": {"long_term": {"due_working_days": 4}, "ad_hoc": {"due_working_days": 1}}},
    ),
    "an empty mapping": (["grid.visits={}"], {"grid.visits": {}}),
    "a number in the place of a mapping": (["grid.visits=3"], {"grid.visits": 3}),
    "a member of a list by its number": (
        ["procedures.archetypes.T2.activities.0.minutes=9"], {"procedures.archetypes.T2.activities.0.minutes": 9},
    ),
    "a group": (["roles=dedicated"], {"roles": "dedicated"}),
    "two groups": (["roles=lines", "service=per_line"], {"roles": "lines", "service": "per_line"}),
    "a group and a knob of it": (["roles=ab", "roles.order=oldest"], {"roles": "ab", "roles.order": "oldest"}),
    "a knob before its group": (["roles.b_share=0.2", "roles=ab"], {"roles.b_share": 0.2, "roles": "ab"}),
    "a group of staff": (["staffing=half_down"], {"staffing": "half_down"}),
    "a structure": (["structure=merged"], {"structure": "merged"}),
    "a whole pilot": (["pilot=four_level"], {"pilot": "four_level"}),
    "a new key": (["+grid.more=1"], {"+grid.more": 1}),
    "a key that may be new": (["++grid.households=260"], {"++grid.households": 260}),
}  # fmt: skip


@pytest.fixture(scope="module")
def of_quick():
    """Return a composer whose base is a quick run."""
    return composer(base={"run": "quick"})


@cache
def by_hydra(*overrides):
    return compose("main", Line(("run=quick", *overrides)), f"pilot={PILOT}")


@pytest.mark.parametrize("kind", ALIKE)
def test_knobs_set_afterwards_give_what_hydra_composes(kind, of_quick):
    overrides, knobs = ALIKE[kind]
    assert of_quick.mapping(PILOT, [Knob(key, value) for key, value in knobs.items()]) == by_hydra(*overrides)


@pytest.mark.parametrize("kind", ALIKE)
def test_the_base_of_a_study_is_what_hydra_composes(kind):
    overrides, knobs = ALIKE[kind]
    assert composer(base={"run": "quick", **knobs}).plain(PILOT) == by_hydra(*overrides)


def test_knobs_leave_the_composed_config_as_it_was(of_quick):
    before = json.dumps(of_quick.plain(PILOT))
    for _, knobs in ALIKE.values():
        of_quick.mapping(PILOT, [Knob(key, value) for key, value in knobs.items()])
    assert json.dumps(of_quick.plain(PILOT)) == before


def test_a_member_of_a_list_goes_by_its_name_too(of_quick):
    key = "procedures.archetypes.T2.activities.{}.minutes"
    named = of_quick.mapping(PILOT, [Knob(key.format("visit"), 45)])
    assert named == of_quick.mapping(PILOT, [Knob(key.format("1"), 45)])
    assert value_at(named, key.format("visit")) == value_at(named, key.format("1")) == 45
    assert value_at(named, key.format("nobody")) is None


def test_hydra_composes_once_for_each_combination_of_groups_and_pilot():
    mine = composer(pilots=["four_level", PILOT], base={"run": "quick"})
    for pilot in mine.study.pilots:
        for roles in ("ab", "lines"):
            for households in (200, 250, 300):
                got = mine.mapping(pilot, [Knob("roles", roles), Knob("grid.households", households)])
                assert (got["roles"]["scheme"], got["grid"]["households"]) == (roles, households)
    assert len(mine._known) == 4


def test_what_a_setting_of_some_pilots_does_is_theirs_alone(of_quick):
    knob = Knob("grid.households", 300, ("four_level",))
    assert of_quick.mapping(PILOT, [knob]) == of_quick.plain(PILOT)
    assert of_quick.mapping("four_level", [knob])["grid"]["households"] == 300


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("grid.houses", 3, r"^grid\.houses is not a known key \(did you mean grid\.households\b.*\), got 3$"),
        ("households", 3, r"^households is not a known key.*, got 3$"),
        ("roles.households", 3, r"^roles\.households is not a known key \(did you mean .*grid\.households.*\), got 3$"),
        ("grid.visits", {"minute": 3}, r"^grid\.visits is not a known key .*, got \{'minute': 3\}|\{\"minute\": 3\}$"),
        ("procedures.archetypes.T2.activities.visits.minutes", 3, r"did you mean .*T2\.activities\.visit\.minutes"),
        ("procedures.archetypes.T2.activities.7.minutes", 3, r"T2\.activities\.7\.minutes is not a known key"),
        ("grid.households.more", 3, r"^grid\.households\.more is not a known key"),
        ("network", "mmc", r"^network is not a known key"),
        ("roles", "abc", r"^roles must be one of ab, dedicated, generalist, lines \(did you mean ab\?\), got abc$"),
        ("roles", "ab,lines", r"^roles must be one of ab, .*, got ab,lines$"),
        ("roles", "../pilot/nothing", r"^roles must be one of ab, "),
        ("roles", None, r"^roles must be one of ab, .*, got null$"),
        ("roles", 3, r"^roles must be one of ab, .*, got 3$"),
    ],
)
def test_a_knob_that_leads_nowhere_is_told_with_what_is_near(key, value, told, of_quick):
    with pytest.raises(ConfigError, match=told) as caught:
        of_quick.mapping(PILOT, [Knob(key, value)])
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError):  # Hydra has no more of it
        compose("main", Line((f"{key}={value}",)), f"pilot={PILOT}")


def test_a_group_of_the_base_must_be_there():
    with pytest.raises(ConfigError, match=r"^run must be one of quick, year \(did you mean quick\?\), got quik$"):
        composer(base={"run": "quik"}).plain(PILOT)
    with pytest.raises(ConfigError, match=r"^grid\.houses is not a known key"):
        composer(base={"grid.houses": 3}).plain(PILOT)


def test_knobs_of_the_command_line_hold_for_all_points_and_come_after_the_base():
    mine = composer("run=year", "roles.order=oldest", base={"run": "quick"})
    got = mine.mapping(PILOT, [Knob("roles", "lines")])
    assert (got["run"]["measured_weeks"], got["roles"]["scheme"], got["roles"]["order"]) == (52, "lines", "oldest")


def test_put_shares_what_does_not_change():
    before = {"a": {"b": 1}, "c": {"d": [1]}}
    after = put(before, "a.b", 2)
    assert after == {"a": {"b": 2}, "c": {"d": [1]}}
    assert before == {"a": {"b": 1}, "c": {"d": [1]}}
    assert after["c"] is before["c"]


def test_equal_knobs_have_one_key_whatever_design_or_pilot_calls_them_so():
    pilots = ["three_level", "three_level_all_down"]
    mine = plan(
        pilots=pilots,
        factors={"staffing": ["three_level", "all_down"], "grid.households": [250, 300]},
        design=["grid", {"kind": "points", "points": {"[red]today[/red]": {"grid.households": 300}}}],
    )
    of = keys([point.pilot for point in mine.points])
    by = {(point.setting, point.base): of[point.name] for point in mine.points}
    # The two pilots differ in their staffing alone, which the grid sets for both of them.
    assert all(by[setting, pilots[0]] == by[setting, pilots[1]] for setting in range(4))
    assert len({by[setting, pilots[0]] for setting in range(4)}) == 4
    assert (by[4, "three_level"], by[4, "three_level_all_down"]) == (by[1, "three_level"], by[3, "three_level"])
    assert len(mine.settings.all) == 5


def test_the_key_hangs_on_every_knob_and_not_on_how_a_number_is_written():
    mine = plan(factors={"burden.away_share": [0.5, 0.6]}, design="grid")
    same = plan(base={"burden.away_share": 0.6}, factors={"burden.abolished_share": [0, 0.5]})
    first, second = (keys([point.pilot for point in one.points]) for one in (mine, same))
    assert first["p0001"] == second["p0000"]
    assert len({*first.values(), *second.values()}) == 3


def test_points_are_called_by_pilot_and_setting_and_a_design_that_cannot_be_says_why():
    mine = plan(pilots=["four_level", "three_level"], factors={"grid.households": [300, 3]}, design="one_at_a_time")
    assert [point.label for point in mine.points] == [
        "four levels (today)", "three levels (reform)",
        "four levels (today), grid.households=300", "three levels (reform), grid.households=300",
        "four levels (today), grid.households=3", "three levels (reform), grid.households=3",
    ]  # fmt: skip
    assert [point.why for point in mine.points] == [""] * 4 + ["grid.households must be at least 10, got 3"] * 2
    assert [point.name for point in mine.at(1)] == ["p0002", "p0003"]
    assert [(a.name, b.name) for a, b in mine.pairs()] == [("p0000", "p0001"), ("p0002", "p0003"), ("p0004", "p0005")]
    assert set(mine.pilots) == {"p0000", "p0001", "p0002", "p0003"}


def test_a_base_that_cannot_be_is_refused():
    with pytest.raises(ConfigError, match=r"^grid\.households must be at least 10, got 3$"):
        plan(base={"grid.households": 3}, factors={"burden.away_share": [0.5]}, design="one_at_a_time")


def test_markup_and_formulas_stay_texts():
    label = "=HYPERLINK(1) [red]$\\frac{1}{2}$[/red] <b>"
    mine = plan(title=label, design={"kind": "points", "points": {label: {"grid.households": 300}}})
    assert (mine.study.title, mine.points[0].label) == (label, label)
    assert mine.points[0].pilot.title == label
    assert config.load(mine.points[0].pilot.model_dump(mode="json")).grid.households == 300
