"""A small queueing network for tests, as YAML gives it, and how to change it."""

import copy

import yaml

SMALL = yaml.safe_load("""
time_unit: hour
horizon: 100
stations: {desk: {}, back: {}}
servers:
  clerk: {number: 2, serves: [desk]}
  officer: {serves: [back]}
calendars: {open: {weekly: {mon-fri: [09:00-12:00, 14:00-17:30]}}}
classes:
  customer:
    arrivals: {rate: 1}
    route:
      - {station: desk, service: {law: exponential, mean: 1}}
      - {station: back, service: {law: exponential, mean: 0.5}}
""")


def changed(**paths):
    """Return the small network with values set at paths such as classes__customer__priority."""
    mapping = copy.deepcopy(SMALL)
    for path, value in paths.items():
        at = mapping
        *parents, last = [int(part) if part.isdigit() else part for part in path.split("__")]
        for part in parents:
            at = at.setdefault(part, {}) if isinstance(at, dict) else at[part]
        if value is ...:
            del at[last]
        else:
            at[last] = value
    return mapping
