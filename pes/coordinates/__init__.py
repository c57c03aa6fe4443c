"""Internal coordinates: q and masses to positions."""

from pes.coordinates.valence import Valence

__all__ = ["COORDINATES", "Valence"]

COORDINATES = {"valence": Valence}
"""By the name used in `coordinates:` of a configuration."""
