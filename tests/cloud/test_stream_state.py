"""What the cloud keeps of streams: limits, lifetime, threads, refusals over HTTP, and frames that lie."""

from __future__ import annotations

import contextlib
import dataclasses
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from cloud_support import app_client, blob_request, data_plane, model_folder, seeded_feeds, whole_outputs
from hypothesis import given, settings
from hypothesis import strategies as st

from evosplit.cloud.dataplane import Call
from evosplit.cloud.registry import Registry, open_registry
from evosplit.cloud.repository.model_source import ModelFolder
from evosplit.cloud.stream_state import STATE_BYTES, StreamKey, StreamStore, restore
from evosplit.kernels.delta import encode_delta
from evosplit.kernels.unpacked_codes import digest, encode_whole, to_codes
from evosplit.shared import oip
from evosplit.shared.errors import InputError, UnknownBaseError, WireError
from evosplit.shared.graph import prefix_cut
from evosplit.shared.plan import TensorCode
from evosplit.shared.session import Runner
from evosplit.shared.split import head_model
from evosplit.shared.wire import Frame, StreamHead, decode_frame, encode_frame

SHA = "ab" * 32
KEY = StreamKey(1, SHA, "3", "cam")
CODE = TensorCode(5, -1.0, 1.0)
ONE = STATE_BYTES + 40
"""What a state of 40 codes takes."""


def coded(seed: int, shape: tuple[int, ...] = (1, 4, 10)):
    values = np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)
    return to_codes("x", values, CODE)


def state(seed: int = 0, count: int = 40):
    return {"x": coded(seed, (count,))}


def test_a_stream_holds_only_so_many_states():
    store = StreamStore()
    for number in range(1, 100):
        store.keep(KEY, number, state())
    assert store.memory_bytes == 6 * ONE
    assert store.base(KEY, 94)
    assert store.base(KEY, 99)
    with pytest.raises(UnknownBaseError, match="frame 93 of stream 'cam' is not held here"):
        store.base(KEY, 93)


def test_a_base_on_its_way_is_waited_for():
    store = StreamStore(on_its_way_s=60)
    store.keep(KEY, 1, state())
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.base, KEY, 3)
        store.keep(KEY, 2, state(2))
        assert not waiting.done()
        store.keep(KEY, 3, state(3))
        assert waiting.result(60)["x"].codes is not None


def test_nobody_waits_for_what_cannot_come_any_more():
    store = StreamStore(on_its_way_s=3600)
    with pytest.raises(UnknownBaseError):
        store.base(KEY, 3)
    store.keep(KEY, 4, state())
    with pytest.raises(UnknownBaseError):
        store.base(KEY, 3)


def test_the_longest_unused_stream_goes_first():
    store = StreamStore(limit_bytes=2 * ONE + 20)
    keys = [KEY._replace(stream=name) for name in ("one", "two", "three")]
    store.keep(keys[0], 1, state())
    store.keep(keys[1], 1, state())
    store.base(keys[0], 1)
    store.keep(keys[2], 1, state())
    assert store.memory_bytes == 2 * ONE
    with pytest.raises(UnknownBaseError):
        store.base(keys[1], 1)
    store.keep(keys[1], 2, state(count=2 * ONE))
    assert (len(store), store.memory_bytes) == (0, 0)


def test_streams_end_when_nobody_uses_them():
    now_s = 0.0
    store = StreamStore(lifetime_s=10, clock=lambda: now_s)
    store.keep(KEY, 1, state())
    now_s = 9.0
    assert store.base(KEY, 1)
    now_s = 20.0
    with pytest.raises(UnknownBaseError):
        store.base(KEY, 1)
    assert store.memory_bytes == 0


def test_several_threads():
    store = StreamStore(limit_bytes=25 * ONE)

    def use(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for number in range(1, 200):
            key = KEY._replace(stream=str(rng.integers(6)))
            store.keep(key, number, state())
            with contextlib.suppress(UnknownBaseError):
                store.base(key, number)
            assert store.memory_bytes <= 25 * ONE

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(use, range(4)))
    for name in range(6):
        store.drop(KEY._replace(stream=str(name)))
    assert (store.memory_bytes, len(store)) == (0, 0)


def key_frame(codes, sequence: int = 1, **changes) -> Frame:
    head = StreamHead(1, "cam", sequence, 0, 8, digest([codes]))
    return Frame("f", SHA, "3", (encode_whole(codes),), dataclasses.replace(head, **changes))


def delta_frame(base, codes, **changes) -> Frame:
    head = StreamHead(1, "cam", 2, 1, 8, digest([codes]))
    return Frame("f", SHA, "3", (encode_delta(base, codes, 8)[0],), dataclasses.replace(head, **changes))


def arrive(store: StreamStore, frame: Frame):
    assert frame.stream is not None
    return restore(store, frame, frame.stream)


