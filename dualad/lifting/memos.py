"""What functions under `functools.cache` or `lru_cache` gave for duals, while their level is open.

A dual has no hash: the cache of the plain run would take its tangent for that of another. So each
level keeps what was given at it, under the key that the plain cache has, and for each of the
tangents that came with it. As that cache does, it forgets what was not used for longest.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import suppress
from types import FunctionType
from typing import Any, ClassVar

import numpy as np

from ..array.operands import ArrayProxy, unbuffered
from ..differentiations import MEMOS, is_open
from ..dual import Dual
from ..kernel import KERNEL, LIFTING
from ..pair import Function, Pair, dual, plain
from ..refusals import UNHASHABLE
from ..structure import leaves, rebuild


class Memoised:
    """A function under a cache: with duals among its arguments, it has a memo at their level.

    Raises
    ------
    TypeError
        If an argument has no hash, as from the cache itself.
    """

    __slots__ = ("cached", "maxsize", "typed")
    stand_in: ClassVar[Function]  # what is called for a function

    def __init__(self, cached: Any) -> None:
        given = cached.cache_parameters()
        self.cached, self.maxsize, self.typed = cached, given["maxsize"], given["typed"]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        f = Memoised.stand_in(self.cached.__wrapped__)
        if not _can_be_hashed((*args, *kwargs.values())):
            return f(*args, **kwargs)
        level, key, tangents, given = _asked(args, kwargs)
        if level is None:
            return self.cached(*args, **kwargs)
        memo = self.memo_at(level)
        if memo is None:
            return f(*args, **kwargs)
        if self.typed:
            key = key, tuple(map(_kind, args)), tuple(map(_kind, kwargs.values()))
        kept = memo.kept.get(key)
        if kept is None:
            memo.misses += memo.is_counting
            y = f(*args, **kwargs)
            memo.keep(key, Kept(given, tangents, y))
            return y
        memo.found(key)
        if tangents in kept.given:
            return kept.given[tangents]
        if moved := kept.moved(given):
            args, kwargs = (rebuild(x, lambda v: moved.get(id(v), v)) for x in (args, kwargs))
        before, memo.is_counting = memo.is_counting, False  # the plain cache calls nothing here
        try:
            y = f(*args, **kwargs)
        finally:
            memo.is_counting = before
        kept.add(given, tangents, y)
        return y

    def memo_at(self, level: int) -> Memo | None:
        """That of a level; None if no driver has opened it."""
        of_level = MEMOS.get(level)
        if of_level is None:
            if not is_open(level):
                return None
            of_level = MEMOS.setdefault(int(level), {})
        memo: Memo | None = of_level.get(id(self.cached))
        return of_level.setdefault(id(self.cached), Memo(self)) if memo is None else memo


def _can_be_hashed(args: tuple[Any, ...]) -> bool:
    """Whether no hash of an object of the user's asks for that of a dual which it holds."""
    try:
        for x in args:
            if type(type(x).__hash__) is FunctionType and not issubclass(type(x), Dual):
                hash(x)
    except TypeError as error:
        if not str(error).startswith(UNHASHABLE):
            raise
        return False
    return True


def _asked(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Hashable, Hashable, Any]:
    """The newest level in arguments, None if there is none; their key; their tangents; all leaves.

    The key tells arguments apart as that of the plain cache does.
    """
    if kwargs:
        return _asked_of_any(args, kwargs)
    level = None
    numbers: list[Any] = []
    tangents: list[Any] = []
    for x in args:
        kind = type(x)
        if kind is _COMPILED:
            number, tangent, at = x.primal, x.tangent, x.level
            if type(tangent) is not float:
                tangent = tangent.tobytes()
            if level is None or at > level:
                level = at
            numbers.append(number)
            tangents.append((at, tangent))
        elif kind not in _SIMPLE and isinstance(x, IN_PARTS):
            return _asked_of_any(args, kwargs)
        else:
            numbers.append(x)
            tangents.append(None)
    return level, tuple(numbers), tuple(tangents), args


def _asked_of_any(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, Hashable, Hashable, Any]:
    given = list(map(unbuffered, leaves([args, kwargs])))
    levels = [x.level for x in given if isinstance(x, Dual)]
    if not levels:
        return None, None, None, None
    names = tuple([(name, rebuild(x, _plain)) for name, x in kwargs.items()])
    key = tuple([rebuild(x, _plain) for x in args])
    tangents = tuple([_identity(x) if isinstance(x, Dual) else None for x in given])
    return max(levels), (key, _NAMED, names) if kwargs else key, tangents, given


