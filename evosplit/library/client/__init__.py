"""HTTP clients of edge agents and cloud tiers."""
