"""What the machine provides: clock, logging, platform paths."""
