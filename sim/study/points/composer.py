"""From settings to points: each setting under each pilot, composed and checked.

Hydra composes once per combination of config groups; single knobs are set on the composed mapping afterwards, as
composing takes a tenth of a second and a study has hundreds of points.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sim import config
from sim.config.compose import BACKEND_KEYS, CONFIGS, Line, compose, options
from sim.config.composition import Composition
from sim.config.grammar import as_override
from sim.config.reading import is_folder
from sim.config.words import words_of_setting
from sim.errors import ConfigError, choices, near
from sim.language import listed
from sim.study.points.factors import number, shown
from sim.study.points.shares import SHARE_GROUPS, rescaled, sums_to_one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.config import Pilot
    from sim.config.study_schema import Study
    from sim.statistics.designs import Knob, Setting


@dataclass(frozen=True)
class Point:
    """A setting under a pilot: the design that is run, or why it is infeasible.

    Attributes
    ----------
    name
        In the study's tables.
    setting
        The number of its setting.
    base
        The name of the pilot's file.
    parts
        What it is in words: its pilot's title, where a study has several pilots, and its setting.
    pilot
        None where the config refuses it.
    why
        Empty, or why it is infeasible.
    """

    name: str
    setting: int
    base: str
    parts: tuple[str, ...]
    pilot: Pilot | None
    why: str

    @property
    def label(self) -> str:
        """Return in words what it is, as tables have it."""
        return ", ".join(self.parts)

    def spoken(self) -> str:
        """Return in words what it is, in the language that is spoken."""
        return listed(map(words_of_setting, self.parts))


def _groups() -> frozenset[str]:
    """Return the groups of configs that make up a pilot."""
    import yaml

    main = yaml.safe_load((CONFIGS / "main.yaml").read_text(encoding="utf-8"))
    return frozenset(group for one in main["defaults"] if isinstance(one, dict) for group in one)


@dataclass
class Composer:
    """Composes designs, and remembers what Hydra has composed."""

    study: Study
    line: Line
    _known: dict[tuple[str, ...], tuple[dict[str, Any], Composition]] = field(default_factory=dict)
    _groups: frozenset[str] = field(default_factory=_groups)

    def plain(self, base: str, groups: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the composed config of a pilot with other choices of groups; callers must not change it."""
        return self._composed(base, groups or {})[0]

    def composition(self, base: str) -> Composition:
        """Return what gives the values of a pilot as the study's base has it."""
        return self._composed(base, {})[1]

    def _composed(self, base: str, groups: Mapping[str, Any]) -> tuple[dict[str, Any], Composition]:
        """Return the composed config of a pilot with other choices of groups, and what gave its values."""
        chosen = tuple(f"{group}={self._choice(group, name)}" for group, name in groups.items())
        key, fixed = (base, *chosen), f"pilot={base}"
        if key not in self._known:
            for one, value in self.study.base.items():
                self._check_of_design(one, value)
            knobs = tuple(f"{key}={self._value(key, value)}" for key, value in self.study.base.items())
            line = replace(self.line, overrides=(*knobs, *chosen, *self.line.overrides))
            self._known[key] = compose("main", line, fixed), Composition(line, (fixed,))
        return self._known[key]

    def mapping(self, base: str, knobs: Sequence[Knob]) -> dict[str, Any]:
        """Return the complete config of a pilot with knobs set, as Hydra would compose it.

        Raises
        ------
        ConfigError
            A knob must be one of the pilot's.
        """
        mine = _of_pilot(base, knobs)
        for knob in mine:
            self._check_of_design(knob.key, knob.value)
        groups = self._groups_of(mine)
        before = self.plain(base, groups)
        plain = before
        for knob in mine:
            if knob.key not in groups:
                plain = put(plain, knob.key, knob.value)
        if not any(knob.rescales for knob in mine):
            return plain
        return _with_shares_rescaled(before, plain, mine)

    def load(self, base: str, knobs: Sequence[Knob] = (), words: Mapping[str, str] | None = None) -> Pilot:
        """Return a pilot with knobs set and other words, as a name and a title, checked.

        Raises
        ------
        ConfigError
            A design that is none; a value of a file of the user's own comes with the file.
        """
        words, mine = words or {}, _of_pilot(base, knobs)
        _, composition = self._composed(base, self._groups_of(mine))
        set_here = (*(knob.key for knob in mine), *words)
        return config.load({**self.mapping(base, knobs), **words}, composition.file_unless(set_here))

    def _check_of_design(self, key: str, value: Any) -> None:
        """Raise `ConfigError` for a key of what is no part of a design, as where a study runs."""
        first = key.partition(".")[0]
        if first in BACKEND_KEYS or (first not in self._groups and is_folder(CONFIGS / first)):
            raise ConfigError(
                f"{key} must be left out of a study, whose base and factors set designs (where it runs is typed beside "
                f"it, as executor=local), got {shown(value)}"
            )

    def _groups_of(self, knobs: Sequence[Knob]) -> dict[str, Any]:
        """Return the choices of groups among knobs."""
        return {knob.key: knob.value for knob in knobs if self.is_group(knob.key)}

    def is_group(self, key: str) -> bool:
        """Return whether a key chooses a file of a group of configs."""
        folders = (CONFIGS, self.line.config_dir)
        return key in self._groups and any(folder is not None and (folder / key).is_dir() for folder in folders)

    def _value(self, key: str, value: Any) -> str:
        """Return a value of `study.base` as Hydra's grammar takes it."""
        return self._choice(key, value) if self.is_group(key) else as_override(value)

    def _choice(self, group: str, name: Any) -> str:
        """Return a choice of a group as Hydra's grammar takes it."""
        folders = [folder for folder in (CONFIGS, self.line.config_dir) if folder is not None]
        if not isinstance(name, str) or not any((folder / group / f"{name}.yaml").is_file() for folder in folders):
            known = options(group, *folders)
            raise ConfigError(
                f"{group} must be one of {choices(known, str(name))}{near(str(name), known)}, got {shown(name)}"
            )
        return as_override(name)

    def point(self, number: int, which: int, setting: Setting, base: str) -> Point:
        """Return a setting under a pilot, checked; only the base must be feasible."""
        title = str(self.mapping(base, setting.knobs)["title"])
        several = len(self.study.pilots) > 1
        parts = tuple(one for one in (title if several else "", setting.label) if one) or (title,)
        name = f"p{number:04d}"
        try:
            pilot = self.load(base, setting.knobs, {"name": name, "title": ", ".join(parts)[:200]})
        except ConfigError as error:
            if not setting.levels:
                raise
            return Point(name, which, base, parts, None, str(error))
        return Point(name, which, base, parts, pilot, "")


