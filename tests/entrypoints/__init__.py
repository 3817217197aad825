"""The doors: command line, terminal UI, container and settings."""
