"""Where numbers and buffers end: nothing is written outside them, and what is large is neither wrong nor slow."""

import time
import tracemalloc
from contextlib import suppress
from itertools import accumulate

import numpy as np
import pytest
from setups.networks import columns, random_network
from setups.timeline import LONG, awaiting, delay, duty, request, server, step, town
from setups.twins import assert_twins

from sim.engine import compiled
from sim.engine.network import LIMIT, owners
from sim.engine.network_building import make_network
from sim.errors import NetworkError

UNTOUCHED = -77


def many_who_await(n):
    """Return a network in which one emission serves n steps; half of what they go on to comes at once."""
    requests = [request(0, awaiting(0, next=1), delay(lag=i % 2 * 3)) for i in range(n)]
    return town([*requests, request(5, delay(emits=0))])


def chain_of_interruptions(n):
    """Return a network in which one arrival sets off n interruptions.

    The step of priority k is served at station k, by the one server or by the next; each works on a step of its own
    when that of priority 0 comes.
    """
    requests = [request(0, step(50, station=k, priority=k, yields_to=k)) for k in range(1, n + 1)]
    duties, servers = [duty(k, k + 1) for k in range(n)], [server((0, LONG, k)) for k in range(n)]
    return town([*requests, request(5, step(2))], stations=n + 1, duties=duties, servers=servers)


@pytest.mark.parametrize("network", [many_who_await(40), chain_of_interruptions(12)], ids=["awaiting", "chain"])
def test_nothing_is_written_behind_a_buffer_whatever_its_length(monkeypatch, network):
    def grow(run):
        raise BufferError

    monkeypatch.setattr(compiled.Run, "_grow", grow)
    for n in range(1, 80):
        run = compiled.Run.from_network(network, 60)
        long = [np.full(n + 100, UNTOUCHED, column.dtype) for column in (*run.log, *run.agenda[:5])]
        short = [column[:n] for column in long]
        run.log = compiled.Log(*short[: len(run.log)])
        run.agenda = compiled.Agenda(*short[len(run.log) :], *run.agenda[5:])
        with suppress(BufferError):
            run.advance(60)
        assert all((column[n:] == UNTOUCHED).all() for column in long), n


def test_the_networks_of_that_test_do_so_much_in_one_event():
    visits, _ = compiled.run(many_who_await(40), 60)
    assert (visits.end[:80:2] == 5).all()
    visits, spells = compiled.run(chain_of_interruptions(12), 60)
    assert visits.interruptions.tolist() == [1] * 12 + [0]
    assert np.count_nonzero(spells.start == 5) == 12


def each_awaits(count):
    """Return a network of a step for each count of emissions that is awaited, and as many emissions."""
    n = len(count)
    return make_network(
        stations={}, duties={}, servers={},
        requests={"first": np.arange(2 * n + 1), "begin": np.arange(2 * n)},
        steps={
            "station": np.full(2 * n, -1), "count": [*count, *[1] * n],
            "awaits": np.repeat([0, -1], n), "emits": np.repeat([-1, 0], n),
        },
    )  # fmt: skip


def test_steps_that_await_are_as_quick_in_every_order():
    n = 30_000
    rising = np.arange(1, n + 1)
    seconds = {}
    for name, count in (
        ("rising", rising),
        ("falling", rising[::-1]),
        ("mixed", np.random.default_rng(0).permutation(rising)),
    ):
        network = each_awaits(count)
        began = time.process_time()
        visits, _ = compiled.run(network, 2 * n)
        seconds[name] = time.process_time() - began
        np.testing.assert_array_equal(visits.end[:n], n - 1 + count)
    assert max(seconds["falling"], seconds["mixed"]) < 5 * seconds["rising"] + 0.05


