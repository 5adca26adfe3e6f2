"""lift: run a function with dual-aware `math`, `cmath` and makers of arrays in place of them.

Nothing is patched. A lifted function is a twin: the same code, with the module's own variables and
the function's own cells, in which every callee is first looked up:

    f(x)  →  (hook @ f)(x)

The hook gives the stand-in for a function of math or NumPy, the twin of a Python function or
method, and everything else as it is. So all that lifted code calls is lifted too, however it was
found, and objects, classes and modules are the real ones. The twin of code is kept as long as the
code is; that of a function is made where it is called.
"""

from __future__ import annotations

import collections
import functools
import itertools
import operator
import os
import re
import sys
import types
import weakref
from _thread import allocate_lock
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, ParamSpec, TypeVar

import numpy as np

from ..array.buffers import Buffer, buffered
from ..array.dualarray import DualArray
from ..array.operands import ArrayProxy, unbuffered
from ..differentiations import answered, note_equal, text_for
from ..dual import Dual
from ..kernel import LIFTING
from ..pair import Function, plain
from ..refusals import readable_begin, readable_end
from ..structure import leaves, rebuild
from .bytecode import Hooks, rewritten
from .memos import Memoised, clear, info_of
from .standins import (
    COPYING,
    FUNCTIONS,
    LOADERS,
    SLOTS,
    Vectorized,
    in_array,
    on_lists,
    shown,
    with_plain,
)

P = ParamSpec("P")  # the arguments of f,
R = TypeVar("R")  # and its result

# Code that is left as it is: the standard library, and packages that know what they do.
_FOREIGN = frozenset(sys.stdlib_module_names) | {
    __package__,
    *("numpy", "scipy", "mpmath", "pandas", "sympy", "numba", "jax", "torch"),
    *("matplotlib", "mpl_toolkits"),
    *("autograd", "pytest", "_pytest", "hypothesis", "IPython", "ipykernel"),
}
# Modules of these whose Python code is lifted as anybody's: what it calls of compiled code has
# stand-ins, and so have all public functions of SciPy.
_OPENED = (
    *("statistics", "random", "numpy.polynomial."),
    *("scipy._lib.", "scipy._external."),  # the latter from SciPy 1.18 on
    *("scipy.signal.", "scipy.ndimage.", "scipy.spatial.distance"),
    *("scipy.spatial._procrustes", "scipy.spatial._geometric_slerp"),
    *("scipy.linalg._special_matrices", "scipy.special._basic"),
)
# Of these, functions call the functions that they are given: these are lifted.
_CALLERS = frozenset(
    (
        *("functools", "_functools", "itertools", "contextlib", "threading"),
        *("_thread", "logging", "bisect", "_bisect", "heapq", "_heapq", "statistics", "re"),
        *("concurrent", "asyncio", "numpy", "scipy", "pandas", "mpmath"),
        *("matplotlib", "mpl_toolkits"),
    )
)
# Python code of packages that stay, which calls special methods of the user's classes.
_FOLLOWED = re.compile(
    r"copy\.|collections\.(abc|UserDict|UserList|ChainMap)\.|contextlib\._?\w*ExitStack\."
    r"|functools\._\w+_from_\w+$|typing\._\w*GenericAlias\.__call__$"
    r"|dataclasses\.(_?replace|_?as(dict|tuple)\w*)$"
)
# How functions of a package are called that have no stand-in: the package enters it here.
CALLERS: dict[str, Callable[[Function, Function], Function]] = {}
# These send the functions that they are given to other processes, by name.
_SENDERS = frozenset(("concurrent.futures.process", "multiprocessing.pool"))
_HERE = os.path.dirname(os.path.dirname(__file__)) + os.sep

# What a hook does with a function: nothing, hand it lifted arguments, or run its twin's code.
STAYS, CALLS = None, ...


def lift(f: Callable[P, R]) -> Callable[P, R]:
    """A function in which `math`, `cmath` and preallocated arrays work with duals.

    The function, and the Python functions and methods that it calls, run with `math`, `cmath`,
    NumPy's makers of arrays (`zeros`, `empty`, `ones`, `full`, `eye`, `array`, `asarray`, …, and
    copies) and `float`, `complex` standing for their dual-aware versions: an array of floats
    becomes dual when a dual is stored in it, and `float(x)` keeps the derivative. With plain
    numbers the result is what the function itself gives.

    Drivers do so by themselves where a function needs it.

    Parameters
    ----------
    f : callable
        A Python function, method, class, `functools.partial`, or object with `__call__`. May be
        a generator function, recursive, or nested; it sees the variables of its module, and
        writes to them, as always.

    Returns
    -------
    callable
        Called as f is called; pickled and copied as f is. Also a decorator, and `lift=True` on
        every driver.

    Raises
    ------
    TypeError
        If f is not callable; and when called, where lift does not reach (see Notes).

    Notes
    -----
    Nothing is patched: other code and other threads see the modules as they are, and objects are
    of the classes that they always are.

    What lift does not reach runs as it is, and raises TypeError where it would lose a derivative:

    - compiled code (but for numba's, whose Python source runs beside it), and Python code of the
      standard library (but for `statistics` and `random`), NumPy (but for `numpy.polynomial`) and
      SciPy (of whose functions `dualad.scipy` has its own, or lifts them);
    - special methods of the user's classes where only compiled code knows of the call: `__hash__`
      and `__eq__` of keys, `__eq__` of items in `list.index` and `[a] == [b]`, `__index__`,
      `__repr__` of items, the items of `**x`, attributes that `match` reads, what sets and dicts go
      through in `update` and its like, properties that text asks for (`"{0.p}"`), hooks of class
      statements and metaclasses (`__init_subclass__`, `__set_name__`, `__instancecheck__`, …), of
      pickling (`__getstate__`, …), and NumPy's protocols (`__array__`, …); the error names the
      method. By operators, `if`, loops, unpacking, attributes, f-strings, `with`, `await`,
      Python's builtins, `sorted`, `heapq`, `bisect`, `itertools` and `copy` they are lifted;
    - code that `eval` and `exec` compile;
    - `int(x)` and `round(x)`, which are steps, and give plain numbers; numbers stored in arrays of
      integers are cut, as they are without duals.

    What a function under `functools.cache` gives for duals is kept while the differentiation lasts.

    A driver that finds only by an error of f that f needs lifting calls it again from the start:
    what f has printed, counted or appended up to there is done twice, and the derivative is that of
    the second call. Lifted from the start, as by `lift=True`, f is called once.

    Examples
    --------
    >>> import math, numpy as np
    >>> from dualad import jacobian
    >>> def cumulated(x):
    ...     out = np.zeros(len(x))
    ...     s = 0.0
    ...     for i in range(len(x)):
    ...         s += math.exp(x[i])
    ...         out[i] = s
    ...     return out
    >>> jacobian(lift(cumulated))(np.zeros(2))
    array([[1., 0.],
           [1., 1.]])
    """
    if not callable(f):
        raise TypeError(f"lift needs a function, got {type(f).__name__}; write lift(f)(x).")

    return Lookalike(Lifted(f), f, functools.partial(lift, f))


