"""The open points of the engine contract, in the order of its notes.

Each timeline is one on which the rejected reading, named in the comment, gives another answer.
"""

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


def test_row_01_a_server_freed_at_its_close_is_off_duty(engine):
    # Still on duty: B would start at 10, be held overnight and end at 25.
    seen = play(engine, town([request(0, step(10)), request(1, step(5))], servers=[server((0, 10), (20, 90))]))
    assert seen.visits == [(0, 0, 10, 0, 10, 0, "served"), (1, 20, 25, 0, 5, 0, "served")]
    assert seen.spells == [(0, 0, 0, 10, 10, 0), (1, 0, 20, 25, 5, 0)]


def test_row_02_closings_come_before_openings(engine):
    # By server id: server 0 would open first and take B at 10, and A would wait until 14.
    requests = [request(0, step(15)), request(1, step(4))]
    seen = play(engine, town(requests, servers=[server((10, LONG)), server((0, 10, 0, 1))]))
    assert seen.stretches == [(0, 1, 0, 10), (0, 0, 10, 15), (1, 0, 15, 19)]


def test_row_02_touching_intervals_of_two_servers_close_before_either_opens(engine):
    # By server id: server 0 would close and open before server 1 hands B back, and take C.
    requests = [request(0, step(10)), request(0, step(15)), request(1, step(4))]
    servers = [server((0, 10), (10, 90)), server((0, 10, 0, 1))]
    seen = play(engine, town(requests, servers=servers))
    assert seen.stretches == [(0, 0, 0, 10), (1, 1, 0, 10), (1, 0, 10, 15), (2, 0, 15, 19)]


def test_row_03_touching_intervals_close_then_open(engine):
    # One change: nothing would be handed back at 10, and server 0 would go on with A.
    seen = play(engine, town([request(0, step(15))], servers=[server((0, 10, 0, 1), (10, 90)), server()]))
    assert seen.visits == [(0, 0, 15, 1, 15, 1, "served")]
    assert seen.stretches == [(0, 0, 0, 10), (0, 1, 10, 15)]


def test_row_03_a_server_freed_at_a_touching_close_takes_under_the_new_duty(engine):
    # One change, after the end: the server would take B under the duty that is over.
    requests = [request(0, step(10)), request(1, step(2)), request(2, step(3, station=1))]
    servers = [server((0, 10, 0), (10, 90, 1))]
    seen = play(engine, town(requests, stations=2, duties=[duty(0), duty(1)], servers=servers))
    assert seen.stretches == [(0, 0, 0, 10), (2, 0, 10, 13)]


def test_row_04_past_closing_wins_over_hand_back(engine):
    # Hand back wins: A would go to server 1 at 10.
    requests = [request(0, step(15, past_closing=1))]
    seen = play(engine, town(requests, servers=[server((0, 10, 0, 1)), server()]))
    assert seen.visits == [(0, 0, 15, 0, 15, 0, "served")]
    assert seen.spells == [(0, 0, 0, 15, 15, 0)]


def test_row_05_the_pace_belongs_to_the_spell(engine):
    # New pace: the 5 left would take 10 ticks and end at 30.
    there = server((0, 5, 0), (20, 90, 1))
    duties = [duty(0), duty(line(0, pace=2000))]
    seen = play(engine, town([request(0, step(10))], duties=duties, servers=[there]))
    assert seen.spells == [(0, 0, 0, 25, 10, 0)]


def test_row_05_a_suspended_spell_goes_on_under_a_duty_without_its_station(engine):
    # No pace, no work: A would stay open, and B would be served from 20.
    requests = [request(0, step(10)), request(1, step(2, station=1))]
    there = server((0, 5, 0), (20, 90, 1))
    seen = play(engine, town(requests, stations=2, duties=[duty(0), duty(1)], servers=[there]))
    assert seen.spells == [(0, 0, 0, 25, 10, 0), (1, 0, 25, 27, 2, 0)]


def test_row_06_work_done_is_rounded_down(engine):
    # 4 ticks at pace 1500 are 2.67: up or to the nearest 3, so 7 left would take 11 ticks, not 12.
    requests = [request(0, yielding(10)), request(4, step(2))]
    seen = play(engine, town(requests, duties=[duty(line(0, pace=1500))]))
    assert seen.spells == [(0, 0, 0, 4, 4, 0), (0, 0, 7, 19, 12, 0), (1, 0, 4, 7, 3, 0)]


