"""What is drawn for each request before any design: which activities it needs, what goes wrong, who returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.district.demand import Channel
from sim.district.itineraries import by_phone, delegable
from sim.district.stages import MAX_INCOMPLETE, Access, CaseDraw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sim.arrays import AnyInts, Bools
    from sim.config import Activity, Archetype, Pilot
    from sim.district.demand import Demand
    from sim.district.place import Place


def draw_cases(
    pilot: Pilot, place: Place, requests: Demand, channel: Channel
) -> tuple[list[tuple[Archetype, CaseDraw]], AnyInts]:
    """Return the different cases among the requests of one channel, and the case of each request.

    Returns
    -------
    cases : list of (Archetype, CaseDraw)
        Each that occurs, once.
    case : ndarray of int, shape (requests,)
        For each request, its position in that list.
    """
    archetypes = list(pilot.procedures.archetypes.values())
    columns = _draw(pilot, place, requests, channel)
    order, new = _grouped(columns.table(), requests.archetype)
    case = np.empty(len(order), dtype=np.int32)
    case[order] = np.cumsum(new) - 1
    examples = order[new].tolist()
    archetype_of = [archetypes[requests.archetype[row]] for row in examples]
    return [(a, columns.case(a, row)) for a, row in zip(archetype_of, examples, strict=True)], case


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


@dataclass(frozen=True)
class _Columns:
    """What was drawn for the requests of a channel, as columns (arrays of bool of shape (requests,)).

    What makes no difference to a request is False, so that equal rows of one archetype are equal cases.

    Attributes
    ----------
    active : dict of activity -> column
        Whether the request needs it.
    misrouted, returns, settled, named_contact : column
        As in `CaseDraw`.
    missing, at_review : tuple of column
        For each attempt that may fail for missing papers: whether it does, and whether a review is what notices it.
    rework : dict of (review, attempt) -> column
        Whether the review is done again.
    access : dict of Access -> column
        Whether the request is brought this way; where all are False, it is brought to the office.
    delegated : dict of review -> column
        Whether its decision is delegated to the community.
    """

    active: Mapping[str, Bools]
    misrouted: Bools
    returns: Bools
    settled: Bools
    missing: Sequence[Bools]
    at_review: Sequence[Bools]
    rework: Mapping[tuple[str, int], Bools]
    named_contact: Bools
    access: Mapping[Access, Bools]
    delegated: Mapping[str, Bools]

    def table(self) -> Bools:
        """Return all columns side by side (shape (requests, columns))."""
        return np.stack(
            [
                *self.active.values(), self.misrouted, self.returns, self.settled, *self.missing, *self.at_review,
                *self.rework.values(), self.named_contact, *self.access.values(), *self.delegated.values(),
            ],
            axis=1,
        )  # fmt: skip

    def case(self, archetype: Archetype, row: int) -> CaseDraw:
        """Return what was drawn for the request of a row, which is of this archetype."""
        names = [activity.name for activity in archetype.activities]
        return CaseDraw(
            active=tuple(bool(self.active[name][row]) for name in names),
            misrouted=bool(self.misrouted[row]),
            incomplete=tuple(
                "review" if at_review[row] else "desk"
                for missing, at_review in zip(self.missing, self.at_review, strict=True)
                if missing[row]
            ),
            rework=frozenset(key for key, column in self.rework.items() if key[0] in names and column[row]),
            returns=bool(self.returns[row]),
            settled=bool(self.settled[row]),
            access=next((access for access, column in self.access.items() if column[row]), Access.OFFICE),
            named_contact=bool(self.named_contact[row]),
            delegated=frozenset(name for name, column in self.delegated.items() if name in names and column[row]),
        )


@dataclass(frozen=True)
class _Chances:
    """The requests of a channel and their archetypes: draws what happens to each, by its archetype's chance.

    `activities` are the activities by name of each archetype, none of one that no request has.
    """

    pilot: Pilot
    requests: Demand
    archetypes: tuple[Archetype, ...]
    activities: tuple[Mapping[str, Activity], ...]

    def happens(self, purpose: str, shares: Sequence[float]) -> Bools:
        """Return whether something happens to each request, given its chance under each archetype."""
        archetype = self.requests.archetype
        if set(shares) <= {0, 1}:
            return np.array(shares, dtype=bool)[archetype]
        return np.asarray(self.requests.uniforms(purpose) < np.array(shares)[archetype])

    def happens_alike(self, purpose: str, share: float) -> Bools:
        """Return whether something happens to each request, with the same chance for all."""
        return self.happens(purpose, [share] * len(self.archetypes))

    def has_review(self, name: str) -> Bools:
        """Return whether each request is of an archetype in which an activity of this name is a review."""
        reviews = np.array([name in by_name and by_name[name].review for by_name in self.activities])
        return np.asarray(reviews[self.requests.archetype])


def _draw(pilot: Pilot, place: Place, requests: Demand, channel: Channel) -> _Columns:
    """Return all that is drawn for the requests of a channel."""
    demand, archetypes = pilot.demand, tuple(pilot.procedures.archetypes.values())
    occurring = np.unique(requests.archetype).tolist()
    activities = tuple(
        {a.name: a for a in archetype.activities} if i in occurring else {} for i, archetype in enumerate(archetypes)
    )
    chances = _Chances(pilot, requests, archetypes, activities)
    active = {
        name: chances.happens(f"active/{name}", [a[name].share if name in a else 0 for a in activities])
        for name in dict.fromkeys(name for by_name in activities for name in by_name)
    }
    reviewed = {name: column & mask for name, column in active.items() if (mask := chances.has_review(name)).any()}
    missing, at_review = _papers(chances, channel, np.any([np.zeros(len(requests), bool), *reviewed.values()], axis=0))
    return _Columns(
        active=active,
        misrouted=chances.happens_alike("misrouted", demand.misrouted_share),
        returns=chances.happens_alike("returns", demand.return_share),
        settled=chances.happens_alike("settled", demand.settled_on_the_spot_share if channel is Channel.LATENT else 0),
        missing=missing,
        at_review=at_review,
        rework=_rework(chances, reviewed, missing, at_review),
        named_contact=chances.happens_alike("named contact", pilot.structure.named_contact_share),
        access=_access(chances, place) if channel is Channel.COUNTER else {},
        delegated=_delegated(chances, reviewed),
    )


def _papers(chances: _Chances, channel: Channel, is_reviewed: Bools) -> tuple[list[Bools], list[Bools]]:
    """Return, for each attempt, whether papers are missing, and whether it is a review that notices it."""
    demand = chances.pilot.demand
    p_incomplete = demand.incomplete_share if channel is Channel.COUNTER else 0
    shares = [p_incomplete if archetype.papers else 0 for archetype in chances.archetypes]
    missing, at_review = [], []
    failed = np.ones(len(chances.requests), dtype=bool)  # all attempts before this one
    for k in range(MAX_INCOMPLETE):
        failed = failed & chances.happens(f"incomplete/{k}", shares)
        at_desk = chances.happens_alike(f"incomplete/{k}/at desk", demand.incomplete_at_desk_share)
        missing.append(failed)
        at_review.append(failed & is_reviewed & ~at_desk)
    return missing, at_review


def _rework(
    chances: _Chances, reviewed: Mapping[str, Bools], missing: Sequence[Bools], at_review: Sequence[Bools]
) -> dict[tuple[str, int], Bools]:
    """Return whether each review of each attempt is done again."""
    share = chances.pilot.demand.rework_share
    n_attempts = np.sum(missing, axis=0)
    columns = {}
    for k in range(MAX_INCOMPLETE + 1):
        # the reviews of an attempt are made when it is the last, or the one in which papers are found missing
        made = (n_attempts == k) | (at_review[k] if k < MAX_INCOMPLETE else False)
        for name, has_review in reviewed.items():
            columns[name, k] = chances.happens_alike(f"rework/{name}/{k}", share) & has_review & made
    return columns


def _access(chances: _Chances, place: Place) -> dict[Access, Bools]:
    """Return which counter requests are brought to the community in another way than to its office."""
    service = chances.pilot.service
    door = _at_the_door(chances.pilot, place, chances.requests)
    agency = chances.happens("agency", [service.agency_share * a.papers for a in chances.archetypes])
    phone = chances.happens(
        "phones instead", [service.signboard_phone_share * by_phone(a) for a in chances.archetypes]
    )  # fmt: skip
    return {Access.DOOR: door, Access.AGENCY: agency & ~door, Access.PHONE: phone & ~door}


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


def _delegated(chances: _Chances, reviewed: Mapping[str, Bools]) -> dict[str, Bools]:
    """Return whether the decision of each review is delegated."""
    pilot, columns = chances.pilot, {}
    for name, has_review in reviewed.items():
        able = [name in by_name and delegable(pilot, by_name[name]) for by_name in chances.activities]
        shares = [pilot.structure.delegated_share * one for one in able]
        columns[name] = chances.happens(f"delegated/{name}", shares) & has_review
    return columns
