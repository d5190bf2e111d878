"""Writes the parts of docs/ that are made from configs and committed runs, so that pages agree with them.

`python -m experiments.document` writes them; with `--check` it only says whether they agree.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sim.config.compose import CONFIGS, options
from sim.language import ENGLISH, speaking
from sim.study import model_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

ROOT = CONFIGS.parent
DOCS = ROOT / "docs"
RESULTS = ROOT / "results"
PROCEDURES = "yuehu"

QUOTED = {
    "means": "Means by pilot, with verdicts against four_level",
    "effects": "What each change does alone, and both together",
}
"""The tables of the committed comparison that findings.md quotes, by the titles that its summary gives them."""

HELP = """\
python -m experiments.document [--check]

Writes the tables of docs/model.md, from configs/evidence.yaml, meaning.yaml, procedures/, pilot/ and face.yaml, and
what docs/findings.md quotes of the runs under results/. With --check nothing is written, and the exit status is 1 where
a page differs from what it is made from.
"""


def findings(results: Path) -> dict[str, str]:
    """Return what findings.md quotes of the committed runs, by name."""
    summary = (results / "yuehu" / "summary.md").read_text(encoding="utf-8")
    quoted = {name: summary.partition(title)[2].split("\n\n")[1] for name, title in QUOTED.items()}
    return quoted | {"studies": "\n\n".join(_studies(results)) or "None has been run on this model yet."}


def _studies(results: Path) -> Iterator[str]:
    """Yield what each study that was run has found: its question, its sentences and its first chart."""
    for name in options("study", CONFIGS):
        page = results / name / "summary.md"
        if page.is_file():
            title, question, sentences, *rest = page.read_text(encoding="utf-8").split("\n\n")
            chart = next((part for part in rest if part.startswith("![")), "")
            where = chart.replace("](charts/", f"](../results/{name}/charts/")
            yield "\n\n".join([f"### {title.removeprefix('# ')}", f"`{name}`: {question}", sentences, where]).rstrip()


PAGES: Mapping[str, Callable[[], Mapping[str, str]]] = {
    "model.md": lambda: model_tables.tables(CONFIGS, PROCEDURES),
    "findings.md": lambda: findings(RESULTS),
}
"""The pages with such parts, and what makes these."""


@speaking(ENGLISH)
def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    differ = []
    for name, parts in PAGES.items():
        text = (DOCS / name).read_text(encoding="utf-8")
        fresh = model_tables.filled(text, parts())
        if fresh != text:
            differ.append(name)
            if "--check" not in arguments:
                (DOCS / name).write_text(fresh, encoding="utf-8")
    if differ and "--check" in arguments:
        pages = ", ".join(f"docs/{name}" for name in differ)
        print(f"What they are made from differs from {pages}: python -m experiments.document", file=sys.stderr)  # noqa: T201
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
