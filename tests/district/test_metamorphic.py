"""Changes of the input whose effect on the output is known exactly, on random networks and on the real pilots."""

from dataclasses import fields

import numpy as np
import polars as pl
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from setups.district import CONFIGS, PILOTS, TINY, case, mapping, pilot, tiny
from setups.networks import columns, random_network
from setups.shipped_networks import NAMES

from sim import config
from sim.config.report import JudgedMeasure
from sim.district import engines, workload
from sim.district.calendars import OFFICE
from sim.district.demand import Channel
from sim.district.stages import KIND_NAMES, Kind
from sim.draws.clock import HOUR
from sim.engine import compiled
from sim.engine.network import owners
from sim.engine.network_building import make_network
from sim.engine.record import Outcome
from sim.measures import staff
from sim.measures.queueing import queueing_measures
from sim.queueing import sample
from sim.statistics.verdicts import Verdict
from sim.store import files
from sim.study import replication
from sim.study.comparison.differences import compare

YUEHU = pytest.param(pilot, marks=pytest.mark.long, id="yuehu")
TOWN = pytest.param(tiny, id="tiny")
FIRST_MODEL = "conduct=ledgers_first"  # nothing is put down or handed over, so that nothing is interrupted
TIMES = {
    "servers": ("changeover", "open", "close"),
    "calendars": ("open", "close"),
    "requests": ("begin",),
    "steps": ("work", "lag", "patience"),
}
DURATIONS_AND_INSTANTS = ("arrival", "start", "end", "done", "ticks", "changeover")


def remade(made):
    return make_network(**made, allow_unserved=True)


def assert_equal(one, other):
    for field in fields(one):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)


# --------------------------------------------------------------------------------------------------- time


def scaled(network, k):
    """Return the network with every instant and every duration k times as large; -1 stays none."""
    made = columns(network)
    for table, names in TIMES.items():
        for name in names:
            column = made[table][name].astype(np.int64)
            made[table][name] = np.where(column > 0, column * k, column)
    return remade(made)


def assert_scaled(base, other, k):
    """Assert that all instants and durations of a record are k times those of another, and all else is equal."""
    for one, two in zip(base, other, strict=True):
        for field in fields(one):
            a, b = (getattr(x, field.name).astype(np.int64) for x in (one, two))
            if field.name in DURATIONS_AND_INSTANTS:
                a = np.where(a > 0, a * k, a)
            if field.name == "done":  # what a spell in progress has done is rounded down to a tick
                going = (one.outcome == Outcome.OPEN) & (b > a)
                assert np.all((b - a)[going] < k)
                b = np.where(going, a, b)
            np.testing.assert_array_equal(a, b, err_msg=field.name)


def at_pace(network, pace):
    made = columns(network)
    made["duties"]["pace"] = np.full_like(made["duties"]["pace"], pace)
    return remade(made)


@pytest.mark.parametrize("k", [2, 7, 1000, 86_400_000])
def test_time_rescales_every_duration_where_nobody_is_slow(k):
    for seed in range(60):
        network, horizon = random_network(seed, n_requests=30)
        network = at_pace(network, 1000)
        assert_scaled(compiled.run(network, horizon), compiled.run(scaled(network, k), horizon * k), k)


@pytest.mark.parametrize("k", [3, 40])
def test_time_rescales_at_any_pace_where_work_is_whole_seconds_and_nothing_is_interrupted(k):
    # (work x pace + 500) // 1000 is exact for works that are multiples of 1000; what an interruption leaves is not.
    compared = 0
    for seed in range(300):
        network, horizon = random_network(seed, n_requests=30)
        network, horizon = scaled(network, 1000), horizon * 1000
        base = compiled.run(network, horizon)
        if base[0].interruptions.any():
            continue
        compared += 1
        assert_scaled(base, compiled.run(scaled(network, k), horizon * k), k)
    assert compared >= 30


def test_the_rounding_of_a_pace_is_all_that_keeps_time_from_rescaling():
    # By hand: work 1 at pace 500 is half a tick, rounded up to 1; work 2 is 1 tick and not 2.
    made = {
        "stations": {"hall": [-1]},
        "duties": {"first": [0, 1], "longest": [0], "station": [0], "rank": [0], "pace": [500]},
        "servers": {"first": [0, 1], "changeover": [0], "open": [0], "close": [100], "duty": [0], "hand_back": [0]},
        "requests": {"first": [0, 1], "begin": [0]},
        "steps": {"station": [0], "work": [1]},
    }
    network = make_network(**made)
    assert compiled.run(network, 100)[0].end.tolist() == [1]
    assert compiled.run(scaled(network, 2), 200)[0].end.tolist() == [1]
    assert compiled.run(scaled(network, 2000), 200_000)[0].end.tolist() == [1000]


