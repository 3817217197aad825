"""Tests of the terminal UI, driven without a terminal."""
