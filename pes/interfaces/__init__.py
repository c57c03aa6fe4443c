"""Surfaces in other programs."""

from pes.interfaces.ase_calculator import SurfaceCalculator

__all__ = ["SurfaceCalculator"]
