"""What `benchmarks.int8_heads` is made of."""
