"""Charts of a study, made to be shown: the title says what is seen, the footer where it comes from.

Importing this package loads Matplotlib; programs that must start quickly import it late. Names come from
configs, so they are data: no character of theirs is read as a formula.
"""

from sim.charts.backlog import backlog
from sim.charts.curve import curve
from sim.charts.differences import forest
from sim.charts.equity import equity
from sim.charts.flows import flows
from sim.charts.headline import headline
from sim.charts.heat_map import heat_map
from sim.charts.indices import indices
from sim.charts.journey import journey
from sim.charts.main_effects import main_effects
from sim.charts.map import layer, map_figure
from sim.charts.organisation import organisation_figure
from sim.charts.page import Format, render
from sim.charts.pareto import pareto
from sim.charts.persons import persons
from sim.charts.queues import queues
from sim.charts.ranking import ranking
from sim.charts.style import COLOURS
from sim.charts.tornado import tornado
from sim.charts.turnaround import turnaround_distribution
from sim.charts.warm_up import warm_up
from sim.charts.workload import workload

__all__ = [
    "COLOURS",
    "Format",
    "backlog",
    "curve",
    "equity",
    "flows",
    "forest",
    "headline",
    "heat_map",
    "indices",
    "journey",
    "layer",
    "main_effects",
    "map_figure",
    "organisation_figure",
    "pareto",
    "persons",
    "queues",
    "ranking",
    "render",
    "tornado",
    "turnaround_distribution",
    "warm_up",
    "workload",
]
