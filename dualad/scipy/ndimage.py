"""scipy.ndimage: filters, interpolation and measurements of images with tangents.

What SciPy does in compiled code is here: windows, which are bilinear in image and weights, filters
that choose, and splines at coordinates. Everything else of scipy.ndimage runs as it is.

>>> import numpy as np
>>> from dualad import derivative
>>> line = np.array([0.0, 1.0, 4.0, 9.0])
>>> derivative(lambda c: map_coordinates(line, np.stack([[c]]), order=1)[0])(1.5)
3.0
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.ndimage as _scipy

from ..array.operands import as_operand
from ..array_rules.common import array, duals_in, has_duals
from ..pair import plain
from ..refusals import refused
from ._calling import bridged
from ._contractions import along, chosen, windowed
from ._names import names_of
from ._parts import nilpotent

__all__ = [
    "affine_transform",
    "black_tophat",
    "convolve",
    "convolve1d",
    "correlate",
    "correlate1d",
    "fourier_ellipsoid",
    "fourier_gaussian",
    "fourier_shift",
    "fourier_uniform",
    "generic_filter",
    "geometric_transform",
    "grey_closing",
    "grey_dilation",
    "grey_erosion",
    "grey_opening",
    "map_coordinates",
    "maximum_filter",
    "maximum_filter1d",
    "median_filter",
    "minimum_filter",
    "minimum_filter1d",
    "morphological_gradient",
    "morphological_laplace",
    "percentile_filter",
    "rank_filter",
    "shift",
    "spline_filter",
    "spline_filter1d",
    "uniform_filter1d",
    "white_tophat",
    "zoom",
]

Function = Callable[..., Any]

# -- what lies beyond the borders -------------------------------------------------------------


def _places(n: int, before: int, behind: int, mode: str) -> tuple[Any, Any]:
    """Where each element of an axis that is longer by so much comes from; and whether it does."""
    i = np.arange(-before, n + behind)
    inside = np.ones(i.shape, bool)
    if mode in ("constant", "grid-constant"):
        inside = (i >= 0) & (i < n)
        return np.clip(i, 0, n - 1), inside
    return _folded(i, n, mode), inside


def _folded(i: Any, n: int, mode: str) -> Any:
    """Whole numbers as places in an axis of n elements."""
    if mode in ("reflect", "grid-mirror"):
        i = i % (2 * n)
        return np.minimum(i, 2 * n - 1 - i)
    if mode == "mirror":
        i = i % max(2 * n - 2, 1)
        return np.minimum(i, 2 * n - 2 - i)
    if mode in ("wrap", "grid-wrap"):
        return i % n
    return np.clip(i, 0, n - 1)


def _extended(x: Any, axis: int, before: int, behind: int, mode: str, cval: Any) -> Any:
    places, inside = _places(np.shape(x)[axis], before, behind, mode)
    y = np.take(x, places, axis=axis)
    if np.all(inside):
        return y
    return np.where(np.reshape(inside, (-1, *[1] * (np.ndim(x) - 1 - axis))), y, cval)


# -- windows ----------------------------------------------------------------------------------


def _each(x: Any, n: int) -> list[Any]:
    """One for each axis."""
    return list(x) if np.ndim(x) or isinstance(x, (list, tuple)) else [x] * n


def _correlate(
    input: Any,
    weights: Any,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
    turned: bool = False,
) -> Any:
    w = array(weights)
    w = np.flip(w) if turned else w
    x, lengths = _with_borders(array(input), np.shape(w), mode, cval, origin, axes, turned)
    return windowed(x, np.reshape(w, lengths))


def _with_borders(
    x: Any, shape: Any, mode: Any, cval: Any, origin: Any, axes: Any, turned: bool = False
) -> tuple[Any, list[int]]:
    """x, and what is around it that windows of this shape reach to; their length on each axis.

    As in SciPy, windows have their axes in the order of the array's, modes in that of `axes`, and
    origins too where not all are named.
    """
    n = np.ndim(x)
    named = tuple(range(n)) if axes is None else tuple(i % n for i in _each(axes, 1))
    lengths = [1] * n
    for axis, m in zip(sorted(named), shape, strict=True):
        lengths[axis] = m
    modes = zip(named, _each(mode, len(named)), strict=True)
    places = zip(named if len(named) < n else range(n), _each(origin, len(named)), strict=True)
    origins = dict(places)
    for axis, how in modes:
        m, at = lengths[axis], origins[axis]
        at = -at - (m % 2 == 0) if turned else at
        x = _extended(x, axis, m // 2 + at, m - m // 2 - 1 - at, how, cval)
    return x, lengths


def _convolve(input: Any, weights: Any, *args: Any, **options: Any) -> Any:
    return _correlate(input, weights, *args, **options, turned=True)


def _along_one(correlate: Function) -> Function:
    def composed(
        input: Any,
        weights: Any,
        axis: int = -1,
        mode: str = "reflect",
        cval: Any = 0.0,
        origin: int = 0,
    ) -> Any:
        return correlate(input, array(weights), mode, cval, [origin], axes=(axis,))

    return composed


def _uniform_filter1d(input: Any, size: int, axis: int = -1, **options: Any) -> Any:
    return _along_one(_correlate)(input, np.full(size, 1 / size), axis, **options)


correlate = bridged(_scipy.correlate, _correlate, linear="input weights")
convolve = bridged(_scipy.convolve, _convolve, linear="input weights")
correlate1d = bridged(_scipy.correlate1d, _along_one(_correlate), linear="input weights")
convolve1d = bridged(_scipy.convolve1d, _along_one(_convolve), linear="input weights")
uniform_filter1d = bridged(_scipy.uniform_filter1d, _uniform_filter1d, linear="input")


def _generic_filter(
    input: Any,
    function: Function,
    size: Any = None,
    footprint: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    extra_arguments: Any = (),
    extra_keywords: Any = None,
    *,
    axes: Any = None,
) -> Any:
    x = array(input)
    shape = np.shape(x)
    n = len(shape) if axes is None else len(_each(axes, 1))
    foot = np.ones(_each(size, n)) if footprint is None else np.asarray(footprint)
    x, sizes = _with_borders(x, foot.shape, mode, cval, origin, axes)
    seen = np.reshape(foot.astype(bool), sizes)
    options = extra_keywords or {}
    each = []
    for place in np.ndindex(shape):
        window = x[tuple(slice(i, i + m) for i, m in zip(place, sizes, strict=True))]
        each.append(as_operand(function(window[seen], *extra_arguments, **options)))
    return np.reshape(np.stack(each), shape)


generic_filter = bridged(_scipy.generic_filter, _generic_filter, calls="function")

# -- filters of a spectrum, which scale it ------------------------------------------------------


def _scaling(f: Function, name: str, factor: Function | None = None) -> Function:
    """A filter of spectra, which multiplies by a product over the axes.

    `name` is that of its parameter, `factor` the factor of an axis by p·ω, the parameter times
    the angular frequencies. Where it is not given, the parameter takes no duals.
    """

    def composed(input: Any, n: int = -1, axis: int = -1, **given: Any) -> Any:
        x, p = array(input), as_operand(given[name])
        if factor is None or not has_duals(p):
            return x * f(np.ones(np.shape(x), complex), p, n, axis)
        p = p + np.zeros(np.ndim(x))
        for i, m in enumerate(np.shape(x)):
            is_half = n >= 0 and i == axis % np.ndim(x)  # as rfft leaves it
            turns = np.arange(m) / n if is_half else np.fft.fftfreq(m)
            shape = [-1 if j == i else 1 for j in range(np.ndim(x))]
            x = x * np.reshape(factor(p[i] * (2 * np.pi * turns)), shape)
        return x

    return bridged(f, composed, plain_only="" if factor else name)


fourier_shift = _scaling(_scipy.fourier_shift, "shift", lambda w: np.exp(-1j * w))
fourier_gaussian = _scaling(_scipy.fourier_gaussian, "sigma", lambda w: np.exp(-(w**2) / 2))
fourier_uniform = _scaling(_scipy.fourier_uniform, "size")
fourier_ellipsoid = _scaling(_scipy.fourier_ellipsoid, "size")

# -- filters that choose ------------------------------------------------------------------------


def _choosing(f: Function, x: Any, given: dict[str, Any]) -> Any:
    options = {name: v for name, v in given.items() if name != "cval"}
    return chosen(lambda r, c: f(r, **options, cval=c), x, given.get("cval", 0.0))


def _choice(f: Function) -> Function:
    def composed(input: Any, **given: Any) -> Any:
        return _choosing(f, array(input), given)

    return bridged(f, composed, plain_only="size footprint rank percentile structure")


def _flat(f: Function, combine: Function) -> Function:
    """A combination of an image with what erosion and dilation choose in it."""

    def composed(input: Any, **given: Any) -> Any:
        if given.get("structure") is not None:
            raise refused(
                f"{f.__name__} takes no structure= with duals; give footprint=, the form of a flat "
                "one.",
                *duals_in(input),
            )
        x = array(input)
        return combine(x, lambda g: _choosing(g, x, given))

    return bridged(f, composed, plain_only="size footprint structure")


minimum_filter, minimum_filter1d = map(_choice, (_scipy.minimum_filter, _scipy.minimum_filter1d))
maximum_filter, maximum_filter1d = map(_choice, (_scipy.maximum_filter, _scipy.maximum_filter1d))
median_filter, rank_filter = map(_choice, (_scipy.median_filter, _scipy.rank_filter))
percentile_filter = _choice(_scipy.percentile_filter)
grey_erosion = _flat(_scipy.grey_erosion, lambda x, by: by(_scipy.grey_erosion))
grey_dilation = _flat(_scipy.grey_dilation, lambda x, by: by(_scipy.grey_dilation))
grey_opening = _flat(_scipy.grey_opening, lambda x, by: by(_scipy.grey_opening))
grey_closing = _flat(_scipy.grey_closing, lambda x, by: by(_scipy.grey_closing))
white_tophat = _flat(_scipy.white_tophat, lambda x, by: x - by(_scipy.grey_opening))
black_tophat = _flat(_scipy.black_tophat, lambda x, by: by(_scipy.grey_closing) - x)
morphological_gradient = _flat(
    _scipy.morphological_gradient,
    lambda x, by: by(_scipy.grey_dilation) - by(_scipy.grey_erosion),
)
morphological_laplace = _flat(
    _scipy.morphological_laplace,
    lambda x, by: by(_scipy.grey_dilation) + by(_scipy.grey_erosion) - 2 * x,
)

# -- splines ------------------------------------------------------------------------------------


def _spline_filter1d(input: Any, order: int = 3, axis: int = -1, mode: str = "mirror") -> Any:
    if order < 2:
        return array(input)

    def f(rows: Any) -> Any:
        kind = np.result_type(rows, np.float64)
        return _scipy.spline_filter1d(rows, order, -1, kind, mode)

    return along(f, array(input), axis)


def _spline_filter(input: Any, order: int = 3, mode: str = "mirror") -> Any:
    x = array(input)
    for axis in range(np.ndim(x)):
        x = _spline_filter1d(x, order, axis, mode)
    return x


def _coefficients(x: Any, order: int, mode: str, cval: Any, prefilter: bool) -> tuple[Any, int]:
    """The coefficients of the spline through an image, and by how much they begin before it."""
    if not prefilter or order < 2:
        return x, 0
    more = 12 if mode in ("nearest", "grid-constant") else 0  # as SciPy has it
    for axis in range(np.ndim(x) if more else 0):
        x = _extended(x, axis, more, more, mode, cval)
    return _spline_filter(x, order, mode), more


def _moved(c: Any, n: int, mode: str) -> tuple[Any, Any]:
    """Coordinates within an axis of n elements, as far as the mode brings them there.

    And how they move with those that are given: with them, or against them.
    """
    same = np.ones(c.shape)
    outside = (c < 0) | (c > n - 1)
    if mode == "nearest":  # beyond 3 steps the spline is constant
        return np.clip(c, -6, n + 5), same
    if mode == "mirror":
        period = max(2 * n - 2, 1)
        r = np.mod(c, period)
        back = r > n - 1
        return np.where(outside, np.where(back, period - r, r), c), np.where(outside & back, -1, 1)
    if mode in ("reflect", "grid-mirror"):
        r = np.mod(c, 2 * n)
        back = r > n - 0.5
        r = np.where(back, 2 * n - 1 - r, r)
        return np.where(outside, r, c), np.where(outside & back, -1, 1)
    if mode == "wrap":
        return np.where(outside, np.mod(c, max(n - 1, 1)), c), same
    if mode == "grid-wrap":
        return np.where(outside, np.mod(c, n), c), same
    return c, same


def _weights(x: Any, order: int, one_sided: Any) -> list[Any]:
    """How the coefficients around a place count, which lies the part x of a step behind one.

    B-splines of one order more by de Boor's recursion. Straight pieces have a kink where they meet;
    there the mean of both counts, unless `one_sided` is −1 or 1.
    """
    w = [1.0 + 0 * x]
    for k in range(1, order + 1):
        before, behind = [0.0, *w], [*w, 0.0]
        w = [((x + k - j) * before[j] + (1 - x + j) * behind[j]) / k for j in range(k + 1)]
    if order != 1:
        return w
    meet = plain(x) == 0
    left = np.where(meet & (one_sided <= 0), -x * np.where(one_sided < 0, 1.0, 0.5), 0.0)
    right = np.where(meet & (one_sided <= 0), x * np.where(one_sided < 0, 0.0, 0.5), x)
    return [left, 1.0 - left - right, right]


def _at(coefficients: Any, coordinates: Any, order: int, mode: str, cval: Any, more: int) -> Any:
    """The spline with these coefficients at coordinates, one array for each axis."""
    shape, flat = np.shape(coefficients), np.reshape(coefficients, -1)
    outside: Any = False
    taps: list[list[tuple[Any, Any, Any]]] = []
    for n, given in zip(shape, coordinates, strict=True):
        c = plain(given) + more
        if mode == "constant":
            outside = outside | (c < 0) | (c > n - 1)
        place, turn = _moved(c, n, mode)
        u = place + (0.0 if order % 2 else 0.5)
        base = np.floor(u)
        part = (u - base) + turn * as_operand(nilpotent(given + 0.0))
        side = np.zeros(c.shape)
        if mode == "constant":  # what is beyond the border is not seen from it
            side = np.where(c == n - 1, -1, np.where(c == 0, 1, 0))
        first = base.astype(int) - order // 2 - (order == 1)
        each = []
        for j, w in enumerate(_weights(part, order, side)):
            i = first + j
            how = {"constant": "mirror", "wrap": "mirror"}.get(mode, mode)
            inside = (i >= 0) & (i < n) if how == "grid-constant" else np.ones(i.shape, bool)
            each.append((_folded(i, n, how), inside, w))
        taps.append(each)

    def total(axis: int, place: Any, inside: Any) -> Any:
        if axis == len(shape):
            y = np.take(flat, place)
            return y if np.all(inside) else np.where(inside, y, cval)
        terms = [
            w * total(axis + 1, place * shape[axis] + i, inside & within)
            for i, within, w in taps[axis]
        ]
        return sum(terms[1:], terms[0])

    y = total(0, 0, np.True_)
    return np.where(outside, cval, y) if np.any(outside) else y


def _map_coordinates(
    input: Any,
    coordinates: Any,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    c = array(coordinates)
    coefficients, more = _coefficients(array(input), order, mode, cval, prefilter)
    return _at(coefficients, [c[i] for i in range(len(c))], order, mode, cval, more)


def _affine_transform(
    input: Any,
    matrix: Any,
    offset: Any = 0.0,
    output_shape: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    x, matrix = array(input), array(matrix)
    n = np.ndim(x)
    shape = np.shape(x) if output_shape is None else tuple(output_shape)
    if np.ndim(matrix) == 2 and np.shape(matrix)[1] == n + 1:
        matrix, offset = matrix[:n, :n], matrix[:n, n]
    where = np.indices(shape, float)
    offset = array(offset) + np.zeros(n)
    if np.ndim(matrix) == 1:
        each = [matrix[i] * where[i] + offset[i] for i in range(n)]
    else:
        moved = np.tensordot(matrix, where, 1)
        each = [moved[i] + offset[i] for i in range(n)]
    coefficients, more = _coefficients(x, order, mode, cval, prefilter)
    return _at(coefficients, each, order, mode, cval, more)


def _shift(
    input: Any,
    shift: Any,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    x = array(input)
    by = array(shift) + np.zeros(np.ndim(x))
    return _affine_transform(x, np.ones(np.ndim(x)), -by, None, order, mode, cval, prefilter)


def _zoom(
    input: Any,
    zoom: Any,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
    *,
    grid_mode: bool = False,
) -> Any:
    x = array(input)
    factors = _each(zoom, np.ndim(x))
    if all(factor == 1 for factor in factors) and prefilter:
        return x
    old = np.shape(x)
    new = tuple(round(float(n * factor)) for n, factor in zip(old, factors, strict=True))
    if grid_mode:
        steps = [n / m if m else 1.0 for n, m in zip(old, new, strict=True)]
        starts = [0.5 * step - 0.5 for step in steps]
    else:
        steps = [(n - 1) / (m - 1) if m > 1 else 1.0 for n, m in zip(old, new, strict=True)]
        starts = [0.0] * len(old)
    return _affine_transform(
        x, np.array(steps), np.array(starts), new, order, mode, cval, prefilter
    )


def _geometric_transform(
    input: Any,
    mapping: Function,
    output_shape: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
    extra_arguments: Any = (),
    extra_keywords: Any = None,
) -> Any:
    x = array(input)
    shape = np.shape(x) if output_shape is None else tuple(output_shape)
    options = extra_keywords or {}
    found = [mapping(place, *extra_arguments, **options) for place in np.ndindex(shape)]
    each = [np.reshape(as_operand([f[i] for f in found]), shape) for i in range(np.ndim(x))]
    coefficients, more = _coefficients(x, order, mode, cval, prefilter)
    return _at(coefficients, each, order, mode, cval, more)


spline_filter1d = bridged(_scipy.spline_filter1d, _spline_filter1d, linear="input")
spline_filter = bridged(_scipy.spline_filter, _spline_filter, linear="input")
map_coordinates = bridged(_scipy.map_coordinates, _map_coordinates, linear="input")
affine_transform = bridged(_scipy.affine_transform, _affine_transform)
shift = bridged(_scipy.shift, _shift, linear="input")
zoom = bridged(_scipy.zoom, _zoom, plain_only="zoom", linear="input")
geometric_transform = bridged(_scipy.geometric_transform, _geometric_transform, calls="mapping")

__getattr__, __dir__ = names_of(__name__)
