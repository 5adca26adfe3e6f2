"""audit: one pass through a function, with a look at every step that deserves one.

A pass gives the derivative of the branch that was taken. Whether that is the derivative of the
function is another question at a kink, at a tie of a comparison, at an infinite slope. `audit`
names these places by file and line.

It works through a level that takes part (`levels.ParticipatingLevel`): every dual of this level is
made by the audit, of classes that also look at comparisons and at NumPy's calls. Duals of all
other levels know nothing of it.
"""

from __future__ import annotations

import copy
import functools
import inspect
import linecache
import math
import operator
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from .arguments import Argnums, Inputs, Outputs, split
from .array.dualarray import DualArray
from .conversions import as_number
from .dual import Dual, evaluate, namespace_for, slope_of
from .frames import is_hook, is_ours, user_frame
from .levels import ParticipatingLevel, fresh_level
from .lifting.effects import code_of, may_keep
from .lifting.reach import chosen
from .namespaces import is_exact
from .pair import DUAL_OF, Function, dual, is_operand, kind_of, parts, plain
from .passes import evaluated, one_like, seeded, tangents_of, unit_seeds
from .promises import refuse_if_found_by_key
from .rules import Rule
from .stacking import DIRECTIONS
from .structure import leaves, rebuild
from .wrappers import refuse_unless_callable

# Where these rows have a kink or a jump, as a question about the values.
_KINKS: dict[str, Function] = {
    "abs": lambda x: x == 0,
    "hypot": lambda a, b: (a == 0) & (b == 0),
    "copysign": lambda a, b: (a == 0) | (b == 0),
}
_CHOICES = ("maximum", "minimum", "fmax", "fmin")
_JUMPS: dict[str, Function] = {
    **dict.fromkeys(("floor", "ceil", "trunc"), lambda x: x == np.floor(x)),
    "rint": lambda x: x - np.floor(x) == 0.5,
    "round": lambda x, n=0: abs(x * 10.0**n - np.rint(x * 10.0**n)) == 0.5,
    "sign": lambda x: x == 0,
    "heaviside": lambda x, h: x == 0,
    **dict.fromkeys(("floordiv", "mod"), lambda a, b: a % b == 0),
    "fmod": lambda a, b: (np.fmod(a, b) == 0) & (a != 0),
}
# Of these nothing is left between two jumps, either: all that led to them is without a derivative.
_ROUNDING = {"floor", "ceil", "trunc", "rint", "round", "floordiv"}
# Functions of arrays that look at the order of elements. Of these, what is selected lies at the
# result, or between two neighbours around it; or at the extremes; or all elements are put in order.
_AT_RESULT = {
    *(np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin, np.median, np.nanmedian),
    *(np.quantile, np.nanquantile, np.percentile, np.nanpercentile),
    *(np.maximum.reduce, np.minimum.reduce, np.fmax.reduce, np.fmin.reduce),
}
_AT_EXTREMES: dict[Any, tuple[Function, ...]] = {
    **dict.fromkeys((np.argmax, np.nanargmax), (np.nanmax,)),
    **dict.fromkeys((np.argmin, np.nanargmin), (np.nanmin,)),
    np.ptp: (np.max, np.min),
}
_OF_ALL = {
    *(np.sort, np.argsort, np.partition, np.argpartition, np.unique, np.sort_complex),
    *(np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values),
}
_ALONG_LAST = {np.sort, np.argsort, np.partition, np.argpartition, np.sort_complex}
# And those that compare two arrays, each element of one with each of the other; or with 0.
_COMPARING = {np.searchsorted, np.digitize, np.isin}
_COMPARING_PAIRS = {np.array_equal, np.array_equiv, np.isclose, np.allclose}
_COMPARING_WITH_0 = {np.nonzero, np.flatnonzero, np.argwhere, np.count_nonzero, np.any, np.all}
LOOKED_AT = {
    *_AT_RESULT, *_AT_EXTREMES, *_OF_ALL, *_COMPARING, *_COMPARING_PAIRS, *_COMPARING_WITH_0,
    *(np.lexsort, np.round, np.around, np.fix, np.linalg.norm),
}  # fmt: skip

