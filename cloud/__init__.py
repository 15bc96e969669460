"""Cloud tier: a Ray Serve application that runs the tails of networks and makes plans."""
