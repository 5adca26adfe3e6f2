"""What is to be differentiated: a formula, or a function in a script, and its arguments."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..lifting.reach import AsNeeded
from ..sentences import closest, did_you_mean, listed, shorten
from ..structure import rebuild
from .arguments import Request
from .errors import InputError
from .expressions import Expression
from .files import number_table
from .numerals import CONSTANTS, Number, number
from .scripts import load
from .syntax import function_names

Array: TypeAlias = NDArray[Any]  # of floats, or of mpmath numbers
Input: TypeAlias = "Number | Array | dict[str, Array]"  # a number, or the columns of a file
Value: TypeAlias = "Callable[[], Input]"  # at the working precision


@dataclass
class Problem:
    """A function and its arguments.

    Attributes
    ----------
    kind, name : str
        "expression" and its text, or "function" and where it is.
    call : callable
        call(arguments) gives numbers, arrays, or lists, tuples and dicts of them.
    values : callable
        values() gives the arguments, by name: floats, or mpmath numbers at the working precision.
    wrt : list of str
        The arguments to differentiate.
    """

    kind: str
    name: str
    call: Callable[[dict[str, Any]], Any]
    values: Callable[[], dict[str, Input]]
    wrt: list[str]


def _wrt(request: Request, names: Sequence[str], default: Sequence[str]) -> list[str]:
    """The names to differentiate, of those that have a value."""
    for name in (*(request.wrt or ()), *([request.trace] if request.trace else [])):
        if name not in names:
            option = "--trace" if name == request.trace else "--wrt"
            raise InputError(
                f"{option} {name}: {name} has no value; "
                + did_you_mean(name, names, f"the variables are {listed(names)}.")
            )
    return list(default) if request.wrt is None else request.wrt


# -- formulas ------------------------------------------------------------------------------


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
        end = f", or did you mean {hint}?" if hint else "."
        raise InputError(f"{name} has no value; add {name}=VALUE{end}")
    for name in texts:
        if name not in f.names:
            raise InputError(
                f"{name} is not in the expression; the variables there are {listed(f.names)}."
            )
    numbers = {name: _value(request, name, lists=False) for name in texts}
    return Problem(
        kind="expression",
        name=f.text,
        call=lambda inputs: f(inputs, exact=request.exact),
        values=lambda: {name: value() for name, value in numbers.items()},
        wrt=_wrt(request, list(texts), [name for name in f.names if name in texts]),
    )


def _value(request: Request, name: str, *, lists: bool) -> Value:
    """Read NAME=VALUE."""
    text = request.values[name]
    given = f"{name}={shorten(text)}"
    if not lists and text.startswith(("@", "[")):
        raise InputError(f"{given}: an expression takes numbers; write a function in a script.")
    if lists and text.isidentifier() and text not in CONSTANTS:
        write = f"write a number, or {name}='\"{text}\"' for a text"
        raise InputError(f"{given}: {text} has no value here; {write}.")
    try:
        f = Expression(text, lists=lists)
    except InputError as error:
        raise InputError(f"{given}: {error}") from None

    def value() -> Number | Array:
        try:
            x = f({}, exact=request.exact)
        except InputError as error:
            raise InputError(f"{given}: {error}") from None
        if not f.is_list:
            number: Number = x
            return number
        try:
            return _array(x, request.exact)
        except ValueError:
            raise InputError(f"{given}: the rows of an array have the same length.") from None

    value()  # refuse what is bad now
    return value


def _array(numbers: list[Any], exact: bool) -> Array:
    return np.array(numbers, dtype=object if exact else float)


# -- functions in scripts ------------------------------------------------------------------


def script_problem(request: Request, path: str, name: str) -> Problem:
    """A function of the user's script, to be made and called within `beside(path)`."""
    texts = request.values
    from_files = [n for n, text in texts.items() if text.startswith("@")]
    f = AsNeeded(load(path, name), None)
    title = f"{os.path.basename(path)}:{name}"
    positional, integers, in_words = _parameters(title, f, list(texts))
    constants = {n: _in_words(text, n in in_words) for n, text in texts.items()}
    constants = {n: word for n, word in constants.items() if word is not None}
    values = {
        n: _columns(request, n) if n in from_files else _value(request, n, lists=True)
        for n in texts
        if n not in constants
    }
    others = (*from_files, *integers, *constants)
    wrt = _wrt(request, list(texts), [n for n in texts if n not in others])
    for n in wrt:
        if n in constants:
            raise InputError(f"{n}={texts[n]} is not a number; --wrt and --trace take numbers.")
    whole = {n: int(text) for n, text in texts.items() if n not in wrt and _is_whole(text)}

    def call(inputs: dict[str, Any]) -> Any:
        named = rebuild(inputs, lambda x: x.copy() if isinstance(x, np.ndarray) else x)
        named |= whole | constants
        args = [named.pop(n, default) for n, default in positional]
        return f(*args, **named)

    return Problem(
        kind="function",
        name=title,
        call=call,
        values=lambda: {n: value() for n, value in values.items()},
        wrt=wrt,
    )


