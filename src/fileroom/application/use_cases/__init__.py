"""What the core does, one verb a file: the only way in from any door."""
