"""Functions of single numbers that a number system lacks, and NumPy's warnings silenced.

What `namespaces.py` fills its gaps with: fma, ψ⁽ⁿ⁾, sinc and its derivatives, steps.
"""

from __future__ import annotations

import math
from _thread import _local as ThreadLocal  # threading would take its time to load
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

import numpy as np

# -- warnings ------------------------------------------------------------------------------

# What NumPy does where numbers overflow, or have no value, is a setting of the thread: np.errstate.
# The plain run has the user's. Derivatives are calculated in a state of our own, for the user's may
# raise an error that the user's code catches. These are as np.errstate, at a fifth of its price.


def _flag_met(_what: str, _flag: int) -> None:
    """A flag has come up in a call that is watched: is it one of the plain run?

    The plain run says so itself, by warnings and errors as in the user's state.
    """
    call = _CALL.get()
    if call is None or not call.is_open:
        return
    call.is_open = False
    token = _set_state(call.state)
    try:
        call.again(*call.arguments)
    except (ArithmeticError, Warning):
        raise
    except Exception:
        if np.geterrcall() is not None:  # the user's own, whose error it may be
            raise
        return  # it is not of the numbers: the call itself says what is wrong
    finally:
        resume_warnings(token)


class Underflow(ThreadLocal):
    """Whether a number may have become too small for a float, in a sweep of this thread."""

    met = False


underflow = Underflow()


def _note_underflow(_what: str, _flag: int) -> None:
    underflow.met = True


try:
    from numpy._core.umath import _extobj_contextvar, _make_extobj

    _state_now: Callable[[], Any] = partial(_extobj_contextvar.get, None)
    _set_state: Callable[[Any], Any] = _extobj_contextvar.set
    resume_warnings: Callable[[Any], None] = _extobj_contextvar.reset
    _QUIET: Any = _make_extobj(all="ignore")
    _WATCHING: Any = _make_extobj(all="call", call=_flag_met)
    _WATCHING_MOST = _make_extobj(all="call", under="ignore", call=_flag_met)
    _AT_FIRST = _make_extobj(all="warn", under="ignore", call=None)  # where nothing is set
    _NOTING: Any = _make_extobj(all="ignore", under="call", call=_note_underflow)

except ImportError:
    _QUIET = (dict.fromkeys(("divide", "over", "under", "invalid"), "ignore"), None)
    _WATCHING = (dict.fromkeys(_QUIET[0], "call"), _flag_met)
    _WATCHING_MOST = _AT_FIRST = _WATCHING
    _NOTING = (_QUIET[0] | {"under": "call"}, _note_underflow)

    def _state_now() -> Any:
        return np.geterr(), np.geterrcall()

    def _set_state(state: Any) -> Any:
        before = _state_now()
        np.seterr(**state[0])
        np.seterrcall(state[1])
        return before

    resume_warnings = _set_state


stop_warnings: Callable[[], Any] = partial(_set_state, _QUIET)
note_underflow: Callable[[], Any] = partial(_set_state, _NOTING)  # NumPy does not warn there, too


class quiet:
    """A context in which NumPy does not warn: slopes may be infinite, and 0·∞ is looked after.

    >>> with quiet():
    ...     print(np.float64(1) / 0)
    inf
    """

    __slots__ = ("token",)

    def __enter__(self) -> None:
        self.token = stop_warnings()

    def __exit__(self, *error: object) -> None:
        resume_warnings(self.token)


class noting_underflow(quiet):
    """The same for a sweep, which is told of underflow by `underflow.met`."""

    __slots__ = ("before",)

    def __enter__(self) -> None:
        self.before, underflow.met = underflow.met, False
        self.token = note_underflow()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        underflow.met = self.before


def is_quiet() -> bool:
    """Whether this is done in a `quiet` context."""
    return bool(_state_now() == _QUIET)


