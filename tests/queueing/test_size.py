"""Every number of a network has two bounds, and what does not fit into the memory is refused by its path."""

import warnings

import numpy as np
import pytest
from setups.small_network import changed

from sim.engine.audit.quick import balance
from sim.engine.reference import engine
from sim.errors import ConfigError
from sim.queueing import sample
from sim.queueing.size import _parts

CUSTOMER, SERVICE = "classes__customer", "classes__customer__route__0__service"
EXPONENTIAL = {"law": "exponential", "mean": 1}
BRIEF = EXPONENTIAL | {"mean": 1e-6}


@pytest.fixture(autouse=True)
def _a_small_machine(monkeypatch):
    monkeypatch.setattr("sim.queueing.size.memory_there_is_mb", lambda: 1_000.0)


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ({"horizon": 1e9}, "horizon must be below 9,773,437 hours (a thousand years), got 1e+09"),
        ({"horizon": 2**62}, "horizon must be at most 1e+09, got 4611686018427387904"),
        ({"servers__clerk__number": 10**6}, "servers.clerk.number must be at most 20000, got 1000000"),
        ({"servers__clerk__changeover": 1e300}, "servers.clerk.changeover must be at most 1e+09, got 1e+300"),
        ({"servers__clerk__serves": {"desk": {"pace": 1e9}}}, "serves.desk.pace must be at most 100, got 1e+09"),
        ({f"{CUSTOMER}__rounds": 10**9}, "classes.customer.rounds must be at most 1000, got 1000000000"),
        ({"replications": 10**9}, "replications must be at most 100000, got 1000000000"),
        ({SERVICE: 1e300}, "route.0.service must be at most 1e+09, got 1e+300"),
        ({SERVICE: {"law": "lognormal", "mean": 1, "cv": 1e9}}, "service.cv must be at most 100, got 1e+09"),
        ({SERVICE: {"law": "weibull", "mean": 1, "shape": 1e-9}}, "service.shape must be at least 0.05, got 1e-09"),
        ({f"{CUSTOMER}__arrivals__day_factor_cv": 1e-9}, "arrivals.day_factor_cv must be 0 or at least 0.001, got 1e-"),
        ({"stations__desk__room": 10**12}, "stations.desk.room must be at most 1e+09, got 1000000000000"),
        ({"servers__clerk__serves": [{}]}, "servers.clerk.serves must be a list of names of stations, got {} in it"),
        ({"classes": {"a" * 101: {}}}, "must be a text of at most 100 characters"),
    ],
)  # fmt: skip
def test_a_number_beyond_its_bounds_is_refused_by_its_path(paths, message):
    with pytest.raises(ConfigError) as caught:
        sample.load(changed(**paths))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("paths", "where", "what"),
    [
        ({f"{CUSTOMER}__arrivals__rate": 1e9}, "classes.customer.arrivals", "200,000,000,000 steps"),
        ({f"{CUSTOMER}__arrivals": {"law": "exponential", "mean": 1e-6}}, "classes.customer.arrivals", "0 steps"),
        ({f"{CUSTOMER}__arrivals__batch": 1e6}, "classes.customer.arrivals", "200,000,000 steps"),
        ({f"{CUSTOMER}__arrivals": {"sinusoid": {"mean": 1, "amplitude": 1, "period": 1e-6}}},
         "classes.customer.arrivals", "changes of the rate"),
        ({f"{CUSTOMER}__arrivals": {"profile": [[1e-6, 1]]}}, "classes.customer.arrivals", "changes of the rate"),
        ({"calendars__often": {"instants": [0], "every": 1e-6}}, "calendars.often", "100,000,001 intervals"),
        ({"calendars__often": {"alternating": {"open": BRIEF, "shut": BRIEF}}},
         "calendars.often", "50,000,000 intervals"),
        ({"servers__clerk": {"serves": ["desk"], "number": 20_000, "hours": {"intervals": [[0, 0.1]], "every": 0.2}}},
         "servers.clerk", "intervals of rosters"),
        ({f"{CUSTOMER}__route__0__gate": {"instants": [0], "every": 1e-6}}, "route.0.gate", "intervals"),
        ({f"{CUSTOMER}__arrivals__rate": 50, f"{CUSTOMER}__route__1__next": {"desk": 0.999, "end": 0.001}},
         "classes.customer.route", "steps"),
    ],
)  # fmt: skip
def test_what_does_not_fit_into_the_memory_is_refused_by_the_path_that_takes_it(paths, where, what):
    with pytest.raises(ConfigError) as caught:
        sample.load(changed(**paths))
    assert f"{where} must be such that a replication fits into the memory (1 GB), got" in str(caught.value)
    assert what in str(caught.value)


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ({f"{CUSTOMER}__arrivals__batch": {"law": "empirical", "values": [1, 1e7], "weights": [1, 7e-4]},
          f"{CUSTOMER}__arrivals__rate": 0.7},
         "network.classes.customer.arrivals.batch must be such that"),
        ({f"{CUSTOMER}__arrivals__rate": 50, f"{CUSTOMER}__rounds": 999,
          f"{CUSTOMER}__route__1__next": ["desk", "end"]},
         "network.classes.customer.route must be such that"),
        ({SERVICE: {"law": "exponential", "mean": 1e9}},
         "network.classes.customer.route.0.service must give times below 9,773,437 hours (a thousand years), got"),
        ({"classes__customer__route__1__lag": [1, 1e9]}, "network.classes.customer.route.1.lag must give times below"),
    ],
)  # fmt: skip
def test_what_turns_out_too_large_as_it_is_drawn_is_refused_by_its_path(paths, message):
    with pytest.raises(ConfigError) as caught:
        sample.sample(sample.load(changed(**paths)), 38, 0)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("onward", "rounds"), [({"desk": 0.5, "end": 0.5}, None), ({"desk": 1}, 7), ({"desk": 0.9, "end": 0.1}, 3)]
)
def test_the_steps_that_are_expected_are_those_that_are_drawn(onward, rounds):
    paths = {f"{CUSTOMER}__arrivals__rate": 50, f"{CUSTOMER}__route__1__next": onward, f"{CUSTOMER}__rounds": rounds}
    plan = sample.load(changed(**paths))
    network, _, _ = sample.sample(plan, 38, 0)
    expected = sum(part.number for part in _parts(plan) if part.what == "steps")
    assert len(network.steps.station) == pytest.approx(expected, rel=0.03)


