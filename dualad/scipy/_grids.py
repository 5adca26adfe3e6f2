"""Interpolants of SciPy whose data and places may be duals; those on grids.

Each is one of SciPy's, which gives the values, and a formula in functions that know duals, which
holds where the place is: in its cell of a grid, its simplex, its piece of a spline.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import scipy.interpolate as _scipy

from ..array.operands import as_operand
from ..array_rules.common import has_duals
from ..lifting.lift import CALLERS, argument
from ..numerics import quiet
from ..pair import plain
from . import _pieces
from ._calling import paired
from ._parts import stripped, with_value
from ._splines import make_interp_spline, placed

Function = Callable[..., Any]


class Interpolant:
    """An interpolant of SciPy's, `plain`, whose data may be duals; it is called as SciPy's is.

    What is not defined here is that of SciPy's own, as long as its data are plain.
    """

    methods: ClassVar[tuple[str, ...]] = ("__call__",)
    stands_for = property(lambda self: self.plain)

    def __init__(self, value: Any, **data: Any) -> None:
        self.plain, self.data = value, data

    @classmethod
    def of(cls, value: Any) -> Any:
        """One of SciPy's own, of plain data."""
        return cls(value, **cls.read(value))

    @staticmethod
    def read(value: Any) -> dict[str, Any]:
        """The data of one of SciPy's."""
        return {}

    def formula(self, *args: Any, **kwargs: Any) -> Any:
        """What it gives at duals, of the same shape."""
        raise NotImplementedError

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not has_duals(args, kwargs, list(self.data.values())):
            return self.plain(*args, **kwargs)
        value = self.plain(*stripped(args), **stripped(kwargs))
        with quiet():
            return paired(self.formula(*args, **kwargs), value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("plain", "data"):
            raise AttributeError(name)
        if has_duals(list(self.data.values())):
            raise AttributeError(
                f"an interpolant of duals has no {name!r}; write s.plain.{name} for that of the "
                "plain one, without derivatives."
            )
        return getattr(self.plain, name)


def standing(kinds: dict[type, Any]) -> dict[Any, Function]:
    """What stands for methods of SciPy's interpolants: by the class of ours for each of theirs."""

    def stand(method: Function, name: str) -> Function:
        @functools.wraps(method)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            ours = next((kinds[kind] for kind in type(self).__mro__ if kind in kinds), None)
            if not has_duals(args, kwargs):
                return method(self, *args, **kwargs)
            if ours is None:  # of a class that shares the method
                return CALLERS["scipy"](method, argument)(self, *args, **kwargs)
            return getattr(ours.of(self), name)(*args, **kwargs)

        return call

    found = {}
    for theirs, ours in kinds.items():
        for name in ours.methods:
            if hasattr(theirs, name):
                method = getattr(theirs, name)
                found[method] = stand(method, name)
    return found


def points_of(xi: Any, n: int) -> Any:
    """Places as SciPy takes them: (m, n), from an array or a tuple of coordinates."""
    if isinstance(xi, tuple):
        arrays = np.broadcast_arrays(*(as_operand(x) for x in xi))
        return np.stack(arrays, axis=-1)
    x = as_operand(xi)
    if np.ndim(x) == 0:
        return np.reshape(x, (1, 1))
    return np.reshape(x, (-1, n)) if np.ndim(x) == 1 else x


# -- grids: a place is in a cell ---------------------------------------------------------------


def hats(grid: Any, x: Any) -> list[tuple[Any, Any]]:
    """The weights of linear interpolation in one coordinate: [(numbers in the grid, weights)].

    At a point of the grid they are the mean of those of both cells.
    """
    last = len(plain(grid)) - 2
    right, left = (_pieces.pieces_of(grid, x, side, 0, last) for side in ("right", "left"))

    def within(cell: Any) -> Any:
        return (x - grid[cell]) / (grid[cell + 1] - grid[cell])

    u, v = within(right), within(left)
    turns = right != left
    half = np.where(turns, 0.5, 1.0)
    found = [(right, (1 - u) * half), (right + 1, u * half)]
    if np.any(turns):
        other = np.where(turns, 0.5, 0.0)
        found += [(left, (1 - v) * other), (left + 1, v * other)]
    return found


_DEGREES = {"slinear": 1, "cubic": 3, "quintic": 5}


class GridInterpolant(Interpolant):
    """scipy.interpolate.RegularGridInterpolator: the grid, the values and the places may be duals.

    Raises
    ------
    TypeError
        If there are duals, and the method is "pchip".
    """

    @staticmethod
    def read(value: Any) -> dict[str, Any]:
        return {"grid": list(value.grid), "values": value.values, "fill": value.fill_value}

    def formula(self, xi: Any, method: Any = None, *, nu: Any = None) -> Any:
        grid, values = self.data["grid"], as_operand(self.data["values"])
        n = len(grid)
        x = points_of(xi, n)
        shape = np.shape(x)[:-1]
        x = np.reshape(x, (-1, n))
        method = method or self.plain.method
        rest = np.shape(values)[n:]
        table = np.reshape(values, (*np.shape(values)[:n], -1))
        if method == "pchip":
            raise TypeError(
                "RegularGridInterpolator with method='pchip' cannot take duals; take 'cubic', or "
                "PchipInterpolator along each axis."
            )
        if method == "nearest":
            y = table[self._nearest(plain(x))]
        elif method == "linear":
            y = summed(table, [hats(grid[i], x[:, i]) for i in range(n)])
        else:
            is_made = method == self.plain.method
            spline = self.plain._spline if is_made else self.plain._construct_spline(method)
            c = np.reshape(spline.c, np.shape(table))
            y = _tensor(grid, table, c, _DEGREES[method], x, nu or [0] * n)
        fill = self.data["fill"]
        if fill is not None and not self.plain.bounds_error:
            inside = np.ones(len(plain(x)), bool)
            for i in range(n):
                points = plain(as_operand(grid[i]))
                inside &= (plain(x[:, i]) >= points[0]) & (plain(x[:, i]) <= points[-1])
            y = np.where(inside[:, None], y, fill)
        return np.reshape(y, shape + rest)

    def _nearest(self, x: Any) -> tuple[Any, ...]:
        found = []
        for points, at in zip(self.plain.grid, x.T, strict=True):
            cell = np.clip(np.searchsorted(points, at, "right") - 1, 0, len(points) - 2)
            share = (at - points[cell]) / (points[cell + 1] - points[cell])
            found.append(np.where(share <= 0.5, cell, cell + 1))
        return tuple(found)


def summed(table: Any, axes: list[list[tuple[Any, Any]]]) -> Any:
    """The sum over all corners of a cell: values times the product of their weights."""
    total: Any = 0.0
    corners: list[tuple[tuple[Any, ...], Any]] = [((), 1.0)]
    for each in axes:
        corners = [((*i, j), w * u) for i, w in corners for j, u in each]
    for index, weight in corners:
        total = total + weight[:, None] * table[index]
    return total


def _tensor(grid: Any, table: Any, value: Any, k: int, x: Any, nu: Any) -> Any:
    """A product of splines: coefficients along each axis, then the B-splines at each place.

    The coefficients get SciPy's values, which it has by an iteration to a tolerance.
    """
    axes = []
    c = table
    for i, points in enumerate(grid):
        spline = make_interp_spline(points, c, k, axis=i)
        c = np.moveaxis(as_operand(spline.c), 0, i)
        axes.append((spline.knots, k))
    c = with_value(c, value)
    weights = []
    for i, (t, degree) in enumerate(axes):
        n = len(plain(t)) - degree - 1
        piece = _pieces.pieces_of(t, x[:, i], "right", degree, n - 1)
        weights.append(numbered(t, degree, x[:, i], piece, nu[i]))
    return summed(c, weights)


def numbered(t: Any, k: int, x: Any, piece: Any, nu: int) -> list[tuple[Any, Any]]:
    """The B-splines that are not zero at x, or their nu-th derivatives, with their numbers."""
    if not nu:
        if k == 1:
            return hats(t[1:-1], x)
        return [(piece - k + r, b) for r, b in enumerate(_pieces.basis(t, k, x, piece))]
    n = len(plain(t)) - k - 1
    every = _pieces.b_spline(t, np.eye(n), k, x, nu)
    rows = np.arange(len(piece))
    return [(piece - k + r, every[rows, piece - k + r]) for r in range(k + 1)]


def RegularGridInterpolator(
    points: Any,
    values: Any,
    method: str = "linear",
    bounds_error: bool = True,
    fill_value: Any = np.nan,
    *,
    solver: Any = None,
    solver_args: Any = None,
) -> Any:
    grid, values, fill = [as_operand(p) for p in points], as_operand(values), as_operand(fill_value)
    value = _scipy.RegularGridInterpolator(
        tuple(map(plain, grid)),
        plain(values),
        method,
        bounds_error,
        plain(fill),
        solver=solver,
        solver_args=solver_args,
    )
    if not has_duals(*grid, values, fill):
        return GridInterpolant.of(value)
    if any(np.any(np.diff(plain(g)) < 0) for g in grid):
        raise TypeError("RegularGridInterpolator with duals takes ascending points; flip the axis.")
    return GridInterpolant(value, grid=grid, values=values, fill=fill)


def interpn(
    points: Any,
    values: Any,
    xi: Any,
    method: str = "linear",
    bounds_error: bool = True,
    fill_value: Any = np.nan,
) -> Any:
    if not has_duals(points, values, xi, fill_value):
        return _scipy.interpn(points, values, xi, method, bounds_error, fill_value)
    if method == "splinef2d":
        raise TypeError(
            "interpn with method='splinef2d' cannot take duals; write RectBivariateSpline(x, y, "
            "values).ev(xi, yi)."
        )
    value = _scipy.interpn(
        stripped(points), stripped(values), stripped(xi), method, bounds_error, stripped(fill_value)
    )
    f = RegularGridInterpolator(points, values, method, bounds_error, fill_value)
    return paired(f.formula(xi), value)


class LineInterpolant(Interpolant):
    """scipy.interpolate.interp1d: data, places and fill values may be duals."""

    @staticmethod
    def read(value: Any) -> dict[str, Any]:
        y = np.reshape(value._y, (-1, *value._y_extra_shape))
        fill = None if value._extrapolate else (value._fill_value_below, value._fill_value_above)
        return {"x": value.x, "y": y, "fill": fill}

    def formula(self, x: Any) -> Any:
        x, xs, ys = as_operand(x), self.data["x"], self.data["y"]  # ys along the first axis
        flat, kind = np.reshape(x, -1), self.plain._kind
        table = np.reshape(ys, (np.shape(ys)[0], -1))
        if kind == "linear":
            terms = [w[:, None] * table[i] for i, w in hats(xs, flat)]
            y = sum(terms[1:], terms[0])
        elif kind in ("nearest", "nearest-up", "previous", "next"):
            numbers = _scipy.interp1d(
                plain(xs), np.arange(len(plain(xs))), kind, fill_value="extrapolate"
            )
            found = np.asarray(numbers(plain(flat)))  # nan where there is none before or behind
            is_none = np.isnan(found)
            y = table[np.where(is_none, 0, found).astype(int)]
            y = np.where(is_none[:, None], np.nan, y) if np.any(is_none) else y
        else:
            y = make_interp_spline(xs, table, self.plain._spline.k)._at(flat, 0, None)
        y = self._filled(y, plain(flat), plain(xs))
        y = np.reshape(y, (-1, *np.shape(ys)[1:]))
        value = self.plain(plain(x))
        return placed(y, np.shape(x), self.plain.axis, value)

    def _filled(self, y: Any, at: Any, xs: Any) -> Any:
        if self.plain._extrapolate:
            return y
        fill = self.data["fill"]
        below, above = fill if isinstance(fill, tuple) and len(fill) == 2 else (fill, fill)
        for value, where in ((below, at < xs[0]), (above, at > xs[-1])):
            if value is not None and np.any(where):
                y = np.where(where[:, None], np.reshape(as_operand(value), -1), y)
        return y


def interp1d(
    x: Any,
    y: Any,
    kind: Any = "linear",
    axis: int = -1,
    copy: bool = True,
    bounds_error: Any = None,
    fill_value: Any = np.nan,
    assume_sorted: bool = False,
) -> Any:
    x, y = as_operand(x), as_operand(y)
    fill = fill_value
    value = _scipy.interp1d(
        plain(x), plain(y), kind, axis, copy, bounds_error, stripped(fill), assume_sorted
    )
    if not has_duals(x, y, fill):
        return LineInterpolant.of(value)
    x, y = (np.asarray(a) if not has_duals(a) else a for a in (x, y))
    if not assume_sorted:
        order = np.argsort(plain(x), kind="mergesort")
        x, y = x[order], np.take(y, order, axis=axis)
    if isinstance(fill, str):
        fill = None
    return LineInterpolant(value, x=x, y=np.moveaxis(y, axis, 0), fill=fill)
