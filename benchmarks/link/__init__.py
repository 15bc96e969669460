"""The parts of the benchmarks of the link: tiers that are killed, and the load on them."""
