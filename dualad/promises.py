"""What the drivers promise beyond the chain rule, checked when a pass is done.

nan outputs       have nan derivatives
complex           a derivative exists where the limit is the same in all directions
elementwise       output j of a derivative of an array depends on input j alone
one function      all passes of a call see the same
no loss           code that went on after a dual's error comes to what plain numbers give
nothing read      no number is read from text made from a dual, where its derivative is not
nothing kept      the derivative does not depend on what f was called with before
"""

from __future__ import annotations

import copy
import itertools
import reprlib
import sys
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, NamedTuple, Self

import numpy as np

from .advice import is_refusal, tell_of_foreign
from .arguments import Inputs, Outputs, is_of_kept
from .conversions import as_slope
from .differentiations import (
    DRAWN,
    IS_LOOKING,
    Doubt,
    close_level,
    gravest_doubt,
    is_noted,
    levels_in,
    open_level,
    raise_doubts,
)
from .frames import is_ours
from .kernel import KERNEL
from .levels import fresh_level
from .lifting.effects import code_of, may_keep, may_read
from .lifting.lift import Lifted
from .lifting.made import Made, itself, made_of
from .lifting.reach import needs_lift_after_all
from .lifting.state import State
from .memory import laid_out_like
from .mixing import MIXING
from .pair import is_operand, own, plain, shape_of
from .refusals import for_good, refused
from .structure import keys_of, leaves

STEP = 1 / 8191  # relative, to a nearby point
ALIKE = 1e-3  # relative, of a derivative and a difference
NO_LOSS = 0.1  # the same where it may be that of a small kink
NEARBY = 16  # at most so many directions are tried one by one

# -- nan -----------------------------------------------------------------------------------


def nan_where(value: Any, tangent: Any) -> Any:
    """The tangent of an output, nan where the output is."""
    number = plain(value)
    if not isinstance(number, np.ndarray):
        return tangent if number == number else tangent + np.nan
    if number.dtype.kind not in "fc":
        return tangent
    missing = np.isnan(number)
    return np.where(missing, np.nan, tangent) if missing.any() else tangent


# -- complex numbers, and elements ---------------------------------------------------------


def _is_moderate(x: Any) -> bool:
    """Whether x is one of Python's complex numbers, of which no difference overflows."""
    return type(x) is complex and abs(x.real) + abs(x.imag) < 1e300


def _differ(inputs: Inputs, a: Any, b: Any, each: bool = False) -> bool:
    """Whether two tangents differ by more than rounding; infinities and nan are all the same.

    `each`: by that of each element itself, not of the largest.
    """
    kinds = [getattr(plain(x), "dtype", np.dtype(float)) for x in (a, b, *inputs.leaves)]
    floats = [np.finfo(kind) for kind in kinds if kind.kind in "fc"]
    near = max(1e-6, 2 * max((float(f.eps) for f in floats), default=0.0) ** 0.4)  # or 0.003
    least = max((float(f.tiny) for f in floats), default=0.0)  # below, digits are lost on the way
    if _is_moderate(a) and _is_moderate(b):
        size = max(abs(a), abs(b))
        return bool(abs(a - b) > near * size + near**2 * size + least)
    a, b = (np.asarray(plain(t)) for t in (a, b))
    if object in (a.dtype, b.dtype):  # numbers of mpmath
        size = max(abs(a[()]), abs(b[()]))
        return bool(abs(a[()] - b[()]) > near * size)
    if np.any(np.isfinite(a) != np.isfinite(b)):
        return True
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(a), np.abs(b))
        most = np.max(size, where=np.isfinite(size), initial=0)
        rounding = 0.0 if each else near**2 * most
        return bool(np.any(np.abs(a - b) > near * size + rounding + least))


# What the derivatives along the numbers from start to stop and along i times them give together.
Combine = Callable[[Inputs, int, int, list[Any], list[Any]], list[Any]]


def holomorphic(
    inputs: Inputs, start: int, stop: int, ones: list[Any], turned: list[Any]
) -> list[Any]:
    """The derivatives in complex numbers, as along 1; those along i are i times as large.

    Raises
    ------
    TypeError
        If they are not.
    """
    is_here = _are_complex(inputs, start, stop)
    if not is_here.any():
        return ones
    for one, other in zip(ones, turned, strict=True):
        if not is_here.all():  # of several directions, which are in front
            one, other = one[is_here], other[is_here]
        refuse_unless_holomorphic(inputs, one, other)
    return ones


def of_real_function(
    inputs: Inputs, start: int, stop: int, ones: list[Any], turned: list[Any]
) -> list[Any]:
    """The gradient of a real function of complex numbers x + iy: its slope in x − i·that in y."""
    is_here = _are_complex(inputs, start, stop)
    if not is_here.any():
        return ones
    return [one - 1j * other for one, other in zip(ones, turned, strict=True)]


def _are_complex(inputs: Inputs, start: int, stop: int) -> Any:
    """Which of these numbers are complex."""
    return np.repeat(inputs.are_complex, inputs.sizes)[start:stop]


def refuse_unless_holomorphic(inputs: Inputs, one: Any, turned: Any) -> None:
    """Compare the tangent of an output along i with i times that along 1.

    Raises
    ------
    TypeError
        If they are not the same.
    """
    with np.errstate(all="ignore"):
        as_one = 1j * one
    if _differ(inputs, turned, as_one):
        error = refused(
            f"{inputs.driver}: the function is not holomorphic here, for it uses abs, conj, the "
            "real part or the like of a complex argument, and so has no derivative in it; "
            "differentiate in the real and the imaginary part, or along a direction by jvp "
            "(grad takes real functions of complex arguments).",
            *inputs.leaves,
        )
        raise for_good(error)


class _Notes:
    """What has been found of functions, lifted or not, kept as long as they are as they were.

    What is not seen of them (numbers that they read, the course that other arguments give them) may
    change: what was found harmless is looked into again, at the 2nd, 4th, 8th … call.
    """

    def __init__(self) -> None:
        self._of: weakref.WeakKeyDictionary[Any, _Found] = weakref.WeakKeyDictionary()

    def have(self, f: Any, note: Any) -> bool:
        """Whether that was ever found."""
        return self._turns(f, note) is not None

    def last(self, f: Any, note: Any, since: int = 0) -> int:
        """For how many calls, with this, it is not looked into again, after so many since the last.

        0 if it is now.
        """
        turns = self._turns(f, note)
        return 0 if turns is None else turns.to_go(since)

    def add(self, f: Any, note: Any) -> None:
        made = made_of(f)
        if not made.is_whole:
            return
        with suppress(TypeError):
            found = self._of.get(made.f)
            if found is None or found.key != made.key:
                found = self._of[made.f] = _Found(made)
            if len(found.notes) >= MOST_LOOKS:
                found.notes.clear()
            found.notes.setdefault(note, _Turns()).take()

    def _turns(self, f: Any, note: Any) -> _Turns | None:
        try:
            found = self._of.get(itself(f))
        except (TypeError, ValueError):  # an f that has no hash, or no weak references
            return None
        if found is None or note not in found.notes:
            return None
        made = made_of(f)
        return found.notes[note] if made.is_whole and found.key == made.key else None


