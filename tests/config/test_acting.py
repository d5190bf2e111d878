from dataclasses import fields
from functools import cache

import numpy as np
import pytest
from setups.commands import TINY, refused, wangge
from setups.district import ALL_PILOTS, case, mapping, pilot, tiny
from setups.studies import BASE

import sim
from sim import config
from sim.config import study_schema
from sim.config.acting import CONDITIONS, check_acting
from sim.config.compose import parse
from sim.config.composition import Composition
from sim.engine import compiled
from sim.errors import ConfigError
from sim.measures import cost
from sim.study.points.plan import check, planned

NOBODY_AWAY = ("four_level", "staffing.absence.share=0")
NO_WORK = ("four_level", "burden.abolished_share=1")
NO_VISITS = ("four_level", "grid.visits.duty_share=0")
NO_ISSUES = ("four_level", "demand.latent_per_resident_year=0")
NO_CALLS = ("four_level", "demand.phone_per_resident_year=0", "demand.reported_share=0")
LINES = ("four_level_lines",)
FOUR, THREE = ("four_level",), ("three_level",)
REFORM = ("three_level", "structure.named_contact_share=0.5", "structure.delegated_share=0.5")
ROTA = ("four_level", "service.desk=rota")
AGENCY = ("three_level_expected",)
TWO_MONTHS = ("four_level", "run.drain_weeks=4")
GATHERED = ("four_level", "staffing.community_heads=100", "staffing.community_heads_max=30", "staffing.street_heads=40")

# A knob and another value, a design in which it cannot act, and one in which it can.
SMALL_ROOMS = ("four_level", "mechanisms.premises.mean_m2=50", "mechanisms.premises.m2_per_counter=12",
               "mechanisms.premises.m2_per_chair=4")  # fmt: skip
