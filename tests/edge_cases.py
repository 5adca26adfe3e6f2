"""Points where derivatives go wrong: one list, for the tests and beside other packages.

    python tests/edge_cases.py          how dualad, autograd and jax do, for those installed

A case is a function of a number written for a module `np`, a point, and what must be there: the
value and the derivatives of order 1, 2, … Where the mathematics leaves it open the case says
"convention".
"""

from __future__ import annotations

import importlib
import math
import sys
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

inf, nan, pi, e = math.inf, math.nan, math.pi, math.e


class Case(NamedTuple):
    number: int
    text: str
    f: Callable[[Any, Any], Any]
    at: float
    value: float
    slopes: tuple[float, ...]
    convention: bool = False
    elementwise: bool = True  # it can be given an array


CASES = [
    Case(1, "x**0.0", lambda np, x: x**0.0, 0, 1, (0,)),
    Case(2, "x**2", lambda np, x: x**2, 0, 0, (0, 2, 0)),
    Case(3, "0**x", lambda np, x: 0.0**x, 2, 0, (0,)),
    Case(3, "0**x at 0", lambda np, x: 0.0**x, 0, 1, (-inf,)),
    Case(4, "x**x", lambda np, x: x**x, 0, 1, (-inf,)),
    Case(5, "x**3. at -2", lambda np, x: x**3.0, -2, -8, (12, -12)),
    Case(6, "sqrt", lambda np, x: np.sqrt(x), 0, 0, (inf,)),
    Case(6, "sqrt(0*x)", lambda np, x: np.sqrt(0 * x), 1, 0, (0, 0)),
    Case(6, "sqrt(x**2)", lambda np, x: np.sqrt(x**2), 0, 0, (0,), True),
    Case(7, "sqrt at 5e-324", lambda np, x: np.sqrt(x), 5e-324, 2.2227587494850775e-162, (2.2494568972715982e161,)),
    Case(8, "cbrt", lambda np, x: np.cbrt(x), 0, 0, (inf,)),
    Case(9, "exp2 at 1024", lambda np, x: np.exp2(x), 1024, inf, (1.2460659279417838e308,)),
    Case(10, "abs", lambda np, x: np.abs(x), 0.0, 0, (0,), True),
    Case(10, "abs at -0", lambda np, x: np.abs(x), -0.0, 0, (0,), True),
    Case(10, "x*|x|", lambda np, x: x * np.abs(x), 0, 0, (0, 0), True),
    Case(11, "maximum(x, 0)", lambda np, x: np.maximum(x, 0.0), 0, 0, (0.5,), True),
    Case(11, "maximum(x, x)", lambda np, x: np.maximum(x, x), 2, 2, (1, 0)),
    Case(12, "clip(x, 0, 1) at 1", lambda np, x: np.clip(x, 0.0, 1.0), 1, 1, (0.5,), True),
    Case(13, "fmax(x, nan)", lambda np, x: np.fmax(x, nan), 2, 2, (1,)),
    Case(13, "maximum(x, nan)", lambda np, x: np.maximum(x, nan), 2, nan, (nan,)),
    Case(14, "max([x, 1, 1])", lambda np, x: np.max(np.stack([x, 1.0, 1.0])), 1, 1, (1 / 3,), True, False),
    Case(15, "floor", lambda np, x: np.floor(x), 2.5, 2, (0,)),
    Case(15, "ceil", lambda np, x: np.ceil(x), 2.5, 3, (0,)),
    Case(15, "round", lambda np, x: np.round(x), 2.4, 2, (0,)),
    Case(15, "sign", lambda np, x: np.sign(x), 2.4, 1, (0,)),
    Case(15, "x // 1", lambda np, x: x // 1, 2.4, 2, (0,)),
    Case(16, "mod(-19, y)", lambda np, x: np.mod(-19.0, x), 3, 2, (7,)),
    Case(17, "median([3, x, 1])", lambda np, x: np.median(np.stack([3.0, x, 1.0])), 2, 2, (1,), False, False),
    Case(17, "sum(unique([x, 2, 1, 2, 3])**2)", lambda np, x: np.sum(np.unique(np.stack([x, 2.0, 1.0, 2.0, 3.0])) ** 2), 1, 14, (2,), True, False),
    Case(18, "where(x > 0, log(x), 0)", lambda np, x: np.where(x > 0, np.log(x), 0.0), 0, 0, (0,)),
    Case(19, "1 if x == 1 else x**2", lambda np, x: 1.0 if x == 1 else x**2, 1, 1, (0,), True, False),
    Case(20, "imag(exp(1j*x))", lambda np, x: np.imag(np.exp(1j * x)), 0, 0, (1, 0, -1)),
    Case(20, "real(exp(1j*x))", lambda np, x: np.real(np.exp(1j * x)), 0, 1, (0, -1)),
    Case(21, "norm([x, 0])", lambda np, x: np.linalg.norm(np.stack([x, 0.0 * x])), 0, 0, (0,), True, False),
    Case(21, "norm([x, 0])**2", lambda np, x: np.linalg.norm(np.stack([x, 0.0 * x])) ** 2, 0, 0, (0,), False, False),
    Case(22, "hypot(x, 0)", lambda np, x: np.hypot(x, 0.0), 0, 0, (0,), True),
    Case(22, "hypot(x, 1e-200)", lambda np, x: np.hypot(x, 1e-200), 1e-200, 1.414213562373095e-200, (0.7071067811865476,)),
    Case(23, "arctan2(x, 1e-200)", lambda np, x: np.arctan2(x, 1e-200), 1e-200, pi / 4, (5e199,)),
    Case(23, "arctan2(x, 0)", lambda np, x: np.arctan2(x, 0.0), 0, 0, (nan,), True),
    Case(24, "|x + 0j|", lambda np, x: np.abs(x + 0j), 0, 0, (0,), True),
    Case(24, "angle(x + 0j)", lambda np, x: np.angle(x + 0j), 0, 0, (nan,), True),
    Case(25, "arcsin at 1 - 1e-8", lambda np, x: np.arcsin(x), 1 - 1e-8, 1.5706549054381862, (7071.067811777938,)),
    Case(25, "arcsin at 1", lambda np, x: np.arcsin(x), 1, pi / 2, (inf,)),
    Case(26, "arccosh at 1e200", lambda np, x: np.arccosh(x), 1e200, 461.2101657793691, (1e-200,)),
    Case(27, "expm1 at -40", lambda np, x: np.expm1(x), -40, -1, (4.248354255291589e-18,) * 3),
    Case(28, "tanh at 20", lambda np, x: np.tanh(x), 20, 1, (1.6993417021166355e-17, -3.398683404233271e-17)),
    Case(28, "tanh at 0", lambda np, x: np.tanh(x), 0, 0, (1, 0, -2)),
    Case(29, "sigmoid at 40", lambda np, x: np.sigmoid(x), 40, 1, (4.248354255291589e-18,)),
    Case(29, "1/(1 + exp(-x)) at -800", lambda np, x: 1 / (1 + np.exp(-x)), -800, 0, (0, 0, 0)),
    Case(30, "logaddexp(x, 1e16)", lambda np, x: np.logaddexp(x, 1e16), 1e16, 1e16, (0.5,)),
    Case(30, "logaddexp(x, -inf) at -inf", lambda np, x: np.logaddexp(x, -inf), -inf, -inf, (0.5,), True),
    Case(31, "softplus", lambda np, x: np.softplus(x), 0, 0.6931471805599453, (0.5, 0.25)),
    Case(32, "sinc", lambda np, x: np.sinc(x), 0, 1, (0, -pi * pi / 3)),
    Case(33, "1e-200/x at 1e-170", lambda np, x: 1e-200 / x, 1e-170, 1e-30, (-1e140,)),
    Case(34, "prod([x, 2, 3])", lambda np, x: np.prod(np.stack([x, 2.0, 3.0])), 0, 0, (6,), False, False),
    Case(34, "sum(cumprod([x, 2, 3]))", lambda np, x: np.sum(np.cumprod(np.stack([x, 2.0, 3.0]))), 0, 0, (9,), False, False),
    Case(35, "std([x, 1])", lambda np, x: np.std(np.stack([x, 1.0])), 1, 0, (0,), True, False),
    Case(35, "var([x, 1])", lambda np, x: np.var(np.stack([x, 1.0])), 1, 0, (0, 0.5), False, False),
    Case(36, "det [[x, 2], [2, 4]]", lambda np, x: np.linalg.det(matrix(np, x, 2.0, 2.0, 4.0)), 1, 0, (4,), False, False),
    Case(37, "cholesky [[4, x], [1, 4]]", lambda np, x: np.sum(np.linalg.cholesky(matrix(np, 4.0, x, 1.0, 4.0))), 1, 2.5 + math.sqrt(3.75), (0,), True, False),
    Case(38, "largest eigenvalue of [[1, x], [x, 1]]", lambda np, x: np.linalg.eigvalsh(matrix(np, 1.0, x, x, 1.0))[1], 0, 1, (0,), True, False),
    Case(38, "sum of the eigenvalues", lambda np, x: np.sum(np.linalg.eigvalsh(matrix(np, 1.0, x, x, 1.0))), 0, 2, (0,), False, False),
    Case(39, "sum of σ of [[x, 0], [0, 1]]", lambda np, x: np.sum(np.linalg.svd(matrix(np, x, 0.0, 0.0, 1.0), compute_uv=False)), 1, 2, (1,), False, False),
    Case(40, "einsum 'i,i->'", lambda np, x: np.einsum("i,i->", np.stack([x, 2.0]), np.stack([x, 3.0])), 2, 10, (4, 2), False, False),
]  # fmt: skip


def matrix(np: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    return np.reshape(np.stack([a, b, c, d]), (2, 2))


# -- side by side ------------------------------------------------------------------------------


class Module:
    """A module for arrays, with stack of numbers, sigmoid and softplus under one name each."""

    def __init__(self, module: Any, **others: Any) -> None:
        self.module, self.others = module, others

    def __getattr__(self, name: str) -> Any:
        return self.others.get(name) or getattr(self.module, name)


def close(got: float, want: float) -> bool:
    if math.isnan(want):
        return math.isnan(got)
    return got == want or math.isclose(got, want, rel_tol=4e-14, abs_tol=0)


def verdict(case: Case, run: Callable[[Case, int], tuple[float, float]]) -> str:
    """right, convention, raises, nan or silently wrong."""
    for n, slope in enumerate(case.slopes, 1):
        try:
            value, got = run(case, n)
        except Exception:
            return "raises"
        if not close(value, case.value) or not close(got, slope):
            return "nan" if got != got else "other convention" if case.convention else "wrong"
    return "convention" if case.convention else "right"


def by_dualad() -> Callable[[Case, int], tuple[float, float]]:
    import numpy

    from dualad import derivative, sigmoid, softplus

    module = Module(numpy, sigmoid=sigmoid, softplus=softplus)

    def run(case: Case, n: int) -> tuple[float, float]:
        def f(x: Any) -> Any:
            return case.f(module, x)

        return float(f(numpy.float64(case.at))), float(derivative(f, order=n)(float(case.at)))

    return run


def by_autograd() -> Callable[[Case, int], tuple[float, float]]:
    numpy = importlib.import_module("autograd.numpy")
    grad = importlib.import_module("autograd").grad
    special = importlib.import_module("autograd.scipy.special")
    module = Module(numpy, sigmoid=special.expit, softplus=lambda x: numpy.logaddexp(x, 0.0))

    def run(case: Case, n: int) -> tuple[float, float]:
        def f(x: Any) -> Any:
            return case.f(module, x)

        g = f
        for _ in range(n):
            g = grad(g)
        return float(f(float(case.at))), float(g(float(case.at)))

    return run


def by_jax() -> Callable[[Case, int], tuple[float, float]]:
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    stack = jax.numpy.stack
    module = Module(
        jax.numpy,
        stack=lambda parts: stack([jax.numpy.asarray(p, float) for p in parts]),
        sigmoid=jax.nn.sigmoid,
        softplus=jax.nn.softplus,
    )

    def run(case: Case, n: int) -> tuple[float, float]:
        def f(x: Any) -> Any:
            return case.f(module, x) * jax.numpy.ones(())

        g = f
        for _ in range(n):
            g = jax.grad(g)
        return float(f(jax.numpy.asarray(float(case.at)))), float(g(float(case.at)))

    return run


PACKAGES = {"dualad": by_dualad, "autograd": by_autograd, "jax": by_jax}


def main() -> None:
    warnings.simplefilter("ignore")
    runs = {}
    for name, make in PACKAGES.items():
        try:
            runs[name] = make()
        except ImportError:
            print(f"{name}: not installed")
    counts: dict[str, dict[str, int]] = {name: {} for name in runs}
    print(f"{'case':46}" + "".join(f"{name:18}" for name in runs))
    for case in CASES:
        said = {name: verdict(case, run) for name, run in runs.items()}
        for name, word in said.items():
            counts[name][word] = counts[name].get(word, 0) + 1
        print(f"{case.number:3} {case.text:42}" + "".join(f"{word:18}" for word in said.values()))
    for name, count in counts.items():
        print(f"{name}: {', '.join(f'{n} {word}' for word, n in sorted(count.items()))}")


if __name__ == "__main__":
    sys.exit(main())
