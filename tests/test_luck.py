from functools import cache

import numpy as np
import pytest
from district import place_of, tiny

from sim.district import case_draws, demand, place
from sim.district.demand import Channel
from sim.district.routing import itinerary
from sim.district.stages import MAX_INCOMPLETE, Luck

OFTEN = ("demand.incomplete_share=0.6", "demand.rework_share=0.5", "demand.return_share=0.4")


@cache
def drawn(channel, *overrides):
    """Return a tiny pilot, the requests of one channel and, for each, its archetype and luck."""
    a_pilot = tiny("four_level", *overrides)
    requests = demand.draw(a_pilot, place.build_place(a_pilot), 0).in_channel(channel)
    lucks, which = case_draws.drawn(a_pilot, place.build_place(a_pilot), requests, channel)
    return a_pilot, requests, [lucks[i] for i in which]


def by_hand(a_pilot, requests, channel, i):
    """Return the luck of one request, all reviews that would be made again in whichever pass included."""
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
    return archetype, Luck(
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
    a_pilot, requests, lucks = drawn(channel, *OFTEN)
    for i in range(0, len(requests), max(1, len(requests) // 60)):
        archetype, expected = by_hand(a_pilot, requests, channel, i)
        assert lucks[i][0] == archetype
        found = lucks[i][1]
        assert found.rework <= expected.rework
        assert itinerary(a_pilot, archetype, channel, found) == itinerary(a_pilot, archetype, channel, expected)


def test_each_luck_is_named_once():
    a_pilot, requests, _ = drawn(Channel.COUNTER, *OFTEN)
    lucks, which = case_draws.drawn(a_pilot, place.build_place(a_pilot), requests, Channel.COUNTER)
    assert len({(archetype.title, lucky) for archetype, lucky in lucks}) == len(lucks) < len(requests)
    assert np.array_equal(np.unique(which), np.arange(len(lucks)))


def test_what_can_make_no_difference_is_no_other_luck():
    _, _, lucks = drawn(Channel.COUNTER, *OFTEN)
    passes = {lucky.incomplete: {k for _, k in lucky.rework} for _, lucky in lucks if lucky.rework}
    assert ("desk", "review") in passes
    for incomplete, made in passes.items():
        assert made <= {k for k, where in enumerate(incomplete) if where == "review"} | {len(incomplete)}


def test_a_channel_without_requests_has_no_luck():
    a_pilot = tiny("four_level", "demand.phone_per_resident_year=0")
    none = demand.draw(a_pilot, place_of("four_level"), 0).in_channel(Channel.PHONE)
    lucks, which = case_draws.drawn(a_pilot, place_of("four_level"), none, Channel.PHONE)
    assert lucks == []
    assert which.shape == (0,)


def test_lucks_are_told_apart_by_more_flags_than_a_word_has_bits():
    rng = np.random.default_rng(0)
    table = rng.random((400, 130)) < 0.02
    table[200:] = table[:200]
    archetype = np.tile(np.arange(4, dtype=np.int8), 100)
    order, new = case_draws._grouped(table, archetype)
    keys = [(archetype[i], table[i].tobytes()) for i in order]
    assert new.sum() == len(set(keys)) < 400
    assert [a != b for a, b in zip(keys, keys[1:], strict=False)] == new[1:].tolist()