class Lookalike:
    """A function under the name, text and signature of f.

    It is pickled by its own name if f is defined under it, as decorated functions are, and else as
    a call of what made it.
    """

    __wrapped__: Function

    def __init__(self, call: Function, f: Function, made_by: functools.partial[Any]) -> None:
        self.__qualname__ = type(f).__name__  # if f has no name
        functools.update_wrapper(self, f)
        self._call, self._made_by = call, made_by

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(*args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._made_by, ()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return global_name(self) or self.__reduce__()

    def __repr__(self) -> str:
        name = getattr(self.__wrapped__, "__qualname__", type(self.__wrapped__).__name__)
        return f"<{self._made_by.func.__name__} of {name}>"


def global_name(x: Any) -> str | None:
    """The name under which x itself stands in its module; None if something else does, or nothing.

    >>> global_name(lift), global_name(lambda: 0)
    ('lift', None)
    """
    found: Any = sys.modules.get(x.__module__)
    name: str = x.__qualname__
    for part in name.split("."):
        found = getattr(found, part, None)
    return name if found is x else None


class Lifted:
    """f, run lifted or as it is; what stands for arrays is made arrays again."""

    __slots__ = ("f", "lift", "__weakref__")

    def __init__(self, f: Function, lift: bool = True) -> None:
        self.f, self.lift = f, lift

    @property
    def __wrapped__(self) -> Function:
        return self.f

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.lift:
            return self.f(*args, **kwargs)
        begin()
        try:
            y = twin_of(self.f)(*args, **kwargs)
        finally:
            end()
        held = any(isinstance(x, ArrayProxy) for x in leaves(y))
        return rebuild(y, unbuffered) if held else y

    def __getattr__(self, name: str) -> Any:
        return getattr(self.f, name)

    def __reduce__(self) -> Any:
        return Lifted, (self.f, self.lift)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lifted) and (self.f, self.lift) == (other.f, other.lift)

    def __hash__(self) -> int:
        return hash(self.f)


def twin_of(f: Function) -> Function:
    """What lifted code calls in place of f, which itself may be in a package that stays."""
    if not OPERATORS:
        _meet(f)
    given: Function = stand_in(f)
    return own_twin(f) if given is f else given


def own_twin(f: Function) -> Function:
    """The twin of a Python function, wherever it is from; everything else as it is."""
    if not (isinstance(f, types.FunctionType) and _may_be_copied(f.__code__)):
        return f
    code = code_for(f)
    if not isinstance(code, types.CodeType):  # others who call it get f, or its stand-in
        code = _own_copies.get(f.__code__, None) or _copied(f, _own_copies.set)
    return _twin(f, code)


# -- what is called ------------------------------------------------------------------------


def stand_in(x: Any) -> Any:
    """What is called in place of x."""
    kind = type(x)
    if kind is types.FunctionType:
        return _of_function(x)
    if kind is types.MethodType:
        f = stand_in(x.__func__)
        if f is x.__func__:
            return x
        return types.MethodType(f, x.__self__)
    if (found := _found(x)) is not None:
        return found
    if isinstance(x, type):
        return _of_class(x)
    if kind in _STAYING:
        if kind is types.MethodWrapperType and x.__name__ in _OBJECTS_OWN:
            f = FUNCTIONS.get(getattr(x.__objclass__, x.__name__))
            return x if f is None else functools.partial(f, x.__self__)
        if kind is types.BuiltinFunctionType and type(x.__self__).__name__ in _IN_C:
            return _of_known_class(x)
        if kind is types.BuiltinFunctionType and is_of_others(x):
            return caller(x, lent)
        return x
    if kind is functools.partial:
        if x.func is functools.update_wrapper:  # which keeps what it is given, as wraps does
            return x
        given = {name: argument(v) for name, v in x.keywords.items()}
        return functools.partial(compiled_stand_in(x.func), *map(argument, x.args), **given)
    if kind is Cached:
        return LIFTING.Memoised(Memoised(x)) if LIFTING else Memoised(x)
    if (make := BY_KIND.get(kind)) is not None:
        return make(x)
    if kind is np.ufunc:  # SciPy's, or another package's
        return on_lists(x)
    if kind is np.vectorize:
        return Vectorized(stand_in(x.pyfunc), x.otypes, None, x.excluded, x.cache, x.signature)
    if (source := source_of(x)) is not None:
        return Compiled(x, source)
    if kind.__name__ in _COMPILED:
        return _of_compiled(x)
    call = inspected(kind, "__call__")
    if type(call).__name__ in _COMPILED and (f := _of_compiled(call)) is not call:
        return types.MethodType(f, x)
    if type(call) is types.FunctionType and (f := _of_function(call)) is not call:
        return types.MethodType(f, x)
    if isinstance(call, (staticmethod, classmethod, functools.partialmethod)):
        return stand_in(_bound(call, x))
    return x


