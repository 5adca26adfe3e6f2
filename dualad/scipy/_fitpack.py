"""FITPACK's splines and surfaces: linear in their values, polynomials between their knots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.interpolate as _scipy
from scipy import sparse

from ..array.operands import as_operand
from ..array_rules.common import has_duals
from ..numerics import quiet
from ..pair import plain
from . import _pieces
from ._calling import called_as, paired
from ._grids import Interpolant, numbered, summed
from ._parts import through, with_value
from ._splines import Spline, collocation, solver_of

Function = Callable[..., Any]

# -- FITPACK's surfaces ------------------------------------------------------------------------


class SurfaceInterpolant(Interpolant):
    """scipy.interpolate.RectBivariateSpline and its like: values and places may be duals."""

    methods = ("__call__", "ev", "integral", "partial_derivative")

    @staticmethod
    def read(value: Any) -> dict[str, Any]:
        tx, ty, c = value.tck
        kx, ky = value.degrees
        return {"c": np.reshape(c, (len(tx) - kx - 1, len(ty) - ky - 1))}

    def _axes(self) -> list[tuple[Any, int]]:
        tx, ty, _ = self.plain.tck
        return list(zip((tx, ty), self.plain.degrees, strict=True))

    def formula(self, x: Any, y: Any, dx: int = 0, dy: int = 0, grid: bool = True) -> Any:
        x, y = as_operand(x), as_operand(y)
        c = self.data["c"]
        places, weights = [x, y], []
        if not grid:
            places = list(np.broadcast_arrays(x, y))
        for at, (t, k), nu in zip(places, self._axes(), (dx, dy), strict=True):
            flat = np.clip(np.reshape(at, -1), t[k], t[-k - 1])  # as FITPACK does
            n = len(t) - k - 1
            piece = _pieces.pieces_of(t, flat, "right", k, n - 1)
            weights.append(numbered(t, k, flat, piece, nu))
        if not grid:
            y = summed(c[..., None], weights)[:, 0]
            return np.reshape(y, np.shape(places[0]))
        rows = sum(w[:, None] * c[i] for i, w in weights[0])
        columns = sum(w[:, None] * rows.T[i] for i, w in weights[1])
        return columns.T

    def ev(self, xi: Any, yi: Any, dx: int = 0, dy: int = 0) -> Any:
        """The surface at single places."""
        return self(xi, yi, dx, dy, grid=False)

    def integral(self, xa: Any, xb: Any, ya: Any, yb: Any) -> Any:
        """The integral over a rectangle."""
        if not has_duals(xa, xb, ya, yb, self.data["c"]):
            return self.plain.integral(xa, xb, ya, yb)
        value = self.plain.integral(*(plain(as_operand(v)) for v in (xa, xb, ya, yb)))
        c = self.data["c"]
        for (t, k), ends in zip(self._axes(), ((xa, xb), (ya, yb)), strict=True):
            longer, whole, degree = _pieces.integrated(t, c, k)
            at = np.clip(np.stack([as_operand(end) for end in ends]), t[k], t[-k - 1])
            both = _pieces.b_spline(longer, whole, degree, at)
            c = both[1] - both[0]
        return with_value(c, value)

    def partial_derivative(self, dx: int, dy: int) -> Any:
        """The surface of a derivative."""
        if has_duals(self.data["c"]):
            raise TypeError("partial_derivative of a surface of duals: call it with dx= and dy=.")
        return SurfaceInterpolant.of(self.plain.partial_derivative(dx, dy))


@called_as(_scipy.RectBivariateSpline)
def RectBivariateSpline(
    x: Any,
    y: Any,
    z: Any,
    bbox: Any = (None, None, None, None),
    kx: int = 3,
    ky: int = 3,
    s: float = 0,
    maxit: int = 20,
) -> Any:
    z, bbox = as_operand(z), list(bbox)
    if has_duals(x, y, bbox, s):
        raise TypeError(
            "RectBivariateSpline takes duals in z only; RegularGridInterpolator takes them in the "
            "grid too."
        )
    value = _scipy.RectBivariateSpline(x, y, plain(z), bbox, kx, ky, s, maxit)
    if not has_duals(z):
        return SurfaceInterpolant.of(value)
    if s != 0:
        raise TypeError("RectBivariateSpline takes duals in z with s=0 only; smooth them before.")
    shape = tuple(len(t) - k - 1 for t, k in zip(value.tck[:2], (kx, ky), strict=True))

    def coefficients(values: Any) -> Any:
        return _scipy.RectBivariateSpline(x, y, values, bbox, kx, ky).tck[2].reshape(shape)

    designs = [
        _scipy.BSpline.design_matrix(np.asarray(at, float), t, k).toarray()
        for at, t, k in zip((x, y), value.tck[:2], (kx, ky), strict=True)
    ]

    def back(g: Any) -> Any:
        half = np.linalg.solve(designs[0].T, g)
        return np.linalg.solve(designs[1].T, half.T).T

    c = with_value(through(coefficients, z, back), coefficients(plain(z)))
    return SurfaceInterpolant(value, c=c)


# -- FITPACK's lines ---------------------------------------------------------------------------


def _fitpack(t: Any, c: Any, k: int, x: Any, nu: int, ext: Any) -> Any:
    """A spline of FITPACK at x, which ends as `ext` says."""
    t, c = as_operand(t), as_operand(c)
    flat = np.reshape(as_operand(x), -1)
    low, high = t[k], t[len(plain(t)) - k - 1]
    if ext in (3, "const"):
        flat = np.clip(flat, low, high)
    y = _pieces.b_spline(t, c, k, flat, nu)
    if ext in (1, "zeros"):
        outside = (plain(flat) < plain(low)) | (plain(flat) > plain(high))
        y = np.where(outside, 0.0, y)
    return np.reshape(y, np.shape(as_operand(x)))


def _area(t: Any, c: Any, k: int, a: Any, b: Any) -> Any:
    """The integral of a spline of FITPACK, which is zero outside its knots."""
    t = as_operand(t)
    longer, whole, degree = _pieces.integrated(t, as_operand(c), k)
    ends = np.clip(np.stack([as_operand(a), as_operand(b)]), t[k], t[len(plain(t)) - k - 1])
    both = _pieces.b_spline(longer, whole, degree, ends)
    return both[1] - both[0]


class FitpackInterpolant(Interpolant):
    """scipy.interpolate.UnivariateSpline and its like: values and places may be duals."""

    methods = ("__call__", "integral", "derivatives")

    @staticmethod
    def read(value: Any) -> dict[str, Any]:
        return {"t": value._eval_args[0], "c": value._eval_args[1]}

    def formula(self, x: Any, nu: int = 0, ext: Any = None) -> Any:
        t, _, k = self.plain._eval_args
        how = self.plain.ext if ext is None else ext
        return _fitpack(t, self.data["c"], k, x, nu, how)

    def integral(self, a: Any, b: Any) -> Any:
        """The integral from a to b."""
        if not has_duals(a, b, self.data["c"]):
            return self.plain.integral(a, b)
        t, _, k = self.plain._eval_args
        value = self.plain.integral(plain(as_operand(a)), plain(as_operand(b)))
        return with_value(_area(t, self.data["c"], k, a, b), value)

    def derivatives(self, x: Any) -> Any:
        """All derivatives at one place."""
        if not has_duals(x, self.data["c"]):
            return self.plain.derivatives(x)
        t, _, k = self.plain._eval_args
        value = self.plain.derivatives(plain(as_operand(x)))
        each = [_fitpack(t, self.data["c"], k, x, nu, 0) for nu in range(k + 1)]
        return with_value(np.stack(each), value)

    def derivative(self, n: int = 1) -> Any:
        """The spline's n-th derivative, a spline."""
        t, c, k = self.plain._eval_args[0], as_operand(self.data["c"]), self.plain._eval_args[2]
        for _ in range(n):
            t, c, k = _pieces.differentiated(t, c, k)
        return FitpackInterpolant(self.plain.derivative(n), t=t, c=c)

    def antiderivative(self, n: int = 1) -> Any:
        """A spline whose n-th derivative is this one."""
        t, c, k = self.plain._eval_args[0], as_operand(self.data["c"]), self.plain._eval_args[2]
        for _ in range(n):
            t, c, k = _pieces.integrated(t, c, k)
        return FitpackInterpolant(self.plain.antiderivative(n), t=t, c=c)

    def roots(self) -> Any:
        """Where a cubic spline is zero."""
        value = self.plain.roots()
        t, c, k = self.plain._eval_args
        return _roots(t, c, k, self.data["c"], value)

    def get_coeffs(self) -> Any:
        """The coefficients."""
        value = self.plain.get_coeffs()
        return with_value(as_operand(self.data["c"])[: len(value)], value)


