"""Stand-ins for parts of the standard library and of NumPy, entered when one is met.

Those of `statistics`, `logging` and np.random's generators; `getattr` and its like; assertions of
np.testing, which hold of plain numbers; and refusals where compiled code would take a dual for the
float that it looks like.
"""

from __future__ import annotations

import copy
import functools
import math
import operator
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ..array.dualarray import DualArray
from ..array.operands import ArrayProxy, unbuffered
from ..array_rules.common import duals_in
from ..array_rules.creation import array_of
from ..differentiations import DRAWN, levels_noted, note_drawn, note_refusal, text_for
from ..dual import Dual, function
from ..functions import exp
from ..kernel import LIFTING
from ..pair import Function, is_array, plain
from ..refusals import refused
from ..rules import Rule
from ..structure import leaves, rebuild
from .lift import (
    BY_KIND,
    CALLERS,
    HEAP_TYPE,
    Caller,
    delete,
    inspected,
    own_twin,
    read,
    stand_in,
    write,
)
from .standins import FUNCTIONS, INDEXED, LOADERS, number_of, with_plain

# -- statistics ------------------------------------------------------------------------------
# The value is that of the plain run; the slopes follow from the numbers x and the result y.


def _mean(x: Sequence[Any]) -> Any:
    return sum(x[1:], x[0]) / len(x)


def _spread(below: int, is_root: bool) -> Function:
    """The slopes of a variance, or of its root; it is divided by so many less than the numbers."""

    def slopes(x: Sequence[Any], y: Any) -> list[Any]:
        mean = _mean(x)
        apart = [(v - mean) / (len(x) - below) for v in x]
        if not is_root:
            return [2 * part for part in apart]
        return [part / y if y != 0 else 0.0 for part in apart]

    return slopes


