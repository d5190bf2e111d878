"""The `wangge` command: one word, then Hydra's overrides."""

from __future__ import annotations

import _thread
import errno
import importlib
import io
import os
import select
import signal
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from experiments.stopping import ENDING, end_at_once, is_importing, stopped
from sim.language import N_, asked_for, gettext, speaking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

COMMANDS = {
    "compare": "compare pilot designs on the same residents: tables, verdicts and charts",
    "sweep": "run a study of many points from a config file (study=...): grids, samples, precision, the best design",
    "run": "run one pilot design (pilot=...) or one queueing network (network=...)",
    "trace": "follow one request step by step through one pilot design or two",
    "staff": "share out the street's staff by a stated largest load, before anything is simulated",
    "headlines": "run the headlines of the evidence, each as a small study with a chart and two sentences",
    "explain": "say what the measures of a design come from, cause by cause",
    "knobs": "turn every knob of the evidence and say what it moves; one that moves nothing is a failure",
    "status": "show what is under results/: studies, replications, failures",
    "clean": "remove unused replications, after showing them",
    "show": "print the first screen of a results folder again, or one of its tables",
    "plot": "redraw every chart of a results folder, from the tables kept there",
    "new": "write a folder for your own district, ready to run",
    "bench": "time the engines and other tools on the same workloads, on this machine",
    "validate": "compare the engines with queueing theory and published models, on this machine",
}

BEGINNINGS = {
    "compare": N_("Comparing designs: the program is loaded, and configs are read ..."),
    "sweep": N_("Running a study: the program is loaded, and configs are read ..."),
    "run": N_("Running a design or a network: the program is loaded, and configs are read ..."),
    "trace": N_("Following a request: the program is loaded, and configs are read ..."),
    "headlines": N_("Running the headlines: the program is loaded, and configs are read ..."),
    "explain": N_("Looking for causes: the program is loaded, and configs are read ..."),
    "knobs": N_("Turning the knobs: the program is loaded, and configs are read ..."),
    "plot": N_("Drawing charts: the program is loaded, and tables are read ..."),
    "validate": N_("Validating: the program is loaded, and cases are read ..."),
}
"""What commands say at once that take more than a moment; a log that is read later begins with it too."""

ONLY_SHOWN = {"-h", "--help", "--cfg", "-c"}
"""Flags with which a command prints what is read by people or programs as it is."""

VERSION = {"-V", "--version"}
"""Flags that ask which version this is, before a command or after it."""

NO_MEMORY = ("failed to map", "annot allocate memory", "shared object file")
"""What is said of a library that does not fit into the address space."""

LEAST_MEMORY_MB = 2_500
"""Of address space: with less, libraries end the process in words of their own as they are loaded."""

IMPORT_SECONDS = 0.02
"""After which a signal that came while a module was loaded comes again."""

HELP = """\
wangge: how residents' requests are served by a city's neighbourhood administration

  wangge COMMAND [key=value ...]

Commands
{commands}

Examples
  wangge compare                                   four levels against three, over a year
  wangge compare pilots=[four_level,three_level] grid.households=300 run.replications=12
  wangge sweep study=grid_size --dry-run           what a study would run, and how long it would take
  wangge run pilot=three_level roles.order=b_first
  wangge trace request=4711                        one request through four levels and through three
  wangge run network=mmc                           a textbook queue beside its theory
  wangge show compare means                        a table of what was found
  wangge plot compare                              redraw its charts, without a simulation
  wangge new lanterns                              a folder lanterns/ for a district of your own
  wangge validate                                  does the program give what theory says? (two minutes)

Commands speak English or Chinese: lang=en, lang=zh; without it, as the locale says.
Any knob of configs/ is a key: group=file picks a file (structure=three_level), group.knob=value sets one.
Each command has its own --help; wangge --version says which version this is.
"""


@contextmanager
def quiet_without_reader() -> Iterator[None]:
    """End with status 1 where the output cannot be written: without a word where its reader (`| head`) has left."""
    ready_to_print()
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        if not reader_has_left():  # it was another pipe that broke
            raise
        write_nowhere()
        sys.exit(1)
    except KeyboardInterrupt as sent:
        status = 128 + next((one for one in ENDING if one in sent.args), signal.SIGINT)
        fail(stopped(sys.argv[1:]), status)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO, errno.EBADF) or error.filename:  # it was not the output
            raise
        write_nowhere()
        fail(f"the output must be taken by what it is written to, which says: {error.strerror}", 1)


def ready_to_print() -> None:
    """Let printing never fail for want of a terminal or of a character: a closed stream takes all and shows none."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - open to the end
        elif isinstance(stream, io.TextIOWrapper) and not stream.encoding.lower().startswith("utf"):
            stream.reconfigure(errors="replace")


def reader_has_left() -> bool:
    """Return whether nobody reads the output any more."""
    if not hasattr(select, "poll"):  # on Windows
        return True
    poll = select.poll()
    poll.register(sys.stdout, 0)
    return bool(poll.poll(0))


def write_nowhere() -> None:
    """Send what is still to be printed nowhere: Python flushes once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@quiet_without_reader()
