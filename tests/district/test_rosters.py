from functools import cache
from itertools import product

import numpy as np
import pytest
from setups.district import office, organised, tiny

from sim.config import Absence
from sim.district.rosters import away, rosters
from sim.district.rosters.absence import absent_days
from sim.district.stages import Desk
from sim.draws.clock import DAY, HOUR, WEEK
from sim.draws.streams import stream

SHIPPED = Absence(share=0.2, single_days_share=0.5, block_days_min=5, block_days_max=10)
WEEKS = "run.measured_weeks=6"
PLAIN_DAYS = (
    "roles.cover=none", "burden.meetings.others_per_week=0", "burden.away_share=0",
    "staffing.catch_up_hours_per_week=0",
)  # fmt: skip


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
    shares = [absent_days(np.random.default_rng(i), 25_000, SHIPPED).mean() for i in range(40)]
    error = np.std(shares, ddof=1) / np.sqrt(len(shares))
    assert abs(np.mean(shares) - 0.2) < 4 * error


def test_absence_is_stationary_from_the_first_day():
    away = np.array([absent_days(np.random.default_rng(i), 3, SHIPPED) for i in range(8_000)])
    assert np.all(np.abs(away.mean(axis=0) - 0.2) < 4 * np.sqrt(0.2 * 0.8 / len(away)))


def test_half_of_the_absence_is_in_single_days():
    # Blocks are 5 to 10 days long. Single days fall beside each other by chance, and in blocks unseen: the share
    # in runs below 5 is near the half of single days.
    away = np.concatenate([absent_days(np.random.default_rng(i), 5_000, SHIPPED) for i in range(40)])
    runs = episodes(away)
    assert abs(runs[runs < 5].sum() / runs.sum() - 0.5) < 0.06


def test_absence_only_in_blocks_or_only_in_single_days():
    blocks = SHIPPED.model_copy(update={"single_days_share": 0.0})
    runs = episodes(absent_days(np.random.default_rng(1), 20_000, blocks))[1:-1]
    assert runs.min() >= 5
    assert np.mean(runs <= 10) > 0.8  # longer where one begins as another ends
    singles = SHIPPED.model_copy(update={"single_days_share": 1.0})
    away = absent_days(np.random.default_rng(1), 20_000, singles)
    after_away = away[1:][away[:-1]].mean()
    assert abs(after_away - 0.2) < 4 * np.sqrt(0.2 * 0.8 / away.sum())  # a day says nothing of the next
    assert absent_days(np.random.default_rng(1), 999, SHIPPED.model_copy(update={"share": 0.0})).sum() == 0


@pytest.mark.parametrize("other", ["three_level", "three_level_all_down", "flatten_only"])
def test_a_person_is_away_on_the_same_days_under_every_design(other):
    def days(name):
        organisation, _, roster = written(name)
        return {p.identity: present(roster, i) for i, p in enumerate(organisation.people)}

    assert days(other) == days("four_level")


def test_nobody_is_on_duty_on_a_day_away():
    organisation, time, roster = written("three_level")
    run = organisation.pilot.run
    for i, person in enumerate(organisation.people):
        drawn = stream(run.seed, 0, f"staff/{person.identity}/absence")
        away = absent_days(drawn, len(time.working_days), organisation.pilot.staffing.absence)
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
def test_who_is_present_is_on_duty_in_all_office_hours_but_meetings_and_work_away(name, overrides):
    organisation, time, roster = written(name, *overrides)
    for i in range(len(organisation.people)):
        rows = [row for row in spans(roster, i) if time.hours.contains(row[0])]  # but for evenings
        assert all(a < b for a, b, *_ in rows)
        assert all(this[1] <= after[0] for this, after in zip(rows, rows[1:], strict=False))
        there = present(roster, i)
        hours = sum(
            closed - opened
            for opened, closed in zip(time.hours.open, time.hours.close, strict=True)
            if opened // DAY in there
        )
        gone = sum(end - start for gaps in (roster.meetings, roster.away) for who, start, end in gaps if who == i)
        assert sum(b - a for a, b, *_ in rows) == hours - gone


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


