"""The calls that scripts make most often on small arrays: compiled and readable say the same."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support import both

import dualad
from dualad.memory import copied

V = np.array([0.3, -1.7, 0.8, 2.5, 0.1, -0.4])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -0.7]])
PLACES, MASK = np.array([2, 0, 2]), np.array([True, False, True, True, False, False])

# Of a vector x and a matrix m, both duals.
CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "reshape": lambda x, m: np.reshape(x, (2, 3)),
    "reshape to a copy": lambda x, m: np.reshape(m, -1),
    "x.reshape": lambda x, m: x.reshape(3, -1),
    "columns first": lambda x, m: np.reshape(m, 6, order="F"),
    "ravel": lambda x, m: m.ravel(),
    "flatten": lambda x, m: m.flatten(),
    "transpose": lambda x, m: np.transpose(m, (1, 0)),
    "x.T": lambda x, m: x.T,
    "m.T": lambda x, m: m.T,
    "swapaxes": lambda x, m: np.swapaxes(m, 0, -1),
    "moveaxis": lambda x, m: np.moveaxis(m, 0, 1),
    "expand_dims": lambda x, m: np.expand_dims(x, 1),
    "squeeze": lambda x, m: np.squeeze(x[None]),
    "squeeze nothing": lambda x, m: np.squeeze(x),
    "flip": lambda x, m: np.flip(m, 1),
    "rot90": lambda x, m: np.rot90(m),
    "roll": lambda x, m: np.roll(m, 1, axis=1),
    "concatenate": lambda x, m: np.concatenate([x, V, 2 * x]),
    "concatenate columns": lambda x, m: np.concatenate((m, M), axis=-1),
    "concatenate all": lambda x, m: np.concatenate([x, m], axis=None),
    "concatenate with numbers": lambda x, m: np.concatenate([[1.0, 2], x, [x[0]]]),
    "concatenate with integers": lambda x, m: np.concatenate([np.arange(2), x]),
    "stack": lambda x, m: np.stack([x, V, x], axis=1),
    "vstack": lambda x, m: np.vstack([m, M[0]]),
    "hstack": lambda x, m: np.hstack([x, 1.0, x[1]]),
    "column_stack": lambda x, m: np.column_stack([x, V]),
    "array": lambda x, m: np.stack([x, x * x]),
    "repeat": lambda x, m: np.repeat(m, 2, axis=1),
    "tile": lambda x, m: np.tile(x, (2, 1)),
    "take": lambda x, m: np.take(m, PLACES, axis=1),
    "diag": lambda x, m: np.diag(x),
    "diagonal": lambda x, m: np.diag(m, 1),
    "triu": lambda x, m: np.triu(m),
    "broadcast_to": lambda x, m: np.broadcast_to(x, (2, 6)),
    "delete": lambda x, m: np.delete(x, 1),
    "cumsum": lambda x, m: np.cumsum(x),
    "sum": lambda x, m: np.sum(x),
    "x.sum": lambda x, m: m.sum(),
    "sum of rows": lambda x, m: m.sum(axis=1),
    "sum of both": lambda x, m: m.sum(axis=(0, 1)),
    "sum that keeps": lambda x, m: np.sum(m, axis=-2, keepdims=True),
    "mean": lambda x, m: x.mean(),
    "mean of columns": lambda x, m: np.mean(m, axis=0),
    "max": lambda x, m: x.max(),
    "max of columns": lambda x, m: np.max(m, axis=0),
    "min that keeps": lambda x, m: np.min(m, axis=1, keepdims=True),
    "max of ties": lambda x, m: np.max(np.concatenate([x, x])),
    "where": lambda x, m: np.where(V > 0, x, 2 * x),
    "where zero": lambda x, m: np.where(M > 0, m, 0.0),
    "where broadcast": lambda x, m: np.where(M > 0, m, m[0]),
    "where x > 0": lambda x, m: np.where(x > 0, x, -x),
    "clip": lambda x, m: np.clip(x, -0.5, 1.0),
    "x.clip": lambda x, m: m.clip(0.0, None),
    "clip at a bound": lambda x, m: np.clip(x, 0.3, 1.0),
    "clip between equals": lambda x, m: np.clip(x, 0.3, 0.3),
    "places": lambda x, m: x[PLACES],
    "rows": lambda x, m: m[np.array([1, 0, 1])],
    "places in a matrix": lambda x, m: x[np.array([[0, 1], [5, -1]])],
    "mask": lambda x, m: x[MASK],
    "mask of a matrix": lambda x, m: m[M > 0],
    "a list of places": lambda x, m: x[[0, -1, 0]],
    "x[x > 0]": lambda x, m: x[x > 0],
    "x[argmax]": lambda x, m: x[np.nanargmax(x)],
    "a row found": lambda x, m: m[np.argmax(M[:, 0])],
    "an element found": lambda x, m: m[np.int64(1), np.int64(-1)],
    "zeros_like": lambda x, m: np.zeros_like(m),
    "ones_like": lambda x, m: np.ones_like(x),
    "einsum": lambda x, m: np.einsum("ij,j->i", m, x[:3]),
    "einsum to a number": lambda x, m: np.einsum("i,i->", x, x),
    "einsum with a constant": lambda x, m: np.einsum("ij,kj->ik", M, m),
    "norm": lambda x, m: np.linalg.norm(x),
    "norms of rows": lambda x, m: np.linalg.norm(m, axis=1),
    "norms of columns": lambda x, m: np.linalg.norm(m, axis=0),
    "norms that keep": lambda x, m: np.linalg.norm(m, axis=-1, keepdims=True),
    "interp": lambda x, m: np.interp(x, np.linspace(-2, 3, 7), np.arange(7.0) ** 2),
    "interp at a point": lambda x, m: np.interp(x, [-2.0, 0.3, 3.0], np.array([1.0, 2.0, 0.0])),
    "interp at a point of an array": lambda x, m: np.interp(
        x, np.array([-2.0, 0.3, 3.0]), np.array([1.0, 2.0, 0.0])
    ),
    "interp of one": lambda x, m: np.interp(x[2], np.linspace(-2, 3, 7), np.arange(7.0) ** 2),
    "interp beyond": lambda x, m: np.interp(m, np.linspace(-2, 1, 7), np.arange(7.0) ** 2),
    "interp of whole numbers": lambda x, m: np.interp(x, [-2.0, 0, 3], [1.0, 2.0, 0.0]),
    "hypot": lambda x, m: np.hypot(x, 2.0),
    "arctan2": lambda x, m: np.arctan2(x, x * x),
    "shape": lambda x, m: (np.shape(m), np.ndim(m), np.size(m)),
    "clip of a sum": lambda x, m: x.sum().clip(0.0, 9.0),
    "clip of a number": lambda x, m: x[0].clip(0.0),
    "clip of no axes": lambda x, m: np.clip(x[:1].reshape(()), 0.0, 9.0),
    "clip by itself": lambda x, m: np.clip(x, x, x),
    "prod": lambda x, m: np.prod(x),
    "x.prod": lambda x, m: m.prod(),
    "prod of large parts": lambda x, m: np.prod(np.array([1e200, 1e-200, 1e200, 1e-200, 1, 1]) * x),
    "prod with zeros": lambda x, m: np.prod(np.where(V > 0, x, 0.0)),
    "cumprod": lambda x, m: np.cumprod(x),
    "cumprod of five": lambda x, m: np.cumprod(x[:5]),
    "cumprod of small parts": lambda x, m: np.cumprod(
        np.array([1e-200, 1e-100, 1e200, 1, 1, 1]) * x
    ),
    "sort": lambda x, m: np.sort(x),
    "sort of rows": lambda x, m: np.sort(m),
    "median": lambda x, m: np.median(x),
    "median of odd": lambda x, m: np.median(x[:5]),
    "median of all": lambda x, m: np.median(m),
    "det of two": lambda x, m: np.linalg.det(m[:, :2]),
    "det of three": lambda x, m: np.linalg.det(np.vstack([m, x[:3]])),
    "det of four": lambda x, m: np.linalg.det(np.outer(x[:4], x[:4]) + 3 * np.eye(4)),
    "det of a singular one": lambda x, m: np.linalg.det(np.outer(x[:3], x[:3])),
    "trace": lambda x, m: np.trace(m),
    "average": lambda x, m: np.average(x),
    "average of columns": lambda x, m: np.average(m, axis=0),
    "var": lambda x, m: x.var(),
    "std": lambda x, m: np.std(x),
    "std of equal ones": lambda x, m: np.std(x[[1, 1, 1]]),
    "var of columns": lambda x, m: np.var(m, axis=0),
    "vdot": lambda x, m: np.vdot(x, x[::-1]),
    "vdot of matrices": lambda x, m: np.vdot(m, M),
    "inner": lambda x, m: np.inner(x, V),
    "inner of matrices": lambda x, m: np.inner(m, M),
    "tensordot": lambda x, m: np.tensordot(m, x[:3], 1),
    "tensordot of vectors": lambda x, m: np.tensordot(x, x, 1),
    "outer by tensordot": lambda x, m: np.tensordot(x, V, 0),
    "kron": lambda x, m: np.kron(x, x[:2]),
    "convolve": lambda x, m: np.convolve(x, [1.0, -2.0, 0.5]),
    "convolve a list": lambda x, m: np.convolve([1.0, 2.0], x),
    "convolve two": lambda x, m: np.convolve(x, x[:3], "same"),
    "correlate": lambda x, m: np.correlate(x, V[:3], "full"),
    "einsum of three": lambda x, m: np.einsum("ij,kj->ik", m, m),
    "einsum of a diagonal": lambda x, m: np.einsum("ii,i->i", m[:, :2], x[:2]),
    "a list of places again": lambda x, m: x[[2, 1]],
    "sign": lambda x, m: (np.sign(x), np.floor(m), np.ceil(x), np.trunc(x), np.rint(x)),
    "round": lambda x, m: (np.round(x, 1), np.around(m)),
    "argmax": lambda x, m: (np.argmax(x), np.argmin(m, axis=1), np.argsort(x), x.argmax()),
    "all": lambda x, m: (np.all(x), np.any(m > 0, axis=0), np.count_nonzero(x)),
    "isnan": lambda x, m: [f(x) for f in (np.isnan, np.isfinite, np.isinf, np.signbit)],
}
for _f in (
    *(np.sum, np.max, np.ravel, np.transpose, np.squeeze),
    *(np.copy, np.zeros_like, np.cumsum, np.atleast_1d),
):
    CALLS[f"{_f.__name__} of no axes"] = lambda x, m, f=_f: f(x[:1].reshape(()))
for _compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
    CALLS[f"{_compare.__name__} a number"] = lambda x, m, f=_compare: f(x, 0.3)
    CALLS[f"{_compare.__name__} an array"] = lambda x, m, f=_compare: f(V[::-1], x)
    CALLS[f"{_compare.__name__} a dual"] = lambda x, m, f=_compare: f(x, x[::-1])

TYPES = (np.float64, np.float32)
# How an array is laid out, by what it is a view of.
LAYOUTS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "as it is": (lambda a: a, lambda a: a),
    "in gaps": (lambda a: np.repeat(a, 2, axis=-1), lambda a: a[..., ::2]),
    "backwards": (lambda a: a[..., ::-1].copy(), lambda a: a[..., ::-1]),
    "columns first": (lambda a: a.T.copy(), lambda a: a.T),
}
SPECIAL: dict[str, Callable[[Any], Any]] = {
    "regular": lambda a: a,
    "ties and zeros": np.round,
    "not finite": lambda a: np.where(a == a.max(), np.inf, np.where(a == a.min(), np.nan, a)),
}
DIRECTIONS = ((), (1,), (3,))


def inputs(package: Any, dtype: Any, layout: str, special: str, k: tuple[int, ...]) -> list[Any]:
    """The duals x and m."""
    random, (spread, view) = np.random.default_rng(7), LAYOUTS[layout]
    whole = [spread(SPECIAL[special](a).astype(dtype)) for a in (V, M)]
    return [view(package.Dual(a, random.normal(size=k + a.shape).astype(dtype))) for a in whole]


def numbers(x: Any) -> Any:
    """A result by what both packages share, -0.0 like 0.0."""
    if isinstance(x, (dualad.Dual, both.pure.Dual)):
        return type(x).__name__, numbers(x.primal), numbers(x.tangent)
    if isinstance(x, np.ndarray):
        return both.bits(x + 0.0 if x.dtype.kind == "f" else x)
    return [numbers(part) for part in x] if isinstance(x, (list, tuple)) else both.bits(x)


@pytest.mark.parametrize("name", CALLS)
def test_both_say_the_same_and_numpy_the_value(name: str) -> None:
    call = CALLS[name]
    for given in itertools.product(TYPES, LAYOUTS, SPECIAL, DIRECTIONS):
        duals = [inputs(package, *given) for package in both.PACKAGES]
        with np.errstate(all="ignore"):
            found = [call(*each) for each in duals]
            plain = call(*(x.primal for x in duals[0]))
        assert numbers(found[0]) == numbers(found[1]), given
        value = getattr(found[0], "primal", found[0])
        assert numbers(value) == numbers(plain), given


@pytest.mark.parametrize("name", CALLS)
def test_what_is_a_view_is_one_with_its_tangent(name: str) -> None:
    call = CALLS[name]
    for layout, k in itertools.product(LAYOUTS, DIRECTIONS):
        x, m = inputs(dualad, np.float64, layout, "regular", k)
        bases = [copied(a.primal) for a in (x, m)]
        y, plain = call(x, m), call(*bases)
        if not isinstance(plain, np.ndarray) or not isinstance(y, dualad.DualArray):
            continue
        is_view = any(np.may_share_memory(plain, v) for v in bases)
        assert is_view == any(np.may_share_memory(y.primal, a.primal) for a in (x, m))
        assert is_view == any(np.may_share_memory(y.tangent, a.tangent) for a in (x, m))
        assert y.flags.writeable == plain.flags.writeable
        if is_view and y.flags.writeable:
            y[...] = dualad.Dual(np.full(y.shape, 9.0), np.full(k + y.shape, 8.0))
            plain[...] = 9.0
            for a, v in zip((x, m), bases, strict=True):
                np.testing.assert_array_equal(a.primal, v)
                is_written = np.broadcast_to(v == 9.0, k + v.shape)
                np.testing.assert_array_equal(a.tangent == 8.0, is_written)


def test_the_gradient_is_the_same_backward() -> None:
    for name, call in CALLS.items():
        if isinstance(call(V, M), (list, tuple)) or np.asarray(call(V, M)).dtype == bool:
            continue

        def f(x: Any, m: Any, call: Any = call) -> Any:
            y = call(x, m)
            return np.sum(y * np.cos(np.arange(1.0, np.size(y) + 1)).reshape(np.shape(y)))

        forward, back = (dualad.grad(f, (0, 1), mode=mode)(V, M) for mode in ("forward", "reverse"))
        for a, b in zip(forward, back, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13, err_msg=name)


def test_a_search_in_an_array_is_noticed() -> None:
    def bisect(a: Any) -> Any:
        low, high = np.zeros(2), np.full(2, 4.0)
        for _ in range(60):
            middle = (low + high) / 2
            is_below = middle * middle < a
            low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
        return low

    with pytest.raises(TypeError, match="search"):
        dualad.jacobian(bisect)(np.array([2.0, 3.0]))


def test_tangents_are_what_differences_give() -> None:
    along, h = [np.cos(np.arange(a.size) + 1.0).reshape(a.shape) for a in (V, M)], 2.0**-18
    for name, call in CALLS.items():
        plain = call(V, M)
        if isinstance(plain, (list, tuple)) or np.asarray(plain).dtype == bool or "like" in name:
            continue
        tangent = dualad.jvp(call, (V, M), tuple(along))[1]
        right, left = (
            call(*(a + s * h * t for a, t in zip((V, M), along, strict=True))) for s in (1, -1)
        )
        if np.shape(right) == np.shape(left):
            difference = (right - left) / (2 * h)
            np.testing.assert_allclose(tangent, difference, rtol=1e-8, atol=1e-8, err_msg=name)
