"""What a function is made of: its code, and functions and classes that it reaches.

What is found of a function holds as long as that stays. A name may come to stand for another
function, as in a notebook, a method be replaced, a variable around a function be set: then it is
another one, of which nothing is known.
"""

from __future__ import annotations

import enum
import math
import pickle
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ..kernel import DRIVERS
from ..pair import Pair
from .instructions import (
    CONTAINERS,
    DATA,
    MOST_PARTS,
    Mark,
    cells_of,
    defaults_of,
    has_code_that_stays,
    parts_of,
)
from .lift import Lifted
from .parts import (
    IN_C,
    attributes_of,
    entries_of,
    fixed_parts,
    is_bound,
    is_of_a_package,
    is_users,
    paths_in,
    slots_of,
    value_at,
)
from .parts import members as members_of


class Made:
    """What a function is made of, as it is when this is made.

    Functions and classes that it reaches count, through objects and containers however deep; and
    flags by which it may branch: booleans, None, words, members of an Enum. Other data do not, for
    they may be others at each call; `numbers_now` tells which they are.

    Attributes
    ----------
    f : callable
        The function (`itself`).
    given : sequence
        Objects and numbers that it is called with, if any.
    key : tuple
        What tells it from others: its code and classes, that of what it reaches, and flags by
        which it may branch; whether it is lifted, and the size of numbers that it is given.
    is_whole : bool
        Whether the key says all; else there is more than is gone through, and nothing is known of
        this function.
    codes : list
        The code and the classes in the key, which is of their ids.
    looks : list of tuple
        A function that looks at something, that thing, and what it has seen; of a class its version
        in place of the function, where it has one.
    numbers : list
        What `numbers_now` told when somebody asked last, to keep.
    """

    __slots__ = ("_reached", "codes", "f", "given", "is_whole", "key", "looks", "numbers")

    def __init__(self, f: Any, given: Sequence[Any] = ()) -> None:
        self.f, self.given = itself(f), given
        self.numbers: list[Any] = []
        own = _Reached([self.f, *given])
        self._reached = [own, *_all_held(own)]
        sizes = tuple(map(_size, given))
        self.key = type(f) is Lifted and f.lift, sizes, *(part.key for part in self._reached)
        self.codes = [x for part in self._reached for x in part.codes]
        self.looks = [look for part in self._reached for look in part.looks]
        size = sum(part.size for part in self._reached)
        self.is_whole = size <= MOST_PARTS and all(part.is_whole for part in self._reached)

    def is_still(self) -> bool:
        """Whether all of that is still there."""
        return are_same_looks(self.looks)

    def numbers_now(self) -> Iterator[tuple[Any, int | None]]:
        """The objects and closures that it reaches, and what stands for their numbers and texts.

        The object is None if they belong to none that lasts; None stands for what cannot be told.
        """
        by_owner: dict[int, tuple[Any, list[Any]]] = {}
        for owner, read, x in (data for part in self._reached for data in part.data):
            if read is _itself:
                yield x, _digest(x)
            for value in read(x):
                if type(value) is np.ndarray:
                    yield value, _digest(value)
                elif type(value) in DATA and not _is_flag(value):
                    by_owner.setdefault(id(owner), (owner, []))[1].append(value)
        for owner, values in by_owner.values():
            yield owner, _digest(values)


def _all_held(own: _Reached) -> Iterator[_Reached]:
    """What is reached in turn by functions and classes that modules hold."""
    left = list(own.held)
    met = set(map(id, left))
    for x in left:
        reached = _reached_by(x)
        yield reached
        new = [more for more in reached.held if id(more) not in met]
        left += new
        met.update(map(id, new))


def _reached_by(x: Any) -> _Reached:
    """What a function or a class reaches that its module holds, found once as long as it stays."""
    reached = _REACHED.get(id(x))
    if reached is None or reached.of is not x or not are_same_looks(reached.looks):
        if len(_REACHED) >= _MOST_HELD:
            _REACHED.clear()
        reached = _REACHED[id(x)] = _Reached([x], of=x)
    return reached


