"""A command's own keys come first where one is mistyped."""

import pytest
from setups.commands import refused

TYPOS = {
    "trace": (("reqest=3", "request"), ("archtype=T1", "archetype"), ("replicaton=1", "replication")),
    "compare": (
        ("detials=true", "details"),
        ("format=[svg]", "formats"),
        ("chart=false", "charts"),
        ("onyl=[x]", "only"),
        ("nme=x", "name"),
        ("worker=1", "workers"),
    ),
    "run": (("netwrk=mmc", "network"), ("piltos=four_level", "pilot"), ("chart=false", "charts")),
    "staff": (("toady=four_level", "today"), ("mst_load=0.8", "most_load")),
    "headlines": (("onyl=[x]", "only"), ("detials=true", "details")),
    "explain": (("replicatons=3", "replications"), ("cases=x", "causes")),
    "knobs": (("replicatons=3", "replications"),),
    "validate": (("detials=true", "details"), ("csaes=[x]", "cases")),
}
MORE = {
    ("run", "network=mmc", "detials=true"): "details",
    ("run", "network=mmc", "replicatons=3"): "replications",
    ("run", "-m", "grid.households=300,400", "chart=false"): "charts",
    ("sweep", "study=grid_size", "retyr=true"): "retry",
    ("sweep", "study=grid_size", "chart=false"): "charts",
}
LINES = {(command, typo): meant for command, typos in TYPOS.items() for typo, meant in typos} | MORE


@pytest.mark.parametrize(("line", "meant"), LINES.items(), ids=[" ".join(line) for line in LINES])
def test_a_mistyped_key_of_a_command_is_told_the_key_that_was_meant(tmp_path, line, meant):
    told = refused(tmp_path, *line)
    assert f"is not a known key (did you mean {meant}?), got" in told


def test_a_mistyped_knob_is_told_the_knobs_and_none_twice(tmp_path):
    told = refused(tmp_path, "compare", "grid.housholds=3")
    assert "(did you mean grid.households" in told
    told = refused(tmp_path, "compare", "nam=x")
    assert "(did you mean name?)" in told
