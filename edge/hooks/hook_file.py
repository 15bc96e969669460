"""File of learned hooks beside the bundle, checked before anything in it is used.

Layout, little-endian: ``EVSH``, version (u32), sha256 of all that follows (32 bytes), then an archive of
arrays (`evosplit.shared.array_file`). Its JSON object lists the hooks; array ``3/net/w`` belongs to the hook
at position 3. Nothing in a file is ever executed.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from numpy.typing import NDArray

from evosplit.edge.hooks.bits import BitsHook
from evosplit.edge.hooks.channels import ChannelsHook
from evosplit.edge.hooks.exit import ExitHook
from evosplit.edge.hooks.hook import Hook, SaveableHook, SavedHook, arrays_below
from evosplit.edge.hooks.mask import RegionMaskHook
from evosplit.edge.hooks.repeat import RepeatHook
from evosplit.edge.hooks.saliency import SaliencyMaskHook
from evosplit.edge.hooks.skip import SkipHook
from evosplit.shared.array_file import read_arrays, write_arrays
from evosplit.shared.atomic_write import write_whole
from evosplit.shared.errors import BundleError, LearningError
from evosplit.shared.serial import from_data, to_json

FORMAT: Final = 2
MAGIC: Final = b"EVSH"
_HEAD: Final = struct.Struct("<4sI32s")

Restored: TypeAlias = Callable[[SavedHook], Hook]

RESTORED: Final[Mapping[str, Restored]] = {
    "bits": BitsHook.restored,
    "channels": ChannelsHook.restored,
    "exit": ExitHook.restored,
    "region": RegionMaskHook.restored,
    "repeat": RepeatHook.restored,
    "saliency": SaliencyMaskHook.restored,
    "skip": SkipHook.restored,
}
"""What reads the hooks of each kind that this package knows."""


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
    write_whole(path, encode_hooks(model_sha256, hooks), durable=True)


def load_hooks(
    path: Path, model_sha256: str, restored: Mapping[str, Restored] = RESTORED
) -> tuple[Hook, ...]:
    """The hooks of a file; ``restored`` reads those of each kind.

    Raises BundleError: unreadable, damaged, of another model, format or kind.
    """
    try:
        return decode_hooks(path.read_bytes(), model_sha256, restored)
    except OSError as error:
        raise BundleError(f"cannot read the hooks {path.name}: {error.strerror or error}") from None
    except BundleError as error:
        raise BundleError(f"{path.name}: {error}") from None


def encode_hooks(model_sha256: str, hooks: Iterable[Hook]) -> bytes:
    """A file's content. Equal hooks give equal bytes."""
    saved = [hook.saved() for hook in hooks if isinstance(hook, SaveableHook)]
    header = _Header(model_sha256, tuple(_Entry(hook.kind, hook.fields) for hook in saved))
    arrays = {
        f"{index}/{name}": array for index, hook in enumerate(saved) for name, array in hook.arrays.items()
    }
    stream = io.BytesIO()
    write_arrays(stream, json.loads(to_json(header)), dict(sorted(arrays.items())))
    body = stream.getvalue()
    return _HEAD.pack(MAGIC, FORMAT, hashlib.sha256(body).digest()) + body


def decode_hooks(
    content: bytes, model_sha256: str, restored: Mapping[str, Restored] = RESTORED
) -> tuple[Hook, ...]:
    """The hooks of a file's content. Raises BundleError."""
    try:
        with read_arrays(io.BytesIO(_checked(content)), "the hooks") as archive:
            arrays = {name: archive.read(name) for name in archive.names()}
    except LearningError as error:
        raise BundleError(str(error)) from None
    header = from_data(_Header, archive.meta, BundleError)
    if header.model_sha256 != model_sha256:
        raise BundleError(f"the hooks are of model {header.model_sha256[:12]}, not {model_sha256[:12]}")
    return tuple(_hook(entry, index, arrays, restored) for index, entry in enumerate(header.hooks))


def _checked(content: bytes) -> bytes:
    if len(content) < _HEAD.size:
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


def _hook(
    entry: _Entry, index: int, arrays: Mapping[str, NDArray[Any]], restored: Mapping[str, Restored]
) -> Hook:
    if entry.kind not in restored:
        raise BundleError(f"hooks of kind {entry.kind!r} are not known")
    own = arrays_below(arrays, f"{index}/")
    try:
        return restored[entry.kind](SavedHook(entry.kind, entry.fields, own))
    except KeyError as error:
        raise BundleError(f"the {entry.kind} hook lacks {error.args[0]}") from None
    except (TypeError, ValueError, IndexError, AttributeError, LearningError) as error:
        raise BundleError(f"the {entry.kind} hook does not fit: {error}") from None
