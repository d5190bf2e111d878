"""The words of charts and sentences for the responses, pilots and factors of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.config.meaning import words_of_knobs
from sim.config.report import Response
from sim.language import N_, gettext, phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from sim.study.points.plan import Plan


POINTS = N_("percentage points")
"""The unit of a difference of shares."""


@dataclass(frozen=True)
class Words:
    """The words of a study.

    Attributes
    ----------
    responses
        Of responses, by their texts.
    pilots
        The titles of pilots, by their names.
    factors
        Of factors that have any, by their names.
    """

    responses: Mapping[str, str]
    pilots: Mapping[str, str]
    factors: Mapping[str, str]

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Words:
        """Return the words that `plain` gave."""
        return cls(dict(plain["responses"]), dict(plain["titles"]), dict(plain["factors"]))

    def plain(self) -> dict[str, Any]:
        """Return the words as plain data, to be kept."""
        return {"responses": dict(self.responses), "titles": dict(self.pilots), "factors": dict(self.factors)}

    def response(self, response: Response | str, pilot: str = "", against: str = "") -> str:
        """Return a response in words, with the two pilots whose difference it is, if it is one."""
        text = self.responses.get(str(response), str(response))
        if not against:
            return text
        return gettext(
            "{response}: {pilot} minus {against}",
            response=text, pilot=self.pilots.get(pilot, pilot), against=self.pilots.get(against, against),
        )  # fmt: skip

    def factor(self, name: str) -> str:
        """Return a factor in words with its path, so that a reader can set it."""
        return gettext("{factor} ({path})", factor=self.factors[name], path=name) if name in self.factors else name


def unit_of(part: pl.DataFrame) -> str:
    """Return the unit of a table of one response, of a measure or of a difference."""
    unit = str(part["unit"][0])
    return of_difference(unit) if "against" in part.columns and part["against"][0] else unit


def of_difference(unit: str) -> str:
    """Return the unit of a difference."""
    return POINTS if unit == "share" else unit


def words_of(plan: Plan) -> Words:
    """Return the words of a planned study."""
    responses = {str(response): plan.report.words(response) for response in plan.study.asked}
    titles = {name: phrase(title) for name, title in plan.titles.items()}
    return Words(responses, titles, words_of_knobs(plan.factors, plan.first))
