"""Screening: what is known of a design before it is run is kept, whatever was kept of it before."""

import pytest
from setups.district import tiny

from sim.district.engines import Compiled
from sim.executor import Serial
from sim.store.archive import Archive
from sim.store.layout import SCREENED
from sim.study import replications
from sim.study.backend import Backend
from sim.study.points import screening
from sim.study.points.screening import screen_all

BACKEND = Backend(Compiled(), Serial())


@pytest.fixture
def design(tmp_path):
    """Return an archive that a comparison has described a design in, with the design and its key."""
    archive, pilot = Archive.open(tmp_path / "archive"), tiny()
    replications.describe(archive, pilot)
    return archive, pilot, replications.key(pilot)


def test_a_comparison_that_came_first_does_not_hinder_that_it_is_kept(design, monkeypatch):
    archive, pilot, key = design
    first = screen_all(archive, {"a": pilot}, {"a": key}, BACKEND)
    assert SCREENED in {path.name for path in archive.paths(key)}
    monkeypatch.setattr(screening, "screen", None)  # nothing is screened twice
    assert screen_all(archive, {"a": pilot, "b": pilot}, {"a": key, "b": key}, BACKEND) == {**first, "b": first["a"]}


@pytest.mark.parametrize("text", ["", "[1]", "null", '{"heads": "many"}', '{"heads": 1, "overloaded": 3}', "flipped"])
def test_a_screening_that_cannot_be_read_is_made_again(design, text):
    archive, pilot, key = design
    first = screen_all(archive, {"a": pilot}, {"a": key}, BACKEND)
    (path,) = (path for path in archive.paths(key) if path.name == SCREENED)
    whole = path.read_text()
    path.write_text(whole.replace('"heads": ', '"heads": 1') if text == "flipped" else text)
    assert screen_all(archive, {"a": pilot}, {"a": key}, BACKEND) == first
    assert path.read_text() == whole