def _in_words(text: str, is_text: bool) -> str | bool | None:
    """A value that is a text, true or false; None for numbers, lists and files."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    if is_text and not text.startswith("@"):
        return text
    return _FLAGS.get(text)


_FLAGS = {"True": True, "true": True, "False": False, "false": False}


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and len(text) < 16


def _parameters(
    title: str, f: Callable[..., Any], given: list[str]
) -> tuple[list[tuple[str, Any]], list[str], list[str]]:
    """Check the arguments.

    Returns
    -------
    positional, integers, texts : list
        Those that go by position, with their defaults; those annotated as int; and those that are
        texts, by annotation or default.
    """
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        raise InputError(f"{title} has no signature to read; wrap it in a def.") from None
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    names = [p.name for p in named]
    for name in given:
        if name not in names and not any(p.kind == p.VAR_KEYWORD for p in parameters):
            raise InputError(
                f"{title} has no argument {name}; "
                + did_you_mean(name, names, f"the arguments are {listed(names)}.")
            )
    missing = [p.name for p in named if p.default is p.empty and p.name not in given]
    if missing:
        raise InputError(
            f"{title} needs {', '.join(missing)} too; add "
            + " ".join(f"{name}=VALUE" for name in missing)
            + "."
        )
    positional = [(p.name, p.default) for p in named if p.kind == p.POSITIONAL_ONLY]
    integers = [p.name for p in named if p.annotation in (int, "int")]
    texts = [
        p.name
        for p in named
        if p.annotation in (str, "str") or isinstance(p.default, str) or "Literal[" in str(p)
    ]
    return positional, integers, texts


def _columns(request: Request, name: str) -> Value:
    """Read the columns of a CSV file, NAME=@FILE or NAME=@FILE:COLUMN."""
    given = f"{name}={request.values[name]}"
    path, column = request.values[name][1:], ""
    if ":" in path and not os.path.isfile(path):
        path, _, column = path.rpartition(":")
    names, rows = number_table(given, path)
    columns = [list(cells) for cells in zip(*rows, strict=True)]
    cells: Any  # a column, a dict of columns, or rows
    if column in names:
        cells = columns[names.index(column)]
    elif column.isdecimal() and 1 <= int(column) <= len(columns):
        cells = columns[int(column) - 1]
    elif column:
        there = names or [str(i + 1) for i in range(len(columns))]
        raise InputError(
            f"{given}: there is no column {column}; "
            + did_you_mean(column, names, f"the columns are {listed(there)}.")
        )
    elif len(columns) == 1:
        cells = columns[0]
    elif names:
        cells = dict(zip(names, columns, strict=True))
    else:
        cells = rows

    def value() -> Array | dict[str, Array]:
        numbers = rebuild(cells, lambda cell: number(cell, request.exact))
        if isinstance(numbers, dict):
            return {key: _array(column, request.exact) for key, column in numbers.items()}
        return _array(numbers, request.exact)

    return value
