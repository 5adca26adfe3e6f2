"""Series: the tangent as the coefficients of a power series, one in each direction.

    x(t) = x₀ + x₁·t + x₂·t² + …            primal x₀, directions x₁, x₂, …
    y = f(x),  y′ = slope·x′                y_n = 1/n · Σ j·x_j·s_{n−j},  s = slope(x(t), y(t))

So the table's slopes are all that is needed: they are series themselves, whose coefficients are
calculated when they are asked for. Each is kept, so that sin and cos close their loop, and order k
costs k² steps. Linear functions of arrays do to each direction what they do to any; a product is
that of polynomials. What treats tangents in another way is refused by name.
"""

from __future__ import annotations

import copy
import functools
import math
import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import product as tuples
from types import FrameType
from typing import Any

import numpy as np

from .arguments import Inputs, Outputs
from .array.algebra import SumOfProducts
from .array.operands import as_operand
from .array.protocols import ARRAY_FUNCTIONS, implements
from .array_rules import common
from .array_rules.matrices import adjoint, from_triangle, is_singular
from .conversions import as_number, as_numpy, as_python, of_same_kind
from .differentiations import Doubt, note_refusal, noted_of
from .dual import Dual, evaluate, for_slopes, namespace_for, slope_of, value_of
from .frames import name_of_call
from .kernel import DRIVERS, KERNEL
from .levels import ParticipatingLevel, fresh_level
from .looks import is_plain
from .mixing import watch_mixing
from .namespaces import CONSTANTS, Namespace, is_exact
from .numerics import quiet
from .pair import (
    Function,
    Pair,
    fit,
    is_array,
    map_leaves,
    moved,
    newest,
    of_parts,
    own,
    parts,
    plain,
    shape_of,
)
from .passes import forward
from .promises import Differentiation, Picked, nan_where, settle, settle_orders
from .ranges import narrowed, nears_end, range_of, wider
from .rules import Rule
from .structure import leaves
from .table import RULES
from .zeros import is_finite, strong_product

# -- one application of a row ------------------------------------------------------------------


class Term(Dual):
    """A series within one row: its first coefficients are known, and the next can be had.

    It is a dual, so that slopes of any kind can calculate with it.
    """

    __slots__ = ("rule", "args", "known", "last", "times", "slopes")
    rule: Rule | None
    args: tuple[Any, ...]
    known: list[Any]  # coefficients 0, 1, …
    last: int  # behind this one all are zero
    times: list[Any]  # 0·c₀, 1·c₁, …, as far as they were asked for
    slopes: list[Any] | None
    level: Any

    def __add__(self, other: Any) -> Any:
        return self.level.term(_ADD, (self, other))

    def __radd__(self, other: Any) -> Any:
        return self.level.term(_ADD, (other, self))

    def __sub__(self, other: Any) -> Any:
        return self.level.term(_SUB, (self, other))

    def __rsub__(self, other: Any) -> Any:
        return self.level.term(_SUB, (other, self))

    def __mul__(self, other: Any) -> Any:
        return self.level.term(_MUL, (self, other))

    def __rmul__(self, other: Any) -> Any:
        return self.level.term(_MUL, (other, self))

    def __truediv__(self, other: Any) -> Any:
        return self.level.term(_DIV, (self, other))

    def __rtruediv__(self, other: Any) -> Any:
        return self.level.term(_DIV, (other, self))

    def __pow__(self, other: Any) -> Any:
        return self.level.term(_POW, (self, other))

    def __rpow__(self, other: Any) -> Any:
        return self.level.term(_POW, (other, self))

    def __neg__(self) -> Any:
        return self.level.term(_NEG, (self,))

    def __abs__(self) -> Any:
        return self.level.term(_ABS, (self,))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func is np.where and len(args) == 3 and not kwargs:
            c, a, b = args
            return _choose(plain(c), lambda: a, lambda: b)
        if func in (np.shape, np.ndim, np.size):
            return func(*map(plain, args), **kwargs)
        raise self.level.unable(
            TypeError(f"taylor: np.{func.__name__} has no series in the slope of a function.")
        )

    def upto(self, n: int) -> list[Any]:
        """The coefficients, n of them at least behind the first."""
        known = self.known
        while len(known) <= n:
            known.append(self._next(len(known)) if len(known) <= self.last else 0)
        return known

    def weighted(self, n: int) -> list[Any]:
        """The same, each times its power."""
        known, times = self.upto(n), self.times
        while len(times) <= n:
            times.append(len(times) * known[len(times)])
        return times

    def _next(self, n: int) -> Any:
        rule = self.rule
        assert rule is not None
        step = _DIRECT.get(rule)
        if step is not None:
            return step(self, n, *self.args)
        if rule.kind == "linear":
            return evaluate(rule, (self.args[0].upto(n)[n],))
        if self.slopes is None:
            self.slopes = [
                self.level.slope(rule, i, self) if type(a) is Term else None
                for i, a in enumerate(self.args)
            ]
        is_kinked = rule.kind == "kinked"
        total: Any = None
        for a, s in zip(self.args, self.slopes, strict=True):
            if type(a) is not Term:
                continue
            if type(s) is Term:
                start, stop = max(1, n - s.last), min(n, a.last)
                c = _convolved(a.weighted(n), s.upto(n - 1), start, stop, n, is_kinked)
                c = c / n if n > 1 else c
            else:
                c = _sum_of_products([a.upto(n)[n]], [s], is_kinked)
            total = c if total is None else total + c
        return total


