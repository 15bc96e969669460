"""Parts of `benchmarks.int8_heads`."""