def test_row_06_a_spell_short_of_its_end_leaves_work(engine):
    # At pace 450 5 ticks are needed and 4 are spent: 8 done; with rounding up 9, so 0 ticks more, not 1.
    requests = [request(0, yielding(10)), request(4, step(2))]
    seen = play(engine, town(requests, duties=[duty(line(0, pace=450))]))
    assert seen.spells == [(0, 0, 0, 4, 4, 0), (0, 0, 5, 6, 1, 0), (1, 0, 4, 5, 1, 0)]


def test_row_07_a_returned_step_goes_to_an_idle_server(engine):
    # Just queues: A would wait beside server 1, idle since 0.
    seen = play(engine, town([request(0, step(10))], servers=[server((0, 4, 0, 1)), server()]))
    assert seen.stretches == [(0, 0, 0, 4), (0, 1, 4, 10)]


def test_row_07_a_returned_step_may_interrupt(engine):
    # Looks for idle servers only: A would wait for B until 10.
    requests = [request(0, step(10, priority=1)), request(0, yielding(10))]
    seen = play(engine, town(requests, servers=[server((0, 4, 0, 1)), server()]))
    assert seen.stretches == [(0, 0, 0, 4), (0, 1, 4, 10), (1, 1, 0, 4), (1, 1, 10, 16)]


def test_row_08_a_returned_step_is_never_refused(engine):
    # Refused: A would end at 4, as B has the only chair.
    requests = [request(0, step(10)), request(1, step(3))]
    seen = play(engine, town(requests, halls=[0], rooms=[1], servers=[server((0, 4, 0, 1), (20, 90))]))
    assert seen.visits == [(0, 0, 26, 0, 10, 1, "served"), (1, 26, 29, 0, 3, 0, "served")]


def test_row_08_a_returned_step_counts_in_the_room(engine):
    # Not counted: C would find one of the two chairs free.
    requests = [request(0, step(10)), request(1, step(3)), request(5, step(3))]
    seen = play(engine, town(requests, halls=[0], rooms=[2], servers=[server((0, 4, 0, 1), (20, 90))]))
    assert seen.outcomes == ["served", "served", "refused"]


def test_row_09_the_room_is_for_those_who_wait(engine):
    # Those in service too: B would be refused, as A fills the room.
    requests = [request(0, step(10)), request(1, step(3)), request(2, step(3))]
    seen = play(engine, town(requests, halls=[0], rooms=[1]))
    assert seen.outcomes == ["served", "served", "refused"]


def test_row_09_the_room_is_that_of_the_whole_hall(engine):
    # A room for each station: C would wait at station 0, where nobody waits.
    requests = [request(0, step(10)), request(1, step(3, station=1)), request(2, step(3))]
    seen = play(engine, town(requests, halls=[0, 0], rooms=[1]))
    assert seen.outcomes == ["served", "served", "refused"]


def test_row_10_only_a_server_whose_duty_has_the_station_is_interrupted(engine):
    # Any server: B would interrupt server 1, the first in work left, which does not serve its station.
    requests = [
        request(0, yielding(9)),
        request(0, yielding(20, station=1)),
        request(4, step(3)),
        request(5, step(3, station=2)),
    ]
    servers = [server((0, LONG, 0)), server((0, LONG, 1))]
    seen = play(engine, town(requests, stations=3, duties=[duty(0), duty(1)], servers=servers))
    assert seen.stretches == [(0, 0, 0, 4), (0, 0, 7, 12), (1, 1, 0, 20), (2, 0, 4, 7)]
    assert seen.outcomes[3] == "open"


def test_row_11_an_urgent_step_of_the_night_interrupts_at_the_opening(engine):
    # Patrol finishes first: B would start at 25.
    requests = [request(5, yielding(10)), request(15, step(3))]
    seen = play(engine, town(requests, servers=[server((0, 10), (20, 90))]))
    assert seen.spells == [(0, 0, 5, 20, 5, 0), (0, 0, 23, 28, 5, 0), (1, 0, 20, 23, 3, 0)]


def test_row_12_an_interrupted_step_stands_before_the_later_ones_of_its_priority(engine):
    # Implied by its arrival, so no reading differs at the station; at the tail B would come before A.
    requests = [request(0, yielding(10)), request(2, yielding(4)), request(3, step(2))]
    seen = play(engine, town(requests))
    assert seen.stretches == [(0, 0, 0, 3), (0, 0, 5, 12), (1, 0, 12, 16), (2, 0, 3, 5)]


