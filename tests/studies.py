"""Studies for tests: read from plain mappings, planned with composed configs that are shared."""

from sim.config import study_schema
from sim.config.compose import Line
from sim.study.points.composer import Composer
from sim.study.points.plan import planned

PLAIN = {
    "title": "a study",
    "pilots": ["three_level_balanced"],
    "design": "grid",
    "responses": ["turnaround_mean"],
}


def study(**keys):
    """Return a checked study of one pilot; keys replace or add to a plain one."""
    return study_schema.load({**PLAIN, **keys})


def plan(*overrides, config_dir=None, **keys):
    """Return the plan of a study, composed as a user's would be."""
    return planned(study(**keys), Line(tuple(overrides), config_dir))


def composer(*overrides, config_dir=None, **keys):
    """Return a composer of the designs of a study."""
    return Composer(study(**keys), Line(tuple(overrides), config_dir))
