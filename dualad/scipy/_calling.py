"""Functions of SciPy for duals: called just as SciPy's are, with SciPy's values.

The values, and all errors and warnings of the numerics, are those of SciPy's own function on the
plain numbers; so are the signature and the places of arguments.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from scipy import LowLevelCallable

from ..array.operands import ArrayProxy, as_operand, unbuffered
from ..array.undefined import VALUES, NonDifferentiableError, Undefined, known, undefined
from ..array_rules.common import duals_in, has_duals, into
from ..dual import Dual
from ..looks import is_plain
from ..numerics import quiet
from ..pair import moved, own, plain, shape_of
from ..refusals import refused
from ..series import SeriesLevel
from ..structure import rebuild
from ._errors import OF_CALLS, error_on_values, read_otherwise
from ._parts import Plain, stripped, with_value
from ._solving import without_derivative

Function = Callable[..., Any]
Enter = Callable[[Function], Function]


# -- places and names ----------------------------------------------------------------------


class Places:
    """Which argument of a function of SciPy's is in which place.

    Raises
    ------
    ValueError
        If the function is compiled, and does not say.
    """

    def __init__(self, original: Function) -> None:
        self.original = original
        self.signature = inspect.signature(original)
        kinds = {name: p.kind for name, p in self.signature.parameters.items()}
        self.only = [n for n, kind in kinds.items() if kind == inspect.Parameter.POSITIONAL_ONLY]
        self.names = [
            *self.only,
            *(n for n, kind in kinds.items() if kind == inspect.Parameter.POSITIONAL_OR_KEYWORD),
        ]
        self.may_overwrite = any(n.startswith("overwrite_") for n in kinds)
        self.output = next((n for n in ("output", "out") if n in kinds), "")
        variadic = inspect.Parameter.VAR_POSITIONAL
        self.all_others = next((n for n, kind in kinds.items() if kind == variadic), "")

    def named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
        """The arguments that are given, by name; None where SciPy's function would raise.

        Nor is there any leave to overwrite, where there are duals.
        """
        names = self.names
        given = dict(zip(names, args, strict=False))
        if self.all_others:
            given[self.all_others] = args[len(names) :]
        elif len(args) > len(names):
            return None
        if not given.keys().isdisjoint(kwargs):
            return None
        given |= kwargs
        if self.may_overwrite and has_duals(given):
            given = {n: x for n, x in given.items() if not n.startswith("overwrite_")}
        return given

    def call(self, given: dict[str, Any]) -> Any:
        """SciPy's function of named arguments."""
        if self.all_others:
            in_places = [*self.names, self.all_others]
            first = [*(given[n] for n in self.names if n in given), *given[self.all_others]]
        else:
            in_places, first = self.only, [given[n] for n in self.only if n in given]
        return self.original(*first, **{n: x for n, x in given.items() if n not in in_places})


def public_name(original: Function) -> str:
    """What a function of SciPy's is called by its users: scipy.fft.fft."""
    return f"{(original.__module__ or 'scipy').split('._')[0]}.{original.__name__}"


def _dressed(inner: Function, f: Function, places: Places) -> Function:
    """Inner, which looks like SciPy's function, says what f does, and has SciPy's errors."""
    original = places.original  # by this name refusals find it in the frame of the call

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return inner(*args, **kwargs)
        except OF_CALLS:
            if theirs := error_on_values(original, args, kwargs):
                raise theirs from None
            duals = duals_in(args, kwargs)
            if duals and not any(map(np.size, duals)):  # which have nothing to differentiate
                return original(*stripped(args), **stripped(kwargs))
            for other in read_otherwise(original, args, kwargs):
                with suppress(*OF_CALLS):
                    return inner(*other[0], **other[1])
            raise

    vars(call).update(__wrapped__=f, __signature__=places.signature)
    call.__name__ = call.__qualname__ = original.__name__
    call.__module__ = f.__module__
    call.__doc__ = f.__doc__ or f"`{public_name(original)}` for duals."
    return call


def called_as(original: Function) -> Enter:
    """Enter a function as one of SciPy's, which names arguments as SciPy does: in SciPy's places.

    What is not given does not reach it, so that SciPy's defaults stay its own; nor does leave to
    overwrite what there is a dual beside. A function that is compiled and does not say where its
    arguments are, or takes any number of them, must be written with SciPy's places.
    """

    def enter(f: Function) -> Function:
        try:
            places = Places(original)
        except ValueError:
            return f
        if places.all_others:
            return f
        axes = axes_of(original)

        def call(*args: Any, **kwargs: Any) -> Any:
            given = places.named(args, kwargs)
            if given is None or is_of_compiled(original, given):
                return original(*args, **kwargs)
            try:
                if axes and has_duals(given):
                    found = one_by_one(original, f, axes, given)
                    if found is not NotImplemented:
                        return found
                return f(**given)
            except NonDifferentiableError as error:
                if not VALUES.before:
                    raise
                return _value_alone(places, given, error)

        return _dressed(call, f, places)

    return enter


