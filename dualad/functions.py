"""sin, exp, … for any number: floats, complex, arrays, mpmath, and duals of them.

Each is one row of the table in `table.py`; its docstring shows the slopes. What goes in comes
out: a float for a float, an array for an array, a dual for a dual.

>>> from dualad import Dual
>>> sin(0.0), sin(Dual(0.0, 1.0))
(0.0, Dual(0.0, 1.0))
"""

from __future__ import annotations

import reprlib
import sys
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np

from .dual import function
from .looks import is_plain
from .namespaces import CONSTANTS
from .pair import Function
from .rules import Interval, Rule, Slope, register
from .sentences import counted, did_you_mean, listed
from .table import RULES


def _row(name: str) -> Function:
    made = function(RULES[name])
    made.__module__ = __name__  # where pickle looks
    return made


# arithmetic
add, sub, mul, div = _row("add"), _row("sub"), _row("mul"), _row("div")
pow, square, reciprocal = _row("pow"), _row("square"), _row("reciprocal")
neg, pos, abs = _row("neg"), _row("pos"), _row("abs")
fma, ldexp = _row("fma"), _row("ldexp")

# whole steps and kinks
floordiv, mod, fmod, divmod = _row("floordiv"), _row("mod"), _row("fmod"), _row("divmod")
modf, frexp = _row("modf"), _row("frexp")
floor, ceil, trunc, rint = _row("floor"), _row("ceil"), _row("trunc"), _row("rint")
sign, copysign, heaviside = _row("sign"), _row("copysign"), _row("heaviside")
maximum, minimum, fmax, fmin = _row("maximum"), _row("minimum"), _row("fmax"), _row("fmin")
clip, nan_to_num = _row("clip"), _row("nan_to_num")
isfinite, isinf, isnan = _row("isfinite"), _row("isinf"), _row("isnan")


def round(x: Any, n: int = 0) -> Any:
    """Round to n decimals. Its derivative is zero; the result is a plain number.

    >>> from dualad import Dual
    >>> round(Dual(2.26, 1.0), 1)
    2.3
    """
    return _row("round")(x, n)


# roots, exponentials, logarithms
sqrt, cbrt, exp, exp2, expm1 = _row("sqrt"), _row("cbrt"), _row("exp"), _row("exp2"), _row("expm1")
log, log2, log10, log1p = _row("log"), _row("log2"), _row("log10"), _row("log1p")
xlogy, logaddexp, logaddexp2 = _row("xlogy"), _row("logaddexp"), _row("logaddexp2")
sigmoid, softplus = _row("sigmoid"), _row("softplus")

# trigonometric
sin, cos, tan, sec, csc, cot = map(_row, ("sin", "cos", "tan", "sec", "csc", "cot"))
asin, acos, atan, atan2, hypot = map(_row, ("asin", "acos", "atan", "atan2", "hypot"))
degrees, radians, sinc = _row("degrees"), _row("radians"), _row("sinc")

# hyperbolic
sinh, cosh, tanh, sech = _row("sinh"), _row("cosh"), _row("tanh"), _row("sech")
asinh, acosh, atanh = _row("asinh"), _row("acosh"), _row("atanh")

# special functions
erf, erfc, gamma, lgamma = _row("erf"), _row("erfc"), _row("gamma"), _row("lgamma")
digamma, polygamma = _row("digamma"), _row("polygamma")

# complex parts
real, imag, conj = _row("real"), _row("imag"), _row("conj")

# NumPy's older names, and other common ones
arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
subtract, multiply, divide, true_divide, floor_divide = sub, mul, div, div, floordiv
power, float_power, remainder, negative, positive = pow, pow, mod, neg, pos
absolute, fabs, conjugate, around, fix = abs, abs, conj, round, trunc
rad2deg, deg2rad, expit, logistic, psi, gammaln = (
    degrees,
    radians,
    sigmoid,
    sigmoid,
    digamma,
    lgamma,
)


