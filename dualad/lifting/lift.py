"""lift: run a function with dual-aware `math`, `cmath` and makers of arrays in place of them.

Nothing is patched. A lifted function is the same code with another mapping of global names:

    name → lifted(the module's own dict[name])

where `lifted` leaves numbers and data alone, gives stand-ins for the three modules and for
functions of theirs (`from math import exp`), and lifts Python functions, methods and classes in
turn, whenever a name is looked up. So everything that lifted code calls by name is lifted too,
globals stay live, and code that runs elsewhere, in other threads too, sees nothing.
(Python looks names up through `__getitem__` of such a mapping because it is not exactly a dict.)
"""

from __future__ import annotations

import abc
import builtins
import functools
import os
import sys
import types
from typing import Any

from ..array.operands import ArrayProxy, unbuffered
from ..pair import Function
from ..structure import leaves, rebuild
from .standins import FUNCTIONS, MODULES, StandIn

# Code that is left as it is: the standard library, and packages that know what they do.
_FOREIGN = frozenset(sys.stdlib_module_names) | {
    __package__,
    *("numpy", "scipy", "mpmath", "pandas", "sympy", "matplotlib", "numba", "jax", "torch"),
    *("autograd", "pytest", "_pytest", "hypothesis", "IPython", "ipykernel"),
}

_HERE = os.path.dirname(os.path.dirname(__file__)) + os.sep


