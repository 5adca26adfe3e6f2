"""The command `python -m dualad sens`: sensitivities of a model in the user's script.

python -m dualad sens model.py:profit --at params.json --std price=0.1 --out report.html
"""

from __future__ import annotations

import inspect
import math
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from ..propagation import Propagation, propagate
from ..sensitivity import Sensitivities, sensitivities
from ..sentences import counted, shorten
from ..structure import labelled, labelled_numbers
from ..tables import csv_text, short, typeset
from .arguments import add_value, names_in, options_in, unknown_option
from .errors import InputError
from .files import csv_lines, kind_of, refuse_unwritable, text_in, write
from .scripts import beside, load

Parameters: TypeAlias = dict[str, Any]  # numbers, arrays, texts, and dicts and lists of these

HELP = """\
usage: python -m dualad sens SCRIPT.py:MODEL [--at PARAMETERS] [options]

  python -m dualad sens model.py:profit --at params.json
  python -m dualad sens model.py:profit --at params.toml --std price=0.1,sold=5 --out report.html

Prints, for each output of the model, its derivative with respect to each parameter, the elasticity
and which parameter matters most.

options:
  --at FILE        the parameters: FILE.json or FILE.toml with names and numbers, lists (arrays) or
                   objects of these; FILE.csv with the columns name, value and perhaps std, or with
                   the names in the first line and the numbers in the second; without it, the
                   defaults of the model that are floats
  --std FILE       standard deviations, in the same form; or NAME=NUMBER,NAME=PERCENT%; these come
                   before those of a CSV file. The report then says how certain the outputs are,
                   and what each parameter contributes
  --order N        of that propagation of errors, 1 or 2; 2 tells whether the curvature matters
  --second-order   second derivatives and interactions of the parameters
  --wrt NAME,...   differentiate with respect to these only; the others are constants. Parameters
                   that the file does not have keep their defaults, and are constants unless they
                   are named here or in --std; --wrt all takes all that are floats
  --out FILE       write FILE.csv, FILE.json or FILE.html instead of printing; all or nothing

  The model takes the parameters as keyword arguments, or all in one dict. It returns a number, an
  array, or a list, tuple, dict or dataclass of these; what it prints goes to stderr. Strings, true
  and false, and arguments annotated as int are constants.

exit status: 0, or 2 for bad input, 1 for an error in the script; errors are one line on stderr.
"""

_EXAMPLES = {
    "--at": "params.json",
    "--std": "price=0.1",
    "--order": "2",
    "--wrt": "x,y",
    "--out": "report.html",
    "--second-order": None,
}


def option_names() -> list[str]:
    """The options of this command."""
    return [*_EXAMPLES, "--help"]


@dataclass
class _Request:
    """What was asked for on the command line."""

    subject: str = ""
    at: str = ""
    std: list[str] = field(default_factory=list)
    order: int = 1
    wrt: list[str] | None = None
    out: str | None = None
    second_order: bool = False


def _read_arguments(arguments: Sequence[str]) -> _Request:
    request = _Request()
    for option, text in options_in(arguments, _EXAMPLES, repeated=("--std", "--wrt")):
        if option:
            _set(request, option, text)
        elif text.startswith("-"):
            raise unknown_option(text, _EXAMPLES)
        elif request.subject:
            raise InputError(
                f"got two models, {request.subject} and {text}; write parameters in a file and "
                "give it with --at params.json."
            )
        else:
            request.subject = text
    if not request.subject:
        raise InputError("sens needs a model; write sens model.py:profit --at params.json.")
    if not request.subject.rpartition(":")[0].endswith(".py"):
        raise InputError(
            f"sens needs a model as SCRIPT.py:FUNCTION; got {shorten(request.subject)!r}."
        )
    return request


def _set(request: _Request, option: str, text: str) -> None:
    match option:
        case "--at":
            request.at = text
        case "--std":
            request.std.append(text)
        case "--order":
            if text not in ("1", "2"):
                raise InputError(f"--order is 1 or 2; got {text!r}.")
            request.order = int(text)
        case "--wrt":
            request.wrt = names_in(option, text, request.wrt)
        case "--out":
            refuse_unwritable(option, text, _WRITERS)
            request.out = text
        case "--second-order":
            request.second_order = True


