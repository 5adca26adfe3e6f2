"""What a driver gives back: a function that looks like f, and can be pickled as f can.

`driver` makes a driver of its definition, and does what all of them do alike: it refuses what is
not a function, lifts f where it needs it, and puts the kernel's short way first where there is one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .arguments import Argnums, Inputs, Outputs, argnums_as_tuple, aux_of, is_complex, is_of_kept
from .array.dualarray import DualArray
from .array.operands import unbuffered
from .differentiations import (
    DOUBTS,
    NOTED,
    Doubt,
    doubts_since,
    gravest_doubt,
    note_again,
)
from .dual import Dual
from .kernel import DRIVERS
from .later import Later
from .lifting import callbacks, library, made, operators  # noqa: F401  they enter their stand-ins
from .lifting.effects import may_keep
from .lifting.lift import Lifted, Lookalike, global_name
from .lifting.made import made_of
from .lifting.reach import chosen, needs_lift_after_all
from .mixing import MIXING
from .pair import Function, is_array, plain
from .passes import evaluated, forward, one_like, tangents_of, unit_seeds
from .promises import (
    LOSSES,
    Derive,
    along_both,
    are_identical,
    harmless,
    has_directions,
    is_doubtful,
    keeps_apart,
    looking,
    may_begin_near,
    may_have_read,
    note_apart,
    refuse_if_found_by_key,
    refuse_if_read,
    refuse_unless_steady,
    searches_passed,
    settle,
    tell,
    weights,
)
from .refusals import is_for_good
from .stacking import refuse_unless_apart
from .structure import leaves, rebuild

# Sweeps and series are loaded by the first call that asks for them.
if TYPE_CHECKING:
    from . import series, sweeps
else:
    series, sweeps = (Later(f"{__package__}.{room}") for room in ("series", "sweeps"))

Driver = TypeVar("Driver", bound=Callable[..., Any])


def driver(definition: Driver) -> Driver:
    """The driver that gives back what its definition does, as a function like f."""
    name = definition.__name__ = definition.__name__.lstrip("_")  # as users call it
    names = definition.__code__.co_varnames[: definition.__code__.co_argcount]
    defaults = dict(zip(names[::-1], (definition.__defaults__ or ())[::-1], strict=False))
    defaults |= definition.__kwdefaults__ or {}
    short_way: Any = None  # for numbers, no options
    if DRIVERS:
        short_way = DRIVERS.SHORT_WAYS.get(name)
    takes_aux = name in ("grad", "value_and_grad")
    takes_several = takes_aux or name == "hessian"  # arguments

    def of_short_way(options: dict[str, Any]) -> tuple[bool, Any] | None:
        """has_aux and mode for the short way; None if it does not take these options."""
        given = {k: v for k, v in options.items() if defaults.get(k, ...) is not v}
        has_aux, mode = given.pop("has_aux", False), given.pop("mode", None)
        if given or mode not in (None, "forward", "reverse") or ("mode" not in defaults and mode):
            return None
        return (has_aux, mode) if has_aux is False or (has_aux is True and takes_aux) else None

    @functools.wraps(definition)
    def public(
        f: Function, argnums: Argnums = 0, *args: Any, lift: bool | None = None, **options: Any
    ) -> Function:
        is_index = type(argnums) is int and argnums >= 0
        if is_index and lift is None and short_way and not (args or options) and callable(f):
            wrapper: Function = short_way(definition, argnums, public, f, None)
            return wrapper
        if lift not in (True, False, None):
            raise TypeError(f"{name}: lift is True, False or None; got {lift!r}.")
        refuse_unless_callable(name, f)
        if not is_index:
            argnums_as_tuple(name, argnums, f"; for the point x, write {call_of(name)}")
        if short_way and not args and (is_index or _is_short(argnums, takes_several)):
            how = of_short_way(options)
            if how is not None:
                wrapper = short_way(definition, argnums, public, f, lift, *how)
                return wrapper
            special = _special(name, options)
            if special is not None:
                kind, option = special
                of_option = functools.partial(definition, **option)
                wrapper = kind(of_option, argnums, public, f, lift)
                return wrapper

        def general(function: Function) -> Function:
            call: Function = definition(function, argnums, *args, **options)
            return call

        call = general(f if lift is None else Lifted(f, lift))
        is_wrapper = isinstance(call, _WRAPPERS)  # a higher derivative, by the same driver
        if is_wrapper and lift is None:
            return call
        made_by = functools.partial(public, f, argnums, *args, lift=lift, **options)
        return _Wrapper(call, f, made_by, general if lift is None else None)

    return public  # type: ignore[return-value]


def _special(name: str, options: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
    """The short way for one option, and what it makes of that; None if there is none."""
    if len(options) != 1 or not DRIVERS:
        return None
    order = options.get("order")
    if name == "derivative" and (is_for_series(order) or (type(order) is int and order == 2)):
        from . import series  # noqa: F401 -- which tells the kernel; at order 2 it may need one

        return DRIVERS.SHORT_WAYS["derivative of order"], options
    if name == "taylor":
        return DRIVERS.SHORT_WAYS[name], options
    given = options.get("sparsity")
    if name not in ("jacobian", "hessian") or given is None or given is False:
        return None
    from .compression import Sparsity
    from .patterns import scipy_sparse

    scipy_sparse(name)
    kept = Sparsity(given, is_symmetric=name == "hessian")
    return DRIVERS.SHORT_WAYS[f"{name} of a pattern"], {"sparsity": kept}


def is_for_series(order: Any) -> bool:
    """Whether a derivative of this order comes from a series; below, nested duals are quicker."""
    return type(order) is int and order >= 3


def _is_short(argnums: Argnums, takes_several: bool) -> bool:
    """Whether the short ways know what to differentiate."""
    if type(argnums) is tuple:
        is_known = 0 < len(argnums) <= 8 and all(type(a) in (int, str) for a in argnums)
        return takes_several and is_known
    return type(argnums) in (int, str)


_CALLS = {
    "hvp": "hvp(f)(x, v)",
    "jvp": "jvp(f, (x,), (v,))",
    "taylor": "taylor(f, order)(x)",
    "vjp": "vjp(f, x)",
}


def call_of(driver: str) -> str:
    """How a driver is called, for messages.

    >>> call_of("grad"), call_of("vjp")
    ('grad(f)(x)', 'vjp(f, x)')
    """
    return _CALLS.get(driver, f"{driver}(f)(x)")


def refuse_unless_callable(caller: str, f: Function, call: str = "") -> None:
    """Raise TypeError if f, which is given to be differentiated, is not a function.

    `call`: how the caller is called, if it is no driver.
    """
    if not callable(f):
        raise TypeError(
            f"{caller} needs a function, got {type(f).__name__}; write {call or call_of(caller)}."
        )


def function_for(driver: str, f: Function, lift: bool | None) -> Function:
    """The function that a driver differentiates.

    Raises
    ------
    TypeError
        If f is not callable.
    """
    refuse_unless_callable(driver, f)
    return Lifted(f, False) if lift is False else chosen(f, lift)


def lifting_as_needed(driver: Driver) -> Driver:
    """driver(f, …, lift=None), which takes f lifted if f turns out to need it."""

    @functools.wraps(driver)
    def call(f: Function, *args: Any, lift: bool | None = None, **options: Any) -> Any:
        if lift is None and chosen(f, None) is not f:  # asked first: afterwards it may be known
            lift = True
        try:
            return driver(f, *args, lift=lift, **options)
        except (TypeError, AttributeError) as error:
            if lift is not None or is_for_good(error) or not needs_lift_after_all(f):
                raise
        return driver(f, *args, lift=True, **options)

    return call  # type: ignore[return-value]


class _Wrapper(Lookalike):
    """What a driver gives back; the kernel has one of its own."""

    def __init__(
        self,
        call: Function,
        f: Function,
        made_by: functools.partial[Function],
        general: Function | None,  # makes the call of f lifted, unless f is lifted or must not be
    ) -> None:
        super().__init__(call, f, made_by)
        lift = made_by.keywords["lift"]
        self._f = f if lift is None else Lifted(f, lift)
        self._general = general
        self._is_decided = general is None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self._is_decided:
            self._is_decided = True
            if chosen(self.__wrapped__, None) is not self.__wrapped__:
                self._lift()
        before = DOUBTS[0]
        try:
            result = self._call(*args, **kwargs)
        except (TypeError, AttributeError) as error:
            if self._general is None or is_for_good(error):
                raise
            if not needs_lift_after_all(self.__wrapped__):
                raise
            self._lift()
            result = self._call(*args, **kwargs)
        if DOUBTS[0] is not before:
            options = self._made_by.keywords
            made_by = (self._made_by.func.__name__, self._f, self._made_by.args[1])
            has_aux = options.get("has_aux", False)
            _look_into(self, (*made_by, has_aux), before, args, kwargs, result)
        return result

    def _lift(self) -> None:
        if self._general is not None:
            self._f = Lifted(self.__wrapped__)
            self._call, self._general = self._general(self._f), None

    def __repr__(self) -> str:
        return _described(self)


def _described(x: Any) -> str:
    """The driver, the function and the options of what a driver gave back.

    >>> from dualad import grad
    >>> grad(grad(max), argnums=1)
    <grad of <grad of max>, argnums=1>
    """
    made_by, given = x.__reduce__()
    call = functools.partial(made_by, *given)
    f, argnums, *_ = call.args
    name = repr(f) if isinstance(f, _WRAPPERS) else getattr(f, "__qualname__", type(f).__name__)
    options = {"argnums": argnums} if argnums != 0 else {}
    options |= {k: x for k, x in call.keywords.items() if x is not None}
    told = "".join(f", {key}={x!r}" for key, x in options.items())
    return f"<{call.func.__name__} of {name}{told}>"


def _continued(definition: Function, x: Any, y: Any, level: int, has_aux: bool = False) -> Any:
    """What a driver makes of y, which f has given for x with unit seeds of this level."""
    options = {"has_aux": True} if has_aux else {}
    return definition(Outputs(definition.__name__, y, level, has_aux), **options)(x)


def _stripped(definition: Function, aux: Any, level: int) -> Any:
    """What f returned beside its result, without tangents."""
    return aux_of(definition.__name__, aux, level)


def _asks_to_settle(f: Function, x: Any, level: int, y: Any, passed: int = 0) -> int:
    """Whether y, which f has given for x, is to be looked into: then 0.

    Else for how many calls, with this one, a search like that in f is passed over; as it was in so
    many since this was asked last.
    """
    why = gravest_doubt(level)
    given = list(leaves(x))
    if is_doubtful(why, f, given) or may_begin_near(why, f, given):
        return 0
    return searches_passed(why, f, given, passed)


_OF_NUMBERS = ("derivative", "taylor")  # drivers that go along one direction
_MadeBy = tuple[str, Function, Argnums, bool]  # a driver, what it is given, and has_aux


def _settle(
    made_by: _MadeBy, args: list[Any], kwargs: dict[str, Any], y: Any, level: int, why: Doubt
) -> bool:
    """Look into y, which the short way of a driver has had from f; whether its values stay."""
    name, f, argnums, has_aux = made_by
    inputs = Inputs(name, f, argnums, tuple(args), kwargs)
    if name in _OF_NUMBERS:
        is_along_both = name == "derivative" and has_directions(Outputs(name, y, level, has_aux))
        axes = along_both if is_along_both and is_array(inputs.leaves[0]) else _along_axes
        along: list[Any] = list(map(axes, inputs.leaves))
    else:
        is_number = inputs.size == 1 and not is_array(inputs.leaves[0])
        along = unit_seeds(inputs, 0, inputs.size, is_number)
    return _settle_along(inputs, along, y, level, why, has_aux)


def _along_axes(x: Any) -> Any:
    """A tangent along 1; of one of Python's complex numbers, those along 1 and i."""
    return np.array([1, 1j]) if is_complex(x) and not is_array(x) else one_like(x)


