"""Linear molecules: states with l ≠ 0, their doubling, their parity and spin statistics."""

import pytest
import torch

import pes
from pes.setup.rotation import Rotation


@pytest.fixture(scope="module")
def dioxide() -> pes.LevelsResult:
    return pes.levels("carbon_dioxide_model", count=4, convergence=False)


@pytest.fixture(scope="module")
def turning(dioxide: pes.LevelsResult) -> Rotation:
    return dioxide.rotation(range(3), states=12)


def energies(turning: Rotation) -> dict[tuple[int, int, str], float]:
    """The lowest level of each J, l and parity."""
    rows = reversed(turning.table)
    return {(row["J"], row["Ka"], row["parity"]): row["energy"] for row in rows}


def test_ground_state_is_a_rigid_rotor_but_for_distortion(turning: Rotation) -> None:
    known = energies(turning)
    # D of such a molecule is 1e-7 cm⁻¹: 24 D against 6 B.
    assert known[2, 0, "e"] == pytest.approx(3 * known[1, 0, "e"], rel=5e-6)
    # The rotational constant of the J = 0 calculation leaves out a bent molecule's coupling.
    assert known[1, 0, "e"] / 2 == pytest.approx(0.390, abs=1e-3)


def test_doubling_of_the_bend(turning: Rotation) -> None:
    """H. H. Nielsen, Rev. Mod. Phys. 23, 90 (1951), doi:10.1103/RevModPhys.23.90."""
    known = energies(turning)
    b, bend = known[1, 0, "e"] / 2, known[1, 1, "e"]
    antisymmetric = next(r["energy"] for r in turning.table if r["level"] == 3 and r["J"] == 0)
    q = 2 * b**2 / bend * (1 + 4 * bend**2 / (antisymmetric**2 - bend**2))
    for j in (1, 2):
        split = known[j, 1, "f"] - known[j, 1, "e"]
        # Of harmonic vibrations: ν2 = 664, anharmonic by less than a per cent.
        assert split / (j * (j + 1)) == pytest.approx(q, rel=0.02)
    # The two levels with l = 2 are degenerate but for fourth order.
    assert known[2, 2, "f"] == pytest.approx(known[2, 2, "e"], abs=1e-5)


def test_number_of_levels(turning: Rotation) -> None:
    """One for l = 0, two for others, none with J < l."""
    for one in turning.levels:
        axial = turning.basis.coupling.axial
        assert axial is not None
        k = axial[turning.basis.asked]
        assert len(one.energies) == int((k == 0).sum()) + 2 * int(((k > 0) & (k <= one.j)).sum())


def test_states_without_rotation_are_the_levels(
    dioxide: pes.LevelsResult, turning: Rotation
) -> None:
    still = [row["energy"] for row in turning.table if row["J"] == 0]
    # Another quadrature and other functions of the bend: 0.0005.
    assert still == pytest.approx(dioxide.energies.tolist(), abs=2e-3)


def test_nuclei_without_spin_leave_every_other_level_out(turning: Rotation) -> None:
    """16O: the ground state has even J alone, of ν2 one of the two levels of each J remains."""
    charges = torch.tensor([0.6, -0.3, -0.3], dtype=torch.float64)
    lines = pes.line_list(turning, lambda x: torch.einsum("a,pai->pi", charges, x))
    weights = torch.cat(lines.weights)
    assert set(weights.tolist()) == {0.0, 1.0}
    ground = {
        one.j: float(w[int((one.vibration == 0).nonzero())])
        for one, w in zip(turning.levels, lines.weights, strict=True)
    }
    assert ground == {0: 1.0, 1: 0.0, 2: 1.0}
    # ν2 ← 0: P, Q and R lines, all with l = 1 above and l = 0 below; no rotational lines.
    s, table = lines.spectrum, turning.table
    strongest = [
        (table[int(s.upper[k])], table[int(s.lower[k])])
        for k in s.intensities.argsort(descending=True)[:3].tolist()
    ]
    assert {(up["Ka"], low["Ka"]) for up, low in strongest} <= {(1, 0), (0, 0)}
    assert bool((s.wavenumbers > 500).all())


def test_other_linear_molecules_are_refused(dioxide: pes.LevelsResult) -> None:
    with pytest.raises(ValueError, match=r"linear molecules of three atoms, with `rotation\.frame"):
        dioxide.rotation([1], frame="embedded")