# -- parameters in files -------------------------------------------------------------------


def _read(option: str, path: str) -> tuple[Parameters, Parameters | None]:
    """The parameters in a file, and their standard deviations if a CSV file has them."""
    given = f"{option} {path}"
    if "=" in path and not os.path.exists(path):
        raise InputError(f"{given}: write the parameters in a file, such as params.json.")
    kind = kind_of(path)
    if kind == ".csv":
        return _from_csv(given, path)
    text = text_in(given, path)
    try:
        if kind == ".json":
            import json

            content = json.loads(
                text, object_pairs_hook=_with_each_name_once, parse_constant=_no_constant
            )
        elif kind == ".toml":
            import tomllib

            content = tomllib.loads(text)
        else:
            raise InputError(f"{given}: the file has to end in .json, .toml or .csv.")
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        reason = re.split(r";| \(char", str(error))[0]  # without what is said to programmers
        raise InputError(f"{given}: the file cannot be understood: {reason}.") from None
    except RecursionError:
        raise InputError(f"{given}: the file is nested too deeply.") from None
    if not isinstance(content, dict) or not content:
        raise InputError(f'{given}: write names and numbers, such as {{"price": 3.5}}.')
    return {name: _arrays(f"{given}: {name}", x) for name, x in content.items()}, None


def _with_each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, in which the last of two equal names would win."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is there twice")
    return found


def _no_constant(name: str) -> None:
    """Of NaN and Infinity, which Python takes for JSON."""
    raise ValueError(f"JSON has no {name}")


def _arrays(given: str, x: Any) -> Any:
    """Lists of numbers as arrays."""
    if isinstance(x, dict):
        return {name: _arrays(f"{given}.{name}", part) for name, part in x.items()}
    if isinstance(x, float) and math.isnan(x):
        raise InputError(f"{given} is nan; write a number, or leave it out.")
    if isinstance(x, int) and abs(x) > sys.float_info.max:
        raise InputError(f"{given}: a number of {len(str(abs(x)))} digits is too large.")
    if not isinstance(x, list):
        return x
    try:
        array = np.array(x)
    except ValueError:
        raise InputError(f"{given}: the rows of an array have the same length.") from None
    if array.dtype.kind not in "if" or not array.size:
        return [_arrays(f"{given}[{i}]", part) for i, part in enumerate(x)]
    return array.astype(float)


def _from_csv(given: str, path: str) -> tuple[Parameters, Parameters | None]:
    lines = [cells for _, cells in csv_lines(given, path)]
    if len(lines) < 2 or any(len(line) != len(lines[0]) for line in lines):
        raise InputError(f"{given}: write the lines 'name,value' and 'price,3.5', for example.")
    titles = [title.lower() for title in lines[0]]
    if titles[:2] == ["name", "value"] and titles[2:] in ([], ["std"]):
        columns = [list(column) for column in zip(*lines[1:], strict=True)]
    elif len(lines) == 2:
        columns = [lines[0], lines[1]]
    else:
        raise InputError(
            f"{given}: the columns are name, value and perhaps std; or the second line has the "
            "numbers for the names in the first, and is the last."
        )
    names = columns[0]
    if len(set(names)) < len(names):
        raise InputError(f"{given}: two parameters have the same name.")
    values = {n: _float(f"{given}: {n}", x) for n, x in zip(names, columns[1], strict=True)}
    if len(columns) < 3:
        return values, None
    stds = zip(names, columns[2], strict=True)
    return values, {n: _width(f"{given}: std of {n}", x) for n, x in stds if x}


def _float(given: str, text: str) -> float:
    try:
        x = float(text)
    except ValueError:
        x = math.nan
    if math.isnan(x):
        raise InputError(f"{given} is {shorten(text)!r}, which is not a number.")
    return x


@dataclass(frozen=True)
class _Percent:
    """A standard deviation relative to the value."""

    number: float


def _width(given: str, text: str) -> float | _Percent:
    """A standard deviation: a number, or a percentage."""
    if text.endswith("%"):
        return _Percent(_float(given, text[:-1].rstrip()))
    return _float(given, text)


