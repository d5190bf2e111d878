"""Files of a folder that are no longer what was written there, and which of them a command meets."""

import hashlib
import io
import json
import os
import shutil
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import polars as pl

from sim.store import files, manifest, noted


def _cut(path, data, drawn):
    path.write_bytes(data[: len(data) // 2])


def _zeroed(path, data, drawn):
    path.write_bytes(bytes(len(data)))


def _emptied(path, data, drawn):
    path.write_bytes(b"")


def _flipped(path, data, drawn):
    changed = bytearray(data)
    for _ in range(8 if data else 0):
        changed[drawn.randrange(len(data))] ^= 1 << drawn.randrange(8)
    path.write_bytes(bytes(changed))


def _linked(path, data, drawn):
    path.symlink_to("/dev/zero")


def _linked_outwards(path, data, drawn):
    path.symlink_to(path.parents[2] / "outside.txt")


def _folder(path, data, drawn):
    path.mkdir()


def _pipe(path, data, drawn):
    os.mkfifo(path)


def _other(path, data, drawn):
    path.write_bytes(drawn.randbytes(5000))


def _deep(path, data, drawn):
    path.write_bytes(b"[" * 1_500_000)


def _long_footer(path, data, drawn):
    path.write_bytes(b"PAR1" + bytes(2_000_000) + (2_000_000).to_bytes(4, "little") + b"PAR1")


@cache
def bomb():
    """Return a small file of a table that is larger than any of ours."""
    buffer = io.BytesIO()
    pl.DataFrame({"a": pl.repeat(0, 120_000_000, dtype=pl.UInt8, eager=True)}).write_parquet(buffer)
    return buffer.getvalue()


def _huge(path, data, drawn):
    path.write_bytes(bomb())


def _long_texts(path, data, drawn):
    """Write texts that take long to be folded, and their digest into the manifest, as whoever made them would."""
    text, changed = "x " * 4_000_000, b'{"a": "' + b"x " * 4_000_000 + b'"}'
    if path.suffix == ".parquet":
        buffer = io.BytesIO()
        pl.read_parquet(data).head(1).with_columns(long=pl.lit(text)).write_parquet(buffer)
        changed = buffer.getvalue()
    elif path.name.startswith("printed"):
        plain = json.loads(data)
        plain["screen"]["what"] = plain["pages"][0]["title"] = text
        changed = json.dumps(plain).encode()
    path.write_bytes(changed)
    _note(path, data, changed)


def _note(path, data, changed):
    """Write the digest of a changed file into the manifest."""
    manifest = path.parent / "manifest.json"
    if manifest.is_file() and path != manifest:
        known = manifest.read_bytes().replace(*(hashlib.sha256(one).hexdigest().encode() for one in (data, changed)))
        manifest.write_bytes(known)


def _a_text_in_many_cells(path, data, drawn):
    """Write a table that is small as a file and has a text, not too long, in very many cells; its digest as above."""
    if path.suffix != ".parquet":
        _long_texts(path, data, drawn)
        return
    rows, buffer = pl.read_parquet(data), io.BytesIO()
    many = pl.concat([rows.head(1)] * 2).select(pl.all().repeat_by(100_000).explode())
    many.with_columns(pl.lit("x" * 19_000).alias(name) for name in rows.columns[-1:]).write_parquet(buffer)
    path.write_bytes(buffer.getvalue())
    _note(path, data, buffer.getvalue())


def _beside_a_pipe(path, data, drawn):
    path.write_bytes(data)
    os.mkfifo(path.with_name(f"zz{path.suffix}"))


def _beside_a_link(path, data, drawn):
    path.write_bytes(data)
    path.with_name(f"zz{path.suffix}").symlink_to("/dev/zero")


def _with_field(path, data, drawn, values):
    """Write a file of JSON with something else in one field, with right digests where it has them of itself."""
    try:
        content = json.loads(data)
    except ValueError:  # no JSON: the bytes stay
        path.write_bytes(data)
        return
    content = {"content": content}
    places = [at for at in _fields(content) if at != ("content",)] or [("content",)]
    runs = [at for at in places if "runs" in at[:2] and len(at) > 3]
    at = drawn.choice(runs if runs and drawn.random() < 0.7 else places)
    node = content
    for key in at[:-1]:
        node = node[key]
    node[at[-1]] = drawn.choice(values)
    content = content["content"]
    if path.name == manifest.NAME and isinstance(content, dict) and isinstance(content.get("identity"), dict):
        content["sha256"] = manifest.digest(content["identity"])
    written = json.dumps(content).encode()
    path.with_name(
        f"{files.digest(written)[:16]}.json" if path.parent.name == manifest.KEYS else path.name
    ).write_bytes(written)


def _fields(node, at=()):
    """Yield the place of everything in plain data."""
    if at:
        yield at
    for key, inside in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from _fields(inside, (*at, key))


def _huge_field(path, data, drawn):
    _with_field(path, data, drawn, (10**15, 2**63, 10**4299, 1e300, 99_999))


def _negative_field(path, data, drawn):
    _with_field(path, data, drawn, (-1, -(10**15), -(2**63), -1e300))


OTHERS = (None, True, "text", 0.5, [], [[1]], {}, {"a": {"b": 1}}, [{"x": 1}] * 3)


def _other_field(path, data, drawn):
    _with_field(path, data, drawn, OTHERS)


def _other_identity(path, data, drawn):
    """Write into a manifest something else for what a study depends on, there or not; elsewhere in any field."""
    if path.name != manifest.NAME:
        _other_field(path, data, drawn)
        return
    content = json.loads(data)
    content["identity"][drawn.choice(sorted(noted.IDENTITY))] = drawn.choice(OTHERS)
    path.write_text(json.dumps({**content, "sha256": manifest.digest(content["identity"])}))


def _long_field(path, data, drawn):
    _with_field(path, data, drawn, ("x" * 3_000_000, ["x"] * 1_000_000, {str(i): i for i in range(200_000)}))


def _gone(path, data, drawn):
    pass


WAYS = (
    _cut, _zeroed, _emptied, _flipped, _linked, _linked_outwards, _folder, _pipe, _other, _deep, _long_footer, _huge,
    _long_texts, _a_text_in_many_cells, _beside_a_pipe, _beside_a_link, _gone, _huge_field, _negative_field,
    _other_field, _long_field, _other_identity,
)  # fmt: skip
WAYS_OF_FOLDERS = (_emptied, _linked_outwards, _pipe, _gone)


def kinds(folder, area):
    """Return the files and folders of an area: of archives one of each kind, of charts and CSV none."""
    found = {}
    for path in sorted((folder / area).rglob("*")):
        if path.suffix not in (".csv", ".png", ".svg"):
            archived = {".replications", "replications"} & {*path.relative_to(folder).parts[:-1]}
            kind = len(path.parts), path.is_dir(), path.suffix if path.suffix == ".zip" else path.name
            found.setdefault(kind[:2] if archived and path.is_dir() else kind if archived else path, path)
    return [path.relative_to(folder) for path in found.values()]


def corrupt(path, way, drawn):
    """Put something else in the place of a file or folder."""
    data = path.read_bytes() if path.is_file() else b""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    way(path, data, drawn)


MEETINGS = {"open": 0, "os.listdir": 0, "os.scandir": 0, "os.mkdir": 0, "os.remove": 0, "os.rename": 1, "os.link": 1}
"""Python's audit events of the file system, with the place of the path among what they say."""


@cache
def _watches():
    """Return the sets that are told which paths are met now; a hook for them stays as long as the process."""
    told = []

    def note(event, arguments):
        if told and event in MEETINGS:
            path = arguments[MEETINGS[event]]
            for met in told if isinstance(path, str | os.PathLike) else ():
                met.add(Path(path).absolute())

    sys.addaudithook(note)
    return told


@contextmanager
def watched():
    """Lend a set of the paths that are read, listed or written meanwhile."""
    met = set()
    _watches().append(met)
    try:
        yield met
    finally:
        _watches().remove(met)