def _convolved(
    a: list[Any], b: list[Any], start: int, stop: int, n: int, zero_slope_wins: bool
) -> Any:
    """Σ a_j·b_{n−j} for j from start to stop."""
    if start > stop:
        return 0
    slopes = b[n - stop : n - start + 1][::-1]
    return _sum_of_products(a[start : stop + 1], slopes, zero_slope_wins)


def _sum_of_products(
    times: Sequence[Any], slopes: Sequence[Any], zero_slope_wins: bool = False
) -> Any:
    """Σ j·x_j·s_{n−j}; a zero coefficient stays zero, also where a slope is infinite."""
    total = functools.reduce(operator.add, map(operator.mul, times, slopes))
    if total - total == 0 if type(total) is float else is_finite(total):
        return total
    if isinstance(total, Pair) and isinstance(total.level, SeriesLevel):
        return total  # whose products are not those of other duals
    return sum(strong_product(s, t, zero_slope_wins) for t, s in zip(times, slopes, strict=True))


def _coefficient(x: Any, n: int) -> Any:
    return x.upto(n)[n] if type(x) is Term else 0


def _added(y: Term, n: int, a: Any, b: Any) -> Any:
    return _coefficient(a, n) + _coefficient(b, n)


def _subtracted(y: Term, n: int, a: Any, b: Any) -> Any:
    return _coefficient(a, n) - _coefficient(b, n)


def _multiplied(y: Term, n: int, a: Any, b: Any) -> Any:
    if type(a) is not Term:
        return _sum_of_products([b.upto(n)[n]], [a])
    if type(b) is not Term:
        return _sum_of_products([a.upto(n)[n]], [b])
    start, stop = max(0, n - b.last), min(n, a.last)
    if start > stop:
        return 0
    left, right = a.upto(stop)[start : stop + 1], b.upto(n - start)[n - stop : n - start + 1]
    return functools.reduce(operator.add, map(operator.mul, left, reversed(right)))


def _divided(y: Term, n: int, a: Any, b: Any) -> Any:
    if type(b) is not Term:
        return _coefficient(a, n) / b
    stop = min(n, b.last)
    rest = functools.reduce(
        operator.add, map(operator.mul, b.upto(stop)[1 : stop + 1], y.known[n - 1 :: -1])
    )
    return (_coefficient(a, n) - rest) / b.known[0]


_ADD, _SUB, _MUL, _DIV = (RULES[name] for name in ("add", "sub", "mul", "div"))
_POW, _NEG, _ABS = (RULES[name] for name in ("pow", "neg", "abs"))
_DIRECT: dict[Rule, Callable[..., Any]] = {
    _ADD: _added,
    _SUB: _subtracted,
    _MUL: _multiplied,
    _DIV: _divided,
}
_POLYNOMIAL = (_ADD, _SUB, _MUL, _NEG)
_OPERATORS: dict[Rule, Callable[..., Any]] = {
    _ADD: operator.add,
    _SUB: operator.sub,
    _MUL: operator.mul,
    _DIV: operator.truediv,
}
_WHERE = Rule("_where(c, a, b)", None, None, None)  # of an array of answers


def _chosen(y: Term, n: int, c: Any, a: Any, b: Any) -> Any:
    return np.where(c, _coefficient(a, n), _coefficient(b, n))


