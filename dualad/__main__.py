"""The command line: values, derivatives and elasticities of a formula, or of a script's function.

    python -m dualad "log(x1) + x1*x2 - sin(x2)" x1=2 x2=5
    python -m dualad model.py:profit price=3 costs=[1,2.5] sold=@sales.csv

The arguments become a `Problem`: a function, its arguments, and which of them to differentiate.
The drivers make an `Answer` of it, which is printed as a table or as JSON.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from . import __version__, derivative, hessian, jacobian
from .expressions import (
    CONSTANTS,
    LARGEST,
    Expression,
    InputError,
    closest,
    function_names,
    is_out_of_range,
    number,
    shorten,
)
from .pair import is_operand, plain
from .scripts import ScriptError, beside, errors_of, listed, load, meant, text_in
from .structure import leaves, rebuild
from .table import RULES
from .tables import text_table
from .text import is_complex

USAGE = """\
usage: python -m dualad EXPRESSION NAME=VALUE ...
       python -m dualad SCRIPT.py:FUNCTION NAME=VALUE ...
       python -m dualad sens SCRIPT.py:MODEL --at PARAMETERS.json ...

  python -m dualad "log(x1) + x1*x2 - sin(x2)" x1=2 x2=5
  python -m dualad model.py:profit price=3 costs=[1,2.5] sold=@sales.csv
"""

HELP = (
    USAGE
    + """
Prints the value, the derivative with respect to each variable, exact to rounding, and
the elasticity: by how many percent the value grows when the variable grows by one percent.

options:
  --wrt NAME,...  differentiate with respect to these only; the others are constants
  --order N       derivatives up to the N-th in each variable, N = 1 to 10
  --hessian       the matrix of second derivatives too
  --digits N      calculate with mpmath and print N digits, N = 1 to 1000; decimals such as
                  0.1 are then exact
  --trace NAME    print each step of the calculation, with its tangent with respect to NAME
  --graph OUT.svg draw the computational graph, with tangents as --trace has them
  --json          print one JSON object
  --help          print this
  --version       print the version

expressions:
  Numbers, names, + - * / // % **, functions, and 'a if x > 0 else b'. Write the whole in quotes.
  Constants are {constants}, unless given a value. Functions are
{functions}

values of an expression's variables:
  x=2.5  x=-1e-3  x=1/3  x=pi/4       numbers, or expressions of numbers

values of a function's arguments:
  n=10                                a number; an integer stays one if --wrt leaves it out
  a=[1,2,3]  m=[[1,0],[0,1]]          arrays
  data=@file.csv                      the columns of a file: a dict of arrays, or one array if
                                      there is only one column, or no line of names
  data=@file.csv:price  data=@file.csv:2
                                      one column, by name or number
  By default all arguments are differentiated but those from files and those annotated as int.
  The function returns a number, an array, or a list, tuple or dict of these; what it prints
  goes to stderr.

--json:
  'value'; 'at', 'derivatives' and 'elasticities' by variable (b[0], b[1] in arrays); if asked
  for, 'higher_orders' by variable and order, and 'hessian' by variable and variable; and 'with',
  the texts of the arguments held constant. A function with several outputs gives a list
  'outputs' with 'name', 'value' and so on. Infinite and undefined numbers are the strings "inf",
  "-inf", "nan"; an undefined elasticity, as where the value is 0, is null. With --digits all
  numbers are strings.

