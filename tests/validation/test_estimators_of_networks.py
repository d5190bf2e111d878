"""Estimators of networks, by hand."""

import pytest
import yaml

from sim.district import engines
from sim.queueing import sample
from sim.study.network_run import simulate
from sim.validation.estimators import QUANTITIES

# Desk: plain 1 from 0 to 4, plain 2 (came at 1) from 4 to 6, plain 3 (came at 6) from 6 to 9, an hour of it after
# closing. Long: back office from 2 to 7, desk from 12 (came at 7) to 13, back office again from 13 to 15.
BY_HAND = """
time_unit: hour
horizon: 24
stations: {desk: {}, back: {}}
servers:
  morning: {serves: [desk], hours: {intervals: [[0, 8]]}}
  evening: {serves: [desk], hours: {intervals: [[12, 20]]}}
  helper: {serves: [back]}
classes:
  plain:
    arrivals: {times: [0, 1, 6]}
    route: [{station: desk, service: [4, 2, 3], past_closing: true}]
  long:
    arrivals: {times: [2]}
    route:
      - {station: back, service: 5}
      - {station: desk, service: 1}
      - {station: back, service: 2}
"""
# Left: 0 to 1 and 1 to 4; right: 0 to 2 and, for who came at 1, 2 to 3. The last of each are done at 2 and 4.
FORKED = """
time_unit: hour
horizon: 10
stations: {left: {}, right: {}}
servers: {one: {serves: [left]}, two: {serves: [right]}}
classes:
  task:
    arrivals: {times: [0, 1], batch: 2}
    route:
      - {name: fork, next: [first, second]}
      - {name: first, station: left, service: [1, 0, 3, 0], next: end}
      - {name: second, station: right, service: [0, 2, 0, 1]}
"""


def run(text, **keys):
    return simulate(sample.load({**yaml.safe_load(text), **keys}), 1, 0, engines.Compiled())


WHOLE = run(BY_HAND)


@pytest.mark.parametrize(
    ("quantity", "parameters", "value"),
    [
        ("arrivals", {}, 4),
        ("waiting_time_if_delayed", {"group": "station:desk"}, (3 + 5) / 2),
        ("visits_per_request", {"station": "back"}, 2 / 4),
        ("share_by_pool", {"station": "desk", "pool": "evening"}, 1 / 4),
        ("number_present_at", {"instant": 6.5, "every": 12}, (2 + 0) / 2),
        ("number_present_at", {"instant": 6.5, "every": 12, "station": "desk"}, (1 + 0) / 2),
        ("number_present_at", {"instant": 6, "every": 24}, 2),  # plain 2 has gone and plain 3 has come
        ("utilisation_of_all", {}, (8 + 1 + 7) / (8 + 8 + 24)),
        ("finished_work_percent", {"station": "back"}, 100 * 7 / 24),
        ("overtime_per_period", {"group": "pool:morning", "every": 12}, 1 / 2),
        ("served_per_period", {"station": "desk", "every": 12}, 4 / 2),
        ("waiting_per_period", {"station": "desk", "every": 12}, (3 + 5) / 2),
        ("time_waiting_in_hours", {"stations": {"desk": [3, 8]}, "every": 12}, (1 + 1) / 2),
        ("time_waiting_in_hours", {"stations": {"desk": [3, 8], "back": [0, 12]}, "every": 12}, (1 + 1) / 2),
        ("sojourn_time_in_hours", {"station": "desk", "hours": [[0, 8]], "every": 12}, (4 + 5 + 2 + 2) / 4),
        ("waiting_time_of_started", {"station": "desk"}, (3 + 5) / 4),
        ("waiting_time_of_started", {"group": "class:long", "times": 3}, 5),
        ("sojourn_time_of_finished", {}, (4 + 5 + 3 + 13) / 4),
        ("sojourn_time_of_finished", {"classes": ["plain"]}, (4 + 5 + 3) / 3),
    ],
)
def test_an_estimator_gives_what_the_timeline_says(quantity, parameters, value):
    assert QUANTITIES[quantity](WHOLE, **parameters) == pytest.approx(value, rel=1e-12)


def test_who_is_not_through_or_not_started_before_the_horizon_is_left_out():
    assert QUANTITIES["sojourn_time_of_finished"](run(BY_HAND, horizon=14)) == 4
    assert QUANTITIES["waiting_time_of_started"](run(BY_HAND, horizon=11), station="desk") == 1
    assert QUANTITIES["finished_work_percent"](run(BY_HAND, horizon=14), station="back") == pytest.approx(100 * 5 / 14)


def test_time_averages_are_those_of_the_window():
    later = run(BY_HAND, warm_up=6)
    assert QUANTITIES["served_per_period"](later, station="desk", every=18) == 3  # plain 2 ends at 6
    assert QUANTITIES["number_present_at"](later, instant=1, every=6) == pytest.approx((2 + 1 + 0) / 3)  # 7, 13, 19
    assert QUANTITIES["utilisation_of_all"](later) == pytest.approx((2 + 1 + 3) / (2 + 8 + 18))


def test_a_batch_is_done_with_its_last():
    forked = run(FORKED)
    assert QUANTITIES["sojourn_time_of_batches"](forked, size=2) == pytest.approx((2 + 3) / 2)
    for size in (3, 4):
        with pytest.raises(ValueError, match=f"size must be that of the batches, got {size}"):
            QUANTITIES["sojourn_time_of_batches"](forked, size=size)
