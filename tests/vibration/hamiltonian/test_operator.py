"""The same operator three ways, and systems of coupled oscillators solved by hand."""

import sys
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.contraction import contract
from pes.vibration.basis.factor import Group
from pes.vibration.basis.primitives import PRIMITIVES
from pes.vibration.basis.product_tree import within_quanta
from pes.vibration.grid import matrix
from pes.vibration.grid.product_basis import ProductBasis
from pes.vibration.hamiltonian.operator import Hamiltonian


def oscillator(functions: int, points: int, g: float = 1.0, k: float = 1.0) -> Basis:
    """Functions of an oscillator with V = ½ k q² and the kinetic energy ½ G p²."""
    reach = 7.5 * (g / k) ** 0.25
    p = PRIMITIVES["sinc"](-reach, reach, 50)
    return contract(
        p, k * p.points**2 / 2, torch.tensor(g).double(), functions,
        points=points, range=(-reach, reach),
    )  # fmt: skip


def random_hamiltonian(modes: int) -> Hamiltonian:
    """Nothing but noise, to compare two codes for the same formula."""
    generator = torch.Generator().manual_seed(modes)

    def noise(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    basis = ProductBasis(tuple(oscillator(3 + k, 6 + k) for k in range(modes)))
    count = len(basis.points)
    root = noise(count, modes, modes)
    return Hamiltonian(basis, noise(count), root @ root.mT, noise(count, modes))


def coupled(g: Tensor, f: Tensor, functions: int, points: int) -> Hamiltonian:
    """½ pᵀGp + ½ qᵀFq."""
    modes = range(len(g))
    bases = tuple(oscillator(functions, points, float(g[k, k]), float(f[k, k])) for k in modes)
    basis = ProductBasis(bases)
    q = basis.points
    potential = torch.einsum("pk,kl,pl->p", q, f, q) / 2
    return Hamiltonian(basis, potential, g.expand(len(q), *g.shape), torch.zeros_like(q))


every_size = pytest.mark.parametrize("modes", [1, 2, 3])


@every_size
def test_apply_is_the_dense_matrix(modes: int) -> None:
    h = random_hamiltonian(modes)
    matrix = h.apply(torch.eye(h.size, dtype=torch.float64))
    # Rounding: sums of some hundred terms of size up to 100.
    torch.testing.assert_close(h.dense(), matrix, rtol=1e-11, atol=1e-11)


def test_vectors_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    h = random_hamiltonian(2)
    c = torch.randn(7, h.size, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    whole = h.apply(c)
    # The function of this name hides the module.
    monkeypatch.setattr(sys.modules[Hamiltonian.__module__], "MOST_BYTES", 1)
    torch.testing.assert_close(h.apply(c), whole)


@every_size
def test_symmetric(modes: int) -> None:
    matrix = random_hamiltonian(modes).dense()
    assert (matrix - matrix.T).abs().max() <= 1e-14 * matrix.abs().max()


@every_size
def test_kinetic_energy_is_never_negative(modes: int) -> None:
    h = random_hamiltonian(modes)
    kinetic = Hamiltonian(h.basis, torch.zeros_like(h.potential), h.g_matrix, h.s).dense()
    lowest = torch.linalg.eigvalsh(kinetic)[0]
    assert lowest > -1e-13 * kinetic.abs().max()  # rounding


@every_size
def test_the_form_written_out(modes: int) -> None:
    """½ Σ (D̃_kφ_a) G_kl (D̃_lφ_b) + V φ_aφ_b with Kronecker products."""
    h = random_hamiltonian(modes)
    phi = h.basis.on_grid(torch.eye(h.size, dtype=torch.float64))
    slopes = h.slopes_on_grid(torch.eye(h.size, dtype=torch.float64))
    expected = torch.einsum("apk,pkl,bpl->ab", slopes, h.g_matrix, slopes) / 2
    expected = expected + torch.einsum("ap,p,bp->ab", phi, h.potential, phi)
    torch.testing.assert_close(h.dense(), expected, rtol=1e-11, atol=1e-11)  # rounding
    for k in range(modes):
        factors = [
            b.scaled_derivatives if j == k else b.scaled_values for j, b in enumerate(h.basis.bases)
        ]
        product = factors[0]
        for factor in factors[1:]:
            product = torch.kron(product, factor)
        wanted = product.T + h.s[:, k] * phi
        torch.testing.assert_close(slopes[:, :, k], wanted, rtol=1e-12, atol=1e-12)


def test_shapes() -> None:
    h = random_hamiltonian(3)
    assert h.basis.shape == (3, 4, 5)
    assert h.basis.grid_shape == (6, 7, 8)
    assert h.size == 60
    assert h.basis.on_grid(torch.ones(2, 60).double()).shape == (2, 336)
    assert h.slopes_on_grid(torch.ones(2, 60).double()).shape == (2, 336, 3)
    assert h.basis.points.shape == h.basis.density_slope.shape == (336, 3)


def spectrum_of_oscillators(g: Tensor, f: Tensor, count: int) -> Tensor:
    """Σ ω_i (n_i + ½), ω² the eigenvalues of GF."""
    omega = torch.linalg.eigvals(g @ f).real.sqrt()
    quanta = torch.cartesian_prod(*[torch.arange(12.0).double()] * len(g)) + 0.5
    return (quanta @ omega).sort().values[:count]


def test_two_coupled_oscillators() -> None:
    g = torch.tensor([[1.0, 0.2], [0.2, 0.8]], dtype=torch.float64)
    f = torch.tensor([[1.0, -0.15], [-0.15, 0.5]], dtype=torch.float64)
    h = coupled(g, f, 20, 26)
    levels = torch.linalg.eigvalsh(h.dense())[:8]
    # The coupling mixes in functions n higher by a factor of 0.2ⁿ: 1e-8 from n = 12 on.
    torch.testing.assert_close(levels, spectrum_of_oscillators(g, f, 8), rtol=0, atol=1e-8)


def test_three_coupled_oscillators() -> None:
    g = torch.tensor([[1.0, 0.1, -0.05], [0.1, 0.9, 0.08], [-0.05, 0.08, 1.2]]).double()
    f = torch.tensor([[1.0, 0.06, 0.1], [0.06, 1.3, -0.07], [0.1, -0.07, 0.8]]).double()
    h = coupled(g, f, 10, 14)
    levels = torch.linalg.eigvalsh(h.dense())[:4]
    # As above with 0.1ⁿ for n = 8.
    torch.testing.assert_close(levels, spectrum_of_oscillators(g, f, 4), rtol=0, atol=1e-8)


def test_a_weight_is_no_physics() -> None:
    """An oscillator in the variable u with q = sinh u: G, √det g and s all vary."""
    p = PRIMITIVES["sinc"](-2.9, 2.9, 70)
    u = p.points
    v = u.sinh() ** 2 / 2
    basis = contract(p, v, torch.ones(()).double(), 60, range=(-2.9, 2.9))
    g = (1 / u.cosh() ** 2)[:, None, None]
    s = -(u.tanh() / 2)[:, None]
    h = Hamiltonian(ProductBasis((basis,)), v, g, s)
    exact = torch.arange(6).double() + 0.5
    # ψ is 1e-9 at the ends, and the functions of another oscillator converge slowly.
    torch.testing.assert_close(torch.linalg.eigvalsh(h.dense())[:6], exact, rtol=0, atol=1e-8)


def test_dense_is_differentiable() -> None:
    h = random_hamiltonian(2)
    v = h.potential[:].clone().requires_grad_()
    g = h.g_matrix.clone().requires_grad_()
    s = h.s.clone().requires_grad_()
    c = torch.linspace(-1, 1, h.size, dtype=torch.float64)

    def energy(v: Tensor, g: Tensor, s: Tensor) -> Tensor:
        return c @ Hamiltonian(h.basis, v, (g + g.mT) / 2, s).dense() @ c

    assert torch.autograd.gradcheck(energy, (v, g, s))


@pytest.mark.parametrize("workspace", [1, 4000, 2**25])
@pytest.mark.parametrize("limit", [0, 1, 3, None])
def test_pruning_is_the_block_of_the_whole_matrix(
    workspace: int, limit: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept rows and columns of H, by the dense route and by products; wavefunctions too.

    A small workspace cuts the work into the smallest pieces; the last set has gaps.
    """
    monkeypatch.setattr(matrix, "WORKSPACE", workspace)
    whole = random_hamiltonian(3)
    kept = (
        torch.tensor([2, 3, 17, 40]) if limit is None else within_quanta(whole.basis.shape, limit)
    )
    pruned = replace(whole, basis=replace(whole.basis, kept=kept))
    block = whole.dense()[kept][:, kept]
    assert pruned.size == len(kept) < whole.size
    torch.testing.assert_close(pruned.dense(), block)
    c = torch.randn(2, len(kept), dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(pruned.apply(c), c @ block)
    padded = torch.zeros(2, whole.size, dtype=torch.float64)
    padded[:, kept] = c
    torch.testing.assert_close(pruned.basis.on_grid(c), whole.basis.on_grid(padded))
    torch.testing.assert_close(pruned.slopes_on_grid(c), whole.slopes_on_grid(padded))


def test_a_group_is_a_rotation_of_its_products() -> None:
    """Coordinates 0 and 2 contracted, out of their order on the grid."""
    whole = random_hamiltonian(3)
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(15, 15, generator=generator, dtype=torch.float64)
    expansion = torch.linalg.qr(noise)[0][:, :6]
    group = Group((0, 2), expansion, torch.arange(6).double())
    basis = replace(whole.basis, groups=(group,))
    h = replace(whole, basis=basis)
    assert basis.shape == (6, 4)
    # Columns of the rotation: products (n0, n1, n2) of the functions (group, n1).
    rotation = torch.einsum("acg,bd->abcgd", expansion.reshape(3, 5, 6), torch.eye(4).double())
    rotation = rotation.reshape(60, 24)
    expected = rotation.T @ whole.dense() @ rotation
    torch.testing.assert_close(h.dense(), expected)
    c = torch.randn(2, 24, dtype=torch.float64, generator=generator)
    torch.testing.assert_close(h.apply(c), c @ expected)
    torch.testing.assert_close(basis.unpruned(c), (c @ rotation.T).reshape(2, 3, 4, 5))
    torch.testing.assert_close(basis.on_grid(c), whole.basis.on_grid(c @ rotation.T))
    kept = within_quanta(basis.shape, 4)
    pruned = replace(h, basis=replace(basis, kept=kept))
    block = expected[kept][:, kept]
    torch.testing.assert_close(pruned.dense(), block)
    torch.testing.assert_close(pruned.apply(c[:, : pruned.size]), c[:, : pruned.size] @ block)


def test_uncoupled_elements_of_g_are_left_out() -> None:
    h = random_hamiltonian(3)
    g = h.g_matrix.clone()
    g[:, 0, 2] = g[:, 2, 0] = 0
    h = replace(h, g_matrix=g)
    assert (0, 2) not in h.coupled
    assert len(h.coupled) == 5
    torch.testing.assert_close(h.dense(), h.apply(torch.eye(h.size).double()))
