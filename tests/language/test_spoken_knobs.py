"""What turning the knobs found is said in the language that is spoken; keys, measures and the table of numbers stay."""

import polars as pl
import pytest
import yaml
from setups.commands import wangge
from setups.district import TINY
from setups.evidence import ROWS
from setups.pseudo import pseudo, uncatalogued

from sim.config.compose import Line
from sim.language import phrase, speaking
from sim.statistics.reasons import Several, in_words
from sim.study.knobs.outcomes import DidNotRun, Outcome
from sim.study.knobs.rows import read
from sim.study.knobs.run import shipped_settings
from sim.study.knobs.trials import Refused, Trial, trials

PLAIN = {"path": "grid.patrol_hours", "unit": "hours", "low": 0.5, "base": 1, "high": 2, "confidence": "assumption",
         "source": "judgement"}  # fmt: skip
WALK = {**PLAIN, "path": "district.detour_factor", "low": 1.1, "base": 1.3, "high": 1.6}
ROWS_OF_ONES_OWN = [
    {**WALK, "moves": {"walk": "down"}},
    {**PLAIN, "path": "mid.turnaround", "low": 0.2, "base": 0.5, "high": 1},
    {**PLAIN, "path": "demand.return_share", "low": None, "base": 0.7, "high": None, "moves": {"trips": "up"}},
    {**PLAIN, "base": 1.5, "moves": {"trips": "up"}},
]
LINE = (
    "knobs", *TINY, "executor=serial", "replications=2", "--config-dir", "mine", "name=mine", "--write",
    "only=[district.detour_factor,mid.turnaround,demand.return_share,grid.patrol_hours]",
)  # fmt: skip
NAMES = (
    "four_level", "mine", "knobs", "knobs.md", "knobs.csv", "moves.yaml", "evidence.yaml", "results", "wangge knobs",
    "wangge show", "run.seed", "district.detour_factor", "mid.turnaround", "demand.return_share", "grid.patrol_hours",
    "walk", "trips", "CSV", "moving", "still",
)  # fmt: skip


def said(folder):
    """Return what the command prints, writes and shows again; the names of its designs are left out."""
    (folder / "mine" / "demand").mkdir(parents=True, exist_ok=True)
    (folder / "mine" / "demand" / "mine.yaml").write_text("defaults: [base, _self_]\n")
    (folder / "mine" / "evidence.yaml").write_text(yaml.safe_dump(ROWS_OF_ONES_OWN))
    done = wangge(folder, *LINE)
    assert (done.returncode, done.stderr) == (1, "")
    shown = [wangge(folder, "show", "mine", *page).stdout for page in ((), ("moving",), ("still",))]
    return "\n".join([done.stdout, (folder / "results/mine/knobs.md").read_text("utf-8"), *shown])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a folder of knobs turned in the pseudo-language, and what was said of them."""
    folder = tmp_path_factory.mktemp("knobs")
    with speaking(pseudo()):
        return folder, said(folder)


def left(text):
    """Return the words that are of no catalogue and no names, designs among them (k0_base)."""
    return [word for word in uncatalogued(text, *NAMES) if not word.startswith(("k0_", "k1_", "k2_", "k3_"))]


def test_no_word_of_the_knobs_is_uncatalogued(made):
    _, text = made
    assert text.count("\n") > 50
    assert left(text) == []


def test_the_knobs_in_chinese_are_chinese_and_their_table_english(made):
    folder, _ = made
    before = (folder / "results/mine/knobs.csv").read_bytes()
    with speaking("zh"):
        text = said(folder)
    assert left(text) == []
    assert "已转动3个参数，其中1个改变指标，2个不改变任何指标；未试1个；3处不符。" in text
    assert "district.detour_factor：资料中该行称walk下降，实则上升" in text
    assert (folder / "results/mine/knobs.csv").read_bytes() == before
    assert set(pl.read_csv(folder / "results/mine/knobs.csv")["direction"]) == {"up", ""}
    english = wangge(folder, "show", "mine", "lang=en").stdout
    assert english.startswith("3 knobs turned, of which 1 move a measure and 2 none; 1 not tried; 3 failures.\n")
    assert "district.detour_factor: its row says walk down, but it goes up." in " ".join(english.split())


@pytest.mark.parametrize("language", ["zh", pseudo()])
def test_whatever_may_be_wrong_with_a_row_has_words(tmp_path, language):
    up = {"moves": {"trips": "up"}}
    every = [
        {**PLAIN},
        {**PLAIN, **up, "base": "own", "low": None, "high": None},
        {**PLAIN, **up, "pilots": ["four_level", "three_level"]},
        {**PLAIN, **up, "base": 1.5},
    ]
    (tmp_path / "evidence.yaml").write_text(yaml.safe_dump(every))
    with speaking("en"):
        tried = trials(read(tmp_path)[: len(every)], shipped_settings(), Line(()))
    failed = Several((DidNotRun("base", "1.5"), DidNotRun("high", "2.5"), Refused("half", "3")))
    with speaking(language):
        outcomes = [Outcome(one, (), None if one.ends else one.why) for one in tried]
        outcomes += [Outcome(Trial(tried[2].row, ""), (), failed)]
        reasons = [in_words(one.why) for one in outcomes]
        text = "\n".join([*(one.failure for one in outcomes), *reasons, tried[2].row.spoken_name])
    assert text.count("\n") == 10
    if language == "zh":
        assert "基准值：1.5；上限值：2.5；减半值不被接受：3" in text
    assert uncatalogued(text, "own", "trips", "four_level", "grid.patrol_hours") == []


def test_every_shipped_reason_has_words():
    reasons = {one["why"] for one in ROWS if one.get("why")}
    assert len(reasons) > 5
    with speaking("zh"):
        assert [why for why in reasons if phrase(why) == why] == []
