import numpy as np
import pytest

from sim.draws.clock import DAY, HOUR, MINUTE, NEVER, SECOND, WEEK, Calendar, ticks

# Three openings; the second and the third touch, the last is a single moment.
SMALL = [(2, 5), (8, 9), (9, 12), (20, 21)]


def open_ticks(intervals, end=40):
    """Return whether each of the first ticks is open, one by one."""
    return np.array([any(a <= t < b for a, b in intervals) for t in range(end)])


def after_by_hand(intervals, instant, amount, end=40):
    """Return After(t, n): the first open instant from t on with n open ticks between."""
    is_open = open_ticks(intervals, end)
    passed = 0
    for t in range(instant, end):
        if is_open[t]:
            if passed == amount:
                return t
            passed += 1
    return NEVER


def random_intervals(rng):
    """Return up to five sorted, disjoint intervals below 30, some of which touch."""
    cuts = np.sort(rng.choice(30, size=2 * int(rng.integers(1, 6)), replace=False))
    intervals = [(int(a), int(b)) for a, b in cuts.reshape(-1, 2)]
    if len(intervals) > 1 and rng.random() < 0.5:
        intervals[1] = (intervals[0][1], intervals[1][1])
    return intervals


def test_a_week_is_seven_days_of_24_hours_of_3600_seconds_of_1000_ticks():
    assert (SECOND, MINUTE, HOUR, DAY, WEEK) == (1000, 60_000, 3_600_000, 86_400_000, 604_800_000)


def test_an_amount_is_rounded_once_to_whole_ticks():
    assert ticks(0.75, HOUR) == 45 * MINUTE
    assert ticks(1 / 3, MINUTE) == 20_000
    assert ticks(0.0005, SECOND) == 0  # half a tick goes to the even one
    assert ticks(0.0015, SECOND) == 2


@pytest.mark.parametrize(
    ("instant", "amount", "expected"),
    [
        (0, 0, 2),  # before the first opening
        (2, 0, 2),  # at an opening
        (4, 0, 4),
        (5, 0, 8),  # at a close: the next opening
        (2, 3, 8),  # a whole opening has passed at its close, and the instant must be open
        (2, 4, 9),  # across the two that touch
        (7, 3, 11),
        (7, 4, 20),
        (11, 1, 20),
        (20, 0, 20),
        (20, 1, NEVER),
        (21, 0, NEVER),
        (0, 8, NEVER),  # 3 + 1 + 3 + 1 ticks are all there is
        (0, 7, 20),
    ],
)
def test_after_at_the_edges_of_openings(instant, amount, expected):
    assert Calendar.from_intervals(SMALL).after(instant, amount) == expected


def test_after_agrees_with_counting_tick_by_tick():
    rng = np.random.default_rng(7)
    for _ in range(40):
        intervals = random_intervals(rng)
        instants, amounts = (m.ravel() for m in np.meshgrid(np.arange(33), np.arange(12)))
        found = Calendar.from_intervals(intervals).after(instants, amounts)
        by_hand = [after_by_hand(intervals, int(t), int(n)) for t, n in zip(instants, amounts, strict=True)]
        assert found.tolist() == by_hand, intervals


def test_elapsed_between_and_contains_agree_with_counting_tick_by_tick():
    rng = np.random.default_rng(8)
    for _ in range(40):
        intervals = random_intervals(rng)
        calendar, is_open = Calendar.from_intervals(intervals), open_ticks(intervals)
        instants = np.arange(33)
        assert calendar.contains(instants).tolist() == is_open[:33].tolist()
        assert calendar.elapsed(instants).tolist() == [int(is_open[:t].sum()) for t in instants]
        assert calendar.total == is_open.sum()
        assert calendar.between(6, 25) == is_open[6:25].sum()


def test_at_counts_open_ticks_from_the_beginning():
    assert Calendar.from_intervals(SMALL).at([0, 2, 3, 7, 8]).tolist() == [2, 4, 8, 20, NEVER]


def test_an_empty_calendar_never_opens():
    empty = Calendar.from_intervals([])
    assert empty.total == 0
    assert empty.elapsed([0, 99]).tolist() == [0, 0]
    assert empty.after([0, 99], 0).tolist() == [NEVER, NEVER]
    assert not empty.contains([0, 99]).any()


def test_clipped_keeps_what_lies_inside():
    part = Calendar.from_intervals(SMALL).clipped(4, 10)
    assert list(zip(part.open.tolist(), part.close.tolist(), strict=True)) == [(4, 5), (8, 9), (9, 10)]
