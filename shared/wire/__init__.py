"""Wire format: frames of encoded tensors as bytes, and back. Pure functions; see docs/wire-format.md."""

from evosplit.shared.wire.decode import decode_frame
from evosplit.shared.wire.encode import encode_frame
from evosplit.shared.wire.frame import MAX_ELEMENTS, EncodedTensor, Frame, StreamHead
from evosplit.shared.wire.wire_sizes import frame_overhead_bytes, packed_size_bytes, tensor_overhead_bytes

__all__ = [
    "MAX_ELEMENTS",
    "EncodedTensor",
    "Frame",
    "StreamHead",
    "decode_frame",
    "encode_frame",
    "frame_overhead_bytes",
    "packed_size_bytes",
    "tensor_overhead_bytes",
]
