"""From estimates to verdicts: whether a case agrees with its values, and all z-scores with chance."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sim.language import N_

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sim.arrays import Floats
    from sim.validation.cases import Case, Expected

MOST_ERRORS = 4.0
AGREES, DIFFERS, VAGUE, NOT_COVERED = N_("agrees"), N_("differs"), N_("vague"), N_("not covered")
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Outcome:
    """A value beside its estimate.

    Attributes
    ----------
    case, mechanism, quantity
        Of which value; `quantity` is its id without the case.
    value
        What theory or a published model says.
    estimate, low, high
        The mean over replications, and its 95 % t interval (NaN: no interval).
    standard_error
        Of the estimate, in the unit of the value.
    z
        Estimate less value in standard errors (those of both, where the value has one); NaN without one.
    n
        Replications.
    verdict
        `agrees`, `differs`, `vague` (the estimate is not precise enough to say) or `not covered`.
    reason
        Why, where it does not agree.
    source
        Of the value.
    """

    case: str
    mechanism: str
    quantity: str
    value: float
    estimate: float
    low: float
    high: float
    standard_error: float
    z: float
    n: int
    verdict: str
    reason: str
    source: str


SCHEMA = {
    name: {"str": pl.String, "float": pl.Float64, "int": pl.Int64}[str(kind)]
    for name, kind in Outcome.__annotations__.items()
}


def judged(case: Case, expected: Expected, estimates: Sequence[float] | Floats, *, precise: bool) -> Outcome:
    """Return the outcome of an expected value.

    Parameters
    ----------
    case : Case
        The case.
    expected : Expected
        One of its values.
    estimates : array
        One a replication.
    precise : bool
        Whether this is the full form: the standard error must be as small as the case says (else the verdict is
        `vague`), and 4 of them are the bound whatever the number of replications.

    Returns
    -------
    Outcome
        `agrees` within 4 standard errors (of few replications in the quick form: within `most_errors`); an exact
        value, if every replication gives it.
    """
    values = np.asarray(estimates, dtype=np.float64)
    value, n = expected.known_value, len(values)
    head = (case.name, case.mechanism, expected.id.removeprefix(f"{case.name}."), value)
    source = expected.source or case.source or ""
    if not np.isfinite(values).all():
        lacking = int((~np.isfinite(values)).sum())
        reason = f"{lacking} of {n} replications have no finite estimate"
        return Outcome(*head, np.nan, np.nan, np.nan, np.nan, np.nan, n, DIFFERS, reason, source)
    estimate = float(values.mean())
    if expected.tolerance == "exact":
        same = bool(np.isclose(values, value, rtol=1e-12, atol=1e-12).all())
        verdict, reason = (AGREES, "") if same else (DIFFERS, "it is exact and must be the same")
        return Outcome(*head, estimate, np.nan, np.nan, np.nan, np.nan, n, verdict, reason, source)
    error = float(values.std(ddof=1)) / n**0.5
    half = _t_quantile(n) * error
    both = float(np.hypot(error, expected.reference_error))
    z = (estimate - value) / both if both > 0 else (np.nan if estimate == value else np.inf)
    verdict, reason = AGREES, ""
    most = MOST_ERRORS if precise else most_errors(n)
    if abs(z) > most:
        verdict, reason = DIFFERS, f"more than {most:.3g} standard errors from the value"
    elif precise and error > expected.precision * abs(value):
        verdict, reason = VAGUE, f"standard error {error / abs(value):.2%} of the value, above {expected.precision:.0%}"
    return Outcome(*head, estimate, estimate - half, estimate + half, error, z, n, verdict, reason, source)


def most_errors(n: int) -> float:
    """Return the bound that the t statistic of n observations leaves by chance as rarely as a normal one leaves 4."""
    from scipy.stats import norm, t

    return float(t.isf(norm.sf(MOST_ERRORS), n - 1))


def _t_quantile(n: int) -> float:
    """Return the quantile of Student's law for an interval from n observations."""
    from scipy.stats import t

    return float(t.ppf(0.5 + CONFIDENCE / 2, n - 1))


def table(outcomes: Iterable[Outcome]) -> pl.DataFrame:
    """Return outcomes as a table, one row each."""
    return pl.DataFrame([asdict(outcome) for outcome in outcomes], schema=SCHEMA)


def normal_scores(outcomes: pl.DataFrame) -> Floats:
    """Return the z of each row as a normal score: Student's law of its replications is taken off."""
    from scipy.stats import norm, t

    z, n = outcomes["z"].to_numpy(), outcomes["n"].to_numpy()
    # By the tail on its own side, so that far ones keep their digits.
    return np.asarray(np.sign(z) * norm.isf(t.sf(np.abs(z), np.maximum(n - 1, 1))))


@dataclass(frozen=True)
class Chance:
    """Whether z-scores are spread as chance spreads them: Kolmogorov-Smirnov against the standard normal law."""

    n: int
    distance: float
    p_value: float
    mean: float
    spread: float


def scored(outcomes: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that have a z-score."""
    return outcomes.filter(outcomes["z"].is_finite())


def chance(outcomes: pl.DataFrame) -> Chance | None:
    """Return how the z-scores are spread, one a case: the values of one case share their draws.

    Parameters
    ----------
    outcomes : polars.DataFrame
        As from `table`; the first stochastic row of each case is taken.

    Returns
    -------
    Chance or None
        None with fewer than 8 cases.
    """
    from scipy.stats import kstest

    firsts = scored(outcomes).unique("case", keep="first", maintain_order=True)
    if len(firsts) < 8:
        return None
    scores = normal_scores(firsts)
    test = kstest(scores, "norm")
    return Chance(
        len(scores), float(test.statistic), float(test.pvalue), float(scores.mean()), float(scores.std(ddof=1))
    )
