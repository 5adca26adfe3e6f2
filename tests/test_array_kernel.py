"""The compiled way for arrays says what the readable one says, to the last bit."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from support import both

from dualad import Dual, DualArray, kernel_info
from dualad.dual import apply
from dualad.kernel import ARRAY_KERNEL
from dualad.rules import table
from dualad.table import RULES
from dualad.zeros import is_finite

pytestmark = pytest.mark.skipif(
    not kernel_info().in_use, reason="there is no compiled kernel to compare with"
)
ROWS = [r for r in table() if r.is_compilable and len(r.args) <= 2 and None not in r.slopes]
RANDOM = np.random.default_rng(5)
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 1e300, -1e300, 1e-310, np.inf, -np.inf, np.nan, 3.0, 0.5])
SPECIAL_FLOAT32 = np.array(
    [0.0, -0.0, 1.0, -1.0, 3e38, -3e38, 1e-40, np.inf, -np.inf, np.nan, 3.0, 0.5], np.float32
)


TYPES = (np.float64, np.float32)


def samples(rule: Any, shape: tuple[int, ...], dtype: Any = float) -> list[Any]:
    return [RANDOM.uniform(low, high, shape).astype(dtype) for low, high in rule.over]


def duals(values: list[Any], k: tuple[int, ...]) -> list[Any]:
    return [Dual(v, RANDOM.normal(size=k + np.shape(v)).astype(v.dtype)) for v in values]


def strides(x: Any) -> list[int]:
    """Where the elements lie in memory; steps along axes with fewer than two of them are void."""
    return [step for step, n in zip(x.strides, x.shape, strict=True) if n > 1] if x.size else []


def same_bits(a: Any, b: Any) -> bool:
    return bool(
        type(a) is type(b) is DualArray
        and a.level == b.level
        and all(
            x.dtype == y.dtype
            and x.shape == y.shape
            and strides(x) == strides(y)
            and np.array_equal(x, y, equal_nan=True)
            and np.array_equal(np.signbit(x)[x == x], np.signbit(y)[y == y])
            for x, y in ((a.primal, b.primal), (a.tangent, b.tangent))
        )
    )


def agree(rule: Any, *args: Any) -> bool:
    """Hold both against each other; False if the kernel leaves it to the readable way."""
    assert ARRAY_KERNEL is not None
    with np.errstate(all="ignore"):
        compiled = ARRAY_KERNEL.on_arrays(rule, args)
        if compiled is None:
            return False
        readable = apply.__wrapped__(rule, args)  # type: ignore[attr-defined]
    assert same_bits(compiled, readable), (rule, args, compiled, readable)
    return True


LAYOUTS = {
    "a vector": lambda x: x[0],
    "every second": lambda x: x[0, ::2],
    "backwards": lambda x: x[1, ::-1],
    "a matrix": lambda x: x,
    "a column": lambda x: x[:, 1],
    "part of a matrix": lambda x: x[:, 1:4],
    "transposed": lambda x: x.T,
    "empty": lambda x: x[:, :0],
    "three axes": lambda x: x.reshape(2, 2, 6)[:, ::-1, 1::2],
    "axes exchanged": lambda x: x.reshape(2, 2, 6).swapaxes(0, 1),
}
VIEWS = ("nan_to_num", "real")  # their slopes are integers, or their values views


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("rule", ROWS, ids=lambda r: r.name)
def test_every_row_in_every_layout(rule: Any, layout: str, dtype: Any) -> None:
    used = 0
    for k in ((), (1,), (3,), (0,)):
        x = [LAYOUTS[layout](d) for d in duals(samples(rule, (4, 6), dtype), k)]
        used += agree(rule, *x)
        if len(x) == 2:
            used += agree(rule, x[0], x[1].primal) + agree(rule, x[0].primal, x[1])
            used += agree(rule, x[0], float(rule.over[1][0])) + agree(rule, 1.5, x[1])
            used += agree(rule, x[0], 2) + agree(rule, 2, x[1])
            for number in (np.float64(2.0), np.float32(2.0), np.array(2.0, dtype)):
                used += agree(rule, x[0], number) + agree(rule, number, x[1])
    assert used or rule.name in VIEWS or (rule.name in ("erf", "erfc") and dtype is np.float32)


SHAPES = {
    "a row": ((4, 3), (3,)),
    "a column": ((4, 3), (4, 1)),
    "an outer product": ((4, 1), (1, 3)),
    "a number": ((4, 3), ()),
    "one element": ((4, 3), (1,)),
    "in the middle": ((2, 4, 3), (2, 1, 3)),
    "three axes": ((2, 1, 3), (4, 1)),
    "axes of one element": ((1, 3), (3,)),
    "more of them": ((1, 1, 3), (1, 3)),
    "nothing": ((0, 3), (1, 3)),
}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("rule", [r for r in ROWS if len(r.args) == 2], ids=lambda r: r.name)
def test_every_row_broadcasts(rule: Any, shapes: str, dtype: Any) -> None:
    used = 0
    for one, other in (SHAPES[shapes], SHAPES[shapes][::-1]):
        for k in ((), (1,), (3,)):
            for turn in (lambda x: x, lambda x: x.T if x.ndim == 2 else x):
                a, b = samples(rule, one, dtype)[0], samples(rule, other, dtype)[1]
                if turn(np.empty(one)).shape != one:  # the same shape, the other order
                    a = np.asfortranarray(a)
                x, y = duals([a, b], k)
                used += agree(rule, x, y) + agree(rule, x, b) + agree(rule, a, y)
    assert used or (rule.name == "_powlog" and dtype is np.float32)  # its values are float64


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("rule", [r for r in ROWS if len(r.args) == 2], ids=lambda r: r.name)
def test_numbers_with_tangents_beside_arrays(rule: Any, dtype: Any) -> None:
    used = 0
    for k in ((), (1,), (3,), (20,)):
        a, b = samples(rule, (4, 6), dtype)
        x, y = duals([a, b], k)
        for kind in (float, np.float64):
            low, high = (
                Dual(kind(over[0]), RANDOM.normal(size=k) if k else 0.75) for over in rule.over
            )
            used += agree(rule, low, y) + agree(rule, low, b)
            used += agree(rule, x, high) + agree(rule, a, high)
    assert used


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("rule", ROWS, ids=lambda r: r.name)
def test_every_row_at_special_values(rule: Any, dtype: Any) -> None:
    special = SPECIAL.astype(dtype) if dtype is np.float64 else SPECIAL_FLOAT32
    for k in ((), (2,)):
        for other in special:
            tangent = np.where(RANDOM.random(k + special.shape) < 0.5, dtype(0), special)
            x, y = Dual(special, tangent), Dual(np.full_like(special, other), tangent)
            agree(rule, *(x, y)[: len(rule.args)])
            if len(rule.args) == 2:
                agree(rule, x, float(other))
                agree(rule, float(other), y)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("rule", ROWS, ids=lambda r: r.name)
def test_every_row_on_a_long_array(rule: Any, dtype: Any) -> None:
    for k in ((), (2,)):
        agree(rule, *duals(samples(rule, (3001,), dtype), k))


def test_where_python_raises_numpy_decides() -> None:
    x = Dual(np.array([1.0, -1.0]), np.ones(2))
    assert not agree(RULES["div"], x, 0.0)  # the slope is 1/b


def test_float32_is_compiled() -> None:
    x = Dual(np.ones((3, 1), np.float32), np.ones((3, 1), np.float32))
    for rule in ("add", "mul", "div", "pow", "maximum", "hypot"):
        for other in (x, 2.0, 2, np.float32(2.0), np.ones(4, np.float32)):
            assert agree(RULES[rule], x, other), (rule, other)
    for rule in ("sin", "exp", "sqrt", "tanh", "square", "abs"):
        assert agree(RULES[rule], x)


def test_everything_else_is_left_to_the_readable_way() -> None:
    assert ARRAY_KERNEL is not None
    x, mul = Dual(np.ones((3, 1)), np.ones((2, 3, 1))), RULES["mul"]
    for args in (
        (x, Dual(np.ones((3, 1)), np.ones((3, 1)))),  # other directions
        (x.astype(np.float16), x.astype(np.float16)),
        (x.astype(np.longdouble), x.astype(np.longdouble)),
        (x.astype(np.float32), x),
        (x.astype(np.float32), np.float64(2.0)),
        (Dual(np.ones(3, np.float32), np.ones(3)), 2.0),
        (x, 1j),
        (x, "text"),
        (x, Dual(2.0, 1.0)),  # other directions
    ):
        assert ARRAY_KERNEL.on_arrays(mul, args) is None
    assert ARRAY_KERNEL.on_arrays(mul, (x,)) is None
    assert ARRAY_KERNEL.on_arrays(RULES["degrees"], (x,)) is None
    with pytest.raises(TypeError):
        x * "text"
    with pytest.raises(ValueError, match="directions"):
        x * Dual(np.ones((3, 1)), np.ones((3, 1)))


def test_tangents_and_values_share_no_memory_with_operands() -> None:
    x = Dual(np.arange(4.0), np.ones(4))
    for y in (+x, x + 0, x - 0.0, x * 1, -x, np.maximum(x, -1)):
        assert not np.may_share_memory(y.tangent, x.tangent)
        assert not np.may_share_memory(y.primal, x.primal)


def test_slices_are_views() -> None:
    x = Dual(np.arange(12.0).reshape(3, 4), np.ones((2, 3, 4)))
    for index in (slice(1, 3), (slice(None), slice(1, None, 2)), (0, slice(None)), (..., None), 1):
        part = x[index]
        assert np.shares_memory(part.primal, x.primal)
        assert np.shares_memory(part.tangent, x.tangent)
        many = (slice(None), *index) if isinstance(index, tuple) else (slice(None), index)
        np.testing.assert_array_equal(part.tangent, x.tangent[many])


VECTORS = [
    np.array([0.3, -1.7, 2.5]), np.array([1e-3, 0.0, -0.0]), np.array([1e200, 1e-200, 3.0]),
    np.array([np.inf, 1.0, 0.0]), np.array([5e-324, 1e-160, 0.0]),  # of nan BLAS may warn, or not
    np.arange(6.0)[::2], np.zeros(3), np.array([1.0, 2.0]), np.arange(40.0) / 7,
    np.array([0.3, 0.4, 0.5], np.float32), np.array([1, 2, 3]), np.array([1j, 2.0, 0.5]),
]  # fmt: skip
OF_VECTORS: dict[str, Any] = {
    "@": lambda a, b: a @ b,
    "dot": np.dot,
    "method": lambda a, b: np.asarray(a).dot(b) if isinstance(a, np.ndarray) else a.dot(b),
    "cross": np.cross,
    "inner": np.inner,
    "norm": lambda a, b: np.linalg.norm(a) * np.linalg.norm(b),
    "norm of a matrix": lambda a, b: np.linalg.norm(np.stack([a, b])),
    "matrix": lambda a, b: np.stack([a, 2 * a]) @ b,
    "matrix dot": lambda a, b: np.dot(np.stack([a, 2 * a, a]), np.stack([b, b]).T),
}


@pytest.mark.parametrize("name", OF_VECTORS)
@pytest.mark.parametrize("many", [None, 1, 3])
def test_products_of_vectors_say_the_same(name: str, many: int | None) -> None:
    f = OF_VECTORS[name]

    def tangent(v: Any, i: int) -> Any:
        shape = v.shape if many is None else (many, *v.shape)
        t = np.cos(np.arange(v.size * (many or 1), dtype=float) + i).reshape(shape)
        return np.where(t > 0.9, 0.0, t).astype(v.dtype if v.dtype.kind != "i" else float)

    for i, (v, w) in enumerate(itertools.product(VECTORS, repeat=2)):
        for active in (1, 2, 3):

            def program(
                package: Any, v: Any = v, w: Any = w, i: int = i, active: int = active
            ) -> Any:
                x, y = (
                    package.Dual(u.astype(float) if u.dtype.kind == "i" else u, tangent(u, i + j))
                    if active >> j & 1
                    else u
                    for j, u in enumerate((v, w))
                )
                return f(x, y)

            both.agree(program)


def test_products_of_vectors_of_two_levels_say_the_same() -> None:
    def f(p: Any) -> Any:
        r, v = np.array([p[0], p[1], 0.1]), np.array([0.0, p[0] * p[1], 0.2])
        h = np.cross(r, v)
        return np.linalg.norm(np.cross(v, h) - r / np.linalg.norm(r)) * (h @ r + np.dot(v, v))

    x = np.array([0.3, 0.7])
    for driver in ("grad", "hessian"):
        both.agree(lambda package, driver=driver: getattr(package, driver)(f)(x))
        both.agree(lambda package, driver=driver: getattr(package, driver)(f, mode="forward")(x))


@pytest.mark.parametrize("n", [0, 1, 5, 511, 512, 513, 1030])
def test_one_number_that_is_not_finite_is_found(n: int) -> None:
    x = np.where(np.arange(n) % 2, 1e100, -1e100)
    assert is_finite(x) and is_finite(x[::-1]) and is_finite(x.reshape(1, n).T)
    for i in range(n):
        for odd in (np.inf, -np.inf, np.nan):
            y = x.copy()
            y[i] = odd
            assert not is_finite(y)
            assert not is_finite(y[::-1])
