import os
import re

import pytest
import yaml
from setups.commands import refused, wangge
from setups.documents import ROOT
from setups.evidence import CONFIDENCES, KEYS, at, is_number, leaves

from sim import config
from sim.config.compose import Line, compose, parse
from sim.errors import ConfigError
from sim.study import load_tables
from sim.study.design import prepared_all
from sim.study.own_district import new_district
from sim.study.points.evidence_factors import not_held

SMALL = ("run.warm_up_weeks=1", "run.measured_weeks=1", "run.drain_weeks=1", "run.replications=2", "workers=1")
PILOTS = ("today", "merged")
LABELS = ("name", "title", "district.name")  # what a thing is called needs no evidence


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """Return the folder that holds a freshly written lanterns/, and what the command said."""
    folder = tmp_path_factory.mktemp("a town of one's own")
    done = wangge(folder, "new", "lanterns")
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def composed(town, pilot):
    return compose("main", parse([f"--config-dir={town[0] / 'lanterns'}"]), f"pilot={pilot}")


def set_by_the_files(town):
    """Return the path of every number that a file of the folder sets."""
    found = set()
    for file in (town[0] / "lanterns").glob("*/*.yaml"):
        plain = yaml.safe_load(file.read_text(encoding="utf-8"))
        del plain["defaults"]
        whole = plain if file.parent.name == "pilot" else {file.parent.name: plain}
        found |= {path for path in leaves(whole) if path not in LABELS}
    return found


def rows(town):
    return yaml.safe_load((town[0] / "lanterns/evidence.yaml").read_text(encoding="utf-8"))


def test_a_new_district_runs_as_it_stands_by_the_command_that_new_prints(town):
    command = town[1].splitlines()[-1].split()
    assert command[0] == "wangge"
    assert "run=quick" in command
    done = wangge(town[0], *command[1:], *SMALL)
    assert done.returncode == 0, done.stderr
    summary = (town[0] / "results/lanterns/summary.md").read_text(encoding="utf-8")
    assert summary.startswith("# lanterns (invented): four levels (today) against three levels, 2 big communities\n")
    assert "Many inputs are assumptions; what this district does not set is Yuehu's." in summary
    assert "configs/evidence.yaml" not in summary


def test_nothing_of_the_template_keeps_the_name_of_the_stand_in(town):
    for path in (town[0] / "lanterns").rglob("*"):
        assert new_district.STAND_IN not in path.name
        if path.is_file():
            assert new_district.STAND_IN not in path.read_text(encoding="utf-8"), path


def test_every_command_of_its_readme_names_its_folder_and_composes(town):
    text = (town[0] / "lanterns/README.md").read_text(encoding="utf-8")
    commands = [line.split() for line in text.splitlines() if line.startswith("    wangge compare")]
    assert len(commands) >= 4
    for command in commands:
        shown = [] if "--cfg" in command else ["--cfg", "job"]
        done = wangge(town[0], *command[1:], *shown)
        assert done.returncode == 0, done.stderr
        assert "population: 20000" in done.stdout


def test_its_staff_follow_its_residents_as_the_shipped_ones_do(town):
    shipped, mine = config.load(compose("main", Line(()))), config.load(composed(town, "today"))
    for heads in ("community_heads", "street_heads", "district_heads"):
        per = [p.district.population / getattr(p.staffing, heads) for p in (shipped, mine)]
        assert per[1] == pytest.approx(per[0], rel=0.1)


def test_its_pilots_have_the_same_heads_and_nobody_is_overloaded_today(town):
    pilots = [config.load(composed(town, pilot)) for pilot in PILOTS]
    heads = [sum(int(cell) for cell in row[1:4]) for row in load_tables.heads_table(prepared_all(pilots)).rows]
    assert heads == [46, 46]
    assert prepared_all(pilots)["today"].overloaded == ()


def test_its_pilot_of_the_name_today_has_its_column_in_the_table_of_work(town):
    designs = prepared_all([config.load(composed(town, pilot)) for pilot in PILOTS])
    table = load_tables.work_table(load_tables.works_of(designs))
    assert [column.heading for column in table.columns] == ["kind of work", *PILOTS, "where it goes"]
    other_first = load_tables.work_table(load_tables.works_of({name: designs[name] for name in reversed(PILOTS)}))
    headings = [column.heading for column in other_first.columns]
    assert headings == ["kind of work", load_tables.TODAY, *reversed(PILOTS), "where it goes"]
    cells = {row[0]: row for row in table.rows}
    for row in other_first.rows:
        assert (row[1], row[3], row[2]) == (row[3], *cells[row[0]][1:3])


def test_every_number_that_its_files_set_has_one_row_of_evidence_and_no_other_has(town):
    paths = [row["path"] for row in rows(town)]
    assert sorted(paths) == sorted(set(paths))
    assert set(paths) == set_by_the_files(town)