def _settle_jvp(
    f: Function,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    y: Any,
    level: int,
    why: Doubt,
) -> bool:
    """The same for what f has given in the short way of jvp."""
    inputs = Inputs("jvp", f, range(len(primals)), tuple(primals), {})
    along = inputs.matched(list(tangents), inputs.selected, "the direction", "the arguments")
    return _settle_along(inputs, along, y, level, why)


def _settle_along(
    inputs: Inputs, along: list[Any], y: Any, level: Any, why: Doubt, has_aux: bool = False
) -> bool:
    """The same, with these seeds, or of what a tape has recorded."""
    outputs = Outputs(inputs.driver, y, level, has_aux)
    before, pass_forward = outputs.values, forward(along, has_aux)
    if type(level) is int:
        settle(why, inputs, along, outputs, has_aux, pass_forward)
    elif hasattr(level, "order"):  # of a series
        along = [d * level.along for d in along]
        series.settle_series(why, inputs, along, outputs, level.order)
    else:
        sweeps.Recorded(inputs, level, level.inputs, outputs).settle(why, has_aux)
    return all(map(are_identical, map(plain, before), map(plain, outputs.values)))


def _refuse_mixing(
    made_by: _MadeBy, args: list[Any], kwargs: dict[str, Any], y: Any, level: int
) -> None:
    """Refuse an f that has put elements together, where y depends on several of them."""
    name, f, argnums, has_aux = made_by
    inputs = Inputs(name, f, argnums, tuple(args), kwargs)
    outputs = Outputs(name, y, level, has_aux)
    if outputs.has_mixed and all(np.shape(v) == np.shape(inputs.leaves[0]) for v in outputs.values):
        directions = (2,) if has_directions(outputs) else ()
        slopes = tangents_of(outputs, inputs, directions)
        along_each = zip(*slopes, strict=True) if directions else (slopes, None)
        refuse_unless_apart(inputs, 0, *along_each)


