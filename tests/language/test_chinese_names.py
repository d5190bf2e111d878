import shutil

import pytest
from setups.commands import TINY, refused, wangge

from sim.report.lines import WIDTH, cells
from sim.report.screen import HEIGHT

PILOT = """\
# @package _global_
defaults:
  - four_level
name: 现状
title: 现行体制（月湖）
"""


def test_a_district_may_have_a_chinese_name(tmp_path):
    done = wangge(tmp_path, "new", "东山")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Written: 东山/ (东山/README.md says what is in it).")
    assert (tmp_path / "东山/staffing/东山_merged.yaml").is_file()
    for file in ("district/东山.yaml", "pilot/today.yaml", "README.md"):
        assert "东山" in (tmp_path / "东山" / file).read_text("utf-8")
    command = done.stdout.splitlines()[-1].split()
    resolved = wangge(tmp_path, *command[1:], "--cfg", "job")
    assert resolved.returncode == 0, resolved.stderr
    assert "name: 东山 (invented)" in resolved.stdout


@pytest.fixture(scope="module")
def own(spoken_of, tmp_path_factory):
    """Return a folder in which a design of a Chinese name was compared, and what the command said."""
    folder = tmp_path_factory.mktemp("网格")
    shutil.copytree(spoken_of[0] / "results/.replications", folder / "results/.replications")
    (folder / "我的/pilot").mkdir(parents=True)
    (folder / "我的/pilot/现状.yaml").write_text(PILOT, encoding="utf-8")
    line = ("--config-dir", "我的", "pilots=[现状,three_level]", "name=网格", "charts=false", *TINY, "lang=zh")
    done = wangge(folder, "compare", *line)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_designs_folders_and_titles_may_be_chinese(own):
    folder, said = own
    screen = said[said.index("月湖区，2个方案") :].splitlines()
    assert len(screen) <= HEIGHT
    assert max(map(cells, screen)) <= WIDTH
    assert any(line.startswith("现行体制（月湖） ") for line in screen)
    assert screen[-2:] == [
        "详见：wangge show 网格；results/网格/summary.md。", "输入时所用名称：现状, three_level。",
    ]  # fmt: skip
    summary = (folder / "results/网格/summary.md").read_text("utf-8")
    assert summary.startswith("# 月湖区：现行体制（月湖）与三级管理（改革）\n")
    assert "| 指标 | 现状 | three\\_level |" in summary or "| 指标 | 现状 | three_level |" in summary


@pytest.mark.parametrize("words", [["show", "网格"], ["show", "网格", "against_three_level"], ["status", "网格"]])
def test_a_folder_of_a_chinese_name_is_found_and_its_designs_are_shown(own, words):
    for language in ("zh", "en"):
        shown = wangge(own[0], *words, f"lang={language}")
        assert shown.returncode == 0, shown.stderr
        assert "现状" in shown.stdout


def test_the_command_that_is_noted_can_be_typed_again(own):
    assert wangge(own[0], "status", "网格").stdout.splitlines()[0].endswith(" lang=zh")


def test_a_wrong_chinese_name_is_refused_by_the_same_rule(tmp_path):
    for name in ("东 山", "山/东", "1山", "_山", "山" * 41, "、"):
        assert f"at most 39 more letters, digits or underscores (it becomes a folder), got {name}" in refused(
            tmp_path, "new", name
        )
    assert "name must be a plain name" in refused(tmp_path, "compare", "name=网/格")
    long = "网" * 67
    assert "name must be a text of at most 60 characters" in refused(tmp_path, "run", "network=mmc", f"name={long}")
    said = refused(tmp_path, "compare", "pilots=[现状]")
    assert said.startswith("wangge: pilot must be one of flatten_only, ")
    assert said.endswith(", got 现状\n")
