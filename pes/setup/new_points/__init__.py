"""Geometries of new points for a surface."""
