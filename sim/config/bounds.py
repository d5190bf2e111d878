"""The numbers that knobs may have: every one has a lower and an upper bound, with its reason.

A bound is far beyond what any office has (the reasons say how far) and far within what a tick, a whole number of 64
bits and a memory hold, so that no product of a few knobs overflows. Whether a design as a whole fits into the memory is
checked where it is prepared (`sim.district.size`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from sim.errors import RuleError

LEAST_SPREAD = 0.001

Share = Annotated[float, Field(ge=0, le=1)]

# A tick is a millisecond: a hundredth of a minute is 600 of them; a hundred thousand minutes are ten weeks.
Minutes = Annotated[float, Field(ge=0.01, le=100_000)]
NoMinutes = Annotated[float, Field(ge=0, le=100_000)]

# Of the many whose mean it is, nobody leaves where it is so long: two thousand years.
Patience = Annotated[float, Field(ge=0.01, le=1e9)]

# The longest delay of a law is of years: a thousand working days are four of them.
WorkingDays = Annotated[float, Field(ge=0.001, le=1_000)]
NoWorkingDays = Annotated[float, Field(ge=0, le=1_000)]

# A spread of ten times the mean: one in a hundred lognormal draws is then above twenty times the mean.
Spread = Annotated[float, Field(ge=LEAST_SPREAD, le=10)]


def none_or(least: float) -> AfterValidator:
    """Return the rule that a number is 0 or at least so much: less would be lost, in a square or as no tick."""

    def checked(value: float) -> float:
        if 0 < value < least:
            raise RuleError(f"be 0 or at least {least:g}", f"{value:g}")
        return value

    return AfterValidator(checked)


NoSpread = Annotated[float, Field(ge=0, le=10), none_or(LEAST_SPREAD)]

# A factor on a rate; and a weight, of which only the ratio to the others counts.
Factor = Annotated[float, Field(ge=0, le=100)]
Weight = Annotated[float, Field(ge=0, le=1_000_000)]

# One a day for everybody is 365.
PerYear = Annotated[float, Field(ge=0, le=1_000)]
PerWeek = Annotated[float, Field(ge=0, le=100)]

# From a crawl to a train.
Kmh = Annotated[float, Field(ge=0.1, le=300)]

# All the work of a million heads.
HoursAYear = Annotated[float, Field(ge=0, le=2_000_000_000)]

# Of one person: as on four evenings to midnight.
EveningHours = Annotated[float, Field(ge=0, le=20), none_or(0.01)]

# Of what a patrol of an hour sees: less than one in a million sees nothing in a century.
SeeShare = Annotated[float, Field(ge=1e-6, lt=1)]

# Of one office: a week has no more.
HoursAWeek = Annotated[float, Field(ge=0, le=168), none_or(0.01)]

# Of a post: every three weeks somebody else.
Exits = Annotated[float, Field(ge=0, le=20), none_or(0.001)]

# Times as long for the same work: as `roles.outside_pace`.
SlowerPace = Annotated[float, Field(ge=1, le=10)]

# Until newcomers have lost most of what they are slower by: ten years.
Months = Annotated[float, Field(ge=0.1, le=120)]

# Of one office, in square metres: from a cupboard to a palace; and of one counter or chair, where it needs any.
Area = Annotated[float, Field(ge=1, le=1_000_000)]
NoArea = Annotated[float, Field(ge=0, le=10_000), none_or(0.1)]

# Of one office: a day has no more.
HoursADay = Annotated[float, Field(ge=0.01, le=24)]

# A hundred times the heads of the largest district that ships; and units, lines or windows as many.
Heads = Annotated[int, Field(ge=0, le=20_000)]
Count = Annotated[int, Field(ge=1, le=20_000)]

# Of a place; households are more, and the heads that each needs are fewer.
Units = Annotated[int, Field(ge=1, le=1_000_000)]

# The largest seed that every library takes.
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]

# A century; a warm-up or a tail of a century tells nothing more.
Weeks = Annotated[int, Field(ge=1, le=5_200)]
NoWeeks = Annotated[int, Field(ge=0, le=5_200)]

# An interval of a hundred thousand replications is three hundred times as narrow as one of one.
MOST_REPLICATIONS = 100_000
Replications = Annotated[int, Field(ge=1, le=MOST_REPLICATIONS)]
Replication = Annotated[int, Field(ge=0, le=99_999)]

# The number of a request in its demand: a city of ten million asks less often in a century.
Request = Annotated[int, Field(ge=0, le=10**12)]

# A confidence beyond this needs quantiles that no t table has.
Confidence = Annotated[float, Field(gt=0.5, le=0.999_999)]

# The smallest difference that matters, in the unit of its measure; and a bound on a measure.
Difference = Annotated[float, Field(ge=1e-9, le=1e9)]
Bound = Annotated[float, Field(ge=-1e12, le=1e12)]

# Money, in yuan: the pay of a hundred officials for one.
Yuan = Annotated[float, Field(ge=0, le=10_000_000)]

# What an employer adds to pay: as much again and again.
AddOn = Annotated[float, Field(ge=0, le=3)]

# Processes and their memory: no machine has more (a petabyte in MB).
Workers = Annotated[int, Field(ge=1, le=10_000)]
Megabytes = Annotated[int, Field(ge=1, le=1_000_000_000)]