def _of_pilot(base: str, knobs: Sequence[Knob]) -> list[Knob]:
    """Return those of the knobs that a pilot has."""
    return [knob for knob in knobs if knob.pilots is None or base in knob.pilots]


def _with_shares_rescaled(before: Mapping[str, Any], plain: dict[str, Any], knobs: Sequence[Knob]) -> dict[str, Any]:
    """Return a config in which the shares beside those that moved are rescaled, so that they still sum to 1."""
    set_to = {knob.key: knob for knob in knobs}
    for group in SHARE_GROUPS:
        moved = {key: set_to[key].value for key in group if key in set_to and number(set_to[key].value) is not None}
        held = {key: value_at(before, key) for key in group}
        if not any(set_to[key].rescales for key in moved) or not sums_to_one(held.values()):
            continue
        fixed = [key for key in moved if not set_to[key].rescales]
        for key, share in rescaled(held, moved, fixed).items():
            plain = put(plain, key, share)
    return plain


def put(plain: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return a mapping with one value set as Hydra sets it; what does not change is shared.

    Mappings are merged, a member of a list goes by its number or by its `name`, and a key that does not exist is made
    where it begins with a plus sign.

    Raises
    ------
    ConfigError
        The path must lead somewhere.
    """
    path = key.lstrip("+")
    try:
        changed = _put(plain, path.split("."), value, new=path != key)
    except LookupError as error:
        raise ConfigError(f"{key} is not a known key{near(path, _paths(plain))}, got {shown(value)}") from error
    assert isinstance(changed, dict)
    return changed


def _put(node: Any, path: Sequence[str], value: Any, *, new: bool) -> Any:
    """Return a node with the value at a path below it set; a `LookupError` where the path leads nowhere."""
    if not path:
        return _merged(node, value, new=new)
    part, *rest = path
    if isinstance(node, list):
        at = _index(node, part)
        return [*node[:at], _put(node[at], rest, value, new=new), *node[at + 1 :]]
    if not isinstance(node, dict) or (part not in node and not new):
        raise KeyError(part)
    return {**node, part: _put(node.get(part, {} if rest else None), rest, value, new=new)}


def _merged(held: Any, value: Any, *, new: bool) -> Any:
    """Return what a value makes of the one before: mappings are merged, anything else takes its place."""
    if not isinstance(held, dict) or not isinstance(value, dict):
        return value
    merged = dict(held)
    for key, inside in value.items():
        merged = _put(merged, [str(key)], inside, new=new)
    return merged


def _index(members: Sequence[Any], part: str) -> int:
    """Return the index of a member of a list, given its name or its number."""
    for at, member in enumerate(members):
        if isinstance(member, dict) and member.get("name") == part:
            return at
    if not part.isdecimal() or int(part) >= len(members):
        raise LookupError(part)
    return int(part)


def value_at(plain: Any, path: str) -> Any:
    """Return the value at a path, members of lists by their number or `name`; None where there is none."""
    try:
        for part in path.split("."):
            plain = plain[_index(plain, part)] if isinstance(plain, list) else plain[part]
    except (LookupError, TypeError):
        return None
    return plain


def _paths(plain: Mapping[str, Any]) -> list[str]:
    """Return the paths of all knobs and of what holds them, for suggestions."""
    paths: list[str] = []

    def walk(node: Any, at: tuple[str, ...]) -> None:
        inside: dict[str, Any] = node if isinstance(node, dict) else {}
        if isinstance(node, list):
            inside = {str(one["name"]): one for one in node if isinstance(one, dict) and "name" in one}
        for name, below in inside.items():
            paths.append(".".join((*at, name)))
            walk(below, (*at, name))

    walk(plain, ())
    return paths
