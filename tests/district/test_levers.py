"""Role schemes, service points, and the services and contacts that a reform hopes for, each on its own."""

from collections import Counter

import numpy as np
import pytest
from setups.district import ALL_PILOTS, case, mapping, office, organised, pilot, place_of, tiny

from sim import config
from sim.district import demand, overload, place, workload
from sim.district.demand import Channel
from sim.district.itineraries import possible_draws
from sim.district.rosters import rosters
from sim.district.routing import itinerary
from sim.district.stages import Access, CaseDraw, Desk, Kind, Presence
from sim.errors import ConfigError
from sim.study.replication import simulate

THREE = pilot("three_level")
AT_DESKS = {Desk.FRONT, Desk.PHONE, Desk.FILES, Desk.TASKS, Desk.DUE}


def stages(a_pilot, archetype, **drawn):
    procedure = a_pilot.procedures.archetypes[archetype]
    active = tuple(a.name != "visit" for a in procedure.activities)
    return itinerary(a_pilot, procedure, Channel.COUNTER, CaseDraw(active, returns=False, **drawn))


def words(found):
    return [f"{s.level[0]}:{s.activity}/{s.desk.name.lower()}" for s in found]


def duties(a_pilot, community=0):
    """Return the set of desks, and the paces by station, that each member of a community serves in some duty."""
    organisation = organised(a_pilot)
    roster = rosters.build_rosters(organisation, office(a_pilot), 0)
    found = []
    for m in organisation.members("community", community):
        first, last = roster.servers["first"][m : m + 2]
        paces = {}
        for duty in roster.servers["duty"][first:last]:
            a, b = roster.duties["first"][duty : duty + 2]
            paces |= dict(zip(roster.duties["station"][a:b].tolist(), roster.duties["pace"][a:b].tolist(), strict=True))
        found.append((organisation.people[m], {organisation.stations[s].desk for s in paces}, paces))
    return organisation, found


# ---------------------------------------------------------------------------------------------- role schemes


def test_dedicated_managers_have_the_grids_and_specialists_the_desks():
    organisation, members = duties(tiny("three_level_dedicated", "roles.cover=none"))
    posts = Counter(person.post for person, _, _ in members)
    # 14 + 0.425 x 12 heads are 19, 9 of them here; 4 + 4 or 5 grids at 0.44: 2 managers each.
    assert posts == {"community secretary": 1, "specialist": 6, "grid manager": 2}
    for person, desks, _ in members:
        in_grids = {Desk.FIELD, Desk.PATROL, Desk.HOME}
        assert desks == (in_grids if person.post == "grid manager" else AT_DESKS)
    owned = Counter(grid for p in organisation.people for grid in p.grids)
    assert owned == Counter(range(len(organisation.place.grid_community)))


def test_nobody_but_specialists_sits_at_the_rota_desk():
    _, members = duties(tiny("three_level_dedicated", "service.desk=rota"))
    for person, desks, _ in members:
        assert (Desk.FRONT in desks) == (person.post != "grid manager")


def test_the_shipped_dedicated_design_has_0_44_managers_a_grid():
    people = organised(pilot("three_level_dedicated")).people
    n_grids = len(place_of("three_level_dedicated").grid_community)
    assert sum(p.post == "grid manager" for p in people) == round(0.44 * n_grids) == 82


def test_more_managers_than_heads_are_refused():
    message = (
        r"roles.managers_per_grid must leave every community a head for its desks, got 1: \d+ grid managers for the "
        r"\d+ grids of community \d+, which has \d+ heads \(\d+ of 118 in all\)"
    )
    with pytest.raises(ConfigError, match=message):
        organised(pilot("four_level", "roles.scheme=dedicated", "roles.managers_per_grid=1.0"))


def test_specialists_cover_specialists_and_nobody_a_grid_manager():
    organisation, members = duties(tiny("three_level_dedicated", "run.measured_weeks=12"))
    grids, covered = {Desk.FIELD, Desk.PATROL, Desk.HOME}, {True: set(), False: set()}
    for person, desks, paces in members:
        manager = person.post == "grid manager"
        assert desks == (grids if manager else AT_DESKS)
        covered[manager] |= {organisation.stations[s].desk for s, pace in paces.items() if pace == 1150}
    # somebody's absence was covered; at the counter and on the phone all are outsiders
    assert covered == {True: set(), False: {Desk.FRONT, Desk.PHONE, Desk.FILES}}


