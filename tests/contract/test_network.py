import numpy as np
import pytest
from setups.networks import TABLES, columns, random_network

from sim.engine.network import LIMIT, needed_ticks, work_done
from sim.engine.network_building import NARROW, make_network, unserved_stations
from sim.errors import NetworkError

VALID = {
    "stations": {"hall": [0, -1], "site": [1, -1]},
    "halls": {"room": [2]},
    "duties": {"first": [0, 2, 3], "station": [0, 1, 1], "pace": [1000, 500, 2000]},
    "servers": {
        "first": [0, 2, 3],
        "changeover": [4, 0],
        "open": [0, 10, 5],
        "close": [8, 20, 9],
        "duty": [0, 1, 1],
        "hand_back": [1, 0, 1],
    },
    "calendars": {"first": [0, 2], "open": [0, 7], "close": [5, 9]},
    "requests": {"first": [0, 2, 3], "begin": [0, 3]},
    "steps": {
        "station": [0, -1, 1],
        "work": [4, 0, 6],
        "priority": [2, 0, 3],
        "yields_to": [2, 0, 1],
        "awaits": [-1, 0, -1],
        "next": [1, -1, -1],
    },
}


def changed(table, **new):
    return VALID | {table: VALID[table] | new}


def test_columns_left_out_mean_none_or_nothing():
    network = make_network(
        stations={"hall": [-1]},
        duties={"first": [0, 1], "station": [0]},
        servers={"first": [0, 1], "open": [0], "close": [9]},
        requests={"first": [0, 2]},
        steps={"station": [0, 0]},
    )
    steps = network.steps
    none = ("lag_clock", "gate", "patience", "patience_clock", "shuts", "emits", "awaits", "next", "leave")
    assert all((getattr(steps, name) == -1).all() for name in none)
    zero = ("work", "priority", "yields_to", "past_closing", "lag")
    assert all((getattr(steps, name) == 0).all() for name in zero)
    assert steps.count.tolist() == [1, 1]
    assert network.duties.pace.tolist() == [1000]
    assert network.stations.site.tolist() == [-1]
    assert network.servers.changeover.tolist() == [0]
    assert network.requests.begin.tolist() == [0]
    assert network.calendars.first.tolist() == [0]


def test_arrays_are_whole_numbers_copied_and_read_only():
    given = np.array([4, 0, 6], dtype=np.int16)
    network = make_network(**changed("steps", work=given))
    assert given.flags.writeable
    given[0] = 99
    for table in TABLES:
        for name, column in columns(network)[table].items():
            assert column.dtype == (NARROW[name] if table == "steps" else np.int64), name
            assert not column.flags.writeable, name
    assert network.steps.work.tolist() == [4, 0, 6]


def test_steps_stay_narrow_with_hundreds_of_calendars():
    calendars = {"first": range(401), "open": [0] * 400, "close": [1] * 400}
    of_the_last = VALID["steps"] | {"lag_clock": [399] * 3, "shuts": [399] * 3}
    steps = make_network(**VALID | {"calendars": calendars, "steps": of_the_last}).steps
    assert {name: getattr(steps, name).dtype for name in NARROW} == {n: np.dtype(t) for n, t in NARROW.items()}


@pytest.mark.parametrize(("name", "value"), [("work", 2**31 - 1), ("emits", 2**15), ("priority", 128)])
def test_one_column_too_wide_makes_all_of_them_int64(name, value):
    given = {"emits": [value, -1, -1], "priority": [value, 0, 2]}.get(name, [value, 0, 0])
    steps = make_network(**changed("steps", **{name: given})).steps
    assert {column.dtype for column in vars(steps).values()} == {np.dtype(np.int64)}
    assert getattr(steps, name).tolist() == given


def test_a_column_that_is_as_it_will_be_is_taken_and_not_copied():
    work = np.array([4, 0, 6], dtype=np.int32)
    work.flags.writeable = False
    assert make_network(**changed("steps", work=work)).steps.work is work


def test_a_network_without_anybody_is_one():
    network = make_network(stations={}, duties={}, servers={}, requests={}, steps={})
    assert all(len(column) in (0, 1) for table in columns(network).values() for column in table.values())