_SIGNS = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==",
          "not_equal": "!="}  # fmt: skip


class Finding:
    """One thing that an audit has found.

    Attributes
    ----------
    kind : str
        "tie", "kink", "jump", "rounding", "infinite slope", "nan slope", "strong zero",
        "first inf", "first nan", "kept value" or "constant".
    what : str
        The operation.
    value : str
        At which value, the first time.
    file : str
    line : int
        Where in the audited code.
    count : int
        How often on that line.
    """

    def __init__(self, kind: str, what: str, value: str, file: str, line: int) -> None:
        self.kind, self.what, self.value = kind, what, value
        self.file, self.line = file, line
        self.count = 1

    @property
    def source(self) -> str:
        """The line of code."""
        return linecache.getline(self.file, self.line).strip()

    def __repr__(self) -> str:
        times = f" ({self.count} times)" if self.count > 1 else ""
        folder, name = os.path.split(self.file)
        if os.path.basename(folder).startswith("ipykernel_"):
            name = "cell"  # of a notebook
        return f"{name}:{self.line}: {self.kind}: {self.what} at {self.value}{times}"


class AuditReport:
    """What `audit` found; `print` it.

    Attributes
    ----------
    findings : list of Finding
        In the order in which they were met.
    result
        What the function returned, without tangents.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.result: Any = None

    def __str__(self) -> str:
        if not self.findings:
            return "audit: no tie, kink, jump, rounding, infinite slope, nan or inf was met."
        lines = []
        for finding in self.findings:
            lines.append(repr(finding))
            if finding.source:
                lines.append(f"    {finding.source}")
        return "\n".join(lines)

    __repr__ = __str__


def audit(
    f: Function, *args: Any, argnums: Argnums = 0, lift: bool | None = None, **kwargs: Any
) -> AuditReport:
    """Run f once with duals and report where its derivative deserves a second look.

    Reported with file and line are

    - **ties**: comparisons of equal values with different tangents, as ``x == 0`` or ``x > 0`` at
      0. The branch taken is differentiated, and may be another function beside this point;
    - **kinks**: abs at 0, a tie in maximum, in np.max, np.quantile, np.sort and their relatives,
      np.clip at a bound, a norm at 0. The derivative is then the mean of the one-sided ones, or
      that of the order that was taken;
    - **jumps**: floor, round, sign, //, % where they step. Their derivative is taken as 0;
    - **rounding** elsewhere: floor, round, int(x), // give constants, with derivative 0;
    - **infinite and nan slopes**, and **strong zeros**: where such a slope met a zero tangent,
      and was not counted;
    - the **first inf and nan** in a value and in a tangent, and the operation that made it;
    - a **kept value** of a plain call, which f has found by a text or a rounded number;
    - if there is nothing else, a **constant** result that comparisons decided about, as of a
      bisection: its derivative is 0, whatever it stands for. The last comparison is named.

    What does not depend on the differentiated arguments is not looked at, nor is anything that two
    tangents do not distinguish.

    Parameters
    ----------
    f : callable
        As the drivers take it.
    *args, **kwargs
        The arguments of f.
    argnums : int, str, or a sequence of these
        Which arguments are differentiated, by index or name.
    lift : bool, optional
        As for `derivative`.

    Returns
    -------
    AuditReport
        Made to be printed; its `findings` are a list.

    Raises
    ------
    TypeError
        If an argument that is to be differentiated is not made of numbers.
    Exception
        What f raises; the findings up to there are added to it as a note.

    Examples
    --------
    >>> def ramp(x):
    ...     return x**2 if x > 1 else 2 * x - 1
    >>> audit(ramp, 1.0).findings[0].kind
    'tie'
    >>> audit(ramp, 3.0)
    audit: no tie, kink, jump, rounding, infinite slope, nan or inf was met.
    """
    refuse_unless_callable("audit", f, "audit(f, x)")
    inputs = Inputs("audit", chosen(f, lift), argnums, args, kwargs)
    level, seeds = _Watch(fresh_level()), _all_seeds(inputs)
    try:
        result = inputs.call(seeded(inputs, seeds, level))
    except Exception as error:
        if level.report.findings:
            error.add_note(str(level.report))
        raise
    findings = level.report.findings
    if not findings and level.decision and all(split(y, level)[1] is None for y in leaves(result)):
        findings.append(level.decision)
    if may_keep(inputs.made, by_key=True) and _has_found_by_key(inputs, result, seeds, level):
        what, where = "what an earlier call kept", inspect.unwrap(f)
        code = code_of(where)
        at = ("", 0) if code is None else (code.co_filename, code.co_firstlineno)
        findings.append(Finding("kept value", what, ", ".join(map(_text, inputs.leaves)), *at))
    level.report.result = rebuild(result, lambda v: split(v, level)[0])
    return level.report


def _has_found_by_key(inputs: Inputs, result: Any, seeds: list[Any], level: int) -> bool:
    """Whether f has found a value of a plain call by a text or a rounded number."""
    pairs = zip(seeds, inputs.leaves, strict=True)
    has_axis = any(s is not None and np.ndim(s) > np.ndim(x) for s, x in pairs)
    directions = (inputs.size,) if has_axis else ()

    def tangents(outputs: Outputs) -> list[Any]:
        return tangents_of(outputs, inputs, directions)

    def elsewhere(points: list[Any]) -> list[Any]:
        moved = copy.copy(inputs)
        moved.leaves = points
        return tangents(evaluated(moved, seeds, False)[0])

    try:
        here = tangents(Outputs("audit", result, level))
    except TypeError:  # it is made of other things than numbers
        return False
    try:
        refuse_if_found_by_key(inputs, here, elsewhere)
    except TypeError:
        return True
    return False


def _all_seeds(inputs: Inputs) -> list[Any]:
    """One direction for each input number; if they are too many or exact, one that is general."""
    if inputs.size <= DIRECTIONS and not any(is_exact(plain(x)) for x in inputs.leaves):
        return unit_seeds(inputs, 0, inputs.size, inputs.size == 1 == np.ndim(inputs.leaves[0]))
    random = np.random.default_rng(0)
    return [
        random.uniform(1, 2, np.shape(x)) if np.ndim(x) else one_like(x) * (i + 2)
        for i, x in enumerate(inputs.leaves)
    ]


# -- the level that takes part -------------------------------------------------------------


class _Watch(ParticipatingLevel):
    """The level of an audit, and what it has seen."""

    def __init__(self, level: int) -> None:
        self.report = AuditReport()
        self.places: dict[tuple[Any, ...], Finding] = {}
        self.met: set[str] = set()  # which kinds of numbers that are not finite
        self.last = "the arguments"  # the operation that is being done
        self.inside = ""  # the function of NumPy that is being done
        self.decision: Finding | None = None  # the last comparison

    def note(self, kind: str, what: str, value: str) -> None:
        file, line = _place()
        key = kind, what, file, line
        if key in self.places:
            self.places[key].count += 1
        else:
            self.places[key] = Finding(kind, what, value, file, line)
            self.report.findings.append(self.places[key])

    # what the core asks and tells

    def made(self, primal: Any, tangent: Any) -> Any:
        kind = kind_of(primal)
        result = object.__new__(_WatchedArray if issubclass(kind, DualArray) else _WatchedDual)
        result.primal, result.tangent, result.level = primal, tangent, self
        for where, x in (("value", primal), ("tangent", tangent)):
            for what, bad in _not_finite(plain(x)).items():
                if f"{what} {where}" not in self.met:
                    self.met.add(f"{what} {where}")
                    at = bad.any(axis=0) if bad.ndim > np.ndim(primal) else bad
                    name = self.inside or self.last or "a result"
                    self._note_where(f"first {what}", f"the {where} of {name}", at, [plain(primal)])
        self.last = ""
        return result

    def applies(self, rule: Rule, args: tuple[Any, ...]) -> Any:
        if not self.inside:
            self.last = rule.name
        with _quietly():
            self._see_kinks(rule.name, args)
            if rule.slopes and rule.kind in ("smooth", "kinked"):
                self._see_slopes(rule, args)
        return NotImplemented  # apply goes on as for any level

    def _see_kinks(self, name: str, args: tuple[Any, ...]) -> None:
        values = [plain(a) for a in args]
        if name in _CHOICES:
            self.see_tie("kink", name, *args)
        elif name in _KINKS or name in _JUMPS:
            kind, there = ("kink", _KINKS) if name in _KINKS else ("jump", _JUMPS)
            moving = functools.reduce(np.logical_or, (_apart(a, plain(a)) for a in args))
            found = there[name](*values) & moving
            self._note_where(kind, name, found, values)
            if name in _ROUNDING:
                self._note_where("rounding", name, moving & ~np.asarray(found), values)

    def _see_slopes(self, rule: Rule, args: tuple[Any, ...]) -> None:
        split_args = [parts(a, self) for a in args]
        values: Any = [v for v, _ in split_args]
        namespace = namespace_for(tuple(values))
        if namespace is None or rule.is_composed(namespace):
            return
        values = [unwatched(namespace.convert(v)) for v in values]
        y = evaluate(rule, tuple(values))
        for i, a in enumerate(args):
            if split_args[i][1] is None or rule.slopes[i] is None:
                continue
            slope = np.asarray(plain(slope_of(rule, i, namespace, (*values, y))))
            still = ~np.asarray(_apart(a, plain(a)))
            name = rule.name if len(args) == 1 else f"{rule.name} in {rule.args[i]}"
            for what, bad in zip(("infinite", "nan"), _infinite_and_nan(slope), strict=True):
                self._note_where(f"{what} slope", name, bad & ~still, values)
                self._note_where("strong zero", f"{what} slope of {name}", bad & still, values)

    def see_tie(self, kind: str, name: str, a: Any, b: Any) -> None:
        equal = np.asarray(plain(a) == plain(b))
        if equal.any():
            self._note_where(kind, name, equal & _apart(a, b), [plain(a)])

    def _note_where(self, kind: str, name: str, there: Any, values: list[Any]) -> None:
        there = np.asarray(there)
        if not there.any():
            return
        if not there.ndim:
            self.note(kind, name, ", ".join(map(_text, values)))
            return
        index = tuple(map(int, np.argwhere(there)[0]))
        some = [np.broadcast_to(v, there.shape)[index] for v in values]
        more = f" and {there.sum() - 1} more" if there.sum() > 1 else ""
        self.note(kind, name, f"{', '.join(map(_text, some))} in element {list(index)}{more}")

    @contextmanager
    def during(self, name: str) -> Iterator[None]:
        """A function of NumPy is done; what it does inside counts as done by it."""
        before = self.inside
        self.inside = before or name
        try:
            yield
        finally:
            self.inside = before

    def see_function(self, f: Function, given: dict[str, Any], y: Any) -> None:
        """Ties among the elements that a function selects, orders or compares; norms of zero.

        Parameters
        ----------
        f : callable
            A function of NumPy, or the `reduce` of a ufunc.
        given : dict
            Its arguments by name, in their order.
        y
            What it has returned.
        """
        first, *more = (x for x in given.values() if x is not np._NoValue)
        owner = getattr(f, "__self__", None)  # a ufunc, of its methods
        name = f"np.{owner.__name__}.reduce" if isinstance(owner, np.ufunc) else f"np.{f.__name__}"
        if f in _COMPARING:
            self._see_pairs(name, first, more[0])
        elif f in _COMPARING_PAIRS:
            self.see_tie("tie", name, as_array(first), as_array(more[0]))
        elif f in _COMPARING_WITH_0:
            self.see_tie("tie", name, as_array(first), 0.0)
        elif f is np.lexsort:
            self._see_keys(first, y)
        elif f in (np.round, np.around):
            self._see_kinks("round", (as_array(first), given.get("decimals", 0)))
        elif f is np.fix:
            self._see_kinks("trunc", (as_array(first),))
        elif f is np.linalg.norm:
            x = as_array(first)
            zero = bool(np.any(plain(y) == 0)) and bool(np.any(_apart(x, plain(x))))
            self._note_where("kink", "np.linalg.norm", zero, [0.0])
        elif f in LOOKED_AT:
            axis = given.get("axis", -1 if f in _ALONG_LAST else None)
            self._see_order(name, f, as_array(first), axis, plain(y))

    def _see_order(self, name: str, f: Function, x: Any, axis: Any, y: Any) -> None:
        """Neighbours in the order along an axis that are equal, where f selects them."""
        axes = range(x.ndim) if axis is None else np.atleast_1d(axis) % x.ndim
        kept = [i for i in range(x.ndim) if i not in axes]
        rows = np.transpose(x, (*kept, *axes))
        rows = np.sort(np.reshape(rows, (*(x.shape[i] for i in kept), -1)), -1)
        one, other, values = rows[..., 1:], rows[..., :-1], plain(rows)
        if f in _AT_RESULT:
            results = np.reshape(y, (-1, *values.shape[:-1], 1))
            below = (np.where(values <= p, values, -np.inf).max(-1, keepdims=True) for p in results)
            above = (np.where(values >= p, values, np.inf).min(-1, keepdims=True) for p in results)
            selected = [*below, *above]
        else:
            selected = [each(values, -1, keepdims=True) for each in _AT_EXTREMES.get(f, ())]
        there = np.any([plain(one) == s for s in selected], axis=0) if selected else True
        equal = (plain(one) == plain(other)) & _apart(one, other) & there
        self._note_where("kink", name, equal, [plain(one)])

    def _see_pairs(self, name: str, a: Any, b: Any) -> None:
        """Elements of one array that are equal to elements of another."""
        self.see_tie("tie", name, np.reshape(as_array(a), (-1, 1)), np.reshape(as_array(b), -1))

    def _see_keys(self, keys: Any, order: Any) -> None:
        """Neighbours whose keys are equal up to one that distinguishes them: the last is first."""
        together: Any = True
        for key in reversed([as_array(k)[order] for k in keys]):
            one, other = key[1:], key[:-1]
            together = together & (plain(one) == plain(other))
            self._note_where("kink", "np.lexsort", together & _apart(one, other), [plain(one)])


def _step(name: str, row: str) -> Any:
    """int(x), math.floor(x) and so on: plain numbers, and a jump where they step."""

    def method(self: Any, *args: Any) -> Any:
        watch = _watch_of((self,))
        if watch is not None:
            with _quietly():
                watch._see_kinks(row, (self, *(a for a in args if a is not None)))
        return getattr(Dual, name)(self, *args)

    return method


def _comparison(name: str, sign: str) -> Any:
    compare = getattr(operator, name)

    def method(self: Any, other: Any) -> Any:
        if not is_operand(other):
            return NotImplemented
        _compared(self, other, sign)
        return compare(plain(self), plain(other))

    return method


class _Watched(Dual):
    """A dual that looks at the questions it is asked."""

    __slots__ = ()
    __hash__ = Dual.__hash__

    __lt__, __le__ = _comparison("lt", "<"), _comparison("le", "<=")
    __gt__, __ge__ = _comparison("gt", ">"), _comparison("ge", ">=")
    __eq__, __ne__ = _comparison("eq", "=="), _comparison("ne", "!=")

    __int__, __trunc__ = _step("__int__", "trunc"), _step("__trunc__", "trunc")
    __floor__, __ceil__ = _step("__floor__", "floor"), _step("__ceil__", "ceil")
    __round__ = _step("__round__", "round")

    def __bool__(self) -> bool:
        _compared(self, 0.0, "truth")
        return bool(plain(self))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and ufunc.__name__ in _SIGNS:
            _compared(inputs[0], inputs[1], _SIGNS[ufunc.__name__])
        watch = _watch_of(inputs)
        if watch is None or method == "__call__":
            return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)
        with watch.during(f"np.{ufunc.__name__}.{method}"):
            y = super().__array_ufunc__(ufunc, method, *inputs, **kwargs)
        if method == "reduce":
            with _quietly():
                watch.see_function(ufunc.reduce, {"a": inputs[0], "axis": 0} | kwargs, y)
        return y

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        watch = _watch_of(leaves([args, kwargs]))
        if watch is None:
            return super().__array_function__(func, types, args, kwargs)
        with watch.during(f"np.{func.__name__}"):
            y = super().__array_function__(func, types, args, kwargs)
        if func in LOOKED_AT and not watch.inside:
            with _quietly():
                given = inspect.signature(func).bind(*args, **kwargs).arguments
                watch.see_function(func, given, y)
        return y


class _WatchedDual(_Watched):
    __slots__ = ()


class _WatchedArray(_Watched, DualArray):
    __slots__ = ()

    def astype(self, dtype: Any, *args: Any, **options: Any) -> Any:
        watch = _watch_of((self,))
        if watch is not None and np.dtype(dtype).kind in "iu":
            with _quietly():
                watch._see_kinks("trunc", (self,))
        return super().astype(dtype, *args, **options)


# Duals of inner derivatives over watched ones look at comparisons too.
DUAL_OF.update({_WatchedDual: _WatchedDual, _WatchedArray: _WatchedArray})


def _watch_of(numbers: Any) -> _Watch | None:
    for x in numbers:
        while isinstance(x, Dual):
            if isinstance(x.level, _Watch):
                return x.level
            x = x.primal
    return None


def as_array(x: Any) -> Any:
    """The same numbers in an array, at a plain level."""
    return np.stack([unwatched(x)])[0] if is_operand(x) else np.stack([unwatched(v) for v in x])


def unwatched(x: Any) -> Any:
    """The same number for the audit's own arithmetic, at a plain level."""
    if not isinstance(x, Dual):
        return x
    return dual(unwatched(x.primal), unwatched(x.tangent), int(x.level))


