"""Keys of a mean of several networks."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pes.config.section import Section
from pes.config.surface import LinearBaseline

__all__ = ["Ensemble", "Member"]


class Member(Section):
    """Choices made for one member of an ensemble."""

    baseline: LinearBaseline | None = None
    """Baseline of the member, with its degree, length, ridge and force weight."""
    force_weight: float | None = Field(default=None, gt=0)
    """Weight of squared force errors relative to squared energy errors, Å²; `training.force_weight`
    goes before it."""


class Ensemble(Section):
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
    keep: float = Field(default=1.0, gt=0, le=1)
    """Share of the members to keep, those of the lowest validation error."""
    chosen: tuple[Member, ...] | None = None
    """Written by a run into its config.yaml: what each member's points decided where
    `surface.baseline` and `training.force_weight` left a choice; used again as it stands."""

    @model_validator(mode="after")
    def _one_choice_for_each(self) -> "Ensemble":
        if self.chosen is not None and len(self.chosen) != self.members:
            raise ValueError(
                f"`chosen` is for {len(self.chosen)} members, not {self.members}; leave it out"
            )
        return self
