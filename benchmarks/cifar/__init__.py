"""Hooks for CIFAR-10: what they learn from, how they learn, and what they save."""
