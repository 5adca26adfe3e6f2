"""The drivers: seed the inputs, run the passes, put the tangents into the structures.

A pass is one evaluation of the function with unit tangents on some of the inputs; `jacobian`
stacks the tangents that come out as columns. The other drivers are special seeds.

How often each of them calls the function stands in its notes. Where the function has caught an
error of a dual and gone on, it is called a few times more, with plain numbers too: see `promises`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from .arguments import Argnums, Inputs, Outputs, argnums_as_tuple, of_kind
from .conversions import as_slope
from .differentiations import DOUBTS, IS_LOOKING, Doubt
from .kernel import ARRAY_KERNEL, DRIVERS
from .later import Later
from .namespaces import is_exact
from .numerics import quiet
from .pair import Function, Pair, fit, is_array, is_operand, own, plain
from .passes import one_like, run_pass, tangents_of
from .promises import (
    LOSSES,
    begun_where_it_ended,
    has_directions,
    is_doubtful,
    is_searching,
    keeps_apart,
    kept_as_it_is,
    looking,
    may_begin_near,
    note_apart,
    note_looked_into,
    of_real_function,
    refuse_unless_holomorphic,
    refuse_unless_same,
    refuse_unless_steady,
    weights,
)
from .stacking import refuse_unless_apart, run_passes, run_together, turned
from .structure import rebuild
from .ways import (
    LEAST_AGAIN,
    LEAST_ELEMENTS,
    LEAST_NUMBERS,
    UNABLE,
    VERY_FEW,
    Mode,
    is_plain_vector,
    prefers_backward,
    prefers_rows,
    refuse_unless_mode,
)
from .workers import Columns, Progress, Workers, planned
from .wrappers import (
    call_of,
    driver,
    function_for,
    is_for_series,
    lifting_as_needed,
    look_into,
    refuse_unless_callable,
)
from .zeros import is_finite

# Sweeps, sparse matrices and series are loaded by the first call that asks for them.
if TYPE_CHECKING:
    from . import sweeps
    from .compression import Sparsity
else:
    sweeps = Later(f"{__package__}.sweeps")

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
        How many times to differentiate; 0 gives f itself.
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
        depends otherwise on other elements.
    TypeError
        If x is complex and f is not holomorphic there.
    NotImplementedError
        If order is above 12, and there is no series: f uses a function that has none, x is complex,
        or another derivative is taken outside.

    Notes
    -----
    f is called once for each argument in argnums (for numbers with more digits than floats,
    twice if they are complex). From order 3 on the derivative comes from a series, as `taylor`
    has it, which costs order² steps where nested duals double with each order. Then f is called
    once more where it does not return a single number, or puts elements of an array together;
    where there is no series, or none that is finite, it is called again: to order 6 with nested
    duals, and from order 7 on with a series of another scale, which decides what is infinite or
    nan. From order 13 on nested duals are not tried at all. With the kernel, a second derivative
    in a float is left where f stores nested duals in arrays, or has large arrays of them: f is
    called again, with a series.

    Examples
    --------
    >>> derivative(lambda x: x**3)(2.0)
    12.0
    >>> derivative(lambda x: x**3, order=2)(np.array([1.0, 2.0]))
    array([ 6., 12.])
    """
    order = as_count("derivative", order)
    if order == 0:
        return f
    if order > 1 and not isinstance(argnums, (tuple, list, range)):
        if is_for_series(order):
            return _by_series(f, argnums, order)
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
                refuse_unless_same(inputs, first, outputs)
            results.append(outputs.arrange(slopes))
        return results[0] if inputs.single else tuple(results)

    return wrapper


def as_count(driver: str, order: Any) -> int:
    """An order as one of Python's integers.

    Raises
    ------
    ValueError
        If it is not an integer, or negative.
    """
    if isinstance(order, (int, np.integer)) and not isinstance(order, bool) and order >= 0:
        return int(order)
    raise ValueError(f"{driver}: order is a count, 0 or more; got {order!r}.")


def _by_series(f: Callable[P, R], argnums: Argnums, order: int) -> Callable[P, R]:
    """A higher derivative from a series, where that is finite; else by nested duals.

    These double with each order, and so have an end.
    """

    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        inputs = Inputs("derivative", f, argnums, args, kwargs)
        found = _last_of_series(inputs, order)
        if found is not None:
            return found
        if order > _MOST_DOUBLINGS:
            raise NotImplementedError(
                f"derivative: an order above {_MOST_DOUBLINGS} needs a series, and there is none "
                "in complex numbers, inside other derivatives, or of some functions that f may "
                "use (taylor tells which); use a lower order, or functions that have a series."
            )
        again, by_name = inputs.given_again()
        nested: Any = derivative(derivative(f, argnums, order=order - 1), argnums)
        return nested(*again, **by_name)

    return wrapper


