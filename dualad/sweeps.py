"""One evaluation of the function that records, and the sweeps back over it.

    level   = ReverseLevel(…)
    outputs = f(primal + form·ε, …)          every step is recorded
    adjoints of the inputs                   = a sweep back, from the adjoints of the outputs

A gradient takes one evaluation and one sweep, however many inputs there are. `ways` says when that
is the cheaper way.
"""

from __future__ import annotations

import bisect
import copy
import itertools
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from . import product_transposes, transposes
from .arguments import Inputs, Outputs, is_complex
from .array.operands import unbuffered
from .conversions import as_slope
from .differentiations import Doubt, close_level, gravest_doubt, note_again, open_level
from .dual import Dual
from .forms import Form, ReverseLevel, dtype_of
from .kernel import KERNEL
from .levels import ParticipatingLevel
from .numerics import quiet
from .pair import Function, Pair, dual, is_array, newest, own, parts, plain, shape_of
from .passes import forward, one_like, run_pass, tangents_of
from .promises import (
    LOSSES,
    Differentiation,
    NotDeterministicError,
    Picked,
    is_doubtful,
    nan_where,
    of_real_function,
    refuse_unless_holomorphic,
    refuse_unless_steady,
    settle,
    weights,
)
from .records import Node, Step, Sweep, fitted, strong_zeros
from .stacking import DIRECTIONS, PASS_SIZE, run_passes
from .structure import leaves, ordered_as, rebuild
from .ways import FEW, UNABLE, VERY_FEW, is_plain_vector
from .zeros import is_finite

ADJOINTS = 1 << 20  # about so many elements of adjoints of the outputs in one sweep
TANGENTS = 1 << 20  # at most so many elements of a tangent of several directions in one

assert transposes and product_transposes  # what forms can do is entered there


# -- the evaluation ------------------------------------------------------------------------


class TooManyDirections(Exception):
    """A tangent of them has had this many elements."""


