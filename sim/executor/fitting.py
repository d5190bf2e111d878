"""How many workers of this machine fit into its memory together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.executor.processes import default_workers
from sim.executor.settings import Dask, Serial, Settings
from sim.language import gettext
from sim.memory import memory_of_the_machine_mb

if TYPE_CHECKING:
    from collections.abc import Callable


def fitting(settings: Settings, n_tasks: int, task_bytes: float, announce: Callable[[str], object]) -> Settings:
    """Return the settings of an executor, with no more workers of this machine than its memory has room for.

    Parameters
    ----------
    settings
        As they were asked for.
    n_tasks
        No more workers are started than there are tasks.
    task_bytes
        What the largest task takes, from above; `executor.memory_mb_per_worker` bounds it.
    announce
        Called with a sentence where there are to be fewer workers.
    """
    if isinstance(settings, Serial) or (isinstance(settings, Dask) and settings.joins):
        return settings
    wanted = min(settings.workers or default_workers(), n_tasks)
    each = min(task_bytes / 1e6, settings.memory_mb_per_worker or float("inf"))
    there_is = memory_of_the_machine_mb()
    if wanted * each <= there_is:
        return settings
    fit = max(1, int(there_is / each))
    if fit < wanted:
        announce(
            gettext(
                "{wanted} workers would take about {needed:,.1f} GB, and this machine has {there_is:,.1f} GB: {fit} at "
                "once (executor.memory_mb_per_worker bounds what each may take).",
                wanted=wanted, needed=wanted * each / 1e3, there_is=there_is / 1e3, fit=fit,
            )
        )  # fmt: skip
    return settings.model_copy(update={"workers": fit})
