"""Duals for solvers that know only plain numbers: taken apart, and put together again.

A number with tangents of some levels is a plain number plus a nilpotent one, whose powers beyond
the number of levels vanish. So whatever is a series in the nilpotent part is a short sum.

In reverse mode tangents are forms. A solver that carries tangents as numbers gets them as those of
forward mode, in the directions of all that the solver's functions take from outside (`Basis`); the
result is a form of these again. What is linear, and known to SciPy alone, is pulled back by its
transpose, or else by its matrix.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import numpy as np

from ..array.algebra import linear
from ..array.operands import as_operand, unbuffered
from ..array.undefined import VALUES, Undefined, undefined
from ..array_tangents import ArrayTangent
from ..dual import Dual
from ..forms import Form, made_of, refuse
from ..kernel import KERNEL
from ..numerics import quiet
from ..pair import dual, fit, is_array, map_leaves, parts, plain, shape_of
from ..patterns import Pattern
from ..records import Gathered, Node, Step, Steps, fitted, next_number
from ..series import SeriesLevel
from ..structure import leaves, rebuild

# Newest first: each level, with (k,) for k directions, or () for one.
Levels = tuple[tuple[int, tuple[int, ...]], ...]


def levels_of(*given: Any, packed: bool = False) -> Levels:
    """The levels of all duals in (nested containers of) numbers, with their directions.

    `packed`: for `pack`, which needs a basis of forms.

    Raises
    ------
    ValueError
        If duals of one level differ in their number of directions.
    """
    found: dict[int, tuple[int, ...]] = {}
    for x in leaves(given):
        if type(x) is not float:
            _collect(as_operand(x), found, packed)
    return tuple(sorted(found.items(), reverse=True))


def order_of(*given: Any) -> int:
    """The highest power of what is nilpotent in these that is not zero.

    Each level adds one, and a series its order.
    """
    return sum(
        level.order if isinstance(level, SeriesLevel) else 1 for level, _ in levels_of(*given)
    )


def _collect(x: Any, found: dict[int, tuple[int, ...]], packed: bool) -> None:
    if not isinstance(x, Dual):
        return
    if packed and type(x) is _RECORDED and _is_covered(found.get(x.level), [x.place]):
        return _collect(x.primal, found, packed)
    if type(tangent := x.tangent) is float and found.setdefault(x.level, ()) == ():
        _collect(x.primal, found, packed)
        return
    if isinstance(tangent, Form):
        if packed:
            known = found.get(x.level)
            if not _is_covered(known, _places_of(tangent)):
                found[x.level] = Basis(x.level, known, _Local(tangent, x.level).origins)
        else:
            found[x.level] = ()
        _collect(x.primal, found, packed)
        return
    many = np.shape(x.tangent)[: np.ndim(x.tangent) - np.ndim(x.primal)]
    if found.setdefault(x.level, many) != many:
        raise ValueError(
            "cannot combine duals with different numbers of directions, "
            f"{found[x.level] or 'one'} and {many or 'one'}; give all the same number."
        )
    _collect(x.primal, found, packed)
    _collect(x.tangent, found, packed)


def _is_covered(known: Any, places: Sequence[int] | None) -> bool:
    """Whether a basis has all that numbers on the tape are made of."""
    return isinstance(known, Basis) and known.rows_at(places) is not None


class UnknownLevelError(Exception):
    """A dual of a level that was not there before."""

    def __init__(self, levels: Levels) -> None:
        super().__init__("a function returned duals of a level it had not shown before.")
        self.levels = levels


def pack(x: Any, levels: Levels) -> Any:
    """All parts of x in one plain array, of shape (1 + k₁, 1 + k₂, …, *x.shape)."""
    if not levels:
        if isinstance(x, Dual):
            raise UnknownLevelError(levels_of(x, packed=True))
        return np.asarray(x)
    (level, many), rest = levels[0], levels[1:]
    value, tangent = numeric_parts(x, level, many)
    if tangent is None:
        tangent = np.zeros(many + np.shape(value))
    first, others = pack(value, rest), pack(tangent, rest)
    if not many:
        others = others[None]
    elif rest:
        others = np.moveaxis(others, len(rest), 0)
    return np.concatenate([first[None], others])


def unpack(z: Any, levels: Levels) -> Any:
    """What `pack` took apart."""
    if not levels:
        return z.item() if isinstance(z, np.generic) else z
    (level, many), rest = levels[0], levels[1:]
    dot = z[1:] if many else z[1]
    if many and rest:
        dot = np.ascontiguousarray(np.moveaxis(dot, 0, len(rest)))
    tangent = unpack(dot, rest)
    if isinstance(many, Basis):
        tangent = many.form(tangent)
    return dual(unpack(z[0], rest), tangent, level)


def zero_of(levels: Levels) -> Any:
    """A zero of these levels."""
    return unpack(np.zeros([1 + (k or (1,))[0] for _, k in levels]), levels)


# -- forms as tangents of forward mode -----------------------------------------------------


class _Call(threading.local):
    """The innermost solver that is running: nodes with a lower number come from outside."""

    start = 0


_CALL = _Call()


@contextmanager
def from_outside() -> Iterator[None]:
    """Within: what is recorded belongs to a solver; all older numbers come to it from outside."""
    before, _CALL.start = _CALL.start, next_number()
    try:
        yield
    finally:
        _CALL.start = before


MANY = 32  # directions that a solver carries at once; with more, forward mode takes over if it may


class Basis(tuple[int, ...]):
    """The directions of a level that records: all elements of some nodes of its record."""

    level: Any
    nodes: dict[Any, Node]
    starts: dict[Any, int]  # of each, its first direction
    made: tuple[Node | None, Any]  # the latest form that was made, and its matrix

    def __new__(cls, level: Any, known: Any, more: dict[Any, Node]) -> Basis:
        nodes = {**known.nodes, **more} if isinstance(known, Basis) else more
        *starts, size = itertools.accumulate(map(_size, nodes.values()), initial=0)
        result = super().__new__(cls, (size,))
        result.level, result.nodes = level, nodes
        result.starts = dict(zip(nodes, starts, strict=True))
        result.made = None, None
        if level.is_optional and result[0] >= MANY:
            refuse("a solver with so many parameters")  # cheaply
        return result

    def matrix(self, x: Form) -> Any:
        """A form in these directions, of shape (k, *x.shape)."""
        if (rows := self.rows_at(_places_of(x))) is not None:
            return np.reshape(rows.T, (*self, *x.shape))
        record = _Local(x, self.level)
        if not record.origins.keys() <= self.nodes.keys():
            raise UnknownLevelError(((self.level, Basis(self.level, self, record.origins)),))
        units = np.reshape(np.eye(x.size, dtype=x.dtype), (x.size, *x.shape))
        matrix = self._rows(record, units)
        if not self.is_real:
            turned = self._rows(record, units * -1j) if x.dtype.kind == "c" else None
            if turned is None or not np.allclose(plain(turned), -1j * plain(matrix)):
                refuse("a function that is not holomorphic, within a solver,")
        elif x.dtype.kind == "c":
            matrix = matrix + 1j * self._rows(record, units * -1j)
        return np.reshape(matrix.T, (*self, *x.shape))

    def rows_at(self, places: Sequence[int] | None) -> Any:
        """Numbers on the tape in these directions, of shape (n, k); None if something else is
        needed to tell."""
        if places is None or not self.level.tape or not self.is_real:
            return None
        level, tape = self.level, self.level.tape
        lowest = level.length_at(_CALL.start)
        rows = np.zeros((len(places), *self))
        node, matrix = self.made
        for row, place in zip(rows, places, strict=True):
            made_of = tape.slopes_from(place, lowest)
            if made_of is None:
                return None
            for i, slope in made_of:
                whole = level.whole_at(i) if i >= 0 else (i, tape.externals[-2 - i])
                first, key = whole or (i, i)
                if key is node:
                    row += slope * matrix[:, i - first]
                elif key in self.starts:
                    row[self.starts[key] + i - first] += slope
                else:
                    return None
        return rows

    @property
    def is_real(self) -> bool:
        """Whether all of its numbers are."""
        return not any(n.dtype is not None and n.dtype.kind == "c" for n in self.nodes.values())

    def _rows(self, record: _Local, units: Any) -> Any:
        found, k = record.swept(units), len(units)
        parts = [
            np.reshape(found[key], (k, -1)) if key in found else np.zeros((k, _size(node)))
            for key, node in self.nodes.items()
        ]
        return np.concatenate(parts, axis=1) if parts else np.zeros((k, 0))

    def form(self, matrix: Any) -> Form:
        """The form that has this matrix."""
        shape = shape_of(matrix)[1:]
        flat = np.reshape(matrix, (*self, int(np.prod(shape))))
        sources = [_alive(self.level, n) for n in self.nodes.values()]
        shapes = [n.shape for n in sources]

        def pull(g: Any) -> list[Any]:
            front = shape_of(g)[: len(shape_of(g)) - len(shape)]
            g = np.reshape(g if shape_of(g) else np.stack([g]), (*front, flat.shape[1])) @ flat.T
            found, start = [], 0
            for each in shapes:
                stop = start + int(np.prod(each))
                found.append(np.reshape(g[..., start:stop], front + each))
                start = stop
            return found

        node = Node(shape, np.result_type(plain(matrix), 1.0), sources, pull)
        self.made = (node, flat) if isinstance(flat, np.ndarray) else (None, None)
        return Form(node)


def _places_of(x: Form) -> Sequence[int] | None:
    """Where all numbers of a form are on the tape, if they are."""
    node = x.node
    if isinstance(node, Step):
        return [node.at]
    return cast(Steps, node.sources).places.tolist() if isinstance(node, Gathered) else None


_RECORDED: Any = KERNEL.Recorded if KERNEL else None


def _alive(level: Any, node: Node) -> Node:
    return level.step_at(node.at) if isinstance(node, Step) else node


class _Local:
    """What a solver's function has recorded of a form, down to the numbers from outside.

    Attributes
    ----------
    origins : dict
        These numbers, by their place on the tape or by themselves.
    """

    many, lead = True, 1  # as `records.Sweep`, for the nodes

    def __init__(self, x: Form, level: Any) -> None:
        self.tape, self.first = level.tape, x.node
        self.start, self.lowest = _CALL.start, level.length_at(_CALL.start)
        self.whole_at = level.whole_at
        self.origins: dict[Any, Node] = {}
        self.steps: dict[int, list[tuple[int, Any]]] = {}
        self.order: list[Node] = []  # sources before what is made of them
        seen: set[Any] = set()
        todo = [(self.first, False)]
        while todo:
            node, is_done = todo.pop()
            if is_done:
                self.order.append(node)
            elif _key(node) not in seen:
                seen.add(_key(node))
                todo.append((node, True))
                todo += [(source, False) for source in self._sources(node)]

    def _sources(self, node: Node) -> Sequence[Node]:
        if isinstance(node, Step):
            if node.at == self.tape.constant:
                return []
            if whole := self.whole_at(node.at):
                return [whole[1]]
            made_of = self._made_of(node.at)
            if not made_of:
                self.origins[node.at] = node
            return [self._parent(i) for i, _ in made_of]
        is_input = not node.sources and node.pull is None
        if node.number < self.start or (not self.start and is_input):
            self.origins[node] = node
            return []
        return node.sources

    def _made_of(self, place: int) -> list[tuple[int, Any]]:
        """What a number on the tape is made of, with slopes: nothing, if it comes from outside.

        All steps between are taken at once, where slopes are floats.
        """
        if place not in self.steps:
            found = [] if place < self.lowest else self.tape.slopes_from(place, self.lowest)
            if found is None:
                found = [(i, 1.0 if i < 0 else slope) for i, slope in self.tape.step(place)]
            self.steps[place] = [] if found == [(place, 1.0)] else found
        return self.steps[place]

    def _parent(self, i: int) -> Node:
        parent: Node = self.tape.externals[-2 - i] if i < 0 else Step(i)
        return parent

    def swept(self, g: Any) -> dict[Any, Any]:
        """The adjoints of the origins, from several of the form; zeros are left out."""
        self.waiting: dict[Any, Any] = {}
        self.add(self.first, g)
        with quiet():
            for node in reversed(self.order):
                key = _key(node)
                if key in self.origins or key not in self.waiting:
                    continue
                g = self.waiting.pop(key)
                if not isinstance(node, Step):
                    if node.sources:  # or it depends on nothing
                        node.back(g, cast(Any, self), False)
                elif found := self.whole_at(node.at):
                    start, whole = found
                    part = np.unravel_index(node.at - start, whole.shape)
                    self.buffer(whole, g)[(slice(None), *part)] += g
                else:
                    for i, slope in self._made_of(node.at):
                        self.add(self._parent(i), slope * g)
        return self.waiting

    def add(self, node: Node, t: Any, owned: bool = False) -> None:
        """Add to the adjoint of a node."""
        t, key = fitted(t, node.dtype), _key(node)
        self.waiting[key] = self.waiting[key] + t if key in self.waiting else t

    def buffer(self, node: Node, like: Any) -> Any:
        """The adjoint of an array, to be written to."""
        shape = shape_of(like)[:1] + node.shape
        zeros: Any = np.zeros(shape, node.dtype)
        if isinstance(like, Dual):
            zeros = np.zeros(shape, node.dtype, like=like)
        key = _key(node)  # one number of the tape may be an array of no axes, too
        self.waiting[key] = zeros + self.waiting[key] if key in self.waiting else zeros
        return self.waiting[key]

    def rows(self, whole: Any, g: Any) -> Iterable[tuple[Any, Any]]:
        """Each of them."""
        return zip(whole, g, strict=True)


def _key(node: Node) -> Any:
    return node.at if isinstance(node, Step) else node


def _size(node: Node) -> int:
    return math.prod(node.shape)


def numeric_parts(x: Any, level: int, many: tuple[int, ...]) -> tuple[Any, Any]:
    """Primal and tangent of x at a level, the tangent made of numbers."""
    if type(x) is _RECORDED and x.level is level and isinstance(many, Basis):
        rows = many.rows_at([x.place])
        if rows is not None:
            return x.primal, rows[0]
    value, tangent = parts(x, level)
    if isinstance(tangent, Form):
        assert isinstance(many, Basis)
        return value, many.matrix(tangent)
    return value, tangent


# -- without tangents ----------------------------------------------------------------------


def is_still(x: Any) -> bool:
    """Whether all tangents of x are zero, so that to this order it is constant."""
    if not isinstance(x, Dual):
        return True
    if isinstance(x, Undefined) or not is_still(x.primal):
        return False
    tangent = x.tangent
    if isinstance(tangent, Form):  # backward from weights that do not cancel
        weights = np.cos(1.0 + np.arange(tangent.size)).reshape((1, *tangent.shape))
        found = _Local(tangent, x.level).swept(weights.astype(tangent.dtype or float))
        return all(map(_is_zero, found.values()))
    if isinstance(tangent, Pattern):
        return not np.any(tangent.numbers)
    return not isinstance(tangent, ArrayTangent) and _is_zero(tangent)


def _is_zero(tangent: Any) -> bool:
    return is_still(tangent) and not np.any(plain(tangent))


def with_value(x: Any, value: Any, made: Callable[..., Any] = dual) -> Any:
    """The tangents of x on another plain value of the same shape, undefined ones too.

    `made`: `pair.moved`, where x is right in every order, so that series go through.
    """
    if isinstance(x, Undefined):
        found = dual(with_value(x.primal, value, made), x.rest, x.level)
        return undefined(found, x.where, x.why)
    if isinstance(x, Dual):
        return made(with_value(x.primal, value, made), _beside(value, x.tangent), x.level)
    return value


def _beside(value: Any, tangent: Any) -> Any:
    """A tangent as the value has it: complex, or in an array without axes, if that is so."""
    tangent = fit(tangent, value)
    if not isinstance(value, np.ndarray) or is_array(tangent):
        return tangent
    return map_leaves(lambda t: t if isinstance(t, ArrayTangent) else np.asarray(t), tangent)


def nilpotent(x: Any) -> Any:
    """x without its plain part: the tangents on zero."""
    zero = np.zeros_like(plain(x))
    return with_value(x, zero if zero.ndim else 0.0)


Linear = Callable[[Any], Any]


def through(f: Linear, x: Any, back: Linear | None = None) -> Any:
    """A linear f, which knows plain arrays only, for x of any levels; `back` is its transpose."""
    if isinstance(x, Form):
        return _recorded(f, x, back)
    return linear(lambda v: through(f, v, back), x) if isinstance(x, Dual) else f(x)


def _recorded(f: Linear, x: Form, back: Linear | None) -> Form:
    """f of a form; without its transpose by its matrix, made by a call per number of x."""
    y = f(np.zeros(x.shape, x.dtype))
    old, shape = x.shape, np.shape(y)
    matrix: list[Any] = []

    def pull(g: Any) -> Any:
        front = shape_of(g)[: len(shape_of(g)) - len(shape)]
        if back is not None:
            if not front:
                return (through(back, g),)
            each = [through(back, row) for row in np.reshape(g, (-1, *shape))]
            return (np.reshape(np.stack(each), front + old),)
        if not matrix:
            units = np.eye(x.size, dtype=x.dtype)
            matrix.extend(np.ravel(f(np.reshape(e, old))) for e in units)
        flat = np.reshape(g, (*front, int(np.prod(shape)))) @ np.transpose(matrix)
        return (np.reshape(flat, front + old),)

    return made_of(shape, np.result_type(x.dtype, np.asarray(y).dtype), [x], pull)


def stripped(y: Any) -> Any:
    """The plain numbers in a result, in its structure."""
    return rebuild(y, lambda x: plain(as_operand(x)))


class Plain:
    """A function that answers with plain numbers, and remembers whether they were duals."""

    def __init__(self, f: Callable[..., Any], *args: Any) -> None:
        self.f, self.args = f, args
        self.found = False
        self.__name__ = getattr(f, "__name__", "f")

    def __call__(self, *x: Any, **options: Any) -> Any:
        y = VALUES.of(self.f, *x, *self.args, **options)
        if type(y) in _NUMBERS or (type(y) in (list, tuple) and _NUMBERS.issuperset(map(type, y))):
            return y
        self.found = self.found or any(isinstance(as_operand(v), Dual) for v in leaves(y))
        return stripped(y) if self.found else rebuild(y, unbuffered)


_NUMBERS = frozenset((float, np.float64))