def no_two_of_one_priority(n, n_stations=1):
    """Return a network of n steps at any of some stations, each of a priority of its own, and its horizon.

    As many servers as stations serve all of them, and are busy for nine tenths of the time.
    """
    rng = np.random.default_rng(n)
    priority, first = rng.permutation(n), np.arange(n_stations + 1)
    return make_network(
        stations={"hall": np.full(n_stations, -1)},
        duties={"first": [0, n_stations], "station": np.arange(n_stations)},
        servers={"first": first, "open": np.full(n_stations, 0), "close": np.full(n_stations, LIMIT - 1)},
        requests={"first": np.arange(n + 1), "begin": np.cumsum(rng.integers(0, 200 // n_stations, n))},
        steps={
            "station": rng.integers(0, n_stations, n), "work": rng.integers(1, 180, n),
            "priority": priority, "yields_to": rng.integers(0, priority + 1) * (rng.random(n) < 0.5),
            "patience": rng.integers(-1, 2000, n), "patience_clock": np.full(n, -1),
        },
    ), 200 * n  # fmt: skip


# Queues in which steps wait are found through one word, two and three.
@pytest.mark.parametrize(("n", "n_stations"), [(60, 2), (1500, 3), (5000, 4)])
def test_engines_agree_on_any_number_of_priorities(n, n_stations):
    visits, _ = assert_twins(*no_two_of_one_priority(n, n_stations))
    assert visits.interruptions.any()
    assert (visits.outcome == compiled.ABANDONED).any()


@pytest.mark.parametrize("n", [1, 64, 65, 4096, 4097])
def test_steps_are_taken_by_priority_however_many_there_are(n):
    # The most that are found through one word and through two, and one more.
    priority = np.random.default_rng(n).permutation(n)
    visits, _ = compiled.run(
        town([request(0, step(1, priority=k)) for k in priority], servers=[server((1, n + 1))]), n + 2
    )
    np.testing.assert_array_equal(visits.start, 1 + priority)


def test_twice_as_many_priorities_take_about_twice_as_long():
    seconds = []
    for n in (60_000, 120_000):
        network, horizon = no_two_of_one_priority(n)
        compiled.run(network, 0)
        took = []
        for _ in range(3):
            began = time.process_time()
            compiled.run(network, horizon)
            took.append(time.process_time() - began)
        seconds.append(min(took))
    assert seconds[1] < 3 * seconds[0]


def test_memory_grows_with_steps_and_not_with_stations_times_priorities():
    n = 40_000
    network = make_network(
        stations={"hall": np.full(n, -1)},
        duties={"first": [0, n], "station": np.arange(n)},
        servers={"first": [0, 1], "open": [0], "close": [LIMIT - 1]},
        requests={"first": np.arange(n + 1), "begin": np.full(n, 0)},
        steps={"station": np.arange(n), "work": np.full(n, 1), "priority": np.arange(n)},
    )
    tracemalloc.start()
    visits, _ = compiled.run(network, 5)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert visits.end[:6].tolist() == [1, 2, 3, 4, -1, -1]
    assert most < 1000 * n


@pytest.mark.parametrize("bits", [0, 1, 11, 12, 33, 54, 55, 56, 61, 62])
def test_keys_are_sorted_stably_up_to_the_largest(bits):
    rng = np.random.default_rng(bits)
    keys = np.append(rng.integers(0, 2**bits, 300), [2**bits - 1, 0, 2**bits - 1])
    np.testing.assert_array_equal(compiled.sorted_order(keys), np.argsort(keys, kind="stable"))


def test_a_sort_ends_with_the_highest_bits():
    keys, counts = np.array([1, 2**61 + 1]), np.zeros(2048, dtype=np.int64)
    compiled._sort(keys, np.empty(2, dtype=np.int64), np.empty(2, dtype=np.int64), counts)
    # The last round is by bits 55 to 65, of which the one key has 0 and the other 64.
    assert counts[:66].tolist() == [*accumulate([1] + [0] * 63 + [1, 0])]


def with_the_largest(seed):
    """Return a random network in which some numbers are the largest that are allowed, and a horizon."""
    network, horizon = random_network(seed)
    rng = np.random.default_rng(seed)
    made = {table: {name: column.astype(np.int64) for name, column in rows.items()}
            for table, rows in columns(network).items()}  # fmt: skip
    steps, servers, calendars = made["steps"], made["servers"], made["calendars"]
    for column, most in (
        (steps["lag"], LIMIT - 1), (steps["patience"], LIMIT - 1), (made["requests"]["begin"], LIMIT - 1),
        (servers["changeover"], LIMIT // 2 - 1), (made["halls"]["room"], LIMIT - 1), (steps["priority"], LIMIT - 1),
    ):  # fmt: skip
        column[rng.random(len(column)) < 0.15] = most
    steps["work"][(rng.random(len(steps["work"])) < 0.15) & (steps["station"] >= 0)] = (LIMIT - 1) // 3333
    steps["count"][rng.random(len(steps["count"])) < 0.1] = LIMIT - 1
    for table in (servers, calendars):
        last = table["first"][1:][np.diff(table["first"]) > 0] - 1
        table["close"][last[rng.random(len(last)) < 0.5]] = LIMIT - 1
    servers["hand_back"][servers["changeover"][owners(servers["first"])] > LIMIT // 4] = 0
    return make_network(**made, allow_unserved=True), LIMIT - 1 if seed % 2 else horizon


@pytest.mark.parametrize("seed", range(60))
def test_engines_agree_on_the_largest_numbers(seed):
    assert_twins(*with_the_largest(seed))


def test_the_longest_spell_that_there_can_be_ends_where_both_engines_say():
    # It begins as late as anything can, after the longest changeover, with the most work at the slowest pace.
    pace = 999
    longest = {
        "stations": {"hall": [-1], "site": [1]},
        "duties": {"first": [0, 1], "station": [0], "pace": [pace]},
        "servers": {"first": [0, 1], "open": [0], "close": [LIMIT - 1], "changeover": [LIMIT // 2 - 1]},
        "requests": {"first": [0, 1], "begin": [LIMIT - 2]},
        "steps": {"station": [0], "work": [(LIMIT - 1) // pace], "past_closing": [1]},
    }
    assert_twins(make_network(**longest), LIMIT - 1)
    early = longest | {"requests": {"first": [0, 1], "begin": [0]}}
    visits, spells = assert_twins(make_network(**early), LIMIT - 1)
    needed = LIMIT // 2 - 1 + ((LIMIT - 1) // pace * pace + 500) // 1000
    assert (visits.end.tolist(), spells.ticks.tolist()) == ([needed], [needed])
    with pytest.raises(NetworkError, match=r"servers.changeover must be below 2\^61, got 2305843009213693952"):
        make_network(**(longest | {"servers": longest["servers"] | {"changeover": [LIMIT // 2]}}))
