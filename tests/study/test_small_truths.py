"""What is said beside the numbers of a comparison: advice that is not yet followed, sources of inputs, and cost."""

import re
from types import SimpleNamespace

import polars as pl
import pytest
from setups.district import pilot, tiny

from sim import config
from sim.config.compose import Line, assumptions, compose
from sim.config.report import Notice
from sim.errors import ConfigError
from sim.study.comparison.comparison import _run_once
from sim.study.comparison.notes import kept_cost, notices

KNOB = re.compile(r"[\w.]+=[\w.]*\w")


def lost(share, name):
    return pl.DataFrame({"pilot": [name], "measure": ["left_unserved"], "group": ["all"], "value": [share]})


def test_no_shipped_notice_advises_what_is_already_set():
    advised = [(notice, KNOB.findall(notice.advice)) for notice in pilot().report.notices]
    assert any(knobs for _, knobs in advised)
    for notice, knobs in advised:
        plain = tiny()
        measures = lost(notice.above + 0.1, plain.name)
        (said,) = notices(measures, [plain])
        assert all(knob in said for knob in knobs)
        for knob in knobs:
            followed = config.load(compose("main", Line((knob,)), "pilot=four_level"))
            (said,) = notices(lost(notice.above + 0.1, followed.name), [followed])
            assert knob not in said


def test_a_notice_that_advises_a_knob_must_say_when_it_is_followed():
    plain = {"measure": "left_unserved", "above": 0.05, "says": "Many left.", "advice": "Try service.seats=2."}
    with pytest.raises(ConfigError, match=r"unless must say by which knobs service\.seats=2 of the advice is known"):
        config.checked(Notice, plain, "report.notices.0")
    assert config.checked(Notice, {**plain, "unless": {"service.seats": 2}}).unless == {"service.seats": 2}


def test_the_shipped_evidence_is_cited_for_the_shipped_district_only():
    assert assumptions("Yuehu") == "Many inputs are assumptions: configs/evidence.yaml."
    assert assumptions("Lanterns") == "Many inputs are assumptions; what this district does not set is Yuehu's."


def test_the_cost_is_of_the_replications_that_were_run_and_says_when():
    store = SimpleNamespace(key={"a": "k1", "same as a": "k1", "b": "k2"}.__getitem__)
    assert sorted(_run_once(store, ["a", "same as a", "b"])) == ["a", "b"]
    facts = [{"steps": 100, "seconds": 2.0, "seconds_engine": 1.0, "peak_memory_mb": 7}] * 3
    assert kept_cost(facts).startswith("3 replications, when they were run: 300 steps, 50 steps a second")
