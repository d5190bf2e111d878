"""The rules of conduct at work: days of one member of staff worked by hand, and what holds on whole tiny districts."""

import numpy as np
import pytest
from setups.district import case, office, organised, pilot, tiny

from sim.district import workload
from sim.district.background import Paper, _pieces
from sim.district.calendars import Attended, calendars
from sim.district.rosters import rosters
from sim.district.stages import WAITS, Desk, Kind, Presence
from sim.draws.clock import DAY, HOUR, MINUTE, WEEK
from sim.engine import compiled
from sim.engine.network_building import make_network
from sim.engine.record import Outcome
from sim.engine.reference import engine as reference
from sim.measures import staff

FRONT, TASKS, DUE = range(3)
TUESDAY = DAY  # the first Monday of the year is a holiday


def at(clock, day=TUESDAY):
    """Return the instant of a time like 8:30 on a day."""
    hour, minute = clock.split(":")
    return day + int(hour) * HOUR + int(minute) * MINUTE


def paper(a_pilot, clock, minutes, *, days, day=TUESDAY):
    """Return the beginning and the steps of one piece of paper that is due at the end of a working day."""
    time, begin = office(a_pilot), np.array([at(clock, day)])
    steps = _pieces(a_pilot, time, (TASKS, DUE), begin, np.array([minutes * MINUTE]), Paper(Kind.TASKS, days, 1))
    return int(begin[0]), [{name: int(np.ravel(value)[0]) for name, value in step.items()} for step in steps]


def resident(a_pilot, clock, minutes, day=TUESDAY):
    """Return the beginning and the step of a resident who comes to the counter."""
    step = {"station": FRONT, "work": minutes * MINUTE, "priority": a_pilot.conduct.priorities.residents}
    return at(clock, day), [step | {"past_closing": 1}]


def worked(a_pilot, *requests, evening=()):
    """Return the spells of each request of a day's work by one person: (clock of start, clock of end), day by day.

    The person serves all desks in office hours, and what is due on `evening` (day, hours).
    """
    time = office(a_pilot)
    opens, closes = list(time.hours.open), list(time.hours.close)
    duty, back = [0] * len(opens), [int(c in time.day_closes()) for c in closes]
    for day, hours in evening:
        i = closes.index(at("18:00", day)) + 1
        opens.insert(i, at("18:00", day))
        closes.insert(i, at("18:00", day) + hours * HOUR)
        duty.insert(i, 1)
        back.insert(i, 1)
    cal = calendars(time, a_pilot.structure, Attended.from_days(np.ones((3, len(time.working_days)), dtype=bool)))
    order = sorted(range(len(requests)), key=lambda i: requests[i][0])
    rows, first = [], [0]
    for i in order:
        base = len(rows)
        for k, step in enumerate(requests[i][1]):
            leads = {name: base + k + step[name] if name in step else -1 for name in ("next", "leave")}
            rows.append({key: value for key, value in step.items() if key != "kind"} | leads)
        first.append(len(rows))
    defaults = {"yields_to": 0, "past_closing": 0, "shuts": -1}
    network = make_network(
        stations={"site": [0, 0, 0]},
        duties={
            "first": [0, 3, 4], "longest": [0, 0], "station": [FRONT, TASKS, DUE, DUE], "rank": [0] * 4,
            "pace": [1000] * 4,
        },
        servers={
            "first": [0, len(opens)], "open": opens, "close": closes, "duty": duty, "hand_back": back,
            "changeover": [0],
        },
        calendars={
            "first": np.cumsum([0, *(len(c.open) for c in cal)]), "open": np.concatenate([c.open for c in cal]),
            "close": np.concatenate([c.close for c in cal]),
        },
        requests={"first": first, "begin": [requests[i][0] for i in order]},
        steps={
            name: [row.get(name, defaults.get(name, 0)) for row in rows]
            for name in ("station", "work", "priority", "yields_to", "past_closing", "shuts", "next", "leave")
        },
    )  # fmt: skip
    found = [[] for _ in requests]
    records = [engine.run(network, 3 * WEEK) for engine in (compiled, reference)]
    for name in ("step", "start", "end"):
        assert np.array_equal(*(getattr(spells, name) for _, spells in records))
    _, spells = records[0]
    for step, start, end in sorted(zip(spells.step, spells.start, spells.end, strict=True), key=lambda row: row[1]):
        found[order[int(np.searchsorted(first, step, side="right")) - 1]].append((clock(start), clock(end)))
    return found


