"""What fileroom does (use cases) and what it needs from outside (ports); knows no library and no door."""