def test_without_one_room_each_serves_the_own_lines_and_grids_at_the_own_pace():
    organisation, time, roster = written("four_level", "conduct=ledgers_first")
    for i, person in enumerate(organisation.people):
        opened, _, duty, _ = spans(roster, i)[0]
        served = [organisation.stations[s] for s in lines(roster, duty)]
        assert {s.unit for s in served} == {person.unit}
        assert {s.level for s in served} == {person.level}
        assert {s.specialism for s in served if s.grid < 0} == {person.specialism}
        assert {s.grid for s in served if s.grid >= 0} == set(person.grids)
        assert {pace for _, pace in lines(roster, duty).values()} == {1000}
        assert time.hours.contains(opened)


@pytest.mark.parametrize("name", ["four_level", "flatten_only"])
def test_in_one_room_everybody_serves_every_line_the_own_first_and_others_more_slowly(name):
    organisation, _, roster = written(name, "roles.cover=none")
    for i, person in enumerate(organisation.people):
        served = lines(roster, spans(roster, i)[0][2])
        fronts = {int(s) for s in organisation.at[person.level, Desk.FRONT][person.unit] if s >= 0}
        own = int(organisation.at[person.level, Desk.FRONT][person.unit, person.specialism])
        assert len(fronts) > 1
        assert {s: served[s] for s in fronts} == {s: (0, 1000) if s == own else (10, 1150) for s in fronts}
        # and nothing else of a colleague's
        for s in served.keys() - fronts:
            station = organisation.stations[s]
            assert station.specialism in (person.specialism, -1)
            assert station.grid in (-1, *person.grids)


def test_the_phone_is_answered_by_anyone_of_the_community():
    organisation, _, roster = written("four_level")
    for i, person in enumerate(organisation.people):
        served = lines(roster, spans(roster, i)[0][2])
        phones = {s: line for s, line in served.items() if organisation.stations[s].desk is Desk.PHONE}
        here = person.level == "community"
        assert phones == ({organisation.at_phone[person.unit]: (0, 1150)} if here else {})


def test_the_phone_is_answered_at_the_rota_desk_too_and_by_nobody_else_while_it_is_manned():
    organisation, time, roster = written(
        "three_level", "service.desk=rota", "burden.away_share=0", "burden.meetings.secretary_per_week=0",
        "burden.meetings.others_per_week=0",
    )  # fmt: skip
    phone = int(organisation.at_phone[0])
    for opened in time.hours.open.tolist():
        duties = [on_duty(roster, m, opened) for m in organisation.members("community", 0)]
        answer = [served for served in duties if served and phone in served]
        assert len(answer) == min(3, sum(served is not None for served in duties) // 2)
        assert all(int(organisation.at_point[0]) in served for served in answer)


def test_a_phone_of_the_line_has_no_queue_of_its_own():
    organisation, _, _ = written("four_level", "service.phone=line")
    assert organisation.at_phone is None
    assert not [s for s in organisation.stations if s.desk is Desk.PHONE]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("a_first", [Desk.FRONT, Desk.FILES, Desk.FIELD, Desk.PATROL, Desk.HOME]),
        ("b_first", [Desk.FIELD, Desk.PATROL, Desk.HOME, Desk.FRONT, Desk.FILES]),
    ],
)
def test_the_order_of_the_roles_ranks_desks_within_a_priority(order, expected):
    organisation, _, roster = written("three_level", "roles.cover=none", f"roles.order={order}")
    keeper = next(i for i, p in enumerate(organisation.people) if p.level == "community" and p.grids)
    served = {s: rank for *_, duty, _ in spans(roster, keeper)[:20] for s, (rank, _) in lines(roster, duty).items()}
    rank = {organisation.stations[s].desk: r for s, r in served.items()}
    assert sorted(expected, key=lambda desk: rank[desk]) == expected
    assert len({rank[desk] for desk in expected}) == 5
    assert rank[Desk.PHONE] == rank[Desk.FRONT]
    assert (rank[Desk.TASKS], rank[Desk.DUE]) == (0, 0)  # alone in their priorities


