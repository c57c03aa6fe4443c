"""`pes-levels` with a force field."""

import json
from pathlib import Path

import pytest

from pes.run.levels.command import run_levels

TABLE = """\
units: cm-1
modes: 2
constants: derivatives
1 1 1000.0
2 2 1600.0
1 1 2 60.0
1 1 1 1 40.0
2 2 2 2 30.0
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "field.txt").write_text(TABLE)
    path = tmp_path / "field.yaml"
    path.write_text("name: two_modes\nforce_field: field.txt\nlevels: 6\nsensitivities: true\n")
    return path


def test_files_of_a_run(config: Path, tmp_path: Path) -> None:
    folder = run_levels(config=config, output=tmp_path / "run")
    files = {path.name for path in folder.iterdir()}
    assert files == {
        "config.yaml", "levels.csv", "levels.h5", "levels.json", "levels.log", "levels.png",
        "sensitivities.csv",
    }  # fmt: skip
    content = json.loads((folder / "levels.json").read_text())
    assert content["force_field"] == "field"
    assert len(content["levels"]) == 6
    assert content["rounds"][-1]["functions"] == content["functions"]
    log = (folder / "levels.log").read_text()
    assert "J = 0 without the vibrational angular momentum (Coriolis coupling" in log
    assert "with this force field levels 0 to 5 are good to 0.0" in log


def test_a_finished_run_is_kept(config: Path, tmp_path: Path) -> None:
    folder = run_levels(config=config, output=tmp_path / "run")
    with pytest.raises(ValueError, match="holds a finished run"):
        run_levels(config=config, output=folder)
    few = run_levels(config=config, output=folder, overwrite=True, settings=["levels=2"])
    assert len(json.loads((few / "levels.json").read_text())["levels"]) == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["energy=100"], "give `levels` or `energy`, not both"),
        (["force_field=none.txt"], "none.txt: no such force field"),
        (["surface=water"], "unknown key `surface`"),
        (["levels=0"], "levels"),
        (["functions=3"], "6 levels need more than the 3 functions"),
    ],
)
def test_mistakes_leave_no_folder(config: Path, tmp_path: Path, settings, words: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        run_levels(config=config, output=tmp_path / "run", settings=settings)
    assert not (tmp_path / "run").exists()


def test_coriolis_constants_from_a_file(config: Path, tmp_path: Path) -> None:
    (tmp_path / "turning.txt").write_text("units: cm-1\nB x 20\nB y 12\nB z 8\nzeta z 1 2 0.9\n")
    alone = run_levels(config=config, output=tmp_path / "alone")
    both = run_levels(config=config, output=tmp_path / "both", settings=["coriolis=turning.txt"])
    levels = [
        [row["energy"] for row in json.loads((one / "levels.json").read_text())["levels"]]
        for one in (alone, both)
    ]
    assert max(abs(a - b) for a, b in zip(*levels, strict=True)) > 1
    assert "J = 0 with the vibrational angular" in (both / "levels.log").read_text()
    assert str(tmp_path / "turning.txt") in (both / "config.yaml").read_text()


def test_nothing_to_resume(config: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="leave out --resume"):
        run_levels(config=config, output=tmp_path / "run", resume="auto")
