"""Linear molecules: states with l ≠ 0, their doubling, their parity and spin statistics."""

import pytest
import torch
from sum_rule import check_sum_rule

import pes
from pes.setup.rotation.rotation import Rotation
from pes.units import ANGSTROM, CM1, DEGREE


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


def test_high_j_beyond_the_highest_l(dioxide: pes.LevelsResult) -> None:
    """No level asked for has l > 3, so that the states with K = 6 join none of them."""
    rows = dioxide.rotation([1, 6], states=12).table
    low, high = (row["energy"] for row in rows if row["Ka"] == 0 and row["level"] == 0)
    # D of 1.3e-7 cm⁻¹ lowers J = 6 by 2.3e-4 of 16 cm⁻¹.
    assert high == pytest.approx(21 * low, rel=3e-5)
    for j in (1, 6):
        own = [(row["level"], row["Ka"]) for row in rows if row["J"] == j]
        assert {level for level, ka in own if ka == 0} == {0, 1, 2, 3}
        assert all(own.count(pair) == (1 if pair[1] == 0 else 2) for pair in own)
        assert max(ka for _, ka in own) == min(j, 3)
    assert all(0 <= row["convergence"] < 1.0 for row in rows)


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
    weights = torch.cat(lines.levels.weights)
    assert set(weights.tolist()) == {0.0, 1.0}
    ground = {
        one.j: float(w[int((one.vibration == 0).nonzero())])
        for one, w in zip(turning.levels, lines.levels.weights, strict=True)
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


def test_sum_rule(turning: Rotation) -> None:
    check_sum_rule(turning)


def test_axes_of_a_linear_molecule_are_no_choice(dioxide: pes.LevelsResult) -> None:
    with pytest.raises(ValueError, match=r"leave `rotation\.frame` out, got 'embedded'"):
        dioxide.rotation([1], frame="embedded")


INDEPENDENT = {
    (0, 1, 0, 1): 15.4135, (0, 1, 1, 1): 94.3541, (0, 1, 1, 0): 95.4367, (1, 1, 0, 1): 824.9348,
    (1, 1, 1, 1): 1074.4455, (1, 1, 1, 0): 1075.5375, (2, 1, 1, 1): 2141.0365,
    (2, 1, 1, 0): 2142.3499,
}  # fmt: skip
"""Level, J, Ka, Kc: cm⁻¹ above the ground state by a DVR with associated Legendre functions, see
benchmarks/rotating_dvr.py; all digits hold."""


def bent(x: torch.Tensor) -> torch.Tensor:
    """A CH2-like surface: bent by 134°, a barrier of 1,650 cm⁻¹ to linearity."""
    d1, d2 = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]
    r1, r2 = d1.norm(dim=-1), d2.norm(dim=-1)
    w = (d1 * d2).sum(-1) / (r1 * r2) - torch.tensor(134.0 * DEGREE).cos()
    stretch = sum((1 - torch.exp(-1.9 * (r / ANGSTROM - 1.078))) ** 2 for r in (r1, r2))
    return (45000 * stretch + 15500 * w**2 + 6500 * w**3 + 3000 * w**4) * CM1


def test_a_bent_molecule_that_reaches_linearity() -> None:
    """From functions that do not vanish at linearity Ka = 1 of 2 ν2 is 14 too low, ± 2."""
    result = pes.levels(bent, ["C", "H", "H"], count=3)
    rotation = result.rotation(range(2), states=12)
    assert rotation.basis.frame == "linear"
    table = {(r["level"], r["J"], r["Ka"], r["Kc"]): r for r in rotation.table}
    assert len(table) == len(rotation.table) == 3 * (1 + 3)
    for key, energy in INDEPENDENT.items():
        row = table[key]
        # Without what twelve states leave out, to second order, 2 ν2 is 0.05 too high.
        assert row["energy"] == pytest.approx(energy, abs=row["convergence"] + 1e-4)
        assert row["convergence"] < 0.02
    assert {row["irrep"] for row in rotation.table} == {"A1", "A2", "B1", "B2"}
    assert "parity" not in rotation.table[0]
    assert not rotation.warnings
    # In another frame they are wrong, and a warning says so.
    (warning,) = result.rotation([1], states=30, frame="eckart").warnings
    assert "level 0 reaches geometries where the molecule is linear" in warning


def test_the_frame_that_is_chosen_is_not_warned_about() -> None:
    """3 ν2 of water reaches linearity by a little: in the Eckart frame it is 0.06 too low."""
    result = pes.levels("water_pjt1996", count=6)
    chosen = result.rotation([3], states=20)
    assert chosen.basis.frame == "linear"
    assert not chosen.warnings
    (warning,) = result.rotation([3], states=20, frame="eckart").warnings
    assert "level 5 reaches geometries where the molecule is linear" in warning
    # Three levels keep away from it: both agree that the Eckart frame will do.
    few = pes.levels("water_pjt1996", count=3).rotation([3], states=20)
    assert few.basis.frame == "eckart"
    assert not few.warnings


def test_labels_where_rotation_mixes_k() -> None:
    """9_18 and 9_36 of water lie at 1079 and 1283 cm⁻¹; both hold much of K = 1, 2 and 3."""
    water = pes.levels("water_pjt1996", count=3, accuracy=0.1)
    rows = {}
    for frame in ("linear", "eckart"):
        table = water.rotation([9], states=30, frame=frame).table
        rows[frame] = {(row["level"], row["Ka"], row["Kc"]): row for row in table}
    assert rows["linear"].keys() == rows["eckart"].keys()
    for key, row in rows["linear"].items():
        other = rows["eckart"][key]
        # The levels themselves differ by 0.1 cm⁻¹ at most with so few states.
        assert row["energy"] == pytest.approx(other["energy"], abs=0.5)
    # Observed: J. Tennyson et al., J. Quant. Spectrosc. Radiat. Transf. 117, 29 (2013),
    # doi:10.1016/j.jqsrt.2012.10.002.
    assert rows["linear"][0, 1, 8]["energy"] == pytest.approx(1079.08, abs=0.2)
    assert rows["linear"][0, 3, 6]["energy"] == pytest.approx(1282.92, abs=0.2)
