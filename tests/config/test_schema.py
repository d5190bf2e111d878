import copy
import re

import pytest
from pydantic import model_validator
from setups.district import ALL_PILOTS, CONFIGS, PILOTS, mapping, pilot, tiny
from setups.feeding import nested

from sim import config
from sim.config import GROUPS, LEVELS, replaced
from sim.errors import ConfigError, RuleError

REMOVED = object()


def changed(name, path, value):
    """Return a copy of a pilot's mapping with the value at a dotted path replaced, added or removed."""
    copied = copy.deepcopy(mapping(name))
    at = copied
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in parents:
        at = at.setdefault(part, {}) if isinstance(at, dict) else at[part]
    if value is REMOVED:
        del at[last]
    else:
        at[last] = value
    return copied


def message(name, path, value):
    """Return what a user is told of one changed value."""
    with pytest.raises(ConfigError) as caught:
        config.load(changed(name, path, value))
    return str(caught.value)


ONE_VALUE = [
    # what does nothing where it stands
    ("report.equity.0.compared", False, "report.equity.0.compared must be left out, as all of equity is compared"),
    ("report.equity.1.group", "route:street", "report.equity.1.group must be left out, as equity goes through all"),
    # wrong types
    ("staffing.street_heads", 12.5, "staffing.street_heads must be a whole number, got 12.5"),
    ("staffing.street_heads", "many", 'staffing.street_heads must be a whole number, got "many"'),
    ("staffing.street_heads", True, "staffing.street_heads must be a whole number, got true"),
    ("staffing.street_heads", None, "staffing.street_heads must be a whole number, got null"),
    ("district.household_size", "2.8", 'district.household_size must be a number, got "2.8"'),
    ("district.name", 7, "district.name must be a text, got 7"),
    ("roles", [1], "roles must be a mapping, got [1]"),
    ("district.calendar.hours", 3, "district.calendar.hours must be a list, got 3"),
    # ranges
    ("staffing.street_heads", -3, "staffing.street_heads must be at least 0, got -3"),
    ("staffing.district_heads", 0, "staffing.district_heads must be at least 1, got 0"),
    ("demand.rework_share", 1.2, "demand.rework_share must be at most 1, got 1.2"),
    ("demand.rework_share", -0.1, "demand.rework_share must be at least 0, got -0.1"),
    ("demand.misrouted_share", float("nan"), "demand.misrouted_share must be a finite number, got NaN"),
    ("demand.latent_per_resident_year", float("inf"), "demand.latent_per_resident_year must be a finite number"),
    ("district.walking_kmh", 0, "district.walking_kmh must be at least 0.1, got 0"),
    ("district.detour_factor", 0.9, "district.detour_factor must be at least 1, got 0.9"),
    ("staffing.absence.share", 0.95, "staffing.absence.share must be below 0.9, got 0.95"),
    ("demand.tries", 0, "demand.tries must be at least 1, got 0"),
    ("grid.households", 9, "grid.households must be at least 10, got 9"),
    ("grid.see_share", 1.0, "grid.see_share must be below 1, got 1.0"),
    ("run.seed", -1, "run.seed must be at least 0, got -1"),
    ("run.confidence", 0.5, "run.confidence must be above 0.5, got 0.5"),
    ("structure.weekly_gate_weekday", 8, "structure.weekly_gate_weekday must be at most 7, got 8"),
    ("structure.monthly_gate_day", 29, "structure.monthly_gate_day must be at most 28, got 29"),
    # one of a few words
    ("roles.order", "c_first", "roles.order must be one of 'a_first', 'b_first', 'oldest', 'longest' or 'split'"),
    ("roles.scheme", "AB", "roles.scheme must be one of 'lines', 'ab', 'dedicated' or 'generalist', got \"AB\""),
    ("burden.release", "friday", "burden.release must be one of 'evenly' or 'monday', got \"friday\""),
    # what must be given
    ("grid", REMOVED, "grid must be given, got nothing"),
    ("demand.tries", REMOVED, "demand.tries must be given, got nothing"),
    # the office's time
    (
        "district.calendar.first_monday",
        "2011-01-04",
        "district.calendar.first_monday must be a Monday, got 2011-01-04 (Tuesday)",
    ),
    (
        "district.calendar.hours.1.close",
        "13:00",
        "district.calendar.hours.1.close must be later than open, got 14:00 to 13:00",
    ),
    (
        "district.calendar.hours.1.open",
        "12:00",
        "district.calendar.hours must be in order and apart, got 12:00 before 12:00",
    ),
    # weights and shares that do not add up
    (
        "demand.counter_weekday",
        [0] * 7,
        "demand.counter_weekday must have a weight above 0, got only zeros",
    ),
    ("demand.phone_hour", [0] * 24, "demand.phone_hour must have a weight above 0, got only zeros"),
    (
        "burden.kinds.ad_hoc.share",
        0.3,
        "burden.kinds must sum to 1, got 1.14",
    ),
    ("district.work.street_hours.relay", -1, "district.work.street_hours.relay must be at least 0, got -1"),
    ("district.work.from_above_hours", -1, "district.work.from_above_hours must be at least 0, got -1"),
    ("conduct.priorities.files", 10, "conduct.priorities.files must be at most 9, got 10"),
    ("staffing.catch_up_hours_per_week", 21, "staffing.catch_up_hours_per_week must be at most 20, got 21"),
    ("structure.named_contact_between", "street", "structure.named_contact_between must be one of 'district' or 'all'"),
    (
        "staffing.absence.block_days_max",
        4,
        "staffing.absence.block_days_max must be at least block_days_min (5), got 4",
    ),
    (
        "staffing.community_heads_max",
        1,
        "staffing.community_heads_max must be at least community_heads_min (2), got 1",
    ),
    (
        "burden.meetings.hours",
        5,
        "burden.meetings.hours must be at most the longest opening of the office (4), got 5",
    ),
    # procedures
    (
        "procedures.archetypes.T3.line",
        "labor",
        "procedures.archetypes.T3.line must be one of the lines (did you mean labour?), got labor",
    ),
    (
        "procedures.archetypes.T8.activities.3.minutes",
        10,
        "procedures.archetypes.T8.activities.3.minutes must be 0 for an activity outside the model, got 10",
    ),
    (
        "procedures.archetypes.T1.activities.0.minutes",
        0,
        "procedures.archetypes.T1.activities.0.minutes must be above 0 for an activity of the staff, got 0",
    ),
    (
        "procedures.archetypes.T1.activities.0.working_days",
        2,
        "procedures.archetypes.T1.activities.0.working_days must be 0 unless where is outside, got 2",
    ),
    (
        "procedures.archetypes.T1.activities.0.level",
        "street",
        "procedures.archetypes.T1.activities[0] must be a counter of the community with share 1, got front",
    ),
    (
        "procedures.archetypes.T2.activities.2.name",
        "visit",
        "procedures.archetypes.T2.activities must have names of their own, got front, visit, visit",
    ),
    # places
    (
        "district.communities",
        50000,
        "district.communities must be at most the number of households (46429), got 50000",
    ),
    ("district.streets", 32, "district.streets must be at most communities (31), got 32"),
    # structures
    (
        "structure.levels",
        ["district", "street", "community"],
        "structure.levels must be in the order community, street, district, got district, street, community",
    ),
    (
        "structure.levels",
        ["community", "street"],
        "structure.levels must include community and district, got community, street",
    ),
    (
        "structure.levels",
        ["community", "city"],
        "structure.levels.1 must be one of 'community', 'street' or 'district', got \"city\"",
    ),
    (
        "structure.levels",
        ["community", "district"],
        "structure.performs.street.public_service must be one of the levels community, district, got street",
    ),
    ("structure.performs.province", {"justice": "district"}, "structure.performs.province"),
    # heads that do not add up
    (
        "staffing.community_heads",
        20,
        "staffing.community_heads must be between 62 and 155 for 31 communities of 2 to 5 heads, got 20",
    ),
    (
        "staffing.community_heads",
        156,
        "staffing.community_heads must be between 62 and 155 for 31 communities of 2 to 5 heads, got 156",
    ),
]


