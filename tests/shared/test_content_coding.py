"""Content codings, and that a small body cannot become a large one."""

from __future__ import annotations

import gzip
import zlib

import pytest

from evosplit.shared.content_coding import CodingError, TooLargeError, chosen_coding, compress, decompress
from evosplit.shared.errors import InputError

BODY = b"activations " * 100


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_round_trip(coding: str) -> None:
    assert chosen_coding(coding) == coding
    packed = compress(BODY, coding)
    assert len(packed) < len(BODY)
    assert decompress(packed, coding.upper(), len(BODY)) == BODY


def test_foreign_encoders_are_understood() -> None:
    assert decompress(gzip.compress(BODY), "gzip", 10_000) == BODY
    assert decompress(zlib.compress(BODY), "deflate", 10_000) == BODY


@pytest.mark.parametrize("accepted", [None, "", "identity", "br", "gzip, deflate", "gzip;q=0", "*"])
def test_only_a_client_that_means_it_gets_compression(accepted: str | None) -> None:
    assert chosen_coding(accepted) is None


def test_a_bomb_is_refused_before_it_unfolds() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    with pytest.raises(TooLargeError, match="limit of 1000 bytes") as caught:
        decompress(bomb, "gzip", 1000)
    assert caught.value.http_status == 413


# Of a fixed time: two processes of a run collect the same names of tests.
WHOLE = gzip.compress(BODY, mtime=0)


@pytest.mark.parametrize("body", [b"", b"noise", WHOLE[:-4], WHOLE + b"x"])
def test_broken_streams(body: bytes) -> None:
    with pytest.raises(InputError, match="gzip"):
        decompress(body, "gzip", 10_000)


def test_an_unknown_coding() -> None:
    with pytest.raises(CodingError, match="zstd"):
        decompress(BODY, "zstd", 10_000)
