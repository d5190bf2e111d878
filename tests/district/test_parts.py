from dataclasses import fields
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from setups.district import PILOTS, office, tiny

from sim.district import assemble, demand, organisation, place
from sim.district.demand import Channel
from sim.district.rosters import rosters
from sim.district.stages import Kind
from sim.district.step_table import ENGINE_COLUMNS, LABEL_COLUMNS, StepColumns
from sim.draws.clock import DAY, WEEK
from sim.engine.network_building import NARROW

ODD = ("roles.order=split", "roles.cover=colleague", "burden.first_after_share=0.5", "burden.release=monday")


@cache
def planned(name, *overrides, district=0):
    """Return the plan of a replication of a tiny district."""
    a_pilot = tiny(name, *overrides)
    where = place.build_place(a_pilot, district)
    drawn = demand.draw(a_pilot, where, 2)
    return assemble.plan(organisation.build_organisation(a_pilot, where), office(a_pilot), drawn, 2)


@cache
def whole(name, *overrides):
    """Return a whole replication of a tiny district."""
    plan = planned(name, *overrides)
    return plan.part(0, plan.horizon)


def columns(case):
    """Return every column of the steps and labels; `next` and `leave` as steps onwards, for rows move."""
    values = {name: getattr(case.network.steps, name) for name in ENGINE_COLUMNS}
    values |= {name: getattr(case.labels, name) for name in LABEL_COLUMNS}
    row = np.arange(len(case.network.steps.work))
    return values | {name: np.where(values[name] < 0, -1, values[name] - row) for name in ("next", "leave")}


def assert_is_part_of(part, case):
    """Assert that each request of a part is the one of that number in the whole, in every column."""
    assert np.all(np.diff(part.ids) > 0)
    assert np.all((part.ids < case.n_residents) == (np.arange(len(part.ids)) < part.n_residents))
    assert len(part.demand) == case.n_residents
    assert np.array_equal(part.network.requests.begin, case.network.requests.begin[part.ids])
    first, size = case.network.requests.first, np.diff(case.network.requests.first)[part.ids]
    assert np.array_equal(np.diff(part.network.requests.first), size)
    nth = np.arange(size.sum()) - np.repeat(part.network.requests.first[:-1], size)
    rows = np.repeat(first[part.ids], size) + nth
    expected = columns(case)
    for name, values in columns(part).items():
        assert np.array_equal(values, expected[name][rows]), name


@pytest.mark.parametrize(("name", "overrides"), [*((name, ()) for name in PILOTS), ("three_level", ODD)])
@pytest.mark.parametrize(
    "cuts", [(), (WEEK,), (WEEK, 2 * WEEK), (DAY, DAY + 1, 9 * DAY + 34_567_890), range(DAY, 21 * DAY, DAY)]
)
def test_parts_over_any_partition_are_together_the_whole(name, overrides, cuts):
    plan, case = planned(name, *overrides), whole(name, *overrides)
    parts = [plan.part(a, b) for a, b in pairwise([0, *cuts, plan.horizon])]
    ids = np.concatenate([part.ids for part in parts])
    assert np.array_equal(np.sort(ids), np.arange(len(case.ids)))
    for part in parts:
        assert_is_part_of(part, case)
        assert part.labels.activities == case.labels.activities
        assert part.horizon == case.horizon


@pytest.mark.parametrize("name", PILOTS)
def test_a_part_has_what_residents_want_in_it_and_the_work_that_begins_in_it(name):
    part = planned(name).part(WEEK, 9 * DAY)
    instant, begin = part.demand.instant[part.ids[: part.n_residents]], part.network.requests.begin
    assert len(instant) > 10
    assert instant.min() >= WEEK
    assert instant.max() < 9 * DAY
    assert begin[: part.n_residents].min() >= WEEK  # but who comes while the office is shut may begin behind the end
    assert begin[part.n_residents :].min() >= WEEK
    assert begin[part.n_residents :].max() < 9 * DAY


def test_parts_share_their_staff_and_their_meetings():
    plan = planned("four_level")
    one, two = plan.part(0, WEEK), plan.part(WEEK, 2 * WEEK)
    for table in ("stations", "duties", "servers", "calendars"):
        ours, theirs = getattr(one.network, table), getattr(two.network, table)
        for column in fields(ours):
            assert np.array_equal(getattr(ours, column.name), getattr(theirs, column.name))
    assert one.network.servers.open is two.network.servers.open  # not copied
    assert one.meetings is two.meetings


def test_a_part_in_which_nothing_begins_is_empty():
    empty = planned("four_level").part(5, 5)
    assert len(empty.ids) == len(empty.network.steps.work) == empty.n_residents == 0
    assert planned("four_level").demand.part(5, 5).uniforms("front/0").shape == (0,)


def test_a_part_of_a_demand_keeps_the_draws_of_its_requests():
    drawn = planned("four_level").demand
    part = drawn.part(WEEK + 1, 2 * WEEK)
    assert 0 < len(part) < len(drawn)
    assert np.array_equal(part.uniforms("front/0"), drawn.uniforms("front/0")[part.ids])
    for column in ("channel", "archetype", "instant", "household", "line"):
        assert np.array_equal(getattr(part, column), getattr(drawn, column)[part.ids])
    inner = part.part(10 * DAY, 11 * DAY)
    assert np.array_equal(inner.ids, drawn.part(10 * DAY, 11 * DAY).ids)
    assert np.array_equal(inner.uniforms("comes"), drawn.uniforms("comes")[inner.ids])
    for channel in Channel:
        assert np.array_equal(drawn.in_channel(channel).ids, np.flatnonzero(drawn.channel == channel))


# ------------------------------------------------------------------------------------------------- narrow columns


