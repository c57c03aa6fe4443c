"""Forms of a dipole surface to fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from pes.molecule import Molecule
from pes.potential.dipole import DipoleSurface
from pes.potential.dipole_network import DipoleNetwork
from pes.setup.training.planning.shapes import shapes
from pes.training.optimizers.problem import Optimizer
from pes.units import ANGSTROM

__all__ = ["AnyDipoleForm", "AutomaticDipoleForm", "DipoleForm", "DipoleNetworkForm", "check_form"]


@dataclass(frozen=True)
class DipoleForm:
    """μ = Σ_a z_a(x) x_a with charges linear in polynomials.

    Attributes:
        degree: highest total degree of the polynomials, or several to try.
        variable: `morse`, exp(−r/a), or `inverse`, 1/r, of each distance r.
        length: a in Å, or several to try.
        ridge: regularisation relative to the largest singular value; `auto` tries 0 and 1e-15 to
            1e-4.
        charge: total charge, e.
        chosen_by: what chooses among values: the validation points, or how well each training and
            validation point is predicted from all others (both parts are fitted).
        members: number of fits, each to points weighted at random, whose spread is the error
            bar; 1 for a single fit.

    Raises:
        ValueError: if `members` is not a whole number from 1 on.
    """

    degree: int | tuple[int, ...] = 4
    variable: Literal["morse", "inverse"] = "morse"
    length: float | tuple[float, ...] = 2.0
    ridge: float | Literal["auto"] = "auto"
    charge: int = 0
    chosen_by: Literal["validation", "leave_one_out"] = "validation"
    members: int = 1

    kind: ClassVar[Literal["dipole"]] = "dipole"

    def __post_init__(self) -> None:
        _check_counts(members=self.members)

    @property
    def fits_validation(self) -> bool:
        """Whether the surface is fitted to the training points and the validation points."""
        return self.chosen_by == "leave_one_out"

    def surfaces(self, symbols: Sequence[str]) -> list[DipoleSurface]:
        """One surface without coefficients for each degree and length."""
        return [
            DipoleSurface(
                Molecule(symbols).elements, degree, variable=self.variable,
                length=length * ANGSTROM, charge=self.charge,
            )
            for degree, length in shapes(self.degree, self.length)
        ]  # fmt: skip


@dataclass(frozen=True)
class DipoleNetworkForm:
    """μ = Σ_a z_a(x) x_a with charges from networks of polynomials, one for each element.

    Attributes:
        degree: highest total degree of the polynomials.
        variable: `morse`, exp(−r/a), or `inverse`, 1/r, of each distance r.
        length: a in Å.
        hidden: width of each hidden layer.
        activation: function of the hidden layers.
        charge: total charge, e.
        members: number of fits from other weights, each to points weighted at random, whose
            spread is the error bar; 1 for a single fit.
        optimizer: `auto`, a name in `pes.training.OPTIMIZERS`, or one of these functions with
            settings bound by `functools.partial`.
        epochs: largest number of steps of the optimizer.
        patience: epochs without a better validation error after which a fit stops.
        max_seconds: wall time in s after which the fit of a network stops; none by default.

    Raises:
        TypeError: if `hidden` is not a list of widths.
        ValueError: if a number is not a whole one from 1 on.
    """

    degree: int = 3
    variable: Literal["morse", "inverse"] = "morse"
    length: float = 2.0
    hidden: tuple[int, ...] = (16, 16)
    activation: Literal["tanh", "silu", "softplus"] = "tanh"
    charge: int = 0
    members: int = 1
    optimizer: str | Optimizer = "auto"
    epochs: int = 1000
    patience: int = 500
    max_seconds: float | None = None

    kind: ClassVar[Literal["dipole_network"]] = "dipole_network"
    fits_validation: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not isinstance(self.hidden, tuple | list):
            raise TypeError(f"`hidden` must list the width of each layer, got {self.hidden!r}")
        _check_counts(
            members=self.members, degree=self.degree, epochs=self.epochs, patience=self.patience
        )

    def surface(self, symbols: Sequence[str], seed: int) -> DipoleNetwork:
        """The surface with random weights."""
        return DipoleNetwork(
            Molecule(symbols).elements, self.degree, self.hidden, activation=self.activation,
            variable=self.variable, length=self.length * ANGSTROM, charge=self.charge, seed=seed,
        )  # fmt: skip


@dataclass(frozen=True)
class AutomaticDipoleForm:
    """The better of polynomials and networks, chosen by the validation points.

    Attributes:
        charge: total charge, e.
        minutes: wall time of the fits.
        patience: epochs without a better validation error after which the fit of a network stops.

    Raises:
        ValueError: if `minutes` is not positive.
    """

    charge: int = 0
    minutes: float = 5.0
    patience: int = 100

    kind: ClassVar[Literal["auto_dipole"]] = "auto_dipole"
    fits_validation: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.minutes <= 0:
            raise ValueError(f"`minutes` must be positive, got {self.minutes!r}")


AnyDipoleForm = DipoleForm | DipoleNetworkForm | AutomaticDipoleForm


def check_form(form: object) -> None:
    """Refuse what is not the form of a dipole surface.

    Raises:
        TypeError: naming what it is instead.
    """
    if not isinstance(form, AnyDipoleForm):
        raise TypeError(
            "form must be a DipoleForm, a DipoleNetworkForm or an AutomaticDipoleForm, got "
            f"{type(form).__name__}"
        )


def _check_counts(**counts: object) -> None:
    for name, value in counts.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"`{name}` must be a whole number from 1 on, got {value!r}")
