"""Integrals of functions: of one number or several, with the tangents of functions and limits.

Leibniz' rule, in all orders: the tangents of the function are integrated as its values are, and
each end that moves adds what lies between where it was and where it is. So does each place where
the function jumps or has a kink, found by `_branches`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate as _scipy

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError
from ..array_rules.common import has_duals
from ..dual import Dual
from ..numerics import quiet
from ..pair import plain
from ._branches import PLAIN_ONLY, Branch, Switch, may_hold_duals, place_of, switches
from ._calling import take_places
from ._parts import (
    Levels,
    Plain,
    UnknownLevelError,
    from_outside,
    levels_of,
    nilpotent,
    order_of,
    pack,
    stripped,
    unpack,
    with_value,
    zero_of,
)
from ._solving import bound
from ._theorems import stepped

Function = Callable[..., Any]

# -- one number --------------------------------------------------------------------------------


@from_outside()
def quad(
    func: Function,
    a: Any,
    b: Any,
    args: Any = (),
    full_output: Any = 0,
    weight: Any = None,
    wvar: Any = None,
    complex_func: bool = False,
    **options: Any,
) -> Any:
    """scipy.integrate.quad; the integral has the tangents of func, args, wvar and the limits.

    Leibniz' rule: ∂/∂θ ∫f = ∫∂f/∂θ + f(b)·∂b/∂θ − f(a)·∂a/∂θ. Value and tangents are integrated
    one after the other, each to the tolerances (epsabs in proportion to the size of the tangent,
    if that is smaller), with nodes evaluated once. Where func decides by a comparison, a step or
    a kink whose place moves, the integral is divided there.

    Parameters
    ----------
    func : callable
        A function of a number.
    a, b : number
        Dual, or infinite and plain.
    wvar : number
        The frequency of weight="cos" and "sin" may be a dual.
    args, full_output, weight, complex_func, **options
        As SciPy's.

    Returns
    -------
    (integral, error[, infodict])
        The error is that of the value.

    Raises
    ------
    NonDifferentiableError
        If an integral of a tangent does not converge, or func jumps and nothing says how the
        place of the jump moves.
    TypeError
        If wvar has duals and the weight is another one.
    ValueError
        If an infinite limit has a tangent.

    Examples
    --------
    >>> from dualad import Dual
    >>> y, error = quad(lambda x, c: np.exp(-c * x), 0, np.inf, args=(Dual(2.0, 1.0),))
    >>> print(f"{y:.12g}")
    0.5 - 0.25ε
    """
    f = bound(func, args)
    if "points" in options:  # where nodes accumulate: the integral does not depend on them
        options = {**options, "points": stripped(options["points"])}
    if complex_func:
        return _complex(f, a, b, full_output, {"weight": weight, "wvar": wvar, **options})
    limits = as_operand([a, b])
    task = _Integral(f, plain(a), plain(b), {"weight": weight, "wvar": stripped(wvar), **options})
    result = task.plainly(full_output)
    moving = isinstance(limits, Dual) or has_duals(wvar)
    task.shown = task.levels()
    if not moving and not task.shown and not may_hold_duals(f):
        return result
    _refuse_duals_in(weight, wvar, limits)
    if has_duals(wvar):
        y = _of_frequency(f, a, b, weight, wvar, options)
    else:
        given = {"weight": weight, "wvar": wvar, **options}
        try:
            y = task.with_tangents(result[0]) + _ends(f, a, b, weight, wvar)
        except NonDifferentiableError:
            y = _stretched(f, a, b, None, given) if isinstance(limits, Dual) else None
            if y is None:
                raise
        if isinstance(limits, Dual) and not np.all(np.isfinite(_tangents(y))):
            y = _stretched(f, a, b, y, given)
    return (with_value(y, result[0]), *result[1:])


def _refuse_duals_in(weight: Any, wvar: Any, limits: Any) -> None:
    if weight not in (None, "cos", "sin") and (has_duals(wvar) or isinstance(limits, Dual)):
        raise TypeError(
            f"quad with weight={weight!r} does not take duals as wvar or limits; write the weight "
            "as a factor of the function."
        )


def _complex(f: Function, a: Any, b: Any, full_output: Any, options: dict[str, Any]) -> Any:
    """The integrals of real and imaginary part, as SciPy puts them together."""
    plainly = Plain(f)
    result = _scipy.quad(
        plainly, *stripped([a, b]), complex_func=True, full_output=full_output, **stripped(options)
    )
    if not (plainly.found or has_duals(a, b, options["wvar"])):
        return result
    real, imag = (
        quad(lambda x, part=part: getattr(as_operand(f(x)), part), a, b, **options)[0]
        for part in ("real", "imag")
    )
    return (with_value(real + 1j * imag, result[0]), *result[1:])


class _Integral:
    """One integral between plain limits; what the function gives at each node is kept."""

    def __init__(self, f: Function, low: Any, high: Any, options: dict[str, Any]) -> None:
        self.f, self.low, self.high = f, low, high
        self.options = {k: v for k, v in options.items() if v is not None}
        self.seen: dict[float, Any] = {}
        self.shown: Levels = ()  # the levels of these

    def __call__(self, x: float) -> Any:
        if x not in self.seen:
            y = self.f(x)
            self.seen[x] = as_operand(y) if isinstance(y, (np.ndarray, list)) else y
        return plain(self.seen[x])

    def plainly(self, full_output: Any) -> Any:
        """SciPy's result."""
        return _scipy.quad(
            self, self.low, self.high, full_output=full_output, **stripped(self.options)
        )

    def levels(self) -> Levels:
        """The levels that func has shown."""
        return levels_of(list(self.seen.values()), packed=True)

    def with_tangents(self, value: Any) -> Any:
        """The integral with the tangents of the function."""
        moving = self._moving_places()
        y, levels = value, self.shown
        while levels:
            try:
                y = self._integrated(levels, value, [s.place for s, _ in moving])
                break
            except UnknownLevelError:  # another branch of func
                levels = self.shown = self.levels()
        for switch, d in moving:
            self._refuse_singular(switch)
            y = y + stepped(lambda x, _, s=switch: self._jump(s, x), switch.place, 0.0, d)
        return y

    def _moving_places(self) -> list[tuple[Switch, Any]]:
        """The places where branches of the function meet, with their tangents if they have any."""
        nodes = sorted(self.seen)
        try:
            decides = getattr(self.f, "decides", None)  # of an integral within another
            if not nodes or (decides and not decides(nodes[0])):
                return []
            if not Branch.run(self.f, nodes[0]).questions:
                return []
            found = list(switches(lambda x: Branch.run(self.f, x), nodes, of_number=True))
        except PLAIN_ONLY:
            return []
        except ArithmeticError as error:
            raise self._singular() from error
        moving = []
        for switch in found:
            if switch.is_known:
                d = place_of(self.f, switch)
                if isinstance(d, Dual):
                    moving.append((switch, nilpotent(d)))
                continue
            before, after = (plain(self._at(run, switch.place)) for run in switch[1:])
            if not np.isclose(before, after, 1e-7):
                raise NonDifferentiableError(
                    f"the function that quad integrates jumps at {switch.place}, and it does not "
                    "show how that place moves; write two integrals with the place as a limit."
                )
        return moving

    def _at(self, branch: Branch, x: Any) -> Any:
        return Branch.run(self.f, x, forced=branch.questions).value

    def _jump(self, switch: Switch, x: Any) -> Any:
        try:
            y = self._at(switch.before, x) - self._at(switch.after, x)
        except ArithmeticError as error:
            raise self._singular() from error
        return _weighted(y, x, **self._weight)

    def _refuse_singular(self, switch: Switch) -> None:
        """Raise NonDifferentiableError if f is infinite next to where its branches meet."""
        x, near = switch.place, 1e-8 * (1 + abs(switch.place))
        there = abs(plain(self._jump(switch, x)))
        beside = (
            abs(plain(self._at(branch, u)))
            for branch, u in ((switch.before, x - near), (switch.after, x + near))
        )
        if not there <= 100 * max(beside):
            raise self._singular()

    @staticmethod
    def _singular() -> NonDifferentiableError:
        return NonDifferentiableError(
            "the function that quad integrates is singular where it decides between two branches, "
            "whose terms in the derivative are not finite; write two integrals with that place as "
            "a limit, and substitute so that it does not move."
        )

    @property
    def _weight(self) -> dict[str, Any]:
        return {"weight": self.options.get("weight"), "wvar": self.options.get("wvar")}

    def _integrated(self, levels: Levels, value: float, places: list[float]) -> Any:
        """The integral with its tangents, one after the other."""
        packed = {x: pack(y, levels).ravel() for x, y in self.seen.items()}
        everything = np.stack(list(packed.values()))
        sizes = np.max(np.where(np.isfinite(everything), abs(everything), 0), axis=0)
        options = {**self.options}
        if places and not options.keys() & {"weight", "points"} and self._is_finite():
            options["points"] = places
            options["limit"] = max(options.get("limit", 50), len(places) + 50)
        integrals = [value]
        for i in range(1, len(sizes)):

            def part(x: float, i: int = i) -> Any:
                if x not in packed:
                    self(x)
                    packed[x] = pack(self.seen[x], levels).ravel()
                return packed[x][i]

            share = min(1.0, sizes[i] / sizes[0]) if sizes[0] and sizes[i] else 1.0
            here = {**options, "epsabs": share * options.get("epsabs", 1.49e-8)}
            y, error, _, *message = _scipy.quad(part, self.low, self.high, full_output=1, **here)
            is_wrong = not error <= _FAILED * (abs(y) + share * abs(value))
            if message and (is_wrong or "divergent" in message[0]):
                raise NonDifferentiableError(
                    "quad has not found the integral of the derivative: "
                    f"{' '.join(str(message[0]).split())}"
                )
            integrals.append(y)
        shape = [1 + (k or (1,))[0] for _, k in levels]
        return unpack(np.reshape(integrals, shape), levels)

    def _is_finite(self) -> bool:
        return bool(np.isfinite(self.low) and np.isfinite(self.high))


