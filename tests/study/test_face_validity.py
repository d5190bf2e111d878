import re

import numpy as np
import polars as pl
import pytest
from setups.district import CONFIGS, PILOTS, pilot, place_of, tiny

from sim.config.compose import own_folder
from sim.district import engines
from sim.engine.record import Outcome
from sim.errors import ConfigError
from sim.measures.dictionary import DEFINITIONS
from sim.study import replication
from sim.study.comparison import face_tables, face_validity
from sim.study.design import prepared, prepared_all

TARGETS = face_validity.shipped_targets()
OF_ARITHMETIC = {"walk", "touch", "finished_at", "last_level"}
OWN_MEASURES = OF_ARITHMETIC | {"turnaround_spread", "hours_a_day", "seen_by_staff", "patrol_yield"}

ONE = {
    "label": "wait", "measure": "counter_wait_mean", "group": "all", "unit": "minutes", "low": 1.0, "high": 2.0,
    "seen": "1.5", "source": "a hall", "pilot": "four_level", "why": "for a reason",
}  # fmt: skip


def target(**changes):
    return face_validity.targets({"targets": [ONE | changes]})[0]


OF_OURS = """
district: Lanterns
targets:
  - {label: wait, measure: counter_wait_mean, group: all, unit: minutes, low: 1, high: 2, seen: "1.5", source: a hall,
     pilot: today, why: ""}
"""


def of_lanterns(folder):
    """Write a district and a pilot, and a file that is broken, into a folder of one's own."""
    for path, text in {"district/town": "name: Lanterns\n", "pilot/today": "name: today\n", "pilot/no": "[x"}.items():
        file = folder / f"{path}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("district: Lanterns", "district: Lantern",
         "face.district must be one of Lanterns, Yuehu (did you mean Lanterns?), got Lantern"),
        ("district: Lanterns", "", "face.district must be one of Lanterns, Yuehu, got nothing"),
        ("counter_wait_mean", "counter_wait_men",
         "face.targets.0.measure must be a measure (did you mean counter_wait_mean or "),
        ("pilot: today", "pilot: tody", "(did you mean today?), got tody"),
    ],
)  # fmt: skip
def test_a_name_that_there_is_none_of_is_told_before_anything_runs(tmp_path, right, wrong, expected):
    of_lanterns(tmp_path)
    (tmp_path / "face.yaml").write_text(OF_OURS.replace(right, wrong))
    for district in ("Lanterns", "Yuehu"):
        with pytest.raises(ConfigError) as caught:
            face_validity.targets_of(district, tmp_path)
        assert expected in str(caught.value)
        assert "\n" not in str(caught.value)


def test_every_measure_that_is_made_here_is_known():
    assert set(face_validity.computed(prepared(pilot("four_level")))["measure"]) <= set(face_validity.ADDED)
    assert {one.measure for one in TARGETS} <= {*DEFINITIONS, *face_validity.ADDED}


def test_a_folder_of_ones_own_has_the_figures_of_its_district(tmp_path):
    assert face_validity.targets_of("Yuehu") == TARGETS
    assert face_validity.targets_of("Lanterns") == ()
    assert face_validity.targets_of("Lanterns", tmp_path) == ()
    of_lanterns(tmp_path)
    (tmp_path / "face.yaml").write_text(OF_OURS)
    assert [target.pilot for target in face_validity.targets_of("Lanterns", tmp_path)] == ["today"]
    assert face_validity.targets_of("Yuehu", tmp_path) == TARGETS
    assert own_folder(str(tmp_path)) == tmp_path  # it may hold a file of this name
    (tmp_path / "face.yaml").write_text(OF_OURS.replace("low: 1,", "low: 3,"))
    with pytest.raises(ConfigError, match=re.escape("face.targets.0.high must be above low (3), got 2")):
        face_validity.targets_of("Lanterns", tmp_path)


def measures(*rows, name="four_level"):
    columns = {"pilot": name, "replication": 0, "measure": "counter_wait_mean", "group": "all", "value": 1.5}
    return pl.DataFrame([columns | row for row in rows])


def judged(frame, *chosen, **options):
    return face_validity.judged(frame, [prepared(pilot())], chosen, **options).spoken()


@pytest.mark.parametrize(
    ("low", "high", "value", "verdict"),
    [
        (1.0, 2.0, 1.0, "within"),
        (1.0, 2.0, 2.0, "within"),
        (1.0, 2.0, 2.01, "outside"),
        (1.0, 2.0, 0.99, "outside"),
        (1.0, None, 1e9, "within"),
        (None, 2.0, -1.0, "within"),
        (None, 2.0, 3.0, "outside"),
        (None, None, 3.0, "–"),
        (1.0, 2.0, np.nan, "–"),
    ],
)
def test_a_value_is_within_its_range_with_both_ends_or_outside(low, high, value, verdict):
    assert target(low=low, high=high).verdict(value) == verdict