def _last_of_series(inputs: Inputs, order: int) -> Any:
    from .series import MOST_NESTED, NoSeries, expanded, scale_of

    if not is_operand(inputs.selected[0]):
        return None  # nested duals say so
    (x,) = inputs.leaves
    if isinstance(x, Pair) or inputs.are_complex[0]:
        return None
    inputs.is_elementwise = np.ndim(x) > 0
    unscaled = (1, math.factorial(order), 0)
    scales: list[tuple[Any, Any, int]]
    if is_exact(plain(x)):
        scales = [unscaled]
    elif MOST_NESTED < order <= _MOST_FACTORIAL:
        scales = [scale_of(order), unscaled]
    else:
        scales = [scale_of(order)]
    for scale in scales:
        try:
            outputs, found = expanded(inputs, [one_like(x) * scale[0]], order, is_optional=True)
        except NoSeries:
            return None
        if all(is_finite(c) for each in found for c in each):
            break
    else:
        is_lost = all(is_finite(each[-1]) for each in found)  # as where a sum before has overflowed
        if order <= MOST_NESTED or (is_lost and order <= _MOST_DOUBLINGS):
            return None
        found = [[_nan_behind_infinities(each)] for each in found]
    if any(np.ndim(x) and np.shape(value) != np.shape(x) for value in outputs.values):
        return None
    if outputs.has_mixed:
        with looking(inputs):
            _elementwise_slopes(inputs, 0)  # which refuses it if it is not elementwise

    _, factor, exponent = scale

    def derived(c: Any) -> Any:
        half = exponent // 2  # the power of two may itself be too small for a float
        d = c * factor * 2.0**half * 2.0 ** (exponent - half) if exponent else c * factor
        return fit(d, c) if is_array(c) else as_slope(d, c)

    return outputs.arrange([derived(each[-1]) for each in found])


def _nan_behind_infinities(each: Sequence[Any]) -> Any:
    """The last coefficient; nan where it is finite, but one before it is not."""
    last = each[-1]
    is_lost = functools.reduce(np.logical_or, (~np.isfinite(c) for c in each[1:-1]))
    return fit(np.where(is_lost & np.isfinite(last), np.nan, last)[()], last)


_MOST_FACTORIAL = 170  # whose factorial is a float
_MOST_DOUBLINGS = 12  # the highest order that nested duals give in some seconds


def _elementwise_slopes(inputs: Inputs, i: int) -> tuple[Outputs, list[Any]]:
    """The outputs, and the slope of each of their numbers in that number of input i."""
    x, done = inputs.leaves[i], inputs.finished
    inputs.is_elementwise = np.ndim(x) > 0
    is_alone = keeps_apart(inputs.original) if done is None else not has_directions(done)
    is_along_both = inputs.is_elementwise and not is_alone
    ones = [one_like(v) if i == j else None for j, v in enumerate(inputs.leaves)]
    seedings = [ones]
    if inputs.are_complex[i]:
        seedings.append(turned(inputs, ones))
    if is_along_both:
        seedings.append([None if s is None else weights(x) for s in ones])
    outputs, (slopes, *others) = run_together(inputs, seedings, ())
    for value in outputs.values:
        if inputs.is_elementwise and np.shape(value) != np.shape(x):
            raise ValueError(
                f"derivative of an array needs an elementwise function: shape "
                f"{np.shape(x)} went in, {np.shape(value)} came out; use grad or jacobian."
            )
    weighted = others.pop() if is_along_both else None
    if outputs.has_mixed and done is None:
        refuse_unless_apart(inputs, i, slopes, weighted)
    if inputs.is_elementwise and done is None:
        note_apart(inputs.original, not outputs.has_mixed)
    for along_i in others:
        for slope, other in zip(slopes, along_i, strict=True):
            refuse_unless_holomorphic(inputs, slope, other)
    return outputs, slopes