_DIRECT[_WHERE] = _chosen


def _choose(c: Any, a: Callable[[], Any], b: Callable[[], Any]) -> Any:
    """a() or b(), element by element where c is an array of answers."""
    if np.ndim(c) == 0 or c.all() or not c.any():
        return a() if np.all(c) else b()
    x, y = a(), b()
    some = next((t for t in (x, y) if type(t) is Term), None)
    if some is None:
        return np.where(c, x, y)
    first = np.where(c, *(t.primal if type(t) is Term else t for t in (x, y)))
    return some.level.made_term(_WHERE, (c, x, y), first)


def _supply(rule: Rule) -> Callable[..., Any]:
    """The function of a row, for terms and numbers."""

    def call(*args: Any) -> Any:
        for a in args:
            if type(a) is Term:
                return a.level.term(rule, args)
        return evaluate(rule, args)

    return call


def _space(namespace: Namespace) -> Namespace:
    """The same namespace, its functions taking terms; constants keep their precision."""
    if "of series" not in namespace.compiled:
        namespace.compiled["of series"] = Namespace(
            namespace.name,
            {n: f for n, f in namespace.functions.items() if n in CONSTANTS} | {"choose": _choose},
            is_complex=namespace.is_complex,
            is_array=namespace.is_array,
            convert=namespace.convert,
            supply=_supply,
        )
    result: Namespace = namespace.compiled["of series"]
    return result


# -- the level ---------------------------------------------------------------------------------


_of_floats: Function = KERNEL.series if KERNEL else lambda *parts: NotImplemented


