"""A working folder of a stranger in which whatever is loaded leaves a mark."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

from numba.core.registry import CPUDispatcher

THIRD_PARTY = ("numpy", "scipy", "yaml", "polars", "hydra", "omegaconf", "pydantic", "rich", "dask", "distributed")
AT_START = ("sitecustomize", "usercustomize")

START = """
from experiments.main import main
if __name__ == "__main__":
    main()
"""


class Touch:
    """What makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.path), "a")


def poison(folder: Path, mark: Path, kernels: list[CPUDispatcher]) -> None:
    """Lay out a cache of kernels of which every file runs code when it is read."""
    data = pickle.dumps(Touch(mark))
    for kernel in kernels:
        file = kernel._cache._cache_file
        place = folder / Path(file._cache_path).name
        place.mkdir(parents=True, exist_ok=True)
        (place / file._index_name).write_bytes(data)


def trap(folder: Path, mark: Path) -> None:
    """Fill a folder with modules and settings that leave a mark when they are read."""
    code = f"open({str(mark)!r}, 'a').write(__name__ + '\\n')\n"
    for name in (*sys.stdlib_module_names, *THIRD_PARTY, *AT_START):
        (folder / f"{name}.py").write_text(code)
    (folder / "hydra_plugins").mkdir()
    (folder / "hydra_plugins/stranger.py").write_text(code)
    (folder / "stranger.py").write_text(code)
    (folder / "matplotlibrc").write_text("backend: module://stranger\ntext.usetex: True\naxes.titlesize: 1\n")
    (folder / ".numba_config.yaml").write_text("cache_dir: kernels\ndisable_jit: 1\n")
    for name in ("dask.yaml", "distributed.yaml", "fsspec.json", "config.yaml"):
        (folder / name).write_text("distributed: {worker: {preload: [stranger]}}\n")
