"""Charts of comparisons and studies. The title says what the chart shows, the footer where the numbers come from.

Importing this package loads Matplotlib; programs that must start quickly import it late. Names come from
configs, so they are data: no character of theirs is read as a formula.
"""

from sim.charts.comparison.backlog import backlog
from sim.charts.comparison.differences import forest
from sim.charts.comparison.equity import equity
from sim.charts.comparison.flows import flows
from sim.charts.comparison.load import load
from sim.charts.comparison.map import layer, map_figure
from sim.charts.comparison.organisation import organisation_figure
from sim.charts.comparison.pairs import pairs
from sim.charts.comparison.persons import persons
from sim.charts.comparison.plane import plane
from sim.charts.comparison.queues import queues
from sim.charts.comparison.slide import slide
from sim.charts.comparison.turnaround import turnaround_distribution
from sim.charts.comparison.waits import waits
from sim.charts.comparison.workload import workload
from sim.charts.headline import headline
from sim.charts.page import render
from sim.charts.size import sized
from sim.charts.study.contributions import contributions
from sim.charts.study.curve import curve
from sim.charts.study.heat_map import heat_map
from sim.charts.study.indices import indices
from sim.charts.study.main_effects import main_effects
from sim.charts.study.panels import panels
from sim.charts.study.pareto import pareto
from sim.charts.study.ranking import ranking
from sim.charts.study.tornado import tornado
from sim.charts.study.warm_up import warm_up
from sim.charts.style import COLOURS
from sim.report.formats import Format, Size

__all__ = [
    "COLOURS",
    "Format",
    "Size",
    "backlog",
    "contributions",
    "curve",
    "equity",
    "flows",
    "forest",
    "headline",
    "heat_map",
    "indices",
    "layer",
    "load",
    "main_effects",
    "map_figure",
    "organisation_figure",
    "pairs",
    "panels",
    "pareto",
    "persons",
    "plane",
    "queues",
    "ranking",
    "render",
    "sized",
    "slide",
    "tornado",
    "turnaround_distribution",
    "waits",
    "warm_up",
    "workload",
]
