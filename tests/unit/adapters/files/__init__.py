"""Tests of the tools for files, one part at a time."""
