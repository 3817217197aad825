"""What is in a file: told in short, or element by element."""
