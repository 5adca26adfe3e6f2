"""What reverse mode records, and the walk back over it.

    ẏ = Σ slope·ẋ        forward: what a tangent becomes
    x̄ += slope·ȳ        backward: what an adjoint becomes, from the last step to the first

Each step is a `Node` with one pull, which says what the adjoint of the result gives to the adjoints
of its sources. A sweep walks the nodes by falling number. Parts of arrays are nodes whose adjoint
is added to, or taken out of, that part of the whole's, so that one element costs no more than
that. Numbers have places on the tape of the kernel, and the sweep walks down that as far as it
may between two nodes.

A complex adjoint ȳ stands for the function ẏ ↦ Re(ȳ·ẏ), so that what is linear over the reals
alone needs no care.
"""

from __future__ import annotations

import copy
import heapq
import itertools
import math
import operator
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import numpy as np

from .array.algebra import SumOfProducts, linear
from .array.dualarray import is_basic
from .differentiations import levels_in
from .kernel import ARRAY_KERNEL
from .looks import is_plain
from .numerics import note_underflow, noting_underflow, quiet, underflow
from .pair import Pair, is_array, plain, shape_of
from .ranges import DOUBLE, has_faint, has_far, lost, with_undefined
from .zeros import strong_product

next_number = itertools.count().__next__  # nodes are numbered as they are made


# -- nodes: one step of the record ---------------------------------------------------------


class Node:
    """One step: what it is made of, and the way back. It never changes.

    Attributes
    ----------
    number : int
        How many steps were made before it.
    shape, dtype
        Of its tangent, and so of its adjoint; no dtype for numbers that NumPy does not know.
    sources : sequence of Node
        The steps that it is made of; none for an input.
    pull : callable
        Takes the adjoint, perhaps with an axis of several in front, and gives those of the sources.
    """

    __slots__ = ("number", "shape", "dtype", "sources", "pull")

    def __init__(
        self, shape: tuple[int, ...], dtype: Any, sources: Sequence[Node] = (), pull: Any = None
    ) -> None:
        self.number = next_number()
        self.shape, self.dtype = shape, dtype
        self.sources, self.pull = sources, pull

    def back(self, g: Any, sweep: Sweep, owned: bool) -> None:
        """Hand the adjoint on."""
        sources, found = self.sources, self.pull(g)
        if len(sources) == 1:
            (t,) = found
            sweep.add(sources[0], t, owned and t is g)
            return
        for source, t in zip(sources, found, strict=True):
            sweep.add(source, t)


_ALL = slice(None)


def index_parts(index: Any) -> tuple[Any, ...]:
    """An index as a tuple."""
    return index if isinstance(index, tuple) else (index,)


def own_index(index: Any) -> Any:
    """The index itself, or copies of the arrays and lists in it, which f may change later."""
    if isinstance(index, np.ndarray):
        return index.copy()
    if isinstance(index, list):
        return copy.deepcopy(index)
    return tuple(map(own_index, index)) if isinstance(index, tuple) else index


class Spread:
    """np.broadcast_to as a view of a part."""

    __slots__ = ("old", "new")

    def __init__(self, old: tuple[int, ...], new: tuple[int, ...]) -> None:
        self.old, self.new = old, new

    def __call__(self, x: Any) -> Any:
        return np.broadcast_to(x, self.new)


class Reshaped:
    """np.reshape as a view of a whole."""

    __slots__ = ("new",)

    def __init__(self, new: tuple[int, ...]) -> None:
        self.new = new

    def __call__(self, x: Any) -> Any:
        return x.reshape(self.new)


