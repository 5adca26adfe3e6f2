"""Precision, text, sets, numpy.lib, and refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support.oracle import check

from dualad import Dual, DualArray, grad, jacobian, jvp
from dualad.array_rules.common import has_duals

SQUARE = np.arange(1.0, 10).reshape(3, 3) / 3


def test_precision_text_and_windows() -> None:
    x = Dual(SQUARE, np.ones((3, 3)))
    assert np.astype(x, np.float32).tangent.dtype == np.float32
    assert np.astype(Dual(1.0, 1.0), complex).primal.dtype == complex
    assert np.array_repr(x) == np.array_str(x) == np.array2string(x) == repr(x)
    assert type(np.round(x, 1)) is np.ndarray and np.round(x, 1)[0, 0] == 0.3
    check(lambda v: np.lib.stride_tricks.sliding_window_view(v, (2, 2)) ** 2, SQUARE)


def test_text_is_that_of_the_value_where_code_is_lifted() -> None:
    shown: list[str] = []

    def f(v: Any) -> Any:
        shown[:] = np.array_repr(v), np.array_str(v, 75, 2), np.array2string(v, precision=3)
        return np.sum(v)

    grad(f)(SQUARE)
    assert shown == [
        np.array_repr(SQUARE),
        np.array_str(SQUARE, 75, 2),
        np.array2string(SQUARE, precision=3),
    ]


@pytest.mark.parametrize("n", [2, 3, 4])
def test_views_by_strides_on_the_way_back(n: int) -> None:
    """Of a part and of the whole, in one direction and in several."""

    def f(v: Any) -> Any:
        rest = v[1:]
        windows = np.lib.stride_tricks.as_strided(rest, (n, 2), rest.strides * 2)
        return np.sum(windows**2 * [1.0, 10.0], axis=1)

    x = np.arange(1.0, 7)
    want = np.zeros((n, 6))
    for i in range(n):
        want[i, i + 1 : i + 3] = 2 * x[i + 1], 20 * x[i + 2]
    for mode in ("forward", "reverse"):
        np.testing.assert_array_equal(jacobian(f, mode=mode)(x), want)
    single = jacobian(lambda t: f(t * x), mode="forward")(np.ones(1))
    np.testing.assert_allclose(single[:, 0], want @ x, rtol=1e-15)
    slopes = lambda v: np.sum(jacobian(lambda u: f(u * u), mode="forward")(v))  # noqa: E731
    np.testing.assert_allclose(
        grad(slopes, mode="reverse")(x), grad(slopes, mode="forward")(x), rtol=1e-14
    )
    second = grad(lambda v: f(v) @ np.arange(1.0, n + 1))
    np.testing.assert_allclose(
        jacobian(second, mode="reverse")(x), jacobian(second, mode="forward")(x), rtol=1e-15
    )


def test_sets() -> None:
    a, b = np.array([3.0, 1.0, 2.0, 2.0]), np.array([2.0, 5.0, 3.0])
    slope = np.array([1.0, 10.0, 100.0, 1000.0])
    x, y = Dual(a, slope), Dual(b, slope[:3] / 1000)
    for result, value, tangent in (
        (np.union1d(x, y), [1, 2, 3, 5], [10, 100, 1, 0.01]),
        (np.intersect1d(x, y), [2, 3], [100, 1]),
        (np.setdiff1d(x, y), [1], [10]),
        (np.setxor1d(x, y), [1, 5], [10, 0.01]),
    ):
        assert result.primal.tolist() == value
        assert result.tangent.tolist() == tangent
    for f, once, value, tangent in (
        (np.setdiff1d, False, [1, 2], [10, 100]),
        (np.setdiff1d, True, [1, 2, 2], [10, 100, 1000]),
        (np.intersect1d, True, [3], [1]),
    ):
        result = f(x[:3] if f is np.intersect1d else x, y[1:], assume_unique=once)
        assert result.primal.tolist() == value
        assert result.tangent.tolist() == tangent
    common, i, j = np.intersect1d(a, y, return_indices=True)
    assert common.tolist() == [2, 3] and i.tolist() == [2, 0] and j.tolist() == [0, 2]


def test_duals_are_found_in_arrays_of_objects() -> None:
    x = np.array([1.0, Dual(2.0, 1.0)], object)
    assert has_duals(x) and has_duals([{"a": (1.0, x)}])
    assert not has_duals(x[:1]) and not has_duals(np.ones(2))


SCIMATH: dict[str, Any] = {
    **{
        name: getattr(np.emath, name)
        for name in ("sqrt", "log", "log2", "log10", "arcsin", "arccos", "arctanh")
    },
    "power": lambda x: np.emath.power(x, 0.5),
    "power of": lambda x: np.emath.power(-2, x),
    "logn": lambda x: np.emath.logn(2, x),
    "logn of": lambda x: np.emath.logn(x, -3),
}


@pytest.mark.parametrize("kind", [*"efdgFDG", "number"])
@pytest.mark.parametrize("name", SCIMATH)
def test_scimath_has_numpys_bits(name: str, kind: str) -> None:
    """NumPy makes complex numbers there of two precisions, of longdouble too, and arrays of all."""
    f = SCIMATH[name]
    for numbers in ([-0.3, 0.4], [1.5, -2.0], [0.2, 0.3], -0.5, 1.7, 0.2, -2.5):
        if kind == "number" and isinstance(numbers, list):
            continue
        x: Any = numbers if kind == "number" else np.array(numbers, kind)[()]
        with np.errstate(all="ignore"):
            want, got = f(x), jvp(f, (x,), (x,))[0]
        assert type(got) is type(want)
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)


def test_scimath() -> None:
    lib: Any = np.lib.scimath
    positive, negative = Dual(np.array([4.0]), np.ones(1)), Dual(np.array([-4.0]), np.ones(1))
    assert lib.sqrt(positive).tangent.dtype == float
    assert lib.sqrt(negative).tangent[0] == pytest.approx(0.25 / 1j)
    assert lib.log(negative).tangent[0] == pytest.approx(-0.25)
    assert lib.log10(negative).tangent[0] == pytest.approx(-0.25 / math.log(10))
    assert lib.log2(positive).tangent[0] == pytest.approx(0.25 / math.log(2))
    assert lib.logn(3, positive).tangent[0] == pytest.approx(0.25 / math.log(3))
    assert lib.power(negative, 0.5).tangent[0] == pytest.approx(0.25 / 1j)
    assert lib.power(positive, 0.5).tangent[0] == pytest.approx(0.25)
    assert lib.sqrt(Dual(np.array([0.25]), np.ones(1))).tangent.tolist() == [1.0]
    # above their cuts, where arccos(x + 0j) is -1j·arccosh(x) for x > 1
    points = np.array([4.0, 1.5, -4.0, 0.6])
    slopes = -1j / np.array([15**0.5, 1.25**0.5, -(15**0.5), 0.8j])
    for f, want in ((lib.arccos, slopes), (lib.arcsin, -slopes)):
        y = f(Dual(points, np.ones(4)))
        np.testing.assert_array_equal(y.primal, f(points))
        np.testing.assert_allclose(y.tangent, want, rtol=1e-14, atol=1e-15)
        assert f(Dual(points[3:], np.ones(1))).tangent.dtype == float
        one = f(Dual(np.array([1.5]), np.ones(1)))
        np.testing.assert_allclose(one.tangent, want[1:2], rtol=1e-14)


def test_refusals_name_an_alternative() -> None:
    x = Dual(SQUARE, np.ones((3, 3)))
    for call, message in (
        (lambda: np.save("file", x), "np.save cannot take duals; save x.primal and x.tangent"),
        (lambda: np.packbits(x), "np.packbits cannot take duals; they take integers"),
    ):
        with pytest.raises(TypeError, match=message):
            call()
    assert isinstance(x, DualArray)
