"""Detection of damaged model files: a Git LFS pointer, or a file that ends too early."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_LFS: Final = b"version https://git-lfs.github.com/spec/"
_LFS_LONGEST: Final = 1024
"""Bytes; a pointer file is smaller, says the specification of Git LFS."""
_FIELDS: Final = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
"""Fields of onnx.ModelProto by number, and how protobuf writes each: 0 a varint, 2 bytes with a length."""
_OPSETS: Final = 8


def lfs_pointer(content: bytes) -> str | None:
    """What to say of a Git LFS pointer; None for any other content."""
    if len(content) > _LFS_LONGEST or not content.startswith(_LFS):
        return None
    return "a Git LFS pointer, not the file that it stands for: fetch that with git lfs pull"


def lfs_pointer_file(path: Path) -> str | None:
    """As `lfs_pointer`, for a file that may be large. Raises OSError."""
    with path.open("rb") as file:
        return lfs_pointer(file.read(_LFS_LONGEST + 1))


def cut_short(content: bytes) -> str | None:
    """What to say of a model that ends too early; None for a whole one, or no model at all."""
    seen = []
    for number, has_bytes, wants_bytes in _top_fields(content):
        if has_bytes < wants_bytes:
            return (
                f"only the beginning of an ONNX file: {wants_bytes - has_bytes:,} bytes or more are missing"
            )
        seen.append(number)
    if 1 in seen and _OPSETS not in seen:
        return "only the beginning of an ONNX file, or one that does not say which opset it uses"
    return None


def _top_fields(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Number, bytes there and bytes announced of each field, until one that no model has."""
    offset = 0
    while offset < len(content):
        tag, offset = _varint(content, offset)
        number, kind = tag >> 3, tag & 7
        if _FIELDS.get(number) != kind:
            return
        value, offset = _varint(content, offset)
        length = value if kind else 0
        yield number, len(content) - offset, length
        offset += length


def _varint(content: bytes, offset: int) -> tuple[int, int]:
    """A number of seven bits a byte, lowest first, and the place behind it; beyond the end if it is cut."""
    value = shift = 0
    while offset < len(content):
        byte, offset = content[offset], offset + 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, offset
        shift += 7
    return value, len(content) + 1
