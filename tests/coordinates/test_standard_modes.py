"""Normal modes do not depend on the machine, nor on how a molecule lies in space."""

from math import cos, sin, sqrt

import pytest
import torch
from torch import Tensor

from pes.coordinates import NormalModes, normal_modes
from pes.coordinates.standard_modes import DEGENERATE, standard_modes
from pes.molecule import Molecule

TURN = 2 * torch.pi / 3
PYRAMID = [(1.8 * cos(k * TURN), 1.8 * sin(k * TURN), 0.6) for k in range(3)]
CUBE = [(1.2, 1.2, 1.2), (1.2, -1.2, -1.2), (-1.2, 1.2, -1.2), (-1.2, -1.2, 1.2)]
BENT = [(0, 0, 0), (1.8, 0, 0), (-0.45, 1.75, 0)]

SHAPES = {
    "H2O": (("O", "H", "H"), [(0, 0, 0), (1.4, 1.1, 0), (-1.4, 1.1, 0)]),
    "HDO": (("O", "H", "D"), BENT),
    "H3+, E": (("H", "H", "H"), [(1, 0, 0), (-0.5, sqrt(0.75), 0), (-0.5, -sqrt(0.75), 0)]),
    "NH3, E": (("N", "H", "H", "H"), [(0, 0, 0), *PYRAMID]),
    "CH4, E and F2": (("C", "H", "H", "H", "H"), [(0, 0, 0), *CUBE]),
    "H2CO, planar": (
        ("C", "O", "H", "H"), [(0, 0, 0), (2.3, 0, 0), (-1.1, 1.8, 0), (-1.1, -1.8, 0)],
    ),
    "C2H4, planar, three modes out of the plane": (
        ("C", "C", "H", "H", "H", "H"),
        [(1.3, 0, 0), (-1.3, 0, 0), *((a * 2.3, b * 1.8, 0) for a in (1, -1) for b in (1, -1))],
    ),
    "HOOH, chiral": (
        ("O", "O", "H", "H"), [(1.4, 0, 0), (-1.4, 0, 0), (1.7, 1.2, 1.3), (-1.7, 1.2, -1.3)],
    ),
    "CO2, linear": (("C", "O", "O"), [(0, 0, 0), (0, 2.2, 0), (0, -2.2, 0)]),
    "HCCH, linear, two levels of bends": (
        ("H", "C", "C", "H"), [(3.2, 0, 0), (1.1, 0, 0), (-1.1, 0, 0), (-3.2, 0, 0)],
    ),
}  # fmt: skip


def molecule(name: str) -> tuple[Tensor, Tensor]:
    """Positions and masses."""
    symbols, x = SHAPES[name]
    return torch.tensor(x, dtype=torch.float64), Molecule(symbols).masses


def springs(x: Tensor) -> Tensor:
    """H (3N, 3N) of springs between all atoms, weaker with distance, and to the places of all."""
    count = len(x)
    h = x.new_zeros(count, 3, count, 3)
    for i in range(count):
        for j in range(i):
            u = x[i] - x[j]
            block = torch.outer(u, u) / (u @ u) ** 2
            for a, b, sign in ((i, i, 1), (j, j, 1), (i, j, -1), (j, i, -1)):
                h[a, :, b] += sign * block
    return h.reshape(3 * count, 3 * count) + 0.1 * torch.eye(3 * count).double()


def modes_of(name: str, turn: Tensor | None = None, noise: float = 0.0) -> NormalModes:
    x, masses = molecule(name)
    x = x if turn is None else x @ turn + 1.0
    h = springs(x)
    draw = torch.randn(h.shape, generator=torch.Generator().manual_seed(7)).double()
    return normal_modes(x, h + noise * (draw + draw.mT), masses)


def turns() -> list[Tensor]:
    """Random rotations, and reflections."""
    draw = torch.randn(6, 3, 3, generator=torch.Generator().manual_seed(3)).double()
    return list(torch.linalg.qr(draw).Q)


def superposed(modes: NormalModes, other: NormalModes) -> tuple[Tensor, Tensor]:
    """Displacements of the modes turned, as one body with their molecule, onto the others."""
    x, y = (
        torch.cat((m.reference - m.reference.mean(0), m.displacements.flatten(0, 1)))
        for m in (modes, other)
    )
    u, _, vh = torch.linalg.svd(x.mT @ y)
    return x @ u @ vh, y


