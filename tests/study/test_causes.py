"""What an effect comes from: mixtures of causes, their contributions, and what is said of them."""

import math

import numpy as np
import polars as pl
import pytest
import yaml
from setups.commands import refused, wangge
from setups.district import TINY, composed
from setups.studies import DRAINED

from sim import config
from sim.config.compose import Line, values
from sim.config.report import Response
from sim.errors import ConfigError
from sim.study.causes import definition, writing
from sim.study.causes.contributions import explained
from sim.study.causes.writing import Weeks

WAIT, LOST = Response("counter_wait_mean"), Response("left_unserved")
WORDS = {WAIT: "wait", LOST: "lost"}
WEEKS = Weeks(warm_up=5, measured=5, over=None, overloaded=0)
SMALL = {
    "title": "Why they wait", "pilot": "four_level", "base": {"run": "quick"}, "replications": 2,
    "responses": ["counter_wait_mean", "left_unserved"],
    "causes": {
        "demand": {"label": "requests", "without": {"demand.counter_per_resident_year": 0.2}},
        "absence": {"label": "absence", "without": {"staffing.absence.share": 0.1}},
    },
}  # fmt: skip


def causes(**changes):
    return config.checked(definition.Causes, {**SMALL, **changes}, "explain")


def found(sizes, noise=0.0, responses=(WAIT,)):
    """Return contributions of causes that simply add up, over four replications."""

    def values_of(_, at_work):
        luck = np.array([1.0, 2.0, 4.0, 8.0])
        return luck + sum(sizes[i] + noise * (luck - luck.mean()) for i in at_work)

    return explained(values_of, responses, len(sizes), 0.95)


LUCK = 1e-6 * np.array([-1.0, 0.0, 1.0])


def test_causes_that_add_up_contribute_what_each_adds_and_nothing_scatters():
    (one,) = found([3.0, -1.0])
    assert [share.estimate for share in one.shares] == pytest.approx([3, -1])
    assert all(share.same and math.isnan(share.low) for share in one.shares)
    assert one.with_all - one.without == pytest.approx(2)
    assert one.first == pytest.approx([3, -1])
    assert one.last == pytest.approx([3, -1])
    assert one.confirmed == (False, False)  # what never varies does not show how it varies
    assert "not confirmed: requests" in writing.sentence(causes(), one, "wait", WEEKS)


def test_intervals_hold_together_over_causes_and_responses():
    one, other = found([3.0, -1.0], noise=0.1, responses=(WAIT, LOST))
    assert {share.family_size for share in (*one.shares, *other.shares)} == {4}
    assert {share.n for share in one.shares} == {4}


def test_a_cause_that_a_run_does_not_confirm_is_not_named_as_one():
    (one,) = found([30.0, -0.01], noise=1.0)
    assert one.confirmed == (True, False)
    said = writing.sentence(causes(), one, "wait", WEEKS)
    assert "raised by requests" in said
    assert "lowered by" not in said
    assert "not confirmed: absence" in said
    assert writing.seen(causes(), [one], WORDS).startswith("Wait: the most is done by “requests”")
    (none,) = found([0.01, -0.01], noise=1.0)
    assert writing.seen(causes(), [none], WORDS) == "Wait: no cause is confirmed"


def test_a_contribution_that_turns_round_over_more_weeks_is_not_confirmed():
    def over(sizes):
        return lambda _, at_work: sum(sizes[i] for i in at_work) + (1 + len(at_work)) * LUCK

    values = over([3.0, -1.0])
    (one,) = explained(values, [WAIT], 2, 0.95, over([9.0, 0.5]))
    assert one.longer == pytest.approx(np.array([9 + LUCK, 0.5 + LUCK]))
    assert one.confirmed == (True, False)
    weeks = Weeks(warm_up=5, measured=5, over=definition.Longer(times=3, replications=2), overloaded=2)
    said = writing.sentence(causes(), one, "wait", weeks)
    assert said.startswith("wait over 5 weeks: ")
    assert "not confirmed: absence" in said
    assert said.count("absence") == 1
    page = writing.page(causes(), [one], WORDS, [said], weeks, 0.95)
    assert "In 2 of the 4 mixtures staff cannot keep up" in page
    assert "over 15 measured weeks too (2 replications)" in page
    assert "over 15 weeks +9" in page


