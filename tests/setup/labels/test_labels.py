"""Quanta of normal modes in Herzberg's order, and those of the basis where these are not safe."""

import pytest

import pes
from pes.setup.labels.labels import level_labels

# Assigned levels of water on this surface, computed with an independent program.
WATER = {
    0.0: "0 0 0", 1594.6586: "0 1 0", 3151.4938: "0 2 0", 3657.1104: "1 0 0", 3755.8298: "0 0 1",
    4666.838: "0 3 0", 5234.925: "1 1 0", 5331.361: "0 1 1", 6133.088: "0 4 0",
    6775.176: "1 2 0", 6871.550: "0 2 1", 7202.142: "2 0 0", 7249.846: "1 0 1",
    7444.667: "0 0 2",
}  # fmt: skip


def test_labels_of_water() -> None:
    result = pes.levels("water_pjt1996", count=14, convergence=False)
    assert [row["v1 v2 v3"] for row in result.table] == list(WATER.values())
    assert result.energies.tolist() == pytest.approx(list(WATER), abs=0.1)


def test_labels_hold_in_functions_made_for_all_levels() -> None:
    """The basis that the program chooses has no function that is the bend's ground state."""
    result = pes.levels("water_pjt1996", count=15, accuracy=1.0)
    assert [row["v1 v2 v3"] for row in result.table] == [*WATER.values(), "0 5 0"]
    assert float(result.quanta.weights.min()) > 0.8


@pytest.mark.parametrize("kind", ["radau", "normal_modes"])
def test_labels_do_not_depend_on_the_coordinates(kind: str) -> None:
    reference = [[0, 0, 0], [0.97, 0, 0], [-0.2, 0.95, 0]]
    result = pes.levels(
        "water_pjt1996", count=5, coordinates=kind, reference=reference, basis={"all": 8},
        convergence=False,
    )  # fmt: skip
    assert result.quanta.heading == "v1 v2 v3"
    assert [row["v1 v2 v3"] for row in result.table] == list(WATER.values())[:5]


def test_basis_quanta_by_their_own_name() -> None:
    result = pes.levels("water_pjt1996", count=4, basis={"all": 6}, convergence=False)
    local = level_labels(result.levels, result.task, "local")
    assert local.heading == "n(r1) n(r2) n(theta)"
    assert local.text(1) == "0 0 1"
    deuterated = pes.levels("water_pjt1996", "O H D", count=4, basis={"all": 6}, convergence=False)
    # Which stretch of HDO is v1 is a matter of taste: the bonds are named instead.
    assert [row["n(r1) n(r2) n(theta)"] for row in deuterated.table] == [
        "0 0 0", "0 0 1", "0 1 0", "0 0 2",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="`labels` must be one of normal, local, got 'mode'"):
        level_labels(result.levels, result.task, "mode")


def test_formaldehyde() -> None:
    """Fundamentals ν4 (B1), ν6 (B2), ν3 and ν2 (A1) from 1160 to 1750 cm⁻¹."""
    reference = [[0, 0, 0], [1.2, 0, 0], [-0.58, 0.94, 0], [-0.58, -0.94, 0]]
    result = pes.levels(
        "formaldehyde_model", count=5, reference=reference, quanta=2, convergence=False,
        basis={"all": pes.BasisSize(functions=3, points=5)},
    )  # fmt: skip
    heading = "v1 v2 v3 v4 v5 v6"
    assert [row[heading] for row in result.table] == [
        "0 0 0 0 0 0", "0 0 0 1 0 0", "0 0 0 0 0 1", "0 0 1 0 0 0", "0 1 0 0 0 0",
    ]  # fmt: skip
    assert [row["irrep"] for row in result.table] == ["A1", "B1", "B2", "A1", "A1"]
