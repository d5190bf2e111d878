"""The kinds of events, in the order in which those of one instant are handled."""

from enum import IntEnum


class Kind(IntEnum):
    """What happens; pending events are handled by least (instant, kind, id).

    The id is the server's for the first three kinds and the request's for the last two.
    """

    END = 0
    CLOSING = 1
    OPENING = 2
    LEAVING = 3
    ARRIVAL = 4