def _value_alone(places: Places, given: dict[str, Any], error: Exception) -> Any:
    """What SciPy gives for the plain numbers, where another solver asks for no more."""
    seen: dict[Any, Any] = {}

    def noted(x: Any) -> Any:
        seen.update((d.level, d) for d in duals_in(x))
        return stripped(x)

    def number_or_function(x: Any) -> Any:
        if not callable(x) or isinstance(x, type):
            return noted(x)
        return functools.update_wrapper(lambda *args, **options: noted(x(*args, **options)), x)

    result = places.call(rebuild(given, number_or_function))
    return without_derivative(result, seen, str(error))


def is_of_compiled(original: Function, given: dict[str, Any]) -> bool:
    """Whether a function among the arguments is compiled for SciPy alone; all is plain then.

    Raises
    ------
    TypeError
        If there are duals, which it could not be given.
    """
    if not any(isinstance(x, LowLevelCallable) for x in given.values()):
        return False
    if duals := duals_in(given):
        raise refused(
            f"{public_name(original)} cannot take duals beside a LowLevelCallable, whose compiled "
            "code knows plain numbers only; give it the function in Python.",
            *duals,
        )
    return True


def take_places(ours: dict[str, Any], theirs: Any) -> None:
    """Enter so all public functions of a module of ours that are named as SciPy's.

    Parameters
    ----------
    ours : dict
        The names of the module, which become those of the functions so entered.
    theirs : module
        SciPy's.
    """
    for name, f in list(ours.items()):
        is_own = inspect.isfunction(f) and f.__module__.startswith(f"{__package__}.")
        if is_own and not name.startswith("_") and hasattr(theirs, name):
            ours[name] = called_as(getattr(theirs, name))(f)


# -- stacks of problems ----------------------------------------------------------------------

# How many axes of an argument are those of one problem, where SciPy takes stacks of them; "1|2":
# one of a vector, or else two. Other functions say so in their decorator, and of these some do in
# an older SciPy.
Axes = dict[str, Any]
_AXES: dict[str, Axes] = {
    **{name: {"a": 2} for name in ("cho_factor", "lu", "pinv", "qr")},
    **{name: {"a": 2, "b": 2} for name in ("eig", "eigvals")},
    "cho_solve": {"c_and_lower": (2, 0), "b": "1|2"},
    "cho_solve_banded": {"cb_and_lower": (2, 0), "b": "1|2"},
    "lstsq": {"a": 2, "b": "1|2"},
    "lu_solve": {"lu_and_piv": (2, 1), "b": "1|2"},
    "solve_banded": {"ab": 2, "b": "1|2"},
    "solve_continuous_are": dict.fromkeys("abqrs", 2),
    "solve_discrete_are": dict.fromkeys("abqrs", 2),
    "solve_toeplitz": {"c_or_cr": (1, 1), "b": "1|2"},
    "sqrtm": {"A": 2},
    "matmul_toeplitz": {"c_or_cr": (1, 1), "x": "1|2"},
}


# Functions whose formulas are those of stacks: one by one, these would take many times as long.
_AT_ONCE = ("cholesky", "eigvalsh", "solve_triangular", "svd", "svdvals")


def axes_of(original: Function) -> Axes:
    """The axes of one problem, by the argument; nothing where stacks are not taken one by one."""
    name = original.__name__
    if not str(original.__module__).startswith("scipy.linalg") or name in _AT_ONCE:
        return {}
    names = getattr(getattr(original, "__code__", None), "co_freevars", ())
    if "ndims" not in names:
        return _AXES.get(name, {})
    ndims = (original.__closure__ or ())[names.index("ndims")].cell_contents
    return dict(zip(inspect.signature(original).parameters, ndims, strict=False))


