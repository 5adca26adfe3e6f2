"""Plots that carry a lesson: the derivatives of a function, and why differences are not enough.

Matplotlib draws them; it comes with the extra "notebooks".
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..decompression import Split, as_pattern, coloured
from ..drivers import as_count, derivative, taylor
from ..wrappers import refuse_unless_callable
from .style import BLACK, COLOURS, DASHES, GREY, lesson_style


def _refuse_unless_interval(caller: str, a: float, b: float) -> None:
    if not (math.isfinite(a) and math.isfinite(b) and a < b):
        raise ValueError(f"{caller} needs an interval a < b, got {a!r} and {b!r}.")


def _axes(ax: Any, size: tuple[float, float]) -> Any:
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError('plots need matplotlib; write pip install "dualad[notebooks]".') from None
    with plt.rc_context(lesson_style()):
        return plt.subplots(figsize=size)[1]


def _look(k: int) -> dict[str, Any]:
    return {"color": COLOURS[k % len(COLOURS)], "linestyle": DASHES[k % len(DASHES)]}


# -- curves with gaps where there is no function -------------------------------------------------


def _number(y: Any) -> float:
    """What a function returned, as a float."""
    try:
        return float(y)
    except TypeError:
        raise TypeError(
            f"plots are of functions that return one number, and this one returned "
            f"{type(y).__name__}; write lambda x: f(x)[0] for the first of several."
        ) from None


def _value(f: Callable[..., Any], x: float) -> float:
    """f at x as a float, nan where f is not defined or not real and finite."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of a domain that ends
            found = f(x)
            y = math.nan if np.iscomplexobj(found) else _number(found)
    except (ArithmeticError, ValueError):
        return math.nan
    return y if math.isfinite(y) else math.nan


def _is_broken(f: Callable[..., Any], a: float, b: float, fa: float, fb: float) -> bool:
    """Whether f jumps or has a pole between a and b: bisection does not make the step smaller."""
    step = abs(fb - fa)
    for _ in range(40):
        m = (a + b) / 2
        fm = _value(f, m)
        if math.isnan(fm):
            return True
        if abs(fm - fa) >= abs(fb - fm):
            b, fb = m, fm
        else:
            a, fa = m, fm
        if abs(fb - fa) < step / 16:
            return False
    return True


def curve(f: Callable[..., Any], x: Any) -> tuple[Any, Any]:
    """A curve of f that ends where f does, and is not drawn across jumps and poles.

    Parameters
    ----------
    f : callable
        A function of a number.
    x : array of shape (n,)
        Where to calculate.

    Returns
    -------
    (x, y) : arrays of shape (m,), m >= n
        With nan where f is not defined (or raises an ArithmeticError or a ValueError), and one
        more point, nan, in each interval in which f jumps.

    Examples
    --------
    >>> curve(lambda x: 1 / x, np.array([-1.0, -0.4, 0.5, 1.0]))[1].tolist()
    [-1.0, -2.5, nan, 2.0, 1.0]
    """
    y = np.array([_value(f, t) for t in x.tolist()])
    step = np.abs(np.diff(y))
    around = np.concatenate([[0.0], np.nan_to_num(step), [0.0]])
    steepest = (step > 0) & (step >= around[:-2]) & (step >= around[2:])
    places = [
        k + 1
        for k in np.flatnonzero(steepest)
        if step[k] > 2 * np.nanmedian(step) and _is_broken(f, x[k], x[k + 1], y[k], y[k + 1])
    ]
    middles = [(x[k - 1] + x[k]) / 2 for k in places]
    return np.insert(x, places, middles), np.insert(y, places, math.nan)


def _limit(ax: Any, curves: Sequence[Any]) -> None:
    """Cut the axis of values where poles would leave nothing of the rest to see."""
    y = np.concatenate([c[np.isfinite(c)] for c in curves])
    if not y.size:
        return
    low, middle, high = np.percentile(y, [8, 50, 92])
    room = 1.5 * max(high - middle, middle - low)
    if room and (np.max(y) > high + 4 * room or np.min(y) < low - 4 * room):
        ax.set_ylim(max(np.min(y), low - room), min(np.max(y), high + room))


