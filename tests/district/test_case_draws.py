from functools import cache

import numpy as np
import pytest
from setups.district import place_of, tiny

from sim.district import case_draws, demand, place
from sim.district.demand import Channel
from sim.district.routing import itinerary
from sim.district.stages import MAX_INCOMPLETE, CaseDraw

OFTEN = ("demand.incomplete_share=0.6", "demand.rework_share=0.5", "demand.return_share=0.4")


@cache
def drawn(channel, *overrides):
    """Return a tiny pilot, the requests of one channel and, for each, its archetype and what was drawn for it."""
    a_pilot = tiny("four_level", *overrides)
    requests = demand.draw(a_pilot, place.build_place(a_pilot), 0).in_channel(channel)
    cases, case = case_draws.draw_cases(a_pilot, place.build_place(a_pilot), requests, channel)
    return a_pilot, requests, [cases[i] for i in case]


def by_hand(a_pilot, requests, channel, i):
    """Return what is drawn for one request, all reviews that would be done again in any attempt included."""
    archetype = list(a_pilot.procedures.archetypes.values())[requests.archetype[i]]
    shares = a_pilot.demand

    def happens(purpose, share):
        return bool(requests.uniforms(purpose)[i] < share)

    active = tuple(happens(f"active/{a.name}", a.share) for a in archetype.activities)
    reviews = [a.name for a, on in zip(archetype.activities, active, strict=True) if a.review and on]
    incomplete = []
    while len(incomplete) < MAX_INCOMPLETE and archetype.papers and channel is Channel.COUNTER:
        k = len(incomplete)
        if not happens(f"incomplete/{k}", shares.incomplete_share):
            break
        at_desk = happens(f"incomplete/{k}/at desk", shares.incomplete_at_desk_share) or not reviews
        incomplete.append("desk" if at_desk else "review")
    return archetype, CaseDraw(
        active=active,
        misrouted=happens("misrouted", shares.misrouted_share),
        incomplete=tuple(incomplete),
        rework=frozenset(
            (name, k)
            for name in reviews
            for k in range(len(incomplete) + 1)
            if happens(f"rework/{name}/{k}", shares.rework_share)
        ),
        returns=happens("returns", shares.return_share),
        settled=channel is Channel.LATENT and happens("settled", shares.settled_on_the_spot_share),
    )


@pytest.mark.parametrize("channel", Channel)
def test_a_request_goes_the_way_that_its_own_uniforms_say(channel):
    a_pilot, requests, cases = drawn(channel, *OFTEN)
    for i in range(0, len(requests), max(1, len(requests) // 60)):
        archetype, expected = by_hand(a_pilot, requests, channel, i)
        assert cases[i][0] == archetype
        draw = cases[i][1]
        assert draw.rework <= expected.rework
        assert itinerary(a_pilot, archetype, channel, draw) == itinerary(a_pilot, archetype, channel, expected)


def test_each_case_is_named_once():
    a_pilot, requests, _ = drawn(Channel.COUNTER, *OFTEN)
    cases, case = case_draws.draw_cases(a_pilot, place.build_place(a_pilot), requests, Channel.COUNTER)
    assert len({(archetype.title, draw) for archetype, draw in cases}) == len(cases) < len(requests)
    assert np.array_equal(np.unique(case), np.arange(len(cases)))


def test_what_can_make_no_difference_is_no_other_case():
    _, _, cases = drawn(Channel.COUNTER, *OFTEN)
    attempts = {draw.incomplete: {k for _, k in draw.rework} for _, draw in cases if draw.rework}
    assert ("desk", "review") in attempts
    for incomplete, made in attempts.items():
        assert made <= {k for k, where in enumerate(incomplete) if where == "review"} | {len(incomplete)}


def test_a_channel_without_requests_has_no_case():
    a_pilot = tiny("four_level", "demand.phone_per_resident_year=0")
    none = demand.draw(a_pilot, place_of("four_level"), 0).in_channel(Channel.PHONE)
    cases, case = case_draws.draw_cases(a_pilot, place_of("four_level"), none, Channel.PHONE)
    assert cases == []
    assert case.shape == (0,)


def test_cases_are_told_apart_by_more_flags_than_a_word_has_bits():
    rng = np.random.default_rng(0)
    table = rng.random((400, 130)) < 0.02
    table[200:] = table[:200]
    archetype = np.tile(np.arange(4, dtype=np.int8), 100)
    order, new = case_draws._grouped(table, archetype)
    keys = [(archetype[i], table[i].tobytes()) for i in order]
    assert new.sum() == len(set(keys)) < 400
    assert [a != b for a, b in zip(keys, keys[1:], strict=False)] == new[1:].tolist()
