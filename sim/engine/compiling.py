"""The decorators of compiled functions: `kernel`, and `inlined` for functions that are put in place of their calls.

Numba keeps a compiled function until the file that the function stands in changes. It does not notice a change of this
file: after one, delete the caches (`*.nbi` and `*.nbc` in `__pycache__`).
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
    from numba import njit

    # Nothing is divided by 0: arguments are checked (error_model). No arrays are made or kept alive in the kernels, so
    # they need not be counted (_nrt): counting them at every call of a small function would cost more than the rest.
    # `_nrt` is private to Numba, which may change it in any version: pyproject.toml names the first that is untried.
    OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    kernel = njit(**OPTIONS)
    inlined = njit(**OPTIONS, forceinline=True)
