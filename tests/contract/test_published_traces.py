"""Deterministic traces of small systems, with the source of each value, built on the engine contract."""

import pytest
from setups.timeline import duty, every_engine, play, request, server, step, town

from sim.draws.clock import Calendar

pytestmark = every_engine

BY_HAND = "hand computation"
CIW = "peer deterministic test: Ciw 3.2.7 tests/test_scheduling.py (re-derived by hand)"


def trace(*rows):
    """Parametrise over (quantity, value, source)."""
    return pytest.mark.parametrize(("quantity", "value", "source"), rows, ids=[quantity for quantity, _, _ in rows])


# Ticks are hours since Monday 00:00; one server works 09-17 from Monday to Friday and resumes the next day.
WORKING_WEEKS = [(24 * day + 9, 24 * day + 17) for day in range(14) if day % 7 < 5]


@trace(
    ("end_R1", 14, BY_HAND),
    ("end_R2", 34, BY_HAND),
    ("end_R3", 179, BY_HAND),
    ("calendar_sojourn_R2", 24, BY_HAND),
    ("business_sojourn_R2", 8, BY_HAND),
)
def test_trace_calendar_resume(engine, quantity, value, source):
    requests = [request(a, step(w)) for a, w in [(9, 5), (10, 4), (112, 3)]]
    seen = play(engine, town(requests, servers=[server(*WORKING_WEEKS)]))
    end_2 = seen.ends[1]
    found = {
        "end_R1": seen.ends[0],
        "end_R2": end_2,
        "end_R3": seen.ends[2],
        "calendar_sojourn_R2": end_2 - seen.arrivals[1],
        "business_sojourn_R2": Calendar.from_intervals(WORKING_WEEKS).between(seen.arrivals[1], end_2),
    }
    assert found[quantity] == value, source


@trace(
    ("start_a", 0, BY_HAND),
    ("start_c", 4, BY_HAND),
    ("start_d", 7, BY_HAND),
    ("start_b", 8, BY_HAND),
    ("start_e", 10, BY_HAND),
    ("end_e", 11, BY_HAND),
)
def test_trace_priority(engine, quantity, value, source):
    # (arrival, class, need) of a to e; class 1 before class 2, nobody is interrupted.
    jobs = [(0, 2, 4), (1, 2, 2), (2, 1, 3), (3, 1, 1), (3, 2, 1)]
    seen = play(engine, town([request(a, step(w, priority=p)) for a, p, w in jobs]))
    found = {f"start_{name}": start for name, start in zip("abcde", seen.starts, strict=True)}
    found["end_e"] = seen.ends[4]
    assert found[quantity] == value, source


@trace(
    ("end_st1_first", 9.0, BY_HAND),
    ("start_st2_first", 12.0, BY_HAND),
    ("end_st2_first", 14.0, BY_HAND),
    ("end_st1_second", 14.5, BY_HAND),
    ("start_st2_second", 16.0, BY_HAND),
    ("end", 17.0, BY_HAND),
)
def test_trace_epoch_rework(engine, quantity, value, source):
    # Ticks are half hours; the transfer to station 2 goes at 12 and 16 o'clock; rework is steps of its own.
    job = request(
        16,
        step(2, next=1),
        step(4, station=1, gate=0, next=2),
        step(1, next=3),
        step(2, station=1, gate=0),
    )
    transfers = [(48 * day + 2 * hour, 48 * day + 2 * hour + 1) for day in range(3) for hour in (12, 16)]
    servers = [server((0, 144, 0)), server((0, 144, 1))]
    network = town([job], stations=2, duties=[duty(0), duty(1)], servers=servers, calendars=[transfers])
    seen = play(engine, network)
    found = {
        "end_st1_first": seen.ends[0],
        "start_st2_first": seen.starts[1],
        "end_st2_first": seen.ends[1],
        "end_st1_second": seen.ends[2],
        "start_st2_second": seen.starts[3],
        "end": seen.ends[3],
    }
    assert found[quantity] / 2 == value, source


@trace(("end", 15, CIW))
def test_ciw_resume(engine, quantity, value, source):
    seen = play(engine, town([request(1, step(10))], servers=[server((0, 5), (9, 100))]))
    assert seen.ends == [value], source


@trace(("overtime_mean", 1.8, CIW), ("overtime_total", 9, CIW))
def test_ciw_overtime(engine, quantity, value, source):
    # Three on duty until 7, two others until 11, one until 20, who finish the case that they have. In Ciw a
    # change of shift replaces all the servers, so overtime is known of the five who have gone by then.
    shifts = [(0, 7)] * 3 + [(7, 11)] * 2 + [(11, 20)]
    jobs = [(1, 5), (1, 7), (1, 9), (9, 4), (9, 5), (12, 5)]
    requests = [request(a, step(w, past_closing=1)) for a, w in jobs]
    seen = play(engine, town(requests, servers=[server(shift) for shift in shifts]))
    last = {i: end for _, i, _, end in sorted(seen.stretches, key=lambda row: row[3])}
    overtime = [max(last[i] - shifts[i][1], 0) for i in range(5)]
    assert overtime == [0, 1, 3, 2, 3]
    found = {"overtime_mean": sum(overtime) / len(overtime), "overtime_total": sum(overtime)}
    assert found[quantity] == value, source


@trace(("start", 4, CIW), ("end", 14, CIW))
def test_ciw_slotted(engine, quantity, value, source):
    # Ticks are tenths. A slot of size n is n servers on duty for one tick, each of whom takes at most one and
    # works on past closing; a place that is not filled at the slot lapses. Each slot has servers of its own,
    # as Ciw lets those of an earlier slot work on through a later one.
    slots = {40: 3, 110: 1}
    servers = [server((at, at + 1)) for at, size in slots.items() for _ in range(size)]
    seen = play(engine, town([request(a, step(100, past_closing=1)) for a in (3, 5)], servers=servers))
    found = {"start": seen.starts, "end": seen.ends}
    assert [x / 10 for x in found[quantity]] == [value, value], source
