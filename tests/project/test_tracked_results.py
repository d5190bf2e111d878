"""What a clone has to carry of pages and of our own runs, and that it carries what pages promise."""

import json
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from setups.commands import wangge

from sim.config.compose import CONFIGS, options
from sim.report.lines import WIDTH, cells
from sim.report.pages import Printed
from sim.report.screen import HEIGHT, lines
from sim.version import MODEL_VERSION

ROOT = Path(__file__).parents[2]
MOST_BYTES = {"results": 6_100_000, "docs": 1_200_000}
MOST_BYTES_A_FILE = {"results": 350_000, "docs": 200_000}
NUMBERS = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"]
ADVICE = {
    "results": "Keep summary.md, small tables and charts as SVG; of a table keep the smaller of CSV and Parquet. Name "
    "the rest in .gitignore and take it out with `git rm --cached`: the command of the run makes it again.",
    "docs": "Keep pages, charts as SVG and the gallery's small pictures; what a command makes belongs under results/.",
}


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tracked():
    """Return the files that git tracks here and that are there, as paths from the top."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a checkout of git")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip(f"git does not answer here: {listed.stderr.decode()}")
    return [path for name in listed.stdout.decode().split("\0") if name and (ROOT / (path := Path(name))).is_file()]


@pytest.mark.parametrize("top", MOST_BYTES)
def test_pages_and_results_that_are_tracked_weigh_little(tracked, top):
    sizes = {path.as_posix(): (ROOT / path).stat().st_size for path in tracked if path.parts[0] == top}
    most = MOST_BYTES_A_FILE[top]
    heavy = [f"{name} ({size:,} bytes)" for name, size in sizes.items() if size > most]
    assert not heavy, f"A file under {top}/ may have {most:,} bytes: {', '.join(heavy)}. {ADVICE[top]}"
    total = sum(sizes.values())
    largest = ", ".join(sorted(sizes, key=sizes.__getitem__, reverse=True)[:10])
    assert total <= MOST_BYTES[top], (
        f"{top}/ may have {MOST_BYTES[top]:,} bytes, got {total:,}; largest: {largest}. {ADVICE[top]}"
    )


def is_text(path):
    try:
        return "\0" not in (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False


def is_of_gallery(path):
    return path.parts[:2] == ("docs", "gallery") and path.suffix == ".webp"


def test_what_is_tracked_is_text_but_for_tables_of_results_small_pictures_and_compiled_catalogues(tracked):
    small = {path for path in tracked if is_of_gallery(path)}
    tables = {path for path in tracked if path.parts[0] == "results" and path.suffix == ".parquet"}
    compiled = {path for path in tracked if path.suffix == ".mo" and path.with_suffix(".po") in tracked}
    assert not [path.as_posix() for path in tracked if path not in tables | small | compiled and not is_text(path)]


def test_pages_have_no_other_kinds_of_files_than_text_and_drawings(tracked):
    kinds = defaultdict(list)
    for path in tracked:
        if path.parts[0] == "docs" and not is_of_gallery(path):
            kinds[path.suffix].append(path.as_posix())
    assert set(kinds) <= {".md", ".svg"}, kinds


def test_a_picture_or_file_that_a_page_points_to_is_tracked(tracked):
    there = {path.as_posix() for path in tracked} | {parent.as_posix() for path in tracked for parent in path.parents}
    missing = []
    for page in (
        path for path in tracked if path.suffix == ".md" and path.parts[0] in ("results", "docs", "README.md")
    ):
        for link in re.findall(r"\]\(([^)#\s]+)", read(page)):
            if "://" not in link and (ROOT / page.parent / link).resolve().relative_to(ROOT).as_posix() not in there:
                missing.append(f"{page}: {link}")
    assert not missing


def test_a_clone_shows_the_screen_of_the_readme_and_has_the_charts_that_it_names(tracked, tmp_path):
    for path in tracked:
        if path.parts[:2] == ("results", "yuehu"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, tmp_path / path)
    screen = re.search(r"```text\n(Yuehu, .*?)\n```", read("README.md"), re.DOTALL)[1]
    shown = wangge(tmp_path, "show", "yuehu")
    assert shown.returncode == 0, shown.stderr
    assert screen in "\n".join(line.rstrip() for line in shown.stdout.splitlines())
    more, n_charts = re.search(r"\nMore: wangge show yuehu; (\S+) and (\d+) charts beside it\.\n", screen).groups()
    assert (tmp_path / more).is_file()
    assert len(list((tmp_path / more).parent.glob("charts/*.svg"))) == int(n_charts)


def test_pages_say_how_many_of_the_shipped_studies_were_run(tracked):
    shipped = options("study", CONFIGS)
    number = NUMBERS[len(shipped)]
    n_run = sum(Path("results", name, "summary.md") in tracked for name in shipped)
    page = read("docs/findings.md")
    assert sorted(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == sorted(shipped)
    assert f"## {number} studies" in page
    said = "all" if n_run == len(shipped) else NUMBERS[n_run].lower().replace("no", "none")
    been = "has" if n_run < 2 else "have"
    link = f"[{number} studies](docs/findings.md#{number.lower()}-studies)"
    assert f"{link} ship; {said} {been} been run on this model" in " ".join(read("README.md").split())


def test_the_runs_of_studies_are_of_this_model(tracked):
    for name in options("study", CONFIGS):
        if Path("results", name, "manifest.json") in tracked:
            assert json.loads(read(f"results/{name}/manifest.json"))["identity"]["model_version"] == MODEL_VERSION


def test_a_screen_that_is_tracked_fits_a_terminal_in_every_language(tracked):
    kept = [path for path in tracked if re.fullmatch(r"printed(\.\w+)?\.json", path.name)]
    assert len(kept) >= 10
    for path in kept:
        screen = TypeAdapter(Printed).validate_python(json.loads(read(path))).screen
        assert len(lines(screen)) <= HEIGHT, path
        assert max(map(cells, lines(screen))) <= WIDTH, path
