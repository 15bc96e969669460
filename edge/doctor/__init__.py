"""Self-diagnosis of an agent's surroundings: device, settings, clouds, and what to do."""
