"""Values of validation cases that are closed forms: named, checked, and held to what others found."""

import re

import pytest
import yaml
from setups.documents import ROOT
from setups.shipped_cases import CASES

from sim.errors import ConfigError
from sim.validation import cases, outcomes
from sim.validation.formulas import FORMULAS

BY_FORMULA = {e.id: e for case in CASES.values() for e in case.expects if e.formula is not None}

QUEUE = {"arrival_rate": 5, "service_rate": 8, "servers": 1}
TWO_CLASSES = {"arrival_rates": [1.2, 1.2], "service_rate": 1, "servers": 3}


def case(**keys):
    """A case of one value, which is what is given here."""
    return cases.load(
        {
            "system": "M/M/1",
            "mechanism": "single",
            "source": "closed form",
            "replications": {"quick": 2, "full": 2},
            "network": {
                "horizon": 100,
                "stations": {"desk": {}},
                "servers": {"clerk": {"serves": ["desk"]}},
                "classes": {
                    "job": {
                        "arrivals": {"rate": 5},
                        "route": [{"station": "desk", "service": {"law": "exponential", "mean": 0.125}}],
                    }
                },
            },
            "expects": [{"id": "mine.x", "quantity": "waiting_time", **keys}],
        },
        "mine",
    )


@pytest.mark.parametrize("identity", BY_FORMULA)
def test_a_closed_form_equals_what_is_published_to_its_eight_digits(identity):
    expected = BY_FORMULA[identity]
    assert float(f"{expected.known_value:.8g}") == expected.value


def test_every_closed_form_is_named_by_a_shipped_case():
    assert {expected.formula for expected in BY_FORMULA.values()} == set(FORMULAS)


def test_a_value_by_formula_needs_no_number_and_is_what_is_judged():
    mine = case(formula="mmc", arguments=QUEUE, field="waiting_time")
    judged = outcomes.judged(mine, mine.expects[0], [0.2, 0.21], precise=False)
    assert judged.value == 5 / 8 / 3
    assert mine.model_dump(mode="json")["expects"][0]["value"] is None  # what others found, and nobody did


def test_one_of_many_classes_and_the_mean_of_many_customers_are_entries():
    second = case(formula="mmc_priority_waits", arguments=TWO_CLASSES, entry=2)
    assert second.expects[0].known_value == pytest.approx(1.7977528)
    mean = case(formula="mmc_transient_waits", arguments={**QUEUE, "n": 2}, entry="mean")
    assert mean.expects[0].known_value == pytest.approx(5 / 13 / 8 / 2)  # the second waits if it comes first


def test_the_value_that_the_pages_show_is_one():
    page = (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (expected,) = yaml.safe_load(example)["expects"]
    assert cases.Expected.model_validate(expected).known_value == pytest.approx(1.7777778)


@pytest.mark.parametrize(
    ("exact", "published", "same"),
    [
        (0.208333333, 0.20833333, True),
        (0.208333333, 0.20833334, False),
        (0.208333333, 0.21, True),
        (1.0999999, 1.1, True),
        (1200.4, 1200, True),
        (0.0, 0.0, True),
    ],
)
def test_a_published_number_is_the_exact_one_in_so_many_digits(exact, published, same):
    assert cases.same_digits(exact, published) is same


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, "value must be given where there is no formula, got nothing"),
        ({"value": 1, "field": "p_wait"}, "field must be left out where there is no formula, got p_wait"),
        ({"value": 1, "entry": 0}, "entry must be left out where there is no formula, got 0"),
        ({"value": 1, "arguments": {"n": 1}}, "arguments must be left out where there is no formula, got {'n': 1}"),
        (
            {"formula": "erlang_aa", "arguments": QUEUE},
            "formula must be the name of a closed form (did you mean erlang_a?), got erlang_aa",
        ),
        (
            {"formula": "mmc", "arguments": {**QUEUE, "server": 1}},
            "arguments.server must be an argument of mmc (did you mean servers or service_rate?), got 1",
        ),
        (
            {"formula": "erlang_a", "arguments": QUEUE},
            "arguments.patience_rate must be given for erlang_a, got nothing",
        ),
        (
            {"formula": "mmc", "arguments": {**QUEUE, "arrival_rate": "five"}},
            "arguments.arrival_rate must be a number, got five",
        ),
        (
            {"formula": "mmc", "arguments": {**QUEUE, "servers": True}},
            "arguments.servers must be a number, got True",
        ),
        (
            {"formula": "mmc_priority_waits", "arguments": {**TWO_CLASSES, "arrival_rates": 1.2}},
            "arguments.arrival_rates must be a list, got 1.2",
        ),
        (
            {"formula": "mmc", "arguments": {**QUEUE, "servers": 1.5}},
            "arguments must be those of mmc (servers must be a whole number, got 1.5), got {",
        ),
        (
            {"formula": "mmc", "arguments": {**QUEUE, "arrival_rate": 8}},
            "arguments must be those of mmc (traffic intensity must be below 1, got 1.0), got {",
        ),
        (
            {"formula": "mmc_priority_waits", "arguments": {**TWO_CLASSES, "arrival_rates": ["a", 1]}},
            "arguments must be those of mmc_priority_waits (could not convert string to float: 'a'), got {",
        ),
        (
            {"formula": "mmc", "arguments": QUEUE},
            "field must be one of p_wait, waiting_time, sojourn_time, n_waiting, n_present, utilisation, got nothing",
        ),
        (
            {"formula": "mmc", "arguments": QUEUE, "field": "wait_time"},
            "n_present, utilisation (did you mean waiting_time or n_waiting or p_wait?), got wait_time",
        ),
        (
            {"formula": "mmc_waiting_quantile", "arguments": {**QUEUE, "p": 0.9}, "field": "p90"},
            "field must be left out where mmc_waiting_quantile has one result, got p90",
        ),
        (
            {"formula": "mmc", "arguments": QUEUE, "field": "p_wait", "entry": 1},
            "entry must be left out where mmc gives no list, got 1",
        ),
        (
            {"formula": "mmc_priority_waits", "arguments": TWO_CLASSES},
            "entry must be from 1 to 2, or mean, got nothing",
        ),
        (
            {"formula": "mmc_priority_waits", "arguments": TWO_CLASSES, "entry": 3},
            "entry must be from 1 to 2, or mean, got 3",
        ),
        (
            {"formula": "mmc_priority_waits", "arguments": TWO_CLASSES, "entry": "median"},
            "entry must be from 1 to 2, or mean, got median",
        ),
        (
            {"formula": "mmck", "arguments": {**QUEUE, "capacity": 1}, "field": "waiting_time_if_delayed"},
            "formula must give a finite number, got nan from mmck",
        ),
        (
            {"formula": "mmc", "arguments": QUEUE, "field": "p_wait", "value": 0.64},
            "value must be that of its formula (0.625), got 0.64",
        ),
    ],
)
def test_a_mistake_in_a_formula_is_told_by_path_rule_and_value(keys, message):
    with pytest.raises(ConfigError) as caught:
        case(**keys)
    assert message in str(caught.value)
    assert str(caught.value).startswith("mine.expects.0.")
    assert "\n" not in str(caught.value)
