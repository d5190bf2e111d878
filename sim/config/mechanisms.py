"""Mechanisms: facts of today that no design chooses, alike for all that are compared; each can be left off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.config.bounds import EveningHours, Exits, HoursAWeek, Months, NoWorkingDays, SlowerPace
from sim.config.checking import Section

if TYPE_CHECKING:
    from collections.abc import Mapping


class Mechanism(Section):
    """What is a fact of today, whatever the design; where it is off, no number depends on it."""

    @property
    def on(self) -> bool:
        """Return whether anything of it is there."""
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
    vacancy_working_days: NoWorkingDays
    newcomer_pace: SlowerPace
    newcomer_months: Months

    @property
    def on(self) -> bool:
        """Return whether anybody leaves."""
        return self.exits_per_year > 0


class Mechanisms(Section):
    """Facts of today that a design does not choose, alike for all that are compared; each can be left off."""

    self_government: SelfGovernment
    turnover: Turnover

    def on(self, name: str) -> bool:
        """Return whether a mechanism is on."""
        return bool(getattr(self, name).on)

    @classmethod
    def is_on(cls, name: str, values: Mapping[str, Any]) -> bool:
        """Return whether a mechanism of these values, as plain data, is on."""
        kind: Any = cls.model_fields[name].annotation
        return bool(kind.model_validate(values).on)
