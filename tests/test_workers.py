"""Passes in other threads, processes and clusters: the same bits, errors, order; and to disk."""

from __future__ import annotations

import io
import multiprocessing
import os
import re
import sys
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import ProcessPoolExecutor as Processes
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf
from support.both import bits
from support.processes import run_python

import dualad
from dualad import grad, hessian, jacobian
from dualad.workers import Bar

X = np.linspace(0.1, 2.0, 12)


def wave(x: Any) -> Any:
    return np.exp(-x) * np.cumsum(np.sin(x) * x)


def energy(x: Any) -> Any:
    return np.sum(np.cos(x) * x[::-1]) ** 2


def structured(p: Any, *, scale: float) -> Any:
    return {"sum": p["a"] * scale + np.sum(p["b"]), "product": [p["a"] * p["b"], 3.0]}


def precise(x: Any) -> Any:
    return [dualad.exp(v) for v in x]


def process(x: Any) -> Any:
    return x[:1] * 0 + os.getpid()


class Unlucky(Exception):
    """An error that pickle cannot bring back: it needs two arguments."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def fails(x: Any) -> Any:
    active = int(np.argmax(np.any(x.tangent != 0, axis=0)))
    raise KeyError(f"pass {active}")


def fails_unluckily(x: Any) -> Any:
    raise Unlucky("not ", "so")


def dies(x: Any) -> Any:
    os._exit(3)


def other_shapes(x: Any) -> Any:
    return x if x.tangent[0, 0] else x[:1]


@pytest.fixture(scope="module")
def pool() -> Iterator[Any]:
    with multiprocessing.get_context("forkserver").Pool(2) as pool:
        yield pool


def through_futures(f: Callable[[Any], Any], items: Sequence[Any]) -> list[Future[Any]]:
    """As the maps of cluster clients: a list of futures."""
    results: list[Future[Any]] = []
    for item in items:
        future: Future[Any] = Future()
        try:
            future.set_result(f(item))
        except Exception as error:
            future.set_exception(error)
        results.append(future)
    return results


@pytest.fixture(
    params=["processes", "Pool.map", "Pool.imap", "executor", "threads", "futures", "map"]
)
def workers(request: Any, pool: Any) -> Iterator[Any]:
    match request.param:
        case "processes":
            yield 2
        case "Pool.map":
            yield pool.map
        case "Pool.imap":
            yield pool.imap
        case "executor":
            with Processes(2, multiprocessing.get_context("forkserver")) as executor:
                yield executor.map
        case "threads":
            with ThreadPoolExecutor(3) as threads:
                yield threads.map
        case "futures":
            yield through_futures
        case "map":
            yield map


# -- the same result -----------------------------------------------------------------------


def test_the_same_bits_as_the_serial_run(workers: Any) -> None:
    for chunk in (1, 5):
        serial = jacobian(wave, chunk=chunk)(X)
        assert bits(jacobian(wave, chunk=chunk, workers=workers)(X)) == bits(serial)
    exact = np.exp(-X)[:, None] * np.tri(12) * (np.sin(X) + X * np.cos(X))
    exact -= np.diag(wave(X))
    np.testing.assert_allclose(jacobian(wave, workers=workers)(X), exact, rtol=1e-13, atol=1e-14)


def test_hessian(workers: Any) -> None:
    serial = hessian(energy, chunk=3)(X)
    result = hessian(energy, chunk=3, workers=workers)(X)
    assert bits(result) == bits(serial)
    np.testing.assert_array_equal(result, result.T)
    np.testing.assert_allclose(result, jacobian(grad(energy))(X), rtol=1e-12, atol=1e-12)


def test_structures_names_and_aux(workers: Any) -> None:
    p = {"a": 2.0, "b": np.array([1.0, 3.0])}
    serial = jacobian(structured, chunk=1)(p, scale=5.0)
    parallel = jacobian(structured, chunk=1, workers=workers)(p, scale=5.0)
    assert repr(parallel) == repr(serial)
    assert parallel["sum"]["a"] == 5.0 and parallel["product"][1]["a"] == 0.0


def test_levels_of_an_outer_differentiation_travel(workers: Any) -> None:
    inner = jacobian(lambda x: jacobian(wave, chunk=4, workers=workers)(x)[:, 0])
    np.testing.assert_array_equal(inner(X), jacobian(lambda x: jacobian(wave, chunk=4)(x)[:, 0])(X))


def test_the_precision_of_mpmath_travels(workers: Any) -> None:
    with mp.workdps(60):
        numbers = [mpf(1) / 3, mpf(2) / 7, mpf(5)]
        result = jacobian(precise, workers=workers)(numbers)
        for i, x in enumerate(numbers):
            assert result[i][i] == mp.exp(x)


def test_iterators_are_shared_by_no_two_workers() -> None:
    def slowly() -> Iterator[float]:
        for w in (1.0, 2.0, 4.0):
            time.sleep(0.01)  # while another thread wants the next one
            yield w

    def weighted(x: Any, weights: Iterator[float]) -> Any:
        return sum(w * x for w in weights)

    with ThreadPoolExecutor(3) as threads:
        result = jacobian(weighted, chunk=1, workers=threads.map)(X, slowly())
    np.testing.assert_array_equal(result, 7 * np.eye(12))


def test_processes_are_others_and_each_gets_a_pass() -> None:
    done: list[tuple[int, int]] = []
    jacobian(wave, workers=2, progress=lambda *n: done.append(n))(X)
    assert done == [(1, 2), (2, 2)]
    outcomes: list[int] = []

    def spy(f: Any, items: Any) -> Any:
        outcomes.extend(items)
        return map(f, items)

    jacobian(wave, chunk=5, workers=spy)(X)
    assert outcomes == [0, 5, 10]


def test_dask() -> None:
    distributed = pytest.importorskip(
        "distributed", reason="Dask's client is tested where Dask is: pip install distributed"
    )
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    )
    with cluster, distributed.Client(cluster) as client:
        serial = jacobian(wave, chunk=3)(X)
        # Dask's cloudpickle takes lambdas too
        result = jacobian(lambda x: wave(x), chunk=3, workers=client.map)(X)
        assert bits(result) == bits(serial)
        assert bits(hessian(energy, chunk=3, workers=client.map)(X)) == bits(
            hessian(energy, chunk=3)(X)
        )
        with pytest.raises(KeyError, match="pass 0"):
            jacobian(fails, chunk=3, workers=client.map)(X)
        out = np.full((12, 12), np.nan)
        assert jacobian(wave, chunk=3, workers=client.map, out=out)(X) is out
        assert bits(out) == bits(serial)


# -- errors --------------------------------------------------------------------------------


def test_the_error_of_the_first_pass_comes_as_it_is(workers: Any) -> None:
    with pytest.raises(KeyError) as caught:
        jacobian(fails, chunk=3, workers=workers)(X)
    assert caught.value.args == ("pass 0",)
    assert "in fails" in "".join(traceback.format_exception(caught.value))


def test_an_error_that_cannot_be_pickled() -> None:
    with pytest.raises((RuntimeError, Unlucky), match="not so"):  # with tblib it can be
        jacobian(fails_unluckily, workers=2)(X)


def test_a_worker_that_dies() -> None:
    with pytest.raises(RuntimeError, match="a worker process ended before its pass was done"):
        jacobian(dies, workers=2)(X)


def test_a_lambda_cannot_go_to_processes() -> None:
    calls: list[Any] = []
    with pytest.raises(TypeError, match=r"workers=2 sends function and arguments .* define the f"):
        jacobian(lambda x: calls.append(x) or x, workers=2)(X)
    assert calls == []
    np.testing.assert_array_equal(jacobian(lambda x: 2 * x, workers=1)(X), 2 * np.eye(12))


def test_maps_that_change_the_order_or_lose_results(pool: Any) -> None:
    for bad in (lambda f, items: map(f, reversed(items)), lambda f, items: map(f, items[:-1])):
        with pytest.raises(ValueError, match="does not give the results of all passes in order"):
            jacobian(wave, chunk=3, workers=bad)(X)


@pytest.mark.parametrize("bad", [0, -2, 2.0, True, "2", [1]])
def test_workers_that_are_none(bad: Any) -> None:
    calls: list[Any] = []
    for driver in (jacobian, hessian):
        with pytest.raises(TypeError, match="workers is a number of processes, 1 or more"):
            driver(calls.append, workers=bad)(X)
    with pytest.raises(TypeError, match="progress is True or a function"):
        jacobian(calls.append, progress=3)(X)  # type: ignore[arg-type]
    assert calls == []


# -- progress ------------------------------------------------------------------------------


def test_progress_reports_each_pass_in_order(workers: Any) -> None:
    done: list[tuple[int, int]] = []
    jacobian(wave, chunk=4, workers=workers, progress=lambda *n: done.append(n))(X)
    assert done == [(1, 3), (2, 3), (3, 3)]
    hessian(energy, chunk=4, workers=workers, progress=lambda *n: done.append(n))(X)
    assert done[3:] == [(1, 3), (2, 3), (3, 3)]


def slow(x: Any) -> Any:
    time.sleep(0.15)
    return x


@pytest.mark.parametrize("with_tqdm", [False, True])
def test_the_bar_comes_after_its_delay_and_goes(with_tqdm: bool, monkeypatch: Any) -> None:
    if with_tqdm:
        pytest.importorskip("tqdm", reason="tqdm's bar is tested where tqdm is: pip install tqdm")
    else:
        monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(Bar.__init__, "__defaults__", (0.2,))
    before = threading.active_count()
    err = io.StringIO()
    with redirect_stderr(err):
        jacobian(slow, chunk=3, progress=True)(X)
        with pytest.raises(KeyError):
            jacobian(fails, chunk=3, progress=True)(X)
    assert re.search(r"passes: .*1/4", err.getvalue())
    assert err.getvalue().rstrip(" ").endswith("\r")  # nothing is left of it
    assert threading.active_count() <= before + with_tqdm  # tqdm keeps a thread of its own
    quick = io.StringIO()
    with redirect_stderr(quick):
        jacobian(wave, progress=True)(X)
    assert quick.getvalue() == ""


# -- to disk -------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
def test_out_is_a_memmap(workers: Any, order: Any, tmp_path: Path) -> None:
    out = np.lib.format.open_memmap(
        tmp_path / "jacobian.npy", "w+", float, (12, 12), fortran_order=order == "F"
    )
    result = jacobian(wave, chunk=5, workers=workers, out=out)(X)
    assert result is out
    out.flush()
    assert bits(np.load(tmp_path / "jacobian.npy")) == bits(jacobian(wave, chunk=5)(X))


def test_out_for_more_axes_aux_and_constants() -> None:
    x = np.arange(6.0).reshape(2, 3)
    out = np.full((3, 2, 2, 3), np.nan)
    result, aux = jacobian(lambda x: (x.T**2, "aux"), has_aux=True, chunk=4, out=out)(x)
    assert result is out and aux == "aux"
    np.testing.assert_array_equal(out, jacobian(lambda x: x.T**2)(x))
    total = np.full((2, 3), np.nan)
    jacobian(np.sum, out=total)(x)
    np.testing.assert_array_equal(total, np.ones((2, 3)))
    none = np.full((4, 2, 3), np.nan)
    jacobian(lambda x: np.ones(4), chunk=2, out=none)(x)
    np.testing.assert_array_equal(none, np.zeros((4, 2, 3)))


def test_memory_stays_flat_while_the_jacobian_goes_to_disk(tmp_path: Path) -> None:
    n = 2000
    x = np.linspace(0.0, 1.0, n)
    out = np.lib.format.open_memmap(tmp_path / "big.npy", "w+", float, (n, n), fortran_order=True)

    def f(x: Any) -> Any:
        return np.cumsum(x * x)

    tracemalloc.start()
    jacobian(f, chunk=50, out=out)(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.25 * out.nbytes, peak
    np.testing.assert_array_equal(out[:, 7], 2 * x[7] * (np.arange(n) >= 7))
    np.testing.assert_array_equal(out[-1], 2 * x)


def test_results_do_not_pile_up_before_they_are_written() -> None:
    most = 0

    def counting(f: Any, items: Any) -> Any:
        nonlocal most
        most = max(most, len(items))
        return list(map(f, items))

    out = np.empty((12, 600))
    jacobian(lambda x: x[:12], chunk=1, workers=counting, out=out)(np.ones(600))
    assert most == 2 * (os.cpu_count() or 1)
    np.testing.assert_array_equal(out, np.eye(12, 600))


def test_out_that_does_not_fit() -> None:
    calls: list[Any] = []

    def f(x: Any) -> Any:
        calls.append(x)
        return x[:5]

    with pytest.raises(TypeError, match="out is an array or a memmap; got list"):
        jacobian(f, out=[])(X)
    with pytest.raises(TypeError, match=r"out is for a function of one array .* 2 numbers"):
        jacobian(f, argnums=(0, 1), out=np.ones(3))(X, X)
    with pytest.raises(ValueError, match=r"ends with that of the argument, \(12,\); got \(12, 5\)"):
        jacobian(f, out=np.ones((12, 5)))(X)
    assert calls == []
    untouched = np.ones((4, 12))
    with pytest.raises(ValueError, match=r"has shape \(4, 12\) .* needs \(5, 12\) and float64"):
        jacobian(f, out=untouched)(X)
    np.testing.assert_array_equal(untouched, 1)
    with pytest.raises(ValueError, match="dtype int64; this Jacobian needs"):
        jacobian(f, out=np.ones((5, 12), int))(X)
    with pytest.raises(TypeError, match="this one returned 2"):
        jacobian(lambda x: (x, x), out=np.ones((5, 12)))(X)


def test_other_shapes_in_a_later_pass(workers: Any) -> None:
    with pytest.raises(ValueError, match="other shapes in a later pass"):
        jacobian(other_shapes, chunk=6, workers=workers)(X)


def test_a_script_with_its_guard_runs(tmp_path: Path) -> None:
    script = tmp_path / "model.py"
    script.write_text(
        "import numpy as np\nfrom dualad import jacobian\n"
        "def f(x):\n    return x**2\n"
        "if __name__ == '__main__':\n"
        "    print(np.diag(jacobian(f, workers=2)(np.arange(3.0))))\n"
    )
    done = run_python(script, check=False)
    assert (done.stdout, done.stderr) == ("[0. 2. 4.]\n", "")
