"""`pes-levels` for a one-dimensional model: its keys and those of its grids."""

from typing import Literal

from pydantic import Field

from pes.config.section import Name, Section

__all__ = ["ModelConfig"]


class Grid(Section):
    """Evenly spaced points of a one-dimensional model."""

    low: float
    """First point, in units of the oscillator length."""
    high: float
    """Last point, in the same unit."""
    points: int = Field(gt=2)
    """Number of points, both ends included."""


class ModelConfig(Section):
    """`pes-levels --config`: the one-dimensional model −½ d²/dx² + x²/2 + κ exp(−x²/2)."""

    name: Name
    """Run name; the output goes to runs/<name>. Without it the run has the name of the file."""
    model: Literal["harmonic_gaussian"]
    """Name of the model; it marks the file as one for a one-dimensional model."""
    kappa: tuple[float, ...]
    """Values of κ."""
    grids: dict[Literal["sinc", "three_point"], Grid]
    """Grids to compare, sinc or three_point (finite differences)."""
    states: int = Field(default=4, gt=1)
    """Number of levels to keep."""
    device: str = "auto"
    """Device of the computation: auto, cpu or cuda."""
    threads: int | None = Field(default=None, gt=0)
    """Number of CPU threads; the default is the choice of torch."""
