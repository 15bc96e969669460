"""Command line and composition root: the only package that knows all others."""