@pytest.mark.parametrize("district", [TOWN, YUEHU])
@pytest.mark.parametrize("name", PILOTS)
def test_time_rescales_every_duration_of_a_pilot(name, district):
    # A thousandfold first, so that also the pace of 1.15 under A/B roles comes out even; nothing is interrupted.
    made = case(district(name, FIRST_MODEL))
    network, horizon = scaled(made.network, 1000), made.horizon * 1000
    base = compiled.run(network, horizon)
    assert not base[0].interruptions.any()
    assert_scaled(base, compiled.run(scaled(network, 3), horizon * 3), 3)
    if (made.network.duties.pace == 1000).all():
        assert_scaled(compiled.run(made.network, made.horizon), base, 1000)


# ------------------------------------------------------------------------------------------------- labels


def permuted_rows(rng, first, rows):
    """Return the offsets and rows of owners in another order, and the new place of each owner."""
    order = rng.permutation(len(first) - 1)
    place = np.argsort(order)
    take = np.concatenate([np.arange(first[i], first[i + 1]) for i in order] or [np.zeros(0)]).astype(int)
    moved = np.concatenate([[0], np.cumsum(np.diff(first)[order])])
    return moved, {name: column[take] for name, column in rows.items()}, place


def renamed(column, place):
    """Return a column of indices under their new numbers; -1 stays none."""
    return np.where(column >= 0, np.append(place, -1)[column], -1)


def relabelled(network, rng):
    """Return the network with stations, halls, sites, duties and their lines, calendars and signals renumbered.

    No rule of the contract looks at any of these numbers, so ties cannot either. Site 0 is where servers begin and
    stays; servers and requests settle ties by their number and stay.
    """
    made = columns(network)
    stations, duties, steps = made["stations"], made["duties"], made["steps"]
    n_stations = len(stations["hall"])
    station = rng.permutation(n_stations)
    back = np.argsort(station)
    hall = rng.permutation(len(made["halls"]["room"]))
    made["halls"]["room"] = made["halls"]["room"][np.argsort(hall)]
    site = np.concatenate([[0], 1 + rng.permutation(max(0, int(stations["site"].max(initial=0))))])
    made["stations"] = {
        "hall": renamed(stations["hall"], hall)[back],
        "site": renamed(stations["site"], site)[back],
    }
    order = np.lexsort((rng.random(len(duties["station"])), owners(duties["first"])))  # the lines of each duty
    lines = {name: duties[name][order] for name in ("station", "rank", "pace")}
    lines["station"] = renamed(lines["station"], station)
    first, lines, duty = permuted_rows(rng, duties["first"], lines)
    made["duties"] = {"first": first, "longest": duties["longest"][np.argsort(duty)], **lines}
    made["servers"]["duty"] = duty[made["servers"]["duty"]]
    first, rows, calendar = permuted_rows(
        rng, made["calendars"]["first"], {name: made["calendars"][name] for name in ("open", "close")}
    )
    made["calendars"] = {"first": first, **rows}
    for name in ("lag_clock", "gate", "patience_clock", "shuts"):
        steps[name] = renamed(steps[name], calendar)
    signal = rng.permutation(1 + max(int(steps[name].max(initial=0)) for name in ("emits", "awaits")))
    for name in ("emits", "awaits"):
        steps[name] = renamed(steps[name], signal)
    steps["station"] = renamed(steps["station"], station)
    return remade(made)


def test_numbers_that_no_rule_looks_at_change_nothing():
    rng = np.random.default_rng(1)
    for seed in range(300):
        network, horizon = random_network(seed, n_requests=25, n_servers=5, n_stations=4)
        for one, other in zip(
            compiled.run(network, horizon), compiled.run(relabelled(network, rng), horizon), strict=True
        ):
            assert_equal(one, other)


