"""The edge agent: sources, engine, uplink, store and API."""
