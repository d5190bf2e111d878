"""The closed forms that a case may name, and the number that one gives for the arguments in the case."""

from __future__ import annotations

import inspect
import math
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import RuleError, near
from sim.statistics import theory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FORMULAS: Mapping[str, Callable[..., Any]] = {
    formula.__name__: formula
    for formula in (
        theory.mmc, theory.mmc_waiting_quantile, theory.mmc_sojourn_survival, theory.mmc_transient_waits, theory.mmck,
        theory.mg1, theory.mdc, theory.mdc_waiting_quantile,
        theory.mmc_priority_waits, theory.mg1_priority_waits,
        theory.mmc_preemptive_sojourns, theory.mg1_preemptive_sojourns,
        theory.erlang_a, theory.mmc_patience, theory.jackson, theory.epoch_wait,
    )
}  # fmt: skip

KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {  # by the annotation of a parameter
    "int": ((int, float), "a number"),
    "float": ((int, float), "a number"),
    "ArrayLike": ((list, tuple), "a list"),
}


def value_of(name: str, arguments: Mapping[str, Any], field: str | None, entry: Any) -> float:
    """Return the number that a closed form gives.

    Parameters
    ----------
    name : str
        One of `FORMULAS`.
    arguments : mapping
        All of its arguments, by name.
    field : str or None
        Which of several results, by its name.
    entry : int, "mean" or None
        Which entry of a result that is a list (first: 1), or the mean of all.

    Raises
    ------
    ValueError
        With path, rule and value: whatever does not fit, or has no value.
    """
    if name not in FORMULAS:
        raise RuleError(f"be the name of a closed form{near(name, FORMULAS)}", f"{name}", at="formula")
    _check_arguments(name, arguments)
    try:
        result = FORMULAS[name](**arguments)
    except ValueError as error:
        raise RuleError(f"be those of {name} ({error})", f"{dict(arguments)}", at="arguments") from error
    value = float(_entry(name, _field(name, result, field), entry))
    if not math.isfinite(value):
        raise RuleError("give a finite number", f"{value} from {name}", at="formula")
    return value


def _check_arguments(name: str, arguments: Mapping[str, Any]) -> None:
    """Refuse unknown, missing and ill-typed arguments."""
    known = inspect.signature(FORMULAS[name]).parameters
    for argument, value in arguments.items():
        if argument not in known:
            raise RuleError(f"be an argument of {name}{near(argument, known)}", f"{value}", at=f"arguments.{argument}")
        kind, words = KINDS[known[argument].annotation]
        if isinstance(value, bool) or not isinstance(value, kind):
            raise RuleError(f"be {words}", f"{value}", at=f"arguments.{argument}")
    for argument, parameter in known.items():
        if argument not in arguments and parameter.default is parameter.empty:
            raise RuleError(f"be given for {name}", "nothing", at=f"arguments.{argument}")


def _field(name: str, result: Any, field: str | None) -> Any:
    """Return one of several results, or the only one."""
    if not is_dataclass(result):
        if field is not None:
            raise RuleError(f"be left out where {name} has one result", f"{field}", at="field")
        return result
    known = [known.name for known in fields(result)]
    if field not in known:
        raise RuleError(f"be one of {', '.join(known)}{near(field or '', known)}", field or "nothing", at="field")
    return getattr(result, field)


def _entry(name: str, result: Any, entry: Any) -> Any:
    """Return an entry of a list or its mean, or a number as it is."""
    if np.ndim(result) == 0:
        if entry is not None:
            raise RuleError(f"be left out where {name} gives no list", f"{entry}", at="entry")
        return result
    if entry == "mean":
        return np.mean(result)
    if type(entry) is not int or not 1 <= entry <= len(result):
        raise RuleError(f"be from 1 to {len(result)}, or mean", f"{'nothing' if entry is None else entry}", at="entry")
    return result[entry - 1]
