"""Names that configs and tables have, in words: as they stand there, or in the language that is spoken."""

from __future__ import annotations

from sim.language import N_, gettext, listed, pgettext, phrase

NAMES = (
    N_("community"), N_("street"), N_("district"),
    N_("public service"), N_("enforcement"), N_("economic"), N_("justice"), N_("party"),
    N_("counter"), N_("phone"), N_("latent"), N_("in person"),
    N_("far"), N_("near"), N_("few"), N_("many"), N_("others"), N_("special care"),
    N_("community secretary"), N_("community worker"), N_("grid manager"), N_("specialist"), N_("street officer"),
    N_("district officer"), N_("sent down"),
)  # fmt: skip
"""Those that no config of ours defines: levels, sections of higher levels, channels, groups of residents, posts,
a factor of studies."""

FAMILIES = {
    "level": N_("level {name}"),
    "channel": N_("channel {name}"),
    "route": N_("route {name}"),
    "archetype": N_("archetype {name}"),
    "kind": N_("kind {name}"),
    "community": N_("community {name}"),
    "grid": N_("grid {name}"),
    "distance": N_("distance {name}"),
    "heads": N_("heads {name}"),
}
"""Groups of requests, staff and places, by the word before their colon."""


def words_of(name: str) -> str:
    """Return a name in words."""
    return phrase(name.replace("_", " "))


def words_of_group(group: str) -> str:
    """Return a group of requests, staff or places in words, as `level:community|kind:idle`."""
    return listed(map(_member, group.split("|")))


def _member(text: str) -> str:
    """Return a part of a group in words."""
    family, colon, name = text.partition(":")
    if colon and family in FAMILIES:
        return gettext(FAMILIES[family], name=words_of(name))
    return words_of(text.replace(":", " "))


def words_of_option(value: str) -> str:
    """Return the value of a knob that has a name in words, or the file of a group; any other value as it is."""
    known = {
        "lines": pgettext("option", "lines"), "ab": pgettext("option", "ab"),
        "dedicated": pgettext("option", "dedicated"), "generalist": pgettext("option", "generalist"),
        "a_first": pgettext("option", "a_first"), "b_first": pgettext("option", "b_first"),
        "oldest": pgettext("option", "oldest"), "longest": pgettext("option", "longest"),
        "split": pgettext("option", "split"), "none": pgettext("option", "none"),
        "colleague": pgettext("option", "colleague"), "per_line": pgettext("option", "per_line"),
        "one_window": pgettext("option", "one_window"), "expected": pgettext("option", "expected"),
        "own": pgettext("option", "own"), "rota": pgettext("option", "rota"), "anyone": pgettext("option", "anyone"),
        "line": pgettext("option", "line"), "equal_population": pgettext("option", "equal_population"),
        "whole_communities": pgettext("option", "whole_communities"), "district": pgettext("option", "district"),
        "all": pgettext("option", "all"), "drawn": pgettext("option", "drawn"), "fixed": pgettext("option", "fixed"),
        "evenly": pgettext("option", "evenly"), "monday": pgettext("option", "monday"),
        "simulate": pgettext("option", "simulate"), "refuse": pgettext("option", "refuse"),
        "all_down": pgettext("option", "all_down"), "all_up": pgettext("option", "all_up"),
        "half_down": pgettext("option", "half_down"), "enforcement_below": pgettext("option", "enforcement_below"),
        "merged": pgettext("option", "merged"), "base": pgettext("option", "base"),
        "off": pgettext("option", "off"),
        "due_first": pgettext("option", "due_first"), "ledgers_first": pgettext("option", "ledgers_first"),
    }  # fmt: skip
    words = value.replace("_", " ")
    said = known.get(value) or phrase(words)  # files are called as pilots are, whose names are messages too
    return value if said == words else said


def words_of_choice(name: str) -> str:
    """Return a group of configs, of which a file is chosen, or a factor of a study in words; a knob as it is."""
    known = {
        "conduct": pgettext("group", "conduct"), "demand": pgettext("group", "demand"),
        "mechanisms": pgettext("group", "mechanisms"),
        "levers": pgettext("group", "levers"),
        "roles": pgettext("group", "roles"), "service": pgettext("group", "service"),
        "staffing": pgettext("group", "staffing"), "structure": pgettext("group", "structure"),
    }  # fmt: skip
    return known.get(name) or phrase(name)


def words_of_setting(label: str) -> str:
    """Return the label of a setting, as `grid.households=100, roles=ab`, with what has words in words."""
    return listed(map(_choice, label.split(", ")))


def _choice(text: str) -> str:
    """Return a part of such a label."""
    name, sign, value = text.partition("=")
    return f"{words_of_choice(name)}={words_of_option(value)}" if sign else phrase(text)
