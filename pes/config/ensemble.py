"""Keys of a mean of several networks."""

from typing import Annotated, Literal

from pydantic import Field

from pes.config.section import Section

__all__ = ["EnsembleSection"]


class EnsembleSection(Section):
    """Several networks trained together: their mean is the surface, their spread its error."""

    members: int = Field(default=8, ge=2)
    """Number of members."""
    validation: Literal["own", "shared"] = "own"
    """own: each member holds out another share of all points outside the test, which all count as
    training points in the errors of the mean; shared: all have the same training and validation
    points."""
    bootstrap: Literal["none", "baseline", "all"] = "none"
    """Draw each member's training points again, with replacement: for its baseline, or for its
    network too."""
    degrees: tuple[Annotated[int, Field(ge=1, le=12)], ...] = ()
    """Degrees of the baselines, in turn; by default that of `surface.baseline`."""
    keep: Annotated[float, Field(gt=0, le=1)] | Literal["auto"] = "auto"
    """Share of the members to keep, those of the lowest validation error; auto leaves out those
    whose validation error is more than four times the median."""
