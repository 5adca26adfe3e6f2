"""What a program does, in a few words.

The first of FAULTS that is found is the outcome; "ok" and "refused" are none.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
from support.both import PACKAGES

from . import series
from .program import MODULES, Program
from .steps import CHOOSING, SMOOTH, STEPS
from .truth import differences, is_bent, is_kink, is_noise, noise

FAULTS = (
    "crash",  # the interpreter died
    "hang",
    "wrong structure",  # of what f returned
    "wrong value",
    "wrong shape",
    "wrong derivative",
    "lost nan",  # the value is nan, and its derivative is a number
    "inputs changed",
    "obscure error",  # not one of ours
    "wrong dtype",
    "wrong kind",  # a Python float, np.float64, an array of no dimensions
    "wrong bits",
    "wrong layout",  # strides
)
OURS = re.compile(
    r"derivative|differentia|tangent|dualad|lift|; write |holomorphic|deterministic|"
    r"a (plain )?array of (float|complex|objects|int)|duals|DualArray (has|is|cannot|of)|"
    r"is for real numbers; got|; make the array with|needs a function with one|; pass x\.copy\(\)"
)
# Where lifting is switched off, NumPy makes arrays of objects of duals. Where one
# was made in a run, values are held against those of the plain run, but they have no precision and no strides of their
# own, and each is calculated by itself, by the operators of numbers, where NumPy's loops round otherwise.
NO_FAULTS_OF_OBJECTS = ("wrong dtype", "wrong kind", "wrong bits", "wrong layout")
DOUBLE, SINGLE = 2.0**-52, 2.0**-23


@dataclass
class Outcome:
    """The outcome, and more about it."""

    fault: str  # one of FAULTS, "ok", "refused", or "no program": the plain run fails
    detail: str = ""
    message: str = ""  # of a refusal or an obscure error, without the numbers in it
    notes: list[str] = field(default_factory=list)  # what was compared and what was not

    @property
    def is_fault(self) -> bool:
        return self.fault in FAULTS


def outcome(program: Program, ignore: tuple[str, ...] = ()) -> Outcome:
    """Run a program plainly and by dualad, and hold the two against each other."""
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        return _outcome(program, ignore)


def _outcome(program: Program, ignore: tuple[str, ...]) -> Outcome:
    package = PACKAGES[program.pure]
    run = _Run(program)
    try:
        plain = run.plain()
    except Exception as error:
        return Outcome("no program", repr(error))
    run.is_silent = run.runs_silently()
    space = run.fresh()
    space["dualad"] = package
    space["SEEN"] = _Seen(package)
    before = {i.name: _trace(space[i.name]) for i in program.inputs}
    try:
        with run.as_strict():
            result = eval(run.call, space)
    except Exception as error:
        return _refused(error, program.pure)
    found, outcome = [], Outcome("ok")
    if {i.name: _trace(space[i.name]) for i in program.inputs} != before:
        found.append(("inputs changed", ""))
    by_numpy = program.lift is False
    if space["SEEN"].is_doubtful and by_numpy:
        ignore += NO_FAULTS_OF_OBJECTS
        outcome.notes.append("arrays of objects")
    # Where an error was swallowed, the driver also looks at nearby points, which are others.
    here = [seen for given, seen in space["SEEN"] if given == space["GIVEN"][0]]
    if space["SEEN"].is_doubtful and program.scalar:
        sums = [np.asarray(MODULES["total"](y)) for y in (_peeled(here[-1], package), plain)]
        if _close(*sums):
            ignore += ("wrong value",)  # in parts, which nobody sees
    for seen in (here[0], here[-1]):
        found += _apart(_peeled(seen, package), plain)
    if program.driver == "jvp":
        found += _apart(result[0], plain)
    elif program.driver == "value_and_grad":
        found += _apart(result[0], MODULES["total"](plain))
    if not any(f in ("wrong value", "wrong shape", "wrong structure") for f, _ in found):
        wrong = list(_derivatives(program, run, plain, result, outcome.notes))
        if wrong and _may_choose(program) and _is_right_nearby(program):
            outcome.notes.append("a choice among equal numbers, or a kink")
        else:
            found += wrong
    if not found and run.backward:
        found += list(_backward(program, run, plain, result, outcome.notes))
    found = [(f, d) for f, d in found if f not in ignore]
    if found:
        outcome.fault, outcome.detail = min(found, key=lambda pair: FAULTS.index(pair[0]))
    return outcome


class _Points(list[Any]):
    """Where f is called: the plain numbers of its arguments, before it writes into them."""

    def append(self, args: Any) -> None:
        package = next(
            (p for p in PACKAGES if any(isinstance(x, p.Dual) for x in args)), PACKAGES[0]
        )
        super().append([_trace(_peeled(x, package)) for x in args])


class _Seen(list[Any]):
    """What f returns, and whether a dual refused something, or got into an array of objects."""

    def __init__(self, package: ModuleType) -> None:
        super().__init__()
        self.noted = package.differentiations.NOTED
        self.is_doubtful = False

    def append(self, seen: Any) -> None:
        self.is_doubtful |= bool(self.noted)
        super().append(seen)


class _Run:
    """The compiled source of a program; `shift` is how far its inputs are moved."""

    def __init__(self, program: Program, shift: float = 0.0) -> None:
        self.program, self.shift = program, shift
        self.given = compile(program.given(), "<inputs>", "exec")
        source = program.function(seen=True)
        self.function = compile(source, "<program>", "exec")
        wide = re.sub(r"(?<!\.dtype, )np\.float32", "np.float64", source)
        wide = wide.replace("np.complex64", "complex")
        self.wide = compile(wide, "<program>", "exec")
        plain, call, backward = program.calls()
        self.as_plain, self.call = (
            compile(plain, "<plain>", "eval"),
            compile(call, "<call>", "eval"),
        )
        self.backward = compile(backward, "<backward>", "eval") if backward else None
        self.is_silent = False

    def fresh(self) -> dict[str, Any]:
        """A namespace with f and inputs of its own."""
        space = dict(MODULES, SEEN=[], GIVEN=_Points())
        exec(self.function, space)
        space |= self.inputs()
        return space

    def inputs(self) -> dict[str, Any]:
        """The inputs, and their directions behind a d."""
        space = dict(MODULES)
        exec(self.given, space)
        for i in self.program.inputs if self.shift else ():
            x = space[i.name]
            space[i.name] = _moved(x, _elsewhere(x, 0), self.shift, bool(self.program.setup))
        return space

    def plain(self) -> list[Any]:
        """What f returns; if arguments share memory, it may not matter."""
        space = self.fresh()
        eval(self.as_plain, space)
        result: list[Any] = space["SEEN"][0][1]
        if self.program.setup:
            space = self.fresh()
            for i in self.program.inputs:
                space[i.name] = space[i.name].copy(order="K")
            eval(self.as_plain, space)
            if any(f == "wrong value" for f, _ in _apart(space["SEEN"][0][1], result)):
                raise ValueError("arguments share memory, and f writes into them")
        return result

    def runs_silently(self) -> bool:
        """Whether the plain run gives no warning, also of numbers that are very small."""
        try:
            with warnings.catch_warnings(action="error"), np.errstate(all="raise"):
                eval(self.as_plain, self.fresh())
        except Exception:
            return False
        return True

    @contextmanager
    def as_strict(self) -> Iterator[None]:
        """Derivatives are calculated where warnings are errors, if the plain run gives none."""
        if not self.is_silent:
            yield
            return
        with warnings.catch_warnings(action="error"), np.errstate(all="raise"):
            yield

    def along(
        self,
        turned: bool = False,
        mix: tuple[float, float, int] = (1.0, 0.0, 0),
        wide: bool = True,
    ) -> Callable[[float], Any]:
        """All numbers that f returns, on a line through the inputs, in double precision.

        With mix = (a, b, k), the line has the direction a·v + b·e, where e is the k-th of some
        others.
        """
        f_space = dict(MODULES, SEEN=[], GIVEN=_Points())
        exec(self.wide if wide else self.function, f_space)
        seen = f_space["SEEN"]
        of_v, of_e, which = mix

        def f(t: float) -> Any:
            space = self.inputs()
            args = []
            for i in self.program.inputs:
                x, v = space[i.name], space["d" + i.name]
                v = of_v * v + (of_e * _elsewhere(x, which) if of_e else 0.0)
                if turned:
                    v = v * 1j
                args.append(_moved(x, v, t, bool(self.program.setup)))
            seen.clear()
            f_space["f"](*args)
            return _numbers(seen[0][1])

        return f


def _elsewhere(x: Any, which: int) -> Any:
    """A direction that no program has."""
    e = np.cos(1.0 + (which + 1.7) * np.arange(np.size(x)) + which).reshape(np.shape(x))
    e = e * (0.8 - 0.6j) if np.asarray(x).dtype.kind == "c" else e
    return e if np.ndim(x) else e[()]


def _moved(x: Any, v: Any, t: float, shared: bool) -> Any:
    """x + t·v in double precision, in the memory layout of x."""
    if not isinstance(x, np.ndarray):
        x = float(x) if isinstance(x, np.float32) else x
        return x + t * v
    wide = complex if x.dtype.kind == "c" else float
    if not x.flags.writeable or shared or x.dtype != wide:
        moved = x.astype(wide, order="K")
        moved += t * v
        return moved
    x += t * v
    return x


def _numbers(y: Any) -> Any:
    parts = [np.ravel(np.asarray(part)) for part in _leaves(y)]
    flat = np.concatenate(parts) if parts else np.zeros(0)
    return flat.astype(complex if flat.dtype.kind == "c" else float)


def _leaves(y: Any) -> Iterator[Any]:
    if isinstance(y, (list, tuple)):
        for part in y:
            yield from _leaves(part)
    elif isinstance(y, dict):
        yield from _leaves(list(y.values()))
    else:
        yield y


# -- errors ----------------------------------------------------------------------------------


def _refused(error: BaseException, pure: bool) -> Outcome:
    if pure and str(error) == "'Dual' object is not subscriptable":  # x[()]: see protocols.py
        return Outcome("refused", f"{type(error).__name__}: {error}", _stripped(error))
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in seen:
        seen.append(current)
        current = current.__cause__ or current.__context__
    for e in seen:
        told = [str(e), *getattr(e, "__notes__", ())]
        if type(e).__name__ == "NonDifferentiableError" or any(map(OURS.search, told)):
            return Outcome("refused", f"{type(e).__name__}: {e}", _stripped(e))
    return Outcome("obscure error", f"{type(error).__name__}: {error}", _stripped(error))


def _stripped(error: BaseException) -> str:
    """A message without what differs from program to program."""
    if isinstance(error, RecursionError):
        return "RecursionError"
    text = re.sub(r"\[[^\]]*\]|\([-\d, ]*\)", "…", str(error).split("\n")[0])
    text = re.sub(r"-?\d+(\.\d+)?(e[-+]?\d+)?", "#", text)
    return f"{type(error).__name__}: {text[:150]}"


# -- the primal ------------------------------------------------------------------------------


def _peeled(x: Any, package: ModuleType) -> Any:
    """The primals of what f returned to a driver."""
    if isinstance(x, list):
        return [_peeled(part, package) for part in x]
    if isinstance(x, dict):
        return {k: _peeled(part, package) for k, part in x.items()}
    x = package.array.operands.unbuffered(x)
    while isinstance(x, package.Dual):  # type: ignore[attr-defined]
        x = x.primal
    if isinstance(x, np.ndarray) and x.dtype == object:  # drivers take arrays of duals apart
        flat = np.array([_peeled(e, package) for e in x.ravel()])
        return flat.reshape(x.shape).view(_OfObjects)
    return x


class _OfObjects(np.ndarray[Any, Any]):
    """The numbers of an array of objects, whose strides say nothing."""


def _trace(x: Any) -> Any:
    return (x.dtype, x.shape, x.strides, x.tobytes()) if isinstance(x, np.ndarray) else repr(x)


def _apart(got: Any, want: Any) -> list[tuple[str, str]]:
    """In which ways a result is not the plain one."""
    if isinstance(want, (list, dict)):
        if type(got) is not type(want) or len(got) != len(want):
            return [("wrong structure", f"{got!r}, not {want!r}")]
        pairs = list(zip(_leaves(got), _leaves(want)))
        return [issue for g, w in pairs for issue in _apart(g, w)]
    if np.shape(got) != np.shape(want):
        return [("wrong shape", _both(got, want))]
    has_strides = type(got) is np.ndarray
    if isinstance(got, _OfObjects):
        got = np.asarray(got)
    a, b = np.asarray(got), np.asarray(want)
    if isinstance(want, np.ndarray) and type(got).__name__ == "DualArray":
        return [("wrong structure", f"a dual that is left: {got!r}")]
    found = []
    if a.dtype != b.dtype:
        found.append(("wrong dtype", f"{a.dtype}, not {b.dtype}: {_both(got, want)}"))
    elif type(got) is not type(want):
        names = f"{type(got).__name__}, not {type(want).__name__}"
        found.append(("wrong kind", f"{names}: {_both(got, want)}"))
    if object in (a.dtype, b.dtype):
        return found if repr(got) == repr(want) else [("wrong value", _both(got, want))]
    if a.dtype.kind not in "fc" and b.dtype.kind not in "fc":
        if not np.array_equal(a, b):
            return [("wrong value", _both(got, want))]
    elif not _same_bits(a, b):
        if not _close(a, b):
            return [("wrong value", _both(got, want))]
        found.append(("wrong bits", _both(got, want)))
    if has_strides and isinstance(want, np.ndarray) and a.dtype == b.dtype:
        long = [i for i, n in enumerate(b.shape) if n > 1]
        if b.size and [a.strides[i] for i in long] != [b.strides[i] for i in long]:
            found.append(("wrong layout", f"strides {a.strides}, not {b.strides}"))
    return found


def _both(got: Any, want: Any) -> str:
    return f"{got!r}, not {want!r}"


def _close(a: Any, b: Any) -> bool:
    """Equal but for rounding, as far as single or double precision goes."""
    coarse = min(v.dtype.itemsize / (1 + (v.dtype.kind == "c")) for v in (a, b)) <= 4
    tol = 1e-4 if coarse else 1e-9
    with np.errstate(all="ignore"):
        size = np.max(np.abs(b), initial=0.0, where=np.isfinite(b))
    return np.allclose(a, b, rtol=tol, atol=tol * 1e-3 * size, equal_nan=True)


def _same_bits(a: Any, b: Any) -> bool:
    """Equal, with the signs of zeros, and nan where nan is."""
    if a.dtype.kind == "c" or b.dtype.kind == "c":
        return _same_bits(a.real, b.real) and _same_bits(a.imag, b.imag)
    numbers = (a == b) & (np.signbit(a) == np.signbit(b))
    return bool(np.all(numbers | (np.isnan(a) & np.isnan(b))))


# -- derivatives -----------------------------------------------------------------------------


def _derivatives(
    program: Program, run: _Run, plain: list[Any], result: Any, notes: list[str]
) -> Iterator[tuple[str, str]]:
    text = program.function() + program.given()
    single = "float32" in text or "complex64" in text
    eps = SINGLE if single else DOUBLE
    if single and program.order > 1:
        notes.append("single precision")
        return
    f = run.along()
    try:
        start = f(0.0)
    except Exception:
        notes.append("other program in double precision")
        return
    values = _numbers(plain)
    tol = 1e-3 if single else 1e-9
    if start.shape != values.shape or not np.allclose(
        start, values, rtol=tol, atol=tol, equal_nan=True
    ):
        notes.append("other program in double precision")
        return
    if single and not _is_same_in_double(run):
        notes.append("other program in double precision")
        return
    exact = _is_exact(start, values, tol)
    scalar = None
    if program.scalar:
        scalar = _weights(plain)
    if any(np.asarray(leaf).dtype == object for leaf in _leaves(result)):
        yield "wrong derivative", f"duals leak out: {result!r}"
        return
    for turned in (False, True):
        if turned and not (
            program.driver.startswith(("jacobian", "value_and_grad")) and "j)" in program.given()
        ):
            break
        got = _contracted(program, run, result, turned)
        if got is None:
            yield "wrong derivative", f"in the structure {result!r}"
            return

        def scatter(turned: bool = turned, got: Any = got) -> Any:
            return _scatter(program, run.call, got, turned)

        found = list(_compared(run, turned, got, scalar, exact, eps, notes, scatter))
        yield from found
        if not found and not turned and (program.order > 1 or program.seed % 4 == 0):
            off = _by_series(program, run, values, got, scalar, notes)
            if off:
                yield "wrong derivative", off


def _is_exact(wide: Any, values: Any, tol: float) -> Any:
    """Which outputs are not just what rounding has left, as x - x.astype(np.float32) is."""
    return np.isclose(wide, values, rtol=tol, atol=1e-12, equal_nan=True)


def _is_same_in_double(run: _Run) -> bool:
    """Whether f goes the same way in double precision; where all is zero, values do not show it."""
    try:
        narrow, wide = run.along(wide=False)(0.0137), run.along()(0.0137)
        return np.allclose(narrow, wide, rtol=1e-3, atol=1e-3, equal_nan=True)
    except Exception:
        return False


def _is_rounding(run: _Run, values: Any, tol: float) -> bool:
    """Whether some outputs are just that."""
    f = run.along()
    try:
        wide = f(0.0)
        return not _is_exact(wide, values, tol).all() or bool(is_noise(f).any())
    except Exception:
        return False


def _backward(
    program: Program, run: _Run, plain: list[Any], result: Any, notes: list[str]
) -> Iterator[tuple[str, str]]:
    """What sweeps give, against what the driver has given forward."""
    space = run.fresh()
    package = space["dualad"] = PACKAGES[program.pure]
    try:
        with run.as_strict():
            back = eval(run.backward, space)
    except Exception as error:
        refused = _refused(error, program.pure)
        notes.append("backward refused")
        if refused.is_fault:
            yield refused.fault, f"backward: {refused.detail}"
        return
    for fault, detail in _apart(_peeled(space["SEEN"][0][1], package), plain):
        yield fault, f"backward: {detail}"
    as_rows = replace(program, driver="jacobian") if program.driver == "jvp" else program
    want, got = _contracted(program, run, result, False), _contracted(as_rows, run, back, False)
    text = program.function() + program.given()
    single = "float32" in text or "complex64" in text
    tol = 1e-2 if single else 1e-7
    if got is None or np.shape(got) != np.shape(want):
        yield "wrong derivative", f"backward: {got!r}, not {want!r}"
        return
    if as_rows.driver == "jacobian":  # inf - inf along the direction, but not in the rows
        there = _contracted(as_rows, run, [np.isnan(b) for b in _leaves(back)], False)
        want = np.where(np.isnan(got) & (there == 0), got, want)
    if np.iscomplexobj(got):  # infinity times 1 is inf+nanj
        want = np.where(np.isfinite(got) | np.isfinite(want), want, got)
    values = _numbers(plain)
    size = 1e-6 * np.max(np.abs(values), initial=1.0, where=np.isfinite(values))
    size = np.max(np.abs(want), initial=1.0 if single else size, where=np.isfinite(want))
    notes.append("backward")
    if not np.allclose(got, want, rtol=tol, atol=tol * size, equal_nan=True):
        if _is_rounding(run, _numbers(plain), tol):
            notes.append("made of rounding errors")
            return
        near = tol * (np.abs(want) + size)
        residue = _residue(run, got)
        scatter = _scatter(as_rows, run.backward, got, False)
        scatter = scatter + _scatter(program, run.call, want, False)
        same = (np.isnan(got) & np.isnan(want)) | (got == want)
        for more, note in ((residue, RESIDUE), (residue + scatter, JUMP)):
            if np.all((np.abs(got - want) <= near + more) | same):
                notes.append(note)
                return
        yield "wrong derivative", f"backward: {got!r}, not {want!r}"


# How far a rounding of the inputs may go, in parts of their direction.
ROUNDINGS = (0.0, 2.0**-50, -(2.0**-50), 3 * 2.0**-51, -3 * 2.0**-51)


def _scatter(program: Program, call: Any, got: Any, turned: bool) -> Any:
    """How uneven derivatives are where the inputs are rounded otherwise: the condition of the steps.

    What is left where terms cancel, as in the roots of a polynomial of equal coefficients, is
    another number each time, and so is the derivative where f jumps at this very point; what a
    wrong rule gives is the same. What differs from call to call is no residue.
    """
    far = np.zeros(np.shape(got))
    for shift in ROUNDINGS:
        run = _Run(program, shift)
        space = run.fresh()
        space["dualad"] = PACKAGES[program.pure]
        try:
            there = _contracted(program, run, eval(call, space), turned)
        except Exception:
            continue
        if there is not None and np.shape(there) == np.shape(got):
            apart = np.abs(there - got)
            if not shift and not np.array_equal(there, got, equal_nan=True):
                return far
            far = np.maximum(far, np.where(np.isfinite(apart), apart, 0.0))
    return 10 * far


# Steps whose values are rounded so that no input moves that: of equal coefficients, the powers of a
# root add up to 1e-15, not to 0, and that is divided by the slope of the polynomial.
ROUNDED = frozenset(("np.roots",))
# Notes on what passes only so.
RESIDUE, JUMP = "what rounded roots leave", "uneven where inputs are rounded otherwise"


def _residue(run: _Run, got: Any) -> Any:
    """What these may leave of a derivative that is zero, in the outputs that depend on them."""
    if not any(line.step in ROUNDED for line in run.program.lines):
        return 0.0
    before, roots = run.plain(), np.roots

    def others(p: Any) -> Any:
        y = roots(p)
        return y * (1 + 1e-3 * np.cos(np.arange(len(y))))

    try:
        with patch.object(np, "roots", others):
            after = run.plain()
        depends = ~_equal(_numbers(before), _numbers(after))
    except Exception:  # f goes another way then
        return 1e-10
    if depends.shape != np.shape(got):  # a sum of them
        return 1e-10 * depends.any()
    return 1e-10 * depends


def _equal(a: Any, b: Any) -> Any:
    return (a == b) | (np.isnan(a) & np.isnan(b))


def _weights(plain: list[Any]) -> Any:
    return np.concatenate([np.cos(i + np.arange(np.size(p))) for i, p in enumerate(plain)])


def _contracted(program: Program, run: _Run, result: Any, turned: bool) -> Any:
    """The derivative that a driver gave, along the direction of the program."""
    space = run.fresh()
    along = [space["d" + i.name] for i in program.inputs]
    if turned:
        along = [v * 1j for v in along]
    driver = program.driver
    if driver == "jvp":
        return _numbers(result[1])
    if driver in ("jvp of jvp", "jvp of jvp of jvp"):
        return _numbers(result[1])
    if driver.startswith("line"):
        return _numbers(result)
    if driver == "value_and_grad":
        gradient = result[1]
        total = sum(np.sum(g * v) for g, v in zip(gradient, along, strict=True))
        return np.array([np.real(total)])
    if driver == "hvp":
        return np.array([sum(np.sum(g * v) for g, v in zip(result, along, strict=True))])
    n = len(along)
    blocks = list(_leaves(result))
    if driver in ("hessian", "jacobian of grad"):
        shapes = [np.shape(v) for v in along]
        if [np.shape(b) for b in blocks] != [s + t for s in shapes for t in shapes]:
            return None
        vs = [np.ravel(v) for v in along]
        total = 0.0
        for k, b in enumerate(blocks):
            left, right = vs[k // n], vs[k % n]
            total = total + left @ np.reshape(b, (left.size, right.size)) @ right
        return np.array([total])
    rows = []
    if len(blocks) % n:
        return None
    for k in range(0, len(blocks), n):
        total = 0.0
        for b, v in zip(blocks[k : k + n], along, strict=True):
            b = np.asarray(b)
            if b.shape[b.ndim - np.ndim(v) :] != np.shape(v):
                return None
            total = total + np.tensordot(b, v, np.ndim(v))
        rows.append(np.ravel(total))
    return np.concatenate(rows)


def _by_series(
    program: Program, run: _Run, values: Any, got: Any, weights: Any, notes: list[str]
) -> str:
    """What Taylor series say against derivatives, where they can say anything."""
    if any(STEPS[line.step].kind not in SMOOTH for line in program.lines):
        return ""
    space = run.fresh()
    names = [i.name for i in program.inputs]
    given = [(space[n], space["d" + n]) for n in names]
    if any(np.asarray(x).dtype != float or not np.all(np.isfinite(x)) for x, _ in given):
        return ""
    try:
        with series.workdps():
            space["f"](*(series.start(x, v) for x, v in given))
    except Exception as error:  # an operation that objects do not have, or an undecided one
        del error
    if not space["SEEN"]:
        return ""
    try:
        off = series.compared(list(_leaves(space["SEEN"][0])), values, got, program.order, weights)
    except series.Undecided:
        return ""
    if off is None:
        return ""
    notes.append("by series")
    return off


def _compared(
    run: _Run,
    turned: bool,
    got: Any,
    weights: Any,
    exact: Any,
    eps: float,
    notes: list[str],
    scatter: Callable[[], Any],
) -> Iterator[tuple[str, str]]:
    order = run.program.order

    def line(*mix: Any) -> Callable[[float], Any]:
        f = run.along(turned, mix)
        return lambda t: f(t) if weights is None else np.array([np.sum(f(t) * weights)])

    g = line(1.0, 0.0, 0)
    start = g(0.0)
    if got.shape != start.shape:
        yield "wrong derivative", f"in shape {got.shape}, not {start.shape}"
        return
    lost = np.isnan(start) & ~np.isnan(got)
    if lost.any():
        yield "lost nan", f"{got!r} where the value is {start!r}"
        return
    try:
        want, error = differences(g, order, DOUBLE)
    except Exception:
        notes.append("unsettled")
        return
    scale = 1 + np.abs(want)
    settled = np.isfinite(start) & (error <= {1: 1e-4, 2: 1e-3, 3: 1e-2}[order] * scale)
    settled &= exact if weights is None else exact.all()
    notes.append(
        "compared" if settled.all() else "compared in part" if settled.any() else "unsettled"
    )
    off = {1: 1e-6, 2: 1e-5, 3: 1e-3}[order] * (np.abs(want) + 1e-3 * np.abs(start)) + 1e-12
    if eps > DOUBLE:
        off = 1e-4 * scale
    wrong = settled & ~(np.abs(got - want) <= 20 * error + off)
    if wrong.any():  # a second look, closer by
        want_2, error_2 = differences(g, order, DOUBLE, 0.2)
        wrong &= np.abs(want_2 - want) <= 20 * (error + error_2) + off
        wrong &= ~(np.abs(got - want) <= 20 * error + off + noise(g, order))
        try:
            first = want if order == 1 else differences(g, 1, DOUBLE)[0]
            wrong &= ~(is_kink(g, DOUBLE, first) | is_bent(line))
        except Exception:
            wrong[:] = False
        if not wrong.any():
            notes.append("kink")
            return
        wrong &= ~(np.abs(got - want) <= _residue(run, got))
        if not wrong.any():
            notes.append(RESIDUE)
            return
        wrong &= ~(np.abs(got - want) <= 20 * error + off + scatter())
        if not wrong.any():
            notes.append(JUMP)
            return
        yield "wrong derivative", f"{got!r}, not {want!r} (±{np.max(error[settled]):.0e})"


def _may_choose(program: Program) -> bool:
    """Whether numbers may be equal, among which Python chooses, or 0 in abs, at second order.

    abs(x)**2 has no second derivative at 0, says the documentation.
    """
    if any(line.step in CHOOSING for line in program.lines):
        return True
    given = re.findall(r"(?<![\d.])\d\.\d+", "".join(i.text for i in program.inputs))
    has_equal = "abs(" in program.function() + program.given() and len(set(given)) < len(given)
    return program.order > 1 and ("0.0" in given or has_equal)


def _is_right_nearby(program: Program) -> bool:
    """Whether the derivatives are right where no numbers are equal by chance."""
    run = _Run(program, 0.07)
    space = run.fresh()
    space["dualad"] = PACKAGES[program.pure]
    try:
        plain, result = run.plain(), eval(run.call, space)
        return not list(_derivatives(program, run, plain, result, []))
    except Exception:
        return False
