"""Lifting the pay of community workers: fewer leave, as many posts, more people in post, and what it costs."""

import pytest
from setups.district import mapping, office, organised, pilot, tiny

from sim.district import workload
from sim.district.rosters.careers import careers
from sim.measures import cost
from sim.study.replications import key, matters

PAY = "levers.pay.gap_closed_share"


def test_pay_lifted_to_the_streets_halves_the_exits_and_half_of_that_prevents_a_quarter():
    lifted, half = (pilot("four_level", "mechanisms=base", f"{PAY}={share}") for share in (1, 0.5))
    assert workload.exits_per_year(lifted) == pytest.approx(0.2 * (1 - 0.5))
    assert workload.exits_per_year(half) == pytest.approx(0.2 * (1 - 0.25))


def test_a_design_that_pays_more_has_as_many_posts_and_more_people_in_them():
    today, lifted = (pilot("four_level", "mechanisms=base", f"{PAY}={share}") for share in (0, 1))
    assert [p.identity for p in organised(today).people] == [p.identity for p in organised(lifted).people]
    days = workload.working_days_a_year(today)
    vacant = [exits * 60 / days / (1 + exits * 60 / days) for exits in (0.2, 0.1)]
    assert workload.workers_in_post(today) == 118
    assert workload.workers_in_post(lifted) == pytest.approx(118 * (1 - vacant[1]) / (1 - vacant[0]))


def test_with_more_pay_fewer_leave_on_the_same_draws():
    drawn = []
    for share in (0, 1):
        one = tiny("four_level", "mechanisms.turnover.exits_per_year=1", "run.measured_weeks=104", f"{PAY}={share}")
        each = careers(organised(one), office(one), 0)
        assert each is not None
        drawn.append((int(each.exits.sum()), int((~each.filled).sum())))
    (exits, vacant), (fewer, filled) = drawn
    assert 0 < fewer < exits
    assert 0 < filled < vacant


def test_nobody_leaves_where_pay_prevents_every_exit():
    one = tiny("four_level", "mechanisms=base", "mechanisms.turnover.exits_by_pay_share=1", f"{PAY}=1")
    each = careers(organised(one), office(one), 0)
    assert each is not None
    assert each.filled.all()
    assert not each.exits.any()
    assert workload.workers_in_post(one) > one.staffing.community_heads


def test_the_rise_is_paid_to_all_in_post():
    today, lifted = cost.pay(pilot("four_level")), cost.pay(pilot("four_level", f"{PAY}=1"))
    assert lifted["community"] - today["community"] == pytest.approx(118 * (36_000 - 14_400) * 1.3)
    assert {level: lifted[level] for level in ("street", "district")} == {
        level: today[level] for level in ("street", "district")
    }
    with_exits = pilot("four_level", "mechanisms=base", f"{PAY}=1")
    assert cost.pay(with_exits)["community"] == pytest.approx(workload.workers_in_post(with_exits) * 36_000 * 1.3)


def test_a_lever_that_is_off_is_no_part_of_a_key_and_one_that_is_on_is():
    plain = mapping("four_level")
    older = {name: part for name, part in plain.items() if name != "levers"}  # as an earlier program kept it
    assert matters(plain) == matters(older)
    lifted = "four_level", f"{PAY}=1"
    assert matters(mapping(*lifted))["levers"] == {"pay": {"gap_closed_share": 1}}
    assert key(pilot(*lifted)) != key(pilot("four_level"))


def test_todays_organisation_pays_as_today():
    assert not workload.today(pilot("three_level", f"{PAY}=1")).levers.pay.on
