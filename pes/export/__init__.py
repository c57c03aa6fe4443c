"""Surfaces as source text in other languages."""

from pes.export.targets import TARGETS, export_surface

__all__ = ["TARGETS", "export_surface"]
