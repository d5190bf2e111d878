"""How many there are of something, with its noun."""

from __future__ import annotations

from sim.language import ngettext


def replications(n: int) -> str:
    """Return a number of replications."""
    return ngettext("{n:,} replication", "{n:,} replications", n)


def weeks(n: int) -> str:
    """Return a number of weeks."""
    return ngettext("{n:,} week", "{n:,} weeks", n)


def charts(n: int) -> str:
    """Return a number of charts."""
    return ngettext("{n:,} chart", "{n:,} charts", n)


def designs(n: int) -> str:
    """Return a number of designs."""
    return ngettext("{n:,} design", "{n:,} designs", n)


def posts(n: int) -> str:
    """Return a number of posts."""
    return ngettext("{n:,} post", "{n:,} posts", n)


def points(n: int) -> str:
    """Return a number of design points."""
    return ngettext("{n:,} point", "{n:,} points", n)


def rows(n: int) -> str:
    """Return a number of rows."""
    return ngettext("{n:,} row", "{n:,} rows", n)
