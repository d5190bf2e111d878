"""How large a Parquet file would be in memory, found out without decoding it: two megabytes may hold a billion zeros.

What its footer says is not trusted: the head of every page is read too. Both are written in Thrift's compact protocol.

References
----------
Apache Parquet format 2.10, `parquet.thrift`; Apache Thrift, compact protocol encoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

MOST_PAGES = 100_000
MOST_DEEP = 12
MOST_HEAD_BYTES = 100_000
MOST_HEADS_BYTES = 10_000_000
"""Of the head of a page, and of all heads: a head is read value by value."""
END, FOOT = b"PAR1", 8

# Types of the compact protocol.
TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
INTEGERS = {4: 16, 5: 32, 6: 64}
"""Their bits: another reader might cut off what is above them, and see other numbers."""
MOST_FIELD = 2**15 - 1
LENGTHS = {BYTE: 1, DOUBLE: 8}

# Numbers of fields, as parquet.thrift has them.
SCHEMA, N_ROWS, ROW_GROUPS, ROWS_OF_GROUP = 2, 3, 4, 3
KIND, CHILDREN, REPETITION, REPEATED = 1, 5, 3, 2
COLUMNS, ABOUT_COLUMN, VALUES_OF_COLUMN, N_BYTES, FIRST_PAGE, DICTIONARY = 1, 3, 5, 7, 9, 11
DECODED, ENCODED, N_VALUES, HEAD_OF_DICTIONARY = 2, 3, 1, 7
HEADS_OF_DATA = {5: 2, 8: 4}
"""Those of pages with values, and where each says how these are encoded."""

PLAIN_KINDS = (0, 1, 2, 4, 5, 6)
"""Logical values, whole and other numbers, and texts: what is of a fixed length may be long and stand there often."""

PLAIN_ENCODINGS = (0, 2, 3, 8)
"""Plain, and by a dictionary: others, as by what a text shares with the one before, grow when they are read."""


class Size(NamedTuple):
    """How many cells a table has, and the bytes of its pages when they are decompressed."""

    cells: int
    decoded: int


class _Reader:
    """A place in bytes that are read field by field, up to an end."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self.data, self.at, self.end = data, at, end

    def varint(self) -> int:
        """Return an integer of no sign."""
        byte = self.data[self.at]
        self.at += 1
        if byte < 0x80:
            return byte
        value, shift = byte & 0x7F, 7
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("an integer must have at most 64 bits")

    def value(self, kind: int, depth: int) -> Any:
        """Return a value of a type; texts and numbers that are not whole are passed over."""
        if not 0 <= self.at < self.end or depth > MOST_DEEP:
            raise ValueError(f"a value must lie where it is said to, and at most {MOST_DEEP} levels deep")
        if kind in INTEGERS:
            zigzag = self.varint()
            if zigzag >> INTEGERS[kind]:
                raise ValueError(f"an integer must have at most {INTEGERS[kind]} bits")
            return (zigzag >> 1) ^ -(zigzag & 1)
        if kind == STRUCT:
            return self.fields(depth + 1)
        if kind in (LIST, SET):
            head = self.data[self.at]
            self.at += 1
            n = head >> 4 if head < 0xF0 else self.varint()
            if n > self.end - self.at:
                raise ValueError("a list must lie in the file")
            inner = head & 0x0F
            if inner in (TRUE, FALSE):
                inner = BYTE  # in a list each takes a byte
            return [self.value(inner, depth + 1) for _ in range(n)]
        if kind in (TRUE, FALSE):
            return kind == TRUE
        length = self.varint() if kind == BINARY else LENGTHS[kind]
        self.at += length
        return None

    def fields(self, depth: int = 0) -> dict[int, Any]:
        """Return the fields of a struct by their numbers."""
        found: dict[int, Any] = {}
        number = 0
        while head := self.data[self.at]:
            self.at += 1
            before, number = number, number + (head >> 4) if head >> 4 else self.value(4, depth)
            if not before < number <= MOST_FIELD:
                raise ValueError("fields must stand in their order, each once")
            found[number] = self.value(head & 0x0F, depth)
        self.at += 1
        return found


def size_of(data: bytes) -> Size:
    """Return how large a table of plain columns is.

    Raises
    ------
    ValueError
        The bytes must be Parquet, of columns that are not nested.
    """
    if data[-len(END) :] != END:
        raise ValueError("it must end as Parquet does")
    length = int.from_bytes(data[-FOOT : -len(END)], "little")
    try:
        if not 0 < length <= len(data) - FOOT:
            raise ValueError("its footer must lie in it")
        return _size(data, _Reader(data, len(data) - FOOT - length, len(data) - FOOT).fields())
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError("it must be Parquet") from error


@dataclass
class _Tally:
    """What the pages of a table have had so far."""

    decoded: int = 0
    pages: int = 0
    heads: int = 0


def _size(data: bytes, footer: dict[int, Any]) -> Size:
    """Return how large the table of a footer is."""
    _, *columns = footer[SCHEMA]
    if any(
        column.get(CHILDREN) or column.get(REPETITION) == REPEATED or column.get(KIND) not in PLAIN_KINDS
        for column in columns
    ):
        raise ValueError("its columns must be plain")
    tally, n_rows = _Tally(), 0
    read: list[tuple[int, int]] = []
    for group in footer[ROW_GROUPS]:
        n_rows += group[ROWS_OF_GROUP]
        for column in group[COLUMNS]:
            about = column[ABOUT_COLUMN]
            begin = about.get(DICTIONARY, about[FIRST_PAGE])
            values, end = _pages(data, begin, begin + about[N_BYTES], tally)
            if not group[ROWS_OF_GROUP] == values == about[VALUES_OF_COLUMN]:
                raise ValueError("its pages must have as many values as there are rows")
            read.append((begin, end))
    if n_rows != footer[N_ROWS]:
        raise ValueError("its groups must have as many rows as it has")
    if any(later < end for (_, end), (later, _) in pairwise(sorted(read))):
        raise ValueError("its columns must not lie one upon another")
    return Size(n_rows * len(columns), tally.decoded)


def _pages(data: bytes, at: int, end: int, tally: _Tally) -> tuple[int, int]:
    """Count the pages from a place on; return how many values they have, and where they end."""
    values = 0
    while at < end:
        reader = _Reader(data, at, min(at + MOST_HEAD_BYTES, len(data)))
        page = reader.fields()
        tally.pages += 1
        tally.heads += reader.at - at
        if tally.pages > MOST_PAGES or tally.heads > MOST_HEADS_BYTES:
            raise ValueError(f"it must have at most {MOST_PAGES:,} pages, with short heads")
        for head in HEADS_OF_DATA.keys() & page.keys():
            values += _whole(page[head][N_VALUES])
            if page[head][HEADS_OF_DATA[head]] not in PLAIN_ENCODINGS:
                raise ValueError("its columns must be encoded as they are written here")
        tally.decoded += _whole(page[DECODED]) + _whole(page.get(HEAD_OF_DICTIONARY, {}).get(N_VALUES, 0))
        at = reader.at + _whole(page[ENCODED])
    return values, at


def _whole(number: int) -> int:
    """Return a number that counts something; raise where it is below 0."""
    if number < 0:
        raise ValueError("what counts something must be at least 0")
    return number
