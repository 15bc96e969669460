"""Predictions corrected by what frames really took: a Kalman filter over the plans of a table."""
