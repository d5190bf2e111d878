"""Hydra's `-m` on `wangge run`: the sweeps of a command line become a study, kept and drawn like any other."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from experiments.commands.compare import SHOWN_KEYS, Shown
from experiments.commands.sweep import Order, show, sweep
from sim import config
from sim.config.compose import BACKEND_KEYS, Line, parse, values
from sim.config.swept import split, study_of
from sim.errors import ConfigError
from sim.report.console import say
from sim.study.backend import backend_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FLAGS = ("-m", "--multirun")


def multirun(arguments: Sequence[str], run: Callable[[list[str]], None]) -> None:
    """Run every combination of the values that a command line sweeps over.

    Parameters
    ----------
    arguments : sequence of str
        Those of `wangge run`, with Hydra's flag among them.
    run : callable
        Runs one combination of a queueing network.

    Raises
    ------
    ConfigError
        Overrides must be in Hydra's grammar, and one must give several values.
    """
    words = [word for word in arguments if word not in FLAGS]
    line = parse(words)
    swept, fixed = split(line)
    if not swept:
        flag = next(word for word in arguments if word in FLAGS)
        raise ConfigError(f"{flag} must come with a key of several values, as grid.households=200,300, got none")
    if any(key == "network" or key.startswith("network.") for key in (*swept, *fixed)):
        others = [word for word in words if word not in line.overrides]
        name = fixed.pop("name", None)
        for number, values in enumerate(product(*swept.values()), 1):
            mine = [f"{key}={value}" for key, value in zip(swept, values, strict=True)]
            say(", ".join(mine))
            run([*mine, *fixed.values(), *([f"{name}-{number}"] if name else []), *others])
        return
    order = _order(line, swept, fixed, ("wangge", "run", *arguments))
    if line.show:
        show(order)
        return
    sweep(order)


def _order(line: Line, swept: dict[str, list[str]], fixed: dict[str, str], command: tuple[str, ...] = ()) -> Order:
    """Return the study of a command line that sweeps, with what the line says beside it."""
    from sim.store.files import named_after

    name = fixed.pop("name", "").partition("=")[2]
    means = Line(tuple(fixed.pop(key) for key in list(fixed) if key.split(".")[0] in BACKEND_KEYS), line.config_dir)
    shown = config.checked(Shown, values(Line(tuple(fixed.pop(key) for key in SHOWN_KEYS if key in fixed))))
    study, rest, identity = study_of(replace(line, own=(*BACKEND_KEYS, "name", *SHOWN_KEYS)), swept, fixed)
    name = name or named_after("multirun", identity)
    return Order(name, study, rest, backend_of(means), retry=False, command=command, shown=shown)
