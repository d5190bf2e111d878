"""The shipped validation cases, read and checked once."""

from sim.config.compose import CONFIGS
from sim.validation import cases

CASES = cases.load_folder(CONFIGS / "validation")
