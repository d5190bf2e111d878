from pathlib import Path

import pytest
from setups.shipped_cases import CASES

from sim.validation import blocks, outcomes

# Seconds and more, most of them on the reference engine.
HEAVY = {
    "law_jobshop_u", "mtm8", "transient_mm3", "WW_6skills", "mmc_c16_rho0.85", "mmc_c8_rho0.9", "ksl_stem",
    "mdc_c3_rho0.9", "treat_base", "e2m1", "mmc_c2_rho0.8", "me2c_c2", "mh2c_c2", "urgent111", "md1_rho0.8",
}  # fmt: skip


def judge(name, form, parts=slice(None)):
    """Hold a case to what is known of it, or some of its blocks: only the first is run on the reference engine too."""
    case = CASES[name]
    values, fault = {}, None
    for block in list(blocks.blocks(Path("unused"), case, form, seed=1))[parts]:
        result = blocks.perform(block)
        fault = fault or result.facts.get("record_fault")
        for _, identity, value in result.tables["estimates"].iter_rows():
            values.setdefault(identity, []).append(value)
    judged = [outcomes.judged(case, e, values[e.id], precise=form == "full") for e in case.expects]
    assert [(o.quantity, o.value, o.estimate, o.reason) for o in judged if o.verdict != outcomes.AGREES] == []
    assert fault is None


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in HEAVY else ()) for name in sorted(CASES)]
)
def test_a_case_gives_what_is_known_of_it(name):
    judge(name, "quick")


@pytest.mark.parametrize("name", sorted(HEAVY))
def test_a_part_of_a_heavy_case_gives_what_is_known_of_it(name):
    judge(name, "quick", slice(-1, None))


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(CASES))
def test_a_case_gives_what_is_known_of_it_within_small_errors(name):
    judge(name, "full")
