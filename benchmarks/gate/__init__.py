"""The demo's gate camera as a stream: edge agents in this process, a real cloud tier, a shaped link."""
