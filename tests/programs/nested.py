"""Random programs that differentiate within derivatives, and what they are by differences.

A program is a function of a few numbers, made of some steps, and some layers around it: in each
one a driver differentiates the layer within, along random weights, at a point that may depend on
the outer variables as well, and the result goes into another function of these. The value of the
outermost layer is held against nested central differences of a hundred digits, which know nothing
of duals; and so each layer may take any driver and mode.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
from mpmath import mp, mpf

from dualad import derivative, grad, hessian, hvp, jacobian, jvp, taylor, value_and_grad, vjp

Vector = Any  # an array or a list; of mpmath's numbers a list
Scalar = Callable[[Vector], Any]  # a function with one number as its result

STEP = mpf(10) ** -18  # of differences
DIGITS = 140


# -- steps: each for arrays, for lists of numbers, and for lists of mpmath's --------------------


def _each(numpy_function: Any, exact: Any) -> tuple[Any, Any, Any]:
    return (
        numpy_function,
        lambda x: [numpy_function(e) for e in x],
        lambda x: [exact(e) for e in x],
    )


def _alike(f: Any) -> tuple[Any, Any, Any]:
    return f, lambda x: list(f(np.stack(x))), f


def _cumulated(x: Any) -> Any:
    total, found = 0, []
    for e in x:
        total = total + e
        found.append(total)
    return found


def _stored(x: Any) -> Any:
    y = np.zeros(len(x))
    for i in range(len(x)):
        y[i] = x[i] * x[i - 1]
    y[1:] += x[:-1]
    return y


def _stored_exactly(x: Any) -> Any:
    y = [e * x[i - 1] for i, e in enumerate(x)]
    return [y[0], *(e + x[i] for i, e in enumerate(y[1:]))]


def _matrix(n: int) -> Any:
    return np.cos(np.arange(n * n)).reshape(n, n)


STEPS: dict[str, tuple[Any, Any, Any]] = {
    "sin": _each(np.sin, mp.sin),
    "tanh": _each(np.tanh, mp.tanh),
    "exp": _each(lambda x: np.exp(x * 0.5), lambda x: mp.exp(x * 0.5)),
    "arctan": _each(np.arctan, mp.atan),
    "square": _each(lambda x: x**2, lambda x: x**2),
    "power": _each(lambda x: (1 + x * x) ** 1.5, lambda x: (1 + x * x) ** mpf(1.5)),
    "root": _each(lambda x: np.sqrt(2 + x * x), lambda x: mp.sqrt(2 + x * x)),
    "quotient": _each(lambda x: x / (1 + x * x), lambda x: x / (1 + x * x)),
    "log": _each(lambda x: np.log1p(x * x), lambda x: mp.log(1 + x * x)),
    "hypot": _each(lambda x: np.hypot(x, 1.5), lambda x: mp.sqrt(x * x + mpf(1.5) ** 2)),
    "chosen": (
        lambda x: np.where(x > 0.1, x * x, 2 * x + x**3),
        lambda x: [e * e if e > 0.1 else 2 * e + e**3 for e in x],
        lambda x: [e * e if e > mpf(0.1) else 2 * e + e**3 for e in x],
    ),
    "reversed": (lambda x: x[::-1] * x, *[lambda x: [a * b for a, b in zip(x[::-1], x)]] * 2),
    "summed": (
        lambda x: x * np.sum(x),
        lambda x: [e * sum(x) for e in x],
        lambda x: [e * sum(x) for e in x],
    ),
    "cumulated": (np.cumsum, _cumulated, _cumulated),
    "sorted": (np.sort, sorted, sorted),
    "stored": (_stored, lambda x: list(_stored(x)), _stored_exactly),
    "matrix": (
        lambda x: _matrix(len(x)) @ x,
        lambda x: list(_matrix(len(x)) @ np.stack(x)),
        lambda x: [sum(mpf(c) * e for c, e in zip(row, x)) for row in _matrix(len(x))],
    ),
    "outer": (
        lambda x: np.outer(x, np.sin(x)).sum(axis=0),
        lambda x: list(np.outer(np.stack(x), np.sin(np.stack(x))).sum(axis=0)),
        lambda x: [sum(x) * mp.sin(e) for e in x],
    ),
}  # fmt: skip

ENDS: dict[str, tuple[Any, Any, Any]] = {
    "sum": (np.sum, sum, sum),
    "dot": (lambda x: x @ x, *[lambda x: sum(e * e for e in x)] * 2),
    "prod": (np.prod, lambda x: np.prod(np.stack(x)), mp.fprod),
    "norm": (
        lambda x: np.linalg.norm(x) * x[0],
        lambda x: np.linalg.norm(np.stack(x)) * x[0],
        lambda x: mp.sqrt(sum(e * e for e in x)) * x[0],
    ),
    "max": (np.max, max, max),
    "median": (
        lambda x: np.median(x) * x[-1],
        lambda x: np.median(np.stack(x)) * x[-1],
        lambda x: (sorted(x)[(len(x) - 1) // 2] + sorted(x)[len(x) // 2]) / 2 * x[-1],
    ),
}  # fmt: skip


# -- drivers: the derivative of a function of a vector along weights ----------------------------


def _dot(a: Any, w: Any) -> Any:
    return a @ np.array(w) if isinstance(a, np.ndarray) else sum(x * c for x, c in zip(a, w))


def _moved(x: Any, w: Any, t: Any) -> Any:
    if isinstance(x, np.ndarray):
        return x + np.array(w) * t
    return type(x)([e + c * t for e, c in zip(x, w)])


def _like(x: Any, w: Any) -> Any:
    return np.array(w) if isinstance(x, np.ndarray) else type(x)(w)


FIRST: dict[str, Callable[[Scalar, Vector, Any], Any]] = {
    "grad": lambda f, x, w: _dot(grad(f)(x), w),
    "grad forward": lambda f, x, w: _dot(grad(f, mode="forward")(x), w),
    "grad back": lambda f, x, w: _dot(grad(f, mode="reverse")(x), w),
    "value_and_grad back": lambda f, x, w: _dot(value_and_grad(f, mode="reverse")(x)[1], w),
    "jacobian": lambda f, x, w: _dot(jacobian(f)(x), w),
    "jacobian one by one": lambda f, x, w: _dot(jacobian(f, chunk=1)(x), w),
    "jacobian back": lambda f, x, w: _dot(jacobian(f, mode="reverse")(x), w),
    "jvp": lambda f, x, w: jvp(f, (x,), (_like(x, w),))[1],
    "vjp": lambda f, x, w: _dot(vjp(f, x)[1](1.0)[0], w),
    "derivative": lambda f, x, w: derivative(lambda t: f(_moved(x, w, t)))(0.0),
    "taylor": lambda f, x, w: taylor(f, 1)(x, direction=_like(x, w))[1],
}
SECOND: dict[str, Callable[[Scalar, Vector, Any], Any]] = {
    "hvp": lambda f, x, w: _dot(hvp(f)(x, _like(x, w)), w),
    "hessian": lambda f, x, w: _dot([_dot(row, w) for row in hessian(f)(x)], w),
    "hessian back": lambda f, x, w: _dot(
        [_dot(row, w) for row in hessian(f, mode="reverse")(x)], w
    ),
    "jvp of grad back": lambda f, x, w: _dot(
        jvp(grad(f, mode="reverse"), (x,), (_like(x, w),))[1], w
    ),
    "derivative of order 2": lambda f, x, w: derivative(
        lambda t: f(_moved(x, w, t)), order=2
    )(0.0),
    "twice taylor": lambda f, x, w: 2 * taylor(f, 2)(x, direction=_like(x, w))[2],
}  # fmt: skip
THIRD: dict[str, Callable[[Scalar, Vector, Any], Any]] = {
    "derivative of order 3": lambda f, x, w: derivative(
        lambda t: f(_moved(x, w, t)), order=3
    )(0.0),
    "six times taylor": lambda f, x, w: 6 * taylor(f, 3)(x, direction=_like(x, w))[3],
}  # fmt: skip
DRIVERS = [FIRST, SECOND, THIRD]


def _difference(f: Callable[[Any], Any], order: int) -> Any:
    """The derivative at 0 of a function of one of mpmath's numbers."""
    if order == 0:
        return f(mpf(0))
    ahead, behind = (_difference(lambda t, s=s: f(t + s), order - 1) for s in (STEP, -STEP))
    return (ahead - behind) / (2 * STEP)


