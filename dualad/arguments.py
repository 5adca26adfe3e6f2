"""The arguments of one call taken apart into numbers and put together again; outputs likewise.

`Inputs` are the leaves to differentiate, as `Outputs` are the leaves that came out: what happens
to them is the business of `passes`, and the structure around them is put back at the end.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any

import numpy as np

from .array.operands import from_objects, unbuffered
from .array.promotion import without_empty
from .differentiations import CHECKPOINTS, is_over, levels_in
from .dual import Dual
from .kernel import KERNEL
from .lifting.made import Made, itself, made_of, may_decide
from .memory import sharing
from .mixing import MIXING
from .namespaces import is_exact
from .pair import Pair, as_primal, is_operand, moved, own, plain, shape_of, zero_like
from .refusals import refused
from .sentences import closest, why_no_number
from .structure import leaves, ordered_as, rebuild

Argnum = int | str
Argnums = Argnum | Sequence[Argnum]


def argnums_as_tuple(
    driver: str, argnums: Argnums, advice: str = "", called: str = "argnums"
) -> tuple[Argnum, ...]:
    """The indices and names in argnums, or as they are `called`.

    Raises
    ------
    TypeError
        If there is anything else in it, such as a number at which to differentiate.

    Examples
    --------
    >>> argnums_as_tuple("grad", "x"), argnums_as_tuple("grad", range(2))
    (('x',), (0, 1))
    """
    each: Any = argnums if isinstance(argnums, (tuple, list, range)) else (argnums,)
    for a in each:
        if isinstance(a, bool) or not isinstance(a, (int, np.integer, str)):
            raise TypeError(
                f"{driver}: {called} takes an index, a name, or a tuple of these; "
                f"got {reprlib.repr(a)}{advice}."
            )
    return tuple(each)


# What to write for things that are taken for numbers, by the names of their types.
_INSTEAD = {
    "Decimal": "float(x), or mpmath.mpf(str(x)) or fractions.Fraction(x) to keep all digits",
    "str": "float(x) for a number in text, and other text in an argument of its own",
    "bytes": "float(x) for a number in text, and other text in an argument of its own",
    "set": "list(x)",
    "frozenset": "list(x)",
    "matrix": "np.asarray(x)",
    "MaskedArray": "x.compressed() for the elements that are left",
    "Series": "x.to_numpy()",
    "DataFrame": "x.to_numpy()",
}


def _array_instead(dtype: Any) -> str:
    """What to write for an array of something else than numbers."""
    if dtype.kind == "O":
        return "write x.tolist(), a list of numbers"
    if dtype.names:
        return "give its fields as arguments of their own"
    if dtype.kind in "SUT":
        return "write x.astype(float) for numbers in text"
    if dtype.kind in "mM":
        since = "x" if dtype.kind == "m" else "(x - x[0])"
        return f"write {since} / np.timedelta64(1, 's') for numbers of seconds"
    return "write x.astype(float)"


# Copies of arrays that share memory, which drivers inside may be given.
_COPIES: ContextVar[Sequence[Any]] = ContextVar("_COPIES", default=())


class Inputs:
    """The arguments of one call; those to differentiate as numbers and arrays.

    Parameters
    ----------
    driver : str
        Who asks, for messages.
    f : callable
        The function that is called; or, where its one pass has been run already, the `Outputs`,
        which are then `finished`.
    argnums : int, str, or a sequence of these
        Which arguments to differentiate.
    args, kwargs
        All arguments.
    called : str
        What the driver calls argnums, for messages.

    Attributes
    ----------
    original : callable
        The function that was given: f, or what f is made of.
    finished : Outputs or None
        What the one pass of f gave, if it has been run already.
    is_elementwise : bool
        Whether f has to be elementwise, so that it is noted if it puts elements together.
    keys : list of int or str
        Which arguments they are, by position or keyword.
    selected : list
        These arguments.
    leaves : list
        The numbers and arrays in them; integers as floats.
    sizes : list of int
        How many numbers each leaf has.
    size : int
        How many there are in all.
    shared : list of int
        Which of all arrays share memory with another, as one that is given twice does. They become
        copies of their own, so f must not write into them.
    """

    def __init__(
        self, driver: str, f: Any, argnums: Argnums, args: tuple[Any, ...], kwargs: dict[str, Any],
        called: str = "argnums",
    ) -> None:  # fmt: skip
        self.driver, self.f, self.called = driver, f, called
        self.original: Any = f
        self.finished: Outputs | None = f if isinstance(f, Outputs) else None
        self.is_elementwise = False
        self.given: dict[Argnum, Any] = dict(enumerate(args))
        self.given.update(kwargs)
        self.positional = len(args)
        self.single = not isinstance(argnums, (tuple, list, range))
        self.keys = [self._key(a) for a in argnums_as_tuple(driver, argnums, called=called)]
        if len(set(self.keys)) < len(self.keys):
            raise ValueError(f"{driver}: {called}={argnums!r} names an argument twice.")
        self.selected = [rebuild(self.given[key], unbuffered) for key in self.keys]
        self.leaves: list[Any] = [
            x if type(x) is float else self.number(x) for x in leaves(self.selected)
        ]
        self.sizes = [math.prod(shape_of(x)) for x in self.leaves]
        self.size = sum(self.sizes)
        for key, x in self.given.items():
            if isinstance(x, Iterator) or any(isinstance(v, Iterator) for v in leaves(x)):
                self.given[key] = rebuild(x, _again)
        arrays, copies = _arrays(self.given.values()), _COPIES.get()
        shared = sharing(arrays)
        self.shared = (
            shared
            if not copies
            else [
                i
                for i, x in enumerate(arrays)
                if i in shared or any(np.may_share_memory(x, copy) for copy in copies)
            ]
        )

    def _key(self, argnum: Argnum) -> Argnum:
        n = self.positional
        if isinstance(argnum, str):
            if argnum in self.given:
                return argnum
            import inspect

            try:
                names = list(inspect.signature(self.f).parameters)[:n]
            except ValueError:  # a built-in function that does not tell
                names = []
            if argnum in names:
                return names.index(argnum)
            hint = closest(argnum, [*names, *(key for key in self.given if isinstance(key, str))])
            raise TypeError(
                f"{self.driver}: {self.called}={argnum!r}, but the call gives no argument of that "
                "name" + (f"; did you mean {hint}?" if hint else ".")
            )
        if not -n <= argnum < n:
            named = [key for key in self.given if isinstance(key, str)]
            raise TypeError(
                f"{self.driver}: {self.called}={argnum}, but the call gives {n} positional "
                f"argument{'s' * (n != 1)}"
                + (
                    f"; write {self.called}={named[0]!r} for the one of that name."
                    if named
                    else "."
                )
            )
        return int(argnum) % n

    def number(self, x: Any, what: str = "", of: Any = 0.0) -> Any:
        """A leaf as it is differentiated; TypeError if it is not a number or an array.

        `what`: it is part of, if of no argument: "the adjoint". `of`: what, if of one number; an
        integer becomes one of its system, so that fractions stay fractions.
        """
        takes = f": {what} is made of" if what else " differentiates with respect to"
        if isinstance(x, np.ndarray) and x.dtype.kind not in "fciub":
            what = "objects" if x.dtype.kind == "O" else str(x.dtype)
            raise TypeError(
                f"{self.driver}{takes} arrays of numbers, got one of {what}; "
                f"{_array_instead(x.dtype)}."
            )
        if not is_operand(x):
            name = type(x).__name__
            fields = f"dataclasses.asdict(x), and {name}(**x) in the function"
            advice = fields if hasattr(x, "__dataclass_fields__") else _INSTEAD.get(name)
            raise TypeError(
                f"{self.driver}{takes} numbers, arrays, and lists, tuples and dicts of them; got "
                f"{name}{f'; write {advice}' if advice else ''}."
            )
        if type(x) is int and is_exact(plain(of)):
            return type(plain(of))(x)
        return as_primal(alive(self.driver, x))

    def matched(self, x: Any, model: Any, what: str, whose: str) -> list[Any]:
        """The numbers in x, each where the model has its own; keys of dicts in any order.

        `what` x is, and `whose` the model, for messages.

        Raises
        ------
        TypeError
            If there is something else than numbers in x.
        ValueError
            If it has not the structure and the shapes of the model.
        """
        x = ordered_as(rebuild(x, unbuffered), model)
        wanted, given = _shapes(model), _shapes(x)
        if wanted != given:
            for v in leaves(x):
                self.number(v, what)  # what is no number at all is told first
            raise ValueError(
                f"{self.driver}: {what} must have the structure and shapes of {whose}, "
                f"{_shapes(model, by_name=True)}; got {_shapes(x, by_name=True)}."
            )
        return [self.number(v, what, of) for v, of in zip(leaves(x), leaves(model), strict=True)]

    @property
    def made(self) -> Made:
        """What f is made of, with what was given and the other arguments that may decide."""
        others = [x for key, x in self.given.items() if key not in self.keys and may_decide(x)]
        if self.original is not self.f:
            others.append(itself(self.original))
        return made_of(self.f, others)

    @property
    def are_complex(self) -> list[bool]:
        """Of each leaf, whether it is made of complex numbers."""
        return [is_complex(x) for x in self.leaves]

    def call(self, new: Sequence[Any]) -> Any:
        """f with other leaves in the same structure; f may modify all that it gets."""
        args, kwargs = self.given_at(new)
        if not self.shared:
            return self.f(*args, **kwargs)
        arrays = _arrays([*args, *kwargs.values()])
        before = [arrays[i].tobytes() for i in self.shared]
        outside = _COPIES.set([arrays[i] for i in self.shared])
        try:
            y = self.f(*args, **kwargs)
        finally:
            _COPIES.reset(outside)
        if before != [arrays[i].tobytes() for i in self.shared]:
            raise refused(
                f"{self.driver}: the function writes into an array that is given in two places, or "
                "overlaps another, and here each is a copy that does not see what is written into "
                "the other; pass x.copy() for one of them.",
                *new,
            )
        return y

    def given_at(self, new: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments and keywords with other leaves in the same structure."""
        numbers = iter(new)
        selected = rebuild(self.selected, lambda _: next(numbers))
        return self._arguments(dict(zip(self.keys, selected, strict=True)))

    def given_again(self) -> tuple[list[Any], dict[str, Any]]:
        """The arguments and keywords as they were given, with iterators from their beginning."""
        return self._arguments({key: self.given[key] for key in self.keys})

    def _arguments(self, selected: dict[Argnum, Any]) -> tuple[list[Any], dict[str, Any]]:
        given = {k: selected[k] if k in selected else self._copy(x) for k, x in self.given.items()}
        args = [given.pop(i) for i in range(self.positional)]
        return args, {str(name): x for name, x in given.items()}

    def _copy(self, x: Any) -> Any:
        return rebuild(x, self._copied)

    def _copied(self, x: Any) -> Any:
        if isinstance(x, _Again):
            return iter(x)
        return own(alive(self.driver, unbuffered(x)))

    def arrange(self, items: Sequence[Any]) -> Any:
        """One item per leaf, in the structure of the arguments."""
        each = iter(items)
        result = rebuild(self.selected, lambda _: next(each))
        return result[0] if self.single else tuple(result)

    def exhaust_iterators(self) -> None:
        """Take all items of iterators now: other threads and processes cannot share them."""
        for x in leaves(list(self.given.values())):
            if isinstance(x, _Again):
                x.exhaust()


