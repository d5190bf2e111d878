import pytest
import yaml
from setups.commands import refused, wangge

PLAIN_NAME = "name must be a plain name"
WRONG = {
    "trace request=abc": "request must be a number or slowest, got abc",
    "trace archetype=zz": "archetype must be one of",
    "trace request=3 channel=phone": "archetype and channel must be left out where request is a number",
    "trace name=a/b": PLAIN_NAME,
    "compare pilots=[four_level] name=a/b": PLAIN_NAME,
    "compare pilots=[four_level] only=[zz]": "only must name charts of load, turnaround",
    "run pilot=four_level name=a/b": PLAIN_NAME,
    "run network=mmc network.horizon=-1": "network.horizon must be",
    "run network=mmc name=a/b": PLAIN_NAME,
    "run -m grid.zz=1,5": "grid.zz is not a known key",
    "sweep study=grid_size name=a/b": PLAIN_NAME,
    "sweep study=grid_size study.pilots=[zz]": "pilot must be one of",
    "sweep study=cheapest district.streets=-1": "study must have at least one feasible point",
    "staff today=zz": "today must be one of",
    "validate cases=[zz]": "cases must be names of configs/validation",
    "validate name=a/b": PLAIN_NAME,
    "bench name=a/b": PLAIN_NAME,
    "sweep study=grid_size only=[heat_zz]": "only must name charts of ",
    "headlines only=[zz]": "only must name headlines of",
    "explain causes=zz": "causes must be one of",
    "knobs only=[zz]": "only must name paths of evidence.yaml",
}  # fmt: skip


@pytest.mark.parametrize("line", WRONG)
def test_wrong_settings_are_refused_before_they_are_shown(tmp_path, line):
    assert WRONG[line] in refused(tmp_path, *line.split(), "--cfg", "job")
    assert not (tmp_path / "results").exists()


def test_staff_shows_its_settings_and_shares_out_nobody(tmp_path):
    done = wangge(tmp_path, "staff", "most_load=0.8", "--cfg", "job")
    shown = yaml.safe_load(done.stdout)
    assert (shown["most_load"], shown["today"], shown["pilot"]["name"]) == (0.8, "four_level", "three_level")
