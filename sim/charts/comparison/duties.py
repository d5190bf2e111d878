"""The sentences of an organisation chart on each level: what it performs, its posts, and who owns what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sim.config import GROUPS, LEVELS
from sim.config.words import words_of
from sim.district import workload
from sim.language import N_, both, enumerated, gettext, listed, ngettext

if TYPE_CHECKING:
    from sim.config import Level, Pilot
    from sim.district.organisation import Organisation

_GROUPS = {
    "public_service": N_("public services"),
    "party": N_("party work"),
    "enforcement": N_("enforcement"),
    "economic": N_("economic work"),
    "justice": N_("justice"),
}
_FIRST = {
    "a_first": N_("First the desk and files, then the grid"),
    "b_first": N_("First the grid, then the desk and files"),
    "oldest": N_("First whoever has waited longest, at the desk or in the grid"),
    "longest": N_("First the longest queue, at the desk or in the grid"),
}
_FIRST_OF_AB = {
    "a_first": N_("First the desk and files (A), then the grid (B)"),
    "b_first": N_("First the grid (B), then the desk and files (A)"),
    "oldest": N_("First whoever has waited longest, at the desk (A) or in the grid (B)"),
    "longest": N_("First the longest queue, at the desk (A) or in the grid (B)"),
}
"""What is done first, where people have one post and where they have an A and a B post."""
_WINDOWS = {
    "one_window": N_("One window for all lines"),
    "per_line": N_("A window for each specialism"),
}
_COVER = {
    "none": N_("Nobody stands in for the absent: what only they serve stays shut."),
    "colleague": N_("The next colleague stands in for the absent, more slowly than they."),
}


def performs(pilot: Pilot, level: Level) -> list[str]:
    """Return the work that a level performs, by its level under today's law; of a level that is gone, who does it."""
    structure = pilot.structure
    if level not in structure.levels:
        return _given_away(pilot, level)
    sentences = []
    for origin in sorted(LEVELS, key=lambda other: other != level):
        groups = [group for group in GROUPS if structure.level_of(origin, group) == level]
        if not groups:
            continue
        words = {"work": _works(groups), "level": words_of(origin)}
        if origin == level and len(groups) == len(GROUPS):
            sentences.append(gettext("All that today's law gives it: {work}.", **words))
        elif origin == level:
            sentences.append(gettext("Of what today's law gives it: {work}.", **words))
        elif LEVELS.index(origin) > LEVELS.index(level):
            sentences.append(gettext("From the {level}, sent down: {work}.", **words))
        else:
            sentences.append(gettext("From the {level}, sent up: {work}.", **words))
    return [*sentences, *_given_away(pilot, level)]


def _given_away(pilot: Pilot, level: Level) -> list[str]:
    """Return the work that today's law gives to a level and that another level performs."""
    sentences = []
    for target in (other for other in LEVELS if other != level):
        groups = [group for group in GROUPS if pilot.structure.level_of(level, group) == target]
        if groups:
            sentences.append(gettext("Goes to the {level}: {work}.", level=words_of(target), work=_works(groups)))
    return sentences


def _works(groups: Iterable[str]) -> str:
    """Return groups of work in words."""
    return enumerated([gettext(_GROUPS[group]) for group in groups])


def posts(organisation: Organisation, level: Level) -> list[str]:
    """Return the heads of a level by post and by unit, and how its lines of work are shared out."""
    people = [person for person in organisation.people if person.level == level]
    several = organisation.n_units(level) > 1
    counted = Counter(person.post for person in people).items()
    staff = enumerated([_staff(post, n) for post, n in counted])
    heads = _span(Counter(person.unit for person in people).values())
    sentences = [gettext("{staff}: {heads} heads in each.", staff=staff, heads=heads) if several else
                 gettext("{staff}.", staff=staff)]  # fmt: skip
    plans, scheme = organisation.specialisms[level], organisation.pilot.roles.scheme
    words = {
        "lines": plans.shape[1],
        "n": _span(int(plan.max()) + 1 for plan in plans),
        "heads": _span(Counter((p.unit, p.specialism) for p in people if p.specialism >= 0).values()),
    }
    return [*sentences, gettext(_shared_out(level, scheme, several=several), **words)]


