"""Turnover of community workers: posts, vacancies and newcomers, worked out by hand."""

from functools import cache

import numpy as np
import pytest
from setups.district import case, office, organised, pilot, tiny

from sim.district import workload
from sim.district.overload import pools
from sim.district.rosters import rosters
from sim.district.rosters.careers import STEP, careers
from sim.draws.clock import DAY
from sim.engine import compiled
from sim.engine.reference import engine
from sim.study import replication

EXITS = "mechanisms.turnover.exits_per_year"
NO_OTHER = ("burden.meetings.others_per_week=0", "burden.away_share=0", "staffing.catch_up_hours_per_week=0",
            "roles.cover=none")  # fmt: skip


@cache
def drawn(exits, weeks=52, replications=1, **knobs):
    """Return the careers of some replications of a tiny district."""
    others = (f"{knob}={value}" for knob, value in knobs.items())
    a_pilot = tiny("four_level", f"{EXITS}={exits}", f"run.measured_weeks={weeks}", *others)
    organisation, time = organised(a_pilot), office(a_pilot)
    return organisation, time, [careers(organisation, time, r) for r in range(replications)]


def test_so_many_posts_that_todays_workers_are_in_post_on_average():
    base = pilot("four_level", "mechanisms=base")
    share = 0.2 * 60 / 250 / (1 + 0.2 * 60 / 250)
    assert workload.vacant_share(base) == pytest.approx(share, rel=0.01)
    assert workload.community_posts(base) == 124
    assert sum(p.level == "community" for p in organised(base).people) == 124
    assert workload.heads(base)["community"] == 118
    assert workload.community_posts(pilot("four_level")) == 118


@pytest.mark.parametrize("name", ["four_level", "three_level", "three_level_all_down"])
def test_every_design_has_the_same_posts_of_community_workers_and_the_same_others(name):
    people = organised(pilot(name, "mechanisms=base")).people
    assert sorted(person.identity for person in people) == list(range(124 + 120 + 60))


def test_vacancies_and_exits_are_those_of_the_knobs_on_average():
    _, time, each = drawn(1.0, 104, 40)
    filled = np.concatenate([one.filled[one.community] for one in each])
    exits = np.concatenate([one.exits[one.community] for one in each])
    share = 1.0 * 60 / 250 / (1 + 1.0 * 60 / 250)
    assert 1 - filled.mean() == pytest.approx(share, abs=0.02)
    assert exits.sum(axis=1).mean() / (len(time.working_days) / 250) == pytest.approx(1 - share, abs=0.06)


def test_a_vacancy_has_its_length_and_the_newcomer_after_it_grows_used_to_the_work():
    _, time, (one,) = drawn(1.0, 104)
    n_days = len(time.working_days)
    seen = 0
    for m in np.flatnonzero(one.community).tolist():
        for day in np.flatnonzero(one.exits[m]).tolist():
            if day + 60 + 25 >= n_days or one.exits[m, day + 1 : day + 85].any():
                continue
            seen += 1
            assert not one.filled[m, day : day + 60].any()
            assert one.filled[m, day + 60]
            assert one.first_year[m, day + 60]
            paces = one.pace[m, day + 60 : day + 85]
            assert abs(int(paces[0]) - 1250) <= STEP
            assert (np.diff(paces) <= 0).all()
            assert paces[-1] == pytest.approx(1000 + 250 * np.exp(-24 / (4 * 250 / 12)), abs=STEP)
    assert seen


def test_with_fewer_exits_every_time_in_post_is_longer_in_proportion():
    few, many = (np.array([one.exits.sum() for one in drawn(exits, 104, 6)[2]]) for exits in (0.5, 1.0))
    assert (few <= many).all()
    assert 0 < few.sum() < many.sum()


def test_a_longer_horizon_begins_as_a_shorter_one():
    short, long = drawn(1.0, 52)[2][0], drawn(1.0, 104)[2][0]
    n = short.filled.shape[1]
    for name in ("filled", "first_year", "exits", "pace"):
        assert np.array_equal(getattr(short, name), getattr(long, name)[:, :n]), name


