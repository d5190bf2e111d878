"""The formats of a chart's files, and the sizes at which charts are used."""

from __future__ import annotations

from typing import Literal, get_args

Format = Literal["png", "svg", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)

USUAL: tuple[Format, ...] = ("svg",)
"""As what charts are kept where nobody asks for more: pictures of pixels take longer to draw than all the rest."""

Size = Literal["slide", "page", "column"]
SIZES: tuple[Size, ...] = get_args(Size)