def _staff(post: str, n: int) -> str:
    """Return a number of people at a post."""
    return {
        "district officer": ngettext("{n} district officer", "{n} district officers", n),
        "street officer": ngettext("{n} street officer", "{n} street officers", n),
        "community secretary": ngettext("{n} community secretary", "{n} community secretaries", n),
        "community worker": ngettext("{n} community worker", "{n} community workers", n),
        "grid manager": ngettext("{n} grid manager", "{n} grid managers", n),
        "specialist": ngettext("{n} specialist", "{n} specialists", n),
    }[post]


def _shared_out(level: Level, scheme: str, *, several: bool) -> str:
    """Return the message on how the lines of work of a level are shared out."""
    if level != "community":
        return N_("{n} sections in each, of {heads} heads.") if several else N_("{n} sections, of {heads} heads.")
    schemes = {
        "lines": N_("The {lines} lines of work are shared out among them: each owns some, with counter and files."),
        "ab": N_("A post: one of {n} specialisms, which share the {lines} lines; {heads} heads each."),
        "dedicated": N_(
            "Specialists only at the desks: {n} specialisms, {heads} heads each; grid managers apart."
        ),
    }  # fmt: skip
    return schemes.get(scheme, N_("Everybody does everything, more slowly outside the own of {n} specialisms."))


def grids(organisation: Organisation) -> list[str]:
    """Return who owns the grids and what is due in them."""
    pilot, place = organisation.pilot, organisation.place
    owned = [len(person.grids) for person in organisation.people if person.level == "community"]
    n, without = len(place.grid_community), sum(k == 0 for k in owned)
    words = {"n": n, "households": place.n_households / n, "grids": _span(k for k in owned if k)}
    sentence = gettext(_owned(pilot.roles.scheme), **words)
    if without:
        sentence = ngettext("{sentence}; {n} head has none", "{sentence}; {n} heads have none", without,
                            sentence=sentence)  # fmt: skip
    return [gettext("{sentence}.", sentence=sentence), _due(pilot)]


def _owned(scheme: str) -> str:
    """Return the message on how many grids there are, and who owns them."""
    if scheme == "ab":
        return N_("B post: {n} grids of about {households:,.0f} households, each owned by one head, {grids} a head")
    if scheme == "dedicated":
        return N_(
            "{n} grids of about {households:,.0f} households, each owned by one full-time grid manager, {grids} a head"
        )
    return N_("{n} grids of about {households:,.0f} households, each owned by one head, {grids} a head")


def _due(pilot: Pilot) -> str:
    """Return what is due in a grid."""
    grid, visits = pilot.grid, pilot.grid.visits
    patrol = gettext("a patrol of {hours:g} h a day", hours=grid.patrol_hours)
    ordinary = gettext("{n:g} home visits a year to a household", n=visits.ordinary_per_year)
    special = gettext("{n:g} where special care is needed", n=visits.special_per_year)
    each = [_asked(patrol, grid.patrol_duty_share)] if grid.patrol_duty_share else []
    return gettext(
        "Due in a grid: {duties}; issues found or reported.",
        duties=listed([*each, ordinary, _asked(special, visits.duty_share)]),
    )  # fmt: skip


def _asked(duty: str, share: float) -> str:
    """Return a duty, and how much of it is asked for, where it is not all."""
    return duty if share == 1 else gettext("{duty} ({share:.0%} of it is asked for)", duty=duty, share=share)


