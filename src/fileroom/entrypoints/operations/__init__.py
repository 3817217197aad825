"""What each door does the same way: a use case, and the report of what became of it."""
