"""What was asked for: the arguments of the command line taken apart, and the text of --help."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..sentences import did_you_mean
from ..table import RULES
from .errors import InputError
from .files import refuse_unwritable
from .numerals import CONSTANTS
from .syntax import function_names

USAGE = """\
usage: python -m dualad EXPRESSION NAME=VALUE ...
       python -m dualad SCRIPT.py:FUNCTION NAME=VALUE ...
       python -m dualad sens SCRIPT.py:MODEL --at PARAMETERS.json ...

"""

TRY = """\
Derivatives of formulas, and of functions in your scripts, exact to rounding. Try

  python -m dualad "log(x1) + x1*x2 - sin(x2)" x1=2 x2=5
  python -m dualad "x*sin(x)" x=2 --trace x
  python -m dualad --help
"""

HELP = (
    USAGE
    + """
examples:
  python -m dualad "log(x1) + x1*x2 - sin(x2)" x1=2 x2=5    a formula
  python -m dualad "exp(-x)*x**2" x=1.5 --order 3           higher derivatives
  python -m dualad "x**x" x=0.1 --digits 50                 fifty digits
  python -m dualad "x1*x2 + sin(x1)" x1=1 x2=2 --hessian    second derivatives
  python -m dualad "x*sin(x)" x=2 --trace x                 each step, with its tangent
  python -m dualad model.py:profit price=3 costs=[1,2.5] sold=@sales.csv:sold
                                                            a function in a script
  python -m dualad model.py:profit price=3 costs=[1,2.5] sold=[10,20] --json > slopes.json
                                                            numbers for another program
  python -m dualad sens model.py:profit --at params.json --out report.html
                                                            a report with pictures

Prints the value, the derivative with respect to each variable, exact to rounding, and
the elasticity: by how many percent the value grows when the variable grows by one percent.

options:
  --wrt NAME,...  differentiate with respect to these only; the others are constants
  --order N       derivatives up to the N-th in each variable, N = 1 to {order}
  --hessian       the matrix of second derivatives too, of {hessian} variables at most
  --digits N      calculate with mpmath and print N digits, N = 1 to 1000; decimals such as
                  0.1 are then exact
  --trace NAME    print each step of the calculation, with its tangent with respect to NAME
  --trace --reverse
                  print each step, and what it adds to the adjoints in the sweep back
  --graph OUT.svg draw the computational graph, with tangents as --trace has them, or with
                  adjoints if --reverse is given too
  --json          print one JSON object
  --csv           print the table as CSV, with a line for each output and variable
  --completion SHELL
                  print what bash, zsh or fish needs to complete the command dualad:
                  eval "$(dualad --completion bash)"
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
  mode=slow  mode='"slow"'  exact=true
                                      a text, where the function's default or annotation is one,
                                      or in quotes; true or false (or True, False): all constants
  a=[1,2,3]  m=[[1,0],[0,1]]          arrays
  data=@file.csv                      the columns of a file: a dict of arrays, or one array if
                                      there is only one column, or no line of names
  data=@file.csv:price  data=@file.csv:2
                                      one column, by name or number
  By default all arguments are differentiated but those from files and those annotated as int.
  The function returns a number, an array, or a list, tuple or dict of these; what it prints
  goes to stderr.

--json:
  'value'; 'at', 'derivatives' and 'elasticities' by variable (b[0], b[1] in arrays, data.price[0]
  in columns); if asked for, 'higher_orders' by variable and order, and 'hessian' by variable and
  variable; and 'with', the texts of the arguments held constant. A function with several outputs
  gives a list 'outputs' with 'name', 'value' and so on. Infinite and undefined numbers are the
  strings "inf", "-inf", "nan"; an undefined elasticity, as where the value is 0, is null. With
  --digits all numbers are strings.

