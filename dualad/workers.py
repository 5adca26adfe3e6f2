"""Many passes: handed out to other processes or machines, watched, written to disk as they come.

A driver hands the passes out in order and takes them back in order, so that the result is that of
the serial run. What runs them is a number of processes, or any function that is called as the
built-in `map` is: of a pool, of an executor, of a Dask or mpi4py client.
"""

from __future__ import annotations

import pickle
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from typing import Any

import numpy as np

from .differentiations import DOUBTS, IS_LOOKING, doubts_since, raise_doubts
from .pair import plain

Workers = int | Callable[..., Any]
Progress = bool | Callable[[int, int], Any]


class Plan:
    """How the passes are run.

    Attributes
    ----------
    workers : int or callable
        The number of processes (1 is this one), or a map.
    progress : callable, optional
        Called with the number of passes done and their total, after each.
    columns : Columns, optional
        Where the blocks of columns go as they come, instead of being kept in memory.
    resources : ExitStack
        What has to be closed in the end.
    """

    __slots__ = ("workers", "progress", "columns", "resources")

    def __init__(
        self,
        workers: Workers,
        progress: Callable[[int, int], Any] | None,
        columns: Columns | None,
        resources: ExitStack,
    ) -> None:
        self.workers, self.progress = workers, progress
        self.columns, self.resources = columns, resources

    @property
    def at_once(self) -> int:
        """How many passes may run at the same time; of a map we do not know."""
        return self.workers if isinstance(self.workers, int) else _processors()

    def run(self, task: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        """task(item) for each item, in order."""
        return map(task, items) if self is SERIAL else self._run(task, items)

    def _run(self, task: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        call = self._mapping(_Sent(_precision(), task))
        total, done = len(items), 0
        # With columns, so few at a time that they cannot pile up before they are written.
        several = total if self.columns is None else 2 * self.at_once
        for first in range(0, total, several):
            batch = list(items[first : first + several])
            results = iter(call(batch))
            for item in batch:
                there, result, doubts = _arrived(next(results, (None, None, (False, False))))
                if there != item:
                    raise ValueError(
                        "workers: this map does not give the results of all passes in order; "
                        "pass one that does, as pool.map or pool.imap."
                    )
                if isinstance(result, _Raised):
                    raise result.again()
                if any(doubts):
                    raise_doubts(*doubts)
                yield result
                done += 1
                if self.progress is not None:
                    self.progress(done, total)

    def _mapping(self, task: _Sent) -> Callable[[list[Any]], Any]:
        """What calls the task on all items of a batch."""
        workers = self.workers
        if not isinstance(workers, int):
            return lambda batch: workers(task, batch)
        if workers == 1:
            return lambda batch: map(task, batch)
        executor = self.resources.enter_context(_processes(workers, _pickled(task, workers)))
        return lambda batch: executor.map(_receive, batch)


SERIAL = Plan(1, None, None, ExitStack())  # simply one pass after the other


def planned(
    driver: str,
    workers: Workers | None = None,
    progress: Progress | None = None,
    columns: Columns | None = None,
) -> AbstractContextManager[Plan]:
    """The plan while the passes run.

    Raises
    ------
    TypeError
        If workers is neither a count nor a map, or progress neither a bool nor a function.
    """
    if workers is None and progress is None and columns is None:
        return nullcontext(SERIAL)  # at no cost: small Jacobians are many
    is_count = isinstance(workers, int) and not isinstance(workers, bool)
    if not (workers is None or callable(workers) or (is_count and (workers >= 1 or workers == -1))):
        raise TypeError(
            f"{driver}: workers is a number of processes, 1 or more (-1 for one per processor), or "
            f"a function such as pool.map; got {workers!r}."
        )
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise TypeError(
            f"{driver}: progress is True or a function of (done, total); got {progress!r}."
        )
    is_short = workers in (None, 1) and not progress and columns is None
    if is_short or IS_LOOKING.get():  # in order, and unseen
        return nullcontext(SERIAL)
    return _closing(workers, progress, columns)


@contextmanager
def _closing(
    workers: Workers | None, progress: Progress | None, columns: Columns | None
) -> Iterator[Plan]:
    with ExitStack() as resources:
        if isinstance(progress, bool):
            progress = resources.enter_context(closing(Bar())) if progress else None
        number = _processors() if workers == -1 else workers or 1
        yield Plan(number, progress, columns, resources)


def _processors() -> int:
    import os

    return os.cpu_count() or 1


# -- a task on its way ---------------------------------------------------------------------


class _Sent:
    """A task as it runs elsewhere: at our precision, saying which item it did and what is in doubt.

    An error is a result too: so the first in order is raised, not the first in time.
    """

    def __init__(self, precision: Any, task: Callable[[Any], Any]) -> None:
        self.precision, self.task = precision, task

    def __call__(self, item: Any) -> tuple[Any, Any, tuple[bool, bool]]:
        _set_precision(self.precision)
        before = DOUBTS[0]
        result: Any
        try:
            result = self.task(item)
        except Exception as error:
            result = _Raised(error)
        return item, result, doubts_since(before)

    def __reduce__(self) -> Any:
        # The precision first: mpmath rounds what it unpickles to the precision of its process.
        return _Sent, (_Precision(self.precision), self.task)


class _Raised:
    """An error on its way; one that pickle cannot bring back becomes a RuntimeError."""

    def __init__(self, error: Exception, trace: str = "") -> None:
        self.error, self.trace = error, trace

    def __reduce__(self) -> Any:
        import traceback

        error, trace = self.error, "".join(traceback.format_exception(self.error))
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            error = RuntimeError(f"{type(error).__name__}: {error}")
        return _Raised, (error, trace)

    def again(self) -> Exception:
        """The error to raise."""
        if self.trace:
            self.error.add_note(f"In a worker:\n{self.trace}")
        return self.error


class _Precision(int):
    """In a pickle: sets mpmath's precision as soon as it is read."""

    def __reduce__(self) -> Any:
        return _set_precision, (int(self),)


def _precision() -> int:
    """mpmath's in bits, which every process has for itself; 0 if nobody here uses mpmath."""
    mpmath = sys.modules.get("mpmath")
    return 0 if mpmath is None else int(mpmath.mp.prec)


def _set_precision(precision: int) -> int:
    """A worker keeps the precision: to set it back would disturb its other threads."""
    if precision not in (0, _precision()):
        from mpmath import mp

        mp.prec = precision
    return precision


def _arrived(result: Any) -> Any:
    """A result itself, where the map gives futures."""
    return result if isinstance(result, tuple) else result.result()


def _pickled(task: _Sent, workers: int) -> bytes:
    try:
        return pickle.dumps(task)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            f"workers={workers} sends function and arguments to other processes, but pickle "
            f"refuses them ({error}); define the function with def at the top of a module, or "
            "pass the map of a ThreadPoolExecutor or of a Dask client as workers."
        ) from error


_received: bytes | Callable[[Any], Any] = b""  # in a worker: the task, pickled until it is needed


def _receiver(task: bytes) -> None:
    global _received
    _received = task


def _receive(item: Any) -> Any:
    """The task on an item, in a worker, which unpickles it where errors can be told."""
    global _received
    if isinstance(_received, bytes):
        _received = pickle.loads(_received)
    return _received(item)  # type: ignore[operator]


@contextmanager
def _processes(workers: int, task: bytes) -> Iterator[Any]:
    """An executor for the pickled task. (Unlike a Pool, it notices when a worker dies.)"""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    method = multiprocessing.get_start_method(allow_none=True)
    if method is None and sys.platform != "win32" and sys.version_info < (3, 14):
        method = "forkserver"  # a fork of a process with threads, as BLAS has, may hang
    executor = ProcessPoolExecutor(
        workers, multiprocessing.get_context(method), initializer=_receiver, initargs=(task,)
    )
    try:
        yield executor
    except BrokenProcessPool:
        raise RuntimeError(
            f"workers={workers}: a worker process ended before its pass was done. Was there enough "
            "memory? In a script, processes start below if __name__ == '__main__':"
        ) from None
    finally:
        executor.shutdown(cancel_futures=True)


# -- columns on their way ------------------------------------------------------------------


class Columns:
    """A Jacobian in an array of the caller's, such as a memmap, written block by block.

    Parameters
    ----------
    out : array-like
        Has a shape and a dtype, and takes `out[..., 3:5] = block`.
    inputs : list
        The numbers and arrays to differentiate: one array.

    Raises
    ------
    TypeError, ValueError
        If they do not fit each other.
    """

    def __init__(self, out: Any, inputs: Sequence[Any]) -> None:
        self.out = out
        if not (hasattr(out, "shape") and hasattr(out, "dtype")):
            raise TypeError(f"jacobian: out is an array or a memmap; got {type(out).__name__}.")
        if len(inputs) != 1 or not np.ndim(inputs[0]):
            raise TypeError(
                "jacobian: out is for a function of one array with one array as its result; "
                f"this call differentiates {len(inputs)} number{'s' * (len(inputs) != 1)}."
            )
        self.within, self.dtype = np.shape(inputs[0]), plain(inputs[0]).dtype
        if tuple(out.shape)[-len(self.within) :] != self.within:
            raise ValueError(
                "jacobian: the shape of out ends with that of the argument, "
                f"{self.within}; got {tuple(out.shape)}."
            )

    def check(self, values: Sequence[Any]) -> None:
        """Refuse values whose derivative has another shape or type than `out`."""
        if len(values) != 1:
            raise TypeError(
                "jacobian: out is for a function of one array with one array as its result; "
                f"this one returned {len(values)}."
            )
        shape = np.shape(values[0]) + self.within
        dtype = np.result_type(self.dtype, np.asarray(plain(values[0])).dtype)
        if tuple(self.out.shape) != shape or not np.can_cast(dtype, self.out.dtype, "same_kind"):
            raise ValueError(
                f"jacobian: out has shape {tuple(self.out.shape)} and dtype {self.out.dtype}; "
                f"this Jacobian needs {shape} and {dtype}."
            )

    def write(self, start: int, stop: int, tangent: Any) -> None:
        """Put directions start to stop in their place."""
        if len(self.within) == 1:
            self.out[..., start:stop] = np.moveaxis(tangent, 0, -1)
        else:
            place = np.unravel_index(np.arange(start, stop), self.within)
            self.out[(..., *place)] = np.moveaxis(tangent, 0, -1)


# -- progress ------------------------------------------------------------------------------


class Bar:
    """A bar on stderr for what takes longer than a second: tqdm's if it is there, or a plain one.

    Parameters
    ----------
    delay : float
        Seconds before it appears.
    """

    def __init__(self, delay: float = 1.0) -> None:
        self.done, self.total = 0, 1
        import threading  # only bars need it

        self._over = threading.Event()
        self._shown: Any = None
        self._ticks = threading.Thread(target=self._tick, args=(delay,), daemon=True)
        self._ticks.start()

    def _tick(self, wait: float) -> None:
        """In a thread of its own, so that the bar is there also while a single pass takes long."""
        while not self._over.wait(wait):
            self._show()
            wait = 0.5

    def __call__(self, done: int, total: int) -> None:
        self.done, self.total = done, total

    def _show(self) -> None:
        if self._shown is None:
            self._shown = _tqdm() or _Line()
        self._shown.total, self._shown.n = self.total, self.done
        self._shown.refresh()

    def close(self) -> None:
        """Clear the bar."""
        self._over.set()
        self._ticks.join()
        if self._shown is not None:
            self._shown.close()


def _tqdm() -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm(total=1, desc="passes", leave=False)


class _Line:
    """One line that is written over and over."""

    total, n = 1, 0

    def __init__(self) -> None:
        self.started = time.monotonic()

    def refresh(self) -> None:
        filled = 30 * self.n // self.total
        bar = "#" * filled + "." * (30 - filled)
        seconds = time.monotonic() - self.started
        sys.stderr.write(f"\rpasses: [{bar}] {self.n}/{self.total}, {seconds:.0f} s")
        sys.stderr.flush()

    def close(self) -> None:
        sys.stderr.write("\r" + " " * 78 + "\r")
        sys.stderr.flush()
