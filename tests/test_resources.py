"""Long loops, flat memory, interrupts, deep expressions."""

from __future__ import annotations

import gc
import platform
import statistics
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from support.both import PACKAGES
from support.processes import run_python

from dualad import Dual, derivative, exp, grad, jacobian
from dualad.cli.errors import InputError
from dualad.cli.expressions import Expression
from dualad.kernel import KERNEL


def test_a_million_operations() -> None:
    """A result does not remember how it was made: no recursion when it goes, no memory."""

    def f(x: Any) -> Any:
        y = x
        for _ in range(500_000):
            y = y * 0.5 + x
        return y

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        assert derivative(f)(3.0) == 2.0
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize("package", PACKAGES, ids=["dualad", "pure"])
@pytest.mark.parametrize("kind", ["number", "directions", "nested", "array"])
def test_memory_is_flat(package: ModuleType, kind: str) -> None:
    def f(x: Any) -> Any:
        y = x
        for _ in range(400):
            y = package.sin(y) * 0.5 + x / (2 + y * y)
        return y

    def run() -> None:
        if kind == "nested":
            package.derivative(f, order=2)(0.5)
        elif kind == "array":
            package.derivative(f)(np.ones(50))
        else:
            n = 40 if kind == "directions" else 1
            package.grad(lambda v: f(sum(v)))([0.1] * n)

    run()
    run()
    gc.collect()
    tracemalloc.start()
    try:
        run()
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        run()
        gc.collect()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - kept < 4_000
    assert peak - kept < 400_000


@pytest.mark.parametrize(
    "f", [exp, np.exp, lambda x: 1 / (x - 800), lambda x: x**400, lambda x: np.power(x, 400)]
)
@pytest.mark.parametrize("number", [float, np.float64])
def test_a_dual_that_is_given_up_goes_once(f: Any, number: Any) -> None:
    """What the kernel began, until the readable Dual was to decide: its memory is the next one's.

    Python 3.12 takes a number of references below 0 for an object that never goes.
    """
    with suppress(ArithmeticError), np.errstate(all="ignore"):
        f(Dual(number(800.0), 1.0))
    following, others = [Dual(2.0, 1.0) * 3.0 for _ in range(3)], [object() for _ in range(3)]
    assert [sys.getrefcount(x) for x in following] == [sys.getrefcount(x) for x in others]


@pytest.mark.parametrize("where", [1, 7, 20])
def test_an_interrupt_leaves_nothing_behind(where: int) -> None:
    """Ctrl-C in a pass, also of an inner derivative: arguments and later passes are as before."""
    count = [0]

    def f(v: Any) -> Any:
        def inner(t: Any) -> Any:
            for _ in range(5):
                count[0] += 1
                if count[0] == where:
                    raise KeyboardInterrupt
                t = np.sqrt(t * t + 1)
            return t

        v[0] += 1
        return derivative(inner)(v[0]) * v.sum() + np.log(v).sum()

    x = np.array([1.0, 2.0, 3.0])
    before = np.geterr()
    with pytest.raises(KeyboardInterrupt):
        for _ in range(5):
            grad(f)(x)
    assert x.tolist() == [1.0, 2.0, 3.0] and np.geterr() == before
    count[0] = 1000
    first = grad(f)(x)
    np.testing.assert_array_equal(first, grad(f)(x))
    with pytest.warns(RuntimeWarning, match="divide by zero"):  # NumPy still warns
        np.log(np.zeros(1))


@pytest.mark.parametrize(
    "text",
    ["(" * 150 + "x" + ")" * 150, "-" * 400 + "x", "x" + "**x" * 300, "sin(" * 200 + "x" + ")" * 200,
     "x if x > 0 else " * 300 + "x", "[" * 200 + "x" + "]" * 200],
)  # fmt: skip
def test_deep_expressions_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        f = Expression(text)
        assert "(" in text and f({"x": 2.0}) == 2.0  # parentheses alone are no depth
        raise InputError


