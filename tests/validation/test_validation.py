"""What makes a validation: schemas and messages, estimators, verdicts, the command."""

from typing import get_args

import numpy as np
import polars as pl
import pytest
import yaml
from setups.commands import wangge
from setups.screens import first_screen

from experiments.commands import validate
from sim.charts import render
from sim.config.compose import CONFIGS
from sim.district import engines
from sim.errors import ConfigError
from sim.queueing import sample
from sim.study.network_run import simulate
from sim.validation import blocks, cases, chart, checks, outcomes, sentences, validation
from sim.validation.estimators import QUANTITIES
from sim.validation.outcomes import AGREES, DIFFERS, NOT_COVERED, VAGUE, Outcome
from sim.validation.run import record_fault, seed_of

# One clerk, first come first served. Work 4, 2, 3 for arrivals at 0, 1, 10: starts 0, 4, 10; ends 4, 6, 13.
CASE = yaml.safe_load("""
system: three jobs by hand
mechanism: trace
source: worked by hand
replications: {quick: 1, full: 1}
network:
  time_unit: hour
  horizon: 20
  stations: {desk: {}}
  servers: {clerk: {serves: [desk], hours: {intervals: [[0, 5], [5, 12]]}}}
  classes:
    job:
      arrivals: {times: [0, 1, 10]}
      route: [{station: desk, service: [4, 2, 3], past_closing: true}]
expects:
  - {id: by_hand.end, quantity: end_of, parameters: {request: 3}, value: 13, tolerance: exact}
""")


def changed(**keys):
    return {**CASE, **keys}


def expected(**keys):
    given = {"id": "by_hand.x", "quantity": "waiting_time", "value": 2.0, "source": "somebody", **keys}
    return cases.Expected.model_validate(given)


CASE_BY_HAND = cases.load(CASE, "by_hand")
RUN = simulate(CASE_BY_HAND.plan, 1, 0, engines.Compiled())


# ------------------------------------------------------------------------------------------------ estimators


@pytest.mark.parametrize(
    ("quantity", "parameters", "value"),
    [
        ("start_of", {"request": 2}, 4),
        ("end_of", {"request": 3}, 13),
        ("end_of", {"request": 2, "group": "class:job", "step": 1}, 6),
        ("waiting_time", {}, 1),
        ("waiting_time", {"group": "station:desk"}, 1),
        ("waiting_time_of", {"request": 2}, 3),
        ("waiting_time_quantile", {"p": 0.5}, 0),
        ("waiting_time_quantile", {"p": 0.9, "group": "station:desk"}, 3),
        ("sojourn_time_of", {"request": 2, "group": "class:job"}, 5),
        ("sojourn_time_quantile", {"p": 0.9}, 5),
        ("sojourn_time_variance", {}, 2 / 3),
        ("sojourn_share_at_least", {"t": 4}, 2 / 3),
        ("sojourn_time_on_duty", {"request": 3, "pool": "clerk"}, 2),
        ("overtime_total", {}, 1),
        ("overtime_a_server", {"pools": ["clerk"]}, 1),
        ("number_left_behind", {"every": 2}, 1 / 10),  # at 2 one waits; at 4 it starts
        ("utilisation", {"group": "pool:clerk"}, 8 / 12),
    ],
)
def test_an_estimator_on_three_jobs_worked_by_hand(quantity, parameters, value):
    assert QUANTITIES[quantity](RUN, **parameters) == pytest.approx(value, rel=1e-12)


def test_whoever_is_open_counts_as_the_longest_and_whoever_is_refused_is_left_out():
    network = {
        "time_unit": "hour",
        "horizon": 10,
        "stations": {"desk": {"room": 1}},
        "servers": {"clerk": {"serves": ["desk"]}},
        "classes": {"job": {"arrivals": {"times": [0, 1, 2]}, "route": [{"station": "desk", "service": 8}]}},
    }
    run = simulate(sample.load(network), 1, 0, engines.Reference())
    for group in ("all", "station:desk", "class:job"):
        found = QUANTITIES["sojourn_time_quantile"](run, p=0.5, group=group)
        assert found == 8
        assert QUANTITIES["sojourn_time_quantile"](run, p=0.9, group=group) == np.inf


