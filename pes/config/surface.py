"""Keys of the form of a surface to fit: network or polynomial, and what it corrects."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from pes.config.baseline import Baseline, Degree, Length, Linear, Ridge, StoredSurface
from pes.config.section import Section, by_name
from pes.setup.training.dipoles.dipole_choice import NETWORKS
from pes.setup.training.dipoles.dipole_forms import (
    AnyDipoleForm,
    AutomaticDipoleForm,
    DipoleForm,
    DipoleNetworkForm,
)
from pes.setup.training.planning.settings import KernelForm, LinearForm, NetworkForm

__all__ = [
    "AutomaticDipoleSection",
    "AutomaticSurface",
    "DipoleBase",
    "DipoleNetworkSection",
    "DipoleSection",
    "InvariantsSection",
    "LinearSurfaceSection",
    "SurfaceSection",
    "Surfaces",
    "neural",
]


def neural(value: Any) -> Any:
    """A surface without a `kind` is a network."""
    return {"kind": "neural", **value} if isinstance(value, dict) else by_name(value)


class InvariantsSection(Section):
    """Polynomials invariant under permutation of like atoms."""

    kind: Literal["invariants"] = "invariants"
    degree: int = Field(default=3, ge=1, le=12)
    """Highest total degree of the polynomials."""
    variable: Literal["morse", "inverse", "cosine"] = "morse"
    """Variables of the polynomials. morse: exp(−r/a) of each distance r. inverse: 1/r. cosine: for
    a molecule AB₂, exp(−r/a) of the bonds and cos θ."""
    length: float = Field(default=1.0, gt=0)
    """Length a of the variables exp(−r/a), Å."""


class SurfaceBase(Section):
    """Base of all sections `surface`."""

    of_dipoles: ClassVar[bool] = False

    @property
    def networks(self) -> int:
        """Largest number of networks of dipole moments that are fitted."""
        return 0

    def dipole_form(self) -> AnyDipoleForm:
        """The record of `pes.setup` for a surface of dipole moments.

        Raises:
            ValueError: if the surface is one of energies.
        """
        raise ValueError("this surface is fitted to energies, not to dipole moments")


class LinearSurfaceSection(Linear, SurfaceBase):
    """V = polynomial, fitted in one step; it has no epochs, and no state to resume from."""

    ridge: Ridge | Literal["auto"] = "auto"
    """Ridge regularisation, relative to the largest singular value; auto tries 0 and 1e-15 to
    1e-4."""
    chosen_by: Literal["validation", "leave_one_out"] = "validation"
    """Criterion for the choice among several values. validation: the error at the validation
    points. leave_one_out: the error with which each point outside the test is predicted from all
    others; all these points are then fitted. It is for energies without forces."""
    baseline: Annotated[StoredSurface, BeforeValidator(by_name)] | None = None
    """Surface that the polynomial corrects; the default is none."""

    def resolved(self) -> LinearForm:
        """The record of `pes.setup`."""
        under = None if self.baseline is None else self.baseline.resolved()
        return LinearForm(**self.model_dump(exclude={"kind", "baseline"}), baseline=under)


class KernelSection(SurfaceBase):
    """V = sum of smooth kernels at the points: Gaussian-process regression of energies."""

    kind: Literal["kernel"] = "kernel"
    length: Length = 1.0
    """Length a of the variables exp(−r/a) of the distances, Å."""
    width: Annotated[float, Field(gt=0)] = 5.0
    """Width of a kernel, in units of the standard deviation of the points in these variables."""
    noise: Annotated[float, Field(ge=0)] = 1e-11
    """Regularisation, relative to the height of a kernel; take a larger value for rounded
    labels."""
    centres: Annotated[int, Field(gt=0)] | None = None
    """Number of points that have a kernel; they are chosen far from each other. The default is all
    points, or as many as `training.memory` allows."""
    baseline: None = None
    """Not available: kernels have no baseline."""

    def resolved(self) -> KernelForm:
        """The record of `pes.setup`."""
        return KernelForm(**self.model_dump(exclude={"kind", "baseline"}))


class SurfaceSection(SurfaceBase):
    """V = baseline + network(descriptor)."""

    kind: Literal["neural"] = "neural"
    descriptor: Annotated[InvariantsSection, BeforeValidator(by_name)] = InvariantsSection()
    """Descriptor: the inputs of the network."""
    baseline: Annotated[Baseline, BeforeValidator(by_name)] | None = None
    """Surface that the network corrects, linear or surface; the default is none."""
    hidden: tuple[Annotated[int, Field(gt=0, le=10_000)], ...] = (20, 20)
    """Number of units in each hidden layer."""
    activation: Literal["tanh", "silu", "softplus"] = "tanh"
    """Activation function of the hidden layers."""

    def resolved(self) -> NetworkForm:
        """The record of `pes.setup`."""
        under = None if self.baseline is None else self.baseline.resolved()
        inputs = self.descriptor.model_dump(exclude={"kind"})
        return NetworkForm(**inputs, hidden=self.hidden, activation=self.activation, baseline=under)


class DipoleBase(SurfaceBase):
    """Keys of every section for a surface of dipole moments."""

    of_dipoles: ClassVar[bool] = True

    charge: int = Field(default=0, ge=-100, le=100)
    """Total charge of the molecule, e."""
    baseline: None = None
    """Not available: the total charge is the baseline."""

    def resolved(self) -> NetworkForm:
        """Nothing that is fitted to energies.

        Raises:
            ValueError: always.
        """
        raise ValueError("this surface is fitted to dipole moments, not to energies")


class DipoleSection(DipoleBase):
    """Dipole surface μ = Σ_a z_a(x) x_a with charges z_a that are polynomials.

    If several degrees, lengths or ridges are given, the validation points choose among them.
    """

    kind: Literal["dipole"] = "dipole"
    degree: Degree | Annotated[tuple[Degree, ...], Field(min_length=1)] = 4
    """Highest total degree of the polynomials, or several degrees to try, such as [4, 5, 6]."""
    variable: Literal["morse", "inverse"] = "morse"
    """Variables of the polynomials. morse: exp(−r/a) of each distance r. inverse: 1/r."""
    length: Length | Annotated[tuple[Length, ...], Field(min_length=1)] = 2.0
    """Length a of the variables exp(−r/a), Å; or several lengths to try."""
    ridge: Ridge | Literal["auto"] = "auto"
    """Ridge regularisation, relative to the largest singular value; auto tries 0 and 1e-15 to
    1e-4."""
    chosen_by: Literal["validation", "leave_one_out"] = "validation"
    """Criterion for the choice among several values. validation: the error at the validation
    points. leave_one_out: the error with which each point outside the test is predicted from all
    others; all these points are then fitted."""
    members: int = Field(default=1, ge=1, le=100)
    """Number of fits, each to points with random weights; their spread is the error bar."""

    def dipole_form(self) -> DipoleForm:
        """The record of `pes.setup`."""
        return DipoleForm(**self.model_dump(exclude={"kind", "baseline"}))


class DipoleNetworkSection(DipoleBase):
    """Dipole surface μ = Σ_a z_a(x) x_a with charges z_a from networks, one for each element."""

    kind: Literal["dipole_network"] = "dipole_network"
    degree: int = Field(default=3, ge=1, le=12)
    """Highest total degree of the polynomials."""
    variable: Literal["morse", "inverse"] = "morse"
    """Variables of the polynomials. morse: exp(−r/a) of each distance r. inverse: 1/r."""
    length: Length = 2.0
    """Length a of the variables exp(−r/a), Å."""
    hidden: tuple[Annotated[int, Field(gt=0, le=10_000)], ...] = (16, 16)
    """Number of units in each hidden layer."""
    activation: Literal["tanh", "silu", "softplus"] = "tanh"
    """Activation function of the hidden layers."""
    members: int = Field(default=1, ge=1, le=100)
    """Number of fits, each from other starting weights to points with random weights; their spread
    is the error bar."""

    @property
    def networks(self) -> int:
        """One for each member."""
        return self.members

    def dipole_form(self) -> DipoleNetworkForm:
        """The record of `pes.setup`, with its own settings of the optimizer."""
        return DipoleNetworkForm(**self.model_dump(exclude={"kind", "baseline"}))


class AutomaticDipoleSection(DipoleBase):
    """Dipole surface whose form the program chooses: the one with the lowest validation error.

    `training.budget` limits the time of the fits; config.yaml in the run folder holds the choice.
    """

    kind: Literal["auto_dipole"] = "auto_dipole"

    @property
    def networks(self) -> int:
        """One of each size that is tried."""
        return len(NETWORKS)

    def dipole_form(self) -> AutomaticDipoleForm:
        """The record of `pes.setup`, with its default time."""
        return AutomaticDipoleForm(charge=self.charge)


class AutomaticSurface(SurfaceBase):
    """The program chooses form and size within `training.budget`; config.yaml holds the choice."""

    kind: Literal["auto"] = "auto"
    baseline: None = None
    """Not available: the program chooses the baseline."""

    def resolved(self) -> NetworkForm:
        """Nothing that could be fitted as it stands.

        Raises:
            ValueError: always.
        """
        raise ValueError("`surface: auto` is chosen by the fit and has no form of its own")


Surfaces = Annotated[
    SurfaceSection
    | LinearSurfaceSection
    | KernelSection
    | DipoleSection
    | DipoleNetworkSection
    | AutomaticDipoleSection
    | AutomaticSurface,
    Field(discriminator="kind"),
]
