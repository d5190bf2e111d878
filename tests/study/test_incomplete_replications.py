"""Replications that an earlier program kept, without a measure that this one makes: told, put aside and run again."""

import io

import polars as pl
import pytest
from rich.console import Console
from setups.contents import contents
from setups.district import tiny
from setups.studies import BASE, study

from sim.config.compose import Line
from sim.district.engines import Compiled
from sim.errors import ConfigError
from sim.executor import Serial
from sim.measures.dictionary import DEFINITIONS, GROUPS, ONLY_WHERE_OBSERVED, PRICED, RESIDENTS, lacking
from sim.store.archive import Archive
from sim.store.layout import ARCHIVE
from sim.study import replications
from sim.study.backend import Backend
from sim.study.budget.runs import Runs
from sim.study.comparison.comparison import KEPT, opened, run_missing
from sim.study.design import prepared_all
from sim.study.findings import preview
from sim.study.replication import simulate
from sim.study.sweep import prepare, sweep

BACKEND = Backend(Compiled(), Serial())


def console():
    return Console(file=io.StringIO(), width=200)


def said(console):
    return " ".join(console.file.getvalue().split())


@pytest.fixture(scope="module")
def whole():
    """Return two designs, and the tables and facts of their replications by name and number."""
    pilots = [
        one.model_copy(update={"run": one.run.model_copy(update={"replications": 2})})
        for one in (tiny("four_level"), tiny("three_level"))
    ]
    return pilots, {(pilot.name, number): simulate(pilot, number) for pilot in pilots for number in range(2)}


def keep(archive, pilot, number, tables, facts, *, without=(), tables_without=()):
    """Keep a replication, but for some measures and tables."""
    left = {name: table for name, table in tables.items() if name not in tables_without}
    left["measures"] = tables["measures"].filter(~pl.col("measure").is_in(list(without)))
    archive.keep(replications.key(pilot), number, left, facts)


def aside(folder):
    return sorted(path.parent.name for path in folder.rglob("earlier-*.zip"))


def test_a_comparison_tells_how_many_lack_a_measure_and_runs_them_again(tmp_path, whole):
    pilots, found = whole
    archive = Archive.open(tmp_path / ARCHIVE)
    for (name, number), kept in found.items():
        pilot = next(pilot for pilot in pilots if pilot.name == name)
        complete = (name, number) == ("four_level", 1)
        keep(archive, pilot, number, *kept, without=() if complete else ("trips", "found"))
    told = console()
    store, notes = opened(told, tmp_path / "mine", pilots, ("test",))
    assert said(told) == (
        "- 3 kept replications lack what this version measures (found, trips): they are run again."
    )  # before anything is simulated
    assert notes == (said(told).removeprefix("- "),)
    keys = [replications.key(pilot) for pilot in pilots]
    assert aside(tmp_path) == sorted([keys[0], keys[1], keys[1]])
    speed = run_missing(told, store, prepared_all(pilots), BACKEND)
    assert "1 of 4 replications were kept already" in said(told)
    assert speed.steps == sum(facts["steps"] for which, (_, facts) in found.items() if which != ("four_level", 1))
    for (name, number), (tables, _) in found.items():
        mine = store.table("measures", [name]).filter(replication=number).drop("pilot", "replication")
        assert mine.equals(tables["measures"], null_equal=True)
    told = console()
    opened(told, tmp_path / "mine", pilots, ("test",))
    assert said(told) == ""
    assert len(aside(tmp_path)) == 3  # nothing is lost


def test_a_comparison_runs_again_what_lacks_a_whole_table(tmp_path, whole):
    pilots, found = whole
    archive = Archive.open(tmp_path / ARCHIVE)
    keep(archive, pilots[0], 0, *found["four_level", 0], tables_without=("queues", "flows"))
    told = console()
    store, _ = opened(told, tmp_path / "mine", pilots[:1], ("test",))
    assert said(told) == (
        "- 1 kept replication lacks what this version measures (table flows, table queues): it is run again."
    )
    assert not archive.replications(replications.key(pilots[0]))
    run_missing(console(), store, prepared_all(pilots[:1]), BACKEND)
    assert set(archive.tables(replications.key(pilots[0]), 0)) == set(KEPT)


