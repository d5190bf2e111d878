"""Files that others may have put there are read by the two checked readers, and by nothing else."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
READERS = {"sim/store/files.py", "sim/config/reading.py"}
CHECKED = {"files", "reading"}
READS = {
    "open", "fdopen", "read_bytes", "read_text", "loadtxt", "genfromtxt", "fromfile", "memmap", "imread",
    "read_parquet", "scan_parquet", "read_parquet_schema", "read_parquet_metadata", "read_csv", "scan_csv", "read_json",
    "read_ndjson", "read_ipc", "copytree", "copyfile",
    "glob", "iglob", "rglob", "scandir", "listdir", "iterdir",
}  # fmt: skip
LOADERS = ("np", "numpy", "json", "pickle", "yaml", "tomllib")

OWN = {
    ("document.py", "read_text"): "of the program itself",
    ("gallery.py", "open"): "a picture that was just drawn, in memory",
    ("gallery.py", "read_csv"): "a table of ours that is committed",
    ("model_tables.py", "glob"): "configs of the program itself",
    ("own_district.py", "read_csv"): "the caller's own file, named by the caller",
    ("main.py", "open"): "/dev/null",
    ("new_district.py", "read_text"): "of the program itself",
    ("new_district.py", "rglob"): "of the program itself",
    ("child.py", "load"): "what the parent sends",
    ("measurement.py", "load"): "of a fresh folder of the command",
    ("measurement.py", "open"): "of a fresh folder of the command",
    ("measurement.py", "read_text"): "of a fresh folder of the command",
    ("machine.py", "read_text"): "/proc",
    ("compose.py", "glob"): "names only: what is asked for goes through the reader",
    ("compose.py", "iterdir"): "configs of the program itself",
    ("compose.py", "read_bytes"): "of the program itself",
    ("compose.py", "rglob"): "configs of the program itself",
    ("meaning.py", "read_text"): "of the program itself",
    ("own_source.py", "iterdir"): "names only: what is asked for goes through the reader",
    ("kernel_folder.py", "scandir"): "whose they are, before anything is read",
    ("kept_kernels.py", "glob"): "names only",
    ("program.py", "read_bytes"): "of the program itself",
    ("program.py", "rglob"): "of the program itself",
    ("imports.py", "open"): "the working folder, to return to it",
    ("memory.py", "read_text"): "/proc and /sys",
    ("layout.py", "scandir"): "names only",
    ("claims.py", "open"): "an empty file, not followed and not waited for, which is locked and never read",
    ("languages.py", "open"): "a catalogue of the program itself",
    ("silence.py", "open"): "/dev/null",
    ("manifest.py", "iterdir"): "names only: what is asked for goes through the reader",
    ("drawing.py", "read_bytes"): "of the program itself",
    ("drawing.py", "rglob"): "of the program itself",
    ("face_validity.py", "glob"): "names only: what is asked for goes through the reader",
    ("composer.py", "read_text"): "of the program itself",
    ("replications.py", "read_parquet"): "from the memory of a worker of ours",
    ("inventory.py", "iterdir"): "names only",
    ("cases.py", "glob"): "names only: what is asked for goes through the reader",
}
"""What else is read, by file and function, and why nobody else can have put it there or why that does no harm."""


def reads(path):
    """Yield the functions by which a module reads files or lists folders, but those of the checked readers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        one.asname or one.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in ("sim.config.reading", "sim.store.files")
        for one in node.names
    }
    for node in ast.walk(tree):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id in READS and called.id not in imported:
            yield called.id
        elif isinstance(called, ast.Attribute) and called.attr in READS:
            of = ast.unparse(called.value)
            if of not in CHECKED and not (called.attr == "open" and of in ("Archive", "Store")):
                yield called.attr
        elif isinstance(called, ast.Attribute) and called.attr == "load" and ast.unparse(called.value) in LOADERS:
            yield called.attr


def library():
    return [path for folder in ("sim", "experiments") for path in sorted((ROOT / folder).rglob("*.py"))]


def test_what_others_may_have_written_is_read_by_the_checked_readers_alone():
    found = {
        (path.name, read) for path in library() if path.relative_to(ROOT).as_posix() not in READERS
        for read in reads(path)
    }  # fmt: skip
    assert len(library()) > 200
    assert sorted(found ^ OWN.keys()) == []
