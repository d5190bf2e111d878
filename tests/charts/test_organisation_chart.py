import re

import pytest
from matplotlib.patches import Rectangle
from setups.district import composed, mapping, organised, pilot, tiny
from setups.figures import assert_legible

from sim import config
from sim.charts import organisation_figure, render

A4 = (11.69, 8.27)


def chart(a_pilot):
    return organisation_figure(organised(a_pilot), "Many inputs are assumptions.")


def words(figure):
    """All text of a chart, broken lines joined."""
    lines = [t.get_text() for t in figure.texts] + [t.get_text() for axes in figure.axes for t in axes.texts]
    return re.sub(r"\s+", " ", " ".join(lines))


@pytest.mark.parametrize("name", ["four_level", "three_level", "three_level_all_down"])
def test_a_shipped_pilot_fits_on_a_page_of_a4_with_no_word_upon_another(name):
    figure = chart(pilot(name))
    assert figure.get_size_inches() == pytest.approx(A4)
    assert_legible(figure)
    assert min(text.get_fontsize() for text in figure.axes[0].texts) >= 7


def test_four_levels_are_told_as_they_are_staffed():
    told = words(chart(pilot("four_level")))
    assert "298 staff, 60 in the district, 120 in 5 street offices and 118 in 31 communities" in told
    assert "31 community secretaries and 87 community workers: 2 to 5 heads in each." in told
    assert "street 5: 24 heads" in told
    assert "186 grids of about 250 households, each owned by one head, 1 to 3 a head." in told
    assert "The 17 lines of work are shared out among them" in told
    assert "Due in a grid: 2 home visits a year to a household, 12 where special care is needed;" in told
    assert "A window for each specialism, kept by whoever is free." in told
    assert "The next colleague stands in for the absent" in told
    assert "goes before residents" not in told
    assert "abolished" not in told.replace("outside the model, or abolished", "")
    assert "From the street" not in told


def test_a_worker_a_line_is_told_as_such():
    told = words(chart(pilot("four_level_lines")))
    assert "A window for each specialism, kept by those who own the lines." in told
    assert "Nobody stands in for the absent" in told
    first_model = words(chart(tiny("four_level", "conduct=ledgers_first")))
    assert "work from above that is due goes before residents" in first_model


def test_three_levels_say_what_was_abolished_and_where_its_work_and_staff_went():
    told = words(chart(pilot("three_level")))
    assert "of 120 heads 51 go down to the communities and 69 go up to the district." in told
    assert "Goes to the district: enforcement, economic work and justice." in told
    assert "From the street, sent up: enforcement, economic work and justice." in told
    assert "From the street, sent down: public services and party work." in told
    assert "A post: one of 6 specialisms, which share the 17 lines" in told
    assert "B post: 186 grids of about 250 households, each owned by one head, 1 to 2 a head." in told
    assert "Due in a grid: a patrol of 1 h a day, 2 home visits a year to a household," in told
    assert "One window for all lines, kept by whoever is free." in told
    all_down = words(chart(pilot("three_level_all_down")))
    assert "5 street offices are abolished; of 120 heads all go down to the communities." in all_down
    assert "each owned by one head, 1 a head; 52 heads have none." in all_down
    rota = words(chart(pilot("three_level", "service.desk=rota")))
    assert "One window for all lines, kept in turns by at most 3 a point; nobody else has desk hours." in rota


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ("b_first", "First the grid (B), then the desk and files (A)"),
        ("oldest", "First whoever has waited longest"),
        ("longest", "First the longest queue"),
        ("split", "then the grid (B) for the last 35% of each day"),
    ],
)
def test_the_order_of_roles_is_told(order, sentence):
    assert sentence in words(chart(tiny("three_level", f"roles.order={order}")))


@pytest.mark.parametrize("name", ["four_level", "three_level_dedicated", "three_level_generalist"])
def test_the_order_of_roles_names_no_posts_where_nobody_has_two(name):
    told = words(chart(tiny(name, "roles.order=b_first")))
    assert "First the grid, then the desk and files." in told
    assert "(A)" not in told
    split = words(chart(tiny(name, "roles.order=split")))
    assert ("for the last 35% of each day" in split) == (name == "three_level_generalist")


def test_cover_and_duties_that_are_not_asked_for_are_told():
    told = words(chart(tiny("three_level", "grid.patrol_duty_share=0.5", "grid.visits.duty_share=0.2")))
    assert "The next colleague stands in for the absent" in told
    assert "a patrol of 1 h a day (50% of it is asked for)" in told
    assert "12 where special care is needed (20% of it is asked for)" in told
    assert "Nobody stands in for the absent" in words(chart(tiny("three_level", "roles.cover=none")))


def test_a_function_that_returns_upwards_is_told_at_both_levels():
    plain = mapping("four_level")
    plain["structure"]["performs"]["community"]["economic"] = "street"
    told = words(chart(config.load(plain)))
    assert "Goes to the street: economic work." in told
    assert "From the community, sent up: economic work." in told
    assert "Of what today's law gives it: public services, enforcement, justice and party work." in told


def test_every_unit_has_a_box_under_its_parent():
    axes = chart(tiny()).axes[0]
    rows = {}
    for box in (p for p in axes.patches if isinstance(p, Rectangle) and p.get_height() > 0.3):
        rows.setdefault(round(box.get_y(), 3), []).append(box)
    assert [len(rows[y]) for y in sorted(rows)] == [1, 1, 2, 4, 4]  # city, district, streets, communities, grids
    streets, communities = rows[sorted(rows)[2]], rows[sorted(rows)[3]]
    middle = [box.get_x() + box.get_width() / 2 for box in communities]
    assert middle[1] < streets[1].get_x()
    assert middle[2] > streets[0].get_x() + streets[0].get_width()


def test_more_units_than_fit_are_one_box_that_counts_them():
    many = tiny("four_level", "district.communities=60", "staffing.community_heads=200", "grid.households=20")
    told = words(chart(many))
    assert "60 communities" in told
    assert "107 grids" in told


def test_a_title_of_a_pilot_is_text_and_nothing_else():
    plain = dict(composed("four_level"))
    plain["title"] = "$x^2$ <script>alert(1)</script>"
    svg = render(chart(config.load(plain)), "svg").decode()
    assert "<script>" not in svg
    assert "$x^2$ &lt;script&gt;" in svg
