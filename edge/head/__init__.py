"""Head execution: a short list of segments, with hooks between them."""
