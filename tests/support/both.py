"""The package twice in one process: as it was imported, and without the compiled kernel."""

from __future__ import annotations

import importlib.util
import math
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import dualad


def load_pure() -> ModuleType:
    """The package under the name pure_dualad, with the readable Dual for everything."""
    if "pure_dualad" not in sys.modules:
        path = Path(str(dualad.__file__))
        spec = importlib.util.spec_from_file_location(
            "pure_dualad", path, submodule_search_locations=[str(path.parent)]
        )
        assert spec is not None and spec.loader is not None
        before = os.environ.get("DUALAD_PURE")
        os.environ["DUALAD_PURE"] = "1"
        try:
            sys.modules["pure_dualad"] = module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        finally:
            del os.environ["DUALAD_PURE"]
            if before is not None:
                os.environ["DUALAD_PURE"] = before
    return sys.modules["pure_dualad"]


pure = load_pure()
PACKAGES = (dualad, pure)


def bits(x: Any) -> Any:
    """Everything about a result, to the last bit, in terms that both packages share."""
    if isinstance(x, (dualad.Dual, pure.Dual)):
        return type(x).__name__, bits(x.primal), bits(x.tangent)
    if isinstance(x, np.ndarray):
        return "array", x.dtype.str, x.shape, [bits(v) for v in x.ravel().tolist()]
    if isinstance(x, (list, tuple)):
        return type(x).__name__, [bits(v) for v in x]
    if isinstance(x, complex):
        return type(x).__name__, bits(x.real), bits(x.imag)
    if isinstance(x, float):
        return type(x).__name__, "nan" if math.isnan(x) else x.hex()
    return type(x).__name__, repr(x)


def said(f: Callable[..., Any], *args: Any) -> Any:
    """What f says to these arguments: the result, or the exception and its text."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return bits(f(*args))
        except Exception as error:
            return type(error).__name__, str(error)


def agree(program: Callable[[ModuleType], Any]) -> Any:
    """Hold the two packages against each other; what they both say."""
    one, other = (said(program, package) for package in PACKAGES)
    assert one == other, f"{one}\n{other}"
    return one
