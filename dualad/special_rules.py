"""scipy.special's functions: one row each, written as the rows of `rules.py`.

    row("jv(v, x)", MPMATH, "(jv(v - 1, x) - jv(v + 1, x))/2", z=True)

SciPy calculates the value; a slope is text in functions that take duals themselves, so that slopes
are differentiated again. `None` refuses an argument. `MPMATH` is a derivative in a parameter that
has no closed form: mpmath calculates it, element by element, exact but slow (milliseconds each);
where the parameter is a plain number, nothing is calculated.

Loaded when a ufunc of SciPy meets a dual for the first time. Formulas: NIST Digital Library of
Mathematical Functions (DLMF), unless a row says otherwise. SciPy is the limit where a slope takes
functions that SciPy itself has with few digits, as `hyperu`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import Any

import numpy as np
import scipy.special as sc

from .array.undefined import NonDifferentiableError
from .conversions import as_numpy
from .dual import function
from .levels import fresh_level
from .namespaces import Namespace, choose
from .pair import Pair, dual, parts, plain
from .rules import RULES as ELEMENTARY
from .rules import Rule, Slope, compile_text
from .tail_integrals import betainc_in_shapes, gammainc_in_shape, stdtr_in_freedom

MPMATH = "by mpmath"


class SpecialRule(Rule):
    """A row whose values come from SciPy, or from a helper in this file.

    Attributes
    ----------
    plain : callable or None
        The function on floats and arrays; None: `value` is all there is.
    complex_slope : str or None
        The slope in the only argument for complex numbers, if it is another one.
    """

    plain: Callable[..., Any] | None = None
    complex_slope: str | None = None

    def value_in(self, namespace: Namespace) -> Callable[..., Any]:
        """The function itself, for floats and arrays."""
        if namespace.name not in ("math", "cmath", "numpy"):
            raise TypeError(
                f"{self.name} takes floats, complex numbers and arrays of them, "
                f"got a number of {namespace.name}; write float(x)."
            )
        self._check(namespace)
        if self.called:
            return self.called
        f = self.plain or self.composition_in(namespace)
        return f if namespace.name == "numpy" else _on_numbers(f)

    def _check(self, namespace: Namespace) -> None:
        if namespace.is_complex and not self.is_complex:
            raise TypeError(f"{self.name} is for real numbers; got a complex one.")

    def composition_in(self, namespace: Namespace) -> Callable[..., Any]:
        """`value` as a function of the arguments, duals among them."""
        self._check(namespace)
        if callable(self.value):
            return self.value
        text = self.complex_value if namespace.is_complex else None
        return _read(str(text or self.value), self.args, namespace.is_array)

    def slope_in(self, namespace: Namespace, i: int) -> Callable[..., Any]:
        """The slope in argument i, as a function of (arguments…, y)."""
        slope = self.slopes[i]
        if not isinstance(slope, str):
            return super().slope_in(namespace, i)
        if namespace.is_complex and self.complex_slope:
            slope = self.complex_slope
        f = _read(slope, (*self.args, "y"), namespace.is_array)
        return _beside_arrays(f) if namespace.is_array else f


def _beside_arrays(f: Callable[..., Any]) -> Callable[..., Any]:
    """f once more by NumPy, if Python raises for one of the numbers beside arrays, as log1p(-1)."""

    def call(*args: Any) -> Any:
        try:
            return f(*args)
        except (ArithmeticError, ValueError):
            return f(*(a if a is None else as_numpy(a) for a in args))

    return call


def _on_numbers(f: Callable[..., Any]) -> Callable[..., Any]:
    """Numbers of Python's own, in and out."""

    def item(y: Any) -> Any:
        return y.item() if isinstance(y, (np.generic, np.ndarray)) else y

    def call(*args: Any) -> Any:
        y = f(*args)
        return tuple(map(item, y)) if isinstance(y, tuple) else item(y)

    return call


# -- the table -----------------------------------------------------------------------------

TABLE: dict[str, SpecialRule] = {}  # by SciPy's name; helpers of other rows start with _
RULES: dict[Any, SpecialRule] = {}  # by ufunc

_CONSTANTS = {
    "pi": math.pi,
    "sqrtpi": math.sqrt(math.pi),
    "sqrt2pi": math.sqrt(2 * math.pi),
    "sqrt2": math.sqrt(2),
    "ln10": math.log(10),
    "inf": math.inf,
    "nan": math.nan,
    "choose": choose,
}
# Two, because numbers branch and arrays choose element by element.
SPACES = {
    arrays: Namespace("scipy.special", _CONSTANTS, is_array=arrays, supply=function)
    for arrays in (False, True)
}


@cache
def _read(text: str, args: tuple[str, ...], is_array: bool) -> Callable[..., Any]:
    return compile_text(text, args, SPACES[is_array])


def expression(text: str, args: tuple[str, ...], of_arrays: bool = False) -> Callable[..., Any]:
    """A text as the slopes have it, as a function of numbers, or of arrays."""
    return _read(text, args, of_arrays)


def row(
    head: str,
    *slopes: Slope,
    z: bool | str = False,
    over: Sequence[Any] = (0.1, 4),
    of: Callable[..., Any] | None = None,
    **facts: Any,
) -> None:
    """Add a row, as in `rules.py`. `of`: where the values come from, if not from the ufunc.

    `z` may be a text: the complex slope of a ufunc, the complex value of a helper.

    Raises
    ------
    ValueError
        If a helper has the name of another, whose texts would call it.
    """
    composed = None if slopes else of
    rule = SpecialRule(f"scipy.special.{head}", *slopes, z=z, over=over, value=composed, **facts)
    name = rule.name.rpartition(".")[2]
    if name.startswith("_") and (name in TABLE or name in ELEMENTARY):
        raise ValueError(f"there is a helper {name} already; write another name.")
    helper = name.startswith("_") and (rule.value or of)
    ufunc = None if helper else next((f for f in _found(name) if isinstance(f, np.ufunc)), None)
    if ufunc is None and of is None and not rule.value:
        return  # another version of SciPy
    n, args = len(rule.args), ", ".join(rule.args)
    rule.slopes = tuple(
        f"diff({name!r}, {_unit(i, n)}, {args})" if slope == MPMATH else slope
        for i, slope in enumerate(slopes)
    )
    rule.plain = of or ufunc
    complex_loops = [t.partition("->")[0] for t in getattr(ufunc, "types", ()) if "D" in t]
    rule.mixes = bool(complex_loops) and all(set(loop) == {"D"} for loop in complex_loops)
    if slopes and rule.plain is not None:
        rule.complex_slope, rule.complex_value = rule.complex_value, None
    rule.is_compilable = rule.is_compilable and not any("diff(" in str(s) for s in rule.slopes)
    TABLE[name] = rule
    if ufunc is not None:
        RULES[ufunc] = rule
    for space in SPACES.values():
        space.functions[name] = function(rule)


def _found(name: str) -> tuple[Any, Any]:
    """Some functions of scipy.special are Python around a ufunc of the same name."""
    return getattr(sc, name, None), getattr(sc._ufuncs, name, None)


def _unit(i: int, n: int) -> tuple[int, ...]:
    return tuple(int(j == i) for j in range(n))


# -- derivatives in parameters, by mpmath --------------------------------------------------


def _regularized_beta(m: Any, a: Any, b: Any, x: Any) -> Any:
    return m.betainc(a, b, 0, x, regularized=True)


# What is differentiated may lack a constant: of a cdf near 1, the smaller rest, from 0.


def _accumulated_gamma(m: Any, a: Any, x: Any) -> Any:
    if m.re(x) > m.re(a):
        return -m.gammainc(a, x, m.inf, regularized=True)
    return m.gammainc(a, 0, x, regularized=True)


def _accumulated_beta(m: Any, a: Any, b: Any, x: Any, rest: Any = None) -> Any:
    rest = 1 - x if rest is None else rest
    if m.re(x * (a + b)) > m.re(a):
        return -_regularized_beta(m, b, a, rest)
    return _regularized_beta(m, a, b, x)


def _student(m: Any, v: Any, t: Any) -> Any:
    tail = _regularized_beta(m, v / 2, m.mpf(1) / 2, v / (v + t * t)) / 2
    return -tail if t > 0 else tail


def _fisher(m: Any, a: Any, b: Any, x: Any) -> Any:
    if m.isinf(x):
        return m.zero
    return _accumulated_beta(m, a / 2, b / 2, a * x / (a * x + b), b / (a * x + b))


def _struve_series(m: Any, n: Any, v: Any, u: Any) -> Any:
    factor = m.factorial(n) * m.rgamma(n + m.mpf(3) / 2) * m.rgamma(n + v + m.mpf(3) / 2)
    return factor * m.hyp1f2(n + 1, n + m.mpf(3) / 2, n + v + m.mpf(3) / 2, u)