class _Reached:
    """What things reach, up to functions and classes that modules hold, which are told apart.

    Attributes
    ----------
    of : function or class
        One that a module holds, if it is of that alone.
    key, codes, looks, is_whole
        As of `Made`.
    held : list
        The functions and classes that modules hold.
    data : list of tuple
        What has numbers, with what reads them and the object that they belong to.
    size : int
        How many things there were.
    """

    def __init__(self, things: list[Any], of: Any = None) -> None:
        self.of, self.is_whole = of, True
        self.codes: list[Any] = []
        self.held: list[Any] = []
        self.data: list[tuple[Any, Callable[[Any], Any], Any]] = []
        self._key: list[Any] = []
        self._looks: list[_Seen] = []
        self._met: dict[int, tuple[tuple[int], Any]] = {}  # which keeps their ids theirs
        self._go_through(things)
        self.key, self.looks, self.size = tuple(self._key), quick(self._looks), len(self._met)
        del self._key, self._looks, self._met

    def _go_through(self, things: list[Any]) -> None:
        """Add to the key what it says of these things and of all that they reach."""
        key, seen = self._key, self._met
        left: list[tuple[Any, Any]] = [(x, None) for x in reversed(things)]
        while left:
            x, owner = left.pop()
            kind: Any = type(x)
            if x is DATUM or _is_datum(x):
                key.append(DATUM)
            elif _is_flag(x):
                self._add_flag(x)
            elif x is TOO_MANY or len(seen) > MOST_PARTS:
                self.is_whole = False
                return
            elif kind is Mark:
                self._own(x)
            elif id(x) in seen:
                key.append(seen[id(x)][0])
            elif kind in _BY_THEMSELVES and not is_bound(x):
                self._own(x)
            elif x is not self.of and _is_held(x):
                self._own(x)
                self.held.append(x)
            else:
                seen[id(x)] = (len(seen),), x
                if kind.__weakrefoffset__ and kind is not types.MethodType:
                    owner = x
                parts = self._parts_of(x, owner)
                key.append(len(parts))
                left += [(part, owner) for part in reversed(parts)]

    def _parts_of(self, x: Any, owner: Any) -> list[Any]:
        """What one thing reaches; the key says of what kind it is."""
        kind: Any = type(x)
        if kind is types.FunctionType:
            return self._parts_of_function(x, owner)
        if issubclass(kind, type):
            self._own(x)
            return [] if is_of_a_package(x) else self._seen(members, x)
        if kind in CONTAINERS:
            self._own(kind)
            return self._held(entries, x, owner)
        fixed = fixed_parts(x)
        self._note(owner, fixed_parts, x)
        parts = [*fixed, *self._held(entries, x, owner)]
        if not is_users(kind):
            if not fixed:
                self._note_opaque(x, owner)
            return [*parts, *self._held(given_to, x, owner)]
        if kind.__dictoffset__ and not slots_of(kind):
            return [*parts, *self._held(attributes, x, owner)]
        return [*parts, *self._held(in_slots, x, owner)]

    def _parts_of_function(self, f: types.FunctionType, owner: Any) -> list[Any]:
        code, *_ = self._seen(own_of, f)
        self._own(code)
        self._note(owner, _data_of, f)
        parts = [*defaults_of(f), *(self._seen(in_cells, f) if f.__closure__ else ())]
        if not has_code_that_stays(f):
            parts += [self._seen(named, (f.__globals__, *path))[0] for path in paths_in(f.__code__)]
        if vars(f):
            return [*parts, *self._held(attributes, f, owner)]
        self._looks.append((attributes, f, _NO_ATTRIBUTES))
        return parts

    def _note_opaque(self, x: Any, owner: Any) -> None:
        """Note an object of a package: of its numbers, only the hash may tell, as a Fraction's."""
        kind: Any = type(x)
        if kind.__hash__ is not None and kind.__hash__ is not object.__hash__:
            self._note(owner, _hashed, x)
        elif kind.__weakrefoffset__:
            self._note(owner, _itself, x)

    def _held(self, look: _Look, x: Any, owner: Any) -> list[Any]:
        """What it holds; the key says where."""
        found = look(x)
        self._note(owner, _VALUES[look], x)
        if type(x) is not tuple and type(x) is not frozenset:
            self._looks.append((look, x, found))
        if not found:
            self._key.append(0)
            return found
        places = found[::2]
        if all(map(_is_place, places)):
            self._key.append(tuple(places))
            return found[1::2]
        self._key.append(None)
        return found

    def _seen(self, look: _Look, at: Any) -> list[Any]:
        found = look(at)
        self._looks.append((look, at, found))
        return found

    def _note(self, owner: Any, read: Callable[[Any], Any], x: Any) -> None:
        """Note what has numbers, unless a module holds it: then it is the same at each call."""
        if owner is None or owner is not self.of:
            self.data.append((owner, read, x))

    def _own(self, x: Any) -> None:
        self.codes.append(x)
        self._key.append(id(x))

    def _add_flag(self, x: Any) -> None:
        if isinstance(type(x), enum.EnumMeta):
            self._own(x)
        else:
            self._key.append(bool(x) if type(x) is np.bool_ else x)