class Place:
    """A part of an array: views of it, one after the other, and an index at the end."""

    __slots__ = ("views", "index", "sign", "is_basic")

    def __init__(
        self, views: tuple[Callable[[Any], Any], ...] = (), index: Any = ..., sign: int = 1
    ) -> None:
        self.views, self.index, self.sign = views, index, sign
        self.is_basic = is_basic(index_parts(index))

    @property
    def is_spread(self) -> bool:
        """Whether it is all of the array, spread by broadcasting."""
        views = self.views
        return len(views) == 1 and type(views[0]) is Spread and self.index is Ellipsis

    @property
    def is_reshaped(self) -> bool:
        """Whether it is all of the array, in another shape."""
        views = self.views
        return len(views) == 1 and type(views[0]) is Reshaped and self.index is Ellipsis

    def then(self, index: Any) -> Place:
        """A part of this part."""
        if all(i is Ellipsis or (type(i) is slice and i == _ALL) for i in index_parts(index)):
            return self
        if isinstance(self.index, np.ndarray):  # numbers of elements, in one axis
            return Place(self.views, self.index[index], self.sign)
        if self.index is Ellipsis:
            return Place(self.views, index, self.sign)
        return Place((*self.views, self._view), index, self.sign)

    def by(self, view: Callable[[Any], Any], sign: int = 1) -> Place:
        """A view of this part."""
        if isinstance(self.index, np.ndarray):
            if view in (np.real, np.imag):  # of each element
                return Place((*self.views, view), self.index, self.sign * sign)
            return Place(self.views, view(self.index), self.sign * sign)
        if type(view) is Reshaped and self.is_reshaped:
            return Place((view,), ..., self.sign * sign)
        views = self.views if self.index is Ellipsis else (*self.views, self._view)
        return Place((*views, view), ..., self.sign * sign)

    def _view(self, x: Any) -> Any:
        return x[self.index]

    def whole(self, x: Any) -> Any:
        """The view of an array that the index is for."""
        for view in self.views:
            x = view(x)
        return x

    def view_of(self, x: Any) -> Any:
        """This part of an array as a view to write to; None if there is none."""
        part = self.whole(x)[self.index] if self.is_basic and self.sign > 0 else None
        if not isinstance(part, np.ndarray) or not part.flags.writeable:
            return None
        return part if np.may_share_memory(part, x) else None

    def add(self, x: Any, g: Any) -> None:
        """x[part] += g"""
        if self.sign < 0:
            g = -g
        if self.views:
            last, all_of_it = self.views[-1], x
            if type(last) is Spread and self.index is Ellipsis:
                return Place(self.views[:-1]).add(x, summed(g, last.old, 0))
            x = self.whole(x)
            if not plain(x).flags.writeable:  # elements may be in it more than once
                flat = scattered(g, self.numbers(all_of_it.shape), all_of_it.size, 0)
                half = np.imag(all_of_it) if np.imag in self.views else all_of_it
                half += flat.reshape(half.shape)
                return None
        if self.is_basic:
            x[self.index] += g
        elif not is_plain(x, np.ndarray):  # a dual
            numbers = np.arange(x.size).reshape(x.shape)[self.index]
            x += scattered(g, numbers, x.size, 0).reshape(x.shape)
        elif self.views and 4 * self.index.size > x.size:  # many elements, by their numbers
            x += scattered(g, self.index, x.size, 0)
        else:
            np.add.at(x, self.index, g)
        return None

    def taken(self, x: Any) -> Any:
        """What is in this part, which is zero thereafter."""
        x = self.whole(x)
        part = x[self.index]
        part = part.copy() if is_array(part) else part
        x[self.index] = 0
        return part if self.sign > 0 else -part

    @property
    def halves(self) -> tuple[Callable[[Any], Any], ...]:
        """The views of real or imaginary parts among the views."""
        return tuple([view for view in self.views if view in (np.real, np.imag)])

    def numbers(self, shape: tuple[int, ...]) -> Any:
        """The numbers of the elements of this part of an array of this shape, in C order."""
        each: Any = np.arange(math.prod(shape)).reshape(shape)
        if not self.halves:
            return self.whole(each)[self.index]
        return np.asarray(self.whole(each * (1 + 1j))[self.index]).astype(int)  # in both parts

    def number(self, shape: tuple[int, ...]) -> int:
        """The number of the one element in this part of an array of this shape."""
        number = 0
        for i, n in zip(self.index, shape, strict=True):
            number = number * n + int(i) % n
        return number

    def winners(self, shape: tuple[int, ...], many: tuple[int, ...]) -> Any:
        """Which of the elements stored in this part stay; None for all."""
        if self.is_basic or self._is_mask():
            return None
        here, parts = self.whole(np.empty(shape, bool)).shape, index_parts(self.index)
        if len(parts) == len(here) and all(isinstance(i, np.ndarray) for i in parts):
            numbers = np.ravel_multi_index(parts, here, mode="wrap")
            if np.unique(numbers).size == numbers.size:
                return None
        last: Any = np.full(here, -1)
        stored = np.arange(int(np.prod(many))).reshape(many)
        last[self.index] = stored
        return last[self.index] == stored

    def _is_mask(self) -> bool:
        each = index_parts(self.index)
        return len(each) == 1 and getattr(getattr(each[0], "dtype", None), "kind", "") == "b"


