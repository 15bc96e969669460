"""Distributed tracing (OpenTelemetry): contexts, spans and their export."""
