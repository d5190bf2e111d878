"""Draws a chart of every kind, small and in both languages, and writes the page that shows them: docs/gallery.md.

`python -m experiments.gallery` runs a small comparison, a small study and small runs of other commands for it, which
are kept in results/.
"""

from __future__ import annotations

import io
import sys
from functools import partial
from typing import TYPE_CHECKING

from sim.config.compose import CONFIGS, Line
from sim.errors import ConfigError, choices, near
from sim.language import LANGUAGES, N_, chosen, gettext, speaking
from sim.store.names import RESULTS
from sim.study.backend import backend
from sim.study.comparison import redraw
from sim.study.findings import charting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from matplotlib.figure import Figure

    from sim.study.backend import Backend

DOCS = CONFIGS.parent / "docs"
PAGE, PICTURES = DOCS / "gallery.md", DOCS / "gallery"

HELP = """\
python -m experiments.gallery [KIND ...]

Runs a small comparison (results/gallery), a small study (results/gallery_study) and small runs of other commands
(results/gallery_headlines, gallery_explain, gallery_validate), draws a chart of every kind, or of some, from them in
every language, and writes docs/gallery.md with its pictures in docs/gallery/. Nothing is run twice.
"""

COMPARISON = ("slide", "plane", "differences", "pairs", *redraw.DRAWN, "organisation", "map")
STUDY = charting.DRAWN
OTHERS = ("headline", "explained", "journey", "speeds", "z_scores")
SECTIONS = {
    "Charts of a comparison": COMPARISON,
    "Charts of a study": STUDY,
    "Charts of other commands": OTHERS,
}
WORDS = {
    "slide": "Six measures, today's and every design's: for a slide",
    "plane": "What each design costs more, against what it does better",
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
    "headline": "A headline of the evidence: each of its designs, and the ends of its assumptions (`headlines`)",
    "explained": "What each cause contributes to a measure (`explain`)",
    "journey": "One request step by step, under two designs (`trace`)",
    "speeds": "Steps a second of our engines and of other tools (`bench`)",
    "z_scores": "Estimates against values that are known, beside what chance gives (`validate`)",
}
"""What each kind of chart shows, in the order of the page."""

OPENING = """\
# Gallery

Every kind of chart, small, in English and in Chinese. `make gallery` draws them from small runs: a comparison (three
designs, half a year, six replications), a study, a headline and three causes in an invented town, one request, and
twelve cases of `validate`. So their numbers, and what titles say of them, are of no weight: [findings](findings.md),
[headlines](headlines.md) and [causes](explained.md) have those of Yuehu. The speeds are two workloads of
[our benchmark](../results/bench/summary.md). As SVG, PNG or PDF, and for a slide, a page or a column,
[any run draws them](results.md#charts-and-maps)."""

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


HEADLINE, ASSUMED = "counters", ("structure.transfer_working_days", "demand.counter_per_resident_year")
CAUSES = ("residents_first", "absence", "demand")
CASES = (
    "mm1_ciw", "mmc_c2_rho0.8", "mmc_c8_rho0.9", "md1_rho0.8", "dm4", "e2m1", "erlA_10", "mmck_3_10", "N_slowA",
    "jackson_cafe", "pr_mm1_2", "kelly_2",
)  # fmt: skip
WORKLOADS = ("p1", "p2")
"""Of the committed benchmark: those that every tool was timed on."""


def drawings(kinds: Iterable[str]) -> dict[str, Callable[[], Figure]]:
    """Run what is not run yet, and return how the chart of each kind is drawn, in the language that is spoken then."""
    wanted = list(kinds)
    others = {"headline": _headline, "explained": _explained, "journey": _journey, "speeds": _speeds,
              "z_scores": _z_scores}  # fmt: skip
    usual = _comparison_and_study() if set(wanted) - set(OTHERS) else {}
    return {kind: usual[kind] if kind in usual else others[kind]() for kind in wanted}


def _comparison_and_study() -> dict[str, Callable[[], Figure]]:
    """Return how the charts of a comparison and of a study are drawn."""
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

    return {kind: partial(drawn, kind) for kind in WORDS if kind not in OTHERS}


def _headline() -> Callable[[], Figure]:
    """Return how the chart of a headline is drawn."""
    from sim.study.headlines.run import shipped
    from sim.study.headlines.together import run_all

    town = (f"{key}={value!r}" for key, value in TOWN.items())
    one = shipped([HEADLINE])[HEADLINE].model_copy(update={"assumptions": ASSUMED})
    folder = RESULTS / "gallery_headlines"
    return run_all({HEADLINE: one}, Line(("run=quick", *town)), folder, _backend()).each[HEADLINE].chart


def _explained() -> Callable[[], Figure]:
    """Return how the chart of causes is drawn."""
    from sim.report.console import quiet
    from sim.study.causes.definition import load
    from sim.study.causes.run import explain

    shipped = load("four_level", Line(()))
    some = {name: shipped.causes[name] for name in CAUSES}
    causes = shipped.model_copy(update={"base": {**shipped.base, **TOWN}, "replications": 20, "causes": some})
    return explain(causes, Line(()), RESULTS / "gallery_explain", _backend(), quiet()).chart


def _journey() -> Callable[[], Figure]:
    """Return how the chart of a request's journeys is drawn."""
    import sim

    pilots = [sim.pilot(name, run="quick") for name in ("four_level", "three_level")]
    return sim.journey(pilots, archetype="T8", channel="counter").chart


def _speeds() -> Callable[[], Figure]:
    """Return how the chart of the committed benchmark is drawn."""
    import polars as pl

    from sim.bench import summary, words
    from sim.bench.chart import speed_chart
    from sim.store.store import Store

    folder = CONFIGS.parent / "results" / "bench"
    speeds = pl.read_csv(folder / "speeds.csv", infer_schema_length=None)
    machine = Store.open_existing(folder).identity["machine"]

    def drawn() -> Figure:
        titles = {name: gettext(words.WORKLOADS[name]) for name in WORKLOADS}
        return speed_chart(speeds, titles, footer=summary.where(machine))

    return drawn


def _z_scores() -> Callable[[], Figure]:
    """Return how the chart of a validation is drawn."""
    from sim.validation.chart import z_chart
    from sim.validation.outcomes import chance
    from sim.validation.validation import chosen as cases
    from sim.validation.validation import validate

    done = validate(cases(CASES), RESULTS / "gallery_validate", _backend().executor, with_face=False)
    return partial(z_chart, done.outcomes, chance(done.outcomes), footer="wangge validate form=quick seed=1")


def _backend() -> Backend:
    """Return the compiled engine on all cores."""
    return backend({"kind": "compiled"}, {"kind": "local"})


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
    for heading, kinds in SECTIONS.items():
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
    for kind in arguments:
        if kind not in WORDS:
            raise ConfigError(f"kinds must be of {choices(WORDS, kind)}{near(kind, WORDS)}, got {kind}")
    drawn = drawings(arguments or WORDS)
    PICTURES.mkdir(exist_ok=True)
    for language in LANGUAGES:
        with speaking(language):
            for kind, one in drawn.items():
                (PICTURES / file_of(kind, language)).write_bytes(picture(one()))
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
