from collections import defaultdict
from functools import cache
from itertools import product

import numpy as np
import pytest
from setups.district import case, office, organised, pilot, tiny

from sim.config import LEVELS
from sim.district import background, overload, workload
from sim.district.calendars import CLOSINGS, FIRST_DUE, MONTHLY, OFFICE, WEEKLY
from sim.district.demand import Channel
from sim.district.rosters import rosters
from sim.district.stages import Desk, Kind
from sim.draws.clock import DAY, HOUR, MINUTE, NEVER, WEEK
from sim.engine.network_building import unserved_stations
from sim.errors import ConfigError

DESIGNS = ("four_level", "three_level")
NO_WORK = (
    "district.work.from_above_hours=0",
    *(f"district.work.street_hours.{group}=0" for group in ("economic", "enforcement", "justice", "party", "relay")),
)


@cache
def tiny_case(name, *overrides, replication=0):
    return case(tiny(name, *overrides), replication)


def steps_of(a_case, request):
    """Return the positions of a request's steps."""
    return range(*a_case.network.requests.first[request : request + 2])


def drawn_work(a_case):
    """Return the work of each (request, activity, how often before) of the residents."""
    first, labels, steps = a_case.network.requests.first, a_case.labels, a_case.network.steps
    found = {}
    for r in range(a_case.n_residents):
        seen = defaultdict(int)
        for i in range(first[r], first[r + 1]):
            name = labels.activities[labels.activity[i]]
            if steps.station[i] >= 0:
                found[r, name, seen[name]] = int(steps.work[i])
                seen[name] += 1
    return found


@pytest.mark.parametrize("hours", [1000, 1, 1e-3])
def test_work_from_above_that_comes_hardly_ever_comes_hardly_ever(hours):
    made = tiny_case("four_level", f"district.work.from_above_hours={hours}")
    ordinary = tiny_case("four_level")
    kinds = [int((one.labels.kind == Kind.TASKS).sum()) for one in (made, ordinary)]
    assert kinds[0] < kinds[1] / 10


# ------------------------------------------------------------------------------------------ valid for all


@pytest.mark.parametrize(
    ("order", "cover", "windows", "desk"),
    list(
        product(
            ("a_first", "b_first", "oldest", "longest", "split"),
            ("none", "colleague"),
            ("one_window", "per_line"),
            ("own", "rota"),
        )
    ),
)
def test_every_mixture_of_roles_and_service_is_a_valid_network_that_all_is_served_in(order, cover, windows, desk):
    # make_network checks every rule of the engine contract; nothing may wait where nobody ever serves.
    mixture = tiny(
        "three_level", f"roles.order={order}", f"roles.cover={cover}", f"service={windows}", f"service.desk={desk}",
        "run.drain_weeks=0", "demand.counter_per_resident_year=0.2",
    )  # fmt: skip
    a_case = case(mixture)
    assert len(unserved_stations(a_case.network)) == 0
    assert len(a_case.network.stations.site) == len(a_case.organisation.stations)
    assert len(a_case.network.servers.changeover) == 34


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("four_level", ("roles=ab",)),
        ("four_level", ("service=one_window", "roles.order=longest")),
        ("four_level", ("structure.communities=2",)),
        ("four_level", ("staffing.street_sent_down_share=0.5",)),
        ("three_level", ("roles=lines",)),
        ("three_level", ("structure.merge_rule=whole_communities",)),
        ("three_level", ("burden.release=monday", "burden.first_after_share=1")),
        ("three_level", ("burden.first_after_share=0.5", "grid.patrol_duty_share=0.5")),
        ("four_level", ("conduct=ledgers_first",)),
        ("three_level", ("conduct=due_first",)),
        ("four_level", ("structure.transfer_cv=0", "procedures.outside_cv=0")),
        ("four_level", ("staffing.district_sent_down_share=0.25",)),
        ("three_level", ("grid.households=100", "run.seed=0")),
        ("four_level", (*NO_WORK, "grid.visits.duty_share=0")),
        ("four_level", ("demand.latent_per_resident_year=0", "demand.phone_per_resident_year=0")),
        ("four_level", ("structure.transfer_working_days=0",)),
    ],
)
def test_other_mixtures_of_old_and_new_are_valid_networks(name, overrides):
    a_case = case(tiny(name, *overrides))
    assert len(unserved_stations(a_case.network)) == 0
    assert a_case.horizon == 3 * WEEK


