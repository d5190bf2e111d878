"""Which networks theory has a closed form for, what it says of them, and whether runs agree."""

from copy import deepcopy

import numpy as np
import pytest
import yaml
from setups.shipped_cases import CASES
from setups.shipped_networks import NAMES, plan_of

from sim.district import engines
from sim.queueing import sample
from sim.queueing.textbook import textbook
from sim.statistics import theory
from sim.study.network_run import simulate

FIRST_SERVED = """
time_unit: hour
horizon: 1200
warm_up: 100
drain: 100
stations: {desk: {}}
servers: {clerk: {number: 3, serves: [desk]}}
classes:
  job:
    arrivals: {rate: 2}
    route: [{station: desk, service: {law: exponential, mean: 1}}]
"""
EXPONENTIAL, CONSTANT = {"law": "exponential", "mean": 1}, {"law": "deterministic", "value": 1}


def changed(*changes, text=FIRST_SERVED):
    """The plan of a network in which each change (a path with dots, and a value) is made."""
    mapping = yaml.safe_load(text)
    for path, value in changes:
        *parts, last = path.split(".")
        at = mapping
        for part in parts:
            at = at[int(part)] if isinstance(at, list) else at[part]
        at[int(last) if isinstance(at, list) else last] = deepcopy(value)
    return sample.load(mapping)


def one_class(rate, service, **keys):
    return {"arrivals": {"rate": rate}, "route": [{"station": "desk", "service": service}], **keys}


STEP = "classes.job.route.0"
SERVICE, ARRIVALS, POOL = f"{STEP}.service", "classes.job.arrivals", "servers.clerk"
TWO_STATIONS = (("stations", {"desk": {}, "check": {}}), ("servers.checker", {"number": 4, "serves": ["check"]}))
CHECK = {"station": "check", "service": EXPONENTIAL}
ALSO_AT_CHECK = ("classes.other", {"arrivals": {"rate": 1}, "route": [CHECK]})


# -------------------------------------------------------------------------------------------- what ships

