"""Open Inference Protocol v2 over REST with the binary tensor extension: pure functions over bytes.

Both tiers speak it. ``parse_*`` read what a peer sent and check every length before it is used;
``build_*`` write it. A body is one JSON object, then the raw little-endian tensors in the order in which
the object names them; the HTTP header `HEADER_LENGTH` holds the number of bytes of the object.
"""

from evosplit.shared.oip.datatypes import datatype_of, numpy_dtype
from evosplit.shared.oip.messages import (
    BINARY_TYPE,
    CLIENT_HEADER,
    FRAME_INPUT,
    HEADER_LENGTH,
    MODEL_VERSION,
    PICTURE_INPUT,
    SIZED_PICTURE_INPUT,
    STALE_MODEL,
    InferRequest,
    InferResponse,
    InferTensor,
    RequestedOutput,
    Scalar,
    blob_tensor,
    tensor,
)
from evosplit.shared.oip.metadata import model_metadata, server_metadata
from evosplit.shared.oip.request import build_request, parse_request
from evosplit.shared.oip.requested_outputs import check_outputs, classify, requested_outputs
from evosplit.shared.oip.response import build_response, parse_response
from evosplit.shared.oip.server_timing import SERVER_TIMING, queue_wait_s, server_timing_header
from evosplit.shared.oip.tensor_checks import check_kind, check_names, header_length, model_inputs
from evosplit.shared.oip.time_left import TIME_LEFT, time_left_header, time_left_s

__all__ = [
    "BINARY_TYPE",
    "CLIENT_HEADER",
    "FRAME_INPUT",
    "HEADER_LENGTH",
    "MODEL_VERSION",
    "PICTURE_INPUT",
    "SERVER_TIMING",
    "SIZED_PICTURE_INPUT",
    "STALE_MODEL",
    "TIME_LEFT",
    "InferRequest",
    "InferResponse",
    "InferTensor",
    "RequestedOutput",
    "Scalar",
    "blob_tensor",
    "build_request",
    "build_response",
    "check_kind",
    "check_names",
    "check_outputs",
    "classify",
    "datatype_of",
    "header_length",
    "model_inputs",
    "model_metadata",
    "numpy_dtype",
    "parse_request",
    "parse_response",
    "queue_wait_s",
    "requested_outputs",
    "server_metadata",
    "server_timing_header",
    "tensor",
    "time_left_header",
    "time_left_s",
]
