"""Modals and groups of oscillators whose levels are known."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pes.vibration import (
    BasisSpec,
    Hamiltonian,
    System,
    build_hamiltonian,
    model,
    vibrational_levels,
)
from pes.vibration.basis.truncation import GroupSize, Truncation
from pes.vibration.eigensolvers.select import lowest_eigenpairs
from pes.vibration.eigensolvers.warm_start import start_vectors
from pes.vibration.hamiltonian.modals import contracted_groups, self_consistent
from pes.vibration.symmetry.invariance import invariant
from pes.vibration.symmetry.operations import symmetry_operations

LINE = BasisSpec("sinc", -7.0, 7.0, 10, points=14, primitives=50)
F = torch.tensor([[1.0, 0.1, 0.3], [0.1, 1.3, 0.05], [0.3, 0.05, 0.8]], dtype=torch.float64)


def system() -> System:
    """½p² + ½ qFq."""
    return model(lambda q: torch.einsum("pk,kl,pl->p", q, F, q) / 2, torch.eye(3).double())


def coupled(products: Truncation) -> Hamiltonian:
    return build_hamiltonian(system(), [LINE] * 3, torch.zeros(3).double(), ceiling=1e3,
                       truncation=products)  # fmt: skip


def exact(count: int) -> Tensor:
    omega = torch.linalg.eigvalsh(F).sqrt()
    quanta = torch.cartesian_prod(*[torch.arange(12.0).double()] * 3) + 0.5
    return (quanta @ omega).sort().values[:count]


EVERY = {
    "quanta": Truncation(quanta=8),
    "weights": Truncation(quanta=8, weights=(1.0, 1.2, 0.9)),
    "energy": Truncation(energy=8.5),
    "modals": Truncation(quanta=8, self_consistent=True),
    "group": Truncation(energy=8.5, groups=(GroupSize((0, 2), energy=8.5),)),
    "group of so many": Truncation(groups=(GroupSize((0, 2), functions=35),)),
}


@pytest.mark.parametrize("products", EVERY.values(), ids=EVERY)
def test_every_choice_of_products_gives_the_levels(products: Truncation) -> None:
    h = coupled(products)
    assert h.size < 1000
    # Functions left out come in with powers of the coupling, 0.3 at most: eighth order.
    found = lowest_eigenpairs(h, 6).energies
    torch.testing.assert_close(found, exact(6), rtol=0, atol=1e-4)
    assert (found > exact(6) - 1e-9).all()


def test_a_group_of_all_that_is_coupled_is_solved_by_itself() -> None:
    """Coordinates 0 and 2 coupled to each other alone: products are eigenfunctions."""
    f = F.clone()
    f[1, 0] = f[0, 1] = f[1, 2] = f[2, 1] = 0
    alone = model(lambda q: torch.einsum("pk,kl,pl->p", q, f, q) / 2, torch.eye(3).double())
    h = build_hamiltonian(
        alone, [LINE] * 3, torch.zeros(3).double(), ceiling=1e3,
        truncation=Truncation(groups=(GroupSize((0, 2), functions=8),)),
    )  # fmt: skip
    matrix = h.dense()
    off = matrix - torch.diag(matrix.diagonal())
    # The contracted_groups quadrature integrates q² to 1e-8 for the functions of lowest energy.
    assert off[:10, :10].abs().max() < 1e-6


def test_modals_lower_the_energy_of_the_first_product() -> None:
    """Cuts of a quartic coupling miss the mean squares of the other coordinates."""
    quartic = model(
        lambda q: q.square().sum(1) / 2 + 0.1 * (q[:, 0] * q[:, 1]) ** 2, torch.eye(3).double()
    )
    h = build_hamiltonian(quartic, [LINE] * 3, torch.zeros(3).double(), ceiling=1e3)
    first = h.only(torch.tensor([0]))
    modals = replace(first, basis=replace(first.basis, bases=self_consistent(h)))
    # Before: 3/2 + 0.1/4. Second order lowers it by (0.1/2 · <2|q²|0>)²/2 = 6.25e-4 for each of
    # two coordinates; third order is a tenth of that.
    assert float(first.dense()) == pytest.approx(1.525, abs=1e-5)
    assert float(first.dense() - modals.dense()) == pytest.approx(2 * 6.25e-4, rel=0.2)
    for b in modals.basis.bases:
        overlap = b.scaled_values.T @ b.scaled_values
        torch.testing.assert_close(overlap, torch.eye(10).double(), rtol=0, atol=1e-12)


def test_more_functions_than_a_group_has() -> None:
    h = coupled(Truncation())
    with pytest.raises(ValueError, match="100 products cannot give 101 functions"):
        contracted_groups(h, [GroupSize((0, 1), functions=101)])


@pytest.mark.parametrize(("energy", "functions"), [(None, None), (1.0, 3)])
def test_a_group_has_one_limit(energy: float | None, functions: int | None) -> None:
    with pytest.raises(ValueError, match="either an energy or a number of functions"):
        GroupSize((0, 1), energy, functions)


def test_one_weight_for_each_factor() -> None:
    with pytest.raises(ValueError, match="each of the 3 coordinates and groups, got 2"):
        coupled(Truncation(quanta=3, weights=(1.0, 2.0)))


def test_vectors_are_carried_to_a_larger_basis() -> None:
    small, large = coupled(Truncation(quanta=4)), coupled(Truncation(quanta=6))
    pairs = lowest_eigenpairs(small, 5)
    c = start_vectors(small.basis, pairs, large.basis)
    assert c is not None
    energies = torch.einsum("sn,nm,sm->s", c, large.dense(), c)
    # The same functions: the same energies.
    torch.testing.assert_close(energies, pairs.energies)
    back = start_vectors(large.basis, lowest_eigenpairs(large, 5), small.basis)
    assert back is not None
    torch.testing.assert_close(back.norm(dim=1), torch.ones(5).double())
    grouped = coupled(Truncation(groups=(GroupSize((0, 1), functions=9),)))
    assert start_vectors(small.basis, pairs, grouped.basis) is None


@pytest.mark.parametrize("products", [Truncation(), Truncation(quanta=7), Truncation(energy=8.0)])
def test_smaller_runs_bound_the_error(products: Truncation) -> None:
    found = vibrational_levels(
        system(), [LINE] * 3, 4, truncation=products, cap=1e3, convergence="smaller"
    )
    assert found.changes.shape == (3, 4)
    assert bool(found.changes.isfinite().all())
    torch.testing.assert_close(found.convergence, found.changes.sum(0))
    error = (found.excitations[1:] - (exact(4)[1:] - exact(4)[0])).abs()
    # The change from a smaller run is larger than what is left, or both are rounding.
    assert (error <= found.convergence[1:] + 1e-9).all()
    assert found.bases == (LINE,) * 3


def test_functions_in_deep_wells_stay_even_and_odd() -> None:
    # A torsion with mirror images behind a barrier: splittings are lost in rounding.
    def potential(q: Tensor) -> Tensor:
        turn = torch.cos(q[:, 0])
        return 900 * turn**2 + 40 * turn + q[:, 1] ** 2 / 2 + 0.3 * turn * q[:, 1]

    deep = model(potential, torch.eye(2).double())
    bases = [BasisSpec("fourier", 0.0, 2 * torch.pi, 17, primitives=61), LINE]
    operations = symmetry_operations(deep, bases)
    assert len(operations) == 1
    h = build_hamiltonian(
        deep, bases, torch.tensor([1.6, 0.0]).double(), ceiling=1e4, operations=operations,
        truncation=Truncation(quanta=14, self_consistent=True),
    )  # fmt: skip
    assert invariant(h)[1] == []


@pytest.mark.parametrize("coordinates", [(0,), (1,), (2,), (0, 2), (1, 2)])
def test_averages_are_elements_of_products_with_the_ground_functions(
    coordinates: tuple[int, ...],
) -> None:
    """All terms of H, those with one derivative too, from random V, G and s."""
    generator = torch.Generator().manual_seed(1)

    def noise(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    sizes = (4, 7), (3, 5), (5, 6)
    bases = [replace(LINE, functions=n, points=m) for n, m in sizes]
    h = build_hamiltonian(system(), bases, torch.zeros(3).double(), ceiling=1e3)
    g = noise(len(h.potential), 3, 3)
    h = replace(h, potential=noise(len(g)), g_matrix=g + g.mT, s=noise(len(g), 3))
    ground = torch.arange(4 * 3 * 5).reshape(4, 3, 5)
    for k in {0, 1, 2} - set(coordinates):
        ground = ground.narrow(k, 0, 1)
    (group,) = contracted_groups(h, [GroupSize(coordinates, energy=1e9)])
    among = torch.linalg.eigvalsh(h.only(ground.flatten()).dense())
    torch.testing.assert_close(group.energies, among, rtol=0, atol=1e-11)
