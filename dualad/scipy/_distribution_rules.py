"""What follows from a row of the table of distributions: the slopes of all its functions.

With the standard variable z = (x - loc)/scale, and in z and the shapes θ the density f, its
logarithm L, and the cdf F:

    pdf:   ∂x = pdf·L_z/scale           ∂θ = pdf·L_θ        ∂scale = -(pdf + (x - loc)·∂x)/scale
    cdf:   ∂x = f/scale                 ∂θ = F_θ            ∂scale = -z·f/scale
    logcdf: as cdf, divided by the cdf, or read from a text of its own
    ppf:   ∂q = scale/f                 ∂θ = -F_θ·scale/f   ∂scale = z

∂loc is -∂x, or 1 for ppf; the rest follow from these. Each function is a row of its own, with
slopes of text, and SciPy's values; so every order, and every kind of tangent, goes through it.
f is exp(L), not SciPy's pdf, which has few digits, or none, in some tails and at large shapes.

At an end of the support, a density that jumps has the slope of the side that SciPy takes its value
from, the inner one; a density or a cdf that bends has the mean of both slopes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import scipy.stats

from ..drivers import derivative
from ..dual import function
from ..pair import Function, plain
from ..special_rules import SPACES, SpecialRule, expression
from ..special_rules import row as helper
from ..tail_integrals import accumulated, in_blocks
from ._derived import partial
from ._distributions import TABLE, Distribution
from ._moment_formulas import by_formula
from ._moments import by_integral, has_integral


@cache
def function_of(name: str, method: str) -> Function:
    """A function of a distribution, of its variable, the shapes, loc and scale, for duals too."""
    d = TABLE[name]
    return (_discrete if d.is_discrete else _continuous)(d, method)


# -- rows ----------------------------------------------------------------------------------


def _entered(d: Distribution, method: str, args: Sequence[str], slopes: Sequence[Any]) -> Function:
    """The function of a row, which texts of others call, as gamma_pdf."""
    is_step = not any(slopes) and method in ("ppf", "isf")
    head = f"scipy.stats.{d.name}.{method}({', '.join(args)})"
    rule = SpecialRule(head, *slopes, kind="flat" if is_step else "smooth")
    # of what was drawn by it, the value is there
    drawn = method == "rvs"
    rule.called = (lambda y, *_: y) if drawn else getattr(getattr(scipy.stats, d.name), method)
    f = function(rule)
    for space in SPACES.values():
        space.functions[f"{d.name}_{method}"] = f
    return f


@cache
def _parts_of(name: str) -> None:
    """Enter the helpers of a distribution: its density's logarithm, and partial derivatives."""
    d = TABLE[name]
    x, free = d.variable, _free(d)
    args = ", ".join((x, *d.shapes))
    helper(f"_{name}_log({args}) = {d.log}")
    for v in free if d.is_discrete else (x, *free):
        helper(f"_{name}_log_{v}({args}) = {partial(d.log, v)}")
    for i, v in enumerate(d.shapes):
        if v not in free:
            continue
        if d.cdf:
            helper(f"_{name}_cdf_{v}({args}) = {partial(d.cdf, v)}")
        elif d.has_cdf:
            # in units of exp(unit), in which it does not vanish far out
            helper(
                f"_{name}_density_{v}(unit, {args}) = "
                f"exp(_{name}_log({args}) - unit)*_{name}_log_{v}({args})"
            )
            one = tuple(int(j == i) for j in range(len(d.shapes)))
            f = _accumulated(name, one)
            for space in SPACES.values():
                space.functions[f"_{name}_cdf_{v}"] = f
    if not d.is_discrete:
        _density_of(d)
    for method, text in d.logs.items():
        for v in free if d.is_discrete else (x, *free):
            if text:
                helper(f"_{name}_{method}_{v}({args}) = {partial(text, v)}")