class SeriesLevel(ParticipatingLevel):
    """A level whose tangents are coefficients 1 to `order`, in the axis of directions.

    Attributes
    ----------
    order : int
        How many coefficients there are behind the first.
    along : float
        The step in a number that the kernel expands in.
    is_unable : bool
        Whether a function has no series, or none at this point.
    has_other_way : bool
        Whether the caller takes nested duals where there is no series.
    """

    order: int
    along: float
    has_series = True
    is_unable = False
    has_other_way = True
    _terms: dict[Any, Term]  # of the row that is applied
    _namespace: Namespace

    # the seam

    def made(self, primal: Any, tangent: Any) -> Any:
        note_refusal(self)
        raise self.unable(_no_series(sys._getframe(2)))  # who has called `readable_dual`

    def moved(self, primal: Any, tangent: Any) -> Any:
        if tangent is None:  # of a term, which the levels within a slope have taken apart
            raise self.unable(
                TypeError(
                    "taylor: a slope that is itself calculated by derivatives has no series; "
                    "write it in functions that have one."
                )
            )
        made = _of_floats(primal, tangent, self)
        return of_parts(primal, tangent, self) if made is NotImplemented else made

    def applies(self, rule: Rule, args: tuple[Any, ...]) -> Any:
        if any(type(a) is Term for a in args):
            return self.term(rule.table_row, args)
        split = [parts(a, self) for a in args]
        primals = tuple([primal for primal, _ in split])
        namespace = namespace_for(primals)
        if namespace is None or rule.kind == "linear" or rule.is_composed(namespace):
            return NotImplemented
        y = noted_of(rule, value_of(rule, primals), args)
        if rule.kind == "flat":
            return y
        found, missing = _by_recurrence(rule, self.order, y, split)
        if found is None:
            return self.dual(y, self._by_slopes(rule, y, split))
        if missing is not None:
            there = [_elements(missing, x, t) for x, t in split]
            found[:, missing] = np.stack(self._by_slopes(rule, y[missing], there))
        return moved(y, found, self)

    def _by_slopes(self, rule: Rule, y: Any, split: Sequence[tuple[Any, Any]]) -> list[Any]:
        """The coefficients of y."""
        given = [None if t is None else _shortened(_listed(t, primal)) for primal, t in split]
        numbers = as_python((*(primal for primal, _ in split), y))
        try:
            with quiet():
                found = self._coefficients(rule, numbers, given)
        except (ArithmeticError, ValueError) as error:  # as in sqrt at 0
            if any(is_exact(plain(x)) for x in numbers):
                raise self.unable(error) from None
            if all(isinstance(plain(x), (np.generic, np.ndarray)) for x in numbers):
                raise self.unable(error) from None
            ieee = tuple(map_leaves(as_numpy, x) for x in numbers)
            given = [t and [map_leaves(as_numpy, c) for c in t] for t in given]
            with quiet():
                found = self._coefficients(rule, ieee, given)
        return self._in_range(rule, numbers, given, found)

    def product(self, f: SumOfProducts, args: Sequence[Any]) -> Any:
        """The product of polynomials."""
        split = [parts(a, self) for a in args]
        each = [[p] if t is None else [p, *_listed(t, p)] for p, t in split]
        y = f(*(p for p, _ in split))

        def coefficient(places: Sequence[int]) -> Any:
            factors = [c[j] for c, j in zip(each, places, strict=True)]
            return f.strong_at(*(i for i, j in enumerate(places) if j))(*factors)

        with quiet():
            found = [
                sum(coefficient(places) for places in which)
                for which in _places([len(c) for c in each], self.order)
            ]
        return self.dual(y, found)

    # series

    def unable(self, error: Exception) -> Exception:
        """The error, which is noted."""
        self.is_unable = True
        return error

    def seed(self, x: Any, along: Any) -> Any:
        """x + along·t, as a dual."""
        if along is None or not self.order:
            return x
        if type(along) is np.ndarray and along.dtype == float:
            tangent = np.zeros((self.order, *along.shape))
            tangent[0] = along
            return moved(x, tangent, self)
        return self.dual(x, [along, *[along * 0] * (self.order - 1)])

    def dual(self, y: Any, found: Sequence[Any]) -> Any:
        """The series that begins with y."""
        return moved(y, _stacked(found, y), self)

    def _coefficients(
        self, rule: Rule, numbers: tuple[Any, ...], given: Sequence[list[Any] | None]
    ) -> list[Any]:
        namespace, (*values, y) = for_slopes(rule, numbers)
        self._terms, self._namespace = {}, _space(namespace)
        terms = [
            x if c is None else self.made_term(None, (), x, c)
            for x, c in zip(values, given, strict=True)
        ]
        row = rule.table_row
        whole = self._terms[self._key(row, terms)] = self.made_term(row, tuple(terms), y)
        found = whole.upto(self.order)[1:]
        if all(map(is_finite, found)):
            return found
        flat = _where_flat(row, namespace, (*values, y), given)
        if np.ndim(flat):
            return [np.where(flat, 0, c) for c in found]
        return [0 if flat else c for c in found]

    def _in_range(
        self, rule: Rule, args: tuple[Any, ...], given: Sequence[list[Any] | None], found: list[Any]
    ) -> list[Any]:
        """The coefficients; from numbers of a wider range where they may have left that of theirs.

        For a series can do so on the way: of 1/x at 1e-200 the second coefficient is 1e600·x₁².
        """
        known = [*args, *found, *(c for each in given if each for c in each)]
        here = range_of(*known)
        if here is None:
            return found
        known += [c for term in self._terms.values() for c in term.known]
        if not any(nears_end(c, here) for c in known):
            return found
        *xs, y = (wider(x, here) for x in args)
        given = [t and [wider(c, here) for c in t] for t in given]
        try:
            with quiet():
                y = value_of(rule.table_row, tuple(xs))
                again = self._coefficients(rule, (*xs, y), given)
        except (TypeError, ValueError, ArithmeticError):  # not for such numbers
            return found
        with quiet():
            return [narrowed(new, old, here) for new, old in zip(again, found, strict=True)]

    def made_term(
        self, rule: Rule | None, args: tuple[Any, ...], first: Any, others: Sequence[Any] = ()
    ) -> Term:
        """A series that begins so."""
        term: Term = object.__new__(Term)
        term.level, term.primal, term.tangent = self, first, None
        term.rule, term.args, term.slopes = rule, args, None
        term.known, term.times = [first, *others], []
        term.last = len(others) if rule is None else self._last(rule, args)
        return term

    def _last(self, rule: Rule, args: tuple[Any, ...]) -> int:
        """Polynomials remain polynomials."""
        if rule in _POLYNOMIAL or (rule is _DIV and type(args[1]) is not Term):
            degrees = [a.last if type(a) is Term else 0 for a in args]
            return min(self.order, sum(degrees) if rule is _MUL else max(degrees))
        return self.order

    def _key(self, rule: Rule, args: Sequence[Any]) -> Any:
        return rule, *(a if type(a) in (int, float) else id(a) for a in args)

    def term(self, rule: Rule, args: tuple[Any, ...]) -> Any:
        """What a row gives for terms."""
        key = self._key(rule, args)
        found = self._terms.get(key)
        if found is not None:
            return found
        if rule.is_composed(self._namespace):
            return rule.composition_in(self._namespace)(*args)
        values = tuple([a.primal if type(a) is Term else a for a in args])
        first = _OPERATORS[rule](*values) if rule in _OPERATORS else evaluate(rule, values)
        if rule.kind == "flat":
            return first
        self._terms[key] = found = self.made_term(rule, args, first)
        return found

    def slope(self, rule: Rule, i: int, y: Term) -> Any:
        """The slope in argument i, along the series of the arguments."""
        if rule is _POW and i == 0 and type(y.args[1]) is not Term:
            a, b = y.args
            at, least = plain(a.primal), _least(y.primal)
            size = abs(plain(y.primal))  # below the least, digits of the power are lost
            cancels = any(np.any(b == n) for n in range(1, self.order + 1))  # where a is small
            is_sound = (at != 0) & (at - at == 0) & (size != 0) & (size >= least) & (size < np.inf)
            if np.all(is_sound) and not cancels:
                return b * y / a  # which closes the loop at once
        return rule.slope_in(self._namespace, i)(*y.args, y)


