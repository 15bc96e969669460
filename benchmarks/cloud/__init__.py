"""The parts of the benchmarks of the cloud tier."""