EVERYTHING = Place()


def flat(x: Any) -> Any:
    """An array in one axis, as a view, if it lies in C order (or is half of one that does)."""
    return x.reshape(-1)


class Read(Node):
    """A part of an array: its adjoint is added to that part of the adjoint of the whole."""

    __slots__ = ("place",)

    def __init__(self, shape: tuple[int, ...], dtype: Any, whole: Node, place: Place) -> None:
        super().__init__(shape, dtype, (whole,))
        self.place = place

    def back(self, g: Any, sweep: Sweep, owned: bool) -> None:
        (source,) = self.sources
        place = self.place
        if not source.shape or place.is_spread:
            g = summed(g if place.sign > 0 else -g, source.shape, sweep.lead)
            sweep.add(source, g * 1j if np.imag in place.views else g)
            return
        buffer = sweep.buffer(source, g)
        if not sweep.many:
            self.place.add(buffer, g)
            return
        for row, t in sweep.rows(buffer, g):
            self.place.add(row, t)


class Store(Node):
    """An array of which a part has been overwritten."""

    __slots__ = ("place",)

    def __init__(self, old: Node, place: Place, value: Node | None, dtype: Any) -> None:
        super().__init__(old.shape, dtype, (old,) if value is None else (old, value))
        self.place = place

    def back(self, g: Any, sweep: Sweep, owned: bool) -> None:
        if not self.shape and not self.place.views:  # the one number there is
            if not np.size(np.empty(())[self.place.index]):  # a mask leaves it out
                sweep.add(self.sources[0], g, owned)
            elif len(self.sources) == 2:
                value = self.sources[1]
                sweep.add(value, np.reshape(g, shape_of(g) + value.shape) if value.shape else g)
            return
        if not self.shape:
            g = np.reshape(np.stack([g]), shape_of(g))  # numbers have no views
        elif not (owned and is_in_order(g)):
            g = own_copy(g)
        parts = [self.place.taken(row) for row, _ in sweep.rows(g, g)]
        if len(self.sources) == 2:
            value = self.sources[1]
            stays = self.place.winners(self.shape, shape_of(parts[0]))
            if stays is not None:
                parts = [np.where(stays, part, 0) for part in parts]
            parts = [summed(part, value.shape, 0) for part in parts]
            sweep.add(value, np.stack(parts) if sweep.many else parts[0], False)
        sweep.add(self.sources[0], g, True)


class Step(Node):
    """A place on the tape, where the kernel records what is done to single floats."""

    __slots__ = ("at", "level")

    def __init__(self, at: int, level: Any = None) -> None:
        super().__init__((), np.dtype(float))
        self.at, self.level = at, level


class Steps(Sequence[Step]):
    """The steps at some places of the tape; each is made when somebody asks for it."""

    __slots__ = ("places",)

    def __init__(self, places: Any) -> None:
        self.places = places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, i: Any) -> Any:
        return Step(int(self.places[i]))


class Gathered(Node):
    """An array of which each element is a number on the tape."""

    __slots__ = ()

    def __init__(self, places: Any) -> None:
        super().__init__(places.shape, np.dtype(float), Steps(places.ravel()))

    def back(self, g: Any, sweep: Sweep, owned: bool) -> None:
        """Hand the adjoint on, to all places at once if they are on the sweep's tape."""
        adjoints = getattr(sweep, "adjoints", None)
        if adjoints is None or not adjoints.scatter(cast(Steps, self.sources).places, g):
            lead = len(shape_of(g)) - len(self.shape)
            flat = np.reshape(g, (*shape_of(g)[:lead], -1))
            for i, source in enumerate(self.sources):
                sweep.add(source, flat[..., i])


