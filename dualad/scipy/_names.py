"""Every public name of SciPy, and what becomes of it where a dual is among the arguments.

A function is *supported* (by a function of ours, or by running SciPy's own Python code lifted), has
a *plain answer* (an index, a count, a yes or no: that of the plain numbers), or is *refused* by
name, before a dual gets to compiled code. `DECISIONS` says which; what it does not name, and is not
in `__all__` of a module of ours, is refused. The same holds for `dualad.scipy.part.name` and for
SciPy's own function in lifted code, which is found by identity. Without duals, it is SciPy's.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..array.operands import as_operand, unbuffered
from ..array.protocols import ARRAY_FUNCTIONS, is_question, rule_of
from ..array_rules.common import duals_in
from ..dual import Dual
from ..lifting.lift import CALLERS, Caller, begin, constructor, end, is_opened, lent, own_twin
from ..lifting.standins import FUNCTIONS
from ..pair import plain
from ..refusals import LOST, NAMED, refused
from ..structure import leaves, rebuild
from ._branches import may_hold_duals
from ._calling import Places, axes_of, linear_in, one_by_one, public_name
from ._decisions import DECISIONS, UNLISTED, Decisions
from ._errors import OF_CALLS, error_on_values

SUPPORTED, PLAIN, REFUSED = "supported", "plain answer", "refused"

_entered: set[str] = set()


def enter(module: str) -> None:
    """Enter what stands for the functions of a module of SciPy, and of the parts that it is in.

    Parameters
    ----------
    module : str
        Where a function is from that lifted code has met: `scipy.optimize._zeros_py`.
    """
    first = module.split(".")[1] if "." in module else ""
    for home in ("_lib", "_external"):  # the latter from SciPy 1.18 on
        compat = sys.modules.get(f"scipy.{home}.array_api_compat.numpy.linalg")
        if (solve := getattr(compat, "solve", None)) is not None:  # compiled, without a name
            FUNCTIONS[solve] = np.linalg.solve
    for part in DECISIONS:
        if part.partition(".")[0] == first and part not in _entered:
            theirs = sys.modules.get(f"scipy.{part}")
            if theirs is not None:
                _entered.add(part)
                FUNCTIONS.update(getattr(_ours(part), "METHODS", {}))  # of SciPy's objects
                for name in names_in(part):
                    if not hasattr(f := getattr(theirs, name), "rvs"):  # those have methods
                        _stand(f, stand_in_for(part, name))


def _stand(f: Any, ours: Any) -> None:
    """Let ours stand for a function of SciPy's, and for what it is a wrapper of."""
    while ours is not f and f is not None:
        FUNCTIONS.setdefault(f, ours)
        f = getattr(f, "__wrapped__", None)


# -- what there is -------------------------------------------------------------------------


def names_in(part: str) -> list[str]:
    """The names of what can be called in a part of SciPy, but for errors and warnings."""
    theirs = importlib.import_module(f"scipy.{part}")
    found = []
    for name in getattr(theirs, "__all__", ()):
        f = getattr(theirs, name)
        is_error = isinstance(f, type) and issubclass(f, (Exception, Warning))
        if callable(f) and not is_error:
            found.append(name)
    return sorted(found)


@functools.cache
def _ours(part: str) -> Any:
    """The module of ours for a part, if there is one."""
    name = f"{__package__}.{part}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(__package__):
            raise
        return None


def decision(part: str, name: str) -> tuple[str, str]:
    """Whether a name is supported, a plain answer or refused; and why, or what to use instead.

    >>> decision("signal", "argrelmax")
    ('plain answer', '')
    """
    known = DECISIONS[part]
    if name in known.plain:
        return PLAIN, ""
    if name in getattr(_ours(part), "__all__", ()) or name in known.lifted:
        return SUPPORTED, ""
    f = getattr(importlib.import_module(f"scipy.{part}"), name)
    if isinstance(f, np.ufunc) or f in ARRAY_FUNCTIONS:
        return _of_numpy(f)
    return REFUSED, known.instead(name)


def _of_numpy(f: Any) -> tuple[str, str]:
    """The same of a function that asks its arguments, by NumPy's protocols."""
    if not isinstance(f, np.ufunc):
        return SUPPORTED, ""
    if is_question(f):
        return PLAIN, ""
    try:
        rule_of(f)
    except TypeError:
        return REFUSED, "write it in other functions, or give it a rule by dualad.define_rule"
    return SUPPORTED, ""


