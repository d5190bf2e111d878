"""`wangge plot`: redraws the charts of a results folder, from its tables."""

from __future__ import annotations

import sys

from sim.errors import ConfigError
from sim.language import gettext, listed
from sim.study.folder.look import Look

HELP = """\
wangge plot RESULTS [map=MEASURE] [size=SIZE] [formats=FORMATS]

Redraws every chart of a results folder, from the tables and settings kept there: nothing is simulated,
and the charts are the same as those of `wangge compare`, `wangge sweep` and `wangge run`. If anything is
missing that a chart needs, no chart is changed.

  RESULTS       a name under results/ (compare) or the path of such a folder (somewhere/results/compare)
  map=trips     only the map of this measure (any that is kept by community or grid, where the run had
                district.place=fixed), as charts/map_trips; comparisons only
  size=slide    for a slide of 16 by 9 (13.3 inches), a page of A4 (size=page) or a journal's column (size=column:
                3.5 inches for charts/slide; others are too wide to be read there, and are for a page)
  formats=pdf   one or more of png, svg and pdf (formats=svg where it is left out); fonts are embedded
"""


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    maps = [word.removeprefix("map=") for word in arguments if word.startswith("map=")]
    look = Look.of_words(arguments)
    named = [word for word in arguments if not word.startswith(("map=", "size=", "formats="))]
    if len(named) != 1 or named[0].startswith("-") or "=" in named[0]:
        raise ConfigError(
            f"plot must be given the name or path of one results folder (wangge plot compare), got "
            f"{' '.join(named) or 'nothing'}"
        )
    if len(maps) > 1:
        raise ConfigError(f"map must be given at most once, got {' '.join(maps)}")
    from sim.report.console import terminal
    from sim.store.inventory import results_folder
    from sim.store.store import Store
    from sim.study.redraw import draw

    folder = results_folder("plot", named[0])
    console = terminal()
    names = draw(Store.open_existing(folder), maps[0] if maps else None, look, console)
    redrawn = gettext(
        "Redrawn in {folder}: {charts} ({formats})", folder=folder / "charts", charts=listed(names), formats=look.words
    )
    console.print(redrawn, markup=False)


if __name__ == "__main__":
    from experiments.main import run as run_command

    sys.exit(run_command("plot", sys.argv[1:]))