class Recorded:
    """What was recorded of f, which has been run.

    Parameters
    ----------
    inputs : Inputs
        The call.
    level : ReverseLevel
        The level that has recorded.
    nodes : sequence of Node or int
        Those of the inputs, or their places on the tape.
    outputs : Outputs
        What f returned; its tangents are forms.
    """

    def __init__(
        self, inputs: Inputs, level: ReverseLevel, nodes: Sequence[Node | int], outputs: Outputs
    ) -> None:
        self.inputs, self.level, self.outputs = inputs, level, outputs
        self.nodes = [Step(at) if isinstance(at, int) else at for at in nodes]

    def swept(self, adjoints: Sequence[Any], many: bool = False, free: bool = False) -> list[Any]:
        """The adjoints of the inputs, from one of each output (None for zero).

        `many`: each has an axis of several in front. `free`: the record is not used again.
        """
        if many and self.level.tape is not None and len(self.level.tape):
            counts = {len(g) for g in adjoints if g is not None}
            each = [
                self.swept([None if g is None else g[j] for g in adjoints]) for j in range(*counts)
            ]
            return [np.stack(parts) for parts in zip(*each, strict=True)]
        sweep = Sweep(self.level, many)
        for value, tangent, g in zip(
            self.outputs.values, self.outputs.tangents, adjoints, strict=True
        ):
            if g is not None and tangent is not None:
                if not isinstance(tangent, Form):
                    raise TypeError(f"an output of {type(value).__name__} has lost its record.")
                sweep.add(tangent.node, g)
        front = next((shape_of(g)[:1] for g in adjoints if g is not None), ()) if many else ()
        found = sweep.run(self.nodes, free)
        if free:
            self.level.forget()
        taken = set(map(id, adjoints))  # whose memory is somebody else's
        return [
            _as_input(x, g, front, taken) for x, g in zip(self.inputs.leaves, found, strict=True)
        ]

    def settle(self, why: Doubt, has_aux: bool, is_optional: bool = False) -> None:
        """`promises.settle` it."""
        inputs = self.inputs
        along = [d * _size(x) for x, d in zip(inputs.leaves, _along(inputs), strict=True)]
        settle(
            *(why, inputs, along, self.outputs, has_aux, forward(along, has_aux)),
            lambda at: Record(at, has_aux, is_optional).outputs,
            lambda: self._slopes_along(along),
        )

    def _slopes_along(self, along: Sequence[Any]) -> Picked | None:
        """Some elements of the outputs, with their slopes along a direction; None if unable."""
        values = self.outputs.values
        numbers = [plain(v) for v in (*values, *self.inputs.leaves)]
        if not all(isinstance(x, float) or dtype_of(x) == np.float64 for x in numbers):
            return None
        ends = list(itertools.accumulate(math.prod(shape_of(v)) for v in values))
        places = range(0, ends[-1], max(1, ends[-1] // PICKED)) if ends else range(0)

        def pick(values: list[Any]) -> list[Any]:
            each = np.concatenate([np.ravel(plain(v)) for v in values])
            return [each[place] for place in places]

        tangents = []
        try:
            for place in places:
                k = bisect.bisect_right(ends, place)
                one = np.zeros(shape_of(values[k]))
                one.flat[place - (ends[k - 1] if k else 0)] = 1.0
                adjoints: list[Any] = [None] * len(values)
                adjoints[k] = one if one.ndim else 1.0
                slopes = self.swept(adjoints)
                pairs = zip(map(plain, slopes), along, strict=True)
                tangents.append(sum(np.sum(g * d) for g, d in pairs))
        except UNABLE:
            return None
        outputs = copy.copy(self.outputs)
        outputs.values, outputs.tangents = pick(values), tangents
        return Picked(outputs, pick)


PICKED = 16  # about so many elements of outputs are looked at


class Record(Recorded):
    """What one evaluation of f has recorded.

    Parameters
    ----------
    inputs : Inputs
        The call.
    has_aux : bool
        Whether f returns (result, aux).
    is_optional : bool
        Whether forward mode takes over where this is not the cheaper way.

    Attributes
    ----------
    has_loss : bool
        Whether forward mode is to take over, for a dual has refused something: it may refuse less.

    Raises
    ------
    TypeError
        If plain numbers give something else than the outputs, of which nothing is lost otherwise.
    """

    def __init__(self, inputs: Inputs, has_aux: bool = False, is_optional: bool = False) -> None:
        self.has_aux = has_aux
        with Differentiation(inputs.driver) as work:
            level = ReverseLevel(work.level)
            level.is_optional = is_optional
            level.takes_complex = not is_optional or inputs.size > FEW
            level.start_tape(inputs.leaves)
            nodes: list[Node] = []
            seeds = []
            with level:
                for x in inputs.leaves:
                    seed, node = level.seed(own(x))
                    seeds.append(seed)
                    nodes.append(node)
                y = inputs.call(seeds)
            super().__init__(inputs, level, nodes, Outputs(inputs.driver, y, level, has_aux))
        self.has_loss = (
            is_optional and work.why in LOSSES and is_doubtful(work.why, inputs.made, inputs.leaves)
        )
        if work.why.all and not self.has_loss:
            self.settle(work.why, has_aux, is_optional)


def _size(x: Any) -> Any:
    """How large numbers are, and 1 for those that are not between 0 and infinity."""
    size = abs(plain(x))
    if isinstance(size, np.ndarray):
        return np.where((size > 0) & (size < np.inf), size, 1).astype(size.dtype)
    return size if 0 < size < np.inf else 1.0


def _along(inputs: Inputs) -> list[Any]:
    """A direction in which all inputs move, by 1 at most: tangents may be near overflow."""
    return [weights(x) / 2 if np.ndim(x) else 1.0 for x in inputs.leaves]


def _as_input(x: Any, g: Any, front: tuple[int, ...], taken: set[int]) -> Any:
    """The adjoint of an input in its shape, with nobody else's memory."""
    if type(x) is type(g) is float:
        return g
    shape = front + shape_of(x)
    if g is None:
        number = plain(x)
        if shape or isinstance(number, np.ndarray):
            return np.zeros(shape, dtype_of(x))
        return type(number)(0) if dtype_of(x) is None else as_slope(0.0, x)
    if dtype_of(x) is None and not is_complex(x):
        g = g.real if hasattr(g, "real") else g
    if not (shape or is_array(x)):
        return as_slope(g[()] if is_array(g) else g, x)
    if not is_array(g):
        g = np.stack([g]).reshape(shape)
    return _owned(fitted(g, dtype_of(x)), taken)  # a sum is in the order of bytes of the machine


def _owned(g: Any, taken: set[int]) -> Any:
    """An adjoint in memory of its own: that of no view, and of none that is taken."""
    if type(g) is np.ndarray and g.base is None and g.flags.c_contiguous and id(g) not in taken:
        taken.add(id(g))
        return g
    return np.copy(g, "C")


# -- gradients -----------------------------------------------------------------------------


def gradient(
    inputs: Inputs, has_aux: bool, check: Callable[[Outputs], None], is_requested: bool
) -> tuple[Outputs, list[Any]] | None:
    """The one output and its derivative in each input; None if this is left to forward mode.

    `is_requested`: the user wants it this way.
    """
    try:
        record = Record(inputs, has_aux, is_optional=not is_requested)
    except UNABLE:
        if is_requested:
            raise
        return None
    if record.has_loss:
        refuse_unless_steady(inputs, record.outputs, has_aux)
        return None
    outputs = record.outputs
    check(outputs)
    try:
        slopes = record.swept([one_like(outputs.values[0])], free=True)
    except UNABLE:
        if is_requested:
            raise
        return None
    value = plain(outputs.values[0])
    if value != value:
        return outputs, [s * np.nan for s in slopes]
    if not all(map(is_finite, slopes)):
        if inputs.size <= VERY_FEW:
            return None
        odd = slopes
        record = Record(inputs, has_aux)
        with strong_zeros():
            slopes = record.swept([one_like(record.outputs.values[0])], free=True)
        if inputs.size > FEW:
            _warn_unless_right(record, odd, [slopes])
        elif not _is_right(record.inputs, has_aux, odd, [slopes], 0.0):
            return None
    return outputs, slopes


def _warn_unless_right(
    record: Record, odd: Sequence[Any], table: Sequence[Sequence[Any]], f: Inputs | None = None
) -> None:
    """Warn of slopes that are not right. `f`: of what they are, if not of what was recorded."""
    inputs = record.inputs if f is None else f
    if not _is_right(inputs, record.has_aux, odd, table, 1e-9):
        warnings.warn(
            f"{inputs.driver}: some slopes are infinite or undefined here, and reverse mode may "
            "meet them in another order than forward mode; mode='forward' is exact in this.",
            RuntimeWarning,
            stacklevel=6,
        )


def _is_right(
    inputs: Inputs,
    has_aux: bool,
    odd: Sequence[Any],
    table: Sequence[Sequence[Any]],
    tolerance: float,
) -> bool:
    """Whether slopes are right, of which each zero on the way was stronger than an infinity.

    A zero adjoint may be one of what was not used, or the slope of a step that was, or of one that
    was too small for a float: only a pass forward can tell, along all inputs at once whose adjoints
    were not finite (`odd`). `table`: for each output the slopes in each input.
    """
    if not all(is_finite(slope) for row in table for slope in row):
        return False
    seeds = [
        None if is_finite(g) else np.where(_where_finite(g), 0, d) if np.ndim(d) else d
        for d, g in zip(_along(inputs), odd, strict=True)
    ]
    tangents = tangents_of(run_pass(inputs, seeds, has_aux), inputs)
    return all(map(is_finite, tangents)) and all(
        _agrees(row, seeds, t, tolerance) for row, t in zip(table, tangents, strict=True)
    )


def _where_finite(g: Any) -> Any:
    """At which elements an adjoint is finite, and its tangents are."""
    if not isinstance(g, Pair):
        return np.isfinite(g)
    value = _where_finite(g.primal)
    if isinstance(g.level, ParticipatingLevel):
        return value
    dots = _where_finite(g.tangent)
    return value & np.all(dots, tuple(range(np.ndim(dots) - np.ndim(value))))


def _agrees(row: Sequence[Any], seeds: Sequence[Any], tangent: Any, tolerance: float) -> bool:
    """Whether the slopes of an output in all inputs give its tangent along these seeds.

    But for what is lost in the rounding of the largest slopes anyway.
    """
    if any(isinstance(x, Pair) for x in (tangent, *row)):
        level = newest((tangent, *row))
        (value, dot), pairs = parts(tangent, level), [parts(x, level) for x in row]
        agrees = _agrees([v for v, _ in pairs], seeds, value, tolerance)
        if isinstance(level, ParticipatingLevel):
            return agrees  # of what is recorded nothing else can be looked at
        dots = [0.0 if t is None else t for _, t in pairs]
        return agrees and _agrees(dots, seeds, 0.0 if dot is None else dot, tolerance)
    if any(map(np.iscomplexobj, (tangent, *row))):
        return True  # not looked at

    def along(f: Function) -> Any:
        pairs = [(x, d) for x, d in zip(row, seeds, strict=True) if d is not None]
        return sum(np.sum(f(x * d), tuple(range(-np.ndim(d), 0))) for x, d in pairs)

    off, size = np.abs(np.ravel(along(np.positive)) - np.ravel(tangent)), np.abs(np.ravel(tangent))
    rounding = np.finfo(np.result_type(tangent, *row, np.float32)).eps
    largest = max(np.max(np.abs(x), initial=0.0) for x in row)
    bound = tolerance * size + 100 * rounding * np.ravel(along(np.abs)) + rounding * largest
    return bool(np.all(off <= bound))


# -- the kernel's short ways --------------------------------------------------------------


def level_with_tape(opened: int, is_optional: bool, size: int) -> ReverseLevel:
    """A level whose numbers are recorded on a tape from the start."""
    level = ReverseLevel(opened)
    level.is_optional, level.takes_complex = is_optional, not is_optional or size > FEW
    level.start_tape([])
    return level


def swept(level: ReverseLevel, y: Any, leaves: Sequence[Node | int]) -> list[Any] | None:
    """The slopes of the number y in inputs, which are nodes, or places on the tape.

    None if they are not all finite.
    """
    tape = level.tape
    whole = tape.externals[0] if len(tape) == 1 and tape.externals else None
    if whole is not None:  # y was made of arrays, and nothing was done with it
        tape.clear()
    sweep = Sweep(level)
    if whole is None:
        sweep.adjoints.add(y.place, 1.0)
    else:
        sweep.add(whole, 1.0)
    nodes = [Step(leaf) if type(leaf) is int else cast(Node, leaf) for leaf in leaves]
    found = sweep.run(nodes, True)
    level.forget()
    taken: set[int] = set()
    for i, node in enumerate(nodes):
        if type(node) is not Step:
            g = found[i]
            found[i] = np.zeros(node.shape) if g is None else _owned(fitted(g, node.dtype), taken)
    return found if all(map(is_finite, found)) else None


# -- second order: forward over reverse -----------------------------------------------------


# What looks into a function whose outputs are doubtful; False if that is left to another run of it.
LookInto = Callable[[Doubt], bool]


def gradient_along(f: Function, x: Any, directions: Any, look_into: LookInto) -> Any:
    """How the gradient of f at a list or a vector changes along directions, of shape (m, n).

    By one evaluation on a tape over duals; None if this is not all that is needed.
    """
    if KERNEL is None or len(directions) > KERNEL.DIRECTIONS:
        return None
    along = change_of_gradient(f, x, directions, look_into)[0]
    return None if along is None or not is_finite(along) else along


def change_of_gradient(
    f: Function, x: Any, directions: Any, look_into: LookInto, most: int | None = None
) -> tuple[Any, int]:
    """The same, even if it is not finite, and how many steps were recorded on the tape.

    An array can have more directions than a tape, which is then done without. f may write into
    the directions.

    Raises
    ------
    TooManyDirections
        If a tangent had more than `most` elements.
    """
    if KERNEL is None:
        return None, 0
    opened = open_level(), open_level()
    if most is not None:
        KERNEL.watch(opened[0], most)
    level = ReverseLevel(opened[1])
    level.takes_complex = len(x) > FEW
    if len(directions) <= KERNEL.DIRECTIONS:
        level.tape = KERNEL.Tape(opened[0], len(directions))
    node: Node | None = None
    try:
        if type(x) is list:
            seeds = level.tape.seeds(x, directions, level)
        else:
            seeds, node = level.seed(dual(x.copy(), directions, opened[0]))
        if seeds is None:
            return None, 0
        with level:
            y = f(seeds)
            if KERNEL.too_large(opened[0]):  # and f has caught that
                raise KERNEL.LargeTangent
            is_number = type(y) is KERNEL.Recorded
            if level.tape is None:
                is_number = isinstance(y, Dual) and not is_array(y)
            note_again(opened[1], gravest_doubt(opened[0]))
            why = gravest_doubt(opened[1])
            if not is_number:
                return None, 0
            if y.level is not level or plain(y) != plain(y):
                return None, 0
            steps = 0 if level.tape is None else len(level.tape)
            found = _tangents(level, y, node, opened[0], directions), steps
    except KERNEL.LargeTangent:
        if size := KERNEL.too_large(opened[0]):
            raise TooManyDirections(size) from None
        raise
    except UNABLE:
        return None, 0
    except Exception:
        if any(gravest_doubt(each) == "objects" for each in opened):  # the general driver says so
            return None, 0
        raise
    finally:
        for each in opened:
            close_level(each)
    return found if not why or look_into(why) else (None, 0)


def _tangents(level: ReverseLevel, y: Any, node: Node | None, older: int, directions: Any) -> Any:
    tape, (m, n) = level.tape, directions.shape
    if node is None and not tape.externals and not level.blocks:
        adjoints = KERNEL.Adjoints(tape)  # type: ignore[union-attr]
        adjoints.add(y.place, 1.0)
        adjoints.back(0)
        result = adjoints.tangents(n)
    else:
        sweep = Sweep(level)
        if tape is None:
            sweep.add(y.tangent.node, 1.0)
        else:
            sweep.adjoints.add(y.place, 1.0)
        each = [Step(i) for i in range(n)] if node is None else [node]
        found = sweep.run(each, True)
        pairs = [(None, None) if g is None else parts(g, older) for g in found]
        dots = [None if dot is None else nan_where(g, dot) for g, dot in pairs]
        if node is None:
            zeros = np.zeros(m)
            result = np.stack([zeros if d is None else d for d in dots], axis=-1)
        else:
            result = np.zeros((m, n)) if dots[0] is None else _owned(dots[0], set())
    level.forget()
    return result


def is_of_floats(x: Any) -> bool:
    """Whether this is a vector of doubles, or a list of floats."""
    return is_plain_vector(x) or (type(x) is list and all(type(e) is float for e in x))


def as_vector(inputs: Inputs) -> tuple[Function, Any] | None:
    """f of one vector, and that vector: of all numbers in the arguments, if these are arrays.

    None if they are not arrays of doubles in C order, with axes. f gets views of the vector.
    """
    xs = inputs.leaves
    if not xs or not all(map(is_array, xs)):
        return None
    if not all(type(x) is np.ndarray and x.ndim and x.flags.carray for x in xs):
        return None
    if not all(is_plain_vector(x.reshape(-1)) for x in xs):
        return None
    ends = list(itertools.accumulate(inputs.sizes))

    def of_vector(v: Any) -> Any:
        if len(xs) == 1:
            return inputs.call([v if xs[0].ndim == 1 else v.reshape(xs[0].shape)])
        pieces = zip(xs, inputs.sizes, ends, strict=True)
        return inputs.call([v[end - n : end].reshape(x.shape) for x, n, end in pieces])

    return of_vector, np.concatenate([x.reshape(-1) for x in xs])


def second_derivatives(f: Function, x: Any, look_into: LookInto) -> Any:
    """The Hessian of f at a list or a vector of floats, some directions at once.

    None if this is not all that is needed.
    """
    if not is_of_floats(x):
        return None
    n, start, count = len(x), 0, 16
    can_be_more = type(x) is not list  # arrays take many directions at once
    rows = []
    values: list[Any] = []

    def noted(seeds: Any) -> Any:
        y = f(seeds)
        values.append(plain(y))
        return y

    while start < n:
        unit = np.zeros((min(count, n - start), n))
        unit[np.arange(len(unit)), np.arange(start, start + len(unit))] = 1
        try:
            most = TANGENTS if len(unit) > 1 else None
            along, steps = change_of_gradient(noted, x, unit, look_into, most)
        except TooManyDirections as error:
            (size,) = error.args
            count, can_be_more = max(1, len(unit) * TANGENTS // size), False
            continue
        if along is None or not is_finite(along) or values[-1] != values[0]:
            return None
        rows.append(along)
        start += count
        if steps <= 16 and can_be_more:
            count = max(count, min(DIRECTIONS, PASS_SIZE // n))
    if not rows:
        return None
    whole = np.concatenate(rows)
    whole = (whole + whole.T) / 2
    return whole.tolist() if type(x) is list else whole


# -- Jacobians -----------------------------------------------------------------------------


def rows(record: Record) -> list[list[Any]] | None:
    """Per output its derivative in each input, of shape out + in; by sweeps of several adjoints.

    None if this is left to forward mode: where a sweep meets what is not finite.
    """
    inputs, values = record.inputs, record.outputs.values
    table = _rows(record)
    odd = [list(map(_defined, values, column)) for column in zip(*table, strict=True)]
    if all(is_finite(block) for column in odd for block in column):
        return table
    if inputs.size <= FEW:
        return None
    with strong_zeros():
        table = _rows(record)
    met = [np.sum(np.concatenate(column), axis=0) for column in odd]
    defined = [[_defined(v, b) for b in row] for v, row in zip(values, table, strict=True)]
    _warn_unless_right(record, met, defined)
    return table


def _rows(record: Record) -> list[list[Any]]:
    inputs, outputs = record.inputs, record.outputs
    table: list[list[Any]] = []
    for i, value in enumerate(outputs.values):
        size = int(np.size(plain(value)))
        if not size:
            table.append([_no_rows(value, x) for x in inputs.leaves])
            continue
        at_once = max(1, min(64, ADJOINTS // max(1, inputs.size)))
        blocks = [
            _block(record, i, start, min(size, start + at_once))
            for start in range(0, size, at_once)
        ]
        row = []
        for x, pieces in zip(inputs.leaves, zip(*blocks, strict=True), strict=True):
            whole = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
            whole = np.reshape(whole, np.shape(value) + np.shape(x))
            row.append(whole if np.ndim(whole) or is_array(x) else as_slope(whole[()], x))
        table.append([_nan_rows(value, block) for block in row])
    return table


def _no_rows(value: Any, x: Any) -> Any:
    """The derivative in x of an array without elements."""
    dtype = complex if is_complex(value) or is_complex(x) else float
    return np.zeros(np.shape(value) + np.shape(x), dtype)


def _defined(value: Any, block: Any) -> Any:
    """The rows of the elements that are not nan, along one axis in front."""
    number = np.reshape(plain(value), -1)
    rows = np.reshape(block, (number.size, *np.shape(block)[np.ndim(value) :]))
    return rows[number == number]


def _nan_rows(value: Any, block: Any) -> Any:
    number = plain(value)
    if not isinstance(number, np.ndarray):
        return block if number == number else block * np.nan
    missing = number != number
    if not np.any(missing):
        return block
    return np.where(
        missing.reshape(missing.shape + (1,) * (np.ndim(block) - missing.ndim)), np.nan, block
    )


def _block(record: Record, i: int, start: int, stop: int) -> list[Any]:
    """These rows of output i, for each input: of shape (rows, *in)."""
    inputs, value = record.inputs, record.outputs.values[i]
    units = np.zeros((stop - start, int(np.size(plain(value)))), dtype_of(value))
    units[np.arange(stop - start), np.arange(start, stop)] = 1
    units = units.reshape((stop - start, *np.shape(value)))
    others: list[Any] = [None] * len(record.outputs.values)

    def swept(g: Any) -> list[Any]:
        return record.swept([*others[:i], g, *others[i + 1 :]], many=True)

    real = swept(units)
    turned = swept(units * -1j) if is_complex(value) else [None] * len(real)
    return [_joined(inputs, x, g, h) for x, g, h in zip(inputs.leaves, real, turned, strict=True)]


def _joined(inputs: Inputs, x: Any, of_real: Any, of_imag: Any) -> Any:
    """The derivative in x, from the adjoints for the real and for the imaginary part."""
    if not is_complex(x):
        return of_real if of_imag is None else of_real + 1j * of_imag
    one, along_i = np.real(of_real), -np.imag(of_real)
    if of_imag is not None:
        with np.errstate(all="ignore"):
            one, along_i = one + 1j * np.real(of_imag), along_i - 1j * np.imag(of_imag)
    refuse_unless_holomorphic(inputs, one, along_i)
    return one


# -- vector-Jacobian products --------------------------------------------------------------


class Pullback:
    """The function from an adjoint of the output to those of the arguments, which `vjp` gives."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def __call__(self, adjoint: Any) -> Any:
        """The adjoints of the arguments, from one in the structure of the function's result."""
        record = self._record
        inputs, outputs = record.inputs, record.outputs
        whose = "the function's result"
        numbers = inputs.matched(adjoint, outputs.structure, "the adjoint", whose)
        numbers = [
            g.astype(dtype_of(v))
            if type(g) is np.ndarray
            and dtype_of(v) is not None
            and (dtype_of(v).kind == "c" or g.dtype.kind != "c")
            else g
            for v, g in zip(outputs.values, numbers, strict=True)
        ]
        found = record.swept(numbers)
        if any(map(_meets_nan, outputs.values, numbers)):
            found = [g * np.nan for g in found]
        elif not all(map(is_finite, found)) and all(map(is_finite, numbers)):
            found = _pulled_forward(inputs, numbers, found, record)
        return inputs.arrange(found)

    def __reduce__(self) -> Any:
        raise TypeError(
            "a pullback cannot be pickled, for it holds the record of its run; pickle the function "
            "and its arguments, and call vjp there."
        )

    def __copy__(self) -> Pullback:
        return self

    def __deepcopy__(self, memo: Any) -> Pullback:
        return self

    def __repr__(self) -> str:
        f = self._record.inputs.f
        return f"<pullback of {getattr(f, '__qualname__', type(f).__name__)}>"


def _meets_nan(value: Any, adjoint: Any) -> bool:
    """Whether a number of an output is nan, and its adjoint is not zero."""
    number = plain(value)
    return bool(np.any((number != number) & (plain(adjoint) != 0)))


def _pulled_forward(
    inputs: Inputs, numbers: Sequence[Any], odd: Sequence[Any], record: Record
) -> list[Any]:
    """The same adjoints by passes forward: the gradient of Σ Re(c·y), for few inputs."""
    seen: list[list[Any]] = []  # the values in each pass

    def weighted(given: Any) -> Any:
        y = rebuild(inputs.call(given), unbuffered)
        values = list(leaves(ordered_as(y, record.outputs.structure)))
        total: Any = 0.0
        seen.append(list(map(plain, values)))
        for y, g in zip(values, numbers, strict=True):
            with quiet():
                if np.ndim(plain(y)):
                    some = plain(g) != 0
                    total = total + np.real(np.sum(y[some] * g[some]))
                elif plain(g) != 0:
                    total = total + np.real(y * g)
        return total

    along = Inputs(inputs.driver, weighted, 0, (list(inputs.leaves),), {})
    if inputs.size > VERY_FEW:
        with strong_zeros():
            found = record.swept(numbers)
        if inputs.size > FEW:
            _warn_unless_right(record, odd, [found], along)
            return found
        if _is_right(along, False, odd, [found], 0.0):
            return found
    _, (slopes,) = run_passes(along, combine=of_real_function)
    recorded = list(map(plain, record.outputs.values))
    if not _are_equal(seen[0], recorded):  # drivers in f may go other ways, and round otherwise
        run_passes(along, combine=of_real_function)
        again = list(map(plain, Record(inputs).outputs.values))
        if not (_are_equal(seen[0], seen[-1]) and _are_equal(recorded, again)):
            raise NotDeterministicError(
                "vjp: the function returned other values when the pullback, whose adjoints are "
                "not finite, called it again; it must do the same each time."
            )
    slopes = [
        s if is_complex(x) else np.real(s) for x, s in zip(inputs.leaves, slopes, strict=True)
    ]
    taken: set[int] = set()
    return [
        _owned(fitted(s, dtype_of(x)), taken) if is_array(s) else s
        for x, s in zip(inputs.leaves, slopes, strict=True)
    ]


def _are_equal(ones: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether all these values are the same, nan where nan is."""
    pairs = zip(ones, others, strict=True)
    return all(np.array_equal(one, other, equal_nan=True) for one, other in pairs)
