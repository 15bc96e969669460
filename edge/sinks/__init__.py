"""Event sinks: results sent to where people want them, stored and forwarded while the other side is away."""
