"""The Open Inference Protocol: round trips, golden bytes, and every lie that a body can tell."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from evosplit.shared import oip
from evosplit.shared.errors import InputError
from evosplit.shared.graph import Graph, Tensor

DATATYPES = [
    *("BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64"),
    *("FP16", "FP32", "FP64"),
]
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    dtype = oip.numpy_dtype(draw(st.sampled_from(DATATYPES)))
    return draw(hnp.arrays(dtype, draw(SHAPES)))


@st.composite
def byte_tensors(draw: st.DrawFn) -> oip.InferTensor:
    items = draw(st.lists(st.binary(max_size=9), max_size=6))
    data = np.array([*items, None], object)[:-1]
    return oip.InferTensor("s", "BYTES", data.shape, data)


def body_of(head: object, raw: bytes = b"") -> tuple[bytes, int]:
    text = json.dumps(head).encode()
    return text + raw, len(text)


def request_of(**tensor: object) -> tuple[bytes, int]:
    return body_of({"inputs": [{"name": "x", "datatype": "FP32", "shape": [2]} | tensor]})


@given(st.lists(arrays(), min_size=1, max_size=4), st.text(max_size=8), st.booleans())
def test_requests_survive_the_way(given_arrays: list[np.ndarray], frame_id: str, binary: bool) -> None:
    inputs = tuple(oip.tensor(f"t{index}", array) for index, array in enumerate(given_arrays))
    wanted = (oip.RequestedOutput("y", binary, 3), oip.RequestedOutput("z"))
    sent = oip.InferRequest(inputs, wanted, frame_id, {"a": 1, "b": "c"}, binary)
    got = oip.parse_request(*oip.build_request(sent))
    assert (got.id, got.outputs, got.binary_default) == (sent.id, sent.outputs, sent.binary_default)
    assert got.parameters["a"] == 1
    for mine, theirs in zip(sent.inputs, got.inputs, strict=True):
        assert (mine.name, mine.datatype, mine.shape) == (theirs.name, theirs.datatype, theirs.shape)
        assert theirs.data.flags.aligned
        np.testing.assert_array_equal(mine.data, theirs.data)


@given(arrays(), st.booleans())
@example(np.array([0, 2**63], np.uint64), False)  # NumPy takes these two, as JSON, for floats
def test_responses_survive_the_way(array: np.ndarray, binary: bool) -> None:
    response = oip.InferResponse("m", (oip.tensor("y", array),), id="7", parameters={"tail_s": 0.5})
    asked = oip.InferRequest((), binary_default=binary)
    body, length = oip.build_response(response, asked)
    assert (length is None) == (not binary)
    got = oip.parse_response(body, length)
    expected = array
    if array.dtype.kind == "f" and not binary:
        expected = np.where(np.isfinite(array), array, np.nan).astype(array.dtype)  # JSON has no infinity
    np.testing.assert_array_equal(got.arrays()["y"], expected)
    assert (got.id, got.model_name, got.parameters) == ("7", "m", {"tail_s": 0.5})


@given(byte_tensors())
def test_strings_survive_the_way(item: oip.InferTensor) -> None:
    got = oip.parse_request(*oip.build_request(oip.InferRequest((item,)))).inputs[0]
    assert got.data.tolist() == item.data.tolist()


def test_golden_request() -> None:
    content, length = oip.build_request(
        oip.InferRequest((oip.tensor("x", np.array([1, -2], np.float32)),), id="a", binary_default=True)
    )
    assert length % 8 == 0
    assert content[:length].rstrip() == (
        b'{"inputs":[{"name":"x","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}],'
        b'"id":"a","parameters":{"binary_data_output":true}}'
    )
    assert content[length:] == bytes.fromhex("0000803f000000c0")


def test_data_may_be_nested_or_flat() -> None:
    for data in ([[1, 2], [3, 4]], [1, 2, 3, 4]):
        (item,) = oip.parse_request(*request_of(shape=[2, 2], datatype="INT32", data=data)).inputs
        assert item.data.tolist() == [[1, 2], [3, 4]]


def test_an_output_that_says_so_overrides_the_request() -> None:
    asked = oip.InferRequest(
        (), (oip.RequestedOutput("a", False), oip.RequestedOutput("b")), binary_default=True
    )
    assert (asked.wants_binary("a"), asked.wants_binary("b")) == (False, True)


@pytest.mark.parametrize(
    ("tensor", "says"),
    [
        ({"data": [1, 2, 3]}, "do not fit"),
        ({"data": [[1], [2]]}, "do not fit"),
        ({"data": [[1], [2, 3]]}, "even list"),
        ({"data": ["a", "b"]}, "even list|not all"),
        ({"data": {"a": 1}}, "even list|not all"),
        ({"data": [1, 2], "datatype": "FP31"}, "not supported"),
        ({"data": [1.5, 2], "datatype": "INT8"}, "not all INT8"),
        ({"data": [1, 300], "datatype": "UINT8"}, "outside UINT8"),
        ({"data": [1, 2], "datatype": "BOOL"}, "not all BOOL"),
        ({"data": [1, 2], "datatype": "BYTES"}, "not all strings"),
        ({"data": [1, 2], "shape": [-2]}, "shape"),
        ({"data": [1, 2], "shape": [2**40]}, "do not fit"),
        ({}, "needs either"),
        ({"data": [1, 2], "parameters": {"binary_data_size": 0}}, "needs either"),
        ({"parameters": {"binary_data_size": 8}}, "claim 8 raw bytes"),
        ({"parameters": {"binary_data_size": -8}}, "not a number of bytes"),
        ({"parameters": {"binary_data_size": True}}, "not a number of bytes"),
        ({"parameters": {"shared_memory_region": "r"}}, "needs either"),
        ({"parameters": {"a": [1]}}, "parameters"),
    ],
)
def test_tensors_that_lie(tensor: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        oip.parse_request(*request_of(**tensor))


@pytest.mark.parametrize(
    ("body", "length", "says"),
    [
        (b"", None, "JSON part"),
        (b"{}", 3, "JSON part"),
        (b"{}", 0, "JSON part"),
        (b"{}", None, "inputs"),
        (b"[" * 100_000, None, "RequestHead"),
        (b"\xff", None, "RequestHead"),
        (b'{"inputs": []}', None, "no inputs"),
        (b'{"inputs":[{"name":"x","datatype":"INT8","shape":[0],"data":[]}]}etc', 65, "the body holds 3"),
    ],
)
def test_bodies_that_lie(body: bytes, length: int | None, says: str) -> None:
    with pytest.raises(InputError, match=says):
        oip.parse_request(body, length)


def test_raw_bytes_that_do_not_fill_the_shape() -> None:
    head = {"name": "x", "datatype": "FP32", "shape": [3], "parameters": {"binary_data_size": 8}}
    with pytest.raises(InputError, match="takes 12"):
        oip.parse_request(*body_of({"inputs": [head]}, bytes(8)))


def test_a_bool_that_is_none() -> None:
    head = {"name": "x", "datatype": "BOOL", "shape": [2], "parameters": {"binary_data_size": 2}}
    with pytest.raises(InputError, match="neither 0 nor 1"):
        oip.parse_request(*body_of({"inputs": [head]}, b"\1\2"))


def test_a_string_past_the_end() -> None:
    head = {"name": "x", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": 6}}
    for raw in (b"\3\0\0\0ab", b"\1\0\0\0aa", b"\0\0\0\0\0\0"):
        with pytest.raises(InputError):
            oip.parse_request(*body_of({"inputs": [head]}, raw))


def test_a_tensor_given_twice() -> None:
    head = {"name": "x", "datatype": "FP32", "shape": [0], "data": []}
    with pytest.raises(InputError, match="twice"):
        oip.parse_request(*body_of({"inputs": [head, head]}))


@given(st.binary(max_size=64), st.one_of(st.none(), st.integers(-3, 70)))
def test_noise_ends_in_a_typed_error(body: bytes, length: int | None) -> None:
    with pytest.raises(InputError):
        oip.parse_request(body, length)


def test_unaligned_bytes_become_aligned_arrays() -> None:
    head = {"name": "x", "datatype": "FP64", "shape": [2], "parameters": {"binary_data_size": 16}}
    for pad in range(8):
        text = json.dumps({"inputs": [head]}).encode() + b" " * pad
        got = oip.parse_request(text + np.array([1.0, 2.0]).tobytes(), len(text)).inputs[0].data
        assert got.flags.aligned
        assert got.tolist() == [1.0, 2.0]


def test_classes_come_best_first_with_their_labels() -> None:
    scores = oip.tensor("y", np.array([[0.1, 0.7, 0.2]], np.float32))
    best = oip.classify(scores, 2, ("a", "b", "c"))
    assert (best.datatype, best.shape) == ("BYTES", (1, 2))
    assert best.data.tolist() == [[b"0.700000:1:b", b"0.200000:2:c"]]
    assert oip.classify(scores, 9).shape == (1, 3)


def test_metadata_names_what_a_client_needs() -> None:
    tensors = {item.name: item for item in (Tensor("x", (1, 3), "float32"), Tensor("y", (1,), "int64"))}
    unused = (Tensor("z", (2,), "bool"),)
    described = oip.model_metadata(
        Graph("m", "0" * 64, (), tensors, ("x",), ("y",), onnx.ModelProto(), unused_inputs=unused)
    )
    assert described["inputs"] == [
        {"name": "x", "datatype": "FP32", "shape": [1, 3]},
        {"name": "z", "datatype": "BOOL", "shape": [2]},
    ]
    assert described["outputs"] == [{"name": "y", "datatype": "INT64", "shape": [1]}]
    assert "binary_tensor_data" in oip.server_metadata("evosplit", "1")["extensions"]


def test_a_dtype_that_the_protocol_lacks() -> None:
    with pytest.raises(InputError, match="complex64"):
        oip.datatype_of("complex64")


@given(st.lists(st.text(max_size=9), max_size=6), st.booleans())
def test_texts_of_a_network_come_back_as_they_were(texts: list[str], binary: bool) -> None:
    data = np.array([*texts, None], object)[:-1]
    response = oip.InferResponse("m", (oip.tensor("label", data),))
    request = oip.InferRequest((), binary_default=binary)
    read = oip.parse_response(*oip.build_response(response, request))
    assert read.native()["label"].tolist() == texts
    assert [item.decode() for item in read.arrays()["label"]] == texts