def plot_derivatives(
    f: Callable[..., Any],
    a: float,
    b: float,
    orders: Sequence[int] = (0, 1, 2, 3),
    *,
    points: int = 400,
    ax: Any = None,
) -> Any:
    """Draw a function and its derivatives from a to b.

    Parameters
    ----------
    f : callable
        A function of a number.
    a, b : float
        The ends of the interval.
    orders : sequence of int
        Which derivatives; 0 is f itself.
    points : int
        At how many places to calculate.
    ax : matplotlib Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the interval is empty, or an order is not a count.

    Examples
    --------
    >>> plot_derivatives(np.tanh, -3, 3).get_title()
    'f = tanh'
    """
    _refuse_unless_interval("plot_derivatives", a, b)
    refuse_unless_callable("plot_derivatives", f, "plot_derivatives(f, a, b)")
    orders = [as_count("plot_derivatives", order) for order in orders]
    slopes = [(order, derivative(f, order=order)) for order in orders]
    at = np.linspace(a, b, points)
    ax = _axes(ax, (7.0, 4.3))
    drawn = []
    for k, (order, slope) in enumerate(slopes):
        x, y = curve(slope, at)
        marks = "′" * order if order <= 3 else f"⁽{str(order).translate(_RAISED)}⁾"
        ax.plot(x, y, label=f"f{marks}", linewidth=2.0, **_look(k))
        drawn.append(y)
    ax.axhline(0, color=GREY, linewidth=0.8, zorder=0)
    ax.set_xlim(a, b)
    _limit(ax, drawn)
    ax.set_xlabel("x")
    name = getattr(f, "__name__", "f")
    ax.set_title("f and its derivatives" if name == "<lambda>" else f"f = {name}")
    ax.legend()
    return ax


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def plot_taylor(
    f: Callable[..., Any],
    x: float,
    a: float,
    b: float,
    orders: Sequence[int] = (1, 2, 3, 5),
    *,
    points: int = 400,
    ax: Any = None,
) -> Any:
    """Draw a function from a to b, and over it its Taylor polynomials at x.

    Parameters
    ----------
    f : callable
        A function of a number.
    x : float
        Where the polynomials touch it.
    a, b : float
        The ends of the interval.
    orders : sequence of int
        The polynomials' last powers.
    points : int
        At how many places to calculate.
    ax : matplotlib Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the interval is empty, or an order is not a count.

    Examples
    --------
    >>> axes = plot_taylor(np.sin, 0.0, -6, 6, orders=(1, 3))
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['f', 'order 1', 'order 3']
    """
    _refuse_unless_interval("plot_taylor", a, b)
    refuse_unless_callable("plot_taylor", f, "plot_taylor(f, x, a, b)")
    orders = [as_count("plot_taylor", order) for order in orders]
    at = np.linspace(a, b, points)
    places, values = curve(f, at)
    coefficients = [float(c) for c in taylor(f, max(orders, default=0))(x)]
    ax = _axes(ax, (7.0, 4.3))
    ax.plot(places, values, label="f", color=BLACK, linestyle="-", linewidth=2.4)
    for k, order in enumerate(orders):
        y = np.polynomial.polynomial.polyval(at - x, coefficients[: order + 1])
        look = {"color": COLOURS[k % 5], "linestyle": DASHES[1 + k % 5]}  # f is black, and solid
        ax.plot(at, y, label=f"order {order}", linewidth=1.8, **look)
    ax.plot([x], coefficients[:1], "o", color=BLACK)
    finite = values[np.isfinite(values)]
    if finite.size:
        low, high = (
            np.percentile(finite, [2, 98])
            if len(places) > len(at)
            else (
                np.min(finite),
                np.max(finite),
            )
        )
        room = 0.3 * (float(high - low) or 1.0)
        ax.set_ylim(float(low) - room, float(high) + room)
    ax.set_xlim(a, b)
    ax.set_xlabel("x")
    name = getattr(f, "__name__", "f")
    ax.set_title(f"Taylor polynomials of {'f' if name == '<lambda>' else name} at {x:g}")
    ax.legend()
    return ax


def difference_errors(
    f: Callable[..., Any], x: float, steps: Any = None
) -> tuple[Any, dict[str, Any], float]:
    """Relative errors of numerical derivatives by step size, and that of dual numbers.

    Parameters
    ----------
    f : callable
        A function of a number, of dualad's or NumPy's functions, so that it takes mpmath's
        numbers too: the true derivative is calculated with 60 digits.
    x : float
        Where.
    steps : array, optional
        The step sizes; by default 10⁰ to 10⁻¹⁶.

    Returns
    -------
    (steps, errors, floor)
        errors: {method: array}; floor: the error of dual numbers.

    Raises
    ------
    ValueError
        If the derivative at x is 0 or not finite: there is no relative error then.
    """
    from mpmath import mp

    x = float(x)
    with mp.workdps(60):
        truth = derivative(f)(mp.mpf(x))
        _number(truth)
        if not mp.isfinite(truth) or truth == 0:
            raise ValueError(
                f"the derivative at {x!r} is {mp.nstr(truth, 5)}, which has no relative error; "
                "choose another x."
            )

        def error(slope: Any) -> float:
            return float(abs((mp.mpf(float(slope)) - truth) / truth))

        steps = np.logspace(0, -16, 129) if steps is None else np.asarray(steps, float)
        errors: dict[str, list[float]] = {}
        methods: dict[str, Callable[[float], Any]] = {
            "forward difference": lambda h: (f(x + h) - f(x)) / h,
            "central difference": lambda h: _central(f, x, h),
            "Richardson": lambda h: (4 * _central(f, x, h / 2) - _central(f, x, h)) / 3,
            "complex step": lambda h: (f(complex(x, h))).imag / h,
        }
        with np.errstate(all="ignore"):
            for name, method in methods.items():
                errors[name] = []
                for h in steps.tolist():
                    try:
                        errors[name].append(error(method(h)))
                    except (ArithmeticError, ValueError, TypeError):  # f is not defined there
                        errors[name].append(math.nan)
        floor = error(derivative(f)(x))
    return steps, {name: np.array(e) for name, e in errors.items()}, floor