def decisions() -> Iterator[tuple[str, str, str, str]]:
    """(part, name, decision, reason) of all there are."""
    for part in DECISIONS:
        for name in names_in(part):
            yield (part, name, *decision(part, name))


# -- what stands for it --------------------------------------------------------------------


@functools.cache
def stand_in_for(part: str, name: str) -> Any:
    """What is called in place of a function of SciPy; itself if it takes duals as it is."""
    f = getattr(importlib.import_module(f"scipy.{part}"), name)
    kind, reason = decision(part, name)
    ours = _ours(part)
    if name in getattr(ours, "__all__", ()):
        return Caller(getattr(ours, name))
    if isinstance(f, np.ufunc) or f in ARRAY_FUNCTIONS:
        return f
    if kind == SUPPORTED:
        lifted = lifted_call(f)
        if argument := DECISIONS[part].linear_argument(name):
            straight = linear_in(argument, f, functools.partial(lifted, f))
            return _of_kind(f, lambda _, *args, **kwargs: straight(*args, **kwargs))
        return _of_kind(f, lifted)
    if kind == PLAIN:
        return _of_kind(f, _on_values)
    return _of_kind(f, _refusing(f"scipy.{part}.{name}", reason))


def _of_kind(original: Any, on_duals: Callable[..., Any]) -> Any:
    """The original, and on_duals(it, *arguments) where one of these may have derivatives."""
    if isinstance(original, type):
        return Guarded(original, on_duals)

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not any(map(_may_move, leaves([args, kwargs]))):
            return original(*map(lent, args), **{name: lent(x) for name, x in kwargs.items()})
        try:
            return on_duals(original, *args, **kwargs)
        except OF_CALLS as error:
            if NAMED not in str(error) and (theirs := error_on_values(original, args, kwargs)):
                raise theirs from None
            raise

    return Caller(call)


def _may_move(x: Any) -> bool:
    """Whether an argument is a dual, a function, or an object of SciPy's that may hold duals."""
    x = unbuffered(x)
    if isinstance(x, (Dual, types.FunctionType, types.MethodType)):
        return True
    if type(x) is np.ndarray:
        return bool(x.dtype == object)
    return is_opened(type(x).__module__) or hasattr(x, "held_duals")


def _duals_among(*given: Any) -> list[Any]:
    """The duals among these, also those that sparse arrays hold."""
    return duals_in(*(getattr(x, "held_duals", x) for x in leaves(given)))


def lifted_call(f: Any) -> Callable[..., Any]:
    """SciPy's own Python code, lifted; called with SciPy's function before its arguments."""
    makes = isinstance(f, type)
    inner, axes = f if makes else inspect.unwrap(f), {} if makes else axes_of(f)

    def call(_: Any, *args: Any, **kwargs: Any) -> Any:
        if axes and (given := Places(f).named(args, kwargs)):
            found = one_by_one(f, functools.partial(call, f), axes, given)
            if found is not NotImplemented:
                return found
        begin()
        try:
            y = (constructor(f) if makes else own_twin(inner))(*args, **kwargs)
        finally:
            end()
        return rebuild(y, unbuffered)

    return call


_ROUNDED = ("findfreqs",)  # whose floats are rounded, here to whole decades, and so change by steps


def _on_values(f: Any, *args: Any, **kwargs: Any) -> Any:
    """f of the plain numbers, which answers in whole or rounded numbers, truths and texts.

    Raises
    ------
    TypeError
        If there are other numbers, or objects, in the answer: they depend on the duals.
    """

    def value(x: Any) -> Any:
        if hasattr(x, "held_duals"):
            return x.plain
        return plain(as_operand(x)) if _duals_among(x) else x

    y = f(*rebuild(args, value), **rebuild(kwargs, value))
    is_step = f.__name__ in _ROUNDED or all(map(_is_answer, leaves(y)))
    if not is_step and (duals := _duals_among(args, kwargs)):
        raise refused(
            f"{public_name(f)} gives numbers here that would lose the derivative; write "
            "getattr(x, 'primal', x) "
            "where the plain number is meant, or calculate them from the indices that it gives.",
            *duals,
        )
    return y


def _is_answer(x: Any) -> bool:
    """Whether a part of an answer cannot have a derivative."""
    if isinstance(x, np.ndarray):
        return x.dtype.kind in "biuSUM"
    return x is None or isinstance(x, (bool, int, str, np.bool_, np.integer))


