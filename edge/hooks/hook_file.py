"""Learned hooks in one file beside the bundle, checked before anything in it is believed.

Layout, little-endian: ``EVSH``, version (u32), sha256 of all that follows (32 bytes), length of the header
(u32), the header as canonical JSON, then one wire frame with every array as it stands. The header lists the
hooks; array ``3/net/w`` belongs to the hook at position 3. Nothing in a file is ever executed.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from evosplit.edge.hooks.bits import BitsHook
from evosplit.edge.hooks.channels import ChannelsHook
from evosplit.edge.hooks.exit import ExitHook
from evosplit.edge.hooks.hook import Hook, SaveableHook, SavedHook
from evosplit.edge.hooks.mask import RegionMaskHook
from evosplit.edge.hooks.repeat import RepeatHook
from evosplit.edge.hooks.saliency import SaliencyMaskHook
from evosplit.edge.hooks.skip import SkipHook
from evosplit.kernels.codec import decode_tensor, encode_tensor
from evosplit.shared.errors import BundleError, InputError, LearningError, WireError
from evosplit.shared.plan import FLOAT_BITS, TensorCode
from evosplit.shared.serial import from_json, to_json
from evosplit.shared.wire import Frame, decode_frame, encode_frame

FORMAT: Final = 1
MAGIC: Final = b"EVSH"
MAX_ELEMENTS: Final = 2**26
_HEAD: Final = struct.Struct("<4sI32s")
_LENGTH: Final = struct.Struct("<I")

_CLASSES: Final[Mapping[str, Callable[[SavedHook], Hook]]] = {
    "bits": BitsHook.restored,
    "channels": ChannelsHook.restored,
    "exit": ExitHook.restored,
    "region": RegionMaskHook.restored,
    "repeat": RepeatHook.restored,
    "saliency": SaliencyMaskHook.restored,
    "skip": SkipHook.restored,
}


@dataclass(frozen=True)
class _Entry:
    kind: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class _Header:
    model_sha256: str
    hooks: tuple[_Entry, ...]


def save_hooks(path: Path, model_sha256: str, hooks: Iterable[Hook]) -> None:
    """Write those of ``hooks`` that can be saved. The file appears whole or not at all; OSError passes."""
    content = encode_hooks(model_sha256, hooks)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load_hooks(path: Path, model_sha256: str) -> tuple[Hook, ...]:
    """The hooks of a file. Raises BundleError: unreadable, damaged, of another model or format."""
    try:
        return decode_hooks(path.read_bytes(), model_sha256)
    except OSError as error:
        raise BundleError(f"cannot read the hooks {path.name}: {error.strerror or error}") from None
    except BundleError as error:
        raise BundleError(f"{path.name}: {error}") from None


def encode_hooks(model_sha256: str, hooks: Iterable[Hook]) -> bytes:
    """A file's content. Equal hooks give equal bytes."""
    saved = [hook.saved() for hook in hooks if isinstance(hook, SaveableHook)]
    header = to_json(_Header(model_sha256, tuple(_Entry(one.kind, one.fields) for one in saved)))
    arrays = {f"{at}/{name}": array for at, one in enumerate(saved) for name, array in one.arrays.items()}
    code = TensorCode(FLOAT_BITS, codec="none")
    tensors = tuple(encode_tensor(name, array, code) for name, array in sorted(arrays.items()))
    body = _LENGTH.pack(len(header)) + header + encode_frame(Frame("hooks", model_sha256, "", tensors))
    return _HEAD.pack(MAGIC, FORMAT, hashlib.sha256(body).digest()) + body


def decode_hooks(content: bytes, model_sha256: str) -> tuple[Hook, ...]:
    """The hooks of a file's content. Raises BundleError."""
    body = _checked(content)
    header, rest = _header(body)
    if header.model_sha256 != model_sha256:
        raise BundleError(f"the hooks are of model {header.model_sha256[:12]}, not {model_sha256[:12]}")
    try:
        frame = decode_frame(rest, MAX_ELEMENTS)
        arrays = {tensor.name: decode_tensor(tensor) for tensor in frame.tensors}
    except (WireError, InputError) as error:
        raise BundleError(f"the hooks' weights cannot be read: {error}") from None
    return tuple(_hook(entry, at, arrays) for at, entry in enumerate(header.hooks))


def _checked(content: bytes) -> bytes:
    if len(content) < _HEAD.size + _LENGTH.size:
        raise BundleError(f"{len(content)} bytes are too short for hooks")
    magic, version, digest = _HEAD.unpack_from(content)
    if magic != MAGIC:
        raise BundleError("not a file of hooks")
    if version != FORMAT:
        raise BundleError(f"the hooks have format {version}; this version reads format {FORMAT}")
    body = content[_HEAD.size :]
    if hashlib.sha256(body).digest() != digest:
        raise BundleError("the hooks do not match their sha256")
    return body


def _header(body: bytes) -> tuple[_Header, bytes]:
    (length,) = _LENGTH.unpack_from(body)
    rest = body[_LENGTH.size :]
    if length > len(rest):
        raise BundleError("the hooks' header is cut off")
    return from_json(_Header, rest[:length], BundleError), rest[length:]


def _hook(entry: _Entry, at: int, arrays: Mapping[str, NDArray[Any]]) -> Hook:
    if entry.kind not in _CLASSES:
        raise BundleError(f"hooks of kind {entry.kind!r} are not known")
    prefix = f"{at}/"
    own = {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}
    try:
        return _CLASSES[entry.kind](SavedHook(entry.kind, entry.fields, own))
    except KeyError as error:
        raise BundleError(f"the {entry.kind} hook lacks {error.args[0]}") from None
    except (TypeError, ValueError, IndexError, AttributeError, LearningError) as error:
        raise BundleError(f"the {entry.kind} hook does not fit: {error}") from None