def test_long_sums_are_not_deep() -> None:
    assert Expression("+".join(["x"] * 2000))({"x": 2.0}) == 4000.0


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="about glibc's malloc")
def test_memory_of_arrays_is_used_again() -> None:
    """Arrays of the usual size do not come from the system anew each time: see dualad.array.dualarray."""
    script = (
        "import resource, numpy as np, dualad\n"
        "f = lambda x: np.exp(-x*x)*np.sin(3*x) + np.sqrt(1+x*x)/(2+np.cos(x))\n"
        "d = dualad.Dual(np.ones(10_000), np.ones(10_000))\n"
        "faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "f(d); f(d)\n"
        "def of_twenty():\n"
        "    before = faults()\n"
        "    for _ in range(20): f(d)\n"
        "    return (faults() - before) / 20\n"
        "print(min(of_twenty() for _ in range(5)))\n"  # a system short of memory takes pages too
    )
    found = run_python("-c", script, NUMPY_MADVISE_HUGEPAGE="0")
    assert float(found.stdout) < 60  # over 100 else


LARGE = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or KERNEL is None, reason="the kernel's, on Linux"
)


@LARGE
def test_memory_of_large_tangents_is_used_again() -> None:
    """From step to step and from call to call; malloc is told here to keep nothing so large."""
    script = (
        "import resource, numpy as np, dualad\n"
        "f = lambda x: (3 - 2*x)*x + 1\n"
        "j = dualad.jacobian(f, sparsity=0)\n"
        "x = np.ones(200_000)\n"
        "d = dualad.Dual(x, np.ones((8, 200_000)))\n"  # of 12.8 MB
        "faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "def of_ten():\n"
        "    before = faults()\n"
        "    for _ in range(10): f(d), j(x)\n"
        "    return (faults() - before) / 10\n"
        "of_ten(), print(min(of_ten() for _ in range(5)))\n"
    )
    malloc = "glibc.malloc.mmap_threshold=2000000:glibc.malloc.trim_threshold=32000000"
    found = run_python("-c", script, GLIBC_TUNABLES=malloc, NUMPY_MADVISE_HUGEPAGE="0")
    assert float(found.stdout) < 1000  # over 15,000 else


@LARGE
def test_not_much_memory_is_kept() -> None:
    script = (
        "import os, numpy as np, dualad\n"
        "d = dualad.Dual(np.ones(500_000), np.ones((8, 500_000)))\n"
        "resident = lambda: int(open('/proc/self/statm').read().split()[1]) * os.sysconf('SC_PAGE_SIZE')\n"
        "before = resident()\n"
        "many = [d * d for _ in range(10)]\n"
        "during = resident()\n"
        "del many\n"
        "from dualad import _array_kernel\n"
        "print(during - before, resident() - before, *_array_kernel.memory_kept())\n"
    )
    malloc = "glibc.malloc.mmap_threshold=2000000"  # malloc itself keeps nothing so large
    found = run_python("-c", script, GLIBC_TUNABLES=malloc, NUMPY_MADVISE_HUGEPAGE="0")
    during, after, blocks, kept = map(int, found.stdout.split())
    assert during > 250_000_000
    assert after < 200_000_000
    assert 0 < blocks <= 8 and 64_000_000 < kept <= 2**27


KEPT = pytest.mark.skipif(KERNEL is None, reason="the compiled kernel keeps it")


def in_large(elements: int) -> str:
    """A script that makes tangents of so many megabytes each, beside others that are kept."""
    return (
        "import gc, numpy as np, dualad\n"
        "from dualad._array_kernel import memory_kept\n"
        "d = dualad.Dual(np.ones(250_000), np.ones((8, 250_000)))\n"
        "d * d\n"
        "print(*memory_kept())\n"
        f"big = dualad.Dual(np.ones({elements}), np.ones((8, {elements})))\n"
    )