def are_same_looks(looks: list[_Seen]) -> bool:
    """Whether all that was seen is still there."""
    return DRIVERS.are_same_looks(looks) if DRIVERS else all(map(is_same_look, looks))


def quick(looks: list[_Seen]) -> list[_Seen]:
    """The looks as the kernel has them."""
    return DRIVERS.quick(looks) if DRIVERS else looks


def is_same_look(seen: _Seen) -> bool:
    """Whether what was seen is still there; data may have become other data."""
    look, at, before = seen
    if look is named and at[0].get(at[1]) is before[0]:  # which is most often so
        return True
    now = look(at)
    return len(now) == len(before) and all(map(_is_same, now, before))


def _is_same(x: Any, was: Any) -> bool:
    if x is was or (was is DATUM and _is_datum(x)):
        return True
    return type(x) is type(was) and _is_place(x) and bool(x == was)


def _without_data(parts: Any) -> list[Any]:
    """The parts, of data but that they are; they may be large, and are free to go."""
    return [DATUM if _is_datum(x) else x for x in parts]


def _is_datum(x: Any) -> bool:
    """Whether x is data, and no flag."""
    kind = type(x)
    if kind is np.ndarray:
        return bool(x.dtype.char != "O")
    return not _is_flag(x) if kind in DATA else _is_dual(x)


def _is_dual(x: Any) -> bool:
    try:
        return isinstance(x, Pair)
    except Exception:  # of its `__class__`, as of a proxy
        return False


def _is_flag(x: Any) -> bool:
    """Whether code may branch by x, which is one of few; a text if it is a word.

    >>> _is_flag("upwind"), _is_flag("x = 0.25"), _is_flag(None), _is_flag(2.0)
    (True, False, True, False)
    """
    kind = type(x)
    if kind is str:
        return bool(x.isidentifier())
    if kind is bool or kind is np.bool_ or x is None:
        return True
    return type(kind) is not type and isinstance(kind, enum.EnumMeta)


def _is_place(x: Any) -> bool:
    return type(x) is str or type(x) is int


def itself(f: Any) -> Any:
    """The function that was given, which outlives what drivers wrap it in."""
    return f.f if type(f) in (Lifted, Made) else f


def made_of(f: Any, given: Sequence[Any] = ()) -> Made:
    """What f is made of, with what it is given that may decide; f itself, if it is that."""
    if type(f) is Made:
        return f
    if not _is_held(f) or (given and not all(map(_is_held, given))):
        return Made(f, given)
    key = (id(f), *map(id, given)) if given else id(f)
    made = _MADE.get(key)
    is_same = made is not None and made.f is f and all(map(_is_same, made.given, given))
    if made is None or not is_same or not made.is_still():
        if len(_MADE) >= _MOST_MADE:
            _MADE.clear()
        made = _MADE[key] = Made(f, given)
    return made


def _is_held(x: Any) -> bool:
    """Whether x is a function or a class that its module holds, too."""
    kind = type(x)
    if kind is types.FunctionType:
        return x.__globals__.get(x.__name__) is x
    if issubclass(kind, type):
        home = None if is_of_a_package(x) else sys.modules.get(str(x.__module__))
        return home is not None and vars(home).get(x.__name__) is x
    return kind in IN_C and not is_bound(x)


_MADE: dict[int | tuple[int, ...], Made] = {}  # of functions that modules hold
_REACHED: dict[int, _Reached] = {}
_MOST_MADE, _MOST_HELD = 100, 1000
_Look = Callable[[Any], list[Any]]
_Seen = tuple[Any, Any, list[Any]]  # a look, at what, and what it has seen
DATUM = Mark()
TOO_MANY = Mark()  # in place of what is too much to be gone through
_BY_THEMSELVES = (*IN_C, types.ModuleType, types.CodeType)


# -- looks at what may become another --------------------------------------------------------------


def own_of(f: types.FunctionType) -> list[Any]:
    """The code of a function, and its defaults."""
    return [f.__code__, f.__defaults__, f.__kwdefaults__]


