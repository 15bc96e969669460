"""Strategies measured side by side: an agent's engine and a cloud tier over shaped links."""
