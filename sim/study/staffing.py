"""Heads by a stated largest load: how many of the street's staff follow its functions up, without a simulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.config.compose import CONFIGS
from sim.config.words import words_of
from sim.district.place import build_place
from sim.errors import ConfigError
from sim.language import gettext
from sim.report.tables import rows_table
from sim.store import files
from sim.study.design import base_places, prepared_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sim.config import Level, Pilot
    from sim.district.place import Place
    from sim.report.tables import Table
    from sim.study.design import Design

MOST_LOAD = 0.90

AROUND = 3  # heads beside the first number that is enough


@dataclass(frozen=True)
class Staffed:
    """A design with a number of the street's heads sent up, the others down.

    Attributes
    ----------
    up, down : int
        The street's heads that go to the district, and to the communities.
    design : Design
        The pilot with these heads.
    loads : dict of level -> float
        The largest load of work that piles up among the posts of each level.
    """

    up: int
    down: int
    design: Design
    loads: Mapping[Level, float]

    @property
    def load(self) -> float:
        """Return the largest load of any post."""
        return max(self.loads.values())


def with_heads_up(pilot: Pilot, up: int, place_of: Callable[[Pilot], Place] = build_place) -> Staffed:
    """Return a pilot whose street staff are shared out: this number go up, the others down."""
    heads = pilot.staffing.street_heads
    # no two numbers of heads have shares that agree in six digits
    shares = {"street_sent_up_share": round(up / heads, 6), "street_sent_down_share": round(1 - up / heads, 6)}
    design = prepared_on(place_of, pilot.model_copy(update={"staffing": pilot.staffing.model_copy(update=shares)}))
    levels = dict.fromkeys(pool.level for pool in design.pools)
    loads = {level: max(pool.load for pool in design.pools if pool.level == level) for level in levels}
    return Staffed(up, heads - up, design, loads)


def staffed(pilot: Pilot, most_load: float = MOST_LOAD) -> Staffed:
    """Return a pilot with the fewest of the street's heads sent up with which no post's load is above the largest.

    Raises
    ------
    ConfigError
        The pilot must have no street level, and some number of heads must do.
    """
    if "street" in pilot.structure.levels:
        raise ConfigError(
            "structure.levels must be without street, so that its staff can be shared out, got "
            f"{', '.join(pilot.structure.levels)}"
        )
    if not pilot.staffing.street_heads:
        raise ConfigError("staffing.street_heads must be at least 1, so that there is staff to share out, got 0")
    known: dict[int, Staffed] = {}
    place_of = base_places()

    def at(up: int) -> Staffed:
        if up not in known:
            known[up] = with_heads_up(pilot, up, place_of)
        return known[up]

    # more heads up never raise the district's load, nor lower the communities', but for steps of single heads: so look
    # for the first number that is enough for the district, and then around it
    low, high = 0, pilot.staffing.street_heads
    while low < high:
        middle = (low + high) // 2
        if at(middle).loads["district"] <= most_load:
            high = middle
        else:
            low = middle + 1
    around = range(max(0, low - AROUND), min(pilot.staffing.street_heads, low + AROUND) + 1)
    fits = [at(up) for up in around if at(up).load <= most_load]
    if fits:
        return fits[0]
    best = min((at(up) for up in range(pilot.staffing.street_heads + 1)), key=lambda one: one.load)
    raise ConfigError(
        f"most_load must be one that some number of heads can meet, got {most_load:g}: the least largest load is "
        f"{best.load:.4f}, with {best.up} of {pilot.staffing.street_heads} heads sent up"
    )


def staffing_table(one: Staffed) -> Table:
    """Return the heads and the largest load of each level."""
    rows: list[dict[str, object]] = [
        {
            gettext("level"): words_of(level),
            gettext("heads"): one.design.heads[level],
            gettext("largest load of a post"): f"{load:.2f}",
        }
        for level, load in one.loads.items()
    ]
    title = gettext(
        "{pilot}: {up} of {all} street heads go up, {down} down",
        pilot=one.design.name, up=one.up, all=one.up + one.down, down=one.down,
    )  # fmt: skip
    note = gettext(
        "Load: hours of work that piles up over the hours that staff are there for it. Patrols and visits lapse."
    )
    return rows_table(title, rows, notes=(note,))


def staffing_yaml(one: Staffed, base: str, command: str) -> str:
    """Return the heads as a file of the group `staffing`, on top of another one."""
    staffing = one.design.pilot.staffing
    return (
        f"# {one.up} of {one.up + one.down} street heads follow their functions up, so that no post has a load above "
        f"{one.load:.2f}\n# of work that piles up. Written by `{command}`.\n"
        f"defaults:\n  - {base}\n  - _self_\n"
        f"street_sent_up_share: {staffing.street_sent_up_share:g}\n"
        f"street_sent_down_share: {staffing.street_sent_down_share:g}\n"
    )


def write_staffing(folder: Path, name: str, text: str) -> Path:
    """Write a new file of the group `staffing`, all of it or nothing.

    Raises
    ------
    ConfigError
        The file must not exist, and its folder must be writable and no link to elsewhere.
    """
    target = folder / "staffing" / f"{name}.yaml"
    if target.parent.is_symlink():
        raise ConfigError(f"{target.parent} must be a folder of its own, got a link")
    if target.exists() or target.is_symlink() or (CONFIGS / "staffing" / f"{name}.yaml").exists():
        raise ConfigError(f"name must be that of a new file (nothing is overwritten), got {name}")
    try:
        target.parent.mkdir(exist_ok=True)
        files.write(target, text.encode())
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error.strerror or error}") from error
    return target