def lift(f: Function) -> Function:
    """A function in which `math`, `cmath` and preallocated arrays work with duals.

    The function, and the Python functions, methods and classes that it uses by name, run with
    `math`, `cmath`, and NumPy's makers of arrays (`zeros`, `empty`, `ones`, `full`, `eye`, `array`,
    `asarray`, …) standing for their dual-aware versions: an array of floats becomes dual when a
    dual is stored in it. With plain numbers the result is what the function itself gives.

    Parameters
    ----------
    f : callable
        A Python function, method, class, `functools.partial`, or object with `__call__`. May be
        a generator function, recursive, or nested; module globals are read as they are now.

    Returns
    -------
    callable
        Called as f is called. Also a decorator, and `lift=True` on every driver.

    Raises
    ------
    TypeError
        If f is not callable; and when called, where lift does not reach (see Notes).

    Notes
    -----
    Nothing is patched: other code and other threads see the modules as they are.

    What lift does not reach runs as it is, and raises TypeError where it would lose a derivative:

    - compiled code, and Python code of the standard library, NumPy and SciPy;
    - `float(x)` and `complex(x)` of a dual (`int(x)` and `round(x)` are steps, and give plain
      numbers); numbers stored in arrays of integers are cut, as they are without duals;
    - functions that are not found by name or as attributes of modules and objects, but in lists and
      dicts that were made outside of f; classes with a metaclass, with `__slots__`, or derived from
      built-in types; `eval` and `exec` (they raise NameError);
    - generators that write to global variables. Other functions may: what they write is in the
      module when the next global name is read, or f returns.

    Inside of lifted code an array is not an `np.ndarray` for `isinstance`; a class that is lifted
    passes for itself in `isinstance`, but `type(x) is C` may say no to objects made elsewhere.

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

    spare: list[_Lift] = []  # one for each call that runs at the same time

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            lifted = spare.pop()
        except IndexError:
            lifted = _Lift()
        try:
            y = lifted(f)(*map(lifted, args), **{name: lifted(x) for name, x in kwargs.items()})
        finally:
            lifted.finish()
            spare.append(lifted)
        held = any(isinstance(x, ArrayProxy) for x in leaves(y))
        return rebuild(y, unbuffered) if held else y

    wrapper.__dict__["_lifts"] = f
    return wrapper


class _Lift:
    """What a value is in one call of a lifted function."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, Any]] = {}  # by identity; the value is kept alive
        self.data = set(_DATA)  # types of values that stay as they are
        self.globals: dict[int, _Globals] = {}
        self.builtins = {
            **vars(builtins),
            "super": self._super,
            "globals": lambda: _real(sys._getframe(1).f_globals),
            "__import__": self._import,
            "__build_class__": _build_class,
        }

    def __call__(self, x: Any) -> Any:
        if type(x) in self.data:
            return x
        if id(x) in self.known:
            return self.known[id(x)][1]
        lifted = self._lifted(x)
        if lifted is not x and not isinstance(x, types.MethodType):  # these are made anew each time
            self.known[id(x)] = x, lifted
        return lifted

    def finish(self) -> None:
        """Let the modules have what was written to their variables, and forget what was lifted."""
        for mapping in self.globals.values():
            mapping.write()
        self.known.clear()

    def _lifted(self, x: Any) -> Any:
        if isinstance(x, types.ModuleType):
            return self._module(x)
        if isinstance(x, _FUNCTIONS) and x in FUNCTIONS:
            return FUNCTIONS[x]
        if isinstance(x, types.FunctionType):
            return self(x.__dict__["_lifts"]) if "_lifts" in x.__dict__ else self._function(x)
        if isinstance(x, types.MethodType):
            return types.MethodType(self(x.__func__), self(x.__self__))
        if type(x) is functools.partial:
            given = {name: self(v) for name, v in x.keywords.items()}
            return functools.partial(self(x.func), *map(self, x.args), **given)
        if isinstance(x, type):
            return self._class(x)
        return self._object(x)

    # modules

    def _module(self, module: types.ModuleType) -> Any:
        if isinstance(module, StandIn):
            return module
        if module.__name__ in MODULES:
            return MODULES[module.__name__]
        return module if _is_foreign(module.__name__) else _Module(module, self)

    def _import(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self(builtins.__import__(name, *args, **kwargs))

    # functions

    def _function(self, f: types.FunctionType) -> Any:
        if type(f.__globals__) is _Globals:
            return f
        if f.__code__.co_filename.startswith(_HERE):
            return f
        mapping: Any = f.__globals__
        name = mapping.get("__name__", "")
        if not _is_foreign(name) or name.startswith(__package__):  # as our own doctests
            mapping = self._globals(mapping)
        elif not f.__closure__:
            return f
        code, writes = _copied(f.__code__)
        cells = list(f.__closure__ or ())
        filled: list[types.CellType] = []
        contents = []  # put in below: a function may find itself in its closure
        for i, (name, cell) in enumerate(zip(code.co_freevars, cells, strict=True)):
            if (
                name not in writes | {"__class__"}
                and _is_full(cell)
                and type(cell.cell_contents) not in _DATA
            ):
                contents.append(cell.cell_contents)
                cells[i] = types.CellType()
                filled.append(cells[i])
        new = types.FunctionType(code, mapping, f.__name__, None, tuple(cells))
        self.known[id(f)] = f, new
        for cell, content in zip(filled, contents, strict=True):
            cell.cell_contents = self(content)
        if f.__defaults__ is not None:
            new.__defaults__ = tuple(map(self, f.__defaults__))
        if f.__kwdefaults__ is not None:
            new.__kwdefaults__ = {name: self(x) for name, x in f.__kwdefaults__.items()}
        new.__dict__ = f.__dict__
        new.__qualname__, new.__module__, new.__doc__ = f.__qualname__, f.__module__, f.__doc__
        return new

    def _globals(self, real: dict[str, Any]) -> _Globals:
        if id(real) not in self.globals:
            self.globals[id(real)] = _Globals(real, self)
        return self.globals[id(real)]

    # objects

    def _class(self, cls: type) -> type:
        """A subclass that gives lifted methods, and passes for the class."""
        if not _is_liftable(cls):
            return cls
        lifted = self

        def getattribute(obj: Any, name: str) -> Any:
            if name == "__class__":
                return cls
            if _is_special(name):
                return object.__getattribute__(obj, name)
            found = inspected(name)
            if isinstance(found, property) and found.fget is not None:
                return lifted(found.fget)(obj)
            if isinstance(found, functools.cached_property) and name not in vars(obj):
                vars(obj)[name] = lifted(found.func)(obj)
            return lifted(object.__getattribute__(obj, name))

        def setattribute(obj: Any, name: str, value: Any) -> None:
            found = inspected(name)
            if isinstance(found, property) and found.fset is not None:
                lifted(found.fset)(obj, value)
            else:
                object.__setattr__(obj, name, value)

        def inspected(name: str) -> Any:
            """What stands under a name in the class, or one that it is derived from."""
            return next((vars(kind)[name] for kind in cls.__mro__ if name in vars(kind)), None)

        def class_attribute(kind: Any, name: str) -> Any:
            own = _is_special(name) or name.startswith("_abc_")
            return type.__getattribute__(kind, name) if own else lifted(getattr(cls, name))

        def set_class_attribute(kind: Any, name: str, value: Any) -> None:
            own = _is_special(name) or name.startswith("_abc_")
            type.__setattr__(kind, name, value) if own else setattr(cls, name, value)

        meta = type(
            type(cls).__name__,
            (_LiftedType, type(cls)),
            {
                "__instancecheck__": lambda _, x: isinstance(x, cls),
                "__subclasscheck__": lambda _, kind: issubclass(kind, cls),
                "__getattribute__": class_attribute,
                "__setattr__": set_class_attribute,
            },
        )
        names: dict[str, Any] = {"__slots__": ()}
        names |= {name: vars(cls)[name] for name in ("__doc__", "__module__") if name in vars(cls)}
        new: type = meta(cls.__name__, (cls,), names | {"__qualname__": cls.__qualname__})
        self.known[id(cls)] = cls, new
        type.__setattr__(new, "__setattr__", setattribute)
        for kind in reversed(cls.__mro__[:-1]):
            for name, method in vars(kind).items():
                if _is_special(name) and name not in ("__del__", "__class__"):
                    if isinstance(method, types.FunctionType):
                        type.__setattr__(new, name, self(method))
                    elif isinstance(method, staticmethod):
                        type.__setattr__(new, name, staticmethod(self(method.__func__)))
        type.__setattr__(new, "__getattribute__", getattribute)
        return new

    def _object(self, x: Any) -> Any:
        """An object with lifted methods and the same attributes."""
        kind = type(x)
        if isinstance(kind, _LiftedType):
            return x
        if not _is_liftable(kind) or any(vars(k).get("__slots__") for k in kind.__mro__):
            if not isinstance(x, _FUNCTIONS):
                self.data.add(kind)
            return x
        view = object.__new__(self(kind))
        object.__setattr__(view, "__dict__", x.__dict__)
        return view

    def _super(self, *args: Any) -> Any:
        if not args:
            frame = sys._getframe(1)
            names = frame.f_locals
            args = names["__class__"], names[frame.f_code.co_varnames[0]]
        return _Super(super(*args), self)


class _Globals(dict[str, Any]):
    """A module's variables as lifted code sees them."""

    def __init__(self, real: dict[str, Any], lifted: _Lift) -> None:
        super().__init__({name: real[name] for name in _OF_IMPORT if name in real})
        self["__builtins__"] = lifted.builtins
        self.real, self.lifted, self.size = real, lifted, len(self)

    def __getitem__(self, name: str) -> Any:
        if len(self) != self.size:
            self.write()
        if name in self.real:
            return self.lifted(self.real[name])
        return self.lifted.builtins[name]

    def write(self) -> None:
        """Python stores past the mapping's methods, in the dict itself: pass it on."""
        for name in [*self][self.size :]:
            self.real[name] = self.pop(name)


def _build_class(body: Any, *args: Any, **kwargs: Any) -> Any:
    """The body of a class statement reads names from the dict itself: have them there meanwhile."""
    mapping = body.__globals__
    if type(mapping) is not _Globals:
        return builtins.__build_class__(body, *args, **kwargs)
    mapping.write()
    names = {
        n: mapping[n] for n in body.__code__.co_names if n in mapping.real and n not in mapping
    }
    mapping.update(names)
    mapping.size += len(names)
    try:
        return builtins.__build_class__(body, *args, **kwargs)
    finally:
        for name in names:
            del mapping[name]
        mapping.size -= len(names)


_OF_IMPORT = ("__name__", "__package__", "__spec__", "__path__", "__loader__")  # relative imports


class _Module(types.ModuleType):
    """A user's module; what is taken from it is lifted."""

    def __init__(self, module: types.ModuleType, lifted: _Lift) -> None:
        super().__init__(module.__name__, module.__doc__)
        self.__dict__.update(_module=module, _lifted=lifted)

    def __getattr__(self, name: str) -> Any:
        return self._lifted(getattr(self._module, name))

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._module, name, value)


