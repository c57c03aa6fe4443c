"""A dipole surface: charges of the atoms from networks, times their positions."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pes.chunks import in_chunks
from pes.potential.atomic_charges import AtomicCharges
from pes.potential.mlp import MLP

__all__ = ["DipoleNetwork", "scaled_to"]

PASS = 4096
"""Points whose polynomials are made at once."""

SMALLEST_SCALE = 1e-12
"""e: where a baseline is perfect the networks may add no more than rounding."""


class DipoleNetwork(AtomicCharges):
    """Charges z_a = scale · MLP((f_a(x) − mean) / deviation); see `AtomicCharges`.

    Atoms of one element share a network. One element has none: its atoms take the rest of the total
    charge.

    Args:
        elements: symbol of each of N atoms.
        degree: highest total degree of the polynomials f_a.
        hidden: width of each hidden layer.
        activation: `tanh`, `silu` or `softplus`.
        variable: `morse` or `inverse`, as for `Invariants`.
        length: length scale a of these variables, bohr.
        charge: total charge, e.
        seed: seed of the starting weights.

    Attributes:
        networks: one for each element with charges of its own.
        scale: spread of the charges, e.

    Example:
        >>> surface = DipoleNetwork(("O", "H", "H"), 2, (8,))
        >>> x = torch.tensor([[[0.0, 0, 0], [1.8, 0, 0], [-0.5, 1.7, 0]]], dtype=torch.float64)
        >>> torch.equal(surface(x), surface(x[:, [0, 2, 1]]))
        True
    """

    scale: Tensor

    def __init__(
        self,
        elements: Sequence[str],
        degree: int,
        hidden: Sequence[int] = (20, 20),
        *,
        activation: str = "tanh",
        variable: str = "morse",
        length: float = 3.7794523,
        charge: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__(elements, degree, variable=variable, length=length, charge=charge)
        self.hidden, self.activation = tuple(hidden), activation
        sizes = self.counts
        self.networks = nn.ModuleList(
            MLP(size, hidden, activation=activation, seed=len(sizes) * seed + k)
            for k, size in enumerate(sizes)
        )
        for k, size in enumerate(sizes):
            self.register_buffer(f"mean_{k}", torch.zeros(size, dtype=torch.float64))
            self.register_buffer(f"deviation_{k}", torch.ones(size, dtype=torch.float64))
        self.register_buffer("scale", torch.ones((), dtype=torch.float64))

    @property
    def size(self) -> int:
        """Number of weights of all networks."""
        return sum(p.numel() for p in self.networks.parameters())

    @property
    def settings(self) -> dict[str, Any]:
        """Settings by which `from_settings` builds it again, without weights."""
        own = {"hidden": list(self.hidden), "activation": self.activation}
        return {**super().settings, **own}

    @staticmethod
    def from_settings(settings: Mapping[str, Any]) -> "DipoleNetwork":
        """An untrained surface with these settings."""
        arguments = {key: value for key, value in settings.items() if key != "kind"}
        shape = [arguments.pop(key) for key in ("elements", "degree", "hidden")]
        return DipoleNetwork(*shape, **arguments)

    def own_charges(self, polynomials: Tensor, k: int) -> Tensor:
        """z (B,) in e of atoms of the element `fitted[k]`, from their polynomials (B, F_k)."""
        return self.scale * self.networks[k](self._standardised(polynomials, k))

    def inputs(self, positions: Tensor, k: int) -> Tensor:
        """Inputs (B, n, F_k) of the network of the n atoms of the element `fitted[k]`."""
        values = torch.stack(self.of_atoms(positions, k), 1)
        return self._standardised(values, k)

    def _standardised(self, polynomials: Tensor, k: int) -> Tensor:
        return (polynomials - self.get_buffer(f"mean_{k}")) / self.get_buffer(f"deviation_{k}")


def scaled_to(form: DipoleNetwork, positions: Tensor, dipoles: Tensor) -> DipoleNetwork:
    """The surface with its inputs and charges scaled to the training points.

    Args:
        form: changed in place.
        positions: training points (B, N, 3) in bohr.
        dipoles: (B, 3) in e·bohr that the networks have to fit.
    """
    with torch.no_grad():
        longest = positions.new_zeros(())
        for k in range(len(form.fitted)):
            values = in_chunks(lambda x, k=k: torch.cat(form.of_atoms(x, k)), positions, PASS)
            form.get_buffer(f"mean_{k}").copy_(values.mean(0))
            deviation = values.std(0, correction=0)
            form.get_buffer(f"deviation_{k}").copy_(torch.where(deviation > 0, deviation, 1.0))
            longest = longest.maximum(form.arms(positions, k).norm(dim=1).mean())
        rest = dipoles.square().sum(1).mean().sqrt()
        form.scale.copy_((rest / longest).clamp(min=SMALLEST_SCALE))
    return form
