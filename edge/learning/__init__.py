"""Hooks learn here, on the device, from the network's own answers: sampling, training, calibration, guard."""
