"""From plain mappings to checked objects; every message has the form *path must be rule, got value*."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.config.digits import MOST_DIGITS, MOST_SHOWN, TOO_LARGE, NumberError, n_digits, too_many_digits
from sim.config.reading import MOST_DEEP
from sim.config.replaced import replacement
from sim.errors import MUST, UNREADABLE, ConfigError, RuleError, near, sealed, sentence, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NAME = r"^[^\W\d_]\w{0,39}$"
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
PATTERNS = {
    NAME: "be a letter and at most 39 more letters, digits or underscores",
    CLOCK: "be a time of the day as 08:30",
}
"""By pattern of a text, the rule that a message says after *must*."""

Name = Annotated[str, Field(pattern=NAME)]

ClockTime = Annotated[str, Field(pattern=CLOCK)]

MOST_QUOTED = 300
"""Letters of a value in what a validator of ours says, which may name several."""

HALVES = re.compile("[\ud800-\udfff]")
"""Of characters: what no file and no terminal takes."""

Model = TypeVar("Model", bound=BaseModel)


@sealed('another design is made by its knobs, as sim.pilot(name, {"grid.households": 300}, called="mine")')
class Section(BaseModel):
    """A frozen group of knobs that refuses unknown keys and wrong types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def made_by(call: str) -> Callable[[type[Model]], type[Model]]:
    """Return a decorator of schemas: who calls one with what it does not take is told which call makes one."""

    def with_sentence(schema: type[Model]) -> type[Model]:
        plain: Callable[..., None] = schema.__init__

        def told(self: Model, *args: object, **given: object) -> None:
            try:
                plain(self, *args, **given)
            except (ValidationError, TypeError) as error:
                typed = ", ".join([*map(shown, args), *given])
                raise ConfigError(
                    f"{schema.__name__} must be made by {call}, got {schema.__name__}({typed})"
                ) from error

        setattr(schema, "__init__", told)  # noqa: B010 - pydantic makes checked ones without it
        return schema

    return with_sentence


class Violation(NamedTuple):
    """A rule that a value breaks: its path, the rule (after the verb) and the value as it is shown, if it is.

    `beside` is the path of another value that the rule is about too.
    """

    path: str
    rule: str
    got: str | None
    beside: str = ""
    verb: str = MUST

    def __str__(self) -> str:
        """Return *path must be rule, got value*."""
        return sentence(*self)

    @classmethod
    def of_validator(cls, path: str, error: Exception) -> Violation:
        """Return what a validator finds of the value at a path."""
        if not isinstance(error, RuleError):
            return cls(path, f"satisfy: {error}", None)
        got = None if error.got is None else _short(error.got, MOST_QUOTED)
        return cls(".".join(filter(None, (path, error.at))), error.rule, got, error.beside)


def unknown(path: str, key: str, known: Iterable[str], got: str) -> Violation:
    """Return the violation of a key that is not known."""
    return Violation(path, f"a known key{near(key, known)}", got, verb="is not")


def check_sum_to_one(shares: Iterable[float]) -> None:
    """Raise `RuleError` if shares do not sum to 1."""
    total = sum(shares)
    if abs(total - 1) > 1e-9:
        raise RuleError("sum to 1", f"{total:g}")


def checked_kind(kinds: Mapping[str, type[Any]], mapping: Mapping[str, Any], root: str) -> Any:
    """Return the settings of the schema that `kind` names, checked; `root` comes first in messages.

    Raises
    ------
    ConfigError
        The kind must be known and so must every key; numbers must be in their range.
    """
    kind = str(mapping.get("kind"))
    if kind not in kinds:
        raise ConfigError(f"{root}.kind must be one of {', '.join(kinds)}{near(kind, kinds)}, got {kind}")
    return checked(kinds[kind], mapping, root)


def checked(
    schema: type[Model],
    mapping: Mapping[str, Any],
    root: str = "",
    file_of: Callable[[str], str] | None = None,
    written: Mapping[str, Any] | None = None,
) -> Model:
    """Return a mapping as an object of a schema, or raise `ConfigError` in the house's form.

    The mapping goes through JSON: it is data and nothing else, and lists become tuples under strict types. `file_of`
    names the file that gives the value at a path, for messages; an empty text for none. `written` is what the mapping
    was made of, if it was: messages have the paths of that.
    """
    too_large = None
    try:
        plain = readable(mapping, root)
    except NumberError as error:  # the schema knows better what should be there, if only a text
        too_large, plain = error, readable(mapping, root, cut=True)
    try:
        made = schema.model_validate_json(json.dumps(plain))
    except ValidationError as error:
        given = plain if written is None else written
        raise ConfigError(_paragraph(schema, error, given, root, file_of)) from error
    if too_large is not None:
        raise too_large
    return made


