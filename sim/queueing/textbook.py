"""What theory says of a network that is a textbook queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.draws.laws import Exponential
from sim.statistics.theory import mmc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.queueing.schema import Plan


def textbook(plan: Plan) -> Mapping[str, float]:
    """Return the theoretical values of a plan that is an M/M/c queue in steady state, else nothing."""
    kinds, pools = list(plan.classes.values()), list(plan.servers.values())
    if len(kinds) != 1 or len(pools) != 1 or len(plan.stations) != 1 or plan.halls:
        return {}
    arrivals, route = kinds[0].arrivals, kinds[0].route
    plain_step = {"name", "station", "service", "priority", "yields_to"}
    if (
        len(route) != 1
        or set(route[0].model_fields_set) - plain_step
        or set(pools[0].model_fields_set) - {"number", "serves"}
    ):
        return {}
    gaps, service = arrivals.renewal, route[0].service
    if not isinstance(gaps, Exponential) or not isinstance(service, Exponential):
        return {}
    if (
        arrivals.hours is not None
        or arrivals.batch is not None
        or any(s.room is not None for s in plan.stations.values())
    ):
        return {}
    try:
        queue = mmc(1 / gaps.mean, 1 / service.mean, pools[0].number)
    except ValueError:
        return {}  # no steady state
    return {
        "waiting_time": queue.waiting_time,
        "sojourn_time": queue.sojourn_time,
        "service_time": service.mean,
        "waiting_share": queue.p_wait,
        "number_waiting": queue.n_waiting,
        "number_present": queue.n_present,
        "utilisation": queue.utilisation,
    }
