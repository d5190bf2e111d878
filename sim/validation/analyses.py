"""What is known of the analysis: truncation, quantile intervals, selection of the best, attribution, sensitivity."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from sim.statistics import best, descriptive, mser5, sensitivity, theory
from sim.validation.outcomes import AGREES, DIFFERS, MOST_ERRORS, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sim.validation.cases import Form

NAN = float("nan")
Checked = dict[str, tuple[float, float]]  # by quantity: the value, and what the program gives


def exactly(case: str, source: str, checked: Callable[[], Checked], _: Form, __: int, places: int = 7) -> list[Outcome]:
    """Return the outcomes of numbers that must be the same, to the digits with which they are published."""
    outcomes = []
    for quantity, (value, estimate) in checked().items():
        same = np.isclose(estimate, value, rtol=10.0**-places, atol=10.0**-places)
        verdict, reason = (AGREES, "") if same else (DIFFERS, "it is exact and must be the same")
        outcomes.append(
            Outcome(case, "output", quantity, value, estimate, NAN, NAN, NAN, NAN, 1, verdict, reason, source)
        )
    return outcomes


def mser() -> Checked:
    """Truncate a decaying series with two waves by MSER-5."""
    i = np.arange(400)
    series = 10 + 5 * np.exp(-i / 30) + np.sin(1.7 * i) + 0.5 * np.cos(0.31 * i)
    cut, statistic = mser5.mser5(series)
    return {"truncate_observations": (65.0, float(cut)), "statistic": (0.0020551908, statistic)}


def quantile_ranks() -> Checked:
    """Return the ranks that bracket the 90 % quantile of 100 values."""
    ranks = descriptive.quantile_interval_ranks(100, 0.9, 0.95)
    assert ranks.low is not None
    assert ranks.high is not None
    return {
        "rank_low": (84.0, float(ranks.low)),
        "rank_high": (96.0, float(ranks.high)),
        "exact_coverage": (0.95569011, ranks.coverage),
    }


def against_best() -> Checked:
    """Return intervals against the best of four means, without error."""
    intervals = best.best_intervals([50.036, 49.236, 44.35, 48.778], 0.0)
    return {
        "upper_1": (5.686, float(intervals.high[0])),
        "upper_2": (4.886, float(intervals.high[1])),
        "lower_3": (-4.428, float(intervals.low[2])),
        "upper_4": (4.428, float(intervals.high[3])),
    }


def attribution() -> Checked:
    """Attribute the effect of three reforms of an M/M/3, all eight designs by Erlang's formula."""
    reforms = ((1.0, 1.0, 1), (1.0, 1.0 / 0.9, 0), (0.9, 1.0, 0))

    def waiting_time(chosen: frozenset[int]) -> float:
        arrivals, service, servers = 2.7, 1.0, 3
        for i in chosen:
            arrivals, service, servers = (
                arrivals * reforms[i][0], service * reforms[i][1], servers + reforms[i][2],
            )  # fmt: skip
        return theory.mmc(arrivals, service, servers).waiting_time

    phi = sensitivity.shapley_values(waiting_time, 3)
    none, every = waiting_time(frozenset()), waiting_time(frozenset(range(3)))
    alone = sum(waiting_time(frozenset({i})) - none for i in range(3))
    return {
        "phi_1": (-1.2771609, float(phi[0])),
        "phi_2": (-0.70163103, float(phi[1])),
        "phi_3": (-0.63397699, float(phi[2])),
        "v_empty": (2.7235367, none),
        "v_all": (0.11076781, every),
        "one_at_a_time_sum": (-5.6582844, alone),
        "interaction_12_given_none": (1.5453934, sensitivity.interaction(waiting_time, 0, 1)),
    }


