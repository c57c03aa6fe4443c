"""Surfaces adjusted to observed levels, held near their ab initio points."""

from pes.refinement.adjustment import refine
from pes.refinement.observed import ObservedLevels
from pes.refinement.result import Refinement
from pes.refinement.trials import Polynomial

__all__ = ["ObservedLevels", "Polynomial", "Refinement", "refine"]