def rules(pilot: Pilot) -> list[str]:
    """Return how the staff of a community work: order, window, desk and cover."""
    roles, service = pilot.roles, pilot.service
    window = _WINDOWS.get(service.windows)
    cover = _COVER.get(roles.cover)
    return [
        _order(pilot),
        gettext(
            "{window}, {desk}.",
            window=words_of(service.windows) if window is None else gettext(window), desk=_desk(pilot),
        ),
        gettext("Cover of the absent: {cover}.", cover=words_of(roles.cover)) if cover is None else gettext(cover),
        *_services(pilot),
    ]  # fmt: skip


def _order(pilot: Pilot) -> str:
    """Return what the staff of a community do first."""
    roles, priorities = pilot.roles, pilot.conduct.priorities
    # others have one post, and no days to split
    parted = roles.order == "split" and roles.scheme in ("ab", "generalist")
    first = _FIRST_OF_AB if roles.scheme == "ab" else _FIRST
    message = first.get("a_first" if roles.order == "split" else roles.order)
    order = words_of(roles.order) if message is None else gettext(message)
    if parted:
        order = gettext("{order} for the last {share:.0%} of each day", order=order, share=roles.b_share)
    if priorities.due < priorities.residents:
        return gettext("{order}; work from above that is due goes before residents.", order=order)
    return gettext("{order}.", order=order)


def _desk(pilot: Pilot) -> str:
    """Return who keeps the front desk."""
    roles, service = pilot.roles, pilot.service
    if service.desk == "rota":
        return gettext("kept in turns by at most {n} a point; nobody else has desk hours", n=service.seats)
    if service.desk != "own":
        return words_of(service.desk)
    if roles.one_room or service.windows == "one_window":
        return gettext("kept by whoever is free")
    return gettext("kept by those who own the lines")


def _services(pilot: Pilot) -> list[str]:
    """Return the services of a design that spare a trip or a transfer."""
    service, structure = pilot.service, pilot.structure
    shares = {
        N_("{share} of counter matters at the door, special care first"): service.door_to_door_share,
        N_("{share} of those with papers by agency"): service.agency_share,
        N_("{share} of those without by phone"): service.signboard_phone_share,
        N_("{share} of files by named contact"): structure.named_contact_share,
        N_("{share} of decisions on public services delegated to the community"): structure.delegated_share,
    }
    given = {message: f"{100 * share:g}%" for message, share in shares.items() if share}
    each = [gettext(message, share=share) for message, share in given.items()]
    points = []
    if service.points > 1:
        points.append(gettext("{n} service points kept open in each community.", n=service.points))
    return [*points, *([gettext("{shares}.", shares=enumerated(each))] if each else [])]


def went_to(organisation: Organisation, level: Level) -> list[str]:
    """Return where the staff of a level that was abolished went."""
    if level != "street":
        return [gettext("Abolished.")]
    pilot, staffing = organisation.pilot, organisation.pilot.staffing
    down = organisation.heads("community") - workload.community_posts(pilot)
    up = organisation.heads("district") - staffing.district_heads
    of = staffing.street_heads
    moved = {
        (N_("all go down to the communities"), N_("{n} go down to the communities")): down,
        (N_("all go up to the district"), N_("{n} go up to the district")): up,
    }
    moves = [gettext(every if n == of else some, n=n) for (every, some), n in moved.items() if n]
    closed = ngettext("{n} street office is abolished", "{n} street offices are abolished", pilot.district.streets)
    if not moves:
        return [gettext("{offices}.", offices=closed)]
    return [gettext("{offices}; of {n} heads {moves}.", offices=closed, n=of, moves=both(moves))]


def abolished(pilot: Pilot) -> list[Level]:
    """Return the levels of today's law that a pilot does not have."""
    return [level for level in LEVELS if level not in pilot.structure.levels]


def _span(numbers: Iterable[int]) -> str:
    """Return the range of some numbers in words."""
    known: Sequence[int] = sorted(numbers)
    if not known:
        return "0"
    if known[0] == known[-1]:
        return str(known[0])
    return gettext("{low} to {high}", low=known[0], high=known[-1])
