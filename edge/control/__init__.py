"""Controls of a running agent, the same by HTTP and by MQTT: values are parsed and taken up here."""
