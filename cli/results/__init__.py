"""Results of an agent or of a cloud's fleet: asked for, counted, and written to files."""
