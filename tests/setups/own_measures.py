"""Measures of one's own, in a module beside the tests that use them."""

import numpy as np

PRESENT = 1
MINUTE = 60_000


def waits(record):
    """Return the waits in person that ended in service (minutes)."""
    rows = (record.case.labels.presence == PRESENT) & (record.visits.start >= 0)
    return (record.visits.start[rows] - record.visits.arrival[rows]) / MINUTE


def longest_wait(record):
    return waits(record).max(initial=0)


def steps_by_outcome(record):
    codes, counts = np.unique(record.visits.outcome, return_counts=True)
    return {f"outcome:{code}": count for code, count in zip(codes.tolist(), counts, strict=True)}


def nothing(record):
    return float("nan")
