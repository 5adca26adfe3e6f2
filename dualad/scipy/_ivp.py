"""Initial value problems with the tangents of all that goes in.

`solve_ivp` carries value and tangents through the integrator as one state: the right-hand side is
evaluated on duals, which gives the Jacobian-vector products of the variational equations exactly,
for all directions and levels at once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.integrate as _scipy
from scipy import sparse

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError
from ..array_rules.common import has_duals
from ..drivers import jacobian
from ..dual import Dual
from ..lifting.reach import chosen
from ..pair import plain
from ._branches import PLAIN_ONLY, Branch, Switch, may_hold_duals, switches
from ._calling import take_places
from ._parts import (
    Levels,
    Plain,
    UnknownLevelError,
    from_outside,
    levels_of,
    nilpotent,
    numeric_parts,
    pack,
    stripped,
    unpack,
    with_value,
    zero_of,
)
from ._solving import refuse_unless_converged, reported
from ._theorems import root_of, stepped

Function = Callable[..., Any]


@from_outside()
def solve_ivp(
    fun: Function,
    t_span: Any,
    y0: Any,
    t_eval: Any = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Any = None,
    **options: Any,
) -> Any:
    """scipy.integrate.solve_ivp; the solution has the tangents of all that went in.

    Duals may be in y0, t_span, t_eval, args, and in whatever fun and the events close over. If
    there are none, SciPy's own result comes back. If there are, all values are still SciPy's own,
    and `.y`, `.sol`, `.y_events` carry their tangents, and so do `.t` and `.t_events`: ends of
    t_span, times in t_eval, and the times of events, which are roots of the event functions along
    the solution. Times that the integrator has chosen itself are constants, and values there have
    the tangents of the solution at these times; with t_eval they do not depend on its choice.

    Tangents come from a second integration, whose state is value and tangents together, so that
    both meet the tolerances, each as if it were integrated alone. rtol and atol count for a
    tangent in proportion to its size: if one turns out to be so small next to the value that atol
    would drown it, the integration is done again with an atol in its proportion.

    Where fun decides by a comparison, a step or a kink, the branches are integrated one after the
    other, and the time at which they meet moves with what it depends on.

    Parameters
    ----------
    fun : callable
        fun(t, y, *args), in NumPy; lists of numbers will do.
    t_span : pair of numbers
    y0 : array, shape (n,)
    t_eval, events, vectorized, args, dense_output, **options
        As SciPy's. For tangents, implicit methods (Radau, BDF, LSODA) get the exact Jacobian
        instead of jac=, jac_sparsity=, lband=, uband=.

    Returns
    -------
    OdeResult
        SciPy's, with DualArrays in it; `.sol` takes a number or an array, plain or dual.

    Raises
    ------
    NonDifferentiableError
        If there are duals, and the integration failed, the solution only touches the zero of an
        event or of what decides about a branch, two events that end it coincide, or fun jumps and
        nothing says how the time of the jump moves.

    Examples
    --------
    >>> from dualad import derivative
    >>> growth = lambda rate: solve_ivp(lambda t, y: rate * y, (0, 2), [1.0], rtol=1e-9).y[0, -1]
    >>> round(derivative(growth)(0.5) / (2 * np.e), 6)
    1.0
    """
    args = None if args is None else tuple(args)
    if args is not None:
        fun = functools.partial(_with_args, fun, args)
    given = events if isinstance(events, (list, tuple)) else [events]
    watched = [] if events is None else [_Event(e, args) for e in given]
    seen = Plain(fun)
    options = {"vectorized": vectorized, "dense_output": dense_output, **options}
    if callable(options.get("jac")):
        options["jac"] = Plain(functools.partial(_with_args, options["jac"], args or ()))
    task = _Task(_as_array(fun, vectorized), t_span, y0, t_eval, watched, stripped(options))
    task.asked = _as_array(chosen(fun, None), vectorized)
    result = task.plainly(seen)
    if result.sol is not None:
        task.sol = result.sol
        result.sol = _Solution(task, result.sol)  # of which a dual time may be asked
    found = seen.found or any(event.seen.found for event in watched)
    if not (np.size(as_operand(y0)) or events or has_duals(t_span, t_eval)):  # no state
        return result
    if not found and not has_duals(t_span, y0, t_eval) and not may_hold_duals(fun, *given):
        return result
    refuse_unless_converged(result.status >= 0, "solve_ivp", result.message)
    task.take_y0()
    return task.tangents(result, seen)


def _with_args(f: Function, args: Any, *x: Any) -> Any:
    return f(*x, *args)


def _as_array(fun: Function, vectorized: bool) -> Function:
    """A right-hand side that takes and gives duals in one array."""

    def f(t: Any, y: Any) -> Any:
        dy = as_operand(fun(t, y[:, None]) if vectorized else fun(t, y))
        if getattr(dy, "shape", None) == y.shape:
            return dy
        if np.size(dy) == 1:  # the same for all
            return np.reshape(dy, ()) + np.zeros(y.shape)
        return np.reshape(dy, y.shape)

    return f


class _Event:
    """An event function; SciPy's root finder sees its plain value."""

    def __init__(self, f: Function, args: Any) -> None:
        self.f = functools.partial(_with_args, f, tuple(args or ()))
        self.seen = Plain(self.f)
        self.terminal = getattr(f, "terminal", None)
        self.direction = getattr(f, "direction", 0)

    def __call__(self, t: Any, y: Any) -> Any:
        return self.seen(t, y)