def _of_compiled(f: Any) -> Any:
    """What is called in place of a function that Cython has made of Python code."""
    if (found := _found(f)) is not None:
        return found
    home = getattr(f, "__module__", None)
    if _root(home) == _DUALAD:  # an operator of its arrays, called by its name
        return f
    make = CALLERS.get(_root(home))
    return caller(f, lent) if make is None else make(f, _changing(home))


def _of_known_class(x: Any) -> Any:
    """What is called in place of a method in C of an object of one of these classes."""
    kind = type(x.__self__)
    home = home_of_class(kind)
    if home not in sys.modules:
        return x
    LOADERS[_root(home)](home)
    found = FUNCTIONS.get(getattr(kind, x.__name__))
    return x if found is None else functools.partial(found, x.__self__)


def home_of_class(cls: type) -> str:
    """The module that a class is from, also where it is one in C that names none."""
    home: str = cls.__module__
    return _IN_C.get(cls.__name__, home) if home == "builtins" else home


def _found(x: Any) -> Any:
    if not callable(x):  # duals, also in tuples, take note of it if their hash is asked for
        return None
    try:
        found = FUNCTIONS.get(x)
    except TypeError:  # it has no hash
        return None
    return found if found is not None or not has_foreign_stand_in(x) else FUNCTIONS[x]


def has_foreign_stand_in(x: Any) -> bool:
    """Whether a function or class of a package such as SciPy has a stand-in, which is loaded."""
    module = str(getattr(x, "__module__", None))
    load = LOADERS.get(_root(module)) or LOADERS.get(module)
    is_function = isinstance(x, _LOADED) or type(x).__name__ in _COMPILED
    if load is None or not is_function:
        return False
    load(module)
    return x in FUNCTIONS


def _of_function(f: types.FunctionType) -> Any:
    code = code_for(f)
    if code is CALLS:
        home = f.__globals__.get("__name__")
        return _found(f) or CALLERS.get(_root(home), caller)(f, _changing(home))
    if code is STAYS:
        return FUNCTIONS.get(f, f)
    return _twin(f, code)


def _twin(f: types.FunctionType, code: types.CodeType) -> types.FunctionType:
    """f with other code: the same variables, cells, defaults and attributes."""
    new = types.FunctionType(code, f.__globals__, f.__name__, f.__defaults__, f.__closure__)
    new.__kwdefaults__, new.__dict__ = f.__kwdefaults__, f.__dict__
    new.__qualname__, new.__module__, new.__doc__ = f.__qualname__, f.__module__, f.__doc__
    return new


def _of_class(cls: type) -> Any:
    """The class, or what makes its objects by lifted `__new__` and `__init__`."""
    if type(cls).__call__ is not type.__call__:
        call = users_method(type(cls), "__call__")
        return cls if call is None else types.MethodType(stand_in(call), cls)
    if not OPERATORS:
        _meet(cls)
    home = cls.__module__
    if _root(home) in _CALLERS and _is_foreign(home) and not is_opened(home):
        return CALLERS.get(_root(home), caller)(cls, _changing(home))
    makers = (inspected(cls, "__new__"), inspected(cls, "__init__"))
    plain = (getattr(m, "__func__", m) for m in makers)
    if any(type(m) is types.FunctionType and _of_function(m) is not m for m in plain):
        return constructor(cls)
    return cls if cls.__flags__ & HEAP_TYPE or not _is_of_others(home) else caller(cls, lent)


def is_users(cls: type) -> bool:
    """Whether a class is the user's: nothing stands in the place of it or of its objects."""
    is_ours = any(_root(kind.__module__) == _DUALAD for kind in cls.__mro__)
    if is_ours or _is_foreign(cls.__module__) or cls in BY_KIND or _found(cls) is not None:
        return False
    if not OPERATORS:
        _meet(cls)
    return True


def is_of_others(f: Any) -> bool:
    """Whether a function or method in C is of another package, which takes NumPy's arrays only."""
    return _is_of_others(getattr(f, "__module__", None) or type(f.__self__).__module__)


def _is_of_others(home: Any) -> bool:
    return _root(home) == "scipy" or not (_is_foreign(home) or _root(home) == _DUALAD)


def lent(x: Any) -> Any:
    """What code in C is handed in place of x: an array without duals is NumPy's, of its memory."""
    if type(x) is Buffer and not isinstance(x.content, Dual):
        return x.lent()
    if type(x) is tuple and any(type(part) is Buffer for part in x):
        return tuple(map(lent, x))
    return x


def argument(x: Any) -> Any:
    """What is handed to a function that stays, in place of a function x."""
    kind = type(x)
    if issubclass(kind, _GIVEN) or kind in BY_KIND:
        return stand_in(x)
    if kind is types.BuiltinFunctionType:
        return _found(x) or x
    return x


def sent(x: Any) -> Any:
    """What is sent to another process in place of a function x: pickle finds no twin."""
    return Lifted(x) if isinstance(x, _GIVEN) else x


def _changing(module: Any) -> Function:
    return sent if module in _SENDERS else argument


class Caller:
    """A function that stays, and calls functions that it is given: these are lifted."""

    __slots__ = ("callee", "change")

    def __init__(self, callee: Any, change: Function = argument) -> None:
        self.callee, self.change = callee, change

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        change = self.change
        if kwargs:
            kwargs = {name: change(x) for name, x in kwargs.items()}
        return self.callee(*map(change, args), **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.callee, name)


