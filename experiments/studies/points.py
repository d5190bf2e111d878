"""From settings to points: each setting under each pilot, composed and checked.

Hydra composes once per combination of config groups; single knobs are set on the composed mapping afterwards, as
composing takes a tenth of a second and a study has hundreds of points.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from experiments.composition import CONFIGS, Line, compose
from sim import config
from sim.config import ConfigError, near

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.config import Pilot
    from sim.design import Knob, Setting
    from sim.study_config import Study


@dataclass(frozen=True)
class Point:
    """A setting under a pilot: the design that is run, or why there is none.

    Attributes
    ----------
    name
        By which the study's tables call it.
    setting
        The number of its setting.
    base
        The name of the pilot's file.
    label
        What to call it in words.
    pilot
        None where the config refuses it.
    why
        Empty, or why it cannot be.
    """

    name: str
    setting: int
    base: str
    label: str
    pilot: Pilot | None
    why: str


@dataclass
class Composer:
    """Composes designs, and remembers what Hydra has composed."""

    study: Study
    line: Line
    _known: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)

    def plain(self, base: str, groups: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the composed config of a pilot with other choices of groups (never to be changed)."""
        choices = tuple(f"{group}={name}" for group, name in (groups or {}).items())
        key = (base, *choices)
        if key not in self._known:
            knobs = tuple(_override(key, value) for key, value in self.study.base.items())
            whole = Line((*knobs, *choices, *self.line.overrides), self.line.config_dir)
            self._known[key] = compose("main", whole, f"pilot={base}")
        return self._known[key]

    def mapping(self, base: str, knobs: Sequence[Knob]) -> dict[str, Any]:
        """Return the whole config of a pilot with knobs set, as Hydra would compose it.

        Raises
        ------
        ConfigError
            A knob must be one of the pilot's.
        """
        mine = [knob for knob in knobs if knob.pilots is None or base in knob.pilots]
        groups = {knob.key: knob.value for knob in mine if self.is_group(knob.key)}
        plain = self.plain(base, groups)
        for knob in mine:
            if knob.key not in groups:
                plain = put(plain, knob.key.split("."), knob.value, knob.key)
        return plain

    def is_group(self, key: str) -> bool:
        """Return whether a key chooses a file of a group of configs."""
        folders = (CONFIGS, self.line.config_dir)
        return "." not in key and any(folder is not None and (folder / key).is_dir() for folder in folders)

    def point(self, number: int, which: int, setting: Setting, base: str) -> Point:
        """Return a setting under a pilot, checked; the base alone must be possible, any other may not be."""
        plain = self.mapping(base, setting.knobs)
        titles = [*([str(plain["title"])] if len(self.study.pilots) > 1 else []), setting.label]
        label = ", ".join(title for title in titles if title) or str(plain["title"])
        name = f"p{number:04d}"
        try:
            pilot = config.load({**plain, "name": name, "title": label[:200]})
        except ConfigError as error:
            if not setting.levels:
                raise
            return Point(name, which, base, label, None, str(error))
        return Point(name, which, base, label, pilot, "")


def _override(key: str, value: Any) -> str:
    """Return a key of `study.base` as an override of Hydra's grammar."""
    if isinstance(value, bool) or value is None:
        return f"{key}={str(value).lower() if value is not None else 'null'}"
    if isinstance(value, list):
        return f"{key}=[{','.join(_override('', one)[1:] for one in value)}]"
    return f"{key}={value}"


def put(plain: Mapping[str, Any], path: Sequence[str], value: Any, key: str) -> dict[str, Any]:
    """Return a mapping with one value set; what does not change is shared, members of lists go by their `name`.

    Raises
    ------
    ConfigError
        The path must lead somewhere.
    """
    part, *rest = path
    if part not in plain:
        raise ConfigError(f"{key} is not a known key{near(key, _paths(plain, key, path))}, got {shown(value)}")
    held = plain[part]
    if not rest:
        merged = {**held, **value} if isinstance(held, dict) and isinstance(value, dict) else value
        return {**plain, part: merged}
    if isinstance(held, list) and all(isinstance(one, dict) and "name" in one for one in held):
        names = [one["name"] for one in held]
        if rest[0] not in names or len(rest) < 2:
            raise ConfigError(f"{key} is not a known key{near(rest[0], names)}, got {shown(value)}")
        changed = [put(one, rest[1:], value, key) if one["name"] == rest[0] else one for one in held]
        return {**plain, part: changed}
    if not isinstance(held, dict):
        raise ConfigError(f"{key} is not a known key{near(key, _paths(plain, key, path))}, got {shown(value)}")
    return {**plain, part: put(held, rest, value, key)}


def value_at(plain: Any, path: str) -> Any:
    """Return the value at a path, members of lists by their `name`; None where there is none."""
    for part in path.split("."):
        if isinstance(plain, list):
            plain = next((one for one in plain if isinstance(one, dict) and one.get("name") == part), None)
        else:
            plain = plain.get(part) if isinstance(plain, dict) else None
    return plain


def _paths(plain: Mapping[str, Any], key: str, path: Sequence[str]) -> list[str]:
    """Return the paths of all that stands where a key went wrong, for suggestions."""
    before = key.split(".")[: len(key.split(".")) - len(path)]
    found: list[str] = []

    def walk(node: Any, at: tuple[str, ...]) -> None:
        for name, inside in node.items() if isinstance(node, dict) else ():
            found.append(".".join((*at, name)))
            walk(inside, (*at, name))

    walk(plain, tuple(before))
    return found


def shown(value: Any) -> str:
    """Return a value, cut short."""
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
