"""Truncated Taylor series over mpmath numbers, each with a bound for what floats make of it.

The recurrences are those of Griewank & Walther, Evaluating Derivatives, 2nd ed., table 13.2, and
share nothing with the package's rules. Coefficients are balls: a number of many digits, and how
far a calculation in float64 may be from it, by running error analysis (each operation adds its
own rounding to what its operands bring along). The bound so measures the condition of a program.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath import mp, mpf

ORDER = 3
DIGITS = 50

U = mpf(2) ** -53  # rounding of one operation
TINY = mpf(2) ** -1070  # and of one that ends among the subnormal numbers
HUGE = mpf(10) ** 290  # beyond, floats overflow somewhere on the way
INF = mpf("inf")


class Undecided(Exception):
    """A comparison that rounding decides, a value outside a domain, or one that overflows."""


class Ball:
    """A number and a bound for the error of its float."""

    __slots__ = ("mid", "rad")
    extent = 0  # the largest exponent of 2 that was met, with either sign

    def __init__(self, mid: Any, rad: Any = 0) -> None:
        self.mid, self.rad = mpf(mid), mpf(rad)
        if not abs(self.mid) + self.rad < HUGE:  # nan too
            self.mid, self.rad = mpf(0), INF
        if self.mid:
            Ball.extent = max(Ball.extent, abs(mp.mag(self.mid)))

    def __repr__(self) -> str:
        return f"{mp.nstr(self.mid, 17)} ± {mp.nstr(self.rad, 2)}"

    @property
    def is_zero(self) -> bool:
        return bool(self.mid == 0 and self.rad == 0)

    @property
    def is_exact(self) -> bool:
        return bool(self.rad == 0)


def rounded(mid: Any, rad: Any) -> Ball:
    """The result of an operation: exact operands and a result that is a float stay exact."""
    if rad == 0 and mp.isfinite(mid) and abs(mid) < HUGE and mid == float(mid):
        return Ball(mid)
    return Ball(mid, rad + U * abs(mid) + TINY)


def libm(mid: Any, rad: Any) -> Ball:
    """The value of an elementary function: within 4 ulp, and exact only where nothing is done."""
    return Ball(mid, rad + (0 if mid in (0, 1) and rad == 0 else 4 * U * abs(mid) + TINY))


def plus(a: Ball, b: Ball) -> Ball:
    return rounded(a.mid + b.mid, a.rad + b.rad)


def times(a: Ball, b: Ball) -> Ball:
    if a.is_zero or b.is_zero:
        return Ball(0, 0 if a.rad < INF and b.rad < INF else INF)
    return rounded(a.mid * b.mid, abs(a.mid) * b.rad + abs(b.mid) * a.rad + a.rad * b.rad)


def over(a: Ball, b: Ball) -> Ball:
    if b.rad * 8 >= abs(b.mid):
        return Ball(0, INF)
    if a.is_zero:
        return a
    q = a.mid / b.mid
    return rounded(q, (a.rad + abs(q) * b.rad) / (abs(b.mid) - b.rad))


class Series:
    """y(t) = Σ cₖ·tᵏ up to `ORDER`."""

    __slots__ = ("c",)

    def __init__(self, c: list[Ball]) -> None:
        self.c = c
        if c[0].rad == INF:
            raise Undecided("the value overflows, or is next to a singularity")

    def __repr__(self) -> str:
        return f"Series({self.c})"

    # arithmetic

    def __add__(self, other: Any) -> Series:
        return Series([plus(a, b) for a, b in zip(self.c, series(other).c)])

    def __neg__(self) -> Series:
        return Series([Ball(-a.mid, a.rad) for a in self.c])

    def __sub__(self, other: Any) -> Series:
        return self + -series(other)

    def __mul__(self, other: Any) -> Series:
        b = series(other).c
        rest = [dot(self.c[: k + 1], b[k::-1]) for k in range(1, len(self.c))]
        return Series([times(self.c[0], b[0]), *rest])

    def __truediv__(self, other: Any) -> Series:
        b, y = series(other).c, []
        if b[0].is_zero:
            raise Undecided("division by zero")
        for k, a in enumerate(self.c):
            rest = dot(y, b[k:0:-1]) if k else Ball(0)
            y.append(over(plus(a, Ball(-rest.mid, rest.rad)), b[0]))
        return Series(y)

    def __radd__(self, other: Any) -> Series:
        return series(other) + self

    def __rsub__(self, other: Any) -> Series:
        return series(other) - self

    def __rmul__(self, other: Any) -> Series:
        return series(other) * self

    def __rtruediv__(self, other: Any) -> Series:
        return series(other) / self

    # comparisons look at values; those that rounding would decide are not decided

    def compared(self, other: Any) -> int:
        a, b = self.c[0], series(other).c[0]
        if a.is_exact and b.is_exact:
            return int(mp.sign(a.mid - b.mid))
        if abs(a.mid - b.mid) <= 16 * (a.rad + b.rad):
            raise Undecided("a comparison of numbers that are equal to rounding")
        return int(mp.sign(a.mid - b.mid))

    def __lt__(self, other: Any) -> bool:
        return self.compared(other) < 0


def series(x: Any) -> Series:
    return x if isinstance(x, Series) else Series([Ball(x)] + [Ball(0)] * ORDER)


def dot(a: list[Ball], b: list[Ball]) -> Ball:
    """Σ a·b. The order of the terms is not ours to say, so their rounding counts in full."""
    total, size = Ball(0), mpf(0)
    for x, y in zip(a, b, strict=True):
        total = plus(total, times(x, y))
        size += abs(x.mid * y.mid)
    return Ball(total.mid, total.rad + 4 * U * size)


def scaled(a: Ball, k: Any) -> Ball:
    return times(a, Ball(k))


# -- elementary functions ------------------------------------------------------------------------


def integrated(f: Callable[..., Any], slope: Series, u: Series) -> Series:
    """y = f(u) where y′ = slope·u′: k·yₖ = Σ j·uⱼ·slopeₖ₋ⱼ."""
    s, x = slope.c, u.c
    value = f(x[0].mid)
    if not mp.isfinite(value) or isinstance(value, mp.mpc):
        raise Undecided("outside the domain")
    y = [libm(value, (abs(s[0].mid) + s[0].rad) * x[0].rad * 2)]
    for k in range(1, len(x)):
        terms = [scaled(x[j], mpf(j) / k) for j in range(1, k + 1)]
        total = dot(terms, s[k - 1 :: -1] if k > 1 else s[:1])
        y.append(Ball(total.mid, total.rad + 4 * U * abs(total.mid)))
    return Series(y)


def exp(u: Series) -> Series:
    x = u.c
    if x[0].rad > mpf("0.1") or abs(x[0].mid) > 700:
        raise Undecided("overflow")
    value = mp.exp(x[0].mid)
    y = [libm(value, value * x[0].rad * 2)]
    for k in range(1, len(x)):
        y.append(dot([scaled(x[j], mpf(j) / k) for j in range(1, k + 1)], y[k - 1 :: -1]))
    return Series(y)


def power(u: Series, r: Any) -> Series:
    """u**r for a constant r: k·u₀·yₖ = Σ (r·j − (k − j))·uⱼ·yₖ₋ⱼ."""
    x, r = u.c, mpf(r)
    if r == int(r) and 0 <= r <= 4:
        y = Series([Ball(1), *(scaled(a, 0) for a in x[1:])])  # infinite slopes stay so
        for _ in range(int(r)):
            y = y * u
        return y
    if all(a.is_zero for a in x) and r > 0:
        return u  # a zero tangent is stronger than an infinite slope
    if x[0].rad * 16 >= abs(x[0].mid) or (x[0].mid < 0 and r != int(r)):
        raise Undecided("next to a singularity, or outside the domain")
    value = mp.power(x[0].mid, r)
    y = [libm(value, abs(value * r / x[0].mid) * x[0].rad * 2)]
    for k in range(1, len(x)):
        terms = [scaled(x[j], (r * j - (k - j)) / k) for j in range(1, k + 1)]
        y.append(over(dot(terms, y[k - 1 :: -1]), x[0]))
    return Series(y)


def sin_cos(u: Series, hyperbolic: bool = False) -> tuple[Series, Series]:
    """Both at once: each is the other's slope."""
    x = u.c
    f, g = (mp.sinh, mp.cosh) if hyperbolic else (mp.sin, mp.cos)
    if hyperbolic and abs(x[0].mid) > 650:
        raise Undecided("overflow")
    if x[0].rad > mpf("0.1"):
        raise Undecided("no digit left")
    grows = (abs(mp.sinh(x[0].mid)) + 1) * 2 if hyperbolic else mpf(1)
    s = [libm(f(x[0].mid), (abs(g(x[0].mid)) + x[0].rad * grows) * x[0].rad * 2)]
    c = [libm(g(x[0].mid), (abs(f(x[0].mid)) + x[0].rad * grows) * x[0].rad * 2)]
    for k in range(1, len(x)):
        terms = [scaled(x[j], mpf(j) / k) for j in range(1, k + 1)]
        new_s, new_c = dot(terms, c[k - 1 :: -1]), dot(terms, s[k - 1 :: -1])
        s.append(new_s)
        c.append(new_c if hyperbolic else Ball(-new_c.mid, new_c.rad))
    return Series(s), Series(c)


