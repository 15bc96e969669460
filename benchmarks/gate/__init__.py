"""Gate camera benchmark: edge agents in this process, a real cloud tier, a shaped link."""
