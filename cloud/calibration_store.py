"""Store of calibration inputs that devices send, in bounded sets.

An input is kept as the bytes of the inference request that it came as, which are few: encoded tensors or a
picture of the network's size.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evosplit.cloud.registry import Model
from evosplit.cloud.request_inputs import read_inputs
from evosplit.cloud.stream_state import StreamStore
from evosplit.shared.errors import InputError, NotFoundError
from evosplit.shared.graph import prefix_cut
from evosplit.shared.oip import parse_request
from evosplit.shared.storage.objects import Entry, Objects

MOST_INPUTS: Final = 512
"""Of one set."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_FILE: Final = re.compile(r"(\d+)-(\d+)")

Feeds = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class CalibrationStore:
    """Sets of inputs by model and name, ``SET/INDEX-HEADER``; safe to call from several threads.

    At most ``most_sets`` of ``set_bytes`` each are kept; the one that was longest not written to is dropped.
    """

    objects: Objects
    set_bytes: int = 64 * 10**6
    most_sets: int = 16
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, model: Model, name: str, index: int, body: bytes, header_length: int | None) -> None:
        """Keep one input, an inference request; one of the same index is replaced.

        Raises InputError for what the network does not take, is not finite, or is too much; WireError.
        """
        if not 0 <= index < MOST_INPUTS:
            raise InputError(f"a calibration input's number is from 0 to {MOST_INPUTS - 1}, not {index}")
        check_input(model, body, header_length)
        place = self._place(model, name)
        with self._lock:
            known = _inputs(place)
            old = known.get(index)
            held = sum(entry.size_bytes for other, entry in known.items() if other != index)
            if held + len(body) > self.set_bytes:
                raise InputError(f"calibration {name!r} would take more than {self.set_bytes} bytes")
            new = f"{index}-{header_length or 0}"
            place.write(new, body)
            if old is not None and old.name != new:
                place.remove(old.name)
            self._drop_oldest()

    def indices(self, model: Model, name: str) -> tuple[int, ...]:
        """Which inputs are there. Raises NotFoundError for a set that is not (any more)."""
        return tuple(sorted(self._set(model, name)))

    def feeds(self, model: Model, name: str) -> tuple[Feeds, ...]:
        """The inputs of a set by index. Raises NotFoundError, and as `put`."""
        place, inputs = self._place(model, name), self._set(model, name)
        return tuple(_read(model, place, inputs[index]) for index in sorted(inputs))

    def fingerprint(self, model: Model, name: str) -> str:
        """Another one for every other content. Raises NotFoundError."""
        place, total = self._place(model, name), hashlib.sha256()
        for index, entry in sorted(self._set(model, name).items()):
            total.update(f"{index}\0".encode())
            total.update(hashlib.sha256(place.read(entry.name)).digest())
        return total.hexdigest()

    def _set(self, model: Model, name: str) -> Mapping[int, Entry]:
        inputs = _inputs(self._place(model, name))
        if not inputs:
            raise NotFoundError(f"no calibration {name[:64]!r} of {model.name} here")
        return inputs

    def _place(self, model: Model, name: str) -> Objects:
        if not _NAME.fullmatch(name):
            raise InputError("a calibration's name is 1 to 64 of the characters A-Z a-z 0-9 _ -")
        return self.objects.below(f"{model.graph.sha256[:16]}-{name}")

    def _drop_oldest(self) -> None:
        sets: dict[str, list[Entry]] = {}
        for entry in self.objects.entries():
            sets.setdefault(entry.name.partition("/")[0], []).append(entry)
        by_age = sorted(sets.values(), key=lambda entries: max(entry.changed_s for entry in entries))
        for entries in by_age[: -self.most_sets]:
            for entry in entries:
                self.objects.remove(entry.name)


def calibrations_in(objects: Objects) -> CalibrationStore:
    """The sets of a store."""
    return CalibrationStore(objects.below("calibrations"))


def check_input(model: Model, body: bytes, header_length: int | None) -> Feeds:
    """The network's inputs in an inference request. Raises InputError, WireError."""
    entry = read_inputs(model, parse_request(body, header_length), StreamStore(0))
    if entry.cut != prefix_cut(model.graph, 0):
        raise InputError("a calibration input is what the whole network reads, not what crosses a cut")
    for name, array in entry.feeds.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(f"a calibration input has NaN or infinity in {name!r}")
    return dict(entry.feeds)


def _inputs(place: Objects) -> dict[int, Entry]:
    """Inputs of a set by index; their names hold the length of the request's header, 0 for none."""
    matches = ((entry, _FILE.fullmatch(entry.name)) for entry in place.entries())
    return {int(match[1]): entry for entry, match in matches if match}


def _read(model: Model, place: Objects, entry: Entry) -> Feeds:
    length = int(entry.name.split("-")[1])
    return check_input(model, place.read(entry.name), length or None)