def inside(u: Series, low: Any, high: Any) -> Series:
    if not (u.c[0].mid - 16 * u.c[0].rad > low and u.c[0].mid + 16 * u.c[0].rad < high):
        raise Undecided("outside the domain")
    return u


def absolute(u: Series) -> Series:
    sign = u.compared(0)
    return u if sign > 0 else -u if sign < 0 else series(0)  # at a kink the mean


def choice(a: Series, b: Series, sign: int) -> Series:
    """The larger or the smaller; of a tie the mean."""
    order = a.compared(b) * sign
    return a if order > 0 else b if order < 0 else mean([a, b])


def mean(parts: list[Series]) -> Series:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total / len(parts)


def extreme(parts: list[Series], sign: int) -> Series:
    top = [parts[0]]
    for part in parts[1:]:
        order = part.compared(top[0]) * sign
        top = [part] if order > 0 else [*top, part] if order == 0 else top
    return Series([top[0].c[0], *mean(top).c[1:]])


def norm(parts: list[Series]) -> Series:
    total = series(0)
    for part in parts:
        total = total + part * part
    if total.c[0].is_zero:
        return series(0)  # the mean at a kink
    return power(total, mpf("0.5"))


def _sigmoid(u: Series) -> Series:
    e = exp(-absolute_value(u))
    return 1 / (1 + e) if u.c[0].mid >= 0 else e / (1 + e)


