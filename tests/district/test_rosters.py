from functools import cache

import numpy as np
import pytest
from setups.district import office, organised, tiny

from sim.config import Absence
from sim.district import rosters
from sim.district.stages import Desk
from sim.draws.clock import DAY, HOUR, WEEK
from sim.draws.streams import stream

SHIPPED = Absence(share=0.2, single_days_share=0.5, block_days_min=5, block_days_max=10)
WEEKS = "run.measured_weeks=6"


@cache
def written(name, *overrides, replication=0):
    """Return a tiny organisation over some weeks, its office time and the rosters of a replication."""
    a_pilot = tiny(name, WEEKS, *overrides)
    organisation, time = organised(a_pilot), office(a_pilot)
    return organisation, time, rosters.build_rosters(organisation, time, replication)


def spans(roster, person):
    """Return the intervals of a person's roster: (open, close, duty, hand_back)."""
    first, last = roster.servers["first"][person : person + 2]
    columns = ("open", "close", "duty", "hand_back")
    return list(zip(*(roster.servers[c][first:last] for c in columns), strict=True))


def lines(roster, duty):
    """Return the lines of a duty: station -> (rank, pace)."""
    first, last = roster.duties["first"][duty : duty + 2]
    station, rank, pace = (roster.duties[c][first:last] for c in ("station", "rank", "pace"))
    return {s: (r, p) for s, r, p in zip(station, rank, pace, strict=True)}


