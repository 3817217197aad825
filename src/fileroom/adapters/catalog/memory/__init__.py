"""The catalog and the node repository in memory, for tests."""
