"""How results are shown and judged: which measures, in which words, by which smallest difference that matters.

Nothing here changes a number, so it is not part of the key of a replication.
"""

from __future__ import annotations

from string import Template
from typing import Annotated, NamedTuple, Self

from pydantic import Field, PlainSerializer, PlainValidator, model_validator

from sim.config.bounds import Bound, Difference
from sim.config.case import Level
from sim.config.checking import Name, Section
from sim.config.words import words_of, words_of_group
from sim.errors import RuleError
from sim.language import gettext, phrase

ALL = "all"
Scalar = bool | int | float | str | None


class Response(NamedTuple):
    """A measure of a group of requests, staff or places: what a study asks for and a comparison shows.

    As text it is `measure`, or `measure|group` where the group is not `all`.
    """

    measure: str
    group: str = ALL

    @classmethod
    def parse(cls, text: str) -> Response:
        """Return the response that a text names.

        Raises
        ------
        ValueError
            It must be `measure` or `measure|group`.
        """
        if not isinstance(text, str) or not 1 <= len(text) <= 200:
            raise RuleError("be measure or measure|group, of at most 200 characters")
        measure, _, group = text.partition("|")
        return cls(measure, group or ALL)

    def __str__(self) -> str:
        """Return the response as text."""
        return self.measure if self.group == ALL else f"{self.measure}|{self.group}"


ResponseName = Annotated[Response, PlainValidator(Response.parse), PlainSerializer(str, return_type=str)]


class JudgedMeasure(Section):
    """A measure of a group: its label, its smallest difference that matters and whether more is better.

    `mid` names a key of the group `mid`, or is a number in the measure's unit; None: it is shown and never judged.
    `touched` names the measure that says which share of the requests behind it goes to staff who cannot keep up;
    `staff` is for measures of staff. `mechanism` names the one without which there is nothing to measure: where it is
    off, the measure is not there.
    """

    measure: Name
    group: str = ALL
    label: str
    mid: Name | Difference | None
    higher_is_better: bool = False
    touched: Name | None = "touched"
    compared: bool = True
    mechanism: Name | None = None

    @property
    def response(self) -> Response:
        """Return what is judged."""
        return Response(self.measure, self.group)


class Notice(Section):
    """A notice about a pilot where a mean is above a bound: `$pilot` and `$share` are filled in.

    `knob` is what the advice is to set, as it is typed: its `$knob`. The advice is left out where it is already
    followed, which `unless` says by knobs and their values.
    """

    measure: Name
    group: str = ALL
    above: Bound
    says: str
    advice: str = ""
    knob: str = ""
    unless: dict[str, Scalar] = Field(default_factory=dict)

    @property
    def response(self) -> Response:
        """Return what the bound is on."""
        return Response(self.measure, self.group)

    @model_validator(mode="after")
    def _can_be_filled_in(self) -> Self:
        for field, others in (("says", ()), ("advice", ("knob",))):
            names = ("pilot", "share", *others)
            try:
                Template(getattr(self, field)).substitute(dict.fromkeys(names, ""))
            except (KeyError, ValueError):
                known = " and ".join(f"${name}" for name in names)
                raise RuleError(f"have no $names but {known}", at=field) from None
        if ("knob" in Template(self.advice).get_identifiers()) != bool(self.knob):
            raise RuleError("be given where the advice has $knob, and only there", repr(self.knob), at="knob")
        if self.knob and not self.unless:
            raise RuleError(f"say by which knobs {self.knob} is known to be set", "none", at="unless")
        return self


class Glance(Section):
    """A measure of a group that stands on the first screen, and its heading there: a few short words with the unit."""

    measure: Name
    group: str = ALL
    heading: Annotated[str, Field(min_length=1, max_length=100)]

    @property
    def response(self) -> Response:
        """Return what is shown."""
        return Response(self.measure, self.group)


class ExpectedLoads(Section):
    """Loads that were worked out by hand, as text by pilot and level, to be shown beside those of one district.

    They are of designs with the knobs of `holds_for`, by their paths: its district with its residents, heads and hours.
    """

    holds_for: Annotated[dict[str, Scalar], Field(min_length=1)]
    loads: dict[Name, dict[Level, str]]
    note: str = ""


class Crossed(Section):
    """Four designs that cross two changes, so that the effect of each and their interaction are told apart."""

    base: Name
    first: Name
    second: Name
    both: Name
    first_change: str
    second_change: str

    @property
    def pilots(self) -> tuple[str, str, str, str]:
        """Return the designs: without a change, with the first, with the second, with both."""
        return (self.base, self.first, self.second, self.both)


class Report(Section):
    """The measures of a comparison in order (with those that only studies use), those at a glance, equity and maps.

    The words of `equity` are those in which more is worse. `controls`: whether differences are adjusted for draws of
    known mean where that pays.
    """

    measures: Annotated[tuple[JudgedMeasure, ...], Field(min_length=1)]
    first_screen: tuple[Glance, ...] = ()
    notices: tuple[Notice, ...] = ()
    equity: tuple[JudgedMeasure, ...] = ()
    equity_in_brief: tuple[Name, ...] = ()
    maps: tuple[Name, ...] = ()
    controls: bool = True
    expected_loads: ExpectedLoads | None = None
    crossed: Crossed | None = None

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen = set()
        for one in self.measures:
            if one.response in seen:
                raise RuleError("name each measure of a group once", f"{one.response} again", at="measures")
            seen.add(one.response)
        return self

    @model_validator(mode="after")
    def _glances_are_compared(self) -> Self:
        shown = {one.response for one in self.compared}
        for one in self.first_screen:
            if one.response not in shown:
                raise RuleError("name measures that are compared", f"{one.response}", at="first_screen")
        return self

    @model_validator(mode="after")
    def _equity_is_of_all(self) -> Self:
        for i, one in enumerate(self.equity):  # its defaults may be given: kept designs have them
            if one.group != ALL:
                raise RuleError(
                    "be left out, as equity goes through all communities", one.group, at=f"equity.{i}.group"
                )
            if not one.compared:
                raise RuleError("be left out, as all of equity is compared", "false", at=f"equity.{i}.compared")
        return self

    @property
    def compared(self) -> tuple[JudgedMeasure, ...]:
        """Return the measures that a comparison shows."""
        return tuple(one for one in self.measures if one.compared)

    @property
    def glances(self) -> tuple[Glance, ...]:
        """Return the measures of the first screen: as they are listed, or else the first ones that are judged."""
        judged = (one for one in self.compared if one.mid is not None)
        usual = (Glance(measure=one.measure, group=one.group, heading=one.label[:100]) for one in judged)
        return self.first_screen or tuple(usual)[:6]

    def judged(self, response: Response) -> JudgedMeasure | None:
        """Return how a response is judged: as listed, or as the same measure of another group that is; else None."""
        known = [one for one in self.measures if one.measure == response.measure]
        exact = [one for one in known if one.group == response.group]
        if exact or not known:
            return next(iter(exact), None)
        alike = next((one for one in known if one.mid is not None), known[0])
        return alike.model_copy(update={"group": response.group, "label": self.words(response)})

    def words(self, response: Response) -> str:
        """Return a response in words."""
        labels = {one.response: one.label for one in self.measures}
        if response in labels:
            return phrase(labels[response])
        label = labels.get(Response(response.measure))
        text = phrase(label) if label else words_of(response.measure)
        if response.group == ALL:
            return text
        return gettext("{measure}, {group}", measure=text, group=words_of_group(response.group))