class _Piece:
    """The states over a time in which the right-hand side stays on one branch."""

    def __init__(self, f: Function, start: float, end: float, sol: Function) -> None:
        self.f, self.start, self.end, self.sol = f, start, end, sol


class _Task:
    """One initial value problem, and the levels of its state as far as they are known."""

    def __init__(
        self, f: Function, t_span: Any, y0: Any, t_eval: Any, events: list[_Event],
        options: dict[str, Any],
    ) -> None:  # fmt: skip
        self.f, self.events, self.options = f, events, options
        self.asked = f
        self.start, self.end = as_operand(list(t_span))
        self.t_eval = None if t_eval is None else as_operand(t_eval)
        self.given = y0
        self.is_dense = True
        self.sol: Any = None
        self.branches: list[_Piece] = []

    def plainly(self, fun: Function, **more: Any) -> Any:
        """SciPy's own result."""
        return _scipy.solve_ivp(
            fun,
            (plain(self.start), plain(self.end)),
            stripped(self.given),
            t_eval=None if self.t_eval is None else plain(self.t_eval),
            events=self.events or None,
            **{**self.options, **more},
        )

    def take_y0(self) -> None:
        """The state at the plain start, and its levels."""
        self.first = self.y0 = np.atleast_1d(as_operand(self.given)) * 1.0
        if isinstance(self.start, Dual):
            self.y0 = stepped(self.f, self.start, self.first, -nilpotent(self.start))
        self.levels = levels_of(self.y0, packed=True)

    # -- value and tangents together

    def integrate(self, f: Function, span: tuple[Any, Any], y0: Any, times: Any) -> Function:
        """SciPy's integration of value and tangents together, over a time within one branch.

        It gives the states, packed, at a time or an array of them.
        """
        options = {"rtol": 1e-3, "atol": 1e-6, **self.options}
        if options.get("method") in _IMPLICIT:
            options["jac"] = lambda t, z: self.jacobian(f, t, z)
            self.is_dense = options["method"] in ("LSODA", _scipy.LSODA)
        z0 = pack(y0, self.levels)
        blocks = z0.size // len(self.y0)
        atol = np.broadcast_to(options["atol"], self.y0.shape)
        rtol = np.asarray(options["rtol"])
        # SciPy takes the mean of squared errors over all blocks, of which each is to pass alone.
        whole = np.tile(rtol, blocks) if rtol.ndim else rtol
        options["rtol"] = np.maximum(whole / np.sqrt(blocks), _LEAST)
        options["atol"] = np.tile(atol, blocks) / np.sqrt(blocks)

        def rhs(t: float, z: Any) -> Any:
            return pack(f(t, self.state(z)), self.levels).ravel()

        found, sol = self.solution(rhs, span, z0.ravel(), times, options)
        sizes = np.max(abs(found), axis=1, initial=0).reshape(blocks, -1).max(axis=1)
        share = np.where((sizes > 0) & (sizes < 0.1 * sizes[0]), sizes / (sizes[0] or 1), 1)
        if np.any((share < 1) & (np.max(atol) > _DROWNED * np.min(rtol) * sizes)):
            options["atol"] = (share[:, None] * atol).ravel() / np.sqrt(blocks)
            _, sol = self.solution(rhs, span, z0.ravel(), times, options)
        return sol

    def solution(
        self, rhs: Function, span: tuple[Any, Any], z0: Any, times: Any, options: dict[str, Any]
    ) -> tuple[Any, Function]:
        """The packed states at these times and at the end, and what has them at all times."""
        unused = ("jac_sparsity", "lband", "uband", "vectorized")
        options = {k: v for k, v in options.items() if k not in unused} | {"dense_output": True}
        if options.get("method") not in _IMPLICIT:
            options.pop("jac", None)
        result = _scipy.solve_ivp(rhs, span, z0, t_eval=times, **options)
        refuse_unless_converged(result.status >= 0, "solve_ivp", result.message)
        states = np.reshape(result.y, (z0.size, -1))  # SciPy gives a list if no time is asked for
        return np.column_stack([states, result.sol(span[1])]), result.sol

    def state(self, z: Any) -> Any:
        """The integrator's numbers as duals; further axes stay behind."""
        if not self.levels:
            return z
        shape = [1 + (k or (1,))[0] for _, k in self.levels]
        return unpack(np.reshape(z, (*shape, len(self.y0), *z.shape[1:])), self.levels)

    def jacobian(self, f: Function, t: float, z: Any) -> Any:
        matrix = _matrix(jacobian(lambda y: f(t, y))(self.state(z)), self.levels)
        # Blocks on the diagonal and in few columns: sparse factors cost as many of the plain ones.
        return matrix if self.is_dense or len(z) < _LARGE else sparse.csc_matrix(matrix)

    # -- branches

    def switches(self, seen: Function) -> list[Switch]:
        """Where the right-hand side decides otherwise, along the solution, if that matters."""
        start, y = float(plain(self.start)), plain(self.y0)
        found = self._asking(start, y)
        if found is None or not found[1].questions:
            return []
        ask = found[0]
        sol = self.plainly(seen, dense_output=True).sol
        places = list(sol.ts[:1])
        for t in sol.ts[1:]:
            places += [places[-1] + (t - places[-1]) / 2, t]
        relevant = []
        for switch in switches(lambda t: ask(t, sol(t)), places):
            y = sol(switch.place)
            before, after = (
                plain(self.on(branch)(switch.place, y)) for branch in (switch.before, switch.after)
            )
            is_smooth = np.allclose(before, after, _SMOOTH, _SMOOTH * np.max(abs(before)))
            if is_smooth and (len(self.levels) < 2 or not switch.is_known):
                continue
            if not switch.is_known:
                raise NonDifferentiableError(
                    f"the right-hand side jumps at t = {switch.place}, and it does not show how "
                    "that time moves; write an event for it, and integrate again from there."
                )
            relevant.append(switch)
            if len(relevant) > _MANY_SWITCHES:
                raise NonDifferentiableError(
                    f"the right-hand side switches more than {_MANY_SWITCHES} times, as it does "
                    "where a solution slides along a jump; smooth it, or integrate for less long."
                )
        return relevant

    def _asking(self, t: Any, y: Any) -> tuple[Callable[[Any, Any], Branch], Branch] | None:
        """What asks the right-hand side: about t and y, or about y alone; None if neither.

        And what it answers here.
        """

        def both(t: Any, y: Any) -> Branch:
            return Branch.run(self.asked, t, y)

        def state(t: Any, y: Any) -> Branch:
            return Branch.run(lambda y: self.asked(t, y), y)

        for ask in (both, state):
            try:
                first = ask(t, y)
            except PLAIN_ONLY:
                continue
            self.on = self._on_both if ask is both else self._on_state
            return ask, first
        return None

    def _on_both(self, branch: Branch) -> Function:
        """The right-hand side on one branch, also beyond where it ends."""
        return lambda t, y: Branch.run(self.asked, t, y, forced=branch.questions).value

    def _on_state(self, branch: Branch) -> Function:
        return lambda t, y: Branch.run(lambda y: self.asked(t, y), y, forced=branch.questions).value

    def crossing(self, switch: Switch, y: Any) -> Any:
        """The time of a switch, where the state is y at the plain time."""
        before, t = self.on(switch.before), switch.place

        def decider(s: Any) -> Any:
            there = stepped(before, t, y, s - t)
            run = Branch.run(self.asked, s, there, forced=switch.before.questions)
            return switch.crossing(run.questions[switch.which].decider, switch.before)

        value = plain(decider(t))
        return root_of(lambda s: decider(s) - value, t)

    def pieces(self, end: float, times: Any, found: list[Switch]) -> list[_Piece]:
        """The states at these times, branch after branch."""
        t, y, result = plain(self.start), self.y0, []
        f, way = self.f, 1 if end >= t else -1
        for switch in (*found, None):
            stop = end if switch is None else switch.place
            if way * (stop - end) > 0:
                break
            if switch is not None:
                f = self.on(switch.before)
            here = [s for s in times if way * (s - t) >= 0 and way * (stop - s) >= 0]
            if stop == t:
                continue
            piece = _Piece(f, t, stop, self.integrate(f, (t, stop), y, here))
            result.append(piece)
            t = stop
            if switch is None:
                break
            y = self.state(piece.sol(t))
            f = self.on(switch.after)
            when = self.crossing(switch, y)
            if isinstance(when, Dual):
                d = nilpotent(when)
                y = stepped(f, when, stepped(piece.f, t, y, d), -d)
        return result

    # -- the result

    def tangents(self, result: Any, seen: Plain) -> Any:
        """SciPy's result with tangents of all levels that turn up."""
        while True:
            try:
                return self.with_tangents(result, seen)
            except UnknownLevelError as error:
                zeros = zero_of(self.levels), zero_of(error.levels)
                self.levels = levels_of(*zeros, packed=True)

    def with_tangents(self, result: Any, seen: Plain) -> Any:
        """SciPy's result with tangents."""
        end = result.t[-1] if result.status == 1 else plain(self.end)
        times = np.unique(np.concatenate([result.t, *(result.t_events or ())]))
        times = times if end >= plain(self.start) else times[::-1]
        self.branches = self.pieces(end, times, self.switches(seen))
        y, t = result.y, result.t
        t_events, y_events = result.t_events, result.y_events
        if self.events:
            t_events = [
                _stacked([with_value(self.when(e, s), s) for s in found], found)
                for e, found in zip(self.events, result.t_events, strict=True)
            ]
            y_events = [
                with_value(self.at(list(s)).T, z) if len(s) else z
                for z, s in zip(result.y_events, t_events, strict=True)
            ]
        if self.t_eval is not None:
            places = list(self.t_eval[: len(t)])
        else:
            last = self._last(t_events, t[-1]) if result.status == 1 else self.end
            places = [self.start, *t[1:-1], last][-len(t) :]
        if len(t):
            y = with_value(self.at(places), y)
        t = with_value(_stacked(places, t), t)
        result.t, result.y, result.t_events, result.y_events = t, y, t_events, y_events
        return result

    def _last(self, t_events: Any, end: float) -> Any:
        """The time at which an event has ended the integration."""
        last = [
            s[-1]
            for event, s in zip(self.events, t_events, strict=True)
            if event.terminal and len(s) and plain(s[-1]) == end
        ]
        y = self.here(end)
        for event in self.events if last else ():
            start, here = (
                abs(float(np.ravel(event.seen(t, plain(u)))[0]))
                for t, u in ((plain(self.start), self.y0), (end, y))
            )
            if not event.terminal or here > 1e-9 * start:
                continue
            other = self.when(event, end)
            levels = levels_of(last[0], other, packed=True)
            if not np.allclose(pack(last[0], levels), pack(other, levels), 1e-6, 1e-9):
                raise NonDifferentiableError(
                    "two events that move differently end the integration at the same time, which "
                    "has a kink there; let one of them not be terminal."
                )
        return last[0] if last else end

    def piece(self, t: float) -> _Piece | None:
        """The branch on which a plain time lies."""
        for piece in self.branches:
            if min(piece.start, piece.end) <= t <= max(piece.start, piece.end):
                return piece
        return self.branches[-1] if self.branches else None

    def here(self, t: Any) -> Any:
        """The state at a time, plain or dual."""
        s = plain(t)
        piece = self.piece(s)
        if piece is None:
            y, f = self.y0 if self.sol is None else self.sol(s), self.f
        else:
            y, f = self.state(piece.sol(s)), piece.f
        return stepped(f, s, y, nilpotent(t)) if isinstance(t, Dual) else y

    def at(self, times: Sequence[Any]) -> Any:
        """The states at several times, along the last axis."""
        if len(self.branches) == 1 and len(times) and not any(isinstance(t, Dual) for t in times):
            return self.state(self.branches[0].sol(np.asarray(times, float)))
        return np.stack([self.here(t) for t in times], axis=-1)

    def when(self, event: _Event, t: float) -> Any:
        """The time of an event: a root of its function along the solution."""
        y, piece = self.here(t), self.piece(t)
        f = piece.f if piece else self.f
        return root_of(lambda s: event.f(s, stepped(f, t, y, s - t)), float(t))


