"""Drivers: seed the inputs, run the passes, stack the tangents.

A pass is one evaluation of the function with unit tangents on some of the inputs; `jacobian`
stacks the tangents that come out as columns. The other drivers are special seeds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .array.dualarray import DualArray
from .array.operands import from_objects, unbuffered
from .dual import Dual
from .kernel import KERNEL
from .levels import fresh_level
from .lifting import lift as lifted
from .namespaces import is_exact
from .pair import Function, as_number, as_primal, dual, is_operand, laid_out_like, own, plain
from .passes import Columns, Plan, Progress, Workers, planned
from .structure import leaves, rebuild

Argnums = int | str | Sequence[int | str]

SCALAR_PASSES = 8  # up to so many numbers one pass each is fastest; beyond, directions pay off
DIRECTIONS = 256  # at most so many in one pass
PASS_SIZE = 1 << 17  # and about so many tangent elements of the inputs


# -- inputs: which arguments, and their numbers --------------------------------------------


class _Inputs:
    """The arguments of one call, those to differentiate taken apart into numbers and arrays."""

    def __init__(
        self, driver: str, f: Any, argnums: Argnums, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.driver, self.f = driver, f
        self.given: dict[int | str, Any] = dict(enumerate(args))
        self.given.update(kwargs)
        self.positional = len(args)
        self.single = not isinstance(argnums, (tuple, list, range))
        wanted: Any = (argnums,) if self.single else argnums
        self.keys = [self._key(a) for a in wanted]
        if len(set(self.keys)) < len(self.keys):
            raise ValueError(f"{driver}: argnums={argnums!r} names an argument twice.")
        self.selected = [rebuild(self.given[key], unbuffered) for key in self.keys]
        self.leaves = [self._number(x) for x in leaves(self.selected)]
        self.sizes = [int(np.size(x)) for x in self.leaves]
        self.size = sum(self.sizes)
        for key, x in self.given.items():
            if isinstance(x, Iterator):
                self.given[key] = _Again(x)

    def _key(self, argnum: int | str) -> int | str:
        n = self.positional
        if isinstance(argnum, str):
            if argnum in self.given:
                return argnum
            import inspect

            try:
                position = list(inspect.signature(self.f).parameters).index(argnum)
            except ValueError:
                position = n
            if position < n:
                return position
            raise TypeError(
                f"{self.driver}: argnums={argnum!r}, but the call gives no argument of that name."
            )
        if isinstance(argnum, bool) or not isinstance(argnum, (int, np.integer)):
            raise TypeError(
                f"{self.driver}: argnums takes an index, a name, or a tuple of these; "
                f"got {argnum!r}."
            )
        if not -n <= argnum < n:
            raise TypeError(
                f"{self.driver}: argnums={argnum}, but the call gives {n} positional "
                f"argument{'s' * (n != 1)}."
            )
        return int(argnum) % n

    def _number(self, x: Any) -> Any:
        if isinstance(x, np.ndarray) and x.dtype == object:
            raise TypeError(
                f"{self.driver} got an array of objects; write x.tolist(), a list of numbers."
            )
        if not is_operand(x):
            raise TypeError(
                f"{self.driver} differentiates with respect to numbers, arrays, and lists, "
                f"tuples and dicts of them; got {type(x).__name__}."
            )
        return as_primal(x)

    def call(self, new: Sequence[Any]) -> Any:
        """f with other numbers in the same structure; f may modify all that it gets."""
        numbers = iter(new)
        given = {k: x if k in self.keys else _copy(x) for k, x in self.given.items()}
        given.update(zip(self.keys, rebuild(self.selected, lambda _: next(numbers)), strict=True))
        args = [given.pop(i) for i in range(self.positional)]
        return self.f(*args, **{str(name): x for name, x in given.items()})

    def arrange(self, items: Sequence[Any]) -> Any:
        """One item per number or array, in the structure of the arguments."""
        each = iter(items)
        result = rebuild(self.selected, lambda _: next(each))
        return result[0] if self.single else tuple(result)


class _Again:
    """An iterator that every pass can run through: its items are kept as they come."""

    def __init__(self, source: Iterator[Any]) -> None:
        self.source = source
        self.items: list[Any] = []

    def exhaust(self) -> None:
        """Take all items now: other threads and processes cannot share the source."""
        self.items.extend(self.source)
        self.source = iter(())

    def __iter__(self) -> Iterator[Any]:
        yield from self.items
        for item in self.source:
            self.items.append(item)
            yield item


def _copy(x: Any) -> Any:
    if isinstance(x, _Again):
        return iter(x)
    return rebuild(x, lambda v: own(unbuffered(v)))


# -- outputs: values and tangents of one level ---------------------------------------------


class _Outputs:
    """What f returned in a pass: one value per number or array, and its tangent or None."""

    def __init__(self, driver: str, y: Any, level: int) -> None:
        self.structure = rebuild(y, lambda v: _output(driver, v))
        self.values, self.tangents = [], []
        for part in leaves(self.structure):
            value, tangent = split(part, level)
            self.values.append(value)
            self.tangents.append(tangent)

    def __getstate__(self) -> dict[str, Any]:
        """For another process, without a second copy of the tangents."""
        return vars(self) | {"structure": self.arrange(self.values)}

    def arrange(self, items: Sequence[Any]) -> Any:
        """One item per output, in the structure that f returned."""
        each = iter(items)
        return rebuild(self.structure, lambda _: next(each))


def _output(driver: str, y: Any) -> Any:
    y = unbuffered(y)
    if isinstance(y, np.ndarray) and y.dtype == object:
        y = from_objects(y)
    if is_operand(y) and np.dtype(object) != getattr(y, "dtype", None):
        return y
    hint = "; does it lack a return?" if y is None else "."
    raise TypeError(
        f"{driver} needs a function that returns numbers, arrays, or lists, tuples and dicts "
        f"of them; this one returned {type(y).__name__}{hint}"
    )


def split(x: Any, level: int) -> tuple[Any, Any]:
    """Value and tangent at a level, also from under a newer one; None for no tangent."""
    if not isinstance(x, Dual) or x.level < level:
        return x, None
    if x.level == level:
        return x.primal, x.tangent
    (v, v_dot), (t, t_dot) = split(x.primal, level), split(x.tangent, level)
    if v_dot is None and t_dot is None:
        return x, None
    zero = 0 * (v_dot if t_dot is None else t_dot)
    tangent = dual(zero if v_dot is None else v_dot, zero if t_dot is None else t_dot, x.level)
    return dual(v, t, x.level), tangent


# -- passes --------------------------------------------------------------------------------


def _unit_seeds(inputs: _Inputs, start: int, stop: int, as_numbers: bool) -> list[Any]:
    """Tangents for a pass: direction j is 1 at input start + j. None for "no tangent"."""
    seeds: list[Any] = []
    offset, k = 0, stop - start
    for x, size in zip(inputs.leaves, inputs.sizes, strict=True):
        if as_numbers:
            seeds.append(1 if start == offset else None)
        elif np.ndim(x) == 0 and not start <= offset < stop and k:
            seeds.append(None)
        else:
            seed = np.zeros((k, size), _real_type(x))
            j = np.arange(max(start, offset), min(stop, offset + size))
            seed[j - start, j - offset] = 1
            seeds.append(laid_out_like(x, seed.reshape((k, *np.shape(x)))))
        offset += size
    return seeds


def _real_type(x: Any) -> Any:
    dtype = getattr(
        plain(x), "dtype", np.dtype(complex if isinstance(plain(x), complex) else float)
    )
    return dtype


def _seeded(x: Any, tangent: Any, level: int) -> Any:
    """A copy of x with a tangent of this level."""
    x = own(x)
    if tangent is None:
        return x
    return dual(x, _one(x) if isinstance(tangent, int) else tangent, level)


def _one(x: Any) -> Any:
    """1 as a tangent of x, in its number system."""
    x = plain(x)
    if isinstance(x, np.ndarray):
        return np.ones_like(x)
    return 1.0 if isinstance(x, float) else type(x)(1)


def _pass(inputs: _Inputs, seeds: Sequence[Any], has_aux: bool = False) -> tuple[_Outputs, Any]:
    """One evaluation of f on seeded inputs."""
    level = fresh_level()
    y = inputs.call([_seeded(x, t, level) for x, t in zip(inputs.leaves, seeds, strict=True)])
    aux = None
    if has_aux:
        if not isinstance(y, tuple) or len(y) != 2:
            raise TypeError(
                f"{inputs.driver} with has_aux=True needs a function that returns "
                f"(result, aux); this one returned {type(y).__name__}."
            )
        y, aux = y
        aux = rebuild(aux, lambda v: split(v, level)[0])
    return _Outputs(inputs.driver, y, level), aux


def _jacobian(
    inputs: _Inputs,
    chunk: int | None = None,
    has_aux: bool = False,
    check: Function | None = None,
    how: Plan | None = None,
    passed: _Outputs | None = None,
) -> tuple[_Outputs, list[list[Any]], Any]:
    """Run all passes: the outputs, and per output its derivative in each input, and aux.

    `passed`: what came out of the one pass there is, if it has been run already.
    """
    chunk = _chunk(inputs, chunk, how)
    single = chunk == 1 and not any(isinstance(x, (np.ndarray, DualArray)) for x in inputs.leaves)
    first: _Outputs | None = None
    columns: list[list[Any]] = []
    aux: Any = None
    starts = range(0, max(1, inputs.size), chunk)
    task = functools.partial(_block, inputs, chunk, single, has_aux)
    into = how.columns if how else None
    for x in inputs.given.values() if how else ():
        if isinstance(x, _Again):
            x.exhaust()
    passes: Any = how.run(task, starts) if how else map(task, starts)
    if passed is not None:
        passes = [(passed, None)]
    for start, done in zip(starts, passes, strict=True):
        outputs, aux = done
        stop = min(inputs.size, start + chunk)
        if first is None:
            first = outputs
            columns = [[] for _ in outputs.values]
            if into is not None:
                into.check(outputs.values)
            if check is not None:
                check(outputs)
        elif [np.shape(v) for v in outputs.values] != [np.shape(v) for v in first.values]:
            raise ValueError(
                f"{inputs.driver}: the function returned other shapes in a later pass than in "
                "the first; it must do the same in every pass."
            )
        for column, value, tangent in zip(columns, outputs.values, outputs.tangents, strict=True):
            if tangent is None:
                zero = np.zeros(np.shape(value) if single else (stop - start, *np.shape(value)))
                tangent = zero if np.ndim(zero) else _zero(inputs.leaves)
            if into is not None:
                into.write(start, stop, tangent)
            else:
                column.append(tangent)
    assert first is not None
    if into is not None:
        blocks: list[list[Any]] = []
    elif not single:
        columns = [c if len(c) == 1 else [np.concatenate(c)] for c in columns]
        blocks = [
            _array_blocks(inputs, v, c[0]) for v, c in zip(first.values, columns, strict=True)
        ]
    else:
        blocks = columns
    return first, blocks, aux


def _block(
    inputs: _Inputs, chunk: int, single: bool, has_aux: bool, start: int
) -> tuple[_Outputs, Any]:
    """One of these passes: the directions from start on."""
    stop = min(inputs.size, start + chunk)
    return _pass(inputs, _unit_seeds(inputs, start, stop, single), has_aux)


def _zero(leaves: Sequence[Any]) -> Any:
    """The derivative of a constant, in the number system of the inputs."""
    x = plain(leaves[0]) if leaves else 0.0
    return type(x)(0) if is_exact(x) else 0.0


def _chunk(inputs: _Inputs, chunk: int | None, how: Plan | None = None) -> int:
    """How many directions a pass carries."""
    if chunk is None and how is not None and how.at_once > 1:  # a pass for each worker
        return max(1, min(_chunk(inputs, None), -(-inputs.size // how.at_once)))
    if chunk is not None and (isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1):
        raise ValueError(
            f"{inputs.driver}: chunk is the number of directions in a pass, 1 or more; "
            f"got {chunk!r}."
        )
    kinds = [plain(x) for x in inputs.leaves]
    if any(map(is_exact, kinds)):
        return 1  # tangents of exact numbers are numbers of their kind, not arrays
    if chunk is not None:
        return chunk
    if inputs.size <= SCALAR_PASSES and all(np.ndim(x) == 0 for x in kinds):
        compiled = KERNEL and all(type(x) in (float, np.float64) for x in kinds)
        return max(1, inputs.size) if compiled else 1
    return max(1, min(inputs.size, DIRECTIONS, PASS_SIZE // max(1, inputs.size)))


def _array_blocks(inputs: _Inputs, value: Any, columns: Any) -> list[Any]:
    """Cut tangents of shape (n, *out) into one block per input, of shape out + in."""
    blocks = []
    offset = 0
    for x, size in zip(inputs.leaves, inputs.sizes, strict=True):
        if np.ndim(x) or isinstance(x, (np.ndarray, DualArray)):
            part = np.moveaxis(columns[offset : offset + size], 0, -1)
            blocks.append(np.reshape(part, np.shape(value) + np.shape(x)))
        else:
            blocks.append(as_number(columns[offset]))
        offset += size
    return blocks


# -- the drivers ---------------------------------------------------------------------------


def _wrap(driver: str, f: Any) -> Callable[[Function], Function]:
    """Give a wrapper the name and docstring of the function that it differentiates."""
    if not callable(f):
        raise TypeError(f"{driver} needs a function, got {type(f).__name__}; write {driver}(f)(x).")
    return functools.wraps(f)


def _lifted(f: Function, lift: bool) -> Function:
    return lifted(f) if lift and callable(f) else f


def derivative(
    f: Function, argnums: Argnums = 0, order: int = 1, *, lift: bool = False
) -> Function:
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
    lift : bool
        Whether f fills preallocated arrays, or uses `math` or `cmath`: see `dualad.lift`.

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
        If order is negative, or f is not elementwise: its result has another shape than x.

    Examples
    --------
    >>> derivative(lambda x: x**3)(2.0)
    12.0
    >>> derivative(lambda x: x**3, order=2)(np.array([1.0, 2.0]))
    array([ 6., 12.])
    """
    f = _lifted(f, lift)
    kernel = _kernel_for(f, argnums)
    if kernel and type(order) is int and order == 1:
        short: Function = kernel.derivative(f, argnums, _general_derivative, _collected_derivative)
        return short
    return _general_derivative(f, argnums, order)


