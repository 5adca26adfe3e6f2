"""Splines through duals, and at duals: `Spline` for SciPy's PPoly and BSpline, and FITPACK's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar, NoReturn

import numpy as np
import scipy.interpolate as _scipy
from scipy.sparse.linalg import splu

from ..array.operands import as_operand
from ..array.undefined import undefined
from ..array_rules.common import has_duals
from ..pair import plain
from . import _pieces
from ._parts import is_still, nilpotent, stripped, through, with_value
from ._theorems import solved
from .sparse import csr_array
from .sparse.linalg import spsolve

Function = Callable[..., Any]


class Spline:
    """A spline of SciPy for duals.

    Made by the functions of this module. Its coefficients `c` and its breakpoints or knots may be
    duals. All that is not defined here is handed on to SciPy's spline, `plain`, as long as
    coefficients and breakpoints are plain.

    At a knot, a derivative that jumps there counts as the mean of both sides. (An explicit nu= is
    SciPy's: the derivative from the right.)
    """

    methods: ClassVar[tuple[str, ...]] = ("__call__", "integrate", "solve")
    stands_for = property(lambda self: self.plain)

    def __init__(self, plain_spline: Any, c: Any = None, x: Any = None) -> None:
        self.plain = plain_spline
        self._is_b = hasattr(plain_spline, "t")
        self.c = plain_spline.c if c is None else c
        self.knots = (plain_spline.t if self._is_b else plain_spline.x) if x is None else x

    @property
    def _is_vector(self) -> bool:
        """Whether it has several values at each place."""
        return np.ndim(self.c) > (1 if self._is_b else 2)

    @classmethod
    def of(cls, value: Any) -> Spline:
        """One of SciPy's own."""
        return cls(value)

    def _ends(self) -> tuple[Any, Any]:
        """Where the spline is defined, without extrapolation."""
        if self._is_b:
            k = self.plain.k
            return self.knots[k], self.knots[len(plain(self.knots)) - k - 1]
        return self.knots[0], self.knots[-1]

    def _at(self, x: Any, nu: int, extrapolate: Any) -> Any:
        """The formula, at x of shape (n,)."""
        if (self.plain.extrapolate if extrapolate is None else extrapolate) == "periodic":
            x = self._within(x)[0]
        if self._is_b:
            return _pieces.b_spline(self.knots, self.c, self.plain.k, x, nu)
        return _pieces.power_series(self.c, self.knots, x, nu)

    def _within(self, x: Any) -> tuple[Any, Any]:
        """x moved by whole periods to where the spline is defined, and how many these are."""
        low, high = self._ends()
        turns = np.floor((plain(x) - plain(low)) / (plain(high) - plain(low)))
        return x - turns * (high - low), turns

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """The spline, or its nu-th derivative.

        Parameters
        ----------
        x : number or array
        nu : int
        extrapolate : bool or "periodic", optional

        Returns
        -------
        array
            Of shape x.shape, in the place of the axis that was interpolated.
        """
        x = as_operand(x)
        value = self.plain(plain(x), nu=nu, extrapolate=extrapolate)
        if not has_duals(x, self.c, self.knots):
            return value
        is_plain = not (self._is_vector or has_duals(self.c, self.knots))
        if is_plain and not _pieces.meets(self.knots, x):  # SciPy has all derivatives
            degree = self.plain.k if self._is_b else len(self.c) - 1

            def derived(v: Any, n: int) -> Any:
                return self.plain(v, nu=n, extrapolate=extrapolate)

            return with_value(_pieces.along_taylor(derived, x, nu, degree), value)
        y = self._at(np.reshape(x, -1), nu, extrapolate)
        return placed(y, np.shape(x), self.plain.axis, value)

    def _changed(self, value: Any, c: Any, knots: Any) -> Spline:
        if not has_duals(self.c, self.knots):
            return Spline(value)
        return Spline(value, c, knots if has_duals(knots) or self._is_b else None)

    def derivative(self, nu: int = 1) -> Spline:
        """The spline's nu-th derivative, a spline."""
        if nu < 0:
            return self.antiderivative(-nu)
        t, c, value = self.knots, self.c, self.plain.derivative(nu)
        if not self._is_b:
            return self._changed(value, _pieces.series_differentiated(c, nu), t)
        k = self.plain.k
        for _ in range(nu):
            t, c, k = _pieces.differentiated(t, c, k)
        return self._changed(value, c, t)

    def antiderivative(self, nu: int = 1) -> Spline:
        """A spline whose nu-th derivative is this one; zero at the left end."""
        if nu < 0:
            return self.derivative(-nu)
        t, c, value = self.knots, self.c, self.plain.antiderivative(nu)
        k = getattr(self.plain, "k", 0)
        for _ in range(nu):
            if self._is_b:
                t, c, k = _pieces.integrated(t, c, k)
            else:
                c = _pieces.series_integrated(c, t)
        return self._changed(value, c, t)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """The integral from a to b."""
        if not has_duals(a, b, self.c, self.knots):
            return self.plain.integrate(a, b, extrapolate)
        a, b = as_operand(a), as_operand(b)
        value = self.plain.integrate(plain(a), plain(b), extrapolate)
        total = self.antiderivative()
        how = self.plain.extrapolate if extrapolate is None else extrapolate

        def upto(x: Any) -> Any:
            periods: Any = 0.0
            if how == "periodic":
                x, turns = self._within(x)
                low, high = (np.reshape(end, 1) for end in self._ends())
                whole = total._at(high, 0, True) - total._at(low, 0, True)
                periods = turns * whole[0]
            elif not how and self._is_b:
                x = np.clip(x, *self._ends())
            return total._at(np.reshape(x, 1), 0, True)[0] + periods

        return _as_kind(np.reshape(upto(b) - upto(a), np.shape(value)), value)

    def roots(self, discontinuity: bool = True, extrapolate: Any = None) -> Any:
        """Where the spline is zero."""
        self._refuse_missing("roots")
        return self.solve(0.0, discontinuity, extrapolate)

    def solve(self, y: Any = 0.0, discontinuity: bool = True, extrapolate: Any = None) -> Any:
        """Where the spline is y.

        Raises
        ------
        NonDifferentiableError
            With duals, if the spline has no slope there, or jumps over y.
        """
        self._refuse_missing("solve")
        if not has_duals(y, self.c, self.knots):
            return self.plain.solve(y, discontinuity, extrapolate)
        if self._is_vector:
            raise TypeError("solve with duals takes one spline, not several; loop over them.")
        value = self.plain.solve(plain(as_operand(y)), discontinuity, extrapolate)
        return self.root(value, y)

    def _refuse_missing(self, name: str) -> None:
        if not hasattr(self.plain, name):
            kind = type(self.plain).__name__
            raise AttributeError(
                f"{kind!r} object has no attribute {name!r}, in SciPy neither; take sproot of "
                "splrep, or CubicSpline."
            )

    def __iter__(self) -> NoReturn:
        raise TypeError(
            "PPoly.from_spline cannot take a spline of duals; make it piecewise at once, as "
            "CubicSpline(x, y)."
        )

    def root(self, value: Any, y: Any = 0.0) -> Any:
        """Plain places where the spline is y, with their tangents."""
        still = Spline(self.plain, plain(self.c), plain(self.knots))
        y = as_operand(y)
        slope = still._at(value, 1, True)
        size = np.max(abs(plain(self.c)), initial=0)
        is_over = abs(still._at(value, 0, True) - plain(y)) > 1e-8 * size  # jumped over
        is_flat = abs(slope) * (1 + abs(value)) <= 1e-7 * size
        slope = np.where(is_over | is_flat, np.inf, slope)

        def divide(r: Any) -> Any:
            return r / slope

        def away(x: Any) -> Any:
            return self._at(x, 0, True) - y

        found = solved(away, value, divide, back=divide)
        # a root in a number that does not move, as at a clamped end, does not move either
        rest = away(value)
        for i in np.flatnonzero(is_flat):
            is_flat[i] = not is_still(rest[i])
        return undefined(
            found,
            is_over | is_flat,
            "the spline has no slope at one of its roots, or jumps over it, so that the root has "
            "no derivative.",
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("plain", "c", "knots"):
            raise AttributeError(name)
        if name == ("t" if self._is_b else "x"):
            return self.knots
        if has_duals(self.c, self.knots) and name not in ("k", "axis", "extrapolate"):
            raise AttributeError(
                f"a spline of duals has no {name!r}; write s.plain.{name} for that of the plain "
                "spline, without derivatives."
            )
        return getattr(self.plain, name)


def placed(y: Any, shape: tuple[int, ...], axis: int, value: Any) -> Any:
    """What has been found at places of a shape, along an axis, on SciPy's values."""
    y = np.reshape(y, (*shape, *np.shape(y)[1:]))
    n = len(shape)
    axis = axis % max(np.ndim(plain(y)) - n + 1, 1)
    if n and axis:
        y = np.moveaxis(y, range(n), range(axis, axis + n))
    elif not n and axis:
        y = np.reshape(y, np.shape(value))
    return _as_kind(np.reshape(y, np.shape(value)), value)


def _as_kind(y: Any, value: Any) -> Any:
    """y on SciPy's value: an array of no axes where that is one, or else a number."""
    return with_value(y if isinstance(value, np.ndarray) else y[()], value)


# -- made of coefficients --------------------------------------------------------------------


def PPoly(c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> Any:
    """scipy.interpolate.PPoly; coefficients and breakpoints may be duals."""
    c, x = as_operand(c), as_operand(x)
    value = _scipy.PPoly(plain(c), plain(x), extrapolate, axis)
    if not has_duals(c, x):
        return Spline(value)
    if axis:
        c = np.moveaxis(np.moveaxis(c, axis + 1, 0), axis + 1, 0)
    return Spline(value, c, x if has_duals(x) else None)


def BSpline(t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> Any:
    """scipy.interpolate.BSpline; knots and coefficients may be duals."""
    t, c = as_operand(t), as_operand(c)
    value = _scipy.BSpline(plain(t), plain(c), k, extrapolate, axis)
    if not has_duals(t, c):
        return Spline(value)
    return Spline(value, np.moveaxis(c, axis, 0) if axis else c, t if has_duals(t) else None)


# -- through data ----------------------------------------------------------------------------


def _not_a_knot(x: Any, k: int) -> Any:
    """The knots that SciPy takes for data at x."""
    inner = x if k % 2 else (x[1:] + x[:-1]) / 2
    cut = (k + 1) // 2 if k % 2 else k // 2
    inner = inner[cut:-cut] if cut else inner
    return np.concatenate([*[x[:1]] * (k + 1), inner, *[x[-1:]] * (k + 1)])


def _knots_for(x: Any, k: int, bc_type: Any) -> Any:
    if k == 0:
        return np.concatenate([x, x[-1:]])
    if k > 1 and bc_type is None:
        return _not_a_knot(x, k)
    return np.concatenate([*[x[:1]] * k, x, *[x[-1:]] * k])


def collocation(t: Any, k: int, x: Any) -> tuple[Any, Any, Any]:
    """The values of all B-splines at x: (numbers, rows, columns), one after the other."""
    n = len(plain(t)) - k - 1
    piece = _pieces.pieces_of(t, x, "right", k, n - 1)
    values = np.stack(_pieces.basis(t, k, x, piece), axis=1)
    rows = np.repeat(np.arange(len(piece)), k + 1)
    columns = (piece[:, None] - k + np.arange(k + 1)).ravel()
    return np.reshape(values, -1), rows, columns


def _end_rows(t: Any, k: int, orders: Any, is_left: bool) -> list[Any]:
    """Derivatives of the k + 1 B-splines at one end, for each order."""
    m = 2 * (k + 1)
    near = t[:m] if is_left else t[len(plain(t)) - m :]
    at = near[k : k + 1] if is_left else near[k + 1 : k + 2]
    found = []
    for order in orders:
        part, c, degree = near, np.eye(k + 1), k
        for _ in range(order):
            part, c, degree = _pieces.differentiated(part, c, degree)
        found.append(_pieces.b_spline(part, c, degree, at)[0])
    return found


_ENDS = {"clamped": [(1, 0.0)], "natural": [(2, 0.0)], None: []}


def make_interp_spline(
    x: Any,
    y: Any,
    k: int = 3,
    t: Any = None,
    bc_type: Any = None,
    axis: int = 0,
    check_finite: bool = True,
) -> Spline:
    """scipy.interpolate.make_interp_spline; data, knots and end conditions may be duals.

    Parameters
    ----------
    x, y, k, t, bc_type, axis, check_finite
        As SciPy's; a periodic spline takes duals in y only.

    Raises
    ------
    TypeError
        If a periodic spline has duals elsewhere than in y.

    Examples
    --------
    >>> from dualad import derivative
    >>> cube = make_interp_spline(np.arange(6.0), np.arange(6.0) ** 3)
    >>> round(derivative(cube, order=3)(2.5).item(), 9)
    6.0
    """
    x, y = as_operand(x), as_operand(y)
    t = t if t is None else as_operand(t)
    knots, ends = None if t is None else plain(t), stripped(bc_type)
    value = _scipy.make_interp_spline(plain(x), plain(y), k, knots, ends, axis, check_finite)
    if not has_duals(x, y, t, bc_type):
        return Spline(value)
    if not has_duals(x, t, bc_type):
        return Spline(value, _by_values(x, y, k, t, bc_type, axis, value))
    if bc_type == "periodic":
        raise TypeError("a periodic make_interp_spline takes duals in y only; use CubicSpline.")
    if t is None:
        t = _knots_for(x, k, bc_type)
    ends = _conditions(bc_type)
    front = np.moveaxis(y, axis, 0)
    shape = np.shape(front)[1:]
    blocks = [
        np.stack([np.broadcast_to(as_operand(v), shape) for _, v in end]) if end else None
        for end in ends
    ]
    rows_of = [b for b in (blocks[0], front, blocks[1]) if b is not None]
    matrix = _equations(t, k, x, [[order for order, _ in end] for end in ends])
    values = np.reshape(np.concatenate(rows_of), (matrix.shape[0], -1))
    c = np.reshape(spsolve(matrix, values), (matrix.shape[0], *shape))
    return Spline(value, with_value(c, value.c), t if has_duals(t) else None)


def _conditions(bc_type: Any) -> list[list[Any]]:
    """At both ends, orders of derivatives and what they are to be."""
    pair = bc_type if isinstance(bc_type, tuple) else (bc_type, bc_type)
    return [_ENDS[end] if end is None or isinstance(end, str) else list(end) for end in pair]


def _equations(t: Any, k: int, x: Any, orders: list[list[int]]) -> Any:
    """The matrix of a spline's coefficients: of derivatives at the left end, values, and right."""
    numbers, rows, columns = collocation(t, k, x)
    n, first = len(plain(t)) - k - 1, len(orders[0])
    parts, places = [numbers], [(rows + first, columns)]
    for is_left, of_end in zip((True, False), orders, strict=True):
        for i, row in enumerate(_end_rows(t, k, of_end, is_left)):
            parts.append(row)
            at = i if is_left else first + len(plain(x)) + i
            start = 0 if is_left else n - k - 1
            places.append((np.full(k + 1, at), start + np.arange(k + 1)))
    return csr_array(
        (np.concatenate(parts), tuple(np.concatenate(p) for p in zip(*places, strict=True))), (n, n)
    )


def _periodic_equations(t: Any, k: int, x: Any) -> Any:
    """The same of a periodic spline, whose last k coefficients are the first: values, and that."""
    numbers, rows, columns = collocation(t, k, x[:-1])
    m, same = len(x) - 1, np.arange(k)
    places = (
        np.concatenate([rows, m + same, m + same]),
        np.concatenate([columns, same, m + same]),
    )
    return csr_array((np.concatenate([numbers, np.ones(k), -np.ones(k)]), places), (m + k, m + k))


def solver_of(matrix: Any) -> Function:
    """M⁻¹·r of a sparse matrix M and a plain r of any columns, or with "T" its transpose."""
    factors = splu(matrix.tocsc())

    def solve(r: Any, trans: str = "N") -> Any:
        if np.iscomplexobj(r):
            return solve(r.real, trans) + 1j * solve(r.imag, trans)
        return np.reshape(factors.solve(np.reshape(r, (len(r), -1)), trans), np.shape(r))

    return solve


def _by_values(x: Any, y: Any, k: int, t: Any, bc_type: Any, axis: int, value: Any) -> Any:
    """The coefficients, which are linear in the values."""

    def coefficients(values: Any) -> Any:
        columns, ends = np.reshape(values, (len(values), -1)), bc_type
        if ends == "periodic":  # of numbers that are equal at both ends
            mean = (columns[:1] + columns[-1:]) / 2
            columns = np.concatenate([mean, columns[1:-1], mean])
        if isinstance(ends, (tuple, list)):  # what is given there has no tangent
            zeros = np.zeros(columns.shape[1])
            ends = tuple(
                [(order, zeros) for order, _ in end] if isinstance(end, list) else end
                for end in ends
            )
        c = np.array(_scipy.make_interp_spline(x, columns, k, t, ends).c)
        return np.reshape(c, (len(c), *values.shape[1:]))

    front = np.moveaxis(nilpotent(y), axis, 0)
    return with_value(through(coefficients, front, _back(x, value, bc_type)), value.c)


def _back(x: Any, value: Any, bc_type: Any) -> Function:
    """The transpose of how a spline's coefficients follow from the values at x."""
    t, k, n = value.t, value.k, len(x)
    is_periodic = bc_type == "periodic"
    ends = [] if is_periodic else [[order for order, _ in e] for e in _conditions(bc_type)]

    @functools.cache
    def solve() -> Function:
        made = _periodic_equations(t, k, x) if is_periodic else _equations(t, k, x, ends)
        return solver_of(made)

    def back(g: Any) -> Any:
        if not is_periodic:
            return solve()(g, "T")[len(ends[0]) : len(ends[0]) + n]
        found = solve()(g, "T")
        end = found[:1] / 2  # of both ends, whose mean was taken
        return np.concatenate([end, found[1 : n - 1], end])

    return back


def make_lsq_spline(
    x: Any,
    y: Any,
    t: Any,
    k: int = 3,
    w: Any = None,
    axis: int = 0,
    check_finite: bool = True,
    *,
    method: str = "qr",
) -> Spline:
    """scipy.interpolate.make_lsq_spline; data, knots and weights may be duals."""
    x, y, t = as_operand(x), as_operand(y), as_operand(t)
    weight = None if w is None else as_operand(w)
    value = _scipy.make_lsq_spline(
        *(plain(a) for a in (x, y, t)),
        k,
        None if w is None else plain(weight),
        axis,
        check_finite,
        method=method,
    )
    if not has_duals(x, y, t, weight):
        return Spline(value)
    front = np.moveaxis(y, axis, 0)
    n, m = len(plain(t)) - k - 1, len(plain(x))
    numbers, rows, columns = collocation(t, k, x)
    if weight is not None:
        numbers = numbers * weight[rows]
        front = front * np.reshape(weight, (m,) + (1,) * (np.ndim(front) - 1))
    matrix = csr_array((numbers, (rows, columns)), (m, n))
    right = matrix.T @ np.reshape(front, (m, -1))
    c = np.reshape(spsolve(matrix.T @ matrix, right), (n, *np.shape(front)[1:]))
    return Spline(value, with_value(c, value.c), t if has_duals(t) else None)


def make_smoothing_spline(
    x: Any, y: Any, w: Any = None, lam: Any = None, *, axis: int = 0
) -> Spline:
    """scipy.interpolate.make_smoothing_spline; values may be duals if lam is given.

    Raises
    ------
    TypeError
        With duals in x, w or lam, or in y without a lam, which then depends on y.
    """
    if has_duals(x, w, lam) or (has_duals(y) and lam is None):
        raise TypeError(
            "make_smoothing_spline takes duals in y only, and a plain lam with them; give lam=."
        )
    (y,) = (as_operand(y),)
    value = _scipy.make_smoothing_spline(x, plain(y), w, lam, axis=axis)
    if not has_duals(y):
        return Spline(value)

    def coefficients(values: Any) -> Any:
        return _scipy.make_smoothing_spline(x, values, w, lam).c

    x = np.asarray(x, float)
    through_values = _back(x, value, "natural")
    weight = 1.0 if w is None else np.asarray(w, float)

    def back(g: Any) -> Any:
        """Smoothed values are a symmetric function of the values, but for the weights."""
        r = through_values(g).T
        return (weight * _scipy.make_smoothing_spline(x, (r / weight).T, w, lam)(x).T).T

    front = np.moveaxis(y, axis, 0)
    return Spline(value, with_value(through(coefficients, front, back), value.c))