def test_a_range_that_does_not_rise_and_a_label_that_comes_twice_are_refused():
    with pytest.raises(ConfigError, match=re.escape("face.targets.0.high must be above low (1), got 1")):
        target(high=1.0)
    with pytest.raises(ConfigError, match="targets must have labels of their own, got wait twice"):
        face_validity.targets({"targets": [ONE, ONE]})
    with pytest.raises(ConfigError, match=re.escape("face.targets.0.wy is not a known key")):
        target(wy="")


def test_a_target_is_judged_by_the_mean_over_replications_with_its_interval():
    frame = measures({"value": 1.7}, {"replication": 1, "value": 2.1}, {"replication": 2, "value": 2.5})
    row = judged(frame, target()).row(0, named=True)
    assert row["value"] == pytest.approx(2.1)
    assert row["half_width"] == pytest.approx(4.302653 * np.std([1.7, 2.1, 2.5], ddof=1) / 3**0.5, rel=1e-5)
    assert (row["verdict"], row["why"], row["range"]) == ("outside", "for a reason", "1 to 2")


def test_what_must_be_known_is_told_of_a_target_within_its_range_too():
    row = judged(measures({}), target(why="whoever left is not counted")).row(0, named=True)
    assert (row["verdict"], row["why"]) == ("within", "whoever left is not counted")


def test_a_verdict_whose_interval_crosses_a_bound_is_marked():
    frame = measures(*({"replication": r, "value": value} for r, value in enumerate((0.5, 1.6, 1.2))))
    shown = face_tables.table(judged(frame, target(low=1.0, high=2.0)))
    assert shown.rows[0][-1] == "within?"
    assert "1 of them not surely" in shown.notes[0]


def test_a_target_is_judged_under_no_other_pilot_than_its_own():
    frame = measures({"value": 9.0})
    row = judged(frame, target(pilot="three_level")).row(0, named=True)
    assert (row["value"], row["verdict"], row["own"]) == (9.0, "–", False)
    assert len(judged(frame, target(pilot="three_level"), own=True)) == 0


def test_the_order_of_two_groups_is_the_difference_of_their_measure():
    frame = measures({"group": "a", "value": 3.0}, {"group": "b", "value": 1.75})
    row = judged(frame, target(group="a", less="b")).row(0, named=True)
    assert (row["value"], row["verdict"]) == (1.25, "within")


def test_a_target_of_whose_measure_a_study_knows_nothing_is_left_out():
    assert len(judged(measures({}), target(measure="patrol_yield"))) == 0


def test_the_spread_of_close_times_is_the_sigma_of_the_lognormal_law_with_these_quantiles():
    sigma, median = 1.1, 3.0
    ninety = median * np.exp(sigma * 1.2815515655446004)
    frame = measures(
        {"measure": "turnaround_p50_served", "group": "archetype:T12", "value": median},
        {"measure": "turnaround_p90_served", "group": "archetype:T12", "value": float(ninety)},
    )
    row = judged(frame, target(measure="turnaround_spread", group="archetype:T12")).row(0, named=True)
    assert row["value"] == pytest.approx(sigma)


def test_the_issues_seen_by_staff_are_a_share_of_those_found():
    frame = measures({"measure": "found", "value": 0.8}, {"measure": "found_by_staff", "value": 0.2})
    assert judged(frame, target(measure="seen_by_staff")).row(0, named=True)["value"] == pytest.approx(0.25)


def test_the_hours_of_a_day_are_the_office_day_and_the_overtime_of_a_day_present():
    # 30 hours on duty a week are four days of 7.5; 1.2 hours of overtime are 0.3 a day
    frame = measures(
        {"measure": "overtime", "group": "level:community", "value": 1.2},
        {"measure": "hours", "group": "level:community|kind:on_duty", "value": 30.0},
    )
    row = judged(frame, target(measure="hours_a_day", group="level:community")).row(0, named=True)
    assert row["value"] == pytest.approx(7.8)