def _absolute(std: Parameters, at: Parameters) -> Parameters:
    """The standard deviations with numbers in the place of percentages."""
    known = {label: x for label, x, _ in labelled(at, "")}

    def number(label: str, width: Any) -> Any:
        if not isinstance(width, _Percent):
            return width
        x = known.get(label, 0.0)  # a name that is not there is refused later
        if not isinstance(x, (float, int, np.ndarray)):
            raise InputError(f"--std {label}={width.number:g}%: {label} is not a number.")
        return width.number / 100 * np.abs(x)

    return {label: number(label, width) for label, width in std.items()}


def _deviations(settings: Sequence[str]) -> Parameters:
    """--std, perhaps several times; each name has one."""
    found: Parameters = {}
    for text in settings:
        for name, x in _deviation(text).items():
            if name in found:
                raise InputError(f"--std gives {name} twice, {found[name]} and {x}; give one.")
            found[name] = x
    return found


def _deviation(text: str) -> Parameters:
    """One --std: a file, or NAME=NUMBER,NAME=PERCENT%."""
    if "=" not in text or os.path.isfile(text):
        return _read("--std", text)[0]
    texts: dict[str, str] = {}
    for part in text.split(","):
        name, _, number = part.partition("=")
        add_value(texts, name.strip(), number.strip())
    return {name: _width(f"--std {name}", number) for name, number in texts.items()}


# -- the report ----------------------------------------------------------------------------


def reply(arguments: Sequence[str]) -> str:
    """What to print for these arguments; a report in a file is written on the way.

    Raises
    ------
    InputError, ScriptError
        One sentence on what was wrong.
    """
    if "--help" in arguments or "-h" in arguments:
        return HELP.rstrip()
    request = _read_arguments(arguments)
    at, std = _read("--at", request.at) if request.at else ({}, None)
    if request.std:
        std = (std or {}) | _deviations(request.std)
    if std is None and request.order == 2:
        raise InputError(
            "--order 2 is for the propagation of errors; add --std price=0.1, or write "
            "--second-order for second derivatives."
        )
    path, _, name = request.subject.rpartition(":")
    watched = sys.stderr.isatty()
    with beside(path):
        f = load(path, name)
        wrt = request.wrt
        takes_all = wrt == ["all"] and "all" not in {*at, *_signature(f)}
        if takes_all:
            wrt = None
        at, held = _with_defaults(f, at, [*(wrt or ()), *(std or ())], takes_all)
        try:
            report = sensitivities(
                f, at, wrt=wrt, second_order=request.second_order, progress=watched
            )
            errors = None
            if std is not None:
                std = _absolute(std, at)
                errors = propagate(f, at, std=std, order=request.order, progress=watched)
        except (TypeError, ValueError) as error:
            raise InputError(str(error)) from None
    if request.out is None:
        parts = (report, errors, _told(held, short))
        return "\n\n".join(str(part) for part in parts if part)
    write("--out", request.out, _WRITERS[kind_of(request.out)](report, errors, held))
    return f"written: {request.out}"


