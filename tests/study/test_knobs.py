"""Turning the knobs of the evidence: what is tried, what counts as moved, and what is a failure."""

from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from setups.commands import wangge
from setups.district import CONFIGS, TINY, tiny
from setups.evidence import ROWS

from sim.config.compose import Line
from sim.config.report import Response
from sim.errors import ConfigError
from sim.report.console import quiet
from sim.report.tables import escape_markdown
from sim.statistics.reasons import in_words
from sim.study.backend import backend
from sim.study.knobs import writing
from sim.study.knobs.outcomes import BASE, outcome
from sim.study.knobs.rows import read
from sim.study.knobs.run import outcome_of, shipped_settings, turn
from sim.study.knobs.trials import Trial, trials

PLAIN = {"path": "grid.patrol_hours", "unit": "hours", "low": 0.5, "base": 1, "high": 2, "confidence": "assumption",
         "source": "judgement"}  # fmt: skip
TRIPS, WAIT = Response("trips"), Response("counter_wait_mean")
RUN = ("knobs", *TINY, "executor=serial", "replications=2", "--config-dir", "mine")


def row(folder, **keys):
    """Return a row of the evidence, read from a file of one's own."""
    (folder / "evidence.yaml").write_text(yaml.safe_dump([{**PLAIN, **keys}]), encoding="utf-8")
    return read(folder)[0]


def turned(one, low=(), high=(), base=(1.0, 2.0, 3.0)):
    """Return the outcome of a row whose ends give these waits (shape (replications,))."""
    values = {BASE: base, "low": low, "high": high}
    trial = Trial(one, "four_level", None, dict.fromkeys((end for end in ("low", "high") if values[end]), None))

    def value(end, response):
        return np.array(values[end] if response == WAIT else base)

    return outcome(trial, [WAIT, TRIPS], value, 0.95, None)


def test_the_ends_are_the_range_or_half_and_double_or_the_other_of_two(tmp_path):
    assert row(tmp_path).ends == {"low": 0.5, "high": 2}
    assert row(tmp_path, low=None, high=None).ends == {"half": 0.5, "double": 2}
    assert row(tmp_path, low=1, high=1).ends == {"half": 0.5, "double": 2}
    assert row(tmp_path, path="staffing.street_heads", low=None, base=5, high=None).ends == {"half": 2, "double": 10}
    assert row(tmp_path, low=None, base=0, high=None).ends == {}
    assert row(tmp_path, low=None, base=True, high=None).ends == {"other": False}
    assert row(tmp_path, low=None, base="own", high=None).ends == {}
    assert row(tmp_path, low=None, base="own", high=None, other="rota").ends == {"other": "rota"}