def test_its_rows_have_the_values_of_its_files(town):
    for row in rows(town):
        assert set(row) - {"pilots"} == KEYS, row["path"]
        assert row["confidence"] in CONFIDENCES
        for pilot in row.get("pilots", PILOTS):
            assert at(composed(town, pilot), row["path"]) == row["base"], row["path"]
        if "pilots" in row:
            others = [at(composed(town, pilot), row["path"]) for pilot in PILOTS if pilot not in row["pilots"]]
            assert row["base"] not in others, row["path"]
        if row["low"] is not None:
            assert is_number(row["base"])
            assert row["low"] <= row["base"] <= row["high"], row["path"]


def test_its_evidence_is_held_to_its_configs(town, tmp_path):
    folder = town[0] / "lanterns"
    plain = {pilot: composed(town, pilot) for pilot in PILOTS}
    assert not_held(folder, plain) == []
    other = (folder / "evidence.yaml").read_text(encoding="utf-8").replace("base: 20000", "base: 21000")
    (tmp_path / "evidence.yaml").write_text(other, encoding="utf-8")
    (said,) = not_held(tmp_path, plain)
    assert said == (
        "evidence.yaml must have the values of the configs beside it: its base of district.population is 21000, but "
        "today has 20000. Change both together."
    )
    assert not_held(tmp_path / "none", plain) == []


def test_every_number_of_its_place_has_a_comment_above_it(town):
    lines = (town[0] / "lanterns/district/lanterns.yaml").read_text(encoding="utf-8").splitlines()
    for before, line in zip(lines, lines[1:], strict=False):
        if line and not line.lstrip().startswith(("#", "-")) and line not in ("defaults:", "calendar:"):
            assert before.lstrip().startswith("#"), line


def test_what_exists_is_never_overwritten(town, tmp_path):
    before = {p: p.read_bytes() for p in (town[0] / "lanterns").rglob("*") if p.is_file()}
    assert "must not exist yet (nothing is overwritten), got lanterns" in refused(town[0], "new", "lanterns")
    assert {p: p.read_bytes() for p in (town[0] / "lanterns").rglob("*") if p.is_file()} == before
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "empty", "link"):
        assert "must not exist yet" in refused(tmp_path, "new", name)
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "file", "link"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "new must be followed by one name, got nothing"),
        (("a", "b"), "new must be followed by one name, got a b"),
        (("../outside",), "name must be a letter and at most 39 more letters, digits or underscores"),
        (("/tmp/outside",), "name must be a letter and at most 39 more"),
        (("--force",), "name must be a letter and at most 39 more"),
        (("a" * 41,), "name must be a letter and at most 39 more"),
        (("two\nlines",), "got 'two\\nlines'"),
        (("",), "got nothing"),
        (("Yes",), "name must not be a word with a meaning in YAML, got Yes"),
        (("yuehu",), "name must not be that of a shipped file (configs/district/yuehu.yaml), got yuehu"),
        (("all_up",), "name must not be that of a shipped file (configs/staffing/all_up.yaml), got all_up"),
    ],
)
def test_a_name_that_cannot_be_one_is_told_in_one_paragraph(tmp_path, arguments, text):
    assert text in refused(tmp_path, "new", *arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_place_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"the folder .*town cannot be written here: Not a directory"):
        new_district.write(tmp_path / "file" / "town", {"README.md": b""})


def test_a_district_of_ones_own_is_not_held_against_the_arithmetic_on_yuehu(town):
    mine = load_tables.load_table(prepared_all([config.load(composed(town, "today"))]))
    shipped = load_tables.load_table(prepared_all([config.load(compose("main", Line(())))]))
    for table, held in ((mine, False), (shipped, True)):
        assert ("evidence" in [column.heading for column in table.columns]) is held
        assert ("16 thousand hours" in " ".join(table.notes)) is held


def test_its_page_shows_the_loads_that_the_program_gives(town):
    page = (ROOT / "docs/own_district.md").read_text(encoding="utf-8")
    designs = prepared_all([config.load(composed(town, pilot)) for pilot in PILOTS])
    table = load_tables.load_table(designs)
    wanted = ("pilot", "post", "load", "with duties", "cannot keep up")
    at = [[column.heading for column in table.columns].index(heading) for heading in wanted]
    shown = [re.split(r" {2,}", line.strip()) for line in page.splitlines() if re.match(r" {5}(today|merged) ", line)]
    assert shown == [[row[i] for i in at] for row in table.rows]


def test_its_page_shows_what_the_sharing_of_staff_gives(town):
    page = (ROOT / "docs/own_district.md").read_text(encoding="utf-8")
    told = wangge(town[0], "staff", "--config-dir", "lanterns", "pilot=merged", "today=lanterns").stdout
    up = re.search(r"merged: (\d+) of 18 street heads go up", told)[1]
    largest = max(re.findall(r"(\d\.\d\d)", told))
    assert re.search(rf"^{up} go up, one more than .* the largest load is {largest}\.", page, re.MULTILINE)
