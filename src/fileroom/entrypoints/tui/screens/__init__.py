"""Screens that stand before the panes: forms, questions, help."""