@pytest.mark.parametrize(("path", "value", "expected"), ONE_VALUE)
def test_a_mistake_is_told_with_path_rule_and_value(path, value, expected):
    told = message("four_level", path, value)
    assert told.startswith(expected)
    assert "\n" not in told


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (
            "staffing.street_sent_down_share",
            0.25,
            "staffing.street_sent_down_share and staffing.street_sent_up_share must sum to 1 where the structure has "
            "no street level (all who leave the street must go somewhere: set both, choose a staffing that does, or "
            "let wangge staff share them out), got 0.825 under three_level",
        ),
        (
            "staffing.street_sent_up_share",
            0.9,
            "staffing.street_sent_down_share and street_sent_up_share must sum to at most 1, got 1.325",
        ),
        (
            "structure.performs.street.justice",
            "street",
            "structure.performs.street.justice must be one of the levels community, district, got street",
        ),
        (
            "structure.communities",
            50_000,
            "structure.communities must be at most the number of households (46429), got 50000",
        ),
        ("structure.communities", 0, "structure.communities must be at least 1, got 0"),
    ],
)
def test_a_mistake_in_a_merged_structure_is_told_with_path_rule_and_value(path, value, expected):
    assert message("three_level", path, value) == expected


def test_whole_communities_cannot_be_merged_into_more_than_there_are():
    merged = changed("three_level", "structure.merge_rule", "whole_communities")
    merged["structure"]["communities"] = 32
    with pytest.raises(ConfigError, match="must be at most today's 31 where whole communities are merged, got 32"):
        config.load(merged)


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("district.populaton", "population"),
        ("staffing.absence.shares", "share"),
        ("grid.visits.minute", "minutes"),
        ("burdn", "burden"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(path, nearest):
    told = message("four_level", path, 3)
    assert told.startswith(f"{path} is not a known key (did you mean {nearest}")
    assert told.endswith(", got 3")


def test_an_unknown_key_like_nothing_known_is_refused_without_a_guess():
    assert message("four_level", "run.zzzzqqq", 3) == "run.zzzzqqq is not a known key, got 3"


def test_a_detour_without_end_is_refused():
    with pytest.raises(ConfigError):
        config.load(changed("four_level", "district.detour_factor", float("inf")))


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("burden.task_share", 0.7, "district.work.from_above_hours (hours a year, whatever the staff), got 0.7"),
        ("burden.street_own_share", 0.6, "district.work.street_hours (hours a year by function), got 0.6"),
        (
            "burden.street_own_work.relay",
            0.3,
            'district.work.street_hours (hours a year by function), got {"relay": 0.3}',
        ),
        ("burden.district_own_share", 0.8, "district.work.district_hours (hours a year by function), got 0.8"),
        (
            "burden.priorities.due",
            2,
            'conduct.priorities (who goes first; conduct=ledgers_first has the old ones), got {"due": 2}',
        ),
        ("grid.duty_share", 0.5, "grid.patrol_duty_share and grid.visits.duty_share, got 0.5"),
        ("service.counters", 2, "service.seats (of each service point, where the desk is kept by rota), got 2"),
    ],
)
def test_a_key_of_an_earlier_version_is_told_what_replaced_it(path, value, expected):
    told = message("four_level", path, value)
    key = ".".join(path.split(".")[:2])
    assert told == f"{key} must be replaced by {expected}"


