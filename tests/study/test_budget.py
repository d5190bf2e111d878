"""Replications that a study spends until it is precise, on a choice, and on its warm-up, as a user asks for them."""

import re

import numpy as np
import polars as pl
import pytest
from setups.studies import BASE, table, write

PATROLS = {**BASE, "grid.patrol_duty_share": 1}


def test_a_study_runs_until_its_half_widths_are_met_and_not_beyond(sweep, tmp_path):
    precision = {"replications": 2, "until": {"patrols_done": {"half_width": 0.1}}, "most": 12}
    write(tmp_path, base=PATROLS, responses=["patrols_done"], precision=precision)
    told = sweep()
    reached = table("precision")
    assert reached.columns == ["point", "label", "response", "n", "mean", "half_width", "target", "met", "why"]
    counts = dict(table("design").select("point", "replications").iter_rows())
    for row in reached.iter_rows(named=True):
        assert row["n"] == counts[row["point"]]
        assert row["met"] == (row["half_width"] <= 0.1)
        assert row["met"] or row["n"] == 12
    missed = reached.filter(~pl.col("met"))["point"].to_list()
    assert ("All 2 points are as precise as wanted" in told) == (not missed)
    summary = table("summary")
    mean, low, high = (summary[f"patrols_done{end}"] for end in ("", "_low", "_high"))
    half = np.fmax(high - mean, mean - low)
    assert half.to_list() == pytest.approx(reached["half_width"].to_list())
    assert "Nothing was simulated" in sweep()


def test_points_that_are_not_precise_when_the_most_or_the_budget_is_spent_are_named(sweep, tmp_path):
    precision = {"replications": 2, "until": {"patrols_done": {"share": 1e-6}}, "most": 3}
    write(tmp_path, base=PATROLS, precision=precision)
    told = sweep()
    why = "(the values are too skewed|the most replications)"
    assert re.search(rf"2 of 2 points are not as precise as wanted \({why}.*\): p0000, p0001", told)
    assert table("design")["replications"].to_list() == [3, 3]
    told = sweep("study.precision.most=50", "study.precision.budget=8")
    assert "the budget is spent" in told
    assert table("design")["replications"].sum() <= 8


def test_a_budget_that_is_no_first_round_is_refused_before_a_folder_is_begun(sweep, tmp_path):
    write(tmp_path, precision={"replications": 3, "until": {"patrols_done": {"half_width": 1.0}}, "budget": 5})
    assert "study.precision.budget must be at least 6, for 3 replications of each of 2 points, got 5" in sweep(status=2)
    assert not (tmp_path / "results/mine").exists()


def test_a_paired_difference_is_run_at_both_its_ends(sweep, tmp_path):
    until = {"patrols_done": {"difference": 0.05}}
    precision = {"replications": 2, "until": until, "most": 10}
    write(tmp_path, base=PATROLS, baseline={"grid.households": 200}, responses=["patrols_done"], precision=precision)
    sweep()
    (row,) = table("precision").iter_rows(named=True)
    assert row["point"] == "p0001"
    assert len(set(table("design")["replications"])) == 1
    effect = table("effects").filter(pl.col("response") == "patrols_done")
    assert row["mean"] == pytest.approx(effect["difference"][0])
    low, mean, high = (effect[name][0] for name in ("low", "difference", "high"))
    assert row["half_width"] == pytest.approx(max(high - mean, mean - low))