def _shapes(x: Any, by_name: bool = False) -> Any:
    """The shapes of the leaves of x, in its structure; `by_name`: with namedtuples' fields."""
    if type(x) is float:
        return ()
    if by_name and hasattr(type(x), "_fields"):
        x = x._asdict()
    if isinstance(x, (list, tuple)):
        return [_shapes(part, by_name) for part in x]
    if isinstance(x, dict):
        return {key: _shapes(part, by_name) for key, part in x.items()}
    return shape_of(x) if isinstance(x, Pair) else np.shape(x)


class _Again:
    """An iterator that every pass can run through: its items are kept as they come."""

    def __init__(self, source: Iterator[Any]) -> None:
        self.source = source
        self.items: list[Any] = []

    def exhaust(self) -> None:
        self.items.extend(self.source)
        self.source = iter(())

    def __iter__(self) -> Iterator[Any]:
        yield from self.items
        for item in self.source:
            self.items.append(item)
            yield item


def _arrays(x: Any) -> list[Any]:
    """The plain arrays behind all arrays in x."""
    each = (plain(unbuffered(v)) for v in leaves(list(x)))
    return [v for v in each if isinstance(v, np.ndarray)]


def _again(x: Any) -> Any:
    return _Again(x) if isinstance(x, Iterator) else x


