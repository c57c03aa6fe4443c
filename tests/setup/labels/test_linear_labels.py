"""Linear molecules in normal coordinates: levels against other coordinates, labels, refusals."""

import pytest
import torch
from chain_of_springs import springs_of

import pes
from pes.setup.coordinates.coordinates import CoordinateRequest
from pes.setup.levels.level_result import LevelsResult
from pes.setup.lines.line_names import band_name
from pes.setup.problem.truncation import TruncationRequest

SMALL = TruncationRequest(quanta=3, grid_level=5)

# Levels of this model in valence, Radau and Jacobi coordinates, which agree to 0.0001 cm-1:
# benchmarks/linear_triatomic.py.
DIOXIDE = {
    "0 0^0 0": 2532.6464, "0 2^0 0": 1272.6126, "1 0^0 0": 1393.3652, "0 0^0 1": 2349.9573,
}  # fmt: skip


def chain(order: str) -> LevelsResult:
    """Acetylene with its atoms in some order."""
    return pes.levels(springs_of(order), order, count=5, truncation=SMALL, convergence=False)


def test_levels_of_a_triatomic_are_those_of_its_bond_angle() -> None:
    result = pes.levels(
        "carbon_dioxide_model", count=4, coordinates="bond_vectors",
        truncation=TruncationRequest(quanta=10, grid_level=12), convergence=False,
    )  # fmt: skip
    assert [row["v1 v2^l v3"] for row in result.table] == list(DIOXIDE)
    zero, *others = DIOXIDE.values()
    # What ten quanta leave out.
    assert result.zero_point_energy == pytest.approx(zero, abs=1e-4)
    assert result.energies[1:].tolist() == pytest.approx(others, abs=1e-3)
    assert [row["irrep"] for row in result.table] == ["Σg+", "Σg+", "Σg+", "Σu+"]


@pytest.mark.parametrize("name", ["carbon_dioxide_model", "carbonyl_sulfide_model"])
def test_labels_in_lengths_and_an_angle_are_those_of_normal_coordinates(name: str) -> None:
    """2ν1 of OCS lies below ν3, and ν1 of CO2 shares its level with 2ν2."""
    lengths = pes.levels(name, count=7, accuracy=1)
    normal = pes.levels(
        name, count=7, coordinates="bond_vectors",
        truncation=TruncationRequest(quanta=10, grid_level=12), convergence=False,
    )  # fmt: skip
    torch.testing.assert_close(lengths.energies, normal.energies, rtol=0, atol=1.0)
    # Harmonic functions have less of a level than anharmonic ones: where they tell, both agree.
    both = [
        (one, other)
        for one, other in zip(lengths.quanta.quanta, normal.quanta.quanta, strict=True)
        if other is not None
    ]
    assert len(both) > 4
    assert all(one == other for one, other in both)


def test_labels_know_one_well_from_the_other() -> None:
    """HNC is none of the bending states of HCN, among which it lies; ν1 is the lower stretch."""
    table = pes.levels("hydrogen_cyanide_model", count=13, accuracy=1).table
    labels = [row["v1 v2^l v3"] for row in table]
    assert labels[:8] == [
        "0 0^0 0", "0 2^0 0", "1 0^0 0", "0 4^0 0", "0 0^0 1", "1 2^0 0", "2 0^0 0", "0 6^0 0",
    ]  # fmt: skip
    (other_well,) = [row for row in table if row["<theta>"] < 90]
    assert other_well["v1 v2^l v3"] == "-"


def test_states_with_rotation_have_their_l() -> None:
    result = pes.levels("carbon_dioxide_model", count=3, accuracy=1)
    rows = result.rotation([1, 2], states=30).table
    labels = {(row["Ka"], row["v1 v2^l v3"]) for row in rows if row["energy"] < 1500}
    assert labels == {
        (0, "0 0^0 0"),
        (1, "0 1^1 0"),
        (0, "0 2^0 0"),
        (2, "0 2^2 0"),
        (0, "1 0^0 0"),
    }
    turning = result.rotation([1], states=30).quanta
    bend = next(n for n, quanta in enumerate(turning.quanta) if quanta == (0, 1, 0))
    assert band_name(turning, bend, 0) == "ν2^1"


def test_levels_of_four_atoms_do_not_depend_on_their_order() -> None:
    one, other = chain("H C C H"), chain("C H C H")
    torch.testing.assert_close(one.energies, other.energies, rtol=0, atol=1e-6)
    table = one.table
    assert [row["irrep"] for row in table] == ["Σg+", "Σg+", "Σg+", "Σu+", "Σu-"]
    heading = "v1 v2 v3 v4 v5 l4 l5"
    assert [row[heading] for row in table] == [row[heading] for row in other.table]
    assert {table[n][heading] for n in (3, 4)} == {"0 0 0 1 1 1 -1"}
    assert any("l = 0" in sentence for sentence in one.warnings)
    assert "<A>" not in table[0]
    assert table[0]["<B>"] == pytest.approx(1.18, abs=0.03)


def test_what_cannot_be_had_is_said() -> None:
    def levels(**settings: object) -> None:
        pes.levels("carbon_dioxide_model", coordinates="bond_vectors", count=3, **settings)

    with pytest.raises(ValueError, match="give `quanta: 8` and `grid_level: 10`"):
        levels(quanta=6)
    with pytest.raises(ValueError, match="bent at its minimum"):
        pes.levels("carbon_dioxide_model", coordinates=CoordinateRequest(normal=True), count=3)
