"""Frame pipeline: the way of a frame from its acceptance to its stored result."""