def _refuse_unless_steady(
    made_by: _MadeBy, args: list[Any], kwargs: dict[str, Any], y: Any, level: int
) -> None:
    """f is to be run again: refuse it if that gives something else.

    `y`: what it has given at this level; None if that is not known of plain numbers.
    """
    name, f, argnums, has_aux = made_by
    if may_keep(f):
        inputs = Inputs(name, f, argnums, tuple(args), kwargs)
        first = None
        with suppress(TypeError):  # of what a driver does not take, as it will say
            numbers = rebuild(y, lambda x: plain(unbuffered(x)))  # of levels that may be over
            first = None if y is None else Outputs(name, numbers, level, has_aux)
        refuse_unless_steady(inputs, first, has_aux)


def _look_into(
    driver: Function, made_by: _MadeBy, before: int,
    given: Sequence[Any], by_name: dict[str, Any], result: Any,
) -> None:  # fmt: skip
    """`look_into` what a driver gives, which is called so and differentiates f."""
    name, f, argnums, has_aux = made_by
    args, kwargs, v = list(given), dict(by_name), None
    if name == "hvp":  # whose vector is second
        if "x" in kwargs:
            args.insert(0, kwargs.pop("x"))
        v = kwargs.pop("v") if "v" in kwargs else args.pop(1)
    has_direction = name == "taylor" and "direction" in kwargs  # which is not one of f's own
    options = {"direction": kwargs.pop("direction")} if has_direction else {}
    inputs = Inputs(name, f, argnums, tuple(args), kwargs)

    def derive(points: list[Any]) -> Any:
        there, by_name = inputs.given_at(points)
        if name == "hvp":
            there.insert(1, v)
        return driver(*there, **by_name, **options)

    look_into(before, inputs, result, derive, has_aux)


