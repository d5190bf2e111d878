"""What stands in a figure, and whether it can be read."""

import itertools

from matplotlib.text import Text

# Names that are markup, a formula or an escape to whoever takes them for one.
NASTY = ("_four$x^2$ & <script>alert(1)</script>", "[red]x[/red] a$b$<b>", "three\nlevel\x1b[31m" + "_long" * 20)


def shown_texts(figure):
    """Return the texts of a figure that are drawn."""
    unseen = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            unseen |= {t.label1 for t in axis.get_major_ticks() if not low <= t.get_loc() <= high}
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in unseen]


def words(figure):
    """Return the texts of a figure, one a line."""
    return "\n".join(t.get_text() for t in shown_texts(figure))


def assert_legible(figure):
    """Assert that no text leaves the page or lies upon another."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in shown_texts(figure)]
    width, height = figure.canvas.get_width_height()
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    for (text, a), (other, b) in itertools.combinations(boxes, 2):
        # A pixel is allowed for: boxes of text include empty space above and below the letters.
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= 1 or down <= 1, f"{text!r} overlaps {other!r}"
