"""Picture encodings of a model's input, instead of the tensor made of it."""

from evosplit.planner.encodings.input_encoding import CodecSpeed, InputEncoding

__all__ = ["CodecSpeed", "InputEncoding"]
