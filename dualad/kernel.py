"""Which Dual of real floats is in use: the compiled kernel, or the readable one.

>>> kernel_info().reason != ""
True
"""

from __future__ import annotations

import os
import warnings
from types import ModuleType
from typing import NamedTuple

from ._fingerprint import fingerprint


class KernelInfo(NamedTuple):
    """What `kernel_info` says.

    Attributes
    ----------
    in_use : bool
        Whether duals of real floats are compiled.
    reason : str
        Why, or why not.
    directions : int
        How many directions a compiled dual carries inside; more live in an array.
    """

    in_use: bool
    reason: str
    directions: int


def load() -> tuple[ModuleType | None, KernelInfo]:
    """The compiled kernel if it is there, fits and is wanted; and what to say about it."""
    if os.environ.get("DUALAD_PURE", "0") not in ("", "0"):
        return None, KernelInfo(False, "DUALAD_PURE is set", 0)
    try:
        from ._kernel import DIRECTIONS, FINGERPRINT
    except ModuleNotFoundError:
        return None, KernelInfo(False, "it was not built; install with a C compiler at hand", 0)
    except ImportError as error:
        return None, KernelInfo(False, str(error), 0)
    if fingerprint() != FINGERPRINT:
        why = "it was built from other sources than these; install dualad once more"
        warnings.warn(f"dualad's compiled kernel is not used: {why}.", stacklevel=2)
        return None, KernelInfo(False, why, 0)
    from . import _kernel

    return _kernel, KernelInfo(True, "built from these sources", DIRECTIONS)


KERNEL, _INFO = load()


def kernel_info() -> KernelInfo:
    """Whether duals of real floats are compiled, and why (not).

    The compiled Dual and the readable one say the same, to the last bit; the compiled one says
    it several times faster. Set DUALAD_PURE=1 in the environment to have the readable one.
    """
    return _INFO
