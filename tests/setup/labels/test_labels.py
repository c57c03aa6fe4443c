"""Quanta of normal modes in Herzberg's order, and those of the basis where these are not safe."""

from collections.abc import Callable
from math import cos, sin

import pytest
import torch
from torch import Tensor

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
    assert "n(r1) n(r2) n(theta) are local-mode quanta" in local.convention
    with pytest.raises(ValueError, match="`labels` must be one of normal, local, got 'mode'"):
        level_labels(result.levels, result.task, "mode")


# Observed fundamentals of HDO: 1403.48 (ν2), 2723.68 (ν1), 3707.47 (ν3).
HALF_HEAVY = ["0 0 0", "0 1 0", "1 0 0", "0 2 0", "0 0 1", "1 1 0"]
BENT = [[0.0, 0, 0], [0.97, 0, 0], [-0.2, 0.95, 0]]
TURNED = [[x * cos(1.1) - y * sin(1.1), 0.7, x * sin(1.1) + y * cos(1.1)] for x, y, _ in BENT]


@pytest.mark.parametrize("reference", [BENT, TURNED])
@pytest.mark.parametrize("kind", ["valence", "radau", "zmatrix", "normal_modes"])
def test_isotopologues_are_numbered_as_the_molecule_of_main_isotopes(
    kind: str, reference: list[list[float]]
) -> None:
    """By falling frequencies alone ν1 of HDO would be the OH stretch, and ν2 the OD stretch."""
    for molecule in ("O H D", "O D H"):
        result = pes.levels(
            "water_pjt1996", molecule, count=6, coordinates=kind, reference=reference,
            basis={"all": 9}, convergence=False,
        )  # fmt: skip
        assert [row["v1 v2 v3"] for row in result.table] == HALF_HEAVY
        assert "v1 the O-D stretch" in result.quanta.convention
        assert "v3 the O-H stretch" in result.quanta.convention


def test_like_atoms_with_unlike_masses_are_no_symmetric_pair() -> None:
    """Each stretch is of one bond where one H has another mass, as in a sweep over it."""
    molecule = pes.Molecule("O H H", other_masses={2: 0.5})
    result = pes.levels("water_pjt1996", molecule, count=2, basis={"all": 8}, convergence=False)
    assert "symmetric stretch" not in result.quanta.convention
    assert result.quanta.convention.count("the O-H stretch") == 2


Potential = Callable[[Tensor], Tensor]


def bonds_and_angle(wells: tuple[float, ...], bend: float, angle: float) -> Potential:
    """Morse bonds between the atoms 0-1 and 0-2, a harmonic angle and weak couplings."""
    depth, steep, length, other_depth, other_steep, other_length = wells

    def potential(x: Tensor) -> Tensor:
        a, b = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]
        r, s = a.norm(dim=-1), b.norm(dim=-1)
        t = torch.acos(((a * b).sum(-1) / r / s).clamp(-1 + 1e-12, 1 - 1e-12)) - angle
        y = 1 - torch.exp(-steep * (r - length))
        z = 1 - torch.exp(-other_steep * (s - other_length))
        stretches = depth * y**2 + other_depth * z**2 + 0.004 * depth * y * z
        return stretches + bend / 2 * t**2 - 0.03 * bend * t**3

    return potential


HYPOCHLOROUS = bonds_and_angle((0.18, 1.2, 1.82, 0.09, 1.15, 3.19), 0.17, 1.79)
NITROXYL = bonds_and_angle((0.13, 1.1, 2.0, 0.25, 1.45, 2.28), 0.24, 1.89)
HYDROPEROXYL = bonds_and_angle((0.16, 1.15, 1.84, 0.11, 1.3, 2.52), 0.24, 1.81)