class _Super:
    """super(), with lifted methods."""

    def __init__(self, base: Any, lifted: _Lift) -> None:
        self.__base, self.__lifted = base, lifted

    def __getattr__(self, name: str) -> Any:
        return self.__lifted(getattr(self.__base, name))

    def __getattribute__(self, name: str) -> Any:
        if _is_special(name):  # as in super().__init__()
            lifted = object.__getattribute__(self, "_Super__lifted")
            return lifted(getattr(object.__getattribute__(self, "_Super__base"), name))
        return object.__getattribute__(self, name)


class _LiftedType(type):
    """The mark of lifted classes."""


_FUNCTIONS = tuple({type(f) for f in FUNCTIONS})
_DATA = frozenset(
    (*(bool, int, float, complex, str, bytes, type(None)), *(list, tuple, dict, set, range, slice))
)


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _is_foreign(module: str) -> bool:
    return module.partition(".")[0] in _FOREIGN


def _is_liftable(cls: type) -> bool:
    """Whether this is a class of the user's whose objects hold nothing but attributes."""
    kinds = [kind for kind in cls.__mro__ if kind not in (object, abc.ABC)]
    return (
        type(cls) in (type, abc.ABCMeta)
        and bool(kinds)
        and all(kind.__flags__ & _HEAP_TYPE and not _is_foreign(kind.__module__) for kind in kinds)
        and isinstance(cls.__init_subclass__, types.BuiltinMethodType)
        and not any("__getattribute__" in vars(kind) for kind in kinds)
    )


_HEAP_TYPE = 1 << 9  # made by a class statement


def _real(mapping: dict[str, Any]) -> dict[str, Any]:
    return mapping.real if isinstance(mapping, _Globals) else mapping


def _is_full(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


@functools.lru_cache(1024)
def _copied(code: types.CodeType) -> tuple[types.CodeType, frozenset[str]]:
    """Code of its own, for Python keeps notes in it; and the enclosing variables it writes to."""
    import dis

    written = set()
    inner = [code]
    while inner:
        part = inner.pop()
        inner += [c for c in part.co_consts if isinstance(c, types.CodeType)]
        for step in dis.get_instructions(part):
            if step.opname in ("STORE_DEREF", "DELETE_DEREF"):
                written.add(str(step.argval))
            elif step.opname == "STORE_GLOBAL" and part.co_flags & _GENERATOR:
                raise TypeError(
                    f"lift cannot run {part.co_name}, a generator that writes to the global "
                    f"variable {step.argval!r}; write to an attribute or a list instead."
                )
    return code.replace(), frozenset(written)


_GENERATOR = 0x20 | 0x80 | 0x200  # generators and coroutines, by inspect's flags
