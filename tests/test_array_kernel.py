"""The compiled way for arrays says what the readable one says, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dualad import Dual, DualArray, kernel_info
from dualad.dual import apply
from dualad.kernel import ARRAY_KERNEL
from dualad.rules import table
from dualad.table import RULES

pytestmark = pytest.mark.skipif(
    not kernel_info().in_use, reason="there is no compiled kernel to compare with"
)
ROWS = [r for r in table() if r.has_line and len(r.args) <= 2 and None not in r.slopes]
RANDOM = np.random.default_rng(5)
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, 1e300, -1e300, 1e-310, np.inf, -np.inf, np.nan, 3.0, 0.5])


def samples(rule: Any, shape: tuple[int, ...]) -> list[Any]:
    return [RANDOM.uniform(low, high, shape) for low, high in rule.over]


def duals(values: list[Any], k: tuple[int, ...]) -> list[Any]:
    return [Dual(v, RANDOM.normal(size=k + np.shape(v))) for v in values]


def same_bits(a: Any, b: Any) -> bool:
    return bool(
        type(a) is type(b) is DualArray
        and a.level == b.level
        and all(
            x.dtype == y.dtype
            and x.shape == y.shape
            and np.array_equal(x, y, equal_nan=True)
            and np.array_equal(np.signbit(x)[x == x], np.signbit(y)[y == y])
            for x, y in ((a.primal, b.primal), (a.tangent, b.tangent))
        )
    )


def agree(rule: Any, *args: Any) -> bool:
    """Whether both give the same; True too if the kernel leaves it to the readable way."""
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
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("rule", ROWS, ids=lambda r: r.name)
def test_every_row_in_every_layout(rule: Any, layout: str) -> None:
    used = 0
    for k in ((), (1,), (3,), (0,)):
        x = [LAYOUTS[layout](d) for d in duals(samples(rule, (4, 6)), k)]
        used += agree(rule, *x)
        if len(x) == 2:
            used += agree(rule, x[0], x[1].primal) + agree(rule, x[0].primal, x[1])
            used += agree(rule, x[0], float(rule.over[1][0])) + agree(rule, 1.5, x[1])
            used += agree(rule, x[0], 2) + agree(rule, x[0], np.float64(2.0))
    assert used or layout == "transposed" or rule.name in ("nan_to_num", "real")  # integers, views


@pytest.mark.parametrize("rule", ROWS, ids=lambda r: r.name)
def test_every_row_at_special_values(rule: Any) -> None:
    for k in ((), (2,)):
        for other in SPECIAL:
            tangent = np.where(RANDOM.random(k + SPECIAL.shape) < 0.5, 0, SPECIAL)
            x, y = Dual(SPECIAL, tangent), Dual(np.full_like(SPECIAL, other), tangent)
            agree(rule, *(x, y)[: len(rule.args)])


def test_what_is_not_usual_is_left_to_the_readable_way() -> None:
    assert ARRAY_KERNEL is not None
    x, mul = Dual(np.ones((3, 1)), np.ones((2, 3, 1))), RULES["mul"]
    for args in (
        (x, np.ones((1, 4))),  # broadcasting of a dual
        (x, np.ones((2, 3, 1))),
        (x, Dual(np.ones((3, 1)), np.ones((3, 1)))),  # other directions
        (x.astype(np.float32), x.astype(np.float32)),
        (x, 1j),
        (x, "text"),
        (x, Dual(2.0, 1.0)),
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