def _density_of(d: Distribution) -> None:
    """Enter the density, from which the slopes of cdf and quantiles are: exp of its logarithm."""
    n, (low, high) = d.name, d.ends
    args = ", ".join(("x", *d.shapes))
    end = "0"
    if d.is_bounded:  # one that bends there, and so is 0, has the mean of both slopes
        off = ", ".join((f"_off(x, {low}, {high})", *d.shapes))
        helper(f"_{n}_end({args}) = exp(_{n}_log({off}))*_{n}_log_x({off})/2")
        end = f"(_{n}_end({args}) if _within(x, {low}, {high}) == 0.5 else 0)"
    helper(f"_{n}_density_x({args}, y) = y*_{n}_log_x({args}) if y != 0 else {end}")
    helper(
        f"_{n}_density({args}) = 0*x if isinf(x) else exp(_{n}_log({args}))",
        f"_{n}_density_x({args}, y)",
        *(
            f"0 if y == 0 else y*_{n}_log_{s}({args})" if s not in d.fixed else None
            for s in d.shapes
        ),
    )


def _free(d: Distribution) -> tuple[str, ...]:
    """The shapes that have a derivative."""
    return tuple(s for s in d.shapes if s not in d.fixed)


def _at(d: Distribution, z: str) -> str:
    """The arguments of a cdf, which asks nothing about what is not inside the support."""
    low, high = d.ends
    return ", ".join((f"_inside({z}, {low}, {high})" if d.is_bounded else z, *d.shapes))


def _needed(d: Distribution, *methods: str) -> None:
    _parts_of(d.name)
    for method in methods:
        function_of(d.name, method)


# -- continuous ----------------------------------------------------------------------------


def _continuous(d: Distribution, method: str) -> Function:
    n, shapes = d.name, d.shapes
    given = ", ".join((*shapes, "loc", "scale"))
    z = "(x - loc)/scale"
    at = ", ".join((z, *shapes))
    low, high = d.ends
    where = f"_within({z}, {low}, {high})"
    _needed(d)
    if method in ("mean", "var", "std", "entropy"):
        return _entered(d, method, (*shapes, "loc", "scale"), _of_moment(d, method))
    if method in ("ppf", "isf"):
        return _entered(d, method, ("q", *shapes, "loc", "scale"), _of_quantile(d, method))
    if method == "rvs":  # what was drawn keeps its place among the quantiles
        slopes = [None, *_moved(d), "1", "(y - loc)/scale"]
        return _entered(d, method, ("drawn", *shapes, "loc", "scale"), slopes)

    def inside(text: str, guard: str) -> str:
        return f"{text} if {where} {guard} else 0" if d.is_bounded else text

    if method == "pdf":
        end = f"(_{n}_end({at})/(scale*scale) if {where} == 0.5 else 0)" if d.is_bounded else "0"
        helper(f"_{n}_pdf_x(x, {given}, y) = y*_{n}_log_x({at})/scale if y != 0 else {end}")
        by_x = f"_{n}_pdf_x(x, {given}, y)"
        by_shapes = [
            f"0 if y == 0 else y*_{n}_log_{s}({at})" if s in _free(d) else None for s in shapes
        ]
        by_scale = f"0 if isinf(x) else -(y + (x - loc)*{by_x})/scale"
    elif method == "logpdf":
        helper(f"_{n}_logpdf_x(x, {given}) = {inside(f'_{n}_log_x({at})/scale', '> 0')}")
        by_x = f"_{n}_logpdf_x(x, {given})"
        by_shapes = [
            inside(f"_{n}_log_{s}({at})", "> 0") if s in _free(d) else None for s in shapes
        ]
        by_scale = inside(f"-(1 + (x - loc)*{by_x})/scale", "> 0")
    else:
        sign = "-" if method.endswith("sf") else ""
        guard = f"{where} < 1" if d.is_bounded else "isinf(x)"
        inside_at = _at(d, z)
        if not method.startswith("log"):
            by_x, of_shape = f"{sign}_{n}_density({at})/scale", f"{sign}_{n}_cdf_{{}}({inside_at})"
        else:
            by_x = f"{sign}exp(_{n}_log({at}) - y)/scale"
            of_shape = f"{sign}_{n}_cdf_{{}}({inside_at})*exp(-y)"
            if d.logs.get(method):
                of_shape = f"_{n}_{method}_{{}}({inside_at})"
                by_x = f"({by_x} if {guard} else _{n}_{method}_x({inside_at})/scale)"
            by_x = f"((0 if y == 0 else nan) if isinf(x) else {by_x})"
        if d.is_bounded:
            by_x = f"({by_x}*{where} if {where} > 0 else 0)"
        helper(f"_{n}_slope_of_{method}(x, {given}, y) = {by_x}")
        by_x = f"_{n}_slope_of_{method}(x, {given}, y)"
        by_shapes = [
            f"0 if {guard} else {of_shape.format(s)}" if s in _free(d) else None for s in shapes
        ]
        if not d.has_cdf and not d.logs.get(method):
            by_shapes.clear()
        by_scale = f"0 if x == loc else (0 if isinf(x) else -{z}*{by_x})"
    refused: list[Any] = [None] * len(shapes)
    slopes = [by_x, *(by_shapes or refused), f"-{by_x}", by_scale]
    return _entered(d, method, ("x", *shapes, "loc", "scale"), slopes)