def test_every_replaced_key_is_unknown_now_and_has_a_replacement_that_is_known():
    plain = mapping("four_level")
    for key, new in replaced.replaced()["keys"].items():
        at = plain
        for part in key.split("."):
            at = at.get(part, {})
        assert at == {}, key
        for path in re.findall(r"\b[a-z]+\.[a-z_.]+", new):
            at = plain
            for part in path.split("."):
                at = at[part]


def test_what_is_no_key_of_an_earlier_version_has_no_replacement():
    assert replaced.replacement("burden.task_shares") is None
    assert replaced.replacement("grid.duty") is None
    assert replaced.replacement("pilot/four_level") is None


@pytest.mark.parametrize("name", replaced.replaced()["files"])
def test_a_file_of_an_earlier_version_is_gone(name):
    assert not (CONFIGS / f"{name}.yaml").exists()
    assert replaced.replacement(name) == replaced.replaced()["files"][name]


def test_three_mistakes_are_told_and_the_rest_counted():
    wrong = copy.deepcopy(mapping("four_level"))
    wrong["demand"] |= {"rework_share": 2, "return_share": 2, "tries": 0, "misrouted_share": -1}
    wrong["run"]["seed"] = -1
    with pytest.raises(ConfigError) as caught:
        config.load(wrong)
    told = str(caught.value)
    assert told.count(", got ") == 3
    assert told.endswith("; and 2 more")