@pytest.mark.parametrize("district", [TOWN, YUEHU])
@pytest.mark.parametrize("name", PILOTS)
def test_stations_grids_and_calendars_of_a_pilot_may_be_renumbered(name, district):
    made = case(district(name))
    other = relabelled(made.network, np.random.default_rng(2))
    assert not np.array_equal(other.steps.station, made.network.steps.station)
    for one, two in zip(compiled.run(made.network, made.horizon), compiled.run(other, made.horizon), strict=True):
        assert_equal(one, two)


def with_servers(network, order):
    """Return the network with its servers in another order; `order` names who comes first, second, ..."""
    made = columns(network)
    servers = made["servers"]
    first = servers["first"]
    take = np.concatenate([np.arange(first[i], first[i + 1]) for i in order])
    made["servers"] = {name: servers[name][take] for name in ("open", "close", "duty", "hand_back")} | {
        "first": np.concatenate([[0], np.cumsum(np.diff(first)[order])]),
        "changeover": servers["changeover"][order],
    }
    return remade(made)


def assert_equal_but_for_servers(base, other, order):
    """Assert that two records are equal when the second one's server j is the first one's server order[j]."""
    for one, two in zip(base, other, strict=True):
        for field in fields(one):
            a, b = getattr(one, field.name), getattr(two, field.name)
            if field.name == "server":
                b = np.where(b >= 0, order[b], -1)
            np.testing.assert_array_equal(a, b, err_msg=field.name)


