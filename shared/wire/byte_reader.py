"""Bounds-checked reader over the bytes of a frame."""

from __future__ import annotations

from evosplit.shared.errors import WireError
from evosplit.shared.wire.frame import MAX_TEXT_BYTES


class Reader:
    """Takes views from the front. Raises WireError where too little is left."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._taken = 0

    @property
    def left(self) -> int:
        """Bytes not yet taken."""
        return len(self._view) - self._taken

    def need(self, count: int) -> None:
        """Raise WireError unless so many bytes are left."""
        if count > self.left:
            raise WireError(f"a frame ends {count - self.left} bytes early")

    def take(self, count: int) -> memoryview:
        """The next bytes."""
        start, end = self._taken, self._taken + count
        if end > len(self._view):
            self.need(count)
        self._taken = end
        return self._view[start:end]

    def text(self, count: int) -> str:
        """The next bytes as UTF-8."""
        if count > MAX_TEXT_BYTES:
            raise WireError(f"a name of {count} bytes is longer than the limit of {MAX_TEXT_BYTES}")
        try:
            return str(self.take(count), "utf-8")
        except UnicodeDecodeError:
            raise WireError("a name is not valid UTF-8") from None
