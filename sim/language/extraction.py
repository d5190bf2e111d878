"""The texts of configs that are shown, for Babel's `extract`: they are messages of the catalogue beside the code's."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from yaml import Node

INTERPOLATION = re.compile(r"\$\{[^}]*\}")
"""What Hydra puts a number in place of."""

Text = tuple[int, None, str, list[str]]


def texts(
    file: IO[bytes],
    keywords: Sequence[str],  # noqa: ARG001 - Babel calls it so
    comment_tags: Sequence[str],  # noqa: ARG001
    options: Mapping[str, str],
) -> Iterator[Text]:
    """Yield every text of a YAML file that is shown, as Babel wants it: with its line.

    Parameters
    ----------
    file
        The open file.
    keywords, comment_tags
        Babel's; nothing here is marked by either.
    options
        `keys`: paths of texts or lists of texts, with blanks between them, from any level on; `*` is one key or place
        in a list. `names`: paths of names, or of mappings whose keys are names, that are shown in words.
    """
    import yaml

    keys, names = (_patterns(options.get(name, "")) for name in ("keys", "names"))
    for path, node in _nodes(yaml.compose(file.read().decode("utf-8"), Loader=yaml.SafeLoader), ()):
        if _any(keys, path) and isinstance(node.value, str):
            yield _found(node, INTERPOLATION.sub("{number}", node.value))
        elif _any(names, path):
            named = (
                [node] if isinstance(node.value, str) else [key for key, _ in node.value if key.tag.endswith(":str")]
            )
            for one in named:
                yield _found(one, one.value.replace("_", " "))


def _found(node: Node, text: str) -> Text:
    """Return a text with its line."""
    return node.start_mark.line + 1, None, text, []


def _patterns(paths: str) -> list[re.Pattern[str]]:
    """Return the patterns of some paths, from any level on, and of the members of lists there."""
    each = (re.escape(path).replace(r"\*", "[^.]+") for path in paths.split())
    return [re.compile(rf"(.*\.)?{one}(\.\d+)?") for one in each]


def _any(patterns: Sequence[re.Pattern[str]], path: str) -> bool:
    """Return whether any pattern fits a path."""
    return any(pattern.fullmatch(path) for pattern in patterns)


def _nodes(node: Node | None, path: tuple[str, ...]) -> Iterator[tuple[str, Node]]:
    """Yield every node below one with its path, but what is no text with a letter."""
    from yaml import MappingNode, ScalarNode, SequenceNode

    if isinstance(node, ScalarNode):
        if node.tag.endswith(":str") and any(c.isalpha() for c in node.value):
            yield ".".join(path), node
    elif isinstance(node, MappingNode):
        yield ".".join(path), node
        for key, value in node.value:
            yield from _nodes(value, (*path, str(key.value)))
    elif isinstance(node, SequenceNode):
        for i, value in enumerate(node.value):
            yield from _nodes(value, (*path, str(i)))
