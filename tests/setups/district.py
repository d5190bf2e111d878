"""Pilots for the tests of the district model: composed from the shipped configs, whole or tiny."""

import copy
from functools import cache
from pathlib import Path

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from sim import config
from sim.district import assemble, demand, organisation, place
from sim.district.office_hours import OfficeTime

CONFIGS = Path(__file__).parents[2] / "configs"
PILOTS = ("four_level", "three_level", "three_level_all_down")
ALL_PILOTS = (
    *PILOTS,
    *(f"four_level_{how}" for how in ("better", "lines", "patrols", "contacts")),
    "flatten_only",
    "sink_only",
    "merge_only",
    *(f"three_level_{how}" for how in ("better", "dedicated", "generalist", "expected", "enforcement_below")),
)

STREET_HOURS = {"economic": 3496, "enforcement": 2913, "justice": 1165, "party": 1748, "relay": 2331}
DISTRICT_HOURS = {"public_service": 3825, "economic": 1912, "enforcement": 1912, "justice": 956, "party": 956}

# Four communities of 3 or 4 heads in two streets on one place, over three weeks; their first Monday is a holiday.
TINY = (
    "district.population=6000",
    "district.communities=4",
    "district.place=fixed",
    "district.streets=2",
    "district.built_up_km2=1",
    "staffing.community_heads=14",
    "staffing.street_heads=12",
    "staffing.district_heads=8",
    "district.work.from_above_hours=12550",
    *(f"district.work.street_hours.{work}={hours}" for work, hours in STREET_HOURS.items()),
    *(f"district.work.district_hours.{work}={hours}" for work, hours in DISTRICT_HOURS.items()),
    "mechanisms.premises.smallest_m2=[10]",
    "run.warm_up_weeks=1",
    "run.measured_weeks=1",
    "run.drain_weeks=1",
)


@cache
def composed(name, *groups):
    """Return the composed config of a pilot, with other choices of groups, as plain data (shared: never change it)."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(config_dir=str(CONFIGS), version_base="1.3"):
        config_of = compose("main", overrides=[f"pilot={name}", *groups])
    return OmegaConf.to_container(config_of, resolve=True)


def mapping(name="four_level", *overrides):
    """Return the config of a pilot with Hydra overrides, as plain data.

    Values are set on a copy, as Hydra would set them: composing again for each would be most of the tests' time.
    """
    values = [o for o in overrides if "." in o.partition("=")[0]]
    plain = copy.deepcopy(composed(name, *(o for o in overrides if o not in values)))
    for override in values:
        path, _, value = override.partition("=")
        at = plain
        *parents, last = path.split(".")
        for part in parents:
            at = at[part]
        if last not in at:
            raise KeyError(path)
        at[last] = yaml.safe_load(value)
    return plain


@cache
def pilot(name="four_level", *overrides):
    """Return a checked pilot of the shipped district."""
    return config.load(mapping(name, *overrides))


def tiny(name="four_level", *overrides):
    """Return a pilot of a district of 6,000 people; merged structures have two communities."""
    merged = () if name.startswith("four_level") or name == "sink_only" else ("structure.communities=2",)
    return pilot(name, *TINY, *merged, *overrides)


@cache
def place_of(name="four_level", *overrides):
    """Return the place of a shipped pilot."""
    return place.build_place(pilot(name, *overrides))


def organised(a_pilot):
    """Return the organisation of a pilot on its place."""
    return organisation.build_organisation(a_pilot, place.build_place(a_pilot))


def office(a_pilot):
    """Return the office time over a pilot's horizon."""
    return OfficeTime.from_calendar(a_pilot.district.calendar, a_pilot.run.weeks)


def case(a_pilot, replication=0):
    """Return the network of one replication of a pilot, with its labels."""
    where = place.build_place(a_pilot, replication=replication)
    drawn = demand.draw(a_pilot, where, replication)
    plan = assemble.plan(organisation.build_organisation(a_pilot, where), office(a_pilot), drawn, replication)
    return plan.complete()
