"""The object store in memory, for tests."""
