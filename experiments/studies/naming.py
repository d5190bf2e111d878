"""What the factors of a study are called in charts: the words of `configs/meaning.yaml`, which fit more than a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.composition import CONFIGS
from experiments.document import meant

if TYPE_CHECKING:
    from experiments.studies.plan import Plan

MEANING = "meaning.yaml"


def words(plan: Plan) -> dict[str, str]:
    """Return the factors that have words, by their names; two factors never have the same ones."""
    import yaml

    meaning = yaml.safe_load((CONFIGS / MEANING).read_text(encoding="utf-8"))
    archetypes = {name: {"title": one.title} for name, one in plan.first.procedures.archetypes.items()}
    found: dict[str, str] = {}
    for name in plan.factors:
        try:
            found[name] = meant(name, meaning, {"archetypes": archetypes})
        except ValueError:  # a group of configs, several keys together, or a knob that nobody has described
            continue
    counts = list(found.values())
    return {name: told for name, told in found.items() if counts.count(told) == 1}
