"""Readings of the device: heat, clock, load, power."""
