"""Keys of a levels calculation, after a fit and by `pes-levels` for any surface."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from pes.config.label import WorkerKinds
from pes.config.section import Isotopes, Name, Section, by_name
from pes.setup.basis import BasisSize
from pes.setup.bumps import Bump
from pes.setup.coordinate_request import CoordinateRequest
from pes.setup.truncation import GroupRequest, TruncationRequest

__all__ = ["FitConfig", "LevelsConfig", "SpectrumConfig", "Vibration"]


class GaussianBump(Section):
    """κ exp(−(q − centre)²/(2 width²)) in one coordinate."""

    coordinate: str
    """Name of the coordinate, such as r1."""
    centre: float
    """Centre of the bump, Å or degrees."""
    width: float = Field(gt=0)
    """Width of the bump, Å or degrees."""
    strength: float = 0.0
    """Height κ, cm⁻¹."""


class Sensitivities(Section):
    """Derivatives of the levels to print and store."""

    masses: bool = False
    """dE/dm of each atom; small levels take twice as long with them."""
    parameters: tuple[str, ...] = ()
    """Named parameters of an analytic surface."""
    weights: bool = False
    """Every weight of the network, into levels.h5."""
    perturbations: dict[str, GaussianBump] = {}
    """Perturbations added to the surface, by name; derivatives by their strengths."""
    second: bool = False
    """Second derivatives by the strengths of the perturbations too, pure and mixed."""


class DensityMaps(Section):
    """Density maps of levels: pictures density_<level>.png, and arrays in levels.h5."""

    levels: tuple[Annotated[int, Field(ge=0)], ...] = (0,)
    """Numbers of the levels."""
    pairs: tuple[tuple[str, str], ...] | None = None
    """Names of coordinates, such as [r1, theta]; by default all pairs."""


class Spectrum(Section):
    """J = 0 sticks from a dipole moment; with `J`, a line list as well."""

    dipole: str
    """Dipole surface (run folder or surface file), or module:function or file.py:function from
    positions (B, N, 3) in bohr to (B, 3) in e·bohr."""
    temperature: float = Field(default=296.0, ge=0)
    """Temperature, K."""
    weakest: float = Field(default=1e-30, ge=0)
    """Intensity below which lines are in no file but <name>.trans, cm/molecule."""
    profile: Literal["gaussian", "lorentzian", "voigt"] = "voigt"
    """Profile of the lines in absorption.png."""
    gaussian: float = Field(default=1.0, gt=0)
    """Half width at half maximum of its Gaussian part, cm⁻¹."""
    lorentzian: float = Field(default=1.0, gt=0)
    """Half width at half maximum of its Lorentzian part, cm⁻¹."""


class RotationSection(Section):
    """Contraction of J = 0 states to levels with J > 0."""

    states: int | None = Field(default=None, gt=0)
    """Number of J = 0 states contracted; by default three for each level, 60 at least."""
    frame: Literal[
        "auto", "eckart", "flexible", "linear", "bisector", "principal_axes", "embedded"
    ] = "auto"
    """Axes of the body: those of Eckart, with a reference that is the mean geometry or, `flexible`,
    follows the coordinate of the largest amplitude; `linear`, a straightened triatomic for a
    reference and states of their own for each K, which linear geometries ask for; the bisector of
    a triatomic or of a chain of four atoms; principal axes (not defined where two moments of
    inertia are equal); the coordinates' own. `auto` takes `linear` for a triatomic whose levels
    reach linear geometries, `flexible` for four atoms and more with a ground state in several
    wells, and `eckart` elsewhere."""


class Sweep(Section):
    """Levels for several values of one number, side by side in sweep.csv."""

    parameter: str
    """Named parameter of an analytic surface; a perturbation of `sensitivities.perturbations`,
    whose strength κ is varied; or a mass: m[1:H] of the atom 1 (from 0), m[H] of all atoms H."""
    values: tuple[float, ...] = Field(min_length=1)
    """Values in the unit that the surface gives the parameter, such as Å; strengths in cm⁻¹;
    masses in u."""


class CoordinateGroup(Section):
    """Coordinates whose products of functions give way to eigenfunctions of their own."""

    coordinates: tuple[str, ...] = Field(min_length=2)
    """Names of the coordinates."""
    energy: float | None = Field(default=None, gt=0)
    """Highest energy of the functions to keep, cm⁻¹ above the lowest; or"""
    functions: int | None = Field(default=None, gt=0)
    """number of functions to keep."""

    @model_validator(mode="after")
    def _one_limit(self) -> "CoordinateGroup":
        if (self.energy is None) == (self.functions is None):
            raise ValueError("a group takes either `energy` or `functions`")
        return self


class Vibration(Section):
    """Levels of a surface."""

    molecule: Isotopes | tuple[Isotopes, ...] | None = None
    """Isotopes in the order of the surface's atoms, such as [O, H, D]; by default the data's. A
    list of such lists asks for several isotopologues and their shifts."""
    nuclear_masses: bool = False
    """Masses of bare nuclei instead of whole atoms."""
    coordinates: CoordinateRequest = CoordinateRequest()
    basis: dict[str, BasisSize] = {}
    """Size of the basis of each coordinate, by its name; `all` for coordinates not named."""
    levels: int | None = Field(default=None, gt=0)
    """Number of levels, the ground state included; 20 unless `energy` is given."""
    energy: float | None = Field(default=None, gt=0)
    """All levels up to here instead, cm⁻¹ above the ground state."""
    quanta: float | None = Field(default=None, gt=0)
    """Keep only products of functions with so many quanta in all; for four atoms and more. Six
    normal coordinates get 6 (a first answer in minutes) unless limited; more of them need it."""
    grid_level: float | None = Field(default=None, gt=0)
    """Level of a sparse grid in place of the product of all points, for normal coordinates: with
    `quanta`, two more than these or higher. For five atoms and more `quanta` alone mean such a
    grid, of two levels more."""
    weights: dict[str, Annotated[float, Field(gt=0)]] = {}
    """Weights of the quanta, by coordinate or group: {r1: 2} counts each quantum of r1 twice."""
    product_energy: float | None = Field(default=None, gt=0)
    """Keep only products whose reference energies sum to so much above the lowest, cm⁻¹."""
    reference: Literal["cut", "vscf", "mean"] = "cut"
    """One-dimensional functions of cuts through the minimum, self-consistent ones, or those of mean
    potentials over the region below `coordinates.energy` (three atoms)."""
    groups: dict[str, CoordinateGroup] = {}
    """Coordinates contracted together, by a name: {bends: {coordinates: [theta2, theta3],
    energy: 12000}}."""
    cap: float = Field(default=60000.0, gt=0)
    """Ceiling of V, cm⁻¹ above the minimum."""
    solver: Literal["auto", "dense", "shift_invert", "davidson"] = "auto"
    """Eigensolver; auto selects by matrix size."""
    symmetry: bool = True
    """Solve each block of H separately where exchanges and reflections of coordinates leave surface
    and kinetic energy as they are: sooner, in less memory, with exact labels. Checked on the
    grid; a warning says what prevents it."""
    convergence: bool | Literal["smaller", "larger"] = True
    """Estimate the convergence of each level from three larger or smaller calculations; true:
    smaller ones from five coordinates on."""
    accuracy: float | None = Field(default=None, gt=0)
    """Largest estimated error of a level, cm⁻¹: the program chooses ranges, functions and points
    and lets them grow. By default, where no sizes are given, 0.01 for three atoms, 0.1 for four and
    1 for more."""
    minutes: float | None = Field(default=None, gt=0)
    """CPU time after which the calculation no longer grows for the sake of `accuracy`; by default
    5, from five atoms on 20. Rotation may take as much again: fewer J = 0 states are contracted
    where all would take longer, and no J begins that is not likely to end."""
    memory: float | None = Field(default=None, gt=0)
    """Memory that the process may take in all, GiB, Python and its libraries (0.35) included: what
    is forecast to take more is not begun. By default what is free."""
    sensitivities: Sensitivities = Sensitivities()
    ensemble: Literal["first_order", "full"] = "first_order"
    """Error bars of the levels of an ensemble surface: through |ψ|², or beside that by
    diagonalising every member's Hamiltonian."""
    densities: DensityMaps | None = None
    """Density maps of chosen levels, where the surface matters to them; none by default."""
    spectrum: Spectrum | None = None
    J: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Total angular momenta, such as [0, 1, 2]: levels with rotation, into rovibrational.csv."""
    rotation: RotationSection = RotationSection()
    sweep: Sweep | None = None
    workers: Annotated[WorkerKinds, BeforeValidator(by_name)] | None = None
    """Workers (processes, dask or queue, as of `pes-label`) that calculate a value of a sweep each,
    or (dask, queue) an isotopologue; by default all are calculated here, one after the other."""
    labels: Literal["normal", "local"] = "normal"
    """Quanta of normal modes, v1 v2 v3, where they are safe; or those of the basis functions of
    each coordinate, n(r1) n(r2) n(theta)."""

    def bumps(self) -> dict[str, Bump]:
        """Perturbations as `pes.setup` takes them."""
        return {
            name: Bump(one.coordinate, one.centre, one.width, one.strength)
            for name, one in self.sensitivities.perturbations.items()
        }

    def isotopes(self) -> tuple[str, ...] | None:
        """Isotopes of the one molecule; None if the surface says them."""
        return tuple(one for one in self.molecule or () if isinstance(one, str)) or None

    def isotopologues(self) -> tuple[tuple[str, ...], ...]:
        """Isotopes of several molecules; empty for one."""
        return tuple(one for one in self.molecule or () if not isinstance(one, str))

    def truncation(self) -> TruncationRequest:
        """Limits on product functions as `pes.setup` takes them."""
        groups = {
            name: GroupRequest(one.coordinates, one.energy, one.functions)
            for name, one in self.groups.items()
        }
        return TruncationRequest(
            self.quanta,
            self.weights,
            self.product_energy,
            groups,
            self.reference,
            self.grid_level,
        )

    @model_validator(mode="after")
    def _one_limit(self) -> "Vibration":
        if self.levels is not None and self.energy is not None:
            raise ValueError("give `levels` or `energy`, not both")
        if self.workers is not None and self.sweep is None and not self.isotopologues():
            raise ValueError("`workers` calculate values of a `sweep` or several isotopologues")
        return self


class LevelsConfig(Vibration):
    """`pes-levels --config`: levels of any surface."""

    name: Name
    """Run name; the output goes to runs/<name>. Without it the run has the name of the file."""
    device: str = "auto"
    """Device of the computation: auto, cpu or cuda."""
    threads: int | None = Field(default=None, gt=0)
    """Number of CPU threads; by default one for three atoms, else torch's choice."""
    surface: str
    """Run folder, surface file, module:function, file.py:function or a named analytic one."""
    functions: tuple[str, ...] = ()
    """Functions, module:function or file.py:function, that a surface file may be built on; a file
    alone runs no code."""


class SpectrumConfig(LevelsConfig):
    """`pes-spectrum --config`: line list of a surface of energies and one of dipole moments."""

    J: tuple[Annotated[int, Field(ge=0)], ...] = tuple(range(11))
    """Total angular momenta; by default 0 to 10."""

    @model_validator(mode="after")
    def _lines(self) -> "SpectrumConfig":
        if self.spectrum is None or not self.J:
            raise ValueError("a line list needs `J` and `spectrum: {dipole: ...}`")
        return self


class FitConfig(Section):
    """`pes-levels FOLDER` for a fit saved from Python, whose folder holds no configuration."""

    name: Name
    """Name of the fit, that of its folder."""
    device: str = "auto"
    """Device of the computation: auto, cpu or cuda."""
    threads: int | None = Field(default=None, gt=0)
    """Number of CPU threads; by default one for three atoms, else torch's choice."""
    vibration: Vibration = Vibration()
    """Settings of the levels."""