def test_a_contribution_that_what_is_still_open_could_undo_is_not_confirmed():
    def values(_, at_work):
        return sum([3.0, -1.0][i] for i in at_work) + len(at_work) * LUCK

    (one,) = explained(values, [WAIT], 2, 0.95, slack=lambda _: 0.6)
    assert one.open_bound == pytest.approx(1.2)
    assert one.confirmed == (True, False)
    page = writing.page(causes(), [one], WORDS, ["x"], WEEKS, 0.95)
    assert "can move contributions to wait by at most 2 minutes" in page


def test_a_longer_run_has_the_same_design_but_for_its_weeks():
    pilot = definition.designs(causes(), Line(()))[frozenset()]
    longer = definition.lengthened(pilot, 3)
    assert longer.run.measured_weeks == 3 * pilot.run.measured_weeks
    assert longer.model_dump(exclude={"run"}) == pilot.model_dump(exclude={"run"})


def test_a_mixture_without_a_value_withholds_all_contributions():
    (one,) = explained(lambda _, at_work: np.full(3, math.nan if len(at_work) == 1 else 1.0), [WAIT], 2, 0.95)
    assert all(math.isnan(share.low) for share in one.shares)
    assert one.confirmed == (False, False)
    assert "withheld" in writing.sentence(causes(), one, "wait", WEEKS)


def test_every_set_of_causes_is_a_design_with_the_pilot_s_own_values_where_they_are_at_work():
    sets = definition.designs(causes(), Line(()))
    assert len(sets) == 4
    read = {
        at_work: (pilot.demand.counter_per_resident_year, pilot.staffing.absence.share)
        for at_work, pilot in sets.items()
    }
    own = composed("four_level")["demand"]["counter_per_resident_year"]
    assert read[frozenset()] == (0.2, 0.1)
    assert read[frozenset({0})] == (own, 0.1)
    assert read[frozenset({1})] == (0.2, 0.2)
    assert definition.name_of(causes(), frozenset({0, 1})) == "demand+absence"


def test_a_cause_may_choose_files_of_configs():
    mine = {"structure": {"label": "three levels", "at_work": {"structure": "three_level", "staffing": "all_up"}}}
    sets = definition.designs(causes(causes=mine), Line(()))
    assert sets[frozenset({0})].structure.levels == ("community", "district")
    assert sets[frozenset()].structure.levels == ("community", "street", "district")


@pytest.mark.parametrize(
    ("mine", "said"),
    [
        ({"a": {"label": "a"}}, "must have knobs in at_work or in without, got none"),
        ({"a": {"label": "a", "without": {"grid": "x"}}, "b": {"label": "b", "without": {"grid.patrol_hours": 1}}},
         "must set each knob once, got grid in a and b"),
    ],
)  # fmt: skip
def test_causes_that_cannot_be_told_apart_are_refused(mine, said):
    with pytest.raises(ConfigError, match=said):
        causes(causes=mine)


def test_a_cause_that_changes_nothing_is_refused():
    mine = {"a": {"label": "a", "without": {"staffing.absence.share": 0.2}}}
    with pytest.raises(ConfigError, match=r"explain.causes.a must change the design"):
        definition.designs(causes(causes=mine), Line(()))