def test_row_12_an_interrupted_step_has_no_precedence_over_another_station(engine):
    # First among its priority: server 1 would take A, of 3, before B, of 1, when it is free at 10.
    requests = [
        request(3, yielding(30)),
        request(1, yielding(4, station=1)),
        request(0, step(10, station=1)),
        request(6, step(30, station=2)),
    ]
    servers = [server((0, LONG, 0)), server((0, LONG, 1))]
    seen = play(engine, town(requests, stations=3, duties=[duty(0, 2), duty(0, 1)], servers=servers))
    assert seen.stretches == [(0, 0, 3, 6), (0, 1, 14, 41), (1, 1, 10, 14), (2, 1, 0, 10), (3, 0, 6, 36)]


def test_row_13_the_longest_idle_server_is_the_one_whose_last_spell_ended_earliest(engine):
    # Since coming on duty: both since 20, so the lowest id, server 0.
    requests = [request(0, step(8)), request(0, step(5)), request(25, step(2))]
    servers = [server((0, 10), (20, 90)), server((0, 10), (20, 90))]
    assert play(engine, town(requests, servers=servers)).servers == [0, 1, 1]


def test_row_14_patience_lasts_until_the_first_start(engine):
    # A total of 7 would make B leave at 7, patience from its return at 12.
    requests = [request(0, step(2)), request(0, yielding(10, patience=7)), request(5, step(20))]
    seen = play(engine, town(requests))
    assert seen.visits[1] == (0, 2, 32, 0, 10, 1, "served")


def test_row_15_longest_counts_all_who_wait(engine):
    # Only those of the head's priority: station 0 would win by 2 to 1.
    requests = [
        request(0, step(10)),
        request(1, step(1, priority=2)),
        request(1, step(1, priority=2)),
        request(2, step(1, station=1, priority=2)),
        request(2, step(1, station=1, priority=3)),
        request(2, step(1, station=1, priority=3)),
    ]
    seen = play(engine, town(requests, stations=2, duties=[duty(0, 1, longest=1)]))
    assert seen.starts == [0, 11, 12, 10, 13, 14]


def test_row_15_equally_long_stations_go_by_rank_then_arrival_then_request(engine):
    # Nothing after rank, stations as listed: A of station 0 would come before B and C.
    requests = [
        request(0, step(10)),
        request(3, step(1)),
        request(2, step(1, station=1)),
        request(2, step(1, station=2)),
        request(1, step(1, station=3)),
    ]
    duties = [duty(line(0), line(2), line(1), line(3, rank=1), longest=1)]
    assert play(engine, town(requests, stations=4, duties=duties)).starts == [0, 12, 10, 11, 13]


def test_row_16_stations_of_equal_rank_go_by_arrival(engine):
    # In the order of the list: station 1 would come first.
    requests = [request(0, step(10)), request(2, step(1, station=1)), request(1, step(1))]
    assert play(engine, town(requests, stations=2, duties=[duty(1, 0)])).starts == [0, 11, 10]


def test_row_17_a_first_step_has_its_lag_and_then_its_gate(engine):
    # No lag and gate at first: 0. Gate before lag: 2 + 4 = 6.
    there = request(0, delay(lag=4, gate=0))
    assert play(engine, town([there], calendars=[[(2, 3), (5, 6)]])).arrivals == [5]


def test_row_17_a_later_step_has_its_lag_and_then_its_gate(engine):
    # Gate before lag: 2 + 4 = 6.
    there = request(0, step(1, next=1), delay(lag=4, gate=0))
    assert play(engine, town([there], calendars=[[(2, 3), (5, 6)]])).arrivals == [0, 5]


def test_row_18_a_return_to_a_station_is_a_row_of_its_own(engine):
    # Repeated rows: one step would have two arrivals.
    there = request(0, step(3, next=1), step(2, station=1, next=2), step(1))
    seen = play(engine, town([there], stations=2))
    assert seen.stretches == [(0, 0, 0, 3), (1, 0, 3, 5), (2, 0, 5, 6)]


@pytest.mark.parametrize("column", ["next", "leave"])
@pytest.mark.parametrize("target", [0, 1, 3])
def test_row_18_next_and_leave_point_forward_in_their_own_request(engine, column, target):
    # Rows repeat: step 1 could send its request back to 0, to itself, or to 3, which is another's.
    there = request(0, step(1), step(1, **{column: target}), step(1))
    with pytest.raises(ValueError, match=column):
        town([there, request(0, step(1))])


def test_row_19_a_spell_that_would_end_at_the_horizon_is_open(engine):
    # Served: the end would be 10.
    seen = play(engine, town([request(0, step(10))]), until=10)
    assert seen.visits == [(0, 0, -1, 0, 10, 0, "open")]
    assert seen.spells == [(0, 0, 0, -1, 10, 0)]


