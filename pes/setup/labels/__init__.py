"""Quantum numbers and symmetry species of levels."""
