"""jax, autograd and torch on a part of the sample of accuracy.py: `python tests/accuracy.py --peers`."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

from accuracy import EVERY, HIGHEST, Case, cases, measure, number, sloped, worst

from dualad.rules import Rule

# A rule, the place of the argument, the order and the cases go in, the derivatives come out.
Run = Callable[[Rule, int, int, list[Case]], list[float]]
NUMPY = {"div": "divide", "pow": "power", "mul": "multiply", "sub": "subtract", "neg": "negative"} | {
    f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")
}  # fmt: skip


def find(rule: Rule, *modules: Any) -> Any:
    names = (rule.name, *rule.aliases, NUMPY.get(rule.name, rule.name))
    for module in modules:
        for name in names:
            if hasattr(module, name):
                return getattr(module, name)
    return None


def by_jax() -> Run:
    jax = importlib.import_module("jax")
    special = importlib.import_module("jax.scipy.special")
    jax.config.update("jax_enable_x64", True)

    def run(rule: Rule, i: int, n: int, chosen: list[Case]) -> list[float]:
        f = find(rule, jax.numpy, special, jax.nn)
        if f is None or any(type(x) is int for x in chosen[0].args):
            raise NotImplementedError
        for _ in range(n):
            f = jax.grad(f, i)
        columns = [jax.numpy.array(c) for c in zip(*(c.args for c in chosen), strict=True)]
        return [float(x) for x in jax.vmap(f)(*columns)]

    return run


def by_autograd() -> Run:
    numpy = importlib.import_module("autograd.numpy")
    special = importlib.import_module("autograd.scipy.special")
    grad = importlib.import_module("autograd").elementwise_grad

    def run(rule: Rule, i: int, n: int, chosen: list[Case]) -> list[float]:
        f = find(rule, numpy, special)
        if f is None or any(type(x) is int for x in chosen[0].args):
            raise NotImplementedError
        for _ in range(n):
            f = grad(f, i)
        return [float(f(*map(float, case.args))) for case in chosen]

    return run


def by_torch() -> Run:
    torch = importlib.import_module("torch")

    def run(rule: Rule, i: int, n: int, chosen: list[Case]) -> list[float]:
        f = find(rule, torch, torch.special, torch.nn.functional)
        if f is None or any(type(x) is int for x in chosen[0].args):
            raise NotImplementedError
        columns = [
            torch.tensor(c, dtype=torch.float64)
            for c in zip(*(c.args for c in chosen), strict=True)
        ]
        x = columns[i].requires_grad_()
        y = f(*columns)
        for _ in range(n):
            if not y.requires_grad:
                return [0.0] * len(chosen)
            (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        return [float(v) for v in y.detach()]

    return run


PEERS = {"jax": by_jax, "autograd": by_autograd, "torch": by_torch}


def compare(rules: list[Rule]) -> None:
    """Print the worst relative error of each package, per row, argument and order 1, 2, 3."""
    warnings.simplefilter("ignore")
    runs = {}
    for name, make in PEERS.items():
        try:
            runs[name] = make()
        except ImportError:
            print(f"{name}: not installed")
    exact: dict[str, list[int]] = {name: [0, 0] for name in ("dualad", *runs)}
    print(f"{'':14}" + "".join(f"{name:28}" for name in exact), "in ulp·(1 + κ), orders 1, 2, 3")
    for rule in rules:
        for i in sloped(rule):
            chosen = cases(rule, i, EVERY)
            cells = []
            for name, count in exact.items():
                figures = []
                for n in range(1, HIGHEST + 1):
                    try:
                        if name == "dualad":
                            w = measure(rule, "kernel", i, n, EVERY)
                        else:
                            w = worst(runs[name](rule, i, n, chosen), chosen, n)
                    except Exception:
                        figures.append("–")
                        continue
                    figures.append(number(w.conditioned))
                    count[1] += 1
                    count[0] += w.conditioned <= 4
                cells.append(", ".join(figures))
            print(f"{rule.name:12} {i} " + "".join(f"{c:28}" for c in cells), flush=True)
    for name, (good, all_) in exact.items():
        print(f"{name}: {good} of {all_} within 4 ulp·(1 + κ)")