def absolute_value(u: Series) -> Series:
    return u if u.c[0].mid >= 0 else -u


def _square(u: Series) -> Series:
    return u * u


FUNCTIONS: dict[str, Callable[[Series], Series]] = {
    "exp": exp,
    "expm1": lambda u: integrated(mp.expm1, exp(u), u),
    "exp2": lambda u: exp(u * mp.ln2),
    "log": lambda u: integrated(mp.log, 1 / inside(u, 0, INF), u),
    "log2": lambda u: integrated(lambda x: mp.log(x, 2), 1 / (inside(u, 0, INF) * mp.ln2), u),
    "log10": lambda u: integrated(mp.log10, 1 / (inside(u, 0, INF) * mp.ln10), u),
    "log1p": lambda u: integrated(mp.log1p, 1 / (1 + inside(u, -1, INF)), u),
    "sqrt": lambda u: power(u, mpf("0.5")),
    "cbrt": lambda u: power(u, mpf(1) / 3) if u.compared(0) >= 0 else -power(-u, mpf(1) / 3),
    "square": _square,
    "reciprocal": lambda u: 1 / u,
    "sin": lambda u: sin_cos(u)[0],
    "cos": lambda u: sin_cos(u)[1],
    "tan": lambda u: integrated(mp.tan, 1 / _square(sin_cos(u)[1]), u),
    "sinh": lambda u: sin_cos(u, True)[0],
    "cosh": lambda u: sin_cos(u, True)[1],
    "tanh": lambda u: integrated(mp.tanh, 1 / _square(sin_cos(inside(u, -300, 300), True)[1]), u),
    "asin": lambda u: integrated(mp.asin, 1 / power((1 - inside(u, -1, 1)) * (1 + u), 0.5), u),
    "acos": lambda u: integrated(mp.acos, -1 / power((1 - inside(u, -1, 1)) * (1 + u), 0.5), u),
    "atan": lambda u: integrated(mp.atan, 1 / (1 + u * u), u),
    "asinh": lambda u: integrated(mp.asinh, 1 / power(1 + u * u, 0.5), u),
    "acosh": lambda u: integrated(mp.acosh, 1 / power((inside(u, 1, INF) - 1) * (u + 1), 0.5), u),
    "atanh": lambda u: integrated(mp.atanh, 1 / ((1 - inside(u, -1, 1)) * (1 + u)), u),
    "erf": lambda u: integrated(mp.erf, exp(-(u * u)) * (2 / mp.sqrt(mp.pi)), u),
    "erfc": lambda u: integrated(mp.erfc, exp(-(u * u)) * (-2 / mp.sqrt(mp.pi)), u),
    "sigmoid": lambda u: integrated(lambda x: 1 / (1 + mp.exp(-x)), _sigmoid(u) * _sigmoid(-u), u),
    "softplus": lambda u: integrated(lambda x: mp.log1p(mp.exp(x)), _sigmoid(u), u),
    "abs": absolute,
    "neg": lambda u: -u,
    "floor": lambda u: _step(u, mp.floor),
    "sign": lambda u: series(u.compared(0)),
}


