"""Duals for solvers that know only plain numbers: taken apart, and put together again.

A number with tangents of some levels is a plain number plus a nilpotent one, whose powers beyond
the number of levels vanish. So whatever is a series in the nilpotent part is a short sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array.algebra import linear
from ..array.operands import as_operand
from ..dual import Dual
from ..pair import dual, parts, plain
from ..structure import leaves, rebuild

# Newest first: each level, with (k,) for k directions, or () for one.
Levels = tuple[tuple[int, tuple[int, ...]], ...]


def levels_of(*given: Any) -> Levels:
    """The levels of all duals in (nested containers of) numbers, with their directions.

    Raises
    ------
    ValueError
        If duals of one level differ in their number of directions.
    """
    found: dict[int, tuple[int, ...]] = {}
    for x in leaves(given):
        _collect(as_operand(x), found)
    return tuple(sorted(found.items(), reverse=True))


def _collect(x: Any, found: dict[int, tuple[int, ...]]) -> None:
    if not isinstance(x, Dual):
        return
    many = np.shape(x.tangent)[: np.ndim(x.tangent) - np.ndim(x.primal)]
    if found.setdefault(x.level, many) != many:
        raise ValueError(
            "cannot combine duals with different numbers of directions, "
            f"{found[x.level] or 'one'} and {many or 'one'}; give all the same number."
        )
    _collect(x.primal, found)
    _collect(x.tangent, found)


class UnknownLevelError(Exception):
    """A dual of a level that was not there before."""

    def __init__(self, levels: Levels) -> None:
        super().__init__("a function returned duals of a level it had not shown before.")
        self.levels = levels


def pack(x: Any, levels: Levels) -> Any:
    """All parts of x in one plain array, of shape (1 + k₁, 1 + k₂, …, *x.shape)."""
    if not levels:
        if isinstance(x, Dual):
            raise UnknownLevelError(levels_of(x))
        return np.asarray(x)
    (level, many), rest = levels[0], levels[1:]
    value, tangent = parts(x, level)
    if tangent is None:
        tangent = np.zeros(many + np.shape(value))
    first, others = pack(value, rest), pack(tangent, rest)
    if not many:
        others = others[None]
    elif rest:
        others = np.moveaxis(others, len(rest), 0)
    return np.concatenate([first[None], others])


def unpack(z: Any, levels: Levels) -> Any:
    """What `pack` took apart."""
    if not levels:
        return z.item() if isinstance(z, np.generic) else z
    (level, many), rest = levels[0], levels[1:]
    dot = z[1:] if many else z[1]
    if many and rest:
        dot = np.ascontiguousarray(np.moveaxis(dot, 0, len(rest)))
    return dual(unpack(z[0], rest), unpack(dot, rest), level)


def with_value(x: Any, value: Any) -> Any:
    """The tangents of x on another plain value of the same shape."""
    return dual(with_value(x.primal, value), x.tangent, x.level) if isinstance(x, Dual) else value


def nilpotent(x: Any) -> Any:
    """x without its plain part: the tangents on zero."""
    zero = np.zeros_like(plain(x))
    return with_value(x, zero if zero.ndim else 0.0)


def through(f: Callable[[Any], Any], x: Any) -> Any:
    """A linear f, which knows plain arrays only, for x of any levels."""
    return linear(lambda v: through(f, v), x) if isinstance(x, Dual) else f(x)


def stripped(y: Any) -> Any:
    """The plain numbers in a result, in its structure."""
    return rebuild(y, lambda x: plain(as_operand(x)))


class Plain:
    """A function that answers with plain numbers, and remembers whether they were duals."""

    def __init__(self, f: Callable[..., Any], *args: Any) -> None:
        self.f, self.args = f, args
        self.found = False
        self.__name__ = getattr(f, "__name__", "f")

    def __call__(self, *x: Any) -> Any:
        y = self.f(*x, *self.args)
        self.found = self.found or any(isinstance(as_operand(v), Dual) for v in leaves(y))
        return stripped(y) if self.found else y
