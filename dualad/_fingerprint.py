"""Whether a compiled kernel fits the sources beside it: checksums that are built into it.

Two of them. That of the files as they are is taken at every import. Where it differs, as after a
new comment in the table, that of the C is asked: the table is written as C once more, and only a
kernel of other C is out of date.
"""

import os
from contextlib import suppress
from zlib import crc32

COMPILED = (
    *("_kernel.h", "_kernel.pxd", "_kernel.pyx", "_drivers.pyx"),
    *("_array_kernel.h", "_array_kernel.pyx", "_lifting.pyx", "_lifting.pxd"),
    *("_wide.h", "_memory.h", "_series.h", "_series.pxi", "_numbers.pxi"),
)
WRITTEN_FROM = (
    "numerics.py",
    "namespaces.py",
    "rules.py",
    "table.py",
    "_codegen.py",
)  # the rest of the C


def path_of(name: str) -> str:
    """Where a source is; without pathlib, which takes its time to import."""
    return os.path.join(os.path.dirname(__file__), name)


def of_files(names: tuple[str, ...], total: int = 0) -> int:
    """The checksum of files, whatever their line ends, added to a total."""
    for name in names:
        with open(path_of(name), "rb") as file:
            total = crc32(file.read().replace(b"\r\n", b"\n"), total)
    return total


def of_c() -> int:
    """The checksum of all C that the sources lead to."""
    import runpy  # not at every import of the package

    written = runpy.run_path(path_of("_codegen.py"))["text"]()
    return of_files(COMPILED, crc32(written.encode()))


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
