"""Which draws of known mean the means and differences of designs are adjusted for, and what is said of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.config import LEVELS
from sim.config.report import Response
from sim.config.words import words_of
from sim.language import N_, gettext, listed
from sim.measures.dictionary import CONTROL
from sim.statistics.controls import fit, independent, paying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sim.arrays import Floats

CHANNELS = {"counter": "in_person", "phone": "phone", "latent": "phone"}
"""Channels, and how their residents wait."""


DRAWN = {
    "arrivals": N_("arrivals ({which})"),
    "absence": N_("absence of {which} staff"),
    "work": N_("drawn work ({which})"),
    "patience": N_("patience ({which})"),
}
"""What is drawn, by the first word of a control's name."""


@dataclass(frozen=True)
class Controls:
    """The controls of a response under some designs.

    Attributes
    ----------
    names
        Which draws: the absence of a level may be several controls, of the staff of several designs.
    values : ndarray, shape (replications, controls)
        Deviations from their known means.
    """

    names: tuple[str, ...]
    values: Floats

    def mean(self, values: Floats) -> float:
        """Return the mean of a response of a design, adjusted."""
        return fit(values, self.values).estimate

    def first(self, q: int) -> Controls | None:
        """Return the first q of them, or None for none."""
        return Controls(self.names[:q], self.values[:, :q]) if q else None

    def __str__(self) -> str:
        """Return in words what is adjusted for, each once."""
        return listed(words(name) for name in dict.fromkeys(self.names))


def controls_of(
    values: Callable[[str, Response], Floats], designs: Sequence[str], response: Response
) -> Controls | None:
    """Return the controls of a response, or None where there are too few replications or none were kept.

    They are the same under all these designs, so that means add up to differences, and they are chosen by what the
    response is of and by the number of replications, never by its values.

    Parameters
    ----------
    values : callable
        Gives a response of a design over the replications.
    designs : sequence of str
        The baseline first.
    response : Response
        What is to be explained.
    """
    n = len(values(designs[0], response))
    return controls_among(lambda name: (values(one, Response(CONTROL, name)) for one in designs), response, n)


def controls_among(draws: Callable[[str], Iterable[Floats]], response: Response, n: int) -> Controls | None:
    """Return the controls of a response that n replications can bear, or None for none.

    Parameters
    ----------
    draws : callable
        Gives the draws of a name, one a design that has its own, over the replications.
    response : Response
        What is to be explained.
    n : int
        Replications that there are of all that is to be explained; draws may be of more.
    """
    candidates = [(name, x) for name in _order(response) for x in draws(name)]
    taken = independent((x[:n] for _, x in candidates), n)
    if not taken:
        return None
    names = tuple(candidates[i][0] for i in taken)
    return Controls(names, np.column_stack([candidates[i][1] for i in taken]))


def where_they_pay(controls: Controls | None, confidence: float, *kinds: Sequence[Floats]) -> Controls | None:
    """Return those of the first controls that clearly shorten the intervals of the means of some samples, or None.

    Of several kinds of samples, as means and differences, each counts alike.
    """
    return controls.first(paying(controls.values, confidence, *kinds)) if controls is not None else None


def words(name: str) -> str:
    """Return in words what is drawn."""
    what, _, which = name.partition(":")
    return gettext(DRAWN[what], which=words_of(which))


def _order(response: Response) -> Iterator[str]:
    """Yield the names of controls, what moves a response most first: who is in, then who comes, then how long it takes.

    A measure of a level's staff depends on that level, all others on the community; one of a channel on its arrivals.
    """
    kind, _, name = response.group.partition(":")
    level = name if kind == "level" and name in LEVELS else "community"
    channel = name if kind == "channel" and name in CHANNELS else "counter"
    absence, work = (_led(f"{what}:{level}", [f"{what}:{one}" for one in LEVELS]) for what in ("absence", "work"))
    arrivals = _led(f"arrivals:{channel}", [f"arrivals:{one}" for one in CHANNELS])
    patience = _led(f"patience:{CHANNELS[channel]}", [f"patience:{way}" for way in CHANNELS.values()])
    yield from (absence[0], arrivals[0], *absence[1:], *arrivals[1:], *work, *patience)


def _led(first: str, names: Sequence[str]) -> list[str]:
    """Return names, each once, with this one first."""
    return list(dict.fromkeys((first, *names)))
