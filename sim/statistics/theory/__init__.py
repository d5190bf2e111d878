"""Closed forms of queueing theory, as checks of the simulator, of which they import nothing.

In formulas λ is an arrival rate, μ the service rate of one server, c the number of servers, θ the rate at
which one waiting customer gives up, a = λ/μ the offered load, ρ the traffic intensity. Any unit of time will
do, as long as it is one. `scv` is a squared coefficient of variation: 0 deterministic, 1 exponential.
"""

from sim.statistics.theory.epochs import EpochWait, epoch_wait
from sim.statistics.theory.ishigami import ishigami_components
from sim.statistics.theory.many_servers import (
    LossQueue,
    Queue,
    erlang_b,
    erlang_c,
    mmc,
    mmc_sojourn_survival,
    mmc_waiting_quantile,
    mmck,
)
from sim.statistics.theory.networks import Network, jackson, rates_with_returns
from sim.statistics.theory.patience import PatienceQueue, erlang_a, mmc_patience
from sim.statistics.theory.priorities import (
    mg1_preemptive_sojourns,
    mg1_priority_waits,
    mmc_preemptive_sojourns,
    mmc_priority_waits,
)
from sim.statistics.theory.service_laws import mdc, mdc_waiting_quantile, mg1
from sim.statistics.theory.successive import mm1_waiting_variance, mmc_transient_waits

__all__ = [
    "EpochWait",
    "LossQueue",
    "Network",
    "PatienceQueue",
    "Queue",
    "epoch_wait",
    "erlang_a",
    "erlang_b",
    "erlang_c",
    "ishigami_components",
    "jackson",
    "mdc",
    "mdc_waiting_quantile",
    "mg1",
    "mg1_preemptive_sojourns",
    "mg1_priority_waits",
    "mm1_waiting_variance",
    "mmc",
    "mmc_patience",
    "mmc_preemptive_sojourns",
    "mmc_priority_waits",
    "mmc_sojourn_survival",
    "mmc_transient_waits",
    "mmc_waiting_quantile",
    "mmck",
    "rates_with_returns",
]