@pytest.mark.parametrize(
    ("table", "new", "message"),
    [
        ("stations", {"hall": [1, -1]}, r"stations.hall must be -1 or an index below 1, got 1 \(station 0\)"),
        ("stations", {"site": [0, -2]}, r"stations.site must be at least -1, got -2 \(station 1\)"),
        ("stations", {"site": [0]}, r"stations.site must be 2 long, got 1"),
        ("stations", {"sight": [0]}, r"stations must have no columns but hall, site, got sight"),
        ("stations", {"hall": [[0, -1]]}, r"stations.hall must be one-dimensional, got 2 dimensions"),
        ("halls", {"room": [-1]}, r"halls.room must be at least 0, got -1 \(hall 0\)"),
        ("duties", {"longest": [0, 2]}, r"duties.longest must be 0 or 1, got 2 \(duty 1\)"),
        ("duties", {"longest": [0]}, r"duties.longest must be 2 long, got 1"),
        ("duties", {"station": [0, 2, 1]}, r"duties.station must be an index below 2, got 2 \(line 1\)"),
        ("duties", {"station": [0, 0, 1]}, r"at most once in a duty, got 0 \(line 1 of duty 0\)"),
        ("duties", {"rank": [0, -1, 0]}, r"duties.rank must be at least 0, got -1 \(line 1\)"),
        ("duties", {"pace": [1, 1, 0]}, r"duties.pace must be at least 1, got 0 \(line 2\)"),
        ("duties", {"first": [1, 2, 3]}, r"duties.first must be offsets from 0, got 1"),
        ("duties", {"first": []}, r"duties.first must be offsets from 0, got nothing"),
        ("duties", {"first": [0, 4, 3]}, r"must be at least the offset before it, got 3 \(offset 2\)"),
        ("duties", {"first": [0, 2, 2]}, r"duties.first must end at the number of rows, 3, got 2"),
        ("servers", {"changeover": [0, -1]}, r"servers.changeover must be at least 0, got -1 \(server 1\)"),
        ("servers", {"changeover": [2**61, 0]}, r"servers.changeover must be below 2\^61, got 2305\d+ \(server 0"),
        ("servers", {"open": [-1, 10, 5]}, r"servers.open must be at least 0, got -1 \(interval 0 of serve"),
        ("servers", {"close": [8, 20, 5]}, r"close must be after its open, got 5 \(interval 0 of server 1\)"),
        ("servers", {"close": [8, LIMIT, 9]}, r"close must be below 2\^62, got \d+ \(interval 1 of server 0"),
        ("servers", {"open": [0, 7, 5]}, r"servers.open must be at least the close before it \(sorted, dis"),
        ("servers", {"duty": [0, 1, -1]}, r"servers.duty must be an index below 2, got -1 \(interval 2\)"),
        ("servers", {"hand_back": [2, 0, 0]}, r"servers.hand_back must be 0 or 1, got 2 \(interval 0\)"),
        ("calendars", {"open": [0, 4]}, r"calendars.open must be at least the close before it .* got 4 \(i"),
        ("calendars", {"close": [0, 9]}, r"calendars.close must be after its open, got 0"),
        ("requests", {"first": [0, 3, 3]}, r"must be a request of at least one step, got 0 \(request 1\)"),
        ("requests", {"first": [0, 2, 4]}, r"requests.first must end at the number of rows, 3, got 4"),
        ("requests", {"begin": [0, -3]}, r"requests.begin must be at least 0, got -3 \(request 1\)"),
        ("steps", {"station": [0, -1, 2]}, r"steps.station must be -1 or an index below 2, got 2 \(step 2"),
        ("steps", {"work": [4, 0, -6]}, r"steps.work must be at least 0, got -6 \(step 2\)"),
        ("steps", {"work": [4.5, 0, 6]}, r"steps.work must be whole numbers of at most 64 bits, got float64"),
        ("steps", {"work": [4, 0, 2**61]}, r"steps.work must be below 2\^62 when multiplied by the largest"),
        ("steps", {"lag": [0, 0, LIMIT]}, r"steps.lag must be below 2\^62, got"),
        ("steps", {"priority": [-1, 0, 0]}, r"steps.priority must be at least 0, got -1 \(step 0\)"),
        ("steps", {"yields_to": [3, 0, 1]}, r"must be from 0 to the step's own priority, got 3 \(step 0\)"),
        ("steps", {"yields_to": [-1, 0, 1]}, r"must be from 0 to the step's own priority, got -1 \(step 0"),
        ("steps", {"past_closing": [0, 0, 2]}, r"steps.past_closing must be 0 or 1, got 2 \(step 2\)"),
        ("steps", {"lag": [0, -1, 0]}, r"steps.lag must be at least 0, got -1 \(step 1\)"),
        ("steps", {"lag_clock": [0, 1, 0]}, r"steps.lag_clock must be -1 or an index below 1, got 1"),
        ("steps", {"gate": [0, -2, 0]}, r"steps.gate must be -1 or an index below 1, got -2"),
        ("steps", {"patience_clock": [0, 1, 0]}, r"steps.patience_clock must be -1 or an index below 1"),
        ("steps", {"shuts": [0, 1, 0]}, r"steps.shuts must be -1 or an index below 1, got 1"),
        ("steps", {"patience": [-1, -2, 0]}, r"steps.patience must be at least -1, got -2 \(step 1\)"),
        ("steps", {"work": [4, 1, 6]}, r"steps.work must be 0 without a station .*, got 1 \(step 1\)"),
        ("steps", {"emits": [-2, -1, -1]}, r"steps.emits must be -1 or an index below 65536, got -2 \(step 0\)"),
        ("steps", {"awaits": [-1, 0, -2]}, r"steps.awaits must be -1 or an index below 65536, got -2 \(step 2\)"),
        ("steps", {"emits": [2**62 - 1, -1, -1]}, r"steps.emits must be -1 or an index below 65536, got \d+ \(step 0"),
        ("steps", {"awaits": [-1, 2**16, -1]}, r"steps.awaits must be -1 or an index below 65536, got 65536 \(step 1"),
        ("duties", {"first": [0, 10**13]}, r"duties.first must end at the number of rows, 3, got 10{13}"),
        ("steps", {"station": [0, 1, 1]}, r"steps.station must be -1 where it awaits, got 1 \(step 1\)"),
        ("steps", {"emits": [-1, 0, -1]}, r"steps.emits must be -1 where it awaits, got 0 \(step 1\)"),
        ("steps", {"count": [0, 0, 0]}, r"steps.count must be from 1 to 2\^62 where it awaits, got 0 \(ste"),
        ("steps", {"next": [2, -1, -1]}, r"steps.next must be -1 or a later step of the same request, got"),
        ("steps", {"leave": [0, -1, -1]}, r"leave must be -1 or a later step of the same request, got 0"),
    ],
)
def test_a_broken_rule_is_told_with_field_value_and_place(table, new, message):
    with pytest.raises(NetworkError, match=message):
        make_network(**changed(table, **new))