def is_complex(x: Any) -> bool:
    """Whether a number, an array or a dual is complex, whatever its value."""
    return bool(np.iscomplexobj(plain(x))) or hasattr(plain(x), "_mpc_")


def of_kind(y: Any) -> str:
    """What a function has returned, for messages: a dual is told as the number that it stands for.

    >>> of_kind(Dual(1.0, 1.0)), of_kind((1.0, 2.0, 3.0))
    ('float', 'tuple of 3')
    """
    kind = str(getattr(y, "__class__", type(y)).__name__)
    return f"{kind} of {len(y)}" if type(y) in (list, tuple) else kind


def alive(driver: str, x: Any) -> Any:
    """x itself, without what is only room for tangents, in an array that is used again.

    Raises
    ------
    TypeError
        If it is a dual that has been kept from a differentiation that is over.
    """
    if KERNEL and KERNEL.is_at_work(x):
        return x
    if isinstance(x, Dual) and any(map(is_over, levels_in(x))):
        x = without_empty(x)
    if isinstance(x, Dual) and any(map(is_over, levels_in(x))):
        if levels_in(x).intersection(CHECKPOINTS):
            raise TypeError(
                f"{driver} met a dual of a checkpoint that is over, of value "
                f"{reprlib.repr(plain(x))}: its function has left it in an outer variable, list, "
                "array or object, or has added to one; let it return that as well, and add it up "
                "outside: y, part = checkpoint(f)(x); total = total + part."
            )
        raise TypeError(
            f"{driver} met a dual of a differentiation that is over, of value "
            f"{reprlib.repr(plain(x))}: it has been kept in a cache, an object or an outer "
            "variable; keep getattr(x, 'primal', x) there (again while that is a dual, as in a "
            "second derivative), or make these anew within the function."
        )
    return x