# By a context of mpmath.
EXACT: dict[str, Callable[..., Any]] = {
    "jv": lambda m, v, x: m.besselj(v, x),
    "jve": lambda m, v, x: m.besselj(v, x),
    "yv": lambda m, v, x: m.bessely(v, x),
    "yve": lambda m, v, x: m.bessely(v, x),
    "iv": lambda m, v, x: m.besseli(v, x),
    "ive": lambda m, v, x: m.besseli(v, x) * m.exp(-abs(x)),
    "kv": lambda m, v, x: m.besselk(v, x),
    "kve": lambda m, v, x: m.besselk(v, x) * m.exp(x),
    "hankel1": lambda m, v, x: m.hankel1(v, x),
    "hankel2": lambda m, v, x: m.hankel2(v, x),
    "hankel1e": lambda m, v, x: m.hankel1(v, x) * m.exp(-1j * x),
    "hankel2e": lambda m, v, x: m.hankel2(v, x) * m.exp(1j * x),
    "struve": lambda m, v, x: m.struveh(v, x),
    "modstruve": lambda m, v, x: m.struvel(v, x),
    "_struve_sum": _struve_series,
    "gammainc": _accumulated_gamma,
    "betainc": _accumulated_beta,
    "stdtr": _student,
    "fdtr": _fisher,
    "beta": lambda m, a, b: m.beta(a, b),
    "betaln": lambda m, a, b: m.log(abs(m.beta(a, b))),
    "binom": lambda m, n, k: m.binomial(n, k),
    "poch": lambda m, a, b: m.rf(a, b),
    "psi": lambda m, x: m.psi(0, x),
    "gammaln": lambda m, x: m.re(m.loggamma(x)),
    "entr": lambda m, x: -x * m.log(x) if x else m.zero,
    "exp1": lambda m, x: m.e1(x),
    "ndtr": lambda m, x: m.ncdf(x),
    "log_ndtr": lambda m, x: m.log(m.erfc(-x / m.sqrt(2)) / 2),
    "i0e": lambda m, x: m.besseli(0, x) * m.exp(-abs(x)),
    "i1e": lambda m, x: m.besseli(1, x) * m.exp(-abs(x)),
    "zetac": lambda m, s: m.zeta(s) - 1,
    "_riemann_zeta": lambda m, s: m.zeta(s),
    "_zeta": lambda m, s, q: m.zeta(s, q),
    "elliprc": lambda m, x, y: m.elliprc(x, y),
    "elliprd": lambda m, x, y, z: m.elliprd(x, y, z),
    "elliprg": lambda m, x, y, z: m.elliprg(x, y, z),
    "elliprj": lambda m, x, y, z, p: m.elliprj(x, y, z, p),
    "hyp0f1": lambda m, b, x: m.hyp0f1(b, x),
    "hyp1f1": lambda m, a, b, x: m.hyp1f1(a, b, x),
    "hyp2f1": lambda m, a, b, c, x: m.hyp2f1(a, b, c, x),
    "hyperu": lambda m, a, b, x: m.hyperu(a, b, x),
    "eval_gegenbauer": lambda m, n, a, x: m.gegenbauer(n, a, x),
    "eval_genlaguerre": lambda m, n, a, x: m.laguerre(n, a, x),
    "eval_jacobi": lambda m, n, a, b, x: m.jacobi(n, a, b, x),
}


def _diff(name: str, orders: tuple[int, ...], *args: Any) -> Any:
    """A partial derivative of one of these functions, which takes duals itself."""
    return function(_partial(name, orders))(*args)


@cache
def _partial(name: str, orders: tuple[int, ...]) -> Rule:
    base = TABLE[name]

    def one_more(i: int) -> Callable[..., Any]:
        higher = tuple(n + (j == i) for j, n in enumerate(orders))

        def slope(*args: Any) -> Any:
            is_limit = name in _INTEGRALS and i == len(orders) - 1
            has_terms = any(isinstance(a, Pair) and a.tangent is None for a in args)
            if is_limit and not has_terms:  # those of a series take no further levels
                return _of_density(base.slopes[i], base.args, orders, args[:-1])
            return _diff(name, higher, *args[:-1])

        return slope

    slopes = (None if s is None else one_more(i) for i, s in enumerate(base.slopes))
    rule = SpecialRule(f"{base.name}({', '.join(base.args)})", *slopes, z=base.is_complex)
    rule.plain = lambda *args: _exactly(name, orders, *args)
    rule.mixes = base.mixes
    return rule


def _of_density(text: Any, names: tuple[str, ...], orders: tuple[int, ...], args: Any) -> Any:
    """A derivative of a text in its parameters, by duals of its own."""
    given, levels = list(args), []
    for i, n in enumerate(orders):
        for _ in range(n):
            levels.append(fresh_level())
            given[i] = dual(given[i], np.ones(np.shape(given[i]))[()], levels[-1])
    y = _read(text, names, any(map(np.ndim, args)))(*given)
    for level in reversed(levels):
        y = parts(y, level)[1]
    return y


def _exactly(name: str, orders: tuple[int, ...], *args: Any) -> Any:
    """That derivative on numbers and arrays: nan where an argument or the function is nan."""
    spread = np.broadcast_arrays(*args)
    points = [
        point if is_defined else (math.nan,)
        for *point, is_defined in zip(
            *(a.ravel().tolist() for a in spread), _defined(name, args, spread), strict=True
        )
    ]
    integral = None if orders[-1] else _INTEGRALS.get(name)  # of parameters alone
    if integral is None:
        found = [_at(name, orders, point) for point in points]
    else:
        known = integral(orders, *(a.ravel().astype(float) for a in spread)).tolist()
        found = [
            _at(name, orders, point) if math.isnan(y) else y
            for y, point in zip(known, points, strict=True)
        ]
    result = np.array(found, complex if np.iscomplexobj(found) else float).reshape(spread[0].shape)
    if np.iscomplexobj(result) and not np.iscomplexobj(_plainly(TABLE[name])(*args)):
        where = tuple(a[result.imag != 0].flat[0].item() for a in spread)
        raise NonDifferentiableError(
            f"scipy.special.{name.lstrip('_')} is real at {where}, but not beside: it has no real "
            "derivative there; pass a plain number as parameter."
        )
    kinds = {a.dtype for a in args if hasattr(a, "dtype") and a.dtype.kind in "fc"}
    if kinds and kinds <= {np.dtype("f4"), np.dtype("c8")}:
        result = result.astype(np.complex64 if result.dtype == complex else np.float32)
    return result[()]


def _defined(name: str, args: tuple[Any, ...], spread: Any) -> list[bool]:
    """Where a function is, so that mpmath need not be asked, which may calculate for ever."""
    value = TABLE[name].plain
    if value is None:
        return [True] * spread[0].size
    with np.errstate(all="ignore"):
        y = np.broadcast_to(value(*args), spread[0].shape).ravel()
    has_overflowed = np.isinf(y) if name.startswith("hyp") else False
    found: list[bool] = (~(np.isnan(y) | has_overflowed)).tolist()
    return found


def _plainly(rule: SpecialRule) -> Callable[..., Any]:
    assert rule.plain is not None
    return rule.plain


_MOST_TERMS = 30_000  # of a series: more than any needs that has its digits at last
_PEAK = 10_000  # by which its terms must have begun to fall
_MOST_STEPS = 15_000  # of recurrences and retries, which take no longer together


class _Contexts(threading.local):
    """A context of mpmath's for each thread, which gives up where mpmath calculates for ever."""

    @cached_property
    def bounded(self) -> Any:
        from mpmath.ctx_mp import MPContext
        from mpmath.libmp import NoConvergence

        class Bounded(MPContext):  # type: ignore[misc]
            steps = 0

            def step(self, cost: int = 1) -> bool:
                self.steps += cost
                if self.steps > _MOST_STEPS:
                    raise NoConvergence
                return True

            def mag(self, x: Any) -> Any:
                """What each step asks for, to see whether it is the last."""
                self.step()
                return super().mag(x)

            def fdot(self, a: Any, *args: Any, **kwargs: Any) -> Any:
                """The sum of a quadrature, whose terms are calculated as they are asked for."""
                return super().fdot((each for each in a if self.step(5)), *args, **kwargs)

            def hypsum(
                self, p: int, q: int, flags: Any, coeffs: Any, z: Any, *args: Any, **kwargs: Any
            ) -> Any:
                has_end = any(
                    flag == "Z" and -_MOST_TERMS < c <= 0
                    for flag, c in zip(flags[:p], coeffs[:p], strict=True)
                )
                # by which power of two terms grow there, about; asymptotic ones, from the start
                at, most = (_PEAK, 1) if p <= q + 1 else (0, 60)
                growth = self.mag(z) - self.mag(at + 1)
                growth += sum(self.mag(c + at) for c in coeffs[:p])
                growth -= sum(self.mag(c + at) for c in coeffs[p:])
                if not has_end and growth > most:
                    raise NoConvergence
                kwargs.setdefault("maxterms", _MOST_TERMS)
                return super().hypsum(p, q, flags, coeffs, z, *args, **kwargs)

        return Bounded()


_CONTEXTS = _Contexts()


def _at(name: str, orders: tuple[int, ...], point: Sequence[Any]) -> Any:
    if any(x != x for x in point):
        return math.nan
    from mpmath.libmp import NoConvergence

    mp = _CONTEXTS.bounded
    mp.steps = 0
    which = tuple(i for i, n in enumerate(orders) if n)

    def f(*varied: Any) -> Any:
        args = list(exact)
        for i, x in zip(which, varied, strict=True):
            args[i] = x
        return EXACT[name](mp, *args)

    with mp.workdps(30):
        exact = [mp.convert(x) for x in point]
        try:
            if len(which) == 1:
                y = mp.diff(f, exact[which[0]], orders[which[0]])
            else:
                y = mp.diff(f, tuple(exact[i] for i in which), tuple(orders[i] for i in which))
            is_real = not any(isinstance(x, complex) for x in point) and not mp.im(y)
            return float(mp.re(y)) if is_real else complex(y)
        except (ArithmeticError, ValueError, NoConvergence) as error:
            at = ", ".join(map(repr, point))
            raise ArithmeticError(
                f"the derivative of scipy.special.{name.lstrip('_')} in a parameter could not be "
                f"calculated at ({at}); pass a plain number as parameter."
            ) from error


