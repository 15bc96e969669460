"""The cloud tier: a Ray Serve application that finishes what the edge began."""
