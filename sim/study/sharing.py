"""Work that processes which start together share out: what one has claimed, the others leave to it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sim import executor
from sim.errors import StoreError
from sim.language import first_of, gettext, run_together
from sim.store.claims import Claims, claims

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sim.store.archive import Archive

CHECK_EVERY = 0.2
"""Seconds between two looks at what other processes have claimed."""

PATIENCE_SECONDS = 5.0
"""Before it is told for whom one waits."""

ELSEWHERE = "elsewhere"
"""Among the facts of a task that another process has done."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def done_elsewhere(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a task that another process has done: it took no step here."""
    return {**facts, "steps": 0, ELSEWHERE: True}


def run_shared(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    on: executor.Settings,
    *,
    archive: Archive,
    address: Callable[[Task], tuple[str, int]],
    keep: Callable[[Task, Result], Any],
    on_done: Callable[[Task, Any], None],
    on_elsewhere: Callable[[Task, Mapping[str, Any]], None],
    on_lost: Callable[[Task, str], bool] | None = None,
    announce: Callable[[str], object] | None = None,
    words: Callable[[Task], str] = str,
) -> None:
    """Call a function on every task and keep each result in an archive, unless another process does meanwhile.

    Parameters
    ----------
    function, tasks, keep, on_done, on_lost
        As for `sim.executor.run_tasks`.
    on
        The executor.
    archive
        Where results are kept; its folder must be there.
    address
        Returns the key and the number under which the result of a task is kept.
    on_elsewhere
        Called with a task that another process has done, and its facts.
    announce
        Called with a sentence after a while of waiting for another process.
    words
        Returns the name of a task, for that sentence.
    """

    def done(task: Task, kept: Any) -> None:
        shared.give_back(task)
        on_done(task, kept)

    def lost(task: Task, why: str) -> bool:
        without = on_lost is not None and on_lost(task, why)
        shared.give_back(task)
        return without

    left = list(tasks)
    with claims(archive.folder) as claimed:
        shared = _Shared(archive, claimed, address, on_elsewhere, announce or (lambda _: None), words)
        while left:
            executor.run_tasks(function, left, on, keep=keep, on_done=done, wanted=shared.wanted, on_lost=lost)
            left = shared.freed()


@dataclass
class _Shared(Generic[Task]):
    """The live state of tasks that other processes may run at the same time: what is run here is claimed first.

    Attributes
    ----------
    archive
        Where results are kept.
    claims
        Those of this process.
    address
        Returns the key and the number of a task.
    on_elsewhere
        Called with a task that another process has done, and its facts.
    announce
        Called with a sentence on whom is waited for.
    words
        Returns the name of a task.
    busy
        Tasks that others have claimed.
    """

    archive: Archive
    claims: Claims
    address: Callable[[Task], tuple[str, int]]
    on_elsewhere: Callable[[Task, Mapping[str, Any]], None]
    announce: Callable[[str], object]
    words: Callable[[Task], str]
    busy: list[Task] = field(default_factory=list)

    def wanted(self, task: Task) -> bool:
        """Return whether a task, which is claimed then, is to be run here: nobody else runs it or has done it."""
        if not self.claims.take(*self.address(task)):
            self.busy.append(task)
            return False
        facts = self._kept_facts(task)
        if facts is not None:
            self.on_elsewhere(task, done_elsewhere(facts))
            self.give_back(task)
        return facts is None

    def give_back(self, task: Task) -> None:
        """Give up the claim on a task."""
        self.claims.give_back(*self.address(task))

    def freed(self) -> list[Task]:
        """Wait for what others have claimed; return what they gave up undone, nothing once they have done it all."""
        began, told = time.monotonic(), set[int | None]()
        while self.busy:
            busy, self.busy = self.busy, []
            if undone := [task for task in busy if self.wanted(task)]:
                for task in undone:
                    self.give_back(task)
                return undone
            if self.busy:
                if time.monotonic() - began > PATIENCE_SECONDS:
                    self._tell_of(told)
                time.sleep(CHECK_EVERY)
        return []

    def _tell_of(self, told: set[int | None]) -> None:
        """Say once of each process that it is waited for: one that is suspended looks like a hang."""
        holder = self.claims.holder(*self.address(self.busy[0]))
        if holder in told:
            return
        told.add(holder)
        task = first_of([self.words(one) for one in self.busy], 1)
        waiting = (
            gettext(
                "Waiting for process {process} on this machine, which works on {task}. If it is suspended, let it go "
                "on (kill -CONT {process}) or end it (kill {process}), and its work is done here.",
                process=holder, task=task,
            )
            if holder
            else gettext(
                "Waiting for another process, perhaps on another machine, which works on {task}. If it is suspended, "
                "let it go on or end it, and its work is done here.",
                task=task,
            )
        )  # fmt: skip
        ending = gettext("Ctrl-C ends the waiting; what is finished is kept.")
        self.announce(run_together([waiting, ending]))

    def _kept_facts(self, task: Task) -> dict[str, Any] | None:
        """Return the facts of a task whose result is kept and undamaged."""
        key, number = self.address(task)
        with suppress(StoreError):
            if self.archive.finished(key, number):
                return self.archive.facts(key, number)
        return None