# -- the sweep -----------------------------------------------------------------------------


def own_copy(g: Any) -> Any:
    """An adjoint that can be written to, through the views of a whole: it lies in C order."""
    return g.copy() if is_array(g) else g


def is_in_order(g: Any) -> bool:
    """Whether an adjoint lies in C order, in all its parts."""
    if isinstance(g, Pair):
        return is_in_order(g.primal) and is_in_order(g.tangent)
    return not isinstance(g, np.ndarray) or bool(g.flags.c_contiguous)


def summed(g: Any, shape: tuple[int, ...], lead: int) -> Any:
    """The adjoint of what was broadcast from this shape, behind `lead` axes in front.

    Of what is stored, axes of length 1 in front are left out.
    """
    here = shape_of(g)
    if here[lead:] == shape:
        return g
    extra = len(here) - lead - len(shape)
    if extra < 0:
        g = np.reshape(g, (*here[:lead], *[1] * -extra, *here[lead:]))
    elif extra:
        g = np.sum(g, tuple(range(lead, lead + extra)))
    axes = tuple(
        lead + i
        for i, (n, m) in enumerate(zip(shape, shape_of(g)[lead:], strict=True))
        if n == 1 and m != 1
    )
    return np.sum(g, axes, keepdims=True) if axes else g


def scattered(g: Any, numbers: Any, size: int, lead: int) -> Any:
    """Elements added up at their numbers, in one axis of this size (behind one of several)."""
    if lead:
        each = [scattered(row, numbers, size, 0) for row in g]
        return np.stack(each) if each else np.zeros((0, size), plain(g).dtype)
    flat, numbers = np.reshape(g, -1), np.ravel(numbers)
    if isinstance(flat, Pair):
        return linear(lambda t: scattered(t, numbers, size, 0), flat)
    if not isinstance(flat, np.ndarray) or flat.dtype == np.float64:
        return np.bincount(numbers, flat, size)
    result = np.zeros(size, flat.dtype)
    np.add.at(result, numbers, flat)
    return result


def fitted(t: Any, dtype: Any) -> Any:
    """An adjoint in the precision of what it belongs to; real if that is real."""
    there = getattr(t, "dtype", None)
    if there is dtype or dtype is None:
        return t
    if there is None:
        return t.real if dtype.kind != "c" and isinstance(plain(t), complex) else t
    if there == dtype or (there.kind == "O" and t.size):
        return t
    if there.kind == "c" and dtype.kind != "c":
        t = t.real
    return t.astype(dtype) if is_array(t) or isinstance(t, np.generic) else t


def lightened(g: Any) -> Any:
    """An adjoint without its tangent where that is zero, as that of an output is."""
    if not isinstance(g, Pair) or type(g.level) is not int:
        return g
    t = g.tangent
    return g.primal if isinstance(t, (float, np.ndarray)) and not np.any(t) else g


class AdjointsOfAnyKind:
    """The adjoints of a tape where some are duals that it was not made for."""

    lowered = False

    def __init__(self, tape: Any, floats: Any) -> None:
        self.tape, self.position = tape, floats.position
        self.values: list[Any] = [floats[i] if floats.has(i) else None for i in range(len(tape))]

    def has(self, place: int) -> bool:
        """Whether anything has been added at a place."""
        return self.values[place] is not None

    def add(self, place: int, g: Any) -> bool:
        """Add to the adjoint at a place."""
        old = self.values[place]
        self.values[place] = g if old is None else old + g
        return True

    def back(self, stop: int) -> tuple[Any, Any] | None:
        """Walk down to a place, or to what was read from elsewhere."""
        while self.position > stop:
            self.position -= 1
            g = self.values[self.position]
            if g is None or (STRENGTH.on and type(g) is float and g == 0.0):
                continue
            for parent, slope in self.tape.step(self.position):
                if parent < 0:
                    return self.tape.externals[-2 - parent], g
                self.add(parent, strongly(operator.mul, g, slope))
        return None

    def scatter(self, places: Any, g: Any) -> bool:
        """Left to `add`, one by one."""
        return False

    def __getitem__(self, place: int) -> Any:
        g = self.values[place]
        return 0.0 if g is None else g

    def block(self, start: int, shape: tuple[int, ...]) -> Any:
        """The adjoints of an array whose elements have places from `start` on."""
        values = [self[start + i] for i in range(int(np.prod(shape)))]
        return np.stack(values).reshape(shape)