@pytest.mark.parametrize("name", DESIGNS)
def test_residents_come_first_in_the_order_of_the_demand(name):
    a_case = tiny_case(name)
    n = a_case.n_residents
    assert n == len(a_case.demand)
    kinds = a_case.labels.kind
    behind = kinds[a_case.network.requests.first[n] :]
    patrols = {Kind.PATROL} if name == "three_level" else set()
    assert set(np.unique(behind)) == {Kind.TASKS, Kind.OWN, Kind.HOME} | patrols
    residents = kinds[: a_case.network.requests.first[n]]
    assert set(np.unique(residents)) <= {Kind.FRONT, Kind.FILES, Kind.FIELD, Kind.RELAY, Kind.OUTSIDE}


def test_assembling_twice_gives_the_same_network():
    one, two = tiny_case("three_level"), case(tiny("three_level"))
    for table in ("stations", "duties", "servers", "calendars", "requests", "steps"):
        for column, values in vars(getattr(one.network, table)).items():
            assert np.array_equal(values, getattr(getattr(two.network, table), column)), (table, column)


# -------------------------------------------------------------------------------------------- residents


@pytest.mark.parametrize("name", DESIGNS)
def test_who_wants_to_come_while_the_office_is_open_comes_then_and_others_when_it_opens_next(name):
    a_case = tiny_case(name)
    demand, hours = a_case.demand, a_case.office.hours
    begin = a_case.network.requests.begin[: a_case.n_residents]
    came = demand.channel != Channel.LATENT
    is_open = hours.contains(demand.instant)
    assert np.array_equal(begin[is_open | ~came], demand.instant[is_open | ~came])
    shut = came & ~is_open & (hours.after(demand.instant) < NEVER)
    assert shut.sum() > 10
    assert hours.contains(begin[shut]).all()
    # in the very next opening, not at its first moment
    session = np.searchsorted(hours.close, demand.instant[shut], side="right")
    assert np.all(hours.open[session] <= begin[shut])
    assert np.all(begin[shut] < hours.close[session])
    spread = (begin[shut] - hours.open[session]) / (hours.close[session] - hours.open[session])
    assert abs(spread.mean() - 0.5) < 4 / np.sqrt(12 * shut.sum())


def test_requests_begin_at_the_same_moment_under_both_designs():
    four, three = (tiny_case(name) for name in DESIGNS)
    n = four.n_residents
    assert np.array_equal(four.network.requests.begin[:n], three.network.requests.begin[:n])


def test_the_same_request_has_the_same_work_for_the_same_activity_under_both_designs():
    # One try each, so that the first street review under one design is the first under the other. A wrong desk is
    # another desk: a counter where the resident carries the papers, files where they travel alone.
    four, three = (drawn_work(tiny_case(name, "demand.return_share=0")) for name in DESIGNS)
    shared = sorted(key for key in four.keys() & three.keys() if key[1] != "wrong desk")
    assert {name for _, name, _ in shared} >= {"front", "street_review", "district_review", "visit", "tell", "collect"}
    assert len(shared) > 300
    assert [four[key] for key in shared] == [three[key] for key in shared]


def test_who_lives_where_decides_the_station():
    a_case = tiny_case("four_level")
    organisation, where = a_case.organisation, a_case.organisation.place
    stations, steps = organisation.stations, a_case.network.steps
    for r in range(0, a_case.n_residents, 7):
        home = a_case.demand.household[r]
        for i in steps_of(a_case, r):
            if steps.station[i] < 0:
                continue
            s = stations[steps.station[i]]
            unit = {"community": where.community[home], "street": where.street[home], "district": 0}[s.level]
            assert s.unit == unit
            assert LEVELS[a_case.labels.level[i]] == s.level
            if s.grid >= 0:
                assert s.grid == where.grid[home]