def taylor(
    f: Callable[P, R], order: int, argnums: Argnums = 0, *, lift: bool | None = None
) -> Callable[..., list[R]]:
    """The Taylor series of a function at a point: its coefficients, in one pass.

    Parameters
    ----------
    f : callable
        Takes and returns numbers, arrays, and nested lists, tuples and dicts of them.
    order : int
        The last power.
    argnums : int, str, or a sequence of these
        Which arguments, by index or name. With a sequence, all of them move together.
    lift : bool, optional
        Whether to run f with `math`, `cmath` and NumPy's makers of arrays made for duals, as
        `dualad.lift` does. By default where f, or a function that it calls by name, uses them.

    Returns
    -------
    callable
        Called as f is called, and with `direction=` v, in the structure of the argument: it gives
        the list of c₀, c₁, … c_order, each in the structure of f's result, with
        f(x + v·t) = c₀ + c₁·t + c₂·t² + …. By default v is 1 for each number, so that the
        coefficients of an elementwise function of an array are those at each element.

    Raises
    ------
    TypeError
        If the arguments are not made of numbers, or f uses a function that has no series here:
        those that are neither rows of the table nor linear or bilinear in arrays, but for prod,
        inv, solve and det.
    ValueError
        If order is negative, or the direction does not have the structure of the argument.

    Notes
    -----
    f is called once, and costs about order² times as much. At kinks the series is that of the mean
    of both sides to first order: abs(x) at 0 has the series 0, and so has abs(x)**2.

    Examples
    --------
    >>> taylor(lambda x: 1 / (1 - x), 4)(0.0)
    [1.0, 1.0, 1.0, 1.0, 1.0]
    >>> taylor(lambda x: x[0] * x[1], 2)([2.0, 5.0], direction=[1.0, 0.5])
    [10.0, 6.0, 0.5]
    """
    refuse_unless_callable("taylor", f)
    order = as_count("taylor", order)
    if lift not in (True, False, None):
        raise TypeError(f"taylor: lift is True, False or None; got {lift!r}.")
    argnums_as_tuple("taylor", argnums, f"; for the point x, write {call_of('taylor')}")
    coefficients: Any = _taylor(f, argnums, order=order, lift=lift)
    return coefficients  # type: ignore[no-any-return]


@driver
def _taylor(
    f: Callable[P, R], argnums: Argnums = 0, *, order: int, lift: bool | None = None
) -> Callable[..., list[R]]:
    def wrapper(*args: Any, direction: Any = None, **kwargs: Any) -> Any:
        from .series import expanded

        inputs = Inputs("taylor", f, argnums, args, kwargs)
        if direction is None:
            along = [one_like(x) for x in inputs.leaves]
        else:
            along = _seeds_along(inputs, [direction] if inputs.single else list(direction))
        outputs, found = expanded(inputs, along, order)
        return [outputs.arrange([each[n] for each in found]) for n in range(order + 1)]

    return wrapper


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
        records and a sweep back. By default back from 32 inputs on, or from 2 numbers within a
        sweep or two other derivatives. The results are the same, up to rounding.
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
    not go backward and mode is None, the gradient goes forward, too. With more than 1,024 inputs
    a single pass forward then looks whether the sweep was right, and a warning says if it was not.

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
        Which way: by passes forward, or by one evaluation and a sweep back. By default back from
        32 inputs on, or from 2 numbers within a sweep or two other derivatives. The results are
        the same, up to rounding.
    lift : bool, optional
        Whether to run f with `math`, `cmath` and NumPy's makers of arrays made for duals, as
        `dualad.lift` does. By default where f, or a function that it calls by name, uses them.

    Returns
    -------
    callable
        Called as f is called; gives the gradient, in the structure and shapes of the argument, or
        (gradient, aux). In complex numbers x + iy it is ∂/∂x − i·∂/∂y, as in jax.

    Raises
    ------
    TypeError
        If the result of f is not one real number, or an argument is not made of numbers.
    NotDeterministicError
        If f gives other values in a later pass.

    Notes
    -----
    How often f is called stands in the notes of `value_and_grad`.

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
    inputs: Inputs, has_aux: bool = False, mode: Mode = None, least: int = LEAST_NUMBERS
) -> tuple[Outputs, list[Any]]:
    """The one real output, and its derivative in each input."""
    if prefers_backward(inputs, mode, least):
        found = sweeps.gradient(inputs, has_aux, _one_real_output, mode == "reverse")
        if found is not None:
            return found
    outputs, table = run_passes(inputs, None, has_aux, _one_real_output, combine=of_real_function)
    slopes = table[0]
    if any(inputs.are_complex):
        each = zip(slopes, inputs.are_complex, strict=True)
        slopes = [s if is_complex else np.real(s) for s, is_complex in each]
    return outputs, list(map(_as_precise, slopes, inputs.leaves))


