"""Previews: small pictures of what frames showed, the newest of each stream, and some kept with results."""