def test_a_request_goes_to_the_desk_of_its_line_and_a_misrouted_one_first_to_another():
    a_case = tiny_case("four_level")
    organisation, demand = a_case.organisation, a_case.demand
    plan = organisation.specialisms["community"]
    steps, labels = a_case.network.steps, a_case.labels
    wrong = right = 0
    for r in range(a_case.n_residents):
        for i in steps_of(a_case, r):
            s = organisation.stations[steps.station[i]]
            if steps.station[i] < 0 or s.level != "community" or s.desk is not Desk.FRONT:
                continue
            specialism = plan[organisation.place.community[demand.household[r]], demand.line[r]]
            if labels.activities[labels.activity[i]] == "wrong desk":
                wrong += 1
                assert s.specialism != specialism
            else:
                right += 1
                assert s.specialism == specialism
    assert wrong > 10
    assert right > 100


def test_residents_have_patience_and_go_home_when_the_office_closes():
    a_case = tiny_case("four_level", "service.told_when_back=0")
    steps, labels = a_case.network.steps, a_case.labels
    here = labels.presence > 0
    assert np.array_equal(steps.shuts == CLOSINGS, here)
    assert np.array_equal((steps.patience >= 0) & (steps.awaits < 0) & (labels.kind <= Kind.RELAY), here)
    for presence, minutes in ((1, 60), (2, 4)):
        patience = steps.patience[labels.presence == presence] / MINUTE
        # tries of one request have draws of their own
        assert abs(patience.mean() - minutes) < 4 * minutes / np.sqrt(len(patience))


def test_lags_and_gates_of_files_without_laws():
    laws = ("structure.transfer_cv=0", "procedures.outside_cv=0", "demand.rework_share=0")
    a_case = tiny_case("four_level", *laws)
    steps, labels = a_case.network.steps, a_case.labels
    names = np.array(labels.activities)[labels.activity]
    residents = np.arange(len(names)) < a_case.network.requests.first[a_case.n_residents]
    review = residents & (names == "district_review") & (labels.hand_over == 1)
    assert set(steps.lag[review]) == {round(0.75 * 7.5 * HOUR)}
    assert set(steps.lag_clock[review]) == {OFFICE}
    t7 = a_case.demand.archetype == list(pilot().procedures.archetypes).index("T7")
    first = a_case.network.requests.first
    of_t7 = np.isin(np.repeat(np.arange(len(first) - 1), np.diff(first)), np.flatnonzero(t7))
    assert t7.sum() > 0
    assert set(steps.gate[of_t7 & residents & (names == "street_review") & (labels.hand_over == 1)]) == {WEEKLY}
    assert set(steps.gate[of_t7 & review]) == {MONTHLY}
    assert set(steps.gate[~of_t7]) == {-1}
    printing = residents & (names == "printing")
    days = pilot().procedures.archetypes["T7"].activities[-1].working_days
    assert set(steps.lag[printing]) == {days * 7.5 * HOUR}


def test_a_transfer_and_a_delay_outside_have_laws_with_the_stated_mean_and_spread():
    days, printing, notices = [], [], set()
    for replication in range(6):
        a_case = tiny_case("four_level", "demand.counter_per_resident_year=2", replication=replication)
        steps, labels = a_case.network.steps, a_case.labels
        names = np.array(labels.activities)[labels.activity]
        office_days = steps.lag / (7.5 * HOUR)
        days.append(office_days[(names == "tell") & (labels.hand_over == 1)])
        printing.append(office_days[names == "printing"])
        notices |= set(office_days[(names == "first_notice") | (names == "second_notice")].tolist())
    assert notices == {5.0}  # a public notice has a fixed length
    for found, mean, cv in ((np.concatenate(days), 0.75, 1.5), (np.concatenate(printing), 20, 0.5)):
        # lognormal: the logarithm is normal, of variance ln(1 + cv^2) around ln(mean) less half of it
        variance = np.log(1 + cv**2)
        logs, n = np.log(found), len(found)
        assert n > 60
        assert abs(logs.mean() - (np.log(mean) - variance / 2)) < 4 * np.sqrt(variance / n)
        assert abs(logs.var(ddof=1) / variance - 1) < 4 * np.sqrt(2 / n)