def test_an_end_that_is_the_base_is_not_tried(tmp_path):
    assert row(tmp_path, low=1).ends == {"high": 2}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"moves": "none"}, r"why of grid.patrol_hours must say why it moves none, got nothing"),
        ({"moves": {"trips": "upwards"}}, r"moves of grid.patrol_hours must be none, or measures with up or down"),
        ({"in": "three_level"}, r"in of grid.patrol_hours must be a mapping of pilot and knobs, got three_level"),
        ({"why": 3}, r"why of grid.patrol_hours must be a text, got 3"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused(tmp_path, keys, said):
    with pytest.raises(ConfigError, match=said):
        row(tmp_path, **keys)


def test_a_measure_is_moved_where_an_interval_leaves_out_0_and_has_a_direction_from_low_to_high(tmp_path):
    done = turned(row(tmp_path), low=(3.0, 4.1, 4.9), high=(1.0, 2.0, 3.0))
    (change,) = done.moved
    assert (change.response, change.direction) == (WAIT, "down")
    assert change.ends["low"].family_size == 1  # the others do not vary
    assert turned(row(tmp_path), high=(3.0, 4.1, 4.9)).moved[0].direction == "up"
    assert turned(row(tmp_path), high=(0.0, 9.0, 1.0)).moved == ()


def test_a_measure_from_which_nothing_follows_at_an_end_is_not_compared_there(tmp_path):
    one = row(tmp_path, base=0.5, low=None, high=1, other=1)
    trial = Trial(one, "four_level", tiny("four_level"), {"low": tiny("four_level"), "high": tiny("four_level")})
    touched = {"k0_base": 0.0, "k0_low": 0.0, "k0_high": 0.2}
    waits = {"k0_base": (1.0, 2.0, 3.0), "k0_low": (3.0, 4.1, 4.9), "k0_high": (9.0, 10.0, 11.5)}

    def values(name, response):
        if response.measure == "touched_in_person":
            return np.full(3, touched[name])
        return np.array(waits[name] if response == WAIT else (0.0, 0.0, 0.0))

    runs = SimpleNamespace(values=values, observations=lambda name, response: np.full(3, 100.0), failures={})
    (change,) = (one for one in outcome_of(0, trial, [WAIT], runs, {}).changes if one.response == WAIT)
    assert list(change.ends) == ["low"]
    touched["k0_base"] = 0.2
    assert outcome_of(0, trial, [WAIT], runs, {}).changes == ()


def test_a_knob_that_does_otherwise_than_its_row_says_is_a_failure(tmp_path):
    up = {"high": (3.0, 4.1, 4.9)}
    still = {"high": (1.0, 2.0, 3.0)}
    says = {"counter_wait_mean": "up"}
    assert turned(row(tmp_path, moves=says), **up).failure == ""
    assert "counter_wait_mean up, but it does not move" in turned(row(tmp_path, moves=says), **still).failure
    other = turned(row(tmp_path, moves={"counter_wait_mean": "down"}), **up)
    assert other.failure == "its row says counter_wait_mean down, but it goes up"
    none = {"moves": "none", "why": "it is not used"}
    assert turned(row(tmp_path, **none), **still).failure == ""
    assert turned(row(tmp_path, **none), **up).failure == "its row says none, but it moves counter_wait_mean up"
    assert "neither what it moves nor why" in turned(row(tmp_path), **up).failure


def test_a_row_with_a_reason_alone_is_not_tried(tmp_path):
    one = row(tmp_path, why="a date")
    (trial,) = trials([one], shipped_settings(), Line(()))
    assert (one.tried, trial.ends, in_words(trial.why)) == (False, {}, "a date")


def test_a_knob_is_turned_in_the_design_that_its_row_names(tmp_path):
    one = row(tmp_path, **{"in": {"pilot": "three_level", "demand.tries": 2}})
    (trial,) = trials([one], shipped_settings(), Line(()))
    assert (trial.where, trial.base.structure.levels) == ("three_level, demand.tries=2", ("community", "district"))
    assert [pilot.grid.patrol_hours for pilot in (trial.base, *trial.ends.values())] == [1, 0.5, 2]
    assert {pilot.demand.tries for pilot in trial.ends.values()} == {2}


def test_an_end_that_the_config_refuses_is_left_out_and_named(tmp_path):
    one = row(tmp_path, path="demand.return_share", low=None, base=0.7, high=None)
    (trial,) = trials([one], shipped_settings(), Line(()))
    assert list(trial.ends) == ["half"]
    assert in_words(trial.why) == "double is refused: demand.return_share must be at most 1, got 1.4"


def test_a_row_of_another_district_is_not_tried_and_no_failure(tmp_path):
    one = row(tmp_path, base=1.5, moves={"trips": "up"})
    (trial,) = trials([one], shipped_settings(), Line(()))
    assert in_words(trial.why) == "its base is 1.5, but this design has 1"
    assert outcome(trial, [], dict.get, 0.95, None).failure == ""


def test_what_is_found_is_added_to_rows_that_say_nothing_and_nothing_else_changes():
    text = (
        "# a comment\n- {path: a.b, unit: x,\n   source: 'say: {this}'}\n\n# more\n- path: c\n- {path: d, why: told}\n"
    )
    moves = {"trips": "up", "hours|level:street": "down"}
    found = {("a.b", ()): {"moves": moves}, ("c", ()): {"moves": {"walk": "up"}}, ("d", ()): {"why": "no"}}
    fresh, n = writing.with_keys(text, found)
    assert n == 2
    assert fresh == (
        "# a comment\n- {path: a.b, unit: x,\n   source: 'say: {this}',\n"
        "   moves: {trips: up, 'hours|level:street': down}}\n\n"
        "# more\n- path: c\n  moves: {walk: up}\n- {path: d, why: told}\n"
    )


def test_the_command_names_failures_keeps_a_table_and_writes_what_it_found(tmp_path):
    (tmp_path / "mine" / "demand").mkdir(parents=True)
    (tmp_path / "mine" / "demand" / "mine.yaml").write_text("defaults: [base, _self_]\n")
    path = tmp_path / "mine" / "evidence.yaml"
    walk = {**PLAIN, "path": "district.detour_factor", "low": 1.1, "base": 1.3, "high": 1.6}
    path.write_text(yaml.safe_dump([walk, {**PLAIN, "path": "mid.turnaround", "low": 0.2, "base": 0.5, "high": 1}]))
    only = "only=[district.detour_factor,mid.turnaround]"
    shipped = (CONFIGS / "evidence.yaml").read_bytes()
    done = wangge(tmp_path, *RUN, only, "--write")
    assert (CONFIGS / "evidence.yaml").read_bytes() == shipped
    assert done.returncode == 1, done.stderr
    assert "2 knobs turned, of which 1 move a measure and 1 none" in done.stdout
    assert "- mid.turnaround: its row says neither what it moves nor why not" in done.stdout
    first, second = yaml.safe_load(path.read_text())
    assert first["moves"]["walk"] == "up"
    assert "moves" not in second
    assert "walk | up" in (tmp_path / "results/knobs/knobs.md").read_text()
    path.write_text(yaml.safe_dump([first, {**second, "moves": "none", "why": "says how results are judged"}]))
    again = wangge(tmp_path, *RUN, only)
    assert (again.returncode, again.stderr) == (0, "")
    assert "0 failures" in again.stdout


def test_a_path_that_the_evidence_lacks_is_refused(tmp_path):
    done = wangge(tmp_path, "knobs", "only=[grid.patrol_hour]")
    assert done.returncode == 2
    assert "only must name paths of evidence.yaml" in done.stderr


def test_the_shipped_rows_that_say_what_they_move_can_be_read():
    assert len(read(None)) == len(ROWS)


def test_every_shipped_row_says_what_it_moves_or_why_not():
    assert [one.name for one in read(None) if one.moves is None and not one.why] == []


@pytest.mark.long
def test_a_sample_of_shipped_rows_moves_what_they_say_and_what_the_page_shows(tmp_path):
    sample = [one for one in read(None) if one.moves is not None][::20]
    settings = shipped_settings()
    where = backend({"kind": "compiled"}, {"kind": "serial"})
    done = turn(trials(sample, settings, Line(())), settings, tmp_path / "results" / "knobs", where, quiet())
    assert done.failures == {}
    shown = (CONFIGS.parent / "docs" / "knobs.md").read_text(encoding="utf-8")
    for one in done.outcomes:
        for cells in writing.lines(one):
            assert f"| {' | '.join(map(escape_markdown, cells))} |" in shown
