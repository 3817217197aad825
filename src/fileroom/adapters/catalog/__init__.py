"""The searchable record of local instances and of the registered nodes."""
