"""Networks, cuts and ways to send a boundary for the feature codec's benchmark."""