def test_the_shipped_file_goes_from_the_first_model_s_rules_and_half_the_loads_to_the_pilot():
    shipped = definition.load("four_level", Line(()))
    plain = composed("four_level")
    sets = definition.designs(shipped, Line(()))
    everything = sets[frozenset(range(len(shipped.causes)))]
    assert everything.model_dump(exclude={"title", "run"}) == config.load(plain).model_dump(exclude={"title", "run"})
    loads = [i for i, name in enumerate(shipped.causes) if name in ("paper", "absence", "demand")]
    first = config.load(composed("four_level", "conduct=ledgers_first"))
    rules_off = sets[frozenset(loads)]
    for group in ("conduct", "roles", "service", "burden", "grid", "staffing"):
        assert getattr(rules_off, group) == getattr(first, group)
    half = sets[frozenset(range(len(shipped.causes))) - set(loads)]
    for key in ("counter_per_resident_year", "phone_per_resident_year", "latent_per_resident_year"):
        assert getattr(half.demand, key) == pytest.approx(plain["demand"][key] / 2)
    assert half.staffing.absence.share == pytest.approx(plain["staffing"]["absence"]["share"] / 2)


def test_the_command_keeps_tables_a_page_and_a_chart_and_goes_on_where_it_stopped(tmp_path):
    folder = tmp_path / "mine" / "explain"
    folder.mkdir(parents=True)
    (folder / "small.yaml").write_text(yaml.safe_dump(SMALL, sort_keys=False))
    arguments = ("explain", "causes=small", "--config-dir", "mine", "executor=serial", *DRAINED)
    done = wangge(tmp_path, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    results = tmp_path / "results" / "explain-small"
    table = pl.read_parquet(results / "contributions.parquet")
    assert table["label"].to_list() == ["requests", "absence"] * 2
    for part in table.partition_by("measure"):
        assert part["estimate"].sum() == pytest.approx(part["with_all"][0] - part["without"][0])
    mixtures = pl.read_parquet(results / "mixtures.parquet")
    assert mixtures["mixture"].unique(maintain_order=True).to_list() == ["none", "demand", "absence", "demand+absence"]
    page = (results / "explained.md").read_text()
    assert page.startswith("# Why they wait")
    assert "staffing.absence.share=0.1" in page
    assert {path.name for path in (results / "charts").iterdir()} == {"explained.svg"}
    assert table["longer"].null_count() == len(table)
    again = wangge(tmp_path, *arguments)
    assert (results / "explained.md").read_text() == page
    assert "replications" not in again.stdout.partition("wait")[0]


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "causes must be one of four_level" in refused(tmp_path, "explain", "causes=four_levels")


def test_values_of_a_line_are_read_as_hydra_reads_them():
    assert values(Line(("only=[a,b]", "replications=3", "name=mine"))) == {
        "only": ["a", "b"], "replications": 3, "name": "mine",
    }  # fmt: skip
    with pytest.raises(ConfigError):
        values(Line(("only=[a",)))


def test_where_staff_cannot_keep_up_a_span_is_explained_and_looked_at_again_over_more_weeks(tmp_path):
    folder = tmp_path / "mine" / "explain"
    folder.mkdir(parents=True)
    heads = {"label": "two heads more", "without": {"staffing.community_heads": 14},
             "at_work": {"staffing.community_heads": 16}}  # fmt: skip
    small = {**SMALL, "longer": {"times": 2, "replications": 2}, "causes": {"heads": heads}}
    (folder / "small.yaml").write_text(yaml.safe_dump(small, sort_keys=False))
    arguments = [word for word in TINY if not word.startswith("staffing.community_heads=")]
    too_much = ("conduct=ledgers_first", "district.work.from_above_hours=40000")
    done = wangge(tmp_path, "explain", "causes=small", "--config-dir", "mine", "executor=serial", *arguments, *too_much)
    assert (done.returncode, done.stderr) == (0, "")
    results = tmp_path / "results" / "explain-small"
    table = pl.read_parquet(results / "contributions.parquet")
    assert table["estimate"].is_finite().all()
    assert table["longer"].is_finite().all()
    page = " ".join((results / "explained.md").read_text().split())
    assert "In 2 of the 2 mixtures staff cannot keep up" in page
    assert "1 measured weeks after 1 of warm-up" in page