S = TypeVar("S", bound=type)


def _with_short_ways(kind: S) -> S:
    """The class of sweeps; where there is a kernel, its loop is compiled."""
    return ARRAY_KERNEL.sweeping(kind) if ARRAY_KERNEL else kind


@_with_short_ways
class Sweep:
    """One walk back over what was recorded.

    Parameters
    ----------
    level : forms.ReverseLevel
        What has recorded.
    many : bool
        Whether adjoints have an axis of several in front; not with a tape.
    """

    def __init__(self, level: Any, many: bool = False) -> None:
        self.many = many
        self.lead = int(many)
        self.level = level
        self.adjoints: Any = level.adjoints()
        self.is_on_tape = self.adjoints is not None
        self.blocks = list(level.blocks.items())
        self.waiting: dict[Node, Any] = {}
        self.owned: set[Node] = set()
        self.heap: list[tuple[int, Node]] = []

    @property
    def youngest(self) -> int:
        """The number of the youngest node that waits; -1 if none does."""
        return -self.heap[0][0] if self.heap else -1

    def add(self, node: Node, t: Any, owned: bool = False) -> None:
        """Add to the adjoint of a node; `owned` says that nobody else holds t."""
        if type(t) is np.ndarray and t.dtype is node.dtype and t.ndim:
            pass  # mostly
        elif type(node) is Step:
            t = fitted(t[()] if is_array(t) else t, node.dtype)
            if not self.adjoints.add(node.at, t):
                self.adjoints = AdjointsOfAnyKind(self.level.tape, self.adjoints)
                self.adjoints.add(node.at, t)
            return
        else:
            fit = fitted(t, node.dtype)
            if fit is not t:
                t, owned = fit, False
        old = self.waiting.get(node)
        if old is None:
            self.waiting[node] = t
            if owned:
                self.owned.add(node)
            heapq.heappush(self.heap, (-node.number, node))
        elif node in self.owned and type(old) is type(t) is np.ndarray:
            old += t
        else:
            self.waiting[node] = old + t
            self.owned.add(node)

    def buffer(self, node: Node, like: Any) -> Any:
        """The adjoint of an array, to be written to, with room for what is like this."""
        old = self.waiting.get(node)
        levels = levels_in(like)
        if old is None or levels - levels_in(old):
            shape = shape_of(like)[: self.lead] + node.shape
            zeros: Any = (
                np.zeros(shape, node.dtype, like=like) if levels else np.zeros(shape, node.dtype)
            )
            self.add(node, zeros, True)
        elif node not in self.owned or not is_in_order(old):
            self.waiting[node] = own_copy(old)
            self.owned.add(node)
        return self.waiting[node]

    def rows(self, whole: Any, g: Any) -> Iterable[tuple[Any, Any]]:
        """Each of several adjoints; one alone."""
        if not self.many:
            return [(whole, g)]
        return [(whole[i, ...], g[i, ...]) for i in range(len(g))]  # views, of numbers too

    def run(self, leaves: Sequence[Node], free: bool) -> list[Any]:
        """Walk back to the inputs; their adjoints, None for zero. `free` forgets the record."""
        kept = set(leaves)
        found: dict[Node, Any] = {}
        with noting_underflow():
            while True:
                if self.is_on_tape:
                    self.go_down()
                if not self.heap:
                    break
                node = heapq.heappop(self.heap)[1]
                g = self.waiting.pop(node)
                owned = node in self.owned
                if owned:
                    self.owned.remove(node)
                if node in kept:
                    found[node] = g
                elif node.sources:
                    node.back(g, self, owned)
                    if free:
                        node.sources, node.pull = (), None
        return [
            self.adjoints[leaf.at] if type(leaf) is Step else found.get(leaf) for leaf in leaves
        ]

    def go_down(self) -> None:
        """Walk down the tape as far as its steps are younger than all nodes that wait."""
        while True:
            stop = self.level.length_at(self.youngest)
            block = self.blocks[-1] if self.blocks else None
            if block is not None and block[1].start > stop:
                stop = block[1].start
            if self.adjoints.position > stop:
                self.adjoints.lowered |= underflow.met
                met = self.adjoints.back(stop)
                underflow.met |= self.adjoints.lowered
                if met is not None:
                    node, g = met
                    self.add(node, lightened(g))
                    continue
            if block is None or block[1].start < self.adjoints.position:
                self.is_on_tape = self.adjoints.position > 0
                return
            self.blocks.pop()
            (node, places), has = block, self.adjoints.has
            if any(map(has, range(places.start, places.start + math.prod(node.shape)))):
                self.add(node, self.adjoints.block(places.start, node.shape), True)


