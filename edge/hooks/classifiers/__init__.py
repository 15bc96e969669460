"""Classifiers at inference: each scores a feature vector and can be saved as plain arrays."""
