"""scipy.spatial: distances and rotations with tangents.

>>> import numpy as np
>>> from dualad import grad
>>> from dualad.scipy.spatial import minkowski_distance
>>> grad(lambda x: minkowski_distance(x, np.zeros(2)))(np.array([3.0, 4.0]))
array([0.6, 0.8])
"""

from __future__ import annotations

from .._names import names_of

__all__: list[str] = []

__getattr__, __dir__ = names_of(__name__)
