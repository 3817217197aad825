"""Pictures of the terminal UI, compared with those that were looked at and found good."""
