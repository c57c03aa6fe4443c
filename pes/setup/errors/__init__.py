"""Errors of levels that come from the surface, and the verdict on a calculation."""
