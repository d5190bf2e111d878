"""What a project tells of itself agrees: versions, licence, README and docs."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import yaml

from sim import MODEL_VERSION

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_version_is_the_same_in_project_citation_and_changelog():
    citation = yaml.safe_load(read("CITATION.cff"))
    newest = re.search(r"^## (\S+?),? .*\(model (\d+)\)$", read("CHANGELOG.md"), re.MULTILINE)
    assert str(citation["version"]) == PROJECT["version"] == newest[1]
    assert newest[2] == MODEL_VERSION


def test_licence_and_authors_are_the_same_in_project_citation_and_licence():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["license"] == PROJECT["license"] == "MIT"
    (author,) = PROJECT["authors"]
    assert citation["authors"] == [author]
    assert re.search(rf"^Copyright \(c\) \d{{4}} {author['name']}$", read("LICENSE"), re.MULTILINE | re.IGNORECASE)
    assert citation["keywords"] == PROJECT["keywords"]


def test_the_command_says_its_version_and_the_model_s(tmp_path):
    try:
        installed = metadata.version("wangge")
    except metadata.PackageNotFoundError:
        installed = "(not installed)"
    done = subprocess.run(
        [sys.executable, "-m", "experiments.main", "--version"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, f"wangge {installed}, model {MODEL_VERSION}\n")
