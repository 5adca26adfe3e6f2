"""Where no derivative exists: values that can be used, and a named error if their tangent is.

An eigenvalue that is repeated has a value, and its eigenvector has one too; only the
eigenvector's derivative does not exist. Code that looks at the value, or at other eigenvectors,
must not fail for it; code that needs that derivative must.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import numpy as np

from ..differentiations import is_open, text_for
from ..dual import Dual
from ..levels import fresh_level
from ..pair import DUAL_OF, Pair, dual, plain
from ..text import text_of
from .algebra import even_out, with_shape
from .dualarray import DualArray


class NonDifferentiableError(ArithmeticError):
    """A derivative was asked for at a point where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from dualad import NonDifferentiableError, grad
    >>> try:
    ...     grad(lambda a: np.linalg.eigh(a)[1][0, 0])(np.eye(2))
    ... except NonDifferentiableError as error:
    ...     print(str(error)[:41])
    an eigenvector of a repeated eigenvalue h
    """

    __module__ = "dualad"  # as tracebacks and the reference have it


class _Values:
    """Whether a solver only asks for values now, as at the trial points of its search.

    It throws away the tangents of all levels older than `before`, which therefore need not exist.
    """

    _before = ContextVar("before", default=0)

    @property
    def before(self) -> int:
        return self._before.get()

    def of(self, f: Any, *x: Any, **options: Any) -> Any:
        """f(*x, **options), of which only the value is asked for."""
        token = self._before.set(fresh_level())
        try:
            return f(*x, **options)
        finally:
            self._before.reset(token)


VALUES = _Values()


class Undefined(DualArray):
    """A DualArray some of whose elements have no derivative.

    Its value is there; parts of it that have derivatives can be taken out by indexing. All else
    needs the tangent, and raises `NonDifferentiableError`. Made by `undefined`.
    """

    __slots__ = ("where", "why")
    rest: Any = vars(Pair)["tangent"]  # as stored, with something finite where it is undefined
    where: Any  # of the value's shape: which elements have none
    why: str

    @property
    def tangent(self) -> Any:
        """There is none; nan where nobody asks for it."""
        if self.level < VALUES.before:
            return self.rest * np.where(self.where, np.nan, 1.0)
        raise NonDifferentiableError(self.why)

    def _otherwise(self) -> Any:
        return dual(self.primal, self.rest, self.level)

    def __getitem__(self, index: Any) -> Any:
        even_out(self)
        return undefined(self._otherwise()[index], self.where[index], self.why)

    @property
    def T(self) -> Any:
        """The transpose."""
        return undefined(self._otherwise().T, self.where.T, self.why)

    @property
    def mT(self) -> Any:
        """The transpose of the last two axes."""
        return undefined(self._otherwise().mT, self.where.mT, self.why)

    def copy(self, order: Any = "C") -> Any:
        """An array of its own."""
        return undefined(self._otherwise().copy(order), self.where, self.why)

    def __format__(self, spec: str) -> str:
        text = text_for(self, _formatted, spec)
        return text or f"{_formatted(plain(self.primal), spec)} (derivative undefined)"

    def __str__(self) -> str:
        return self.__format__("") if is_open(self.level) else repr(self)

    def __repr__(self) -> str:
        return text_for(self, _represented) or f"DualArray({text_of(self.primal)}, undefined)"


def _formatted(value: Any, spec: str) -> str:
    return format(value[()], spec)  # what has no axes is a number to f


def _represented(value: Any) -> str:
    return repr(value[()])


DUAL_OF[Undefined] = DualArray  # what a newer dual is whose value is one


def undefined(x: Any, where: Any, why: str) -> Any:
    """A dual x as it is, but without a derivative in the elements where `where` is true."""
    if not np.any(where):
        return x
    if np.ndim(x) == 0 and not isinstance(x, DualArray):
        x = with_shape(x)
    result = object.__new__(Undefined)
    result.primal, result.rest, result.level = x.primal, _rest(x), x.level
    already = x.where if isinstance(x, Undefined) else False
    result.where, result.why = np.broadcast_to(where | already, np.shape(x)), why
    return result


def _rest(x: Any) -> Any:
    """The tangent of a dual, with some number where it is undefined."""
    return x.rest if isinstance(x, Undefined) else x.tangent


def known(x: Any) -> tuple[Any, Any]:
    """x with some finite tangent everywhere; and where it is undefined, at any level."""
    if not isinstance(x, Dual):
        return x, False
    here = x.where if isinstance(x, Undefined) else False
    value, below = known(x.primal)
    tangent, beside = known(_rest(x))
    if np.ndim(beside) > np.ndim(value):
        beside = np.any(beside, axis=0)
    return dual(value, tangent, x.level), here | below | beside