def present(roster, person):
    """Return the days on which a person is there."""
    return {opened // DAY for opened, *_ in spans(roster, person)}


def on_duty(roster, person, tick):
    """Return the lines that a person serves at an instant, or None off duty."""
    for opened, closed, duty, _ in spans(roster, person):
        if opened <= tick < closed:
            return lines(roster, duty)
    return None


def desks(organisation, duty_lines):
    """Return the kinds of desks among the stations of a duty."""
    return {organisation.stations[s].desk for s in duty_lines}


# ----------------------------------------------------------------------------------------------- absence


def episodes(away):
    """Return the lengths of the runs of days away."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], away.astype(int), [0]])))
    return edges[1::2] - edges[::2]


def test_a_fifth_of_all_days_are_absent_in_the_long_run():
    shares = [rosters.absent_days(np.random.default_rng(i), 25_000, SHIPPED).mean() for i in range(40)]
    error = np.std(shares, ddof=1) / np.sqrt(len(shares))
    assert abs(np.mean(shares) - 0.2) < 4 * error


def test_absence_is_stationary_from_the_first_day():
    away = np.array([rosters.absent_days(np.random.default_rng(i), 3, SHIPPED) for i in range(8_000)])
    assert np.all(np.abs(away.mean(axis=0) - 0.2) < 4 * np.sqrt(0.2 * 0.8 / len(away)))


def test_half_of_the_absence_is_in_single_days():
    # Blocks are 5 to 10 days long. Single days fall beside each other by chance, and in blocks unseen: the share
    # in runs below 5 is near the half of single days.
    away = np.concatenate([rosters.absent_days(np.random.default_rng(i), 5_000, SHIPPED) for i in range(40)])
    runs = episodes(away)
    assert abs(runs[runs < 5].sum() / runs.sum() - 0.5) < 0.06


def test_absence_only_in_blocks_or_only_in_single_days():
    blocks = SHIPPED.model_copy(update={"single_days_share": 0.0})
    runs = episodes(rosters.absent_days(np.random.default_rng(1), 20_000, blocks))[1:-1]
    assert runs.min() >= 5
    assert np.mean(runs <= 10) > 0.8  # longer where one begins as another ends
    singles = SHIPPED.model_copy(update={"single_days_share": 1.0})
    away = rosters.absent_days(np.random.default_rng(1), 20_000, singles)
    after_away = away[1:][away[:-1]].mean()
    assert abs(after_away - 0.2) < 4 * np.sqrt(0.2 * 0.8 / away.sum())  # a day says nothing of the next
    assert rosters.absent_days(np.random.default_rng(1), 999, SHIPPED.model_copy(update={"share": 0.0})).sum() == 0


def test_a_person_is_away_on_the_same_days_under_every_design():
    def days(name):
        organisation, _, roster = written(name)
        return {p.identity: present(roster, i) for i, p in enumerate(organisation.people)}

    four = days("four_level")
    assert days("three_level") == four
    assert days("three_level") == four


def test_nobody_is_on_duty_on_a_day_away():
    organisation, time, roster = written("three_level")
    run = organisation.pilot.run
    for i, person in enumerate(organisation.people):
        drawn = stream(run.seed, 0, f"staff/{person.identity}/absence")
        away = rosters.absent_days(drawn, len(time.working_days), organisation.pilot.staffing.absence)
        assert present(roster, i) == set(time.working_days[~away].tolist())


def test_another_replication_has_other_absences():
    _, _, first = written("four_level")
    _, _, second = written("four_level", replication=1)
    assert [present(first, i) for i in range(34)] != [present(second, i) for i in range(34)]


# ------------------------------------------------------------------------------------------ days and meetings


@pytest.mark.parametrize(
    ("name", "overrides"),
    [("four_level", ()), ("three_level", ()), ("three_level", ("roles.order=split", "roles.cover=colleague"))],
)
def test_who_is_present_is_on_duty_in_all_office_hours_but_meetings(name, overrides):
    organisation, time, roster = written(name, *overrides)
    for i in range(len(organisation.people)):
        rows = spans(roster, i)
        assert all(a < b for a, b, *_ in rows)
        assert all(this[1] <= after[0] for this, after in zip(rows, rows[1:], strict=False))
        there = present(roster, i)
        hours = sum(
            closed - opened
            for opened, closed in zip(time.hours.open, time.hours.close, strict=True)
            if opened // DAY in there
        )
        met = sum(end - start for person, start, end in roster.meetings if person == i)
        assert sum(b - a for a, b, *_ in rows) == hours - met
        opens = np.array([a for a, *_ in rows])
        assert time.hours.contains(opens).all()


def test_nobody_is_on_duty_in_a_meeting():
    _, time, roster = written("four_level")
    assert len(roster.meetings)
    for person, start, end in roster.meetings.tolist():
        assert on_duty(roster, person, start) is None
        assert on_duty(roster, person, end - 1) is None
        assert end - start == HOUR
        assert time.hours.between(start, end) == HOUR


def test_a_secretary_is_asked_to_five_meetings_a_week_and_others_to_one():
    organisation, time, roster = written("four_level", "staffing.absence.share=0")
    weeks = roster.meetings[:, 1] // WEEK
    for i, person in enumerate(organisation.people):
        mine = np.bincount(weeks[roster.meetings[:, 0] == i], minlength=time.weeks)
        asked = 0 if person.level != "community" else 5 if person.secretary else 1
        assert mine.tolist() == [asked] * time.weeks


def test_who_is_away_attends_no_meeting():
    _, _, roster = written("four_level")
    for person, start, _ in roster.meetings.tolist():
        assert start // DAY in present(roster, person)


def test_half_a_meeting_a_week_is_one_every_other_week():
    _, time, roster = written("four_level", "staffing.absence.share=0", "burden.meetings.others_per_week=0.5")
    mine = np.bincount(roster.meetings[roster.meetings[:, 0] == 1, 1] // WEEK, minlength=time.weeks)
    assert mine.tolist() == [0, 1] * (time.weeks // 2)


# ------------------------------------------------------------------------------------------------- duties


def test_today_each_serves_the_own_lines_and_grids_at_the_own_pace():
    organisation, time, roster = written("four_level")
    for i, person in enumerate(organisation.people):
        opened, _, duty, _ = spans(roster, i)[0]
        served = [organisation.stations[s] for s in lines(roster, duty)]
        assert {s.unit for s in served} == {person.unit}
        assert {s.level for s in served} == {person.level}
        assert {s.specialism for s in served if s.grid < 0} == {person.specialism}
        assert {s.grid for s in served if s.grid >= 0} == set(person.grids)
        assert {pace for _, pace in lines(roster, duty).values()} == {1000}
        assert time.hours.contains(opened)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("a_first", [Desk.FRONT, Desk.FILES, Desk.FIELD, Desk.PATROL, Desk.HOME]),
        ("b_first", [Desk.FIELD, Desk.PATROL, Desk.HOME, Desk.FRONT, Desk.FILES]),
    ],
)
def test_the_order_of_the_roles_ranks_desks_within_a_priority(order, expected):
    organisation, _, roster = written("three_level", "service.desk=own", f"roles.order={order}")
    keeper = next(i for i, p in enumerate(organisation.people) if p.level == "community" and p.grids)
    duty = lines(roster, spans(roster, keeper)[0][2])
    rank = {organisation.stations[s].desk: r for s, (r, _) in duty.items()}
    assert sorted(expected, key=lambda desk: rank[desk]) == expected
    assert len({rank[desk] for desk in expected}) == 5
    assert rank[Desk.TASKS] == 0  # alone in their priorities


@pytest.mark.parametrize("order", ["oldest", "longest"])
def test_oldest_and_longest_rank_all_alike(order):
    organisation, _, roster = written("three_level", "service.desk=own", f"roles.order={order}")
    for i, person in enumerate(organisation.people):
        for *_, duty, _ in spans(roster, i):
            if person.level == "community":
                assert {rank for rank, _ in lines(roster, duty).values()} == {0}
                assert roster.duties["longest"][duty] == (order == "longest")
            else:
                assert roster.duties["longest"][duty] == 0


def test_a_duty_is_written_once():
    _, _, roster = written("three_level")
    duties = [(tuple(sorted(lines(roster, d).items())), longest) for d, longest in enumerate(roster.duties["longest"])]
    assert len(set(duties)) == len(duties)


@pytest.mark.parametrize("windows", ["one_window", "per_line"])
def test_the_rota_desk_is_manned_whenever_the_office_is_open(windows):
    organisation, time, roster = written(
        "three_level",
        "burden.meetings.secretary_per_week=0",
        "burden.meetings.others_per_week=0",
        f"service={windows}",
        "service.desk=rota",
        "service.counters=3",
    )
    for unit in (0, 1):
        members = organisation.members("community", unit)
        fronts = {int(s) for s in organisation.at["community", Desk.FRONT][unit]}
        for opened in time.hours.open.tolist():
            duties = [served for m in members if (served := on_duty(roster, m, opened)) is not None]
            at_desk = [served for served in duties if fronts & served.keys()]
            assert len(at_desk) == min(3, len(duties) // 2)
            for served in at_desk:
                assert fronts <= served.keys()  # the rota serves every queue of the hall, first of all
                assert {rank for s, (rank, _) in served.items() if s in fronts} == {0}
                assert desks(organisation, served) == {Desk.FRONT, Desk.FILES}


def test_the_rota_goes_round():
    organisation, _, roster = written("three_level", "staffing.absence.share=0", "burden.meetings.others_per_week=0")
    members = organisation.members("community", 1)[1:]  # but the secretary, who is in meetings
    turns = [
        sum(Desk.FRONT in desks(organisation, lines(roster, duty)) for *_, duty, _ in spans(roster, m)) for m in members
    ]
    assert max(turns) - min(turns) <= 1
    assert min(turns) > 0


def test_who_is_not_on_the_rota_is_in_the_grid_and_at_the_files():
    organisation, time, roster = written("three_level", "burden.meetings.others_per_week=0")
    members = organisation.members("community", 0)
    fronts = {int(s) for s in organisation.at["community", Desk.FRONT][0]}
    for opened in time.hours.open.tolist():
        for m in members:
            served = on_duty(roster, m, opened)
            if served is not None and not fronts & served.keys():
                assert {Desk.FILES, Desk.TASKS} <= desks(organisation, served)
                grids = {organisation.stations[s].grid for s in served} - {-1}
                assert grids == set(organisation.people[m].grids)


def test_the_last_one_there_serves_the_counter_and_everything_else():
    # A community of two: on a day when one is away the other keeps the own counter open.
    organisation, time, roster = written(
        "four_level", "service=one_window", "staffing.community_heads=8", "staffing.absence.share=0.4"
    )
    seen = 0
    for unit in range(4):
        members = organisation.members("community", unit)
        fronts = {int(s) for s in organisation.at["community", Desk.FRONT][unit]}
        for opened in time.hours.open.tolist():
            there = [m for m in members if opened // DAY in present(roster, m)]
            served = on_duty(roster, there[0], opened) if len(there) == 1 else None
            if served is not None:
                seen += 1
                assert fronts <= served.keys()
                assert Desk.TASKS in desks(organisation, served)
    assert seen > 0


def test_one_window_makes_everybody_an_outsider_at_the_counter():
    organisation, _, roster = written("three_level")
    for i, person in enumerate(organisation.people):
        for *_, duty, _ in spans(roster, i):
            for s, (_, pace) in lines(roster, duty).items():
                front = organisation.stations[s].desk is Desk.FRONT and person.level == "community"
                assert pace == (1150 if front else 1000)


# -------------------------------------------------------------------------------------------- cover, split


def test_without_cover_the_line_of_an_absent_worker_is_closed():
    organisation, time, roster = written("four_level")
    files = organisation.at["community", Desk.FILES]
    for i in organisation.members("community", 0):
        station = int(files[0, organisation.people[i].specialism])
        for day in set((time.hours.open // DAY).tolist()) - present(roster, i):
            noon = day * DAY + 10 * HOUR
            others = [on_duty(roster, m, noon) for m in organisation.members("community", 0) if m != i]
            assert not any(served and station in served for served in others)


def test_with_cover_a_colleague_takes_over_last_and_more_slowly():
    organisation, time, roster = written("four_level", "roles.cover=colleague")
    for unit in range(4):
        members = organisation.members("community", unit)
        for day in set((time.hours.open // DAY).tolist()):
            there = [m for m in members if day in present(roster, m)]
            for m in members:
                if m in there or not there:
                    continue
                cover = next(c for c in members[members.index(m) + 1 :] + members[: members.index(m)] if c in there)
                first = next(d for a, _, d, _ in spans(roster, cover) if a // DAY == day)
                served = lines(roster, first)
                mine = {
                    s
                    for s, station in enumerate(organisation.stations)
                    if station.grid in organisation.people[m].grids
                    or (station.level, station.unit, station.specialism)
                    == ("community", unit, organisation.people[m].specialism)
                }
                assert mine <= served.keys()
                extra = {s: served[s] for s in mine}
                assert {pace for _, pace in extra.values()} == {1150}
                assert min(rank for rank, _ in extra.values()) >= 20


def test_who_is_away_tomorrow_hands_back_what_is_unfinished_only_where_there_is_cover():
    _, time, covered = written("four_level", "roles.cover=colleague")
    organisation, _, plain = written("four_level")
    days = (time.day_closes() // DAY).tolist()
    for i, person in enumerate(organisation.people):
        assert not any(hand_back for *_, hand_back in spans(plain, i))
        handed = {closed for _, closed, _, hand_back in spans(covered, i) if hand_back}
        there = present(covered, i)
        before = {
            int(close)
            for k, close in enumerate(time.day_closes()[:-1])
            if days[k] in there and days[k + 1] not in there and person.level == "community"
        }
        met = {end for p, _, end in covered.meetings.tolist() if p == i}
        assert handed == before - met


def test_a_split_day_is_the_service_centre_first_and_then_the_grid():
    organisation, time, roster = written(
        "three_level", "roles.order=split", "service.desk=own", "burden.meetings.others_per_week=0"
    )
    # B is 0.35 of 7.5 h, the last 2 h 37.5 min: from 15:22:30.
    cut = time.day_closes() - round(0.35 * 7.5 * HOUR)
    for m in organisation.members("community", 0)[1:]:
        keeper = bool(organisation.people[m].grids)
        for k, day in enumerate((time.day_closes() // DAY).tolist()):
            if day not in present(roster, m):
                continue
            before, after = on_duty(roster, m, int(cut[k]) - 1), on_duty(roster, m, int(cut[k]))
            service_centre = {Desk.FRONT, Desk.FILES, Desk.TASKS}
            assert desks(organisation, before) == service_centre
            assert desks(organisation, after) == ({Desk.FIELD, Desk.PATROL, Desk.HOME} if keeper else service_centre)
    street = organisation.members("district", 0)[0]
    assert len({duty for *_, duty, _ in spans(roster, street)}) == 1  # only the communities split their days


def test_the_b_share_moves_the_cut():
    organisation, time, roster = written(
        "three_level",
        "roles.order=split",
        "roles.b_share=0.8",
        "service.desk=own",
        "burden.meetings.others_per_week=0",
    )
    m = organisation.members("community", 0)[1]
    opened = next(a for a, *_ in spans(roster, m))
    assert opened in time.day_opens()
    cut = opened + HOUR * 3 // 2  # A is 0.2 of 7.5 h
    assert Desk.FRONT in desks(organisation, on_duty(roster, m, cut - 1))
    assert Desk.FRONT not in desks(organisation, on_duty(roster, m, cut))
