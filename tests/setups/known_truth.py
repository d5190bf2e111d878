"""Points of a study whose replications are drawn from laws that are known, in place of simulations of a district."""

import io
from dataclasses import dataclass, field

import numpy as np
from rich.console import Console

from sim.study.budget.runs import Runs
from sim.study.points.screening import Screened

MOST = 200
"""Replications that there are of a point."""

UNITS = {"left_unserved": "share", "on_time": "share", "patrols_done": "share"}


@dataclass
class Drawn(Runs):
    """Runs whose values come from laws, each point and response on its own luck.

    `laws` gives the values of all replications from a generator, by point and response; without a law all are 0.
    """

    laws: dict = field(default_factory=dict)
    seed: int = 0
    counts_: dict = field(default_factory=dict)
    drawn: dict = field(default_factory=dict)

    def ensure(self, wanted, label="replications"):
        for name, n in wanted.items():
            self.counts_[name] = max(self.counts_.get(name, 0), n)

    def count(self, name):
        return self.counts_.get(name, 0)

    def observations(self, name, response):
        return np.full(self.count(name), 100.0)

    def unit(self, response):
        return UNITS.get(response.measure, "minutes")

    def values(self, name, response, n=None):
        key = (name, str(response))
        if key not in self.drawn:
            law = self.laws.get(key, lambda generator: np.zeros(MOST))
            self.drawn[key] = law(np.random.default_rng([self.seed, *(ord(c) for c in "/".join(key))]))
        return self.drawn[key][: self.count(name) if n is None else n]


def drawn(plan, laws, seed=0, n=0):
    """Return the runs of a plan's points by these laws, with n replications each."""
    runs = Drawn(None, plan.pilots, dict.fromkeys(plan.pilots, "key"), None, (), Console(file=io.StringIO()))
    runs.laws, runs.seed = laws, seed
    runs.ensure(dict.fromkeys(plan.pilots, n))
    return runs


def screened(plan, heads=None):
    """Return a screening of a plan's points: nobody is overloaded."""
    return {name: Screened((heads or {}).get(name, 100 + i), ()) for i, name in enumerate(plan.pilots)}


def normal(mean, sd):
    """Return a law of normal values around a mean."""
    return lambda generator: generator.normal(mean, sd, MOST)
