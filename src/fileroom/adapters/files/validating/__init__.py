"""Holding files against the standard: a module for each family of rules, functions that yield findings."""