@pytest.mark.parametrize("table", ["duties", "servers", "calendars", "requests"])
def test_offsets_without_rows_are_refused_before_anything_is_made(table):
    few = 10**13
    with pytest.raises(NetworkError, match=rf"{table}.first must end at the number of rows, \d, got {few}"):
        make_network(**(VALID | {table: {"first": [0, few]}}))


TYPES = [np.int8, np.int16, np.int32, np.int64]


@pytest.mark.parametrize("kind", TYPES)
def test_offsets_are_checked_alike_in_every_type(kind):
    # In int8, 100 to -100 wraps to a rise of 56.
    with pytest.raises(NetworkError, match=r"duties.first must be at least the offset before it, got -100 \(offset 2"):
        make_network(**changed("duties", first=np.array([0, 100, -100, 3], dtype=kind)))
    steep = np.array([0, np.iinfo(kind).max, np.iinfo(kind).min, 3], dtype=kind)
    with pytest.raises(NetworkError, match=r"duties.first must be at least the offset before it, got -"):
        make_network(**changed("duties", first=steep))


def one_after_the_other(n, kind):
    """Return a network of one request of n pure delays, whose leads are of a type; it takes every other step."""
    lead = np.full(n, -1, dtype=kind)
    lead[:-2:2] = np.arange(2, n, 2)[: len(lead[:-2:2])]
    return {
        **{table: {} for table in ("stations", "duties", "servers")},
        "requests": {"first": [0, n]},
        "steps": {"station": np.full(n, -1), "next": lead},
    }


