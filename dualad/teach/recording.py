"""The recording of a trace: which steps a function takes, whatever they are made of.

The function runs on duals of a level that records, as for every gradient. The level notes in
addition which nodes of its record are steps of the user's: rows of the table, functions of arrays,
what is stored in them, solvers. `forward` and `backward` say what is done with the steps.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from ..advice import tell_of_foreign
from ..arguments import Argnums, Inputs
from ..array.dualarray import DualArray
from ..array.operands import unbuffered
from ..dual import Dual, apply, evaluate, namespace_for
from ..forms import Form, Nonlinear, ReverseLevel, dtype_of
from ..frames import asking_frame
from ..looks import is_plain
from ..pair import dual, is_array, kind_of, own, parts, plain, shape_of
from ..records import Node, Read, Sweep, next_number
from ..records import Place as Part
from ..rules import Rule
from ..structure import argument_names, element_labels, labelled, leaves, rebuild, rebuild_labelled
from .notation import Option, flat
from .steps import NOWHERE, Asked, Entry, Place, Steps, has_numbers, is_number

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
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        wrt: Argnums | None,
        is_forward: bool,
    ) -> None:
        self.positional = len(args)
        self.given: dict[Any, Any] = dict(enumerate(args)) | kwargs
        self.names = dict(enumerate(argument_names(f, len(args)))) | {key: key for key in kwargs}
        parts = {
            key: list(labelled(x, self.names[key], dataclasses=True))
            for key, x in self.given.items()
        }
        values = {key: [part.value for part in found] for key, found in parts.items()}
        found = {key: x for key, x in values.items() if x and all(map(has_numbers, x))}
        if wrt is None and is_forward:
            keys = [key for key, x in values.items() if any(map(has_numbers, x))][:1]
        elif wrt is None:  # those with floats, or all if there are none
            floats = [key for key, x in found.items() if any(map(_is_inexact, x))]
            keys = floats or list(found)
        else:
            keys = self._chosen(f, wrt, values)
        self.keys = keys
        self.inputs: list[str] = []  # labels
        self.are_floats = True
        self.active: list[tuple[int, str, tuple[int, ...] | None]] = []
        self.is_input = partial(self._is_input, wrt is None, is_forward)
        for key in self.given:
            for label, x, _ in parts[key]:
                if self.is_input(key, x):
                    self._enter(label, x, key in keys)
        if wrt is None and is_forward:
            del self.active[1:]
        if not self.active:
            name = getattr(f, "__name__", "f")
            name = name if name.isidentifier() else "f"
            if not self.given:
                raise ValueError(
                    "a function is traced at a point, and none was given; write "
                    f"trace({name}, 2.0) with numbers for its arguments (or graph, or explain)."
                )
            kinds = ", ".join(type(x).__name__ for x in self.given.values())
            raise ValueError(
                "trace needs a number to differentiate among the arguments, and these are of type "
                f"{kinds}; write trace({name}, 2.0)."
            )

    def _chosen(self, f: Any, wrt: Argnums, values: dict[Any, Any]) -> list[Any]:
        args = tuple(values[i] for i in range(self.positional))
        kwargs = {key: x for key, x in values.items() if isinstance(key, str)}
        try:
            return list(Inputs("trace", f, wrt, args, kwargs).keys)
        except (TypeError, ValueError) as error:
            raise type(error)(str(error).replace("argnums", "wrt")) from None

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


def run_told(run: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function gives; its errors say what helps where it does not take duals."""
    try:
        return run(*args, **kwargs)
    except Exception as error:
        tell_of_foreign("trace", error)
        raise


# -- duals whose level notes what is done to them -------------------------------------------


class _Followed(Form):
    """A form that the kernel leaves to the definition, so that the level is asked at each step."""

    __slots__ = ()


