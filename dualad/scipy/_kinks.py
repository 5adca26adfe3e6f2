"""Optima at kinks, as of |x| at 0: there zero lies between the slopes on both sides.

A function that decides by the sign of g(x) is two functions, one for each side, which agree where
g(x) = 0. If each of them rises on its own side, the minimum stays on g(x) = 0 while the parameters
move: g is a limit of the optimum, whose multipliers on both sides have opposite signs (zero is in
the interior of the subdifferential). If one of them falls, the optimum is a smooth one of that
side. In between there is no derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..array.operands import as_operand
from ..array.undefined import NonDifferentiableError
from ..drivers import derivative, grad, jacobian
from ..pair import plain
from ._branches import ORDERINGS, Branch, Question
from ._theorems import CLOSE, WEAK, Limits, Optimum, Regular

Function = Callable[..., Any]


def optimum(given: Function, x: Any, limits: Limits | None = None) -> Optimum:
    """The minimum of a function of a vector, perhaps at a kink of it; see `Optimum`.

    Parameters
    ----------
    given : callable
        From shape (n,) to a number, or an array of one, in duals.
    x : ndarray, shape (n,)
        Where the solver has stopped.
    limits : Limits, optional

    Raises
    ------
    NonDifferentiableError
        As `Optimum`; and if the function rises on neither side of a kink but stays level.
    """
    x = np.asarray(plain(x), float)

    def f(u: Any) -> Any:
        return one_number(given(u))

    limits = limits or Limits.none()
    try:
        kinks = _Kinks(f, x)
    except (TypeError, ValueError, AttributeError, ArithmeticError):  # of code for plain x only
        return Optimum(f, x, limits)
    for _ in range(len(kinks.near) + 1):
        if not len(kinks.near):
            break
        found = Optimum(kinks.f, x, kinks.limits() + limits)
        if not kinks.drop(found):
            return found
    return Optimum(kinks.f if kinks.is_forced else f, x, limits)


def inner_minimum(f: Function, x: Any) -> Any:
    """The minimum of a smooth function of a number that nothing holds; None if it is no such."""

    def cost(u: Any) -> Any:
        return one_number(f(u))

    try:
        if any(q.about in ORDERINGS for q in Branch.run(f, x).questions):
            return None
        root = Regular(derivative(cost), x, elementwise=True)
    except (TypeError, ValueError, AttributeError, ArithmeticError):  # as `optimum` says
        return None
    return root.solved() if root.slope > 0 else None


def one_number(y: Any) -> Any:
    """A cost, which SciPy takes in an array of one number too."""
    y = as_operand(y)
    return np.reshape(y, -1)[0] if np.ndim(y) and np.size(y) == 1 else y


class _Kinks:
    """The kinks of f next to x.

    Attributes
    ----------
    near : ndarray of int
        Which of all deciding numbers, in the order of the questions.
    """

    def __init__(self, f: Function, x: Any) -> None:
        self.given = f
        self.answers: list[Question] = Branch.run(f, x).questions
        self.near = np.zeros(0, int)
        self.is_forced = False
        if not any(q.about in ORDERINGS for q in self.answers):
            return
        d, j = plain(self.deciders(x)), plain(jacobian(self.deciders)(x))
        sizes = np.linalg.norm(j, axis=1)
        close = abs(d) <= CLOSE * sizes * (1 + np.max(abs(x), initial=0))
        self.near = np.flatnonzero(close & (sizes > 0))

    def f(self, u: Any) -> Any:
        """f with the answers that it got at x, as changed since."""
        return Branch.run(self.given, u, forced=self.answers).value

    def deciders(self, u: Any) -> Any:
        """All numbers that decide about an order, in one array."""
        run = Branch.run(self.given, u, forced=self.answers)
        return np.concatenate(
            [
                np.reshape(q.decider + np.zeros(np.shape(q.answer)), -1)
                for q in run.questions
                if q.about in ORDERINGS
            ]
        )

    def limits(self) -> Limits:
        """The kinks, as limits that hold x."""
        near = self.near
        return Limits(lambda u: self.deciders(u)[near], np.ones(len(near)), [""] * len(near))

    def flipped(self, k: int) -> list[Question]:
        """The answers, but the k-th about an order the other way round."""
        found, result = 0, []
        for q in self.answers:
            size = np.size(q.answer) if q.about in ORDERINGS else 0
            if found <= k < found + size:
                other = np.array(q.answer)
                other.flat[k - found] = not other.flat[k - found]
                q = q._replace(answer=other if np.ndim(q.answer) else bool(other))
            found += size
            result.append(q)
        return result

    def sign(self, k: int) -> int:
        """The sign of the k-th number about an order, as the answers say."""
        found = 0
        for q in self.answers:
            size = np.size(q.answer) if q.about in ORDERINGS else 0
            if k < found + size:
                is_true = bool(np.ravel(q.answer)[k - found])
                return 1 if is_true == (q.about[0] == "g") else -1
            found += size
        raise IndexError(k)

    def drop(self, found: Optimum) -> bool:
        """Let go of the kinks that do not hold the optimum; whether there were any."""
        x = plain(found.point)
        here, j = plain(grad(self.f)(x)), plain(jacobian(self.deciders)(x))[self.near]
        m = plain(found.multipliers)[: len(self.near)]
        stays = []
        for k, row, slope in zip(self.near, j, m, strict=True):
            other = self.flipped(k)
            there = plain(grad(lambda u, o=other: Branch.run(self.given, u, forced=o).value)(x))
            turn = float((here - there) @ row / (row @ row))
            if abs(turn) * np.linalg.norm(row) <= WEAK * max(float(np.linalg.norm(here)), WEAK):
                continue  # f is smooth across
            side = slope / turn  # the share of the way from here to there at which zero lies
            if turn * self.sign(k) < 0:  # the roof of a house
                continue
            if not WEAK < side < 1 - WEAK:
                if -WEAK < side < 1 + WEAK:
                    raise NonDifferentiableError(
                        "the optimum is at a kink of the function, which stays level to one side "
                        "of it, so that the optimum has a kink there; move the parameters."
                    )
                if side > 1:
                    self.answers = other
                continue
            stays.append(k)
        self.is_forced = True
        changed = len(stays) < len(self.near)
        self.near = np.array(stays, int)
        return changed
