"""Memory trimming (malloc_trim, MADV_DONTNEED): returns what heads and many frames at once needed."""

from __future__ import annotations

import ctypes
import gc
import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from evosplit.shared.memory_arena import shrink_arena

_COMPILER: Final = "libllvmlite"
_STATM: Final = Path("/proc/self/statm")
_SMAPS: Final = Path("/proc/self/smaps")
_MAPPING: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+ +(/.*)")
_DONTNEED: Final = 4


def trim_memory() -> None:
    """Collect garbage, and have the C library return free pages (glibc; elsewhere nothing happens).

    Building a head parses, decodes and serialises the whole network. Without this, the pages stay with the
    process: about 30 MB for SqueezeNet (benchmarks/edge_memory.py). The code of the kernels' compiler goes
    as well: it links kernels that were compiled before, and is not run again until another one is needed.
    """
    gc.collect()
    return_freed()
    release_file_pages(_COMPILER)


def return_freed() -> None:
    """Have ONNX Runtime and the C library return what is free already: milliseconds, without Python's lock.

    Without this, it stays with the process: after 64 pictures at once, tens of megabytes.
    """
    shrink_arena()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def resident_bytes() -> int:
    """What the process has in memory now; 0 where the system does not say."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except OSError:
        return 0
    return pages * mmap.PAGESIZE


def release_file_pages(library: str) -> int:
    """Have Linux drop a loaded library's pages that are as its file has them; bytes of such mappings.

    They come back from the file when they are used. Tables that were relocated exist nowhere else: only what
    cannot be written to and holds no page of our own is dropped.
    """
    advise = getattr(ctypes.CDLL(None), "madvise", None)
    if advise is None or not _SMAPS.is_file():
        return 0
    told = 0
    for start, size in _clean_mappings(_SMAPS.read_text().splitlines(), library):
        if advise(ctypes.c_void_p(start), ctypes.c_size_t(size), _DONTNEED) == 0:
            told += size
    return told


def _clean_mappings(smaps: list[str], library: str) -> Iterator[tuple[int, int]]:
    """Start and size of the library's mappings that are read only and hold nothing but its file."""
    place: tuple[int, int] | None = None
    for line in smaps:
        if mapping := _MAPPING.fullmatch(line):
            start, end = int(mapping[1], 16), int(mapping[2], 16)
            is_ours = library in mapping[4] and "w" not in mapping[3]
            place = (start, end - start) if is_ours else None
        elif place is not None and line.split() == ["Anonymous:", "0", "kB"]:
            yield place
