"""How exact every row of the table is: the worst error of its derivatives over a mixed sample.

    python tests/accuracy.py            print the table
    python tests/accuracy.py --write    and write it to benchmarks/ACCURACY.md
    python tests/accuracy.py --peers    jax, autograd and torch on the same sample, side by side
    python tests/accuracy.py exp tan    some rows, with the points where they are worst

The truth is mpmath's value of the function, differenced at several hundred to several thousand
bits: no formula of a derivative is used. An error is counted in ulp of the truth (next to the
smallest and largest floats too), and also relative to the condition of the derivative: a rounding
of the arguments alone moves it by up to κ ulp, κ = Σ ulp(x)·|∂f⁽ⁿ⁾/∂x| / ulp(f⁽ⁿ⁾).
"""

from __future__ import annotations

import math
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mpmath import mp, mpf
from support.both import pure
from support.reference import is_pair, reference

import dualad
from dualad.namespaces import MATH
from dualad.rules import Rule, table
from dualad.table import RULES

HIGHEST = 3
GOOD = 2  # a derivative is well-conditioned if an ulp in the arguments moves it by few ulp
Point = tuple[Any, ...]

# -- the sample --------------------------------------------------------------------------------

EDGES = (0.5, 1.0, 2.0, 3.0, math.pi / 2, math.pi, 0.5 / math.pi, 1 / math.e)
EXTREMES = (
    5e-324,
    1e-320,
    2.2250738585072014e-308,
    1e-170,
    1e-9,
    2.0**53 + 2,
    1e17,
    1e150,
    1.7e308,
)


def numbers(low: float, high: float, dice: random.Random) -> list[float]:
    """Uniform, over all exponents, next to the usual special points, subnormal and huge."""
    some = [dice.uniform(low, high) for _ in range(16)]
    some += [10 ** dice.uniform(-3, 3) for _ in range(16)]
    some += [10 ** dice.uniform(-307, 308) for _ in range(16)]
    for edge in EDGES:
        some += [edge * (1 + dice.choice((-1, 1)) * 2.0 ** -dice.uniform(2, 52)) for _ in range(4)]
        some += [math.nextafter(edge, 0), math.nextafter(edge, 9)]
    some += EXTREMES
    signs = [dice.choice((-1, 1)) if k >= 16 else 1 for k in range(len(some))]
    return [s * x for s, x in zip(signs, some, strict=True)] + [-s for s in some[16:40]]


def points(rule: Rule) -> list[Point]:
    """The sample of a row: wherever its function has a finite value, kinks left out."""
    dice = random.Random(rule.name)
    columns: list[list[float]] = []
    for low, high in rule.over:
        column = [int(low)] * 150 if low == high else numbers(low, high, dice)
        columns.append(column)
    n = min(map(len, columns))
    found = list(zip(*(c[:n] for c in columns), strict=True))
    if len(columns) > 1:
        found += zip(*(dice.sample(c, n) for c in columns), strict=True)  # all kinds together
        near = [dice.uniform(0.3, 3) for _ in range(24)] + [1 + 2.0**-k for k in range(5, 53, 8)]
        if all(type(x) is float for x in found[0]):  # and of about the same size
            bases = dice.sample(columns[0], len(near))
            found += [(b, *(r * b for _ in columns[1:])) for b, r in zip(bases, near, strict=True)]
    return [p for p in found if belongs(rule, p)]


def belongs(rule: Rule, args: Point) -> bool:
    if not all(math.isfinite(x) for x in args) or len(set(map(abs, args))) < len(args):
        return False
    if rule.name in DEFINED and args[-1] < -100:
        return False  # mpmath would take for ever; test_polygamma_far_to_the_left goes there
    try:
        return math.isfinite(rule.value_in(MATH)(*args))
    except (ArithmeticError, ValueError, TypeError):  # a complex power is none of these
        return False


# -- the truth ---------------------------------------------------------------------------------


# Functions of which mpmath has the derivatives by definition; differences would take minutes.
def _gamma(n: int, x: Any) -> Any:
    a, b, c, d = (mp.psi(k, x) for k in range(4))  # Bell polynomials of ψ, ψ′, …
    bell = {1: a, 2: a**2 + b, 3: a**3 + 3 * a * b + c}
    bell[4] = a**4 + 6 * a**2 * b + 3 * b**2 + 4 * a * c + d
    return mp.gamma(x) * bell[n]


DEFINED: dict[str, Callable[..., Any]] = {
    "gamma": _gamma,
    "lgamma": lambda n, x: mp.psi(n - 1, x),
    "digamma": lambda n, x: mp.psi(n, x),
    "polygamma": lambda n, m, x: mp.psi(m + n, x),
}


