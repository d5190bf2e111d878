"""From plain mappings to checked objects; every message has the form *path must be rule, got value*."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.config.replaced import replacement
from sim.errors import UNREADABLE, ConfigError, near

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$")]


Model = TypeVar("Model", bound=BaseModel)


class Section(BaseModel):
    """A frozen group of knobs that refuses unknown keys and wrong types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def check_sum_to_one(shares: Iterable[float]) -> None:
    """Raise `ValueError` if shares do not sum to 1."""
    total = sum(shares)
    if abs(total - 1) > 1e-9:
        raise ValueError(f"must sum to 1, got {total:g}")


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
    schema: type[Model], mapping: Mapping[str, Any], root: str = "", file_of: Callable[[str], str] | None = None
) -> Model:
    """Return a mapping as an object of a schema, or raise `ConfigError` in the house's form.

    The mapping goes through JSON: it is data and nothing else, and lists become tuples under strict types. `file_of`
    names the file that gives the value at a path, for messages; an empty text for none.
    """
    try:
        json.dumps(mapping)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"{root or 'config'} must be plain data (numbers, texts, lists, mappings): {error}"
        ) from error
    text = json.dumps(_readable(mapping, root))
    try:
        return schema.model_validate_json(text)
    except ValidationError as error:
        raise ConfigError(_paragraph(schema, error, root, file_of)) from error


def _readable(node: Any, path: str) -> Any:
    """Return plain data with every text on one line.

    Raises
    ------
    ConfigError
        A text must have no other control characters and no marks of direction: they would reach terminals.
    """
    if isinstance(node, dict):
        return {_readable(key, path): _readable(one, f"{path}.{key}".lstrip(".")) for key, one in node.items()}
    if isinstance(node, (list, tuple)):
        return [_readable(one, f"{path}.{i}") for i, one in enumerate(node)]
    if not isinstance(node, str) or not UNREADABLE.search(node):
        return node
    text = " ".join(node.split())
    if UNREADABLE.search(text):
        raise ConfigError(
            f"{path or 'a key'} must have no control characters and no marks of direction, got {node!a:.60}"
        )
    return text


def _paragraph(schema: type[BaseModel], error: ValidationError, root: str, file_of: Callable[[str], str] | None) -> str:
    """Return the first few violations as one paragraph, each with the file that gives the value."""
    items = [dict(item) for item in error.errors(include_url=False)]
    # Pydantic counts a list with wrong members as empty; that is not reported too.
    violations = [item for item in items if item["type"] != "too_short" or not item["input"]] or items
    sentences = [_sentence(schema, item, root) for item in violations[:3]]
    if file_of is not None:
        files = [file_of(sentence.partition(" ")[0]) for sentence in sentences]
        sentences = [f"{file}: {one}" if file else one for file, one in zip(files, sentences, strict=True)]
    more = f"; and {len(violations) - 3} more" if len(violations) > 3 else ""
    return "; ".join(sentences) + more


_RULES = {
    "missing": "must be given",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be a text",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping of keys",
}


def _sentence(schema: type[BaseModel], item: dict[str, Any], root: str) -> str:
    """Return one violation as *path must be rule, got value*."""
    place = ".".join(str(part) for part in (*([root] if root else []), *item["loc"]))
    kind, context = item["type"], item.get("ctx", {})
    got = _short(item["input"])
    if kind == "extra_forbidden":
        known, new = _keys_at(schema, item["loc"][:-1]), replacement(place)
        rule = f"must be replaced by {new}" if new else f"is not a known key{near(str(item['loc'][-1]), known)}"
        return f"{place} {rule}, got {got}"
    if kind == "value_error":
        text = str(context["error"])
        return f"{place} {text}" if text.startswith("must") else f"{place}.{text}".lstrip(".")
    if kind == "missing":
        return f"{place} must be given, got nothing"
    bounds = {"greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le"),
              "greater_than": ("above", "gt"), "less_than": ("below", "lt"),
              "too_short": ("of a length of at least", "min_length")}  # fmt: skip
    if kind in bounds:
        word, key = bounds[kind]
        return f"{place} must be {word} {context[key]:g}, got {got}"
    if kind == "literal_error":
        expected = str(context["expected"])
        hint = near(str(item["input"]), re.findall(r"'([^']*)'", expected), cutoff=0.8)
        return f"{place} must be one of {expected}{hint}, got {got}"
    rule = _RULES.get(kind) or "must satisfy: " + str(item["msg"])
    return f"{place} {rule}, got {got}"


def _short(value: object) -> str:
    """Return a value as it would be typed, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _keys_at(schema: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """Return the keys that a schema knows at a place, for suggestions."""
    model: Any = schema
    for part in place:
        fields = getattr(model, "model_fields", {})
        if part not in fields:
            return []
        model = fields[part].annotation
    return list(getattr(model, "model_fields", {}))