def test_replications_that_are_not_asked_for_are_left_as_they_are(tmp_path, whole):
    pilots, found = whole
    archive = Archive.open(tmp_path / ARCHIVE)
    keep(archive, pilots[0], 5, *found["four_level", 0], without=("trips",))
    told = console()
    opened(told, tmp_path / "mine", pilots[:1], ("test",))
    assert said(told) == ""
    assert archive.replications(replications.key(pilots[0])) == [5]


SWEPT = study(
    pilots=["four_level"], base=BASE, factors={"grid.households": [200, 300]}, responses=["trips"],
    precision={"replications": 2},
)  # fmt: skip


def swept(folder, told):
    return sweep(SWEPT, Line(()), folder, BACKEND, console=told)


def test_a_study_tells_how_many_lack_a_measure_and_runs_them_again(tmp_path):
    first = swept(tmp_path / "first/mine", console())
    expected = first.read("measures")
    archive = Archive.open(tmp_path / "second" / ARCHIVE)
    complete = Archive.open(tmp_path / "first" / ARCHIVE)
    for key in complete.designs():
        for number in complete.replications(key):
            tables, facts = complete.read_all(key, number)
            tables["measures"] = tables["measures"].filter(pl.col("measure") != "trips")
            archive.keep(key, number, tables, facts)
    before = contents(tmp_path)
    told = console()
    prepared = prepare(SWEPT, Line(()), BACKEND, tmp_path / "second", console=told)
    preview.estimate(told, prepared.plan, prepared.runs)
    assert "- 4 kept replications lack what this version measures (trips): they are run again." in said(told)
    assert "4 replications would be run, 0 kept already." in said(told)
    assert {name for name in contents(tmp_path) if name.endswith(".zip")} == {
        name for name in before if name.endswith(".zip")
    }  # a preview changes nothing
    told = console()
    again = swept(tmp_path / "second/mine", told)
    assert again.cost.startswith("Simulated now: 4 replications")
    note = "- 4 kept replications lack what this version measures (trips): they are run again."
    assert said(told).startswith(f"{note} 1 of 1: kept replication 0 of p0000 1 of 3: kept")
    assert again.notes == (note.removeprefix("- "),)  # where a console is quiet
    assert again.read("measures").equals(expected, null_equal=True)
    assert again.read("summary")["trips"].is_finite().all()
    assert len(aside(tmp_path / "second")) == 4
    told = console()
    swept(tmp_path / "second/mine", told)
    assert "lack" not in said(told)


def test_a_measure_that_nothing_computes_ends_a_study_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setitem(DEFINITIONS, "by_nothing", ("share", "requests at the counter that took two trips or more"))
    monkeypatch.setitem(GROUPS, "by_nothing", ("all",))
    with pytest.raises(ConfigError, match=r"must have only what every replication computes, got by_nothing$"):
        swept(tmp_path / "mine", console())


NOBODY_COMES = (
    *(f"demand.{channel}_per_resident_year=0" for channel in ("counter", "phone", "latent")),
    "burden.abolished_share=1", "grid.patrol_duty_share=0", "grid.visits.duty_share=0",
)  # fmt: skip


@pytest.mark.parametrize("name", ["four_level", "three_level", "three_level_dedicated"])
def test_no_design_lacks_a_measure_by_its_nature(name):
    tables, _ = simulate(tiny(name, *NOBODY_COMES), 0)
    held = set(tables["measures"].select("measure", "group").iter_rows())
    assert lacking(held) == []
    if name == "four_level":  # whose staff then have nothing to do at all
        assert tables["measures"].filter(measure="task_share")["value"].is_nan().all()


OFFICES_CLOSED = (
    "run.warm_up_weeks=39",
    "run.measured_weeks=1",
    "district.calendar.working_weekends=[]",
)  # of October's holidays
EVERY_PAIR = {(measure, group) for measure in DEFINITIONS for group in GROUPS.get(measure, RESIDENTS)}