def readable(given: Any, root: str = "", *, cut: bool = False) -> Any:
    """Return what was given as plain data with every text on one line; `cut` makes numbers smaller that are too large.

    Raises
    ------
    ConfigError
        It must be plain: numbers, texts, lists and mappings, nested within reason. A text must have no other control
        characters, no marks of direction and no halves of characters: they would reach terminals and files.
    """
    return _readable(given, root, MOST_DEEP, cut)


def _readable(node: Any, path: str, left: int, cut: bool) -> Any:
    """Return plain data of so many levels at most, or raise as `readable` does."""
    if left < 0:
        raise ConfigError(
            f"{path[:MOST_SHOWN]}... must be nested at most {MOST_DEEP} levels deep, got a circle or more levels"
        )
    if isinstance(node, Mapping):
        return {
            _key(key, path): _readable(one, f"{path}.{_part(key)}".lstrip("."), left - 1, cut)
            for key, one in node.items()
        }
    if isinstance(node, (list, tuple)):
        return [_readable(one, f"{path}.{i}".lstrip("."), left - 1, cut) for i, one in enumerate(node)]
    if isinstance(node, str):
        return _text(node, path)
    if isinstance(node, int) and abs(node) >= TOO_LARGE:
        if cut:
            return TOO_LARGE if node > 0 else -TOO_LARGE
        raise too_many_digits(path or "config", f"one of {n_digits(node):,}")
    if not (node is None or isinstance(node, (bool, int, float))):
        raise ConfigError(f"{path or 'config'} must be plain data (numbers, texts, lists, mappings), got {shown(node)}")
    return node


def _key(key: Any, path: str) -> str:
    """Return a key as JSON has it: a text; it raises as `readable` does."""
    if isinstance(key, int) and abs(key) >= TOO_LARGE:
        raise too_many_digits(f"keys of {path or 'config'}", f"one of {n_digits(key):,}")
    if key is None or isinstance(key, (bool, int, float)):
        return json.dumps(key)
    if not isinstance(key, str):
        raise ConfigError(f"keys of {path or 'config'} must be texts, got {shown(key)}")
    return _text(key, f"a key of {path}" if path else "a key")


def is_plain(text: str) -> bool:
    """Return whether a text is one line without control characters, marks of direction and halves of characters."""
    return not (UNREADABLE.search(text) or HALVES.search(text))


def _text(text: str, path: str) -> str:
    """Return a text on one line; it raises as `readable` does."""
    if is_plain(text):
        return text
    line = " ".join(text.split())
    if not is_plain(line):
        raise ConfigError(
            f"{path or 'config'} must have no control characters, no marks of direction and no halves of characters, "
            f"got {text!a:.{MOST_SHOWN}}"
        )
    return line


def _paragraph(
    schema: type[BaseModel],
    error: ValidationError,
    given: object,
    root: str,
    file_of: Callable[[str], str] | None,
) -> str:
    """Return the first few violations as one paragraph, each with the file that gives the value."""
    violations = violations_of(error, lambda item: _violation(schema, item, given, root))
    files = [file_of(one.path) if file_of is not None and one.path else "" for one in violations]
    return first_of([f"{file}: {one}" if file else str(one) for file, one in zip(files, violations, strict=True)])


def violations_of(error: ValidationError, violation: Callable[[Mapping[str, Any]], Violation]) -> list[Violation]:
    """Return every violation once; those of one value that may be of several kinds are one.

    Parameters
    ----------
    error
        Of pydantic.
    violation
        Returns one of pydantic's as ours.
    """
    rules: dict[Violation, list[str]] = {}
    for item in error.errors(include_url=False):
        # A list whose members, told beside it, are wrong is counted as too short.
        if item["type"] == "too_short" and len(item["input"]) >= item["ctx"]["min_length"]:
            continue
        one = violation(item)
        is_rule = one.verb == MUST and one.got is not None
        same = rules.setdefault(one._replace(rule="") if is_rule else one, [])
        if is_rule and one.rule not in same:
            same.append(one.rule)
    return [one._replace(rule=", or ".join(several)) if several else one for one, several in rules.items()]


