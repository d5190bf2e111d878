"""What goes wrong by a user's hand or machine: every message is one paragraph with field, rule and value."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

Class = TypeVar("Class", bound=type[Any])

UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control and direction characters: what a terminal or a spreadsheet would act on or show in another order."""


def one_line(text: str) -> str:
    """Return a text that a terminal may be shown: on one line, with control and direction characters as escapes."""
    return "".join(c if c.isprintable() else " " if c in "\t\n\r" else ascii(c)[1:-1] for c in text)


def paragraph(text: str) -> str:
    """Return a message as it is told: on one line, where an empty value is seen too."""
    line = one_line(text)
    return f"{line.rstrip()} nothing" if line.rstrip().endswith(", got") else line


def shown(value: object, most: int = 60) -> str:
    """Return a value as a message shows it: cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no number of so many digits
        return f"a value of {type(value).__name__} with more digits than can be shown"
    except RecursionError:  # nor lists in lists in lists
        return f"a value of {type(value).__name__} with more levels than can be shown"
    return shortened(text, most)


def shortened(text: str, most: int = 60) -> str:
    """Return a text, cut where it is long."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


RESULTS_STAY = "what was found stays as it is"
"""Of results, instead of changing them."""


MUST = "must"


def sentence(path: str, rule: str, got: str | None, beside: str = "", verb: str = MUST) -> str:
    """Return *path must rule, got value*, of one path or two."""
    both = f"{path} and {beside}" if beside else path
    return f"{both} {verb} {rule}".lstrip() + ("" if got is None else f", got {got}")


class WanggeError(Exception):
    """Something that the user can mend; the message is one paragraph, to be shown as it is."""

    def __init__(self, message: str = "") -> None:
        super().__init__(paragraph(message))


class ConfigError(WanggeError, ValueError):
    """A mistake in a configuration: path, rule and value."""


class FrozenError(ConfigError):
    """A change of what stays as it is."""


class RuleError(ValueError):
    """A rule that a validator of ours finds broken: the schema's messages have its parts.

    Parameters
    ----------
    rule
        What stands after *must*.
    got
        The value as it is shown, if it is.
    at
        The path below the value that is validated; empty for the value itself.
    beside
        Of another value that the rule is about too.
    """

    def __init__(self, rule: str, got: str | None = None, *, at: str = "", beside: str = "") -> None:
        self.rule, self.got, self.at, self.beside = rule, got, at, beside
        super().__init__(sentence(at, rule, got, beside))


class NetworkError(WanggeError, ValueError):
    """A network that no engine may run: field, rule, value and place."""


class StoreError(WanggeError):
    """A results folder that cannot be used as asked."""


class ExecutorError(WanggeError):
    """Tasks that could not be run to the end."""


MOST_LISTED = 40
"""Names in a message that says them all; of more it says a few."""

FEW_LISTED = 8


def near(word: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """Return ` (did you mean ...?)` for the nearest known names, or an empty text."""
    matches = difflib.get_close_matches(word, list(dict.fromkeys(known)), n=3, cutoff=cutoff)
    return f" (did you mean {' or '.join(map(shortened, matches))}?)" if matches else ""


def choices(known: Iterable[str], word: str = "") -> str:
    """Return names for a message: all, or of many the nearest few to a word and how many more there are."""
    names = list(dict.fromkeys(known))
    if len(names) <= MOST_LISTED:
        return ", ".join(map(shortened, names))
    nearest = difflib.get_close_matches(word, names, n=FEW_LISTED, cutoff=0.5)
    few = list(dict.fromkeys([*nearest, *names[:FEW_LISTED]]))[:FEW_LISTED]
    return f"{', '.join(map(shortened, few))} and {len(names) - len(few):,} more"


def one_of(what: str, value: object, known: Collection[str]) -> str:
    """Return a name, checked to be one of those that there are.

    Raises
    ------
    ConfigError
        It must be.
    """
    if isinstance(value, str) and value in known:
        return value
    word = value if isinstance(value, str) else ""
    raise ConfigError(f"{what} must be one of {choices(known, word)}{near(word, known)}, got {shown(value)}")


def sealed(instead: str) -> Callable[[Class], Class]:
    """Return a decorator of frozen classes: who changes an object is told so in a sentence, and what to do instead."""

    def with_sentences(kind: Class) -> Class:
        def keep(self: object, name: str, value: object) -> None:
            raise FrozenError(
                f"{name} must stay as it is, as {type(self).__name__} is frozen ({instead}), got {shown(value)}"
            )

        def keep_in(self: object, name: str) -> None:
            raise FrozenError(f"{name} must stay there, as {type(self).__name__} is frozen ({instead}), got del")

        for name, refusal in {"__setattr__": keep, "__delattr__": keep_in}.items():
            setattr(kind, name, refusal)
        return kind

    return with_sentences


def interruption(error: BaseException) -> KeyboardInterrupt | None:
    """Return the interruption that an exception comes of: Python and libraries raise others of their own for it."""
    chain: list[BaseException] = [error]
    for one in chain:  # which grows meanwhile
        if isinstance(one, KeyboardInterrupt):
            return one
        chain += [before for before in (one.__cause__, one.__context__) if before is not None and before not in chain]
    return None
