"""Levels of three atoms to an accuracy: ranges and functions follow cuts of the surface."""