def _roots(t: Any, c: Any, k: int, data: Any, value: Any) -> Any:
    if not has_duals(t, data):
        return value
    n = len(plain(as_operand(t))) - k - 1
    spline = _scipy.BSpline(plain(as_operand(t)), np.asarray(plain(as_operand(c)))[:n], k)
    return Spline(spline, as_operand(data)[:n], as_operand(t)).root(value)


_IN_Y = (
    "{} takes duals in y only, and no smoothing with them, as it has by default with w=: its knots "
    "would be chosen by what they are; give s=0, or take make_interp_spline, make_lsq_spline or "
    "make_smoothing_spline."
)


def _transpose(x: Any, t: Any, k: int, w: Any) -> Function:
    """The transpose of how FITPACK's coefficients, with zeros behind, follow from the data."""
    x = np.asarray(x, float)
    n = len(t) - k - 1
    numbers, rows, columns = collocation(t, k, x)
    values = sparse.csr_array((numbers, (rows, columns)), (len(x), n))
    if n == len(x):
        solve = solver_of(values)
        return lambda g: solve(g[:n], "T")
    weighted = values if w is None else sparse.diags_array(np.asarray(w, float) ** 2) @ values
    solve = solver_of(values.T @ weighted)  # which is symmetric
    return lambda g: weighted @ solve(g[:n])


