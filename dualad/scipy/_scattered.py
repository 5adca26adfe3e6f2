"""Interpolants of scattered points: polynomials, linear on simplices, radial functions."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.interpolate as _scipy
from scipy.spatial import Delaunay, cKDTree
from scipy.special import xlogy

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError
from ..array_rules.common import has_duals
from ..pair import plain
from ._calling import called_as, paired
from ._grids import Interpolant, interp1d, points_of
from ._parts import stripped
from ._splines import placed

Function = Callable[..., Any]

# -- polynomials -------------------------------------------------------------------------------


class PolynomialInterpolant(Interpolant):
    """scipy.interpolate's BarycentricInterpolator and KroghInterpolator, by Lagrange's formula.

    Points, values and places may be duals; the points differ from each other.
    """

    @staticmethod
    def read(value: Any) -> dict[str, Any]:
        y = getattr(value, "yi", None)
        return {"x": value.xi, "y": None if y is None else y.reshape(-1, *value._y_extra_shape)}

    def formula(self, x: Any) -> Any:
        x, xs, ys = as_operand(x), as_operand(self.data["x"]), self.data["y"]
        n = len(plain(xs))
        if len(np.unique(plain(xs))) < n or ys is None:
            raise TypeError(
                "a polynomial through repeated points cannot take duals; use CubicHermiteSpline."
            )
        flat = np.reshape(x, -1)
        _refuse_other_weights(self.plain, plain(xs))
        table = np.reshape(ys, (n, -1))
        y: Any = 0.0
        for j in range(n):
            others = np.flatnonzero(np.arange(n) != j)
            term: Any = np.ones(len(plain(flat)))
            for i in others:
                term = term * ((flat - xs[i]) / (xs[j] - xs[i]))
            y = y + term[:, None] * table[j]
        y = np.reshape(y, (-1, *np.shape(ys)[1:]))
        return placed(y, np.shape(x), self.plain._y_axis, self.plain(plain(x)))


def _refuse_other_weights(interpolant: Any, xs: Any) -> None:
    """Refuse an interpolant that was given wi=, and so is not the polynomial."""
    weights = getattr(interpolant, "wi", None)
    if weights is not None:
        gaps = xs[:, None] - xs + np.eye(len(xs))
        same = weights * np.prod(gaps, axis=1)
        if np.ptp(same) > 1e-6 * np.max(abs(same)):
            raise TypeError("BarycentricInterpolator takes no wi= with duals; omit it.")


def _polynomial(theirs: Any) -> Function:
    @called_as(theirs)
    def make(xi: Any, yi: Any = None, axis: int = 0, **options: Any) -> Any:
        xi = as_operand(xi)
        yi = None if yi is None else as_operand(yi)
        value = theirs(plain(xi), None if yi is None else plain(yi), axis, **options)
        if not has_duals(xi, yi):
            return PolynomialInterpolant.of(value)
        y = None if yi is None else np.moveaxis(as_operand(yi), axis, 0)
        return PolynomialInterpolant(value, x=xi, y=y)

    return make


BarycentricInterpolator = _polynomial(_scipy.BarycentricInterpolator)
KroghInterpolator = _polynomial(_scipy.KroghInterpolator)


def _at_once(theirs: Function, make: Function) -> Function:
    @called_as(theirs)
    def f(xi: Any, yi: Any, x: Any, der: Any = 0, axis: int = 0, **options: Any) -> Any:
        given = {"axis": axis, **options} | ({"der": der} if der else {})
        if not has_duals(xi, yi, x):
            return theirs(xi, yi, x, **given)
        if der:
            raise TypeError(f"{theirs.__name__} with der= cannot take duals; differentiate it.")
        value = theirs(*(plain(as_operand(a)) for a in (xi, yi, x)), **given)
        return paired(make(xi, yi, axis=axis)(x), value)

    return f


barycentric_interpolate = _at_once(_scipy.barycentric_interpolate, BarycentricInterpolator)
krogh_interpolate = _at_once(_scipy.krogh_interpolate, KroghInterpolator)


# -- scattered points --------------------------------------------------------------------------


class SimplexInterpolant(Interpolant):
    """scipy.interpolate.LinearNDInterpolator: points, values, places, fill_value may be duals.

    Raises
    ------
    NonDifferentiableError
        If a place that moves lies on the border of two simplices.
    """

    @staticmethod
    def read(value: Any) -> dict[str, Any]:
        points = value.tri.points
        if value.scale is not None:
            points = points * value.scale + value.offset
        values = np.reshape(value.values, (-1, *value.values_shape))
        return {"points": points, "values": values, "fill": value.fill_value}

    def formula(self, *args: Any, simplex_tolerance: float = 1.0) -> Any:
        points, values = self.data["points"], self.data["values"]
        n = np.shape(points)[1]
        x = points_of(args if len(args) > 1 else args[0], n)
        shape, rest = np.shape(x)[:-1], np.shape(values)[1:]
        x = np.reshape(x, (-1, n))
        mesh: Any = self.plain.tri
        scaled = plain(x)
        if self.plain.scale is not None:
            scaled = (scaled - self.plain.offset) / self.plain.scale
        tolerance = 100 * np.finfo(float).eps * simplex_tolerance  # of which Qhull's is the default
        simplex = mesh.find_simplex(scaled, tol=tolerance)
        corners = mesh.simplices[np.maximum(simplex, 0)]
        edges = np.swapaxes(points[corners[:, :-1]] - points[corners[:, -1:]], -1, -2)
        share = np.linalg.solve(edges, (x - points[corners[:, -1]])[..., None])[..., 0]
        weights = np.concatenate([share, 1 - np.sum(share, axis=1, keepdims=True)], axis=1)
        if has_duals(x, points):
            beside = mesh.neighbors[np.maximum(simplex, 0)] >= 0
            if np.any((abs(plain(weights)) < 1e-12) & beside & (simplex >= 0)[:, None]):
                raise NonDifferentiableError(
                    "a place lies on the border of two simplices, where a linear interpolant has "
                    "a kink; move it, or interpolate smoothly by RBFInterpolator."
                )
        table = np.reshape(values, (len(plain(values)), -1))
        y = np.sum(weights[..., None] * table[corners], axis=1)
        y = np.where((simplex >= 0)[:, None], y, self.data["fill"])
        return np.reshape(y, shape + rest)


def LinearNDInterpolator(
    points: Any, values: Any, fill_value: Any = np.nan, rescale: bool = False
) -> Any:
    mesh = points if isinstance(points, Delaunay) else None
    given = as_operand(points.points if mesh is not None else points)
    values, fill = as_operand(values), as_operand(fill_value)
    value = _scipy.LinearNDInterpolator(
        mesh if mesh is not None else plain(given), plain(values), plain(fill), rescale
    )
    return SimplexInterpolant(value, points=given, values=values, fill=fill)


class NearestInterpolant(Interpolant):
    """scipy.interpolate.NearestNDInterpolator: which point is nearest is a step."""

    @staticmethod
    def read(value: Any) -> dict[str, Any]:
        return {"values": value.values}

    def formula(self, *args: Any, **options: Any) -> Any:
        values, numbered = self.data["values"], copy.copy(self.plain)
        numbered.values = np.arange(len(plain(values)))
        numbered.values_shape = ()
        return values[np.asarray(numbered(*stripped(args), **options)).astype(int)]


def NearestNDInterpolator(x: Any, y: Any, rescale: bool = False, tree_options: Any = None) -> Any:
    """scipy.interpolate.NearestNDInterpolator; the values may be duals."""
    y = as_operand(y)
    value = _scipy.NearestNDInterpolator(plain(as_operand(x)), plain(y), rescale, tree_options)
    return NearestInterpolant(value, values=y)


def griddata(
    points: Any,
    values: Any,
    xi: Any,
    method: str = "linear",
    fill_value: Any = np.nan,
    rescale: bool = False,
    **tolerance: float,
) -> Any:
    if not has_duals(points, values, xi, fill_value):
        return _scipy.griddata(points, values, xi, method, fill_value, rescale, **tolerance)
    value = _scipy.griddata(
        *stripped([points, values, xi]), method, stripped(fill_value), rescale, **tolerance
    )
    places = (
        np.stack([as_operand(p) for p in points], axis=1)
        if isinstance(points, tuple)
        else as_operand(points)
    )
    if np.ndim(places) < 2 or np.shape(places)[1] == 1:
        at = xi[0] if isinstance(xi, tuple) else xi
        f = interp1d(
            np.reshape(places, -1), values, method, 0, bounds_error=False, fill_value=fill_value
        )
        return paired(f(at), value)
    if method == "cubic":
        raise TypeError(
            "griddata with method='cubic' cannot take duals in two dimensions; take 'linear', or "
            "RBFInterpolator."
        )
    if method == "nearest":
        return paired(NearestNDInterpolator(places, values, rescale).formula(xi), value)
    f = LinearNDInterpolator(places, values, fill_value, rescale)
    return paired(f.formula(xi, **tolerance), value)


# -- radial basis functions --------------------------------------------------------------------

# As functions of r²; the square root is that of norms, with slope 0 at 0.
_KERNELS: dict[str, Function] = {
    "linear": lambda s: -_root(s),
    "thin_plate_spline": lambda s: xlogy(s, s) / 2,  # its second derivative at 0 is infinite
    "cubic": lambda s: _root(s) * s,
    "quintic": lambda s: -_root(s) * s * s,
    "multiquadric": lambda s: -np.sqrt(s + 1),
    "inverse_multiquadric": lambda s: 1 / np.sqrt(s + 1),
    "inverse_quadratic": lambda s: 1 / (s + 1),
    "gaussian": lambda s: np.exp(-s),
}


def _root(s: Any) -> Any:
    zero = plain(s) == 0
    return np.where(zero, 0.0, np.sqrt(np.where(zero, 1.0, s)))


class RadialInterpolant(Interpolant):
    """scipy.interpolate.RBFInterpolator: all its numbers, and places, may be duals.

    At a data point, kernels that are not smooth there have their slope along the mean of all sides.
    """

    @staticmethod
    def read(value: Any) -> dict[str, Any]:
        d = value.d.view(value.d_dtype).reshape((-1, *value.d_shape))
        return {"y": value.y, "d": d, "smoothing": value.smoothing, "epsilon": value.epsilon}

    def formula(self, x: Any) -> Any:
        x = as_operand(x)
        y, d = self.data["y"], self.data["d"]
        rest = np.shape(d)[1:]
        d = np.reshape(d, (np.shape(d)[0], -1))
        smoothing = self.data["smoothing"]
        smoothing = np.broadcast_to(as_operand(smoothing), (np.shape(y)[0],))
        if self.plain.neighbors is None:
            found = self._solved(y, d, smoothing, x)
        else:
            _, near = cKDTree(plain(y)).query(plain(x), self.plain.neighbors)
            near = np.sort(near.reshape(len(plain(x)), -1), axis=1)
            rows = [
                self._solved(y[i], d[i], smoothing[i], x[j : j + 1]) for j, i in enumerate(near)
            ]
            found = np.concatenate(rows)
        return np.reshape(found, (np.shape(x)[0], *rest))

    def _kernel(self, a: Any, b: Any) -> Any:
        apart = (a[:, None, :] - b[None, :, :]) * self.data["epsilon"]
        return _KERNELS[self.plain.kernel](np.sum(apart * apart, axis=-1))

    def _solved(self, y: Any, d: Any, smoothing: Any, x: Any) -> Any:
        powers = self.plain.powers
        low, high = np.min(plain(y), axis=0), np.max(plain(y), axis=0)
        middle, half = (low + high) / 2, np.where(high > low, (high - low) / 2, 1.0)

        def polynomial(at: Any) -> Any:
            scaled = (at - middle) / half
            columns = [
                np.prod(np.stack([scaled[:, i] ** int(p) for i, p in enumerate(power)]), axis=0)
                for power in powers
            ]
            return np.stack(columns, axis=1) if columns else np.zeros((np.shape(at)[0], 0))

        n, r = np.shape(y)[0], len(powers)
        p = polynomial(y)
        top = np.concatenate([self._kernel(y, y) + np.eye(n) * smoothing[:, None], p], axis=1)
        bottom = np.concatenate([np.transpose(p), np.zeros((r, r))], axis=1)
        matrix = np.concatenate([top, bottom])
        right = np.concatenate([d, np.zeros((r, np.shape(d)[1]))])
        coefficients = np.linalg.solve(matrix, right)
        return np.concatenate([self._kernel(x, y), polynomial(x)], axis=1) @ coefficients


def RBFInterpolator(
    y: Any,
    d: Any,
    neighbors: Any = None,
    smoothing: Any = 0.0,
    kernel: str = "thin_plate_spline",
    epsilon: Any = None,
    degree: Any = None,
) -> Any:
    y, d = as_operand(y), as_operand(d)
    smooth, scale = as_operand(smoothing), None if epsilon is None else as_operand(epsilon)
    value = _scipy.RBFInterpolator(
        plain(y),
        plain(d),
        neighbors,
        plain(smooth),
        kernel,
        None if scale is None else plain(scale),
        degree,
    )
    return RadialInterpolant(
        value, y=y, d=d, smoothing=smooth, epsilon=1.0 if scale is None else scale
    )