def test_a_key_frame_with_a_wrong_digest_is_refused():
    with pytest.raises(WireError, match="do not match"):
        arrive(StreamStore(), key_frame(coded(0), digest=1))


def test_a_base_that_is_another_one_here_is_dropped():
    store = StreamStore()
    arrive(store, key_frame(coded(0)))
    with pytest.raises(UnknownBaseError, match="is another one here"):
        arrive(store, delta_frame(coded(1), coded(2)))
    assert len(store) == 0


def test_other_tensors_than_the_bases():
    store = StreamStore()
    arrive(store, key_frame(coded(0)))
    with pytest.raises(WireError, match="other tensors"):
        arrive(store, dataclasses.replace(delta_frame(coded(0), coded(1)), tensors=()))
    with pytest.raises(WireError, match="another kind"):
        arrive(store, delta_frame(coded(0, (1, 40)), coded(1, (1, 40))))


def test_what_is_not_to_be_kept_is_not():
    store = StreamStore()
    arrive(store, key_frame(coded(0), keep=False))
    assert len(store) == 0


BASE, NOW = coded(0), coded(0)
NOW.codes[5:7] ^= 3
LIE = encode_frame(delta_frame(BASE, NOW))
EDITS = st.lists(st.tuples(st.integers(0, len(LIE) - 5), st.integers(0, 255)), min_size=1, max_size=6)


@settings(max_examples=1500, deadline=None)
@given(EDITS, st.integers(0, 40))
def test_liars_with_a_right_checksum_end_in_typed_errors(edits, cut):
    """What is understood has the sender's digest, and the shape of the base."""
    body = bytearray(LIE[:-4])
    for place, value in edits:
        body[place] = value
    body = body[: len(body) - cut]
    struct.pack_into("<I", body, 8, len(body) + 4)
    store = StreamStore()
    arrive(store, key_frame(BASE))
    try:
        frame = decode_frame(bytes(body) + struct.pack("<I", zlib.crc32(body)), max_elements=100_000)
        got = {} if frame.stream is None else arrive(store, frame)
    except (WireError, UnknownBaseError):
        return
    for codes in got.values():
        assert codes.values().shape == codes.shape
        assert frame.stream is not None
        assert frame.stream.digest == digest(got.values())


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_folder(tmp_path_factory.mktemp("models"))


def boundary(registry: Registry, seed: int):
    model = registry.get("chain")
    cut, feeds = prefix_cut(model.graph, 2), seeded_feeds(model, seed)
    head = Runner(head_model(model.graph, cut))
    (name,) = cut.boundary
    made = head.run({key: feeds[key] for key in head.input_names})[name]
    return model, cut, to_codes(name, made, TensorCode(16, -20.0, 20.0)), whole_outputs(model, feeds)["y"]


def stream_frame(registry: Registry, seed: int, base_seed: int | None = None) -> tuple[bytes, np.ndarray]:
    model, cut, codes, expected = boundary(registry, seed)
    head = StreamHead(
        1, "cam", 1 if base_seed is None else 2, 0 if base_seed is None else 1, 8, digest([codes])
    )
    whole = encode_whole(codes) if base_seed is None else None
    tensor = whole or encode_delta(boundary(registry, base_seed or 0)[2], codes, 8)[0]
    return encode_frame(Frame("f", model.graph.sha256, cut.key, (tensor,), head)), expected


def test_over_http_a_delta_without_its_base_is_409(nets: Path) -> None:
    registry = open_registry(ModelFolder(nets))
    key, first = stream_frame(registry, 0)
    delta, second = stream_frame(registry, 1, base_seed=0)
    with app_client(nets) as client:
        refusal = client.infer("chain", blob_request(oip.FRAME_INPUT, delta))
        assert refusal.status == 409
        assert refusal.json() == {"error": "frame 1 of stream 'cam' is not held here"}
        for content, expected in ((key, first), (delta, second), (delta, second)):
            answer = client.infer("chain", blob_request(oip.FRAME_INPUT, content))
            assert answer.status == 200
            np.testing.assert_allclose(answer.infer().arrays()["y"], expected, atol=0.01)


def test_a_delta_of_the_wrong_shape_is_no_work(nets: Path) -> None:
    registry = open_registry(ModelFolder(nets))
    content, _ = stream_frame(registry, 0)
    frame = decode_frame(content)
    tensor = dataclasses.replace(encode_delta(coded(0), coded(1), 8)[0], name=frame.tensors[0].name)
    assert frame.stream is not None
    head = dataclasses.replace(frame.stream, sequence=2, base=1)
    wrong = encode_frame(dataclasses.replace(frame, tensors=(tensor,), stream=head))
    body, length = oip.build_request(blob_request(oip.FRAME_INPUT, wrong))
    with pytest.raises(InputError, match="the model takes"):
        data_plane(registry).answer("chain", Call(body, length, time.perf_counter()))
