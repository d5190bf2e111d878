"""Tables of numbers with columns of words, which are in English on disk and in the language spoken on a screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from sim.language.languages import ENGLISH, speaking

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Words = Callable[[], str]
    Cells = Mapping[str, Mapping[str, str]]


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

    def after(self, **same: object) -> Worded:
        """Return the table after columns that are the same in every row."""
        columns = [pl.lit(value).alias(name) for name, value in same.items()]
        return replace(self, table=self.table.select(*columns, pl.all()))

    def spoken_cells(self) -> dict[str, dict[str, str]]:
        """Return the words that are others in the language that is spoken than on disk, by column and number of row."""
        here, kept = self.spoken(), self.in_english()
        both = {name: zip(kept[name], here[name], strict=True) for name in self.words}
        changed = {
            name: {str(row): new for row, (old, new) in enumerate(rows) if new != old} for name, rows in both.items()
        }
        return {name: rows for name, rows in changed.items() if rows}


def stacked(parts: Sequence[Worded]) -> Worded:
    """Return tables with the same columns of words one below another; other columns that one lacks are null there."""
    words = {name: [*chain.from_iterable(part.words[name] for part in parts)] for name in parts[0].words}
    return Worded(pl.concat([part.table for part in parts], how="diagonal_relaxed"), words)


def with_cells(table: pl.DataFrame, cells: Cells) -> pl.DataFrame:
    """Return a table as it is kept on disk with words as `Worded.spoken_cells` gave them.

    Raises
    ------
    LookupError, ValueError
        The cells must be of the table.
    """
    for name, by_row in cells.items():
        words = table[name].to_list()
        for row, text in by_row.items():
            words[int(row)] = str(text)
        table = table.with_columns(pl.Series(name, words, dtype=pl.String))
    return table