def test_missing_papers_take_three_working_days_on_average():
    lags = []
    for replication in range(4):
        a_case = tiny_case("four_level", replication=replication)
        back = (a_case.labels.stops_clock == 1) & (a_case.labels.kind == Kind.FRONT)
        assert np.all(a_case.labels.trip[back] == 1)
        lags += (a_case.network.steps.lag[back] / (7.5 * HOUR)).tolist()
    assert abs(np.mean(lags) - 3) < 4 * np.std(lags, ddof=1) / np.sqrt(len(lags))


def test_a_trip_takes_the_way_there_and_back():
    a_case = tiny_case("four_level")
    where, labels = a_case.organisation.place, a_case.labels
    trips = np.flatnonzero((labels.trip == 1) & (labels.level == 0))
    request = np.searchsorted(a_case.network.requests.first, trips, side="right") - 1
    km = where.distance(where.community)[a_case.demand.household[request]]
    assert np.array_equal(labels.walk[trips], np.rint(2 * km / 4.5 * HOUR))
    assert np.all(labels.walk[labels.trip == 0] == 0)
    street = np.flatnonzero((labels.trip == 1) & (labels.level == 1))
    request = np.searchsorted(a_case.network.requests.first, street, side="right") - 1
    km = where.distance(where.street)[a_case.demand.household[request]]
    speed = 2 * km * HOUR / labels.walk[street]
    assert set(np.round(speed, 2)) == {4.5, 10.0}  # on foot, or by bus
    assert abs(np.mean(speed > 5) - 0.4) < 4 * np.sqrt(0.24 / len(speed)) * 3**0.5  # a resident tries thrice


# -------------------------------------------------------------------------------------------- latent issues


@pytest.mark.parametrize("name", DESIGNS)
def test_a_latent_issue_awaits_the_patrols_of_its_grid(name):
    a_case = tiny_case(name, "grid.visit_see_share=1")  # for a patrol of an hour: every visit counts as one
    steps, where = a_case.network.steps, a_case.organisation.place
    latent = np.flatnonzero(a_case.demand.channel == Channel.LATENT)
    first = a_case.network.requests.first[latent]
    grid = where.grid[a_case.demand.household[latent]]
    assert np.array_equal(steps.awaits[first], grid)
    assert np.array_equal(np.flatnonzero(steps.awaits >= 0) >= first[0], np.ones((steps.awaits >= 0).sum(), bool))
    emitted = set(steps.emits.tolist()) - {-1}
    assert emitted == set(range(len(where.grid_community)))  # each grid is looked at, and nothing else emits
    patrols = {Kind.PATROL} if name == "three_level" else set()
    assert set(a_case.labels.kind[steps.emits >= 0]) == {Kind.HOME, Kind.FIELD} | patrols
    field = a_case.labels.kind == Kind.FIELD
    checks = field & (a_case.labels.level == 0)
    request = np.searchsorted(a_case.network.requests.first, np.flatnonzero(checks), side="right") - 1
    assert np.array_equal(steps.emits[checks], where.grid[a_case.demand.household[request]])
    assert np.all(steps.emits[field & ~checks] == -1)  # enforcement looks at its case alone


def test_visits_and_checks_see_an_issue_with_their_share_of_the_chance_of_an_hours_patrol():
    # A tenth of the chance of an hour; a grid of any size needs as much more time for a patrol as for a visit.
    place = organised(tiny("four_level")).place
    hour = 1 - (1 - 0.3) ** (250 / place.grid_households)
    signal = np.array([workload.visit_signal(pilot(), float(n)) for n in place.grid_households])
    chance = np.array([workload.see_chance(pilot(), float(n)) for n in place.grid_households])
    assert signal * chance == pytest.approx(0.1 * hour)
    two_hours = pilot("four_level", "grid.patrol_hours=2")
    assert workload.visit_signal(two_hours, 250) * workload.see_chance(two_hours, 250) == pytest.approx(0.1 * 0.3)
    seen = {Kind.HOME: [], Kind.FIELD: []}
    for replication in range(4):
        a_case = tiny_case("four_level", "demand.counter_per_resident_year=2", replication=replication)
        for kind, found in seen.items():
            rows = (a_case.labels.kind == kind) & (a_case.labels.level <= 0)
            found.extend((a_case.network.steps.emits[rows] >= 0).tolist())
    for found in seen.values():
        p = float(signal.mean())  # 0.1: a patrol is an hour
        assert p == pytest.approx(0.1)
        assert len(found) > 300
        assert abs(np.mean(found) - p) < 4 * np.sqrt(p * (1 - p) / len(found))


