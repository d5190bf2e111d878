import pytest
from setups.timeline import (
    LONG,
    awaiting,
    delay,
    duty,
    every_engine,
    line,
    play,
    request,
    server,
    step,
    town,
    yielding,
)

pytestmark = every_engine

# Arriving: after(), lag, lag_clock, gate, begin, next, leave


@pytest.mark.parametrize(
    ("begin", "lag", "arrival"),
    [(0, 0, 2), (0, 2, 4), (0, 3, 8), (0, 4, 9), (3, 1, 4), (3, 2, 8), (5, 0, 8), (9, 2, 11), (0, 14, 19)],
)
def test_a_working_lag_ends_at_an_instant_inside_its_calendar(engine, begin, lag, arrival):
    # [2, 5) and [8, 20): the third tick has passed at 5, which lies outside, so 8.
    there = request(begin, delay(lag=lag, lag_clock=0))
    assert play(engine, town([there], calendars=[[(2, 5), (8, 20)]])).arrivals == [arrival]


def test_touching_intervals_of_a_calendar_are_one(engine):
    there = request(2, delay(lag=3, lag_clock=0))
    assert play(engine, town([there], calendars=[[(2, 5), (5, 9)]])).arrivals == [5]


@pytest.mark.parametrize(("begin", "lag"), [(0, 3), (5, 0), (4, 1), (900, 0)])
def test_a_request_whose_calendar_ends_before_never_arrives(engine, begin, lag):
    there = request(begin, delay(lag=lag, lag_clock=0))
    seen = play(engine, town([there], calendars=[[(2, 5)]]))
    assert seen.visits == [(-1, -1, -1, -1, 0, 0, "absent")]


def test_a_lag_without_a_clock_is_plain_time(engine):
    assert play(engine, town([request(3, delay(lag=4))])).arrivals == [7]


@pytest.mark.parametrize(("begin", "arrival"), [(0, 10), (10, 10), (11, 20), (22, 22), (24, -1)])
def test_a_gate_lets_through_at_its_instants(engine, begin, arrival):
    seen = play(engine, town([request(begin, delay(gate=0))], calendars=[[(10, 11), (20, 24)]]))
    assert seen.arrivals == [arrival]


@pytest.mark.parametrize(("lag", "arrival"), [(1, 5), (3, 9), (4, 9), (5, 30)])
def test_the_gate_follows_the_working_lag(engine, lag, arrival):
    # Working time [2, 5) [8, 20): lags of 1, 3, 4, 5 end at 3, 8, 9, 10; the gate opens at 5, 9 and 30.
    there = request(0, delay(lag=lag, lag_clock=0, gate=1))
    calendars = [[(2, 5), (8, 20)], [(5, 6), (9, 10), (30, 31)]]
    assert play(engine, town([there], calendars=calendars)).arrivals == [arrival]


def test_next_and_leave_start_their_lag_at_the_end(engine):
    # Served at 4, so 4 + 3; gives up at 2 + 5, so 7 + 6, at the gate 20.
    served = request(0, step(4, next=1), delay(lag=3))
    gone = request(2, step(1, station=1, patience=5, leave=1), delay(lag=6, gate=0))
    seen = play(engine, town([served, gone], stations=2, duties=[duty(0)], calendars=[[(20, 21)]]))
    assert seen.arrivals == [0, 7, 2, 20]
    assert seen.outcomes == ["served", "served", "abandoned", "served"]


def test_next_and_leave_may_skip_steps(engine):
    seen = play(engine, town([request(0, step(2, next=3, leave=1), step(1), step(1), step(1))]))
    assert seen.visits[1:3] == [(-1, -1, -1, -1, 0, 0, "absent")] * 2
    assert seen.arrivals == [0, -1, -1, 2]


def test_a_request_ends_without_a_next(engine):
    assert play(engine, town([request(0, step(2), step(1))])).outcomes == ["served", "absent"]


def test_a_pure_delay_is_served_on_arrival(engine):
    # The card is printed for 7 ticks between two counters; nobody works on it.
    card = request(0, step(5, next=1), delay(lag=7, next=2), step(1))
    seen = play(engine, town([card]))
    assert seen.visits == [
        (0, 0, 5, 0, 5, 0, "served"),
        (12, -1, 12, -1, 0, 0, "served"),
        (12, 12, 13, 0, 1, 0, "served"),
    ]
    assert seen.spells == [(0, 0, 0, 5, 5, 0), (2, 0, 12, 13, 1, 0)]


# On duty


def test_what_waits_is_taken_at_the_opening(engine):
    assert play(engine, town([request(2, step(3))], servers=[server((5, 20))])).stretches == [(0, 0, 5, 8)]


def test_nothing_starts_at_the_instant_of_the_close(engine):
    seen = play(engine, town([request(10, step(3))], servers=[server((0, 10), (20, 30))]))
    assert seen.stretches == [(0, 0, 20, 23)]


def test_a_server_may_start_in_its_last_tick(engine):
    seen = play(engine, town([request(9, step(3))], servers=[server((0, 10), (20, 30))]))
    assert seen.spells == [(0, 0, 9, 22, 3, 0)]


def test_a_server_serves_the_stations_of_the_duty_that_it_is_on(engine):
    # Station 1 is served from 10 on, station 0 no more.
    early, late = request(2, step(3, station=1)), request(12, step(3))
    there = server((0, 10, 0), (10, 90, 1))
    seen = play(engine, town([early, late], stations=2, duties=[duty(0), duty(1)], servers=[there]))
    assert seen.stretches == [(0, 0, 10, 13)]
    assert seen.outcomes == ["served", "open"]


def test_a_server_without_lines_takes_nothing(engine):
    there = server((0, 10, 1), (10, 90, 0))
    seen = play(engine, town([request(2, step(3))], duties=[duty(0), duty()], servers=[there]))
    assert seen.stretches == [(0, 0, 10, 13)]


# Spells: pace, suspension, changeover, past closing, hand back


