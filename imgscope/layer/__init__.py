"""One layer: its tar's bytes become a compact index of its entries. Knows nothing of other layers."""
