"""The terminal UI: everything that a person does at a node, over the same operations as the command line."""
