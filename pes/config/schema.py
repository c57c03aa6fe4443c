"""What a YAML file may say: every key with its meaning, its unit and its default.

Energies in cm⁻¹, lengths in Å, angles in degrees; paths relative to the file.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

__all__ = [
    "LevelsConfig",
    "Linear",
    "LinearSurface",
    "ModelConfig",
    "ObservedLevels",
    "RefineConfig",
    "SampleConfig",
    "Section",
    "StoredSurface",
    "Surface",
    "TrainConfig",
    "Vibration",
]


class Section(BaseModel):
    """Base of all sections: an unknown key is an error."""

    model_config = ConfigDict(
        extra="forbid", use_attribute_docstrings=True, frozen=True, allow_inf_nan=False
    )


def _by_name(value: Any) -> Any:
    """`kind` alone may be written as a plain word."""
    return {"kind": value} if isinstance(value, str) else value


def _neural(value: Any) -> Any:
    """Without a `kind` a surface is a network."""
    return {"kind": "neural", **value} if isinstance(value, dict) else _by_name(value)


class Data(Section):
    """Where the points are and how they are divided."""

    file: Path
    """HDF5 of this package or extended XYZ."""
    column: str | None = None
    """Column of the file that holds the labels instead of `energies`, such as those of another
    level of theory; points that lack it are left out."""
    window: tuple[float, float] | None = None
    """Lowest and highest label to use, cm⁻¹ above the lowest one; points outside are in no part."""
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)
    """Shares of train, validation and test."""
    split: Path | None = None
    """JSON file with the rows of the file in `train`, `validation` and `test` instead, such as
    the split.json of another run."""
    forces: bool | None = None
    """Fit forces too; by default whenever the file has them."""

    @model_validator(mode="after")
    def _rising_window(self) -> "Data":
        if self.window is not None and not self.window[0] < self.window[1]:
            raise ValueError(f"`window` must be [low, high] with low < high, got {self.window}")
        if self.column is not None and self.forces:
            raise ValueError("`forces` belong to `energies`, not to a `column`; leave them out")
        return self


class Invariants(Section):
    """Polynomials invariant under permutation of like atoms."""

    kind: Literal["invariants"] = "invariants"
    degree: int = Field(default=3, ge=1, le=12)
    """Highest total degree."""
    variable: Literal["morse", "inverse"] = "morse"
    """exp(−r/a) or 1/r of each distance r."""
    length: float = Field(default=1.0, gt=0)
    """a, Å."""


Degree = Annotated[int, Field(ge=1, le=12)]
Length = Annotated[float, Field(gt=0)]
Ridge = Annotated[float, Field(ge=0)]


class Linear(Section):
    """Linear least squares on invariant polynomials.

    Of several degrees, lengths or ridges the validation points choose.
    """

    kind: Literal["linear"] = "linear"
    degree: Degree | Annotated[tuple[Degree, ...], Field(min_length=1)] = 4
    """Highest total degree, or several to try: [4, 6, 8]."""
    variable: Literal["morse", "inverse"] = "morse"
    """exp(−r/a) or 1/r of each distance r."""
    length: Length | Annotated[tuple[Length, ...], Field(min_length=1)] = 1.0
    """a, Å, or several to try."""
    ridge: Ridge | Literal["auto"] = 1e-12
    """Regularisation relative to the largest singular value; auto tries 0 and 1e-15 to 1e-4."""


class LinearBaseline(Linear):
    """The same as what a network corrects."""

    force_weight: float | None = Field(default=None, gt=0)
    """Of squared forces against squared energies, Å²; by default both count alike."""


class StoredSurface(Section):
    """Any surface as what a fit corrects: Δ-learning."""

    kind: Literal["surface"] = "surface"
    surface: str
    """Run folder, surface file, module:function, file.py:function or a named analytic one. Stored
    surfaces and named ones go into the new surface file, functions by their name."""


Baseline = Annotated[LinearBaseline | StoredSurface, Field(discriminator="kind")]


class LinearSurface(Linear):
    """V = polynomial, fitted in one step: no epochs, no state to resume from."""

    ridge: Ridge | Literal["auto"] = "auto"
    """Regularisation relative to the largest singular value; auto tries 0 and 1e-15 to 1e-4."""
    baseline: Annotated[StoredSurface, BeforeValidator(_by_name)] | None = None
    """Surface that the polynomial corrects; none by default."""


class Surface(Section):
    """V = baseline + network(descriptor)."""

    kind: Literal["neural"] = "neural"
    descriptor: Annotated[Invariants, BeforeValidator(_by_name)] = Invariants()
    """Inputs of the network."""
    baseline: Annotated[Baseline, BeforeValidator(_by_name)] | None = None
    """What the network corrects: linear or surface; none by default."""
    hidden: tuple[Annotated[int, Field(gt=0)], ...] = (20, 20)
    """Width of each hidden layer."""
    activation: Literal["tanh", "silu", "softplus"] = "tanh"
    """Of the hidden layers."""


Surfaces = Annotated[Surface | LinearSurface, Field(discriminator="kind")]


class Auto(Section):
    """levenberg_marquardt where one iteration is cheap, adam_lbfgs for larger fits."""

    kind: Literal["auto"] = "auto"


class LevenbergMarquardt(Section):
    """Gauss–Newton with damping: the best for up to a few thousand parameters."""

    kind: Literal["levenberg_marquardt"] = "levenberg_marquardt"
    damping: float = Field(default=1e-3, gt=0)
    """First λ relative to the largest diagonal element of JᵀJ."""
    acceleration: float = Field(default=0.75, ge=0)
    """How long the second-order term of a step may be against half the first; 0 for none."""


class LBFGS(Section):
    """Quasi-Newton with a strong Wolfe line search, all points at once."""

    kind: Literal["lbfgs"] = "lbfgs"
    iterations: int = Field(default=10, gt=0)
    """Line searches in each epoch."""
    history: int = Field(default=100, gt=0)
    """Gradients remembered."""


class Adam(Section):
    """Stochastic gradient descent with a cosine decay."""

    kind: Literal["adam"] = "adam"
    learning_rate: float = Field(default=1e-2, gt=0)
    """Of the first epoch."""
    last_learning_rate: float = Field(default=1e-5, ge=0)
    """Of the last epoch."""
    batch: int = Field(default=64, gt=0)
    """Points in each update."""


class AdamLBFGS(Section):
    """Adam first, then L-BFGS: for fits too large for levenberg_marquardt."""

    kind: Literal["adam_lbfgs"] = "adam_lbfgs"
    adam_epochs: int = Field(default=200, gt=0)
    """Epochs of Adam."""
    learning_rate: float = Field(default=1e-2, gt=0)
    """Of the first epoch."""
    last_learning_rate: float = Field(default=1e-4, ge=0)
    """Of the last epoch of Adam."""
    batch: int = Field(default=64, gt=0)
    """Points in each update of Adam."""
    iterations: int = Field(default=10, gt=0)
    """Line searches in each epoch of L-BFGS."""
    history: int = Field(default=100, gt=0)
    """Gradients that L-BFGS remembers."""


class NoWeights(Section):
    """All points alike."""

    kind: Literal["none"] = "none"


class PartridgeSchwenke(Section):
    """A smooth switch to low weight above an energy."""

    kind: Literal["partridge_schwenke"] = "partridge_schwenke"
    top: float = Field(default=30000.0, gt=0)
    """Middle of the switch, cm⁻¹ above the minimum."""
    width: float = Field(default=2000.0, gt=0)
    """Width of the switch, cm⁻¹."""
    floor: float = Field(default=0.0, ge=0)
    """If positive, weights also fall as 1/max(E, floor), cm⁻¹."""


class Boltzmann(Section):
    """exp(−E/E₀)."""

    kind: Literal["boltzmann"] = "boltzmann"
    energy: float = Field(default=5000.0, gt=0)
    """E₀, cm⁻¹."""


class Ratio(Section):
    """Δ/(Δ + E)."""

    kind: Literal["ratio"] = "ratio"
    offset: float = Field(default=5000.0, gt=0)
    """Δ, cm⁻¹."""


class Column(Section):
    """A number for each point, in the file."""

    kind: Literal["column"] = "column"
    name: str
    """Of the column."""


Optimizer = Annotated[
    Auto | LevenbergMarquardt | LBFGS | Adam | AdamLBFGS, Field(discriminator="kind")
]
Weights = Annotated[
    NoWeights | PartridgeSchwenke | Boltzmann | Ratio | Column, Field(discriminator="kind")
]


class Training(Section):
    """How the network is fitted."""

    optimizer: Annotated[Optimizer, BeforeValidator(_by_name)] = Auto()
    """auto, levenberg_marquardt, lbfgs, adam or adam_lbfgs."""
    weights: Annotated[Weights, BeforeValidator(_by_name)] = NoWeights()
    """none, partridge_schwenke, boltzmann, ratio or column."""
    force_weight: float | None = Field(default=None, gt=0)
    """Of squared forces against squared energies, Å²; by default both count alike."""
    epochs: int = Field(default=1000, gt=0)
    """Steps of the optimizer at most."""
    patience: int = Field(default=500, gt=0)
    """Stop after so many epochs without a better validation error."""
    max_seconds: float | None = Field(default=None, gt=0)
    """Stop after this wall time."""
    restarts: int = Field(default=0, ge=0)
    """When patience is over or no step helps, start again so often from other weights; the best
    by validation is kept."""
    memory: int = Field(default=1024, gt=0)
    """MiB for the rows of a linear fit, for ∂f/∂x of the training points and the chunks of the
    Jacobian."""


class Member(Section):
    """What was chosen for one member of an ensemble."""

    baseline: LinearBaseline | None = None
    """With its degree, length, ridge and force weight."""
    force_weight: float | None = Field(default=None, gt=0)
    """Of squared forces against squared energies, Å²; `training.force_weight` goes before it."""


class Ensemble(Section):
    """Several networks trained together: their mean is the surface, their spread its error."""

    members: int = Field(default=8, ge=2)
    """How many."""
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


class Search(Section):
    """Settings tried in short trainings of one network; the best by validation error is taken."""

    candidates: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]] = Field(min_length=1)
    """Key → values, such as surface.hidden: [[16, 16], [24, 24]]; such keys may also stand in
    `search` itself."""
    strategy: Literal["grid", "halving", "optuna"] = "halving"
    """grid: all alike; halving: the better half goes on; optuna: `trials` chosen one by one."""
    budget: float = Field(default=60.0, gt=0)
    """CPU seconds in all."""
    trials: int = Field(default=20, gt=0)
    """Of optuna."""

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        dotted = {key: value for key, value in content.items() if "." in str(key)}
        rest = {key: value for key, value in content.items() if key not in dotted}
        return {**rest, "candidates": {**rest.get("candidates", {}), **dotted}}


class Morse(Section):
    """y = 1 − exp(−a(r − r_e)) in place of a length r."""

    kind: Literal["morse"] = "morse"
    steepness: float = Field(gt=0)
    """a, 1/Å."""
    centre: float = Field(gt=0)
    """r_e, Å."""


class Cosine(Section):
    """y = −cos θ in place of an angle θ."""

    kind: Literal["cos"] = "cos"


CoordinateMap = Annotated[Morse | Cosine, Field(discriminator="kind")]


class Coordinates(Section):
    """Internal coordinates and how far they reach."""

    kind: (
        Literal["valence", "radau", "jacobi", "zmatrix", "polyspherical", "normal_modes"] | None
    ) = None
    """valence (their default), radau or jacobi for three atoms; zmatrix, polyspherical or
    normal_modes for any molecule. The default for four and more: zmatrix with `normal`."""
    centre: int | None = Field(default=None, ge=0)
    """Number of the middle atom (jacobi: of the single one), from 0; by default the one of its
    kind."""
    rows: tuple[tuple[str | int, ...], ...] | None = None
    """Of a zmatrix: [C], [O, 0], [H, 0, 1], [H, 0, 1, 2], X for a dummy; by default made from the
    geometry at the minimum."""
    vectors: tuple[tuple[int | tuple[int | str, ...], int | tuple[int | str, ...]], ...] | None = (
        None
    )
    """Of polyspherical: from and to, each the number of an atom, a list for a centre of mass or
    [radau, centre, satellites] for a canonical point, such as [1, 2], [[1, 2], 0]."""
    normal: bool = False
    """Curvilinear normal coordinates q1, q2, …: the combinations of these lengths and angles that
    are normal coordinates at the minimum. For four atoms and more they take far fewer `quanta`."""
    reference: tuple[tuple[float, float, float], ...] | None = None
    """Positions of the atoms near the minimum, Å: where to start for a surface that has no
    training points, with normal_modes, `normal` or ranges that are auto."""
    fixed: dict[str, float] = {}
    """Coordinates of a zmatrix that keep a value, Å or degrees."""
    maps: dict[str, Annotated[CoordinateMap, BeforeValidator(_by_name)]] = {}
    """Other variables for some of the coordinates, by name: r1: {kind: morse, steepness: 2.2,
    centre: 0.96}, theta: cos. Ranges stay in Å and degrees, the new name is morse_r1."""
    ranges: Literal["auto"] | dict[str, tuple[float, float]] = "auto"
    """Ends of each coordinate (Å, degrees), or auto: along cuts until V passes `energy`, but
    lengths no farther out than the training points."""
    energy: float = Field(default=60000.0, gt=0)
    """Height of the cuts for auto, cm⁻¹ above the minimum."""


class BasisSize(Section):
    """Basis of one coordinate."""

    kind: Literal["sinc", "hermite", "legendre", "polynomial", "fourier"] | None = None
    """Primitive functions; by default sinc for lengths, legendre for angles, hermite for normal
    modes, polynomial for the cosine of an angle."""
    functions: int | None = Field(default=None, gt=0)
    """Contracted functions n; by default 10 for lengths, 14 for angles."""
    points: int | None = Field(default=None, gt=0)
    """Quadrature points m; by default 1.8 n for lengths, 1.4 n for angles."""
    primitives: int | None = Field(default=None, gt=0)
    """Primitive functions; by default 60 for lengths, 40 for angles."""


class GaussianBump(Section):
    """κ exp(−(q − centre)²/(2 width²)) in one coordinate."""

    coordinate: str
    """Name of the coordinate, such as r1."""
    centre: float
    """Å or degrees."""
    width: float = Field(gt=0)
    """Å or degrees."""
    strength: float = 0.0
    """κ, cm⁻¹."""


class Sensitivities(Section):
    """Which derivatives of the levels to print and store."""

    masses: bool = True
    """dE/dm of each atom."""
    parameters: tuple[str, ...] = ()
    """Named parameters of an analytic surface."""
    weights: bool = False
    """Every weight of the network, into levels.h5."""
    perturbations: dict[str, GaussianBump] = {}
    """Added to the surface; derivatives by their strength."""
    second: bool = False
    """Second derivatives by the strengths of the perturbations too, pure and mixed."""


class DensityMaps(Section):
    """Pictures of where the surface matters, density_<level>.png, and the same in levels.h5."""

    levels: tuple[Annotated[int, Field(ge=0)], ...] = (0,)
    """Numbers of the levels."""
    pairs: tuple[tuple[str, str], ...] | None = None
    """Names of coordinates, such as [r1, theta]; by default all pairs."""


class Spectrum(Section):
    """J = 0 sticks from a dipole function."""

    dipole: str
    """module:function or file.py:function; positions (B, N, 3) in bohr to (B, 3) in e·bohr."""
    temperature: float = Field(default=296.0, ge=0)
    """Kelvin."""


class CoordinateGroup(Section):
    """Coordinates whose products of functions give way to eigenfunctions of their own."""

    coordinates: tuple[str, ...] = Field(min_length=2)
    """Names."""
    energy: float | None = Field(default=None, gt=0)
    """Keep the functions up to this above the lowest, cm⁻¹; or"""
    functions: int | None = Field(default=None, gt=0)
    """keep so many."""

    @model_validator(mode="after")
    def _one_limit(self) -> "CoordinateGroup":
        if (self.energy is None) == (self.functions is None):
            raise ValueError("a group takes either `energy` or `functions`")
        return self


class Vibration(Section):
    """Levels of a surface."""

    molecule: tuple[str, ...] | None = None
    """Isotopes in the order of the surface's atoms, such as [O, H, D]; by default the data's."""
    nuclear_masses: bool = False
    """Bare nuclei instead of whole atoms."""
    coordinates: Coordinates = Coordinates()
    basis: dict[str, BasisSize] = {}
    """By the name of the coordinate; `all` for those not named."""
    levels: int | None = Field(default=None, gt=0)
    """How many, the ground state included; 20 unless `energy` is given."""
    energy: float | None = Field(default=None, gt=0)
    """All levels up to here instead, cm⁻¹ above the ground state."""
    quanta: float | None = Field(default=None, gt=0)
    """Keep only products of functions with so many quanta in all; for four atoms and more. Six
    normal coordinates get 6, nine 4, if nothing else limits the products: a first answer."""
    weights: dict[str, Annotated[float, Field(gt=0)]] = {}
    """Of the quanta, by coordinate or group: {r1: 2} counts each quantum of r1 twice."""
    product_energy: float | None = Field(default=None, gt=0)
    """Keep only products whose reference energies sum to so much above the lowest, cm⁻¹."""
    reference: Literal["cut", "vscf"] = "cut"
    """One-dimensional functions of cuts through the minimum, or self-consistent ones."""
    groups: dict[str, CoordinateGroup] = {}
    """Coordinates contracted together, by a name: {bends: {coordinates: [theta2, theta3],
    energy: 12000}}."""
    cap: float = Field(default=60000.0, gt=0)
    """Ceiling of V, cm⁻¹ above the minimum."""
    solver: Literal["auto", "dense", "shift_invert", "iterative", "davidson"] = "auto"
    """Of the eigenvalue problem; auto goes by its size."""
    symmetry: bool = True
    """Solve each block of H by itself where exchanges and reflections of coordinates leave surface
    and kinetic energy as they are: sooner, in less memory, with exact labels. Checked on the
    grid; a warning says what stands in the way."""
    convergence: bool | Literal["smaller", "larger"] = True
    """Estimate the convergence of each level from three larger or smaller calculations; true:
    smaller ones from five coordinates on."""
    sensitivities: Sensitivities = Sensitivities()
    ensemble: Literal["first_order", "full"] = "first_order"
    """Error bars of the levels of an ensemble surface: through |ψ|², or beside that by
    diagonalising every member's Hamiltonian."""
    densities: DensityMaps | None = None
    """Where the surface matters to chosen levels; none by default."""
    spectrum: Spectrum | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> "Vibration":
        if self.levels is not None and self.energy is not None:
            raise ValueError("give `levels` or `energy`, not both")
        return self


