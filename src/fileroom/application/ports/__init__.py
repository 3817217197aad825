"""What the core needs from outside, one Protocol a file; adapters inherit it explicitly."""