@pytest.mark.parametrize("more", [("district.copies=2",), ("district.place=drawn",), OFFICES_CLOSED])
def test_no_replication_lacks_a_measure_or_a_group_for_ever(more):
    tables, _ = simulate(tiny("three_level", *NOBODY_COMES, *more), 0)
    held = tables["measures"].filter(~pl.col("measure").is_in(list(ONLY_WHERE_OBSERVED)))
    assert lacking(held.select("measure", "group").iter_rows()) == []
    if more == OFFICES_CLOSED:
        assert held.filter(measure="control")["value"].is_nan().all()


def test_the_groups_of_a_definition_are_all_that_no_design_lacks(whole):
    designs = [tables["measures"] for tables, _ in whole[1].values()]
    designs.append(simulate(tiny("three_level", *NOBODY_COMES, "district.place=drawn"), 0)[0]["measures"])
    common = set.intersection(*(set(one.select("measure", "group").iter_rows()) for one in designs))
    by_config = ("archetype:", "post:", "level:district", "absence:district")  # as configs are, not as measures are
    fixed, defined = (
        {(measure, group) for measure, group in pairs if not group.startswith(by_config)}
        for pairs in (common, EVERY_PAIR)
    )
    assert fixed - defined == set()
    assert {measure for measure, _ in defined - fixed} == ONLY_WHERE_OBSERVED | PRICED


def test_controls_and_groups_that_an_earlier_program_kept_none_of_are_run_again_as_measures_are(tmp_path, whole):
    pilots, found = whole
    archive = Archive.open(tmp_path / ARCHIVE)
    tables, facts = found["four_level", 0]
    keep(archive, pilots[0], 0, tables, facts, without=("control",))
    older = {**tables, "measures": tables["measures"].filter(~pl.col("group").is_in(["heads:few", "heads:many"]))}
    keep(archive, pilots[0], 1, older, facts)
    lacked = [
        f"1 kept replication lacks what this version measures ({what}): it is run again."
        for what in ("control", "group heads:few, group heads:many")
    ]
    told = console()
    runs = Runs(archive, {"p0": pilots[0]}, {"p0": replications.key(pilots[0])}, BACKEND, ("all",), told)
    assert len(runs.unusable(2)) == 2
    assert runs.notes == lacked
    _, notes = opened(console(), tmp_path / "mine", pilots[:1], ("test",))
    assert list(notes) == lacked
    assert not archive.replications(replications.key(pilots[0]))


def test_what_is_lacking_is_told_in_order_and_what_need_not_be_there_is_not():
    assert lacking(EVERY_PAIR) == []
    left_out = {"walk", "found", *ONLY_WHERE_OBSERVED}
    assert lacking({pair for pair in EVERY_PAIR if pair[0] not in left_out} | {("mine", "all")}) == ["found", "walk"]
    few = {pair for pair in EVERY_PAIR if pair[1] != "heads:few" and pair[0] != "walk"}
    assert lacking(few) == ["walk", "group heads:few"]


def test_what_is_gone_or_has_no_measures_is_run_again_and_a_preview_says_so(tmp_path, whole, monkeypatch):
    pilots, found = whole
    archive, key = Archive.open(tmp_path / ARCHIVE), replications.key(pilots[0])
    tables, facts = found["four_level", 0]
    keep(archive, pilots[0], 0, tables, facts)
    archive.keep(key, 1, {name: table for name, table in tables.items() if name != "measures"}, facts)
    keep(archive, pilots[0], 2, tables, facts)
    listed = Archive.replications

    def another_process_removes_the_first(self, key):
        numbers = listed(self, key)
        self.remove([path for path in self.paths(key) if path.name.startswith("0000")])
        return numbers

    monkeypatch.setattr(Archive, "replications", another_process_removes_the_first)
    told = console()
    runs = Runs(archive, {"p0": pilots[0]}, {"p0": key}, BACKEND, ("all",), told)
    assert runs.unusable(3) == {(key, 0), (key, 1)}
    assert "1 kept replication lacks what this version measures" in said(told)
    assert archive.finished(key, 1)
    runs.read_kept(3)
    assert not archive.finished(key, 1)
    assert archive.finished(key, 2)
    assert runs.count("p0") == 0  # the first is missing
    runs.ensure({"p0": 3})
    assert runs.count("p0") == 3
    assert runs.simulated == 2
