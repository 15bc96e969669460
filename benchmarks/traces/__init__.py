"""The parts of `benchmarks.mobile_traces`."""
