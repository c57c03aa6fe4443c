"""Dipole surfaces turn with the atoms, whatever their numbers."""

from collections.abc import Callable
from itertools import permutations

import pytest
import torch

from pes.molecule import like_permutations
from pes.potential.atomic_charges import AtomicCharges
from pes.potential.dipole import DipoleSurface
from pes.potential.dipole_network import DipoleNetwork

MOLECULES = {
    "formaldehyde": ("C", "O", "H", "H"), "ammonia": ("N", "H", "H", "H"), "H3+": ("H", "H", "H")
}  # fmt: skip


def linear(elements: tuple[str, ...], charge: int) -> DipoleSurface:
    made = DipoleSurface(elements, 3, charge=charge)
    with torch.no_grad():
        made.coefficients.copy_(torch.randn(made.size, generator=torch.Generator().manual_seed(1)))
    return made


def network(elements: tuple[str, ...], charge: int) -> DipoleNetwork:
    return DipoleNetwork(elements, 2, (5, 4), charge=charge, seed=1)


KINDS: dict[str, Callable[[tuple[str, ...], int], AtomicCharges]] = {
    "linear": linear, "network": network
}  # fmt: skip


def geometries(atoms: int) -> torch.Tensor:
    x = torch.randn(4, atoms, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return 3 * x


@pytest.mark.parametrize("elements", MOLECULES.values(), ids=MOLECULES)
@pytest.mark.parametrize("charge", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_equivariance_and_total_charge(elements: tuple[str, ...], charge: int, kind: str) -> None:
    mu, x = KINDS[kind](elements, charge), geometries(len(elements))
    values = mu(x)
    # Reflections too: the charges know distances only.
    turn = torch.linalg.qr(geometries(3)[0]).Q
    for q in (turn, -turn):
        assert torch.allclose(mu(x @ q), values @ q, atol=1e-12)
    for order in like_permutations(elements):
        assert torch.allclose(mu(x[:, order]), values, atol=1e-12)
    shift = torch.tensor([0.3, -1.0, 2.0]).double()
    assert torch.allclose(mu(x + shift), values + charge * shift, atol=1e-11)
    assert torch.allclose(mu.charges(x).sum(1), torch.full((4,), float(charge)).double())


@pytest.mark.parametrize("kind", KINDS)
def test_unlike_atoms_do_not_change_places(kind: str) -> None:
    mu, x = KINDS[kind](("O", "H", "H"), 0), geometries(3)
    different = [o for o in permutations(range(3)) if o[0] != 0]
    assert all(not torch.allclose(mu(x[:, list(order)]), mu(x)) for order in different)


@pytest.mark.parametrize("elements", MOLECULES.values(), ids=MOLECULES)
def test_features_are_the_slopes_by_the_coefficients(elements: tuple[str, ...]) -> None:
    mu, x = linear(elements, 1), geometries(len(elements))
    bare = DipoleSurface(elements, 3, charge=1)
    assert torch.allclose(mu.features(x) @ mu.coefficients + bare(x), mu(x), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives(kind: str) -> None:
    mu = KINDS[kind](("O", "H", "H"), 0)
    x = geometries(3)[:1].requires_grad_()
    assert torch.autograd.gradcheck(mu, x, fast_mode=True)


def test_cosines_are_for_energies() -> None:
    with pytest.raises(ValueError, match="must be morse or inverse, got 'cosine'"):
        DipoleSurface(("O", "H", "H"), 2, variable="cosine")
