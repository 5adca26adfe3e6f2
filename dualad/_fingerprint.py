"""A checksum of what the compiled kernels are made from: built in, and compared at import."""

import os
from zlib import crc32

# The table, what writes it as C, and the kernels themselves.
SOURCES = (
    *("namespaces.py", "rules.py", "_codegen.py", "_kernel.h", "_kernel.pyx"),
    *("_kernel.pxd", "_drivers.pyx"),
    *("_array_kernel.h", "_array_kernel.pyx"),
)


def fingerprint() -> int:
    """The checksum of the files as they are now."""
    total = 0
    for name in SOURCES:  # without pathlib, which would take a third of the package's import
        with open(os.path.join(os.path.dirname(__file__), name), "rb") as file:
            total = crc32(file.read().replace(b"\r\n", b"\n"), total)
    return total
