from functools import cache

import numpy as np
import polars as pl
import pytest
from matplotlib.colors import to_hex
from setups.district import composed, organised, tiny
from setups.figures import assert_legible

from sim import config
from sim.charts import layer, map_figure, render
from sim.charts.comparison.map import Layer
from sim.district import outlines
from sim.errors import ConfigError
from sim.study.replication import simulate

PILOTS = ("four_level", "three_level")
FOOTER = "Seed 0, 2 replications. Many inputs are assumptions."


OWED = "grid.patrol_duty_share=1"


@cache
def designs(*names):
    return {name: organised(tiny(name, OWED)) for name in names or PILOTS}


@cache
def measured():
    parts = []
    for name in PILOTS:
        for replication in (0, 1):
            table = simulate(tiny(name, OWED), replication)[0]["measures"]
            keys = pl.lit(name).alias("pilot"), pl.lit(replication, pl.Int64).alias("replication")
            parts.append(table.with_columns(keys))
    return pl.concat(parts)


def table(rows):
    names = ["pilot", "replication", "measure", "group", "unit", "value"]
    return pl.DataFrame(rows, schema=names, orient="row")


def trips(pilots=PILOTS, first=1.0):
    values = [first, 2.0, 3.0, 4.0]
    return table(
        [(p, 0, "trips", f"community:{i:02d}", "per request", v) for p in pilots for i, v in enumerate(values, start=1)]
    )


def texts(figure):
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts] + [axes.get_xlabel(), axes.get_ylabel()]
    return found


def maps(figure):
    """The axes of the maps, without that of the scale."""
    return [axes for axes in figure.axes if axes.get_aspect() == 1.0 and axes.collections and axes.texts]


def fills(axes):
    """The colours of the areas with a number, one each."""
    return [to_hex(colour) for colour in axes.collections[0].get_facecolor()]


def markers(axes, level):
    return next((line for line in axes.lines if line.get_label() == level), None)


def test_two_pilots_stand_side_by_side_on_one_scale_with_its_unit():
    shown = layer(measured(), designs(), "trips")
    figure = map_figure(designs(), shown, FOOTER)
    left, right = maps(figure)
    assert left.get_position().y0 == right.get_position().y0
    assert left.get_position().x1 < right.get_position().x0
    scale = figure.axes[-1]
    low, high = scale.get_xlim()
    assert scale.get_xlabel() == f"Trips to an office (per request); dark is more; the scale starts at {low:g}"
    together = np.concatenate(list(shown.values.values()))
    assert low <= np.nanmin(together) < np.nanmax(together) <= high
    assert FOOTER in texts(figure)
    assert "four levels (today)" in texts(figure)
    assert any("no map of real streets" in text for text in texts(figure))


def test_service_points_are_drawn_where_their_households_are():
    pilots = {"three_level": organised(tiny("three_level", "service.points=2"))}
    figure = map_figure(pilots, layer(trips(("three_level",)), pilots, "trips"))
    place = pilots["three_level"].place
    drawn = markers(maps(figure)[0], "service point")
    assert np.column_stack(drawn.get_data()) == pytest.approx(outlines.centroids(place, place.point))
    assert "service point" in texts(figure)
    assert "service point" not in texts(map_figure(designs(), layer(trips(), designs(), "trips")))