# Functions that vary on the scale of 1 about 0: their steps need not shrink with the argument.
LEVEL_AT_0 = """
    exp exp2 expm1 softplus log1p logaddexp logaddexp2 sigmoid sin cos tan sec asin acos
    atan sinc sinh cosh tanh sech asinh atanh erf erfc _gap _sigmoid2 _bump _bump2 _coside
    _sinc _hypot1 _gauss
"""


def exact(name: str, args: Point, orders: tuple[int, ...], guard: int = 200) -> Any:
    """A partial derivative, at least 50 digits of it: central differences.

    The steps are 2^−guard of the smallest argument (or of 1, if that is smaller), and the working precision
    holds what is lost in the differences, and 10^±308 and e^−745 beside 1.
    """
    if name in DEFINED:
        with mp.workprec(2 * guard):
            return DEFINED[name](orders[-1], *(mpf(a) if type(a) is float else a for a in args))
    smallest = min(0, *(math.frexp(x)[1] for x in args))
    steps = [-guard if name in LEVEL_AT_0.split() else smallest - guard] * len(args)
    lost = sum(n * (guard - step) for n, step in zip(orders, steps, strict=True))
    with mp.workprec(2500 + 2 * guard + lost):

        def difference(point: list[Any], i: int) -> Any:
            if i == len(args):
                return reference(name)(*point)
            n, h = orders[i], mpf(2) ** steps[i]
            total = mpf(0)
            for k in range(n + 1):
                x = point[i] + (n - 2 * k) * h / 2 if n else point[i]
                term = difference([*point[:i], x, *point[i + 1 :]], i + 1)
                total += (-1) ** k * math.comb(n, k) * term
            return total / h**n

        return +difference([mpf(a) if type(a) is float else a for a in args], 0)


class Partials(dict[tuple[int, ...], Any]):
    """The partial derivatives of a row at a point, calculated once."""

    def __init__(self, name: str, args: Point) -> None:
        self.name, self.args = name, args

    def __missing__(self, orders: tuple[int, ...]) -> Any:
        self[orders] = exact(self.name, self.args, orders)
        return self[orders]


def ulp(x: Any) -> Any:
    return mpf(math.ulp(min(abs(float(x)), sys.float_info.max)))


class Case(NamedTuple):
    """A point, the derivatives of order 1, 2, 3 in one argument, and their conditions."""

    args: Point
    truths: tuple[Any, ...]
    conditions: tuple[Any, ...]


@cache
def cases(rule: Rule, i: int, every: int = 1) -> list[Case]:
    found = []
    for args in points(rule)[::every]:
        partials = Partials(rule.name, args)
        along = [tuple(n * (i == j) for j in range(len(args))) for n in range(HIGHEST + 1)]
        try:
            truths = tuple(partials[o] for o in along[1:])
        except (OverflowError, ValueError):  # too large for mpmath itself
            continue
        if (rule.kind == "kinked" and any(truths[1:])) or any(mp.im(t) for t in truths):
            continue  # a jump, or a power of a negative base that is moving
        moved = [
            sum(
                math.ulp(x) * abs(partials[tuple(n + (j == k) for k, n in enumerate(orders))])
                for j, x in enumerate(args)
                if type(x) is float
            )
            for orders in along[1:]
        ]
        found.append(Case(args, truths, tuple(m / ulp(t) for m, t in zip(moved, truths))))
    return found


# -- the measurement ---------------------------------------------------------------------------


class Worst(NamedTuple):
    """The largest error in ulp, in ulp·(1 + κ), and where the latter is."""

    ulps: float
    conditioned: float
    args: Point = ()


def error(got: float, truth: Any) -> float:
    """In ulp; what is too large for a float should be infinite."""
    if got != got:  # ∞ − ∞ on the way to what is too large for a float
        return math.inf if abs(truth) < sys.float_info.max else 0.0
    if math.isinf(got):
        return 0.0 if float(truth) == got else math.inf
    return float(abs(got - truth) / ulp(truth))


def worst(got: list[Any], chosen: list[Case], n: int) -> Worst:
    result = Worst(0.0, 0.0)
    for g, case in zip(got, chosen, strict=True):
        e = error(float(g), case.truths[n - 1])
        condition = case.conditions[n - 1]
        relative = float(e / (1 + condition))
        where = case.args if relative > result.conditioned else result.args
        ulps = e if condition <= GOOD else 0.0
        result = Worst(max(ulps, result.ulps), max(relative, result.conditioned), where)
    return result


