"""A checksum of what the compiled kernel is made from: written into it, and compared at import."""

from pathlib import Path
from zlib import crc32

# The table, what writes it as C, and the kernel itself.
SOURCES = ("namespaces.py", "rules.py", "_codegen.py", "_kernel.h", "_kernel.pyx")


def fingerprint() -> int:
    """The checksum of the files as they are now."""
    total = 0
    for name in SOURCES:
        text = Path(__file__).with_name(name).read_bytes()
        total = crc32(text.replace(b"\r\n", b"\n"), total)
    return total
