"""Several adapters together, on this machine, without foreign programs."""