class _OfTrace(Dual):
    """What numbers and arrays of a trace share: NumPy's functions are steps."""

    __slots__ = ()
    level: Recording
    place: Place

    def __repr__(self) -> str:  # as f sees it elsewhere, where it prints a number
        return repr(self.primal) if isinstance(self.primal, Dual) else super().__repr__()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _step_of_ufunc(self, super().__array_ufunc__, ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _step_of_function(self, super().__array_function__, func, types, args, kwargs)


def _steps_told(name: str) -> Callable[..., Any]:
    """A conversion to a plain number, of which the level keeps the name."""

    def method(self: Any, *digits: Any) -> Any:
        self.level.plain_from[name.strip("_")] = None
        return getattr(Dual, name)(self, *digits)

    return method


class Traced(_OfTrace, Asked):
    """A number of a trace."""

    __slots__ = ("place",)

    __int__, __trunc__ = _steps_told("__int__"), _steps_told("__trunc__")
    __floor__, __ceil__ = _steps_told("__floor__"), _steps_told("__ceil__")
    __round__ = _steps_told("__round__")

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
    options = {k: v for k, v in kwargs.items() if k != "out"}
    with _level_of([*inputs, x]).step(name, inputs, options) as step:
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
        self.nodes: dict[Entry, list[Node]] = {}
        self.sources: dict[Entry, tuple[Entry, ...]] = {}  # each once, as they stand in the step
        self.is_busy = False  # with a step: what is done within it is part of it
        self.active: list[Entry] = []
        self.plain_from: dict[str, None] = {}  # what has made plain numbers: floor, int

    def start(self, label: str, x: Any, is_active: bool) -> Any:
        """Make an input."""
        seed, node = self.seed(own(x))
        entry = self.add(Entry("input", own(x), text=label))
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
        return result

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
            y = apply(rule, args) if self.is_followed else self._apply_forward(rule, args, numbers)
        if isinstance(y, (Traced, TracedArray)):
            self._enter(y, operands, rule)
        elif not isinstance(y, (bool, np.bool_)):
            self.plain_from[rule.name] = None
        return y

    def _apply_forward(self, rule: Rule, args: tuple[Any, ...], numbers: tuple[Any, ...]) -> Any:
        """What a row gives for duals of the inner level; without slopes, for none goes back."""
        y = evaluate(rule, numbers)
        if rule.kind == "flat":
            return y
        return self._without_way_back(float(y) if is_plain(y, int) else y, args)

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
        self, name: str, args: tuple[Any, ...], options: dict[str, Any] | None = None
    ) -> Iterator[_Step]:
        """Within: a function of NumPy, which is one step."""
        step = _Step()
        if self.is_inside:
            yield step
            return
        given = (args, options or {})
        operands = self._operands(args, options or {})
        since = next_number()
        with self._busy():
            yield step
        results = list(leaves(step.made))
        for i, y in enumerate(results):
            if self._is_new(y):
                index = str(i) if isinstance(step.made, (tuple, list)) else ""
                self._enter(y, operands, text=f"{name}/{index}", since=since)
        for x in leaves(given):  # arrays into which the function has written
            if self._is_new(x):
                self._enter(x, operands, text=f"{name}/")

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self.is_busy = True
        try:
            yield
        finally:
            self.is_busy = False

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
        places = [] if form.base is None else [_place_text(form.place)]
        places += [_index_text(index)] if index is not Ellipsis else []
        text = "=" + "][".join(places or ["…"])
        self._enter_node(node, self._owner(x, node)[0], (before, stored), text=text)

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
        entry = self._enter_node(node, value, sources, text="?")
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
            self.add(Entry("branch", truth, (), None, operands, text=sign, place=self.where()))

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
        rule: Rule | None = None,
        text: str = "",
        since: int | None = None,
    ) -> Entry:
        """Note a step, whose result is x. `since`: nothing older has been made within it."""
        node: Node = x.tangent.node
        whole = x.tangent.whole.node
        is_loose = x.tangent.base is not None and since is not None and whole.number > since
        if node in self.known or is_loose:  # as +x; a view of what was made within the step
            node = Node(node.shape, node.dtype, (node,), lambda g: (g,))
            x.tangent = _Followed(node)
        return self._enter_node(node, x.primal, operands, rule, text)

    def _enter_node(
        self,
        node: Node,
        value: Any,
        operands: tuple[Any, ...],
        rule: Rule | None = None,
        text: str = "",
    ) -> Entry:
        below = dict.fromkeys(x for source in node.sources for x in self._known_below(source))
        named = dict.fromkeys(x for x in flat(operands) if isinstance(x, Entry))
        direct = {x for x in operands if isinstance(x, Entry)}
        others = tuple(x for x in (*named, *below) if x not in direct)
        entry = Entry("step", own(value), (), rule, operands, others, text, self.where())
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
            return entry if self._is_value_of(entry, x) else self._found(x, (entry,), "?")
        if type(node) is Read and not self._is_made_with(node, x.place):  # elements, and views
            whole = self._whole(x, node.sources[0])
            if isinstance(whole, Entry):
                return self._read(x, node, whole)
        sources = self._known_below(node)
        if len(sources) == 1 and not x.place.is_solver and self._is_converted(x, sources[0]):
            self._know(node, sources[0])
            return sources[0]
        return self._found(x, sources, "?") if sources else own(x.primal)

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

    def _read(self, x: Any, node: Read, whole: Entry) -> Entry:
        """A part of an array: one step, however often it is read."""
        text = f"[{_place_text(node.place)}"
        key = (node.sources[0], text)
        is_element = not node.shape and not node.place.views
        if is_element and key in self.elements:
            self._know(node, self.elements[key])
        else:
            self.elements[key] = self._found(x, (whole,), text)
        return self.known[node]

    def _is_made_with(self, node: Node, place: Place) -> bool:
        """Whether a solver has made this part of an array, and the array for it."""
        whole = node.sources[0]
        return whole not in self.known and bool(place.line) and self.places.get(whole) == place

    def _found(self, x: Any, sources: tuple[Entry, ...], text: str) -> Entry:
        """A step that no hook has announced."""
        entry = self._enter(x, sources, text=text)
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


def _place_text(place: Any) -> str:
    """The indices of a part of an array, one after the other: ::-1][0."""
    parts = [getattr(view, "__self__", None) for view in place.views]
    if not all(isinstance(part, Part) for part in parts):
        return "…"  # it is transposed or the like
    indices = [part.index for part in (*parts, place) if part.index is not Ellipsis]
    return "][".join(map(_index_text, indices)) or "…"


def _index_text(index: Any) -> str:
    """An index as it is written."""
    if isinstance(index, tuple):
        return ", ".join(map(_index_text, index)) if index else "()"
    if isinstance(index, slice):
        ends = ("" if i is None else str(i) for i in (index.start, index.stop))
        return ":".join(ends) + ("" if index.step is None else f":{index.step}")
    if index is Ellipsis:
        return "…"
    if isinstance(index, np.ndarray):
        return f"array {index.shape}" if index.size > 8 else str(index.tolist()).strip("[]")
    return str(index)
