"""Fits of several networks of one shape at once."""
