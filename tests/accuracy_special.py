"""How exact the rows of scipy.special are over the whole range of floats, orders 1 to 3.

    python tests/accuracy_special.py               the worst of each row, those beyond the limit first
    python tests/accuracy_special.py dawsn wofz    some rows, point by point

One argument of each row runs over all exponents and both signs, the others stay at a typical
point. The truth is mpmath's function, differenced at hundreds of digits: no formula of a
derivative is used. Errors are in ulp·(1 + κ), as in accuracy.py: κ ulp is what a rounding of the
argument does. Points where mpmath takes longer than a second are left out, and so are those where
SciPy's own value is worse than 1e-9: there is nothing to differentiate.
"""

from __future__ import annotations

import math
import random
import signal
import sys
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from mpmath import mp, mpf
from support.special_reference import REFERENCE

from dualad import derivative
from dualad.special_rules import RULES, TABLE

HIGHEST = 3
LIMIT = 4.0  # in ulp·(1 + κ)
STEP = 50  # differences take steps of 10^−50 of the argument, or of 1
EXPONENTS = (
    -300,
    -150,
    -30,
    -8,
    -3,
    -1,
    0,
    0.5,
    0.7,
    1,
    1.2,
    1.5,
    2,
    2.5,
    3,
    5,
    8,
    20,
    80,
    150,
    300,
)
UFUNCS = {rule.name.rpartition(".")[2]: ufunc for ufunc, rule in RULES.items()}


class Found(NamedTuple):
    """The error of a derivative of a row at a point."""

    error: float
    order: int
    x: float
    got: float
    truth: float


def arguments(name: str) -> Iterator[int]:
    """The arguments whose slopes are formulas; derivatives in parameters are mpmath's own."""
    rule = TABLE[name]
    for i, slope in enumerate(rule.slopes):
        if isinstance(slope, str) and "diff(" not in slope and rule.kind == "smooth":
            yield i


def numbers(name: str) -> list[float]:
    dice = random.Random(name)
    sizes = [10.0**k * dice.uniform(1, 2) for k in EXPONENTS]
    return [s * x for x in sizes for s in (1, -1)]


def typical(name: str) -> list[Any]:
    rule = TABLE[name]
    point: list[Any] = [low + 0.4 * (high - low) for low, high in rule.over]
    for i, slope in enumerate(rule.slopes):
        if slope is None:
            point[i] = round(point[i])
    return point


class TooLong(Exception):
    """mpmath does not come to an end."""


def _ring(*_: Any) -> None:
    raise TooLong


def truths(name: str, args: list[Any], i: int) -> list[Any] | None:
    """The value and its derivatives up to one order more than is measured; None if unknown."""
    x = args[i]
    many = HIGHEST + 2
    signal.signal(signal.SIGVTALRM, _ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, 1.0)  # of this process, whatever others do
    try:
        with mp.workdps(int((STEP + abs(math.log10(abs(x)))) * many) + 60):
            given = [mpf(a) for a in args]
            h = min(abs(mpf(x)), 1) / mpf(10) ** STEP

            def f(k: Any) -> Any:
                return mp.mpmathify(REFERENCE[name](*given[:i], x + k * h, *given[i + 1 :]))

            values = [f(mpf(k) / 2) for k in range(-many + 1, many)]
            if any(mp.im(v) for v in values):
                return None
            found = []
            for n in range(many):
                terms = [
                    (-1) ** k * math.comb(n, k) * values[many - 1 + n - 2 * k] for k in range(n + 1)
                ]
                found.append(sum(terms) / h**n)
            return [mp.re(y) for y in found]
    except (TooLong, ArithmeticError, ValueError, TypeError, mp.NoConvergence, NotImplementedError):
        return None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def ulp(x: Any) -> Any:
    return mpf(math.ulp(min(abs(float(x)), sys.float_info.max)))


def measured(name: str, i: int) -> Iterator[Found]:
    """The errors of a row in argument i, point by point and order by order."""
    f = UFUNCS[name]
    for x in numbers(name):
        args = typical(name)
        args[i] = x
        with np.errstate(all="ignore"):
            value = f(*args)
        if isinstance(value, tuple) or np.iscomplexobj(value) or not math.isfinite(value):
            continue
        truth = truths(name, args, i)
        if truth is None or abs(value - truth[0]) > 1e-9 * abs(truth[0]) + 1e-300:
            continue
        for n in range(1, HIGHEST + 1):
            try:
                with np.errstate(all="ignore"):
                    got = float(derivative(f, i, n)(*args))
            except Exception as error:
                print(name, i, n, x, type(error).__name__, error)
                continue
            t = truth[n]
            condition = abs(truth[n + 1]) * mpf(math.ulp(x)) / ulp(t)
            if math.isfinite(got):
                error = float(abs(got - t) / ulp(t) / (1 + condition))
            else:
                error = 0.0 if abs(t) > sys.float_info.max / 4 else math.inf
            yield Found(error, n, x, got, float(t))


def main(names: list[str]) -> None:
    warnings.simplefilter("ignore")
    worst = []
    for name in names or [n for n in UFUNCS if n in REFERENCE and n in TABLE]:
        for i in arguments(name):
            found = list(measured(name, i))
            if len(sys.argv) > 1:
                for entry in found:
                    print(f"{name}[{i}] " + " ".join(f"{v:.17g}" for v in entry))
            for n in range(1, HIGHEST + 1):
                most = max((e for e in found if e.order == n), default=None)
                if most is not None:
                    worst.append((most.error, f"{name}({', '.join(TABLE[name].args)})", i, most))
                    print(f"{name}[{i}] order {n}: {most}", flush=True)
    print("---- worst first")
    for error, row, i, most in sorted(worst, reverse=True, key=lambda w: w[0]):
        if error > LIMIT:
            print(f"{error:9.2g}  {row} in argument {i}: order {most.order} at {most.x:.17g}: "
                  f"{most.got:.17g}, truth {most.truth:.17g}")  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
