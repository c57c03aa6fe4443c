"""`pes-refine`: keys of the observed levels and of what of a surface may change."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pes.config.section import Isotopes, Name, Section, by_name
from pes.setup.basis import BasisSize
from pes.setup.coordinate_request import CoordinateRequest

__all__ = ["ObservedLevelsSection", "RefineConfig"]


class Polynomial(Section):
    """A polynomial added to the surface: few coefficients, smooth by nature."""

    kind: Literal["polynomial"] = "polynomial"
    degree: Annotated[int, Field(ge=1, le=12)] | Literal["auto"] = "auto"
    """Highest total degree of the invariant polynomials; auto: the one of 1 to 5 by which each
    fitted level is best predicted from the others."""
    variable: Literal["morse", "inverse"] = "morse"
    """exp(−r/a) or 1/r of each distance r."""
    length: float = Field(default=1.0, gt=0)
    """a, Å."""


class AllWeights(Section):
    """Every weight of the surface itself."""

    kind: Literal["weights"] = "weights"


Adjust = Annotated[Polynomial | AllWeights, Field(discriminator="kind")]


class ObservedLevelsSection(Section):
    """Observed levels of one isotopologue."""

    molecule: Isotopes
    """Isotopes in the order of the surface's atoms."""
    observed: Path
    """CSV with v1, v2, …, for levels with rotation J, Ka, Kc, then energy and uncertainty (cm⁻¹).
    Lines have v1_lower … Kc_lower as well, before energy, which is their wavenumber."""
    held: bool = False
    """Hold all of them out of the fit, as validation."""
    held_levels: tuple[tuple[int, ...], ...] = ()
    """Quanta of vibrational levels to hold out, with all their rotation."""
    held_j: int | None = Field(default=None, ge=0)
    """Smallest J of levels, or of the upper levels of lines, that are held out."""
    up_to: float | None = Field(default=None, gt=0)
    """Highest level to use, cm⁻¹."""


class RefineConfig(Section):
    """`pes-refine`: a surface adjusted to observed levels."""

    name: Name
    """Run name; the output goes to runs/<name>. Without it the run has the name of the file."""
    device: str = "auto"
    """Device of the computation: auto, cpu or cuda."""
    threads: int | None = Field(default=None, gt=0)
    """Number of CPU threads."""
    surface: str
    """Run folder, surface file or a named analytic one."""
    functions: tuple[str, ...] = ()
    """Functions, module:function or file.py:function, that a surface file may be built on; a file
    alone runs no code."""
    data: Path
    """Ab initio points that hold the surface in place."""
    isotopologues: tuple[ObservedLevelsSection, ...] = Field(min_length=1)
    """Fitted and held-out levels."""
    adjust: Annotated[Adjust, BeforeValidator(by_name)] = Polynomial()
    """Parameters to adjust: polynomial, added to the surface, or weights, its own."""
    anchor: Annotated[float, Field(ge=0)] | Literal["auto"] = "auto"
    """λ, weight of squared distances from the ab initio points against squared errors of levels;
    auto: the one by which each fitted level is best predicted from the others."""
    anchor_energy: float = Field(default=5000.0, gt=0)
    """Points count by [Δ/(Δ + E)]² with this Δ, cm⁻¹."""
    uncertainty_floor: float = Field(default=0.1, gt=0)
    """Levels weigh as 1/uncertainty²; smaller uncertainties count as this, cm⁻¹."""
    steps: int = Field(default=10, gt=0)
    """Largest number of Gauss–Newton steps."""
    nuclear_masses: bool = False
    """Masses of bare nuclei instead of whole atoms."""
    coordinates: CoordinateRequest = CoordinateRequest()
    basis: dict[str, BasisSize] = {}
    """Size of the basis of each coordinate, by its name; `all` for coordinates not named."""
    quanta: float | None = Field(default=None, gt=0)
    """Keep only products of functions with so many quanta in all; for four atoms and more."""
    grid_level: float | None = Field(default=None, gt=0)
    """Level of a sparse grid, for normal coordinates: two more than `quanta` or higher."""
    cap: float = Field(default=60000.0, gt=0)
    """Ceiling of V, cm⁻¹ above the minimum."""