def _central(f: Callable[..., Any], x: float, h: float) -> Any:
    return (f(x + h) - f(x - h)) / (2 * h)


def plot_error(f: Callable[..., Any], x: float, *, steps: Any = None, ax: Any = None) -> Any:
    """Draw the error of numerical derivatives against the step size h.

    Forward, central and Richardson's differences, and the complex step; the error of dual
    numbers, which have no step, is a line below. All against 60 digits. A logarithmic axis has
    no place for an error of 0: a triangle at its edge stands for it.

    Parameters
    ----------
    f : callable
        A function of a number, of dualad's or NumPy's functions.
    x : float
        Where.
    steps : array, optional
        The step sizes; by default 10⁰ to 10⁻¹⁶.
    ax : matplotlib Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the derivative at x is 0 or not finite.

    Examples
    --------
    >>> plot_error(np.exp, 1.0).get_xscale()
    'log'
    """
    refuse_unless_callable("plot_error", f, "plot_error(f, x)")
    ax = _axes(ax, (7.0, 4.8))
    steps, errors, floor = difference_errors(f, x, steps)
    least = 2.0**-58  # the edge: there are no errors between 0 and 2**-54
    for k, (name, e) in enumerate(errors.items()):
        # a logarithmic axis has no 0: the curve has a gap there, and a mark at the edge says why
        ax.loglog(steps, np.where(e > 0, e, math.nan), linewidth=1.8, **_look(k),
                  label=None if np.all(np.isnan(e)) else name)  # fmt: skip
        exact = steps[e == 0]
        ax.plot(exact, np.full(len(exact), least), "v", color=COLOURS[k], clip_on=False)
    for name in (name for name, e in errors.items() if np.all(np.isnan(e))):
        why = "takes no complex numbers" if name == "complex step" else "fails there"
        ax.plot([], [], " ", label=f"no {name}: f {why}")
    if any(np.any(e == 0) for e in errors.values()) or floor == 0:
        ax.plot([], [], "v", color=GREY, linestyle="", label="at the edge: error 0")
    if floor > 0:
        ax.axhline(floor, color=BLACK, linestyle="-", linewidth=2.2, label="dual numbers: no h")
    else:
        ax.plot(
            [0.5],
            [0.0],
            "v",
            color=BLACK,
            markersize=9,
            label="dual numbers: no h",
            transform=ax.transAxes,
            clip_on=False,
        )
    ax.invert_xaxis()
    ax.set_ylim(least, 30)
    ax.set_xlabel("step h, smaller to the right")
    ax.set_ylabel("relative error")
    ax.set_title("Errors of a derivative")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
    return ax


def spy(pattern: Any, *, symmetric: bool = False, mode: str | None = None, ax: Any = None) -> Any:
    """Draw where a sparse matrix has elements, in the colours of the directions that give them.

    Parameters
    ----------
    pattern : matrix, sparse or dense
        As `dualad.sparsity` gives it.
    symmetric : bool
        Whether it is that of a Hessian, of which each element is found in one of two places.
    mode : {None, "forward", "reverse"}
        Whether columns or rows have the colours; by default what takes fewer directions.
    ax : matplotlib Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If it is not a matrix.

    Examples
    --------
    >>> from dualad import sparsity
    >>> axes = spy(sparsity(np.diff)(np.ones(8)))
    """
    shape: Any = getattr(pattern, "shape", None) or np.shape(pattern)
    if len(shape) != 2:
        what = f"shape {shape}" if shape else type(pattern).__name__
        raise TypeError(f"spy draws a matrix, got {what}; write spy(sparsity(f)(x)).")
    ax = _axes(ax, (5.0, 5.2))
    found = coloured(*as_pattern("spy", pattern, shape[-1]), mode, symmetric)  # type: ignore[arg-type]
    m, n = found.pattern.shape
    rows = np.repeat(np.arange(m), np.diff(found.pattern.indptr))
    columns, colour = found.pattern.indices, found.read_from
    side = max(1.0, (240 / max(m, n, 1)) ** 2)
    for c in range(found.count):
        here = colour == c
        ax.scatter(
            columns[here], rows[here], s=side, marker="s", color=COLOURS[c % len(COLOURS)], lw=0,
            snap=False,  # else marks that are smaller than a pixel are not drawn
        )  # fmt: skip
    directions = f"{found.count} direction{'s' * (found.count != 1)}"
    back = " back" if found.way == "rows" else ""
    if isinstance(found, Split):
        back = f", {found.long.count} of them back"
    ax.set_title(f"{m} × {n}, {len(columns)} elements: {directions}{back}")
    ax.set_xlim(-0.5, n - 0.5)
    ax.set_ylim(m - 0.5, -0.5)
    ax.set_aspect("equal")
    ax.set_xlabel("inputs")
    ax.set_ylabel("outputs")
    ax.grid(False)
    return ax