def _where_flat(
    rule: Rule, namespace: Namespace, numbers: tuple[Any, ...], given: Sequence[list[Any] | None]
) -> Any:
    """Where an argument is infinite, and the result follows neither it nor another that moves."""
    still, far = True, False
    for i, (x, c) in enumerate(zip(numbers, given, strict=False)):
        if c is None:
            continue
        slope, is_far = plain(slope_of(rule, i, namespace, numbers)), abs(plain(x)) == math.inf
        size = functools.reduce(operator.add, (abs(plain(each)) for each in c))
        still = still & (slope == 0) & (size == size) & (is_far | (size < math.inf))
        far = far | is_far
    return still & far


def _by_recurrence(
    rule: Rule, order: int, y: Any, split: Sequence[tuple[Any, Any]]
) -> tuple[Any, Any]:
    """The tangent of an array of floats, compiled, and at which elements that was not possible.

    None if there is no recurrence for it, and if all elements have their coefficients.
    """
    if not KERNEL or type(y) is not np.ndarray or y.dtype != float or len(split) > 2 or not y.size:
        return None, None
    for primal, tangent in split:
        if tangent is not None and (type(tangent) is not np.ndarray or tangent.dtype != float):
            return None, None
        if type(primal) is not np.ndarray:
            if type(primal) not in (float, int, np.float64):
                return None, None
        elif primal.dtype != float:
            return None, None
    (a, a_dot), (b, b_dot) = split if len(split) == 2 else (*split, (None, None))
    found = KERNEL.series_of_arrays(rule.name, order, y, a, a_dot, b, b_dot)
    return (None, None) if found is None or np.all(found[1]) else found


def _elements(which: Any, x: Any, tangent: Any) -> tuple[Any, Any]:
    """The elements of an argument there, and their coefficients."""
    if not is_array(x):
        return x, None if tangent is None else np.stack([tangent] * np.count_nonzero(which), -1)
    ones = (1,) * (which.ndim - x.ndim)
    if tangent is not None:
        tangent = np.reshape(tangent, (len(tangent), *ones, *x.shape))
        tangent = np.broadcast_to(tangent, (len(tangent), *which.shape))[:, which]
    return np.broadcast_to(x, which.shape)[which], tangent


def _least(y: Any) -> float:
    """The smallest number with all digits in the precision of y."""
    y = plain(y)
    if is_exact(y):
        return 0.0
    return float(np.finfo(getattr(y, "dtype", float)).tiny)


def _places(lengths: Sequence[int], order: int) -> Iterator[list[tuple[int, ...]]]:
    """Which coefficients make coefficient 1, 2, … of a product."""
    every = list(tuples(*(range(n) for n in lengths)))
    for n in range(1, order + 1):
        yield [places for places in every if sum(places) == n]


def _listed(tangent: Any, primal: Any) -> list[Any]:
    """The coefficients in a tangent."""
    if is_plain(tangent, np.ndarray) and not is_array(primal):
        found: list[Any] = tangent.tolist()
        return found
    return [c if is_array(c) else as_number(c) for c in tangent]


