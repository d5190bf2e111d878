"""Messages for mistakes in a YAML network: the path in the user's own text, the rule, and the value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.errors import near

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

RULES = {
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be a text",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "missing": "must be given",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "too_short": "must have at least {min_length} entries",
    "literal_error": "must be one of {expected}",
}


def explain(error: ValidationError, given: object, root: str, known: Iterable[str]) -> str:
    """Return the errors of pydantic as one paragraph of `path must be rule, got value`.

    Parameters
    ----------
    error : pydantic.ValidationError
        The errors.
    given : object
        The user's own mapping, before short forms were spelt out: paths refer to it.
    root : str
        Name of the whole, such as `network`.
    known : iterable of str
        Keys that the schema knows, to suggest the nearest to an unknown one.

    Returns
    -------
    str
        The first three mistakes, and the number of the others.
    """
    keys = sorted(set(known))
    errors = [details for details in error.errors() if not _counts_wrong_entries(details)]
    mistakes = list(dict.fromkeys(_sentence(details, given, root, keys) for details in errors))
    more = f"; and {len(mistakes) - 3} more" if len(mistakes) > 3 else ""
    return "; ".join(mistakes[:3]) + more


def _counts_wrong_entries(details: ErrorDetails) -> bool:
    """Return whether a list seems too short only because some of its entries, reported besides, are wrong."""
    return details["type"] == "too_short" and len(details["input"]) >= details["ctx"]["min_length"]


def shown(value: object) -> str:
    """Return a value as it is shown in a message: short, and as the user wrote it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _sentence(details: ErrorDetails, given: object, root: str, known: Sequence[str]) -> str:
    """Return one mistake as a sentence."""
    kind, where, got = details["type"], _path(details, given, root), details["input"]
    context: dict[str, Any] = details.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{where} is not a known key{near(str(details['loc'][-1]), known)}, got {shown(got)}"
    if kind == "value_error":
        message = str(context["error"])
        return f"{where} {message}" if message.startswith("must") else f"{where}.{message}"
    if kind == "union_tag_not_found":
        return f"{where}.law must be given, got nothing"
    if kind == "union_tag_invalid":
        laws = [name.strip(" '") for name in context["expected_tags"].split(",")]
        hint = near(context["tag"], laws) or f" of {', '.join(laws)}"
        return f"{where}.law must be the name of a law{hint}, got {context['tag']}"
    rule = RULES[kind].format(**context) if kind in RULES else f"must satisfy: {details['msg']}"
    return f"{where} {rule}, got {shown(None if kind == 'missing' else got)}"


def _path(details: ErrorDetails, given: object, root: str) -> str:
    """Return the path of a mistake in the user's own text."""
    parts, at = [root], given
    last = len(details["loc"]) - 1
    for i, part in enumerate(details["loc"]):
        if isinstance(at, Mapping) and part in at:
            at = at[part]
        elif isinstance(at, Sequence) and not isinstance(at, str) and isinstance(part, int):
            at = at[part] if part < len(at) else None
        elif not (i == last and details["type"] == "missing"):
            continue
        parts.append(str(part))
    return ".".join(parts)
