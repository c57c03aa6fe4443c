"""The commands and programs on the pages run as they stand there, with small settings."""

import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from pkgutil import resolve_name

import pytest

import pes
from pes import plots
from pes.config.force_field import ForceFieldConfig
from pes.config.label import LabelConfig
from pes.config.reading import load_config, yaml_value
from pes.config.refine import RefineConfig
from pes.config.sample import SampleConfig
from pes.config.section import Section
from pes.config.train import TrainConfig
from pes.config.vibration import SpectrumConfig
from pes.data import Dataset
from pes.potential import SurfaceRecord
from pes.potential.analytic import WaterPJT

ROOT = Path(__file__).parents[1]
# Not the entry points of what is installed, which may be older or missing.
COMMANDS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
FEW = ["levels=2", "convergence=false", "basis.all.functions=4", "basis.all.points=7"]
SETTINGS = {
    "pes-train --config": ["training.epochs=3", "ensemble.members=2"],
    "pes-levels runs": [f"vibration.{setting}" for setting in FEW],
    "pes-levels --config": FEW,
    "pes-levels examples": FEW,
    "pes-levels --config configs/harmonic_gaussian": ["kappa=[0,1]"],
    "pes-refine --config": ["steps=1", "adjust.degree=1", "anchor=0.1", *FEW[2:]],
}
"""What keeps a command short, by its beginning."""


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Language and text of each block of a page."""
    yield from re.findall(r"(?s)^```(bash|python)\n(.*?)^```", page.read_text(), re.MULTILINE)


def call(line: str) -> None:
    """Run a command of a page in this process."""
    name, *arguments = shlex.split(re.sub(r"--minutes \d+", "--minutes 0.03", line), comments=True)
    beginning = max((b for b in SETTINGS if line.startswith(b)), key=len, default="")
    arguments += [a for setting in SETTINGS.get(beginning, []) for a in ("--set", setting)]
    if name == "pes-evaluate":
        arguments += ["--holes", "0"]
    resolve_name(COMMANDS[name])(arguments)


def follow(page: Path) -> None:
    """Do everything that a page says, in its order."""
    names: dict[str, object] = {}
    for language, text in blocks(page):
        if language == "python":
            short = re.sub(r"minutes=\d+", "minutes=0.005", text)
            short = re.sub(r"count=\d+\)", "count=2, accuracy=1)", short)
            exec(compile(short, page.name, "exec"), names)
        else:
            for line in text.splitlines():
                if line.startswith("pes-"):
                    call(line)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a file of one's own."""
    monkeypatch.chdir(tmp_path)
    for name in plots.__all__:
        monkeypatch.setattr(plots, name, lambda *_, **__: None)  # seconds of drawing
    shutil.copy(ROOT / "data" / "h2o_ccsdt_vdz_forces.h5", tmp_path / "mine.h5")
    return tmp_path


def test_tutorial(place: Path) -> None:
    for name in ("fit", "levels", "own_surface", "refine", "differentiation"):
        follow(ROOT / "docs" / "tutorial" / f"{name}.md")
    written = {path.name for path in (place / "runs").iterdir()}
    assert {"h2o", "h2o_small", "h2o_few", "water_pjt1996", "d2o", "refine_h2o"} <= written


def test_readme(place: Path) -> None:
    # The configuration of the refinement comes with `pes-refine --example h2o`.
    call("pes-refine --example h2o")
    follow(ROOT / "README.md")
    assert (place / "runs" / "h2o" / "levels" / "levels.csv").is_file()


def test_programs_of_others(place: Path, water: Callable[..., Dataset]) -> None:
    """Optimisation, frequencies, thermochemistry and dynamics by ASE."""
    folder = place / "runs" / "h2o"
    folder.mkdir(parents=True)
    points = water(points=20)
    record = SurfaceRecord(points.symbols, (0.0, 1.0), "", points.positions)
    pes.save(folder / "surface.safetensors", WaterPJT(), record)
    (folder / "summary.json").write_text("{}")
    follow(ROOT / "docs" / "howto" / "other_programs.md")


def configuration(text: str) -> tuple[type[Section], dict[str, object]]:
    """Kind of a configuration on a page, and its content with the keys that a part of one lacks."""
    content = yaml_value(text)
    assert isinstance(content, dict)
    levels = {
        "name": "page",
        "surface": "water_pjt1996",
        "J": [1],
        "spectrum": {"dipole": "a.py:f"},
    }
    if "data" in content or isinstance(content.get("surface"), dict):
        return TrainConfig, {"name": "page", "data": {"file": "points.h5"}, **content}
    if "isotopologues" in content:
        return RefineConfig, {"name": "page", "surface": "a", "data": "points.h5", **content}
    if "choose" in content:
        return SampleConfig, content
    if "force_field" in content:
        return ForceFieldConfig, content
    if "program" in content or ("workers" in content and "sweep" not in content):
        program = {"kind": "pyscf", "method": "hf", "basis": "sto-3g"}
        return LabelConfig, {"name": "page", "geometries": "a.xyz", "program": program, **content}
    return SpectrumConfig, {**levels, **content}


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_configurations_are_read(page: Path, tmp_path: Path) -> None:
    """Every key and value of a configuration on a page is one that the commands know."""
    for text in re.findall(r"(?ms)^```yaml\n(.*?)^```", page.read_text()):
        kind, content = configuration(text)
        path = tmp_path / "page.yaml"
        path.write_text(json.dumps(content))
        assert isinstance(load_config(path, kind, []), kind), text


def test_a_wrong_key_on_a_page_is_caught(tmp_path: Path) -> None:
    kind, content = configuration("coordinates: {kind: umbrela}")
    path = tmp_path / "page.yaml"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="umbrela"):
        load_config(path, kind, [])
