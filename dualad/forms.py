"""Reverse mode's tangents: linear functions of the inputs, known by how they are made.

The tangent of a dual is a `Form` here. Scaling it by a slope, adding two, and the linear functions
of NumPy (`transposes`) each record a `Node`; so the rules for tangents that are numbers are those
of reverse mode, too: what is needed beside them is the way back of the linear functions alone.

A form has memory, as the array has that it is the tangent of: views are windows on their whole,
and what is stored through one of them is seen through all.
"""

from __future__ import annotations

import bisect
import math
import operator
import sys
import weakref
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NoReturn, TypeVar, cast

import numpy as np

from .array.dualarray import is_basic
from .array_tangents import ArrayTangent
from .differentiations import note_refusal
from .frames import name_of_call
from .kernel import ARRAY_KERNEL, KERNEL
from .levels import ParticipatingLevel
from .memory import address_of
from .pair import Pair, dual, is_array, plain, shape_of
from .records import (
    EVERYTHING,
    STRENGTH,
    Gathered,
    Node,
    Place,
    Read,
    Slopes,
    Step,
    Store,
    flat,
    index_parts,
    own_index,
    strongly,
    summed,
)


class Nonlinear(TypeError):
    """What was asked of a form is not a linear function of it: forward mode can answer."""

    is_for_good = True  # lifting cannot


class Missing(Nonlinear, AttributeError):
    """The same of an attribute that arrays have."""


_NO_WAY = (
    "{} has no way back in reverse mode; write mode='forward' (grad, jacobian, hessian), or jvp "
    "for vjp."
)


def refuse(what: str) -> NoReturn:
    """Raise the error for a question that only a tangent of numbers can answer."""
    for level in list(_recording):
        note_refusal(level)
    raise Nonlinear(_NO_WAY.format(_called(what)))


def _called(what: str) -> str:
    """The NumPy function whose rule has asked for `what`, if there is one."""
    name = name_of_call(sys._getframe(2))
    return name if name.startswith("np.") else what


# -- the level -----------------------------------------------------------------------------

_recording: set[ReverseLevel] = set()
N = TypeVar("N", bound=Node)

# Where single floats are recorded, if there is a kernel.
_Tape: Any = KERNEL.Tape if KERNEL else None
_Adjoints: Any = KERNEL.Adjoints if KERNEL else None
_Block: Any = KERNEL.Block if KERNEL else None
_Places: Any = KERNEL.Places if KERNEL else None