TURNOVER = ("four_level", "mechanisms.turnover.exits_per_year=2")
TURNS = [
    ("district.bus_share", 0.9, THREE, FOUR),
    ("district.bus_kmh", 15, ("four_level", "district.bus_share=0"), FOUR),
    ("district.staff_vehicle_kmh", 20, ("three_level_enforcement_below",), FOUR),
    ("district.work.from_above_hours", 9999, NO_WORK, FOUR),
    ("district.work.street_hours", dict.fromkeys(("economic", "enforcement", "justice", "party", "relay"), 999),
     NO_WORK, FOUR),
    ("district.work.district_hours",
     dict.fromkeys(("public_service", "economic", "enforcement", "justice", "party"), 999), NO_WORK, FOUR),
    ("district.place_seed", 7, ("four_level", "district.place=drawn"), FOUR),
    ("district.calendar.festival_start", "2011-01-10", ("four_level", "demand.festival_factor=1"), FOUR),
    ("district.calendar.festival_weeks", 6, ("four_level", "demand.festival_factor=1"), FOUR),
    ("demand.festival_factor", 0.8, ("four_level", "district.calendar.festival_weeks=0"), FOUR),
    ("demand.phone_weekday", [1, 1, 1, 1, 1, 1, 1], NO_CALLS, FOUR),
    ("demand.phone_hour", [1] * 24, NO_CALLS, FOUR),
    ("demand.special_care_factor", 3, ("four_level", "district.special_care_share=0"), FOUR),
    ("demand.incomplete_at_desk_share", 0.1, ("four_level", "demand.incomplete_share=0"), FOUR),
    ("demand.incomplete_days_mean", 9, ("four_level", "demand.incomplete_share=0"), FOUR),
    ("demand.incomplete_days_cv", 2, ("four_level", "demand.incomplete_share=0"), FOUR),
    ("demand.patience_phone_minutes_mean", 9, NO_CALLS, FOUR),
    ("demand.tries", 5, ("four_level", "demand.return_share=0"), FOUR),
    ("demand.return_share", 0.1, ("four_level", "demand.tries=1"), FOUR),
    ("demand.reported_share", 0.1, NO_ISSUES, FOUR),
    ("demand.report_days_mean", 20, ("four_level", "demand.reported_share=0"), FOUR),
    ("demand.report_days_cv", 2, NO_ISSUES, FOUR),
    ("demand.settled_on_the_spot_share", 0.9, NO_ISSUES, FOUR),
    ("procedures.wrong_desk_minutes", 9, ("four_level", "demand.misrouted_share=0"), FOUR),
    ("structure.merge_rule", "whole_communities", FOUR, THREE),
    ("structure.transfer_working_days", 2, ("three_level_better",), ("four_level_better",)),
    ("structure.named_contact_between", "all", REFORM, ("four_level_better",)),
    ("structure.named_contact_working_days", 2, FOUR, ("four_level_better",)),
    ("structure.delegated_minutes_share", 0.5, FOUR, ("four_level_better",)),
    ("structure.weekly_gate_weekday", 4, THREE, FOUR),
    ("structure.weekly_gate_time", "10:00", THREE, FOUR),
    ("structure.monthly_gate_day", 20,
     ("three_level", "structure.performs.district.public_service=community"), FOUR),
    ("staffing.absence.single_days_share", 0.9, NOBODY_AWAY, FOUR),
    ("staffing.absence.block_days_min", 2, ("four_level", "staffing.absence.single_days_share=1"), FOUR),
    ("staffing.absence.block_days_max", 20, NOBODY_AWAY, FOUR),
    ("roles.b_share", 0.8, FOUR, THREE),
    ("roles.specialisms", 2, FOUR, THREE),
    ("roles.managers_per_grid", 0.2, THREE, ("three_level_dedicated",)),
    ("roles.cover", "none", NOBODY_AWAY, FOUR),
    ("roles.outside_pace", 1.4, LINES, FOUR),
    ("service.seats", 1, THREE, ROTA),
    ("service.phone", "line", NO_CALLS, FOUR),
    ("service.told_when_back", 0, GATHERED, FOUR),
    ("service.agency_minutes", 9, FOUR, AGENCY),
    ("grid.patrol_hours", 2, ("four_level", "grid.visit_see_share=0"), THREE),
    ("grid.see_share", 0.6, ("four_level", "grid.visit_see_share=0"), FOUR),
    ("grid.visit_see_share", 0.5, NO_ISSUES, FOUR),
    ("grid.visits.ordinary_per_year", 9, NO_VISITS, FOUR),
    ("grid.visits.special_per_year", 30, NO_VISITS, FOUR),
    ("grid.visits.minutes", 25, NO_VISITS, FOUR),
    ("grid.visits.walk_minutes", 9, NO_VISITS, FOUR),
    ("burden.fixed_share", 0.9, NO_WORK, FOUR),
    ("burden.kinds.long_term.due_working_days", 9, NO_WORK, FOUR),
    ("burden.kinds.periodic.due_working_days", 1, NO_WORK, TWO_MONTHS),
    ("burden.kinds.ad_hoc.due_working_days", 9, NO_WORK, FOUR),
    ("burden.release", "monday", NO_WORK, FOUR),
    ("burden.piece_minutes", 60, NO_WORK, FOUR),
    ("burden.first_after_share", 0, NO_WORK, FOUR),
    ("burden.own_first_after_share", 0, NO_WORK, FOUR),
    ("burden.own_due_working_days", 1, NO_WORK, FOUR),
    ("burden.away_share", 0.6, NO_WORK, FOUR),
    ("burden.relay_down_share", 0.9, FOUR, THREE),
    ("burden.meetings.hours", 2,
     ("four_level", "burden.meetings.secretary_per_week=0", "burden.meetings.others_per_week=0"), FOUR),
    ("conduct.priorities.due", 1, NO_WORK, FOUR),
    ("conduct.priorities.not_yet_due", 3, NO_WORK, FOUR),
    ("conduct.priorities.duties", 2, NO_VISITS, FOUR),
    ("mechanisms.turnover.vacancy_working_days", 20, FOUR, TURNOVER),
    ("mechanisms.turnover.newcomer_pace", 1.5, FOUR, TURNOVER),
    ("mechanisms.turnover.newcomer_months", 9, FOUR, TURNOVER),
    ("levers.pay.gap_closed_share", 1, ("four_level", "cost.street_pay=14400"), FOUR),
    ("mechanisms.turnover.exits_by_pay_share", 0.3, FOUR,
     ("four_level", "mechanisms=base", "levers.pay.gap_closed_share=1")),
    ("mechanisms.premises.mean_m2", 20, FOUR, SMALL_ROOMS),
    ("mechanisms.premises.m2_cv", 2, FOUR, SMALL_ROOMS),
    ("mechanisms.premises.standard_m2", 70, FOUR, SMALL_ROOMS),
    ("mechanisms.premises.office_share", 0.3, FOUR, SMALL_ROOMS),
    ("mechanisms.premises.street_m2", 20, THREE,
     ("three_level", *SMALL_ROOMS[1:], "levers.premises.street_rooms_share=0.2")),
    ("levers.premises.gap_closed_share", 1, FOUR, SMALL_ROOMS),
    ("levers.premises.street_rooms_share", 1, SMALL_ROOMS, ("three_level", *SMALL_ROOMS[1:])),
    ("mechanisms.self_government.evening_hours_per_week", 1, FOUR,
     ("four_level", "mechanisms.self_government.community_hours_per_week=6")),
    ("conduct.step_minutes", 20,
     ("four_level", "burden.first_after_share=0", "burden.own_first_after_share=0"), FOUR),
]  # fmt: skip
SHARES = {f"burden.kinds.{kind}.share" for kind in ("long_term", "periodic", "ad_hoc")}  # they sum to 1: none alone
NAMES = [knob for knob, *_ in TURNS]


