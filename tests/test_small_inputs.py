"""Small inputs that once went wrong, each for a kind of fault, with the right value or an error.

The values are analytic, or mpmath's. Their neighbours are in the tests of each kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.special as sc
from mpmath import mp, mpc, mpf
from numpy.lib.stride_tricks import as_strided

from dualad import derivative, grad, hessian, hvp, jacobian, jvp, value_and_grad

X = np.array([3.0, 5.0])
NAN, INF = math.nan, math.inf
pytestmark = pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
Run = Callable[[], Any]

# -- higher order through arrays -----------------------------------------------------------


def stored(t: Any) -> Any:
    z = t * np.ones(3)
    z[1] = z[0] * t
    return np.sum(z)


def nested(p: Any) -> Any:
    inner = grad(lambda w: np.sum((w**2 * p)[[0, 1]][[1, 0]]))
    return np.sum(inner(np.array([1.0, 2.0])) ** 2)


HIGHER: list[tuple[Run, Any]] = [
    (lambda: hessian(lambda v: np.sum((v**2)[[0, 1]][[1, 0]]))(X), np.diag([2.0, 2])),
    (lambda: hessian(lambda v: np.sum((v**3)[v > 0][[0, 1]]))(X), np.diag([18.0, 30])),
    (lambda: hessian(lambda v: np.sum(np.repeat(v**2, 2)[[0, 3]]))(X), np.diag([2.0, 2])),
    (lambda: hessian(lambda v: np.sum(np.diff(v[[1, 0]]) ** 2))(X), np.array([[2.0, -2], [-2, 2]])),
    (lambda: hessian(lambda v: np.sum(np.tile(v, 2)[2:6] ** 2))(X), np.diag([2.0, 2])),
    (lambda: grad(nested)(np.array([2.0, 3.0])), [16.0, 96.0]),
    (lambda: derivative(lambda t: np.cumprod(np.stack([t, t, t]))[-1], order=3)(0.2), 6.0),
    (lambda: derivative(lambda t: np.prod(np.arange(1.0, 6) + t), order=4)(0.2), 384.0),
    (lambda: derivative(stored, order=3)(0.2), 0.0),
]

# -- the plain run -------------------------------------------------------------------------


def normalised(x: Any) -> Any:
    def normalise(v: Any) -> None:
        v /= np.sqrt(v @ v)

    d = 3 * x
    normalise(d)
    return d[0]


def rows_in_place(v: Any) -> Any:
    rows = [v * 2, v * 3]
    for r in rows:
        r /= np.sum(r)
    return rows[0][0]


def diagonal_view(x: Any) -> Any:
    a = np.outer(x, x)
    d = np.diagonal(a)
    a[0, 0] = 9.0
    return d.sum()


def copy_by_ravel(v: Any) -> Any:
    y = v * 1.0
    y[::2].ravel()[0] = 9.0
    return y


def view_by_einsum(m: Any) -> Any:
    y = m * 1.0
    d = np.einsum("ii->i", y)
    d += 1
    return y


SQUARE = np.array([[1.0, 2.0], [3.0, 4.0]])
IN_PLACE: list[tuple[Run, Any]] = [
    (lambda: value_and_grad(normalised)(np.array([3.0, 4.0])), (0.6, [0.128, -0.096])),
    (lambda: value_and_grad(rows_in_place)(X), (0.375, [0.078125, -0.046875])),
    (lambda: grad(diagonal_view)(np.array([3.0, 4.0])), [0.0, 8.0]),
    (lambda: jvp(copy_by_ravel, (np.arange(3.0),), (np.ones(3),)), ([0.0, 1, 2], [1.0, 1, 1])),
    (
        lambda: jvp(view_by_einsum, (SQUARE,), (SQUARE,)),
        (SQUARE + np.eye(2), SQUARE),
    ),
]
OBJECTS: list[tuple[Callable[..., Any], tuple[Any, ...], Any]] = [
    (
        lambda v: np.sum(np.exp(1j * np.asarray(v)).imag),
        (np.array([0.3, 0.7]),),
        np.cos([0.3, 0.7]),
    ),
    (lambda a, b: np.sum(np.array([a + 1j * b, a * b * 1j]).imag), (0.3, 0.7), (0.7, 1.3)),
    (lambda t: np.max(np.array([t, np.nan, 1.0])), (2.0,), NAN),
    (lambda t: abs(np.nansum(np.array([t, -8.0]) ** (1 / 3))), (2.0,), 2 ** (-2 / 3) / 3),
    (lambda a, b: np.linalg.det(np.array([[a, b], [b, 2.0]])), (0.5, 0.7), (2.0, -1.4)),
    (lambda t: np.exp(np.array([t, 1.0])).sum(), (0.5,), math.exp(0.5)),
    (
        lambda r: np.sum(np.imag([1 / (1 + 1j * k * r) for k in (1.0, 2.0, 3.0)])),
        (0.5,),
        sum((-k * (1 - (k * 0.5) ** 2) / (1 + (k * 0.5) ** 2) ** 2) for k in (1.0, 2.0, 3.0)),
    ),
    (lambda v: np.mean([t * t for t in v]), (np.array([3.0, 1.0, 2.0]),), [2.0, 2 / 3, 4 / 3]),
    (lambda v: np.sum(np.maximum(np.array([v, 2 * v]), 9.0)), (1.0,), 0.0),
    (lambda t: np.sum(np.tensordot(np.arange(3.0), t, axes=0)), (2.0,), 3.0),
    (lambda v: np.sum(np.require(v, requirements="C") * 2), (X,), [2.0, 2.0]),
    (lambda v: np.sum(np.asarray_chkfinite(v) * 2), (X,), [2.0, 2.0]),
    (
        lambda v: np.sum(as_strided(v[3:], (3,), (-8,)) * [1, 2, 4]),
        (np.arange(5.0),),
        [0, 4, 2, 1, 0],
    ),
    (lambda v: np.sum(scipy.linalg.circulant(v)[0] * [1, 2]), (X,), [1.0, 2.0]),
    (lambda v: v.compress([True, False, True]).sum(), (np.array([3.0, 1.0, 2.0]),), [1.0, 0, 1]),
]


@pytest.mark.parametrize("lift", [None, True, False])
@pytest.mark.parametrize("f, x, right", OBJECTS)
def test_arrays_of_objects(f: Any, x: Any, right: Any, lift: bool | None) -> None:
    """Right by default; where lifting is switched off, or the code is SciPy's, right or refused."""
    try:
        got = grad(f, argnums=tuple(range(len(x))), lift=lift)(*x)
    except TypeError:
        assert lift is False or f is OBJECTS[-2][0]
        return
    assert_same(got if len(x) > 1 else got[0], right)