# -- strong zeros --------------------------------------------------------------------------


class Strength(threading.local):
    """Whether a sweep looks for 0·∞: in a second walk, where the first met what is not finite."""

    on = False


STRENGTH = Strength()


@contextmanager
def strong_zeros() -> Iterator[None]:
    """Sweeps in which zeros are stronger than infinities."""
    before = STRENGTH.on
    STRENGTH.on = True
    try:
        yield
    finally:
        STRENGTH.on = before


def strongly(product: Callable[[Any, Any], Any], g: Any, c: Any) -> Any:
    """product(g, c), in which a zero is stronger than an infinite or undefined factor."""
    y = product(g, c)
    if not STRENGTH.on or np.all(plain(y) == plain(y)):
        return y
    return strong_product(c if product is operator.mul else 1 / c, g, True)


def undefined_where_lost(t: Any, g: Any, slope: Any) -> Any:
    """t = g·slope, but nan where the slope has left the range, which only a pass forward gets back.

    (In a sweep that looks for 0·∞ it stays: what comes out is held against such a pass.)
    """
    if STRENGTH.on:
        return t
    if type(t) is float and abs(t) < DOUBLE.faint and g != 0 and slope != 0:
        underflow.met = True  # of which NumPy tells, but not Python
    with quiet():
        if has_far(g):
            t = with_undefined(t, lost(slope, g))
        if underflow.met and has_far(slope):
            t = with_undefined(t, lost(g, slope))
        return t


def strongly_summed(f: Callable[..., Any], g: Any, *factors: Any) -> Any:
    """f(g, *factors), sums of products, in which a zero of g is as strong."""
    return SumOfProducts(f, {0})(g, *factors) if STRENGTH.on else f(g, *factors)


class ReadableSlopes:
    """The pull of a sum of terms slope·ẋ: for each of them a slope, None for 1.

    `shapes`: of the terms that are broadcast, None for others. `ndim`: of the sum.
    """

    __slots__ = ("slopes", "shapes", "ndim")

    def __init__(self, slopes: list[Any], shapes: list[Any], ndim: int) -> None:
        self.slopes, self.shapes, self.ndim = slopes, shapes, ndim

    def __call__(self, g: Any) -> list[Any]:
        underflow.met = underflow.met or any(map(has_faint, self.slopes))
        lead, found = len(shape_of(g)) - self.ndim, []
        for slope, shape in zip(self.slopes, self.shapes, strict=True):
            t = g if slope is None else strongly(operator.mul, g, slope)
            t = t if slope is None else undefined_where_lost(t, g, slope)
            if isinstance(t, Pair) and has_faint(t):
                underflow.met = True  # products of tangents are calculated in quiet
            found.append(t if shape is None else summed(t, shape, lead))
        return found


Slopes: Any = ARRAY_KERNEL.Slopes if ARRAY_KERNEL else ReadableSlopes


if ARRAY_KERNEL:
    ARRAY_KERNEL.connect_records(
        *(Node, Read, Store, Step, Place, Reshaped, STRENGTH, strongly),
        *(undefined_where_lost, note_underflow, underflow, summed, fitted, next_number),
    )