@pytest.mark.parametrize(
    ("surface", "molecule", "motions", "labels"),
    [
        # HOCl: 3609 (O-H), 1238 (bend), 724 (O-Cl).
        (HYPOCHLOROUS, "O H Cl", ("O-H stretch", "bend", "O-Cl stretch"), ["0 0 1", "0 1 0"]),
        (HYPOCHLOROUS, "O D Cl", ("O-D stretch", "bend", "O-Cl stretch"), ["0 0 1", "0 1 0"]),
        # HNO: 2684 (N-H), 1565 (N-O), 1501 (bend).
        (NITROXYL, "N H O", ("N-H stretch", "N-O stretch", "bend"), ["0 0 1", "0 1 0"]),
        (NITROXYL, "N D O", ("N-D stretch", "N-O stretch", "bend"), ["0 0 1", "0 1 0"]),
        # HO2: 3436 (O-H), 1392 (bend), 1098 (O-O).
        (HYDROPEROXYL, "O H O", ("O-H stretch", "bend", "O-O stretch"), ["0 0 1", "0 1 0"]),
    ],
)
def test_unequal_bonds(
    surface: Potential, molecule: str, motions: tuple[str, ...], labels: list[str]
) -> None:
    result = pes.levels(surface, molecule, count=3, accuracy=3)
    assert [row["v1 v2 v3"] for row in result.table] == ["0 0 0", *labels]
    for number, motion in enumerate(motions, 1):
        assert f"v{number} the {motion} (" in result.quanta.convention


def test_a_bend_above_the_symmetric_stretch_is_the_first_mode() -> None:
    """523, 836 and 1,023 cm⁻¹ are the fundamentals of the harmonic modes at 533, 857 and 1,041."""
    surface = bonds_and_angle((0.08, 1.1, 2.4, 0.08, 1.1, 2.4), 0.7, 2.05)
    result = pes.levels(surface, "O F F", count=4, accuracy=3)
    assert "v1 the bend (1041 cm-1), v2 the symmetric stretch (533" in result.quanta.convention
    assert [row["v1 v2 v3"] for row in result.table] == ["0 0 0", "0 1 0", "0 0 1", "1 0 0"]


def test_quanta_of_unequal_bonds_are_those_of_local_modes() -> None:
    """Far from resonance every normal mode of HOCl is one bond or the angle, at all energies."""
    result = pes.levels(HYPOCHLOROUS, "O H Cl", count=20, accuracy=1)
    local = level_labels(result.levels, result.task, "local")
    assert local.heading == "n(r1) n(r2) n(theta)"
    rows = [None if q is None else (q[0], q[2], q[1]) for q in result.quanta.quanta]
    assert rows == [tuple(q) if q else None for q in local.quanta]


def test_bend_and_stretch_that_mix() -> None:
    """In the model of DO2 they share two modes, which go by frequency."""
    result = pes.levels(HYDROPEROXYL, "O D O", count=3, accuracy=3)
    assert "v2 a mixture of bend and stretch" in result.quanta.convention
    assert [row["v1 v2 v3"] for row in result.table] == ["0 0 0", "0 0 1", "0 1 0"]


def test_quanta_in_coordinates_that_mix_the_modes() -> None:
    """Jacobi coordinates of HOCl mix all modes: the labels are those of bonds and angle."""
    settings = {
        "count": 9,
        "convergence": False,
        "reference": [[0.0, 0, 0], [1, 0, 0], [0, 1.7, 0]],
    }
    mixed = pes.levels(HYPOCHLOROUS, "O H Cl", coordinates="jacobi", **settings)
    clear = pes.levels(HYPOCHLOROUS, "O H Cl", count=9, accuracy=1)
    for one, other in zip(mixed.table, clear.table, strict=True):
        assert one["v1 v2 v3"] == other["v1 v2 v3"] != "-"


def light_centre(x: Tensor) -> Tensor:
    """Two heavy atoms on a light one, whose stretches and bend mix."""
    a, b = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]
    r, s = a.norm(dim=-1), b.norm(dim=-1)
    t = torch.acos(((a * b).sum(-1) / r / s).clamp(-1 + 1e-12, 1 - 1e-12)) - 1.75
    y, z = 1 - torch.exp(-0.7 * (r - 3.0)), 1 - torch.exp(-0.7 * (s - 3.0))
    return 0.09 * (y**2 + z**2) + 0.015 * t**2 - 0.004 * t**3 + 0.008 * y * z


def test_light_centre() -> None:
    """Li-H-Li: no combination of single coordinates is a mode, yet ladders lead along the modes."""
    result = pes.levels(light_centre, "H Li Li", count=8, accuracy=3)
    labels = [row["v1 v2 v3"] for row in result.table]
    assert labels.count("-") < 3
    names = [(label, row["irrep"]) for label, row in zip(labels, result.table, strict=True)]
    known = [name for name in names if name[0] != "-"]
    assert len(set(known)) == len(known)
    # v3 counts quanta of the antisymmetric stretch, of B2.
    assert all((int(label.split()[2]) % 2 == 1) == (irrep == "B2") for label, irrep in known)