_FAILED = 1e-5  # a relative error of a derivative that is no longer one of rounding


def _weighted(y: Any, x: Any, weight: Any = None, wvar: Any = None) -> Any:
    """A value of the function times the weight there."""
    return y * getattr(np, weight)(wvar * x) if weight in ("cos", "sin") else y


def _ends(f: Function, a: Any, b: Any, weight: Any, wvar: Any) -> Any:
    """Leibniz' terms of the limits."""
    y: Any = 0.0
    for limit, sign in ((b, 1), (a, -1)):
        if not isinstance(limit, Dual):
            continue
        if np.isinf(plain(limit)):
            raise ValueError("quad: an infinite limit has no derivative; give a plain inf.")
        x, d = plain(limit), nilpotent(limit)
        with quiet():  # SciPy does not ask f there
            there = _weighted(f(x), x, weight, wvar)
            if order_of(d, there) == 1:  # the first order, whatever the slope there is
                y = y + with_value(sign * plain(as_operand(there)) * d, 0.0)
            else:
                y = y + sign * stepped(lambda x, _: _weighted(f(x), x, weight, wvar), x, 0.0, d)
    return y


def _tangents(y: Any) -> Any:
    levels = levels_of(y, packed=True)
    return pack(y, levels).ravel() if levels else 0.0