def _of_quantile(d: Distribution, method: str) -> list[Any]:
    _needed(d)
    sign = "-" if method == "isf" else ""
    first, last = d.ends if method == "ppf" else d.ends[::-1]
    by_shapes = [
        f"scale*({_of_end(first, s)}) if q == 0 else scale*({_of_end(last, s)}) if q == 1 "
        f"else {moved}"
        if moved
        else None
        for s, moved in zip(d.shapes, _moved(d), strict=True)
    ]
    return [f"{sign}1/{_density_at(d)}", *by_shapes, "1", "(y - loc)/scale"]


def _density_at(d: Distribution) -> str:
    """The density at the quantile y."""
    return f"(_{d.name}_density({', '.join(('(y - loc)/scale', *d.shapes))})/scale)"


def _moved(d: Distribution) -> list[str | None]:
    """How a quantile y moves with the shapes."""
    free = _free(d) if d.has_cdf else ()
    at, density = _at(d, "(y - loc)/scale"), _density_at(d)
    return [f"_fixed(_{d.name}_cdf_{s}({at}), {density})" if s in free else None for s in d.shapes]


def _of_end(end: str, shape: str) -> str:
    return partial(end.strip("()"), shape)


def _of_moment(d: Distribution, method: str) -> list[Any]:
    """Of mean, var, std and entropy; y moves with loc and scale as its unit says."""
    scale = "" if d.is_discrete else {"var": "scale*scale*", "entropy": ""}.get(method, "scale*")
    by_shapes = [
        f"{scale}({_moment_by(d, method, s)})"
        if s not in d.fixed and (_text_of(d, method) or has_integral(d))
        else None
        for s in d.shapes
    ]
    by_loc = _if_finite("1") if method == "mean" else "0"
    if d.is_discrete:
        return [*by_shapes, by_loc]
    unit = {"mean": "(y - loc)/scale", "var": "2*y/scale", "std": "y/scale"}
    return [*by_shapes, by_loc, _if_finite(unit[method]) if method in unit else "1/scale"]


def _if_finite(text: str) -> str:
    """Of a slope, or of an argument of it: a moment that is infinite has no derivative."""
    return f"({text} if abs(y) < inf else nan)"


def _text_of(d: Distribution, method: str) -> str:
    if method == "std":
        return f"sqrt({d.moments['var']})" if "var" in d.moments else ""
    return d.moments.get(method, "")


def _moment_by(d: Distribution, method: str, shape: str) -> str:
    """The text of a moment's derivative in a shape, in standard form."""
    text = _text_of(d, method)
    if text and partial(text, shape) == "0":
        return _if_finite("0")
    called, given = f"_{d.name}_{method}_{shape}", ", ".join(map(_if_finite, d.shapes))
    if text:
        f = by_formula(d, method, text, shape)
    elif method == "std":
        unit = "" if d.is_discrete else "/scale"
        return f"{_moment_by(d, 'var', shape)}/(2*y{unit})"
    else:
        where = (0.0,) if d.is_discrete else (0.0, 1.0)
        f = by_integral(d, method, shape, lambda *p: function_of(d.name, "mean")(*p, *where))
    for space in SPACES.values():
        space.functions[called] = f
    return f"{called}({given})"


# -- discrete ------------------------------------------------------------------------------


