"""Minima of a surface, other wells and the ways between them."""
