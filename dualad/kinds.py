"""What annotations call the things that are calculated with.

To a type checker all of them are Any, for the number systems are open: a tangent may be a float, an
array, a dual of an older level, or whatever a participating level brings along.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Number: TypeAlias = Any  # of any system: float, complex, Fraction, mpf, one of NumPy's
DualLike: TypeAlias = Any  # a number or an array, or a dual of one
Tangent: TypeAlias = Any  # what a dual carries beside its primal
