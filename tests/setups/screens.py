"""The first screen in what a command printed."""

from sim.report.lines import WIDTH
from sim.report.screen import HEIGHT


def first_screen(said, beginning):
    """Return the first screen that a command ended with, checked to be one; it begins with these words."""
    lines = said.splitlines()
    (at,) = (i for i, line in enumerate(lines) if line.startswith(beginning))
    screen = lines[at:]
    assert lines[at - 1] == ""  # below what was said of the progress
    assert 5 <= len(screen) <= HEIGHT
    assert max(map(len, screen)) <= WIDTH
    assert any(line.startswith("More: wangge show ") for line in screen[-2:])
    return "\n".join(screen)