def test_nobody_is_on_duty_in_a_vacant_post_and_newcomers_serve_all_lines_more_slowly():
    organisation, time, (one,) = drawn(1.0, 52, **dict(knob.split("=") for knob in NO_OTHER))
    roster = rosters.build_rosters(organisation, time, 0)
    first, of = (
        roster.duties["first"],
        dict(zip(time.working_days.tolist(), range(len(time.working_days)), strict=True)),
    )
    slower = 0
    for m in range(len(organisation.people)):
        usual = None
        for i in range(roster.servers["first"][m], roster.servers["first"][m + 1]):
            day = of[int(roster.servers["open"][i]) // DAY]
            assert one.filled[m, day]
            duty = roster.servers["duty"][i]
            paces = roster.duties["pace"][first[duty] : first[duty + 1]]
            if one.pace[m, day] == 1000:
                usual = sorted(paces.tolist())
            elif usual is not None:
                slower += 1
                assert sorted(paces.tolist()) == [round(pace * int(one.pace[m, day]) / 1000) for pace in usual]
    assert slower


def test_the_load_guard_knows_vacancies_and_newcomers():
    loads = []
    for exits in (0.0, 2.0):
        a_pilot = tiny("four_level", f"{EXITS}={exits}", "staffing.street_sent_down_share=0")
        loads.append(sum(one.hours for one in pools(organised(a_pilot)) if one.level == "community")
                     / sum(one.present for one in pools(organised(a_pilot)) if one.level == "community"))  # fmt: skip
    a_pilot = tiny("four_level", f"{EXITS}=2.0")
    posts, heads = workload.community_posts(a_pilot), a_pilot.staffing.community_heads
    in_post = posts * (1 - workload.vacant_share(a_pilot)) / heads
    expected = workload.slowed_by_newcomers(a_pilot) / in_post
    assert loads[1] / loads[0] == pytest.approx(expected, rel=0.1)
    assert workload.slowed_by_newcomers(a_pilot) == pytest.approx(1 + 0.25 * (2 * 4 / 12) / (1 + 2 * 4 / 12))


def test_both_engines_agree_on_offices_with_vacancies():
    one = case(tiny("four_level", "mechanisms=base", f"{EXITS}=2", "run.measured_weeks=4"))
    for mine, other in zip(compiled.run(one.network, one.horizon), engine.run(one.network, one.horizon), strict=True):
        for name in vars(mine):
            assert np.array_equal(getattr(mine, name), getattr(other, name)), name


def test_the_measures_are_those_of_the_window():
    a_pilot = tiny("four_level", f"{EXITS}=2", "run.warm_up_weeks=3", "run.measured_weeks=30")
    tables, _ = replication.simulate(a_pilot, 0)
    value = {m: v for m, g, v in tables["measures"].select("measure", "group", "value").iter_rows() if g == "all"}
    organisation, time = organised(a_pilot), office(a_pilot)
    one = careers(organisation, time, 0)
    inside = [i for i, day in enumerate(time.working_days.tolist()) if 21 <= day < 21 + 210]
    mine = [m for m in range(len(organisation.people)) if one.community[m]]
    filled = sum(bool(one.filled[m, d]) for m in mine for d in inside)
    assert value["vacant"] == pytest.approx(1 - filled / len(mine) / len(inside))
    assert value["newcomers"] == pytest.approx(sum(bool(one.first_year[m, d]) for m in mine for d in inside) / filled)
    leave = sum(bool(one.exits[m, d]) for m in mine for d in inside)
    assert value["exits"] == pytest.approx(leave / len(mine) * 52 / 30)
    assert not {"vacant", "newcomers", "exits"} & set(replication.simulate(tiny(), 0)[0]["measures"]["measure"])


def test_newcomers_who_learn_within_days_overflow_nothing():
    with np.errstate(all="raise"):
        _, _, (one,) = drawn(1.0, 104, **{"mechanisms.turnover.newcomer_months": 0.1})
    assert (one.pace >= 1000).all()
