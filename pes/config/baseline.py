"""Keys of what a fitted surface corrects: a linear surface to fit first, or one that is there."""

from typing import Annotated, Literal

from pydantic import Field

from pes.config.section import Section
from pes.potential import Surface
from pes.setup.inputs.surfaces import load
from pes.setup.training.planning.settings import LinearBaseline

__all__ = [
    "Baseline",
    "Degree",
    "Length",
    "Linear",
    "LinearBaselineSection",
    "Ridge",
    "StoredSurface",
]

Degree = Annotated[int, Field(ge=1, le=20)]
Length = Annotated[float, Field(gt=0)]
Ridge = Annotated[float, Field(ge=0)]


class Linear(Section):
    """Linear least squares on invariant polynomials.

    If several degrees, lengths or ridges are given, the validation points choose among them.
    """

    kind: Literal["linear"] = "linear"
    degree: Degree | Annotated[tuple[Degree, ...], Field(min_length=1)] = 4
    """Highest total degree of the polynomials, or several degrees to try, such as [4, 6, 8]."""
    variable: Literal["morse", "inverse", "cosine"] = "morse"
    """Variables of the polynomials. morse: exp(−r/a) of each distance r. inverse: 1/r. cosine: for
    a molecule AB₂, exp(−r/a) of the bonds and cos θ."""
    length: Length | Annotated[tuple[Length, ...], Field(min_length=1)] = 1.0
    """Length a of the variables exp(−r/a), Å; or several lengths to try."""
    ridge: Ridge | Literal["auto"] = 1e-12
    """Ridge regularisation, relative to the largest singular value; auto tries 0 and 1e-15 to
    1e-4."""


class LinearBaselineSection(Linear):
    """Linear surface used as the baseline of a network."""

    force_weight: float | None = Field(default=None, gt=0)
    """Weight of squared force errors relative to squared energy errors, Å²; by default both have
    the same weight in total."""

    def resolved(self) -> LinearBaseline:
        """The record of `pes.setup`."""
        return LinearBaseline(**self.model_dump(exclude={"kind"}))


class StoredSurface(Section):
    """Any surface used as the baseline of a fit: Δ-learning."""

    kind: Literal["surface"] = "surface"
    surface: str
    """Run folder, surface file, module:function, file.py:function or the name of an analytic
    surface. The new surface file contains a stored or named surface; of a function it contains the
    name."""
    functions: tuple[str, ...] = ()
    """Python functions, module:function or file.py:function, that a surface file may call. A
    surface file runs no code unless you name its functions here."""

    def resolved(self) -> str | Surface:
        """Name of the surface, as `pes.setup` takes it, or the surface if it needs functions."""
        return load(self.surface, functions=self.functions) if self.functions else self.surface


Baseline = Annotated[LinearBaselineSection | StoredSurface, Field(discriminator="kind")]
