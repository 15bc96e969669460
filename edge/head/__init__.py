"""How a head runs: a short list of segments, with hooks between them."""
