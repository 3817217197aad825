"""The only module that names adapters: it wires them to the ports that the use cases need."""
