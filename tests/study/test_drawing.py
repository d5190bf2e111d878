import io
import json

import pytest
from matplotlib.figure import Figure
from rich.console import Console
from setups.contents import contents

from sim.errors import ConfigError
from sim.store.store import Store
from sim.study.folder.drawing import Wanted, draw
from sim.study.folder.look import Look


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path / "results", {"case": 1}, {})
    store.write_bytes("a.parquet", b"the tables")
    return store


def drawn(store, *names, wanted=None):
    """Return which charts were drawn, which there are then, and what was said."""
    made, said = [], io.StringIO()

    def chart(name):
        def make():
            made.append(name)
            return Figure(figsize=(1, 1))

        return make

    console = Console(file=said, width=200)
    there = draw(store, {name: chart(name) for name in names}, ["a.parquet"], wanted or Wanted(), console)
    assert {path.stem for path in store.folder.glob("charts/*")} == set(there)
    return made, there, said.getvalue().strip()


def test_what_is_drawn_of_the_same_tables_is_not_drawn_again(store):
    assert drawn(store, "x", "y") == (["x", "y"], ["x", "y"], "Drawing 2 charts ...")
    before = contents(store.folder)
    assert drawn(store, "x", "y") == (
        [], ["x", "y"], "No chart is drawn again: 2 charts of these very tables are there.",
    )  # fmt: skip
    assert drawn(store, "x", "y", wanted=Wanted(again=True))[0] == ["x", "y"]
    assert contents(store.folder) == before


def test_charts_of_another_size_are_drawn_again_where_the_usual_ones_are_wanted(store):
    drawn(store, "x", "y")
    before = contents(store.folder)
    slide = Wanted(only=("x",), again=True, look=Look(("svg", "pdf"), "slide"))
    assert drawn(store, "x", "y", wanted=slide)[:2] == (["x"], ["x", "y"])
    assert (store.folder / "charts/x.pdf").read_bytes().startswith(b"%PDF")
    assert drawn(store, "x", "y")[0] == ["x"]
    assert {name: data for name, data in contents(store.folder).items() if not name.endswith(".pdf")} == before


def test_another_format_is_added_alone_and_none_is_left_of_other_tables(store):
    drawn(store, "x")
    both = Wanted(look=Look(("svg", "png")))
    assert drawn(store, "x", wanted=both)[0] == ["x"]
    assert drawn(store, "x", wanted=both)[0] == drawn(store, "x")[0] == []
    store.write_bytes("a.parquet", b"other tables")
    assert drawn(store, "x")[0] == ["x"]
    assert [path.name for path in store.folder.glob("charts/*")] == ["x.svg"]


@pytest.mark.parametrize("fault", ["missing", "edited"])
def test_what_is_missing_or_edited_is_drawn_again_alone(store, fault):
    drawn(store, "x", "y")
    before = contents(store.folder)
    file = store.folder / "charts/y.svg"
    file.write_text("edited")
    if fault == "missing":
        file.unlink()
    assert drawn(store, "x", "y") == (["y"], ["x", "y"], "Drawing 1 chart ...; 1 of these very tables are there")
    assert contents(store.folder) == before


def test_charts_of_other_tables_are_drawn_again_or_removed_and_never_left(store):
    drawn(store, "x", "y", "z")
    store.write_bytes("a.parquet", b"other tables")
    assert drawn(store, "x", "y", "z", wanted=Wanted(only=("y",)))[:2] == (["y"], ["y"])
    store.write_bytes("a.parquet", b"others again")
    assert drawn(store, "x", "y", wanted=Wanted(charts=False)) == ([], [], "No chart is drawn (charts=false).")
    assert drawn(store, "x", "y")[1] == ["x", "y"]
    assert drawn(store, "z")[:2] == (["z"], ["z", "x", "y"])  # another chart of the same tables: a map of one measure


def test_charts_are_named_in_full_or_by_their_first_words(store):
    wanted = Wanted(only=("map", "x"))
    assert drawn(store, "x", "xy", "map_trips", "mapped", wanted=wanted)[0] == ["x", "map_trips"]
    wanted.check(["x", "map_trips"])
    with pytest.raises(ConfigError, match="only must name charts of x, xy, got map"):
        wanted.check(["x", "xy"])
    with pytest.raises(ConfigError, match="only must be left out where charts=false, got x"):
        Wanted(charts=False, only=("x",)).check(["x"])


@pytest.mark.parametrize(
    "note", [b"", b"[]", b'{"from": 1, "charts": {"../../mine": {}}}', b'{"from": 1, "charts": 3}', b"[" * 100_000]
)
def test_a_note_that_is_not_ours_lets_nothing_be_removed_and_all_be_drawn(store, note):
    drawn(store, "x")
    (store.folder / "drawn.json").write_bytes(note)
    (store.folder.parent / "mine.png").write_bytes(b"mine")
    assert drawn(store, "x")[0] == ["x"]
    assert (store.folder.parent / "mine.png").read_bytes() == b"mine"
    assert list(json.loads((store.folder / "drawn.json").read_text())["charts"]) == ["x"]
