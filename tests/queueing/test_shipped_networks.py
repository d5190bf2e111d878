from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
import pytest
from setups.district import CONFIGS
from setups.shipped_networks import NAMES, plan_of

from sim.draws.clock import HOUR
from sim.engine import compiled
from sim.engine.network import Network
from sim.engine.record import Outcome, Spells, Visits
from sim.engine.reference import engine as reference
from sim.measures.queueing import queueing_measures
from sim.queueing import sample
from sim.statistics import theory


@dataclass(frozen=True)
class Run:
    network: Network
    visits: Visits
    spells: Spells
    measures: pl.DataFrame


def run(plan, replication=0, seed=1, engine=compiled):
    network, labels, horizon = sample.sample(plan, seed, replication)
    visits, spells = engine.run(network, horizon)
    start, end = plan.window
    measures = queueing_measures(network, labels, visits, spells, start=start, end=end, horizon=horizon)
    return Run(network, visits, spells, measures)


@cache
def replications_of(name):
    plan = plan_of(name)
    tables = [run(plan, r).measures.with_columns(replication=pl.lit(r)) for r in range(plan.replications)]
    return pl.concat(tables)


def estimates(name, measure, group):
    rows = replications_of(name).filter((pl.col("measure") == measure) & (pl.col("group") == group))
    return rows["value"].to_numpy()


def value(measures, measure, group):
    return measures.filter((pl.col("measure") == measure) & (pl.col("group") == group))["value"].item()


@pytest.mark.parametrize("name", NAMES)
def test_every_network_composes_and_runs(name):
    plan = plan_of(name)
    result = run(plan, replication=99, engine=reference)
    assert value(result.measures, "arrivals", "all") > 0
    arrived = result.visits.arrival >= 0
    # the work of the record is the work of the spells, at pace 1
    work = np.bincount(result.spells.step, result.spells.ticks - result.spells.changeover, len(arrived))
    assert np.array_equal(work, result.visits.done)
    served = result.visits.outcome == Outcome.SERVED
    assert np.array_equal(result.visits.done[served], result.network.steps.work[served])


def unseen_time():
    """Mean of the lesser of the time to the k-th patrol from now and a resident's patience, in hours."""
    rate, period, p = 1 / 40, 8, 1 / 4
    next_one = (1 - np.exp(-period * rate)) / (period * rate)
    further = p / (1 - (1 - p) * np.exp(-period * rate))
    return (1 - next_one * further) / rate


def one_line_with_retrials(arrival=0.5, service=1.0, ringing=0.5, persistence=0.8, most=60):
    """Share of time busy and mean number in orbit, from the balance equations cut off at `most` in orbit."""
    n = most + 1
    rates = np.zeros((2 * n, 2 * n))  # state: in orbit, + n if busy
    for k in range(n):
        rates[k, n + k] += arrival
        rates[n + k, k] += service
        if k:
            rates[k, n + k - 1] += k * ringing
            rates[n + k, n + k - 1] += k * ringing * (1 - persistence)
        if k < most:
            rates[n + k, n + k + 1] += arrival * persistence
    balance = rates.T - np.diag(rates.sum(axis=1))
    balance[-1] = 1
    p = np.linalg.solve(balance, np.eye(2 * n)[-1])
    return p[n:].sum(), (p[:n] + p[n:]) @ np.arange(n)


BUSY, IN_ORBIT = one_line_with_retrials()

