"""The first screen in what a command printed, and those that it keeps in every language."""

from sim.report.lines import CLOSING, WIDTH, cells
from sim.report.pages import Printed
from sim.report.screen import HEIGHT
from sim.study.folder import printed

IN_EACH_LANGUAGE = printed.in_each_language


def checked_in_each_language(made):
    """Return what is said in every language, its first screens checked: each fits a terminal."""
    said = IN_EACH_LANGUAGE(made)
    for language, one in said.items():
        lines = str(one.screen).splitlines() if isinstance(one, Printed) else []
        assert len(lines) <= HEIGHT, (language, lines)
        assert not [line for line in lines if cells(line) > WIDTH or line[:1] in tuple(CLOSING)], (language, lines)
    return said


def first_screen(said, beginning):
    """Return the first screen that a command ended with, checked to be one; it begins with these words."""
    lines = said.splitlines()
    (at,) = (i for i, line in enumerate(lines) if line.startswith(beginning))
    screen = lines[at:]
    assert lines[at - 1] == ""  # below what was said of the progress
    assert 5 <= len(screen) <= HEIGHT
    assert max(map(cells, screen)) <= WIDTH
    assert any(line.startswith("More: wangge show ") for line in screen[-2:])
    return "\n".join(screen)