class ReverseLevel(ParticipatingLevel):
    """A level whose tangents are forms; single floats are recorded on the tape of the kernel.

    Attributes
    ----------
    tape : Tape or None
        What the kernel records.
    inputs : sequence of Node or int
        The inputs, or their places on the tape, where the kernel has seeded them.
    blocks : dict
        Of arrays whose elements have places on the tape: node to block, as they were made.
    is_optional : bool
        Whether forward mode takes over where a step cannot be recorded, or not cheaply.
    takes_complex : bool
        Whether single complex numbers are recorded, which no tape has.
    """

    is_optional = False
    takes_complex = True

    def __init__(self, level: int) -> None:
        self.tape: Any = None
        self.inputs: Sequence[Node | int] = ()
        self.blocks: dict[Node, Any] = {}
        self._wholes: list[tuple[int, Node]] = []  # the same by their first places
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
        if not self.takes_complex and type(primal) in (complex, np.complex128):
            refuse("a complex number")
        tape = self.tape
        if tape is None or type(tangent) is not Form or tangent.shape or is_array(primal):
            return NotImplemented
        node = tangent.node
        if type(node) is Step:
            return tape.number(primal, node.at, self)
        array, tangent.block = tangent.block, None
        place = None
        if array is not None:
            assert isinstance(node, Read)
            place = self._place_of(array, node.place)
        if place is None:
            return tape.number_of(primal, node, self)
        return tape.number(primal, place, self)

    # the tape

    def start_tape(self, leaves: Sequence[Any]) -> None:
        """Record numbers on a tape, over the older level of the inputs, if they have one."""
        if _Tape is None:
            return
        older = [x for x in leaves if isinstance(x, Pair)]
        if not older:
            self.tape = _Tape()
            return
        level = older[0].level
        if isinstance(level, ReverseLevel):
            same = all(x.level is level and not isinstance(x.primal, Pair) for x in older)
            if same and level.tape is not None and not level.tape.directions:
                self.tape = _Tape(level, outer=level.tape)
            return
        n = _directions(older[0])
        same = all(x.level == level and _directions(x) == n for x in older)
        if same and type(level) is int and n is not None:
            self.tape = _Tape(level, n)

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
        return _Adjoints(self.tape, STRENGTH.on)

    def forget(self) -> None:
        """Free the tape."""
        if self.tape is not None:
            self.tape.clear()
        self.blocks.clear()
        self._wholes.clear()

    def whole_at(self, place: int) -> tuple[int, Node] | None:
        """The array that has an element at this place, behind its first place."""
        i = bisect.bisect_right(self._wholes, place, key=lambda found: found[0])
        if i == 0:
            return None
        start, node = self._wholes[i - 1]
        return (start, node) if place < start + math.prod(node.shape) else None

    def length_at(self, number: int) -> int:
        """From which place on no step of the tape is a source of the node with this number."""
        i = bisect.bisect_right(self._numbers, number)
        return self._lengths[i - 1] if i else 0

    def step_at(self, place: int) -> Step:
        """A node for a place."""
        return self._above_tape(Step(place, self))

    def _above_tape(self, node: N) -> N:
        """A node that is made of what is on the tape now."""
        self._numbers.append(node.number)
        self._lengths.append(len(self.tape))
        return node

    def gathered(self, places: Any) -> Node:
        """A node for an array whose elements have these places."""
        if not len(self.tape):  # the differentiation is over
            return Node(places.shape, np.dtype(float))
        return self._above_tape(Gathered(places.copy()))

    def is_worth_places(self, count: int, size: int) -> bool:
        """Whether places for all elements of an array cost less than so many steps without."""
        return size <= _SMALL or _STEP * count >= size * (1 + self.tape.directions)

    def places_of(self, whole: Form) -> Any:
        """Places for all elements of an array that can be changed one by one, or None."""
        node = whole.node
        if not len(self.tape) or node.dtype != np.float64:
            return None
        start = (self.blocks.get(node) or self._new_block(node)).start
        places = np.arange(start, start + whole.size, dtype=np.intp).reshape(whole.shape)
        return _Places(self.tape, self, places)

    def _place_of(self, array: Form, place: Place) -> int | None:
        """The place of an element of an array, or of a view, if its elements have places."""
        whole, view = array.whole, array.place
        block = whole.block if type(whole.block) is _Block else None
        if block is None and type(whole.places) is not _Places:
            block = self.block_of(whole)
        if block is None:
            return None
        if view is not None:
            memory = np.empty(whole.shape, bool)
            part = view.view_of(memory)
            if part is None:
                return None
            if not part.flags.c_contiguous:
                return self._place_apart(array, block.start, memory, part, place)
            block = _Block(self.tape, block.start + address_of(part) - address_of(memory))
            self._give_block(array, block)
        return int(block.start + place.number(array.shape))

    def _place_apart(self, view: Form, start: int, memory: Any, part: Any, place: Place) -> int:
        """The same in a view that has gaps: of many elements, they get places side by side."""
        view.places = count = 1 + (view.places or 0)
        if _FEW * count >= view.size:
            block = self.blocks.get(view.node) or self._new_block(view.node)
            self._give_block(view, block)
            return int(block.start + place.number(view.shape))
        element = part[(*index_parts(place.index), None)]
        return int(start + address_of(element) - address_of(memory))

    def _give_block(self, view: Form, block: Any) -> None:
        """Let a view have its elements there, until something is stored in the whole."""
        view.block, whole = block, view.whole
        if not hasattr(whole, "views"):
            whole.views = []
        whole.views.append(weakref.ref(view))

    def block_of(self, whole: Form) -> Any:
        """Places for all elements of an array, if enough of them are read."""
        node = whole.node
        block = self.blocks.get(node)
        if block is None:
            if node.dtype != np.float64:
                return None
            count = self._reads[node] = self._reads.get(node, 0) + 1
            if node.sources and not self.is_worth_places(count, whole.size):
                return None
            block = self._new_block(node)
        whole.block = block
        return block

    def _new_block(self, node: Node) -> Any:
        block = self.blocks[node] = _Block(self.tape, self.tape.inputs(math.prod(node.shape)))
        self._wholes.append((block.start, node))
        return block


