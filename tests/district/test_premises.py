"""The rooms of the communities' offices: areas, counters and chairs, worked out by hand, and what levers add."""

from dataclasses import replace

import numpy as np
import pytest
from setups.district import case, mapping, office, organised, pilot, place_of, tiny

from sim.config import load
from sim.district import assemble, demand, place, premises, workload
from sim.district.rosters import rosters
from sim.district.stages import Desk, Presence
from sim.draws.clock import DAY, HOUR
from sim.engine import compiled
from sim.engine.audit.invariants import check
from sim.engine.record import Outcome
from sim.engine.reference import engine
from sim.errors import ConfigError
from sim.measures import cost, equal
from sim.study.replications import key, matters

BASE = "mechanisms=base"
COUNTERS, CHAIRS = "mechanisms.premises.m2_per_counter=12", "mechanisms.premises.m2_per_chair=4"
GAP, STREETS = "levers.premises.gap_closed_share", "levers.premises.street_rooms_share"
NOBODY_AWAY = ("staffing.absence.share=0", "burden.meetings.secretary_per_week=0",
               "burden.meetings.others_per_week=0", "burden.away_share=0")  # fmt: skip


def areas(scores, **known):
    given = pilot("four_level", BASE).mechanisms.premises.model_copy(update=known)
    return premises.todays_areas(given, np.array(scores, dtype=np.float64))


def rooms(name, *overrides):
    return organised(pilot(name, BASE, *overrides)).rooms


def test_all_offices_together_have_the_area_that_is_known_and_the_smallest_are_those_named():
    for replication in range(5):
        own = place.build_place(pilot("four_level"), replication=replication)
        area = areas(own.room_scores)
        assert len(area) == 31
        assert area.sum() == pytest.approx(3360.4)
        assert np.sort(area)[:3].tolist() == [6, 10, 20]
        assert np.argsort(area).tolist() == np.argsort(own.room_scores).tolist()
        assert area.max() <= 320


def test_areas_by_hand_one_is_named_one_is_cut_off_at_the_standard_and_two_share_the_rest():
    spread = np.sqrt(np.log1p(0.6**2))
    scores = [0.0, -5.0, 9.0, np.log(3) / spread]  # weights 1, named, far the largest, 3
    area = areas(scores, smallest_m2=(20.0,), mean_m2=125.0)
    assert area == pytest.approx([40, 20, 320, 120])


def test_areas_without_spread_are_equal():
    assert areas([0.3, -1.0, 2.0], smallest_m2=(), m2_cv=0.0) == pytest.approx([108.4] * 3)


def test_an_office_of_today_keeps_its_own_rooms_and_merging_pools_them():
    today = rooms("four_level")
    assert today.area == pytest.approx(areas(place_of("four_level").room_scores))
    assert today.added.sum() == 0
    merged = rooms("three_level")
    assert len(merged.area) == 10
    assert merged.area.sum() == pytest.approx(3360.4)  # 336 m2 each on average, as the report reckons
    halves = place_of("three_level").today  # each big community has of each of today's its share of the households
    shares = np.bincount(place_of("three_level").point, (today.area / np.bincount(halves))[halves])
    assert merged.area == pytest.approx(shares)


def test_service_points_share_the_rooms_of_their_community():
    kept = rooms("three_level", "service.points=3")
    assert len(kept.area) == 30
    assert kept.area.reshape(10, 3).sum(axis=1) == pytest.approx(rooms("three_level").area)


def test_counters_and_chairs_by_hand():
    found = rooms("four_level")
    by_hand = sorted(zip(found.area.tolist(), found.counters.tolist(), found.chairs.tolist(), strict=True))
    assert [(c, r) for _, c, r in by_hand[:3]] == [(1, 2)] * 3  # garage, home, and 20 m2: 14 and 6 m2 of them
    area, counters, chairs = by_hand[-1]
    assert (counters, chairs) == (int(0.7 * area / 12), int(0.3 * area / 4))
    exact = rooms("four_level", "mechanisms.premises.smallest_m2=[]", "mechanisms.premises.m2_cv=0",
                  "mechanisms.premises.mean_m2=120")  # fmt: skip
    assert set(exact.counters.tolist()) == {7}  # 84 m2 for 12 each
    assert set(exact.chairs.tolist()) == {9}  # 36 m2 for 4 each


def test_counters_or_chairs_alone_may_need_room():
    only = organised(pilot("four_level", COUNTERS)).rooms
    assert only.counters is not None
    assert only.chairs is None
    assert organised(pilot("four_level", CHAIRS)).rooms.counters is None
    assert organised(pilot("four_level")).rooms is None


def test_the_gap_to_the_standard_is_closed_in_part_or_whole():
    half, whole = rooms("four_level", f"{GAP}=0.5"), rooms("four_level", f"{GAP}=1")
    assert whole.area == pytest.approx(np.full(31, 320.0))
    assert whole.added.sum() == pytest.approx(31 * 320 - 3360.4)
    assert half.added == pytest.approx(whole.added / 2)


