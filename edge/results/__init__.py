"""Result store of an agent."""