def clock(tick):
    """Return an instant as a time, with the days since Tuesday where there are any."""
    days, minutes = (int(tick) - TUESDAY) // DAY, int(tick) % DAY // MINUTE
    return f"{minutes // 60}:{minutes % 60:02d}" + (f"+{days}" if days else "")


BASE = tiny("four_level")


# ---------------------------------------------------------------------------------------------- worked by hand


def test_paper_is_put_down_for_a_resident_who_is_there_and_taken_up_again():
    # Half an hour of paper: 10 minutes that are not yet due, then the 20 left of it. A resident comes into each.
    found = worked(BASE, paper(BASE, "8:30", 30, days=5), resident(BASE, "8:35", 4), resident(BASE, "9:00", 3))
    whole = [("8:30", "8:35"), ("8:39", "8:44"), ("8:44", "9:00"), ("9:03", "9:07")]
    assert found == [whole, [("8:35", "8:39")], [("9:00", "9:03")]]


def test_where_nothing_is_put_down_a_resident_waits_for_the_end_of_the_step():
    kept = tiny("four_level", "conduct.put_down=false")
    found = worked(kept, paper(kept, "8:30", 30, days=5), resident(kept, "8:35", 4))
    assert found == [[("8:30", "8:40"), ("8:44", "9:04")], [("8:40", "8:44")]]


def test_paper_that_is_due_is_put_down_for_a_resident_too():
    found = worked(BASE, paper(BASE, "8:30", 30, days=0), resident(BASE, "8:35", 4))
    assert found == [[("8:30", "8:35"), ("8:39", "9:04")], [("8:35", "8:39")]]


def test_work_that_is_due_goes_before_what_is_not_and_what_has_been_begun_is_due():
    # The second, not yet due, waits for the first, which is; of the third 10 minutes are done before the fourth, due,
    # comes, and what is left of it goes on in turn.
    found = worked(
        BASE,
        paper(BASE, "8:30", 30, days=0),
        paper(BASE, "8:31", 30, days=5),
        paper(BASE, "9:05", 30, days=0),
    )
    assert found == [[("8:30", "9:00")], [("9:00", "9:10"), ("9:40", "10:00")], [("9:10", "9:40")]]


def test_what_was_not_begun_goes_on_whole_when_it_falls_due():
    # 15 hours of due work fill Tuesday and Wednesday. The piece of Tuesday is due at the end of Wednesday, and is then
    # before the other, of Tuesday too, that is due at the end of Thursday.
    found = worked(
        BASE,
        paper(BASE, "8:30", 15 * 60, days=0),
        paper(BASE, "8:31", 30, days=2),
        paper(BASE, "8:32", 30, days=1),
    )
    assert found[0] == [("8:30", "18:00"), ("8:30+1", "18:00+1")]  # it rests at noon and is handed back at closing
    assert found[2] == [("8:30+2", "9:00+2")]
    assert found[1] == [("9:00+2", "9:10+2"), ("9:10+2", "9:30+2")]


def test_an_evening_is_for_work_that_is_due_and_for_nothing_else():
    due, not_yet = paper(BASE, "17:50", 30, days=0), paper(BASE, "17:45", 30, days=5)
    assert worked(BASE, due, evening=[(TUESDAY, 2)]) == [[("17:50", "18:00"), ("18:00", "18:20")]]
    # The 10 minutes that are not yet due end at 17:55, and what is left of it goes on as if it were.
    assert worked(BASE, not_yet, evening=[(TUESDAY, 2)]) == [
        [("17:45", "17:55"), ("17:55", "18:00"), ("18:00", "18:15")]
    ]
    # What is not yet due waits for the morning, however idle the evening.
    late = paper(BASE, "17:55", 30, days=5)
    assert worked(BASE, late, evening=[(TUESDAY, 2)]) == [
        [("17:55", "18:00"), ("8:30+1", "8:35+1"), ("8:35+1", "8:55+1")]
    ]
    # A resident who comes after closing meets nobody until the morning.
    assert worked(BASE, resident(BASE, "18:30", 5), evening=[(TUESDAY, 2)]) == [[("8:30+1", "8:35+1")]]