def main() -> None:
    """Run a command; a user's mistake is one paragraph and exit status 2."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP.format(commands="\n".join(f"  {n:<11}{t}" for n, t in COMMANDS.items())))  # noqa: T201
        sys.exit(0)
    command, *rest = arguments
    if VERSION & {command, *(rest if command in COMMANDS else ())}:
        print(version())  # noqa: T201
        sys.exit(0)
    if command not in COMMANDS:
        from sim.errors import near

        hint = near(command, [*COMMANDS, "--help", "--version"])
        fail(f"the command must be one of {', '.join(COMMANDS)}{hint}, got {command}")
    sys.exit(run(command, rest))


def version() -> str:
    """Return the version of the program, and that of the model, on which numbers depend."""
    from sim.version import MODEL_VERSION, VERSION

    return f"wangge {VERSION}, model {MODEL_VERSION}"


@quiet_without_reader()
def run(command: str, arguments: list[str]) -> int:
    """Return the exit status of a command."""
    with handled((signal.SIGINT, *ENDING), end_at_once):
        check_memory()
        try:
            perform(command, arguments)
        except KeyboardInterrupt as sent:
            fail(stopped([command]), 128 + next((one for one in ENDING if one in sent.args), signal.SIGINT))
        except (MemoryError, ImportError, OSError) as error:
            if isinstance(error, MemoryError) or any(words in str(error) for words in NO_MEMORY):
                fail("the memory that a process may take must be enough for what was asked (ulimit -v), and is not")
            if not isinstance(error, OSError) or isinstance(error, BrokenPipeError) or not error.filename:
                raise
            fail(
                f"the file or folder {error.filename} must be one that can be used, but the system says: "
                f"{error.strerror}"
            )
    return 0


def perform(command: str, arguments: list[str]) -> None:
    """Load a command and let it do what it is for; a mistake that the user can mend ends in its sentence."""
    from sim.errors import WanggeError
    from sim.imports import without_settings

    try:
        language, rest = asked_for(arguments)
        with speaking(language):
            if command in BEGINNINGS and not ONLY_SHOWN & set(rest):
                print(gettext(BEGINNINGS[command]), flush=True)  # noqa: T201
            without_settings("matplotlib")
            loaded = importlib.import_module(f"experiments.commands.{command}")
            with ended_as_interrupted():
                loaded.main(rest)
    except WanggeError as error:
        fail(str(error))
    except RuntimeError as error:
        if not str(error).startswith("cannot cache function"):
            raise
        fail(
            "NUMBA_CACHE_DIR must be set to a writable folder (it will hold the compiled engine), because neither the "
            "installed program nor the user's home is writable"
        )


def check_memory() -> None:
    """End with a sentence where a process may take so little memory that the program cannot be loaded."""
    with suppress(ImportError):  # Windows has no limits
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit not in (resource.RLIM_INFINITY, -1) and limit < LEAST_MEMORY_MB * 1e6:
            fail(
                f"the memory that a process may take must be at least {LEAST_MEMORY_MB:,} MB (ulimit -v), got "
                f"{limit / 1e6:,.0f} MB"
            )


@contextmanager
def ended_as_interrupted() -> Iterator[None]:
    """Let Ctrl-C and ending signals stop a command alike, its workers with it, and not while a module is loaded.

    Libraries take no exception well then: some turn it into one of their own, or go on as if they lacked something.
    """
    waiting = set[int]()

    def stop(number: int, frame: FrameType | None) -> None:
        if not (hasattr(signal, "pthread_kill") and is_importing(frame, perform.__code__)):
            raise KeyboardInterrupt(signal.Signals(number))
        if number not in waiting:
            waiting.add(number)
            _thread.start_new_thread(send_again, (number,))

    def send_again(number: int) -> None:
        time.sleep(IMPORT_SECONDS)
        waiting.discard(number)
        signal.pthread_kill(threading.main_thread().ident or 0, number)

    with handled((signal.SIGINT, *ENDING), stop):
        try:
            yield
        except Exception as error:
            from sim.errors import interruption

            if (sent := interruption(error)) is None:
                raise
            raise sent from None


@contextmanager
def handled(signals: Iterable[signal.Signals], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle signals in the main thread, but those that it shall ignore (nohup)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.getsignal(one) for one in signals}
    heeded = {one: its for one, its in before.items() if its is not signal.SIG_IGN}
    for one in heeded:
        signal.signal(one, handler)
    try:
        yield
    finally:
        for one, its in heeded.items():
            signal.signal(one, its)


def fail(paragraph: str, status: int = 2) -> None:
    """Print an error and exit."""
    from sim.errors import paragraph as told

    with suppress(OSError):  # nobody reads it
        print(f"wangge: {told(paragraph)}", file=sys.stderr, flush=True)  # noqa: T201
    sys.exit(status)


if __name__ == "__main__":
    main()
