"""SciPy's own names in lifted code: its functions are found by identity; ours stand for them."""

from __future__ import annotations

import importlib
import sys

from ..lifting.lift import Caller
from ..lifting.standins import FUNCTIONS

_PARTS = (
    *("integrate", "interpolate", "linalg", "optimize", "sparse", "sparse.linalg", "special"),
    "stats",
)
_entered: set[str] = set()


def enter(module: str) -> None:
    """Enter what stands for the functions of a module of SciPy, and of the part that it is in.

    Parameters
    ----------
    module : str
        Where a function is from that lifted code has met: `scipy.optimize._zeros_py`.
    """
    names = module.split(".")[1:3]
    for part in (names[0] if names else "", ".".join(names)):
        theirs = sys.modules.get(f"scipy.{part}")
        if part not in _PARTS or part in _entered or theirs is None:
            continue
        _entered.add(part)
        ours = importlib.import_module(f".{part}", __package__)
        FUNCTIONS.update(getattr(ours, "METHODS", {}))  # of SciPy's objects, which stay as they are
        for name in ours.__all__:
            if callable(getattr(theirs, name, None)) and name not in getattr(ours, "NAMES", ()):
                FUNCTIONS[getattr(theirs, name)] = Caller(getattr(ours, name))
