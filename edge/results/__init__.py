"""Every result of an agent, kept and found again."""
