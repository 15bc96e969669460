"""JIT compilation (numba): one decorator, and the cache of machine code between two starts.

Numba can keep what it compiled on disk, but by default beside the source (which may be a repository, or read
only, where it raises on import). Here the place is, in this order: `NUMBA_CACHE_DIR`, the user's cache
folder, a private folder under the temporary directory; where none can be written, kernels are compiled anew
in every process. Machine code is loaded from there, so a folder that somebody else owns or may write is
passed over. The folder's name holds a digest of the kernels' source, since numba looks for changes only in
the file of the outermost function.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import numba
from numba.core import config

P = ParamSpec("P")
T = TypeVar("T")


def _source_digest() -> str:
    sources = sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]


def _candidates() -> Iterator[Path]:
    """Folders to try; the last one is for containers without a home."""
    if os.environ.get("XDG_CACHE_HOME"):
        yield Path(os.environ["XDG_CACHE_HOME"]) / "evosplit"
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home raises where there is none
    if os.path.isabs(home):  # noqa: PTH117
        yield Path(home) / ".cache" / "evosplit"
    yield Path(tempfile.gettempdir()) / f"evosplit-{_user()}"


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _private_folder(path: Path) -> bool:
    """Make the folder if need be; whether it is ours alone to write."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
    except OSError:
        return False
    is_ours = not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)
    return is_ours and os.access(path, os.W_OK | os.X_OK)


def _is_writable(path: Path) -> bool:
    """Whether the user's own choice can be used; numba raises where it cannot write, even just to read."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(path, os.W_OK | os.X_OK)


def cache_folder() -> Path | None:
    """The folder for compiled kernels, or None where nothing can be kept."""
    for place in _candidates():
        if _private_folder(place):
            return place / f"kernels-{_source_digest()}"
    return None


def _use_cache() -> bool:
    if config.CACHE_DIR and _is_writable(Path(config.CACHE_DIR)):
        return True
    folder = cache_folder()
    if folder is None:
        return False
    # Numba has no argument for the place, only this setting; it is read when a function is decorated.
    config.CACHE_DIR = str(folder)
    return True


_CACHE: Final = _use_cache()


def compiled(function: Callable[P, T]) -> Callable[P, T]:
    """Compile on first call, for the types of that call, releasing the interpreter lock.

    No fast-math: it would let the compiler assume that there are no NaNs, and change the rounding.
    """
    decorate: Any = numba.njit(nogil=True, cache=_CACHE)
    kernel: Callable[P, T] = decorate(function)
    return kernel