def test_row_19_work_done_at_the_horizon_is_no_more_than_was_left(engine):
    # Without the cap: 5 * 1000 // 450 = 11 of 10.
    seen = play(engine, town([request(0, step(10))], duties=[duty(line(0, pace=450))]), until=5)
    assert seen.visits == [(0, 0, -1, 0, 10, 0, "open")]


def test_row_20_what_did_not_happen_is_none_and_the_server_is_the_last(engine):
    # Server of the first spell: 0. Suspension counted: 2 interruptions for A, 1 for C.
    requests = [
        request(0, step(20, next=1), step(1)),
        request(0, step(1, station=1)),
        request(20, step(9)),
        request(40, step(1)),
    ]
    servers = [server((0, 4, 0, 1)), server((0, 8), (12, 26), (30, 32))]
    seen = play(engine, town(requests, stations=2, duties=[duty(0)], servers=servers), until=40)
    assert seen.visits == [
        (0, 0, 24, 1, 20, 1, "served"),
        (24, -1, -1, -1, 0, 0, "open"),
        (0, -1, -1, -1, 0, 0, "open"),
        (20, 24, -1, 1, 4, 0, "open"),
        (-1, -1, -1, -1, 0, 0, "absent"),
    ]


def test_row_21_a_past_closing_spell_may_be_interrupted_in_the_next_interval(engine):
    # Still in overtime: B would wait until 35. Ticks on duty only: A would have 10, not 20, done at 25.
    requests = [request(5, yielding(30, past_closing=1)), request(25, step(3))]
    seen = play(engine, town(requests, servers=[server((0, 10), (20, 90))]))
    assert seen.spells == [(0, 0, 5, 25, 20, 0), (0, 0, 28, 38, 10, 0), (1, 0, 25, 28, 3, 0)]


def test_row_21_a_past_closing_spell_may_be_interrupted_at_the_opening(engine):
    requests = [request(5, yielding(30, past_closing=1)), request(15, step(3))]
    seen = play(engine, town(requests, servers=[server((0, 10), (20, 90))]))
    assert seen.spells == [(0, 0, 5, 20, 15, 0), (0, 0, 23, 38, 15, 0), (1, 0, 20, 23, 3, 0)]


def test_row_22_a_server_with_a_spell_in_hand_stays_where_it_is(engine):
    # Back at site 0: B would travel for another 3, from 18 to 21.
    there = server((0, 5), (10, 90), changeover=3)
    seen = play(engine, town([request(0, step(10)), request(1, step(2))], sites=[1], servers=[there]))
    assert seen.spells == [(0, 0, 0, 18, 13, 3), (1, 0, 18, 20, 2, 0)]


def test_row_22_a_server_interrupted_at_its_opening_is_where_its_spell_was(engine):
    # Back at site 0: B would travel for another 3 at 10.
    there = server((0, 5), (10, 90), changeover=3)
    requests = [request(0, yielding(10)), request(7, step(2))]
    seen = play(engine, town(requests, sites=[1], servers=[there]))
    assert seen.spells == [(0, 0, 0, 10, 5, 3), (0, 0, 12, 20, 8, 0), (1, 0, 10, 12, 2, 0)]


def test_row_23_a_server_interrupted_in_its_changeover_is_at_the_new_site(engine):
    # At the old site: B, at site 0, would be served from 2 to 5, and A from 9 to 14.
    requests = [request(0, yielding(5)), request(2, step(3, station=1))]
    seen = play(engine, town(requests, sites=[1, 0], servers=[server(changeover=4)]))
    assert seen.spells == [(0, 0, 0, 2, 2, 2), (0, 0, 9, 18, 9, 4), (1, 0, 2, 9, 7, 4)]


def test_row_24_a_station_without_a_site_is_anywhere(engine):
    # A place of its own: B and C would take 3 more each.
    requests = [request(0, step(2)), request(1, step(2, station=1)), request(2, step(2))]
    seen = play(engine, town(requests, sites=[1, -1], servers=[server(changeover=3)]))
    assert seen.spells == [(0, 0, 0, 5, 5, 3), (1, 0, 5, 7, 2, 0), (2, 0, 7, 9, 2, 0)]


