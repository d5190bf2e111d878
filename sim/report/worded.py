"""Tables of numbers with columns of words, which are in English on disk and in the language spoken on a screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from sim.language import ENGLISH, speaking

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Words = Callable[[], str]


@dataclass(frozen=True)
class Worded:
    """A table whose columns of words are made when they are asked for.

    Attributes
    ----------
    table
        All its columns in their order, those of words empty.
    words
        By column, what gives the words of each row.
    """

    table: pl.DataFrame
    words: Mapping[str, Sequence[Words]]

    def spoken(self) -> pl.DataFrame:
        """Return the table with its words in the language that is spoken."""
        if self.table.is_empty():
            return self.table
        columns = {name: pl.Series([one() for one in each], dtype=pl.String) for name, each in self.words.items()}
        return self.table.with_columns(**columns)

    def in_english(self) -> pl.DataFrame:
        """Return the table as it is kept on disk."""
        with speaking(ENGLISH):
            return self.spoken()