def _directions(x: Any) -> int | None:
    """How many directions a dual of floats has; -1 for one without an axis; None for others."""
    tangent = x.tangent
    if isinstance(x.primal, Pair) or isinstance(tangent, Pair):
        return None
    many = shape_of(tangent)[: len(shape_of(tangent)) - len(shape_of(x))]
    return many[0] if many else -1


_WHOLE_NUMBERS = (int, np.int64, np.intp)
_SMALL = 1024  # elements of an array whose places cost less than the steps of some stores
_FEW = 64  # places that cost less than an element that is looked for in the whole
_STEP = 2048  # numbers on a tape that cost as much as one step that is not


def _dtype_within(whole: Node, view: Node) -> Any:
    if whole.dtype is None or whole.dtype.kind != "c" or view.dtype.kind == "c":
        return whole.dtype
    return view.dtype  # of a real or an imaginary part


def form_at(level: Any, place: int) -> Form:
    """The form of a number on the tape of a level."""
    if place >= len(level.tape):  # of a differentiation that is over, as drivers will tell
        return zero_form((), np.dtype(float))
    return Form(level.step_at(place))


def form_of_places(level: Any, places: Any) -> Form:
    """The form of an array whose elements are numbers on the tape of a level."""
    return Form(level.gathered(places))


def block_of(form: Form, level: ReverseLevel) -> Any:
    """The block of a whole array that gets one at the first read of an element; else None."""
    if form.base is not None or level.tape is None:
        return None
    return None if form.node.sources and form.size > _SMALL else level.block_of(form)


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
    """A form that depends on nothing, and so is no input, to which nothing leads back either."""
    return Form(Node(tuple(shape), dtype, (), _to_nothing))


def _to_nothing(_g: Any) -> tuple[()]:
    return ()


def _readable_made_of(
    shape: tuple[int, ...], dtype: Any, sources: Sequence[Form], pull: Callable[[Any], Any]
) -> Form:
    """A form with a way back to those that it is made of."""
    return Form(Node(tuple(shape), dtype, [s.node for s in sources], pull))


made_of: Callable[..., Form] = ARRAY_KERNEL.made_of if ARRAY_KERNEL else _readable_made_of


