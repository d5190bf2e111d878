"""Keeps signals that end a run from processes that start, and from this one while they do."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

from sim.imports import none_from_here

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold back Ctrl-C and requests to terminate or hang up that this process turns into exceptions.

    Threads and processes that start in this block never get Ctrl-C; this one gets all of them afterwards. The others
    are not kept from processes that start, which end at once by them.
    """
    ensure_tracker()  # if it started in the block, it would let Ctrl-C through again
    with _handled_later(), _blocked(signal.SIGINT):
        yield


def ensure_tracker() -> None:
    """Start what removes the semaphores of killed processes, if it does not run: it outlives a closed terminal."""
    with _blocked(signal.SIGHUP), none_from_here():
        resource_tracker.ensure_running()


@contextmanager
def _blocked(one: signal.Signals) -> Iterator[None]:
    """Block a signal in this thread, and in what starts here."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {one})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _handled_later() -> Iterator[None]:
    """Handle the ending signals that have a handler of Python's after this block."""
    came: list[tuple[int, Any]] = []
    before = {one: signal.getsignal(one) for one in ENDING} if _in_main_thread() else {}
    handlers = {one: handler for one, handler in before.items() if callable(handler)}
    for one in handlers:
        signal.signal(one, lambda *which: came.append(which))
    try:
        yield
    finally:
        for one, handler in handlers.items():
            signal.signal(one, handler)
        for number, frame in came[:1]:
            handlers[signal.Signals(number)](number, frame)


def _in_main_thread() -> bool:
    """Return whether this is the thread that handles signals."""
    return threading.current_thread() is threading.main_thread()
