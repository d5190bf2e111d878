import copy
import re
from collections import Counter

import pytest
from setups.district import ALL_PILOTS as PILOTS
from setups.district import mapping
from setups.evidence import CONFIDENCES, KEYS, OPTIONAL, ROWS, at, is_number, leaves

from sim import config

NO_PARAMETERS = ("name", "title", "run", "report")  # who it is, how long it runs, and how results are shown
CHOSEN_OF_RUN = ("turnaround_cap_working_days",)  # a number of the run that results depend on

# Parts of the config that say what is meant, not how much of it there is: no evidence could move them alone.
STRUCTURE = {
    r"district\.name": "a label",
    r"district\.copies": "how many invented districts are run, for a test of scale",
    r"procedures\.archetypes\.\w+\.(title|line)": "labels: what the request is, and whose it is",
    r"procedures\.archetypes\.\w+\.(papers|result)": "the course of a procedure, by the law of 2011",
    r"procedures\.archetypes\.\w+\.limit(_above)?\.clock": "the unit of the limit's amount, which its row names",
    r"procedures\.archetypes\.\w+\.activities\.\w+\.(cv|stops_clock)": "a notice has a fixed length; whose delay",
    r"procedures\.archetypes\.\w+\.activities\.\w+\.(where|level|group|review|batch)": "the route, by the law of 2011",
}

# Shares of one whole: a value of one is a config only when the others make room.
SHARE_GROUPS = (("staffing.street_sent_down_share", "staffing.street_sent_up_share"),)


def name_of(row):
    return f"{row['path']}-{row['pilots'][0]}" if "pilots" in row else row["path"]


def rows_of(pilot):
    return [row for row in ROWS if pilot in row.get("pilots", PILOTS)]


def parameters(pilot):
    whole = {key: part for key, part in mapping(pilot).items() if key not in NO_PARAMETERS}
    whole["run"] = {key: mapping(pilot)["run"][key] for key in CHOSEN_OF_RUN}
    return {
        path: value
        for path, value in leaves(whole).items()
        if not any(re.fullmatch(pattern, path) for pattern in STRUCTURE)
    }


def put(whole, path, value):
    *way, last = path.split(".")
    for key in way:
        whole = next(v for v in whole if v["name"] == key) if isinstance(whole, list) else whole[key]
    assert last in whole
    whole[last] = value


def covers(row, path):
    return path == row["path"] or path.startswith(row["path"] + ".")


def test_rows_are_mappings_with_the_same_keys_in_words_that_are_known():
    for row in ROWS:
        assert set(row) - OPTIONAL == KEYS, name_of(row)
        assert set(row.get("pilots", PILOTS)) <= set(PILOTS), name_of(row)
        assert row["confidence"] in CONFIDENCES, name_of(row)
        for key in ("unit", "source"):
            assert isinstance(row[key], str), name_of(row)
            assert row[key].strip() == row[key] != "", name_of(row)


@pytest.mark.parametrize("pilot", PILOTS)
def test_every_parameter_of_a_pilot_has_exactly_one_row(pilot):
    rows = rows_of(pilot)
    numbers = {path: sum(covers(row, path) for row in rows) for path in parameters(pilot)}
    assert {path: n for path, n in numbers.items() if n != 1} == {}


@pytest.mark.parametrize("pilot", PILOTS)
def test_every_row_is_a_parameter_of_its_pilots_with_the_value_of_the_config(pilot):
    known = parameters(pilot)
    for row in rows_of(pilot):
        assert any(covers(row, path) for path in known), name_of(row)
        with_mechanisms = [f"{group}={file}" for group, file in row.get("in", {}).items() if group == "mechanisms"]
        assert row["base"] == at(mapping(pilot, *with_mechanisms), row["path"]), name_of(row)


def test_a_path_has_rows_by_pilot_only_where_the_pilots_differ():
    by_pilot = {row["path"] for row in ROWS if "pilots" in row}
    for path in by_pilot:
        values = [at(mapping(pilot), path) for pilot in PILOTS]
        assert any(value != values[0] for value in values), path
    assert max(Counter(name_of(row) for row in ROWS).values()) == 1


def test_ranges_hold_the_base_and_are_given_for_numbers_only():
    for row in ROWS:
        low, base, high = row["low"], row["base"], row["high"]
        assert (low is None) == (high is None), name_of(row)
        if low is not None:
            assert is_number(low), name_of(row)
            assert is_number(base), name_of(row)
            assert is_number(high), name_of(row)
            assert low <= base <= high, name_of(row)


def test_a_number_that_the_config_chose_without_evidence_has_a_range_to_sweep():
    chosen = [row for row in ROWS if row["source"].startswith("no evidence; chosen")]
    assert chosen
    for row in chosen:
        assert row["confidence"] == "assumption", name_of(row)
        if is_number(row["base"]) and row["path"] != "district.place_seed":  # a seed has no range
            assert row["low"] < row["high"], name_of(row)


@pytest.mark.parametrize("end", ["low", "high"])
def test_either_end_of_every_range_is_a_config_that_the_schema_accepts(end):
    for row in ROWS:
        if row[end] is None:
            continue
        whole = copy.deepcopy(mapping(row.get("pilots", PILOTS)[0]))
        path, value = row["path"], row[end]
        for others in (set(group) - {path} for group in SHARE_GROUPS if path in group):
            room = (1 - value) / (sum(at(whole, other) for other in others) or 1)
            for other in others:
                put(whole, other, at(whole, other) * room if at(whole, other) else 1 - value)
        put(whole, path, value)
        assert at(config.load(whole).model_dump(mode="json"), path) == value, name_of(row)


def test_structure_that_needs_no_row_is_there_and_has_none():
    whole = {key: part for key, part in mapping().items() if key not in NO_PARAMETERS}
    for pattern in STRUCTURE:
        assert any(re.fullmatch(pattern, path) for path in leaves(whole)), pattern
        assert not any(re.fullmatch(pattern, row["path"]) for row in ROWS), pattern
