import time

import pytest

from sim.config.compose import parse
from sim.config.swept import split
from sim.errors import ConfigError
from sim.study.points import factors

FAR = "must have at most 10,000 levels, got more: "

ENDLESS = {
    "range(1,1000000000)": FAR, "range(0,1,1e-12)": FAR, "range(0,inf)": FAR, "range(1e20,1e21,1)": FAR,
    "sort(range(1,1000000000),reverse=true)": FAR, "int(range(1,1000000000))": FAR, "tag(t,range(1,1e9))": FAR,
    "range(0,5,0)": "must have a step other than 0, got ", "range(5,1)": "must have at least one level, got ",
    "shuffle(range(1,1000000000))": r"must have a fixed order \(no shuffle\), got ",
    "range(nan,5)": "must go from one number to another, got ",
    "glob(*)": "must be swept over by a list or a range with -m, got ",
    "interval(0,1)": "must be swept over by a list or a range with -m, got ",
}  # fmt: skip


@pytest.mark.parametrize("sweep", ENDLESS)
@pytest.mark.parametrize("key", ["grid.households", "network.horizon"])
def test_a_sweep_of_a_command_line_is_refused_before_it_is_expanded(key, sweep):
    began = time.process_time()
    with pytest.raises(ConfigError, match=f"^{key} {ENDLESS[sweep]}") as told:
        split(parse([f"{key}={sweep}"]))
    assert str(told.value).endswith(sweep)
    assert time.process_time() - began < 2


def test_a_product_of_sweeps_is_bounded_as_the_points_of_a_study_are():
    with pytest.raises(ConfigError, match=r"^a by b must be at most 100,000 combinations, got 80,982,001$"):
        split(parse(["a=range(1,9000)", "b=range(1,9000)", "seed=3"]))


def test_what_may_be_swept_over_is_expanded():
    swept, fixed = split(parse(["a=1,2,x", "b=range(0,1,0.5)", "c=sort(choice(3,1,2))", "seed=3"]))
    assert swept == {"a": ["1", "2", "x"], "b": ["0.0", "0.5"], "c": ["1", "2", "3"]}
    assert fixed == {"seed": "seed=3"}


INSIDE = (
    "range(200,300,50),400", "400,range(200,300,50)", "range(1,2),range(3,4)", "interval(1,2),3", "choice(a,b),c",
    "shuffle(range(1,3)),2", "tag(t,choice(1,2)),3", "[range(1,3)],2", "{b:choice(1,2)},3", "1,[{a:[interval(0,1)]}]",
    "int(range(1,3)),4", "[glob(x)],1",
)  # fmt: skip


@pytest.mark.parametrize("sweep", INSIDE)
def test_a_sweep_inside_a_sweep_is_refused_as_it_was_typed(sweep):
    rule = "must have no sweep inside a list of levels (which are numbers, texts, or lists or mappings of these), got "
    if "glob" not in sweep:  # which a command line refuses by itself
        with pytest.raises(ConfigError) as told:
            split(parse([f"grid.households={sweep}"]))
        assert str(told.value) == f"grid.households {rule}{sweep}"
    with pytest.raises(ConfigError) as told:
        factors.parsed("grid.households", sweep, None)
    assert str(told.value) == f"study.factors.grid.households {rule}{sweep}"


def test_lists_mappings_and_quoted_texts_are_levels():
    swept, _ = split(parse(["a=[1,'x'],{b:[2]}", "c='range(1,3)',3"]))
    assert swept == {"a": ["[1,'x']", "{b:[2]}"], "c": ["'range(1,3)'", "3"]}