def _discrete(d: Distribution, method: str) -> Function:
    n, shapes, free = d.name, d.shapes, _free(d)
    _needed(d)
    if method in ("mean", "var", "std", "entropy"):
        return _entered(d, method, (*shapes, "loc"), _of_moment(d, method))
    if method in ("ppf", "isf"):  # steps
        return _entered(d, method, ("q", *shapes, "loc"), ["0"] * (len(shapes) + 2))
    low, high = d.ends
    if method in ("pmf", "logpmf"):
        at = ", ".join(("k - loc", *shapes))
        guard = "y == 0" if method == "pmf" else "y == -inf"
        factor = "y*" if method == "pmf" else ""
        texts = {s: f"0 if {guard} else {factor}_{n}_log_{s}({at})" for s in free}
    else:
        at = ", ".join(("floor(k - loc)", *shapes))
        sign = "-" if method.endswith("sf") else ""
        factor = "*exp(-y)" if method.startswith("log") else ""
        guard = f"_counted(floor(k - loc), {low}, {high})"
        texts = {s: f"{sign}_{n}_cdf_{s}({at}){factor} if {guard} else 0" for s in free}
        if d.logs.get(method):
            texts = {s: f"_{n}_{method}_{s}({at}) if {guard} else 0" for s in free}
        elif not d.has_cdf:
            texts = {}
    slopes: list[Any] = [None, *(texts.get(s) for s in shapes), None]
    return _entered(d, method, ("k", *shapes, "loc"), slopes)


# -- functions that texts call ----------------------------------------------------------------

# how a quantile moves: not at all where the cdf there does not, be the density 0 or infinite
helper("_fixed(by_shape, density) = 0*by_shape if by_shape == 0 else -by_shape/density")


def _within(z: Any, low: Any, high: Any) -> Any:
    """1 inside the support, 0 outside, ½ at its ends."""
    z, low, high = plain(z), plain(low), plain(high)
    return 0.5 * ((low < z) & (z < high)) + 0.5 * ((low <= z) & (z <= high))


def _step_off(z: Any, low: Any, high: Any) -> Any:
    """By how little z can be moved off an end of the support; 0 elsewhere."""
    v, low, high = plain(z), plain(low), plain(high)
    up = np.where(low == 0, 1e-300, np.spacing(abs(np.where(np.isinf(low), 1.0, low))))
    down = np.spacing(abs(np.where(np.isinf(high), 1.0, high)))
    return np.where(v == low, up, np.where(v == high, -down, 0.0))[()]


def _counted(k: Any, low: Any, high: Any) -> Any:
    """Whether the cdf at a count is neither 0 nor 1 for all shapes."""
    return (plain(low) <= plain(k)) & (plain(k) < plain(high))


for _space in SPACES.values():
    _space.functions |= {
        "_within": _within,
        "_step_off": _step_off,
        "_counted": _counted,
    }

# z, or nan outside the support and at its ends; and z, moved off an end
helper("_inside(z, low, high) = z if _within(z, low, high) == 1 else nan")
helper("_off(z, low, high) = z + _step_off(z, low, high)")


# -- a cdf without formula: its derivative in the shapes is accumulated ------------------------


@cache
def _accumulated(name: str, orders: tuple[int, ...]) -> Function:
    """The derivative of a cdf in its shapes, of these orders: an integral, or a sum."""
    d = TABLE[name]
    density = _derived(name, (0, *orders))
    slopes: list[Any] = [None if d.is_discrete else lambda *args: density(0.0, *args[:-1])]
    for i, s in enumerate(d.shapes):
        higher = tuple(m + (j == i) for j, m in enumerate(orders))
        slopes.append(None if s in d.fixed else _later(_accumulated, name, higher))
    args = ", ".join((d.variable, *d.shapes))
    rule = SpecialRule(f"_{name}_cdf{''.join(map(str, orders))}({args})", *slopes)
    of_points = functools.partial(_summed if d.is_discrete else _integrated, d, density)

    def value(*args: Any) -> Any:
        spread = np.broadcast_arrays(*args)
        return of_points(*(a.ravel().astype(float) for a in spread)).reshape(spread[0].shape)[()]

    rule.plain = value
    return function(rule)


