"""Files of calibration inputs and their labels."""
