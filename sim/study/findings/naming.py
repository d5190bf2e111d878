"""What the factors of a study are called in charts: the words of the model's description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.config.meaning import meaning_of, meanings

if TYPE_CHECKING:
    from sim.study.points.plan import Plan


def words(plan: Plan) -> dict[str, str]:
    """Return the factors that have words, by their names; two factors never have the same ones."""
    entries = meanings()
    archetypes = {name: {"title": one.title} for name, one in plan.first.procedures.archetypes.items()}
    named: dict[str, str] = {}
    for name in plan.factors:
        try:
            named[name] = meaning_of(name, entries, {"archetypes": archetypes})
        except ValueError:  # a group of configs, several keys together, or a knob that nobody has described
            continue
    counts = list(named.values())
    return {name: text for name, text in named.items() if counts.count(text) == 1}