def test_without_a_share_no_visit_sees_anything():
    a_case = tiny_case("three_level", "grid.visit_see_share=0")
    assert set(a_case.labels.kind[a_case.network.steps.emits >= 0]) == {Kind.PATROL}


def test_issues_are_seen_by_the_kth_patrol_as_its_chance_says_and_reported_as_residents_do():
    counts, reported, days = [], [], []
    for replication in range(4):
        a_case = tiny_case("four_level", "demand.latent_per_resident_year=3", replication=replication)
        latent = a_case.network.requests.first[np.flatnonzero(a_case.demand.channel == Channel.LATENT)]
        steps = a_case.network.steps
        counts += steps.count[latent].tolist()
        reported += (steps.patience[latent] >= 0).tolist()
        days += (steps.patience[latent][steps.patience[latent] >= 0] / DAY).tolist()
    place = organised(tiny("four_level")).place
    chance = np.array([workload.see_chance(pilot(), n) for n in place.grid_households])
    weight = place.grid_households / place.n_households
    n = len(counts)
    for k in (1, 2, 5):
        p = float((weight * chance * (1 - chance) ** (k - 1)).sum())
        assert abs(np.mean(np.array(counts) == k) - p) < 4 * np.sqrt(p * (1 - p) / n)
    assert abs(np.mean(reported) - 0.6) < 4 * np.sqrt(0.24 / n)
    assert abs(np.mean(days) - 7) < 4 * 7 / np.sqrt(len(days))  # lognormal, CV 1


# ----------------------------------------------------------------------------------------- background work


@cache
def two_years(name, *overrides):
    """Return all background work of two years, and the hours a year of each community that are done away."""
    a_pilot = tiny(name, "run.measured_weeks=102", *overrides)
    organisation, time = organised(a_pilot), office(a_pilot)
    roster = rosters.build_rosters(organisation, time, 0)
    away = roster.away
    units = np.array([person.unit for person in organisation.people])[away[:, 0]]
    years = time.hours.total / (time.day_ticks * workload.working_days_a_year(a_pilot))
    hours = np.bincount(units, away[:, 2] - away[:, 1], minlength=organisation.n_units("community")) / HOUR / years
    return organisation, time, list(background.batches(organisation, time, 0, roster.unplaced)), hours


def hours_in(batches, kind, start, end, *, stations=None):
    """Return the hours of a kind of background work that begin in [start, end)."""
    total = 0.0
    for batch in batches:
        if batch.steps[0]["kind"] != kind:
            continue
        now = (batch.begin >= start) & (batch.begin < end)
        if stations is not None:
            now &= np.isin(np.broadcast_to(batch.steps[0]["station"], now.shape), stations)
        # the legs of a patrol are all done; a piece is whole where it has fallen due, or does from the start
        parts = batch.steps if kind is Kind.PATROL else batch.steps[:2][-1:]
        total += sum(np.broadcast_to(step["work"], now.shape)[now].sum() for step in parts) / HOUR
    return total