@pytest.mark.parametrize("group", ["pool:clerk", "class:jobs", "station:dsk", "nobody"])
def test_an_estimator_of_requests_refuses_other_groups(group):
    with pytest.raises(KeyError, match="group must be all"):
        QUANTITIES["waiting_time_quantile"](RUN, p=0.9, group=group)


# ----------------------------------------------------------------------------------------------------- cases


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (changed(mechanism="magic"), "by_hand.mechanism must be one of single, capacity"),
        (changed(sytem="x"), "by_hand.sytem is not a known key (did you mean system?), got x"),
        (changed(expects=[]), "by_hand.expects must be of a length of at least 1"),
        (changed(source=None), "by_hand.expects.0.source must be given where the case has none, got nothing"),
        (
            changed(expects=[{"id": "a.b", "quantity": "waiting_tme", "value": 1}]),
            "expects.0.quantity must be the name of an estimator (did you mean waiting_time or",
        ),
        (
            changed(expects=[{"id": "a.b", "quantity": "end_of", "value": 1}]),
            "parameters must be those of end_of (missing a required argument: 'request'), got {}",
        ),
        (
            changed(expects=[{"id": "by_hand.b", "quantity": "waiting_time", "value": 1}]),
            "replications must be at least 2 where anything is stochastic, got 1",
        ),
        (
            changed(expects=[{**CASE["expects"][0], "parameters": {"request": 1, "group": "class:jb"}}]),
            "expects.0.parameters.group must be one of all, class:job, station:desk, pool:clerk (did you mean",
        ),
        (
            changed(network={**CASE["network"], "servers": {}}),
            "by_hand.network.stations.desk must be served by somebody in servers, got nobody",
        ),
    ],
)
def test_a_mistake_in_a_case_is_told_by_path_rule_and_value(mapping, message):
    with pytest.raises(ConfigError) as caught:
        cases.load(mapping, "by_hand")
    assert message in str(caught.value)
    assert str(caught.value).startswith("by_hand")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "wrong.yaml must be YAML"),
        ("- a", "wrong.yaml must be a mapping, got list"),
        ("a: 1\na: 2", "wrong.yaml must be YAML: .*found duplicate key a"),
        ("1: 2", "wrong.system must be given, got nothing"),
        ("a: &a [*a]", r"wrong.yaml must have no alias to what it stands in, got \*a"),
    ],
)
def test_a_file_that_is_no_case_is_told(tmp_path, text, message):
    (tmp_path / "wrong.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        cases.load_folder(tmp_path)


def test_a_case_that_leads_out_of_its_folder_is_refused(tmp_path):
    folder = tmp_path / "validation"
    folder.mkdir()
    (tmp_path / "elsewhere.yaml").write_text("a: 1")
    (folder / "mine.yaml").symlink_to("../elsewhere.yaml")
    with pytest.raises(ConfigError, match=r"^mine\.yaml must lie in its folder"):
        cases.load_folder(folder)


def test_a_register_with_a_mistake_is_told(tmp_path):
    (tmp_path / "ids.yaml").write_text("ids: {a: 3}")
    with pytest.raises(ConfigError, match=r"ids\.ids\.a must be a list, got 3"):
        cases.load_register(tmp_path / "ids.yaml")


# --------------------------------------------------------------------------------------------------- engines


def test_a_case_draws_like_no_other_case():
    assert len({seed_of(seed, case) for seed in (1, 2) for case in ("a", "b")}) == 4


def test_records_of_both_engines_are_compared_column_by_column(monkeypatch):
    assert record_fault(RUN.network, RUN.horizon) is None
    honest = engines.run

    def late(network, horizon, engine):
        visits, spells = honest(network, horizon, engine)
        if isinstance(engine, engines.Reference):
            visits.end[-1] += 1
        return visits, spells

    monkeypatch.setattr(engines, "run", late)
    assert record_fault(RUN.network, RUN.horizon) == "other visits.end under the other engine"
    assert record_fault(RUN.network, RUN.horizon, most_requests=2) == "other visits.end under the other engine"


def test_a_record_that_breaks_the_contract_is_a_fault_though_both_engines_give_it(monkeypatch):
    honest = engines.run

    def one_tick_short(network, horizon, engine):
        visits, spells = honest(network, horizon, engine)
        spells.ticks[-1] -= 1
        return visits, spells

    monkeypatch.setattr(engines, "run", one_tick_short)
    assert "ticks" in record_fault(RUN.network, RUN.horizon)


def test_blocks_hold_every_replication_once(tmp_path):
    for n in (1, 3, 4, 5, 33, 100):
        case = cases.load(changed(replications={"quick": n, "full": n}), "by_hand")
        for form in get_args(cases.Form):
            found = list(blocks.blocks(tmp_path, case, form, 1))
            assert [r for b in found for r in range(b.first, b.last)] == list(range(n))
            assert [b.number for b in found] == list(range(len(found)))
    assert str(found[0]) == "replications 0 to 3 of by_hand"


# -------------------------------------------------------------------------------------------------- verdicts


@pytest.mark.parametrize(
    ("given", "estimates", "precise", "verdict", "reason"),
    [
        ({}, [1.9, 2.0, 2.2], False, AGREES, ""),
        ({}, [1.9, 2.0, 2.2], True, VAGUE, "standard error 4.41% of the value, above 1%"),
        ({"precision": 0.05}, [1.9, 2.0, 2.2], True, AGREES, ""),
        ({}, [2.9, 3.0, 3.2], True, DIFFERS, "more than 4 standard errors from the value"),
        ({}, [2.9, 3.0, 3.2], False, AGREES, ""),
        ({}, [2.999, 3.0, 3.001], False, DIFFERS, "more than 126 standard errors from the value"),
        ({"reference_error": 0.5}, [2.9, 3.0, 3.2], False, AGREES, ""),
        ({}, [2.0, np.nan, 2.0], False, DIFFERS, "1 of 3 replications have no finite estimate"),
        ({}, [np.inf, 2.0], False, DIFFERS, "1 of 2 replications have no finite estimate"),
        ({}, [2.0, 2.0], True, AGREES, ""),
        ({}, [2.1, 2.1], True, DIFFERS, "more than 4 standard errors from the value"),
        ({"tolerance": "exact"}, [2.0], True, AGREES, ""),
        ({"tolerance": "exact"}, [2.0, 2.0 + 1e-9], True, DIFFERS, "it is exact and must be the same"),
    ],
)
def test_a_verdict(given, estimates, precise, verdict, reason):
    judged = outcomes.judged(CASE_BY_HAND, expected(**given), estimates, precise=precise)
    assert (judged.verdict, judged.reason) == (verdict, reason)
    assert judged.quantity == "x"
    assert judged.source == "somebody"


def test_z_counts_standard_errors_of_estimate_and_value_together():
    judged = outcomes.judged(CASE_BY_HAND, expected(reference_error=0.4), [2.0, 2.6, 3.2, 2.6], precise=False)
    error = np.std([2.0, 2.6, 3.2, 2.6], ddof=1) / 2
    assert judged.standard_error == pytest.approx(error)
    assert judged.z == pytest.approx(0.6 / np.hypot(error, 0.4))
    assert (judged.high - judged.low) / 2 == pytest.approx(3.1824463 * error)


@pytest.mark.parametrize("n", [3, 16, 100])
def test_the_bound_of_few_replications_is_passed_as_rarely_as_4_by_a_normal_law(n):
    z = outcomes.most_errors(n)
    assert outcomes.normal_scores(told([z, -z], n=n)) == pytest.approx([4, -4])
    assert z > 4


def told(z, n=200, case="c{}"):
    rows = [
        Outcome(case.format(i), "single", "x", 1.0, 1.0, 0.9, 1.1, 0.1, float(score), n, AGREES, "", "me")
        for i, score in enumerate(z)
    ]
    return outcomes.table(rows)


def test_chance_is_told_from_what_chance_does_not_give():
    rng = np.random.default_rng(7)
    rejected = sum(outcomes.chance(told(rng.standard_normal(40))).p_value < 0.05 for _ in range(400))
    assert 8 <= rejected <= 34  # 20 of 400, within about 3 standard deviations
    assert outcomes.chance(told(rng.standard_normal(200) * 1.5)).p_value < 0.01
    assert outcomes.chance(told(rng.standard_normal(200) + 0.5)).p_value < 0.01


def test_few_replications_have_scores_by_students_law():
    z = np.random.default_rng(8).standard_t(4, size=2000)
    assert outcomes.chance(told(z, n=5)).p_value > 0.01
    assert outcomes.chance(told(z, n=5000)).p_value < 0.01


def test_chance_takes_one_value_a_case_and_needs_eight_cases():
    assert outcomes.chance(told(np.zeros(50), case="same")) is None
    assert outcomes.chance(told([np.nan] * 9)) is None
    assert outcomes.chance(told(np.zeros(8))).n == 8


def test_words_of_a_failure_name_case_value_and_reason():
    judged = outcomes.judged(CASE_BY_HAND, expected(), [2.9, 3.0, 3.2], precise=True)
    paragraph = sentences.failed(outcomes.table([judged]), {"other": "other visits.end"})
    assert paragraph == (
        "2 of the checks fail: by_hand.x must be 2, got 3.0333 (more than 4 standard errors from the value); "
        "other must have one record that keeps the contract, got other visits.end"
    )
    assert sentences.failed(told([0.0]), {}) == ""
    assert sentences.failed(outcomes.table([judged] * 7), {}).endswith("; and 2 more")


def test_the_table_numbers_its_sources_and_says_why_something_is_not_covered():
    rows = [*told([0.5, np.nan]).to_dicts()]
    rows.append({**rows[0], "verdict": NOT_COVERED, "reason": "no such thing", "estimate": np.nan, "low": np.nan})
    table = sentences.outcome_table(pl.DataFrame(rows, schema=outcomes.SCHEMA), "All", ["a note"])
    assert table.notes == ("a note", "[1] me", "[2] no such thing")
    assert table.rows[0][5:7] == ("±0.1", "+0.50")
    assert table.rows[1][6] == "-"
    assert table.rows[2][-2:] == ("not covered", "[2]")


def test_the_notes_count_verdicts_and_judge_the_spread():
    notes = sentences.notes(told(np.linspace(-2, 2, 40)), outcomes.chance(told(np.linspace(5, 6, 40))), seed=3)
    assert notes[0] == "agrees 40; seed 3."
    assert "40 cases" in notes[-1]
    assert "not as chance gives" in notes[-1]


def test_the_chart_is_the_same_picture_each_time_and_names_what_is_far_out():
    rows = told([0.3, -1.2, 0.9, 5.5, -30.0])
    rows = rows.with_columns(verdict=pl.when(rows["z"].abs() > 4).then(pl.lit(DIFFERS)).otherwise("verdict"))
    figure = chart.z_chart(rows, None, footer="here")
    said = [text.get_text() for text in figure.axes[0].texts]
    assert "c3.x" in said
    assert "c4.x" in said
    assert render(figure) == render(chart.z_chart(rows, None, footer="here"))
    assert any("3 of 5 random values" in text.get_text() for text in figure.texts)


# --------------------------------------------------------------------------------------------------- command


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "validation").mkdir()
    wrong = changed(expects=[{**CASE["expects"][0], "id": "wrong.end", "value": 14}])
    (tmp_path / "validation" / "wrong.yaml").write_text(yaml.safe_dump(wrong))
    return tmp_path