def one_by_one(original: Function, f: Function, axes: Axes, given: dict[str, Any]) -> Any:
    """f of each problem in a stack of them, as SciPy has it; NotImplemented for one problem.

    Of none there is nothing to differentiate.
    """
    arrays: dict[tuple[str, int | None], tuple[Any, int]] = {}

    def take(name: str, i: int | None, x: Any, n: Any) -> None:
        x = as_operand(x)
        arrays[name, i] = x, min(2, max(1, np.ndim(x))) if n == "1|2" else n

    for name, inner in axes.items():
        x = given.get(name)
        if isinstance(inner, tuple) and isinstance(x, tuple):
            for place, (part, n) in enumerate(zip(x, inner, strict=False)):
                take(name, place, part, n)
        elif x is not None:
            take(name, None, x, inner[0] if isinstance(inner, tuple) else inner)
    fronts = [np.shape(x)[: np.ndim(x) - n] for x, n in arrays.values()]
    front = np.broadcast_shapes(*fronts)
    if not front:
        return NotImplemented
    if 0 in front:
        return original(**stripped(given))
    rows = {}
    for key, (x, n) in arrays.items():
        inner = np.shape(x)[np.ndim(x) - n :]
        rows[key] = np.reshape(np.broadcast_to(x, (*front, *inner)), (math.prod(front), *inner))
    found = []
    for k in range(math.prod(front)):
        one = dict(given)
        for (name, i), row in rows.items():
            one[name] = row[k] if i is None else (*one[name][:i], row[k], *one[name][i + 1 :])
        found.append(f(**one))

    def stacked(parts: Any) -> Any:
        y = np.stack([as_operand(part) for part in parts])
        return np.reshape(y, (*front, *np.shape(y)[1:]))

    if isinstance(found[0], tuple):
        return tuple(map(stacked, zip(*found, strict=True)))
    return stacked(found)


# -- SciPy's values, and the tangents of what is composed -------------------------------------


def composed(original: Function, *, plain_only: str = "", calls: str = "") -> Enter:
    """Enter a function as what one of SciPy's gives for duals, in functions that know them.

    It is called as f(value, **arguments), where value is what SciPy gives for the plain numbers,
    and only the arguments that were given, duals as they are. It gives the same structure within
    rounding; a part that is not a dual, such as None, has no tangent.

    Parameters
    ----------
    original : callable
        The function of SciPy. If it takes an argument `output`, f does not: what is given for it is
        written to.
    plain_only : str
        The names of arguments that take no duals.
    calls : str
        The name of an argument that is a function, which may give duals where it is given none.

    Raises
    ------
    TypeError
        When called: if an argument that takes no duals has some, or the result is of integers.
    """
    places, axes = Places(original), axes_of(original)

    def enter(f: Function) -> Function:
        def call(*args: Any, **kwargs: Any) -> Any:
            if not calls and not has_duals(args, kwargs):
                return original(*args, **kwargs)
            given = places.named(args, kwargs)
            if given is None or is_of_compiled(original, given):
                return original(*args, **kwargs)
            if axes and (found := one_by_one(original, call, axes, given)) is not NotImplemented:
                return found
            inner = None if given.get(calls) is None else Plain(given[calls])
            output = given.pop(places.output, None)
            _refuse_duals_in(plain_only, given, original)
            value = places.call(_plainly(given, places.output, output, calls, inner))
            if inner is not None and not inner.found and not has_duals(given):
                return value
            with quiet():
                y = f(value, **rebuild(given, _data))
            return _written(paired(y, value), output, original)

        return _dressed(call, f, places)

    return enter


def bridged(
    original: Function, f: Function, *, plain_only: str = "", calls: str = "", linear: str = ""
) -> Function:
    """`composed`, of an f that needs no value: it takes the arguments of the original.

    `linear` names arguments in each of which the original is linear; see `linear_in`.
    """
    call = composed(original, plain_only=plain_only, calls=calls)(
        functools.update_wrapper(lambda _value, **given: f(**given), f)
    )
    return linear_in(linear, original, call) if linear else call


def of_matrices(original: Function) -> Enter:
    """`composed`, of functions of matrices, which may be lists of numbers."""
    parameters = inspect.signature(original).parameters.items()
    matrices = {"b", *(n for n, p in parameters if p.default is inspect.Parameter.empty)}

    def enter(f: Function) -> Function:
        def on_arrays(value: Any, **given: Any) -> Any:
            lists = {
                n: x
                for n, x in given.items()
                if isinstance(x, list) and (n in matrices or has_duals(x))
            }
            return f(value, **given | {n: own(as_operand(x)) for n, x in lists.items()})

        return composed(original)(functools.update_wrapper(on_arrays, f))

    return enter


_CONSTANTS = frozenset(("cval", "fillvalue"))  # what stands outside of the data, and adds to it