@pytest.mark.parametrize("order", ["oldest", "longest"])
def test_oldest_and_longest_rank_all_alike(order):
    organisation, _, roster = written(
        "three_level", "roles.cover=none", "staffing.catch_up_hours_per_week=0", f"roles.order={order}"
    )
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
        "service.seats=3",
        "burden.away_share=0",
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
                assert desks(organisation, served) == {Desk.FRONT, Desk.FILES, Desk.PHONE}


def test_the_rota_goes_round():
    organisation, _, roster = written(
        "three_level", "service.desk=rota", "staffing.absence.share=0", "burden.meetings.others_per_week=0",
        "burden.away_share=0",
    )  # fmt: skip
    members = organisation.members("community", 1)[1:]  # but the secretary, who is in meetings
    turns = [
        sum(Desk.FRONT in desks(organisation, lines(roster, duty)) for *_, duty, _ in spans(roster, m)) for m in members
    ]
    assert max(turns) - min(turns) <= 1
    assert min(turns) > 0


def test_who_is_not_on_the_rota_is_in_the_grid_and_at_the_files():
    organisation, time, roster = written(
        "three_level", "service.desk=rota", "roles.cover=none", "burden.meetings.others_per_week=0"
    )
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


@pytest.mark.parametrize("seats", [1, 2])
def test_seats_are_of_each_service_point(seats):
    organisation, time, roster = written(
        "three_level", "service.desk=rota", "service.points=2", f"service.seats={seats}", "burden.away_share=0",
        "burden.meetings.secretary_per_week=0", "burden.meetings.others_per_week=0",
    )  # fmt: skip
    full = 0
    for unit in (0, 1):
        points = organisation.at_point[2 * unit : 2 * unit + 2].tolist()
        for opened in time.hours.open.tolist():
            duties = [served for m in organisation.members("community", unit) if (served := on_duty(roster, m, opened))]
            manned = [sum(point in served for served in duties) for point in points]
            assert sum(manned) == min(2 * seats, len(duties) // 2)
            full += manned == [seats, seats]
    assert full > 10


def test_one_window_makes_everybody_an_outsider_at_the_counter():
    organisation, _, roster = written("three_level", "roles.cover=none")
    for i, person in enumerate(organisation.people):
        for *_, duty, _ in spans(roster, i):
            for s, (_, pace) in lines(roster, duty).items():
                desk, community = organisation.stations[s].desk, person.level == "community"
                if community or desk is not Desk.FRONT:  # above, one room serves every line
                    assert pace == (1150 if desk in (Desk.FRONT, Desk.PHONE) else 1000)


# -------------------------------------------------------------------------------------------- cover, split


def test_without_cover_the_line_of_an_absent_worker_is_closed():
    organisation, time, roster = written("four_level", "roles.cover=none")
    files = organisation.at["community", Desk.FILES]
    for i in organisation.members("community", 0):
        station = int(files[0, organisation.people[i].specialism])
        for day in set((time.hours.open // DAY).tolist()) - present(roster, i):
            noon = day * DAY + 10 * HOUR
            others = [on_duty(roster, m, noon) for m in organisation.members("community", 0) if m != i]
            assert not any(served and station in served for served in others)


def absences(organisation, time, roster):
    """Yield each absence on a day on which somebody of the unit is there: the day, the absent, and all who are in."""
    units = [(level, u) for level in organisation.pilot.structure.levels for u in range(organisation.n_units(level))]
    for level, unit in units:
        members = organisation.members(level, unit)
        for day in set((time.hours.open // DAY).tolist()):
            there = [m for m in members if day in present(roster, m)]
            yield from ((day, m, there) for m in members if there and m not in there)


def stations_of(organisation, m):
    """Return the stations of a person's own specialism and grids, by desk."""
    person, mine = organisation.people[m], {}
    for s, station in enumerate(organisation.stations):
        own = (station.level, station.unit, station.specialism) == (person.level, person.unit, person.specialism)
        if own or station.grid in person.grids:
            mine.setdefault(station.desk, set()).add(s)
    return mine


def served_on(roster, m, day):
    """Return the lines that a person serves in any span of a day, those of the first span last."""
    served = {}
    for opened, _, duty, _ in reversed(spans(roster, m)):
        if opened // DAY == day:
            served |= lines(roster, duty)
    return served


@pytest.mark.parametrize("name", ["four_level", "three_level"])
def test_with_cover_somebody_who_is_in_serves_the_residents_of_the_absent_at_any_level(name):
    organisation, time, roster = written(name, "service=per_line")
    covered = set()
    for day, m, there in absences(organisation, time, roster):
        served = [served_on(roster, c, day) for c in there]
        own = [{s for stations in stations_of(organisation, c).values() for s in stations} for c in there]
        for desk, stations in stations_of(organisation, m).items():
            if desk not in (Desk.FRONT, Desk.FILES):
                continue
            for s in stations:
                lines_of_s = [
                    (lines_now[s], s in mine) for lines_now, mine in zip(served, own, strict=True) if s in lines_now
                ]
                assert lines_of_s, (desk, organisation.people[m])
                if not any(mine for _, mine in lines_of_s):  # nobody else of the specialism is in: last and more slowly
                    covered.add((organisation.people[m].level, desk))
                    for (rank, pace), _ in lines_of_s:
                        assert pace == 1150
                        assert rank >= (10 if desk is Desk.FRONT else 20)
    assert covered == set(product(organisation.pilot.structure.levels, (Desk.FRONT, Desk.FILES)))


@pytest.mark.parametrize("name", ["four_level", "three_level"])
def test_nobody_takes_over_the_ledgers_field_work_patrols_and_visits_of_the_absent(name):
    organisation, time, roster = written(name, "service=per_line")
    n = 0
    for day, m, there in absences(organisation, time, roster):
        mine = stations_of(organisation, m)
        for colleague in there:
            own = stations_of(organisation, colleague)
            served = served_on(roster, colleague, day)
            for desk in (Desk.TASKS, Desk.DUE, Desk.FIELD, Desk.PATROL, Desk.HOME):
                n += 1
                assert not (mine.get(desk, set()) - own.get(desk, set())) & served.keys()
    assert n > 500


def test_without_one_room_the_counter_of_the_absent_is_covered_too():
    organisation, time, roster = written("four_level", "roles.one_room=false")
    n = 0
    for day, m, there in absences(organisation, time, roster):
        mine = stations_of(organisation, m)[Desk.FRONT]
        if any(stations_of(organisation, c)[Desk.FRONT] & mine for c in there):
            continue
        n += 1
        (station,) = mine
        # by one colleague for each who is absent
        assert {line[station] for c in there if station in (line := served_on(roster, c, day))} == {(20, 1150)}
    assert n > 50


def test_who_is_away_tomorrow_hands_back_what_is_unfinished_only_where_there_is_cover():
    days_only = "staffing.catch_up_hours_per_week=0"
    _, time, covered = written("four_level", days_only)
    organisation, _, plain = written("four_level", days_only, "roles.cover=none")
    days = (time.day_closes() // DAY).tolist()
    for i, _ in enumerate(organisation.people):
        assert not any(hand_back for *_, hand_back in spans(plain, i))
        handed = {closed for _, closed, _, hand_back in spans(covered, i) if hand_back}
        there = present(covered, i)
        before = {
            int(close)
            for k, close in enumerate(time.day_closes()[:-1])
            if days[k] in there and days[k + 1] not in there
        }
        gone = {end for gaps in (covered.meetings, covered.away) for p, _, end in gaps.tolist() if p == i}
        assert handed == before - gone


# -------------------------------------------------------------------------------------------------- evenings


def evenings(roster, time, person):
    """Return the spans of a person outside office hours."""
    return [span for span in spans(roster, person) if not time.hours.contains(span[0])]


def test_on_tuesdays_staff_stay_two_hours_for_work_of_their_own_that_is_due():
    organisation, time, roster = written("three_level_dedicated")
    closes = {int(close) for close in time.day_closes() if close // DAY % 7 == 1}
    for i, person in enumerate(organisation.people):
        late = evenings(roster, time, i)
        if person.specialism < 0:  # a grid manager has no paper
            assert late == []
            continue
        assert {int(opened) for opened, *_ in late} == {c for c in closes if c // DAY in present(roster, i)}
        for opened, closed, duty, hand_back in late:
            assert closed - opened == 2 * HOUR
            assert hand_back == 1
            due = int(organisation.at[person.level, Desk.DUE][person.unit, person.specialism])
            assert lines(roster, duty) == {due: (0, 1000)}


@pytest.mark.parametrize(
    ("hours", "weekdays"), [(1, {1}), (2, {1}), (4, {1, 3}), (5, {0, 1, 3}), (20, {0, 1, 2, 3, 4})]
)
def test_evenings_of_a_week_are_the_hours_of_catching_up(hours, weekdays):
    organisation, time, roster = written(
        "four_level", f"staffing.catch_up_hours_per_week={hours}", "staffing.absence.share=0"
    )
    for i in range(len(organisation.people)):
        late = evenings(roster, time, i)
        by_week = {}
        for opened, closed, *_ in late:
            by_week[opened // WEEK] = by_week.get(opened // WEEK, 0) + closed - opened
        full = [w for w in range(time.weeks) if sum(time.working_days // 7 == w) == 5]
        assert len(full) > 3
        assert all(abs(by_week[w] - hours * HOUR) <= 5 for w in full)  # a tick each by rounding
        assert {int(opened // DAY % 7) for opened, *_ in late} == weekdays


def test_without_hours_of_catching_up_nobody_stays():
    organisation, time, roster = written("four_level", "staffing.catch_up_hours_per_week=0")
    assert not any(evenings(roster, time, i) for i in range(len(organisation.people)))


def test_where_there_are_evenings_each_day_ends_with_handing_back():
    # Else what is suspended at the close would go on in the evening, which is for what is due.
    organisation, time, roster = written("four_level", "roles.cover=none")
    for i in range(len(organisation.people)):
        gone = {end for gaps in (roster.meetings, roster.away) for p, _, end in gaps.tolist() if p == i}
        closes = {int(c) for c in time.day_closes() if c // DAY in present(roster, i)} - gone
        handed = {int(b) for a, b, _, hand_back in spans(roster, i) if hand_back and time.hours.contains(a)}
        assert handed == closes


# ------------------------------------------------------------------------------------------ away from the desk


@pytest.mark.parametrize("name", ["four_level", "three_level", "three_level_dedicated"])
def test_work_away_never_leaves_an_office_without_a_colleague(name):
    organisation, _, roster = written(name, "burden.away_share=0.6")
    assert len(roster.away) > 20
    for person, start, end in roster.away.tolist():
        assert end - start == 3 * HOUR // 2
        assert on_duty(roster, person, start) is None
        assert on_duty(roster, person, end - 1) is None
        who = organisation.people[person]
        assert who.level == "community"
        assert who.specialism >= 0
        colleagues = [
            m
            for m in organisation.members("community", who.unit)
            if m != person and organisation.people[m].specialism >= 0
        ]
        assert any(
            on_duty(roster, m, start) is not None and on_duty(roster, m, end - 1) is not None for m in colleagues
        )


def test_a_leg_is_in_one_opening_on_a_day_present_and_never_in_a_meeting():
    _, time, roster = written("four_level", "burden.away_share=0.6")
    for person, start, end in roster.away.tolist():
        assert time.hours.between(start, end) == end - start
        assert start // DAY in present(roster, person)
        met = roster.meetings[roster.meetings[:, 0] == person]
        assert not np.any((met[:, 1] < end) & (met[:, 2] > start))


def test_a_community_of_one_has_no_legs_and_keeps_its_hours_at_the_desk():
    _, _, roster = written(
        "four_level", "staffing.community_heads=4", "staffing.community_heads_min=1", "burden.away_share=1"
    )
    assert roster.away.shape == (0, 3)


def test_legs_move_to_the_nearest_hours_in_which_a_colleague_is_in():
    def placed(wanted, free, furthest):
        slots = [np.array(of_member, dtype=np.int64) for of_member in wanted]
        member, slot, found = away._placed(slots, np.array(free), furthest)
        lost = zip(member[~found].tolist(), slot[~found].tolist(), strict=True)
        assert all(at in wanted[m] for m, at in lost)  # it keeps its own time
        return [*zip(member[found].tolist(), slot[found].tolist(), strict=True)]

    # Two members over four slots. In slot 1 the second is away; the first asked for it.
    free = [[True, True, True, True], [True, False, True, True]]
    assert placed([[1], []], free, 3) == [(0, 2)]  # the later before the earlier
    # Both want slot 2: one stays, and goes one slot later.
    assert placed([[2], [2]], free, 3) == [(0, 2), (1, 3)]
    # Slot 2 and then slot 3 taken: back to slot 0.
    assert placed([[2, 3], [3]], free, 3) == [(0, 2), (0, 3), (1, 0)]
    # Nowhere within reach: not placed.
    assert placed([[1], []], [[True, True], [False, False]], 1) == []


def test_the_slots_of_a_day_are_two_in_the_morning_and_two_in_the_afternoon():
    a_pilot = tiny("four_level")
    starts, per_day = away._slots(office(a_pilot))
    assert per_day == 4
    # 8:30 and 10:00, then 14:00 and 15:30
    assert [float(s % DAY / HOUR) for s in starts[:4]] == [8.5, 10.0, 14.0, 15.5]


def test_a_persons_legs_are_drawn_by_identity():
    # The secretary of a community that has the same heads and hours under both designs goes at the same times.
    _, _, one = written("four_level")
    _, _, two = written("four_level_better")
    assert np.array_equal(one.away, two.away)


# ---------------------------------------------------------------------------------------------- two posts


def test_a_split_day_is_the_service_centre_first_and_then_the_grid():
    organisation, time, roster = written("three_level", "roles.order=split", *PLAIN_DAYS)
    # B is 0.35 of 7.5 h, the last 2 h 37.5 min: from 15:22:30.
    cut = time.day_closes() - round(0.35 * 7.5 * HOUR)
    for m in organisation.members("community", 0)[1:]:
        keeper = bool(organisation.people[m].grids)
        for k, day in enumerate((time.day_closes() // DAY).tolist()):
            if day not in present(roster, m):
                continue
            before, after = on_duty(roster, m, int(cut[k]) - 1), on_duty(roster, m, int(cut[k]))
            service_centre = {Desk.FRONT, Desk.PHONE, Desk.FILES, Desk.TASKS, Desk.DUE}
            assert desks(organisation, before) == service_centre
            assert desks(organisation, after) == ({Desk.FIELD, Desk.PATROL, Desk.HOME} if keeper else service_centre)
    street = organisation.members("district", 0)[0]
    assert len({duty for *_, duty, _ in spans(roster, street)}) == 1  # only the communities split their days


def test_the_b_share_moves_the_cut():
    organisation, time, roster = written("three_level", "roles.order=split", "roles.b_share=0.8", *PLAIN_DAYS)
    m = organisation.members("community", 0)[1]
    opened = next(a for a, *_ in spans(roster, m))
    assert opened in time.day_opens()
    cut = opened + HOUR * 3 // 2  # A is 0.2 of 7.5 h
    assert Desk.FRONT in desks(organisation, on_duty(roster, m, cut - 1))
    assert Desk.FRONT not in desks(organisation, on_duty(roster, m, cut))


@pytest.mark.parametrize("order", ["a_first", "oldest", "longest", "b_first"])
def test_in_the_time_for_the_grid_paper_that_is_not_yet_due_is_left_alone(order):
    organisation, time, roster = written("three_level", f"roles.order={order}", *PLAIN_DAYS)
    keeper = next(m for m in organisation.members("community", 0)[1:] if organisation.people[m].grids)
    grid = 0.35 * 7.5 * HOUR
    cuts = time.hours.after(0, np.arange(len(time.working_days)) * time.day_ticks + round(
        0.35 * time.day_ticks if order == "b_first" else 0.65 * time.day_ticks
    ))  # fmt: skip
    left = 0
    for opened, closed, duty, _ in spans(roster, keeper):
        cut = cuts[np.searchsorted(time.working_days, opened // DAY)]
        in_grid = closed <= cut if order == "b_first" else opened >= cut
        assert in_grid or opened >= cut or closed <= cut  # no span is both
        served = desks(organisation, lines(roster, duty))
        everything = {Desk.FRONT, Desk.PHONE, Desk.FILES, Desk.TASKS, Desk.DUE, Desk.FIELD, Desk.PATROL, Desk.HOME}
        assert served == (everything - {Desk.TASKS} if in_grid else everything)
        left += (closed - opened) * in_grid
    assert left == pytest.approx(grid * len(present(roster, keeper)), abs=len(time.working_days))


@pytest.mark.parametrize("order", ["a_first", "oldest", "longest", "b_first", "split"])
@pytest.mark.parametrize("scheme", ["ab", "generalist"])
def test_the_share_for_the_grid_moves_something_under_every_order(order, scheme):
    few, many = (
        written("three_level", f"roles.scheme={scheme}", f"roles.order={order}", f"roles.b_share={share}")[2].servers
        for share in (0.2, 0.5)
    )
    assert not all(np.array_equal(few[column], many[column]) for column in few)


@pytest.mark.parametrize("scheme", ["lines", "dedicated"])
def test_the_share_for_the_grid_is_for_those_with_both_posts(scheme):
    few, many = (
        written("three_level", f"roles.scheme={scheme}", f"roles.b_share={share}")[2].servers for share in (0.2, 0.5)
    )
    assert all(np.array_equal(few[column], many[column]) for column in few)


# ---------------------------------------------------------------------------------------- when is somebody there


def test_a_station_is_attended_on_the_days_on_which_somebody_serves_it():
    organisation, time, roster = written("four_level_lines")
    for s, station in enumerate(organisation.stations):
        if station.desk not in (Desk.FRONT, Desk.PHONE):
            assert roster.attended[s].all()
            continue
        keepers = [
            i
            for i, p in enumerate(organisation.people)
            if (p.level, p.unit, p.specialism) == (station.level, station.unit, station.specialism)
        ]
        there = set.union(*(present(roster, i) for i in keepers))
        assert roster.attended[s].tolist() == [day in there for day in time.working_days.tolist()]


def test_where_all_serve_all_a_counter_is_unattended_only_when_nobody_is_there():
    organisation, time, roster = written("four_level", "staffing.absence.share=0.5")
    unattended = 0
    for unit in range(4):
        there = set.union(*(present(roster, m) for m in organisation.members("community", unit)))
        in_office = [day in there for day in time.working_days.tolist()]
        unattended += in_office.count(False)
        for s, station in enumerate(organisation.stations):
            if (station.level, station.unit) == ("community", unit) and station.desk in (Desk.FRONT, Desk.PHONE):
                assert roster.attended[s].tolist() == in_office
    assert unattended > 0