def test_a_case_that_differs_ends_with_a_paragraph_and_status_1(mine):
    done = wangge(
        mine, "validate", "--config-dir", str(mine), "cases=[wrong,ciw_resume]", "executor=serial", "name=all"
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr == (
        "wangge: 1 of the checks fail: wrong.end must be 14, got 13 (it is exact and must be the same)\n"
    )
    screen = first_screen(done.stdout, "Validation, quick form, seed 1: 2 values of 2 cases.")
    assert "1 of 2 values agree; 1 of the checks fail: wrong.end must be 14, got 13" in " ".join(screen.split())
    assert "trace" in wangge(mine, "show", "all", "outcomes").stdout
    folder = mine / "results" / "all"
    found = pl.read_csv(folder / "outcomes.csv")
    assert dict(zip(found["case"], found["verdict"], strict=True)) == {"ciw_resume": AGREES, "wrong": DIFFERS}
    assert "agrees 1, differs 1; seed 1" in (folder / "summary.md").read_text()
    assert not (folder / "charts").exists()  # nothing random


def test_the_same_command_again_runs_nothing_and_tells_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ["cases=[epoch_only,trace_priority]", "executor=serial", "seed=2"]
    validate.main(arguments)
    first = capsys.readouterr().out
    (folder,) = (tmp_path / "results").iterdir()
    assert folder.name.startswith("validate-quick-")
    tables = (folder / "outcomes.parquet").read_bytes()
    monkeypatch.setattr(blocks, "perform", None)
    validate.main(arguments)
    assert "kept already" in capsys.readouterr().out
    assert (folder / "outcomes.parquet").read_bytes() == tables
    assert (folder / "charts" / "z_scores.svg").is_file()
    assert "epoch_only" in first


def test_a_check_is_run_beside_the_cases(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def check(form, seed):
        return [Outcome("dice", "output", form, 3.5, 3.4, 3.3, 3.6, 0.1, -1.0, 30, AGREES, "", f"{seed % 2}")]

    monkeypatch.setitem(checks.CHECKS, "dice", checks.Check("output", check))
    validate.main(["cases=[dice]", "executor=serial", "name=dice"])
    found = pl.read_parquet(tmp_path / "results" / "dice" / "outcomes.parquet")
    assert found["case"].to_list() == ["dice"]
    assert found["quantity"].to_list() == ["quick"]


def test_help_and_resolved_settings(capsys):
    validate.main(["--help"])
    assert "form=full" in capsys.readouterr().out
    validate.main(["--cfg", "job", "seed=5"])
    assert yaml.safe_load(capsys.readouterr().out)["seed"] == 5
    validate.main(["--cfg", "job"])
    assert yaml.safe_load(capsys.readouterr().out)["seed"] == validate.SHIPPED_SEED


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cases=[mm1_cw]"], r"cases must be names of configs/validation/ \(did you mean mm1_ciw or .*, got mm1_cw"),
        (["form=long"], "form must be"),
        (["seed=-1"], "seed must be at least 0, got -1"),
        (["sed=1"], "sed is not a known key"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_paragraph(arguments, message):
    with pytest.raises(ConfigError, match=message):
        validate.main(arguments)


# -------------------------------------------------------------------------------------------------- register


def test_every_value_is_held_once_or_is_not_covered_for_a_reason():
    register = cases.load_register(CONFIGS / validation.REGISTER)
    known = register.all_ids
    assert len(known) == len(set(known)) == 249
    what = validation.chosen()
    held = [e.id for case in what.cases.values() for e in case.expects]
    held += [f"{o.case}.{o.quantity}" for name in what.checks for o in checks.CHECKS[name].outcomes("quick", 1)]
    assert len(held) == len(set(held))
    assert set(held) <= set(known)
    assert all(e.id.startswith(f"{name}.") for name, case in what.cases.items() for e in case.expects)
    excused = {i for name in register.not_covered for i in known if i == name or i.startswith(f"{name}.")}
    assert set(known) - set(held) == excused
    assert set(register.not_covered) == {"tandem_block", "mcb_gn98.largest_pairwise_sd"}


@pytest.mark.parametrize("name", checks.CHECKS)
def test_a_check_of_the_analysis_agrees(name):
    assert {o.verdict for o in checks.CHECKS[name].outcomes("quick", seed_of(1, name))} == {AGREES}


def test_values_that_nothing_holds_are_in_the_table():
    register = cases.Register.model_validate(
        {"ids": {"a": ["x", "y"], "b": ["x"]}, "not_covered": {"b": "no rule", "a.y": "why"}}
    )
    assert [r.reason for r in validation._not_covered(register, {"b.x", "a.y"})] == ["nothing holds it yet"]
    rows = list(validation._not_covered(register, {"a.x"}))
    assert [(r.case, r.quantity, r.verdict, r.reason) for r in rows] == [
        ("a", "y", NOT_COVERED, "why"),
        ("b", "x", NOT_COVERED, "no rule"),
    ]


@pytest.mark.parametrize(
    ("expects", "message"),
    [
        ([{**CASE["expects"][0], "id": "other.end"}], r"expects\.0\.id must begin with by_hand\., got other\.end"),
        ([CASE["expects"][0]] * 2, r"expects\.1\.id must be given once, got by_hand\.\w+ again"),
    ],
)
def test_values_have_ids_of_their_own_case_each_once(expects, message):
    with pytest.raises(ConfigError, match=message):
        cases.load(changed(expects=expects), "by_hand")


def test_a_shipped_case_is_not_replaced_by_one_of_the_same_name(tmp_path):
    (tmp_path / "validation").mkdir()
    own = changed(expects=[{**CASE["expects"][0], "id": "me2_1.end"}])
    (tmp_path / "validation" / "me2_1.yaml").write_text(yaml.safe_dump(own))
    with pytest.raises(ConfigError, match=r"a file with the name of a shipped one .*validation/me2_1\.yaml"):
        validate.main(["--config-dir", str(tmp_path), "executor=serial"])