class _Call:
    """A call that is watched: the user's state, and what runs it plainly."""

    __slots__ = ("state", "again", "arguments", "is_open", "depth")

    def __init__(self, state: Any, again: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.state, self.again, self.arguments = state, again, arguments
        self.is_open = True  # until a flag comes up
        self.depth = 0  # of such calls in its rule, which are none of the plain run's


_CALL: ContextVar[_Call | None] = ContextVar("_CALL", default=None)


def watched(again: Callable[..., Any], func: Any, f: Any, args: Any, kwargs: Any) -> Any:
    """f(*args, **kwargs), which issues the warnings and raises the errors of the plain run.

    f calculates values and derivatives, and not always by the steps of the plain run. So where a
    flag of floating-point numbers comes up, again(func, args, kwargs), which is the plain run,
    tells whether the user is to hear of it.

    >>> def plainly(func, args, kwargs):
    ...     return func(args[0])
    >>> def with_slope(x):
    ...     return np.sqrt(x), 1 / np.sqrt(x)
    >>> with np.errstate(all="raise"):
    ...     watched(plainly, np.sqrt, with_slope, (np.float64(0),), {})
    (np.float64(0.0), np.float64(inf))
    """
    state = _state_now()
    if state in (_QUIET, _NOTING, _WATCHING, _WATCHING_MOST):
        outer = _CALL.get()
        if outer is None:
            return f(*args, **kwargs)
        outer.depth += 1
        try:
            return f(*args, **kwargs)
        finally:
            outer.depth -= 1
    is_at_first = state is None
    state = _AT_FIRST if is_at_first else state
    call = _CALL.set(_Call(state, again, (func, args, kwargs)))
    token = _set_state(_WATCHING_MOST if is_at_first else _WATCHING)
    try:
        return f(*args, **kwargs)
    finally:
        resume_warnings(token)
        _CALL.reset(call)


class plainly:
    """A context inside a call that is watched, in which the plain run itself is made."""

    __slots__ = ("token",)

    def __enter__(self) -> None:
        state, call = _state_now(), _CALL.get()
        is_watched = state in (_WATCHING, _WATCHING_MOST)
        is_outermost = call is not None and call.depth == 0
        self.token = _set_state(call.state) if call and is_watched and is_outermost else None

    def __exit__(self, *error: object) -> None:
        if self.token is not None:
            resume_warnings(self.token)


# -- functions -----------------------------------------------------------------------------


def fma(a: float, b: float, c: float) -> float:
    """Round a·b + c once. (`math.fma` came with Python 3.13.)"""
    from fractions import Fraction

    a, b, c = float(a), float(b), float(c)
    if math.isfinite(a * b + c) and a * b + c != 0.0:
        return float(Fraction(a) * Fraction(b) + Fraction(c))
    return a * b + c


def scipy_special(name: str) -> Any:
    """The ufunc of scipy.special, or None where SciPy is not installed."""
    try:
        import scipy.special
    except ImportError:
        return None
    return getattr(scipy.special, name)


# ψ(x)/(x − _ROOT) on [1, 2] as a polynomial in x − 1.5, lowest power first: interpolated at 24
# Chebyshev points with 36 digits. The root is the sum of the two numbers.
_ROOT, _ROOT_REST = 1.4616321449683622, 9.549995429965697e-17
_ON_1_TO_2 = (
    *(0.9510558760318328, -0.42362742128146047, 0.24054248424078736),
    *(-0.14840492305391761, 0.09498872445283, -0.06192213327165706),
    *(0.04076083394462657, -0.02697579684427536, 0.017907248195969127),
    *(-0.011908215172584002, 0.007927024067961237, -0.00528001782089874),
    *(0.0035180800751066694, -0.002344650082351321, 0.0015635679757533885),
    *(-0.001042261556504223, 0.0006899717801166841, -0.0004599625144612576),
    *(0.0003268068044141764, -0.0002178682145501451, 9.173383289174792e-05),
    *(-6.11554261750751e-05, 0.00012230983055406747, -8.153978973309418e-05),
)
# B₂ₖ, k = 1 … 9
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798)


# These two are in _kernel.h once more, step by step, so that both give the same bits.


def digamma(x: float) -> float:
    """ψ(x) for x > 0, within 3 ulp, and relatively so also near its root.

    >>> digamma(1.0)
    -0.5772156649015329
    """
    if x >= 10.0:
        z, s = 1.0 / (x * x), 0.0
        for k in range(8, 0, -1):
            s = s * z - _BERNOULLI[k - 1] / (2 * k)
        return math.log(x) - 0.5 / x + s * z
    s = 0.0
    while x >= 2.0:
        x -= 1.0
        s += 1.0 / x
    if x < 1.0:
        s = -1.0 / x
        x += 1.0
    t, y = x - 1.5, 0.0
    for c in reversed(_ON_1_TO_2):
        y = y * t + c
    return s + ((x - _ROOT) - _ROOT_REST) * y


