"""What is kept per stream between two frames."""
