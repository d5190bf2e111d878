"""Messages for mistakes in a YAML network: the path in the user's own text, the rule, and the value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.config.checking import Violation, first_of, place_of, rule_of, unknown, violations_of
from sim.errors import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import ValidationError


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
    return first_of([str(one) for one in violations_of(error, lambda item: _violation(item, given, root, keys))])


def shown(value: object) -> str:
    """Return a value as it is shown in a message: short, and as the user wrote it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _violation(item: Mapping[str, Any], given: object, root: str, known: Sequence[str]) -> Violation:
    """Return one mistake as a violation."""
    kind, where, got = item["type"], place_of(item, given, root), item["input"]
    context: dict[str, Any] = item.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown(where, str(item["loc"][-1]), known, shown(got))
    if kind == "value_error":
        return Violation.of_validator(where, context["error"])
    if kind == "union_tag_not_found":
        return Violation(f"{where}.law", "be given", "nothing")
    if kind == "union_tag_invalid":
        laws = [name.strip(" '") for name in context["expected_tags"].split(",")]
        hint = near(context["tag"], laws) or f" of {', '.join(laws)}"
        return Violation(f"{where}.law", f"be the name of a law{hint}", shown(context["tag"]))
    return Violation(where, rule_of(item), shown(None if kind == "missing" else got))