def test_larger_molecule_of_one_plane() -> None:
    """HDCO, Cs: A' by falling frequency, ν1 the CH stretch, then A" with ν6 out of the plane."""
    result = pes.levels(
        "formaldehyde_model", "C O H D", count=7, quanta=2, convergence=False,
        reference=[[0, 0, 0], [1.2, 0, 0], [-0.58, 0.94, 0], [-0.58, -0.94, 0]],
        basis={"all": pes.BasisSize(functions=3, points=5)},
    )  # fmt: skip
    heading = "v1 v2 v3 v4 v5 v6"
    labels = {row[heading]: row["irrep"] for row in result.table}
    assert labels["0 0 0 0 0 1"] == 'A"'
    assert labels["0 0 0 0 1 0"] == labels["0 0 0 1 0 0"] == "A'"
    order = [row[heading] for row in result.table]
    assert order.index("0 0 0 0 1 0") < order.index("0 0 0 1 0 0")
    assert "v5 A' (1061 cm-1), v6 A\" (1080 cm-1)" in result.quanta.convention


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


def equilateral(x: Tensor) -> Tensor:
    """Three like atoms in Morse bonds, as in H3+."""
    r = torch.stack([(x[:, i] - x[:, j]).norm(dim=-1) for i, j in ((0, 1), (0, 2), (1, 2))], 1)
    y = 1 - torch.exp(-(r - 1.65))
    pairs = y[:, 0] * y[:, 1] + y[:, 0] * y[:, 2] + y[:, 1] * y[:, 2]
    return 0.06 * y.square().sum(1) + 0.01 * pairs


def test_three_like_atoms() -> None:
    """H3+: v1 v2 in coordinates that single out one atom; 3ν₂ is E′, A1′ and A2′."""
    result = pes.levels(equilateral, "H H H", count=20, accuracy=0.5)
    rows = [(row["v1 v2"], row["irrep"]) for row in result.table]
    assert "no set of quanta holds half of this level" in str(result)
    assert rows[:13] == [
        ("0 0", "A1'"), ("0 1", "E'"), ("0 1", "E'"), ("1 0", "A1'"), ("0 2", "A1'"),
        ("0 2", "E'"), ("0 2", "E'"), ("1 1", "E'"), ("1 1", "E'"), ("0 3", "E'"), ("0 3", "E'"),
        ("0 3", "A1'"), ("0 3", "A2'"),
    ]  # fmt: skip
    assert "v1 A1' (3318 cm-1), v2 E' (2080 cm-1)" in result.quanta.convention
    named = [row for row in rows if row[0] != "-"]
    assert all(named.count(row) == (2 if row[1] == "E'" else 1) for row in named)


def test_two_of_three_atoms_alike() -> None:
    """H2T+ on the surface of three like atoms: each pair of label and symmetry is one level."""
    result = pes.levels(equilateral, "H H T", count=12, accuracy=5)
    heading = result.quanta.heading
    names = [(row[heading], row["irrep"]) for row in result.table if row[heading] != "-"]
    assert len(names) > 8
    assert len(set(names)) == len(names)


def test_torsion() -> None:
    """HOOH: v4 counts pairs of levels, of which E* leaves one as it is and reverses the other."""
    request = pes.CoordinateRequest(
        kind="polyspherical", normal="beside_torsion", vectors=((0, 1), (0, 2), (3, 1))
    )
    sizes = {"all": pes.BasisSize(functions=2, points=4), "phi3": pes.BasisSize(functions=9)}
    result = pes.levels(
        "hydrogen_peroxide_model", count=8, coordinates=request, basis=sizes, convergence=False
    )
    heading = "v1 v2 v3 v4 v5 v6"
    torsion = [f"0 0 0 {n} 0 0" for n in (0, 0, 1, 1, 2, 2)]
    assert [row[heading] for row in result.table[:6]] == torsion
    assert [row["irrep"] for row in result.table[:6]] == ["Ag", "Au"] * 3
    assert "v4 A (390 cm-1)" in result.quanta.convention
