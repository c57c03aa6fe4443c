"""Conversion of a configuration into the records that `pes.refinement` takes."""

from typing import Literal

from pes.config import RefineConfig
from pes.refinement import ObservedLevels, Polynomial
from pes.refinement.observed import LevelSettings
from pes.setup.problem.truncation import TruncationRequest

__all__ = ["adjust_of", "level_settings", "observed_of"]


def observed_of(config: RefineConfig) -> list[tuple[str, ObservedLevels]]:
    """Isotopes and observed levels of each molecule."""
    return [
        (
            " ".join(one.molecule),
            ObservedLevels(one.observed, one.held, one.held_levels, one.up_to, one.held_j),
        )
        for one in config.isotopologues
    ]


def adjust_of(config: RefineConfig) -> Polynomial | Literal["weights"]:
    """Part of the surface that may change."""
    if config.adjust.kind == "weights":
        return "weights"
    return Polynomial(config.adjust.degree, config.adjust.variable, config.adjust.length)


def level_settings(config: RefineConfig) -> LevelSettings:
    """Settings of the calculation of levels."""
    return LevelSettings(
        config.coordinates, config.basis, config.nuclear_masses, config.cap,
        config.uncertainty_floor, TruncationRequest(config.quanta, grid_level=config.grid_level),
    )  # fmt: skip
