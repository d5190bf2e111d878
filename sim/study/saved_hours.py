"""Where each kind of work goes under a design, and which of its parts saves or adds hours."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sim.config import LEVELS
from sim.district import workload
from sim.language import N_, gettext, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sim.config import Level, Pilot
    from sim.district.place import Place
    from sim.district.workload import Work
    from sim.study.design import Design

    Hours = Mapping[str, Mapping[str, float]]

LEAST_SHARE = 0.001
"""A change of less of the kind's own hours is not told."""


DUTIES = (N_("{hours} saved with other duties"), N_("{hours} added with other duties"))
"""What other patrols and visits do to the rest: an issue that a patrol sees needs no check, for one."""


MERGING = (N_("{hours} saved by merging"), N_("{hours} added by more units"))


@dataclass(frozen=True)
class Moves:
    """What becomes of one kind of work under a design.

    Attributes
    ----------
    down, up
        Whether a lower level takes some of it from a higher one, or a higher from a lower.
    changes
        Thousand hours a year that are added (above 0) or saved (below 0), by the messages for what is saved and added.
    """

    down: bool
    up: bool
    changes: Mapping[tuple[str, str], float]

    def words(self, places: int) -> str:
        """Return in a few words where the work goes, and what is saved or added and why."""
        words = [word for word, on in ((gettext("down"), self.down), (gettext("up"), self.up)) if on]
        for (saved, added), change in self.changes.items():
            hours = f"{abs(change):.{places}f}"
            words.append(gettext(saved if change < 0 else added, hours=hours))
        return listed(words) or gettext("stays")


def moves(before: Design, design: Design, place_of: Callable[[Pilot], Place], places: int) -> dict[str, Moves]:
    """Return what becomes of each kind of work between two designs, by taking the second one apart.

    Today's design becomes the other one part by part: who performs what; the staff; grids and their duties; whatever
    else differs; each lever of work, so that what it saves or adds is named; and last the units, so that what merging
    saves is counted with the design's own levers.

    Parameters
    ----------
    before, design
        Today's, and the other one.
    place_of
        The base place of each design between them, whether or not its staff suffice for its posts.
    places
        Decimals of thousand hours that are shown; what would show as 0 is left out.
    """
    today, pilot = before.pilot, design.pilot
    apart = pilot.structure.model_copy(update={"communities": today.structure.communities})
    unmerged = pilot.model_copy(update={"structure": apart})
    levers = list(workload.WORK_LEVERS)
    steps = [today.model_copy(update={"structure": apart}), today.model_copy(update={"structure": apart})]
    steps[1] = steps[1].model_copy(update={"staffing": pilot.staffing})
    steps.append(steps[1].model_copy(update={"grid": pilot.grid}))
    steps += [workload.without(levers[on:], unmerged) for on in range(len(levers) + 1)]
    between = [hours(workload.expected(one, place_of(one))) for one in steps]
    tables: list[Hours] = [hours(before.works), *between, hours(design.works)]
    level = (N_("{hours} saved with the level"), N_("{hours} added with the level"))
    if set(pilot.structure.levels) == set(today.structure.levels):
        level = (N_("{hours} saved by who performs it"), N_("{hours} added by who performs it"))
    causes = {
        level: tables[0:2],
        (N_("{hours} saved by fewer people"), N_("{hours} added by more people")): tables[1:3],
        DUTIES: tables[2:4],
        (
            N_("{hours} saved by other parts of the design"),
            N_("{hours} added by other parts of the design"),
        ): tables[3:5],
        **{words: tables[4 + on : 6 + on] for on, words in enumerate(workload.WORK_LEVERS.values())},
        MERGING: tables[-2:],
    }
    kinds = dict.fromkeys(kind for table in tables for kind in table)
    return {kind: _moves(kind, tables[0], tables[4], causes, places) for kind in kinds}


def hours(works: Iterable[Work]) -> dict[str, dict[str, float]]:
    """Return thousand hours a year by kind of work and level."""
    table: dict[str, dict[str, float]] = defaultdict(partial(defaultdict, float))
    for work in works:
        table[work.what][work.level] += work.hours / 1e3
    return table


def _moves(kind: str, before: Hours, moved: Hours, causes: Mapping[tuple[str, str], list[Hours]], places: int) -> Moves:
    """Return what becomes of one kind of work: its moves before any lever of work or merging, and its changes."""
    own = sum(before.get(kind, {}).values())
    least = max(0.5 * 10.0**-places, LEAST_SHARE * own)
    gains = {level: _at(moved, kind, level) - _at(before, kind, level) for level in LEVELS}
    pairs = [(gains[lower], gains[higher]) for lower, higher in itertools.combinations(LEVELS, 2)]
    changes = {}
    for words, (one, other) in causes.items():
        change = math.fsum(other.get(kind, {}).values()) - math.fsum(one.get(kind, {}).values())
        if abs(change) >= least:
            changes[_words(kind, words)] = change
    return Moves(
        down=any(below >= least and above < -least for below, above in pairs),
        up=any(above >= least and below < -least for below, above in pairs),
        changes=changes,
    )


def _words(kind: str, words: tuple[str, str]) -> tuple[str, str]:
    """Return the words for a cause: duties themselves are new, or their grids rounded; other work has what moved it."""
    if kind == workload.PATROLS and words == MERGING:
        return (N_("{hours} fewer grids by rounding"), N_("{hours} more grids by rounding"))
    if words == DUTIES and kind in workload.LAPSES:
        return (N_("{hours} asked for no more"), N_("{hours} new"))
    return words


def _at(table: Hours, kind: str, level: Level) -> float:
    """Return the hours of a kind of work at a level."""
    return table.get(kind, {}).get(level, 0.0)
