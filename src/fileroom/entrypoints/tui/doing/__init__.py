"""What the actions do, one group a file."""
