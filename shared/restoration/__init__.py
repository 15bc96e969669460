"""Restoration networks: small convolutions in front of a tail that make better features of decoded codes."""
