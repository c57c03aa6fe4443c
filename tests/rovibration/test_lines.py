"""Lines of water against the sum rule, other frames and what is known."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pes.coordinates import Valence
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.rovibration import Contraction, contract_states
from pes.rovibration.hamiltonian import eigenpairs, hamiltonian
from pes.rovibration.levels import levels_of
from pes.rovibration.lines import intensities, lines, strengths
from pes.rovibration.partition import partition_function
from pes.units import ANGSTROM, DEBYE, DEGREE
from pes.vibration import BasisSpec, molecular, vibrational_levels

CHARGES = torch.tensor([-0.66, 0.33, 0.33], dtype=torch.float64)


def point_charges(positions: Tensor) -> Tensor:
    return torch.einsum("a,pai->pi", CHARGES, positions) / DEBYE


@pytest.fixture(scope="module")
def contracted() -> Callable[[str], Contraction]:
    stretch = ("sinc", 0.7 * ANGSTROM, 1.5 * ANGSTROM, 7)
    bases = [
        BasisSpec(*stretch, points=11, primitives=40, name="r1"),
        BasisSpec(*stretch, points=11, primitives=40, name="r2"),
        BasisSpec("legendre", 50 * DEGREE, 175 * DEGREE, 9, points=14, primitives=40, name="t"),
    ]
    to_positions = Valence(0, (1, 2)).to_positions
    system = molecular(WaterPJT(), to_positions, Molecule(("O", "H", "H")).masses)
    levels = vibrational_levels(system, bases, 6, convergence=False)
    known: dict[str, Contraction] = {}

    def states(frame: str) -> Contraction:
        if frame not in known:
            known[frame] = contract_states(levels, states=40, frame=frame)
        return known[frame]

    return states


def all_levels(basis: Contraction, j: int) -> object:
    """All levels of the contracted basis, not only those of the J = 0 levels asked for."""
    energies, vectors = eigenpairs(hamiltonian(basis.coupling, j))
    return replace(levels_of(basis, j), energies=energies, vectors=vectors)


@pytest.mark.parametrize("j", [0, 2])
def test_sum_rule(contracted: Callable[[str], Contraction], j: int) -> None:
    """Σ_f S(f ← i) = (2J + 1) Σ_α ⟨i|μ_α²|i⟩ over all states of the contracted basis."""
    basis = contracted("eckart")
    moments = basis.moments(point_charges)
    initial = all_levels(basis, j)
    finals = [all_levels(basis, other) for other in range(max(0, j - 1), j + 2)]
    total = sum(strengths(moments, final, initial).sum(0) for final in finals)  # type: ignore[arg-type]
    squares = (moments @ moments).sum(0)
    vectors = initial.vectors.reshape(len(squares), 2 * j + 1, -1)  # type: ignore[attr-defined]
    expected = (2 * j + 1) * torch.einsum("nks,nm,mks->s", vectors, squares, vectors)
    torch.testing.assert_close(total, expected, rtol=1e-9, atol=0)


def test_strengths_do_not_depend_on_the_frame(contracted: Callable[[str], Contraction]) -> None:
    """To 0.1 %, which is what 40 states leave undone, of all but the weakest lines."""
    found = []
    for frame in ("eckart", "bisector"):
        basis = contracted(frame)
        one, two = (levels_of(basis, j) for j in (1, 2))
        found.append(strengths(basis.moments(point_charges), two, one))
    strong = found[0] > 1e-3 * found[0].max()
    assert int(strong.sum()) > 10
    torch.testing.assert_close(found[1][strong], found[0][strong], rtol=1e-3, atol=0)


def test_rotational_lines_of_water(contracted: Callable[[str], Contraction]) -> None:
    """1_11 ← 0_00 is allowed, 1_01 ← 0_00 and 1_10 ← 0_00 are not; the moment lies along b."""
    basis = contracted("eckart")
    moments = basis.moments(point_charges)
    (some,) = [
        one for one in lines(moments, [levels_of(basis, j) for j in (0, 1)])
        if (one.upper_j, one.lower_j) == (1, 0)
    ]  # fmt: skip
    own = some.lower == 0
    upper, strength = some.upper[own], some.strengths[own]
    level = levels_of(basis, 1)
    strongest = int(upper[level.vibration[upper] == 0][0])
    assert (int(level.ka[strongest]), int(level.kc[strongest])) == (1, 1)
    # Nearly the square of the permanent moment.
    assert float(strength[upper == strongest]) == pytest.approx(
        float(moments[:, 0, 0].square().sum()), rel=0.02
    )
    # An upper level with this wavenumber and S = 1 D² lives for 1/A.
    a = 3.1361891e-7 * some.wavenumbers**3 * some.strengths / 3
    torch.testing.assert_close(some.einstein, a, rtol=1e-6, atol=0)


def test_intensity_of_a_line() -> None:
    """A two-level gas, by the formula of HITRAN with its own constants."""
    one = torch.ones(1, dtype=torch.float64)
    from pes.rovibration.lines import Lines

    line = Lines(1, 0, one.long(), one.long(), 1000 * one, one, 2 * one)
    got = intensities(line, 0 * one, one, 296.0, 3.0)
    # g' A / (8 π c ν̃² Q) (1 − exp(−c₂ ν̃/T)) with c₂ = 1.4387769 cm K.
    expected = 3 * 2 / (8 * torch.pi * 2.99792458e10 * 1e6 * 3.0) * (1 - 0.00774727)
    assert float(got) == pytest.approx(expected, rel=1e-6)


def test_partition_function_of_a_rotor() -> None:
    """A linear rotor far above its constant: kT/B + 1/3."""
    j = torch.arange(200, dtype=torch.float64)
    kt = 296 / 1.438776877
    q = partition_function(j * (j + 1), 2 * j + 1, torch.tensor([296.0], dtype=torch.float64))
    assert float(q) == pytest.approx(kt + 1 / 3, rel=1e-5)
