"""The sentences of an organisation chart on each level: what it performs, its posts, and who owns what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sim.config import GROUPS, LEVELS
from sim.district import workload

if TYPE_CHECKING:
    from sim.config import Level, Pilot
    from sim.district.organisation import Organisation

_GROUPS = {
    "public_service": "public services",
    "party": "party work",
    "enforcement": "enforcement",
    "economic": "economic work",
    "justice": "justice",
}
_ORDERS = {
    "a_first": "First the desk and files{a}, then the grid{b}",
    "b_first": "First the grid{b}, then the desk and files{a}",
    "oldest": "First whoever has waited longest, at the desk{a} or in the grid{b}",
    "longest": "First the longest queue, at the desk{a} or in the grid{b}",
}
_COVER = {
    "none": "Nobody stands in for the absent: what only they serve stays shut.",
    "colleague": "The next colleague stands in for the absent, more slowly than they.",
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
        words = _and(_GROUPS[group] for group in groups)
        if origin == level:
            all_of = "All that" if len(groups) == len(GROUPS) else "Of what"
            sentences.append(f"{all_of} today's law gives it: {words}.")
        else:
            moved = "down" if LEVELS.index(origin) > LEVELS.index(level) else "up"
            sentences.append(f"From the {origin}, sent {moved}: {words}.")
    return [*sentences, *_given_away(pilot, level)]


def _given_away(pilot: Pilot, level: Level) -> list[str]:
    """Return the work that today's law gives to a level and that another level performs."""
    sentences = []
    for target in (other for other in LEVELS if other != level):
        groups = [group for group in GROUPS if pilot.structure.level_of(level, group) == target]
        if groups:
            sentences.append(f"Goes to the {target}: {_and(_GROUPS[group] for group in groups)}.")
    return sentences


def posts(organisation: Organisation, level: Level) -> list[str]:
    """Return the heads of a level by post and by unit, and how its lines of work are shared out."""
    people = [person for person in organisation.people if person.level == level]
    each = " in each" if organisation.n_units(level) > 1 else ""
    staff = _and(f"{n} {_plural(post, n)}" for post, n in Counter(person.post for person in people).items())
    heads = _span(Counter(person.unit for person in people).values())
    sentences = [f"{staff}: {heads} heads{each}." if each else f"{staff}."]
    plans, scheme = organisation.specialisms[level], organisation.pilot.roles.scheme
    n_lines, n_each = plans.shape[1], _span(int(plan.max()) + 1 for plan in plans)
    heads_each = _span(Counter((p.unit, p.specialism) for p in people if p.specialism >= 0).values())
    if level != "community":
        sentences.append(f"{n_each} sections{each}, of {heads_each} heads.")
    elif scheme == "lines":
        sentences.append(
            f"The {n_lines} lines of work are shared out among them: each owns some, with counter and files."
        )
    elif scheme == "ab":
        sentences.append(
            f"A post: one of {n_each} specialisms, which share the {n_lines} lines; {heads_each} heads each."
        )
    elif scheme == "dedicated":
        sentences.append(
            f"Specialists only at the desks: {n_each} specialisms, {heads_each} heads each; grid managers apart."
        )
    else:
        sentences.append(f"Everybody does everything, more slowly outside the own of {n_each} specialisms.")
    return sentences


def grids(organisation: Organisation) -> list[str]:
    """Return who owns the grids and what is due in them."""
    pilot, place = organisation.pilot, organisation.place
    owned = [len(person.grids) for person in organisation.people if person.level == "community"]
    n, without = len(place.grid_community), sum(k == 0 for k in owned)
    post = "B post: " if pilot.roles.scheme == "ab" else ""
    none = f"; {without} heads have none" if without else ""
    sentences = [
        f"{post}{n} grids of about {place.n_households / n:,.0f} households, each owned by one {_keeper(pilot)}, "
        f"{_span(k for k in owned if k)} a head{none}."
    ]
    grid, visits = pilot.grid, pilot.grid.visits
    patrol = f"a patrol of {grid.patrol_hours:g} h a day{_asked(grid.patrol_duty_share)}, "
    ordinary = f"{visits.ordinary_per_year:g} home visits a year to a household"
    special = f"{visits.special_per_year:g} where special care is needed{_asked(visits.duty_share)}"
    sentences.append(
        f"Due in a grid: {patrol if grid.patrol_duty_share else ''}{ordinary}, {special}; issues found or reported."
    )
    return sentences