def test_an_evening_ends_after_its_hours():
    long_paper = paper(BASE, "17:00", 4 * 60, days=0)
    assert worked(BASE, long_paper, evening=[(TUESDAY, 2)]) == [
        [("17:00", "18:00"), ("18:00", "20:00"), ("8:30+1", "9:30+1")]
    ]


# ------------------------------------------------------------------------------------------ a whole tiny district


def test_an_issue_is_answered_by_whoever_is_in():
    # With one room and anyone on the phone, a call meets somebody unless the whole community is out.
    lines, anyone = (
        _left(tiny("four_level", f"conduct={conduct}", "demand.phone_per_resident_year=0.5"), Presence.ON_THE_PHONE)
        for conduct in ("ledgers_first", "base")
    )
    assert anyone < 0.5 * lines


def _left(a_pilot, presence):
    """Return the share of tries that end with leaving."""
    made = case(a_pilot)
    visits, _ = compiled.run(made.network, made.horizon)
    tried = (made.labels.presence == presence) & np.isin(visits.outcome, (Outcome.SERVED, Outcome.ABANDONED))
    return (visits.outcome[tried] == Outcome.ABANDONED).mean()


@pytest.mark.parametrize("name", ["four_level", "three_level"])
@pytest.mark.parametrize("conduct", ["base", "ledgers_first"])
def test_cover_never_raises_losses(name, conduct):
    alone, covered = (
        _left(tiny(name, f"conduct={conduct}", f"roles.cover={cover}"), Presence.IN_PERSON)
        for cover in ("none", "colleague")
    )
    assert covered <= alone + 0.01


@pytest.fixture(scope="module")
def lines_alone():
    """Return the run of a town where only one can serve each line, and each is away two days in five."""
    a_pilot = tiny(
        "four_level_lines", "staffing.absence.share=0.4", "demand.counter_per_resident_year=2", "demand.return_share=1"
    )
    return a_pilot, *_unattended(a_pilot)


