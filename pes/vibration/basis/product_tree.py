"""Products of one-dimensional (or group) functions that a basis keeps, and their order.

Products are numbered with the last factor fastest. A set of them is a tree: its nodes at depth
k are the beginnings (i₁ … i_k) that occur, the leaves are the products. Sums over one factor at
a time run over the nodes, of which there are far fewer than products of all functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

__all__ = ["Branch", "padded", "tree", "unraveled", "within_energy", "within_quanta"]


def unraveled(numbers: Tensor, shape: Sequence[int]) -> tuple[Tensor, ...]:
    """Places along each axis of elements numbered with the last axis fastest.

    The same function of torch imports a computer algebra first (0.5 s).

    Example:
        >>> unraveled(torch.tensor([0, 5]), (2, 3))
        (tensor([0, 1]), tensor([0, 2]))
    """
    places = []
    for size in reversed(shape):
        places.append(numbers % size)
        numbers = numbers // size
    return tuple(reversed(places))


def within_quanta(
    shape: Sequence[int], quanta: float, *, weights: Sequence[float] | None = None
) -> Tensor:
    """Numbers of the products with Σ_k w_k i_k ≤ quanta, ascending.

    Args:
        shape: functions of each factor.
        quanta: the limit.
        weights: w of each factor; default 1.

    Example:
        >>> within_quanta((3, 2), 1)
        tensor([0, 1, 2])
        >>> within_quanta((3, 2), 2, weights=(1, 2))
        tensor([0, 1, 2, 4])
    """
    weights = [1.0] * len(shape) if weights is None else weights
    # Sums of weights such as 0.1 may pass the limit by rounding.
    return _within([w * torch.arange(n).double() for w, n in zip(weights, shape, strict=True)],
                   quanta + 1e-9)  # fmt: skip


def within_energy(energies: Sequence[Tensor], limit: float) -> Tensor:
    """Numbers of the products whose reference energies, above the lowest, sum to ≤ limit.

    Args:
        energies: energies of the functions of each factor, hartree.
        limit: hartree.

    Example:
        >>> within_energy([torch.tensor([0.5, 1.5, 2.5]), torch.tensor([1.0, 3.0])], 2.0)
        tensor([0, 1, 2, 4])
    """
    return _within([e.detach().cpu().double() - float(e[0]) for e in energies], limit)


def _within(costs: Sequence[Tensor], limit: float) -> Tensor:
    """Depth by depth, so that the array of all products never exists."""
    numbers, spent = torch.zeros(1, dtype=torch.long), torch.zeros(1, dtype=torch.float64)
    for cost in costs:
        total = spent[:, None] + cost
        keep = total <= limit
        numbers = (numbers[:, None] * len(cost) + torch.arange(len(cost)))[keep]
        spent = total[keep]
    return numbers


PADDING = 1.3
"""Children of a joined branch over those that exist, at most."""


@dataclass(frozen=True)
class Branch:
    """Nodes of one depth that continue with the same functions of the next factor.

    Attributes:
        nodes: their numbers, (B,), in the order of depth k.
        functions: functions of factor k + 1, (C,).
        children: numbers at depth k + 1, (B, C).
    """

    nodes: Tensor
    functions: Tensor
    children: Tensor

    def to(self, device: torch.device | str) -> "Branch":
        """The same on another device."""
        return Branch(self.nodes.to(device), self.functions.to(device), self.children.to(device))


def tree(
    shape: Sequence[int], kept: Tensor | None, *, device: torch.device | str = "cpu"
) -> list[list[Branch]]:
    """Branches that lead to the depth of each factor from the depth before it.

    Args:
        shape: functions of each factor.
        kept: numbers of the products, ascending; None for all of them.
        device: where the numbers are needed.
    """
    levels = []
    kept = None if kept is None else kept.cpu()
    for depth in reversed(range(len(shape))):
        n, rest = shape[depth], prod(shape[:depth])
        if kept is None:
            children = torch.arange(rest * n).reshape(rest, n)
            levels.append([Branch(torch.arange(rest), torch.arange(n), children).to(device)])
            continue
        parents, inverse, counts = torch.unique_consecutive(
            torch.div(kept, n, rounding_mode="floor"), return_inverse=True, return_counts=True
        )
        branches = _branches(kept % n, inverse, counts, n)
        levels.append([branch.to(device) for branch in branches])
        kept = parents
    return levels[::-1]


def _branches(functions: Tensor, parents: Tensor, counts: Tensor, n: int) -> list[Branch]:
    # One row of zeros and ones per parent: equal rows are one branch.
    has = torch.zeros(len(counts), n, dtype=torch.bool)
    has[parents, functions] = True
    patterns, pattern_numbers = torch.unique(has, dim=0, return_inverse=True)
    starts = counts.cumsum(0) - counts
    branches = []
    for number, pattern in enumerate(patterns):
        nodes = (pattern_numbers == number).nonzero().flatten()
        children = starts[nodes, None] + torch.arange(int(pattern.sum()))
        branches.append(Branch(nodes, pattern.nonzero().flatten(), children))
    return branches


def padded(branches: Sequence[Branch]) -> list[Branch]:
    """Fewer branches, nodes with nearly the same functions in one: many small sums are slow.

    Children that a node has not got bear the number that follows the last child.

    Example:
        >>> few, more = (Branch(torch.tensor([k]), torch.arange(4 + k), torch.arange(4 + k)[None]
        ...              + 4 * k) for k in range(2))
        >>> padded([few, more])[0].children
        tensor([[0, 1, 2, 3, 9],
                [4, 5, 6, 7, 8]])
    """
    none = sum(b.children.numel() for b in branches)
    joined: list[Branch] = []
    for branch in sorted(branches, key=lambda b: len(b.functions)):
        both = _joined([*joined[-1:], branch], none)
        if joined and both.children.numel() <= PADDING * int((both.children < none).sum()):
            joined[-1] = both
        else:
            joined.append(branch)
    return joined


def _joined(branches: Sequence[Branch], none: int) -> Branch:
    """A branch that holds all nodes and all functions."""
    functions = torch.cat([b.functions for b in branches]).unique()
    rows = []
    for b in branches:
        row = b.children.new_full((len(b.nodes), len(functions)), none)
        row[:, torch.searchsorted(functions, b.functions)] = b.children
        rows.append(row)
    return Branch(torch.cat([b.nodes for b in branches]), functions, torch.cat(rows))