def _asked(share: float) -> str:
    """Return in brackets how much of a duty is asked for, where it is not all."""
    return "" if share == 1 else f" ({100 * share:.0f}% of it is asked for)"


def _keeper(pilot: Pilot) -> str:
    """Return the name for an owner of a grid."""
    return "full-time grid manager" if pilot.roles.scheme == "dedicated" else "head"


def rules(pilot: Pilot) -> list[str]:
    """Return how the staff of a community work: order, window, desk and cover."""
    roles, service, priorities = pilot.roles, pilot.service, pilot.conduct.priorities
    names = {"a": " (A)", "b": " (B)"} if roles.scheme == "ab" else {"a": "", "b": ""}
    parted = roles.order == "split" and roles.scheme in (
        "ab",
        "generalist",
    )  # others have one post, and no days to split
    order = _ORDERS.get("a_first" if roles.order == "split" else roles.order, _plain(roles.order)).format(**names)
    order += f" for the last {100 * roles.b_share:.0f}% of each day" if parted else ""
    above = "; work from above that is due goes before residents" if priorities.due < priorities.residents else ""
    window = {"one_window": "One window for all lines", "per_line": "A window for each specialism"}
    desk = {
        "own": "kept by whoever is free"
        if roles.one_room or service.windows == "one_window"
        else "kept by those who own the lines",
        "rota": f"kept in turns by at most {service.seats} a point; nobody else has desk hours",
    }
    return [
        f"{order}{above}.",
        f"{window.get(service.windows, _plain(service.windows))}, {desk.get(service.desk, _plain(service.desk))}.",
        _COVER.get(roles.cover, f"Cover of the absent: {_plain(roles.cover)}."),
        *_services(pilot),
    ]


def _services(pilot: Pilot) -> list[str]:
    """Return the services of a design that spare a trip or a transfer."""
    service, structure = pilot.service, pilot.structure
    shares = {
        "of counter matters at the door, special care first": service.door_to_door_share,
        "of those with papers by agency": service.agency_share,
        "of those without by phone": service.signboard_phone_share,
        "of files by named contact": structure.named_contact_share,
        "of decisions on public services delegated to the community": structure.delegated_share,
    }
    shares_in_words = [f"{100 * share:g}% {words}" for words, share in shares.items() if share]
    points = [f"{service.points} service points kept open in each community."] if service.points > 1 else []
    return [*points, *([f"{_and(shares_in_words)}."] if shares_in_words else [])]


def went_to(pilot: Pilot, level: Level) -> list[str]:
    """Return where the staff of a level that was abolished went."""
    if level != "street":
        return ["Abolished."]
    heads, staffing = workload.heads(pilot), pilot.staffing
    moved = {
        "down to the communities": heads["community"] - staffing.community_heads,
        "up to the district": heads["district"] - staffing.district_heads,
    }
    moves = [f"{'all' if n == staffing.street_heads else n} go {destination}" for destination, n in moved.items() if n]
    streets = pilot.district.streets
    streets_in_words = f"{streets} street {'office is' if streets == 1 else 'offices are'} abolished"
    return [f"{streets_in_words}; of {staffing.street_heads} heads {_and(moves)}." if moves else f"{streets_in_words}."]


def abolished(pilot: Pilot) -> list[Level]:
    """Return the levels of today's law that a pilot does not have."""
    return [level for level in LEVELS if level not in pilot.structure.levels]


def _span(numbers: Iterable[int]) -> str:
    """Return the range of some numbers in words."""
    known: Sequence[int] = sorted(numbers)
    if not known:
        return "0"
    return str(known[0]) if known[0] == known[-1] else f"{known[0]} to {known[-1]}"


def _and(words: Iterable[str]) -> str:
    """Return words as a list in a sentence."""
    every = list(words)
    return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} and {every[-1]}"


def _plural(post: str, n: int) -> str:
    """Return the name of a post, in the plural unless there is one."""
    return post if n == 1 else f"{post[:-1]}ies" if post.endswith("y") else f"{post}s"


def _plain(name: str) -> str:
    """Return the name of a choice in words."""
    return name.replace("_", " ")