def test_the_streets_rooms_go_to_the_communities_by_households_where_the_streets_are_abolished():
    alone, more = rooms("three_level"), rooms("three_level", f"{STREETS}=1")
    assert more.added == pytest.approx([300] * 10, rel=1e-3)  # 5 of 600, to ten of equal size
    assert more.area == pytest.approx(alone.area + more.added)
    assert rooms("four_level", f"{STREETS}=1").added.sum() == 0


def test_every_square_metre_added_has_its_price_and_none_without():
    both = pilot("four_level", BASE, f"{GAP}=1")
    price = 150 * (31 * 320 - 3360.4)
    assert cost.rooms(both) == pytest.approx(price)
    assert cost.rooms(pilot("three_level", BASE, f"{STREETS}=1")) == pytest.approx(150 * 3000)
    assert cost.rooms(pilot("four_level", BASE)) == 0
    assert cost.rooms(pilot("four_level", f"{GAP}=1")) == 0  # no rooms are looked at: nothing is built
    without = cost.account(pilot("four_level", BASE), [cost.Use()])
    account = cost.account(both, [cost.Use()])
    assert sum(account.pay.values()) + account.offices == sum(without.pay.values()) + without.offices
    assert account.rooms == pytest.approx(price)
    half = pilot("four_level", BASE, f"{GAP}=0.5")
    more = equal.at_equal(pilot("four_level", BASE), half, "money").staffing.community_heads - 118
    assert more == price / 2 // (14_400 * 1.3)


def seated(name, *overrides, replication=0):
    """Return the organisation, the office time and who has a front queue of a community at each instant: a function."""
    one = tiny(name, *overrides)
    organisation, time = organised(one), office(one)
    built = rosters.build_rosters(organisation, time, replication)
    fronts = {i for i, s in enumerate(organisation.stations) if s.desk is Desk.FRONT and s.level == "community"}
    lines = np.split(built.duties["station"], built.duties["first"][1:-1])
    serves = np.array([bool(fronts & set(stations.tolist())) for stations in lines])

    def at(instant):
        first, duty = built.servers["first"], built.servers["duty"]
        on = (built.servers["open"] <= instant) & (instant < built.servers["close"])
        person = np.repeat(np.arange(len(first) - 1), np.diff(first))
        return person[on], person[on & serves[duty]]

    return organisation, time, at


def mornings(time):
    return [int(day) * DAY + 9 * HOUR for day in time.working_days]


ONE_COUNTER = (
    "mechanisms.premises.mean_m2=20",
    "mechanisms.premises.smallest_m2=[]",
    COUNTERS,
    "mechanisms.premises.m2_cv=0",
)


def test_so_many_are_at_the_counters_as_there_are_and_they_take_turns():
    organisation, time, at = seated("four_level", *ONE_COUNTER, *NOBODY_AWAY)
    assert organisation.rooms.counters.tolist() == [1] * 4
    turns = {unit: [] for unit in range(4)}
    for instant in [t for day in mornings(time) for t in (day, day + 6 * HOUR)]:
        for m in at(instant)[1].tolist():
            turns[organisation.people[m].unit].append(m)
    n = 2 * len(time.working_days)
    for unit, each in turns.items():
        members = organisation.members("community", unit)
        assert len(each) == n
        assert each[: 2 * len(members)] == members * 2
        assert {m: each.count(m) for m in members} == pytest.approx({m: n / len(members) for m in members}, abs=1)


