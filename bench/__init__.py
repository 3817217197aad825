"""Measurements, side by side with other programs where there are any."""
