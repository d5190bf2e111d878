"""What procedures print and how often it fails, on laws from normal to far out: each is held to what it promises.

A procedure may print nothing where its values are too skewed for their number, or never vary; such trials do not count.
Of the others at most the nominal error and 0.02 may fail. Where a search is too slow to be tried 2,000 times, the count
may be one that chance gives once in ten thousand.
"""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.special import stdtrit
from setups.coverage import ends, failures, rare_values, searched, served, stopped, table
from setups.laws_of_luck import LAWS, SPREAD

from sim.statistics.best import select_best
from sim.statistics.cheapest import Judgement, Promise, select_cheapest
from sim.statistics.intervals import mean_interval, paired_difference, simultaneous
from sim.statistics.precision import Rule, Target, run_until
from sim.statistics.swings import Alone, tornado
from sim.statistics.verdicts import Verdict, replications_needed, verdict

SLACK, FALSE_ALARM = 0.02, 1e-4
TRIALS = 2000

REPORTED = {("two points", n) for n in (6, 8, 10, 12, 16, 20)}
"""Law and replications of which hardly a sample shows anything: what fails is reported."""


def held(failures, trials, most=0.05 + SLACK):
    """Assert that a count of failures is one that a share of at most `most` of the trials gives, but for chance."""
    assert failures <= stats.binom(trials, most).ppf(1 - FALSE_ALARM), f"{failures} of {trials} for at most {most:g}"


def printed_hold(law, sizes, families):
    """Hold families of intervals of a law, among those trials in which one is printed, to their joint confidence."""
    for n, members in [(n, k) for n in sizes for k in families]:
        if (law, n) in REPORTED:
            continue
        printed, failed = failures(law, n, members, 3 * TRIALS if members < 20 else TRIALS)
        assert printed > 5
        assert failed <= (0.05 + SLACK) * printed, f"{failed} of {printed} for {members} of {n}"


@pytest.mark.parametrize("law", ["normal", "lognormal 1", "lognormal 2", "M/M/1 waits"])
def test_intervals_of_ten_replications_that_are_printed_hold(law):
    printed_hold(law, (10,), (1, 20))


@pytest.mark.parametrize("law", LAWS)
def test_intervals_that_are_printed_hold_on_every_law(law):
    printed_hold(law, (6, 8, 10, 12, 16, 20, 40), (1, 2, 5, 20, 87))


def test_the_page_of_proof_shows_what_is_found_of_single_intervals():
    page = (Path(__file__).parents[2] / "docs" / "proof.md").read_text(encoding="utf-8")
    assert table() in page


def test_the_page_says_how_often_rare_values_make_a_guarantee_wrong():
    page = (Path(__file__).parents[2] / "docs" / "proof.md").read_text(encoding="utf-8")
    assert rare_values() in " ".join(page.split())


def test_most_intervals_of_normal_values_are_printed_and_little_longer_than_students():
    for n, members, printed, longer in (
        (6, 1, 0.75, 4.6), (6, 20, 0.85, 2.1), (10, 1, 0.93, 2.6), (10, 20, 0.98, 1.5), (24, 1, 0.99, 1.1),
        (40, 1, 0.99, 1.06),
    ):  # fmt: skip
        samples = np.random.default_rng(n).normal(size=(TRIALS, members, n))
        low, high = ends(samples)
        student = -stdtrit(n - 1, 0.025 / members) * samples.std(axis=-1, ddof=1) / n**0.5
        assert np.isfinite(low).mean() > printed
        assert np.nanmedian((high - low) / (2 * student)) < longer


def test_a_family_is_what_the_rule_of_widening_says():
    rng = np.random.default_rng(1)
    for law, n in (("normal", 6), ("exponential", 24), ("lognormal 2", 10)):
        samples = LAWS[law](rng, (5, 12, n))
        low, high = ends(samples)
        for family, lows, highs in zip(samples, low, high, strict=True):
            found = simultaneous([(np.zeros(n), x) for x in family])
            assert [d.low for d in found] == pytest.approx(lows, nan_ok=True)
            assert [d.high for d in found] == pytest.approx(highs, nan_ok=True)
            assert [d.enough > 0 for d in found] == np.isnan(lows).tolist()
            one = mean_interval(family[0])
            alone = ends(family[None, :1])
            assert (one.low, one.high) == pytest.approx((alone[0][0, 0], alone[1][0, 0]), nan_ok=True)


def test_as_many_replications_as_are_said_to_be_enough_mostly_give_an_interval():
    rng = np.random.default_rng(2)
    for law in ("lognormal 1", "exponential", "gamma 0.5", "M/M/1 waits"):
        given = []
        for x in LAWS[law](rng, (120, 10)):
            if enough := mean_interval(x).enough:
                more = np.concatenate([x, LAWS[law](rng, enough - 10)])
                given.append(mean_interval(more).enough == 0)
        assert len(given) > 10
        assert np.mean(given) > 0.5, law


def search(law, designs, zone, trials):
    """Search for the best of designs; what is guaranteed should be right."""
    printed, failed = searched(law, designs, zone, trials)
    held(failed, printed)
    return printed


@pytest.mark.parametrize("law", ["normal", "lognormal 1"])
def test_a_guaranteed_best_is_the_best_though_its_rivals_are_skewed(law):
    assert search(law, 2, 0.4, 60) > 50


