"""One object for solvers: a function with its derivatives, as scipy's minimizers ask for them."""

from __future__ import annotations

from _thread import allocate_lock
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .drivers import hessian, hvp, value_and_grad
from .lifting.reach import AsNeeded
from .looks import is_plain
from .pair import Function, is_operand, plain
from .wrappers import refuse_unless_callable

POINTS = 4  # how many points are remembered: solvers go back to the best one


class Objective:
    """A function with its gradient, Hessian and Hessian-vector product; see `objective`.

    Attributes
    ----------
    fun : method
        fun(x, *args): the value. The object itself is called in the same way.
    jac : method
        jac(x, *args): the gradient.
    hess : method
        hess(x, *args): the Hessian, exactly symmetric.
    hessp : method
        hessp(x, p, *args): the Hessian times p, without the Hessian.
    value_and_grad : method
        value_and_grad(x, *args): both, for `minimize(…, jac=True)`.
    """

    def __init__(self, f: Function, lift: bool | None = None) -> None:
        refuse_unless_callable("objective", f, "objective(f)")
        self.__name__ = getattr(f, "__name__", "objective")
        self.__doc__ = f.__doc__ or type(self).__doc__
        self._given = f, lift
        g = _Scalar(AsNeeded(f, lift))
        self._f, self._both = g, value_and_grad(g)
        self._hess, self._hessp = hessian(g), hvp(g)
        self._known: OrderedDict[Any, dict[str, Any]] = OrderedDict()
        self._lock = allocate_lock()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied as what it was made of; what is remembered stays here."""
        return type(self), self._given

    def __repr__(self) -> str:
        return f"<objective {self.__name__}>"

    def fun(self, x: Any, *args: Any) -> Any:
        """The value at x."""
        return self._shared("value", lambda: {"value": self._f(x, *args)}, x, args)

    __call__ = fun

    def jac(self, x: Any, *args: Any) -> Any:
        """The gradient at x; the value comes from the same pass, and is remembered."""
        return self._shared("gradient", lambda: self._first_order(x, args), x, args)

    def value_and_grad(self, x: Any, *args: Any) -> tuple[Any, Any]:
        """Value and gradient at x."""
        gradient = self.jac(x, *args)
        return self.fun(x, *args), gradient

    def hess(self, x: Any, *args: Any) -> Any:
        """The Hessian at x."""
        return self._shared("hessian", lambda: {"hessian": self._hess(x, *args)}, x, args)

    def hessp(self, x: Any, p: ArrayLike, *args: Any) -> Any:
        """The Hessian at x times p."""
        return self._hessp(x, np.asarray(p, float).reshape(np.shape(x)), *args)

    def _first_order(self, x: Any, args: tuple[Any, ...]) -> dict[str, Any]:
        value, gradient = self._both(x, *args)
        return {"value": value, "gradient": gradient}

    def _shared(
        self, name: str, evaluate: Callable[[], dict[str, Any]], x: Any, args: tuple[Any, ...]
    ) -> Any:
        """What is remembered of this point under a name, or evaluated now; the caller's own copy.

        The lock is never held while f runs.
        """
        key = _key((x, args))
        if key is None:
            return evaluate()[name]
        with self._lock:
            known = self._known.get(key, {})
            if name in known:
                self._known.move_to_end(key)
                return _copied(known[name])
        new = evaluate()
        with self._lock:
            self._known.setdefault(key, {}).update(new)
            self._known.move_to_end(key)
            while len(self._known) > POINTS:
                self._known.popitem(last=False)
        return _copied(new[name])


class _Scalar:
    """f with its one number as a number: minimizers take arrays of one element too."""

    def __init__(self, f: Function) -> None:
        self.__wrapped__ = f

    def __call__(self, x: Any, *args: Any) -> Any:
        y = self.__wrapped__(x, *args)
        return y.reshape(()) if is_operand(y) and np.ndim(y) and np.size(y) == 1 else y


def _key(x: Any) -> Any:
    """Type, shape and bytes of all that a result may depend on; None where that is unknown."""
    if is_plain(x, np.ndarray):
        return None if x.dtype.hasobject else (x.dtype.str, x.shape, x.tobytes())
    if x is None or is_plain(x, (int, float, complex, str, bytes)):
        return type(x), x if isinstance(x, (str, bytes)) else repr(x)
    if is_plain(x, np.generic):
        return x.dtype.str, x.tobytes()
    if isinstance(x, (list, tuple)):
        keys = tuple(map(_key, x))
        return None if None in keys else (type(x), keys)
    return None


def _copied(x: Any) -> Any:
    """A result that the caller may change."""
    if isinstance(x, list):
        return list(map(_copied, x))
    return x.copy() if isinstance(plain(x), np.ndarray) else x


def objective(f: Function, *, lift: bool | None = None) -> Objective:
    """A function with the derivatives that minimizers ask for.

    What a solver asks for at the same x is evaluated once: the gradient's pass gives the value
    too, and the last few points are remembered, by the bytes of x and of the arguments. Nothing
    is remembered where an argument is not a number, a text, an array or a list or tuple of these;
    and f must depend on nothing else that changes. Safe to call from several threads.

    Parameters
    ----------
    f : callable
        ``f(x, *args)`` gives one real number, or an array of one, for x of shape (n,).
    lift : bool, optional
        As for `derivative`.

    Returns
    -------
    Objective
        With the methods fun, jac, hess, hessp and value_and_grad.

    Raises
    ------
    TypeError
        If f is not callable; at a call, as `grad`.

    Examples
    --------
    >>> o = objective(lambda x: (x[0] - 1) ** 2 + 10 * (x[1] - x[0] ** 2) ** 2)
    >>> o.jac(np.array([0.0, 1.0]))
    array([-2., 20.])

    For scipy: ``minimize(o.fun, x0, jac=o.jac, hessp=o.hessp, method="trust-ncg")``, or
    ``minimize(o.value_and_grad, x0, jac=True)``. Solvers of other problems take the drivers
    themselves: ``least_squares(r, x0, jac=jacobian(r))``,
    ``solve_ivp(rhs, span, y0, jac=jacobian(rhs, argnums=1), method="Radau")``.
    """
    return Objective(f, lift)