exit status: 0, or 2 for bad input, 1 for an error in the script; errors are one line on stderr.
"""
)

MOST_DIGITS = 1000
HIGHEST_ORDER = 10
MOST_OF_HESSIAN = 1000  # variables


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
    return HELP.format(
        constants=", ".join(CONSTANTS),
        functions=functions,
        order=HIGHEST_ORDER,
        hessian=MOST_OF_HESSIAN,
    )


def option_names() -> list[str]:
    """The options of this command."""
    return [*_EXAMPLES, "--completion"]


# -- options of any command ----------------------------------------------------------------


def options_in(
    arguments: Sequence[str],
    examples: Mapping[str, str | None],
    optional: Collection[str] = (),
    repeated: Collection[str] = (),
) -> Iterator[tuple[str, str]]:
    """Take a command line apart. (argparse would take the expression '-x**2' for an option.)

    Parameters
    ----------
    arguments : list of str
        The command line.
    examples : dict
        The options: each with an example of its setting, or None if it takes none.
    optional : collection of str
        Those whose setting may be left out.
    repeated : collection of str
        Those that may be given several times. Of the others each has one setting.

    Yields
    ------
    option, text : str
        An option and its setting; or "" and an argument that is not an option.
    """
    settings: dict[str, str] = {}
    for option, text in _options_in(arguments, examples, optional):
        if examples.get(option) and option not in repeated:
            if option in settings:
                both = " and ".join(x or "nothing" for x in (settings[option], text))
                raise InputError(f"{option} is given twice, {both}; give one.")
            settings[option] = text
        yield option, text


def _options_in(
    arguments: Sequence[str], examples: Mapping[str, str | None], optional: Collection[str]
) -> Iterator[tuple[str, str]]:
    rest = deque(arguments)
    while rest:
        argument = rest.popleft()
        option, equals, setting = argument.partition("=")
        if example := examples.get(option):
            if option in optional and not equals and (not rest or rest[0] in examples):
                yield option, ""
                continue
            text = setting if equals else rest.popleft() if rest else None
            if text is None:
                raise InputError(f"{option} needs a value; write {option} {example}.")
            yield option, text
        elif option in examples and not equals:
            yield option, ""
        elif argument.startswith("--") and argument[2:3].isalpha():
            raise unknown_option(argument, examples)
        else:
            yield "", argument


def unknown_option(argument: str, options: Collection[str]) -> InputError:
    """The refusal of an option that does not exist."""
    name = argument.partition("=")[0]
    # --reverse goes with --trace or --graph; who writes --verbose does not mean it
    meant = [o for o in options if o != "--reverse" or name.startswith("--rev")]
    hint = did_you_mean(name, meant, f"the options are {', '.join(options)}.")
    if "--out" in options and name in ("--csv", "--json"):
        hint = f"write --out FILE.{name[2:]}."
    return InputError(f"there is no option {argument}; {hint}")


def add_value(values: dict[str, str], name: str, text: str) -> None:
    """Take NAME=VALUE into the values. Each name has one."""
    if name in values:
        raise InputError(f"{name} has two values, {values[name]} and {text}; give one.")
    if not text:
        raise InputError(f"{name}= lacks its value; write {name}=2 without spaces.")
    values[name] = text


def names_in(option: str, text: str, before: Sequence[str] | None = None) -> list[str]:
    """NAME,NAME,… as a list, after those that the same option has given before."""
    names = [*(before or ()), *(name.strip() for name in text.split(","))]
    if not all(names) or len(set(names)) < len(names):
        raise InputError(
            f"{option} takes names, each once; got {','.join(names)!r}, write {option} x,y."
        )
    return names


# -- expressions and functions -------------------------------------------------------------


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
    csv: bool = False
    trace: str | None = None  # "" for all variables, backward
    reverse: bool = False
    graph: str | None = None

    @property
    def exact(self) -> bool:
        """Whether mpmath calculates, so that decimals are exact."""
        return self.digits is not None


_EXAMPLES = {
    "--hessian": None,
    "--json": None,
    "--csv": None,
    "--reverse": None,
    "--help": None,
    "--version": None,
    "--wrt": "x,y",
    "--order": "2",
    "--digits": "50",
    "--trace": "x",
    "--graph": "graph.svg",
}


def read_arguments(arguments: Sequence[str]) -> Request:
    """Read a command line with an expression or a function."""
    request = Request()
    subjects = []
    for option, text in options_in(arguments, _EXAMPLES, ("--trace",), ("--wrt",)):
        if option:
            _set(request, option, text)
        elif _is_assignment(text):
            _assign(request, text)
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
    if request.trace == "" and not request.reverse:
        raise InputError("--trace needs a value; write --trace x.")
    if request.reverse and request.trace is None and request.graph is None:
        raise InputError("--reverse shows a sweep back; write --trace --reverse.")
    if request.json and request.csv:
        raise InputError("--json and --csv are two ways to print the numbers; leave one out.")
    if request.csv and request.hessian:
        raise InputError("--csv has no place for a matrix; leave out --hessian, or write --json.")
    if request.trace is not None:
        _refuse_beside_trace(request)
    if request.trace:
        request.wrt = [request.trace]
    return request


def _refuse_beside_trace(request: Request) -> None:
    """A trace is the whole answer: what it would not obey is refused."""
    for option, is_given in (
        ("--json", request.json),
        ("--csv", request.csv),
        ("--hessian", request.hessian),
        ("--order", request.order > 1),
    ):
        if is_given:
            raise InputError(f"--trace prints a table of steps; leave out {option}.")
    if request.trace and request.wrt not in (None, [request.trace]):
        raise InputError(
            f"--trace {request.trace} is with respect to {request.trace}; leave out --wrt "
            f"{','.join(request.wrt or ())}, or write --trace --reverse for all of them."
        )


def _set(request: Request, option: str, text: str) -> None:
    match option:
        case "--hessian":
            request.hessian = True
        case "--json":
            request.json = True
        case "--csv":
            request.csv = True
        case "--reverse":
            request.reverse = True
        case "--wrt":
            request.wrt = names_in(option, _normal(text), request.wrt)
        case "--order":
            request.order = _whole_number(option, text, HIGHEST_ORDER)
        case "--digits":
            request.digits = _whole_number(option, text, MOST_DIGITS)
        case "--trace":
            if "," in text:
                raise InputError(
                    f"--trace is for one variable; got {text!r}, write "
                    f"--trace {text.partition(',')[0]}, or --trace --reverse for all of them."
                )
            request.trace = _normal(text)
        case "--graph":
            refuse_unwritable(option, text, [".svg"])
            request.graph = text


def _whole_number(option: str, text: str, most: int) -> int:
    if not (text.isdecimal() and len(text) < 9 and 1 <= int(text) <= most):
        raise InputError(f"{option} takes a whole number from 1 to {most}; got {text!r}.")
    return int(text)


def _is_assignment(text: str) -> bool:
    name, equals, value = text.partition("=")
    return bool(equals) and name.isidentifier() and not value.startswith("=")


def _assign(request: Request, text: str) -> None:
    import keyword

    name, _, value = text.partition("=")
    if keyword.iskeyword(name):
        raise InputError(f"{name} is a keyword of Python; choose another name.")
    add_value(request.values, _normal(name), value)


def _normal(name: str) -> str:
    """The name as Python's parser spells it: µ has two codes."""
    if name.isascii():
        return name
    import unicodedata

    return unicodedata.normalize("NFKC", name)
