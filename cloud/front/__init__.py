"""Front end of the cloud tier: HAProxy's listening side, its limits, and TLS."""