@pytest.mark.parametrize("name", DESIGNS)
def test_a_year_of_background_work_is_the_workloads(name):
    organisation, _, batches, away = two_years(name)
    year = (52 * WEEK, 104 * WEEK)  # the second: the first begins after its first month has
    due = defaultdict(float)
    for work in organisation.works:
        due[work.kind, work.what == workload.MEETINGS] += work.hours
    # Work from above is ad hoc by 0.16: Poisson pieces of half an hour.
    # What is done away from the desk is no piece: pieces and legs are together all of it.
    tasks = due[Kind.TASKS, False] - away.sum()
    assert away.sum() > 0.2 * due[Kind.TASKS, False]
    error = np.sqrt(0.16 * tasks * 0.5)
    assert abs(hours_in(batches, Kind.TASKS, *year) - tasks) < 4 * error + 0.5 * len(organisation.stations)
    # Evenly spaced pieces: at most one of half an hour more or less in each stream of pieces.
    streams = sum(batch.steps[-1]["kind"] == Kind.OWN for batch in batches)
    assert abs(hours_in(batches, Kind.OWN, *year) - due[Kind.OWN, False]) <= 0.5 * streams
    assert hours_in(batches, Kind.PATROL, *year) == pytest.approx(due[Kind.PATROL, False])
    grids = len(organisation.place.grid_community)
    assert abs(hours_in(batches, Kind.HOME, *year) - due[Kind.HOME, False]) <= 0.3 * grids


@pytest.mark.parametrize("name", DESIGNS)
def test_own_work_lies_at_its_level(name):
    organisation, _, batches, _ = two_years(name)
    for level in organisation.pilot.structure.levels:
        stations = [i for i, s in enumerate(organisation.stations) if s.level == level and s.desk is Desk.TASKS]
        due = sum(
            w.hours
            for w in organisation.works
            if w.level == level and w.kind is Kind.OWN and w.what != workload.MEETINGS
        )
        streams = sum(b.steps[-1]["kind"] == Kind.OWN for b in batches)
        found = hours_in(batches, Kind.OWN, 52 * WEEK, 104 * WEEK, stations=stations)
        assert abs(found - due) <= 0.5 * streams


def test_communities_get_their_own_work_from_above():
    organisation, _, batches, away = two_years("four_level")
    wanted = workload.task_hours(organisation.pilot, organisation.place) - away
    for unit, due in enumerate(wanted):
        stations = [
            i
            for i, s in enumerate(organisation.stations)
            if (s.desk, s.level, s.unit) == (Desk.TASKS, "community", unit)
        ]
        found = hours_in(batches, Kind.TASKS, 52 * WEEK, 104 * WEEK, stations=stations)
        assert abs(found - due) < 4 * np.sqrt(0.16 * due * 0.5) + 0.5 * len(stations)


def test_without_a_share_of_work_away_all_of_it_is_pieces():
    organisation, _, batches, away = two_years("four_level", "burden.away_share=0")
    assert away.sum() == 0
    due = workload.task_hours(organisation.pilot, organisation.place).sum()
    found = hours_in(batches, Kind.TASKS, 52 * WEEK, 104 * WEEK)
    assert abs(found - due) < 4 * np.sqrt(0.16 * due * 0.5) + 0.5 * len(organisation.stations)


def test_pieces_are_at_most_half_an_hour_and_begin_in_office_time():
    _, time, batches, _ = two_years("three_level")
    for batch in batches:
        for step in batch.steps:
            if step["kind"] in (Kind.TASKS, Kind.OWN):
                assert np.max(step["work"], initial=0) <= 30 * MINUTE
                assert np.min(step["work"], initial=1) >= 0
            # paper is put down at closing, as for a resident; a patrol or visit that was begun is finished
            assert step["past_closing"] == (step["kind"] in (Kind.PATROL, Kind.HOME))
        if batch.steps[0]["kind"] in (Kind.TASKS, Kind.OWN):
            assert np.min(batch.steps[0]["work"], initial=1) > 0
        assert time.hours.contains(batch.begin).all()


def test_periodic_work_comes_on_the_first_working_morning_of_a_month():
    only = (
        "burden.kinds.long_term.share=0",
        "burden.kinds.ad_hoc.share=0",
        "burden.kinds.periodic.share=1",
        "burden.away_share=0",
    )
    _, time, batches, _ = two_years("four_level", *only)
    begins = np.concatenate([b.begin for b in batches if b.steps[-1]["kind"] == Kind.TASKS])
    mornings = time.day_opens()[time.month_starts()]
    assert set(begins.tolist()) == set(mornings.tolist())
    assert (mornings >= 52 * WEEK).sum() == 12


