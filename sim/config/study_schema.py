"""The schema of a study file: factors, design, precision and promises, as frozen objects from plain mappings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from sim.config.bounds import Bound, Confidence, Difference, Replications, Seed, Weeks
from sim.config.checking import Name, Section, checked
from sim.config.report import ALL, Response, ResponseName
from sim.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["grid", "zip", "lhs", "sobol", "indices", "one_at_a_time", "points"]
SAMPLED = ("lhs", "sobol", "indices")
LEVEL_GROUPS = ("all", "level", "route")

Text = Annotated[str, Field(min_length=1, max_length=200)]
Least = Annotated[int, Field(ge=2, le=100_000)]


class Promise(Section):
    """A bound that a response has to keep; within `tolerance` of it a design counts as keeping or as breaking it."""

    at_most: Bound | None = None
    at_least: Bound | None = None
    tolerance: Difference | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.at_most is None) == (self.at_least is None):
            raise RuleError("have either at_most or at_least")
        return self

    @property
    def bound(self) -> float:
        """Return the bound (unit of the response)."""
        return float(self.at_least if self.at_most is None else self.at_most)  # type: ignore[arg-type]

    def kept(self, value: float) -> bool:
        """Return whether a value keeps the promise."""
        return value >= self.bound if self.at_most is None else value <= self.bound


class Target(Section):
    """The precision of a response: a half-width, as such, as a share of the mean, or of the paired difference."""

    half_width: Difference | None = None
    share: Difference | None = None
    difference: Difference | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if sum(value is not None for value in (self.half_width, self.share, self.difference)) != 1:
            raise RuleError("have exactly one of half_width, share and difference")
        return self


class Precision(Section):
    """Replications of every point to begin with; with targets, as many more as it takes, within `most` and `budget`."""

    replications: Replications = 10
    until: dict[ResponseName, Target] = Field(default_factory=dict)
    most: Replications = 100  # of one point
    budget: Annotated[int, Field(ge=1, le=100_000_000)] | None = (
        None  # of all points together, those of the first round too
    )

    @model_validator(mode="after")
    def _can_begin(self) -> Self:
        if self.until and self.replications < 2:
            raise RuleError("be at least 2 where a half-width is wanted", f"{self.replications}", at="replications")
        if self.until and self.most < self.replications:
            raise RuleError(f"be at least replications ({self.replications})", f"{self.most}", at="most")
        return self


class Best(Section):
    """The best point by one response; differences below `zone` do not matter."""

    response: ResponseName
    smaller_is_better: bool | None = None  # by default as the measure is judged everywhere
    zone: Difference


class Choose(Section):
    """A sequential choice of points: the best, or the cheapest (fewest heads) that keeps every promise."""

    best: Best | None = None
    cheapest: bool = False
    confidence: Confidence = 0.95
    first: Least = 10
    most: Least = 100

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.best is None and not self.cheapest:
            raise RuleError("name best, or cheapest: true")
        if self.most < self.first:
            raise RuleError(f"be at least first ({self.first})", f"{self.most}", at="most")
        return self


class WarmUp(Section):
    """A pilot run of the base, from which MSER-5 chooses the warm-up of all points."""

    weeks: Annotated[int, Field(ge=20, le=5_200)] = 60
    replications: Least = 5
    least: Weeks = 9  # two periods of the monthly gate


class DesignOf(Section):
    """One design of experiments over some or all of the factors."""

    kind: Kind
    factors: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    n: Annotated[int, Field(ge=1, le=1_000_000_000_000)] | None = None
    seed: Seed = 1
    points: dict[Text, dict[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind in SAMPLED and self.n is None:
            raise RuleError(f"be given for {self.kind}", at="n")
        if self.kind in ("sobol", "indices") and self.n is not None and self.n & (self.n - 1):
            raise RuleError(f"be a power of two for {self.kind}", f"{self.n}", at="n")
        if self.kind not in SAMPLED and self.n is not None:
            raise RuleError(f"be left out for {self.kind}", f"{self.n}", at="n")
        if self.factors is not None and len(set(self.factors)) < len(self.factors):
            raise RuleError("be different ones", ", ".join(self.factors), at="factors")
        if (self.kind == "points") != bool(self.points):
            raise RuleError("be given for kind points, and for no other", at="points")
        return self


class Study(Section):
    """A study: which points to run, how precisely, and which responses to report."""

    title: Text
    question: str = ""
    pilots: Annotated[tuple[Name, ...], Field(min_length=1)]
    base: dict[Text, Any] = Field(default_factory=dict)
    factors: dict[Text, Any] = Field(default_factory=dict)
    evidence: tuple[Text, ...] = ()
    design: Annotated[tuple[DesignOf, ...], Field(min_length=1)]
    baseline: dict[Text, Any] | None = None
    responses: Annotated[tuple[ResponseName, ...], Field(min_length=1)]
    promises: dict[ResponseName, Promise] = Field(default_factory=dict)
    precision: Precision = Precision()
    choose: Choose | None = None
    warm_up: WarmUp | None = None
    groups: tuple[Name, ...] = LEVEL_GROUPS

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(set(self.pilots)) < len(self.pilots):
            raise RuleError("be different ones", ", ".join(self.pilots), at="pilots")
        if len(set(self.responses)) < len(self.responses):
            raise RuleError("be different ones", ", ".join(map(str, self.responses)), at="responses")
        if self.baseline is not None and len(self.pilots) > 1:
            raise RuleError("be left out with several pilots: the first one is the baseline", at="baseline")
        if any(target.difference for target in self.precision.until.values()) and (
            self.baseline is None and len(self.pilots) == 1
        ):
            raise RuleError("not name a difference unless there is a baseline or a second pilot", at="precision.until")
        if self.choose is not None and self.choose.cheapest and not self.promises:
            raise RuleError("have promises to keep", "none", at="choose.cheapest")
        return self

    @property
    def named(self) -> tuple[tuple[str, Response], ...]:
        """Return every response that the study names, with the path of where it does."""
        by_place = {
            "responses": self.responses,
            "promises": self.promises,
            "precision.until": self.precision.until,
            "choose.best.response": [self.choose.best.response] if self.choose and self.choose.best else [],
        }
        return tuple((place, response) for place, responses in by_place.items() for response in responses)

    @property
    def asked(self) -> tuple[Response, ...]:
        """Return every response that the study names anywhere, each once."""
        return tuple(dict.fromkeys(response for _, response in self.named))

    @property
    def all_groups(self) -> tuple[str, ...]:
        """Return the groups of measures that are kept or needed: `all` and those of the responses among them."""
        return tuple(dict.fromkeys((*self.groups, ALL, *(one.group.partition(":")[0] for one in self.asked))))


def load(mapping: Mapping[str, Any]) -> Study:
    """Return a checked study; `design` may be a word, a mapping or a list of these, `evidence` a word or a list.

    Raises
    ------
    ConfigError
        For the first rule that is broken, as one paragraph with path, rule and value.
    """
    plain = dict(mapping)
    if isinstance(plain.get("evidence"), str):
        plain["evidence"] = [plain["evidence"]]
    if plain.get("design") is not None:
        given = plain["design"] if isinstance(plain["design"], list) else [plain["design"]]
        plain["design"] = [{"kind": one} if isinstance(one, str) else one for one in given]
    return checked(Study, plain, "study", written=mapping)
