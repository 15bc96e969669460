"""Split inference of ONNX networks: an edge head, a cloud tail, an exact planner for the cut and the bits."""
