"""Shared parts of the benchmarks on hall.mp4."""
