"""What the README claims, re-measured by one command each."""
