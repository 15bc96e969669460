"""From a graph and two devices to the provably best cut and bits."""
