"""The decorators of compiled functions: `kernel`, and `inlined` for functions that are put in place of their calls.

Numba keeps a compiled function until the file that the function stands in changes. It does not notice a change of this
file: after one, delete the folder of kernels (`sim.engine.kernel_folder`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
        """Compile a function."""
        return function

    inlined = kernel
else:
    import sys

    from sim.engine.kernel_folder import kernel_folder
    from sim.imports import without_settings

    of_a_caller = "numba" in sys.modules
    without_settings("numba")
    from numba import njit
    from numba.core import config as settings

    if not of_a_caller:
        settings._config_fname = ""  # Numba would read the settings that lie where one stands at every compilation

    def _kept(**options):
        """Return a decorator that compiles a function and keeps it in our folder, wherever a caller keeps theirs."""

        def decorate(function):
            theirs, settings.CACHE_DIR = settings.CACHE_DIR, FOLDER
            try:
                # No arrays are made or kept alive in the kernels, so they need not be counted (_nrt): counting them at
                # every call of a small function would cost more than the rest. Nothing is divided by 0: arguments are
                # checked (error_model). `_nrt` is private to Numba, which may change it in any
                # version: pyproject.toml names the first that is untried.
                return njit(cache=True, nogil=True, error_model="numpy", _nrt=False, **options)(function)
            finally:
                settings.CACHE_DIR = theirs

        return decorate

    FOLDER = str(kernel_folder())
    kernel = _kept()
    inlined = _kept(forceinline=True)
