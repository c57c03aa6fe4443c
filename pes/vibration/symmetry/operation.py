"""Record of a symmetry operation: an exchange or reflection of coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Change", "Operation", "closed", "halvings"]

Change = tuple[tuple[int, ...], tuple[bool, ...]]
"""Order of the coordinates, and for each whether it is mirrored."""


@dataclass(frozen=True)
class Operation:
    """q_k → q_{order[k]}, or the mirror image of that in the middle of the range of k.

    Always its own inverse.

    Attributes:
        name: permutation of the atoms, from 1, with a star where it inverts space too; of a
            model, what becomes of its coordinates.
        order: order of the coordinates.
        mirrored: whether each coordinate is mirrored.
    """

    name: str
    order: tuple[int, ...]
    mirrored: tuple[bool, ...]

    @property
    def change(self) -> Change:
        """Order and reflections, without the name."""
        return self.order, self.mirrored

    def after(self, other: "Operation") -> Change:
        """This one applied to what the other made."""
        order = tuple(other.order[j] for j in self.order)
        mirrored = tuple(
            m != other.mirrored[j] for m, j in zip(self.mirrored, self.order, strict=True)
        )
        return order, mirrored

    def image(self, q: Tensor, ranges: Sequence[tuple[float, float]]) -> Tensor:
        """Images (P, Q) of points (P, Q); `ranges` holds both ends of each coordinate."""
        ends = q.new_tensor([low + high for low, high in ranges])
        moved = q[:, list(self.order)]
        return torch.where(torch.tensor(self.mirrored, device=q.device), ends - moved, moved)


def closed(operations: Sequence[Operation]) -> list[Operation]:
    """The operations that form a group with the identity: products of any two are among them.

    Blocks of a set that is no group overlap. Operations commute; the first are preferred.
    """
    given = {o.change for o in operations}
    group: set[Change] = set()
    for one in operations:
        products = {one.change, *(one.after(Operation("", *change)) for change in group)}
        if products <= given | group:
            group |= products
    return [o for o in operations if o.change in group]


def halvings(operations: Sequence[Operation]) -> int:
    """Number of halvings of a product grid by reflections that exchange no coordinates."""
    still = [o for o in operations if o.order == tuple(range(len(o.order)))]
    times = 0
    for k in range(len(still[0].order) if still else 0):
        if any(o.mirrored[k] for o in still):
            # Those that leave this coordinate alone map the half to itself.
            still = [o for o in still if not o.mirrored[k]]
            times += 1
    return times