def _where(inside: Any, f: Callable[..., Any], *args: Any) -> Any:
    """f of the arguments inside, if they are finite; nan elsewhere."""
    inside = inside & np.isfinite(args).all(axis=0)
    y = np.full(inside.shape, math.nan)
    y[inside] = f(*(a[inside] for a in args))
    return y


def _gamma_integral(orders: tuple[int, ...], a: Any, x: Any) -> Any:
    def inside(a: Any, x: Any) -> Any:
        factor = x * SPACES[True].functions["_gamma_pdf"](a, x)
        return gammainc_in_shape(orders, a, x, factor, sc.psi(a))

    return _where((a > 0) & (x > 0), inside, a, x)


def _beta_integral(orders: tuple[int, ...], a: Any, b: Any, x: Any) -> Any:
    def inside(a: Any, b: Any, x: Any) -> Any:
        factor = x * (1 - x) * SPACES[True].functions["_beta_pdf"](a, b, x, 1 - x)
        return betainc_in_shapes(orders, a, b, x, factor, (_psi_gap(a, b), _psi_gap(b, a)))

    return _where((a > 0) & (b > 0) & (x > 0) & (x < 1), inside, a, b, x)


def _student_integral(orders: tuple[int, ...], v: Any, t: Any) -> Any:
    def inside(v: Any, t: Any) -> Any:
        size, density = abs(t), SPACES[True].functions["_t_pdf"](v, t)
        found = np.sign(t) * stdtr_in_freedom(v, size, size * density)
        return np.where(density > 1e-290, found, math.nan)  # it has lost digits

    return _where((v > 0) & (t != 0) & (orders == (1, 0)), inside, v, t)


# Quicker than mpmath; nan is left to it.
_INTEGRALS: dict[str, Callable[..., Any]] = {
    "gammainc": _gamma_integral,
    "betainc": _beta_integral,
    "stdtr": _student_integral,
}


# -- numerics of helpers: on plain numbers and arrays, unless they say "duals" --------------


def _psi_gap(a: Any, b: Any) -> Any:
    """ψ(a) − ψ(a + b) for a > 0, a + b > 0, without cancellation. Takes duals.

    Both move to the right by ψ(a + 1) = ψ(a) + 1/a, then by the asymptotic series, DLMF 5.11.2,
    in r = log((a + b)/a).
    """
    gap = 0.0
    for _ in range(12):
        gap = gap - b / (a * (a + b))
        a = a + 1
    r = np.log1p(b / a)
    gap = gap - r - b / (2 * a * (a + b))
    for k, c in enumerate((1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760), start=1):
        gap = gap + c * np.expm1(-2 * k * r) / a ** (2 * k)
    return gap


def _erfcx(n: int, x: Any) -> Any:
    """n-th derivative of erfcx: y₀ = erfcx, y₁ = 2x·y₀ − 2/√π, yₙ₊₁ = 2x·yₙ + 2n·yₙ₋₁.

    Right of 1 that cancels; there yₙ is the minimal solution, and the ratios yₙ/yₙ₋₁ come from
    the recurrence backwards (DLMF 7.18(v)).
    """
    x = np.asarray(x)
    far = np.where(x > 1, x, 1.0)
    ratios, ratio = [], -0.0 * far
    for k in range(200 + n, 0, -1):
        ratio = 2 * k / (ratio - 2 * far)
        if k <= n:
            ratios.append(ratio)
    before, y = 0.0, sc.erfcx(x)
    right = np.prod(ratios, axis=0) * sc.erfcx(far) if n else y
    near = np.where(x > 1, 0.0, x)
    for k in range(n):
        before, y = y, 2 * near * y + (2 * k * before if k else -2 / math.sqrt(math.pi))
    return np.where(x > 1, right, y)[()]


def _faddeeva(n: int, z: Any) -> Any:
    """n-th derivative of w(z) = exp(−z²)·erfc(−iz), its real and its imaginary part precise.

    w₀ = w, w₁ = −2z·w₀ + 2i/√π, wₙ₊₁ = −2z·wₙ − 2n·wₙ₋₁, which cancels far from 0: there it is
    (−1)ⁿ·n!·i/π·∫ exp(−t²)/(z − t)ⁿ⁺¹ dt, on a line below z by the trapezoidal rule, and still
    farther a series (DLMF 7.12). Next to the real axis it is Taylor's series from there, and below
    it w(z) = 2·exp(−z²) − w(−z).
    """
    z = np.asarray(z, complex)
    below = z.imag < 0
    up = np.where(below, -z, z)
    x, y = up.real, up.imag
    near_axis, total = np.where(y < 0.01, y, 0.0), np.zeros(z.shape, complex)
    power: Any = 1.0
    for k in range(9):
        w = _gaussian(n + k, x) + 2j / math.sqrt(math.pi) * _dawson(n + k, x)
        total = total + 1j**k * power * w  # the powers of i do not round
        power = power * near_axis / (k + 1)
    high = np.where(y < 0.01, 1j, up)
    total = np.where(y < 0.01, total, _above_axis(n, high))
    if below.any():
        total = np.where(below, 2 * _gaussian(n, z) - (-1) ** n * total, total)
    return total[()]


def _gaussian(n: int, z: Any) -> Any:
    """n-th derivative of exp(−z²)."""
    before, y = np.zeros_like(z), np.exp(-z * z)
    for k in range(n):
        before, y = y, np.where(y == 0, 0, -2 * (z * y + k * before))
    return y


def _dawson(n: int, x: Any) -> Any:
    """n-th derivative of Dawson's integral."""
    x = np.asarray(x, float)
    near, far = np.abs(x) < 1.5, np.abs(x) > 8
    t = np.where(near, x, 0.0)
    before, y = np.zeros_like(x), sc.dawsn(t)
    for k in range(n):
        before, y = y, -2 * (t * y + k * before) + (k == 0)
    if not near.all():
        y = np.where(near, y, _line(n, np.where(near | far, 2.0, x)).imag * _ROOT / 2)
        y = np.where(far, _far(n, np.where(far, x, 9.0)).imag * _ROOT / 2, y)
    return y


_ROOT = math.sqrt(math.pi)


def _above_axis(n: int, z: Any) -> Any:
    """The same for w well above the axis."""
    near, far = np.abs(z) < 1.5, np.abs(z) > 8
    t = np.where(near, z, 0.5j)
    before, y = np.zeros_like(z), sc.wofz(t)
    for k in range(n):
        before, y = y, -2 * (t * y + k * before) + (k == 0) * 2j / _ROOT
    if not near.all():
        y = np.where(near, y, _line(n, np.where(near | far, 2.0, z)))
        y = np.where(far, _far(n, np.where(far, z, 9.0)), y)
    return y


def _far(n: int, z: Any) -> Any:
    """i/√π·Σ (2k − 1)!!/2ᵏ·z⁻²ᵏ⁻¹, n times differentiated, for |z| > 8."""
    r = 1 / np.asarray(z, complex)
    total = np.zeros_like(r)
    for k in range(40, -1, -1):
        ratio = (2 * k + 1 + n) * (2 * k + 2 + n) / (2 * (2 * k + 2))
        total = 1 + ratio * (r * r) * total if k < 40 else 1 + total
    return (-1) ** n * math.factorial(n) * 1j / _ROOT * r ** (n + 1) * total


def _line(n: int, z: Any) -> Any:
    """That integral on Im t = −0.9 by the trapezoidal rule."""
    z = np.asarray(z, complex)
    total = np.zeros_like(z)
    for node in range(-64, 65):
        t = 0.1 * node - 0.9j
        total = total + np.exp(-t * t) / (z - t) ** (n + 1)
    return (-1) ** n * math.factorial(n) * 0.1j / math.pi * total


def _voigt(n: int, x: Any, s: Any, g: Any) -> Any:
    root = s * math.sqrt(2)
    y = _faddeeva(n, (x + 1j * g) / root) / root / _ROOT
    for _ in range(n):
        y = y / root
    return y


def _kve(n: int, k: int, v: Any, x: Any) -> Any:
    """n-th derivative in x, k-th in v, of exp(x)·K_v(x) for x ≥ 2 and v² ≤ 4x.

    ∫₀^∞ (1 − cosh t)ⁿ exp(−x(cosh t − 1)) cosh vt dt (DLMF 10.32.9) by the trapezoidal rule in s,
    with cosh t = 1 + s²/x, so that nothing cancels.
    """
    total = 0.0
    for node in range(-26, 27):
        s = 0.3 * node
        t = 2 * np.arcsinh(s / np.sqrt(2 * x))
        even = (np.sinh if k % 2 else np.cosh)(v * t) * t**k
        total = total + math.exp(-s * s) * (-s * s / x) ** n * even / np.cosh(t / 2)
    return 0.3 / np.sqrt(2 * x) * total


def _struve_sum(n: int, v: Any, u: Any) -> Any:
    """n-th derivative of Σ uᵏ/Γ(k + 3/2)/Γ(k + v + 3/2), for |u| ≤ 1/4."""
    total = 0.0
    for k in range(16, -1, -1):
        total = total * u + sc.poch(k + 1, n) * sc.rgamma(k + n + 1.5) * sc.rgamma(k + n + v + 1.5)
    return total


def _kelvin_sum(n: int, k: int, u: Any) -> Any:
    """n-th derivative of Σ (−u)ʲ/(2j + k)!², for |u| ≤ 1/16."""
    total = 0.0
    for j in range(8, -1, -1):
        term = math.perm(n + j, n) / math.factorial(2 * (n + j) + k) ** 2
        total = total * u + (-1) ** (n + j) * term
    return total