class Memo:
    """What one function gave at one level, for the arguments that were used last.

    Attributes
    ----------
    hits, misses : int
        As the plain cache would count them.
    """

    __slots__ = ("cached", "hits", "is_counting", "kept", "maxsize", "misses")

    def __init__(self, of: Memoised) -> None:
        self.cached, self.maxsize = of.cached, of.maxsize
        self.hits = self.misses = 0
        self.is_counting = True
        self.kept: dict[Hashable, Kept] = {}  # what was used last comes last

    def keep(self, key: Hashable, kept: Kept) -> None:
        if key in self.kept:
            return
        self.kept[key] = kept
        while self.maxsize is not None and len(self.kept) > self.maxsize:
            with suppress(RuntimeError):  # another thread keeps something, too
                self.kept.pop(next(iter(self.kept), None), None)

    def found(self, key: Hashable) -> None:
        self.hits += self.is_counting
        if self.maxsize is not None:
            kept = self.kept.pop(key, None)
            if kept is not None:  # another thread may have made room
                self.kept[key] = kept


class Kept:
    """What was given for numbers, by the tangents that came with them."""

    __slots__ = ("first", "given", "owners")

    def __init__(self, given: Sequence[Any], tangents: Hashable, y: Any) -> None:
        self.first = given
        self.given = {tangents: y}
        self.owners = [given]  # whose ids are theirs as long as they are here

    def moved(self, given: Sequence[Any]) -> dict[int, Any]:
        """By id, the duals of equal numbers that are others: 0.0, where -0.0 was first.

        The plain cache gives then what the first gave, so with their tangents they become these.
        """
        return {
            id(x): dual(plain(first), x.tangent, x.level)
            for x, first in zip(given, self.first, strict=True)
            if isinstance(x, Dual) and not _is_same(x.primal, plain(first))
        }

    def add(self, given: Sequence[Any], tangents: Hashable, y: Any) -> None:
        if len(self.given) >= MOST_TANGENTS:
            self.given.clear()
            self.owners.clear()
        self.given[tangents] = y
        self.owners.append(given)


MOST_TANGENTS = 16
_FLOATS = (float, np.float64)
_SIMPLE = frozenset((bool, int, float, str, type(None)))
IN_PARTS = (list, tuple, dict, Dual, ArrayProxy)
_COMPILED = KERNEL.Dual if KERNEL else None
_NAMED = object()  # stands before arguments by name


def _plain(x: Any) -> Any:
    return plain(unbuffered(x))


def _kind(x: Any) -> type:
    return type(_plain(x))


def _is_same(x: Any, was: Any) -> bool:
    """Whether two equal numbers are the same, or one of them is no float."""
    if type(x) not in _FLOATS or type(was) not in _FLOATS:
        return True
    return type(x) is type(was) and (x != 0 or np.signbit(x) == np.signbit(was))


def _identity(x: Any) -> Hashable:
    """What tells a dual from others of an equal number: level and tangent, or the dual itself."""
    if KERNEL and type(x) is KERNEL.Recorded:
        return x.level, x.place
    try:
        tangent: Any = x.tangent
    except ArithmeticError:  # there is none
        return id(x)
    bits = _bits(tangent)
    if bits is None:
        return id(x)
    primal = x.primal
    return (x.level, bits, _identity(primal)) if isinstance(primal, Pair) else (x.level, bits)


def _bits(tangent: Any) -> Hashable:
    """What tells a tangent from others; None if it is of a kind of which this is not known."""
    if isinstance(tangent, Pair):
        number = _bits(plain(tangent))
        return None if number is None else (_identity(tangent), number)
    if type(tangent) is np.ndarray:
        kind = tangent.dtype.kind
        return (tangent.dtype.str, tangent.tobytes()) if kind in "fc" else None
    return tangent if isinstance(tangent, (float, complex)) else None


def info_of(cached: Any) -> Any:
    """What `cache_info` says in the plain run."""
    info = cached.cache_info()
    memos = _memos_of(cached)
    size = info.currsize + sum(len(memo.kept) for memo in memos)
    return info._replace(
        hits=info.hits + sum(memo.hits for memo in memos),
        misses=info.misses + sum(memo.misses for memo in memos),
        currsize=size if info.maxsize is None else min(size, info.maxsize),
    )


def clear(cached: Any) -> None:
    """What `cache_clear` does."""
    cached.cache_clear()
    for of_level in list(MEMOS.values()):
        of_level.pop(id(cached), None)


def _memos_of(cached: Any) -> list[Memo]:
    return [memos[id(cached)] for memos in list(MEMOS.values()) if id(cached) in memos]


if LIFTING:
    LIFTING.connect_memos(Memo, Kept, IN_PARTS, MEMOS)
