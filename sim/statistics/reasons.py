"""Why there is no value: reasons as data, which are put into words where they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sim.language import ENGLISH, N_, gettext, phrase, separated, spoken
from sim.statistics.intervals import without_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.statistics.intervals import Interval


class Reason(Protocol):
    """Why there is no value, or no interval."""

    def words(self) -> str:
        """Return the reason in the language that is spoken."""


@dataclass(frozen=True)
class Text:
    """A reason that is one text of the catalogue, or as it is."""

    text: str

    def words(self) -> str:
        """Return the text in the language that is spoken."""
        return phrase(self.text)


@dataclass(frozen=True)
class OfError:
    """The message of an error on a design, which is in English: in another language, where it stands."""

    message: str

    def words(self) -> str:
        """Return the message, or where it is to be read."""
        if spoken().name == ENGLISH:
            return self.message
        return gettext("infeasible or failed (design.csv says why, in English)")


@dataclass(frozen=True)
class Filled:
    """A reason that is a message of the catalogue, and what is filled into it as it is."""

    message: str
    values: Mapping[str, str]

    def words(self) -> str:
        """Return the message in the language that is spoken."""
        return gettext(self.message, **self.values)


@dataclass(frozen=True)
class NoInterval:
    """Why a mean has no interval: its values are too skewed for their number, or all alike."""

    interval: Interval

    def words(self) -> str:
        """Return what is seen, and what would help."""
        return without_interval(self.interval)


@dataclass(frozen=True)
class Named:
    """The reason of one among several: of a level, or of a response."""

    name: str
    reason: Reason

    def words(self) -> str:
        """Return the reason after the name of what has it."""
        return gettext("{level}: {reason}", level=self.name, reason=self.reason.words())


@dataclass(frozen=True)
class Several:
    """Several reasons; those in the same words are said once."""

    reasons: tuple[Reason, ...]

    def words(self) -> str:
        """Return the reasons one after another."""
        return separated(dict.fromkeys(one.words() for one in self.reasons))


@dataclass(frozen=True)
class ByLevel:
    """The reasons of some levels; they are named only where they have different ones."""

    reasons: tuple[Named, ...]

    def words(self) -> str:
        """Return the one reason, or each with its level."""
        distinct = {one.reason.words() for one in self.reasons}
        return distinct.pop() if len(distinct) == 1 else separated(one.words() for one in self.reasons)


NOT_RUN = Text(N_("not run"))
WITHHELD = Text(N_("withheld"))
NEVER_WHOLE = Text(N_("no combination of the other factors has a value at every level"))


def in_words(reason: Reason | None) -> str:
    """Return a reason in the language that is spoken; without one an empty text."""
    return "" if reason is None else reason.words()