def test_arithmetic_tells_walks_touch_times_and_routes_as_worked_out_by_hand():
    frame = face_validity.computed(prepared(pilot()))
    told = {(m, g): v for m, g, v in frame.select("measure", "group", "value").iter_rows()}
    weights = sum(a.counter_share for a in pilot().procedures.archetypes.values())
    assert weights == pytest.approx(0.91)
    minutes = 0.3 * 5 + 0.18 * 8 + 0.13 * 12 + 0.08 * 6 + 0.05 * 15 + 0.07 * 12 + 0.04 * 10
    minutes += 0.015 * 30 + 0.01 * 20 + 0.005 * 30 + 0.03 * 15
    assert told["touch", "front"] == pytest.approx(minutes / weights)
    stays = 0.3 + 0.18 * 0.8 + 0.03 * 0.5 * 0.8
    assert told["finished_at", "level:community"] == pytest.approx(stays / weights)
    t11, t12, t13 = 0.08 * 0.15, 0.15 * 4 / 9, 0.15 * 5 / 9
    street = t13 + t11 * 0.8 * 0.5
    assert told["last_level", "level:street"] == pytest.approx(street / (t11 + t12 + t13))
    assert told["last_level", "level:utility"] == pytest.approx(t12 / (t11 + t12 + t13))
    where = place_of()
    assert told["walk", "level:community"] == pytest.approx(where.distance(where.community).mean() / 4.5 * 60)
    assert ("walk", "level:street") not in {
        (m, g) for m, g in face_validity.computed(prepared(pilot("three_level"))).select("measure", "group").iter_rows()
    }


def test_what_staff_see_in_an_hour_of_patrol_is_what_the_record_says():
    small = tiny("four_level", "grid.patrol_duty_share=1", "district.work.from_above_hours=1000")
    rows = face_validity.simulated([small], 1)
    told = {m: (v, n) for m, g, v, n in rows.select("measure", "group", "value", "n").iter_rows() if g == "all"}
    plan = replication.prepare(small, 0)
    (record,) = engines.records(plan, engines.Compiled())
    first, week = record.case.network.requests.first, 7 * 24 * 3_600_000
    seen = 0
    for r in np.flatnonzero(plan.demand.channel == 2).tolist():
        for i in range(first[r], first[r + 1]):
            ended = record.visits.end[i]
            if record.case.network.steps.awaits[i] >= 0 and week <= ended < 2 * week:
                seen += record.visits.outcome[i] == Outcome.SERVED
    assert seen > 0
    assert told["patrol_yield"][1] == seen
    hours = rows.filter(pl.col("group") == "level:community|kind:patrols").row(0, named=True)
    assert told["patrol_yield"][0] == pytest.approx(seen / (hours["value"] * hours["n"]))


def test_only_pilots_with_a_target_are_run_and_each_is_told_of():
    done = []
    found = face_validity.validity(
        [tiny(), tiny("three_level")],
        [target(), target(label="walk", measure="walk", group="level:community")],
        2,
        on_done=lambda design, n: done.append((design.name, n)),
    ).spoken()
    assert done == [("four_level", 0), ("four_level", 1)]
    assert found["label"].to_list() == ["wait", "walk"]
    assert found["pilot"].unique().to_list() == ["four_level"]
    text = face_tables.table(found).to_markdown()
    assert "Face validity" in text
    assert all(verdict in text for verdict in found["verdict"])


def test_every_target_is_of_a_shipped_pilot_and_a_known_measure_and_none_is_an_input():
    evidence = (CONFIGS / "evidence.yaml").read_text(encoding="utf-8")
    for one in TARGETS:
        assert one.pilot in PILOTS, one.label
        assert one.measure in DEFINITIONS or one.measure in OWN_MEASURES, one.label
        assert f"path: {one.measure}" not in evidence, one.label


def test_every_target_that_the_shipped_pilots_miss_says_why():
    short = ("run.warm_up_weeks=9", "run.measured_weeks=8", "run.drain_weeks=9")
    pilots = [pilot(name, *short) for name in ("four_level", "three_level")]
    found = face_validity.validity(pilots, TARGETS, 1).spoken()
    assert set(found["label"]) == {one.label for one in TARGETS}
    silent = found.filter((pl.col("verdict") == "outside") & (pl.col("why") == ""))
    assert silent["label"].to_list() == []
    assert set(found["verdict"]) == {"within", "outside"}  # all are judged


def test_a_comparison_shows_every_pilot_and_judges_each_target_once():
    frame = measures({"measure": "on_time", "value": 0.5}, {"measure": "on_time", "value": 0.9, "pilot": "three_level"})
    designs = prepared_all([pilot(), pilot("three_level")])
    values = face_validity.judged(frame, designs.values(), TARGETS).spoken()
    text = face_tables.compared_table(values, list(designs)).to_markdown()
    assert "0.50 outside" in text
    assert "0.90" in text
    assert "0.90 within" not in text
    assert "Within the limit: who leaves unserved counts as late" in text


def test_the_shipped_targets_are_of_one_district_and_shown_for_no_other():
    assert face_validity.targets_of(pilot().district.name) == face_validity.shipped_targets() == TARGETS
    assert face_validity.targets_of("Lanterns") == ()
