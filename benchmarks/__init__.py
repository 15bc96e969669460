"""Benchmarks: every figure of the README, measured again by one command each."""
