"""Dashboard: the files of its page, served by the agent and by the cloud."""