def linear_in(names: str, original: Function, otherwise: Function) -> Function:
    """A function of SciPy's, whose tangents are what it gives for tangents, where that is so.

    Parameters
    ----------
    names : str
        The arguments in each of which it is linear, the data first.
    original : callable
        Of plain numbers.
    otherwise : callable
        The same for duals of all kinds, which is called where another argument has duals too, where
        tangents are not arrays of floats, and where an infinite number is multiplied by zero.
    """
    places, candidates = Places(original), names.split()

    def call(*args: Any, **kwargs: Any) -> Any:
        given = places.named(args, kwargs) or {}
        given = {n: unbuffered(x) for n, x in given.items()}
        moving = [n for n, x in given.items() if has_duals(x)]
        if len(moving) == 1 and moving[0] in candidates and given.get(places.output) is None:
            (name,) = moving
            x = given[name]
            if _is_of_floats(x):
                still = dict(given)
                if name == candidates[0]:
                    still |= dict.fromkeys(_CONSTANTS & given.keys(), 0.0)
                rows = x.tangent if x.tangent.ndim > x.ndim else x.tangent[None]
                with quiet():
                    found = [places.call(still | {name: row}) for row in rows]
                if all(type(y) is np.ndarray and np.isfinite(y).all() for y in found) and found:
                    value = places.call(given | {name: x.primal})
                    tangent = found[0] if rows is not x.tangent else np.stack(found)
                    return moved(value, tangent, x.level)
        return otherwise(*args, **kwargs)

    return functools.update_wrapper(call, otherwise)


def _is_of_floats(x: Any) -> bool:
    """Whether x is an array of floats, and its tangents are more of them, or a series is."""
    return type(getattr(x, "level", None)) in (int, SeriesLevel) and all(
        type(v) is np.ndarray and v.ndim > 0 and v.dtype.kind == "f" for v in (x.primal, x.tangent)
    )


def _refuse_duals_in(names: str, given: dict[str, Any], original: Function) -> None:
    for name in names.split():
        if duals := duals_in(given.get(name)):
            raise refused(
                f"{public_name(original)} cannot take a dual {name}; give "
                f"getattr({name}, 'primal', {name}), without "
                "derivatives.",
                *duals,
            )


def _plainly(given: dict[str, Any], name: str, output: Any, calls: str, inner: Any) -> Any:
    """The arguments of the plain run."""
    numbers = rebuild(given, lambda x: plain(as_operand(x)) if has_duals(x) else unbuffered(x))
    if inner is not None:
        numbers[calls] = inner
    if output is not None and not isinstance(output, (Dual, ArrayProxy)):
        numbers[name] = output
    return numbers


def _written(y: Any, output: Any, original: Function) -> Any:
    """The result, in its output if it is to be written to one; whole numbers are refused."""
    is_array = isinstance(output, (np.ndarray, Dual, ArrayProxy))
    for x in duals_in(y):
        if np.result_type(plain(x)).kind not in "fc":
            if output is None or is_array:
                raise refused(
                    f"{public_name(original)} gives whole numbers here, which have no derivatives; "
                    "convert its input by x.astype(float).",
                    x,
                )
            raise refused(
                f"{public_name(original)} with output={np.dtype(output)} would lose the "
                "derivatives; omit output=.",
                x,
            )
    if not is_array:
        return y
    if isinstance(output, ArrayProxy):
        output[...] = y  # type: ignore[index]
        return output
    if is_plain(output, np.ndarray) and output.dtype != object and has_duals(y):
        raise refused(
            f"{public_name(original)} cannot write derivatives to output=, a plain array of "
            f"{output.dtype}; make it with np.zeros_like(x), or omit output=.",
            *duals_in(y),
        )
    return into(output, y)


def _data(x: Any) -> Any:
    """As it is now: a derivative may be asked for later."""
    x = unbuffered(x)
    return own(as_operand(x)) if isinstance(x, (Dual, np.ndarray)) else x


def paired(y: Any, value: Any) -> Any:
    """The tangents of y on the parts of value; a dict has them by their names in a result."""
    if isinstance(y, dict):
        found = {name: paired(x, getattr(value, name)) for name, x in y.items()}
        parts = [found.pop(name, x) for name, x in zip(value._fields, value, strict=True)]
        result = tuple.__new__(type(value), parts)
        if hasattr(value, "__dict__"):
            vars(result).update(vars(value) | found)
        return result
    if isinstance(value, (tuple, list)):
        parts = [paired(*pair) for pair in zip(y, value, strict=True)]
        return type(value)(parts) if type(value) in (tuple, list) else type(value)(*parts)
    y = as_operand(y)
    if isinstance(y, Undefined):
        rest, where = known(y)
        return undefined(with_value(np.reshape(rest, np.shape(value)), value, moved), where, y.why)
    if not isinstance(y, Dual):
        return value
    return with_value(
        y if shape_of(y) == np.shape(value) else np.reshape(y, np.shape(value)), value, moved
    )