def _kolmogorov_pdf(x: Any) -> Any:
    """Density of the Kolmogorov distribution, by the theta series that is short. Takes duals."""

    def right(x: Any) -> Any:
        return sum(
            (-1) ** (k - 1) * 8 * k * k * x * np.exp(-2 * k * k * x * x) for k in range(1, 7)
        )

    def left(x: Any) -> Any:
        angles = [(2 * k - 1) ** 2 * math.pi**2 / 8 for k in range(1, 5)]
        terms = [np.exp(-c / (x * x)) * (2 * c / (x * x) - 1) for c in angles]
        return math.sqrt(2 * math.pi) * sum(terms) / (x * x)

    if np.ndim(plain(x)) == 0:
        return right(x) if x > 0.8 else left(x) if x > 0.04 else 0.0 * x
    near = np.where(x > 0.04, x, 1.0)
    return np.where(x > 0.8, right(x), np.where(x > 0.04, left(near), 0.0 * x))


def _output(ufunc: Any, i: int) -> Callable[..., Any]:
    """One of the results of a ufunc that has several."""
    return lambda *args: ufunc(*args)[i]


for _space in SPACES.values():
    _space.functions["diff"] = _diff

# fmt: off
inf, nan = math.inf, math.nan
UNIT, POSITIVE, RIGHT, COUNT = (0.05, 0.95), (0.1, 9), (1.1, 20), (1, 4)

# Helpers. exp(−x²/2) as _gauss in rules.py: x² = h² + (x − h)(x + h), h on a grid, is not rounded.
row("_half_bell(x) = exp(-square(rint(16*x)/16)/2)*exp((rint(16*x)/16 - x)*(rint(16*x)/16 + x)/2) "
    "if abs(x) < 42 else exp(-x*x/2)", "0 if y == 0 else -x*y", z="exp(-x*x/2)", over=(-9, 9))
row("_mills(x) = 2/(sqrt2pi*_erfcx(0, -x/sqrt2)) if x < 0 else _half_bell(x)/(sqrt2pi*ndtr(x))")
row("_erfcx(n, x)", None, "_erfcx(n + 1, x)", of=_erfcx)
row("_dawson(n, x)", None, "_dawson(n + 1, x)", of=_dawson)
row("_wofz(n, x)", None, "_wofz(n + 1, x)", of=_faddeeva, z=True)
row("_kve(n, k, v, x)", None, None, "_kve(n, k + 1, v, x)", "_kve(n + 1, k, v, x)", of=_kve)
row("_log_ratio(a, b) = log1p((a - b)/b) if abs(a - b) < b/2 else log(a/b)", "1/a", "-1/b")
row("_lack(a, b) = (b - a)/b", "-1/b", "a/b/b")
row("_exprel1(x) = hyp1f1(2, 3, x)/2 if abs(x) < 1 else (exp(x)*(x - 1) + 1)/(x*x)")
row("_psi_gap(a, b)", of=_psi_gap)
row("_square4(x) = fmod(square(rint(64*x)/64), 4) + (x - rint(64*x)/64)*(x + rint(64*x)/64)",
    z="x*x")
row("_sinhc(x) = hyp0f1(1.5, x*x/4) if abs(x) < 1 else sinh(x)/x", z=True)
# x^a·e^(−x)/Γ(a) and the like by Loader's saddle point (2000): factorials and powers that
# would cancel are taken together, a·log(a/x) − a + x being one function of (x − a)/a.
row("_deviance(a, x) = square(x - a)/a*hyp2f1(1, 2, 3, (a - x)/a)/2 if x > a/4 else "
    "a*(log(a) - log(x)) - a + x", "_log_ratio(a, x)", "(x - a)/x")
row("_stirling(a) = gammaln(a + 1) - (a + 0.5)*log(a) + a - 0.9189385332046727 if a < 10 else "
    "(1/12 - (1/360 - (1/1260 - (1/1680 - (1/1188 - 691/360360/(a*a))/(a*a))/(a*a))/(a*a))/(a*a))"
    "/a")
row("_loader(a, x) = 0*x if x == 0 else exp(-_stirling(a) - _deviance(a, x))*sqrt(a/(2*pi))/x")
row("_gamma_pdf(a, x) = exp(-x) if x == inf else "
    "(pow(x, a - 1)*exp(-x)/gamma(a) if x < 700 else _loader(a, x)) if a < 10 else _loader(a, x)")
row("_beta_small(a, b, x, w) = pow(x, a - 1)*pow(w, b - 1)/beta(a, b)")
row("_beta_pdf(a, b, x, w) = _beta_small(a, b, x, w) if a + b < 20 else "
    "_beta_small(a, b, x, w) if x*w == 0 else "
    "exp(_stirling(a + b) - _stirling(a) - _stirling(b) - _deviance(a, (a + b)*x) "
    "- _deviance(b, (a + b)*w))*sqrt(a*b/(a + b)/(2*pi))/(x*w)")
# Γ(b + ½)/Γ(b)/√b, for large b by the series of Tricomi and Erdélyi (1951)
row("_half_step(b) = sqrtpi/beta(0.5, b)/sqrt(b) if b < 10 else "
    "exp((-1/8 + (1/192 - (1/640 - (17/14336 - 31/18432/(b*b))/(b*b))/(b*b))/(b*b))/b)")
row("_t_pdf(v, t) = exp(-(v + 1)/2*log1p(t*t/v))*_half_step(v/2)/sqrt2pi")
row("_f_pdf(a, b, x) = exp(-x) if x == inf else "
    "_beta_pdf(a/2, b/2, a*x/(a*x + b), b/(a*x + b))*(a/(a*x + b))*(b/(a*x + b))")

# Error functions. What grows is no quotient, whose slope would overflow before it does.
row("_growth(x) = 1/_gauss(x)", "2*x*y", z=True, over=(-4, 4))
row("_growth2(x) = 1/_half_bell(x)", "x*y", z=True, over=(-4, 4))
row("erf(x)", "_gauss(x)*(2/sqrtpi)", z=True, over=(-4, 4))
row("erfc(x)", "_gauss(x)*(-2/sqrtpi)", z=True, over=(-4, 20))
row("erfcx(x)", "_erfcx(1, x)", z="1j*_wofz(1, 1j*x)", over=(-4, 40))
row("erfi(x)", "2/sqrtpi*_growth(x)", z=True, over=(-6, 6))
row("erfinv(x)", "sqrtpi/2*_growth(y)", over=(-0.99, 0.99))
# exp(y²) by erfcx and x = erfc(y): the rounding of y would be 2y² times as large in it
row("erfcinv(x)", "-sqrtpi/2*(_erfcx(0, y)/x)", over=(0.01, 1.9))
row("dawsn(x)", "_dawson(1, x)", z="0.5j*sqrtpi*(-2*x*exp(-x*x) - _wofz(1, x))", over=(-9, 9))
row("wofz(x)", "_wofz(1, x)", z=True, over=(-9, 9))
# w((x + ig)/(s√2))/(s√2π), n times in x: the real part solves the heat equation in s²/2.
row("_voigt(n, x, s, g)", None, "_voigt(n + 1, x, s, g)", "s*_voigt(n + 2, x, s, g)",
    "1j*_voigt(n + 1, x, s, g)", of=_voigt)
row("voigt_profile(x, s, g)", "real(_voigt(1, x, s, g))", "s*real(_voigt(2, x, s, g))",
    "-imag(_voigt(1, x, s, g))", over=((-2, 2), (0.5, 2), (0.2, 1)))
row("ndtr(x)", "_half_bell(x)/sqrt2pi", z=True, over=(-20, 6))
row("log_ndtr(x)", "_mills(x)", z="exp(-x*x/2 - y)/sqrt2pi", over=(-40, 9))
row("ndtri(x)", "1/(x*_mills(y))", over=UNIT)
row("ndtri_exp(x)", "1/_mills(y)", over=(-50, -0.01))
row("owens_t(h, a)", "-erf(a*h/sqrt2)*_half_bell(h)/(2*sqrt2pi)",
    "_half_bell(h)*_half_bell(a*h)/(2*pi*(1 + a*a))", over=(-3, 3))
row("fresnel(x) = (_fresnel_s(x), _fresnel_c(x))", z=True, over=(-9, 9))
row("_fresnel_s(x)", "sin(pi/2*_square4(x))", z="sin(pi/2*x*x)", of=_output(sc.fresnel, 0))
row("_fresnel_c(x)", "cos(pi/2*_square4(x))", z="cos(pi/2*x*x)", of=_output(sc.fresnel, 1))
row("modfresnelp(x) = (_fp(x), _kp(x))", over=(0.1, 2))
row("_fp(x)", "-exp(1j*x*x)", of=_output(sc.modfresnelp, 0))
row("_kp(x)", "_wofz(1, exp(0.25j*pi)*x)*exp(0.25j*pi)/2", of=_output(sc.modfresnelp, 1))
row("modfresnelm(x) = (_fm(x), _km(x))", over=(0.1, 2))
row("_fm(x)", "-exp(-1j*x*x)", of=_output(sc.modfresnelm, 0))
row("_km(x)", "_wofz(1, exp(0.75j*pi)*x)*exp(0.75j*pi)/2", of=_output(sc.modfresnelm, 1))