@pytest.mark.parametrize("law", LAWS)
def test_a_guaranteed_best_is_the_best_on_every_law(law):
    for designs, zone in ((2, 0.2), (2, 0.4), (5, 0.2), (5, 0.4)):
        search(law, designs, zone, 250)


def judge(law, tolerance, trials):
    """Judge a design that misses its promise by just the tolerance, and one that keeps it by that."""
    for side, wrong in ((1, Judgement.KEEPS), (-1, Judgement.BREAKS)):
        rng, failed, printed, sd = np.random.default_rng(4), 0, 0, SPREAD[law]
        for _ in range(trials):
            values = LAWS[law](rng, (400, 1)) - 1 + side * tolerance * sd
            draw = served(values)
            found = select_cheapest(
                lambda designs, n, draw=draw: draw(designs, n)[:, :, None],
                [1.0], [Promise(0, tolerance * sd)], first=10, most=400, block=5,
            )  # fmt: skip
            printed += not found.caveat
            failed += not found.caveat and found.designs[0].judgement is wrong
        held(failed, printed)


@pytest.mark.parametrize("law", ["normal", "exponential"])
def test_a_promise_is_judged_rightly_though_its_response_is_skewed(law):
    judge(law, 0.4, 60)


@pytest.mark.parametrize("law", LAWS)
def test_a_promise_is_judged_rightly_on_every_law(law):
    for tolerance in (0.2, 0.5):
        judge(law, tolerance, 400)


def stop(law, aim, trials):
    """Run until the half-width of a mean is met, which then should hold the true mean."""
    met, failed = stopped(law, aim, trials)
    held(failed, met)


@pytest.mark.parametrize("law", ["normal", "exponential"])
def test_a_mean_that_was_run_until_precise_is_as_precise_as_it_says(law):
    stop(law, 0.5, 60)


@pytest.mark.parametrize("law", LAWS)
def test_a_mean_that_was_run_until_precise_holds_on_every_law(law):
    for aim in (0.5, 0.3):
        stop(law, aim, 400)


def settle(law, ratios, n, trials, members=20):
    """Run as many replications as would settle a verdict, and return in how many trials a range is given."""
    rng, least, given, failed, early, wrong = np.random.default_rng(6), 0, 0, 0, 0, 0
    joint = 1 - 0.05 / members

    def decided(x):
        d = paired_difference(np.zeros(len(x)), x, joint)
        return d, verdict(d.low, d.high, 1.0, True)

    def drawn(ratio, number):
        return ratio + 1.2 * (LAWS[law](rng, number) - 1) / SPREAD[law]

    for ratio in [one for one in ratios for _ in range(trials)]:
        true = Verdict.BETTER if ratio > 1 else Verdict.NO_MATERIAL_DIFFERENCE
        x = drawn(ratio, n)
        d, said = decided(x)
        needed = replications_needed(d, 1.0, joint) if said is Verdict.UNDECIDED else None
        if needed is None:
            continue
        assert needed.most or needed.least > n + 1  # one more might do is no answer
        x = np.concatenate([x, drawn(ratio, max(needed.least, needed.most or 0) - n)])
        if needed.least > n + 1:
            least += 1
            early += decided(x[: needed.least - 1])[1] not in (Verdict.UNDECIDED, Verdict.WITHHELD)
        if needed.most is not None:
            given += 1
            said = decided(x)[1]
            failed += said is not true
            wrong += said not in (Verdict.UNDECIDED, Verdict.WITHHELD, true)
    held(failed, given, 0.1)
    held(early, least, 0.1)
    held(wrong, given, 0.05)
    return given


@pytest.mark.parametrize("ratio", [0.0, 2.0])
def test_a_range_of_replications_settles_what_it_says_it_settles(ratio):
    assert settle("normal", (ratio,), 24, 100) > 3


RATIOS = (0.0, 0.5, 0.9, 1.1, 1.5, 2.0)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("n", [10, 24])
def test_a_range_of_replications_settles_on_every_law_whatever_the_distance_from_the_smallest_that_matters(law, n):
    settle(law, RATIOS, n, 300)


@pytest.mark.parametrize("n_levels", [2, 5])
def test_factors_that_do_nothing_are_rarely_beyond_the_noise_however_many_there_are(n_levels):
    rng, trials, failures = np.random.default_rng(7), 20, 0
    for _ in range(trials):
        base = rng.normal(size=10)
        names = tuple(map(str, range(n_levels + 1)))
        found = [
            Alone(f"{i}", 0, names, (base, *(base + rng.normal(size=10) for _ in range(n_levels)))) for i in range(30)
        ]
        failures += tornado(found).table.table["sure"].any()
    held(failures, trials)


def test_values_that_never_vary_print_no_guarantee():
    still = select_best(lambda designs, n: np.tile(designs.astype(float), (n, 1)), 2, zone=0.5)
    assert still.caveat
    kept = select_cheapest(lambda designs, n: np.zeros((n, len(designs), 1)), [1.0], [Promise(1, 0.1)])
    assert kept.caveat
    targets = {"x": Target(1.0)}
    (row,) = run_until(lambda n: [{"x": np.zeros(n[0])}], [None], targets, Rule()).reached
    assert row.why == "the same in every replication"