class TrainConfig(Section):
    """`pes-train`: data to surface."""

    name: str
    """Of the run folder, runs/<name>."""
    seed: int = Field(default=0, ge=0)
    """Of the split, the starting weights and the order of points."""
    device: str = "auto"
    """auto, cpu or cuda."""
    threads: int | None = Field(default=None, gt=0)
    """CPU threads; by default torch's choice."""
    molecule: tuple[str, ...] | None = None
    """Isotopes the data must fit, such as [O, H, H]; by default what the file says."""
    data: Data
    surface: Annotated[Surfaces, BeforeValidator(_neural)] = Surface()
    """neural or linear; a network unless `kind` says otherwise."""
    training: Training = Training()
    search: Search | None = None
    """Settings to choose by trying."""
    ensemble: Ensemble | None = None
    """A mean of several networks instead of one."""
    vibration: Vibration = Vibration()
    """What `pes-levels RUN` does with the surface."""

    @model_validator(mode="after")
    def _members(self) -> "TrainConfig":
        if self.search is not None and self.surface.kind != "neural":
            raise ValueError("`search` is of networks; a linear surface takes lists of values")
        if self.ensemble is None:
            return self
        if self.training.optimizer.kind not in ("auto", "levenberg_marquardt"):
            raise ValueError(
                "members are trained together by levenberg_marquardt; `training.optimizer` is "
                f"{self.training.optimizer.kind}: leave out `ensemble` or that"
            )
        if self.training.restarts:
            raise ValueError(
                "`training.restarts` is for one network; members of `ensemble` start from weights "
                "of their own: leave out one of the two"
            )
        if self.surface.kind != "neural":
            raise ValueError("`ensemble` is of networks; leave it out or the `surface.kind`")
        if not isinstance(self.surface.baseline, Linear) and (
            self.ensemble.degrees or self.ensemble.bootstrap == "baseline"
        ):
            raise ValueError(
                "`ensemble.degrees` and `ensemble.bootstrap: baseline` need a `surface.baseline` "
                "of kind linear"
            )
        return self