def _compared(a: Any, b: Any, sign: str) -> None:
    """Two numbers are compared, by the audited code unless by dualad itself."""
    watch = _watch_of((a, b))
    caller = sys._getframe(2).f_code.co_filename
    if watch is None or (is_ours(caller) and not is_hook(caller)):
        return
    with _quietly():
        watch.see_tie("tie", sign, a, b)
        texts = [_text(plain(x)) for x in (a, b)]
        watch.decision = Finding("constant", sign, " and ".join(texts), *_place())


def _apart(a: Any, b: Any) -> Any:
    """Where the tangents of two numbers differ, at any level; in the shape of the values."""
    difference = unwatched(a) - unwatched(b)
    found: Any = False
    while isinstance(difference, Dual):
        some = np.asarray(plain(difference.tangent)) != 0
        found = found | (some.any(axis=0) if some.ndim > np.ndim(difference.primal) else some)
        difference = difference.primal
    return found


@contextmanager
def _quietly() -> Iterator[None]:
    """The audit neither warns nor raises: if something is wrong, the code itself will say it."""
    with np.errstate(all="ignore"), suppress(ArithmeticError, TypeError, ValueError):
        yield


# -- texts and places ----------------------------------------------------------------------


def _place() -> tuple[str, int]:
    """The user's line that is running."""
    frame = user_frame()
    return (frame.f_code.co_filename, frame.f_lineno) if frame else ("", 0)


def _infinite_and_nan(x: Any) -> tuple[Any, Any]:
    nan = np.asarray(x != x, bool)
    return ~nan & np.asarray(x - x != 0, bool), nan


def _not_finite(x: Any) -> dict[str, Any]:
    """Which of inf and nan is among these numbers, and where."""
    if isinstance(x, (int, float)) and math.isfinite(x):
        return {}
    with np.errstate(all="ignore"):
        found = zip(("inf", "nan"), _infinite_and_nan(np.asarray(x)), strict=True)
        return {name: bad for name, bad in found if bad.any()}


def _text(x: Any) -> str:
    return repr(as_number(x[()] if isinstance(x, np.ndarray) and not x.ndim else x))
