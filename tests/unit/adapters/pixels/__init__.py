"""Reading pixels and working on their values."""