class Constructor:
    """Makes objects of a class, as `type.__call__` does."""

    __slots__ = ("cls",)

    def __init__(self, cls: type) -> None:
        self.cls = cls

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        cls = self.cls
        x = stand_in(cls.__new__)(cls, *args, **kwargs)
        if cls in type(x).__mro__:
            init: Any = type(x).__init__
            if (result := stand_in(init)(x, *args, **kwargs)) is not None:
                raise TypeError(f"__init__() should return None, not {type(result).__name__!r}")
        return x


class CacheMethod:
    """Reads what is asked of a cache, which tells of duals, too."""

    METHODS: ClassVar[dict[str, Function]] = {"cache_info": info_of, "cache_clear": clear}

    def __init__(self, name: str) -> None:
        self.answer, self.otherwise = self.METHODS[name], _any_method(name)

    def __matmul__(self, x: Any) -> Any:
        cached = x.__func__ if type(x) is types.MethodType else x
        if type(cached) is not Cached:
            return self.otherwise @ x
        return functools.partial(self.answer, cached)


def _is_lifted_number(x: Any) -> bool:
    return isinstance(unbuffered(x), Dual)


def source_of(x: Any) -> Any:
    """The Python function of which numba has made x; None for everything else."""
    source = getattr(x, "__wrapped__", None) if _root(type(x).__module__) == "numba" else None
    return source if type(source) is types.FunctionType else None


class Compiled:
    """A function that numba compiles: its source has the derivatives of its values."""

    __slots__ = ("compiled", "source")

    def __init__(self, compiled: Any, source: types.FunctionType) -> None:
        self.compiled, self.source = compiled, source

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not any(_is_lifted_number(x) for x in leaves([args, kwargs])):
            args, kwargs = rebuild(args, _as_memory), rebuild(kwargs, _as_memory)
            return self.compiled(*args, **kwargs)
        numbers, options = rebuild([args, kwargs], _plain_copy)
        y = self.compiled(*numbers, **options)
        before = rebuild([args, kwargs], _plain_copy)
        now, then = list(leaves([numbers, options])), list(leaves(before))
        if len(now) != len(then) or not all(map(_is_same, now, then)):
            raise TypeError(
                f"{self.source.__name__}, which numba has compiled, writes into its arguments, and "
                f"derivatives would be lost; write {self.source.__name__}.__wrapped__, its source."
            )
        f = stand_in(self.source)
        if isinstance(getattr(self.compiled, "nin", None), int):  # element by element
            f = Vectorized(f)
        return self._with_value(y, f(*args, **kwargs))

    def _with_value(self, y: Any, x: Any) -> Any:
        x = unbuffered(x)
        are_alike = (x is None) == (y is None)
        if are_alike and isinstance(x, (list, tuple)):
            parts = [self._with_value(*pair) for pair in zip(y, x, strict=True)]
            return type(x)(parts) if type(x) in (list, tuple) else type(x)(*parts)
        if are_alike and not isinstance(x, Dual):
            return y
        if not are_alike or not np.allclose(plain(x), y, 1e-6, 1e-12, equal_nan=True):
            raise TypeError(
                f"{self.source.__name__} as numba has compiled it gives {y!r}, and its source "
                f"{plain(x)!r}; write {self.source.__name__}.__wrapped__, its source."
            )
        return with_plain(y, x)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.compiled, name)


def _as_memory(x: Any) -> Any:
    return np.asarray(x) if isinstance(x, ArrayProxy) else x


def _plain_copy(x: Any) -> Any:
    x = plain(unbuffered(x))
    return x.copy("K") if isinstance(x, np.ndarray) else x


def _is_same(x: Any, y: Any) -> bool:
    if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
        return x.tobytes() == y.tobytes()
    return x is y or bool(x == y) or bool(x != x and y != y)


# -- attributes, loops, managers -----------------------------------------------------------


class Callee:
    """Callee() @ f is what is called in place of f."""

    def __matmul__(self, f: Any) -> Any:
        return stand_in(f)


class Getter:
    """Reads an attribute; properties of the user's classes are lifted."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __matmul__(self, x: Any) -> Any:
        return read(x, self.name)


class ClassGetter:
    """Reads the class, which is that of the plain number or array."""

    def __matmul__(self, x: Any) -> Any:
        return FUNCTIONS[type](x) if isinstance(x, (Dual, ArrayProxy)) else shown(x).__class__


class Method:
    """Reads what is to be called of an object."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __matmul__(self, x: Any) -> Any:
        return stand_in(read(x, self.name))


class ArrayMethod(Method):
    """Reads a method that, of a plain array, asks no dual among its arguments what to do."""

    def __matmul__(self, x: Any) -> Any:
        if type(x) is DualArray:
            return getattr(x, self.name)
        if type(x) is np.ndarray or isinstance(x, ArrayProxy):
            f = _clipped if self.name == "clip" else FUNCTIONS[getattr(np, self.name)]
            return functools.partial(f, x)
        return super().__matmul__(x)


def _clipped(x: Any, min: Any = None, max: Any = None, out: Any = None, **options: Any) -> Any:
    """x.clip(…), which takes one bound alone, as np.clip does only by its name."""
    return FUNCTIONS[np.clip](x, min, max, out, **options)


class CopyMethod:
    """Reads a method that copies: what it makes of a plain array takes duals."""

    def __init__(self, name: str) -> None:
        self.of_array, self.otherwise = COPYING[name], _any_method(name)

    def __matmul__(self, x: Any) -> Any:
        if type(x) is np.ndarray:
            return functools.partial(self.of_array, x)
        return self.otherwise @ x


class MethodInC:
    """Reads a method of a list, a deque or of text that calls special methods of its arguments."""

    def __init__(self, name: str) -> None:
        kinds = (kind for kind in (list, collections.deque, str) if hasattr(kind, name))
        self.methods = {kind: getattr(kind, name) for kind in kinds}
        self.otherwise = _any_method(name)

    def __matmul__(self, x: Any) -> Any:
        f = self.methods.get(type(x))
        return self.otherwise @ x if f is None else functools.partial(FUNCTIONS.get(f, f), x)


