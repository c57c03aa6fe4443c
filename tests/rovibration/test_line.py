"""Linear molecules in 3N − 5 normal coordinates: levels with l ≠ 0 against other coordinates."""

import pytest
import torch
from chain_of_springs import springs_of
from sum_rule import check_sum_rule

import pes
from pes.setup.levels.level_result import LevelsResult
from pes.setup.problem.truncation import TruncationRequest
from pes.setup.rotation.rotation import Rotation

VALENCE = {
    (1, 0, "e", "Σg+"): [0.7807, 1273.3946, 1394.1459], (1, 0, "e", "Σu+"): [2350.7319],
    (1, 1, "e", "Πu"): [664.5380, 1911.3213, 2081.4508],
    (1, 1, "f", "Πu"): [664.5393, 1911.3233, 2081.4526],
    (2, 1, "e", "Πu"): [666.1019, 1912.8871, 2083.0138],
    (2, 1, "f", "Πu"): [666.1057, 1912.8930, 2083.0192],
    (2, 2, "e", "Δg"): [1328.8487], (2, 2, "f", "Δg"): [1328.8487],
}  # fmt: skip
"""J, l, parity: levels of the CO2 model in two lengths and an angle with associated Legendre
functions, cm⁻¹; the same in valence and in Radau coordinates (benchmarks/rotation.py --linear)."""


@pytest.fixture(scope="module")
def dioxide() -> Rotation:
    result = pes.levels(
        "carbon_dioxide_model", count=4, coordinates="bond_vectors",
        truncation=TruncationRequest(quanta=6, grid_level=8),
    )  # fmt: skip
    return result.rotation(range(3), states=12)


def chain(coordinates: str) -> LevelsResult:
    """Acetylene-like springs in few functions."""
    return pes.levels(
        springs_of("H C C H"), "H C C H", count=2, coordinates=coordinates, convergence=False,
        truncation=TruncationRequest(quanta=3, grid_level=4),
    )  # fmt: skip


@pytest.fixture(scope="module")
def springs() -> LevelsResult:
    return chain("bond_vectors")


@pytest.fixture(scope="module")
def acetylene(springs: LevelsResult) -> Rotation:
    return springs.rotation((0, 1), states=8)


def test_levels_are_those_of_a_bond_angle(dioxide: Rotation) -> None:
    rows: dict[tuple[int, int, str, str], list[dict[str, float]]] = {}
    for row in dioxide.table:
        rows.setdefault((row["J"], row["Ka"], row["parity"], row["irrep"]), []).append(row)
    for key, known in VALENCE.items():
        assert len(rows[key]) == len(known)
        for row, energy in zip(rows[key], known, strict=True):
            # The last digit of the reference.
            assert abs(row["energy"] - energy) <= row["convergence"] + 1e-4


def test_splittings_are_exact_before_origins_are(dioxide: Rotation) -> None:
    """l-type doubling and rotational energies need far fewer functions than band origins."""
    known = {(row["J"], row["Ka"], row["parity"]): row["energy"] for row in reversed(dioxide.table)}
    assert known[1, 0, "e"] == pytest.approx(0.78073, abs=2e-5)
    assert known[1, 1, "f"] - known[1, 1, "e"] == pytest.approx(0.00125, abs=3e-5)
    assert known[2, 1, "f"] - known[2, 1, "e"] == pytest.approx(0.00376, abs=6e-5)


def test_sum_rule(dioxide: Rotation) -> None:
    check_sum_rule(dioxide)


def test_nuclei_without_spin_leave_every_other_level_out(dioxide: Rotation) -> None:
    """16O: of Σg⁺ even J alone remain, of Πu one of the two levels of each J."""
    charges = torch.tensor([0.6, -0.3, -0.3], dtype=torch.float64)
    lines = pes.line_list(dioxide, lambda x: torch.einsum("a,pai->pi", charges, x))
    for one, weights in zip(dioxide.levels, lines.levels.weights, strict=True):
        named = list(zip(one.symmetry, weights.tolist(), strict=True))
        assert all(w == (one.j % 2 == 0) for name, w in named if name == "Σg+")
        assert all(w == (one.j % 2 == 1) for name, w in named if name == "Σu+")
        of_bend = [w for name, w in named if name == "Πu"]
        assert sum(of_bend) == len(of_bend) / 2


def test_bends_of_four_atoms(acetylene: Rotation) -> None:
    heading = acetylene.quanta.heading
    assert heading == "v1 v2 v3 v4 v5 l4 l5"
    rows = {(row["J"], row[heading], row["parity"]): row for row in acetylene.table}
    for quanta, species in (("0 0 0 1 0 1 0", "Πg"), ("0 0 0 0 1 0 1", "Πu")):
        e, f = rows[1, quanta, "e"], rows[1, quanta, "f"]
        assert e["irrep"] == f["irrep"] == species
        assert 0 < f["energy"] - e["energy"] < 0.05
    still, turning = rows[0, "0 0 0 0 0 0 0", "e"], rows[1, "0 0 0 0 0 0 0", "e"]
    assert still["energy"] == 0.0
    # 2 B of the bond lengths, less what vibration does to B.
    assert turning["energy"] == pytest.approx(2 * 1.18, abs=0.06)


def test_bond_vectors_and_rectilinear_coordinates_agree(acetylene: Rotation) -> None:
    """In rectilinear coordinates the Hamiltonian is Watson's."""
    watson = chain("normal_modes").rotation((0, 1), states=8)
    here, there = (
        {(row["J"], row[one.quanta.heading], row["parity"]): row["energy"] for row in one.table}
        for one in (acetylene, watson)
    )
    bends = ("0 0 0 1 0 1 0", "0 0 0 0 1 0 1")
    for quanta in bends:
        split, other = (one[1, quanta, "f"] - one[1, quanta, "e"] for one in (here, there))
        # Three quanta leave 3 % of a splitting, four less than 2.
        assert split == pytest.approx(other, rel=0.05)
    zero = "0 0 0 0 0 0 0"
    assert here[1, zero, "e"] == pytest.approx(there[1, zero, "e"], rel=1e-3)


def test_states_left_out_are_in_the_estimates(springs: LevelsResult, acetylene: Rotation) -> None:
    """Eight states of each l against all that three quanta have."""
    heading, all_states = acetylene.quanta.heading, springs.rotation((0, 1), states=30)
    every = {(row["J"], row[heading], row["parity"]): row for row in all_states.table}
    for row in acetylene.table:
        better = every[row["J"], row[heading], row["parity"]]
        # Rounding of J = 0 levels, which are the same.
        assert abs(row["energy"] - better["energy"]) <= row["convergence"] + 1e-7


def test_axes_that_the_coordinates_do_not_have_are_refused() -> None:
    result = pes.levels(
        "carbon_dioxide_model", coordinates="bond_vectors", count=2, convergence=False,
        truncation=TruncationRequest(quanta=3, grid_level=5),
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"leave `rotation\.frame` out, got 'eckart'"):
        result.rotation([1], frame="eckart")


def test_l_above_the_quanta() -> None:
    """Three quanta have no function with l > 3, whatever J is."""
    result = pes.levels(
        "carbon_dioxide_model", coordinates="bond_vectors", count=5,
        truncation=TruncationRequest(quanta=2, grid_level=4),
    )  # fmt: skip
    rows = result.rotation([6], states=5).table
    assert {row["Ka"] for row in rows} == {0, 1, 2, 3}
    # B of the J = 1 level, less the centrifugal distortion of 0.0002.
    assert rows[0]["energy"] == pytest.approx(0.78073 / 2 * 42, abs=1e-3)
