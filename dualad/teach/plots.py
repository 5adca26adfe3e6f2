"""Plots that carry a lesson: the derivatives of a function, and why differences are not enough.

Matplotlib draws them; it comes with the extra "notebooks".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..compression import as_pattern, coloured
from ..drivers import derivative, taylor

# Okabe & Ito's colours, which colour-blind readers can tell apart; from dark to light, and with
# a line style each, so that they differ in grey too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 1)))


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
    return plt.subplots(figsize=size, layout="constrained")[1]


def _finish(ax: Any) -> Any:
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.tick_params(labelsize=11)
    return ax


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
    """
    _refuse_unless_interval("plot_derivatives", a, b)
    curves = [(order, derivative(f, order=order)) for order in orders]
    x = np.linspace(a, b, points)
    ax = _axes(ax, (7.0, 4.3))
    for k, (order, curve) in enumerate(curves):
        y = [float(curve(t)) for t in x.tolist()]
        marks = "′" * order if order <= 3 else f"⁽{str(order).translate(_RAISED)}⁾"
        style = {"color": COLOURS[k % 7], "linestyle": STYLES[k % 7], "linewidth": 2.0}
        ax.plot(x, y, label=f"f{marks}", **style)
    ax.axhline(0, color="0.5", linewidth=0.8, zorder=0)
    ax.set_xlim(a, b)
    ax.set_xlabel("x", fontsize=12)
    name = getattr(f, "__name__", "f")
    ax.set_title("f and its derivatives" if name == "<lambda>" else f"f = {name}", fontsize=13)
    ax.legend(frameon=False, fontsize=12)
    return _finish(ax)


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
    """
    _refuse_unless_interval("plot_taylor", a, b)
    coefficients = [float(c) for c in taylor(f, max(orders, default=0))(x)]
    at = np.linspace(a, b, points)
    values = np.array([float(f(t)) for t in at.tolist()])
    ax = _axes(ax, (7.0, 4.3))
    ax.plot(at, values, label="f", color="black", linewidth=2.4)
    for k, order in enumerate(orders):
        y = np.polynomial.polynomial.polyval(at - x, coefficients[: order + 1])
        colour, style = COLOURS[k % len(COLOURS)], STYLES[(k + 1) % len(STYLES)]
        ax.plot(at, y, label=f"order {order}", color=colour, linestyle=style, linewidth=1.8)
    ax.plot([x], coefficients[:1], "o", color="black")
    finite = values[np.isfinite(values)]
    if finite.size:
        room = 0.3 * (float(np.ptp(finite)) or 1.0)
        ax.set_ylim(float(np.min(finite)) - room, float(np.max(finite)) + room)
    ax.set_xlim(a, b)
    ax.set_title(f"Taylor polynomials of {getattr(f, '__name__', 'f')} at {x:g}", fontsize=13)
    ax.legend(frameon=False, fontsize=11)
    return _finish(ax)


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
    numbers, which have no step, is a line below. All against 60 digits.

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
    """
    ax = _axes(ax, (7.0, 4.8))
    steps, errors, floor = difference_errors(f, x, steps)
    least = 2.0**-56  # where an error of 0 is drawn: below half a unit in the last place
    for k, (name, e) in enumerate(errors.items()):
        ax.loglog(
            steps,
            np.maximum(e, least),
            label=name,
            color=COLOURS[k],
            linestyle=STYLES[k],
            linewidth=1.8,
        )
    ax.axhline(max(floor, least), color="black", linewidth=2.2, label="dual numbers: no h")
    ax.invert_xaxis()
    ax.set_ylim(least / 4, 30)
    ax.set_xlabel("step h, smaller to the right", fontsize=12)
    ax.set_ylabel("relative error", fontsize=12)
    ax.set_title("Errors of a derivative", fontsize=13)
    ax.legend(frameon=False, fontsize=11, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
    return _finish(ax)


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
    """
    ax = _axes(ax, (5.0, 5.2))
    shape: Any = getattr(pattern, "shape", None) or np.shape(pattern)
    found = coloured(*as_pattern("spy", pattern, shape[-1]), mode, symmetric)  # type: ignore[arg-type]
    m, n = found.pattern.shape
    rows = np.repeat(np.arange(m), np.diff(found.pattern.indptr))
    columns = found.pattern.indices
    colour = found.colours[rows if found.way == "rows" else columns]
    if found.way == "star":  # of the two, the column with the lower colour
        colour = np.minimum(found.colours[rows], found.colours[columns])
    side = max(1.0, (240 / max(m, n, 1)) ** 2)
    for c in range(found.count):
        here = colour == c
        ax.scatter(
            columns[here], rows[here], s=side, marker="s", color=COLOURS[c % len(COLOURS)], lw=0
        )
    directions = f"{found.count} direction{'s' * (found.count != 1)}"
    back = " back" * (found.way == "rows")
    ax.set_title(f"{m} × {n}, {len(columns)} elements: {directions}{back}", fontsize=12)
    ax.set_xlim(-0.5, n - 0.5)
    ax.set_ylim(m - 0.5, -0.5)
    ax.set_aspect("equal")
    ax.set_xlabel("inputs", fontsize=12)
    ax.set_ylabel("outputs", fontsize=12)
    return _finish(ax)
