"""Studies for tests: read from plain mappings, planned with composed configs that are shared."""

import polars as pl
import yaml
from setups.district import TINY

from sim.config import study_schema
from sim.config.compose import Line
from sim.study.points.composer import Composer
from sim.study.points.plan import planned

PLAIN = {
    "title": "a study",
    "pilots": ["three_level"],
    "design": "grid",
    "responses": ["turnaround_restricted_mean"],
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


# What a user types: studies of a tiny district in a folder of the user's own.
# Drained until nothing is open, as what is open withholds measures of so few requests.
DRAINED = (*TINY, "run.drain_weeks=16")
BASE = {key: yaml.safe_load(value) for key, value in (knob.split("=") for knob in DRAINED)}
OWN = ("--config-dir", "mine")


def write(folder, name="mine", **changes):
    """Write the file of a study of two points; changes replace its keys or add to them."""
    plain = {
        "title": "Size of a grid", "pilots": ["four_level"], "base": BASE, "factors": {"grid.households": [200, 300]},
        "design": "grid", "responses": ["counter_wait_mean"], "precision": {"replications": 2},
    }  # fmt: skip
    studies = folder / "mine" / "study"
    studies.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump({**plain, **changes}, sort_keys=False, allow_unicode=True)
    (studies / f"{name}.yaml").write_text(text)


def table(name, study="mine"):
    """Return a final table of a study in this folder."""
    return pl.read_parquet(f"results/{study}/{name}.parquet")