@pytest.mark.parametrize(
    ("work", "pace", "ticks"),
    [
        (3, 1500, 5),
        (1, 1500, 2),
        (7, 1150, 8),
        (1, 499, 0),
        (1, 500, 1),
        (10, 450, 5),
        (0, 1000, 0),
        (9, 1, 0),
    ],
)
def test_a_spell_takes_its_work_at_the_pace_to_the_nearest_tick(engine, work, pace, ticks):
    seen = play(engine, town([request(4, step(work))], duties=[duty(line(0, pace=pace))]))
    assert seen.visits == [(4, 4, 4 + ticks, 0, work, 0, "served")]
    assert seen.spells == [(0, 0, 4, 4 + ticks, ticks, 0)]


def test_a_spell_is_suspended_until_the_next_opening(engine):
    # 3 ticks in [0, 5), 2 in [8, 10), the last 5 from 20.
    there = server((0, 5), (8, 10), (20, 40))
    seen = play(engine, town([request(2, step(10))], servers=[there]))
    assert seen.visits == [(2, 2, 25, 0, 10, 0, "served")]
    assert seen.spells == [(0, 0, 2, 25, 10, 0)]


def test_a_spell_may_end_just_at_a_close(engine):
    seen = play(engine, town([request(5, step(5))], servers=[server((0, 10), (20, 30))]))
    assert seen.spells == [(0, 0, 5, 10, 5, 0)]


def test_a_spell_runs_on_through_touching_intervals(engine):
    seen = play(engine, town([request(0, step(15))], servers=[server((0, 10), (10, 30))]))
    assert seen.spells == [(0, 0, 0, 15, 15, 0)]


def test_a_spell_without_another_opening_stays_open(engine):
    seen = play(engine, town([request(5, step(10))], servers=[server((0, 10))]))
    assert seen.visits == [(5, 5, -1, 0, 5, 0, "open")]
    assert seen.spells == [(0, 0, 5, -1, 5, 0)]


def test_the_next_spell_has_the_pace_of_its_own_duty(engine):
    # 5 ticks at pace 1500 do 3 of 10; the 7 left take 14 ticks at pace 2000.
    servers = [server((0, 5, 0, 1)), server((5, LONG, 1))]
    duties = [duty(line(0, pace=1500)), duty(line(0, pace=2000))]
    seen = play(engine, town([request(0, step(10))], servers=servers, duties=duties))
    assert seen.visits == [(0, 0, 19, 1, 10, 1, "served")]
    assert seen.spells == [(0, 0, 0, 5, 5, 0), (0, 1, 5, 19, 14, 0)]


def test_changing_sites_takes_the_changeover(engine):
    # Sites of the five: 0 (where it starts), 1, 1, anywhere, 0; 3 ticks for each change.
    where = [0, 1, 1, 2, 0]
    seen = play(
        engine,
        town(
            [request(0, step(2, station=x)) for x in where],
            sites=[0, 1, -1],
            servers=[server(changeover=3)],
        ),
    )
    assert seen.spells == [
        (0, 0, 0, 2, 2, 0),
        (1, 0, 2, 7, 5, 3),
        (2, 0, 7, 9, 2, 0),
        (3, 0, 9, 11, 2, 0),
        (4, 0, 11, 16, 5, 3),
    ]


def test_a_changeover_is_no_work_and_has_no_pace(engine):
    duties = [duty(line(0, pace=2000))]
    seen = play(engine, town([request(0, step(2))], sites=[1], servers=[server(changeover=3)], duties=duties))
    assert seen.visits == [(0, 0, 7, 0, 2, 0, "served")]
    assert seen.spells == [(0, 0, 0, 7, 7, 3)]


def test_a_changeover_is_suspended_like_work(engine):
    # Changeover at 3, 4, 10, 11; work at 12, 13.
    there = server((0, 5), (10, 30), changeover=4)
    seen = play(engine, town([request(3, step(2))], sites=[1], servers=[there]))
    assert seen.spells == [(0, 0, 3, 14, 6, 4)]


def test_a_server_is_home_again_after_a_gap(engine):
    # At site 1 until 10; at 20 it is back at site 0, so the third travels and the second need not.
    there = server((0, 10), (20, 90), changeover=3)
    requests = [request(0, step(2)), request(21, step(2, station=1)), request(24, step(2))]
    seen = play(engine, town(requests, sites=[1, 0], servers=[there]))
    assert seen.spells == [(0, 0, 0, 5, 5, 3), (1, 0, 21, 23, 2, 0), (2, 0, 24, 29, 5, 3)]


def test_a_server_stays_where_it_is_at_a_touching_opening(engine):
    there = server((0, 10), (10, 90), changeover=3)
    seen = play(engine, town([request(0, step(2)), request(12, step(2))], sites=[1], servers=[there]))
    assert seen.spells == [(0, 0, 0, 5, 5, 3), (1, 0, 12, 14, 2, 0)]


def test_a_server_interrupted_at_a_touching_close_stays_where_it_is(engine):
    # Handed back at 10 and taken again at 10, at site 1 already.
    there = server((0, 10, 0, 1), (10, 90), changeover=3)
    seen = play(engine, town([request(0, step(9))], sites=[1], servers=[there]))
    assert seen.spells == [(0, 0, 0, 10, 10, 3), (0, 0, 10, 12, 2, 0)]


def test_a_server_that_ended_past_closing_is_home_at_its_opening(engine):
    # 8 to 13 in overtime at site 1; at 20 it travels again.
    there = server((0, 10), (20, 90), changeover=3)
    requests = [request(8, step(2, past_closing=1)), request(9, step(2))]
    seen = play(engine, town(requests, sites=[1], servers=[there]))
    assert seen.spells == [(0, 0, 8, 13, 5, 3), (1, 0, 20, 25, 5, 3)]


def test_a_step_past_closing_counts_every_tick(engine):
    # Overtime 10 to 13, after which the server is off duty and takes nothing until 20.
    requests = [request(8, step(5, past_closing=1)), request(9, step(2))]
    seen = play(engine, town(requests, servers=[server((0, 10), (20, 90))]))
    assert seen.spells == [(0, 0, 8, 13, 5, 0), (1, 0, 20, 22, 2, 0)]


def test_a_step_past_closing_runs_through_closes_and_openings(engine):
    there = server((0, 10), (12, 14), (20, 90))
    seen = play(engine, town([request(8, step(10, past_closing=1))], servers=[there]))
    assert seen.spells == [(0, 0, 8, 18, 10, 0)]


