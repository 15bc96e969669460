"""Telemetry of a replica of the cloud tier: its Prometheus metrics."""
