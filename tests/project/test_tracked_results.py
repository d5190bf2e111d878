"""What a clone has to carry of our own runs."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_BYTES = 5_000_000
MOST_BYTES_A_FILE = 300_000
ADVICE = (
    "Keep summary.md, small tables and charts as SVG; of a table keep the smaller of CSV and Parquet. Name the rest in "
    ".gitignore and take it out with `git rm --cached`: the command of the run makes it again."
)


@pytest.fixture(scope="module")
def tracked():
    """Return the files that git tracks here and that are there, as paths from the top."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a checkout of git")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip(f"git does not answer here: {listed.stderr.decode()}")
    return [path for name in listed.stdout.decode().split("\0") if name and (ROOT / (path := Path(name))).is_file()]


def test_results_that_are_tracked_weigh_little(tracked):
    sizes = {path.as_posix(): (ROOT / path).stat().st_size for path in tracked if path.parts[0] == "results"}
    heavy = [f"{name} ({size:,} bytes)" for name, size in sizes.items() if size > MOST_BYTES_A_FILE]
    assert not heavy, f"A file under results/ may have {MOST_BYTES_A_FILE:,} bytes: {', '.join(heavy)}. {ADVICE}"
    total = sum(sizes.values())
    largest = ", ".join(sorted(sizes, key=sizes.__getitem__, reverse=True)[:10])
    assert total <= MOST_BYTES, f"results/ may have {MOST_BYTES:,} bytes, got {total:,}; largest: {largest}. {ADVICE}"


def test_a_picture_or_file_that_a_page_points_to_is_tracked(tracked):
    there = {path.as_posix() for path in tracked} | {parent.as_posix() for path in tracked for parent in path.parents}
    missing = []
    for page in (
        path for path in tracked if path.suffix == ".md" and path.parts[0] in ("results", "docs", "README.md")
    ):
        for link in re.findall(r"\]\(([^)#\s]+)", (ROOT / page).read_text(encoding="utf-8")):
            if "://" not in link and (ROOT / page.parent / link).resolve().relative_to(ROOT).as_posix() not in there:
                missing.append(f"{page}: {link}")
    assert not missing
