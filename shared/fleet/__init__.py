"""Fleet: what edges say of themselves, and what the cloud answers."""
