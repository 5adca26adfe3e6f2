"""Stand-ins for `statistics`, `logging` and np.random's generators, entered when one is met."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..array.operands import unbuffered
from ..array_rules.creation import array_of
from ..differentiations import refused, text_for
from ..dual import Dual, function
from ..functions import exp
from ..pair import Function, plain
from ..rules import Rule
from ..structure import leaves, rebuild
from .standins import FUNCTIONS, LOADERS, number_of


def _duals_in(x: Any) -> list[Any]:
    return [v for v in map(unbuffered, leaves(x)) if isinstance(v, Dual)]


# -- statistics ------------------------------------------------------------------------------
# The value is that of the plain run; the slopes follow from the numbers x and the result y.


def _mean(x: Sequence[Any]) -> Any:
    return sum(x[1:], x[0]) / len(x)


def _spread(below: int, is_root: bool) -> Function:
    """The slopes of a variance, or of its root; it is divided by so many less than the numbers."""

    def slope(x: Sequence[Any], y: Any, i: int) -> Any:
        apart = (x[i] - _mean(x)) / (len(x) - below)
        return 2 * apart if not is_root else apart / y if y != 0 else 0.0

    return slope


def _median_slope(x: Sequence[Any], _y: Any, i: int) -> Any:
    order = sorted(range(len(x)), key=lambda j: plain(x[j]))
    middle = {order[(len(x) - 1) // 2], order[len(x) // 2]}
    return 1 / len(middle) if i in middle else 0.0


_SLOPES: dict[str, Function] = {
    **dict.fromkeys(("mean", "fmean"), lambda x, y, i: 1 / len(x)),
    "geometric_mean": lambda x, y, i: y / (x[i] * len(x)),
    "harmonic_mean": lambda x, y, i: (y / x[i]) ** 2 / len(x),
    "median": _median_slope,
    "variance": _spread(1, False),
    "pvariance": _spread(0, False),
    "stdev": _spread(1, True),
    "pstdev": _spread(0, True),
}


@functools.lru_cache(100)
def _of_numbers(f: Function, n: int) -> Function:
    slope = _SLOPES[f.__name__]

    def slope_in(i: int) -> Function:
        return lambda *given: slope(given[:-1], given[-1], i)

    names = ", ".join(f"x{i}" for i in range(n))
    rule = Rule(f"_{f.__name__}{n}({names})", *map(slope_in, range(n)), value=lambda *x: f(x))
    return function(rule)


def _on_data(f: Function) -> Function:
    @functools.wraps(f)
    def call(data: Any, *args: Any, **kwargs: Any) -> Any:
        numbers = data if isinstance(data, (list, tuple)) else list(data)
        if not _duals_in([numbers, args, kwargs]):
            return f(numbers, *args, **kwargs)
        if args or kwargs:
            raise refused(
                f"statistics.{f.__name__} takes no more than the data where duals are among them; "
                "write it in sums.",
                *_duals_in([numbers, args, kwargs]),
            )
        f([plain(unbuffered(x)) for x in numbers])  # it raises what there is to raise
        return _of_numbers(f, len(numbers))(*map(unbuffered, numbers))

    return call


def _enter_statistics(_module: str) -> None:
    module = sys.modules["statistics"]
    for name in _SLOPES:
        f = getattr(module, name)
        FUNCTIONS.setdefault(f, _on_data(f))


# -- logging ---------------------------------------------------------------------------------


def _on_text(f: Function) -> Function:
    """A function that makes text of its arguments: of the plain numbers in them."""

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        for x in _duals_in([args, kwargs]):
            text_for(x, str)
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        return f(*rebuild(args, _plain_in_text), **kwargs)

    return call


def _plain_in_text(x: Any) -> Any:
    x = unbuffered(x)
    return plain(x) if isinstance(x, Dual) else x


def _enter_logging(_module: str) -> None:
    logging: Any = sys.modules["logging"]
    names = ("debug", "info", "warning", "error", "critical", "exception", "log")
    for owner in (logging, logging.Logger):
        for name in names:
            FUNCTIONS.setdefault(getattr(owner, name), _on_text(getattr(owner, name)))


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
        duals = _duals_in([args, kwargs])
        if not duals:
            return f(generator, *args, **kwargs)
        if move is None:
            raise refused(
                f"{name} of np.random has no derivative in its parameters, for what it draws does "
                "not move with them; draw by a family of location and scale (normal, uniform, "
                "exponential, …), or write x.primal.",
                *duals,
            )
        given = defaults | dict(zip((*defaults, "size"), args, strict=False)) | kwargs
        numbers = {key: _number(x) for key, x in given.items()}
        y = f(generator, **{key: plain(x) for key, x in numbers.items()})
        at = [plain(numbers[key]) for key in defaults]
        result = move(y, at, [numbers[key] - plain(numbers[key]) for key in defaults])
        return number_of(float, result) if type(y) is float else result

    return draw


def _number(x: Any) -> Any:
    x = unbuffered(x)
    return array_of(x) if isinstance(x, list) and _duals_in(x) else x


def _enter_random(_module: str) -> None:
    for kind in (np.random.Generator, np.random.RandomState):
        for name, f in list(vars(kind).items()):
            if callable(f) and name[0] != "_" and name not in _NOT_DRAWN:
                FUNCTIONS.setdefault(f, _draws(f))


_NOT_DRAWN = frozenset(
    (
        *("seed", "get_state", "set_state", "spawn", "shuffle", "permutation", "permuted"),
        *("choice", "bytes", "integers", "randint", "multivariate_normal"),
    )
)

LOADERS["statistics"] = _enter_statistics
LOADERS["logging"] = _enter_logging
for _name in ("numpy.random", "numpy.random._generator", "numpy.random.mtrand"):
    LOADERS[_name] = _enter_random