def _positive_polygamma(n: int, x: float) -> float:
    """ψ⁽ⁿ⁾(x) for 1 ≤ n ≤ 20 and 1e-10 < x < 1e10: a sum of terms of one sign."""
    s = tail = 0.0
    while x < 10.0 + n:
        p = x
        for _ in range(n):
            p *= x
        s += 1.0 / p
        x += 1.0
    z = 1.0 / (x * x)
    for k in range(9, 0, -1):
        tail = tail * z + _BERNOULLI[k - 1] * math.comb(2 * k + n - 1, n) / (2 * k)
    p = 1.0
    for _ in range(n):
        p *= x
    s += (1.0 / n + 0.5 / x + tail * z) / p
    return math.factorial(n) * (s if n % 2 else -s)


def polygamma(n: int, x: float) -> float:
    """ψ⁽ⁿ⁾(x) to a few ulp; where doubles do not get there, by mpmath with guard bits."""
    if n == 0 and x > 0:
        return digamma(x)
    if 1 <= n <= 20 and n == int(n) and 1e-10 < x < 1e10:
        return _positive_polygamma(int(n), x)
    from mpmath import mp

    with mp.workprec(90):
        try:
            return float(psi(mp, int(n), mp.mpf(x)).real)
        except (ValueError, ZeroDivisionError):  # a pole
            return math.nan


def psi(ctx: Any, n: int, x: Any) -> Any:
    """mpmath's ψ⁽ⁿ⁾(x), and far to the left by reflection, where mpmath would take for ever.

    (−1)ⁿ·ψ⁽ⁿ⁾(1 − x) − ψ⁽ⁿ⁾(x) = π·dⁿ/dxⁿ cot πx, a polynomial in c = cot πx: dc/dx = −π(1 + c²).
    """
    if ctx.re(x) > -100:
        return ctx.psi(n, x)
    polynomial = [ctx.zero, ctx.one]  # coefficients of 1, c, c², …
    for _ in range(n):
        slope = [k * p for k, p in enumerate(polynomial)][1:]
        polynomial = [
            -ctx.pi * ((slope[k] if k < len(slope) else 0) + (slope[k - 2] if k >= 2 else 0))
            for k in range(len(slope) + 2)
        ]
    cot = ctx.cospi(x) / ctx.sinpi(x)
    return (-1) ** n * ctx.psi(n, 1 - x) - ctx.pi * sum(
        p * cot**k for k, p in enumerate(polynomial)
    )


def sinc_derivative(n: int, x: Any) -> Any:
    """n-th derivative of sin(πx)/(πx), for floats, complex numbers and arrays of them.

    With u = πx and S₀ = sin(u)/u, differentiating u·S₀ = sin u n times gives
    u·Sₙ + n·Sₙ₋₁ = sin⁽ⁿ⁾(u), a recurrence that is stable while n is small against |u|.
    Nearer to 0 the power series Σ (−1)ᵏ u²ᵏ⁻ⁿ/((2k + 1)·(2k − n)!), 2k ≥ n, takes over.
    """
    x = np.asarray(x)
    number: Any = float
    pi: Any = math.pi
    if x.dtype.char in "gG":  # longdoubles: strings keep all digits of integers
        pi, number = np.arccos(np.longdouble(-1)), lambda i: np.longdouble(str(i))
    near = np.abs(x) < (n + 2) / math.pi
    u = pi * np.where(near, x, 0)
    terms = range((n + 1) // 2, 2 * n + 14)
    coefficients = [(-1) ** k / number((2 * k + 1) * math.factorial(2 * k - n)) for k in terms]
    series: Any = 0.0
    for c in reversed(coefficients):
        series = series * u * u + c
    series = series * u if n % 2 else series
    u = pi * np.where(near, 1, x)
    turns = np.where(near, 1, x - 2 * np.rint(x.real / 2))  # sin πx for large x too
    sin, cos = np.sin(pi * turns), np.cos(pi * turns)
    far = sin / u
    for k in range(1, n + 1):
        far = ((cos, -sin, -cos, sin)[(k - 1) % 4] - k * far) / u
    return (pi**n * np.where(near, series, far)).astype(np.result_type(x, np.float32))[()]


def sign(x: float) -> float:
    return 0.0 * x if x == 0 or x != x else math.copysign(1.0, x)


def heaviside(x: float, h: float) -> float:
    return x if x != x else 0.0 if x < 0 else 1.0 if x > 0 else float(h)


def nan_to_num(x: float) -> float:
    return float(np.nan_to_num(x))