def _step(u: Series, f: Callable[..., Any]) -> Series:
    value = f(u.c[0].mid)
    near = u.c[0].rad * 16 >= abs(u.c[0].mid - mp.nint(u.c[0].mid))
    if near and not u.c[0].is_exact:
        raise Undecided("a step")
    return series(value)


def atan2(a: Series, b: Series) -> Series:
    h2 = a * a + b * b
    if abs(h2.c[0].mid) <= 16 * h2.c[0].rad or h2.c[0].is_zero:
        raise Undecided("no angle at 0")
    value = mp.atan2(a.c[0].mid, b.c[0].mid)
    slopes = ((b.c[0].mid, a), (a.c[0].mid, b))
    error = sum(abs(s / h2.c[0].mid) * x.c[0].rad * 2 for s, x in slopes)
    if abs(a.c[0].mid) <= 16 * a.c[0].rad or a.c[0].is_zero:
        raise Undecided("next to the branch cut")
    quotient = [libm(value, error)]
    for k in range(1, ORDER + 1):  # y′·(a² + b²) = b·a′ − a·b′
        terms = Ball(0)
        for j in range(1, k + 1):
            terms = plus(terms, scaled(times(b.c[k - j], a.c[j]), j))
            product = scaled(times(a.c[k - j], b.c[j]), -j)
            terms = plus(terms, product)
            if j < k:
                terms = plus(terms, scaled(times(quotient[j], h2.c[k - j]), -j))
        quotient.append(over(terms, scaled(h2.c[0], k)))
    return Series(quotient)


def general_power(a: Series, b: Any) -> Series:
    if not isinstance(b, Series):
        return power(a, b)
    if all(x.is_zero for x in b.c[1:]) and b.c[0].is_exact:
        return power(a, b.c[0].mid)
    return exp(b * FUNCTIONS["log"](a))


def _log_sum(a: Series, b: Series) -> Series:
    big, small = (a, b) if a.c[0].mid >= b.c[0].mid else (b, a)
    return big + FUNCTIONS["softplus"](small - big)


BINARY: dict[str, Callable[[Series, Series], Series]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": general_power,
    "maximum": lambda a, b: choice(a, b, 1),
    "minimum": lambda a, b: choice(a, b, -1),
    "hypot": lambda a, b: norm([a, b]),
    "atan2": atan2,
    "logaddexp": _log_sum,
}
