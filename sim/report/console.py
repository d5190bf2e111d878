"""The terminal, and the progress of a run: a bar in a terminal, a line at every tenth elsewhere."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sim.language import N_, gettext
from sim.report.lines import folded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console


def terminal() -> Console:
    """Return the terminal; a file or pipe is written as wide as COLUMNS says, or else 120 columns."""
    from rich.console import Console

    class Terminal(Console):
        """A console on which no text moves the cursor, changes the colours or the direction."""

        def print(self, *objects: Any, **options: Any) -> None:
            """Print texts without the characters that are not for reading."""
            width = 0 if options.get("soft_wrap") else self.width
            super().print(*(_shown(one, width) if isinstance(one, str) else one for one in objects), **options)

    console = Terminal(highlight=False)
    if console.is_terminal:
        return console
    columns = os.environ.get("COLUMNS", "")
    return Terminal(highlight=False, width=int(columns) if columns.isdecimal() and 0 < int(columns) < 10_000 else 120)


def _readable(text: str) -> str:
    """Return a text, its lines as they are, with other control and direction characters as spaces."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


def _shown(text: str, width: int) -> str:
    """Return a text as a terminal of this width is shown it; 0: its lines may be of any."""
    return folded(_readable(text), width) if width else _readable(text)


def say(text: str, *, error: bool = False) -> None:
    """Print a text as it is, without the characters that are not for reading: it may be a stranger's."""
    print(_readable(text), file=sys.stderr if error else sys.stdout)


def quiet() -> Console:
    """Return a console that prints nothing."""
    from rich.console import Console

    return Console(quiet=True)


def for_a_caller() -> Console:
    """Return where a Python caller sees the progress of a run: a terminal or a notebook's cell, else nowhere."""
    from rich.console import Console

    console = Console(highlight=False)
    if console.is_jupyter:  # plain lines: no widgets that may not be installed
        return Console(highlight=False, width=100, force_jupyter=False, force_terminal=False)
    return console if console.is_terminal else quiet()


LINES = {
    "kept": N_("{done} of {total}: kept {what}"),
    "ran": N_("{done} of {total}: ran {what}"),
    "elsewhere": N_("{done} of {total}: kept by another process: {what}"),
}
"""What is said of a replication that is done."""

SHORTEST_SILENCE, LONGEST_SILENCE = 2, 30
"""Seconds after which it is said that something is at work, at first and at last, where nothing that moves shows it."""


@contextmanager
def at_work(console: Console, sentence: str) -> Iterator[None]:
    """Say what is done in this block, and for how long it has been: by a moving sign in a terminal, else by lines."""
    console.print(sentence, markup=False)
    if console.is_terminal:
        with console.status(gettext("at work")):
            yield
        return
    ended = threading.Event()
    _begin_saying(console, lambda seconds: gettext("at work for {seconds:.0f} s", seconds=seconds), ended)
    try:
        yield
    finally:
        ended.set()


def _begin_saying(console: Console, told: Callable[[float], str], ended: threading.Event) -> None:
    """Begin to say ever less often, until it has ended, what `told` says of the seconds since."""
    began = time.monotonic()

    def say_at_work() -> None:
        silence = SHORTEST_SILENCE
        while not ended.wait(silence):
            console.print(f"  {told(time.monotonic() - began)}", markup=False)
            silence = min(2 * silence, LONGEST_SILENCE)

    if not console.quiet:
        threading.Thread(target=copy_context().run, args=(say_at_work,), daemon=True).start()


@dataclass
class Progress:
    """The progress of replications; `done` also counts those kept before, `verb` says what becomes of each: a key."""

    console: Console
    total: int
    bar: Any
    job: Any
    first: int
    done: int
    verb: str
    ended: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def start(cls, console: Console, label: str, total: int, done: int = 0, verb: str = "kept") -> Progress:
        """Return the progress of a number of replications, some of which are done already."""
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        bar = Bar(
            *columns, console=console, disable=console.quiet or (not sys.stderr.isatty() and not console.is_terminal)
        )
        return cls(console, total, bar, bar.add_task(label, total=total, completed=done), done, done, verb)

    def __enter__(self) -> Progress:
        """Show the bar, or else begin to say now and then that the run is at work."""
        self.bar.start()
        if self.bar.disable:
            _begin_saying(self.console, self._told, self.ended)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar as it is."""
        self.ended.set()
        self.bar.stop()

    def _told(self, seconds: float) -> str:
        """Return for how long the run has been at work."""
        return gettext(
            "{done} of {total}: at work for {seconds:.0f} s", done=self.done, total=self.total, seconds=seconds
        )

    def announce(self, sentence: str) -> None:
        """Print what the user must know before the end."""
        self.console.print(f"- {sentence}", markup=False)

    def advance(self, what: str, *, elsewhere: bool = False) -> None:
        """Count one more, which this process has kept, or another one."""
        self.done += 1
        self.bar.advance(self.job)
        tenth = 10 * self.done // self.total > 10 * (self.done - 1) // self.total
        if not self.console.is_terminal and (tenth or self.done == self.first + 1):
            line = LINES["elsewhere" if elsewhere else self.verb]
            text = gettext(line, done=self.done, total=self.total, what=what)
            self.console.print(f"  {text}", markup=False)
