"""Settings of the tiers from options, environment and one YAML file, by one definition."""
