import numpy as np
import pytest
from setups.district import tiny

from sim import charts
from sim import journeys as journey
from sim.district import demand, engines, overload
from sim.district.stages import Kind, Presence
from sim.draws.clock import DAY, HOUR
from sim.journeys import waits, words
from sim.journeys.chart import _names, journey_figure
from sim.measures.requests import requests
from sim.study import replication

PILOTS = ("four_level", "three_level")


def run(pilot):
    plan = replication.prepare(pilot, 0)
    (record,) = engines.records(plan, engines.Compiled())
    overloaded = overload.overloaded_stations(plan.organisation, overload.pools(plan.organisation))
    return plan, record, overloaded


@pytest.fixture(scope="module")
def runs():
    return {name: run(tiny(name, "demand.patience_walk_in_minutes_mean=4")) for name in PILOTS}


def read(of, request):
    plan, record, overloaded = of
    return journey.read(plan, record.case, record.visits, record.spells, int(request), overloaded)


@pytest.fixture(scope="module")
def sample(runs):
    return {name: [read(of, i) for i in range(len(of[0].demand))] for name, of in runs.items()}


@pytest.mark.parametrize("name", PILOTS)
def test_totals_are_what_the_measures_say_of_the_request(runs, sample, name):
    _, record, overloaded = runs[name]
    found = requests(record.case, record.visits, overloaded)
    office = record.case.office.hours
    for one in sample[name]:
        i = one.request
        assert found.ids[i] == i
        told = one.totals
        assert (told.contact, told.result) == (found.contact[i], found.result[i])
        assert (told.trips, told.own_time, told.hand_overs) == (found.trips[i], found.own_time[i], found.hand_overs[i])
        assert told.left == found.left[i]
        turnaround = int(office.between(found.contact[i], found.result[i])) if found.finished[i] else None
        assert told.turnaround == turnaround
    assert sum(one.totals.turnaround is not None for one in sample[name]) > 50
    assert any(one.totals.left for one in sample[name])
    assert any(one.totals.trips > 1 for one in sample[name])


def test_staff_at_home_take_the_residents_time_only_while_they_are_there():
    of = run(tiny("three_level", "service.door_to_door_share=0.5", "demand.special_care_factor=3"))
    _, record, overloaded = of
    found = requests(record.case, record.visits, overloaded)
    read_all = [read(of, i) for i in range(len(of[0].demand))]
    at_home = [one for one in read_all if any(s.stage.presence is Presence.AT_HOME for s in one.steps)]
    assert len(at_home) > 5
    for one in at_home:
        assert one.totals.own_time == found.own_time[one.request]
    assert any("home" in words.what(one, one.steps[0]) for one in at_home)


@pytest.mark.parametrize("name", PILOTS)
def test_nobody_who_serves_a_queue_is_free_while_a_step_waits_in_it(sample, name):
    met = [step.wait for one in sample[name] for step in one.steps if step.wait and step.wait.office]
    assert len(met) > 60
    assert not [wait for wait in met if "free" in wait.doing]


def test_the_time_of_the_staff_of_a_queue_is_all_told(runs, sample):
    plan, _, _ = runs["four_level"]
    people, checked = range(len(plan.organisation.people)), 0
    for one in sample["four_level"]:
        for step in one.steps:
            if step.station is None or not step.wait.office:
                continue
            at = plan.organisation.stations.index(step.station)
            own = sum(waits.belongs(plan.organisation, p, at) for p in people)
            told = sum(step.wait.doing.values())
            assert own * step.wait.office <= told <= step.wait.persons * step.wait.office
            checked += own == step.wait.persons
    assert checked > 30


def test_what_the_staff_did_is_what_their_spells_say_tick_by_tick(runs, sample):
    plan, record, _ = runs["four_level"]
    case, spells = record.case, record.spells
    alone = [s for one in sample["four_level"] for s in one.steps if s.wait and s.wait.persons == 1 and s.start >= 0]
    told = compared = on_tasks = 0.0
    for step in alone:
        at = plan.organisation.stations.index(step.station)
        (person,) = [p for p in range(len(plan.organisation.people)) if waits.belongs(plan.organisation, p, at)]
        minutes = np.arange(step.arrival, step.start, 60_000)
        minutes = minutes[case.office.hours.contains(minutes)]
        first, last = case.network.servers.first[person : person + 2]
        opens, closes = (getattr(case.network.servers, name)[first:last] for name in ("open", "close"))
        tasks = np.flatnonzero((spells.server == person) & (case.labels.kind[spells.step] == Kind.TASKS))
        for t in minutes:
            # work from above is put down at closing and for a meeting: then it is under way, and nobody is on it
            there = np.any((opens <= t) & (t < closes))
            on_tasks += there and np.any((spells.start[tasks] <= t) & (t < spells.end[tasks]))
        compared += len(minutes)
        told += step.wait.doing.get("on work from above", 0) / 60_000
    assert compared > 60
    assert on_tasks > 10
    assert told == pytest.approx(on_tasks, abs=0.02 * compared + len(alone))


@pytest.mark.parametrize("name", PILOTS)
def test_the_stretches_of_a_spell_are_the_ticks_that_were_spent(sample, name):
    spells = [spell for one in sample[name] for step in one.steps for spell in step.spells]
    assert all(sum(b - a for a, b in spell.stretches) == spell.ticks for spell in spells)
    assert any(len(spell.stretches) > 1 for spell in spells)


def test_the_request_is_the_same_under_every_design(sample):
    for one, other in zip(*(sample[name] for name in PILOTS), strict=True):
        assert (one.request, one.archetype, one.channel) == (other.request, other.archetype, other.channel)
        assert (one.wanted, one.begin) == (other.wanted, other.begin)


