"""The tables of effects are what the charts of studies take, reasons and gaps included."""

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure

from sim import charts
from sim.statistics.effects import curve, heat, main_effects
from sim.statistics.pareto import pareto
from sim.statistics.reasons import Text
from sim.statistics.responses import Response
from sim.statistics.sobol import indices, sobol_settings
from sim.statistics.swings import one_at_a_time, tornado
from sim.statistics.warm_up import warm_up

NOISE = np.array([-1.0, 0.5, 0.2, -0.4])
SETTINGS = pl.DataFrame(
    [(3 * h + g, heads, grid) for h, heads in enumerate((150, 200, 238)) for g, grid in enumerate((100, 300, 500))],
    schema=["setting", "heads", "grid"],
    orient="row",
)


@pytest.fixture
def response():
    values = {s: 900 / heads + 0.01 * grid + NOISE * 0.3 * (s + 3) for s, heads, grid in SETTINGS.iter_rows()}
    del values[2]
    values[5] = values[5] * np.nan
    return Response("turnaround_p90", "working days", values, {2: Text("no staff is left for 500 households")})


def texts(figure):
    """Return all words of a figure."""
    assert isinstance(figure, Figure)
    found = [t.get_text() for axes in figure.axes for t in axes.texts] + [t.get_text() for t in figure.texts]
    return " ".join(found).replace("\n", " ")


def test_main_effects_curves_and_cells_are_drawn_with_the_reason_of_what_is_missing(response):
    assert "withheld" in texts(
        charts.curve(curve(SETTINGS, response, "grid", "heads").spoken(), "Curves", factor="grid")
    )
    assert "no staff is left" in texts(charts.heat_map(heat(SETTINGS, response, "heads", "grid").spoken(), "Cells"))
    assert charts.main_effects(main_effects(SETTINGS, response, ["heads", "grid"]).spoken(), "Means").axes


def test_swings_and_fronts_are_drawn(response):
    table, base = tornado(one_at_a_time(SETTINGS, response, 4, ["heads", "grid"]))
    told = (base.estimate, base.low, base.high)
    assert "withheld" in texts(
        charts.tornado(table.spoken(), told, "Swings", effect_label="turnaround", unit="working days")
    )
    values = [response.values[s] for s in (0, 3, 6)]
    front = pareto(["150 heads", "200 heads", "238 heads"], [3, 2, 1], values, [True, False, True])
    figure = charts.pareto(front, "Front", cost_label="cost (m yuan)", response_label="turnaround")
    assert "238 heads" in texts(figure)


def test_shares_and_warm_ups_are_drawn():
    u = sobol_settings(64, 2, 0)
    found = indices((3 * u[:, :1] + u[:, 1:] ** 2) + NOISE * 0.1, ["heads", "grid"])
    assert "heads" in texts(charts.indices(found.table, "Shares", response_label="turnaround"))
    backlog = 50 - 40 * np.exp(-np.arange(40) / 4)[:, None] + np.random.default_rng(0).normal(0, 1, (40, 4))
    pilot = warm_up({"old": backlog}, 2)
    weeks = dict(pilot.chosen.select("series", "weeks").rows())
    assert charts.warm_up(pilot.table, weeks, "Warm-up", response_label="backlog", unit="hours").axes
