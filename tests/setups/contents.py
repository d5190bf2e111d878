"""What lies in a folder, by name and to the byte."""


def contents(folder):
    """Return the bytes of every file below a folder, by its path from there."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
