"""Which tests the short run leaves out: what tests/long.txt says."""

import re
from typing import NamedTuple

PART = re.compile(r"(\d+) of (\S+)")


class Lines(NamedTuple):
    """What the file says: node ids that are left out, and of functions how many of their other cases are kept."""

    named: frozenset
    kept: dict


def long_lines(path):
    """Return what the file says."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    parts = [PART.fullmatch(line) for line in lines]
    named = frozenset(line for line, part in zip(lines, parts, strict=True) if not part)
    return Lines(named, {part[2]: int(part[1]) for part in parts if part})


def left_out(cases, n):
    """Return the cases that are left out when n of them, from the first to the last at equal steps, are kept."""
    step = max(1, len(cases) - 1) / max(1, n - 1)
    kept = {round(i * step) for i in range(n)}
    return [case for i, case in enumerate(cases) if i not in kept]
