"""The recording of a trace: which steps a function takes, whatever they are made of.

The function runs on duals of a level that records, as for every gradient. The level notes in
addition which nodes of its record are steps of the user's: rows of the table, functions of arrays,
what is stored in them, solvers. `forward` and `backward` say what is done with the steps.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import CodeType
from typing import Any, TypeVar

import numpy as np

from .. import product_transposes, transposes
from ..advice import tell_of_foreign
from ..arguments import Argnums, Inputs, Outputs
from ..array.dualarray import DualArray
from ..array.operands import unbuffered
from ..differentiations import close_level, open_level
from ..dual import Dual, apply, namespace_for, value_of
from ..forms import Form, Nonlinear, ReverseLevel, dtype_of
from ..frames import asking_frame
from ..looks import is_plain
from ..pair import dual, is_array, kind_of, own, parts, plain, shape_of
from ..promises import NotDeterministicError
from ..records import Node, Sweep, index_parts, next_number
from ..records import Place as Part
from ..records import Read as ReadNode
from ..records import Store as StoreNode
from ..rules import Rule
from ..structure import argument_names, element_labels, labelled, leaves, rebuild, rebuild_labelled
from .notation import Option, flat
from .rows import Row
from .steps import (
    NOWHERE,
    Asked,
    Called,
    Compared,
    Entry,
    Index,
    Made,
    Operation,
    Place,
    Read,
    Steps,
    Store,
    has_numbers,
    is_number,
)

_R = TypeVar("_R", bound="Recording")

assert transposes and product_transposes  # what forms can do is entered there

# -- the arguments -------------------------------------------------------------------------


class Given:
    """The arguments of one trace: its inputs, and which are differentiated.

    Attributes
    ----------
    active : list of (int, str, tuple or None)
        The numbers that are differentiated: which input, its label, and where in an array.
    are_floats : bool
        Whether these are floats of double precision, or integers, which become such.
    """

    def __init__(
        self,
        caller: str,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        wrt: Argnums | None,
        is_forward: bool,
    ) -> None:
        self.caller, self.f = caller, f
        self.positional = len(args)
        self.given: dict[Any, Any] = dict(enumerate(args)) | kwargs
        self.names = dict(enumerate(argument_names(f, len(args)))) | {key: key for key in kwargs}
        parts = {
            key: list(labelled(x, self.names[key], dataclasses=True))
            for key, x in self.given.items()
        }
        values = {key: [part.value for part in found] for key, found in parts.items()}
        keys: list[Any]
        if wrt is None:  # those with floats, or all if there are none
            numbers = {key: list(filter(has_numbers, x)) for key, x in values.items()}
            found = {
                key: x
                for key, x in numbers.items()
                if x and (is_forward or len(x) == len(values[key]))
            }
            keys = [key for key, x in found.items() if any(map(_is_inexact, x))] or list(found)
            keys = keys[:1] if is_forward else keys
        else:
            keys = self._chosen(wrt, values)
        self.keys = keys
        self.inputs: list[str] = []  # labels
        self.counts: list[bool] = []  # whether each of them is an integer, or made of integers
        self.are_floats = True
        self.active: list[tuple[int, str, tuple[int, ...] | None]] = []
        self.is_input = partial(self._is_input, wrt is None, is_forward)
        for key in self.given:
            for label, x, _ in parts[key]:
                if self.is_input(key, x):
                    self._enter(label, x, key in keys)
        if wrt is None and is_forward:  # the first, but a count gives way to a float
            self.active = sorted(self.active, key=lambda one: self.counts[one[0]])[:1]
        if not self.active:
            raise ValueError(self._nothing_to_differentiate(wrt))

    def _nothing_to_differentiate(self, wrt: Argnums | None) -> str:
        name = getattr(self.f, "__name__", "f")
        name = name if name.isidentifier() else "f"
        call = f"{self.caller}({name}, 2.0)"
        if not self.given and not parameters_of(self.f):
            return (
                f"{self.caller}: {name} takes no arguments, so there is nothing to differentiate; "
                "let it take the number that varies."
            )
        if not self.given:
            return (
                f"{self.caller} runs a function at a point, and none was given; write {call} with "
                "numbers for its arguments."
            )
        if wrt is not None and not self.keys:
            return f"{self.caller}: wrt={wrt!r} names no argument; leave it out, or write wrt=0."
        kinds = ", ".join(type(self.given[key]).__name__ for key in self.keys or self.given)
        return (
            f"{self.caller} needs a number to differentiate among the arguments, and these are of "
            f"type {kinds}; write {call}, if {name} takes a number."
        )

    def _chosen(self, wrt: Argnums, values: dict[Any, Any]) -> list[Any]:
        args = tuple(values[i] for i in range(self.positional))
        kwargs = {key: x for key, x in values.items() if isinstance(key, str)}
        return list(Inputs(self.caller, self.f, wrt, args, kwargs, called="wrt").keys)

    def _is_input(self, by_default: bool, is_forward: bool, key: Any, x: Any) -> bool:
        """Whether a leaf is an input: of a forward trace, also one that is not differentiated."""
        if key in self.keys:
            return has_numbers(x)
        if not is_forward:
            return False
        return is_number(x) or (by_default and has_numbers(x) and _is_inexact(x))

    def _enter(self, label: str, x: Any, is_active: bool) -> None:
        if is_active:
            dtype = x.dtype if is_plain(x, np.ndarray) else type(x)
            self.are_floats &= any(np.issubdtype(dtype, kind) for kind in (np.float64, np.integer))
            shape = np.shape(plain(x))
            places = list(np.ndindex(shape)) if shape else [None]
            for name, place in zip(element_labels(label, shape), places, strict=True):
                self.active.append((len(self.inputs), name, place))
        self.inputs.append(label)
        self.counts.append(not _is_inexact(x))

    def arguments(
        self, enter: Callable[[str, Any, bool], Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments for f, with enter(label, x, is it differentiated?) for inputs."""
        active = {i for i, _, _ in self.active}
        place = itertools.count()

        def each(key: Any, label: str, x: Any) -> Any:
            if self.is_input(key, x):
                return enter(label, x, next(place) in active)
            return own(x) if is_array(x) else x

        new = {
            key: rebuild_labelled(x, partial(each, key), self.names[key], dataclasses=True)
            for key, x in self.given.items()
        }
        return tuple(new.pop(i) for i in range(self.positional)), new


