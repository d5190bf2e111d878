"""The fonts of charts: one for Latin letters, and one for Chinese where the machine has any."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from matplotlib.font_manager import findSystemFonts, fontManager, get_font_names

from sim.language import Language

LATIN = "DejaVu Sans"
"""Matplotlib brings it along."""

CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
)
"""Fonts with Chinese letters, the best first."""

_FILES = ("notosanscjk", "notosanssc", "sourcehansans", "msyh", "pingfang", "hiragino", "wqy", "simhei")
"""How the names of their files begin."""

_FIRST_CHINESE = "\u2e80"
"""No letter of the Latin font is beyond it."""

_TEXT = re.compile(r"""(<text style="[^"]*font-family: )[^;"]*([^>]*>)([^<]*)""")


@cache
def chinese() -> str | None:
    """Return the best font with Chinese letters that this machine has, if any.

    Matplotlib lists the fonts of a machine once and for all: one that was installed later is looked for.
    """
    return _listed() or _installed_later()


def _listed() -> str | None:
    """Return the best of the fonts that Matplotlib knows."""
    known = set(get_font_names())
    return next((name for name in CHINESE if name in known), None)


def _installed_later() -> str | None:
    """Return the best of the fonts that this machine has, once Matplotlib knows them too."""
    for path in map(Path, findSystemFonts()):
        if path.name.lower().startswith(_FILES):
            fontManager.addfont(path)
    return _listed()


def families() -> list[str]:
    """Return the fonts of all charts: a letter is of the first that has it."""
    return [name for name in (LATIN, chinese()) if name]


def independent_of_the_machine(svg: str) -> str:
    """Return an SVG whose texts name fonts by their letters: Latin alone, or every font that may have the Chinese ones.

    Matplotlib names the fonts of this machine, and the reader's may have others.
    """
    return _TEXT.sub(lambda text: f"{text[1]}{_named(text[3])}{text[2]}{text[3]}", svg)


def _named(text: str) -> str:
    """Return the fonts of a text, as CSS."""
    names = (LATIN, *CHINESE) if any(letter >= _FIRST_CHINESE for letter in text) else (LATIN,)
    return ", ".join([*(f"'{name}'" for name in names), "sans-serif"])


def can_show(language: Language) -> bool:
    """Return whether this machine has a font for a language."""
    return language.name != "zh" or chinese() is not None
