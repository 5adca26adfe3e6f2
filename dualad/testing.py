"""Check derivative rules against numbers that were not made with them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arguments import Argnums, Inputs
from .dual import Dual, function
from .lifting.reach import chosen
from .pair import Function, plain
from .rules import Rule
from .sentences import did_you_mean
from .stacking import run_passes
from .structure import argument_names, labelled_numbers, leaves
from .table import RULES
from .wrappers import refuse_unless_callable

Array = NDArray[np.float64]
Difference = Callable[[Callable[[float], Array], float, float], tuple[Array, Array]]
Change = tuple[Array, float, Array]  # of f, of x, and the size of f


def check_rule(
    rule: str | Function,
    reference: Function | None = None,
    *,
    samples: int = 20,
    rtol: float | None = None,
) -> None:
    """Check that the slopes of a rule are the derivatives of its function.

    Samples the rule's own intervals. With a reference for mpmath numbers, value and slopes are
    compared with it at 50 digits; without one, the slopes are compared with extrapolated
    differences of the function itself, which see about 10 digits.

    Parameters
    ----------
    rule : str or callable
        A rule's name, or the function that `define_rule` gave back.
    reference : callable, optional
        The same function for mpmath numbers, from another source.
    samples : int
        How many points.
    rtol : float, optional
        Relative tolerance; by default 1e-13 with a reference and 1e-7 without. Next to a zero
        of the slope the tolerance is relative to the slope's size over the samples.

    Raises
    ------
    AssertionError
        If a slope (or, with a reference, the value) is off; the message says where.
    TypeError
        If rule is neither a name nor a function.
    ValueError
        If there is no such rule.

    Examples
    --------
    >>> check_rule("tanh")
    >>> import mpmath
    >>> check_rule("tanh", mpmath.tanh)
    """
    name = rule if isinstance(rule, str) else getattr(rule, "__name__", None)
    if not isinstance(name, str):
        raise TypeError(
            f"check_rule takes the name of a rule or a function that has one, got {rule!r}; write "
            "check_rule('sin')."
        )
    if name not in RULES:
        hint = did_you_mean(name, RULES, "make one with define_rule.")
        raise ValueError(f"check_rule: there is no rule called {name!r}; {hint}")
    row = RULES[name]
    value = function(row)
    random = np.random.default_rng(0)
    points = [tuple(map(float, random.uniform(*np.transpose(row.over)))) for _ in range(samples)]
    if reference is not None:
        expected = [_mpmath_value(reference, p) for p in points]
        _compare(f"{name}", points, [value(*p) for p in points], expected, rtol or 1e-13)
    for i, argument in enumerate(row.args):
        if row.slopes[i] is None:
            continue
        slopes = [_slope(row, i, p) for p in points]
        if reference is not None:
            expected = [_mpmath_slope(reference, i, p) for p in points]
        else:
            expected = [_difference(value, i, p, row.over[i]) for p in points]
        tolerance = rtol or (1e-13 if reference is not None else 1e-7)
        _compare(f"the slope of {name} in {argument}", points, slopes, expected, tolerance)


def _slope(rule: Rule, i: int, point: tuple[float, ...]) -> float:
    args: list[Any] = list(point)
    args[i] = Dual(point[i], 1.0)
    result = function(rule)(*args)
    return float(result.tangent) if isinstance(result, Dual) else 0.0


def _mpmath_value(reference: Function, point: tuple[float, ...]) -> float:
    from mpmath import mp

    with mp.workdps(50):
        return float(reference(*map(mp.mpf, point)))


def _mpmath_slope(reference: Function, i: int, point: tuple[float, ...]) -> float:
    from mpmath import mp

    with mp.workdps(50):
        exact = list(map(mp.mpf, point))
        return float(mp.diff(lambda t: reference(*exact[:i], t, *exact[i + 1 :]), exact[i]))


def _difference(
    value: Callable[..., float], i: int, point: tuple[float, ...], over: tuple[float, float]
) -> float:
    def along(t: float) -> Array:
        return np.asarray(value(*point[:i], t, *point[i + 1 :]), float)

    return float(_extrapolated(along, point[i], 0.01 * (over[1] - over[0]))[0])


def _compare(
    what: str,
    points: list[tuple[float, ...]],
    got: list[float],
    expected: list[float],
    rtol: float,
) -> None:
    size = float(np.median(np.abs(expected)))
    for point, g, e in zip(points, got, expected, strict=True):
        if not abs(g - e) <= rtol * max(abs(e), size):
            raise AssertionError(
                f"{what} at {', '.join(map(repr, point))} is {g!r}, but should be {e!r}."
            )


# -- functions of users --------------------------------------------------------------------


class Entry(NamedTuple):
    """One derivative that was checked.

    Attributes
    ----------
    name : str
        As ``∂f[0]/∂x[2]``.
    dual : float
        What the duals say.
    expected : float
        What was calculated without them; nan if nothing could be.
    by : str
        "mpmath", "complex step", "differences", or "nothing".
    digits : float
        To how many digits the two agree.
    remark : str
        "" if all is well; "differs", or a remark of another kind.
    """

    name: str
    dual: float
    expected: float
    by: str
    digits: float
    remark: str


class CheckReport:
    """What `check_derivative` found; `print` it.

    Attributes
    ----------
    entries : list of Entry
        One for each output number and input number.
    """

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries

    @property
    def digits(self) -> float:
        """The fewest digits of agreement."""
        return min((e.digits for e in self.entries), default=math.inf)

    def __str__(self) -> str:
        rows = [("derivative", "dual", "expected", "by", "digits", "")]
        worst = sorted(self.entries, key=lambda e: (e.remark == "", e.digits))
        shown = self.entries if len(self.entries) <= 20 else worst[:20]
        for e in shown:
            digits = f"{e.digits:.1f}" if e.by != "nothing" else "-"
            rows.append((e.name, f"{e.dual:.17g}", f"{e.expected:.17g}", e.by, digits, e.remark))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(t.ljust(w) for t, w in zip(r, widths, strict=True)).rstrip() for r in rows
        ]
        if len(shown) < len(self.entries):
            lines.append(f"and {len(self.entries) - 20} entries that agree as well or better")
        return "\n".join(lines)

    __repr__ = __str__


def check_derivative(
    f: Function,
    *args: Any,
    argnums: Argnums = 0,
    rtol: float = 1e-7,
    lift: bool | None = None,
    **kwargs: Any,
) -> CheckReport:
    """Check the derivative of a function at a point against numbers made without duals.

    Each derivative of an output number in an input number is compared with

    - mpmath's numbers: a difference at 60 digits, if f takes them;
    - a complex step, if f takes complex numbers and is analytic;
    - central differences, extrapolated to step 0 (Richardson), with an estimate of their error.

    The first of them that applies says what is expected; it applies if the differences do not
    contradict it. So nothing is called wrong because differences are inaccurate there.
    At a kink the one-sided differences disagree; the derivative must then lie between them.

    For second derivatives check the first: ``check_derivative(grad(f), x)``.

    Parameters
    ----------
    f : callable
        Takes and returns real numbers, arrays, and nested lists, tuples and dicts of them.
    *args, **kwargs
        The point: the arguments of f.
    argnums : int, str, or a sequence of these
        Which arguments are differentiated, by index or name.
    rtol : float
        Relative tolerance. (What the differences see is added to it where only they apply.)
    lift : bool, optional
        As for `derivative`.

    Returns
    -------
    CheckReport
        Its `entries` say for each derivative how many digits agree; `print` shows a table.

    Raises
    ------
    AssertionError
        If derivatives differ; the message names them.
    TypeError
        If f is not a function, or arguments or results are not real numbers.
    ValueError
        If f overflows or divides by zero at the point.

    Examples
    --------
    >>> report = check_derivative(lambda x: x * np.sin(x), 2.0)
    >>> report.digits > 13
    True
    """
    refuse_unless_callable("check_derivative", f, "check_derivative(f, x)")
    inputs = Inputs("check_derivative", chosen(f, lift), argnums, args, kwargs)
    if any(isinstance(x, Dual) or np.iscomplexobj(x) for x in inputs.leaves):
        raise TypeError("check_derivative takes a point of real numbers, not complex or dual ones.")
    point = np.concatenate([np.zeros(0), *(np.ravel(np.asarray(x, float)) for x in inputs.leaves)])
    cuts = np.cumsum(inputs.sizes)[:-1]

    def at(numbers: Any) -> Any:
        """f of the input numbers in one row; its output numbers in one row."""
        parts = [
            part.reshape(np.shape(x)) if np.ndim(x) else part[0]
            for part, x in zip(np.split(numbers, cuts), inputs.leaves, strict=True)
        ]
        y = [np.ravel(np.asarray(part)) for part in leaves(inputs.call(parts))]
        return np.concatenate([np.zeros(0), *y]) if y else np.zeros(0)

    try:
        outputs, blocks = run_passes(inputs)
    except (OverflowError, ZeroDivisionError) as error:
        raise ValueError(
            f"check_derivative: the function raises {type(error).__name__} at this point "
            f"({error}); give a point where it has a value."
        ) from error
    if any(np.iscomplexobj(plain(v)) for v in outputs.values):
        raise TypeError(
            "check_derivative needs a function with real results; take .real and .imag."
        )
    rows = [
        np.concatenate([np.reshape(np.asarray(b, float), (np.size(v), -1)) for b in row], axis=1)
        for v, row in zip(outputs.values, blocks, strict=True)
    ]
    dual = np.concatenate([np.zeros((0, len(point))), *rows])
    name = getattr(f, "__name__", "f").replace("<lambda>", "f")
    above = [label for label, _ in labelled_numbers(outputs.structure, name)]
    positions = argument_names(f, len(args))
    below = [
        label
        for key, x in zip(inputs.keys, inputs.selected, strict=True)
        for label, _ in labelled_numbers(x, key if isinstance(key, str) else positions[key])
    ]
    entries: list[Entry] = []
    for j in range(len(point)):
        column = _Column(at, point, j)
        for i in range(len(above)):
            entries.append(column.entry(i, f"∂{above[i]}/∂{below[j]}", dual[i, j], rtol))
    report = CheckReport(entries)
    wrong = [e for e in entries if e.remark.startswith("differs")]
    if wrong:
        raise AssertionError(
            f"{len(wrong)} of {len(entries)} derivatives differ, "
            f"{', '.join(e.name for e in wrong[:5])}{', …' if len(wrong) > 5 else ''}:\n{report}"
        )
    return report


class _Column:
    """The derivatives of all outputs in one input number, without duals."""

    def __init__(self, at: Callable[[NDArray[Any]], Any], point: Array, j: int) -> None:
        self.at, self.point, self.j = at, point, j
        h = 0.05 * max(abs(point[j]), 0.1)
        self.y = y = np.asarray(at(point), float)
        self.middle, self.error = self._tried(_extrapolated, h, y)
        self.right, self.right_error = self._tried(_one_sided, h, y)
        self.left, self.left_error = self._tried(_one_sided, -h, y)
        self.others = {"mpmath": self._mpmath(), "complex step": self._complex_step(y)}
        self.size = float(np.max(np.abs(self.middle), initial=0, where=np.isfinite(self.middle)))

    def _along(self, t: Any) -> Any:
        moved = self.point.copy()
        moved[self.j] = t
        return self.at(moved)

    def _tried(self, difference: Difference, h: float, y: Array) -> tuple[Array, Array]:
        """A difference with its error: with ever smaller steps, until it is sharp."""
        best, worst = np.full(len(y), np.nan), np.full(len(y), np.inf)
        for _ in range(7):
            try:
                with np.errstate(all="ignore"):
                    d, error = difference(self._along, self.point[self.j], h)
                    better = np.isfinite(d) & (error < worst)
                best, worst = np.where(better, d, best), np.where(better, error, worst)
                if np.all(worst <= 1e-9 * np.abs(best)):
                    break
            except (ArithmeticError, ValueError):  # beyond the end of a domain
                pass
            h /= 64
        return best, worst

    def _complex_step(self, y: Array) -> Array | None:
        h = 1e-150
        moved = self.point.astype(complex)
        moved[self.j] += 1j * h
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                z = self.at(moved)
        except Exception:  # whatever it says: f is not for complex numbers
            return None
        same = np.iscomplexobj(z) and np.allclose(z.real, y, rtol=1e-10, atol=0)
        return z.imag / h if same else None

    def _mpmath(self) -> Array | None:
        from mpmath import mp, mpf

        try:
            x = abs(float(self.point[self.j])) or 1.0
            with mp.workdps(60 + math.ceil(abs(math.log10(x)))):
                h = mpf(10) ** -20 * min(mpf(x), 1)
                exact = np.array([mpf(float(x)) for x in self.point], dtype=object)
                up, down = exact.copy(), exact.copy()
                up[self.j] += h
                down[self.j] -= h
                y, z = self.at(up), self.at(down)
                if any(isinstance(v, float) for v in (*y, *z)):
                    return None  # it was rounded somewhere
                return np.array([float(d / (2 * h)) for d in y - z])
        except Exception:  # f is not for mpmath's numbers
            return None

    def entry(self, i: int, name: str, dual: float, rtol: float) -> Entry:
        d, error = self.middle[i], 10 * self.error[i]
        one_sided = self.left[i], self.right[i]
        unsure = 10 * (self.left_error[i] + self.right_error[i])
        gap = abs(self.right[i] - self.left[i])
        if gap > unsure + 1e-4 * max(map(abs, one_sided)):
            low, high = sorted(one_sided)
            tolerance = unsure + rtol * gap
            within = low - tolerance <= dual <= high + tolerance
            told = f"kink: the one-sided differences are {low:.6g} and {high:.6g}"
            return Entry(name, dual, d, "differences", _digits(dual, d),
                         told if within else f"differs; {told}")  # fmt: skip
        if not math.isfinite(d) and any(map(math.isfinite, one_sided)):  # the end of a domain
            side = int(not math.isfinite(one_sided[0]))
            d, error = one_sided[side], 10 * (self.left_error, self.right_error)[side][i]
        by = "differences"
        size = 1e-4 * abs(self.y[i]) / max(1.0, abs(self.point[self.j]))
        if not error <= 0.01 * max(abs(d), self.size, size):
            # where squares under- or overflow, others may confirm, but not contradict
            is_extreme = not 1e-100 < abs(self.point[self.j]) < 1e100
            for name_of, column in self.others.items():
                if (
                    is_extreme
                    and column is not None
                    and abs(dual - column[i]) <= rtol * abs(column[i])
                ):
                    expected = float(column[i])
                    return Entry(name, dual, expected, name_of, _digits(dual, expected), "")
            return Entry(name, dual, d, "nothing", 0.0, "cannot be checked: differences diverge")
        for name_of, column in self.others.items():
            if column is not None and abs(column[i] - d) <= error + 1e-3 * rtol * abs(d):
                d, error, by = column[i], 1e-12 * max(self.size, abs(d)), name_of
                break
        remark = "" if abs(dual - d) <= rtol * abs(d) + error else "differs"
        return Entry(name, dual, d, by, _digits(dual, d), remark)


def _digits(a: float, b: float) -> float:
    """To how many digits two numbers agree, at most 16."""
    if a == b:
        return 16.0
    relative = abs(a - b) / max(abs(a), abs(b))
    return max(0.0, min(16.0, -math.log10(relative))) if math.isfinite(relative) else 0.0


def _extrapolated(f: Callable[[float], Array], x: float, h: float) -> tuple[Array, Array]:
    """Central differences with ever smaller steps, extrapolated; and an estimate of the error.

    Ridders (1982), Advances in Engineering Software 4, 75: Neville's scheme in h².
    """

    def change(h: float) -> Change:
        right, left = f(x + h), f(x - h)
        return right - left, (x + h) - (x - h), np.maximum(abs(right), abs(left))

    return _neville(change, h, 4.0, f(x))


def _one_sided(f: Callable[[float], Array], x: float, h: float) -> tuple[Array, Array]:
    """The same from one side only, with a scheme in h."""
    y = f(x)

    def change(h: float) -> Change:
        there = f(x + h)
        return there - y, (x + h) - x, np.maximum(abs(there), abs(y))

    return _neville(change, h, 2.0, y)


def _neville(
    difference: Callable[[float], Change], h: float, factor: float, y: Array
) -> tuple[Array, Array]:
    column: list[Array] = []
    best, worst = np.full(np.shape(y), np.nan), np.full(np.shape(y), np.inf)
    for _ in range(10):
        change, step, size = difference(h)
        row = [change / step]
        power = factor
        for k, above in enumerate(column):
            row.append((power * row[k] - above) / (power - 1))
            power *= factor
            noise = 2.0**-50 * np.maximum(abs(y), size) / abs(step)
            error = np.maximum(abs(row[-1] - row[-2]), abs(row[-1] - above)) + noise
            better = error < worst
            best, worst = np.where(better, row[-1], best), np.where(better, error, worst)
        column = row
        h /= 2
    return best, worst
