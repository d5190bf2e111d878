import re

import pytest
import yaml
from setups.commands import refused, wangge

import sim
from sim.config.checking import NAME
from sim.config.compose import Line, compose
from sim.config.differing import called_by_what_differs


def called(pilot, *overrides, config_dir=None):
    """Return the name and the title of a design."""
    line = Line(overrides, config_dir)
    plain = called_by_what_differs(compose("main", line, f"pilot={pilot}"), pilot, line)
    return plain["name"], plain["title"]


@pytest.mark.parametrize(
    ("pilot", "overrides", "name"),
    [
        ("four_level", ["structure=three_level"], "four_level_structure_three_level"),
        ("four_level", ["structure=three_level", "staffing=all_down"], "four_level_structure_staffing"),
        ("three_level_better", ["grid.patrol_duty_share=0"], "three_level_better_patrol_duty_share_0"),
        ("three_level", ["structure.performs.street.justice=community"], "three_level_justice_community"),
        ("four_level_lines", ["roles.cover=colleague"], "four_level_lines_roles_cover_colleague"),
    ],
)
def test_a_design_with_other_parts_than_its_pilot_is_called_by_what_differs(pilot, overrides, name):
    assert called(pilot, *overrides, "grid.households=300", "run=quick") == (name, f"{pilot}: {' '.join(overrides)}")


@pytest.mark.parametrize(
    ("pilot", "overrides"),
    [
        ("four_level", ["structure=four_level", "structure.communities=20"]),
        ("three_level", ["grid.patrol_duty_share=1", "structure.levels=[community,district]"]),
        ("three_level", ["grid.households=300", "service.desk=rota", "conduct=due_first", "run=quick"]),
    ],
)
def test_a_design_with_the_parts_of_its_pilot_keeps_its_name_whatever_knobs_are_turned(pilot, overrides):
    assert called(pilot, *overrides) == called(pilot)
    assert called(pilot)[0] == pilot


def test_a_name_has_room_whatever_differs_and_a_title_that_is_typed_stays():
    many = [
        "structure=four_level",
        "staffing=four_level",
        "roles=lines",
        "service=per_line",
        "grid.patrol_duty_share=0",
    ]
    name, _ = called("three_level_enforcement_below", *many)
    assert name == "three_level_enforcement_below_otherwise"
    assert re.fullmatch(NAME, name)
    assert called("four_level", "structure=three_level", "title=Mine")[1] == "Mine"


def test_the_command_line_and_python_name_a_design_alike(tmp_path):
    knobs = {"structure": "three_level", "staffing": "all_down"}
    done = wangge(tmp_path, "run", *(f"{key}={value}" for key, value in knobs.items()), "--cfg", "job")
    (typed,) = yaml.safe_load(done.stdout)["pilots"].values()
    design = sim.pilot("four_level", knobs)
    assert (typed["name"], typed["title"]) == (design.name, design.title)
    assert (design.name, design.title) == (
        "four_level_structure_staffing",
        "four_level: structure=three_level staffing=all_down",
    )
    assert sim.pilot("four_level", knobs, called="mine").name == "mine"


def test_what_a_pilot_of_ones_own_names_counts_as_well(tmp_path):
    (tmp_path / "pilot").mkdir()
    head = "# @package _global_\ndefaults: [three_level, override /roles: lines]\n"
    text = f"{head}name: own\ntitle: own\nservice: {{desk: rota}}\n"
    (tmp_path / "pilot/own.yaml").write_text(text)
    assert called("own", "roles=lines", config_dir=tmp_path)[0] == "own"
    assert called("own", "roles=ab", "service.desk=own", config_dir=tmp_path)[0] == "own_roles_ab_service_desk_own"


def test_two_designs_never_come_to_one_name(tmp_path):
    (tmp_path / "mine/pilot").mkdir(parents=True)
    name = "four_level_structure_four_level"
    text = f"# @package _global_\ndefaults: [four_level]\nname: {name}\ntitle: own\n"
    (tmp_path / f"mine/pilot/{name}.yaml").write_text(text)
    words = ("compare", "--config-dir", "mine", f"pilots=[three_level,{name}]", "structure=four_level")
    assert "pilots must be" not in wangge(tmp_path, *words, "--cfg", "job").stderr
    (tmp_path / "mine/pilot/four_level_roles_ab.yaml").write_text(
        "# @package _global_\ndefaults: [four_level, override /roles: ab]\nname: four_level_roles_ab\ntitle: own\n"
    )
    said = refused(tmp_path, "compare", "--config-dir", "mine", "pilots=[four_level,four_level_roles_ab]", "roles=ab")
    assert "pilots must be different ones, got four_level_roles_ab, four_level_roles_ab" in said
