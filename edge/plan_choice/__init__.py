"""Choice of plans: heads in use, the rule that chooses, and what it sees of links and device."""
