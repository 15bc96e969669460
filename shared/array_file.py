"""NumPy's .npz archives with a JSON object: written without a copy, read back with every length checked."""

from __future__ import annotations

import contextlib
import json
import math
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from evosplit.shared.atomic_write import replacing
from evosplit.shared.errors import LearningError

META: Final = "meta"
"""The array that holds a JSON object: what the arrays are, and all that is no array."""

_PIECE: Final = 1 << 20
_BROKEN: Final = (
    *(OSError, ValueError, LookupError, TypeError, EOFError),
    *(zipfile.BadZipFile, zlib.error, NotImplementedError),
)


def write_npz(path: Path, meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write beside ``path`` and rename: a reader sees the old file or the new one. Raises LearningError.

    Arrays are written in pieces, as they lie: nothing is copied.
    """
    try:
        with replacing(path, durable=True) as stream:
            write_arrays(stream, meta, arrays)
    except OSError as failed:
        raise LearningError(f"cannot write {path.name}: {failed.strerror or failed}") from None


class Archive:
    """An .npz file that is being read; every array is checked against its length and checksum."""

    def __init__(self, source: zipfile.ZipFile) -> None:
        self._source = source
        self.meta: dict[str, Any] = {}

    def shape(self, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Of one array, without its values."""
        with self._source.open(f"{name}.npy") as stream:
            return _header(stream, self._source.getinfo(f"{name}.npy").file_size)

    def read(self, name: str) -> NDArray[Any]:
        """One array."""
        values = np.empty(*self.shape(name))
        self.read_into(name, values)
        return values

    def read_into(self, name: str, values: NDArray[Any]) -> None:
        """One array into the memory of ``values``, which must have its shape and dtype, and be contiguous."""
        with self._source.open(f"{name}.npy") as stream:
            shape = _header(stream, self._source.getinfo(f"{name}.npy").file_size)
            if shape != (values.shape, values.dtype):
                raise ValueError(f"array {name} does not fit")
            room = _bytes(values)
            done = 0
            while done < len(room):
                got = stream.readinto(room[done : done + _PIECE])  # type: ignore[attr-defined]
                if not got:
                    raise ValueError(f"array {name} ends early")
                done += got
            stream.read(1)  # the end, where the checksum is compared

    def names(self) -> tuple[str, ...]:
        """Of all arrays but ``meta``."""
        names = (name.removesuffix(".npy") for name in self._source.namelist())
        return tuple(name for name in names if name != META)


@contextlib.contextmanager
def read_npz(path: Path) -> Iterator[Archive]:
    """Open a file that `write_npz` wrote. Raises LearningError for any other, also while it is being read."""
    with read_arrays(path, path.name) as archive:
        yield archive


@contextlib.contextmanager
def read_arrays(source: Path | IO[bytes], name: str) -> Iterator[Archive]:
    """As `read_npz`, from a file or a stream that errors call ``name``."""
    try:
        with zipfile.ZipFile(source) as opened:
            archive = Archive(opened)
            archive.meta = dict(json.loads(archive.read(META).tobytes()))
            yield archive
    except _BROKEN as broken:
        raise LearningError(f"cannot read {name}: {_line(broken)}") from None


def write_arrays(stream: IO[bytes], meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """As `write_npz`, to a stream. Equal arguments give equal bytes."""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as made:
        for name, values in {META: _encoded(meta), **arrays}.items():
            plain = np.asarray(values, order="C")
            with made.open(f"{name}.npy", "w", force_zip64=True) as entry:
                npy.write_array_header_1_0(entry, npy.header_data_from_array_1_0(plain))
                flat = _bytes(plain)
                for start in range(0, len(flat), _PIECE):
                    entry.write(flat[start : start + _PIECE])


def _header(stream: IO[bytes], size_bytes: int) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype; a header that claims more or less than there is never allocates."""
    if npy.read_magic(stream) != (1, 0):
        raise ValueError("an array of an unknown format")
    shape, fortran, dtype = npy.read_array_header_1_0(stream)
    if fortran or dtype.hasobject or min(shape, default=0) < 0:
        raise ValueError("an array that is not plain")
    if math.prod(shape) * dtype.itemsize != size_bytes - stream.tell():
        raise ValueError("an array whose length is not what it says")
    return shape, dtype


def _bytes(values: NDArray[Any]) -> memoryview:
    """The memory of a contiguous array."""
    return memoryview(values.reshape(-1).view(np.uint8))  # type: ignore[arg-type]


def _encoded(meta: Mapping[str, Any]) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(meta).encode(), np.uint8)


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