exit status: 0, or 2 for bad input, 1 for an error in the script; errors are one line on stderr.
"""
)

MOST_DIGITS = 1000
HIGHEST_ORDER = 10

Inputs = dict[str, Any]


# -- the arguments -------------------------------------------------------------------------


@dataclass
class Request:
    """What was asked for on the command line."""

    subject: str = ""
    values: dict[str, str] = field(default_factory=dict)
    wrt: list[str] | None = None
    order: int = 1
    hessian: bool = False
    digits: int | None = None
    json: bool = False
    trace: str | None = None
    graph: str | None = None


_SETTINGS = ("--wrt", "--order", "--digits", "--trace", "--graph")
_OPTIONS = ("--hessian", "--json", "--help", "--version", *_SETTINGS)


def read_arguments(arguments: Sequence[str]) -> Request:
    """Take the command line apart. (argparse would take the expression '-x**2' for an option.)"""
    request = Request()
    subjects = []
    todo = list(arguments)
    while todo:
        text = todo.pop(0)
        option, equals, setting = text.partition("=")
        if option in ("--hessian", "--json") and not equals:
            setattr(request, option.strip("-"), True)
        elif option in _SETTINGS:
            if not equals and not todo:
                raise InputError(f"{option} needs a value; write {option} {_EXAMPLES[option]}.")
            _set(request, option, setting if equals else todo.pop(0))
        elif text.startswith("--") and text[2:3].isalpha():
            hint = closest(option, _OPTIONS)
            raise InputError(
                f"there is no option {text}; "
                + (f"did you mean {hint}?" if hint else f"the options are {', '.join(_OPTIONS)}.")
            )
        elif _is_assignment(text):
            _add_value(request, option, setting)
        else:
            subjects.append(text)
    if not subjects:
        raise InputError("there is no expression; write one first, such as 'x**2' x=3.")
    if len(subjects) > 1:
        raise InputError(
            f"got {len(subjects)} expressions, {' and '.join(map(repr, subjects[:2]))}; "
            "write one in quotes, and each value as NAME=VALUE without spaces."
        )
    request.subject = subjects[0]
    if request.trace and request.wrt is None:
        request.wrt = [request.trace]
    if request.trace and request.json:
        raise InputError("--trace prints a table; leave out --json.")
    return request


_EXAMPLES = {
    "--wrt": "x,y",
    "--order": "2",
    "--digits": "50",
    "--trace": "x",
    "--graph": "graph.svg",
}


def _set(request: Request, option: str, text: str) -> None:
    if option == "--wrt":
        names = [_normal(name.strip()) for name in text.split(",")]
        if not all(names) or len(set(names)) < len(names):
            raise InputError(f"--wrt takes names, each once; got {text!r}, write --wrt x,y.")
        request.wrt = names
        return
    if option == "--trace":
        request.trace = _normal(text)
        return
    if option == "--graph":
        if not text.endswith(".svg"):
            raise InputError(f"--graph draws SVG; got {text!r}, write --graph graph.svg.")
        request.graph = text
        return
    most = HIGHEST_ORDER if option == "--order" else MOST_DIGITS
    if not (text.isdecimal() and len(text) < 9 and 1 <= int(text) <= most):
        raise InputError(f"{option} takes a whole number from 1 to {most}; got {text!r}.")
    setattr(request, option.strip("-"), int(text))


def _is_assignment(text: str) -> bool:
    name, equals, value = text.partition("=")
    return bool(equals) and name.isidentifier() and not value.startswith("=")


def _add_value(request: Request, name: str, text: str) -> None:
    import keyword

    if keyword.iskeyword(name):
        raise InputError(f"{name} is a keyword of Python; choose another name.")
    name = _normal(name)
    if name in request.values:
        raise InputError(f"{name} has two values, {request.values[name]} and {text}; give one.")
    if not text:
        raise InputError(f"{name}= lacks its value; write {name}=2 without spaces.")
    request.values[name] = text


def _normal(name: str) -> str:
    """The name as Python's parser spells it: µ has two codes."""
    if name.isascii():
        return name
    import unicodedata

    return unicodedata.normalize("NFKC", name)


# -- the problem ---------------------------------------------------------------------------


@dataclass
class Problem:
    """A function and its arguments.

    Attributes
    ----------
    kind, name : str
        "expression" and its text, or "function" and where it is.
    call : callable
        call(arguments, exact) gives numbers, arrays, or lists, tuples and dicts of them.
    values : callable
        values(exact) gives the arguments, by name: floats, or mpmath numbers at the working
        precision.
    wrt : list of str
        The arguments to differentiate.
    """

    kind: str
    name: str
    call: Callable[[Inputs, bool], Any]
    values: Callable[[bool], Inputs]
    wrt: list[str]


def _wrt(request: Request, names: Sequence[str], default: Sequence[str]) -> list[str]:
    """The names to differentiate, of those that have a value."""
    for name in (*(request.wrt or ()), *([request.trace] if request.trace else [])):
        if name not in names:
            option = "--trace" if name == request.trace else "--wrt"
            raise InputError(
                f"{option} {name}: {name} has no value; "
                + meant(name, names, f"the variables are {listed(names)}.")
            )
    return list(default) if request.wrt is None else request.wrt