@pytest.mark.parametrize("kind", TYPES)
def test_routes_are_checked_alike_in_every_type(kind):
    # Up to step 126 an int8 can say; that there are more steps than it can count says nothing against them.
    right = one_after_the_other(127, kind)
    more = {name: np.append(column, np.full(135, -1, column.dtype)) for name, column in right["steps"].items()}
    made = make_network(**(right | {"requests": {"first": [0, 130, 262]}, "steps": more}))
    assert made.steps.next[124] == 126
    # Step 200 leads back to step 100: in int8, step 200 counts as -56.
    more["next"][200] = 100
    with pytest.raises(
        NetworkError, match=r"next must be -1 or a later step of the same request, got 100 \(step 200\)"
    ):
        make_network(**(right | {"requests": {"first": [0, 262]}, "steps": more}))


def test_rules_hold_at_their_edges():
    make_network(**VALID)
    make_network(**changed("servers", changeover=[0, 2**61 - 1], hand_back=[0, 0, 0]))
    assert make_network(**changed("steps", emits=[2**16 - 1, -1, -1])).steps.emits[0] == 2**16 - 1
    many = one_after_the_other(2**16 + 1, np.int64)
    many["steps"]["emits"] = np.arange(2**16 + 1)  # as many signals as steps
    assert make_network(**many).steps.emits[-1] == 2**16
    make_network(**changed("servers", open=[0, 8, 5]))  # touching
    make_network(**changed("steps", work=[4, 0, (LIMIT - 1) // 2000]))
    make_network(**changed("steps", leave=[1, -1, -1]))


def test_a_hand_back_that_ends_every_changeover_is_refused():
    # Station 0 is at site 1; the first interval of server 0 has 8 ticks and hands back.
    trap = r"servers' interval must be longer than the changeover .* got 8 \(interval 0 of server 0\)"
    with pytest.raises(NetworkError, match=trap):
        make_network(**changed("servers", changeover=[8, 0]))
    make_network(**changed("servers", changeover=[7, 0]))
    make_network(**changed("servers", changeover=[8, 0], hand_back=[0, 0, 0]))
    # No step that may be handed back, or no site to go to.
    make_network(**(changed("servers", changeover=[8, 0]) | changed_steps(past_closing=[1, 0, 0])))
    make_network(**(changed("servers", changeover=[8, 0]) | {"stations": {"hall": [0, -1], "site": [0, -1]}}))


def changed_steps(**new):
    return {"steps": VALID["steps"] | new}


def test_a_short_hand_back_interval_that_touches_keeps_the_site():
    touching = changed("servers", open=[0, 8, 5], close=[8, 12, 9], duty=[0, 0, 1], hand_back=[0, 1, 0])
    make_network(**touching)
    with pytest.raises(NetworkError, match=r"got 4 \(interval 1 of server 0\)"):
        make_network(**(touching | {"servers": touching["servers"] | {"open": [0, 9, 5], "close": [8, 13, 9]}}))


def test_a_station_that_nobody_serves_is_refused_unless_allowed():
    unserved = changed("servers", duty=[1, 1, 1])
    with pytest.raises(NetworkError, match=r"steps.station must be served in some .*, got 0 \(step 0\)"):
        make_network(**unserved)
    assert unserved_stations(make_network(**unserved, allow_unserved=True)).tolist() == [0]
    assert unserved_stations(make_network(**VALID)).tolist() == []
    # A station that no step needs may be unserved.
    make_network(**(unserved | changed_steps(station=[1, -1, 1])))


def test_a_made_network_makes_itself_again():
    network, _ = random_network(3)
    again = make_network(**columns(network), allow_unserved=True)
    for table in TABLES:
        for name, column in columns(network)[table].items():
            np.testing.assert_array_equal(column, columns(again)[table][name])


@pytest.mark.parametrize(
    ("work", "pace", "ticks"), [(10, 1000, 10), (3, 1150, 3), (4, 1150, 5), (1, 499, 0), (1, 500, 1), (0, 7, 0)]
)
def test_work_takes_ticks_to_the_nearest(work, pace, ticks):
    assert needed_ticks(work, pace) == ticks


def test_work_is_left_as_long_as_ticks_are_to_go():
    work, pace = np.meshgrid(np.arange(1, 60), np.array([1, 3, 499, 500, 999, 1000, 1001, 1150, 3333]))
    last_but_one = np.maximum(needed_ticks(work, pace) - 1, 0)
    interruptible = needed_ticks(work, pace) > 0
    assert (work_done(last_but_one, pace)[interruptible] < work[interruptible]).all()