# Logarithms, exponentials, information
row("logit(x)", "1/(x*(1 - x))", over=UNIT)
row("log_expit(x)", "sigmoid(-x)", over=(-40, 40))
row("exp10(x)", "y*ln10", over=(-4, 4))
row("exprel(x)", "_exprel1(x)", over=(-20, 20))
row("cosm1(x)", "-sin(x)", over=(-4, 4))
row("powm1(a, b)", "0 if b == 0 else (0 if y == -1 else b*a**(b - 1)) if abs(b) == inf"
    " else b*a**(b - 1)",
    "(0 if b > 0 else pow(a, b)*log(a)) if a == 0 else pow(a, b)*log(a) if isfinite(a + b)"
    " else 0 if y == -1 else pow(a, b)*log(a)",
    over=(POSITIVE, (-3, 3)))
row("xlogy(a, b)", "log(b)", "(0 if b == 0 else a/b) if a == 0 else a/b", z=True)
row("xlog1py(a, b)", "log1p(b)", "(0 if b == -1 else a/(1 + b)) if a == 0 else a/(1 + b)", z=True,
    over=(-0.9, 4), at={(0, -1): (0, -inf, 0)})
row("entr(x)", "-1 - log(x)", at={0: (0, inf)})
row("rel_entr(a, b)", "1 + _log_ratio(a, b)", "0 if a == 0 else -(a/b)", at={(0, 0): (0, nan, 0)})
row("kl_div(a, b)", "_log_ratio(a, b)", "_lack(a, b)", at={(0, 2): (2, -inf, 1)})
row("huber(d, r)", "nan*r if d < 0 else abs(r) - d if abs(r) > d else 0*r",
    "nan*r if d < 0 else r if abs(r) <= d else d*sign(r)",
    kind="kinked", over=((0.5, 2), (-4, 4)), at={(-1, 2): (inf, nan, nan)})
row("pseudo_huber(d, r)",
    "nan*r if d < 0 else 0*r if abs(d) + abs(r) == 0 else "
    "r*pow(_along(r, d), 3)/square(1 + _along(d, r))",
    "nan*r if d < 0 else 0*r if abs(d) + abs(r) == 0 else d*_along(r, d)",
    over=((0.5, 2), (-4, 4)), at={(-1, 2): (inf, nan, nan), (0, 0): (0, 0, 0)})
row("boxcox(x, l)", "pow(x, l - 1)",
    "(1/(l*l) if l > 0 else inf) if x == 0 else square(log(x))*_exprel1(l*log(x))",
    over=(POSITIVE, (-2, 2)), at={(2, 0): (0.6931471805599453, 0.5, 0.2402265069591007),
        (0, 0.2): (-5, inf, 25), (0, 2): (-0.5, 0, 0.25), (0, -1): (-inf, inf, inf)})
row("boxcox1p(x, l)", "exp((l - 1)*log1p(x))",
    "(1/(l*l) if l > 0 else inf) if x == -1 else square(log1p(x))*_exprel1(l*log1p(x))",
    over=((-0.9, 9), (-2, 2)), at={(-1, 0.2): (-5, inf, 25), (-1, 2): (-0.5, 0, 0.25)})
row("_inv_boxcox1(u) = -hyp2f1(2, 2, 3, -u)/2 if abs(u) < 0.5 else (u/(1 + u) - log1p(u))/(u*u)")
row("inv_boxcox(x, l)", "pow(y, 1 - l)",
    "x/l*pow(1 + l*x, 1/l - 1) if l*x == -1 else y*x*x*_inv_boxcox1(l*x)",
    over=((0.1, 2), (0, 2)), at={(-2, 0.5): (0, 0, 0), (-1, 1): (0, 1, -1)})
row("inv_boxcox1p(x, l)", "pow(1 + y, 1 - l)",
    "x/l*pow(1 + l*x, 1/l - 1) if l*x == -1 else (1 + y)*x*x*_inv_boxcox1(l*x)",
    over=((0.1, 2), (0, 2)), at={(-2, 0.5): (-1, 0, 0), (-1, 1): (-1, 1, -1)})
row("tklmbda(x, l)", "0*x if y*(1 - y) == 0 else 1/(pow(y, l - 1) + pow(1 - y, l - 1))",
    "0*x if y*(1 - y) == 0 else -(square(log(y))*_exprel1(l*log(y)) "
    "- square(log1p(-y))*_exprel1(l*log1p(-y)))/(pow(y, l - 1) + pow(1 - y, l - 1))",
    over=((-0.9, 0.9), (-0.9, 0.9)))
row("round(x)", "0", kind="flat", over=(-4, 4))
row("sindg(x)", "cosdg(x)*(pi/180)", over=(-400, 400))
row("cosdg(x)", "-sindg(x)*(pi/180)", over=(-400, 400))
row("tandg(x)", "(1 + y*y)*(pi/180)", over=(-80, 80))
row("cotdg(x)", "-(1 + y*y)*(pi/180)", over=(10, 170))
row("radian(d, m, s)", "pi/180", "pi/10800", "pi/648000")

# Gamma and beta
row("gamma(x)", "y*psi(x)", z=True, over=POSITIVE)
row("gammaln(x)", "psi(x)", over=POSITIVE)
row("loggamma(x)", "psi(x)", z=True, over=POSITIVE)
row("_polygamma(n, x)", None, "polygamma(n + 1, x)", over=(COUNT, POSITIVE), of=sc.polygamma,
    says="the n-th derivative of digamma(x)")
row("psi(x)", "polygamma(1, x)", z="diff('psi', (1,), x)", over=POSITIVE)
# Left of ½ by reflection: finite at the poles of gamma, in every order.
row("rgamma(x)", "-y*psi(x) if real(x) > 0.5 else (cos(pi*(x - 2*rint(real(x)/2))) "
    "- sin(pi*(x - 2*rint(real(x)/2)))*psi(1 - x)/pi)*gamma(1 - x)", z=True, over=(-4, 9),
    at={0: (0, 1), -3: (0, -6)})
row("gammasgn(x)", "0", kind="flat", over=(-4, 4))
_BETA = "diff('beta{}', {}, a if minimum(a, b) <= 0 else nan, b)"
row("beta(a, b)", f"y*_psi_gap(a, b) if minimum(a, b) > 0 else {_BETA.format('', (1, 0))}",
    f"y*_psi_gap(b, a) if minimum(a, b) > 0 else {_BETA.format('', (0, 1))}", over=POSITIVE)
row("betaln(a, b)", f"_psi_gap(a, b) if minimum(a, b) > 0 else {_BETA.format('ln', (1, 0))}",
    f"_psi_gap(b, a) if minimum(a, b) > 0 else {_BETA.format('ln', (0, 1))}", over=POSITIVE)
_INSIDE = "minimum(n, minimum(k, n - k)) > -1"
_BINOM = f"diff('binom', {{}}, nan if {_INSIDE} else n, k)"
row("binom(n, k)", f"y*_psi_gap(n + 1, -k) if {_INSIDE} else {_BINOM.format((1, 0))}",
    f"y*_psi_gap(n - k + 1, 2*k - n) if {_INSIDE} else {_BINOM.format((0, 1))}",
    over=((5, 9), (1, 4)), at={(2, 3): (0, 1 / 3, -1 / 3)})
_POCH = "diff('poch', {}, a if minimum(a, a + b) <= 0 else nan, b)"
# Γ(a) is infinite at 0, where poch(a, b) = a/(a + b)·poch(a + 1, b) is smooth.
row("poch(a, b)", "(-y*_psi_gap(a, b) if a > 1 else poch(a + 1, b)/(a + b)*(b/(a + b) "
    f"- a*_psi_gap(a + 1, b))) if minimum(a, a + b) > 0 else {_POCH.format((1, 0))}",
    f"y*psi(a + b) if minimum(a, a + b) > 0 else {_POCH.format((0, 1))}", over=POSITIVE)
row("gammainc(a, x)", MPMATH, "_gamma_pdf(a, x)", over=POSITIVE)
row("gammaincc(a, x)", "-diff('gammainc', (1, 0), a, x)", "-_gamma_pdf(a, x)", over=POSITIVE)
# The quantiles of 0 and 1 are the ends, for all parameters.
_AT_THE_ENDS = "0*a if (p == 0) | (p == 1) else "
for _name, _sign in (("gammaincinv", ""), ("gammainccinv", "-")):
    row(f"{_name}(a, p)", f"{_AT_THE_ENDS}-diff('gammainc', (1, 0), a, y)/_gamma_pdf(a, y)",
        f"{_sign}1/_gamma_pdf(a, y)", over=(POSITIVE, UNIT))
row("betainc(a, b, x)", MPMATH, MPMATH, "_beta_pdf(a, b, x, 1 - x)",
    over=(POSITIVE, POSITIVE, UNIT))
row("betaincc(a, b, x)", "-diff('betainc', (1, 0, 0), a, b, x)",
    "-diff('betainc', (0, 1, 0), a, b, x)", "-_beta_pdf(a, b, x, 1 - x)",
    over=(POSITIVE, POSITIVE, UNIT))
for _name, _sign in (("betaincinv", ""), ("betainccinv", "-")):
    row(f"{_name}(a, b, p)",
        f"{_AT_THE_ENDS}-diff('betainc', (1, 0, 0), a, b, y)/_beta_pdf(a, b, y, 1 - y)",
        f"{_AT_THE_ENDS}-diff('betainc', (0, 1, 0), a, b, y)/_beta_pdf(a, b, y, 1 - y)",
        f"{_sign}1/_beta_pdf(a, b, y, 1 - y)", over=((0.5, 5), (0.5, 5), UNIT))
