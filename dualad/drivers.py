"""The drivers: seed the inputs, run the passes, put the tangents into the structures.

A pass is one evaluation of the function with unit tangents on some of the inputs; `jacobian`
stacks the tangents that come out as columns. The other drivers are special seeds.

How often each of them calls the function stands in its notes. Where the function has caught an
error of a dual and gone on, it is called a few times more, with plain numbers too: see `promises`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from .arguments import Argnums, Inputs, Outputs, argnums_as_tuple
from .kernel import DRIVERS
from .pair import is_operand, plain
from .passes import one_like, run_pass, tangents_of
from .promises import (
    is_elementwise,
    of_real_function,
    refuse_unless_elementwise,
    refuse_unless_holomorphic,
    refuse_unless_same,
    weights,
)
from .stacking import run_passes, run_together, turned
from .structure import leaves
from .workers import Columns, Progress, Workers, planned
from .wrappers import driver, function_for

P = ParamSpec("P")  # the arguments of f,
X = TypeVar("X")  # the first of them,
R = TypeVar("R")  # and its result


@driver
def derivative(
    f: Callable[P, R], argnums: Argnums = 0, order: int = 1, *, lift: bool | None = None
) -> Callable[P, R]:
    """The derivative of a function of a number; on arrays elementwise.

    Parameters
    ----------
    f : callable
        A function of a number (any number system), or an elementwise function of an array. Its
        result may be a number, an array, or a list, tuple or dict of them.
    argnums : int, str, or a sequence of these
        Which argument: index or name. With a sequence, a tuple of derivatives comes back.
    order : int
        How often to differentiate; 0 gives f itself.
    lift : bool, optional
        Whether to run f with `math`, `cmath` and NumPy's makers of arrays made for duals, as
        `dualad.lift` does. By default where f, or a function that it calls by name, uses them.

    Returns
    -------
    callable
        Called as f is called; the result has the structure of f's result.

    Raises
    ------
    TypeError
        If f is not callable, the argument is neither number nor array, or f returns
        something else than numbers.
    ValueError
        If order is negative, or f is not elementwise: its result has another shape than x, or
        depends otherwise on other elements (which is asked once for each f and shape).
    TypeError
        If x is complex and f is not holomorphic there.

    Notes
    -----
    f is called once for each argument in argnums (for numbers with more digits than floats,
    twice if they are complex).

    Examples
    --------
    >>> derivative(lambda x: x**3)(2.0)
    12.0
    >>> derivative(lambda x: x**3, order=2)(np.array([1.0, 2.0]))
    array([ 6., 12.])
    """
    if isinstance(order, bool) or not isinstance(order, int) or order < 0:
        raise ValueError(f"derivative: order is a count, 0 or more; got {order!r}.")
    if order == 0:
        return f
    if order > 1 and not isinstance(argnums, (tuple, list, range)):
        return derivative(derivative(f, argnums, order=order - 1), argnums)

    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        if order > 1:
            each = argnums_as_tuple("derivative", argnums)
            return tuple(derivative(f, a, order)(*args, **kwargs) for a in each)
        inputs = Inputs("derivative", f, argnums, args, kwargs)
        results = []
        first: Outputs | None = None
        for i, x in enumerate(inputs.selected):
            if not is_operand(x):
                raise TypeError(
                    f"derivative takes a number or an array, got {type(x).__name__}; "
                    "use grad or jacobian."
                )
            outputs, slopes = _elementwise_slopes(inputs, i)
            if first is None:
                first = outputs
            else:
                refuse_unless_same(first, outputs)
            results.append(outputs.arrange(slopes))
        return results[0] if inputs.single else tuple(results)

    return wrapper


def _elementwise_slopes(inputs: Inputs, i: int) -> tuple[Outputs, list[Any]]:
    """The outputs, and the slope of each of their numbers in that number of input i."""
    x, key = inputs.leaves[i], inputs.keys[i]
    ones = [one_like(v) if i == j else None for j, v in enumerate(inputs.leaves)]
    seedings = [ones]
    if inputs.are_complex[i]:
        seedings.append(turned(inputs, ones))
    is_known = isinstance(inputs.f, Outputs) or is_elementwise(inputs.f, key, np.shape(x))
    if not is_known:
        seedings.append([None if s is None else weights(x) for s in ones])
    outputs, (slopes, *others) = run_together(inputs, seedings, ())
    for value in outputs.values:
        if np.ndim(x) and np.shape(value) != np.shape(x):
            raise ValueError(
                f"derivative of an array needs an elementwise function: shape "
                f"{np.shape(x)} went in, {np.shape(value)} came out; use grad or jacobian."
            )
    if not is_known:
        refuse_unless_elementwise(inputs, key, x, slopes, others.pop())
    for along_i in others:
        for slope, other in zip(slopes, along_i, strict=True):
            refuse_unless_holomorphic(inputs, slope, other)
    return outputs, slopes


@driver
def value_and_grad(
    f: Callable[P, R], argnums: Argnums = 0, has_aux: bool = False, *, lift: bool | None = None
) -> Callable[P, tuple[R, Any]]:
    """Value and gradient of a function with one real output, from the same passes.

    Parameters
    ----------
    f : callable
        Takes numbers, arrays, and nested lists, tuples and dicts of them; returns one real
        number.
    argnums : int, str, or a sequence of these
        Which arguments, by index or name. With a sequence, a tuple of gradients comes back.
    has_aux : bool
        f returns (number, aux); aux is handed on, without tangents.
    lift : bool, optional
        Whether to run f with `math`, `cmath` and NumPy's makers of arrays made for duals, as
        `dualad.lift` does. By default where f, or a function that it calls by name, uses them.

    Returns
    -------
    callable
        Called as f is called; gives (value, gradient), or ((value, aux), gradient). The
        gradient has the argument's structure and shapes. In complex numbers x + iy it is
        ∂/∂x − i·∂/∂y, as in jax.

    Raises
    ------
    TypeError
        If the result of f is not one real number, or an argument is not made of numbers.
    NotDeterministicError
        If f gives other values in a later pass.

    Notes
    -----
    f is called once for each pass, which has 256 directions, or fewer if the arguments hold more
    than 512 numbers; once for each number if these have more digits than floats.

    Examples
    --------
    >>> value_and_grad(lambda p: p["a"] ** 2 * p["b"])({"a": 3.0, "b": 2.0})
    (18.0, {'a': 12.0, 'b': 9.0})
    """

    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        inputs = Inputs("value_and_grad", f, argnums, args, kwargs)
        outputs, gradient = _gradient(inputs, has_aux)
        value = outputs.values[0]
        return ((value, outputs.aux) if has_aux else value), inputs.arrange(gradient)

    return wrapper


@driver
def grad(
    f: Callable[P, Any], argnums: Argnums = 0, has_aux: bool = False, *, lift: bool | None = None
) -> Callable[P, Any]:
    """The gradient of a function with one real output.

    Parameters and errors are those of `value_and_grad`; the gradient alone comes back, or
    (gradient, aux).

    Examples
    --------
    >>> grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    array([2., 4.])
    >>> grad(lambda x, y: x * y, argnums=("x", "y"))(2.0, 5.0)
    (5.0, 2.0)
    """

    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        inputs = Inputs("grad", f, argnums, args, kwargs)
        outputs, gradient = _gradient(inputs, has_aux)
        result = inputs.arrange(gradient)
        return (result, outputs.aux) if has_aux else result

    return wrapper


def _gradient(inputs: Inputs, has_aux: bool = False) -> tuple[Outputs, list[Any]]:
    """The one real output, and its derivative in each input."""
    outputs, rows = run_passes(inputs, None, has_aux, _one_real_output, combine=of_real_function)
    if not any(inputs.are_complex):
        return outputs, rows[0]
    slopes = zip(rows[0], inputs.are_complex, strict=True)
    return outputs, [s if is_complex else np.real(s) for s, is_complex in slopes]


def _one_real_output(outputs: Outputs) -> None:
    y = outputs.structure
    if not is_operand(y):
        what = f"a {type(y).__name__}"
    elif np.ndim(y):
        what = f"an array of shape {np.shape(y)}"
    elif np.iscomplexobj(plain(y)) or hasattr(plain(y), "_mpc_"):
        what = "a complex number"
    else:
        return
    raise TypeError(
        f"{outputs.driver} needs a function with one real output; this one returned {what}. "
        "Use jacobian."
    )


@driver
def jacobian(
    f: Callable[P, Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    *,
    chunk: int | None = None,
    lift: bool | None = None,
    workers: Workers | None = None,
    progress: Progress | None = None,
    out: Any = None,
) -> Callable[P, Any]:
    """The Jacobian: all outputs by all inputs.

    Parameters
    ----------
    f : callable
        Takes and returns numbers, arrays, and nested lists, tuples and dicts of them.
    argnums : int, str, or a sequence of these
        Which arguments, by index or name.
    has_aux : bool
        f returns (result, aux); (jacobian, aux) comes back.
    chunk : int, optional
        How many directions a pass carries. 1 is the textbook loop, one input per pass; by
        default as many as pay off. The result is the same.
    lift : bool, optional
        Whether to run f with `math`, `cmath` and NumPy's makers of arrays made for duals, as
        `dualad.lift` does. By default where f, or a function that it calls by name, uses them.
    workers : int or callable, optional
        Run the passes in this many processes (-1: one per processor), or by this map: of a
        `multiprocessing.Pool`, an executor, a Dask or mpi4py client. Passes are handed out in
        order; the result is, to the last bit, that of the serial run with the same chunk.
        Without chunk, each worker gets at least one pass. Functions and arguments must be
        picklable for processes, and a script must guard its start by
        `if __name__ == "__main__":`.
    progress : bool or callable, optional
        True shows a bar on stderr when it takes longer than a second (of tqdm, if there); a
        function is called as (done, total) after each pass. A map that gives all results at
        once, as `Pool.map`, reports them at once; `Pool.imap` one by one.
    out : array or memmap, optional
        For a function of one array with one array as its result: where the Jacobian is written,
        block of columns by block of columns, so that it need not fit into memory. It has shape
        out.shape + in.shape and comes back as the result.

    Returns
    -------
    callable
        Called as f is called. For array in, array out: an array of shape out.shape + in.shape,
        where a list of numbers counts as an array of one axis. Otherwise the structure of the
        outputs, and in each place the structure of the inputs.

    Raises
    ------
    TypeError
        If inputs or outputs are not made of numbers, or f is not holomorphic in complex ones.
    NotDeterministicError
        If f gives other values or shapes in a later pass: it uses random numbers, a counter, or
        data that it modifies.
    ValueError
        If chunk is not a positive integer, out does not fit, or the map of workers changes the
        order.

    Notes
    -----
    f is called once for each pass of `chunk` directions, by default as in `value_and_grad`.

    Examples
    --------
    >>> jacobian(lambda x: x[:2] * x[1:])(np.array([1.0, 2.0, 3.0]))
    array([[2., 1., 0.],
           [0., 3., 2.]])
    """

    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        inputs = Inputs("jacobian", f, argnums, args, kwargs)
        columns = None if out is None else Columns(out, inputs.leaves)
        with planned("jacobian", workers, progress, columns) as plan:
            outputs, rows = run_passes(inputs, chunk, has_aux, plan=plan)
        result = out
        if out is None:
            result = outputs.arrange(
                [_row(inputs, value, row) for value, row in zip(outputs.values, rows, strict=True)]
            )
        return (result, outputs.aux) if has_aux else result

    return wrapper


def _row(inputs: Inputs, value: Any, row: list[Any]) -> Any:
    """The derivatives of one output: for an array, a list of numbers is one more axis."""
    by_argument = inputs.arrange(row)
    if not np.ndim(value):
        return by_argument
    if inputs.single:
        return _joined(inputs.selected[0], by_argument)
    return tuple(map(_joined, inputs.selected, by_argument))


def _joined(argument: Any, derivatives: Any) -> Any:
    if type(argument) not in (list, tuple) or not argument:
        return derivatives
    if any(isinstance(x, (list, tuple, dict)) or np.ndim(x) for x in argument):
        return derivatives
    return np.stack(derivatives, axis=-1)


@driver
def hessian(
    f: Callable[P, Any],
    argnums: Argnums = 0,
    *,
    chunk: int | None = None,
    lift: bool | None = None,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> Callable[P, Any]:
    """The Hessian of a function with one real output; exactly symmetric.

    Parameters
    ----------
    f : callable
        As for `grad`.
    argnums : int, str, or a sequence of these
        Which arguments, by index or name.
    lift : bool, optional
        Whether to run f with `math`, `cmath` and NumPy's makers of arrays made for duals, as
        `dualad.lift` does. By default where f, or a function that it calls by name, uses them.
    chunk, workers, progress
        As for `jacobian`: the passes are those of the Jacobian of the gradient.

    Returns
    -------
    callable
        Called as f is called. For one array: an array of shape in.shape + in.shape. Otherwise
        the structure of the inputs, and in each place the structure of the inputs.

    Raises
    ------
    TypeError, NotDeterministicError
        As `grad`.

    Notes
    -----
    f is called as often as by the Jacobian of its gradient: once for each pair of passes.

    Examples
    --------
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 2.0]))
    array([[4., 6.],
           [6., 0.]])
    """

    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        inputs = Inputs("hessian", f, argnums, args, kwargs)
        with planned("hessian", workers, progress) as plan:
            _, rows = run_passes(_inputs_of_gradient(inputs), chunk, plan=plan)
        for i, x in enumerate(inputs.leaves):
            for j, y in enumerate(inputs.leaves[: i + 1]):
                h = (rows[i][j] + _swapped(rows[j][i], np.ndim(y))) / 2
                rows[i][j], rows[j][i] = h, _swapped(h, np.ndim(x))
        return inputs.arrange([inputs.arrange(row) for row in rows])

    return wrapper


def _inputs_of_gradient(inputs: Inputs) -> Inputs:
    """The same numbers in one list, for a function that gives the gradient in one."""
    return Inputs(inputs.driver, functools.partial(_gradient_at, inputs), 0, (inputs.leaves,), {})


def _gradient_at(inputs: Inputs, numbers: list[Any]) -> list[Any]:
    return _gradient(Inputs(inputs.driver, inputs.call, 0, (numbers,), {}))[1]


def _swapped(block: Any, ndim: int) -> Any:
    """The first ndim axes of a block moved behind the others."""
    if not np.ndim(block):
        return block
    axes = range(np.ndim(block))
    return np.transpose(block, (*axes[ndim:], *axes[:ndim]))


def jvp(
    f: Callable[..., R],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    lift: bool | None = None,
) -> tuple[R, R]:
    """Value and directional derivative in one pass: the Jacobian times a vector.

    Parameters
    ----------
    f : callable
        Takes and returns numbers, arrays, and nested lists, tuples and dicts of them.
    primals : tuple or list
        The arguments, all of them differentiated.
    tangents : tuple or list
        The direction, in the structure and shapes of the primals.
    lift : bool, optional
        Whether to run f with `math`, `cmath` and NumPy's makers of arrays made for duals, as
        `dualad.lift` does. By default where f, or a function that it calls by name, uses them.

    Returns
    -------
    (value, tangent)
        In the structure of f's result.

    Raises
    ------
    TypeError
        If primals or tangents are not tuples or lists of numbers.
    ValueError
        If the two do not match.

    Notes
    -----
    f is called once.

    Examples
    --------
    >>> jvp(lambda x, y: x * y, (2.0, 5.0), (1.0, 0.0))
    (10.0, 5.0)
    """
    function: Any = function_for("jvp", f, lift)
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(
                f"jvp: {name} is a tuple with one entry per argument of the function, "
                f"got {type(given).__name__}; write jvp(f, (x,), (v,))."
            )
    found = DRIVERS.along(function, primals, tangents) if DRIVERS else None
    if found is not None:
        y, slopes, level = found
        if slopes is not None:
            return y, slopes
        function = Outputs("jvp", y, level)
    inputs = Inputs("jvp", function, range(len(primals)), tuple(primals), {})
    outputs = run_pass(inputs, _seeds_along(inputs, list(tangents)))
    return outputs.arrange(outputs.values), outputs.arrange(tangents_of(outputs, inputs))


def _seeds_along(inputs: Inputs, direction: list[Any]) -> list[Any]:
    """The numbers of a direction, which must have the structure of the selected arguments."""
    wanted, given = _shapes(inputs.selected), _shapes(direction)
    if wanted != given:
        raise ValueError(
            f"{inputs.driver}: the direction must have the structure and shapes of the arguments, "
            f"{wanted}; got {given}."
        )
    return [inputs.number(t) for t in leaves(direction)]


def _shapes(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return [_shapes(part) for part in x]
    if isinstance(x, dict):
        return {key: _shapes(part) for key, part in x.items()}
    return np.shape(x) if is_operand(x) else type(x).__name__


@driver
def hvp(
    f: Callable[Concatenate[X, P], Any], argnums: Argnums = 0, *, lift: bool | None = None
) -> Callable[Concatenate[X, Any, P], Any]:
    """Hessian times a vector, without the Hessian.

    Parameters
    ----------
    f : callable
        As for `grad`.
    argnums : int, str, or a sequence of these
        Which arguments, by index or name (of the arguments of f, without v).
    lift : bool, optional
        Whether to run f with `math`, `cmath` and NumPy's makers of arrays made for duals, as
        `dualad.lift` does. By default where f, or a function that it calls by name, uses them.

    Returns
    -------
    callable
        Called as (x, v, …): the vector comes second, as in scipy's `hessp(x, p, *args)`; the
        rest as f is called. v and the result have the structure of the argument (with a
        sequence for argnums, a tuple of these).

    Raises
    ------
    TypeError
        As `grad`.
    ValueError
        If v does not match the argument.

    Notes
    -----
    f is called as often as by `grad`.

    Examples
    --------
    >>> hvp(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 2.0]), np.array([1.0, 0.0]))
    array([4., 6.])
    """

    def wrapper(x: Any, v: Any, *args: Any, **kwargs: Any) -> Any:
        inputs = Inputs("hvp", f, argnums, (x, *args), kwargs)
        seeds = _seeds_along(inputs, [v] if inputs.single else list(v))
        outer = _inputs_of_gradient(inputs)
        outputs = run_pass(outer, seeds)
        return inputs.arrange(tangents_of(outputs, outer))

    return wrapper  # type: ignore[return-value]  # x and v may be given by name too
