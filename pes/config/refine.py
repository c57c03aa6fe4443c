"""`pes-refine`: keys of the observed levels and of what of a surface may change."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pes.config.section import Isotopes, Name, Section, by_name
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.problem.basis import BasisSize

__all__ = ["ObservedLevelsSection", "RefineConfig"]


class Polynomial(Section):
    """A polynomial that is added to the surface; it has few coefficients and is smooth."""

    kind: Literal["polynomial"] = "polynomial"
    degree: Annotated[int, Field(ge=1, le=12)] | Literal["auto"] = "auto"
    """Highest total degree of the invariant polynomials; auto chooses the degree from 1 to 5 by
    cross-validation on the fitted levels."""
    variable: Literal["morse", "inverse"] = "morse"
    """Variables of the polynomial. morse: exp(−r/a) of each distance r. inverse: 1/r."""
    length: float = Field(default=1.0, gt=0)
    """Length a of the variables exp(−r/a), Å."""


class AllWeights(Section):
    """All parameters of the surface itself are adjusted."""

    kind: Literal["weights"] = "weights"


Adjust = Annotated[Polynomial | AllWeights, Field(discriminator="kind")]


class ObservedLevelsSection(Section):
    """Observed levels of one isotopologue."""

    molecule: Isotopes
    """Isotopes in the order of the surface's atoms."""
    observed: Path
    """CSV file of the levels. Its columns are the quanta by the names that pes-levels prints, such
    as v1, v2, v3; for levels with rotation J, Ka, Kc; then energy and uncertainty (cm⁻¹). A file of
    lines has the columns v1_lower … Kc_lower before energy, which is then the wavenumber."""
    held: bool = False
    """Hold out all levels of this file: they are not fitted and serve as validation."""
    held_levels: tuple[tuple[int, ...], ...] = ()
    """Quanta of the vibrational levels to hold out, with all their rotational levels."""
    held_j: int | None = Field(default=None, ge=0)
    """Hold out the levels with this J or higher, and lines whose upper level has it."""
    up_to: float | None = Field(default=None, gt=0)
    """Highest energy of the levels to use, cm⁻¹; higher ones are left out."""


class RefineConfig(Section):
    """`pes-refine`: adjustment of a surface to observed levels."""

    name: Name
    """Run name; the output goes to runs/<name>. Without it the run has the name of the file."""
    device: str = "auto"
    """Device of the computation: auto, cpu or cuda."""
    threads: int | None = Field(default=None, gt=0)
    """Number of CPU threads; the default is the choice of torch."""
    surface: str
    """Surface to adjust: a run folder, a surface file, module:function, file.py:function or the
    name of an analytic surface."""
    functions: tuple[str, ...] = ()
    """Python functions, module:function or file.py:function, that a surface file may call. A
    surface file runs no code unless you name its functions here."""
    data: Path
    """File of ab initio points, which hold the surface in place where no level depends on it."""
    isotopologues: tuple[ObservedLevelsSection, ...] = Field(min_length=1)
    """Observed levels of each isotopologue, fitted or held out."""
    adjust: Annotated[Adjust, BeforeValidator(by_name)] = Polynomial()
    """Quantity to adjust: polynomial, which is added to the surface, or weights, its own
    parameters."""
    anchor: Annotated[float, Field(ge=0)] | Literal["auto"] = "auto"
    """Weight λ of the squared errors at the ab initio points, relative to the squared errors of the
    levels; auto chooses it by cross-validation on the fitted levels."""
    anchor_energy: float = Field(default=5000.0, gt=0)
    """Energy Δ in the weights [Δ/(Δ + E)]² of the ab initio points, cm⁻¹."""
    uncertainty_floor: float = Field(default=0.1, gt=0)
    """Smallest uncertainty that is used in the weights 1/uncertainty² of the levels, cm⁻¹."""
    steps: int = Field(default=10, gt=0)
    """Largest number of Gauss–Newton steps."""
    nuclear_masses: bool = False
    """Use masses of bare nuclei instead of atomic masses."""
    coordinates: CoordinateRequest = CoordinateRequest()
    basis: dict[str, BasisSize] = {}
    """Basis size of each coordinate, by its name; `all` stands for the coordinates not named."""
    quanta: float | None = Field(default=None, gt=0)
    """Largest sum of the quanta of a product of basis functions; for four atoms and more."""
    grid_level: float | None = Field(default=None, gt=0)
    """Level of a sparse grid in normal coordinates; it should be `quanta` + 2 or higher."""
    cap: float = Field(default=60000.0, gt=0)
    """Potential cap: the largest value of V on the grid, cm⁻¹ above the minimum."""