def first_of(sentences: Sequence[str]) -> str:
    """Return the first three sentences, and how many more there are, as one paragraph."""
    more = f"; and {len(sentences) - 3} more" if len(sentences) > 3 else ""
    return "; ".join(sentences[:3]) + more


_RULES = {
    "missing": "be given",
    "int_type": "be a whole number",
    "int_from_float": "be a whole number",
    "int_parsing_size": "be a whole number of fewer digits",
    "float_type": "be a number",
    "finite_number": "be a finite number",
    "bool_type": "be true or false",
    "string_type": "be a text",
    "tuple_type": "be a list",
    "dict_type": "be a mapping",
    "model_type": "be a mapping",
    "model_attributes_type": "be a mapping",
    "greater_than": "be above {gt:g}",
    "greater_than_equal": "be at least {ge:g}",
    "less_than": "be below {lt:g}",
    "less_than_equal": "be at most {le:g}",
    "too_short": "be of a length of at least {min_length}",
    "too_long": "be of a length of at most {max_length}",
    "string_too_short": "be a text of at least {min_length} characters",
    "string_too_long": "be a text of at most {max_length} characters",
    "literal_error": "be one of {expected}",
}
"""By the kind of an error of pydantic, the rule that a message says after *must*."""


def rule_of(item: Mapping[str, Any]) -> str:
    """Return the rule that a value breaks, as it stands after *must*."""
    kind, context = item["type"], item.get("ctx", {})
    if kind.startswith("date_"):
        return "be a date as 2025-01-31"
    if kind == "string_pattern_mismatch" and context["pattern"] in PATTERNS:
        return PATTERNS[context["pattern"]]
    return _RULES[kind].format(**context) if kind in _RULES else f"satisfy: {item['msg']}"


def place_of(item: Mapping[str, Any], given: object, root: str) -> str:
    """Return the path of a value that breaks a rule, by the keys that the user wrote."""
    parts, at = [root] if root else [], given
    last = len(item["loc"]) - 1
    for i, part in enumerate(item["loc"]):
        if isinstance(at, Mapping) and part in at:
            at = at[part]
        elif isinstance(at, Sequence) and not isinstance(at, str) and isinstance(part, int):
            at = at[part] if part < len(at) else None
        elif not (i == last and item["type"] == "missing"):
            continue  # a kind of value, of several that are taken
        parts.append(_part(part))
    return ".".join(parts)


def _violation(schema: type[BaseModel], item: Mapping[str, Any], given: object, root: str) -> Violation:
    """Return one violation of pydantic's as ours."""
    place, kind = place_of(item, given, root), item["type"]
    got = _got(item["input"])
    if kind == "extra_forbidden":
        if new := replacement(place):
            return Violation(place, f"be replaced by {new}", got)
        return unknown(place, str(item["loc"][-1]), _keys_at(schema, item["loc"][:-1]), got)
    if kind == "value_error":
        return Violation.of_validator(place, item["ctx"]["error"])
    hint = ""
    if kind == "literal_error":
        hint = near(str(item["input"]), re.findall(r"'([^']*)'", str(item["ctx"]["expected"])), cutoff=0.75)
    return Violation(place, f"{rule_of(item)}{hint}", "nothing" if kind == "missing" else got)


def _got(value: object) -> str:
    """Return a value that breaks a rule as it is shown."""
    if isinstance(value, int) and abs(value) >= TOO_LARGE:
        return f"a number of more than {MOST_DIGITS} digits"
    if isinstance(value, float) and math.isinf(value):  # what was typed is not known any more
        return f"{value} (as which every number beyond {sys.float_info.max:.2g} is read)"
    return _short(json.dumps(value, ensure_ascii=False, default=str))


def _part(key: object) -> str:
    """Return a key as a part of a path: an empty one is seen too."""
    return _short(key) or '""'


def _short(text: object, most: int = MOST_SHOWN) -> str:
    """Return a key or a value as it is shown: cut where it is long."""
    text = str(text)
    return text if len(text) <= most else text[: most - 3] + "..."


def _keys_at(schema: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """Return the keys that a schema knows at a place, for suggestions."""
    model: Any = schema
    for part in place:
        fields = getattr(model, "model_fields", {})
        if part not in fields:
            return []
        model = fields[part].annotation
    return list(getattr(model, "model_fields", {}))
