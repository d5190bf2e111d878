"""Hydra's `-m` on `wangge run`: the sweeps of a command line become a study, kept and drawn like any other."""

from __future__ import annotations

import hashlib
import json
from itertools import product
from typing import TYPE_CHECKING

from experiments.compare import SHOWN_KEYS, Shown
from experiments.sweep import Order, show, sweep
from sim import config
from sim.config import study_schema
from sim.config.compose import BACKEND_KEYS, Line, default_option, parse, values
from sim.errors import ConfigError
from sim.study.backend import backend_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FLAGS = ("-m", "--multirun")

RESPONSES = ("turnaround_restricted_mean", "counter_wait_mean", "resident_time", "left_unserved", "patrols_done")


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
        Overrides must be in Hydra's grammar.
    """
    words = [word for word in arguments if word not in FLAGS]
    line = parse(words)
    swept, fixed = _split(line)
    if any(key == "network" or key.startswith("network.") for key in (*swept, *fixed)):
        others = [word for word in words if word not in line.overrides]
        name = fixed.pop("name", None)
        for number, values in enumerate(product(*swept.values()), 1):
            mine = [f"{key}={value}" for key, value in zip(swept, values, strict=True)]
            print(", ".join(mine))  # noqa: T201
            run([*mine, *fixed.values(), *([f"{name}-{number}"] if name else []), *others])
        return
    order = _order(line, swept, fixed, ("wangge", "run", *arguments))
    if line.show:
        show(order)
        return
    sweep(order)


def _split(line: Line) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return the values of each key that is swept over, as texts, and the other overrides by their keys."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    swept: dict[str, list[str]] = {}
    fixed: dict[str, str] = {}
    for text in line.overrides:
        try:
            override = OverridesParser.create().parse_overrides([text])[0]
        except HydraException as error:
            raise ConfigError(" ".join(str(error).split())) from error
        key = str(override.key_or_group)
        if not override.is_sweep_override():
            fixed[key] = text
        elif override.is_discrete_sweep() and "glob(" not in text:
            swept[key] = [str(value) for value in override.sweep_string_iterator()]
        else:
            raise ConfigError(f"{key} must be swept over by a list or a range with -m, got {text.partition('=')[2]}")
    return swept, fixed


def _order(line: Line, swept: dict[str, list[str]], fixed: dict[str, str], command: tuple[str, ...] = ()) -> Order:
    """Return the sweeps of a command line as a study: a grid over them, under every pilot that is named."""
    given = dict(o.split("=", 1) for o in line.overrides)
    pilots = swept.pop("pilot", None) or [fixed.pop("pilot", "").partition("=")[2] or default_option("pilot")]
    moved = {key: values for key, values in given.items() if key.lstrip("+") in swept}
    name = fixed.pop("name", "").partition("=")[2]
    replications = fixed.pop("run.replications", "").partition("=")[2]
    means = Line(tuple(fixed.pop(key) for key in list(fixed) if key.split(".")[0] in BACKEND_KEYS), line.config_dir)
    shown = config.checked(Shown, values(Line(tuple(fixed.pop(key) for key in SHOWN_KEYS if key in fixed))))
    plain = {
        "title": f"{' by '.join([*(['pilot'] if len(pilots) > 1 else []), *swept]) or 'one point'}",
        "pilots": pilots,
        "factors": moved,
        "design": "grid" if swept else {"kind": "points", "points": {"as it is": {}}},
        "responses": list(RESPONSES),
    }
    if replications:
        plain["precision"] = {"replications": int(replications) if replications.isdecimal() else replications}
    study = study_schema.load(plain)
    rest = Line(tuple(fixed.values()), line.config_dir)
    matters = sorted(
        [*rest.overrides, *(f"{key}={values}" for key, values in moved.items()), f"pilot={','.join(pilots)}"]
    )
    digest = hashlib.sha256(json.dumps(matters).encode()).hexdigest()[:8]
    return Order(
        name or f"multirun-{digest}", study, rest, backend_of(means), retry=False, command=command, shown=shown
    )