row("_riemann_zeta(s)", MPMATH, z=True, over=RIGHT)
row("zetac(s)", MPMATH, over=RIGHT)
row("_zeta(s, q)", MPMATH, "-s*_zeta(s + 1, q)", over=((1.1, 9), POSITIVE))

# Distributions
row("chdtr(v, x)", "diff('gammainc', (1, 0), v/2, x/2)/2", "_gamma_pdf(v/2, x/2)/2", over=POSITIVE)
row("chdtrc(v, x)", "-diff('gammainc', (1, 0), v/2, x/2)/2", "-_gamma_pdf(v/2, x/2)/2",
    over=POSITIVE)
row("chdtri(v, p)", "0*v if (p == 0) | (p == 1) else "
    "-diff('gammainc', (1, 0), v/2, y/2)/_gamma_pdf(v/2, y/2)",
    "-2/_gamma_pdf(v/2, y/2)", over=(POSITIVE, UNIT))
row("chdtriv(p, x)", "2/diff('gammainc', (1, 0), y/2, x/2)",
    "-_gamma_pdf(y/2, x/2)/diff('gammainc', (1, 0), y/2, x/2)", over=((0.2, 0.8), (1, 9)))
row("gdtr(a, b, x)", "x*_gamma_pdf(b, a*x)", "diff('gammainc', (1, 0), b, a*x)",
    "a*_gamma_pdf(b, a*x)")
row("gdtrc(a, b, x)", "-x*_gamma_pdf(b, a*x)", "-diff('gammainc', (1, 0), b, a*x)",
    "-a*_gamma_pdf(b, a*x)")
row("gdtria(p, b, x)", "1/(x*_gamma_pdf(b, x*y))",
    "-diff('gammainc', (1, 0), b, x*y)/(x*_gamma_pdf(b, x*y))", "-y/x",
    over=(UNIT, (0.5, 4), (0.5, 4)))
row("gdtrib(a, p, x)", "-x*_gamma_pdf(y, a*x)/diff('gammainc', (1, 0), y, a*x)",
    "1/diff('gammainc', (1, 0), y, a*x)",
    "-a*_gamma_pdf(y, a*x)/diff('gammainc', (1, 0), y, a*x)",
    over=((0.5, 4), (0.2, 0.8), (0.5, 4)))
row("gdtrix(a, b, p)", "-y/a", "-diff('gammainc', (1, 0), b, a*y)/(a*_gamma_pdf(b, a*y))",
    "1/(a*_gamma_pdf(b, a*y))", over=((0.5, 4), (0.5, 4), UNIT))
row("pdtr(k, m)", None, "-_gamma_pdf(floor(k) + 1, m)", over=((3, 3), POSITIVE))
row("pdtrc(k, m)", None, "_gamma_pdf(floor(k) + 1, m)", over=((3, 3), POSITIVE))
row("pdtri(k, p)", None, "-1/_gamma_pdf(floor(k) + 1, y)", over=((3, 3), UNIT))
row("bdtr(k, n, p)", None, None, "-_beta_pdf(trunc(n) - floor(k), floor(k) + 1, 1 - p, p)",
    over=((2, 2), (6, 6), UNIT))
row("bdtrc(k, n, p)", None, None, "_beta_pdf(trunc(n) - floor(k), floor(k) + 1, 1 - p, p)",
    over=((2, 2), (6, 6), UNIT))
row("bdtri(k, n, p)", None, None, "-1/_beta_pdf(trunc(n) - floor(k), floor(k) + 1, 1 - y, y)",
    over=((2, 2), (6, 6), UNIT))
row("nbdtr(k, n, p)", None, None, "_beta_pdf(trunc(n), floor(k) + 1, p, 1 - p)",
    over=((2, 2), (6, 6), UNIT))
row("nbdtrc(k, n, p)", None, None, "-_beta_pdf(trunc(n), floor(k) + 1, p, 1 - p)",
    over=((2, 2), (6, 6), UNIT))
row("nbdtri(k, n, p)", None, None, "1/_beta_pdf(trunc(n), floor(k) + 1, y, 1 - y)",
    over=((2, 2), (6, 6), UNIT))
row("btdtria(p, b, x)", "1/diff('betainc', (1, 0, 0), y, b, x)",
    "-diff('betainc', (0, 1, 0), y, b, x)/diff('betainc', (1, 0, 0), y, b, x)",
    "-_beta_pdf(y, b, x, 1 - x)/diff('betainc', (1, 0, 0), y, b, x)",
    over=((0.2, 0.8), (0.5, 4), (0.2, 0.8)))
row("btdtrib(a, p, x)", "-diff('betainc', (1, 0, 0), a, y, x)/diff('betainc', (0, 1, 0), a, y, x)",
    "1/diff('betainc', (0, 1, 0), a, y, x)",
    "-_beta_pdf(a, y, x, 1 - x)/diff('betainc', (0, 1, 0), a, y, x)",
    over=((0.5, 4), (0.2, 0.8), (0.2, 0.8)))
row("stdtr(v, t)", MPMATH, "_t_pdf(v, t)", over=(POSITIVE, (-4, 4)))
row("stdtrit(v, p)", "-diff('stdtr', (1, 0), v, y)/_t_pdf(v, y)", "1/_t_pdf(v, y)",
    over=(POSITIVE, UNIT))
row("stdtridf(p, t)", "1/diff('stdtr', (1, 0), y, t)",
    "-_t_pdf(y, t)/diff('stdtr', (1, 0), y, t)", over=((0.78, 0.8), (1, 1.1)))
row("fdtr(a, b, x)", MPMATH, MPMATH, "_f_pdf(a, b, x)", over=POSITIVE)
row("fdtrc(a, b, x)", "-diff('fdtr', (1, 0, 0), a, b, x)", "-diff('fdtr', (0, 1, 0), a, b, x)",
    "-_f_pdf(a, b, x)", over=POSITIVE)
row("fdtri(a, b, p)", "-diff('fdtr', (1, 0, 0), a, b, y)/_f_pdf(a, b, y)",
    "-diff('fdtr', (0, 1, 0), a, b, y)/_f_pdf(a, b, y)", "1/_f_pdf(a, b, y)",
    over=(POSITIVE, POSITIVE, UNIT))
row("nrdtrimn(p, s, x)", "-s*sqrt2pi/_half_bell(ndtri(p))", "-ndtri(p)", "1",
    over=(UNIT, POSITIVE, (-4, 4)))
row("nrdtrisd(m, p, x)", "-1/ndtri(p)", "-y/ndtri(p)*(sqrt2pi/_half_bell(ndtri(p)))", "1/ndtri(p)",
    over=((-4, 0), (0.6, 0.95), (1, 4)))
row("kolmogorov(x)", "-_kolmogorov_pdf(x)", over=(0.2, 3))
row("kolmogi(p)", "-1/_kolmogorov_pdf(y)", over=(0.001, 0.999))
row("_kolmogorov_pdf(x)", of=_kolmogorov_pdf)

# Bessel and their kin
row("j0(x)", "-j1(x)", over=(-9, 9))
row("j1(x)", "(j0(x) - jv(2, x))/2", over=(-9, 9))
row("y0(x)", "-y1(x)", over=POSITIVE)
row("y1(x)", "(y0(x) - yn(2, x))/2", over=POSITIVE)
row("i0(x)", "i1(x)", over=(-9, 9))
row("i1(x)", "(i0(x) + iv(2, x))/2", over=(-9, 9))
row("k0(x)", "-k1(x)", over=POSITIVE)
row("k1(x)", "-(k0(x) + kn(2, x))/2", over=POSITIVE)
row("yn(n, x)", None, "(yn(trunc(n) - 1, x) - yn(trunc(n) + 1, x))/2", over=(COUNT, POSITIVE))
row("kn(n, x)", None, "-(kn(trunc(n) - 1, x) + kn(trunc(n) + 1, x))/2", over=(COUNT, POSITIVE))
row("jv(v, x)", MPMATH, "(jv(v - 1, x) - jv(v + 1, x))/2", z=True, over=POSITIVE)
row("yv(v, x)", MPMATH, "(yv(v - 1, x) - yv(v + 1, x))/2", z=True, over=POSITIVE)
row("iv(v, x)", MPMATH, "(iv(v - 1, x) + iv(v + 1, x))/2", z=True, over=POSITIVE)
row("kv(v, x)", MPMATH, "-(kv(v - 1, x) + kv(v + 1, x))/2", z=True, over=POSITIVE)
row("hankel1(v, x)", MPMATH, "(hankel1(v - 1, x) - hankel1(v + 1, x))/2", z=True, over=POSITIVE)
row("hankel2(v, x)", MPMATH, "(hankel2(v - 1, x) - hankel2(v + 1, x))/2", z=True, over=POSITIVE)
# Scaled: the growth is taken off. For real x only, where the factor is not holomorphic.
row("jve(v, x)", MPMATH, "(jve(v - 1, x) - jve(v + 1, x))/2", over=POSITIVE)
row("yve(v, x)", MPMATH, "(yve(v - 1, x) - yve(v + 1, x))/2", over=POSITIVE)
row("_ive1(v, x) = v/x*ive(v, x) - pow(x/2, v)*rgamma(v + 1)*hyp1f1(v + 1.5, 2*v + 2, -2*x)")
row("i0e(x)", "-sign(x)*hyp1f1(1.5, 2, -2*abs(x))", kind="kinked", over=(-30, 30),
    at={0: (1, 0)})