class _Turns:
    """Calls, of which the 1st, 2nd, 4th, 8th … is looked into."""

    __slots__ = ("count", "next")

    def __init__(self) -> None:
        self.count, self.next = 0, 1

    def to_go(self, since: int) -> int:
        """How many calls are not, with this one, which counts; so many were since the last."""
        self.count += since
        if self.count + 1 >= self.next:
            return 0
        self.count += 1
        return self.next - self.count

    def take(self) -> None:
        """This one has been."""
        self.count += 1
        self.next = 2 * self.count


class _Found:
    """Notes of a function that is made of that."""

    def __init__(self, made: Made) -> None:
        self.key, self.codes = made.key, made.codes
        self.notes: dict[Any, _Turns] = {}


# Functions that left the elements of arrays where they were when they were run last, by their code.
_apart: weakref.WeakKeyDictionary[Any, bool] = weakref.WeakKeyDictionary()


def keeps_apart(f: Any) -> bool:
    """Whether f did not put elements of arrays together when it was run last.

    That says nothing for sure of the next run, in which it is seen: only whether it is worth while
    to go along a second direction at once.
    """
    g = itself(f)
    if isinstance(g, np.ufunc) and g.signature is None:
        return True
    with suppress(TypeError):  # an f that has no hash, or no weak references
        return _apart.get(code_of(g) or g, False)
    return False


def note_apart(f: Any, is_apart: bool) -> None:
    """Note how that was."""
    g = itself(f)
    with suppress(TypeError):
        _apart[code_of(g) or g] = is_apart


def has_directions(outputs: Outputs) -> bool:
    """Whether a pass went along several directions."""
    pairs = zip(outputs.values, outputs.tangents, strict=True)
    return any(len(shape_of(t)) > len(shape_of(value)) for value, t in pairs if t is not None)


def weights(x: Any) -> Any:
    """A direction in which no two elements go along, of the shape and type of an array."""
    golden = np.modf(np.arange(1, np.size(x) + 1) * 0.6180339887498949)[0]
    return (1 + golden).reshape(np.shape(x)).astype(plain(x).dtype)


def along_both(x: Any) -> Any:
    """Two directions of an array: along ones and along the weights."""
    return laid_out_like(plain(x), np.stack([np.ones_like(plain(x)), weights(x)]))


def refuse_unless_elementwise(
    inputs: Inputs,
    x: Any,
    ones: list[Any],
    weighted: list[Any],
    along: Callable[[list[Any]], list[list[Any]]],
) -> None:
    """Compare the tangents along the weights with the weights times those along ones.

    Where they differ, it may be by rounding alone, as in the second derivative of log(exp(x)). So
    then some elements move at a time, and the others must not: a zero tangent is not rounded.

    Parameters
    ----------
    inputs, x
        The call, and the argument that is looked at: its value.
    ones, weighted : list
        The tangents of each output.
    along : callable
        Takes directions of x, and gives the tangents for each.

    Raises
    ------
    ValueError
        If an element of an output depends on several of x.
    """
    pairs = zip(ones, weighted, strict=True)
    if any(_differ(inputs, t, weights(x) * one, each=True) for one, t in pairs):
        number = np.arange(np.size(x)).reshape(np.shape(x))
        bits = range(max(1, (np.size(x) - 1).bit_length()))  # in one of which two numbers differ
        some = [(number >> bit & 1) == side for bit in bits for side in (0, 1)]
        for moves, tangents in zip(
            some, along([weights(x) * moves for moves in some]), strict=True
        ):
            still = [np.where(moves, 0, plain(t)) for t in tangents]
            defined = [np.isfinite(plain(one)) for one in ones]
            if any(np.any(t[d] != 0) for t, d in zip(still, defined, strict=True)):
                raise ValueError(
                    "derivative of an array needs an elementwise function: in this one, an element "
                    "of the result depends on several elements that went in; use grad or jacobian."
                )


# -- the same function in every pass -------------------------------------------------------


class NotDeterministicError(ValueError):
    """A function gave other values in a later pass of the same call.

    Examples
    --------
    >>> from itertools import count
    >>> import numpy as np
    >>> from dualad import NotDeterministicError, jacobian
    >>> calls = count()
    >>> try:
    ...     jacobian(lambda x: x * next(calls), chunk=1)(np.ones(2))
    ... except NotDeterministicError as error:
    ...     print(str(error)[:43])
    jacobian: the function returned other value
    """

    __module__ = "dualad"  # as tracebacks and the reference have it


# How far values of two passes may be apart. Since Python 3.12, sum() adds floats with a
# compensation that it does not have for duals, unless the code is lifted; and which numbers are
# duals differs from pass to pass.
UNLIFTED = 0.0 if sys.version_info < (3, 12) else 1e-4
ELSEWHERE = 1e-9  # by other machines, whose functions round otherwise


def refuse_unless_same(
    inputs: Inputs, first: Outputs, later: Outputs, is_elsewhere: bool = False
) -> None:
    """Compare the values of two passes, bit for bit unless there is a tolerance.

    Parameters
    ----------
    inputs : Inputs
        The call.
    first, later : Outputs
        Of the two passes.
    is_elsewhere : bool
        Whether other machines may have run them.

    Raises
    ------
    NotDeterministicError
        If there is a difference.
    """
    _refuse_unless_alike(first, later)
    is_lifted = type(inputs.original) is Lifted and inputs.original.lift
    tolerance = 0.0 if is_lifted else UNLIFTED
    if is_elsewhere:
        tolerance = max(tolerance, ELSEWHERE)
    for one, other in zip(first.values, later.values, strict=True):
        if not _are_same(np.asarray(plain(one)), np.asarray(plain(other)), tolerance):
            raise NotDeterministicError(
                f"{first.driver}: the function returned other values in a later pass than in the "
                "first; it must do the same in every pass, without random numbers, counters or "
                "data that it modifies."
            )


def _refuse_unless_alike(first: Outputs, later: Outputs) -> None:
    """The same for shapes and keys."""
    shapes = [[shape_of(v) for v in outputs.values] for outputs in (first, later)]
    if shapes[0] != shapes[1]:
        raise NotDeterministicError(
            f"{first.driver}: the function returned other shapes in a later pass than in "
            "the first; it must do the same in every pass."
        )
    keys = [list(keys_of(outputs.structure)) for outputs in (first, later)]
    if keys[0] != keys[1]:
        raise NotDeterministicError(
            f"{first.driver}: the function returned a dict with other keys in a later pass than in "
            "the first, or with these in another order; it must do the same in every pass."
        )


def refuse_unless_steady(inputs: Inputs, first: Outputs | None, has_aux: bool = False) -> None:
    """Ask of a function that is to be run again, another way, whether it gives the same again.

    That is asked at the 1st, 2nd, 4th, 8th … time, and only of one that may keep something.

    Parameters
    ----------
    first : Outputs or None
        What it has given; None if it has not come so far.

    Raises
    ------
    NotDeterministicError
        If it gives something else for plain numbers.
    """
    f = inputs.made
    if IS_LOOKING.get() or not may_keep(f) or not _keeps_nothing.is_due("again", f, inputs.leaves):
        return
    with looking(inputs):
        try:
            later = plain_outputs(inputs, inputs.leaves, has_aux)
            first = first or plain_outputs(inputs, inputs.leaves, has_aux)
        except Exception:  # the other way will say so
            return
    refuse_unless_same(inputs, first, later, is_elsewhere=True)  # drivers in f may go other ways
    _keeps_nothing.add("again", f, inputs.leaves)


