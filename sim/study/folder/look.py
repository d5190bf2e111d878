"""As what a chart is kept: the formats of its files, and the size at which it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.errors import ConfigError, near
from sim.language import enumerated
from sim.report import formats
from sim.report.formats import FORMATS, SIZES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Look:
    """The formats of a chart's files, and its size; none: as it is drawn for a screen.

    Raises
    ------
    ConfigError
        There must be at least one format, each once and one that there is; a size must be one that there is.
    """

    formats: tuple[str, ...] = formats.USUAL
    size: str = ""

    def __post_init__(self) -> None:
        unknown = [one for one in self.formats if one not in FORMATS]
        if unknown or not self.formats or len(set(self.formats)) < len(self.formats):
            wrong = unknown[0] if unknown else ", ".join(self.formats) or "none"
            hint = near(wrong, FORMATS) if unknown else ""
            raise ConfigError(f"formats must be one or more of {', '.join(FORMATS)}, each once{hint}, got {wrong}")
        if self.size and self.size not in SIZES:
            raise ConfigError(f"size must be one of {', '.join(SIZES)}{near(self.size, SIZES)}, got {self.size}")

    @classmethod
    def of_words(cls, words: Sequence[str]) -> Look:
        """Return the look that `size=` and `formats=` on a command line ask for; other words are not looked at."""
        plain: dict[str, str] = {}
        for word in words:
            key, sign, value = word.partition("=")
            if sign and key in ("formats", "size"):
                if key in plain:
                    raise ConfigError(f"{key} must be given at most once, got {plain[key]} and {value}")
                plain[key] = value
        if not plain.get("size", "page"):
            raise ConfigError(f"size must be one of {', '.join(SIZES)}, got nothing")
        usual = ",".join(cls.formats)
        formats = [one.strip() for one in plain.get("formats", usual).strip("[]").split(",")]
        return cls(tuple(filter(None, formats)), plain.get("size", ""))

    @property
    def narrow(self) -> bool:
        """Whether it is for a column."""
        return self.size == "column"

    @property
    def words(self) -> str:
        """Return its formats in words, as in 'PNG and SVG'."""
        return enumerated([one.upper() for one in self.formats])

    def files(self, figure: Figure) -> dict[str, bytes]:
        """Return a figure as files, by format."""
        from sim import charts

        if self.size:
            figure = charts.sized(figure, self.size)  # type: ignore[arg-type]
        return {one: charts.render(figure, one) for one in self.formats}  # type: ignore[arg-type]


USUAL = Look()
