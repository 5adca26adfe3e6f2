"""Whether a compiled kernel fits the sources beside it: checksums that are built into it.

Two of them. That of the files as they are is taken at every import. Where it differs, as after a
new comment in the table, that of the C is asked: the table is written as C once more, and only a
kernel of other C is out of date.
"""

import os
from contextlib import suppress
from zlib import crc32

# The table, what writes it as C, and the kernels themselves.
SOURCES = (
    *("namespaces.py", "rules.py", "_codegen.py", "_kernel.h", "_kernel.pyx"),
    *("_kernel.pxd", "_drivers.pyx"),
    *("_array_kernel.h", "_array_kernel.pyx"),
)


def fingerprint() -> int:
    """Both checksums in one number, to build in."""
    return of_files(WRITTEN_FROM + COMPILED) << 32 | of_c()


def fits(built: int) -> bool:
    """Whether a kernel with this fingerprint does what the sources say."""
    if built >> 32 == of_files(WRITTEN_FROM + COMPILED):
        return True
    with suppress(Exception):  # a table that cannot be written as C
        return built & 0xFFFFFFFF == of_c()
    return False