class Form(ArrayTangent):
    """A linear function of the inputs, known by how it is made; as a tangent, with its memory.

    Attributes
    ----------
    node : Node
        The last step of the record. Storing gives the form another one.
    base : Form or None
        The whole that this is a view of.
    places : Places or int or None
        The places of all elements on the tape, once many have been stored one by one (how many);
        of a view, how many have been read.
    block : Block or Form or None
        Where its elements are on the tape, one after the other; of an element, what it is one of.
    views : list of weakref.ref
        The views of this that have blocks. Only where there is one here, too.
    """

    __slots__ = (
        *("base", "place", "places", "shape", "block", "views", "_node", "_seen", "__weakref__"),
    )

    FUNCTIONS: ClassVar[dict[Any, Callable[..., Any]]] = {}  # `transposes` enters it

    def __init__(self, node: Any) -> None:
        self.base: Form | None = None
        self.place: Place | None = None
        self.places: Any = None
        self.block: Any = None
        self.views: list[Any] = []
        self._seen: Node | None = None
        self._node: Node | None = node  # None where elements have got other places since
        self.shape: tuple[int, ...] = node.shape

    @property
    def whole(self) -> Form:
        """What this is a view of; the form itself if of nothing."""
        return self if self.base is None else self.base

    @property
    def node(self) -> Node:
        """The step of the record that this is now."""
        node, base = self._node, self.base
        if base is not None and (whole := base.node) is not self._seen:  # it has changed
            assert self.place is not None and node is not None
            self._seen = whole
            node = Read(self.shape, _dtype_within(whole, node), whole, self.place)
        elif node is None:
            places = self.places
            node = places.level.gathered(places.numbers)
            changed = np.count_nonzero(places.numbers != places.before)
            if not places.level.is_worth_places(changed, self.size):
                self.places = None  # it is looked at too often
                self.block = None
            places.before = places.numbers.copy()
        self._node = node
        return node

    def window(self, shape: tuple[int, ...], place: Place, dtype: Any = None) -> Form:
        """A view of this: `place` is within this form."""
        base = self.whole
        view = Form.__new__(Form)
        view.base, view.place, view.shape, view.block = base, place, shape, None
        view.places, view._seen = None, base.node
        view._node = Read(shape, dtype or self.dtype, base.node, place)
        return view

    def room(self, shape: tuple[int, ...]) -> Form:
        """Zeros in one axis, in which forms of this kind can have their places."""
        return zero_form((int(np.prod(shape)),), self.dtype)

    def within(self, numbers: Any) -> Form:
        """The elements with these numbers, as a view."""
        return self.window(numbers.shape, Place((), numbers))

    def elements(self, numbers: Any) -> Form:
        """The elements with these numbers, counted in C order, as a view."""
        place, whole = self.place or EVERYTHING, self.whole
        found = np.reshape(place.numbers(whole.shape), -1)[numbers]
        views = (*place.halves, flat)
        return self.window(numbers.shape, Place(views, found, place.sign), self.dtype)

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
        if self.base is None and self._node is None:
            return np.dtype(float)  # as of all numbers on the tape
        return self.node.dtype

    @property
    def size(self) -> int:
        """How many numbers the tangent has."""
        return math.prod(self.shape)

    def __getitem__(self, index: Any) -> Any:
        if type(index) is slice and self.base is None and self.shape:
            n = len(range(*index.indices(self.shape[0])))
            return self.window((n, *self.shape[1:]), Place((), index))
        index = own_index(index)
        parts = index_parts(index)
        if not is_basic(parts):
            shape = blank(self.shape)[index].shape
            return Form(Read(shape, self.dtype, self.node, Place((), index)))
        place = (self.place or EVERYTHING).then(parts)
        if len(parts) == len(self.shape) and all(isinstance(i, (int, np.integer)) for i in parts):
            element = Form(Read((), self.dtype, self.whole.node, place))  # a number of its own
            if parts and type(place.index) is tuple:
                element.block = self
            return element
        return self.window(blank(self.shape)[index].shape, place)

    def __setitem__(self, index: Any, value: Any) -> None:
        if not isinstance(value, Form) and np.any(plain(value) != 0):
            refuse("storing a tangent of numbers beside adjoints")
        node = value.node if isinstance(value, Form) else None
        whole = self.whole
        if type(node) is Step and self._takes(index, node):
            return
        old = whole.node
        whole.forget_block()
        if type(whole.places) is not int:
            whole.places = None
        dtype = old.dtype if node is None else joint(old.dtype, node.dtype)
        is_all = all(i is Ellipsis for i in index_parts(index))
        if node is not None and whole is self and is_all and node.shape == self.shape:
            whole._node = Node(self.shape, dtype, (node,), lambda g: (g,))
            return
        whole._node = Store(old, (self.place or EVERYTHING).then(own_index(index)), node, dtype)

    def _takes(self, index: Any, number: Step) -> bool:
        """Keep the place of a number that is stored in an element, if this is done often."""
        parts, level, whole = index_parts(index), number.level, self.whole
        if not (len(parts) == len(self.shape) and all(type(i) in _WHOLE_NUMBERS for i in parts)):
            return False
        if level is None or type(whole) is not Form:
            return False
        if type(whole.places) is not _Places:
            whole.places = count = 1 + (whole.places or 0)
            if not level.is_worth_places(count, whole.size):
                return False
            whole.places = level.places_of(whole)
            whole.forget_block()
        if whole.places is None or whole.places.level is not level:
            return False
        numbers = whole.places.numbers
        if self.place is not None:
            numbers = self.place.view_of(numbers)
            if numbers is None:
                return False
        numbers[parts] = number.at
        whole._node = whole.block = None
        return True

    def forget_block(self) -> None:
        """Let elements be read anew, which something is stored in: of this, and of its views."""
        if self.block is not None:
            for view in [at() for at in getattr(self, "views", ())]:
                if view is not None:
                    view.block = None
            self.block, self.views = None, []

    # the same under other names

    def copy(self, *order: Any) -> Form:
        """The form as it is now."""
        return Form(self.node)

    def astype(self, dtype: Any, *args: Any, **options: Any) -> Form:
        """In another precision; a number that has it already stays what it is."""
        if not self.shape and np.dtype(dtype) == self.dtype:
            return self.copy()
        return made_of(self.shape, np.dtype(dtype), [self], lambda g: (g,))

    @property
    def real(self) -> Any:
        """The real part."""
        return np.real(self)

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return np.imag(self)

    def total(self) -> Form:
        """The sum of all elements."""
        shape, dtype = self.shape, self.dtype
        return made_of((), dtype, [self], lambda g: (spread(g, shape, dtype),))

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

    def refuse(self, what: str) -> NoReturn:
        """Raise the error for a question that only a tangent of numbers can answer."""
        refuse(what)

    def otherwise(self, f: Any, args: Any, options: Any) -> Any:
        """What an array function does that is not in the table."""
        return self.FUNCTIONS[None](f, args, options)

    def __getattr__(self, name: str) -> NoReturn:
        if not name.startswith("_") and hasattr(np.ndarray, name):
            raise Missing(_NO_WAY.format(_called(f"x.{name}")))
        raise AttributeError(f"a form has no attribute {name!r}.")

    def __repr__(self) -> str:
        return f"<form of shape {self.shape}>" if self.shape else "<form>"

    def __format__(self, spec: str) -> str:
        return repr(self)  # whatever its dual is told


