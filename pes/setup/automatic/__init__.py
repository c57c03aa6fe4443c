"""Coordinates, ranges and sizes chosen by the surface, grown to an accuracy."""