def turned(design, knob, value):
    """Return a design of a town with a knob at another value."""
    plain = tiny(*design).model_dump(mode="json")
    at = plain
    *way, last = knob.split(".")
    for key in way:
        at = at[key]
    assert at[last] != value
    at[last] = value
    return config.load(plain)


def outcome(design):
    """Return all that happens in a replication of a design, step by step, and its pay, as arrays."""
    made = case(design)
    tables = [*compiled.run(made.network, made.horizon), made.labels]
    arrays = [getattr(table, field.name) for table in tables for field in fields(table)]
    return [*arrays, np.array(list(cost.pay(design).values()))]


@cache
def outcome_of(name, *overrides):
    return outcome(tiny(name, *overrides))


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_every_condition_is_tried():
    assert {*NAMES, *SHARES} == set(CONDITIONS)
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize(("knob", "value", "idle", "acting"), TURNS, ids=NAMES)
def test_a_knob_changes_nothing_where_it_cannot_act_and_something_where_it_can(knob, value, idle, acting):
    _, acts = CONDITIONS[knob]
    assert not acts(tiny(*idle))
    assert acts(tiny(*acting))
    assert same(outcome_of(*idle), outcome(turned(idle, knob, value)))
    assert not same(outcome_of(*acting), outcome(turned(acting, knob, value)))


def given(root, name, *words):
    """Return a pilot of a folder of one's own, and what gave its values."""
    return Composition(parse(["--config-dir", str(root), *words]), (f"pilot={name}",))


@pytest.fixture
def mine(tmp_path):
    """Return a function that writes a file of a folder of one's own."""

    def write(path, text):
        file = tmp_path / "mine" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if path.startswith("pilot/"):
            text = f"# @package _global_\n{text}name: {file.stem}\ntitle: {file.stem}\n"
        file.write_text(text)
        return tmp_path

    return write


def told(root, pilots, *words):
    return refused(root, "compare", "--config-dir", "mine", f"pilots=[{pilots}]", "--cfg", "job", *words)