def _general_derivative(f: Function, argnums: Argnums = 0, order: int = 1) -> Function:
    wrap = _wrap("derivative", f)
    if isinstance(order, bool) or not isinstance(order, int) or order < 0:
        raise ValueError(f"derivative: order is a count, 0 or more; got {order!r}.")
    if order > 1 and isinstance(argnums, (int, str)):
        return derivative(derivative(f, argnums, order - 1), argnums)

    @wrap
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if order == 0:
            return f(*args, **kwargs)
        if order > 1:
            return tuple(derivative(f, a, order)(*args, **kwargs) for a in argnums)  # type: ignore[union-attr]
        inputs = _Inputs("derivative", f, argnums, args, kwargs)
        results = []
        for i, x in enumerate(inputs.selected):
            if not is_operand(x):
                raise TypeError(
                    f"derivative takes a number or an array, got {type(x).__name__}; "
                    "use grad or jacobian."
                )
            outputs, _ = _pass(inputs, [1 if i == j else None for j in range(len(inputs.leaves))])
            results.append(_derivatives(x, outputs))
        return results[0] if inputs.single else tuple(results)

    return wrapper


# The kernel has a short way for each driver, for the usual inputs: `make(f, argnum)` is the
# general driver for the others, `collect(x, y, level)` the result if f gives something else for x
# than numbers.


