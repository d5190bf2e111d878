"""What a row of the evidence says of its knob: where it can act, what it moves, or why it moves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.config import takes_integers
from sim.config.compose import EVIDENCE
from sim.config.report import Response
from sim.errors import ConfigError, near
from sim.language import gettext, pgettext, phrase
from sim.study.points.evidence_factors import rows
from sim.study.points.factors import number, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DIRECTIONS = ("up", "down")
NONE = "none"

Ends = dict[str, Any]
"""The values that are tried beside the base, by the names of the ends."""


@dataclass(frozen=True)
class Row:
    """A row of the evidence.

    Attributes
    ----------
    name
        Its path, with its pilots where it names some.
    path
        Of its knob.
    pilots
        Those whose value it is; empty for all.
    base
        The value of the config.
    ends
        The values that are tried, in the order from low to high.
    where
        The design in which the knob can act: `pilot` and knobs that must be set for it, where the row names them.
    moves
        The direction of each measure when the knob goes from low to high; empty: none; None: the row does not say.
    why
        Why it moves nothing or is not tried; empty where the row does not say.
    """

    name: str
    path: str
    pilots: tuple[str, ...]
    base: Any
    ends: Ends
    where: Mapping[str, Any]
    moves: Mapping[Response, str] | None
    why: str

    @property
    def spoken_name(self) -> str:
        """Return its path with its pilots in the language that is spoken."""
        if len(self.pilots) < 2:
            return self.name
        first, more = self.pilots[0], len(self.pilots) - 1
        return gettext("{path} ({pilot} and {n} more)", path=self.path, pilot=first, n=more)

    @property
    def reason(self) -> str:
        """Return why it moves nothing or is not tried, in the language that is spoken; empty: the row does not say."""
        return phrase(self.why)

    @property
    def tried(self) -> bool:
        """Return whether the knob is to be turned: a row with a reason and no word on what it moves is not."""
        return bool(self.ends) and (self.moves is not None or not self.why)


def direction_words(direction: str) -> str:
    """Return a direction in words."""
    return {"up": pgettext("direction", "up"), "down": pgettext("direction", "down")}[direction]


def end_words(end: str) -> str:
    """Return the name of an end, or of the base, in words."""
    return {
        "base": pgettext("value of a knob", "base"),
        "low": pgettext("value of a knob", "low"),
        "high": pgettext("value of a knob", "high"),
        "half": pgettext("value of a knob", "half"),
        "double": pgettext("value of a knob", "double"),
        "other": pgettext("value of a knob", "other"),
    }[end]


def read(config_dir: Path | None, only: Sequence[str] | None = None) -> list[Row]:
    """Return the rows of the evidence, or only those of some paths, those of the user's own district first.

    Raises
    ------
    ConfigError
        `in` must be a mapping, `moves` a mapping of measures to up or down, or none with a reason in `why`;
        `only` must name paths of rows.
    """
    known = [_row(plain) for plain in rows(config_dir)]
    paths = {row.path for row in known}
    for path in only or ():
        if path not in paths:
            raise ConfigError(f"only must name paths of {EVIDENCE}{near(path, paths)}, got {path}")
    return [row for row in known if only is None or row.path in only]


def _row(plain: Mapping[str, Any]) -> Row:
    """Return a row, checked."""
    path, pilots = plain["path"], tuple(plain["pilots"] or ())
    more = f" and {len(pilots) - 1} more" if len(pilots) > 1 else ""
    name = f"{path} ({pilots[0]}{more})" if pilots else path
    where, why = plain.get("in") or {}, plain.get("why", "")
    if not isinstance(where, dict) or not all(isinstance(key, str) for key in where):
        raise ConfigError(f"{EVIDENCE}: in of {name} must be a mapping of pilot and knobs, got {shown(where)}")
    if not isinstance(why, str):
        raise ConfigError(f"{EVIDENCE}: why of {name} must be a text, got {shown(why)}")
    moves = _moves(name, plain.get("moves"))
    if moves == {} and not why:
        raise ConfigError(f"{EVIDENCE}: why of {name} must say why it moves none, got nothing")
    return Row(name, path, pilots, plain.get("base"), _ends(plain), where, moves, why)


def _moves(name: str, given: Any) -> dict[Response, str] | None:
    """Return what a row says that it moves."""
    if given is None:
        return None
    if given == NONE:
        return {}
    if not isinstance(given, dict) or not given or not set(given.values()) <= set(DIRECTIONS):
        raise ConfigError(f"{EVIDENCE}: moves of {name} must be none, or measures with up or down, got {shown(given)}")
    return {Response.parse(measure): direction for measure, direction in given.items()}


def _ends(plain: Mapping[str, Any]) -> Ends:
    """Return the values to try: the range, half and double of a number, the other of two, or what the row names."""
    base: Any = plain.get("base")
    if "other" in plain:
        return {"other": plain["other"]}
    if isinstance(base, bool):
        return {"other": not base}
    held = number(base)
    if held is None:
        return {}
    low, high = number(plain.get("low")), number(plain.get("high"))
    if low is None or high is None or low == high:
        ends = {"half": base // 2 if takes_integers(plain["path"]) else base / 2, "double": base * 2}
    else:
        ends = {"low": plain["low"], "high": plain["high"]}
    return {end: value for end, value in ends.items() if value != base}
