"""Distance of a geometry from all training points of a surface."""

from collections.abc import Sequence

import torch
from scipy.spatial import KDTree
from torch import Tensor, nn

from pes.chunks import in_chunks
from pes.descriptors.invariants import Invariants
from pes.geometry import distances

__all__ = ["Coverage", "thinned"]

PIECE = 2048
"""Points whose invariants are computed at once."""

MOST = 20_000
"""Training points that a surface file keeps: more make `Coverage` slow, not better."""


def thinned(positions: Tensor, energies: Tensor, *, most: int = MOST) -> Tensor:
    """The training points worth keeping in a surface file (T, N, 3): all if there are few.

    Of more than `most` those evenly spaced in the order of their energies, both ends among them,
    and those where an interatomic distance is shortest or longest, so that the range of every
    distance stays that of the whole set.

    Args:
        positions: (B, N, 3) in bohr.
        energies: (B,) in hartree.
        most: points to keep, apart from the extreme ones.

    Example:
        >>> x = torch.rand(50, 3, 3)
        >>> len(thinned(x, x[:, 0, 0], most=10)) <= 16
        True
    """
    if len(positions) <= most:
        return positions
    spaced = torch.linspace(0, len(positions) - 1, most, dtype=torch.float64).round().long()
    r = distances(positions)
    rows = (energies.argsort()[spaced.to(energies.device)], r.argmin(0), r.argmax(0))
    return positions[torch.cat(rows).unique()]


USUAL, FAR = 0.99, 3.0
"""Quantile of the distances to the nearest neighbour, and how many of them a point is away that is
isolated: its distance says nothing about how far the others lie apart."""


class Coverage(nn.Module):
    """Distance to the nearest training point, in units of how far these lie apart.

    Measured between standardised invariants of degree 2, so that a copy with like atoms
    exchanged counts as the same point. One is the largest distance from a training point to its
    nearest neighbour, isolated points left out: values well above one are extrapolation.

    Args:
        elements: element symbol of each atom.
        positions: at least two training points (T, N, 3) in bohr.

    Raises:
        ValueError: for fewer than two different training points.
    """

    mean: Tensor
    deviation: Tensor
    inputs: Tensor
    spacing: Tensor

    def __init__(self, elements: Sequence[str], positions: Tensor) -> None:
        super().__init__()
        if len(positions) < 2:
            raise ValueError(f"coverage needs at least two training points, got {len(positions)}")
        self.invariants = Invariants(elements, 2).to(positions.device)
        features = self.invariants(positions)
        deviation = features.std(0, correction=0)
        self.register_buffer("mean", features.mean(0))
        self.register_buffer("deviation", torch.where(deviation > 0, deviation, 1.0))
        self.register_buffer("inputs", (features - self.mean) / self.deviation)
        self.tree = KDTree(self.inputs.cpu().numpy())
        apart = self._nearest(self.inputs, among=True)
        self.register_buffer("spacing", apart[apart <= FAR * apart.quantile(USUAL)].max())
        if not self.spacing > 0:
            raise ValueError("coverage needs training points that differ")

    def forward(self, positions: Tensor) -> Tensor:
        """Relative distance (B,) of positions (B, N, 3) in bohr; zero on a training point."""
        return self._nearest(self.standardised(positions)) / self.spacing

    def standardised(self, positions: Tensor) -> Tensor:
        """Invariants (B, F) of positions (B, N, 3), of mean 0 and deviation 1 in training."""
        inputs = in_chunks(self.invariants, positions, PIECE)
        return (inputs - self.mean) / self.deviation

    def _nearest(self, inputs: Tensor, *, among: bool = False) -> Tensor:
        """Distance (B,) to the nearest training point, or the nearest other one if `among` them."""
        # What is no number is no number from any point.
        places = inputs.detach().cpu().nan_to_num().numpy()
        _, numbers = self.tree.query(places, k=2 if among else 1)
        neighbours = torch.as_tensor(numbers).reshape(len(inputs), -1)[:, -1]
        return (inputs - self.inputs[neighbours.to(inputs.device)]).norm(dim=1)
