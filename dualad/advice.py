"""What to say where code that lifting does not reach has not taken a dual.

Its error is its own, and knows nothing of dualad: a note says whose call it was, and what helps.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import numpy as np

from .array.operands import ArrayProxy
from .array.undefined import NonDifferentiableError
from .dual import Dual
from .frames import expression_at, is_ours
from .lifting.lift import is_left_alone, is_twin
from .looks import is_holder
from .refusals import LOST, NAMED, UNLIFTED, is_index_refused

# How functions in C say that they know a number only by its type, or an array by its dtype.
_WORDS = (
    *("Dual", "Buffer", "not a float", "'object'", "dtype('O')", "dtype object", "ObjectDType"),
    *("object array", "unsupported data types", "non-numeric", "not supported for the input types"),
    "unmarshallable",
    *("TypeError: wrong type", "Don't know how to convert parameter"),  # ctypes
)
_HELP = {
    "scipy": "take the function of that name from dualad.scipy if it is there, write it in NumPy's "
    "functions, or give it a derivative with dualad.define_rule",
    "numpy.ma": "take the elements that are left, as in x[~mask], for a masked array",
    "numpy.linalg": "make its argument by np.array(…) in lifted code, or by np.stack(…), and not "
    "by np.matrix(…), which holds objects",
    "numpy.matrix": "make an array, np.array(…), for np.matrix(…), and write a @ b for its a * b, "
    "np.linalg.inv(a) for its a.I",
    "pandas": "calculate with the columns' arrays, as in df['a'].to_numpy()*x",
    "": "write it in Python's and NumPy's functions, give it a derivative with "
    "dualad.define_rule, or write getattr(x, 'primal', x) for the plain number, whose derivative "
    "is zero",
}
# What numba's compiled code says of an argument that is no number or array to it.
_NUMBA = ("bad argument type for built-in operation", "can't unbox")
# How NumPy begins where it has swallowed what `__index__` said.
_INDEX = ("only integers, slices", "expected a sequence of integers")
_OPERANDS = "unsupported operand type(s)"  # Python's words, also of an operator that a hook calls
_XOR = (f"{_OPERANDS} for ^", "ufunc 'bitwise_xor' not supported")
_REFUSALS = (TypeError, NonDifferentiableError)
_DUALAD = __name__.partition(".")[0]
_LONGEST = 60  # text of a call


def tell_of_foreign(driver: str, error: BaseException, has_objects: bool = False) -> bool:
    """Add a note to an error, if it comes of a dual in code that does not take it.

    `has_objects`: duals have become objects of many, as in a column of pandas.
    """
    import traceback

    frames = list(traceback.walk_tb(error.__traceback__))
    if frames and _root(frames[-1][0]) == "mpmath" and _holds_duals(frames[-1][0]):
        error.add_note(
            f"{driver}: mpmath's functions take its own numbers only; write dualad's of that name, "
            "as dualad.sin(x) for mp.sin(x)."
        )
        return True
    mine = [i for i, (frame, _) in enumerate(frames) if _is_users(frame)]
    if not mine:
        return False
    place = mine[-1]
    said = str(error)
    is_numbas = said.startswith(_NUMBA) and "numba" in sys.modules
    if is_numbas or any(_root(frame) == "numba" for frame, _ in frames[place + 1 :]):
        error.add_note(
            f"{driver}: {_text_at(error, place) or 'the call'} leads to what numba has compiled (a "
            "jitclass, a guvectorize function, …), which takes plain numbers only; write it "
            "without numba's decorator, or give it a derivative with dualad.define_rule."
        )
        return True
    users = [frames[i][0] for i in mine]
    if type(error) is RuntimeError and error.__cause__:  # of __set_name__, in Python 3.11
        said = str(error.__cause__)
        users += [f for f, _ in traceback.walk_tb(error.__cause__.__traceback__) if _is_users(f)]
    if LOST in said and _tell_of_unlifted(driver, error, users):
        return True
    foreign = [frame for frame, _ in frames[place + 1 :] if not _is_own(frame)]
    if NAMED in said:  # it says all
        return True
    if said.startswith(_XOR):
        error.add_note(f"{driver}: ^ is no power in Python; write ** for it.")
        return True
    if said.startswith(_INDEX) and is_index_refused():
        error.add_note(
            f"{driver}: {_text_at(error, place) or 'the call'} has a dual for an index or a count, "
            "which would lose its derivative; write int(x), or "
            "getattr(x, 'primal', x).astype(int) for an array."
        )
        return True
    home = str(foreign[0].f_globals.get("__name__")) if foreign else ""
    if foreign:
        is_about_duals = any(map(_holds_duals, foreign))
        is_about_duals |= any(LOST in str(each) for each in _with_causes(error))
        is_about_duals |= is_holder(home) and (has_objects or "Dual" in said)
    else:
        is_here = place == len(frames) - 1  # a call of C
        is_about_duals = is_here and any(word in said for word in _WORDS)
        if UNLIFTED not in said and frames[-1][0].f_code.co_name in ("__float__", "__complex__"):
            is_about_duals = _text_at(error, place).endswith(")")  # C has converted it
    if not is_about_duals or any("lifting" in note for note in getattr(error, "__notes__", ())):
        return False
    if any(isinstance(x, np.matrix) for frame in foreign for x in frame.f_locals.values()):
        home = "numpy.matrix"
    advice = next(_HELP[name] for name in _HELP if f"{home}.".startswith(name and f"{name}."))
    call = _text_at(error, place) or (foreign[0].f_code.co_name if foreign else "the call")
    error.add_note(
        f"{driver}: {call} leads to code that lifting does not reach, which takes plain numbers "
        f"only; {advice}."
    )
    return True


def _tell_of_unlifted(driver: str, error: BaseException, users: list[FrameType]) -> bool:
    """Add a note if a function of the user's has been called from lifted code, but not by it."""
    are_lifted = [is_twin(frame.f_code) for frame in users]
    if all(are_lifted) or not any(are_lifted):
        return False
    name = users[len(users) - are_lifted[::-1].index(True)].f_code.co_qualname
    if name == "<module>":
        error.add_note(
            f"{driver}: lifting does not reach what eval and exec compile; write it as a function, "
            "or dualad's functions in it, as dualad.sqrt(x) for math.sqrt(x)."
        )
        return True
    error.add_note(
        f"{driver}: {name} has been called by Python itself, or by compiled code, and lifting does "
        f"not reach it there; write dualad's functions in {name}, as dualad.sqrt(x) for "
        "math.sqrt(x)."
    )
    return True