@pytest.mark.parametrize("turn", turns(), ids=lambda t: f"det {float(t.det()):+.0f}")
@pytest.mark.parametrize("name", SHAPES)
def test_turned_and_reflected_molecules_have_the_same_modes(name: str, turn: Tensor) -> None:
    modes, other = modes_of(name), modes_of(name, turn)
    torch.testing.assert_close(other.frequencies, modes.frequencies, rtol=1e-10, atol=0)
    # Rounding: modes are mixed by 1e-15 over the relative distance of two squared frequencies.
    torch.testing.assert_close(*superposed(modes, other), rtol=0, atol=1e-8)


@pytest.mark.parametrize("turn", [t for t in turns() if t.det() > 0])
@pytest.mark.parametrize("name", [name for name in SHAPES if "linear" not in name])
def test_modes_turn_with_the_molecule(name: str, turn: Tensor) -> None:
    modes, other = modes_of(name), modes_of(name, turn)
    expected = modes.displacements @ turn
    torch.testing.assert_close(other.displacements, expected, rtol=0, atol=1e-8)


def scrambled(vectors: Tensor, squares: Tensor, seed: int) -> Tensor:
    """Modes (Q, 3N) with random signs and, within a level, in a random mixture."""
    generator = torch.Generator().manual_seed(seed)
    mixture = torch.zeros(len(squares), len(squares), dtype=torch.float64)
    near = (squares[:, None] - squares).abs() < DEGENERATE * squares
    for k in range(len(squares)):
        level = near[k].nonzero()[:, 0]
        if level[0] == k:
            draw = torch.randn(len(level), len(level), generator=generator).double()
            mixture[level[:, None], level] = torch.linalg.qr(draw).Q
    return mixture @ vectors


@pytest.mark.parametrize("name", SHAPES)
def test_any_signs_and_mixtures_give_the_same_modes(name: str) -> None:
    modes = modes_of(name)
    _, masses = molecule(name)
    squares = modes.frequencies.square()
    vectors = modes.displacements * masses.sqrt()[:, None]
    vectors = vectors.flatten(1) * modes.frequencies.sqrt()[:, None]
    for seed in range(10):
        given = scrambled(vectors, squares, seed)
        settled = standard_modes(given, squares, modes.reference, masses)
        torch.testing.assert_close(settled, vectors, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", SHAPES)
def test_noise_of_the_hessian_reverses_nothing(name: str) -> None:
    """Central differences leave 1e-9: modes move as little, or by that over a narrow gap."""
    modes, noisy = modes_of(name), modes_of(name, noise=1e-9)
    size = modes.displacements.abs().max()
    difference = (noisy.displacements - modes.displacements).abs().max()
    assert float(difference) < 1e-5 * float(size)


def test_positive_is_longer_and_wider() -> None:
    modes = modes_of("H2O")
    x = modes.to_positions(0.1 * torch.eye(3).double())
    before, after = (torch.pdist(p)[:3] for p in (modes.reference, x[0]))
    assert (after - before).abs().argmax() == 2  # H…H
    assert after[2] > before[2]
    stretches = [(torch.pdist(p) - before)[:2] for p in x[1:]]
    even = [bool(s[0] * s[1] > 0) for s in stretches]
    assert sorted(even) == [False, True]
    for stretch in stretches:
        assert stretch[0] > 0


def stretches(modes: NormalModes) -> Tensor:
    """First derivatives of all distances (Q, N, N)."""
    x, d = modes.reference, modes.displacements
    along = torch.nn.functional.normalize(x - x[:, None], dim=-1)
    return ((d[:, None] - d[:, :, None]) * along).sum(-1)


@pytest.mark.parametrize("name", ["H3+, E", "NH3, E", "CH4, E and F2"])
def test_degenerate_modes_are_even_or_odd_under_the_same_exchange(name: str) -> None:
    """All levels share it, so that it shows in the coordinates: that of the last two atoms."""
    modes = modes_of(name)
    rates = stretches(modes)
    order = [*range(len(modes.masses) - 2), len(modes.masses) - 1, len(modes.masses) - 2]
    swapped = rates[:, order][:, :, order]
    size = 1e-8 * rates.abs().max()
    even = ((swapped - rates).abs().amax((1, 2)) < size).tolist()
    odd = ((swapped + rates).abs().amax((1, 2)) < size).tolist()
    assert [e != o for e, o in zip(even, odd, strict=True)] == [True] * len(even)
    level = modes.frequencies.diff() < 1e-6 * modes.frequencies[1:]
    assert level.any()
    # Even ones come first.
    assert all(even[k] >= even[k + 1] for k in level.nonzero()[:, 0].tolist())
