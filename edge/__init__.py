"""Edge agent: takes frames, runs heads with hooks, asks the cloud, keeps results."""