class UfuncMethod:
    """Reads a method of a ufunc, which takes lists as the ufunc itself does."""

    def __init__(self, name: str) -> None:
        self.name, self.otherwise = name, _any_method(name)

    def __matmul__(self, x: Any) -> Any:
        return on_lists(getattr(x, self.name)) if type(x) is np.ufunc else self.otherwise @ x


class FloatMethod(Method):
    """Reads the method of an operator: that of a Python float answers as float's does."""

    def __matmul__(self, x: Any) -> Any:
        if isinstance(x, Dual) and type(plain(x)) is float:
            return functools.partial(FUNCTIONS[getattr(float, self.name)], x)
        return super().__matmul__(x)


class Setter:
    """Writes an attribute: of (value, object)."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __matmul__(self, pair: tuple[Any, Any]) -> None:
        write(pair[1], self.name, pair[0])


class Deleter:
    """Deletes an attribute."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __matmul__(self, x: Any) -> None:
        delete(x, self.name)


class Iterable:
    """What a loop goes through in place of x."""

    def __matmul__(self, x: Any) -> Any:
        return walked(x)


class Special:
    """What has a special method called by Python itself in place of x."""

    def __matmul__(self, x: Any) -> Any:
        return special(x)


def of_text_or(otherwise: Function) -> Function:
    """a % b: in text, duals are formatted as plain numbers, as f-strings do."""

    def of_any(a: Any, b: Any) -> Any:
        if type(a) in (str, bytes, bytearray):
            item = users_method(type(b), "__getitem__") if _is_naming(a) else None
            if item is not None:
                return _of_mapping(a, b, stand_in(item))
            for x in leaves(b):
                if _is_lifted_number(x):
                    text = text_for(unbuffered(x), lambda _: a % rebuild(b, _plain_number))
                    return a % b if text is None else text
            b = rebuild(b, special)
        return otherwise(a, b)

    return LIFTING.Remainder(otherwise, of_any) if LIFTING else of_any


def of_lists_or(symbol: str, otherwise: Function) -> Function:
    """An operator by which a list of duals, beside what is NumPy's, is the array of them.

    NumPy would make an array of objects of it.
    """
    numpys: Any = (np.ndarray, np.inexact)
    if symbol in ("*", "*="):  # by which a list is repeated, and numbers do not do so
        numpys = np.ndarray

    def takes(x: Any) -> bool:
        x = plain(unbuffered(x))
        return isinstance(x, numpys) and x.dtype != object

    def operate(a: Any, b: Any) -> Any:
        if takes(a):
            b = in_array(b)
        elif takes(b):
            a = in_array(a)
        return otherwise(a, b)

    return operate


class ListOperator:
    """Such an operator, of the pair (a, b)."""

    def __init__(self, symbol: str, native: Function, operate: Function) -> None:
        self.operate = operate

    def __matmul__(self, pair: tuple[Any, Any]) -> Any:
        return self.operate(*pair)


class Fresh:
    """What goes into a variable that is written to: a new array takes duals, if nobody holds it."""

    def __init__(self) -> None:
        self.count = self.found = 0
        self @ np.empty(1)
        self.count = self.found  # the references to an array that nobody holds

    def __matmul__(self, x: Any) -> Any:
        if type(x) is not np.ndarray or x.base is not None:
            return x
        self.found = sys.getrefcount(x)
        return buffered(x) if self.found == self.count else x


_NAMING = re.compile(r"(?<!%)(%%)*%\(")  # as "%(a)s"


def _is_naming(text: str | bytes | bytearray) -> bool:
    return isinstance(text, str) and _NAMING.search(text) is not None


def _of_mapping(text: str, mapping: Any, item: Function) -> str:
    """text % mapping, of which the text names items."""
    duals = []

    class Items:
        def __getitem__(self, key: Any) -> Any:
            x = unbuffered(item(mapping, key))
            if not isinstance(x, Dual):
                return special(x)
            duals.append(x)
            return plain(x)

    result: str = text % Items()
    if duals and text_for(duals[0], lambda _: result) is None:
        result = text % mapping
    return result


class Remainder:
    """a % b, or a %= b, of the pair (a, b)."""

    def __init__(self, remainder: Function) -> None:
        self.remainder = remainder

    def __matmul__(self, pair: tuple[Any, Any]) -> Any:
        return self.remainder(*pair)


class Membership:
    """x in parts, or x not in parts, of the pair (x, parts)."""

    def __init__(self, is_in: bool, answer: Function) -> None:
        self.is_in, self.answer = is_in, answer

    def __matmul__(self, pair: tuple[Any, Any]) -> bool:
        return self.answer(*pair) is self.is_in


def is_in(x: Any, parts: Any) -> bool:
    """x in parts: where these are found by their hash, a dual is looked up as its number is."""
    if type(x) in _WITHOUT_DUALS or type(parts) not in _HASHED:
        return x in parts
    duals = [v for v in leaves(x) if _is_lifted_number(v)]
    if not duals:
        return x in parts
    found: bool = answered(operator.contains, rebuild(x, _plain_number) in parts, *duals)
    if found:
        note_equal(*duals)
    return found


def _plain_number(x: Any) -> Any:
    return plain(unbuffered(x))


def readable_special(x: Any) -> Any:
    """An object of whose special methods those of the user's class are lifted; or x itself."""
    make = _kind_of_views(type(x))
    return x if make is None else make(x)


def _kind_of_views(kind: type) -> Any:
    """What makes such objects for a class; None if they are its own."""
    if not kind.__flags__ & HEAP_TYPE:
        return None
    if not any(users_method(kind, name) for name in _CALLED_BY_PYTHON):
        return None
    there = (name for name in _CALLED_BY_PYTHON if hasattr(kind, name))
    own = [name for name in there if getattr(kind, name) is not getattr(object, name, None)]
    return _kind_of_view(kind.__name__, (*own, "__repr__"))


