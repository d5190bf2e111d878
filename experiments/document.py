"""Writes the tables of docs/model.md from the configs, so that the page agrees with the model.

`python -m experiments.document` writes them; with `--check` it only says whether they agree with the configs.
"""

from __future__ import annotations

import sys

from sim.config.compose import CONFIGS
from sim.language import ENGLISH, speaking
from sim.study.model_tables import filled

MODEL = CONFIGS.parent / "docs" / "model.md"
PROCEDURES = "yuehu"

HELP = """\
python -m experiments.document [--check]

Writes the tables of docs/model.md, from configs/evidence.yaml, meaning.yaml, procedures/, pilot/ and face.yaml.
With --check nothing is written, and the exit status is 1 where the document and the configs differ.
"""


@speaking(ENGLISH)
def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    text = MODEL.read_text(encoding="utf-8")
    fresh = filled(text, CONFIGS, PROCEDURES)
    if "--check" in arguments:
        if fresh != text:
            print("docs/model.md differs from the configs: python -m experiments.document", file=sys.stderr)  # noqa: T201
            sys.exit(1)
    elif fresh != text:
        MODEL.write_text(fresh, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