def test_a_long_value_is_shortened():
    told = message("four_level", "run.overload", "x" * 200)
    assert re.fullmatch(r"run\.overload must be one of .*, got \"x{56}\.\.\.", told)


def test_what_is_not_plain_data_is_refused():
    with pytest.raises(ConfigError, match=r"^name must be plain data"):
        config.load({"name": object()})


@pytest.mark.parametrize(
    ("path", "said"), [("", '"" is not a known key, got 1'), ("grid.", 'grid."" is not a known key, got 1')]
)
def test_an_empty_key_is_named(path, said):
    assert message("four_level", path, 1).startswith(said)


def test_data_that_is_nested_without_end_is_named():
    circle = []
    circle.append(circle)
    for value in (circle, nested(51), nested(300), nested(100_000), [10**400, nested(300)]):
        told = message("four_level", "grid.households", value)
        assert re.fullmatch(
            r"grid\.households[.01]+\.\.\. must be nested at most 50 levels deep, got a circle or more levels", told
        )


@pytest.mark.parametrize("name", ALL_PILOTS)
def test_every_shipped_pilot_is_valid_and_frozen(name):
    loaded = pilot(name)
    assert loaded.name == name
    with pytest.raises(ConfigError, match=r"^population must stay as it is, as District is frozen"):
        loaded.district.population = 1


def test_a_checked_pilot_survives_its_own_dump():
    loaded = pilot("three_level")
    assert config.load(loaded.model_dump(mode="json")) == loaded


def test_four_levels_leave_every_activity_where_the_law_puts_it():
    structure = pilot("four_level").structure
    assert all(structure.level_of(level, group) == level for level in LEVELS for group in GROUPS)


def test_three_levels_send_services_down_and_powers_up():
    structure = pilot("three_level").structure
    went = {group: structure.level_of("street", group) for group in GROUPS}
    assert went == {
        "public_service": "community", "party": "community",
        "enforcement": "district", "economic": "district", "justice": "district",
    }  # fmt: skip


def test_the_shipped_district_counts_as_the_report_does():
    four, three, all_down = (pilot(name) for name in PILOTS)
    assert (four.n_communities, three.n_communities, all_down.n_communities) == (31, 10, 10)
    assert four.district.households == 46_429  # 130,000 / 2.8
    assert (four.street_stays_share, three.street_stays_share, all_down.street_stays_share) == (1, 0, 0)
    assert [h.minutes for h in four.district.calendar.hours] == [(510, 720), (840, 1080)]