def spread(g: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """The adjoint of a sum, for each element."""
    if shape_of(g):  # several
        g = np.reshape(g, g.shape + (1,) * len(shape))
        return np.broadcast_to(g, g.shape[:1] + shape)
    if isinstance(g, Pair):
        return np.broadcast_to(np.stack([cast(Any, g)])[0:1].reshape(()), shape)
    return np.full(shape, g, dtype)


_BLANK = np.zeros((), bool)


def blank(shape: tuple[int, ...]) -> Any:
    """An array of this shape that takes no memory."""
    return np.ndarray(shape, bool, _BLANK, 0, (0,) * len(shape))


def plus(a: Form, b: Any, sign: int) -> Any:
    """The sum or the difference of two tangents."""
    if not isinstance(b, Form):
        if np.any(plain(b) != 0):
            refuse("the sum of an adjoint and a tangent of numbers")
        return a if shape_of(b) in ((), a.shape) else np.broadcast_to(a, shape_of(b))
    shape = a.shape if a.shape == b.shape else np.broadcast_shapes(a.shape, b.shape)
    slopes = [None, None if sign > 0 else -1.0]
    pull = Slopes(slopes, [None if x.shape == shape else x.shape for x in (a, b)], len(shape))
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
    dtype = scaled_dtype(form.dtype, c)
    c = np.float64(c) if type(c) in (int, float) and c == 0 else kept(c)  # which one can divide by
    shape, old = form.shape, form.shape
    if shape_of(c) not in ((), shape):
        shape = np.broadcast_shapes(shape, shape_of(c))
    n = len(shape)
    if product is operator.mul:
        return made_of(shape, dtype, [form], Slopes([c], [None if old == shape else old], n))

    def pull(g: Any) -> Any:
        return (summed(strongly(product, g, c), old, len(shape_of(g)) - n),)

    return made_of(shape, dtype, [form], pull)


if KERNEL:
    KERNEL.connect_forms(Form, form_at, form_of_places, block_of, ReverseLevel, made_of, Slopes)
if ARRAY_KERNEL:
    ARRAY_KERNEL.connect_forms(Form, spread, ReverseLevel)
