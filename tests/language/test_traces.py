"""The journey of a request speaks the language that is spoken; its table of numbers stays English."""

import polars as pl
import pytest
from setups.commands import wangge
from setups.district import TINY, tiny
from setups.figures import words as of_figure
from setups.pseudo import pseudo, uncatalogued

from sim import journeys
from sim.charts import fonts
from sim.district import engines, overload
from sim.district.stages import Desk
from sim.journeys import words
from sim.journeys.chart import journey_figure
from sim.language import speaking
from sim.study import replication

NAMES = ("four_level", "three_level", "mine", "journey.md", "evidence.yaml")
IN_CHINESE = (*NAMES, "wangge compare", "wangge show", "results", "configs", "district.place", "journey")
KNOBS = (
    "demand.patience_walk_in_minutes_mean=4",
    "service.door_to_door_share=0.2",
    "demand.special_care_factor=3",
)


def all_of(name):
    """Return the journeys of all residents of a small district in which much happens."""
    plan = replication.prepare(tiny(name, *KNOBS), 0)
    (record,) = engines.records(plan, engines.Compiled())
    overloaded = overload.overloaded_stations(plan.organisation, overload.pools(plan.organisation))
    return [
        journeys.read(plan, record.case, record.visits, record.spells, i, overloaded) for i in range(len(plan.demand))
    ]


@pytest.fixture(scope="module")
def sample():
    return [one for name in NAMES[:2] for one in all_of(name)]


def said(some):
    """Return all that is said of journeys."""
    tables = [table for one in some for table in (journeys.journey_table(one), journeys.totals_table([one]))]
    return "\n".join(table.to_text() for table in tables)


@pytest.mark.parametrize("language", ["zh", pseudo()])
def test_no_word_of_a_journey_is_uncatalogued(sample, language):
    with speaking(language):
        assert uncatalogued(said(sample[::3]), *NAMES) == []


@pytest.mark.parametrize("message", ["with other residents", "takes {length}", "a trip"])
def test_a_message_of_a_journey_that_is_not_in_the_catalogue_is_noticed(sample, message):
    with speaking(pseudo(message)):
        assert set(uncatalogued(said(sample[::9]), *NAMES)) == {
            w for w in message.split() if w.isalpha() and len(w) > 1
        }


def test_a_call_that_waits_at_a_telephone_of_all_is_told_too(sample):
    places = {
        words.place(one, step.station)
        for one in sample
        for step in one.steps
        if step.station and step.station.desk is Desk.PHONE
    }
    assert "community 1, telephone" in places


def test_no_word_of_the_chart_is_uncatalogued(sample):
    with speaking(pseudo()):
        drawn = [of_figure(journey_figure([one])) for one in sample[:: len(sample) // 6]]
    assert uncatalogued("\n".join(drawn), *NAMES) == []


def test_the_table_of_steps_is_in_english_in_any_language(sample):
    with speaking("zh"):
        in_chinese = journeys.rows(sample[:20])
    assert in_chinese.equals(journeys.rows(sample[:20]))


LINE = ("trace", "archetype=T2", "channel=counter", "pilots=[four_level,three_level]", "name=mine", "details=true")


@pytest.mark.parametrize("language", ["zh", pseudo()])
def test_a_trace_is_printed_and_written_in_its_language_and_its_numbers_in_english(tmp_path, monkeypatch, language):
    can_show = fonts.can_show
    monkeypatch.setattr(fonts, "can_show", lambda one: one.name != "pseudo" and can_show(one))
    with speaking(language):
        done = wangge(tmp_path, *LINE, *TINY)
        assert (done.returncode, done.stderr) == (0, "")
        shown = [wangge(tmp_path, "show", "mine", *page).stdout for page in ((), ("totals",), ("notes",))]
    text = "\n".join([done.stdout, (tmp_path / "results/mine/journey.md").read_text("utf-8"), *shown])
    assert text.count("\n") > 60
    known = (*IN_CHINESE, "totals", "notes", "charts", "svg", "Noto Sans CJK", "Debian", "Ubuntu", "apt install", "CSV")
    assert uncatalogued(text, *known) == []
    english = pl.read_csv(tmp_path / "results/mine/journey.csv")
    assert english["what"][0] == "the resident comes and states the case"
    assert wangge(tmp_path, "show", "mine", "lang=en").stdout.startswith("Request ")
    svg = (tmp_path / "results/mine/charts/journey.svg").read_text("utf-8")
    assert ("第" in svg) == (language == "zh" and fonts.chinese() is not None)
