"""Reverse mode: the same table, read backwards.

    ẏ = Σ slope·ẋ        forward: what a tangent becomes
    x̄ += slope·ȳ        backward: what an adjoint becomes, from the last step to the first

The tangent of a dual is a `Form` here: a linear function of the inputs, known by how it is made.
Scaling it by a slope, adding two, and the linear functions of NumPy (`transposes`) each record a
`Node` with one pull, which says what the adjoint of the result gives to the adjoints of the
sources. A sweep walks the nodes by falling number.

A form has memory, as the array has that it is the tangent of: views are windows on their whole,
and what is stored through one of them is seen through all. A complex adjoint ȳ stands for the
function ẏ ↦ Re(ȳ·ẏ), so that what is linear over the reals alone needs no care.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
import operator
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

import numpy as np

from .array.dualarray import is_basic
from .kernel import ARRAY_KERNEL, KERNEL
from .levels import ParticipatingLevel, note_refusal
from .numerics import quiet
from .pair import Pair, dual, is_array, levels_in, plain, shape_of
from .zeros import strong_product

Pull = Callable[[Any], Sequence[Any]]

_numbers = itertools.count()


class Nonlinear(TypeError):
    """What was asked of a form is not a linear function of it: forward mode can answer."""


def refuse(what: str) -> NoReturn:
    """Raise the error for a question that only a tangent of numbers can answer."""
    for level in list(_recording):
        note_refusal(level)
    raise Nonlinear(
        f"{what} has no way back in reverse mode; write mode='forward' (grad, jacobian, hessian), "
        "or jvp for vjp."
    )


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
        self.number = next(_numbers)
        self.shape, self.dtype = shape, dtype
        self.sources, self.pull = sources, pull

    def back(self, g: Any, sweep: Sweep, owned: bool) -> None:
        """Hand the adjoint on."""
        for source, t in zip(self.sources, self.pull(g), strict=True):
            if t is not None:
                sweep.add(source, t, owned and t is g and len(self.sources) == 1)


_ALL = slice(None)


def _parts(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


class Place:
    """A part of an array: views of it, one after the other, and an index at the end."""

    __slots__ = ("views", "index", "sign", "is_basic")

    def __init__(
        self, views: tuple[Callable[[Any], Any], ...] = (), index: Any = ..., sign: int = 1
    ) -> None:
        self.views, self.index, self.sign = views, index, sign
        self.is_basic = is_basic(_parts(index))

    def then(self, index: Any) -> Place:
        """A part of this part."""
        if all(i is Ellipsis or (type(i) is slice and i == _ALL) for i in _parts(index)):
            return self
        if isinstance(self.index, np.ndarray):  # numbers of elements, in one axis
            return Place(self.views, self.index[index], self.sign)
        if self.index is Ellipsis:
            return Place(self.views, index, self.sign)
        return Place((*self.views, self._view), index, self.sign)

    def by(self, view: Callable[[Any], Any], sign: int = 1) -> Place:
        """A view of this part."""
        if isinstance(self.index, np.ndarray):
            return Place(self.views, view(self.index), self.sign * sign)
        views = self.views if self.index is Ellipsis else (*self.views, self._view)
        return Place((*views, view), ..., self.sign * sign)

    def _view(self, x: Any) -> Any:
        return x[self.index]

    def whole(self, x: Any) -> Any:
        """The view of an array that the index is for."""
        for view in self.views:
            x = view(x)
        return x

    def add(self, x: Any, g: Any) -> None:
        """x[part] += g"""
        if self.views:
            x = self.whole(x)
        if self.sign < 0:
            g = -g
        if self.is_basic:
            x[self.index] += g
        elif isinstance(x, Pair):
            numbers = np.arange(x.size).reshape(x.shape)[self.index]
            x += scattered(g, numbers, x.size, 0).reshape(x.shape)
        else:
            np.add.at(x, self.index, g)

    def taken(self, x: Any) -> Any:
        """What is in this part, which is zero thereafter."""
        x = self.whole(x)
        part = x[self.index]
        part = part.copy() if is_array(part) else part
        x[self.index] = 0
        return part if self.sign > 0 else -part

    def number(self, shape: tuple[int, ...]) -> int:
        """The number of the one element in this part of an array of this shape."""
        if len(shape) == 1:
            return int(self.index[0]) % shape[0]
        return int(np.arange(int(np.prod(shape))).reshape(shape)[self.index])

    def winners(self, shape: tuple[int, ...], many: tuple[int, ...]) -> Any:
        """Which of the elements stored in this part stay; None for all."""
        if self.is_basic or self._is_mask():
            return None
        last: Any = np.full(self.whole(np.empty(shape, bool)).shape, -1)
        stored = np.arange(int(np.prod(many))).reshape(many)
        last[self.index] = stored
        return last[self.index] == stored

    def _is_mask(self) -> bool:
        return getattr(self.index, "dtype", None) == bool or (
            isinstance(self.index, tuple)
            and len(self.index) == 1
            and getattr(self.index[0], "dtype", None) == bool
        )


EVERYTHING = Place()


class Read(Node):
    """A part of an array: its adjoint is added to that part of the adjoint of the whole."""

    __slots__ = ("place",)

    def __init__(self, shape: tuple[int, ...], dtype: Any, whole: Node, place: Place) -> None:
        super().__init__(shape, dtype, (whole,))
        self.place = place

    def back(self, g: Any, sweep: Sweep, owned: bool) -> None:
        (source,) = self.sources
        if not source.shape:
            sweep.add(source, summed(g if self.place.sign > 0 else -g, (), sweep.lead))
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
        if not self.shape:
            if len(self.sources) == 2:
                value = self.sources[1]
                sweep.add(value, np.reshape(g, shape_of(g) + value.shape) if value.shape else g)
            return
        g = g if owned and is_in_order(g) else own_copy(g)
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

    __slots__ = ("at",)

    def __init__(self, at: int) -> None:
        super().__init__((), np.dtype(float))
        self.at = at


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
    """The adjoint of what was broadcast from this shape, behind `lead` axes in front."""
    here = shape_of(g)
    if here[lead:] == shape:
        return g
    extra = len(here) - lead - len(shape)
    g = np.sum(g, tuple(range(lead, lead + extra))) if extra else g
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
        if np.iscomplexobj(plain(flat)):
            parts = [np.bincount(numbers, x, size) for x in (flat.real, flat.imag)]
            return parts[0] + 1j * parts[1]
        return np.bincount(numbers, flat, size)
    if flat.dtype == np.float64:
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
    if there == dtype or there.kind == "O":
        return t
    if there.kind == "c" and dtype.kind != "c":
        t = t.real
    return t.astype(dtype) if is_array(t) else t


class AdjointsOfAnyKind:
    """The adjoints of a tape where some are duals that it was not made for."""

    def __init__(self, tape: Any, floats: Any) -> None:
        self.tape, self.position = tape, floats.position
        self.values: list[Any] = [floats[i] for i in range(len(tape))]

    def add(self, place: int, g: Any) -> bool:
        """Add to the adjoint at a place."""
        self.values[place] = self.values[place] + g
        return True

    def back(self, stop: int) -> tuple[Any, Any] | None:
        """Walk down to a place, or to what was read from elsewhere."""
        while self.position > stop:
            self.position -= 1
            g = self.values[self.position]
            if type(g) is float and g == 0.0:
                continue
            for parent, slope in self.tape.step(self.position):
                if parent < 0:
                    return self.tape.externals[-2 - parent], g
                self.add(parent, slope * g)
        return None

    def __getitem__(self, place: int) -> Any:
        return self.values[place]

    def block(self, start: int, shape: tuple[int, ...]) -> Any:
        """The adjoints of an array whose elements have places from `start` on."""
        values = self.values[start : start + int(np.prod(shape))]
        return np.stack(values).reshape(shape)


class Sweep:
    """One walk back over what was recorded.

    Parameters
    ----------
    level : ReverseLevel
        What has recorded.
    many : bool
        Whether adjoints have an axis of several in front; not with a tape.
    """

    def __init__(self, level: ReverseLevel, many: bool = False) -> None:
        self.many = many
        self.lead = int(many)
        self.level = level
        self.adjoints: Any = level.adjoints()
        self.is_on_tape = self.adjoints is not None
        self.blocks = list(level.blocks.items())
        self.waiting: dict[Node, Any] = {}
        self.owned: set[Node] = set()
        self.heap: list[tuple[int, Node]] = []

    def add(self, node: Node, t: Any, owned: bool = False) -> None:
        """Add to the adjoint of a node; `owned` says that nobody else holds t."""
        if type(node) is Step:
            t = fitted(t[()] if is_array(t) else t, node.dtype)
            if not self.adjoints.add(node.at, t):
                self.adjoints = AdjointsOfAnyKind(self.level.tape, self.adjoints)
                self.adjoints.add(node.at, t)
            return
        there = getattr(t, "dtype", None)
        if there is not node.dtype:
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
        return zip(whole, g, strict=True) if self.many else [(whole, g)]

    def run(self, leaves: Sequence[Node], free: bool) -> list[Any]:
        """Walk back to the inputs; their adjoints, None for zero. `free` forgets the record."""
        kept = set(leaves)
        found: dict[Node, Any] = {}
        with quiet():
            while True:
                if self.is_on_tape:
                    self._go_down()
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

    def _go_down(self) -> None:
        """Walk down the tape as far as its steps are younger than all nodes that wait."""
        while True:
            stop = self.level.length_at(-self.heap[0][0]) if self.heap else 0
            block = self.blocks[-1] if self.blocks else None
            if block is not None and block[1].start > stop:
                stop = block[1].start
            if self.adjoints.position > stop:
                met = self.adjoints.back(stop)
                if met is not None:
                    self.add(*met)
                    continue
            if block is None or block[1].start < self.adjoints.position:
                self.is_on_tape = self.adjoints.position > 0
                return
            self.blocks.pop()
            self.add(block[0], self.adjoints.block(block[1].start, block[0].shape), True)


# -- the level -----------------------------------------------------------------------------

_recording: set[ReverseLevel] = set()


class ReverseLevel(ParticipatingLevel):
    """A level whose tangents are forms; single floats are recorded on the tape of the kernel.

    Attributes
    ----------
    tape : Tape or None
        What the kernel records.
    blocks : dict
        Of arrays whose elements have places on the tape: node to block, as they were made.
    """

    def __init__(self, level: int) -> None:
        self.tape: Any = None
        self.blocks: dict[Node, Any] = {}
        self._reads: dict[Node, int] = {}
        self._numbers: list[int] = []  # of the steps that have got a node,
        self._lengths: list[int] = []  # and how long the tape was

    def __enter__(self) -> ReverseLevel:
        _recording.add(self)
        return self

    def __exit__(self, *error: object) -> None:
        _recording.discard(self)

    # the seam

    def zero_like(self, tangent: Any, shape: tuple[int, ...]) -> Any:
        return zero_form(shape, tangent.dtype if isinstance(tangent, Form) else np.dtype(float))

    def made(self, primal: Any, tangent: Any) -> Any:
        tape = self.tape
        if tape is None or type(tangent) is not Form or tangent.shape or is_array(primal):
            return NotImplemented
        node = tangent.node
        if type(node) is Step:
            return tape.number(primal, node.at, self)
        if tape.number(primal, 0, self) is NotImplemented:
            return NotImplemented
        whole, tangent.block = tangent.block, None
        if whole is not None and (block := self._block_of(whole)) is not None:
            place = block.start + node.place.number(whole.shape)
            return tape.number(primal, place, self)
        return tape.number(primal, tape.external(node), self)

    # the tape

    def start_tape(self, leaves: Sequence[Any]) -> None:
        """Record numbers on a tape, over the older level of the inputs, if they have one."""
        if KERNEL is None:
            return
        older = [x for x in leaves if isinstance(x, Pair)]
        if not older:
            self.tape = KERNEL.Tape()
            return
        level, n = older[0].level, _directions(older[0])
        same = all(x.level == level and _directions(x) == n for x in older)
        if same and type(level) is int and n is not None and n <= KERNEL.DIRECTIONS:
            self.tape = KERNEL.Tape(level, n)

    def seed(self, x: Any) -> tuple[Any, Node]:
        """An input as a dual of this level, and the node of its tangent."""
        if self.tape is not None and type(plain(x)) in (float, np.float64):
            place = self.tape.inputs(1)
            made = self.tape.number(x, place, self)
            if made is not NotImplemented:
                return made, Step(place)
        form = Form(Node(shape_of(x), dtype_of(x)))
        return dual(x, form, self), form.node

    def adjoints(self) -> Any:
        """Those of the tape, if there is anything on it."""
        if self.tape is None or not len(self.tape):
            return None
        return KERNEL.Adjoints(self.tape, STRENGTH.on)  # type: ignore[union-attr]

    def forget(self) -> None:
        """Free the tape."""
        if self.tape is not None:
            self.tape.clear()
        self.blocks.clear()

    def length_at(self, number: int) -> int:
        """From which place on no step of the tape is a source of the node with this number."""
        i = bisect.bisect_right(self._numbers, number)
        return self._lengths[i - 1] if i else 0

    def step_at(self, place: int) -> Step:
        """A node for a place."""
        step = Step(place)
        self._numbers.append(step.number)
        self._lengths.append(len(self.tape))
        return step

    def _block_of(self, whole: Form) -> Any:
        """Places for all elements of an array, if enough of them are read."""
        node = whole.node
        block = self.blocks.get(node)
        if block is None:
            if node.dtype != np.float64:
                return None
            count = self._reads[node] = self._reads.get(node, 0) + 1
            if node.sources and 32 * count < whole.size:
                return None
            block = self.blocks[node] = KERNEL.Block(self.tape, self.tape.inputs(whole.size))  # type: ignore[union-attr]
        whole.block = block
        return block


def _directions(x: Any) -> int | None:
    """How many directions a dual of floats has; -1 for one without an axis; None for others."""
    tangent = x.tangent
    if isinstance(x.primal, Pair) or isinstance(tangent, Pair):
        return None
    many = shape_of(tangent)[: len(shape_of(tangent)) - len(shape_of(x))]
    return many[0] if many else -1


def form_at(level: Any, place: int) -> Form:
    """The form of a number on the tape of a level."""
    if place >= len(level.tape):
        raise TypeError(
            "a dual has been kept from a differentiation that is over; keep x.primal instead."
        )
    return Form(level.step_at(place))


# -- forms ---------------------------------------------------------------------------------


def dtype_of(x: Any) -> Any:
    """The dtype of the tangents of x; None for numbers that NumPy does not know."""
    x = plain(x)
    if isinstance(x, (np.ndarray, np.generic)):
        return x.dtype if x.dtype.kind in "fc" else np.dtype(float)
    if isinstance(x, complex):
        return np.dtype(complex)
    return np.dtype(float) if isinstance(x, (float, int)) else None


def joint(*dtypes: Any) -> Any:
    """The dtype of what is made of several."""
    first = dtypes[0]
    if all(d is first for d in dtypes):
        return first
    return None if any(d is None for d in dtypes) else np.result_type(*dtypes)


def scaled_dtype(dtype: Any, c: Any) -> Any:
    """The dtype of a tangent times a factor."""
    c = plain(c)
    if type(c) is float or type(c) is int or dtype is None:
        return dtype
    if isinstance(c, (np.ndarray, np.generic)):
        return np.result_type(dtype, c.dtype)
    if isinstance(c, complex):
        return np.result_type(dtype, np.complex64)
    return dtype if isinstance(c, (float, int)) else None


def kept(c: Any) -> Any:
    """A factor as it is now: arrays can be written to afterwards."""
    return c.copy() if is_array(c) else c


def zero_form(shape: tuple[int, ...], dtype: Any) -> Form:
    """A form that depends on nothing."""
    return Form(Node(tuple(shape), dtype))


def made_of(
    shape: tuple[int, ...], dtype: Any, sources: Sequence[Form], pull: Callable[[Any], Any]
) -> Form:
    """A form with a way back to those that it is made of."""
    return Form(Node(tuple(shape), dtype, [s.node for s in sources], pull))


class Form:
    """A linear function of the inputs, known by how it is made; as a tangent, with its memory.

    Attributes
    ----------
    node : Node
        The last step of the record. Storing gives the form another one.
    base : Form or None
        The whole that this is a view of.
    """

    __slots__ = ("base", "place", "shape", "block", "_node", "_seen")
    __array_priority__ = 1000
    __hash__ = None  # type: ignore[assignment]

    # What NumPy's functions and operators do to forms: `transposes` enters it here.
    FUNCTIONS: dict[Any, Callable[..., Any]] = {}

    def __init__(self, node: Any) -> None:
        self.base: Form | None = None
        self.place: Place | None = None
        self.block: Any = None  # where its elements are on a tape; of an element, the whole
        self._seen: Node | None = None
        self._node: Node = node
        self.shape: tuple[int, ...] = node.shape

    @property
    def whole(self) -> Form:
        """What this is a view of; the form itself if of nothing."""
        return self if self.base is None else self.base

    @property
    def node(self) -> Node:
        """The step of the record that this is now."""
        base = self.base
        if base is not None and base._node is not self._seen:  # something was stored in it
            assert self.place is not None
            self._seen = base._node
            self._node = Read(self.shape, self._dtype_within(base._node), base._node, self.place)
        return self._node

    def _dtype_within(self, whole: Node) -> Any:
        if whole.dtype is None or whole.dtype.kind != "c" or self._node.dtype.kind == "c":
            return whole.dtype
        return self._node.dtype  # of a real or an imaginary part

    def window(self, shape: tuple[int, ...], place: Place, dtype: Any = None) -> Form:
        """A view of this: `place` is within this form."""
        base = self.whole
        view = Form.__new__(Form)
        view.base, view.place, view.shape, view.block = base, place, shape, None
        view._seen = base._node
        view._node = Read(shape, dtype or self.dtype, base._node, place)
        return view

    def room(self, shape: tuple[int, ...]) -> Form:
        """Zeros in one axis, in which forms of this kind can have their places."""
        return zero_form((int(np.prod(shape)),), self.dtype)

    def within(self, numbers: Any) -> Form:
        """The elements with these numbers, as a view."""
        return self.window(numbers.shape, Place((), numbers))

    def viewed(self, view: Callable[[Any], Any], sign: int = 1, dtype: Any = None) -> Form:
        """A view of this by a function that gives views of arrays."""
        shape = view(blank(self.shape)).shape
        return self.window(shape, (self.place or EVERYTHING).by(view, sign), dtype)

    def is_view_of(self, other: Any) -> bool:
        """Whether what is stored in one is seen in the other."""
        if not isinstance(other, Form):
            return False
        return self.whole is other.whole

    # as an array

    @property
    def dtype(self) -> Any:
        """The dtype of the tangent."""
        return self._node.dtype if self.base is None else self.node.dtype

    @property
    def ndim(self) -> int:
        """How many axes the tangent has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers the tangent has."""
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        if type(index) is slice and self.base is None and self.shape:
            n = len(range(*index.indices(self.shape[0])))
            return self.window((n, *self.shape[1:]), Place((), index))
        parts = _parts(index)
        if not is_basic(parts):
            shape = blank(self.shape)[index].shape
            return Form(Read(shape, self.dtype, self.node, Place((), index)))
        place = (self.place or EVERYTHING).then(parts)
        if len(parts) == len(self.shape) and all(isinstance(i, (int, np.integer)) for i in parts):
            element = Form(Read((), self.dtype, self.whole._node, place))  # a number of its own
            if not place.views and type(place.index) is tuple:
                element.block = self.whole
            return element
        return self.window(blank(self.shape)[index].shape, place)

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(value, Form) and np.any(plain(value) != 0):
            refuse("storing a tangent of numbers beside adjoints")
        node = value.node if isinstance(value, Form) else None
        whole = self.whole
        whole.block = None
        old = whole._node
        dtype = old.dtype if node is None else joint(old.dtype, node.dtype)
        is_all = index is Ellipsis or (isinstance(index, tuple) and index and index[0] is Ellipsis)
        if node is not None and whole is self and is_all and node.shape == self.shape:
            whole._node = Node(self.shape, dtype, (node,), lambda g: (g,))
            return
        whole._node = Store(old, (self.place or EVERYTHING).then(index), node, dtype)

    # the same under other names

    def copy(self, *order: Any) -> Form:
        """The form as it is now."""
        return Form(self.node)

    def astype(self, dtype: Any, *args: Any, **options: Any) -> Form:
        """In another precision."""
        return made_of(self.shape, np.dtype(dtype), [self], lambda g: (g,))

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """The same numbers in another shape."""
        return np.reshape(self, shape[0] if len(shape) == 1 else shape)  # type: ignore[call-overload]

    def transpose(self, *axes: Any) -> Any:
        """The axes in another order."""
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)  # type: ignore[call-overload]

    @property
    def T(self) -> Any:
        """The transpose."""
        return np.transpose(self)  # type: ignore[call-overload]

    @property
    def real(self) -> Any:
        """The real part."""
        return np.real(self)  # type: ignore[call-overload]

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return np.imag(self)  # type: ignore[call-overload]

    def total(self) -> Form:
        """The sum of all elements."""
        shape = self.shape

        def pull(g: Any) -> Any:
            if shape_of(g):  # several
                g = np.reshape(g, g.shape + (1,) * len(shape))
                return (np.broadcast_to(g, g.shape[:1] + shape),)
            if isinstance(g, Pair):
                g = np.stack([g])[0:1].reshape(())
                return (np.broadcast_to(g, shape),)
            result = np.empty(shape, dtype)
            result[...] = g
            return (result,)

        dtype = self.dtype
        return made_of((), dtype, [self], pull)

    # linear combinations

    def __add__(self, other: Any) -> Any:
        return plus(self, other, 1)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return plus(self, other, -1)

    def __rsub__(self, other: Any) -> Any:
        return plus(-self, other, 1)

    def __neg__(self) -> Form:
        return made_of(self.shape, self.dtype, [self], lambda g: (-g,))

    def __pos__(self) -> Form:
        return Form(self.node)

    def __mul__(self, factor: Any) -> Any:
        return scaled(self, factor, operator.mul)

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> Any:
        return scaled(self, divisor, operator.truediv)

    def __matmul__(self, other: Any) -> Any:
        return self.FUNCTIONS[np.matmul](self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self.FUNCTIONS[np.matmul](other, self)

    # questions: a form is never nan, and taken for something else than zero

    def __eq__(self, other: object) -> Any:
        return np.full(self.shape, other is self)[()]

    def __ne__(self, other: object) -> Any:
        return np.full(self.shape, other is not self)[()]

    def __abs__(self) -> NoReturn:
        refuse("the size of a tangent")

    def __array__(self, *args: Any, **options: Any) -> NoReturn:
        refuse("an array of a tangent")

    def __bool__(self) -> NoReturn:
        refuse("the truth of a tangent")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if any(isinstance(x, Pair) for x in inputs):
            return NotImplemented
        f = self.FUNCTIONS.get(ufunc if method == "__call__" else (ufunc, method))
        if f is None:
            refuse(f"np.{ufunc.__name__}{'' if method == '__call__' else '.' + method}")
        return f(*inputs, **options)

    def __array_function__(self, f: Any, types: Any, args: Any, options: Any) -> Any:
        rule = self.FUNCTIONS.get(f)
        if rule is None:
            return self.FUNCTIONS[None](f, args, options)
        return rule(*args, **options)


_BLANK = np.zeros((), bool)


def blank(shape: tuple[int, ...]) -> Any:
    """An array of this shape that takes no memory."""
    return np.ndarray(shape, bool, _BLANK, 0, (0,) * len(shape))


def plus(a: Form, b: Any, sign: int) -> Any:
    """The sum or the difference of two tangents."""
    if not isinstance(b, Form):
        if np.any(plain(b) != 0):
            refuse("the sum of an adjoint and a tangent of numbers")
        return a if shape_of(b) in ((), a.shape) else np.broadcast_to(a, shape_of(b))  # type: ignore[call-overload]
    shape = a.shape if a.shape == b.shape else np.broadcast_shapes(a.shape, b.shape)
    n, first, second = len(shape), a.shape, b.shape

    def pull(g: Any) -> Any:
        lead = len(shape_of(g)) - n
        return summed(g, first, lead), summed(g if sign > 0 else -g, second, lead)

    return made_of(shape, joint(a.dtype, b.dtype), [a, b], pull)


def scaled(form: Form, c: Any, product: Callable[[Any, Any], Any]) -> Any:
    """A tangent times (or by) a number or an array."""
    if isinstance(c, Form):
        refuse("the product of two tangents")
    if isinstance(c, (list, tuple)):
        c = np.asarray(c)
    if type(c) in (int, float) and c == 1:
        return Form(form.node)
    if not (isinstance(c, Pair) or hasattr(c, "__add__")):
        return NotImplemented
    c = kept(c)
    shape, old = form.shape, form.shape
    if shape_of(c) not in ((), shape):
        shape = np.broadcast_shapes(shape, shape_of(c))
    n = len(shape)

    def pull(g: Any) -> Any:
        return (summed(strongly(product, g, c), old, len(shape_of(g)) - n),)

    return made_of(shape, scaled_dtype(form.dtype, c), [form], pull)


# -- strong zeros --------------------------------------------------------------------------


class Strength(threading.local):
    """Whether a sweep looks for 0·∞: in a second walk, where the first met what is not finite."""

    on = False


STRENGTH = Strength()


def strongly(product: Callable[[Any, Any], Any], g: Any, c: Any) -> Any:
    """product(g, c), in which a zero is stronger than an infinite or undefined factor."""
    y = product(g, c)
    if not STRENGTH.on or np.all(plain(y) == plain(y)):
        return y
    return strong_product(c if product is operator.mul else 1 / c, g, True)


if KERNEL:
    KERNEL.connect_forms(Form, form_at)
if ARRAY_KERNEL:
    ARRAY_KERNEL.connect_forms(Form, Node, STRENGTH, strongly, summed)
