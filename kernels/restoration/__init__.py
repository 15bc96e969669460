"""Regression of float features on decoded ones: neighbourhoods, their sums of products, and ridge fits."""
