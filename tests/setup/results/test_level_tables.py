"""Rows and lines of levels: units, marks and what is said above the table."""

from math import nan

import pytest
import torch

import pes
from pes.potential import SurfaceRecord
from pes.potential.analytic import WaterPJT
from pes.setup.problem.basis import BasisSize
from pes.setup.results.level_tables import far, header, printed, table_html
from pes.setup.results.sensitivity import Sensitivities
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration import Sticks

PEROXIDE = ((1, 2), (1, 0), (3, 2))
RANGES = {"r1": (0.7, 1.3), "r2": (0.7, 1.3), "theta": (60.0, 160.0)}


def result_of(surface: object) -> pes.LevelsResult:
    return pes.levels(surface, "O H D", count=3, ranges=RANGES, basis={"all": 4}, convergence=False)


@pytest.fixture(scope="module")
def water() -> pes.LevelsResult:
    return result_of("water_pjt1996")


def test_rows_hold_cm1_angstrom_and_degrees(water: pes.LevelsResult) -> None:
    levels = water.levels
    for n, row in enumerate(water.table):
        assert row["level"] == n
        assert row["energy"] == pytest.approx(float(levels.excitations[n]) / CM1)
        means = levels.densities[n] @ levels.points
        units = torch.tensor([ANGSTROM, ANGSTROM, DEGREE], dtype=torch.float64)
        shown = [row[f"<{name}>"] for name in ("r1", "r2", "theta")]
        assert shown == pytest.approx((means / units).tolist())
        # HDO near its minimum; A is about its long axis.
        assert 0.9 < row["<r1>"] < 1.05
        assert 95 < row["<theta>"] < 115
        assert row["<A>"] > row["<B>"] > row["<C>"] > 0
        assert "P(extrap)" not in row


def test_levels_beyond_the_training_points_are_marked() -> None:
    # Two far apart: the spacing of these is the yardstick.
    here = torch.eye(3, dtype=torch.float64) * ANGSTROM
    away = torch.stack([4 * here, 4.001 * here])
    record = SurfaceRecord(("O", "H", "H"), (0.0, 0.1), "none", away)
    result = result_of(pes.Surface(WaterPJT(), record.symbols, record))
    assert [row["P(extrap)"] for row in result.table] == pytest.approx([1.0] * 3)
    assert "levels 0 to 2 reach beyond the training points" in result.warnings[-1]
    lines = printed(result.table, result.quanta.heading, Sensitivities())
    assert all(line.endswith("1.0e+00 !") for line in lines[2:])
    assert lines[1].split()[-1] == "P(extrap)"


def test_few_beyond_are_no_reason_for_doubt() -> None:
    assert far([{"level": 0, "P(extrap)": 1e-3}, {"level": 1}]) == []
    (line,) = far([{"level": 0, "P(extrap)": 0.0}, {"level": 1, "P(extrap)": 0.0011}])
    assert line.startswith("level 1 reaches")


def test_lines_above_the_table(water: pes.LevelsResult) -> None:
    lines = header("hdo", water.levels, water.task, water.error_bars, water.quanta)
    first, r1, *_, bottom, cap, convention, zero = lines
    assert first == "hdo: atomic masses in u: O 15.99491462, H 1.00782503, D 2.01410178"
    assert r1 == (
        "r1: 0.7000 to 1.3000 A, 4 functions contracted from 60 sinc functions, 8 quadrature points"
    )
    assert bottom.startswith("minimum of the surface: 0.000000000 hartree at r1 = 0.9579")
    assert "theta = 104.4" in bottom
    assert cap.startswith("the potential is capped 60000 cm-1 above the minimum; 64 ba")
    assert convention.startswith("v1 v2 v3 are the quanta of the normal modes in Herzberg's order")
    assert zero == f"zero-point energy: {water.zero_point_energy:.4f} cm-1"


def test_columns_of_the_printed_table(water: pes.LevelsResult) -> None:
    lines = printed(water.table, water.quanta.heading, Sensitivities())
    assert len(lines) == 5
    assert lines[1].split()[:3] == ["level", "E/cm-1", "conv"]
    # Convergence was not estimated.
    assert lines[2].split()[:3] == ["0", "0.0000", "-"]
    assert len({len(line) for line in lines[1:]}) == 1
    html = table_html(water.table, water.quanta.heading, "levels of HDO")
    assert "levels of HDO" in html
    assert html.count("<tr>") == 4


def test_derivatives_below_the_table(water: pes.LevelsResult) -> None:
    columns = {"K": torch.tensor([-0.5, -0.25]), "a*b (cm-1/cm-2)": torch.tensor([1e-7, nan])}
    derived = Sensitivities(columns, {"masses": "reverse"})
    lines = printed(water.table, water.quanta.heading, derived)[6:]
    assert lines[0].endswith("theorem (automatic differentiation: masses in reverse mode)")
    assert "the zero-point energy in row 0" in lines[1]
    # Second derivatives are small: with an exponent.
    assert lines[3].split() == ["0", "-0.500000", "1.0000e-07"]
    assert lines[4].split() == ["1", "-0.250000", "nan"]


