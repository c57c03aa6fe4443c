"""Keys of a mean of several networks."""

from typing import Annotated, Literal

from pydantic import Field

from pes.config.section import Section

__all__ = ["EnsembleSection"]


class EnsembleSection(Section):
    """Several networks trained together; their mean is the surface, their spread its error bar."""

    members: int = Field(default=8, ge=2)
    """Number of members."""
    validation: Literal["own", "shared"] = "own"
    """Validation points of the members. own: each member holds out another part of the points that
    are not test points; all these points count as training points in the errors of the mean.
    shared: all members have the same training and validation points."""
    bootstrap: Literal["none", "baseline", "all"] = "none"
    """Part of a member that is fitted to its own random sample (with replacement) of the training
    points: nothing, its baseline, or its baseline and its network."""
    degrees: tuple[Annotated[int, Field(ge=1, le=12)], ...] = ()
    """Degrees of the baselines, which the members take in turn; the default is the degree of
    `surface.baseline`."""
    keep: Annotated[float, Field(gt=0, le=1)] | Literal["auto"] = "auto"
    """Fraction of the members to keep, those with the lowest validation errors; auto leaves out
    members whose validation error is more than four times the median."""
