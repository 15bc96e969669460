"""Batch keys: equal for what runs on one tail, none for what is slow to decode, whatever the bytes are."""

from __future__ import annotations

import numpy as np
from cloud_support import blob_request, frame_bytes, seeded_feeds
from hypothesis import example, given
from hypothesis import strategies as st

from evosplit.cloud.batching.tail_hint import LARGEST_FRAME_BYTES, tail_hint
from evosplit.cloud.registry import Model, Registry
from evosplit.shared import oip
from evosplit.shared.graph import prefix_cut
from evosplit.shared.wire.frame import MAGIC


def body_of(model: Model, cut: int, seed: int = 0) -> tuple[bytes, int]:
    content = frame_bytes(model, prefix_cut(model.graph, cut), seeded_feeds(model, seed))
    return oip.build_request(blob_request(oip.FRAME_INPUT, content))


def test_frames_of_one_cut_wait_together(registry: Registry) -> None:
    model, other = registry.get("residual"), registry.get("chain")
    hints = [tail_hint(*body_of(model, 2, seed)) for seed in range(3)]
    others = [tail_hint(*body_of(model, 3)), tail_hint(*body_of(other, 2))]
    assert hints[0] == hints[1] == hints[2]
    assert len({hints[0], *others, None, b""}) == 5


def test_tensors_wait_together() -> None:
    asked = oip.InferRequest((oip.tensor("x", np.zeros((1, 3), np.float32)),))
    assert tail_hint(*oip.build_request(asked)) == b""


def test_pictures_json_and_large_frames_are_decoded_before() -> None:
    picture = oip.build_request(blob_request(oip.PICTURE_INPUT, b"P6 1 1 255 abc"))
    large = oip.build_request(blob_request(oip.FRAME_INPUT, MAGIC + bytes(LARGEST_FRAME_BYTES)))
    texts = oip.build_request(oip.InferRequest((oip.tensor("x", np.array(["a"], object)),)))
    assert tail_hint(*picture) is tail_hint(*large) is tail_hint(*texts) is None
    assert tail_hint(b'{"inputs":[]}', None) is None


@given(st.binary(max_size=200), st.integers(-2, 300))
@example(MAGIC + b"\1\0" + b"\xff" * 42, 0)
@example(b"{}" + MAGIC + b"\3\0" + b"\xff" * 42, 2)
@example(b"{}" + MAGIC, 2)
def test_no_bytes_are_too_odd(body: bytes, header_length: int) -> None:
    hint = tail_hint(body, header_length)
    assert hint is None or len(hint) <= len(body) + 2