_VARIOUS = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _signature(f: Any) -> dict[str, inspect.Parameter]:
    """The parameters of a model; none if it does not tell."""
    try:
        return dict(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        return {}


def _with_defaults(
    f: Any, at: Parameters, named: Sequence[str], takes_all: bool
) -> tuple[Parameters, dict[str, float]]:
    """The parameters with those defaults of the model that are differentiated too.

    These are the ones that are named; all floats among them where all are taken, or no
    parameter is given. Those that are constants come apart.
    """
    known = _signature(f).values()
    defaults = {p.name: p.default for p in known if p.name not in at}
    floats = {n: x for n, x in defaults.items() if type(x) is float}
    roots = [re.split(r"[.\[]", name)[0] for name in named]
    for name in roots:
        if type(defaults.get(name)) is int:
            raise InputError(
                f"{name} has an integer default, which is a constant; write "
                f"{name}={defaults[name]}.0 in the script, or give {name} a value with --at."
            )
    needed = [p.name for p in known if p.default is p.empty and p.kind not in _VARIOUS]
    if not at and (needed or not floats):
        why = f"{needed[0]} has no default" if needed else "no default of the model is a float"
        raise InputError(f"sens needs the parameters, for {why}; write --at params.json.")
    moved = {n: x for n, x in floats.items() if not at or takes_all or n in roots}
    return at | moved, {n: x for n, x in floats.items() if n not in moved}


def _told(held: dict[str, float], number: Callable[[float], str]) -> str:
    """A sentence about the defaults that are constants; none if there are none."""
    constants = ", ".join(f"{n} = {number(x)}" for n, x in held.items())
    return f"At their defaults, as constants: {constants}." if held else ""


def _as_csv(report: Sensitivities, errors: Propagation | None, held: dict[str, float]) -> str:
    rows = list(report.rows())
    if errors is not None:
        shares = {(label, parameter): x for label, parameter, x in errors.share_rows()}
        deviations = dict(zip(errors.labels, np.sqrt(np.diag(errors.cov)).tolist(), strict=True))
        assumed = {label: float(x) for label, x in labelled_numbers(errors.input_std)}
        for row in rows:
            row["std"] = deviations[row["output"]]
            row["contribution"] = shares.get((row["output"], row["parameter"]), 0.0)
            row["assumed_std"] = assumed.get(row["parameter"], 0.0)
    return csv_text(rows)


def _as_json(report: Sensitivities, errors: Propagation | None, held: dict[str, float]) -> str:
    import json

    document = report.to_dict()
    if errors is not None:
        document["propagation"] = errors.to_dict()
    return json.dumps(_encoded(document), indent=2, allow_nan=False) + "\n"


def _encoded(x: Any) -> Any:
    """Infinite numbers as texts, undefined ones as null: JSON has neither."""
    if isinstance(x, dict):
        return {key: _encoded(part) for key, part in x.items()}
    if isinstance(x, list):
        return [_encoded(part) for part in x]
    if isinstance(x, float) and not math.isfinite(x):
        return None if math.isnan(x) else repr(x)
    return x


def _as_html(report: Sensitivities, errors: Propagation | None, held: dict[str, float]) -> str:
    from html import escape

    from ..teach.style import SCROLLING
    from .pictures import STYLE, spider, tornado

    tables = report._repr_html_() + (errors._repr_html_() if errors is not None else "")
    note = f"<p>{escape(_told(held, typeset))}</p>" if held else ""
    title = escape(f"Sensitivities of {report.title}")
    effects: dict[str, list[tuple[str, float]]] = {}
    for row in report.rows():
        effects.setdefault(row["output"], []).append((row["parameter"], row["elasticity"]))
    pictures = "".join(
        tornado(output, found, "elasticity") + spider(output, found)
        for output, found in list(effects.items())[:_MOST_OUTPUTS]
    )
    if len(effects) > _MOST_OUTPUTS:
        more = counted(len(effects) - _MOST_OUTPUTS, "more output")
        pictures += f"<p>There are no pictures of {more}.</p>"
    words = "".join(
        f"<dt>{escape(word)}</dt><dd>{escape(says)}</dd>"
        for word, says in _WORDS.items()
        if f">{word}<" in tables
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}{STYLE}</style></head>\n<body><h1>{title}</h1>"
        f"{SCROLLING}{tables}{note}<dl>{words}</dl>"
        f'<div class="pictures">{pictures}</div></body></html>\n'
    )


_MOST_OUTPUTS = 12  # that have pictures
_WORDS = {  # heads of columns
    "elasticity": "by how many percent the output grows when the parameter grows by one percent",
    "‖p·∂y/∂p‖/‖y‖": "the same for an output that is an array: the size of the changes, as the "
    "root of the sum of their squares, relative to that of the array",
    "p·q/y·∂²y/∂p∂q": "how strongly one parameter changes the effect of the other",
    "doubtful": "whether the output is so curved that the first order is not to be trusted: the "
    "second order moves the mean by more than a tenth of the standard deviation, or adds more than "
    "a tenth to the variance",
}
_STYLE = """
:root { color-scheme: light dark; }
body { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
  margin: 2em auto; max-width: 60em; padding: 0 1em; }
table { border-collapse: collapse; margin: 1em 0; break-inside: avoid;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; padding: .3em 0; }
th, td { padding: .2em .8em; border-bottom: 1px solid #8888; }
dt { font-weight: bold; } dd { margin: 0 0 .4em 1.5em; }
@media (max-width: 30em) { table { font-size: .9em; } th, td { padding: .2em .5em; } }
"""
_WRITERS = {".csv": _as_csv, ".json": _as_json, ".html": _as_html}
