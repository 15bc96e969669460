"""Output decoders: what a network's outputs mean, one file per kind of output."""