row("i1e(x)", "(i0e(x) + ive(2, x))/2 - sign(x)*y if abs(x) < 5 else _ive1(1, abs(x))",
    over=(-30, 30), at={0: (0, 0.5)})
row("ive(v, x)", MPMATH,
    "(ive(v - 1, x) + ive(v + 1, x))/2 - sign(x)*y if x < 5 else _ive1(v if y == y else nan, x)",
    over=((0.1, 4), (0.1, 30)))
row("k0e(x)", "y - k1e(x) if x < 2 else _kve(1, 0, 0, x)", over=(0.1, 30))
row("k1e(x)", "y - (k0e(x) + kve(2, x))/2 if x < 2 else _kve(1, 0, 1, x)", over=(0.1, 30))
row("kve(v, x)", MPMATH, "_kve(1, 0, v, x) if maximum(2, v*v/4) < x else "
    "y - (kve(v - 1, x) + kve(v + 1, x))/2", z="y - (kve(v - 1, x) + kve(v + 1, x))/2",
    over=((0.1, 4), (0.1, 30)))
row("hankel1e(v, x)", MPMATH, "(hankel1e(v - 1, x) - hankel1e(v + 1, x))/2 - 1j*y", z=True,
    over=POSITIVE)
row("hankel2e(v, x)", MPMATH, "(hankel2e(v - 1, x) - hankel2e(v + 1, x))/2 + 1j*y", z=True,
    over=POSITIVE)
for _name, _before, _behind, _sign in (("jn", "", "-", ""), ("yn", "", "-", ""),
                                       ("in", "", "+", ""), ("kn", "-", "+", "-")):
    row(f"_spherical_{_name}(n, x)", None,
        f"({_before}n*_spherical_{_name}(maximum(n, 1) - 1, x) {'-' if _before else _behind} "
        f"(n + 1)*_spherical_{_name}(n + 1, x))/(2*n + 1)", z=True, over=(COUNT, POSITIVE),
        of=getattr(sc, f"spherical_{_name}"))  # the ufunc below it is for x >= 0 alone
# Near 0 by (x/2)^(v + 1)·Σ (∓x²/4)ᵏ/Γ(k + 3/2)/Γ(k + v + 3/2): orders beside v would cancel.
row("_struve_sum(n, v, u)", None, MPMATH, "_struve_sum(n + 1, v, u)", of=_struve_sum,
    over=(COUNT, (0, 3), (-0.25, 0.25)))
_NEAR = ("(0*x if v == -1 else (v + 1)/2*pow(x/2, v)*_struve_sum(0, v, {0}x*x/4)) "
    "{1} pow(x/2, v + 1)*(x/2)*_struve_sum(1, v, {0}x*x/4)")
row("struve(v, x)", MPMATH,
    f"struve(v - 1, x) - v/x*y if abs(x) > 1 else {_NEAR.format('-', '-')}",
    over=((0, 3), POSITIVE))
row("modstruve(v, x)", MPMATH, "(modstruve(v - 1, x) + modstruve(v + 1, x))/2 "
    f"+ pow(x/2, v)*rgamma(v + 1.5)/(2*sqrtpi) if abs(x) > 1 else {_NEAR.format('', '+')}",
    over=((0, 3), POSITIVE))
row("itstruve0(x)", "struve(0, x)", over=POSITIVE)
row("it2struve0(x)", "-struve(0, x)/x if abs(x) > 1 else -_struve_sum(0, 0, -x*x/4)/2",
    over=POSITIVE)
row("itmodstruve0(x)", "modstruve(0, x)", over=POSITIVE)
row("itj0y0(x) = (_itj0(x), _ity0(x))", over=POSITIVE)
row("_itj0(x)", "j0(x)", of=_output(sc.itj0y0, 0))
row("_ity0(x)", "y0(x)", of=_output(sc.itj0y0, 1))
row("iti0k0(x) = (_iti0(x), _itk0(x))", over=POSITIVE)
row("_iti0(x)", "i0(x)", of=_output(sc.iti0k0, 0))
row("_itk0(x)", "k0(x)", of=_output(sc.iti0k0, 1))
row("besselpoly(a, l, v)", "besselpoly(a, l + 1, v - 1) - besselpoly(a, l + 1, v + 1)", None, None)
row("wright_bessel(a, b, x)", None, None, "wright_bessel(a, a + b, x)")
row("log_wright_bessel(a, b, x)", None, None, "exp(log_wright_bessel(a, a + b, x) - y)")
row("airy(x) = (_ai(x), _aip(x), _bi(x), _bip(x))", z=True, over=(-9, 9))
row("_ai(x)", "_aip(x)", z=True, of=_output(sc.airy, 0))
row("_aip(x)", "x*_ai(x)", z=True, of=_output(sc.airy, 1))
row("_bi(x)", "_bip(x)", z=True, of=_output(sc.airy, 2))
row("_bip(x)", "x*_bi(x)", z=True, of=_output(sc.airy, 3))
row("itairy(x) = (_itai(x), _itbi(x), _itai_left(x), _itbi_left(x))", over=(0.1, 4))
row("_itai(x)", "_ai(x)", of=_output(sc.itairy, 0))
row("_itbi(x)", "_bi(x)", of=_output(sc.itairy, 1))
row("_itai_left(x)", "_ai(-x)", of=_output(sc.itairy, 2))
row("_itbi_left(x)", "_bi(-x)", of=_output(sc.itairy, 3))
# Kelvin: ber + i·bei = J₀(x·e^(3πi/4)); w = ker + i·kei has w″ = i·w − w′/x, DLMF 10.61
row("_kelvin2(x) = (jv(0, (-1 + 1j)/sqrt2*x) - jv(2, (-1 + 1j)/sqrt2*x))*0.5j", z=True)
# Near 0 by powers of u = (x/2)⁴, as Bessel functions cancel: berp = x³/4·Σ′, and with the other Σ,
# beip = x/2·Σ + x⁵/16·Σ′.
row("_kelvin_sum(n, k, u)", None, None, "_kelvin_sum(n + 1, k, u)", of=_kelvin_sum,
    over=(COUNT, (0, 1), (-0.06, 0.06)))
row("ber(x)", "berp(x)", over=POSITIVE)
row("bei(x)", "beip(x)", over=POSITIVE)
row("ker(x)", "kerp(x)", over=POSITIVE)
row("kei(x)", "keip(x)", over=POSITIVE)
_FOURTH = "square(square(x/2))"
row("berp(x)", "real(_kelvin2(x)) if abs(x) > 1 else "
    f"x*x*(_kelvin_sum(1, 0, {_FOURTH})*0.75 + {_FOURTH}*_kelvin_sum(2, 0, {_FOURTH}))",
    over=POSITIVE)
row("beip(x)", f"imag(_kelvin2(x)) if abs(x) > 1 else _kelvin_sum(0, 1, {_FOURTH})/2 + {_FOURTH}*"
    f"(7*_kelvin_sum(1, 1, {_FOURTH}) + 4*{_FOURTH}*_kelvin_sum(2, 1, {_FOURTH}))", over=POSITIVE)
row("kerp(x)", "-kei(x) - y/x", over=POSITIVE)
row("keip(x)", "ker(x)/2 - 0.25 if x < 1e-9 else ker(x) - y/x", over=POSITIVE, at={0: (0, inf)})
row("kelvin(x) = (ber(x) + 1j*bei(x), ker(x) + 1j*kei(x), "
    "berp(x) + 1j*beip(x), kerp(x) + 1j*keip(x))", over=POSITIVE)
row("pbdv(v, x) = (_pbdv(v, x), _pbdvp(v, x))", over=((0.5, 3), (-2, 2)))
row("_pbdv(v, x)", None, "_pbdvp(v, x)", of=_output(sc.pbdv, 0))
row("_pbdvp(v, x)", None, "(x*x/4 - v - 0.5)*_pbdv(v, x)", of=_output(sc.pbdv, 1))
row("pbvv(v, x) = (_pbvv(v, x), _pbvvp(v, x))", over=((0.5, 3), (-2, 2)))
row("_pbvv(v, x)", None, "_pbvvp(v, x)", of=_output(sc.pbvv, 0))
row("_pbvvp(v, x)", None, "(x*x/4 - v - 0.5)*_pbvv(v, x)", of=_output(sc.pbvv, 1))
row("pbwa(a, x) = (_pbwa(a, x), _pbwap(a, x))", over=((0.5, 3), (-2, 2)))
row("_pbwa(a, x)", None, "_pbwap(a, x)", of=_output(sc.pbwa, 0))
row("_pbwap(a, x)", None, "(a - x*x/4)*_pbwa(a, x)", of=_output(sc.pbwa, 1))

# Elliptic. The incomplete ones by Carlson's integrals, DLMF 19.25, where nothing cancels.
row("_ellipk1(p) = pi/8*hyp2f1(1.5, 1.5, 2, 1 - p) if abs(1 - p) < 0.5 else "
    "(ellipe(1 - p)/p - ellipkm1(p))/(2*(1 - p))")
row("_ellipe1(m) = -pi/8*hyp2f1(0.5, 1.5, 2, m) if abs(m) < 0.5 else "
    "(ellipe(m) - ellipk(m))/(2*m)")
row("_around(f) = rint(f/pi)", "0", kind="flat")
row("_ellipkinc1(f, m) = (0*f if _around(f) == 0 else 2*_around(f)*_ellipk1(1 - m)) "
    "+ pow(sin(f - pi*_around(f)), 3)*elliprd(square(cos(f)), 1, 1 - m*square(sin(f)))/6")