class LevelsConfig(Vibration):
    """`pes-levels --config`: levels of any surface."""

    name: str
    """Of the run folder, runs/<name>."""
    device: str = "auto"
    """auto, cpu or cuda."""
    threads: int | None = Field(default=None, gt=0)
    """CPU threads."""
    surface: str
    """Run folder, surface file, module:function, file.py:function or a named analytic one."""


class SampleConfig(Section):
    """`pes-sample`: geometries to compute."""

    name: str
    """Of the run folder, runs/<name>."""
    seed: int = Field(default=0, ge=0)
    """Of the samples."""
    device: str = "auto"
    """auto, cpu or cuda."""
    threads: int | None = Field(default=None, gt=0)
    """CPU threads; by default torch's choice."""
    molecule: tuple[str, ...] | None = None
    """Isotopes, such as [O, H, H]; by default the surface's or those of `points`."""
    surface: str
    """What tells the energies: run folder, surface file, module:function, file.py:function or a
    named analytic one."""
    coordinates: Coordinates | None = None
    """Ranges to fill; by default the distances of the training points and of `points`."""
    points: Path | None = None
    """Points that are there already, HDF5 or extended XYZ."""
    count: int = Field(default=100, gt=0)
    """Geometries to choose."""
    energy: float = Field(default=30000.0, gt=0)
    """Highest energy, cm⁻¹ above the minimum."""
    choose: Literal["energy", "spread"] = "energy"
    """energy: spread evenly, fewer the higher they lie; spread: where the members of an ensemble
    differ, apart from one another and from the training points."""
    offset: float = Field(default=1000.0, gt=0)
    """Δ of the chance (E_max − V + Δ)/(E_max + Δ) to choose a geometry by energy, cm⁻¹."""
    samples: int = Field(default=16384, gt=0)
    """Geometries to choose from."""


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