def look_into(
    before: int, inputs: Inputs, result: Any, derive: Derive, has_aux: bool = False
) -> None:
    """Look into a result, where doubts have come up in this thread since `DOUBTS` held `before`.

    Raises
    ------
    TypeError
        If f has found a kept value, or read a number from the text of a dual.
    """
    may_be_kept, may_be_read = doubts_since(before)
    if may_be_kept:
        refuse_if_found_by_key(inputs, result, derive)
    if may_be_read and may_have_read(inputs.made, inputs.leaves):
        along: list[Any] = [weights(x) if np.ndim(x) else 1.0 for x in inputs.leaves]
        with looking(inputs):
            try:
                outputs, _ = evaluated(inputs, along, has_aux)
            except TypeError as error:
                if not is_of_kept(error):
                    raise
            else:
                refuse_if_read(inputs, along, outputs, has_aux)


_WRAPPERS: tuple[type, ...] = (_Wrapper,)
if DRIVERS:
    DRIVERS.connect(
        {
            "Dual": Dual,
            "DualArray": DualArray,
            "Lifted": Lifted,
            "unbuffered": unbuffered,
            "continued": _continued,
            "stripped": _stripped,
            "described": _described,
            "global_name": global_name,
            "asks_to_settle": _asks_to_settle,
            "settle": _settle,
            "settle_along": _settle_jvp,
            "look_into": _look_into,
            "refuse_unless_steady": _refuse_unless_steady,
            "harmless": harmless,
            "gravest_doubt": gravest_doubt,
            "note_again": note_again,
            "LOSSES": LOSSES,
            "NOTED": NOTED,
            "DOUBTS": DOUBTS,
            "tell": tell,
            "is_for_good": is_for_good,
        }
    )
    DRIVERS.connect_elements(MIXING, keeps_apart, note_apart, along_both, _refuse_mixing)
    DRIVERS.connect_made(made_of, made.may_decide, made.is_same_look, made.LOOKS, made.DATUM)
    _WRAPPERS = (_Wrapper, *DRIVERS.SHORT_WAYS.values())