def test_hand_back_gives_the_step_to_another(engine):
    servers = [server((0, 4, 0, 1)), server()]
    seen = play(engine, town([request(0, step(10))], servers=servers))
    assert seen.visits == [(0, 0, 10, 1, 10, 1, "served")]
    assert seen.spells == [(0, 0, 0, 4, 4, 0), (0, 1, 4, 10, 6, 0)]


def test_hand_back_in_the_changeover_has_done_nothing(engine):
    # Three ticks of changeover, no work; the next server travels for 5 and works for 4.
    servers = [server((0, 8, 0, 1), changeover=5), server(changeover=5)]
    seen = play(engine, town([request(5, step(4))], sites=[1], servers=servers))
    assert seen.visits == [(5, 5, 17, 1, 4, 1, "served")]
    assert seen.spells == [(0, 0, 5, 8, 3, 3), (0, 1, 8, 17, 9, 5)]


def test_hand_back_counts_at_the_close_of_its_own_interval(engine):
    # Suspended at 4, handed back at 12 after 6 ticks, taken again at 20.
    there = server((0, 4), (10, 12, 0, 1), (20, 90))
    seen = play(engine, town([request(0, step(10))], servers=[there]))
    assert seen.visits == [(0, 0, 24, 0, 10, 1, "served")]
    assert seen.spells == [(0, 0, 0, 12, 6, 0), (0, 0, 20, 24, 4, 0)]


def test_a_spell_may_be_interrupted_in_the_instant_it_began(engine):
    seen = play(engine, town([request(5, yielding(4)), request(5, step(3))]))
    assert seen.visits == [(5, 5, 12, 0, 4, 1, "served"), (5, 5, 8, 0, 3, 0, "served")]
    assert seen.spells == [(0, 0, 5, 5, 0, 0), (0, 0, 8, 12, 4, 0), (1, 0, 5, 8, 3, 0)]


# Events at one instant: each pair of kinds, then two of a kind


def test_an_end_comes_before_the_close_of_the_same_server(engine):
    # Served at 10, so hand_back finds nothing to hand back.
    seen = play(engine, town([request(0, step(10))], servers=[server((0, 10, 0, 1)), server()]))
    assert seen.visits == [(0, 0, 10, 0, 10, 0, "served")]


def test_an_end_comes_before_the_close_of_another_server(engine):
    # At 10 server 1 ends B and takes C; then A is handed back and waits for it.
    requests = [request(0, step(15)), request(0, step(10)), request(3, step(4))]
    seen = play(engine, town(requests, servers=[server((0, 10, 0, 1)), server()]))
    assert seen.stretches == [(0, 0, 0, 10), (0, 1, 14, 19), (1, 1, 0, 10), (2, 1, 10, 14)]


def test_an_end_comes_before_an_opening(engine):
    # At 10 server 1 ends A and takes B; then server 0 opens and finds nothing.
    requests = [request(0, step(10)), request(2, step(4))]
    seen = play(engine, town(requests, servers=[server((10, LONG)), server()]))
    assert seen.stretches == [(0, 1, 0, 10), (1, 1, 10, 14)]


def test_an_end_comes_before_a_leaving(engine):
    seen = play(engine, town([request(2, step(4, patience=8)), request(0, step(10))]))
    assert seen.visits[0] == (2, 10, 14, 0, 4, 0, "served")


def test_an_end_comes_before_an_arrival(engine):
    # At 10 the one who waits is taken before the more urgent one arrives.
    requests = [request(10, step(2, priority=1)), request(1, step(3, priority=2)), request(0, step(10))]
    seen = play(engine, town(requests))
    assert seen.stretches == [(0, 0, 13, 15), (1, 0, 10, 13), (2, 0, 0, 10)]


def test_a_close_comes_before_an_opening(engine):
    # At 10 A returns before server 0 opens, which takes it before B, who came later.
    requests = [request(0, step(15)), request(1, step(4))]
    seen = play(engine, town(requests, servers=[server((10, LONG)), server((0, 10, 0, 1))]))
    assert seen.stretches == [(0, 1, 0, 10), (0, 0, 10, 15), (1, 0, 15, 19)]


def test_a_close_and_a_leaving_meet(engine):
    # Neither acts on the other: A is handed back at 10, B gives up at 10.
    requests = [request(0, step(15)), request(2, step(4, patience=8))]
    seen = play(engine, town(requests, servers=[server((0, 10, 0, 1), (20, 90))]))
    assert seen.visits == [(0, 0, 25, 0, 15, 1, "served"), (2, -1, 10, -1, 0, 0, "abandoned")]


def test_a_close_comes_before_an_arrival(engine):
    # At 10 the idle server gets the returned step, not the one that arrives.
    requests = [request(10, step(3)), request(0, step(15))]
    seen = play(engine, town(requests, servers=[server((0, 10, 0, 1)), server((5, LONG))]))
    assert seen.stretches == [(0, 1, 15, 18), (1, 0, 0, 10), (1, 1, 10, 15)]


def test_an_opening_comes_before_a_leaving(engine):
    seen = play(engine, town([request(2, step(4, patience=8))], servers=[server((10, LONG))]))
    assert seen.visits == [(2, 10, 14, 0, 4, 0, "served")]


def test_an_opening_comes_before_an_arrival(engine):
    requests = [request(10, step(2, priority=1)), request(2, step(3, priority=2))]
    seen = play(engine, town(requests, servers=[server((10, LONG))]))
    assert seen.stretches == [(0, 0, 13, 15), (1, 0, 10, 13)]


def test_a_leaving_comes_before_an_arrival(engine):
    # The chair that B leaves at 10 is free for A, who arrives at 10.
    requests = [request(10, step(2)), request(2, step(3, patience=8))]
    seen = play(engine, town(requests, servers=[server((20, LONG))], halls=[0], rooms=[1]))
    assert seen.outcomes == ["served", "abandoned"]


def test_ends_come_by_server(engine):
    # Both end at 10; server 0, which began later, takes the first of the two who wait.
    requests = [request(0, step(10)), request(2, step(8)), request(3, step(1)), request(4, step(1))]
    seen = play(engine, town(requests, servers=[server((2, LONG)), server()]))
    assert seen.servers == [1, 0, 0, 1]