def assert_same(got: Any, right: Any) -> None:
    if isinstance(right, (list, tuple)):
        assert len(got) == len(right)
        for g, r in zip(got, right, strict=True):
            assert_same(g, r)
        return
    assert np.shape(got) == np.shape(right)
    np.testing.assert_allclose(got, right, rtol=1e-12, atol=1e-300)


# -- what a number is ----------------------------------------------------------------------


def safe_exp(x: Any) -> Any:
    try:
        return math.exp(x)
    except Exception:
        return 1e300


class Cached:
    at = None

    def __call__(self, t: Any) -> Any:
        if t != self.at:
            self.at, self.value = t, t**3
        return self.value


def twice_cached() -> Any:
    c = Cached()
    assert derivative(c)(2.0) == 12.0
    return derivative(c)(2.0)


def kept() -> Any:
    store: list[Any] = []

    def keeps(t: Any) -> Any:
        store.append(t)
        return t * t

    assert derivative(keeps)(2.0) == 4.0
    return grad(lambda b: store[0] * b)(3.0)


def dtype_of(f: Any, x: Any) -> str:
    return str(jvp(f, (x,), (x,))[0].dtype)


B = np.arange(36.0).reshape(6, 6) / 7
NUMBERS: list[tuple[Run, Any]] = [
    (
        lambda: value_and_grad(
            lambda q: 0.0 if not isinstance(q, (int, float, np.ndarray)) else q**2
        )(3.0),
        (9.0, 6.0),
    ),
    (lambda: value_and_grad(lambda q: q**2 if np.isscalar(q) else np.sum(q))(3.0), (9.0, 6.0)),
    (
        lambda: value_and_grad(lambda v: v**2 if np.asarray(v).dtype == float else v)(3.0),
        (9.0, 6.0),
    ),
    (lambda: derivative(lambda t: 1 / (1 + np.exp(t) ** 2))(400.0), 0.0),
    (lambda: derivative(lambda t: np.where(t == 0, 1.0, np.sin(t) / t))(0.0), 0.0),
    (
        lambda: (
            jvp(lambda x: np.tanh(x[0]), (np.array([1.0325113401969306]),), (np.ones(1),))[0]
            == np.tanh(1.0325113401969306)
        ),
        True,
    ),
    (lambda: dtype_of(lambda v: np.float_power(v, 2.0), np.float32([1, 2])) == "float64", True),
    (lambda: dtype_of(lambda v: np.intersect1d(np.array([3, 4]), v), X) == "float64", True),
    (
        lambda: (
            value_and_grad(lambda m: (m @ (np.arange(3.0) / 3))[1])(B[::2, ::2])[0]
            == (B[::2, ::2] @ (np.arange(3.0) / 3))[1]
        ),
        True,
    ),
    (lambda: derivative(safe_exp)(1.2), math.exp(1.2)),
]

# -- where there is no derivative, or another one --------------------------------------------

