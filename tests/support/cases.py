"""What every function of a table is held to; the tables are in the tests that import this."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from dualad import Dual, DualArray, derivative, jacobian, jvp
from dualad.structure import leaves, rebuild
from support.oracle import check, complex_step, differences

RANDOM = np.random.default_rng(5)
MATRIX = RANDOM.normal(size=(3, 4))
CUBE = RANDOM.normal(size=(2, 3, 4))
VECTOR = RANDOM.normal(size=5)
SQUARE = RANDOM.normal(size=(3, 3))
POSITIVE = np.abs(MATRIX) + 0.5
APART = RANDOM.permutation(12).reshape(3, 4) + 0.25  # no two elements are close to each other
APART_CUBE = RANDOM.permutation(24).reshape(2, 3, 4) - 7.25


class Case:
    """A function of arrays and where to take it.

    analytic: it can be given complex numbers, for the complex step. mixed: one argument may be
    differentiated inside a derivative in another one. told: it warns as in the plain run; what
    calls Python functions does not, for NumPy then looks at flags of the processor.
    """

    def __init__(
        self, f: Callable[..., Any], *args: Any, analytic: bool = True, mixed: bool = True,
        told: bool = True,
    ) -> None:  # fmt: skip
        self.f = f
        self.args = tuple(np.asarray(a, float) for a in args)
        self.analytic = analytic
        self.mixed = mixed
        self.told = told

    def steps(self, seed: int = 0) -> list[Any]:
        """A direction to differentiate along."""
        random = np.random.default_rng(seed)
        return [random.normal(size=a.shape) for a in self.args]

    def slope(self, args: Sequence[Any], along: Sequence[Any]) -> list[Any]:
        return (complex_step if self.analytic else differences)(self.f, args, along)


def steps(f: Callable[..., Any], *args: Any, **options: Any) -> Case:
    """A case that complex numbers cannot go through."""
    return Case(f, *args, analytic=False, **options)


def table(cases: dict[str, Case]) -> Any:
    return pytest.mark.parametrize("case", cases.values(), ids=cases.keys())


def hold(case: Case, by_blas: bool = False) -> None:
    """Everything that is promised of an array function."""
    check(case.f, *case.args, analytic=case.analytic)
    hold_primal(case)
    hold_views(case)
    hold_bits(case, by_blas)
    hold_memory(case)
    hold_precision(case)
    if case.told:
        hold_state(case)
    if case.mixed:
        hold_mixed(case)


def listed(y: Any) -> Any:
    return rebuild(list(y), lambda v: v) if isinstance(y, tuple) else y


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "C": np.copy,
    "F": np.asfortranarray,
    "reversed": lambda a: a[::-1].copy()[::-1],
    "gaps": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
}


def hold_primal(case: Case) -> None:
    """However arrays lie in memory, the value is that of NumPy: its bits, its kind, its strides."""
    for name, lay in LAYOUTS.items():
        seen = []

        def run(*xs: Any, seen: list[Any] = seen) -> Any:
            seen.append(case.f(*xs))
            return 0.0

        def given(lay: Callable[[Any], Any] = lay) -> list[Any]:
            return [lay(a) if a.ndim else a.copy() for a in case.args]

        with warnings.catch_warnings(action="ignore"):
            try:
                values = leaves(listed(case.f(*given())))
            except ValueError:  # np.put_along_axis needs arrays in C order
                continue
            jvp(run, given(), [np.ones_like(a) for a in case.args])
        for y, want in zip(leaves(listed(seen[0])), values, strict=True):
            got = y.primal if isinstance(y, Dual) else y
            if isinstance(got, np.ndarray) and got.dtype.hasobject:  # of np.vectorize, say
                continue
            assert type(got) is type(want), (name, got, want)
            np.testing.assert_array_equal(got, want, strict=True)
            if isinstance(got, np.ndarray) and got.size:
                places = [i for i, n in enumerate(want.shape) if n > 1]
                assert [got.strides[i] for i in places] == [want.strides[i] for i in places], name


def hold_views(case: Case) -> None:
    """A tangent is a view of that of an operand where the value is one of its value, only there."""
    for short in (False, True):  # of one element, a product may be the factor itself
        args = [a[:1].copy() if short and a.ndim else a.copy() for a in case.args]
        duals = [Dual(a, np.ones_like(a)) for a in args]
        with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
            try:
                results = list(leaves(listed(case.f(*duals))))
            except (ArithmeticError, IndexError, TypeError, ValueError, np.linalg.LinAlgError):
                continue  # the function needs more elements
        for y in (y for y in results if type(y) is DualArray):
            for x in duals:
                is_view = np.shares_memory(y.primal, x.primal)
                assert np.shares_memory(y.tangent, x.tangent) == is_view or not y.size


def hold_bits(case: Case, by_blas: bool = False) -> None:
    """However many directions a pass carries, the result is the same.

    `by_blas`: but for a rounding, as of one vector or of several at once on older CPUs.
    """
    each = [
        jacobian(lambda *xs: listed(case.f(*xs)), tuple(range(len(case.args))), chunk=chunk)(
            *case.args
        )
        for chunk in (1, 3, None)
    ]
    for some in each[1:]:
        for a, b in zip(leaves(each[0]), leaves(some), strict=True):
            if by_blas:
                size = np.max(np.abs(a), initial=0.0)
                np.testing.assert_allclose(a, b, rtol=2.0**-51, atol=2.0**-51 * size)
            else:
                np.testing.assert_array_equal(a, b)


def hold_memory(case: Case) -> None:
    """Read-only arrays, backwards in memory and with gaps, and tangents that are broadcast."""
    v = case.steps()

    def spread(a: Any) -> Any:
        if not a.ndim:
            return a.copy()
        odd = np.zeros((*a.shape[::-1], 2)).T[0][::-1]
        odd[...] = a
        odd.flags.writeable = False
        return odd

    def run(make: Callable[[Any], Any]) -> list[Any]:
        duals = [Dual(make(a), make(t)) for a, t in zip(case.args, v, strict=True)]
        for d, a, t in zip(duals, case.args, v, strict=True):
            for part, there in ((d.primal, make(a)), (d.tangent, make(t))):
                np.testing.assert_array_equal(part, there)
        y = case.f(*duals)
        return [part for part in leaves(listed(y)) if isinstance(part, Dual)]

    for one, odd in zip(run(np.array), run(spread), strict=True):
        np.testing.assert_allclose(one.primal, odd.primal, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(one.tangent, odd.tangent, rtol=1e-12, atol=1e-12)


def hold_precision(case: Case) -> None:
    """Value and tangent have the precision that NumPy gives the value."""
    singles = [a.astype(np.float32) for a in case.args]
    with warnings.catch_warnings(action="ignore"):
        values = list(leaves(listed(case.f(*singles))))
        duals = case.f(*(Dual(a, np.ones((2, *a.shape), np.float32)) for a in singles))
    for value, y in zip(values, leaves(listed(duals)), strict=True):
        if not isinstance(y, Dual):
            continue
        assert np.asarray(y.primal).dtype == np.asarray(value).dtype
        np.testing.assert_allclose(y.primal, value, rtol=2e-3, atol=2e-3)
        assert y.tangent.dtype == np.asarray(value).dtype, (
            y.tangent.dtype,
            np.asarray(value).dtype,
        )


SIZES = np.array([1e308, 1e-310, np.inf, np.nan, -1e308])


def _number(x: Any) -> Any:
    while hasattr(x, "tangent"):  # a dual, by either package
        x = x.primal
    if isinstance(x, np.ndarray) and x.dtype == object:
        return np.array([_number(e) for e in x.ravel()]).reshape(x.shape)
    return x


def told(f: Callable[..., Any], args: Sequence[Any], state: str) -> Any:
    """What f gives: its values, or its error; and what is warned of on the way."""
    with warnings.catch_warnings(record=True) as found, np.errstate(all=state):
        warnings.simplefilter("always")
        try:
            y = f(*args)
        except Exception as error:
            y = error
    if isinstance(y, Exception):
        result = f"{type(y).__name__}: {y}"
    else:
        parts = map(_number, leaves(listed(y)))
        result = repr(list(parts))
    return result, sorted({str(w.message) for w in found})


def hold_state(case: Case) -> None:
    """However large and small tangents are, NumPy warns and raises as in the plain run."""
    for state in ("raise", "warn"):
        want = told(case.f, [a.copy() for a in case.args], state)
        for front in ((), (2,)):
            duals = [Dual(a.copy(), np.resize(SIZES, front + a.shape)) for a in case.args]
            got = told(case.f, duals, state)
            assert got == want or got[0].startswith("NonDifferentiableError")


def hold_mixed(case: Case) -> None:
    """One argument differentiated inside, another outside."""
    v, n = case.steps(), len(case.args)

    def only(i: int) -> list[Any]:
        return [v[j] if j == i else 0 * v[j] for j in range(n)]

    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            want = differences(lambda *xs, i=i: case.slope(xs, only(i)), case.args, only(j))

            def slope(t: Any, i: int = i, j: int = j) -> Any:
                xs: list[Any] = list(case.args)
                xs[j] = xs[j] + t * v[j]

                def f(x: Any) -> Any:
                    return listed(case.f(*(x if k == i else xs[k] for k in range(n))))

                return jvp(f, (case.args[i],), (v[i],))[1]

            for got, w in zip(leaves(derivative(slope)(0.0)), want, strict=True):
                size = max(1.0, float(np.max(np.abs(w), initial=0)))
                np.testing.assert_allclose(got, w, rtol=1e-6, atol=1e-6 * size)


def complex_slope(f: Callable[..., Any], *args: Any) -> None:
    """A function of complex arrays, along a real parameter."""
    random = np.random.default_rng(2)
    args = tuple(np.asarray(a, complex) + 0.25j * random.normal(size=np.shape(a)) for a in args)
    along = [random.normal(size=a.shape) + 1j * random.normal(size=a.shape) for a in args]
    want = differences(f, args, along)
    values = [np.asarray(y) for y in leaves(listed(f(*args)))]
    for k in (None, 1):
        seeds = along if k is None else [v[None] for v in along]
        y = f(*(Dual(a, v) for a, v in zip(args, seeds, strict=True)))
        for part, value, w in zip(leaves(listed(y)), values, want, strict=True):
            np.testing.assert_allclose(part.primal, value, rtol=1e-12, atol=1e-12)
            tangent = np.asarray(part.tangent)
            np.testing.assert_allclose(
                tangent if k is None else tangent[0], w, rtol=1e-7, atol=1e-7
            )
