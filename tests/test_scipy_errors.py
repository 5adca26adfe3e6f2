"""A wrong call has SciPy's own error, whether a dual is in it or not."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dualad import derivative

pytest.importorskip("scipy")

from scipy import fft, integrate, interpolate, linalg, ndimage, optimize, signal, spatial, special

from dualad.scipy._errors import error_on_values

M, ONES = np.array([[2.0, 0.3], [0.3, 1.0]]), np.ones(2)
TREE = spatial.KDTree(np.ones((4, 2)))
ENDLESS = np.array([[1.0, np.inf, 2.0], [1.0, 2.0, 3.0]])

WRONG: dict[str, Callable[[Any], Any]] = {
    "KDTree.query": lambda x: TREE.query(np.ones(3) * x),
    "KDTree.query_ball_point": lambda x: TREE.query_ball_point([1, 2, 3], x),
    "minimize": lambda x: optimize.minimize(lambda y: y * x, [1.0], constraints={"type": "eq"}),
    "minimize method": lambda x: optimize.minimize(lambda y: y * x, [1.0], method="foo"),
    "brentq": lambda x: optimize.brentq(lambda y: y * y + x, 0, 1),
    "brentq of a number": lambda x: optimize.brentq(3.0, 0, x),
    "curve_fit": lambda x: optimize.curve_fit(lambda t, a: a * t, [1, 2, 3], [x, 2.0]),
    "quad": lambda x: integrate.quad(3.0, 0, x),
    "solve_ivp": lambda x: integrate.solve_ivp(lambda t, y: -y * x, (0, 1), [1.0], args=3.0),
    "solve_banded": lambda x: linalg.solve_banded((1, 1), np.ones((2, 3)) * x, np.ones(3)),
    "solve": lambda x: linalg.solve(M * x, ONES, assume_a="foo"),
    "lu_factor": lambda x: linalg.lu_factor(ENDLESS * x),
    "cholesky": lambda x: linalg.cholesky(-M * x),
    "CubicSpline": lambda x: interpolate.CubicSpline([0, 1, 1], [x, 1, 2]),
    "interp1d": lambda x: interpolate.interp1d([0, 1], [x, 2.0])(3.0),
    "lfilter": lambda x: signal.lfilter([1.0, x], [0.0, 1.0], [1.0, 2.0]),
    "fft": lambda x: fft.fft(np.ones(3) * x, n=-1),
    "convolve": lambda x: ndimage.convolve(np.ones(3) * x, np.ones((3, 3))),
    "cdist": lambda x: spatial.distance.cdist(np.ones((2, 3)) * x, np.ones((2, 2))),
    "multigammaln": lambda x: special.multigammaln(x, 9),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_call_has_scipys_error(name: str) -> None:
    with pytest.raises(Exception) as theirs:
        WRONG[name](0.5)
    with pytest.raises(theirs.type) as ours:
        derivative(WRONG[name])(0.5)
    assert type(ours.value) is theirs.type
    assert str(ours.value) == str(theirs.value)


def test_what_is_right_without_duals_is_refused_for_them() -> None:
    for f in (lambda x: TREE.query(np.ones(2) * x)[0], lambda x: TREE.query_ball_point([1, 1], x)):
        with pytest.raises(TypeError, match=r"spatial\.KDTree\.query.* cannot take duals; ask"):
            derivative(f)(0.5)


def test_functions_are_not_called_to_see_whether_a_call_is_wrong() -> None:
    calls: list[Any] = []

    def f(t: Any, y: Any) -> Any:
        calls.append(t)
        raise ValueError("of the user's")

    with pytest.raises(ValueError, match="of the user's"):
        derivative(lambda x: integrate.solve_ivp(f, (0, x), [x]).y[0, -1])(0.5)
    assert len(calls) <= 2  # as it is and lifted, which calls it once each

    used: list[Any] = []
    assert error_on_values(integrate.quad, (used.append, 0, 1), {}) is None
    assert not used


def test_nothing_that_is_given_is_changed_or_used_up() -> None:
    a, random = np.ones((2, 3)), np.random.default_rng(1)

    def failing(a: Any, random: Any, numbers: Any) -> None:
        a[:] = random.normal() + sum(numbers)
        warnings.warn("not shown", stacklevel=1)
        raise ValueError("wrong")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert str(error_on_values(failing, (a, random), {"numbers": [1.0]})) == "wrong"
    assert np.array_equal(a, np.ones((2, 3)))
    assert random.normal() == np.random.default_rng(1).normal()
    numbers = iter([1.0, 2.0])
    error_on_values(failing, (a, random, (n for n in numbers)), {})
    assert next(numbers) == 1.0