def shown(root, pilots, *words):
    done = wangge(root, "compare", "--config-dir", "mine", f"pilots=[{pilots}]", "--cfg", "job", *words)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_no_file_of_a_shipped_pilot_sets_what_cannot_act(mine):
    root = mine("pilot/mine.yaml", "defaults:\n  - four_level\n") / "mine"
    for name in ALL_PILOTS:
        assert check_acting({name: (pilot(name), given(root, name))}) == [], name


def test_a_knob_of_a_pilots_own_file_that_cannot_act_is_refused_with_the_file(mine):
    root = mine("pilot/mine.yaml", "defaults:\n  - four_level\nroles: {b_share: 0.5}\n")
    assert told(root, "three_level,mine") == (
        "wangge: pilot/mine.yaml: roles.b_share must be set where it can act, which is where roles.scheme is ab or "
        "generalist, got it under mine\n"
    )


def test_a_knob_of_a_group_file_that_a_pilot_names_is_refused_where_it_can_act_in_none_and_told_where_in_some(mine):
    mine("service/quick.yaml", "defaults:\n  - per_line\n  - _self_\nseats: 5\n")
    mine("pilot/one.yaml", "defaults:\n  - four_level\n  - override /service: quick\n")
    root = mine("pilot/two.yaml", "defaults:\n  - four_level\n  - override /service: quick\nservice: {desk: rota}\n")
    assert (
        "service/quick.yaml: service.seats must be set where it can act, which is where service.desk is rota, got"
        in (told(root, "four_level,one"))
    )
    assert shown(root, "one,two") == (
        "Note: service/quick.yaml: service.seats does not act under one: it does where service.desk is rota.\n"
    )


def test_a_value_of_the_base_and_what_describes_the_place_say_nothing(mine):
    mine("district/town.yaml", "defaults:\n  - yuehu\n  - _self_\nbus_share: 0.2\n")
    root = mine(
        "pilot/mine.yaml",
        "defaults:\n  - three_level\n  - override /district: town\nservice: {seats: 3}\n"
        "roles: {managers_per_grid: 0.44}\n",
    )
    assert shown(root, "mine") == ""
    assert shown(root, "mine", "service.seats=3") == ""


def test_a_knob_that_only_what_was_typed_keeps_from_acting_is_told_and_not_refused(mine):
    root = mine("pilot/mine.yaml", "defaults:\n  - three_level\ngrid: {patrol_hours: 2}\n")
    assert shown(root, "mine") == ""
    assert shown(root, "mine", "grid.patrol_duty_share=0") == (
        "Note: pilot/mine.yaml: grid.patrol_hours does not act under mine_grid_patrol_duty_share_0: it does where "
        "grid.patrol_duty_share is above 0.\n"
    )


def test_what_a_file_stands_on_is_not_its_own(mine):
    mine("pilot/patrols.yaml", "defaults:\n  - three_level\ngrid: {patrol_hours: 2}\n")
    root = mine("pilot/none.yaml", "defaults:\n  - patrols\ngrid: {patrol_duty_share: 0}\n")
    assert shown(root, "none") == ""


def test_a_knob_on_the_line_that_can_act_under_no_pilot_is_refused_by_every_command_that_names_pilots(tmp_path):
    expected = (
        "service.seats must be set where it can act, which is where service.desk is rota, got it under three_level"
    )
    for words in (("run", "pilot=three_level"), ("trace", "pilots=[three_level]"), ("staff",)):
        assert expected in refused(tmp_path, *words, "service.seats=5")
    assert expected in refused(tmp_path, "compare", "pilots=[three_level]", "service.seats=5")


STUDY = {
    "title": "A study", "pilots": ["four_level", "three_level"], "base": BASE, "design": "grid",
    "responses": ["visits_done"], "factors": {"grid.households": [200, 300]},
}  # fmt: skip
WHERE = "must be set where it can act, which is where service.desk is rota, got it under"
BOTH = "four_level, three_level"
LABELLED = {"a": {"service.seats": 5}, "b": {"grid.households": 200}}