def test_a_split_day_is_for_those_with_both_posts():
    whole, split = (duties(tiny("three_level_dedicated", f"roles.order={o}"))[1] for o in ("a_first", "split"))
    assert [desks for _, desks, _ in whole] == [desks for _, desks, _ in split]


def test_generalists_serve_everything_and_are_slower_outside_their_own():
    organisation, members = duties(tiny("three_level_generalist"))
    here = {i for i, s in enumerate(organisation.stations) if (s.level, s.unit) == ("community", 0)}
    for person, _, paces in members:
        assert set(paces) == here
        papers = (Desk.FILES, Desk.TASKS, Desk.DUE)
        own = {int(organisation.at["community", desk][0, person.specialism]) for desk in papers}
        own |= {int(organisation.at_grid[d][g]) for g in person.grids for d in (Desk.FIELD, Desk.PATROL, Desk.HOME)}
        assert {s for s, pace in paces.items() if pace == 1000} == own
        assert set(paces.values()) <= {1000, 1150}


def test_generalists_are_one_pool_and_managers_one_of_their_own():
    everybody = [p for p in overload.pools(organised(pilot("three_level_generalist"))) if p.level == "community"]
    assert [str(p.post) for p in everybody[:2]] == ["community 1, all staff", "community 2, all staff"]
    assert sum(p.heads for p in everybody) == 169
    apart = [p for p in overload.pools(organised(pilot("three_level_dedicated"))) if p.level == "community"]
    managers = [p for p in apart if str(p.post).endswith("grid managers")]
    assert sum(p.heads for p in managers) == 82
    assert sum(p.heads for p in apart) == 169
    # The same work is due under both, wherever it is done, but what residents do not bring to the counter is done five
    # in six times by somebody outside the own specialism.
    works = workload.expected(pilot("three_level"), place_of("three_level"))
    counter = sum(w.hours for w in works if w.level == "community" and w.kind is Kind.FRONT)
    slower = 1 + 0.15 * 5 / 6
    hours = sum(p.hours for p in apart)
    assert sum(p.hours for p in everybody) == pytest.approx((hours - counter) * slower + counter)


def test_an_overloaded_owner_marks_the_grids_of_their_own():
    organisation = organised(pilot("flatten_only", "district.work.from_above_hours=150000", "conduct=due_first"))
    pools = overload.pools(organisation)
    bad = overload.overloaded_stations(organisation, pools)
    drowned = {(p.unit, p.team) for p in pools if p.level == "community" and p.holds_up_residents}
    assert drowned
    owner = {g: (p.unit, p.specialism) for p in organisation.people for g in p.grids}
    for station, marked in zip(organisation.stations, bad, strict=True):
        if station.grid >= 0:
            assert marked == (owner[station.grid] in drowned)


def test_where_paper_goes_last_it_piles_up_alone_and_residents_do_not_meet_it():
    more = "district.work.from_above_hours=150000"
    base, due_first = (
        organised(pilot("flatten_only", more)),
        organised(pilot("flatten_only", more, "conduct=due_first")),
    )
    last, before = overload.pools(base), overload.pools(due_first)
    assert [p.load for p in last] == [p.load for p in before]
    assert any(p.overloaded for p in last)
    assert not any(p.holds_up_residents for p in last)
    assert not overload.overloaded_stations(base, last).any()
    assert [p.before_paper for p in before] == [p.load for p in before]
    assert overload.overloaded_stations(due_first, before).any()


def test_what_goes_before_paper_is_reckoned_without_the_evenings_for_paper():
    evenings, none = (
        overload.pools(organised(pilot("three_level", f"staffing.catch_up_hours_per_week={h}"))) for h in (4, 0)
    )
    assert [p.before_paper for p in evenings] == pytest.approx([p.before_paper for p in none])
    assert sum(p.load for p in evenings) < sum(p.load for p in none)


def test_residents_alone_are_too_many_where_their_files_are():
    crowd = organised(pilot("flatten_only", "demand.counter_per_resident_year=20"))
    assert all(p.holds_up_residents == (p.before_paper >= 1) for p in overload.pools(crowd))
    assert overload.overloaded_stations(crowd, overload.pools(crowd)).any()


def test_an_overloaded_manager_marks_the_grids_and_nothing_else():
    organisation = organised(pilot("three_level_dedicated"))
    pools = overload.pools(organisation)
    drowned = [p for p in pools if str(p.post) == "community 1, grid managers"]
    bad = overload.overloaded_stations(organisation, [type(p)(**vars(p) | {"before_paper": 1e9}) for p in drowned])
    marked = {(s.desk, s.unit) for s, b in zip(organisation.stations, bad, strict=True) if b}
    assert marked == {(desk, 0) for desk in (Desk.FIELD, Desk.PATROL, Desk.HOME)}


