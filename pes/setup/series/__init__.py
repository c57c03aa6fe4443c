"""Levels of several calculations side by side."""