def test_the_same_value_has_the_same_colour_under_both_pilots_and_more_is_darker():
    figure = map_figure(designs(), layer(trips(), designs(), "trips"))
    left, right = maps(figure)
    assert fills(left) == fills(right)
    luminance = [sum(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in fills(left)]
    assert luminance == sorted(luminance, reverse=True)
    assert len(set(luminance)) == 4


def test_residents_measures_lie_on_todays_communities_and_borders_are_the_pilots():
    figure = map_figure(designs(), layer(trips(), designs(), "trips"))
    for axes, design in zip(maps(figure), designs().values(), strict=True):
        borders = {c.get_label(): len(c.get_paths()) for c in axes.collections}
        assert len(axes.collections[0].get_paths()) == 4
        assert borders["community"] == len(design.place.community_households)
        assert borders["grid"] == len(design.place.grid_households)
        thin, thick = (next(c for c in axes.collections if c.get_label() == n) for n in ("grid", "community"))
        assert thick.get_linewidth()[0] > 3 * thin.get_linewidth()[0]
    assert borders["community"] == 2  # of the second pilot


def test_duties_are_coloured_by_grid_and_busy_staff_by_community_of_the_design():
    for measure, by, n in (
        ("patrols_done", "grid", [9, 9]),
        ("visits_done", "grid", [9, 9]),
        ("utilisation", "unit", [4, 2]),
    ):
        shown = layer(measured(), designs(), measure)
        assert shown.by == by
        assert [len(v) for v in shown.values.values()] == n
        assert np.isfinite(np.concatenate(list(shown.values.values()))).all()


def test_a_value_is_the_mean_over_the_replications_of_its_own_area():
    shown = layer(measured(), designs(), "patrols_done")
    mine = measured().filter(
        pl.col("pilot") == "three_level", pl.col("measure") == "patrols_done", pl.col("group") == "grid:003"
    )
    assert len(mine) == shown.replications == 2
    assert shown.values["three_level"][2] == pytest.approx(mine["value"].mean())


def test_areas_cover_the_map_and_offices_stand_at_the_centroids():
    figure = map_figure(designs(), layer(measured(), designs(), "patrols_done"))
    for axes, design in zip(maps(figure), designs().values(), strict=True):
        side = axes.get_xlim()[1]
        assert side == pytest.approx(1.0)  # of a square of one square kilometre
        covered = sum(
            0.5 * abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))
            for path in axes.collections[0].get_paths()
            for x, y in (polygon.T for polygon in path.to_polygons())
        )
        assert covered == pytest.approx(side**2)
        place = design.place
        units = {"community": place.community, "street": place.street, "district": np.zeros_like(place.street)}
        for level, unit in units.items():
            line = markers(axes, level)
            assert (line is not None) == (level in design.pilot.structure.levels)
            if line is not None:
                assert np.allclose(line.get_xydata(), outlines.centroids(place, unit))
    kinds = {markers(maps(figure)[0], level).get_marker() for level in ("community", "street", "district")}
    assert len(kinds) == 3


def test_a_scale_of_lengths_is_as_long_as_it_says():
    axes = maps(map_figure(designs(), layer(trips(), designs(), "trips")))[0]
    said = next(text.get_text() for text in axes.texts if text.get_text().endswith(" km"))
    length = np.ptp(next(line for line in axes.lines if np.all(line.get_ydata() < 0)).get_xdata())
    assert said == f"{length:g} km" == "0.2 km"


def test_what_is_withheld_in_one_replication_is_hatched_and_explained():
    late = table([("four_level", 1, "trips", "community:02", "per request", float("nan"))])
    shown = layer(pl.concat([trips(), late]), designs(), "trips")
    assert np.isnan(shown.values["four_level"]).tolist() == [False, True, False, False]
    figure = map_figure(designs(), shown)
    left, right = maps(figure)
    assert [len(axes.collections[1].get_paths()) for axes in (left, right)] == [1, 0]
    assert left.collections[1].get_hatch()
    assert "withheld, not owed, or nothing to measure" in texts(figure)
    assert "withheld, not owed, or nothing to measure" not in texts(
        map_figure(designs(), layer(trips(), designs(), "trips"))
    )


def test_a_map_of_nothing_says_so_and_has_no_scale():
    nothing = Layer("trips", "per request", "community", {p: np.full(4, np.nan) for p in PILOTS}, {}, {}, 2)
    figure = map_figure(designs(), nothing)
    assert any("withheld everywhere under four levels (today)" in text for text in texts(figure))
    assert len(figure.axes) == 2


