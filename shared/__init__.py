"""The vocabulary of EvoSplit: types, errors, graph, profile, wire format, link and re-plan rule."""
