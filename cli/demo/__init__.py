"""The demo: one network through edge and cloud over a link that changes, beside three simpler ways."""