def test_a_map_of_a_duty_of_which_none_is_owed_says_so():
    one, owed = designs(), [("three_level", 0, "patrols_done", f"grid:{g:03d}", "share", 0.5) for g in range(1, 10)]
    nothing = [("four_level", 0, "patrols_done", f"grid:{g:03d}", "share", np.nan) for g in range(1, 10)]
    shown = texts(map_figure(one, layer(table([*nothing, *owed]), one, "patrols_done")))
    assert any("not owed under four levels (today)" in text for text in shown)
    assert not any("withheld everywhere" in text for text in shown)


def test_the_title_says_from_where_to_where_and_shares_are_told_in_per_cent():
    done = [("four_level", 0, "patrols_done", f"grid:{g:03d}", "share", 0.1 * g) for g in range(1, 10)]
    one = designs("four_level")
    figure = map_figure(one, layer(table(done), one, "patrols_done"))
    assert "Patrols done of those due, across grids: 10 to 90% under four levels (today)" in " ".join(texts(figure))
    assert figure.axes[-1].get_xlim() == (0, 100)


def test_who_left_or_is_not_finished_is_told_beside_what_says_nothing_of_them():
    assert any(
        "left unserved" in t and "still open" in t
        for t in texts(map_figure(designs(), layer(measured(), designs(), "turnaround_p50")))
    )
    assert not any(
        "left unserved" in t for t in texts(map_figure(designs(), layer(measured(), designs(), "patrols_done")))
    )


def test_a_measure_that_is_not_kept_by_place_is_refused_with_those_that_are():
    with pytest.raises(ConfigError) as told:
        layer(measured(), designs(), "turnaround_p5")
    assert str(told.value).startswith(
        "map must be a measure that these results keep by community or grid (did you mean turnaround_p50"
    )
    assert str(told.value).endswith("got turnaround_p5")
    with pytest.raises(ConfigError, match=r"got overtime$"):
        layer(measured(), designs(), "overtime")


def test_results_without_any_place_and_pilots_without_the_measure_are_refused():
    of_all = measured().filter(pl.col("group") == "all")
    with pytest.raises(ConfigError, match=r"got trips: they keep none so \(replications have places of"):
        layer(of_all, designs(), "trips")
    with pytest.raises(ConfigError, match=r"a measure of every pilot, got trips, which three_level has not"):
        layer(trips(("four_level",)), designs(), "trips")


def test_every_map_that_a_comparison_draws_can_be_drawn_and_is_the_same_each_time():
    for measure in tiny("four_level").report.maps:
        shown = layer(measured(), designs(), measure)
        assert_legible(map_figure(designs(), shown, FOOTER))
        assert render(map_figure(designs(), shown), "svg") == render(map_figure(designs(), shown), "svg")


@pytest.mark.parametrize("n", [1, 3, 4])
def test_any_number_of_pilots_fits_without_one_upon_the_other(n):
    many = {f"pilot{i}": organised(tiny("four_level", f"structure.relay_minutes={i + 1}")) for i in range(n)}
    figure = map_figure(many, layer(trips(tuple(many)), many, "trips"))
    boxes = [axes.get_position() for axes in maps(figure)]
    assert len(boxes) == n
    assert_legible(figure)
    for i, a in enumerate(boxes):
        assert 0 <= a.x0 < a.x1 <= 1
        assert 0 <= a.y0 < a.y1 <= 1
        assert not any(a.overlaps(b) for b in boxes[i + 1 :])


def test_a_title_of_a_pilot_is_text_and_nothing_else():
    plain = dict(composed("four_level"))
    plain["title"] = "$x^2$ <script>alert(1)</script>"
    nasty = {"four_level": organised(config.load(plain))}
    values = table([("four_level", 0, "trips", f"community:{i:02d}", "per request", 1.0) for i in range(1, 32)])
    svg = render(map_figure(nasty, layer(values, nasty, "trips")), "svg").decode()
    assert "<script>" not in svg
    assert "$x^2$ &lt;script&gt;" in svg
