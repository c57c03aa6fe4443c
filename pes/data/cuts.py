"""Training and validation points of each member of an ensemble."""

import torch
from torch import Tensor

from pes.data.dataset import Dataset
from pes.data.symmetry import symmetry_groups

__all__ = ["member_cuts"]


def member_cuts(
    dataset: Dataset, *, members: int, share: float, seed: int
) -> list[tuple[Tensor, Tensor]]:
    """Training and validation rows of each member, evenly displaced along one random order.

    Every point is held out about equally often, and symmetry copies of a geometry never stand
    on both sides of a cut.

    Args:
        dataset: the points that members may see, those of the test excluded.
        members: number of cuts.
        share: share of the points that each member holds out.
        seed: seed of the order.

    Returns:
        Sorted rows (training, validation) of each member.

    Raises:
        ValueError: if a side would be empty.
    """
    groups = symmetry_groups(dataset.positions, dataset.symbols)
    count = int(groups.max()) + 1
    width = round(share * count)
    if not 0 < width < count:
        raise ValueError(
            f"a share of {share:.3g} of {count} different points leaves members no validation "
            "points or no training points; give more points or other `data.fractions`"
        )
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    cuts = []
    for k in range(members):
        held = torch.zeros(count, dtype=torch.bool)
        held[order.roll(-(k * count // members))[:width]] = True
        inside = held[groups]
        cuts.append(((~inside).nonzero()[:, 0], inside.nonzero()[:, 0]))
    return cuts
