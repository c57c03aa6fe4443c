"""Settings of a fit: form of the surface, ensemble, weights, optimizer, when to stop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from pes.data import Dataset
from pes.setup.inputs.surfaces import SurfaceLike
from pes.training import OPTIMIZERS
from pes.training.optimizers.problem import Optimizer
from pes.training.weights import column

__all__ = [
    "EnsembleForm",
    "KernelForm",
    "LinearBaseline",
    "LinearForm",
    "NetworkForm",
    "TrainingSettings",
    "Weights",
    "optimizer_kind",
    "point_weights",
]

Weights = Callable[[Tensor], Tensor] | str
"""Energies (B,) in hartree above the lowest training point to weights (B,), such as one of
`pes.training.weights.WEIGHTS`; or the name of a column of the data."""


@dataclass(frozen=True)
class LinearBaseline:
    """Linear surface under a network; the validation points choose among several values.

    Attributes:
        degree: highest total degree of the invariant polynomials, or several to try.
        variable: `morse`, exp(−r/a), or `inverse`, 1/r, of each distance r; `cosine`, for AB₂:
            exp(−r/a) of the bonds and cos θ of the angle between them.
        length: a in Å, or several to try.
        ridge: regularisation relative to the largest singular value; `auto` tries 0 and 1e-15
            to 1e-4.
        force_weight: weight of force residuals relative to energy residuals in Å²; by default
            all forces together count as much as the energies.
    """

    degree: int | tuple[int, ...] = 4
    variable: Literal["morse", "inverse", "cosine"] = "morse"
    length: float | tuple[float, ...] = 1.0
    ridge: float | Literal["auto"] = 1e-12
    force_weight: float | None = None


@dataclass(frozen=True)
class LinearForm:
    """V = baseline + polynomial, fitted in one step; the validation points choose among values.

    Attributes:
        degree: highest total degree of the invariant polynomials, or several to try.
        variable: `morse`, exp(−r/a), or `inverse`, 1/r, of each distance r; `cosine`, for AB₂:
            exp(−r/a) of the bonds and cos θ of the angle between them.
        length: a in Å, or several to try.
        ridge: regularisation as in `LinearBaseline`.
        chosen_by: what chooses among values: the validation points, or how well each training and
            validation point is predicted from all others (energies only; both parts are fitted).
        baseline: surface that the polynomial corrects; a module, a name such as a run folder, or
            `file.py:function`.
    """

    degree: int | tuple[int, ...] = 4
    variable: Literal["morse", "inverse", "cosine"] = "morse"
    length: float | tuple[float, ...] = 1.0
    ridge: float | Literal["auto"] = "auto"
    chosen_by: Literal["validation", "leave_one_out"] = "validation"
    baseline: SurfaceLike | None = None

    kind: ClassVar[Literal["linear"]] = "linear"
    linear_baseline: ClassVar[None] = None
    price: ClassVar[float] = 1.0

    @property
    def fits_validation(self) -> bool:
        """Whether the surface is fitted to the training points and the validation points."""
        return self.chosen_by == "leave_one_out"


@dataclass(frozen=True)
class KernelForm:
    """V = shift + a smooth bump at each point, for energies alone (Gaussian-process regression).

    Training and validation points are both fitted; each is judged by what a fit without it
    predicts. The best form for some thousand points of four or five atoms.

    Attributes:
        length: a in Å of the variables exp(−r/a) of the distances.
        width: width of a bump in units of the spread of the points in these variables.
        noise: regularisation relative to the height of a bump.
        centres: number of points, drawn at random, that carry a bump; all by default, or as many
            as `memory` allows.
    """

    length: float = 1.0
    width: float = 5.0
    noise: float = 1e-11
    centres: int | None = None

    kind: ClassVar[Literal["kernel"]] = "kernel"
    linear_baseline: ClassVar[None] = None
    fits_validation: ClassVar[bool] = True
    price: ClassVar[float] = 2.0
    """Factor by which a kernel surface must be more accurate than another form to be preferred: an
    energy takes a hundred times as long, and it has no forces, error bars or export."""


@dataclass(frozen=True)
class NetworkForm:
    """V = baseline + network of invariant polynomials.

    Attributes:
        degree: highest total degree of the polynomials.
        variable: `morse`, exp(−r/a), or `inverse`, 1/r, of each distance r; `cosine`, for AB₂:
            exp(−r/a) of the bonds and cos θ of the angle between them.
        length: a in Å.
        hidden: width of each hidden layer.
        activation: function of the hidden layers.
        baseline: surface that the network corrects: a linear surface to fit first, or any other as
            it is, named or given as for `LinearForm`.

    Raises:
        TypeError: for one width in place of several.
    """

    degree: int = 3
    variable: Literal["morse", "inverse", "cosine"] = "morse"
    length: float = 1.0
    hidden: tuple[int, ...] = (20, 20)
    activation: Literal["tanh", "silu", "softplus"] = "tanh"
    baseline: LinearBaseline | SurfaceLike | None = None

    kind: ClassVar[Literal["neural"]] = "neural"
    fits_validation: ClassVar[bool] = False
    price: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.hidden, tuple | list):
            raise TypeError(
                "`hidden` must be the widths of the hidden layers, such as (20, 20), got "
                f"{self.hidden!r}"
            )

    @property
    def linear_baseline(self) -> LinearBaseline | None:
        """The baseline if it is one to fit first."""
        return self.baseline if isinstance(self.baseline, LinearBaseline) else None

    @property
    def fixed_baseline(self) -> SurfaceLike | None:
        """The baseline if it is a surface that stays as it is."""
        return None if isinstance(self.baseline, LinearBaseline) else self.baseline


@dataclass(frozen=True)
class EnsembleForm:
    """Several networks trained together: their mean is the surface, their spread its error.

    Attributes:
        members: number of networks.
        validation: `own`, each member holds out another share of all points outside the test,
            which all count as training points in the errors of the mean; `shared`, all have the
            same training and validation points.
        bootstrap: draw each member's training points again, with replacement: for its `baseline`,
            or for its network too (`all`).
        degrees: degrees of the members' baselines, in turn; by default that of the form.
        keep: share of the members to keep, the ones of lowest validation error; `auto` leaves out
            those whose error is more than four times the median.
    """

    members: int = 8
    validation: Literal["own", "shared"] = "own"
    bootstrap: Literal["none", "baseline", "all"] = "none"
    degrees: tuple[int, ...] = ()
    keep: float | Literal["auto"] = "auto"


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of a fit; defaults are the ones of `pes-train`.

    Attributes:
        form: network, linear surface or kernels.
        ensemble: several networks instead of one.
        weights: weight of each point; all alike by default.
        force_weight: weight of force residuals relative to energy residuals in Å²; by default
            all forces together count as much as the energies.
        optimizer: `auto`, a name in `pes.training.OPTIMIZERS`, or one of these functions with
            settings bound by `functools.partial`.
        epochs: largest number of steps of the optimizer.
        patience: epochs without a better validation error after which the fit stops.
        max_seconds: wall time in s after which the fit stops; none by default.
        restarts: number of new starts from other weights when patience is over or no step helps;
            the best by validation is kept.
        first_points: number of training points, drawn at random, that the first epochs of one
            network use; all by default.
        first_epochs: number of these epochs.
        seed: seed of starting weights, of members' points and of the order of points.
        memory: MiB for the rows of a linear fit, for ∂f/∂x of the points and chunks of the
            Jacobian.

    Raises:
        ValueError: if the settings contradict each other.

    Example:
        >>> TrainingSettings(ensemble=EnsembleForm(members=4), optimizer="adam")
        Traceback (most recent call last):
        ...
        ValueError: `optimizer` is adam, but members of an ensemble are trained together by \
levenberg_marquardt: leave out `ensemble` or the optimizer
    """

    form: NetworkForm | LinearForm | KernelForm = NetworkForm()
    ensemble: EnsembleForm | None = None
    weights: Weights | None = None
    force_weight: float | None = None
    optimizer: str | Optimizer = "auto"
    epochs: int = 1000
    patience: int = 500
    max_seconds: float | None = None
    restarts: int = 0
    seed: int = 0
    memory: int = 1024
    first_points: int | None = None
    first_epochs: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "patience"):
            if not (number := getattr(self, name)) > 0:
                raise ValueError(f"`{name}` must be at least 1, got {number}")
        kind = optimizer_kind(self.optimizer)
        if self.ensemble is None:
            return
        if kind not in ("auto", "levenberg_marquardt"):
            raise ValueError(
                f"`optimizer` is {kind}, but members of an ensemble are trained together by "
                "levenberg_marquardt: leave out `ensemble` or the optimizer"
            )
        if self.restarts:
            raise ValueError(
                "`restarts` is for one network; members of an ensemble start from weights of "
                "their own: leave out one of the two"
            )
        if self.first_points is not None:
            raise ValueError(
                "`first_points` is for one network; members of an ensemble use all their points "
                "from the start: leave out one of the two"
            )
        if self.form.kind != "neural":
            raise ValueError(
                f"`ensemble` is for networks, but the form of the surface is {self.form.kind}"
            )
        varied = self.ensemble.degrees or self.ensemble.bootstrap == "baseline"
        if varied and self.form.linear_baseline is None:
            raise ValueError(
                "`degrees` and `bootstrap: baseline` of an ensemble need a linear `baseline` of "
                "the networks"
            )


def optimizer_kind(optimizer: str | Optimizer) -> str:
    """Name of an optimizer; of a function that is not in `OPTIMIZERS` its own name.

    Raises:
        ValueError: for a name that no optimizer has.
    """
    if isinstance(optimizer, str):
        if optimizer not in ("auto", *OPTIMIZERS):
            raise ValueError(
                f"`optimizer` must be auto, {', '.join(OPTIMIZERS)} or a function, got "
                f"{optimizer!r}"
            )
        return optimizer
    function = getattr(optimizer, "func", optimizer)
    names = [name for name, known in OPTIMIZERS.items() if known is function]
    return names[0] if names else getattr(function, "__name__", "optimizer")


def point_weights(weights: Weights | None, dataset: Dataset, lowest: Tensor) -> Tensor:
    """Weight (B,) of each point, from its height above `lowest` (hartree) or a column."""
    if weights is None:
        return torch.ones_like(dataset.energies)
    if isinstance(weights, str):
        return column(dataset, weights)
    return weights(dataset.energies - lowest)
