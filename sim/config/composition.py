"""What gave each value of a composed pilot: which file, or what was typed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.config.compose import CONFIGS, Line, hydra_overrides, hydra_ready, parsed
from sim.config.reading import read_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path


class Part(NamedTuple):
    """What one file of a composition sets, or the command line.

    Attributes
    ----------
    file
        As `staffing/mine.yaml`; empty for the command line.
    own
        Whether it is one of the user's own folder.
    chosen
        Whether the pilot names it, or is it: not so what such a file stands on.
    content
        What it sets, at its place in the whole.
    """

    file: str
    own: bool
    chosen: bool
    content: Mapping[str, Any]

    @property
    def group(self) -> str:
        """Return the group of the file; empty for the command line."""
        return self.file.rpartition("/")[0]

    def sets(self, path: str) -> bool:
        """Return whether it sets the value at a path, or all of what holds it."""
        node: Any = self.content
        for key in path.split("."):
            if not isinstance(node, dict):
                return True
            if key not in node:
                return False
            node = node[key]
        return True


@dataclass(frozen=True)
class Composition:
    """The files of a composed pilot and what was typed, in the order in which they set its values.

    Attributes
    ----------
    line
        What the user typed.
    fixed
        Overrides that come before the user's, as `pilot=mine`.
    """

    line: Line
    fixed: tuple[str, ...] = ()

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Return them, each with what it sets: the last that sets a value gives it.

        Files only where some may be the user's own: nobody needs to be told of the others, and Hydra takes its time.
        """
        files = self._files(self.line.config_dir) if self.line.config_dir else ()
        return (*files, Part("", own=True, chosen=True, content=self._typed()))

    def giver(self, path: str) -> int | None:
        """Return the number of the part that gives the value at a path; None where it is none of them."""
        return next((i for i in reversed(range(len(self.parts))) if self.parts[i].sets(path)), None)

    def file_of(self, path: str) -> str:
        """Return the file of the user's own folder that gives the value at a path; empty where it is none of them."""
        giver = self.giver(path)
        return "" if giver is None or not self.parts[giver].own else self.parts[giver].file

    def file_unless(self, knobs: Iterable[str]) -> Callable[[str], str]:
        """Return `file_of` where knobs were set on the composed config afterwards, which are of no file."""
        paths = [f"{knob.lstrip('+')}." for knob in knobs]
        return lambda path: "" if any(f"{path}.".startswith(knob) for knob in paths) else self.file_of(path)

    def _files(self, mine: Path) -> Iterator[Part]:
        """Yield what each file sets."""
        from hydra.core.global_hydra import GlobalHydra
        from hydra.types import RunMode

        with hydra_ready():
            loader = GlobalHydra.instance().config_loader()
            files = loader.compute_defaults_list("main", hydra_overrides(self.line, *self.fixed), RunMode.RUN).defaults
        for one in files:
            path, parent = PurePosixPath(one.config_path), PurePosixPath(one.parent or "")
            if path.parts[0] == "hydra":
                continue
            own = not (CONFIGS / f"{path}.yaml").is_file()
            file = (mine if own else CONFIGS) / f"{path}.yaml"
            content: Any = dict(read_plain(file, f"{path}.yaml", within=mine if own else None) or {})
            content.pop("defaults", None)
            for key in reversed((one.package or "").split(".") if one.package else []):
                content = {key: content}
            yield Part(f"{path}.yaml", own, path.parent != parent.parent, content)

    def _typed(self) -> dict[str, Any]:
        """Return what the overrides set beside the choices of groups."""
        typed: dict[str, Any] = {}
        for one in parsed([*self.fixed, *self.line.overrides]):
            value = one.value()
            if self._is_group(one.key_or_group) and not isinstance(value, dict):
                continue
            *way, last = one.key_or_group.split(".")
            at = typed
            for key in way:
                at = at.setdefault(key, {})
            before = at.get(last)
            at[last] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
        return typed

    def _is_group(self, key: str) -> bool:
        """Return whether a key chooses a file of a group."""
        folders = (CONFIGS, self.line.config_dir)
        return any(folder is not None and (folder / key).is_dir() for folder in folders)