def by_numbers(package: Any) -> Callable[[Rule, int, int, list[Case]], list[Any]]:
    def run(rule: Rule, i: int, n: int, chosen: list[Case]) -> list[Any]:
        f = package.dual.function(package.rules.RULES[rule.name])
        slope = package.derivative(lambda *args: f(*args), i, n)
        return [slope(*case.args) for case in chosen]

    return run


def by_arrays(rule: Rule, i: int, n: int, chosen: list[Case]) -> list[Any]:
    f = dualad.dual.function(rule)
    columns = [
        c[0] if type(c[0]) is int else np.array(c)
        for c in zip(*(case.args for case in chosen), strict=True)
    ]
    with np.errstate(all="ignore"):
        return list(dualad.derivative(lambda *args: f(*args), i, n)(*columns))


ROUTES = {"readable": by_numbers(pure), "kernel": by_numbers(dualad), "array": by_arrays}


def sloped(rule: Rule) -> Iterator[int]:
    return (i for i in range(len(rule.args)) if not rule.slopes or rule.slopes[i] is not None)


ROWS = [  # helpers, whose names start with _, are measured where they are used
    r for r in table() if r.name[0] != "_" and not is_pair(r) and r.kind != "flat"
]


def measure(rule: Rule, route: str, i: int, n: int, every: int = 1) -> Worst:
    """The worst of a row in argument i at order n, at every so manieth point of its sample."""
    chosen = cases(rule, i, every)
    return worst(ROUTES[route](rule, i, n, chosen), chosen, n)


# -- the table ---------------------------------------------------------------------------------

FILE = Path(__file__).parent.parent / "benchmarks" / "ACCURACY.md"
LIMIT = 4.0  # what a row without a reason is held to, in ulp·(1 + κ)

HEAD = """# How exact every row of the table is

Written by `python tests/accuracy.py --write`. The largest error of the derivatives of order 1, 2, 3
against mpmath (50 digits and more) over a mixed sample: uniform, over all exponents, next to
singular points, subnormal, near overflow, past 2⁵³; double precision. **ulp**: at well-conditioned
points, those that an ulp in the arguments moves by up to %d ulp. **relative**: at all points, in
ulp·(1 + κ), where κ ulp is what an ulp in the arguments does. ∞: a number that should be finite
is not.

The tests measure every %dth point again and hold the relative figures as upper bounds, with one
ulp·(1 + κ) more because libm and NumPy differ between machines.

| row | argument | points | readable: ulp | relative | kernel: ulp | relative | array: ulp | relative |
|---|---|---|---|---|---|---|---|---|
"""
EVERY = 20


def number(x: float) -> str:
    return "∞" if x == math.inf else f"{x:.2g}" if x < 100 else f"{x:.1e}"


def line(rule: Rule, i: int) -> str:
    cells = [f"`{rule.name}`", rule.args[i], str(len(cases(rule, i)))]
    for route in ROUTES:
        found = [measure(rule, route, i, n) for n in range(1, HIGHEST + 1)]
        cells.append(", ".join(number(w.ulps) for w in found))
        cells.append(", ".join(number(w.conditioned) for w in found))
    return f"| {' | '.join(cells)} |"


def committed() -> dict[tuple[str, str], dict[str, list[float]]]:
    """The relative figures of the file: {(row, argument): {route: [order 1, 2, 3]}}."""
    table: dict[tuple[str, str], dict[str, list[float]]] = {}
    for text in FILE.read_text(encoding="utf-8").splitlines():
        cells = [c.strip(" `") for c in text.strip("|").split("|")]
        if len(cells) == 3 + 2 * len(ROUTES) and cells[2].isdigit():
            figures = [[float(x.replace("∞", "inf")) for x in c.split(",")] for c in cells[3:]]
            table[cells[0], cells[1]] = dict(zip(ROUTES, figures[1::2], strict=True))
    return table


def reasons() -> str:
    lines = [f"- `{r.name}`: {r.inexact}.\n" for r in ROWS if r.inexact]
    return "\nMore than 4 ulp·(1 + κ), and why:\n\n" + "".join(lines)


def main() -> None:
    names = [a for a in sys.argv[1:] if not a.startswith("-")]
    if "--peers" in sys.argv:
        from accuracy_of_peers import compare

        compare([RULES[n] for n in names] or ROWS)
        return
    lines = []
    for rule in [RULES[n] for n in names] or ROWS:
        for i in sloped(rule):
            lines.append(line(rule, i))
            print(lines[-1], flush=True)
            for route in ROUTES if names else ():
                for n in range(1, HIGHEST + 1):
                    print("    ", route, n, measure(rule, route, i, n))
    if "--write" in sys.argv and not names:
        text = HEAD % (GOOD, EVERY) + "\n".join(lines) + "\n" + reasons()
        FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
