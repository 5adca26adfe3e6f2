"""Derivatives inside derivatives in threads, generators, asyncio tasks and contexts, all at once.

DUALAD_THREADS=100000 in the environment makes that many calls.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from support.both import PACKAGES

CALLS = int(os.environ.get("DUALAD_THREADS", "12000"))
THREADS = 8


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """Threads take turns as often as Python lets them."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def tasks(package: ModuleType) -> list[tuple[Callable[[float], Any], Callable[[float], Any]]]:
    """Programs of nested derivatives, and what they are in closed form."""
    d, grad, hessian = package.derivative, package.grad, package.hessian
    shared: list[Any] = [None]  # written by everybody; read by nobody who relies on it

    def callback(x: Any) -> Any:
        def inner(f: Any, y: Any) -> Any:
            shared[0] = y
            return d(f)(y)

        return x * inner(lambda y: x * y * y, 3.0)  # 6x²

    def newton(a: Any) -> Any:
        x = 2.0
        for _ in range(6):
            x = x - (x * x - a) / d(lambda t: t * t - a)(x)
        return x

    def stream(x: Any) -> Any:
        def slopes() -> Iterator[Any]:
            y = x
            while True:
                yield d(lambda t, y=y: t * t * y)(1.0)  # 2y
                y = y * x

        g = slopes()
        return d(lambda t: t * next(g))(5.0) + next(g)  # 2x + 2x²

    return [
        (d(lambda x: x * d(lambda y: x + y)(1.0)), lambda x: 1.0),
        (d(lambda x: x * grad(lambda v: np.sum(v * x))(np.ones(2))[0]), lambda x: 2 * x),
        (d(callback), lambda x: 12 * x),
        (d(callback, order=2), lambda x: 12.0),
        (d(newton), lambda x: 0.5 / np.sqrt(x)),
        (d(stream), lambda x: 2 + 4 * x),
        (lambda x: hessian(lambda v: v[0] * d(lambda t: t * v[1] * v[0])(x))([x, 1.0])[0][1],
         lambda x: 2 * x),
    ]  # fmt: skip


def wrong(package: ModuleType, start: int, calls: int) -> list[Any]:
    programs = tasks(package)
    found = []
    for i in range(calls):
        program, expected = programs[(start + i) % len(programs)]
        x = 1.0 + (7 * start + i) % 13
        got = program(x)
        if not abs(got - expected(x)) <= 1e-13 * abs(got):
            found.append((start, i, x, got))
    return found


@pytest.mark.parametrize("package", PACKAGES, ids=["dualad", "pure"])
def test_threads(package: ModuleType) -> None:
    found: list[Any] = []
    done: list[int] = []

    def work(start: int) -> None:
        n = CALLS // THREADS // (2 if package is PACKAGES[0] else 8)  # the readable Dual is slower
        found.extend(wrong(package, start, n))
        done.append(n)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(done) == THREADS and found == []


@pytest.mark.parametrize("package", PACKAGES, ids=["dualad", "pure"])
def test_a_generator_that_threads_take_turns_in(package: ModuleType) -> None:
    """Each item is made in another thread, inside another derivative there."""
    d = package.derivative
    lock = threading.Lock()

    def squares() -> Iterator[Any]:
        x = 1.0
        while True:
            yield x, d(lambda t, x=x: t * d(lambda s: s * t * x)(2.0))(3.0)  # 2·t·x at t = 3
            x += 1.0

    items = squares()
    found: list[Any] = []

    def work() -> None:
        for _ in range(150):

            def inside(t: Any) -> Any:
                with lock:
                    x, slope = next(items)
                if slope != 6 * x:
                    found.append((x, slope))
                return t * t

            if d(inside)(2.0) != 4.0:
                found.append("outer")

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == []


@pytest.mark.parametrize("package", PACKAGES, ids=["dualad", "pure"])
def test_asyncio_tasks(package: ModuleType) -> None:
    """Functions of duals that are suspended in the middle, while others go on."""
    dual, fresh_level = package.pair.dual, package.levels.fresh_level

    async def slope(f: Any, x: Any) -> Any:
        level = fresh_level()
        y = await f(dual(x, 1.0, level))
        await asyncio.sleep(0)
        return package.arguments.split(y, level)[1]

    async def program(x: Any) -> Any:
        async def outer(u: Any) -> Any:
            async def inner(v: Any) -> Any:
                await asyncio.sleep(0)
                return u * v * v

            await asyncio.sleep(0)
            return u * await slope(inner, u)  # 2u³

        return await slope(outer, x)

    async def main() -> list[Any]:
        return await asyncio.gather(*(program(1.0 + i) for i in range(200)))

    assert asyncio.run(main()) == [6 * (1.0 + i) ** 2 for i in range(200)]


def test_contexts() -> None:
    """A dual kept in a context variable is the same constant wherever it is found."""
    from dualad import derivative

    kept: contextvars.ContextVar[Any] = contextvars.ContextVar("kept")

    def outer(x: Any) -> Any:
        kept.set(x * x)
        context = contextvars.copy_context()
        results: list[Any] = []
        thread = threading.Thread(
            target=lambda: results.append(
                context.run(lambda: derivative(lambda t: t * kept.get())(1.0))
            )
        )
        thread.start()
        thread.join()
        return results[0]

    assert derivative(outer)(3.0) == 6.0
