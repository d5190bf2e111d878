"""`wangge staff`: how many of the street's heads must follow its functions up, by a stated largest load."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

from pydantic import Field

from experiments.commands.compare import show, warn_of_idle
from sim import config
from sim.config import Name, Section
from sim.config.compose import CONFIGS, compose, options, parse
from sim.config.composition import Composition
from sim.errors import ConfigError, choices, near
from sim.language import gettext
from sim.report.console import say

KEYS = ("most_load", "today", "name")

HELP = """\
wangge staff [pilot=three_level] [most_load=0.90] [key=value ...]

Shares out the street's staff of a pilot without a street level: the fewest heads go up to the district with which no
post there or in the communities has more work that piles up than the stated share of its time. Reckoned from the table
of loads, before anything is simulated; the result is printed as a file of the group staffing.

  pilot=three_level          the design (configs/pilot/); its own shares are not used
  most_load=0.90             the largest load of any post
  today=four_level           the file of the group staffing that the result builds on, with today's heads
  burden.fixed_share=0.5     any knob of configs/
  --config-dir lanterns      find configs of your own in lanterns/
  --cfg job                  print the resolved config and stop
  name=lanterns_reform       write lanterns/staffing/lanterns_reform.yaml (with --config-dir; never over another file)
"""


class Staff(Section):
    """The settings of the command."""

    most_load: Annotated[float, Field(ge=0.001, le=1)]
    today: Name
    name: Name | None


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    line = parse(arguments)
    mine, rest = line.take(*KEYS)
    settings = config.checked(Staff, compose("staff", mine))
    chosen = "pilot=three_level"
    given = Composition(rest, (chosen,))
    plain = compose("main", rest, chosen)
    pilot = config.load(plain, given.file_of)
    known = options("staffing", CONFIGS, line.config_dir)
    if settings.today not in known:
        raise ConfigError(
            f"today must be one of {choices(known, settings.today)}{near(settings.today, known)}, got {settings.today}"
        )
    if settings.name is not None and line.config_dir is None:
        raise ConfigError(f"name must come with --config-dir, where the file is written, got {settings.name}")
    warn_of_idle({pilot.name: (pilot, given)})
    if line.show:
        show({**settings.model_dump(mode="json"), "pilot": plain})
        return
    from sim.report.console import terminal
    from sim.study.staffing import staffed, staffing_table, staffing_yaml, write_staffing

    one = staffed(pilot, settings.most_load)
    terminal().print(staffing_table(one))
    typed = " ".join(shlex.join(["wangge", "staff", *arguments]).split())  # in one line: it becomes a comment
    text = staffing_yaml(one, settings.today, typed)
    if settings.name is None or line.config_dir is None:
        say(f"\n{text.rstrip()}")
        return
    target = write_staffing(line.config_dir, settings.name, text)
    say(gettext("Written: {file}. Use it with staffing={name}.", file=target, name=settings.name))


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("staff", sys.argv[1:]))
