"""The elementary functions once more, from mpmath: what the table is tested against."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from mpmath import mp, mpf

from dualad.rules import Rule


def _trunc(x: Any) -> Any:
    return mp.ceil(x) if x < 0 else mp.floor(x)


def _nan(*args: Any) -> bool:
    return any(mp.isnan(a) for a in args)


def _log_sum(a: Any, b: Any) -> Any:
    return mp.log(mp.exp(a) + mp.exp(b))


def _sinc_derivative(n: Any, x: Any) -> Any:
    return mp.diff(mp.sincpi, x, int(n))


# Rows that are not simply mpmath's function of the same name.
_OTHERS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": mp.power,
    "neg": lambda x: -x,
    "pos": lambda x: x,
    "abs": abs,
    "square": lambda x: x**2,
    "reciprocal": lambda x: 1 / x,
    "fma": lambda a, b, c: a * b + c,
    "ldexp": lambda a, b: a * mpf(2) ** b,
    "floordiv": lambda a, b: mp.floor(a / b),
    "mod": lambda a, b: a - b * mp.floor(a / b),
    "fmod": lambda a, b: a - b * _trunc(a / b),
    "trunc": _trunc,
    "round": lambda x, n: mp.nint(x * mpf(10) ** n) / mpf(10) ** n,
    "rint": mp.nint,
    "maximum": lambda a, b: mp.nan if _nan(a, b) else max(a, b),
    "minimum": lambda a, b: mp.nan if _nan(a, b) else min(a, b),
    "fmax": lambda a, b: b if _nan(a) else a if _nan(b) else max(a, b),
    "fmin": lambda a, b: b if _nan(a) else a if _nan(b) else min(a, b),
    "clip": lambda x, lo, hi: min(max(x, lo), hi),
    "copysign": lambda a, b: abs(a) * (1 if b >= 0 else -1),
    "heaviside": lambda x, h: mpf(0) if x < 0 else mpf(1) if x > 0 else h,
    "nan_to_num": lambda x: mpf(0) if _nan(x) else x,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "exp2": lambda x: mp.power(2, x),
    "log2": lambda x: mp.log(x, 2),
    "xlogy": lambda a, b: mpf(0) if a == 0 else a * mp.log(b),
    "logaddexp": _log_sum,
    "logaddexp2": lambda a, b: _log_sum(a * mp.ln2, b * mp.ln2) / mp.ln2,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "sinc": mp.sincpi,
    "lgamma": lambda x: mp.re(mp.loggamma(x)),
    "polygamma": lambda n, x: mp.psi(int(n), x),
    "real": mp.re,
    "imag": mp.im,
    "_exponent": lambda x: mpf(int(mp.frexp(x)[1])),
    "_step": lambda a, b: mpf(1) if a > b else mpf("0.5") if a == b else mpf(0),
    "_gap": lambda a, b: a - b,
    "_sigmoid2": lambda x: 1 / (1 + mp.power(2, -x)),
    "_coside": lambda x: 1 - x**2,
    "_bell": lambda x: 1 / (1 + x**2),
    "_along": lambda a, b: a / mp.hypot(a, b),
    "_bump": lambda x: mp.sech(x / 2) ** 2 / 4,
    "_bump2": lambda x: mp.sech(x * mp.ln2 / 2) ** 2 / 4,
    "_sinc": _sinc_derivative,
    "_sec2": lambda x: mp.sec(x) ** 2,
    "_csc2": lambda x: mp.csc(x) ** 2,
    "_sides": lambda x: mp.sqrt(x - 1) * mp.sqrt(x + 1),
    "_hypot1": lambda x: mp.sqrt(1 + x**2),
    "_gauss": lambda x: mp.exp(-(x**2)),
    "_powlog": lambda a, b: mp.power(a, b) * mp.log(a),
}


def reference(name: str) -> Callable[..., Any]:
    """The function of a row on mpmath numbers; a new row needs one here or in mpmath."""
    return _OTHERS.get(name) or getattr(mp, name)


def is_pair(rule: Rule) -> bool:
    """Whether a row gives two numbers at once, as divmod does: two other rows."""
    return isinstance(ast.parse(str(rule.value), mode="eval").body, ast.Tuple)


def partial(name: str, args: tuple[Any, ...], orders: tuple[int, ...], digits: int = 60) -> Any:
    """A partial derivative of a row, by mpmath's differences at high precision."""
    with mp.workdps(digits):
        point = [mp.convert(a) for a in args]
        varied = [i for i, order in enumerate(orders) if order]
        if not varied:
            return reference(name)(*point)

        def f(*values: Any) -> Any:
            new = list(point)
            for i, v in zip(varied, values, strict=True):
                new[i] = v
            return reference(name)(*new)

        if len(varied) == 1:
            return mp.diff(f, point[varied[0]], orders[varied[0]])
        return mp.diff(f, tuple(point[i] for i in varied), tuple(orders[i] for i in varied))
