"""The HTTP face of an agent: frames in, results out, and the Open Inference Protocol."""
