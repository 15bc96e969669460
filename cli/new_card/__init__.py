"""Recognition of an ONNX file, for a first model card: the picture it wants, and what its outputs mean."""
