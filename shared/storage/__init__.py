"""Object storage: files or S3 behind one interface."""