def test_the_best_and_the_cheapest_are_chosen_with_their_guarantee(sweep, tmp_path):
    write(
        tmp_path,
        base=PATROLS,
        factors={"staffing.community_heads": [14, 16, 18]},
        responses=["patrols_done", "on_time"],
        promises={"patrols_done": {"at_least": 0.1, "tolerance": 0.2}},
        precision={"replications": 2},
        choose={"cheapest": True, "best": {"response": "patrols_done", "smaller_is_better": False, "zone": 0.2},
                "first": 5, "most": 20},
    )  # fmt: skip
    told = sweep()
    assert "The search for the fewest heads that keep every promise chose staffing.community_heads=14 (p0000)." in told
    assert "No point that was tried has fewer; fewer may do." in told
    assert "That is right with at least 95% confidence." in told
    numbers = table("choice").group_by("point").agg(pl.col("replications").max())["replications"]
    mark = (
        "A search chose by the values" if numbers.n_unique() > 1 else "The mean of what a search chose is likely to be"
    )
    assert mark in (tmp_path / "results/mine/summary.md").read_text()
    choice = table("choice")
    assert choice.columns == ["asked", "point", "label", "verdict", "replications", "chosen"]
    cheapest = choice.filter(pl.col("asked").str.contains("fewest heads"))
    assert cheapest["chosen"].to_list() == [True, False, False]
    assert cheapest["verdict"][0] == "keeps every promise"
    assert choice.filter(pl.col("asked").str.contains("greatest patrols done"))["chosen"].sum() == 1
    fresh = table("fresh")
    assert set(fresh["seed"]) == {2}
    assert set(fresh["n"]) == {20}
    best = fresh.filter(pl.col("asked").str.contains("greatest patrols done"))
    assert best["reason"].to_list() == ["no worse than the next best, beyond the zone", "promise"]
    assert best["holds"].to_list() == [True, True]
    assert re.search(
        r"20 fresh replications of p000\d \(seed 2\), which the search has not seen, confirm the choice: .* points \(",
        (tmp_path / "results/mine/summary.md").read_text(),
    )
    searched = table("measures").filter((pl.col("measure") == "patrols_done") & (pl.col("point") == best["point"][0]))
    assert best["estimate"][1] != pytest.approx(searched["value"].mean(), rel=1e-6)
    assert (tmp_path / "results/mine/charts/pareto_patrols_done.svg").exists()
    assert (tmp_path / "results/mine/charts/pareto_on_time.svg").exists()
    assert (tmp_path / "results/mine/charts/ranking_patrols_done.svg").exists()


def test_a_point_whose_staff_cannot_keep_up_is_not_chosen(sweep, tmp_path):
    write(
        tmp_path,
        base={**BASE, "conduct": "due_first", "district.work.from_above_hours": 20000, "run.withhold_share": 0.001},
        responses=["on_time"],
        promises={"on_time": {"at_least": 0.1, "tolerance": 0.05}},
        choose={"cheapest": True, "first": 2, "most": 4},
    )
    told = sweep()
    touched = table("measures").filter(measure="touched", group="all").group_by("point").agg(pl.col("value").mean())
    assert touched["value"].min() > 0.001
    assert "no point could be judged" in told
    assert table("choice")["verdict"].to_list() == ["withheld", "withheld"]


def test_what_no_point_promises_is_chosen_nowhere(sweep, tmp_path):
    write(
        tmp_path,
        base=PATROLS,
        promises={"patrols_done": {"at_least": 2.0, "tolerance": 0.5}},
        choose={"cheapest": True, "first": 5, "most": 8},
    )
    told = sweep()
    assert "The search for the fewest heads that keep every promise chose none: no point keeps every promise." in told
    assert "There is no guarantee: the search ended at the maximum" in told
    assert not table("choice")["chosen"].any()


def test_the_warm_up_is_chosen_on_a_pilot_run_and_shown(sweep, tmp_path):
    write(tmp_path, warm_up={"weeks": 20, "replications": 2, "least": 2})
    told = sweep()
    chosen = int(re.search(r"chose (\d+) weeks of warm-up", told)[1])
    assert chosen == max(2, table("warm_up")["chosen"].max() or 0)
    assert table("warm_up").columns == ["series", "week", "mean", "chosen"]
    assert table("warm_up")["week"].n_unique() == 20
    assert (tmp_path / "results/mine/charts/warm_up.svg").exists()
    assert f"after {chosen} of warm-up" in (tmp_path / "results/mine/summary.md").read_text(encoding="utf-8")
    assert "Nothing was simulated" in sweep()