def _summed(d: Distribution, density: Function, k: Any, *shapes: Any) -> Any:
    """The sum of the masses' derivatives up to k, or beyond it with the opposite sign."""

    def one(k: float, *shapes: float) -> float:
        def terms(first: float, last: float) -> list[float]:
            return [density(0.0, float(i), *shapes) for i in range(int(first), int(last) + 1)]

        assert d.begin is not None
        below = terms(d.begin, k)
        end = expression(d.ends[1], d.shapes)(*shapes)
        beyond = terms(k + 1, end) if end < math.inf else None
        if beyond is not None and sum(map(abs, beyond)) < sum(map(abs, below)):
            return -math.fsum(beyond)
        return math.fsum(below)

    return np.array([one(*point) for point in zip(k, *shapes, strict=True)], float)


def _integrated(d: Distribution, density: Function, x: Any, *shapes: Any) -> Any:
    """The integral of the density's derivative up to x, or beyond it with the opposite sign.

    The way from x to a place where the cdf does not depend on the shapes is walked in w, by powers
    of e: towards a finite place it gets shorter by them, away from it, or from x, longer.
    """
    low, high = (expression(text, ())() for text in d.between)
    sign: Any = 1.0
    if d.between == ("0", "pi"):
        x = x - 2 * math.pi * np.rint(x / (2 * math.pi))
        sign, x = np.sign(x), abs(x)
    log_density = SPACES[True].functions[f"_{d.name}_log"]

    def of_columns(x: Any, *shapes: Any) -> Any:
        unit = log_density(x, *shapes)

        def walked(w: Any) -> tuple[Any, Any, Any]:
            """Where one is at w, and how fast: a size, and the power of e."""
            if math.isinf(low):
                return x + np.sign(w) * np.expm1(abs(w)), 1.0, abs(w)
            if math.isinf(high):
                return low + (x - low) * np.exp(w), x - low, w
            size = np.where(w < 0, x - low, high - x)
            away = size * np.exp(-abs(w))
            return np.where(w < 0, low + away, high - away), size, -abs(w)

        def log(w: Any) -> Any:
            t, _, power = walked(w)
            return log_density(t, *shapes) - unit + power

        def integrand(w: Any) -> Any:
            t, size, power = walked(w)
            return density(*np.broadcast_arrays(unit, t, *shapes)) * size * np.exp(power)

        return np.exp(unit[:, 0]) * accumulated(log, integrand)

    return sign * in_blocks(of_columns, x, *shapes)


def _later(make: Function, *given: Any) -> Function:
    return lambda *args: make(*given)(*args[:-1])


@cache
def _derived(name: str, orders: tuple[int, ...]) -> Function:
    """The derivative of a density in its variable and shapes: of a unit, and of these."""
    f = _nested(name, orders)
    if sum(orders) == 1:
        return f
    d = TABLE[name]
    higher = (
        tuple(m + (j == i) for j, m in enumerate(orders))
        if i or not d.is_discrete  # a count does not move
        else None
        for i in range(len(orders))
    )
    slopes = (_later(_derived, name, more) if more else None for more in higher)
    head = f"_{name}_density{''.join(map(str, orders))}"
    rule = SpecialRule(f"{head}({', '.join(('unit', d.variable, *d.shapes))})", None, *slopes)
    rule.plain = f
    return function(rule)


@cache
def _nested(name: str, orders: tuple[int, ...]) -> Function:
    """The same of numbers and arrays, by nested duals."""
    i = next(i for i, m in enumerate(orders) if m)
    if sum(orders) == 1:
        shape = TABLE[name].shapes[i - 1]
        found: dict[bool, Function] = {
            arrays: space.functions[f"_{name}_density_{shape}"] for arrays, space in SPACES.items()
        }
        return lambda *args: found[any(map(np.ndim, args))](*args)
    lower = _nested(name, tuple(m - (j == i) for j, m in enumerate(orders)))
    slope = derivative(lower, 1 + i, lift=False)

    def f(*args: Any) -> Any:
        if any(map(np.ndim, args)):  # all of one shape
            zero = sum(np.zeros(np.shape(a)) for a in args)
            args = tuple(a + zero for a in args)
        return slope(*args)

    return f
