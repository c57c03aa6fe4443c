"""States of a linear molecule with angular momentum about its line: exact oscillators."""

from collections import Counter
from dataclasses import replace

import pytest
import torch

from pes.vibration.hamiltonian.sparse import SparseGrid
from pes.vibration.levels.momentum import momentum_states
from pes.vibration.levels.result import Levels
from pes.vibration.levels.sparse import sparse_levels
from pes.vibration.system.system import model

BENDS = (1.0, 1.0, 1.6, 1.6)
"""ω of two bends, each in two coordinates."""


@pytest.fixture(scope="module")
def levels() -> Levels:
    frequencies = torch.tensor(BENDS, dtype=torch.float64)
    system = model(lambda q: (frequencies * q.square()).sum(1) / 2, torch.diag(frequencies))
    system = replace(system, bends=((0, 1), (2, 3)))
    return sparse_levels(system, SparseGrid(("a", "b", "c", "d"), 6, 8), 4)


def exact(momentum: int, below: float) -> list[float]:
    """Energies above the ground state: n and m quanta of l = −n … n and −m … m by twos."""
    found: Counter[float] = Counter()
    for n in range(8):
        for m in range(8):
            parts = [(a, b) for a in range(-n, n + 1, 2) for b in range(-m, m + 1, 2)]
            found[n + 1.6 * m] += sum(a + b == momentum for a, b in parts)
    return [e for e in sorted(found) for _ in range(found[e]) if e < below]


@pytest.mark.parametrize("momentum", [1, 2, 3])
def test_oscillators_in_two_dimensions(levels: Levels, momentum: int) -> None:
    known = exact(momentum, 5.0)
    (states,) = momentum_states(levels, [momentum], len(known), float(levels.energies[0]) + 5.0)
    above = states.energies - levels.energies[0]
    assert above.tolist() == pytest.approx(known, abs=1e-9)
    # Products of oscillator functions are exact, and the estimates know it.
    assert float(states.convergence.max()) < 1e-9


def test_errors_are_estimated_up_to_an_energy(levels: Levels) -> None:
    (states,) = momentum_states(levels, [1], 4, float(levels.energies[0]) + 1.7)
    assert states.convergence.isnan().tolist() == [False, False, True, True]


def test_estimates_cover_the_error_of_few_functions() -> None:
    """A quartic bend in four quanta against six: every change is within its estimate."""
    frequencies = torch.ones(4, dtype=torch.float64)

    def potential(q: torch.Tensor) -> torch.Tensor:
        one, other = q[:, :2], q[:, 2:]
        square = one.square().sum(1)
        return (
            (square + 1.3 * other.square().sum(1)) / 2
            + 0.05 * square**2
            + 0.1 * (one * other).sum(1) ** 2
        )

    system = replace(model(potential, torch.diag(frequencies)), bends=((0, 1), (2, 3)))
    few, many = (
        sparse_levels(system, SparseGrid(("a", "b", "c", "d"), n, n + 4), 3) for n in (4, 6)
    )
    pairs = zip(
        *(momentum_states(each, (1, 2), 4, float(each.energies[0]) + 4.0) for each in (few, many)),
        strict=True,
    )
    for states, better in pairs:
        errors = (states.energies - few.energies[0]) - (better.energies - many.energies[0])
        known = ~states.convergence.isnan()
        assert int(known.sum()) >= 3
        assert bool((errors.abs()[known] <= states.convergence[known] + 1e-9).all())
