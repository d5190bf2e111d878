"""A design fits into the memory as it is run: in blocks or in one piece."""

from pathlib import Path

import pytest
from setups.commands import refused
from setups.district import tiny
from setups.own_measures import nothing

import sim
from sim.district.size import check_size, needed_bytes
from sim.errors import ConfigError
from sim.store.archive import Archive
from sim.study import replications
from sim.study.backend import backend
from sim.study.points.screening import screen_all

WEEKLY = {"kind": "compiled", "block_weeks": 1}
TOO_LARGE = r"must be such that a replication of 3 weeks, run in one piece, fits into the memory \(0 GB\)"


def small_machine(monkeypatch, pilot):
    """Let the memory be enough for weekly blocks of a design, and not for all of it."""
    enough = (needed_bytes(pilot, 1) + needed_bytes(pilot)) / 2
    monkeypatch.setattr("sim.district.size.memory_there_is_mb", lambda: enough / 1e6)


def test_ten_years_in_blocks_fit_where_they_do_not_in_one_piece(monkeypatch):
    monkeypatch.setattr("sim.district.size.memory_there_is_mb", lambda: 8_000.0)
    decade = sim.pilot("four_level", {"run.measured_weeks": 520})
    check_size(decade, 40)
    with pytest.raises(ConfigError, match=r"a replication of 540 weeks, run in one piece, fits into the memory \(8 GB"):
        check_size(decade)
    with pytest.raises(ConfigError, match=r"of 5220 weeks, run in blocks of 40, fits into the memory \(8 GB"):
        check_size(sim.pilot("four_level", {"run.measured_weeks": 5200}), 40)


@pytest.mark.parametrize(
    "options",
    [{}, {"engine": "reference"}, {"engine": WEEKLY, "measures": [sim.OwnMeasure("mine", nothing)]}],
    ids=["compiled", "reference", "a measure of one's own"],
)
def test_what_is_run_in_one_piece_must_fit_in_one(tmp_path, monkeypatch, options):
    design = tiny()
    small_machine(monkeypatch, design)
    with pytest.raises(ConfigError, match=TOO_LARGE):
        sim.simulate(design, **options)
    with pytest.raises(ConfigError, match=TOO_LARGE):
        sim.compare(design, folder=tmp_path / "a", replications=1, executor="serial", **options)
    assert not list(tmp_path.iterdir())


def test_what_is_run_in_blocks_need_not(monkeypatch):
    design = tiny()
    small_machine(monkeypatch, design)
    assert sim.simulate(design, engine=WEEKLY)[1]["steps"] > 0
    with pytest.raises(ConfigError, match=TOO_LARGE):
        sim.journey(design, engine=WEEKLY)


def test_a_design_that_does_not_fit_here_is_not_noted_as_infeasible_for_ever(tmp_path, monkeypatch):
    design, archive = tiny(), Archive(tmp_path)
    pilots, keys = {design.name: design}, replications.keys([design])
    on, in_weeks = (backend({"kind": "compiled", "block_weeks": weeks}, {"kind": "serial"}) for weeks in (40, 1))
    with monkeypatch.context() as patched:
        small_machine(patched, design)
        assert "fits into the memory" in screen_all(archive, pilots, keys, on)[design.name].why
        weekly = screen_all(archive, pilots, keys, in_weeks)
        assert weekly[design.name].why == ""
        # What was kept of it says nothing of how it is run now.
        assert "fits into the memory" in screen_all(archive, pilots, keys, on)[design.name].why
    assert screen_all(archive, pilots, keys, on) == weekly


def test_a_network_that_does_not_fit_into_what_the_engine_may_take_is_refused_before_its_folder_is_begun(tmp_path):
    said = refused(tmp_path, "run", "network=mmc", "engine.memory_mb=1")
    assert said.startswith("wangge: engine.memory_mb must be at least ")
    assert said.endswith(", for a replication of mmc, which is run in one piece, got 1\n")
    assert not Path(tmp_path, "results").exists()
    with pytest.raises(ConfigError, match=r"for a replication of the network, which is run in one piece, got 1$"):
        sim.measure(sim.network("mmc"), engine={"kind": "compiled", "memory_mb": 1})