def units(network):
    """Return a number for each server, the same for those who have a station in common, directly or by others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    duties, servers = network.duties, network.servers
    n_servers, n_stations = len(servers.changeover), len(network.stations.hall)
    pairs = [
        (server, n_servers + station)
        for server, duty in zip(owners(servers.first), servers.duty, strict=True)
        for station in duties.station[duties.first[duty] : duties.first[duty + 1]]
    ]
    a, b = np.unique(np.array(pairs), axis=0).T
    n = n_servers + n_stations
    return connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False)[1][:n_servers]


@pytest.mark.parametrize("district", [TOWN, YUEHU])
@pytest.mark.parametrize("name", PILOTS)
def test_communities_of_a_pilot_may_be_listed_in_another_order(name, district):
    # A server's number settles ties only with those who serve a station of his, so whole units may change places as
    # long as the order within a unit is kept.
    made = case(district(name))
    unit = units(made.network)
    n_units = int(unit.max()) + 1
    assert n_units > 2
    order = np.argsort(np.random.default_rng(3).permutation(n_units)[unit], kind="stable")
    assert not np.array_equal(order, np.arange(len(order)))
    base = compiled.run(made.network, made.horizon)
    assert_equal_but_for_servers(base, compiled.run(with_servers(made.network, order), made.horizon), order)


def network_without_ties(rng, n_requests=1500, n_servers=8, n_stations=4):
    """Return a network in which no two things happen at one instant, and a horizon.

    Each server opens at an instant of his own and has a first job of his own at a station of his own, so that none
    of them is new when the others' requests come.
    """
    lines = [rng.permutation(n_stations)[: rng.integers(1, n_stations)] for _ in range(n_servers)]
    stations = [np.append(line, n_stations + s) for s, line in enumerate(lines)]
    first = np.concatenate([[0], np.cumsum([len(x) for x in stations])])
    opens = 1 + np.sort(rng.choice(10**6, n_servers, replace=False))
    shifts = opens[:, None] + np.arange(0, 50) * 10**8 + rng.integers(0, 10**6, (n_servers, 50))
    begin = np.concatenate([np.zeros(n_servers, dtype=int), 10**7 + rng.choice(45 * 10**8, n_requests, replace=False)])
    needs = [int(rng.choice(lines[rng.integers(n_servers)])) for _ in range(n_requests)]
    priority = np.concatenate([np.zeros(n_servers, dtype=int), rng.integers(1, 4, n_requests)])
    return {
        "stations": {"hall": np.full(n_stations + n_servers, -1)},
        "duties": {
            "first": first,
            "longest": np.zeros(n_servers, dtype=int),
            "station": np.concatenate(stations),
            "rank": rng.integers(0, 3, first[-1]),
            "pace": rng.choice([1000, 1150, 700], first[-1]),
        },
        "servers": {
            "first": np.arange(n_servers + 1) * 50,
            "changeover": np.zeros(n_servers, dtype=int),
            "open": shifts.ravel(),
            "close": (shifts + rng.integers(5 * 10**7, 9 * 10**7, shifts.shape)).ravel(),
            "duty": np.repeat(np.arange(n_servers), 50),
            "hand_back": np.repeat(rng.integers(0, 2, n_servers), 50),
        },
        "requests": {"first": np.arange(len(begin) + 1), "begin": begin},
        "steps": {
            "station": np.concatenate([n_stations + np.arange(n_servers), needs]),
            "work": np.concatenate([1000 + rng.choice(10**6, n_servers), rng.integers(1, 3 * 10**7, n_requests)]),
            "priority": priority,
            "yields_to": np.where(rng.random(len(begin)) < 0.5, priority, 0),
            "patience": np.where(rng.random(len(begin)) < 0.3, rng.integers(1, 10**8, len(begin)), -1),
        },
    }, 50 * 10**8


def test_servers_and_requests_may_come_in_any_order_where_nothing_ties():
    rng = np.random.default_rng(4)
    for _ in range(10):
        made, horizon = network_without_ties(rng)
        network = make_network(**made)
        base = compiled.run(network, horizon)
        assert base[0].interruptions.sum() > 100
        order = rng.permutation(8)
        assert_equal_but_for_servers(base, compiled.run(with_servers(network, order), horizon), order)
        n = len(made["requests"]["begin"])
        requests = rng.permutation(n)
        made["requests"] = {"first": np.arange(n + 1), "begin": made["requests"]["begin"][requests]}
        made["steps"] = {name: column[requests] for name, column in made["steps"].items()}
        visits, spells = compiled.run(make_network(**made), horizon)
        for field in fields(visits):
            np.testing.assert_array_equal(getattr(visits, field.name), getattr(base[0], field.name)[requests])
        back = np.argsort(requests[spells.step], kind="stable")
        assert np.array_equal(requests[spells.step][back], base[1].step)
        for name in ("server", "start", "end", "ticks"):
            np.testing.assert_array_equal(getattr(spells, name)[back], getattr(base[1], name), err_msg=name)


# ---------------------------------------------------------------------------------------- classes and rates


def frames(a_pilot, **how):
    return replication.simulate(a_pilot, 0, **how)[0]


def assert_same_tables(one, other):
    assert one.keys() == other.keys()
    for name, table in one.items():
        assert files.parquet(table) == files.parquet(other[name]), name


def with_procedures(name, change):
    """Return a tiny pilot whose procedures, as plain data, were changed."""
    merged = () if name == "four_level" else ("structure.communities=2",)
    plain = mapping(name, *TINY, *merged)
    change(plain["procedures"])
    return config.load(plain)


@pytest.mark.parametrize("name", PILOTS)
def test_names_of_archetypes_and_lines_change_nothing_but_the_labels(name):
    def rename(procedures):
        procedures["lines"] = {f"L_{line}": items for line, items in procedures["lines"].items()}
        procedures["archetypes"] = {f"Z{key}": archetype for key, archetype in procedures["archetypes"].items()}
        for archetype in procedures["archetypes"].values():
            archetype["title"] = archetype["title"].upper()
            archetype["line"] = archetype.get("line") and f"L_{archetype['line']}"

    base, other = frames(tiny(name)), frames(with_procedures(name, rename))
    base["measures"] = base["measures"].with_columns(pl.col("group").str.replace(r"archetype:", "archetype:Z"))
    base["flows"] = base["flows"].with_columns(pl.concat_str(pl.lit("Z"), "archetype").alias("archetype"))
    assert_same_tables(base, other)


def nothing_asks_for():
    """Return an archetype that nobody ever brings, though it would take everybody's time."""
    return {
        "title": "never asked for", "line": "labour", "counter_share": 0.0, "papers": True, "result": "told",
        "limit": {"amount": 1, "clock": "working_days"},
        "activities": [
            {"name": "front", "where": "counter", "minutes": 500},
            {"name": "never", "where": "desk", "level": "district", "minutes": 5000, "review": True},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("place_", [0, 7, None], ids=["first", "amid", "last"])
@pytest.mark.parametrize("name", PILOTS)
def test_an_archetype_that_nobody_brings_changes_nothing(name, place_):
    def add(procedures):
        items = list(procedures["archetypes"].items())
        items.insert(len(items) if place_ is None else place_, ("T0", nothing_asks_for()))
        procedures["archetypes"] = dict(items)

    base, other = frames(tiny(name)), frames(with_procedures(name, add))
    of_nobody = pl.col("group") == "archetype:T0"
    empty = other["measures"].filter(of_nobody)
    assert len(empty) > 10
    assert (empty["n"] == 0).all()
    other["measures"] = other["measures"].filter(~of_nobody)
    assert_same_tables(base, other)


def network_plan(name, change=lambda plain: None):
    """Return a shipped network whose config, as plain data, was changed."""
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        plain = OmegaConf.to_container(compose(f"network/{name}"), resolve=True)["network"]
    change(plain)
    return sample.load(plain)


def ran(plan, replication_=0):
    network, labels, horizon = sample.sample(plan, 5, replication_)
    visits, spells = compiled.run(network, horizon)
    start, end = plan.window
    measures = queueing_measures(network, labels, visits, spells, start=start, end=end, horizon=horizon)
    return measures.sort("measure", "group")


@pytest.mark.parametrize("name", NAMES)
def test_a_class_with_rate_zero_changes_nothing(name):
    def add(plain):
        station = next(iter(plain["stations"]))
        never = {
            "priority": 0,
            "arrivals": {"rate": 0},
            "route": [{"station": station, "service": {"law": "exponential", "mean": 1000}}],
        }
        plain["classes"] = {"never": never, **plain["classes"]}

    base, other = ran(network_plan(name)), ran(network_plan(name, add))
    assert other.filter(~pl.col("group").str.contains("never")).equals(base, null_equal=True)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_in_which_a_network_is_written_changes_nothing(name):
    # Every class draws from streams of its own name. No two requests of different classes come at one instant here
    # but in the traces, whose order of arrival is their order in the file.
    def turn(plain):
        for table in ("stations", "calendars", "duties", "rosters", "halls"):
            if table in plain:
                plain[table] = dict(reversed(plain[table].items()))
        if "trace" not in name:
            plain["classes"] = dict(reversed(plain["classes"].items()))

    base, other = ran(network_plan(name)), ran(network_plan(name, turn))
    keys = ["measure", "group"]
    assert base.select(keys).equals(other.select(keys))
    both = np.stack([base["value"].to_numpy(), other["value"].to_numpy()])
    np.testing.assert_allclose(both[0], both[1], rtol=1e-12)  # a mean over all is summed in another order


@pytest.mark.parametrize("name", PILOTS)
def test_no_phone_calls_leave_every_visit_to_a_counter_as_it_was(name):
    quiet = tiny(name, "demand.phone_per_resident_year=0", "demand.latent_per_resident_year=0")
    base, other = case(tiny(name)), case(quiet)
    counter = base.demand.in_channel(Channel.COUNTER)
    assert len(other.demand) == len(counter) > 100
    assert other.demand.digest() == counter.digest()
    n_steps = int(other.network.requests.first[len(counter)])
    for field in fields(base.network.steps):
        if field.name != "station":  # who keeps which line is planned by the work expected of it, calls included
            one, two = (getattr(made.network.steps, field.name)[:n_steps] for made in (base, other))
            np.testing.assert_array_equal(one, two, err_msg=field.name)


@pytest.mark.parametrize(("rate", "kept"), [("phone", "latent"), ("latent", "phone"), ("counter", "latent")])
def test_what_comes_through_one_channel_moves_no_draw_of_another(rate, kept):
    base, other = case(tiny()).demand, case(tiny("four_level", f"demand.{rate}_per_resident_year=1")).demand
    one, two = (demand.in_channel(Channel[kept.upper()]) for demand in (base, other))
    assert len(base) != len(other)
    assert one.digest() == two.digest()
    for purpose in ("front/0", "misrouted", "comes"):
        np.testing.assert_array_equal(one.uniforms(purpose), two.uniforms(purpose))


# ----------------------------------------------------------------------------------------------- the same design


@pytest.mark.parametrize("district", [TOWN, YUEHU])
def test_a_design_against_itself_differs_by_exactly_nothing_in_every_measure(district):
    base = district("three_level")
    again = base.model_copy(update={"name": "again", "title": "the same under another name"})
    measures = pl.concat(
        frames_of(p, r).with_columns(pilot=pl.lit(p.name), replication=pl.lit(r))
        for p in (base, again)
        for r in range(3)
    )
    counts = measures.group_by("measure", "group", maintain_order=True).len()
    # A slope needs three requests, and what is open may be nothing; all else has a row in every replication, NaN where
    # nothing was observed.
    assert set(counts.filter(pl.col("len") < 6)["measure"]) <= {"days_per_hand_over", "open_bound"}
    keys = counts.filter(pl.col("len") == 6).select("measure", "group").rows()
    shown = [JudgedMeasure(measure=m, group=group, label=m, mid="share", touched=None) for m, group in keys]
    table = compare(measures, [base.name, "again"], base.mid, base.run, {}, shown).spoken()
    assert len(table) == len(keys) > 300
    said = table.filter(pl.col("why") == "")
    assert len(said) > 200
    for column in ("difference", "low", "high"):
        assert (said[column] == 0).all(), column
    assert set(said["verdict"]) == {Verdict.NO_MATERIAL_DIFFERENCE}
    # What is withheld has no observation in some replication, and then has none under either name.
    values = measures.sort("pilot", maintain_order=True)["value"].to_numpy().reshape(2, -1)
    np.testing.assert_array_equal(values[0], values[1])


def frames_of(a_pilot, replication_):
    return replication.simulate(a_pilot, replication_)[0]["measures"]


LEVERS = (
    ("grid.households=150",),
    ("roles.order=split",),
    ("service.desk=rota", "burden.piece_minutes=15"),
    ("staffing.absence.share=0.1", "burden.abolished_share=0.3"),
    ("grid.patrol_duty_share=0.5", "roles.cover=none"),
    ("service.told_when_back=0", "staffing.catch_up_hours_per_week=0", "burden.away_share=0.6"),
    (FIRST_MODEL,),
)


@pytest.mark.parametrize("district", [TOWN, YUEHU])
def test_the_demand_and_what_becomes_of_it_by_luck_is_the_same_under_every_design(district):
    designs = [district(name) for name in PILOTS] + [district("three_level", *lever) for lever in LEVERS]
    made = [case(design, 2) for design in designs]
    assert len({one.demand.digest() for one in made}) == 1
    assert len({one.demand.uniforms("front/0").tobytes() for one in made}) == 1
    # Who comes to a counter comes at one instant; the same case then takes the same work, and bears the same wait.
    n = len(made[0].demand.in_channel(Channel.COUNTER))
    assert len({one.network.requests.begin[:n].tobytes() for one in made}) == 1
    for column in ("work", "patience"):
        told = [getattr(one.network.steps, column)[first_contacts(one, n)] for one in made]
        for one, design in zip(told, designs, strict=True):
            np.testing.assert_array_equal(one, told[0], err_msg=f"{column} under {design.name}")


def first_contacts(made, n):
    """Return the first step of each of the first n requests at which the case itself is heard."""
    first = made.network.requests.first
    heard = np.flatnonzero(made.labels.activity[: first[n]] == made.labels.activities.index("front"))
    request, at = np.unique(owners(first)[heard], return_index=True)
    assert len(request) == n
    return heard[at]


# --------------------------------------------------------------------------------------------------- blocks


@pytest.mark.parametrize("name", PILOTS)
def test_blocks_of_any_length_give_the_same_bytes(name):
    a_pilot = tiny(name, "run.measured_weeks=4", "run.drain_weeks=2", "service.desk=rota")
    whole = frames(a_pilot)
    for weeks in (1, 2, 3, 5, 6):
        assert_same_tables(frames(a_pilot, engine=engines.Compiled(block_weeks=weeks)), whole)


@pytest.mark.long
@pytest.mark.parametrize("name", PILOTS)
def test_blocks_of_any_length_give_the_same_bytes_for_yuehu(name):
    whole = frames(pilot(name))
    for weeks in (1, 4, 7, 13):
        assert_same_tables(frames(pilot(name), engine=engines.Compiled(block_weeks=weeks)), whole)


# --------------------------------------------------------------------------------------- a frozen night


def freezing(made, office, rng):
    """Return the network of a case in which everything stops outside office hours.

    Work that the close interrupts waits for the next opening, lags and patience count office time, gates and
    closings fall away, and nobody travels (a way home would begin the day anew). Works are drawn apart by up to a
    second, so that nothing ends at the very instant of a close.
    """
    plan = columns(made.network)
    steps, begin = plan["steps"], plan["requests"]["begin"]
    plan["stations"]["site"] = np.full_like(plan["stations"]["site"], -1)
    steps["past_closing"] = np.zeros_like(steps["past_closing"])
    steps["patience_clock"] = np.where(steps["patience"] >= 0, OFFICE, -1)
    steps["lag_clock"] = np.where(steps["lag"] > 0, OFFICE, -1)
    steps["gate"] = steps["shuts"] = np.full(len(steps["work"]), -1)
    steps["work"] = steps["work"] + np.where(steps["station"] >= 0, rng.integers(1, 1000, len(steps["work"])), 0)
    plan["requests"]["begin"] = np.minimum(office.hours.after(begin), made.horizon)
    return plan


def without_nights(plan, hours):
    """Return the same in office time: every instant is the office time before it."""
    plan = {table: dict(rows) for table, rows in plan.items()}
    servers = plan["servers"]
    servers["open"], servers["close"] = hours.elapsed(servers["open"]), hours.elapsed(servers["close"])
    plan["requests"]["begin"] = hours.elapsed(plan["requests"]["begin"])
    n = len(plan["calendars"]["first"]) - 1
    plan["calendars"] = {"first": [0] + [1] * n, "open": [0], "close": [hours.total]}  # the first is the office's
    return plan


@pytest.mark.parametrize("district", [TOWN, YUEHU])
@pytest.mark.parametrize("name", PILOTS)
def test_a_night_that_freezes_everything_adds_itself_and_changes_nothing_else(name, district):
    made = case(district(name, "staffing.catch_up_hours_per_week=0"))  # evenings are outside office time
    hours = made.office.hours.clipped(0, made.horizon)
    for seed in range(6, 16):  # nothing may end as a night begins, which in office time is the instant when it ends
        plan = freezing(made, made.office, np.random.default_rng(seed))
        visits, spells = compiled.run(remade(plan), made.horizon)
        served = (visits.outcome == Outcome.SERVED) & (visits.server >= 0)
        if not np.isin(visits.end[served], hours.close).any():
            break
    else:
        pytest.fail("something ends as a night begins, with ten seeds")
    assert served.sum() > 3000
    office_visits, office_spells = compiled.run(remade(without_nights(plan, hours)), hours.total)
    for one, other in ((visits, office_visits), (spells, office_spells)):
        for field in fields(one):
            a, b = getattr(one, field.name), getattr(other, field.name)
            if field.name in ("arrival", "start", "end"):
                a = np.where(a >= 0, hours.elapsed(a), -1)
            np.testing.assert_array_equal(a, b, err_msg=field.name)
    # Calendar less business sojourns, all together, are the nights times the requests that are there in them.
    ended = visits.end >= 0
    calendar = (visits.end - visits.arrival)[ended].sum()
    began, over = (np.sort(x[ended]) for x in (office_visits.arrival, office_visits.end))
    shut_at = hours.elapsed(hours.close[:-1])
    there = np.searchsorted(began, shut_at, side="left") - np.searchsorted(over, shut_at, side="left")
    nights = ((hours.open[1:] - hours.close[:-1]) * there).sum()
    assert calendar == (over - began).sum() + nights
    assert there.max() > 20


# ------------------------------------------------------------------------------------------ work and heads


@pytest.mark.parametrize("district", [TOWN, YUEHU])
@pytest.mark.parametrize("name", PILOTS)
def test_busy_time_by_kind_is_work_done_to_the_tick(name, district):
    made = case(district(name, FIRST_MODEL))
    visits, spells = compiled.run(made.network, made.horizon)
    network, labels = made.network, made.labels
    time = staff.time_spent(made, spells, 0, made.horizon)
    assert np.array_equal(time.kinds.sum(axis=1) + time.travel, time.busy + time.overtime)
    spent = spells.ticks - spells.changeover
    by_kind = np.bincount(labels.kind[spells.step], spent, len(KIND_NAMES)).astype(np.int64)
    assert np.array_equal(time.kinds.sum(axis=0), by_kind)
    # The work of every spell at the pace of whose spell it is; nothing is interrupted, so a step has one spell.
    pace = paces(network, spells)
    over = spells.end >= 0
    assert np.array_equal(np.unique(spells.step), spells.step)
    work = network.steps.work.astype(np.int64)
    assert np.array_equal(spent[over], (work[spells.step[over]] * pace[over] + 500) // 1000)
    assert np.array_equal(visits.done[spells.step[~over]], spent[~over].astype(np.int64) * 1000 // pace[~over])
    served = visits.outcome == Outcome.SERVED
    assert np.array_equal(work[served], visits.done[served])
    if (pace == 1000).all():
        done = np.bincount(labels.kind, visits.done, len(KIND_NAMES)).astype(np.int64)
        assert np.array_equal(time.kinds.sum(axis=0), done)
    assert (pace == 1000).all() == (name == "four_level")


@pytest.mark.parametrize("district", [TOWN, YUEHU])
@pytest.mark.parametrize("name", PILOTS)
def test_what_is_put_down_and_taken_up_again_is_all_done_in_the_end(name, district):
    made = case(district(name))
    visits, spells = compiled.run(made.network, made.horizon)
    assert visits.interruptions.sum() > 100
    n_spells = np.bincount(spells.step, minlength=len(visits.done))
    assert n_spells.max() > 1
    served = (visits.outcome == Outcome.SERVED) & (made.network.steps.station >= 0)
    work = made.network.steps.work.astype(np.int64)
    assert np.array_equal(work[served], visits.done[served])
    # Time spent at a pace is work done, but for what each interruption rounds to a tick.
    spent = np.bincount(
        spells.step, (spells.ticks - spells.changeover).astype(float) * 1000 / paces(made.network, spells), len(work)
    )
    assert np.all(np.abs(spent - work)[served] <= n_spells[served])
    # Only paper is put down for a resident; what else is handed over is at closing.
    put_down = np.flatnonzero(visits.interruptions > 0)
    assert not np.isin(made.labels.kind[put_down], (Kind.FRONT, Kind.PATROL, Kind.HOME, Kind.FIELD)).any()


def paces(network, spells):
    """Return the pace of each spell: of its station in the duty that its server was on when it began."""
    servers, duties = network.servers, network.duties
    whose = owners(servers.first)
    span = int(servers.close.max()) + 1
    server = spells.server.astype(np.int64)
    interval = np.searchsorted(whose * span + servers.open, server * span + spells.start, side="right") - 1
    assert np.array_equal(whose[interval], server)
    assert np.all(spells.start < servers.close[interval])
    n_stations = len(network.stations.hall)
    line = owners(duties.first) * n_stations + duties.station
    order = np.argsort(line)
    wanted = servers.duty[interval] * n_stations + network.steps.station[spells.step]
    at = order[np.searchsorted(line, wanted, sorter=order)]
    assert np.array_equal(line[at], wanted)
    return duties.pace[at]


@pytest.mark.parametrize("district", [TOWN, YUEHU])
def test_work_that_residents_do_not_bring_is_the_same_hours_in_every_pilot(district):
    # Pieces are whole, so each unit and specialism may be one piece off what the year's hours say.
    for name in PILOTS:
        a_pilot = district(name)
        made = case(a_pilot)
        plan = replication.prepare(a_pilot, 0)
        works, piece = made.organisation.works, a_pilot.burden.piece_minutes / 60
        share = made.office.hours.total / (made.office.day_ticks * workload.working_days_a_year(a_pilot))
        for kind, whats in (
            (Kind.OWN, {*workload.STREET_WORK.values(), workload.DISTRICT_WORK}),
            (Kind.PATROL, {workload.PATROLS}),
        ):
            batches = [b for b in plan.batches if b.steps[0]["kind"] == kind]
            # a piece is whole where it has fallen due, or does from the start; the legs of a patrol are all done
            parts = [b.steps if kind is Kind.PATROL else b.steps[:2][-1:] for b in batches]
            hours = sum(step["work"] * len(b.begin) for b, steps in zip(batches, parts, strict=True) for step in steps)
            expected = share * sum(w.hours for w in works if w.what in whats)
            slack = 0 if kind is Kind.PATROL else piece * len(batches)
            assert abs(hours / HOUR - expected) <= slack + 1e-6, (name, kind)


@pytest.mark.parametrize("district", [TOWN, YUEHU])
def test_heads_and_their_time_on_duty_are_the_same_in_every_pilot(district):
    today, present = None, []
    for name in PILOTS:
        made = case(district(name))
        people = made.organisation.people
        heads = workload.heads(district(name))
        assert {level: sum(p.level == level for p in people) for level in heads} == heads
        assert len(people) == len(made.network.servers.changeover)
        today = today or len(people)
        assert len(people) == today
        time = staff.time_spent(made, compiled.run(made.network, made.horizon)[1], 0, made.horizon)
        present.append(int((time.on_duty + time.meetings + time.away).sum()))
    assert len(set(present)) == 1, present
