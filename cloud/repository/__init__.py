"""Model repository: a folder of models in versions, followed while it changes, in memory within a limit."""