def test_work_released_on_mondays_comes_on_the_first_morning_of_each_week():
    _, time, batches, _ = two_years("three_level", "burden.release=monday")
    first_of_week = set(time.hours.after(np.arange(104) * WEEK).tolist())
    months = set(time.day_opens()[time.month_starts()].tolist())
    begins = {int(t) for b in batches if b.steps[-1]["kind"] in (Kind.TASKS, Kind.OWN) for t in b.begin}
    assert begins <= first_of_week | months


def test_releasing_on_mondays_moves_work_but_adds_none():
    year = (52 * WEEK, 104 * WEEK)
    even, monday = (two_years("three_level", *o)[2] for o in ((), ("burden.release=monday",)))
    assert hours_in(even, Kind.OWN, *year) == hours_in(monday, Kind.OWN, *year)
    assert hours_in(even, Kind.TASKS, *year) == hours_in(monday, Kind.TASKS, *year)


def pieces(name, kind, *overrides):
    """Return the batches of a kind of work, with the days from its release to the one at whose end it is due."""
    a_pilot = tiny(name, *overrides)
    organisation, time = organised(a_pilot), office(a_pilot)
    all_placed = np.zeros((0, 3), dtype=np.int64)
    for batch in background.batches(organisation, time, 0, all_placed):
        if batch.steps[0]["kind"] == kind:
            released = np.searchsorted(time.working_days, batch.begin // DAY)
            shuts = np.broadcast_to(batch.steps[0].get("shuts", -1), released.shape)
            yield batch, set((shuts - FIRST_DUE - released)[shuts >= 0].tolist())


def test_a_piece_gives_way_until_the_end_of_the_day_on_which_it_is_due():
    waits = set()
    for batch, days in pieces("four_level", Kind.TASKS):
        if not len(batch.begin):  # no month begins in these weeks
            continue
        first, whole, rest = batch.steps
        assert [step["priority"] for step in batch.steps] == [4, 3, 3]
        assert (first["leave"], first["next"]) == (1, 2)
        # its first step is short, as one that was begun never falls due; what is left goes on as if it were
        assert np.max(first["work"]) <= 10 * MINUTE
        assert np.array_equal(np.asarray(first["work"]) + rest["work"], whole["work"])
        assert whole["station"] == rest["station"] != first["station"]
        waits |= days
    assert waits == {5, 2}  # working days, as the kind of work says


def test_a_piece_gives_way_for_a_share_of_the_time():
    waits = set.union(*(days for _, days in pieces("four_level", Kind.TASKS, "burden.first_after_share=0.5")))
    assert waits == {2, 1}  # half of 5 and of 2 working days, whole days
    for batch, _ in pieces("four_level", Kind.TASKS, "burden.first_after_share=0"):
        assert [step["priority"] for step in batch.steps] == [3]


def test_under_the_first_models_conduct_ledgers_never_give_way():
    for kind in (Kind.TASKS, Kind.OWN):
        for batch, _ in pieces("four_level", kind, "conduct=ledgers_first"):
            if kind is Kind.TASKS:
                assert [(step["priority"], step["yields_to"]) for step in batch.steps] == [(1, 0)]
            else:
                assert {step["yields_to"] for step in batch.steps} == {0}


@pytest.mark.parametrize(
    ("conduct", "expected"),
    [
        ("base", {"residents": 1, "files": 2, "due": 3, "not_yet_due": 4, "duties": 5}),
        ("due_first", {"residents": 1, "files": 3, "due": 2, "not_yet_due": 4, "duties": 5}),
        ("ledgers_first", {"residents": 2, "files": 2, "due": 1, "not_yet_due": 3, "duties": 2}),
    ],
)
def test_who_goes_first_is_what_the_conduct_says(conduct, expected):
    a_case = tiny_case("three_level", f"conduct={conduct}")
    steps, labels, n = a_case.network.steps, a_case.labels, a_case.network.requests.first[a_case.n_residents]
    resident = np.arange(len(steps.work)) < n
    served = steps.station >= 0
    desk = np.array([s.desk for s in a_case.organisation.stations])[steps.station]
    for which, who in (
        (resident & served & (labels.presence > 0) & (labels.presence < 3), "residents"),
        (resident & served & (labels.presence == 0), "files"),
        (~resident & (desk == Desk.DUE), "due"), (~resident & (desk == Desk.TASKS), "not_yet_due"),
        (~resident & np.isin(desk, (Desk.PATROL, Desk.HOME)), "duties"),
    ):  # fmt: skip
        if conduct == "ledgers_first" and who == "not_yet_due":
            assert not np.any(which & (labels.kind == Kind.TASKS))  # work from above goes first at once
        else:
            assert which.any()
        assert set(steps.priority[which].tolist()) <= {expected[who]}


@pytest.mark.parametrize("name", DESIGNS)
def test_paper_gives_way_to_residents_who_are_there_and_to_nobody_else(name):
    a_case = tiny_case(name)
    steps, labels = a_case.network.steps, a_case.labels
    desk = np.array([s.desk for s in a_case.organisation.stations])[steps.station]
    paper = (steps.station >= 0) & np.isin(desk, (Desk.FILES, Desk.TASKS, Desk.DUE))
    assert set(steps.yields_to[paper].tolist()) == {2}  # to a priority below: 1, and only residents have it
    assert set(steps.yields_to[~paper].tolist()) == {0}
    assert set(steps.priority[(steps.station >= 0) & ~paper & (labels.presence == 0)].tolist()) <= {2, 5}
    kept = tiny_case(name, "conduct.put_down=false").network.steps
    assert not kept.yields_to.any()


def test_a_patrol_is_three_legs_of_twenty_minutes_and_lapses_with_its_day():
    organisation, time, batches, _ = two_years("four_level_patrols")
    patrol = next(b for b in batches if b.steps[-1]["kind"] == Kind.PATROL)
    grids = len(organisation.place.grid_community)
    assert len(patrol.begin) == grids * len(time.working_days)
    assert [step["work"] for step in patrol.steps] == [20 * MINUTE] * 3
    assert set(patrol.begin[:grids].tolist()) == {int(time.day_opens()[0])}
    assert np.array_equal(patrol.begin + patrol.steps[0]["patience"], np.repeat(time.day_closes(), grids))
    assert ["emits" in step for step in patrol.steps] == [False, False, True]
    assert ["patience" in step for step in patrol.steps] == [True, False, False]  # once begun it is finished


def test_half_the_patrols_are_every_other_day():
    _, time, batches, _ = two_years("four_level", "grid.patrol_duty_share=0.5")
    patrol = next(b for b in batches if b.steps[-1]["kind"] == Kind.PATROL)
    days = np.unique(patrol.begin // DAY)
    assert np.array_equal(days, time.working_days[1::2])


def test_a_home_visit_lapses_with_its_week():
    _, time, batches, _ = two_years("four_level")
    visits = next(b for b in batches if b.steps[-1]["kind"] == Kind.HOME)
    ends = visits.begin + visits.steps[0]["patience"]
    assert np.array_equal(visits.begin // WEEK, ends // WEEK)
    assert set(ends.tolist()) <= set(time.day_closes().tolist())
    assert visits.steps[0]["work"] == 18 * MINUTE


def test_overloaded_posts_are_those_whose_stations_are_marked():
    organisation = organised(pilot("three_level_all_down", "conduct=due_first"))
    pools = overload.pools(organisation)
    marked = overload.overloaded_stations(organisation, pools)
    by_post = {(p.level, p.unit, p.team): p.holds_up_residents for p in pools}
    for s, bad in zip(organisation.stations, marked, strict=True):
        if s.level == "district":
            assert bad == by_post[s.level, s.unit, s.specialism]
    assert marked.any()


def test_a_counter_that_is_asked_for_only_at_weekends_is_told_as_a_users_mistake():
    weekends = "demand.counter_weekday=[0, 0, 0, 0, 0, 1, 1]"
    with pytest.raises(
        ConfigError, match=r"^demand.counter_weekday must have a weight above 0 on some working day, got"
    ):
        case(tiny("four_level", weekends))


def test_a_post_whose_only_worker_is_away_all_along_is_closed_and_breaks_nothing():
    for replication in range(8):
        a_case = case(tiny("four_level", "staffing.absence.share=0.6"), replication)
        assert a_case.n_residents == len(a_case.demand)