def refuse_unless_same_each_way(
    inputs: Inputs,
    first: tuple[Outputs, Callable[[], Outputs]],
    later: tuple[Outputs, Callable[[], Outputs]],
    is_elsewhere: bool,
) -> None:
    """Compare two passes of different kinds, in which drivers inside f may go other ways.

    These round otherwise, by little or, where terms cancel, by all there is. So where the values
    differ, each kind of pass has to repeat its own; the later one first, lest a function that
    alternates passes.

    Parameters
    ----------
    inputs : Inputs
        The call.
    first, later : tuple of Outputs and callable
        A pass, and what runs it again.
    is_elsewhere : bool
        Whether other machines may have run the later one.

    Raises
    ------
    NotDeterministicError
        If a pass gives other values when it is run again.
    """
    try:
        refuse_unless_same(inputs, first[0], later[0], is_elsewhere)
    except NotDeterministicError:
        _refuse_unless_alike(first[0], later[0])
        for outputs, run_again in (later, first):
            refuse_unless_same(inputs, outputs, run_again(), is_elsewhere)


def _are_same(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two arrays are equal, nan where nan is; or to a tolerance."""
    if np.all((one == other) | ((one != one) & (other != other))):
        return True
    if not tolerance or one.dtype.kind not in "fc":
        return False
    largest = np.max(abs(one[np.isfinite(one)]), initial=0)
    return bool(np.allclose(one, other, tolerance, tolerance * largest, True))


# -- refusals that were swallowed ----------------------------------------------------------

Evaluate = Callable[[list[Any]], Outputs]  # a pass from other points


def refuse_unless_plain(
    inputs: Inputs, seeds: list[Any], outputs: Outputs, has_aux: bool, evaluate: Evaluate
) -> bool:
    """Compare what f gives for duals with what it gives for plain numbers, here and nearby.

    The outputs get the values that it gives for plain numbers here. Returns whether they had them,
    to the last bit, here and nearby.

    Raises
    ------
    TypeError
        If there is a difference that is more than rounding.
    """
    is_same = _compare(inputs, inputs.leaves, outputs, has_aux)
    for direction in _directions(inputs, seeds):
        for sign in (1, -1):
            with suppress(_Elsewhere):
                points = [
                    x if d is None else _moved(x, d, sign)
                    for x, d in zip(inputs.leaves, direction, strict=True)
                ]
                is_same &= _compare(inputs, points, _tried(evaluate, points), has_aux)
                break
    return is_same


def _tried(evaluate: Callable[[Any], Outputs], given: Any) -> Outputs:
    try:
        return evaluate(given)
    except Exception as error:
        raise _Elsewhere from error


class Differentiation:
    """A level, open while f runs in this context; an error of f is told that duals may be why.

    Attributes
    ----------
    level : int
        The level.
    why : Doubt
        What makes the outputs doubtful (`gravest_doubt`), when f is done.
    """

    __slots__ = ("_driver", "level", "why")

    def __init__(self, driver: str) -> None:
        self._driver = driver

    def __enter__(self) -> Self:
        self.level = open_level()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.why = gravest_doubt(self.level)
        if isinstance(error, Exception):
            has_objects = is_noted(self.level, "objects")
            tell(self._driver, error, "objects" if has_objects else self.why)
        close_level(self.level)
        MIXING.pop(self.level, None)


def tell(driver: str, error: Exception, why: str) -> None:
    """Add to an error of f that it may come of duals in code that does not take them."""
    if tell_of_foreign(driver, error, why == "objects"):
        return
    if why == "objects":
        error.add_note(
            f"{driver}: NumPy made an array of objects of duals, which not all of its functions "
            "take; make arrays by np.stack([x, y]), or in lifted code, and write x for "
            "np.asarray(x)."
        )
    elif why.startswith(("error", "hash")) and not is_refusal(error):
        error.add_note(
            f"{driver}: before this error, f caught another one, by which a dual refused to lose "
            "its derivative (as a key of a dict, for example). It may have gone on otherwise than "
            "with plain numbers; write getattr(x, 'primal', x) there."
        )


# -- values kept from earlier calls --------------------------------------------------------


_EVER = sys.maxsize
_SEARCHES = frozenset(("search", "many"))
LOSSES = ("error", "objects", "hash")  # reasons of `gravest_doubt` to compare with plain runs


def is_doubtful(why: Doubt, f: Any, leaves: Sequence[Any]) -> bool:
    """Whether `settle` is to look into the outputs of f, for a reason of `gravest_doubt`."""
    if not why.all or IS_LOOKING.get():
        return False
    f = made_of(f)
    _note_if_drawing(why, f)
    _doubt_if_by_key(why, f, leaves)
    if _is_grave(why, f, leaves):
        return True
    if "text" in why.all and may_have_read(f, leaves):
        raise_doubts(kept=False, read=True)
    return False


def harmless(f: Any) -> frozenset[str]:
    """The doubts that say nothing about outputs of f, for its code can do no harm.

    It keeps no values, or looks none up, or reads nothing from text.
    """
    f = made_of(f)
    can_harm = {
        "equal": may_keep(f),
        "near": may_keep(f),
        "step": may_keep(f, by_key=True),
        "text": may_read(f),
    }
    return frozenset(why for why, can in can_harm.items() if not can)


def _doubt_if_by_key(why: Doubt, f: Any, leaves: Sequence[Any]) -> None:
    """Raise the doubt that f has found a kept value by a key, whatever else is in doubt."""
    if "step" in why.all and may_keep(f, by_key=True) and _keeps_nothing.is_due("step", f, leaves):
        raise_doubts(kept=True, read=False)


def _is_grave(why: Doubt, f: Any, leaves: Sequence[Any]) -> bool:
    if why in ("objects", "hash") and is_like_plain(f, leaves):
        return False
    if why != "equal" or not _keeps_nothing.is_due(why, f, leaves):
        return why in LOSSES
    if may_keep(f):
        return True
    _keeps_nothing.add(why, f, leaves)
    return False


def note_looked_into(why: Doubt, f: Any, leaves: Sequence[Any]) -> None:
    """Nothing was found of what makes outputs doubtful."""
    if "equal" in why.all:
        _keeps_nothing.add(why, f, leaves)
    _note_found(why, f, leaves, is_partial=False)


def _note_found(why: Doubt, f: Any, leaves: Sequence[Any], is_partial: bool) -> None:
    """The same of comparisons."""
    if "near" in why.all:
        _keeps_nothing.add("near", f, leaves)
    if not _SEARCHES.isdisjoint(why.all):
        _searches_nothing.add(_places_of(why, is_partial), f, leaves)


def _places_of(why: Doubt, is_partial: bool) -> frozenset[Any]:
    return frozenset((*why.searches, is_partial))


def is_searching(why: Doubt, f: Any, leaves: Sequence[Any], is_partial: bool = False) -> bool:
    """Whether f may search for its result, so that `settle` compares slopes with differences.

    `is_partial`: there are derivatives of higher orders, which are looked into by themselves.
    """
    return not searches_passed(why, f, leaves, 0, is_partial)


def searches_passed(
    why: Doubt, f: Any, leaves: Sequence[Any], passed: int = 0, is_partial: bool = False
) -> int:
    """In how many calls, with this one, that is passed over, as it was in so many before; or 0."""
    if _SEARCHES.isdisjoint(why.all) or IS_LOOKING.get():
        return _EVER
    return _searches_nothing.to_go(_places_of(why, is_partial), f, leaves, passed)


def may_begin_near(why: Doubt, f: Any, leaves: Sequence[Any]) -> bool:
    """Whether f may have begun with what it has kept, and found that near enough."""
    if "near" not in why.all or IS_LOOKING.get() or _IS_BEGUN_WHERE_IT_ENDED.get():
        return False
    f = made_of(f)
    return may_keep(f) and _keeps_nothing.is_due("near", f, leaves)


def may_have_read(f: Any, leaves: Sequence[Any]) -> bool:
    """Whether f may read numbers from the text of duals, and has not been looked into.

    Of what has been drawn it may read numbers in many ways.
    """
    can_read = may_read(f) or _draws.have(f, DRAWN)
    return can_read and not _reads_nothing.last(f, _shapes(leaves))


def _note_if_drawing(why: Doubt, f: Any) -> None:
    if DRAWN in why.all:
        _draws.add(f, DRAWN)


# Whether f is run again from what its first run has kept: that it finds near enough.
_IS_BEGUN_WHERE_IT_ENDED = ContextVar("_IS_BEGUN_WHERE_IT_ENDED", default=False)


@contextmanager
def begun_where_it_ended() -> Iterator[None]:
    """f is run again by drivers that are to look into it."""
    before = _IS_BEGUN_WHERE_IT_ENDED.set(True)
    try:
        yield
    finally:
        _IS_BEGUN_WHERE_IT_ENDED.reset(before)


class _WhileLooking:
    """For a filter of warnings: what matches while this thread looks into a result."""

    def match(self, _text: str) -> bool:
        return IS_LOOKING.get()


_SILENT = ("ignore", _WhileLooking(), Warning, None, 0)


forget_places: Callable[[], None] = KERNEL.forget_places if KERNEL else lambda: None


@contextmanager
def kept_as_it_is(inputs: Inputs) -> Iterator[None]:
    """What f keeps is then what it was before."""
    made = inputs.made
    kept = State(made.f, *made.given)
    forget_places()  # where it has searched, for that is to be noted now,
    try:
        yield
    finally:
        kept.put_back()
        forget_places()  # and after it


@contextmanager
def looking(inputs: Inputs) -> Iterator[None]:
    """While a result is looked into, f is called where the user has not.

    So it is without its warnings, and what f keeps is then what it was before.
    """
    before = IS_LOOKING.set(True)
    # The filters are those of all threads, which catch_warnings would take away.
    filters: Any = warnings.filters
    filters.insert(0, _SILENT)
    try:
        with kept_as_it_is(inputs):
            yield
    finally:
        with suppress(ValueError):  # somebody has put other filters there
            filters.remove(_SILENT)
        IS_LOOKING.reset(before)


def settle(
    why: Doubt,
    inputs: Inputs,
    seeds: Sequence[Any],
    outputs: Outputs,
    has_aux: bool,
    forward: Callable[[Inputs], Outputs],
    likewise: Callable[[Inputs], Outputs] | None = None,
    slopes: Callable[[], Picked | None] | None = None,
    has_more: bool = False,
) -> None:
    """Look into outputs if they are doubtful.

    Parameters
    ----------
    forward : callable
        Makes a pass forward with these seeds.
    likewise : callable, optional
        Evaluates f as for these outputs, if that was not a pass forward.
    slopes : callable, optional
        Finds the slopes of these outputs along the seeds, if that was not a pass forward: another
        one begins where this run of f has ended.
    has_more : bool
        Whether there are derivatives of higher orders, which are looked into by themselves.

    Raises
    ------
    TypeError
        If they are not what plain numbers give, or f has returned a value kept from earlier.
    """
    if not why.all or IS_LOOKING.get():
        return
    f = inputs.made
    _note_if_drawing(why, f)
    _doubt_if_by_key(why, f, inputs.leaves)
    is_grave = _is_grave(why, f, inputs.leaves)
    is_read = "text" in why.all and may_have_read(f, inputs.leaves)
    is_partial = has_more or any(x is not plain(x) for x in inputs.leaves)
    is_search = is_searching(why, f, inputs.leaves, is_partial)
    is_search = is_search or may_begin_near(why, f, inputs.leaves)
    if not (is_grave or is_read or is_search):
        return
    if why == "objects" and _is_to_be_lifted(inputs):
        error = TypeError(f"{inputs.driver}: the function makes arrays of objects of duals.")
        tell(inputs.driver, error, why)
        raise error

    def evaluate(points: list[Any]) -> Outputs:
        moved = copy.copy(inputs)
        moved.leaves = points
        return (likewise if likewise and why in LOSSES else forward)(moved)

    with looking(inputs):
        if is_grave and why != "error" and _rounds.last(f, _shapes(inputs.leaves)):
            _compare(inputs, inputs.leaves, outputs, has_aux)
        elif is_grave and why in LOSSES:
            is_same = refuse_unless_plain(inputs, list(seeds), outputs, has_aux, evaluate)
            if why == "error" and not is_read:  # else it is compared below
                with suppress(_Elsewhere):
                    of_forward = _tried(forward, inputs) if likewise else outputs
                    refuse_if_swallowed(inputs, seeds, of_forward, has_aux)
            note_like_plain(inputs, is_same)
        elif is_grave:
            refuse_if_kept(inputs, evaluate)
            _keeps_nothing.add(why, f, inputs.leaves)
        if is_read and likewise:
            raise_doubts(kept=False, read=True)
        elif is_read:
            refuse_if_read(inputs, seeds, outputs, has_aux)
        if is_search:
            picked = slopes() if slopes else None
            if picked is None:
                picked = Picked(forward(inputs) if likewise else outputs)
            if refuse_if_searched(why, inputs, seeds, picked, has_aux):
                _note_found(why, f, inputs.leaves, is_partial)


def settle_orders(
    why: Doubt, inputs: Inputs, of_slopes: Inputs, seeds: Sequence[Any], outputs: Outputs
) -> None:
    """The same of derivatives as outputs, with those of the next orders, after a search.

    `of_slopes`: the call of a function that gives them, which is made of that of the inputs.
    """
    if is_searching(why, inputs.made, inputs.leaves):
        with looking(inputs):
            refuse_if_searched(why, of_slopes, seeds, Picked(outputs), False)
        _note_found(why, inputs.made, inputs.leaves, is_partial=False)


def _is_to_be_lifted(inputs: Inputs) -> bool:
    """Whether the driver runs f lifted after an error, which makes arrays of numbers of lists."""
    is_lifted = type(inputs.original) is Lifted
    code = code_of(inputs.original)
    if code is not None and is_ours(code.co_filename):
        return False  # of a driver, which does not run it again
    return not is_lifted and inputs.driver in _LIFTING and needs_lift_after_all(inputs.original)


# Drivers that lift what has failed as it is.
_LIFTING = frozenset(
    (
        *("derivative", "grad", "value_and_grad", "jacobian", "hessian", "jvp", "vjp", "hvp"),
        *("taylor", "sparsity"),
    )
)


def refuse_if_read(inputs: Inputs, seeds: Sequence[Any], outputs: Outputs, has_aux: bool) -> None:
    """Compare the derivatives with differences of plain calls, where f may read text of duals.

    What f reads so, from a file or from the answer of another program, too, moves in a plain call
    and has no derivative.

    Raises
    ------
    TypeError
        If they settle on something else.
    """
    compared = _Beside(inputs, seeds, outputs, has_aux).settled_otherwise()
    if compared:
        does = "draws a dual" if _draws.have(inputs.made, DRAWN) else "turns a dual into text"
        error = refused(
            f"{inputs.driver}: the function {does}, and its values move "
            f"otherwise than its derivative: by {compared[0]}, not {compared[1]}; so it reads a "
            "number from there, where its derivative is lost. Hand on x itself, or give what "
            "reads it a derivative with dualad.define_rule.",
            *inputs.leaves,
        )
        raise for_good(error)
    if compared is not None:
        _reads_nothing.add(inputs.made, _shapes(inputs.leaves))


def refuse_if_swallowed(
    inputs: Inputs, seeds: Sequence[Any], outputs: Outputs, has_aux: bool
) -> None:
    """The same where f has caught a refusal, and gone on to the same values with another slope.

    Raises
    ------
    TypeError
        If differences of plain calls settle on something else.
    """
    if compared := _Beside(inputs, seeds, outputs, has_aux).settled_otherwise():
        raise refused(
            f"{inputs.driver}: the function caught an error by which a dual had refused to lose "
            f"its derivative, and its values move by {compared[0]} with plain numbers, not by "
            f"{compared[1]}; let that error pass, whose message says what to write instead.",
            *inputs.leaves,
        )


def refuse_if_searched(
    why: Doubt, inputs: Inputs, seeds: Sequence[Any], picked: Picked, has_aux: bool
) -> bool:
    """The same where f may have found its result by comparisons, which have no derivative.

    Whether that was seen to lose nothing: where neither the values nor their derivatives move, as
    where a search is too coarse for it, nothing is seen.

    Where these came nearer and nearer, the differences are wide, too: such a search may have ended
    far from what it was looking for. Where they were but many, wide ones would take a sum of many
    steps for a slope. f may also have begun and ended with what an earlier call has found, near
    enough: plain values that stay where they are say nothing then, for they begin there, too.

    Raises
    ------
    TypeError
        If differences of plain calls settle on something else.
    """
    beside = _Beside(inputs, seeds, picked.outputs, has_aux, picked.of)
    only_many, only_near = "search" not in why.all, _SEARCHES.isdisjoint(why.all)
    has_moved = only_near
    widths = (1.0, 8.0) if only_many and not only_near else (1.0, 8.0, 32.0, 256.0)
    for far in (*widths, 640.0) if only_near else widths:
        try:
            is_alike, is_still = beside.moves_alike(far)
        except Exception:  # it is not defined there
            continue
        if is_alike and not is_still:
            return True
        has_moved = has_moved or not is_still
        if not is_alike and (compared := beside.settled_otherwise(far, only_near)):
            does = "begins with a value that it has kept, which is near enough"
            if not only_near:
                does = "searches for its result by comparisons, as bisection does"
            error = refused(
                f"{inputs.driver}: the function {does}, and its values move by {compared[0]}, not "
                f"by {compared[1]} as the derivative says; end with a step of Newton's method (two "
                "for a second derivative), or let brentq or minimize_scalar of "
                "dualad.scipy.optimize do it.",
                *inputs.leaves,
            )
            raise for_good(error)
    return has_moved


class Picked(NamedTuple):
    """Outputs that are looked into: all that f gives, or some elements of it.

    Attributes
    ----------
    outputs : Outputs
        With tangents along the seeds.
    of : callable
        Picks such values out of all that f gives.
    """

    outputs: Outputs
    of: Callable[[list[Any]], list[Any]] = list


class _Beside:
    """Derivatives beside differences of plain calls, along one direction."""

    def __init__(
        self,
        inputs: Inputs,
        seeds: Sequence[Any],
        outputs: Outputs,
        has_aux: bool,
        picked: Callable[[list[Any]], list[Any]] = list,
    ) -> None:
        self._inputs, self._has_aux, self._picked = inputs, has_aux, picked
        self._along, self._mixture = _mixture(inputs, seeds)
        self._here = [np.asarray(plain(v)) for v in outputs.values]
        self._tangents = [
            _mixed(tangent, self._mixture, y)
            for tangent, y in zip(outputs.tangents, self._here, strict=True)
        ]
        self._known: dict[float, list[_Difference]] = {}

    def moves_alike(self, far: float) -> tuple[bool, bool]:
        """Whether values move as derivatives say, so far; whether neither of them do."""
        differences = self._differences(far)
        pairs = [(t, y.slope, y.noise) for t, y in zip(self._tangents, differences, strict=True)]
        is_alike = all(np.all(abs(t - w) <= ALIKE * abs(w) + noise) for t, w, noise in pairs)
        return is_alike, not any(np.any(t) or np.any(abs(w) > noise) for t, w, noise in pairs)

    def settled_otherwise(
        self, far: float = 1.0, if_they_move: bool = False
    ) -> tuple[str, ...] | None:
        """On what differences settle, and the derivative, if that is something else.

        Nothing if they agree; None where f is not defined nearby. Differences that do not settle,
        as at a jump or a kink, say nothing. `far`: how wide they are.
        """
        try:
            tried = [self._differences(part) for part in (far, 0.5 * far, 0.01 * far)]
        except Exception:  # it is not defined there, or in other numbers
            return None
        for got, wide, narrow, narrowest in zip(self._tangents, *tried, strict=True):
            slope = narrow.slope
            apart = abs(wide.slope - slope) + abs(narrowest.slope - slope)
            alike = NO_LOSS if if_they_move else ALIKE
            most = alike * np.maximum(abs(got), abs(slope)) + wide.noise + 3 * apart
            settles = abs(wide.slope - slope) + narrow.bend <= 0.1 * abs(slope) + wide.noise
            settles &= abs(narrowest.slope - slope) <= 0.1 * abs(slope) + narrowest.noise
            if if_they_move:
                settles &= abs(slope) > narrow.noise
            if np.any((abs(got - slope) > most) & settles):
                # of one direction, its own slope is told
                size = self._mixture if self._mixture.ndim == 0 else 1.0
                return tuple(reprlib.repr(np.asarray(x / size).tolist()) for x in (slope, got))
        return ()

    def _differences(self, part: float) -> list[_Difference]:
        """The difference of each output, over so wide a step to both sides."""
        if part not in self._known:
            values = [self._values_at(sign * part) for sign in (1, -1)]
            width = 2 * part * STEP
            self._known[part] = [
                _Difference((a - b) / width, _rounding(a, b) / width, abs(a - 2 * y + b) / width)
                for a, y, b in zip(values[0], self._here, values[1], strict=True)
            ]
        return self._known[part]

    def _values_at(self, far: float) -> list[Any]:
        points = [
            plain(x) if d is None else _further(plain(x), far * plain(d) * STEP)
            for x, d in zip(self._inputs.leaves, self._along, strict=True)
        ]
        outputs = plain_outputs(self._inputs, points, self._has_aux)
        return [np.asarray(plain(v)) for v in self._picked(outputs.values)]


class _Difference(NamedTuple):
    """A difference of an output."""

    slope: Any
    noise: Any  # its rounding error
    bend: Any  # how its two sides differ


def _mixture(inputs: Inputs, seeds: Sequence[Any]) -> tuple[list[Any], Any]:
    """A direction of a pass, and the weights by which it is made of those of the seeds.

    In it no input moves by more than in proportion to itself: f may not be defined further off.
    """
    sizes = []
    for x, seed in zip(inputs.leaves, seeds, strict=True):
        if seed is not None:
            here, along = np.abs(plain(x)), np.abs(plain(seed))
            with np.errstate(all="ignore"):
                size = np.where((along > 0) & (here > 0) & (here < np.inf), here / along, np.inf)
            sizes.append(np.min(size, axis=tuple(range(-np.ndim(here), 0)), initial=np.inf))
    size = np.minimum.reduce(sizes)
    mixed = np.where(size < np.inf, size, 1.0)
    if mixed.ndim == 0:
        return [None if s is None else s * mixed[()] for s in seeds], mixed
    mixed = mixed * weights(mixed)
    return [None if s is None else np.tensordot(mixed, s, 1) for s in seeds], mixed


def _mixed(tangent: Any, mixture: Any, like: Any) -> Any:
    """The tangent along a mixture."""
    if tangent is None:
        return np.zeros(np.shape(like))
    return np.tensordot(mixture, np.asarray(plain(tangent)), mixture.ndim)


def _rounding(a: Any, b: Any) -> Any:
    """How far two values may be from what they would be without rounding, within f, too."""
    eps = np.finfo(a.dtype).eps if a.dtype.kind in "fc" else 2.0**-52
    return 500 * float(eps) * np.maximum(abs(a), abs(b))


def refuse_if_kept(inputs: Inputs, evaluate: Evaluate) -> None:
    """Look whether plain calls leave values that f returns for duals.

    The derivatives here are compared before and after a plain call elsewhere: a function may keep
    its last value. If it keeps more than one, a plain call at a point where it has not been called
    yet changes its derivatives there.

    Raises
    ------
    TypeError
        If they do.
    """
    before = evaluate(inputs.leaves)
    _is_called(inputs, _nearby(inputs, 2))
    after = evaluate(inputs.leaves)
    nearby = (_nearby(inputs, side) for side in (1, -1))
    if _are_others(inputs, inputs.leaves, evaluate, before.tangents, after.tangents) or any(
        _keeps_at(inputs, points, evaluate) for points in nearby
    ):
        _is_called(inputs, _nearby(inputs, 2))  # no dual stays in its cache
        raise _kept(inputs)


def _kept(inputs: Inputs) -> TypeError:
    return refused(
        f"{inputs.driver}: the function recognised its argument from an earlier call and "
        "returned a cached value, which has no derivative; recompute it, or skip the cache "
        "where isinstance(x, dualad.Dual).",
        *inputs.leaves,
    )


def _keeps_at(inputs: Inputs, points: list[Any], evaluate: Evaluate) -> bool:
    """Whether the derivatives at a new point become others by a plain call there."""

    def derivatives() -> list[Any] | None:
        try:
            return evaluate(points).tangents
        except Exception as error:  # it is not defined there, or a dual has stayed in its cache
            if is_refusal(error) and _is_to_be_lifted(inputs):
                raise  # to the driver, which lifts it
            return None

    if (first := derivatives()) is None:  # unless it is by a plain call that there are some
        return _is_called(inputs, points) and derivatives() is not None
    if not _is_called(inputs, points) or (second := derivatives()) is None:
        return True
    return _are_others(inputs, points, evaluate, first, second)


def _are_others(
    inputs: Inputs, points: list[Any], evaluate: Evaluate, before: Any, after: Any
) -> bool:
    """Whether a plain call between two passes has changed the tangents.

    Where a third pass gives neither, as with random numbers, it was not the plain call.
    """
    if _are_same_tangents(inputs, before, after):
        return False
    try:
        third = evaluate(points).tangents
    except Exception:  # a dual has stayed in its cache
        return True
    return any(_are_same_tangents(inputs, one, third) for one in (before, after))


def _are_same_tangents(inputs: Inputs, some: Sequence[Any], others: Sequence[Any]) -> bool:
    """Whether two passes have given the same tangents."""
    for a, b in zip(some, others, strict=True):
        if a is None or b is None:
            if not (_is_zero(a) and _is_zero(b)):
                return False
        elif a is not b and _differ(inputs, a, b):
            return False
    return True


_turns = itertools.count(1)


def _nearby(inputs: Inputs, far: float) -> list[Any]:
    """A point near that of a call, which is another one each time."""
    far *= 1 + next(_turns) * 0.6180339887498949 % 1
    along = [weights(x) if np.ndim(x) else 1.0 for x in inputs.leaves]
    return [_moved(plain(x), d, far) for x, d in zip(inputs.leaves, along, strict=True)]


def _is_called(inputs: Inputs, points: list[Any]) -> bool:
    """Call f with plain numbers; whether it is defined there."""
    try:
        inputs.call([own(x) for x in points])
        return True
    except Exception:
        return False


Derive = Callable[[list[Any]], Any]  # what a driver gives at other points


def refuse_if_found_by_key(inputs: Inputs, result: Any, derive: Derive) -> None:
    """Look whether f has found a kept value by what it made of a dual: a text or a rounded number.

    If it keeps values, a plain call at a point where it has not been called yet changes what is
    derived there. Then the result must lie between what is derived at two such points, or come
    to lie there as these come nearer.

    Raises
    ------
    TypeError
        If it does not.
    """
    f, shapes = inputs.made, _shapes(inputs.leaves)
    if IS_LOOKING.get() or not may_keep(f, by_key=True):
        return
    is_known = _keeps_by_key.have(f, shapes)
    if not (is_known or _keeps_nothing.is_due("step", f, inputs.leaves)):
        return
    with looking(inputs), np.errstate(all="ignore"):
        try:
            is_keeping = _found_by_key(inputs, result, derive, is_known)
        finally:
            _is_called(inputs, _nearby(inputs, 2))  # no dual stays in a cache of the last value
        if is_keeping:
            _keeps_by_key.add(f, shapes)
        else:
            _keeps_nothing.add("step", f, inputs.leaves)


def _found_by_key(inputs: Inputs, result: Any, derive: Derive, is_keeping: bool) -> bool:
    """Whether f keeps values by a key; TypeError if the result has been found so."""
    start = fresh_level()
    for far in (3, 200):  # keys may be rounded to some digits only
        there = _nearby(inputs, far)
        opposite = [2 * plain(x) - p for x, p in zip(inputs.leaves, there, strict=True)]
        around: list[_Side] = []
        for points in (there, opposite):
            try:
                first = _derived(derive, points)
                if first is None and not _gives_older(inputs, points, start):
                    raise _kept(inputs)  # it cannot be called twice there, and was so here
                is_keeping = is_keeping or first is None or _changes(inputs, points, first, derive)
            except _Elsewhere:
                if _comes_by_calling(inputs, points, derive):
                    raise _kept(inputs) from None
                continue
            if first is None or not is_keeping:
                break
            around.append((points, first))
        else:
            if around and not _fits(inputs, _numbers(result), derive, around, 2 * far * STEP):
                raise _kept(inputs)
            if around:
                break
    return is_keeping


def _derived(derive: Derive, points: list[Any]) -> list[Any] | None:
    """The numbers that a driver gives; None if f returns a dual that it has kept."""
    try:
        return _numbers(derive(points))
    except Exception as error:
        if is_of_kept(error):
            return None
        raise _Elsewhere from error


def _gives_older(inputs: Inputs, points: list[Any], start: int) -> bool:
    """Whether f gives for plain numbers a dual that was kept before a level."""
    try:
        y = inputs.call([own(x) for x in points])
    except Exception as error:
        return is_of_kept(error)  # where f is a driver itself
    return any(level < start for x in leaves(y) for level in levels_in(x))


def _comes_by_calling(inputs: Inputs, points: list[Any], derive: Derive) -> bool:
    """Whether it is by a plain call there that something can be derived."""
    try:
        return _is_called(inputs, points) and _derived(derive, points) is not None
    except _Elsewhere:
        return False


def _numbers(result: Any) -> list[Any]:
    each = [x.toarray() if hasattr(x, "toarray") else x for x in leaves(result)]
    arrays = [np.asarray(plain(x)) for x in each if is_operand(x)]
    return [x if x.dtype.kind in "fc" else x.astype(complex) for x in arrays]


def _changes(inputs: Inputs, points: list[Any], first: list[Any], derive: Derive) -> bool:
    """Whether a plain call there changes what is derived, and that not from call to call."""
    if not _is_called(inputs, points):
        raise _Elsewhere
    second = _derived(derive, points)
    if second is None:
        return True
    if _are_alike(inputs, first, second):
        return False
    third = _derived(derive, points)
    return third is None or _are_alike(inputs, third, first) or _are_alike(inputs, third, second)


def _are_alike(inputs: Inputs, some: list[Any], others: list[Any]) -> bool:
    if [x.shape for x in some] != [x.shape for x in others]:
        return False
    return not any(_differ(inputs, a, b) for a, b in zip(some, others, strict=True))


def _fits(
    inputs: Inputs, result: list[Any], derive: Derive, around: list[_Side], far: float
) -> bool:
    """Whether a result is about the mean of what is derived on one side, or two, so far away.

    Where f is curved that cannot be told, or only from nearer: the difference shrinks by and by,
    while what is lost stays away, or is gone all at once where f finds the same kept value.
    """
    off, most, is_vague = _off(result, around, far)
    is_out = is_out_at_first = off > most
    if not (is_out | is_vague).any():
        return True
    for _ in range(HALVINGS):
        try:
            nearer = _halfway(inputs, around[0], derive)
            was_off = _off(result, around[:1], far)[0]
            moved = abs(_off(result, [nearer], far)[0] - was_off)
            if is_out.any() and np.all(moved <= STEADY * was_off, where=is_out):
                break
            around = [nearer, *(_halfway(inputs, side, derive) for side in around[1:])]
        except _Elsewhere:
            break
        far, before, was_out = far / 2, off, is_out
        off, most, is_vague = _off(result, around, far)
        is_out = off > most
        if np.any(was_out & (off < before / SUDDEN)):
            return False
        if not (is_out | is_vague).any():
            with suppress(_Elsewhere):
                return all(_changes(inputs, *side, derive) for side in around)
            return False
    return not (is_out | is_out_at_first).any()


_Side = tuple[list[Any], list[Any]]  # a point nearby, and what is derived there
HALVINGS = 24
SUDDEN = 20  # of a smooth function, the difference shrinks by 2 or 4
STEADY = 3e-3  # what moves by less, relative to the difference, stays where it is
VAGUE = 0.05  # two sides that are further apart tell little


def _halfway(inputs: Inputs, side: _Side, derive: Derive) -> _Side:
    """The same for a point half as far away."""
    nearer = [(plain(x) + p) / 2 for x, p in zip(inputs.leaves, side[0], strict=True)]
    derived = _derived(derive, nearer)
    if derived is None or [x.shape for x in derived] != [x.shape for x in side[1]]:
        raise _Elsewhere
    return nearer, derived


def _off(result: list[Any], around: list[_Side], far: float) -> tuple[Any, Any, Any]:
    """How far numbers are from the mean of those around; how far they may be; if that is much."""
    near = 1e-3 + (3 * far**2 if len(around) == 2 else 20 * far)
    offs, most, vague = [np.zeros(0)], [np.zeros(0)], [np.zeros(0, bool)]
    for got, one, other in zip(result, around[0][1], around[-1][1], strict=False):
        if got.shape == one.shape == other.shape:
            with np.errstate(all="ignore"):
                size = np.maximum(abs(got), abs(one))
                largest = np.max(size, where=np.isfinite(size), initial=0)
                offs.append(np.ravel(abs(got - (one + other) / 2)))
                apart = 0.6 * abs(one - other)
                most.append(np.ravel(near * size + apart + 1e-9 * largest))
                vague.append(np.ravel(apart > VAGUE * size + 1e-9 * largest))
    return np.concatenate(offs), np.concatenate(most), np.concatenate(vague)


_keeps_by_key = _Notes()  # functions that were found to, with the shapes of what they were given


def _is_zero(tangent: Any) -> bool:
    """Whether a tangent is zero, or there is none; a recorded one is neither."""
    if tangent is None:
        return True
    number = plain(tangent)
    return isinstance(number, (float, complex, np.ndarray, np.generic)) and not np.any(number)


# Functions that make arrays of objects, with the shapes for which that was seen to lose nothing.
_like_plain = _Notes()
_rounds = _Notes()  # those whose values are then the plain ones but for rounding, or their type


_draws = _Notes()  # functions that draw duals
_reads_nothing = _Notes()  # functions that have been seen to read nothing from the text of duals


def _shapes(leaves: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(map(shape_of, leaves))


def is_like_plain(f: Any, leaves: Sequence[Any]) -> bool:
    """Whether `note_like_plain` has been called for this function and leaves of these shapes."""
    return bool(_like_plain.last(f, _shapes(leaves)))


def note_like_plain(inputs: Inputs, is_same: bool) -> None:
    """Remember that f has given the same for duals as for plain numbers, but for rounding or not.

    Sums of objects are rounded in another order than NumPy's own, and are numbers of Python's.
    """
    if any(x is not plain(x) for x in inputs.leaves):
        return  # inside nested derivatives other duals may have lost something, too
    (_like_plain if is_same else _rounds).add(inputs.made, _shapes(inputs.leaves))


_Why = str | frozenset[Any]  # the doubt, with the places of comparisons, or such places


class _Looks:
    """How often functions came to the same doubt, and nothing was found.

    The same is the code of the function and of what it is made of, the shapes that are given, and
    the places of the comparisons. What may change from call to call is met as the looks are
    repeated at the 2nd, 4th, 8th … doubt; and numbers that have not been there before, in closures
    or objects that have not, are looked into at once.
    """

    def __init__(self) -> None:
        self._of: dict[Any, _Look] = {}

    def is_due(self, why: _Why, f: Any, leaves: Sequence[Any]) -> bool:
        """Whether f is to be looked into; if not, that counts as found."""
        return not self.to_go(why, f, leaves)

    def to_go(self, why: _Why, f: Any, leaves: Sequence[Any], since: int = 0) -> int:
        """For how many calls it is not, with this one, after so many since the last; 0 if it is."""
        made = made_of(f)
        made.numbers = [_Numbers(*each) for each in made.numbers_now()]
        look = self._of.get(self._key(why, made, leaves)[0])
        return 0 if look is None or look.is_new(made) else look.turns.to_go(since)

    def add(self, why: _Why, f: Any, leaves: Sequence[Any]) -> None:
        """Nothing was found."""
        made = made_of(f)
        if not made.is_whole:
            return
        key, codes = self._key(why, made, leaves)
        if len(self._of) > MOST_LOOKS:
            self._of.clear()
        look = self._of.setdefault(key, _Look(codes))
        look.turns.take()
        look.meet(made)

    def _key(self, why: _Why, made: Made, leaves: Sequence[Any]) -> tuple[Any, list[Any]]:
        places = why.places if isinstance(why, Doubt) else {}
        at: frozenset[Any] = why if isinstance(why, frozenset) else frozenset()
        if places:
            own = code_of(made.f)  # by whatever it is called
            at = frozenset([p[:2] if _is_copy(c[0], own) else p for p, c in places.items() if c])
        key = str(why), made.key, at, _shapes(leaves)
        return key, [*made.codes, *places.values()]


def _is_copy(code: Any, of: Any) -> bool:
    """Whether code is of this function, lifted or not."""
    if code is of or of is None:
        return code is of
    same = code.co_firstlineno == of.co_firstlineno and code.co_name == of.co_name
    return same and bool(code.co_filename == of.co_filename)


class _Owner:
    """An object that is not kept alive, and is itself alone."""

    __slots__ = ("_id", "_of")

    def __init__(self, of: Any) -> None:
        self._id, self._of = id(of), weakref.ref(of)

    def __hash__(self) -> int:
        return self._id

    def __eq__(self, other: object) -> bool:
        of = self._of()
        return isinstance(other, _Owner) and of is not None and of is other._of()


class _Numbers:
    """What stands for the numbers of an object or a closure: None, or its owner is, if unknown."""

    __slots__ = ("numbers", "owner")

    def __init__(self, owner: Any, numbers: int | None) -> None:
        self.owner = None if owner is None else _Owner(owner)
        self.numbers = numbers


class _Look:
    """What was looked into: how often, with which numbers in which objects.

    The same object may have other numbers each time, as one that counts; that is met as the looks
    are repeated. Another object is looked into unless it has numbers that one had before.
    """

    def __init__(self, codes: list[Any]) -> None:
        self.turns = _Turns()
        self.codes = codes  # that its key is of
        self.owners: set[_Owner] = set()
        self.numbers: set[int] = set()

    def is_new(self, made: Made) -> bool:
        return not made.is_whole or not all(
            seen.numbers in self.numbers or seen.owner in self.owners for seen in made.numbers
        )

    def meet(self, made: Made) -> None:
        """Those that were there when it was asked: by the looks since then they may have moved."""
        if len(self.owners) > MOST_LOOKS or len(self.numbers) > MOST_LOOKS:
            self.owners.clear()
            self.numbers.clear()
        self.owners.update(seen.owner for seen in made.numbers if seen.owner is not None)
        self.numbers.update(seen.numbers for seen in made.numbers if seen.numbers is not None)


MOST_LOOKS = 1000
_keeps_nothing, _searches_nothing = _Looks(), _Looks()


class _Elsewhere(Exception):
    """A nearby point where f is not defined, or a pass for which it is not."""


def _compare(inputs: Inputs, points: list[Any], outputs: Outputs, has_aux: bool) -> bool:
    """Give outputs the values of the plain run; whether they had them, to the last bit."""
    try:
        first = plain_outputs(inputs, points, has_aux)
    except Exception as error:
        if points is not inputs.leaves:
            raise _Elsewhere from error
        raise
    mine, values, hidden = outputs.values, first.values, ""
    if list(map(shape_of, values)) == list(map(shape_of, mine)):
        pairs = list(zip(map(plain, mine), map(plain, values), strict=True))
        apart = [pair for pair in pairs if not _are_close(*pair)]
        if not apart and points is inputs.leaves:
            apart = [(a, b) for a, b in pairs if np.isinf(np.asarray(a, complex)).any()]
            hidden = ", an infinity that hides what else went into it"
        if not apart:
            is_same = all(itertools.starmap(are_identical, pairs))
            if all(x is plain(x) for x in inputs.leaves):  # they are not duals of an older level
                outputs.values, outputs.aux = values, first.aux
            return is_same
        got, wanted = map(reprlib.repr, apart[0])
    else:
        got, wanted = "other shapes", "others"
    later = plain_outputs(inputs, points, has_aux)
    refuse_unless_same(inputs, first, later)  # or no two calls are the same
    raise refused(
        f"{inputs.driver}: the function caught an error by which a dual had refused to lose its "
        "derivative, or NumPy made an array of objects of duals, and it went on to give "
        f"{got} where plain numbers give {wanted}{hidden}; let that error pass, whose message says "
        "what to write instead, and make arrays by np.stack([x, y]), or in lifted code.",
        *inputs.leaves,
    )


def plain_outputs(inputs: Inputs, points: Sequence[Any], has_aux: bool) -> Outputs:
    """What f gives for plain numbers."""
    y = inputs.call([own(plain(x)) for x in points])
    return Outputs(inputs.driver, y, fresh_level(), has_aux)


def are_identical(one: Any, other: Any) -> bool:
    """Whether two plain numbers or arrays are the same to the last bit, and of one type."""
    if type(one) is not type(other):
        return False
    if not isinstance(one, (float, complex, np.ndarray, np.generic)):
        return bool(one == other)
    a, b = np.asarray(one), np.asarray(other)
    return a.dtype == b.dtype and a.tobytes() == b.tobytes()


def _are_close(one: Any, other: Any) -> bool:
    return np.allclose(np.asarray(one, complex), np.asarray(other, complex), 1e-9, 0, True)


def _directions(inputs: Inputs, seeds: list[Any]) -> Iterator[list[Any]]:
    """The directions of a pass one by one, if they are not too many, and one along all of them."""
    counts = [
        len(s)
        for x, s in zip(inputs.leaves, seeds, strict=True)
        if len(shape_of(s)) > len(shape_of(x))
    ]
    if not counts:
        yield seeds
        return
    for j in range(min(counts[0], NEARBY)):
        yield [None if s is None else s[j] for s in seeds]
    mixed = weights(np.empty(counts[0]))
    yield [None if s is None else np.tensordot(mixed, s, 1) for s in seeds]


def _moved(x: Any, direction: Any, far: float) -> Any:
    """x, some small steps further; what is infinite stays, and what is Python's stays so."""
    with np.errstate(all="ignore"):
        size: Any = abs(plain(x))
        if isinstance(size, np.ndarray):
            size = np.where((size > 0) & (size < np.inf), size, 1)
            return x + far * direction * (size / int(1 / STEP))  # which may be near overflow
        size = size if 0 < size < np.inf else 1
        return _further(x, far * direction * (size / int(1 / STEP)))


def _further(x: Any, step: Any) -> Any:
    """x + step, of the kind of x: one of Python's has another text than one of NumPy's."""
    return x + (step if isinstance(plain(x), np.ndarray) else as_slope(step, x))