def is_refusal(error: BaseException | None) -> bool:
    """Whether an error speaks of derivatives: dualad's, one that has it before it, or a note."""
    import traceback

    if LOST in str(error) or any("derivative" in n for n in getattr(error, "__notes__", ())):
        return True
    while error is not None:
        frames = list(traceback.walk_tb(error.__traceback__))
        may_be = isinstance(error, _REFUSALS) and not str(error).startswith(_OPERANDS)
        if may_be and frames and _is_own(frames[-1][0]):
            return True
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, that of which it was raised, and so on."""
    while error is not None:
        yield error
        error = error.__cause__


def _root(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]


def _is_users(frame: FrameType) -> bool:
    is_foreign = is_left_alone(frame.f_globals.get("__name__", ""), frame.f_code)
    return not (_is_own(frame) or is_foreign)


def _is_own(frame: FrameType) -> bool:
    """Whether a frame is dualad's, also of its kernel, whose files have no place."""
    file = frame.f_code.co_filename
    return is_ours(file) or (file.endswith(".pyx") and _root(frame) == _DUALAD)


def _holds_duals(frame: FrameType) -> bool:
    """Whether a variable of a function is a dual, or an array of objects, as duals give it."""
    return any(map(_is_dual, frame.f_locals.values()))


def _is_dual(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return any(map(_is_dual, x[:20]))
    is_objects = type(x) is np.ndarray and x.dtype == object
    return is_objects or isinstance(x, (Dual, ArrayProxy))


def _text_at(error: BaseException, place: int) -> str:
    """The text of the call that runs in a frame of the traceback; "" if there is none."""
    tb = error.__traceback__
    for _ in range(place):
        tb = tb.tb_next if tb else None
    if tb is None:
        return ""
    frame = tb.tb_frame
    _, text = expression_at(frame.f_code, tb.tb_lasti, frame.f_globals)
    return text if len(text) <= _LONGEST else ""
