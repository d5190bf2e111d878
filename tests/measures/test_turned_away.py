"""Who is turned away by a full room, from records made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from setups.district import case, tiny

from sim.district.stages import Presence
from sim.engine import compiled
from sim.engine.record import Outcome
from sim.measures import requests, residents, tally

ROOMS = "mechanisms.premises.m2_per_chair=4"


@pytest.fixture(scope="module")
def record():
    """Return a case, its record, and rows of steps in person that were served at the first try, in the window."""
    one = case(tiny("four_level", ROOMS))
    visits, _ = compiled.run(one.network, one.horizon)
    assert (visits.outcome != Outcome.REFUSED).all()
    start, end = tally.window(one.organisation.pilot)
    first = one.network.requests.first[: one.n_residents]
    first = first[one.labels.presence[first] == Presence.IN_PERSON]
    served = (
        (visits.outcome[first] == Outcome.SERVED) & (visits.arrival[first] >= start) & (visits.arrival[first] < end)
    )
    return one, visits, first[served]


def with_refused(visits, rows):
    """Return a record in which these steps were refused when they arrived."""
    columns = {name: column.copy() for name, column in vars(visits).items()}
    columns["outcome"][rows] = Outcome.REFUSED
    columns["start"][rows] = -1
    columns["end"][rows] = columns["arrival"][rows]
    return replace(visits, **columns)


def rows_of(one, visits):
    found = requests.requests(one, visits, np.zeros(len(one.network.stations.site), dtype=bool))
    start, end = tally.window(one.organisation.pilot)
    table = residents.resident_rows(one.organisation, one.office, one.demand, found, start, end).frame()
    return found, {(m, g): (v, n) for m, g, v, n in table.select("measure", "group", "value", "n").iter_rows()}


def test_nobody_is_turned_away_where_no_step_was_refused(record):
    one, visits, _ = record
    found, measures = rows_of(one, visits)
    assert found.turned_away.sum() == 0
    assert measures["turned_away", "all"][0] == 0


def test_three_who_find_no_chair_are_three_of_all_comings_and_no_waits(record):
    one, visits, served = record
    before, measures = rows_of(one, visits)
    after, changed = rows_of(one, with_refused(visits, served[:3]))
    assert after.turned_away.sum() == 3
    assert before.n_waits.sum() - after.n_waits.sum() == 3
    assert len(before.waits) - len(after.waits) == 3
    comings = measures["turned_away", "all"][1]
    assert comings == measures["counter_wait_mean", "all"][1]
    assert changed["turned_away", "all"] == (pytest.approx(3 / comings), comings)
    assert changed["counter_wait_mean", "all"][1] == comings - 3


def test_each_is_counted_where_the_request_belongs(record):
    one, visits, served = record
    _, changed = rows_of(one, with_refused(visits, served[:1]))
    owner = np.searchsorted(one.network.requests.first, served[0], side="right") - 1
    community = f"community:{one.organisation.place.today[one.demand.household[owner]] + 1:02d}"
    turned = {
        group: round(value * n) for (measure, group), (value, n) in changed.items() if measure == "turned_away" and n
    }
    assert turned[community] == turned["all"] == turned["channel:counter"] == 1
    assert sum(n for group, n in turned.items() if group.startswith("community:")) == 1


def test_without_chairs_there_is_no_such_measure():
    one = case(tiny("four_level"))
    _, measures = rows_of(one, compiled.run(one.network, one.horizon)[0])
    assert not any(measure == "turned_away" for measure, _ in measures)
