"""Mechanisms, facts of today alike for all that are compared, and levers, what a design decides; each can be off."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sim.config.bounds import (
    Area,
    EveningHours,
    Exits,
    HoursAWeek,
    Months,
    NoArea,
    NoSpread,
    NoWorkingDays,
    Share,
    SlowerPace,
)
from sim.config.checking import Section
from sim.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Mechanism(Section):
    """What is a fact of today, whatever the design; where it is off, no number depends on it."""

    @property
    def on(self) -> bool:
        """Return whether anything of it is there."""
        raise NotImplementedError


class Lever(Section):
    """What a design may decide, at a price; where it is off, no number depends on it."""

    @property
    def on(self) -> bool:
        """Return whether anything of it is decided."""
        raise NotImplementedError


class SelfGovernment(Mechanism):
    """Hours that the residents' own affairs ask of the communities' staff: committees, assemblies, elections."""

    community_hours_per_week: HoursAWeek
    thousand_households_hours_per_week: HoursAWeek
    evening_hours_per_week: EveningHours

    @property
    def on(self) -> bool:
        """Return whether hours are due."""
        return self.community_hours_per_week > 0 or self.thousand_households_hours_per_week > 0

    @property
    def evening_hours(self) -> float:
        """Return the hours a week that a secretary stays in the evening: none where no hours are due."""
        return self.evening_hours_per_week if self.on else 0.0


class Turnover(Mechanism):
    """Posts of community workers that fall vacant, and newcomers who are slower at first."""

    exits_per_year: Exits
    exits_by_pay_share: Share
    vacancy_working_days: NoWorkingDays
    newcomer_pace: SlowerPace
    newcomer_months: Months

    @property
    def on(self) -> bool:
        """Return whether anybody leaves."""
        return self.exits_per_year > 0


class Premises(Mechanism):
    """The rooms of the communities' offices: how large they are, and what has room in them."""

    mean_m2: Area
    m2_cv: NoSpread
    smallest_m2: tuple[Area, ...]
    standard_m2: Area
    street_m2: Area
    office_share: Share
    m2_per_counter: NoArea
    m2_per_chair: NoArea

    @property
    def on(self) -> bool:
        """Return whether counters or chairs need room."""
        return self.m2_per_counter > 0 or self.m2_per_chair > 0

    def check_offices(self, communities: int) -> None:
        """Raise `RuleError` unless so many offices can have these areas."""
        others = communities - len(self.smallest_m2)
        if others < 1:
            rule = f"name fewer offices than there are communities ({communities})"
            raise RuleError(rule, f"{len(self.smallest_m2)}", at="mechanisms.premises.smallest_m2")
        named = sum(self.smallest_m2)
        low, high = ((named + others * each) / communities for each in (1, self.standard_m2))
        if not low <= self.mean_m2 <= high:
            raise RuleError(
                f"be between {low:.1f} and {high:.1f}, so that the offices that are not named (smallest_m2) have 1 to "
                f"{self.standard_m2:g} each (standard_m2)",
                f"{self.mean_m2:g}",
                at="mechanisms.premises.mean_m2",
            )


class Pay(Lever):
    """The pay of community workers, lifted towards that of the street's civil servants."""

    gap_closed_share: Share

    @property
    def on(self) -> bool:
        """Return whether pay is lifted."""
        return self.gap_closed_share > 0


class MoreRooms(Lever):
    """More rooms for the communities' offices: what they lack of the standard, and those of abolished streets."""

    gap_closed_share: Share
    street_rooms_share: Share

    @property
    def on(self) -> bool:
        """Return whether any office has more room."""
        return self.gap_closed_share > 0 or self.street_rooms_share > 0


class _Switched(Section):
    """A group of sections, each of which can be left off."""

    def on(self, name: str) -> bool:
        """Return whether a section is on."""
        return bool(getattr(self, name).on)

    @classmethod
    def is_on(cls, name: str, values: Mapping[str, Any]) -> bool:
        """Return whether a section of these values, as plain data, is on."""
        kind: Any = cls.model_fields[name].annotation
        return bool(kind.model_validate_json(json.dumps(values)).on)  # in which lists are tuples, as strict types ask


class Mechanisms(_Switched):
    """Facts of today that a design does not choose, alike for all that are compared; each can be left off."""

    self_government: SelfGovernment
    turnover: Turnover
    premises: Premises


class Levers(_Switched):
    """What a design decides beside its organisation; each is off where it ships, and has its price."""

    pay: Pay
    premises: MoreRooms
