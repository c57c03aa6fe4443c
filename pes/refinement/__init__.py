"""Surfaces adjusted to observed levels, held near their ab initio points."""

from pes.refinement.adjustable import Polynomial
from pes.refinement.adjustment import refine
from pes.refinement.observed import ObservedLevels
from pes.refinement.result import Refinement

__all__ = ["ObservedLevels", "Polynomial", "Refinement", "refine"]