def test_closings_come_by_server(engine):
    # Server 0 hands back B first, so B gets the idle server and A, who came earlier, waits.
    requests = [request(0, step(20)), request(2, step(20))]
    servers = [server((2, 10, 0, 1)), server((0, 10, 0, 1)), server((5, LONG))]
    seen = play(engine, town(requests, servers=servers))
    assert seen.stretches == [(0, 1, 0, 10), (0, 2, 22, 32), (1, 0, 2, 10), (1, 2, 10, 22)]


def test_openings_come_by_server(engine):
    requests = [request(2, step(3)), request(1, step(3))]
    seen = play(engine, town(requests, servers=[server((10, LONG)), server((10, LONG))]))
    assert seen.servers == [1, 0]


def test_all_leavings_come_before_what_they_set_off(engine):
    # A and B give up at 10; A comes again at 10, when B has left the only chair.
    first = request(2, step(3, patience=8, leave=1), step(3, station=1))
    second = request(2, step(3, station=1, patience=8))
    seen = play(
        engine,
        town([first, second], stations=2, halls=[-1, 0], rooms=[1], servers=[server((20, LONG))]),
    )
    assert seen.outcomes == ["abandoned", "served", "abandoned"]


def test_arrivals_come_by_request_not_by_urgency(engine):
    requests = [request(10, step(3, priority=2)), request(10, step(2))]
    assert play(engine, town(requests)).starts == [10, 13]


def test_an_arrival_set_off_at_the_instant_keeps_its_place(engine):
    # The delay of request 0 ends at 10 and its next step arrives before request 1 does.
    requests = [request(10, delay(next=1), step(3)), request(10, step(2))]
    assert play(engine, town(requests)).starts == [-1, 10, 13]


def test_an_end_set_off_by_an_opening_comes_before_the_next_opening(engine):
    # Server 0 opens, serves the step of no work and takes again before server 1 opens.
    requests = [request(1, step(0)), request(2, step(3)), request(3, step(3))]
    seen = play(engine, town(requests, servers=[server((10, LONG)), server((10, LONG))]))
    assert seen.stretches == [(0, 0, 10, 10), (1, 0, 10, 13), (2, 1, 10, 13)]


def test_a_server_takes_before_the_request_that_it_served_arrives_again(engine):
    # The second step of A is urgent, but B has been taken when it arrives.
    requests = [request(0, step(10, next=1), step(2)), request(1, step(3, priority=2))]
    assert play(engine, town(requests)).starts == [0, 13, 10]


def test_a_request_may_go_on_with_the_same_server_at_once(engine):
    seen = play(engine, town([request(0, step(10, next=1), step(2))]))
    assert seen.stretches == [(0, 0, 0, 10), (1, 0, 10, 12)]


# Taking: a busy server chooses at 10


def choose(engine, *waiting, **network):
    """Return the steps in the order of their starts, all waiting before 10 for one busy server."""
    stations = {"stations": network.pop("stations", 2)}
    busy = request(0, step(10, station=stations["stations"] - 1))
    seen = play(engine, town([*waiting, busy], **stations, **network))
    return [i for _, i in sorted((start, i) for i, start in enumerate(seen.starts[:-1]))]


def test_a_server_takes_by_priority_before_rank(engine):
    waiting = [request(1, step(2, priority=2)), request(2, step(2, station=1, priority=1))]
    assert choose(engine, *waiting, duties=[duty(line(0, rank=0), line(1, rank=1))]) == [1, 0]


def test_a_server_takes_by_rank_before_arrival(engine):
    waiting = [request(1, step(2)), request(2, step(2, station=1))]
    assert choose(engine, *waiting, duties=[duty(line(0, rank=1), line(1, rank=0))]) == [1, 0]


def test_a_server_takes_the_oldest_among_equal_ranks(engine):
    waiting = [request(2, step(2)), request(1, step(2, station=1))]
    assert choose(engine, *waiting, duties=[duty(line(0, rank=4), line(1, rank=4))]) == [1, 0]


def test_a_server_takes_the_first_request_among_equal_arrivals(engine):
    waiting = [request(1, step(2, station=1)), request(1, step(2))]
    assert choose(engine, *waiting, duties=[duty(0, 1)]) == [0, 1]


def test_a_station_orders_by_priority_then_arrival_then_request(engine):
    waiting = [
        request(1, step(2, priority=2)),
        request(3, step(2, priority=1)),
        request(2, step(2, priority=1)),
        request(1, step(2, priority=2)),
    ]
    assert choose(engine, *waiting) == [2, 1, 0, 3]


def test_longest_takes_where_most_wait(engine):
    # Two wait at station 1 and one at 0, who came first; then one and one, and the older goes first.
    waiting = [request(1, step(2)), request(2, step(2, station=1)), request(3, step(2, station=1))]
    assert choose(engine, *waiting, duties=[duty(0, 1, longest=1)]) == [1, 0, 2]


def test_longest_comes_before_rank(engine):
    waiting = [request(1, step(2)), request(2, step(2, station=1)), request(3, step(2, station=1))]
    duties = [duty(line(0, rank=0), line(1, rank=1), longest=1)]
    assert choose(engine, *waiting, duties=duties) == [1, 0, 2]


def test_longest_comes_after_priority(engine):
    waiting = [
        request(1, step(2, priority=1)),
        request(2, step(2, station=1, priority=2)),
        request(3, step(2, station=1, priority=2)),
    ]
    assert choose(engine, *waiting, duties=[duty(0, 1, longest=1)]) == [0, 1, 2]


def test_equally_long_stations_go_by_rank_then_arrival_then_request(engine):
    # Stations 0, 1, 2 hold one each: rank 0 before rank 1, then the older, then the lower request.
    waiting = [
        request(1, step(2, station=0)),
        request(3, step(2, station=1)),
        request(2, step(2, station=2)),
        request(2, step(2, station=3)),
    ]
    lines = [line(0, rank=1), line(1), line(2), line(3)]
    assert choose(engine, *waiting, stations=4, duties=[duty(*lines, longest=1)]) == [2, 3, 1, 0]


def test_longest_counts_returned_steps(engine):
    # At 10 A is back at station 1 (it was handed back at 4), where C waits too; B alone at 0 is older.
    requests = [
        request(2, step(6, station=1)),
        request(1, step(2)),
        request(5, step(2, station=1)),
        request(0, step(10)),
    ]
    servers = [server((0, LONG, 0)), server((0, 4, 1, 1))]
    duties = [duty(0, 1, longest=1), duty(1)]
    seen = play(engine, town(requests, stations=2, servers=servers, duties=duties))
    assert seen.stretches == [(0, 1, 2, 4), (0, 0, 10, 14), (1, 0, 14, 16), (2, 0, 16, 18), (3, 0, 0, 10)]


