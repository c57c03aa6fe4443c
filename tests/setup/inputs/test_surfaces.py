"""A surface by whatever name the user gives it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from pes.descriptors import Morse
from pes.potential import (
    Ensemble,
    LinearSurface,
    NamedFunction,
    SurfaceRecord,
    UserFunction,
    save_surface,
)
from pes.potential.analytic import WaterPJT
from pes.potential.corrected import CorrectedSurface
from pes.setup.inputs.surfaces import as_surface, imported, load_potential, resolved

X = torch.arange(18, dtype=torch.float64).reshape(2, 3, 3)


def test_files(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "@dataclass\n"
        "class Potential:\n"
        "    depth: float = 1.0\n"
        "    def __call__(self, x):\n"
        "        return self.depth * x[:, 0, 0]\n"
        "potential = Potential()\n"
    )
    loaded = load_potential("own.py:potential", tmp_path)
    assert torch.equal(loaded.potential(X), X[:, 0, 0])
    with pytest.raises(ValueError, match="a plain function and has no parameters"):
        _ = loaded.module


def test_a_file_imports_its_neighbours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "constants_of_own.py").write_text("DEPTH = 2.0\n")
    (tmp_path / "own.py").write_text(
        "from constants_of_own import DEPTH\ndef potential(x):\n    return DEPTH * x[:, 0, 0]\n"
    )
    loaded = load_potential("own.py:potential", tmp_path)
    assert torch.equal(loaded.potential(X), 2 * X[:, 0, 0])


def test_module_with_parameters(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("import torch\nsurface = torch.nn.Linear(2, 1)\n")
    assert isinstance(load_potential("own.py:surface", tmp_path).module, nn.Linear)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("own.py:missing", "own.py has no 'missing'"),
        ("own.py:number", "own.py:number is not a function of positions; its type is float"),
        ("other.py:f", "other.py: no such file"),
        ("no_such_module_here:f", "cannot import 'no_such_module_here': ModuleNotFoundError"),
        ("fails.py:f", "fails.py: ZeroDivisionError: .*fails.py, line 2"),
        ("syntax.py:f", "syntax.py: SyntaxError"),
        (":f", "cannot import ''"),
        ("leaves.py:f", "leaves.py: SystemExit: 0 .*leaves.py, line 2"),
        ("own.py", "is a Python file; name the function, own.py:function"),
        ("nothing", "nothing' is not a run folder, surface file, .* water_pjt1996"),
    ],
)
def test_what_cannot_be_found(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "own.py").write_text("number = 1.0\n")
    (tmp_path / "fails.py").write_text("\n1 / 0\n")
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(0)\n")
    (tmp_path / "syntax.py").write_text("def f(:\n")
    with pytest.raises((ValueError, FileNotFoundError), match=words) as error:
        load_potential(name, tmp_path)
    assert "\n" not in str(error.value)


def test_a_word_that_names_no_function(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="names no function; write module:function"):
        imported("dipole", tmp_path)


def test_names_for_another_folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert resolved("run", tmp_path) == str(tmp_path / "run")
    assert resolved("own.py:f", tmp_path) == f"{tmp_path / 'own.py'}:f"
    assert resolved("module:f", tmp_path) == "module:f"
    assert resolved("water_pjt1996", tmp_path) == "water_pjt1996"


def test_what_python_users_call_a_surface() -> None:
    water = WaterPJT()
    known = as_surface(water)
    assert known.potential is water
    assert known.symbols == water.symbols
    assert as_surface(known) is known
    assert as_surface("water_pjt1996").symbols == water.symbols
    plain = as_surface(lambda x: x[:, 0, 0])
    assert isinstance(plain.potential, UserFunction)
    assert plain.symbols is None
    assert torch.equal(plain(X), X[:, 0, 0])
    with pytest.raises(TypeError, match="a function of positions or the name of one, got 3"):
        as_surface(3)  # type: ignore[arg-type]


def linear(baseline: nn.Module | None = None) -> LinearSurface:
    return LinearSurface(Morse(("O", "H", "H")), baseline=baseline)


BUILT_ON = {
    "alone": lambda evil: evil,
    "baseline": linear,
    "baseline of a baseline": lambda evil: linear(linear(evil)),
    "member": lambda evil: Ensemble([linear(), linear(evil)]),
    "base": lambda evil: CorrectedSurface(evil, linear()),
    "correction": lambda evil: CorrectedSurface(linear(), evil),
}


@pytest.mark.parametrize("build", BUILT_ON.values(), ids=BUILT_ON)
def test_a_surface_file_runs_no_code(
    build: Callable[[nn.Module], nn.Module], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code that runs is the user's own of the same name, and only if the user names it."""
    monkeypatch.chdir(tmp_path)
    source = "from pathlib import Path\nPath('{}').touch()\ndef f(x):\n    return 0 * x[:, 0, 0]\n"
    (tmp_path / "evil.py").write_text(source.format("evil"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "evil.py").write_text(source.format("mine/own"))
    surface = build(NamedFunction(f"{tmp_path}/evil.py:f", lambda x: x[:, 0, 0]))
    record = SurfaceRecord(("O", "H", "H"), (0.0, 1.0), "hash", X)
    save_surface(tmp_path / "s.safetensors", surface, record)
    for functions in ([], ["evil.py:g"], ["other.py:f"], ["evil:f"]):
        with pytest.raises(
            ValueError, match=r"evil\.py:f.* runs no code; .*--function .*evil\.py:f"
        ):
            load_potential("s.safetensors", tmp_path, functions)
    assert not (tmp_path / "evil").exists()
    load_potential("s.safetensors", tmp_path, ["mine/evil.py:f"])
    assert (tmp_path / "mine" / "own").exists()
    assert not (tmp_path / "evil").exists()
