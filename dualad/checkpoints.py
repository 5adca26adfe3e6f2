"""Checkpoints: parts of a function that are evaluated again in the sweep, instead of recorded."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from .arguments import Inputs, Outputs
from .array.operands import unbuffered
from .dual import Dual
from .later import Later
from .lifting.lift import Lookalike
from .lifting.reach import chosen
from .pair import Function, dual, own, plain, shape_of
from .promises import refuse_unless_same
from .refusals import refused
from .structure import leaves, rebuild

# Loaded by the first call that records.
if TYPE_CHECKING:
    from . import forms, sweeps
else:
    forms, sweeps = Later(f"{__package__}.forms"), Later(f"{__package__}.sweeps")

P = ParamSpec("P")  # the arguments of f,
R = TypeVar("R")  # and its result


def _is_changed(before: Any, after: Any, untouched: Any) -> bool:
    """Whether a function has put something else in an argument's place, or written into it."""
    if after is not before:
        return True
    now, then = plain(after), plain(untouched)
    return isinstance(now, np.ndarray) and now.tobytes() != then.tobytes()


def checkpoint(f: Callable[P, R], *, lift: bool | None = None) -> Callable[P, R]:
    """f, of which reverse mode records nothing: it is evaluated again in the sweep.

    A long computation in pieces, each a checkpoint, takes the memory of the longest piece, and
    the time of one more evaluation.

    Parameters
    ----------
    f : callable
        Takes and returns numbers, arrays, and nested lists, tuples and dicts of them. What it
        depends on must be among its arguments.
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
        writes into these.
    NotDeterministicError
        If the second evaluation gives something else.

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
        held = [unbuffered(x) for x in leaves([args, kwargs])]
        each = [x for x in held if isinstance(x, Dual)]
        level = max((x.level for x in each), default=0)
        if not isinstance(level, forms.ReverseLevel):
            return function()(*args, **kwargs)
        moving = [x for x in each if x.level == level]
        numbers = [own(x.primal) for x in moving]
        tangents = [x.tangent for x in moving]
        fixed = [x if isinstance(x, Dual) and x.level == level else own(x) for x in held]

        def arranged(new: Sequence[Any]) -> Any:
            moved, rest = iter(new), iter(fixed)

            def each(_: Any) -> Any:
                x = next(rest)
                return next(moved) if isinstance(x, Dual) and x.level == level else own(x)

            return rebuild([list(args), kwargs], each)

        def again(new: Sequence[Any]) -> Any:
            given = arranged(new)
            return function()(*given[0], **given[1])

        given = arranged([own(x) for x in numbers])
        before, untouched = list(leaves(given)), list(leaves(arranged(numbers)))
        outputs = Outputs("checkpoint", function()(*given[0], **given[1]), level)
        after = list(leaves(given))
        if len(before) != len(after) or any(map(_is_changed, before, after, untouched)):
            raise refused(
                "checkpoint: the function writes into its arguments, which are copies here; let it "
                "copy them first, and return what it has written.",
                *moving,
            )
        if any(t is not None for t in outputs.tangents):
            raise refused(
                "checkpoint: the function uses a number that is differentiated and is not among "
                "its arguments; give it as one.",
                *moving,
            )
        shapes = [shape_of(v) for v in outputs.values]
        sizes = [int(np.prod(s)) for s in shapes]
        dtypes = [forms.dtype_of(v) for v in outputs.values]

        def pull(g: Any) -> list[Any]:
            record = sweeps.Record(Inputs("checkpoint", again, 0, (numbers,), {}))
            refuse_unless_same(record.inputs, outputs, record.outputs)
            lead = len(shape_of(g)) - 1
            parts, start = [], 0
            for shape, size in zip(shapes, sizes, strict=True):
                part = g[..., start : start + size]
                parts.append(np.reshape(part, shape_of(g)[:lead] + shape))
                start += size
            return record.swept(parts, many=bool(lead), free=True)

        joined = forms.made_of((sum(sizes),), np.result_type(*dtypes), tangents, pull)
        results, start = [], 0
        for value, shape, size in zip(outputs.values, shapes, sizes, strict=True):
            part = joined[start : start + size].reshape(shape) if shape else joined[start]
            results.append(dual(value, part.copy(), level))
            start += size
        return outputs.arrange(results)

    return Lookalike(evaluated, f, functools.partial(checkpoint, f, lift=lift))
