"""Where tasks run, as configured. Nothing here changes a result, so nothing here is part of a study's identity."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from sim.config import Section, checked_kind
from sim.config.bounds import Megabytes, Workers
from sim.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Mapping

ADDRESS = re.compile(r"(?:tcp|tls)://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):(?P<port>\d{1,5})")


class Serial(Section):
    """In this process, one task after another."""

    kind: Literal["serial"] = "serial"


class Local(Section):
    """Processes on the cores of this machine."""

    kind: Literal["local"] = "local"
    workers: Workers | None = None
    memory_mb_per_worker: Megabytes | None = None


class Dask(Section):
    """A Dask cluster: one that runs already, by its address or scheduler file, or a private one on this machine."""

    kind: Literal["dask"] = "dask"
    address: str | None = None
    scheduler_file: str | None = None
    workers: Workers | None = None
    memory_mb_per_worker: Megabytes | None = None
    batch: Workers | None = None
    retries: Annotated[int, Field(ge=0, le=1_000)] = 2
    timeout_seconds: Annotated[float, Field(ge=0.01, le=1e6)] = 10

    @property
    def joins(self) -> bool:
        """Return whether the cluster is one that runs already."""
        return self.address is not None or self.scheduler_file is not None

    @model_validator(mode="after")
    def _address_has_its_form(self) -> Self:
        if self.address is not None:
            match = ADDRESS.fullmatch(self.address)
            if not match or not 1 <= int(match["port"]) <= 65535:
                raise RuleError("be tcp://HOST:PORT or tls://HOST:PORT", f"{self.address}", at="address")
        return self

    @model_validator(mode="after")
    def _one_cluster(self) -> Self:
        if self.address is not None and self.scheduler_file is not None:
            raise RuleError("be null where scheduler_file is given", "both", at="address")
        for key in ("workers", "memory_mb_per_worker"):
            if self.joins and getattr(self, key) is not None:
                raise RuleError(
                    "be null where a cluster is joined (its workers are as they were started)",
                    f"{getattr(self, key)}",
                    at=key,
                )
        return self


Settings = Serial | Local | Dask
KINDS: dict[str, type[Serial | Local | Dask]] = {"serial": Serial, "local": Local, "dask": Dask}


def chosen(given: Mapping[str, Any] | Settings | str) -> Settings:
    """Return the checked settings of an executor: of its keys, of its kind alone, or as they are.

    Raises
    ------
    ConfigError
        If the kind or a key is unknown, or a number is out of its range.
    """
    if isinstance(given, Settings):
        return given
    keys = {"kind": given} if isinstance(given, str) else given
    settings: Settings = checked_kind(KINDS, keys, "executor")
    return settings