def _is_inexact(x: Any) -> bool:
    return np.asarray(plain(x)).dtype.kind in "fcO"


def parameters_of(f: Callable[..., Any]) -> Any:
    """The parameters of a function; None if it does not tell them."""
    try:
        return inspect.signature(f).parameters
    except (TypeError, ValueError):
        return None


@contextmanager
def opened(kind: type[_R], given: Given, outermost: CodeType) -> Iterator[_R]:
    """A recording whose level is open: within, it takes part, and its numbers are alive."""
    level = open_level()
    recording = kind(level)
    recording.caller, recording.outermost = given.caller, outermost
    try:
        with recording:
            yield recording
    finally:
        close_level(level)


def refuse_unless_same(caller: str, rows: Sequence[Row], others: Sequence[Row], again: str) -> None:
    """Refuse a function that did something else when it ran again.

    Steps may differ in the last bits, for what functions of arrays do within differs with the way
    that derivatives go; what comes out may not.
    """
    if len(rows) != len(others) or not all(map(_is_same, rows, others)):
        raise NotDeterministicError(
            f"{caller}: the function took other steps, or other values, when it ran again {again}; "
            "it must do the same each time, without random numbers, counters or data that it "
            "modifies."
        )


def _is_same(row: Row, other: Row) -> bool:
    a, b = (np.asarray(plain(x)) for x in (row.value, other.value))
    if row.kind != other.kind or a.shape != b.shape:
        return False
    if np.array_equal(a, b) or np.all((a == b) | ((a != a) & (b != b))):
        return True
    tolerance = 0 if row.kind == "output" else 1e-9
    return a.dtype.kind in "fc" and np.allclose(a, b, rtol=tolerance, atol=0, equal_nan=True)


