"""Messages of the code, and texts of configs, in the language that is spoken."""

from __future__ import annotations

import re

from sim.language.languages import spoken

NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?!\w)")
"""A number in a text of configs; in the catalogue `{number}` stands for it."""


def N_(message: str) -> str:  # noqa: N802 - its name is gettext's
    """Return a message as it is: one that is not shown where it stands, so that `gettext` shows it later."""
    return message


def gettext(message: str, /, **values: object) -> str:
    """Return a message in the language that is spoken, with its names in braces filled in.

    Parameters
    ----------
    message
        In English, a whole sentence or a whole phrase, as in `"{pilot} is better than {baseline}."`.
    **values
        By the names in braces; without any, braces are text.
    """
    text = spoken().catalogue.gettext(message)
    return text.format(**values) if values else text


def ngettext(one: str, many: str, n: int, /, **values: object) -> str:
    """Return a message about a number of things as `gettext` does; the number itself is `{n}`."""
    return spoken().catalogue.ngettext(one, many, n).format(n=n, **values)


def pgettext(context: str, message: str, /, **values: object) -> str:
    """Return a message as `gettext` does whose English words mean something else in another context."""
    text = spoken().catalogue.pgettext(context, message)
    return text.format(**values) if values else text


def phrase(text: str) -> str:
    """Return a text of configs or of data in the language that is spoken: as it is where the catalogue lacks it.

    One that has a number in it, as an interpolation may have put there, is looked up with `{number}` in its place.
    """
    catalogue = spoken().catalogue
    known = catalogue.gettext(text) if text else text
    if known != text:
        return known
    numbers = NUMBER.findall(text)
    if len(numbers) != 1:
        return text
    pattern = NUMBER.sub("{number}", text)
    known = catalogue.gettext(pattern)
    return text if known == pattern else known.replace("{number}", numbers[0])