def _unattended(a_pilot):
    """Return a case, its record, and which tries of residents arrive on a day on which nobody can serve them."""
    made = case(a_pilot)
    visits, _ = compiled.run(made.network, made.horizon)
    attended = rosters.build_rosters(organised(a_pilot), office(a_pilot), 0).attended
    came = np.isin(made.labels.presence, WAITS) & (visits.arrival >= 0)
    came &= made.office.hours.contains(visits.arrival)
    day = np.searchsorted(made.office.working_days, visits.arrival // DAY).clip(max=attended.shape[1] - 1)
    nobody = np.zeros_like(came)
    nobody[came] = ~attended[made.network.steps.station[came], day[came]]
    return made, visits, came, nobody


def test_who_is_told_leaves_at_once_on_a_day_on_which_nobody_attends(lines_alone):
    _, _, visits, _, nobody = lines_alone
    assert nobody.sum() > 100
    assert np.all(visits.outcome[nobody] == Outcome.ABANDONED)
    assert np.array_equal(visits.end[nobody], visits.arrival[nobody])


def test_who_was_told_comes_again_when_somebody_attends(lines_alone):
    _, made, visits, came, nobody = lines_alone
    again = np.flatnonzero(nobody)
    leave = made.network.steps.leave[again]
    again, leave = again[leave >= 0], leave[leave >= 0]
    later = leave[visits.arrival[leave] >= 0]
    assert len(later) > 80
    assert came[later].all()
    assert not nobody[later].any()


def test_who_is_not_told_waits_in_vain_and_comes_again_when_it_suits(lines_alone):
    a_pilot, *_ = lines_alone
    untold = a_pilot.model_copy(update={"service": a_pilot.service.model_copy(update={"told_when_back": 0.0})})
    made, visits, _, nobody = _unattended(untold)
    closed = nobody & (visits.end >= 0)
    assert np.all(visits.outcome[closed] == Outcome.ABANDONED)
    assert (visits.end - visits.arrival)[closed].mean() > 2 * MINUTE
    again = made.network.steps.leave[closed]
    again = again[(again >= 0)]
    assert nobody[again[visits.arrival[again] >= 0]].mean() > 0.1  # some on another day on which nobody is there


def test_evening_work_is_due_paper_and_in_neither_on_duty_time_nor_utilisation():
    made, times = {}, {}
    for hours in (0, 5):
        a_pilot = tiny(
            "four_level", f"staffing.catch_up_hours_per_week={hours}", "district.work.from_above_hours=20000"
        )
        made[hours] = case(a_pilot)
        _, spells = compiled.run(made[hours].network, made[hours].horizon)
        times[hours] = staff.time_spent(made[hours], spells, 0, made[hours].horizon)
        hour = made[hours].office.hours
        late = ~hour.contains(spells.start)
        desks = {
            made[hours].organisation.stations[s].desk for s in made[hours].network.steps.station[spells.step[late]]
        }
        assert desks == ({Desk.DUE} if hours else set())
        if hours:
            spent = np.bincount(spells.server[late], spells.ticks[late], len(made[hours].organisation.people))
            weeks = made[hours].horizon / WEEK
            assert spent.max() <= 5 * HOUR * weeks
            assert spent.max() > HOUR
            assert np.all(times[hours].overtime >= spent)
    assert np.array_equal(times[0].on_duty, times[5].on_duty)
    for time in times.values():
        assert np.all(time.busy <= time.on_duty)


def test_hours_from_above_are_time_at_the_desk_and_time_away():
    # The same hours in all, wherever they are done: what is away is not a piece as well.
    laid = {}
    for share in (0, 0.3, 0.6):
        made = case(tiny("four_level", f"burden.away_share={share}", "run.measured_weeks=50"))
        first, steps = made.network.requests.first, made.network.steps
        begins = first[made.n_residents : -1]
        begins = begins[made.labels.kind[begins] == Kind.TASKS]
        pieces = steps.work[begins + 1].sum() / HOUR
        away = (made.away[:, 2] - made.away[:, 1]).sum() / HOUR
        laid[share] = pieces + away
        year = made.office.hours.total / (made.office.day_ticks * workload.working_days_a_year(pilot()))
        due = 12_550 * year
        # what is periodic comes month by month, and what is ad hoc at random
        assert abs(laid[share] - due) < 4 * np.sqrt(0.16 * due * 0.5) + 0.17 * due / 12 + 0.5 * 4 * 17
        assert (away > 0.7 * share * due) == (share > 0)
        assert away <= share * due + 1.5 * 14


def test_a_post_with_more_to_do_serves_fewer_duties_and_more_heads_more():
    def done(heads, *overrides):
        a_pilot = tiny("four_level", f"staffing.community_heads={heads}", *overrides)
        made = case(a_pilot)
        visits, _ = compiled.run(made.network, made.horizon)
        counts = staff.duties(made, visits, 0, made.horizon)[1]  # home visits: done and due
        return counts[0].sum() / counts[1].sum()

    shares = [done(heads) for heads in (8, 14, 20)]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]
    assert done(14, "demand.counter_per_resident_year=2") <= done(14)


@pytest.mark.parametrize("level", ["community", "street", "district"])
def test_more_heads_at_a_level_do_the_same_work_in_less_of_their_time(level):
    def busy(heads):
        made = case(tiny("four_level", f"staffing.{level}_heads={heads}", "grid.visits.duty_share=0"))
        _, spells = compiled.run(made.network, made.horizon)
        time = staff.time_spent(made, spells, 0, made.horizon)
        who = [i for i, p in enumerate(made.organisation.people) if p.level == level]
        return time.busy[who].sum() / time.on_duty[who].sum()

    few, many = {"community": (12, 20), "street": (10, 20), "district": (7, 12)}[level]
    assert busy(few) > busy(many) + 0.02
