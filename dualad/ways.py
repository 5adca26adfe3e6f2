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
LEAST_ELEMENTS = 5  # of a vector, for a Hessian; in fewer, a loop of scalars is much faster forward
LEAST_AGAIN = 64  # the same where the kernel's sweeps have failed, or passes are asked for
FEW = 1024  # so many inputs can go forward where a sweep meets what is not finite,
VERY_FEW = 32  # and so many do without a look whether a sweep with strong zeros is right

# Where the way back is missing, and nobody has asked for it, forward mode has the last word: it
# succeeds, or it raises the error that is the function's own.
UNABLE = (TypeError, ValueError, AttributeError, NotImplementedError)


def refuse_unless_mode(driver: str, mode: Any) -> None:
    """Raise ValueError if this is not a mode."""
    if mode not in (None, "forward", "reverse"):
        raise ValueError(f"{driver}: mode is 'forward', 'reverse' or None; got {mode!r}.")


def prefers_backward(inputs: Inputs, mode: Mode, least: int = LEAST_NUMBERS) -> bool:
    """Whether a gradient takes a sweep back: if there are many inputs, unless mode tells.

    Many are 32 numbers (256 without the kernel), in arrays or not, or as many as `least` says. In a
    level that `prefers_sweeps`, any number is enough; of numbers that are duals already, over duals
    or on a tape, two are many, for their directions would be arrays of duals.
    """
    if mode is not None or inputs.finished is not None:
        return mode == "reverse" and inputs.finished is None
    if len(inputs.leaves) > 1 and any(map(_is_deep, inputs.leaves)):
        return True
    return inputs.size >= least or any(map(_prefers_sweeps, inputs.leaves))


def _is_deep(x: Any) -> bool:
    """Whether a number is a dual over duals, or on a tape."""
    if KERNEL and type(x) is KERNEL.Recorded:
        return True
    return isinstance(x, Pair) and isinstance(x.primal, Pair) and not is_array(x)


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
