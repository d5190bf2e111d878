"""In which language is spoken, and the texts that are shown in it: one catalogue of messages by gettext.

A message stands in the code as it is in English; its names in braces are filled in by the language's own order. A text
that the catalogue lacks is shown as it is.
"""

from sim.language.languages import ENGLISH, LANGUAGES, Language, asked_for, chosen, speaking, spoken
from sim.language.messages import N_, gettext, ngettext, pgettext, phrase
from sim.language.sentences import begun, both, either, enumerated, first_of, listed, run_together, separated

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "N_",
    "Language",
    "asked_for",
    "begun",
    "both",
    "chosen",
    "either",
    "enumerated",
    "first_of",
    "gettext",
    "listed",
    "ngettext",
    "pgettext",
    "phrase",
    "run_together",
    "separated",
    "speaking",
    "spoken",
]
