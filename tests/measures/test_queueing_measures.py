import numpy as np
import pytest
import yaml
from setups.small_network import changed

from sim.draws.clock import HOUR
from sim.engine.reference import engine
from sim.measures.queueing import queueing_measures
from sim.queueing import sample


def value(measures, measure, group):
    return {(m, g): v for m, g, _, v, _ in measures.iter_rows()}[measure, group]


def measured(text, **window):
    network, labels, horizon = sample.sample(sample.load(yaml.safe_load(text)), 1, 0)
    visits, spells = engine.run(network, horizon)
    window = {name: at * HOUR for name, at in window.items()}
    return queueing_measures(network, labels, visits, spells, **{"horizon": horizon, **window})


ONE_CLERK = """
time_unit: hour
horizon: 24
stations: {{desk: {{{station}}}}}
servers: {{clerk: {{serves: [desk], {server}}}}}
classes:
  x:
    arrivals: {{times: [0, 1, 2]}}
    route: [{{station: desk, service: [4, 3, 2], {step}}}]
"""


def test_measures_of_a_day_worked_by_hand():
    """Services 0-4, 4-7, 7-9: waits 0, 3, 5; from 1 to 5, one waits until 2, two until 4, then one."""
    found = measured(ONE_CLERK.format(station="", server="", step=""), start=0, end=10)
    for group in ("all", "station:desk", "class:x"):
        assert value(found, "arrivals", group) == 3
        assert value(found, "waiting_time", group) == 8 / 3
        assert value(found, "sojourn_time", group) == 17 / 3
        assert value(found, "service_time", group) == 3
        assert value(found, "waiting_time_p50", group) == 3
        assert value(found, "waiting_time_p90", group) == 5
        assert value(found, "waiting_share", group) == 2 / 3
        assert value(found, "throughput", group) == 0.3
        assert value(found, "number_waiting", group) == 0.8
        assert value(found, "number_present", group) == 1.7
    assert value(found, "utilisation", "pool:clerk") == 0.9
    cut = measured(ONE_CLERK.format(station="", server="", step=""), start=1, end=5)
    assert value(cut, "arrivals", "all") == 2
    assert value(cut, "number_waiting", "all") == (1 + 2 * 2 + 1) / 4
    assert value(cut, "utilisation", "pool:clerk") == 1
    assert value(cut, "throughput", "all") == 0.25


def test_who_abandons_has_waited_and_who_is_refused_has_not():
    """Patience 2, one chair: the second waits from 1 to 3 and goes, the third finds the chair taken."""
    found = measured(ONE_CLERK.format(station="room: 1", server="", step="patience: 2"), start=0, end=10)
    assert value(found, "abandoned_share", "class:x") == 1 / 3
    assert value(found, "refused_share", "class:x") == 1 / 3
    assert value(found, "waiting_time", "class:x") == 1
    assert value(found, "waiting_time_served", "class:x") == 0
    assert value(found, "service_time", "class:x") == 4


def test_overtime_is_beside_utilisation():
    """On duty 0-6 only, past closing: the second runs from 4 to 7, and the third never starts."""
    hours = "hours: {intervals: [[0, 6]]}"
    found = measured(ONE_CLERK.format(station="", server=hours, step="past_closing: true"), start=0, end=10)
    assert value(found, "utilisation", "pool:clerk") == 1
    assert value(found, "overtime", "pool:clerk") == 1
    assert value(found, "open", "all") == 1
    assert np.isnan(value(found, "waiting_time", "all"))
    assert value(found, "waiting_time_p50", "all") == 3
    assert np.isnan(value(found, "waiting_time_p90", "all"))


def test_changeovers_are_busy_time_and_no_service():
    """An hour to the grid before each first spell there: 0-1 on the way, 1-5 at work."""
    text = ONE_CLERK.format(station="site: grid", server="changeover: 1", step="")
    found = measured("sites: [office, grid]" + text, start=0, end=10)
    assert value(found, "changeover_share", "pool:clerk") == 0.1
    assert value(found, "utilisation", "pool:clerk") == 1
    assert value(found, "service_time", "all") == 3
    assert value(found, "waiting_time", "all") == (1 + 4 + 6) / 3
    late = measured("sites: [office, grid]" + text, start=0.5, end=2)
    assert value(late, "changeover_share", "pool:clerk") == 1 / 3


def test_waiting_under_interruption_is_sojourn_less_service():
    """The plain case 0-2 and 3-5, the urgent one 2-3 in between."""
    found = measured(
        """
time_unit: hour
horizon: 24
stations: {desk: {}}
servers: {clerk: {serves: [desk]}}
classes:
  plain:
    priority: 1
    yields_to: 1
    arrivals: {times: [0]}
    route: [{station: desk, service: 4}]
  urgent: {arrivals: {times: [2]}, route: [{station: desk, service: 1}]}
""",
        start=0,
        end=10,
    )
    assert value(found, "waiting_time", "class:plain") == 1
    assert value(found, "sojourn_time", "class:plain") == 5
    assert value(found, "waiting_time", "class:urgent") == 0
    assert value(found, "number_waiting", "class:plain") == 0.1


def test_a_request_on_its_way_at_the_horizon_is_open():
    """Served at 1, then a lag beyond the horizon."""
    text = """
time_unit: hour
horizon: 24
stations: {desk: {}}
servers: {clerk: {serves: [desk]}}
classes:
  x: {arrivals: {times: [0]}, route: [{station: desk, service: 1}, {station: desk, service: 1, lag: 30}]}
"""
    found = measured(text, start=0, end=10)
    assert value(found, "open", "class:x") == 1
    assert value(found, "throughput", "class:x") == 0
    assert value(found, "throughput", "station:desk") == 0.1
    assert value(found, "arrivals", "station:desk") == 1


def test_a_network_without_requests_has_nothing_to_measure():
    nobody = sample.load(changed(classes__customer__arrivals={"rate": 0}))
    network, labels, horizon = sample.sample(nobody, 1, 0)
    record = engine.run(network, horizon)
    found = queueing_measures(network, labels, *record, start=0, end=horizon, horizon=horizon)
    assert value(found, "arrivals", "all") == 0
    assert np.isnan(value(found, "waiting_time", "all"))
    assert np.isnan(value(found, "waiting_share", "station:desk"))
    assert value(found, "utilisation", "pool:clerk") == 0


@pytest.mark.parametrize(("start", "end"), [(5, 5), (-1, 5), (0, 25)])
def test_a_window_outside_the_run_is_refused(start, end):
    with pytest.raises(ValueError, match=r"window must be in .* and not empty, got"):
        measured(ONE_CLERK.format(station="", server="", step=""), start=start, end=end)
