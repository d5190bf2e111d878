"""Heads by a stated largest load: the shipped files of staffing, and what `wangge staff` says and writes."""

import pytest
import yaml
from setups.district import CONFIGS, TINY, pilot, tiny

from experiments.commands import staff
from sim.district import overload
from sim.errors import ConfigError
from sim.study import design
from sim.study.replication import simulate
from sim.study.staffing import MOST_LOAD, staffed, staffing_table, staffing_yaml, with_heads_up, write_staffing

SHIPPED = {
    "three_level": ("three_level", "wangge staff"),
    "three_level_enforcement_below": ("enforcement_below", "wangge staff pilot=three_level_enforcement_below"),
}


@pytest.fixture(scope="module", params=SHIPPED)
def shipped(request):
    name, command = SHIPPED[request.param]
    return staffed(pilot(request.param)), CONFIGS / "staffing" / f"{name}.yaml", command


def test_a_shipped_file_is_what_wangge_staff_writes_today(shipped):
    one, path, command = shipped
    assert path.read_text(encoding="utf-8") == staffing_yaml(one, "four_level", command)


def test_a_shipped_reform_is_at_most_at_the_stated_load_and_one_head_fewer_is_not(shipped):
    one, _, _ = shipped
    assert one.load <= MOST_LOAD
    assert one.up + one.down == 120
    fewer = with_heads_up(one.design.pilot, one.up - 1)
    assert fewer.load > MOST_LOAD
    assert one.load == max(pool.load for pool in one.design.pools)


def test_what_a_pilot_says_of_its_street_staff_is_not_used():
    # The same numbers from all down, and from a number by hand.
    ups = {staffed(tiny(name, *LEAN)).up for name in ("three_level", "three_level_all_down")}
    assert len(ups) == 1


LEAN = (  # so little work that two communities and the district can keep up
    "district.work.from_above_hours=6000", "district.work.street_hours.economic=1000",
    "district.work.street_hours.enforcement=1000", "district.work.street_hours.party=500",
)  # fmt: skip


def test_one_place_is_built_for_all_numbers_of_heads_and_the_pools_of_a_replication_once(monkeypatch):
    built = []
    for module, name in ((design, "build_place"), (overload, "pools")):
        made = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, made=made, name=name, **k: built.append(name) or made(*a, **k))
    staffed(tiny("three_level", *LEAN))
    assert built.count("build_place") == 1
    assert built.count("pools") > 3
    built.clear()
    simulate(tiny("three_level"), 0)
    assert sorted(built) == ["build_place", "pools"]


def test_the_heads_of_a_number_sent_up_add_up():
    for up in (0, 5, 12):
        one = with_heads_up(tiny("three_level"), up)
        assert (one.up, one.down) == (up, 12 - up)
        assert one.design.heads == {"community": 14 + 12 - up, "street": 0, "district": 8 + up}


def test_the_table_tells_heads_and_loads_by_level():
    one = with_heads_up(tiny("three_level"), 5)
    table = staffing_table(one)
    assert "5 of 12 street heads go up, 7 down" in table.title
    assert set(one.loads) == {"community", "district"}


@pytest.mark.parametrize(
    ("name", "overrides", "told"),
    [
        (
            "four_level",
            (),
            "structure.levels must be without street, so that its staff can be shared out, got community",
        ),
        (
            "three_level",
            ("district.work.from_above_hours=90000",),
            "most_load must be one that some number of heads can meet, got 0.9: the least largest load is",
        ),
        (
            "three_level",
            ("staffing.street_heads=0",),
            "staffing.street_heads must be at least 1, so that there is staff to share out, got 0",
        ),
    ],
)
def test_a_pilot_whose_staff_cannot_be_shared_out_so_is_refused(name, overrides, told):
    with pytest.raises(ConfigError) as caught:
        staffed(tiny(name, *overrides))
    assert str(caught.value).startswith(told)


def test_wangge_staff_prints_a_file_and_writes_it_once(tmp_path, capsys):
    folder = tmp_path / "mine"
    (folder / "staffing").mkdir(parents=True)
    (folder / "staffing" / "earlier.yaml").write_text("defaults: [four_level, _self_]\n", encoding="utf-8")
    of_key = dict(knob.split("=") for knob in (*TINY, "structure.communities=2", *LEAN))
    knobs = [f"{key}={value}" for key, value in of_key.items()]
    staff.main(knobs)
    printed = capsys.readouterr().out
    text = printed[printed.index("# ") :]
    plain = yaml.safe_load(text)
    assert plain["street_sent_up_share"] + plain["street_sent_down_share"] == pytest.approx(1)
    assert plain["defaults"] == ["four_level", "_self_"]
    written = ["--config-dir", str(folder), "name=mine_reform", *knobs]
    staff.main(written)
    assert "Use it with staffing=mine_reform" in capsys.readouterr().out
    file = folder / "staffing" / "mine_reform.yaml"
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == plain
    with pytest.raises(ConfigError, match="name must be that of a new file"):
        staff.main(written)
    with pytest.raises(ConfigError, match="name must come with --config-dir"):
        staff.main(["name=mine_reform"])


def test_wangge_staff_writes_nowhere_else(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "staffing").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="staffing must be a folder of its own, got a link"):
        write_staffing(tmp_path / "mine", "reform", "street_heads: 1\n")
    assert not list((tmp_path / "elsewhere").iterdir())
