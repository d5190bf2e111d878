import io
import threading

import pytest
from rich.console import Console

from sim.language import chosen, speaking
from sim.report import console
from sim.report.console import Progress


class Heard(io.StringIO):
    """A log that tells when a word was said in it."""

    def __init__(self, word):
        super().__init__()
        self.word, self.said = word, threading.Event()

    def write(self, text):
        n = super().write(text)
        if self.word in self.getvalue():
            self.said.set()
        return n


@pytest.mark.parametrize(("name", "word"), [("en", "0 of 3: at work for 0 s"), ("zh", "0/3：仍在运行")])
def test_a_long_run_says_in_a_log_that_it_is_at_work_until_it_ends(monkeypatch, name, word):
    monkeypatch.setattr(console, "SHORTEST_SILENCE", 0.01)
    log = Heard(word)
    with speaking(chosen(name)), Progress.start(Console(file=log, width=100), "replications", 3) as bar:
        assert log.said.wait(20)
    assert bar.ended.is_set()


@pytest.mark.parametrize("options", [{"quiet": True}, {"force_terminal": True}])
def test_nothing_is_said_where_a_bar_shows_it_or_nothing_is_to_be_shown(monkeypatch, options):
    monkeypatch.setattr(console, "SHORTEST_SILENCE", 0.01)
    log = Heard("at work")
    with Progress.start(Console(file=log, width=100, **options), "replications", 3):
        assert not log.said.wait(0.3)


def test_work_without_a_count_says_what_it_is_at_once_and_then_how_long_it_has_been(monkeypatch):
    monkeypatch.setattr(console, "SHORTEST_SILENCE", 0.01)
    log = Heard("  at work for 0 s")
    with console.at_work(Console(file=log, width=100), "Judging ..."):
        assert log.getvalue().startswith("Judging ...\n")
        assert log.said.wait(20)
    ended = len(log.getvalue())
    log.said.clear()
    assert not log.said.wait(0.1)
    assert len(log.getvalue()) == ended


@pytest.mark.parametrize("options", [{"quiet": True}, {"force_terminal": True}])
def test_work_says_no_line_where_a_sign_moves_or_nothing_is_to_be_shown(monkeypatch, options):
    monkeypatch.setattr(console, "SHORTEST_SILENCE", 0.01)
    log = Heard("at work for")
    with console.at_work(Console(file=log, width=100, **options), "Judging ..."):
        assert not log.said.wait(0.3)
    assert log.getvalue().startswith("Judging ") == ("quiet" not in options)