# Placing: with an idle server


def test_an_arrival_goes_to_the_idle_server_with_the_fewest_stations(engine):
    # Server 1 ended a spell at 5, server 0 has done nothing: the number of stations comes first.
    requests = [request(0, step(5)), request(6, step(5))]
    servers = [server((0, LONG, 0)), server((0, LONG, 1))]
    seen = play(engine, town(requests, stations=2, duties=[duty(0, 1), duty(0)], servers=servers))
    assert seen.servers == [1, 1]


def test_an_arrival_goes_to_the_idle_server_whose_last_spell_ended_earliest(engine):
    requests = [request(0, step(5)), request(0, step(3)), request(6, step(1))]
    assert play(engine, town(requests, servers=[server(), server()])).servers == [0, 1, 1]


def test_an_interrupted_spell_counts_as_the_last(engine):
    # Server 0 handed A back at 10 (ended by server 2), server 1 ended B at 5: server 1 has been idle longer.
    requests = [request(0, step(20)), request(0, step(5)), request(30, step(1))]
    servers = [server((0, 10, 0, 1), (20, 90)), server((0, 7), (20, 90)), server((8, 25))]
    seen = play(engine, town(requests, servers=servers))
    assert seen.stretches == [(0, 0, 0, 10), (0, 2, 10, 20), (1, 1, 0, 5), (2, 1, 30, 31)]


def test_an_arrival_goes_to_the_lowest_of_equally_idle_servers(engine):
    # Server 0 ended a spell of no work at 0, server 1 had none, which counts as 0 too.
    requests = [request(0, step(0)), request(3, step(2))]
    assert play(engine, town(requests, servers=[server(), server()])).servers == [0, 0]


def test_only_a_server_on_duty_with_the_station_is_idle_for_a_step(engine):
    # Server 0 is off duty, server 1 has another duty, server 2 is busy until 5.
    requests = [request(0, step(5)), request(2, step(3))]
    servers = [server((9, LONG, 0)), server((0, LONG, 1)), server((0, LONG, 0))]
    seen = play(engine, town(requests, stations=2, duties=[duty(0), duty(1)], servers=servers))
    assert seen.stretches == [(0, 2, 0, 5), (1, 2, 5, 8)]


# Placing: by interruption


@pytest.mark.parametrize(("urgency", "yields_to", "start"), [(0, 0, 10), (0, 1, 4), (1, 1, 10), (2, 3, 4), (3, 3, 10)])
def test_a_step_interrupts_what_yields_to_more_than_its_priority(engine, urgency, yields_to, start):
    requests = [request(0, step(10, priority=3, yields_to=yields_to)), request(4, step(3, priority=urgency))]
    assert play(engine, town(requests)).starts == [0, start]


def test_an_interrupted_step_goes_on_with_what_is_left(engine):
    seen = play(engine, town([request(0, yielding(10)), request(4, step(3))]))
    assert seen.visits == [(0, 0, 13, 0, 10, 1, "served"), (4, 4, 7, 0, 3, 0, "served")]
    assert seen.spells == [(0, 0, 0, 4, 4, 0), (0, 0, 7, 13, 6, 0), (1, 0, 4, 7, 3, 0)]


def test_an_idle_server_comes_before_an_interruption(engine):
    # Server 1 has more stations, but it is idle.
    requests = [request(0, yielding(10)), request(4, step(3))]
    servers = [server((0, LONG, 0)), server((0, LONG, 1))]
    seen = play(engine, town(requests, stations=2, duties=[duty(0), duty(0, 1)], servers=servers))
    assert seen.stretches == [(0, 0, 0, 10), (1, 1, 4, 7)]


def test_the_least_urgent_spell_is_interrupted_first(engine):
    # At 5 server 0 has 95 left of priority 2, server 1 only 1 left of priority 3.
    requests = [
        request(0, yielding(100)),
        request(0, step(6, priority=3, yields_to=3)),
        request(5, step(2)),
    ]
    assert play(engine, town(requests, servers=[server(), server()])).servers == [0, 1, 1]


def test_among_equals_the_spell_with_most_work_left_is_interrupted(engine):
    # At 16 server 0 has 4 of 20 left, in 4 ticks; server 1 at pace 500 has 13 - 8 = 5 left, in 3 ticks.
    requests = [request(0, yielding(20)), request(12, yielding(13)), request(16, step(2))]
    servers = [server((0, LONG, 0)), server((0, LONG, 1))]
    seen = play(engine, town(requests, duties=[duty(0), duty(line(0, pace=500))], servers=servers))
    assert seen.stretches == [(0, 0, 0, 20), (1, 1, 12, 16), (1, 1, 17, 20), (2, 1, 16, 17)]


def test_a_changeover_leaves_all_the_work(engine):
    # At 3 server 0 is still travelling with 5 left, server 1 has 4 left of 7.
    requests = [request(0, yielding(5)), request(0, yielding(7)), request(3, step(2))]
    seen = play(engine, town(requests, sites=[1], servers=[server(changeover=4), server()]))
    assert seen.spells == [
        (0, 0, 0, 3, 3, 3),
        (0, 0, 5, 10, 5, 0),
        (1, 1, 0, 7, 7, 0),
        (2, 0, 3, 5, 2, 0),
    ]


def test_among_equals_in_work_the_lowest_server_is_interrupted(engine):
    # At 6 both have 6 left; server 0 began later, with a later request.
    requests = [request(0, yielding(12)), request(2, yielding(10)), request(6, step(2))]
    assert play(engine, town(requests, servers=[server((2, LONG)), server()])).servers == [1, 0, 0]


def test_an_interrupted_step_goes_to_a_server_that_is_idle(engine):
    # A is on server 0, which alone serves the urgent station; server 1 has been idle since 2.
    requests = [request(0, step(2, station=1)), request(1, yielding(10, station=1)), request(5, step(3))]
    servers = [server((0, LONG, 0)), server((0, LONG, 1))]
    seen = play(engine, town(requests, stations=2, duties=[duty(0, 1), duty(1)], servers=servers))
    assert seen.stretches == [(0, 1, 0, 2), (1, 0, 1, 5), (1, 1, 5, 11), (2, 0, 5, 8)]


