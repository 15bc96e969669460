"""Memory of the agent's process: what was freed is returned to the system."""
