"""SciPy's solvers for numbers that carry tangents, named and laid out as SciPy names them.

    from dualad.scipy.integrate import solve_ivp

instead of `from scipy.integrate import solve_ivp`, and the solution carries the derivatives of
whatever went in: initial values, limits, data, `args=`, or variables that the function merely
closes over. The iterations are SciPy's and see plain numbers; derivatives come from the theorem
that belongs to the problem (the implicit function theorem, Leibniz' rule, the variational
equations), not from differentiating the iterations. Plain numbers give SciPy's own result.

>>> import dualad
>>> from dualad.scipy.optimize import brentq
>>> round(dualad.derivative(lambda a: brentq(lambda x: x * x - a, 0, 10))(4.0), 12)
0.25
"""

from __future__ import annotations

import importlib
from typing import Any

try:
    import scipy as _scipy  # noqa: F401
except ImportError as error:
    raise ImportError(
        'dualad.scipy needs SciPy, which is not installed; write pip install "dualad[scipy]".'
    ) from error

__all__ = [
    "fft",
    "fftpack",
    "integrate",
    "interpolate",
    "linalg",
    "ndimage",
    "optimize",
    "signal",
    "sparse",
    "spatial",
    "special",
    "stats",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f".{name}", __name__)
    if name in ("cluster", "constants"):
        return importlib.import_module("._names", __name__).module_of(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
