"""Draws a chart of every kind, small and in both languages, and writes the page that shows them: docs/gallery.md.

`python -m experiments.gallery` runs a small comparison and a small study for it, which are kept in results/.
"""

from __future__ import annotations

import io
import sys
from functools import partial
from typing import TYPE_CHECKING

from sim.config.compose import CONFIGS
from sim.errors import ConfigError
from sim.language import LANGUAGES, N_, chosen, speaking
from sim.study.comparison import redraw
from sim.study.findings import charting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure

DOCS = CONFIGS.parent / "docs"
PAGE, PICTURES = DOCS / "gallery.md", DOCS / "gallery"

HELP = """\
python -m experiments.gallery

Runs a small comparison (results/gallery) and a small study (results/gallery_study), draws a chart of every kind
from them in every language, and writes docs/gallery.md with its pictures in docs/gallery/. Nothing is run twice.
"""

COMPARISON = ("slide", "differences", "pairs", *redraw.DRAWN, "organisation", "map")
STUDY = charting.DRAWN
WORDS = {
    "slide": "Six measures, today's and every design's: for a slide",
    "differences": "Every measure against today's, as a multiple of the least that matters",
    "pairs": "Every design against every other",
    "load": "The work of each level for the time of its staff, before anything is simulated",
    "turnaround": "Requests finished by working day",
    "waits": "How long residents wait at a counter",
    "workload": "What the hours of each post go into",
    "persons": "How busy each person of a post is",
    "backlog": "The work that waits at the end of each week",
    "flows": "Moves of requests between levels",
    "queues": "Queues through the day and the week",
    "equity": "How evenly residents fare",
    "organisation": "The organisation of a design on a page",
    "map": "A measure by community, where all replications have one place",
    "main_effects": "The mean at each level of each factor, over all levels of the others",
    "curve": "A response along one factor, a line for each level of a second",
    "heat": "A response over two factors, with the border of a promise",
    "panels": "The lines in a panel for each level of a third factor",
    "tornado": "What moves a response, one factor at a time",
    "indices": "What the variance of a response comes from (Sobol)",
    "ranking": "The designs by a response: which may be the best",
    "pareto": "Heads against a response",
    "warm_up": "The pilot run that chooses the warm-up",
}
"""What each kind of chart shows, in the order of the page."""

OPENING = """\
# Gallery

Every kind of chart, small, in English and in Chinese. `make gallery` draws them from a small comparison (three designs,
half a year, six replications) and a small study of three factors, so that their numbers are of no weight:
[findings](findings.md) has those of the year. As SVG, PNG or PDF, and for a slide, a page or a column,
[any run draws them](results.md#charts-and-maps). `trace`, `headlines`, `explain`, `bench` and `validate` have a chart
of their own: [causes](explained.md), [speeds](../results/bench/charts/speeds.svg)."""

PILOTS = ("four_level", "four_level_better", "three_level")
KNOBS = {"run.replications": 6, "run.measured_weeks": 26, "district.place": "fixed"}
TOWN = {
    "district.name": N_("An invented town"), "district.population": 6000, "district.communities": 4,
    "district.streets": 2, "district.built_up_km2": 1, "district.work.from_above_hours": 12550,
    **{f"district.work.street_hours.{work}": hours for work, hours in
       {"economic": 3496, "enforcement": 2913, "justice": 1165, "party": 1748, "relay": 2331}.items()},
    **{f"district.work.district_hours.{work}": hours for work, hours in
       {"public_service": 3825, "economic": 1912, "enforcement": 1912, "justice": 956, "party": 956}.items()},
    "staffing.community_heads": 14, "staffing.street_heads": 12, "staffing.district_heads": 8,
}  # fmt: skip
"""A twentieth of the shipped district, so that many points take a minute."""
ASKED = {
    "title": N_("Heads, grids and absence in an invented town"),
    "pilots": ["four_level"],
    "base": {"run": "quick", **TOWN},
    "factors": {
        "grid.households": [100, 200, 400],
        "staffing.community_heads": [13, 15],
        "staffing.absence.share": [0.1, 0.2],
    },
    "design": ["grid", "one_at_a_time", {"kind": "indices", "n": 16}],
    "responses": ["visits_done"],
    "promises": {"visits_done": {"at_least": 0.6}},
    "precision": {"replications": 10},
    "warm_up": {"replications": 4, "weeks": 60},
}
"""A study that has a chart of every kind."""

ACROSS, DOWN, QUALITY, SHARP = 500, 480, 18, 200
"""Size of a picture at most (pixels), its quality (WebP: the same chart as SVG weighs five times as much), and the dots
an inch of what it is scaled from."""


def drawings() -> dict[str, Callable[[], Figure]]:
    """Run what is not run yet, and return how the chart of each kind is drawn, in the language that is spoken then."""
    import sim
    from sim.store.store import Store
    from sim.study.design import prepared_all

    pilots = [sim.pilot(name, run="quick", knobs=KNOBS) for name in PILOTS]
    compared = Store.open_existing(sim.compare(pilots, folder="results/gallery", charts=False).folder)
    asked = Store.open_existing(sim.sweep(ASKED, folder="results/gallery_study", charts=False).folder)
    designs, tables = prepared_all(pilots), redraw.tables_of(compared, pilots)

    def drawn(kind: str) -> Figure:
        of_all = redraw.drawings(designs, tables) if kind in COMPARISON else charting.drawings(asked)
        return _first(of_all, kind)()

    return {kind: partial(drawn, kind) for kind in WORDS}


def _first(drawn: Mapping[str, Callable[[], Figure]], kind: str) -> Callable[[], Figure]:
    """Return the first chart of a kind."""
    return next(one for name, one in drawn.items() if name == kind or name.startswith(f"{kind}_"))


def picture(figure: Figure) -> bytes:
    """Return a chart as a small picture."""
    from PIL import Image

    from sim.charts import render

    whole, data = Image.open(io.BytesIO(render(figure, dpi=SHARP))), io.BytesIO()
    whole.thumbnail((ACROSS, DOWN), Image.Resampling.LANCZOS)
    whole.save(data, "webp", quality=QUALITY, method=6)
    return data.getvalue()


def file_of(kind: str, language: str) -> str:
    """Return the name of the picture of a kind in a language."""
    return f"{kind}.{language}.webp"


def page() -> str:
    """Return the page that shows all pictures."""
    parts = [OPENING]
    for heading, kinds in (("Charts of a comparison", COMPARISON), ("Charts of a study", STUDY)):
        parts.append(f"## {heading}")
        for kind in (one for one in WORDS if one in kinds):
            shown = " ".join(f"![{kind}, {name}](gallery/{file_of(kind, name)})" for name in LANGUAGES)
            parts += [f"**`{kind}`**: {WORDS[kind][:1].lower()}{WORDS[kind][1:]}.", shown]
    return "\n\n".join(parts) + "\n"


def main(arguments: list[str]) -> None:
    """Run the command."""
    if "--help" in arguments or "-h" in arguments:
        print(HELP)  # noqa: T201
        return
    from sim.charts.fonts import can_show

    if lacking := [name for name in LANGUAGES if not can_show(chosen(name))]:
        raise ConfigError(f"a font of this machine must have the letters of lang={lacking[0]}, got none")
    drawn = drawings()
    PICTURES.mkdir(exist_ok=True)
    for language in LANGUAGES:
        with speaking(language):
            for kind, one in drawn.items():
                (PICTURES / file_of(kind, language)).write_bytes(picture(one()))
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