def _of_median(x: Sequence[Any], _y: Any) -> list[Any]:
    order = sorted(range(len(x)), key=lambda j: plain(x[j]))
    middle = {order[(len(x) - 1) // 2], order[len(x) // 2]}
    return [1 / len(middle) if i in middle else 0.0 for i in range(len(x))]


# Those in each number, of the numbers and the result.
_SLOPES: dict[str, Function] = {
    **dict.fromkeys(("mean", "fmean"), lambda x, y: [1 / len(x)] * len(x)),
    "geometric_mean": lambda x, y: [y / (v * len(x)) for v in x],
    "harmonic_mean": lambda x, y: [(y / v) ** 2 / len(x) for v in x],
    "median": _of_median,
    "variance": _spread(1, False),
    "pvariance": _spread(0, False),
    "stdev": _spread(1, True),
    "pstdev": _spread(0, True),
}


def _weighted(x: Sequence[Any], weights: Sequence[Any]) -> Any:
    return sum(w * v for w, v in zip(weights, x, strict=True)) / sum(weights)


def _harmonic(x: Sequence[Any], weights: Sequence[Any]) -> Any:
    return sum(weights) / sum(w / v for w, v in zip(weights, x, strict=True))


def _around(below: int, power: float) -> Function:
    def spread(x: Sequence[Any], center: Any) -> Any:
        square: Any = sum((v - center) ** 2 for v in x) / (len(x) - below)
        return square**power if plain(square) else 0.0 * square

    return spread


# With one argument more: what has the same tangents.
_OF_TWO: dict[str, Function] = {
    "fmean": _weighted,
    "harmonic_mean": _harmonic,
    "variance": _around(1, 1),
    "pvariance": _around(0, 1),
    "stdev": _around(1, 0.5),
    "pstdev": _around(0, 0.5),
}


def _enter_inverse_normal() -> None:
    """The compiled part of `statistics`, if there is one: Φ⁻¹(p)·σ + μ."""
    try:
        from _statistics import _normal_dist_inv_cdf as compiled  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return

    def slope_in_p(_p: Any, mu: Any, sigma: Any, y: Any) -> Any:
        z = (y - mu) / sigma
        return sigma * math.sqrt(2 * math.pi) * exp(z * z / 2)

    def slope_in_sigma(_p: Any, mu: Any, sigma: Any, y: Any) -> Any:
        return (y - mu) / sigma

    slopes = slope_in_p, lambda *_: 1.0, slope_in_sigma
    FUNCTIONS[compiled] = function(Rule("_inverse_normal(p, mu, sigma)", *slopes, value=compiled))


@functools.lru_cache(100)
def _of_numbers(f: Function, n: int) -> Function:
    slopes = _SLOPES[f.__name__]

    def slope_in(i: int) -> Function:
        return lambda *given: slopes(given[:-1], given[-1])[i]

    names = ", ".join(f"x{i}" for i in range(n))
    rule = Rule(f"_{f.__name__}{n}({names})", *map(slope_in, range(n)), value=lambda *x: f(x))
    return function(rule)


def _on_data(f: Function) -> Function:
    @functools.wraps(f)
    def call(data: Any, *args: Any, **kwargs: Any) -> Any:
        numbers = data if isinstance(data, (list, tuple)) else list(data)
        if not args and not kwargs:
            z = _of_floats(f, list(numbers))
            if z is not None:
                return z
        if not duals_in(numbers, args, kwargs):
            return f(numbers, *args, **kwargs)
        numbers, args, kwargs = rebuild((list(numbers), args, kwargs), unbuffered)
        y = f(*rebuild((numbers, *args), plain), **rebuild(kwargs, plain))  # it raises if it must
        more = [x for x in (*args, *kwargs.values()) if x is not None]
        if more:
            return with_plain(y, _OF_TWO[f.__name__](numbers, *more))
        return _of_numbers(f, len(numbers))(*numbers)

    return call


def _of_floats(f: Function, numbers: list[Any]) -> Any:
    """What `_of_numbers` gives of a few duals of floats; None of others."""
    values = LIFTING.values_of(numbers) if LIFTING else None
    if not LIFTING or values is None or type(y := f(values)) is not float:
        return None
    try:
        slopes = _SLOPES[f.__name__](values, y)
    except ArithmeticError:  # they are infinite
        return None
    return LIFTING.combined(y, numbers, slopes)


def _on_samples(f: Function) -> Function:
    def call(data: Any) -> Any:
        numbers = [unbuffered(x) for x in data]
        if not duals_in(numbers):
            return f(numbers)
        values = f(rebuild(numbers, plain))
        center = _mean(numbers)
        return tuple(map(with_plain, values, (center, _OF_TWO["stdev"](numbers, center))))

    return call


@functools.cache
def _enter_statistics(_module: str) -> None:
    module = sys.modules["statistics"]
    for name in _SLOPES:
        f = getattr(module, name)
        FUNCTIONS.setdefault(f, _on_data(f))
    _enter_inverse_normal()
    if mean_stdev := getattr(module, "_mean_stdev", None):  # what NormalDist.from_samples calls
        FUNCTIONS.setdefault(mean_stdev, _on_samples(mean_stdev))


# -- logging ---------------------------------------------------------------------------------


def _on_text(f: Function, level: int = 0) -> Function:
    """A function that makes text of its arguments: of the plain numbers in them.

    `level`: f is a logger's method, which makes none unless its logger is enabled for that level.
    """

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        if level and len(args) > 1 and not args[0].isEnabledFor(level):
            return None
        for x in duals_in(args, kwargs):
            text_for(x, str)
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        return f(*rebuild(args, _plain_in_text), **kwargs)

    return call


def _plain_in_text(x: Any) -> Any:
    x = unbuffered(x)
    return plain(x) if isinstance(x, Dual) else x


@functools.cache
def _enter_logging(_module: str) -> None:
    logging: Any = sys.modules["logging"]
    levels = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50, "log": 0}
    for name, level in (levels | {"exception": 40}).items():
        for owner, its_level in ((logging, 0), (logging.Logger, level)):
            f = getattr(owner, name)
            FUNCTIONS.setdefault(f, _on_text(f, its_level))


def _shown(x: Any) -> Any:
    """The plain number whose text stands for a dual, if a driver is at work on that."""
    y = unbuffered(x)
    is_shown = isinstance(y, Dual) and not is_array(y) and text_for(y, str) is not None
    return plain(y) if is_shown else x


@functools.cache
def _enter_polynomials(module: str) -> None:
    f = sys.modules[module].format_float  # by which the text of a polynomial is made
    FUNCTIONS.setdefault(f, _handing(f, _shown))


@functools.cache
def _enter_json(_module: str) -> None:
    json: Any = sys.modules["json"]
    for f in (json.dump, json.dumps):
        FUNCTIONS.setdefault(f, _encoding(_handing(f, _shown), json.JSONEncoder))
    for f in (json.JSONEncoder.encode, json.JSONEncoder.iterencode):
        FUNCTIONS.setdefault(f, _by_copy(_handing(f, _shown)))


def _encoding(f: Function, usual: Callable[..., Any]) -> Function:
    """json.dump or dumps, with an encoder that shows numbers in objects, too."""

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs.get("default") or kwargs.get("cls"):
            kind = kwargs.get("cls") or usual

            def encoder(**given: Any) -> Any:
                made = kind(**given)
                return _showing(made, made.default)

            kwargs["cls"] = encoder
        return f(*args, **kwargs)

    return call


def _by_copy(f: Function) -> Function:
    """A method of the user's own encoder, which stays as it is, and is asked for defaults."""

    @functools.wraps(f)
    def call(encoder: Any, *args: Any, **kwargs: Any) -> Any:
        return f(_showing(copy.copy(encoder), encoder.default), *args, **kwargs)

    return call


def _showing(encoder: Any, default: Function) -> Any:
    """An encoder whose default, lifted, makes the plain numbers of duals."""
    default = stand_in(default)
    encoder.default = lambda x: rebuild(default(x), _shown)
    return encoder


def _handing(f: Function, change: Function) -> Function:
    """f, which is handed its arguments with each part of them changed."""

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        with suppress(RecursionError):  # of what contains itself, which f may refuse in its words
            args, kwargs = rebuild(args, change), rebuild(kwargs, change)
        return f(*args, **kwargs)

    return call


# -- plots -----------------------------------------------------------------------------------


class _Drawing(Caller):
    """A function or method of matplotlib's, which is given the values of duals, for a picture.

    One that reads numbers, when duals have been drawn, is refused. What else comes back, as bounds
    of bins, or is read from an attribute, is not seen here: the driver holds the derivative against
    differences.
    """

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if duals := duals_in(args, kwargs):
            note_drawn(*duals)
            args, kwargs = rebuild(args, _plain_in_text), rebuild(kwargs, _plain_in_text)
            return super().__call__(*args, **kwargs)
        y = super().__call__(*args, **kwargs)
        if (levels := levels_noted(DRAWN)) and any(map(_may_move, leaves(y))):
            for level in levels:
                note_refusal(level)
            raise refused(
                f"{self.callee.__qualname__} of matplotlib gives numbers, which would lose the "
                "derivative of a Dual that was drawn; calculate them from x itself, or draw "
                "getattr(x, 'primal', x)."
            )
        return y


def _may_move(x: Any) -> bool:
    """Whether x is a number that is not whole, or an array of such."""
    x = unbuffered(x)
    return isinstance(x, (float, complex)) or getattr(x, "dtype", np.dtype(int)).kind in "fc"


CALLERS |= dict.fromkeys(("matplotlib", "mpl_toolkits"), _Drawing)


# -- what has no derivative ------------------------------------------------------------------


@functools.cache
def _enter_testing(_module: str) -> None:
    for name in np.testing.__all__:
        if name.startswith("assert_") and name.endswith(_COMPARISONS):
            f = getattr(np.testing, name)
            FUNCTIONS.setdefault(f, _handing(f, _plain_in_text))


_COMPARISONS = ("equal", "close", "less", "nulp", "ulp")


def _refusing(f: Function, name: str, advice: str) -> Function:
    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        duals = duals_in(args, kwargs)
        if duals:
            raise refused(f"{name} would lose the derivative of a dual; {advice}.", *duals)
        return f(*args, **kwargs)

    return call


@functools.cache
def _enter_refusals(module: str) -> None:
    there, advice = _REFUSALS[module]
    for f, name in there():
        FUNCTIONS.setdefault(f, _refusing(f, name, advice))


def _of_decimal() -> list[tuple[Any, str]]:
    kind = sys.modules["decimal"].Decimal
    return [(kind, "decimal.Decimal"), (kind.from_float, "decimal.Decimal.from_float")]


def _of_marshal() -> list[tuple[Any, str]]:
    module = sys.modules["marshal"]
    return [(module.dump, "marshal.dump"), (module.dumps, "marshal.dumps")]


def _of_struct() -> list[tuple[Any, str]]:
    module = sys.modules["struct"]
    each = {"struct": module, "struct.Struct": module.Struct}.items()
    return [(getattr(of, f), f"{name}.{f}") for name, of in each for f in ("pack", "pack_into")]


def _of_fractions() -> list[tuple[Any, str]]:
    return [(sys.modules["fractions"].Fraction, "fractions.Fraction")]


def _of_datetime() -> list[tuple[Any, str]]:
    return [(sys.modules["datetime"].timedelta, "datetime.timedelta")]


def _of_masked_arrays() -> list[tuple[Any, str]]:
    each = [(getattr(np.ma, name), name) for name in np.ma.__all__ if name not in _OF_ANY_ARRAY]
    return [(f, f"np.ma.{name}") for f, name in each if callable(f)]


# What is asked of arrays that may have no mask, as those of duals never have.
_OF_ANY_ARRAY = (
    "count",
    "getmask",
    "getmaskarray",
    "isMA",
    "isMaskedArray",
    "is_masked",
    "isarray",
)


def _enter_masked_arrays(_module: str) -> None:
    for name in _OF_ANY_ARRAY:
        f = getattr(np.ma, name)
        FUNCTIONS.setdefault(f, _handing(f, lambda x: plain(unbuffered(x))))
    _enter_refusals("numpy.ma")


_REFUSALS: dict[str, tuple[Callable[[], list[tuple[Any, str]]], str]] = {
    "decimal": (
        _of_decimal,
        "write getattr(x, 'primal', x) for the plain number, or use dualad with mpmath's mpf",
    ),
    **{
        name: (of, "write getattr(x, 'primal', x) for the plain number")
        for name, of in (
            ("marshal", _of_marshal),
            ("struct", _of_struct),
            ("_struct", _of_struct),
            ("fractions", _of_fractions),
            ("datetime", _of_datetime),
        )
    },
    "numpy.ma": (_of_masked_arrays, "write np.where(mask, 0.0, x), or np.nansum and its like"),
}

# -- np.random -------------------------------------------------------------------------------
# A number that is drawn moves with the parameters of its family: y = loc + scale·z with the same z.
# `step` is each parameter less its plain number: of value 0, with the parameter's tangent.


def _of_location(y: Any, at: Sequence[Any], step: Sequence[Any]) -> Any:
    z = np.divide(y - at[0], at[1], out=np.zeros(np.shape(y)), where=np.not_equal(at[1], 0))
    return y + step[0] + z[()] * step[1]


def _of_interval(y: Any, at: Sequence[Any], step: Sequence[Any]) -> Any:
    u = (y - at[0]) / (at[1] - at[0])
    return y + (1 - u) * step[0] + u * step[1]


def _of_scale(y: Any, at: Sequence[Any], step: Sequence[Any]) -> Any:
    return y + y / at[0] * step[0]


def _of_logarithm(y: Any, at: Sequence[Any], step: Sequence[Any]) -> Any:
    z = (np.log(y) - at[0]) / at[1]
    return y * exp(step[0] + z * step[1])


# The names of the parameters, their defaults, and how what is drawn moves with them.
_FAMILIES: dict[str, tuple[dict[str, Any], Function]] = {
    **{
        name: ({"loc": 0.0, "scale": 1.0}, _of_location)
        for name in ("normal", "laplace", "logistic", "gumbel")
    },
    "uniform": ({"low": 0.0, "high": 1.0}, _of_interval),
    "exponential": ({"scale": 1.0}, _of_scale),
    "rayleigh": ({"scale": 1.0}, _of_scale),
    "lognormal": ({"mean": 0.0, "sigma": 1.0}, _of_logarithm),
}


def _draws(f: Function) -> Function:
    name = f.__name__
    defaults, move = _FAMILIES.get(name, ({}, None))

    @functools.wraps(f)
    def draw(generator: Any, *args: Any, **kwargs: Any) -> Any:
        duals = duals_in(args, kwargs)
        if not duals:
            return f(generator, *args, **kwargs)
        if move is None:
            raise refused(
                f"{name} of np.random has no derivative in its parameters, for what it draws does "
                "not move with them; draw by a family of location and scale (normal, uniform, "
                "exponential, …), or write getattr(x, 'primal', x).",
                *duals,
            )
        given = defaults | dict(zip((*defaults, "size"), args, strict=False)) | kwargs
        numbers = {key: x if key == "size" else _in_doubles(x) for key, x in given.items()}
        y = f(generator, **{key: plain(x) for key, x in numbers.items()})
        at = [plain(numbers[key]) for key in defaults]
        result = move(y, at, [numbers[key] - plain(numbers[key]) for key in defaults])
        return number_of(float, result) if type(y) is float else result

    return draw


def _draws_vectors(f: Function) -> Function:
    """The same of multivariate_normal: what it draws moves with the mean."""

    @functools.wraps(f)
    def draw(generator: Any, mean: Any, cov: Any, *args: Any, **kwargs: Any) -> Any:
        if duals := duals_in((cov, args), kwargs):
            raise refused(
                "multivariate_normal of np.random has no derivative in cov; write "
                "mean + np.linalg.cholesky(cov) @ rng.standard_normal(len(mean)).",
                *duals,
            )
        mean = _in_doubles(mean)
        y = f(generator, plain(mean), unbuffered(cov), *args, **kwargs)
        return y + (mean - plain(mean)) if isinstance(mean, Dual) else y

    return draw


def _in_doubles(x: Any) -> Any:
    """A parameter as generators take it: what they draw is in doubles."""
    x = _number(x)
    if is_array(x):
        return x.astype(float)
    return number_of(float, x) if isinstance(x, Dual) else x


def _number(x: Any) -> Any:
    x = unbuffered(x)
    return array_of(x) if isinstance(x, (list, tuple)) and duals_in(x) else x


def _choosing(f: Function) -> Function:
    """A method that chooses or permutes elements, which does so to their numbers.

    What it draws depends on the shape alone. NumPy itself would take a dual array for a list,
    and exchange rows that are views.
    """

    name = "a" if f.__name__ == "choice" else "x"

    @functools.wraps(f)
    def choose(generator: Any, *args: Any, **kwargs: Any) -> Any:
        if name in kwargs:
            args = (kwargs.pop(name), *args)
        x: Any = args[0] if args else None
        is_in_place = f.__name__ == "shuffle"  # of lists, too, which NumPy does
        elements = unbuffered(x) if is_in_place else _number(x)
        if not isinstance(x, ArrayProxy) and not isinstance(elements, DualArray):
            return f(generator, *args, **kwargs)
        numbers = np.empty_like(plain(elements), int)
        numbers[...] = np.arange(numbers.size).reshape(numbers.shape)
        out: Any = x if is_in_place else kwargs.pop("out", None)
        found = f(generator, numbers, *args[1:], **kwargs)
        y = np.reshape(elements, -1)[numbers if is_in_place else found]
        if out is None:
            return y
        out[...] = y
        return None if is_in_place else out

    return choose


@functools.cache
def _enter_random(_module: str) -> None:
    for kind in (np.random.Generator, np.random.RandomState):
        for name, f in list(vars(kind).items()):
            if name in _CHOOSING:
                FUNCTIONS[f] = _choosing(f)
            elif name == "multivariate_normal":
                FUNCTIONS[f] = _draws_vectors(f)
            elif callable(f) and name[0] != "_" and name not in _NOT_DRAWN:
                FUNCTIONS.setdefault(f, _draws(f))


_CHOOSING = frozenset(("shuffle", "permutation", "permuted", "choice"))
_NOT_DRAWN = frozenset(
    (
        *("seed", "get_state", "set_state", "spawn"),
        *("bytes", "integers", "randint"),
    )
)

# -- np.r_ and its like ----------------------------------------------------------------------


@functools.cache
def _indexed(x: Any) -> Any:
    """An object of NumPy's that makes arrays of what stands in its brackets, lifted."""
    kind = type(x)
    lifted = {
        "__getitem__": own_twin(inspected(kind, "__getitem__")),
        "__module__": kind.__module__,
    }
    return type(kind.__name__, (kind,), lifted)()


BY_KIND |= dict.fromkeys(INDEXED, _indexed)

# -- attributes by name ----------------------------------------------------------------------


def _getattr(x: Any, name: str, /, *default: Any) -> Any:
    """The builtin `getattr`, by `read`."""
    try:
        return read(x, name)
    except AttributeError:
        if len(default) != 1:
            raise
        return default[0]


def _looking(f: Any) -> Function:
    """What operator.attrgetter or methodcaller has made, looking for names by `read`."""
    make, args = f.__reduce__()
    if isinstance(f, operator.attrgetter):
        ways = [name.split(".") for name in args]

        def values(x: Any) -> Any:
            found = [functools.reduce(read, way, x) for way in ways]
            return tuple(found) if len(found) > 1 else found[0]

        return values
    if isinstance(make, functools.partial):  # it has keywords, and its name stands with them
        name, given, keywords = make.args[0], args, make.keywords
    else:
        (name, *given), keywords = args, {}
    return lambda x: stand_in(read(x, name))(*given, **keywords)


_of_number = FUNCTIONS[hasattr]


def _hasattr(x: Any, name: str, /) -> bool:
    """The builtin `hasattr`, by `read`."""
    kind = type(x)  # isinstance would read x.__class__ by a hook of the user's
    is_builtin = kind is not type and not kind.__flags__ & HEAP_TYPE
    if is_builtin or issubclass(kind, (Dual, ArrayProxy)):
        found: bool = _of_number(x, name)
        return found
    try:
        read(x, name)
    except AttributeError:
        return False
    return True


FUNCTIONS |= {
    getattr: LIFTING.GetAttr(getattr, _getattr) if LIFTING else _getattr,
    hasattr: LIFTING.GetAttr(hasattr, _hasattr) if LIFTING else _hasattr,
    setattr: write,
    delattr: delete,
}
BY_KIND |= dict.fromkeys((operator.attrgetter, operator.methodcaller), _looking)

LOADERS["statistics"] = _enter_statistics
LOADERS["logging"] = _enter_logging
LOADERS["json"] = _enter_json
LOADERS["numpy.polynomial.polyutils"] = _enter_polynomials
LOADERS |= dict.fromkeys(
    ("decimal", "marshal", "struct", "_struct", "fractions", "datetime"), _enter_refusals
)
for _name in ("numpy.ma", "numpy.ma.core", "numpy.ma.extras"):
    LOADERS[_name] = _enter_masked_arrays
for _name in ("numpy.testing", "numpy.testing._private.utils"):
    LOADERS[_name] = _enter_testing
for _name in ("numpy.random", "numpy.random._generator", "numpy.random.mtrand"):
    LOADERS[_name] = _enter_random