def _refusing(name: str, instead: str) -> Callable[..., Any]:
    def call(f: Any, *args: Any, **kwargs: Any) -> Any:
        if duals := _duals_among(args, kwargs):
            raise refused(f"{name}{NAMED}{instead}.", *duals)
        try:
            return f(*args, **kwargs)
        except Exception as error:
            if _is_about_duals(error, args, kwargs):  # which functions give, that it is given
                raise refused(f"{name}{NAMED}{instead}.") from error
            raise

    return call


class _Unlisted(Caller):
    """A function or method of SciPy's that has no stand-in: it runs as it is, if it can."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = map(lent, args), {name: lent(x) for name, x in kwargs.items()}
        try:
            return super().__call__(*given[0], **given[1])
        except Exception as error:
            held = list(getattr(args[0], "__dict__", {}).values()) if args else []
            if not _is_about_duals(error, args, kwargs, held):
                raise
            if theirs := error_on_values(self.callee, args, kwargs):
                raise theirs from None
            home, name = self.callee.__module__.split("._")[0], self.callee.__qualname__
            if "." in name and args and hasattr(type(args[0]), self.callee.__name__):
                # a method, by the name of the object's class, as far as that is SciPy's
                kinds = (k for k in type(args[0]).__mro__ if k.__module__.startswith("scipy."))
                kind = next(kinds, type(args[0]))
                name = f"{kind.__name__.removesuffix('_gen')}.{self.callee.__name__}"
                name = name.removesuffix(".__call__")
            part = home.removeprefix("scipy.")
            known = (DECISIONS | UNLISTED).get(part, Decisions())
            instead = known.instead(name.partition(".")[0])
            raise refused(f"{home}.{name}{NAMED}{instead}.", *_duals_among(args, kwargs)) from error


CALLERS["scipy"] = _Unlisted


def _is_about_duals(error: Exception, *given: Any) -> bool:
    """Whether code of SciPy's own has not taken a dual, which may be in what it was given."""
    homes = (str(f.f_globals.get("__name__")) for f, _ in traceback.walk_tb(error.__traceback__))
    others = [home for home in homes if not home.startswith(_DUALAD)]
    said, is_foreign = str(error), not others or others[-1].startswith(("scipy.", "numpy."))
    return (is_foreign or LOST in said) and NAMED not in said and may_hold_duals(*given)


_DUALAD = f"{__name__.partition('.')[0]}."


class Guarded:
    """A class of SciPy's, called by way of `on_duals`; everything else is the class's."""

    def __init__(self, cls: type, on_duals: Callable[..., Any]) -> None:
        self.cls, self.on_duals = cls, on_duals
        self.__doc__, self.__name__ = cls.__doc__, cls.__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any(map(_may_move, leaves([args, kwargs]))):
            return self.on_duals(self.cls, *args, **kwargs)
        return self.cls(*map(lent, args), **{name: lent(x) for name, x in kwargs.items()})

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cls, name)

    def __instancecheck__(self, x: Any) -> bool:
        return isinstance(x, self.cls)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (self.cls,)


def of_arrays(cls: type) -> Guarded:
    """A class of SciPy's, which is given arrays of duals for nested lists of them."""

    def array(x: Any) -> Any:
        return as_operand(x) if isinstance(x, (list, tuple)) else x

    def make(cls: Any, *args: Any, **kwargs: Any) -> Any:
        return cls(*map(array, args), **{name: array(x) for name, x in kwargs.items()})

    return Guarded(cls, make)


# -- the modules of dualad.scipy -----------------------------------------------------------


def names_of(module: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a module of ours: SciPy's names beside its own."""
    part = module.removeprefix(f"{__package__}.")
    theirs = importlib.import_module(f"scipy.{part}")

    def get(name: str) -> Any:
        if name.startswith("__") or not hasattr(theirs, name):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        if f"{part}.{name}" in DECISIONS:
            return module_of(f"{part}.{name}")
        if name in getattr(sys.modules[module], "__all__", ()) or name not in names_in(part):
            return getattr(theirs, name)
        found = stand_in_for(part, name)
        return found.callee if isinstance(found, Caller) else found

    def names() -> list[str]:
        ours = sys.modules[module]
        return sorted({*getattr(ours, "__all__", ()), *getattr(theirs, "__all__", ())})

    return get, names


def module_of(part: str) -> Any:
    """The module of ours for a part, or one that is made for its names."""
    ours = _ours(part)
    if ours is None:
        ours = types.ModuleType(f"{__package__}.{part}", f"scipy.{part} for duals.")
        sys.modules[ours.__name__] = ours
        get, names = names_of(ours.__name__)
        vars(ours).update(__getattr__=get, __dir__=names)
    return ours
