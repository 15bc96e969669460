"""Fixed costs of a frame: cases, tiers of one or two source trees, rows of the table."""