def view_of(x: Any, *methods: str) -> Any:
    """An object with special methods of x, lifted: for Python to call, and to judge what they give.

    In place of a dual float or complex, Python sees the number in it.
    """
    return _kind_of_view(type(x).__name__, methods)(x)


def users_method(kind: type, name: str) -> Any:
    """A special method of the user's class that is to be lifted; None if there is none."""
    f = inspected(kind, name)
    return f if type(f) is types.FunctionType and stand_in(f) is not f else None


@functools.lru_cache(500)
def _kind_of_view(name: str, methods: tuple[str, ...]) -> type:
    def of(method: str) -> Function:
        def call(self: Any, *args: Any) -> Any:
            x = held(self)
            y = compiled_stand_in(_bound(inspected(type(x), method), x))(*args)
            return _plain_number(y) if method in ("__float__", "__complex__") else y

        return call

    def keep(self: Any, x: Any) -> None:
        kind.__dict__["x"].__set__(self, x)

    def held(self: Any) -> Any:
        return kind.__dict__["x"].__get__(self)

    def look(self: Any, name: str) -> Any:  # for text, as in "{0.a}"
        return special(read(held(self), name))

    def item(self: Any, key: Any) -> Any:  # and "{0[a]}"
        return special(stand_in(operator.getitem)(held(self), key))

    own: dict[str, Any] = {m: of(m) for m in methods} | {"__getattribute__": look}
    if "__getitem__" in own:
        own["__getitem__"] = item
    members: dict[str, Any] = {
        "__slots__": ("x",),
        "__module__": __name__,
        "__init__": keep,
    }
    kind = type(name, (), members | own)
    return kind


_TEXTS = ("__str__", "__repr__", "__format__")
# Special methods that Python calls of what lies on the stack, or of an argument.
_CALLED_BY_PYTHON = (
    *("__enter__", "__exit__", "__aenter__", "__aexit__", "__await__", "__aiter__", "__anext__"),
    *(*_TEXTS, "__getitem__", "__float__", "__int__", "__index__"),
)


def readable_walked(x: Any) -> Any:
    """An iterator, if the class of x is the user's and makes one by Python code; or x itself."""
    kind = type(x)
    if kind.__flags__ & HEAP_TYPE:
        if (walk := users_method(kind, "__iter__")) is not None:
            return _steps(iterator_of(stand_in(walk)(x)))
        item = None if hasattr(kind, "__iter__") else users_method(kind, "__getitem__")
        if item is not None:
            return _items(x, stand_in(item))
    return x


def pairs_of(x: Any) -> Any:
    """What a dict is made of in place of x: of the user's mappings, keys and items are asked."""
    if not hasattr(type(x), "keys"):
        return walked(x)
    item = users_method(type(x), "__getitem__")
    if item is None or (isinstance(x, dict) and type(x).__iter__ is dict.__iter__):
        return x
    return {key: stand_in(item)(x, key) for key in walked(stand_in(x.keys)())}


def _items(x: Any, item: Function) -> Iterator[Any]:
    """The items of a class without `__iter__`, which Python counts through."""
    for i in itertools.count():
        try:
            y = item(x, i)
        except (IndexError, StopIteration):
            return
        yield y


def iterator_of(x: Any) -> Any:
    """What `__iter__` has given, which Python takes if it is an iterator."""
    if hasattr(type(x), "__next__"):
        return x
    raise TypeError(f"iter() returned non-iterator of type {type(x).__name__!r}")


def _steps(x: Any) -> Any:
    """An iterator; if it is of a class of the user's, one that calls its lifted methods."""
    step = users_method(type(x), "__next__")
    return x if step is None else Steps(x, stand_in(step))


class Steps:
    """An iterator of a class of the user's, whose methods are lifted."""

    __slots__ = ("_step", "_x")

    def __init__(self, x: Any, step: Function) -> None:
        self._x, self._step = x, step

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return self._step(self._x)

    def __getattr__(self, name: str) -> Any:  # as send and throw, which `yield from` calls
        return stand_in(read(self._x, name))


def read(x: Any, name: str) -> Any:
    """getattr(x, name), with lifted properties and hooks."""
    hook = inspected(type(x), "__getattr__")
    try:
        look = inspected(type(x), "__getattribute__")
        is_native = type(look) is types.WrapperDescriptorType
        return read_plainly(x, name) if is_native else stand_in(_bound(look, x))(name)
    except AttributeError:
        if hook is None:
            raise
    return stand_in(_bound(hook, x))(name)


def _bound(f: Any, x: Any) -> Any:
    """What is called of x where f, whatever it is, stands in its class for a special method."""
    return f.__get__(x, type(x)) if hasattr(type(f), "__get__") else f


def read_plainly(x: Any, name: str) -> Any:
    """object.__getattribute__(x, name), or that of a class written in C, with lifted properties."""
    kind = type(x)
    found = inspected(kind, name)
    get = inspected(type(found), "__get__")
    if type(get) is types.FunctionType and type(found) is not functools.cached_property:
        # a descriptor of the user's
        is_data = inspected(type(found), "__set__") is not None
        if is_data or name not in getattr(x, "__dict__", ()):
            return stand_in(get)(found, x, kind)
    if type(found) is property and type(found.fget) is types.FunctionType:
        return stand_in(found.fget)(x)
    if type(found) is functools.cached_property and name not in vars(x):
        vars(x)[name] = stand_in(found.func)(x)
    if issubclass(kind, type) and found is None:
        found = inspected(x, name)
        if type(get := inspected(type(found), "__get__")) is types.FunctionType:
            return stand_in(get)(found, None, x)
    looks = (vars(k).get("__getattribute__") for k in kind.__mro__)
    native: Any = next(look for look in looks if type(look) is types.WrapperDescriptorType)
    return native(x, name)


