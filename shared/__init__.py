"""Common types of all packages: errors, graph, plan, profile, wire format, link and re-plan rule."""