def indices() -> Checked:
    """Return Sobol indices and Shapley effects of the Ishigami function, from its components of variance."""
    components = theory.ishigami_components(7.0, 0.1)
    first, total = sensitivity.sobol_indices(components, 3)
    shares = sensitivity.shapley_effects(components, 3)
    values = {
        "S": ((0.31390519, 0.44241114, 0.0), first),
        "ST": ((0.55758886, 0.44241114, 0.24368366), total),
        "Sh": ((0.43574702, 0.44241114, 0.12184183), shares),
    }
    return {
        f"{name}{i + 1}": (value, float(found[i]))
        for name, (known, found) in values.items()
        for i, value in enumerate(known)
    }


def daley() -> Checked:
    """Return the variance of waits in an M/M/1, and of the mean of many."""
    one, many = theory.mm1_waiting_variance(0.5, 1)
    return {"var_W": (3.0, one), "asymptotic_var": (29.0, many)}


TRIALS: Mapping[Form, int] = {"quick": 300, "full": 4000}


def slippage(form: Form, seed: int) -> list[Outcome]:
    """Return how often the sequential procedure chooses the best of five in the slippage configuration."""
    trials, zone, k = TRIALS[form], 10**-0.5, 5
    rng = np.random.default_rng(seed)
    shift = np.array([zone, 0, 0, 0, 0])
    right, spent = np.zeros(trials), np.zeros(trials)
    for trial in range(trials):
        chosen = best.select_best(
            lambda designs, n: rng.standard_normal((n, len(designs))) + shift[designs],
            k, zone=zone, confidence=0.95, first=10, smaller_is_better=False, as_published=True,
        )  # fmt: skip
        right[trial], spent[trial] = chosen.best == 0, chosen.used.sum()
    source = "Kim and Nelson (2001): guarantee; measured by a reference implementation, 2000 macro-replications"
    case, n = "kn_slippage_k5", trials

    def outcome(
        quantity: str, value: float, values: np.ndarray[tuple[int], np.dtype[np.float64]], own: float, at_least: bool
    ) -> Outcome:
        estimate, error = float(values.mean()), float(values.std(ddof=1)) / n**0.5
        z = (estimate - value) / float(np.hypot(error, own))
        good = z > -MOST_ERRORS if at_least else abs(z) < MOST_ERRORS
        reason = "" if good else "fewer than guaranteed" if at_least else "more than 4 standard errors from the value"
        return Outcome(
            case, "output", quantity, value, estimate, estimate - 1.96 * error, estimate + 1.96 * error, error,
            NAN if at_least else z, n, AGREES if good else DIFFERS, reason, source,
        )  # fmt: skip

    eta = best.kim_nelson_eta(k, 10, 0.05)
    return [
        outcome("PCS_at_least", 0.95, right, 0.0, at_least=True),
        outcome("PCS_measured", 0.9625, right, 0.0042, at_least=False),
        # its standard error is not published: that of 2000 trials with the spread found here
        outcome("mean_total_observations", 399.4, spent, float(spent.std(ddof=1)) / 2000**0.5, at_least=False),
        *exactly(case, source, lambda: {"eta": (0.63496727, eta)}, form, seed),
    ]


EXACT: dict[str, tuple[str, Callable[[], Checked]]] = {
    "mser5_a": ("White (1997); White, Cobb and Spratt (2000), by the definition", mser),
    "qci_100": ("binomial order statistics; David and Nagaraja (2003)", quantile_ranks),
    "mcb_gn98": ("Rossetti, KSL book, section 5.7.3; Hsu (1984)", against_best),
    "shapley_3": ("Shapley (1953); Erlang's formula for all eight designs", attribution),
    "ishigami": ("Ishigami and Homma (1990), closed form", indices),
    "oa_daley_0.5": ("Daley (1968)", daley),
}


def exact_checks() -> dict[str, Callable[[Form, int], list[Outcome]]]:
    """Return the checks whose numbers must be the same, by case."""
    return {case: partial(exactly, case, source, found) for case, (source, found) in EXACT.items()}
