"""The tests of fileroom; builders and strategies are shared, fixtures are few."""
