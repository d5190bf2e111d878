from itertools import pairwise, product

import pytest
from setups.district import PILOTS, pilot

from sim.district.demand import Channel
from sim.district.itineraries import possible_draws, reviewed
from sim.district.routing import itinerary
from sim.district.stages import CaseDraw, Desk, Kind, Lag, Presence

FOUR, THREE = pilot("four_level"), pilot("three_level")


def path(a_pilot, archetype, channel=Channel.COUNTER, *, without=(), returns=False, **drawn):
    """Return the itinerary of a request that needs all activities but some, and comes once if it must wait."""
    procedure = a_pilot.procedures.archetypes[archetype]
    active = tuple(a.name not in without for a in procedure.activities)
    return itinerary(a_pilot, procedure, channel, CaseDraw(active, returns=returns, **drawn))


def told(stages):
    """Return an itinerary in words: who does what, and how it gets there.

    `/` a desk of files, `!` the resident at a counter, `?` on the phone, `~` in the field, `..` outside, `?!` an
    await; before it: `>` a hand-over, `+` a trip, `=` a wait for papers, and the gate.
    """
    words = []
    for s in stages:
        marks = ("+" if s.trip else "") + (">" if s.hand_over else "") + ("=" if s.lag is Lag.PAPERS else "")
        gate = "" if s.gate == "none" else f"{s.gate} "
        words.append(f"{marks}{gate}{s.level[0]}:{s.activity}{_how(s)}")
    return words


def _how(s):
    if s.desk is Desk.NOWHERE:
        return "?!" if s.awaits_patrol else ".."
    if s.desk is Desk.FIELD:
        return "~"
    if s.desk is Desk.FILES:
        return "/"
    return {Presence.IN_PERSON: "!", Presence.ON_THE_PHONE: "?"}[s.presence]


def ways(stages):
    """Return where each stage leads, as positions in the itinerary: (after service, after leaving)."""
    return [tuple(None if on is None else i + on for on in (s.next, s.leave)) for i, s in enumerate(stages)]


def total(stages, what):
    return sum(getattr(s, what) for s in stages)


# ------------------------------------------------------------------------------------- worked by hand