def write(x: Any, name: str, value: Any) -> None:
    """setattr(x, name, value), with lifted properties and hooks."""
    hook = users_method(type(x), "__setattr__")
    if hook is not None:
        stand_in(hook)(x, name, value)
    else:
        write_plainly(x, name, value, setattr)


def write_plainly(x: Any, name: str, value: Any, native: Function) -> None:
    found = inspected(type(x), name)
    if type(found) is property and type(found.fset) is types.FunctionType:
        stand_in(found.fset)(x, value)
    elif type(put := inspected(type(found), "__set__")) is types.FunctionType:
        stand_in(put)(found, x, value)
    else:
        native(x, name, value)


def delete(x: Any, name: str) -> None:
    """delattr(x, name), with lifted properties and hooks."""
    hook = users_method(type(x), "__delattr__")
    if hook is not None:
        stand_in(hook)(x, name)
    else:
        delete_plainly(x, name, delattr)


def delete_plainly(x: Any, name: str, native: Function) -> None:
    found = inspected(type(x), name)
    if type(found) is property and type(found.fdel) is types.FunctionType:
        stand_in(found.fdel)(x)
    elif type(remove := inspected(type(found), "__delete__")) is types.FunctionType:
        stand_in(remove)(found, x)
    else:
        native(x, name)


def inspected(cls: type, name: str) -> Any:
    """What stands under a name in a class, or one that it is derived from."""
    for kind in cls.__mro__:
        if name in kind.__dict__:
            return kind.__dict__[name]
    return None


# -- code ----------------------------------------------------------------------------------


class OfCode:
    """What is known of code, kept as long as the code is."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[weakref.ref[types.CodeType], Any]] = {}

    def get(self, code: types.CodeType, default: Any) -> Any:
        found = self._known.get(id(code))
        return default if found is None else found[1]

    def set(self, code: types.CodeType, value: Any) -> None:
        key = id(code)
        self._known[key] = weakref.ref(code, lambda _: self._known.pop(key, None)), value

    def clear(self) -> None:
        self._known.clear()


# Its operators, which are closures, ask what a dual really is, and leave the operation to it.
_ASKING = ("fractions",)
_own_copies = OfCode()


def code_for(f: types.FunctionType) -> Any:
    """The code of a function's twin; or STAYS, or CALLS."""
    known = noted(f.__code__, 0)
    if known != 0:
        return known
    code, name = f.__code__, f.__globals__.get("__name__", "")
    is_made_of_more = bool(code.co_freevars) and name not in _ASKING  # which it may call
    may_call = is_made_of_more and not {_root(name)} & (LOADERS.keys() | CALLERS.keys())
    if name in _SENDERS:
        found: Any = CALLS
    elif not _may_be_copied(code):
        found = STAYS
    elif has_foreign_stand_in(f):  # loaded now, if lifted code meets its package first here
        found = CALLS
    elif (
        may_call
        or not is_left_alone(name, code)
        or _is_inner(f, name)
        or (f not in FUNCTIONS and _FOLLOWED.match(f"{name}.{f.__qualname__}"))
    ):
        return _copied(f, note)
    else:
        found = CALLS if _root(name) in _CALLERS else STAYS
    note(code, found)
    return found


def _copied(f: types.FunctionType, keep: Callable[[types.CodeType, Any], None]) -> Any:
    def is_plain(name: str) -> bool:
        return isinstance(f.__globals__.get(name), types.ModuleType)

    operators = OPERATORS or _ALWAYS
    hooks = Hooks(
        *(callee, ITERABLE, SPECIAL, MANAGER, operators, _OF_LISTS, FRESH),
        *(getter, method, setter, Deleter, is_plain),
    )
    code = rewritten(f.__code__, hooks, lambda new: note(new, STAYS))
    key = id(f.__code__)
    with _LOCK:
        if operators is (OPERATORS or _ALWAYS):
            codes = _copied_codes  # which is gone by its name when Python ends
            codes[key] = weakref.ref(f.__code__, lambda _: codes.pop(key, None))
            keep(f.__code__, code)
            return code
    return _copied(f, keep)  # another thread has brought hooks of operators


_copied_codes: dict[int, weakref.ref[types.CodeType]] = {}


def is_twin(code: types.CodeType) -> bool:
    """Whether this code, of the user's, is that of a twin."""
    return noted(code, 0) is STAYS


def take_operators(hooks: dict[str, Any], functions: dict[Any, Function]) -> None:
    """From now on, copy code with these hooks; all twins are made anew when next called.

    Who sees hooks in OPERATORS finds no copy that lacks them.
    """
    with _LOCK:
        if OPERATORS:
            return
        FUNCTIONS.update(functions)
        for known in list(_copied_codes.values()):
            if (code := known()) is not None:
                note(code, 0)
        _copied_codes.clear()
        _own_copies.clear()
        if LIFTING:
            LIFTING.forget_classes()
        for symbol in _OF_LISTS:
            native = _applied(hooks[symbol])
            _OF_LISTS[symbol] = _made_of_lists("", native, of_lists_or(symbol, native))
        OPERATORS.update(hooks)


def _applied(hook: Any) -> Function:
    return lambda a, b: hook @ (a, b)


def connect(meet: Function) -> None:
    """Call `meet` with each function that a driver calls, and each class that lifted code calls."""
    global _meet
    _meet = meet


def _meet(x: Any) -> None:
    """Nothing, until `operators` is connected."""


def is_left_alone(module: Any, code: types.CodeType | None = None) -> bool:
    """Whether code of a module, or the classes in it, run as they are."""
    if code is not None and not _may_be_copied(code):
        return True
    return _is_foreign(module) and not (code is not None and str(module).startswith(_DUALAD))


