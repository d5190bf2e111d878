"""Every number that a user can set has a lower and an upper bound, and is refused by its name beyond them."""

import math
import warnings
from typing import get_args

import numpy as np
import pytest
from setups.district import mapping
from setups.schemas import just_beyond, leaves, numbers, with_value

from experiments.commands import compare, explain, headlines, knobs, run, staff, sweep, trace, validate
from sim import config
from sim.bench import plan as bench
from sim.config import study_schema
from sim.config.schema import Pilot
from sim.district.demand import Channel, hourly_profile
from sim.district.engines import Compiled, Reference
from sim.district.size import check_size, parts
from sim.draws import laws
from sim.errors import ConfigError
from sim.executor.settings import Dask, Local, Serial
from sim.queueing.schema import MODELS
from sim.study.causes.definition import Causes
from sim.study.headlines.definitions import Headlines
from sim.study.knobs import trials
from sim.validation import cases

SCHEMAS = (
    Pilot, study_schema.Study, Dask, Local, Serial, Compiled, Reference, compare.Comparison, explain.Order,
    knobs.Order, run.QueueRun, staff.Staff, sweep.Settings, trace.Trace, validate.Validate, bench.Bench, Causes,
    headlines.Settings,
    Headlines, trials.Settings, *MODELS, *get_args(laws.AnyLaw),
)  # fmt: skip


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda one: one.__name__)
def test_every_number_has_two_bounds(schema):
    open_ended = [path for path, _, (low, high) in numbers(schema) if not math.isfinite(high[0] - low[0])]
    free = {
        "unless.*",
        "report.notices.*.unless.*",
        "report.expected_loads.holds_for.*",
        "request",
    }  # compared with a knob, and a number or `slowest`
    assert set(open_ended) <= free, open_ended


PLAIN = mapping("three_level")
LEAVES = list(leaves(PLAIN))


def test_the_knobs_of_a_pilot_are_all_tried():
    assert len(LEAVES) > 150


@pytest.mark.parametrize("side", [0, 1], ids=["low", "high"])
def test_every_knob_is_refused_by_its_name_just_beyond_and_far_beyond_its_bounds(side):
    way = 2 * side - 1
    for place, kind, limits in LEAVES:
        bound, allowed = limits[side]
        path = ".".join(map(str, place))
        nearest = just_beyond(kind, bound, way) if allowed else bound
        far = [way * 10**9, way * 10**30] if kind is int else [way * 1e300, way * 1.7e308]
        for value in (nearest, *(one for one in far if (one - bound) * way > 0)):
            with pytest.raises(ConfigError) as caught:
                config.load(with_value(PLAIN, place, value))
            assert path in str(caught.value), (path, value, str(caught.value))


@pytest.mark.parametrize("side", [0, 1], ids=["low", "high"])
def test_every_knob_at_its_bound_is_a_design_of_known_size_or_is_refused_in_a_sentence(side):
    made = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for place, kind, limits in LEAVES:
            bound, allowed = limits[side]
            value = bound if allowed else just_beyond(kind, bound, 1 - 2 * side)
            said = ""
            try:
                check_size(config.load(with_value(PLAIN, place, value)))
            except ConfigError as error:
                said = str(error)
            made += not said
            assert not said or (" must " in said and "\n" not in said)
    assert made > len(LEAVES) / 2


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("grid", "leg_minutes"), 0.01),
        (("burden", "piece_minutes"), 0.01),
        (("structure", "relay_minutes"), 0.01),
        (("demand", "counter_per_resident_year"), 1000.0),
        (("run", "measured_weeks"), 5200),
        (("district", "work", "from_above_hours"), 2e9),
    ],
)
def test_what_does_not_fit_into_the_memory_is_refused_by_the_knob_that_takes_it(place, value, monkeypatch):
    monkeypatch.setattr("sim.district.size.memory_there_is_mb", lambda: 8_000.0)
    with pytest.raises(ConfigError, match=r"must be such that a replication of .* fits into the memory \(8 GB\)"):
        check_size(config.load(with_value(PLAIN, place, value)))


@pytest.mark.parametrize("factor", ["festival_factor", "special_care_factor"])
def test_a_factor_that_makes_no_more_requests_is_not_counted_as_if_it_did(factor, monkeypatch):
    monkeypatch.setattr("sim.district.size.memory_there_is_mb", lambda: 8_000.0)
    check_size(config.load(with_value(PLAIN, ("demand", factor), 100.0)))


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0, 5.0, 100.0])
@pytest.mark.parametrize("weeks", [1, 4, 26, 52, 104])
def test_the_requests_that_are_counted_are_no_fewer_than_those_that_are_expected(factor, weeks):
    plain = with_value(PLAIN, ("demand", "festival_factor"), factor)
    pilot = config.load(with_value(plain, ("run", "measured_weeks"), weeks))
    days = np.resize(hourly_profile(pilot, Channel.PHONE).sum(axis=1), 7 * pilot.run.weeks)
    steps = next(one.number for one in parts(pilot) if one.knob == "demand.phone_per_resident_year")
    rate = pilot.district.population * pilot.demand.phone_per_resident_year
    longest = max(len(one.activities) for one in pilot.procedures.archetypes.values())
    assert rate * days.sum() * longest <= 1.05 * steps <= 1.05 * rate * longest * (pilot.run.weeks / 52 + 1)


def test_the_cases_of_validation_are_bounded():
    assert all(math.isfinite(high[0]) for _, _, (_, high) in numbers(cases.Replications))
