"""Checkpoints: parts of a function that are evaluated again in the sweep, instead of recorded."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from .arguments import Inputs, Outputs, number_in, split
from .array.operands import unbuffered
from .differentiations import CHECKPOINTS, note_again
from .dual import Dual
from .later import Later
from .lifting.lift import Lookalike
from .lifting.reach import chosen
from .memory import laid_out_like, sharing
from .pair import Function, dual, is_array, own, plain, shape_of
from .passes import one_like, seeded
from .promises import (
    Differentiation,
    NotDeterministicError,
    refuse_unless_same,
    weights,
)
from .refusals import refused
from .structure import leaves, rebuild

# Loaded by the first call that records.
if TYPE_CHECKING:
    from . import forms, sweeps
else:
    forms, sweeps = Later(f"{__package__}.forms"), Later(f"{__package__}.sweeps")

P = ParamSpec("P")  # the arguments of f,
R = TypeVar("R")  # and its result


def _numbers_in(y: Any) -> Any:
    """The numbers in what a function has returned, in its structure, without all else."""

    def each(v: Any) -> Any:
        number = number_in(v)
        return () if number is None else number

    return rebuild(y, each)


def _memory_of(x: Any, levels: frozenset[int] = frozenset()) -> dict[frozenset[int], bytes]:
    """What is in the arrays of x and of its tangents, by the levels of these.

    Zeros are as good as no tangent: a view gives its array tangents of all levels.
    """
    if isinstance(x, Dual):
        return _memory_of(x.primal, levels) | _memory_of(x.tangent, levels | {x.level})
    return {levels: x.tobytes()} if isinstance(x, np.ndarray) and (not levels or x.any()) else {}


def _directions(inputs: Inputs) -> list[Any]:
    """Seeds along which nothing cancels, so that a dual without a tangent has no derivative."""
    along = np.split(weights(np.empty(inputs.size)), np.cumsum(inputs.sizes)[:-1])
    seeds = []
    for x, d, is_complex in zip(inputs.leaves, along, inputs.are_complex, strict=True):
        one = one_like(x)
        d = d.reshape(one.shape).astype(one.dtype) if is_array(x) else type(one)(float(d[0]))
        seeds.append(laid_out_like(plain(x), d * (1 + 0.6j) if is_complex else d))
    return seeds


def checkpoint(f: Callable[P, R], *, lift: bool | None = None) -> Callable[P, R]:
    """f, of which reverse mode records nothing: it is evaluated again in the sweep.

    A long computation in pieces, each a checkpoint, takes the memory of the longest piece, and
    the time of one more evaluation, forward. Where f returns views of its arguments, or two views
    of one array, it is recorded as any function is.

    Parameters
    ----------
    f : callable
        Takes and returns numbers, arrays, and nested lists, tuples and dicts of them; other things
        are handed on. What it depends on must be among its arguments, and what depends on these
        among its results.
    lift : bool, optional
        Whether to run f with `math`, `cmath` and NumPy's makers of arrays made for duals, as
        `dualad.lift` does. By default where f, or a function that it calls by name, uses them.

    Returns
    -------
    callable
        The same function.

    Raises
    ------
    TypeError
        If f is not callable, uses a number that is differentiated and not among its arguments, or
        writes into these. By the driver, if its result depends on what f has left in an object or
        an outer variable.
    NotDeterministicError
        If the second evaluation gives something else, or finds nothing where the first one took the
        items of an iterator, a list or a dict outside.

    Examples
    --------
    >>> @checkpoint
    ... def hour(x):
    ...     for _ in range(60):
    ...         x = x + 0.01 * np.sin(x)
    ...     return x
    >>> def day(x):
    ...     for _ in range(24):
    ...         x = hour(x)
    ...     return x

    Reverse mode keeps 24 numbers, and the steps of one hour at a time:

    >>> from dualad import grad
    >>> f"{grad(day, mode='reverse')(1e-3):.6f}"
    '2.260862'
    """

    if not callable(f):
        raise TypeError(
            f"checkpoint needs a function, got {type(f).__name__}; write checkpoint(f)(x)."
        )

    @functools.cache
    def function() -> Function:  # when it is called: then what it calls is there
        return chosen(f, lift)

    def evaluated(*args: P.args, **kwargs: P.kwargs) -> Any:
        originals = list(leaves([args, kwargs]))
        held = [unbuffered(x) for x in originals]
        level = max((x.level for x in held if isinstance(x, Dual)), default=0)
        if not isinstance(level, forms.ReverseLevel):
            return function()(*args, **kwargs)
        is_moving = [isinstance(x, Dual) and x.level == level for x in held]
        moving = [x for x, moves in zip(held, is_moving, strict=True) if moves]
        numbers = [own(x.primal) for x in moving]
        fixed = [None if moves else own(x) for x, moves in zip(held, is_moving, strict=True)]
        count = itertools.count()
        structure = rebuild([list(args), kwargs], lambda _: next(count))  # lists may grow later

        def arranged(new: Sequence[Any]) -> tuple[list[Any], Any]:
            """The leaves of the arguments, and the arguments, made of other numbers."""
            moved = iter(new)
            given = [
                next(moved) if moves else own(x) for x, moves in zip(fixed, is_moving, strict=True)
            ]
            return given, rebuild(structure, given.__getitem__)

        def again(new: Sequence[Any]) -> Any:
            _, (given, by_name) = arranged(new)
            try:
                return _numbers_in(function()(*given, **by_name))
            except (StopIteration, LookupError) as error:
                raise NotDeterministicError(
                    f"checkpoint: the function raised {type(error).__name__} when the sweep "
                    "evaluated it again, and had not before: it takes items from an iterator, a "
                    "list or a dict outside; take them outside, and give them to it: "
                    "checkpoint(f)(x, next(items))."
                ) from error

        # What f leaves behind on the side are duals of this pass, which drivers refuse when it is
        # over: its derivatives are not those of what is returned here.
        inputs = Inputs("checkpoint", again, 0, (numbers,), {})
        seeds = _directions(inputs)
        with Differentiation("checkpoint") as work:
            CHECKPOINTS.append(work.level)
            given, arguments = arranged(seeded(inputs, seeds, work.level))
            before = list(map(_memory_of, given))

            def refuse_what_is_written(error: BaseException | None = None) -> None:
                after = list(leaves(arguments))
                if [*map(id, after)] != [*map(id, given)] or [*map(_memory_of, after)] != before:
                    raise refused(
                        "checkpoint: the function writes into its arguments, which are copies "
                        "here; let it copy them first, and return what it has written.",
                        *moving,
                    ) from error

            try:
                y = function()(*arguments[0], **arguments[1])
            except Exception as error:  # the caller may go on with what is in the arguments
                refuse_what_is_written(error)
                raise
            outputs = Outputs("checkpoint", _numbers_in(y), work.level)
        note_again(level, work.why)
        refuse_what_is_written()
        if any(split(v, level)[1] is not None for v in outputs.values):
            raise refused(
                "checkpoint: the function uses a number that is differentiated and is not among "
                "its arguments; give it as one.",
                *moving,
            )
        returned = {id(x): original for x, original in zip(given, originals, strict=True)}
        found = [v for v in leaves(y) if number_in(v) is not None]
        new = [x for x, v in zip(outputs.values, found, strict=True) if id(v) not in returned]
        if sharing([plain(x) for x in (*given, *new) if is_array(x)]):
            return function()(*args, **kwargs)  # views, which follow what is written: recorded
        results = [returned.get(id(v), v) for v in found]
        made = []
        for i, v in enumerate(found):
            if id(v) in returned:
                continue
            if outputs.tangents[i] is None:  # as it is, and f's caller may write into it
                outputs.values[i] = own(outputs.values[i])
            else:
                made.append(i)
        values = [outputs.values[i] for i in made]
        shapes = [shape_of(v) for v in values]
        sizes = [int(np.prod(s)) for s in shapes]

        def pull(g: Any) -> list[Any]:
            record = sweeps.Record(inputs)
            refuse_unless_same(record.inputs, outputs, record.outputs)
            lead = len(shape_of(g)) - 1
            parts: list[Any] = [None] * len(found)
            start = 0
            for i, shape, size in zip(made, shapes, sizes, strict=True):
                part = g[..., start : start + size]
                parts[i] = np.reshape(part, shape_of(g)[:lead] + shape)
                start += size
            return record.swept(parts, many=bool(lead), free=True)

        if made:
            dtype = np.result_type(*map(forms.dtype_of, values))
            joined = forms.made_of((sum(sizes),), dtype, [x.tangent for x in moving], pull)
        start = 0
        for i, value, shape, size in zip(made, values, shapes, sizes, strict=True):
            part = joined[start : start + size].reshape(shape) if shape else joined[start]
            results[i] = dual(own(value), part.copy(), level)
            start += size
        each = iter(results)
        return rebuild(y, lambda v: returned.get(id(v), v) if number_in(v) is None else next(each))

    return Lookalike(evaluated, f, functools.partial(checkpoint, f, lift=lift))
