"""H in blocks: the same spectrum, each block by itself."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pes.vibration import BasisSpec, System, model
from pes.vibration.basis.truncation import GroupSize, Truncation
from pes.vibration.hamiltonian.build import build_hamiltonian
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.action import images
from pes.vibration.symmetry.blocks import Block, symmetry_blocks
from pes.vibration.symmetry.grid_symmetry import V_RELATIVE, V_SAME
from pes.vibration.symmetry.invariance import invariant
from pes.vibration.symmetry.operation import closed
from pes.vibration.symmetry.operations import commuting, symmetry_operations

LINE = BasisSpec("sinc", -6.0, 6.0, 6, points=10, primitives=40)
PERIOD = BasisSpec("fourier", 0.0, 2 * torch.pi, 7, primitives=31)


def quartic(q: Tensor) -> Tensor:
    """Even in z; x and y may be exchanged."""
    x, y, z = q.unbind(-1)
    return (
        (x**2 + y**2) / 2 + z**2 * (1 + 0.3 * (x + y)) + 0.1 * x * y + 0.05 * (x**3 + y**3 + z**4)
    )


def three() -> System:
    g = torch.tensor([[1.0, 0.2, 0.0], [0.2, 1.0, 0.0], [0.0, 0.0, 0.7]], dtype=torch.float64)
    return model(quartic, g)


def rotors() -> System:
    """Two coupled rotors: (τ1, τ2) → (−τ1, −τ2), and their exchange."""
    g = torch.tensor([[1.0, -0.4], [-0.4, 1.0]], dtype=torch.float64)

    def potential(q: Tensor) -> Tensor:
        a, b = q.unbind(-1)
        return 2 - torch.cos(a) - torch.cos(b) + 0.5 * (1 - torch.cos(3 * (a - b)))

    return model(potential, g)


def even() -> System:
    """x → −x alone."""

    def potential(q: Tensor) -> Tensor:
        x, y = q.unbind(-1)
        return x**2 / 2 + 0.3 * x**2 * y + y**2 + 0.2 * y**3 + 0.1 * (x**4 + y**4)

    return model(potential, torch.eye(2).double())


CASES = {
    "exchange and parity": (three, [LINE] * 3, {}, 4),
    "pruned": (three, [LINE] * 3, {"quanta": 6}, 4),
    "pruned with weights": (three, [LINE] * 3, {"quanta": 6, "weights": (1, 1, 2)}, 4),
    "by energy": (three, [LINE] * 3, {"energy": 6.0}, 4),
    "self-consistent": (three, [LINE] * 3, {"quanta": 6, "self_consistent": True}, 4),
    "a group": (three, [LINE] * 3, {"groups": (GroupSize((0, 1), functions=12),)}, 4),
    "all points": (three, [replace(LINE, points=None, primitives=12)] * 3, {"quanta": 6}, 4),
    "parity of two at once": (rotors, [PERIOD] * 2, {}, 4),
    "parity of one": (even, [LINE] * 2, {}, 2),
    "Hermite": (even, [replace(LINE, basis="hermite")] * 2, {}, 2),
}


def made(system: System, coordinates: list[BasisSpec], limits: dict) -> Hamiltonian:
    group = commuting(symmetry_operations(system, coordinates))
    # No symmetric point: the functions must have the symmetry by themselves.
    reference = torch.linspace(0.1, 0.3, len(coordinates)).double()
    h = build_hamiltonian(
        system,
        coordinates,
        reference,
        ceiling=1e3,
        truncation=Truncation(**limits),
        operations=group,
    )
    h, told = invariant(h)
    assert told == []
    return h


@pytest.fixture(params=CASES.values(), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> tuple[Hamiltonian, list[Block]]:
    make, coordinates, limits, count = request.param
    h = made(make(), coordinates, limits)
    found = symmetry_blocks(h)
    assert len(found) == count
    return h, found


def test_the_union_is_the_whole_spectrum(case: tuple[Hamiltonian, list[Block]]) -> None:
    h, found = case
    assert sum(b.size for b in found) == h.size
    union = torch.cat([torch.linalg.eigvalsh(b.dense()) for b in found]).sort().values
    whole = torch.linalg.eigvalsh(h.dense())
    # Rounding, of energies up to some hundred hartree.
    torch.testing.assert_close(union, whole, rtol=0, atol=1e-10)


def test_functions_are_orthonormal_and_blocks_do_not_mix(
    case: tuple[Hamiltonian, list[Block]],
) -> None:
    h, found = case
    s = torch.cat([b.lift(torch.eye(b.size).double()) for b in found])
    torch.testing.assert_close(s @ s.T, torch.eye(h.size).double(), rtol=0, atol=1e-14)
    inside = torch.block_diag(*[b.dense() for b in found])
    torch.testing.assert_close(s @ h.dense() @ s.T, inside, rtol=0, atol=1e-10)


def test_products_with_vectors(case: tuple[Hamiltonian, list[Block]]) -> None:
    _, found = case
    generator = torch.Generator().manual_seed(3)
    for b in found:
        c = torch.randn(2, b.size, generator=generator, dtype=torch.float64)
        torch.testing.assert_close(b.apply(c), c @ b.dense(), rtol=0, atol=1e-10)
        torch.testing.assert_close(b.lower(b.lift(c)), c, rtol=0, atol=1e-14)
        some = torch.arange(0, b.size, 3)
        part = b.dense()[some][:, some]
        torch.testing.assert_close(b.only(some).dense(), part, rtol=0, atol=1e-10)


def test_zero_order_energies(case: tuple[Hamiltonian, list[Block]]) -> None:
    h, found = case
    union = torch.cat([b.zero_order_energies for b in found]).sort().values
    torch.testing.assert_close(union, h.zero_order_energies.sort().values, rtol=0, atol=1e-10)


def test_sizes_by_counting() -> None:
    """6·6·6 products: 21 and 15 pairs of x and y, times 3 even and 3 odd functions of z."""
    found = symmetry_blocks(made(three(), [LINE] * 3, {}))
    assert [(b.label, b.size) for b in found] == [
        ("+ + +", 63), ("- + -", 63), ("+ - -", 45), ("- - +", 45),
    ]  # fmt: skip


def test_no_symmetry_no_blocks() -> None:
    system = model(lambda q: (q**2).sum(-1) / 2 + q[:, 0] ** 3 / 10, torch.eye(1).double())
    assert symmetry_blocks(made(system, [LINE], {})) == []


def test_products_without_their_images_are_not_split() -> None:
    """Weights that tell x from y: the exchange is given up, the reflection of z is not."""
    h = made(three(), [LINE] * 3, {})
    weighted = Truncation(quanta=6, weights=(1, 2, 1)).kept(h.basis.factors)
    pruned = replace(h, basis=replace(h.basis, kept=weighted))
    found = symmetry_blocks(pruned)
    assert len(found) == 2
    _, told = invariant(pruned)
    assert len(told) == 2
    assert "keeps some and not their images" in told[0]


def test_operations_that_are_no_group_are_left_out() -> None:
    """Rounding hides the product of two operations: blocks by both would overlap."""
    h = made(three(), [LINE] * 3, {})
    first, second, _ = h.operations
    assert [o.name for o in closed([first, second])] == [first.name]
    assert len(closed(h.operations)) == 3
    lone = replace(h, operations=(first, second))
    assert sum(b.size for b in symmetry_blocks(lone)) == h.size
    # Each of both changes V by 0.8 of what is allowed, their product by twice that.
    allowed = V_SAME + V_RELATIVE * (h.potential - h.potential.min())
    there = torch.arange(len(h.potential))
    moved = torch.stack([there, *(images(h.basis, o)(there) for o in h.operations)])
    own = moved.argmin(0)
    step = torch.tensor([0.0, 0.8, -0.8, 0.0])
    rough = replace(h, potential=h.potential + step.double()[own] * allowed)
    kept, told = invariant(rough)
    assert [o.name for o in kept.operations] == [first.name]
    assert "the surface changes by up to" in told[0]
    assert told[1] == (
        f"no blocks by the symmetry {second.name}: its product with another is not a symmetry"
    )
