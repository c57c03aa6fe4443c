"""Coordinates as a configuration asks for them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pes import plots

Command = Callable[..., Path]
Refusal = Callable[..., str]

BASIS = {"all": {"functions": 7, "points": 14, "primitives": 34}}
VECTORS = [[0, 1], [0, 2]]
ENDS = {"R1": [0.66, 1.5], "R2": [0.66, 1.5], "theta2": [45, 180]}
WATER = [[0, 0, 0], [0.97, 0, 0], [-0.2, 0.95, 0]]


@pytest.fixture(autouse=True)
def _no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than these levels."""
    monkeypatch.setattr(plots, "level_diagram", lambda path, *_, **__: path.touch())


def bend(folder: Path) -> float:
    found = json.loads((folder / "levels.json").read_text())
    assert found["zero_point_energy"] == pytest.approx(4634.7648, abs=1.0)
    return found["levels"][1]["energy"]


def test_kinds_for_any_molecule(pes_levels: Command) -> None:
    """The bending fundamental, 1594.6586 cm⁻¹, within what seven functions leave."""
    # The ranges of the tiny configuration are for other names.
    ends = {**ENDS, "r1": None, "r2": None, "theta": None}
    polyspherical = {"kind": "polyspherical", "vectors": VECTORS, "ranges": ends}
    maps = {"R1": {"kind": "morse", "steepness": 1.0, "centre": 0.96}, "theta2": "cos"}
    modes = {"kind": "normal_modes", "reference": WATER, "ranges": "auto"}
    curved = {"normal": True, "reference": WATER, "ranges": "auto"}
    for coordinates in (polyspherical, {**polyspherical, "maps": maps}, modes, curved):
        found = bend(pes_levels("--overwrite", coordinates=coordinates, basis=BASIS, levels=2))
        assert found == pytest.approx(1594.6586, abs=0.5), coordinates


def test_four_atoms_need_no_coordinates(pes_levels: Command) -> None:
    x = [[0, 0, 0], [1.2, 0, 0], [-0.6, 0.94, 0], [-0.6, -0.94, 0]]
    nothing = dict.fromkeys(("kind", "centre"))
    folder = pes_levels(
        "--overwrite", molecule=["C", "O", "H", "H"], surface="formaldehyde_model", levels=2,
        coordinates={"ranges": "auto", "reference": x, **nothing}, quanta=3, convergence=False,
        basis={"all": {"functions": 4, "points": 5}}, sensitivities={"masses": False},
    )  # fmt: skip
    found = json.loads((folder / "levels.json").read_text())
    assert {"<q1>", "<q6>"} <= set(found["levels"][0])
    # 5787.25 and 1159.56 converged.
    assert found["zero_point_energy"] == pytest.approx(5787, abs=20)
    assert found["levels"][1]["energy"] == pytest.approx(1160, abs=20)


def test_masses_that_move_atoms_need_slopes(
    pes_levels: Command, refusal: Refusal, work: Path
) -> None:
    (work / "spring.py").write_text(
        "import numpy as np\n"
        "def v(x):\n"
        "    return np.square(np.linalg.norm(x[:, 1:] - x[:, :1], axis=-1) - 1.8).sum(-1)\n"
    )
    centred = {"kind": "polyspherical", "vectors": [[1, 2], [[1, 2], 0]], "ranges": "auto"}
    line = refusal(
        pes_levels, surface="spring.py:v", coordinates={**centred, "reference": WATER},
        sensitivities={"masses": True},
    )  # fmt: skip
    assert "`sensitivities.masses`: in polyspherical coordinates" in line


@pytest.mark.parametrize("normal", [{"kind": "normal_modes"}, {"kind": "radau", "normal": True}])
def test_normal_modes_show_their_symmetry(pes_levels: Command, normal: dict) -> None:
    modes = {**normal, "reference": WATER, "ranges": "auto"}
    folder = pes_levels(coordinates=modes, basis=BASIS, levels=5)
    found = json.loads((folder / "levels.json").read_text())
    assert [row["irrep"] for row in found["levels"]] == ["A1", "A1", "A1", "A1", "B2"]
    assert not [w for w in found["warnings"] if "symmetry" in w]
    assert "symmetry blocks: A1" in (folder / "levels.log").read_text()


@pytest.mark.pictures
@pytest.mark.parametrize(
    ("coordinates", "pair"),
    [
        ({"normal": True, "reference": WATER, "ranges": "auto"}, ["q1", "q2"]),
        ({"maps": {"theta": "cos"}}, ["r1", "cos_theta"]),
    ],
)
def test_density_maps_of_every_kind(pes_levels: Command, coordinates: dict, pair: list) -> None:
    folder = pes_levels(coordinates=coordinates, densities={"levels": [1], "pairs": [pair]})
    assert (folder / "density_1.png").stat().st_size > 10_000


def test_names_of_maps_in_the_table(pes_levels: Command) -> None:
    maps = {"r1": {"kind": "morse", "steepness": 2.0, "centre": 0.96}, "theta": "cos"}
    folder = pes_levels(coordinates={"maps": maps})
    row = json.loads((folder / "levels.json").read_text())["levels"][0]
    assert {"<morse_r1>", "<r2>", "<cos_theta>"} <= set(row)
    # y = −cos 104.5° at the minimum.
    assert row["<cos_theta>"] == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize(
    ("coordinates", "words"),
    [
        ({"vectors": VECTORS}, "`coordinates.vectors` belongs to `kind: polyspherical`"),
        ({"kind": "polyspherical"}, "`coordinates.vectors` is needed"),
        (
            {"kind": "polyspherical", "vectors": [[0, 1], [0, 2], [0, 3]]},
            "3 vectors join 4 atoms, the molecule has 3",
        ),
        (
            {"kind": "polyspherical", "vectors": [[0, 1], [1, 0]]},
            "`coordinates.vectors`: 2 vectors join 3 atoms",
        ),
        ({"maps": {"r1": "cos"}}, "cos is for a coordinate of the kind angle, not length"),
        ({"maps": {"s": "cos"}}, "`coordinates.maps.s`: no such coordinate"),
        (
            {"kind": "normal_modes", "ranges": "auto", "reference": WATER[:2]},
            "takes three numbers (A) for each of the 3 atoms, got 2 rows of 3",
        ),
        (
            {"normal": "beside_torsion", "ranges": "auto", "reference": WATER},
            "beside_torsion takes coordinates with one dihedral, the last of them, got r1, r2, ",
        ),
        (
            {"kind": "normal_modes", "normal": True, "ranges": "auto", "reference": WATER},
            "`coordinates.normal` combines lengths and angles themselves; leave out `kind: normal",
        ),
        (
            {"normal": True, "maps": {"theta": "cos"}, "ranges": "auto", "reference": WATER},
            "leave out `maps`",
        ),
    ],
)
def test_refused(pes_levels: Command, refusal: Refusal, coordinates: dict, words: str) -> None:
    assert words in refusal(pes_levels, coordinates=coordinates)