def _stretched(f: Function, a: Any, b: Any, otherwise: Any, options: dict[str, Any]) -> Any:
    """The integral over a fixed interval that is stretched to where the limits are.

    At an end where the slope of f is infinite, the terms of Leibniz' rule are infinite too, and
    only what is left of them together is a number.
    """
    low, high = plain(a), plain(b)
    with quiet():
        known = all(np.isfinite(plain(as_operand(f(x)))) for x in (low, high) if np.isfinite(x))
    if not known or not np.isfinite([low, high]).all() or options.pop("weight", None):
        return otherwise
    options = {k: v for k, v in options.items() if k not in ("wvar", "points")}
    middle = (low + high) / 2
    total: Any = 0.0
    for start, end in ((a, middle), (middle, b)):
        size = end - start

        def along(u: float, start: Any = start, size: Any = size) -> Any:
            return f(start + size * u) * size

        total = total + quad(along, 0.0, 1.0, **options)[0]
    return total


def _of_frequency(
    f: Function, a: Any, b: Any, weight: Any, wvar: Any, options: dict[str, Any]
) -> Any:
    """With a frequency w + d, d nilpotent: cos (w + d)x = cos wx·cos dx − sin wx·sin dx."""
    w, d = plain(wvar), nilpotent(wvar)
    other, sign = ("sin", -1) if weight == "cos" else ("cos", 1)
    one = quad(lambda x: f(x) * np.cos(d * x), a, b, weight=weight, wvar=w, **options)[0]
    two = quad(lambda x: f(x) * np.sin(d * x), a, b, weight=other, wvar=w, **options)[0]
    return one + sign * two


