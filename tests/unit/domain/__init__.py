"""Rules and use cases alone, with in-memory adapters where a port is needed."""