def test_steps_of_a_year_have_the_types_of_the_network():
    a_year = planned("four_level", "run.measured_weeks=52", "service.told_when_back=1")
    assert len(a_year.bare.calendars.first) > 1 + np.iinfo(np.int8).max
    steps = a_year.part(0, WEEK).network.steps
    assert {name: getattr(steps, name).dtype for name in NARROW} == {n: np.dtype(t) for n, t in NARROW.items()}


def test_steps_have_the_types_of_the_network_and_requests_are_13_bytes():
    steps = whole("four_level").network.steps
    assert {name: getattr(steps, name).dtype for name in NARROW} == {n: np.dtype(t) for n, t in NARROW.items()}
    drawn = planned("four_level").demand
    columns = (drawn.channel, drawn.archetype, drawn.line, drawn.household, drawn.instant)
    assert [column.dtype.itemsize for column in columns] == [1, 1, 1, 2, 8]


def test_a_value_beyond_its_narrow_type_widens_the_column_and_loses_nothing():
    rows = StepColumns(4)
    rows.put("station", np.array([0, 2]), np.array([7, 2**15 - 1]))
    rows.put("work", slice(0, 2), 5)
    assert rows.columns["station"].dtype == np.int16
    rows.put("station", np.array([1]), np.array([2**15]))
    rows.put("work", slice(2, 4), 2**31)
    assert rows.columns["station"].tolist() == [7, 2**15, 2**15 - 1, -1]
    assert rows.columns["work"].tolist() == [5, 5, 2**31, 2**31]


def test_papers_may_be_missing_for_more_ticks_than_32_bits_hold():
    # 200 working days are 5.4 billion ticks of office time.
    lags = whole("four_level", "demand.incomplete_days_mean=200").network.steps.lag
    usual = whole("four_level").network.steps.lag
    labels = whole("four_level").labels
    drawn = (labels.stops_clock == 1) & (labels.kind == Kind.FRONT)  # not a card that is printed
    assert lags.max() > 2**31
    assert np.allclose(lags[drawn], usual[drawn] * (200 / 3), rtol=1e-6)


# ------------------------------------------------------------------------------------------ districts of a province


def test_district_0_is_a_district_alone():
    a_pilot = tiny()
    assert np.array_equal(place.build_place(a_pilot).today, place.build_place(a_pilot, 0).today)
    alone, first = demand.draw(a_pilot, place.build_place(a_pilot), 2), planned("four_level", district=0).demand
    assert alone.digest() == first.digest()


def test_districts_of_one_config_have_places_residents_staff_and_work_of_their_own():
    plans = [planned("four_level", district=k) for k in range(3)]
    sizes = {tuple(np.bincount(plan.organisation.place.today).tolist()) for plan in plans}
    assert len(sizes) == 3
    assert {sum(s) for s in sizes} == {planned("four_level").organisation.place.n_households}
    assert len({plan.organisation.place.special.tobytes() for plan in plans}) == 3
    assert len({plan.demand.digest() for plan in plans}) == 3
    assert len({plan.demand.uniforms("front/0")[:9].tobytes() for plan in plans}) == 3
    assert len({plan.meetings[:20].tobytes() for plan in plans}) == 3
    assert len({len(plan.bare.servers.open) for plan in plans}) == 3
    begins = [np.concatenate([batch.begin for batch in plan.batches[:40]]) for plan in plans]
    assert len({begin.tobytes() for begin in begins}) == 3


def test_on_one_place_replications_differ_in_all_else():
    a_pilot = tiny()
    where = place.build_place(a_pilot, 5)
    one, two = (demand.draw(a_pilot, where, r) for r in (0, 1))
    assert one.digest() != two.digest()
    there = organisation.build_organisation(a_pilot, where)
    absent = [rosters.build_rosters(there, office(a_pilot), r).servers["open"].tobytes() for r in (0, 1)]
    assert absent[0] != absent[1]


@pytest.mark.parametrize("name", PILOTS)
def test_a_longer_run_begins_as_a_shorter_one(name):
    # A leg away from the desk looks for hours up to a week before and after: those of the last two weeks may differ.
    short, long = (planned(name, f"run.measured_weeks={weeks}") for weeks in (4, 11))
    end = short.horizon
    first = long.demand.part(0, end)
    for column in ("channel", "archetype", "instant", "household", "line", "key"):
        assert np.array_equal(getattr(first, column), getattr(short.demand, column))
    assert np.array_equal(first.uniforms("patience/0"), short.demand.uniforms("patience/0"))
    assert np.array_equal(long.meetings[long.meetings[:, 1] < end], short.meetings)
    assert len(long.batches) == len(short.batches)
    settled = end - 2 * WEEK
    for ours, theirs in zip(short.batches, long.batches, strict=True):
        of_both = [batch.between(0, settled)[1] for batch in (ours, theirs)]
        assert of_both[0].begin.tolist() == of_both[1].begin.tolist()
        for mine, other in zip(*(batch.steps for batch in of_both), strict=True):
            assert all(np.array_equal(mine[column], other[column]) for column in mine.keys() | other.keys())
    legs = [plan.away[plan.away[:, 1] < settled] for plan in (short, long)]
    assert np.array_equal(*legs)
    assert len(legs[0])
    there = [presence(plan, settled) for plan in (short, long)]
    assert there[0] == there[1]
    assert there[0]


def presence(plan, end):
    """Return person, opening and close of all spans of the rosters before an instant."""
    servers = plan.bare.servers
    person = np.repeat(np.arange(len(servers.changeover)), np.diff(servers.first))
    return {
        span
        for span in zip(person.tolist(), servers.open.tolist(), servers.close.tolist(), strict=True)
        if span[1] < end
    }
