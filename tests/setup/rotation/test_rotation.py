"""Levels with rotation as a Python user and `pes-levels` get them."""

import csv
from dataclasses import replace
from math import nan
from pathlib import Path

import pytest
import torch
import yaml

import pes
from pes import cli
from pes.potential.analytic import WaterPJT
from pes.setup.rotation.rotation import ROVIBRATIONAL_CSV, Rotation
from pes.units import ANGSTROM, CM1

RANGES = {"r1": (0.7, 1.4), "r2": (0.7, 1.4), "theta": (50.0, 175.0)}
SETTINGS = {
    "name": "turning", "device": "cpu", "surface": "water_pjt1996", "molecule": ["O", "H", "H"],
    "levels": 3, "coordinates": {"ranges": {name: list(ends) for name, ends in RANGES.items()}},
    "basis": {"all": {"functions": 6, "points": 9, "primitives": 30}}, "convergence": False,
}  # fmt: skip


SIZES = {"all": pes.BasisSize(None, 6, 9, 30)}


@pytest.fixture(scope="module")
def water() -> pes.LevelsResult:
    return pes.levels("water_pjt1996", count=3, ranges=RANGES, basis=SIZES, convergence=False)


@pytest.fixture(scope="module")
def turning(water: pes.LevelsResult) -> Rotation:
    return water.rotation([0, 1])


def test_table(turning: Rotation, water: pes.LevelsResult) -> None:
    assert [row["energy"] for row in turning.table] == sorted(r["energy"] for r in turning.table)
    still = [row["energy"] for row in turning.table if row["J"] == 0]
    assert still == pytest.approx(water.energies.tolist(), abs=1e-6)
    assert len(turning.table) == 3 + 3 * 3
    first = turning.table[1]
    assert (first["J"], first["Ka"], first["Kc"], first["v1 v2 v3"]) == (1, 0, 1, "0 0 0")
    # Sizes for a test: the level is right to 0.05.
    assert first["energy"] == pytest.approx(23.79, abs=0.05)


def test_texts(turning: Rotation) -> None:
    assert repr(turning).startswith("Rotation(H2O: 12 levels, J = 0 to 1, conv up to ")
    assert "the lowest 2 of 12 levels with rotation from 60 J = 0 states" in turning.lines(2)[0]
    assert "<td>B1</td>" in turning._repr_html_()


def test_the_fit_leaves_errors_in_levels_with_rotation(
    turning: Rotation, water: pes.LevelsResult
) -> None:
    """That of the J = 0 level, and of its own energy twice the share of the zero-point energy."""
    share = 0.01
    fitted = replace(turning, fit=(share * water.zero_point_energy, 3.0))
    j0 = {row["level"]: row["energy"] for row in fitted.table if row["J"] == 0}
    for row in fitted.table:
        own = 2 * share * (row["energy"] - j0[row["level"]])
        of_level = {0: 0.0, 1: 3.0, 2: nan}[row["level"]]
        assert row["fit"] == pytest.approx(of_level + own, abs=1e-6, nan_ok=True)
    assert fitted.lines()[1].split()[-1] == "fit"
    assert "fit" not in turning.table[0]


def test_a_fitted_surface_tells_its_error_with_rotation() -> None:
    fit = pes.train(pes.read("data/h2o_ccsdt_vtz.h5"), form=pes.LinearForm(degree=4))
    result = pes.levels(fit, count=2, ranges=RANGES, basis=SIZES, convergence=False)
    rows = result.rotation([1], states=10).table
    above = [row["fit"] for row in rows if row["level"] == 1]
    assert min(above) > result.table[1]["fit"] > 0


def test_the_number_of_states_is_what_the_basis_has() -> None:
    """The J = 0 levels are computed by then, and not lost."""
    small = {"all": pes.BasisSize(None, 3, 6, 30)}
    water = pes.levels("water_pjt1996", count=3, ranges=RANGES, basis=small, convergence=False)
    many, few = (water.rotation([1], states=states) for states in (500, 2))
    assert (len(many.basis.coupling.energies), len(few.basis.coupling.energies)) == (27, 3)
    (said,) = many.warnings
    assert said.startswith("all 27 J = 0 states that the basis has are contracted, not the 500 of")
    assert few.warnings[0].startswith("3 J = 0 states are contracted, one for each level, in place")
    assert water.rotation([1], states=27).warnings == []