row("ellipk(m)", "_ellipk1(1 - m)", over=(-4, 0.95))
row("ellipkm1(p)", "-_ellipk1(p)", over=(0.05, 4))
row("ellipe(m)", "_ellipe1(m)", over=(-4, 0.95))
row("ellipkinc(f, m)", "1/sqrt(1 - m*square(sin(f)))", "_ellipkinc1(f, m)",
    over=((-4, 4), (-4, 0.95)))
row("ellipeinc(f, m)", "sqrt(1 - m*square(sin(f)))",
    "(0*f if _around(f) == 0 else 2*_around(f)*_ellipe1(m)) - pow(sin(f - pi*_around(f)), 3)"
    "*elliprd(square(cos(f)), 1 - m*square(sin(f)), 1)/6", over=((-4, 4), (-4, 0.95)))
_CAUCHY = "diff('elliprc', {}, nan if real(b) > 0 else a, b)"
row("elliprc(a, b)", f"-elliprd(b, b, a)/6 if real(b) > 0 else {_CAUCHY.format((1, 0))}",
    f"-elliprd(a, b, b)/3 if real(b) > 0 else {_CAUCHY.format((0, 1))}", z=True)
row("elliprf(a, b, c)", "-elliprd(b, c, a)/6", "-elliprd(a, c, b)/6", "-elliprd(a, b, c)/6", z=True)
row("elliprd(a, b, c)", MPMATH, MPMATH, MPMATH, z=True)
row("elliprg(a, b, c)", MPMATH, MPMATH, MPMATH, z=True)
row("elliprj(a, b, c, p)", MPMATH, MPMATH, MPMATH, MPMATH, z=True)
row("ellipj(u, m) = (_sn(u, m), _cn(u, m), _dn(u, m), _am(u, m))", over=((-2, 4), UNIT))
row("_am_m(u, m) = -_dn(u, m)*_ellipkinc1(_am(u, m), m)")
row("_sn(u, m)", "_cn(u, m)*_dn(u, m)", "_cn(u, m)*_am_m(u, m)", of=_output(sc.ellipj, 0))
row("_cn(u, m)", "-_sn(u, m)*_dn(u, m)", "-_sn(u, m)*_am_m(u, m)", of=_output(sc.ellipj, 1))
row("_dn(u, m)", "-m*_sn(u, m)*_cn(u, m)",
    "-_sn(u, m)*(_sn(u, m)/2 + m*_cn(u, m)*_am_m(u, m))/y", of=_output(sc.ellipj, 2))
row("_am(u, m)", "_dn(u, m)", "_am_m(u, m)", of=_output(sc.ellipj, 3))
row("_agm1(a, b) = 1/(a + b) + _ellipk1(4*a*b/square(a + b))/ellipkm1(4*a*b/square(a + b))"
    "*4*(b/(a + b))*((b - a)/(a + b))/(a + b)")
row("agm(a, b)", "y*_agm1(a, b)", "y*_agm1(b, a)", over=POSITIVE)

# Integrals
row("expi(x)", "exp(x)/x", z=True, over=POSITIVE)
row("exp1(x)", "-exp(-x)/x", z=True, over=POSITIVE)
row("expn(n, x)", None, "-expn(n - 1, x) if n >= 1 else -y*(1 + 1/x)", over=(COUNT, POSITIVE))
row("_sinc1(x) = sinc(x/pi) if abs(x) < 4 else sin(x)/x", z=True)
row("sici(x) = (_si(x), _ci(x))", z=True, over=POSITIVE)
row("_si(x)", "_sinc1(x)", z=True, of=_output(sc.sici, 0))
row("_ci(x)", "cos(x)/x", z=True, of=_output(sc.sici, 1))
row("shichi(x) = (_shi(x), _chi(x))", z=True, over=POSITIVE)
row("_shi(x)", "_sinhc(x)", z=True, of=_output(sc.shichi, 0))
row("_chi(x)", "cosh(x)/x", z=True, of=_output(sc.shichi, 1))
row("spence(x)", "-hyp2f1(1, 1, 2, 1 - x) if abs(x - 1) < 0.5 else log(x)/(1 - x)", z=True,
    over=POSITIVE)
row("_lambertw(z, k, tol)", "exp(-y)/(1 + y) if abs(y) < 1 else y/(z*(1 + y))", None, None, z=True,
    over=(POSITIVE, (0, 0), (1e-8, 1e-8)))
row("wrightomega(x)", "y/(1 + y)", z=True, over=(-9, 9))

# Hypergeometric functions and orthogonal polynomials
row("hyp0f1(b, x)", MPMATH, "hyp0f1(b + 1, x)/b", z=True)
# Where y has overflowed, SciPy's hyp1f1 of other parameters may sum its series for ever.
row("hyp1f1(a, b, x)", MPMATH, MPMATH,
    "a/b*hyp1f1(a + 1, b + 1, x if abs(y) < inf else 0*x) if abs(y) < inf else y", z=True)
# A polynomial has an end where the next function may be infinite; in a and b that is undefined.
_NEXT = "hyp2f1(a + 1, b + 1, c + 1, x)"
row("hyp2f1(a, b, c, x)", MPMATH, MPMATH, MPMATH,
    f"(a*b/c*{_NEXT} if abs({_NEXT}) < inf else 0*x*sqrt(a*b)) if a*b == 0 else a*b/c*{_NEXT}",
    z=True, over=((0.1, 4), (0.1, 4), (0.5, 4), (-0.9, 0.5)))
row("hyperu(a, b, x)", MPMATH, MPMATH, "-a*hyperu(a + 1, b + 1, x)")
_INNER = (COUNT, (-0.9, 0.9))
# By Gegenbauer's polynomials, for SciPy's of Jacobi lose digits next to a zero at 0; but those of
# low degrees alone, for high ones overflow.
_LEGENDRE = ("eval_gegenbauer({n} - 1, 1.5, {x}) if abs({n} - 75) < 75 else "
    "({n} + 1)/2*eval_jacobi({n} - 1, 1, 1, {x})")
row("eval_legendre(n, x)", None, f"0*x if n == 0 else {_LEGENDRE.format(n='n', x='x')}",
    z=True, over=_INNER)
row("eval_sh_legendre(n, x)", None,
    f"0*x if n == 0 else 2*({_LEGENDRE.format(n='n', x='(2*x - 1)')})", z=True, over=_INNER)
row("eval_chebyt(n, x)", None, "0*x if n == 0 else n*eval_chebyu(n - 1, x)", z=True, over=_INNER)
row("eval_chebyu(n, x)", None, "0*x if n == 0 else 2*eval_gegenbauer(n - 1, 2, x)", z=True,
    over=_INNER)
row("eval_chebyc(n, x)", None, "0*x if n == 0 else n*eval_chebyu(n - 1, x/2)", z=True, over=_INNER)
row("eval_chebys(n, x)", None, "0*x if n == 0 else eval_gegenbauer(n - 1, 2, x/2)", z=True,
    over=_INNER)
row("eval_sh_chebyt(n, x)", None, "0*x if n == 0 else 2*n*eval_chebyu(n - 1, 2*x - 1)", z=True,
    over=_INNER)
row("eval_sh_chebyu(n, x)", None, "0*x if n == 0 else 4*eval_gegenbauer(n - 1, 2, 2*x - 1)",
    z=True, over=_INNER)
row("eval_gegenbauer(n, a, x)", None, MPMATH,
    "0*x if n == 0 else 2*a*eval_gegenbauer(n - 1, a + 1, x)", z=True,
    over=(COUNT, (0.5, 3), (-0.9, 0.9)))
row("_diric(x, n)", "0*x if n < 2 else -sin(x/2)*eval_gegenbauer(n - 2, 2, cos(x/2))/n", None,
    over=((-4, 4), COUNT), of=sc.diric, says="sin(n*x/2)/(n*sin(x/2)) for a count n")
row("eval_jacobi(n, a, b, x)", None, MPMATH, MPMATH,
    "0*x if n == 0 else (n + a + b + 1)/2*eval_jacobi(n - 1, a + 1, b + 1, x)", z=True,
    over=(COUNT, (0.5, 3), (0.5, 3), (-0.9, 0.9)))
row("eval_sh_jacobi(n, p, q, x)", None, None, None,
    "0*x if n == 0 else n*eval_sh_jacobi(n - 1, p + 2, q + 1, x)", z=True,
    over=(COUNT, (3, 5), (1, 2), UNIT))
row("eval_laguerre(n, x)", None, "0*x if n == 0 else -eval_genlaguerre(n - 1, 1, x)", z=True,
    over=(COUNT, POSITIVE))
row("eval_genlaguerre(n, a, x)", None, MPMATH,
    "0*x if n == 0 else -eval_genlaguerre(n - 1, a + 1, x)", z=True,
    over=(COUNT, (0.5, 3), POSITIVE))
row("eval_hermite(n, x)", None, "0*x if n == 0 else 2*n*eval_hermite(n - 1, x)",
    over=(COUNT, (-4, 4)))
row("eval_hermitenorm(n, x)", None, "0*x if n == 0 else n*eval_hermitenorm(n - 1, x)",
    over=(COUNT, (-4, 4)))
row("lpmv(m, v, x)", None, None, f"(0*x if v == 0 else {_LEGENDRE.format(n='v', x='x')}) "
    "if m == 0 else ((v + m)*(v - m + 1)*lpmv(m - 1, v, x) "
    "- lpmv(m + 1, v, x))/(2*sqrt((1 - x)*(1 + x)))", over=((1, 2), (2, 4), (-0.9, 0.9)))
# fmt: on