def test_a_period_of_less_than_a_tick_is_refused():
    with pytest.raises(
        ConfigError, match=r"calendars\.often every must be at least a tick \(a millisecond\), got 1e-08"
    ):
        sample.load(changed(horizon=1e-4, calendars__often={"instants": [0], "every": 1e-8}))


LAWS = [
    {"law": "lognormal", "mean": 1e-9, "cv": 100}, {"law": "gamma", "mean": 100, "cv": 100},
    {"law": "weibull", "mean": 1, "shape": 0.05}, {"law": "weibull", "mean": 1, "shape": 100},
    {"law": "erlang", "mean": 1, "shape": 10**6}, {"law": "geometric", "mean": 1000},
    {"law": "hyperexponential", "means": [1e-3, 1e2], "probabilities": [0.9, 0.1]}, 0, 9e6,
]  # fmt: skip


@pytest.mark.parametrize("law", LAWS, ids=str)
@pytest.mark.parametrize("column", ["service", "lag", "patience", "renewal", "alternating"])
def test_the_ends_of_what_is_allowed_run_without_an_overflow_or_are_refused(law, column):
    if column == "renewal":
        paths = {f"{CUSTOMER}__arrivals": law if isinstance(law, dict) else {"law": "deterministic", "value": law}}
    elif column == "alternating":
        spelt = law if isinstance(law, dict) else {"law": "deterministic", "value": law}
        paths = {"servers__clerk__hours": {"alternating": {"open": spelt, "shut": EXPONENTIAL}}}
    else:
        paths = {f"{CUSTOMER}__route__0__{column}": law, "servers__clerk__serves": {"desk": {"pace": 100}}}
    with np.errstate(over="raise", divide="raise", invalid="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            network, _, horizon = sample.sample(sample.load(changed(horizon=30, **paths)), 1, 0)
        except ConfigError as error:
            assert " must " in str(error)  # noqa: PT017 - that it is refused is no failure
            return
        visits, spells = engine.run(network, horizon)
        balance(network, visits, spells, horizon)
    assert all(getattr(visits, name).min(initial=0) >= -1 for name in ("arrival", "start", "end"))
