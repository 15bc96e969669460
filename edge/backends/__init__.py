"""What executes a segment of a head: ONNX Runtime, 8-bit integers or masked kernels; measurement chooses."""
