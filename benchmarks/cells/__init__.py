"""The parts of `benchmarks.measured_cells`."""
