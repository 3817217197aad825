"""Tests of the tools for those who work on fileroom."""
