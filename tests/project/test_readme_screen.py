import re

import polars as pl
from setups.district import pilot
from setups.documents import ROOT

from sim.report.screen import where
from sim.study.comparison import first_screen
from sim.study.comparison.redraw import names_of
from sim.study.design import prepared_all


def test_the_screen_in_the_readme_is_that_of_the_committed_run():
    told = re.search(r"```text\n(Yuehu, .*?)\n```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    table = pl.read_csv(ROOT / "results/yuehu/comparison.csv", infer_schema_length=None)
    names = [str(table["baseline"][0]), *table["pilot"].unique(maintain_order=True)]
    designs = prepared_all(map(pilot, names))
    more = where("yuehu", n_charts=len(names_of(designs)))
    # no level of these designs lacks staff, and no measure is above a bound: there are no warnings
    assert told == str(first_screen.screen(designs, pl.DataFrame(), table, [], more))
