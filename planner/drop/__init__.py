"""What a plan costs in accuracy, measured by running it."""