# -- duals whose level notes what is done to them -------------------------------------------


class _Followed(Form):
    """A form that the kernel leaves to the definition, so that the level is asked at each step."""

    __slots__ = ()


class _OfTrace(Dual):
    """What numbers and arrays of a trace share: NumPy's functions are steps."""

    __slots__ = ()
    level: Recording
    place: Place

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _step_of_ufunc(self, super().__array_ufunc__, ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _step_of_function(self, super().__array_function__, func, types, args, kwargs)


class Traced(_OfTrace, Asked):
    """A number of a trace."""

    __slots__ = ("place",)

    def __index__(self) -> int:  # type: ignore[override]
        number = self.primal
        if isinstance(number, int) and not self.tangent.node.sources:
            return number  # an integer that is not differentiated
        return Dual.__index__(self)


class TracedArray(_OfTrace, DualArray):
    """An array of a trace."""

    __slots__ = ("place",)

    def __matmul__(self, other: Any) -> Any:
        level = _level_of([self, other])
        with level.step("matmul", (self, other)) as step:
            return step.result(super().__matmul__(other))

    def __rmatmul__(self, other: Any) -> Any:
        level = _level_of([self, other])
        with level.step("matmul", (other, self)) as step:
            return step.result(super().__rmatmul__(other))

    def __setitem__(self, index: Any, value: Any) -> None:
        self.level.store(self, index, value, super().__setitem__)


# Python's own messages name the type of an operand.
Traced.__name__, TracedArray.__name__ = Dual.__name__, DualArray.__name__


def _step_of_ufunc(
    x: Any, go_on: Any, ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    if method == "__call__" and ufunc.signature is None and not kwargs:
        return go_on(ufunc, method, *inputs)  # a row of the table
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    name = _REDUCTIONS.get(name, name)
    options, out = {k: v for k, v in kwargs.items() if k != "out"}, kwargs.get("out")
    with _level_of([*inputs, x]).step(name, inputs, options, out) as step:
        return step.result(go_on(ufunc, method, *inputs, **kwargs))


_REDUCTIONS = {"add.reduce": "sum", "multiply.reduce": "prod", "maximum.reduce": "max",
               "minimum.reduce": "min", "add.accumulate": "cumsum"}  # fmt: skip


def _step_of_function(
    x: Any, go_on: Any, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    level = _level_of([*leaves([args, kwargs]), x])
    with level.step(func.__name__, args, kwargs) as step:
        try:
            return step.result(go_on(func, types, args, kwargs))
        except Nonlinear:
            if level.is_followed:
                raise
            return step.result(level.call_forward(func, args, kwargs))


def _level_of(numbers: Sequence[Any]) -> Recording:
    """The level of the trace whose numbers these are, or are made of."""
    for x in numbers:
        while isinstance(x, Dual):
            if isinstance(x.level, Recording):
                return x.level
            x = x.primal
    raise AssertionError("a step without a number of a trace")


# -- the level -----------------------------------------------------------------------------


class _Step:
    """A function of arrays while it runs."""

    def __init__(self) -> None:
        self.made: Any = None

    def result(self, y: Any) -> Any:
        self.made = y
        return y


# Plain answers that no number decides about.
_OF_SHAPES = {"ndim", "shape", "size", "can_cast", "common_type", "iscomplexobj", "isrealobj",
              "may_share_memory", "min_scalar_type", "result_type", "shares_memory",
              "einsum_path"}  # fmt: skip

# Comparisons of numbers by ufuncs; those by operators are noted where they are made.
_SIGNS = {np.less: "<", np.less_equal: "<=", np.greater: ">", np.greater_equal: ">=",
          np.equal: "==", np.not_equal: "!="}  # fmt: skip


class Recording(Steps, ReverseLevel):
    """The level of the numbers that go through f, and the rows of the trace as they are made."""

    def __init__(self, level: int) -> None:
        Steps.__init__(self)
        ReverseLevel.__init__(self, level)
        self.is_followed = True  # whether tangents have a way back; in a forward trace they do not
        self.known: dict[Node, Entry] = {}
        self.owners: dict[int, TracedArray] = {}  # what has memory of its own, by its form
        self.elements: dict[tuple[Node, str], Entry] = {}  # that have been read
        self.places: dict[Node, Place] = {}  # where arrays were made
        self.views: dict[Node, list[tuple[Node, TracedArray]]] = {}  # of a whole, those noted
        self.nodes: dict[Entry, list[Node]] = {}
        self.sources: dict[Entry, tuple[Entry, ...]] = {}  # each once, as they stand in the step
        self.is_busy = False  # with a step: what is done within it is part of it
        self.doing = ""  # the function of arrays that is a step
        self.active: list[Entry] = []
        # What has made plain things, and whether these were numbers: floor; not isclose, str.
        self.plain_from: dict[str, bool] = {}

    def run(self, run: Callable[..., Any], given: Given) -> list[Any]:
        """What the function returns for the given arguments, as a list.

        While it runs the level is open, so that numbers become text as they do in the plain run.
        """
        args, kwargs = given.arguments(self.start)
        try:
            y = run(*args, **kwargs)
        except Exception as error:
            tell_of_foreign(self.caller, error)
            raise
        plain_from = dict(self.plain_from)
        outputs = list(leaves(Outputs(self.caller, y, self).structure))
        self.plain_from = plain_from
        return outputs

    def start(self, label: str, x: Any, is_active: bool) -> Any:
        """Make an input."""
        seed, node = self.seed(own(x))
        entry = self.add(Entry("input", own(x), label=label, varies=is_active))
        if is_active:
            self.active.append(entry)
        self._know(node, entry)
        return seed

    def _know(self, node: Node, entry: Entry) -> None:
        self.known[node] = entry
        self.nodes.setdefault(entry, []).append(node)

    # what is done to the numbers

    def made(self, primal: Any, tangent: Any) -> Any:
        kind = TracedArray if issubclass(kind_of(primal), DualArray) else Traced
        result: Any = object.__new__(kind)
        if type(tangent) is Form:
            tangent.__class__ = _Followed
        result.primal, result.tangent, result.level = primal, tangent, self
        result.place = NOWHERE if self.is_busy else self.where()
        if kind is TracedArray and isinstance(tangent, Form) and tangent.base is None:
            self.owners[id(tangent)] = result
            self.places[tangent.node] = result.place
        elif result.place.is_solver:
            self._note_view(result)
        return result

    def _note_view(self, x: Any) -> None:
        """A view that is a step, or that a solver has made: parts of it are read from it."""
        form = x.tangent
        if isinstance(x, TracedArray) and isinstance(form, Form) and form.base is not None:
            self.views.setdefault(form.whole.node, []).append((form.node, x))

    def applies(self, rule: Rule, args: tuple[Any, ...]) -> Any:
        solving = asking_frame(self.outermost) is not None
        inside = solving or self.is_busy
        if solving or (inside and self.is_followed):  # solvers sweep over what they do
            return NotImplemented
        numbers = tuple(parts(a, self)[0] for a in args)
        namespace = namespace_for(numbers)
        if namespace is None or rule.is_composed(namespace):
            return NotImplemented
        if inside:
            return self._apply_forward(rule, args, numbers)
        operands = tuple(map(self._operand, args))
        with self._busy():
            try:
                go_on = apply if self.is_followed else partial(self._apply_forward, numbers=numbers)
                y = go_on(rule, args)
            except Exception:
                self.plain_from.setdefault(rule.name, False)  # the function may go on another way
                raise
        if isinstance(y, (Traced, TracedArray)):
            self._enter(y, operands, rule)
        elif not isinstance(y, (bool, np.bool_)):
            self.plain_from[rule.name] = True
        return y

    def answers(self, question: Any, answer: Any, numbers: tuple[Any, ...]) -> Any:
        """Note a plain answer about numbers: it may decide what f does, and is constant then.

        That a function raises an exception is one, too.
        """
        name = question.__name__
        is_operator = getattr(question, "__module__", "") == "_operator"
        is_part = self.is_busy and name != self.doing
        if is_operator or is_part or name in _OF_SHAPES or asking_frame(self.outermost) is not None:
            return answer
        if question in _SIGNS and not np.ndim(answer):
            self.note(numbers[0], _SIGNS[question], numbers[1], bool(answer))
        elif name == "isnan" and not np.ndim(answer):
            self.note(numbers[0], "!=", numbers[0], bool(answer))
        else:
            self.plain_from[name] = is_number(answer) or self.plain_from.get(name, False)
        return answer

    def _apply_forward(self, rule: Rule, args: tuple[Any, ...], numbers: tuple[Any, ...]) -> Any:
        """What a row gives for duals of the inner level; without slopes, for none goes back."""
        y = value_of(rule, numbers)
        return y if rule.kind == "flat" else self._without_way_back(y, args)

    def call_forward(self, f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function of arrays that asks for a tangent itself: of duals of the inner level."""

        def inner(x: Any) -> Any:
            return parts(x, self)[0]

        y = f(*rebuild(args, inner), **rebuild(kwargs, inner))
        given = list(leaves([args, kwargs]))
        return rebuild(y, lambda part: self._without_way_back(part, given))

    def _without_way_back(self, y: Any, args: Sequence[Any]) -> Any:
        nodes = [x.tangent.node for x in args if isinstance(x, Dual) and x.level is self]
        return self.made(y, Form(Node(shape_of(y), dtype_of(y), nodes)))

    @property
    def is_inside(self) -> bool:
        """Whether what is done is a part of a step: of a function of NumPy, or of a solver."""
        return self.is_busy or asking_frame(self.outermost) is not None

    @contextmanager
    def step(
        self,
        name: str,
        args: tuple[Any, ...],
        options: dict[str, Any] | None = None,
        out: Any = None,
    ) -> Iterator[_Step]:
        """Within: a function of NumPy, which is one step; it may write into `out`, too."""
        step = _Step()
        if self.is_inside:
            yield step
            return
        given = list(leaves((args, options or {}, out)))
        operands = self._operands(args, options or {})
        since = next_number()
        with self._busy():
            self.doing = name
            yield step
        results = list(leaves(step.made))
        for i, y in enumerate(results):
            if self._is_new(y):
                result = i if isinstance(step.made, (tuple, list)) else None
                if any(y is x for x in given):
                    self._enter_written(y, operands, Called(name, result))
                else:
                    self._enter(y, operands, Called(name, result), since)
        for x in given:
            if self._is_new(x):
                self._enter_written(x, operands, Called(name))

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self.is_busy = True
        try:
            yield
        finally:
            self.is_busy, self.doing = False, ""

    def store(self, x: TracedArray, index: Any, value: Any, go_on: Callable[..., None]) -> None:
        """x[index] = value"""
        if self.is_inside:
            go_on(index, value)
            return
        is_same = isinstance(value, TracedArray) and _is_same_memory(plain(value), plain(x)[index])
        stored, form = None if is_same else self._operand(value), x.tangent
        before = self._whole(x)
        with self._busy():
            go_on(index, value)
        whole = x.tangent.whole
        node = whole.node
        if node in self.known:
            return
        if is_same and isinstance(before, Entry):  # x[index] *= 2 stores what it has written there
            self._know(node, before)
            return
        if len(node.sources) == 1 and type(node) is Node and node.sources[0] in self.known:
            self._know(node, self.known[node.sources[0]])  # all of it
            return
        if form.base is None or _is_indexed(form.place):
            places = () if form.base is None else _indices(form.place, node.shape) or (Ellipsis,)
            places += (index,) if index is not Ellipsis else ()
        else:
            place = form.place.then(index_parts(index))
            places = _indices(place, node.shape) or (Ellipsis, index)
        value = self._owner(x, node)[0]
        self._enter_node(node, value, (before, stored), Store(Index(places)))

    def _whole(self, x: Any, node: Node | None = None) -> Any:
        """The entry of the array of which x is a part; the array itself if it is constant.

        `node`: the whole of which an element has been read; by default that of a view.
        """
        node = x.tangent.whole.node if node is None else node
        if node in self.known:
            return self.known[node]
        sources, (value, place) = self._known_below(node), self._owner(x, node)
        if not sources:
            return own(value)
        elements = [self.known[each] for each in node.sources if each in self.known]
        if not place.is_solver and _are_elements(value, elements):
            return self._enter_node(node, value, (elements,), Called("stack"))
        if type(node) is ReadNode and node.sources[0] in self.known and not place.is_solver:
            sources, made = (
                (self.known[node.sources[0]],),
                Read(Index(_indices(node.place, node.sources[0].shape))),
            )
            entry = self._enter_node(node, value, sources, made)
        else:
            entry = self._enter_node(node, value, sources, Made())
        entry.place = place if place.line else entry.place
        return entry

    def _owner(self, x: Any, node: Node) -> tuple[Any, Place]:
        """The array of which x is a part, and where it was made."""
        form = x.tangent
        if form.base is not None:
            owner = self.owners.get(id(form.base))
        elif form.node is node:
            return x.primal, x.place
        else:
            owner = next((a for a in self.owners.values() if a.tangent.node is node), None)
        return (_base_of(x.primal), NOWHERE) if owner is None else (owner.primal, owner.place)

    def note(self, left: Any, sign: str, right: Any, truth: bool) -> None:
        """Note a comparison."""
        if not self.is_inside:
            operands = self._operand(left), self._operand(right)
            self.add(Entry("branch", truth, Compared(sign), operands, place=self.where()))

    # entries

    def _is_new(self, x: Any) -> bool:
        if not isinstance(x, (Traced, TracedArray)) or x.level is not self:
            return False
        entry = self.known.get(x.tangent.node)
        return entry is None or not self._is_value_of(entry, x)

    def _is_value_of(self, entry: Entry, x: Any) -> bool:
        """Whether a dual has an entry's value, and not only its tangent, as after x + 1.

        What is composed of steps may differ from them in the last digits: its value stands.
        """
        new, old = plain(x), plain(entry.value)
        if np.shape(new) != np.shape(old):
            return False
        if new is old or np.array_equal(new, old):
            return True
        if np.asarray(new).dtype.kind not in "fc":  # numbers that NumPy does not know
            return bool(new == old or new != new)
        if np.allclose(new, old, rtol=1e-12, atol=0, equal_nan=True):
            entry.value = own(x.primal)
            return True
        return False

    def _enter(
        self,
        x: Any,
        operands: tuple[Any, ...],
        operation: Operation,
        since: int | None = None,
    ) -> Entry:
        """Note a step, whose result is x. `since`: nothing older has been made within it."""
        node: Node = x.tangent.node
        whole = x.tangent.whole.node
        is_loose = x.tangent.base is not None and since is not None and whole.number > since
        if node in self.known or is_loose:  # as +x; a view of what was made within the step
            node = Node(node.shape, node.dtype, (node,), lambda g: (g,))
            x.tangent = _Followed(node)
        elif not isinstance(operation, Read):
            self._note_view(x)
        return self._enter_node(node, x.primal, operands, operation)

    def _enter_written(self, x: Any, operands: tuple[Any, ...], operation: Operation) -> None:
        """Note a step that has written into x: of a view, what is stored in its whole."""
        form, node = x.tangent, x.tangent.whole.node
        if form.base is None:
            self._enter(x, operands, operation)
            return
        if node in self.known:
            return
        value = self._owner(x, node)[0]
        before = self.known.get(node.sources[0])
        if type(node) is not StoreNode or before is None or node.sources[-1].shape != form.shape:
            self._enter_node(node, value, operands, operation)
            return
        new = node.sources[-1]
        stored = self.known.get(new) or self._enter_node(new, x.primal, operands, operation)
        places = _indices(form.place, node.shape) or (Ellipsis,)
        self._enter_node(node, value, (before, stored), Store(Index(places)))

    def _enter_node(
        self, node: Node, value: Any, operands: tuple[Any, ...], operation: Operation
    ) -> Entry:
        below = dict.fromkeys(x for source in node.sources for x in self._known_below(source))
        named = dict.fromkeys(x for x in flat(operands) if isinstance(x, Entry))
        direct = {x for x in operands if isinstance(x, Entry)}
        others = tuple(x for x in (*named, *below) if x not in direct)
        entry = Entry("step", own(value), operation, operands, others, place=self.where())
        self._know(node, self.add(entry))
        self.sources[entry] = (*(x for x in named if x in below),
                               *(x for x in below if x not in named))  # fmt: skip
        return entry

    def _operand(self, x: Any) -> Any:
        """The entry of a number of this trace; other numbers and arrays as they are now."""
        x = unbuffered(x)
        if isinstance(x, Dual) and x.level > self:
            return self._operand(x.primal)
        if not isinstance(x, (Traced, TracedArray)) or x.level is not self:
            return x.copy() if is_plain(x, np.ndarray) else x
        node = x.tangent.node
        if node in self.known:
            entry = self.known[node]
            return entry if self._is_value_of(entry, x) else self._found(x, (entry,), Made())
        if type(node) is ReadNode and not self._is_made_with(node, x.place):  # elements, and views
            view, place = self._view_with(node)
            if view is not None:
                node = ReadNode(node.shape, node.dtype, view, place)
                x.tangent._node = node
            whole = self.known[view] if view is not None else self._whole(x, node.sources[0])
            if isinstance(whole, Entry):
                return self._read(x, node, whole)
        sources = self._known_below(node)
        if len(sources) == 1 and not x.place.is_solver and self._is_converted(x, sources[0]):
            self._know(node, sources[0])
            return sources[0]
        return self._found(x, sources, Made()) if sources else own(x.primal)

    def _is_converted(self, x: Any, entry: Entry) -> bool:
        """Whether a number is an entry's in another kind, as cmath makes complex ones of floats."""
        is_same = not shape_of(x) and not shape_of(entry.value) and plain(x) == plain(entry.value)
        return bool(is_same) and self._slope_between(x, entry) == 1

    def _slope_between(self, x: Any, entry: Entry) -> Any:
        """What an adjoint of x gives to an entry of which x is made."""
        sweep = Sweep(self)
        sweep.add(x.tangent.node, 1.0)
        (slope,) = sweep.run([self.nodes[entry][0]], False)
        return slope

    def _read(self, x: Any, node: ReadNode, whole: Entry) -> Entry:
        """A part of an array: one step, however often it is read."""
        shape = node.sources[0].shape
        if node.shape == shape and (not _chain(node.place) or _is_in_order(node.place, shape)):
            self._know(node, whole)  # all of it
            return whole
        if node.shape and _is_in_order(node.place, shape):
            return self._found(x, (whole, node.shape), Called("reshape"))
        index = Index(_indices(node.place, shape))
        key = (node.sources[0], str(index))
        is_element = not node.shape and bool(index.each)
        if is_element and key in self.elements:
            self._know(node, self.elements[key])
        else:
            self.elements[key] = self._found(x, (whole,), Read(index))
        return self.known[node]

    def _view_with(self, node: ReadNode) -> tuple[Node | None, Part]:
        """The smallest view noted that has this part, and where in it; None if none has."""
        found: list[tuple[Node, TracedArray, Part]] = []
        for of_view, view in self.views.get(node.sources[0], ()):
            rest = _rest(node.place, view.tangent.place)
            is_there = of_view in self.known or view.tangent.node is of_view  # not stored to since
            if rest is not None and is_there and of_view.number < node.number:
                found.append((of_view, view, rest))
        if not found:
            return None, node.place
        of_view, view, rest = min(found, key=lambda each: len(_chain(each[-1])))
        if of_view not in self.known:  # a solver's
            self._operand(view)
        return (of_view if of_view in self.known else None), rest

    def _is_made_with(self, node: Node, place: Place) -> bool:
        """Whether a solver has made this part of an array, and the array for it."""
        whole = node.sources[0]
        return whole not in self.known and bool(place.line) and self.places.get(whole) == place

    def _found(self, x: Any, sources: tuple[Any, ...], operation: Operation) -> Entry:
        """A step that no hook has announced."""
        entry = self._enter(x, sources, operation)
        entry.place = x.place if x.place.line else entry.place
        return entry

    def _known_below(self, node: Node) -> tuple[Entry, ...]:
        """The steps of which a node is made."""
        found: dict[Entry, None] = {}
        seen, todo = set(), [node]
        while todo:
            node = todo.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in self.known:
                found[self.known[node]] = None
            else:
                todo.extend(reversed(node.sources))
        return tuple(found)

    def _operands(self, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments of a function of NumPy, in lists where they are."""

        def each(x: Any) -> Any:
            if isinstance(x, (list, tuple)) and any(isinstance(v, Dual) for v in leaves(x)):
                return [each(v) for v in x]
            return self._operand(x)

        named = [Option(name, each(x)) for name, x in options.items() if x is not np._NoValue]
        return (*map(each, args), *named)


def _are_elements(x: Any, elements: Sequence[Entry]) -> bool:
    """Whether a vector is made of these numbers, one after the other."""
    values = [plain(entry.value) for entry in elements]
    return not any(map(np.ndim, values)) and np.array_equal(plain(x), values)


def _base_of(x: Any) -> Any:
    """The array in whose memory x lies; of a dual with its tangent."""
    if isinstance(x, Dual):
        return dual(_base_of(x.primal), _base_of(x.tangent), x.level)
    return x if x.base is None else x.base


def _is_same_memory(x: Any, y: Any) -> bool:
    """Whether two arrays are the same view."""
    if not isinstance(y, np.ndarray) or (x.shape, x.strides) != (y.shape, y.strides):
        return False
    return bool(x.ctypes.data == y.ctypes.data)


def _chain(place: Part) -> tuple[Any, ...]:
    """The views of a part of an array, the last one by its index."""
    return place.views if place.index is Ellipsis else (*place.views, place._view)


def _rest(part: Part, view: Part) -> Part | None:
    """Where in a view a part of the same array is; None if it is not made of the view."""
    done, sign = _chain(view), part.sign * view.sign
    if part.views[: len(done)] == done:
        return Part(part.views[len(done) :], part.index, sign)
    return Part((), ..., sign) if _chain(part) == done else None


def _is_indexed(place: Part) -> bool:
    """Whether a part is what indices say, and not transposed or the like."""
    return all(isinstance(getattr(view, "__self__", None), Part) for view in place.views)


def _numbers_of(place: Part, shape: tuple[int, ...]) -> Any:
    """Which elements a part has, as they are counted in C order; None if halves of them."""
    if place.sign < 0 or np.real in place.views or np.imag in place.views:
        return None
    numbers = np.arange(int(np.prod(shape))).reshape(shape)
    return np.asarray(place.whole(numbers)[place.index])


def _is_in_order(place: Part, shape: tuple[int, ...]) -> bool:
    """Whether a part is all of an array, its elements in C order, perhaps in another shape."""
    numbers = None if _is_indexed(place) else _numbers_of(place, shape)
    return numbers is not None and np.array_equal(numbers.ravel(), np.arange(np.prod(shape)))


def _indices(place: Part, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The indices of a part of an array, one after the other; none if it is halves of numbers."""
    if _is_indexed(place):
        parts = [*(view.__self__ for view in place.views), place]  # type: ignore[attr-defined]
        return tuple(part.index for part in parts if part.index is not Ellipsis)
    numbers = _numbers_of(place, shape)
    if numbers is None:
        return ()
    each = np.unravel_index(numbers, shape)
    return (each if numbers.ndim else tuple(int(i) for i in each),)