def _shortened(coefficients: list[Any]) -> list[Any]:
    """Without zeros at the end, but for one."""
    while len(coefficients) > 1:
        last = coefficients[-1]
        if isinstance(last, Pair):  # of which a tangent may be other than zero
            break
        if last != 0 if type(last) is float else np.any(last):
            break
        coefficients.pop()
    return coefficients


def _stacked(found: Sequence[Any], y: Any) -> Any:
    """Coefficients as the tangent of y."""
    shape = shape_of(y)
    if not (shape or is_array(y)):
        if any(isinstance(c, Pair) for c in found):
            return np.stack(found)
        number = plain(y)
        if is_exact(number) or any(map(is_exact, found)):  # as of arctan at a Fraction
            return np.array([*found, None], object)[:-1]
        kinds = {np.complex64 for c in found if isinstance(c, complex)}  # along a direction
        return np.array(found, np.result_type(np.asarray(number).dtype, np.float16, *kinds))
    return fit(np.stack([np.broadcast_to(c, shape) for c in found]), y)


# -- array functions ---------------------------------------------------------------------------


def _no_series(frame: FrameType | None) -> TypeError:
    """The error for a function that knows no more than first derivatives."""
    return TypeError(
        f"taylor: {name_of_call(frame)} has no series; write it in functions that have one."
    )


Own = Callable[..., Any]


_other_norms = ARRAY_FUNCTIONS[np.linalg.norm]


def _for_series(numpy_function: Callable[..., Any]) -> Callable[[Own], Own]:
    """Enter what a function of NumPy does to series; other duals go where they went."""
    before = ARRAY_FUNCTIONS[numpy_function]

    def enter(own: Own) -> Own:
        def call(*args: Any, **kwargs: Any) -> Any:
            duals = [x for x in leaves(list(args)) if isinstance(x, Dual)]
            is_series = bool(duals) and isinstance(newest(duals), SeriesLevel)
            return (own if is_series else before)(*args, **kwargs)

        implements(numpy_function)(call)
        return own

    return enter


def _with_room(x: Any) -> Any:
    """An array whose products are in range: of wider numbers, if those of its own may not be."""
    each = (x.primal, x.tangent) if isinstance(x, Dual) else (x,)
    here = range_of(*each)
    return x.astype(here.wider) if here and any(nears_end(c, here) for c in each) else x


@_for_series(np.prod)
def _prod(*args: Any, **kwargs: Any) -> Any:
    return common.valued(np.prod, _product, args, kwargs)