def expression_problem(request: Request) -> Problem:
    """A formula in the variables that are given."""
    texts = request.values
    f = Expression(request.subject)
    for name in f.names:
        if name in texts or name in CONSTANTS:
            continue
        if name in function_names():
            raise InputError(f"{name} is a function; write {name}(…) to call it.")
        unused = [n for n in texts if n not in f.names]
        hint = closest(name, [*unused, *CONSTANTS])
        meant = f", or did you mean {hint}?" if hint else "."
        raise InputError(f"{name} has no value; add {name}=VALUE{meant}")
    for name in texts:
        if name not in f.names:
            raise InputError(
                f"{name} is not in the expression; the variables there are {listed(f.names)}."
            )
    numbers = {name: _value(request, name, lists=False) for name in texts}
    return Problem(
        kind="expression",
        name=f.text,
        call=lambda inputs, exact: f(inputs, exact=exact),
        values=lambda exact: {name: x(exact) for name, x in numbers.items()},
        wrt=_wrt(request, list(texts), [name for name in f.names if name in texts]),
    )


Value = Callable[[bool], Any]  # a number or array; exact or not


def _value(request: Request, name: str, *, lists: bool) -> Value:
    """Read NAME=VALUE."""
    text = request.values[name]
    given = f"{name}={shorten(text)}"
    if not lists and text.startswith(("@", "[")):
        raise InputError(f"{given}: an expression takes numbers; write a function in a script.")
    try:
        f = Expression(text, lists=lists)
    except InputError as error:
        raise InputError(f"{given}: {error}") from None

    def value(exact: bool) -> Any:
        try:
            x = f({}, exact=exact)
        except InputError as error:
            raise InputError(f"{given}: {error}") from None
        return _array(given, x, exact) if f.is_list else x

    value(request.digits is not None)  # refuse what is bad now
    return value


def _array(given: str, x: list[Any], exact: bool) -> Any:
    try:
        return np.array(x, dtype=object if exact else float)
    except ValueError:
        raise InputError(f"{given}: the rows of an array have the same length.") from None


# -- functions in scripts ------------------------------------------------------------------


def script_problem(request: Request, path: str, name: str) -> Problem:
    """A function of the user's script, to be made and called inside of `beside(path)`."""
    texts = request.values
    from_files = [n for n, text in texts.items() if text.startswith("@")]
    values = {
        n: _columns(n, text[1:]) if n in from_files else _value(request, n, lists=True)
        for n, text in texts.items()
    }
    f = load(path, name)
    title = f"{os.path.basename(path)}:{name}"
    positional, integers = _parameters(title, f, list(texts))
    wrt = _wrt(request, list(texts), [n for n in texts if n not in (*from_files, *integers)])
    whole = {n: int(x) for n, x in texts.items() if n not in wrt and _is_whole(x)}

    def call(inputs: Inputs, exact: bool) -> Any:
        named = rebuild(inputs, lambda x: x.copy() if isinstance(x, np.ndarray) else x) | whole
        args = [named.pop(n, default) for n, default in positional]
        with errors_of(path), redirect_stdout(sys.stderr):
            return f(*args, **named)

    return Problem(
        kind="function",
        name=title,
        call=call,
        values=lambda exact: {n: x(exact) for n, x in values.items()},
        wrt=wrt,
    )


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and len(text) < 16


def _parameters(
    title: str, f: Callable[..., Any], given: list[str]
) -> tuple[list[tuple[str, Any]], list[str]]:
    """Check the arguments. Gives those that go by position, with their defaults; and integers."""
    import inspect

    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        raise InputError(f"{title} does not tell its arguments; write a def around it.") from None
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    names = [p.name for p in named]
    for name in given:
        if name not in names and not any(p.kind == p.VAR_KEYWORD for p in parameters):
            raise InputError(
                f"{title} has no argument {name}; "
                + meant(name, names, f"the arguments are {listed(names)}.")
            )
    missing = [p.name for p in named if p.default is p.empty and p.name not in given]
    if missing:
        raise InputError(
            f"{title} needs {', '.join(missing)} too; add "
            + " ".join(f"{name}=VALUE" for name in missing)
            + "."
        )
    positional = [(p.name, p.default) for p in named if p.kind == p.POSITIONAL_ONLY]
    return positional, [p.name for p in named if p.annotation in (int, "int")]


