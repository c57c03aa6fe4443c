"""Forces that a network can have: rigid motions leave its inputs, so these are below 3N rows."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.potential.neural import NeuralSurface

__all__ = ["InputGradients", "contracted", "input_gradients", "reachable", "reachable_rank"]

PASS = 512
"""Points at a time: all their monomials, once for each direction, are in memory together."""


def reachable_rank(features: int, components: int) -> int:
    """Upper bound of rank(∂f/∂x) for F features and 3N components of the positions.

    Example:
        >>> reachable_rank(6, 9), reachable_rank(2, 9), reachable_rank(1, 6)
        (3, 2, 1)
    """
    return min(features, max(components - 6, 1))


def reachable(gradients: Tensor) -> Tensor:
    """Orthonormal basis V of the space of all forces −(∂f/∂x)ᵀ ∂E/∂f, whatever the network.

    With it ‖r‖² = ‖Vᵀr‖² + ‖(1 − VVᵀ) F‖² for the residual r of forces F, and the second part
    is a constant: the rows Vᵀr alone teach as much as all 3N.

    Args:
        gradients: ∂f/∂x (B, F, 3N) of features that rigid motions do not change.

    Returns:
        V (B, 3N, K), K from `reachable_rank`.
    """
    features, components = gradients.shape[1:]
    rank = reachable_rank(features, components)
    # On the CPU: on a GPU torch decomposes all but the smallest matrices one at a time.
    vh = torch.linalg.svd(gradients.cpu(), full_matrices=False).Vh
    return vh[:, :rank].mT.contiguous().to(gradients.device)


@dataclass(frozen=True)
class InputGradients:
    """∂f/∂x of the standardised features f of all points, stored or made when asked for.

    Called with point indices (b,), it returns (b, F, K) in the `reachable` directions of each
    point, or (b, F, 3N) where there is no room for that.

    Attributes:
        surface: descriptor and scaling.
        positions: positions of all points (B, N, 3) in bohr.
        bases: the directions (B, 3N, K), if there is room for them but not for `stored`.
        stored: ∂f/∂x (B, F, K), if there is room for that.
    """

    surface: NeuralSurface
    positions: Tensor
    bases: Tensor | None
    stored: Tensor | None

    def __call__(self, points: Tensor) -> Tensor:
        """∂f/∂x (b, F, K) of some points (b,)."""
        if self.stored is not None:
            return self.stored[points]
        return in_chunks(self._made, points, PASS)

    def _made(self, points: Tensor) -> Tensor:
        bases = None if self.bases is None else self.bases[points]
        return _columns(self.surface, self.positions[points], bases)


def input_gradients(
    surface: NeuralSurface, positions: Tensor, forces: Tensor, room: int
) -> tuple[InputGradients, Tensor, Tensor]:
    """∂f/∂x of the points of a fit, and the forces in the same directions.

    Args:
        surface: descriptor and scaling.
        positions: (B, N, 3) in bohr.
        forces: labels (B, 3N).
        room: bytes that may be stored.

    Returns:
        ∂f/∂x; VᵀF (B, K), or F where there is no room for V; ‖(1 − VVᵀ)F‖² (B,).
    """
    count, components, features = *forces.shape, surface.descriptor.size
    rank = reachable_rank(features, components)
    within, outside = forces.new_empty(count, rank), forces.new_zeros(count)
    stored = bases = None
    if 8 * count * features * rank <= room:
        stored = forces.new_empty(count, features, rank)
    elif 8 * count * components * rank <= room:
        bases = forces.new_empty(count, components, rank)
    else:
        return InputGradients(surface, positions, None, None), forces, outside
    for part in torch.arange(count, device=positions.device).split(PASS):
        columns, labels = _columns(surface, positions[part], None), forces[part]
        v = reachable(columns)
        within[part] = contracted(v, labels)
        outside[part] = (labels - contracted(v.mT, within[part])).square().sum(1)
        if stored is not None:
            stored[part] = columns @ v
        elif bases is not None:
            bases[part] = v
    return InputGradients(surface, positions, bases, stored), within, outside


def _columns(surface: NeuralSurface, positions: Tensor, bases: Tensor | None) -> Tensor:
    size = positions[0].numel()
    axes = torch.eye(size, dtype=positions.dtype, device=positions.device)
    along = axes.expand(len(positions), size, size) if bases is None else bases
    # ∂f/∂x t = ∂(vᵀ ∂f/∂x t)/∂v. Forward mode would import torch's compiler first: a second
    # of every fit.
    with torch.enable_grad():
        x = positions.detach().requires_grad_()
        features = surface.descriptor(x)
        v = torch.zeros_like(features, requires_grad=True)
        (products,) = torch.autograd.grad(features, x, v, create_graph=True)
        tangents = along.unflatten(1, positions.shape[1:]).unbind(-1)
        columns = [torch.autograd.grad(products, v, t, retain_graph=True)[0] for t in tangents]
    return torch.stack(columns, -1) / surface.deviation[:, None]


def contracted(gradients: Tensor, slopes: Tensor) -> Tensor:
    """Sums over f of gradients (B, F, K) times slopes (B, F): (B, K)."""
    return torch.bmm(slopes[:, None], gradients)[:, 0]
