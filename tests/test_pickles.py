"""Duals that are pickled while f runs: found again with their record, or told where they stay."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import shelve
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualad.teach
from dualad import (
    audit,
    define_rule,
    derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    sparsity,
    taylor,
    value_and_grad,
    vjp,
)


def again(x: Any, protocol: int | None = None) -> Any:
    return pickle.loads(pickle.dumps(x, protocol))


def of_a_copy(x: Any) -> Any:
    return (again(2 * x) ** 2).sum()


def beside_itself(x: Any) -> Any:
    return (again(2 * x) * x).sum() + x[0]


def of_numbers(x: Any) -> Any:
    a, b = again([x[0] * 2, x[1]])
    return a * b * again(x[2] ** 2, 2)


def as_it_was(x: Any) -> Any:
    y = 1.0 * x
    sent = pickle.dumps([y, y[:2]])
    y *= 5.0
    whole, part = pickle.loads(sent)
    part *= 3.0  # a copy of its own, as NumPy's are
    return (whole + y).sum() + part.sum()


def copied(x: Any) -> Any:
    return (copy.copy(x) * copy.deepcopy([x])[0]).sum() + copy.copy(x[0] * 2) * x[1]


def at(n: int) -> Any:
    return 1 + np.arange(n) / 8


def slopes(n: int) -> list[Any]:
    """The gradients of these functions at that point."""
    x = at(n)
    first = np.zeros((n, n))[0]
    first[:3] = 2 * np.array([x[1] * x[2] ** 2, x[0] * x[2] ** 2, 2 * x[0] * x[1] * x[2]])
    parts = np.where(np.arange(n) < 2, 9.0, 6.0)
    product = 2 * x
    product[:2] += 2 * x[1::-1]
    return [8 * x, 4 * x + (np.arange(n) == 0), first, parts, product]


@pytest.mark.parametrize("mode", ["forward", "reverse", None])
@pytest.mark.parametrize("n", [3, 80])
def test_what_is_pickled_keeps_its_derivative(n: int, mode: Any) -> None:
    functions = (of_a_copy, beside_itself, of_numbers, as_it_was, copied)
    for f, slope in zip(functions, slopes(n), strict=True):
        value, found = value_and_grad(f, mode=mode)(at(n))
        assert value == f(at(n))
        assert np.allclose(found, slope, 1e-14, 0), f.__name__


def test_every_driver_and_every_level() -> None:
    def f(x: Any) -> Any:
        return again(2 * x) * x

    def total(x: Any) -> Any:
        return again(f(x)).sum()

    x = at(3)
    assert (vjp(f, x)[1](np.ones(3))[0] == 4 * x).all()
    assert (jvp(f, (x,), (x,))[1] == 4 * x**2).all()
    assert (jacobian(f, mode="reverse")(x) == np.diag(4 * x)).all()
    assert (hessian(total)(x) == 4 * np.eye(3)).all()
    assert (hvp(total)(x, x) == 4 * x).all()
    assert (grad(lambda x: grad(total)(x).sum(), mode="reverse")(x) == 4).all()
    assert (sparsity(f)(x).toarray() == np.eye(3)).all()
    assert taylor(f, 3)(1.5) == [4.5, 6.0, 2.0, 0.0]
    assert derivative(f, order=4)(1.5) == 0 and derivative(lambda x: f(x) ** 2, order=4)(1.5) == 96
    assert [found.kind for found in audit(lambda x: abs(again(x)), 0.0).findings] == ["kink"]


def test_a_shelf(tmp_path: Path) -> None:
    def f(x: Any) -> Any:
        with shelve.open(str(tmp_path / "shelf")) as shelf:
            shelf["a"] = 2 * x
        with shelve.open(str(tmp_path / "shelf")) as shelf:
            return (shelf["a"] * x).sum()

    for mode in ("forward", "reverse"):
        assert (grad(f, mode=mode)(at(4)) == 4 * at(4)).all()


def test_a_record_stays_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bytes] = []

    def keep(x: Any) -> Any:
        kept.append(pickle.dumps(2 * x))
        return x.sum()

    grad(keep, mode="reverse")(at(3))
    with pytest.raises(TypeError, match="stays in its process, and in the call that records them"):
        pickle.loads(kept[0])
    with pytest.raises(TypeError, match="stays in its process"):
        grad(lambda x: ForkingPickler.dumps(x), mode="reverse")(at(3))

    def elsewhere(x: Any) -> Any:
        sent = pickle.dumps(x)
        with monkeypatch.context() as there:
            there.setattr(os, "getpid", lambda: -1)
            return pickle.loads(sent).sum()

    assert (grad(elsewhere, mode="forward")(at(3)) == 1).all()
    with pytest.raises(TypeError, match="stays in its process"):
        grad(elsewhere, mode="reverse")(at(3))
    with pytest.raises(TypeError, match="a pickle of a tangent"):
        grad(lambda x: pickle.dumps(x.tangent), mode="reverse")(at(3))


def test_a_cache_of_pickles_from_an_earlier_call() -> None:
    kept: dict[str, bytes] = {}

    def f(x: Any) -> Any:
        return pickle.loads(kept.setdefault("x", pickle.dumps(2 * x))).sum()

    assert (grad(f, mode="reverse")(at(3)) == 2).all()
    with pytest.raises(TypeError, match="stays in its process"):
        grad(f, mode="reverse")(at(3))


def square(x: Any) -> Any:
    return np.sum(np.array([v * v for v in x]))


def by_processes(x: Any) -> Any:
    with ProcessPoolExecutor(1, multiprocessing.get_context("forkserver")) as pool:
        return sum(pool.map(square, [x[:2], x[2:]])) + pool.submit(square, x=x[:1]).result()


@pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="none here")
def test_functions_and_duals_go_to_other_processes() -> None:
    """Lifted code sends the function itself, not its twin."""
    x = at(3)
    assert (grad(by_processes, lift=True)(x) == 2 * x + [2 * x[0], 0, 0]).all()


def lengths(show: Callable[..., str], **options: Any) -> Callable[[Any], Any]:
    return lambda x: len(show(x, **options)) * x[0]


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_text_is_that_of_the_plain_array(mode: Any) -> None:
    x = np.array([1.0, 2.5, 1 / 3])
    for f in (
        lengths(np.array2string),
        lengths(np.array2string, precision=2, separator=";", floatmode="fixed"),
        lengths(np.array2string, formatter={"float": lambda v: f"{v:.1f}"}),
        lengths(np.array_str, precision=3),
        lengths(np.array_repr, max_line_width=10),
    ):
        value, slope = value_and_grad(f, mode=mode)(x)
        assert value == f(x) and (slope == [f(x), 0, 0]).all()
    with pytest.raises(TypeError, match="from text that was made from a dual"):
        grad(lambda x: float(np.array2string(x)[1:-1].split()[0]) * x[0], mode=mode)(x)


def test_rules_of_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function with a rule is pickled by its name in the module that has defined it."""
    twice = define_rule(lambda x: 2 * x, lambda x, y: 2.0, name="twice_for_pickles")
    monkeypatch.setitem(globals(), "twice_for_pickles", twice)
    assert again(twice) is twice and derivative(again(grad(twice)))(3.0) == 0.0


@pytest.mark.parametrize("module", [dualad, dualad.teach], ids=lambda m: m.__name__)
def test_public_functions_are_pickled_by_their_names(module: Any) -> None:
    for name in dir(module):
        x = getattr(module, name)
        if callable(x):
            assert pickle.loads(pickle.dumps(x)) is x, name