def in_cells(f: types.FunctionType) -> list[Any]:
    """The variables around a function that it uses."""
    return _without_data(cells_of(f).values())


def named(at: tuple[Any, ...]) -> list[Any]:
    """What a global name stands for, or an attribute of a module that is the user's."""
    return _without_data([value_at(at[1:], at[0])])


def members(cls: type) -> list[Any]:
    """What there is in a class and in those that it is derived from."""
    return [DATUM if type(x) in _OF_SLOTS else x for x in _without_data(members_of(cls))]


def entries(x: Any) -> list[Any]:
    """What is in a container, one after the other with their keys or places; of data, none.

    In a list, classes that are not the user's are data: code that lists what it meets has them.
    """
    pairs = entries_of(x)
    if type(x) is list:
        pairs = ((i, DATUM if _is_foreign(part) else part) for i, part in pairs)
    return _in_turn(pairs)


def _is_foreign(x: Any) -> bool:
    return issubclass(type(x), type) and is_of_a_package(x)


def attributes(x: Any) -> list[Any]:
    """The class of an object and what it holds by names, one after the other; of data, the name."""
    return ["__class__", type(x), *_in_turn(attributes_of(x).items())]


def in_slots(x: Any) -> list[Any]:
    """The same of one that has slots."""
    return attributes(x)


def given_to(x: Any) -> list[Any]:
    """The class of an object of a package, and what the user has put into it, likewise."""
    given = ((name, part) for name, part in attributes_of(x).items() if _is_given(part))
    return ["__class__", type(x), *_in_turn(given)]


def _is_given(x: Any) -> bool:
    kind = type(x)
    return kind in _FUNCTIONS or not is_of_a_package(kind)


def _in_turn(pairs: Any) -> list[Any]:
    found: list[Any] = []
    for n, (place, x) in enumerate(pairs):
        if n == MOST_PARTS:
            return [0, TOO_MANY]
        if x is not DATUM and not _is_datum(x):
            found += (place, x)
        elif not _is_datum(place):
            found += (place, DATUM)
    return found


_OF_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType)
_FUNCTIONS = (types.FunctionType, *IN_C)
_NO_ATTRIBUTES = ["__class__", types.FunctionType]
LOOKS = (own_of, in_cells, named, members, entries, attributes)  # that the kernel has at once


# -- numbers ---------------------------------------------------------------------------------------


def _data_of(f: types.FunctionType) -> list[Any]:
    """What a function finds around it."""
    paths = () if has_code_that_stays(f) else paths_in(f.__code__)
    named = (value_at(path, f.__globals__) for path in paths)
    return [*defaults_of(f), *cells_of(f).values(), *named]


def _data_in(x: Any) -> Iterator[Any]:
    for pair in entries_of(x):
        yield from pair


def _hashed(x: Any) -> list[Any]:
    with suppress(Exception):
        return [hash(x)]
    return []


def _itself(x: Any) -> Sequence[Any]:
    return ()


_VALUES: dict[_Look, Callable[[Any], Any]] = {
    entries: _data_in,
    **dict.fromkeys((attributes, in_slots), lambda x: attributes_of(x).values()),
    given_to: lambda x: (),
}


def _digest(x: Any) -> int | None:
    """What stands for numbers and texts; None if they are many, or it is no such thing."""
    if type(x) is np.ndarray:
        x = (x.shape, x.dtype.str, x.tobytes()) if x.nbytes <= _MOST_BYTES else None
    return None if x is None or type(x) not in (list, tuple) else hash(pickle.dumps(x))


_MOST_BYTES = 2**15  # of an array that are looked at


def _size(x: Any) -> Any:
    """What of a number or a text may decide: of a float the size, a count and a text themselves."""
    if isinstance(x, np.number):
        x = x.item()
    if type(x) is float or type(x) is complex:
        _, exponent = math.frexp(abs(x))
        return x == 0, exponent // 4
    return x if type(x) is int or type(x) is str else None


def may_decide(x: Any) -> bool:
    """Whether x may do something, or decides what a function does that is given it."""
    return type(x) in _DECIDING or isinstance(x, np.number) or may_do(x)


_DECIDING = (int, float, complex, str, bool, type(None))


def may_do(x: Any) -> bool:
    """Whether x may do something itself, if a function is given it: it is no mere data."""
    if type(x) in CONTAINERS:
        return any(map(may_do, parts_of(x)))
    return not (type(x) in DATA or isinstance(x, (Pair, np.ndarray, np.generic)))
