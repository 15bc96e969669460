"""The way of a frame through the agent, from its acceptance to its stored result."""