def test_an_interrupted_step_may_interrupt_another(engine):
    # At 5 the emergency takes server 0 from B, B takes server 1 from A, and A waits until 8.
    requests = [
        request(0, step(10, station=1, priority=3, yields_to=3)),
        request(1, step(10, station=1, priority=1, yields_to=1)),
        request(5, step(3)),
    ]
    servers = [server((0, LONG, 0)), server((0, LONG, 1))]
    seen = play(engine, town(requests, stations=2, duties=[duty(0, 1), duty(1)], servers=servers))
    assert seen.stretches == [(0, 1, 0, 5), (0, 0, 8, 13), (1, 0, 1, 5), (1, 1, 5, 11), (2, 0, 5, 8)]


# Server 0 alone serves station 1, server 1 alone station 2; both serve station 0.
SHARED = {"stations": 3, "duties": [duty(0, 1), duty(0, 2)], "servers": [server(), server((0, LONG, 1))]}


def test_a_returned_step_stands_before_the_later_of_its_equals(engine):
    # All three came at 0. B is interrupted at 3 and stands before C, who has not been served yet.
    requests = [request(0, yielding(10)) for _ in range(3)] + [request(3, step(2, station=2))]
    seen = play(engine, town(requests, **SHARED))
    assert seen.stretches == [(0, 0, 0, 10), (1, 1, 0, 3), (1, 1, 5, 12), (2, 0, 10, 20), (3, 1, 3, 5)]


def test_a_returned_step_stands_behind_the_earlier_of_its_equals(engine):
    # Both came at 0. A is interrupted at 3 and B at 4: server 1, free at 6, takes A.
    requests = [request(0, yielding(10)) for _ in range(2)]
    requests += [request(3, step(5, station=1)), request(4, step(2, station=2))]
    seen = play(engine, town(requests, **SHARED))
    assert seen.stretches == [(0, 0, 0, 3), (0, 1, 6, 13), (1, 1, 0, 4), (1, 0, 8, 14), (2, 0, 3, 8), (3, 1, 4, 6)]


def test_a_spell_is_not_interrupted_at_the_instant_of_its_close(engine):
    # The urgent step comes at 10, as the server goes: it has to wait for the opening.
    requests = [request(0, yielding(15)), request(10, step(2))]
    seen = play(engine, town(requests, servers=[server((0, 10), (20, 90))]))
    assert seen.stretches == [(0, 0, 0, 20), (0, 0, 22, 27), (1, 0, 20, 22)]


def test_a_step_handed_back_interrupts_nobody_whose_close_is_still_to_come_at_that_instant(engine):
    # Both close at 10, server 0 first: the step that it hands back has the right to interrupt, but there is nobody.
    requests = [request(0, step(20, priority=1, yields_to=1)), request(0, yielding(15))]
    seen = play(engine, town(requests, servers=[server((0, 10, 0, 1)), server((0, 10), (20, 90))]))
    assert seen.stretches == [(0, 0, 0, 10), (0, 1, 20, 30), (1, 1, 0, 20), (1, 1, 30, 35)]


@pytest.mark.parametrize(("urgency", "stretches"), [
    (2, [(0, 0, 5, 25), (1, 0, 25, 28)]),
    (1, [(0, 0, 5, 20), (0, 0, 23, 28), (1, 0, 20, 23)]),
])  # fmt: skip
def test_at_an_opening_too_a_spell_yields_below_its_yields_to_and_not_below_its_priority(engine, urgency, stretches):
    requests = [request(5, step(10, priority=3, yields_to=2)), request(15, step(3, priority=urgency))]
    assert play(engine, town(requests, servers=[server((0, 10), (20, 90))])).stretches == stretches


def test_overtime_is_not_interrupted(engine):
    # At 11 the server is off duty, working on past its close.
    requests = [request(8, yielding(5, past_closing=1)), request(11, step(2))]
    seen = play(engine, town(requests, servers=[server((0, 10), (20, 90))]))
    assert seen.stretches == [(0, 0, 8, 13), (1, 0, 20, 22)]


def test_an_opening_lets_an_urgent_step_interrupt_a_suspended_one(engine):
    # 5 of 10 done by 10; the urgent step goes from 20 to 23, the other from 23 to 28.
    requests = [request(5, yielding(10)), request(15, step(3))]
    seen = play(engine, town(requests, servers=[server((0, 10), (20, 90))]))
    assert seen.stretches == [(0, 0, 5, 20), (0, 0, 23, 28), (1, 0, 20, 23)]


def test_an_opening_without_anything_more_urgent_goes_on(engine):
    # The one who waits is of an equal priority and came in the night.
    requests = [request(5, yielding(10)), request(15, yielding(3))]
    seen = play(engine, town(requests, servers=[server((0, 10), (20, 90))]))
    assert seen.spells == [(0, 0, 5, 25, 10, 0), (1, 0, 25, 28, 3, 0)]


def test_a_step_interrupted_at_an_opening_is_placed(engine):
    # Server 1, with station 1 only, has been idle since 18: it gets the step that server 0 drops at 20.
    requests = [request(5, yielding(10, station=1)), request(15, step(3))]
    servers = [server((0, 10, 0), (20, 90, 0)), server((18, 90, 1))]
    seen = play(engine, town(requests, stations=2, duties=[duty(0, 1), duty(1)], servers=servers))
    assert seen.stretches == [(0, 0, 5, 20), (0, 1, 20, 25), (1, 0, 20, 23)]


def test_an_opening_under_another_duty_may_interrupt_what_that_duty_lacks(engine):
    # From 20 the server has station 1 only; nobody is left for the step that returns to station 0.
    requests = [request(5, yielding(10)), request(15, step(3, station=1))]
    there = server((0, 10, 0), (20, 90, 1))
    seen = play(engine, town(requests, stations=2, duties=[duty(0), duty(1)], servers=[there]))
    assert seen.visits == [(5, 5, -1, 0, 5, 1, "open"), (15, 20, 23, 0, 3, 0, "served")]
    assert seen.stretches == [(0, 0, 5, 20), (1, 0, 20, 23)]


# Placing: halls


