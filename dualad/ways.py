"""Forward or back: which way is cheaper.

Known to every driver, while what goes back (`sweeps`) is loaded by the first call that does.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from .arguments import Inputs, Outputs
from .kernel import KERNEL
from .pair import Pair, is_array

Mode = Literal["forward", "reverse"] | None

LEAST_NUMBERS = 32 if KERNEL else 256  # with fewer inputs, forward mode is as fast
LEAST_ELEMENTS = 64  # the same for inputs in arrays
FEW = 1024  # so many inputs can go forward where a sweep meets what is not finite

# Where the way back is missing, and nobody has asked for it, forward mode has the last word: it
# succeeds, or it raises the error that is the function's own.
UNABLE = (TypeError, ValueError, AttributeError, NotImplementedError)


def refuse_unless_mode(driver: str, mode: Any) -> None:
    """Raise ValueError if this is not a mode."""
    if mode not in (None, "forward", "reverse"):
        raise ValueError(f"{driver}: mode is 'forward', 'reverse' or None; got {mode!r}.")


def prefers_backward(inputs: Inputs, mode: Mode) -> bool:
    """Whether a gradient takes a sweep back: if there are many inputs, unless mode tells.

    Many are 32 numbers (256 without the kernel), or 64 elements of arrays. In a level that
    `prefers_sweeps`, any number is enough.
    """
    if mode is not None or inputs.finished is not None:
        return mode == "reverse" and inputs.finished is None
    if any(map(_prefers_sweeps, inputs.leaves)):
        return True
    if inputs.size < LEAST_NUMBERS:
        return False
    return inputs.size >= LEAST_ELEMENTS or not any(map(is_array, inputs.leaves))


def _prefers_sweeps(x: Any) -> bool:
    while isinstance(x, Pair):
        if getattr(x.level, "prefers_sweeps", False):
            return True
        x = x.primal
    return False


def is_plain_vector(x: Any) -> bool:
    """Whether x is an array of floats in one axis, for which a plain copy can stand."""
    return (
        type(x) is np.ndarray
        and x.dtype == np.float64
        and x.ndim == 1
        and x.size > 0
        and x.flags.carray
    )


def prefers_rows(inputs: Inputs, outputs: Outputs) -> bool:
    """Whether a Jacobian with so many outputs takes sweeps: if they are far fewer than inputs."""
    return 4 * sum(map(np.size, outputs.values)) <= inputs.size
