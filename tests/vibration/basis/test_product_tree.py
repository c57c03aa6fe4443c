"""Which products are kept, counted by hand or by brute force."""

from math import comb

import pytest
import torch

from pes.vibration.basis.product_tree import Branch, padded, tree, within_energy, within_quanta


def brute(shape: tuple[int, ...], weights: tuple[float, ...], limit: float) -> torch.Tensor:
    quanta = torch.cartesian_prod(*[torch.arange(n).double() for n in shape])
    quanta = quanta.reshape(-1, len(shape))
    return (quanta @ torch.tensor(weights, dtype=torch.float64) <= limit).nonzero().flatten()


def test_number_of_products() -> None:
    """Six coordinates with at most nine quanta: (9 + 6 over 6)."""
    assert len(within_quanta([10] * 6, 9)) == comb(15, 6) == 5005


@pytest.mark.parametrize(
    ("shape", "weights", "limit"),
    [((4, 3, 5), (1, 1, 1), 4), ((5, 6), (2, 1), 5), ((7,), (1,), 3), ((3, 3), (0.1, 0.2), 0.3)],
)
def test_weighted_quanta(shape: tuple[int, ...], weights: tuple[float, ...], limit: float) -> None:
    # 0.1 + 0.2 is more than 0.3 by rounding, which must not cost a product.
    expected = brute(shape, weights, limit + 1e-12)
    assert torch.equal(within_quanta(shape, limit, weights=weights), expected)


def test_energies_of_oscillators_are_weighted_quanta() -> None:
    energies = [torch.arange(6).double() + 0.5, 2 * torch.arange(6).double() + 1.0]
    assert torch.equal(within_energy(energies, 5.0), brute((6, 6), (1, 2), 5))


@pytest.mark.parametrize("kept", [None, within_quanta((3, 4, 2), 3), torch.tensor([0, 3, 9, 22])])
def test_the_tree_leads_to_every_product_once(kept: torch.Tensor | None) -> None:
    """Also for sets with gaps, such as those of one symmetry."""
    shape = (3, 4, 2)
    found: dict[int, int] = {0: 0}
    for n, branches in zip(shape, tree(shape, kept), strict=True):
        deeper: dict[int, int] = {}
        for branch in branches:
            for node, children in zip(branch.nodes.tolist(), branch.children.tolist(), strict=True):
                for i, child in zip(branch.functions.tolist(), children, strict=True):
                    assert child not in deeper
                    deeper[child] = found[node] * n + i
        found = deeper
    expected = list(range(24)) if kept is None else kept.tolist()
    assert [found[k] for k in range(len(found))] == expected


def test_joined_branches_lead_to_every_product_once() -> None:
    """Padding adds children that do not exist, and loses none that do."""
    kept = within_energy([torch.arange(9.0), torch.arange(7.0) ** 1.2, torch.arange(8.0)], 8.0)
    branches = tree([9, 7, 8], kept)[-1]
    joined = padded(branches)
    assert len(joined) < len(branches)

    def products(parts: list[Branch]) -> set[tuple[int, int, int]]:
        return {
            (int(node), int(function), int(child))
            for part in parts
            for node, row in zip(part.nodes, part.children, strict=True)
            for function, child in zip(part.functions, row, strict=True)
            if child < len(kept)
        }

    assert products(joined) == products(branches)
    assert len(products(joined)) == len(kept)