# -- a program ----------------------------------------------------------------------------------

# The inner variable joined with the outer one, before the steps.
JOINED: dict[str, tuple[Any, Any]] = {
    "the inner": (lambda y, x: y, lambda y, x: y),
    "their sum": (lambda y, x: y + x, lambda y, x: [a + b for a, b in zip(y, x)]),
    "their product": (lambda y, x: y * x + y, lambda y, x: [a * b + a for a, b in zip(y, x)]),
}
PLACES = ("x", "half of x", "a constant")


class Nested:
    """A random program, known by its seed."""

    def __init__(self, seed: int) -> None:
        choose = random.Random(seed)
        self.seed = seed
        self.n = choose.choice((1, 2, 3))
        self.kind = choose.choice((np.array, list, tuple))
        self.form = 0 if self.kind is np.array else 1
        self.x = [choose.uniform(0.2, 1.2) * choose.choice((1, 1, -1)) for _ in range(self.n)]
        self.steps = [choose.choice(list(STEPS)) for _ in range(choose.randint(1, 3))]
        self.end = choose.choice(list(ENDS))
        self.layers = []
        left = 4
        for _ in range(choose.randint(2, 3)):
            order = min(choose.choice((1, 1, 1, 1, 2, 2, 3)), left)
            left = max(left - order, 1)
            weights = [round(choose.uniform(-1, 1), 3) for _ in range(self.n)]
            driver = choose.choice(list(DRIVERS[order - 1]))
            self.layers.append(
                (order, driver, weights, choose.choice(list(JOINED)), choose.choice(PLACES))
            )

    def __repr__(self) -> str:
        return (
            f"Nested({self.seed}): at {self.kind.__name__} {self.x}, {self.steps} {self.end}; "
            f"{self.layers}"
        )

    def _innermost(self, x: Any, form: int) -> Any:
        for step in self.steps:
            x = STEPS[step][form](x)
        return ENDS[self.end][form](x)

    def _as_given(self, x: Any) -> Any:
        return np.array(x) if self.form == 0 else self.kind(x)

    def found(self) -> float:
        """What the drivers say."""
        f = self._layer(len(self.layers))
        return float(f(self._as_given(self.x)))

    def _layer(self, k: int) -> Scalar:
        """The function after k layers."""
        if not k:
            return lambda x: self._innermost(x if self.form == 0 else list(x), self.form)
        inner = self._layer(k - 1)
        order, driver, weights, joined, place = self.layers[k - 1]
        join, differentiate = JOINED[joined], DRIVERS[order - 1][driver]
        constant = self._as_given([0.3 + 0.1 * i + 0.05 * i * i for i in range(self.n)])

        def f(x: Any) -> Any:
            if self.form == 0:
                at = {"x": x, "half of x": x * 0.5, "a constant": constant}[place]
                joined_at = lambda y: inner(join[0](y, x))  # noqa: E731
            else:
                half = type(x)([e * 0.5 for e in x])
                at = {"x": x, "half of x": half, "a constant": constant}[place]
                joined_at = lambda y: inner(type(x)(join[1](y, x)))  # noqa: E731
            return differentiate(joined_at, at, weights) * x[0] + x[-1]

        return f

    def expected(self) -> mpf:
        """What differences of a hundred digits say."""
        with mp.workdps(DIGITS):
            return self._exact(len(self.layers), [mpf(e) for e in self.x])

    def _exact(self, k: int, x: Any) -> mpf:
        if not k:
            return self._innermost(x, 2)
        order, _, weights, joined, place = self.layers[k - 1]
        half = [e * 0.5 for e in x]
        constant = [mpf(0.3 + 0.1 * i + 0.05 * i * i) for i in range(self.n)]
        at = {"x": x, "half of x": half, "a constant": constant}[place]

        def along(t: Any) -> Any:
            y = [e + mpf(w) * t for e, w in zip(at, weights)]
            return self._exact(k - 1, JOINED[joined][1](y, x))

        return _difference(along, order) * x[0] + x[-1]