@pytest.mark.parametrize("name", [name for name in ALL_PILOTS if name != "three_level_expected"])
def test_pilots_share_the_district_its_demand_its_procedures_its_burden_and_its_conduct(name):
    four, other = pilot("four_level"), pilot(name)
    for part in ("district", "demand", "procedures", "burden", "conduct", "run", "mid"):
        assert getattr(other, part) == getattr(four, part), part
    # the daily patrol is the reform's instrument; all else about grids is alike
    assert other.grid.model_copy(update={"patrol_duty_share": 0.0}) == four.grid
    without_street = "street" not in other.structure.levels
    assert other.grid.patrol_duty_share == float(
        name == "four_level_patrols" or (without_street and "flatten" not in name)
    )
    for key in ("transfer_working_days", "transfer_cv", "relay_minutes"):
        assert getattr(other.structure, key) == getattr(four.structure, key)
    for key in ("absence", "catch_up_hours_per_week", "community_heads", "street_heads", "district_heads"):
        assert getattr(other.staffing, key) == getattr(four.staffing, key)
    assert other.roles.outside_pace == four.roles.outside_pace
    of_lines = name == "four_level_lines"
    assert (other.roles.one_room, other.roles.cover, other.service.phone) == (
        (False, "none", "line") if of_lines else (True, "colleague", "anyone")
    )
    assert (other.service.desk, other.service.told_when_back) == ("own", 1)


def test_the_levers_of_the_better_pilots_are_the_same_at_the_same_values():
    four, three = pilot("four_level_better"), pilot("three_level_better")
    levers = ("named_contact_share", "named_contact_between", "named_contact_working_days", "delegated_share")
    for lever in (*levers, "delegated_minutes_share"):
        assert getattr(four.structure, lever) == getattr(three.structure, lever), lever
    assert four.structure.named_contact_between == "district"
    assert four.structure.delegated_share > pilot("four_level").structure.delegated_share
    for better, base in ((four, pilot("four_level")), (three, pilot("three_level"))):
        updates = {lever: getattr(base.structure, lever) for lever in levers}
        plain = better.model_copy(update={"structure": better.structure.model_copy(update=updates)})
        assert plain.model_copy(update={"name": base.name, "title": base.title}) == base


def test_the_weeks_of_a_run_are_its_warm_up_measured_and_drain_weeks():
    assert tiny().run.weeks == 3
    assert pilot().run.weeks == sum(mapping()["run"][key] for key in ("warm_up_weeks", "measured_weeks", "drain_weeks"))


def test_seed_0_is_a_seed():
    assert tiny("four_level", "run.seed=0").run.seed == 0


class OfTwoKinds(config.Section):
    n: int | bool


def test_what_a_user_wrote_is_not_taken_for_the_words_of_a_message():
    with pytest.raises(ConfigError) as caught:
        config.checked(OfTwoKinds, {"n": "x must be y, got z"})
    assert str(caught.value) == 'n must be a whole number, or be true or false, got "x must be y, got z"'
    asked = []
    with pytest.raises(ConfigError, match=re.escape("mine.yaml: a must b is not a known key, got 1")):
        config.checked(OfTwoKinds, {"n": 1, "a must b": 1}, file_of=lambda path: asked.append(path) or "mine.yaml")
    assert asked == ["a must b"]


class Pair(config.Section):
    first: str
    second: str

    @model_validator(mode="after")
    def _alike(self):
        if self.first != self.second:
            raise RuleError("be alike", f"{self.first} and {self.second}", at="first", beside="second")
        return self


def test_what_a_validator_finds_has_its_own_paths_and_value():
    asked = []
    with pytest.raises(ConfigError) as caught:
        config.checked(
            Pair, {"first": "a, got b", "second": "c"}, "pair", file_of=lambda path: asked.append(path) or "mine.yaml"
        )
    assert str(caught.value) == "mine.yaml: pair.first and second must be alike, got a, got b and c"
    assert asked == ["pair.first"]
