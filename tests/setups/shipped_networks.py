"""The queueing networks that ship, by name."""

from functools import cache

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from setups.district import CONFIGS

from sim.queueing import sample

NAMES = sorted(path.stem for path in (CONFIGS / "network").glob("*.yaml"))


@cache
def plan_of(name):
    """Return the checked plan of a shipped network."""
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        composed = compose(f"network/{name}")
    return sample.load(OmegaConf.to_container(composed, resolve=True)["network"])
