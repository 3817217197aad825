"""Panes: what stands side by side on the screen, one a file."""
