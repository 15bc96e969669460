"""What an agent knows of itself while it serves: metrics, profile, and what hooks spare."""
