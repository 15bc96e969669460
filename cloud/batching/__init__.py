"""Dynamic batching of tails: which may be, at which sizes it pays, and who runs together."""
