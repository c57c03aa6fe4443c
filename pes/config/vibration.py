"""Keys of a levels calculation, after a fit and by `pes-levels` for any surface."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from pes.config.label import WorkerKinds
from pes.config.section import Isotopes, Name, Section, by_name
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.inputs.bumps import Bump
from pes.setup.problem.basis import BasisSize
from pes.setup.problem.truncation import GroupRequest, TruncationRequest

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
    """Derivatives of the levels that are printed and stored."""

    masses: bool = False
    """Compute dE/dm of each atom; a small calculation takes twice as long with them."""
    parameters: tuple[str, ...] = ()
    """Names of parameters of an analytic surface."""
    weights: bool = False
    """Compute the derivatives by every weight of the network and write them to levels.h5."""
    perturbations: dict[str, GaussianBump] = {}
    """Perturbations added to the surface, by name; the derivatives are those by their strengths."""
    second: bool = False
    """Compute second derivatives by the strengths of the perturbations too, pure and mixed ones."""


class DensityMaps(Section):
    """Density maps of levels: pictures density_<level>.png and arrays in levels.h5."""

    levels: tuple[Annotated[int, Field(ge=0)], ...] = (0,)
    """Numbers of the levels."""
    pairs: tuple[tuple[str, str], ...] | None = None
    """Names of coordinates, such as [r1, theta]; by default all pairs."""


class Spectrum(Section):
    """Spectrum from a dipole moment: J = 0 transitions, and a line list if `J` is given."""

    dipole: str
    """Dipole surface: a run folder, a surface file, or a function (module:function or
    file.py:function) that takes positions (B, N, 3) in bohr and returns moments (B, 3) in
    e·bohr."""
    charge: int | None = Field(default=None, ge=-100, le=100)
    """Total charge of the molecule, e. The default is that of a fitted dipole surface, and 0 for a
    function; a moment that changes otherwise when the molecule is moved is refused."""
    temperature: float = Field(default=296.0, ge=0)
    """Temperature, K."""
    weakest: float = Field(default=1e-30, ge=0)
    """Lowest intensity of the lines in the files, cm/molecule; <name>.trans holds all lines."""
    profile: Literal["gaussian", "lorentzian", "voigt"] = "voigt"
    """Profile of the lines in absorption.png."""
    gaussian: float = Field(default=1.0, gt=0)
    """Half width at half maximum of the Gaussian part of the profile, cm⁻¹."""
    lorentzian: float = Field(default=1.0, gt=0)
    """Half width at half maximum of the Lorentzian part of the profile, cm⁻¹."""


class RotationSection(Section):
    """Settings for building levels with J > 0 from J = 0 states."""

    states: int | None = Field(default=None, gt=0)
    """Number of J = 0 states in the basis; by default three for each level, and at least 60."""
    frame: Literal[
        "auto", "eckart", "flexible", "linear", "bisector", "principal_axes", "embedded"
    ] = "auto"
    """Axes of the molecule. eckart: Eckart axes of the mean geometry. flexible: Eckart axes whose
    reference follows the coordinate of the largest amplitude. linear: for three atoms that reach
    linear geometries; the reference is a straightened molecule, and each K has states of its own.
    bisector: for three atoms or a chain of four. principal_axes: not defined where two moments of
    inertia are equal. embedded: the axes of the coordinates. auto: linear for a triatomic whose
    levels reach linear geometries, flexible for four atoms and more with several wells, otherwise
    eckart."""


class Sweep(Section):
    """Levels for several values of one parameter, written side by side to sweep.csv.

    With `J`, levels with rotation are in sweep_rotation.csv, and each value has a folder of its
    own.
    """

    parameter: str
    """Parameter to vary: a named parameter of an analytic surface; the name of a perturbation in
    `sensitivities.perturbations`, whose strength κ is varied; or a mass, m[1:H] for atom 1 (counted
    from 0) or m[H] for all H atoms."""
    values: tuple[float, ...] = Field(min_length=1)
    """Values of the parameter, in the unit that the surface uses for it, such as Å; strengths are
    in cm⁻¹, masses in u."""


class CoordinateGroup(Section):
    """Coordinates that are contracted together: eigenfunctions of the group replace products."""

    coordinates: tuple[str, ...] = Field(min_length=2)
    """Names of the coordinates."""
    energy: float | None = Field(default=None, gt=0)
    """Highest energy of the functions to keep, cm⁻¹ above the lowest; give this or `functions`."""
    functions: int | None = Field(default=None, gt=0)
    """Number of functions to keep; give this or `energy`."""

    @model_validator(mode="after")
    def _one_limit(self) -> "CoordinateGroup":
        if (self.energy is None) == (self.functions is None):
            raise ValueError("a group takes either `energy` or `functions`")
        return self


class Vibration(Section):
    """Levels of a surface."""

    molecule: Isotopes | tuple[Isotopes, ...] | None = None
    """Isotopes in the order of the surface's atoms, such as [O, H, D]; by default those of the
    data. A list of such lists computes several isotopologues and their isotope shifts, with
    `J` and `spectrum` their rotation and lines, too."""
    nuclear_masses: bool = False
    """Use masses of bare nuclei instead of atomic masses."""
    coordinates: CoordinateRequest = CoordinateRequest()
    basis: dict[str, BasisSize] = {}
    """Basis size of each coordinate, by its name; `all` stands for the coordinates not named."""
    levels: int | None = Field(default=None, gt=0)
    """Number of levels, the ground state included; 20 unless `energy` is given."""
    energy: float | None = Field(default=None, gt=0)
    """Compute all levels up to this energy, cm⁻¹ above the ground state; use it instead of
    `levels`."""
    quanta: float | None = Field(default=None, gt=0)
    """Largest sum of the quanta of a product of basis functions; for four atoms and more. Molecules
    with more than six normal coordinates need it where any size is given; with six the default is
    6, which gives a first answer in minutes."""
    grid_level: float | None = Field(default=None, gt=0)
    """Level of a sparse grid, which replaces the product grid in normal coordinates. Give it with
    `quanta`; it should be `quanta` + 2 or higher. For five atoms and more, `quanta` alone means a
    sparse grid of the level `quanta` + 2."""
    weights: dict[str, Annotated[float, Field(gt=0)]] = {}
    """Weights of the quanta, by coordinate or group: with {r1: 2} each quantum of r1 counts
    twice."""
    product_energy: float | None = Field(default=None, gt=0)
    """Largest sum of the reference energies of a product of functions, cm⁻¹ above the lowest
    sum."""
    reference: Literal["cut", "vscf", "mean"] = "cut"
    """One-dimensional functions of the basis. cut: those of cuts through the minimum. vscf:
    self-consistent ones. mean: those of the potential averaged over the region below
    `coordinates.energy`, for three atoms."""
    groups: dict[str, CoordinateGroup] = {}
    """Groups of coordinates that are contracted together, each with a name: {bends: {coordinates:
    [theta2, theta3], energy: 12000}}."""
    cap: float = Field(default=60000.0, gt=0)
    """Potential cap: the largest value of V on the grid, cm⁻¹ above the minimum."""
    solver: Literal["auto", "dense", "shift_invert", "davidson"] = "auto"
    """Eigensolver; auto chooses by the size of the matrix."""
    symmetry: bool = True
    """Block-diagonalise H by symmetry where permutations and reflections of coordinates leave the
    surface and the kinetic energy unchanged. This takes less time and memory and gives exact
    labels. The symmetry is checked on the grid; a warning says what prevents it."""
    convergence: bool | Literal["smaller", "larger"] = True
    """Estimate the convergence error of each level from three larger or three smaller calculations;
    true means larger ones up to four coordinates and smaller ones from five on."""
    accuracy: float | None = Field(default=None, gt=0)
    """Largest estimated convergence error of a level, cm⁻¹. The program chooses ranges, functions
    and points and enlarges them until all levels are as accurate as that. The default, where no
    sizes are given, is 0.01 for three atoms, 0.1 for four and 1 for more."""
    minutes: float | None = Field(default=None, gt=0)
    """CPU time in minutes that the calculation may take to reach `accuracy`; the default is 5, and
    20 from five atoms on. Levels with J > 0 may take as much again. If the time is too short for
    them, fewer J = 0 states are used, and a J that would probably not finish is not begun. With
    four atoms and more, a calculation under way is ended once half as much time again has passed;
    the levels of the one before it are kept."""
    memory: float | None = Field(default=None, gt=0)
    """Memory that the process may take in all, GiB; Python and its libraries take 0.35 of it. A
    calculation that would need more is not begun. The default is the free memory."""
    sensitivities: Sensitivities = Sensitivities()
    ensemble: Literal["first_order", "full"] = "first_order"
    """Error bars of the levels of an ensemble surface. first_order: from the members' differences
    averaged over |ψ|². full: also from levels computed for every member."""
    densities: DensityMaps | None = None
    """Density maps of chosen levels; they show where a level depends on the surface. The default is
    none."""
    spectrum: Spectrum | None = None
    J: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Total angular momenta, such as [0, 1, 2]; their levels are written to rovibrational.csv."""
    rotation: RotationSection = RotationSection()
    sweep: Sweep | None = None
    workers: Annotated[WorkerKinds, BeforeValidator(by_name)] | None = None
    """Workers that compute the values of a sweep (processes, dask or queue, as for `pes-label`) or
    the isotopologues (dask or queue). By default all are computed one after the other. Levels with
    J > 0 need dask or queue; lines are computed here, after the workers."""
    labels: Literal["normal", "local"] = "normal"
    """Labels of the levels. normal: quanta of the normal modes in Herzberg's order, v1 v2 v3, or
    v1 v2^l v3 of linear molecules of three atoms; local-mode quanta where normal modes have no
    numbers. local: local-mode quanta, those of each coordinate, n(r1) n(r2) n(theta)."""

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
    """Number of CPU threads; the default is one for three atoms, otherwise the choice of torch."""
    surface: str
    """Surface: a run folder, a surface file, module:function, file.py:function or the name of an
    analytic surface."""
    functions: tuple[str, ...] = ()
    """Python functions, module:function or file.py:function, that a surface file may call. A
    surface file runs no code unless you name its functions here."""


class SpectrumConfig(LevelsConfig):
    """`pes-spectrum --config`: line list from an energy surface and a dipole surface."""

    J: tuple[Annotated[int, Field(ge=0)], ...] = tuple(range(11))
    """Total angular momenta; the default is 0 to 10."""

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
    """Number of CPU threads; the default is one for three atoms, otherwise the choice of torch."""
    vibration: Vibration = Vibration()
    """Settings of the levels."""
