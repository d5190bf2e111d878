"""The formats of a chart's files, and the sizes at which charts are used."""

from __future__ import annotations

from typing import Literal, get_args

Format = Literal["png", "svg", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)

Size = Literal["slide", "page", "column"]
SIZES: tuple[Size, ...] = get_args(Size)
