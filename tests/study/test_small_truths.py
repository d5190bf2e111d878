"""What is said beside the numbers of a comparison: advice that is not yet followed, sources of inputs, and cost."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from setups.district import pilot, tiny

from sim import config
from sim.config.compose import Line, assumptions, compose
from sim.config.report import Notice
from sim.errors import ConfigError
from sim.study.comparison.comparison import _run_once
from sim.study.comparison.notes import horizon, kept_cost, notices
from sim.study.design import titles_of


def lost(share, name):
    return pl.DataFrame({"pilot": [name], "measure": ["left_unserved"], "group": ["all"], "value": [share]})


def test_no_shipped_notice_advises_what_is_already_set():
    advised = [notice for notice in pilot().report.notices if notice.knob]
    assert advised
    for notice in advised:
        plain = tiny()
        (said,) = notices(lost(notice.above + 0.1, plain.name), [plain], titles_of([plain]))
        assert f"{notice.knob} shows other rules." in said
        followed = config.load(compose("main", Line((notice.knob,)), "pilot=four_level"))
        (said,) = notices(lost(notice.above + 0.1, followed.name), [followed], titles_of([followed]))
        assert notice.knob not in said


def test_a_notice_that_advises_a_knob_must_say_when_it_is_followed():
    plain = {"measure": "left_unserved", "above": 0.05, "says": "Many left.", "advice": "Try $knob."}
    for knob, rule in (
        ({"knob": "service.seats=2"}, r"unless must say by which knobs service\.seats=2 is known to be set, got none"),
        ({}, r"knob must be given where the advice has \$knob, and only there, got ''"),
        ({"knob": "a=1", "advice": "Try it."}, r"knob must be given where .*, got 'a=1'"),
        ({"says": "Try $knob."}, r"says must have no \$names but \$pilot and \$share"),
    ):
        with pytest.raises(ConfigError, match=rule):
            config.checked(Notice, plain | knob, "report.notices.0")
    plain["knob"] = "service.seats=2"
    assert config.checked(Notice, {**plain, "unless": {"service.seats": 2}}).unless == {"service.seats": 2}


def test_the_shipped_evidence_is_cited_for_the_shipped_district_only():
    assert assumptions("Yuehu") == "Many inputs are assumptions: configs/evidence.yaml."
    assert assumptions("Lanterns") == "Many inputs are assumptions; what this district does not set is Yuehu's."


def test_the_cost_is_of_the_replications_that_were_run_and_says_when():
    store = SimpleNamespace(key={"a": "k1", "same as a": "k1", "b": "k2"}.__getitem__)
    assert sorted(_run_once(store, ["a", "same as a", "b"])) == ["a", "b"]
    facts = [{"steps": 100, "seconds": 2.0, "seconds_engine": 1.0, "peak_memory_mb": 7}] * 3
    assert kept_cost(facts).startswith("3 replications, when they were run: 300 steps, 50 steps a second")


def waiting(name, hours):
    """Return the work that waits at the end of each day of one replication."""
    table = pl.DataFrame({"pilot": name, "replication": 0, "hours": np.asarray(hours, dtype=float)})
    return table.with_row_index("day").with_columns(pl.col("day").cast(pl.Int64))


WAITS = {
    "steady": ([0, 30, *[60, 61] * 33], "would drop 5 working days; 14 were dropped, enough."),
    "late": ([*range(30), *[30] * 70], "would drop 30 working days; 14 were dropped, not enough."),
    "never": (range(70), "it is 26 hours in the first half of the weeks that are measured and 50 in the second"),
}


@pytest.mark.parametrize("kind", WAITS)
def test_a_run_says_whether_its_warm_up_was_enough_or_the_work_that_waits_is_never_steady(kind):
    plain = pilot("four_level", "run.warm_up_weeks=2", "run.measured_weeks=7", "run.drain_weeks=1")
    hours, rule = WAITS[kind]
    (said,) = horizon(waiting(plain.name, hours), [plain])
    assert said.startswith(f"{plain.name}: ")
    assert rule in said
    assert ("not enough" in said) + ("depends on how long" in said) == (kind != "steady")