# --------------------------------------------------------------------------------------------- service points


def test_each_service_point_has_a_queue_and_its_own_neighbours():
    a_pilot = tiny("three_level", "service.points=3")
    organisation, where = organised(a_pilot), place.build_place(a_pilot)
    assert len(organisation.at_point) == 6
    assert np.array_equal(where.point // 3, where.community)
    assert np.ptp(np.bincount(where.point)) <= 1
    front = case(a_pilot)
    came = [i for i, s in enumerate(front.organisation.stations) if s.desk is Desk.FRONT and s.level == "community"]
    assert set(front.network.steps.station[front.labels.presence == Presence.IN_PERSON].tolist()) == set(came)


def test_more_service_points_shorten_the_walk():
    ways = [place_of("three_level", f"service.points={n}") for n in (1, 2, 3)]
    km = [float(p.distance(p.point).mean()) for p in ways]
    assert km[0] > km[1] > km[2]


def test_the_rota_mans_every_service_point_while_enough_are_there():
    organisation, members = duties(tiny("three_level", "service.points=3", "service.desk=rota"))
    served = {s for _, _, paces in members for s in paces if organisation.stations[s].desk is Desk.FRONT}
    assert served == set(organisation.at_point[:3].tolist())


@pytest.mark.parametrize(
    ("name", "override", "message"),
    [
        ("four_level", "service.points=2", "service.points must be 1 where the structure has no big communities"),
        ("three_level", "service.points=4", "service.points must be at most 3, got 4"),
        ("flatten_only", "service.points=2", "service.points must be 1 unless service.windows is one_window"),
    ],
)
def test_service_points_that_cannot_be_are_refused(name, override, message):
    with pytest.raises(ConfigError, match=message):
        config.load(mapping(name, override))


def test_points_without_enough_staff_at_the_desks_are_refused():
    few = ("staffing.community_heads=8", "staffing.street_sent_down_share=0.0", "staffing.street_sent_up_share=1.0")
    message = (
        r"service.points must leave {} at the desks of every community for each point, got 3 points for community 1"
    )
    with pytest.raises(ConfigError, match=message.format("two heads")):
        organised(tiny("three_level", *few, "structure.communities=2", "service.points=3", "service.desk=rota"))
    with pytest.raises(ConfigError, match=message.format("a head")):
        organised(tiny("three_level", *few, "structure.communities=4", "service.points=3", "service.desk=own"))


def test_no_point_always_has_a_seat_less():
    a_pilot = tiny("three_level", "service.points=2", "service.desk=rota", "service.seats=3", "run.measured_weeks=12")
    organisation = organised(a_pilot)
    roster = rosters.build_rosters(organisation, office(a_pilot), 0)
    spans, duties_ = roster.servers, roster.duties
    manned = np.zeros(len(organisation.stations))
    for m in organisation.members("community", 0):
        for k in range(*spans["first"][m : m + 2]):
            a, b = duties_["first"][spans["duty"][k] : spans["duty"][k] + 2]
            manned[duties_["station"][a:b]] += spans["close"][k] - spans["open"][k]
    first, second = manned[organisation.at_point[:2]]
    assert 0.9 < first / second < 1.1


# ------------------------------------------------------------------------------------ ways to be served


def test_a_file_by_agency_costs_the_resident_no_trip():
    office_way, agency = (stages(THREE, "T7", access=access) for access in (Access.OFFICE, Access.AGENCY))
    assert sum(s.trip for s in office_way) == 2
    assert sum(s.trip for s in agency) == 0
    assert words(agency) == [
        "c:fetch papers/field", "c:front/files", "c:street_review/files", "d:district_review/files",
        "d:printing/nowhere", "c:post in/nowhere", "c:deliver/field",
    ]  # fmt: skip
    assert agency[1].minutes == office_way[0].minutes


def test_at_the_door_the_front_desk_comes_home_outside_the_own_line():
    door = stages(THREE, "T2", access=Access.DOOR, incomplete=("desk",))
    # 8 min at the pace of an outsider and 3 min of way; the papers are fetched at home too.
    assert [(s.activity, s.kind, s.minutes, s.trip) for s in door[:2]] == [
        ("front", Kind.DOOR, 8 * 1.15 + 3, False), ("front", Kind.DOOR, 8 * 1.15 + 3, False),
    ]  # fmt: skip
    assert all(s.presence in (Presence.AT_HOME, Presence.ABSENT) for s in door)
    assert door[1].stops_clock


def test_a_misrouted_matter_at_the_door_ends_at_the_right_one():
    door = stages(THREE, "T2", access=Access.DOOR, misrouted=True)
    assert [s.activity for s in door[:2]] == ["wrong desk", "front"]
    agency = stages(THREE, "T2", access=Access.AGENCY, misrouted=True)
    assert [s.activity for s in agency[:3]] == ["fetch papers", "wrong desk", "front"]


def test_a_resident_at_home_spends_the_time_of_being_served_and_not_the_ways_of_staff():
    only = ("service.door_to_door_share=1.0", "demand.phone_per_resident_year=0", "demand.latent_per_resident_year=0")
    only += ("procedures.archetypes.T1.counter_share=1000", "run.drain_weeks=8")
    measures = simulate(tiny("three_level", *only), 0)[0]["measures"]
    found = measures.filter((measures["measure"] == "resident_time") & (measures["group"] == "archetype:T1"))
    assert found["value"][0] == pytest.approx(5 * 1.15, rel=0.1)


@pytest.mark.parametrize("name", ["four_level", "three_level"])
def test_every_share_can_be_everything(name):
    everything = [f"{path}=1.0" for path in (
        "structure.delegated_share", "structure.named_contact_share", "service.agency_share",
        "service.signboard_phone_share",
    )]  # fmt: skip
    for door in (0.0, 1.0):
        tables, _ = simulate(tiny(name, *everything, f"service.door_to_door_share={door}"), 0)
        measures = tables["measures"]
        trips = measures.filter((measures["measure"] == "trips") & (measures["group"] == "channel:counter"))
        assert trips["value"][0] < 0.5


def test_the_street_counter_becomes_a_file_for_whom_staff_carry_it():
    four = pilot("four_level")
    assert "s:street_review/front" in words(stages(four, "T3"))
    assert "s:street_review/files" in words(stages(four, "T3", access=Access.AGENCY))


def test_who_phones_instead_makes_no_trip():
    phoned = stages(THREE, "T1", access=Access.PHONE)
    assert [(s.presence, s.trip) for s in phoned] == [(Presence.ON_THE_PHONE, False)]


def test_a_named_contact_carries_a_file_in_his_own_time():
    lags = [{s.lag_days for s in stages(THREE, "T3", named_contact=on) if s.hand_over} for on in (False, True)]
    assert lags == [{0.75}, {0.1}]


def test_a_delegated_decision_is_made_at_the_community():
    assert "d:district_review/files" in words(stages(THREE, "T3"))
    assert words(stages(THREE, "T3", delegated=frozenset({"district_review"}))) == [
        "c:front/front", "c:street_review/files", "c:district_review/files", "c:tell/files",
    ]  # fmt: skip


LEVERS = (
    "service.door_to_door_share=0.2", "service.agency_share=0.3", "service.signboard_phone_share=0.4",
    "structure.named_contact_share=0.5", "structure.delegated_share=0.3",
)  # fmt: skip


def test_the_shares_of_ways_and_decisions_come_out_as_set():
    a_pilot = pilot("three_level", *LEVERS)
    from sim.district.case_draws import draw_cases

    where = place_of("three_level")
    requests = demand.draw(a_pilot, where, 0).in_channel(Channel.COUNTER)
    cases, case = draw_cases(a_pilot, where, requests, Channel.COUNTER)
    access = np.array([draw.access for _, draw in cases])[case]
    papers = np.array([archetype.papers for archetype, _ in cases])[case]
    by_phone = np.array([not a.papers and a.phone_share > 0 for a, _ in cases])[case]
    special = where.special[requests.household]
    n = len(access)
    assert (access == Access.DOOR).mean() == pytest.approx(0.2, abs=4 * (0.16 / n) ** 0.5)
    assert (access[special] == Access.DOOR).all()  # a tenth of the requests: they come first
    assert (access[papers & (access != Access.DOOR)] == Access.AGENCY).mean() == pytest.approx(0.3, abs=0.01)
    assert (access[by_phone & (access != Access.DOOR)] == Access.PHONE).mean() == pytest.approx(0.4, abs=0.01)
    contact = np.array([draw.named_contact for _, draw in cases])[case]
    assert contact.mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("archetype", ["T1", "T3", "T6", "T11"])
def test_the_probabilities_of_all_draws_sum_to_one(archetype):
    a_pilot = pilot("three_level", *LEVERS)
    total = sum(p for p, _ in possible_draws(a_pilot, a_pilot.procedures.archetypes[archetype], Channel.COUNTER))
    assert total == pytest.approx(1)


def test_levers_that_are_off_change_no_draw():
    # The same requests take the same way but for those whom the lever reaches.
    a_pilot = tiny("three_level", "service.agency_share=0.1")
    off, on = case(tiny("three_level")), case(a_pilot)
    first = [c.network.requests.first for c in (off, on)]
    same = 0
    for r in range(off.n_residents):
        a, b = (slice(f[r], f[r + 1]) for f in first)
        same += np.array_equal(off.network.steps.work[a], on.network.steps.work[b])
    assert 0.9 < same / off.n_residents < 1


def test_expected_work_is_what_is_laid_out_for_all_ways():
    a_pilot = pilot("three_level", *LEVERS)
    works = workload.expected(a_pilot, place_of("three_level"))
    at_home = sum(w.hours for w in works if w.kind is Kind.DOOR)
    laid = case(a_pilot)
    weeks = laid.horizon / (7 * 24 * 3_600_000)
    hours = laid.network.steps.work[laid.labels.kind == int(Kind.DOOR)].sum() / 3_600_000
    assert hours / weeks * 52 == pytest.approx(at_home, rel=0.05)


# ------------------------------------------------------------------------------------------------ pilots


@pytest.mark.parametrize("name", ALL_PILOTS)
def test_every_pilot_runs_keeps_all_heads_and_serves_somebody(name):
    a_pilot = tiny(name)
    heads = workload.heads(a_pilot)
    assert sum(heads.values()) == 14 + 12 + 8
    tables, facts = simulate(a_pilot, 0)
    measures = tables["measures"]
    assert facts["steps"] > 0
    assert measures.filter((measures["measure"] == "still_open") & (measures["group"] == "all"))["n"][0] > 0


def test_pilots_differ_from_each_other_in_the_levers_they_name():
    def levers(name):
        plain = pilot(name).model_dump(mode="json")
        return {
            group: plain[group] for group in ("structure", "staffing", "roles", "service", "demand", "grid", "burden")
        }

    def differ(a, b):
        a, b = levers(a), levers(b)
        return {f"{g}.{k}" for g in a for k in a[g] if a[g][k] != b[g][k]}

    assert differ("three_level", "three_level_all_down") == {
        "staffing.street_sent_up_share", "staffing.street_sent_down_share",
    }  # fmt: skip
    assert differ("four_level", "four_level_lines") == {"roles.one_room", "roles.cover", "service.phone"}
    assert differ("four_level", "four_level_patrols") == {"grid.patrol_duty_share"}
    assert differ("four_level", "four_level_contacts") == {
        "structure.named_contact_share", "structure.named_contact_between",
    }  # fmt: skip
    better = {"structure.named_contact_share", "structure.delegated_share"}
    assert differ("four_level", "four_level_better") == differ("three_level", "three_level_better") == better
    assert differ("three_level", "three_level_enforcement_below") == {
        "structure.performs", "staffing.street_sent_up_share", "staffing.street_sent_down_share",
    }  # fmt: skip
    assert differ("three_level", "three_level_dedicated") == {"roles.scheme"}
    assert differ("three_level", "three_level_generalist") == {"roles.scheme"}
    assert differ("four_level", "sink_only") == {"staffing.street_sent_down_share"}
    assert differ("four_level", "merge_only") == {"structure.communities"}
    assert differ("four_level", "flatten_only") == {
        "structure.levels", "structure.communities", "structure.performs", "staffing.street_sent_up_share",
    }  # fmt: skip
    assert differ("three_level", "three_level_expected") == {
        "demand.misrouted_share", "demand.incomplete_share", "structure.named_contact_share",
        "structure.delegated_share", "service.door_to_door_share", "service.agency_share",
        "service.signboard_phone_share",
    }  # fmt: skip


def test_the_tables_before_a_run_are_made_for_every_lever_of_the_reform():
    from sim.study import load_tables as tables
    from sim.study.design import prepared_all

    for name, overrides in (
        ("three_level", ("service.points=3",)), ("three_level_dedicated", ("roles.managers_per_grid=0.8",)),
    ):  # fmt: skip
        designs = prepared_all([pilot(name, *overrides)])
        assert tables.TODAY in [column.heading for column in tables.work_table(tables.works_of(designs)).columns]