def test_row_25_sites_play_no_part_in_placing(engine):
    # Nearest server: server 1, at site 1 since 0, would get B instead of server 0, idle since 3.
    requests = [request(0, step(3, station=1)), request(0, step(5)), request(10, step(2))]
    servers = [server(changeover=4), server(changeover=4)]
    seen = play(engine, town(requests, sites=[1, 0], servers=servers))
    assert seen.spells == [(0, 0, 0, 3, 3, 0), (1, 1, 0, 9, 9, 4), (2, 0, 10, 16, 6, 4)]


def test_row_25_sites_play_no_part_in_taking(engine):
    # Nearest step: at 6 the server would stay at site 1 and take C.
    requests = [request(0, step(2)), request(1, step(2, station=1)), request(2, step(2))]
    seen = play(engine, town(requests, sites=[1, 0], servers=[server(changeover=4)]))
    assert seen.spells == [(0, 0, 0, 6, 6, 4), (1, 0, 6, 12, 6, 4), (2, 0, 12, 18, 6, 4)]


def test_row_26_patience_and_shuts_hold_for_awaiting_steps(engine):
    # None: both would be served at 9, by the patrol.
    requests = [
        request(1, awaiting(0, patience=4, leave=1), delay()),
        request(1, awaiting(0, shuts=0)),
        request(1, awaiting(0, patience=2, patience_clock=1)),
        request(0, step(9, emits=0)),
    ]
    seen = play(engine, town(requests, calendars=[[(7, 8)], [(0, 2), (5, 9)]]))
    assert seen.ends == [5, 5, 7, 6, 9]
    assert seen.outcomes == ["abandoned", "served", "abandoned", "abandoned", "served"]


def test_row_27_emissions_count_when_handled_after_the_arrival(engine):
    # Any at the instant: request 2 would be served at 5 by the emission that was handled before it came.
    requests = [request(5, awaiting(0)), request(5, delay(emits=0)), request(5, awaiting(0))]
    seen = play(engine, town(requests))
    assert seen.visits == [
        (5, -1, 5, -1, 0, 0, "served"),
        (5, -1, 5, -1, 0, 0, "served"),
        (5, -1, -1, -1, 0, 0, "open"),
    ]


def test_row_27_an_end_at_the_instant_of_the_arrival_came_before_it(engine):
    # Any at the instant: the first patrol, not the second, would serve the one who came at 5.
    requests = [request(5, awaiting(0)), request(0, step(5, emits=0)), request(0, step(4, emits=0))]
    assert play(engine, town(requests)).ends == [9, 5, 9]


def test_row_28_awaiting_steps_are_served_within_the_emitting_event(engine):
    # Later at that instant: the first would have left at 10, or the server gone to the one who comes at 10.
    requests = [
        request(1, awaiting(0, patience=9, next=1), step(2)),
        request(10, step(3)),
        request(0, step(10, emits=0)),
    ]
    seen = play(engine, town(requests))
    assert seen.outcomes == ["served"] * 4
    assert seen.starts == [-1, 10, 12, 0]


def test_row_29_the_changeover_of_an_unfinished_spell_is_what_was_spent(engine):
    # All of it: 4, of 2 ticks in all.
    network = town([request(0, step(5))], sites=[1], servers=[server(changeover=4)])
    seen = play(engine, network, until=2)
    assert seen.visits == [(0, 0, -1, 0, 0, 0, "open")]
    assert seen.spells == [(0, 0, 0, -1, 2, 2)]


def test_row_29_the_changeover_of_an_interrupted_spell_is_what_was_spent(engine):
    # All of it: 4, of 2 ticks in all.
    requests = [request(0, yielding(5)), request(2, step(3))]
    seen = play(engine, town(requests, sites=[1], servers=[server(changeover=4)]))
    assert seen.spells == [(0, 0, 0, 2, 2, 2), (0, 0, 5, 10, 5, 0), (1, 0, 2, 5, 3, 0)]


def test_a_step_of_no_work_interrupted_in_its_changeover_is_still_unserved(engine):
    # Nothing left is not served: it starts again at 5, there already, and ends at once.
    requests = [request(0, yielding(0, next=1), step(1)), request(2, step(3))]
    seen = play(engine, town(requests, sites=[1], servers=[server(changeover=4)]))
    assert seen.visits == [
        (0, 0, 5, 0, 0, 1, "served"),
        (5, 5, 6, 0, 1, 0, "served"),
        (2, 2, 5, 0, 3, 0, "served"),
    ]
    assert seen.spells == [
        (0, 0, 0, 2, 2, 2),
        (0, 0, 5, 5, 0, 0),
        (1, 0, 5, 6, 1, 0),
        (2, 0, 2, 5, 3, 0),
    ]
