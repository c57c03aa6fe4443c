"""Levels of force fields, and force fields of surfaces."""
