"""Hooks: small networks beside the main one that read a tensor and decide; its weights stay as they are."""
