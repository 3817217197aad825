"""The doors into the core, and the container that wires adapters to ports."""
