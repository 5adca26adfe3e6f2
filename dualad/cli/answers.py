"""What the drivers make of a problem: values, derivatives of any order, and the Hessian."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from ..drivers import derivative, hessian, jacobian
from ..pair import is_operand, plain
from ..sentences import why_no_number
from ..structure import labelled_numbers, leaves, rebuild
from ..text import is_complex
from .arguments import MOST_OF_HESSIAN, Request
from .errors import InputError
from .numerals import LARGEST, Number, is_out_of_range, text_of
from .problems import Array, Input, Problem

Point: TypeAlias = "Number | Array"  # an argument, or a part of one
Labelled: TypeAlias = tuple[str, Any]  # a number and what it is called


@dataclass
class Answer:
    """What the passes gave.

    Attributes
    ----------
    variables, outputs : list of str
        What the numbers differentiated, and the numbers returned, are called.
    at, values : list
        Their values.
    slopes : list
        slopes[k][i][j]: derivative of order k + 1 of output i in variable j.
    hessian : list
        hessian[j][k], if asked for.
    """

    variables: list[str]
    at: list[Number]
    outputs: list[str]
    values: list[Number]
    slopes: list[list[list[Number]]]
    hessian: list[list[Number]]


def calculate(problem: Problem, request: Request) -> Answer:
    """Run the drivers on the problem."""
    inputs = problem.values()
    seeds = [_as_lists(inputs[name]) for name in problem.wrt]
    points: list[Point] = list(leaves(seeds))

    size = sum(int(np.size(plain(point))) for point in points)
    if request.hessian and size > MOST_OF_HESSIAN:
        raise InputError(
            f"--hessian is for {MOST_OF_HESSIAN} variables at most; got {size}. Choose some with "
            "--wrt, or write hessian(f, sparsity=True)(x) in Python."
        )

    def run(points: list[Any]) -> list[Labelled]:
        given = _refilled(seeds, points)
        wrt = dict(zip(problem.wrt, map(_as_arrays, given), strict=True))
        return _outputs(problem, problem.call(inputs | wrt))

    def numbers(points: list[Any]) -> list[Any]:
        return [number for _, number in run(points)]

    def labelled(points: list[Any]) -> tuple[list[Any], list[Labelled]]:
        outputs = run(points)
        return [number for _, number in outputs], outputs

    def plain_numbers(xs: Iterable[Any]) -> list[Number]:
        return [_plain_number(x, request.exact) for x in xs]

    rows, outputs = jacobian(labelled, has_aux=True)(points)
    slopes = [[plain_numbers(x for block in row for x in np.ravel(block)) for row in rows]]
    for order in range(2, request.order + 1):
        columns = [derivative(along, order=order)(x) for along, x in _directions(numbers, points)]
        slopes.append([plain_numbers(column[i] for column in columns) for i in range(len(rows))])
    matrix = _matrix(problem, numbers, points) if request.hessian else []
    variables = [pair for name in problem.wrt for pair in labelled_numbers(inputs[name], name)]
    return Answer(
        variables=[label for label, _ in variables],
        at=plain_numbers(x for _, x in variables),
        outputs=[label for label, _ in outputs],
        values=plain_numbers(x for _, x in outputs),
        slopes=slopes,
        hessian=[plain_numbers(row) for row in matrix],
    )


def _directions(
    f: Callable[[list[Any]], list[Any]], points: list[Point]
) -> Iterator[tuple[Callable[[Any], list[Any]], Number]]:
    """f along each single number among the points, and where to differentiate there."""

    def along(i: int, unit: Array | None, t: Any) -> list[Any]:
        x = t if unit is None else points[i] + t * unit
        return f([*points[:i], x, *points[i + 1 :]])

    for i, point in enumerate(points):
        if not isinstance(point, np.ndarray):
            yield partial(along, i, None), point
            continue
        for unit in np.eye(point.size):
            yield partial(along, i, unit.reshape(point.shape)), 0.0


def _matrix(
    problem: Problem, f: Callable[[list[Any]], list[Any]], points: list[Point]
) -> list[Array]:
    """The Hessian, row by row."""

    def single(points: list[Any]) -> Any:
        outputs = f(points)
        if len(outputs) > 1:
            raise InputError(
                f"--hessian is for one number, but {problem.name} returned {len(outputs)}."
            )
        return outputs[0]

    if len(points) == 1:  # the short way of one array
        blocks = [[hessian(lambda point: single([point]))(points[0])]]
    else:
        blocks = hessian(single)(points)
    matrix: list[Array] = []
    for point, row in zip(points, blocks, strict=True):
        size = int(np.size(point))
        matrix += [*np.hstack([np.reshape(np.asarray(x, object), (size, -1)) for x in row])]
    return matrix


def _as_lists(x: Input) -> Any:
    """Arrays of mpmath numbers as the drivers take them."""
    if isinstance(x, dict):
        return {key: _as_lists(part) for key, part in x.items()}
    return x.tolist() if isinstance(x, np.ndarray) and x.dtype == object else x


def _as_arrays(x: Any) -> Any:
    """And back."""
    if isinstance(x, dict):
        return {key: _as_arrays(part) for key, part in x.items()}
    return np.array(x, dtype=object) if isinstance(x, list) else x


def _outputs(problem: Problem, y: Any) -> list[Labelled]:
    """The numbers that the function returned, with their labels."""
    for part in leaves(y):
        if not is_operand(part):
            raise InputError(
                f"{problem.name} has to return numbers, arrays, or lists, tuples and dicts of "
                f"them; it returned {type(part).__name__}" + why_no_number(part, y)
            )
        if np.iscomplexobj(plain(part)) or is_complex(plain(part)):
            raise InputError(
                f"{problem.name} returned a complex number; return its real and imaginary parts."
            )
    outputs = list(labelled_numbers(y))
    if not outputs:
        raise InputError(f"{problem.name} returned no numbers.")
    return outputs


def _plain_number(x: Any, exact: bool) -> Number:
    """A result as a float or an mpmath number; nan where it is not real."""
    if is_complex(x):
        x = math.nan
    if not exact:
        return float(x)
    from mpmath import mp

    number: Number = mp.mpf(x)
    if is_out_of_range(number):
        raise InputError(f"a result is beyond 10**{LARGEST} or below 10**-{LARGEST}.")
    return number


# -- to so many digits ---------------------------------------------------------------------


def calculate_to_digits(problem: Problem, request: Request, digits: int) -> Answer:
    """Calculate with more and more digits, until those that were asked for stay.

    Where terms cancel to 0, no digit ever stays: what still shrinks with the precision at the
    fourth attempt is taken for 0.
    """
    from mpmath import mp

    before: Answer | None = None
    for attempt in range(1, 7):
        working = (digits + 15) * 2 ** (attempt - 1)
        with mp.workdps(working):
            answer = calculate(problem, request)
        if before is not None:
            pairs = zip(leaves(_results(before)), leaves(_results(answer)), strict=True)
            settled = [_settled(old, new, digits, attempt >= 4) for old, new in pairs]
            if None not in settled:
                results = _refilled(_results(answer), settled)
                answer.values, answer.slopes, answer.hessian = results
                return answer
        before = answer
    raise InputError(f"the {digits} digits do not settle, even with {working} on the way.")


def _refilled(structure: list[Any], numbers: Iterable[Any]) -> list[Any]:
    """The same structure with other numbers."""
    each = iter(numbers)
    result: list[Any] = rebuild(structure, lambda _: next(each))
    return result


def _results(answer: Answer) -> list[Any]:
    return [answer.values, answer.slopes, answer.hessian]


def _settled(old: Number, new: Number, digits: int, may_vanish: bool) -> Number | None:
    """The number, if its digits are known; None to calculate once more."""
    from mpmath import mp

    zero: Number = mp.zero
    vanishes = abs(new) <= abs(old) * mp.mpf(10) ** -digits and mp.isfinite(old)
    if vanishes:
        return zero if may_vanish else None
    return new if text_of(old, digits) == text_of(new, digits) else None
