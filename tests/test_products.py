"""Products of vectors, matrices and tensors, in every form of their subscripts."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import (
    CUBE,
    MATRIX,
    SQUARE,
    VECTOR,
    Case,
    complex_slope,
    hold,
    hold_bits,
    steps,
    table,
)
from support.oracle import check, differences

from dualad import Dual, DualArray, grad, hessian, jacobian, jvp

PAIR = np.random.default_rng(8).normal(size=(4, 2))
STACK = np.random.default_rng(9).normal(size=(2, 4, 2))

CASES: dict[str, Case] = {
    "dot": Case(np.dot, MATRIX, PAIR),
    "dot of vectors": Case(np.dot, VECTOR, VECTOR + 1),
    "dot of stacks": Case(np.dot, CUBE, STACK),
    "dot of stack and vector": Case(np.dot, CUBE, VECTOR[:4]),
    "dot of vector and stack": Case(np.dot, VECTOR[:4], STACK),
    "dot of numbers": Case(np.dot, 2.0, MATRIX),
    "dot method": Case(lambda a, b: a.dot(b), MATRIX, PAIR),
    "inner": Case(np.inner, CUBE, MATRIX),
    "inner of vectors": Case(np.inner, VECTOR, VECTOR + 1),
    "inner of numbers": Case(np.inner, MATRIX, 3.0),
    "vdot": steps(np.vdot, MATRIX, MATRIX + 1),
    "outer": Case(np.outer, MATRIX, VECTOR),
    "linalg.outer": Case(np.linalg.outer, VECTOR, VECTOR[:2]),
    "tensordot": Case(lambda a, b: np.tensordot(a, b, ([1, 2], [0, 1])), CUBE, MATRIX),
    "tensordot crossed": Case(lambda a, b: np.tensordot(a, b, ((2, 0), (1, 0))), CUBE, STACK),
    "tensordot one": Case(lambda a, b: np.tensordot(a, b, 1), CUBE, PAIR),
    "tensordot axis": Case(lambda a, b: np.tensordot(a, b, (1, 0)), CUBE, MATRIX),
    "tensordot none": Case(lambda a, b: np.tensordot(a, b, 0), MATRIX, VECTOR),
    "linalg.tensordot": Case(lambda a, b: np.linalg.tensordot(a, b, axes=2), CUBE, MATRIX),
    "kron": Case(np.kron, MATRIX, CUBE),
    "kron of a vector": Case(np.kron, VECTOR, MATRIX),
    "kron of a cube": Case(np.kron, CUBE, VECTOR),
    "kron of numbers": Case(np.kron, 2.0, VECTOR),
    "cross": Case(lambda a, b: np.cross(a, b, axis=0), MATRIX, MATRIX * MATRIX),
    "cross of rows": Case(np.cross, SQUARE, VECTOR[:3]),
    "cross axes": Case(lambda a, b: np.cross(a, b, 1, 0, 2), CUBE, MATRIX[:, None, :]),
    "linalg.cross": Case(lambda a, b: np.linalg.cross(a, b, axis=1), CUBE, CUBE**2),
    "convolve": Case(lambda a, b: np.convolve(a, b, "same"), VECTOR, MATRIX[0]),
    "convolve numbers": Case(np.convolve, VECTOR, 2.0),
    "correlate": steps(lambda a, b: np.correlate(a, b, "full"), VECTOR, MATRIX[0]),
    "correlate long": steps(np.correlate, MATRIX[0], VECTOR),
    "trace": Case(lambda a: np.trace(a * a, 1, 2, 1), CUBE),
    "trace method": Case(lambda a: (a * a).trace(), SQUARE),
    "linalg.trace": Case(lambda a: np.linalg.trace(a * a, offset=-1), CUBE),
    "multi_dot": Case(
        lambda a, b, c, d: np.linalg.multi_dot([a, b, c, d]),
        *(VECTOR[:3], MATRIX, MATRIX.T.copy(), MATRIX),
    ),
    "multi_dot of matrices": Case(
        lambda a, b, c: np.linalg.multi_dot([a, b, c]), MATRIX, PAIR, PAIR.T.copy()
    ),
    "multi_dot to a number": Case(
        lambda a, b, c: np.linalg.multi_dot([a, b, c]), VECTOR[:3], MATRIX, VECTOR[:4]
    ),
    "multi_dot with constants": Case(
        lambda a: np.linalg.multi_dot([np.ones((2, 3)), np.ones((3, 3)), a]), MATRIX
    ),
    "linalg.cross of the last": Case(np.linalg.cross, np.stack([SQUARE, SQUARE.T + 1]), SQUARE**2),
    "matrix_power": Case(lambda a: np.linalg.matrix_power(a, 5), SQUARE),
    "matrix_power of a stack": Case(
        lambda a: np.linalg.matrix_power(a, 3), np.stack([SQUARE, SQUARE.T + 1])
    ),
    "matrix_power -2": Case(lambda a: np.linalg.matrix_power(a, -2), SQUARE + 3 * np.eye(3)),
    "matrix_power 1": Case(lambda a: np.linalg.matrix_power(a * a, 1), SQUARE),
    "matrix_power 0": Case(lambda a: np.linalg.matrix_power(a, 0), SQUARE),
    "linalg.matmul": Case(np.linalg.matmul, CUBE, PAIR),
    "matmul axes": Case(
        lambda a, b: np.matmul(a, b, axes=[(0, 1), (0, 1), (1, 2)]), CUBE, CUBE.reshape(3, 2, 4)
    ),
    "vecdot": steps(np.vecdot, CUBE, MATRIX),
    "vecdot axis": steps(lambda a, b: np.vecdot(a, b, axis=0, keepdims=True), CUBE, CUBE + 1),
    "vecdot axes": steps(lambda a, b: np.vecdot(a, b, axes=[1, 0, ()]), CUBE, MATRIX),
    "linalg.vecdot": steps(lambda a, b: np.linalg.vecdot(a, b, axis=1), CUBE, CUBE + 1),
    "einsum scalar operand": Case(lambda a, b: np.einsum(",ij->ji", a, b), 2.0, MATRIX),
    "einsum diagonal": Case(lambda a: np.einsum("ii->i", a * a), SQUARE),
    "einsum trace": Case(lambda a: np.einsum("ii", a * a), SQUARE),
    "einsum traces": Case(lambda a: np.einsum("...ii", a * a), np.stack([SQUARE, SQUARE + 1])),
    "einsum transposed": Case(lambda a: np.einsum("ba", a * a), MATRIX),
    "einsum sum": Case(lambda a: np.einsum("ij->", a * a), MATRIX),
    "einsum broadcast": Case(lambda a, b: np.einsum("...j, kj -> k...", a, b), CUBE, PAIR.T.copy()),
    "einsum ellipses": Case(lambda a, b: np.einsum("...,...", a, b), CUBE, MATRIX),
    "einsum lists": Case(lambda a, b: np.einsum(a, [0, 1, 2], b, [1, 2], [0]), CUBE, MATRIX),
    "einsum lists implicit": Case(lambda a, b: np.einsum(a, [2, 0], b, [0, 3]), MATRIX, PAIR),
    "einsum lists ellipsis": Case(
        lambda a, b: np.einsum(a, [..., 1], b, [1, 0], [..., 0]), CUBE, PAIR
    ),
    "einsum three": Case(lambda a, b, c: np.einsum("ij,jk,kl->il", a, b, c), MATRIX, PAIR, PAIR.T),
    "einsum optimized": Case(
        lambda a, b, c: np.einsum("ij,jk,kl->il", a, b, c, optimize=True), MATRIX, PAIR, PAIR.T
    ),
    "einsum optimal": Case(
        lambda a, b, c: np.einsum("ij,jk,kl->il", a, b, c, optimize="optimal"),
        *(MATRIX, PAIR, PAIR.T),
    ),
    "einsum path": Case(
        lambda a, b, c: np.einsum(
            "ij,jk,kl->il", a, b, c, optimize=["einsum_path", (0, 1), (0, 1)]
        ),
        *(MATRIX, PAIR, PAIR.T),
    ),
    "einsum with itself": Case(lambda a: np.einsum("ij,ij,kj->k", a, a, a), MATRIX),
}
if hasattr(np, "matvec"):
    CASES["matvec"] = Case(np.matvec, CUBE, VECTOR[:4])
    CASES["matvec axes"] = Case(
        lambda a, b: np.matvec(a, b, axes=[(0, 1), 0, 1]), CUBE, MATRIX.copy()
    )
    CASES["vecmat"] = steps(np.vecmat, VECTOR[:3], CUBE)


@table(CASES)
def test_everything(case: Case) -> None:
    hold(case, by_blas=True)


# -- einsum --------------------------------------------------------------------------------

LENGTHS = {"i": 2, "j": 3, "k": 4, "l": 1}


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_subscripts(data: Any) -> None:
    letters = st.text("ijkl", max_size=3)
    terms = data.draw(st.lists(letters, min_size=1, max_size=3))
    present = sorted(set("".join(terms)))
    text = ",".join(terms)
    if data.draw(st.booleans()):
        text += "->" + "".join(data.draw(st.permutations(present)))[: data.draw(st.integers(0, 4))]
    optimize = data.draw(st.sampled_from([False, True]))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    arrays = [random.normal(size=[LENGTHS[c] for c in term]) for term in terms]

    def f(*xs: Any) -> Any:
        return np.einsum(text, *xs, optimize=optimize)

    check(f, *arrays, second=False, rtol=1e-11)
    hold_bits(Case(f, *arrays), by_blas=True)
    index = {c: "ijkl".index(c) for c in "ijkl"}
    given_terms, arrow, result = text.partition("->")
    pairs: list[Any] = []
    for array, term in zip(arrays, given_terms.split(","), strict=True):
        pairs += [Dual(array, array), [index[c] for c in term]]
    if arrow:
        pairs.append([index[c] for c in result])
    listed, named = np.einsum(*pairs), f(*(Dual(a, a) for a in arrays))
    np.testing.assert_allclose(listed.primal, named.primal, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(listed.tangent, named.tangent, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("text", ["ij,jk", "ij,jk->ik", "ij,kj->i", "ij,ij", "ij,ij,ij->i"])
@pytest.mark.parametrize("optimize", [False, True])
def test_axes_of_length_1_stretch_in_einsum(text: str, optimize: bool, mode: Any) -> None:
    """Also where the other operand has that axis in full."""
    count = text.partition("->")[0].count(",") + 1
    for thin in range(count):

        def f(x: Any, thin: int = thin) -> Any:
            parts = [x[:, :1] if i == thin else x for i in range(count)]
            return np.einsum(text, *parts, optimize=optimize)

        x = SQUARE[:2, :2]
        try:
            want = f(x)
        except ValueError:  # NumPy does not stretch it in this place
            continue
        first, *_ = differences(f, [x], [np.eye(2)])
        value, slope = jvp(f, (x,), (np.eye(2),))
        np.testing.assert_array_equal(value, want)
        np.testing.assert_allclose(slope, first, rtol=1e-6)
        rows = jacobian(f, mode=mode)(x)
        np.testing.assert_allclose(np.tensordot(rows, np.eye(2)), slope, rtol=1e-12)


def test_einsum_gives_views_where_numpy_does() -> None:
    """A diagonal or a transpose of one operand is a view, of value and tangent."""
    for text in ("ii->i", "ij->ji", "ij"):
        plain = SQUARE.copy()
        np.einsum(text, plain)[...] = 0.0
        x = Dual(SQUARE, np.ones((2, 3, 3)))
        y = np.einsum(text, x)
        y[...] = 0.0
        np.testing.assert_array_equal(x.primal, plain)
        np.testing.assert_array_equal(x.tangent, np.ones((2, 3, 3)) * (plain != 0))


def test_einsum_path_and_out() -> None:
    x = Dual(MATRIX, MATRIX)
    plan = np.einsum_path("ij,jk->ik", x, PAIR)
    assert plan[0] == np.einsum_path("ij,jk->ik", MATRIX, PAIR)[0]
    out = np.zeros_like(x)
    assert np.einsum("ij->ij", x, out=out) is out
    np.testing.assert_array_equal(out.tangent, MATRIX)
    np.testing.assert_array_equal(np.einsum("ij->ij", MATRIX, out=out).tangent, 0 * MATRIX)
    with pytest.raises(TypeError, match="cannot hold derivatives"):
        np.einsum("ij->ij", x, out=np.zeros((3, 4)))


# -- the rest ------------------------------------------------------------------------------


@given(
    st.lists(st.integers(1, 3), min_size=2, max_size=3),
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
)
@settings(max_examples=30, deadline=None)
def test_dot_and_matmul_in_any_shape(m: list[int], n: list[int]) -> None:
    random = np.random.default_rng(len(m))
    n = [*n[:-2], m[-1], *n[-1:]] if len(n) > 1 else [m[-1]]
    a, b = random.normal(size=m), random.normal(size=n)
    check(np.dot, a, b, second=False)
    check(lambda x, y: np.inner(x, np.moveaxis(y, max(len(n) - 2, 0), -1)), a, b, second=False)
    if len(n) < 3 or n[0] == m[0] or len(m) < 3:
        check(np.matmul, a, b, second=False)


def test_multi_dot_takes_the_cheapest_order(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, ...]] = []
    dot = np.dot

    def record(a: Any, b: Any) -> Any:
        calls.append((*a.shape, b.shape[1]))
        return dot(a, b)

    shapes = (10, 100, 5, 50, 1)
    factors = [Dual(np.ones(s), np.ones(s)) for s in pairwise(shapes)]
    monkeypatch.setattr(np, "dot", record)
    y = np.linalg.multi_dot(factors)
    assert sum(a * b * c for a, b, c in calls) == 5 * 50 + 100 * 5 + 10 * 100
    assert y.shape == (10, 1) and y.primal[0, 0] == 100 * 5 * 50


def test_complex() -> None:
    for f in (
        np.dot,
        np.vdot,
        np.inner,
        np.outer,
        np.kron,
        np.convolve,
        lambda a, b: np.correlate(a, b, "full"),
        lambda a, b: np.correlate(b, a, "same"),
        np.vecdot,
        np.linalg.vecdot,
        lambda a, b: np.einsum("i,i", a, b),
    ):
        complex_slope(f, VECTOR, VECTOR**2 + 1j * VECTOR[::-1])
    complex_slope(lambda a: np.linalg.matrix_power(a, 3), SQUARE)
    complex_slope(lambda a: np.trace(a), SQUARE)
    if hasattr(np, "vecmat"):
        complex_slope(np.vecmat, VECTOR[:3] * 1j, SQUARE)
        complex_slope(np.matvec, SQUARE, VECTOR[:3] * 1j)


def test_vectors_of_two_elements_cross() -> None:
    a, b = Dual(np.array([1.0, 2.0]), np.array([1.0, 0.0])), np.array([3.0, 5.0])
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # NumPy's own
        try:
            np.cross(a.primal, b)
        except ValueError as error:  # from NumPy 2.5 on
            with pytest.raises(ValueError, match=re.escape(str(error))):
                np.cross(a, b)
            return
        y, other = np.cross(a, b), np.cross(a, np.array([3.0, 5, 7]))
    assert y.primal == -1.0 and y.tangent == 5.0
    assert other.tangent.tolist() == [0, -7, 5]


def test_all_must_carry_the_same_directions() -> None:
    one, three = Dual(VECTOR, VECTOR), Dual(VECTOR, np.ones((3, 5)))
    single = Dual(VECTOR, VECTOR[None])
    for f in (
        np.dot,
        np.convolve,
        np.outer,
        np.interp,
        lambda a, b: np.einsum("i,i", a, b),
        lambda a, b: np.where(VECTOR > 0, a, b),
        lambda a, b: np.choose([0, 1, 0, 1, 0], [a, b]),
        lambda a, b: np.concatenate([a, b]),
        lambda a, b: np.linspace(a, b, 3),
        lambda a, b: np.max(a, initial=b[0]),
        lambda a, b: np.average(a, weights=b**2),
        lambda a, b: np.diff(a, append=b),
    ):
        for pair in ((one, three), (three, one), (single, three), (one, single)):
            args = pair if f is not np.interp else (pair[0], np.arange(5.0), pair[1])
            with pytest.raises(ValueError, match="give both the same number of directions"):
                f(*args)


def test_mixed_operands() -> None:
    x = Dual(VECTOR[:3], np.eye(3))
    rows = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    np.testing.assert_array_equal(np.dot(rows, x).tangent.T, rows)
    np.testing.assert_array_equal(np.matmul(rows, x).tangent.T, rows)
    np.testing.assert_array_equal(np.einsum("ij,j", rows, x).tangent.T, rows)
    objects = np.array(rows, object)
    objects[0, 0] = Dual(2.0, np.ones(3))
    y = np.dot(objects, x)
    assert isinstance(y, DualArray) and y.primal[0] == rows[0] @ x.primal + x.primal[0]
    n = Dual(2.0, 1.0)
    np.testing.assert_array_equal(np.kron(n, VECTOR).tangent, VECTOR)
    np.testing.assert_array_equal(np.dot([n, 1.0], Dual(np.ones(2), np.zeros(2))).tangent, 1.0)


def test_hessian_of_a_quadratic_form() -> None:
    forms: list[Callable[[Any], Any]] = [
        lambda v: v @ SQUARE @ v,
        lambda v: np.dot(v, np.dot(SQUARE, v)),
        lambda v: np.einsum("i,ij,j", v, SQUARE, v),
        lambda v: np.linalg.multi_dot([v, SQUARE, v]),
        lambda v: np.inner(np.inner(SQUARE, v), v),
        lambda v: np.vecdot(v, np.matmul(SQUARE, v)),
        lambda v: np.tensordot(SQUARE, np.outer(v, v), 2),
    ]
    x = VECTOR[:3]
    for f in forms:
        np.testing.assert_allclose(grad(f)(x), (SQUARE + SQUARE.T) @ x, rtol=1e-12)
        np.testing.assert_allclose(hessian(f)(x), SQUARE + SQUARE.T, rtol=1e-12)


def test_empty_products() -> None:
    none = Dual(np.zeros((2, 0)), np.zeros((3, 2, 0)))
    for f in (
        lambda a: np.dot(a, a.T),
        lambda a: np.einsum("ij,kj->ik", a, a),
        lambda a: np.tensordot(a, a, (1, 1)),
        lambda a: np.inner(a, a),
    ):
        y = f(none)
        assert y.shape == (2, 2) and y.tangent.shape == (3, 2, 2) and not y.tangent.any()
    assert np.kron(none, none).shape == (4, 0)
    assert jacobian(lambda v: np.outer(v, v))(np.zeros(0)).shape == (0, 0, 0)


X = Dual(MATRIX, MATRIX)

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "outer": (
        lambda: np.linalg.outer(X, X),
        ValueError,
        "arrays of one axis, got 2 and 2; np.outer flattens",
    ),
    "tensordot": (
        lambda: np.tensordot(X, X, 1),
        ValueError,
        r"axes of the same length; got \(4,\) and \(3,\)",
    ),
    "dot": (lambda: np.dot(X, X), ValueError, "not aligned"),
    "cross": (lambda: np.cross(X, X), ValueError, "vectors of 3 elements, got 4 and 4"),
    "linalg.cross": (lambda: np.linalg.cross(X[:, :2], X[:, :2]), ValueError, "got 2 and 2"),
    "multi_dot": (lambda: np.linalg.multi_dot([X]), ValueError, "two arrays or more, got 1"),
    "multi_dot axes": (
        lambda: np.linalg.multi_dot([X, X[0], X]),
        np.linalg.LinAlgError,
        "takes matrices; the first and the last may be vectors",
    ),
    "matrix_power": (
        lambda: np.linalg.matrix_power(X, 2),
        np.linalg.LinAlgError,
        r"square matrices, got shape \(3, 4\)",
    ),
    "matrix_power float": (
        lambda: np.linalg.matrix_power(X[:, :3], 2.5),
        TypeError,
        "a whole number as exponent, got 2.5",
    ),
    "einsum": (lambda: np.einsum("ij,jk", X), ValueError, "got 1 arrays for 2 terms"),
    "einsum axes": (lambda: np.einsum("ijk", X), ValueError, "einst"),
    "convolve": (lambda: np.convolve(X, X), ValueError, "too deep"),
    "whole numbers": (lambda: np.trace(X, dtype=int), TypeError, "would lose the derivatives"),
}


@pytest.mark.parametrize(("call", "kind", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()


def _laid(a: Any, layout: str) -> Any:
    """The same shape, otherwise in memory."""
    match layout:
        case "reversed":
            return a[::-1]
        case "gaps":
            return np.repeat(a, 2, -1)[..., ::2]
        case "F":
            return np.asfortranarray(a)
        case "broadcast":
            return np.broadcast_to(a[:1], a.shape)
    return a


PRODUCTS: list[Any] = [np.dot, np.matmul, np.inner, lambda a, b: np.tensordot(a, b, 1), np.vdot]


@pytest.mark.parametrize("dtype", [float, complex, np.float32])
def test_products_have_numpys_bits_in_every_layout(dtype: Any) -> None:
    """For each, NumPy chooses among functions of BLAS and loops of its own, which round otherwise."""
    rng = np.random.default_rng(5)
    scale = 1 + 0.3j if dtype is complex else 1.0
    for n, m in itertools.product(((5,), (5, 5)), repeat=2):
        for layouts in itertools.product(("C", "reversed", "gaps", "F", "broadcast"), repeat=2):
            a, b = (
                _laid((rng.normal(size=s) * scale).astype(dtype), layout)
                for s, layout in zip((n, m), layouts, strict=True)
            )
            for f in PRODUCTS if n == m else PRODUCTS[:-1]:
                want = f(a, b)
                for got in (
                    jvp(f, (a, b), (a, b))[0],
                    jvp(lambda a, f=f, b=b: f(a, b), (a,), (a,))[0],
                    jvp(lambda b, f=f, a=a: f(a, b), (b,), (b,))[0],
                ):
                    assert type(got) is type(want), (f, n, m, layouts)
                    assert np.array_equal(got, want), (f, n, m, layouts)
