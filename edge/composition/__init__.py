"""Composition root of the agent: its parts are built in order, each complete, from those before it."""