class ObservedLevels(Section):
    """Observed levels of one isotopologue."""

    molecule: tuple[str, ...]
    """Isotopes in the order of the surface's atoms."""
    observed: Path
    """CSV with v1, v2, …, energy and uncertainty (cm⁻¹)."""
    held: bool = False
    """Keep all of them out of the fit, to see what it learned."""
    held_levels: tuple[tuple[int, ...], ...] = ()
    """Quanta of single levels to keep out."""
    up_to: float | None = Field(default=None, gt=0)
    """Leave out levels above, cm⁻¹."""


class RefineConfig(Section):
    """`pes-refine`: a surface adjusted to observed levels."""

    name: str
    """Of the run folder, runs/<name>."""
    device: str = "auto"
    """auto, cpu or cuda."""
    threads: int | None = Field(default=None, gt=0)
    """CPU threads."""
    surface: str
    """Run folder, surface file or a named analytic one."""
    data: Path
    """Ab initio points that the surface is to stay near."""
    isotopologues: tuple[ObservedLevels, ...] = Field(min_length=1)
    """Fitted and held-out levels."""
    adjust: Annotated[Adjust, BeforeValidator(_by_name)] = Polynomial()
    """polynomial, added to the surface, or weights, its own."""
    anchor: Annotated[float, Field(ge=0)] | Literal["auto"] = "auto"
    """λ, weight of squared distances from the ab initio points against squared errors of levels;
    auto: the one by which each fitted level is best predicted from the others."""
    anchor_energy: float = Field(default=5000.0, gt=0)
    """Points count by [Δ/(Δ + E)]² with this Δ, cm⁻¹."""
    uncertainty_floor: float = Field(default=0.1, gt=0)
    """Levels weigh as 1/uncertainty²; smaller uncertainties count as this, cm⁻¹."""
    steps: int = Field(default=10, gt=0)
    """Gauss–Newton steps at most."""
    nuclear_masses: bool = False
    """Bare nuclei instead of whole atoms."""
    coordinates: Coordinates = Coordinates()
    basis: dict[str, BasisSize] = {}
    """By the name of the coordinate; `all` for those not named."""
    cap: float = Field(default=60000.0, gt=0)
    """Ceiling of V, cm⁻¹ above the minimum."""


class Grid(Section):
    """Evenly spaced points of a one-dimensional model."""

    low: float
    """First point, in units of the oscillator's length."""
    high: float
    """Last point."""
    points: int = Field(gt=2)
    """Both ends included."""


class ModelConfig(Section):
    """`pes-levels --config`: the one-dimensional model −½ d²/dx² + x²/2 + κ exp(−x²/2)."""

    name: str
    """Of the run folder, runs/<name>."""
    model: Literal["harmonic_gaussian"]
    """Marks the file as one of a model."""
    kappa: tuple[float, ...]
    """Values of κ."""
    grids: dict[Literal["sinc", "three_point"], Grid]
    """Finite-difference and sinc grids to compare."""
    states: int = Field(default=4, gt=1)
    """Levels to keep."""
    device: str = "auto"
    """auto, cpu or cuda."""
    threads: int | None = Field(default=None, gt=0)
    """CPU threads."""
