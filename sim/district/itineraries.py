"""All that chance may decide about a request of an archetype, with the probabilities."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from sim.district.demand import Channel
from sim.district.stages import MAX_INCOMPLETE, Access, CaseDraw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.config import Activity, Archetype, Pilot


def possible_draws(pilot: Pilot, archetype: Archetype, channel: Channel) -> Iterator[tuple[float, CaseDraw]]:
    """Yield all that may be drawn for a request of an archetype, each with its probability.

    Every review that is made is done again in these draws: what is written for that is marked, and counts with the
    share of rework. Returning and named contacts are left out, because they cost no more work.
    """
    demand = pilot.demand
    optional = [(1.0,) if a.share == 1 else (a.share, 1 - a.share) for a in archetype.activities]
    for choice in product(*(range(len(options)) for options in optional)):
        active = tuple(pick == 0 for pick in choice)
        p_active = 1.0
        for options, pick in zip(optional, choice, strict=True):
            p_active *= options[pick]
        for misrouted, p_route in ((False, 1 - demand.misrouted_share), (True, demand.misrouted_share)):
            for incomplete, p_papers in _papers(pilot, archetype, channel, active):
                for (access, p_access), (delegated, p_decision) in product(
                    _accesses(pilot, archetype, channel), _delegations(pilot, archetype)
                ):
                    again = frozenset(product((a.name for a in archetype.activities), range(MAX_INCOMPLETE + 1)))
                    probability = p_active * p_route * p_papers * p_access * p_decision
                    if probability > 0:
                        yield (
                            probability,
                            CaseDraw(active, misrouted, incomplete, again, access=access, delegated=delegated),
                        )


def by_phone(archetype: Archetype) -> bool:
    """Return whether a counter matter can as well be dealt with on the phone: it needs no papers, and some phone."""
    return archetype.phone_share > 0 and not archetype.papers


def delegable(pilot: Pilot, activity: Activity) -> bool:
    """Return whether the decision of an activity can be delegated: a review of public service above the community."""
    above = pilot.structure.level_of(activity.level, activity.group) != "community"
    return activity.review and activity.group == "public_service" and above


def _accesses(pilot: Pilot, archetype: Archetype, channel: Channel) -> list[tuple[Access, float]]:
    """Return how a matter is brought to the community, with the probability over all households."""
    if channel is not Channel.COUNTER:
        return [(Access.OFFICE, 1.0)]
    service = pilot.service
    door = service.door_to_door_share
    agency = service.agency_share if archetype.papers else 0.0
    phone = service.signboard_phone_share if by_phone(archetype) else 0.0
    rest = 1 - door
    return [
        (Access.OFFICE, rest * (1 - agency - phone)), (Access.PHONE, rest * phone),
        (Access.DOOR, door), (Access.AGENCY, rest * agency),
    ]  # fmt: skip


def _delegations(pilot: Pilot, archetype: Archetype) -> list[tuple[frozenset[str], float]]:
    """Return the sets of reviews that may be delegated, with their probabilities."""
    share, delegations = pilot.structure.delegated_share, [(frozenset[str](), 1.0)]
    for activity in archetype.activities:
        if delegable(pilot, activity) and share > 0:
            delegations = [
                (names | extra, p * q)
                for names, p in delegations
                for extra, q in ((frozenset({activity.name}), share), (frozenset[str](), 1 - share))
                if q > 0
            ]
    return delegations


def goes_above(archetype: Archetype, draw: CaseDraw) -> bool:
    """Return whether today's law has another level than the community decide on a request."""
    return any(needed and a.level != "community" for a, needed in zip(archetype.activities, draw.active, strict=True))


def reviewed(archetype: Archetype, active: tuple[bool, ...]) -> bool:
    """Return whether a request with these activities is reviewed at all."""
    return any(needed and a.review for a, needed in zip(archetype.activities, active, strict=True))


def _papers(
    pilot: Pilot, archetype: Archetype, channel: Channel, active: tuple[bool, ...]
) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield where each time that papers are missing is noticed (`desk` or `review`), with the probability."""
    p = pilot.demand.incomplete_share if archetype.papers and channel is Channel.COUNTER else 0.0
    at_desk = pilot.demand.incomplete_at_desk_share if reviewed(archetype, active) else 1.0
    p_noticed = {"desk": at_desk, "review": 1 - at_desk}
    for times in range(MAX_INCOMPLETE + 1):
        p_times = p**times * (1 - p if times < MAX_INCOMPLETE else 1.0)
        for incomplete in product(p_noticed, repeat=times):
            probability = p_times
            for where in incomplete:
                probability *= p_noticed[where]
            yield incomplete, probability
