"""What quantisation costs at the network's outputs: every weight and activation tensor at every bit-width."""
