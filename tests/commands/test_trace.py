import re

import polars as pl
import pytest
from setups.commands import refused, wangge
from setups.district import TINY
from setups.screens import first_screen

from experiments.commands import trace
from sim.errors import ConfigError


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    folder = tmp_path_factory.mktemp("traced")
    done = wangge(folder, "trace", "request=12", "pilots=[four_level]", "name=one", "details=true", *TINY)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_a_journey_is_printed_within_120_columns_and_kept(traced):
    folder, out = traced
    assert max(map(len, out.splitlines())) <= 120
    assert "request 12" in out
    assert re.search(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) 2011-\d\d-\d\d \d\d:\d\d", out)
    assert "turnaround (working days)" in out
    results = folder / "results" / "one"
    assert len(pl.read_csv(results / "journey.csv")) == len(pl.read_parquet(results / "journey.parquet")) > 0
    assert (results / "charts" / "journey.svg").read_bytes().startswith(b"<?xml")
    assert b"<svg" in (results / "charts" / "journey.svg").read_bytes()
    assert (results / "journey.md").read_text().startswith("# The journey of request 12\n")


def test_a_trace_ends_with_one_screen_and_its_steps_are_shown_by_name(traced):
    folder, out = traced
    screen = first_screen(out, "Request 12, ")
    assert "\nFour levels (today): Done " in screen
    assert screen.endswith("\nName to type: four_level.")
    assert "turnaround (working days)" in screen
    assert "One request is an example" in screen
    steps = wangge(folder, "show", "one", "four_level")
    assert steps.returncode == 0, steps.stderr
    assert re.search(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) 2011-", steps.stdout)


def without_seconds(said):
    """Return what was said without how long it has been at work, which a slow machine says too."""
    return [line for line in said.splitlines() if not line.startswith("  at work for ")]


def test_the_same_trace_again_is_the_same_to_the_byte(traced):
    folder, out = traced
    results = folder / "results" / "one"
    names = ("journey.md", "journey.csv", "journey.parquet", "charts/journey.svg")
    before = {name: (results / name).read_bytes() for name in names}
    again = wangge(folder, "trace", "request=12", "pilots=[four_level]", "name=one", "details=true", *TINY)
    assert without_seconds(again.stdout) == without_seconds(out)
    assert {name: (results / name).read_bytes() for name in names} == before


def test_another_request_does_not_overwrite_a_folder(traced):
    told = refused(traced[0], "trace", "request=13", "pilots=[four_level]", "name=one", "details=true", *TINY)
    assert "trace" in told


def test_two_designs_follow_the_slowest_of_an_archetype(tmp_path):
    done = wangge(tmp_path, "trace", "request=slowest", "archetype=T2", "structure.communities=2",
                  "pilots=[three_level,three_level_all_down]", "details=true", *TINY)  # fmt: skip
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    number = re.search(
        r"slowest measured request of archetype T2 that is finished under three levels .reform. is request (\d+)\.",
        words,
    ).group(1)
    assert words.lower().count(f"request {number}, t2") == 3
    assert re.search(rf"results/trace-{number}-[0-9a-f]{{8}}/", words)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("request=-1",), "request must be at least 0, or be a text, got -1"),
        (("request=fast",), "request must be a number or slowest, got fast"),
        (("archetype=T88",), r"archetype must be one of T1, .*did you mean T8\?\), got T88"),
        (("request=3", "channel=latent"), "archetype and channel must be left out where request is a number"),
        (("channel=letter",), "channel must be .*letter"),
        (("archetype=T1", "channel=latent"), "no request of archetype T1 through channel latent is measured under"),
        (("pilots=[four_level,four_level]",), "pilots must be different ones, got four_level, four_level"),
        (("pilots=[four_level,three_level,three_level_all_down]",), "pilots must be at most 2, got 3"),
        (("replication=-1", "request=1"), "replication must be at least 0, got -1"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_field_rule_and_value(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    pilots = () if any(a.startswith("pilots") for a in arguments) else ("pilots=[four_level]",)
    with pytest.raises(ConfigError, match=message):
        trace.main([*arguments, *pilots, *TINY])
    assert not (tmp_path / "results").exists()


def test_a_number_that_does_not_exist_is_one_paragraph(tmp_path):
    told = refused(tmp_path, "trace", "request=999999", "pilots=[four_level]", *TINY)
    assert re.search(r"request must be from 0 to [\d,]+, the requests of replication 0 over 3 weeks, got 999999", told)


def test_the_resolved_config_can_be_shown(tmp_path):
    done = wangge(tmp_path, "trace", "request=12", "--cfg", "job")
    assert "request: 12" in done.stdout
    assert not (tmp_path / "results").exists()


def test_help_says_how_a_request_is_chosen(tmp_path):
    told = wangge(tmp_path, "trace", "--help").stdout
    for word in ("request=slowest", "archetype=T8", "replication=0", "key=value"):
        assert word in told
    assert "  trace " in wangge(tmp_path, "--help").stdout
