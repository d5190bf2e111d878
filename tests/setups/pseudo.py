"""A language for tests: every text of the catalogue in letters of another alphabet, so that what is not in it shows."""

import re
import string
from gettext import NullTranslations

from sim.language import Language, chosen

PLAIN = string.ascii_lowercase + string.ascii_uppercase
MARKED = [chr(0x1D5BA + i) for i in range(26)] + [chr(0x1D5A0 + i) for i in range(26)]
"""Letters without serifs, as wide as plain ones."""

LETTERS = str.maketrans(dict(zip(PLAIN, MARKED, strict=True)))
KEPT = re.compile(r"(\{[^}]*\}|\$\w+)")
"""Names that are filled in: what stands for them must be of the catalogue itself, or a name."""

WORD = re.compile(r"[A-Za-z][A-Za-z_'-]*[A-Za-z]")


class Marked(NullTranslations):
    """Every message of a catalogue, marked; other texts as they are."""

    def __init__(self, known):
        super().__init__()
        self.known = known

    def gettext(self, message):
        return marked(message) if message in self.known else message

    def pgettext(self, context, message):
        return marked(message) if f"{context}\x04{message}" in self.known else message

    def ngettext(self, one, many, n):
        return self.gettext(one) if n == 1 else marked(many) if one in self.known else many


def marked(message):
    """Return a message in other letters, the names in it as they are."""
    return "".join(part if i % 2 else part.translate(LETTERS) for i, part in enumerate(KEPT.split(message)))


def catalogued():
    """Return the messages of the catalogue."""
    messages = chosen("zh").catalogue._catalog  # it has no public way to list them
    return {key[0] if isinstance(key, tuple) else key for key in messages} - {""}


def pseudo(*missing):
    """Return the language, as it would be if some messages were missing in the catalogue."""
    return Language("pseudo", Marked(catalogued() - set(missing)))


def uncatalogued(text, *names):
    """Return the words of a text that are neither of the catalogue nor names, each once."""
    for name in sorted(names, key=len, reverse=True):
        text = re.sub(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", " ", text)
    return sorted(set(WORD.findall(text)))
