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
from .array.operands import unbuffered
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
from .structure import leaves, rebuild
from .sweeps import (
    FEW,
    UNABLE,
    Mode,
    Record,
    gradient,
    gradient_along,
    is_plain_vector,
    prefers_backward,
    prefers_rows,
    pullback_of,
    refuse_unless_mode,
    rows,
)
from .workers import Columns, Progress, Workers, planned
from .wrappers import driver, function_for, lifting_as_needed
from .zeros import is_finite

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
    is_known = inputs.finished is not None or is_elementwise(inputs.f, key, np.shape(x))
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
    f: Callable[P, R],
    argnums: Argnums = 0,
    has_aux: bool = False,
    *,
    mode: Mode = None,
    lift: bool | None = None,
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
    mode : {None, "forward", "reverse"}
        Which way: by passes forward, each with some directions, or by one evaluation that
        records and a sweep back. By default back from 32 inputs on (64 in arrays). The results
        are the same, up to rounding.
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
    Backward, f is called once. Forward, f is called once for each pass, which has 256 directions,
    or fewer if the arguments hold more than 512 numbers; once for each number if these have more
    digits than floats. Where a sweep meets what is not finite, or f is made of functions that do
    not go backward, and mode is None, the gradient goes forward, too.

    Examples
    --------
    >>> value_and_grad(lambda p: p["a"] ** 2 * p["b"])({"a": 3.0, "b": 2.0})
    (18.0, {'a': 12.0, 'b': 9.0})
    """

    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        inputs = Inputs("value_and_grad", f, argnums, args, kwargs)
        outputs, slopes = _gradient(inputs, has_aux, mode)
        value = outputs.values[0]
        return ((value, outputs.aux) if has_aux else value), inputs.arrange(slopes)

    refuse_unless_mode("value_and_grad", mode)
    return wrapper


@driver
def grad(
    f: Callable[P, Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    *,
    mode: Mode = None,
    lift: bool | None = None,
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
        outputs, slopes = _gradient(inputs, has_aux, mode)
        result = inputs.arrange(slopes)
        return (result, outputs.aux) if has_aux else result

    refuse_unless_mode("grad", mode)
    return wrapper


def _gradient(
    inputs: Inputs, has_aux: bool = False, mode: Mode = None
) -> tuple[Outputs, list[Any]]:
    """The one real output, and its derivative in each input."""
    if prefers_backward(inputs, mode):
        found = gradient(inputs, has_aux, _one_real_output, mode == "reverse")
        if found is not None:
            return found
    outputs, table = run_passes(inputs, None, has_aux, _one_real_output, combine=of_real_function)
    if not any(inputs.are_complex):
        return outputs, table[0]
    slopes = zip(table[0], inputs.are_complex, strict=True)
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
    mode: Mode = None,
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
    mode : {None, "forward", "reverse"}
        Which way: column by column forward, or row by row by sweeps back. By default back if
        there are more than 256 inputs, and four times as many as outputs, and no workers.
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
        if mode == "reverse" or (mode is None and is_alone and inputs.size > 256):
            found = _by_rows(inputs, has_aux, mode == "reverse")
            if found is not None:
                return found
        columns = None if out is None else Columns(out, inputs.leaves)
        with planned("jacobian", workers, progress, columns) as plan:
            outputs, table = run_passes(inputs, chunk, has_aux, plan=plan)
        result = out
        if out is None:
            result = outputs.arrange(
                [_row(inputs, value, row) for value, row in zip(outputs.values, table, strict=True)]
            )
        return (result, outputs.aux) if has_aux else result

    refuse_unless_mode("jacobian", mode)
    is_alone = chunk is None and workers is None and progress is None and out is None
    if mode == "reverse" and not is_alone:
        raise ValueError(
            "jacobian: chunk, workers, progress and out= are about passes forward; omit them, or "
            "write mode='forward'."
        )
    return wrapper


def _by_rows(inputs: Inputs, has_aux: bool, is_told: bool) -> Any:
    """The Jacobian by sweeps; None if that is left to forward mode."""
    try:
        record = Record(inputs, has_aux, is_optional=not is_told)
        if record.is_doubtful:
            if not is_told:
                return None
            record.settle()
        outputs = record.outputs
        if not is_told and not prefers_rows(inputs, outputs):
            return None
        table = rows(record)
    except UNABLE:
        if is_told:
            raise
        return None
    is_odd = not all(is_finite(block) for row in table for block in row)
    has_nan = any(np.any(plain(v) != plain(v)) for v in outputs.values)
    if is_odd and not has_nan and inputs.size <= FEW:
        return None
    result = outputs.arrange(
        [_row(inputs, value, row) for value, row in zip(outputs.values, table, strict=True)]
    )
    return (result, outputs.aux) if has_aux else result


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
    mode: Mode = None,
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
    mode : {None, "forward", "reverse"}
        Which way the gradient goes, of which forward mode makes the Hessian.
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
        if is_alone and (inputs.size > 32 or mode == "reverse"):  # more than the kernel takes
            found = _by_directions(inputs)
            if found is not None:
                return found
        with planned("hessian", workers, progress) as plan:
            _, table = run_passes(_inputs_of_gradient(inputs, mode), chunk, plan=plan)
        for i, x in enumerate(inputs.leaves):
            for j, y in enumerate(inputs.leaves[: i + 1]):
                h = (table[i][j] + _swapped(table[j][i], np.ndim(y))) / 2
                table[i][j], table[j][i] = h, _swapped(h, np.ndim(x))
        return inputs.arrange([inputs.arrange(row) for row in table])

    refuse_unless_mode("hessian", mode)
    is_alone = chunk is None and workers is None and progress is None and mode != "forward"
    return wrapper


def _by_directions(inputs: Inputs) -> Any:
    """The Hessian in one list or vector of floats, some directions at once; None for others."""
    if len(inputs.selected) != 1 or not inputs.single:
        return None
    (x,) = inputs.selected
    if type(x) is list:
        if not all(type(e) is float for e in x):
            return None
    elif not is_plain_vector(x):
        return None
    n = inputs.size
    rows = []
    for start in range(0, n, 16):
        unit = np.zeros((min(16, n - start), n))
        unit[np.arange(len(unit)), np.arange(start, start + len(unit))] = 1
        along = gradient_along(lambda seeds: _called(inputs, seeds), x, unit)
        if along is None:
            return None
        rows.append(along)
    whole = np.concatenate(rows)
    whole = (whole + whole.T) / 2
    return whole.tolist() if type(x) is list else whole


def _called(inputs: Inputs, x: Any) -> Any:
    """f with the one argument replaced."""
    return inputs.call(x if isinstance(x, list) else [x])


def _inputs_of_gradient(inputs: Inputs, mode: Mode = None) -> Inputs:
    """The same numbers in one list, for a function that gives the gradient in one."""
    gradient_at = functools.partial(_gradient_at, inputs, mode)
    return Inputs(inputs.driver, gradient_at, 0, (inputs.leaves,), {})


def _gradient_at(inputs: Inputs, mode: Mode, numbers: list[Any]) -> list[Any]:
    return _gradient(Inputs(inputs.driver, inputs.call, 0, (numbers,), {}), mode=mode)[1]


def _swapped(block: Any, ndim: int) -> Any:
    """The first ndim axes of a block moved behind the others."""
    if not np.ndim(block):
        return block
    axes = range(np.ndim(block))
    return np.transpose(block, (*axes[ndim:], *axes[:ndim]))


@lifting_as_needed
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
    direction = rebuild(direction, unbuffered)
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


@lifting_as_needed
def vjp(
    f: Callable[..., R], *primals: Any, lift: bool | None = None
) -> tuple[R, Callable[[Any], tuple[Any, ...]]]:
    """Value and pullback in one evaluation: vectors times the Jacobian, from the left.

    Parameters
    ----------
    f : callable
        Takes and returns numbers, arrays, and nested lists, tuples and dicts of them.
    *primals
        The arguments, all of them differentiated.
    lift : bool, optional
        Whether to run f with `math`, `cmath` and NumPy's makers of arrays made for duals, as
        `dualad.lift` does. By default where f, or a function that it calls by name, uses them.

    Returns
    -------
    (value, pullback)
        `pullback(cotangent)` takes what has the structure of the value, and gives a tuple with
        one cotangent for each argument. It may be called many times.

    Raises
    ------
    TypeError
        If the arguments are not made of numbers, or f goes through a function that has no way
        back.
    ValueError
        By the pullback, if the cotangent does not match the value.

    Notes
    -----
    f is called once, and everything it calculates is kept until the pullback is gone. In complex
    numbers a cotangent c stands for the function dy ↦ Re(c·dy), as in jax.

    Examples
    --------
    >>> value, pullback = vjp(lambda x, y: x * y, 2.0, 5.0)
    >>> value, pullback(1.0)
    (10.0, (5.0, 2.0))
    """
    function = function_for("vjp", f, lift)
    inputs = Inputs("vjp", function, range(len(primals)), primals, {})
    record = Record(inputs)
    if record.is_doubtful:
        record.settle()
    outputs = record.outputs
    return outputs.arrange(outputs.values), pullback_of(record)


def _are_vectors(x: Any, v: Any) -> bool:
    """Whether both are lists of floats, or plain vectors of them, of one length."""
    if type(x) is not type(v):
        return False
    if type(x) is list:
        return 1 < len(x) == len(v) and all(type(e) is float for e in v)
    return is_plain_vector(x) and is_plain_vector(v) and len(x) == len(v)


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
        if argnums == 0 and not args and not kwargs and _are_vectors(x, v):
            along = gradient_along(f, x, np.array([v], float))
            if along is not None:
                return along[0].tolist() if type(x) is list else along[0]
        inputs = Inputs("hvp", f, argnums, (x, *args), kwargs)
        seeds = _seeds_along(inputs, [v] if inputs.single else list(v))
        outer = _inputs_of_gradient(inputs)
        outputs = run_pass(outer, seeds)
        return inputs.arrange(tangents_of(outputs, outer))

    return wrapper  # type: ignore[return-value]  # x and v may be given by name too
