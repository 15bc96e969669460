"""Streams: state that is kept per stream between two frames."""
