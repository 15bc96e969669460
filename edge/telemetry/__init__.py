"""Telemetry of an agent: metrics, runtime profile, and savings by hooks."""
