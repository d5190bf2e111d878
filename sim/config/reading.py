"""The one reader of files that may be a stranger's: regular, in their folder, of a size that a person would write."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.config.digits import DECIMAL, MOST_DIGITS, MOST_SHOWN, no_decimal, too_many_digits
from sim.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHIPPED = Path(__file__).resolve().parents[2] / "configs"
"""The folder of the configs that ship."""

# Limits of a file of data: more than ten times those of the longest shipped one, the evidence.
MOST_BYTES = 2_000_000


MOST_VALUES = 100_000
"""In a file of data, and in files that are read together."""

MOST_COMPOSED = 20_000
"""Values in the files that Hydra composes to one design, several times those of a shipped one: each takes half a
millisecond."""

MOST_DEEP = 50


MOST_REFERENCES = 30
"""Interpolations in all files that one design reads: each can at most double or triple what others make."""

REFERENCE = re.compile(r"\$\{\.*[A-Za-z_]\w*(?:\.\w+)*\}")
"""An interpolation that is read: the path of another key, and nothing that is computed."""

EXPONENT = re.compile(r"[-+]?\d+(?:_\d+)*(?:\.[\d_]*)?[eE][-+]?\d+$")
"""A number that YAML 1.1 takes for a text where it has no point or its exponent no sign."""

LONG_NUMBER = re.compile(rf"[-+]?\d[\d_:]{{{MOST_DIGITS},}}")
"""A number that may be larger than any float, in tens or (1:30:00) in sixties."""

TAG = "tag:yaml.org,2002:"
PLAIN_TAGS = {"scalar": ("null", "bool", "int", "float", "str"), "sequence": ("seq",), "mapping": ("map",)}
"""By the kind of a node, what a value may be: configs are plain data."""

NOT_GIVEN = "???"
"""As OmegaConf writes that a value is still to be given."""

NOWHERE = object()
"""What a reference to nothing means."""

ESCAPED = re.compile(r"(?<!\\)(?:\\\\)*\\\$\{")
"""What only looks like one: it stays a text."""


def read_bytes(file: Path, name: str = "", *, within: Path | None = None, most: int = MOST_BYTES) -> bytes:
    """Return what is in a file.

    Parameters
    ----------
    file
        Where it is.
    name
        What it is called in messages; by default its last name.
    within
        The folder that it must lie in, links followed; without it anywhere.
    most
        Its largest size (bytes).

    Raises
    ------
    ConfigError
        It must be a regular file that can be read, in its folder, and not too large.
    """
    name = name or file.name
    try:
        real = file.resolve(strict=True)
        if within is not None and not real.is_relative_to(within.resolve()):
            raise ConfigError(f"{name} must lie in its folder, got a link that leads out of it")
        # A pipe that nobody writes would hold up whoever opens it.
        descriptor = os.open(real, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ConfigError(f"{name} must be a regular file, got a {kind_of(os.fstat(descriptor).st_mode)}")
            data = opened.read(most + 1)  # a file may be longer than it says
            size = max(os.fstat(descriptor).st_size, len(data))
    except FileNotFoundError:
        raise ConfigError(f"the file must exist, got {file}") from None
    except (OSError, RuntimeError) as error:  # a socket, a circle of links, no permission
        why = getattr(error, "strerror", None) or "a circle of links"
        raise ConfigError(f"{name} must be a file that can be read, got one that cannot ({why})") from error
    if size > most:
        raise ConfigError(f"{name} must be at most {most:,} bytes, got {size:,}")
    return data


def is_folder(path: Path) -> bool:
    """Return whether a path is a folder; one that no system takes is none."""
    with suppress(OSError, ValueError):  # 300 letters, a null byte
        return path.is_dir()
    return False


def kind_of(mode: int) -> str:
    """Return what stands somewhere, in the place of a file or of a folder."""
    kinds = {
        "file": stat.S_ISREG, "folder": stat.S_ISDIR, "pipe": stat.S_ISFIFO, "socket": stat.S_ISSOCK,
        "link": stat.S_ISLNK,
    }  # fmt: skip
    return next((word for word, is_kind in kinds.items() if is_kind(mode)), "device")


class Size(NamedTuple):
    """How large a text of YAML is, aliases counted in full: its values and the letters in them."""

    values: int
    letters: int


def read_text(file: Path, name: str = "", *, within: Path | None = None, most: int = MOST_VALUES) -> str:
    """Return the text of a YAML file that is safe to be expanded (`most` values); it raises as `read_bytes` does.

    Raises
    ------
    ConfigError
        It must be YAML in UTF-8, with few enough values, levels and interpolations.
    """
    name = name or file.name
    try:
        text = read_bytes(file, name, within=within).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} must be text in UTF-8: {error}") from error
    check_yaml(text, name, most)
    _check_plain(text, name)
    return text


def read_plain(file: Path, name: str = "", *, within: Path | None = None) -> Any:
    """Return a YAML file as plain data; it raises as `read_text` does."""
    name = name or file.name
    return as_plain(read_text(file, name, within=within), name)


def as_plain(text: str, name: str) -> Any:
    """Return a text of YAML, checked by `read_text`, as plain data.

    Raises
    ------
    ConfigError
        It must be YAML of plain data.
    """
    import yaml

    try:
        return yaml.load(text, Loader=_loader())
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise no_yaml(name, error) from error


@cache
def _loader() -> Any:
    """Return what makes plain data of YAML.

    As in files that Hydra reads, 1e3 is a number, a date is a text, and a key stands once.
    """
    import yaml

    class Loader(yaml.CSafeLoader):  # type: ignore[misc] # of a module without types
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen = set()
            for key, _ in node.value:
                if key.tag == "tag:yaml.org,2002:str":
                    if key.value in seen:
                        raise yaml.constructor.ConstructorError(
                            "while constructing a mapping", node.start_mark,
                            f"found duplicate key {key.value}", key.start_mark,
                        )  # fmt: skip
                    seen.add(key.value)
            return super().construct_mapping(node, deep=deep)

    Loader.yaml_implicit_resolvers = {
        first: [one for one in resolvers if one[0] != f"{TAG}timestamp"]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", EXPONENT, list("-+0123456789"))
    return Loader


def read_yaml(file: Path, name: str = "", *, within: Path | None = None) -> dict[str, Any]:
    """Return a YAML file that holds a mapping as plain data; it raises as `read_text` does.

    Raises
    ------
    ConfigError
        It must hold a mapping.
    """
    plain = read_plain(file, name, within=within)
    if not isinstance(plain, dict):
        raise ConfigError(f"{name or file.name} must be a mapping, got {type(plain).__name__}")
    return plain


def check_together(files: Iterable[Path], within: Path) -> None:
    """Raise if files of a folder that are read together are larger than one may be.

    Raises
    ------
    ConfigError
        As for one file: there may be any number of them. What is wrong with one of them is told where it is read.
    """
    left = Size(MOST_VALUES, MOST_BYTES)
    for file in files:
        try:
            size = check_yaml(read_text(file, within=within), file.name)
        except ConfigError:
            size = Size(min(file.lstat().st_size, MOST_VALUES) // 2, 0)  # two letters a value, or more
        left = Size(left.values - size.values, left.letters - size.letters)
        if min(left) < 0:
            raise ConfigError(
                f"{file.parent.name}/ must have at most {MOST_VALUES:,} values and {MOST_BYTES:,} letters in all its "
                f"files, as they are read together, got more up to {file.name}"
            )


def check_yaml(text: str, name: str, most: int = MOST_VALUES) -> Size:
    """Return the size of a text of YAML; raise if expanding it would exhaust the memory.

    Raises
    ------
    ConfigError
        It must be small enough to have been written by hand, aliases and interpolations counted in full.
    """
    import yaml

    sizes: dict[str, tuple[int, int]] = {}
    opened: list[tuple[str | None, int, int]] = []
    n, letters = 0, 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.events.CollectionStartEvent):
                opened.append((event.anchor, n, letters))
            elif isinstance(event, yaml.events.CollectionEndEvent):
                anchor, before, letters_before = opened.pop()
                sizes[str(anchor)] = n - before, letters - letters_before
            elif isinstance(event, yaml.events.AliasEvent):
                if any(anchor == event.anchor for anchor, _, _ in opened):
                    raise ConfigError(f"{name} must have no alias to what it stands in, got *{event.anchor}")
                more, longer = sizes.get(event.anchor, (1, 0))
                n, letters = n + more, letters + longer
            elif isinstance(event, yaml.events.ScalarEvent):
                letters += len(event.value)
                if event.anchor:
                    sizes[event.anchor] = 1, len(event.value)
            n += 1
            if n > most or len(opened) > MOST_DEEP or letters > MOST_BYTES:
                raise ConfigError(
                    f"{name} must have at most {most:,} values and {MOST_BYTES:,} letters, aliases counted in full, "
                    f"and {MOST_DEEP} levels, got more"
                )
    except (yaml.YAMLError, UnicodeError) as error:
        raise no_yaml(name, error) from error
    return Size(n, letters)


def _check_plain(text: str, name: str) -> None:
    """Raise if a value in a text is no plain data, or a number with more digits than any that is read."""
    import yaml

    try:
        root = yaml.compose(text, Loader=_loader())
    except yaml.YAMLError as error:
        raise no_yaml(name, error) from error
    for path, node, is_key in _nodes(root, "", set()) if root else ():
        place = f"{name}, line {node.start_mark.line + 1}: {path or 'it'}"
        is_text = isinstance(node.value, str)
        if is_text and not node.style and LONG_NUMBER.fullmatch(node.value):
            raise too_many_digits(place, f"{node.value[:MOST_SHOWN]}...")
        tag = node.tag.replace(TAG, "!!")
        if tag in ("!!int", "!!float") and _is_plain(node) and not DECIMAL.fullmatch(node.value):
            raise no_decimal(place, node.value[:MOST_SHOWN])
        got = f"{tag} {node.value[:MOST_SHOWN]}" if is_text else tag
        if is_key and (not is_text or tag == "!!null"):
            raise ConfigError(f"{place} must be a text, got {node.value or 'null' if is_text else f'a {node.id}'}")
        for key, merged in node.value if node.id == "mapping" else ():
            if key.tag == f"{TAG}merge" and not _is_mergeable(merged):
                got = merged.value[:MOST_SHOWN] if isinstance(merged.value, str) else f"a {merged.id}"
                raise ConfigError(f"{place}.<< must be a mapping or a list of mappings (*name), got {got}")
        if not (is_key and tag == "!!merge") and not _is_plain(node):
            raise ConfigError(
                f"{place} must be plain data (a number, a text, true, false, null, a list or a mapping), got {got}"
            )


def _is_plain(node: Any) -> bool:
    """Return whether a node of YAML is plain data, also where it says of itself what it is (`!!int 5`)."""
    import yaml

    tag = node.tag.removeprefix(TAG)
    if tag not in PLAIN_TAGS[node.id]:
        return False
    if tag in ("bool", "int", "float"):
        try:
            _loader()("").construct_object(node)
        except (yaml.YAMLError, ValueError, LookupError):  # 0x_ and !!bool maybe
            return False
    return True


def _is_mergeable(node: Any) -> bool:
    """Return whether a node of YAML is what << takes in."""
    return node.id == "mapping" or (node.id == "sequence" and all(one.id == "mapping" for one in node.value))


def _nodes(node: Any, path: str, seen: set[int], *, is_key: bool = False) -> Iterator[tuple[str, Any, bool]]:
    """Yield every node of a YAML file once, each with its path and whether it is a key."""
    if id(node) in seen:
        return
    seen.add(id(node))
    yield path, node, is_key
    for i, one in enumerate(() if isinstance(node.value, str) else node.value):
        key, inside = one if isinstance(one, tuple) else (None, one)
        if key is not None:
            yield from _nodes(key, f"a key of {path}" if path else "a key", seen, is_key=True)
        last = i if key is None else key.value if isinstance(key.value, str) else "..."
        yield from _nodes(inside, f"{path}.{last}".lstrip("."), seen)


def no_yaml(name: str, error: Exception) -> ConfigError:
    """Return the error for a file that is no YAML; the mark of a place names a stream, and the file is named here."""
    message = re.sub(r'\bin "[^"]*", line', "at line", " ".join(str(error).split()))
    return ConfigError(f"{name} must be YAML: {message}")


def check_references(text: str, name: str, read_before: int = 0) -> int:
    """Return how many interpolations a text has, checked: each must be the path of another key.

    Parameters
    ----------
    text
        Of a file.
    name
        Its name in messages.
    read_before
        How many other files of the same design have.

    Raises
    ------
    ConfigError
        What reads the clock, the environment or the program is refused, and so are so many that they could multiply.
    """
    import yaml

    n = read_before
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if not isinstance(event, yaml.events.ScalarEvent) or "${" not in event.value:
            continue
        value = ESCAPED.sub("", event.value)
        rest = REFERENCE.sub("", value)
        if "${" in rest:
            at = rest.index("${")
            raise ConfigError(
                f"{name} must have no ${{...}} but paths of other keys (${{run.seed}}), as no clock, environment or "
                f"file is read, got {' '.join(rest[at : at + 40].split())}"
            )
        n += len(REFERENCE.findall(value))
    if n > MOST_REFERENCES:
        raise ConfigError(f"{name} must have at most {MOST_REFERENCES} interpolations (${{...}}), got {n}")
    return n


def check_resolved(plain: Any) -> bool:
    """Return whether a composed config has interpolations, each checked to be of a plain value that has none itself.

    Raises
    ------
    ConfigError
        Otherwise they could multiply. What they refer to must be there, and every value given (`???` is none).
    """
    left, has_reference = MOST_BYTES, False
    for path, text in _texts(plain, ()):
        if text == NOT_GIVEN:
            raise ConfigError(f"{'.'.join(map(str, path))} must be given, got {text}")
        for match in REFERENCE.finditer(text):
            has_reference = True
            target = _target(plain, path, match[0][2:-1])
            if target is NOWHERE:
                raise no_reference(".".join(map(str, path)), match[0])
            if isinstance(target, (dict, list)) or "${" in str(target):
                raise ConfigError(
                    f"{'.'.join(map(str, path))} must refer to a plain value that refers to no other, got {match[0]}"
                )
            left -= len(str(target))
            if left < 0:
                raise ConfigError(f"{'.'.join(map(str, path))} must be a short text, got one that grows by {match[0]}")
        has_reference = has_reference or "${" in text
    return has_reference


def _texts(node: Any, path: tuple[Any, ...]) -> Any:
    """Yield every text below a node that is not given or has an interpolation, with its path."""
    if isinstance(node, dict):
        for key, inside in node.items():
            yield from _texts(inside, (*path, key))
    elif isinstance(node, list):
        for i, inside in enumerate(node):
            yield from _texts(inside, (*path, i))
    elif isinstance(node, str) and ("${" in node or node == NOT_GIVEN):
        yield path, node


def no_reference(path: str, got: str) -> ConfigError:
    """Return the error for an interpolation that refers to nothing."""
    return ConfigError(
        f"{path} must have no ${{...}} but paths of other keys (${{run.seed}}), which are there, got {got}"
    )


def _target(root: Any, path: tuple[Any, ...], reference: str) -> Any:
    """Return what a reference in the text at a path means; `NOWHERE` where there is nothing."""
    keys = reference.lstrip(".")
    dots = len(reference) - len(keys)
    node = root
    try:
        for key in (*(path[: len(path) - dots] if dots else ()), *keys.split(".")):
            node = node[int(key)] if isinstance(node, list) else node[key]
    except (LookupError, ValueError, TypeError):
        return NOWHERE
    return node
