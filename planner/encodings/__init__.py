"""Pictures that travel instead of the input tensor made of them."""

from evosplit.planner.encodings.input_encoding import CodecSpeed, InputEncoding

__all__ = ["CodecSpeed", "InputEncoding"]