def test_derivatives_of_states_of_each_k() -> None:
    """Two bonds that are 1e-3 longer and shorter, in functions that follow them: 0.0003."""

    def turning(change: float, *parameters: str) -> Rotation:
        surface = WaterPJT()
        with torch.no_grad():
            surface.r_e += change * ANGSTROM
        result = pes.levels(surface, count=2, accuracy=0.01)
        return result.rotation([1], states=20, frame="linear", parameters=parameters)

    still, step = turning(0.0, "r_e"), 1e-3
    up, down = (turning(s).levels[0].energies / CM1 for s in (step, -step))
    (slopes,) = still.slopes["r_e (cm-1/A)"]
    torch.testing.assert_close(slopes, (up - down) / (2 * step), rtol=2e-3, atol=0)


def test_derivatives_by_a_parameter(water: pes.LevelsResult) -> None:
    turning = water.rotation([0, 1], states=30, parameters=["r_e"])
    ((name, by_level),) = water.sensitivity(masses=False, parameters=["r_e"]).columns.items()
    torch.testing.assert_close(turning.slopes[name][0], by_level, rtol=1e-7, atol=1e-4)
    assert turning.table[1][name] == float(turning.slopes[name][1][0])
    # All that moves with r_e, from two more calculations.
    step, energies = 1e-3, []
    for sign in (1, -1):
        moved = WaterPJT()
        with torch.no_grad():
            moved.r_e += sign * step * ANGSTROM
        other = pes.levels(moved, count=3, ranges=RANGES, basis=SIZES, convergence=False)
        energies.append(other.rotation([1], states=30).levels[0].energies / CM1)
    difference = (energies[0] - energies[1]) / (2 * step)
    # The functions of a small basis follow the surface.
    torch.testing.assert_close(turning.slopes[name][1], difference, rtol=5e-3, atol=0)


def test_spread_of_an_ensemble() -> None:
    members = WaterPJT(), WaterPJT()
    with torch.no_grad():
        members[1].r_e += 1e-4
    result = pes.levels(
        pes.Ensemble(members), ["O", "H", "H"], count=3, ranges=RANGES, basis=SIZES,
        convergence=False,
    )  # fmt: skip
    turning = result.rotation([0, 1])
    # As in the table of J = 0: errors of the energies above the ground state.
    still = result.error_bars.moved["first_order"][:, 1:]
    torch.testing.assert_close(turning.moved[0][:, 1:], still, rtol=1e-6, atol=1e-12)
    assert all(row["spread"] > 0 for row in turning.table if row["energy"])
    assert turning.lines()[1].split()[-1] == "spread"


def test_the_command_writes_what_python_writes(work: Path, turning: Rotation) -> None:
    (work / "levels.yaml").write_text(yaml.safe_dump({**SETTINGS, "J": [0, 1]}))
    cli.levels(["--config", "levels.yaml"])
    theirs = work / "runs" / "turning" / ROVIBRATIONAL_CSV
    assert theirs.read_bytes() == (turning.save(work / "mine") / ROVIBRATIONAL_CSV).read_bytes()
    with theirs.open(newline="") as file:
        assert next(csv.DictReader(file))["irrep"] == "A1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"J": [-1]}, "`J.0`: must be at least 0"),
        ({"J": [1], "rotation": {"frame": "mine"}}, "rotation.frame"),
        ({"J": [1], "surface": "carbon_dioxide_model", "molecule": ["C", "O", "O"],
          "coordinates": {}, "basis": {}, "rotation": {"frame": "bisector"}},
         "CO2 is linear at its minimum"),
    ],
)  # fmt: skip
def test_refused_before_the_levels_are_computed(
    work: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, object], message: str
) -> None:
    (work / "levels.yaml").write_text(yaml.safe_dump({**SETTINGS, **changes}))
    with pytest.raises(SystemExit) as stop:
        cli.levels(["--config", "levels.yaml"])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert not (work / "runs").exists()