def _kernel_for(f: Any, argnums: Any) -> Any:
    """The kernel, if there is one and it has a short way for these."""
    return KERNEL if type(argnums) is int and argnums >= 0 and callable(f) else None


def _collected_derivative(x: Any, y: Any, level: int) -> Any:
    return _derivatives(x, _Outputs("derivative", y, level))


def _collected(driver: str, check: Function | None, x: Any, y: Any, level: int) -> Any:
    inputs = _Inputs(driver, None, 0, (x,), {})
    outputs, blocks, _ = _jacobian(inputs, None, False, check, passed=_Outputs(driver, y, level))
    return outputs, [inputs.arrange(row) for row in blocks]


def _collected_value_and_grad(x: Any, y: Any, level: int) -> Any:
    outputs, gradients = _collected("grad", _one_real_output, x, y, level)
    return outputs.values[0], gradients[0]


def _collected_grad(x: Any, y: Any, level: int) -> Any:
    return _collected_value_and_grad(x, y, level)[1]


def _collected_jacobian(x: Any, y: Any, level: int) -> Any:
    outputs, rows = _collected("jacobian", None, x, y, level)
    return outputs.arrange(rows)


def _derivatives(x: Any, outputs: _Outputs) -> Any:
    """The tangents of an elementwise function of x, in the structure of its result."""
    derivatives = []
    for value, tangent in zip(outputs.values, outputs.tangents, strict=True):
        if np.ndim(x) and np.shape(value) != np.shape(x):
            raise ValueError(
                f"derivative of an array needs an elementwise function: shape "
                f"{np.shape(x)} went in, {np.shape(value)} came out; use grad or jacobian."
            )
        derivatives.append(_zeros(value) if tangent is None else tangent)
    return outputs.arrange(derivatives)


