"""What stands for SciPy's objects in lifted code is of SciPy's classes, for code that asks."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy")

from scipy import integrate, interpolate, sparse, stats
from scipy.spatial.transform import Rotation, Slerp

from dualad import value_and_grad
from dualad.pair import plain
from dualad.scipy.interpolate import CubicSpline, RegularGridInterpolator

X = np.array([0.0, 1.0, 2.0, 3.0, 4.5])
Y = np.array([0.0, 1.0, 3.0, 2.0, 2.5])


def surface(y: Any) -> Any:
    return np.outer(y, Y)


MADE: dict[str, tuple[Callable[[Any], Any], type]] = {
    "CubicSpline": (lambda y: interpolate.CubicSpline(X, y), interpolate.PPoly),
    "CubicHermiteSpline": (
        lambda y: interpolate.CubicHermiteSpline(X, y, y),
        interpolate.CubicHermiteSpline,
    ),
    "Pchip": (lambda y: interpolate.PchipInterpolator(X, y), interpolate.PchipInterpolator),
    "Akima": (lambda y: interpolate.Akima1DInterpolator(X, y), interpolate.Akima1DInterpolator),
    "PPoly": (lambda y: interpolate.PPoly(y[:4, None] + np.ones(4), X), interpolate.PPoly),
    "BSpline": (lambda y: interpolate.make_interp_spline(X, y), interpolate.BSpline),
    "FITPACK": (
        lambda y: interpolate.InterpolatedUnivariateSpline(X, y),
        interpolate.UnivariateSpline,
    ),
    "interp1d": (lambda y: interpolate.interp1d(X, y), interpolate.interp1d),
    "barycentric": (
        lambda y: interpolate.BarycentricInterpolator(X, y),
        interpolate.BarycentricInterpolator,
    ),
    "Krogh": (lambda y: interpolate.KroghInterpolator(X, y), interpolate.KroghInterpolator),
    "grid": (
        lambda y: interpolate.RegularGridInterpolator((X, X), surface(y)),
        interpolate.RegularGridInterpolator,
    ),
    "surface": (
        lambda y: interpolate.RectBivariateSpline(X, X, surface(y)),
        interpolate.RectBivariateSpline,
    ),
    "radial": (lambda y: interpolate.RBFInterpolator(X[:, None], y), interpolate.RBFInterpolator),
    "dense output": (
        lambda y: integrate.solve_ivp(lambda t, u: -u, (0, 1), y, dense_output=True).sol,
        integrate.OdeSolution,
    ),
    "rotation": (lambda y: Rotation.from_rotvec(y[:3]), Rotation),
    "rotations between": (lambda y: Slerp([0, 1], Rotation.from_rotvec([y[:3], Y[2:]])), Slerp),
    "distribution": (lambda y: stats.norm(y[1], 2.0), type(stats.norm())),
    "sparse": (lambda y: sparse.csr_array(np.eye(3)), sparse.sparray),
}


@pytest.mark.parametrize("is_moving", [False, True])
@pytest.mark.parametrize("name", MADE)
def test_isinstance_and_type_answer_as_in_the_plain_run(name: str, is_moving: bool) -> None:
    make, kind = MADE[name]

    def f(x: Any) -> Any:
        made = make(Y + x * Y if is_moving else Y)
        is_named = (
            isinstance(made, kind) + 2 * (type(made) is kind) + 4 * issubclass(type(made), kind)
        )
        return math.sin(x) * is_named * len(type(made).__name__) * len(made.__class__.__name__)

    value, slope = value_and_grad(f)(0.3)
    assert value == f(0.3) != 0
    assert slope == pytest.approx(f(0.3) / math.tan(0.3))


def test_copies_and_pickles() -> None:
    for made in (CubicSpline(X, Y), RegularGridInterpolator((X,), Y)):
        for other in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            assert type(other) is type(made)
            assert np.array_equal(plain(other([0.5])), plain(made([0.5])))