def test_an_arrival_is_refused_when_its_hall_is_full(engine):
    # A is served, B waits in the only chair, C is refused at 2 and comes again at 13.
    requests = [
        request(0, step(10)),
        request(1, step(3)),
        request(2, step(3, leave=1), step(3, lag=11)),
    ]
    seen = play(engine, town(requests, halls=[0], rooms=[1]))
    assert seen.visits[2:] == [(2, -1, 2, -1, 0, 0, "refused"), (13, 13, 16, 0, 3, 0, "served")]


def test_a_hall_without_room_refuses_only_those_who_would_wait(engine):
    # A finds the server idle, B is refused, C interrupts A, and A, back without a chair, is not refused.
    requests = [request(0, yielding(10)), request(1, yielding(3)), request(2, step(3))]
    seen = play(engine, town(requests, halls=[0], rooms=[0]))
    assert seen.outcomes == ["served", "refused", "served"]
    assert seen.stretches == [(0, 0, 0, 2), (0, 0, 5, 13), (2, 0, 2, 5)]


def test_stations_share_the_room_of_their_hall(engine):
    # One waits at station 0 and one at station 1: hall 0 is full; hall 1 and station 3 without one are not.
    waiting = [request(1 + i, step(3, station=x)) for i, x in enumerate([0, 1, 0, 1, 2, 3, 3])]
    requests = [request(0, step(10)), *waiting]
    seen = play(engine, town(requests, stations=4, halls=[0, 0, 1, -1], rooms=[2, 1]))
    assert seen.outcomes == ["served"] * 3 + ["refused"] * 2 + ["served"] * 3


def test_refused_without_a_leave_step_the_request_ends(engine):
    requests = [request(0, step(10)), request(1, step(3, next=1), step(3))]
    assert play(engine, town(requests, halls=[0], rooms=[0])).outcomes == ["served", "refused", "absent"]


# Leaving: patience, patience_clock, shuts


def test_a_step_is_abandoned_when_its_patience_ends(engine):
    requests = [request(0, step(10)), request(2, step(3, patience=5, leave=2), step(1), step(1, lag=6))]
    seen = play(engine, town(requests))
    assert seen.visits[1] == (2, -1, 7, -1, 0, 0, "abandoned")
    assert seen.arrivals[2:] == [-1, 13]
    assert seen.stretches == [(0, 0, 0, 10), (3, 0, 13, 14)]


def test_without_patience_a_step_leaves_at_once(engine):
    requests = [request(0, step(10)), request(2, step(3, patience=0)), request(10, step(3, patience=0))]
    seen = play(engine, town(requests))
    assert seen.ends == [10, 2, 13]
    assert seen.outcomes == ["served", "abandoned", "served"]


def test_who_never_waits_never_leaves(engine):
    seen = play(engine, town([request(0, step(10, patience=5, shuts=0))], calendars=[[(7, 8)]]))
    assert seen.outcomes == ["served"]


@pytest.mark.parametrize(("patience", "end"), [(2, 4), (3, 10), (5, 12), (13, -1)])
def test_patience_runs_on_its_clock(engine, patience, end):
    # [0, 5) and [10, 20): from 2 on, 3 ticks have passed at 5, where the clock stands still until 10.
    there = request(2, step(3, patience=patience, patience_clock=0))
    calendars = [[(0, 5), (10, 20)]]
    seen = play(engine, town([there], servers=[server((900, LONG))], calendars=calendars), until=500)
    assert seen.ends == [end]


@pytest.mark.parametrize(("begin", "end"), [(3, 10), (10, 10), (11, 20), (21, -1)])
def test_who_waits_when_the_office_shuts_leaves(engine, begin, end):
    there = request(begin, step(3, shuts=0))
    calendars = [[(10, 11), (20, 21)]]
    seen = play(engine, town([there], servers=[server((900, LONG))], calendars=calendars), until=500)
    assert seen.ends == [end]


@pytest.mark.parametrize(("patience", "end"), [(-1, 10), (4, 7), (7, 10), (9, 10)])
def test_the_earlier_of_patience_and_shutting_counts(engine, patience, end):
    there = request(3, step(3, patience=patience, shuts=0))
    seen = play(engine, town([there], servers=[server((50, LONG))], calendars=[[(10, 11)]]))
    assert seen.visits == [(3, -1, end, -1, 0, 0, "abandoned")]


def test_a_started_step_never_leaves(engine):
    # Patience would end at 7, in service, and the office shuts at 13, when A has been interrupted.
    requests = [
        request(0, step(2)),
        request(0, yielding(10, patience=7, shuts=0)),
        request(5, step(20)),
    ]
    seen = play(engine, town(requests, calendars=[[(13, 14)]]))
    assert seen.visits[1] == (0, 2, 32, 0, 10, 1, "served")


def test_a_started_step_that_is_suspended_never_leaves(engine):
    requests = [request(0, step(2)), request(0, step(10, patience=7))]
    seen = play(engine, town(requests, servers=[server((0, 5), (20, 90))]))
    assert seen.visits[1] == (0, 2, 27, 0, 10, 0, "served")


def test_who_leaves_makes_way_for_those_behind(engine):
    requests = [request(0, step(10)), request(1, step(3, patience=5)), request(2, step(3))]
    assert play(engine, town(requests)).starts == [0, -1, 10]


# Signals


def test_an_awaiting_step_is_served_by_its_signal(engine):
    # The patrol ends at 6; what it found goes to the counter at 6.
    requests = [request(1, awaiting(0, next=1), step(2)), request(0, step(6, emits=0))]
    seen = play(engine, town(requests))
    assert seen.visits[:2] == [(1, -1, 6, -1, 0, 0, "served"), (6, 6, 8, 0, 2, 0, "served")]
    assert seen.spells == [(1, 0, 6, 8, 2, 0), (2, 0, 0, 6, 6, 0)]


def test_an_awaiting_step_counts_emissions_from_its_arrival_on(engine):
    # Patrols end at 4, 8, 12, 16. From 5 on the second is at 12, from 3 on the third too; from 9 on too few.
    patrols = [request(0, step(4, emits=0)) for _ in range(4)]
    issues = [
        request(5, awaiting(0, count=2)),
        request(3, awaiting(0, count=3)),
        request(9, awaiting(0, count=3)),
        request(9, awaiting(1)),
    ]
    seen = play(engine, town([*issues, *patrols]))
    assert seen.ends[:4] == [12, 12, -1, -1]
    assert seen.outcomes[:4] == ["served", "served", "open", "open"]