def _zeros(value: Any) -> Any:
    return np.zeros(np.shape(value)) if np.ndim(value) else 0.0


def _one_real_output(outputs: _Outputs) -> None:
    driver, given = "grad", outputs.structure
    if not is_operand(given):
        what = f"a {type(given).__name__}"
    elif np.ndim(given):
        what = f"an array of shape {np.shape(given)}"
    elif np.iscomplexobj(plain(given)) or hasattr(plain(given), "_mpc_"):
        what = "a complex number"
    else:
        return
    raise TypeError(
        f"{driver} needs a function with one real output; this one returned {what}. Use jacobian."
    )


def value_and_grad(
    f: Function, argnums: Argnums = 0, has_aux: bool = False, *, lift: bool = False
) -> Function:
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
    lift : bool
        Whether f fills preallocated arrays, or uses `math` or `cmath`: see `dualad.lift`.

    Returns
    -------
    callable
        Called as f is called; gives (value, gradient), or ((value, aux), gradient). The
        gradient has the argument's structure and shapes.

    Raises
    ------
    TypeError
        If the result of f is not one real number, or an argument is not made of numbers.

    Examples
    --------
    >>> value_and_grad(lambda p: p["a"] ** 2 * p["b"])({"a": 3.0, "b": 2.0})
    (18.0, {'a': 12.0, 'b': 9.0})
    """
    f = _lifted(f, lift)
    kernel = _kernel_for(f, argnums)
    if kernel and not has_aux:
        make, collect = _general_value_and_grad, _collected_value_and_grad
        short: Function = kernel.gradient(f, argnums, make, collect, True)
        return short
    return _general_value_and_grad(f, argnums, has_aux)


def _general_value_and_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    @_wrap("value_and_grad", f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        inputs = _Inputs("grad", f, argnums, args, kwargs)
        outputs, blocks, aux = _jacobian(inputs, None, has_aux, _one_real_output)
        value, gradient = outputs.values[0], inputs.arrange(blocks[0])
        return ((value, aux) if has_aux else value), gradient

    return wrapper


def grad(
    f: Function, argnums: Argnums = 0, has_aux: bool = False, *, lift: bool = False
) -> Function:
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
    f = _lifted(f, lift)
    kernel = _kernel_for(f, argnums)
    if kernel and not has_aux:
        short: Function = kernel.gradient(f, argnums, _general_grad, _collected_grad, False)
        return short
    return _general_grad(f, argnums, has_aux)


def _general_grad(f: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    wrap = _wrap("grad", f)
    both = _general_value_and_grad(f, argnums, has_aux)

    @wrap
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


def jacobian(
    f: Function,
    argnums: Argnums = 0,
    has_aux: bool = False,
    *,
    chunk: int | None = None,
    lift: bool = False,
    workers: Workers | None = None,
    progress: Progress | None = None,
    out: Any = None,
) -> Function:
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
    lift : bool
        Whether f fills preallocated arrays, or uses `math` or `cmath`: see `dualad.lift`.
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
        Called as f is called. For array in, array out: an array of shape out.shape + in.shape.
        Otherwise the structure of the outputs, and in each place the structure of the inputs.

    Raises
    ------
    TypeError
        If inputs or outputs are not made of numbers.
    ValueError
        If chunk is not a positive integer, f returns other shapes in a later pass, out does not
        fit, or the map of workers changes the order.

    Examples
    --------
    >>> jacobian(lambda x: x[:2] * x[1:])(np.array([1.0, 2.0, 3.0]))
    array([[2., 1., 0.],
           [0., 3., 2.]])
    """
    f = _lifted(f, lift)
    kernel = _kernel_for(f, argnums)
    usual = not has_aux and chunk is None and workers is None and progress is None and out is None
    if kernel and usual:
        short: Function = kernel.jacobian(f, argnums, _general_jacobian, _collected_jacobian)
        return short
    return _general_jacobian(f, argnums, has_aux, chunk, workers, progress, out)