def _through_data(theirs: Any) -> Function:
    """A class of FITPACK's of splines through data, or beside it by given knots."""

    @called_as(theirs)
    def make(x: Any, y: Any, **options: Any) -> Any:
        y = as_operand(y)
        if has_duals(x, options):
            raise TypeError(_IN_Y.format(theirs.__name__))
        value = theirs(x, plain(y), **options)
        if not has_duals(y):
            return FitpackInterpolant.of(value)
        if theirs is _scipy.UnivariateSpline and options.get("s") != 0:
            raise TypeError(_IN_Y.format(theirs.__name__))

        def coefficients(values: Any) -> Any:
            return theirs(x, values, **options)._eval_args[1]

        t, c, k = value._eval_args
        back = _transpose(x, t, k, options.get("w"))
        return FitpackInterpolant(value, t=t, c=with_value(through(coefficients, y, back), c))

    return make


UnivariateSpline, InterpolatedUnivariateSpline, LSQUnivariateSpline = map(
    _through_data,
    (_scipy.UnivariateSpline, _scipy.InterpolatedUnivariateSpline, _scipy.LSQUnivariateSpline),
)


def splrep(
    x: Any,
    y: Any,
    w: Any = None,
    xb: Any = None,
    xe: Any = None,
    k: int = 3,
    task: int = 0,
    s: Any = None,
    t: Any = None,
    full_output: int = 0,
    per: int = 0,
    quiet: int = 1,
) -> Any:
    y = as_operand(y)
    rest = (w, xb, xe, k, task, s, t, full_output, per, quiet)
    if not has_duals(x, y, rest):
        return _scipy.splrep(x, y, *rest)
    for name, given in {"full_output": full_output, "per": per}.items():
        if given:
            raise TypeError(f"splrep takes no {name}= with duals; omit it.")
    free = task >= 0 and (s or (s is None and w is not None))
    if has_duals(x, rest) or free:
        raise TypeError(_IN_Y.format("splrep"))
    value = _scipy.splrep(x, plain(y), *rest)

    def coefficients(values: Any) -> Any:
        return _scipy.splrep(x, values, *rest)[1]

    back = _transpose(x, value[0], value[2], w)
    return value[0], with_value(through(coefficients, y, back), value[1]), value[2]


def _tck(tck: Any) -> tuple[Any, Any, int]:
    if hasattr(tck, "plain") or hasattr(tck, "tck"):
        return tck.t, tck.c, tck.k
    t, c, k = tck
    if isinstance(c, list) or np.ndim(as_operand(c)) > 1:
        raise TypeError("a curve of FITPACK's cannot take duals; take each coordinate by itself.")
    return as_operand(t), as_operand(c), k


def splev(x: Any, tck: Any, der: int = 0, ext: int = 0) -> Any:
    if not has_duals(x) and not _holds_duals(tck):
        return _scipy.splev(x, getattr(tck, "plain", tck), der, ext)
    t, c, k = _tck(tck)
    value = _scipy.splev(plain(as_operand(x)), (plain(t), plain(c), k), der, ext)
    with quiet():
        return paired(_fitpack(t, c, k, x, der, ext), np.asarray(value))


def _holds_duals(tck: Any) -> bool:
    if isinstance(tck, Spline):
        return has_duals(tck.c, tck.knots)
    return isinstance(tck, (tuple, list)) and has_duals(list(tck))


def splint(a: Any, b: Any, tck: Any, full_output: int = 0) -> Any:
    if not has_duals(a, b) and not _holds_duals(tck):
        return _scipy.splint(a, b, getattr(tck, "plain", tck), full_output)
    if full_output:
        raise TypeError("splint with full_output=1 cannot take duals; omit it.")
    t, c, k = _tck(tck)
    value = _scipy.splint(plain(as_operand(a)), plain(as_operand(b)), (plain(t), plain(c), k))
    return with_value(_area(t, c, k, a, b), value)


def sproot(tck: Any, mest: int = 10) -> Any:
    if not _holds_duals(tck):
        return _scipy.sproot(getattr(tck, "plain", tck), mest)
    t, c, k = _tck(tck)
    value = _scipy.sproot((plain(t), plain(c), k), mest)
    return _roots(t, c, k, c, value)


def _changing(theirs: Function, change: Function) -> Function:
    def f(tck: Any, n: int = 1) -> Any:
        if not _holds_duals(tck):
            return theirs(getattr(tck, "plain", tck), n)
        t, c, k = _tck(tck)
        value = theirs((plain(t), plain(c), k), n)
        for _ in range(n):
            t, c, k = change(t, c, k)
        # behind what counts there are zeros, or the last coefficient once more
        rest = len(value[1]) - len(plain(c))
        gap = np.repeat(c[-1:], rest) if theirs is _scipy.splantider else np.zeros(rest)
        return paired(t, value[0]), paired(np.concatenate([c, gap]), value[1]), value[2]

    f.__name__ = f.__qualname__ = theirs.__name__
    return f


splder = _changing(_scipy.splder, _pieces.differentiated)
splantider = _changing(_scipy.splantider, _pieces.integrated)