def define_rule(
    value: Callable[..., Any],
    slopes: Slope | Sequence[Slope],
    *,
    name: str | None = None,
    over: Interval | Sequence[Interval] = (-4.0, 4.0),
    is_complex: bool = False,
    elementwise: bool = False,
) -> Function:
    """Give a function its derivative: one call, and it takes duals of every kind.

    For functions that the package cannot see into, such as compiled code, tables and solvers.

    Parameters
    ----------
    value : callable
        The function on plain numbers. A NumPy ufunc is recognised from then on wherever it
        is called on duals.
    slopes : callable, str or None, or a sequence of these
        One partial derivative per argument, called as ``slope(*args, y)``, where y is
        ``value(*args)``; or an expression in the table's functions, with the arguments named x
        (or a, b, c, …, and x1, x2, … where there are more than eight) and the result y. Write
        callables in functions of dualad or NumPy, and derivatives of higher order work too. None:
        the argument is refused if it is dual.
    name : str, optional
        Name in the table and in messages; by default value's own.
    over : (low, high), or one per argument
        Where `check_rule` samples.
    is_complex : bool
        Whether value and slopes hold for complex numbers.
    elementwise : bool
        True if value takes single numbers only; arrays then go through it one by one.

    Returns
    -------
    callable
        The function, for numbers, arrays and duals. Kept in a variable of its name in the module
        that calls define_rule, it can be pickled.

    Raises
    ------
    TypeError
        If value, a slope or an interval is not what is asked for.
    ValueError
        If the name is taken or is not one, or a slope's text is not an expression in names that
        are known.

    Examples
    --------
    >>> import math
    >>> from dualad import Dual
    >>> versine = define_rule(lambda x: 1 - math.cos(x), lambda x, y: sin(x), name="versine")
    >>> versine(Dual(math.pi / 2, 1.0))
    Dual(0.9999999999999999, 1.0)
    """
    if not callable(value):
        raise TypeError(
            f"define_rule needs a function, got {type(value).__name__}; "
            "write define_rule(f, slope)."
        )
    given: Any = (slopes,) if _is_slope(slopes) else slopes
    if not (isinstance(given, (list, tuple)) and given and all(map(_is_slope, given))):
        raise TypeError(
            "define_rule needs a slope, which is a callable, a text or None, or a list with one "
            f"per argument; got {reprlib.repr(slopes)}."
        )
    intervals = _intervals(over, len(given))
    name = str(getattr(value, "__name__", "")) if name is None else name
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"{name!r} is not a name for a function; give one with name=.")
    plain_value = np.vectorize(value) if elementwise else value

    def evaluate(*args: Any) -> Any:
        arrays = any(is_plain(a, np.ndarray) for a in args)
        return plain_value(*args) if arrays else value(*args)

    args = _argument_names(len(given))
    for slope in given:
        if isinstance(slope, str):
            _check_slope(slope, [*args, "y"])
    head = f"{name}({', '.join(args)})"
    rule = Rule(head, *given, z=is_complex, over=intervals, value=evaluate)
    made = function(rule)
    register(rule)  # last, so that an error leaves the name free
    made.__module__ = sys._getframe(1).f_globals.get("__name__", "__main__")  # where pickle looks
    return made


def _argument_names(n: int) -> list[str]:
    """x, or a, b, c, …; x1, x2, … where there are more than letters before i."""
    if n == 1:
        return ["x"]
    return list("abcdefgh"[:n]) if n <= 8 else [f"x{i}" for i in range(1, n + 1)]


def _is_slope(x: Any) -> bool:
    return x is None or isinstance(x, str) or callable(x)


def _intervals(over: Any, n: int) -> list[tuple[float, float]]:
    """(low, high) for each of n arguments."""

    def is_interval(given: Any) -> bool:
        is_pair = isinstance(given, (list, tuple, np.ndarray)) and len(given) == 2
        return is_pair and all(isinstance(x, Real) for x in given) and bool(given[0] < given[1])

    each = [over] * n if is_interval(over) else over
    if not (isinstance(each, (list, tuple)) and len(each) == n and all(map(is_interval, each))):
        raise TypeError(
            f"define_rule: over is (low, high) with low < high, or a list of "
            f"{counted(n, 'such pair')}, one per slope; got {reprlib.repr(over)}."
        )
    return [(float(low), float(high)) for low, high in each]


def _check_slope(text: str, args: Sequence[str]) -> None:
    """Refuse a text that would fail when the slope is called."""
    import ast
    import builtins

    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError) as error:
        raise ValueError(
            f"define_rule: the slope {text!r} is not an expression ({error.args[0]}); write one in "
            f"{listed(args)} and the table's functions, such as 'cos(x)'."
        ) from None
    known = [*args, *RULES, *CONSTANTS]
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in known and not hasattr(builtins, node.id):
            hint = did_you_mean(node.id, known, f"a slope is written in {listed(args)}.")
            raise ValueError(f"define_rule: the slope {text!r} has an unknown {node.id}; {hint}")
