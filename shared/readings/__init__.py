"""What a network's outputs mean, one small file per kind of output."""