def _general_jacobian(
    f: Function,
    argnums: Argnums = 0,
    has_aux: bool = False,
    chunk: int | None = None,
    workers: Workers | None = None,
    progress: Progress | None = None,
    out: Any = None,
) -> Function:
    @_wrap("jacobian", f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        inputs = _Inputs("jacobian", f, argnums, args, kwargs)
        into = None if out is None else Columns(out, inputs.leaves)
        with planned("jacobian", workers, progress, into) as how:
            outputs, blocks, aux = _jacobian(inputs, chunk, has_aux, None, how)
        result = out
        if into is None:
            result = outputs.arrange([inputs.arrange(row) for row in blocks])
        return (result, aux) if has_aux else result

    return wrapper


def hessian(
    f: Function,
    argnums: Argnums = 0,
    *,
    chunk: int | None = None,
    lift: bool = False,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> Function:
    """The Hessian of a function with one real output; exactly symmetric.

    Parameters
    ----------
    f : callable
        As for `grad`.
    argnums : int, str, or a sequence of these
        Which arguments, by index or name.
    lift : bool
        Whether f fills preallocated arrays, or uses `math` or `cmath`: see `dualad.lift`.
    chunk, workers, progress
        As for `jacobian`: the passes are those of the Jacobian of the gradient.

    Returns
    -------
    callable
        Called as f is called. For one array: an array of shape in.shape + in.shape. Otherwise
        the structure of the inputs, and in each place the structure of the inputs.

    Raises
    ------
    TypeError
        As `grad`.

    Examples
    --------
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 2.0]))
    array([[4., 6.],
           [6., 0.]])
    """
    f = _lifted(f, lift)
    kernel = _kernel_for(f, argnums)
    if kernel and chunk is None and workers is None and progress is None:
        short: Function = kernel.hessian(f, argnums, _general_hessian)
        return short
    return _general_hessian(f, argnums, chunk, workers, progress)


def _general_hessian(
    f: Function,
    argnums: Argnums = 0,
    chunk: int | None = None,
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> Function:
    @_wrap("hessian", f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        inputs = _Inputs("hessian", f, argnums, args, kwargs)

        gradient = functools.partial(_gradient, inputs)
        outer = _Inputs("hessian", gradient, 0, (inputs.leaves,), {})
        with planned("hessian", workers, progress) as how:
            _, rows, _ = _jacobian(outer, chunk, how=how)
        for i, x in enumerate(inputs.leaves):
            for j, y in enumerate(inputs.leaves[: i + 1]):
                h = (rows[i][j] + _swap(rows[j][i], np.ndim(y))) / 2
                rows[i][j], rows[j][i] = h, _swap(h, np.ndim(x))
        return inputs.arrange([inputs.arrange(row) for row in rows])

    return wrapper


def _gradient(inputs: _Inputs, numbers: list[Any]) -> list[Any]:
    """The gradient at other numbers, in a list."""
    inner = _Inputs("grad", inputs.call, 0, (numbers,), {})
    gradient: list[Any] = _jacobian(inner, None, False, _one_real_output)[1][0]
    return gradient


def _swap(block: Any, ndim: int) -> Any:
    """The first ndim axes of a block moved behind the others."""
    if not np.ndim(block):
        return block
    axes = range(np.ndim(block))
    return np.transpose(block, (*axes[ndim:], *axes[:ndim]))


def jvp(
    f: Function, primals: Sequence[Any], tangents: Sequence[Any], *, lift: bool = False
) -> tuple[Any, Any]:
    """Value and directional derivative in one pass: the Jacobian times a vector.

    Parameters
    ----------
    f : callable
        Takes and returns numbers, arrays, and nested lists, tuples and dicts of them.
    primals : tuple or list
        The arguments, all of them differentiated.
    tangents : tuple or list
        The direction, in the structure and shapes of the primals.
    lift : bool
        Whether f fills preallocated arrays, or uses `math` or `cmath`: see `dualad.lift`.

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

    Examples
    --------
    >>> jvp(lambda x, y: x * y, (2.0, 5.0), (1.0, 0.0))
    (10.0, 5.0)
    """
    _wrap("jvp", f)
    f = _lifted(f, lift)
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            raise TypeError(
                f"jvp: {name} is a tuple with one entry per argument of the function, "
                f"got {type(given).__name__}; write jvp(f, (x,), (v,))."
            )
    inputs = _Inputs("jvp", f, range(len(primals)), tuple(primals), {})
    outputs, _ = _pass(inputs, _matching(inputs, list(tangents)))
    dots = [
        _zeros(v) if t is None else t for v, t in zip(outputs.values, outputs.tangents, strict=True)
    ]
    return outputs.arrange(outputs.values), outputs.arrange(dots)


def _matching(inputs: _Inputs, tangents: list[Any]) -> list[Any]:
    """The numbers of a direction, which must have the structure of the selected arguments."""
    same = _skeleton(tangents) == _skeleton(inputs.selected)
    if not same:
        raise ValueError(
            f"{inputs.driver}: the direction must have the structure and shapes of the arguments, "
            f"{_skeleton(inputs.selected)}; got {_skeleton(tangents)}."
        )
    return [inputs._number(t) for t in leaves(tangents)]


def _skeleton(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return [_skeleton(part) for part in x]
    if isinstance(x, dict):
        return {key: _skeleton(part) for key, part in x.items()}
    return np.shape(x) if is_operand(x) else type(x).__name__


def hvp(f: Function, argnums: Argnums = 0, *, lift: bool = False) -> Function:
    """Hessian times a vector, without the Hessian.

    Parameters
    ----------
    f : callable
        As for `grad`.
    argnums : int, str, or a sequence of these
        Which arguments, by index or name (of the arguments of f, without v).
    lift : bool
        Whether f fills preallocated arrays, or uses `math` or `cmath`: see `dualad.lift`.

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

    Examples
    --------
    >>> hvp(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 2.0]), np.array([1.0, 0.0]))
    array([4., 6.])
    """
    f = _lifted(f, lift)

    @_wrap("hvp", f)
    def wrapper(x: Any, v: Any, *args: Any, **kwargs: Any) -> Any:
        inputs = _Inputs("hvp", f, argnums, (x, *args), kwargs)
        direction = _matching(inputs, [v] if inputs.single else list(v))

        gradient = functools.partial(_gradient, inputs)
        _, dots = jvp(gradient, (inputs.leaves,), (direction,))
        return inputs.arrange(dots)

    return wrapper
