"""The built-in gate camera: a rendered scene with known plates, and the network that reads them."""