THEORY = [
    # beside what textbook() says, which test_textbook.py compares with runs
    ("mmc", "waiting_time_p90", "class:customer", theory.mmc_waiting_quantile(1.6, 1 / 1.5, 3, 0.9)),
    ("mmc", "throughput", "all", 1.6),
    # numerical solution of the Markov chain, 29,769 states
    ("n_model", "waiting_time", "station:simple", 0.77379358),
    ("n_model", "waiting_time", "station:complex", 2.5933133),
    ("n_model", "utilisation", "pool:expert", 0.81624248),
    ("n_model", "utilisation", "pool:clerk", 0.70437876),
    # lattice Lindley recursion of batches of Poisson(6) files, 8 minutes each
    ("tandem_gate", "waiting_time", "station:office", 32.139845),
    ("tandem_gate", "sojourn_time", "class:file", 4 / 0.6 + 70.139845),
    # Kolmogorov equations through the day
    ("shift_overtime", "waiting_time", "station:desk", 3.0857859),
    ("shift_overtime", "overtime", "pool:clerk", 1.5234673 * (4848 - 240 - 48) / 24),
    ("time_varying", "sojourn_time", "station:desk", 1.3977811),
    ("time_varying", "number_present", "station:desk", 6.8258312),
    ("retrial", "utilisation", "pool:agent", BUSY),
    ("retrial", "refused_share", "class:caller", 1 - BUSY / 0.5),
]


def errors_off(found, expected):
    """Return by how many standard errors the mean of replications is off."""
    error = found.std(ddof=1) / np.sqrt(len(found))
    assert 0 < error < 0.15 * expected
    return abs(found.mean() - expected) / error


# one test a network, so that workers of pytest-xdist do not each run it
@pytest.mark.parametrize("name", sorted({name for name, *_ in THEORY}))
def test_estimates_meet_theory(name):
    rows = [row for row in THEORY if row[0] == name]
    off = {
        (measure, group): errors_off(estimates(name, measure, group), expected) for _, measure, group, expected in rows
    }
    if name == "retrial":
        calls = estimates(name, "arrivals", "station:line") / estimates(name, "arrivals", "class:caller")
        off["calls", "class:caller"] = errors_off(calls, (0.5 + 0.5 * IN_ORBIT) / 0.5)
    assert {key: errors for key, errors in off.items() if errors >= 4} == {}


def test_a_lamp_is_unseen_until_the_kth_patrol_or_a_report():
    sojourn = estimates("signals", "sojourn_time", "class:lamp")
    repair = estimates("signals", "sojourn_time", "station:workshop")
    assert errors_off(sojourn - repair, unseen_time()) < 4


def times(run, column):
    return (getattr(run.visits, column) / HOUR).tolist()


def test_work_stops_at_closing_and_goes_on_the_next_working_day():
    result = run(plan_of("trace_calendar_resume"))
    assert times(result, "end") == [14, 34, 179]
    assert value(result.measures, "sojourn_time", "class:file") == np.mean([5, 24, 67])
    assert result.spells.ticks.tolist() == [5 * HOUR, 4 * HOUR, 3 * HOUR]


def test_urgent_cases_go_first_and_interrupt_nobody():
    result = run(plan_of("trace_priority"))
    a, b, c, d, e = range(5)  # the order of arrival; at 3, the class listed first
    starts, ends = times(result, "start"), times(result, "end")
    assert [starts[i] for i in (a, c, d, b, e)] == [0, 4, 7, 8, 10]
    assert ends[e] == 11


def test_a_returned_file_waits_for_the_next_transfer():
    result = run(plan_of("trace_epoch_rework"))
    assert times(result, "start") == [8, 12, 14, 16]
    assert times(result, "end") == [9, 14, 14.5, 17]


def test_a_job_is_suspended_while_nobody_is_on_duty():
    assert times(run(plan_of("ciw_resume")), "end") == [15]


def test_each_shift_finishes_its_cases_in_overtime():
    result = run(plan_of("ciw_overtime"))
    closes = np.array([7, 7, 7, 11, 11, 20])[result.spells.server] * HOUR
    assert (np.maximum(result.spells.end - closes, 0) / HOUR).tolist() == [0, 1, 3, 2, 3, 0]
    overtime = {name: value(result.measures, "overtime", f"pool:{name}") for name in ("early", "middle", "late")}
    assert overtime == {"early": 4, "middle": 5, "late": 0}


def test_service_begins_in_slots_only():
    result = run(plan_of("ciw_slotted"))
    assert times(result, "start") == [4, 4]
    assert times(result, "end") == [14, 14]


def test_the_readme_network_is_about_ten_lines():
    text = (CONFIGS / "network" / "mmc.yaml").read_text()
    assert len([line for line in text.splitlines() if line and not line.startswith("#")]) <= 11
