"""The guard, which is arithmetic, against what piles up in 72 weeks: who can keep up, on shipped and random designs."""

import numpy as np
import pytest
from setups.district import ALL_PILOTS, pilot, tiny

from sim.district import engines, overload
from sim.district.stages import Desk
from sim.draws.clock import HOUR, WEEK
from sim.study import replication

YEARS = (
    "district.place=fixed",  # loads are those of one place, and so is what piles up over the replications
    "run.warm_up_weeks=20",
    "run.measured_weeks=51",
    "run.drain_weeks=1",
    "staffing.absence.single_days_share=1",
)
AROUND_ONE = (0.97, 1.03)
GROWS = 0.015  # of the work due in a week
LAPSES = (Desk.FRONT, Desk.PHONE, Desk.PATROL, Desk.HOME)


def pool_of_station(organisation, pools):
    """Return the position of the pool that serves each station whose work piles up; -1 for the others."""
    place = {(p.level, p.unit, p.team): i for i, p in enumerate(pools)}
    owner = {grid: person.specialism for person in organisation.people for grid in person.grids}

    def team(station):
        if station.level == "community" and organisation.pilot.roles.scheme == "generalist":
            return overload.Team.EVERYBODY
        if station.grid < 0:
            return station.specialism
        return owner[station.grid] if owner[station.grid] >= 0 else overload.Team.MANAGERS

    return np.array(
        [-1 if s.desk in LAPSES else place.get((s.level, s.unit, team(s)), -1) for s in organisation.stations] + [-1]
    )


def growth(a_pilot, n):
    """Return the pools of a design, and how fast the work that waits for each grows (hours a week, mean over n)."""
    slopes = []
    for number in range(n):
        plan = replication.prepare(a_pilot, number)
        case = plan.complete()
        visits, _ = engines.run(case.network, case.horizon, engines.Compiled())
        pools = overload.pools(plan.organisation)
        steps = case.network.steps
        pool = pool_of_station(plan.organisation, pools)[steps.station]
        never = np.iinfo(np.int64).max
        left = np.where(visits.start >= 0, visits.start, np.where(visits.end >= 0, visits.end, never))
        weeks = np.arange(20, plan.office.weeks, 2)
        waiting = []
        for week in weeks.tolist():
            rows = (visits.arrival >= 0) & (visits.arrival <= week * WEEK) & (left > week * WEEK) & (pool >= 0)
            waiting.append(np.bincount(pool[rows], steps.work[rows] / HOUR, minlength=len(pools)))
        slopes.append(np.polyfit(weeks, np.array(waiting), 1)[0])
    return pools, np.mean(slopes, axis=0)


def judged(a_pilot, n):
    """Yield, for each pool whose load is not near 1, whether it is said to be overloaded, and whether work piles up."""
    for pool, slope in zip(*growth(a_pilot, n), strict=True):
        if not AROUND_ONE[0] < pool.load < AROUND_ONE[1]:
            yield pool.overloaded, slope > GROWS * pool.hours / 52


def assert_agree(pairs):
    overloaded, grows = np.array(list(pairs), dtype=bool).T
    assert grows.sum() > 0
    assert (overloaded & grows).sum() / grows.sum() >= 0.95
    assert (~overloaded & ~grows).sum() / (~grows).sum() >= 0.95


def random_tiny(seed):
    """Return a tiny design with other heads, work, roles and conduct."""
    rng = np.random.default_rng(seed)
    name = str(rng.choice(["four_level", "three_level", "three_level_all_down"]))
    knobs = [
        f"staffing.community_heads={rng.integers(9, 19)}",
        f"staffing.district_heads={rng.integers(5, 14)}",
        f"district.work.from_above_hours={rng.integers(9000, 19000)}",
        f"burden.away_share={rng.uniform(0, 0.5):.2f}",
        f"staffing.catch_up_hours_per_week={rng.integers(0, 4)}",
        f"service.desk={rng.choice(['own', 'rota'])}",
        f"roles.cover={rng.choice(['none', 'colleague'])}",
    ]
    if name != "four_level":
        knobs.append("structure.communities=2")
    return tiny(name, *knobs, *YEARS)


def test_the_guard_agrees_on_some_random_designs():
    assert_agree(pair for seed in range(5) for pair in judged(random_tiny(seed), 4))


@pytest.mark.long
def test_the_guard_agrees_on_random_designs():
    assert_agree(pair for seed in range(50) for pair in judged(random_tiny(seed), 6))


@pytest.mark.long
def test_the_guard_agrees_on_the_shipped_designs():
    assert_agree(pair for name in ALL_PILOTS for pair in judged(pilot(name, *YEARS), 2))
