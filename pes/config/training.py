"""Keys of how a network is fitted: optimizer, weights of the points, when to stop."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pes.config.section import Section, by_name

__all__ = ["LBFGS", "Adam", "AdamLBFGS", "Auto", "Column", "LevenbergMarquardt", "Training"]


class Auto(Section):
    """levenberg_marquardt where one iteration is cheap, adam_lbfgs for larger fits."""

    kind: Literal["auto"] = "auto"


class LevenbergMarquardt(Section):
    """Gauss–Newton with damping: the best for up to a few thousand parameters."""

    kind: Literal["levenberg_marquardt"] = "levenberg_marquardt"
    damping: float = Field(default=1e-3, gt=0)
    """First λ relative to the largest diagonal element of JᵀJ."""
    acceleration: float = Field(default=0.75, ge=0)
    """Largest length of the second-order term of a step relative to half the first; 0 for none."""


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
    """Learning rate of the first epoch."""
    last_learning_rate: float = Field(default=1e-5, ge=0)
    """Learning rate of the last epoch."""
    batch: int = Field(default=64, gt=0)
    """Points in each update."""


class AdamLBFGS(Section):
    """Adam first, then L-BFGS: for fits too large for levenberg_marquardt."""

    kind: Literal["adam_lbfgs"] = "adam_lbfgs"
    adam_epochs: int = Field(default=200, gt=0)
    """Epochs of Adam."""
    learning_rate: float = Field(default=1e-2, gt=0)
    """Learning rate of the first epoch."""
    last_learning_rate: float = Field(default=1e-4, ge=0)
    """Learning rate of the last epoch of Adam."""
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
    """Name of the column."""


Optimizer = Annotated[
    Auto | LevenbergMarquardt | LBFGS | Adam | AdamLBFGS, Field(discriminator="kind")
]
Weights = Annotated[
    NoWeights | PartridgeSchwenke | Boltzmann | Ratio | Column, Field(discriminator="kind")
]


class Training(Section):
    """Settings of the fit."""

    optimizer: Annotated[Optimizer, BeforeValidator(by_name)] = Auto()
    """auto, levenberg_marquardt, lbfgs, adam or adam_lbfgs."""
    weights: Annotated[Weights, BeforeValidator(by_name)] = NoWeights()
    """none, partridge_schwenke, boltzmann, ratio or column."""
    force_weight: float | None = Field(default=None, gt=0)
    """Weight of squared force errors relative to squared energy errors, Å²; by default both count
    alike."""
    epochs: int = Field(default=1000, gt=0)
    """Largest number of steps of the optimizer."""
    patience: int = Field(default=500, gt=0)
    """Number of epochs without a better validation error after which the fit stops."""
    budget: float | None = Field(default=None, gt=0)
    """CPU time after which this session of the fit stops, minutes; 5 for `surface: auto`. Wall
    time of `surface: auto_dipole`."""
    max_seconds: float | None = Field(default=None, gt=0)
    """Wall time after which the fit stops, seconds."""
    restarts: int = Field(default=0, ge=0)
    """When patience is over or no step helps, start again so often from other weights; the best
    by validation is kept."""
    first_points: int | None = Field(default=None, gt=0)
    """Number of training points, drawn at random, that the first epochs of one network use: many
    points are needed at the end, not at the beginning."""
    first_epochs: int = Field(default=0, ge=0)
    """Number of these epochs."""
    memory: int = Field(default=1024, gt=0)
    """MiB for the rows of a linear fit, for ∂f/∂x of the training points and the chunks of the
    Jacobian."""
