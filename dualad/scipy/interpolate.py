"""scipy.interpolate: splines through duals, and at duals.

A spline is a polynomial between its knots, so its value at x + nilpotent is a short Taylor sum
of SciPy's own derivatives, and linear in its coefficients. These come from the data: as the
solution of the spline's equations, or from a formula for the slopes at the knots.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.interpolate as _scipy
from scipy import sparse

from ..array.operands import as_operand
from ..array_rules.common import has_duals
from ..pair import plain
from ._calling import take_places
from ._fitpack import (
    FitpackInterpolant,
    InterpolatedUnivariateSpline,
    LSQUnivariateSpline,
    RectBivariateSpline,
    SurfaceInterpolant,
    UnivariateSpline,
    splantider,
    splder,
    splev,
    splint,
    splrep,
    sproot,
)
from ._grids import (
    GridInterpolant,
    LineInterpolant,
    RegularGridInterpolator,
    interp1d,
    interpn,
    standing,
)
from ._names import names_of
from ._parts import levels_of, stripped, with_value
from ._scattered import (
    BarycentricInterpolator,
    KroghInterpolator,
    LinearNDInterpolator,
    NearestInterpolant,
    NearestNDInterpolator,
    PolynomialInterpolant,
    RadialInterpolant,
    RBFInterpolator,
    SimplexInterpolant,
    barycentric_interpolate,
    griddata,
    krogh_interpolate,
)
from ._splines import (
    BSpline,
    PPoly,
    Spline,
    make_interp_spline,
    make_lsq_spline,
    make_smoothing_spline,
    solver_of,
)
from ._theorems import solved

__all__ = [
    "Akima1DInterpolator",
    "BSpline",
    "BarycentricInterpolator",
    "CubicHermiteSpline",
    "CubicSpline",
    "InterpolatedUnivariateSpline",
    "KroghInterpolator",
    "LSQUnivariateSpline",
    "LinearNDInterpolator",
    "NearestNDInterpolator",
    "PPoly",
    "PchipInterpolator",
    "RBFInterpolator",
    "RectBivariateSpline",
    "RegularGridInterpolator",
    "Spline",
    "UnivariateSpline",
    "barycentric_interpolate",
    "griddata",
    "interp1d",
    "interpn",
    "krogh_interpolate",
    "make_interp_spline",
    "make_lsq_spline",
    "make_smoothing_spline",
    "pchip_interpolate",
    "splantider",
    "splder",
    "splev",
    "splint",
    "splrep",
    "sproot",
]


# -- piecewise cubics: values and slopes at the breakpoints ----------------------------------


def _cubic(plain_spline: Any, x: Any, y: Any, slopes: Any, axis: int) -> Spline:
    """The spline of plain numbers, with the coefficients that duals give."""
    y = np.moveaxis(as_operand(y), axis, 0)
    h = _like(np.diff(x), y)
    rise = np.diff(y, axis=0) / h
    t = (slopes[:-1] + slopes[1:] - 2 * rise) / h
    c = np.stack([t / h, (rise - slopes[:-1]) / h - t, slopes[:-1] + 0 * rise, y[:-1] + 0 * rise])
    return Spline(plain_spline, with_value(c, plain_spline.c), x if has_duals(x) else None)


def _like(x: Any, y: Any) -> Any:
    """A vector along the first axis of y."""
    return np.reshape(x, np.shape(x) + (1,) * (np.ndim(y) - 1))


def _data(*given: Any) -> list[Any]:
    """Arrays, of floats or duals."""
    arrays = (as_operand(a) for a in given)
    return [a if has_duals(a) else np.asarray(a, np.result_type(a, 1.0)) for a in arrays]


def CubicHermiteSpline(x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> Spline:
    """scipy.interpolate.CubicHermiteSpline; breakpoints, values and slopes may be duals.

    Examples
    --------
    >>> from dualad import Dual
    >>> s = CubicHermiteSpline([0.0, 1.0], [0.0, 1.0], [0.0, Dual(0.0, 1.0)])
    >>> s(0.5)[()]
    Dual(0.5, -0.125)
    """
    x, y, dydx = _data(x, y, dydx)
    spline = _scipy.CubicHermiteSpline(plain(x), plain(y), plain(dydx), axis, extrapolate)
    if not has_duals(x, y, dydx):
        return Spline(spline)
    return _cubic(spline, x, y, np.moveaxis(dydx, axis, 0), axis)


def CubicSpline(
    x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None
) -> Spline:
    """scipy.interpolate.CubicSpline; breakpoints, values and end conditions may be duals.

    The slopes at the breakpoints solve the spline's equations: a second derivative that does not
    jump, and the conditions at the ends.

    Parameters
    ----------
    x : array, shape (n,)
    y : array, shape (…, n, …)
    axis, bc_type, extrapolate
        As SciPy's.

    Returns
    -------
    Spline
        To be called as SciPy's.

    Examples
    --------
    >>> from dualad import Dual, derivative
    >>> square = CubicSpline(np.arange(5.0), np.arange(5.0) ** 2)
    >>> derivative(square)(1.5).item()
    3.0
    >>> moved = CubicSpline(np.arange(5.0), Dual(np.arange(5.0) ** 2, np.ones(5)))
    >>> moved(1.5)[()]
    Dual(2.25, 1.0)
    """
    x, y = _data(x, y)
    spline = _scipy.CubicSpline(plain(x), plain(y), axis, stripped(bc_type), extrapolate)
    if not (has_duals(x, y) or levels_of(bc_type)):
        return Spline(spline)
    front = np.moveaxis(y, axis, 0)
    h = _like(np.diff(x), front)
    ends = bc_type if isinstance(bc_type, (tuple, list)) else (bc_type, bc_type)
    slopes = np.moveaxis(spline(plain(x), 1), axis, 0)
    gaps, n = np.diff(plain(x))[:, None], len(slopes)
    of_slopes = _smooth(gaps, 0.0 * gaps, [e if isinstance(e, str) else (e[0], 0.0) for e in ends])
    divide = solver_of(_band(of_slopes, n))
    left = _smooth(h, np.diff(front, axis=0) / h, ends)
    found = solved(left, slopes, divide, back=lambda g: divide(g, "T"))
    return _cubic(spline, x, y, found, axis)


def _smooth(h: Any, rise: Any, conditions: Any) -> Callable[[Any], Any]:
    """What slopes s at the breakpoints leave of the equations of a spline, which are linear."""
    left_end, right_end = conditions

    def residual(s: Any) -> Any:
        left, right = s[:-1], s[1:]
        first = 2 * (3 * rise - 2 * left - right) / h  # second derivatives of each piece
        last = 2 * (left + 2 * right - 3 * rise) / h  # at its two ends
        third = (left + right - 2 * rise) / h**2
        if left_end == "periodic":
            ends = [s[0] - s[-1], last[-1] - first[0]]
        elif len(third) == 2 and left_end == right_end == "not-a-knot":  # one parabola
            ends = [third[0], third[1]]
        else:
            ends = [
                _end(left_end, s[0], first[0], third, rise[0]),
                _end(right_end, s[-1], last[-1], third[::-1], rise[-1]),
            ]
        one = (1, *last.shape[1:])
        begin, end = (np.reshape(e, one) for e in ends)
        return np.concatenate([begin, last[:-1] - first[1:], end])

    return residual


def _band(f: Callable[[Any], Any], n: int) -> Any:
    """The sparse matrix of a linear f, in whose columns are two neighbours on both sides.

    The first two columns and the last two may hold anything, as those of a periodic spline do.
    """
    columns = np.arange(n)
    ends, middle = np.unique([*columns[:2], *columns[-2:]]), columns[2:-2]
    whole = columns[:, None] == ends
    apart = (columns[:, None] % 5 == np.arange(5)) & ~whole.any(axis=1)[:, None]
    found = f(np.concatenate([whole, apart], axis=1) * 1.0)
    at_ends, within = found[:, : len(ends)], found[:, len(ends) :]
    rows = middle + np.arange(-2, 3)[:, None]
    numbers = np.concatenate([at_ends.ravel(), within[rows, middle % 5].ravel()])
    places = (
        np.concatenate([np.repeat(columns, len(ends)), rows.ravel()]),
        np.concatenate([np.tile(ends, n), np.tile(middle, 5)]),
    )
    matrix = sparse.csc_array((numbers, places), (n, n))
    matrix.eliminate_zeros()
    return matrix


def _end(condition: Any, slope: Any, curvature: Any, third: Any, rise: Any) -> Any:
    """What a condition at one end leaves; `third` counts from there."""
    if isinstance(condition, str):
        if condition == "not-a-knot":
            return slope - rise if len(third) == 1 else third[0] - third[1]
        condition = {"clamped": (1, 0.0), "natural": (2, 0.0)}[condition]
    order, value = condition
    return (slope if order == 1 else curvature) - as_operand(value)


def PchipInterpolator(x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> Spline:
    """scipy.interpolate.PchipInterpolator; breakpoints and values may be duals.

    Next to a flat piece of the data the slope at the breakpoint has a kink; its derivative is the
    mean of both sides. (Between two flat pieces it is zero.)

    Examples
    --------
    >>> from dualad import derivative
    >>> derivative(PchipInterpolator([0.0, 1.0, 2.0], [0.0, 1.0, 4.0]))(2.0).item()
    4.0
    """
    x, y = _data(x, y)
    spline = _scipy.PchipInterpolator(plain(x), plain(y), axis, extrapolate)
    if not has_duals(x, y):
        return Spline(spline)
    front = np.moveaxis(y, axis, 0)
    h = _like(np.diff(x), front)
    m = np.diff(front, axis=0) / h
    if len(m) == 1:
        return _cubic(spline, x, y, np.stack([m[0], m[0]]), axis)
    before, after = m[:-1], m[1:]
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    flat_before, flat_after = plain(before) == 0, plain(after) == 0
    mean = (w1 + w2) / (
        w1 / np.where(flat_before, 1.0, before) + w2 / np.where(flat_after, 1.0, after)
    )
    inner = np.where(np.sign(plain(before)) == np.sign(plain(after)), mean, 0.0)
    inner = np.where(flat_before, (w1 + w2) / w1 * before / 2, inner)
    inner = np.where(flat_after, (w1 + w2) / w2 * after / 2, inner)
    inner = np.where(flat_before & flat_after, 0.0, inner)
    ends = (_pchip_end(h[0], h[1], m[0], m[1]), _pchip_end(h[-1], h[-2], m[-1], m[-2]))
    return _cubic(spline, x, y, np.concatenate([ends[0][None], inner, ends[1][None]]), axis)


def _pchip_end(h0: Any, h1: Any, m0: Any, m1: Any) -> Any:
    """The slope at an end from two pieces, kept monotonic."""
    d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    steep = (np.sign(plain(m0)) != np.sign(plain(m1))) & (abs(plain(d)) > 3 * abs(plain(m0)))
    d = np.where(steep, 3 * m0, d)
    return np.where(np.sign(plain(d)) == np.sign(plain(m0)), d, 0.0)


def Akima1DInterpolator(
    x: Any, y: Any, axis: int = 0, *, method: str = "akima", extrapolate: Any = None
) -> Spline:
    """scipy.interpolate.Akima1DInterpolator; breakpoints and values may be duals.

    Examples
    --------
    >>> from dualad import derivative
    >>> square = Akima1DInterpolator(np.arange(5.0), np.arange(5.0) ** 2)
    >>> round(derivative(square)(2.0).item(), 12)
    4.0
    """
    x, y = _data(x, y)
    spline = _scipy.Akima1DInterpolator(
        plain(x), plain(y), axis, method=method, extrapolate=extrapolate
    )
    if not has_duals(x, y):
        return Spline(spline)
    front = np.moveaxis(y, axis, 0)
    rise = np.diff(front, axis=0) / _like(np.diff(x), front)
    if len(rise) == 1:
        return _cubic(spline, x, y, np.stack([rise[0], rise[0]]), axis)
    before, after = 2 * rise[0] - rise[1], 2 * rise[-1] - rise[-2]
    begin = np.stack([2 * before - rise[0], before])
    m = np.concatenate([begin, rise, np.stack([after, 2 * after - rise[-1]])])
    change = np.abs(np.diff(m, axis=0))
    if method == "makima":
        change = change + np.abs(m[1:] + m[:-1]) / 2
    near, far = change[2:], change[:-2]
    total = near + far
    size = plain(total)
    flat = size <= 1e-9 * np.max(size, initial=-np.inf)
    weighted = m[1:-2] + far / np.where(flat, 1.0, total) * (m[2:-1] - m[1:-2])
    slopes = np.where(flat, (m[3:] + m[:-3]) / 2, weighted)
    return _cubic(spline, x, y, slopes, axis)


def pchip_interpolate(xi: Any, yi: Any, x: Any, der: Any = 0, axis: int = 0) -> Any:
    """scipy.interpolate.pchip_interpolate: data and places may be duals.

    Examples
    --------
    >>> from dualad import derivative
    >>> derivative(lambda x: pchip_interpolate([0.0, 1.0], [0.0, 2.0], x))(0.3).item()
    2.0
    """
    s = PchipInterpolator(xi, yi, axis=axis)
    if np.ndim(der) == 0:
        return s(x, der) if der else s(x)
    return [s.derivative(n)(x) if n else s(x) for n in der]


# What stands for methods of SciPy's own interpolants, where they are given duals.
METHODS = standing(
    {
        _scipy.interp1d: LineInterpolant,
        _scipy.RegularGridInterpolator: GridInterpolant,
        _scipy.BarycentricInterpolator: PolynomialInterpolant,
        _scipy.KroghInterpolator: PolynomialInterpolant,
        _scipy.UnivariateSpline: FitpackInterpolant,
        _scipy.BivariateSpline: SurfaceInterpolant,
        _scipy.LinearNDInterpolator: SimplexInterpolant,
        _scipy.NearestNDInterpolator: NearestInterpolant,
        _scipy.RBFInterpolator: RadialInterpolant,
        _scipy.PPoly: Spline,
        _scipy.BSpline: Spline,
    }
)


take_places(globals(), _scipy)

__getattr__, __dir__ = names_of(__name__)
