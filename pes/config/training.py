"""Keys of how a network is fitted: optimizer, weights of the points, when to stop."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pes.config.section import Section, by_name

__all__ = ["LBFGS", "Adam", "AdamLBFGS", "Auto", "Column", "LevenbergMarquardt", "Training"]


class Auto(Section):
    """levenberg_marquardt if one of its iterations is cheap, otherwise adam_lbfgs."""

    kind: Literal["auto"] = "auto"


class LevenbergMarquardt(Section):
    """Gauss–Newton with damping; it is the best choice for up to a few thousand parameters."""

    kind: Literal["levenberg_marquardt"] = "levenberg_marquardt"
    damping: float = Field(default=1e-3, gt=0)
    """Damping λ of the first step, relative to the largest diagonal element of JᵀJ."""
    acceleration: float = Field(default=0.75, ge=0)
    """Largest length of the second-order part of a step (geodesic acceleration), relative to half
    of the first-order part; 0 switches it off."""


class LBFGS(Section):
    """Quasi-Newton method with a strong Wolfe line search, on all points at once."""

    kind: Literal["lbfgs"] = "lbfgs"
    iterations: int = Field(default=10, gt=0)
    """Number of line searches in each epoch."""
    history: int = Field(default=100, gt=0)
    """Number of earlier gradients that are kept."""


class Adam(Section):
    """Stochastic gradient descent; the learning rate decays as a cosine."""

    kind: Literal["adam"] = "adam"
    learning_rate: float = Field(default=1e-2, gt=0)
    """Learning rate of the first epoch."""
    last_learning_rate: float = Field(default=1e-5, ge=0)
    """Learning rate of the last epoch."""
    batch: int = Field(default=64, gt=0)
    """Number of points in each update."""


class AdamLBFGS(Section):
    """Adam first, then L-BFGS; for fits that are too large for levenberg_marquardt."""

    kind: Literal["adam_lbfgs"] = "adam_lbfgs"
    adam_epochs: int = Field(default=200, gt=0)
    """Number of epochs of Adam."""
    learning_rate: float = Field(default=1e-2, gt=0)
    """Learning rate of the first epoch."""
    last_learning_rate: float = Field(default=1e-4, ge=0)
    """Learning rate of the last epoch of Adam."""
    batch: int = Field(default=64, gt=0)
    """Number of points in each update of Adam."""
    iterations: int = Field(default=10, gt=0)
    """Number of line searches in each epoch of L-BFGS."""
    history: int = Field(default=100, gt=0)
    """Number of earlier gradients that L-BFGS keeps."""


class NoWeights(Section):
    """All points have the same weight."""

    kind: Literal["none"] = "none"


class PartridgeSchwenke(Section):
    """Weights that fall smoothly to a low value above an energy, after Partridge and Schwenke."""

    kind: Literal["partridge_schwenke"] = "partridge_schwenke"
    top: float = Field(default=30000.0, gt=0)
    """Energy at the middle of the fall, cm⁻¹ above the minimum."""
    width: float = Field(default=2000.0, gt=0)
    """Width of the fall, cm⁻¹."""
    floor: float = Field(default=0.0, ge=0)
    """If positive, weights are also divided by max(E, floor), cm⁻¹."""


class Boltzmann(Section):
    """Weights exp(−E/E₀)."""

    kind: Literal["boltzmann"] = "boltzmann"
    energy: float = Field(default=5000.0, gt=0)
    """Energy E₀, cm⁻¹."""


class Ratio(Section):
    """Weights Δ/(Δ + E)."""

    kind: Literal["ratio"] = "ratio"
    offset: float = Field(default=5000.0, gt=0)
    """Energy Δ, cm⁻¹."""


class Column(Section):
    """Weights from a column of the data file."""

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
    """Optimizer: auto, levenberg_marquardt, lbfgs, adam or adam_lbfgs."""
    weights: Annotated[Weights, BeforeValidator(by_name)] = NoWeights()
    """Weights of the points: none, partridge_schwenke, boltzmann, ratio or column."""
    force_weight: float | None = Field(default=None, gt=0)
    """Weight of squared force errors relative to squared energy errors, Å²; by default both have
    the same weight in total."""
    epochs: int = Field(default=1000, gt=0)
    """Largest number of steps of the optimizer."""
    patience: int = Field(default=500, gt=0)
    """The fit stops after so many epochs without a lower validation error."""
    budget: float | None = Field(default=None, gt=0)
    """CPU time after which this session of the fit stops, minutes. The default of `surface: auto`
    is 5. For `surface: auto_dipole` it is wall time."""
    max_seconds: float | None = Field(default=None, gt=0)
    """Wall time after which the fit stops, seconds."""
    restarts: int = Field(default=0, ge=0)
    """Number of restarts from other starting weights, after `patience` epochs without progress or
    when no step lowers the loss; the network with the lowest validation error is kept."""
    first_points: int | None = Field(default=None, gt=0)
    """Number of training points, drawn at random, that the first epochs of a single network use; it
    saves time, because many points are needed at the end only."""
    first_epochs: int = Field(default=0, ge=0)
    """Number of epochs that use `first_points`."""
    memory: int = Field(default=1024, gt=0)
    """Memory in MiB for the rows of a linear fit, for the derivatives of the descriptor at the
    training points, and for parts of the Jacobian."""