def test_a_counter_is_empty_only_while_nobody_of_the_office_is_in():
    organisation, time, at = seated("four_level", *ONE_COUNTER, "run.measured_weeks=4")
    stood_in = 0
    for instant in [int(day) * DAY + k * HOUR // 4 for day in time.working_days for k in (34, 37, 41, 46, 57, 62, 71)]:
        present, at_counter = at(instant)
        for unit in range(4):
            members = set(organisation.members("community", unit))
            n = len(members & set(at_counter.tolist()))
            assert n == min(1, len(members & set(present.tolist())))
            stood_in += n
    assert stood_in > 400


def test_who_is_at_the_counter_serves_every_line_and_the_others_the_phone():
    organisation, time, at = seated("four_level_lines", *ONE_COUNTER, *NOBODY_AWAY, "service.phone=anyone")
    one = organisation.pilot
    built = rosters.build_rosters(organisation, time, 0)
    lines = np.split(built.duties["station"], built.duties["first"][1:-1])
    desks = [[organisation.stations[i] for i in stations.tolist()] for stations in lines]
    below = [stations for stations in desks if stations and stations[0].level == "community"]
    for stations in below:
        fronts = [s for s in stations if s.desk is Desk.FRONT]
        unit = stations[0].unit
        assert len(fronts) in (0, int(organisation.specialisms["community"][unit].max()) + 1)
        assert any(s.desk is Desk.PHONE for s in stations) or one.staffing.catch_up_hours_per_week
    del at


def test_an_office_with_a_counter_for_each_head_is_as_without_rooms():
    plain, large = tiny("three_level"), tiny("three_level", COUNTERS, "mechanisms.premises.mean_m2=240")
    one, other = (rosters.build_rosters(organised(p), office(p), 0) for p in (plain, large))
    for column in one.servers:
        assert np.array_equal(one.servers[column], other.servers[column])
    assert all(few is None for few in organised(large).few_counters)


def test_a_rota_desk_has_no_more_seats_than_counters():
    rota = tiny("three_level", *ONE_COUNTER, "service.desk=rota")
    assert organised(rota).seats(0) == min(rota.service.seats, int(organised(rota).rooms.counters[0]))
    assert organised(tiny("three_level", "service.desk=rota")).seats(0) == rota.service.seats


def test_all_fronts_of_a_service_point_share_its_waiting_room():
    one = case(tiny("four_level", CHAIRS))
    hall, rooms_of = one.network.stations.hall, one.organisation.rooms
    assert one.network.halls.room.tolist() == rooms_of.chairs.tolist()
    for i, station in enumerate(one.organisation.stations):
        waits = station.level == "community" and station.desk is Desk.FRONT
        assert hall[i] == (station.unit if waits else -1)
    points = case(tiny("three_level", CHAIRS, "service.points=2"))
    fronts = [s for s in points.organisation.stations if s.point >= 0]
    halls = [points.network.stations.hall[i] for i, s in enumerate(points.organisation.stations) if s.point >= 0]
    assert halls == [s.point for s in fronts] == list(range(4))


CROWDED = ("mechanisms.premises.mean_m2=9", "mechanisms.premises.smallest_m2=[]", COUNTERS, CHAIRS,
           "demand.counter_per_resident_year=6")  # fmt: skip


def test_who_finds_the_room_full_goes_and_comes_again_under_either_engine():
    one = case(tiny("four_level", *CROWDED))
    visits, spells = compiled.run(one.network, one.horizon)
    check(one.network, visits, spells, one.horizon)
    for table, other in zip(engine.run(one.network, one.horizon), (visits, spells), strict=True):
        assert all(np.array_equal(vars(table)[name], vars(other)[name]) for name in vars(table))
    refused = np.flatnonzero(visits.outcome == Outcome.REFUSED)
    assert len(refused) > 20
    assert (one.labels.presence[refused] == Presence.IN_PERSON).all()
    again = one.network.steps.leave[refused]
    assert (visits.arrival[again[again >= 0]] != -1).any()


def test_with_all_off_the_rooms_that_are_drawn_change_nothing():
    one = tiny("four_level")
    where = place.build_place(one, replication=0)
    drawn = demand.draw(one, where, 0)
    others = replace(where, room_scores=-where.room_scores)
    both = [assemble.plan(organised_on(one, w), office(one), drawn, 0).complete().network for w in (where, others)]
    for name in vars(both[0].steps):
        assert np.array_equal(vars(both[0].steps)[name], vars(both[1].steps)[name])
    assert len(both[0].halls.room) == 0


def organised_on(one, where):
    from sim.district.organisation import build_organisation

    return build_organisation(one, where)


def test_premises_that_are_off_are_in_no_key_and_those_that_are_on_are():
    plain = mapping("four_level")
    older = {name: {k: v for k, v in part.items() if k != "premises"} if name in ("mechanisms", "levers") else part
             for name, part in plain.items()}  # fmt: skip
    assert matters(plain) == matters(older)
    assert key(pilot("four_level")) == key(pilot("four_level", "mechanisms.premises.mean_m2=200"))
    assert key(pilot("four_level", COUNTERS)) != key(pilot("four_level"))
    assert "premises" in matters(mapping("four_level", f"{GAP}=1"))["levers"]


def test_todays_organisation_adds_no_rooms():
    assert not workload.today(pilot("three_level", f"{GAP}=1", f"{STREETS}=1")).levers.premises.on


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("mechanisms.premises.mean_m2=0", r"mechanisms\.premises\.mean_m2 must be .*at least 1.* got 0"),
        ("mechanisms.premises.smallest_m2=[0]", r"mechanisms\.premises\.smallest_m2.0 must be .*at least 1.* got 0"),
        ("mechanisms.premises.m2_per_counter=0.01", r"m2_per_counter must be 0 or at least 0.1, got 0.01"),
        ("mechanisms.premises.mean_m2=330", r"mean_m2 must be between 2.1 and 290.2, so that .* got 330"),
        ("mechanisms.premises.standard_m2=100", r"mean_m2 must be between 2.1 and 91.5, so that .* got 108.4"),
        (f"mechanisms.premises.smallest_m2={[20] * 31}", r"smallest_m2 must name fewer offices .*\(31\), got 31"),
        ("mechanisms.premises.office_share=1.1", r"office_share must be .*at most 1.* got 1.1"),
        ("levers.premises.gap_closed_share=2", r"levers\.premises\.gap_closed_share must be .*at most 1.* got 2"),
        ("cost.room_m2=-1", r"cost\.room_m2 must be .*at least 0.* got -1"),
    ],
)
def test_rooms_that_cannot_be_are_refused_in_one_paragraph(override, message):
    with pytest.raises(ConfigError, match=message) as error:
        load(mapping("four_level", BASE, override))
    assert "\n\n" not in str(error.value)