WORKED = [
    ("T1", {}, ["+c:front!"], ["+c:front!"]),
    ("T2", {"without": ("visit", "street_review")}, ["+c:front!"], ["+c:front!"]),
    (
        "T2",
        {},  # 30 minutes in the field are two legs
        ["+c:front!", "c:visit~", "c:visit~", ">s:street_review/", ">c:tell/"],
        ["+c:front!", "c:visit~", "c:visit~", "c:street_review/", "c:tell/"],
    ),
    (
        "T3",
        {},
        ["+c:front!", "+>s:street_review!", ">d:district_review/", ">s:relay street/", ">c:tell/"],
        ["+c:front!", "c:street_review/", ">d:district_review/", ">c:tell/"],
    ),
    (
        "T4",
        {"without": ("visit",)},
        ["+c:front!", ">s:street_review/", ">c:tell/"],
        ["+c:front!", "c:street_review/", "c:tell/"],
    ),
    (
        "T6",
        {"without": ("district_review",)},
        ["+c:front!", "c:visit~", "+>s:street_review!", ">c:post in..", "+c:collect!"],
        ["+c:front!", "c:visit~", "c:street_review/", "+c:collect!"],
    ),
    (
        "T6",
        {},
        [
            "+c:front!", "c:visit~", "+>s:street_review!", ">d:district_review/", ">s:relay street/", ">c:post in..",
            "+c:collect!",
        ],
        ["+c:front!", "c:visit~", "c:street_review/", ">d:district_review/", ">c:post in..", "+c:collect!"],
    ),
    (
        "T7",
        {},
        [
            "+c:front!", ">weekly s:street_review/", ">monthly d:district_review/", "d:printing..", ">s:relay street/",
            ">c:post in..", "+c:collect!",
        ],
        [
            "+c:front!", "c:street_review/", ">monthly d:district_review/", "d:printing..", ">c:post in..",
            "+c:collect!",
        ],
    ),
    (
        "T8",
        {},  # 90 minutes in the field are four legs of 22.5
        [
            "+c:front!", *["c:visit~"] * 4, "c:panel/", "c:first_notice..", ">s:street_review/", ">d:district_review/",
            "d:second_notice..", ">s:relay street/", ">c:tell/",
        ],
        [
            "+c:front!", *["c:visit~"] * 4, "c:panel/", "c:first_notice..", "c:street_review/", ">d:district_review/",
            "d:second_notice..", ">c:tell/",
        ],
    ),
    (
        "T11",
        {"without": ("mediation",)},  # justice goes up: two reviews at one district
        ["+c:front!", ">s:street_review/", ">d:district_review/", ">s:relay street/", ">c:tell/"],
        ["+c:front!", ">d:street_review/", "d:district_review/", ">c:tell/"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("archetype", "drawn", "four", "three"), WORKED)
def test_paths_worked_by_hand(archetype, drawn, four, three):
    assert told(path(FOUR, archetype, **drawn)) == four
    assert told(path(THREE, archetype, **drawn)) == three


@pytest.mark.parametrize(
    ("archetype", "trips", "hand_overs"),
    [
        ("T1", (1, 1), (0, 0)),
        ("T2", (1, 1), (2, 0)),
        ("T3", (2, 1), (4, 2)),  # the resident carries the papers to the street; up, up, down, down
        ("T4", (1, 1), (2, 0)),
        ("T6", (3, 2), (4, 2)),
        ("T7", (2, 2), (4, 2)),
        ("T8", (1, 1), (4, 2)),
    ],
)
def test_dropping_a_level_saves_these_trips_and_hand_overs(archetype, trips, hand_overs):
    found = [(total(path(p, archetype), "trip"), total(path(p, archetype), "hand_over")) for p in (FOUR, THREE)]
    assert found == list(zip(trips, hand_overs, strict=True))


def test_a_fault_is_found_by_a_patrol_or_reported():
    four = path(FOUR, "T12", Channel.LATENT)
    assert told(four) == [
        "c:await?!", "c:front?", "c:await?!", "c:check~", ">s:street_review/", ">d:district_review/",
        "d:utility_crew..",
    ]  # fmt: skip
    assert ways(four)[0] == (4, 1)  # a patrol has checked it already; a report goes to the desk
    assert four[1].lag is Lag.NEXT_DAY
    three = path(THREE, "T12", Channel.LATENT)
    assert told(three)[4:] == ["c:street_review/", ">d:district_review/", "d:utility_crew.."]
    assert ways(three)[0] == (4, 1)


def test_an_issue_whose_report_does_not_get_through_awaits_a_patrol_again():
    once, thrice = (path(FOUR, "T12", Channel.LATENT, returns=r) for r in (False, True))
    assert ways(once)[:3] == [(4, 1), (3, 2), (4, None)]
    # Three calls, 1 to 3; the second await is 4, the check of a report 5, and a patrol's find joins at 6.
    assert ways(thrice)[:5] == [(6, 1), (5, 2), (5, 3), (5, 4), (6, None)]
    assert [s.attempt for s in thrice if s.awaits_patrol] == [0, 1]


def test_street_order_is_enforced_by_whoever_has_the_power_in_two_legs():
    four, three = (path(p, "T13", Channel.LATENT) for p in (FOUR, THREE))
    before = ["c:await?!", "c:front?", "c:await?!", "c:check~"]
    assert told(four) == [*before, ">s:enforcement~", "s:enforcement~"]
    assert told(three) == [*before, ">d:enforcement~", "d:enforcement~"]
    assert {s.section for s in (*four[4:], *three[4:])} == {"enforcement"}
    assert ways(four)[0] == (4, 1)


def test_what_a_patrol_finds_meets_as_many_wrong_desks_under_every_structure():
    def wrong_desks(a_pilot):
        stages = path(a_pilot, "T12", Channel.LATENT, misrouted=True)
        return sum(s.at_wrong_desk for s in stages[stages[0].next :])

    assert wrong_desks(FOUR) == wrong_desks(THREE)


@pytest.mark.parametrize("archetype", ["T12", "T13"])
def test_what_a_patrol_settles_ends_there_but_a_report_goes_its_way(archetype):
    settled, other = (path(FOUR, archetype, Channel.LATENT, settled=s) for s in (True, False))
    assert [s.next for s in settled if s.awaits_patrol] == [None, None]
    assert settled[0].leave == 1
    assert [s for s in settled if not s.awaits_patrol] == [s for s in other if not s.awaits_patrol]


# ---------------------------------------------------------------------------------- misrouting, papers, rework


def test_a_misrouted_file_is_looked_at_by_a_wrong_desk_of_the_next_office():
    # Looked at by the street's general office, then passed on by another transfer.
    stages = path(FOUR, "T4", without=("visit",), misrouted=True)
    assert told(stages) == ["+c:front!", ">s:wrong desk/", ">s:street_review/", ">c:tell/"]
    assert (stages[1].section, stages[1].minutes, stages[1].at_wrong_desk) == ("party", 5, True)
    assert told(path(THREE, "T3", misrouted=True)) == [
        "+c:front!", "c:street_review/", ">d:wrong desk/", ">d:district_review/", ">c:tell/",
    ]  # fmt: skip


def test_a_misrouted_resident_queues_twice_on_one_trip():
    at_street = path(FOUR, "T3", misrouted=True)
    assert told(at_street)[:3] == ["+c:front!", "+>s:wrong desk!", "s:street_review!"]
    assert at_street[2].lag is Lag.NONE
    assert told(path(THREE, "T4", without=("visit",), misrouted=True)) == [
        "+c:wrong desk!", "c:front!", "c:street_review/", "c:tell/",
    ]  # fmt: skip
    assert told(path(FOUR, "T1", misrouted=True)) == ["+c:wrong desk!", "c:front!"]
    assert told(path(FOUR, "T1", Channel.PHONE, misrouted=True)) == ["c:wrong desk?", "c:front?"]


def test_every_misrouted_request_meets_one_wrong_desk_and_no_other_does():
    for name, (key, procedure) in product(PILOTS, FOUR.procedures.archetypes.items()):
        channel = Channel.LATENT if procedure.latent_share else Channel.COUNTER
        for misrouted in (False, True):
            stages = path(pilot(name), key, channel, misrouted=misrouted)
            assert sum(s.at_wrong_desk for s in stages) == misrouted


def test_papers_missing_at_the_desk_cost_a_trip_and_a_second_look():
    stages = path(FOUR, "T2", without=("visit", "street_review"), incomplete=("desk",))
    assert told(stages) == ["+c:front!", "+=c:front!"]
    assert [s.attempt for s in stages] == [0, 1]
    assert [s.stops_clock for s in stages] == [False, True]


def test_papers_missing_at_review_send_the_file_down_and_it_is_reviewed_again():
    stages = path(FOUR, "T4", without=("visit",), incomplete=("review",))
    assert told(stages) == [
        "+c:front!", ">s:street_review/", ">c:ask for papers/", "+=c:front!", ">s:street_review/", ">c:tell/",
    ]  # fmt: skip
    assert [s.attempt for s in stages if s.activity == "street_review"] == [0, 1]
    assert told(path(THREE, "T4", without=("visit",), incomplete=("review",))) == [
        "+c:front!", "c:street_review/", "c:ask for papers/", "+=c:front!", "c:street_review/", "c:tell/",
    ]  # fmt: skip


def test_papers_that_are_missing_twice_are_brought_twice():
    stages = path(FOUR, "T4", without=("visit",), incomplete=("desk", "review"))
    assert told(stages) == [
        "+c:front!", "+=c:front!", ">s:street_review/", ">c:ask for papers/", "+=c:front!", ">s:street_review/",
        ">c:tell/",
    ]  # fmt: skip
    twice = path(FOUR, "T4", without=("visit",), incomplete=("review", "desk"))
    assert told(twice) == [
        "+c:front!", ">s:street_review/", ">c:ask for papers/", "+=c:front!", "+=c:front!", ">s:street_review/",
        ">c:tell/",
    ]  # fmt: skip
    assert sum(s.stops_clock for s in twice) == 2


def test_papers_are_missed_at_the_first_review_and_no_later_one_is_repeated():
    words = told(path(FOUR, "T8", incomplete=("review", "review")))
    assert words.count(">s:street_review/") == 3
    assert words.count(">c:ask for papers/") == words.count("+=c:front!") == 2
    assert words.count(">d:district_review/") == words.count(">s:relay street/") == 1
    assert words.count("c:visit~") == 4  # nobody visits again for a missing paper


def test_a_review_done_again_goes_back_one_step_with_its_transfer_and_comes_again():
    stages = path(FOUR, "T4", without=("visit",), rework=frozenset({("street_review", 0)}))
    assert told(stages) == ["+c:front!", ">s:street_review/", ">c:front/", ">s:street_review/", ">c:tell/"]
    front, first, put_right, again, tell = stages
    assert [s.rework for s in stages] == [0, 0, 2, 1, 0]
    assert (put_right.minutes, put_right.presence) == (front.minutes, Presence.ABSENT)
    assert again.minutes == first.minutes
    for back in (put_right, again):
        assert (back.lag, back.lag_days, back.lag_cv) == (Lag.WORKING_DAYS, tell.lag_days, tell.lag_cv)
        assert not back.trip
    purposes = {s.work_purpose for s in stages}
    assert len(purposes) == len(stages)  # each a draw of its own


def test_a_review_done_again_in_the_same_office_is_put_right_next_door():
    stages = path(THREE, "T4", without=("visit",), rework=frozenset({("street_review", 0)}))
    assert told(stages) == ["+c:front!", "c:street_review/", "c:front/", "c:street_review/", "c:tell/"]
    assert {s.lag for s in stages} == {Lag.NONE}


def test_a_review_done_again_past_a_level_is_relayed_both_ways():
    stages = path(FOUR, "T11", without=("mediation", "street_review"), rework=frozenset({("district_review", 0)}))
    there, back = [">s:relay street/", ">d:district_review/"], [">s:relay street/", ">c:front/"]
    assert told(stages) == ["+c:front!", *there, *back, *there, ">s:relay street/", ">c:tell/"]
    assert [s.rework for s in stages] == [0, 0, 0, 1, 2, 1, 1, 0, 0]


def test_a_review_done_again_at_a_counter_needs_no_resident():
    stages = path(FOUR, "T3", rework=frozenset({("street_review", 0)}))
    assert told(stages)[1:5] == ["+>s:street_review!", ">c:front/", ">s:street_review/", ">d:district_review/"]
    assert [s.presence for s in stages[2:4]] == [Presence.ABSENT] * 2


def test_what_was_seen_in_the_field_is_put_right_at_the_desk_in_one_piece():
    stages = path(FOUR, "T2", rework=frozenset({("street_review", 0)}))
    assert told(stages) == [
        "+c:front!", "c:visit~", "c:visit~", ">s:street_review/", ">c:visit/", ">s:street_review/", ">c:tell/",
    ]  # fmt: skip
    assert (stages[4].minutes, stages[4].legs, stages[4].desk) == (30, 1, Desk.FILES)


def test_a_reworked_batch_does_not_wait_for_the_next_gate():
    stages = path(FOUR, "T7", rework=frozenset({("district_review", 0)}))
    assert told(stages)[2:5] == [">monthly d:district_review/", ">s:street_review/", ">d:district_review/"]


def test_named_contacts_of_the_district_shorten_the_hops_that_touch_it_and_contacts_of_all_every_hop():
    def days(a_pilot):
        return [(s.level[0], s.lag_days) for s in path(a_pilot, "T3", named_contact=True) if s.hand_over]

    # up by the resident, up, down, down; the resident carries the papers to the street
    assert days(FOUR) == [("s", 0), ("d", 0.1), ("s", 0.1), ("c", 0.75)]
    assert days(pilot("four_level_contacts")) == [("s", 0), ("d", 0.1), ("s", 0.1), ("c", 0.1)]
    assert days(THREE) == [("d", 0.1), ("c", 0.1)]
    without = [s.lag_days for s in path(FOUR, "T3") if s.hand_over]
    assert without == [0, 0.75, 0.75, 0.75]


@pytest.mark.parametrize("share", [0.5, 1, 0])
def test_a_delegated_review_takes_its_share_of_the_minutes(share):
    a_pilot = pilot("three_level", f"structure.delegated_minutes_share={share}")
    above, here = (path(a_pilot, "T3", delegated=frozenset(names))[2] for names in ((), ("district_review",)))
    assert (above.level, here.level) == ("district", "community")
    assert here.minutes == share * above.minutes


# ------------------------------------------------------------------------------------------------- tries


def test_who_returns_tries_three_times_and_each_is_a_trip():
    stages = path(FOUR, "T1", returns=True)
    assert told(stages) == ["+c:front!"] * 3
    assert ways(stages) == [(None, 1), (None, 2), (None, None)]
    assert [s.retry for s in stages] == [0, 1, 2]
    assert [s.attempt for s in stages] == [0, 0, 0]  # the same work whenever it is done
    assert [s.lag for s in stages] == [Lag.NONE, Lag.NEXT_DAY, Lag.NEXT_DAY]


def test_who_does_not_return_tries_once():
    assert ways(path(FOUR, "T1", returns=False)) == [(None, None)]


def test_a_call_that_is_tried_again_is_no_trip():
    stages = path(FOUR, "T1", Channel.PHONE, returns=True)
    assert told(stages) == ["c:front?"] * 3
    assert total(stages, "trip") == 0


def test_each_visit_has_its_tries_and_only_its_first_is_a_hand_over():
    stages = path(FOUR, "T3", returns=True)
    assert told(stages) == [
        *["+c:front!"] * 3, "+>s:street_review!", *["+s:street_review!"] * 2, ">d:district_review/",
        ">s:relay street/", ">c:tell/",
    ]  # fmt: skip
    assert [after for after, _ in ways(stages)] == [3, 3, 3, 6, 6, 6, 7, 8, None]
    assert [left for _, left in ways(stages)] == [1, 2, None, 4, 5, None, None, None, None]


def test_one_try_is_allowed():
    once = pilot("four_level", "demand.tries=1")
    assert told(path(once, "T1", returns=True)) == ["+c:front!"]


# ------------------------------------------------------------------------------------------ what always holds


def every_itinerary(a_pilot):
    """Yield each procedure, channel, draw and itinerary with rework in every first review."""
    for procedure in a_pilot.procedures.archetypes.values():
        for channel in Channel:
            if not getattr(procedure, channel.name.lower() + "_share"):
                continue
            for _, possible in possible_draws(a_pilot, procedure, channel):
                again = frozenset((a.name, 0) for a in procedure.activities if a.review)
                for rework, returns, settled in product((frozenset(), again), (False, True), (False, True)):
                    draw = CaseDraw(possible.active, possible.misrouted, possible.incomplete, rework, returns, settled)
                    yield procedure, channel, draw, itinerary(a_pilot, procedure, channel, draw)


@pytest.mark.parametrize("name", ["four_level", "three_level"])
def test_steps_lead_forward_and_all_can_be_reached(name):
    for *_, stages in every_itinerary(pilot(name)):
        reached = {0}
        for i, leads in enumerate(ways(stages)):
            to = {j for j in leads if j is not None}
            assert all(i < j < len(stages) for j in to)
            if i in reached:
                reached |= to
        assert reached == set(range(len(stages)))


@pytest.mark.parametrize("name", ["four_level", "three_level"])
def test_only_waiting_residents_and_unseen_issues_can_leave(name):
    for *_, stages in every_itinerary(pilot(name)):
        for s in stages:
            assert s.leave is None or s.awaits_patrol or s.presence is not Presence.ABSENT
            assert (s.desk is Desk.FRONT) == (s.presence is not Presence.ABSENT)
            assert (s.kind is Kind.OUTSIDE) == (s.desk is Desk.NOWHERE)
            assert s.level in pilot(name).structure.levels
            assert s.minutes > 0 or s.desk is Desk.NOWHERE


@pytest.mark.parametrize("name", ["four_level", "three_level"])
def test_a_file_never_skips_a_level(name):
    levels = pilot(name).structure.levels
    for _, _, _, stages in every_itinerary(pilot(name)):
        served = [s for s in stages if s.desk is not Desk.NOWHERE or s.activity == "post in"]
        for before, after in pairwise(served):
            steps = abs(levels.index(before.level) - levels.index(after.level))
            assert steps <= 1
            assert steps == 0 or after.hand_over


def test_touch_minutes_of_a_procedure_are_the_same_under_every_structure():
    for key, procedure in FOUR.procedures.archetypes.items():
        channel = Channel.LATENT if procedure.latent_share else Channel.COUNTER
        for incomplete in ((), ("desk",), ("review",)) if procedure.papers else ((),):
            minutes = [
                sum(
                    s.minutes / s.legs
                    for s in path(p, key, channel, incomplete=incomplete, misrouted=True)
                    if s.kind is not Kind.RELAY or s.at_wrong_desk
                )
                for p in (FOUR, THREE)
            ]
            assert minutes[0] == pytest.approx(minutes[1]), key


@pytest.mark.parametrize("name", PILOTS)
def test_the_chances_of_all_draws_sum_to_one(name):
    for procedure in pilot(name).procedures.archetypes.values():
        for channel in Channel:
            assert sum(p for p, _ in possible_draws(pilot(name), procedure, channel)) == pytest.approx(1, abs=1e-12)


def test_chances_worked_by_hand():
    # T2: visit 0.10, street review 0.20, misrouted 0.20, papers missing never 0.75, once 0.1875, twice 0.0625.
    chance = {
        (draw.active, draw.misrouted, draw.incomplete): p
        for p, draw in possible_draws(FOUR, FOUR.procedures.archetypes["T2"], Channel.COUNTER)
    }
    assert chance[(True, False, False), False, ()] == pytest.approx(0.9 * 0.8 * 0.8 * 0.75)
    assert chance[(True, True, True), True, ("review",)] == pytest.approx(0.1 * 0.2 * 0.2 * 0.25 * 0.75 * 0.3)
    assert chance[(True, False, True), False, ("desk", "review")] == pytest.approx(0.9 * 0.2 * 0.8 * 0.0625 * 0.7 * 0.3)
    # Without a review the desk finds all that is missing.
    assert chance[(True, False, False), False, ("desk", "desk")] == pytest.approx(0.9 * 0.8 * 0.8 * 0.0625)
    assert not any("review" in found for active, _, found in chance if not active[2])


def test_papers_can_be_missing_only_where_there_are_papers_and_a_counter():
    phone = possible_draws(FOUR, FOUR.procedures.archetypes["T11"], Channel.PHONE)
    assert {draw.incomplete for _, draw in phone} == {()}
    consultation = possible_draws(FOUR, FOUR.procedures.archetypes["T1"], Channel.COUNTER)
    assert {(draw.misrouted, draw.incomplete) for _, draw in consultation} == {(False, ()), (True, ())}


def test_reviewed_means_that_a_review_is_among_the_activities_needed():
    t2 = FOUR.procedures.archetypes["T2"]
    assert reviewed(t2, (True, True, True))
    assert not reviewed(t2, (True, True, False))