def is_of_kept(error: Exception) -> bool:
    """Whether an error tells of a dual that has been kept."""
    return " of a differentiation that is over" in str(error)


class Outputs:
    """What f returned in a pass, as numbers and arrays.

    Parameters
    ----------
    driver : str
        Who asks, for messages.
    y : number, array, or nested lists, tuples and dicts of them
        What f returned.
    level : int
        The level of the pass.
    has_aux : bool
        Whether y is (result, aux).

    Attributes
    ----------
    structure
        The result, with arrays for all that stands for one.
    values : list
        The value of each leaf.
    tangents : list
        The tangent of each leaf, or None if it has none.
    aux
        What f returned beside the result, without tangents.
    has_mixed : bool
        Whether f has put elements together, where that is noted.
    """

    def __init__(self, driver: str, y: Any, level: int, has_aux: bool = False) -> None:
        self.driver = driver
        self.aux: Any = None
        if has_aux:
            if not isinstance(y, tuple) or len(y) != 2:
                raise TypeError(
                    f"{driver} with has_aux=True needs a function that returns (result, aux); "
                    f"this one returned {of_kind(y)}."
                )
            y, aux = y
            self.aux = aux_of(driver, aux, level)
        self.structure = rebuild(y, partial(self._leaf, y))
        self.values, self.tangents = [], []
        for part in leaves(self.structure):
            value, tangent = split(part, level)
            self.values.append(alive(driver, value))
            self.tangents.append(alive(driver, tangent))
        self.has_mixed = bool(MIXING.get(level))

    def __getstate__(self) -> dict[str, Any]:
        """For another process, without a second copy of the tangents."""
        return vars(self) | {"structure": self.arrange(self.values)}

    def _leaf(self, returned: Any, y: Any) -> Any:
        number = number_in(y)
        if number is not None:
            return number
        hint = why_no_number(y, returned)
        if hasattr(y, "to_numpy"):
            hint = "; return y.to_numpy(), made of arrays as in df['a'].to_numpy()*x."
        raise TypeError(
            f"{self.driver} needs a function that returns numbers, arrays, or lists, tuples and "
            f"dicts of them; this one returned {type(y).__name__}{hint}"
        )

    def arrange(self, items: Sequence[Any]) -> Any:
        """One item per leaf, in the structure that f returned."""
        each = iter(items)
        return rebuild(self.structure, lambda _: next(each))


def number_in(y: Any) -> Any:
    """The number or array that a leaf of what f returned is, or stands for; None for others."""
    y = unbuffered(y)
    if isinstance(y, np.ndarray) and y.dtype == object:
        y = from_objects(y)
    is_number = is_operand(y) and np.dtype(object) != getattr(y, "dtype", None)
    return y if is_number else None


def aux_of(driver: str, aux: Any, level: int) -> Any:
    """What f returned beside its result, without tangents of the level."""
    return rebuild(aux, lambda v: alive(driver, split(unbuffered(v), level)[0]))


def split(x: Any, level: int) -> tuple[Any, Any]:
    """Value and tangent at a level, also from under a newer one; None for no tangent."""
    if not isinstance(x, Dual) or x.level < level:
        return x, None
    if x.level == level:
        return x.primal, x.tangent
    (v, v_dot), (t, t_dot) = split(x.primal, level), split(x.tangent, level)
    if v_dot is None and t_dot is None:
        return x, None
    there = v_dot if t_dot is None else t_dot
    zero = zero_like(level, there, shape_of(there))
    tangent = moved(zero if v_dot is None else v_dot, zero if t_dot is None else t_dot, x.level)
    return moved(v, t, x.level), tangent
