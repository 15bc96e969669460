"""MLPerf Inference scenarios, played by the LoadGen package against an edge agent or a cloud tier."""
