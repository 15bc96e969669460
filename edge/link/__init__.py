"""Link to the cloud: requests, what they tell of the link, and the circuit breaker."""