def _columns(name: str, where: str) -> Value:
    """Read the columns of a CSV file, FILE or FILE:COLUMN."""
    given = f"{name}=@{where}"
    path, column = where, ""
    if ":" in where and not os.path.isfile(where):
        path, _, column = where.rpartition(":")
    names, rows = _cells(given, path)
    columns: Any = [list(cells) for cells in zip(*rows, strict=True)]
    if column in names:
        columns = columns[names.index(column)]
    elif column.isdecimal() and 1 <= int(column) <= len(columns):
        columns = columns[int(column) - 1]
    elif column:
        there = names or [str(i + 1) for i in range(len(columns))]
        raise InputError(
            f"{given}: there is no column {column}; "
            + meant(column, names, f"the columns are {listed(there)}.")
        )
    elif len(columns) == 1:
        columns = columns[0]
    elif names:
        columns = dict(zip(names, columns, strict=True))
    else:
        columns = rows

    def value(exact: bool) -> Any:
        def array(cells: Any) -> Any:
            numbers = rebuild(cells, lambda cell: number(cell, exact))
            return np.array(numbers, dtype=object if exact else float)

        if isinstance(columns, dict):
            return {key: array(cells) for key, cells in columns.items()}
        return array(columns)

    return value


def _cells(given: str, path: str) -> tuple[list[str], list[list[str]]]:
    """Names (none without a first line of names) and cells of a CSV file, line by line."""
    import csv

    text = text_in(given, path)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(text.splitlines(), delimiter=delimiter, skipinitialspace=True)
    names: list[str] = []
    rows: list[list[str]] = []
    for cells in reader:
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        line = f"{given}: line {reader.line_num}"
        if not rows and not names and not all(map(_is_decimal, cells)):
            names = cells
            continue
        width = len(names or (rows or [cells])[0])
        if len(cells) != width:
            raise InputError(f"{line} has {len(cells)} columns, but the first has {width}.")
        if bad := [cell for cell in cells if not _is_decimal(cell)]:
            raise InputError(f"{line} has {shorten(bad[0])!r}, which is no number.")
        rows.append(cells)
    if not rows:
        raise InputError(f"{given}: there are no numbers in the file.")
    if len(set(names)) < len(names):
        raise InputError(f"{given}: two columns have the same name.")
    return names, rows


