"""A zero tangent is stronger than an infinite slope, also with directions at two levels."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import dualad
from dualad.records import STRENGTH, strong_zeros


def test_directions_of_two_levels_at_an_infinite_slope() -> None:
    for n in (3, 4, 12):
        x = np.arange(float(n))
        h = dualad.hessian(lambda v: dualad.sqrt(v[0]) * 0 + np.sin(v[1]) * v[2])(x)
        expected = np.zeros((n, n))
        expected[1, 1], expected[1, 2], expected[2, 1] = -2 * math.sin(1), math.cos(1), math.cos(1)
        assert np.array_equal(h[1:, 1:], expected[1:, 1:])
        assert np.array_equal(dualad.hessian(lambda v: abs(v[0]) + v[1] ** 2)(x), np.diag(
            [0.0, 2.0] + [0.0] * (n - 2)
        ))  # fmt: skip


def test_nan_stays_where_it_is() -> None:
    for x in ([0.0, math.nan, 2.0], [0.0] + [math.nan] + [2.0] * 9):
        for given in (x, np.array(x)):
            h = dualad.hessian(lambda v: dualad.sin(v[1]) + v[0] * v[2])(given)
            assert np.isnan(h).all()  # of a value that is nan
            j = np.array(dualad.jacobian(lambda v: [dualad.sin(v[1]), v[0] * v[2]])(given))
            assert np.isnan(j[0]).all()
            assert j[1, 0] == 2 and np.count_nonzero(j[1]) == 1


def test_products_with_infinite_constants() -> None:
    """The Jacobian of a linear map is its matrix, whatever stands in it."""
    a = np.array(
        [[1.0, np.inf, 2.0], [0.0, -np.inf, np.nan], [-3.0, 4.0, 5.0], [np.inf, np.inf, 0]]
    )
    x = np.array([1.5, 2.0, -0.5])
    with np.errstate(all="ignore"):
        for chunk in (1, None):
            for f in (
                lambda v: a @ v,
                lambda v: v @ a.T,
                lambda v: np.dot(a, v),
                lambda v: np.einsum("ij,j", a, v),
                lambda v: np.inner(a, v),
                lambda v: (a @ v[:, None])[:, 0],
                lambda v: np.tensordot(v, a, (0, 1)),
                lambda v: np.stack([np.dot(row, v) for row in a]),
                lambda v: np.einsum("ij,j,j->i", a, v, np.ones(3)),
                lambda v: np.einsum("j,k,ij->i", v, [1.0], a, optimize=True),
                lambda v: np.linalg.multi_dot([a, v[:, None], [[1.0]]])[:, 0],
                lambda v: scipy.sparse.csr_array(a) @ v,
                lambda v: v @ scipy.sparse.dok_array(a.T),
            ):
                of_numbers = np.where(np.isnan(a @ x)[:, None], np.nan, a)
                np.testing.assert_array_equal(dualad.jacobian(f, chunk=chunk)(x), of_numbers)
                by_rows = dualad.jacobian(f, mode="reverse")(x)
                np.testing.assert_array_equal(by_rows, of_numbers)
            j = dualad.jacobian(lambda v: np.convolve(v, [2.0, np.inf]), chunk=chunk)(x)
        np.testing.assert_array_equal(
            j, [[2, 0, 0], [np.inf, 2, 0], [0, np.inf, 2], [0, 0, np.inf]]
        )
        both = dualad.jvp(lambda v: a @ v, (x,), (np.array([1.0, -1.0, 0.0]),))[1]
        np.testing.assert_array_equal(both, [-np.inf, np.nan, -7, np.nan])  # the second is nan


INFINITE, LARGE, ONES = np.array([np.inf, 1.0]), np.array([1e200, 1.0]), np.ones(2)
COMPLEX = np.array([complex(np.inf, 0.0), 1.0])
SPARSE = scipy.sparse.csr_array([[np.inf, 1.0], [1.0, 2.0]])


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda a: np.einsum("i,i->", a, INFINITE), 1.0),
        (lambda a: np.einsum("i,i,i->", a, INFINITE, ONES), 1.0),
        (lambda a: np.einsum("i,i,i->", -INFINITE, a, INFINITE), -1.0),
        (lambda a: np.einsum("i,j,k->", ONES, INFINITE, a[1:]), math.inf),
        (lambda a: np.einsum("i,i,i->", LARGE, LARGE, a), 1.0),  # the product is too large
        (lambda a: np.einsum("i,i,i->", LARGE, LARGE, a, optimize=True), 1.0),
        (lambda a: np.real(np.einsum("i,i->", a, COMPLEX)), 1.0),
        (lambda a: np.convolve(a, INFINITE)[1], math.inf),
        (lambda a: np.convolve(a, INFINITE)[2], 1.0),
        (lambda a: (SPARSE @ a)[0], 1.0),
        (lambda a: (a @ SPARSE).sum(), 3.0),
        (lambda a: np.einsum("i,i,i->", a, INFINITE, [0.0, 1.0]), math.nan),  # of a value that is
        (lambda a: np.einsum("i,i,i->", a, [1.0, math.nan], ONES), math.nan),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value", "ignore:overflow")
def test_a_zero_tangent_in_a_sum_of_products(f: Any, slope: float) -> None:
    """The first of two elements does not depend on t, and meets an infinite factor."""

    def of(t: Any) -> Any:
        return f(np.stack([1 + 0 * t, t]))

    found = [
        dualad.derivative(of)(2.0),
        dualad.grad(of, mode="reverse")(2.0),
        dualad.taylor(of, 1)(2.0)[1],
        dualad.derivative(lambda t: dualad.derivative(lambda s: of(s**2 / 2))(t), order=1)(2.0),
        dualad.taylor(lambda t: dualad.derivative(lambda s: of(s**2 / 2))(t), 1)(2.0)[1],
    ]
    np.testing.assert_array_equal(found, [slope] * 5)
    inner = dualad.derivative(lambda t: dualad.derivative(lambda s: of(s**2))(t) * t)(2.0)
    np.testing.assert_array_equal(inner, slope * 8)  # the value of the inner one, too


def test_zeros_are_strong_in_a_sweep_over_many_inputs() -> None:
    def f(v: Any) -> Any:
        return np.convolve(v, [1.0, np.inf], "same")[1:3].sum()

    with pytest.warns(RuntimeWarning, match="infinite or undefined"):
        slopes = dualad.grad(f, mode="reverse")(np.ones(1100))
    np.testing.assert_array_equal(slopes, [np.inf, np.inf, 1.0] + [0.0] * 1097)


def test_a_gradient_within_a_strong_sweep_leaves_it_strong() -> None:
    x = np.ones(1100)
    x[3] = 0.0
    with strong_zeros():
        with pytest.warns(RuntimeWarning, match="infinite or undefined"):
            slopes = dualad.grad(lambda v: np.sum(np.sqrt(v)), mode="reverse")(x)
        assert STRENGTH.on
    assert not STRENGTH.on
    assert slopes[3] == math.inf and slopes[0] == 0.5


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_the_ends_of_linspace_are_themselves(mode: Any) -> None:
    def ends(x: Any) -> Any:
        return np.linspace(x * np.nan, x, 4)[3] + np.linspace(x, np.sqrt(0 * x), 3)[0]

    assert dualad.grad(ends, mode=mode)(2.0) == 2.0