TEXTBOOKS = {
    "erlang_a": "Erlang-A, M/M/c+M",
    "hall_balking": "M/M/c/K",
    "jackson_rework": "an open Jackson network",
    "mm1": "M/M/c",
    "mmc": "M/M/c",
    "preemptive": "M/G/1 with preemptive-resume priorities",
    "priority": "M/M/c with non-preemptive priorities",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_network_has_theory_if_it_is_a_textbook_queue(name):
    known = textbook(plan_of(name))
    assert (known and known.name) == TEXTBOOKS.get(name)


def test_a_network_and_a_case_that_names_its_formula_say_the_same():
    compared = set()
    for name, case in CASES.items():
        known = textbook(case.plan)
        for expected in case.expects if known is not None else ():
            value = known.values.get((expected.quantity, expected.parameters.get("group", "all")))
            if value is not None:
                assert value == pytest.approx(expected.known_value, rel=1e-7), expected.id
                compared.add(name)
    assert compared == {
        "WW_6skills", "ciw_clinic_reception", "erlA_10", "jackson_cafe", "jackson_rework", "kelly_2", "md1_rho0.8",
        "mdc_c3_rho0.9", "me2_1", "mln_1_cv05", "mm1_ciw", "mm1_pharmacy", "mmcD_10", "mmcE2_5", "mmc_c16_rho0.85",
        "mmc_c2_rho0.8", "mmc_c3_rho0.6667", "mmc_c8_rho0.9", "mmck_3_10", "np_mg1_2", "np_mm3_2", "pr_mm1_2",
        "tandem_ksl46",
    }  # fmt: skip


# ---------------------------------------------------------------------------------------- what is recognised


@pytest.mark.parametrize(
    "changes",
    [
        (("horizon", 300),),
        ((ARRIVALS, {"law": "exponential", "mean": 0.5}),),
        (("servers", {"one": {"serves": "desk"}, "others": {"number": 2, "serves": ["desk"]}}),),
        (("servers.nobody", {"number": 0, "serves": ["desk"]}),),
        (("duties", {"all": {"lines": ["desk"], "longest": True}}), (f"{POOL}.serves", "all")),
        ((f"{STEP}.next", "end"), (f"{STEP}.name", "only"), (f"{STEP}.priority", 3), (f"{STEP}.yields_to", 3)),
        ((ARRIVALS, {"rate": 1.5}), ("classes.other", one_class(0.5, EXPONENTIAL))),
        (("stations", {"desk": {}, "hatch": {}}), (f"{POOL}.serves", ["desk", "hatch"])),
    ],
)
def test_the_same_queue_in_other_words_is_recognised(changes):
    known = textbook(changed(*changes))
    assert known.name == "M/M/c"
    queue = theory.mmc(2, 1, 3)
    assert known.values["waiting_time", "all"] == pytest.approx(queue.waiting_time)
    assert known.values["waiting_share", "station:desk"] == pytest.approx(queue.p_wait)
    assert known.values["number_present", "all"] == pytest.approx(queue.n_present)
    assert known.values["service_time", "class:job"] == pytest.approx(1)


OTHERS = {
    "M/D/c": ((SERVICE, 1.2),),
    "M/D/1": ((SERVICE, 0.4), (f"{POOL}.number", 1)),
    "M/G/1": ((SERVICE, {"law": "lognormal", "mean": 0.4, "cv": 0.5}), (f"{POOL}.number", 1)),
    "M/G/1 of two kinds": (
        (f"{POOL}.number", 1),
        (SERVICE, {"law": "uniform", "low": 0, "high": 0.4}),
        ("classes.other", one_class(0.5, 0.6)),
    ),
    "M/M/c/K": (("stations.desk.room", 2), (f"{STEP}.leave", "end")),
    "M/M/c/K in a hall": (
        ("stations", {"desk": {"hall": "one"}, "hatch": {"hall": "one"}}),
        ("halls", {"one": {"room": 4}}),
        (f"{POOL}.serves", ["desk", "hatch"]),
        ("classes.other", {"arrivals": {"rate": 1.2}, "route": [{"station": "hatch", "service": EXPONENTIAL}]}),
    ),
    "M/G/c/c": (
        ("stations.desk.room", 0),
        (SERVICE, {"law": "hyperexponential", "means": [0.5, 3], "probabilities": [0.8, 0.2]}),
        ("classes.other", one_class(1, 0.8)),
    ),
    "Erlang-A, M/M/c+M": ((f"{STEP}.patience", {"law": "exponential", "mean": 0.7}), (ARRIVALS, {"rate": 4})),
    "M/M/c+G": ((f"{STEP}.patience", 0.5), (ARRIVALS, {"rate": 4})),
    "M/M/c+G Erlang": ((f"{STEP}.patience", {"law": "erlang", "mean": 0.7, "shape": 3}), (ARRIVALS, {"rate": 4})),
    "M/M/c with non-preemptive priorities": (
        ("stations", {"desk": {}, "hatch": {}}),
        (f"{POOL}.serves", {"desk": {"rank": 1}, "hatch": {"rank": 0}}),
        ("classes.other", {"arrivals": {"rate": 0.4}, "route": [{"station": "hatch", "service": EXPONENTIAL}]}),
    ),
    "M/G/1 with non-preemptive priorities": (
        (f"{POOL}.number", 1),
        ("classes", {
            "first": one_class(0.2, 0.8),
            "second": one_class(0.2, EXPONENTIAL, priority=1),
            "third": one_class(0.1, 0.5, priority=1),
            "last": one_class(0.2, {"law": "gamma", "mean": 1, "cv": 0.5}, priority=7, yields_to=0),
        }),
    ),
    "M/G/1 with preemptive-resume priorities": (
        (f"{POOL}.number", 1),
        ("classes", {
            "first": one_class(0.2, 0.8),
            "second": one_class(0.2, EXPONENTIAL, priority=4, yields_to=1),
            "last": one_class(0.2, {"law": "gamma", "mean": 1, "cv": 0.5}, priority=7, yields_to=6),
        }),
    ),
    "an open Jackson network": (
        *TWO_STATIONS,
        ("classes.job.route", [
            {"station": "desk", "service": EXPONENTIAL, "next": {"check": 0.6, "desk": 0.1, "end": 0.3}},
            {**CHECK, "next": {"desk": 0.2, "end": 0.8}},
        ]),
    ),
    "an open Kelly network": (
        *TWO_STATIONS,
        ("classes.job.route", [{"station": "desk", "service": EXPONENTIAL}, CHECK, CHECK]),
        ("classes.other", {"arrivals": {"rate": 0.5}, "route": [{"station": "desk", "service": EXPONENTIAL}]}),
        ("servers.checker.number", 5),
    ),
    "M/M/c and M/D/1": (
        *TWO_STATIONS,
        ("servers.checker.number", 1),
        ("classes.other", {"arrivals": {"rate": 0.5}, "route": [{"station": "check", "service": 1}]}),
    ),
}  # fmt: skip
CLOSED_FORMS = {
    "M/D/c": ("waiting_time", "all", theory.mdc(2, 1.2, 3).waiting_time),
    "M/D/1": ("waiting_share", "all", 0.8),
    "M/G/1": ("number_waiting", "all", theory.mg1(2, 0.4, 0.25).n_waiting),
    "M/G/1 of two kinds": ("sojourn_time", "class:other", 0.6 + (2 * 0.2**2 * 4 / 3 + 0.5 * 0.6**2) / 2 / 0.3),
    "M/M/c/K": ("refused_share", "class:job", theory.mmck(2, 1, 3, 5).p_lost),
    "M/M/c/K in a hall": ("refused_share", "station:hatch", theory.mmck(3.2, 1, 3, 7).p_lost),
    "M/G/c/c": ("refused_share", "class:other", theory.erlang_b(3, 2 * 1 + 0.8)),
    "Erlang-A, M/M/c+M": ("waiting_time_served", "all", theory.erlang_a(4, 1, 3, 1 / 0.7).waiting_time_served),
    "M/M/c+G": ("abandoned_share", "all", theory.mmc_patience(4, 1, 3, 0.5, 0).p_abandon),
    "M/M/c+G Erlang": ("sojourn_time", "all", 1 - theory.mmc_patience(4, 1, 3, 0.7, 1 / 3).p_abandon
                       + theory.mmc_patience(4, 1, 3, 0.7, 1 / 3).waiting_time),
    "M/M/c with non-preemptive priorities": ("waiting_time", "class:job", theory.mmc_priority_waits([0.4, 2], 1, 3)[1]),
    "M/G/1 with non-preemptive priorities": (
        "sojourn_time", "class:third",
        0.5 + (0.2 * 0.8**2 + 0.2 * 2 + 0.1 * 0.5**2 + 0.2 * 1.25) / 2 / (1 - 0.16) / (1 - 0.16 - 0.25),
    ),
    "M/G/1 with preemptive-resume priorities": (
        "sojourn_time", "class:last", theory.mg1_preemptive_sojourns([0.2] * 3, [0.8, 1, 1], [0, 1, 0.25])[2]
    ),
    "an open Jackson network": (
        "sojourn_time", "all", theory.jackson([2, 0], [[0.1, 0.6], [0.2, 0]], [1, 1], [3, 4]).sojourn_time
    ),
    "an open Kelly network": (
        "sojourn_time", "class:job", theory.mmc(2.5, 1, 3).sojourn_time + 2 * theory.mmc(4, 1, 5).sojourn_time
    ),
    "M/M/c and M/D/1": ("waiting_time", "all", (2 * 4 / 9 + 0.5 * 0.5) / 2.5),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_a_textbook_queue_has_the_values_of_its_closed_form(name):
    known = textbook(changed(*OTHERS[name]))
    assert name.startswith(known.name)
    measure, group, value = CLOSED_FORMS[name]
    assert known.values[measure, group] == pytest.approx(value, rel=1e-9)


def test_what_is_lost_or_refused_is_told_only_where_it_may_happen():
    assert {measure for measure, _ in textbook(changed()).values} == {
        "waiting_time", "sojourn_time", "service_time", "waiting_share", "number_waiting", "number_present",
        "utilisation",
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------ near misses

NEAR_MISSES = {
    "lognormal service by many": ((SERVICE, {"law": "lognormal", "mean": 1, "cv": 1}),),
    "two kinds of service by many": (("classes.other", one_class(0.2, {"law": "exponential", "mean": 2})),),
    "constant service of two lengths by many": ((SERVICE, 1), ("classes.other", one_class(0.2, 2))),
    "service in turn": ((f"{POOL}.number", 1), (SERVICE, [0.4, 0.2])),
    "constant gaps": ((ARRIVALS, {"law": "deterministic", "value": 0.5}),),
    "Erlang gaps": ((ARRIVALS, {"law": "erlang", "mean": 0.5, "shape": 2}),),
    "arrivals at times": ((ARRIVALS, {"times": [1, 2, 3]}),),
    "a rate that swings": ((ARRIVALS, {"sinusoid": {"mean": 2, "amplitude": 1, "period": 24}}),),
    "a rate by the hour": ((ARRIVALS, {"profile": [[12, 1], [12, 3]]}),),
    "good days and bad days": ((f"{ARRIVALS}.day_factor_cv", 0.2),),
    "arrivals in batches": ((f"{ARRIVALS}.batch", 2),),
    "arrivals in office hours": ((f"{ARRIVALS}.hours", {"intervals": [[0, 8]], "every": 24}),),
    "the first fifty only": ((f"{ARRIVALS}.number", 50),),
    "nobody comes": ((ARRIVALS, {"rate": 0}),),
    "more than can be served": ((ARRIVALS, {"rate": 3}),),
    "servers with hours": ((f"{POOL}.hours", {"intervals": [[0, 8]], "every": 24}),),
    "servers with a roster": (
        (POOL, {"serves": ["desk"], "number": 3, "roster": [{"hours": {"intervals": [[0, 1200]]}}]}),
    ),
    "servers who change over": ((f"{POOL}.changeover", 0.1),),
    "a slower server": (("servers.novice", {"serves": {"desk": {"pace": 1.5}}}),),
    "servers who take the longest queue": (
        *TWO_STATIONS,
        ("servers", {"clerk": {"number": 4, "serves": ["desk", "check"], "longest": True}}),
        ALSO_AT_CHECK,
    ),
    "servers who share one of two stations": (*TWO_STATIONS, (f"{POOL}.serves", ["desk", "check"]), ALSO_AT_CHECK),
    "servers who rank two stations otherwise": (
        *TWO_STATIONS,
        (f"{POOL}.serves", {"desk": {"rank": 0}, "check": {"rank": 1}}),
        ("servers.checker.serves", {"desk": {"rank": 1}, "check": {"rank": 0}}),
        ALSO_AT_CHECK,
    ),
    "a lag": ((f"{STEP}.lag", 0.1),),
    "a gate": ((f"{STEP}.gate", {"instants": [0], "every": 1}),),
    "sent away at closing": ((f"{STEP}.shuts", {"instants": [8], "every": 24}),),
    "a signal": ((f"{STEP}.emits", "done"),),
    "a delay before": (
        ("classes.job.route", [{"name": "walk", "lag": 0.2}, {"station": "desk", "service": EXPONENTIAL}]),
    ),
    "a room and constant service": (("stations.desk.room", 2), (SERVICE, CONSTANT)),
    "a room and patience": (("stations.desk.room", 2), (f"{STEP}.patience", EXPONENTIAL)),
    "a room and priorities": (("stations.desk.room", 2), ("classes.other", one_class(0.2, EXPONENTIAL, priority=1))),
    "two rooms of one queue": (
        ("stations", {"desk": {"room": 2}, "check": {"room": 2}}),
        (f"{POOL}.serves", ["desk", "check"]),
        ALSO_AT_CHECK,
    ),
    "one hall of two queues": (
        ("halls", {"one": {"room": 4}}),
        ("stations", {"desk": {"hall": "one"}, "check": {"hall": "one"}}),
        TWO_STATIONS[1],
        ALSO_AT_CHECK,
    ),
    "who is refused comes again": (
        ("stations.desk.room", 2),
        ("classes.job.route", [
            {"station": "desk", "service": EXPONENTIAL, "next": "end", "leave": {"again": 0.5, "end": 0.5}},
            {"name": "again", "station": "desk", "service": EXPONENTIAL},
        ]),
    ),
    "lognormal patience": ((f"{STEP}.patience", {"law": "lognormal", "mean": 1, "cv": 1}),),
    "patience of two kinds": (
        (f"{STEP}.patience", EXPONENTIAL),
        ("classes.other", one_class(0.2, EXPONENTIAL)),
    ),
    "patience and constant service": ((f"{STEP}.patience", EXPONENTIAL), (SERVICE, CONSTANT)),
    "patience and priorities": (
        (f"{STEP}.patience", EXPONENTIAL),
        ("classes.other", {
            "priority": 1,
            "arrivals": {"rate": 0.2},
            "route": [{"station": "desk", "service": EXPONENTIAL, "patience": EXPONENTIAL}],
        }),
    ),
    "patience by a clock": (
        (f"{STEP}.patience", EXPONENTIAL),
        (f"{STEP}.patience_clock", {"intervals": [[0, 8]], "every": 24}),
    ),
    "priorities, and two kinds of service by many": (
        ("classes.other", one_class(0.2, {"law": "exponential", "mean": 2}, priority=1)),
    ),
    # of several servers the one with the most work left is interrupted, which textbooks do not know
    "interruption of one of many": (("classes.other", one_class(0.2, EXPONENTIAL, priority=1, yields_to=1)),),
    "only the first of three interrupts": (
        (f"{POOL}.number", 1),
        ("classes", {
            "first": one_class(0.2, EXPONENTIAL),
            "second": one_class(0.2, EXPONENTIAL, priority=1),
            "last": one_class(0.2, EXPONENTIAL, priority=2, yields_to=1),
        }),
    ),
    "two kinds of work in a priority that is interrupted": (
        (f"{POOL}.number", 1),
        ("classes", {
            "first": one_class(0.2, EXPONENTIAL),
            "second": one_class(0.2, EXPONENTIAL, priority=1, yields_to=1),
            "third": one_class(0.2, 0.5, priority=1, yields_to=1),
        }),
    ),
    "constant service and rework": ((SERVICE, 0.5), (f"{STEP}.next", {"desk": 0.3, "end": 0.7})),
    "rework in bounded rounds": ((f"{STEP}.next", {"desk": 0.1, "end": 0.9}), ("classes.job.rounds", 2)),
    "every second goes on": (
        *TWO_STATIONS,
        ("classes.job.route", [{"station": "desk", "service": EXPONENTIAL, "next": ["check", "end"]}, CHECK]),
    ),
    "priorities in a network": (
        *TWO_STATIONS,
        ("classes.job.route", [{"station": "desk", "service": EXPONENTIAL}, CHECK]),
        ("classes.other", {**ALSO_AT_CHECK[1], "priority": 1}),
    ),
    "one of two queues without a formula": (
        *TWO_STATIONS,
        ("classes.other", {"arrivals": {"rate": 1}, "route": [{**CHECK, "lag": 1}]}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_a_near_miss_has_no_theory(name):
    assert textbook(changed(*NEAR_MISSES[name])) is None


# ------------------------------------------------------------------------------------------------------- runs


def far_off(plan):
    """The values of theory that the replications of a plan miss by 4 standard errors, and how many there are."""
    runs = [simulate(plan, 1, r, engines.Compiled()).measures for r in range(plan.replications)]
    known, far = textbook(plan).values, {}
    for key, value in known.items():
        found = np.array([measures[key] for measures in runs])
        error = found.std(ddof=1) / np.sqrt(len(found))
        if abs(found.mean() - value) > 4 * error + 1e-12 * value:
            far[key] = (found.mean(), error, value)
        assert error < 0.15 * value + 1e-12
    return far, len(known)


@pytest.mark.parametrize("name", TEXTBOOKS)
def test_a_run_of_a_shipped_textbook_queue_agrees_with_theory(name):
    far, n = far_off(plan_of(name))
    assert far == {}
    assert n > 6


@pytest.mark.parametrize("name", OTHERS)
def test_a_run_of_another_textbook_queue_agrees_with_theory(name):
    assert far_off(changed(*OTHERS[name]))[0] == {}
