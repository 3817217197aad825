"""Tools for those who work on fileroom."""
