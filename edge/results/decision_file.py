"""Decision log on disk: appended line by line, up to a size."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import BinaryIO, Final

from evosplit.shared.decision_log import Line, line_text
from evosplit.shared.errors import UsageError

MOST_BYTES: Final = 256 * 10**6
"""A longer log is not written on: its beginning is what a replay needs."""

_log = logging.getLogger(__name__)


class DecisionFile:
    """A new file; what was there before is another run's, and goes. Raises UsageError."""

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._left_bytes = most_bytes
        self._stream: BinaryIO | None = self._opened()

    def write(self, line: Line) -> None:
        """Append a line; when the disk or the size is at its end, the log is, and serving goes on."""
        if self._stream is None:
            return
        text = line_text(line)
        self._left_bytes -= len(text)
        if self._left_bytes < 0:
            self._end("it is long enough")
            return
        try:
            self._stream.write(text)
        except OSError as full:
            self._end(full.strerror)

    def _end(self, reason: str | None) -> None:
        _log.warning("the decision log %s ends here: %s", self._path, reason)
        self.close()

    def close(self) -> None:
        """Write what is left."""
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.close()
            except OSError as full:
                _log.warning("the decision log %s lacks its end: %s", self._path, full.strerror)

    def _opened(self) -> BinaryIO:
        try:
            return self._path.open("wb", buffering=1 << 16)
        except OSError as problem:
            raise UsageError(f"cannot write the decision log {self._path}: {problem.strerror}") from None