def test_rows_of_a_spectrum() -> None:
    one = torch.ones(1)
    sticks = Sticks(one.long() * 0, one.long(), 1594.7 * one, torch.tensor([[0.1, 0.2, 0.3]]),
                    70 * one, 296.0)  # fmt: skip
    (row,) = sticks.rows()
    assert row == pytest.approx(
        {
            "lower": 0, "upper": 1, "wavenumber_cm1": 1594.7, "mu_x_debye": 0.1, "mu_y_debye": 0.2,
            "mu_z_debye": 0.3, "intensity_km_per_mol": 70.0,
        },
        rel=1e-6,
    )  # fmt: skip
    assert repr(sticks) == "Sticks(1 transitions without rotation at 296 K, up to 70 km/mol)"
    assert "<td>1594.7</td>" in sticks._repr_html_()


def test_the_mean_of_a_dihedral_knows_that_a_turn_ends_where_it_begins() -> None:
    # A chain whose dihedral is least at 0: half of each level lies just below a whole turn.
    def chain(x: torch.Tensor) -> torch.Tensor:
        bonds = x.diff(dim=1)
        lengths = bonds.norm(dim=-1)
        cosines = (bonds[:, :-1] * bonds[:, 1:]).sum(-1) / (lengths[:, :-1] * lengths[:, 1:])
        normals = torch.linalg.cross(bonds[:, :-1], bonds[:, 1:])
        turn = normals.prod(1).sum(-1) / normals.norm(dim=-1).prod(1)
        springs = 0.3 * (lengths - 2).square().sum(1) + 0.1 * (cosines - 0.3).square().sum(1)
        return springs + 0.02 * (1 - turn)

    vectors = ((1, 2), (1, 0), (2, 3))
    lengths, angles = (0.8, 1.4), (60.0, 130.0)
    ends = {"R1": lengths, "R2": lengths, "theta2": angles, "R3": lengths, "theta3": angles}
    flat = [[0.0, 1, 0], [0.0, 0, 0], [1.06, 0, 0], [1.06, 1, 0]]
    result = pes.levels(
        chain, "H C N H", count=2, convergence=False, reference=flat,
        coordinates=pes.CoordinateRequest(kind="polyspherical", vectors=vectors), quanta=2,
        ranges=ends | {"phi3": (0.0, 360.0)}, basis={"all": 3, "phi3": 9},
    )  # fmt: skip
    assert [row["<phi3>"] for row in result.table] == pytest.approx([0.0, 0.0], abs=1e-6)


def test_lengths_and_angles_beside_a_torsion() -> None:
    """Means of a bond and of an angle of a chain H-O-O-H against those over all geometries."""

    def chain(x: torch.Tensor) -> torch.Tensor:
        lengths = [(x[:, a] - x[:, b]).norm(dim=-1) for a, b in PEROXIDE]
        ends = [(x[:, a] - x[:, b]).norm(dim=-1) for a, b in ((0, 2), (3, 1))]
        stretches = sum(
            0.15 * (r - at) ** 2 for r, at in zip(lengths, (2.7, 1.8, 1.8), strict=True)
        )
        phi = torch.cross(x[:, 0] - x[:, 1], x[:, 2] - x[:, 1], dim=-1)
        psi = torch.cross(x[:, 1] - x[:, 2], x[:, 3] - x[:, 2], dim=-1)
        turn = torch.nn.functional.cosine_similarity(phi, psi, dim=-1)
        return stretches + sum(0.05 * (r - 3.6) ** 2 for r in ends) + 0.003 * (1 + turn)

    result = pes.levels(
        chain, "H O O H", count=2, convergence=False,
        coordinates=pes.CoordinateRequest(
            kind="polyspherical", vectors=PEROXIDE, normal="beside_torsion"
        ),
        basis={"all": BasisSize(functions=3, points=5), "phi3": BasisSize(functions=9, points=15)},
    )  # fmt: skip
    x, densities = result.levels.positions, result.levels.densities
    bonds = [x[:, a] - x[:, b] for a, b in ((1, 2), (1, 0))]
    lengths = [bond.norm(dim=-1) for bond in bonds]
    angle = torch.acos((bonds[0] * bonds[1]).sum(-1) / (lengths[0] * lengths[1]))
    true = densities @ torch.stack([*lengths, angle], 1)
    units = torch.tensor([ANGSTROM, ANGSTROM, DEGREE], dtype=torch.float64)
    for row, means in zip(result.table, (true / units).tolist(), strict=True):
        assert [row[f"<{name}>"] for name in ("R1", "R2", "theta2")] == pytest.approx(means)
        assert "<q1>" not in row