_IMPLICIT = ("Radau", "BDF", "LSODA", _scipy.Radau, _scipy.BDF, _scipy.LSODA)
_SMOOTH = 1e-9  # a jump so small, in proportion, is a rounding error
_MANY_SWITCHES = 500
_LARGE = 64  # from so many numbers on, sparse matrices pay off
_DROWNED = 100.0  # atol next to rtol·tangent, from where on it is taken anew
_LEAST = 100 * np.finfo(float).eps  # SciPy's own lower limit of rtol


def _stacked(items: list[Any], otherwise: Any) -> Any:
    return np.stack(items) if any(isinstance(t, Dual) for t in items) else otherwise


def _matrix(j: Any, levels: Levels) -> Any:
    """A matrix of duals as one that acts on packed vectors."""
    if not levels:
        return j
    (level, many), rest = levels[0], levels[1:]
    value, tangent = numeric_parts(j, level, many)
    block = _matrix(value, rest)
    n, k = len(block), (many or (1,))[0]
    result = np.kron(np.eye(1 + k), block)
    for i in range(k if tangent is not None else 0):
        row = slice((1 + i) * n, (2 + i) * n)
        result[row, :n] = _matrix(tangent[i] if many else tangent, rest)
    return result


class _Solution:
    """SciPy's dense output, at plain and dual times."""

    stands_for = property(lambda self: self._sol)

    def __init__(self, task: _Task, sol: Any) -> None:
        self._task, self._sol = task, sol

    def __call__(self, t: Any) -> Any:
        t = as_operand(t)
        if not isinstance(t, Dual) and not self._task.branches:
            return self._sol(t)
        y = self._task.at(list(t)) if np.ndim(t) else self._task.here(t)
        return with_value(y, self._sol(plain(t)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._sol, name)


@from_outside()
def odeint(
    func: Function, y0: Any, t: Any, args: Any = (), tfirst: bool = False, **options: Any
) -> Any:
    """scipy.integrate.odeint; the solution has the tangents of all that went in.

    Values are SciPy's own; tangents come from a second integration, of value and tangents together
    as in `solve_ivp`, to the same tolerances and within the same limits of its steps, and with the
    exact Jacobian.

    Parameters
    ----------
    func : callable
        func(y, t, *args), or func(t, y, *args) with tfirst=True.
    y0 : array, shape (n,)
    t : array, shape (m,)
    args, tfirst, **options
        As SciPy's.

    Returns
    -------
    array, shape (m, n)
        And a dict with full_output=True, whose numbers are of the iterations.

    Examples
    --------
    >>> from dualad import Dual
    >>> decay = odeint(lambda y, t, a: -a * y, [1.0], [0.0, 1.0], args=(Dual(1.0, 1.0),))
    >>> decay[-1].tangent.round(6)
    array([-0.367879])
    """

    def f(s: Any, y: Any, given: Any = args) -> Any:
        return func(s, y, *given) if tfirst else func(y, s, *given)

    seen, plain_args = Plain(f), stripped(args)
    if (slope := options.pop("Dfun", None)) is not None:
        options["Dfun"] = Plain(slope if tfirst else lambda s, y, *args: slope(y, s, *args), *args)
    options = stripped(options)

    def run(**more: Any) -> Any:
        return _scipy.odeint(
            lambda s, y: seen(s, y, plain_args), stripped(y0), stripped(t), tfirst=True,
            **{**options, **more},
        )  # fmt: skip

    if not (np.size(t) and np.size(as_operand(y0))):
        return run()
    found = states, report = run(full_output=True)
    has_failed = not report["message"].startswith(_SUCCESS)
    if not options.get("full_output"):
        found = run() if has_failed else states  # which warns
    t = as_operand(t)
    if not (seen.found or has_duals(y0, t, args) or may_hold_duals(func, args)):
        return found
    refuse_unless_converged(not has_failed, "odeint", report["message"])
    y = _OdeintTask(f, t, y0, seen, options).with_tangents_of(states)
    return (y, *reported([report], y)) if isinstance(found, tuple) else y


class _OdeintTask(_Task):
    """The same for odeint, which integrates value and tangents together too."""

    def __init__(
        self, f: Function, t: Any, y0: Any, seen: Plain, options: dict[str, Any]
    ) -> None:  # fmt: skip
        given = {ours: options.get(name) for name, ours in _STEPS.items()}
        steps = {name: x for name, x in given.items() if x}
        tolerances = {
            name: _OF_ODEINT if options.get(name) is None else options[name]
            for name in ("rtol", "atol")
        }
        super().__init__(
            _as_array(f, False), (t[0], t[-1]), np.atleast_1d(as_operand(y0)), t, [],
            {"method": "LSODA", **tolerances, **steps},
        )  # fmt: skip
        self.asked = _as_array(chosen(f, None), False)
        self.seen = seen
        kept = ("tcrit", "h0", "hmax", "hmin", "mxordn", "mxords")
        self.limits = {name: options[name] for name in kept if name in options}

    def with_tangents_of(self, value: Any) -> Any:
        """The states that odeint has found."""
        self.take_y0()
        self.levels = levels_of(self.y0, self.f(plain(self.start), self.y0), packed=True)
        times = plain(self.t_eval)
        result = _scipy._ivp.ivp.OdeResult(
            t=times, y=value.T, status=0, t_events=None, y_events=None, sol=None
        )
        return with_value(self.tangents(result, self.seen).y.T, value)

    def solution(
        self, rhs: Function, span: tuple[Any, Any], z0: Any, times: Any, options: dict[str, Any]
    ) -> tuple[Any, Function]:
        """By odeint, whose steps are compiled."""
        grid = np.array([span[0], *times, span[1]])
        states, report = _scipy.odeint(
            rhs, z0, grid, Dfun=options["jac"], tfirst=True, full_output=True, mxstep=_MANY_STEPS,
            rtol=options["rtol"], atol=options["atol"], **self.limits,
        )  # fmt: skip
        message = report["message"]
        refuse_unless_converged(message.startswith(_SUCCESS), "odeint", message)
        rows = dict(zip(grid.tolist(), states, strict=True))

        def sol(t: Any) -> Any:
            return np.stack([rows[s] for s in t], axis=-1) if np.ndim(t) else rows[float(t)]

        return states[1:].T, sol


_SUCCESS = "Integration successful"
_OF_ODEINT = 1.49012e-8  # its own tolerance
_MANY_STEPS = 100_000  # from one time to the next
# Limits of the steps by odeint's names, and by those of LSODA in `solve_ivp`; 0 sets none.
_STEPS = {"h0": "first_step", "hmax": "max_step", "hmin": "min_step"}


take_places(globals(), _scipy)
