"""What the benchmarks on hall.mp4 share."""
