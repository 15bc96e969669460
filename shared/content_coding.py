"""HTTP content codings: gzip and deflate."""

from __future__ import annotations

import zlib
from typing import Final

from evosplit.shared.errors import InputError

_WINDOW: Final = {"gzip": 31, "deflate": 15}
"""zlib's ``wbits``: deflate means the zlib format (RFC 9110, section 8.4.1.2)."""
_LEVEL: Final = 1


class TooLargeError(InputError):
    """A body beyond the limit."""

    http_status = 413


class CodingError(InputError):
    """A content coding that is not supported."""

    http_status = 415


def decompress(body: bytes, coding: str | None, max_bytes: int) -> bytes:
    """A request's body without its coding. Raises TooLargeError, CodingError, InputError.

    Never holds more than ``max_bytes`` of output, whatever the input claims.
    """
    name = (coding or "identity").strip().lower()
    if name == "identity":
        return body
    if name not in _WINDOW:
        raise CodingError(f"content encoding {name!r} is not supported (gzip and deflate are)")
    stream = zlib.decompressobj(_WINDOW[name])
    try:
        content = stream.decompress(body, max_bytes + 1)
    except zlib.error:
        raise InputError(f"the body is not valid {name}") from None
    if len(content) > max_bytes:
        raise TooLargeError(f"the body is larger than the limit of {max_bytes} bytes")
    if not stream.eof or stream.unused_data:
        raise InputError(f"the body is not one whole {name} stream")
    return content


def chosen_coding(accepted: str | None) -> str | None:
    """The coding of a response, if the client asks for one and only one of them.

    HTTP libraries accept everything by default; activations and scores compress badly, so only a client
    that asks for it (as ``tritonclient`` does with ``response_compression_algorithm``) pays for compression.
    """
    name = (accepted or "").strip().lower()
    return name if name in _WINDOW else None


def compress(body: bytes, coding: str) -> bytes:
    """A response's body under a `chosen_coding`."""
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW[coding])
    return stream.compress(body) + stream.flush()
