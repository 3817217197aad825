"""Tests of parts of adapters that need nothing around them."""