@pytest.mark.parametrize(
    ("change", "words", "said"),
    [
        ({}, ("service.seats=5",), f"service.seats {WHERE} {BOTH}"),
        ({"base": BASE | {"service.seats": 5}}, (), f"study.base: service.seats {WHERE} {BOTH}"),
        ({"factors": {"service.seats": [4, 5]}}, (), f"study.factors.service.seats: service.seats {WHERE} {BOTH}"),
        ({"factors": {"more": LABELLED}}, (), f"study.factors.more: service.seats {WHERE} {BOTH}"),
        ({"design": {"kind": "points", "points": LABELLED}}, (), f"study.design.points: service.seats {WHERE} {BOTH}"),
    ],
)
def test_a_study_that_sets_what_can_act_at_none_of_its_points_is_refused(change, words, said):
    one = study_schema.load(STUDY | {"factors": {}} | change if "design" in change else STUDY | change)
    for look in (planned, check):
        with pytest.raises(ConfigError) as caught:
            look(one, parse(words))
        assert str(caught.value) == said


@pytest.mark.parametrize(
    "change",
    [
        {"factors": {"service.seats": [4, 5], "service.desk": ["rota", "own"]}},
        {"base": BASE | {"service.seats": 5}, "factors": {"service.desk": ["rota", "own"]}},
        {"base": BASE | {"roles.b_share": 0.4}},  # it acts under the second pilot
        {"base": BASE | {"service.seats": 3}},  # as where nothing is said
    ],
)
def test_a_study_may_set_what_acts_at_some_of_its_points(change):
    one = study_schema.load(STUDY | change)
    assert planned(one, parse(())).points
    check(one, parse(()))


@pytest.mark.parametrize("desks", [["own"], ["own", "rota"]])
def test_a_study_of_a_pilot_of_ones_own_that_sets_what_can_never_act_is_refused_with_the_file(mine, desks):
    root = mine("pilot/mine.yaml", "defaults:\n  - four_level\nservice: {seats: 5}\n") / "mine"
    factors = {"grid.households": [200, 300], "service.desk": desks}
    one, line = study_schema.load(STUDY | {"pilots": ["mine"], "factors": factors}), parse(["--config-dir", str(root)])
    if "rota" in desks:
        assert planned(one, line).points
        return
    with pytest.raises(ConfigError) as caught:
        planned(one, line)
    assert str(caught.value) == f"pilot/mine.yaml: service.seats {WHERE} mine"


def test_python_is_told_of_a_knob_that_cannot_act_as_the_command_line_is(mine):
    with pytest.raises(ConfigError) as caught:
        sim.pilot("four_level", {"service.seats": 5})
    assert str(caught.value) == f"service.seats {WHERE} four_level"
    assert sim.pilot("four_level", {"service.seats": 5, "service.desk": "rota"}).service.seats == 5
    root = mine("pilot/mine.yaml", "defaults:\n  - four_level\nservice: {seats: 5}\n") / "mine"
    with pytest.raises(ConfigError) as caught:
        sim.pilot("mine", config_dir=root, called="other")
    assert str(caught.value) == f"pilot/mine.yaml: service.seats {WHERE} other"
    with pytest.raises(ConfigError) as caught:
        sim.sweep(STUDY | {"factors": {"service.seats": [4, 5]}}, folder=root / "none", executor="serial")
    assert str(caught.value) == f"study.factors.service.seats: service.seats {WHERE} {BOTH}"


def test_a_told_knob_is_told_before_anything_runs(tmp_path):
    done = wangge(tmp_path, "compare", "pilots=[four_level,three_level]", "roles.b_share=0.5", "--cfg", "job", *TINY)
    assert done.stderr == (
        "Note: roles.b_share does not act under four_level: it does where roles.scheme is ab or generalist.\n"
    )


def test_a_condition_names_knobs_that_exist():
    for words, _ in CONDITIONS.values():
        for word in words.replace(",", " ").replace("(", " ").replace(")", " ").split():
            if word.count(".") and not word.startswith("scheme"):
                at = mapping()
                for key in word.partition("=")[0].rstrip(".").split("."):
                    assert key in at, word
                    at = at[key]