def _is_decimal(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


# -- the answer ----------------------------------------------------------------------------


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
    at: list[Any]
    outputs: list[str]
    values: list[Any]
    slopes: list[list[list[Any]]]
    hessian: list[list[Any]]


def calculate(problem: Problem, request: Request) -> Answer:
    """Run the drivers on the problem."""
    exact = request.digits is not None
    inputs = problem.values(exact)
    seeds = [_as_lists(inputs[name]) for name in problem.wrt]
    points = list(leaves(seeds))

    def run(points: list[Any]) -> list[tuple[str, Any]]:
        given = _refilled(seeds, points)
        wrt = dict(zip(problem.wrt, map(_as_arrays, given), strict=True))
        return _outputs(problem, problem.call(inputs | wrt, exact))

    def numbers(points: list[Any]) -> list[Any]:
        return [number for _, number in run(points)]

    def both(points: list[Any]) -> tuple[list[Any], list[tuple[str, Any]]]:
        outputs = run(points)
        return [number for _, number in outputs], outputs

    rows, outputs = jacobian(both, has_aux=True)(points)
    first = [[_number(x, exact) for block in row for x in np.ravel(block)] for row in rows]
    higher = []
    for order in range(2, request.order + 1):
        columns = [derivative(along, order=order)(x) for along, x in _directions(numbers, points)]
        higher.append([[_number(column[i], exact) for column in columns] for i in range(len(rows))])
    variables = [pair for n in problem.wrt for pair in _elements(n, inputs[n])]
    return Answer(
        variables=[label for label, _ in variables],
        at=[_number(x, exact) for _, x in variables],
        outputs=[label for label, _ in outputs],
        values=[_number(x, exact) for _, x in outputs],
        slopes=[first, *higher],
        hessian=_matrix(problem, numbers, points, exact) if request.hessian else [],
    )


def _directions(
    f: Callable[[list[Any]], Any], points: list[Any]
) -> Iterator[tuple[Callable[[Any], Any], Any]]:
    """f along each single number among the points, and where to differentiate there."""

    def along(i: int, unit: Any, t: Any) -> Any:
        x = t if unit is None else points[i] + t * unit
        return f([*points[:i], x, *points[i + 1 :]])

    for i, point in enumerate(points):
        if np.ndim(point) == 0:
            yield partial(along, i, None), point
            continue
        for unit in np.eye(point.size):
            yield partial(along, i, unit.reshape(point.shape)), 0.0


def _matrix(
    problem: Problem, f: Callable[[list[Any]], list[Any]], points: list[Any], exact: bool
) -> list[list[Any]]:
    """The Hessian, row by row."""

    def single(points: list[Any]) -> Any:
        outputs = f(points)
        if len(outputs) > 1:
            raise InputError(
                f"--hessian is for one number, but {problem.name} returned {len(outputs)}."
            )
        return outputs[0]

    blocks = hessian(single)(points)
    matrix = []
    for point, row in zip(points, blocks, strict=True):
        size = int(np.size(point))
        wide = np.hstack([np.reshape(np.asarray(block, object), (size, -1)) for block in row])
        matrix += [[_number(x, exact) for x in numbers] for numbers in wide]
    return matrix


def _as_lists(x: Any) -> Any:
    """Arrays of mpmath numbers as the drivers take them."""
    if isinstance(x, dict):
        return {key: _as_lists(part) for key, part in x.items()}
    return x.tolist() if isinstance(x, np.ndarray) and x.dtype == object else x


def _as_arrays(x: Any) -> Any:
    """And back."""
    if isinstance(x, dict):
        return {key: _as_arrays(part) for key, part in x.items()}
    return np.array(x, dtype=object) if isinstance(x, list) else x


def _elements(label: str, x: Any) -> Iterator[tuple[str, Any]]:
    """All numbers in a structure of arrays, lists, tuples and dicts, with their labels."""
    if isinstance(x, dict):
        parts = [(f"{label}[{key}]" if label else str(key), part) for key, part in x.items()]
    elif isinstance(x, tuple) and hasattr(x, "_fields"):
        parts = [(f"{label}.{name}".lstrip("."), getattr(x, name)) for name in x._fields]
    elif isinstance(x, (list, tuple)):
        parts = [(f"{label}[{i}]", part) for i, part in enumerate(x)]
    elif np.ndim(x):
        parts = [
            (f"{label}[{','.join(map(str, index))}]", x[index]) for index in np.ndindex(x.shape)
        ]
    else:
        yield label, x
        return
    for name, part in parts:
        yield from _elements(name, part)


def _outputs(problem: Problem, y: Any) -> list[tuple[str, Any]]:
    """The numbers that the function returned, with their labels."""
    for part in leaves(y):
        if not is_operand(part):
            raise InputError(
                f"{problem.name} has to return numbers, arrays, or lists, tuples and dicts of "
                f"them; it returned {type(part).__name__}"
                + ("; does it lack a return?" if part is None else ".")
            )
        if np.iscomplexobj(plain(part)) or hasattr(plain(part), "_mpc_"):
            raise InputError(
                f"{problem.name} returned a complex number; return its real and imaginary part."
            )
    outputs = list(_elements("", y))
    if not outputs:
        raise InputError(f"{problem.name} returned no numbers.")
    return outputs


def _number(x: Any, exact: bool) -> Any:
    """A result as a float or an mpmath number; nan where it is not real."""
    if is_complex(x):
        x = math.nan
    if not exact:
        return float(x)
    from mpmath import mp

    x = mp.mpf(x)
    if is_out_of_range(x):
        raise InputError(f"a result is beyond 10**{LARGEST} or below 10**-{LARGEST}.")
    return x


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


def _refilled(structure: Any, numbers: Sequence[Any]) -> Any:
    """The same structure with other numbers."""
    each = iter(numbers)
    return rebuild(structure, lambda _: next(each))


def _results(answer: Answer) -> list[Any]:
    return [answer.values, answer.slopes, answer.hessian]


def _settled(old: Any, new: Any, digits: int, may_vanish: bool) -> Any:
    """The number, if its digits are known; None to calculate once more."""
    from mpmath import mp

    vanishes = abs(new) <= abs(old) * mp.mpf(10) ** -digits and mp.isfinite(old)
    if vanishes:
        return mp.zero if may_vanish else None
    return new if _digits(old, digits) == _digits(new, digits) else None


def _digits(x: Any, digits: int | None) -> str:
    """A number as text: the shortest that gives the same float, or this many digits."""
    if digits is None:
        return repr(x)
    from mpmath import mp

    return str(mp.nstr(x, digits)).lstrip("+")


# -- text ----------------------------------------------------------------------------------


def as_table(problem: Problem, request: Request, answer: Answer) -> str:
    """The answer for people."""
    digits = request.digits
    name = shorten(problem.name, 100)
    single = len(answer.outputs) == 1
    if single:
        name += f"{answer.outputs[0]} = {_digits(answer.values[0], digits)}"
    held = [
        f"{n}={_on_one_line(shorten(x, 40))}"
        for n, x in request.values.items()
        if n not in problem.wrt
    ]
    parts = [name + f"\nwith {', '.join(held)}" * bool(held)]
    if answer.variables or not single:
        parts.append(_table(_derivative_columns(request, answer, single)))
    if answer.hessian:
        titles = ["hessian", *answer.variables]
        matrix = [[_digits(x, digits) for x in column] for column in answer.hessian]
        parts.append(_table(dict(zip(titles, [answer.variables, *matrix], strict=True))))
    return "\n\n".join(parts)


def _derivative_columns(request: Request, answer: Answer, single: bool) -> dict[str, list[str]]:
    """The table by columns: one row for each output and variable."""
    digits = request.digits
    columns: dict[str, list[str]] = {} if single else {"output": [], "value": []}
    first, *higher = "derivative", *map(_ordinal, range(2, request.order + 1))
    columns |= {title: [] for title in ("variable", "at", first, "elasticity", *higher)}
    if not answer.variables:
        columns = {title: columns[title] for title in ("output", "value")}
    for i, (label, value) in enumerate(zip(answer.outputs, answer.values, strict=True)):
        rows = max(1, len(answer.variables))
        if not single:  # once for all the variables of an output
            columns["output"] += [label] + [""] * (rows - 1)
            columns["value"] += [_digits(value, digits)] + [""] * (rows - 1)
        for j, (variable, at) in enumerate(zip(answer.variables, answer.at, strict=True)):
            columns["variable"].append(variable)
            columns["at"].append(_digits(at, digits))
            for title, slopes in zip((first, *higher), answer.slopes, strict=True):
                columns[title].append(_digits(slopes[i][j], digits))
            elasticity = _elasticity(at, value, answer.slopes[0][i][j], digits)
            columns["elasticity"].append(
                "undefined" if elasticity is None else _digits(elasticity, digits)
            )
    return columns


def _ordinal(n: int) -> str:
    return f"{n}{'nd' if n == 2 else 'rd' if n == 3 else 'th'} derivative"


def _elasticity(at: Any, value: Any, slope: Any, digits: int | None) -> Any:
    """(p/y)·∂y/∂p, or None where it is not defined."""
    if value == 0:
        return None
    if digits is None:
        result = at * slope / value + 0.0  # no -0.0
    else:
        from mpmath import mp

        with mp.workdps(digits + 15):
            result = at * slope / value
    return result if result == result else None


def _table(columns: dict[str, list[str]]) -> str:
    return text_table(columns, texts=("output", "variable", "hessian"))


def as_json(problem: Problem, request: Request, answer: Answer) -> str:
    """The answer for machines."""
    import json

    def encode(x: Any) -> Any:
        if x is None or (request.digits is None and math.isfinite(x)):
            return x
        return _digits(x, request.digits)

    def by_variable(numbers: Sequence[Any]) -> dict[str, Any]:
        return dict(zip(answer.variables, map(encode, numbers), strict=True))

    outputs: list[dict[str, Any]] = []
    for i, (label, value) in enumerate(zip(answer.outputs, answer.values, strict=True)):
        first = answer.slopes[0][i]
        elasticities = [
            _elasticity(p, value, slope, request.digits)
            for p, slope in zip(answer.at, first, strict=True)
        ]
        output = {
            "name": label,
            "value": encode(value),
            "derivatives": by_variable(first),
            "elasticities": by_variable(elasticities),
        }
        if request.order > 1:
            output["higher_orders"] = {
                variable: {
                    str(k): encode(slopes[i][j]) for k, slopes in enumerate(answer.slopes[1:], 2)
                }
                for j, variable in enumerate(answer.variables)
            }
        outputs.append(output)
    document: dict[str, Any] = {problem.kind: problem.name, "at": by_variable(answer.at)}
    if held := {n: text for n, text in request.values.items() if n not in problem.wrt}:
        document["with"] = held
    if len(outputs) > 1:
        document["outputs"] = outputs
    else:
        document |= outputs[0]
        del document["name"]
    if request.hessian:
        rows = map(by_variable, answer.hessian)
        document["hessian"] = dict(zip(answer.variables, rows, strict=True))
    return json.dumps(document, indent=2, allow_nan=False)


def help_text() -> str:
    """The text of --help, with the functions of the table."""
    import textwrap

    names = [name for name in function_names() if RULES[name].name == name]
    functions = textwrap.fill(
        ", ".join(names) + "; NumPy's names such as arcsin are understood too.",
        96,
        initial_indent="  ",
        subsequent_indent="  ",
    )
    return HELP.format(constants=", ".join(CONSTANTS), functions=functions)


# -- in and out ----------------------------------------------------------------------------


def _reply(arguments: list[str]) -> str:
    """What to print for these arguments."""
    if arguments[0] == "sens" and not any(a.startswith("sens=") for a in arguments):
        from .sens import reply

        return reply(arguments[1:])
    if "--help" in arguments or "-h" in arguments:
        return help_text().rstrip()
    if "--version" in arguments:
        return f"dualad {__version__}"
    request = read_arguments(arguments)
    path, _, name = request.subject.rpartition(":")
    if not path.endswith(".py"):
        if request.subject.endswith(".py"):
            raise InputError(
                f"{request.subject} is a script; write {request.subject}:NAME for a function in it."
            )
        return _solve(expression_problem(request), request)
    with beside(path):
        return _solve(script_problem(request, path, name), request)


def _solve(problem: Problem, request: Request) -> str:
    shown = _show(problem, request) if request.trace or request.graph else ""
    if request.trace:
        return shown
    if request.digits is None:
        answer = calculate(problem, request)
    else:
        answer = calculate_to_digits(problem, request, request.digits)
    return (as_json if request.json else as_table)(problem, request, answer)


def _show(problem: Problem, request: Request) -> str:
    """The trace as text; its graph in a file, if asked for."""
    from .teach import graph, trace

    exact = request.digits is not None
    wrt = request.trace or next(iter(problem.wrt), None)
    if wrt is None:
        raise InputError("--graph needs a variable to differentiate; give one a value.")

    def f(**inputs: Any) -> Any:
        return problem.call(inputs, exact)

    f.__name__ = problem.name
    if exact:
        from mpmath import mp

        with mp.workdps((request.digits or 0) + 15):
            steps = trace(f, wrt=wrt, **problem.values(True))
    else:
        steps = trace(f, wrt=wrt, **problem.values(False))
    if request.graph:
        try:
            graph(steps).save(request.graph)
        except OSError as error:
            raise InputError(f"cannot write {request.graph}: {error.strerror}.") from None
    return f"{shorten(problem.name, 100)}\n\n{steps.to_text(request.digits or 4)}"


def _fail(status: int, sentence: str) -> int:
    print(f"dualad: {_on_one_line(sentence)}", file=sys.stderr)
    return status


def _on_one_line(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except UnicodeEncodeError:  # a terminal without all the letters of a name
        print(text.encode("ascii", "backslashreplace").decode(), flush=True)


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : list of str, optional
        The arguments; by default those of the process.

    Returns
    -------
    int
        The exit status: 0, or 2 for bad input, 1 for an error in the user's script.
    """
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments:
        print(USAGE, end="", file=sys.stderr)
        return 2
    try:
        reply = _reply(arguments)
    except InputError as error:
        return _fail(2, str(error))
    except ScriptError as error:
        return _fail(1, str(error))
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # of the drivers, or a mistake of ours: no traceback either
        return _fail(1, f"{type(error).__name__}: {error}")
    try:
        _print(reply)
    except BrokenPipeError:  # the reader, as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