def test_one_emission_serves_all_who_await_it(engine):
    issues = [request(i, awaiting(0, next=1), step(3)) for i in (2, 1)]
    seen = play(engine, town([*issues, request(0, step(5, emits=0))]))
    assert seen.ends == [5, 8, 5, 11, 5]


def test_an_emission_that_nobody_awaits_is_lost(engine):
    requests = [request(6, awaiting(0)), request(0, step(5, emits=0))]
    assert play(engine, town(requests)).outcomes == ["open", "served"]


def test_an_awaiting_step_that_has_left_is_not_served(engine):
    # A resident reports it at 4, before the patrol ends at 5.
    requests = [
        request(1, awaiting(0, patience=3, next=1, leave=2), delay(), delay()),
        request(0, step(5, emits=0)),
    ]
    seen = play(engine, town(requests))
    assert seen.visits[:3] == [
        (1, -1, 4, -1, 0, 0, "abandoned"),
        (-1, -1, -1, -1, 0, 0, "absent"),
        (4, -1, 4, -1, 0, 0, "served"),
    ]


def test_a_pure_delay_may_emit(engine):
    seen = play(engine, town([request(1, awaiting(0)), request(2, delay(lag=5, emits=0))]))
    assert seen.ends == [7, 7]


def test_a_step_that_is_abandoned_or_interrupted_emits_nothing(engine):
    requests = [
        request(0, awaiting(0)),
        request(0, yielding(10, emits=0)),
        request(1, step(9, emits=1, patience=2, priority=2)),
        request(4, step(3)),
        request(0, awaiting(1)),
    ]
    seen = play(engine, town(requests))
    assert seen.ends == [13, 13, 3, 7, -1]


# Horizon and records


def test_an_event_at_the_horizon_does_not_happen(engine):
    # At 10: an end, an opening, a leaving, an arrival.
    requests = [
        request(0, step(10)),
        request(2, step(3, station=1)),
        request(3, step(3, station=2, patience=7)),
        request(10, step(3)),
    ]
    servers = [server(), server((10, LONG, 1))]
    network = town(requests, stations=3, servers=servers, duties=[duty(0), duty(1)])
    seen = play(engine, network, until=10)
    assert seen.visits == [
        (0, 0, -1, 0, 10, 0, "open"),
        (2, -1, -1, -1, 0, 0, "open"),
        (3, -1, -1, -1, 0, 0, "open"),
        (-1, -1, -1, -1, 0, 0, "absent"),
    ]
    assert seen.spells == [(0, 0, 0, -1, 10, 0)]


def test_a_close_at_the_horizon_does_not_happen(engine):
    seen = play(engine, town([request(0, step(15))], servers=[server((0, 10, 0, 1))]), until=10)
    assert seen.visits == [(0, 0, -1, 0, 10, 0, "open")]
    assert seen.spells == [(0, 0, 0, -1, 10, 0)]


@pytest.mark.parametrize(
    ("pace", "until", "done", "ticks"),
    [(1500, 4, 2, 4), (1000, 4, 4, 4), (400, 3, 7, 3), (450, 5, 10, 5), (1500, 15, 10, 15)],
)
def test_work_in_progress_at_the_horizon_is_counted(engine, pace, until, done, ticks):
    # Whole units of work done; 5 ticks at pace 450 would be 11, but no more than 10 were left.
    seen = play(engine, town([request(0, step(10))], duties=[duty(line(0, pace=pace))]), until=until)
    assert seen.visits == [(0, 0, -1, 0, done, 0, "open")]
    assert seen.spells == [(0, 0, 0, -1, ticks, 0)]


def test_a_spell_suspended_at_the_horizon_has_spent_its_ticks_on_duty(engine):
    there = server((0, 5), (20, 90), changeover=2)
    seen = play(engine, town([request(1, step(9))], sites=[1], servers=[there]), until=12)
    assert seen.visits == [(1, 1, -1, 0, 2, 0, "open")]
    assert seen.spells == [(0, 0, 1, -1, 4, 2)]


def test_work_past_closing_at_the_horizon_counts_every_tick(engine):
    requests = [request(1, step(9, past_closing=1))]
    seen = play(engine, town(requests, servers=[server((0, 5), (20, 90))]), until=8)
    assert seen.visits == [(1, 1, -1, 0, 7, 0, "open")]
    assert seen.spells == [(0, 0, 1, -1, 7, 0)]


def test_work_done_adds_up_over_spells(engine):
    # 4 before the interruption, 2 after it by the horizon at 9.
    seen = play(engine, town([request(0, yielding(10)), request(4, step(3))]), until=9)
    assert seen.visits[0] == (0, 0, -1, 0, 6, 1, "open")
    assert seen.spells == [(0, 0, 0, 4, 4, 0), (0, 0, 7, -1, 2, 0), (1, 0, 4, 7, 3, 0)]


def test_a_returned_step_that_waits_is_open_with_its_last_server(engine):
    servers = [server((0, 4, 0, 1)), server((0, 7, 0, 1))]
    seen = play(engine, town([request(0, step(10))], servers=servers), until=20)
    assert seen.visits == [(0, 0, -1, 1, 7, 2, "open")]
    assert seen.spells == [(0, 0, 0, 4, 4, 0), (0, 1, 4, 7, 3, 0)]


def test_spells_stand_by_step_then_in_the_order_they_began(engine):
    # Step 1 began first of all, step 0 last.
    requests = [request(8, step(1)), request(0, yielding(5)), request(3, step(2))]
    seen = play(engine, town(requests))
    assert seen.stretches == [(0, 0, 8, 9), (1, 0, 0, 3), (1, 0, 5, 7), (2, 0, 3, 5)]


def test_the_same_network_gives_the_same_record_twice(engine):
    network = town([request(0, yielding(10)), request(4, step(3)), request(4, awaiting(0))])
    assert play(engine, network) == play(engine, network)


def test_an_empty_network_has_an_empty_record(engine):
    seen = play(engine, town([request(5, step(1))]), until=0)
    assert seen.visits == [(-1, -1, -1, -1, 0, 0, "absent")]
    assert seen.spells == []
