"""What follows from a row of the table of distributions: the slopes of all its functions.

With the standard variable z = (x - loc)/scale, and in z and the shapes θ the density f, its
logarithm L, and the cdf F:

    pdf:   ∂x = pdf·L_z/scale           ∂θ = pdf·L_θ        ∂scale = -(pdf + (x - loc)·∂x)/scale
    cdf:   ∂x = pdf                     ∂θ = F_θ            ∂scale = -z·pdf
    ppf:   ∂q = 1/pdf                   ∂θ = -F_θ/pdf       ∂scale = z

∂loc is -∂x, or 1 for ppf; the rest follow from these. Each function is a row of its own, with
slopes of text, and SciPy's values; so every order, and every kind of tangent, goes through it.

At an end of the support, a density that jumps has the slope of the side that SciPy takes its value
from, the inner one; a density or a cdf that bends has the mean of both slopes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import scipy.integrate
import scipy.stats

from ..drivers import derivative
from ..dual import function
from ..pair import Function, plain
from ..special_rules import SPACES, SpecialRule
from ..special_rules import row as helper
from ._derived import partial
from ._distributions import TABLE, Distribution


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
    rule.called = getattr(getattr(scipy.stats, d.name), method)
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
        elif d.begin is not None:
            helper(
                f"_{name}_density_{v}({args}) = exp(_{name}_log({args}))*_{name}_log_{v}({args})"
            )
            one = tuple(int(j == i) for j in range(len(d.shapes)))
            f = _accumulated(name, one)
            for space in SPACES.values():
                space.functions[f"_{name}_cdf_{v}"] = f


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

    def inside(text: str, guard: str) -> str:
        return f"{text} if {where} {guard} else 0" if d.is_bounded else text

    if method == "pdf":
        end = "0"
        if d.is_bounded:
            off = ", ".join((f"_off(x, {low}, {high})", *shapes))
            helper(
                f"_{n}_end({', '.join(('x', *shapes))}) = exp(_{n}_log({off}))*_{n}_log_x({off})/2"
            )
            end = f"(_{n}_end({at})/(scale*scale) if {where} == 0.5 else 0)"
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
        _needed(d, "pdf", "logpdf")
        sign = "-" if method.endswith("sf") else ""
        if method.startswith("log"):
            by_x, factor = f"{sign}exp({n}_logpdf(x, {given}) - y)", "*exp(-y)"
        else:
            by_x, factor = f"{sign}{n}_pdf(x, {given})", ""
        by_x = f"{by_x}*{where} if {where} > 0 else 0" if d.is_bounded else by_x
        helper(f"_{n}_{method}_x(x, {given}, y) = {by_x}")
        by_x = f"_{n}_{method}_x(x, {given}, y)"
        guard = f"{where} < 1" if d.is_bounded else "isinf(x)"
        at = _at(d, z)
        by_shapes = [
            f"0 if {guard} else {sign}_{n}_cdf_{s}({at}){factor}" if s in _free(d) else None
            for s in shapes
        ]
        if not d.cdf and d.begin is None:
            by_shapes.clear()
        by_scale = f"0 if x == loc else (0 if isinf(x) else -{z}*{by_x})"
    refused: list[Any] = [None] * len(shapes)
    slopes = [by_x, *(by_shapes or refused), f"-{by_x}", by_scale]
    return _entered(d, method, ("x", *shapes, "loc", "scale"), slopes)


def _of_quantile(d: Distribution, method: str) -> list[Any]:
    _needed(d, "pdf")
    n, shapes = d.name, d.shapes
    pdf = f"{n}_pdf({', '.join(('y', *shapes, 'loc', 'scale'))})"
    at, free = _at(d, "(y - loc)/scale"), _free(d)
    sign = "-" if method == "isf" else ""
    first, last = d.ends if method == "ppf" else d.ends[::-1]
    by_shapes: list[Any] = [None] * len(shapes)
    if d.cdf or d.begin is not None:
        by_shapes = [
            f"scale*({_of_end(first, s)}) if q == 0 else scale*({_of_end(last, s)}) if q == 1 "
            f"else -_{n}_cdf_{s}({at})/{pdf}"
            if s in free
            else None
            for s in shapes
        ]
    return [f"{sign}1/{pdf}", *by_shapes, "1", "(y - loc)/scale"]


def _of_end(end: str, shape: str) -> str:
    return partial(end.strip("()"), shape)


def _of_moment(d: Distribution, method: str) -> list[Any]:
    """Of mean, var, std and entropy; y moves with loc and scale as its unit says."""
    text = d.moments.get("var" if method == "std" else method)
    scale = "" if d.is_discrete else {"mean": "scale*", "entropy": ""}.get(method, "scale*scale*")
    half = "/(2*y)" if method == "std" else ""
    by_shapes = [
        None if text is None or s in d.fixed else f"{scale}({partial(text, s)}){half}"
        for s in d.shapes
    ]
    by_loc = "1" if method == "mean" else "0"
    if d.is_discrete:
        return [*by_shapes, by_loc]
    unit = {"mean": "(y - loc)/scale", "var": "2*y/scale", "std": "y/scale"}
    return [*by_shapes, by_loc, unit.get(method, "1/scale")]


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
        if not d.cdf and d.begin is None:
            texts = {}
    slopes: list[Any] = [None, *(texts.get(s) for s in shapes), None]
    return _entered(d, method, ("k", *shapes, "loc"), slopes)


# -- functions that texts call ----------------------------------------------------------------


def _within(z: Any, low: Any, high: Any) -> Any:
    """1 inside the support, 0 outside, ½ at its ends."""
    z, low, high = plain(z), plain(low), plain(high)
    return 0.5 * ((low < z) & (z < high)) + 0.5 * ((low <= z) & (z <= high))


def _inside(z: Any, low: Any, high: Any) -> Any:
    """z, or nan outside the support and at its ends."""
    return np.where((plain(low) < plain(z)) & (plain(z) < plain(high)), z, math.nan)[()]


def _off(z: Any, low: Any, high: Any) -> Any:
    """z, moved off an end of the support by as little as can be."""
    v, low, high = plain(z), plain(low), plain(high)
    up = np.where(low == 0, 1e-300, np.spacing(abs(np.where(np.isinf(low), 1.0, low))))
    down = np.spacing(abs(np.where(np.isinf(high), 1.0, high)))
    return z + np.where(v == low, up, np.where(v == high, -down, 0.0))[()]


def _counted(k: Any, low: Any, high: Any) -> Any:
    """Whether the cdf at a count is neither 0 nor 1 for all shapes."""
    return (plain(low) <= plain(k)) & (plain(k) < plain(high))


for _space in SPACES.values():
    _space.functions |= {
        "_within": _within,
        "_inside": _inside,
        "_off": _off,
        "_counted": _counted,
    }


# -- a cdf without formula: its derivative in the shapes is accumulated ------------------------


@cache
def _accumulated(name: str, orders: tuple[int, ...]) -> Function:
    """The derivative of a cdf in its shapes, of these orders: an integral, or a sum."""
    d = TABLE[name]
    density = _derived(name, orders)
    slopes: list[Any] = [None if d.is_discrete else lambda *args: density(*args[:-1])]
    for i, s in enumerate(d.shapes):
        higher = tuple(m + (j == i) for j, m in enumerate(orders))
        slopes.append(None if s in d.fixed else _later(_accumulated, name, higher))
    args = ", ".join((d.variable, *d.shapes))
    rule = SpecialRule(f"_{name}_cdf{''.join(map(str, orders))}({args})", *slopes)

    def one(x: float, *shapes: float) -> float:
        if math.isnan(x):
            return x
        if d.is_discrete:
            return float(
                sum(density(float(k), *shapes) for k in range(int(d.begin or 0), int(x) + 1))
            )
        options: Any = {"epsabs": 1e-13, "epsrel": 1e-12, "full_output": 1}  # which does not warn
        y: float = scipy.integrate.quad(density, d.begin, x, shapes, **options)[0]
        return y

    rule.plain = np.vectorize(one, otypes=[float])
    return function(rule)


def _later(make: Function, *given: Any) -> Function:
    return lambda *args: make(*given)(*args[:-1])


@cache
def _derived(name: str, orders: tuple[int, ...]) -> Function:
    """The derivative of a density in its shapes, as a function of its variable and the shapes."""
    i = next(i for i, m in enumerate(orders) if m)
    if sum(orders) == 1:
        found: Function = SPACES[False].functions[f"_{name}_density_{TABLE[name].shapes[i]}"]
        return found
    lower = _derived(name, tuple(m - (j == i) for j, m in enumerate(orders)))
    return derivative(lower, 1 + i, lift=False)