def test_the_last_sentence_says_plainly_what_became_of_it(sample):
    for one in sample["three_level"]:
        told = journey.ending(one)
        start = "Done" if one.totals.result >= 0 else "Left unserved" if one.totals.left else "Still open"
        assert told.startswith(start)
    assert {journey.ending(one).split()[0] for one in sample["three_level"]} == {"Done", "Left", "Still"}


def test_steps_are_told_with_place_person_and_reason(sample):
    one = next(j for j in sample["four_level"] if any(s.wait and s.wait.office > HOUR and s.spells for s in j.steps))
    step = next(s for s in one.steps if s.wait and s.wait.office > HOUR and s.spells)
    assert words.place(one, step.station).split()[0] in ("community", "street", "district")
    assert words.people(one, step).split()[0] in ("secretary", "worker", "officer")
    reasons = "; ".join(words.why(one, step))
    assert "waited" in reasons
    assert "who may serve it" in reasons
    assert "worked on for" in reasons


def test_dates_are_counted_on_after_a_year_of_52_weeks(sample):
    one = sample["four_level"][0]
    assert words.moment(one, 0) == "Mon 2011-01-03 00:00"
    assert words.moment(one, 364 * DAY + 9 * HOUR) == "Mon 2012-01-02 09:00"


def test_lengths_are_told_in_a_unit_that_fits(sample):
    one = sample["four_level"][0]
    assert words.office_time(one, 30_000) == "30 s"
    assert words.office_time(one, 95 * 60_000) == "1 h 35 min"
    assert words.office_time(one, one.day_ticks) == "1.0 working day"
    assert words.office_time(one, 3 * one.day_ticks) == "3.0 working days"


def test_rows_have_a_step_each_and_dates_in_order(sample):
    some = [sample[name][3] for name in PILOTS]
    table = journey.rows(some)
    assert len(table) == sum(len(one.steps) for one in some)
    for (_,), part in table.group_by(["pilot"]):
        came = part.sort("step")["came"].to_list()
        assert came == sorted(came)
    assert table["pilot"].unique(maintain_order=True).to_list() == list(PILOTS)


def long_pair(sample):
    pairs = zip(*(sample[name] for name in PILOTS), strict=True)
    return max(pairs, key=lambda pair: len(pair[0].steps) + 10 * pair[0].totals.hand_overs)


def test_the_chart_has_both_designs_on_one_axis_with_a_lane_a_level(sample):
    pair = long_pair(sample)
    figure = journey_figure(pair, "footer with its source")
    upper, lower = figure.axes
    assert upper.get_xlim() == lower.get_xlim()
    lanes = [[label.get_text() for label in axes.get_yticklabels()] for axes in (upper, lower)]
    assert "street" in lanes[0]
    assert "street" not in lanes[1]
    assert {"community", "district"} <= set(lanes[0]) & set(lanes[1])
    told = " ".join(text.get_text() for text in figure.texts)
    assert f"Request {pair[0].request}" in told
    assert "footer with its source" in told
    numbers = {n for axes in (upper,) for text in axes.texts for n in _numbers(text.get_text())}
    assert numbers == {step.number for step in pair[0].steps}


def _numbers(text):
    for part in filter(None, text.split(", ")):
        first, _, last = part.partition("–")
        yield from range(int(first), int(last or first) + 1)


def test_arrows_of_the_chart_are_hand_overs_between_levels(sample):
    one = long_pair(sample)[0]
    figure = journey_figure([one])
    arrows = [text for text in figure.axes[0].texts if getattr(text, "arrow_patch", None) is not None]
    lanes = [words.lane(step) for step in one.steps]
    moved = [
        s
        for s, before, here in zip(one.steps[1:], lanes[:-1], lanes[1:], strict=True)
        if s.stage.hand_over and before != here
    ]
    assert len(arrows) == len(moved) > 0


def test_the_same_journey_gives_the_same_bytes(sample):
    pair = long_pair(sample)
    assert charts.render(journey_figure(pair), "svg") == charts.render(journey_figure(pair), "svg")


def test_a_title_of_a_config_is_data_in_table_and_chart(runs):
    name = "four_level"
    of = run(tiny(name).model_copy(update={"title": "<b>$x$</b> | *today*"}))
    one = read(of, 5)
    assert "<b>" not in journey.journey_table(one).to_markdown()
    assert r"\|" in journey.journey_table(one).to_markdown()
    svg = charts.render(journey_figure([one]), "svg").decode()
    assert "<b>" not in svg
    assert len(demand.draw(tiny(name), of[0].organisation.place, 0)) == len(of[0].demand)


def test_a_short_journey_is_drawn_in_minutes_with_clock_times(sample):
    one = next(j for j in sample["four_level"] if j.totals.turnaround and j.totals.turnaround < HOUR and j.channel == 0)
    axes = journey_figure([one]).axes[0]
    assert axes.get_xlabel() == "minutes since the resident came"
    first = axes.get_xticklabels()[0].get_text()
    assert first == f"0\n{words.instant(one, one.begin):%H:%M}"


def test_the_legs_of_an_activity_are_named_once_in_the_chart_and_one_by_one_in_the_text(sample):
    journeys = [one for mine in sample.values() for one in mine if any(step.leg > 1 for step in one.steps)]
    assert journeys
    for one in journeys:
        names = {number: name for numbers, name in _names(one) for number in numbers}
        assert not any(", leg " in name for name in names.values())
        for step in one.steps:
            said = words.what(one, step)
            leg = f", leg {step.leg} of {step.stage.legs}" if step.stage.legs > 1 else ""
            assert said.replace(leg, "", 1) == names[step.number]
            assert leg in said
