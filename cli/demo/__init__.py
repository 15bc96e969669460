"""Demo: one network through edge and cloud over a link that changes, compared with simpler strategies."""