@KEPT
@pytest.mark.parametrize("n", [10_000, 10_001, 300_000])
def test_tangents_begin_with_a_cache_line(n: int) -> None:
    x = Dual(np.ones(n), np.ones((4, n)))
    several = [x * x, x + 1, 2 * x, np.exp(x)]
    assert [y.tangent.ctypes.data % 64 for y in several] == [0] * 4
    x.tangent[:] = np.arange(n)
    for y in (2 * x, x[3:] * 2):  # which begins elsewhere
        np.testing.assert_array_equal(y.tangent, np.tile(2.0 * np.arange(n)[-len(y) :], (4, 1)))
    assert x.tangent[0, 5] == 5


@KEPT
def test_a_block_too_large_to_keep_leaves_the_others() -> None:
    script = in_large(2_200_000) + "big * big\nprint(*memory_kept())\n"
    before, after = run_python("-c", script).stdout.splitlines()
    blocks, size = map(int, before.split())
    assert blocks and size >= 16_000_000
    assert tuple(map(int, after.split())) >= (blocks, size)


@KEPT
def test_a_block_that_has_shrunk_is_not_kept() -> None:
    script = (
        "import numpy as np, dualad\n"
        "from dualad._array_kernel import memory_kept\n"
        "data = dualad.jacobian(lambda x: x * x, sparsity=0)(np.ones(400_000)).data\n"
        "print(data.nbytes)\n"
        "before = memory_kept()\n"
        "data.resize(10, refcheck=False)\n"
        "between = memory_kept()\n"
        "del data\n"
        "print(*before, *between, *memory_kept())\n"
    )
    _, found = run_python("-c", script).stdout.splitlines()
    before, between, after = np.reshape([int(word) for word in found.split()], (3, 2)).tolist()
    assert between[1] > before[1]  # what was large has gone there
    assert after == between


@LARGE
def test_what_is_kept_is_released_where_memory_is_short() -> None:
    script = in_large(1_000_000) + (
        "import resource, os\n"
        "many = [d * d for _ in range(7)]\n"
        "del many\n"
        "kept = memory_kept()[1]\n"
        "size = int(open('/proc/self/statm').read().split()[0]) * os.sysconf('SC_PAGE_SIZE')\n"
        "limit = size + 20_000_000\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        "result = big * 3.0\n"  # of 72 MB
        "print(kept, memory_kept()[1], result.tangent[7, -1])\n"
    )
    malloc = "glibc.malloc.mmap_threshold=2000000"
    found = run_python("-c", script, GLIBC_TUNABLES=malloc).stdout.splitlines()[-1].split()
    assert int(found[0]) > 90_000_000 and int(found[1]) < 20_000_000 and float(found[2]) == 3.0


def test_what_is_given_is_not_written_over() -> None:
    """Nor what is left of it, by later calls and those of other threads."""

    def f(x: Any) -> Any:
        y = (3 - 2 * x) * x
        y[1:] -= x[:-1]
        return y

    def check(seed: int) -> bool:
        x = np.random.default_rng(seed).uniform(size=n)
        matrix = of_f(x)
        diagonal, below = matrix.data[::2], matrix.data[1::2]
        indices = matrix.indices[1:4]
        del matrix
        of_f(x + 1)
        tangent = (Dual(x, np.array([x, x])) * 3.0).tangent
        of_f(x + 2)
        return bool(
            np.allclose(diagonal, 3 - 4 * x, rtol=0, atol=1e-14)
            and (below == -1).all()
            and indices.tolist() == [0, 1, 1]
            and (tangent == 3 * x).all()
        )

    n = 150_000  # elements of more than a megabyte
    of_f = jacobian(f, sparsity=(1, 0))
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(check, range(16)))
    data = of_f(np.ones(n)).data
    data.resize(10, refcheck=False)
    assert data.tolist() == [-1.0] * 10
    data.resize(2 * n, refcheck=False)
    assert data[9] == -1.0 and not data[10:].any()


def test_objects_of_foreign_packages_leave_nothing_behind() -> None:
    """What stands for a package's functions is made when one is met first, and not again."""
    slope = derivative(lambda z: statistics.NormalDist(z, 1.0).mean)
    assert slope(0.5) == 1.0
    for _ in range(20):
        slope(0.5)
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(100):
        slope(0.5)
    gc.collect()
    assert sys.getallocatedblocks() - before < 100