def _as_precise(slopes: Any, x: Any) -> Any:
    """The slopes in an array or a number, in its precision, which f may have left."""
    if not is_array(x):
        return slopes if np.ndim(slopes) else as_slope(slopes, x)
    with quiet():  # they may be too large for it
        return slopes if slopes.dtype == x.dtype else slopes.astype(x.dtype)


# For functions with several outputs.
_INSTEAD_OF_ONE = {
    "hessian": "write jacobian(jacobian(f)) for the second derivatives of all its outputs",
    "hvp": "write jvp(jacobian(f), (x,), (v,)) for all its outputs",
}


def _one_real_output(outputs: Outputs) -> None:
    y = outputs.structure
    if not is_operand(y):
        what = f"a {of_kind(y)}"
    elif np.ndim(y):
        what = f"an array of shape {np.shape(y)}"
    elif np.iscomplexobj(plain(y)) or hasattr(plain(y), "_mpc_"):
        what = "a complex number"
    else:
        return
    driver = outputs.driver
    instead = _INSTEAD_OF_ONE.get(driver, "use jacobian")
    if what == "a complex number" and driver in _INSTEAD_OF_ONE:
        instead = f"differentiate its .real and .imag, as in {driver}(lambda x: f(x).real)"
    raise TypeError(
        f"{driver} needs a function with one real output; this one returned {what}; {instead}."
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
    sparsity: Any = None,
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
    sparsity : bool, matrix, int or (int, int), optional
        Where the Jacobian may be other than zero, so that as many directions do as it has
        colours: three at any size for a tridiagonal one. True detects it in the first call, as
        `sparsity` does, and keeps it; a matrix, sparse or dense, has something there (of several
        arguments a tuple of these, as `sparsity` gives it); a number is a bandwidth, on
        both sides or (below, above). Each result is checked along a random direction.

    Returns
    -------
    callable
        Called as f is called. For array in, array out: an array of shape out.shape + in.shape,
        in the precision of the input, where a list of numbers counts as an array of one axis.
        Otherwise the structure of the outputs, and in each place the structure of the inputs.
        With sparsity=, a `scipy.sparse.csr_array` with a row for each output number and a column
        for each input number (a tuple of these for several arguments).

    Raises
    ------
    TypeError
        If inputs or outputs are not made of numbers, or f is not holomorphic in complex ones.
    NotDeterministicError
        If f gives other values or shapes in a later pass: it uses random numbers, a counter, or
        data that it modifies.
    ValueError
        If chunk is not a positive integer, out does not fit, the map of workers changes the
        order, or f depends on more than the sparsity pattern that is given has.

    Notes
    -----
    f is called once for each pass of `chunk` directions, by default as in `value_and_grad`. With
    sparsity=True it is called once more to detect the pattern, and detected anew where f takes
    another branch. A few rows that are much longer than the others, as that of a constraint, go
    back, each in a sweep of its own, and f is called once more to record it; mode="forward" does
    without. Where rounding shows in the check of a sparse matrix, up to four more calls tell it
    from a wrong pattern.

    Examples
    --------
    >>> jacobian(lambda x: x[:2] * x[1:])(np.array([1.0, 2.0, 3.0]))
    array([[2., 1., 0.],
           [0., 3., 2.]])
    >>> jacobian(lambda x: x[:2] * x[1:], sparsity=(0, 1))(np.array([1.0, 2.0, 3.0])).nnz
    4
    """

    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        inputs = Inputs("jacobian", f, argnums, args, kwargs)
        if kept is not None:
            from .compression import by_arguments

            with planned("jacobian", workers, progress) as plan:
                outputs, matrix = kept.matrix(inputs, mode, chunk, has_aux, plan)
            result = by_arguments(inputs, matrix)
            return (result, outputs.aux) if has_aux else result
        if mode == "reverse" or (mode is None and is_alone and inputs.size > 256):
            found = _by_rows(inputs, has_aux, mode == "reverse")
            if found is not None:
                return found
        columns = None if out is None or IS_LOOKING.get() else Columns(out, inputs.leaves)
        with planned("jacobian", workers, progress, columns) as plan:
            outputs, table = run_passes(inputs, chunk, has_aux, plan=plan)
        result = out
        if columns is None:
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
    kept = _sparsity("jacobian", sparsity)
    if kept is not None and out is not None:
        raise ValueError("jacobian: out= is for dense matrices; omit it, or sparsity=.")
    return wrapper


def _sparsity(driver: str, given: Any, is_symmetric: bool = False) -> Sparsity | None:
    """What sparsity= says; None for a dense matrix."""
    if given is None or given is False:
        return None
    from .compression import Sparsity
    from .patterns import scipy_sparse

    scipy_sparse(driver)
    return given if isinstance(given, Sparsity) else Sparsity(given, is_symmetric)


def _by_rows(inputs: Inputs, has_aux: bool, is_requested: bool) -> Any:
    """The Jacobian by sweeps; None if that is left to forward mode."""
    try:
        record = sweeps.Record(inputs, has_aux, is_optional=not is_requested)
        if record.has_loss:
            refuse_unless_steady(inputs, record.outputs, has_aux)
            return None
        outputs = record.outputs
        if not is_requested and not prefers_rows(inputs, outputs):
            return None
        table = sweeps.rows(record)
    except UNABLE:
        if is_requested:
            raise
        return None
    if table is None:
        return None
    result = outputs.arrange(
        [_row(inputs, value, row) for value, row in zip(outputs.values, table, strict=True)]
    )
    return (result, outputs.aux) if has_aux else result


def _row(inputs: Inputs, value: Any, row: list[Any]) -> Any:
    """The derivatives of one output: for an array, a list of numbers is one more axis."""
    by_argument = inputs.arrange(list(map(_in_precision, row, inputs.leaves)))
    if not np.ndim(value):
        return by_argument
    if inputs.single:
        return _joined(inputs.selected[0], by_argument)
    return tuple(map(_joined, inputs.selected, by_argument))


def _in_precision(block: Any, x: Any) -> Any:
    """A block of a Jacobian in the precision of its input, as a gradient is; complex if it is."""
    if not is_array(block):
        return as_slope(block, x)
    if block.dtype.kind not in "fc":
        return block
    dtype = np.dtype(getattr(x, "dtype", float))
    if block.dtype.kind == "c":
        dtype = np.result_type(dtype, np.complex64)
    else:
        dtype = np.empty(0, dtype).real.dtype
    return block if block.dtype == dtype else block.astype(dtype)


def _joined(argument: Any, derivatives: Any) -> Any:
    if type(argument) not in (list, tuple) or not argument:
        return derivatives
    if any(isinstance(x, (list, tuple, dict)) or np.ndim(x) for x in argument):
        return derivatives
    return np.stack(derivatives, axis=-1)


@driver
def sparsity(
    f: Callable[P, Any], argnums: Argnums = 0, has_aux: bool = False, *, lift: bool | None = None
) -> Callable[P, Any]:
    """Which outputs depend on which inputs: where the Jacobian may be other than zero.

    Parameters
    ----------
    f : callable
        As for `jacobian`.
    argnums : int, str, or a sequence of these
        Which arguments, by index or name.
    has_aux : bool
        f returns (result, aux); (pattern, aux) comes back.
    lift : bool, optional
        Whether to run f with `math`, `cmath` and NumPy's makers of arrays made for duals, as
        `dualad.lift` does. By default where f, or a function that it calls by name, uses them.

    Returns
    -------
    callable
        Called as f is called; gives a boolean `scipy.sparse.csr_array` with a row for each number
        of the outputs and a column for each of the argument (with a sequence for argnums, a tuple
        of these), which `jacobian` takes as sparsity=.

    Raises
    ------
    ImportError
        If SciPy is not installed.
    TypeError
        If inputs or outputs are not made of numbers, or f uses a function whose results are not
        known to depend on what.

    Notes
    -----
    f is called once. The pattern holds for the branches that f takes at x, whatever the numbers
    are: a product depends on both factors, even if one is zero. But what a matrix that depends on
    no input multiplies by zero does not count.

    Examples
    --------
    >>> sparsity(lambda x: x[:-1] * x[1:])(np.array([1.0, 0.0, 3.0])).toarray().astype(int)
    array([[1, 1, 0],
           [0, 1, 1]])
    """

    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        from .compression import by_arguments
        from .patterns import detected

        inputs = Inputs("sparsity", f, argnums, args, kwargs)
        outputs, pattern = detected(inputs, has_aux)
        result = by_arguments(inputs, pattern)
        return (result, outputs.aux) if has_aux else result

    return wrapper


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
    sparsity: Any = None,
) -> Callable[P, Any]:
    """The Hessian of a function with one real output; exactly symmetric.

    Parameters
    ----------
    f : callable
        As for `grad`.
    argnums : int, str, or a sequence of these
        Which arguments, by index or name.
    mode : {None, "forward", "reverse"}
        Which way the gradient goes, of which forward mode makes the Hessian. By default back in
        one vector from 5 elements on, in several arrays, or in one of more axes, of any size, and
        in numbers, in whatever structure, from 33 on; in fewer elements or numbers where f stores
        what it makes of them one by one in arrays, or makes large ones.
    lift : bool, optional
        Whether to run f with `math`, `cmath` and NumPy's makers of arrays made for duals, as
        `dualad.lift` does. By default where f, or a function that it calls by name, uses them.
    chunk, workers, progress
        As for `jacobian`: the passes are those of the Jacobian of the gradient.
    sparsity : bool, matrix, int or (int, int), optional
        As for `jacobian`. A symmetric matrix needs fewer directions.

    Returns
    -------
    callable
        Called as f is called. For one array: an array of shape in.shape + in.shape. Otherwise
        the structure of the inputs, and in each place the structure of the inputs. With
        sparsity=, a `scipy.sparse.csr_array` with a row and a column for each input number (for
        several arguments a tuple of tuples of these).

    Raises
    ------
    TypeError, NotDeterministicError
        As `grad`.
    ValueError
        If the sparsity pattern that is given is not that of the function.

    Notes
    -----
    f is called as often as by the Jacobian of its gradient: once for each pair of passes; in
    numbers and arrays that go back, once for each 16 of them, for more in short vectors, and for
    fewer where f makes arrays so large that tangents would have more than 2**20 elements. A call
    that turns out to be of the wrong way is left before it has ended. With
    sparsity=, rounding in the check takes up to four more, as in `jacobian`.

    Examples
    --------
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 2.0]))
    array([[4., 6.],
           [6., 0.]])
    """

    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        inputs = Inputs("hessian", f, argnums, args, kwargs)
        if kept is not None:
            from .compression import by_arguments, refuse_unless_floats

            refuse_unless_floats(inputs)
            inner = _inputs_of_gradient(inputs, "reverse" if mode is None else mode, has_aux=True)
            along = _gradient_along(inputs) if is_alone else None
            with planned("hessian", workers, progress) as plan:
                matrix = kept.hessian(inner, chunk, plan, along)
            return by_arguments(inputs, matrix, (0, 1))
        is_other = all(map(is_array, inputs.leaves)) and not _is_vector(inputs)
        if is_alone and (is_other or inputs.size > 32 or mode == "reverse"):  # not for the kernel
            found = _by_directions(inputs)
            if found is not None:
                return found
        with planned("hessian", workers, progress) as plan:
            least = LEAST_NUMBERS
            if _is_vector(inputs):  # where the kernel has tried a sweep, forward is the better bet
                least = LEAST_ELEMENTS if is_alone and DRIVERS is None else max(least, LEAST_AGAIN)
            directions = 1 if prefers_backward(inputs, mode, least) else inputs.size
            of_gradient = _inputs_of_gradient(inputs, mode, least)
            _, table = run_passes(of_gradient, chunk, plan=plan, inner=directions)
        for i, x in enumerate(inputs.leaves):
            for j, y in enumerate(inputs.leaves[: i + 1]):
                h = (table[i][j] + _swapped(table[j][i], np.ndim(y))) / 2
                table[i][j] = h
                if i != j:
                    table[j][i] = _swapped(h, np.ndim(x))
        return inputs.arrange([inputs.arrange(row) for row in table])

    refuse_unless_mode("hessian", mode)
    kept = _sparsity("hessian", sparsity, is_symmetric=True)
    is_alone = chunk is None and workers is None and progress is None and mode != "forward"
    return wrapper


def _is_vector(inputs: Inputs) -> bool:
    """Whether there is one argument, an array with one axis."""
    return inputs.single and is_array(inputs.selected[0]) and np.ndim(inputs.selected[0]) == 1


def _by_directions(inputs: Inputs) -> Any:
    """The Hessian in lists or arrays of floats, some directions at once; None for others."""
    x, look_into = inputs.selected[0], functools.partial(_look_into_second, inputs)
    if inputs.single and type(x) is list and sweeps.is_of_floats(x):
        return sweeps.second_derivatives(lambda seeds: _called(inputs, seeds), x, look_into)
    given = sweeps.as_vector(inputs)
    whole = None if given is None else sweeps.second_derivatives(*given, look_into)
    if whole is None:
        return None
    cuts = np.cumsum(inputs.sizes)[:-1]
    rows = [
        [
            np.reshape(block, np.shape(x) + np.shape(y)).copy()
            for y, block in zip(inputs.leaves, np.split(row, cuts, 1), strict=True)
        ]
        for x, row in zip(inputs.leaves, np.split(whole, cuts), strict=True)
    ]
    return inputs.arrange([inputs.arrange(row) for row in rows])


def _gradient_along(inputs: Inputs) -> Callable[[Any], Any] | None:
    """How the gradient in one list or vector of floats changes; None for other arguments."""
    if not inputs.single or not sweeps.is_of_floats(inputs.selected[0]):
        return None
    return lambda directions: sweeps.gradient_along(
        lambda seeds: _called(inputs, seeds),
        inputs.selected[0],
        directions,
        functools.partial(_look_into_second, inputs),
    )


def _look_into_second(inputs: Inputs, why: Doubt) -> bool:
    """Look into f where outputs are doubtful that a second derivative is made of.

    It is made forward, too, for its own driver to look into. False if that is to give the result.
    """
    f, given = inputs.made, inputs.leaves
    along = [weights(x) if np.ndim(x) else 1.0 for x in given]
    if may_begin_near(why, f, given):
        with kept_as_it_is(inputs):
            run_pass(inputs, along)
    if not (is_doubtful(why, f, given) or is_searching(why, f, given)):
        return True
    if why in LOSSES:
        refuse_unless_steady(inputs, None)
        return False
    with kept_as_it_is(inputs), begun_where_it_ended():
        run_pass(_inputs_of_gradient(inputs), along)
    note_looked_into(why, f, given)
    return True


def _look_into_second_at(
    name: str, f: Function, argnums: Argnums, args: Sequence[Any], kwargs: dict[str, Any],
    why: Doubt,
) -> bool:  # fmt: skip
    """The same for a call of which there are no inputs yet."""
    return _look_into_second(Inputs(name, f, argnums, tuple(args), kwargs), why)


def _called(inputs: Inputs, x: Any) -> Any:
    """f with the one argument replaced."""
    return inputs.call(x if isinstance(x, list) else [x])


def _inputs_of_gradient(
    inputs: Inputs, mode: Mode = None, least: int = LEAST_NUMBERS, has_aux: bool = False
) -> Inputs:
    """The same numbers in one list, for a function that gives the gradient in one.

    `has_aux`: or (gradient, value).
    """
    gradient_at = functools.partial(_gradient_at, inputs, mode, least, has_aux)
    result = Inputs(inputs.driver, gradient_at, 0, (inputs.leaves,), {})
    result.original = inputs.original
    return result


def _gradient_at(inputs: Inputs, mode: Mode, least: int, has_aux: bool, numbers: list[Any]) -> Any:
    at = Inputs(inputs.driver, inputs.call, 0, (numbers,), {})
    at.original = inputs.original
    outputs, slopes = _gradient(at, mode=mode, least=least)
    return (slopes, outputs.values[0]) if has_aux else slopes


def _swapped(block: Any, ndim: int) -> Any:
    """The first ndim axes of a block moved behind the others, in memory of its own."""
    if not np.ndim(block):
        return block
    axes = range(np.ndim(block))
    return np.transpose(block, (*axes[ndim:], *axes[:ndim])).copy()


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
    before = DOUBTS[0]
    found = DRIVERS.along(function, primals, tangents) if DRIVERS else None
    if found is not None and found[1] is not None and DOUBTS[0] is before:
        return found[0], found[1]
    result = _pushed(function, primals, tangents, found)
    if DOUBTS[0] is not before:
        inputs = Inputs("jvp", function, range(len(primals)), tuple(primals), {})

        def elsewhere(points: list[Any]) -> Any:
            there = inputs.arrange(points)
            found = DRIVERS.along(function, there, tangents) if DRIVERS else None
            return _pushed(function, there, tangents, found)

        look_into(before, inputs, result, elsewhere)
    return result


def _pushed(
    function: Any, primals: Sequence[Any], tangents: Sequence[Any], found: Any
) -> tuple[Any, Any]:
    """Value and tangent; `found`: what the kernel's short way has given, if it was taken."""
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
    return inputs.matched(direction, inputs.selected, "the direction", "the arguments")


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
        `pullback(adjoint)` takes what has the structure of the value, and gives a tuple with
        one adjoint for each argument. It may be called many times.

    Raises
    ------
    TypeError
        If the arguments are not made of numbers, or f goes through a function that has no way
        back.
    ValueError
        By the pullback, if the adjoint does not match the value.

    Notes
    -----
    f is called once, and everything it calculates is kept until the pullback is gone. Where a sweep
    meets what is not finite, the pullback calls f again, and goes forward. In complex numbers an
    adjoint c stands for the function dy ↦ Re(c·dy), as in jax.

    Examples
    --------
    >>> value, pullback = vjp(lambda x, y: x * y, 2.0, 5.0)
    >>> value, pullback(1.0)
    (10.0, (5.0, 2.0))
    """
    function = function_for("vjp", f, lift)
    before = DOUBTS[0]
    result = _pullback(function, primals)
    if DOUBTS[0] is not before:
        inputs = Inputs("vjp", function, range(len(primals)), primals, {})
        elsewhere = lambda points: _pulled(*_pullback(function, inputs.arrange(points)))  # noqa: E731
        look_into(before, inputs, _pulled(*result), elsewhere)
    return result


def _pulled(value: Any, pullback: Callable[[Any], Any]) -> Any:
    """The adjoints of the arguments, from some of the value."""
    return pullback(rebuild(value, lambda v: weights(v) if np.ndim(v) else 1.0))


def _pullback(function: Any, primals: tuple[Any, ...]) -> tuple[Any, Callable[[Any], Any]]:
    inputs = Inputs("vjp", function, range(len(primals)), primals, {})
    record = sweeps.Record(inputs)
    outputs = record.outputs
    return outputs.arrange(list(map(own, outputs.values))), sweeps.Pullback(record)


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

    def wrapper(x: Any = ..., v: Any = ..., *args: Any, **kwargs: Any) -> Any:
        if x is ... or v is ...:
            raise TypeError(
                f"hvp: the {'point' if x is ... else 'vector'} is missing in the call of hvp(f); "
                "write hvp(f)(x, v), with further arguments of f behind them."
            )
        if argnums == 0 and not args and not kwargs and _are_vectors(x, v):
            look = functools.partial(_look_into_second_at, "hvp", f, argnums, (x,), {})
            along = sweeps.gradient_along(f, x, np.array([v], float), look)
            if along is not None:
                return along[0].tolist() if type(x) is list else along[0]
        inputs = Inputs("hvp", f, argnums, (x, *args), kwargs)
        seeds = _seeds_along(inputs, [v] if inputs.single else list(v))
        if (given := sweeps.as_vector(inputs)) is not None:
            direction = np.concatenate([np.reshape(s, -1) for s in seeds])
            along = None
            if direction.dtype == np.float64:
                along = sweeps.gradient_along(
                    *given, direction[None], functools.partial(_look_into_second, inputs)
                )
            if along is not None:
                pieces = np.split(along[0], np.cumsum(inputs.sizes)[:-1])
                pairs = zip(pieces, inputs.leaves, strict=True)
                return inputs.arrange([np.reshape(p, np.shape(y)).copy() for p, y in pairs])
        outer = _inputs_of_gradient(inputs)
        outputs = run_pass(outer, seeds)
        return inputs.arrange(tangents_of(outputs, outer))

    return wrapper  # type: ignore[return-value]  # x and v may be given by name too


def _level_with_tape(opened: int, is_optional: bool, size: int) -> Any:
    return sweeps.level_with_tape(opened, is_optional, size)


def _swept(*recorded: Any) -> Any:
    return sweeps.swept(*recorded)


def _second_derivatives(f: Function, x: Any, look_into: Callable[[Doubt], bool]) -> Any:
    return sweeps.second_derivatives(f, x, look_into)


def _change_of_gradient(
    f: Function, x: Any, directions: Any, look_into: Callable[[Doubt], bool]
) -> Any:
    return sweeps.change_of_gradient(f, x, directions, look_into)[0]


def _second_look_by(
    made_by: tuple[str, Function, Argnums, bool], args: list[Any], kwargs: dict[str, Any]
) -> Callable[[Doubt], bool]:
    return functools.partial(_look_into_second_at, *made_by[:3], args, kwargs)


if DRIVERS and ARRAY_KERNEL:
    DRIVERS.connect_reverse(
        *(_level_with_tape, ARRAY_KERNEL.input_of, _swept, _second_derivatives),
        *(_change_of_gradient, _second_look_by, UNABLE, LEAST_NUMBERS, LEAST_ELEMENTS, VERY_FEW),
    )
