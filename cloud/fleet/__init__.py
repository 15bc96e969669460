"""Fleet: registered edges, and roll-outs of bundles to a share of them."""
