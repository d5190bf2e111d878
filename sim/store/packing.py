"""One replication as the bytes of one file.

The file is a zip without compression: `facts.json`, which says what else is in it, with a digest of each, and a
Parquet file a table.
"""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import polars as pl

from sim.errors import StoreError
from sim.store import files
from sim.store.names import plain_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

FACTS = "facts.json"
EARLIEST = (1980, 1, 1, 0, 0, 0)

# What the standard library raises for a zip or a JSON text that is not what was written.
SPOILT = (
    zipfile.BadZipFile, zipfile.LargeZipFile, struct.error, EOFError, ValueError, KeyError, TypeError, IndexError,
    OverflowError, RuntimeError,
)  # fmt: skip


class SpoiltError(Exception):
    """A file is not what was written; the message says why."""


def packed(key: str, replication: int, tables: Mapping[str, pl.DataFrame], facts: Mapping[str, Any]) -> bytes:
    """Return a replication as the bytes of its file; the same tables and facts always give the same bytes.

    Raises
    ------
    StoreError
        No table may be larger than one that is read again.
    """
    for name, table in tables.items():
        try:
            files.check_table(table, files.A_TENTH)
        except OSError as error:
            raise StoreError(
                f"Table {name} of replication {replication} cannot be kept: {error.strerror}. A smaller district has "
                "smaller tables, and with district.place=drawn nothing is kept by community and grid."
            ) from error
    contents = {plain_name("table", name): files.parquet(table) for name, table in tables.items()}
    digests = {name: files.digest(data) for name, data in contents.items()}
    record = {"key": key, "replication": replication, "tables": digests, "facts": dict(facts)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in {FACTS: files.readable(record), **{_member(n): d for n, d in contents.items()}}.items():
            about = zipfile.ZipInfo(name, EARLIEST)
            about.create_system, about.external_attr = 3, 0o600 << 16
            archive.writestr(about, data)
    return buffer.getvalue()


def unpacked(
    data: bytes, key: str, replication: int, wanted: Collection[str] | None
) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
    """Return the record of a replication and some of its tables; each must be as it was written."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if any(about.compress_type != zipfile.ZIP_STORED for about in archive.infolist()):
                raise SpoiltError("it is compressed, which nothing is that was written here")
            if sum(about.file_size for about in archive.infolist()) > len(data):
                raise SpoiltError("its parts lie one upon another, as nothing does that was written here")
            record = files.as_json(archive.read(FACTS), FACTS)
            digests, facts = dict(record["tables"]), record["facts"]
            names = [name for name in digests if wanted is None or name in wanted]
            members = {name: archive.read(_member(name)) for name in names}
    except SPOILT as error:
        raise SpoiltError("it was cut short or is not what was written") from error
    if record["key"] != key or record["replication"] != replication or not isinstance(facts, dict):
        raise SpoiltError("it is of another replication")
    spoilt = [name for name, member in members.items() if files.digest(member) != digests[name]]
    if spoilt:
        raise SpoiltError(f"{', '.join(spoilt)} is not what was written")
    try:
        return record, {name: files.as_table(member, files.A_TENTH) for name, member in members.items()}
    except files.NO_TABLE as error:
        raise SpoiltError("a table is not what was written") from error


def _member(table: str) -> str:
    """Return the name of a table in the file of a replication."""
    return f"{table}.parquet"
