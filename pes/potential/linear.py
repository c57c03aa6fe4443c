"""A surface linear in its features, fitted by least squares in one step."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from pes.descriptors import descriptor_from

__all__ = ["LinearSurface", "feature_gradients", "least_squares", "linear_surface"]


class LinearSurface(nn.Module):
    """V = shift + c·f(x).

    Args:
        descriptor: positions (B, N, 3) to features (B, F).

    Attributes:
        coefficients: c (F,) in hartree.
        shift: energy in hartree where all features vanish.
    """

    def __init__(self, descriptor: nn.Module) -> None:
        super().__init__()
        self.descriptor = descriptor
        self.coefficients = nn.Parameter(torch.zeros(descriptor.size, dtype=torch.float64))
        self.shift = nn.Parameter(torch.zeros((), dtype=torch.float64))

    @property
    def settings(self) -> dict[str, Any]:
        """What `surface_from` needs to build this surface again, coefficients apart."""
        return {"descriptor": self.descriptor.settings}

    @staticmethod
    def from_settings(settings: Mapping[str, Any]) -> "LinearSurface":
        """An unfitted surface with these settings."""
        return LinearSurface(descriptor_from(settings["descriptor"]))

    def of_features(self, features: Tensor) -> Tensor:
        """Energies (B,) in hartree for features (B, F) of the descriptor."""
        return self.shift + features @ self.coefficients

    def forward(self, positions: Tensor) -> Tensor:
        """Energies (B,) in hartree of positions (B, N, 3) in bohr."""
        return self.of_features(self.descriptor(positions))


def least_squares(matrix: Tensor, values: Tensor, *, ridge: float = 0.0) -> Tensor:
    """c minimising ‖A c − b‖² + ridge² s₁² ‖D c‖², the columns of A brought to one length by D.

    QR first, then the singular values s of R: directions with s below 1e-14 s₁ are left out,
    the others are damped by s²/(s² + ridge² s₁²).

    Args:
        matrix: A (M, F).
        values: b (M,).
        ridge: damping relative to the largest singular value s₁.

    Returns:
        c (F,).

    Example:
        >>> least_squares(torch.eye(2), torch.tensor([3.0, 4.0])).tolist()
        [3.0, 4.0]
    """
    lengths = matrix.norm(dim=0)
    lengths = torch.where(lengths > 0, lengths, 1.0)
    q, r = torch.linalg.qr(matrix / lengths)
    u, s, vh = torch.linalg.svd(r, full_matrices=False)
    kept = s > 1e-14 * s[0]
    filtered = torch.where(kept, s / torch.where(kept, s**2 + (ridge * s[0]) ** 2, 1.0), 0.0)
    return vh.mT @ (filtered * (u.mT @ (q.mT @ values))) / lengths


def feature_gradients(descriptor: nn.Module, positions: Tensor) -> Tensor:
    """∂f/∂x (B, F, 3N) in 1/bohr by forward mode, one direction of all molecules at a time."""
    flat = positions.flatten(-2)
    directions = torch.eye(flat.shape[-1], dtype=flat.dtype, device=flat.device)

    def features(x: Tensor) -> Tensor:
        return descriptor(x.reshape(positions.shape))

    columns = [torch.func.jvp(features, (flat,), (e.expand_as(flat),))[1] for e in directions]
    return torch.stack(columns, -1)


def linear_surface(
    descriptor: nn.Module,
    positions: Tensor,
    energies: Tensor,
    *,
    weights: Tensor | None = None,
    forces: Tensor | None = None,
    force_weight: float = 1.0,
    ridge: float = 1e-12,
) -> LinearSurface:
    """The surface linear in the descriptor that fits energies, and forces if given, best.

    Minimises Σ_i w_i [(ΔE_i)² + force_weight Σ (ΔF_i)²].

    Args:
        descriptor: positions (B, N, 3) to features (B, F).
        positions: (B, N, 3) in bohr.
        energies: (B,) in hartree.
        weights: w (B,); all one if not given.
        forces: (B, N, 3) in hartree/bohr.
        force_weight: in bohr².
        ridge: see `least_squares`.

    Raises:
        ValueError: if the points are too few to fix the coefficients and there is no ridge.
    """
    if ridge == 0 and forces is None and len(energies) <= descriptor.size:
        raise ValueError(
            f"{len(energies)} points cannot fix {descriptor.size} coefficients and a constant; "
            "lower the degree, add points or give a `ridge`"
        )
    surface = LinearSurface(descriptor).to(positions.device)
    w = torch.ones_like(energies) if weights is None else weights
    root, share = w.sqrt(), w / w.sum()
    with torch.no_grad():
        features, heights = descriptor(positions), energies - energies.min()
        # The columns are centred: the constant would otherwise dominate every singular value.
        middle, height = share @ features, share @ heights
        rows = [root[:, None] * (features - middle)]
        values = [root * (heights - height)]
        if forces is not None:
            scale = root * force_weight**0.5
            slopes = -feature_gradients(descriptor, positions).mT
            rows.append((scale[:, None, None] * slopes).flatten(0, 1))
            values.append((scale[:, None] * forces.flatten(1)).flatten())
        coefficients = least_squares(torch.cat(rows), torch.cat(values), ridge=ridge)
        surface.coefficients.copy_(coefficients)
        surface.shift.copy_(energies.min() + height - middle @ coefficients)
    return surface