def _product(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    a = common.as_dtype(common.array(a), dtype)
    if where is not True:
        a = np.where(plain(common.array(where)), a, 1)
    y = common.merged(a, axis)
    y = _with_room(y)
    while (n := y.shape[-1]) > 1:
        half = n // 2
        y = np.concatenate([y[..., :half] * y[..., half : 2 * half], y[..., 2 * half :]], axis=-1)
    y = y[..., 0] if n else np.ones(y.shape[:-1])
    if keepdims:
        y = np.reshape(y, common.reduced(a.shape, axis, True))
    return y if initial is None else initial * y


@_for_series(np.cumprod)
def _cumprod(*args: Any, **kwargs: Any) -> Any:
    return common.valued(np.cumprod, _running_products, args, kwargs)


def _running_products(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    a = common.as_dtype(common.array(a), dtype)
    if axis is None:
        a, axis = np.reshape(a, -1), -1
    found: list[Any] = []
    for x in np.moveaxis(_with_room(a), axis, 0):
        found.append(found[-1] * x if found else x)
    return common.into(out, np.stack(found, axis) if found else a)


_NORMS = (None, 2, "fro", "f")  # of vectors and matrices


@_for_series(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    ndim = np.ndim(x) if axis is None else np.size(axis)
    if ord not in _NORMS or (ord == 2 and ndim != 1) or (ndim == 1 and ord in ("fro", "f")):
        return _other_norms(x, ord, axis, keepdims)

    def composed(x: Any) -> Any:
        x = _with_room(common.array(x))
        squares = x.real**2 + x.imag**2 if np.iscomplexobj(plain(x)) else x * x
        return np.sqrt(np.sum(squares, axis=axis, keepdims=keepdims))

    def f(x: Any) -> Any:
        return np.linalg.norm(x, ord, axis, keepdims)

    return common.valued(f, composed, (x,), {})


def _matrices(a: Any, level: SeriesLevel) -> list[Any]:
    """The coefficients of a matrix; zeros behind a constant."""
    value, tangent = parts(a, level)
    if tangent is None:
        return [value, *[np.zeros_like(plain(value))] * level.order]
    return [value, *_listed(tangent, value)]


@_for_series(np.linalg.inv)
def _inv(a: Any) -> Any:
    y = np.linalg.inv(a.primal)
    return a.level.dual(y, _inverse(_matrices(a, a.level), y)[1:])


def _inverse(each: Sequence[Any], first: Any) -> list[Any]:
    """The inverse of a series of matrices, which begins so: a·y = 1 in each coefficient."""
    found = [first]
    for n in range(1, len(each)):
        rest = sum(each[j] @ found[n - j] for j in range(1, n + 1))
        found.append(-(first @ rest))
    return found


@_for_series(np.linalg.solve)
def _solve(a: Any, b: Any) -> Any:
    a, b = as_operand(a), as_operand(b)
    if np.ndim(b) == 1:
        return np.linalg.solve(a, b[:, None])[..., 0]
    level = newest([x for x in (a, b) if isinstance(x, Dual)])
    left, right = _matrices(a, level), _matrices(b, level)  # type: ignore[arg-type]
    found = [np.linalg.solve(left[0], right[0])]
    inverse = np.linalg.inv(left[0])
    ratios = [inverse @ c for c in left[1:]]  # which stay in range where the products do not
    for n in range(1, len(left)):
        rest = sum(ratios[j - 1] @ found[n - j] for j in range(1, n + 1))
        found.append(inverse @ right[n] - rest)
    return level.dual(found[0], found[1:])  # type: ignore[attr-defined]


@_for_series(np.linalg.cholesky)
def _cholesky(a: Any, *, upper: bool = False) -> Any:
    """L_n = L₀·Φ(L₀⁻¹·(A_n − Σ L_j·L_{n−j}ᴴ)·L₀⁻ᴴ), Φ what is below, and half of the diagonal."""
    y = np.linalg.cholesky(a.primal, upper=upper)
    each = [from_triangle(c, "U" if upper else "L") for c in _matrices(a, a.level)]
    found = [adjoint(y) if upper else y]
    inverse = np.linalg.inv(found[0])
    for n in range(1, len(each)):
        rest = each[n] - sum(found[j] @ adjoint(found[n - j]) for j in range(1, n))
        both = inverse @ rest @ adjoint(inverse)
        found.append(found[0] @ (np.tril(both) - np.eye(both.shape[-1]) * both / 2))
    return a.level.dual(y, [adjoint(c) if upper else c for c in found[1:]])


@_for_series(np.linalg.det)
def _det(a: Any) -> Any:
    """y′ = y·tr(a⁻¹·a′).

    Terms of high powers of the inverse cancel, so that nested duals, which need none, come first.
    """
    y = np.linalg.det(a.primal)
    each = _matrices(a, a.level)
    is_nested = a.level.has_other_way and a.level.order <= MOST_NESTED
    if is_nested or np.any(is_singular(plain(each[0]))):  # an inverse would be chance
        note_refusal(a.level)
        raise a.level.unable(
            TypeError(
                "taylor: np.linalg.det of a singular matrix has no series; write the determinant "
                "as a sum of products, or take its derivatives by derivative(f, order=2) and so on."
            )
        )
    inverse = _inverse(each, np.linalg.inv(each[0]))
    traces = [
        sum(
            (j + 1) * np.trace(inverse[n - j] @ each[j + 1], axis1=-2, axis2=-1)
            for j in range(n + 1)
        )
        for n in range(len(each) - 1)
    ]
    found = [y]
    for n in range(1, len(each)):
        found.append(sum(traces[m] * found[n - 1 - m] for m in range(n)) / n)
    return a.level.dual(y, found[1:])


# -- one evaluation ----------------------------------------------------------------------------


class NoSeries(Exception):
    """A function has no series, but may have derivatives."""


def expanded(
    inputs: Inputs, along: Sequence[Any], order: int, is_optional: bool = False
) -> tuple[Outputs, list[list[Any]]]:
    """The outputs of f, and the coefficients 0 to `order` of each along a direction.

    Raises
    ------
    NoSeries
        If `is_optional`, and f uses a function that has none, even if f has caught the error.
    """

    outputs, why = _evaluated(inputs, along, order, is_optional)
    settle_series(why, inputs, along, outputs, order)
    found = []
    for value, tangent in zip(outputs.values, outputs.tangents, strict=True):
        tangent = None if tangent is None else nan_where(value, tangent)
        rest = _coefficients_of(value, tangent, order)
        if not is_array(value):
            rest = rest if tangent is None else [of_same_kind(c, value) for c in rest]
        elif not shape_of(value):
            rest = [fit(np.reshape(np.stack([c]), ()), value) for c in rest]
        found.append([value, *rest])
    return outputs, found


def _evaluated(
    inputs: Inputs, along: Sequence[Any], order: int, is_optional: bool = False
) -> tuple[Outputs, Doubt]:
    """The outputs, whose tangents are coefficients, and what makes them doubtful."""
    with Differentiation(inputs.driver) as work:
        level = _begun(work.level, order)
        level.has_other_way = is_optional
        seeds = [level.seed(own(x), v) for x, v in zip(inputs.leaves, along, strict=True)]
        if inputs.is_elementwise:
            watch_mixing(level)
        try:
            y = inputs.call(seeds)
        except Exception as error:
            if is_optional and level.is_unable:
                raise NoSeries from error
            raise
        if is_optional and level.is_unable:
            raise NoSeries
        outputs = Outputs(inputs.driver, y, level)
    return outputs, work.why


def settle_series(
    why: Doubt, inputs: Inputs, along: Sequence[Any], outputs: Outputs, order: int
) -> None:
    """Look into outputs along a direction, order by order, if they are doubtful."""

    def slopes_at(points: list[Any]) -> list[Any]:
        at = copy.copy(inputs)
        at.leaves = points
        return _with_slopes(_evaluated(at, along, order)[0], order).values

    settle(
        *(why, inputs, along, outputs, False, forward(along, False)),
        lambda at: _evaluated(at, along, order)[0],
        lambda: _first_slopes(outputs, order),
        has_more=order > 1,
    )
    if order > 1 and why.all:
        of_slopes = Inputs(inputs.driver, slopes_at, 0, (inputs.leaves,), {})
        settle_orders(why, inputs, of_slopes, along, _with_slopes(outputs, order))


def _first_slopes(outputs: Outputs, order: int) -> Picked:
    """The outputs with their first derivatives."""
    found = copy.copy(outputs)
    found.tangents = [
        None if t is None else plain(_coefficients_of(value, t, order)[0])
        for value, t in zip(outputs.values, outputs.tangents, strict=True)
    ]
    return Picked(found)


def _with_slopes(outputs: Outputs, order: int) -> Outputs:
    """The coefficients but the last as outputs, whose slopes are the others."""
    each = [
        [plain(value), *map(plain, _coefficients_of(value, tangent, order))]
        for value, tangent in zip(outputs.values, outputs.tangents, strict=True)
    ]
    found = Outputs(outputs.driver, [c for row in each for c in row[:-1]], fresh_level())
    found.tangents = [k * c for row in each for k, c in enumerate(row[1:], 1)]
    return found


def _coefficients_of(value: Any, tangent: Any, order: int) -> list[Any]:
    """Those behind the first."""
    return [_zero(value)] * order if tangent is None else _listed(tangent, value)


def _zero(value: Any) -> Any:
    """A coefficient of what does not move: nan where that is, not where it is infinite."""
    if isinstance(value, (float, complex)):
        zero = type(value)(0)
    elif isinstance(value, int) or is_exact(plain(value)):
        zero = value * 0
    else:
        zero = np.zeros_like(value)[()]
    return nan_where(value, zero)


MOST_NESTED = 6  # up to this order nested duals are quick enough to be tried next


@functools.cache
def scale_of(order: int) -> tuple[float, float, int]:
    """A power of two h, and factor and exponent of order!/h**order = factor·2**exponent.

    Along h·t the last coefficient is about as large as the derivative, and so neither under- nor
    overflows before that does; and powers of two do not round.
    """
    factorial = math.factorial(order)
    bits = factorial.bit_length()
    scale = round(math.log2(factorial) / order)
    return 2.0**scale, factorial / (1 << bits), bits - scale * order


def _begun(level: int, order: int, along: float = 1.0) -> SeriesLevel:
    """A level for series of an order, which takes part in one that is open."""
    result = SeriesLevel(level)
    result.order, result.along = order, along
    return result


if KERNEL:
    KERNEL.connect_series(SeriesLevel)
if DRIVERS:
    DRIVERS.connect_series(_begun, scale_of, MOST_NESTED)
