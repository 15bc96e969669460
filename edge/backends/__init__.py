"""Execution backends of a segment: ONNX Runtime, 8-bit integers, masked kernels; measurement chooses."""
