"""Charts of a study, made to be shown: the title says what is seen, the footer where it comes from.

Importing this package loads Matplotlib; programs that must start quickly import it late. Names come from
configs, so they are data: no character of theirs is read as a formula.
"""

from sim.charts.backlog import backlog
from sim.charts.differences import forest
from sim.charts.equity import equity
from sim.charts.flows import flows
from sim.charts.headline import headline
from sim.charts.journey import journey
from sim.charts.map import layer, map_figure
from sim.charts.organisation import organisation_figure
from sim.charts.page import Format, render
from sim.charts.persons import persons
from sim.charts.queues import queues
from sim.charts.style import COLOURS
from sim.charts.turnaround import turnaround_distribution
from sim.charts.workload import workload

__all__ = [
    "COLOURS",
    "Format",
    "backlog",
    "equity",
    "flows",
    "forest",
    "headline",
    "journey",
    "layer",
    "map_figure",
    "organisation_figure",
    "persons",
    "queues",
    "render",
    "turnaround_distribution",
    "workload",
]
