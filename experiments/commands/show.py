"""`wangge show`: what a results folder has to say: its first screen, or one of its tables."""

from __future__ import annotations

import sys
from contextlib import nullcontext

from sim import language
from sim.errors import ConfigError
from sim.language import gettext

HELP = """\
wangge show RESULTS [TABLE]

Prints the first screen of a results folder again, and the names of its tables and texts; or one of them, page by
page where the output is a terminal. Nothing is simulated and nothing is written.

  RESULTS   a name under results/ (compare) or the path of such a folder (somewhere/results/compare)
  TABLE     a name from the list, as means, conclusion or measures
"""


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    if not 1 <= len(arguments) <= 2 or any(word.startswith("-") or "=" in word for word in arguments):
        raise ConfigError(
            "show must be given the name or path of one results folder, and at most the name of a table (wangge show "
            f"compare means), got {' '.join(arguments) or 'nothing'}"
        )
    from sim.report.console import terminal
    from sim.report.pages import listed, print_page
    from sim.store.inventory import results_folder
    from sim.store.store import Store
    from sim.study.folder import printed

    store = Store.open_existing(results_folder("show", arguments[0]))
    console, there = terminal(), printed.read(store)
    if not printed.is_kept(store):
        other = gettext(
            "These results are kept in English only; the command that made them keeps them in both languages."
        )
        console.print(f"{other}\n", markup=False)
    if len(arguments) == 2:
        shown = printed.named(store, there, arguments[1])
        with console.pager() if console.is_terminal and sys.stdin.isatty() else nullcontext():
            print_page(console, shown)
        return
    console.print(f"{there.screen}\n", markup=False, soft_wrap=True)
    console.print(listed(there.pages))
    names = {one.name for one in there.pages}
    numbers = [name for name in store.final_tables if name not in names]
    if numbers:
        console.print(gettext("Numbers, also as CSV: {names}", names=language.listed(numbers)), markup=False)


if __name__ == "__main__":
    from experiments.main import run

    sys.exit(run("show", sys.argv[1:]))
