"""Training of hook classifiers from samples, in a process of its own: trainers, selection, thresholds."""
