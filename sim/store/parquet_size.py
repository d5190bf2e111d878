"""How large a Parquet file would be in memory, found out without decoding it: two megabytes may hold a billion zeros.

What its footer says is not trusted: the head of every page is read too. Both are written in Thrift's compact protocol.

References
----------
Apache Parquet format 2.10, `parquet.thrift`; Apache Thrift, compact protocol encoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

MOST_COLUMNS = 2_000
MOST_PAGES = 100_000
MOST_HEAD_BYTES = 100_000
MOST_HEADS_BYTES = 10_000_000
"""Of the head of a page, and of all heads: a head is read value by value."""
END, FOOT = b"PAR1", 8

# Types of the compact protocol.
TRUE, FALSE, INT8, INT16, INT32, INT64, TEXT, LIST, STRUCT = 1, 2, 3, 4, 5, 6, 8, 9, 12
LOGICAL = TRUE
BITS = {INT16: 16, INT32: 32, INT64: 64}
"""Another reader might cut off what is above them, and see other numbers."""
MOST_FIELD = 2**15 - 1

Shape: TypeAlias = "int | list[Shape] | dict[int, Shape]"
"""What is read: a value of a type, a list, or a struct with the shapes of its fields by their numbers.

All that is read has one. Another reader may believe a field of a wrong type to be of the right one, and so see other
fields behind it; one that has no shape is refused.
"""
STATISTICS: Shape = {1: TEXT, 2: TEXT, 3: INT64, 4: INT64, 5: TEXT, 6: TEXT, 7: LOGICAL, 8: LOGICAL}
PAIRS: Shape = [{1: TEXT, 2: TEXT}]
KIND_OF_COLUMN: Shape = {1: {}, 10: {1: INT8, 2: LOGICAL}, 11: {}}
SCHEMA_OF_COLUMN: Shape = {
    1: INT32, 2: INT32, 3: INT32, 4: TEXT, 5: INT32, 6: INT32, 7: INT32, 8: INT32, 9: INT32, 10: KIND_OF_COLUMN,
}  # fmt: skip
COLUMN: Shape = {
    1: INT32, 2: [INT32], 3: [TEXT], 4: INT32, 5: INT64, 6: INT64, 7: INT64, 8: PAIRS, 9: INT64, 10: INT64, 11: INT64,
    12: STATISTICS, 13: [{1: INT32, 2: INT32, 3: INT32}], 14: INT64, 15: INT32, 16: {1: INT64, 2: [INT64], 3: [INT64]},
}  # fmt: skip
CHUNK: Shape = {2: INT64, 3: COLUMN, 4: INT64, 5: INT32, 6: INT64, 7: INT32}
GROUP: Shape = {
    1: [CHUNK], 2: INT64, 3: INT64, 4: [{1: INT32, 2: LOGICAL, 3: LOGICAL}], 5: INT64, 6: INT64, 7: INT16,
}  # fmt: skip
FOOTER: dict[int, Shape] = {1: INT32, 2: [SCHEMA_OF_COLUMN], 3: INT64, 4: [GROUP], 5: PAIRS, 6: TEXT, 7: [{1: {}}]}
PAGE: dict[int, Shape] = {
    1: INT32, 2: INT32, 3: INT32, 4: INT32,
    5: {1: INT32, 2: INT32, 3: INT32, 4: INT32, 5: STATISTICS},
    7: {1: INT32, 2: INT32, 3: LOGICAL},
    8: {1: INT32, 2: INT32, 3: INT32, 4: INT32, 5: INT32, 6: INT32, 7: LOGICAL, 8: STATISTICS},
}  # fmt: skip

# Numbers of fields, as parquet.thrift has them.
SCHEMA, N_ROWS, ROW_GROUPS, ROWS_OF_GROUP = 2, 3, 4, 3
KIND, CHILDREN, REPETITION, REPEATED, LOGICAL_KIND = 1, 5, 3, 2, 10
COLUMNS, ABOUT_COLUMN, COMPRESSION, VALUES_OF_COLUMN, N_BYTES, FIRST_PAGE, DICTIONARY = 1, 3, 4, 5, 7, 9, 11
DECODED, ENCODED, N_VALUES, HEAD_OF_DICTIONARY = 2, 3, 1, 7
HEADS_OF_DATA = {5: 2, 8: 4}
"""Those of pages with values, and where each says how these are encoded."""

NOTHING = 11
"""What a column without any value is said to hold, among the kinds of `KIND_OF_COLUMN`."""

TYPES_OF_ARROW = b"ARROW:schema"
UNREAD = b"unread:types"
"""The key under which columns have types a second time, and one of the same length that nothing reads."""

PLAIN_KINDS = (0, 1, 2, 4, 5, 6)
"""Logical values, whole and other numbers, and texts: what is of a fixed length may be long and stand there often."""

LEAST_ENTRY, ENTRY = 4, 16
"""Bytes of an entry of a dictionary: at the least, a number or the length of a text; and of what is read of it."""

COMPRESSIONS = (0, 6)
"""None and Zstandard, which is never decompressed to more than its page says."""

PLAIN_ENCODINGS = (0, 2, 3, 8)
"""Plain, and by a dictionary: others, as by what a text shares with the one before, grow when they are read."""


class Size(NamedTuple):
    """How many cells a table has, the bytes of its pages when they are decompressed, and which columns hold nothing."""

    cells: int
    decoded: int
    empty: tuple[int, ...]


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

    def value(self, kind: int, shape: Shape) -> Any:
        """Return a value that must be of a shape; a text and a byte are passed over."""
        if kind != _kind(shape):
            raise ValueError("its fields must be of the types that Parquet has for them")
        if self.at >= self.end:
            raise ValueError("a value must lie where it is said to")
        if isinstance(shape, dict):
            return self.fields(shape)
        if isinstance(shape, list):
            head = self.data[self.at]
            self.at += 1
            n = head >> 4 if head < 0xF0 else self.varint()
            if n > self.end - self.at:
                raise ValueError("a list must lie in the file")
            return [self.value(head & 0x0F, shape[0]) for _ in range(n)]
        if shape in BITS:
            return self.integer(BITS[shape])
        length = self.varint() if shape == TEXT else 1
        self.at += length
        return None

    def integer(self, bits: int) -> int:
        """Return an integer that has a sign."""
        zigzag = self.varint()
        if zigzag >> bits:
            raise ValueError(f"an integer must have at most {bits} bits")
        return (zigzag >> 1) ^ -(zigzag & 1)

    def fields(self, shapes: dict[int, Shape]) -> dict[int, Any]:
        """Return the fields of a struct by their numbers."""
        found: dict[int, Any] = {}
        number = 0
        while head := self.data[self.at]:
            self.at += 1
            before, number = number, number + (head >> 4) if head >> 4 else self.integer(BITS[INT16])
            if not before < number <= MOST_FIELD:
                raise ValueError("fields must stand in their order, each once")
            if number not in shapes:
                raise ValueError("it must have no fields but those of a table that is written here")
            kind = head & 0x0F
            if shapes[number] == LOGICAL and kind in (TRUE, FALSE):
                found[number] = kind == TRUE
            else:
                found[number] = self.value(kind, shapes[number])
        self.at += 1
        return found


def _kind(shape: Shape) -> int:
    """Return the type of the compact protocol that a shape has."""
    if isinstance(shape, dict):
        return STRUCT
    return LIST if isinstance(shape, list) else shape


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
        return _size(data, _Reader(data, len(data) - FOOT - length, len(data) - FOOT).fields(FOOTER))
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError("it must be Parquet") from error


def by_its_own_types(data: bytes) -> bytes:
    """Return the bytes of a table without the types that its writer has noted beside those of the format.

    They may be nested without end, are decoded by whoever finds them, and say nothing of a plain column that the format
    does not.
    """
    footer = len(data) - FOOT - int.from_bytes(data[-FOOT : -len(END)], "little")
    return data[:footer] + data[footer:].replace(TYPES_OF_ARROW, UNREAD)


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
    if len(columns) > MOST_COLUMNS:
        raise ValueError(f"it must have at most {MOST_COLUMNS:,} columns")
    tally, n_rows = _Tally(), 0
    read: list[tuple[int, int]] = []
    for group in footer[ROW_GROUPS]:
        n_rows += _whole(group[ROWS_OF_GROUP])
        for column in group[COLUMNS]:
            about = column[ABOUT_COLUMN]
            if about[COMPRESSION] not in COMPRESSIONS:
                raise ValueError("its columns must be compressed as they are written here")
            begin = about.get(DICTIONARY, about[FIRST_PAGE])
            values, end = _pages(data, begin, begin + about[N_BYTES], tally)
            if not group[ROWS_OF_GROUP] == values == about[VALUES_OF_COLUMN]:
                raise ValueError("its pages must have as many values as there are rows")
            read.append((begin, end))
    if n_rows != footer[N_ROWS]:
        raise ValueError("its groups must have as many rows as it has")
    if any(later < end for (_, end), (later, _) in pairwise(sorted(read))):
        raise ValueError("its columns must not lie one upon another")
    empty = (i for i, column in enumerate(columns) if NOTHING in column.get(LOGICAL_KIND, {}))
    return Size(n_rows * max(1, len(columns)), tally.decoded, tuple(empty))


def _pages(data: bytes, at: int, end: int, tally: _Tally) -> tuple[int, int]:
    """Count the pages from a place on; return how many values they have, and where they end."""
    values = entries = 0
    while at < end:
        reader = _Reader(data, at, min(at + MOST_HEAD_BYTES, len(data)))
        page = reader.fields(PAGE)
        tally.pages += 1
        tally.heads += reader.at - at
        if tally.pages > MOST_PAGES or tally.heads > MOST_HEADS_BYTES:
            raise ValueError(f"it must have at most {MOST_PAGES:,} pages, with short heads")
        for head in HEADS_OF_DATA.keys() & page.keys():
            values += _whole(page[head][N_VALUES])
            if page[head][HEADS_OF_DATA[head]] not in PLAIN_ENCODINGS:
                raise ValueError("its columns must be encoded as they are written here")
        own = _whole(page.get(HEAD_OF_DICTIONARY, {}).get(N_VALUES, 0))
        if own * LEAST_ENTRY > page[DECODED]:
            raise ValueError("a dictionary must have the bytes of its entries")
        entries += own
        tally.decoded += _whole(page[DECODED]) + own * ENTRY
        at = reader.at + _whole(page[ENCODED])
    if entries > values:
        raise ValueError("a dictionary must have no more entries than its column has values")
    return values, at


def _whole(number: int) -> int:
    """Return a number that counts something; raise where it is below 0."""
    if number < 0:
        raise ValueError("what counts something must be at least 0")
    return number
