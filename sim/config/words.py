"""Names that configs and tables have, in words: as they stand there, or in the language that is spoken."""

from __future__ import annotations

from sim.language import N_, gettext, listed, phrase

NAMES = (
    N_("community"), N_("street"), N_("district"),
    N_("public service"), N_("enforcement"), N_("economic"), N_("justice"), N_("party"),
    N_("counter"), N_("phone"), N_("latent"), N_("in person"),
    N_("far"), N_("near"), N_("few"), N_("many"), N_("others"), N_("special care"),
    N_("community secretary"), N_("community worker"), N_("grid manager"), N_("specialist"), N_("street officer"),
    N_("district officer"),
)  # fmt: skip
"""Those that no config of ours defines: levels, sections of higher levels, channels, groups of residents, posts."""

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