# -- several numbers ---------------------------------------------------------------------------


def nquad(
    func: Function, ranges: Any, args: Any = None, opts: Any = None, full_output: bool = False
) -> Any:
    """scipy.integrate.nquad; the integral has the tangents of func, args and the limits.

    Parameters and results are SciPy's; ranges may hold duals, or functions that return them.
    Errors are those of `quad`.

    Examples
    --------
    >>> from dualad import Dual
    >>> y, error = nquad(lambda x, y: x * y, [[0, 1], [0, Dual(2.0, 1.0)]])
    >>> print(f"{y:.12g}")
    1 + 1ε
    """
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    plain_f = Plain(func)
    each = [Plain(r) if callable(r) else stripped(r) for r in ranges]
    given = opts
    if isinstance(opts, (list, tuple)):
        given = [Plain(o) if callable(o) else o for o in opts]
    result = _scipy.nquad(plain_f, each, stripped(args), given, full_output)
    found = plain_f.found or any(isinstance(r, Plain) and r.found for r in each)
    limits = [r for r in ranges if not callable(r)]
    if not found and not has_duals(limits, args) and not may_hold_duals(func, *ranges):
        return result
    options = [opts] * len(ranges) if opts is None or hasattr(opts, "keys") else list(opts)
    return (with_value(_nested(func, list(ranges), options, args), result[0]), *result[1:])


def _nested(func: Function, ranges: list[Any], options: list[Any], args: tuple[Any, ...]) -> Any:
    """Integrals in one another, the first number innermost."""
    told: list[bool] = []

    def decides(*x: Any) -> bool:
        """Whether func or the limits ask about their numbers; if not here, they do nowhere."""

        def each(*x: Any) -> Any:
            for i, limits in enumerate(ranges):
                if callable(limits):
                    limits(*x[i + 1 :], *args)
            return func(*x, *args)

        if not told:
            try:
                told.append(bool(Branch.run(each, *x).questions))
            except (*PLAIN_ONLY, ArithmeticError):
                told.append(True)
        return told[0]

    def over(depth: int, outer: tuple[Any, ...]) -> Any:
        i = depth - 1
        limits, more = ranges[i], options[i]
        low, high = limits(*outer) if callable(limits) else limits
        more = (more(*outer) if callable(more) else more) or {}

        def inside(x: Any) -> Any:
            return over(i, (x, *outer)) if i else func(x, *outer)

        def asks(x: Any) -> bool:
            if i:  # the innermost has been asked
                return not told or told[0]
            return decides(x, *outer[: len(ranges) - 1])

        inside.decides = asks  # type: ignore[attr-defined]
        return quad(inside, low, high, **more)[0]

    return over(len(ranges), args)


def dblquad(
    func: Function, a: Any, b: Any, gfun: Any, hfun: Any, args: Any = (), **tolerances: Any
) -> Any:
    """scipy.integrate.dblquad: the integral of func(y, x), y from gfun(x) to hfun(x).

    Parameters and results are SciPy's; duals may be anywhere. Errors are those of `quad`.

    Examples
    --------
    >>> from dualad import derivative
    >>> triangle = lambda a: dblquad(lambda y, x: 1.0, 0, a, 0, lambda x: a - x)[0]
    >>> round(derivative(triangle)(3.0), 9)
    3.0
    """
    inner = _limits_of(gfun, hfun)
    return nquad(func, [inner, [a, b]], args, _as_scipys(tolerances))


def tplquad(
    func: Function, a: Any, b: Any, gfun: Any, hfun: Any, qfun: Any, rfun: Any, args: Any = (),
    **tolerances: Any,
) -> Any:  # fmt: skip
    """scipy.integrate.tplquad: the integral of func(z, y, x) between qfun(x, y) and rfun(x, y).

    Parameters and results are SciPy's; duals may be anywhere. Errors are those of `quad`.

    Examples
    --------
    >>> from dualad import derivative
    >>> box = lambda a: tplquad(lambda z, y, x: x, 0, a, 0, 2, 0, lambda x, y: a)[0]
    >>> round(derivative(box)(2.0), 9)  # of a³
    12.0
    """
    innermost, inner = _limits_of(qfun, rfun, turned=True), _limits_of(gfun, hfun)
    return nquad(func, [innermost, inner, [a, b]], args, _as_scipys(tolerances))


