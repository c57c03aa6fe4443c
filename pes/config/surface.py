"""Keys of the form of a surface to fit: network or polynomial, and what it corrects."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from pes.config.section import Section, by_name
from pes.potential import Surface
from pes.setup.surfaces import load
from pes.setup.training.dipole_choice import NETWORKS
from pes.setup.training.dipole_forms import (
    AnyDipoleForm,
    AutomaticDipoleForm,
    DipoleForm,
    DipoleNetworkForm,
)
from pes.setup.training.settings import KernelForm, LinearBaseline, LinearForm, NetworkForm

__all__ = [
    "AutomaticDipoleSection",
    "AutomaticSurface",
    "DipoleBase",
    "DipoleNetworkSection",
    "DipoleSection",
    "InvariantsSection",
    "Linear",
    "LinearBaselineSection",
    "LinearSurfaceSection",
    "StoredSurface",
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
    """Highest total degree."""
    variable: Literal["morse", "inverse", "cosine"] = "morse"
    """exp(−r/a) or 1/r of each distance r; cosine, for AB₂: exp(−r/a) of the bonds and cos θ."""
    length: float = Field(default=1.0, gt=0)
    """a, Å."""


Degree = Annotated[int, Field(ge=1, le=20)]
Length = Annotated[float, Field(gt=0)]
Ridge = Annotated[float, Field(ge=0)]


class Linear(Section):
    """Linear least squares on invariant polynomials.

    Of several degrees, lengths or ridges the validation points choose.
    """

    kind: Literal["linear"] = "linear"
    degree: Degree | Annotated[tuple[Degree, ...], Field(min_length=1)] = 4
    """Highest total degree, or several to try: [4, 6, 8]."""
    variable: Literal["morse", "inverse", "cosine"] = "morse"
    """exp(−r/a) or 1/r of each distance r; cosine, for AB₂: exp(−r/a) of the bonds and cos θ."""
    length: Length | Annotated[tuple[Length, ...], Field(min_length=1)] = 1.0
    """a, Å, or several to try."""
    ridge: Ridge | Literal["auto"] = 1e-12
    """Regularisation relative to the largest singular value; auto tries 0 and 1e-15 to 1e-4."""


class LinearBaselineSection(Linear):
    """Linear surface used as the baseline of a network."""

    force_weight: float | None = Field(default=None, gt=0)
    """Weight of squared force errors relative to squared energy errors, Å²; by default both count
    alike."""

    def resolved(self) -> LinearBaseline:
        """The record of `pes.setup`."""
        return LinearBaseline(**self.model_dump(exclude={"kind"}))


class StoredSurface(Section):
    """Any surface used as the baseline of a fit: Δ-learning."""

    kind: Literal["surface"] = "surface"
    surface: str
    """Run folder, surface file, module:function, file.py:function or a named analytic one. Stored
    surfaces and named ones go into the new surface file, functions by their name."""
    functions: tuple[str, ...] = ()
    """Functions, module:function or file.py:function, that a surface file may be built on; a file
    alone runs no code."""

    def resolved(self) -> str | Surface:
        """Its name, as `pes.setup` takes it, or the surface where it needs functions."""
        return load(self.surface, functions=self.functions) if self.functions else self.surface


Baseline = Annotated[LinearBaselineSection | StoredSurface, Field(discriminator="kind")]


class SurfaceBase(Section):
    """Base of all sections `surface`."""

    of_dipoles: ClassVar[bool] = False

    @property
    def networks(self) -> int:
        """Largest number of networks of dipole moments that are fitted."""
        return 0


class LinearSurfaceSection(Linear, SurfaceBase):
    """V = polynomial, fitted in one step: no epochs, no state to resume from."""

    ridge: Ridge | Literal["auto"] = "auto"
    """Regularisation relative to the largest singular value; auto tries 0 and 1e-15 to 1e-4."""
    chosen_by: Literal["validation", "leave_one_out"] = "validation"
    """Judge of several values: validation, or leave_one_out, the error with which each point
    outside the test is predicted from all others; these are then all fitted (energies only)."""
    baseline: Annotated[StoredSurface, BeforeValidator(by_name)] | None = None
    """Surface that the polynomial corrects; none by default."""

    def resolved(self) -> LinearForm:
        """The record of `pes.setup`."""
        under = None if self.baseline is None else self.baseline.resolved()
        return LinearForm(**self.model_dump(exclude={"kind", "baseline"}), baseline=under)


class KernelSection(SurfaceBase):
    """V = a smooth bump at each point: Gaussian-process regression of energies, in one step."""

    kind: Literal["kernel"] = "kernel"
    length: Length = 1.0
    """a of the variables exp(−r/a) of the distances, Å."""
    width: Annotated[float, Field(gt=0)] = 5.0
    """Width of a bump in units of the spread of the points in these variables."""
    noise: Annotated[float, Field(ge=0)] = 1e-11
    """Regularisation relative to the height of a bump; larger for rounded labels."""
    centres: Annotated[int, Field(gt=0)] | None = None
    """Number of points, far from each other, that carry a bump; all by default, or as many as
    `training.memory` allows."""
    baseline: None = None
    """Nothing."""

    def resolved(self) -> KernelForm:
        """The record of `pes.setup`."""
        return KernelForm(**self.model_dump(exclude={"kind", "baseline"}))


class SurfaceSection(SurfaceBase):
    """V = baseline + network(descriptor)."""

    kind: Literal["neural"] = "neural"
    descriptor: Annotated[InvariantsSection, BeforeValidator(by_name)] = InvariantsSection()
    """Inputs of the network."""
    baseline: Annotated[Baseline, BeforeValidator(by_name)] | None = None
    """Surface that the network corrects: linear or surface; none by default."""
    hidden: tuple[Annotated[int, Field(gt=0, le=10_000)], ...] = (20, 20)
    """Width of each hidden layer."""
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
    """Total charge, e."""
    baseline: None = None
    """Nothing: the total charge is the baseline."""

    def form(self) -> AnyDipoleForm:
        """The record of `pes.setup`."""
        raise NotImplementedError

    def resolved(self) -> NetworkForm:
        """Nothing that is fitted to energies.

        Raises:
            ValueError: always.
        """
        raise ValueError("this surface is fitted to dipole moments, not to energies")


class DipoleSection(DipoleBase):
    """μ = Σ_a z_a(x) x_a, charges linear in polynomials: a surface of dipole moments.

    Of several degrees, lengths or ridges the validation points choose.
    """

    kind: Literal["dipole"] = "dipole"
    degree: Degree | Annotated[tuple[Degree, ...], Field(min_length=1)] = 4
    """Highest total degree, or several to try: [4, 5, 6]."""
    variable: Literal["morse", "inverse"] = "morse"
    """exp(−r/a) or 1/r of each distance r."""
    length: Length | Annotated[tuple[Length, ...], Field(min_length=1)] = 2.0
    """a, Å, or several to try."""
    ridge: Ridge | Literal["auto"] = "auto"
    """Regularisation relative to the largest singular value; auto tries 0 and 1e-15 to 1e-4."""
    chosen_by: Literal["validation", "leave_one_out"] = "validation"
    """Judge of several values: validation, or leave_one_out, the error with which each point
    outside the test is predicted from all others; these are then all fitted."""
    members: int = Field(default=1, ge=1, le=100)
    """Number of fits to points weighted at random; their spread is the error bar."""

    def form(self) -> DipoleForm:
        """The record of `pes.setup`."""
        return DipoleForm(**self.model_dump(exclude={"kind", "baseline"}))


class DipoleNetworkSection(DipoleBase):
    """μ = Σ_a z_a(x) x_a, charges from networks of polynomials, one for each element."""

    kind: Literal["dipole_network"] = "dipole_network"
    degree: int = Field(default=3, ge=1, le=12)
    """Highest total degree of the polynomials."""
    variable: Literal["morse", "inverse"] = "morse"
    """exp(−r/a) or 1/r of each distance r."""
    length: Length = 2.0
    """a, Å."""
    hidden: tuple[Annotated[int, Field(gt=0, le=10_000)], ...] = (16, 16)
    """Width of each hidden layer."""
    activation: Literal["tanh", "silu", "softplus"] = "tanh"
    """Activation function of the hidden layers."""
    members: int = Field(default=1, ge=1, le=100)
    """Number of fits from other weights to points weighted at random; their spread is the error
    bar."""

    @property
    def networks(self) -> int:
        """One for each member."""
        return self.members

    def form(self) -> DipoleNetworkForm:
        """The record of `pes.setup`, with its own settings of the optimizer."""
        return DipoleNetworkForm(**self.model_dump(exclude={"kind", "baseline"}))


class AutomaticDipoleSection(DipoleBase):
    """Polynomials or networks of dipole moments, whichever err less at the validation points.

    `training.budget` limits the time of the fits; the run folder holds what was chosen.
    """

    kind: Literal["auto_dipole"] = "auto_dipole"

    @property
    def networks(self) -> int:
        """One of each size that is tried."""
        return len(NETWORKS)

    def form(self) -> AutomaticDipoleForm:
        """The record of `pes.setup`, with its default time."""
        return AutomaticDipoleForm(charge=self.charge)


class AutomaticSurface(SurfaceBase):
    """Form, size and fit chosen within `training.budget`; the run folder holds what was chosen."""

    kind: Literal["auto"] = "auto"
    baseline: None = None
    """Nothing: the fit chooses."""

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
