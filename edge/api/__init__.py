"""HTTP API of an agent: frames in, results out, and the Open Inference Protocol."""
