import pytest
from setups.district import tiny

import sim
from sim import door
from sim.language import speaking, spoken


@pytest.mark.parametrize(("asked", "language"), [("zh", "zh"), ("en", "en"), (None, "en")])
def test_a_comparison_speaks_the_language_that_it_is_asked_for(monkeypatch, asked, language):
    monkeypatch.setattr(door, "run_comparison", lambda *_, **__: spoken().name)
    assert sim.compare(tiny(), folder="nowhere", lang=asked) == language
    assert spoken().name == "en"


def test_without_a_language_it_is_that_of_the_locale_or_of_the_block(monkeypatch):
    monkeypatch.setattr(door, "run_comparison", lambda *_, **__: spoken().name)
    with speaking("zh"):
        assert sim.compare(tiny(), folder="nowhere") == "zh"
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert sim.compare(tiny(), folder="nowhere") == "zh"


def test_a_network_keeps_the_language_in_which_it_was_measured():
    found = {name: sim.measure(sim.network("mmc"), replications=2, lang=name, progress=False) for name in ("zh", "en")}
    with speaking("en"):
        assert "2次重复，随机种子1；95%置信区间各自成立。" in str(found["zh"])
    with speaking("zh"):
        assert "2 replications, seed 1; 95% intervals, each on its own." in str(found["en"])
    assert found["zh"].measures.equals(found["en"].measures)


def test_a_journey_keeps_the_language_in_which_it_was_followed():
    found = {name: sim.journey(tiny(), archetype="T2", lang=name) for name in ("zh", "en")}
    with speaking("en"):
        said = str(found["zh"])
        assert "居民自身耗时" in said
        assert "The first" not in said
        assert found["zh"].notes[-1].startswith("一件事项只是个例")
    with speaking("zh"):
        assert "The first measured request of archetype T2 under four levels (today) is request " in str(found["en"])
    assert found["zh"].rows.equals(found["en"].rows)
