"""The schema of a validation case, and the cases and the register of a folder, checked."""

from __future__ import annotations

import inspect
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from sim.config.checking import readable
from sim.config.reading import check_together, read_yaml
from sim.draws.laws import Frozen, NonNegative, Positive
from sim.errors import ConfigError, RuleError, choices, near
from sim.queueing import sample
from sim.queueing.errors import explain
from sim.validation.estimators import QUANTITIES
from sim.validation.formulas import value_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sim.queueing.schema import QueueNetwork

Name = Annotated[str, Field(strict=True, max_length=2_000)]
Form = Literal["quick", "full"]
MECHANISMS = (
    "single", "capacity", "transient", "batch", "priority", "preempt", "patience", "network", "rework", "skills",
    "timevarying", "calendar", "absence", "blocking", "forkjoin", "output", "peer", "trace",
)  # fmt: skip
ORDINARY = 0.01


class Expected(Frozen):
    """One number that a case must give: that of a closed form, or as it was published.

    A closed form is named by `formula` (one of `formulas.FORMULAS`) with its `arguments`; `field` says which of several
    results is meant, `entry` which of a list (first: 1) or its `mean`. A `value` beside it is what another source found
    and must be the same in all its digits.

    `tolerance` is `exact` (no randomness) or `stochastic` (within 4 standard errors); `reference_error` is the
    standard error of the value itself, where it comes from a published simulation; `precision` is the greatest
    standard error that the full form may have, as a share of the value.
    """

    id: Name
    quantity: Name
    parameters: dict[Name, Any] = Field(default_factory=dict)
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    formula: Name | None = None
    arguments: dict[Name, Any] = Field(default_factory=dict)
    field: Name | None = None
    entry: Any = None
    source: Name | None = None
    tolerance: Literal["exact", "stochastic"] = "stochastic"
    reference_error: NonNegative = 0.0
    precision: Positive = ORDINARY

    @model_validator(mode="after")
    def _known_quantity(self) -> Self:
        if self.quantity not in QUANTITIES:
            raise RuleError(
                f"be the name of an estimator{near(self.quantity, QUANTITIES)}", self.quantity, at="quantity"
            )
        try:
            inspect.signature(QUANTITIES[self.quantity]).bind(None, **self.parameters)
        except TypeError as error:
            raise RuleError(f"be those of {self.quantity} ({error})", f"{self.parameters}", at="parameters") from error
        return self

    @model_validator(mode="after")
    def _known_value(self) -> Self:
        if self.formula is None:
            for name in ("arguments", "field", "entry"):
                given = getattr(self, name)
                if given not in (None, {}):
                    raise RuleError("be left out where there is no formula", f"{given}", at=name)
            if self.value is None:
                raise RuleError("be given where there is no formula", "nothing", at="value")
        exact = self.known_value
        if self.value is not None and not same_digits(exact, self.value):
            raise RuleError(f"be that of its formula ({exact:.8g})", f"{self.value:.8g}", at="value")
        return self

    @cached_property
    def known_value(self) -> float:
        """Return the value that the case must give."""
        if self.formula is not None:
            return value_of(self.formula, self.arguments, self.field, self.entry)
        assert self.value is not None
        return self.value


def same_digits(exact: float, published: float) -> bool:
    """Return whether a number is another one as published, rounded to the digits given."""
    digits = len(Decimal(repr(published)).normalize().as_tuple().digits)
    return float(f"{exact:.{digits}g}") == published


class Replications(Frozen):
    """How often a case is run in either form."""

    quick: Annotated[int, Field(strict=True, ge=1, le=100_000)]
    full: Annotated[int, Field(strict=True, ge=1, le=100_000)]


class Case(Frozen):
    """A network whose answers are known."""

    name: Name
    system: Name
    mechanism: Name
    network: dict[str, Any]
    replications: Replications
    source: Name | None = None
    expects: Annotated[tuple[Expected, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.mechanism not in MECHANISMS:
            raise RuleError(f"be one of {', '.join(MECHANISMS)}", self.mechanism, at="mechanism")
        ids = [expected.id for expected in self.expects]
        for i, expected in enumerate(self.expects):
            if not expected.id.startswith(f"{self.name}."):
                raise RuleError(f"begin with {self.name}.", expected.id, at=f"expects.{i}.id")
            if ids.index(expected.id) < i:
                raise RuleError("be given once", f"{expected.id} again", at=f"expects.{i}.id")
            if expected.source is None and self.source is None:
                raise RuleError("be given where the case has none", "nothing", at=f"expects.{i}.source")
            if expected.tolerance == "stochastic" and min(self.replications.quick, self.replications.full) < 2:
                raise RuleError("be at least 2 where anything is stochastic", "1", at="replications")
        return self

    @cached_property
    def plan(self) -> QueueNetwork:
        """Return the network, checked."""
        return sample.load(self.network, f"{self.name}.network")


class Register(Frozen):
    """Every reference value by case, and why some are not covered (a case or one of its values)."""

    ids: dict[Name, tuple[Name, ...]]
    not_covered: dict[Name, Name] = Field(default_factory=dict)

    @property
    def all_ids(self) -> list[str]:
        """Return the ids of all values, as `case.quantity`."""
        return [f"{case}.{quantity}" for case, quantities in self.ids.items() for quantity in quantities]


def load(mapping: Mapping[str, Any], name: str) -> Case:
    """Return a checked case from a plain mapping.

    Parameters
    ----------
    mapping : mapping
        As YAML gives it.
    name : str
        Of the case; it comes first in messages.

    Raises
    ------
    ConfigError
        For a mistake in the case or in its network, as one paragraph of `path must be rule, got value`.
    """
    plain = readable(mapping, name)
    try:
        case = Case.model_validate({"name": name, **plain})
    except ValidationError as error:
        known = {key for model in (Case, Expected, Replications) for key in model.model_fields}
        raise ConfigError(explain(error, plain, name, known)) from error
    for i, expected in enumerate(case.expects):
        group = str(expected.parameters.get("group", "all"))
        groups = _groups(case.plan)
        if group not in groups:
            path = f"{name}.expects.{i}.parameters.group"
            raise ConfigError(f"{path} must be one of {choices(groups, group)}{near(group, groups)}, got {group}")
    return case


def _groups(plan: QueueNetwork) -> list[str]:
    """Return what an estimator can be asked about."""
    kinds = (("class", plan.classes), ("station", plan.stations), ("pool", plan.servers))
    return ["all", *(f"{kind}:{name}" for kind, names in kinds for name in names)]


def load_folder(folder: Path) -> dict[str, Case]:
    """Return the cases of a folder, one YAML file each, by name.

    Raises
    ------
    ConfigError
        For a mistake in one of them; all together must be of a size that is read.
    """
    files = sorted(folder.glob("*.yaml"))
    check_together(files, folder)
    return {path.stem: load(read_yaml(path, within=folder), path.stem) for path in files}


def load_register(path: Path) -> Register:
    """Return the register of all values.

    Raises
    ------
    ConfigError
        For a mistake in it.
    """
    mapping = read_yaml(path)
    try:
        return Register.model_validate(mapping)
    except ValidationError as error:
        raise ConfigError(explain(error, mapping, path.stem, Register.model_fields)) from error
