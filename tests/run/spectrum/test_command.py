"""`pes-spectrum` from surfaces to files, and the mistakes it names."""

from pathlib import Path

import pytest
import torch
import yaml

import pes
from pes import plots
from pes.cli import levels, spectrum
from pes.potential import DipoleSurface, SurfaceRecord
from pes.potential.analytic import WaterPJT

WATER = ("O", "H", "H")
SMALL = {
    "levels": 3,
    "convergence": False,
    "coordinates": {"ranges": {"r1": [0.7, 1.3], "r2": [0.7, 1.3], "theta": [60, 160]}},
    "basis": {"all": {"functions": 4, "points": 7, "primitives": 20}},
    "rotation": {"states": 20},
}
LINES = {
    "absorption.png", "lines.csv", "lines.h5", "lines.png", "partition.csv", "rovibrational.csv"
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run folders of an energy and of a dipole surface with charges of 0.3 e."""
    monkeypatch.chdir(tmp_path)
    for name in ("level_diagram", "sticks", "absorption_lines", "absorption"):  # which take seconds
        monkeypatch.setattr(plots, name, lambda path, *_, **__: path.touch())
    x = torch.randn(9, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    record = SurfaceRecord(WATER, (0.0, 1.0), "", x)
    moment = DipoleSurface(WATER, 1)
    with torch.no_grad():
        moment.coefficients[0] = 0.3
    for name, surface in (("energy", WaterPJT()), ("dipole", moment)):
        (tmp_path / name).mkdir()
        pes.save(tmp_path / name / "surface.safetensors", surface, record)
        (tmp_path / name / "summary.json").write_text("{}")
    own = {"name": "x", "data": {"file": "x.h5"}, "vibration": SMALL}
    (tmp_path / "energy" / "config.yaml").write_text(yaml.safe_dump(own))
    return tmp_path


def test_run_folders(folder: Path) -> None:
    spectrum(["energy", "dipole", "--set", "J=[0, 1, 2]", "--set", "spectrum.temperature=100"])
    place = folder / "energy" / "spectrum"
    names = {p.name for p in place.iterdir()}
    assert names >= LINES | {f"energy.{end}" for end in ("states", "trans", "pf", "def", "par")}
    states = (place / "energy.states").read_text().splitlines()
    assert len(states) == 3 * (1 + 3 + 5)
    assert "lines; the strongest at 100 K" in (place / "levels.log").read_text()
    # What the folder says of itself gives the same again.
    again = ["--config", str(place / "config.yaml"), "--output", "again"]
    levels([*again, "--set", "name=energy"])
    assert (folder / "again" / "energy.states").read_text().splitlines() == states


def test_a_list_without_lines_keeps_its_levels(folder: Path) -> None:
    spectrum(["energy", "dipole", "--set", "J=[0, 1]", "--set", "spectrum.weakest=1"])
    place = folder / "energy" / "spectrum"
    said = "no line reaches 1 cm/molecule; lower `spectrum.weakest`"
    assert said in (place / "levels.log").read_text()
    assert len((place / "energy.states").read_text().splitlines()) == 3 * (1 + 3)
    assert (place / "energy.par").read_text() == ""
    assert not (place / "lines.png").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["energy"], "give a run folder and a dipole surface, or --config FILE"),
        (["nothing", "dipole"], "nothing: no such run folder"),
        (["energy", "energy"], "energy is a surface of energies; `dipole` needs one of dipole"),
        (["dipole", "dipole"], "is a dipole surface; one of energies is needed here"),
        (["energy", "dipole", "--set", "spectrum.charge=1"], "the total charge 0 e, not +1"),
        (["energy", "dipole", "--set", "J=[-1]"], "`J.0`"),
        (["energy", "dipole", "--set", "J=[]"], "a line list needs `J` and"),
        (["energy", "dipole", "--set", "J=[0]"], "a line list needs a `J` above 0"),
        (["energy", "dipole", "--set", "spectrum.temperature=0"], "must be above 0 for lines"),
        (["energy", "dipole", "--set", "molecule=[S, H, H]"], "S H H"),
    ],
)
def test_mistakes(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    with pytest.raises(SystemExit) as end:
        spectrum(arguments)
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert words in said
    assert len(said.splitlines()) == 1
    assert not (folder / "energy" / "spectrum").exists()
