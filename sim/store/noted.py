"""What a manifest may note, fact by fact: a folder of results may be a stranger's, and edited."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sim.config.bounds import MOST_REPLICATIONS
from sim.errors import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_DESIGNS = 500_000
"""Of a study: five times the points that one may have."""

MOST_LETTERS = 1_000
"""Of a name."""

MOST_COMMAND = 1_000_000
"""Letters of a command as it was typed: half of what systems take."""

MOST_IDENTITY = 2_000_000
"""Values on which the numbers of a study depend: its designs have some hundred thousand."""

MOST_DEEP = 50

Rule = tuple["Callable[[Any], bool]", str]


class Wrong(ValueError):  # noqa: N818 - what it says of a manifest
    """A fact is not what could have been noted; the message is path, rule and value."""


def _text(most: int) -> Rule:
    """Return the rule that a fact is a text of so many letters at most."""
    return lambda fact: isinstance(fact, str) and len(fact) <= most, f"must be a text of at most {most:,} letters"


def _whole(least: int, most: int) -> Rule:
    """Return the rule that a fact is a whole number within bounds."""
    return (
        lambda fact: isinstance(fact, int) and not isinstance(fact, bool) and least <= fact <= most,
        f"must be a whole number from {least:,} to {most:,}",
    )


def _number(fact: Any) -> bool:
    """Return whether a fact is a cost: a number of moderate size."""
    return isinstance(fact, int | float) and not isinstance(fact, bool) and 0 <= fact < math.inf and fact < 1e18


def _texts(fact: Any, most: int, letters: int, together: int) -> bool:
    """Return whether a fact is a list of so many texts at most."""
    return (
        isinstance(fact, list)
        and len(fact) <= most
        and all(isinstance(one, str) and len(one) <= letters for one in fact)
        and sum(map(len, fact)) <= together
    )


def _of_type(kind: type, name: str) -> Rule:
    """Return the rule that a fact is a list, or a mapping, whose members are compared and no more."""
    return lambda fact: isinstance(fact, kind), f"must be a {name}"


def _digests(fact: Any) -> bool:
    """Return whether a fact is of digests by names."""
    return (
        isinstance(fact, dict)
        and len(fact) <= MOST_LETTERS
        and all(isinstance(one, str) and len(one) <= MOST_LETTERS for pair in fact.items() for one in pair)
    )


COST = (_number, "must be a number of at least 0")
MOMENT = _text(40)
DIGEST: Rule = (lambda fact: fact is None or (isinstance(fact, str) and len(fact) <= 64), "must be a digest or null")
WORDS: Rule = (
    lambda fact: _texts(fact, MOST_COMMAND, MOST_COMMAND, MOST_COMMAND),
    f"must be a list of texts of at most {MOST_COMMAND:,} letters together",
)

RULES: Mapping[str, Rule] = {
    "started": MOMENT,
    "finished": MOMENT,
    "language": _text(40),
    "command": WORDS,
    "seed": _whole(0, 2**63),
    "replications": _whole(1, MOST_REPLICATIONS),
    "pilot_runs": (
        lambda fact: _texts(fact, MOST_DESIGNS, MOST_LETTERS, MOST_DESIGNS * MOST_LETTERS),
        f"must be a list of at most {MOST_DESIGNS:,} names",
    ),
    "tables": (_digests, "must be digests by the names of tables"),
    **dict.fromkeys(("steps", "steps_a_second", "simulated", "peak_memory_mb"), COST),
}
"""By the name of a fact of a run, what it is; others are of other versions, and nothing asks for them."""

IDENTITY: Mapping[str, Rule] = {
    "model_version": _text(40),
    "form": _text(40),
    "seed": _whole(0, 2**63),
    "requests": _whole(0, 2**63),
    "pilots": _of_type(list, "list"),
    "study_points": _text(64),
    "own_measures": (_digests, "must be digests by the names of measures"),
    **dict.fromkeys(("knobs", "headlines", "checks", "tools"), WORDS),
    **dict.fromkeys(
        ("study", "trace", "causes", "network", "cases", "machine", "districts", "scale"), _of_type(dict, "mapping")
    ),
}
"""By the name of something that a study depends on, what it is; whatever else there is is only compared."""


def check_run(facts: Any, path: str) -> None:
    """Raise if the facts of a run are not what could have been noted.

    Raises
    ------
    Wrong
        Each fact must be of its kind, within its bounds.
    """
    if not isinstance(facts, dict):
        raise Wrong(f"{path} must be a mapping, got {shown(facts)}")
    _check_each(facts, path, {**RULES, **{name: DIGEST for name in facts if name.startswith("printed.")}})


def _check_each(facts: Mapping[str, Any], path: str, rules: Mapping[str, Rule]) -> None:
    """Raise if a fact is not what its rule says."""
    for name, fact in facts.items():
        holds, rule = rules.get(name, (None, ""))
        if holds is not None and not holds(fact):
            raise Wrong(f"{path}.{name} {rule}, got {shown(fact)}")


def check_identity(identity: Any) -> None:
    """Raise if what a study depends on is not what could have been noted, or larger than any study's.

    Raises
    ------
    Wrong
        It must be a mapping, each value of its kind, with a bounded number of values and levels.
    """
    if not isinstance(identity, dict):
        raise Wrong(f"identity must be a mapping, got {shown(identity)}")
    n = 0
    level: list[dict[str, Any] | list[Any]] = [identity]
    for _ in range(MOST_DEEP):
        inside = [one for node in level for one in (node.values() if isinstance(node, dict) else node)]
        n += len(inside)
        level = [one for one in inside if isinstance(one, dict | list)]
    if level or n > MOST_IDENTITY:
        raise Wrong(f"identity must have at most {MOST_IDENTITY:,} values and {MOST_DEEP} levels, got more")
    _check_each(identity, "identity", IDENTITY)


def check_keys(keys: Any) -> None:
    """Raise if names and keys of designs are not what could have been noted.

    Raises
    ------
    Wrong
        They must be texts of bounded length by names.
    """
    if not isinstance(keys, dict):
        raise Wrong(f"it must be a mapping, got {shown(keys)}")
    for name, key in keys.items():
        if len(name) > MOST_LETTERS or not isinstance(key, str) or len(key) > MOST_LETTERS:
            raise Wrong(f"{shown(name)} must be a name with a key, got {shown(key)}")
