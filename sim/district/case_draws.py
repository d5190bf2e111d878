"""What was drawn for each request before any design: which activities it needs, what goes wrong, who returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.district.demand import Channel
from sim.district.itineraries import by_phone, delegable
from sim.district.stages import MAX_INCOMPLETE, Luck, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sim.arrays import AnyInts, Bools
    from sim.config import Archetype, Pilot
    from sim.district.demand import Demand
    from sim.district.place import Place


def drawn(
    pilot: Pilot, place: Place, requests: Demand, channel: Channel
) -> tuple[list[tuple[Archetype, Luck]], AnyInts]:
    """Return every luck that occurs among the requests of one channel, with its archetype, and whose it is.

    Returns
    -------
    lucks : list of (Archetype, Luck)
        Those that occur.
    which : ndarray of int, shape (requests,)
        For each request, its position in that list.
    """
    archetypes = list(pilot.procedures.archetypes.values())
    flags = _flags(pilot, place, requests, channel)
    table = np.stack(list(flags.values()), axis=1)
    order, new = _grouped(table, requests.archetype)
    which = np.empty(len(order), dtype=np.int32)
    which[order] = np.cumsum(new) - 1
    examples = order[new]
    rows = (dict(zip(flags, row, strict=True)) for row in table[examples].tolist())
    of = [archetypes[i] for i in requests.archetype[examples].tolist()]
    return [(archetype, _luck(archetype, row)) for archetype, row in zip(of, rows, strict=True)], which


def _grouped(table: Bools, archetype: AnyInts) -> tuple[AnyInts, Bools]:
    """Return an order that brings equal rows of one archetype together, and where in it a new row begins."""
    packed = np.packbits(table, axis=1)
    words = np.zeros((len(packed), -(-packed.shape[1] // 8)), dtype=np.uint64)
    words.view(np.uint8)[:, : packed.shape[1]] = packed
    order = np.lexsort((*words.T, archetype))
    words, archetype = words[order], archetype[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any(words[1:] != words[:-1], axis=1) | (archetype[1:] != archetype[:-1])
    return order, new


def _flags(pilot: Pilot, place: Place, requests: Demand, channel: Channel) -> dict[str, Bools]:
    """Return what happens to each request, by name; what makes no difference to a request is False."""
    demand, archetype = pilot.demand, requests.archetype
    here = np.unique(archetype).tolist()
    archetypes = [a if i in here else None for i, a in enumerate(pilot.procedures.archetypes.values())]
    activities = [{} if a is None else {activity.name: activity for activity in a.activities} for a in archetypes]

    def draw(purpose: str, shares: Sequence[float]) -> Bools:
        """Return what happens to so many of each archetype."""
        if set(shares) <= {0, 1}:
            return np.array(shares, dtype=bool)[archetype]
        return np.asarray(requests.uniforms(purpose) < np.array(shares)[archetype])

    def draw_alike(purpose: str, share: float) -> Bools:
        return draw(purpose, [share] * len(archetypes))

    flags: dict[str, Bools] = {}
    reviewed: dict[str, Bools] = {}
    for name in dict.fromkeys(name for of in activities for name in of):
        active = draw(f"active/{name}", [of[name].share if name in of else 0 for of in activities])
        flags[f"active/{name}"] = active
        reviews = np.array([name in of and of[name].review for of in activities])
        if reviews.any():
            reviewed[name] = active & reviews[archetype]
    flags["misrouted"] = draw_alike("misrouted", demand.misrouted_share)
    flags["returns"] = draw_alike("returns", demand.return_share)
    flags["settled"] = draw_alike("settled", demand.settled_on_the_spot_share if channel is Channel.LATENT else 0)
    at_all = np.any([np.zeros_like(flags["returns"]), *reviewed.values()], axis=0)
    incomplete = demand.incomplete_share if channel is Channel.COUNTER else 0
    passes = np.zeros(len(archetype), dtype=np.int8)
    for k in range(MAX_INCOMPLETE):
        missing = draw(f"incomplete/{k}", [incomplete if a and a.papers else 0 for a in archetypes]) & (passes == k)
        at_desk = draw_alike(f"incomplete/{k}/at desk", demand.incomplete_at_desk_share)
        flags[f"missing/{k}"], flags[f"at review/{k}"] = missing, missing & at_all & ~at_desk
        passes += missing
    for k in range(MAX_INCOMPLETE + 1):
        # the reviews of a pass are made when it is the last, or the one in which papers are found missing
        made = (passes == k) | flags.get(f"at review/{k}", False)
        for name, by_name in reviewed.items():
            flags[f"rework/{name}/{k}"] = draw_alike(f"rework/{name}/{k}", demand.rework_share) & by_name & made
    flags |= _services(pilot, place, requests, channel, draw)
    for name, by_name in reviewed.items():
        delegable_in = [name in of and delegable(pilot, of[name]) for of in activities]
        flags[f"delegated/{name}"] = (
            draw(f"delegated/{name}", [pilot.structure.delegated_share * able for able in delegable_in]) & by_name
        )
    return flags


def _services(
    pilot: Pilot, place: Place, requests: Demand, channel: Channel, draw: Callable[[str, Sequence[float]], Bools]
) -> dict[str, Bools]:
    """Return how each request is brought to the community and how its file travels, by name."""
    archetypes, service = pilot.procedures.archetypes.values(), pilot.service
    flags = {"named contact": draw("named contact", [pilot.structure.named_contact_share] * len(archetypes))}
    if channel is Channel.COUNTER:
        door = _at_the_door(pilot, place, requests)
        agency = draw("agency", [service.agency_share * a.papers for a in archetypes])
        phone = draw("phones instead", [service.signboard_phone_share * by_phone(a) for a in archetypes])
        flags |= {Way.DOOR.name: door, Way.AGENCY.name: agency & ~door, Way.PHONE.name: phone & ~door}
    return flags


def _at_the_door(pilot: Pilot, place: Place, requests: Demand) -> Bools:
    """Return which requests are served at the door: those of special-care households first, up to the share."""
    share = pilot.service.door_to_door_share
    if share in (0, 1):
        return np.full(len(requests), share == 1)
    weight = np.where(place.special, pilot.demand.special_care_factor, 1.0)
    of_special = float(weight[place.special].sum() / weight.sum())
    special = min(1.0, share / of_special) if of_special > 0 else 0.0
    ordinary = max(0.0, (share - of_special) / (1 - of_special)) if of_special < 1 else 0.0
    most = np.where(place.special[requests.household], special, ordinary)
    return np.asarray(requests.uniforms("door to door") < most)


def _luck(archetype: Archetype, flags: dict[str, bool]) -> Luck:
    """Return the luck that a request's flags stand for."""
    return Luck(
        active=tuple(flags[f"active/{a.name}"] for a in archetype.activities),
        misrouted=flags["misrouted"],
        incomplete=tuple(
            "review" if flags[f"at review/{k}"] else "desk" for k in range(MAX_INCOMPLETE) if flags[f"missing/{k}"]
        ),
        rework=frozenset(
            (a.name, k)
            for a in archetype.activities
            if a.review
            for k in range(MAX_INCOMPLETE + 1)
            if flags[f"rework/{a.name}/{k}"]
        ),
        returns=flags["returns"],
        settled=flags["settled"],
        way=next((way for way in (Way.DOOR, Way.AGENCY, Way.PHONE) if flags.get(way.name)), Way.OFFICE),
        named_contact=flags["named contact"],
        delegated=frozenset(a.name for a in archetype.activities if flags.get(f"delegated/{a.name}")),
    )
