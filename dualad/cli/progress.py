"""A sign of life on a terminal, while a calculation takes its time."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 2.0  # seconds without a word


@contextmanager
def waiting_for(what: str) -> Iterator[None]:
    """Say every second what is waited for, once it has taken two; nothing unless on a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()

    def tell() -> None:
        seconds = PATIENCE
        while not done.wait(PATIENCE if seconds == PATIENCE else 1.0):
            print(f"\r{what}: {seconds:.0f} s\033[K", end="", file=sys.stderr, flush=True)
            seconds += 1.0
        if seconds > PATIENCE:
            print("\r\033[K", end="", file=sys.stderr, flush=True)  # the line is empty again

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
