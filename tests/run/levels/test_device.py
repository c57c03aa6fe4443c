"""`pes-levels` on a device that is not the CPU, from the surface to the tables."""

import json
from pathlib import Path

import pytest
import yaml
from other_device import OTHER, OtherDevice

from pes.run.levels import command
from pes.setup.levels import solved

CONFIG = {
    "name": "water",
    "surface": "water_pjt1996",
    "molecule": ["O", "H", "D"],
    "levels": 2,
    "convergence": False,
    "solver": "dense",
    "basis": {"all": {"functions": 3, "points": 5, "primitives": 14}},
    "spectrum": {"dipole": "dipole.py:moment"},
    "densities": {"levels": [1], "pairs": [["r1", "theta"]]},
    "sensitivities": {
        "masses": True,
        "parameters": ["r_e"],
        "perturbations": {"bump": {"coordinate": "r1", "centre": 1.0, "width": 0.1}},
        "second": True,
    },
}
MOMENT = "def moment(x):\n    return x[:, 0] - x[:, 1]\n"


@pytest.mark.parametrize("kind", ["valence", "radau"])
def test_the_tables_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    config = CONFIG | {"coordinates": {"kind": kind, "energy": 12000}}
    if kind != "valence":
        config = {k: v for k, v in config.items() if k not in ("densities", "sensitivities")}
    (tmp_path / "dipole.py").write_text(MOMENT)
    path = tmp_path / "water.yaml"
    path.write_text(yaml.safe_dump(config))
    here, there = tmp_path / "here", tmp_path / "there"
    command.run_levels(config=path, output=here)
    monkeypatch.setattr(command, "pick_device", lambda *_: OTHER)
    engine, seen = solved.vibrational_levels, []

    def watched(*given: object, **more: object) -> object:
        seen.append(engine(*given, **more))
        return seen[-1]

    monkeypatch.setattr(solved, "vibrational_levels", watched)
    with OtherDevice():
        command.run_levels(config=path, output=there)
    assert seen[0].hamiltonian.g_matrix.device == OTHER, "nothing was tested"
    one, other = (json.loads((folder / "levels.json").read_text()) for folder in (here, there))
    assert other["solver"] == "dense"
    assert _numbers(one["levels"]) == pytest.approx(_numbers(other["levels"]), rel=1e-8, abs=1e-8)
    derived = [[v for column in d["derivatives"].values() for v in column] for d in (one, other)]
    assert derived[0] == pytest.approx(derived[1], rel=1e-6, abs=1e-9)
    assert {p.name for p in here.iterdir()} == {p.name for p in there.iterdir()}


def _numbers(rows: list[dict[str, object]]) -> list[float]:
    kept = [v for row in rows for v in row.values() if isinstance(v, float)]
    return [v for v in kept if v == v]


@pytest.mark.gpu
def test_the_command_on_a_gpu(tmp_path: Path) -> None:
    path = tmp_path / "water.yaml"
    path.write_text(yaml.safe_dump(CONFIG | {"spectrum": None}))
    found = []
    for device in ("cpu", "cuda"):
        folder = command.run_levels(
            config=path, output=tmp_path / device, settings=[f"device={device}"]
        )
        found.append(json.loads((folder / "levels.json").read_text())["levels"])
    # 1e-8 cm⁻¹ for energies; residuals and means with them.
    assert _numbers(found[0]) == pytest.approx(_numbers(found[1]), rel=1e-7, abs=1e-8)