def _limits_of(low: Any, high: Any, turned: bool = False) -> Function:
    """Two limits, each a number or a function, of the outer numbers in the order of nquad."""

    def limits(*outer: Any) -> list[Any]:
        numbers = (outer[1], outer[0]) if turned else outer[:1]
        return [f(*numbers) if callable(f) else f for f in (low, high)]

    return limits


def _as_scipys(tolerances: dict[str, Any]) -> dict[str, Any]:
    return {"epsabs": 1.49e-8, "epsrel": 1.49e-8, **tolerances}


# -- arrays ------------------------------------------------------------------------------------


def quad_vec(f: Function, a: Any, b: Any, args: Any = (), **options: Any) -> Any:
    """scipy.integrate.quad_vec: the integral of an array, with the tangents of f and the limits.

    Parameters
    ----------
    f : callable
        From a number to an array.
    a, b : number
        Dual, or infinite and plain.
    args, **options
        As SciPy's.

    Returns
    -------
    (integral, error[, info])
        As SciPy's; tangents are integrated in a second run.

    Raises
    ------
    ValueError
        If an infinite limit has a tangent.

    Examples
    --------
    >>> from dualad import Dual
    >>> y, error = quad_vec(lambda x: np.stack([x, x**2]), 0.0, Dual(2.0, 1.0))
    >>> y.tangent
    array([2., 4.])
    """
    g = bound(f, args)
    plain_f, (low, high) = Plain(g), stripped([a, b])
    result = _scipy.quad_vec(plain_f, low, high, **options)
    if not (plain_f.found or has_duals(a, b)):
        return result
    y: Any = result[0]
    if plain_f.found:
        middle = (max(low, -1e3) + min(high, 1e3)) / 2
        first = as_operand(g(middle))
        levels, shape = levels_of(first, packed=True), np.shape(first)
        while True:
            try:
                packed = functools.partial(_packed, g, levels, shape)
                whole = _scipy.quad_vec(packed, low, high, **options)
                break
            except UnknownLevelError as error:
                levels = levels_of(first, zero_of(levels), zero_of(error.levels), packed=True)
        y = unpack(whole[0], levels)
    for limit, sign in ((b, 1), (a, -1)):
        if isinstance(limit, Dual):
            if np.isinf(plain(limit)):
                raise ValueError("quad_vec: an infinite limit has no derivative; give a plain inf.")
            zero = np.zeros(np.shape(result[0]))
            d = nilpotent(limit)
            with quiet():  # SciPy does not ask f there
                y = y + sign * stepped(lambda x, _: as_operand(g(x)), plain(limit), zero, d)
    return (with_value(y, result[0]), *result[1:])


def _packed(f: Function, levels: Levels, shape: tuple[int, ...], x: float) -> Any:
    return pack(as_operand(f(x)) * np.ones(shape), levels)


def fixed_quad(func: Function, a: Any, b: Any, args: Any = (), n: int = 5) -> Any:
    """scipy.integrate.fixed_quad: an integral by Gauss and Legendre's rule of order n.

    Parameters
    ----------
    func : callable
        Of an array of points, shape (n,); its result, shape (…, n), may hold duals.
    a, b : float or dual
        The limits, finite.
    args : tuple
        More arguments of func.
    n : int
        How many points.

    Returns
    -------
    (value, None)
        As SciPy's.

    Raises
    ------
    ValueError
        If a limit is infinite.

    Examples
    --------
    >>> from dualad import Dual
    >>> round(fixed_quad(lambda x: x**2, 0.0, Dual(3.0, 1.0), n=2)[0].tangent, 12)
    9.0
    """
    f = Plain(func, *args)
    result = _scipy.fixed_quad(f, *stripped([a, b]), n=n)
    if not (f.found or has_duals(a, b)):
        return result
    points, weights = np.polynomial.legendre.leggauss(n)
    half = (b - a) / 2
    y = half * np.sum(weights * as_operand(func(half * (points + 1) + a, *args)), axis=-1)
    return with_value(y, result[0]), None


take_places(globals(), _scipy)