def is_opened(module: Any) -> bool:
    """Whether code of a module is lifted when lifted code calls it, though most there stays."""
    return str(module).startswith(_OPENED)


def _is_inner(f: Function, module: str) -> bool:
    """Whether f is such code, and no public function, which has a stand-in."""
    return is_opened(module) and not has_foreign_stand_in(f)


def _may_be_copied(code: types.CodeType) -> bool:
    return not code.co_filename.startswith(_HERE)


def _root(module: Any) -> str:
    return str(module).partition(".")[0]


def _is_foreign(module: Any) -> bool:
    return _root(module) in _FOREIGN


_COMPILED = ("cython_function_or_method", "_Function")  # of Cython and uarray
# Classes in C with methods that have stand-ins, and where they come from.
_IN_C = {"SuperLU": "scipy.sparse.linalg", "Struct": "_struct"}
HEAP_TYPE = 1 << 9  # made by a class statement
_DUALAD = __package__.partition(".")[0]  # as our own doctests
Cached = type(functools.lru_cache(lambda: None))
_GIVEN = (types.FunctionType, types.MethodType, functools.partial)
BY_KIND: dict[type, Callable[[Any], Any]] = {}  # what is called in place of things of these kinds
_LOADED = (types.FunctionType, types.BuiltinFunctionType, type, Cached)
_STAYING = frozenset(
    (
        *(types.BuiltinFunctionType, types.MethodWrapperType, types.WrapperDescriptorType),
        *(types.MethodDescriptorType, types.ClassMethodDescriptorType),
    )
)
_copies = OfCode()
noted: Function = LIFTING.get_note if LIFTING else _copies.get
begin: Function = LIFTING.begin if LIFTING else readable_begin
end: Function = LIFTING.end if LIFTING else readable_end
note: Function = LIFTING.set_note if LIFTING else _copies.set
callee: Function = LIFTING.Callee if LIFTING else Callee
constructor: Callable[[type], Any] = LIFTING.Constructor if LIFTING else Constructor
compiled_stand_in: Function = LIFTING.stand_in_for if LIFTING else stand_in
Memoised.stand_in = compiled_stand_in
walked: Function = LIFTING.walked if LIFTING else readable_walked
special: Function = LIFTING.special if LIFTING else readable_special
ITERABLE: Any = LIFTING.Iterable() if LIFTING else Iterable()
SPECIAL: Any = LIFTING.Special() if LIFTING else Special()
MANAGER: Any = LIFTING.Manager() if LIFTING else SPECIAL
FRESH: Any = LIFTING.Fresh() if LIFTING else Fresh()
_WITHOUT_DUALS = frozenset((str, int, float, bool, bytes, type(None)))
_HASHED = frozenset((dict, set, frozenset, type({}.keys()), collections.OrderedDict))
_HASHED |= {collections.defaultdict, collections.Counter, types.MappingProxyType}


def _remainder(native: Function) -> Any:
    remainder = of_text_or(native)
    return remainder if LIFTING else Remainder(remainder)


_membership: Callable[[bool, Function], Any] = LIFTING.Membership if LIFTING else Membership
# Those that Python's own numbers need, too.
_ALWAYS = {
    **{"%": _remainder(operator.mod), "%=": _remainder(operator.imod)},
    **{"in": _membership(True, is_in), "not in": _membership(False, is_in)},
}
_made_of_lists: Function = LIFTING.ListOperator if LIFTING else ListOperator
_NAMES = ("add", "sub", "mul", "truediv", "floordiv", "pow", "matmul")
_INFIX = dict(zip(("+", "-", "*", "/", "//", "**", "@"), _NAMES, strict=True))
_OF_LISTS = {
    symbol: _made_of_lists(symbol, native, of_lists_or(symbol, native))
    for symbol, native in (
        *((symbol, getattr(operator, name)) for symbol, name in _INFIX.items()),
        *((f"{symbol}=", getattr(operator, f"i{name}")) for symbol, name in _INFIX.items()),
    )
}
OPERATORS: dict[str, Any] = {}  # all of them, once `operators` finds that the user's need it
_LOCK = allocate_lock()  # of what is known of code, while hooks come
_any_getter: Callable[[str], Any] = LIFTING.Getter if LIFTING else Getter
_any_method: Callable[[str], Any] = LIFTING.Method if LIFTING else Method


def getter(name: str) -> Any:
    """The hook that reads an attribute of this name."""
    return ClassGetter() if name == "__class__" else _any_getter(name)


def method(name: str) -> Any:
    """The hook that reads what is to be called of an object by this name."""
    hook: Any = None
    if name in ("dot", "choose", "clip"):
        hook = ArrayMethod(name)
    elif name in COPYING:
        hook = CopyMethod(name)
    elif name in ("sort", "extend", "extendleft", "join", "format"):
        return MethodInC(name)
    elif name in ("reduce", "accumulate", "reduceat", "outer"):
        return UfuncMethod(name)
    elif name in CacheMethod.METHODS:
        return CacheMethod(name)
    elif getattr(float, name, None) in SLOTS:
        hook = FloatMethod(name)
    if hook is None:
        return _any_method(name)
    return LIFTING.Method(name, hook) if LIFTING else hook


setter: Callable[[str], Any] = LIFTING.Setter if LIFTING else Setter
caller: Callable[[Function, Function], Function] = LIFTING.Caller if LIFTING else Caller
_OBJECTS_OWN = ("__getattribute__", "__setattr__", "__delattr__", "__call__")

if LIFTING:
    FUNCTIONS |= {f: LIFTING.OfObject(f, FUNCTIONS[f]) for f in (isinstance, type)}
    LIFTING.connect(
        *(FUNCTIONS, stand_in, code_for, read, write, readable_walked, _kind_of_views, is_users)
    )
    LIFTING.connect_others(is_of_others, lent)
