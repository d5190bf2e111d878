"""Keys and names of earlier versions, and what replaced them: an old config is told by name."""

from __future__ import annotations

KEYS = {
    "burden.task_share": "district.work.from_above_hours (hours a year, whatever the staff)",
    "burden.street_own_share": "district.work.street_hours (hours a year by function)",
    "burden.street_own_work": "district.work.street_hours (hours a year by function)",
    "burden.district_own_share": "district.work.district_hours (hours a year by function)",
    "burden.district_own_work": "district.work.district_hours (hours a year by function)",
    "burden.priorities": "conduct.priorities (who goes first; conduct=ledgers_first has the old ones)",
    "grid.duty_share": "grid.patrol_duty_share and grid.visits.duty_share",
    "service.counters": "service.seats (of each service point, where the desk is kept by rota)",
}
"""By the path of a key: what replaced it."""

NAMES = {
    "pilot/three_level_balanced": "three_level, whose staff follow the functions (three_level_all_down: nobody does)",
    "staffing/half_up": "three_level, written by `wangge staff`",
    "structure/three_level_expected": "three_level_better",
}
"""By group and name of a config file: what replaced it."""


def replacement(path: str) -> str | None:
    """Return what replaced a key or what lay below it, or a file of a group (group/name)."""
    if path in NAMES:
        return NAMES[path]
    return next((new for old, new in KEYS.items() if path == old or path.startswith(f"{old}.")), None)