PRODUCT = np.array([[1e155, 0, 0], [1e155, 1e155, 0], [1e155] * 3]).ravel()
ZEROTH = np.array([0], np.uint8)
NUMERICS: list[tuple[Run, Any]] = [
    (lambda: (derivative(np.log)(-1.0), derivative(np.arctanh)(2.0)), (NAN, NAN)),
    (lambda: value_and_grad(lambda v: np.std(v, ddof=1))(np.array([2.0])), (NAN, [NAN])),
    (lambda: grad(lambda z: np.sum(np.abs(z) ** 2))(np.array([1 + 2j, 3j])), [2 - 4j, -6j]),
    (lambda: (derivative(np.cbrt)(np.inf), derivative(lambda t: np.hypot(t, 1.0))(np.inf)), (0.0, 1.0)),
    (lambda: grad(np.prod)(PRODUCT), [0.0] * 9),
    (lambda: derivative(sc.dawsn)(1e8), -5e-17),
    (
        lambda: derivative(lambda g: (np.array([[10, 200]], np.uint8) ** g).mean())(np.float64(0.45)),
        (10**0.45 * math.log(10) + 200**0.45 * math.log(200)) / 2,
    ),
    (
        lambda: derivative(lambda b: sc.jv(ZEROTH, b))(np.array([2.5])),
        [-float(mp.besselj(1, 2.5))],
    ),
    (
        lambda: derivative(lambda s: np.array([-2.0]) ** s)(np.array([0.5 + 0.25j])),
        [complex(mp.power(-2, mpc(0.5, 0.25)) * mp.log(mpc(-2)))],
    ),
    (lambda: derivative(lambda b: 0.0**b, order=2)(0.0), INF),
    (lambda: derivative(lambda t: t / 3)(np.longdouble(1.5)) == np.longdouble(1) / 3, True),
    (lambda: derivative(lambda t: abs(t) / 3)(Fraction(-1, 2)) == Fraction(-1, 3), True),
    (lambda: value_and_grad(lambda v: np.sum(np.log(v)))(np.array([-1.0, 4.0])), (NAN, [NAN, NAN])),
    (lambda: jacobian(lambda v: np.array([v[0] * v[1], v[1] ** 2]))([2.0, 3.0]),
     np.array([[3.0, 2], [0, 6]])),
]  # fmt: skip


@pytest.mark.parametrize("run, right", [*HIGHER, *IN_PLACE, *NUMBERS, *NUMERICS])
def test_right_values(run: Run, right: Any) -> None:
    assert_same(run(), right)


def test_dawson_far_out() -> None:
    with mp.workdps(40):
        t = mpf(1000)
        y = mp.sqrt(mp.pi) / 2 * mp.exp(-t * t) * mp.erfi(t)
        second = -2 * y - 2 * t * (1 - 2 * t * y)
        third = -4 * (1 - 2 * t * y) - 2 * t * second
    got = [derivative(sc.dawsn, order=k)(1e3) for k in (2, 3)]
    np.testing.assert_allclose(got, [float(second), float(third)], rtol=1e-12)


def test_all_digits_of_mpmath() -> None:
    with mp.workdps(30):
        third = mpf(1) / 3
        got = grad(lambda a, b: math.exp(-a) * b, argnums=(0, 1))(third, mpf(2))
        assert abs(got[0] + 2 * mp.exp(-third)) < 1e-29
        assert abs(got[1] - mp.exp(-third)) < 1e-29


def leaking(x: Any) -> Any:
    a = x * 1.0

    def inner(t: Any) -> Any:
        nonlocal a
        a += t * x
        return a.sum()

    return value_and_grad(inner)(2.0)[1] * a.sum()


NO_FUNCTION: Any = np.array([1.0, 2.0])
REFUSED: list[tuple[Run, str]] = [
    (lambda: derivative(safe_exp, lift=False)(1.2), "derivative: the function caught an error"),
    (twice_cached, "met a dual of a differentiation that is over"),
    (kept, "met a dual of a differentiation that is over"),
    (lambda: value_and_grad(leaking)(NO_FUNCTION), "differentiation that is over"),
    (lambda: derivative(np.conj)(1 + 2j), "not holomorphic"),
    (lambda: derivative(abs)(3 + 4j), "not holomorphic"),
    (lambda: derivative(lambda v: np.exp(v) / np.exp(v).sum())(X), "needs an elementwise function"),
    (lambda: grad(np.linalg.cond)(np.ones((2, 2))), "singular"),
    (lambda: jacobian(lambda v: sc.jv(v, np.array([1.0, -1.0])))(2.0), "no real derivative"),
    (lambda: jacobian(lambda v: v * np.random.rand(), chunk=4)(np.ones(12)), "other values in a later"),
    (lambda: grad(lambda v: np.sum(v), NO_FUNCTION), "argnums"),
    (lambda: derivative(math.sin, 1.0), "argnums"),  # type: ignore[arg-type]
    (lambda: value_and_grad(lambda v: v)(X), "^value_and_grad"),
    (lambda: hessian(lambda v: v)(X), "^hessian"),
    (lambda: hvp(lambda v: v)(X, X), "^hvp"),
]  # fmt: skip


@pytest.mark.parametrize("run, message", REFUSED)
def test_refused(run: Run, message: str) -> None:
    with pytest.raises((TypeError, ValueError, ArithmeticError), match=message):
        run()
